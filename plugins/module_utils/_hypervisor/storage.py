# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files may go with a machine, and which something else needs; pure.

A wrong answer here loses data, so what can't be seen counts as needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from .plan import PlanRefused
from .values import Disk, Image, VirtualMachine


@dataclass(frozen=True)
class Storage:
    """What a host keeps on its disks, read for a machine that is to go.

    Attributes:
        definitions: Each machine once for each of its definitions (live, kept, saved);
            ``disks`` is None where one can't be read.
        images: What the storage pools know, read anew.
        paths: For other names of an image (a link, a device) the one path that they
            all lead to.
    """

    definitions: tuple[VirtualMachine, ...] = ()
    images: tuple[Image, ...] = ()
    paths: Mapping[str, str] = field(default_factory=dict)

    def identity(self, source: str) -> str:
        """The one path of an image, however a definition names it.

        A definition names it by path, as ``pool/volume``, or by a network address, whose
        last part is the path of the volume of an RBD pool. Slashes count once, as they
        do for libvirt (virFileSanitizePath). A path with ``..`` is left alone: where
        links are, only the host knows what it means.
        """
        named = self._by_volume.get(source, source)
        if named.startswith("/"):
            named = re.sub(r"/+(\./+)*", "/", named)
        elif _is_network(named):
            path = named.split("/", 3)[-1]
            named = path if path in self._by_volume.values() else named
        return self.paths.get(named, named)

    @property
    def sources(self) -> frozenset[str]:
        """All images that anything here names."""
        found: list[str | None] = []
        for machine in self.definitions:
            found.append(machine.os.nvram if machine.os is not None else None)
            for disk in machine.disks or ():
                found.extend((disk.source, *disk.backing))
        for image in self.images:
            found.extend((image.path, image.backing))
        return frozenset(self.identity(source) for source in found if source)

    def is_known(self, source: str) -> bool:
        """Whether a storage pool knows the image."""
        return self.identity(source) in self._known

    def volume(self, source: str) -> str:
        """The name by which the host finds the volume of an image that is_known."""
        if source in self._by_volume or source in self._by_volume.values():
            return source
        return self._known[self.identity(source)]

    def definitions_of(self, machine: VirtualMachine) -> list[VirtualMachine]:
        """The definitions of one machine."""
        return [found for found in self.definitions if found.uuid == machine.uuid]

    def definitions_beside(self, machine: VirtualMachine) -> list[VirtualMachine]:
        """The definitions of all other machines."""
        return [found for found in self.definitions if found.uuid != machine.uuid]

    @cached_property
    def _by_volume(self) -> dict[str, str]:
        return {f"{image.pool}/{image.name}": image.path for image in self.images}

    @cached_property
    def _known(self) -> dict[str, str]:
        return {self.identity(image.path): image.path for image in self.images}


