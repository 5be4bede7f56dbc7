# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running commands and waiting, each with a limit and an error that says why."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"PATH": SEARCH_PATH, "LC_ALL": "C.UTF-8", "HOME": "/root"}


class TestbedError(Exception):
    """The testbed could not be brought up or spoken to; the text says why."""

    __test__ = False  # not a test class, whatever its name says to pytest


def program(name: str) -> str:
    """The path of a program.

    Raises:
        TestbedError: It is not installed.
    """
    path = shutil.which(name, path=SEARCH_PATH)
    if path is None:
        raise TestbedError(f"{name} is not installed")
    return path


def run(
    argv: Sequence[str | Path],
    *,
    stdin: str = "",
    limit: float = 30.0,
    cwd: Path | None = None,
) -> str:
    """Run a command to its end and return what it printed.

    Args:
        argv: The command; its first word is looked up as a program.
        stdin: Text for its standard input.
        limit: Seconds after which it is killed.
        cwd: Directory to run in.

    Raises:
        TestbedError: It is missing, failed, or took too long.
    """
    command = [program(str(argv[0])), *map(str, argv[1:])]
    shown = " ".join(command)
    try:
        done = subprocess.run(
            command,
            check=False,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=limit,
            cwd=cwd,
            env=ENVIRONMENT,
        )
    except subprocess.TimeoutExpired as error:
        raise TestbedError(f"`{shown}` did not end within {limit:g} s") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise TestbedError(f"`{shown}` failed with {done.returncode}: {said}")
    return done.stdout


def tail(path: Path, *, lines: int = 15) -> str:
    """The last lines of a log, or a note that there is none."""
    try:
        text = path.read_text(errors="replace").splitlines()
    except OSError:
        return f"({path.name}: no such log)"
    return "\n".join(f"  {path.name}: {line}" for line in text[-lines:])


def wait_until(
    ready: Callable[[], bool],
    what: str,
    *,
    limit: float,
    logs: Sequence[Path] = (),
    pause: float = 0.01,
) -> None:
    """Ask again and again until the answer is yes.

    Args:
        ready: The question.
        what: What is waited for, as in "libvirtd answers".
        limit: Seconds to wait at most.
        logs: Files whose ends belong into the error.
        pause: Seconds between two questions.

    Raises:
        TestbedError: The answer stayed no.
    """
    deadline = time.monotonic() + limit
    while not ready():
        if time.monotonic() > deadline:
            ends = "\n".join(tail(log) for log in logs)
            raise TestbedError(f"waited {limit:g} s in vain: {what}\n{ends}".rstrip())
        time.sleep(pause)


def write(path: Path, text: str, *, mode: int = 0o600) -> Path:
    """Write a file of ours with its mode set from the start; returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    return path


def write_atomically(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Put a file in place so that no reader ever sees a part of it."""
    write(path.with_name(f".{path.name}.{os.getpid()}"), text, mode=mode).replace(path)
