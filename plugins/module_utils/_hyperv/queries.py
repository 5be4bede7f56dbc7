# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WQL that asks for all machines of a host at once.

Columns are chosen so that a row is small: whole instances fill one answer's 500 KB with
a few dozen machines, rows with more than a thousand.
"""

from __future__ import annotations

from .._cim.wql import Select, select, starting_with
from .classes import (
    COMPUTER_SYSTEM,
    REALIZED,
    SHUTDOWN_COMPONENT,
    SYSTEM_SETTINGS,
)

_SYSTEM = ("Name", "ElementName", "EnabledState", "OnTimeInMilliseconds")
_SETTINGS = (
    "VirtualSystemIdentifier",
    "VirtualSystemType",
    "AutomaticStartupAction",
    "Notes",
)
_FULL_SETTINGS = (
    *_SETTINGS,
    "InstanceID",
    "ElementName",
    "CreationTime",
    "Parent",
    "VirtualSystemSubType",
    "SecureBootEnabled",
)


def systems() -> Select:
    """All machines, and the host, which is a Msvm_ComputerSystem too."""
    return select(COMPUTER_SYSTEM, *_SYSTEM)


def systems_named(name: str) -> Select:
    """The machines of that name; Hyper-V allows several."""
    return _one_system().where(ElementName=name)


def system_with(guid: str) -> Select:
    """The machine with that GUID."""
    return _one_system().where(Name=guid.upper())


def _one_system() -> Select:
    """With OtherEnabledState, which says what a machine is in the middle of."""
    return select(COMPUTER_SYSTEM, *_SYSTEM, "OtherEnabledState")


def settings(*, full: bool) -> Select:
    """The settings of all machines and checkpoints."""
    return select(SYSTEM_SETTINGS, *(_FULL_SETTINGS if full else _SETTINGS))


def settings_of(guid: str) -> Select:
    """The settings in force of one machine, InstanceID included."""
    return select(SYSTEM_SETTINGS, "InstanceID", *_SETTINGS).where(
        VirtualSystemIdentifier=guid.upper(), VirtualSystemType=REALIZED
    )


def processors(guid: str | None = None) -> Select:
    """How many processors each machine has, or one."""
    return _part("Msvm_ProcessorSettingData", guid, "VirtualQuantity")


def memory(guid: str | None = None) -> Select:
    """How many megabytes of memory each machine has, or one."""
    return _part("Msvm_MemorySettingData", guid, "VirtualQuantity")


def guest_networks() -> Select:
    """The addresses that integration services told."""
    return _part("Msvm_GuestNetworkAdapterConfiguration", None, "IPAddresses")


def resources() -> Select:
    """Controllers and drives; one that passes a disk through names it."""
    return _part(
        "Msvm_ResourceAllocationSettingData",
        None,
        "ResourceSubType",
        "Parent",
        "Address",
        "AddressOnParent",
        "HostResource",
    )


def storage() -> Select:
    """Media, with the file of each."""
    return _part(
        "Msvm_StorageAllocationSettingData",
        None,
        "ResourceSubType",
        "Parent",
        "HostResource",
    )


def ports() -> tuple[Select, Select]:
    """Network adapters, synthetic and emulated."""
    columns = ("ResourceSubType", "ElementName", "Address")
    return (
        _part("Msvm_SyntheticEthernetPortSettingData", None, *columns),
        _part("Msvm_EmulatedEthernetPortSettingData", None, *columns),
    )


def connections() -> Select:
    """Which adapter is connected to which switch."""
    return _part(
        "Msvm_EthernetPortAllocationSettingData",
        None,
        "Parent",
        "HostResource",
        "EnabledState",
    )


def switches() -> Select:
    """The virtual switches of the host."""
    return select("Msvm_VirtualEthernetSwitch", "Name", "ElementName")


def shutdown_component(guid: str) -> Select:
    """The shutdown integration service of a machine, which is there while it runs."""
    return select(SHUTDOWN_COMPONENT, "DeviceID").where(SystemName=guid.upper())


def _part(cls: str, guid: str | None, *columns: str) -> Select:
    query = select(cls, "InstanceID", *columns)
    if guid is None:
        return query
    return query.where(InstanceID=starting_with(f"Microsoft:{guid.upper()}"))
