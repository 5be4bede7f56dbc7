# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Msvm_VirtualSystemManagementService: changing and removing machines."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from hvsim.model.common import ConfigurationOf, configurations
from hvsim.model.computer_system import job_result
from hvsim.model.jobs import JobError, JobType, ReturnCode
from hvsim.model.machine import Machine, Power
from hvsim.model.services import VSMS
from hvsim.model.settings import VSSD
from hvsim.wmi.embedded import EmbeddedError, parse
from hvsim.wmi.registry import Values, method
from hvsim.wmi.schema import VIRTUALIZATION, schema
from hvsim.wmi.values import Instance, ObjectPath

if TYPE_CHECKING:
    from hvsim.model.model import Model

WRITABLE = frozenset(
    {
        "AutomaticCriticalErrorAction",
        "AutomaticCriticalErrorActionTimeout",
        "AutomaticRecoveryAction",
        "AutomaticShutdownAction",
        "AutomaticSnapshotsEnabled",
        "AutomaticStartupAction",
        "AutomaticStartupActionDelay",
        "AutomaticStartupActionSequenceNumber",
        "ElementName",
        "LockOnDisconnect",
        "Notes",
        "UserSnapshotType",
    }
)
"""What ModifySystemSettings changes here, and reads give back."""
CHOICES = {
    "AutomaticRecoveryAction": (2, 3, 4),
    "AutomaticShutdownAction": (2, 3, 4),
    "AutomaticStartupAction": (2, 3, 4),
    "UserSnapshotType": (2, 3, 4, 5),
}


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
    """Remove a machine that is off or saved; its image files stay."""
    machine = machine_of(model, parameters.get("AffectedSystem"))
    if machine is None:
        return {"ReturnValue": ReturnCode.INVALID_PARAMETER}
    if machine.is_on or machine.is_busy:
        return {"ReturnValue": ReturnCode.INVALID_STATE}

    def remove() -> JobError | None:
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
    machine, action = _modification(model, text)
    job = model.start_job(JobType.MODIFY_MACHINE, machine, action)
    return job_result(model, job)


def _modification(
    model: Model, text: str
) -> tuple[Machine | None, Callable[[], JobError | None]]:
    try:
        wanted = parse(text, schema(VIRTUALIZATION))
        machine, config = _target(model, wanted)
        _check(wanted, machine)
    except EmbeddedError as error:
        failure = JobError(error.code, error.message)
        return None, lambda: failure
    return machine, partial(_modify, model, machine, config, wanted)


def _target(model: Model, wanted: Instance) -> tuple[Machine, ConfigurationOf]:
    if wanted.cim_class.name != VSSD:
        raise EmbeddedError(ReturnCode.INVALID_PARAMETER, f"It is no {VSSD}.")
    identifier = str(wanted.get("InstanceID") or "").upper()
    guid = identifier.removeprefix("MICROSOFT:")
    machine = model.owner(guid)
    if machine:
        for config in configurations(machine):
            if config.guid == guid:
                return machine, config
    raise EmbeddedError(ReturnCode.INVALID_PARAMETER, "There are no such settings.")


def _check(wanted: Instance, machine: Machine) -> None:
    for name, value in wanted.values.items():
        if name != "InstanceID" and name not in WRITABLE:
            raise EmbeddedError(ReturnCode.FAILED, f"{name} cannot be changed.")
        if name in CHOICES and value not in CHOICES[name]:
            raise EmbeddedError(ReturnCode.INVALID_PARAMETER, f"{name}: {value!r}")
    if "ElementName" in wanted.values and not wanted.get("ElementName"):
        raise EmbeddedError(ReturnCode.INVALID_PARAMETER, "A machine needs a name.")
    if machine.power == Power.SAVED and "AutomaticShutdownAction" in wanted.values:
        raise EmbeddedError(
            ReturnCode.INVALID_STATE, "The operation cannot be performed while saved."
        )


def _modify(
    model: Model, machine: Machine, config: ConfigurationOf, wanted: Instance
) -> JobError | None:
    for name, value in wanted.values.items():
        if name == "InstanceID":
            continue
        if name == "ElementName":
            _rename(machine, config, value)
        elif name == "Notes":
            # Only the first element is kept.
            config.configuration.notes = value[0] if value else ""
        else:
            config.configuration.settings[name] = value
    machine.configured = model.now()
    return None


def _rename(machine: Machine, config: ConfigurationOf, name: str) -> None:
    if config.snapshot:
        config.snapshot.name = name
    else:
        machine.name = name
