# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of WMI queries to the value classes; pure.

Everything that belongs to a machine is told by its GUID, which is the Name of its
Msvm_ComputerSystem and stands behind ``Microsoft:`` in the InstanceID of its settings.
Captions and descriptions are translated on hosts that are not English, so none is read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .._cim.instance import InstancePath
from .._hypervisor.values import (
    RUNNING,
    SAVED,
    STOPPED,
    Disk,
    Nic,
    OperatingSystem,
    Snapshot,
    VirtualMachine,
)
from .classes import (
    GENERATION_2,
    MOVING,
    ON_THE_WAY,
    REALIZED,
    SNAPSHOT,
    START_ALWAYS,
    STATES,
)

Row = Mapping[str, Any]

_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_MIB = 1024**2

#: ResourceSubType of a medium, and the word for its drive.
_MEDIA = {
    "Microsoft:Hyper-V:Virtual Hard Disk": "disk",
    "Microsoft:Hyper-V:Virtual CD/DVD Disk": "cdrom",
    "Microsoft:Hyper-V:Virtual Floppy Disk": "floppy",
}
#: A drive that holds a disk of the host itself, and no medium.
_PASS_THROUGH = "Microsoft:Hyper-V:Physical Disk Drive"
_IDE = "Microsoft:Hyper-V:Emulated IDE Controller"
_SCSI = "Microsoft:Hyper-V:Synthetic SCSI Controller"


@dataclass(frozen=True)
class Summary:
    """The answers that describe all machines of a host, one list for each question."""

    systems: Iterable[Row]
    settings: Iterable[Row]
    processors: Iterable[Row]
    memory: Iterable[Row]
    networks: Iterable[Row] = ()


@dataclass(frozen=True)
class Devices:
    """The answers about the devices of all machines of a host."""

    resources: Iterable[Row]
    storage: Iterable[Row]
    ports: Iterable[Row]
    connections: Iterable[Row]
    switches: Iterable[Row]


def is_machine(row: Row) -> bool:
    """Whether a row of Msvm_ComputerSystem is a machine, rather than the host itself."""
    return _GUID.fullmatch(str(row["Name"])) is not None


def is_settled(system: Row) -> bool:
    """Whether a machine is in a state to stay in, rather than on its way to one.

    A state that is not known counts as settled: nobody waits for it to go away.
    """
    words = str(system.get("OtherEnabledState") or "").lower()
    return (_int(system["EnabledState"]) or 0) not in ON_THE_WAY and words not in MOVING


def machines(summary: Summary, *, checkpoints: bool = True) -> list[VirtualMachine]:
    """All machines, as the questions for all of them describe them.

    Args:
        summary: The answers.
        checkpoints: Whether the settings of checkpoints are among them.
    """
    settings, with_snapshots = _settings(summary.settings)
    processors = _by_machine(summary.processors)
    memory = _by_machine(summary.memory)
    networks = _by_machine(summary.networks)
    return [
        _machine(
            row,
            settings.get(_guid(row["Name"]), {}),
            processors.get(_guid(row["Name"]), []),
            memory.get(_guid(row["Name"]), []),
            networks.get(_guid(row["Name"]), []),
            has_snapshots=_guid(row["Name"]) in with_snapshots if checkpoints else None,
        )
        for row in summary.systems
        if is_machine(row)
    ]


def _machine(
    system: Row,
    settings: Row,
    processors: list[Row],
    memory: list[Row],
    networks: list[Row],
    *,
    has_snapshots: bool | None,
) -> VirtualMachine:
    state = STATES.get(_int(system["EnabledState"]) or 0, RUNNING)
    startup = _int(settings.get("AutomaticStartupAction"))
    megabytes = _int(memory[0]["VirtualQuantity"]) if memory else None
    uptime = _int(system.get("OnTimeInMilliseconds"))
    vcpus = _int(processors[0]["VirtualQuantity"]) if processors else None
    return VirtualMachine(
        name=str(system["ElementName"]),
        uuid=_guid(system["Name"]),
        state=state,
        vcpus=vcpus,
        vcpus_max=vcpus,
        memory=megabytes * _MIB if megabytes is not None else None,
        memory_max=megabytes * _MIB if megabytes is not None else None,
        autostart=startup == START_ALWAYS if startup is not None else None,
        persistent=True,
        managed_save=state == SAVED,
        has_snapshots=has_snapshots,
        description="\n".join(_list(settings.get("Notes"))) or None,
        uptime=uptime // 1000 if uptime is not None else None,
        addresses=tuple(
            address for row in networks for address in _list(row.get("IPAddresses"))
        ),
    )


