# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network adapters, their connections, the features of those."""

from __future__ import annotations

from typing import Any

import pytest
from change_client import (
    CONNECTION,
    PORT,
    SUB,
    Changer,
    embedded,
    parameter,
    path,
    refer,
    results,
    switch_path,
)
from lxml import etree
from wmi_client import V2, client, values

SECOND_ON, FIRST_OFF, SAVED, FIRST_ON = "vm0001", "vm0002", "vm0004", "vm0005"
LEGACY = "Msvm_EmulatedEthernetPortSettingData"
FEATURE = "Msvm_EthernetSwitchPort{}SettingData".format
VLAN = FEATURE("Vlan")


@pytest.fixture
def host() -> Changer:
    return Changer(client(10, job_seconds=10))


def switch(host: Changer, name: str = "Internal") -> str:
    return next(s.guid for s in host.host.model.switches if s.name == name)


def nic_of(host: Changer, name: str) -> str:
    return str(host.settings(PORT, host.guid(name))[0]["InstanceID"])


def connection_of(host: Changer, name: str) -> dict[str, Any]:
    return host.settings(CONNECTION, host.guid(name))[0]


# Adapters


def test_adapter_is_added_connected_and_seen_everywhere(host: Changer) -> None:
    guid = host.guid(SECOND_ON)
    code, nic = host.add_nic(
        guid,
        ElementName="lan",
        VirtualSystemIdentifiers=["{89b28ea3-16f6-4069-a09e-b76241a1cbba}"],
        Address="00155daabbcc",
        StaticMacAddress=True,
        DeviceNamingEnabled=True,
    )
    assert code == 0, host.text
    found = host.read(PORT, nic)
    assert (found["ElementName"], found["Address"]) == ("lan", "00155DAABBCC")
    assert found["VirtualSystemIdentifiers"] == "{89b28ea3-16f6-4069-a09e-b76241a1cbba}"
    assert (found["StaticMacAddress"], found["DeviceNamingEnabled"]) == ("true", "true")
    assert "89B28EA3" not in nic.upper()
    assert len(host.settings(CONNECTION, guid)) == 1
    code, connection = host.connect(guid, nic, switch(host))
    assert code == 0, host.text
    told = host.read(CONNECTION, connection)
    assert told["LastKnownSwitchName"] == "Internal"
    assert told["EnabledState"] == "2"
    assert told["Parent"].endswith(path(PORT, nic).partition(":")[2])
    ports = host.host.query(
        f"SELECT * FROM Msvm_SyntheticEthernetPort WHERE SystemName = '{guid}'"
    )
    assert {port["ElementName"] for port in ports} == {"Network Adapter", "lan"}
    addresses = host.host.query(
        "SELECT * FROM Msvm_GuestNetworkAdapterConfiguration WHERE "
        rf"InstanceID = 'Microsoft:GuestNetwork\\{guid}\\{nic[-36:]}'"
    )
    assert addresses[0]["IPAddresses"]
    summary = refer(
        "SettingData", "Msvm_VirtualSystemSettingData", InstanceID=f"Microsoft:{guid}"
    )
    asked = "<p:RequestedInformation>9</p:RequestedInformation>"
    output = host.call("GetSummaryInformation", summary + asked)
    assert values(output[0])["VirtualSwitchNames"] == ["External", "Internal"]


def test_adapters_come_and_go_hot_in_the_second_generation_alone(host: Changer) -> None:
    assert host.add_nic(host.guid(FIRST_ON))[0] == 32775
    assert host.remove((PORT, nic_of(host, FIRST_ON))) == 32775
    assert host.remove((PORT, nic_of(host, SECOND_ON))) == 0
    assert not host.settings(PORT, host.guid(SECOND_ON))
    assert not host.settings(CONNECTION, host.guid(SECOND_ON))
    assert host.add_nic(host.guid(SAVED))[0] == 32775
    code, nic = host.add_nic(host.guid(FIRST_OFF))
    assert code == 0
    assert host.remove((PORT, nic)) == 0


