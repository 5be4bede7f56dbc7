# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time as a value that is passed in, so that a test can hold it still."""

from __future__ import annotations

import time
from typing import Callable, Protocol


class Clock(Protocol):
    """What waiting needs: the time that has passed, and a way to let some pass."""

    def now(self) -> float:
        """Seconds since some fixed moment; never runs backwards."""

    def sleep(self, seconds: float) -> None:
        """Let this many seconds pass."""


class SystemClock:
    """The machine's own monotonic clock."""

    def now(self) -> float:
        """Seconds since some fixed moment; never runs backwards."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let this many seconds pass."""
        time.sleep(seconds)


def wait_until(
    reached: Callable[[], bool],
    *,
    timeout: float,
    clock: Clock,
    first_pause: float = 0.05,
    longest_pause: float = 1.0,
) -> bool:
    """Ask ``reached`` until it is true or ``timeout`` seconds have passed.

    The pause between two questions doubles from ``first_pause`` to
    ``longest_pause`` seconds, so that quick changes are seen at once and slow ones
    cost few round trips.

    Returns:
        Whether the condition was met in time; the last question is asked at the end
        of the time, never before it.
    """
    deadline = clock.now() + timeout
    pause = first_pause
    while not reached():
        left = deadline - clock.now()
        if left <= 0:
            return False
        clock.sleep(min(pause, left))
        pause = min(pause * 2, longest_pause)
    return True
