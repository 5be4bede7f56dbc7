# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of Hyper-V's settings classes that no other option names.

``hyperv: {Msvm_ProcessorSettingData: {Limit: 50000}}``: the types are those of
_cim/classes.py, and a property that is not in it is refused before anything is done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from .._cim.instance import CimInstance
from .._cim.schema import is_a, types_of
from .._cim.types import InvalidCimValue, decode, element_type, encode, is_array
from .._cim.wql import select, starting_with
from .._hypervisor.changes import SET, Change
from .._hypervisor.description import Description
from .._hypervisor.plan import PlanRefused
from .._hypervisor.values import VirtualMachine
from .classes import MANAGEMENT_SERVICE, SECURITY, SECURITY_SERVICE, SYSTEM_SETTINGS
from .connection import HypervConnection
from .rows import is_in_force
from .words import GUEST_SERVICES, INTEGRATION

#: What a setting is, and where it belongs; the host alone decides it.
_FIXED = (
    "caption",
    "creationtime",
    "description",
    "instanceid",
    "parent",
    "resourcesubtype",
    "resourcetype",
    "virtualsystemidentifier",
    "virtualsystemtype",
)
_RESOURCE = "CIM_ResourceAllocationSettingData"
_FEATURE = "Msvm_FeatureSettingData"
#: What may change while a machine is on, by class; None for all of its properties.
LIVE_PROPERTIES: dict[str, tuple[str, ...] | None] = {
    "msvm_processorsettingdata": ("limit", "reservation", "weight"),
    "msvm_memorysettingdata": ("targetmemorybuffer", "weight"),
    "msvm_storageallocationsettingdata": (
        "iopslimit",
        "iopsreservation",
        "storageqospolicyid",
    ),
    "msvm_virtualsystemsettingdata": (
        "automaticcriticalerroraction",
        "automaticcriticalerroractiontimeout",
        "automaticrecoveryaction",
        "automaticsnapshotsenabled",
        "automaticstartupaction",
        "automaticstartupactiondelay",
        "elementname",
        "notes",
        "usersnapshottype",
    ),
    "msvm_ethernetswitchportsecuritysettingdata": None,
    "msvm_ethernetswitchportbandwidthsettingdata": None,
    "msvm_ethernetswitchportvlansettingdata": None,
}


@dataclass(frozen=True)
class Call:
    """A method that changes settings."""

    service: str
    method: str
    parameters: Mapping[str, Any]


def check_own(hyperv: Mapping[str, Any]) -> None:
    """Refuse classes, properties and values that can't be.

    Raises:
        PlanRefused: One of them, in one sentence.
    """
    for _cls, _name, _value in _values(hyperv):
        continue


