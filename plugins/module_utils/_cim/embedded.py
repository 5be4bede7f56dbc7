# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances embedded in a string: INSTANCE text of WMI's DTD 2.0 (DSP0201).

Methods of Hyper-V take settings in this form, and give them back so, as do the items
of the key-value exchange. It is text within text, and Hyper-V's reader of the inner
text replaces named references (``&amp;``, ``&lt;``) once before it parses: a value
that was written with them is refused (32768, 32773). Numeric references pass. So
``to_text`` writes no others (seen on a Hyper-V host by the author of r4sd/go-wsman,
2026-09-27; not documented).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._core.errors import HypervisorConnectError
from .instance import CimInstance, InstancePath, InvalidInstancePath
from .markup import Element, InvalidXml, Name, escape, escape_attribute, read
from .schema import types_of
from .types import (
    REFERENCE,
    InvalidCimValue,
    collect,
    decode,
    element_type,
    encode,
    is_array,
    type_of,
)

OBJECT = "object"
"""The type of an instance within an instance."""


class InvalidEmbeddedInstance(HypervisorConnectError):
    """Text that is no INSTANCE, or an instance that can't be written as one."""


def to_text(instance: CimInstance) -> str:
    """An instance as INSTANCE text.

    The type of a property is that of ``instance.types``, else of the schema, else that
    which the value tells. The exact type matters: Hyper-V refuses a scalar where an
    array is due (32773, 32776) and a datetime as a string (32768).

    Raises:
        InvalidEmbeddedInstance: A number's type is not known, a value is not of its
            type, or XML can't carry a text.
    """
    types = {**types_of(instance.class_name), **_folded(instance.types)}
    try:
        name = escape_attribute(instance.class_name)
        properties = "".join(
            _property(instance.class_name, name, value, types.get(name.lower()))
            for name, value in instance.items()
        )
    except (InvalidCimValue, InvalidXml) as error:
        raise InvalidEmbeddedInstance(
            f"{instance.class_name}: {error.what}", remedy=error.remedy
        ) from None
    return f'<INSTANCE CLASSNAME="{name}">{properties}</INSTANCE>'


def _folded(types: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): kind for name, kind in types.items()}


def _property(class_name: str, name: str, value: Any, kind: str | None) -> str:
    kind = kind or _told_type(name, value)
    attributes = f'NAME="{escape_attribute(name)}"'
    try:
        if kind == REFERENCE:
            inner = _value_reference(value)
            return f"<PROPERTY.REFERENCE {attributes}>{inner}</PROPERTY.REFERENCE>"
        if element_type(kind) == OBJECT:
            return _object_property(attributes, value, kind)
        attributes += f' TYPE="{element_type(kind)}"'
        if is_array(kind):
            inner = _value_array(value, element_type(kind))
            return f"<PROPERTY.ARRAY {attributes}>{inner}</PROPERTY.ARRAY>"
        inner = "" if value is None else _value(value, kind)
        return f"<PROPERTY {attributes}>{inner}</PROPERTY>"
    except InvalidCimValue as error:
        raise InvalidCimValue(f"{name}: {error.what}", remedy=error.remedy) from None


def _told_type(name: str, value: Any) -> str:
    """The type that a value tells, or of an array whose first value does."""
    sample = value[0] if isinstance(value, list) and value else value
    if isinstance(sample, InstancePath):
        kind: str | None = REFERENCE
    elif isinstance(sample, CimInstance):
        kind = OBJECT
    else:
        kind = "string" if sample is None or sample == [] else type_of(sample)
    if kind is None:
        raise InvalidCimValue(
            f"{name}: the CIM type of {value!r} is not known",
            remedy=f"give the type of {name}, such as uint32",
        )
    return f"{kind}[]" if isinstance(value, list) else kind


def _value(value: Any, kind: str) -> str:
    """A VALUE; a path in a string property is text, and an instance INSTANCE text."""
    if kind == "string":
        if isinstance(value, InstancePath):
            value = str(value)
        elif isinstance(value, CimInstance):
            value = to_text(value)
    return f"<VALUE>{escape(encode(value, kind))}</VALUE>"


def _value_array(value: Any, kind: str) -> str:
    if value is None:
        return ""
    if isinstance(value, (str, Mapping, InstancePath)) or not hasattr(
        value, "__iter__"
    ):
        raise InvalidCimValue(f"{value!r} is no array", remedy="give a list")
    items = "".join(
        "<VALUE.NULL/>" if item is None else _value(item, kind) for item in value
    )
    return f"<VALUE.ARRAY>{items}</VALUE.ARRAY>"


