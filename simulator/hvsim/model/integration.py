# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Integration components: what the host knows of a guest and asks of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from hvsim.model.common import configurations, settings_path
from hvsim.model.computer_system import enter, when_shut_down
from hvsim.model.devices import device
from hvsim.model.jobs import JobType, ReturnCode
from hvsim.model.machine import INTEGRATION, Change, Configuration, Machine, Power
from hvsim.model.resources import allocation
from hvsim.model.settings import vssd_path
from hvsim.wmi.embedded import to_text
from hvsim.wmi.registry import Values, method, of_machine
from hvsim.wmi.schema import VIRTUALIZATION, schema
from hvsim.wmi.values import Instance

if TYPE_CHECKING:
    from hvsim.model.model import Model

NAMES = {
    "Heartbeat": "Heartbeat",
    "Shutdown": "Shutdown",
    "TimeSync": "Time Synchronization",
    "KvpExchange": "Key-Value Pair Exchange",
    "Vss": "Volume Shadow Copy Requestor",
    "GuestServiceInterface": "Guest Service Interface",
}
SUB_TYPES = {"KvpExchange": "Key-Value Pair Exchange", "Vss": "VSS"}
NO_CONTACT = 12


def _register(name: str) -> None:
    component = INTEGRATION[name]
    class_name = f"Msvm_{name}Component"

    @of_machine(f"{class_name}SettingData")
    def settings(model: Model, machine: Machine) -> Iterator[Values]:
        for config in configurations(machine):
            values = allocation(
                rf"Microsoft:{config.guid}\{component}",
                0,
                f"{SUB_TYPES.get(name, NAMES[name])} Component",
                NAMES[name],
                EnabledState=2 if config.configuration.integration[name] else 3,
            )
            if name == "KvpExchange":
                values |= _pairs_of_host(config.configuration)
            yield values

    @of_machine(class_name)
    def components(model: Model, machine: Machine) -> Iterator[Values]:
        if machine.is_on:
            yield {
                **device(machine, class_name, component, NAMES[name]),
                "EnabledState": 2 if machine.configuration.integration[name] else 3,
                "OperationalStatus": [status(machine, name)],
                **(_exchange(machine) if name == "KvpExchange" else {}),
            }

    @of_machine("Msvm_VirtualSystemSettingDataComponent")
    def belongs(model: Model, machine: Machine) -> Iterator[Values]:
        for config in configurations(machine):
            instance_id = rf"Microsoft:{config.guid}\{component}"
            yield {
                "GroupComponent": vssd_path(model, config.guid),
                "PartComponent": settings_path(
                    model, f"{class_name}SettingData", instance_id
                ),
            }


def status(machine: Machine, name: str) -> int:
    """OperationalStatus of a component: 2 OK, 12 no contact."""
    has_contact = (
        machine.power == Power.RUNNING
        and machine.guest.has_services
        and machine.configuration.integration[name]
    )
    return 2 if has_contact else NO_CONTACT


def _exchange(machine: Machine) -> Values:
    if status(machine, "KvpExchange") != 2:
        return {}
    guest = machine.guest
    connected = (nic for nic in machine.configuration.nics if nic.is_connected)
    first = [nic.addresses for nic in connected]
    addresses = [address for listed in first for address, _ in listed]
    items = {
        "FullyQualifiedDomainName": guest.hostname,
        "IntegrationServicesVersion": "10.0",
        "NetworkAddressIPv4": ";".join(a for a in addresses if "." in a),
        "NetworkAddressIPv6": ";".join(a for a in addresses if ":" in a),
        "OSName": guest.os_name,
        "OSVersion": guest.os_version,
    }
    return {
        "GuestIntrinsicExchangeItems": [
            _item(key, value, 2) for key, value in items.items()
        ]
    }


def _item(name: str, data: str, source: int) -> str:
    cim_class = schema(VIRTUALIZATION).find("Msvm_KvpExchangeDataItem")
    return to_text(Instance(cim_class, {"Data": data, "Name": name, "Source": source}))


def _pairs_of_host(configuration: Configuration) -> Values:
    """The key-value pairs that were set from the host."""
    return {
        name: [
            _item(key, data, source)
            for key, data in configuration.exchange.get(source, {}).items()
        ]
        for name, source in (("HostExchangeItems", 0), ("HostOnlyItems", 4))
    }


for _name in INTEGRATION:
    _register(_name)


# Shutting down from the host


@method("Msvm_ShutdownComponent", "InitiateShutdown")
def initiate_shutdown(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Ask the guest to shut down: the answer is that it was asked."""
    return _initiate(model, instance, parameters, _power_off, Change.SHUTTING_DOWN)


@method("Msvm_ShutdownComponent", "InitiateReboot")
def initiate_reboot(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Ask the guest to restart."""
    return _initiate(model, instance, parameters, _reboot, None)


def _initiate(
    model: Model,
    instance: Instance | None,
    parameters: Values,
    action: Callable[[Model, Machine], None],
    change: Change | None,
) -> Values:
    assert instance is not None
    machine = model.owner(instance.get("SystemName"))
    if machine is None or machine.power != Power.RUNNING:
        return {"ReturnValue": ReturnCode.INVALID_STATE}
    if status(machine, "Shutdown") != 2:
        return {"ReturnValue": ReturnCode.NOT_READY}
    if machine.changing == Change.SHUTTING_DOWN:
        return {"ReturnValue": ReturnCode.SHUTDOWN_IN_PROGRESS}
    if machine.is_busy:
        return {"ReturnValue": ReturnCode.INVALID_STATE}
    if machine.guest.is_locked and not parameters.get("Force"):
        return {"ReturnValue": ReturnCode.LOCKED}
    started = machine.started
    if not machine.guest.is_deaf:
        machine.changing = change
    when_shut_down(model, machine, partial(_if_same, model, machine, started, action))
    return {"ReturnValue": ReturnCode.OK}


def _if_same(
    model: Model,
    machine: Machine,
    started: float | None,
    action: Callable[[Model, Machine], None],
) -> None:
    """Act, unless the machine was turned off or restarted since it was asked."""
    if machine.power == Power.RUNNING and machine.started == started:
        action(model, machine)


def _power_off(model: Model, machine: Machine) -> None:
    enter(machine, Power.OFF, model.now(), afresh=JobType.SHUT_DOWN)


def _reboot(model: Model, machine: Machine) -> None:
    enter(machine, Power.RUNNING, model.now(), afresh=JobType.REBOOT)
