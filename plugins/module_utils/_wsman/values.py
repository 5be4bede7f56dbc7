# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values, instances and rows as the elements of a message, and back (DSP0230).

Between Windows and the specification there are differences, seen in some 280 recorded
instances: NULL arrays and empty ones are left out; a reference stands directly in its
property; an instance within a string is INSTANCE text (see _cim/embedded.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from .._cim.embedded import to_text
from .._cim.instance import CimInstance, InstancePath, typed
from .._cim.markup import Element, Name, escape
from .._cim.schema import types_of
from .._cim.types import InvalidCimValue, decode, encode, iso_text
from .namespaces import CIM, NIL, TYPE, WSMAN
from .protocol_error import ProtocolError
from .reference import is_reference, path_of_reference, reference, split_uri

FRAGMENT = Name(WSMAN, "XmlFragment")

_DATES = frozenset(
    Name(namespace, name)
    for namespace in (CIM, "")
    for name in ("Datetime", "Interval", "Date", "CIM_DateTime")
)
"""The choices of DSP0230's cimDateTime, but for Time, which stays text.

In a row of columns Windows writes them without a namespace, as it does the columns
(recorded of Windows Server 2003 and 2008).
"""

_WIRE_TYPES = {
    f"cim{name}": kind
    for name, kind in (
        ("UnsignedByte", "uint8"),
        ("UnsignedShort", "uint16"),
        ("UnsignedInt", "uint32"),
        ("UnsignedLong", "uint64"),
        ("Byte", "sint8"),
        ("Short", "sint16"),
        ("Int", "sint32"),
        ("Long", "sint64"),
        ("Float", "real32"),
        ("Double", "real64"),
        ("Boolean", "boolean"),
        ("String", "string"),
        ("Char16", "char16"),
        ("DateTime", "datetime"),
    )
}
"""What xsi:type says, which OMI and Windows' newer stack send when asked to."""


def elements(
    prefix: str, properties: Mapping[str, Any], *, embedded_as_text: bool = True
) -> str:
    """Properties or parameters as elements.

    Args:
        prefix: The prefix of their namespace and a colon, or the empty string.
        properties: Values as of CimInstance. A list is a repeated element, an empty one
            is none at all, None is ``xsi:nil``.
        embedded_as_text: An embedded instance is INSTANCE text, as WMI's methods take
            it; otherwise it is nested elements, as in WinRM's configuration.

    Raises:
        InvalidXml: XML can't carry a text.
        InvalidCimValue: A name is none, a datetime has no time zone, or a value is of
            no CIM type.
        InvalidEmbeddedInstance: An instance has no INSTANCE text.
    """
    return "".join(
        _element(f"{prefix}{check_name(name)}", item, prefix, embedded_as_text)
        for name, value in properties.items()
        for item in _items(value)
    )


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z", re.ASCII)


def check_name(name: str) -> str:
    """The name of a property, a parameter, a class or a method, if it is one.

    Raises:
        InvalidCimValue: XML can't have an element of that name.
    """
    if not _NAME.match(name):
        raise InvalidCimValue(f"{name!r} is no name of a parameter or a property")
    return name


def _items(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple, bytes, bytearray)):
        return list(value)
    return [value]


def _element(tag: str, value: Any, prefix: str, embedded_as_text: bool) -> str:
    if value is None:
        return f'<{tag} xsi:nil="true"/>'
    if isinstance(value, CimInstance) and not embedded_as_text:
        inner = elements(prefix, value, embedded_as_text=False)
    else:
        inner = content(value)
    return f"<{tag}>{inner}</{tag}>"


def content(value: Any) -> str:
    """What stands in the element of a single value."""
    if isinstance(value, InstancePath):
        return reference(value)
    if isinstance(value, CimInstance):
        return escape(to_text(value))
    if isinstance(value, timedelta):
        return f"<cim:Interval>{iso_text(value)}</cim:Interval>"
    if isinstance(value, datetime):
        return f"<cim:Datetime>{iso_text(value)}</cim:Datetime>"
    if isinstance(value, bool):
        return encode(value, "boolean")
    if isinstance(value, int):
        return encode(value, "uint64" if value >= 0 else "sint64")
    if isinstance(value, float):
        return encode(value, "real64")
    return escape(encode(value, "string"))


def instance_of(
    element: Element,
    *,
    class_name: str | None = None,
    types: Mapping[str, str] | None = None,
    path: InstancePath | None = None,
) -> CimInstance:
    """An element as an instance, with its values typed by the schema.

    Args:
        element: An instance, a method's output, or a w:XmlFragment of columns.
        class_name: The class of a row, which does not tell; None for the element's own.
        types: CIM types by lower-case property name; None for those of the class.
        path: The path that came beside the instance.

    Raises:
        ProtocolError: A value is not of its type.
    """
    is_row = element.name == FRAGMENT
    namespace = "" if is_row else split_uri(element.name.namespace)[0]
    own = class_name or ("" if is_row else element.name.local)
    values, told = _values(element)
    known = types_of(own) if types is None else types
    instance = CimInstance(own, values, namespace=namespace or None, path=path)
    try:
        return typed(instance, {**known, **told} if told else known)
    except InvalidCimValue as error:
        raise ProtocolError(error.what) from None


def _values(element: Element) -> tuple[dict[str, Any], dict[str, str]]:
    """Values by name, repeated ones as lists, and types by name in lower case."""
    values: dict[str, Any] = {}
    told: dict[str, str] = {}
    repeated: set[str] = set()
    for child in element.children:
        name = child.name.local
        value = value_of(child)
        if name not in values:
            values[name] = value
            kind = _told_type(child)
            if kind:
                told[name.lower()] = kind
        elif name in repeated:
            values[name].append(value)
        else:
            repeated.add(name)
            values[name] = [values[name], value]
    for name in {name.lower() for name in repeated} & told.keys():
        told[name] += "[]"
    return values, told


def _told_type(element: Element) -> str | None:
    told = element.attributes.get(TYPE)
    if told is None:
        return None
    name = element.qualified(told)
    return _WIRE_TYPES.get(name.local) if name.namespace == CIM else None


def value_of(element: Element) -> Any:
    """The value of one property's element, as it is before any schema is asked.

    Returns:
        None, str, datetime, timedelta, InstancePath or CimInstance.

    Raises:
        ProtocolError: A datetime or a reference can't be read.
    """
    if element.attributes.get(NIL, "").strip() in ("true", "1"):
        return None
    if not element.children:
        return element.text
    first = element.children[0]
    if first.name in _DATES:
        try:
            return decode(first.token, "datetime")
        except InvalidCimValue as error:
            raise ProtocolError(f"{element.name.local}: {error.what}") from None
    if is_reference(element):
        return path_of_reference(element)
    if first.name.namespace == CIM:
        return first.token
    return _embedded(element)


def _embedded(element: Element) -> CimInstance:
    """An instance within an instance: its properties stand in its class's namespace."""
    inner = element.children[0].name.namespace
    if inner in (element.name.namespace, ""):
        return instance_of(element, class_name=element.name.local)
    namespace, class_name = split_uri(inner)
    instance = instance_of(element, class_name=class_name)
    return instance.replace(namespace=namespace or None)
