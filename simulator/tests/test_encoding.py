# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values on the wire, against recorded answers of real hosts and against themselves."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from hvsim import encoding
from hvsim.encoding import (
    datetime_text,
    dmtf_text,
    escape,
    interval_text,
    parse_dmtf,
    scalar,
)
from hvsim.namespaces import NS, qname
from hvsim.wmi.embedded import EmbeddedError, convert, parse, to_text
from hvsim.wmi.invoke import read_reference
from hvsim.wmi.schema import VIRTUALIZATION, PropertyType, schema, schemas
from hvsim.wmi.values import Instance, ObjectPath

FACTS = Path(__file__).parents[3] / "shared" / "facts"
UTC = timezone.utc
RECORDED = (
    "r4sd-go-wsman/recorded_computersystem_pull_host.xml",
    "r4sd-go-wsman/recorded_computersystem_pull_vm_off.xml",
    "r4sd-go-wsman/recorded_pull_guestnetworkadapterconfiguration.xml",
    "r4sd-go-wsman/recorded_pull_virtualethernetswitch.xml",
    "r4sd-go-wsman/recorded_pull_externalethernetport.xml",
    "r4sd-go-wsman/recorded_affectedjobelement_pull_created.xml",
)
NEWER = {"ManagementVtlImageFileName", "ManagementVtlImageVersion"}
"""Properties of Windows Server 2025, which hvsim's Server 2022 does not have."""


def recorded(name: str) -> etree._Element:
    path = FACTS / "captures" / name
    if not path.exists():
        pytest.skip(f"the recorded answers are not here: {name}")
    (items,) = etree.parse(path).iter(f"{{{NS['n']}}}Items")
    return items[0]


def value_of(element: etree._Element, kind: PropertyType) -> Any:
    if element.get(qname("xsi:nil")):
        return None
    if kind.cim_type == "reference":
        return read_reference(element)
    text = "".join(element.itertext())
    if kind.cim_type == "datetime":
        return moment(text)
    return convert(kind.cim_type, text)


def moment(text: str) -> datetime:
    stamp, _, fraction = text.removesuffix("Z").partition(".")
    found = datetime.fromisoformat(stamp).replace(tzinfo=UTC)
    return found + timedelta(microseconds=int(fraction.ljust(6, "0") or 0))


def canonical(element: etree._Element) -> bytes:
    data: bytes = etree.tostring(element, method="c14n", exclusive=True)
    return data


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_instance_is_written_byte_for_byte(name: str) -> None:
    item = recorded(name)
    cim_class = schema(VIRTUALIZATION).find(str(etree.QName(item).localname))
    values: dict[str, Any] = {}
    for child in item:
        kind = cim_class.property(str(etree.QName(child).localname))
        if kind is None:
            assert etree.QName(child).localname in NEWER
            continue
        value = value_of(child, kind)
        if kind.is_array:
            values.setdefault(kind.name, []).append(value)
        else:
            values[kind.name] = value
    for child in list(item):
        if etree.QName(child).localname in NEWER:
            item.remove(child)
    written = etree.fromstring(encoding.instance(Instance(cim_class, values)))
    assert canonical(written) == canonical(item)


def test_recorded_embedded_instance_is_written_the_same() -> None:
    path = FACTS / "captures" / "cimxml" / "kvp_item_fqdn_GetText.xml"
    if not path.exists():
        pytest.skip("the recorded answers are not here")
    text = path.read_text(encoding="utf-8").strip()
    instance = parse(text, schema(VIRTUALIZATION))
    cim_class = schema(VIRTUALIZATION).find("Msvm_KvpExchangeDataItem")
    told = {name: value for name, value in instance.values.items() if value is not None}
    # The host of the recording was too old for InstanceID.
    key = '<PROPERTY NAME="InstanceID" PROPAGATED="true" TYPE="string"></PROPERTY>'
    assert to_text(Instance(cim_class, told)).replace(key, "") == text


def test_schema_agrees_with_the_dump_that_it_was_made_from() -> None:
    import json

    path = FACTS / "schema_v2.json"
    if not path.exists():
        pytest.skip("the dump of the classes is not here")
    dump = json.loads(path.read_text(encoding="utf-8"))["classes"]
    for cim_class in schema(VIRTUALIZATION):
        source = dump[cim_class.name]
        if source["keys"]:
            assert list(cim_class.keys) == source["keys"], cim_class.name
        kinds = {
            item["name"]: (item["type"], bool(item.get("array")))
            for item in source["properties"]
            if {"2019", "23H2"} & set(item["builds"])
        }
        for name, kind in kinds.items():
            found = cim_class.property(name)
            assert found, (cim_class.name, name)
            # The dump has two types for these, by the class that is asked; that the
            # state of a disk alone is a string is a slip of the page that it is from.
            twice = ("AdditionalAvailability", "Capabilities")
            if name not in twice and (cim_class.name, name) != (
                "Msvm_LogicalDisk",
                "EnabledState",
            ):
                told = found.cim_type, found.is_array
                assert told == kind, (cim_class.name, name)


