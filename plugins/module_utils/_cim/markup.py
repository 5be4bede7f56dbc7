# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XML, read with suspicion and written with care; WS-Management and DTD 2.0 share it.

The reader is expat with namespaces. What comes from a network has no business with a
document type declaration or an entity, so both are refused (SOAP 1.2 Part 1, section
5, forbids the first anyway), and with depth, names in scope and size bounded the time
is linear in the input.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from xml.parsers import expat

from .._core.errors import HypervisorConnectError

XSI = "http://www.w3.org/2001/XMLSchema-instance"
XML = "http://www.w3.org/XML/1998/namespace"

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 64
MAX_PREFIXES = 256
"""Bounds far above what a server sends: an envelope has 500 KB and a depth of 20."""


class InvalidXml(HypervisorConnectError):
    """Bytes that are no XML, or XML that nobody should read."""


class Name(NamedTuple):
    """A namespace, empty where there is none, and the name within it."""

    namespace: str
    local: str


class Element:
    """One element with what is in it; read only, by convention.

    Attributes:
        name: Its qualified name.
        attributes: Values by qualified name.
        children: The elements in it, in order.
        prefixes: Namespaces by prefix, as they are in force here.
    """

    __slots__ = ("_parts", "attributes", "children", "name", "prefixes")

    def __init__(
        self,
        name: Name,
        attributes: Mapping[Name, str],
        prefixes: Mapping[str, str],
    ) -> None:
        self.name = name
        self.attributes = attributes
        self.prefixes = prefixes
        self.children: list[Element] = []
        self._parts: list[str] = []

    @property
    def text(self) -> str:
        """The characters directly in the element, as they are."""
        return "".join(self._parts)

    @property
    def token(self) -> str:
        """The text without the white space around it, for URIs, numbers and words."""
        return self.text.strip(" \t\r\n")

    def child(self, name: Name) -> Element | None:
        """The first child of that name."""
        return next((child for child in self.children if child.name == name), None)

    def child_token(self, name: Name) -> str | None:
        """The token of the first child of that name."""
        child = self.child(name)
        return None if child is None else child.token

    def walk(self) -> Iterator[Element]:
        """The element and all that is in it, in document order."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting.extend(reversed(element.children))

    def qualified(self, text: str) -> Name:
        """A name such as ``w:InvalidSelectors``, by the prefixes that are in force."""
        prefix, colon, local = text.strip().rpartition(":")
        return Name(self.prefixes.get(prefix, ""), local if colon else text.strip())


def read(
    data: bytes | str,
    *,
    lists: frozenset[Name] = frozenset(),
    take: Callable[[Element], None] | None = None,
    max_bytes: int = MAX_BYTES,
) -> Element:
    """Read a document.

    Args:
        data: The document. A str needs no, and heeds no, declared encoding.
        lists: Names of elements whose children are given to ``take`` as each one ends
            and are not kept, so that a list of any length needs the memory of one item.
        take: Gets those children; what it raises goes through.
        max_bytes: The longest document to read.

    Raises:
        InvalidXml: It is not well formed, is cut off, has a document type declaration,
            or is nested, prefixed or long beyond any use.
    """
    if len(data) > max_bytes:
        raise InvalidXml(f"the XML is longer than {max_bytes} bytes")
    return _Reader(lists, take).read(data)


class _Reader:
    """The handlers of one document."""

    def __init__(
        self, lists: frozenset[Name], take: Callable[[Element], None] | None
    ) -> None:
        self._lists = lists
        self._take = take
        self._open: list[Element] = []
        self._root: Element | None = None
        self._declared: dict[str, str] = {}
        self._names: dict[str, Name] = {}

    def read(self, data: bytes | str) -> Element:
        parser = expat.ParserCreate(
            "utf-8" if isinstance(data, str) else None, namespace_separator=" "
        )
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartNamespaceDeclHandler = self._declare
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._entity
        try:
            parser.Parse(data, True)
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise InvalidXml(f"no well-formed XML ({error})") from None
        if self._root is None:
            raise InvalidXml("no well-formed XML (no element)")
        return self._root

    def _doctype(self, *_arguments: Any) -> None:
        raise InvalidXml("the XML has a document type declaration, which is refused")

    def _entity(self, *_arguments: Any) -> None:
        raise InvalidXml("the XML declares an entity, which is refused")

    def _declare(self, prefix: str | None, uri: str | None) -> None:
        self._declared[prefix or ""] = uri or ""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise InvalidXml(f"the XML is nested deeper than {MAX_DEPTH}")
        element = Element(
            self._name(name),
            {self._name(key): value for key, value in attributes.items()},
            self._scope(),
        )
        self._open.append(element)

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        if not self._open:
            self._root = element
        elif self._take is not None and self._open[-1].name in self._lists:
            self._take(element)
        else:
            self._open[-1].children.append(element)

    def _characters(self, text: str) -> None:
        self._open[-1]._parts.append(text)

    def _scope(self) -> Mapping[str, str]:
        """The prefixes of an element; shared with its parent where it declares none."""
        outer = self._open[-1].prefixes if self._open else {"xml": XML}
        if not self._declared:
            return outer
        scope = {**outer, **self._declared}
        self._declared = {}
        if len(scope) > MAX_PREFIXES:
            raise InvalidXml(f"the XML has more than {MAX_PREFIXES} prefixes in force")
        return scope

    def _name(self, text: str) -> Name:
        name = self._names.get(text)
        if name is None:
            namespace, _space, local = text.rpartition(" ")
            name = self._names[text] = Name(namespace, local)
        return name


_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0, section 2.2, has no way to write, not even as a reference."""

_ESCAPED = re.compile('[&<>"\r]')


def check_text(text: str) -> str:
    """The text, if XML can carry it.

    Raises:
        InvalidXml: It has a control character, half a surrogate pair, or U+FFFE/U+FFFF.
    """
    found = _NOT_XML.search(text)
    if found:
        raise InvalidXml(
            f"the text has the character U+{ord(found.group()):04X}, "
            "which XML can't carry",
            remedy="leave that character out",
        )
    return text


def escape(text: str) -> str:
    """Text as content or as a quoted attribute, by numeric references alone.

    Named references would do for an envelope, but not within an INSTANCE text: see
    embedded.py. A carriage return would be read back as a line feed (XML 1.0, 2.11).

    Raises:
        InvalidXml: XML can't carry the text.
    """
    return _ESCAPED.sub(lambda found: f"&#{ord(found.group())};", check_text(text))


def escape_attribute(text: str) -> str:
    """Text as a quoted attribute, whose tabs and line feeds are kept too (3.3.3).

    Raises:
        InvalidXml: XML can't carry the text.
    """
    return escape(text).replace("\t", "&#9;").replace("\n", "&#10;")