def test_legacy_adapters_are_of_the_first_generation(host: Changer) -> None:
    text = embedded(LEGACY, ResourceSubType=SUB + "Emulated Ethernet Port")
    assert host.add(host.guid(SECOND_ON), text)[0] == 32768
    made = [host.add(host.guid(FIRST_OFF), text)[0] for _number in range(5)]
    assert made == [0, 0, 0, 0, 32768]
    assert len(host.settings(LEGACY, host.guid(FIRST_OFF))) == 4


def test_eight_adapters_and_no_more(host: Changer) -> None:
    codes = [host.add_nic(host.guid(SECOND_ON))[0] for _number in range(8)]
    assert codes == [0] * 7 + [32768]
    addresses = [row["Address"] for row in host.settings(PORT, host.guid(SECOND_ON))]
    assert len(set(addresses)) == 8


@pytest.mark.parametrize(
    "address", ["00:15:5D:00:00:01", "01155D000001", "0", "0" * 12]
)
def test_address_that_is_none(host: Changer, address: str) -> None:
    told = {"Address": address, "StaticMacAddress": True}
    assert host.add_nic(host.guid(FIRST_OFF), **told)[0] == 32773


def test_dynamic_address_comes_with_the_first_start(host: Changer) -> None:
    guid = host.guid(FIRST_OFF)
    made = [host.add_nic(guid)[1] for _number in range(2)]
    assert [host.read(PORT, nic)["Address"] for nic in made] == ["0" * 12] * 2
    assert host.modify(PORT, made[0], Address="00155D112233") == 32773
    host.host.change(FIRST_OFF, 2)
    host.host.clock.advance(11)
    given = [host.read(PORT, nic)["Address"] for nic in made]
    assert all("00155D010000" <= address <= "00155D01FFFF" for address in given)
    assert len(set(given)) == 2
    _code, nic = host.add_nic(host.guid(SECOND_ON))
    assert host.read(PORT, nic)["Address"].startswith("00155D01")


def test_name_changes_live_and_the_address_does_not(host: Changer) -> None:
    nic = nic_of(host, SECOND_ON)
    assert host.modify(PORT, nic, ElementName="other") == 0
    assert host.read(PORT, nic)["ElementName"] == "other"
    identifiers = ["{11111111-2222-3333-4444-555555555555}"]
    assert host.modify(PORT, nic, VirtualSystemIdentifiers=identifiers) == 0
    assert host.read(PORT, nic)["VirtualSystemIdentifiers"] == identifiers[0]
    told = {"Address": "00155D999999", "StaticMacAddress": True}
    assert host.modify(PORT, nic, **told) == 32775
    off = nic_of(host, FIRST_OFF)
    assert host.modify(PORT, off, **told) == 0
    assert host.read(PORT, off)["Address"] == "00155D999999"
    assert host.modify(PORT, off, StaticMacAddress=False) == 0
    assert host.modify(PORT, off[:-1] + "X", ElementName="x") == 32773


# Connections


def test_adapter_is_moved_to_another_switch_and_cut_while_running(
    host: Changer,
) -> None:
    connection = connection_of(host, SECOND_ON)["InstanceID"]
    other = switch(host, "Private")
    assert host.modify(CONNECTION, connection, HostResource=[switch_path(other)]) == 0
    assert connection_of(host, SECOND_ON)["LastKnownSwitchName"] == "Private"
    assert host.modify(CONNECTION, connection, EnabledState=3) == 0
    found = connection_of(host, SECOND_ON)
    assert found["EnabledState"] == "3"
    assert other in found["HostResource"]
    (addresses,) = host.host.query(
        "SELECT * FROM Msvm_GuestNetworkAdapterConfiguration WHERE "
        rf"InstanceID LIKE 'Microsoft:GuestNetwork\\{host.guid(SECOND_ON)}%'"
    )
    assert addresses.get("IPAddresses") is None
    assert host.modify(CONNECTION, connection, EnabledState=2) == 0
    assert connection_of(host, SECOND_ON)["EnabledState"] == "2"
    assert host.modify(CONNECTION, connection, EnabledState=5) == 32773


