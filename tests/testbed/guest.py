# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests that boot for real: a distribution's kernel and a busybox.

The kernel package is downloaded once and unpacked under the checkout's .cache/; nothing
is installed. The guests run under TCG (``type='qemu'``): KVM may be advertised where it
hangs. x86_64 only.
"""

from __future__ import annotations

import fcntl
import io
import lzma
import re
import shutil
import struct
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from testbed.process import TestbedError, program, run, write

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".cache" / "testbed"
KERNELS = ("linux-image-cloud-amd64", "linux-image-virtual")
#: In the order in which they can be loaded: one needs those before it.
MODULES = (
    "button",
    "evdev",
    "virtio_ring",
    "virtio",
    "virtio_pci_legacy_dev",
    "virtio_pci_modern_dev",
    "virtio_pci",
    "virtio_blk",
    "failover",
    "net_failover",
    "virtio_net",
    "virtio_balloon",
)
BOOT_PACKAGES = ("grub-common", "grub-pc-bin")
BOOT_MODULES = ("biosdisk", "part_msdos", "tar", "linux")
BOOT_CONFIG = """\
linux (hd0,msdos1)/vmlinuz console=ttyS0 quiet panic=-1
initrd (hd0,msdos1)/initramfs
boot
"""
SECTOR = 512
UP = "TESTBED-GUEST-UP"
SEES = "TESTBED-GUEST-SEES"
DOWNLOAD_LIMIT = 300.0

DOMAIN = """\
<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>192</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>{directory}/vmlinuz</kernel>
    <initrd>{directory}/initramfs</initrd>
    <cmdline>console=ttyS0 quiet panic=-1{arguments}</cmdline>
  </os>
  <features><acpi/></features>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='{directory}/{name}.img'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <controller type='usb' model='none'/>
    <serial type='pty'><log file='{directory}/{name}.log' append='on'/></serial>
    <memballoon model='none'/>
  </devices>
</domain>
"""


@dataclass(frozen=True)
class Guest:
    """Two guests, ready to be defined.

    Args:
        directory: Holds kernel, initramfs, disks, domain XML and serial logs, and
            boot.img, a disk that boots the same with a boot loader.
        name: The guest that heeds the power button.
        deaf_name: The guest that does not.
    """

    directory: Path
    name: str = "guest1"
    deaf_name: str = "deaf1"

    def xml_file(self, name: str) -> Path:
        """Where the domain XML of one of the two is."""
        return self.directory / f"{name}.xml"

    def serial_log(self, name: str) -> Path:
        """Where qemu writes what one of the two says on its serial console."""
        return self.directory / f"{name}.log"

    def facts(self, libvirt_socket: Path) -> dict[str, Any]:
        """The part of the ready file that is about the guests."""
        return {
            "uri": system_uri(libvirt_socket),
            "name": self.name,
            "xml_file": str(self.xml_file(self.name)),
            "serial_log": str(self.serial_log(self.name)),
            "deaf_name": self.deaf_name,
            "deaf_xml_file": str(self.xml_file(self.deaf_name)),
            "deaf_serial_log": str(self.serial_log(self.deaf_name)),
            "up_message": UP,
            "sees_message": SEES,
            "boot_image": str(self.directory / "boot.img"),
        }

    def define(self, libvirt_socket: Path) -> None:
        """Define both on qemu:///system, not started; the first call probes qemu."""
        for name in (self.name, self.deaf_name):
            run(
                [
                    *("virsh", "-q", "-c", system_uri(libvirt_socket)),
                    *("define", self.xml_file(name)),
                ],
                limit=60,
            )


def system_uri(libvirt_socket: Path) -> str:
    """qemu:///system of the host."""
    return f"qemu+unix:///system?socket={libvirt_socket}"


def prepare_guest(directory: Path) -> Guest:
    """Put together all that the guests need.

    Raises:
        TestbedError: qemu, busybox-static or the kernel package is not to be had.
    """
    program("qemu-system-x86_64")
    directory.mkdir(parents=True)
    kernel = cached_kernel()
    shutil.copy(kernel / "vmlinuz", directory / "vmlinuz")
    (directory / "initramfs").write_bytes(initramfs(sorted(kernel.glob("*.ko"))))
    write_boot_image(directory, cached_boot_loader())
    guest = Guest(directory)
    for name, arguments in ((guest.name, ""), (guest.deaf_name, " testbed.deaf")):
        xml = DOMAIN.format(name=name, directory=directory, arguments=arguments)
        write(guest.xml_file(name), xml)
        with open(directory / f"{name}.img", "wb") as image:
            image.truncate(8 << 20)
    return guest


def cached_kernel() -> Path:
    """A directory with vmlinuz and the modules needed, downloaded at first use."""
    package = kernel_package()
    version = run(["apt-cache", "show", "--no-all-versions", package])
    found = re.search(r"^Version: (\S+)$", version, re.MULTILINE)
    of_modules = sha256(" ".join(MODULES).encode()).hexdigest()[:8]
    wanted = CACHE / f"{package}_{found[1] if found else 'unknown'}_{of_modules}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not wanted.exists():
            download_kernel(package, wanted)
    return wanted


def kernel_package() -> str:
    """The package with the newest kernel for virtual machines that apt knows.

    Raises:
        TestbedError: apt knows none.
    """
    for name in KERNELS:
        try:
            depends = run(["apt-cache", "depends", name])
        except TestbedError:
            continue
        found = re.search(r"^ +Depends: (linux-image-\d\S+)$", depends, re.MULTILINE)
        if found:
            return found[1]
    raise TestbedError(f"apt knows none of {', '.join(KERNELS)}; run apt-get update")


