# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AddResourceSettings, ModifyResourceSettings, RemoveResourceSettings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING

from hvsim.model import compute_changes, drive_changes, nic_changes
from hvsim.model.definitions import definition_of
from hvsim.model.drive_changes import failure
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
from hvsim.model.identifiers import FLOPPY, IDE
from hvsim.model.jobs import JobType, ReturnCode
from hvsim.model.networking import CONNECTION, LEGACY_PORT, PORT
from hvsim.model.resources import HYPERV, MEDIA, RASD, SASD
from hvsim.model.services import VSMS
from hvsim.model.settings import VSSD
from hvsim.wmi.embedded import EmbeddedError
from hvsim.wmi.registry import Values, method
from hvsim.wmi.values import Instance, ObjectPath

if TYPE_CHECKING:
    from hvsim.model.model import Model

MEMORY = "Msvm_MemorySettingData"
PROCESSOR = "Msvm_ProcessorSettingData"
SERIAL = "Msvm_SerialPortSettingData"
DISPLAY = "Msvm_SyntheticDisplayControllerSettingData"
RESULTS = "ResultingResourceSettings"
WRITABLE: dict[str, Collection[str]] = {
    MEMORY: compute_changes.MEMORY_WRITABLE,
    PROCESSOR: compute_changes.PROCESSOR_WRITABLE,
    SERIAL: compute_changes.SERIAL_WRITABLE,
    DISPLAY: compute_changes.DISPLAY_WRITABLE,
    RASD: drive_changes.DRIVE_WRITABLE,
    SASD: drive_changes.MEDIUM_WRITABLE,
    PORT: nic_changes.NIC_WRITABLE,
    LEGACY_PORT: nic_changes.LEGACY_WRITABLE,
    CONNECTION: nic_changes.CONNECTION_WRITABLE,
    **dict.fromkeys(
        compute_changes.INTEGRATION_CLASSES, compute_changes.INTEGRATION_WRITABLE
    ),
}
"""The properties of each class of settings that can be set."""
WHEN = {
    MEMORY: "off; while on its size if static, a wider range if dynamic, buffer, weight",
    PROCESSOR: "off; while on Limit, Reservation, Weight, EnableHostResourceProtection",
    SERIAL: "off, on",
    DISPLAY: "off",
    RASD: "controllers off; drives on SCSI also while on, on IDE off",
    SASD: "as its drive; the medium of a DVD or floppy drive and QoS always",
    PORT: "added and removed while on in generation 2 alone; MAC address off",
    LEGACY_PORT: "off; generation 1 alone",
    CONNECTION: "always",
    **dict.fromkeys(compute_changes.INTEGRATION_CLASSES, "off, on"),
}
"""In which states of the machine they change."""
SINGLE = frozenset({MEMORY, PROCESSOR, SERIAL, DISPLAY})
"""Classes of what every machine has: it is modified, never added nor removed."""


def _wrong_type(wanted: Instance) -> EmbeddedError:
    return EmbeddedError(
        ReturnCode.INCORRECT_DATA_TYPE,
        f"{wanted.cim_class.name} is no class of resource settings.",
    )


# Adding


