# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual machine and its parts, as values that the model changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from hvsim.model import identifiers
from hvsim.model.identifiers import guid


class Power(IntEnum):
    """Msvm_ComputerSystem.EnabledState of the states that last."""

    RUNNING = 2
    OFF = 3
    SAVED = 6
    PAUSED = 9


class Change(IntEnum):
    """EnabledState while a change is under way."""

    SHUTTING_DOWN = 4
    STARTING = 10


INTEGRATION = {
    "Heartbeat": identifiers.HEARTBEAT,
    "Shutdown": identifiers.SHUTDOWN,
    "TimeSync": identifiers.TIME_SYNC,
    "KvpExchange": identifiers.KVP,
    "Vss": identifiers.VSS,
    "GuestServiceInterface": identifiers.GUEST_SERVICE,
}
"""The integration components: Msvm_<name>Component and its GUID."""


@dataclass
class Memory:
    """Memory in MiB; buffer in percent."""

    startup: int
    minimum: int
    maximum: int
    dynamic: bool = False
    buffer: int = 20
    weight: int = 5000


@dataclass
class Drive:
    """A disk or DVD drive in a slot of a controller."""

    controller: str
    """The InstanceID of the controller below the machine: GUID\\number."""
    slot: int
    path: str | None
    """The image in it; None is an empty DVD drive."""
    is_dvd: bool = False


@dataclass
class Nic:
    """A network adapter."""

    guid: str
    name: str
    mac: str
    switch: str | None
    """The GUID of the switch that it is connected to."""
    vlan: int | None = None
    addresses: list[tuple[str, str]] = field(default_factory=list)
    """Addresses with their subnets, as the guest reports them."""
    dhcp: bool = True
    static_mac: bool = False
    is_legacy: bool = False
    """Emulated hardware, which machines of generation 1 can have."""


@dataclass
class Guest:
    """What runs inside: how it answers to the host."""

    hostname: str
    os_name: str
    os_version: str
    is_deaf: bool = False
    """It takes requests to shut down, and does nothing."""
    is_locked: bool = False
    """Somebody is signed in: only a forced shutdown is taken."""
    has_services: bool = True
    """The integration services run in it."""
    shutdown_seconds: float | None = None
    """How long it takes to shut down; None is the model's own."""


@dataclass
class Snapshot:
    """A checkpoint: a copy of the machine's configuration at that time."""

    guid: str
    name: str
    created: float
    parent: str | None
    """The GUID of the snapshot that it was taken upon."""
    configuration: Configuration
    is_automatic: bool = False


@dataclass
class Configuration:
    """What the settings of a machine or of a checkpoint hold."""

    generation: int
    processors: int
    memory: Memory
    drives: list[Drive]
    nics: list[Nic]
    scsi: list[str]
    """The GUIDs of the SCSI controllers."""
    notes: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    """Properties of Msvm_VirtualSystemSettingData that were written."""
    integration: dict[str, bool] = field(
        default_factory=lambda: {
            name: name != "GuestServiceInterface" for name in INTEGRATION
        }
    )


@dataclass
class Machine:
    """A virtual machine."""

    guid: str
    name: str
    power: Power
    configuration: Configuration
    guest: Guest
    created: float
    started: float | None = None
    """When it was started, if it runs."""
    on_time: float = 0.0
    """Seconds that it ran before it was paused or saved."""
    process_id: int | None = None
    changing: Change | None = None
    requested: int = 5
    """RequestedState: the last change while it is under way, else 5, no change."""
    other_state: str | None = None
    changed: float = 0.0
    """When the state changed last."""
    configured: float = 0.0
    """When the configuration changed last."""
    snapshots: list[Snapshot] = field(default_factory=list)
    current_parent: str | None = None
    """The snapshot that the present configuration stands upon."""
    jobs: list[str] = field(default_factory=list)

    @property
    def enabled_state(self) -> int:
        """Msvm_ComputerSystem.EnabledState."""
        return int(self.changing or self.power)

    @property
    def is_busy(self) -> bool:
        """Whether a change of its state is under way."""
        return self.requested != 5

    @property
    def is_on(self) -> bool:
        """Whether a worker process holds it: running or paused."""
        return self.power in (Power.RUNNING, Power.PAUSED)

    def snapshot(self, snapshot_guid: str) -> Snapshot | None:
        """The checkpoint of that GUID, found without case."""
        wanted = snapshot_guid.upper()
        return next((s for s in self.snapshots if s.guid == wanted), None)

    def uptime(self, now: float) -> float:
        """Seconds that it has run."""
        if self.power == Power.RUNNING and self.started is not None:
            return self.on_time + max(0.0, now - self.started)
        return self.on_time


def part_guid(machine: str, part: str) -> str:
    """The GUID of a part of a machine that Hyper-V gives a random one."""
    return guid(machine, part)
