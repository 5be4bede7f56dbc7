# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for jobs, by a clock that the test holds."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._cim.instance import (
    InstancePath,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.jobs import (
    JobFailed,
    SharedJobs,
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


class Host:
    """Jobs, and how often each kind of question was asked."""

    def __init__(self, **states: int) -> None:
        self.states = states
        self.asked: list[str] = []
        self.clock = HeldClock()
        self.jobs = SharedJobs(self.read_one, self.read_pending, self.clock)

    def read_one(self, job: InstancePath) -> dict[str, Any] | None:
        name = str(job.key("InstanceID"))
        self.asked.append(name)
        return {"JobState": self.states[name]} if name in self.states else None

    def read_pending(self) -> list[dict[str, Any]]:
        self.asked.append("all")
        return [
            {"InstanceID": name, "JobState": state}
            for name, state in self.states.items()
            if state != 7
        ]

    def read(self, name: str) -> dict[str, Any] | None:
        path = InstancePath("", "Msvm_ConcreteJob", (("InstanceID", name),), None)
        found = self.jobs.read(path)
        return None if found is None else dict(found)


def test_one_who_waits_alone_asks_for_his_job_only() -> None:
    host = Host(A=4)
    with host.jobs.waiting():
        assert host.read("A") == {"JobState": 4}
    assert host.asked == ["A"]


def test_those_who_wait_together_share_one_answer_for_a_while() -> None:
    host = Host(A=4, B=4, C=7)
    with host.jobs.waiting(), host.jobs.waiting(), host.jobs.waiting():
        for name in "AB":
            found = host.read(name)
            assert found is not None
            assert found["JobState"] == 4
        assert host.asked == ["all"]
        assert host.read("C") == {"JobState": 7}
        assert host.asked == ["all", "C"]
        host.clock.sleep(1)
        host.read("A")
        assert host.asked == ["all", "C", "all"]


def test_a_job_that_failed_is_read_itself_for_its_words() -> None:
    host = Host(A=10, B=4)
    with host.jobs.waiting(), host.jobs.waiting():
        assert host.read("A") == {"JobState": 10}
    assert host.asked == ["all", "A"]


def test_a_job_that_was_cleared_away_is_none() -> None:
    host = Host(B=4)
    with host.jobs.waiting(), host.jobs.waiting():
        assert host.read("A") is None