def _value_reference(value: Any) -> str:
    return (
        ""
        if value is None
        else f"<VALUE.REFERENCE>{escape(str(value))}</VALUE.REFERENCE>"
    )


def _object_property(attributes: str, value: Any, kind: str) -> str:
    values = [] if value is None else value if isinstance(value, list) else [value]
    items = "".join(f"<VALUE.OBJECT>{to_text(item)}</VALUE.OBJECT>" for item in values)
    if is_array(kind):
        items = f"<VALUE.OBJECTARRAY>{items}</VALUE.OBJECTARRAY>" if values else ""
        return f"<PROPERTY.OBJECTARRAY {attributes}>{items}</PROPERTY.OBJECTARRAY>"
    return f"<PROPERTY.OBJECT {attributes}>{items}</PROPERTY.OBJECT>"


def from_text(text: str) -> CimInstance:
    """Read INSTANCE text.

    What WMI adds for itself (``__PATH``, ``__NAMESPACE``, ``__GENUS`` and the like,
    of GetText(1)) becomes the instance's path and namespace.

    Raises:
        InvalidEmbeddedInstance: It is no INSTANCE, or a value is not of its type.
    """
    try:
        return _instance(read(text))
    except (InvalidXml, InvalidCimValue) as error:
        raise InvalidEmbeddedInstance(
            f"an embedded instance can't be read: {error.what}"
        ) from None


def _instance(element: Element) -> CimInstance:
    if element.name.local != "INSTANCE":
        raise InvalidXml(f"it is a {element.name.local[:60]!r}, not an INSTANCE")
    values: dict[str, Any] = {}
    types: dict[str, str] = {}
    system: dict[str, Any] = {}
    for child in element.children:
        reader = _READERS.get(child.name.local)
        if reader is None:
            continue
        name = _attribute(child, "NAME")
        kind, value = reader(child)
        if name.startswith("__"):
            system[name.upper()] = value
        else:
            values[name], types[name] = value, kind
    return CimInstance(
        _attribute(element, "CLASSNAME"),
        values,
        namespace=_namespace(system.get("__NAMESPACE")),
        types=types,
        path=_path(system.get("__PATH")),
    )


def _namespace(value: Any) -> str | None:
    return value.replace("\\", "/") if isinstance(value, str) else None


def _path(value: Any) -> InstancePath | None:
    try:
        return InstancePath.parse(value) if isinstance(value, str) else None
    except InvalidInstancePath:
        return None


def _attribute(element: Element, name: str) -> str:
    value = element.attributes.get(Name("", name))
    if value is None:
        raise InvalidXml(f"{element.name.local} has no {name}")
    return value


def _scalar(element: Element) -> tuple[str, Any]:
    kind = _attribute(element, "TYPE")
    value = element.child(Name("", "VALUE"))
    return kind, None if value is None else decode(value.text, kind)


def _array(element: Element) -> tuple[str, Any]:
    kind = _attribute(element, "TYPE")
    array = element.child(Name("", "VALUE.ARRAY"))
    if array is None:
        return f"{kind}[]", None
    items = [
        None if item.name.local == "VALUE.NULL" else decode(item.text, kind)
        for item in array.children
    ]
    return f"{kind}[]", collect(items, kind)


def _reference(element: Element) -> tuple[str, Any]:
    """A reference as the text of a path, which is how WMI writes it."""
    value = element.child(Name("", "VALUE.REFERENCE"))
    if value is None:
        return REFERENCE, None
    try:
        return REFERENCE, InstancePath.parse(value.token)
    except InvalidInstancePath as error:
        raise InvalidCimValue(error.what) from None


def _object(element: Element) -> tuple[str, Any]:
    return OBJECT, next(_objects(element), None)


def _object_array(element: Element) -> tuple[str, Any]:
    array = element.child(Name("", "VALUE.OBJECTARRAY"))
    return f"{OBJECT}[]", None if array is None else list(_objects(array))


def _objects(element: Element) -> Iterator[CimInstance]:
    for value in element.children:
        yield from (_instance(child) for child in value.children)


_READERS = {
    "PROPERTY": _scalar,
    "PROPERTY.ARRAY": _array,
    "PROPERTY.REFERENCE": _reference,
    "PROPERTY.OBJECT": _object,
    "PROPERTY.OBJECTARRAY": _object_array,
}
