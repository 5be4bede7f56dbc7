# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Msvm_VirtualEthernetSwitchManagementService: making, changing, removing switches.

As Microsoft's samples do it (Networking/CreateSwitch.cs): a private switch has no
connections, an internal one has one to the host's own Msvm_ComputerSystem, an external
one to an Msvm_ExternalEthernetPort, and to the host too where the host shares it. Names
may be there twice. The sentences of failures are those that New-VMSwitch and
Remove-VMSwitch print ("is already bound to the Microsoft Virtual Switch protocol",
"cannot be deleted because it is being used by running virtual machines").
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
    SWITCH,
    connection_of_switch,
    external_port_path,
    switch_path,
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
WRITABLE = ("ElementName", "Notes")
"""What ModifySystemSettings changes: the others are decided when a switch is made."""
AT_FIRST = {
    "BandwidthReservationMode": (0, 1, 2, 3),
    "IOVPreferred": (False, True),
    "PacketDirectEnabled": (False, True),
    "TeamingEnabled": (False, True),
}
"""What DefineSystem takes beside them."""
INVALID: Values = {"ReturnValue": ReturnCode.INVALID_PARAMETER}
ADDING = "Failed while adding virtual Ethernet switch connections."


def _job(
    model: Model, job_type: JobType, work: Callable[[], object], switch: str = ""
) -> Job:
    def action() -> JobError | None:
        try:
            work()
        except EmbeddedError as error:
            return JobError(error.code, error.message)
        return None

    job = model.start_job(job_type, None, action)
    job.switch = switch or None
    return job


def _invalid(message: str) -> EmbeddedError:
    return EmbeddedError(ReturnCode.INVALID_PARAMETER, message)


def _failed(message: str) -> EmbeddedError:
    return EmbeddedError(ReturnCode.FAILED, message)


def _read(text: str, class_name: str) -> dict[str, Any]:
    """The properties of an embedded instance. Raises EmbeddedError."""
    found = parse(text, schema(VIRTUALIZATION))
    if found.cim_class.name != class_name:
        raise _invalid(f"It is no {class_name}.")
    return dict(found.values)


def find(model: Model, switch_guid: str) -> Switch | None:
    """The switch of a GUID."""
    wanted = switch_guid.upper()
    return next((switch for switch in model.switches if switch.guid == wanted), None)


def _key(reference: Any, class_name: str, key: str) -> str:
    if not isinstance(reference, ObjectPath):
        return ""
    if reference.class_name.lower() != class_name.lower():
        return ""
    return next((v for name, v in reference.keys if name.lower() == key.lower()), "")


def _switch_of_settings(model: Model, instance_id: str) -> Switch | None:
    identifier = instance_id.upper().removeprefix("MICROSOFT:")
    return find(model, identifier.partition("\\")[0])


# Switches


