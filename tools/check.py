# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run stages of the tests and end with their figures.

    python -m tools.check lint sanity unit integration

Every stage runs, whatever came of the one before. The end is one line per stage, what
was not run and why, and a line ``N passed, N failed, N skipped`` over all of them,
which .build/reports/total.txt holds as well. The exit code is 1 if anything failed.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree

from tools.lint import lint
from tools.matrix import RELEASES, Run, missing_runs, plan_runs
from tools.molecule import molecule
from tools.pythons import find_interpreters
from tools.sanity import sanity
from tools.setup import BUILD, ROOT, VENV, make_matrix_venv
from tools.stage import Outcome, environment, parse_total, stream, total

REPORTS = BUILD / "reports"


def main(stages: Sequence[str]) -> int:
    """Run the named stages in order; 1 if anything failed."""
    unknown = [name for name in stages if name not in STAGES]
    if unknown or not stages:
        print(f"usage: python -m tools.check {' | '.join(STAGES)} ...", file=sys.stderr)
        return 2
    REPORTS.mkdir(parents=True, exist_ok=True)
    outcomes: list[Outcome] = []
    lines: list[str] = []
    for name in stages:
        print(f"\n=== {name} ===", flush=True)
        started = time.monotonic()
        outcome = _attempt(name)
        outcomes.append(outcome)
        lines.append(f"{outcome} ({time.monotonic() - started:.0f} s)")
        lost = [Outcome(rest, 0, 1) for rest in stages[len(outcomes) :]]
        (REPORTS / "total.txt").write_text(
            total([*outcomes, *lost]) + "\n", encoding="utf-8"
        )
    print()
    for outcome in outcomes:
        print(*outcome.notes, sep="\n", end="\n" if outcome.notes else "")
    print(*lines, total(outcomes), sep="\n", flush=True)
    return int(any(outcome.failed for outcome in outcomes))


def unit() -> Outcome:
    """The unit tests, on the Python and ansible-core of .venv."""
    return _pytest("unit", VENV, "tests/unit", "simulator/tests")


def integration() -> Outcome:
    """The integration tests, whose runner ends with a line like ours."""
    runner = ROOT / "tests" / "integration" / "run"
    code, output = stream([str(runner)])
    figures = parse_total(output)
    if figures is None:
        return Outcome("integration", 0, 1, notes=("integration: gave no figures",))
    passed, failed, skipped = figures
    return Outcome("integration", passed, failed or int(code != 0), skipped)


def matrix() -> Outcome:
    """The unit tests on several releases of ansible-core, as far as Pythons allow."""
    found = find_interpreters(os.environ)
    runs = plan_runs(RELEASES, found)
    outcomes = []
    for run in runs:
        venv = make_matrix_venv(run.core, found[run.python])
        outcomes.append(_pytest(_title(run), venv, "tests/unit"))
    notes = [f"{outcome}" for outcome in outcomes]
    notes += [f"not run: {note}" for note in missing_runs(RELEASES, found)]
    failed = sum(bool(outcome.failed) for outcome in outcomes)
    return Outcome(
        "matrix",
        passed=len(runs) - failed,
        failed=failed or int(not runs),
        skipped=len(missing_runs(RELEASES, found)),
        noun=f"of {len(runs)} runs",
        notes=tuple(f"matrix: {note}" for note in notes),
    )


STAGES: dict[str, Callable[[], Outcome]] = {
    "lint": lint,
    "sanity": sanity,
    "unit": unit,
    "integration": integration,
    "molecule": molecule,
    "matrix": matrix,
}


def read_junit(report: Path, stage: str, code: int) -> Outcome:
    """The figures of a JUnit report, as pytest writes it.

    Args:
        report: The file; one that is absent or broken counts as a failure.
        stage: What the outcome is called.
        code: pytest's exit code; a failure that no test shows is counted as one.
    """
    try:
        suites = ElementTree.parse(report).getroot().iter("testsuite")
        counts = [
            [int(suite.get(kind, "0")) for kind in ("tests", "failures", "errors")]
            + [int(suite.get("skipped", "0"))]
            for suite in suites
        ]
    except (OSError, ElementTree.ParseError):
        return Outcome(stage, 0, 1)
    tests, failures, errors, skipped = (
        sum(column) for column in zip(*counts, strict=True)
    )
    failed = failures + errors
    return Outcome(
        stage, tests - failed - skipped, failed or int(code != 0), skipped=skipped
    )


def _pytest(stage: str, venv: Path, *folders: str) -> Outcome:
    report = REPORTS / f"{stage.replace(' ', '-').replace(',', '')}.xml"
    report.unlink(missing_ok=True)
    python = str(venv / "bin" / "python")
    options = ["-q", "-rs", f"--junit-xml={report}"]
    environ = environment()
    environ["PATH"] = f"{venv / 'bin'}{os.pathsep}{environ['PATH']}"
    code, _output = stream(
        [python, "-m", "pytest", *options, *folders], environ=environ
    )
    return read_junit(report, stage, code)


def _title(run: Run) -> str:
    return f"ansible-core {run.core}, Python {run.python}"


def _attempt(name: str) -> Outcome:
    """Run one stage; what breaks in the tools themselves is a failure of it."""
    try:
        return STAGES[name]()
    except Exception:
        traceback.print_exc()
        return Outcome(name, 0, 1, notes=(f"{name}: the tools broke, see above",))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
