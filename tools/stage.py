# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stage of the tests hands on: its figures, and how to run a program for it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.pythons import path_without_shims
from tools.setup import BUILD, ROOT, VENV

CACHE = ROOT / ".cache"


@dataclass(frozen=True)
class Outcome:
    """What came of one stage.

    Args:
        stage: Its name, as in ``make unit``.
        passed: How many passed.
        failed: How many failed.
        skipped: How many could not be run, or were left out.
        noun: What was counted.
        notes: Sentences for the end of the run: what was not run, and why.
    """

    stage: str
    passed: int
    failed: int
    skipped: int = 0
    noun: str = "tests"
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """``unit: 812 tests passed, 3 skipped``, with failures where there are any."""
        parts = [f"{self.passed} {self.noun} passed"]
        parts += [f"{self.failed} failed"] if self.failed else []
        parts += [f"{self.skipped} skipped"] if self.skipped else []
        return f"{self.stage}: {', '.join(parts)}"


def total(outcomes: Sequence[Outcome]) -> str:
    """The line that ends a run: ``N passed, N failed, N skipped``."""
    counts = [
        sum(getattr(outcome, kind) for outcome in outcomes)
        for kind in ("passed", "failed", "skipped")
    ]
    return "{} passed, {} failed, {} skipped".format(*counts)


def parse_total(output: str) -> tuple[int, int, int] | None:
    """Read a line like total's from the end of a program's output.

    Returns:
        Passed, failed and skipped, or None where the last line is another.
    """
    lines = output.strip().splitlines()
    pattern = r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?"
    match = re.fullmatch(pattern, lines[-1].strip()) if lines else None
    if match is None:
        return None
    return int(match[1]), int(match[2]), int(match[3] or 0)


def environment() -> dict[str, str]:
    """The environment of every stage.

    The programs of .venv come first and shims not at all; Ansible finds the collection
    in .build alone, and keeps what it caches out of the user's home.
    """
    path = [str(VENV / "bin"), *path_without_shims(os.environ)]
    return {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(BUILD),
        "ANSIBLE_HOME": str(CACHE / "ansible"),
        "ANSIBLE_NOCOLOR": "1",
        "NO_COLOR": "1",
        "PATH": os.pathsep.join(dict.fromkeys(path)),
        "PYTHONPATH": str(BUILD),
        "PYTHONUNBUFFERED": "1",
    }


def stream(
    command: Sequence[str],
    *,
    cwd: Path = ROOT,
    environ: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Run a program, showing its output as it comes.

    Returns:
        Its exit code (127 where it can't be started) and all it printed.
    """
    shown = " ".join(command[:12]) + (" ..." if command[12:] else "")
    print(f"+ {shown}", flush=True)
    try:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment() if environ is None else environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        print(error, flush=True)
        return 127, str(error)
    output = []
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", flush=True)
        output.append(line)
    return process.wait(), "".join(output)


def project_files() -> list[str]:
    """The checkout's files that git tracks, or would; paths from its root, sorted."""
    # Whoever runs this runs the checkout's code anyway, whoever owns it.
    git = ["git", "-c", "safe.directory=*"]
    listing = subprocess.run(
        [*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = sorted({name for name in listing.split("\0") if name})
    return [name for name in names if os.path.lexists(ROOT / name)]
