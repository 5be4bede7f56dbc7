# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Domain XML to the value classes; pure.

The elements are those of libvirt's page "Domain XML format".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

from .._hypervisor.values import OperatingSystem, VirtualMachine
from .device_xml import (
    image_source,
    number,
    parse_disk,
    parse_graphics,
    parse_nic,
    parse_serial,
)

#: Units of <memory unit='...'>, in bytes (page "Domain XML format", Memory Allocation).
_UNITS = {
    "b": 1,
    "bytes": 1,
    "kb": 1000,
    "k": 1024,
    "kib": 1024,
    "mb": 1000**2,
    "m": 1024**2,
    "mib": 1024**2,
    "gb": 1000**3,
    "g": 1024**3,
    "gib": 1024**3,
    "tb": 1000**4,
    "t": 1024**4,
    "tib": 1024**4,
}
#: Devices that a machine starts from, as <boot dev='...'> names them, in our words.
BOOT_DEVICES = {"hd": "disk", "cdrom": "cdrom", "network": "network", "fd": "floppy"}
#: The CPU features that let a guest run machines of its own (Intel, AMD).
NESTED = ("vmx", "svm")


def with_definition(
    vm: VirtualMachine,
    definition: str,
    addresses: Mapping[str, Iterable[str]],
    *,
    keep_xml: bool,
) -> VirtualMachine:
    """The machine with what its domain XML says.

    Args:
        vm: The machine as the bulk queries described it.
        definition: Its domain XML.
        addresses: Addresses in CIDR form by lower-case MAC address.
        keep_xml: Whether the XML itself is kept in the value.
    """
    root = ET.fromstring(definition)
    vcpus = _number(root.find("vcpu"))
    current = root.find("vcpu[@current]")
    memory_max = _size(root.find("memory"))
    nics = tuple(
        parse_nic(nic, addresses) for nic in root.iterfind("devices/interface")
    )
    return replace(
        vm,
        vcpus=vm.vcpus
        or (number(current.get("current")) if current is not None else vcpus),
        vcpus_max=vcpus,
        memory=vm.memory or _size(root.find("currentMemory")) or memory_max,
        memory_max=memory_max,
        description=root.findtext("description"),
        addresses=tuple(address for nic in nics for address in nic.addresses),
        os=parse_os(root),
        disks=tuple(parse_disk(disk) for disk in root.iterfind("devices/disk")),
        nics=nics,
        cpu=parse_cpu(root.find("cpu")),
        graphics=tuple(
            parse_graphics(one) for one in root.iterfind("devices/graphics")
        ),
        serials=tuple(parse_serial(one) for one in root.iterfind("devices/serial")),
        xml=definition if keep_xml else None,
    )


def parse_os(root: ET.Element) -> OperatingSystem:
    """The element <os> of a domain; firmware is bios, uefi, direct kernel or none."""
    os_type = root.find("os/type")
    loader = root.find("os/loader")
    return OperatingSystem(
        type=(os_type.text or "") if os_type is not None else "",
        arch=os_type.get("arch") if os_type is not None else None,
        machine=os_type.get("machine") if os_type is not None else None,
        firmware=_firmware(root, loader),
        secure_boot=_secure_boot(root, loader),
        nvram=_nvram(root.find("os/nvram")),
        boot=tuple(_boot(root)),
        tpm=root.find("devices/tpm") is not None,
    )


def _boot(root: ET.Element) -> Iterator[str]:
    """Kinds of devices, from <os><boot dev> or from the <boot order> of the devices."""
    for boot in root.iterfind("os/boot"):
        dev = boot.get("dev", "")
        yield BOOT_DEVICES.get(dev, dev)
    devices = root.find("devices")
    ordered = [
        (number(place.get("order")) or 0, _kind(device))
        for device in (devices if devices is not None else ())
        if (place := device.find("boot")) is not None
    ]
    yield from dict.fromkeys(kind for _order, kind in sorted(ordered))


def _kind(device: ET.Element) -> str:
    if device.tag == "interface":
        return "network"
    return device.get("device", "disk") if device.tag == "disk" else device.tag


def parse_cpu(element: ET.Element | None) -> dict[str, Any]:
    """The element <cpu>: topology, mode, model and nested, each None where not said.

    A machine that is on has the model that ``host-model`` stood for when it started,
    with the vendor, which a custom model that was asked for has not.
    """
    words: dict[str, Any] = dict.fromkeys(("topology", "mode", "model", "nested"))
    if element is None:
        return words
    model = (element.findtext("model") or "").strip() or None
    words["mode"] = element.get("mode") or ("custom" if model else None)
    words["model"] = model
    if words["mode"] == "custom" and element.find("vendor") is not None:
        words["mode"], words["model"] = "host-model", None
    topology = element.find("topology")
    if topology is not None:
        words["topology"] = {
            key: number(topology.get(key)) for key in ("sockets", "cores", "threads")
        }
    for feature in element.iterfind("feature"):
        if feature.get("name") in NESTED:
            words["nested"] = feature.get("policy", "require") in ("force", "require")
    return words


def _firmware(root: ET.Element, loader: ET.Element | None) -> str:
    chosen = root.find("os").get("firmware") if root.find("os") is not None else None  # type: ignore[union-attr]
    if chosen == "efi" or (loader is not None and loader.get("type") == "pflash"):
        return "uefi"
    if root.find("os/kernel") is not None:
        return "kernel"
    return "bios" if root.findtext("os/type") == "hvm" else "none"


def _nvram(element: ET.Element | None) -> str | None:
    """Where the UEFI variables lie: <nvram> holds a path, or a <source> with a type."""
    if element is None:
        return None
    return image_source(element) or (element.text or "").strip() or None


def _secure_boot(root: ET.Element, loader: ET.Element | None) -> bool | None:
    feature = root.find("os/firmware/feature[@name='secure-boot']")
    if feature is not None:
        return feature.get("enabled") == "yes"
    if loader is not None and loader.get("secure") is not None:
        return loader.get("secure") == "yes"
    if loader is None and _firmware(root, loader) == "uefi":
        return None  # libvirt chooses with each start
    return False if root.findtext("os/type") == "hvm" else None


def has_connected_agent(definition: str) -> bool:
    """Whether a live domain's XML says that its guest agent is listening."""
    targets = ET.fromstring(definition).iterfind("devices/channel/target")
    return any(
        target.get("name") == "org.qemu.guest_agent.0"
        and target.get("state") == "connected"
        for target in targets
    )


def has_tpm_state(definition: str) -> bool:
    """Whether the domain has an emulated TPM, which keeps state on the host."""
    return (
        ET.fromstring(definition).find("devices/tpm/backend[@type='emulator']")
        is not None
    )


def _size(element: ET.Element | None) -> int | None:
    count = _number(element)
    if element is None or count is None:
        return None
    return count * _UNITS.get(element.get("unit", "KiB").lower(), 1024)


def _number(element: ET.Element | None) -> int | None:
    return number(element.text) if element is not None else None