@method(VSMS, "AddResourceSettings")
def add_resource_settings(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Add devices to a machine, all of them or none."""
    try:
        guid, tail = split_id(key_of(parameters.get("AffectedConfiguration")))
        machine, config = find_configuration(model, guid)
        if tail or config.snapshot:
            return {"ReturnValue": ReturnCode.INVALID_PARAMETER}
    except EmbeddedError as error:
        return {"ReturnValue": error.code}
    try:
        wanted = read_instances(parameters.get("ResourceSettings"))
        steps = [(guid, adding(model, item)) for item in wanted]
    except EmbeddedError as error:
        return failed(model, JobType.ADD_RESOURCES, error, machine)
    return change(model, JobType.ADD_RESOURCES, steps, RESULTS)


def adding(model: Model, wanted: Instance) -> Step:
    """The step that adds what an instance describes. Raises EmbeddedError."""
    class_name = _added_class(wanted)
    if class_name not in WRITABLE:
        raise _wrong_type(wanted)
    if class_name in SINGLE or class_name in compute_changes.INTEGRATION_CLASSES:
        raise failure("A virtual machine has this device from the beginning.")
    definition = definition_of(class_name, wanted)
    values = changed_values(
        wanted, definition, {*WRITABLE[class_name], *_ADDED.get(class_name, ())}
    )
    return partial(
        _add, class_name, definition["ResourceSubType"], values, model.new_guid()
    )


def _added_class(wanted: Instance) -> str:
    """Its class; a medium may be described by the general one, as libvirt does it."""
    class_name = wanted.cim_class.name
    sub_type = str(wanted.get("ResourceSubType") or "").removeprefix(HYPERV)
    return SASD if class_name == RASD and sub_type in MEDIA else class_name


_ADDED = {RASD: ("VirtualSystemIdentifiers",)}
"""What clients may say of a new part though it can't be changed afterwards."""


def _add(
    class_name: str, sub_type: str, values: Values, new_guid: str, edit: Edit
) -> ObjectPath:
    kind = sub_type.removeprefix(HYPERV)
    if kind == "Synthetic SCSI Controller":
        identifiers = values.get("VirtualSystemIdentifiers")
        tail = drive_changes.add_controller(edit, new_guid, identifiers)
    elif kind in drive_changes.DRIVES:
        tail = drive_changes.add_drive(edit, kind, values)
    elif kind in MEDIA:
        tail = drive_changes.add_medium(edit, kind, values)
    elif class_name == CONNECTION:
        tail = nic_changes.add_connection(edit, values)
    else:
        is_legacy = class_name == LEGACY_PORT
        tail = nic_changes.add_nic(edit, new_guid, values, is_legacy=is_legacy)
    return edit.path(class_name, tail)


# Modifying


@method(VSMS, "ModifyResourceSettings")
def modify_resource_settings(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Change devices, all of them or none: the properties that are named."""
    return modify(model, parameters.get("ResourceSettings"), RESULTS)


def modify(model: Model, texts: Sequence[str | None] | None, output: str) -> Values:
    """Change what embedded instances are about: what the method returns."""
    try:
        wanted = read_instances(texts)
        steps = [modifying(model, item) for item in wanted]
    except EmbeddedError as error:
        return failed(model, JobType.MODIFY_RESOURCES, error)
    return change(model, JobType.MODIFY_RESOURCES, steps, output)


def modifying(model: Model, wanted: Instance) -> tuple[str, Step]:
    """The configuration and the step that changes it. Raises EmbeddedError."""
    class_name = wanted.cim_class.name
    if class_name not in WRITABLE:
        raise _wrong_type(wanted)
    guid, tail = split_id(str(wanted.get("InstanceID") or ""))
    machine, config = find_configuration(model, guid)
    if config.snapshot:
        raise failure("The devices of a checkpoint cannot be changed.")
    current = current_values(model, machine, wanted)
    values = changed_values(wanted, current, WRITABLE[class_name])
    for name in ("Parent", "Address", "AddressOnParent"):
        if class_name in (RASD, SASD, CONNECTION) and name in values:
            _check_unmoved(name, values.pop(name), current.get(name))
    if class_name == RASD and any(values[name] != current.get(name) for name in values):
        raise failure("The device cannot be changed.")
    return guid, partial(_modify, class_name, tail, values)


def _check_unmoved(name: str, value: str, current: str | None) -> None:
    if name == "Parent" and current:
        moved = key_of(value).lower() != key_of(current).lower()
    else:
        moved = bool(value) and value != current
    if moved:
        raise failure(f"{name} cannot be changed.")


def _modify(class_name: str, tail: str, values: Values, edit: Edit) -> ObjectPath:
    if class_name == MEMORY:
        compute_changes.change_memory(edit, values)
    elif class_name == PROCESSOR:
        compute_changes.change_processors(edit, values)
    elif class_name == SERIAL:
        compute_changes.change_serial(edit, int(tail[-1]), values)
    elif class_name == DISPLAY:
        compute_changes.change_display(edit, values)
    elif class_name == SASD:
        drive_changes.modify_medium(edit, tail, values)
    elif class_name in (PORT, LEGACY_PORT):
        nic_changes.modify_nic(edit, tail, values)
    elif class_name == CONNECTION:
        nic_changes.modify_connection(edit, tail, values)
    elif class_name in compute_changes.INTEGRATION_CLASSES:
        name = compute_changes.INTEGRATION_CLASSES[class_name]
        compute_changes.change_integration(edit, name, values)
    return edit.path(class_name, tail)


# Removing


@method(VSMS, "RemoveResourceSettings")
def remove_resource_settings(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Remove devices, all of them or none: a medium before its drive."""
    references = parameters.get("ResourceSettings")
    if not references:
        return {"ReturnValue": ReturnCode.INVALID_PARAMETER}
    try:
        steps = [_removing(model, reference) for reference in references]
    except EmbeddedError as error:
        return {"ReturnValue": error.code}
    return change(model, JobType.REMOVE_RESOURCES, steps)


def _removing(model: Model, reference: ObjectPath) -> tuple[str, Step]:
    guid, tail = split_id(key_of(reference))
    _machine, config = find_configuration(model, guid)
    if config.snapshot or not tail or reference.class_name.lower() == VSSD.lower():
        raise compute_changes.invalid("It is no device of a virtual machine.")
    return guid, partial(_remove, reference.class_name, tail)


def _remove(class_name: str, tail: str, edit: Edit) -> None:
    found = next((n for n in WRITABLE if n.lower() == class_name.lower()), None)
    if found == SASD:
        drive_changes.remove_medium(edit, tail)
    elif found in (PORT, LEGACY_PORT):
        nic_changes.remove_nic(edit, tail)
    elif found == CONNECTION:
        nic_changes.remove_connection(edit, tail)
    elif found == RASD and not tail.upper().startswith((IDE.upper() + "\\", FLOPPY)):
        _remove_of_controller(edit, tail)
    elif found == RASD and drive_changes.find_drive(edit.configuration, tail):
        drive_changes.remove_drive(edit, tail)
    else:
        raise failure("The device can't be removed.")


def _remove_of_controller(edit: Edit, tail: str) -> None:
    if any(drive_changes.same(rf"{g}\0", tail) for g in edit.configuration.scsi):
        drive_changes.remove_controller(edit, tail)
    else:
        drive_changes.remove_drive(edit, tail)
