# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CIM values as playbooks see and write them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._cim.instance import (
    CimInstance,
    InstancePath,
    InvalidInstancePath,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.plain import (
    from_plain,
    instance_to_plain,
    key_from_plain,
    to_plain,
)

PATH = InstancePath(
    "root/virtualization/v2",
    "Msvm_ComputerSystem",
    (("CreationClassName", "Msvm_ComputerSystem"), ("Name", "1-2")),
    None,
)
TEXT = (
    r"root\virtualization\v2:Msvm_ComputerSystem."
    'CreationClassName="Msvm_ComputerSystem",Name="1-2"'
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (7, 7),
        (1.5, 1.5),
        ("text", "text"),
        (datetime(2026, 5, 1, 12, tzinfo=timezone.utc), "2026-05-01T12:00:00Z"),
        (timedelta(days=1, seconds=2), "P1DT0H0M2S"),
        (b"\x00\xff", "AP8="),
        (PATH, TEXT),
        ([1, None, b"\x00"], [1, None, "AA=="]),
        ([], []),
        (
            CimInstance("Msvm_Error", {"Message": "no", "Codes": [1, 2]}),
            {"Message": "no", "Codes": [1, 2], "__CLASS": "Msvm_Error"},
        ),
    ],
    ids=repr,
)
def test_values_become_what_json_knows(value: Any, expected: Any) -> None:
    plain = to_plain(value)
    assert plain == expected
    assert json.loads(json.dumps(plain)) == plain


def test_instance_tells_its_path_where_its_keys_are_known() -> None:
    instance = CimInstance(
        "Msvm_ComputerSystem",
        {"CreationClassName": "Msvm_ComputerSystem", "Name": "1-2"},
        namespace="root/virtualization/v2",
    )
    assert instance_to_plain(instance) == {
        "CreationClassName": "Msvm_ComputerSystem",
        "Name": "1-2",
        "__CLASS": "Msvm_ComputerSystem",
        "__PATH": TEXT,
    }


def test_row_of_no_class_has_its_columns_alone() -> None:
    assert instance_to_plain(CimInstance("", {"Name": "web1"})) == {"Name": "web1"}


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        (None, None),
        (7, 7),
        ("text", "text"),
        ([1, "two"], [1, "two"]),
        ({"__PATH": TEXT}, PATH),
        ([{"__PATH": TEXT}], [PATH]),
        (
            {
                "__CLASS": "Msvm_X",
                "__PATH": TEXT,
                "Notes": ["a"],
                "Of": {"__PATH": TEXT},
            },
            CimInstance("Msvm_X", {"Notes": ["a"], "Of": PATH}),
        ),
    ],
    ids=repr,
)
def test_what_a_playbook_writes_becomes_cim(plain: Any, expected: Any) -> None:
    assert from_plain(plain) == expected


def test_instance_survives_the_way_there_and_back() -> None:
    instance = CimInstance("Msvm_X", {"Name": "a", "Numbers": [1, 2], "None": None})
    assert from_plain(to_plain(instance)) == instance


@pytest.mark.parametrize("plain", [{}, {"Name": "web1"}, [{"Name": "web1"}]])
def test_mapping_that_is_neither_is_refused_with_a_remedy(plain: Any) -> None:
    with pytest.raises(HypervisorConnectError) as caught:
        from_plain(plain)
    assert "neither an instance nor a reference" in caught.value.what
    assert caught.value.where == "parameters"
    assert "__CLASS" in (caught.value.remedy or "")


def test_path_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInstancePath):
        from_plain({"__PATH": "???"})


@pytest.mark.parametrize(
    ("value", "expected"),
    [("text", "text"), (7, 7), (True, True), ({"__PATH": TEXT}, PATH)],
)
def test_key_is_text_a_number_a_boolean_or_a_reference(
    value: Any, expected: Any
) -> None:
    assert key_from_plain("Name", value) == expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "the key Name is null"),
        (1.5, "the key Name is a float"),
        (["a"], "the key Name is a list"),
        ({"__CLASS": "Msvm_X"}, "the key Name is a CimInstance"),
        ({"a": 1}, "neither an instance nor a reference"),
    ],
)
def test_key_that_is_anything_else_is_refused(value: Any, words: str) -> None:
    with pytest.raises(HypervisorConnectError, match=words) as caught:
        key_from_plain("Name", value)
    assert caught.value.remedy
