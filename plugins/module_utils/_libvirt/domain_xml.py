# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Domain XML to the value classes; pure.

The elements are those of libvirt's pages "Domain XML format", "Snapshot XML format" and
"Storage pool and volume XML format".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from xml.etree import ElementTree as ET

from .._hypervisor.values import (
    PAUSED,
    RUNNING,
    STOPPED,
    Disk,
    Image,
    Nic,
    OperatingSystem,
    Snapshot,
    VirtualMachine,
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

#: <domainsnapshot><state> in our words; "disk-snapshot" keeps no memory.
_SNAPSHOT_STATES = {
    "running": RUNNING,
    "paused": PAUSED,
    "shutoff": STOPPED,
    "disk-snapshot": "disk-only",
}


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
        or (_int(current.get("current")) if current is not None else vcpus),
        vcpus_max=vcpus,
        memory=vm.memory or _size(root.find("currentMemory")) or memory_max,
        memory_max=memory_max,
        description=root.findtext("description"),
        addresses=tuple(address for nic in nics for address in nic.addresses),
        os=parse_os(root),
        disks=tuple(parse_disk(disk) for disk in root.iterfind("devices/disk")),
        nics=nics,
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
        boot=tuple(boot.get("dev", "") for boot in root.iterfind("os/boot")),
    )


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
    return None


def parse_disk(element: ET.Element) -> Disk:
    """The element <disk> of a domain."""
    target = element.find("target")
    driver = element.find("driver")
    return Disk(
        device=element.get("device", "disk"),
        target=target.get("dev", "") if target is not None else "",
        bus=target.get("bus") if target is not None else None,
        type=element.get("type", "file"),
        source=image_source(element),
        format=driver.get("type") if driver is not None else None,
        readonly=element.find("readonly") is not None,
        shareable=element.find("shareable") is not None,
        backing=tuple(
            image
            for store in element.iter("backingStore")
            if (image := image_source(store)) is not None
        ),
        serial=element.findtext("serial"),
    )


def image_source(element: ET.Element) -> str | None:
    """Where the image of a <disk> or <backingStore> lies; None for an empty drive."""
    source = element.find("source")
    if source is None:
        return None
    if source.get("pool"):
        return f"{source.get('pool')}/{source.get('volume')}"
    for attribute in ("file", "dev", "dir"):
        if source.get(attribute):
            return source.get(attribute)
    if source.get("protocol"):
        host = source.find("host")
        server = host.get("name", "") if host is not None else ""
        return f"{source.get('protocol')}://{server}/{source.get('name', '')}"
    return None


def parse_image(definition: str, *, pool: str) -> Image:
    """The element <volume> of a storage pool."""
    root = ET.fromstring(definition)
    return Image(
        pool=pool,
        name=root.findtext("name") or "",
        path=root.findtext("target/path") or "",
        backing=root.findtext("backingStore/path") or None,
    )


def parse_nic(element: ET.Element, addresses: Mapping[str, Iterable[str]]) -> Nic:
    """The element <interface> of a domain, with its known addresses."""
    source = element.find("source")
    mac = element.find("mac")
    model = element.find("model")
    target = element.find("target")
    address = mac.get("address") if mac is not None else None
    names = ("network", "bridge", "dev", "path", "name")
    return Nic(
        mac=address,
        type=element.get("type", ""),
        source=next((source.get(name) for name in names if source.get(name)), None)
        if source is not None
        else None,
        model=model.get("type") if model is not None else None,
        target=target.get("dev") if target is not None else None,
        addresses=tuple(addresses.get((address or "").lower(), ())),
    )


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


def parse_snapshot(definition: str, *, current: bool) -> Snapshot:
    """The element <domainsnapshot>."""
    root = ET.fromstring(definition)
    created = _int(root.findtext("creationTime"))
    state = root.findtext("state") or ""
    return Snapshot(
        name=root.findtext("name") or "",
        parent=root.findtext("parent/name"),
        created=_time(created) if created is not None else None,
        state=_SNAPSHOT_STATES.get(state, state),
        current=current,
        description=root.findtext("description"),
    )


def _time(seconds: int) -> str | None:
    """Seconds since 1970 as ISO 8601; None outside the years that Python knows."""
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).isoformat()
    except (OverflowError, ValueError, OSError):
        return None


def _size(element: ET.Element | None) -> int | None:
    number = _number(element)
    if element is None or number is None:
        return None
    return number * _UNITS.get(element.get("unit", "KiB").lower(), 1024)


def _number(element: ET.Element | None) -> int | None:
    return _int(element.text) if element is not None else None


def _int(text: str | None) -> int | None:
    """The number, or None where there is none; a host may write anything."""
    try:
        return int(text) if text else None
    except ValueError:
        return None
