# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""WQL text (Win32, "WQL (SQL for WMI)"); every value in it is quoted by ``quote``.

str(select("Msvm_ComputerSystem", "Name").where(ElementName="O'Neil"))
SELECT Name FROM Msvm_ComputerSystem WHERE ElementName = 'O\'Neil'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._core.errors import HypervisorConnectError
from .instance import InstancePath

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)


class InvalidQuery(HypervisorConnectError):
    """A name or a value that no WQL can hold."""


def quote(value: Any) -> str:
    r"""A value as a WQL literal.

    Text stands in single quotes, where a backslash and a quote each take a backslash
    before them. There is no escape for control characters; they are left as they are.

    Raises:
        InvalidQuery: The value is not a str, bool or int of 64 bits, or holds U+0000.
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int) and abs(value) < 2**64:
        return str(value)
    if not isinstance(value, str) or "\0" in value:
        raise InvalidQuery(f"WQL has no literal for this {type(value).__name__}")
    text = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"


def _name(text: str) -> str:
    if not _NAME.match(text):
        raise InvalidQuery(f"{text!r} is no name of a class or a property")
    return text


@dataclass(frozen=True)
class Condition:
    """A comparison whose left side is still to come: ``operator`` and its value."""

    operator: str
    value: Any

    def __str__(self) -> str:
        """The right side of the comparison."""
        return f"{self.operator} {quote(self.value)}"


def like(pattern: str) -> Condition:
    """LIKE with WQL's own pattern: ``%`` any text, ``_`` one character, ``[a-f]``."""
    return Condition("LIKE", pattern)


def starting_with(text: str) -> Condition:
    """LIKE for what begins with exactly this text, patterns in it taken literally."""
    return Condition("LIKE", re.sub(r"([%_\[])", r"[\1]", text) + "%")


def differing_from(value: Any) -> Condition:
    """Not equal."""
    return Condition("<>", value)


@dataclass(frozen=True)
class Select:
    """A SELECT; ``str`` gives its text.

    Attributes:
        class_name: The class, whose subclasses' instances are found too.
        columns: The properties to answer with; none for whole instances.
        conditions: Texts that all have to hold.
    """

    class_name: str
    columns: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()

    def where(self, **conditions: Any) -> Select:
        """Further conditions, by property.

        A str, bool or int is compared for equality, None is IS NULL, a list or tuple
        is any one of its values, a Condition (``like``) what it says.

        Raises:
            InvalidQuery: A name or a value can't be written, or a list is empty.
        """
        texts = tuple(_condition(_name(n), v) for n, v in conditions.items())
        return replace(self, conditions=self.conditions + texts)

    def __str__(self) -> str:
        """The query's text."""
        columns = ",".join(self.columns) or "*"
        text = f"SELECT {columns} FROM {self.class_name}"  # noqa: S608  names alone
        return " WHERE ".join(filter(None, (text, " AND ".join(self.conditions))))


def select(class_name: str, *columns: str) -> Select:
    """A query for instances of a class, or for columns of them.

    Raises:
        InvalidQuery: A name is none.
    """
    return Select(_name(class_name), tuple(_name(column) for column in columns))


def _condition(name: str, value: Any) -> str:
    if value is None:
        return f"{name} IS NULL"
    if isinstance(value, Condition):
        return f"{name} {value}"
    if isinstance(value, (list, tuple, set, frozenset)):
        if not value:
            raise InvalidQuery(f"{name} is compared with an empty list")
        return "(" + " OR ".join(_condition(name, item) for item in value) + ")"
    return f"{name} = {quote(value)}"


@dataclass(frozen=True)
class Associations:
    """An ASSOCIATORS OF or REFERENCES OF; ``str`` gives its text."""

    verb: str
    path: InstancePath
    clauses: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """The query's text; the clauses stand side by side, without AND."""
        clauses = " ".join(f"{name} = {value}" for name, value in self.clauses)
        text = f"{self.verb} OF {{{self.path.relative}}}"
        return f"{text} WHERE {clauses}" if clauses else text


def associators_of(
    path: InstancePath,
    *,
    assoc_class: str | None = None,
    result_class: str | None = None,
    role: str | None = None,
    result_role: str | None = None,
) -> Associations:
    """A query for the instances that associations tie to one.

    Args:
        path: The instance.
        assoc_class: Only by associations of this class.
        result_class: Only instances of this class.
        role: Only where ``path`` is this property of the association.
        result_role: Only where the result is this property of the association.

    Raises:
        InvalidQuery: A name is none.
    """
    clauses = {
        "AssocClass": assoc_class,
        "ResultClass": result_class,
        "Role": role,
        "ResultRole": result_role,
    }
    return Associations("ASSOCIATORS", path, _clauses(clauses))


def references_of(
    path: InstancePath, *, result_class: str | None = None, role: str | None = None
) -> Associations:
    """A query for the associations themselves that refer to an instance.

    Raises:
        InvalidQuery: A name is none.
    """
    clauses = {"ResultClass": result_class, "Role": role}
    return Associations("REFERENCES", path, _clauses(clauses))


def _clauses(clauses: Mapping[str, str | None]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, _name(value)) for name, value in clauses.items() if value is not None
    )


def class_of(query: object) -> str:
    """The class that the rows of a SELECT are of; empty where the text tells none.

    Its subclasses' instances come too, so this is the class of a row of columns, which
    don't tell their own, and no more than a guess for it.
    """
    words = str(query).split(None, 64)
    folded = [word.lower() for word in words]
    if not folded or folded[0] != "select" or "from" not in folded[:-1]:
        return ""
    name = words[folded.index("from") + 1]
    return name if _NAME.match(name) else ""
