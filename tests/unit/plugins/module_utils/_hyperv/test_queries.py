# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The queries' texts."""

from __future__ import annotations

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv import queries

GUID = "11111111-aaaa-4bbb-8ccc-dddddddddddd"
UPPER = GUID.upper()
SYSTEM = (
    "SELECT Name,ElementName,EnabledState,OnTimeInMilliseconds FROM Msvm_ComputerSystem"
)


def parts(kind: str, *columns: str) -> str:
    chosen = ",".join(("InstanceID", *columns))
    return f"SELECT {chosen} FROM Msvm_{kind}SettingData"


ONE_SYSTEM = SYSTEM.replace(" FROM", ",OtherEnabledState FROM")


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (queries.systems(), SYSTEM),
        (
            queries.systems_named(r"O'Neil \1"),
            rf"{ONE_SYSTEM} WHERE ElementName = 'O\'Neil \\1'",
        ),
        (queries.system_with(GUID), f"{ONE_SYSTEM} WHERE Name = '{UPPER}'"),
        (
            queries.settings(full=False),
            "SELECT VirtualSystemIdentifier,VirtualSystemType,AutomaticStartupAction,"
            "Notes FROM Msvm_VirtualSystemSettingData",
        ),
        (
            queries.settings(full=True),
            "SELECT VirtualSystemIdentifier,VirtualSystemType,AutomaticStartupAction,"
            "Notes,InstanceID,ElementName,CreationTime,Parent,VirtualSystemSubType,"
            "SecureBootEnabled,SecureBootTemplateId,Version,BootOrder,BootSourceOrder,"
            "AutomaticStartupActionDelay,AutomaticShutdownAction,UserSnapshotType,IsSaved "
            "FROM Msvm_VirtualSystemSettingData",
        ),
        (
            queries.settings_of(GUID),
            "SELECT InstanceID,VirtualSystemIdentifier,VirtualSystemType,"
            "AutomaticStartupAction,Notes FROM Msvm_VirtualSystemSettingData WHERE "
            f"VirtualSystemIdentifier = '{UPPER}' AND "
            "VirtualSystemType = 'Microsoft:Hyper-V:System:Realized'",
        ),
        (queries.processors(), parts("Processor", "VirtualQuantity")),
        (
            queries.processors(GUID),
            parts("Processor", "VirtualQuantity")
            + f" WHERE InstanceID LIKE 'Microsoft:{UPPER}%'",
        ),
        (queries.memory(), parts("Memory", "VirtualQuantity")),
        (
            queries.memory(GUID),
            parts("Memory", "VirtualQuantity")
            + f" WHERE InstanceID LIKE 'Microsoft:{UPPER}%'",
        ),
        (
            queries.processors(full=True),
            parts("Processor", "VirtualQuantity", "ExposeVirtualizationExtensions"),
        ),
        (
            queries.memory(GUID, full=True),
            parts(
                "Memory",
                "VirtualQuantity",
                "DynamicMemoryEnabled",
                "Reservation",
                "Limit",
                "TargetMemoryBuffer",
                "Weight",
            )
            + f" WHERE InstanceID LIKE 'Microsoft:{UPPER}%'",
        ),
        (
            queries.vlans(),
            "SELECT InstanceID,OperationMode,AccessVlanId FROM "
            "Msvm_EthernetSwitchPortVlanSettingData",
        ),
        (queries.serials(), parts("SerialPort", "Connection")),
        (queries.security(), parts("Security", "TpmEnabled")),
        (
            queries.integration_service("backup"),
            parts("VssComponent", "EnabledState"),
        ),
        (
            queries.snapshots_of(GUID),
            "SELECT InstanceID,VirtualSystemType,ElementName,Parent FROM "
            "Msvm_VirtualSystemSettingData "
            f"WHERE VirtualSystemIdentifier = '{UPPER}'",
        ),
        (
            queries.activity_of(GUID),
            "SELECT Name,OperationalStatus FROM Msvm_ComputerSystem "
            f"WHERE Name = '{UPPER}'",
        ),
        (
            queries.boot_sources(GUID),
            "SELECT InstanceID,BootSourceOrder FROM Msvm_VirtualSystemSettingData "
            f"WHERE InstanceID = 'Microsoft:{UPPER}'",
        ),
        (
            queries.keyboard(GUID),
            f"SELECT DeviceID FROM Msvm_Keyboard WHERE SystemName = '{UPPER}'",
        ),
        (
            queries.image_folder(),
            "SELECT DefaultVirtualHardDiskPath FROM "
            "Msvm_VirtualSystemManagementServiceSettingData",
        ),
        (
            queries.guest_networks(),
            "SELECT InstanceID,IPAddresses FROM Msvm_GuestNetworkAdapterConfiguration",
        ),
        (
            queries.resources(),
            parts(
                "ResourceAllocation",
                "ResourceSubType",
                "Parent",
                "Address",
                "AddressOnParent",
                "HostResource",
            ),
        ),
        (
            queries.storage(),
            parts("StorageAllocation", "ResourceSubType", "Parent", "HostResource"),
        ),
        (
            queries.connections(),
            parts("EthernetPortAllocation", "Parent", "HostResource", "EnabledState"),
        ),
        (
            queries.switches(),
            "SELECT Name,ElementName FROM Msvm_VirtualEthernetSwitch",
        ),
        (
            queries.shutdown_component(GUID),
            f"SELECT DeviceID FROM Msvm_ShutdownComponent WHERE SystemName = '{UPPER}'",
        ),
    ],
    ids=str,
)
def test_query_is_this_text(query: object, text: str) -> None:
    assert str(query) == text


def test_network_adapters_are_asked_for_by_both_kinds() -> None:
    columns = ("ResourceSubType", "ElementName", "Address")
    assert [str(query) for query in queries.ports()] == [
        parts("SyntheticEthernetPort", *columns),
        parts("EmulatedEthernetPort", *columns),
    ]


def test_old_hosts_are_asked_for_what_they_have() -> None:
    old = queries.for_old_hosts(queries.processors(full=True))
    assert str(old) == parts("Processor", "VirtualQuantity")
    assert queries.for_old_hosts(queries.security()) is None
    assert "UserSnapshotType" not in str(
        queries.for_old_hosts(queries.settings(full=True))
    )
