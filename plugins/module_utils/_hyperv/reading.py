# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of WMI queries to the value classes; pure.

Everything that belongs to a machine is told by its GUID, which is the Name of its
Msvm_ComputerSystem and stands behind ``Microsoft:`` in the InstanceID of its settings.
Captions and descriptions are translated on hosts that are not English, so none is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .._hypervisor.values import (
    RUNNING,
    SAVED,
    STOPPED,
    Disk,
    OperatingSystem,
    Snapshot,
    VirtualMachine,
)
from .classes import (
    GENERATION_2,
    MOVING,
    ON_THE_WAY,
    REALIZED,
    SNAPSHOT,
    START_ALWAYS,
    STATES,
)
from .devices import (
    Devices,
    boot_kinds,
    device_kinds,
    disks,
    has_tpm,
    integration_services,
    nics,
    serials,
)
from .rows import (
    Row,
    array,
    boolean,
    by_machine,
    guid,
    instance_guid,
    integer,
    is_guid,
    path_guid,
)
from .words import CHECKPOINT_TYPES, START_ACTIONS, STOP_ACTIONS, template_word

_MIB = 1024**2


@dataclass(frozen=True)
class Summary:
    """The answers that describe all machines of a host, one list for each question."""

    systems: Iterable[Row]
    settings: Iterable[Row]
    processors: Iterable[Row]
    memory: Iterable[Row]
    networks: Iterable[Row] = ()


def is_machine(row: Row) -> bool:
    """Whether a row of Msvm_ComputerSystem is a machine, rather than the host itself."""
    return is_guid(row["Name"])


def is_settled(system: Row) -> bool:
    """Whether a machine is in a state to stay in, rather than on its way to one.

    A state that is not known counts as settled: nobody waits for it to go away.
    """
    words = str(system.get("OtherEnabledState") or "").lower()
    return (
        integer(system["EnabledState"]) or 0
    ) not in ON_THE_WAY and words not in MOVING


def machines(summary: Summary, *, checkpoints: bool = True) -> list[VirtualMachine]:
    """All machines, as the questions for all of them describe them.

    Args:
        summary: The answers.
        checkpoints: Whether the settings of checkpoints are among them.
    """
    settings, with_snapshots = _settings(summary.settings)
    processors = by_machine(summary.processors)
    memory = by_machine(summary.memory)
    networks = by_machine(summary.networks)
    return [
        _machine(
            row,
            settings.get(guid(row["Name"]), {}),
            processors.get(guid(row["Name"]), []),
            memory.get(guid(row["Name"]), []),
            networks.get(guid(row["Name"]), []),
            has_snapshots=guid(row["Name"]) in with_snapshots if checkpoints else None,
        )
        for row in summary.systems
        if is_machine(row)
    ]


def _machine(
    system: Row,
    settings: Row,
    processors: list[Row],
    memory: list[Row],
    networks: list[Row],
    *,
    has_snapshots: bool | None,
) -> VirtualMachine:
    state = STATES.get(integer(system["EnabledState"]) or 0, RUNNING)
    startup = integer(settings.get("AutomaticStartupAction"))
    megabytes = integer(memory[0]["VirtualQuantity"]) if memory else None
    uptime = integer(system.get("OnTimeInMilliseconds"))
    vcpus = integer(processors[0]["VirtualQuantity"]) if processors else None
    return VirtualMachine(
        name=str(system["ElementName"]),
        uuid=guid(system["Name"]),
        state=state,
        vcpus=vcpus,
        vcpus_max=vcpus,
        memory=megabytes * _MIB if megabytes is not None else None,
        memory_max=megabytes * _MIB if megabytes is not None else None,
        autostart=startup == START_ALWAYS if startup is not None else None,
        persistent=True,
        managed_save=state == SAVED,
        has_snapshots=has_snapshots,
        description="\n".join(array(settings.get("Notes"))) or None,
        uptime=uptime // 1000 if uptime is not None else None,
        addresses=tuple(
            address for row in networks for address in array(row.get("IPAddresses"))
        ),
    )


def _settings(rows: Iterable[Row]) -> tuple[dict[str, Row], set[str]]:
    """The settings in force of each machine, and which machines have checkpoints."""
    in_force: dict[str, Row] = {}
    with_snapshots: set[str] = set()
    for row in rows:
        owner = guid(row["VirtualSystemIdentifier"] or "")
        if row["VirtualSystemType"] == REALIZED:
            in_force[owner] = row
        elif row["VirtualSystemType"] == SNAPSHOT:
            with_snapshots.add(owner)
    return in_force, with_snapshots


