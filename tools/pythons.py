# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python interpreters of this machine, found without starting a version manager.

pyenv's shims are programs that fail unless a version is activated, so the directories
called ``shims`` are passed over and the interpreters behind them are looked for where
pyenv and uv keep them.

Only the standard library: tools/setup.py runs this before anything is installed.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

SUPPORTED = ("3.10", "3.11", "3.12", "3.13")
"""The Python versions of the controller, oldest first (docs/design/tools.md)."""

_PROBE = """
import importlib.util, json, os, sys, sysconfig
print(json.dumps({
    "version": "%d.%d" % sys.version_info[:2],
    "executable": os.path.realpath(getattr(sys, "_base_executable", sys.executable)),
    "can_build": importlib.util.find_spec("ensurepip") is not None
    and os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")),
}))
"""


@dataclass(frozen=True)
class Interpreter:
    """One interpreter: its version as ``3.11``, and its real path.

    ``can_build`` says that it can make virtual environments (Debian puts ensurepip
    into python3-venv) and compile extension modules (Python.h).
    """

    version: str
    executable: str
    can_build: bool


def find_interpreters(environ: Mapping[str, str]) -> dict[str, Interpreter]:
    """The interpreters of this machine by version, the first found of each.

    Args:
        environ: Where PATH and PYENV_ROOT are read from.
    """
    found: dict[str, Interpreter] = {}
    for path in _candidates(environ):
        interpreter = probe(str(path))
        if interpreter is None:
            continue
        known = found.get(interpreter.version)
        if known is None or (interpreter.can_build and not known.can_build):
            found[interpreter.version] = interpreter
    return found


def newest(found: Mapping[str, Interpreter]) -> Interpreter | None:
    """The newest supported interpreter that can build, or None."""
    able = [found[v] for v in SUPPORTED if v in found and found[v].can_build]
    return able[-1] if able else None


def probe(executable: str) -> Interpreter | None:
    """Ask an executable what it is; None if it does not run."""
    try:
        answer = subprocess.run(
            [executable, "-I", "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
            check=True,
        )
        return Interpreter(**json.loads(answer.stdout))
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def path_without_shims(environ: Mapping[str, str]) -> list[str]:
    """The directories of PATH that are not a version manager's shims."""
    directories = environ.get("PATH", os.defpath).split(os.pathsep)
    return [d for d in dict.fromkeys(directories) if d and Path(d).name != "shims"]


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    """Executables named python3.N or python3, real ones, each once."""
    home = Path(environ.get("HOME", "/root"))
    pyenv = Path(environ.get("PYENV_ROOT", home / ".pyenv"))
    directories = [Path(d) for d in path_without_shims(environ)]
    directories += sorted(pyenv.glob("versions/3.*/bin"), reverse=True)
    directories += sorted(home.glob(".local/share/uv/python/cpython-3.*/bin"))
    seen = set()
    for directory in directories:
        for name in [*(f"python3.{minor}" for minor in range(9, 15)), "python3"]:
            path = directory / name
            if path.exists() and path.resolve() not in seen:
                seen.add(path.resolve())
                yield path
