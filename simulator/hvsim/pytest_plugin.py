# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated Hyper-V hosts for pytest: `hvsim`, `start_hvsim` and the mark `hvsim`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from hvsim.simulator import Simulator

StartHvsim = Callable[..., Simulator]


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line(
        "markers",
        "hvsim(**options): how the host of the fixture hvsim is (hvsim.Options)",
    )


@pytest.fixture
def start_hvsim() -> Iterator[StartHvsim]:
    """Start any number of hosts: `start_hvsim(vms=10)`; they end with the test."""
    with ExitStack() as stack:

        def start(**options: Any) -> Simulator:
            return stack.enter_context(Simulator(**options))

        yield start


@pytest.fixture
def hvsim(request: pytest.FixtureRequest, start_hvsim: StartHvsim) -> Simulator:
    """A Hyper-V host at Windows' defaults, or as the test's mark has it."""
    mark = request.node.get_closest_marker("hvsim")
    return start_hvsim(**(mark.kwargs if mark else {}))
