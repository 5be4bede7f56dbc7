# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of an Enumerate, each of its dialect (DSP0226 8.3; DSP0227 clause 8)."""

from __future__ import annotations

from dataclasses import dataclass

from .._cim.instance import InstancePath
from .._cim.markup import escape, escape_attribute
from .namespaces import ASSOCIATION_FILTER, BINDING, SELECTOR_FILTER, WQL
from .reference import Selectors, address, reference, selector_set


@dataclass(frozen=True)
class Filter:
    """A w:Filter.

    Attributes:
        dialect: The URI of its dialect.
        content: What stands in it, as XML with the envelope's prefixes.
    """

    dialect: str
    content: str

    def __str__(self) -> str:
        """The element."""
        dialect = escape_attribute(self.dialect)
        return f'<w:Filter Dialect="{dialect}">{self.content}</w:Filter>'


def wql(query: object) -> Filter:
    """WQL's text. WinRM takes it only of ``NAMESPACE/*`` without selectors.

    Raises:
        InvalidXml: XML can't carry the text.
    """
    return Filter(WQL, escape(str(query)))


def having(selectors: Selectors) -> Filter:
    """Instances of the class with these values (the SelectorFilter dialect).

    WinRM compares neither arrays, datetimes nor references so ([MS-WSMV] 3.1.4.1.30).
    """
    return Filter(SELECTOR_FILTER, selector_set(address("", selectors)[1]))


def associated_with(
    path: InstancePath,
    *,
    association_class: str | None = None,
    role: str | None = None,
    result_class: str | None = None,
    result_role: str | None = None,
) -> Filter:
    """The instances that associations tie to one; ask it of ``NAMESPACE/*``."""
    return _association(
        "AssociatedInstances",
        path,
        AssociationClassName=association_class,
        Role=role,
        ResultClassName=result_class,
        ResultRole=result_role,
    )


def associations_of(
    path: InstancePath, *, result_class: str | None = None, role: str | None = None
) -> Filter:
    """The associations themselves that refer to an instance; of ``NAMESPACE/*``."""
    return _association(
        "AssociationInstances", path, ResultClassName=result_class, Role=role
    )


def _association(kind: str, path: InstancePath, **names: str | None) -> Filter:
    """The order of the elements is that of DSP0227's schema."""
    inner = "".join(
        f"<b:{name}>{escape(value)}</b:{name}>"
        for name, value in names.items()
        if value is not None
    )
    return Filter(
        ASSOCIATION_FILTER,
        f'<b:{kind} xmlns:b="{BINDING}"><b:Object>{reference(path)}</b:Object>'
        f"{inner}</b:{kind}>",
    )
