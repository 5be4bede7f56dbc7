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
from .._wsman.transport_errors import (
    ConnectFailed,
    ConnectionBroken,
    SignInFailed,
    TransportError,
)

#: Codes of the WSManFault element (wsmerror.h), and Win32's access denied.
ACCESS_DENIED = 5
INVALID_CLASS_OR_NAMESPACE = 2150858778
_WMI_ACCESS_DENIED = (2150859012, 2150859013, 2150859014)


class HypervMissing(OperationFailed):
    """The host answers, and has no Hyper-V."""


def call_error(fault: WsmanFault, *, where: str, doing: str) -> HypervisorConnectError:
    """The error of a request that the host answered with a fault.

    Args:
        fault: The host's answer.
        where: The URI without secrets.
        doing: What was being done, as "list the machines".
    """
    code = fault.wsman_code
    if code == ACCESS_DENIED or code in _WMI_ACCESS_DENIED:
        what, remedy = (
            "the user has no right to",
            "sign in as an administrator or a member of Hyper-V Administrators and "
            "Remote Management Users",
        )
        return OperationFailed(
            f"{what} {doing}", where=where, remedy=remedy, details=fault.details
        )
    if code == INVALID_CLASS_OR_NAMESPACE and fault.is_missing_namespace:
        return HypervMissing(
            f"can't {doing}: the host has no namespace root/virtualization/v2",
            where=where,
            remedy="enable the Hyper-V role there (Windows Server 2012 R2 or later)",
            details=fault.details,
        )
    return OperationFailed(
        f"can't {doing}: {fault.what}",
        where=where,
        remedy=fault.remedy,
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