def snapshots(rows: Iterable[Row]) -> dict[str, tuple[Snapshot, ...]]:
    """The checkpoints of each machine, oldest first.

    The current one is that on which the settings in force build (their Parent). One that
    keeps memory goes on from there (IsSaved).
    """
    rows = list(rows)
    in_force, _with = _settings(rows)
    current = {path_guid(row.get("Parent")) for row in in_force.values()}
    names = {instance_guid(row): str(row["ElementName"]) for row in rows}
    found: dict[str, list[Snapshot]] = defaultdict(list)
    for row in rows:
        if row["VirtualSystemType"] != SNAPSHOT:
            continue
        created = row.get("CreationTime")
        found[guid(row["VirtualSystemIdentifier"])].append(
            Snapshot(
                name=str(row["ElementName"]),
                parent=names.get(path_guid(row.get("Parent"))),
                created=created.isoformat() if isinstance(created, datetime) else None,
                state=RUNNING if row.get("IsSaved") else STOPPED,
                current=instance_guid(row) in current,
                description="\n".join(array(row.get("Notes"))) or None,
            )
        )
    return {
        owner: tuple(sorted(kept, key=lambda snapshot: snapshot.created or ""))
        for owner, kept in found.items()
    }


def with_devices(
    vms: Iterable[VirtualMachine], summary: Summary, devices: Devices
) -> list[VirtualMachine]:
    """The machines with all that their definitions hold.

    Args:
        vms: The machines, as ``machines`` gave them.
        summary: The answers that those were made of, with all columns of the settings.
        devices: The answers about their devices.
    """
    settings = list(summary.settings)
    in_force, _with = _settings(settings)
    kept = snapshots(settings)
    own_disks = disks(devices, _parents(settings))
    own_nics = nics(devices, summary.networks)
    processors, memory = by_machine(summary.processors), by_machine(summary.memory)
    ports, security = by_machine(devices.serials), by_machine(devices.security)
    kinds = device_kinds(devices)
    found = []
    for vm in vms:
        row = in_force.get(vm.uuid, {})
        boot = boot_kinds(row, kinds)
        system = _operating_system(row, boot, has_tpm(security.get(vm.uuid, ())))
        found.append(
            replace(
                vm,
                os=system,
                disks=tuple(own_disks.get(vm.uuid, ())),
                nics=tuple(own_nics.get(vm.uuid, ())),
                snapshots=kept.get(vm.uuid, ()),
                cpu=_cpu(processors.get(vm.uuid, [])),
                dynamic_memory=_dynamic_memory(memory.get(vm.uuid, [])),
                integration_services=integration_services(devices.integration, vm.uuid),
                serials=serials(ports.get(vm.uuid, ())),
                start_action=START_ACTIONS.get(
                    integer(row.get("AutomaticStartupAction")) or 0
                ),
                start_delay=_seconds(row.get("AutomaticStartupActionDelay")),
                stop_action=STOP_ACTIONS.get(
                    integer(row.get("AutomaticShutdownAction")) or 0
                ),
                checkpoint_type=CHECKPOINT_TYPES.get(
                    integer(row.get("UserSnapshotType")) or 0
                ),
            )
        )
    return found


def _parents(settings: Iterable[Row]) -> dict[str, str]:
    """For each machine or checkpoint the checkpoint that it builds on."""
    return {
        instance_guid(row): path_guid(row.get("Parent"))
        for row in settings
        if row.get("Parent")
    }


def disks_of_checkpoints(summary: Summary, devices: Devices) -> dict[str, list[Disk]]:
    """The disks that the checkpoints of each machine have, all together."""
    settings = list(summary.settings)
    own = disks(devices, _parents(settings))
    found: dict[str, list[Disk]] = defaultdict(list)
    for row in settings:
        if row["VirtualSystemType"] == SNAPSHOT:
            owner = guid(row["VirtualSystemIdentifier"])
            found[owner].extend(own.get(instance_guid(row), ()))
    return found


def _operating_system(
    settings: Row, boot: tuple[str, ...], tpm: bool | None
) -> OperatingSystem:
    second = settings.get("VirtualSystemSubType") == GENERATION_2
    secure = settings.get("SecureBootEnabled")
    template = template_word(settings.get("SecureBootTemplateId"))
    return OperatingSystem(
        type="hvm",
        arch="x86_64",
        machine="generation 2" if second else "generation 1",
        firmware="uefi" if second else "bios",
        secure_boot=boolean(secure) if second and secure is not None else None,
        nvram=None,
        boot=boot,
        secure_boot_template=template if second else None,
        tpm=tpm if second else None,
        generation=2 if second else 1,
        version=str(settings["Version"]) if settings.get("Version") else None,
    )


def _cpu(rows: list[Row]) -> dict[str, bool] | None:
    value = rows[0].get("ExposeVirtualizationExtensions") if rows else None
    return None if value is None else {"nested": boolean(value)}


def _dynamic_memory(rows: list[Row]) -> dict[str, int | bool] | None:
    """What dynamic memory may do; its range only where it is on."""
    if not rows or rows[0].get("DynamicMemoryEnabled") is None:
        return None
    row, enabled = rows[0], boolean(rows[0]["DynamicMemoryEnabled"])
    found: dict[str, int | bool] = {"enabled": enabled}
    if enabled:
        found["minimum"] = (integer(row.get("Reservation")) or 0) * _MIB
        found["maximum"] = (integer(row.get("Limit")) or 0) * _MIB
    found["buffer"] = integer(row.get("TargetMemoryBuffer")) or 0
    found["weight"] = integer(row.get("Weight")) or 0
    return found


def _seconds(delay: object) -> int | None:
    return int(delay.total_seconds()) if isinstance(delay, timedelta) else None
