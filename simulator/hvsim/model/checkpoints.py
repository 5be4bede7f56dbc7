# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Msvm_VirtualSystemSnapshotService: taking, applying and deleting checkpoints.

Microsoft's pages on the service, "Choose between standard or production checkpoints in
Hyper-V" and "Using checkpoints" (50 of them at most; a standard one of a machine that
runs keeps its memory, a production one does not). The sentences of failures are those
that users quote (hashicorp/vagrant#9977: "Checkpoints have been disabled for"); that of
the 50th checkpoint is not documented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING, Any

from hvsim.model import branches
from hvsim.model.clock import moment
from hvsim.model.computer_system import enter, job_result
from hvsim.model.integration import status
from hvsim.model.jobs import Job, JobError, JobType, ReturnCode
from hvsim.model.machine import Activity, Machine, Power, Snapshot
from hvsim.model.management import machine_of
from hvsim.model.settings import VSSD, vssd_path
from hvsim.wmi.embedded import EmbeddedError, parse
from hvsim.wmi.registry import Values, method
from hvsim.wmi.schema import VIRTUALIZATION, schema
from hvsim.wmi.values import Instance, ObjectPath

if TYPE_CHECKING:
    from hvsim.model.model import Model

SERVICE = "Msvm_VirtualSystemSnapshotService"
SETTINGS = "Msvm_VirtualSystemSnapshotSettingData"
FULL = 2
DISABLED, PRODUCTION, PRODUCTION_ONLY, STANDARD = 2, 3, 4, 5
"""Msvm_VirtualSystemSettingData.UserSnapshotType."""
APPLICATION_CONSISTENT, CRASH_CONSISTENT = 1, 2
"""Msvm_VirtualSystemSnapshotSettingData.ConsistencyLevel."""
MOST = 50
INVALID: Values = {"ReturnValue": ReturnCode.INVALID_PARAMETER}
BUSY: Values = {"ReturnValue": ReturnCode.INVALID_STATE}


class Refused(Exception):
    """A checkpoint that can't be taken or applied; `str()` is the sentence."""


def _job(
    model: Model,
    job_type: JobType,
    machine: Machine,
    activity: Activity,
    work: Callable[[], object],
) -> Job:
    """Start a job; meanwhile the machine tells what is done to it."""
    machine.activity = activity

    def settle() -> None:
        if machine.activity == activity:
            machine.activity = None

    def action() -> JobError | None:
        settle()
        try:
            work()
        except Refused as error:
            return JobError(ReturnCode.FAILED, str(error))
        except EmbeddedError as error:
            return JobError(error.code, error.message)
        return None

    return model.start_job(job_type, machine, action, undo=settle)


def _is_idle(machine: Machine) -> bool:
    return not machine.is_busy and machine.activity is None


def _find(model: Model, reference: Any) -> tuple[Machine, Snapshot] | None:
    """The checkpoint that a reference names, and its machine."""
    if not isinstance(reference, ObjectPath):
        return None
    if reference.class_name.lower() not in (
        VSSD.lower(),
        "cim_virtualsystemsettingdata",
    ):
        return None
    keys = {name.lower(): value for name, value in reference.keys}
    guid = keys.get("instanceid", "").upper().removeprefix("MICROSOFT:")
    machine = model.owner(guid)
    snapshot = machine.snapshot(guid) if machine else None
    return (machine, snapshot) if machine and snapshot else None


# Taking


@method(SERVICE, "CreateSnapshot")
def create(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Take a checkpoint; while its job runs nothing tells which one it will be."""
    machine = machine_of(model, parameters.get("AffectedSystem"))
    if machine is None or parameters.get("SnapshotType") != FULL:
        return INVALID
    if not _is_idle(machine):
        return BUSY
    text = parameters.get("SnapshotSettings") or ""
    guid = model.new_guid("snapshot")

    def work() -> None:
        _take(model, machine, guid, _wished(text))

    job = _job(model, JobType.SNAPSHOT, machine, Activity.CREATING_SNAPSHOT, work)
    job.snapshot = guid
    path = vssd_path(model, guid) if machine.snapshot(guid) else None
    return job_result(model, job, ResultingSnapshot=path)


def _wished(text: str) -> Instance | None:
    """The settings of the checkpoint, which may be an empty string."""
    if not text.strip():
        return None
    found = parse(text, schema(VIRTUALIZATION))
    if found.cim_class.name != SETTINGS:
        raise EmbeddedError(ReturnCode.INVALID_PARAMETER, f"It is no {SETTINGS}.")
    if found.get("ConsistencyLevel") not in (None, 0, 1, 2):
        raise EmbeddedError(ReturnCode.INVALID_PARAMETER, "ConsistencyLevel")
    return found


def _take(model: Model, machine: Machine, guid: str, wished: Instance | None) -> None:
    kind = machine.configuration.settings.get("UserSnapshotType", PRODUCTION)
    with_memory = _with_memory(machine, kind, wished)
    if len(machine.snapshots) >= MOST:
        raise _refused(machine, f"It has {MOST} checkpoints, and can't have more.")
    _check_disks(model, machine, wished)
    snapshot = Snapshot(
        guid=guid,
        name=f"{machine.name} - ({_date(model)})",
        created=model.now(),
        parent=machine.current_parent,
        configuration=deepcopy(machine.configuration),
        has_memory=with_memory,
    )
    branches.branch(model.images, machine.configuration, model.new_guid("disk"))
    machine.current_parent = guid
    machine.configured = model.now()
    model.add_snapshot(machine, snapshot)


def _date(model: Model) -> str:
    now = moment(model.now())
    return f"{now.month}/{now.day}/{now.year} - {now:%I:%M:%S %p}".replace(" 0", " ")


def _refused(machine: Machine, reason: str) -> Refused:
    number = f"(Virtual machine ID {machine.guid})"
    return Refused(
        f"Checkpoint operation for '{machine.name}' failed. {number} {reason} {number}"
    )


def _with_memory(machine: Machine, kind: int, wished: Instance | None) -> bool:
    """Whether the memory is kept. Raises Refused."""
    if kind == DISABLED:
        raise _refused(machine, f"Checkpoints have been disabled for '{machine.name}'.")
    level = wished.get("ConsistencyLevel") if wished else None
    if level:
        kind = PRODUCTION_ONLY if level == APPLICATION_CONSISTENT else STANDARD
    if machine.power == Power.OFF:
        return False
    if kind != STANDARD and status(machine, "Vss") == 2:
        return False
    if kind == PRODUCTION_ONLY:
        reason = f"Production checkpoints cannot be created for '{machine.name}'."
        raise _refused(machine, reason)
    return True


def _check_disks(model: Model, machine: Machine, wished: Instance | None) -> None:
    ignores = bool(wished and wished.get("IgnoreNonSnapshottableDisks"))
    for drive in machine.configuration.drives:
        if drive.host_resource and not drive.is_dvd and not ignores:
            raise _refused(machine, "A physical disk is attached to it.")
    if missing := branches.missing_disk(model.images, machine.configuration):
        reason = f"'{missing}': The system cannot find the file specified. (0x80070002)"
        raise _refused(machine, reason)


# Applying


@method(SERVICE, "ApplySnapshot")
def apply(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Give a machine that is off or saved what a checkpoint holds."""
    found = _find(model, parameters.get("Snapshot"))
    if found is None:
        return INVALID
    machine, snapshot = found
    if machine.is_on or not _is_idle(machine):
        return BUSY
    work = partial(_apply, model, machine, snapshot)
    job = _job(model, JobType.APPLY_SNAPSHOT, machine, Activity.APPLYING_SNAPSHOT, work)
    return job_result(model, job)


def _apply(model: Model, machine: Machine, snapshot: Snapshot) -> None:
    if missing := branches.missing_disk(model.images, snapshot.configuration):
        raise _refused(
            machine,
            f"'{missing}': The system cannot find the file specified. (0x80070002)",
        )
    branches.drop_present(model.images, machine)
    machine.configuration = deepcopy(snapshot.configuration)
    branches.branch(model.images, machine.configuration, model.new_guid("disk"))
    machine.current_parent = snapshot.guid
    machine.configured = model.now()
    power = Power.SAVED if snapshot.has_memory else Power.OFF
    enter(machine, power, model.now(), afresh=JobType.APPLY_SNAPSHOT)


# Deleting


@method(SERVICE, "DestroySnapshot")
def destroy(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Delete a checkpoint; what stood upon it then stands upon its parent."""
    found = _find(model, parameters.get("AffectedSnapshot"))
    if found is None:
        return INVALID
    return _destroy(model, found[0], [found[1]])


@method(SERVICE, "DestroySnapshotTree")
def destroy_tree(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Delete a checkpoint and all that stand upon it."""
    found = _find(model, parameters.get("SnapshotSettingData"))
    if found is None:
        return INVALID
    return _destroy(model, found[0], list(_tree(*found)))


def _tree(machine: Machine, snapshot: Snapshot) -> Iterator[Snapshot]:
    for child in machine.snapshots:
        if child.parent == snapshot.guid:
            yield from _tree(machine, child)
    yield snapshot


def _destroy(model: Model, machine: Machine, doomed: list[Snapshot]) -> Values:
    if machine.is_busy:
        return BUSY

    def work() -> None:
        paths = branches.files_of(model.images, machine)
        for snapshot in doomed:
            _remove(model, machine, snapshot)
        machine.configured = model.now()
        _start_merge(model, machine, paths)

    activity = Activity.DELETING_SNAPSHOT
    job = _job(model, JobType.DELETE_SNAPSHOT, machine, activity, work)
    return job_result(model, job)


def _remove(model: Model, machine: Machine, snapshot: Snapshot) -> None:
    for other in machine.snapshots:
        if other.parent == snapshot.guid:
            other.parent = snapshot.parent
    if machine.current_parent == snapshot.guid:
        machine.current_parent = snapshot.parent
    model.remove_snapshot(machine, snapshot)


def _start_merge(model: Model, machine: Machine, paths: list[str]) -> None:
    """Merge in the background: until it is done the machine goes on in its .avhdx."""

    def merge() -> None:
        branches.tidy(model.images, model.machines.values(), paths)

    _job(model, JobType.MERGE_DISKS, machine, Activity.MERGING_DISKS, merge)


@method(SERVICE, "ClearSnapshotState")
def clear_state(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Drop the memory that a checkpoint keeps: applied, it leaves the machine off."""
    found = _find(model, parameters.get("SnapshotSettingData"))
    if found is None:
        return INVALID
    machine, snapshot = found
    if machine.is_busy:
        return BUSY

    def work() -> JobError | None:
        snapshot.has_memory = False
        return None

    job = model.start_job(JobType.CLEAR_SNAPSHOT_STATE, machine, work)
    return job_result(model, job)
