# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Molecule's scenarios, without containers (`make molecule`).

    SCENARIO=winrm_basic_auth make molecule     one of them alone

The hosts are processes of hvsim that the scenario ``default`` starts, once for all
scenarios, and ends. They also end when this process does.
"""

from __future__ import annotations

import os
import re
import shutil

from tools.setup import BUILD, ROOT, VENV
from tools.stage import Outcome, environment, stream

_ACTION = re.compile(r"^(\S+) [>➜] (\w+): Executed: (.+)$", re.MULTILINE)
"""Source: molecule/ansi_output.py, with and without colours."""


def molecule() -> Outcome:
    """Run every action of every scenario, or of the one that SCENARIO names."""
    chosen = os.environ.get("SCENARIO")
    # What a run that was killed left there would pass for hosts that are up.
    folder = BUILD / "molecule-run"
    shutil.rmtree(folder, ignore_errors=True)
    environ = {
        **environment(),
        "MOLECULE_EPHEMERAL_DIRECTORY": str(folder),
        "MOLECULE_RUNNER_PID": str(os.getpid()),
    }
    which = ["-s", chosen] if chosen else ["--all"]
    command = [str(VENV / "bin" / "molecule"), "test", "--report", *which]
    code, output = stream(command, environ=environ)
    return read_report(output, code, [chosen] if chosen else scenarios())


def scenarios() -> list[str]:
    """The names of all scenarios that there are, sorted."""
    folder = ROOT / "extensions" / "molecule"
    return sorted(path.parent.name for path in folder.glob("*/molecule.yml"))


def read_report(output: str, code: int, expected: list[str]) -> Outcome:
    """Count the actions in the report that ends a run.

    Args:
        output: All that Molecule printed, its colours off.
        code: Its exit code; a failure that no action shows is counted as one.
        expected: The scenarios that must occur.
    """
    details = output.rpartition("DETAILS")[2]
    actions = _ACTION.findall(details)
    passed = [action for action in actions if action[2].startswith("Successful")]
    lost = sorted(set(expected) - {action[0] for action in actions})
    failed = len(actions) - len(passed) + len(lost)
    return Outcome(
        "molecule",
        passed=len(passed),
        failed=failed or int(code != 0 or not passed),
        noun="actions",
        notes=tuple(f"molecule: nothing of the scenario {name} ran" for name in lost),
    )
