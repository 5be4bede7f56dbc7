# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing virtual hard disks: resizing, converting, merging and the like.

The rules are those of Microsoft's pages on the methods of Msvm_ImageManagementService.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hvsim.model.disk_errors import Cause, DiskError
from hvsim.model.disks import HEADER, SECTORS, Wish, check_size, create, disk
from hvsim.model.images import DiskType, Format, Image

if TYPE_CHECKING:
    from hvsim.model.model import Model


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
