# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs as clients see them: Msvm_ConcreteJob, Msvm_StorageJob, what they affect."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from hvsim.model.clock import moment
from hvsim.model.common import system_path
from hvsim.model.computer_system import job_path
from hvsim.model.jobs import Job, JobError, JobState, ReturnCode
from hvsim.model.networking import switch_path
from hvsim.model.settings import vssd_path
from hvsim.wmi.embedded import to_text
from hvsim.wmi.registry import Values, method, of_host
from hvsim.wmi.schema import VIRTUALIZATION, schema
from hvsim.wmi.values import Instance

if TYPE_CHECKING:
    from hvsim.model.model import Model

CONCRETE_JOB = "Msvm_ConcreteJob"
STORAGE_JOB = "Msvm_StorageJob"
CREATE = 5
"""ElementEffects of what a job has made."""
_STATUS = {
    JobState.RUNNING: ([11], "Job is running"),
    JobState.COMPLETED: ([2, 17], "Job is completed successfully"),
    JobState.TERMINATED: ([2, 14], "Job is terminated"),
    JobState.EXCEPTION: ([6, 17], "Job is completed with errors"),
}


@of_host(CONCRETE_JOB)
def jobs(model: Model) -> Iterator[Values]:
    """The jobs that run, and those that ended less than five minutes ago."""
    now = model.now()
    for job in list(model.jobs.values()):
        if job.class_name == CONCRETE_JOB:
            yield _job(model, job, now)


@of_host(STORAGE_JOB)
def storage_jobs(model: Model) -> Iterator[Values]:
    """The same of the image service; a failed one tells of the disk and its parent."""
    now = model.now()
    for job in list(model.jobs.values()):
        if job.class_name == STORAGE_JOB:
            failed = job.error if job.is_finished else None
            yield {
                **_job(model, job, now),
                "Child": job.paths[0] if failed and job.paths else None,
                "JobCompletionStatusCode": failed.hresult if failed else 0,
                "Parent": _parent(model, job) if failed else None,
            }


def _parent(model: Model, job: Job) -> str | None:
    image = model.images.find(job.paths[0]) if job.paths else None
    return image.parent if image and image.parent else None


def _job(model: Model, job: Job, now: float) -> Values:
    caption = job.caption
    status, text = _STATUS[job.state]
    end = now if job.finished is None else job.finished
    error = job.error if job.is_finished else None
    return {
        "Cancellable": job.is_cancellable,
        "Caption": caption,
        "DeleteOnCompletion": True,
        "Description": caption,
        "ElapsedTime": timedelta(microseconds=round((end - job.started) * 1e6)),
        "ElementName": caption,
        "ErrorCode": error.code if error else 0,
        "ErrorDescription": error.description if error else "",
        "ErrorSummaryDescription": error.description if error else "",
        "HealthState": 5 if error is None else 15,
        "InstallDate": moment(job.started),
        "InstanceID": job.guid,
        "JobRunTimes": 1,
        "JobState": int(job.state),
        "JobStatus": text,
        "JobType": job.type.value,
        "LocalOrUtcTime": 2,
        "Name": f"Msvm_{job.type.name.title().replace('_', '')}Job",
        "OperationalStatus": status,
        "PercentComplete": job.percent(now),
        "StartTime": moment(job.started),
        "Status": text,
        "StatusDescriptions": [text],
        "TimeBeforeRemoval": timedelta(seconds=model.time_before_removal),
        "TimeOfLastStateChange": moment(end if job.is_finished else job.started),
        "TimeSubmitted": moment(job.started),
    }


@of_host("Msvm_AffectedJobElement")
def affected(model: Model) -> Iterator[Values]:
    """Jobs, the machines that they change, the checkpoints and switches they make."""
    switches = {switch.guid for switch in model.switches}
    for job in list(model.jobs.values()):
        if job.machine:
            yield {
                "AffectedElement": system_path(model, job.machine),
                "AffectingElement": job_path(model, job),
                "ElementEffects": [0],
            }
        if job.snapshot and model.owner(job.snapshot):
            yield {
                "AffectedElement": vssd_path(model, job.snapshot),
                "AffectingElement": job_path(model, job),
                "ElementEffects": [CREATE],
            }
        if job.switch in switches:
            yield {
                "AffectedElement": switch_path(model, job.switch),
                "AffectingElement": job_path(model, job),
                "ElementEffects": [CREATE],
            }


def _job_of(model: Model, instance: Instance | None) -> Job:
    assert instance is not None
    return model.jobs[instance.get("InstanceID")]


@method(STORAGE_JOB, "RequestStateChange")
@method(CONCRETE_JOB, "RequestStateChange")
def request_state_change(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """End a job: 4 terminates, 5 kills; only one that can be cancelled.

    Microsoft's page gives 4 (Terminate) and 5 (Kill); os-win sends 5.
    """
    job = _job_of(model, instance)
    if parameters.get("RequestedState") not in (4, 5):
        return {"ReturnValue": ReturnCode.INVALID_PARAMETER}
    if not job.is_cancellable:
        return {"ReturnValue": ReturnCode.INVALID_STATE}
    model.end_job(job, JobError(ReturnCode.FAILED, "The operation was cancelled."))
    return {"ReturnValue": ReturnCode.OK}


@method(STORAGE_JOB, "GetError")
@method(CONCRETE_JOB, "GetError")
def get_error(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """The error of a job as one embedded Msvm_Error; null for one without."""
    error = _error_text(_job_of(model, instance))
    return {"Error": error, "ReturnValue": ReturnCode.OK}


@method(STORAGE_JOB, "GetErrorEx")
@method(CONCRETE_JOB, "GetErrorEx")
def get_error_ex(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """The errors of a job, embedded; none for one without."""
    error = _error_text(_job_of(model, instance))
    return {"Errors": [error] if error else [], "ReturnValue": ReturnCode.OK}


def _error_text(job: Job) -> str | None:
    if job.error is None or not job.is_finished:
        return None
    values = {
        "CIMStatusCode": 1,
        "ErrorSource": job.guid,
        "ErrorSourceFormat": 1,
        "ErrorType": 4,
        "Message": job.error.description,
        "MessageID": str(job.error.code),
        "OwningEntity": "Microsoft-Windows-Hyper-V-VMMS",
        "PerceivedSeverity": 5,
        "ProbableCause": 0,
    }
    return to_text(Instance(schema(VIRTUALIZATION).find("Msvm_Error"), values))
