# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the instances of many classes have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from hvsim.model.machine import Configuration, Machine, Snapshot
from hvsim.wmi.schema import CIMV2, VIRTUALIZATION
from hvsim.wmi.values import ObjectPath

if TYPE_CHECKING:
    from hvsim.model.model import Model
    from hvsim.wmi.registry import Values

SYSTEM = "Msvm_ComputerSystem"


class ConfigurationOf(NamedTuple):
    """A configuration of a machine: its present one, or that of a checkpoint."""

    guid: str
    """The GUID in the InstanceIDs of its settings."""
    configuration: Configuration
    snapshot: Snapshot | None


def configurations(machine: Machine) -> Iterator[ConfigurationOf]:
    """The present configuration, then those of the checkpoints."""
    yield ConfigurationOf(machine.guid, machine.configuration, None)
    for snapshot in machine.snapshots:
        yield ConfigurationOf(snapshot.guid, snapshot.configuration, snapshot)


def path(
    model: Model, class_name: str, namespace: str = VIRTUALIZATION, **keys: str
) -> ObjectPath:
    """The path of an instance of this host."""
    return ObjectPath(namespace, class_name, tuple(keys.items()), model.hostname)


def settings_path(model: Model, class_name: str, instance_id: str) -> ObjectPath:
    """The path of an instance whose key is InstanceID."""
    return path(model, class_name, InstanceID=instance_id)


def system_path(model: Model, name: str) -> ObjectPath:
    """The path of a machine, or of the host by its name."""
    return path(model, SYSTEM, CreationClassName=SYSTEM, Name=name)


def windows_path(model: Model, class_name: str, **keys: str) -> ObjectPath:
    """The path of an instance of root/cimv2."""
    return path(model, class_name, CIMV2, **keys)


def healthy(name: str, description: str = "") -> Values:
    """The properties of a CIM_EnabledLogicalElement that does well."""
    return {
        "Caption": name,
        "Description": description or name,
        "ElementName": name,
        "EnabledDefault": 2,
        "EnabledState": 2,
        "HealthState": 5,
        "OperationalStatus": [2],
        "RequestedState": 12,
        "Status": "OK",
        "StatusDescriptions": ["OK"],
    }
