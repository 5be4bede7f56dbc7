# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Msvm_VirtualEthernetSwitchManagementService: making, changing, removing switches.

As Microsoft's samples do it (Networking/CreateSwitch.cs): a private switch has no
connections, an internal one has one to the host's own Msvm_ComputerSystem, an external
one to an Msvm_ExternalEthernetPort, and to the host too where the host shares it. Names
may be there twice. The sentence of a failure is the one that Remove-VMSwitch prints ("cannot
be deleted because it is being used by running virtual machines").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hvsim.model.computer_system import job_result
from hvsim.model.jobs import JobType
from hvsim.model.network import Switch
from hvsim.model.networking import SWITCH, switch_path
from hvsim.model.switch_connections import (
    INVALID,
    SERVICE,
    SETTINGS,
    connect,
    failed,
    find,
    invalid,
    key_of,
    read,
    start,
    switch_of_settings,
)
from hvsim.wmi.registry import Values, method
from hvsim.wmi.values import Instance

if TYPE_CHECKING:
    from hvsim.model.model import Model

WRITABLE = ("ElementName", "Notes")
"""What ModifySystemSettings changes: the others are decided when a switch is made."""
AT_FIRST = {
    "BandwidthReservationMode": (0, 1, 2, 3),
    "IOVPreferred": (False, True),
    "PacketDirectEnabled": (False, True),
    "TeamingEnabled": (False, True),
}
"""What DefineSystem takes beside them."""


@method(SERVICE, "DefineSystem")
def define(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Make a switch: private, internal or external by its connections."""
    text = parameters.get("SystemSettings")
    if not text or parameters.get("ReferenceConfiguration"):
        return INVALID
    resources = parameters.get("ResourceSettings") or []
    switch_guid = model.new_guid("switch")

    def work() -> None:
        values = read(text, SETTINGS)
        switch = Switch(switch_guid, values.get("ElementName") or "New Virtual Switch")
        _first_settings(switch, values)
        connect(model, switch, resources)
        model.switches.append(switch)

    job = start(model, JobType.DEFINE_SWITCH, work, switch_guid)
    made = find(model, switch_guid)
    path = switch_path(model, switch_guid) if made else None
    return job_result(model, job, ResultingSystem=path)


def _first_settings(switch: Switch, values: dict[str, Any]) -> None:
    switch.settings["BandwidthReservationMode"] = 0
    for name, value in values.items():
        if name in AT_FIRST:
            if value not in AT_FIRST[name]:
                raise invalid(f"{name}: {value!r}")
            switch.settings[name] = value
        elif name == "Notes":
            switch.notes = value[0] if value else ""
        elif name not in ("ElementName", "InstanceID", "VirtualSystemIdentifier"):
            raise failed(f"{name} cannot be set.")


@method(SERVICE, "ModifySystemSettings")
def modify(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Change a switch's name or notes."""
    text = parameters.get("SystemSettings")
    if not text:
        return INVALID

    def work() -> None:
        values = read(text, SETTINGS)
        switch = switch_of_settings(model, values.pop("InstanceID", None) or "")
        if switch is None:
            raise invalid("There are no such settings.")
        for name, value in values.items():
            if name not in WRITABLE and value != switch.settings.get(name):
                raise failed(f"{name} cannot be changed.")
        if "ElementName" in values and not values["ElementName"]:
            raise invalid("A switch needs a name.")
        switch.name = values.get("ElementName", switch.name)
        if "Notes" in values:
            switch.notes = values["Notes"][0] if values["Notes"] else ""

    return job_result(model, start(model, JobType.MODIFY_SWITCH, work))


@method(SERVICE, "DestroySystem")
def destroy(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Remove a switch that no running machine uses; others lose their connection."""
    switch = find(model, key_of(parameters.get("AffectedSystem"), SWITCH, "Name"))
    if switch is None:
        return INVALID

    def work() -> None:
        if _is_used(model, switch):
            raise failed(
                "Failed while removing virtual Ethernet switch. The virtual switch "
                f"'{switch.name}' cannot be deleted because it is being used by "
                "running virtual machines or assigned to child pools."
            )
        _remove(model, switch)

    return job_result(model, start(model, JobType.DESTROY_SWITCH, work))


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
