# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AddFeatureSettings, ModifyFeatureSettings, RemoveFeatureSettings of a machine.

They change the features of connections in every state of the machine. A connection has
one feature of a class, but any number of ACLs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from hvsim.model.compute_changes import invalid
from hvsim.model.drive_changes import failure, same
from hvsim.model.editing import (
    Edit,
    Step,
    change,
    changed_values,
    current_values,
    failed,
    find_configuration,
    key_of,
    read_instances,
    split_id,
)
from hvsim.model.features import (
    DEFAULTS,
    MULTIPLE,
    VLAN_ARRAYS,
    check_feature,
    feature_values,
)
from hvsim.model.jobs import JobType, ReturnCode
from hvsim.model.machine import Feature, Nic
from hvsim.model.networking import CONNECTION, VLAN, connection_id, vlan_id
from hvsim.model.nic_changes import find_nic
from hvsim.model.services import VSMS
from hvsim.wmi.embedded import EmbeddedError
from hvsim.wmi.registry import Values, method
from hvsim.wmi.values import Instance, ObjectPath

if TYPE_CHECKING:
    from hvsim.model.model import Model

RESULTS = "ResultingFeatureSettings"


def _put(nic: Nic, class_name: str, feature: str, values: Values) -> None:
    """Let a connection have that feature. Raises EmbeddedError."""
    if class_name == VLAN:
        before = {**DEFAULTS[VLAN], **nic.vlan_settings, "AccessVlanId": nic.vlan or 0}
        after = {**before, **values}
        check_feature(VLAN, after)
        nic.vlan = after.pop("AccessVlanId")
        nic.vlan_settings = after
        return
    for found in nic.features:
        if same(found.guid, feature):
            found.values.update(values)
            break
    else:
        found = Feature(class_name, feature, values)
        nic.features.append(found)
    check_feature(class_name, {**DEFAULTS[class_name], **found.values})


def _add(class_name: str, tail: str, feature: str, values: Values, edit: Edit) -> Any:
    nic = find_nic(edit.configuration, tail)
    if not nic.has_connection or not same(_tail(edit, nic), tail):
        raise invalid("AffectedConfiguration: there is no such connection.")
    if nic.switch is None:
        raise failure("The network adapter is not connected to a switch.")
    exists = any(f.class_name == class_name for f in nic.features)
    if class_name != MULTIPLE and (
        exists or (class_name == VLAN and nic.vlan is not None)
    ):
        raise failure(f"The connection already has a {class_name}.")
    _put(nic, class_name, feature, values)
    made = vlan_id(edit.guid, nic)
    if class_name != VLAN:
        made = rf"{connection_id(edit.guid, nic)}\{feature}"
    return edit.path(class_name, split_id(made)[1])


def _tail(edit: Edit, nic: Nic) -> str:
    return split_id(connection_id(edit.guid, nic))[1]


def _feature_class(wanted: Instance) -> str:
    name = wanted.cim_class.name
    if name not in DEFAULTS:
        raise EmbeddedError(
            ReturnCode.INCORRECT_DATA_TYPE, f"{name} is no class of feature settings."
        )
    return name


@method(VSMS, "AddFeatureSettings")
def add_feature_settings(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Give a connection features, all of them or none."""
    reference = parameters.get("AffectedConfiguration")
    try:
        guid_, tail = split_id(key_of(reference))
        machine, _config = find_configuration(model, guid_)
        if not _is_connection(reference):
            return {"ReturnValue": ReturnCode.INVALID_PARAMETER}
    except EmbeddedError as error:
        return {"ReturnValue": error.code}
    try:
        steps = [
            (guid_, _adding(model, tail, wanted))
            for wanted in read_instances(parameters.get("FeatureSettings"))
        ]
    except EmbeddedError as error:
        return failed(model, JobType.ADD_RESOURCES, error, machine)
    return change(model, JobType.ADD_RESOURCES, steps, RESULTS)


def _is_connection(reference: Any) -> bool:
    return isinstance(reference, ObjectPath) and same(reference.class_name, CONNECTION)


def _adding(model: Model, tail: str, wanted: Instance) -> Step:
    name = _feature_class(wanted)
    values = changed_values(
        wanted, feature_values(name, "", {}), {*DEFAULTS[name], *VLAN_ARRAYS}
    )
    return partial(_add, name, tail, model.new_guid("feature"), values)


@method(VSMS, "ModifyFeatureSettings")
def modify_feature_settings(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Change features, all of them or none."""
    try:
        wanted = read_instances(parameters.get("FeatureSettings"))
        steps = [_modifying(model, item) for item in wanted]
    except EmbeddedError as error:
        return failed(model, JobType.MODIFY_RESOURCES, error)
    return change(model, JobType.MODIFY_RESOURCES, steps, RESULTS)


def _modifying(model: Model, wanted: Instance) -> tuple[str, Step]:
    name = _feature_class(wanted)
    config, tail = split_id(str(wanted.get("InstanceID") or ""))
    machine, _config = find_configuration(model, config)
    current = current_values(model, machine, wanted)
    values = changed_values(wanted, current, {*DEFAULTS[name], *VLAN_ARRAYS})
    return config, partial(_modify, name, tail, values)


def _modify(class_name: str, tail: str, values: Values, edit: Edit) -> ObjectPath:
    nic, feature = _find(edit, tail, class_name)
    _put(nic, class_name, feature, values)
    return edit.path(class_name, tail)


def _find(edit: Edit, tail: str, class_name: str) -> tuple[Nic, str]:
    """The adapter that has the feature, and the feature's GUID."""
    nic = find_nic(edit.configuration, tail)
    feature = tail.rpartition("\\")[2]
    if class_name == VLAN:
        if nic.vlan is not None and same(
            edit.instance_id(tail), vlan_id(edit.guid, nic)
        ):
            return nic, feature
    elif any(same(found.guid, feature) for found in nic.features):
        return nic, feature
    raise invalid("There is no such feature.")


@method(VSMS, "RemoveFeatureSettings")
def remove_feature_settings(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Take features away, all of them or none."""
    references = parameters.get("FeatureSettings")
    if not references:
        return {"ReturnValue": ReturnCode.INVALID_PARAMETER}
    try:
        steps = [_removing(model, reference) for reference in references]
    except EmbeddedError as error:
        return {"ReturnValue": error.code}
    return change(model, JobType.REMOVE_RESOURCES, steps)


def _removing(
    model: Model, reference: ObjectPath
) -> tuple[str, Callable[[Edit], None]]:
    config, tail = split_id(key_of(reference))
    find_configuration(model, config)
    known = {name.lower(): name for name in DEFAULTS}
    class_name = known.get(reference.class_name.lower())
    if class_name is None:
        raise invalid("It is no feature.")
    return config, partial(_remove, class_name, tail)


def _remove(class_name: str, tail: str, edit: Edit) -> None:
    nic, feature = _find(edit, tail, class_name)
    if class_name == VLAN:
        nic.vlan, nic.vlan_settings = None, {}
    else:
        nic.features = [f for f in nic.features if not same(f.guid, feature)]
