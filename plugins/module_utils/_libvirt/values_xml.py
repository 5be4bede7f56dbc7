# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of a machine that are no devices, set in its definition; pure.

Elements: libvirt's page "Domain XML format".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from .device_xml import number
from .domain_xml import BOOT_DEVICES, NESTED
from .new_device_xml import (
    graphics_element,
    is_serial,
    pci_express,
    serial_element,
    tpm_element,
)
from .verbatim_xml import append, child, new, remove, set_text

_KIB = 1024
#: What the name of a file of UEFI variables with keys ends with here.
_SECURE = "_SECURE_BOOT"


def set_part(
    root: ET.Element,
    part: str,
    item: str | None,
    value: Any,
    *,
    nested: str = NESTED[0],
) -> None:
    """Set one of SCALARS, LISTS, or an item of GROUPS, in a definition.

    Args:
        root: The element <domain>.
        part: The option, as Change.part.
        item: The key of a group; None for the others.
        value: In the words of the description.
        nested: The CPU feature of the host that ``cpu.nested`` is about.
    """
    if part == "firmware":
        _FIRMWARE[str(item)](root, value)
    elif part == "cpu" and item == "nested":
        _set_nested(child(root, "cpu"), value, nested)
    elif part == "cpu":
        _set_cpu(child(root, "cpu"), str(item), value)
    else:
        _PARTS[part](root, value)


# -- single values ---------------------------------------------------------------------


def _set_description(root: ET.Element, value: str) -> None:
    set_text(root, "description", value or None)


def _set_vcpus(root: ET.Element, value: int) -> None:
    vcpu = child(root, "vcpu")
    most = max(number(vcpu.text) or 1, value)
    _write_vcpus(vcpu, value, most)
    remove(root, "vcpus")  # the state of each one, which no longer fits


def _set_vcpus_max(root: ET.Element, value: int) -> None:
    vcpu = child(root, "vcpu")
    now = number(vcpu.get("current")) or number(vcpu.text) or 1
    _write_vcpus(vcpu, min(now, value), value)
    remove(root, "vcpus")


def _write_vcpus(vcpu: ET.Element, current: int, most: int) -> None:
    vcpu.text = str(most)
    vcpu.attrib.pop("current", None)
    if current != most:
        vcpu.set("current", str(current))


def _set_memory(root: ET.Element, value: int) -> None:
    if value > _memory(root, "memory"):
        _write_memory(root, "memory", value)
    _write_memory(root, "currentMemory", value)


def _set_memory_max(root: ET.Element, value: int) -> None:
    current = _memory(root, "currentMemory") or _memory(root, "memory")
    _write_memory(root, "memory", value)
    _write_memory(root, "currentMemory", min(current, value))


def _memory(root: ET.Element, tag: str) -> int:
    """Bytes; libvirt itself always writes KiB."""
    return (number(root.findtext(tag)) or 0) * _KIB


