# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds instances in the model: by class, by key, by query, by association.

What a query says about one machine (its GUID in a key, its name) decides which
machines are looked at, so that a question about one of 5,000 costs one. The candidates
are always a superset of the answer: the condition itself is tested on each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hvsim.model import COMPLETE
from hvsim.wmi import wql
from hvsim.wmi.errors import (
    InstanceNotFound,
    InvalidNamespace,
    InvalidObjectPath,
    InvalidQuery,
)
from hvsim.wmi.evaluate import Test, compile_condition, property_type, value_of
from hvsim.wmi.registry import ClassEntry, entry
from hvsim.wmi.schema import (
    VIRTUALIZATION,
    CimClass,
    PropertyType,
    Schema,
    normalized,
    schema,
)
from hvsim.wmi.values import Instance, ObjectPath, Value, key_text

if TYPE_CHECKING:
    from hvsim.model.machine import Machine
    from hvsim.model.model import Model

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_WITH_GUID = frozenset({"instanceid", "systemname", "virtualsystemidentifier"})
_NAMED = frozenset({"msvm_computersystem", "msvm_virtualsystemsettingdata"})
assert COMPLETE


@dataclass(frozen=True)
class Hint:
    """Which machines can have what is wanted: those of a GUID, or those of a name.

    And what properties have to be: names in lower case, each with the values of which
    it has one.
    """

    guid: str | None = None
    name: str | None = None
    equal: tuple[tuple[str, tuple[str, ...]], ...] = ()


EVERYTHING = Hint()


