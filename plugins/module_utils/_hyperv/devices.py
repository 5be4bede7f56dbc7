# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows about devices to disks, network interfaces, serial ports and boot order; pure.

A disk is a medium in a drive on a controller. Controllers of SCSI have no number of
their own; they are counted in the order of their InstanceIDs, as no other order stays.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._hypervisor.values import Disk, Nic
from .classes import (
    DISK_DRIVE,
    DVD_DRIVE,
    DVD_MEDIUM,
    EMULATED_ADAPTER,
    FLOPPY_DRIVE,
    FLOPPY_MEDIUM,
    GENERATION_2,
    HARD_DISK_MEDIUM,
    IDE,
    PASS_THROUGH,
    SCSI,
)
from .rows import (
    Row,
    array,
    boolean,
    first,
    instance_guid,
    integer,
    is_in_force,
    key_of,
    parent,
)
from .words import BOOT_ORDER, INTEGRATION, ON, extension

#: ResourceSubType of a medium, and the word for its drive.
MEDIA = {HARD_DISK_MEDIUM: "disk", DVD_MEDIUM: "cdrom", FLOPPY_MEDIUM: "floppy"}
_DRIVES = {
    DISK_DRIVE: "disk",
    PASS_THROUGH: "disk",
    DVD_DRIVE: "cdrom",
    FLOPPY_DRIVE: "floppy",
}
_BUSES = {IDE: "ide", SCSI: "scsi"}
#: The images that Hyper-V makes for checkpoints end so.
DIFFERENCING = ("avhd", "avhdx")
#: The names that PowerShell, and this driver, give adapters; they tell their order.
ADAPTER = "Network Adapter"
_NUMBERED = re.compile(rf"{ADAPTER} (\d+)")


@dataclass(frozen=True)
class Devices:
    """The answers about the devices of all machines of a host.

    Attributes:
        integration: The answers about integration services, by their word.
    """

    resources: Iterable[Row]
    storage: Iterable[Row]
    ports: Iterable[Row]
    connections: Iterable[Row]
    switches: Iterable[Row]
    vlans: Iterable[Row] = ()
    serials: Iterable[Row] = ()
    security: Iterable[Row] = ()
    integration: Mapping[str, Iterable[Row]] | None = None


def controller_numbers(resources: Iterable[Row]) -> dict[str, tuple[str, int]]:
    """The bus and number of each controller, by its InstanceID in lower case."""
    found: dict[str, tuple[str, int]] = {}
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for row in sorted(resources, key=_controller_order):
        bus = _BUSES.get(str(row["ResourceSubType"]))
        if bus is None or not is_in_force(row):
            continue
        owner = (instance_guid(row), bus)
        found[str(row["InstanceID"]).lower()] = (bus, counts[owner])
        counts[owner] += 1
    return found


def _controller_order(row: Row) -> tuple[str, str]:
    return str(row.get("Address") or ""), str(row["InstanceID"]).lower()


def target_of(
    drive: Row | None, numbers: Mapping[str, tuple[str, int]]
) -> tuple[str, str]:
    """The bus and the target of a drive, as ``scsi`` and ``scsi0:1``."""
    if drive is None:
        return "fdc", "fdc0:0"
    bus, number = numbers.get(parent(drive).lower(), ("fdc", 0))
    return bus, f"{bus}{number}:{integer(drive.get('AddressOnParent') or 0)}"


