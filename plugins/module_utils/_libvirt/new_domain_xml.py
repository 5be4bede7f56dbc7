# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The definition of a machine that is to be made; pure.

What the user doesn't name is chosen by what the host can (domain capabilities) and what
guests of today know: virtio, a machine with PCI Express and room for more devices, a
serial console, a random number generator, a balloon, a channel for the guest agent.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree as ET

from .._hypervisor.description import ABSENT, GROUPS, Description
from .device_xml import number
from .domain_caps import DomainCapabilities
from .edit_xml import (
    add_disk,
    add_nic,
    targets,
)
from .fragments_xml import apply_fragment
from .new_device_xml import QEMU_TYPES, choose_bus, free_target, pci_express
from .storage_xml import Volume
from .values_xml import set_part
from .verbatim_xml import append, child, new, parse_verbatim

_KIB = 1024
#: What a machine has of memory where nothing is named: enough for an installer.
_MEMORY = 1024**3


def new_domain(
    wanted: Description,
    capabilities: DomainCapabilities,
    volumes: Mapping[str, Volume],
    macs: Mapping[int, str],
) -> ET.Element:
    """The element <domain> of a description.

    Args:
        wanted: What was named.
        capabilities: What the host offers for that kind of machine.
        volumes: The images that are there, by source.
        macs: MAC addresses by the number of the interface in ``wanted.nics``.

    Raises:
        HypervisorConnectError: A fragment has no place.
    """
    root = new("domain", type=capabilities.domain)
    append(root, new("name")).text = wanted.name
    if wanted.uuid is not None:
        append(root, new("uuid")).text = wanted.uuid
    append(root, new("memory", unit="KiB")).text = str(_MEMORY // _KIB)
    append(root, new("vcpu")).text = "1"
    system = new("type", arch=capabilities.arch, machine=capabilities.machine)
    append(child(root, "os"), system).text = "hvm"
    devices = new("devices")
    if capabilities.domain in QEMU_TYPES:
        _add_usual(root, devices, wanted, capabilities)
    append(root, devices)
    _set_values(root, wanted, capabilities)
    _add_disks(root, wanted, capabilities, volumes)
    for place, nic in enumerate(wanted.nics):
        if nic.state != ABSENT:
            add_nic(root, nic, nic.mac or macs[place])
    for fragment in wanted.libvirt:
        apply_fragment(root, fragment)
    return root


def domain_type(wanted: Description) -> str | None:
    """The type that a fragment gives to the domain itself, if one does."""
    for fragment in wanted.libvirt:
        if fragment["xpath"] == "/" and fragment["xml"].strip():
            return parse_verbatim(fragment["xml"]).get("type")
    return None


def _set_values(
    root: ET.Element, wanted: Description, capabilities: DomainCapabilities
) -> None:
    # The machine stands in <os> already; a maximum comes before what it bounds.
    values = dict(wanted.values)
    if "memory_max" not in values and "memory" in values:
        child(root, "memory").text = str(values["memory"] // _KIB)
    for part in ("vcpus_max", "memory_max", *values):
        if part not in values or part in ("machine", "autostart"):
            continue
        value = values.pop(part)
        items = value.items() if part in GROUPS else [(None, value)]
        for item, one in items:
            set_part(root, part, item, one, nested=capabilities.nested)
    if "vcpus" not in wanted.values and "vcpus_max" not in wanted.values:
        topology = root.find("cpu/topology")
        if topology is not None:
            count = 1
            for key in ("sockets", "cores", "threads"):
                count *= number(topology.get(key)) or 1
            set_part(root, "vcpus", None, count)


def _add_usual(
    root: ET.Element,
    devices: ET.Element,
    wanted: Description,
    capabilities: DomainCapabilities,
) -> None:
    """What every machine of QEMU is given."""
    features = child(root, "features")
    if capabilities.arch in ("x86_64", "i686"):
        append(features, new("acpi"))
        append(features, new("apic"))
    elif capabilities.arch == "aarch64":
        append(features, new("acpi"))
    if capabilities.domain == "kvm" and "host-model" in capabilities.cpu_modes:
        append(root, new("cpu", mode="host-model"))
    append(root, new("clock", offset="utc"))
    is_q35 = "q35" in (capabilities.machine or "")
    if is_q35:
        devices.extend(pci_express())
        append(devices, new("controller", type="usb", model="qemu-xhci", ports="15"))
    if "serials" not in wanted.values:
        append(devices, new("serial", type="pty"))
    channel = append(devices, new("channel", type="unix"))
    append(channel, new("target", type="virtio", name="org.qemu.guest_agent.0"))
    if capabilities.has("rng.model", "virtio"):
        rng = append(devices, new("rng", model="virtio"))
        append(rng, new("backend", model="random")).text = "/dev/urandom"
    append(devices, new("memballoon", model="virtio"))
    if wanted.values.get("graphics"):
        append(devices, new("input", type="tablet", bus="usb"))
    models = capabilities.enums.get("video.modelType", ())
    video = next(
        (one for one in ("vga", "virtio", "qxl", "cirrus") if one in models), None
    )
    if video is not None:
        append(append(devices, new("video")), new("model", type=video))


def _add_disks(
    root: ET.Element,
    wanted: Description,
    capabilities: DomainCapabilities,
    volumes: Mapping[str, Volume],
) -> None:
    """Disks with a target of their own first, so that the others get what is free."""
    buses = capabilities.enums.get("disk.bus") if capabilities.is_known else None
    wishes = [wish for wish in wanted.disks if wish.state != ABSENT]
    taken = [wish.target for wish in wishes if wish.target is not None]
    for wish in wishes:
        bus = choose_bus(wish, root, buses)
        target = wish.target or free_target(bus, [*taken, *targets(root)])
        add_disk(root, wish, volumes, target, bus=bus)
