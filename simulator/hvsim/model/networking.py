# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches, network adapters, their connections, and what guests say of addresses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hvsim.model.common import (
    SYSTEM,
    configurations,
    healthy,
    path,
    settings_path,
    system_path,
)
from hvsim.model.identifiers import guid
from hvsim.model.machine import Machine, Nic, Power
from hvsim.model.network import Switch
from hvsim.model.resources import allocation, component
from hvsim.wmi.registry import Values, of_host, of_machine
from hvsim.wmi.values import ObjectPath

if TYPE_CHECKING:
    from hvsim.model.model import Model

SWITCH = "Msvm_VirtualEthernetSwitch"
PORT = "Msvm_SyntheticEthernetPortSettingData"
LEGACY_PORT = "Msvm_EmulatedEthernetPortSettingData"
CONNECTION = "Msvm_EthernetPortAllocationSettingData"
VLAN = "Msvm_EthernetSwitchPortVlanSettingData"
GUEST = "Msvm_GuestNetworkAdapterConfiguration"
VLAN_DEFAULTS: Values = {
    "NativeVlanId": 0,
    "OperationMode": 1,
    "PrimaryVlanId": 0,
    "PvlanMode": 0,
    "SecondaryVlanId": 0,
}


def switch_path(model: Model, switch_guid: str) -> ObjectPath:
    """The path of a switch."""
    return path(model, SWITCH, CreationClassName=SWITCH, Name=switch_guid)


# Switches and the host's ports


@of_host(SWITCH)
def switches(model: Model) -> Iterator[Values]:
    """The switches."""
    for switch in model.switches:
        yield {
            **healthy("Virtual Switch", "Microsoft Virtual Switch"),
            "CreationClassName": SWITCH,
            "Dedicated": [38],
            "ElementName": switch.name,
            "EnabledState": 5,
            "IdentifyingDescriptions": ["Virtual Switch Extension Miniport Adapter Id"],
            "MaxIOVOffloads": 0,
            "MaxVMQOffloads": 0,
            "Name": switch.guid,
            "OtherIdentifyingInfo": [f"{{{switch.guid}}}"],
            "ResetCapability": 5,
        }


@of_host("Msvm_VirtualEthernetSwitchSettingData")
def switch_settings(model: Model) -> Iterator[Values]:
    """The settings of the switches."""
    for switch in model.switches:
        yield {
            "BandwidthReservationMode": 1,
            "Caption": "Virtual Ethernet Switch Settings",
            "Description": "Microsoft Virtual Switch Settings",
            "ElementName": switch.name,
            "InstanceID": f"Microsoft:{switch.guid}",
            "IOVPreferred": False,
            "Notes": [switch.notes],
            "PacketDirectEnabled": False,
            "TeamingEnabled": False,
            "VirtualSystemIdentifier": switch.guid,
            "VirtualSystemType": "DMTF:Virtual Ethernet Switch",
            **switch.settings,
        }


@of_host("Msvm_SettingsDefineState")
def switch_settings_define_state(model: Model) -> Iterator[Values]:
    """The switches and their settings."""
    for switch in model.switches:
        yield {
            "ManagedElement": switch_path(model, switch.guid),
            "SettingData": settings_path(
                model,
                "Msvm_VirtualEthernetSwitchSettingData",
                f"Microsoft:{switch.guid}",
            ),
        }


@of_host(CONNECTION)
def switch_ports(model: Model) -> Iterator[Values]:
    """What switches are bound to: adapters of the host, and the host itself."""
    for switch in model.switches:
        for adapter, resource in switch_resources(model, switch):
            path = connection_of_switch(model, switch, adapter)
            kind = "External" if adapter else "Internal"
            yield allocation(
                dict(path.keys)["InstanceID"],
                33,
                "Ethernet Connection",
                f"{switch.name}_{kind}",
                EnabledState=2,
                HostResource=[str(resource)],
            )


def switch_resources(model: Model, switch: Switch) -> Iterator[tuple[str, ObjectPath]]:
    """What a switch is connected to: the adapter's GUID, or "" for the host."""
    for port in switch.adapters:
        yield port.guid, external_port_path(model, port.guid)
    if switch.is_internal:
        yield "", system_path(model, model.hostname)


