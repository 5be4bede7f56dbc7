# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of a machine made in its definition; pure.

The definition is changed only where a change says so; all else stays as it was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from .._hypervisor.changes import ADD, CHANGE, REMOVE, Change
from .._hypervisor.description import DiskWish, NicWish
from .._hypervisor.hypervisor import OperationFailed
from .._hypervisor.values import Disk, Nic
from .device_xml import image_source
from .domain_xml import NESTED
from .fragments_xml import apply_fragment
from .new_device_xml import (
    QEMU_TYPES,
    choose_bus,
    disk_element,
    nic_element,
    set_network,
    set_source,
)
from .storage_xml import Volume
from .values_xml import set_part
from .verbatim_xml import append, child, new, remove, set_text


class Missing(OperationFailed):
    """What a change is about is not in the definition any more."""


def is_in_definition(change: Change) -> bool:
    """Whether a change is one of the definition, rather than of a call of its own."""
    return change.part not in ("name", "autostart", "images")


def change_definition(
    root: ET.Element,
    change: Change,
    *,
    volumes: Mapping[str, Volume],
    target: str | None = None,
    mac: str | None = None,
    nested: str = NESTED[0],
) -> None:
    """Make a change in a definition.

    Args:
        root: The element <domain>.
        change: What differs.
        volumes: The images that wishes name, by source.
        target: The name of a disk that is added.
        mac: The MAC address of an interface that is added.
        nested: The CPU feature of the host that ``cpu.nested`` is about.

    Raises:
        Missing: The device is gone.
    """
    wish = change.wish
    if change.part == "libvirt":
        apply_fragment(root, fragment_of(change))
    elif isinstance(wish, DiskWish):
        if change.action == ADD:
            add_disk(root, wish, volumes, str(target))
        elif change.action == REMOVE:
            child(root, "devices").remove(find_disk(root, change))
        elif change.action == CHANGE:
            edit_disk(root, find_disk(root, change), change.after, volumes)
    elif isinstance(wish, NicWish):
        if change.action == ADD:
            add_nic(root, wish, str(mac))
        elif change.action == REMOVE:
            child(root, "devices").remove(find_nic(root, change))
        elif change.action == CHANGE:
            edit_nic(find_nic(root, change), change.after)
    else:
        set_part(root, change.part, change.item, change.after, nested=nested)


def fragment_of(change: Change) -> Mapping[str, str]:
    """The fragment that a change of the part ``libvirt`` is about."""
    wish = change.wish
    if not isinstance(wish, Mapping):
        raise TypeError(f"{change.words} has no fragment")
    return wish


# -- devices ---------------------------------------------------------------------------


def find_disk(root: ET.Element, change: Change) -> ET.Element:
    """The element of the disk that a change is about.

    Raises:
        Missing: There is none.
    """
    found = change.found
    target = found.target if isinstance(found, Disk) else change.item
    element = root.find(f"devices/disk/target[@dev='{target}']/..")
    if element is None:
        raise Missing(f"there is no disk {target} any more", remedy="run this again")
    return element


def find_nic(root: ET.Element, change: Change) -> ET.Element:
    """The element of the interface that a change is about.

    Raises:
        Missing: There is none.
    """
    found = change.found
    mac = (found.mac if isinstance(found, Nic) else change.item) or ""
    for element in root.iterfind("devices/interface"):
        address = element.find("mac")
        if (
            address is not None
            and (address.get("address") or "").lower() == mac.lower()
        ):
            return element
    raise Missing(f"there is no interface {mac} any more", remedy="run this again")


def targets(root: ET.Element) -> list[str]:
    """The names of all disks."""
    return [one.get("dev", "") for one in root.iterfind("devices/disk/target")]


def target_of(root: ET.Element, wish: DiskWish) -> str | None:
    """The name of the disk that has the image of a wish; None where there is none."""
    for disk in root.iterfind("devices/disk"):
        target = disk.find("target")
        if target is not None and wish.source and image_source(disk) == wish.source:
            return target.get("dev")
    return None


def macs(root: ET.Element) -> set[str]:
    """The MAC addresses of all interfaces, in lower case."""
    found = root.iterfind("devices/interface/mac")
    return {one.get("address", "").lower() for one in found}


def is_qemu(root: ET.Element) -> bool:
    """Whether libvirt's QEMU driver runs the machine."""
    return root.get("type") in QEMU_TYPES


def add_disk(
    root: ET.Element,
    wish: DiskWish,
    volumes: Mapping[str, Volume],
    target: str,
    *,
    bus: str | None = None,
) -> ET.Element:
    """Add a disk, with a controller for SCSI that guests know where there is none."""
    bus = bus or choose_bus(wish, root)
    if bus == "scsi" and is_qemu(root) and missing_scsi(root):
        append(child(root, "devices"), scsi_controller())
    volume = volumes.get(wish.source) if wish.source is not None else None
    disk = disk_element(wish, volume, bus=bus, target=target, is_qemu=is_qemu(root))
    return append(child(root, "devices"), disk)


def missing_scsi(root: ET.Element) -> bool:
    """Whether there is no SCSI controller yet."""
    return root.find("devices/controller[@type='scsi']") is None


def scsi_controller() -> ET.Element:
    """The SCSI controller that guests know best."""
    return new("controller", type="scsi", index="0", model="virtio-scsi")


def edit_disk(
    root: ET.Element,
    disk: ET.Element,
    after: Mapping[str, Any],
    volumes: Mapping[str, Volume],
) -> None:
    """Change what differs of a disk: ``source`` (None empties), bus, readonly, serial."""
    if "source" in after:
        source = after["source"]
        volume = volumes.get(source) if source is not None else None
        set_source(disk, source, volume, is_qemu=is_qemu(root))
    if "bus" in after:
        child(disk, "target").set("bus", after["bus"])
        remove(disk, "address")
    if "readonly" in after:
        remove(disk, "readonly")
        if after["readonly"]:
            append(disk, new("readonly"))
    if "serial" in after:
        set_text(disk, "serial", after["serial"])


def add_nic(root: ET.Element, wish: NicWish, mac: str) -> ET.Element:
    """Add an interface, of virtio where the hypervisor is known to have it."""
    model = wish.model or ("virtio" if is_qemu(root) else None)
    nic = nic_element(wish, mac=mac, model=model)
    return append(child(root, "devices"), nic)


def edit_nic(nic: ET.Element, after: Mapping[str, Any]) -> None:
    """Change what differs of an interface."""
    if "network" in after or "bridge" in after:
        set_network(nic, after.get("network"), after.get("bridge"))
        remove(nic, "target")
    if "connected" in after:
        remove(nic, "link")
        if not after["connected"]:
            append(nic, new("link", state="down"))
    if "model" in after:
        child(nic, "model").set("type", after["model"])
        remove(nic, "driver")
    if "vlan" in after:
        remove(nic, "vlan")
        if after["vlan"]:
            append(child(nic, "vlan"), new("tag", id=str(after["vlan"])))
