# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enumerations: what Enumerate asks for, the open contexts, and their pages.

DSP0226 1.2.0 section 8, [MS-WSMV] 3.1.4.1.12 to 3.1.4.1.15. A page ends with MaxElements
(1 where a Pull names none: recorded answers of a real host), with MaxBatchItems, or where
the envelope would grow beyond MaxEnvelopeSize; the last item comes with EndOfSequence.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from lxml import etree

from hvsim import soap
from hvsim.faults import Code, Fault
from hvsim.namespaces import NS, nsmap, qname
from hvsim.soap import Filter, Item, Request

WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
ENVELOPE_RESERVE = 2048
"""Bytes kept for the envelope around the items."""

_ENUMERATE = ("n:EndTo", "n:Expires", "n:Filter")
_ENUMERATE_OPEN = (
    "w:OptimizeEnumeration",
    "w:MaxElements",
    "w:EnumerationMode",
    "w:Filter",
    "b:PolymorphismMode",
    "w:PolymorphismMode",
    "b:IncludeInheritedElements",
    "b:IncludeClassOrigin",
    "b:ExcludeSubClassProperties",
)
_PULL = ("n:EnumerationContext", "n:MaxTime", "n:MaxElements", "n:MaxCharacters")
_MODES = {"EnumerateEPR": "epr", "EnumerateObjectAndEPR": "both"}


@dataclass(frozen=True)
class Wanted:
    """What an Enumerate asks for.

    Attributes:
        mode: `object`, `epr` or `both`.
        filter: None where there is none.
        optimize: Whether the answer shall hold the first page already.
        max_elements: Of that page; None means 1.
    """

    mode: str
    filter: Filter | None
    optimize: bool
    max_elements: int | None


def wanted(body: etree._Element | None, *, strict: bool) -> Wanted:
    """Read n:Enumerate.

    Raises:
        Fault: It is none, or asks for what there is not.
    """
    body = _expect(body, "n:Enumerate")
    if strict:
        _check_order(body, _ENUMERATE, _ENUMERATE_OPEN)
    return Wanted(
        mode=_mode(body),
        filter=_filter(body),
        optimize=body.find(qname("w:OptimizeEnumeration")) is not None,
        max_elements=_positive(body, "w:MaxElements"),
    )


@dataclass(frozen=True)
class PullRequest:
    """What a Pull asks for: the context's id, and at most how many items."""

    context: str
    max_elements: int | None


def pull_request(body: etree._Element | None, *, strict: bool) -> PullRequest:
    """Read n:Pull.

    Raises:
        Fault: It is none, or breaks the order of the schema.
    """
    body = _expect(body, "n:Pull")
    if strict:
        _check_order(body, _PULL, ())
    _positive(body, "n:MaxCharacters")
    max_time = body.findtext(qname("n:MaxTime"))
    if max_time is not None:
        _check_duration(max_time)
    return PullRequest(context_of(body), _positive(body, "n:MaxElements"))


def context_of(body: etree._Element | None) -> str:
    """The EnumerationContext of a Pull or Release.

    Raises:
        Fault: There is none.
    """
    text = body.findtext(qname("n:EnumerationContext")) if body is not None else None
    if text is None:
        raise Fault(Code.SCHEMA_VALIDATION_ERROR)
    return text.strip()


def _expect(body: etree._Element | None, name: str) -> etree._Element:
    if body is None or body.tag != qname(name):
        raise Fault(Code.SCHEMA_VALIDATION_ERROR)
    return body


def _check_duration(text: str) -> None:
    try:
        soap.seconds_of(text)
    except ValueError:
        raise Fault(Code.SCHEMA_VALIDATION_ERROR) from None


