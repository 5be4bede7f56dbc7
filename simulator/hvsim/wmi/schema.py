# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The classes that hvsim knows: parents, keys, properties, methods.

classes.json is made by tools/derive_schema.py; names are found without case, as WMI
finds them ([MS-WMIO] 2.2).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib import resources
from typing import Any

from hvsim.wmi.errors import InvalidClass, InvalidNamespace

CIMV2 = "root/cimv2"
DEFAULT = "root/default"
VIRTUALIZATION = "root/virtualization/v2"
SINGLETONS = {"win32_operatingsystem"}
"""Classes with the qualifier Singleton: one instance, read without keys."""


def normalized(namespace: str) -> str:
    """A namespace with forward slashes, in lower case, with root/ before it."""
    text = namespace.replace("\\", "/").strip("/").lower()
    return text if text == "root" or text.startswith("root/") else f"root/{text}"


@dataclass(frozen=True)
class PropertyType:
    """A property or parameter: its CIM type, and whether it is an array."""

    name: str
    cim_type: str
    is_array: bool = False
    target: str = ""
    """The class of a reference or of an embedded object."""

    @classmethod
    def parse(cls, text: str) -> PropertyType:
        """Read "Name:type[]" as classes.json has it."""
        name, _, kind = text.partition(":")
        is_array = kind.endswith("[]")
        kind, _, target = kind.removesuffix("[]").partition("=")
        kind = {"ref": "reference"}.get(kind, kind)
        return cls(name, kind, is_array, target)


@dataclass(frozen=True)
class MethodType:
    """A method: its parameters in and out, in the order of the MOF."""

    name: str
    inputs: tuple[PropertyType, ...]
    outputs: tuple[PropertyType, ...]

    @classmethod
    def parse(cls, name: str, parameters: list[str]) -> MethodType:
        """Read the "in Name:type" lines of classes.json."""
        read = [
            (way, PropertyType.parse(text))
            for way, _, text in (line.partition(" ") for line in parameters)
        ]
        return cls(
            name,
            tuple(item for way, item in read if way != "out"),
            tuple(item for way, item in read if way != "in"),
        )

    def find_input(self, name: str) -> PropertyType | None:
        """The parameter of that name, found without case."""
        lower = name.lower()
        return next((i for i in self.inputs if i.name.lower() == lower), None)


@dataclass(frozen=True, eq=False)
class CimClass:
    """A class with all that it declares or inherits."""

    name: str
    namespace: str
    lineage: tuple[str, ...]
    """The names of its ancestors, the parent first."""
    keys: tuple[str, ...]
    is_association: bool
    properties: dict[str, PropertyType] = field(repr=False)
    """All properties by lower-case name, in the order of the wire: alphabetical."""
    methods: dict[str, MethodType] = field(repr=False)

    @property
    def uri(self) -> str:
        """The resource URI of the class."""
        prefix = "http://schemas.microsoft.com/wbem/wsman/1/wmi"
        return f"{prefix}/{self.namespace}/{self.name}"

    @property
    def is_singleton(self) -> bool:
        """Whether its one instance is read without keys."""
        return self.name.lower() in SINGLETONS

    @cached_property
    def line(self) -> frozenset[str]:
        """Its own name and those of its ancestors, in lower case."""
        return frozenset(name.lower() for name in (self.name, *self.lineage))

    def is_a(self, name: str) -> bool:
        """Whether it is that class or derived from it."""
        return name.lower() in self.line

    def property(self, name: str) -> PropertyType | None:
        """The property of that name, found without case."""
        return self.properties.get(name.lower())


class Schema:
    """The classes of one namespace."""

    def __init__(self, namespace: str, classes: dict[str, CimClass]) -> None:
        self.namespace = namespace
        self._classes = classes
        self._derived: dict[str, tuple[CimClass, ...]] = {}

    def __iter__(self) -> Iterator[CimClass]:
        return iter(self._classes.values())

    def find(self, name: str) -> CimClass:
        """The class of that name. Raises InvalidClass."""
        try:
            return self._classes[name.lower()]
        except KeyError:
            raise InvalidClass(name) from None

    def with_derived(self, name: str) -> tuple[CimClass, ...]:
        """The class and all that derive from it: an enumeration is polymorphic."""
        found = self.find(name).name.lower()
        if found not in self._derived:
            self._derived[found] = tuple(c for c in self if found in c.line)
        return self._derived[found]


@lru_cache
def schemas() -> dict[str, Schema]:
    """All namespaces, by normalized name."""
    text = resources.files("hvsim.wmi").joinpath("classes.json").read_text("utf-8")
    return {name: _schema(name, data) for name, data in json.loads(text).items()}


def schema(namespace: str) -> Schema:
    """The classes of a namespace. Raises InvalidNamespace."""
    try:
        return schemas()[normalized(namespace)]
    except KeyError:
        raise InvalidNamespace(namespace) from None


def _schema(namespace: str, data: dict[str, Any]) -> Schema:
    return Schema(
        namespace, {name.lower(): _class(namespace, name, data) for name in data}
    )


def _class(namespace: str, name: str, data: dict[str, Any]) -> CimClass:
    line = [name]
    while parent := data[line[-1]]["super"]:
        line.append(parent)
    properties: dict[str, PropertyType] = {}
    methods: dict[str, MethodType] = {}
    for ancestor in reversed(line):
        for key, kind in data[ancestor]["properties"].items():
            properties[key.lower()] = PropertyType.parse(f"{key}:{kind}")
        for key, parameters in data[ancestor]["methods"].items():
            methods[key.lower()] = MethodType.parse(key, parameters)
    return CimClass(
        name=name,
        namespace=namespace,
        lineage=tuple(line[1:]),
        keys=next((tuple(data[c]["keys"]) for c in line if data[c]["keys"]), ()),
        is_association=any(data[c]["association"] for c in line),
        properties=dict(sorted(properties.items())),
        methods=methods,
    )
