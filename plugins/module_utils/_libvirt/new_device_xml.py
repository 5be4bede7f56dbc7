# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that are wished for as XML; pure.

The elements are those of libvirt's page "Domain XML format", section Devices.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from xml.etree import ElementTree as ET

from .._hypervisor.description import CDROM, DISK, FLOPPY, DiskWish, NicWish
from .device_xml import parse_serial
from .storage_xml import Volume
from .verbatim_xml import append, child, new, remove

#: How the names of disks begin, by bus (attribute dev of <target>).
_PREFIXES = {
    "virtio": "vd",
    "scsi": "sd",
    "sata": "sd",
    "usb": "sd",
    "ide": "hd",
    "fdc": "fd",
    "xen": "xvd",
}
#: The bus of a disk's name, where that tells it (``sd`` may be SCSI, SATA or USB).
BUS_OF_PREFIX = {"vd": "virtio", "hd": "ide", "fd": "fdc", "xv": "xen"}
#: Buses from the best on, by device; the driver's capabilities say which there are.
_BUSES = {
    DISK: ("virtio", "scsi", "sata", "xen", "ide", "usb"),
    CDROM: ("sata", "ide", "scsi", "xen", "usb"),
    FLOPPY: ("fdc",),
}
#: Types of domains that libvirt's QEMU driver runs.
QEMU_TYPES = ("qemu", "kvm")
#: How many devices a machine of type q35 can be given while it is on, each at a root
#: port of its own (page "PCI topology and hotplug").
ROOT_PORTS = 14


def choose_bus(
    wish: DiskWish, root: ET.Element, buses: Collection[str] | None = None
) -> str:
    """The bus of a disk: as wished, else as its target says, else the best there is.

    Args:
        wish: The disk.
        root: The definition that it is for.
        buses: What the host's capabilities list; None where they are not known.
    """
    if wish.bus is not None:
        return wish.bus
    if wish.target is not None and wish.target[:2] in BUS_OF_PREFIX:
        return BUS_OF_PREFIX[wish.target[:2]]
    if wish.target is not None and wish.target.startswith("sd"):
        has_scsi = root.find("devices/controller[@type='scsi']") is not None
        return "scsi" if has_scsi else "sata"
    found = buses if buses is not None else _likely_buses(root)
    best = _BUSES[wish.device]
    return next((bus for bus in best if bus in found), best[0])


def _likely_buses(root: ET.Element) -> tuple[str, ...]:
    os_type = root.find("os/type")
    machine = os_type.get("machine") or "" if os_type is not None else ""
    arch = os_type.get("arch") or "" if os_type is not None else ""
    if root.get("type") == "xen":
        return ("xen", "ide", "fdc")
    if "q35" in machine:
        return ("virtio", "sata", "scsi", "usb", "fdc")
    if arch in ("x86_64", "i686"):
        return ("virtio", "ide", "scsi", "usb", "fdc")
    return ("virtio", "scsi", "usb")


def free_target(bus: str, taken: Iterable[str]) -> str:
    """The first name of a disk that none has: ``vda``, ``vdb``, ... ``vdaa``."""
    taken = set(taken)
    number = 0
    while True:
        name = _PREFIXES.get(bus, "sd") + _letters(number)
        if name not in taken:
            return name
        number += 1


def _letters(number: int) -> str:
    """0 is a, 25 is z, 26 is aa (libvirt's virIndexToDiskName)."""
    text = ""
    while number >= 0:
        text = chr(ord("a") + number % 26) + text
        number = number // 26 - 1
    return text


def disk_element(
    wish: DiskWish, volume: Volume | None, *, bus: str, target: str, is_qemu: bool
) -> ET.Element:
    """The element <disk> of a wish; ``volume`` is its image, None for an empty drive."""
    disk = new("disk", type="file", device=wish.device)
    set_source(disk, wish.source, volume, is_qemu=is_qemu)
    append(disk, new("target", dev=target, bus=bus))
    if wish.readonly or (wish.readonly is None and wish.device == CDROM):
        append(disk, new("readonly"))
    if wish.serial is not None:
        append(disk, new("serial")).text = wish.serial
    return disk


