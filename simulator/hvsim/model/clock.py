# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time of the simulated host: the system's, or one that a test holds."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
NEVER = datetime(1601, 1, 1, tzinfo=timezone.utc)
"""What Windows gives for a time that never was."""


class Clock(Protocol):
    """Seconds since 1970, UTC."""

    def now(self) -> float:
        """The present."""


class SystemClock:
    """The time of the machine that the simulator runs on."""

    def now(self) -> float:
        """The present, in seconds since 1970."""
        return time.time()


class HeldClock:
    """A clock that stands still until a test advances it."""

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        """The present, in seconds since 1970."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self._now += seconds


def moment(seconds: float) -> datetime:
    """A time of the clock as the datetime that WMI gives."""
    return EPOCH + timedelta(microseconds=round(seconds * 1e6))