def connection_of_switch(model: Model, switch: Switch, adapter: str) -> ObjectPath:
    """The path of the settings of a switch's connection."""
    tail = guid("port", switch.guid, adapter)
    return settings_path(model, CONNECTION, rf"Microsoft:{switch.guid}\{tail}")


def external_port_path(model: Model, port_guid: str) -> ObjectPath:
    """The path of an adapter of the host."""
    return path(
        model,
        "Msvm_ExternalEthernetPort",
        CreationClassName="Msvm_ExternalEthernetPort",
        DeviceID=f"Microsoft:{{{port_guid}}}",
        SystemCreationClassName=SYSTEM,
        SystemName=model.hostname,
    )


@of_host("Msvm_ExternalEthernetPort")
def external_ports(model: Model) -> Iterator[Values]:
    """The network adapters of the host."""
    for port in model.ports:
        yield {
            **_port(model, "Msvm_ExternalEthernetPort", port.guid, port.mac),
            "Caption": "Ethernet Port",
            "Description": "Microsoft External Ethernet Port",
            "ElementName": port.name,
            "IsBound": port.is_bound,
            "Name": port.name,
        }


@of_host("Msvm_InternalEthernetPort")
def internal_ports(model: Model) -> Iterator[Values]:
    """The host's own ports on switches."""
    for number, switch in enumerate(s for s in model.switches if s.is_internal):
        port = guid("internal", switch.guid)
        yield {
            **_port(model, "Msvm_InternalEthernetPort", port, f"00155DFF{number:04X}"),
            "Caption": "Ethernet Port",
            "Description": "Microsoft Internal Ethernet Port",
            "ElementName": switch.name,
            "Name": switch.name,
        }


def _port(model: Model, class_name: str, port_guid: str, mac: str) -> Values:
    return {
        **healthy(class_name),
        "ActiveMaximumTransmissionUnit": 1500,
        "AutoSense": True,
        "CreationClassName": class_name,
        "DeviceID": f"Microsoft:{{{port_guid}}}",
        "FullDuplex": True,
        "LinkTechnology": 2,
        "MaxDataSize": 1500,
        "MaxSpeed": 10_000_000_000,
        "PermanentAddress": mac,
        "PortNumber": 0,
        "PortType": 53,
        "RequestedSpeed": 10_000_000_000,
        "Speed": 10_000_000_000,
        "SupportedMaximumTransmissionUnit": 1500,
        "SystemCreationClassName": SYSTEM,
        "SystemName": model.hostname,
        "UsageRestriction": 4,
    }


# Adapters of machines


def port_class(nic: Nic) -> str:
    """The class of an adapter's settings."""
    return LEGACY_PORT if nic.is_legacy else PORT


@of_machine(PORT)
def adapters(model: Model, machine: Machine) -> Iterator[Values]:
    """The synthetic network adapters of a configuration."""
    for config in configurations(machine):
        for nic in config.configuration.nics:
            if not nic.is_legacy:
                identifier = nic.identifier or f"{{{nic.guid}}}"
                yield {
                    **_adapter(config.guid, nic, "Synthetic"),
                    "DeviceNamingEnabled": False,
                    "VirtualSystemIdentifiers": [identifier],
                    **nic.settings,
                }


@of_machine(LEGACY_PORT)
def legacy_adapters(model: Model, machine: Machine) -> Iterator[Values]:
    """The emulated network adapters of a configuration."""
    for config in configurations(machine):
        for nic in config.configuration.nics:
            if nic.is_legacy:
                yield {**_adapter(config.guid, nic, "Emulated"), **nic.settings}


def _adapter(config: str, nic: Nic, kind: str) -> Values:
    return allocation(
        rf"Microsoft:{config}\{nic.guid}",
        10,
        f"{kind} Ethernet Port",
        "Ethernet Port",
        Address=nic.mac,
        ClusterMonitored=True,
        Connection=[""],
        ElementName=nic.name,
        StaticMacAddress=nic.static_mac,
    )


def connection_id(config: str, nic: Nic) -> str:
    """The InstanceID of a connection's settings."""
    return rf"Microsoft:{config}\{nic.guid}\{guid('connection', nic.guid)}"