@pytest.mark.parametrize(
    "resource",
    [
        switch_path("11111111-2222-3333-4444-555555555555"),
        "External",
        'Msvm_ComputerSystem.Name="HVSIM"',
    ],
)
def test_switch_that_is_not_there(host: Changer, resource: str) -> None:
    connection = connection_of(host, SECOND_ON)["InstanceID"]
    assert host.modify(CONNECTION, connection, HostResource=[resource]) == 32773
    assert connection_of(host, SECOND_ON)["LastKnownSwitchName"] == "External"


def test_adapter_has_one_connection(host: Changer) -> None:
    guid, nic = host.guid(SECOND_ON), nic_of(host, SECOND_ON)
    assert host.connect(guid, nic, switch(host))[0] == 32768
    assert host.remove((CONNECTION, connection_of(host, SECOND_ON)["InstanceID"])) == 0
    assert not host.settings(CONNECTION, guid)
    assert host.connect(guid, nic, switch(host))[0] == 0
    assert host.connect(guid, nic[:-1] + "X", switch(host))[0] == 32773
    assert host.connect(guid, nic_of(host, FIRST_OFF), switch(host))[0] == 32773


# Features


def add_feature(
    host: Changer, connection: str, class_name: str, **told: Any
) -> tuple[int, str]:
    content = refer("AffectedConfiguration", CONNECTION, InstanceID=connection)
    content += parameter("FeatureSettings", embedded(class_name, **told))
    code, output = host.run("AddFeatureSettings", content)
    made = results(output, "ResultingFeatureSettings")
    return code, made[0]["InstanceID"] if made else ""


def modify_feature(host: Changer, class_name: str, feature: str, **told: Any) -> int:
    text = embedded(class_name, InstanceID=feature, **told)
    return host.run("ModifyFeatureSettings", parameter("FeatureSettings", text))[0]


def remove_feature(host: Changer, class_name: str, feature: str) -> int:
    content = refer("FeatureSettings", class_name, InstanceID=feature)
    return host.run("RemoveFeatureSettings", content)[0]


FEATURES = [
    (VLAN, {"OperationMode": 1, "AccessVlanId": 20}, {"AccessVlanId": 30}),
    (
        VLAN,
        {"OperationMode": 2, "NativeVlanId": 5, "TrunkVlanIdArray": [6, 7]},
        {"TrunkVlanIdArray": [6, 7, 8]},
    ),
    (
        FEATURE("Security"),
        {"AllowMacSpoofing": True, "EnableDhcpGuard": True},
        {"EnableRouterGuard": True},
    ),
    (FEATURE("Bandwidth"), {"Limit": 1_000_000, "Weight": 10}, {"Weight": 20}),
    (FEATURE("Offload"), {"VMQOffloadWeight": 0}, {"IOVOffloadWeight": 100}),
    (FEATURE("Isolation"), {"IsolationMode": 1}, {"DefaultIsolationId": 7}),
    (FEATURE("Acl"), {"Direction": 1, "AclType": 2, "Action": 3}, {"Action": 1}),
]


def told_as(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: [str(item) for item in value]
        if isinstance(value, list)
        else str(value).lower()
        for name, value in values.items()
    }


@pytest.mark.parametrize(("class_name", "first", "second"), FEATURES)
def test_feature_is_added_changed_and_removed_while_running(
    host: Changer, class_name: str, first: dict[str, Any], second: dict[str, Any]
) -> None:
    connection = connection_of(host, SECOND_ON)["InstanceID"]
    code, feature = add_feature(host, connection, class_name, **first)
    assert code == 0, host.text
    assert feature.startswith(connection + "\\")
    found = host.read(class_name, feature)
    assert {name: found[name] for name in first} == told_as(first)
    listed = host.host.query(
        f"ASSOCIATORS OF {{{CONNECTION}.InstanceID="
        f"'{connection.replace(chr(92), chr(92) * 2)}'}} "
        "WHERE AssocClass=Msvm_EthernetPortSettingDataComponent"
    )
    assert [row["InstanceID"] for row in listed] == [feature]
    assert modify_feature(host, class_name, feature, **second) == 0, host.text
    found = host.read(class_name, feature)
    assert {n: found[n] for n in {**first, **second}} == told_as({**first, **second})
    assert remove_feature(host, class_name, feature) == 0, host.text
    assert not host.settings(class_name, host.guid(SECOND_ON))
    assert remove_feature(host, class_name, feature) == 32773


