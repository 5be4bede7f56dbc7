# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A SOAP fault as data (SOAP 1.2 Part 1, 5.4; DSP0226 clause 14; [MS-WSMV] 2.2.4.43).

Windows tells more than the specification in f:WSManFault, whose message may hold the
fault of a provider, which holds another f:WSManFault; or in MSFT_WmiError. The
innermost text says most.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from .._cim.markup import Element, Name
from .._core.errors import HypervisorConnectError
from .fault_table import FAULTS, OTHER, SUBCODES
from .namespaces import FAULT, PREFIXES, SOAP, WSMAN

_PREFIX_OF = {uri: prefix for prefix, uri in PREFIXES.items()}
_WSMAN_FAULT = Name(FAULT, "WSManFault")
_PROVIDER_FAULT = Name(FAULT, "ProviderFault")
_MESSAGE = Name(FAULT, "Message")
_EXTENDED = Name(FAULT, "ExtendedError")
_FAULT_DETAIL = Name(WSMAN, "FaultDetail")
_NUMBER = re.compile(r"-?[0-9]{1,10}\Z")


class ProviderFault(NamedTuple):
    """What a provider of the server says.

    Attributes:
        provider: Its name, such as ``WMI Provider``.
        code: Its number, unsigned, or None.
        message: Its text; empty without one.
        extended: WMI's __ExtendedStatus, such as Operation and ParameterInfo.
    """

    provider: str
    code: int | None
    message: str
    extended: dict[str, str]


class WsmanFault(HypervisorConnectError):
    """The server's refusal.

    Attributes:
        code: ``Sender``, ``Receiver`` or another of SOAP's.
        subcode: With the usual prefix, such as ``w:InvalidSelectors``; or None.
        wsman_code: The number, unsigned, or None.
        name: The number's name, such as ERROR_WSMAN_RESOURCE_NOT_FOUND; or None.
        kind: One of fault_table's words, such as NOT_FOUND; OTHER for the rest.
        reason: The text for the whole fault.
        fault_detail: DSP0226's URI of the detail, or None.
        machine: Who says it, or None.
        provider: The provider's part, or None.
    """

    def __init__(
        self,
        *,
        code: str,
        subcode: str | None,
        reason: str,
        wsman_code: int | None = None,
        message: str = "",
        fault_detail: str | None = None,
        machine: str | None = None,
        provider: ProviderFault | None = None,
        where: str | None = None,
    ) -> None:
        self.code = code
        self.subcode = subcode
        self.wsman_code = wsman_code
        self.reason = reason
        self.fault_detail = fault_detail
        self.machine = machine
        self.provider = provider
        self.name, self.kind, remedy = self._meaning()
        super().__init__(
            self._sentence(message),
            where=where,
            remedy=remedy,
            details=self._details(),
        )

    def _numbers(self) -> list[int]:
        """The numbers, the one that says most first."""
        inner = self.provider.code if self.provider else None
        return [code for code in (inner, self.wsman_code) if code is not None]

    def _meaning(self) -> tuple[str | None, str, str | None]:
        for number in self._numbers():
            if number in FAULTS:
                return FAULTS[number]
        kind, remedy = SUBCODES.get(self.subcode or "", (OTHER, None))
        return None, kind, remedy

    def _sentence(self, message: str) -> str:
        provider = self.provider.message if self.provider else ""
        text = (provider or message or self.reason or "no reason").rstrip(". ")
        number = f"{self._numbers()[0]:#x}" if self._numbers() else None
        tags = [tag for tag in (self.name, number, self.subcode) if tag]
        return f"{text} ({', '.join(tags or [self.code])})"

    def _details(self) -> dict[str, Any]:
        details: dict[str, Any] = {
            "code": self.code,
            "subcode": self.subcode,
            "wsman_code": self.wsman_code,
            "name": self.name,
            "kind": self.kind,
            "reason": self.reason,
            "fault_detail": self.fault_detail,
            "machine": self.machine,
        }
        if self.provider:
            details["provider"] = self.provider._asdict()
        return details