def _settings(rows: Iterable[Row]) -> tuple[dict[str, Row], set[str]]:
    """The settings in force of each machine, and which machines have checkpoints."""
    in_force: dict[str, Row] = {}
    with_snapshots: set[str] = set()
    for row in rows:
        guid = _guid(row["VirtualSystemIdentifier"] or "")
        if row["VirtualSystemType"] == REALIZED:
            in_force[guid] = row
        elif row["VirtualSystemType"] == SNAPSHOT:
            with_snapshots.add(guid)
    return in_force, with_snapshots


def snapshots(rows: Iterable[Row]) -> dict[str, tuple[Snapshot, ...]]:
    """The checkpoints of each machine, oldest first.

    The current one is that on which the settings in force build (their Parent).
    """
    rows = list(rows)
    in_force, _with = _settings(rows)
    current = {_path_guid(row.get("Parent")) for row in in_force.values()}
    names = {_instance_guid(row): str(row["ElementName"]) for row in rows}
    found: dict[str, list[Snapshot]] = defaultdict(list)
    for row in rows:
        if row["VirtualSystemType"] != SNAPSHOT:
            continue
        created = row.get("CreationTime")
        found[_guid(row["VirtualSystemIdentifier"])].append(
            Snapshot(
                name=str(row["ElementName"]),
                parent=names.get(_path_guid(row.get("Parent"))),
                created=created.isoformat() if isinstance(created, datetime) else None,
                state=STOPPED,
                current=_instance_guid(row) in current,
                description="\n".join(_list(row.get("Notes"))) or None,
            )
        )
    return {
        guid: tuple(sorted(kept, key=lambda snapshot: snapshot.created or ""))
        for guid, kept in found.items()
    }


def with_devices(
    vms: Iterable[VirtualMachine],
    settings: Iterable[Row],
    networks: Iterable[Row],
    devices: Devices,
) -> list[VirtualMachine]:
    """The machines with their firmware, disks, network interfaces and checkpoints."""
    settings = list(settings)
    in_force, _with = _settings(settings)
    kept = snapshots(settings)
    disks = _disks(devices)
    nics = _nics(devices, networks)
    return [
        replace(
            vm,
            os=_operating_system(in_force.get(vm.uuid, {})),
            disks=tuple(disks.get(vm.uuid, ())),
            nics=tuple(nics.get(vm.uuid, ())),
            snapshots=kept.get(vm.uuid, ()),
        )
        for vm in vms
    ]


def _operating_system(settings: Row) -> OperatingSystem:
    second = settings.get("VirtualSystemSubType") == GENERATION_2
    secure = settings.get("SecureBootEnabled")
    return OperatingSystem(
        type="hvm",
        arch="x86_64",
        machine="generation 2" if second else "generation 1",
        firmware="uefi" if second else "bios",
        secure_boot=_bool(secure) if second and secure is not None else None,
        nvram=None,
    )


def _disks(devices: Devices) -> dict[str, list[Disk]]:
    """Each machine's media; a drive without one is an empty CD-ROM drive."""
    resources = {str(row["InstanceID"]).lower(): row for row in devices.resources}
    found: dict[str, list[Disk]] = defaultdict(list)
    filled = set()
    for row in devices.storage:
        kind = _MEDIA.get(str(row["ResourceSubType"]))
        if kind is None or not _is_in_force(row):
            continue
        drive = _parent(row).lower()
        filled.add(drive)
        source = next(iter(_list(row.get("HostResource"))), None)
        found[_instance_guid(row)].append(_disk(kind, resources, drive, source))
    for drive, row in resources.items():
        if drive in filled or not _is_in_force(row):
            continue
        if str(row["ResourceSubType"]).endswith("DVD Drive"):
            disk = _disk("cdrom", resources, drive, None)
            found[_instance_guid(row)].append(disk)
        elif row["ResourceSubType"] == _PASS_THROUGH:
            disk = replace(
                _disk("disk", resources, drive, _host_disk(row)),
                type="block",
                format=None,
            )
            found[_instance_guid(row)].append(disk)
    for disks in found.values():
        disks.sort(key=lambda disk: (disk.bus or "", disk.target))
    return found