class Repository:
    """The instances of a model.

    Args:
        model: Where they come from.
    """

    def __init__(self, model: Model) -> None:
        self.model = model

    def schema(self, namespace: str) -> Schema:
        """The classes of a namespace. Raises InvalidNamespace."""
        found = schema(namespace)
        if found.namespace == VIRTUALIZATION and not self.model.hyperv:
            raise InvalidNamespace(namespace)
        return found

    # Instances

    def instances(
        self, cim_class: CimClass, hint: Hint = EVERYTHING
    ) -> Iterator[Instance]:
        """The instances of a class and of those derived from it, made as they are read."""
        classes = schema(cim_class.namespace).with_derived(cim_class.name)
        entries = [(c, entry(c.namespace, c.name)) for c in classes]
        with self.model.locked():
            found = [i for c, e in entries for i in self._of_host(c, e, hint)]
            machines = list(self._machines(hint))
        yield from found
        of_machines = [(c, e) for c, e in entries if e.machine]
        for cim, registered in of_machines:
            for machine in machines:
                with self.model.locked():
                    if machine.guid not in self.model.machines:
                        continue
                    made = list(self._of_machine(cim, registered, machine))
                yield from made

    def _of_host(
        self, cim_class: CimClass, registered: ClassEntry, hint: Hint
    ) -> Iterator[Instance]:
        for name, wanted in hint.equal:
            if finder := registered.finders.get(name):
                # Each instance once, however often a value is named.
                for value in {text.lower(): text for text in wanted}.values():
                    for values in finder(self.model, value):
                        yield Instance(cim_class, values, self.model.hostname)
                return
        for source in registered.host:
            for values in source(self.model):
                yield Instance(cim_class, values, self.model.hostname)

    def _of_machine(
        self, cim_class: CimClass, registered: ClassEntry, machine: Machine
    ) -> Iterator[Instance]:
        for source in registered.machine:
            for values in source(self.model, machine):
                yield Instance(cim_class, values, self.model.hostname)

    def _machines(self, hint: Hint) -> Iterable[Machine]:
        if hint.guid is not None:
            owner = self.model.owner(hint.guid)
            return [owner] if owner else []
        if hint.name is None:
            return self.model.machines.values()
        wanted = hint.name.casefold()
        return [
            machine
            for machine in self.model.machines.values()
            if machine.name.casefold() == wanted
            or any(s.name.casefold() == wanted for s in machine.snapshots)
        ]

    def get(self, cim_class: CimClass, keys: Mapping[str, str]) -> Instance:
        """The instance of exactly that class whose keys are these, without case.

        Raises:
            InstanceNotFound: There is none.
        """
        for instance in self.instances(cim_class, self._hint_of_keys(cim_class, keys)):
            if _matches(instance, keys):
                return instance
        text = ",".join(f'{name}="{value}"' for name, value in keys.items())
        raise InstanceNotFound(f"{cim_class.name}.{text}")

    def _hint_of_keys(self, cim_class: CimClass, keys: Mapping[str, str]) -> Hint:
        if cim_class.is_association:
            return self._hint_of_text(" ".join(keys.values()))
        hints = (_hint_of(cim_class, name, value) for name, value in keys.items())
        equal = tuple((name.lower(), (value,)) for name, value in keys.items())
        return replace(next((h for h in hints if h), EVERYTHING), equal=equal)

    def _hint_of_text(self, text: str) -> Hint:
        """The first GUID in keys of any kind, if it is a machine's or a checkpoint's."""
        match = _GUID.search(text)
        owner = self.model.owner(match[0]) if match else None
        return Hint(guid=owner.guid) if owner else EVERYTHING

    def at(self, path: ObjectPath) -> Instance:
        """The instance of a path; some of its keys are enough if they are unique.

        Raises:
            InvalidNamespace, InvalidClass, InstanceNotFound: There is none.
        """
        return self.get(
            self.schema(path.namespace).find(path.class_name), dict(path.keys)
        )

    # Queries

    def query(self, namespace: str, text: str) -> Result:
        """Answer a query.

        Raises:
            InvalidNamespace, InvalidClass, InvalidQuery: It can't be answered.
        """
        classes = self.schema(namespace)
        query = wql.parse(text, namespace)
        if isinstance(query, wql.Related):
            return Result(self.related(classes, query), None)
        return self.select(classes, query)

    def select(self, classes: Schema, query: wql.Select) -> Result:
        """Answer a SELECT. Raises InvalidClass, InvalidQuery."""
        cim_class = classes.find(query.class_name)
        test = compile_condition(query.condition, cim_class)
        columns = [property_type(cim_class, name) for name in query.columns]
        hint = _hint(query.condition, cim_class)
        rows = self._selected(cim_class, test, hint)
        return Result(rows, _in_order(columns) if columns else None)

    def _selected(
        self, cim_class: CimClass, test: Test, hint: Hint
    ) -> Iterator[Instance]:
        return (i for i in self.instances(cim_class, hint) if test(i))

    def related(self, classes: Schema, query: wql.Related) -> Iterator[Instance]:
        """The associators of an object, or the associations that reference it.

        Raises:
            InvalidNamespace, InvalidClass, InstanceNotFound, InvalidQuery: Of the
                object or of a class that is named.
        """
        if normalized(query.path.namespace) != classes.namespace or (
            query.class_defs_only
        ):
            raise InvalidQuery("Only instances of the same namespace are told.")
        source = self.at(query.path).path
        clauses = query.clauses
        for name in ("assocclass", "resultclass"):
            if name in clauses:
                classes.find(clauses[name])
        found = self._associators(source, classes, clauses)
        if query.is_references:
            links = self._links(source, classes, clauses.get("resultclass"))
            found = _unique(k for k, role in links if _has_role(role, clauses, "role"))
        qualified = (i for i in found if _is_qualified(i, clauses, "requiredqualifier"))
        return map(_keys_of, qualified) if query.keys_only else qualified

    def _associators(
        self, source: ObjectPath, classes: Schema, clauses: Mapping[str, str]
    ) -> Iterator[Instance]:
        result_class = clauses.get("resultclass")
        seen = set()
        for link, role in self._links(source, classes, clauses.get("assocclass")):
            if not _has_role(role, clauses, "role"):
                continue
            if not _is_qualified(link, clauses, "requiredassocqualifier"):
                continue
            for name, path in _references(link):
                if name == role or not _has_role(name, clauses, "resultrole"):
                    continue
                target = classes.find(path.class_name)
                if (result_class and not target.is_a(result_class)) or path in seen:
                    continue
                seen.add(path)
                try:
                    yield self.at(path)
                except InstanceNotFound:
                    continue

    def _links(
        self, source: ObjectPath, classes: Schema, class_name: str | None
    ) -> Iterator[tuple[Instance, str]]:
        """The associations that reference an object, with the role it has in each."""
        hint = self._hint_of_text(" ".join(value for _, value in source.keys))
        candidates = classes.with_derived(class_name) if class_name else classes
        for cim_class in candidates:
            if not cim_class.is_association:
                continue
            registered = entry(cim_class.namespace, cim_class.name)
            if not registered.host and not registered.machine:
                continue
            for link in self.instances(cim_class, hint):
                if link.cim_class is not cim_class:
                    continue
                for role, path in _references(link):
                    if path == source:
                        yield link, role


