# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An enumeration: the bodies that it sends, and the items that it takes.

Enumerate asks for its first page at once (DSP0226 8.2), Pull for each further one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Union

from .._cim.instance import CimInstance, InstancePath
from .._cim.markup import Element, Name, escape
from . import namespaces as ns
from .filters import Filter
from .protocol_error import ProtocolError
from .reference import ENDPOINT_REFERENCE, Selectors, Target, path_of_reference
from .values import FRAGMENT, instance_of

OBJECT, EPR, BOTH = "object", "epr", "both"
"""What an enumeration answers with: instances, their paths, instances with paths."""

ELEMENT = "element"
"""The same request as OBJECT, and the elements as they came."""

_MODES = {OBJECT: "", ELEMENT: "", EPR: "EnumerateEPR", BOTH: "EnumerateObjectAndEPR"}

MAX_ELEMENTS = 32_000
"""MaxBatchItems of WinRM: a page ends where the envelope is full ([MS-WSMV] 2.2.4)."""

MAX_EMPTY_PAGES = 8
"""Pages without an item before the end of a sequence; no server was seen to send one."""

_ITEM = Name(ns.WSMAN, "Item")
_CONTEXT = Name(ns.ENUMERATION, "EnumerationContext")
_ENDS = frozenset(
    (Name(ns.ENUMERATION, "EndOfSequence"), Name(ns.WSMAN, "EndOfSequence"))
)

Item = Union[CimInstance, InstancePath, Element]


@dataclass
class Page:
    """What one answer adds to an enumeration."""

    items: list[Item] = field(default_factory=list)
    context: str | None = None
    is_last: bool = False

    def end(self, response: Element) -> None:
        """Take from the answer, whose items are here already, whether others follow."""
        self.context = response.child_token(_CONTEXT) or None
        self.is_last = any(child.name in _ENDS for child in response.children)


@dataclass(frozen=True)
class Enumeration:
    """What is enumerated, and in which portions."""

    target: Target
    selectors: Selectors | None = None
    filter: Filter | None = None
    mode: str = OBJECT
    max_elements: int = MAX_ELEMENTS
    options: Mapping[str, Any] | None = None
    class_name: str = ""

    def enumerate(self) -> str:
        """The body of an Enumerate that wants its first page at once (DSP0226 8.2)."""
        wanted = _MODES[self.mode]
        mode = f"<w:EnumerationMode>{wanted}</w:EnumerationMode>" if wanted else ""
        return (
            "<n:Enumerate><w:OptimizeEnumeration/>"
            f"<w:MaxElements>{self.max_elements}</w:MaxElements>"
            f"{mode}{self.filter or ''}</n:Enumerate>"
        )

    def pull(self, context: str) -> str:
        """The limits have to be those of the Enumerate (ERROR_WSMAN_PULL_PARAMS...)."""
        return (
            f"<n:Pull>{context_element(context)}"
            f"<n:MaxElements>{self.max_elements}</n:MaxElements></n:Pull>"
        )

    def item(self, element: Element) -> Item:
        """One item of a page, which has to be of the mode.

        Raises:
            ProtocolError: It is not.
        """
        if self.mode == ELEMENT:
            return element
        if self.mode == EPR:
            if element.name != ENDPOINT_REFERENCE:
                raise ProtocolError(
                    "an item is no endpoint reference, as was asked for"
                )
            return path_of_reference(element)
        if self.mode == OBJECT:
            return self._instance(element)
        reference = element.child(ENDPOINT_REFERENCE)
        objects = [child for child in element.children if child is not reference]
        if element.name != _ITEM or reference is None or not objects:
            raise ProtocolError("an item is no instance with its endpoint reference")
        return self._instance(objects[0], path_of_reference(reference))

    def _instance(
        self, element: Element, path: InstancePath | None = None
    ) -> CimInstance:
        if element.name in (ENDPOINT_REFERENCE, _ITEM):
            raise ProtocolError("an item is not the plain instance that was asked for")
        row_class = self.class_name if element.name == FRAGMENT else None
        return instance_of(element, class_name=row_class, path=path)


def context_element(context: str) -> str:
    """The context as Pull and Release name it."""
    return f"<n:EnumerationContext>{escape(context)}</n:EnumerationContext>"
