# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parameters of a method, as a request's body holds them.

A reference holds a:Address and a:ReferenceParameters directly; one more
a:EndpointReference around them is refused, and so is an instance written as elements
where a string is expected (both seen by the author of r4sd/go-wsman on a real host).
"""

from __future__ import annotations

import re
from base64 import b64decode
from datetime import datetime, timedelta
from typing import Any

from lxml import etree

from hvsim.encoding import parse_dmtf
from hvsim.faults import Code, Fault
from hvsim.namespaces import DMTF, WMI, qname
from hvsim.soap import Request, elements
from hvsim.wmi.embedded import convert
from hvsim.wmi.errors import InvalidMethodParameters
from hvsim.wmi.registry import Values
from hvsim.wmi.schema import MethodType, PropertyType, normalized
from hvsim.wmi.values import ObjectPath, Value

_NIL = qname("xsi:nil")
_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?"
    r"(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def _local(element: etree._Element) -> str:
    return str(etree.QName(element).localname)


def read_parameters(request: Request, declared: MethodType) -> Values:
    """The parameters in, by their declared names.

    The wrapper's name counts, its namespace does not (virt-who sends a wrong one).

    Raises:
        Fault: The body does not fit the method (SchemaValidationError).
        InvalidMethodParameters: A value is not of the parameter's type.
    """
    body = request.body
    if body is None:
        return {}
    if _local(body).lower() != f"{declared.name}_INPUT".lower():
        raise Fault(Code.SCHEMA_VALIDATION_ERROR)
    values: Values = {}
    for child in elements(body):
        kind = declared.find_input(_local(child))
        if kind is None:
            raise Fault(Code.SCHEMA_VALIDATION_ERROR)
        if child.get(_NIL) in ("true", "1"):
            values.setdefault(kind.name, None)
        elif kind.is_array:
            if values.get(kind.name) is None:
                values[kind.name] = []
            values[kind.name] += _items(child, kind, declared)
        elif kind.name in values:
            raise Fault(Code.SCHEMA_VALIDATION_ERROR)
        else:
            values[kind.name] = _read(child, kind, declared)
    return values


def _items(
    element: etree._Element, kind: PropertyType, declared: MethodType
) -> list[Value]:
    """What one element of an array holds: one item, or bytes in Base64.

    A byte has three digits at most, Base64 four characters at least; both are taken,
    as what Windows takes of bytes is not documented.
    """
    text = "".join((element.text or "").split())
    if kind.cim_type == "uint8" and len(text) > 3:
        try:
            return list(b64decode(text, validate=True))
        except ValueError:
            raise InvalidMethodParameters(f"{declared.name}.{kind.name}") from None
    return [_read(element, kind, declared)]


def _read(element: etree._Element, kind: PropertyType, declared: MethodType) -> Value:
    if kind.cim_type == "reference":
        return read_reference(element)
    inner = list(elements(element))
    if kind.cim_type == "object":
        return {_local(child): child.text or "" for child in inner}
    if kind.cim_type == "datetime":
        text = "".join(element.itertext()).strip()
        return _datetime(text, declared)
    if inner:
        raise Fault(Code.SCHEMA_VALIDATION_ERROR)
    try:
        return _scalar(kind.cim_type, element.text or "")
    except ValueError:
        raise InvalidMethodParameters(f"{declared.name}.{kind.name}") from None


def _scalar(cim_type: str, text: str) -> Value:
    if cim_type == "boolean" and text.strip() in ("0", "1"):
        return text.strip() == "1"
    return convert(cim_type, text)


def _datetime(text: str, declared: MethodType) -> datetime | timedelta:
    """xs:dateTime, xs:duration, or CIM's own form."""
    try:
        if match := _DURATION.fullmatch(text):
            parts = {
                name: float(value or 0) for name, value in match.groupdict().items()
            }
            return timedelta(**parts)
        if re.match(r"\d{4}-", text):
            return datetime.fromisoformat(text.replace("Z", "+00:00"))
        return parse_dmtf(text)
    except (ValueError, OverflowError):
        raise InvalidMethodParameters(f"{declared.name}: {text}") from None


def read_reference(element: Any) -> ObjectPath:
    """The path that an endpoint reference's children hold.

    Raises:
        Fault: It holds something else.
    """
    parameters = element.find(qname("a:ReferenceParameters"))
    if parameters is None:
        raise Fault(Code.SCHEMA_VALIDATION_ERROR)
    uri = (parameters.findtext(qname("w:ResourceURI")) or "").strip()
    keys, namespace = [], ""
    for selector in parameters.iterfind(
        f"{qname('w:SelectorSet')}/{qname('w:Selector')}"
    ):
        name, value = selector.get("Name") or "", selector.text or ""
        if name.lower() == "__cimnamespace":
            namespace = value
        else:
            keys.append((name, value))
    if uri.lower().startswith(WMI.lower()):
        namespace, _, class_name = uri[len(WMI) :].rpartition("/")
    elif uri.lower().startswith(DMTF.lower()):
        class_name = uri[len(DMTF) :]
    else:
        raise Fault(Code.INVALID_RESOURCE_URI)
    return ObjectPath(normalized(namespace), class_name, tuple(keys))
