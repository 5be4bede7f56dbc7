# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image files of the host's file system, without their contents."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

GIB = 1 << 30
MIB = 1 << 20


class DiskType(IntEnum):
    """Msvm_VirtualHardDiskSettingData.Type."""

    FIXED = 2
    DYNAMIC = 3
    DIFFERENCING = 4


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

    @property
    def extension(self) -> str:
        """The ending of its name, without the dot."""
        return self.path.rpartition(".")[2].lower()

    @property
    def is_disk(self) -> bool:
        """Whether it is a virtual hard disk."""
        return self.extension in ("vhd", "vhdx", "avhd", "avhdx", "vhds")

    @property
    def format(self) -> int:
        """Msvm_VirtualHardDiskSettingData.Format: 2 VHD, 3 VHDX, 4 VHDSet."""
        return {"vhd": 2, "avhd": 2, "vhds": 4}.get(self.extension, 3)


class ImageFiles:
    """The files, found by path without case."""

    def __init__(self) -> None:
        self._files: dict[str, Image] = {}

    def add(self, image: Image) -> Image:
        """Put a file there, over one that is there."""
        self._files[image.path.lower()] = image
        return image

    def find(self, path: str) -> Image | None:
        """The file of that path, if there is one."""
        return self._files.get(path.replace("/", "\\").lower())

    def all(self) -> list[Image]:
        """Every file, in the order in which they were made."""
        return list(self._files.values())
