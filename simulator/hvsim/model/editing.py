# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing configurations: all changes of one request, or none of them.

A request is tried at once on a copy, so that the answer can name what will be made
while its job still runs (clients of Microsoft's samples read ResultingSystem and
ResultingResourceSettings after waiting for the job, from the answer itself), and done
when the job ends, by the state that the machine is in then. What stands against it
makes the job fail, with the code and a text.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING

from hvsim.model.common import ConfigurationOf, configurations, settings_path
from hvsim.model.computer_system import job_result
from hvsim.model.jobs import JobError, JobType, ReturnCode
from hvsim.model.machine import Configuration, Machine, Power, Snapshot
from hvsim.wmi.embedded import EmbeddedError, parse
from hvsim.wmi.errors import InvalidObjectPath
from hvsim.wmi.registry import Values, entry
from hvsim.wmi.schema import VIRTUALIZATION, schema
from hvsim.wmi.values import Instance, ObjectPath, Value

if TYPE_CHECKING:
    from hvsim.model.model import Model

NONE_SUCH = "There are no such settings."


@dataclass
class Edit:
    """A configuration while it is changed."""

    model: Model
    machine: Machine
    guid: str
    configuration: Configuration
    snapshot: Snapshot | None = None
    name: str | None = None
    """What the machine or checkpoint shall be called in the end."""

    def instance_id(self, tail: str) -> str:
        """The InstanceID of a part."""
        return rf"Microsoft:{self.guid}\{tail}"

    def path(self, class_name: str, tail: str) -> ObjectPath:
        """The path of a part's settings."""
        return settings_path(self.model, class_name, self.instance_id(tail))

    def require_off(self, what: str) -> None:
        """Raises EmbeddedError: the machine is on or saved."""
        self.require(what, hot=False)

    def require(self, what: str, *, hot: bool) -> None:
        """Raises EmbeddedError: the machine's state does not allow the change.

        Args:
            what: What shall change, as the beginning of the sentence.
            hot: Whether it may change while the machine is on; while it is saved
                nothing of its hardware may.
        """
        power = self.machine.power
        if power == Power.OFF or (hot and self.machine.is_on):
            return
        state = power.name.lower()
        raise EmbeddedError(
            ReturnCode.INVALID_STATE,
            f"{what} cannot be changed while the virtual machine "
            f"'{self.machine.name}' is {state}.",
        )


Step = Callable[[Edit], ObjectPath | None]
"""A change of a configuration; gives the path of what it made or changed."""


# Finding what is meant


def split_id(instance_id: str) -> tuple[str, str]:
    r"""The GUID and the tail of Microsoft:GUID\tail. Raises EmbeddedError."""
    prefix, colon, rest = instance_id.partition(":")
    if prefix.lower() != "microsoft" or not colon:
        raise EmbeddedError(ReturnCode.INVALID_PARAMETER, NONE_SUCH)
    guid, _, tail = rest.partition("\\")
    return guid.upper(), tail


def find_configuration(model: Model, guid: str) -> tuple[Machine, ConfigurationOf]:
    """The configuration of that GUID, and its machine. Raises EmbeddedError."""
    machine = model.owner(guid)
    for config in configurations(machine) if machine else ():
        if machine and config.guid == guid.upper():
            return machine, config
    raise EmbeddedError(ReturnCode.INVALID_PARAMETER, NONE_SUCH)


def key_of(reference: Value, name: str = "InstanceID") -> str:
    """A key in a reference, or in a path as text. Raises EmbeddedError."""
    if isinstance(reference, str):
        try:
            reference = ObjectPath.parse(reference, VIRTUALIZATION)
        except InvalidObjectPath:
            raise EmbeddedError(
                ReturnCode.INVALID_PARAMETER, f"{reference!r} is no path."
            ) from None
    if isinstance(reference, ObjectPath):
        for key, value in reference.keys:
            if key.lower() == name.lower():
                return value
    raise EmbeddedError(ReturnCode.INVALID_PARAMETER, f"A path lacks {name}.")


def read_instances(texts: Sequence[str | None] | None) -> list[Instance]:
    """Embedded instances, at least one. Raises EmbeddedError."""
    found = [parse(text, schema(VIRTUALIZATION)) for text in texts or () if text]
    if not found:
        raise EmbeddedError(ReturnCode.INVALID_PARAMETER, "No settings are given.")
    return found