def set_source(
    disk: ET.Element, source: str | None, volume: Volume | None, *, is_qemu: bool
) -> None:
    """Put an image into a disk or drive; ``source`` None leaves it empty."""
    for tag in ("source", "backingStore", "mirror"):
        remove(disk, tag)
    driver = disk.find("driver")
    kind = volume.info.format if volume is not None else None
    if kind in (None, "unknown", "iso", "dir"):
        kind = "raw"
    if driver is None:
        driver = new("driver", name="qemu" if is_qemu else None)
        disk.insert(0, driver)
    driver.set("type", str(kind))
    if source is None:
        disk.set("type", "file")
        remove(disk, "driver")
        return
    if not source.startswith("/"):
        pool, _slash, name = source.partition("/")
        disk.set("type", "volume")
        element = new("source", pool=pool, volume=name)
    elif source.startswith("/dev/") or (volume is not None and volume.type == "block"):
        disk.set("type", "block")
        element = new("source", dev=source)
    else:
        disk.set("type", "file")
        element = new("source", file=source)
    disk.insert(1, element)


def nic_element(wish: NicWish, *, mac: str, model: str | None) -> ET.Element:
    """The element <interface> of a wish."""
    nic = new("interface", type="network")
    append(nic, new("mac", address=mac))
    set_network(nic, wish.network, wish.bridge)
    if model is not None:
        append(nic, new("model", type=model))
    if wish.connected is False:
        append(nic, new("link", state="down"))
    if wish.vlan:
        append(child(nic, "vlan"), new("tag", id=str(wish.vlan)))
    return nic


def set_network(nic: ET.Element, network: str | None, bridge: str | None) -> None:
    """Lead an interface to a network, or to a bridge of the host."""
    remove(nic, "source")
    remove(nic, "virtualport")
    if bridge is not None:
        nic.set("type", "bridge")
        nic.insert(0, new("source", bridge=bridge))
    else:
        nic.set("type", "network")
        nic.insert(0, new("source", network=network or "default"))


def graphics_element(wish: Mapping[str, Any]) -> ET.Element:
    """The element <graphics> of type, listen and port."""
    port = wish.get("port")
    graphics = new(
        "graphics",
        type=str(wish["type"]),
        port="-1" if port is None else str(port),
        autoport="yes" if port is None else "no",
        listen=wish.get("listen"),
    )
    if wish.get("listen") is not None:
        append(graphics, new("listen", type="address", address=wish["listen"]))
    return graphics


def serial_element(wish: Mapping[str, Any]) -> ET.Element:
    """The element <serial> of type and path; ``tcp`` listens on ``host:port``."""
    kind, path = wish["type"], wish.get("path")
    serial = new("serial", type="null" if kind == "none" else kind)
    if kind == "tcp":
        host, _colon, port = str(path).rpartition(":")
        source = new("source", mode="bind", host=host or "127.0.0.1", service=port)
        append(serial, source)
        append(serial, new("protocol", type="raw"))
    elif path is not None and kind != "none":
        append(serial, new("source", path=path))
    return serial


def is_serial(element: ET.Element, wish: Mapping[str, Any]) -> bool:
    """Whether a serial port is as wished already."""
    words = parse_serial(element)
    return all(value in (None, words.get(key)) for key, value in wish.items())


def tpm_element() -> ET.Element:
    """An emulated TPM 2.0."""
    tpm = new("tpm", model="tpm-crb")
    append(tpm, new("backend", type="emulator", version="2.0"))
    return tpm


def pci_express() -> list[ET.Element]:
    """The root of PCI Express, and places for devices that come while it is on."""
    root = new("controller", type="pci", index="0", model="pcie-root")
    ports = [
        new("controller", type="pci", model="pcie-root-port")
        for _port in range(ROOT_PORTS)
    ]
    return [root, *ports]
