# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Methods that go on in the background: Msvm_ConcreteJob and its kin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from .._core.clock import Clock, wait_until
from .._hypervisor.hypervisor import OperationFailed, OperationTimeout
from .classes import COMPLETED, COMPLETED_WITH_WARNINGS, ENDED, RETURN_VALUES


class JobFailed(OperationFailed):
    """A job of the host ended otherwise than well."""


def wait_for_job(
    read: Callable[[], Mapping[str, Any] | None],
    *,
    where: str,
    doing: str,
    timeout: float,
    clock: Clock,
) -> None:
    """Wait until a job has ended.

    Args:
        read: Reads the job's instance; None once it has been cleared away, which
            happens some minutes after its end.
        where: The URI without secrets.
        doing: What the job does, as "start machine web1".
        timeout: Seconds.
        clock: What waiting goes by.

    Raises:
        JobFailed: It ended badly; the error has the job's own words and number.
        OperationTimeout: It has not ended in time. It goes on on the host.
    """
    job: Mapping[str, Any] | None = None

    def has_ended() -> bool:
        nonlocal job
        job = read()
        return job is None or int(job["JobState"]) in ENDED

    if not wait_until(has_ended, timeout=timeout, clock=clock):
        percent = job.get("PercentComplete") if job else None
        raise OperationTimeout(
            f"the host is still busy after {timeout:g} seconds ({doing}, "
            f"{percent or 0} percent done)",
            where=where,
            remedy="it goes on there; run the play again later",
        )
    if job is None or int(job["JobState"]) in (COMPLETED, COMPLETED_WITH_WARNINGS):
        return
    raise JobFailed(f"can't {doing}: {_words(job)}", where=where, details=_details(job))


def _words(job: Mapping[str, Any]) -> str:
    said = job.get("ErrorDescription") or job.get("ErrorSummaryDescription")
    if said:
        return " ".join(str(said).split()).rstrip(".")
    code = _number(job.get("ErrorCode"))
    return RETURN_VALUES.get(code, f"the job failed with code {code}")


def _details(job: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "job": job.get("InstanceID"),
        "job_state": _number(job.get("JobState")),
        "code": _number(job.get("ErrorCode")),
        "message": job.get("ErrorDescription"),
    }


def _number(value: Any) -> int:
    return int(value) if value is not None else 0
