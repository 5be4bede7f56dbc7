# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""The `winrm` program of the tests against what the real one is documented to print.

Sources of the outputs:

- DOCUMENTED: "Installation and configuration for Windows Remote Management"
  (learn.microsoft.com/windows/win32/winrm) shows the tree of names and values.
- LISTENERS: github.com/ansible/ansible/issues/14643, of a Windows Server 2012 R2.
- POLICY: `IPv4Filter = * [Source="GPO"]` and `IPv6Filter [Source="GPO"]`, of a
  recorded `winrm get winrm/config/service` (public, found by its text).
- GONE: github.com/inspec/train/issues/105, of `winrm delete` on a listener that isn't.
- DENIED: github.com/Azure/azure-devtestlab/pull/79, of `winrm` without rights.
- Usage errors: the script's own texts, see winrm_program.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from lxml import etree

from testbed.management import fault_of
from testbed.windows_cmd import DENIED
from testbed.winrm_program import (
    Misused,
    Output,
    Refused,
    as_text,
    locator,
    parse,
    parse_values,
    run,
)

CFG = "http://schemas.microsoft.com/wbem/wsman/1/config"
SERVICE = f"""\
<cfg:Service xmlns:cfg="{CFG}/service"><cfg:MaxConnections>300</cfg:MaxConnections>\
<cfg:Auth><cfg:Basic Source="GPO">false</cfg:Basic><cfg:Kerberos>true</cfg:Kerberos>\
</cfg:Auth><cfg:IPv4Filter Source="GPO">*</cfg:IPv4Filter>\
<cfg:IPv6Filter Source="GPO"/><cfg:CertificateThumbprint/></cfg:Service>"""
LISTENER = f"""\
<cfg:Listener xmlns:cfg="{CFG}/listener" Source="GPO"><cfg:Address>*</cfg:Address>\
<cfg:Transport>HTTP</cfg:Transport><cfg:Port>5985</cfg:Port><cfg:Hostname/>\
<cfg:Enabled>true</cfg:Enabled><cfg:URLPrefix>wsman</cfg:URLPrefix>\
<cfg:CertificateThumbprint/><cfg:ListeningOn>127.0.0.1</cfg:ListeningOn>\
<cfg:ListeningOn>192.168.122.207</cfg:ListeningOn></cfg:Listener>"""
LISTENERS = """\
Listener [Source="GPO"]
    Address = *
    Transport = HTTP
    Port = 5985
    Hostname
    Enabled = true
    URLPrefix = wsman
    CertificateThumbprint
    ListeningOn = 127.0.0.1, 192.168.122.207

"""
GONE = """\
WSManFault
    Message
        ProviderFault
            WSManFault
                Message = The WS-Management service cannot process the request. The \
service cannot find the resource identified by the resource URI and selectors.

Error number:  -2144108544 0x80338000
The WS-Management service cannot process the request. The service cannot find the \
resource identified by the resource URI and selectors.
"""
SOAP_FAULT = """\
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault>\
<s:Reason><s:Text xml:lang="en-US">no</s:Text></s:Reason><s:Detail><f:WSManFault \
xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="2150858752" \
Machine="a"><f:Message><f:ProviderFault provider="Config provider"><f:WSManFault \
Code="2150858752" Machine="a"><f:Message>The WS-Management service cannot process the \
request. The service cannot find the resource identified by the resource URI and \
selectors. </f:Message></f:WSManFault></f:ProviderFault></f:Message></f:WSManFault>\
</s:Detail></s:Fault></s:Body></s:Envelope>"""


class Recorder:
    """A host that keeps what is asked, and answers with one resource."""

    def __init__(self, answer: str = SERVICE, refused: Refused | None = None) -> None:
        self.answer = answer
        self.refused = refused
        self.asked: list[tuple[str, str, Mapping[str, str], str]] = []

    def _ask(
        self,
        what: str,
        uri: str,
        selectors: Mapping[str, str],
        body: etree._Element | None = None,
    ) -> etree._Element:
        if self.refused:
            raise self.refused
        text = "" if body is None else etree.tostring(body, encoding="unicode")
        self.asked.append((what, uri, selectors, text))
        return etree.fromstring(self.answer)

    def get(self, uri: str, selectors: Mapping[str, str]) -> etree._Element:
        return self._ask("get", uri, selectors)

    def put(
        self, uri: str, selectors: Mapping[str, str], body: etree._Element
    ) -> etree._Element:
        return self._ask("put", uri, selectors, body)

    def create(
        self, uri: str, selectors: Mapping[str, str], body: etree._Element
    ) -> etree._Element:
        return self._ask("create", uri, selectors, body)

    def delete(self, uri: str, selectors: Mapping[str, str]) -> None:
        self._ask("delete", uri, selectors)

    def enumerate(self, uri: str) -> Sequence[etree._Element]:
        return [self._ask("enumerate", uri, {})]


def no_file(path: str) -> str:
    raise FileNotFoundError(path)


def winrm(line: str, host: Recorder | None = None, file: str | None = None) -> Output:
    return run(
        line, host or Recorder(), no_file if file is None else lambda _path: file
    )


def test_get_as_text_is_a_tree_with_the_sources_behind_the_values() -> None:
    done = winrm("get winrm/config/service")
    assert done == Output(
        0,
        "Service\r\n    MaxConnections = 300\r\n    Auth\r\n"
        '        Basic = false [Source="GPO"]\r\n        Kerberos = true\r\n'
        '    IPv4Filter = * [Source="GPO"]\r\n    IPv6Filter [Source="GPO"]\r\n'
        "    CertificateThumbprint\r\n\r\n",
    )


