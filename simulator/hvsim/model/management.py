# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Msvm_VirtualSystemManagementService: changing and removing machines as wholes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hvsim.model.computer_system import job_result
from hvsim.model.editing import (
    Step,
    act,
    change,
    failed,
    find_configuration,
    split_id,
)
from hvsim.model.jobs import JobError, JobType, ReturnCode
from hvsim.model.machine import Machine, Power
from hvsim.model.services import VSMS
from hvsim.model.settings import VERSION, VSSD
from hvsim.model.system_changes import change_system
from hvsim.wmi.embedded import EmbeddedError, parse
from hvsim.wmi.registry import Values, method
from hvsim.wmi.schema import VIRTUALIZATION, schema
from hvsim.wmi.values import Instance, ObjectPath

if TYPE_CHECKING:
    from hvsim.model.model import Model


def machine_of(model: Model, reference: Any) -> Machine | None:
    """The machine that a reference names."""
    if not isinstance(reference, ObjectPath):
        return None
    names = [value for name, value in reference.keys if name.lower() == "name"]
    return model.machines.get(names[0].upper()) if names else None


@method(VSMS, "DestroySystem")
def destroy_system(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Remove a machine that is off or saved, with its checkpoints; image files stay."""
    machine = machine_of(model, parameters.get("AffectedSystem"))
    if machine is None:
        return {"ReturnValue": ReturnCode.INVALID_PARAMETER}
    if machine.is_on or machine.is_busy:
        return {"ReturnValue": ReturnCode.INVALID_STATE}

    def remove() -> JobError | None:
        if machine.is_on:
            return JobError(ReturnCode.INVALID_STATE, "The virtual machine is on.")
        model.remove_machine(machine)
        return None

    return job_result(model, model.start_job(JobType.DESTROY_MACHINE, machine, remove))


@method(VSMS, "ModifySystemSettings")
def modify_system_settings(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Change settings: those named in the instance, and no others.

    The instance holds InstanceID and what changes. One that holds a property which
    can't be changed makes the job fail (told by r4sd/go-wsman of a real host).
    """
    text = parameters.get("SystemSettings")
    if not text:
        return {"ReturnValue": ReturnCode.INVALID_PARAMETER}
    try:
        guid, step = _modification(model, text)
    except EmbeddedError as error:
        return failed(model, JobType.MODIFY_MACHINE, error)
    return change(model, JobType.MODIFY_MACHINE, [(guid, step)])


def _modification(model: Model, text: str) -> tuple[str, Step]:
    wanted = parse(text, schema(VIRTUALIZATION))
    if wanted.cim_class.name != VSSD:
        raise EmbeddedError(ReturnCode.INVALID_PARAMETER, f"It is no {VSSD}.")
    guid, _tail = split_id(str(wanted.get("InstanceID") or ""))
    find_configuration(model, guid)
    values = {n: v for n, v in wanted.values.items() if n != "InstanceID"}
    return guid, lambda edit: change_system(edit, values)


@method(VSMS, "UpgradeSystemVersion")
def upgrade_system_version(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Give a machine that is off the newest configuration version."""
    machine = machine_of(model, parameters.get("ComputerSystem"))
    if machine is None:
        return {"ReturnValue": ReturnCode.INVALID_PARAMETER}

    def check() -> None:
        if machine.power != Power.OFF:
            raise EmbeddedError(
                ReturnCode.INVALID_STATE, "The virtual machine must be off."
            )

    def upgrade() -> None:
        machine.configuration.settings["Version"] = VERSION
        machine.configured = model.now()

    return act(model, JobType.MODIFY_MACHINE, machine, upgrade, check)
