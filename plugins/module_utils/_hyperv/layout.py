# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where drives are, and where new ones go: controllers and slots; pure.

A machine of generation 1 boots from IDE, which has two slots on each of two controllers
and nothing that can be changed while it is on. One of generation 2 has SCSI alone, with
64 slots on each of up to four controllers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .._hypervisor.description import CDROM, DISK, DiskWish
from .._hypervisor.plan import PlanRefused
from .classes import DISK_DRIVE, DVD_DRIVE
from .devices import controller_numbers, target_of
from .rows import Row, is_in_force, parent

IDE, SCSI, FDC = "ide", "scsi", "fdc"
SLOTS = {IDE: 2, SCSI: 64, FDC: 1}
CONTROLLERS = {IDE: 2, SCSI: 4, FDC: 1}
DRIVE_KINDS = {DISK: DISK_DRIVE, CDROM: DVD_DRIVE}

_TARGET = re.compile(r"(ide|scsi|fdc)(\d{1,3}):(\d{1,3})", re.ASCII)


@dataclass(frozen=True)
class Place:
    """A slot of a controller; ``drive`` is the InstanceID of an empty one in it."""

    bus: str
    controller: int
    slot: int
    drive: str | None = None

    @property
    def target(self) -> str:
        """As results name it, ``scsi0:1``."""
        return f"{self.bus}{self.controller}:{self.slot}"


def parse_target(text: str) -> tuple[str, int, int] | None:
    """The bus, controller and slot of a target; None where it is no target."""
    found = _TARGET.fullmatch(text)
    if found is None:
        return None
    bus, controller, slot = found[1], int(found[2]), int(found[3])
    good = controller < CONTROLLERS[bus] and slot < SLOTS[bus]
    return (bus, controller, slot) if good else None


class Layout:
    """The controllers and drives of one machine.

    Args:
        generation: 1 or 2.
        is_on: Whether nothing can be done on IDE.
        resources: Its controllers and drives.
        filled: The InstanceIDs, in lower case, of drives with a medium.
        leaving: Those of drives that are removed first.

    Attributes:
        controllers: InstanceIDs by bus and number.
        drives: The row of each drive by its target.
    """

    def __init__(
        self,
        generation: int,
        resources: Iterable[Row],
        *,
        is_on: bool = False,
        filled: Iterable[str] = (),
        leaving: Iterable[str] = (),
    ) -> None:
        rows = [row for row in resources if is_in_force(row)]
        numbers = controller_numbers(rows)
        self._generation = generation
        self._is_on = is_on
        by_id = {str(row["InstanceID"]).lower(): row for row in rows}
        self.controllers = {
            place: str(by_id[name]["InstanceID"]) for name, place in numbers.items()
        }
        self.drives: dict[str, Row] = {}
        gone, full = set(leaving), set(filled)
        self._taken: dict[tuple[str, int, int], str | None] = {}
        for name, row in by_id.items():
            if parent(row).lower() not in numbers and "Diskette Drive" not in _kind(
                row
            ):
                continue
            _bus, target = target_of(row, numbers)
            self.drives[target] = row
            place = parse_target(target)
            if place is not None and name not in gone:
                # An empty drive for DVDs is a device that results tell of; one for
                # disks is left over from a run that broke off, and taken up again.
                is_empty = name not in full and _kind(row) == DISK_DRIVE
                self._taken[place] = _kind(row) if is_empty else None
        self._wanted: set[tuple[str, int]] = set()

    def new_controllers(self) -> int:
        """How many controllers of SCSI the places need that are not there."""
        return len([one for one in self._wanted if one not in self.controllers])

    def place(self, wish: DiskWish) -> Place:
        """The place of a new drive, which is taken then.

        Raises:
            PlanRefused: There is no room, or it is taken.
        """
        wanted = DRIVE_KINDS[wish.device]
        candidates = self._named(wish) if wish.target else self._free(wish)
        for spot in candidates:
            kind = self._taken.get(spot, "")
            if kind not in ("", wanted):
                continue
            row = self.drives.get(f"{spot[0]}{spot[1]}:{spot[2]}")
            self._taken[spot] = None
            self._wanted.add(spot[:2])
            reused = str(row["InstanceID"]) if kind and row is not None else None
            return Place(*spot, drive=reused)
        raise PlanRefused(
            f"{wish.target} is taken"
            if wish.target
            else f"there is no room for another {wish.device} drive"
            + (f" on {wish.bus}" if wish.bus else ""),
            remedy="detach another first, with its target and state: absent",
        )

    def _named(self, wish: DiskWish) -> Iterator[tuple[str, int, int]]:
        """The slot of a target, on a controller whose number will stay.

        Of several controllers of SCSI the host decides which is the first.
        """
        place = parse_target(wish.target or "")
        has_others = any(bus == SCSI for bus, _number in self.controllers)
        if place is None or (place[:2] not in self.controllers and has_others):
            raise PlanRefused(
                f"there is no controller for {wish.target}",
                remedy="leave target out, or name a slot of a controller that is there",
            )
        yield place

    def _free(self, wish: DiskWish) -> Iterator[tuple[str, int, int]]:
        """Slots in the order in which they are taken; empty drives come first."""
        spots = [spot for bus in self._buses(wish) for spot in self._slots(bus, wish)]
        empty = [spot for spot in spots if self._taken.get(spot, "")]
        yield from empty
        yield from spots

    def _buses(self, wish: DiskWish) -> tuple[str, ...]:
        if wish.bus is not None:
            return (wish.bus,)
        if self._generation == 2:
            return (SCSI,)
        if wish.device == CDROM:
            return (IDE,)
        return (SCSI,) if self._is_on else (IDE, SCSI)

    def _slots(self, bus: str, wish: DiskWish) -> Iterator[tuple[str, int, int]]:
        # Windows puts the DVD drive of generation 1 on the second controller.
        numbers = range(CONTROLLERS[bus])
        if bus == IDE and wish.device == CDROM:
            numbers = range(CONTROLLERS[bus] - 1, -1, -1)
        for number in numbers:
            if bus == SCSI and self._is_on and (bus, number) not in self.controllers:
                continue  # a controller is added only while the machine is off
            for slot in range(SLOTS[bus]):
                yield bus, number, slot


def _kind(row: Row) -> str:
    return str(row["ResourceSubType"])
