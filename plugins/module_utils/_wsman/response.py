# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bytes of an answer as a Response, or as the fault that they tell.

Whatever a server sends, this ends in a Response, a WsmanFault or a ProtocolError.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .._cim.markup import Element, InvalidXml, Name, read
from .fault import fault_of
from .namespaces import ADDRESSING, ENUMERATION, IDENTITY, SOAP, WSMAN
from .protocol_error import ProtocolError

ITEMS = frozenset((Name(WSMAN, "Items"), Name(ENUMERATION, "Items")))
"""Enumerate puts its items in the one, Pull in the other."""

_REMEDY = "check that the host and port are those of a WS-Management server"


@dataclass(frozen=True)
class Response:
    """An answer that is no fault.

    Attributes:
        action: The a:Action, or None.
        message_id: The a:MessageID, or None.
        relates_to: The a:RelatesTo, or None.
        body: The elements in s:Body.
    """

    action: str | None
    message_id: str | None
    relates_to: str | None
    body: tuple[Element, ...]

    def only(self, name: Name | None = None) -> Element:
        """The one element of the body.

        Args:
            name: The name that it must have, or None.

        Raises:
            ProtocolError: There is none, or it has another name.
        """
        if not self.body:
            raise ProtocolError("the answer's body is empty")
        element = self.body[0]
        if name is not None and element.name != name:
            raise ProtocolError(
                f"the answer is a {element.name.local[:80]}, not a {name.local}"
            )
        return element


def parse_response(
    data: bytes,
    *,
    relates_to: str | None = None,
    take: Callable[[Element], None] | None = None,
    where: str | None = None,
) -> Response:
    """Read an answer.

    Args:
        data: The envelope as it came.
        relates_to: The message ID of the request; None for Identify, which has none.
        take: Gets each item of an enumeration as soon as it is read, which then is not
            kept; None to find them in the body.
        where: The server, for messages.

    Raises:
        WsmanFault: It is a fault.
        ProtocolError: It is no SOAP 1.2 envelope, is cut off, has a document type
            declaration, or does not relate to the request.
    """
    try:
        root = read(data, lists=ITEMS, take=take)
        return _response(root, relates_to, where)
    except (InvalidXml, ProtocolError) as error:
        what = f"the answer can't be used: {error.what}"
        raise ProtocolError(what, where=where, remedy=error.remedy or _REMEDY) from None


def _response(root: Element, relates_to: str | None, where: str | None) -> Response:
    if root.name != Name(SOAP, "Envelope"):
        raise ProtocolError(
            f"it is a {root.name.local[:80]!r}, not a SOAP 1.2 envelope"
        )
    body = root.child(Name(SOAP, "Body"))
    if body is None:
        raise ProtocolError("the envelope has no body")
    header = root.child(Name(SOAP, "Header"))
    related = _header(header, "RelatesTo")
    fault = body.child(Name(SOAP, "Fault"))
    if relates_to is not None and (related is not None or fault is None):
        _check_relation(related, relates_to)
    if fault is not None:
        raise fault_of(fault, where=where)
    return Response(
        action=_header(header, "Action"),
        message_id=_header(header, "MessageID"),
        relates_to=related,
        body=tuple(body.children),
    )


def _header(header: Element | None, name: str) -> str | None:
    return header.child_token(Name(ADDRESSING, name)) if header is not None else None


def _check_relation(related: str | None, relates_to: str) -> None:
    """Faults of a quota come without RelatesTo (recorded by winrb)."""
    if related is None:
        raise ProtocolError("it does not say to which request it is the answer")
    if related.lower() != relates_to.lower():
        raise ProtocolError(f"it is the answer to {related[:80]!r}, not to our request")


@dataclass(frozen=True)
class Identity:
    """What a server says of itself, before anyone signs in if it is asked so.

    Attributes:
        protocol_version: The namespace of its WS-Management.
        vendor: Such as ``Microsoft Corporation``.
        version: Such as ``OS: 10.0.20348 SP: 0.0 Stack: 3.0``; to those who have not
            signed in Windows says ``OS: 0.0.0``.
        security_profiles: URIs of the ways to sign in, if it tells.
    """

    protocol_version: str
    vendor: str
    version: str
    security_profiles: tuple[str, ...] = ()


def parse_identity(data: bytes, *, where: str | None = None) -> Identity:
    """Read the answer to Identify (DSP0226 clause 11).

    Raises:
        WsmanFault: It is a fault.
        ProtocolError: It is no such answer.
    """
    response = parse_response(data, where=where)
    try:
        element = response.only(Name(IDENTITY, "IdentifyResponse"))
    except ProtocolError as error:
        raise ProtocolError(error.what, where=where, remedy=_REMEDY) from None
    profiles = Name(IDENTITY, "SecurityProfileName")
    return Identity(
        protocol_version=_identity(element, "ProtocolVersion"),
        vendor=_identity(element, "ProductVendor"),
        version=_identity(element, "ProductVersion"),
        security_profiles=tuple(
            inner.token for inner in element.walk() if inner.name == profiles
        ),
    )


def _identity(element: Element, name: str) -> str:
    return element.child_token(Name(IDENTITY, name)) or ""
