# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots: taken inside the images, or as new images over them.

What libvirt can't do with external ones depends on its release, and it says so itself;
its words get a remedy here. Seen on 9.0.0: it does not go back to external snapshots, and
removes them, whether the machine is on or off.
"""

from __future__ import annotations

import posixpath
import re
from typing import Any

from .._hypervisor.description import SnapshotWish
from .._hypervisor.hypervisor import OperationFailed
from .._hypervisor.plan import PlanRefused
from .._hypervisor.values import Disk, VirtualMachine
from .binding import libvirt
from .errors import (
    CONFIG_UNSUPPORTED,
    NO_DOMAIN_SNAPSHOT,
    NO_SUPPORT,
    OPERATION_UNSUPPORTED,
)
from .images import Images
from .storage_xml import is_external, snapshot_xml

#: How libvirt says that it can't do a thing with snapshots of a kind.
_REFUSALS = (CONFIG_UNSUPPORTED, NO_SUPPORT, OPERATION_UNSUPPORTED)


class Snapshots(Images):
    """States of machines that are kept."""

    def check_snapshot(self, vm: VirtualMachine, wish: SnapshotWish) -> None:
        """Refuse what create_snapshot would refuse; asks nothing of the host."""
        external = self._is_external(vm, wish, is_on=vm.is_active)
        kept, _left_out = _disks_of(vm)
        if external and vm.is_active and _keeps_memory(wish) and not kept:
            raise PlanRefused(
                f"machine {vm.name} has no disk beside which its memory could be kept",
                where=self.uri,
                remedy="name memory: false",
            )

    def create_snapshot(self, vm: VirtualMachine, wish: SnapshotWish) -> None:
        """virDomainSnapshotCreateXML, for all disks that can be written to, or none.

        By default it is internal where that can be: all images are qcow2, and the
        variables of UEFI are not kept in an image that can't. The memory of a machine
        that is on is kept unless that is unwanted, or the guest is to quiesce.
        """
        self.check_snapshot(vm, wish)
        with self._doing(f"take snapshot {wish.name} of machine {vm.name}"):
            domain = self._domain(vm)
            is_on = bool(domain.isActive())
            kept, left_out = _disks_of(vm)
            flags = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC
            overlays, memory = None, None
            if self._is_external(vm, wish, is_on=is_on):
                overlays = self._overlays(kept, wish)
                if is_on and _keeps_memory(wish):
                    memory = self._memory_file(vm, kept, wish)
                else:
                    flags |= libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
                if wish.quiesce:
                    flags |= libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE
            xml = snapshot_xml(
                wish,
                memory=memory,
                overlays=overlays,
                left_out=[disk.target for disk in left_out],
            )
            self._take_snapshot(domain, xml, flags)

    def _is_external(
        self, vm: VirtualMachine, wish: SnapshotWish, *, is_on: bool
    ) -> bool:
        """Whether a snapshot is, or has to be, external.

        Raises:
            PlanRefused: It has to be and shall not, or the guest can't quiesce.
        """
        kept, _left_out = _disks_of(vm)
        reason = self._why_external(vm, kept, wish, is_on=is_on)
        external = wish.external
        if external is None:
            external = reason is not None or wish.quiesce
        if not external and reason is not None:
            raise PlanRefused(
                f"snapshot {wish.name} can't be internal: {reason}",
                where=self.uri,
                remedy="leave out external: false",
            )
        if wish.quiesce and not (external and is_on and not wish.memory):
            raise PlanRefused(
                f"snapshot {wish.name} can't ask the guest to bring its file systems "
                "into order: that is for external snapshots without memory of machines "
                "that are on",
                where=self.uri,
                remedy="leave out quiesce, or name external: true and memory: false",
            )
        return external

    def _take_snapshot(self, domain: Any, xml: str, flags: int) -> None:
        try:
            domain.snapshotCreateXML(xml, flags)
        except libvirt.libvirtError as error:
            atomic = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC
            if error.get_error_code() != CONFIG_UNSUPPORTED or flags != atomic:
                raise
            domain.snapshotCreateXML(xml, 0)

    def _why_external(
        self, vm: VirtualMachine, kept: list[Disk], wish: SnapshotWish, *, is_on: bool
    ) -> str | None:
        """Why a snapshot can't be inside the images, if so."""
        if is_on and wish.memory is False:
            return "without memory, a machine that is on can't be kept so"
        if self._driver_keeps_no_images:
            return None
        for disk in kept:
            if disk.format != "qcow2":
                return f"disk {disk.target} is {disk.format} and not qcow2"
        if is_on and vm.os is not None and vm.os.firmware == "uefi":
            return "the variables of its UEFI can't be kept so"
        return None

    @property
    def _driver_keeps_no_images(self) -> bool:
        """libvirt's test driver keeps snapshots in its own memory."""
        return self.uri.startswith("test")

    def _overlays(self, kept: list[Disk], wish: SnapshotWish) -> dict[str, str]:
        """The path of each disk's next image: beside the one it has, named after both."""
        found: dict[str, str] = {}
        for disk in kept:
            path = self._image_path(disk)
            folder, name = posixpath.split(path)
            stem = name.rpartition(".")[0] or name
            made = posixpath.join(folder, f"{stem}.{_file_name(wish.name)}")
            if made in found.values():
                made = f"{path}.{_file_name(wish.name)}"
            found[disk.target] = made
        return found

    def _memory_file(
        self, vm: VirtualMachine, kept: list[Disk], wish: SnapshotWish
    ) -> str:
        folder = posixpath.dirname(self._image_path(kept[0]))
        names = _file_name(f"{vm.name}.{wish.name}")
        return posixpath.join(folder, f"{names}.memory")

    def _image_path(self, disk: Disk) -> str:
        source = disk.source or ""
        if source.startswith("/"):
            return source
        volume = self._volume(source)
        return str(volume.path()) if volume is not None else source

    def revert_to_snapshot(self, vm: VirtualMachine, name: str) -> None:
        """virDomainRevertToSnapshot, after the machine was switched off.

        A saved state goes too: it belongs to the disks as they were.
        """
        with self._doing(f"bring machine {vm.name} back to snapshot {name}"):
            domain = self._domain(vm)
            snapshot = self._snapshot(vm, name)
            if is_external(snapshot.getXMLDesc()):
                # libvirt refuses before it does anything, or switches off itself.
                self._revert_external(vm, domain, snapshot)
                return
            if domain.isActive():
                domain.destroy()
            if vm.managed_save:
                domain.managedSaveRemove()
            domain.revertToSnapshot(snapshot, 0)

    def _revert_external(self, vm: VirtualMachine, domain: Any, snapshot: Any) -> None:
        try:
            domain.revertToSnapshot(snapshot, libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_FORCE)
        except libvirt.libvirtError as error:
            if error.get_error_code() not in _REFUSALS:
                raise
            raise OperationFailed(
                f"machine {vm.name} can't be brought back to snapshot "
                f"{snapshot.getName()}: {error.get_error_message()}",
                where=self.uri,
                remedy="the snapshot is external, for which this needs a newer libvirt; "
                "take internal ones (external: false; images in qcow2)",
            ) from error
        if vm.managed_save:
            domain.managedSaveRemove()

    def remove_snapshot(
        self, vm: VirtualMachine, name: str, *, children: bool = False
    ) -> None:
        """virDomainSnapshotDelete; of external ones the images are joined again."""
        with self._doing(f"remove snapshot {name} of machine {vm.name}"):
            snapshot = self._snapshot(vm, name)
            flags = libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN if children else 0
            try:
                snapshot.delete(flags)
            except libvirt.libvirtError as error:
                if error.get_error_code() not in _REFUSALS:
                    raise
                raise OperationFailed(
                    f"snapshot {name} of machine {vm.name} can't be removed by this "
                    f"release of libvirt: {error.get_error_message()}",
                    where=self.uri,
                    remedy="start the machine, as images of external snapshots can be "
                    "joined only then, or remove those that build on it first",
                ) from error

    def _snapshot(self, vm: VirtualMachine, name: str) -> Any:
        try:
            return self._domain(vm).snapshotLookupByName(name)
        except libvirt.libvirtError as error:
            if error.get_error_code() != NO_DOMAIN_SNAPSHOT:
                raise
            raise OperationFailed(
                f"machine {vm.name} has no snapshot {name}",
                where=self.uri,
                remedy="list them with hypervisor.connect.snapshot_info",
            ) from error


def _keeps_memory(wish: SnapshotWish) -> bool:
    return wish.memory is not False and not wish.quiesce


def _disks_of(vm: VirtualMachine) -> tuple[list[Disk], list[Disk]]:
    """The disks that a snapshot keeps, and those that it leaves out."""
    kept: list[Disk] = []
    left_out: list[Disk] = []
    for disk in vm.disks or ():
        is_kept = disk.device == "disk" and not disk.readonly and not disk.shareable
        (kept if is_kept and disk.source is not None else left_out).append(disk)
    return kept, [disk for disk in left_out if disk.target]


def _file_name(text: str) -> str:
    """A name as part of a file's name."""
    return re.sub(r"[^\w.+-]", "_", text)
