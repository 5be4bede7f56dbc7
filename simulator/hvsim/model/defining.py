# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DefineSystem: a new machine, off, with what its generation has and what is described.

One of generation 2 comes without controllers, drives and adapters; one of generation 1
with two IDE controllers and the floppy drive (os-win adds the rest itself). Names may
repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING

from hvsim.model.common import system_path
from hvsim.model.compute_changes import (
    INTEGRATION_CLASSES,
    INTEGRATION_WRITABLE,
    MEMORY_WRITABLE,
    PROCESSOR_WRITABLE,
    SERIAL_WRITABLE,
    change_integration,
    change_memory,
    change_processors,
    change_serial,
    invalid,
)
from hvsim.model.computer_system import job_result
from hvsim.model.definitions import NEW_MEMORY, definition_of
from hvsim.model.editing import (
    Edit,
    Step,
    changed_values,
    failed,
    find_configuration,
    key_of,
    split_id,
)
from hvsim.model.jobs import JobError, JobType, ReturnCode
from hvsim.model.machine import Configuration, Guest, Machine, Power
from hvsim.model.resource_methods import MEMORY, PROCESSOR, SERIAL, adding
from hvsim.model.services import VSMS
from hvsim.model.settings import REALIZED, ROOTS, VERSION, VSSD
from hvsim.model.system_changes import WRITABLE, change_system
from hvsim.wmi.embedded import EmbeddedError, parse
from hvsim.wmi.registry import Values, method
from hvsim.wmi.schema import VIRTUALIZATION, schema
from hvsim.wmi.values import Instance

if TYPE_CHECKING:
    from hvsim.model.model import Model

DEFAULT_NAME = "New Virtual Machine"
SUB_TYPE = "Microsoft:Hyper-V:SubType:"
VERSIONS = ("8.0", "8.1", "8.2", "8.3", "9.0", "9.1", "9.2", "9.3", VERSION)
"""Configuration versions that the host can run."""
NEW_ALONE = {"Version", "VirtualSystemSubType", *ROOTS}
"""Properties that are set when a machine is made, and not changed afterwards."""


