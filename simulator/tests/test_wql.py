# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WQL: parsing, and conditions against instances."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvsim.wmi import wql
from hvsim.wmi.errors import InvalidQuery
from hvsim.wmi.evaluate import compile_condition
from hvsim.wmi.schema import VIRTUALIZATION, schema
from hvsim.wmi.values import Instance, ObjectPath

SYSTEM = schema(VIRTUALIZATION).find("Msvm_ComputerSystem")
VALUES = {
    "ElementName": "Web-1",
    "EnabledState": 2,
    "Name": "a\\b'c\"d",
    "OnTimeInMilliseconds": 5000,
    "Caption": None,
    "OperationalStatus": [2],
}


def selects(condition: str, **more: Any) -> bool:
    query = wql.parse(f"SELECT * FROM Msvm_ComputerSystem WHERE {condition}")
    assert isinstance(query, wql.Select)
    test = compile_condition(query.condition, SYSTEM)
    return test(Instance(SYSTEM, {**VALUES, **more}, "HOST"))


@pytest.mark.parametrize(
    "condition",
    [
        "EnabledState = 2",
        "enabledstate = '2'",
        "2 = EnabledState",
        "EnabledState <> 3",
        "EnabledState != 3",
        "EnabledState >= 2 AND EnabledState <= 2",
        "3 > EnabledState",
        "ElementName = 'web-1'",
        'ElementName = "WEB-1"',
        "ElementName LIKE 'w%'",
        "ElementName LIKE '_eb[-]1'",
        "ElementName LIKE 'web-[0-9]'",
        "ElementName LIKE 'web-[^a]'",
        "ElementName NOT LIKE 'x%'",
        "NOT ElementName LIKE 'x%'",
        "Caption IS NULL",
        "Caption = NULL",
        "ElementName IS NOT NULL",
        "ElementName <> NULL",
        "EnabledState = 3 OR EnabledState = 2 AND ElementName = 'web-1'",
        "(EnabledState = 2 OR EnabledState = 3) AND NOT (EnabledState = 3)",
        r"Name = 'a\\b\'c\"d'",
        r'Name LIKE "a\\%"',
        "__CLASS = 'msvm_computersystem'",
        "__SERVER = 'host'",
        "__GENUS = 2",
        "__THIS ISA 'CIM_System'",
        "__this ISA Msvm_ComputerSystem",
        "OnTimeInMilliseconds > 4999",
        "OnTimeInMilliseconds = 0x1388",
    ],
)
def test_condition_that_holds(condition: str) -> None:
    assert selects(condition)


@pytest.mark.parametrize(
    "condition",
    [
        "EnabledState = 3",
        "NOT EnabledState = 2",
        "ElementName LIKE 'eb'",
        "ElementName LIKE 'web-[^0-9]'",
        "Caption = 'x'",
        "Caption <> 'x'",
        "Caption LIKE '%'",
        "ElementName IS NULL",
        "__THIS ISA 'Msvm_ConcreteJob'",
        "EnabledState = 2 AND EnabledState = 3",
    ],
)
def test_condition_that_does_not_hold(condition: str) -> None:
    assert not selects(condition)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SELECT",
        "SELECT FROM X",
        "SELECT * FROM",
        "SELECT * FROM X WHERE",
        "SELECT * FROM X WHERE a",
        "SELECT * FROM X WHERE a = ",
        "SELECT * FROM X WHERE a = b",
        "SELECT * FROM X WHERE a = 'b",
        r"SELECT * FROM X WHERE a = 'C:\Windows'",
        "SELECT * FROM X WHERE (a = 1",
        "SELECT * FROM X WHERE a = 1)",
        "SELECT * FROM X WHERE a = 1 extra",
        "SELECT * FROM X WHERE a LIKE 1",
        "SELECT * FROM X WHERE a LIKE '[a'",
        "SELECT * FROM X WHERE a LIKE '[z-a]'",
        "SELECT * FROM X WHERE a IS 1",
        "SELECT a, FROM X",
        "SELECT * FROM X; DROP",
        "SELECT * FROM X WITHIN 2",
        "UPDATE X",
        "ASSOCIATORS OF X",
        "ASSOCIATORS OF {X.a=1",
        "ASSOCIATORS OF {X.a='1'} WHERE",
        "ASSOCIATORS OF {X.a='1'} WHERE AssocClass",
        "ASSOCIATORS OF {X.a='1'} WHERE AssocClass = A AND ResultClass = B",
        "REFERENCES OF {X.a='1'} WHERE AssocClass = A",
        "SELECT * FROM X WHERE " + "(" * 5000 + "a = 1" + ")" * 5000,
    ],
)
def test_query_with_a_mistake_is_invalid(text: str) -> None:
    with pytest.raises(InvalidQuery):
        wql.parse(text)


