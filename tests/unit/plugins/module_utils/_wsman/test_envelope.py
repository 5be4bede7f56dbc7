# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests: their headers against the specification's and against recorded ones."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hypervisor.connect.plugins.module_utils._cim.instance import (
    InstancePath,
    InvalidInstancePath,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._cim.markup import (
    InvalidXml,
    Name,
    check_text,
    read,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman import (
    namespaces as ns,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.client import (
    WsmanClient,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.envelope import (
    Request,
    identify_request,
    option_set,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.filters import (
    Filter,
    associated_with,
    associations_of,
    having,
    wql,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.reference import (
    resource_uri,
)

CAPTURES = Path(__file__).resolve().parents[5] / ".." / "shared" / "facts" / "captures"
S, A, W = f"{{{ns.SOAP}}}", f"{{{ns.ADDRESSING}}}", f"{{{ns.WSMAN}}}"
P = f"{{{ns.MICROSOFT}}}"
V2 = "root/virtualization/v2"
PATH = InstancePath(V2, "Msvm_ComputerSystem", (("Name", "G"),))

REQUEST = Request(
    action=ns.GET,
    resource_uri=resource_uri(V2, "Msvm_X"),
    to="http://h:5985/wsman",
    message_id="uuid:M",
    selectors={"Name": "G"},
    options={"Flag": True, "Many": ["a", 1]},
    fragment="Name",
)

ORDER = [
    (f"{A}To", None),
    (f"{W}ResourceURI", "true"),
    (f"{A}ReplyTo", None),
    (f"{A}Action", "true"),
    (f"{W}MaxEnvelopeSize", "true"),
    (f"{A}MessageID", None),
    (f"{W}Locale", "false"),
    (f"{P}DataLocale", "false"),
    (f"{W}FragmentTransfer", "true"),
    (f"{W}SelectorSet", None),
    (f"{W}OptionSet", None),
    (f"{W}OperationTimeout", None),
]
"""Each header and its mustUnderstand, in the order of [MS-WSMV] section 4."""


def headers(envelope: bytes | ET.Element) -> list[ET.Element]:
    root = envelope if isinstance(envelope, ET.Element) else ET.fromstring(envelope)
    return list(root.find(f"{S}Header") or ())


def test_headers_are_in_windows_order_with_their_must_understand() -> None:
    found = headers(REQUEST.to_bytes())
    assert [(e.tag, e.get(f"{S}mustUnderstand")) for e in found] == ORDER
    (reply_to,) = found[2]
    assert (reply_to.tag, reply_to.text) == (f"{A}Address", ns.ANONYMOUS)
    assert reply_to.get(f"{S}mustUnderstand") == "true"
    assert found[-1].text == "PT60.000S"
    assert found[4].text == "512000"
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    assert [found[n].get(lang) for n in (6, 7)] == ["en-US", "en-US"]
    assert [(o.get("Name"), o.text) for o in found[10]] == [
        ("Flag", "true"),
        ("Many", "a"),
        ("Many", "1"),
    ]


def test_sets_without_members_are_left_out() -> None:
    request = Request(ns.GET, "urn:x", "http://h/wsman", "uuid:M")
    absent = {"FragmentTransfer", "SelectorSet", "OptionSet"}
    tags = {e.tag.rpartition("}")[2] for e in headers(request.to_bytes())}
    assert tags == {tag.rpartition("}")[2] for tag, _must in ORDER} - absent
    assert option_set({}) == option_set({"A": []}) == ""


def test_envelope_is_utf8_without_declaration_and_not_indented() -> None:
    data = REQUEST.to_bytes()
    assert data.startswith(b"<s:Envelope ")
    assert b"\n" not in data
    assert data.decode("utf-8")


def carried(text: str) -> bool:
    try:
        return check_text(text) == text
    except InvalidXml:
        return False


TEXTS = st.text(max_size=30).filter(carried)


@given(TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=3), TEXTS)
def test_request_is_read_back_as_it_was(
    uri: str, selectors: dict[str, str], fragment: str
) -> None:
    request = Request(
        ns.GET, uri, uri, "uuid:M", selectors=selectors, fragment=fragment,
        options=selectors,
    )  # fmt: skip
    header = read(request.to_bytes()).child(Name(ns.SOAP, "Header"))
    assert header is not None

    def text(name: str) -> str | None:
        child = header.child(Name(ns.WSMAN, name))
        return None if child is None else child.text

    def pairs(name: str) -> dict[str, str]:
        found = header.child(Name(ns.WSMAN, name))
        children = found.children if found is not None else []
        return {each.attributes[Name("", "Name")]: each.text for each in children}

    assert text("ResourceURI") == uri
    assert text("FragmentTransfer") == fragment
    assert pairs("SelectorSet") == pairs("OptionSet") == selectors


@pytest.mark.parametrize(
    "request_",
    [{"resource_uri": "a\0"}, {"selectors": {"\x1f": ""}}, {"locale": "\x01"}],
)
def test_text_that_xml_can_not_carry_is_refused(request_: dict[str, Any]) -> None:
    given_ = {"action": "a", "resource_uri": "u", "to": "t", "message_id": "m"}
    with pytest.raises(InvalidXml):
        Request(**{**given_, **request_}).to_bytes()


def test_path_without_a_namespace_is_no_selector() -> None:
    request = Request("a", "u", "t", "m", selectors={"R": InstancePath("", "X")})
    with pytest.raises(InvalidInstancePath, match="namespace is missing"):
        request.to_bytes()


def test_identify_has_an_empty_header() -> None:
    root = ET.fromstring(identify_request())
    assert [e.tag for e in root.iter()] == [
        f"{S}Envelope",
        f"{S}Header",
        f"{S}Body",
        f"{{{ns.IDENTITY}}}Identify",
    ]


class OneAnswer:
    """A session that keeps what it is to send, and breaks off."""

    url = "https://127.0.0.1:55986/wsman"

    def __init__(self) -> None:
        self.envelope = b""

    def send(self, envelope: bytes, **_options: Any) -> bytes:
        self.envelope = envelope
        raise InterruptedError


def sent(call: Any) -> ET.Element:
    session = OneAnswer()
    with pytest.raises(InterruptedError):
        call(WsmanClient(session, operation_timeout=20, max_envelope_size=153600))
    return ET.fromstring(session.envelope)


def facts(root: ET.Element) -> dict[str, tuple[str, str | None, Any]]:
    """A request's headers by name: text, mustUnderstand, and what is in them."""
    return {
        e.tag: (
            re.sub(r"\.000S$", "S", (e.text or "").strip()),
            e.get(f"{S}mustUnderstand"),
            sorted(
                (c.tag, c.get("Name") or "", (c.text or "").strip(),
                 c.get(f"{S}mustUnderstand"))
                for c in e
            ),
        )
        for e in headers(root)
    }  # fmt: skip


def outline(element: ET.Element) -> Any:
    """An element's names, attributes and texts, whatever its prefixes and blanks."""
    return (
        element.tag,
        sorted(element.attrib.items()),
        (element.text or "").strip(),
        [outline(child) for child in element],
    )


WMI = "http://schemas.microsoft.com/wbem/wsman/1/wmi"

RECORDED = [
    (
        "pypsrp/wsman_update_envelope_size_500_01_request.xml",
        lambda c: c.get("http://schemas.microsoft.com/wbem/wsman/1/config"),
    ),
    (
        "ms-wsmv/4_1_1_01.xml",
        lambda c: c.get(f"{WMI}/root/mynamespace/myclass", {"id": "1"}),
    ),
    (
        "ms-wsmv/4_9_01.xml",
        lambda c: list(
            c.enumerate(
                f"{WMI}/root/cimv2/Win32_Service",
                filter=having({"StartMode": "Auto", "State": "Stopped"}),
            )
        ),
    ),
    (
        "ms-wsmv/4_1_4_01.xml",
        lambda c: c.invoke(
            f"{WMI}/root/cimv2/Win32_Process",
            "Create",
            {"CommandLine": "notepad.exe", "CurrentDirectory": "C:\\"},
        ),
    ),
]
CHANGES = {f"{A}To", f"{A}MessageID", f"{W}MaxEnvelopeSize", f"{W}OperationTimeout"}
"""What differs from one host to the next."""
NOT_OURS = {f"{P}SessionId"}
NOT_THEIRS = {
    f"{P}DataLocale", f"{W}Locale", f"{W}MaxEnvelopeSize", f"{W}OperationTimeout",
}  # fmt: skip
"""What older clients leave out."""


@pytest.mark.parametrize(("source", "call"), RECORDED, ids=lambda each: str(each)[:60])
def test_request_has_the_headers_of_a_recorded_one(source: str, call: Any) -> None:
    if not CAPTURES.is_dir():
        pytest.skip(f"no recorded requests at {CAPTURES}: ours is not compared")
    recorded = ET.fromstring((CAPTURES / source).read_bytes())
    ours, theirs = facts(sent(call)), facts(recorded)
    assert set(theirs) - NOT_OURS <= set(ours)
    assert set(ours) - set(theirs) <= NOT_THEIRS
    for name in set(ours) & set(theirs):
        mine, other = ours[name], theirs[name]
        if name not in CHANGES:
            assert mine[0].lower() == other[0].lower()
            assert mine[2] == other[2]
        assert mine[1] == other[1], name


def test_config_request_is_the_recorded_one_in_every_value() -> None:
    source, call = RECORDED[0]
    if not CAPTURES.is_dir():
        pytest.skip(f"no recorded requests at {CAPTURES}: ours is not compared")
    recorded = facts(ET.fromstring((CAPTURES / source).read_bytes()))
    ours = facts(sent(call))
    for name in set(recorded) - NOT_OURS - {f"{A}MessageID"}:
        assert ours[name] == recorded[name]


def test_body_of_a_call_is_the_recorded_one() -> None:
    """But for the namespace in its URI, where the specification's example slips."""
    source, call = RECORDED[3]
    if not CAPTURES.is_dir():
        pytest.skip(f"no recorded requests at {CAPTURES}: ours is not compared")
    text = (CAPTURES / source).read_text(encoding="utf-8")
    theirs = ET.fromstring(text.replace("root/cim/", "root/cimv2/")).find(f"{S}Body")
    ours = sent(call).find(f"{S}Body")
    assert theirs is not None
    assert ours is not None
    assert outline(ours) == outline(theirs)


def xml(filter_: Filter) -> ET.Element:
    used = {**ns.PREFIXES}
    declared = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in used.items())
    (element,) = ET.fromstring(f"<r{declared}>{filter_}</r>")
    return element


B = f"{{{ns.BINDING}}}"


def test_filter_of_wql_is_text() -> None:
    element = xml(wql("SELECT * FROM X WHERE A < 'b & c'"))
    assert element.tag == f"{W}Filter"
    assert element.get("Dialect") == ns.WQL
    assert element.text == "SELECT * FROM X WHERE A < 'b & c'"


def test_filter_of_selectors_is_a_selector_set() -> None:
    element = xml(having({"State": "a&b", "N": 3}))
    assert element.get("Dialect") == ns.SELECTOR_FILTER
    ((first, second),) = element
    assert (first.get("Name"), first.text) == ("State", "a&b")
    assert (second.get("Name"), second.text) == ("N", "3")


@pytest.mark.parametrize(
    ("filter_", "kind", "inner"),
    [
        (associated_with(PATH), "AssociatedInstances", []),
        (
            associated_with(
                PATH, association_class="A", role="B", result_class="C", result_role="D"
            ),
            "AssociatedInstances",
            [("AssociationClassName", "A"), ("Role", "B"), ("ResultClassName", "C"),
             ("ResultRole", "D")],
        ),
        (
            associations_of(PATH, result_class="C", role="B"),
            "AssociationInstances",
            [("ResultClassName", "C"), ("Role", "B")],
        ),
    ],
)  # fmt: skip
def test_filter_of_associations_has_dsp0227s_order(
    filter_: Filter, kind: str, inner: list[tuple[str, str]]
) -> None:
    element = xml(filter_)
    assert element.get("Dialect") == ns.ASSOCIATION_FILTER
    (association,) = element
    assert association.tag == f"{B}{kind}"
    object_, *rest = association
    assert [child.tag for child in object_] == [
        f"{A}Address",
        f"{A}ReferenceParameters",
    ]
    assert [(c.tag.rpartition("}")[2], c.text) for c in rest] == inner
