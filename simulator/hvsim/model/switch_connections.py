# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What switches are connected to: adapters of the host, and the host itself.

The resource methods of Msvm_VirtualEthernetSwitchManagementService. The sentences of
failures are those that New-VMSwitch prints ("is already bound to the Microsoft Virtual
Switch protocol").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from hvsim.model.computer_system import job_result
from hvsim.model.identifiers import guid
from hvsim.model.jobs import Job, JobError, JobType, ReturnCode
from hvsim.model.network import ExternalPort, Switch
from hvsim.model.networking import (
    CONNECTION,
    connection_of_switch,
    external_port_path,
    switch_resources,
)
from hvsim.wmi.embedded import EmbeddedError, parse
from hvsim.wmi.errors import InvalidObjectPath
from hvsim.wmi.registry import Values, method
from hvsim.wmi.schema import VIRTUALIZATION, schema
from hvsim.wmi.values import Instance, ObjectPath

if TYPE_CHECKING:
    from hvsim.model.model import Model

SERVICE = "Msvm_VirtualEthernetSwitchManagementService"
SETTINGS = "Msvm_VirtualEthernetSwitchSettingData"
INVALID: Values = {"ReturnValue": ReturnCode.INVALID_PARAMETER}
ADDING = "Failed while adding virtual Ethernet switch connections."


def start(
    model: Model, job_type: JobType, work: Callable[[], object], switch: str = ""
) -> Job:
    """Start a job; an EmbeddedError of its work makes it fail.

    Args:
        model: The host.
        job_type: What kind of job it is.
        work: What it does at its end.
        switch: The GUID of the switch that it makes.
    """

    def action() -> JobError | None:
        try:
            work()
        except EmbeddedError as error:
            return JobError(error.code, error.message)
        return None

    job = model.start_job(job_type, None, action)
    job.switch = switch or None
    return job


def invalid(message: str) -> EmbeddedError:
    """What a parameter with mistakes in it comes to."""
    return EmbeddedError(ReturnCode.INVALID_PARAMETER, message)


def failed(message: str) -> EmbeddedError:
    """What the host refuses."""
    return EmbeddedError(ReturnCode.FAILED, message)


def read(text: str, class_name: str) -> dict[str, Any]:
    """The properties of an embedded instance. Raises EmbeddedError."""
    found = parse(text, schema(VIRTUALIZATION))
    if found.cim_class.name != class_name:
        raise invalid(f"It is no {class_name}.")
    return dict(found.values)


def find(model: Model, switch_guid: str) -> Switch | None:
    """The switch of a GUID."""
    wanted = switch_guid.upper()
    return next((switch for switch in model.switches if switch.guid == wanted), None)


def key_of(reference: Any, class_name: str, key: str) -> str:
    """A key of a reference to an instance of a class; empty for anything else."""
    if not isinstance(reference, ObjectPath):
        return ""
    if reference.class_name.lower() != class_name.lower():
        return ""
    return next((v for name, v in reference.keys if name.lower() == key.lower()), "")


def switch_of_settings(model: Model, instance_id: str) -> Switch | None:
    """The switch of its settings, or of the settings of one of its connections."""
    identifier = instance_id.upper().removeprefix("MICROSOFT:")
    return find(model, identifier.partition("\\")[0])


# Connections


def connect(model: Model, switch: Switch, texts: Sequence[str]) -> list[str]:
    """Bind what is asked for, all or nothing; gives the kinds of connections."""
    wanted = [_target(model, read(text, CONNECTION)) for text in texts]
    adapters = [port for port in wanted if port is not None]
    if len(wanted) - len(adapters) + int(switch.is_internal) > 1:
        raise failed(f"{ADDING} The host is connected already.")
    if len({port.guid for port in adapters}) < len(adapters):
        raise invalid("An adapter is named twice.")
    if len(adapters) + len(switch.adapters) > 1 and not switch.settings.get(
        "TeamingEnabled"
    ):
        raise failed(f"{ADDING} Only a switch with TeamingEnabled has two adapters.")
    for port in adapters:
        if port.is_bound:
            raise failed(
                f"{ADDING} External Ethernet adapter '{port.name}' is already bound to "
                "the Microsoft Virtual Switch protocol."
            )
    for port in adapters:
        port.is_bound = True
        switch.adapters.append(port)
    switch.is_internal = switch.is_internal or None in wanted
    return [port.guid if port else "" for port in wanted]


def _target(model: Model, values: dict[str, Any]) -> ExternalPort | None:
    """The adapter that a connection names, or None for the host itself."""
    resource = values.get("HostResource") or []
    if len(resource) != 1:
        raise invalid("HostResource: one path is needed.")
    try:
        path = ObjectPath.parse(resource[0], VIRTUALIZATION)
    except InvalidObjectPath:
        raise invalid("HostResource: it is no path.") from None
    if path.class_name.lower() == "msvm_computersystem":
        if key_of(path, path.class_name, "Name").lower() != model.hostname.lower():
            raise invalid("HostResource: it is not the host.")
        return None
    for port in model.ports:
        if external_port_path(model, port.guid) == path:
            return port
    raise invalid("HostResource: there is no such adapter.")


@method(SERVICE, "AddResourceSettings")
def add(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Connect a switch with an adapter or with the host."""
    reference = parameters.get("AffectedConfiguration")
    switch = switch_of_settings(model, key_of(reference, SETTINGS, "InstanceID"))
    texts = parameters.get("ResourceSettings") or []
    if switch is None or not texts:
        return INVALID
    made: list[ObjectPath] = []

    def work() -> None:
        bound = connect(model, switch, texts)
        made.extend(connection_of_switch(model, switch, adapter) for adapter in bound)

    job = start(model, JobType.ADD_SWITCH_RESOURCES, work)
    return job_result(model, job, ResultingResourceSettings=made)


@method(SERVICE, "ModifyResourceSettings")
def modify_resources(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Bind a switch to another adapter than before."""
    texts = parameters.get("ResourceSettings") or []
    if not texts:
        return INVALID

    def work() -> None:
        for text in texts:
            values = read(text, CONNECTION)
            switch, adapter = _connection(model, values.get("InstanceID") or "")
            _replace(model, switch, adapter, values)

    return job_result(model, start(model, JobType.MODIFY_SWITCH_RESOURCES, work))


def _replace(
    model: Model, switch: Switch, adapter: str, values: dict[str, Any]
) -> None:
    target = _target(model, values)
    old = next((port for port in switch.adapters if port.guid == adapter), None)
    if target is old:
        return
    if target is None or old is None:
        raise invalid("The host and an adapter can't take each other's place.")
    if target.is_bound:
        raise failed(
            f"{ADDING} External Ethernet adapter '{target.name}' is already bound to "
            "the Microsoft Virtual Switch protocol."
        )
    old.is_bound, target.is_bound = False, True
    switch.adapters[switch.adapters.index(old)] = target


@method(SERVICE, "RemoveResourceSettings")
def remove_resources(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Disconnect a switch from an adapter or from the host."""
    references = parameters.get("ResourceSettings") or []
    if not references:
        return INVALID

    def work() -> None:
        keys = [key_of(item, CONNECTION, "InstanceID") for item in references]
        for switch, adapter in [_connection(model, key) for key in keys]:
            if not adapter:
                switch.is_internal = False
            for port in [port for port in switch.adapters if port.guid == adapter]:
                port.is_bound = False
                switch.adapters.remove(port)

    return job_result(model, start(model, JobType.REMOVE_SWITCH_RESOURCES, work))


def _connection(model: Model, instance_id: str) -> tuple[Switch, str]:
    """The switch of a connection, and the GUID of its adapter or "" for the host."""
    switch = switch_of_settings(model, instance_id)
    for adapter, _ in switch_resources(model, switch) if switch else ():
        assert switch is not None
        tail = guid("port", switch.guid, adapter)
        if instance_id.upper().endswith(f"\\{tail}"):
            return switch, adapter
    raise invalid("There is no such connection.")
