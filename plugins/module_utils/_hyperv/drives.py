# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the changes of a machine's disks need: paths to remove, instances to add.

It reads the controllers, drives and media of the one machine, in two queries.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid4

from .._cim.instance import CimInstance, InstancePath
from .._hypervisor.changes import ADD, REMOVE, Change
from .._hypervisor.description import DISK, FLOPPY, DiskWish
from .._hypervisor.hypervisor import OperationFailed
from .._hypervisor.plan import PlanRefused
from .._hypervisor.values import Disk, VirtualMachine
from . import queries
from .classes import (
    DVD_MEDIUM,
    FLOPPY_MEDIUM,
    HARD_DISK_MEDIUM,
    RESOURCE,
    STORAGE,
)
from .connection import HypervConnection
from .layout import DRIVE_KINDS, SCSI, Layout, Place
from .resources import drive, medium, other_medium, path_to, scsi_controller
from .rows import Row, integer, is_in_force, parent

MEDIA_KINDS = {"disk": HARD_DISK_MEDIUM, "cdrom": DVD_MEDIUM, "floppy": FLOPPY_MEDIUM}
_FLOPPY_TARGET = "fdc0:0"


class DriveChanges:
    """The changes of the disks of one machine.

    Args:
        wmi: The host.
        vm: The machine.
        changes: Those of the part ``disks``.

    Attributes:
        leaving_media: Paths of media to remove, before the drives.
        leaving_drives: Paths of drives to remove.

    Raises:
        PlanRefused: One can't be made.
    """

    def __init__(
        self, wmi: HypervConnection, vm: VirtualMachine, changes: Iterable[Change]
    ) -> None:
        self._wmi = wmi
        self._vm = vm
        self._changes = list(changes)
        self._read()
        drives = self._layout().drives
        self.leaving_media: list[InstancePath] = []
        self.leaving_drives: list[InstancePath] = []
        self._other: list[CimInstance] = []
        self._inserted: list[tuple[str, DiskWish]] = []
        leaving = set()
        for change in self._changes:
            if change.action == ADD or not isinstance(change.found, Disk):
                continue
            row = drives.get(change.found.target)
            if row is None:
                raise self._refused(change, "is not there any more", "run it again")
            name = str(row["InstanceID"])
            if change.action == REMOVE:
                leaving.add(name.lower())
                self._remove(change.found, name)
            else:
                self._exchange(change, name)
        self._leaving = leaving
        self._places = self._find_places()

    def _read(self) -> None:
        guid = self._vm.uuid
        self._resources = self._wmi.rows(queries.resources(guid))
        storage = self._wmi.rows(queries.storage(guid))
        self._media: dict[str, Row] = {
            parent(row).lower(): row for row in storage if is_in_force(row)
        }

    def _layout(self, leaving: Iterable[str] = ()) -> Layout:
        system = self._vm.os
        return Layout(
            (system.generation if system is not None else None) or 2,
            self._resources,
            is_on=self._vm.is_active,
            filled=self._media,
            leaving=leaving,
        )

    def _refused(self, change: Change, what: str, remedy: str) -> PlanRefused:
        return PlanRefused(
            f"disk {change.item} of machine {self._vm.name} {what}", remedy=remedy
        )

    # -- what goes and changes --------------------------------------------------------

    def _remove(self, disk: Disk, name: str) -> None:
        found = self._media.pop(name.lower(), None)
        if found is not None:
            self.leaving_media.append(path_to(STORAGE, str(found["InstanceID"])))
        if disk.device != FLOPPY:  # its drive belongs to every machine that has it
            self.leaving_drives.append(path_to(RESOURCE, name))

    def _exchange(self, change: Change, name: str) -> None:
        """Another image in a drive, or none."""
        after = change.after or {}
        if set(after) - {"source"} or not isinstance(change.wish, DiskWish):
            words = ", ".join(sorted(set(after) - {"source"}))
            raise self._refused(
                change,
                f"can't change its {words}",
                "detach it with state: absent, then attach it anew",
            )
        found = self._media.get(name.lower())
        if after["source"] is None:
            if found is not None:
                self.leaving_media.append(path_to(STORAGE, str(found["InstanceID"])))
        elif found is not None:
            self._other.append(other_medium(str(found["InstanceID"]), after["source"]))
        else:
            self._inserted.append((name, change.wish))

    def other_media(self) -> list[CimInstance]:
        """The images that take the places of others."""
        return self._other

    # -- what comes ---------------------------------------------------------------------

    def _find_places(self) -> list[tuple[Place, DiskWish]]:
        layout = self._layout(self._leaving)
        places = []
        # Those that name their slot choose first.
        wishes = [c.wish for c in self._changes if c.action == ADD]
        named = [one for one in wishes if isinstance(one, DiskWish)]
        for wish in sorted(named, key=lambda one: one.target is None):
            if wish.device == FLOPPY:
                row = layout.drives.get(_FLOPPY_TARGET)
                if row is None or str(row["InstanceID"]).lower() in self._media:
                    raise PlanRefused(
                        f"machine {self._vm.name} has no free floppy drive",
                        remedy="take the other floppy out first",
                    )
                if wish.source is not None:
                    self._inserted.append((str(row["InstanceID"]), wish))
            elif wish.device == DISK and wish.source is None:
                raise PlanRefused(
                    f"machine {self._vm.name} has no disk {wish.target}",
                    remedy="name its image in disks[].path",
                )
            else:
                places.append((layout.place(wish), wish))
        self._controllers = layout.controllers
        self._missing = layout.new_controllers()
        if self._missing and self._vm.is_active:
            raise PlanRefused(
                f"machine {self._vm.name} needs another SCSI controller, which is "
                "added only while it is off",
                remedy="stop it first, or apply the change with a restart",
            )
        return places

    @property
    def needs_controllers(self) -> bool:
        """Whether controllers are added for the new drives."""
        return self._missing > 0

    @property
    def has_new_drives(self) -> bool:
        """Whether there are places for drives."""
        return bool(self._places)

    def new_controllers(self) -> list[CimInstance]:
        """Controllers of SCSI that the new drives need."""
        return [
            scsi_controller(str(uuid4()).upper()) for _number in range(self._missing)
        ]

    def read_again(self) -> None:
        """See the controllers that were added, which the new drives go to.

        Those that were there keep their numbers here, wherever the others are sorted in.
        """
        self._resources = self._wmi.rows(queries.resources(self._vm.uuid))
        known = set(self._controllers.values())
        made = [
            name
            for (bus, _number), name in self._layout().controllers.items()
            if bus == SCSI and name not in known
        ]
        for wanted in sorted(
            {(place.bus, place.controller) for place, _wish in self._places}
        ):
            if wanted not in self._controllers and made:
                self._controllers[wanted] = made.pop(0)

    def _controller(self, place: Place) -> str:
        name = self._controllers.get((place.bus, place.controller))
        if name is None:
            raise self._lost(f"a controller for {place.target}")
        return name

    def _lost(self, what: str) -> OperationFailed:
        return OperationFailed(
            f"machine {self._vm.name} was given {what}, but the host did not keep it",
            where=self._wmi.uri,
            remedy="look at it with hypervisor.connect.vm_info, and run this again",
        )

    def new_drives(self) -> list[CimInstance]:
        """Drives that are not there, each in its slot."""
        return [
            drive(DRIVE_KINDS[wish.device], self._controller(place), place.slot)
            for place, wish in self._places
            if place.drive is None
        ]

    def new_media(self) -> list[CimInstance]:
        """The images in new drives and in those that are empty."""
        found = list(self._inserted)
        if any(place.drive is None and wish.source for place, wish in self._places):
            self._resources = self._wmi.rows(queries.resources(self._vm.uuid))
        drives = {
            (parent(row).lower(), integer(row.get("AddressOnParent") or 0)): row
            for row in self._resources
        }
        for place, wish in self._places:
            if wish.source is not None:
                row = drives.get((self._controller(place).lower(), place.slot))
                if row is None:
                    raise self._lost(f"a drive at {place.target}")
                found.append((str(row["InstanceID"]), wish))
        return [
            medium(MEDIA_KINDS[wish.device], name, str(wish.source))
            for name, wish in found
        ]
