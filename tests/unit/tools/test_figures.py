# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner's figures, read from what the tools print."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.check import main, read_junit
from tools.matrix import Release, Run, missing_runs, plan_runs
from tools.pythons import Interpreter, newest, path_without_shims
from tools.sanity import read_output
from tools.setup import SetupError, choose_interpreter
from tools.stage import Outcome, parse_total, total

RELEASES = (Release("1", ("3.10", "3.11")), Release("2", ("3.11", "3.12", "3.13")))

# As ansible-core 2.21.5 prints it; shortened.
SANITY = """\
WARNING: Using locale "C.UTF-8" instead of "en_US.UTF-8".
Running sanity test "compile" on Python 3.9
Running sanity test "compile" on Python 3.10
WARNING: Skipping sanity test "compile" on Python 3.14 because it could not be found.
Running sanity test "pslint"
WARNING: Required program "pwsh" not found.
Running sanity test "pylint"
ERROR: Found 1 pylint issue(s) which need to be resolved:
"""
FAILED = """\
FATAL: The 3 sanity test(s) listed below (out of 34) failed. See error output above for details.
compile --python 3.9
compile --python 3.10
pylint
"""


def test_outcome_reads_as_one_line() -> None:
    assert str(Outcome("unit", 812, 0, 3)) == "unit: 812 tests passed, 3 skipped"
    lint = Outcome("lint", 8, 1, noun="of 9 checks")
    assert str(lint) == "lint: 8 of 9 checks passed, 1 failed"


def test_total_adds_every_stage() -> None:
    assert total([Outcome("a", 1, 2, 3), Outcome("b", 10, 20)]) == (
        "11 passed, 22 failed, 3 skipped"
    )


@pytest.mark.parametrize(
    ("output", "figures"),
    [
        ("noise\n7 passed, 0 failed\n", (7, 0, 0)),
        ("7 passed, 1 failed, 2 skipped\n\n", (7, 1, 2)),
        ("7 passed, 0 failed\nTraceback", None),
        ("7 passed", None),
        ("", None),
    ],
)
def test_total_of_a_program_is_its_last_line(
    output: str, figures: tuple[int, int, int] | None
) -> None:
    assert parse_total(output) == figures


def test_total_reads_what_it_writes() -> None:
    assert parse_total(total([Outcome("a", 4, 5, 6)])) == (4, 5, 6)


def test_sanity_counts_a_test_once_for_all_pythons() -> None:
    outcome = read_output(SANITY, 0)
    assert (outcome.passed, outcome.failed, outcome.skipped) == (3, 0, 1)
    assert outcome.notes == (
        'sanity: Required program "pwsh" not found.',
        'sanity: Skipping sanity test "compile" on Python 3.14 because it could not be found.',
    )


def test_sanity_counts_the_failures_of_the_summary() -> None:
    outcome = read_output(SANITY + FAILED, 1)
    assert (outcome.passed, outcome.failed) == (1, 2)


@pytest.mark.parametrize("code", [0, 1])
def test_sanity_that_ran_nothing_has_failed(code: int) -> None:
    assert read_output("WARNING: All targets skipped.\n", code).failed == 1


def test_junit_report_gives_figures(tmp_path: Path) -> None:
    report = tmp_path / "unit.xml"
    report.write_text(
        '<testsuites><testsuite tests="9" failures="1" errors="2" skipped="3"/>'
        "</testsuites>",
        encoding="utf-8",
    )
    assert read_junit(report, "unit", 1) == Outcome("unit", 3, 3, skipped=3)


def test_junit_report_without_failures_and_a_bad_exit_is_a_failure(
    tmp_path: Path,
) -> None:
    report = tmp_path / "unit.xml"
    report.write_text('<testsuite tests="2"/>', encoding="utf-8")
    assert read_junit(report, "unit", 4).failed == 1
    assert read_junit(tmp_path / "absent.xml", "unit", 0).failed == 1


def test_unknown_stage_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["unit", "nonsense"]) == 2
    assert capsys.readouterr().err.startswith("usage:")


def test_matrix_takes_the_oldest_python_and_the_newest_for_the_newest_release() -> None:
    found = ["3.11", "3.12", "3.13"]
    assert plan_runs(RELEASES, found) == [
        Run("1", "3.11"),
        Run("2", "3.11"),
        Run("2", "3.13"),
    ]
    assert missing_runs(RELEASES, found) == []


def test_matrix_names_what_no_python_runs() -> None:
    assert plan_runs(RELEASES, ["3.12"]) == [Run("2", "3.12")]
    assert missing_runs(RELEASES, ["3.12"]) == [
        "ansible-core 1 needs Python 3.10 or 3.11, and none is here"
    ]


def test_newest_interpreter_that_can_build_is_taken() -> None:
    old = Interpreter("3.11", "a", can_build=True)
    bare = Interpreter("3.12", "b", can_build=False)
    unsupported = Interpreter("3.9", "c", can_build=True)
    assert newest({"3.11": old, "3.12": bare, "3.9": unsupported}) == old
    assert newest({"3.12": bare}) is None


def test_interpreter_that_is_not_there_is_named(tmp_path: Path) -> None:
    environ = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    with pytest.raises(SetupError, match=r"no usable Python 3\.10 to 3\.13 here"):
        choose_interpreter("", environ)
    with pytest.raises(SetupError, match=r"no usable Python nowhere"):
        choose_interpreter("nowhere", environ)


def test_shims_are_left_out_of_path() -> None:
    path = {"PATH": "/home/u/.pyenv/shims:/usr/bin::/usr/bin"}
    assert path_without_shims(path) == ["/usr/bin"]
