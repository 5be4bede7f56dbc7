# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SOAP: which requests are refused, by which fault, and how answers look."""

from __future__ import annotations

from typing import Any

import pytest

CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"
MACHINES = (
    "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/"
    "Msvm_ComputerSystem"
)


def test_identify_signed_in_tells_version_and_profiles(client: Any) -> None:
    answer = client.post(client.message("x:Get", CONFIG, "<wsmid:Identify/>"))
    assert answer.status == 200
    assert answer.text("wsmid:ProductVersion") == "OS: 10.0.20348 SP: 0.0 Stack: 3.0"
    assert [
        name.rpartition("secprofile/")[2]
        for name in answer.texts("wsmid:SecurityProfileName")
    ] == ["http/basic", "https/basic", "http/spnego-kerberos", "https/spnego-kerberos"]


@pytest.mark.parametrize(
    ("path", "header"),
    [("/wsman", "unauthenticated"), ("/wsman-anon/identify", "")],
)
def test_identify_of_strangers_tells_no_version(
    client: Any, path: str, header: str
) -> None:
    body = client.message("x:Get", CONFIG, "<wsmid:Identify/>")
    answer = client.post(body, path, Authorization="", WSMANIDENTIFY=header)
    assert answer.status == 200
    assert answer.text("wsmid:ProductVersion") == "OS: 0.0.0 SP: 0.0 Stack: 3.0"
    assert not answer.texts("wsmid:SecurityProfileName")


def test_strangers_can_ask_nothing_but_identify(client: Any) -> None:
    body = client.message("x:Get", CONFIG)
    answer = client.post(body, Authorization="", WSMANIDENTIFY="unauthenticated")
    assert (answer.status, answer.code, answer.subcode) == (500, 5, "w:AccessDenied")


def test_get_answer_has_the_headers_of_windows_in_their_order(client: Any) -> None:
    answer = client.ask("x:Get", CONFIG, MessageID="<a:MessageID>uuid:7</a:MessageID>")
    header = answer.root[0]
    assert [element.tag.rpartition("}")[2] for element in header] == [
        "Action",
        "MessageID",
        "To",
        "RelatesTo",
    ]
    assert answer.text("a:RelatesTo") == "uuid:7"
    assert (
        answer.text("a:Action")
        == "http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse"
    )
    assert answer.data.startswith(
        b'<s:Envelope xml:lang="en-US" '
        b'xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        b'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
        b'xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer" '
        b'xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" '
        b'xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"><s:Header>'
    )
    assert answer.headers["Content-Type"] == "application/soap+xml;charset=UTF-8"
    assert answer.headers["Server"] == "Microsoft-HTTPAPI/2.0"


WRONG: list[tuple[str, dict[str, str | None], int, str | None]] = [
    ("no ReplyTo", {"ReplyTo": None}, 2150858769, "a:MessageInformationHeaderRequired"),
    ("no To", {"To": None}, 2150858769, "a:MessageInformationHeaderRequired"),
    (
        "no MessageID",
        {"MessageID": None},
        2150858767,
        "a:InvalidMessageInformationHeader",
    ),
    (
        "an empty MessageID",
        {"MessageID": "<a:MessageID/>"},
        2150858767,
        "a:InvalidMessageInformationHeader",
    ),
    (
        "another ReplyTo",
        {"ReplyTo": "<a:ReplyTo><a:Address>http://me/</a:Address></a:ReplyTo>"},
        2150858870,
        "w:UnsupportedFeature",
    ),
    ("no Action", {"Action": None}, 2150858769, "a:MessageInformationHeaderRequired"),
    (
        "two Actions",
        {"Again": "<a:Action>x</a:Action>"},
        2150858767,
        "a:InvalidMessageInformationHeader",
    ),
    ("no ResourceURI", {"ResourceURI": None}, 2150858811, "a:DestinationUnreachable"),
    (
        "an unknown resource",
        {"ResourceURI": "<w:ResourceURI>http://example.com/x</w:ResourceURI>"},
        2150858811,
        "a:DestinationUnreachable",
    ),
    (
        "a header to be understood",
        {"New": '<q:New xmlns:q="urn:q" s:mustUnderstand="true"/>'},
        2150858768,
        None,
    ),
    (
        "a locale to be understood",
        {"Locale": '<w:Locale s:mustUnderstand="true" xml:lang="de-DE"/>'},
        2150858818,
        "w:UnsupportedFeature",
    ),
    (
        "a small envelope",
        {"MaxEnvelopeSize": "<w:MaxEnvelopeSize>8191</w:MaxEnvelopeSize>"},
        2150858805,
        "w:EncodingLimit",
    ),
    (
        "an envelope size that is none",
        {"MaxEnvelopeSize": "<w:MaxEnvelopeSize>big</w:MaxEnvelopeSize>"},
        2150858767,
        "a:InvalidMessageInformationHeader",
    ),
    (
        "a time-out that is none",
        {"OperationTimeout": "<w:OperationTimeout>60</w:OperationTimeout>"},
        2150858767,
        "a:InvalidMessageInformationHeader",
    ),
    (
        "a selector twice",
        {
            "SelectorSet": '<w:SelectorSet><w:Selector Name="A">1</w:Selector>'
            '<w:Selector Name="a">2</w:Selector></w:SelectorSet>'
        },
        2150858847,
        "w:InvalidSelectors",
    ),
    (
        "a selector without name",
        {"SelectorSet": "<w:SelectorSet><w:Selector>1</w:Selector></w:SelectorSet>"},
        2150858817,
        "w:SchemaValidationError",
    ),
]


