# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""Instances and the paths that name them.

A path is written as WMI does (Win32, "Describing a WMI Object Path"):
``\\HOST\root\virtualization\v2:Msvm_X.InstanceID="Microsoft:GUID\\0"``, with
backslashes and quotes doubled up within the quotes. Host and namespace may be missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Union

from .._core.errors import HypervisorConnectError
from .types import (
    InvalidCimValue,
    collect,
    decode,
    decode_base64,
    element_type,
    is_array,
    is_base64,
)

KeyValue = Union[str, int, bool, "InstancePath"]
"""A key's value; in an association it is the path of another instance."""

_HEAD = re.compile(
    r"(?:[\\/]{2}(?P<host>[^\\/:\"']+)[\\/])?"
    r"(?:(?P<namespace>[^:.=\"']+):)?"
    r"(?P<class_name>[A-Za-z_][A-Za-z0-9_]*)"
)
_KEY = re.compile(
    r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)?\s*=\s*"
    r"(?:\"(?P<double>(?:[^\"\\]|\\.)*)\"|'(?P<single>(?:[^'\\]|\\.)*)'"
    r"|(?P<number>[+-]?[0-9]{1,20})|(?P<word>true|false))\s*",
    re.IGNORECASE | re.DOTALL,
)


class InvalidInstancePath(HypervisorConnectError):
    """Text that is no path of an instance."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(
            f"{text[:200]!r} is no path of a WMI instance: {why}",
            remedy='write NAMESPACE:CLASS.KEY="VALUE",KEY="VALUE"',
        )


@dataclass(frozen=True)
class InstancePath:
    r"""The name of one instance.

    Attributes:
        namespace: With slashes, ``root/virtualization/v2``; empty for a relative path.
            For a resource that is not WMI's, its URI up to the last slash.
        class_name: The class.
        keys: Names and values in order; none for the only instance of a class. The one
            name may be empty, as in ``Win32_LogicalDisk="C:"``.
        host: The server that the path names, or None.
    """

    namespace: str
    class_name: str
    keys: tuple[tuple[str, KeyValue], ...] = ()
    host: str | None = None

    @classmethod
    def parse(cls, text: str) -> InstancePath:
        """Read a path, absolute or relative.

        Raises:
            InvalidInstancePath: It is none.
        """
        head = _HEAD.match(text)
        if head is None:
            raise InvalidInstancePath(text, "it names no class")
        return cls(
            namespace=(head["namespace"] or "").replace("\\", "/").strip("/"),
            class_name=head["class_name"],
            keys=tuple(_keys(text, head.end())),
            host=head["host"],
        )

    def __str__(self) -> str:
        """The path as WMI writes it."""
        head = self.namespace.replace("/", "\\")
        if self.host:
            head = f"\\\\{self.host}\\{head}"
        return f"{head}:{self.relative}" if head else self.relative

    @property
    def relative(self) -> str:
        """The path without host and namespace, as ASSOCIATORS OF takes it."""
        if not self.keys:
            return f"{self.class_name}=@"
        keys = ",".join(f"{name}={_key_text(value)}" for name, value in self.keys)
        return f"{self.class_name}{'.' if self.keys[0][0] else ''}{keys}"

    @property
    def selectors(self) -> dict[str, str | InstancePath]:
        """The keys as WS-Management's selectors.

        Raises:
            InvalidInstancePath: A key has no name.
        """
        if any(not name for name, _value in self.keys):
            raise InvalidInstancePath(str(self), "the name of its key is missing")
        return {name: selector_value(value) for name, value in self.keys}

    def key(self, name: str) -> KeyValue | None:
        """The value of a key, whatever the case of its name; None without one."""
        wanted = name.lower()
        return next((value for key, value in self.keys if key.lower() == wanted), None)

    @property
    def identity(self) -> tuple[Any, ...]:
        """Equal for two paths of one instance: without host, order and case.

        WMI compares all of these without case, and hosts do spell them differently.
        """
        keys = frozenset(
            (name.lower(), _key_identity(value)) for name, value in self.keys
        )
        return self.namespace.lower(), self.class_name.lower(), keys


def selector_value(value: KeyValue) -> str | InstancePath:
    """A key's value as text, or as the path that it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else value


def _keys(text: str, position: int) -> Iterator[tuple[str, KeyValue]]:
    """The keys from where the class's name ends."""
    rest = text[position:].strip()
    if rest in ("", "=@"):
        return
    if text[position] not in ".=":
        raise InvalidInstancePath(text, "the class's name is not followed by . or =")
    position += text[position] == "."
    while True:
        found = _KEY.match(text, position)
        if found is None:
            raise InvalidInstancePath(text, f"no key begins at character {position}")
        yield found["name"] or "", _key_value(found)
        position = found.end()
        if position == len(text):
            return
        if text[position] != ",":
            raise InvalidInstancePath(text, f"no comma at character {position}")
        position += 1


