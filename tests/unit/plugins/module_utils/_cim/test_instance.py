# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instance paths as WMI writes them, and instances."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hypervisor.connect.plugins.module_utils._cim.instance import (
    CimInstance,
    InstancePath,
    InvalidInstancePath,
    selector_value,
    typed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._cim.types import (
    InvalidCimValue,
)

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)
VALUES = st.one_of(st.text(max_size=40), st.integers(-(10**19), 10**19), st.booleans())
NAMESPACES = st.one_of(
    st.just(""), st.lists(NAMES, min_size=1, max_size=4).map("/".join)
)


@st.composite
def paths(draw: st.DrawFn) -> InstancePath:
    namespace = draw(NAMESPACES)
    keys = draw(st.lists(st.tuples(NAMES, VALUES), max_size=3))
    host = draw(
        st.one_of(st.none(), st.from_regex(r"[A-Z0-9.-]{1,15}", fullmatch=True))
    )
    return InstancePath(
        namespace, draw(NAMES), tuple(keys), host if namespace else None
    )


@given(paths())
def test_path_survives_writing_and_reading(path: InstancePath) -> None:
    assert InstancePath.parse(str(path)) == path


V2 = "root/virtualization/v2"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (
            r'\\HOST\root\virtualization\v2:Msvm_X.InstanceID="Microsoft:G\\0"',
            InstancePath(V2, "Msvm_X", (("InstanceID", r"Microsoft:G\0"),), "HOST"),
        ),
        (
            'root/virtualization/v2:Msvm_X.A="1",B="2"',
            InstancePath(V2, "Msvm_X", (("A", "1"), ("B", "2"))),
        ),
        (
            "//host/root/cimv2:Win32_X.Index=3",
            InstancePath("root/cimv2", "Win32_X", (("Index", 3),), "host"),
        ),
        (
            'Win32_LogicalDisk="C:"',
            InstancePath("", "Win32_LogicalDisk", (("", "C:"),)),
        ),
        ("Win32_X.A='o\\'x'", InstancePath("", "Win32_X", (("A", "o'x"),))),
        ("X.A=TRUE,B=-1", InstancePath("", "X", (("A", True), ("B", -1)))),
        ("Win32_WMISetting=@", InstancePath("", "Win32_WMISetting")),
        ("root\\cimv2:Win32_X", InstancePath("root/cimv2", "Win32_X")),
        (
            'X.R="\\\\\\\\H\\\\root:Y.K=\\"v\\""',
            InstancePath("", "X", (("R", r'\\H\root:Y.K="v"'),)),
        ),
    ],
)
def test_path_is_read_as_wmi_writes_it(text: str, path: InstancePath) -> None:
    assert InstancePath.parse(text) == path
    assert InstancePath.parse(str(path)) == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "1X.A=1",
        "X.A",
        "X.A=",
        'X.A="open',
        'X.A="1"B="2"',
        'X.A="1",',
        "X A=1",
        "X.A=maybe",
        r'\\HOST\root:.A="1"',
        "X.A=" + "9" * 100,
        'X.A="' + "\\" * 99_999 + '"',
    ],
)
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidInstancePath) as raised:
        InstancePath.parse(text)
    assert len(str(raised.value)) < 600


@given(st.text(max_size=60))
def test_any_text_is_a_path_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidInstancePath):
        InstancePath.parse(text)


def test_path_of_an_association_holds_paths() -> None:
    inner = InstancePath(V2, "Msvm_Y", (("InstanceID", r"a\b"),))
    path = InstancePath(V2, "Msvm_X", (("Dependent", inner), ("N", 1), ("B", False)))
    assert path.selectors == {"Dependent": inner, "N": "1", "B": "false"}
    assert InstancePath.parse(str(path)).key("dependent") == str(inner)
    assert path.key("missing") is None
    assert selector_value(True) == "true"


def test_key_without_a_name_is_no_selector() -> None:
    with pytest.raises(InvalidInstancePath, match="name of its key"):
        assert InstancePath.parse('Win32_LogicalDisk="C:"').selectors


