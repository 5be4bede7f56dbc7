# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Features of a connection: VLAN, security, bandwidth, offload, isolation, ACLs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hvsim.model.common import configurations
from hvsim.model.compute_changes import invalid
from hvsim.model.drive_changes import failure
from hvsim.model.identifiers import guid
from hvsim.model.machine import Machine
from hvsim.model.networking import VLAN, VLAN_DEFAULTS, connection_id
from hvsim.wmi.registry import Values, of_host, of_machine

if TYPE_CHECKING:
    from hvsim.model.model import Model

PREFIX = "Msvm_EthernetSwitchPort"
DEFAULTS: dict[str, Values] = {
    f"{PREFIX}AclSettingData": {
        "AclType": 1,
        "Action": 1,
        "Applicability": 2,
        "Direction": 1,
        "LocalAddress": "ANY",
        "LocalAddressPrefixLength": 0,
        "Name": "",
        "RemoteAddress": "ANY",
        "RemoteAddressPrefixLength": 0,
    },
    f"{PREFIX}BandwidthSettingData": {
        "BurstLimit": 0,
        "BurstSize": 0,
        "Limit": 0,
        "Reservation": 0,
        "Weight": 0,
    },
    f"{PREFIX}IsolationSettingData": {
        "AllowUntaggedTraffic": False,
        "DefaultIsolationId": 0,
        "EnableMultiTenantStack": False,
        "IsolationMode": 0,
    },
    f"{PREFIX}OffloadSettingData": {
        "IOVInterruptModeration": 0,
        "IOVOffloadWeight": 0,
        "IOVQueuePairsRequested": 1,
        "IPSecOffloadLimit": 512,
        "PacketDirectModerationCount": 64,
        "PacketDirectModerationInterval": 1_000_000,
        "PacketDirectNumProcs": 0,
        "RscEnabled": True,
        "VmmqEnabled": True,
        "VmmqQueuePairs": 16,
        "VMQOffloadWeight": 100,
        "VrssEnabled": True,
        "VrssExcludePrimaryProcessor": False,
        "VrssIndependentHostSpreading": False,
        "VrssMinQueuePairs": 1,
        "VrssQueueSchedulingMode": 2,
        "VrssVmbusChannelAffinityPolicy": 3,
    },
    f"{PREFIX}SecuritySettingData": {
        "AllowIeeePriorityTag": False,
        "AllowMacSpoofing": False,
        "AllowTeaming": False,
        "DynamicIPAddressLimit": 0,
        "EnableDhcpGuard": False,
        "EnableFixSpeed10G": False,
        "EnableRouterGuard": False,
        "MonitorMode": 0,
        "MonitorSession": 0,
        "StormLimit": 0,
        "TeamName": "",
        "TeamNumber": 0,
        "VirtualSubnetId": 0,
    },
    VLAN: {"AccessVlanId": 0, **VLAN_DEFAULTS},
}
"""The features that are known, with what their definitions say."""
VLAN_ARRAYS = ("PruneVlanIdArray", "SecondaryVlanIdArray", "TrunkVlanIdArray")
MULTIPLE = f"{PREFIX}AclSettingData"
MOST_VLAN = 4094


# Reading


def feature_values(class_name: str, instance_id: str, values: Values) -> Values:
    """The settings of a feature."""
    name = class_name.removeprefix(PREFIX).removesuffix("SettingData")
    return {
        "Caption": f"Ethernet Switch Port {name} Settings",
        "Description": f"Represents the port {name} settings.",
        "ElementName": f"Ethernet Switch Port {name} Settings",
        "InstanceID": instance_id,
        **DEFAULTS[class_name],
        **values,
    }


def _register(class_name: str) -> None:
    @of_host(class_name)
    def definition(model: Model) -> Iterator[Values]:
        pool = guid("pool", class_name)
        yield feature_values(class_name, rf"Microsoft:Definition\{pool}\Default", {})

    if class_name == VLAN:
        return

    @of_machine(class_name)
    def features(model: Model, machine: Machine) -> Iterator[Values]:
        for config in configurations(machine):
            for nic in config.configuration.nics:
                for feature in nic.features:
                    if feature.class_name == class_name:
                        identifier = connection_id(config.guid, nic)
                        yield feature_values(
                            class_name,
                            rf"{identifier}\{feature.guid}",
                            feature.values,
                        )


for _class_name in DEFAULTS:
    _register(_class_name)


# Checking


def check_feature(class_name: str, values: Values) -> None:
    """Raises EmbeddedError: a feature can't be so."""
    if class_name == VLAN:
        _check_vlan(values)
    elif class_name == f"{PREFIX}BandwidthSettingData":
        # The switches' BandwidthReservationMode is 1: by weights.
        if values["Reservation"]:
            raise failure("Reservation: the switch reserves bandwidth by weights.")
        if values["Weight"] > 100:
            raise invalid(f"Weight: {values['Weight']} is not between 0 and 100.")
    elif class_name == f"{PREFIX}OffloadSettingData":
        for name in ("IOVOffloadWeight", "VMQOffloadWeight"):
            if values[name] > 100:
                raise invalid(f"{name}: {values[name]} is not between 0 and 100.")
    elif class_name == f"{PREFIX}SecuritySettingData" and values["MonitorMode"] > 2:
        raise invalid(f"MonitorMode: {values['MonitorMode']}")


def _check_vlan(values: Values) -> None:
    mode = values["OperationMode"]
    required = {
        1: ("AccessVlanId",),
        2: (),
        3: ("PrimaryVlanId",),
    }.get(mode)
    if required is None:
        raise invalid(f"OperationMode: {mode} is neither 1, 2 nor 3.")
    arrays = [number for name in VLAN_ARRAYS for number in values.get(name) or ()]
    numbers = [values[name] for name in required] + arrays
    if any(not 1 <= number <= MOST_VLAN for number in numbers):
        raise invalid(f"A VLAN is a number between 1 and {MOST_VLAN}.")
    if values["NativeVlanId"] > MOST_VLAN:
        raise invalid(f"NativeVlanId: {values['NativeVlanId']}")
