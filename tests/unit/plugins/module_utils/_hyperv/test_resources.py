# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Embedded instances for devices, as tables."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._cim.embedded import (
    from_text,
    to_text,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._cim.instance import (
    CimInstance,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv import (
    resources,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.classes import (
    DISK_DRIVE,
    DVD_MEDIUM,
    RESOURCE,
    V2,
)

VM = "11111111-AAAA-4BBB-8CCC-DDDDDDDDDDDD"
CONTROLLER = rf"Microsoft:{VM}\C\0"
DRIVE = rf"{CONTROLLER}\0\D"
PORT = resources.path_to("Msvm_SyntheticEthernetPortSettingData", rf"Microsoft:{VM}\N")
KIND = "Microsoft:Hyper-V:"


def path(cls: str, instance: str) -> str:
    doubled = instance.replace("\\", "\\\\")
    return rf'root\virtualization\v2:{cls}.InstanceID="{doubled}"'


def test_paths_name_settings_and_switches() -> None:
    assert str(resources.path_to(RESOURCE, DRIVE)) == path(RESOURCE, DRIVE)
    settings = resources.settings_path(VM.lower())
    assert settings.selectors == {"InstanceID": f"Microsoft:{VM}"}
    switch = resources.switch_path("S")
    assert (switch.namespace, switch.class_name) == (V2, "Msvm_VirtualEthernetSwitch")
    assert switch.key("Name") == "S"


SWITCH = str(resources.switch_path("S"))


@pytest.mark.parametrize(
    ("instance", "cls", "expected"),
    [
        (
            resources.scsi_controller(VM),
            RESOURCE,
            {
                "ResourceType": 6,
                "ResourceSubType": f"{KIND}Synthetic SCSI Controller",
                "VirtualSystemIdentifiers": [f"{{{VM}}}"],
            },
        ),
        (
            resources.drive(DISK_DRIVE, CONTROLLER, 3),
            RESOURCE,
            {
                "ResourceType": 17,
                "ResourceSubType": f"{KIND}Synthetic Disk Drive",
                "Parent": path(RESOURCE, CONTROLLER),
                "AddressOnParent": "3",
            },
        ),
        (
            resources.medium(DVD_MEDIUM, DRIVE, r"C:\a.iso"),
            "Msvm_StorageAllocationSettingData",
            {
                "ResourceType": 31,
                "ResourceSubType": f"{KIND}Virtual CD/DVD Disk",
                "Parent": path(RESOURCE, DRIVE),
                "HostResource": [r"C:\a.iso"],
            },
        ),
        (
            resources.other_medium("I", r"C:\b.iso"),
            "Msvm_StorageAllocationSettingData",
            {"InstanceID": "I", "HostResource": [r"C:\b.iso"]},
        ),
        (
            resources.adapter("LAN", "02:15:5d:00:00:0a", VM, "synthetic"),
            "Msvm_SyntheticEthernetPortSettingData",
            {
                "ResourceType": 10,
                "ResourceSubType": f"{KIND}Synthetic Ethernet Port",
                "ElementName": "LAN",
                "VirtualSystemIdentifiers": [f"{{{VM}}}"],
                "Address": "02155D00000A",
                "StaticMacAddress": True,
            },
        ),
        (
            resources.adapter("LAN", None, VM, "emulated"),
            "Msvm_EmulatedEthernetPortSettingData",
            {
                "ResourceType": 10,
                "ResourceSubType": f"{KIND}Emulated Ethernet Port",
                "ElementName": "LAN",
            },
        ),
        (
            resources.connection(PORT, "S", enabled=True),
            "Msvm_EthernetPortAllocationSettingData",
            {
                "ResourceType": 33,
                "ResourceSubType": f"{KIND}Ethernet Connection",
                "Parent": str(PORT),
                "EnabledState": 2,
                "HostResource": [SWITCH],
            },
        ),
        (
            resources.connection(PORT, None, enabled=False),
            "Msvm_EthernetPortAllocationSettingData",
            {
                "ResourceType": 33,
                "ResourceSubType": f"{KIND}Ethernet Connection",
                "Parent": str(PORT),
                "EnabledState": 3,
            },
        ),
        (
            resources.other_connection("I", None, enabled=False),
            "Msvm_EthernetPortAllocationSettingData",
            {"InstanceID": "I", "EnabledState": 3},
        ),
        (
            resources.other_connection("I", "S", enabled=True),
            "Msvm_EthernetPortAllocationSettingData",
            {"InstanceID": "I", "EnabledState": 2, "HostResource": [SWITCH]},
        ),
        (
            resources.vlan(7),
            "Msvm_EthernetSwitchPortVlanSettingData",
            {"OperationMode": 1, "AccessVlanId": 7},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_device_has_these_properties(
    instance: CimInstance, cls: str, expected: dict[str, Any]
) -> None:
    assert instance.class_name == cls
    assert dict(instance) == expected
    assert from_text(to_text(instance)) == instance