def test_every_class_has_its_parents() -> None:
    for classes in schemas().values():
        for cim_class in classes:
            for parent in cim_class.lineage:
                assert cim_class in classes.with_derived(parent)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (2**64 - 1, "18446744073709551615"),
        ('a<b>&"', "a&lt;b&gt;&amp;&quot;"),
        ("tab\tline\nbell\x07", "tab\tline\nbell?"),
        (
            datetime(2013, 4, 15, 16, 28, 43, 488171, UTC),
            "<cim:Datetime>2013-04-15T16:28:43.488171Z</cim:Datetime>",
        ),
        (timedelta(minutes=30), "<cim:Interval>P0DT0H30M0S</cim:Interval>"),
    ],
)
def test_scalar(value: Any, text: str) -> None:
    assert scalar(value) == text


def test_datetimes_lose_zeros_and_keep_offsets() -> None:
    zone = timezone(timedelta(hours=8))
    assert (
        datetime_text(datetime(2014, 4, 3, 14, 45, 50, 468750, zone))
        == "2014-04-03T14:45:50.46875+08:00"
    )
    assert datetime_text(datetime(1601, 1, 1, tzinfo=UTC)) == "1601-01-01T00:00:00Z"
    west = timezone(-timedelta(hours=3, minutes=30))
    assert datetime_text(datetime(2014, 1, 1, tzinfo=west)).endswith("-03:30")
    assert interval_text(timedelta(seconds=100, milliseconds=500)) == "P0DT0H1M40.5S"


def test_null_and_empty_arrays_are_absent_and_null_scalars_nil() -> None:
    one, many = PropertyType("A", "string"), PropertyType("B", "string", is_array=True)
    assert encoding.element("p:", one, None) == '<p:A xsi:nil="true"/>'
    assert encoding.element("p:", one, "") == "<p:A></p:A>"
    assert encoding.element("p:", many, None) == encoding.element("p:", many, []) == ""
    assert encoding.element("p:", many, ["x", ""]) == "<p:B>x</p:B><p:B></p:B>"


@given(
    st.datetimes(
        min_value=datetime(1601, 1, 1),
        timezones=st.sampled_from([UTC, timezone(timedelta(minutes=-210))]),
    )
    | st.timedeltas(timedelta(0), timedelta(days=99_999_999))
)
def test_cim_datetime_is_read_back(value: datetime | timedelta) -> None:
    assert parse_dmtf(dmtf_text(value)) == value


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn"))))
def test_escaped_text_is_read_back(text: str) -> None:
    assert etree.fromstring(f"<a>{escape(text)}</a>").text or text == ""


@given(
    st.dictionaries(
        st.sampled_from(["Name", "InstanceID", "SystemName"]),
        st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn"))),
        min_size=1,
    )
)
def test_reference_is_read_back(keys: dict[str, str]) -> None:
    path = ObjectPath(VIRTUALIZATION, "Msvm_X", tuple(keys.items()))
    assert read_reference(etree.fromstring(encoding.epr(path))) == path


@given(st.text(max_size=200))
def test_any_text_is_an_instance_or_a_mistake(text: str) -> None:
    with pytest.raises(EmbeddedError):
        parse(text, schema(VIRTUALIZATION))


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE INSTANCE [<!ENTITY a "b">]><INSTANCE CLASSNAME="Msvm_Error"/>',
        '<INSTANCE CLASSNAME="Msvm_Error"><X/></INSTANCE>',
        '<CLASS CLASSNAME="Msvm_Error"/>',
        "<INSTANCE/>",
    ],
)
def test_instance_text_of_another_shape_is_a_mistake(text: str) -> None:
    with pytest.raises(EmbeddedError):
        parse(text, schema(VIRTUALIZATION))


def test_coverage_page_is_up_to_date() -> None:
    from hvsim.wmi.coverage import page

    path = Path(__file__).parents[1] / "COVERAGE.md"
    assert path.read_text(encoding="utf-8") == page(), (
        "python -m hvsim.wmi.coverage > COVERAGE.md"
    )