def _values(hyperv: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Class, property and value of everything named, the value as of its type."""
    for cls, properties in hyperv.items():
        types = types_of(str(cls))
        if not types or _method_of(str(cls)) is None:
            raise PlanRefused(
                f"hyperv names {cls}, which is no class of settings of a machine",
                remedy="name one such as Msvm_ProcessorSettingData",
            )
        if not isinstance(properties, Mapping):
            raise PlanRefused(
                f"hyperv.{cls} is no mapping of properties",
                remedy="write it as in {Limit: 50000}",
            )
        for name, value in properties.items():
            kind = types.get(str(name).lower())
            if kind is None or str(name).lower() in _FIXED:
                raise PlanRefused(
                    f"hyperv.{cls} has no property {name} that can be set",
                    remedy="see the class in Microsoft's documentation of the Hyper-V "
                    "WMI provider",
                )
            yield str(cls), str(name), _typed(f"hyperv.{cls}.{name}", value, kind)


def _typed(where: str, value: Any, kind: str) -> Any:
    inner = element_type(kind)
    try:
        if not is_array(kind):
            return _scalar(value, inner)
        items = value if isinstance(value, (list, tuple)) else [value]
        return [_scalar(item, inner) for item in items]
    except InvalidCimValue as error:
        raise PlanRefused(f"{where}: {error.what}", remedy=f"give a {kind}") from None


def _scalar(value: Any, kind: str) -> Any:
    """A value of YAML; an interval may be a number of seconds."""
    if kind == "datetime" and isinstance(value, int):
        return timedelta(seconds=value)
    if kind == "string" and not isinstance(value, str):
        value = str(value)
    return decode(encode(value, kind), kind) if kind != "string" else value


def _method_of(cls: str) -> tuple[str, str, str] | None:
    """The service, method and parameter that change settings of a class."""
    if is_a(cls, SYSTEM_SETTINGS):
        return MANAGEMENT_SERVICE, "ModifySystemSettings", "SystemSettings"
    if is_a(cls, SECURITY):
        return SECURITY_SERVICE, "ModifySecuritySettings", "SecuritySettingData"
    if is_a(cls, INTEGRATION[GUEST_SERVICES]):
        return (
            MANAGEMENT_SERVICE,
            "ModifyGuestServiceSettings",
            "GuestServiceSettings",
        )
    if is_a(cls, _FEATURE):
        return MANAGEMENT_SERVICE, "ModifyFeatureSettings", "FeatureSettings"
    if is_a(cls, _RESOURCE):
        return MANAGEMENT_SERVICE, "ModifyResourceSettings", "ResourceSettings"
    return None


def own_changes(
    wmi: HypervConnection, vm: VirtualMachine, wanted: Description
) -> tuple[Change, ...]:
    """What differs of the properties that were named; one query for each class.

    Raises:
        PlanRefused: A class, a property or a value can't be, or the machine has no
            such settings.
    """
    named: dict[str, dict[str, Any]] = defaultdict(dict)
    for cls, name, value in _values(wanted.hyperv):
        named[cls][name] = value
    changes = []
    for cls, properties in named.items():
        rows = _rows(wmi, vm, cls, properties)
        if not rows:
            raise PlanRefused(
                f"machine {vm.name} has no {cls}",
                where=wmi.uri,
                remedy="leave it out of hyperv",
            )
        for name, value in properties.items():
            found = [row.get(name) for row in rows]
            if any(not _same(one, value) for one in found):
                before = found[0] if len(found) == 1 else found
                changes.append(
                    Change(
                        "hyperv", f"{cls}.{name}", SET, _plain(before), _plain(value)
                    )
                )
    return tuple(changes)


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, list) and found is None:
        return not wanted
    if isinstance(wanted, list) and not isinstance(found, (list, bytes)):
        found = [found]
    return list(found) == wanted if isinstance(wanted, list) else bool(found == wanted)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value.total_seconds()) if isinstance(value, timedelta) else value


def _rows(
    wmi: HypervConnection, vm: VirtualMachine, cls: str, names: Iterable[str]
) -> list[CimInstance]:
    """The machine's settings of a class; those of its checkpoints have other GUIDs."""
    prefix = starting_with(f"Microsoft:{vm.uuid.upper()}")
    with wmi.doing(f"read {cls} of machine {vm.name}", own=False):
        rows = wmi.rows(select(cls, "InstanceID", *names).where(InstanceID=prefix))
    return [row for row in rows if is_in_force(row)]


def own_calls(
    wmi: HypervConnection, vm: VirtualMachine, changes: Iterable[Change]
) -> Iterator[Call]:
    """The calls that make changes of the part ``hyperv``, one for each class."""
    hyperv: dict[str, dict[str, Any]] = defaultdict(dict)
    for change in changes:
        cls, _dot, name = str(change.item).partition(".")
        hyperv[cls][name] = change.after
    for cls, properties in hyperv.items():
        typed = {name: value for _cls, name, value in _values({cls: properties})}
        instances = [
            CimInstance(cls, {"InstanceID": row["InstanceID"], **typed})
            for row in _rows(wmi, vm, cls, typed)
        ]
        method = _method_of(cls)
        if method is not None and instances:
            service, name, parameter = method
            value = instances if parameter.endswith("Settings") else instances[0]
            if name == "ModifySystemSettings":
                value = instances[0]
            yield Call(service, name, {parameter: value})


def is_live(change: Change) -> bool:
    """Whether a property may be changed while the machine is on."""
    cls, _dot, name = str(change.item).lower().partition(".")
    properties = LIVE_PROPERTIES.get(cls, ())
    return properties is None or name in properties
