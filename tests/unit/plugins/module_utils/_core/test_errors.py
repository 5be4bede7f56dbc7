# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The root error prints itself as one sentence and keeps its parts."""

from __future__ import annotations

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)


@pytest.mark.parametrize(
    ("where", "remedy", "sentence"),
    [
        (None, None, "the lamp is off."),
        ("test:///default", None, "test:///default: the lamp is off."),
        (None, "switch it on", "the lamp is off; switch it on."),
        ("the hall", "switch it on", "the hall: the lamp is off; switch it on."),
    ],
)
def test_error_is_one_sentence_of_the_parts_it_has(
    where: str | None, remedy: str | None, sentence: str
) -> None:
    error = HypervisorConnectError("the lamp is off", where=where, remedy=remedy)
    assert str(error) == sentence
    assert (error.what, error.where, error.remedy) == ("the lamp is off", where, remedy)


def test_details_are_a_copy_and_empty_without_any() -> None:
    details = {"code": 38}
    error = HypervisorConnectError("it failed", details=details)
    details["code"] = 0
    assert error.details == {"code": 38}
    assert HypervisorConnectError("it failed").details == {}


def test_parts_stand_in_the_representation() -> None:
    error = HypervisorConnectError("it failed", where="here", remedy="do better")
    assert error.args == ("it failed", "here", "do better")
    assert issubclass(HypervisorConnectError, Exception)


def test_names_and_words_of_others_reach_no_terminal_raw() -> None:
    name = "web\x1b[2J\n\x9b\u202e"
    error = HypervisorConnectError(f"no {name}", where=name, remedy=f"drop {name}")
    shown = r"web\x1b[2J\n\x9b\u202e"
    assert str(error) == f"{shown}: no {shown}; drop {shown}."
    assert error.what == f"no {name}"


def test_name_of_megabytes_is_cut() -> None:
    assert len(str(HypervisorConnectError("a" * 100_000))) < 2100