def disks(devices: Devices, parents: Mapping[str, str]) -> dict[str, list[Disk]]:
    """Each machine's media; a drive for DVDs without one is an empty CD-ROM drive.

    Args:
        devices: The answers.
        parents: For each machine or checkpoint the checkpoint that it builds on.
    """
    resources = {str(row["InstanceID"]).lower(): row for row in devices.resources}
    numbers = controller_numbers(resources.values())
    media = {str(row["InstanceID"]).lower(): row for row in devices.storage}
    found: dict[str, list[Disk]] = defaultdict(list)
    filled = set()
    for row in media.values():
        kind = MEDIA.get(str(row["ResourceSubType"]))
        if kind is None or not is_in_force(row):
            continue
        drive = parent(row).lower()
        filled.add(drive)
        disk = _disk(
            kind, resources.get(drive), numbers, first(row.get("HostResource"))
        )
        chain = tuple(_chain(row, media, parents))
        found[instance_guid(row)].append(replace(disk, backing=chain))
    for name, row in resources.items():
        kind = _DRIVES.get(str(row["ResourceSubType"]))
        if kind is None or name in filled or not is_in_force(row):
            continue
        if kind == "cdrom":
            found[instance_guid(row)].append(_disk(kind, row, numbers, None))
        elif row["ResourceSubType"] == PASS_THROUGH:
            disk = _disk("disk", row, numbers, _host_disk(row))
            found[instance_guid(row)].append(replace(disk, type="block", format=None))
    for own in found.values():
        own.sort(key=_by_target)
    return found


def _by_target(disk: Disk) -> tuple[str, list[int]]:
    return disk.bus or "", [int(number) for number in re.findall(r"\d+", disk.target)]


def _disk(
    kind: str,
    drive: Row | None,
    numbers: Mapping[str, tuple[str, int]],
    source: str | None,
) -> Disk:
    bus, target = target_of(drive, numbers)
    return Disk(
        device=kind,
        target=target,
        bus=bus,
        type="file",
        source=source,
        format=(extension(source) or None) if source else None,
        readonly=kind == "cdrom",
        shareable=False,
    )


def _chain(
    medium: Row, media: Mapping[str, Row], parents: Mapping[str, str]
) -> Iterator[str]:
    """The images under one that a checkpoint made: what the checkpoint has in its slot."""
    owner = instance_guid(medium)
    slot = str(medium["InstanceID"]).lower().partition("\\")[2]
    source = first(medium.get("HostResource"))
    seen = {owner}
    while source and extension(source) in DIFFERENCING:
        owner = parents.get(owner, "")
        below = media.get(f"microsoft:{owner}\\{slot}")
        if not owner or owner in seen or below is None:
            return
        seen.add(owner)
        source = first(below.get("HostResource"))
        if source:
            yield source


def ends_open(disk: Disk) -> bool:
    """Whether the last image that is known of a disk builds on another one."""
    names = [one for one in (disk.source, *disk.backing) if one]
    is_file = disk.device == "disk" and disk.type == "file" and bool(names)
    return is_file and extension(names[-1]) in DIFFERENCING


def _host_disk(row: Row) -> str | None:
    """The DeviceID of the Msvm_DiskDrive that a drive passes through."""
    return key_of(first(row.get("HostResource")), "DeviceID") or None


def nics(devices: Devices, networks: Iterable[Row]) -> dict[str, list[Nic]]:
    """Each machine's network interfaces, with the switch that each is connected to."""
    switches = {
        str(row["Name"]).upper(): str(row["ElementName"]) for row in devices.switches
    }
    connections = {
        parent(row).lower(): row for row in devices.connections if is_in_force(row)
    }
    vlans = {_owner(row).lower(): row for row in devices.vlans if is_in_force(row)}
    addresses = {_tail(row): array(row.get("IPAddresses")) for row in networks}
    found: dict[str, list[tuple[int, Nic]]] = defaultdict(list)
    for row in devices.ports:
        if not is_in_force(row):
            continue
        connection = connections.get(str(row["InstanceID"]).lower(), {})
        nic = replace(
            _nic(row, connection, switches),
            addresses=tuple(addresses.get(_tail(row), ())),
            vlan=_vlan(vlans.get(str(connection.get("InstanceID", "")).lower())),
        )
        found[instance_guid(row)].append((order_of(row), nic))
    return {
        owner: [nic for _number, nic in sorted(own, key=lambda one: one[0])]
        for owner, own in found.items()
    }


