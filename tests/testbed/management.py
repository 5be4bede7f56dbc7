# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WS-Management and WinRS to a simulated host, through pywinrm, for `winrm` and cmd.

No code of plugins/ is used. Envelopes are those of DSP0226 (Get, Put, Create, Delete:
clause 7; Enumerate and Pull: clause 8).
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

from lxml import etree
from requests import RequestException
from winrm.exceptions import WinRMError, WinRMTransportError, WSManFaultError
from winrm.protocol import Protocol

from testbed.winrm_program import FAULT, Output, Refused

Answer = TypeVar("Answer")
SOAP = "http://www.w3.org/2003/05/soap-envelope"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
UNREACHABLE = (
    0x80338012,
    "The client cannot connect to the destination specified in the request. Verify that "
    "the service on the destination is running and is accepting requests. Consult the "
    "logs and documentation for the WS-Management service running on the destination, "
    "most commonly IIS or WinRM. If the destination is the WinRM service, run the "
    "following command on the destination to analyze and configure the WinRM service: "
    '"winrm quickconfig".',
)
ENVELOPE = """\
<s:Envelope xmlns:s="{soap}" xmlns:n="{enumeration}" xmlns:w="{wsman}"
 xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing">\
<s:Header><a:To>{to}</a:To><w:ResourceURI s:mustUnderstand="true">{uri}</w:ResourceURI>\
<a:ReplyTo><a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous\
</a:Address></a:ReplyTo><a:Action s:mustUnderstand="true">{action}</a:Action>\
<w:MaxEnvelopeSize s:mustUnderstand="true">512000</w:MaxEnvelopeSize>\
<a:MessageID>uuid:{message}</a:MessageID><w:OperationTimeout>PT20S</w:OperationTimeout>\
{selectors}</s:Header><s:Body>{body}</s:Body></s:Envelope>"""


