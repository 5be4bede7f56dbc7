# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SOAP: a request's bytes as a value, and a response's envelope.

[MS-WSMV] 3.1.4.1 (which headers, which faults), DSP0226 1.2.0. Nothing here does I/O.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from hvsim import faults
from hvsim.faults import Code, Fault
from hvsim.namespaces import ANONYMOUS, NS, qname

LANGUAGE = "en-US"
MINIMUM_ENVELOPE = 8192
"""[MS-WSMV] 3.1.4.1: a MaxEnvelopeSize below this is refused."""

_UNDERSTOOD = {
    qname(name)
    for name in (
        "a:To",
        "a:Action",
        "a:MessageID",
        "a:ReplyTo",
        "a:From",
        "a:FaultTo",
        "a:RelatesTo",
        "w:ResourceURI",
        "w:SelectorSet",
        "w:OptionSet",
        "w:OperationTimeout",
        "w:MaxEnvelopeSize",
        "w:Locale",
        "w:FragmentTransfer",
        "w:RequestEPR",
        "w:RequestTotalItemsCountEstimate",
        "p:DataLocale",
        "p:SessionId",
        "p:OperationID",
        "p:SequenceId",
        "p:ActivityId",
        "p:CompressionType",
        "p:Debug",
        "p:FunctionID",
    )
}
_PREFIXES = {
    "transfer": ("s", "a", "x", "w", "p"),
    "empty": ("s", "a", "w", "p"),
    "enumeration": ("s", "a", "n", "w"),
    "shell": ("s", "a", "x", "w", "rsp", "p"),
    "fault": ("s", "a", "x", "e", "n", "w", "p"),
}
"""The namespaces that WinRM declares on an Envelope, by kind of answer."""


class Names(dict[str, "str | etree._Element"]):
    """Names as they were written, found without regard to case."""

    def find(self, name: str) -> str | etree._Element | None:
        """The value under a name in any case; None where there is none."""
        wanted = name.lower()
        return next((v for k, v in self.items() if k.lower() == wanted), None)

    def text(self, name: str) -> str | None:
        """As `find`, for a value that is text; None for a reference too."""
        value = self.find(name)
        return value if isinstance(value, str) else None


@dataclass(frozen=True)
class Filter:
    """A filter of an Enumerate.

    Attributes:
        dialect: Its URI, as it came.
        text: What stands in it, stripped (WQL).
        element: The filter element itself, for dialects that are XML.
    """

    dialect: str
    text: str
    element: etree._Element


@dataclass(frozen=True)
class Item:
    """One result of an enumeration.

    Attributes:
        instance: The instance element, or its bytes where a resource wrote it itself;
            None where it can't be had.
        epr: `a:EndpointReference` (or its bytes); None for a row that has no identity.
    """

    instance: etree._Element | bytes | None
    epr: etree._Element | bytes | None = None


@dataclass(frozen=True)
class Request:
    """One request.

    Attributes:
        action: The URI of the action.
        resource_uri: As it came; compare it without case.
        selectors: Values are text or an `a:EndpointReference` element.
        options: The OptionSet; of several of one name the last.
        body: The child of s:Body; None for an empty one.
        message_id, to: As they came.
        operation_timeout: Seconds, never more than MaxTimeoutms.
        max_envelope_size: Bytes, never more than MaxEnvelopeSizekb.
        locale: What the client asked for; texts are en-US nevertheless.
        fragment: The expression of a FragmentTransfer header.
        user: Who asks, as signed in.
        headers: Every SOAP header by `{namespace}name`, for resources with their own.
    """

    action: str
    resource_uri: str
    selectors: Names = field(default_factory=Names)
    options: Names = field(default_factory=Names)
    body: etree._Element | None = None
    message_id: str = ""
    to: str = ""
    operation_timeout: float = 60.0
    max_envelope_size: int = 512000
    locale: str = LANGUAGE
    fragment: str | None = None
    user: str = ""
    headers: Mapping[str, etree._Element] = field(default_factory=dict)


class NotXml(ValueError):
    """The bytes are no XML, or hold what WS-Management forbids (a DTD)."""