def _nic(row: Row, connection: Row, switches: Mapping[str, str]) -> Nic:
    path = first(connection.get("HostResource"))
    is_emulated = row.get("ResourceSubType") == EMULATED_ADAPTER
    return Nic(
        mac=mac_of(row),
        type="switch",
        source=switches.get(key_of(path, "Name").upper()) if path else None,
        model="emulated" if is_emulated else "synthetic",
        target=None,
        connected=bool(path) and integer(connection.get("EnabledState")) != 3,
    )


def mac_of(port: Row) -> str | None:
    """The MAC address of an adapter; None before it has one.

    One that the host chooses is zero until the machine is started first.
    """
    number = str(port.get("Address") or "").lower()
    return ":".join(re.findall("..", number)) if number.strip("0") else None


def order_of(port: Row) -> int:
    """The number in the name of an adapter, as of ``Network Adapter 2``; else 0.

    Hyper-V lists adapters in no order that is known to stay.
    """
    found = _NUMBERED.fullmatch(str(port.get("ElementName") or ""))
    return int(found[1]) if found else 0


def _owner(row: Row) -> str:
    """The InstanceID of the connection that a feature belongs to."""
    return str(row["InstanceID"]).rpartition("\\")[0]


def _vlan(row: Row | None) -> int | None:
    """The identifier of an access VLAN, 0 without one; None for a trunk or the like."""
    if row is None:
        return 0
    mode = integer(row.get("OperationMode"))
    return integer(row.get("AccessVlanId")) if mode == 1 else 0 if not mode else None


def _tail(row: Row) -> str:
    return str(row["InstanceID"]).rpartition("\\")[2].upper()


def serials(rows: Iterable[Row]) -> tuple[dict[str, Any], ...]:
    """The serial ports of a machine up to the last one that is connected."""
    ports: list[dict[str, Any]] = []
    for row in sorted(rows, key=_tail):
        path = first(row.get("Connection"))
        ports.append({"type": "pipe", "path": path} if path else {"type": "none"})
    while ports and ports[-1]["type"] == "none":
        ports.pop()
    return tuple(ports)


def device_kinds(devices: Devices) -> dict[str, str]:
    """What can be booted from: kinds by the InstanceID of the device in lower case."""
    found = {
        str(row["InstanceID"]).lower(): _DRIVES[str(row["ResourceSubType"])]
        for row in devices.resources
        if row["ResourceSubType"] in _DRIVES
    }
    for row in devices.ports:
        found[str(row["InstanceID"]).lower()] = "network"
    return found


def boot_kinds(settings: Row, kinds: Mapping[str, str]) -> tuple[str, ...]:
    """The kinds of devices that a machine boots from, in their order.

    Args:
        settings: The machine's settings.
        kinds: What ``device_kinds`` found.
    """
    paths = array(settings.get("BootSourceOrder"))
    if settings.get("VirtualSystemSubType") == GENERATION_2:
        found = [source_kind(path, kinds) for path in paths]
    else:
        numbers = array(settings.get("BootOrder"))
        found = [BOOT_ORDER.get(int(number)) for number in numbers]
    return tuple(dict.fromkeys(kind for kind in found if kind is not None))


def source_kind(path: str, kinds: Mapping[str, str]) -> str | None:
    """The kind of a boot source, which is named after its device; None for a file."""
    device, _slash, last = key_of(path).lower().rpartition("\\")
    return kinds.get(device) if last == "b" else None


def integration_services(
    answers: Mapping[str, Iterable[Row]] | None, owner: str
) -> dict[str, bool] | None:
    """Which integration services of a machine are on, by their words."""
    if answers is None:
        return None
    return {
        word: integer(row.get("EnabledState")) == ON
        for word in INTEGRATION
        for row in answers.get(word, ())
        if instance_guid(row) == owner
    }


def has_tpm(rows: Iterable[Row]) -> bool | None:
    """Whether a machine has a TPM; None where the host has none to give."""
    return next((boolean(row.get("TpmEnabled")) for row in rows), None)