def download_kernel(package: str, target: Path) -> None:
    """Download and unpack a kernel package; keep vmlinuz and the modules needed."""
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        work = Path(scratch)
        run(["apt-get", "-q", "download", package], limit=DOWNLOAD_LIMIT, cwd=work)
        (archive,) = work.glob("*.deb")
        run(["dpkg", "-x", archive, work / "tree"], limit=DOWNLOAD_LIMIT)
        result = work / "result"
        result.mkdir()
        (vmlinuz,) = (work / "tree" / "boot").glob("vmlinuz-*")
        shutil.copy(vmlinuz, result / "vmlinuz")
        for number, name in enumerate(MODULES):  # some may be built into the kernel
            for module in (work / "tree").rglob(f"{name}.ko*"):
                kept = result / f"{number:02d}-{name}.ko"
                kept.write_bytes(uncompressed(module))
        result.rename(target)


def cached_boot_loader() -> Path:
    """A directory with GRUB's boot.img and core.img, made at first use.

    The packages are unpacked, not installed.
    """
    wanted = CACHE / "grub-pc"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not wanted.exists():
            make_boot_loader(wanted)
    return wanted


def make_boot_loader(target: Path) -> None:
    """Download GRUB and have it make its image for PCs with BIOS."""
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        work = Path(scratch)
        run(
            ["apt-get", "-q", "download", *BOOT_PACKAGES],
            limit=DOWNLOAD_LIMIT,
            cwd=work,
        )
        for archive in work.glob("*.deb"):
            run(["dpkg", "-x", archive, work / "tree"], limit=DOWNLOAD_LIMIT)
        parts, result = work / "tree/usr/lib/grub/i386-pc", work / "result"
        result.mkdir()
        write(work / "grub.cfg", BOOT_CONFIG)
        run(
            [
                *(work / "tree/usr/bin/grub-mkimage", "--format=i386-pc"),
                *(f"--directory={parts}", f"--config={work / 'grub.cfg'}"),
                *("--prefix=(hd0,msdos1)/", f"--output={result / 'core.img'}"),
                *BOOT_MODULES,
            ]
        )
        shutil.copy(parts / "boot.img", result / "boot.img")
        result.rename(target)


def write_boot_image(directory: Path, loader: Path) -> None:
    """Make DIRECTORY/boot.img of its vmlinuz and initramfs: a disk that boots them.

    GRUB's first sector looks for the rest of it right behind itself; its driver ``tar``
    reads the archive that the only partition is. The table of partitions is at byte 446
    of the first sector: 16 bytes for each of four, then 55 AA.
    """
    core = (loader / "core.img").read_bytes()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in ("vmlinuz", "initramfs"):
            tar.add(directory / name, name)
    files = archive.getvalue()
    start = 2048
    if SECTOR + len(core) > start * SECTOR:
        raise TestbedError(
            f"GRUB's core image has {len(core)} bytes, which is too many"
        )
    entry = struct.pack("<BxxxBxxxII", 0x80, 0x83, start, -(-len(files) // SECTOR))
    first = bytearray((loader / "boot.img").read_bytes()[:SECTOR])
    first[446:512] = entry + bytes(48) + b"\x55\xaa"
    with open(directory / "boot.img", "wb") as image:
        image.write(first + core)
        image.seek(start * SECTOR)
        image.write(files)
        image.truncate(-(-image.tell() // (1 << 20)) << 20)


def uncompressed(module: Path) -> bytes:
    """A kernel module's bytes, whichever way the distribution packs them."""
    if module.suffix == ".xz":
        return lzma.decompress(module.read_bytes())
    if module.suffix == ".zst":
        run(["zstd", "-q", "-d", "-f", module])
        return module.with_suffix("").read_bytes()
    return module.read_bytes()


def initramfs(modules: Iterable[Path]) -> bytes:
    """An uncompressed initramfs of busybox, our init and some kernel modules.

    Raises:
        TestbedError: busybox is missing or is not statically linked.
    """
    busybox = Path(program("busybox")).read_bytes()
    if b"/ld-linux" in busybox:
        raise TestbedError("busybox is not statically linked; install busybox-static")
    init = b"#!/bin/busybox sh\n" + (HERE / "guest_init.sh").read_bytes()
    return cpio(
        [
            ("bin", 0o040755, b""),
            ("bin/busybox", 0o100755, busybox),
            ("init", 0o100755, init),
            ("modules", 0o040755, b""),
            *((f"modules/{one.name}", 0o100644, one.read_bytes()) for one in modules),
        ]
    )


def cpio(entries: Iterable[tuple[str, int, bytes]]) -> bytes:
    """An archive in the kernel's "newc" format.

    Source: Documentation/driver-api/early-userspace/buffer-format.rst of Linux.

    Args:
        entries: Name, mode with file type, content; directories before their files.
    """
    parts = []
    for number, (name, mode, content) in enumerate(
        [*entries, ("TRAILER!!!", 0, b"")], start=1
    ):
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        header = "070701" + "".join(f"{field:08x}" for field in fields)
        parts.append(padded(header.encode() + name.encode() + b"\0"))
        parts.append(padded(content))
    return b"".join(parts)


def padded(data: bytes) -> bytes:
    """Zero bytes added up to a multiple of four."""
    return data + bytes(-len(data) % 4)
