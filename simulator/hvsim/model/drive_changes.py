# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be changed of SCSI controllers, drives and the media in them.

A drive stands in a slot of a controller (IDE 0 and 1, SCSI 0 to 63), a medium in a
drive; each is added and removed by itself, the medium first (os-win and r4sd/go-wsman
do it so). Disks on SCSI come and go while the machine is on, those on IDE do not; a
medium of a DVD or floppy drive may always be changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hvsim.model.compute_changes import invalid
from hvsim.model.editing import Edit, key_of, split_id
from hvsim.model.host_disks import host_disks
from hvsim.model.identifiers import FLOPPY, IDE
from hvsim.model.images import Image
from hvsim.model.jobs import ReturnCode
from hvsim.model.machine import Configuration, Drive
from hvsim.model.resources import MEDIUM_DEFAULTS
from hvsim.model.starting import holder_of
from hvsim.wmi.embedded import EmbeddedError
from hvsim.wmi.registry import Values

if TYPE_CHECKING:
    from hvsim.model.model import Model

MOST_CONTROLLERS = 4
SCSI_SLOTS = 64
FLOPPY_DRIVE = rf"{FLOPPY}\0\0\D"
DRIVES = {
    "Synthetic Disk Drive": False,
    "Physical Disk Drive": False,
    "Synthetic DVD Drive": True,
}
"""Sub-types of drives, and whether they take DVDs."""
DRIVE_WRITABLE = frozenset({"Address", "AddressOnParent", "HostResource", "Parent"})
MEDIUM_WRITABLE = frozenset(MEDIUM_DEFAULTS) | {"HostResource", "Parent"}
MEDIUM_LIVE = frozenset({"IOPSLimit", "IOPSReservation", "StorageQoSPolicyID"})


def failure(message: str) -> EmbeddedError:
    """What can't be done."""
    return EmbeddedError(ReturnCode.FAILED, message)


# Controllers


def add_controller(edit: Edit, new_guid: str, identifiers: list[str] | None) -> str:
    """Add a SCSI controller: the tail of its InstanceID. Raises EmbeddedError."""
    if len(edit.configuration.scsi) >= MOST_CONTROLLERS:
        raise failure(
            f"A virtual machine has at most {MOST_CONTROLLERS} SCSI controllers."
        )
    edit.require_off("The SCSI controllers")
    edit.configuration.scsi.append(new_guid)
    if identifiers:
        edit.configuration.identifiers[new_guid] = identifiers
    return rf"{new_guid}\0"


def remove_controller(edit: Edit, tail: str) -> None:
    """Remove an empty SCSI controller. Raises EmbeddedError."""
    edit.require_off("The SCSI controllers")
    if any(same(drive.controller, tail) for drive in edit.configuration.drives):
        raise failure("The SCSI controller still has drives.")
    wanted = tail.partition("\\")[0].upper()
    edit.configuration.scsi = [g for g in edit.configuration.scsi if g != wanted]
    edit.configuration.identifiers.pop(wanted, None)


def same(one: str, other: str) -> bool:
    """Whether two tails are of one part."""
    return one.lower() == other.lower()


def _controller(edit: Edit, parent: str | None) -> str:
    """The tail of the controller that a path names."""
    guid, tail = split_id(key_of(parent))
    names = [rf"{scsi}\0" for scsi in edit.configuration.scsi]
    if edit.configuration.generation == 1:
        names += [rf"{IDE}\0", rf"{IDE}\1"]
    for name in names:
        if guid == edit.guid and same(name, tail):
            return name
    raise invalid("Parent: the virtual machine has no such controller.")


def is_ide(controller: str) -> bool:
    """Whether a controller's tail is one of the IDE controllers'."""
    return controller.upper().startswith(IDE.upper())


# Drives


def add_drive(edit: Edit, sub_type: str, values: Values) -> str:
    """Add a drive: the tail of its InstanceID. Raises EmbeddedError."""
    controller = _controller(edit, values.get("Parent"))
    is_dvd = DRIVES[sub_type]
    if is_dvd and not is_ide(controller) and edit.configuration.generation == 1:
        raise failure("A DVD drive of generation 1 belongs to an IDE controller.")
    address = values.get("AddressOnParent") or values.get("Address")
    slot = _slot(edit, controller, address)
    edit.require("A drive", hot=not is_ide(controller))
    drive = Drive(controller, slot, None, is_dvd)
    if sub_type == "Physical Disk Drive":
        drive.host_resource = _host_disk(edit, values.get("HostResource"))
    edit.configuration.drives.append(drive)
    return _tail(drive)


def _tail(drive: Drive) -> str:
    return rf"{drive.controller}\{drive.slot}\D"


def _slot(edit: Edit, controller: str, address: str | None) -> int:
    taken = {d.slot for d in edit.configuration.drives if d.controller == controller}
    slots = range(2 if is_ide(controller) else SCSI_SLOTS)
    if not address:
        free = [slot for slot in slots if slot not in taken]
        if not free:
            raise failure("The controller has no free slot.")
        return free[0]
    if not address.isdecimal() or int(address) not in slots:
        raise invalid(f"AddressOnParent: the controller has no slot {address}.")
    if int(address) in taken:
        raise failure(f"AddressOnParent: slot {address} is already in use.")
    return int(address)


def _host_disk(edit: Edit, resource: list[str] | None) -> str:
    wanted = key_of(resource[0] if resource else None, "DeviceID").lower()
    if all(disk["DeviceID"].lower() != wanted for disk in host_disks(edit.model)):
        raise invalid("HostResource: the host has no such disk that is offline.")
    for machine in edit.model.machines.values():
        for drive in machine.configuration.drives:
            path = drive.host_resource
            if path and key_of(path, "DeviceID").lower() == wanted:
                raise EmbeddedError(ReturnCode.IN_USE, "The disk is in use.")
    return str(resource[0] if resource else "")