@pytest.mark.parametrize(
    ("changes", "code", "subcode"),
    [row[1:] for row in WRONG],
    ids=[row[0] for row in WRONG],
)
def test_wrong_header_is_refused(
    client: Any, changes: dict[str, str | None], code: int, subcode: str | None
) -> None:
    answer = client.ask("x:Get", CONFIG, **changes)
    assert (answer.status, answer.code, answer.subcode) == (500, code, subcode)
    assert answer.texts("s:Text")[0].endswith(" ")


def test_unknown_verb_is_an_invalid_action(client: Any) -> None:
    assert client.ask("x:Steal", CONFIG).code == 2150858753


def test_method_of_another_class_is_an_action_mismatch(client: Any) -> None:
    action = MACHINES.replace("ComputerSystem", "Other") + "/RequestStateChange"
    assert client.ask(action, MACHINES).code == 2150858801


def test_soap_11_is_a_version_mismatch(client: Any) -> None:
    data = client.message("x:Get", CONFIG).replace(
        b"http://www.w3.org/2003/05/soap-envelope",
        b"http://schemas.xmlsoap.org/soap/envelope/",
    )
    answer = client.post(data)
    assert (answer.status, answer.code) == (500, 2150858765)
    assert answer.text("s:Code/s:Value") == "s:VersionMismatch"


def test_windows_headers_that_may_be_ignored_are_ignored(client: Any) -> None:
    answer = client.ask(
        "x:Get",
        CONFIG,
        Locale='<w:Locale xml:lang="de-DE" s:mustUnderstand="false"/>',
        DataLocale='<p:DataLocale xml:lang="de-DE" s:mustUnderstand="false"/>',
        SessionId="<p:SessionId>uuid:1</p:SessionId>",
        OperationID="<p:OperationID>uuid:1</p:OperationID>",
        SequenceId="<p:SequenceId>1</p:SequenceId>",
        OperationTimeout="<w:OperationTimeout>PT60.000S</w:OperationTimeout>",
        MaxEnvelopeSize='<w:MaxEnvelopeSize s:mustUnderstand="true">512000'
        "</w:MaxEnvelopeSize>",
    )
    assert answer.status == 200


def test_request_in_utf16_is_answered_in_utf16(client: Any) -> None:
    data = client.message("x:Get", CONFIG).decode().encode("utf-16")
    answer = client.post(data, Content_Type="application/soap+xml;charset=UTF-16")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/soap+xml;charset=UTF-16"
    assert answer.data.decode("utf-16").startswith("<s:Envelope ")


def test_lenient_host_lets_missing_headers_pass(start_hvsim: Any, connect: Any) -> None:
    host = start_hvsim(
        strict=False,
        settings={"Service/Auth/Basic": "1", "Service/AllowUnencrypted": "1"},
    )
    answer = connect(host).ask("x:Get", CONFIG, ReplyTo=None, To=None, MessageID=None)
    assert answer.status == 200


def test_fragment_get_gives_the_property_without_namespace(client: Any) -> None:
    uri = CONFIG + "/winrs"
    header = '<w:FragmentTransfer s:mustUnderstand="true">{}</w:FragmentTransfer>'
    element = client.ask("x:Get", uri, FragmentTransfer=header.format("IdleTimeout"))
    assert element.text("w:XmlFragment/IdleTimeout") == "7200000"
    text = client.ask(
        "x:Get", uri, FragmentTransfer=header.format("IdleTimeout/text()")
    )
    assert text.text("w:XmlFragment") == "7200000"


def test_fragment_put_writes_the_property_alone(client: Any) -> None:
    uri = CONFIG + "/winrs"
    header = (
        '<w:FragmentTransfer s:mustUnderstand="true">IdleTimeout</w:FragmentTransfer>'
    )
    body = "<w:XmlFragment><IdleTimeout>90000</IdleTimeout></w:XmlFragment>"
    answer = client.ask("x:Put", uri, body, FragmentTransfer=header)
    assert answer.text("w:XmlFragment/IdleTimeout") == "90000"
    assert client.ask("x:Get", uri).text("{*}IdleTimeout") == "90000"


def test_time_out_that_is_none_is_named(client: Any) -> None:
    wrong = "<w:OperationTimeout>PT-1S</w:OperationTimeout>"
    answer = client.ask("x:Get", CONFIG, OperationTimeout=wrong)
    assert answer.text("f:Message").endswith("in the SOAP header: PT-1S. ")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("<w:FragmentTransfer>Caption</w:FragmentTransfer>", 2150858767),
        (
            '<w:FragmentTransfer s:mustUnderstand="true">/Caption</w:FragmentTransfer>',
            2150858899,
        ),
        (
            '<w:FragmentTransfer s:mustUnderstand="true" Dialect="urn:q">Caption'
            "</w:FragmentTransfer>",
            2150858896,
        ),
    ],
)
def test_wrong_fragment_is_refused(client: Any, header: str, code: int) -> None:
    assert client.ask("x:Get", CONFIG, FragmentTransfer=header).code == code
