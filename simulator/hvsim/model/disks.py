# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making virtual hard disks: what is wanted, and what of it can be.

The rules are those of Microsoft's pages on Msvm_VirtualHardDiskSettingData, on
CREATE_VIRTUAL_DISK_PARAMETERS (a size is a multiple of 512, VHD ends at 2040 GB; the
former page would round a size up, hvsim refuses it) and on New-VHD (block sizes, 64 TB
for VHDX).
"""

from __future__ import annotations

import ntpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hvsim.model.disk_errors import Cause, DiskError
from hvsim.model.images import (
    FORMATS,
    GIB,
    MIB,
    DiskType,
    Format,
    Image,
    extension,
)

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