@pytest.mark.parametrize(
    "condition",
    [
        "NoSuchProperty = 1",
        "EnabledState = 'two'",
        "OperationalStatus = 2",
        "Caption < NULL",
        "EnabledState LIKE '2'",
        "InstallDate = 'yesterday'",
    ],
)
def test_condition_that_the_class_can_not_have_is_invalid(condition: str) -> None:
    with pytest.raises(InvalidQuery):
        selects(condition)


def test_associators_keep_path_and_clauses() -> None:
    query = wql.parse(
        'ASSOCIATORS OF {Msvm_X.InstanceID="Microsoft:A\\\\B}"} '
        "WHERE AssocClass = Msvm_Y ResultClass=Msvm_Z Role = Antecedent KeysOnly",
        "root/virtualization/v2",
    )
    assert isinstance(query, wql.Related)
    assert query.path.keys == (("InstanceID", r"Microsoft:A\B}"),)
    assert query.path.namespace == "root/virtualization/v2"
    assert query.keys_only
    assert not query.class_defs_only
    assert query.clauses["assocclass"] == "Msvm_Y"


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"])))
def test_quoted_string_is_read_back(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    query = wql.parse(f"SELECT * FROM X WHERE a = '{quoted}'")
    assert isinstance(query, wql.Select)
    assert query.condition == wql.Comparison("a", "=", text)


@given(st.text("ab%_", max_size=6), st.text("ab", max_size=6))
def test_like_agrees_with_a_naive_matcher(pattern: str, text: str) -> None:
    assert bool(wql.like_pattern(pattern).fullmatch(text)) == naive(pattern, text)


def naive(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(naive(pattern[1:], text[at:]) for at in range(len(text) + 1))
    return bool(text) and pattern[0] in ("_", text[0]) and naive(pattern[1:], text[1:])


@given(st.text(max_size=40))
def test_any_text_is_a_query_or_invalid(text: str) -> None:
    try:
        query = wql.parse(text)
    except InvalidQuery:
        return
    assert re.match(r"\s*(select|associators|references)\b", text, re.IGNORECASE)
    assert isinstance(query, wql.Select | wql.Related)


conditions = st.recursive(
    st.builds(
        lambda name, operator, number: (f"{name} {operator} {number}", name),
        st.sampled_from(["EnabledState", "RequestedState"]),
        st.sampled_from(["=", "<>", "<", ">", "<=", ">="]),
        st.integers(0, 3),
    ).map(lambda pair: pair[0]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda two: f"({two[0]} AND {two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]} OR {two[1]})"),
        inner.map(lambda one: f"NOT ({one})"),
    ),
    max_leaves=6,
)


@given(conditions, st.integers(0, 3), st.integers(0, 3))
def test_conditions_agree_with_pythons_own(condition: str, one: int, two: int) -> None:
    python = re.sub(r"(?<![<>])=", "==", condition).replace("<==", "<=")
    python = python.replace(">==", ">=").replace("<>", "!=")
    for word in ("AND", "OR", "NOT"):
        python = python.replace(word, word.lower())
    expected = eval(python, {"EnabledState": one, "RequestedState": two})
    assert selects(condition, EnabledState=one, RequestedState=two) == expected


@given(
    st.lists(
        st.tuples(st.from_regex(r"[A-Za-z]{1,5}", fullmatch=True), st.text()),
        min_size=1,
        unique_by=lambda pair: pair[0].lower(),
    )
)
def test_object_path_is_read_back(keys: list[tuple[str, str]]) -> None:
    path = ObjectPath("root/virtualization/v2", "Msvm_X", tuple(keys), "HOST")
    again = ObjectPath.parse(str(path))
    assert again.keys == path.keys
    assert again.host == "HOST"
    assert again == path
