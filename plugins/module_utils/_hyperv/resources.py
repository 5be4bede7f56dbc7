# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Embedded instances for devices that are added or changed; pure.

The properties are those that libvirt's driver (src/hyperv/hyperv_driver.c) and os-win
(vmutils.py) send: what is left out, the host takes from its definitions.
"""

from __future__ import annotations

from typing import Any

from .._cim.instance import CimInstance, InstancePath
from .classes import (
    CONNECTION,
    EMULATED_ADAPTER,
    EMULATED_PORT,
    ETHERNET_CONNECTION,
    RESOURCE,
    RESOURCE_TYPES,
    SCSI,
    STORAGE,
    SWITCH,
    SYNTHETIC_ADAPTER,
    SYNTHETIC_PORT,
    SYSTEM_SETTINGS,
    V2,
    VLAN,
)

#: Msvm_EthernetPortAllocationSettingData.EnabledState.
CONNECTED, CUT_OFF = 2, 3
#: Msvm_EthernetSwitchPortVlanSettingData.OperationMode.
_ACCESS = 1


def path_to(cls: str, instance_id: str) -> InstancePath:
    """The path of settings."""
    return InstancePath(V2, cls, (("InstanceID", instance_id),))


def settings_path(guid: str) -> InstancePath:
    """The path of the settings in force of a machine, or of a checkpoint's."""
    return path_to(SYSTEM_SETTINGS, f"Microsoft:{guid.upper()}")


def switch_path(name: str) -> InstancePath:
    """The path of a switch, by its GUID."""
    return InstancePath(V2, SWITCH, (("CreationClassName", SWITCH), ("Name", name)))


def _new(cls: str, subtype: str, **properties: Any) -> CimInstance:
    kind = {"ResourceType": RESOURCE_TYPES[subtype], "ResourceSubType": subtype}
    return CimInstance(cls, {**kind, **properties})


def scsi_controller(identifier: str) -> CimInstance:
    """A controller of SCSI; ``identifier`` is a new GUID."""
    return _new(RESOURCE, SCSI, VirtualSystemIdentifiers=[f"{{{identifier}}}"])


def drive(subtype: str, controller: str, slot: int) -> CimInstance:
    """A drive in a slot of the controller with that InstanceID."""
    return _new(
        RESOURCE,
        subtype,
        Parent=str(path_to(RESOURCE, controller)),
        AddressOnParent=str(slot),
    )


def medium(subtype: str, in_drive: str, file: str) -> CimInstance:
    """An image in the drive with that InstanceID."""
    return _new(
        STORAGE, subtype, Parent=str(path_to(RESOURCE, in_drive)), HostResource=[file]
    )


def other_medium(instance_id: str, file: str) -> CimInstance:
    """Another image in place of the one that is in a drive."""
    return CimInstance(STORAGE, {"InstanceID": instance_id, "HostResource": [file]})


def adapter(name: str, mac: str | None, identifier: str, model: str) -> CimInstance:
    """A network adapter.

    Args:
        name: Its ElementName.
        mac: Its address with colons; None for the host's choice.
        identifier: A new GUID.
        model: ``synthetic`` or ``emulated``.
    """
    address: dict[str, Any] = {}
    if mac is not None:
        address = {"Address": mac.replace(":", "").upper(), "StaticMacAddress": True}
    if model == "emulated":
        return _new(EMULATED_PORT, EMULATED_ADAPTER, ElementName=name, **address)
    identifiers = [f"{{{identifier}}}"]
    return _new(
        SYNTHETIC_PORT,
        SYNTHETIC_ADAPTER,
        ElementName=name,
        VirtualSystemIdentifiers=identifiers,
        **address,
    )


def connection(port: InstancePath, switch: str | None, *, enabled: bool) -> CimInstance:
    """The connection of an adapter that has none, to the switch with that GUID."""
    resource = {"HostResource": [str(switch_path(switch))]} if switch else {}
    state = CONNECTED if enabled else CUT_OFF
    return _new(
        CONNECTION,
        ETHERNET_CONNECTION,
        Parent=str(port),
        EnabledState=state,
        **resource,
    )


def other_connection(
    instance_id: str, switch: str | None, *, enabled: bool
) -> CimInstance:
    """What changes of a connection; no switch leaves the one that it has."""
    resource = {"HostResource": [str(switch_path(switch))]} if switch else {}
    state = CONNECTED if enabled else CUT_OFF
    properties = {"InstanceID": instance_id, "EnabledState": state, **resource}
    return CimInstance(CONNECTION, properties)


def vlan(identifier: int) -> CimInstance:
    """A connection's VLAN, as of an access port."""
    return CimInstance(VLAN, {"OperationMode": _ACCESS, "AccessVlanId": identifier})
