# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host tells guests: key-value pairs, addresses, the guest services.

The pairs of the host are in Msvm_KvpExchangeComponentSettingData afterwards:
HostExchangeItems (Source 0, the guest sees them) and HostOnlyItems (Source 4).
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from hvsim.model.compute_changes import invalid
from hvsim.model.drive_changes import failure
from hvsim.model.editing import Edit, Step, change, failed, read_instances
from hvsim.model.integration import status
from hvsim.model.jobs import JobType, ReturnCode
from hvsim.model.machine import Machine
from hvsim.model.management import machine_of
from hvsim.model.networking import GUEST
from hvsim.model.nic_changes import find_nic
from hvsim.model.resource_methods import modify
from hvsim.model.services import VSMS
from hvsim.wmi.embedded import EmbeddedError
from hvsim.wmi.registry import Values, method
from hvsim.wmi.values import Instance

if TYPE_CHECKING:
    from hvsim.model.model import Model

ITEM = "Msvm_KvpExchangeDataItem"
SOURCES = (0, 4)
MOST_NAME, MOST_DATA = 255, 1024
"""Characters of a pair's name and value (Microsoft's page on the exchange: 2 KiB)."""


def _wrong_class(name: str) -> EmbeddedError:
    return EmbeddedError(ReturnCode.INCORRECT_DATA_TYPE, f"It is no {name}.")


# Key-value pairs


def _register(verb: str) -> None:
    @method(VSMS, f"{verb}KvpItems")
    def items(model: Model, instance: Instance | None, parameters: Values) -> Values:
        machine = machine_of(model, parameters.get("TargetSystem"))
        if machine is None:
            return {"ReturnValue": ReturnCode.INVALID_PARAMETER}
        try:
            wanted = read_instances(parameters.get("DataItems"))
            steps = [(machine.guid, _pair(verb, item)) for item in wanted]
        except EmbeddedError as error:
            return failed(model, JobType.MODIFY_MACHINE, error, machine)
        return change(model, JobType.MODIFY_MACHINE, steps)


for _verb in ("Add", "Modify", "Remove"):
    _register(_verb)


def _pair(verb: str, wanted: Instance) -> Step:
    if wanted.cim_class.name != ITEM:
        raise _wrong_class(ITEM)
    name, data = wanted.get("Name") or "", wanted.get("Data") or ""
    source = wanted.get("Source") or 0
    if source not in SOURCES:
        raise invalid(f"Source: {source} is neither 0 nor 4.")
    if not 0 < len(name) <= MOST_NAME or len(data) > MOST_DATA:
        raise invalid("Name or Data: it is too long, or there is none.")

    def step(edit: Edit) -> None:
        pairs = edit.configuration.exchange.setdefault(source, {})
        if (name in pairs) == (verb == "Add"):
            there = "already" if verb == "Add" else "not"
            raise failure(f"The pair {name!r} is {there} there.")
        if verb == "Remove":
            del pairs[name]
        else:
            pairs[name] = data

    return step


# Addresses


@method(VSMS, "SetGuestNetworkAdapterConfiguration")
def set_addresses(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Give adapters of a guest that runs their addresses, gateways, DNS servers."""
    machine = machine_of(model, parameters.get("ComputerSystem"))
    if machine is None:
        return {"ReturnValue": ReturnCode.INVALID_PARAMETER}
    try:
        wanted = read_instances(parameters.get("NetworkConfiguration"))
        steps = [(machine.guid, _addressing(machine, item)) for item in wanted]
    except EmbeddedError as error:
        return failed(model, JobType.MODIFY_MACHINE, error, machine)
    return change(model, JobType.MODIFY_MACHINE, steps)


def _addressing(machine: Machine, wanted: Instance) -> Step:
    if wanted.cim_class.name != GUEST:
        raise _wrong_class(GUEST)
    prefix, _, tail = str(wanted.get("InstanceID") or "").partition("\\")
    owner, _, tail = tail.partition("\\")
    if prefix.lower() != "microsoft:guestnetwork" or owner.upper() != machine.guid:
        raise invalid("InstanceID: it is none of the virtual machine's adapters.")
    values = {n: v for n, v in wanted.values.items() if v is not None}
    addresses = values.get("IPAddresses", [])
    subnets = values.get("Subnets", [])
    dhcp = values.get("DHCPEnabled", False)
    for text in (*addresses, *values.get("DefaultGateways", ())):
        _check_address(text)
    for text in values.get("DNSServers", ()):
        _check_address(text)
    if len(addresses) != len(subnets):
        raise invalid("IPAddresses and Subnets: one subnet for each address.")
    if not dhcp and not addresses:
        raise invalid("IPAddresses: without DHCP there must be an address.")

    def step(edit: Edit) -> None:
        if status(edit.machine, "KvpExchange") != 2:
            raise EmbeddedError(
                ReturnCode.INVALID_STATE, "The guest's services do not answer."
            )
        nic = find_nic(edit.configuration, tail)
        nic.dhcp = dhcp
        if addresses:
            nic.addresses = list(zip(addresses, subnets, strict=True))
        nic.gateways = None if dhcp else values.get("DefaultGateways", [])
        nic.dns = None if dhcp else values.get("DNSServers", [])

    return step


def _check_address(text: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        raise invalid(f"{text!r} is no address.") from None


# Guest services


@method(VSMS, "ModifyGuestServiceSettings")
def modify_guest_services(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Turn integration components on or off."""
    return modify(
        model, parameters.get("GuestServiceSettings"), "ResultingGuestServiceSettings"
    )


def _register_unchangeable(verb: str) -> None:
    @method(VSMS, f"{verb}GuestServiceSettings")
    def refuse(model: Model, instance: Instance | None, parameters: Values) -> Values:
        error = failure("A virtual machine has its guest services from the beginning.")
        return failed(model, JobType.MODIFY_RESOURCES, error)


for _verb in ("Add", "Remove"):
    _register_unchangeable(_verb)