@method(SERVICE, "DefineSystem")
def define(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Make a switch: private, internal or external by its connections."""
    text = parameters.get("SystemSettings")
    if not text or parameters.get("ReferenceConfiguration"):
        return INVALID
    resources = parameters.get("ResourceSettings") or []
    switch_guid = model.new_guid("switch")

    def work() -> None:
        values = _read(text, SETTINGS)
        switch = Switch(switch_guid, values.get("ElementName") or "New Virtual Switch")
        _first_settings(switch, values)
        _connect(model, switch, resources)
        model.switches.append(switch)

    job = _job(model, JobType.DEFINE_SWITCH, work, switch_guid)
    made = find(model, switch_guid)
    path = switch_path(model, switch_guid) if made else None
    return job_result(model, job, ResultingSystem=path)


def _first_settings(switch: Switch, values: dict[str, Any]) -> None:
    switch.settings["BandwidthReservationMode"] = 0
    for name, value in values.items():
        if name in AT_FIRST:
            if value not in AT_FIRST[name]:
                raise _invalid(f"{name}: {value!r}")
            switch.settings[name] = value
        elif name == "Notes":
            switch.notes = value[0] if value else ""
        elif name not in ("ElementName", "InstanceID", "VirtualSystemIdentifier"):
            raise _failed(f"{name} cannot be set.")


@method(SERVICE, "ModifySystemSettings")
def modify(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Change a switch's name or notes."""
    text = parameters.get("SystemSettings")
    if not text:
        return INVALID

    def work() -> None:
        values = _read(text, SETTINGS)
        switch = _switch_of_settings(model, values.pop("InstanceID", None) or "")
        if switch is None:
            raise _invalid("There are no such settings.")
        for name, value in values.items():
            if name not in WRITABLE and value != switch.settings.get(name):
                raise _failed(f"{name} cannot be changed.")
        if "ElementName" in values and not values["ElementName"]:
            raise _invalid("A switch needs a name.")
        switch.name = values.get("ElementName", switch.name)
        if "Notes" in values:
            switch.notes = values["Notes"][0] if values["Notes"] else ""

    return job_result(model, _job(model, JobType.MODIFY_SWITCH, work))


@method(SERVICE, "DestroySystem")
def destroy(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Remove a switch that no running machine uses; others lose their connection."""
    switch = find(model, _key(parameters.get("AffectedSystem"), SWITCH, "Name"))
    if switch is None:
        return INVALID

    def work() -> None:
        if _is_used(model, switch):
            raise _failed(
                "Failed while removing virtual Ethernet switch. The virtual switch "
                f"'{switch.name}' cannot be deleted because it is being used by "
                "running virtual machines or assigned to child pools."
            )
        _remove(model, switch)

    return job_result(model, _job(model, JobType.DESTROY_SWITCH, work))


def _is_used(model: Model, switch: Switch) -> bool:
    return any(
        nic.switch == switch.guid and nic.is_connected
        for machine in model.machines.values()
        if machine.is_on
        for nic in machine.configuration.nics
    )


def _remove(model: Model, switch: Switch) -> None:
    for machine in model.machines.values():
        checkpoints = (snapshot.configuration for snapshot in machine.snapshots)
        for configuration in (machine.configuration, *checkpoints):
            for nic in configuration.nics:
                if nic.switch == switch.guid:
                    nic.switch, nic.last_switch = None, switch.name
    for port in switch.adapters:
        port.is_bound = False
    if switch in model.switches:
        model.switches.remove(switch)


# What a switch is connected to


def _connect(model: Model, switch: Switch, texts: Sequence[str]) -> list[str]:
    """Bind what is asked for, all or nothing; gives the kinds of connections."""
    wanted = [_target(model, _read(text, CONNECTION)) for text in texts]
    adapters = [port for port in wanted if port is not None]
    if len(wanted) - len(adapters) + int(switch.is_internal) > 1:
        raise _failed(f"{ADDING} The host is connected already.")
    if len({port.guid for port in adapters}) < len(adapters):
        raise _invalid("An adapter is named twice.")
    if len(adapters) + len(switch.adapters) > 1 and not switch.settings.get(
        "TeamingEnabled"
    ):
        raise _failed(f"{ADDING} Only a switch with TeamingEnabled has two adapters.")
    for port in adapters:
        if port.is_bound:
            raise _failed(
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
        raise _invalid("HostResource: one path is needed.")
    try:
        path = ObjectPath.parse(resource[0], VIRTUALIZATION)
    except InvalidObjectPath:
        raise _invalid("HostResource: it is no path.") from None
    if path.class_name.lower() == "msvm_computersystem":
        if _key(path, path.class_name, "Name").lower() != model.hostname.lower():
            raise _invalid("HostResource: it is not the host.")
        return None
    for port in model.ports:
        if external_port_path(model, port.guid) == path:
            return port
    raise _invalid("HostResource: there is no such adapter.")


@method(SERVICE, "AddResourceSettings")
def add(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Connect a switch with an adapter or with the host."""
    reference = parameters.get("AffectedConfiguration")
    switch = _switch_of_settings(model, _key(reference, SETTINGS, "InstanceID"))
    texts = parameters.get("ResourceSettings") or []
    if switch is None or not texts:
        return INVALID
    made: list[ObjectPath] = []

    def work() -> None:
        bound = _connect(model, switch, texts)
        made.extend(connection_of_switch(model, switch, adapter) for adapter in bound)

    job = _job(model, JobType.ADD_SWITCH_RESOURCES, work)
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
            values = _read(text, CONNECTION)
            switch, adapter = _connection(model, values.get("InstanceID") or "")
            _replace(model, switch, adapter, values)

    return job_result(model, _job(model, JobType.MODIFY_SWITCH_RESOURCES, work))


def _replace(
    model: Model, switch: Switch, adapter: str, values: dict[str, Any]
) -> None:
    target = _target(model, values)
    old = next((port for port in switch.adapters if port.guid == adapter), None)
    if target is old:
        return
    if target is None or old is None:
        raise _invalid("The host and an adapter can't take each other's place.")
    if target.is_bound:
        raise _failed(
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
        keys = [_key(item, CONNECTION, "InstanceID") for item in references]
        for switch, adapter in [_connection(model, key) for key in keys]:
            if not adapter:
                switch.is_internal = False
            for port in [port for port in switch.adapters if port.guid == adapter]:
                port.is_bound = False
                switch.adapters.remove(port)

    return job_result(model, _job(model, JobType.REMOVE_SWITCH_RESOURCES, work))


def _connection(model: Model, instance_id: str) -> tuple[Switch, str]:
    """The switch of a connection, and the GUID of its adapter or "" for the host."""
    switch = _switch_of_settings(model, instance_id)
    for adapter, _ in switch_resources(model, switch) if switch else ():
        assert switch is not None
        tail = guid("port", switch.guid, adapter)
        if instance_id.upper().endswith(f"\\{tail}"):
            return switch, adapter
    raise _invalid("There is no such connection.")
