# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of messages, references, faults: tables, and hostile answers."""

from __future__ import annotations

import contextlib
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hypervisor.connect.plugins.module_utils._cim.instance import (
    CimInstance,
    InstancePath,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._cim.markup import (
    MAX_DEPTH,
    InvalidXml,
    check_text,
    read,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._cim.types import UTC
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman import (
    namespaces as ns,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.fault import (
    ProviderFault,
    WsmanFault,
    fault_of,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.fault_table import (
    FAULTS,
    SUBCODES,
    KnownFault,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.protocol_error import (
    ProtocolError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.reference import (
    address,
    is_reference,
    path_of_reference,
    reference,
    resource_uri,
    selector_set,
    split_uri,
    uri_of,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.response import (
    parse_response,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.values import (
    check_name,
    content,
    elements,
    instance_of,
    value_of,
)

XSI = "http://www.w3.org/2001/XMLSchema-instance"
DECLARED = "".join(
    f' xmlns:{prefix}="{uri}"'
    for prefix, uri in {**ns.PREFIXES, "xsi": XSI, "cim": ns.CIM, "f": ns.FAULT}.items()
)
V2 = "root/virtualization/v2"
URI = resource_uri(V2, "Msvm_ComputerSystem")


def xml(inner: str, tag: str = "c:X", uri: str = URI) -> Any:
    return read(f'<{tag}{DECLARED} xmlns:c="{uri}">{inner}</{tag}>')


@pytest.mark.parametrize(
    ("inner", "value"),
    [
        ("text", "text"),
        ("  as is\n", "  as is\n"),
        ("", ""),
        ("<cim:Datetime>2013-04-15T16:28:43Z</cim:Datetime>",
         datetime(2013, 4, 15, 16, 28, 43, 0, UTC)),
        ("\n<cim:CIM_DateTime>20130415162843.000000+000</cim:CIM_DateTime>\n",
         datetime(2013, 4, 15, 16, 28, 43, 0, UTC)),
        ("<cim:Date>2013-04-15</cim:Date>", datetime(2013, 4, 15, tzinfo=UTC)),
        ("<cim:Interval>P0DT0H1M40S</cim:Interval>", timedelta(seconds=100)),
        ("<Interval>P0DT0H1M40S</Interval>", timedelta(seconds=100)),
        ("<Datetime>2013-04-15T16:28:43Z</Datetime>",
         datetime(2013, 4, 15, 16, 28, 43, 0, UTC)),
        ("<Address/><ReferenceParameters><ResourceURI>http://x/y</ResourceURI>"
         "</ReferenceParameters>", InstancePath("http://x", "y")),
        ("<cim:Time>10:00:00</cim:Time>", "10:00:00"),
        ("&lt;INSTANCE&gt;", "<INSTANCE>"),
        ("<![CDATA[<a>&]]>", "<a>&"),
    ],
)  # fmt: skip
def test_value_is_read(inner: str, value: Any) -> None:
    assert value_of(xml(inner)) == value


@pytest.mark.parametrize("nil", ["true", "1", " true "])
def test_nil_is_null(nil: str) -> None:
    assert value_of(read(f'<x xmlns:i="{XSI}" i:nil="{nil}">ignored</x>')) is None
    assert value_of(read(f'<x xmlns:i="{XSI}" i:nil="false">kept</x>')) == "kept"


@pytest.mark.parametrize(
    "inner",
    [
        "<cim:Datetime>yesterday</cim:Datetime>",
        "<cim:Datetime/>" * 0 + "<cim:Datetime>2013-13-01T00:00:00Z</cim:Datetime>",
        "<cim:Interval>P1Y</cim:Interval>",
        "<a:ReferenceParameters/>",
        "<a:EndpointReference/>",
        "<a:ReferenceParameters><w:ResourceURI>u</w:ResourceURI><w:SelectorSet>"
        "<w:Selector>x</w:Selector></w:SelectorSet></a:ReferenceParameters>",
    ],
)
def test_value_that_can_not_be_read_is_a_protocol_error(inner: str) -> None:
    with pytest.raises(ProtocolError):
        value_of(xml(inner))


def test_instance_has_arrays_types_and_namespace() -> None:
    instance = instance_of(
        xml(
            "<c:EnabledState>2</c:EnabledState><c:OperationalStatus>2"
            "</c:OperationalStatus><c:Unknown>1</c:Unknown><c:Unknown>2</c:Unknown>"
            "<c:Unknown>3</c:Unknown><c:Name/><c:ProcessID/>",
            tag="c:Msvm_ComputerSystem",
        )
    )
    assert dict(instance) == {
        "EnabledState": 2,
        "OperationalStatus": [2],
        "Unknown": ["1", "2", "3"],
        "Name": "",
        "ProcessID": None,
    }
    assert instance.namespace == V2
    assert instance.class_name == "Msvm_ComputerSystem"


def test_types_that_the_message_tells_are_used() -> None:
    uri = f"{ns.DMTF_CIM}/OMI_Identify"
    instance = instance_of(
        xml(
            '<c:A xsi:type="cim:cimUnsignedShort">7</c:A>'
            '<c:B xsi:type="cim:cimBoolean">true</c:B>'
            '<c:L xsi:type="cim:cimUnsignedByte">1</c:L>'
            '<c:L xsi:type="cim:cimUnsignedByte">2</c:L>'
            '<c:Z xsi:type="cim:cimOther">x</c:Z><c:Y xsi:type="c:cimString">y</c:Y>'
            '<c:N xsi:type="cim:cimSint" xsi:nil="true"/>',
            tag="c:OMI_Identify",
            uri=uri,
        )
    )
    assert dict(instance) == {
        "A": 7, "B": True, "L": b"\x01\x02", "Z": "x", "Y": "y", "N": None,
    }  # fmt: skip
    assert instance.namespace == ns.DMTF_CIM
    with pytest.raises(ProtocolError, match=r"X\.A: 'x' is no CIM uint16"):
        instance_of(xml('<c:A xsi:type="cim:cimUnsignedShort">x</c:A>'))


def _carried(text: str) -> bool:
    try:
        return check_text(text) == text
    except InvalidXml:
        return False


TEXTS = st.text(max_size=30).filter(_carried)
PATHS = st.builds(
    InstancePath,
    st.just(V2),
    st.just("Msvm_X"),
    st.dictionaries(st.sampled_from("ABC"), TEXTS).map(lambda keys: (*keys.items(),)),
)
VALUES = st.one_of(
    TEXTS,
    st.none(),
    PATHS,
    st.datetimes(timezones=st.just(UTC)),
    st.timedeltas(timedelta(0), timedelta(days=99_999_999)),
)


@given(st.dictionaries(st.sampled_from("ABCDE"), VALUES, max_size=5))
def test_properties_survive_a_message(properties: dict[str, Any]) -> None:
    inner = elements("c:", properties)
    assert dict(instance_of(xml(inner), types={})) == properties


@given(st.lists(TEXTS, min_size=2, max_size=5))
def test_arrays_survive_a_message(values: list[str]) -> None:
    assert instance_of(xml(elements("c:", {"A": values})), types={})["A"] == values


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (-3, "-3"), (2.5, "2.5"), ("<", "&#60;"), ("]]>", "]]&#62;")],
)
def test_content_of_an_element(value: Any, text: str) -> None:
    assert content(value) == text


def test_name_of_an_element_is_checked() -> None:
    assert check_name("__CLASS") == "__CLASS"


@pytest.mark.parametrize(
    ("namespace", "class_name", "uri"),
    [
        ("root/cimv2", "Win32_X", f"{ns.WMI}root/cimv2/Win32_X"),
        (r"root\virtualization\v2", "*", f"{ns.WMI}root/virtualization/v2/*"),
        (ns.DMTF_CIM, "CIM_X", f"{ns.DMTF_CIM}/CIM_X"),
        ("http://x/y/", "Z", "http://x/y/Z"),
    ],
)
def test_resource_uri_of_a_class(namespace: str, class_name: str, uri: str) -> None:
    assert resource_uri(namespace, class_name) == uri
    namespace, name = split_uri(f" {uri}\n")
    assert resource_uri(namespace, name) == uri


def test_uri_is_split_whatever_its_case() -> None:
    assert split_uri(f"{ns.WMI.upper()}root/CIMV2/Win32_X") == ("root/CIMV2", "Win32_X")


@given(PATHS)
def test_reference_survives_a_message(path: InstancePath) -> None:
    bare = read(f"<r{DECLARED}>{reference(path)}</r>")
    wrapped = read(f"<r{DECLARED}><a:EndpointReference>{reference(path)}"
                   "</a:EndpointReference></r>")  # fmt: skip
    assert path_of_reference(bare) == path_of_reference(wrapped) == path
    assert is_reference(bare)
    assert is_reference(wrapped)


def test_reference_within_a_reference_survives() -> None:
    inner = InstancePath(V2, "Msvm_Y", (("InstanceID", "a<b"),))
    dmtf = (("__cimnamespace", "root/omi"), ("R", inner))
    for path in (
        InstancePath(V2, "Msvm_X", (("Dependent", inner),)),
        InstancePath(ns.DMTF_CIM, "CIM_X", dmtf),
        InstancePath("http://schemas.microsoft.com/wbem/wsman/1/config", "listener"),
    ):
        assert path_of_reference(read(f"<r{DECLARED}>{reference(path)}</r>")) == path


def test_address_joins_the_keys_of_a_path_and_further_selectors() -> None:
    path = InstancePath(V2, "Msvm_X", (("A", "1"), ("B", 2)))
    uri, selectors = address(path, {"B": True, "C": "x"})
    assert uri == uri_of(path)
    assert selectors == {"A": "1", "B": "true", "C": "x"}
    assert address("urn:x") == ("urn:x", {})
    assert selector_set({}) == ""


def fault(detail: str = "", code: str = "s:Sender", subcode: str = "w:TimedOut") -> Any:
    return xml(
        f"<s:Code><s:Value>{code}</s:Value><s:Subcode><s:Value>{subcode}</s:Value>"
        "</s:Subcode></s:Code><s:Reason><s:Text>It  failed. </s:Text></s:Reason>"
        f"<s:Detail>{detail}</s:Detail>",
        tag="s:Fault",
    )


def wsman_fault(message: str, code: int | str = 2150858752) -> str:
    return (
        f'<f:WSManFault Code="{code}" Machine="hv1"><f:Message>{message}</f:Message>'
        "</f:WSManFault>"
    )


def test_fault_says_what_where_and_what_to_do() -> None:
    error = fault_of(fault(wsman_fault("No such  thing. ")), where="http://h/wsman")
    assert str(error) == (
        "http://h/wsman: No such thing (ERROR_WSMAN_RESOURCE_NOT_FOUND, 0x80338000, "
        "w:TimedOut); check its class and its keys, and that it still exists."
    )
    assert error.machine == "hv1"
    assert error.details["name"] == "ERROR_WSMAN_RESOURCE_NOT_FOUND"


def test_fault_of_a_provider_says_more_than_the_outer_one() -> None:
    extended = (
        "<f:ExtendedError><c:__ExtendedStatus><c:Operation>ExecQuery</c:Operation>"
        '<c:Description xsi:nil="true"/></c:__ExtendedStatus></f:ExtendedError>'
    )
    inner = (
        '<f:ProviderFault provider="WMI Provider">'
        f"{wsman_fault('Invalid namespace ', 0x8004100E)}{extended}</f:ProviderFault>"
    )
    error = fault_of(fault(wsman_fault(inner)))
    assert error.provider == ProviderFault(
        "WMI Provider", 0x8004100E, "Invalid namespace", {"Operation": "ExecQuery"}
    )
    assert error.kind == "no_namespace"
    assert error.name == "WBEM_E_INVALID_NAMESPACE"
    assert "Hyper-V role" in str(error)
    assert error.details["provider"]["extended"] == {"Operation": "ExecQuery"}


@pytest.mark.parametrize(
    ("detail", "number"),
    [
        (wsman_fault("x", -2144108544), 2150858752),
        (wsman_fault("x", "many"), None),
        (wsman_fault("x", ""), None),
        (wsman_fault("x", "9" * 50), None),
        ("", None),
    ],
)
def test_number_of_a_fault_is_unsigned(detail: str, number: int | None) -> None:
    assert fault_of(fault(detail)).wsman_code == number


def test_fault_without_a_number_is_known_by_its_subcode() -> None:
    error = fault_of(fault())
    assert (error.kind, error.wsman_code, error.name) == ("timed_out", None, None)
    assert str(error).startswith("It failed (w:TimedOut); raise the timeout")


def test_unknown_fault_tells_its_number_in_hexadecimal() -> None:
    error = fault_of(fault(wsman_fault("Odd.", 0x80338FFF), subcode="q:Odd"))
    assert str(error) == "Odd (0x80338fff, q:Odd)."
    assert error.kind == "other"


def test_empty_fault_is_a_fault() -> None:
    error = fault_of(read(f"<s:Fault{DECLARED}/>"))
    assert (error.code, error.subcode, error.reason) == ("", None, "")
    assert str(error) == "no reason ()."


def test_every_known_fault_has_a_name_and_a_remedy() -> None:
    assert len(FAULTS) > 50
    for number, known in FAULTS.items():
        assert 0 < number < 2**32
        assert known.name.isupper()
        assert known.remedy
        assert not known.remedy.endswith(".")
        error = WsmanFault(code="Sender", subcode=None, reason="", wsman_code=number)
        assert KnownFault(str(error.name), error.kind, str(error.remedy)) == known
    assert all(remedy for _kind, remedy in SUBCODES.values())


def envelope(body: str) -> bytes:
    return f"<s:Envelope{DECLARED}><s:Body>{body}</s:Body></s:Envelope>".encode()


def nested(tag: str, depth: int) -> str:
    return f"<{tag}>" * depth + f"</{tag}>" * depth


@pytest.mark.parametrize(
    "data",
    [
        envelope(nested("x", MAX_DEPTH)),
        envelope(nested("a:EndpointReference", 100_000)),
        envelope("<x " + " ".join(f'a{n}=""' for n in range(10)) + ">"),
        b"<!DOCTYPE a [<!ENTITY x 'y'>]>" + envelope("&x;"),
        envelope("&x;"),
        envelope("\x00"),
        b"\xef\xbb\xbf",
        b"\xff\xfe<\x00",
    ],
)
def test_hostile_answer_is_a_protocol_error(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_response(data)


def test_numbers_too_long_to_be_read_are_a_protocol_error() -> None:
    element = xml(f"<c:EnabledState>{'9' * 10_000}</c:EnabledState>",
                  tag="c:Msvm_ComputerSystem")  # fmt: skip
    with pytest.raises(ProtocolError):
        instance_of(element)


def test_nested_instances_are_read() -> None:
    inner = f'<d:A xmlns:d="{resource_uri(V2, "Msvm_Y")}">1</d:A>'
    instance = instance_of(xml(f"<c:O>{inner}</c:O>"))
    assert instance["O"] == CimInstance("Msvm_Y", {"A": "1"})
    assert instance["O"].namespace == V2


def test_many_repeated_elements_are_read_in_linear_time() -> None:
    def seconds(count: int) -> float:
        inner = "<c:A>x</c:A>" * count + "".join(f"<c:B{n}/>" for n in range(count))
        data = envelope(f'<c:X xmlns:c="{URI}">{inner}</c:X>')
        started = time.perf_counter()
        instance_of(parse_response(data).only())
        return time.perf_counter() - started

    seconds(1000)
    assert seconds(20_000) < 20 * max(seconds(5_000), 0.01)


@given(st.text("<>/&;sfcaw:= \"'ab", max_size=80))
def test_any_text_in_an_envelope_ends_in_our_errors(text: str) -> None:
    with contextlib.suppress(ProtocolError, WsmanFault):
        for element in parse_response(envelope(f"<c:X xmlns:c='u'>{text}</c:X>")).body:
            instance_of(element)
    with contextlib.suppress(ProtocolError, WsmanFault):
        parse_response(envelope(f"<s:Fault>{text}</s:Fault>"))
