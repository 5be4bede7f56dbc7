# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a change of a machine that is on takes effect, and what libvirt has no word for.

Pure. What QEMU plugs in and out while a guest runs is described on libvirt's pages
"virDomainAttachDeviceFlags" and "PCI topology and hotplug".
"""

from __future__ import annotations

from collections.abc import Iterator

from .._hypervisor.changes import (
    ADD,
    CHANGE,
    LIVE,
    NEXT_START,
    OFF,
    REMOVE,
    Change,
)
from .._hypervisor.description import (
    ABSENT,
    CDROM,
    DISK,
    FLOPPY,
    Description,
    DiskWish,
    NicWish,
)
from .._hypervisor.plan import PlanRefused
from .._hypervisor.values import Disk, VirtualMachine
from .fragments_xml import check_fragment
from .new_device_xml import BUS_OF_PREFIX

#: Buses whose disks come and go while a guest runs.
_HOT_BUSES = ("virtio", "scsi", "usb", "xen")
#: What libvirt's Hyper-V has words for and the rest of libvirt has not, and the way out.
_NOT_HERE = {
    "generation": "name firmware.type",
    "version": "leave it out",
    "dynamic_memory": "name memory and memory_max, between which a balloon works",
    "start_action": "name autostart",
    "start_delay": "leave it out",
    "stop_action": "leave it out; the service libvirt-guests of the host decides that",
    "integration_services": "leave them out; the guest agent does their work",
    "checkpoint_type": "leave it out; a snapshot says itself what it keeps",
}
#: Bytes; images that have a format are rounded up to it.
_SECTOR = 512
_FORMATS_ELSEWHERE = ("vhd", "vhdx")
_KIB = 1024


def timing_of(vm: VirtualMachine, change: Change, *, can_plug: bool) -> str:
    """LIVE, NEXT_START or OFF for a change of a machine that is on.

    Args:
        vm: The machine.
        change: What differs.
        can_plug: Whether the driver changes devices of machines that are on.
    """
    if change.part in ("autostart", "description", "images"):
        return LIVE
    if change.part == "name":
        return OFF
    if change.part == "vcpus":
        # Processors that a guest booted with can't be taken away from it.
        grows = change.before is not None and change.after > change.before
        return LIVE if grows and change.after <= (vm.vcpus_max or 0) else NEXT_START
    if change.part == "memory":
        later = vm.next_start
        if later is not None and later.memory == change.after:
            return NEXT_START  # it was told so, and its guest has not followed
        return LIVE if change.after <= (vm.memory_max or 0) else NEXT_START
    if not can_plug:
        return NEXT_START
    if isinstance(change.wish, DiskWish):
        return LIVE if _is_hot_disk(change, change.wish) else NEXT_START
    if isinstance(change.wish, NicWish):
        is_new_model = change.action == CHANGE and "model" in change.after
        return NEXT_START if is_new_model else LIVE
    return NEXT_START


def _is_hot_disk(change: Change, wish: DiskWish) -> bool:
    found = change.found
    if change.action == ADD:
        if wish.device != DISK:
            return False
        by_target = BUS_OF_PREFIX.get((wish.target or "vd")[:2])
        return (wish.bus or by_target) in _HOT_BUSES
    if change.action == REMOVE and isinstance(found, Disk):
        return found.device == DISK and found.bus in _HOT_BUSES
    return set(change.after or ()) == {"source"}


def check(wanted: Description, vm: VirtualMachine | None) -> None:
    """Refuse what can't be, as far as that is known without asking.

    Raises:
        PlanRefused: An option, or a value of one, is not for libvirt.
        HypervisorConnectError: A fragment can't be read.
    """
    for what, remedy in _refusals(wanted, vm):
        raise PlanRefused(what, remedy=remedy)
    for number, fragment in enumerate(wanted.libvirt):
        check_fragment(fragment, f"libvirt[{number}]")


def _refusals(
    wanted: Description, vm: VirtualMachine | None
) -> Iterator[tuple[str, str]]:
    """Each thing that can't be, with what to do about it."""
    for part, remedy in _NOT_HERE.items():
        if part in wanted.values:
            yield f"{part} is an option of Hyper-V, which libvirt has not", remedy
    if "secure_boot_template" in wanted.values.get("firmware", {}):
        yield (
            "firmware.secure_boot_template is an option of Hyper-V, which libvirt has not",
            "name firmware.secure_boot",
        )
    if wanted.values.get("boot") == []:
        yield "boot names no device, and libvirt then takes the disk", "name one"
    yield from _wrong_numbers(wanted, vm)
    yield from _wrong_firmware(wanted, vm)
    for number, disk in enumerate(wanted.disks):
        yield from _wrong_disk(f"disks[{number}]", disk)
    for number, nic in enumerate(wanted.nics):
        yield from _wrong_nic(f"nics[{number}]", nic)
    for number, port in enumerate(wanted.values.get("serials", ())):
        yield from _wrong_serial(f"serials[{number}]", port)


