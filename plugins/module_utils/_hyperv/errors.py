# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of a Hyper-V host to our errors, with what to do about them."""

from __future__ import annotations

from .._core.errors import HypervisorConnectError
from .._hypervisor.hypervisor import (
    AuthenticationFailed,
    ConnectionFailed,
    ConnectionLost,
    OperationFailed,
)
from .._wsman.fault import WsmanFault
from .._wsman.fault_table import ACCESS_DENIED, NO_CLASS, NO_NAMESPACE
from .._wsman.transport_errors import (
    ConnectFailed,
    ConnectionBroken,
    SignInFailed,
    TransportError,
)


class HypervMissing(OperationFailed):
    """The host answers, and has no Hyper-V."""


def call_error(
    fault: WsmanFault, *, where: str, doing: str, own: bool = True
) -> HypervisorConnectError:
    """The error of a request that the host answered with a fault.

    Args:
        fault: The host's answer.
        where: The URI without secrets.
        doing: What was being done, as "list the machines".
        own: Whether the request was for classes that every Hyper-V host has.
    """
    if fault.kind == ACCESS_DENIED:
        return OperationFailed(
            f"the user has no right to {doing}",
            where=where,
            remedy="sign in as an administrator, or a member of Hyper-V Administrators "
            "and Remote Management Users",
            details=fault.details,
        )
    if own and fault.kind in (NO_NAMESPACE, NO_CLASS):
        return HypervMissing(
            f"can't {doing}: there is no Hyper-V on this host (it has no namespace "
            "root/virtualization/v2)",
            where=where,
            remedy="enable the Hyper-V role there, on Windows Server 2012 R2 or later",
            details=fault.details,
        )
    remedy = fault.remedy
    if fault.kind in (NO_NAMESPACE, NO_CLASS):
        remedy = "check the query, its class and its properties, and the namespace"
    return OperationFailed(
        f"can't {doing}: {fault.what}",
        where=where,
        remedy=remedy or "see the event logs of WinRM and Hyper-V-VMMS on the host",
        details=fault.details,
    )


def transport_error(
    error: TransportError, *, where: str, doing: str
) -> HypervisorConnectError:
    """The error of a request that did not get through, or whose answer did not."""
    if isinstance(error, SignInFailed):
        kind: type[HypervisorConnectError] = AuthenticationFailed
    elif isinstance(error, ConnectFailed):
        kind = ConnectionFailed
    elif isinstance(error, ConnectionBroken):
        return ConnectionLost(
            f"the connection broke during: {doing} ({error.what})",
            where=where,
            remedy=error.remedy or "run the play again",
            details=error.details,
        )
    else:
        kind = OperationFailed
    return kind(error.what, where=where, remedy=error.remedy, details=error.details)
