# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image files of the host's file system, without their contents."""

from __future__ import annotations

import ntpath
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from hvsim.files import Files

DISK_FOLDER = r"C:\VMs\Virtual Hard Disks"
DATA_FOLDER = r"C:\ProgramData\Microsoft\Windows\Hyper-V"
FOLDERS = (
    DISK_FOLDER,
    DATA_FOLDER + r"\Virtual Machines",
    DATA_FOLDER + r"\Snapshots",
)
"""Where the host puts disks, machines and checkpoints by itself."""
GIB = 1 << 30
MIB = 1 << 20


class DiskType(IntEnum):
    """Msvm_VirtualHardDiskSettingData.Type."""

    FIXED = 2
    DYNAMIC = 3
    DIFFERENCING = 4


class Format(IntEnum):
    """Msvm_VirtualHardDiskSettingData.Format."""

    VHD = 2
    VHDX = 3
    VHD_SET = 4


FORMATS = {
    "vhd": Format.VHD,
    "avhd": Format.VHD,
    "vhdx": Format.VHDX,
    "avhdx": Format.VHDX,
    "vhds": Format.VHD_SET,
}
"""The formats by the ending of the file's name."""


@dataclass
class Image:
    """A virtual hard disk, or another file (an ISO image)."""

    path: str
    size: int
    """Bytes in the file."""
    capacity: int = 0
    """Bytes that a guest sees."""
    type: DiskType = DiskType.DYNAMIC
    parent: str = ""
    guid: str = ""
    block_size: int = 32 * MIB
    """Of a disk that grows; a fixed one has none."""
    logical_sector: int = 512
    physical_sector: int = 4096
    minimum: int = 0
    """Bytes to which the disk may shrink: the end of the guest's last partition."""
    parent_guid: str = ""
    """The identifier that its parent had when the two were joined."""
    slack: int = 0
    """Bytes of the file that compacting gives back."""

    @property
    def extension(self) -> str:
        """The ending of its name, without the dot."""
        return extension(self.path)

    @property
    def is_disk(self) -> bool:
        """Whether it is a virtual hard disk."""
        return self.extension in FORMATS

    @property
    def format(self) -> Format:
        """What kind of virtual hard disk it is."""
        return FORMATS.get(self.extension, Format.VHDX)


def extension(path: str) -> str:
    """The ending of a file's name, in lower case and without the dot."""
    return ntpath.splitext(path)[1][1:].lower()


class ImageFiles:
    """The images among the files, found by path without case.

    Args:
        files: All files of the host.
    """

    def __init__(self, files: Files) -> None:
        self.files = files

    def add(self, image: Image) -> Image:
        """Put a file there, over one that is there; its folders are made."""
        self.files.place(image)
        return image

    def find(self, path: str) -> Image | None:
        """The image of that path, if there is one.

        A file that was written, by a remote shell for example, may be one of a CD or a
        floppy disk; it is no virtual hard disk.
        """
        found = self.files.file(path)
        if isinstance(found, bytes) and extension(path) not in FORMATS:
            return Image(self.files.shown(path), len(found))
        return found if isinstance(found, Image) else None

    def remove(self, path: str) -> None:
        """Take a file away, whatever holds it. Raises NotFound."""
        self.files.remove(path, by_holder=True)

    def all(self) -> list[Image]:
        """Every image, in the order in which they were made."""
        return [file for _, file in self.files.all_files() if isinstance(file, Image)]

    def chain(self, path: str) -> Iterator[Image]:
        """An image and those below it: its parent, the parent's parent."""
        seen: set[str] = set()
        while path and path.lower() not in seen:
            seen.add(path.lower())
            image = self.find(path)
            if image is None:
                return
            yield image
            path = image.parent

    def children(self, path: str) -> list[Image]:
        """The differencing disks that stand upon an image."""
        wanted = path.lower()
        return [image for image in self.all() if image.parent.lower() == wanted]
