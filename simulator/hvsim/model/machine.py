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


class Activity(IntEnum):
    """What is done to a machine: the second Msvm_ComputerSystem.OperationalStatus."""

    CREATING_SNAPSHOT = 32768
    APPLYING_SNAPSHOT = 32769
    DELETING_SNAPSHOT = 32770
    MERGING_DISKS = 32772


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
    settings: dict[str, Any] = field(default_factory=dict)
    """Other properties of Msvm_MemorySettingData that were written."""


@dataclass
class Drive:
    """A disk or DVD drive in a slot of a controller."""

    controller: str
    """The InstanceID of the controller below the machine: GUID\\number."""
    slot: int
    path: str | None
    """The image in it; None is an empty drive."""
    is_dvd: bool = False
    host_resource: str | None = None
    """The path of the host's disk that it passes through."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Properties of the medium's settings that were written."""


@dataclass
class Feature:
    """A feature of an adapter's connection other than its VLAN."""

    class_name: str
    guid: str
    values: dict[str, Any]


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
    identifier: str | None = None
    """VirtualSystemIdentifiers, where it isn't the GUID in braces."""
    has_connection: bool = True
    """Whether there are settings of a connection at all, in use or not."""
    last_switch: str = ""
    """The name of the switch that it was connected to and that is gone."""
    is_cut: bool = False
    """The connection is disabled, whatever switch it names."""
    gateways: list[str] | None = None
    """Those that were set from the host; None are the guest's own."""
    dns: list[str] | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    """Other properties of its settings that were written."""
    connection: dict[str, Any] = field(default_factory=dict)
    """Other properties of its connection's settings that were written."""
    vlan_settings: dict[str, Any] = field(default_factory=dict)
    """Other properties of its VLAN's settings that were written."""
    features: list[Feature] = field(default_factory=list)

    @property
    def is_connected(self) -> bool:
        """Whether packets pass."""
        return self.has_connection and not self.is_cut and self.switch is not None


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
    has_memory: bool = False
    """Whether it keeps what the machine had in memory: applied, it is saved."""


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
    processor_settings: dict[str, Any] = field(default_factory=dict)
    """Other properties of Msvm_ProcessorSettingData that were written."""
    serial: dict[int, dict[str, Any]] = field(default_factory=dict)
    """What was written of the serial ports, by number from 0."""
    display: dict[str, Any] = field(default_factory=dict)
    """What was written of the synthetic display."""
    identifiers: dict[str, list[str]] = field(default_factory=dict)
    """VirtualSystemIdentifiers of SCSI controllers that were given some."""
    floppy: str | None = None
    """The image in the floppy drive."""
    security: dict[str, Any] = field(default_factory=dict)
    """What was written of Msvm_SecuritySettingData."""
    key_protector: bytes = b""
    boot_order: list[str] = field(default_factory=list)
    """The tails of the boot sources' InstanceIDs that were put in order."""
    boot_files: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Boot sources that are files, by GUID."""
    exchange: dict[int, dict[str, str]] = field(default_factory=dict)
    """Key-value pairs of the host by source: 0 for the guest, 4 for the host alone."""
    integration: dict[str, bool] = field(
        default_factory=lambda: {
            name: name != "GuestServiceInterface" for name in INTEGRATION
        }
    )


@dataclass
class Keyboard:
    """What was typed on a machine's keyboard, for tests to read."""

    typed: list[tuple[str, Any]] = field(default_factory=list)
    """The method and what it typed: ("TypeText", "ls"), ("TypeKey", 13)."""
    pressed: set[int] = field(default_factory=set)
    """The codes of keys that are held down."""


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
    activity: Activity | None = None
    changed: float = 0.0
    """When the state changed last."""
    configured: float = 0.0
    """When the configuration changed last."""
    snapshots: list[Snapshot] = field(default_factory=list)
    current_parent: str | None = None
    """The snapshot that the present configuration stands upon."""
    jobs: list[str] = field(default_factory=list)
    keyboard: Keyboard = field(default_factory=Keyboard)
    interrupts: int = 0
    """How many non-maskable interrupts it was sent."""

    @property
    def enabled_state(self) -> int:
        """Msvm_ComputerSystem.EnabledState."""
        return int(self.changing or self.power)

    @property
    def is_busy(self) -> bool:
        """Whether a change of its state, or of its checkpoints, is under way."""
        merges = self.activity in (None, Activity.MERGING_DISKS)
        return self.requested != 5 or not merges

    @property
    def operational(self) -> tuple[list[int], list[str]]:
        """OperationalStatus and StatusDescriptions."""
        codes, texts = [2], ["Operating normally"]
        if self.activity:
            codes.append(int(self.activity))
            texts.append(self.activity.name.replace("_", " ").capitalize())
        return codes, texts

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