def test_listeners_as_text_are_those_of_a_real_host() -> None:
    done = winrm("e winrm/config/listener", Recorder(LISTENER))
    assert done.stdout.replace("\r\n", "\n") == LISTENERS
    assert as_text(etree.fromstring(LISTENER))[0] == 'Listener [Source="GPO"]'


def test_listeners_as_xml_stand_in_results() -> None:
    done = winrm("enumerate winrm/config/listener -format:xml", Recorder(LISTENER))
    root = etree.fromstring(done.stdout)
    assert root.tag == "{http://schemas.dmtf.org/wbem/wsman/1/wsman/results}Results"
    assert etree.tostring(root[0], with_tail=False).decode().startswith("<cfg:Listener")
    assert root[0].get("Source") == "GPO"


def test_set_puts_the_whole_resource_with_what_changes() -> None:
    host = Recorder()
    done = winrm('set winrm/config/service @{MaxConnections="25"} -format:xml', host)
    assert [asked[:2] for asked in host.asked] == [
        ("get", f"{CFG}/service"),
        ("put", f"{CFG}/service"),
    ]
    assert host.asked[1][3] == SERVICE.replace("300", "25")
    assert done.stdout == f"{SERVICE}\r\n"  # what the host says afterwards


def test_set_puts_a_file_as_it_is() -> None:
    host = Recorder()
    body = (
        f'<p:Service xmlns:p="{CFG}/service"><p:IPv4Filter>*</p:IPv4Filter></p:Service>'
    )
    assert winrm(r'set winrm/config/service -file:"C:\a b\x.xml"', host, body).rc == 0
    assert host.asked == [("put", f"{CFG}/service", {}, body)]


def test_create_names_its_element_as_the_uri_does() -> None:
    host = Recorder()
    winrm(
        "create winrm/config/Listener?Address=*+Transport=HTTPS "
        '@{Hostname="HOST";Port="5987"}',
        host,
    )
    uri = f"{CFG}/Listener"
    assert host.asked == [
        (
            "create",
            uri,
            {"Address": "*", "Transport": "HTTPS"},
            f'<p:Listener xmlns:p="{uri}"><p:Hostname>HOST</p:Hostname>'
            "<p:Port>5987</p:Port></p:Listener>",
        )
    ]


def test_delete_prints_nothing() -> None:
    host = Recorder()
    line = "delete winrm/config/Listener?Address=IP:192.168.2.1+Transport=HTTP"
    assert winrm(line, host) == Output(0)
    assert host.asked[0][2] == {"Address": "IP:192.168.2.1", "Transport": "HTTP"}


def test_refusal_as_text_is_that_of_a_real_host() -> None:
    done = winrm(
        "delete winrm/config/Listener?a=b", Recorder(refused=fault_of(SOAP_FAULT))
    )
    assert (done.rc, done.stdout) == (1, "")
    assert done.stderr.replace("\r\n", "\n") == GONE


def test_refusal_as_xml_is_the_fault_and_then_its_number() -> None:
    host = Recorder(refused=Refused(*DENIED))
    done = winrm("get winrm/config -format:xml", host)
    fault, number, text = done.stderr.splitlines()
    assert etree.fromstring(fault).get("Code") == str(0x80070005)
    assert (number, text) == (
        "Error number:  -2147024891 0x80070005",
        "Access is denied. ",
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("frobnicate winrm/config", "Unknown operation name: 'frobnicate'"),
        ("get", 'Invalid use of command line. Type "winrm -?" for help.'),
        ("-format:xml get winrm/config", 'Type "winrm -?" for help.'),
        ("get winrm/config -nosuch:1", "Unknown switch: nosuch"),
        ("get winrm/config -format:json", 'Invalid option for -format: "json"'),
        ('get winrm/config @{a="b"}', "an operation that does not accept input."),
        ("set winrm/config/service", 'No input provided through "@{...}" or "-file:"'),
        ("set winrm/config/service @{}", "No input provided"),
        (
            "set winrm/config/service @{MaxConnections=25}",
            "Syntax Error: input must be",
        ),
        (
            'set winrm/config/service @{maxconnections="2"}',
            "does not match any properties",
        ),
        ('set winrm/config/service @{Auth="2"}', "matches a non-text property"),
        ("set winrm/config/service -file:x.xml", "File does not exist: 'x.xml'"),
        (
            'set winrm/config/service -file:"x.xml',
            "must begin and end with quotes: file",
        ),
        (
            'set winrm/config/service @{a="1";a="2"}',
            "Multiple matching parameter names",
        ),
    ],
)
def test_misuse_is_an_error_in_its_own_words(line: str, said: str) -> None:
    done = winrm(line)
    assert (done.rc, done.stdout) == (1, "")
    assert said in done.stderr


def test_hash_keeps_blanks_and_semicolons_within_quotation_marks() -> None:
    line = 'set winrm/config/service @{RootSDDL="O:NSG:BAD:P(A;;GA;;;BA)"; b=$null}'
    assert parse(line).values == {"RootSDDL": "O:NSG:BAD:P(A;;GA;;;BA)", "b": None}
    assert parse_values('{a="x y"}') == {"a": "x y"}


@pytest.mark.parametrize(
    "text", ["", "{", "{a}", '{a="b"', '{a="b"};', '{a="b";}', "a"]
)
def test_hash_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(Misused, match="Syntax Error"):
        parse_values(text)


def test_locator_spells_aliases_out() -> None:
    assert locator("winrm/config/Listener?Address=*+Transport=HTTP") == (
        f"{CFG}/Listener",
        {"Address": "*", "Transport": "HTTP"},
    )
    assert locator(f"{CFG}/service") == (f"{CFG}/service", {})


def test_answer_without_a_fault_is_no_refusal() -> None:
    assert fault_of("<a/>") is None
    assert fault_of("no XML") is None
