# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances and object paths: the values that pass between model and wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hvsim.wmi.errors import InvalidObjectPath
from hvsim.wmi.schema import CimClass, normalized

Value = Any
"""bool, int, float, str, aware datetime, timedelta (an interval), ObjectPath (a
reference), Instance (an embedded object), a list of those, or None."""


@dataclass(frozen=True)
class ObjectPath:
    """The path of an instance: namespace, class, keys. Equal without case."""

    namespace: str
    class_name: str
    keys: tuple[tuple[str, str], ...]
    """Names and values; the value of a key that is a reference is a path's text."""
    host: str = ""

    @cached_property
    def identity(self) -> tuple[object, ...]:
        """What two paths of one instance have in common."""
        return (
            normalized(self.namespace),
            self.class_name.lower(),
            frozenset((name.lower(), value.lower()) for name, value in self.keys),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObjectPath) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    @property
    def relative(self) -> str:
        """Msvm_X.Key="value": what __RELPATH holds."""
        keys = ",".join(f'{name}="{_escape(value)}"' for name, value in self.keys)
        return f"{self.class_name}.{keys}" if keys else f"{self.class_name}=@"

    def __str__(self) -> str:
        namespace = self.namespace.replace("/", "\\")
        if not self.host:
            return f"{namespace}:{self.relative}"
        return f"\\\\{self.host}\\{namespace}:{self.relative}"

    @classmethod
    def parse(cls, text: str, default_namespace: str = "") -> ObjectPath:
        """Read a path: host and namespace may be absent, slashes lean either way.

        Raises:
            InvalidObjectPath: It has another form. In a key's value a backslash and
                a quote are written with a backslash before them.
        """
        host, namespace, rest = _split_path(text, default_namespace)
        name, separator, keys = rest.partition(".")
        if not separator and "=" in name:
            raise InvalidObjectPath(text)
        if not name or not name.replace("_", "a").isalnum():
            raise InvalidObjectPath(text)
        return cls(namespace, name, tuple(_read_keys(keys, text)), host)


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _split_path(text: str, default_namespace: str) -> tuple[str, str, str]:
    quote = min((p for p in (text.find('"'), text.find("'")) if p >= 0), default=None)
    colon = text.find(":", 0, quote)
    if colon < 0:
        return "", default_namespace, text
    namespace = text[:colon].replace("\\", "/")
    host = ""
    if namespace.startswith("//"):
        host, separator, namespace = namespace[2:].partition("/")
        if not separator:
            raise InvalidObjectPath(text)
    return host, namespace, text[colon + 1 :]


def _read_keys(text: str, whole: str) -> Iterable[tuple[str, str]]:
    position = 0
    while position < len(text):
        name, separator, _ = text[position:].partition("=")
        position += len(name) + 1
        if not separator or not name.strip():
            raise InvalidObjectPath(whole)
        value, position = _read_value(text, position, whole)
        yield name.strip(), value
        if position < len(text):
            if text[position] != ",":
                raise InvalidObjectPath(whole)
            position += 1


def _read_value(text: str, position: int, whole: str) -> tuple[str, int]:
    quote = text[position : position + 1]
    if quote not in ('"', "'"):
        end = text.find(",", position)
        end = len(text) if end < 0 else end
        return text[position:end].strip(), end
    characters: list[str] = []
    position += 1
    while position < len(text):
        character = text[position]
        if character == quote:
            return "".join(characters), position + 1
        if character == "\\":
            position += 1
            character = text[position : position + 1]
            if character not in ("\\", '"', "'"):
                raise InvalidObjectPath(whole)
        characters.append(character)
        position += 1
    raise InvalidObjectPath(whole)


class Instance:
    """An instance of a class: the values that aren't null, by declared name."""

    __slots__ = ("_lower", "cim_class", "host", "values")

    def __init__(
        self, cim_class: CimClass, values: Mapping[str, Value], host: str = ""
    ) -> None:
        self.cim_class = cim_class
        self.values = values
        self.host = host
        self._lower: dict[str, Value] | None = None

    def get(self, name: str) -> Value:
        """The value of the property of that name, or None."""
        if name in self.values:
            return self.values[name]
        if self._lower is None:
            self._lower = {key.lower(): value for key, value in self.values.items()}
        return self._lower.get(name.lower())

    @property
    def path(self) -> ObjectPath:
        """The path of the instance."""
        keys = tuple((k, key_text(self.get(k))) for k in self.cim_class.keys)
        cim_class = self.cim_class
        return ObjectPath(cim_class.namespace, cim_class.name, keys, self.host)


def key_text(value: Value) -> str:
    """A key's value as the text that paths and selectors hold."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
