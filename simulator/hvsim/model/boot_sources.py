# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AddBootSourceSettings, RemoveBootSourceSettings: files as boot sources.

Drives and adapters are boot sources by themselves; files (Windows' own boot loader
enters itself as one) are entries of the firmware, in generation 2 alone.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from hvsim.model.compute_changes import invalid
from hvsim.model.drive_changes import failure
from hvsim.model.editing import (
    Edit,
    Step,
    change,
    failed,
    find_configuration,
    key_of,
    read_instances,
    split_id,
)
from hvsim.model.jobs import JobType, ReturnCode
from hvsim.model.services import VSMS
from hvsim.wmi.embedded import EmbeddedError
from hvsim.wmi.registry import Values, method
from hvsim.wmi.values import Instance, ObjectPath

if TYPE_CHECKING:
    from hvsim.model.model import Model

CLASS = "Msvm_BootSourceSettingData"
KEPT = ("BootSourceDescription", "FirmwareDevicePath", "OptionalData", "OtherLocation")


@method(VSMS, "AddBootSourceSettings")
def add_boot_sources(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Add files to boot from."""
    try:
        guid, _tail = split_id(key_of(parameters.get("AffectedConfiguration")))
        machine, _config = find_configuration(model, guid)
    except EmbeddedError as error:
        return {"ReturnValue": error.code}
    try:
        wanted = read_instances(parameters.get("BootSourceSettings"))
        steps = [(guid, _adding(model, item)) for item in wanted]
    except EmbeddedError as error:
        return failed(model, JobType.ADD_RESOURCES, error, machine)
    return change(model, JobType.ADD_RESOURCES, steps, "ResultingBootSourceSettings")


def _adding(model: Model, wanted: Instance) -> Step:
    if wanted.cim_class.name != CLASS:
        raise EmbeddedError(ReturnCode.INCORRECT_DATA_TYPE, f"It is no {CLASS}.")
    values = {name: wanted.get(name) for name in KEPT if wanted.get(name)}
    if not values.get("FirmwareDevicePath"):
        raise invalid("FirmwareDevicePath: no file is named.")
    return partial(_add, model.new_guid("boot file"), values)


def _add(new_guid: str, values: Values, edit: Edit) -> ObjectPath:
    if edit.configuration.generation != 2:
        raise failure("Generation 1 has no boot sources.")
    edit.require_off("The boot sources")
    edit.configuration.boot_files[new_guid] = values
    return edit.path(CLASS, rf"{new_guid}\B")


@method(VSMS, "RemoveBootSourceSettings")
def remove_boot_sources(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Remove files to boot from."""
    steps = []
    try:
        for reference in parameters.get("BootSourceSettings") or ():
            guid, tail = split_id(key_of(reference))
            find_configuration(model, guid)
            steps.append((guid, partial(_remove, tail)))
    except EmbeddedError as error:
        return {"ReturnValue": error.code}
    if not steps:
        return {"ReturnValue": ReturnCode.INVALID_PARAMETER}
    return change(model, JobType.REMOVE_RESOURCES, steps)


def _remove(tail: str, edit: Edit) -> None:
    name = tail.partition("\\")[0].upper()
    if name not in edit.configuration.boot_files:
        raise failure("Only a file can be removed from the boot sources.")
    edit.require_off("The boot sources")
    del edit.configuration.boot_files[name]