class Host:
    """A simulated host as the administrator of its ready file sees it.

    A command on Windows itself needs no listener. This one does, so each listener and
    each kind of sign-in is tried in turn: only a host that lets nobody in is lost.

    Args:
        ready_file: Of hvsim; read again each time.
    """

    def __init__(self, ready_file: Path) -> None:
        self._ready_file = ready_file
        self._lock = threading.Lock()

    def _protocols(self) -> list[Protocol]:
        ready = json.loads(self._ready_file.read_text(encoding="utf-8"))
        ways: list[tuple[str, Literal["ntlm", "basic"]]] = [
            (ready["http"], "ntlm"),
            (ready["https"], "ntlm"),
            (ready["https"], "basic"),
            (ready["http"], "basic"),
        ]
        return [
            Protocol(
                endpoint,
                transport=kind,
                username=ready["username"],
                password=ready["password"],
                ca_trust_path=ready["ca"],
                message_encryption="auto" if kind == "ntlm" else "never",
            )
            for endpoint, kind in ways
            if endpoint
        ]

    def _first(self, ask: Callable[[Protocol], Answer]) -> Answer:
        """The answer by the first way that lets us in."""
        with self._lock:
            for protocol in self._protocols():
                try:
                    return ask(protocol)
                except WSManFaultError as error:
                    number = error.wsman_fault_code or 0
                    raise Refused(number, str(error.reason)) from None
                except WinRMTransportError as error:
                    refused = fault_of(error.response_text)
                    if refused is not None:
                        raise refused from None
                except (RequestException, WinRMError):
                    continue  # not by this way
                finally:
                    protocol.transport.close_session()
        raise Refused(*UNREACHABLE)

    def ask(
        self, action: str, uri: str, selectors: Mapping[str, str], body: str = ""
    ) -> etree._Element:
        """The child of the answer's body."""

        def send(protocol: Protocol) -> etree._Element:
            text = envelope(protocol.transport.endpoint, action, uri, selectors, body)
            answer = etree.fromstring(protocol.transport.send_message(text))
            found = answer.find(f"{{{SOAP}}}Body")
            return found[0] if found is not None and len(found) else answer

        return self._first(send)

    def get(self, uri: str, selectors: Mapping[str, str]) -> etree._Element:
        """The resource."""
        return self.ask(f"{TRANSFER}/Get", uri, selectors)

    def put(
        self, uri: str, selectors: Mapping[str, str], body: etree._Element
    ) -> etree._Element:
        """The resource after a change."""
        text = etree.tostring(body, encoding="unicode")
        return self.ask(f"{TRANSFER}/Put", uri, selectors, text)

    def create(
        self, uri: str, selectors: Mapping[str, str], body: etree._Element
    ) -> etree._Element:
        """x:ResourceCreated."""
        text = etree.tostring(body, encoding="unicode")
        return self.ask(f"{TRANSFER}/Create", uri, selectors, text)

    def delete(self, uri: str, selectors: Mapping[str, str]) -> None:
        """Remove one."""
        self.ask(f"{TRANSFER}/Delete", uri, selectors)

    def enumerate(self, uri: str) -> list[etree._Element]:
        """All of them."""
        answer = self.ask(f"{ENUMERATION}/Enumerate", uri, {}, "<n:Enumerate/>")
        context = answer.findtext(f"{{{ENUMERATION}}}EnumerationContext")
        found: list[etree._Element] = []
        while context:
            pull = f"<n:Pull><n:EnumerationContext>{escape(context)}"
            pull += "</n:EnumerationContext><n:MaxElements>100</n:MaxElements></n:Pull>"
            page = self.ask(f"{ENUMERATION}/Pull", uri, {}, pull)
            items = page.find(f"{{{ENUMERATION}}}Items")
            found += [] if items is None else list(items)
            if page.find(f"{{{ENUMERATION}}}EndOfSequence") is not None:
                break
            context = page.findtext(f"{{{ENUMERATION}}}EnumerationContext") or context
        return found

    def cmd(self, line: str) -> Output:
        """Run a line in cmd.exe, in a remote shell."""

        def send(protocol: Protocol) -> Output:
            shell = protocol.open_shell(codepage=65001)
            try:
                command = protocol.run_command(shell, line)
                out, err, code = protocol.get_command_output(shell, command)
                protocol.cleanup_command(shell, command)
            finally:
                protocol.close_shell(shell, close_session=False)
            return Output(code, out.decode("utf-8"), err.decode("utf-8"))

        return self._first(send)


def envelope(
    endpoint: str, action: str, uri: str, selectors: Mapping[str, str], body: str
) -> str:
    """One request."""
    chosen = "".join(
        f"<w:Selector Name={quoteattr(name)}>{escape(value)}</w:Selector>"
        for name, value in selectors.items()
    )
    return ENVELOPE.format(
        soap=SOAP,
        enumeration=ENUMERATION,
        wsman=WSMAN,
        to=escape(urlsplit(endpoint).geturl()),
        uri=escape(uri),
        action=action,
        message=uuid.uuid4(),
        selectors=f"<w:SelectorSet>{chosen}</w:SelectorSet>" if chosen else "",
        body=body,
    )


def fault_of(text: str) -> Refused | None:
    """The fault that an answer holds, by its innermost text; None for none."""
    try:
        root = etree.fromstring(text.encode("utf-8"))
    except etree.XMLSyntaxError:
        return None
    faults = root.findall(f".//{{{FAULT}}}WSManFault")
    reason = root.findtext(f".//{{{SOAP}}}Text") or "no reason"
    if not faults:
        return Refused(0x80338000, reason) if root.find(f".//{{{SOAP}}}Fault") else None
    texts = [fault.findtext(f"{{{FAULT}}}Message") or "" for fault in faults]
    said = next((one.strip() for one in reversed(texts) if one.strip()), reason)
    number = int(faults[0].get("Code", "0")) & 0xFFFFFFFF
    return Refused(number, said, faults[0])
