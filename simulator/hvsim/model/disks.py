# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the image service does to files, and why it refuses.

The rules are those of Microsoft's pages on the methods of Msvm_ImageManagementService
and on Msvm_VirtualHardDiskSettingData, of CREATE_VIRTUAL_DISK_PARAMETERS (a size is a
multiple of 512, VHD ends at 2040 GB) and of New-VHD (block sizes, 64 TB for VHDX). The
codes are those of winerror.h (ERROR_VHD_*, 0xC03A00xx); the sentences are those that
New-VHD and Resize-VHD print ("Failed to resize the virtual disk ... might truncate
user data residing on the virtual disk. (0xC03A0025)": Siemens-Healthineers/K2s#1403).
"""

from __future__ import annotations

import ntpath
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from hvsim.model.images import (
    FORMATS,
    GIB,
    MIB,
    DiskType,
    Format,
    Image,
    extension,
)
from hvsim.model.jobs import JobError, ReturnCode

if TYPE_CHECKING:
    from hvsim.model.model import Model

LIMITS = {Format.VHD: 2040 * GIB, Format.VHDX: 64 * 1024 * GIB}
SMALLEST = 3 * MIB
BLOCKS = {
    Format.VHD: (512 << 10, 2 * MIB),
    Format.VHDX: tuple(MIB << power for power in range(9)),
}
DEFAULT_BLOCKS = {Format.VHD: 2 * MIB, Format.VHDX: 32 * MIB}
SECTORS = {Format.VHD: (512,), Format.VHDX: (512, 4096)}
HEADER = {Format.VHD: 512, Format.VHDX: 4 * MIB}
"""Bytes of the file beside the blocks."""


class Cause(Enum):
    """Why a file is refused: ErrorCode, Windows' code and its sentence."""

    NO_FILE = (
        ReturnCode.FILE_NOT_FOUND,
        0x80070002,
        "The system cannot find the file specified.",
    )
    NO_FOLDER = (
        ReturnCode.FILE_NOT_FOUND,
        0x80070003,
        "The system cannot find the path specified.",
    )
    IN_USE = (
        ReturnCode.IN_USE,
        0x80070020,
        "The process cannot access the file because it is being used by another "
        "process.",
    )
    NOT_SUPPORTED = (
        ReturnCode.NOT_SUPPORTED,
        0x80070032,
        "The request is not supported.",
    )
    EXISTS = (ReturnCode.FAILED, 0x80070050, "The file exists.")
    PARAMETER = (
        ReturnCode.INVALID_PARAMETER,
        0x80070057,
        "The parameter is incorrect.",
    )
    NAME = (
        ReturnCode.INVALID_PARAMETER,
        0x8007007B,
        "The filename, directory name, or volume label syntax is incorrect.",
    )
    BLOCK_SIZE = (
        ReturnCode.INVALID_PARAMETER,
        0xC03A000B,
        "The virtual hard disk is corrupted. The block size is incorrect.",
    )
    IDENTIFIERS = (
        ReturnCode.FAILED,
        0xC03A000E,
        "The chain of virtual hard disks is corrupted. There is a mismatch in the "
        "identifiers of the parent virtual hard disk and differencing disk.",
    )
    SIZE = (
        ReturnCode.INVALID_PARAMETER,
        0xC03A0012,
        "The size of the virtual hard disk is not valid.",
    )
    SIZES = (
        ReturnCode.FAILED,
        0xC03A0017,
        "The chain of virtual hard disks is corrupted. There is a mismatch in the "
        "virtual sizes of the parent virtual hard disk and differencing disk.",
    )
    TRUNCATES = (
        ReturnCode.FAILED,
        0xC03A0025,
        "The requested resize operation could not be completed because it might "
        "truncate user data residing on the virtual disk.",
    )


class DiskError(Exception):
    """An image that can't be worked on."""

    def __init__(self, cause: Cause, path: str) -> None:
        super().__init__(path)
        self.cause = cause
        self.path = path

    def job_error(self, verb: str) -> JobError:
        """The failure of a job that was to create, resize, ... an image."""
        code, hresult, text = self.cause.value
        sentence = (
            f"Failed to {verb} the virtual hard disk. The system failed to {verb} "
            f"'{self.path}': {text} (0x{hresult:08X})."
        )
        return JobError(code, sentence, hresult)


@dataclass(frozen=True)
class Wish:
    """An image that is wanted; 0 and None stand for the default."""

    path: str
    type: int
    format: int = 0
    parent: str = ""
    capacity: int = 0
    block_size: int = 0
    logical_sector: int = 0
    physical_sector: int = 0
    guid: str = ""

    @classmethod
    def read(cls, values: dict[str, Any]) -> Wish:
        """Of the properties of an Msvm_VirtualHardDiskSettingData."""
        return cls(
            path=values.get("Path") or "",
            type=values.get("Type") or 0,
            format=values.get("Format") or 0,
            parent=values.get("ParentPath") or "",
            capacity=values.get("MaxInternalSize") or 0,
            block_size=values.get("BlockSize") or 0,
            logical_sector=values.get("LogicalSectorSize") or 0,
            physical_sector=values.get("PhysicalSectorSize") or 0,
            guid=(values.get("VirtualDiskId") or "").strip("{}").upper(),
        )


def disk(model: Model, path: str) -> Image:
    """The virtual hard disk of a path. Raises DiskError."""
    image = model.images.find(path)
    if image is None:
        raise DiskError(Cause.NO_FILE, path)
    if not image.is_disk:
        raise DiskError(Cause.PARAMETER, path)
    return image


# Creating


def create(model: Model, wish: Wish) -> Image:
    """Make an image.

    Raises:
        DiskError: There is such a file, no folder for it or no parent; or the wish
            can't be met.
    """
    disk_format = _format(wish)
    _check_place(model, wish.path)
    if wish.type == DiskType.DIFFERENCING:
        image = _differencing(model, wish, disk_format)
    else:
        if wish.parent or wish.type not in (DiskType.FIXED, DiskType.DYNAMIC):
            raise DiskError(Cause.PARAMETER, wish.path)
        image = _plain(wish, disk_format)
    image.guid = wish.guid or model.new_guid("image")
    return model.images.add(image)


def _format(wish: Wish) -> Format:
    """The file's ending says it; what is told of the format has to agree."""
    found = FORMATS.get(extension(wish.path))
    if found is None:
        raise DiskError(Cause.NAME, wish.path)
    if wish.format not in (0, found):
        raise DiskError(Cause.PARAMETER, wish.path)
    if found == Format.VHD_SET:  # Windows can; hvsim says that it doesn't.
        raise DiskError(Cause.NOT_SUPPORTED, wish.path)
    return found


def _check_place(model: Model, path: str) -> None:
    if not ntpath.splitdrive(path)[0] or set(ntpath.basename(path)) & set('<>:"|?*'):
        raise DiskError(Cause.NAME, path)
    if not model.files.is_directory(ntpath.dirname(path)):
        raise DiskError(Cause.NO_FOLDER, path)
    if model.files.is_file(path) or model.files.is_directory(path):
        raise DiskError(Cause.EXISTS, path)


def _plain(wish: Wish, disk_format: Format) -> Image:
    sectors = SECTORS[disk_format]
    logical = wish.logical_sector or 512
    physical = wish.physical_sector or sectors[-1]
    if logical not in sectors or physical not in sectors or physical < logical:
        raise DiskError(Cause.PARAMETER, wish.path)
    check_size(wish.path, disk_format, wish.capacity, logical)
    is_fixed = wish.type == DiskType.FIXED
    return Image(
        wish.path,
        HEADER[disk_format] + (wish.capacity if is_fixed else 0),
        wish.capacity,
        DiskType(wish.type),
        block_size=0 if is_fixed else _block_size(wish, disk_format),
        logical_sector=logical,
        physical_sector=physical,
    )


def check_size(path: str, disk_format: Format, capacity: int, sector: int) -> None:
    """Whether a disk can have that many bytes. Raises DiskError."""
    fits = SMALLEST <= capacity <= LIMITS[disk_format]
    if not fits or capacity % sector:
        raise DiskError(Cause.SIZE, path)


def _block_size(wish: Wish, disk_format: Format) -> int:
    size = wish.block_size or DEFAULT_BLOCKS[disk_format]
    if size not in BLOCKS[disk_format]:
        raise DiskError(Cause.BLOCK_SIZE, wish.path)
    return size


def _differencing(model: Model, wish: Wish, disk_format: Format) -> Image:
    if not wish.parent:
        raise DiskError(Cause.PARAMETER, wish.path)
    parent = disk(model, wish.parent)
    if model.is_locked(wish.parent):
        raise DiskError(Cause.IN_USE, wish.parent)
    if parent.format != disk_format:
        raise DiskError(Cause.PARAMETER, wish.path)
    if wish.capacity not in (0, parent.capacity):
        raise DiskError(Cause.SIZE, wish.path)
    return child_of(parent, wish.path, _block_size(wish, disk_format))


def child_of(parent: Image, path: str, block_size: int = 0) -> Image:
    """A differencing disk upon another, without anything of its own."""
    return replace(
        parent,
        path=path,
        size=HEADER[parent.format],
        type=DiskType.DIFFERENCING,
        parent=parent.path,
        guid="",
        block_size=block_size or DEFAULT_BLOCKS[parent.format],
        parent_guid=parent.guid,
        slack=0,
    )


# Changing


def resize(model: Model, path: str, capacity: int) -> None:
    """Grow an image, or shrink a VHDX to no less than its least size.

    A VHDX in a SCSI slot of a machine that is on can be resized (since Windows Server
    2012 R2), if it is no differencing disk; any other image that is in use can't.

    Raises:
        DiskError: It is none, in use, the parent of another, or of the wrong kind.
    """
    image = disk(model, path)
    if model.images.children(path):
        raise DiskError(Cause.SIZES, path)
    if model.user(path) and not _is_resizable_online(model, image):
        raise DiskError(Cause.IN_USE, path)
    is_vhdx = image.format == Format.VHDX
    if image.type == DiskType.DIFFERENCING and not is_vhdx:
        raise DiskError(Cause.NOT_SUPPORTED, path)
    check_size(path, image.format, capacity, image.logical_sector)
    if capacity < image.capacity and not is_vhdx:
        raise DiskError(Cause.NOT_SUPPORTED, path)
    if capacity < image.minimum:
        raise DiskError(Cause.TRUNCATES, path)
    if image.type == DiskType.FIXED:
        image.size += capacity - image.capacity
    image.capacity = capacity


def _is_resizable_online(model: Model, image: Image) -> bool:
    if image.format != Format.VHDX or image.type == DiskType.DIFFERENCING:
        return False
    machine = model.user(image.path)
    assert machine is not None
    scsi = {guid.upper() for guid in machine.configuration.scsi}
    return any(
        drive.controller.partition("\\")[0].upper() in scsi
        for drive in machine.configuration.drives
        if drive.path and drive.path.lower() == image.path.lower()
    )


def convert(model: Model, path: str, wish: Wish) -> None:
    """Make an image of another type or format with what an image holds.

    Raises:
        DiskError: A machine writes to the image, or the new one can't be made.
    """
    source = disk(model, path)
    if model.writer(path):
        raise DiskError(Cause.IN_USE, path)
    if wish.type != DiskType.DIFFERENCING:
        wish = replace(
            wish,
            capacity=wish.capacity or source.capacity,
            logical_sector=source.logical_sector,
        )
    image = create(model, wish)
    image.minimum = source.minimum
    if image.type != DiskType.FIXED:
        image.size = min(
            sum(link.size for link in model.images.chain(path)),
            image.size + image.capacity,
        )


def compact(model: Model, path: str) -> None:
    """Give back what a file holds and doesn't need. Raises DiskError."""
    image = disk(model, path)
    check_unused(model, path)
    if image.type == DiskType.FIXED and image.format == Format.VHD:
        raise DiskError(Cause.NOT_SUPPORTED, path)
    image.size -= image.slack
    image.slack = 0


def merge(model: Model, path: str, destination: str) -> None:
    """Put what a differencing disk holds into one that it stands upon.

    The disks above the destination are gone afterwards.

    Raises:
        DiskError: One of them is in use, or has another disk upon it; or the
            destination isn't below.
    """
    image = disk(model, path)
    target = disk(model, destination)
    chain = list(model.images.chain(path))
    if image.type != DiskType.DIFFERENCING or target not in chain[1:]:
        raise DiskError(Cause.PARAMETER, path)
    upper = chain[: chain.index(target)]
    check_unused(model, path)
    for link in (*upper, target):
        if any(child not in upper for child in model.images.children(link.path)):
            raise DiskError(Cause.IN_USE, link.path)
    _absorb(target, upper)
    for link in upper:
        model.images.remove(link.path)


def _absorb(target: Image, upper: list[Image]) -> None:
    if target.type != DiskType.FIXED:
        own = sum(link.size - HEADER[link.format] for link in upper)
        target.size = min(target.size + own, target.size + target.capacity)
    target.capacity = upper[0].capacity
    target.minimum = upper[0].minimum


def set_parent(
    model: Model, path: str, parent: str, *, leaf: str = "", ignore: bool = False
) -> None:
    """Let a differencing disk stand upon another file.

    Args:
        model: The host.
        path: The differencing disk.
        parent: What it shall stand upon.
        leaf: The top of the chain, to be named if it is in use.
        ignore: Whether the identifiers may differ.

    Raises:
        DiskError: There is no such disk, it is in use, or the two don't fit.
    """
    image, below = disk(model, path), disk(model, parent)
    if image.type != DiskType.DIFFERENCING or below.format != image.format:
        raise DiskError(Cause.PARAMETER, path)
    if model.user(path) and not leaf:
        raise DiskError(Cause.IN_USE, path)
    if image in model.images.chain(parent):
        raise DiskError(Cause.PARAMETER, path)
    if below.capacity != image.capacity:
        raise DiskError(Cause.SIZES, path)
    if image.parent_guid != below.guid and not ignore:
        raise DiskError(Cause.IDENTIFIERS, path)
    image.parent, image.parent_guid = below.path, below.guid


def set_identifier(model: Model, path: str, guid: str) -> None:
    """Give a VHDX that isn't attached another identifier. Raises DiskError."""
    image = disk(model, path)
    if image.guid == guid:
        return
    if image.format != Format.VHDX:
        raise DiskError(Cause.NOT_SUPPORTED, path)
    check_unused(model, path)
    image.guid = guid


def set_physical_sector(model: Model, path: str, size: int) -> None:
    """Let a VHDX tell of other sectors. Raises DiskError."""
    image = disk(model, path)
    check_unused(model, path)
    if size not in SECTORS[Format.VHDX] or image.format != Format.VHDX:
        raise DiskError(Cause.PARAMETER, path)
    image.physical_sector = size


def validate(model: Model, path: str) -> None:
    """Whether an image and those below it fit each other. Raises DiskError."""
    image = disk(model, path)
    while image.parent:
        below = disk(model, image.parent)
        if image.parent_guid != below.guid:
            raise DiskError(Cause.IDENTIFIERS, image.path)
        if image.capacity != below.capacity:
            raise DiskError(Cause.SIZES, image.path)
        image = below


def check_unused(model: Model, path: str) -> None:
    """No machine that is on holds the image. Raises DiskError."""
    if model.user(path):
        raise DiskError(Cause.IN_USE, path)