def find_drive(configuration: Configuration, tail: str) -> Drive | None:
    """The drive of a tail that ends in D, or in L as its medium's does."""
    wanted = tail[:-1] + "D"
    return next((d for d in configuration.drives if same(_tail(d), wanted)), None)


def remove_drive(edit: Edit, tail: str) -> None:
    """Remove a drive without a medium. Raises EmbeddedError."""
    drive = find_drive(edit.configuration, tail)
    if drive is None:
        raise failure("The device can't be removed.")
    if drive.path:
        raise failure("The drive can't be removed: it still has a medium.")
    edit.require("A drive", hot=not is_ide(drive.controller))
    edit.configuration.drives.remove(drive)


# Media


def add_medium(edit: Edit, sub_type: str, values: Values) -> str:
    """Put an image in a drive: the tail of the medium. Raises EmbeddedError."""
    guid, tail = split_id(key_of(values.get("Parent")))
    if sub_type == "Virtual Floppy Disk":
        return _insert_floppy(edit, guid, tail, values)
    drive = find_drive(edit.configuration, tail) if guid == edit.guid else None
    if drive is None or not tail.upper().endswith("D"):
        raise invalid("Parent: the virtual machine has no such drive.")
    if drive.is_dvd != (sub_type == "Virtual CD/DVD Disk") or drive.host_resource:
        raise invalid(f"Parent: a {sub_type} does not fit the drive.")
    if drive.path:
        raise failure("The drive already has a medium.")
    drive.path = _image(edit, drive, values.get("HostResource")).path
    edit.require("A disk", hot=drive.is_dvd or not is_ide(drive.controller))
    drive.settings.update(_written(values))
    return _tail(drive)[:-1] + "L"


def _written(values: Values) -> Values:
    return {name: v for name, v in values.items() if name in MEDIUM_DEFAULTS}


def _insert_floppy(edit: Edit, guid: str, tail: str, values: Values) -> str:
    if guid != edit.guid or not same(tail, FLOPPY_DRIVE):
        raise invalid("Parent: the virtual machine has no such drive.")
    if edit.configuration.generation != 1:
        raise invalid("A virtual machine of generation 2 has no floppy drive.")
    if edit.configuration.floppy:
        raise failure("The drive already has a medium.")
    edit.configuration.floppy = _file(edit.model, values.get("HostResource")).path
    return FLOPPY_DRIVE[:-1] + "L"


def _file(model: Model, resource: list[str] | None) -> Image:
    path = resource[0] if resource else ""
    if not path:
        raise invalid("HostResource: no file is named.")
    image = model.images.find(path)
    if image is None:
        raise EmbeddedError(
            ReturnCode.FILE_NOT_FOUND,
            f"'{path}': The system cannot find the file specified. (0x80070002)",
        )
    return image


def _image(edit: Edit, drive: Drive, resource: list[str] | None) -> Image:
    """The image of that path, if it may be in that drive. Raises EmbeddedError."""
    image = _file(edit.model, resource)
    if drive.is_dvd:
        if image.is_disk:
            raise failure(f"'{image.path}' is no image of a CD or DVD.")
        return image
    if not image.is_disk:
        raise failure(f"'{image.path}' is no virtual hard disk. (0xC03A0014)")
    others = [d for d in edit.configuration.drives if d is not drive]
    if any(d.path and same(d.path, image.path) for d in others):
        raise EmbeddedError(
            ReturnCode.IN_USE, f"'{image.path}' is already a disk of this machine."
        )
    holder = holder_of(edit.model, image.path, edit.machine)
    if holder:
        raise EmbeddedError(
            ReturnCode.IN_USE,
            f"'{image.path}': The process cannot access the file because it is being "
            f"used by another process. (0x80070020)",
        )
    return image


def modify_medium(edit: Edit, tail: str, values: Values) -> None:
    """Change the image or how it is used. Raises EmbeddedError."""
    if same(tail, FLOPPY_DRIVE[:-1] + "L"):
        edit.configuration.floppy = _file(edit.model, values.get("HostResource")).path
        return
    drive = find_drive(edit.configuration, tail)
    if drive is None or not drive.path:
        raise invalid("There is no such medium.")
    resource = values.get("HostResource")
    if resource is not None and not same(drive.path, resource[0] if resource else ""):
        image = _image(edit, drive, resource)
        edit.require("A disk", hot=drive.is_dvd or not is_ide(drive.controller))
        drive.path = image.path
    before = {**MEDIUM_DEFAULTS, **drive.settings}
    for name, value in _written(values).items():
        if value != before[name]:
            edit.require(f"{name} of a disk", hot=name in MEDIUM_LIVE)
            drive.settings[name] = value
    after = {**before, **drive.settings}
    if 0 < after["IOPSLimit"] < after["IOPSReservation"]:
        raise invalid("IOPSReservation is more than IOPSLimit.")


def remove_medium(edit: Edit, tail: str) -> None:
    """Take the image out of a drive; the file stays. Raises EmbeddedError."""
    if same(tail, FLOPPY_DRIVE[:-1] + "L"):
        edit.configuration.floppy = None
        return
    drive = find_drive(edit.configuration, tail)
    if drive is None or not drive.path:
        raise invalid("There is no such medium.")
    edit.require("A disk", hot=drive.is_dvd or not is_ide(drive.controller))
    drive.path = None
    drive.settings.clear()
