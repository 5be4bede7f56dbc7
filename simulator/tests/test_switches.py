# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches: made, changed, connected, removed, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from wmi_client import SYSTEM, V2, Client, client, embedded, reference

SERVICE = "Msvm_VirtualEthernetSwitchManagementService"
SWITCH = "Msvm_VirtualEthernetSwitch"
SETTINGS = "Msvm_VirtualEthernetSwitchSettingData"
CONNECTION = "Msvm_EthernetPortAllocationSettingData"
PORT = "Msvm_ExternalEthernetPort"


@pytest.fixture
def host() -> Client:
    return client(job_seconds=10)


def text(name: str, class_name: str, **given: Any) -> str:
    return f"<p:{name}>{embedded(class_name, **given)}</p:{name}>"


def adapter(host: Client, number: int) -> str:
    """The path of an adapter of the host, as text."""
    row = host.query(f"SELECT * FROM {PORT}")[number]
    keys = ",".join(
        f'{key}="{row[key]}"'
        for key in (
            "CreationClassName",
            "DeviceID",
            "SystemCreationClassName",
            "SystemName",
        )
    )
    return rf"\\HVSIM\root\virtualization\v2:{PORT}.{keys}"


HOST = rf'root/virtualization/v2:{SYSTEM}.CreationClassName="{SYSTEM}",Name="HVSIM"'


def connections(*resources: str) -> str:
    return "".join(
        text("ResourceSettings", CONNECTION, HostResource=[resource])
        for resource in resources
    )


def define(host: Client, *resources: str, name: str = "new", **given: Any) -> Any:
    """DefineSystem and its job."""
    content = text("SystemSettings", SETTINGS, ElementName=name, **given)
    return host.job(
        host.call(SERVICE, "DefineSystem", content + connections(*resources))
    )


def switch(host: Client, name: str = "new") -> dict[str, Any]:
    (row,) = host.query(f"SELECT * FROM {SWITCH} WHERE ElementName = '{name}'")
    return row


def settings(host: Client, name: str = "new") -> dict[str, Any]:
    (row,) = host.query(f"SELECT * FROM {SETTINGS} WHERE ElementName = '{name}'")
    return row


def connected(host: Client, guid: str) -> list[str]:
    """What a switch is connected to, by the HostResource of its connections."""
    rows = host.query(
        f"SELECT * FROM {CONNECTION} WHERE InstanceID LIKE 'Microsoft:{guid}%'"
    )
    return [row["HostResource"] for row in rows]


def is_bound(host: Client, number: int) -> str:
    return str(host.query(f"SELECT * FROM {PORT}")[number]["IsBound"])


def of_switch(host: Client, name: str) -> str:
    guid = switch(host, name)["Name"]
    path = reference(V2 + SWITCH, CreationClassName=SWITCH, Name=guid)
    return f"<p:AffectedSystem>{path}</p:AffectedSystem>"


# Making


def test_private_switch_is_found_through_its_job(host: Client) -> None:
    job = define(host, Notes=["for tests"])
    assert (job["JobType"], job["JobState"]) == ("130", "7")
    (made,) = host.query(
        f"ASSOCIATORS OF {{Msvm_ConcreteJob.InstanceID='{job['InstanceID']}'}} "
        f"WHERE ResultClass = {SWITCH}"
    )
    assert made["ElementName"] == "new"
    found = settings(host)
    assert (found["Notes"], found["BandwidthReservationMode"]) == ("for tests", "0")
    assert not connected(host, made["Name"])
    assert not [
        row
        for row in host.query("SELECT * FROM Msvm_InternalEthernetPort")
        if row["ElementName"] == "new"
    ]


def test_internal_switch_gives_the_host_a_port(host: Client) -> None:
    assert define(host, HOST)["JobState"] == "7"
    (resource,) = connected(host, switch(host)["Name"])
    assert resource.endswith('Name="HVSIM"')
    ports = host.query("SELECT * FROM Msvm_InternalEthernetPort")
    assert "new" in [row["ElementName"] for row in ports]


def test_external_switch_binds_an_adapter(host: Client) -> None:
    assert is_bound(host, 1) == "false"
    job = define(host, adapter(host, 1), HOST, IOVPreferred=True)
    assert job["JobState"] == "7"
    assert is_bound(host, 1) == "true"
    assert settings(host)["IOVPreferred"] == "true"
    assert connected(host, switch(host)["Name"])[0] == adapter(host, 1)
    job = define(host, adapter(host, 1), name="second")
    assert (job["JobState"], job["ErrorCode"]) == ("10", "32768")
    assert job["ErrorDescription"] == (
        "Failed while adding virtual Ethernet switch connections. External Ethernet "
        "adapter 'Intel(R) Ethernet Controller X710 #2' is already bound to the "
        "Microsoft Virtual Switch protocol."
    )
    assert "second" not in [s.name for s in host.model.switches]