@dataclass(frozen=True)
class Result:
    """The answer of a query: instances, and the columns that are wanted of them."""

    instances: Iterator[Instance]
    columns: list[PropertyType] | None

    def rows(self) -> Iterator[list[tuple[PropertyType, Value]]]:
        """The columns of each instance, in alphabetical order."""
        for instance in self.instances:
            yield [(kind, value_of(instance, kind.name)) for kind in self.columns or ()]


def _in_order(columns: list[PropertyType]) -> list[PropertyType]:
    by_name = {kind.name.lower(): kind for kind in columns}
    return [by_name[name] for name in sorted(by_name)]


def _matches(instance: Instance, wanted: Mapping[str, str]) -> bool:
    return all(_equals(instance.get(name), value) for name, value in wanted.items())


def _equals(value: Value, wanted: str) -> bool:
    if not isinstance(value, ObjectPath):
        return key_text(value).lower() == wanted.lower()
    try:
        return ObjectPath.parse(wanted, value.namespace) == value
    except InvalidObjectPath:
        return False


def _references(link: Instance) -> Iterator[tuple[str, ObjectPath]]:
    for name, value in link.values.items():
        if isinstance(value, ObjectPath):
            yield name, value


def _has_role(role: str, clauses: Mapping[str, str], clause: str) -> bool:
    return clause not in clauses or clauses[clause].lower() == role.lower()


def _is_qualified(instance: Instance, clauses: Mapping[str, str], clause: str) -> bool:
    """Whether its class has a qualifier: those of every class that has a provider."""
    qualifiers = {"dynamic", "provider"}
    if instance.cim_class.is_association:
        qualifiers.add("association")
    return clause not in clauses or clauses[clause].lower() in qualifiers


def _keys_of(instance: Instance) -> Instance:
    keys = {name: instance.get(name) for name in instance.cim_class.keys}
    return Instance(instance.cim_class, keys, instance.host)


def _unique(links: Iterable[Instance]) -> Iterator[Instance]:
    seen = set()
    for link in links:
        if link.path not in seen:
            seen.add(link.path)
            yield link


def _hint(condition: wql.Condition | None, cim_class: CimClass) -> Hint:
    """What the conjuncts of a condition say about the machine, and of properties."""
    conjuncts = condition.operands if isinstance(condition, wql.And) else (condition,)
    equal = tuple(found for item in conjuncts if (found := _equal(item)))
    return replace(_machine_hint(conjuncts, cim_class), equal=equal)


def _equal(item: wql.Condition | None) -> tuple[str, tuple[str, ...]] | None:
    """The property that a conjunct wants to have one of some texts, and those."""
    choices = item.operands if isinstance(item, wql.Or) else (item,)
    names, values = set(), []
    for choice in choices:
        if not isinstance(choice, wql.Comparison) or choice.operator != "=":
            return None
        if not isinstance(choice.literal, str):
            return None
        names.add(choice.property.lower())
        values.append(choice.literal)
    return (names.pop(), tuple(values)) if len(names) == 1 else None


def _machine_hint(
    conjuncts: Iterable[wql.Condition | None], cim_class: CimClass
) -> Hint:
    for item in conjuncts:
        found = None
        if isinstance(item, wql.Comparison) and item.operator == "=":
            if isinstance(item.literal, str):
                found = _hint_of(cim_class, item.property, item.literal)
        elif isinstance(item, wql.Like):
            fixed = re.split(r"[%_\[]", item.pattern)[0]
            if item.property.lower() in _WITH_GUID and (match := _GUID.search(fixed)):
                found = Hint(guid=match[0])
        if found:
            return found
    return EVERYTHING


def _hint_of(cim_class: CimClass, name: str, value: str) -> Hint | None:
    """What the value of a property says about the machine."""
    lower, is_named = name.lower(), cim_class.name.lower() in _NAMED
    match = _GUID.search(value)
    if lower in _WITH_GUID or (lower == "name" and is_named):
        return Hint(guid=match[0] if match else value)
    if lower == "elementname" and is_named:
        return Hint(name=value)
    return None
