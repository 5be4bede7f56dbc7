# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an instance meets a condition of a query.

Text compares without case; numbers also against strings that hold one; datetimes
against CIM's own form. A comparison with null is never true (that its contrary under
NOT is then true is not documented; WMI's logic has two values).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hvsim.encoding import parse_dmtf
from hvsim.wmi.errors import InvalidObjectPath, InvalidQuery
from hvsim.wmi.schema import CimClass, PropertyType
from hvsim.wmi.values import Instance, ObjectPath, Value
from hvsim.wmi.wql import (
    And,
    Comparison,
    Condition,
    Isa,
    IsNull,
    Like,
    Literal,
    Not,
    Or,
    like_pattern,
)

Test = Callable[[Instance], bool]
SYSTEM_PROPERTIES = {
    name.lower(): PropertyType(name, kind, is_array)
    for name, kind, is_array in (
        ("__CLASS", "string", False),
        ("__DERIVATION", "string", True),
        ("__DYNASTY", "string", False),
        ("__GENUS", "sint32", False),
        ("__NAMESPACE", "string", False),
        ("__PATH", "string", False),
        ("__PROPERTY_COUNT", "sint32", False),
        ("__RELPATH", "string", False),
        ("__SERVER", "string", False),
        ("__SUPERCLASS", "string", False),
    )
}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def value_of(instance: Instance, name: str) -> Value:
    """The value of a property, by its declared name, or of a system property."""
    if not name.startswith("__"):
        return instance.values.get(name)
    cim_class, path = instance.cim_class, instance.path
    line = (cim_class.name, *cim_class.lineage)
    return {
        "__class": cim_class.name,
        "__derivation": list(cim_class.lineage),
        "__dynasty": line[-1],
        "__genus": 2,
        "__namespace": cim_class.namespace.replace("/", "\\"),
        "__path": str(path),
        "__property_count": len(cim_class.properties),
        "__relpath": path.relative,
        "__server": instance.host,
        "__superclass": cim_class.lineage[0] if cim_class.lineage else None,
    }.get(name.lower())


def property_type(cim_class: CimClass, name: str) -> PropertyType:
    """The property or system property of that name. Raises InvalidQuery."""
    found = cim_class.property(name) or SYSTEM_PROPERTIES.get(name.lower())
    if found is None:
        raise InvalidQuery(f"{cim_class.name} has no property {name}.")
    return found


def compile_condition(condition: Condition | None, cim_class: CimClass) -> Test:
    """A condition as a function of an instance.

    Raises:
        InvalidQuery: It names a property that the class does not have, or one that
            can't be compared so (an array, a number with a word).
    """
    if condition is None:
        return lambda instance: True
    if isinstance(condition, Not):
        inner = compile_condition(condition.operand, cim_class)
        return lambda instance: not inner(instance)
    if isinstance(condition, And | Or):
        tests = [compile_condition(item, cim_class) for item in condition.operands]
        join = all if isinstance(condition, And) else any
        return lambda instance: join(test(instance) for test in tests)
    if isinstance(condition, Isa):
        return _isa(condition, cim_class)
    kind = property_type(cim_class, condition.property)
    name = kind.name
    if isinstance(condition, IsNull):
        return lambda instance: value_of(instance, name) in (None, [])
    if kind.is_array or kind.cim_type == "object":
        raise InvalidQuery(f"{name} can't be compared.")
    if isinstance(condition, Like):
        return _like(name, kind, condition.pattern)
    return _comparison(name, kind, condition)


def _isa(condition: Isa, cim_class: CimClass) -> Test:
    class_name = condition.class_name
    if condition.property.lower() == "__this":
        return lambda instance: instance.cim_class.is_a(class_name)
    name = property_type(cim_class, condition.property).name

    def test(instance: Instance) -> bool:
        value = value_of(instance, name)
        return isinstance(value, Instance) and value.cim_class.is_a(class_name)

    return test


def _like(name: str, kind: PropertyType, pattern: str) -> Test:
    if kind.cim_type not in ("string", "reference", "datetime"):
        raise InvalidQuery(f"LIKE is for strings, which {name} is not.")
    expression = like_pattern(pattern)

    def test(instance: Instance) -> bool:
        value = value_of(instance, name)
        return value is not None and bool(expression.fullmatch(str(value)))

    return test


def _comparison(name: str, kind: PropertyType, condition: Comparison) -> Test:
    if condition.literal is None:
        if condition.operator not in ("=", "<>"):
            raise InvalidQuery("NULL is equal or not equal, nothing else.")
        is_null = condition.operator == "="
        return lambda instance: (value_of(instance, name) is None) == is_null
    wanted = _converted(kind, condition.literal)
    compare = _ORDER[condition.operator]
    fold = kind.cim_type == "string"

    def test(instance: Instance) -> bool:
        value = value_of(instance, name)
        if value is None:
            return False
        if fold:
            return compare(str(value).casefold(), wanted)
        if isinstance(value, datetime | timedelta) and type(value) is not type(wanted):
            return condition.operator == "<>"
        return compare(value, wanted)

    return test


def _converted(kind: PropertyType, literal: Literal) -> Value:
    """A literal as a value of the property's type. Raises InvalidQuery."""
    try:
        return _CONVERSIONS.get(kind.cim_type, _to_number)(literal)
    except (ValueError, InvalidObjectPath):
        raise InvalidQuery(f"{literal!r} is no value of {kind.name}.") from None


def _to_number(literal: Literal) -> int | float:
    if isinstance(literal, str):
        if not re.fullmatch(r"\s*[-+]?(\d+|0[xX][0-9a-fA-F]+)\s*", literal):
            raise ValueError(literal)
        text = literal.strip().lower()
        return int(text, 16) if "x" in text else int(text)
    assert literal is not None
    return int(literal) if isinstance(literal, bool) else literal


def _to_boolean(literal: Literal) -> bool:
    if isinstance(literal, str):
        if literal.strip().lower() not in ("true", "false", "0", "1"):
            raise ValueError(literal)
        return literal.strip().lower() in ("true", "1")
    return bool(literal)


def _to_text(literal: Literal) -> str:
    if isinstance(literal, bool):
        return "true" if literal else "false"
    return str(literal).casefold()


def _to_datetime(literal: Literal) -> datetime | timedelta:
    return parse_dmtf(str(literal))


def _to_path(literal: Literal) -> ObjectPath:
    return ObjectPath.parse(str(literal), "root/virtualization/v2")


_CONVERSIONS: dict[str, Callable[[Literal], Value]] = {
    "string": _to_text,
    "boolean": _to_boolean,
    "datetime": _to_datetime,
    "reference": _to_path,
    "char16": _to_text,
}