def test_two_switches_of_one_name(host: Client) -> None:
    define(host)
    define(host)
    rows = host.query(f"SELECT * FROM {SWITCH} WHERE ElementName = 'new'")
    assert len({row["Name"] for row in rows}) == 2


def test_without_job_time_the_switch_is_told_at_once() -> None:
    at_once = client(job_seconds=0)
    content = text("SystemSettings", SETTINGS, ElementName="new")
    output = at_once.call(SERVICE, "DefineSystem", content)
    assert output["ReturnValue"] == "0"
    assert switch(at_once)["Name"] in output["ResultingSystem"]


@pytest.mark.parametrize(
    ("resources", "given", "code"),
    [
        ((HOST, HOST), {}, "32768"),
        ((HOST.replace("HVSIM", "OTHER"),), {}, "32773"),
        (("no path; at all.x=",), {}, "32773"),
        ((r"\\HVSIM\root\virtualization\v2:Msvm_Nothing.A=1",), {}, "32773"),
        ((), {"BandwidthReservationMode": 9}, "32773"),
        ((), {"CreationTime": None, "VirtualSystemType": "x"}, "32768"),
    ],
)
def test_switch_that_can_not_be_made(
    host: Client, resources: tuple[str, ...], given: dict[str, Any], code: str
) -> None:
    before = len(host.model.switches)
    assert define(host, *resources, **given)["ErrorCode"] == code
    assert len(host.model.switches) == before


def test_team_of_adapters_is_for_switches_with_teaming(host: Client) -> None:
    host.model.ports[0].is_bound = False
    both = adapter(host, 0), adapter(host, 1)
    assert define(host, *both)["ErrorCode"] == "32768"
    assert is_bound(host, 1) == "false"
    assert define(host, both[0], both[0], TeamingEnabled=True)["ErrorCode"] == "32773"
    assert define(host, *both, TeamingEnabled=True)["JobState"] == "7"
    assert connected(host, switch(host)["Name"]) == list(both)


def test_text_that_is_no_switch(host: Client) -> None:
    for method in ("DefineSystem", "ModifySystemSettings", "DestroySystem"):
        assert host.call(SERVICE, method)["ReturnValue"] == "32773"
    content = text("SystemSettings", "Msvm_MemorySettingData", VirtualQuantity=1)
    job = host.job(host.call(SERVICE, "DefineSystem", content))
    assert job["ErrorCode"] == "32773"


# Changing


def modify(host: Client, name: str, **given: Any) -> dict[str, Any]:
    identifier = settings(host, name)["InstanceID"]
    content = text("SystemSettings", SETTINGS, InstanceID=identifier, **given)
    return host.job(host.call(SERVICE, "ModifySystemSettings", content))


def test_switch_is_renamed_and_noted(host: Client) -> None:
    job = modify(host, "Private", ElementName="quiet", Notes=["shh"])
    assert (job["JobType"], job["JobState"]) == ("131", "7")
    assert settings(host, "quiet")["Notes"] == "shh"
    assert switch(host, "quiet")
    connection = host.query(
        f"SELECT * FROM {CONNECTION} WHERE LastKnownSwitchName = 'quiet'"
    )
    assert connection


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"ElementName": ""}, "32773"),
        ({"IOVPreferred": True}, "32768"),
        ({"BandwidthReservationMode": 2}, "32768"),
    ],
)
def test_what_is_decided_when_a_switch_is_made(
    host: Client, given: dict[str, Any], code: str
) -> None:
    assert modify(host, "Private", **given)["ErrorCode"] == code
    content = text("SystemSettings", SETTINGS, InstanceID="Microsoft:x")
    job = host.job(host.call(SERVICE, "ModifySystemSettings", content))
    assert job["ErrorCode"] == "32773"


# Connections


def reference_of(host: Client, name: str) -> str:
    path = reference(V2 + SETTINGS, InstanceID=settings(host, name)["InstanceID"])
    return f"<p:AffectedConfiguration>{path}</p:AffectedConfiguration>"