@of_machine(CONNECTION)
def connections(model: Model, machine: Machine) -> Iterator[Values]:
    """What the adapters are connected to; a cut connection has EnabledState 3."""
    names = {switch.guid: switch.name for switch in model.switches}
    for config in configurations(machine):
        for nic in config.configuration.nics:
            if not nic.has_connection:
                continue
            adapter = rf"Microsoft:{config.guid}\{nic.guid}"
            values = allocation(
                connection_id(config.guid, nic),
                33,
                "Ethernet Connection",
                "Ethernet Switch Port Settings",
                EnabledState=2 if nic.is_connected else 3,
                HostResource=[str(switch_path(model, nic.switch))]
                if nic.switch
                else [],
                LastKnownSwitchName=names.get(nic.switch or "", nic.last_switch),
                Parent=str(settings_path(model, port_class(nic), adapter)),
            )
            yield {**values, **nic.connection}


@of_machine(VLAN)
def vlans(model: Model, machine: Machine) -> Iterator[Values]:
    """Access VLANs of connections that have one."""
    for config in configurations(machine):
        for nic in config.configuration.nics:
            if nic.vlan is not None:
                yield {
                    "AccessVlanId": nic.vlan,
                    "Caption": "Ethernet Switch Port VLAN Settings",
                    "Description": "Represents the port VLAN settings.",
                    "ElementName": "Ethernet Switch Port VLAN Settings",
                    "InstanceID": vlan_id(config.guid, nic),
                    **VLAN_DEFAULTS,
                    **nic.vlan_settings,
                }


def vlan_id(config: str, nic: Nic) -> str:
    """The InstanceID of the VLAN's settings of a connection."""
    return rf"{connection_id(config, nic)}\{guid('vlan', nic.guid)}"


@of_machine("Msvm_EthernetPortSettingDataComponent")
def features(model: Model, machine: Machine) -> Iterator[Values]:
    """Connections and their features."""
    for config in configurations(machine):
        for nic in config.configuration.nics:
            connection = connection_id(config.guid, nic)
            group = settings_path(model, CONNECTION, connection)
            parts = [(f.class_name, rf"{connection}\{f.guid}") for f in nic.features]
            if nic.vlan is not None:
                parts.append((VLAN, vlan_id(config.guid, nic)))
            for class_name, instance_id in parts:
                part = settings_path(model, class_name, instance_id)
                yield {"GroupComponent": group, "PartComponent": part}


@of_machine("Msvm_VirtualSystemSettingDataComponent")
def network_components(model: Model, machine: Machine) -> Iterator[Values]:
    """Adapters and connections with the settings that they belong to."""
    for class_name, source in (
        (PORT, adapters),
        (LEGACY_PORT, legacy_adapters),
        (CONNECTION, connections),
    ):
        for values in source(model, machine):
            yield component(model, class_name, values["InstanceID"])


@of_machine(GUEST)
def guest_addresses(model: Model, machine: Machine) -> Iterator[Values]:
    """What the guest says of its adapters; empty arrays unless it runs."""
    tells = machine.power == Power.RUNNING and machine.guest.has_services
    for nic in machine.configuration.nics:
        addresses = nic.addresses if tells and nic.is_connected else []
        gateway = _gateway(addresses[0][0]) if addresses else []
        yield {
            "DefaultGateways": gateway if nic.gateways is None else nic.gateways,
            "DHCPEnabled": nic.dhcp,
            "DNSServers": gateway if nic.dns is None else nic.dns,
            "InstanceID": _guest_id(machine, nic),
            "IPAddresses": [address for address, _ in addresses],
            "IPAddressOrigins": [3 if nic.dhcp else 2 for _ in addresses],
            "ProtocolIFType": 4098 if addresses else 0,
            "Subnets": [subnet for _, subnet in addresses],
        }


def _gateway(address: str) -> list[str]:
    return [f"{address.partition('.')[0]}.0.0.1"] if "." in address else []


def _guest_id(machine: Machine, nic: Nic) -> str:
    return rf"Microsoft:GuestNetwork\{machine.guid}\{nic.guid}"


@of_machine("Msvm_SettingDataComponent")
def guest_components(model: Model, machine: Machine) -> Iterator[Values]:
    """Adapters and what the guest says of them."""
    for nic in machine.configuration.nics:
        adapter = rf"Microsoft:{machine.guid}\{nic.guid}"
        yield {
            "GroupComponent": settings_path(model, port_class(nic), adapter),
            "PartComponent": settings_path(model, GUEST, _guest_id(machine, nic)),
        }
