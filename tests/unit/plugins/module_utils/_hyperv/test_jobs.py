# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for jobs, by a clock that the test holds."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.jobs import (
    JobFailed,
    wait_for_job,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    OperationTimeout,
)


class HeldClock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Job:
    """A job that runs until its time, and then is as it is told to be."""

    def __init__(self, ends: float, state: int = 7, **properties: Any) -> None:
        self.clock = HeldClock()
        self.ends = ends
        self.last: dict[str, Any] | None = {"JobState": state, **properties}
        self.reads = 0

    def read(self) -> dict[str, Any] | None:
        self.reads += 1
        if self.clock.now() >= self.ends:
            return self.last
        return {"JobState": 4, "PercentComplete": 40}

    def wait(self, timeout: float = 100) -> None:
        wait_for_job(
            self.read,
            where="hyperv://hv1/",
            doing="start machine web1",
            timeout=timeout,
            clock=self.clock,
        )


def test_job_that_has_ended_costs_one_reading() -> None:
    job = Job(0)
    job.wait()
    assert (job.reads, job.clock.now()) == (1, 0)


def test_job_is_read_until_it_ends() -> None:
    job = Job(10)
    job.wait()
    assert 10 <= job.clock.now() < 11
    assert job.reads < 20


@pytest.mark.parametrize("state", [7, 32768, "7"])
def test_completed_and_completed_with_warnings_are_well(state: Any) -> None:
    job = Job(1, state, ErrorCode=0)
    job.wait()
    assert job.reads > 1


def test_job_that_was_cleared_away_had_ended() -> None:
    job = Job(5)
    job.last = None
    job.wait()
    assert job.clock.now() >= 5


@pytest.mark.parametrize("state", [8, 9, 10])
def test_failed_job_tells_its_own_words(state: int) -> None:
    job = Job(
        1,
        state,
        InstanceID="J1",
        ErrorCode=32779,
        ErrorDescription="'web1' can't start.\r\n  The file is missing.",
    )
    with pytest.raises(JobFailed) as caught:
        job.wait()
    error = caught.value
    assert error.what == (
        "can't start machine web1: 'web1' can't start. The file is missing"
    )
    assert error.where == "hyperv://hv1/"
    assert error.details == {
        "job": "J1",
        "job_state": state,
        "code": 32779,
        "message": "'web1' can't start.\r\n  The file is missing.",
    }


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"ErrorCode": 32779, "ErrorDescription": ""}, "file not found"),
        ({"ErrorCode": 12345}, "the job failed with code 12345"),
        ({"ErrorCode": None}, "the job failed with code 0"),
        ({"ErrorSummaryDescription": "In short."}, "In short"),
    ],
)
def test_failed_job_without_words_tells_its_number(
    properties: dict[str, Any], words: str
) -> None:
    with pytest.raises(JobFailed) as caught:
        Job(0, 10, **properties).wait()
    assert caught.value.what == f"can't start machine web1: {words}"


def test_job_that_never_ends_is_given_up_and_told() -> None:
    job = Job(float("inf"))
    with pytest.raises(OperationTimeout) as caught:
        job.wait(timeout=30)
    assert job.clock.now() == 30
    assert caught.value.what == (
        "the host is still busy after 30 seconds (start machine web1, 40 percent done)"
    )
    assert caught.value.remedy == "it goes on there; run the play again later"
