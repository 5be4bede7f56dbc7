# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The linters: each one a check, run over the files of the checkout (`make lint`)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.setup import BUILD, ROOT
from tools.stage import Outcome, project_files, stream

COLLECTION = BUILD / "ansible_collections" / "hypervisor" / "connect"
TYPED = (
    *("plugins", "tests", "tools", "benchmarks", "demo", "simulator"),
    "extensions",
)


def lint() -> Outcome:
    """Run every linter, whatever came of those before it."""
    failures = []
    checks = list(_checks(project_files()))
    for command in checks:
        started = time.monotonic()
        code, _output = stream(command)
        seconds = time.monotonic() - started
        verdict = "passed" if code == 0 else f"FAILED ({code})"
        print(f"  {command[0]} {verdict}, {seconds:.1f} s\n", flush=True)
        if code:
            failures.append(command[0])
    return Outcome(
        "lint",
        passed=len(checks) - len(failures),
        failed=len(failures),
        noun=f"of {len(checks)} checks",
        notes=tuple(f"lint: {command} failed" for command in failures),
    )


def _checks(files: Sequence[str]) -> Iterator[list[str]]:
    """The command of every linter, those first that are fast."""
    python = [name for name in files if _is_python(ROOT / name)]
    shell = [name for name in files if _is_shell(ROOT / name)]
    yield ["ruff", "format", "--check", "--diff", *python]
    yield ["ruff", "check", *python]
    yield ["yamllint", "--strict", *_ending(files, ".yml", ".yaml")]
    yield ["codespell", *files]
    yield ["shellcheck", *shell]
    yield ["mypy", *_typed(_ending(python, ".py"))]
    # Each program is a module named __main__: one at a time.
    for program in _typed([name for name in python if not Path(name).suffix]):
        yield ["mypy", program]
    yield ["antsibull-changelog", "lint"]
    yield ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "."]
    yield ["ansible-lint", "--offline", "--strict", "--profile", "production"]


def _ending(files: Sequence[str], *endings: str) -> list[str]:
    return [name for name in files if name.endswith(endings)]


def _is_python(path: Path) -> bool:
    """Whether a file is Python, by its name or its first line."""
    return path.suffix == ".py" or "python" in _interpreter(path)


def _is_shell(path: Path) -> bool:
    """Whether a file is for a POSIX shell, by its name or its first line."""
    words = _interpreter(path).split()
    return path.suffix == ".sh" or any(word.endswith("sh") for word in words)


def _interpreter(path: Path) -> str:
    """The first line's ``#!`` of a program without an ending; else the empty string."""
    if path.suffix or not path.is_file():
        return ""
    first = path.read_bytes()[:200].partition(b"\n")[0]
    return first[2:].decode("ascii", "replace") if first.startswith(b"#!") else ""


def _typed(python: Sequence[str]) -> list[str]:
    """Files to check for types, each by the path under which it is imported."""
    here = COLLECTION.relative_to(ROOT)
    return [
        name
        if name.startswith(("tools/", "tests/testbed/", "simulator/"))
        else str(here / name)
        for name in python
        if name.split("/")[0] in TYPED
    ]
