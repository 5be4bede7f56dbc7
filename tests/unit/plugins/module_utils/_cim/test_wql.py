# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WQL text, and that no value gets out of its quotes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hypervisor.connect.plugins.module_utils._cim.instance import (
    InstancePath,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._cim.wql import (
    Associations,
    Condition,
    InvalidQuery,
    Select,
    associators_of,
    class_of,
    differing_from,
    like,
    quote,
    references_of,
    select,
    starting_with,
)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (select("Msvm_X"), "SELECT * FROM Msvm_X"),
        (select("Msvm_X", "A", "B"), "SELECT A,B FROM Msvm_X"),
        (
            select("Msvm_X").where(ElementName="O'Neil"),
            r"SELECT * FROM Msvm_X WHERE ElementName = 'O\'Neil'",
        ),
        (
            select("X", "__CLASS").where(A=r"C:\x").where(B=3, C=True, D=None),
            r"SELECT __CLASS FROM X WHERE A = 'C:\\x' AND B = 3 AND C = TRUE AND D IS NULL",
        ),
        (
            select("X").where(A=["a", "b"], B=like("M%")),
            "SELECT * FROM X WHERE (A = 'a' OR A = 'b') AND B LIKE 'M%'",
        ),
        (
            select("X").where(A=starting_with(r"50%_[x]\y")),
            r"SELECT * FROM X WHERE A LIKE '50[%][_][[]x]\\y%'",
        ),
        (
            select("X").where(A=differing_from("a")),
            "SELECT * FROM X WHERE A <> 'a'",
        ),
    ],
)
def test_select_is_written(query: Select, text: str) -> None:
    assert str(query) == text


PATH = InstancePath("root/v2", "Msvm_X", (("Name", 'a"b'), ("N", 1)), "HOST")


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (associators_of(PATH), r'ASSOCIATORS OF {Msvm_X.Name="a\"b",N=1}'),
        (
            associators_of(
                PATH, assoc_class="A", result_class="B", role="C", result_role="D"
            ),
            r'ASSOCIATORS OF {Msvm_X.Name="a\"b",N=1} WHERE AssocClass = A '
            "ResultClass = B Role = C ResultRole = D",
        ),
        (
            references_of(PATH, result_class="B", role="C"),
            r'REFERENCES OF {Msvm_X.Name="a\"b",N=1} WHERE ResultClass = B Role = C',
        ),
    ],
)
def test_associations_are_written(query: Associations, text: str) -> None:
    assert str(query) == text


def test_condition_is_the_right_side_of_a_comparison() -> None:
    assert str(Condition(">=", 3)) == ">= 3"
    assert str(select("X").where(A=Condition("<", "b"))).endswith("A < 'b'")


@given(st.text(st.characters(exclude_characters="\0"), max_size=60))
def test_quoted_text_ends_at_its_own_quote(value: str) -> None:
    literal = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
    text = f"{quote(value)} OR 1 = 1"
    found = literal.match(text)
    assert found is not None
    assert found.end() == len(text) - len(" OR 1 = 1")
    assert re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL) == value


@pytest.mark.parametrize(
    "make",
    [
        lambda: select("X; DROP"),
        lambda: select("X", "A,B"),
        lambda: select(""),
        lambda: select("X").where(**{"A = 1 OR B": 2}),
        lambda: select("X").where(A=[]),
        lambda: select("X").where(A=1.5),
        lambda: select("X").where(A="a\0b"),
        lambda: associators_of(PATH, assoc_class="A B"),
        lambda: references_of(PATH, role="{"),
        lambda: quote(object()),
        lambda: quote(10**5000),
    ],
)
def test_what_no_query_can_hold_is_refused(make: Any) -> None:
    with pytest.raises(InvalidQuery):
        str(make())


@pytest.mark.parametrize(
    ("query", "class_name"),
    [
        (select("Msvm_X", "A").where(B="from Y"), "Msvm_X"),
        ("select A , B\nfrom Win32_X where C = 1", "Win32_X"),
        ("SELECT * FROM", ""),
        ("ASSOCIATORS OF {X=@}", ""),
        ("select * from {}", ""),
        ("", ""),
    ],
)
def test_class_of_a_select_is_known(query: object, class_name: str) -> None:
    assert class_of(query) == class_name
