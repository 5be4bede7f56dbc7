# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disks of checkpoints: .avhdx files that stand upon what was there before.

A checkpoint keeps the files that a machine had; the machine goes on in differencing
disks upon them, named after the disk with a GUID behind it. When a checkpoint is
deleted, what stands alone upon a file that nobody needs any more is merged into it
(Microsoft: "the .avhdx file ... is merged ... into the .vhdx file").
"""

from __future__ import annotations

import ntpath
import re
from collections.abc import Iterable, Iterator

from hvsim.model.disks import child_of
from hvsim.model.images import Format, Image, ImageFiles
from hvsim.model.machine import Configuration, Drive, Machine

_SUFFIX = re.compile(r"_[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$", re.IGNORECASE)


def configurations(machine: Machine) -> Iterator[Configuration]:
    """The present configuration and those of the checkpoints."""
    yield machine.configuration
    for snapshot in machine.snapshots:
        yield snapshot.configuration


def disk_drives(configuration: Configuration) -> Iterator[tuple[Drive, str]]:
    """The drives with a virtual hard disk, and its path."""
    for drive in configuration.drives:
        if drive.path and not drive.is_dvd:
            yield drive, drive.path


def missing_disk(images: ImageFiles, configuration: Configuration) -> str | None:
    """The first disk whose file, or one below it, is not there."""
    for _, path in disk_drives(configuration):
        below = path
        for image in images.chain(path):
            below = image.parent
        if below:
            return below
    return None


def branch(images: ImageFiles, configuration: Configuration, guid: str) -> None:
    """Let a configuration go on in new files upon those that it has."""
    for drive, path in disk_drives(configuration):
        parent = images.find(path)
        assert parent is not None
        image = child_of(parent, _name(parent, guid), parent.block_size)
        image.guid = guid
        drive.path = images.add(image).path


def _name(parent: Image, guid: str) -> str:
    stem = _SUFFIX.sub("", ntpath.splitext(parent.path)[0])
    return f"{stem}_{guid}.{'avhd' if parent.format == Format.VHD else 'avhdx'}"


def is_automatic(image: Image) -> bool:
    """Whether it is a file that a checkpoint made."""
    return image.extension in ("avhd", "avhdx")


def files_of(images: ImageFiles, machine: Machine) -> list[str]:
    """The files of a machine's disks and of those below them."""
    found: dict[str, str] = {}
    for configuration in configurations(machine):
        for _, path in disk_drives(configuration):
            for image in images.chain(path):
                found[image.path.lower()] = image.path
    return list(found.values())


def drop_present(images: ImageFiles, machine: Machine) -> None:
    """Take away the files that only the present configuration goes on in."""
    kept = {
        path.lower()
        for snapshot in machine.snapshots
        for _, path in disk_drives(snapshot.configuration)
    }
    for _, path in list(disk_drives(machine.configuration)):
        image = images.find(path)
        if image is None or path.lower() in kept:
            continue
        if is_automatic(image) and not images.children(path):
            images.remove(path)


def tidy(images: ImageFiles, machines: Iterable[Machine], paths: Iterable[str]) -> None:
    """Remove and merge what nobody needs any more.

    Args:
        images: All images.
        machines: All machines: what one of them has in a drive stays.
        paths: The files that may be removed or merged.
    """
    everyone = [c for machine in machines for c in configurations(machine)]
    again = True
    while again:
        again = any(_tidy_one(images, everyone, path) for path in paths)


def _tidy_one(images: ImageFiles, everyone: list[Configuration], path: str) -> bool:
    image = images.find(path)
    if image is None or _is_needed(everyone, path):
        return False
    children = images.children(path)
    if not children and is_automatic(image):
        images.remove(path)
        return True
    if len(children) != 1 or not is_automatic(children[0]):
        return False
    _merge(images, everyone, children[0], image)
    return True


def _is_needed(everyone: list[Configuration], path: str) -> bool:
    wanted = path.lower()
    return any(p.lower() == wanted for c in everyone for _, p in disk_drives(c))


def _merge(
    images: ImageFiles, everyone: list[Configuration], upper: Image, lower: Image
) -> None:
    """Put a file into the one below it; what pointed to the upper one then does there."""
    for image in images.children(upper.path):
        image.parent, image.parent_guid = lower.path, lower.guid
    for configuration in everyone:
        for drive, path in disk_drives(configuration):
            if path.lower() == upper.path.lower():
                drive.path = lower.path
    if lower.block_size:
        lower.size = min(lower.size + upper.size, lower.size + lower.capacity)
    lower.capacity, lower.minimum = upper.capacity, upper.minimum
    images.remove(upper.path)