def fault_of(element: Element, *, where: str | None = None) -> WsmanFault:
    """The fault that an s:Fault says; what is missing in it stays empty.

    Args:
        element: The s:Fault.
        where: The server, for the message.
    """
    code = element.child(Name(SOAP, "Code"))
    detail = element.child(Name(SOAP, "Detail"))
    wsman = _first(detail, _WSMAN_FAULT)
    cim_error = _cim_error(detail)
    return WsmanFault(
        code=_code(code),
        subcode=_subcode(code),
        reason=_reason(element),
        wsman_code=_number(wsman) if wsman is not None else _cim_code(cim_error),
        message=_text(wsman, _MESSAGE) or cim_error.get("Message", ""),
        fault_detail=(_text(detail, _FAULT_DETAIL) or None),
        machine=(wsman.attributes.get(Name("", "Machine")) or None) if wsman else None,
        provider=_provider(wsman),
        where=where,
    )


def _first(element: Element | None, name: Name) -> Element | None:
    """The first element of that name within another, at any depth."""
    if element is None:
        return None
    return next((inner for inner in element.walk() if inner.name == name), None)


def _text(element: Element | None, name: Name) -> str:
    """The text directly in a child, on one line."""
    child = element.child(name) if element is not None else None
    return _line(child.text) if child is not None else ""


def _line(text: str) -> str:
    return " ".join(text.split())


def _code(code: Element | None) -> str:
    value = code.child(Name(SOAP, "Value")) if code is not None else None
    return value.qualified(value.token).local if value is not None else ""


def _subcode(code: Element | None) -> str | None:
    """The subcode; with the usual prefix if its namespace is one of ours."""
    subcode = code.child(Name(SOAP, "Subcode")) if code is not None else None
    value = subcode.child(Name(SOAP, "Value")) if subcode is not None else None
    if value is None or not value.token:
        return None
    name = value.qualified(value.token)
    prefix = _PREFIX_OF.get(name.namespace)
    return f"{prefix}:{name.local}" if prefix else value.token


def _reason(fault: Element) -> str:
    """The first of the texts; a server sends them in the one language asked for."""
    reason = fault.child(Name(SOAP, "Reason"))
    return _text(reason, Name(SOAP, "Text"))


def _number(wsman: Element) -> int | None:
    return _unsigned(wsman.attributes.get(Name("", "Code"), ""))


def _unsigned(text: str) -> int | None:
    """A number as it is or, where it is written as a signed one, unsigned."""
    text = text.strip()
    return int(text) & 0xFFFFFFFF if _NUMBER.match(text) else None


def _provider(wsman: Element | None) -> ProviderFault | None:
    """The provider's fault within a fault's message; its text may stand there bare."""
    fault = _first(wsman, _PROVIDER_FAULT)
    if fault is None:
        return None
    inner = _first(fault, _WSMAN_FAULT)
    return ProviderFault(
        provider=fault.attributes.get(Name("", "provider"), "").strip(),
        code=_number(inner) if inner is not None else None,
        message=_text(inner, _MESSAGE) or _line(fault.text),
        extended=_leaves(fault.child(_EXTENDED)),
    )


def _leaves(element: Element | None) -> dict[str, str]:
    if element is None:
        return {}
    leaves = (inner for inner in element.walk() if not inner.children)
    return {leaf.name.local: leaf.token for leaf in leaves if leaf.token}


def _cim_error(detail: Element | None) -> dict[str, str]:
    """An error as a CIM instance, as Windows tells quotas since 2012 and OMI all."""
    for child in detail.children if detail is not None else ():
        if child.name.local in ("MSFT_WmiError", "OMI_Error", "CIM_Error"):
            return _leaves(child)
    return {}


def _cim_code(error: dict[str, str]) -> int | None:
    return _unsigned(error.get("error_Code", ""))
