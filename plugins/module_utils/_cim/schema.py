# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the schema says of a class: CIM types, keys, and so the path of an instance.

WS-Management sends values without their types, and an array of one like a scalar. The
table of classes.py is what gives them back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

from .classes import TABLE
from .instance import CimInstance, InstancePath


@dataclass
class _Class:
    """What the table says of one class itself."""

    name: str
    superclass: str
    keys: tuple[str, ...] = ()
    types: dict[str, str] = field(default_factory=dict)
    results: dict[str, dict[str, str]] = field(default_factory=dict)


@cache
def types_of(class_name: str) -> Mapping[str, str]:
    """CIM types by lower-case property name, inherited ones too.

    Args:
        class_name: The class, any case; an unknown one has no types.

    Returns:
        Such as ``{"name": "string", "operationalstatus": "uint16[]"}``.
    """
    known = _classes().get(class_name.lower())
    if known is None:
        return MappingProxyType({})
    inherited = types_of(known.superclass) if known.superclass else {}
    return MappingProxyType({**inherited, **known.types})


@cache
def results_of(class_name: str, method: str) -> Mapping[str, str]:
    """CIM types by lower-case name of what a method returns.

    The ReturnValue of every method of the table's classes is a uint32; of an unknown
    class nothing is known. Strings and single references are left out: they need no
    type to be read.
    """
    known = _classes().get(class_name.lower())
    found = {"returnvalue": "uint32"} if known else {}
    while known is not None:
        if method.lower() in known.results:
            return MappingProxyType({**found, **known.results[method.lower()]})
        known = _classes().get(known.superclass.lower())
    return MappingProxyType(found)


def keys_of(class_name: str) -> tuple[str, ...]:
    """The names of a class's keys in WMI's order; none for an unknown class."""
    known = _classes().get(class_name.lower())
    while known is not None:
        if known.keys:
            return known.keys
        known = _classes().get(known.superclass.lower())
    return ()


def is_a(class_name: str, superclass: str) -> bool:
    """Whether a class is another one, or one of its subclasses; not if unknown."""
    known = _classes().get(class_name.lower())
    while known is not None:
        if known.name.lower() == superclass.lower():
            return True
        known = _classes().get(known.superclass.lower())
    return False


def path_of(instance: CimInstance) -> InstancePath | None:
    """The path of an instance: the one it came with, or one made of its keys.

    Returns:
        None where the class's keys are not known, or a key is not there.
    """
    if instance.path is not None:
        return instance.path
    keys = keys_of(instance.class_name)
    if not keys or any(instance.get(key) is None for key in keys):
        return None
    pairs = tuple((key, instance[key]) for key in keys)
    return InstancePath(instance.namespace or "", instance.class_name, pairs)


@cache
def _classes() -> Mapping[str, _Class]:
    """The table, read once; by lower-case name."""
    classes: dict[str, _Class] = {}
    for line in TABLE.replace("\n    ", " ").splitlines():
        if not line.startswith(" "):
            name, _colon, superclass = line.partition(" : ")
            current = classes[name.lower()] = _Class(name, superclass)
        else:
            _add(current, line.split())
    return classes


def _add(known: _Class, words: list[str]) -> None:
    """One line of a class: its first word says what the others are."""
    head, names = words[0], words[1:]
    if head == "key:":
        known.keys = tuple(names)
    elif head.endswith("()"):
        pairs = (name.lower().split("=") for name in names)
        known.results[head[:-2].lower()] = dict(pairs)
    else:
        known.types.update((name.lower(), head[:-1]) for name in names)
