# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""wait_until, with a clock that the test holds."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hypervisor.connect.plugins.module_utils._core.clock import (
    Clock,
    SystemClock,
    wait_until,
)


@dataclass
class HeldClock:
    """Time passes only by sleeping."""

    time: float = 100.0
    pauses: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds


def test_condition_that_is_met_costs_no_time() -> None:
    clock = HeldClock()
    assert wait_until(lambda: True, timeout=10, clock=clock)
    assert clock.pauses == []


def test_condition_that_is_met_is_not_missed_without_time() -> None:
    assert wait_until(lambda: True, timeout=0, clock=HeldClock())
    assert not wait_until(lambda: False, timeout=0, clock=HeldClock())


def test_pauses_double_up_to_the_longest() -> None:
    clock = HeldClock()
    assert not wait_until(
        lambda: False, timeout=6, clock=clock, first_pause=0.5, longest_pause=2
    )
    assert clock.pauses == [0.5, 1.0, 2, 2, 0.5]


def test_last_question_is_asked_at_the_end_of_the_time() -> None:
    clock = HeldClock()
    asked: list[float] = []

    def reached() -> bool:
        asked.append(clock.now())
        return clock.now() >= 103

    assert wait_until(reached, timeout=3, clock=clock)
    assert asked[0] == 100
    assert asked[-1] == 103


@given(
    met_after=st.floats(0, 50),
    timeout=st.floats(0, 50),
    first=st.floats(0.01, 2),
    longest=st.floats(0.1, 5),
)
def test_answer_is_whether_it_was_met_in_time(
    met_after: float, timeout: float, first: float, longest: float
) -> None:
    clock = HeldClock(time=0)
    met = wait_until(
        lambda: clock.now() >= met_after,
        timeout=timeout,
        clock=clock,
        first_pause=first,
        longest_pause=longest,
    )
    assert met == (clock.now() >= met_after)
    assert clock.now() <= timeout + 1e-6
    assert met or clock.now() >= timeout - 1e-6


def test_system_clock_runs_forward_by_what_is_slept() -> None:
    clock: Clock = SystemClock()
    before = clock.now()
    clock.sleep(0.01)
    assert clock.now() - before == pytest.approx(0.01, abs=0.5)
    assert clock.now() - before >= 0.01
