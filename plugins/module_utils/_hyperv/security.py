# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual TPM of a machine of generation 2, which needs a key protector."""

from __future__ import annotations

from .._cim.instance import CimInstance
from .._hypervisor.hypervisor import OperationFailed
from .._hypervisor.values import VirtualMachine
from . import queries
from .classes import SECURITY, SECURITY_SERVICE
from .connection import HypervConnection

#: What a machine without a key protector has (Get-VMKeyProtector prints 0, 0, 0, 4).
_NONE = (b"", b"\0\0\0\4")


def set_tpm(
    wmi: HypervConnection, vm: VirtualMachine, *, enabled: bool, doing: str
) -> None:
    """ModifySecuritySettings with TpmEnabled, after a key protector was set.

    Raises:
        OperationFailed: The host has no TPM to give, or no key protector.
    """
    with wmi.doing(doing):
        rows = wmi.rows(queries.security(vm.uuid))
    if not rows:
        raise OperationFailed(
            f"can't {doing}: the host has no virtual TPM",
            where=wmi.uri,
            remedy="leave firmware.tpm out, or use Windows Server 2016 or later",
        )
    settings = {"InstanceID": rows[0]["InstanceID"]}
    if enabled:
        _protect(wmi, CimInstance(SECURITY, settings), doing)
    changed = CimInstance(SECURITY, {**settings, "TpmEnabled": enabled})
    wmi.do(
        doing,
        "ModifySecuritySettings",
        service=SECURITY_SERVICE,
        SecuritySettingData=changed,
    )


def _protect(wmi: HypervConnection, settings: CimInstance, doing: str) -> None:
    """Raise OperationFailed unless the machine has a key protector."""
    output = wmi.do(
        doing, "GetKeyProtector", service=SECURITY_SERVICE, SecuritySettingData=settings
    )
    found = bytes(output.get("KeyProtector") or b"")
    if found in _NONE:
        raise OperationFailed(
            f"can't {doing}: a TPM needs a key protector, and the machine has none",
            where=wmi.uri,
            remedy="give it one on the host with Set-VMKeyProtector "
            "-NewLocalKeyProtector, then run this again",
        )
