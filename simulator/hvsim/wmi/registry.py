# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which functions know the instances and the methods of which class.

A class's instances come from functions of the model alone (what the host has once)
and of the model and a machine (what each machine has): so a query about one machine
builds the instances of that machine only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hvsim.wmi.schema import VIRTUALIZATION
from hvsim.wmi.values import Instance, Value

if TYPE_CHECKING:
    from hvsim.model.machine import Machine
    from hvsim.model.model import Model

Values = dict[str, Value]
HostSource = Callable[["Model"], Iterable[Values]]
MachineSource = Callable[["Model", "Machine"], Iterable[Values]]
Finder = Callable[["Model", str], Iterable[Values]]
"""Takes the value of a property, gives the instances that have it."""
Method = Callable[["Model", "Instance | None", Values], Values]
"""Takes the parameters in by their declared names, gives those out with ReturnValue."""


@dataclass
class ClassEntry:
    """What is registered for one class."""

    host: list[HostSource] = field(default_factory=list)
    machine: list[MachineSource] = field(default_factory=list)
    finders: dict[str, Finder] = field(default_factory=dict)
    methods: dict[str, Method] = field(default_factory=dict)
    static: set[str] = field(default_factory=set)


_classes: dict[tuple[str, str], ClassEntry] = {}


def entry(namespace: str, class_name: str) -> ClassEntry:
    """What is registered for a class; an empty entry if nothing is."""
    return _classes.setdefault((namespace, class_name.lower()), ClassEntry())


def of_host(
    class_name: str, namespace: str = VIRTUALIZATION
) -> Callable[[HostSource], HostSource]:
    """Register a function that gives instances which the host has once."""

    def register(source: HostSource) -> HostSource:
        entry(namespace, class_name).host.append(source)
        return source

    return register


def by_property(
    class_name: str, name: str, namespace: str = VIRTUALIZATION
) -> Callable[[Finder], Finder]:
    """Register a function that finds instances by a property's value, without others.

    A query with that property in it asks this instead of those of `of_host`.
    """

    def register(finder: Finder) -> Finder:
        entry(namespace, class_name).finders[name.lower()] = finder
        return finder

    return register


def of_machine(class_name: str) -> Callable[[MachineSource], MachineSource]:
    """Register a function that gives the instances of one machine."""

    def register(source: MachineSource) -> MachineSource:
        entry(VIRTUALIZATION, class_name).machine.append(source)
        return source

    return register


def method(
    class_name: str,
    name: str,
    namespace: str = VIRTUALIZATION,
    *,
    is_static: bool = False,
) -> Callable[[Method], Method]:
    """Register a function that is a method of a class and of those derived from it."""

    def register(function: Method) -> Method:
        found = entry(namespace, class_name)
        found.methods[name.lower()] = function
        if is_static:
            found.static.add(name.lower())
        return function

    return register
