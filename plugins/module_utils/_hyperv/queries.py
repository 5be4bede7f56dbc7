# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WQL that asks for all machines of a host at once.

Columns are chosen so that a row is small: whole instances fill one answer's 500 KB with
a few dozen machines, rows with more than a thousand.
"""

from __future__ import annotations

from dataclasses import replace

from .._cim.wql import Select, differing_from, select, starting_with
from .classes import (
    COMPLETED,
    COMPUTER_SYSTEM,
    CONNECTION,
    EMULATED_PORT,
    KEYBOARD,
    MEMORY,
    PROCESSOR,
    REALIZED,
    RESOURCE,
    SECURITY,
    SERIAL,
    SHUTDOWN_COMPONENT,
    STORAGE,
    SWITCH,
    SYNTHETIC_PORT,
    SYSTEM_SETTINGS,
    VLAN,
)
from .words import INTEGRATION

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
    "SecureBootTemplateId",
    "Version",
    "BootOrder",
    "BootSourceOrder",
    "AutomaticStartupActionDelay",
    "AutomaticShutdownAction",
    "UserSnapshotType",
    "IsSaved",
)


#: What hosts have since Windows Server 2016: columns, and classes.
_SINCE_2016 = (
    "SecureBootTemplateId",
    "UserSnapshotType",
    "IsSaved",
    "ExposeVirtualizationExtensions",
)
_CLASSES_SINCE_2016 = (SECURITY,)


def for_old_hosts(query: Select) -> Select | None:
    """The query without what Windows Server 2012 R2 lacks; None where nothing is left.

    WQL refuses a query that names an unknown property.
    """
    if query.class_name in _CLASSES_SINCE_2016:
        return None
    columns = tuple(name for name in query.columns if name not in _SINCE_2016)
    return replace(query, columns=columns)


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


def snapshots_of(guid: str) -> Select:
    """The settings of one machine and of its checkpoints."""
    return select(
        SYSTEM_SETTINGS, "InstanceID", "VirtualSystemType", "ElementName", "Parent"
    ).where(VirtualSystemIdentifier=guid.upper())


def activity_of(guid: str) -> Select:
    """What is done to one machine, its checkpoints and disks."""
    return select(COMPUTER_SYSTEM, "Name", "OperationalStatus").where(Name=guid.upper())


def keyboard(guid: str) -> Select:
    """The keyboard of a machine, which is there while it runs."""
    return select(KEYBOARD, "DeviceID").where(SystemName=guid.upper())


def image_folder() -> Select:
    """Where the host keeps virtual hard disks."""
    return select(
        "Msvm_VirtualSystemManagementServiceSettingData", "DefaultVirtualHardDiskPath"
    )


def boot_sources(guid: str) -> Select:
    """What one machine of generation 2 boots from, in order."""
    return select(SYSTEM_SETTINGS, "InstanceID", "BootSourceOrder").where(
        InstanceID=f"Microsoft:{guid.upper()}"
    )


def processors(guid: str | None = None, *, full: bool = False) -> Select:
    """How many processors each machine has, or one."""
    more = ("ExposeVirtualizationExtensions",) if full else ()
    return _part(PROCESSOR, guid, "VirtualQuantity", *more)


def memory(guid: str | None = None, *, full: bool = False) -> Select:
    """How many megabytes of memory each machine has, or one."""
    more = (
        "DynamicMemoryEnabled",
        "Reservation",
        "Limit",
        "TargetMemoryBuffer",
        "Weight",
    )
    return _part(MEMORY, guid, "VirtualQuantity", *(more if full else ()))


def guest_networks() -> Select:
    """The addresses that integration services told."""
    return _part("Msvm_GuestNetworkAdapterConfiguration", None, "IPAddresses")


def resources(guid: str | None = None) -> Select:
    """Controllers and drives; one that passes a disk through names it."""
    return _part(
        RESOURCE,
        guid,
        "ResourceSubType",
        "Parent",
        "Address",
        "AddressOnParent",
        "HostResource",
    )


def storage(guid: str | None = None) -> Select:
    """Media, with the file of each."""
    return _part(STORAGE, guid, "ResourceSubType", "Parent", "HostResource")


def ports(guid: str | None = None) -> tuple[Select, Select]:
    """Network adapters, synthetic and emulated."""
    columns = ("ResourceSubType", "ElementName", "Address")
    return (
        _part(SYNTHETIC_PORT, guid, *columns),
        _part(EMULATED_PORT, guid, *columns),
    )


def connections(guid: str | None = None) -> Select:
    """Which adapter is connected to which switch."""
    return _part(CONNECTION, guid, "Parent", "HostResource", "EnabledState")


def vlans(guid: str | None = None) -> Select:
    """The VLANs of connections that have one."""
    return _part(VLAN, guid, "OperationMode", "AccessVlanId")


def switches() -> Select:
    """The virtual switches of the host."""
    return select(SWITCH, "Name", "ElementName")


def serials(guid: str | None = None) -> Select:
    """Serial ports, with the pipe of each."""
    return _part(SERIAL, guid, "Connection")


def security(guid: str | None = None) -> Select:
    """Which machines have a TPM."""
    return _part(SECURITY, guid, "TpmEnabled")


def integration_service(word: str, guid: str | None = None) -> Select:
    """Which machines have one of the integration services on."""
    return _part(INTEGRATION[word], guid, "EnabledState")


def shutdown_component(guid: str) -> Select:
    """The shutdown integration service of a machine, which is there while it runs."""
    return select(SHUTDOWN_COMPONENT, "DeviceID").where(SystemName=guid.upper())


def _part(cls: str, guid: str | None, *columns: str) -> Select:
    query = select(cls, "InstanceID", *columns)
    if guid is None:
        return query
    return query.where(InstanceID=starting_with(f"Microsoft:{guid.upper()}"))


def pending_jobs() -> Select:
    """All jobs that have not completed, those of images and of machines alike."""
    return select("CIM_ConcreteJob", "InstanceID", "JobState", "PercentComplete").where(
        JobState=differing_from(COMPLETED)
    )