def test_second_feature_of_a_class_is_refused_but_for_acls(host: Changer) -> None:
    connection = connection_of(host, SECOND_ON)["InstanceID"]
    for class_name, told, code in (
        (VLAN, {"AccessVlanId": 4}, 32768),
        (FEATURE("Security"), {}, 32768),
        (FEATURE("Acl"), {}, 0),
    ):
        assert add_feature(host, connection, class_name, **told)[0] == 0, class_name
        assert add_feature(host, connection, class_name, **told)[0] == code


@pytest.mark.parametrize(
    ("class_name", "told", "code"),
    [
        (VLAN, {"AccessVlanId": 4095}, 32773),
        (VLAN, {"AccessVlanId": 0}, 32773),
        (VLAN, {"OperationMode": 4}, 32773),
        (VLAN, {"OperationMode": 2, "TrunkVlanIdArray": [5000]}, 32773),
        (VLAN, {"OperationMode": 3}, 32773),
        (FEATURE("Bandwidth"), {"Reservation": 5}, 32768),
        (FEATURE("Bandwidth"), {"Weight": 101}, 32773),
        (FEATURE("Offload"), {"VMQOffloadWeight": 101}, 32773),
        (FEATURE("Security"), {"MonitorMode": 3}, 32773),
        (PORT, {"ElementName": "x"}, 32776),
    ],
)
def test_feature_that_can_not_be(
    host: Changer, class_name: str, told: dict[str, Any], code: int
) -> None:
    connection = connection_of(host, SECOND_ON)["InstanceID"]
    assert add_feature(host, connection, class_name, **told) == (code, "")
    assert host.text
    assert not host.settings(VLAN, host.guid(SECOND_ON))


def test_unconnected_adapter_gets_no_vlan(host: Changer) -> None:
    guid = host.guid(SECOND_ON)
    _code, nic = host.add_nic(guid)
    told = {"AccessVlanId": 4}
    assert add_feature(host, nic, VLAN, **told)[0] == 32773
    _code, connection = host.connect(guid, nic, None)
    assert host.read(CONNECTION, connection)["EnabledState"] == "3"
    assert add_feature(host, connection, VLAN, **told)[0] == 32768
    host.modify(CONNECTION, connection, HostResource=[switch_path(switch(host))])
    assert add_feature(host, connection, VLAN, **told)[0] == 0


def test_connection_that_is_none_gets_no_feature(host: Changer) -> None:
    content = refer("AffectedConfiguration", PORT, InstanceID=nic_of(host, SECOND_ON))
    content += parameter("FeatureSettings", embedded(VLAN, AccessVlanId=5))
    assert host.run("AddFeatureSettings", content)[0] == 32773
    assert host.run("AddFeatureSettings", "")[0] == 32773
    assert host.run("RemoveFeatureSettings", "")[0] == 32773


def test_every_feature_has_a_definition(host: Changer) -> None:
    for class_name in {name for name, _first, _second in FEATURES}:
        (found,) = host.host.query(
            f"SELECT * FROM {class_name} WHERE InstanceID LIKE 'Microsoft:Definition%'"
        )
        assert found["InstanceID"].endswith("\\Default")


# Addresses and key-value pairs


GUEST = "Msvm_GuestNetworkAdapterConfiguration"