def _key_value(found: re.Match[str]) -> KeyValue:
    if found["number"] is not None:
        return int(found["number"])
    if found["word"] is not None:
        return found["word"].lower() == "true"
    quoted = found["double"] if found["double"] is not None else found["single"]
    return re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)


def _key_text(value: KeyValue) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _key_identity(value: KeyValue) -> Any:
    """Numbers as text: a selector has no other way to write them."""
    if isinstance(value, InstancePath):
        return value.identity
    return str(selector_value(value)).lower()


class CimInstance(Mapping[str, Any]):
    """An instance, or a row of chosen properties: values by property name.

    Names are looked up without regard to case; the case and the order in which they
    came are kept. A value is bool, int, float, str, an aware datetime, a timedelta
    (an interval), bytes (octets), InstancePath (a reference), CimInstance (an embedded
    instance), None (NULL), or a list of those (an array). WMI leaves NULL and empty
    arrays out of what it sends; ``array`` reads them as the empty list.

    Attributes:
        class_name: The class as the server spells it; empty where it did not tell.
        namespace: Such as ``root/virtualization/v2``, or None.
        types: CIM types by property name where they are known.
        path: The path that came with the instance, or None.
    """

    __slots__ = ("_names", "_values", "class_name", "namespace", "path", "types")

    def __init__(
        self,
        class_name: str,
        properties: Mapping[str, Any],
        *,
        namespace: str | None = None,
        types: Mapping[str, str] | None = None,
        path: InstancePath | None = None,
    ) -> None:
        self.class_name = class_name
        self.namespace = namespace
        self.types = dict(types or {})
        self.path = path
        self._values = dict(properties)
        self._names = {name.lower(): name for name in self._values}

    def __getitem__(self, name: str) -> Any:
        return self._values[self._names[name.lower()]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._names

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CimInstance):
            return NotImplemented
        return self._folded() == other._folded()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"CimInstance({self.class_name!r}, {self._values!r})"

    def _folded(self) -> tuple[str, dict[str, Any]]:
        values = {name.lower(): value for name, value in self._values.items()}
        return self.class_name.lower(), values

    def array(self, name: str) -> list[Any]:
        """A property's values: the empty list where it is absent or NULL."""
        value = self.get(name)
        if value is None:
            return []
        return value if isinstance(value, list) else [value]

    def type_of(self, name: str) -> str | None:
        """The CIM type of a property, such as ``uint16[]``, if it is known."""
        wanted = name.lower()
        found = (kind for key, kind in self.types.items() if key.lower() == wanted)
        return next(found, None)

    def replace(self, **attributes: Any) -> CimInstance:
        """A copy with another class_name, properties, namespace, types or path."""
        current = {
            "class_name": self.class_name,
            "properties": self._values,
            "namespace": self.namespace,
            "types": self.types,
            "path": self.path,
        }
        return CimInstance(**{**current, **attributes})


def typed(instance: CimInstance, types: Mapping[str, str]) -> CimInstance:
    """An instance whose texts have become values of their CIM types.

    Args:
        instance: As it was read, with str for every scalar.
        types: CIM types by lower-case property name, as schema.types_of gives them.
            What is not named stays as it is.

    Raises:
        InvalidCimValue: A text is not of its type; the message names the property.
    """
    if not types:
        return instance
    values: dict[str, Any] = {}
    known = dict(instance.types)
    for name, value in instance.items():
        kind = types.get(name.lower())
        values[name] = _typed(instance.class_name, name, value, kind)
        if kind is not None:
            known[name] = kind
    return instance.replace(properties=values, types=known)


def _typed(class_name: str, name: str, value: Any, kind: str | None) -> Any:
    if kind is None or value is None:
        return value
    try:
        if not is_array(kind) and not isinstance(value, list):
            return _decoded(value, kind)
        inner = element_type(kind)
        if inner == "uint8" and isinstance(value, str) and is_base64(value):
            return decode_base64(value)
        values = value if isinstance(value, list) else [value]
        return collect([_decoded(item, inner) for item in values], inner)
    except InvalidCimValue as error:
        raise InvalidCimValue(f"{class_name}.{name}: {error.what}") from None


def _decoded(value: Any, kind: str) -> Any:
    return decode(value, kind) if isinstance(value, str) else value


__all__ = [
    "CimInstance",
    "InstancePath",
    "InvalidInstancePath",
    "KeyValue",
    "selector_value",
    "typed",
]
