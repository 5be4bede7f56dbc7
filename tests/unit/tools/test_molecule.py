# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tools/molecule.py makes of Molecule's report."""

from __future__ import annotations

from tools.molecule import read_report, scenarios

REPORT = """\
INFO     [default > create] Executed: Successful
ERROR    [second > verify] Executed: Failed
WARNING  Molecule executed 2 scenarios (1 failed and 1 successful)

DETAILS
default > create: Executed: Successful

second ➜ converge: Executed: Successful
second ➜ verify: Executed: Failed

SCENARIO RECAP
default                   : actions=1  successful=1  disabled=0
"""


def test_actions_count_once_each_with_and_without_colours() -> None:
    outcome = read_report(REPORT, 1, ["default", "second"])
    assert (outcome.passed, outcome.failed, outcome.notes) == (2, 1, ())


def test_an_action_that_was_missing_has_failed() -> None:
    report = REPORT.replace("verify: Executed: Failed", "verify: Executed: Missing x")
    assert read_report(report, 0, ["default", "second"]).failed == 1


def test_a_scenario_that_did_not_run_has_failed_and_is_named() -> None:
    outcome = read_report(REPORT, 1, ["default", "second", "third"])
    assert outcome.failed == 2
    assert outcome.notes == ("molecule: nothing of the scenario third ran",)


def test_an_exit_code_that_no_action_explains_is_a_failure() -> None:
    report = REPORT.replace("Executed: Failed", "Executed: Successful")
    assert read_report(report, 0, ["default", "second"]).failed == 0
    assert read_report(report, 1, ["default", "second"]).failed == 1


def test_nothing_at_all_is_a_failure() -> None:
    assert read_report("", 0, []).failed == 1


def test_the_scenarios_are_those_of_the_folder() -> None:
    assert {"default", "winrm_basic_auth", "hyperv_remote_access"} <= set(scenarios())