def _wrong_numbers(
    wanted: Description, vm: VirtualMachine | None
) -> Iterator[tuple[str, str]]:
    values = wanted.values
    for part in ("vcpus", "vcpus_max"):
        if values.get(part, 1) < 1:
            yield f"{part} is {values[part]}", "name at least 1"
    for part in ("memory", "memory_max"):
        if values.get(part, _KIB) < _KIB or values.get(part, 0) % _KIB:
            yield (
                f"{part} is {values[part]} bytes, and libvirt counts memory in KiB",
                "name a multiple of 1024",
            )
    for part in ("vcpus", "memory"):
        most = values.get(f"{part}_max")
        if most is not None and values.get(part, 0) > most:
            yield (
                f"{part} is {values[part]} and {part}_max is {most}",
                f"name a {part}_max that is not smaller",
            )
    yield from _wrong_topology(wanted, vm)


def _wrong_topology(
    wanted: Description, vm: VirtualMachine | None
) -> Iterator[tuple[str, str]]:
    """libvirt wants as many places as there are processors at most."""
    topology = wanted.values.get("cpu", {}).get("topology")
    if topology is None and vm is not None and vm.cpu is not None:
        topology = vm.cpu.get("topology")
        if not {"vcpus", "vcpus_max"} & set(wanted.values):
            return
    if topology is None:
        return
    places = 1
    for key in ("sockets", "cores", "threads"):
        places *= topology.get(key) or 1
    most = _most_vcpus(wanted, vm)
    if most is not None and most != places:
        yield (
            f"cpu.topology has places for {places} processors and vcpus_max is {most}",
            f"name vcpus_max: {places}, or another topology",
        )


def _most_vcpus(wanted: Description, vm: VirtualMachine | None) -> int | None:
    values = wanted.values
    if "vcpus_max" in values:
        return int(values["vcpus_max"])
    found = None
    if vm is not None:
        found = (vm.next_start or vm).vcpus_max
    if "vcpus" in values:
        return max(values["vcpus"], found or 0)
    return found


def _wrong_firmware(
    wanted: Description, vm: VirtualMachine | None
) -> Iterator[tuple[str, str]]:
    firmware = wanted.values.get("firmware", {})
    kind = firmware.get("type")
    if kind is None:
        kind = vm.os.firmware if vm is not None and vm.os is not None else "bios"
    if firmware.get("secure_boot") and kind != "uefi":
        yield "firmware.secure_boot is true for a machine with BIOS", "name type: uefi"


def _wrong_disk(where: str, disk: DiskWish) -> Iterator[tuple[str, str]]:
    for key in ("source", "backing"):
        path = getattr(disk, key)
        if path is not None and not path.startswith("/") and "/" not in path.strip("/"):
            yield (
                f"{where} names the image '{path}', which is no path from / on",
                "write a full path, or pool and volume",
            )
    if disk.state == ABSENT:
        return
    if disk.format in _FORMATS_ELSEWHERE and disk.size is not None:
        yield (
            f"{where}.format is {disk.format}, which is Hyper-V's",
            "name qcow2 or raw",
        )
    if disk.size is not None and disk.size % _SECTOR and disk.format != "raw":
        yield (
            f"{where}.size is {disk.size} bytes, which are no whole sectors",
            "round it to a multiple of 512",
        )
    if disk.device in (CDROM, FLOPPY) and disk.bus == "virtio":
        yield f"{where} is a {disk.device} drive on virtio", "name bus: sata or scsi"
    if (disk.bus == "fdc") != (disk.device == FLOPPY) and disk.bus is not None:
        yield (
            f"{where} is a {disk.device} drive on {disk.bus}",
            "the bus fdc is for floppy drives, and they for it",
        )
    if disk.backing is not None and disk.format == "raw":
        yield (
            f"{where} builds on another image, which raw images can't",
            "name format: qcow2",
        )


def _wrong_nic(where: str, nic: NicWish) -> Iterator[tuple[str, str]]:
    if nic.network is not None and nic.bridge is not None:
        yield f"{where} names a network and a bridge", "name one of them"
    if nic.vlan is not None and not 0 <= nic.vlan <= 4094:
        yield f"{where}.vlan is {nic.vlan}", "name a number from 0 (none) to 4094"
    if nic.model in ("synthetic", "emulated"):
        yield (
            f"{where}.model is {nic.model}, which is Hyper-V's",
            "name virtio or e1000e",
        )


def _wrong_serial(where: str, port: dict[str, object]) -> Iterator[tuple[str, str]]:
    if port.get("type") in ("pipe", "file", "tcp") and not port.get("path"):
        yield (
            f"{where} is of type {port['type']} and has no path",
            "name its path; of tcp it is host:port",
        )
