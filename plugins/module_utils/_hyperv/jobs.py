# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Methods that go on in the background: Msvm_ConcreteJob and its kin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any

from .._cim.instance import InstancePath
from .._core.clock import Clock, wait_until
from .._hypervisor.hypervisor import OperationFailed, OperationTimeout
from .classes import COMPLETED, COMPLETED_WITH_WARNINGS, ENDED, RETURN_VALUES

#: Seconds that one answer about all jobs serves those who wait.
_FRESH = 0.25


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


class SharedJobs:
    """Reads jobs for several threads: one question for all whose jobs are waited for.

    Args:
        read_one: Reads a job's instance; None once it has been cleared away.
        read_pending: The rows of all jobs of the host that have not completed.
        clock: What tells how old an answer is.
    """

    def __init__(
        self,
        read_one: Callable[[InstancePath], Mapping[str, Any] | None],
        read_pending: Callable[[], Iterable[Mapping[str, Any]]],
        clock: Clock,
    ) -> None:
        self._read_one = read_one
        self._read_pending = read_pending
        self._clock = clock
        self._lock = Lock()
        self._waiting = 0
        self._pending: dict[str, Mapping[str, Any]] = {}
        self._read_at: float | None = None

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count as one who waits, for the time of the block."""
        with self._lock:
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1

    def read(self, job: InstancePath) -> Mapping[str, Any] | None:
        """The job, or what the common question told of it while it goes on."""
        if self._waiting > 1:
            known = self._told(str(job.key("InstanceID")).upper())
            if known is not None and int(known["JobState"]) not in ENDED:
                return known
        return self._read_one(job)

    def _told(self, key: str) -> Mapping[str, Any] | None:
        with self._lock:
            now = self._clock.now()
            if self._read_at is None or now - self._read_at >= _FRESH:
                rows = self._read_pending()
                self._pending = {str(row["InstanceID"]).upper(): row for row in rows}
                self._read_at = self._clock.now()
            return self._pending.get(key)
