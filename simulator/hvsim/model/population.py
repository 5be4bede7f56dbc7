# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines that a model begins with: the same for the same name and seed."""

from __future__ import annotations

import random
from copy import deepcopy

from hvsim.model.identifiers import IDE, guid
from hvsim.model.images import GIB, MIB, DiskType, Image, ImageFiles
from hvsim.model.machine import (
    Configuration,
    Drive,
    Guest,
    Machine,
    Memory,
    Nic,
    Power,
    Snapshot,
    part_guid,
)
from hvsim.model.network import Switch

STATES = (
    Power.RUNNING,
    Power.OFF,
    Power.RUNNING,
    Power.SAVED,
    Power.RUNNING,
    Power.PAUSED,
    Power.RUNNING,
    Power.OFF,
    Power.RUNNING,
    Power.RUNNING,
)
"""The states of vm0001 to vm0010, and of every ten after those."""
GENERATIONS = (2, 1, 2)
SYSTEMS = (
    ("Ubuntu 24.04.1 LTS", "6.8.0-45-generic"),
    ("Windows Server 2022 Datacenter", "10.0.20348"),
    ("Debian GNU/Linux 12", "6.1.0-25-amd64"),
)
DAY = 86400.0


def machine_name(number: int) -> str:
    """The name of the machine of that number, from 1."""
    return f"vm{number:04d}"


class Population:
    """Makes machines, with the image files that they use.

    Args:
        seed: Decides sizes and times; names, GUIDs, states and generations do not
            depend on it.
        now: Seconds since 1970 at which the simulation begins.
        switches: What adapters are connected to.
        images: Where the files of the machines are put.
    """

    def __init__(
        self, seed: int, now: float, switches: list[Switch], images: ImageFiles
    ) -> None:
        self._seed = seed
        self._now = now
        self._switches = switches
        self._images = images
        self._made: dict[str, int] = {}
        self._number = 0

    def make(
        self,
        name: str,
        *,
        generation: int | None = None,
        power: Power | None = None,
        snapshots: int | None = None,
    ) -> Machine:
        """A machine of that name; a name used twice gives two GUIDs."""
        index, self._number = self._number, self._number + 1
        copies = self._made[name] = self._made.get(name, 0) + 1
        machine_guid = guid("machine", name, *([copies] if copies > 1 else []))
        chance = random.Random(f"{self._seed}/{name}/{copies}")  # noqa: S311
        generation = generation or GENERATIONS[index % len(GENERATIONS)]
        configuration = self._configuration(
            machine_guid,
            name if copies == 1 else f"{name} ({copies})",
            index,
            generation,
            chance,
        )
        machine = Machine(
            guid=machine_guid,
            name=name,
            power=STATES[index % len(STATES)] if power is None else power,
            configuration=configuration,
            guest=Guest(f"{name}.example.com", *SYSTEMS[index % len(SYSTEMS)]),
            created=self._now - chance.randrange(40, 400) * DAY,
        )
        machine.configured = machine.created + 60
        self._start(machine, index, chance)
        if snapshots is None:
            snapshots = (0, 0, 0, 0, 0, 0, 0, 1, 0, 2)[index % 10]
        for number in range(snapshots):
            self._take_snapshot(machine, number)
        return machine

    def _start(self, machine: Machine, index: int, chance: random.Random) -> None:
        uptime = chance.randrange(600, int(30 * DAY)) + 0.25
        machine.changed = self._now - uptime
        if machine.power == Power.RUNNING:
            machine.started = self._now - uptime
        elif machine.power == Power.PAUSED:
            machine.on_time = uptime
        if machine.is_on:
            machine.process_id = 1000 + 4 * index

    def _configuration(
        self,
        machine: str,
        name: str,
        index: int,
        generation: int,
        chance: random.Random,
    ) -> Configuration:
        startup = chance.choice((1024, 2048, 4096, 8192))
        dynamic = index % 4 == 3
        scsi = [part_guid(machine, "scsi0")]
        return Configuration(
            generation=generation,
            processors=chance.choice((1, 2, 4, 8)),
            memory=Memory(
                startup,
                startup // 2 if dynamic else startup,
                startup * 4 if dynamic else startup,
                dynamic,
            ),
            drives=self._drives(name, index, generation, scsi[0], chance),
            nics=[self._nic(machine, index)],
            scsi=scsi,
            notes="" if index % 3 else f"Notes on {name}",
        )

    def _drives(
        self,
        name: str,
        index: int,
        generation: int,
        scsi: str,
        chance: random.Random,
    ) -> list[Drive]:
        folder = rf"C:\VMs\{name}"
        system = self._disk(
            rf"{folder}\{name}.vhdx", chance.choice((20, 40, 80)), chance
        )
        first, second = (
            (rf"{scsi}\0", rf"{scsi}\0")
            if generation == 2
            else (rf"{IDE}\0", rf"{IDE}\1")
        )
        drives = [
            Drive(first, 0, system.path),
            Drive(second, 1 if generation == 2 else 0, None, is_dvd=True),
        ]
        if index % 5 == 2:
            data = self._disk(rf"{folder}\{name}-data.vhdx", 100, chance)
            drives.append(Drive(rf"{scsi}\0", 2, data.path))
        return drives

    def _disk(self, path: str, gib: int, chance: random.Random) -> Image:
        used = chance.randrange(4 * MIB, gib * GIB // 2, MIB)
        return self._images.add(
            Image(
                path,
                used,
                gib * GIB,
                DiskType.DYNAMIC,
                guid=guid("image", path),
                minimum=gib * GIB // 2,
                slack=used // 4,
            )
        )

    def _nic(self, machine: str, index: int) -> Nic:
        high, low = divmod(index + 10, 250)
        address = f"10.{high // 250}.{high % 250}.{low + 1}"
        return Nic(
            guid=part_guid(machine, "nic0"),
            name="Network Adapter",
            mac=f"00155D{index + 1:06X}",
            switch=self._switches[index % len(self._switches)].guid,
            vlan=100 if index % 7 == 4 else None,
            addresses=[
                (address, "255.0.0.0"),
                (f"fe80::215:5dff:fe00:{index + 1 & 0xFFFF:x}", "/64"),
            ],
        )

    def _take_snapshot(self, machine: Machine, number: int) -> None:
        snapshot = Snapshot(
            guid=guid("snapshot", machine.guid, number),
            name=f"{machine.name} - snapshot {number + 1}",
            created=machine.created + (number + 1) * DAY,
            parent=machine.current_parent,
            configuration=deepcopy(machine.configuration),
            has_memory=machine.is_on,
        )
        machine.snapshots.append(snapshot)
        machine.current_parent = snapshot.guid
        for drive in machine.configuration.drives:
            if not drive.is_dvd and drive.path:
                drive.path = self._child(drive.path, snapshot.guid).path

    def _child(self, parent_path: str, snapshot: str) -> Image:
        parent = self._images.find(parent_path)
        assert parent is not None
        path = parent_path.rpartition(".")[0].partition("_")[0] + f"_{snapshot}.avhdx"
        return self._images.add(
            Image(
                path,
                4 * MIB,
                parent.capacity,
                DiskType.DIFFERENCING,
                parent_path,
                guid("image", path),
                minimum=parent.minimum,
                parent_guid=parent.guid,
            )
        )
