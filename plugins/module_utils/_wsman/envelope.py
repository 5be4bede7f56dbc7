# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request as a value, and the bytes of it.

The headers stand in the order in which Windows' own client writes them (recorded by
Microsoft's OMI, and in the examples of [MS-WSMV] section 4), with its mustUnderstand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._cim.instance import InstancePath
from .._cim.markup import XSI, escape, escape_attribute
from .namespaces import (
    ADDRESSING,
    ANONYMOUS,
    CIM,
    ENUMERATION,
    IDENTITY,
    MICROSOFT,
    SOAP,
    TRANSFER,
    WSMAN,
)
from .reference import selector_set
from .values import content

MAX_ENVELOPE_SIZE = 512_000
"""WinRM's own limit since Windows 8: MaxEnvelopeSizekb 500 ([MS-WSMV] 2.2.4.25)."""

OPERATION_TIMEOUT = 60.0
"""Seconds; MaxTimeoutms of a host is the same."""

LOCALE = "en-US"

_NAMESPACES = "".join(
    f' xmlns:{prefix}="{uri}"'
    for prefix, uri in (
        ("s", SOAP),
        ("a", ADDRESSING),
        ("x", TRANSFER),
        ("n", ENUMERATION),
        ("w", WSMAN),
        ("p", MICROSOFT),
        ("xsi", XSI),
        ("cim", CIM),
    )
)


@dataclass(frozen=True)
class Request:
    """One request.

    Attributes:
        action: The a:Action.
        resource_uri: The w:ResourceURI.
        to: The URL of the server.
        message_id: ``uuid:`` and an upper-case UUID, new for every request.
        selectors: By name; a path is sent as an endpoint reference.
        options: By name; a list repeats the option.
        body: The inside of s:Body, in the envelope's prefixes.
        fragment: What of the resource is meant (DSP0226 7.7), or None.
        operation_timeout: Seconds that the server may take.
        max_envelope_size: Bytes that the answer may have.
        locale: The language of the server's texts.
    """

    action: str
    resource_uri: str
    to: str
    message_id: str
    selectors: Mapping[str, str | InstancePath] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    body: str = ""
    fragment: str | None = None
    operation_timeout: float = OPERATION_TIMEOUT
    max_envelope_size: int = MAX_ENVELOPE_SIZE
    locale: str = LOCALE

    def to_bytes(self) -> bytes:
        """The envelope, in UTF-8 without a declaration.

        Raises:
            InvalidXml: XML can't carry a text.
            InvalidInstancePath: A selector's path has no namespace.
        """
        head, body = self._header(), self.body
        text = (
            f"<s:Envelope{_NAMESPACES}><s:Header>{head}</s:Header>"
            f"<s:Body>{body}</s:Body></s:Envelope>"
        )
        return text.encode("utf-8")

    def _header(self) -> str:
        must = 's:mustUnderstand="true"'
        lang = f'xml:lang="{escape_attribute(self.locale)}" s:mustUnderstand="false"'
        return (
            f"<a:To>{escape(self.to)}</a:To>"
            f"<w:ResourceURI {must}>{escape(self.resource_uri)}</w:ResourceURI>"
            f"<a:ReplyTo><a:Address {must}>{ANONYMOUS}</a:Address></a:ReplyTo>"
            f"<a:Action {must}>{escape(self.action)}</a:Action>"
            f"<w:MaxEnvelopeSize {must}>{self.max_envelope_size}</w:MaxEnvelopeSize>"
            f"<a:MessageID>{escape(self.message_id)}</a:MessageID>"
            f"<w:Locale {lang}/><p:DataLocale {lang}/>"
            f"{_fragment(self.fragment)}{selector_set(self.selectors)}"
            f"{option_set(self.options)}"
            f"<w:OperationTimeout>PT{self.operation_timeout:.3f}S</w:OperationTimeout>"
        )


def _fragment(fragment: str | None) -> str:
    """mustUnderstand is obligatory: without it WinRM refuses ([MS-WSMV] 3.1.4.1.18)."""
    if fragment is None:
        return ""
    return (
        '<w:FragmentTransfer s:mustUnderstand="true">'
        f"{escape(fragment)}</w:FragmentTransfer>"
    )


def option_set(options: Mapping[str, Any]) -> str:
    """A w:OptionSet (DSP0226 6.4); empty text without options."""
    items = "".join(
        f'<w:Option Name="{escape_attribute(name)}">{content(item)}</w:Option>'
        for name, value in options.items()
        for item in (value if isinstance(value, (list, tuple)) else [value])
    )
    return f"<w:OptionSet>{items}</w:OptionSet>" if items else ""


def identify_request() -> bytes:
    """The envelope of Identify, which has no header (DSP0226 clause 11)."""
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:i="{IDENTITY}"><s:Header/>'
        "<s:Body><i:Identify/></s:Body></s:Envelope>"
    ).encode()
