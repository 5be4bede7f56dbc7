# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""INSTANCE text both ways, with hostile text in it and hostile text for it."""

from __future__ import annotations

import contextlib
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hypervisor.connect.plugins.module_utils._cim.embedded import (
    InvalidEmbeddedInstance,
    from_text,
    to_text,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._cim.instance import (
    CimInstance,
    InstancePath,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._cim.types import (
    INTEGERS,
    UTC,
)

CARRIED = st.characters(
    exclude_categories=["Cs"],
    exclude_characters=[
        *(chr(code) for code in range(32) if chr(code) not in "\t\n\r"),
        "\ufffe",
        "\uffff",
    ],
)
HOSTILE = st.one_of(
    st.text(CARRIED, max_size=30),
    st.lists(
        st.sampled_from(
            ["&", "<", ">", '"', "'", "]]>", "&amp;", "&lt;", "&#38;", "\r", "\n", "😀"]
        ),
        max_size=8,
    ).map("".join),
)
SCALAR = st.one_of(
    st.tuples(st.just("string"), HOSTILE),
    st.tuples(st.just("boolean"), st.booleans()),
    st.sampled_from(sorted(INTEGERS)).flatmap(
        lambda kind: st.tuples(st.just(kind), st.integers(*INTEGERS[kind]))
    ),
    st.tuples(
        st.just("datetime"),
        st.one_of(
            st.datetimes(timezones=st.just(UTC)),
            st.timedeltas(timedelta(0), timedelta(days=99_999_999)),
        ),
    ),
)
ARRAY = st.one_of(
    st.tuples(st.just("string[]"), st.lists(HOSTILE, max_size=3)),
    st.tuples(st.just("uint16[]"), st.lists(st.integers(0, 65535), max_size=3)),
    st.tuples(st.just("uint8[]"), st.binary(max_size=5)),
    st.tuples(st.just("uint32[]"), st.just([1, None])),
)
NULL = st.tuples(st.sampled_from(["string", "uint64", "string[]"]), st.none())
NAMES = st.from_regex(r"[A-Z][A-Za-z0-9]{0,10}", fullmatch=True)


@st.composite
def instances(draw: st.DrawFn) -> CimInstance:
    names = draw(st.lists(NAMES, max_size=5, unique_by=str.lower))
    kinds = {name: draw(st.one_of(SCALAR, ARRAY, NULL)) for name in names}
    return CimInstance(
        draw(NAMES),
        {name: value for name, (_kind, value) in kinds.items()},
        types={name: kind for name, (kind, _value) in kinds.items()},
    )


@given(instances())
def test_instance_survives_text(instance: CimInstance) -> None:
    text = to_text(instance)
    again = from_text(text)
    assert again == instance
    assert again.types == instance.types


@given(HOSTILE)
def test_text_holds_no_named_reference(value: str) -> None:
    text = to_text(CimInstance("X", {"A": value}))
    assert re.findall(r"&(?!#)", text) == []
    assert "]]>" not in text


@given(HOSTILE)
def test_text_survives_hyperv_replacing_named_references_first(value: str) -> None:
    text = to_text(CimInstance("X", {"A": value}))
    named = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'"}
    replaced = re.sub(r"&\w+;", lambda found: named[found.group()], text)
    assert from_text(replaced)["A"] == value


def test_types_come_from_the_schema_where_none_are_given() -> None:
    settings = CimInstance(
        "Msvm_VirtualSystemSettingData",
        {
            "InstanceID": "Microsoft:G",
            "Notes": ["a"],
            "AutomaticStartupActionDelay": timedelta(minutes=30),
            "AutomaticStartupAction": 3,
            "VirtualNumaEnabled": False,
        },
    )
    assert to_text(settings) == (
        '<INSTANCE CLASSNAME="Msvm_VirtualSystemSettingData">'
        '<PROPERTY NAME="InstanceID" TYPE="string"><VALUE>Microsoft:G</VALUE></PROPERTY>'
        '<PROPERTY.ARRAY NAME="Notes" TYPE="string"><VALUE.ARRAY><VALUE>a</VALUE>'
        "</VALUE.ARRAY></PROPERTY.ARRAY>"
        '<PROPERTY NAME="AutomaticStartupActionDelay" TYPE="datetime">'
        "<VALUE>00000000003000.000000:000</VALUE></PROPERTY>"
        '<PROPERTY NAME="AutomaticStartupAction" TYPE="uint16"><VALUE>3</VALUE>'
        '</PROPERTY><PROPERTY NAME="VirtualNumaEnabled" TYPE="boolean">'
        "<VALUE>false</VALUE></PROPERTY></INSTANCE>"
    )


def test_path_in_a_string_property_is_its_text() -> None:
    path = InstancePath("root/virtualization/v2", "Msvm_X", (("InstanceID", r"a\b"),))
    text = to_text(
        CimInstance(
            "Msvm_ResourceAllocationSettingData",
            {"Parent": path, "HostResource": [path]},
        )
    )
    again = from_text(text)
    assert again["Parent"] == str(path)
    assert again["HostResource"] == [str(path)]
    assert "PROPERTY.REFERENCE" not in text


def test_references_and_objects_survive_text() -> None:
    path = InstancePath("root/x", "Y", (("K", 'a"b'),))
    inner = CimInstance("Z", {"N": 1}, types={"N": "uint8"})
    properties = {"R": path, "O": inner, "L": [inner, inner]}
    again = from_text(to_text(CimInstance("X", properties)))
    assert again == CimInstance("X", properties)
    assert again.types == {"R": "reference", "O": "object", "L": "object[]"}
    nulls = CimInstance(
        "X", dict.fromkeys(properties), types={"R": "reference", "O": "object"}
    )
    assert from_text(to_text(nulls)) == nulls


@pytest.mark.parametrize(
    ("properties", "says"),
    [
        ({"N": 5}, "N: the CIM type of 5 is not known"),
        ({"N": [1.5]}, "the CIM type of"),
        ({"N": "a\0b"}, "U+0000"),
        ({"a\x01b": "x"}, "U+0001"),
    ],
)
def test_to_text_refuses_what_can_not_be_written(
    properties: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidEmbeddedInstance) as raised:
        to_text(CimInstance("X", properties))
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("HostResource", "scalar", "'scalar' is no array"),
        ("VirtualQuantity", 2**64, "uint64"),
        ("VirtualQuantity", "many", "uint64"),
        ("AutomaticAllocation", "maybe", "boolean"),
    ],
)
def test_to_text_refuses_what_the_schema_does_not_have(
    name: str, value: Any, says: str
) -> None:
    with pytest.raises(InvalidEmbeddedInstance) as raised:
        to_text(CimInstance("Msvm_ProcessorSettingData", {name: value}))
    assert says in str(raised.value)
    assert name in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "<INSTANCE>",
        "<INSTANCE/>",
        "<OTHER CLASSNAME='X'/>",
        "<INSTANCE CLASSNAME='X'><PROPERTY/></INSTANCE>",
        "<INSTANCE CLASSNAME='X'><PROPERTY NAME='A'/></INSTANCE>",
        "<INSTANCE CLASSNAME='X'><PROPERTY NAME='A' TYPE='uint8'><VALUE>x</VALUE>"
        "</PROPERTY></INSTANCE>",
        "<INSTANCE CLASSNAME='X'><PROPERTY.REFERENCE NAME='A'><VALUE.REFERENCE>="
        "</VALUE.REFERENCE></PROPERTY.REFERENCE></INSTANCE>",
        "<!DOCTYPE INSTANCE><INSTANCE CLASSNAME='X'/>",
        "<!DOCTYPE I [<!ENTITY a 'b'>]><INSTANCE CLASSNAME='&a;'/>",
        "<INSTANCE CLASSNAME='X'>" + "<a>" * 5000 + "</a>" * 5000 + "</INSTANCE>",
        "\ud800",
    ],
)
def test_from_text_refuses_what_is_no_instance(text: str) -> None:
    with pytest.raises(InvalidEmbeddedInstance):
        from_text(text)


@given(st.text(max_size=80))
def test_any_text_is_an_instance_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidEmbeddedInstance):
        from_text(f"<INSTANCE CLASSNAME='X'>{text}</INSTANCE>")


def test_unknown_elements_are_passed_over() -> None:
    text = (
        "<INSTANCE CLASSNAME='X'><QUALIFIER NAME='q' TYPE='boolean'/>"
        "<PROPERTY NAME='__GENUS' TYPE='sint32'><VALUE>2</VALUE></PROPERTY>"
        "<PROPERTY NAME='__PATH' TYPE='string'><VALUE>=</VALUE></PROPERTY>"
        "<PROPERTY NAME='When' TYPE='datetime'><VALUE>20200101000000.000000+000</VALUE>"
        "</PROPERTY></INSTANCE>"
    )
    instance = from_text(text)
    assert dict(instance) == {"When": datetime(2020, 1, 1, tzinfo=UTC)}
    assert instance.path is None
