# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated hosts as foreign clients see them, and how those programs are run."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

MACHINES = 4


@dataclass(frozen=True)
class Endpoint:
    """Where a simulated host is, and who may sign in.

    Attributes:
        http, https: URLs of its listeners.
        ca: The file of its authority.
    """

    http: str
    https: str
    username: str
    password: str
    ca: str

    @classmethod
    def of(cls, ready: Mapping[str, Any]) -> Endpoint:
        """From the ready file."""
        return cls(
            *(ready[name] for name in ("http", "https", "username", "password", "ca"))
        )

    @property
    def http_port(self) -> int:
        """Of HTTP."""
        return urlsplit(self.http).port or 80

    @property
    def https_port(self) -> int:
        """Of HTTPS."""
        return urlsplit(self.https).port or 443


def program(name: str, *places: Path) -> str:
    """A foreign client's path; the test fails where it isn't installed.

    Not every release of Ubuntu has Debian's wsl and winrmcp: those are skipped aloud.
    """
    found = shutil.which(name, path=":".join(map(str, places))) if places else None
    found = found or shutil.which(name)
    if found is None and name.startswith(("wsl", "winrmcp")):
        pytest.skip(f"{name} is not installed, and not in every release: not tried")
    if found is None:
        pytest.fail(f"{name} is not installed; python3 -m tools.setup installs it")
    return found


def run(
    command: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    stdin: str = "",
    folder: Path | None = None,
    limit: float = 120,
) -> subprocess.CompletedProcess[str]:
    """Run a foreign client; both of its outputs as text, in one."""
    return subprocess.run(
        command,
        env=environ,
        input=stdin,
        cwd=folder,
        timeout=limit,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
