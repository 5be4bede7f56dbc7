# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a description Hyper-V does not have, and when a change takes effect; pure.

What may change while a machine is on: memory that is not dynamic and network adapters
since Windows Server 2016 ("What's new in Hyper-V on Windows Server 2016"), of dynamic
memory a wider range, disks on SCSI, and media. A machine has one definition: nothing
waits for its next start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .._hypervisor.changes import (
    ADD,
    CHANGE,
    CREATE_IMAGE,
    GROW_IMAGE,
    LIVE,
    OFF,
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
from .._hypervisor.values import Disk, Nic, VirtualMachine
from .layout import parse_target
from .own import check_own, is_live
from .words import (
    extension,
    is_pipe,
    is_windows_path,
    template_guid,
    template_word,
)

_MIB = 1024**2
#: Options that are for other hypervisors, and what does instead.
_FOREIGN = {
    "vcpus_max": "use vcpus",
    "memory_max": "use dynamic_memory.maximum",
    "machine": "use generation",
    "graphics": "the console of Hyper-V has no address of its own",
}
_LIVE_PARTS = (
    "autostart",
    "checkpoint_type",
    "description",
    "integration_services",
    "name",
    "serials",
    "start_action",
    "start_delay",
    "stop_action",
)
_DISK_FORMATS = ("vhd", "vhdx")
#: A configuration of Windows Server 2016.
_SINCE_2016 = (8, 0)


def _refuse(what: str, remedy: str) -> PlanRefused:
    return PlanRefused(f"{what} on Hyper-V", remedy=remedy)


def check_description(wanted: Description, vm: VirtualMachine | None) -> None:
    """Refuse what Hyper-V has no word for, or can't change.

    Args:
        wanted: What the user named.
        vm: The machine that is there; None where one is to be made.

    Raises:
        PlanRefused: An option, or a value of one, is not for Hyper-V.
    """
    values = wanted.values
    for option, remedy in _FOREIGN.items():
        if option in values:
            raise _refuse(f"there is no {option}", remedy)
    if vm is None and wanted.uuid is not None:
        raise _refuse(
            "no machine can be made with a uuid of one's own",
            "leave uuid out, or name a machine that is there",
        )
    _check_generation(values, vm)
    generation = _generation(values, vm)
    _check_firmware(values.get("firmware", {}), generation)
    _check_numbers(values)
    _check_memory(values, vm)
    for key in ("topology", "mode", "model"):
        if key in values.get("cpu", {}):
            raise _refuse(f"there is no cpu.{key}", "leave it out; cpu.nested is there")
    _check_serials(values.get("serials", ()))
    for number, disk in enumerate(wanted.disks):
        _check_disk(f"disks[{number}]", disk, generation)
    for number, nic in enumerate(wanted.nics):
        _check_nic(f"nics[{number}]", nic, generation)
    _check_boot(wanted, vm, generation)
    check_own(wanted.hyperv)


def _generation(values: Mapping[str, Any], vm: VirtualMachine | None) -> int:
    if vm is not None and vm.os is not None and vm.os.generation is not None:
        return vm.os.generation
    if values.get("generation") is not None:
        return int(values["generation"])
    return 1 if values.get("firmware", {}).get("type") == "bios" else 2


def _check_generation(values: Mapping[str, Any], vm: VirtualMachine | None) -> None:
    """Generation and version are those that a machine was made with."""
    firmware = values.get("firmware", {}).get("type")
    named = values.get("generation")
    if named is not None and firmware not in (None, "bios" if named == 1 else "uefi"):
        raise PlanRefused(
            f"generation is {named} and firmware.type {firmware}",
            remedy="leave one of them out: generation 1 has bios, generation 2 uefi",
        )
    if vm is None or vm.os is None:
        return
    if named is None and firmware is not None:
        named = 1 if firmware == "bios" else 2
    if named not in (None, vm.os.generation):
        raise PlanRefused(
            f"machine {vm.name} is of generation {vm.os.generation} and can't become one "
            f"of generation {named}",
            remedy="name its own generation, or make another machine",
        )
    version = values.get("version")
    if version not in (None, vm.os.version):
        raise PlanRefused(
            f"machine {vm.name} has configuration version {vm.os.version} and can't get "
            f"version {version}",
            remedy="leave version out; Update-VMVersion on the host brings it to the "
            "newest",
        )


def _check_firmware(firmware: Mapping[str, Any], generation: int) -> None:
    for key in ("secure_boot", "secure_boot_template", "tpm"):
        if firmware.get(key) and generation == 1:
            raise PlanRefused(
                f"firmware.{key} is not for machines of generation 1",
                remedy="make the machine with generation: 2",
            )
    template = firmware.get("secure_boot_template")
    if template is not None and template_guid(template) is None:
        raise PlanRefused(
            f"firmware.secure_boot_template is '{template}', which is no template",
            remedy="name MicrosoftWindows, MicrosoftUEFICertificateAuthority, "
            "OpenSourceShieldedVM, or a template by its GUID",
        )


def _check_numbers(values: Mapping[str, Any]) -> None:
    dynamic = values.get("dynamic_memory", {})
    lowest = {
        "vcpus": (values.get("vcpus"), 1),
        "start_delay": (values.get("start_delay"), 0),
        "dynamic_memory.buffer": (dynamic.get("buffer"), 0),
        "dynamic_memory.weight": (dynamic.get("weight"), 0),
    }
    for option, (value, least) in lowest.items():
        if value is not None and value < least:
            raise PlanRefused(
                f"{option} is {value}", remedy=f"name a number from {least} on"
            )


def _check_memory(values: Mapping[str, Any], vm: VirtualMachine | None) -> None:
    dynamic = values.get("dynamic_memory", {})
    sizes = {"memory": values.get("memory")}
    sizes["dynamic_memory.minimum"] = dynamic.get("minimum")
    sizes["dynamic_memory.maximum"] = dynamic.get("maximum")
    for option, size in sizes.items():
        if size is not None and (size % (2 * _MIB) or not size):
            raise PlanRefused(
                f"{option} is {size} bytes; memory of Hyper-V comes in steps of 2 MiB",
                remedy="round it to a multiple of 2MiB",
            )
    current = (vm.dynamic_memory if vm is not None else None) or {}
    if not dynamic.get("enabled", current.get("enabled", False)):
        for key in ("minimum", "maximum"):
            if key in dynamic:
                raise PlanRefused(
                    f"dynamic_memory.{key} is named, and dynamic memory is off",
                    remedy="add dynamic_memory.enabled: true, or leave it out",
                )


def _check_serials(serials: Any) -> None:
    if len(serials) > 2:
        raise _refuse("a machine has two serial ports", "name two at most")
    for number, one in enumerate(serials):
        kind, path = one.get("type"), one.get("path")
        if kind not in ("pipe", "none"):
            raise _refuse(f"serials[{number}].type can't be {kind}", "use pipe or none")
        if kind == "pipe" and not is_pipe(path):
            raise PlanRefused(
                f"serials[{number}].path is '{path}', which is no named pipe",
                remedy=r"write it as in \\.\pipe\com1",
            )


def _check_disk(where: str, disk: DiskWish, generation: int) -> None:
    if disk.target is not None and parse_target(disk.target) is None:
        raise PlanRefused(
            f"{where}.target is '{disk.target}', which is no place of a drive",
            remedy="write it as in scsi0:1 or ide1:0",
        )
    for option in ("source", "backing"):
        path = getattr(disk, option)
        if path is not None and not is_windows_path(path):
            word = "path" if option == "source" else option
            raise _refuse(
                f"{where}.{word} is '{path}', which is no whole path",
                r"write it as in C:\VMs\web1.vhdx",
            )
    if disk.state == ABSENT:
        return
    if disk.serial is not None:
        raise _refuse(f"there is no {where}.serial", "leave it out")
    if disk.readonly is not None and disk.readonly != (disk.device == CDROM):
        raise _refuse(
            f"{where}.readonly can't be {str(disk.readonly).lower()}",
            "leave it out: CD-ROMs are read-only, disks are not",
        )
    _check_bus(where, disk, generation)
    if disk.device == DISK and disk.source is not None:
        _check_format(where, disk, disk.source)


def _check_bus(where: str, disk: DiskWish, generation: int) -> None:
    buses = {
        (DISK, 1): ("ide", "scsi"),
        (DISK, 2): ("scsi",),
        (CDROM, 1): ("ide",),
        (CDROM, 2): ("scsi",),
        (FLOPPY, 1): ("fdc",),
        (FLOPPY, 2): (),
    }[disk.device, generation]
    if not buses:
        raise PlanRefused(
            f"{where}.device can't be floppy on a machine of generation 2",
            remedy="use an image of a CD-ROM, or generation: 1",
        )
    place = parse_target(disk.target) if disk.target else None
    for option, bus in (("bus", disk.bus), ("target", place[0] if place else None)):
        if bus is not None and bus not in buses:
            raise PlanRefused(
                f"{where}.{option} can't be {getattr(disk, option)} for a {disk.device} "
                f"of a machine of generation {generation} on Hyper-V",
                remedy=f"use {' or '.join(buses)}, or leave it out",
            )
    if disk.bus is not None and place is not None and disk.bus != place[0]:
        raise PlanRefused(
            f"{where}.bus is {disk.bus} and its target {disk.target}",
            remedy="leave one of them out",
        )


def _check_format(where: str, disk: DiskWish, source: str) -> None:
    ending = extension(source)
    if ending not in (*_DISK_FORMATS, "avhd", "avhdx", "vhds"):
        raise _refuse(
            f"{where}.path is '{source}'; images end in .vhdx or .vhd",
            "name it so",
        )
    if disk.format is not None and disk.format not in _DISK_FORMATS:
        raise _refuse(f"{where}.format can't be {disk.format}", "use vhdx or vhd")
    if disk.format is not None and disk.format != ending.removeprefix("a"):
        raise PlanRefused(
            f"{where}.format is {disk.format} and its path ends in .{ending}",
            remedy="leave format out: the ending says it",
        )
    if disk.size is not None and disk.size % 512:
        raise PlanRefused(
            f"{where}.size is {disk.size} bytes, which are no whole sectors",
            remedy="round it to a multiple of 1MiB",
        )


def _check_nic(where: str, nic: NicWish, generation: int) -> None:
    if nic.state == ABSENT:
        return
    if nic.bridge is not None:
        raise _refuse(f"there is no {where}.bridge", "name a switch in network")
    models = ("synthetic", "emulated") if generation == 1 else ("synthetic",)
    if nic.model is not None and nic.model not in models:
        raise PlanRefused(
            f"{where}.model can't be {nic.model} on a machine of generation "
            f"{generation} on Hyper-V",
            remedy=f"use {' or '.join(models)}, or leave it out",
        )
    if nic.vlan is not None and not 0 <= nic.vlan <= 4094:
        raise PlanRefused(
            f"{where}.vlan is {nic.vlan}", remedy="use 1 to 4094, or 0 for none"
        )


def _check_boot(
    wanted: Description, vm: VirtualMachine | None, generation: int
) -> None:
    """A kind of device that is not there has no place in the order of generation 2."""
    if "boot" not in wanted.values or generation == 1:
        return
    gone = {disk.target for disk in wanted.disks if disk.state == ABSENT}
    kinds = {disk.device for disk in wanted.disks if disk.state != ABSENT}
    kinds |= {
        disk.device
        for disk in (vm.disks if vm is not None else None) or ()
        if disk.target not in gone
    }
    has_nic = any(nic.state != ABSENT for nic in wanted.nics)
    if has_nic or (vm is not None and vm.nics):
        kinds.add("network")
    for kind in wanted.values["boot"]:
        if kind not in kinds:
            raise PlanRefused(
                f"boot names {kind}, and the machine has no such device",
                remedy="add one to disks or nics, or leave it out of boot",
            )


def in_own_words(wanted: Description, vm: VirtualMachine) -> Description:
    """A description as results spell it.

    The boot order is whole here: a machine has a place in it for each of its devices,
    and those that are not named follow those that are.
    """
    values = dict(wanted.values)
    if "boot" in values:
        current = vm.os.boot if vm.os is not None else ()
        values["boot"] = list(dict.fromkeys((*values["boot"], *current)))
    if "serials" in values:
        ports = [dict(one) for one in values["serials"]]
        while ports and ports[-1].get("type") == "none":
            ports.pop()
        values["serials"] = ports
    if values.get("description") == "" and vm.description is None:
        del values["description"]
    template = values.get("firmware", {}).get("secure_boot_template")
    if template is not None:
        word = template_word(template_guid(template))
        values["firmware"] = {**values["firmware"], "secure_boot_template": word}
    switches = {str(nic.source).lower(): nic.source for nic in vm.nics or ()}
    nics = tuple(
        replace(nic, network=switches.get(str(nic.network).lower(), nic.network))
        for nic in wanted.nics
    )
    # The floppy drive of generation 1 is always there; an empty one is not told of.
    has_floppy = any(disk.device == FLOPPY for disk in vm.disks or ())
    disks = tuple(
        disk
        for disk in wanted.disks
        if has_floppy or disk.device != FLOPPY or disk.source is not None
    )
    return replace(wanted, values=values, nics=nics, disks=disks)


# -- when --------------------------------------------------------------------------------


def timing(vm: VirtualMachine, change: Change) -> str:
    """When a change of a machine that is on takes effect: LIVE, or OFF."""
    return LIVE if _is_live(vm, change) else OFF


def _is_live(vm: VirtualMachine, change: Change) -> bool:
    if change.part in _LIVE_PARTS:
        return True
    if change.part == "hyperv":
        return is_live(change)
    if change.part == "memory":
        return _since_2016(vm) and not _is_dynamic(vm)
    if change.part == "dynamic_memory":
        return _widens(change)
    if change.part == "images":
        return change.action == CREATE_IMAGE or _grows_live(vm, change)
    if change.part == "disks":
        return _is_disk_live(vm, change)
    return change.part == "nics" and _is_nic_live(vm, change)


def _since_2016(vm: VirtualMachine) -> bool:
    text = (vm.os.version if vm.os is not None else None) or "0"
    numbers = tuple(int(part) for part in text.split(".") if part.isdigit())
    return numbers >= _SINCE_2016


def _is_dynamic(vm: VirtualMachine) -> bool:
    return bool((vm.dynamic_memory or {}).get("enabled"))


def _widens(change: Change) -> bool:
    """Whether the range of dynamic memory gets no narrower."""
    if change.item in ("buffer", "weight"):
        return True
    if change.before is None or change.item == "enabled":
        return False
    if change.item == "minimum":
        return bool(change.after < change.before)
    return bool(change.after > change.before)


def _grows_live(vm: VirtualMachine, change: Change) -> bool:
    """A VHDX on SCSI grows while it is in use, a VHD or one on IDE does not."""
    if change.action != GROW_IMAGE or change.item is None:
        return False
    wanted = change.item.lower()
    users = [
        disk
        for disk in vm.disks or ()
        if wanted in [one.lower() for one in (disk.source, *disk.backing) if one]
    ]
    fits = extension(change.item) == "vhdx"
    return all(disk.bus == "scsi" and fits for disk in users)


def _is_disk_live(vm: VirtualMachine, change: Change) -> bool:
    found, wish = change.found, change.wish
    if change.action == CHANGE:
        is_medium = set(change.after or {}) == {"source"}
        return is_medium and isinstance(found, Disk) and found.device != DISK
    if isinstance(found, Disk):
        return found.bus == "scsi" or found.device == FLOPPY
    if not isinstance(wish, DiskWish) or change.action != ADD:
        return False
    if wish.device == FLOPPY:
        return True
    place = parse_target(wish.target) if wish.target else None
    bus = place[0] if place else wish.bus
    if bus == "ide":
        return False
    # A controller is added only while the machine is off; a disk shows that there is one.
    numbers = {disk.target.partition(":")[0] for disk in vm.disks or ()}
    if place is not None:
        return f"{place[0]}{place[1]}" in numbers
    generation = vm.os.generation if vm.os is not None else None
    return "scsi0" in numbers and (wish.device == DISK or generation == 2)


def _is_nic_live(vm: VirtualMachine, change: Change) -> bool:
    if change.action == CHANGE:
        return True
    generation = vm.os.generation if vm.os is not None else None
    models = [
        one.model
        for one in (change.found, change.wish)
        if isinstance(one, (Nic, NicWish))
    ]
    return generation == 2 and _since_2016(vm) and "emulated" not in models
