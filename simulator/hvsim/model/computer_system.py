# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Msvm_ComputerSystem: the host and its machines, and changes of their states.

The host is one of the instances, with its computer name as Name (as recorded answers
of real hosts show). The transitions follow Microsoft's page on RequestStateChange of
Msvm_ComputerSystem and what Hyper-V Manager offers in each state; 32775 is the answer
to every other one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from hvsim.model.clock import NEVER, moment
from hvsim.model.common import SYSTEM, healthy, system_path
from hvsim.model.jobs import Job, JobError, JobType, ReturnCode
from hvsim.model.machine import Change, Machine, Power
from hvsim.model.starting import give_addresses, obstacle
from hvsim.wmi.registry import Values, method, of_host, of_machine
from hvsim.wmi.schema import VIRTUALIZATION
from hvsim.wmi.values import Instance, ObjectPath

if TYPE_CHECKING:
    from hvsim.model.model import Model

ON = frozenset({Power.RUNNING, Power.PAUSED})
TRANSITIONS: dict[int, dict[Power, JobType]] = {
    2: {
        Power.OFF: JobType.START,
        Power.SAVED: JobType.RESTORE,
        Power.PAUSED: JobType.RESUME,
    },
    3: {
        Power.RUNNING: JobType.POWER_OFF,
        Power.PAUSED: JobType.POWER_OFF,
        Power.SAVED: JobType.POWER_OFF,
    },
    4: {Power.RUNNING: JobType.SHUT_DOWN},
    6: {Power.RUNNING: JobType.SAVE, Power.PAUSED: JobType.SAVE},
    9: {Power.RUNNING: JobType.PAUSE},
    10: {Power.RUNNING: JobType.REBOOT},
    11: {Power.RUNNING: JobType.RESET, Power.PAUSED: JobType.RESET},
}
"""RequestedState: the states in which it is legal, and the kind of its job.

3 on a saved machine drops the saved state (libvirt's hypervDomainManagedSaveRemove
does it so). That 4 works on v2 was seen on a host; that 10 is for a running machine
is libvirt's use of it, while Microsoft's page speaks of off and saved ones.
"""
CHANGING = {
    JobType.START: Change.STARTING,
    JobType.RESTORE: Change.STARTING,
    JobType.POWER_OFF: Change.SHUTTING_DOWN,
    JobType.SHUT_DOWN: Change.SHUTTING_DOWN,
}
STARTS = (JobType.START, JobType.RESTORE)
OTHER_STATES = {
    JobType.SAVE: "Saving",
    JobType.PAUSE: "Pausing",
    JobType.RESUME: "Resuming",
}
RESULTS = {
    JobType.START: Power.RUNNING,
    JobType.RESTORE: Power.RUNNING,
    JobType.RESUME: Power.RUNNING,
    JobType.POWER_OFF: Power.OFF,
    JobType.SHUT_DOWN: Power.OFF,
    JobType.SAVE: Power.SAVED,
    JobType.PAUSE: Power.PAUSED,
    JobType.RESET: Power.RUNNING,
    JobType.REBOOT: Power.RUNNING,
}


@of_host(SYSTEM)
def host(model: Model) -> Iterator[Values]:
    """The host itself."""
    yield {
        **healthy(model.hostname, "Microsoft Hosting Computer System"),
        "Caption": "Hosting Computer System",
        "CreationClassName": SYSTEM,
        "Name": model.hostname,
        "NumberOfNumaNodes": 1,
        "ResetCapability": 1,
    }


@of_machine(SYSTEM)
def machine_system(model: Model, machine: Machine) -> Iterator[Values]:
    """A machine."""
    uptime = machine.uptime(model.now())
    yield {
        "Caption": "Virtual Machine",
        "CreationClassName": SYSTEM,
        "Description": "Microsoft Virtual Machine",
        "ElementName": machine.name,
        "EnabledDefault": 2 if machine.is_on else 3,
        "EnabledState": machine.enabled_state,
        "EnhancedSessionModeState": 2 if machine.is_on else 3,
        "FailedOverReplicationType": 0,
        "HealthState": 5,
        "HwThreadsPerCoreRealized": 1 if machine.is_on else None,
        "InstallDate": moment(machine.created),
        "LastApplicationConsistentReplicationTime": NEVER,
        "LastReplicationTime": NEVER,
        "LastReplicationType": 0,
        "Name": machine.guid,
        "NumberOfNumaNodes": 1,
        "OnTimeInMilliseconds": int(uptime * 1000),
        "OperationalStatus": machine.operational[0],
        "OtherEnabledState": machine.other_state,
        "ProcessID": machine.process_id,
        "ReplicationHealth": 0,
        "ReplicationMode": 0,
        "ReplicationState": 0,
        "RequestedState": machine.requested,
        "ResetCapability": 1,
        "Status": "OK",
        "StatusDescriptions": machine.operational[1],
        "TimeOfLastConfigurationChange": moment(machine.configured),
        "TimeOfLastStateChange": moment(machine.changed),
    }