def _write_memory(root: ET.Element, tag: str, value: int) -> None:
    element = child(root, tag)
    element.attrib.pop("dumpCore", None)
    element.set("unit", "KiB")
    element.text = str(value // _KIB)


def _set_machine(root: ET.Element, value: str) -> None:
    """Another machine type; one with other buses takes the addresses of devices away."""
    kind = child(root, "os/type")
    before = kind.get("machine") or ""
    kind.set("machine", value)
    if ("q35" in before) == ("q35" in value):
        return
    devices = child(root, "devices")
    for controller in devices.findall("controller"):
        if controller.get("type") in ("pci", "usb", "sata", "ide"):
            devices.remove(controller)
    for device in devices:
        for address in device.findall("address"):
            if address.get("type") == "pci":
                device.remove(address)
    if "q35" in value:
        for controller in pci_express():
            append(devices, controller)


def _set_boot(root: ET.Element, value: Sequence[str]) -> None:
    """<os><boot dev>; libvirt refuses it beside <boot order> of devices."""
    words = {kind: dev for dev, kind in BOOT_DEVICES.items()}
    remove(root, "devices/*/boot")
    remove(root, "os/boot")
    for kind in value:
        append(child(root, "os"), new("boot", dev=words[kind]))


def _set_graphics(root: ET.Element, value: Sequence[Mapping[str, Any]]) -> None:
    remove(root, "devices/graphics")
    for wish in value:
        append(child(root, "devices"), graphics_element(wish))
    remove(root, "devices/audio[@type='spice']")


def _set_serials(root: ET.Element, value: Sequence[Mapping[str, Any]]) -> None:
    """Ports that are as wished stay; <console> only repeats the first one."""
    devices = child(root, "devices")
    found = devices.findall("serial")
    for port in found:
        devices.remove(port)
    remove(root, "devices/console[@type]")
    for place, wish in enumerate(value):
        same = place < len(found) and is_serial(found[place], wish)
        append(devices, found[place] if same else serial_element(wish))


_PARTS: dict[str, Callable[[ET.Element, Any], None]] = {
    "description": _set_description,
    "vcpus": _set_vcpus,
    "vcpus_max": _set_vcpus_max,
    "memory": _set_memory,
    "memory_max": _set_memory_max,
    "machine": _set_machine,
    "boot": _set_boot,
    "graphics": _set_graphics,
    "serials": _set_serials,
}


# -- firmware and processor ------------------------------------------------------------


def _set_firmware(root: ET.Element, value: str) -> None:
    """``uefi`` lets libvirt choose the files (page "Domain XML format", BIOS).

    Without secure boot unless that is asked for, too: left to itself libvirt may choose
    one that starts signed systems only.
    """
    element = child(root, "os")
    for tag in ("loader", "nvram", "firmware"):
        remove(element, tag)
    element.attrib.pop("firmware", None)
    if value == "uefi":
        _set_secure_boot(root, False)


def _set_secure_boot(root: ET.Element, value: bool) -> None:
    """Secure boot wants firmware with keys, and the SMM that guards its variables.

    The variables go into a file of another name, as those of the other kind have no
    keys, or keys of their own.
    """
    element = child(root, "os")
    nvram = (element.findtext("nvram") or "").strip()
    for tag in ("loader", "nvram", "firmware"):
        remove(element, tag)
    word = "yes" if value else "no"
    element.set("firmware", "efi")
    features = append(element, new("firmware"))
    for name in ("enrolled-keys", "secure-boot"):
        append(features, new("feature", enabled=word, name=name))
    if value:
        append(element, new("loader", secure="yes"))
        child(root, "features/smm").set("state", "on")
    if nvram:
        append(element, new("nvram")).text = _other_variables(nvram, value)


def _other_variables(path: str, is_secure: bool) -> str:
    stem, dot, ending = path.rpartition(".")
    stem = (stem or ending).removesuffix(_SECURE)
    return f"{stem}{_SECURE if is_secure else ''}{dot}{ending if dot else ''}"


def _set_tpm(root: ET.Element, value: bool) -> None:
    remove(root, "devices/tpm")
    if value:
        append(child(root, "devices"), tpm_element())


_FIRMWARE: dict[str, Callable[[ET.Element, Any], None]] = {
    "type": _set_firmware,
    "secure_boot": _set_secure_boot,
    "tpm": _set_tpm,
}


def _set_cpu(cpu: ET.Element, item: str, value: Any) -> None:
    if item == "topology":
        topology = child(cpu, "topology")
        topology.attrib.clear()
        for key in ("sockets", "cores", "threads"):
            topology.set(key, str(value.get(key) or 1))
    elif item == "mode":
        _set_cpu_mode(cpu, value)
    elif item == "model":
        _set_cpu_mode(cpu, "custom")
        model = child(cpu, "model")
        model.attrib.clear()
        model.set("fallback", "forbid")
        model.text = value


def _set_cpu_mode(cpu: ET.Element, mode: str) -> None:
    """A mode; features and model belong to the one before, the topology does not."""
    if cpu.get("mode") == mode:
        return
    kept = [
        one for one in cpu if one.tag in ("topology", "numa", "cache", "maxphysaddr")
    ]
    nested = [one for one in cpu.findall("feature") if one.get("name") in NESTED]
    cpu.attrib.clear()
    cpu.set("mode", mode)
    cpu[:] = [*kept, *nested]


def _set_nested(cpu: ET.Element, value: bool, name: str) -> None:
    for feature in cpu.findall("feature"):
        if feature.get("name") in NESTED:
            cpu.remove(feature)
    policy = "require" if value else "disable"
    append(cpu, new("feature", policy=policy, name=name))