@method(VSMS, "DefineSystem")
def define_system(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Make a machine."""
    try:
        machine, steps = _described(model, parameters)
    except EmbeddedError as error:
        return failed(model, JobType.DEFINE_MACHINE, error)
    job = model.start_job(
        JobType.DEFINE_MACHINE, machine, partial(_define, model, machine, steps)
    )
    if job.is_finished and job.error:
        return job_result(model, job)
    return job_result(model, job, ResultingSystem=system_path(model, machine.guid))


def _described(model: Model, parameters: Values) -> tuple[Machine, list[Step]]:
    """The machine as far as its settings tell, and the steps that give it devices."""
    settings = _settings(parameters.get("SystemSettings"))
    base = _base(model, parameters.get("ReferenceConfiguration"))
    name = settings.pop("ElementName", None) or DEFAULT_NAME
    sub_type = settings.pop("VirtualSystemSubType", None)
    generation = base.generation if base else 1
    if sub_type:
        if sub_type not in (f"{SUB_TYPE}1", f"{SUB_TYPE}2"):
            raise invalid(f"VirtualSystemSubType: {sub_type!r}")
        generation = int(sub_type[-1])
    configuration = _new_configuration(generation, base)
    machine = Machine(
        guid=model.new_guid("machine"),
        name=name,
        power=Power.OFF,
        configuration=configuration,
        guest=Guest(name, "Debian GNU/Linux 12", "6.1.0-25-amd64"),
        created=model.now(),
    )
    edit = Edit(model, machine, machine.guid, configuration)
    if root := model.host_settings.get("DefaultExternalDataRoot"):
        configuration.settings |= dict.fromkeys(ROOTS, root)
    for key in NEW_ALONE & set(settings):
        configuration.settings[key] = _checked(key, settings.pop(key))
    change_system(edit, settings)
    steps = _steps(model, parameters.get("ResourceSettings"))
    trial = Edit(model, machine, machine.guid, deepcopy(configuration))
    for step in steps:
        step(trial)
    return machine, steps


def _settings(text: str | None) -> Values:
    """What SystemSettings says; none of it has to. Raises EmbeddedError."""
    if not text:
        return {}
    wanted = parse(text, schema(VIRTUALIZATION))
    if wanted.cim_class.name != VSSD:
        raise EmbeddedError(ReturnCode.INCORRECT_DATA_TYPE, f"It is no {VSSD}.")
    values = {n: v for n, v in wanted.values.items() if v is not None}
    if values.pop("VirtualSystemType", REALIZED) != REALIZED:
        raise invalid("VirtualSystemType: only a realized machine can be made.")
    values.pop("InstanceID", None)
    for name in values:
        if name not in WRITABLE and name not in NEW_ALONE:
            raise EmbeddedError(ReturnCode.FAILED, f"{name} cannot be set.")
    return values


def _checked(name: str, value: str) -> str:
    if name == "Version" and value not in VERSIONS:
        raise invalid(f"Version: the host does not have {value!r}.")
    if name in ROOTS and not value.strip():
        raise invalid(f"{name}: no folder is named.")
    return value


def _base(model: Model, reference: object) -> Configuration | None:
    if reference is None:
        return None
    guid, _tail = split_id(key_of(reference))
    _machine, config = find_configuration(model, guid)
    return config.configuration


def _new_configuration(generation: int, base: Configuration | None) -> Configuration:
    """That of a shell; memory, processors and settings may come from another machine."""
    made = Configuration(
        generation=generation,
        processors=1,
        memory=deepcopy(NEW_MEMORY),
        drives=[],
        nics=[],
        scsi=[],
    )
    if base and base.generation == generation:
        made.processors = base.processors
        made.processor_settings = deepcopy(base.processor_settings)
        made.memory = deepcopy(base.memory)
        made.integration = dict(base.integration)
        made.settings = deepcopy(base.settings)
    return made


_MODIFIED: dict[str, tuple[frozenset[str], Callable[[Edit, Values], None]]] = {
    MEMORY: (MEMORY_WRITABLE, change_memory),
    PROCESSOR: (PROCESSOR_WRITABLE, change_processors),
}


def _steps(model: Model, texts: Sequence[str | None] | None) -> list[Step]:
    wanted = [parse(text, schema(VIRTUALIZATION)) for text in texts or () if text]
    return [_step(model, item) for item in wanted]


def _step(model: Model, wanted: Instance) -> Step:
    """What every machine has is set, other devices are added. Raises EmbeddedError."""
    name = wanted.cim_class.name
    if name in _MODIFIED:
        writable, changing = _MODIFIED[name]
        values = changed_values(wanted, definition_of(name, wanted), writable)
        return lambda edit: changing(edit, values)
    if name == SERIAL:
        values = changed_values(
            wanted, definition_of(name, wanted), {*SERIAL_WRITABLE, "ElementName"}
        )
        number = 1 if str(values.pop("ElementName", "")).endswith("2") else 0
        return lambda edit: change_serial(edit, number, values)
    if name in INTEGRATION_CLASSES:
        component = INTEGRATION_CLASSES[name]
        values = {k: v for k, v in wanted.values.items() if k in INTEGRATION_WRITABLE}
        return lambda edit: change_integration(edit, component, values)
    return adding(model, wanted)


def _define(model: Model, machine: Machine, steps: list[Step]) -> JobError | None:
    edit = Edit(model, machine, machine.guid, machine.configuration)
    try:
        for step in steps:
            step(edit)
    except EmbeddedError as error:
        return JobError(error.code, error.message)
    machine.created = machine.configured = machine.changed = model.now()
    model.enter_machine(machine)
    return None