def test_private_switch_becomes_external_and_private_again(host: Client) -> None:
    content = reference_of(host, "Private") + connections(adapter(host, 1), HOST)
    job = host.job(host.call(SERVICE, "AddResourceSettings", content))
    assert (job["JobType"], job["JobState"]) == ("133", "7")
    guid = switch(host, "Private")["Name"]
    assert len(connected(host, guid)) == 2
    assert is_bound(host, 1) == "true"
    rows = host.query(
        f"SELECT * FROM {CONNECTION} WHERE InstanceID LIKE 'Microsoft:{guid}%'"
    )
    references = "".join(
        f"<p:ResourceSettings>"
        f"{reference(V2 + CONNECTION, InstanceID=row['InstanceID'])}"
        f"</p:ResourceSettings>"
        for row in rows
    )
    job = host.job(host.call(SERVICE, "RemoveResourceSettings", references))
    assert (job["JobType"], job["JobState"]) == ("135", "7")
    assert not connected(host, guid)
    assert is_bound(host, 1) == "false"
    job = host.job(host.call(SERVICE, "RemoveResourceSettings", references))
    assert job["ErrorCode"] == "32773"


def test_external_switch_takes_another_adapter(host: Client) -> None:
    guid = switch(host, "External")["Name"]
    rows = host.query(
        f"SELECT * FROM {CONNECTION} WHERE InstanceID LIKE 'Microsoft:{guid}%'"
    )

    def modified(row: dict[str, Any], resource: str) -> dict[str, Any]:
        content = text(
            "ResourceSettings",
            CONNECTION,
            InstanceID=row["InstanceID"],
            HostResource=[resource],
        )
        return host.job(host.call(SERVICE, "ModifyResourceSettings", content))

    assert modified(rows[0], adapter(host, 0))["JobState"] == "7"
    assert modified(rows[1], adapter(host, 1))["ErrorCode"] == "32773"
    assert modified(rows[0], adapter(host, 1))["JobState"] == "7"
    assert connected(host, guid)[0] == adapter(host, 1)
    assert (is_bound(host, 0), is_bound(host, 1)) == ("false", "true")


def test_adapter_of_another_switch_is_not_taken(host: Client) -> None:
    define(host, adapter(host, 1))
    guid = switch(host, "External")["Name"]
    (row, _) = host.query(
        f"SELECT * FROM {CONNECTION} WHERE InstanceID LIKE 'Microsoft:{guid}%'"
    )
    content = text(
        "ResourceSettings",
        CONNECTION,
        InstanceID=row["InstanceID"],
        HostResource=[adapter(host, 1)],
    )
    job = host.job(host.call(SERVICE, "ModifyResourceSettings", content))
    assert "already bound" in job["ErrorDescription"]


def test_connections_of_nothing(host: Client) -> None:
    for method in ("AddResourceSettings", "ModifyResourceSettings"):
        assert host.call(SERVICE, method)["ReturnValue"] == "32773"
    assert host.call(SERVICE, "RemoveResourceSettings")["ReturnValue"] == "32773"
    content = connections(HOST)
    assert host.call(SERVICE, "AddResourceSettings", content)["ReturnValue"] == "32773"


# Removing


def test_switch_of_a_running_machine_stays(host: Client) -> None:
    job = host.job(host.call(SERVICE, "DestroySystem", of_switch(host, "External")))
    assert (job["JobState"], job["ErrorCode"]) == ("10", "32768")
    assert "being used by running virtual machines" in job["ErrorDescription"]
    assert switch(host, "External")


def test_removed_switch_leaves_machines_that_are_off_disconnected(
    host: Client,
) -> None:
    name = "Internal"
    for machine in host.model.machines.values():
        host.change(machine.name, 3)
    host.clock.advance(11)
    adapters = [
        nic
        for machine in host.model.machines.values()
        for nic in machine.configuration.nics
        if nic.switch == host.model.switches[1].guid
    ]
    assert adapters
    job = host.job(host.call(SERVICE, "DestroySystem", of_switch(host, name)))
    assert (job["JobType"], job["JobState"]) == ("132", "7")
    assert not host.query(f"SELECT * FROM {SWITCH} WHERE ElementName = '{name}'")
    assert all(nic.switch is None for nic in adapters)
    rows = host.query(
        f"SELECT * FROM {CONNECTION} WHERE LastKnownSwitchName = '{name}'"
    )
    assert len(rows) >= len(adapters)
    assert all(row.get("HostResource") is None for row in rows)
    job = host.job(host.call(SERVICE, "DestroySystem", of_switch(host, "External")))
    assert job["JobState"] == "7"
    assert is_bound(host, 0) == "false"
    assert define(host, adapter(host, 0))["JobState"] == "7"


def test_job_that_fails_makes_no_switch(host: Client) -> None:
    host.model.fail_next_job(32768, "No.", job="define_switch")
    assert define(host, adapter(host, 1))["ErrorDescription"] == "No."
    assert is_bound(host, 1) == "false"
    assert define(host, adapter(host, 1))["JobState"] == "7"
