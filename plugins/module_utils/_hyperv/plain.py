# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CIM values as JSON and Ansible know them, both ways; pure.

Written by playbooks: an embedded instance is a mapping with the key ``__CLASS``, a
reference one with the single key ``__PATH``, named after WMI's system properties.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from .._cim.instance import CimInstance, InstancePath, KeyValue
from .._cim.schema import path_of
from .._cim.types import iso_text
from .._core.errors import HypervisorConnectError

CLASS, PATH = "__CLASS", "__PATH"


def to_plain(value: Any) -> Any:
    """A CIM value for a result: ISO 8601 texts, paths, base64, mappings and lists."""
    if isinstance(value, CimInstance):
        return instance_to_plain(value)
    if isinstance(value, InstancePath):
        return str(value)
    if isinstance(value, (datetime, timedelta)):
        return iso_text(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, list):
        return [to_plain(item) for item in value]
    return value


def instance_to_plain(instance: CimInstance) -> dict[str, Any]:
    """An instance's properties, with its class and path where they are known."""
    plain = {name: to_plain(value) for name, value in instance.items()}
    if instance.class_name:
        plain[CLASS] = instance.class_name
        path = path_of(instance)
        if path is not None:
            plain[PATH] = str(path)
    return plain


def from_plain(value: Any) -> Any:
    """What a playbook wrote, as a CIM value.

    Raises:
        HypervisorConnectError: A mapping is neither a reference nor an instance.
    """
    if isinstance(value, Mapping):
        if set(value) == {PATH}:
            return InstancePath.parse(str(value[PATH]))
        if CLASS not in value:
            raise HypervisorConnectError(
                f"a mapping with the keys {', '.join(map(str, value)) or '(none)'} is "
                "neither an instance nor a reference",
                where="parameters",
                remedy=f"give an instance's class as {CLASS}, or a path as {PATH} alone",
            )
        properties = {
            str(name): from_plain(item)
            for name, item in value.items()
            if name not in (CLASS, PATH)
        }
        return CimInstance(str(value[CLASS]), properties)
    if isinstance(value, (list, tuple)):
        return [from_plain(item) for item in value]
    return value


def key_from_plain(name: str, value: Any) -> KeyValue:
    """What a playbook wrote as the key of an instance.

    Raises:
        HypervisorConnectError: It is no text, number, boolean or reference.
    """
    key = from_plain(value)
    if isinstance(key, (str, int, InstancePath)):
        return key
    raise HypervisorConnectError(
        f"the key {name} is {'null' if key is None else f'a {type(key).__name__}'}",
        where="selectors",
        remedy=f"give text, a number, true or false, or a path as {PATH} alone",
    )
