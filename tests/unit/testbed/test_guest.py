# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk that boots a guest: a loader, a table of partitions, an archive."""

from __future__ import annotations

import io
import struct
import tarfile
from pathlib import Path

import pytest

from testbed.guest import SECTOR, TestbedError, write_boot_image


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a kernel and an initramfs, and a boot loader's two images."""
    (tmp_path / "vmlinuz").write_bytes(b"kernel" * 1000)
    (tmp_path / "initramfs").write_bytes(b"files" * 1000)
    loader = tmp_path / "loader"
    loader.mkdir()
    (loader / "boot.img").write_bytes(b"B" * SECTOR)
    (loader / "core.img").write_bytes(b"C" * 5000)
    return tmp_path


def test_boot_image_has_loader_partition_and_files(folder: Path) -> None:
    write_boot_image(folder, folder / "loader")
    image = (folder / "boot.img").read_bytes()
    assert len(image) % (1 << 20) == 0
    assert image[:446] == b"B" * 446
    assert image[510:512] == b"\x55\xaa"
    assert image[SECTOR : SECTOR + 5000] == b"C" * 5000
    active, kind, start, length = struct.unpack("<BxxxBxxxII", image[446:462])
    assert (active, kind) == (0x80, 0x83)
    assert image[462:510] == bytes(48)
    archive = image[start * SECTOR : (start + length) * SECTOR]
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        assert tar.getnames() == ["vmlinuz", "initramfs"]
        kernel = tar.extractfile("vmlinuz")
        assert kernel is not None
        assert kernel.read() == b"kernel" * 1000


def test_loader_that_would_reach_into_the_partition_is_refused(folder: Path) -> None:
    (folder / "loader" / "core.img").write_bytes(bytes(1 << 20))
    with pytest.raises(TestbedError, match="too many"):
        write_boot_image(folder, folder / "loader")