def set_addresses(host: Changer, name: str, **told: Any) -> int:
    guid = host.guid(name)
    identifier = rf"Microsoft:GuestNetwork\{guid}\{nic_of(host, name)[-36:]}"
    content = refer(
        "ComputerSystem",
        "Msvm_ComputerSystem",
        CreationClassName="Msvm_ComputerSystem",
        Name=guid,
    ) + parameter(
        "NetworkConfiguration", embedded(GUEST, InstanceID=identifier, **told)
    )
    return host.run("SetGuestNetworkAdapterConfiguration", content)[0]


STATIC = {
    "DHCPEnabled": False,
    "IPAddresses": ["192.0.2.7"],
    "Subnets": ["255.255.255.0"],
    "DefaultGateways": ["192.0.2.1"],
    "DNSServers": ["192.0.2.2", "192.0.2.3"],
    "ProtocolIFType": 4096,
}


def test_guest_gets_addresses_from_the_host(host: Changer) -> None:
    def addresses() -> dict[str, Any]:
        guid = host.guid(SECOND_ON)
        identifier = rf"Microsoft:GuestNetwork\{guid}\{nic_of(host, SECOND_ON)[-36:]}"
        return host.host.get(V2 + GUEST, InstanceID=identifier)

    assert set_addresses(host, SECOND_ON, **STATIC) == 0, host.text
    found = addresses()
    assert (found["IPAddresses"], found["Subnets"]) == ("192.0.2.7", "255.255.255.0")
    assert found["DefaultGateways"] == "192.0.2.1"
    assert found["DNSServers"] == STATIC["DNSServers"]
    assert found["DHCPEnabled"] == "false"
    assert set_addresses(host, SECOND_ON, DHCPEnabled=True) == 0
    assert addresses()["DHCPEnabled"] == "true"


@pytest.mark.parametrize(
    ("name", "told", "code"),
    [
        (FIRST_OFF, STATIC, 32775),
        (SECOND_ON, {**STATIC, "IPAddresses": ["x"]}, 32773),
        (SECOND_ON, {**STATIC, "Subnets": []}, 32773),
        (SECOND_ON, {"DHCPEnabled": False}, 32773),
    ],
)
def test_addresses_that_can_not_be(
    host: Changer, name: str, told: dict[str, Any], code: int
) -> None:
    assert set_addresses(host, name, **told) == code
    assert host.text


def pairs(host: Changer, verb: str, name: str, data: str = "", source: int = 0) -> int:
    guid = host.guid(SECOND_ON)
    item = embedded("Msvm_KvpExchangeDataItem", Name=name, Data=data, Source=source)
    system = refer(
        "TargetSystem",
        "Msvm_ComputerSystem",
        CreationClassName="Msvm_ComputerSystem",
        Name=guid,
    )
    return host.run(f"{verb}KvpItems", system + parameter("DataItems", item))[0]


def test_pairs_of_the_host_are_added_changed_and_removed(host: Changer) -> None:
    def kept(name: str = "HostExchangeItems") -> dict[str | None, str | None]:
        (row,) = host.settings(
            "Msvm_KvpExchangeComponentSettingData", host.guid(SECOND_ON)
        )
        found = row.get(name) or []
        items = [
            etree.fromstring(t) for t in ([found] if isinstance(found, str) else found)
        ]
        return {
            item.findtext("PROPERTY[@NAME='Name']/VALUE"): item.findtext(
                "PROPERTY[@NAME='Data']/VALUE"
            )
            for item in items
        }

    assert pairs(host, "Add", "role", "web") == 0
    assert pairs(host, "Add", "role", "db") == 32768
    assert pairs(host, "Add", "secret", "x", 4) == 0
    assert kept() == {"role": "web"}
    assert kept("HostOnlyItems") == {"secret": "x"}
    assert pairs(host, "Modify", "role", "db") == 0
    assert kept() == {"role": "db"}
    assert pairs(host, "Modify", "none", "db") == 32768
    assert pairs(host, "Remove", "role") == 0
    assert pairs(host, "Remove", "role") == 32768
    assert kept() == {}
    assert pairs(host, "Add", "", "x") == 32773
    assert pairs(host, "Add", "x", "x", 1) == 32773