def test_identity_takes_no_notice_of_host_order_and_case() -> None:
    one = InstancePath.parse(r'\\A\root\x:Cls.K="V",N=3')
    other = InstancePath("ROOT/X", "cls", (("n", "3"), ("k", "v")))
    assert one.identity == other.identity
    assert one != other
    assert one.identity != InstancePath("root/x", "Cls", (("K", "w"),)).identity
    holder = InstancePath("", "A", (("R", one),))
    assert holder.identity == InstancePath("", "a", (("r", other),)).identity


def test_relative_path_has_neither_host_nor_namespace() -> None:
    assert InstancePath.parse(r'\\A\root\x:Cls.K="V"').relative == 'Cls.K="V"'


def test_instance_finds_names_in_any_case_and_keeps_theirs() -> None:
    instance = CimInstance("Msvm_X", {"ElementName": "a", "Notes": None}, namespace=V2)
    assert instance["elementname"] == "a"
    assert instance.get("NOTES", 1) is None
    assert list(instance) == ["ElementName", "Notes"]
    assert "elementNAME" in instance
    assert len(instance) == 2
    with pytest.raises(KeyError):
        assert instance["other"]
    assert "Msvm_X" in repr(instance)


def test_instances_are_equal_whatever_the_case_of_names() -> None:
    one = CimInstance("Msvm_X", {"A": 1})
    assert one == CimInstance("msvm_x", {"a": 1})
    assert one != CimInstance("msvm_x", {"a": 2})
    assert one != CimInstance("msvm_y", {"a": 1})
    assert one != {"A": 1}


def test_array_is_a_list_whatever_came() -> None:
    instance = CimInstance("X", {"one": "a", "two": ["a", "b"], "none": None})
    names = ("one", "TWO", "none", "absent")
    assert [instance.array(n) for n in names] == [["a"], ["a", "b"], [], []]


@pytest.mark.parametrize(
    ("value", "cim_type", "expected"),
    [
        ("2", "uint16", 2),
        ("2", "uint16[]", [2]),
        (["2", None], "uint16[]", [2, None]),
        (["1", "255"], "uint8[]", b"\x01\xff"),
        ("1", "uint8[]", b"\x01"),
        (None, "uint16[]", None),
        ("text", "string[]", ["text"]),
        (CimInstance("Y", {}), "object[]", [CimInstance("Y", {})]),
    ],
)
def test_typed_gives_values_of_their_types(
    value: Any, cim_type: str, expected: Any
) -> None:
    instance = typed(CimInstance("X", {"P": value, "Q": "1"}), {"p": cim_type})
    assert instance["P"] == expected
    assert instance["Q"] == "1"
    assert instance.type_of("p") == cim_type
    assert instance.type_of("q") is None


def test_octets_are_read_from_base64_and_from_numbers() -> None:
    types = {"p": "uint8[]"}
    for value in ("AQL/", ["1", "2", "255"]):
        assert typed(CimInstance("X", {"P": value}), types)["P"] == b"\1\2\xff"
    assert typed(CimInstance("X", {"P": "255"}), types)["P"] == b"\xff"
    with pytest.raises(InvalidCimValue, match=r"X\.P: 'A\?\?\?' is no CIM uint8"):
        typed(CimInstance("X", {"P": "A???"}), types)


def test_typed_refuses_a_value_and_names_the_property() -> None:
    with pytest.raises(InvalidCimValue, match=r"X\.P: 70000 is no CIM uint16"):
        typed(CimInstance("X", {"P": "70000"}), {"p": "uint16"})
    with pytest.raises(InvalidCimValue, match=r"X\.P: 'a' is no CIM uint16"):
        typed(CimInstance("X", {"P": ["1", "a"]}), {"p": "uint16"})


def test_replace_keeps_the_rest() -> None:
    path = InstancePath("", "X")
    one = CimInstance("X", {"A": 1}, namespace=V2, types={"A": "uint8"}, path=path)
    two = one.replace(properties={"B": 2})
    assert (two.class_name, two.namespace, two.path) == ("X", V2, path)
    assert dict(two) == {"B": 2}