def decode(data: bytes, charset: str) -> etree._Element:
    """The root element of a message.

    Args:
        data: As it came.
        charset: Of the Content-Type, in lower case.

    Raises:
        NotXml: It can't be read; a document type declaration is among the reasons
            (DSP0226 R13.1: a message holds neither DTD nor processing instruction).
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        if charset.startswith("utf-16"):
            text = data.decode("utf-16" if data[:2] in _BOMS else "utf-16-le")
            data = re.sub(r"^\s*<\?xml[^>]*\?>", "", text).encode()
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, UnicodeError, ValueError) as error:
        raise NotXml(str(error)) from None
    if root.getroottree().docinfo.doctype:
        raise NotXml("a document type declaration is not allowed")
    return root


_BOMS = (b"\xff\xfe", b"\xfe\xff")


def message_id_of(root: etree._Element) -> str | None:
    """The MessageID for the answer, even of a request that is refused."""
    text = root.findtext(f"{qname('s:Header')}/{qname('a:MessageID')}")
    return text.strip() if text else None


def parse(
    root: etree._Element,
    *,
    strict: bool,
    max_envelope_size: int,
    max_timeout: float,
    user: str = "",
) -> Request:
    """A request from its envelope.

    Args:
        root: Of `decode`.
        strict: Every rule of the specification; otherwise missing MessageID, To, ReplyTo
            and unknown headers are let pass.
        max_envelope_size: Bytes, of the configuration.
        max_timeout: Seconds, of the configuration.
        user: Who asks.

    Raises:
        Fault: What WinRM says to it.
    """
    header, body = _parts(root, strict)
    headers = _headers(header, strict)
    if strict:
        _check_addressing(headers)
    action = _text(headers, "a:Action")
    resource_uri = _text(headers, "w:ResourceURI")
    if not action:
        raise Fault(Code.HEADER_REQUIRED)
    if not resource_uri:
        raise Fault(Code.INVALID_RESOURCE_URI)
    return Request(
        action=action,
        resource_uri=resource_uri,
        selectors=_selectors(headers.get(qname("w:SelectorSet"))),
        options=_options(headers.get(qname("w:OptionSet"))),
        body=body,
        message_id=_text(headers, "a:MessageID"),
        to=_text(headers, "a:To"),
        operation_timeout=_timeout(headers, max_timeout),
        max_envelope_size=_envelope_size(headers, max_envelope_size),
        locale=_locale(headers),
        fragment=_fragment(headers),
        user=user,
        headers=headers,
    )


def elements(parent: etree._Element | None) -> Iterator[etree._Element]:
    """The child elements; neither comments nor processing instructions."""
    if parent is not None:
        yield from parent.iterchildren(tag=etree.Element)


def _parts(
    root: etree._Element, strict: bool
) -> tuple[etree._Element | None, etree._Element | None]:
    """Header and the one child of Body, in the order that SOAP 1.2 5.1 has them."""
    name = etree.QName(root)
    if name.localname != "Envelope":
        raise Fault(Code.SCHEMA_VALIDATION_ERROR)
    if name.namespace != NS["s"]:
        raise Fault(Code.VERSION_MISMATCH)
    tags = [child.tag for child in elements(root)]
    if tags not in ([qname("s:Header"), qname("s:Body")], [qname("s:Body")]):
        raise Fault(Code.SCHEMA_VALIDATION_ERROR)
    bodies = list(elements(root.find(qname("s:Body"))))
    if strict and len(bodies) > 1:
        raise Fault(Code.SCHEMA_VALIDATION_ERROR)
    return root.find(qname("s:Header")), bodies[0] if bodies else None


def _headers(header: etree._Element | None, strict: bool) -> dict[str, etree._Element]:
    found: dict[str, etree._Element] = {}
    for element in elements(header):
        if element.tag in found and element.tag in _UNDERSTOOD:
            raise Fault(Code.INVALID_HEADER)
        if strict and _must_understand(element) and element.tag not in _UNDERSTOOD:
            raise Fault(Code.MUST_UNDERSTAND)
        found[element.tag] = element
    for name in ("w:Locale", "p:DataLocale"):
        if _must_understand(found.get(qname(name))):
            raise Fault(Code.UNSUPPORTED_FEATURE, detail="Locale")
    return found


def _must_understand(element: etree._Element | None) -> bool:
    if element is None:
        return False
    value = element.get(qname("s:mustUnderstand"), "false").strip().lower()
    if value not in ("true", "false", "1", "0"):
        raise Fault(Code.SCHEMA_VALIDATION_ERROR)
    return value in ("true", "1")


def _check_addressing(headers: Mapping[str, etree._Element]) -> None:
    """[MS-WSMV] 3.1.4.1: To, ReplyTo and MessageID."""
    reply_to = headers.get(qname("a:ReplyTo"))
    if reply_to is None or qname("a:To") not in headers:
        raise Fault(Code.HEADER_REQUIRED)
    address = (reply_to.findtext(qname("a:Address")) or "").strip()
    if address != ANONYMOUS:
        raise Fault(Code.UNSUPPORTED_ADDRESSING_MODE)
    message_id = _text(headers, "a:MessageID")
    if not message_id or len(message_id) > 2048:
        raise Fault(Code.INVALID_HEADER)


def _text(headers: Mapping[str, etree._Element], name: str) -> str:
    element = headers.get(qname(name))
    return (element.text or "").strip() if element is not None else ""


def _named(
    parent: etree._Element | None, child: str
) -> Iterator[tuple[str, etree._Element]]:
    for element in elements(parent):
        name = element.get("Name")
        if element.tag != qname(child) or not name:
            raise Fault(Code.SCHEMA_VALIDATION_ERROR)
        yield name, element


def _selectors(parent: etree._Element | None) -> Names:
    names = Names()
    for name, element in _named(parent, "w:Selector"):
        if names.find(name) is not None:
            raise Fault(Code.DUPLICATE_SELECTORS)
        reference = element.find(qname("a:EndpointReference"))
        names[name] = (element.text or "") if reference is None else reference
    return names


def _options(parent: etree._Element | None) -> Names:
    return Names(
        (name, element.text or "") for name, element in _named(parent, "w:Option")
    )


_DURATION = re.compile(
    r"P(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})D)?"
    r"(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?"
)


def seconds_of(duration: str) -> float:
    """An xs:duration in seconds (a year as 365 days, a month as 30).

    Raises:
        ValueError: It is none.
    """
    match = _DURATION.fullmatch(duration.strip())
    if not match or not any(match.groups()):
        raise ValueError(duration)
    factors = (31536000, 2592000, 86400, 3600, 60, 1)
    return sum(float(n) * f for n, f in zip(match.groups(), factors, strict=True) if n)


def _timeout(headers: Mapping[str, etree._Element], maximum: float) -> float:
    text = _text(headers, "w:OperationTimeout")
    if not text:
        return maximum
    try:
        return min(seconds_of(text), maximum)
    except ValueError:
        raise Fault(
            Code.INVALID_HEADER,
            "The WS-Management service cannot process the request. The XML contains an "
            f"invalid timeout field in the SOAP header: {text}.",
        ) from None


def _envelope_size(headers: Mapping[str, etree._Element], maximum: int) -> int:
    text = _text(headers, "w:MaxEnvelopeSize")
    if not text:
        return maximum
    if not text.isdecimal() or len(text) > 20:
        raise Fault(Code.INVALID_HEADER)
    if int(text) < MINIMUM_ENVELOPE:
        raise Fault(Code.ENCODING_LIMIT)
    return min(int(text), maximum)


def _locale(headers: Mapping[str, etree._Element]) -> str:
    element = headers.get(qname("w:Locale"))
    return LANGUAGE if element is None else element.get(qname("xml:lang"), LANGUAGE)


XPATH_DIALECTS = (
    "",
    "http://www.w3.org/TR/1999/REC-xpath-19991116",
    "http://schemas.dmtf.org/wbem/wsman/1/wsman/xpath/1",
)


def _fragment(headers: Mapping[str, etree._Element]) -> str | None:
    """[MS-WSMV] 3.1.4.1.18."""
    element = headers.get(qname("w:FragmentTransfer"))
    if element is None:
        return None
    if not _must_understand(element):
        raise Fault(Code.INVALID_HEADER)
    if element.get("Dialect", "") not in XPATH_DIALECTS:
        raise Fault(Code.FRAGMENT_DIALECT_UNAVAILABLE)
    expression = (element.text or "").strip()
    if not expression or expression.startswith("/"):
        raise Fault(Code.INVALID_FRAGMENT_PATH)
    return expression


def serialise(element: etree._Element | bytes, kind: str) -> bytes:
    """An element as UTF-8, without what the Envelope of this kind declares already.

    Args:
        element: Or bytes, which come back as they are.
        kind: A key of the table above: transfer, empty, enumeration, shell, fault.
    """
    if isinstance(element, bytes):
        return element
    data: bytes = etree.tostring(element, encoding="UTF-8", with_tail=False)
    end = data.index(b">")
    start = data[:end]
    for prefix in _PREFIXES[kind]:
        start = start.replace(f' xmlns:{prefix}="{NS[prefix]}"'.encode(), b"", 1)
    return start + data[end:]


def envelope(kind: str, action: str, relates_to: str | None, body: bytes) -> bytes:
    """A whole response.

    Args:
        kind: As of `serialise`.
        action: Of the response.
        relates_to: The request's MessageID, verbatim; None leaves the header out.
        body: What stands in s:Body, UTF-8.
    """
    declared = " ".join(f'xmlns:{prefix}="{NS[prefix]}"' for prefix in _PREFIXES[kind])
    related = f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>" if relates_to else ""
    head = (
        f'<s:Envelope xml:lang="{LANGUAGE}" {declared}><s:Header>'
        f"<a:Action>{escape(action)}</a:Action>"
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID>"
        f"<a:To>{ANONYMOUS}</a:To>{related}</s:Header><s:Body>"
    )
    return head.encode() + body + b"</s:Body></s:Envelope>"


def fault_envelope(
    fault: Fault, relates_to: str | None, *, addressed: str, computer: str
) -> bytes:
    """The whole response of a fault.

    Args:
        fault: What to tell.
        relates_to: The request's MessageID, if it had one.
        addressed: The name by which the client addressed this host.
        computer: The host's real name, inside a provider's fault.
    """
    element = faults.to_element(fault, addressed=addressed, computer=computer)
    body = serialise(element, "fault").replace(
        b"<f:WSManFault Code=", f'<f:WSManFault xmlns:f="{NS["f"]}" Code='.encode()
    )  # Windows declares it again inside; lxml doesn't.
    related = None if fault.wmi_error else relates_to
    return envelope("fault", fault.row.action, related, body)


def escape(text: str) -> str:
    """Text for an element's content."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