def _disk(
    kind: str, resources: Mapping[str, Row], drive: str, source: str | None
) -> Disk:
    row = resources.get(drive, {})
    controller = resources.get(_parent(row).lower(), {})
    subtype = str(controller.get("ResourceSubType", ""))
    bus = {_IDE: "ide", _SCSI: "scsi"}.get(subtype)
    number = _int(controller.get("Address")) or 0
    slot = _int(row.get("AddressOnParent")) or 0
    return Disk(
        device=kind,
        target=f"{bus or 'fdc'}{number}:{slot}",
        bus=bus or "fdc",
        type="file",
        source=source or None,
        format=source.rpartition(".")[2].lower() if source and "." in source else None,
        readonly=kind == "cdrom",
        shareable=False,
    )


def _host_disk(row: Row) -> str | None:
    """The DeviceID of the Msvm_DiskDrive that a drive passes through."""
    path = next(iter(_list(row.get("HostResource"))), None)
    return str(InstancePath.parse(path).key("DeviceID")) if path else None


def _nics(devices: Devices, networks: Iterable[Row]) -> dict[str, list[Nic]]:
    """Each machine's network interfaces, with the switch that each is connected to."""
    switches = {
        str(row["Name"]).upper(): str(row["ElementName"]) for row in devices.switches
    }
    connected = {
        _parent(row).lower(): row for row in devices.connections if _is_in_force(row)
    }
    addresses = {
        str(row["InstanceID"]).rpartition("\\")[2].upper(): _list(
            row.get("IPAddresses")
        )
        for row in networks
    }
    found: dict[str, list[Nic]] = defaultdict(list)
    for row in devices.ports:
        if not _is_in_force(row):
            continue
        instance = str(row["InstanceID"])
        connection = connected.get(instance.lower(), {})
        path = next(iter(_list(connection.get("HostResource"))), None)
        enabled = _int(connection.get("EnabledState")) != 3
        switch = _switch_guid(path) if path and enabled else ""
        number = str(row.get("Address") or "").lower()
        found[_instance_guid(row)].append(
            Nic(
                mac=":".join(re.findall("..", number)) or None,
                type="switch",
                source=switches.get(switch),
                model="emulated"
                if "Emulated" in str(row.get("ResourceSubType"))
                else "synthetic",
                target=None,
                addresses=tuple(
                    addresses.get(instance.rpartition("\\")[2].upper(), ())
                ),
            )
        )
    return found


def _by_machine(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[_instance_guid(row)].append(row)
    return found


def _is_in_force(row: Row) -> bool:
    """Whether a setting is a machine's own, rather than a template of the host."""
    return not str(row["InstanceID"]).startswith("Microsoft:Definition")


def _instance_guid(row: Row) -> str:
    """The machine, or checkpoint, that an InstanceID belongs to."""
    found = _GUID.search(str(row["InstanceID"]))
    return _guid(found[0]) if found else ""


def _path_guid(path: Any) -> str:
    found = _GUID.search(str(path)) if path else None
    return _guid(found[0]) if found else ""


def _switch_guid(path: str) -> str:
    keys = dict(InstancePath.parse(path).keys)
    return str(keys.get("Name", "")).upper()


def _parent(row: Row) -> str:
    """The InstanceID of the device that a device hangs on; Parent is its path."""
    path = row.get("Parent")
    if not path:
        return ""
    return str(dict(InstancePath.parse(str(path)).keys).get("InstanceID", ""))


def _guid(text: Any) -> str:
    """A GUID as libvirt and Ansible write it, in lower case."""
    return str(text).lower()


def _list(value: Any) -> list[str]:
    """An array property; one value looks like a scalar on the wire, none is absent."""
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _int(value: Any) -> int | None:
    return int(value) if value is not None else None


def _bool(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).lower() == "true"