def current_values(model: Model, machine: Machine, wanted: Instance) -> Values:
    """What is read at present of the settings that an instance is about.

    Raises:
        EmbeddedError: There are none of that class and InstanceID.
    """
    identifier = str(wanted.get("InstanceID") or "").lower()
    for source in entry(VIRTUALIZATION, wanted.cim_class.name).machine:
        for values in source(model, machine):
            if values["InstanceID"].lower() == identifier:
                return values
    raise EmbeddedError(ReturnCode.INVALID_PARAMETER, NONE_SUCH)


def changed_values(
    wanted: Instance, current: Values, writable: Collection[str]
) -> Values:
    """What an instance sets of the writable properties.

    Clients send whole instances back (os-win does): a property that can't be changed
    is no mistake as long as it is null or as it was.

    Raises:
        EmbeddedError: It is another one.
    """
    result = {}
    for name, value in wanted.values.items():
        if name in writable:
            if value is not None:
                result[name] = value
        elif name != "InstanceID" and value not in (None, [], "", current.get(name)):
            raise EmbeddedError(
                ReturnCode.INVALID_PARAMETER, f"{name} cannot be changed."
            )
    return result


# Jobs


def change(
    model: Model,
    job_type: JobType,
    steps: Sequence[tuple[str, Step]],
    output: str | None = None,
) -> Values:
    """Do steps in one job: what the method returns.

    Each step stands with the GUID of the configuration that it changes; output is
    the parameter out that holds the paths of what came of them.
    """
    try:
        machine, results = _apply(model, steps, keep=False)
    except EmbeddedError as error:
        return failed(model, job_type, error, model.owner(steps[0][0]))
    job = model.start_job(job_type, machine, partial(_act, model, steps))
    if output is None or (job.is_finished and job.error):
        return job_result(model, job)
    return job_result(model, job, **{output: results})


def failed(
    model: Model,
    job_type: JobType,
    error: EmbeddedError,
    machine: Machine | None = None,
) -> Values:
    """A job that fails for that reason: what the method returns."""
    failure = JobError(error.code, error.message)
    return job_result(model, model.start_job(job_type, machine, lambda: failure))


def act(
    model: Model,
    job_type: JobType,
    machine: Machine | None,
    action: Callable[[], None],
    check: Callable[[], None] = lambda: None,
) -> Values:
    """Do one thing in a job: what the method returns.

    What stands against it is looked for at once, and again before the action.
    """

    def end() -> JobError | None:
        try:
            check()
            action()
        except EmbeddedError as error:
            return JobError(error.code, error.message)
        return None

    try:
        check()
    except EmbeddedError as error:
        return failed(model, job_type, error, machine)
    return job_result(model, model.start_job(job_type, machine, end))


def _act(model: Model, steps: Sequence[tuple[str, Step]]) -> JobError | None:
    try:
        _apply(model, steps, keep=True)
    except EmbeddedError as error:
        return JobError(error.code, error.message)
    return None


def _apply(
    model: Model, steps: Sequence[tuple[str, Step]], *, keep: bool
) -> tuple[Machine, list[ObjectPath]]:
    """Take the steps: on copies, or in place, where a mistake takes all back."""
    edits: dict[str, Edit] = {}
    backups: list[tuple[Configuration, Configuration]] = []
    results = []
    try:
        for guid, step in steps:
            if guid not in edits:
                machine, found = find_configuration(model, guid)
                backups.append((found.configuration, deepcopy(found.configuration)))
                edited = backups[-1][0 if keep else 1]
                edits[guid] = Edit(model, machine, found.guid, edited, found.snapshot)
            results.append(step(edits[guid]))
    except EmbeddedError:
        for original, backup in backups if keep else ():
            for item in fields(Configuration):
                setattr(original, item.name, getattr(backup, item.name))
        raise
    if keep:
        for edit in edits.values():
            _finish(edit)
    first = edits[steps[0][0]].machine
    return first, [path for path in results if path is not None]


def _finish(edit: Edit) -> None:
    edit.machine.configured = edit.model.now()
    if edit.name is not None and edit.snapshot:
        edit.snapshot.name = edit.name
    elif edit.name is not None:
        edit.machine.name = edit.name