def removable_disks(
    machine: VirtualMachine,
    storage: Storage,
    promised: Mapping[str, str] | None = None,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Which images of a machine may be deleted with it, and which stay, and why.

    Never deleted: CD-ROM and floppy images, read-only and shared disks, an image that
    another machine uses in any of its definitions, an image under another one, and an
    image that no storage pool knows (libvirt deletes volumes, not files). The
    definition of a machine that is off does not name the images under its own; the
    pools do. Where neither does, what another machine builds on can't be seen, and
    nothing is deleted.

    Args:
        machine: The one that is to go.
        storage: What the host keeps.
        promised: For images that the same task names for machines that stay or come,
            the machine; no definition need name them yet.

    Returns:
        The images that may go, and sentences about those that stay.

    Raises:
        PlanRefused: The machine's own definition can't be read.
    """
    own: list[Disk] = []
    for found in storage.definitions_of(machine):
        if found.disks is None:
            raise PlanRefused(
                f"{_unread(machine)}, so that its disks are not known",
                remedy="leave them with remove_disks: false",
            )
        own.extend(found.disks)
    in_use = _images_in_use(machine, storage)
    # Without case, as Hyper-V has it: to keep one too many loses nothing.
    awaited = {
        storage.identity(source).lower(): f"machine {name} is to have it"
        for source, name in (promised or {}).items()
    }
    unseen = _unseen(machine, own, storage)
    # By identity, since one image may be in two drives, and what one forbids counts.
    named: dict[str, str] = {}
    reasons: dict[str, list[str]] = {}
    for disk in own:
        if disk.source is not None:
            path = storage.identity(disk.source)
            named.setdefault(path, disk.source)
            reason = _why_kept(disk) or in_use.get(path) or awaited.get(path.lower())
            if reason is None and not storage.is_known(disk.source):
                reason = "no active storage pool of the host knows it"
            reasons.setdefault(path, []).extend(filter(None, [reason or unseen]))
    return (
        tuple(storage.volume(named[path]) for path, why in reasons.items() if not why),
        tuple(f"{named[path]} stays: {why[0]}" for path, why in reasons.items() if why),
    )


def shared_nvram(machine: VirtualMachine, storage: Storage) -> str | None:
    """The sentence about UEFI variables that stay, as another machine uses them, too."""
    own = {
        storage.identity(found.os.nvram): found.os.nvram
        for found in storage.definitions_of(machine)
        if found.os is not None and found.os.nvram
    }
    for other in storage.definitions_beside(machine):
        if own and other.disks is None:
            return f"{min(own.values())} stays: {_unread(other)}"
        if other.os is not None and other.os.nvram:
            path = own.get(storage.identity(other.os.nvram))
            if path is not None:
                return f"{path} stays: machine {other.name} uses it"
    return None


def _images_in_use(machine: VirtualMachine, storage: Storage) -> dict[str, str]:
    """The images that something else needs, each with the reason, by identity."""
    in_use = {
        storage.identity(image.backing): f"{image.path} builds on it"
        for image in storage.images
        if image.backing
    }
    for other in storage.definitions_beside(machine):
        for disk in other.disks or ():
            for source in filter(None, (disk.source, *disk.backing)):
                in_use[storage.identity(source)] = f"machine {other.name} uses it"
    return in_use


def _unseen(
    machine: VirtualMachine, own: Iterable[Disk], storage: Storage
) -> str | None:
    """Why it can't be seen which images the other machines build on, if so."""
    for other in storage.definitions_beside(machine):
        if other.disks is None:
            return _unread(other)
        for disk in other.disks:
            if _may_hide_images(disk, storage):
                return (
                    f"machine {other.name} uses {disk.source}, and no active storage "
                    "pool tells which images that builds on"
                )
    mine = {storage.identity(disk.source) for disk in own if disk.source}
    for image in storage.images:
        under = image.backing
        if under is None or storage.is_known(under) or _is_network(under):
            continue
        if storage.identity(image.path) not in mine:
            return (
                f"{image.path} builds on {under}, and no active storage pool tells "
                "which images that builds on"
            )
    return None


def _may_hide_images(disk: Disk, storage: Storage) -> bool:
    """Whether what a disk builds on is known to no pool.

    Pools read it out of files alone; a device with more than raw data may hide it.
    What lies in the network builds on no file of the host.
    """
    if disk.source is None or disk.device not in ("disk", "lun"):
        return False
    if _is_network(disk.source):
        return False
    if not storage.is_known(disk.source):
        return True
    on_device = storage.identity(disk.source).startswith("/dev/")
    return on_device and disk.format not in (None, "raw")


def _is_network(source: str) -> bool:
    return re.match(r"[a-z0-9+]+://", source) is not None


def _unread(other: VirtualMachine) -> str:
    return f"the definition of machine {other.name} can't be read"


def _why_kept(disk: Disk) -> str | None:
    if disk.device != "disk":
        return f"it is a {disk.device} image"
    if disk.readonly or disk.shareable:
        return "it is read-only or shared"
    return None
