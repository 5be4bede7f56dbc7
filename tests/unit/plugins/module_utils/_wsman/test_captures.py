# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every recorded answer is read, and compared with what another reader finds in it.

The recordings are no part of the project; they lie beside the checkout. Each file has
to be of one of the kinds below, so a new one that nobody looks at fails the test. What
they were written down from broke some in two: URIs over two lines, attributes without
quotes, places for values. ``mended`` undoes that, and only that.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._cim.embedded import (
    from_text,
    to_text,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._cim.instance import (
    CimInstance,
    InstancePath,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._cim.markup import (
    Element,
    Name,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman import (
    fault_table,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.fault import (
    WsmanFault,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.namespaces import (
    TRANSFER,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.protocol_error import (
    ProtocolError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.reference import (
    path_of_reference,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.response import (
    Response,
    parse_identity,
    parse_response,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.values import (
    instance_of,
)

CAPTURES = Path(__file__).resolve().parents[5] / ".." / "shared" / "facts" / "captures"

S = "{http://www.w3.org/2003/05/soap-envelope}"
A = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
N = "{http://schemas.xmlsoap.org/ws/2004/09/enumeration}"
W = "{http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd}"
F = "{http://schemas.microsoft.com/wbem/wsman/1/wsmanfault}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
CIM = "{http://schemas.dmtf.org/wbem/wscim/1/common}"


class Recorded(NamedTuple):
    """One document of a file: where it is from, and its text."""

    source: str
    text: str

    @property
    def root(self) -> ET.Element:
        """The document, as another reader reads it."""
        return ET.fromstring(self.text.encode())

    @property
    def action(self) -> str:
        return (self.root.findtext(f"{S}Header/{A}Action") or "").strip()

    @property
    def body(self) -> ET.Element | None:
        return self.root.find(f"{S}Body")

    @property
    def is_response(self) -> bool:
        """Whether it answers something: by RelatesTo, else by what is in it."""
        if self.body is None or self.is_request:
            return False
        if self.root.find(f"{S}Header/{A}RelatesTo") is not None:
            return True
        return any(child.tag.endswith(("Response", "}Fault")) for child in self.body)

    @property
    def is_request(self) -> bool:
        return self.root.find(f"{S}Header/{W}ResourceURI") is not None


def mended(text: str) -> str:
    text = re.sub(
        r'="(\s*http[^"<]*)"',
        lambda uri: f'="{re.sub(chr(92) + "s", "", uri[1])}"',
        text,
    )
    text = re.sub(r"=(http://[^\s>\"]+)", r'="\1"', text)
    text = re.sub(r'"(xmlns:)', r'" \1', text)
    return re.sub(r"<%=.*?%>|\$\{\w+\}", "text", text)


ENVELOPE = re.compile(r"<(\S*?):Envelope\b.*?</\1:Envelope\s*>", re.DOTALL)
SCENARIO = re.compile(r'<Scenario Description="([^"]*)".*?</Scenario>', re.DOTALL)


def documents(path: Path) -> Iterator[Recorded]:
    """The envelopes of a file; a file of none is one document."""
    text = mended(path.read_text(encoding="utf-8-sig"))
    source = str(path.relative_to(CAPTURES))
    if "<recording>" in text or "responseContent{" in text:
        found = [match.group() for match in ENVELOPE.finditer(text)]
        yield from (Recorded(f"{source}#{n}", each) for n, each in enumerate(found))
    else:
        yield Recorded(source, re.sub(r"^\s*<\?xml.*?\?>", "", text))


def every_file() -> list[Path]:
    return sorted(CAPTURES.rglob("*.xml"))


UNREADABLE = {
    "ms-wsmv/4_2_2_01.xml": "a request whose envelope is cut",
    "ms-wsmv/4_2_3_09.xml": "a request whose envelope's tag is not closed",
    "ms-wsmv/4_6_2_01.xml": "an answer with a subscription that is cut off",
    "ms-wsmv/4_8_1_01.xml": "a request whose prefix is not bound",
    "ms-wsmv/4_4_01.xml": "a request, subscribe",
    "omi/enum.xml": "an answer that ends in the middle",
    "omi/identify.xml": "a request and a template of an answer",
    "runner-mei/xml_test_syntex_error_response.xml": "an answer with a wrong end tag",
}
"""What no reader can read, with what it is."""

NO_ENVELOPE = {
    "cimxml/kvp_item_fqdn_GetText.xml",
    "cimxml/kvp_item_osversion_GetText.xml",
    "cimxml/v1_Msvm_ProcessorSettingData_GetText1.xml",
    "cimxml/v1_vsgsd_interval_fragment.xml",
    "learn/fault_config_provider_2150859113_detail.xml",
    "learn/fault_wmi_provider_2150859010_detail.xml",
    "learn/listener_get_fragment.xml",
    "wsmancli/Scenarios.InteropWorkshop.Dec2006.MSFT.xml",
}
"""Parts of messages; each has a test below."""


def sort_out() -> tuple[list[Recorded], list[Recorded], list[str]]:
    """The responses, the other envelopes, and the files that no reader can read."""
    responses: list[Recorded] = []
    others: list[Recorded] = []
    unreadable: list[str] = []
    for path in every_file():
        if str(path.relative_to(CAPTURES)) in NO_ENVELOPE:
            continue
        for document in documents(path):
            try:
                is_response = document.is_response
            except ET.ParseError:
                unreadable.append(document.source)
                continue
            (responses if is_response else others).append(document)
    return responses, others, unreadable


if CAPTURES.is_dir():
    RESPONSES, OTHERS, BROKEN = sort_out()
else:
    RESPONSES, OTHERS, BROKEN = [], [], []

needs_captures = pytest.mark.skipif(
    not CAPTURES.is_dir(), reason=f"no recorded answers at {CAPTURES}: none is decoded"
)


def by_source(document: Recorded) -> str:
    return document.source


@needs_captures
def test_every_file_is_of_a_known_kind() -> None:
    assert sorted(UNREADABLE) == BROKEN
    assert len(every_file()) > 500
    assert len(RESPONSES) > 330
    strangers = [
        other.source
        for other in OTHERS
        if not other.is_request and other.body is not None and len(other.body)
    ]
    assert strangers == KNOWN_OTHERS


KNOWN_OTHERS = [
    "ms-wsmv/4_6_3_01.xml",  # events that the server delivers
    "ms-wsmv/4_6_5_01.xml",
    "openwsman/sample2.xml",
    "winrmtest/wsman_test_0.xml",  # requests without a resource URI
    "winrmtest/wsman_test_1.xml",
    "winrmtest/wsman_test_3.xml",
]


@needs_captures
@pytest.mark.parametrize("source", sorted(UNREADABLE))
def test_unreadable_recording_is_a_protocol_error(source: str) -> None:
    with pytest.raises(ProtocolError):
        parse_response((CAPTURES / source).read_bytes())


def children(element: ET.Element | None) -> list[ET.Element]:
    return [] if element is None else list(element)


def recorded_items(document: Recorded) -> list[ET.Element]:
    """The items of an enumeration, as the other reader finds them."""
    first = next(iter(children(document.body)), None)
    if first is None:
        return []
    for tag in (f"{W}Items", f"{N}Items"):
        if first.find(tag) is not None:
            return children(first.find(tag))
    return []


DATES = ("Datetime", "Interval", "Date", "Time")


def local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def plain(element: ET.Element) -> Any:
    """A property's value as the other reader finds it: text, None, or what is in it."""
    if element.get(f"{XSI}nil") in ("true", "1"):
        return None
    if not len(element):
        return element.text or ""
    dates = [child for child in element if local(child) in DATES]
    if dates:
        return (dates[0].text or "").strip()
    parameters = [
        node for node in element.iter() if node.tag.endswith("}ReferenceParameters")
    ]
    if parameters:
        uri = next(n for n in parameters[0].iter() if n.tag.endswith("}ResourceURI"))
        return (uri.text or "").strip()
    return {child.tag.rpartition("}")[2] for child in element}


def shown(value: Any) -> Any:
    """Our value in the other reader's terms."""
    if isinstance(value, InstancePath):
        return value.class_name
    if isinstance(value, CimInstance):
        return set(value)
    return value


def same(ours: Any, theirs: Any) -> bool:
    """Whether our value is the one that the other reader's text stands for."""
    if isinstance(ours, datetime):
        stamp = re.sub(r"\.(\d{1,6})\d*", lambda m: "." + m[1].ljust(6, "0"), theirs)
        return ours == datetime.fromisoformat(stamp.replace("Z", "+00:00"))
    if isinstance(ours, timedelta):
        return theirs.startswith("P") and ours >= timedelta(0)
    if isinstance(ours, bool):
        return str(ours).lower() == theirs.lower()
    if isinstance(ours, (int, float)):
        return float(theirs) == float(ours)
    if isinstance(ours, InstancePath):
        return theirs.rstrip("/").endswith(f"/{ours.class_name}")
    return bool(shown(ours) == theirs)


def compare(ours: Element, theirs: ET.Element) -> int:
    """Compare one resource with the other reader's; how many values there were."""
    for instance in (instance_of(ours, types={}), instance_of(ours, class_name=None)):
        expected: dict[str, list[Any]] = {}
        for child in theirs:
            expected.setdefault(child.tag.rpartition("}")[2], []).append(plain(child))
        assert set(instance) == set(expected)
        for name, values in expected.items():
            found = instance[name]
            if isinstance(found, bytes):
                found = list(found)
            items = found if isinstance(found, list) else [found]
            assert len(items) == len(values)
            for mine, other in zip(items, values, strict=True):
                assert same(mine, other) or (mine is None and other == ""), name
    return len(expected)


@needs_captures
def test_rows_of_recorded_queries_have_dates() -> None:
    """Rows have no namespaces, their dates neither."""
    source = "txwinrm/server_2008_Win32_OperatingSystem_all_000.xml"
    (document,) = documents(CAPTURES / source)
    rows: list[Element] = []
    parse_response(document.text.encode(), take=rows.append)
    (row,) = (instance_of(each, class_name="Win32_OperatingSystem") for each in rows)
    assert row["InstallDate"].isoformat() == "2013-03-09T03:06:25+00:00"
    assert isinstance(row["TotalVisibleMemorySize"], int)


@needs_captures
def test_no_value_of_a_recorded_wmi_instance_is_taken_for_another_instance() -> None:
    """But InteropWorkshop's, no recording holds embedded instances as elements."""
    for document in RESPONSES:
        if not document.source.startswith(("txwinrm/server", "r4sd", "runner")):
            continue
        items: list[Element] = []
        body = parse_response(document.text.encode(), take=items.append).body
        for item in [*items, *(() if recorded_items(document) else body)]:
            for value in instance_of(item).values():
                assert not isinstance(value, CimInstance), document.source


@needs_captures
@pytest.mark.parametrize("document", RESPONSES, ids=by_source)
def test_recorded_answer_is_read_as_another_reader_reads_it(document: Recorded) -> None:
    items: list[Element] = []
    header = document.root.find(f"{S}Header/{A}RelatesTo")
    relates_to = (header.text or "").strip() if header is not None else None
    data = document.text.encode()
    fault = document.root.find(f"{S}Body/{S}Fault")
    if fault is not None:
        with pytest.raises(WsmanFault) as raised:
            parse_response(data, relates_to=relates_to)
        check_fault(raised.value, fault)
        return
    response = parse_response(data, relates_to=relates_to, take=items.append)
    assert response.action == (document.action or None)
    check_body(response, document, items)


def check_body(response: Response, document: Recorded, items: list[Element]) -> None:
    bodies = children(document.body)
    assert len(response.body) == len(bodies)
    theirs = recorded_items(document)
    assert len(items) == len(theirs)
    for item, other in zip(items, theirs, strict=True):
        compare(item, other)
    for ours, other in zip(response.body, bodies, strict=True):
        if ours.name == Name(TRANSFER, "ResourceCreated"):
            uri = next(e for e in other.iter() if e.tag.endswith("ResourceURI"))
            path = path_of_reference(ours)
            assert (uri.text or "").strip().endswith(f"/{path.class_name}")
            assert path.keys
        elif not theirs:
            compare(ours, other)


def check_fault(fault: WsmanFault, recorded: ET.Element) -> None:
    value = (recorded.findtext(f"{S}Code/{S}Value") or "").strip()
    subcode = (recorded.findtext(f"{S}Code/{S}Subcode/{S}Value") or "").strip()
    assert fault.code == value.rpartition(":")[2]
    assert (fault.subcode or "").rpartition(":")[2] == subcode.rpartition(":")[2]
    wsman = next(recorded.iter(f"{F}WSManFault"), None)
    number = None if wsman is None else wsman.get("Code")
    for element in recorded.iter():
        if element.tag.endswith("}error_Code"):
            number = element.text
    assert fault.wsman_code == (None if number is None else int(number))
    text = " ".join((recorded.findtext(f"{S}Reason/{S}Text") or "").split())
    assert fault.reason == text
    assert fault.details["wsman_code"] == fault.wsman_code


FAULTS = {
    "txwinrm/data_error_max_concurrent.xml": (
        "Receiver", "w:InternalError", 2150859174, fault_table.QUOTA,
        "ERROR_WSMAN_QUOTA_MAX_OPERATIONS", None,
    ),
    "winrb/wmi_error_v2.xml": (
        "Sender", "w:QuotaLimit", 2150859173, fault_table.QUOTA,
        "ERROR_WSMAN_QUOTA_MAX_SHELLS", None,
    ),
    "winrb/soap_fault_v2.xml": (
        "Sender", "n:CannotProcessFilter", 2150858778, fault_table.NO_CLASS,
        "ERROR_WSMAN_ENUMERATE_CANNOT_PROCESS_FILTER",
        "The specified class does not exist in the given namespace.",
    ),
    "winrb/soap_fault_omi.xml": (
        "Receiver", "w:InternalError", None, fault_table.OTHER, None, None,
    ),
    "omi/wsmanparser_TestInnerMessageFaultResponse.xml": (
        "Sender", "a:DestinationUnreachable", 2150858752, fault_table.NOT_FOUND,
        "ERROR_WSMAN_RESOURCE_NOT_FOUND",
        "The WS-Management service cannot process the request. The service cannot find "
        "the resource identified by the resource URI and selectors.",
    ),
    "omi/wsmanparser_TestTimeoutResponse.xml": (
        "Receiver", "w:TimedOut", 2150858793, fault_table.TIMED_OUT,
        "ERROR_WSMAN_OPERATION_TIMEDOUT", None,
    ),
    "pypsrp/psrp_is_alive_invalid_selectors_05_response.xml": (
        "Sender", "w:InvalidSelectors", 2150858843, fault_table.INVALID,
        "ERROR_WSMAN_UNEXPECTED_SELECTORS",
        "The WS-Management service cannot process the request because the request "
        "contained invalid selectors for the resource.",
    ),
    "pypsrp/psrp_is_alive_other_wsman_error_04_response.xml": (
        "Sender", "a:InvalidMessageInformationHeader", 2150858767, fault_table.INVALID,
        "ERROR_WSMAN_INVALID_MESSAGE_INFORMATION_HEADER", None,
    ),
    "masterzen/fixture_test_2.xml": (
        "Receiver", "w:InternalError", 2147942606, fault_table.OTHER, None,
        "The filename or extension is too long.",
    ),
    "opennms/get-response-fault.xml": (
        "Sender", "a:DestinationUnreachable", 2150858752, fault_table.NOT_FOUND,
        "ERROR_WSMAN_RESOURCE_NOT_FOUND",
        "The WS-Management service cannot process the request. The service cannot find "
        "the resource identified by the resource URI and selectors.",
    ),
    "virt-who/test_hyperv_1.xml": (
        "", None, 2150858778, fault_table.NO_CLASS,
        "ERROR_WSMAN_ENUMERATE_CANNOT_PROCESS_FILTER", None,
    ),
}  # fmt: skip


@needs_captures
@pytest.mark.parametrize(("source", "expected"), FAULTS.items(), ids=str)
def test_recorded_fault_has_its_codes_name_and_provider(
    source: str, expected: tuple[Any, ...]
) -> None:
    (document,) = documents(CAPTURES / source)
    with pytest.raises(WsmanFault) as raised:
        parse_response(document.text.encode())
    fault = raised.value
    assert (
        fault.code,
        fault.subcode,
        fault.wsman_code,
        fault.kind,
        fault.name,
        fault.provider.message if fault.provider else None,
    ) == expected


@needs_captures
@pytest.mark.parametrize(
    ("source", "code", "provider", "says"),
    [
        (
            "learn/fault_config_provider_2150859113_detail.xml",
            2150859113, "Config provider", "firewall",
        ),
        (
            "learn/fault_wmi_provider_2150859010_detail.xml",
            2150859010, "WMI Provider", "",
        ),
    ],
)  # fmt: skip
def test_recorded_fault_detail_tells_its_provider(
    source: str, code: int, provider: str, says: str
) -> None:
    detail = (CAPTURES / source).read_text(encoding="utf-8")
    text = (
        f'<s:Envelope xmlns:s="{S[1:-1]}"><s:Body><s:Fault><s:Detail>{detail}'
        "</s:Detail></s:Fault></s:Body></s:Envelope>"
    )
    with pytest.raises(WsmanFault) as raised:
        parse_response(text.encode())
    fault = raised.value
    assert fault.wsman_code == code
    assert fault.provider is not None
    assert fault.provider.provider == provider
    assert says in str(fault)


IDENTITIES = {
    "learn/identify_response_anonymous_2008r2.xml": (
        "Microsoft Corporation", "OS: 0.0.0 SP: 0.0 Stack: 2.0", 0,
    ),
    "learn/identify_response_authenticated_2012r2.xml": (
        "Microsoft Corporation", "OS: 6.3.9600 SP: 0.0 Stack: 3.0", 0,
    ),
    "opennms/identify-response.xml": None,
}  # fmt: skip


@needs_captures
@pytest.mark.parametrize("source", IDENTITIES)
def test_recorded_identity_is_read(source: str) -> None:
    identity = parse_identity((CAPTURES / source).read_bytes())
    assert identity.protocol_version.startswith("http://schemas.dmtf.org/wbem/wsman/")
    expected = IDENTITIES[source]
    if expected:
        assert (identity.vendor, identity.version) == expected[:2]


INSTANCE_TEXTS = {
    "kvp_item_fqdn_GetText.xml": ("Msvm_KvpExchangeDataItem", "Source", 2),
    "kvp_item_osversion_GetText.xml": ("Msvm_KvpExchangeDataItem", "Data", "6.2.8064"),
    "v1_Msvm_ProcessorSettingData_GetText1.xml": (
        "Msvm_ProcessorSettingData", "AutomaticAllocation", True,
    ),
    "v1_vsgsd_interval_fragment.xml": (
        "Msvm_VirtualSystemGlobalSettingData",
        "AutomaticStartupActionDelay",
        timedelta(0),
    ),
}  # fmt: skip


@needs_captures
@pytest.mark.parametrize("source", INSTANCE_TEXTS)
def test_recorded_instance_text_is_read_and_can_be_written_again(source: str) -> None:
    text = (CAPTURES / "cimxml" / source).read_text(encoding="utf-8")
    instance = from_text(text)
    class_name, name, value = INSTANCE_TEXTS[source]
    assert instance.class_name == class_name
    assert instance[name] == value
    properties = [
        element
        for element in ET.fromstring(text)
        if not element.get("NAME", "").startswith("__")
    ]
    assert list(instance) == [element.get("NAME") for element in properties]
    empty = [e.get("NAME") for e in properties if not len(e)]
    assert [name for name, value in instance.items() if value is None] == empty
    again = from_text(to_text(instance))
    assert again == instance
    assert again.types == instance.types


@needs_captures
def test_recorded_gettext1_tells_its_path() -> None:
    text = (
        CAPTURES / "cimxml" / "v1_Msvm_ProcessorSettingData_GetText1.xml"
    ).read_text()
    instance = from_text(text)
    assert instance.namespace == "root/virtualization"
    assert instance.path is not None
    assert instance.path.host == "HV12OSDEMO1"
    assert instance.path.key("instanceid") == instance["InstanceID"]


@needs_captures
def test_recorded_embedded_result_is_read() -> None:
    data = (CAPTURES / "r4sd-go-wsman" / "invoke_response_get_vhd.xml").read_bytes()
    output = instance_of(parse_response(data).only())
    disk = from_text(output["SettingData"])
    assert disk.class_name == "Msvm_VirtualHardDiskSettingData"
    assert disk["MaxInternalSize"] == 10737418240
    assert disk["DataAlignment"] is None
    assert disk["ParentPath"] == ""


@needs_captures
def test_recorded_listener_is_read() -> None:
    fragment = (CAPTURES / "learn" / "listener_get_fragment.xml").read_text()
    text = f'<s:Envelope xmlns:s="{S[1:-1]}"><s:Body>{fragment}</s:Body></s:Envelope>'
    listener = instance_of(parse_response(text.encode()).only())
    assert listener.class_name == "Listener"
    assert listener["Transport"] in ("HTTP", "HTTPS")
    assert listener.array("ListeningOn")


@needs_captures
def test_recorded_interoperability_scenarios_are_read() -> None:
    path = CAPTURES / "wsmancli" / "Scenarios.InteropWorkshop.Dec2006.MSFT.xml"
    text = mended(path.read_text(encoding="utf-8"))
    answers = 0
    for scenario in ET.fromstring(text).iter("Scenario"):
        for response in scenario.iter("Response"):
            for element in response:
                if element.tag.startswith("{"):
                    answers += 1
                    check_scenario(element)
    assert answers > 10


def check_scenario(element: ET.Element) -> None:
    body = ET.tostring(element, encoding="unicode")
    text = f'<s:Envelope xmlns:s="{S[1:-1]}"><s:Body>{body}</s:Body></s:Envelope>'
    read = parse_response(text.encode()).only()
    assert read.name.local == element.tag.rpartition("}")[2]
    compare(read, element)