def _check_order(
    body: etree._Element, ordered: tuple[str, ...], others: tuple[str, ...]
) -> None:
    """WS-Enumeration's schema: its own elements in order, each once, then others."""
    names = [qname(name) for name in ordered]
    positions = []
    seen = set()
    known = {qname(name) for name in others}
    for element in soap.elements(body):
        if element.tag in seen or element.tag not in known.union(names):
            raise Fault(Code.SCHEMA_VALIDATION_ERROR)
        seen.add(element.tag)
        positions.append(
            names.index(element.tag) if element.tag in names else len(names)
        )
    if positions != sorted(positions):
        raise Fault(Code.SCHEMA_VALIDATION_ERROR)


def _mode(body: etree._Element) -> str:
    element = body.find(qname("w:EnumerationMode"))
    if element is None:
        return "object"
    mode = _MODES.get((element.text or "").strip())
    if mode is None:
        raise Fault(Code.UNSUPPORTED_FEATURE, detail="EnumerationMode")
    return mode


def _filter(body: etree._Element) -> Filter | None:
    found = [
        element
        for element in soap.elements(body)
        if element.tag in (qname("w:Filter"), qname("n:Filter"))
    ]
    if not found:
        return None
    if len(found) > 1:
        raise Fault(Code.CANNOT_PROCESS_FILTER)
    element = found[0]
    dialect = element.get("Dialect") or "http://www.w3.org/TR/1999/REC-xpath-19991116"
    return Filter(dialect, "".join(element.itertext()).strip(), element)


def _positive(body: etree._Element, name: str) -> int | None:
    text = body.findtext(qname(name))
    if text is None:
        return None
    text = text.strip()
    if not text.isdecimal() or len(text) > 10 or not int(text):
        raise Fault(Code.SCHEMA_VALIDATION_ERROR)
    return int(text)


def render(item: Item, mode: str) -> bytes:
    """One child of Items.

    Args:
        item: The result.
        mode: `object`, `epr` or `both`.
    """
    parts = []
    if mode in ("object", "both"):
        parts.append(_bytes_of(item.instance))
    if mode in ("epr", "both"):
        parts.append(_bytes_of(item.epr))
    data = b"".join(parts)
    return b"<w:Item>" + data + b"</w:Item>" if mode == "both" else data


def _bytes_of(value: etree._Element | bytes | None) -> bytes:
    if value is None:
        raise Fault(Code.UNSUPPORTED_FEATURE, detail="EnumerationMode")
    return soap.serialise(value, "enumeration")


@dataclass
class Page:
    """Some items, as bytes, and whether they are the last."""

    items: list[bytes]
    last: bool


class Pages:
    """The items of one enumeration, page by page; an item is made when it is due."""

    def __init__(self, items: Iterable[Item], mode: str) -> None:
        self._items = iter(items)
        self._mode = mode
        self._next: bytes | None = None

    def prime(self) -> None:
        """Make the first item, so that a bad filter is the Enumerate's own fault."""
        self._peek()

    def page(self, max_elements: int, max_bytes: int) -> Page:
        """The next page.

        Args:
            max_elements: At most so many items, at least 1.
            max_bytes: For the whole envelope.

        Raises:
            Fault: One item alone doesn't fit.
        """
        room = max_bytes - ENVELOPE_RESERVE
        items: list[bytes] = []
        while (data := self._peek()) is not None and len(items) < max_elements:
            room -= len(data)
            if room < 0:
                break
            items.append(data)
            self._next = None
        if not items and data is not None:
            raise Fault(Code.ENVELOPE_TOO_LARGE)
        return Page(items, last=data is None)

    def _peek(self) -> bytes | None:
        if self._next is None:
            item = next(self._items, None)
            self._next = None if item is None else render(item, self._mode)
        return self._next


@dataclass
class Context:
    """An open enumeration."""

    user: str
    resource_uri: str
    pages: Pages
    deadline: float
    identifier: str = field(default_factory=lambda: f"uuid:{str(uuid.uuid4()).upper()}")
    lock: threading.Lock = field(default_factory=threading.Lock)


