# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be changed of network adapters and of their connections to switches.

Adapters come and go while the machine is on in generation 2 alone ("What's new in
Hyper-V on Windows Server 2016"); connections may always change. The GUID in an
adapter's InstanceID is the host's choice, not the one in VirtualSystemIdentifiers
(a print-out of a 2012 R2 host shows two).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hvsim.model.compute_changes import invalid
from hvsim.model.drive_changes import failure, same
from hvsim.model.editing import Edit, key_of, split_id
from hvsim.model.machine import Configuration, Nic
from hvsim.model.networking import connection_id
from hvsim.model.starting import NO_ADDRESS, give_addresses
from hvsim.wmi.errors import InvalidObjectPath
from hvsim.wmi.registry import Values
from hvsim.wmi.values import ObjectPath

if TYPE_CHECKING:
    from hvsim.model.model import Model

MOST = {False: 8, True: 4}
"""Adapters of a machine: synthetic, and emulated."""
KEPT = frozenset(
    {
        "AllowPacketDirect",
        "ClusterMonitored",
        "DeviceNamingEnabled",
        "InterruptModeration",
        "MediaType",
        "NumaAwarePlacement",
    }
)
NIC_WRITABLE = KEPT | {
    "Address",
    "ElementName",
    "StaticMacAddress",
    "VirtualSystemIdentifiers",
}
LEGACY_WRITABLE = frozenset(
    {"Address", "ClusterMonitored", "ElementName", "StaticMacAddress"}
)
CONNECTION_KEPT = frozenset(
    {
        "ElementName",
        "RequiredFeatureHints",
        "RequiredFeatures",
        "TestReplicaPoolID",
        "TestReplicaSwitchName",
    }
)
CONNECTION_WRITABLE = CONNECTION_KEPT | {"EnabledState", "HostResource", "Parent"}
_MAC = re.compile(r"[0-9A-Fa-f]{12}")


# Adapters


def add_nic(edit: Edit, new_guid: str, values: Values, *, is_legacy: bool) -> str:
    """Add an adapter without a connection: its tail. Raises EmbeddedError."""
    configuration = edit.configuration
    if is_legacy and configuration.generation == 2:
        raise failure("A virtual machine of generation 2 has no legacy adapters.")
    alike = [nic for nic in configuration.nics if nic.is_legacy == is_legacy]
    if len(alike) >= MOST[is_legacy]:
        raise failure(f"The virtual machine has {len(alike)} adapters, the most.")
    edit.require("A network adapter", hot=configuration.generation == 2)
    number = int(new_guid[:4], 16)
    nic = Nic(
        guid=new_guid,
        name=values.get("ElementName") or "Network Adapter",
        mac=NO_ADDRESS,
        switch=None,
        addresses=[
            (f"10.{200 + number % 50}.{number >> 8}.{number % 250 + 1}", "255.0.0.0"),
            (f"fe80::215:5dff:fe00:{number or 1:x}", "/64"),
        ],
        is_legacy=is_legacy,
        has_connection=False,
    )
    configuration.nics.append(nic)
    identifiers = values.get("VirtualSystemIdentifiers")
    nic.identifier = identifiers[0] if identifiers else None
    _set_address(nic, values)
    if edit.machine.is_on:
        give_addresses(edit.model, configuration)
    nic.settings.update({n: v for n, v in values.items() if n in KEPT})
    return new_guid


def _set_address(nic: Nic, values: Values) -> None:
    """The MAC address, if it is a static one."""
    nic.static_mac = values.get("StaticMacAddress", nic.static_mac)
    address = values.get("Address") or nic.mac
    if not _MAC.fullmatch(address):
        raise invalid(f"Address: {address!r} is not 12 hexadecimal digits.")
    if nic.static_mac and (int(address[:2], 16) & 1 or not int(address, 16)):
        raise invalid(f"Address: {address!r} is no address of one adapter.")
    if not nic.static_mac and not same(address, nic.mac):
        raise invalid("Address: it is the host's to choose unless StaticMacAddress.")
    nic.mac = address.upper()


def find_nic(configuration: Configuration, tail: str) -> Nic:
    """The adapter of a tail, its own or its connection's. Raises EmbeddedError."""
    wanted = tail.partition("\\")[0]
    for nic in configuration.nics:
        if same(nic.guid, wanted):
            return nic
    raise invalid("The virtual machine has no such network adapter.")


def modify_nic(edit: Edit, tail: str, values: Values) -> None:
    """Change an adapter: its MAC address only while off. Raises EmbeddedError."""
    nic = find_nic(edit.configuration, tail)
    before = (nic.mac, nic.static_mac)
    _set_address(nic, values)
    if (nic.mac, nic.static_mac) != before:
        edit.require_off("The MAC address")
    edit.require("A network adapter", hot=True)
    nic.name = values.get("ElementName") or nic.name
    if identifiers := values.get("VirtualSystemIdentifiers"):
        nic.identifier = identifiers[0]
    nic.settings.update({n: v for n, v in values.items() if n in KEPT})


def remove_nic(edit: Edit, tail: str) -> None:
    """Remove an adapter, with its connection. Raises EmbeddedError."""
    nic = find_nic(edit.configuration, tail)
    edit.require("A network adapter", hot=edit.configuration.generation == 2)
    edit.configuration.nics.remove(nic)


# Connections


def add_connection(edit: Edit, values: Values) -> str:
    """Give an adapter a connection: the tail. Raises EmbeddedError."""
    guid, tail = split_id(key_of(values.get("Parent")))
    if guid != edit.guid or "\\" in tail:
        raise invalid("Parent: the virtual machine has no such network adapter.")
    nic = find_nic(edit.configuration, tail)
    if nic.has_connection:
        raise failure("The network adapter already has a connection.")
    nic.has_connection = True
    modify_connection(edit, tail, values)
    return split_id(connection_id(edit.guid, nic))[1]


def modify_connection(edit: Edit, tail: str, values: Values) -> None:
    """Connect an adapter, to another switch or none. Raises EmbeddedError."""
    nic = find_nic(edit.configuration, tail)
    if "HostResource" in values:
        nic.switch = _switch(edit.model, values["HostResource"])
    if "EnabledState" in values:
        if values["EnabledState"] not in (2, 3):
            raise invalid(f"EnabledState: {values['EnabledState']} is neither 2 nor 3.")
        nic.is_cut = values["EnabledState"] == 3
    nic.connection.update({n: v for n, v in values.items() if n in CONNECTION_KEPT})


def _switch(model: Model, resource: list[str]) -> str | None:
    """The GUID of the switch that a path names; None for no path."""
    path = resource[0] if resource else ""
    if not path:
        return None
    wanted = key_of(path, "Name")
    try:
        class_name = ObjectPath.parse(path).class_name
    except InvalidObjectPath:
        class_name = ""
    for switch in model.switches:
        same_class = same(class_name, "Msvm_VirtualEthernetSwitch")
        if same_class and same(switch.guid, wanted):
            return switch.guid
    raise invalid("HostResource: the host has no such switch.")


def remove_connection(edit: Edit, tail: str) -> None:
    """Take an adapter's connection away, with its features. Raises EmbeddedError."""
    nic = find_nic(edit.configuration, tail)
    if not nic.has_connection:
        raise invalid("The network adapter has no connection.")
    nic.has_connection, nic.switch, nic.vlan = False, None, None
    nic.connection.clear()
    nic.vlan_settings.clear()
    nic.features.clear()
