# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rows of WMI queries have in common: GUIDs, InstanceIDs, paths, arrays; pure.

Everything that belongs to a machine is told by its GUID, which is the Name of its
Msvm_ComputerSystem and stands behind ``Microsoft:`` in the InstanceID of its settings.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from .._cim.instance import InstancePath

Row = Mapping[str, Any]

_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def is_guid(text: object) -> bool:
    """Whether a text is a GUID and nothing else."""
    return _GUID.fullmatch(str(text)) is not None


def by_machine(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows by the GUID of the machine, or checkpoint, that they belong to."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[instance_guid(row)].append(row)
    return found


def is_in_force(row: Row) -> bool:
    """Whether a setting is a machine's own, rather than a template of the host."""
    return not str(row["InstanceID"]).startswith("Microsoft:Definition")


def instance_guid(row: Row) -> str:
    """The machine, or checkpoint, that an InstanceID belongs to."""
    return path_guid(row["InstanceID"])


def path_guid(path: Any) -> str:
    """The first GUID in a path or an InstanceID; empty where there is none."""
    found = _GUID.search(str(path)) if path else None
    return guid(found[0]) if found else ""


def key_of(path: Any, name: str = "InstanceID") -> str:
    """A key in the text of a path; empty without a path."""
    return str(InstancePath.parse(str(path)).key(name) or "") if path else ""


def parent(row: Row) -> str:
    """The InstanceID of the device that a device hangs on; Parent is its path."""
    return key_of(row.get("Parent"))


def guid(text: Any) -> str:
    """A GUID as libvirt and Ansible write it, in lower case."""
    return str(text).lower()


def array(value: Any) -> list[str]:
    """An array property; one value looks like a scalar on the wire, none is absent."""
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def first(value: Any) -> str | None:
    """The first value of an array property, if it is not empty."""
    return next(iter(array(value)), None) or None


def integer(value: Any) -> int | None:
    """A number, or None."""
    return int(value) if value is not None else None


def boolean(value: Any) -> bool:
    """A boolean, also where no schema has made one of its text."""
    return value if isinstance(value, bool) else str(value).lower() == "true"