class Contexts:
    """The open enumerations of a host; idle ones end (EnumerationTimeoutms)."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[str, Context] = {}

    def open(self, request: Request, pages: Pages, timeout: float) -> Context:
        """Keep an enumeration for later Pulls; `timeout` in seconds."""
        context = Context(
            request.user, request.resource_uri, pages, self._clock() + timeout
        )
        with self._lock:
            self._drop_expired()
            self._open[context.identifier] = context
        return context

    def get(self, identifier: str, user: str, timeout: float) -> Context:
        """The user's own open enumeration; its time begins anew.

        Raises:
            Fault: There is none: released, ended, expired, or another user's.
        """
        with self._lock:
            self._drop_expired()
            context = self._open.get(identifier)
            if context is None or context.user != user:
                raise Fault(Code.INVALID_ENUMERATION_CONTEXT)
            context.deadline = self._clock() + timeout
            return context

    def close(self, identifier: str) -> None:
        """Forget it; nothing happens where it is gone already."""
        with self._lock:
            self._open.pop(identifier, None)

    def expire_all(self) -> None:
        """Drop every open enumeration, as a restart of the service would."""
        with self._lock:
            self._open.clear()

    def count(self, user: str) -> int:
        """How many the user has open."""
        with self._lock:
            self._drop_expired()
            return sum(context.user == user for context in self._open.values())

    def _drop_expired(self) -> None:
        now = self._clock()
        for identifier in [k for k, c in self._open.items() if c.deadline < now]:
            del self._open[identifier]


def enumerate_response(page: Page | None, identifier: str | None) -> bytes:
    """n:EnumerateResponse; with a first page where the client asked for it.

    An ended enumeration has an empty n:EnumerationContext here (recorded answers of
    Server 2003 to 2012); w:Items and w:EndOfSequence are in WS-Management's namespace.
    """
    parts = [_context(identifier or "")]
    if page is not None:
        parts += [b"<w:Items>", *page.items, b"</w:Items>"]
        if page.last:
            parts.append(b"<w:EndOfSequence/>")
    return _wrapped("EnumerateResponse", parts)


def pull_response(page: Page, identifier: str) -> bytes:
    """n:PullResponse; the last page has no context."""
    parts = [] if page.last else [_context(identifier)]
    parts += [b"<n:Items>", *page.items, b"</n:Items>"]
    if page.last:
        parts.append(b"<n:EndOfSequence/>")
    return _wrapped("PullResponse", parts)


def _context(identifier: str) -> bytes:
    text = soap.escape(identifier)
    return f"<n:EnumerationContext>{text}</n:EnumerationContext>".encode()


def _wrapped(name: str, parts: list[bytes]) -> bytes:
    return b"".join([f"<n:{name}>".encode(), *parts, f"</n:{name}>".encode()])


def endpoint_reference(
    resource_uri: str, selectors: Iterable[tuple[str, str]], address: str
) -> etree._Element:
    """`a:EndpointReference` with text selectors, as items of EnumerateEPR have it."""
    epr = etree.Element(qname("a:EndpointReference"), nsmap=nsmap("a", "w"))
    for child in reference_parts(resource_uri, selectors, address):
        epr.append(child)
    return epr


def reference_parts(
    resource_uri: str, selectors: Iterable[tuple[str, str]], address: str
) -> Iterator[etree._Element]:
    """a:Address and a:ReferenceParameters."""
    element = etree.Element(qname("a:Address"), nsmap={"a": NS["a"]})
    element.text = address
    yield element
    parameters = etree.Element(qname("a:ReferenceParameters"), nsmap=nsmap("a", "w"))
    etree.SubElement(parameters, qname("w:ResourceURI")).text = resource_uri
    selector_set = etree.SubElement(parameters, qname("w:SelectorSet"))
    for name, value in selectors:
        selector = etree.SubElement(selector_set, qname("w:Selector"))
        selector.set("Name", name)
        selector.text = value
    yield parameters