@of_machine("Msvm_HostedDependency")
def hosted(model: Model, machine: Machine) -> Iterator[Values]:
    """That the host hosts the machine."""
    yield {
        "Antecedent": system_path(model, model.hostname),
        "Dependent": system_path(model, machine.guid),
    }


@method(SYSTEM, "RequestStateChange")
def request_state_change(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Change a machine's state: 0, 4096 with a job, or why not."""
    assert instance is not None
    machine = model.owner(instance.get("Name"))
    if machine is None:
        return {"ReturnValue": ReturnCode.NOT_SUPPORTED}
    legal = TRANSITIONS.get(parameters.get("RequestedState") or 0)
    if legal is None:
        return {"ReturnValue": ReturnCode.INVALID_PARAMETER}
    if parameters["RequestedState"] == 3:
        _give_up_shutdown(model, machine)
    job_type = legal.get(machine.power)
    if job_type is None or machine.is_busy:
        return {"ReturnValue": ReturnCode.INVALID_STATE}
    if job_type == JobType.SHUT_DOWN and not machine.guest.has_services:
        return {"ReturnValue": ReturnCode.NOT_READY}
    seconds = None
    if job_type == JobType.SHUT_DOWN:
        seconds = shutdown_seconds(model, machine)
    job = change_state(
        model, machine, parameters["RequestedState"], job_type, seconds=seconds
    )
    return job_result(model, job)


def _give_up_shutdown(model: Model, machine: Machine) -> None:
    """A guest that is shutting down, or never will, can be turned off."""
    for guid in machine.jobs:
        job = model.jobs[guid]
        if job.type == JobType.SHUT_DOWN and not job.is_finished:
            model.end_job(job, JobError(ReturnCode.FAILED, "It was turned off."))


def change_state(
    model: Model,
    machine: Machine,
    requested: int,
    job_type: JobType,
    *,
    seconds: float | None = None,
) -> Job:
    """Begin a change of a machine's state."""
    machine.requested = requested
    machine.changing = CHANGING.get(job_type)
    machine.other_state = OTHER_STATES.get(job_type)
    return model.start_job(
        job_type,
        machine,
        partial(_arrive, model, machine, job_type),
        undo=partial(_settle, machine),
        seconds=seconds,
    )


def _settle(machine: Machine) -> None:
    machine.requested, machine.changing, machine.other_state = 5, None, None


def _arrive(model: Model, machine: Machine, job_type: JobType) -> JobError | None:
    error = obstacle(model, machine) if job_type in STARTS else None
    if error:
        return error
    if job_type in STARTS:
        give_addresses(model, machine.configuration)
    enter(machine, RESULTS[job_type], model.now(), afresh=job_type)
    return None


def enter(machine: Machine, power: Power, now: float, *, afresh: JobType) -> None:
    """Let a machine be in a state: with its up time, its process and its times."""
    uptime = machine.uptime(now)
    if power == Power.OFF or afresh in (JobType.START, JobType.RESET, JobType.REBOOT):
        uptime = 0.0
    machine.on_time = uptime
    machine.started = now if power == Power.RUNNING else None
    machine.power = power
    machine.changed = now
    if power not in ON:
        machine.process_id = None
    elif machine.process_id is None:
        machine.process_id = 4 * (int(machine.guid[:4], 16) + 300)
    _settle(machine)


def shutdown_seconds(model: Model, machine: Machine) -> float:
    """How long the guest takes to shut down; a deaf one never does."""
    if machine.guest.is_deaf:
        return float("inf")
    own = machine.guest.shutdown_seconds
    return model.guest_seconds if own is None else own


def job_result(model: Model, job: Job, **outputs: object) -> Values:
    """What a method returns that started that job."""
    if job.seconds > 0:
        return {
            **outputs,
            "Job": job_path(model, job),
            "ReturnValue": ReturnCode.JOB_STARTED,
        }
    code = job.error.code if job.error else ReturnCode.OK
    return {**outputs, "Job": None, "ReturnValue": code}


def job_path(model: Model, job: Job) -> ObjectPath:
    """The path of a job."""
    keys = (("InstanceID", job.guid),)
    return ObjectPath(VIRTUALIZATION, job.class_name, keys, model.hostname)


def when_shut_down(model: Model, machine: Machine, action: Callable[[], None]) -> None:
    """Let something happen once the guest has shut down."""
    seconds = shutdown_seconds(model, machine)
    if seconds != float("inf"):
        model.at(model.now() + seconds, action)
