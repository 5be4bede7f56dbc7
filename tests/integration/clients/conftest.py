# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts that foreign clients are run against."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from integration.clients.hosts import MACHINES, Endpoint

from testbed.simulated import simulated


@pytest.fixture(scope="session")
def windows() -> Iterator[Endpoint]:
    """A host at Windows' defaults: no Basic, nothing unencrypted."""
    with simulated("--vms", str(MACHINES)) as ready:
        yield Endpoint.of(ready)


@pytest.fixture(scope="session")
def open_host() -> Iterator[Endpoint]:
    """A host that takes Basic over plain HTTP."""
    with simulated(
        "--vms", str(MACHINES), "--job-seconds", "0", "--basic", "--allow-unencrypted"
    ) as ready:
        yield Endpoint.of(ready)
