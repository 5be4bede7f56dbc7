# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances inside strings: the INSTANCE element of DSP0201, WMI's "DTD 2.0" text.

What a provider makes of a text with mistakes in it was tried on a real host and told
by the author of r4sd/go-wsman: a TYPE that isn't the declared one, named entities in
values, an array property written as a scalar each end with an error of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from lxml import etree

from hvsim.encoding import dmtf_text, escape, parse_dmtf
from hvsim.wmi.errors import InvalidClass
from hvsim.wmi.schema import CimClass, PropertyType, Schema
from hvsim.wmi.values import Instance, Value

FAILED, INVALID_PARAMETER, INCORRECT_DATA_TYPE = 32768, 32773, 32776
_NAMED = {"&amp;": "&", "&lt;": "<", "&quot;": '"', "&apos;": "'"}
_RANGES = {f"uint{n}": (0, 2**n - 1) for n in (8, 16, 32, 64)} | {
    f"sint{n}": (-(2 ** (n - 1)), 2 ** (n - 1) - 1) for n in (8, 16, 32, 64)
}


class EmbeddedError(Exception):
    """A text that a provider can't use: what its job then has as ErrorCode."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def to_text(instance: Instance) -> str:
    """An instance as INSTANCE text, as recorded answers have it."""
    parts = []
    for kind in instance.cim_class.properties.values():
        value = instance.values.get(kind.name)
        tag = "PROPERTY.ARRAY" if kind.is_array else "PROPERTY"
        cim_type = "string" if kind.cim_type == "object" else kind.cim_type
        inside = "" if value is None else _value(kind, value)
        mark = ' PROPAGATED="true"' if value is None else ""
        parts.append(
            f'<{tag} NAME="{kind.name}"{mark} TYPE="{cim_type}">{inside}</{tag}>'
        )
    name = instance.cim_class.name
    return f'<INSTANCE CLASSNAME="{name}">{"".join(parts)}</INSTANCE>'


def _value(kind: PropertyType, value: Value) -> str:
    if kind.is_array:
        items = "".join(f"<VALUE>{_text(item)}</VALUE>" for item in value)
        return f"<VALUE.ARRAY>{items}</VALUE.ARRAY>"
    return f"<VALUE>{_text(value)}</VALUE>"


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime | timedelta):
        return dmtf_text(value)
    return escape(str(value))


def parse(text: str, schema: Schema) -> Instance:
    """Read INSTANCE text as a provider does.

    Raises:
        EmbeddedError: With 32768, 32773 or 32776, as told above.
    """
    if "&lt;" in text:
        raise EmbeddedError(INVALID_PARAMETER, "The parameter is not valid.")
    # The provider's parser undoes named entities once more than it should.
    unescaped = re.sub("&(amp|quot|apos);", lambda m: _NAMED[m[0]], text)
    try:
        root = etree.fromstring(unescaped.encode(), _parser())
    except (etree.XMLSyntaxError, ValueError):
        raise EmbeddedError(FAILED, "The instance text is not well-formed.") from None
    if root.tag != "INSTANCE" or root.getroottree().docinfo.doctype:
        raise EmbeddedError(INVALID_PARAMETER, "The parameter is no INSTANCE.")
    try:
        cim_class = schema.find(root.get("CLASSNAME") or "")
    except InvalidClass as error:
        raise EmbeddedError(INVALID_PARAMETER, error.message) from None
    return Instance(cim_class, dict(_properties(root, cim_class)))


def _parser() -> Any:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def _properties(root: Any, cim_class: CimClass) -> Iterator[tuple[str, Value]]:
    for child in root:
        if child.tag not in ("PROPERTY", "PROPERTY.ARRAY"):
            if child.tag == "QUALIFIER":
                continue
            raise EmbeddedError(INVALID_PARAMETER, f"{child.tag} is not expected.")
        name = child.get("NAME") or ""
        if name.startswith("__"):
            continue
        kind = cim_class.property(name)
        if kind is None:
            raise EmbeddedError(
                INVALID_PARAMETER, f"{cim_class.name} has no property {name}."
            )
        yield kind.name, _read_property(child, kind)


def _read_property(child: Any, kind: PropertyType) -> Value:
    if (child.tag == "PROPERTY.ARRAY") != kind.is_array:
        raise EmbeddedError(INCORRECT_DATA_TYPE, f"{kind.name}: incorrect data type.")
    if (child.get("TYPE") or "").lower() != kind.cim_type:
        raise EmbeddedError(FAILED, f"{kind.name}: type mismatch.")
    if kind.is_array:
        array = child.find("VALUE.ARRAY")
        if array is None:
            return None
        return [_read(kind, item.text or "") for item in array.findall("VALUE")]
    value = child.find("VALUE")
    return None if value is None else _read(kind, value.text or "")


def _read(kind: PropertyType, text: str) -> Value:
    try:
        return convert(kind.cim_type, text)
    except ValueError:
        raise EmbeddedError(FAILED, f"{kind.name}: {text!r} is no value.") from None


def convert(cim_type: str, text: str) -> Value:
    """A text as the value of a CIM type.

    Raises:
        ValueError: It is none.
    """
    if cim_type == "boolean":
        if text.strip().lower() not in ("true", "false"):
            raise ValueError(text)
        return text.strip().lower() == "true"
    if cim_type in _RANGES:
        number = int(text.strip())
        low, high = _RANGES[cim_type]
        if not low <= number <= high:
            raise ValueError(text)
        return number
    if cim_type in ("real32", "real64"):
        return float(text)
    if cim_type == "datetime":
        return parse_dmtf(text.strip())
    return text
