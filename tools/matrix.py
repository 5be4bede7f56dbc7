# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ansible-core goes with which Python in `make matrix`: a plan, and its gaps.

Source: "ansible-core support matrix" of the Ansible documentation, control node Python.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple


class Release(NamedTuple):
    """An ansible-core release, and the Pythons of its controller, oldest first."""

    core: str
    pythons: tuple[str, ...]


class Run(NamedTuple):
    """One run of the unit tests."""

    core: str
    python: str


RELEASES = (
    Release("2.16", ("3.10", "3.11", "3.12")),
    Release("2.19", ("3.11", "3.12", "3.13")),
    Release("2.21", ("3.12", "3.13")),
)
"""Those that requirements/matrix-*.txt lock, oldest first."""


def plan_runs(releases: Sequence[Release], found: Collection[str]) -> list[Run]:
    """Each release on the oldest Python found, the newest on its newest as well."""
    runs = []
    for release in releases:
        usable = [python for python in release.pythons if python in found]
        chosen = usable[:1]
        if release == releases[-1]:
            chosen += usable[1:][-1:]
        runs += [Run(release.core, python) for python in chosen]
    return runs


def missing_runs(releases: Sequence[Release], found: Collection[str]) -> list[str]:
    """A sentence for every release that no Python found here can run."""
    return [
        f"ansible-core {release.core} needs Python {' or '.join(release.pythons)},"
        " and none is here"
        for release in releases
        if not set(release.pythons) & set(found)
    ]
