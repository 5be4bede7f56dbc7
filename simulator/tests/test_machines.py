# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines: their states, jobs, guests, settings and summaries, by the clock."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree
from wmi_client import SYSTEM, V2, VSMS, Client, client, local, reference, values

from hvsim.faults import Code, Fault
from hvsim.model.clock import HeldClock
from hvsim.model.computer_system import TRANSITIONS
from hvsim.model.identifiers import SHUTDOWN
from hvsim.model.machine import Power
from hvsim.model.model import Model
from hvsim.wmi.embedded import to_text
from hvsim.wmi.schema import VIRTUALIZATION, schema
from hvsim.wmi.values import Instance

VSSD = "Msvm_VirtualSystemSettingData"
IN_STATE = {"running": "vm0001", "off": "vm0002", "saved": "vm0004", "paused": "vm0006"}


@pytest.fixture
def host() -> Client:
    return client(job_seconds=10, guest_seconds=30)


# The same for the same seed


def test_models_of_one_seed_are_the_same() -> None:
    one, two = (Model(20, seed=7, clock=HeldClock()) for _ in range(2))
    assert one.machines == two.machines
    other = Model(20, seed=8, clock=HeldClock())
    assert list(other.machines) == list(one.machines)
    assert other.machines != one.machines


def test_two_machines_of_one_name() -> None:
    both = client(3, names=["vm0001", "web"])
    rows = both.query(f"SELECT Name FROM {SYSTEM} WHERE ElementName = 'vm0001'")
    assert len({row["Name"] for row in rows}) == 2
    assert len(both.query(f"SELECT * FROM {SYSTEM} WHERE ElementName = 'web'")) == 1


# States


@pytest.mark.parametrize("requested", sorted(TRANSITIONS))
@pytest.mark.parametrize("power", list(Power))
def test_every_transition(host: Client, requested: int, power: Power) -> None:
    name = IN_STATE[power.name.lower()]
    job_type = TRANSITIONS[requested].get(power)
    returned = host.change(name, requested)
    if job_type is None:
        assert returned == 32775
        assert not host.jobs()
        return
    assert returned == 4096
    assert host.machine(name)["RequestedState"] == str(requested)
    assert host.change(name, requested) == 32775
    host.clock.advance(31)
    expected = {2: 2, 3: 3, 4: 3, 6: 6, 9: 9, 10: 2, 11: 2}[requested]
    found = host.machine(name)
    assert found["EnabledState"] == str(expected)
    assert found["RequestedState"] == "5"
    assert (found["ProcessID"] is None) == (expected in (3, 6))


@pytest.mark.parametrize("requested", [0, 1, 5, 7, 8, 32768, 32769, 65535])
def test_state_that_is_none_is_an_invalid_parameter(
    host: Client, requested: int
) -> None:
    assert host.change("vm0001", requested) == 32773


def test_host_itself_does_not_change_its_state(host: Client) -> None:
    output = host.invoke(
        V2 + SYSTEM,
        "RequestStateChange",
        "<p:RequestedState>3</p:RequestedState>",
        Name="HVSIM",
    )
    assert values(output)["ReturnValue"] == "32770"


def test_without_job_time_a_change_is_done_at_once() -> None:
    at_once = client(job_seconds=0)
    assert at_once.change("vm0002", 2) == 0
    assert at_once.machine("vm0002")["EnabledState"] == "2"
    at_once.model.fail_next_job(32778, "Not enough memory in the system.")
    assert at_once.change("vm0008", 2) == 32778
    assert at_once.machine("vm0008")["EnabledState"] == "3"


def test_up_time_grows_while_a_machine_runs_and_only_then(host: Client) -> None:
    def uptime() -> int:
        return int(host.machine("vm0001")["OnTimeInMilliseconds"])

    before = uptime()
    host.clock.advance(5)
    assert uptime() == before + 5000
    host.change("vm0001", 9)
    host.clock.advance(10)
    paused = uptime()
    host.clock.advance(60)
    assert uptime() == paused
    host.change("vm0001", 2)
    host.clock.advance(12)
    assert uptime() == paused + 2000
    host.change("vm0001", 11)
    host.clock.advance(11)
    assert uptime() == 1000


def test_saved_machine_says_so_in_its_settings(host: Client) -> None:
    def is_saved() -> str:
        guid = host.model.machine("vm0001").guid
        return str(host.get(V2 + VSSD, InstanceID=f"Microsoft:{guid}")["IsSaved"])

    assert is_saved() == "false"
    host.change("vm0001", 6)
    host.clock.advance(11)
    assert is_saved() == "true"
    host.change("vm0001", 3)
    host.clock.advance(11)
    assert is_saved() == "false"


# Jobs


def test_job_goes_on_completes_and_vanishes(host: Client) -> None:
    host.change("vm0002", 2)
    host.clock.advance(4)
    (job,) = host.jobs()
    assert (job["JobState"], job["PercentComplete"]) == ("4", "40")
    assert job["ElapsedTime"] == "P0DT0H0M4S"
    assert host.machine("vm0002")["EnabledState"] == "10"
    host.clock.advance(6)
    (job,) = host.jobs()
    assert (job["JobState"], job["PercentComplete"]) == ("7", "100")
    assert (job["ErrorCode"], job["TimeBeforeRemoval"]) == ("0", "P0DT0H5M0S")
    assert error_of(host, job) is None
    host.clock.advance(299)
    assert host.get(V2 + "Msvm_ConcreteJob", InstanceID=job["InstanceID"])
    host.clock.advance(2)
    with pytest.raises(Fault) as caught:
        host.get(V2 + "Msvm_ConcreteJob", InstanceID=job["InstanceID"])
    assert caught.value.code == Code.RESOURCE_NOT_FOUND


def error_of(host: Client, job: dict[str, Any]) -> etree._Element | None:
    uri, key = V2 + "Msvm_ConcreteJob", {"InstanceID": job["InstanceID"]}
    one = values(host.invoke(uri, "GetError", **key))["Error"]
    several = values(host.invoke(uri, "GetErrorEx", **key)).get("Errors")
    assert several == one
    return etree.fromstring(one) if one else None


def test_failed_job_tells_why_and_changes_nothing(host: Client) -> None:
    host.model.fail_next_job(32778, "Not enough memory & more.")
    assert host.change("vm0002", 2) == 4096
    assert error_of(host, host.jobs()[0]) is None
    host.clock.advance(11)
    (job,) = host.jobs()
    assert (job["JobState"], job["ErrorCode"]) == ("10", "32778")
    assert job["ErrorDescription"] == "Not enough memory & more."
    error = error_of(host, job)
    assert error is not None
    texts = {item.get("NAME"): item.findtext("VALUE") for item in error}
    assert texts["Message"] == "Not enough memory & more."
    assert host.machine("vm0002")["EnabledState"] == "3"
    assert host.change("vm0002", 2) == 4096


def test_job_belongs_to_its_machine(host: Client) -> None:
    host.change("vm0002", 2)
    guid = host.model.machine("vm0002").guid
    jobs = host.query(
        f"ASSOCIATORS OF {{{SYSTEM}.CreationClassName='{SYSTEM}',Name='{guid}'}} "
        "WHERE AssocClass = Msvm_AffectedJobElement"
    )
    assert [job["JobType"] for job in jobs] == ["12"]


def test_only_a_job_that_can_be_cancelled_is(host: Client) -> None:
    def cancel(state: int = 5) -> str:
        output = host.invoke(
            V2 + "Msvm_ConcreteJob",
            "RequestStateChange",
            f"<p:RequestedState>{state}</p:RequestedState>",
            InstanceID=host.jobs()[-1]["InstanceID"],
        )
        return str(values(output)["ReturnValue"])

    host.change("vm0002", 2)
    assert cancel() == "32775"
    host.change("vm0001", 6)
    assert cancel(9) == "32773"
    assert cancel() == "0"
    assert host.jobs()[-1]["JobState"] == "8"
    assert host.machine("vm0001")["EnabledState"] == "2"
    host.clock.advance(20)
    assert host.machine("vm0001")["EnabledState"] == "2"


# Guests


def initiate(
    host: Client, name: str, method: str = "Shutdown", force: bool = False
) -> int:
    component = "Msvm_ShutdownComponent"
    output = host.invoke(
        V2 + component,
        f"Initiate{method}",
        f"<p:Force>{str(force).lower()}</p:Force><p:Reason>a test</p:Reason>",
        CreationClassName=component,
        DeviceID=f"Microsoft:{SHUTDOWN}",
        SystemCreationClassName=SYSTEM,
        SystemName=host.model.machine(name).guid,
    )
    return int(values(output)["ReturnValue"])


def test_guest_shuts_down_after_a_while(host: Client) -> None:
    assert initiate(host, "vm0001") == 0
    assert initiate(host, "vm0001") == 32782
    host.clock.advance(29)
    assert host.machine("vm0001")["EnabledState"] == "4"
    host.clock.advance(2)
    assert host.machine("vm0001")["EnabledState"] == "3"


def test_guest_restarts(host: Client) -> None:
    assert initiate(host, "vm0001", "Reboot") == 0
    host.clock.advance(31)
    found = host.machine("vm0001")
    assert found["EnabledState"] == "2"
    assert int(found["OnTimeInMilliseconds"]) < 2000


def test_deaf_guest_takes_the_request_and_goes_on(host: Client) -> None:
    host.model.machine("vm0001").guest.is_deaf = True
    assert initiate(host, "vm0001") == 0
    host.clock.advance(10_000)
    assert host.machine("vm0001")["EnabledState"] == "2"
    assert host.change("vm0001", 4) == 4096
    host.clock.advance(10_000)
    assert host.change("vm0001", 3) == 4096
    host.clock.advance(11)
    assert host.machine("vm0001")["EnabledState"] == "3"


def test_guest_turned_off_meanwhile_is_not_turned_off_again(host: Client) -> None:
    assert initiate(host, "vm0001") == 0
    assert host.change("vm0001", 3) == 4096
    host.clock.advance(11)
    host.change("vm0001", 2)
    host.clock.advance(40)
    assert host.machine("vm0001")["EnabledState"] == "2"


def test_what_stands_against_a_shutdown(host: Client) -> None:
    one, two = host.model.machine("vm0001"), host.model.machine("vm0003")
    one.guest.is_locked = True
    assert initiate(host, "vm0001") == 32781
    assert initiate(host, "vm0001", force=True) == 0
    two.guest.has_services = False
    assert initiate(host, "vm0003") == 32780
    two.guest.has_services = True
    two.configuration.integration["Shutdown"] = False
    assert initiate(host, "vm0003") == 32780
    assert initiate(host, "vm0006") == 32775
    with pytest.raises(Fault) as caught:
        initiate(host, "vm0002")
    assert caught.value.code == Code.RESOURCE_NOT_FOUND


def test_guest_tells_its_addresses_while_it_runs(host: Client) -> None:
    def addresses(name: str) -> Any:
        guid = host.model.machine(name).guid
        (row,) = host.query(
            "SELECT * FROM Msvm_GuestNetworkAdapterConfiguration WHERE "
            f"InstanceID LIKE 'Microsoft:GuestNetwork\\\\{guid}%'"
        )
        return row.get("IPAddresses")

    assert len(addresses("vm0001")) == 2
    assert addresses("vm0002") is None


def test_guest_tells_facts_as_embedded_items(host: Client) -> None:
    rows = host.query("SELECT * FROM Msvm_KvpExchangeComponent")
    items = [etree.fromstring(text) for text in rows[0]["GuestIntrinsicExchangeItems"]]
    told = {
        item.findtext("PROPERTY[@NAME='Name']/VALUE"): item.findtext(
            "PROPERTY[@NAME='Data']/VALUE"
        )
        for item in items
    }
    assert told["FullyQualifiedDomainName"] == "vm0001.example.com"
    assert told["OSName"]


# Settings


def modify(host: Client, name: str, text: str = "", **changes: Any) -> dict[str, Any]:
    """ModifySystemSettings, and the job after its time."""
    if not text:
        guid = host.model.machine(name).guid
        cim_class = schema(VIRTUALIZATION).find(VSSD)
        text = only_told(
            Instance(cim_class, {"InstanceID": f"Microsoft:{guid}", **changes})
        )
    content = f"<p:SystemSettings><![CDATA[{text}]]></p:SystemSettings>"
    assert host.service("ModifySystemSettings", content)["ReturnValue"] == "4096"
    host.clock.advance(11)
    return host.jobs()[-1]


def only_told(instance: Instance) -> str:
    root = etree.fromstring(to_text(instance))
    for item in list(root):
        if item.get("PROPAGATED"):
            root.remove(item)
    return etree.tostring(root, encoding="unicode")


def settings_of(host: Client, name: str) -> dict[str, Any]:
    return host.query(f"SELECT * FROM {VSSD} WHERE ElementName = '{name}'")[0]


def test_settings_are_changed_and_read_back(host: Client) -> None:
    job = modify(
        host,
        "vm0002",
        ElementName="other",
        Notes=["one\ntwo", "three"],
        AutomaticStartupAction=4,
    )
    assert (job["JobState"], job["ErrorCode"]) == ("7", "0")
    found = settings_of(host, "other")
    assert found["AutomaticStartupAction"] == "4"
    assert found["Notes"] == "one\ntwo"
    assert host.machine("other")["EnabledState"] == "3"


def test_snapshot_is_renamed(host: Client) -> None:
    snapshot = host.model.machine("vm0008").snapshots[0]
    text = embedded(
        f"Microsoft:{snapshot.guid}", property_("ElementName", "string", "x")
    )
    assert modify(host, "", text)["JobState"] == "7"
    assert settings_of(host, "x")["VirtualSystemIdentifier"]
    assert host.machine("vm0008")


def property_(name: str, kind: str, value: str) -> str:
    return f'<PROPERTY NAME="{name}" TYPE="{kind}"><VALUE>{value}</VALUE></PROPERTY>'


def array(name: str, kind: str, value: str) -> str:
    return (
        f'<PROPERTY.ARRAY NAME="{name}" TYPE="{kind}"><VALUE.ARRAY><VALUE>{value}'
        "</VALUE></VALUE.ARRAY></PROPERTY.ARRAY>"
    )


def embedded(instance_id: str, *properties: str, name: str = VSSD) -> str:
    key = property_("InstanceID", "string", instance_id)
    return f'<INSTANCE CLASSNAME="{name}">{key}{"".join(properties)}</INSTANCE>'


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        (property_("AutomaticStartupAction", "string", "4"), "32768"),
        (property_("AutomaticStartupAction", "uint16", "9"), "32773"),
        (property_("AutomaticStartupAction", "uint16", "70000"), "32768"),
        (property_("AutomaticStartupActionDelay", "string", "PT1S"), "32768"),
        (property_("AutomaticStartupActionDelay", "datetime", "PT1S"), "32768"),
        (property_("Notes", "string", "x"), "32776"),
        (array("ElementName", "string", "x"), "32776"),
        (array("Notes", "string", "a &amp; b"), "32768"),
        (array("Notes", "string", "a &lt; b"), "32773"),
        (property_("Version", "string", "9.0"), "32768"),
        (property_("Nothing", "string", "x"), "32773"),
        (property_("ElementName", "string", ""), "32773"),
        ("<PROPERTY", "32768"),
    ],
)
def test_instance_that_the_provider_can_not_use_fails_the_job(
    host: Client, properties: str, code: str
) -> None:
    guid = host.model.machine("vm0002").guid
    job = modify(host, "", embedded(f"Microsoft:{guid}", properties))
    assert (job["JobState"], job["ErrorCode"]) == ("10", code)
    assert settings_of(host, "vm0002")["AutomaticStartupAction"] == "3"


def test_numeric_references_and_intervals_are_understood(host: Client) -> None:
    guid = host.model.machine("vm0002").guid
    text = embedded(
        f"Microsoft:{guid}",
        array("Notes", "string", "a &#38; b &#60; c"),
        property_(
            "AutomaticStartupActionDelay", "datetime", "00000000003000.000000:000"
        ),
    )
    assert modify(host, "", text)["JobState"] == "7"
    found = settings_of(host, "vm0002")
    assert found["Notes"] == "a & b < c"
    assert found["AutomaticStartupActionDelay"] == "P0DT0H30M0S"


def test_settings_of_nothing(host: Client) -> None:
    assert host.service("ModifySystemSettings")["ReturnValue"] == "32773"
    assert modify(host, "", embedded("Microsoft:x"))["ErrorCode"] == "32773"
    assert modify(host, "", embedded("x", name="Msvm_Nothing"))["ErrorCode"] == "32773"


def destroy(host: Client, name: str) -> str:
    source = reference(
        V2 + SYSTEM, CreationClassName=SYSTEM, Name=host.model.machine(name).guid
    )
    content = f"<p:AffectedSystem>{source}</p:AffectedSystem>"
    return str(host.service("DestroySystem", content)["ReturnValue"])


def test_machine_is_destroyed_only_off_or_saved_and_its_disks_stay(
    host: Client,
) -> None:
    disk = r"C:\VMs\vm0002\vm0002.vhdx"
    assert destroy(host, "vm0001") == "32775"
    assert destroy(host, "vm0006") == "32775"
    for name in ("vm0002", "vm0004"):
        assert destroy(host, name) == "4096"
    host.clock.advance(11)
    names = {
        row["ElementName"] for row in host.query(f"SELECT ElementName FROM {SYSTEM}")
    }
    assert not names & {"vm0002", "vm0004"}
    assert host.model.images.find(disk)
    assert host.query(
        "SELECT * FROM CIM_DataFile WHERE Name LIKE '%vm0002.vhdx'",
        V2.replace("virtualization/v2", "cimv2"),
    )
    assert not host.query(f"SELECT * FROM {VSSD} WHERE ElementName = 'vm0002'")


def test_destroying_nothing_is_an_invalid_parameter(host: Client) -> None:
    assert host.service("DestroySystem")["ReturnValue"] == "32773"


# Summaries


def summaries(host: Client, codes: list[int], *config: str) -> list[dict[str, Any]]:
    content = "".join(
        f"<p:SettingData>{reference(V2 + VSSD, InstanceID='Microsoft:' + guid)}"
        "</p:SettingData>"
        for guid in config
    )
    content += "".join(
        f"<p:RequestedInformation>{code}</p:RequestedInformation>" for code in codes
    )
    output = host.invoke(
        V2 + VSMS, "GetSummaryInformation", content, CreationClassName=VSMS
    )
    assert local(output[-1]) == "ReturnValue"
    assert output[-1].text == "0"
    return [values(item) for item in output[:-1]]


def test_summaries_of_all_machines(host: Client) -> None:
    found = summaries(host, [0, 1, 4, 100, 103, 105, 106])
    assert [item["ElementName"] for item in found][:2] == ["vm0001", "vm0002"]
    assert len(found) == 10
    first = host.machine("vm0001")
    assert found[0]["Name"] == first["Name"]
    assert found[0]["UpTime"] == first["OnTimeInMilliseconds"]
    assert found[0]["Notes"] is None
    assert (found[1]["EnabledState"], found[1]["UpTime"]) == ("3", "0")


def test_summary_is_in_its_own_namespace(host: Client) -> None:
    output = host.invoke(
        V2 + VSMS,
        "GetSummaryInformation",
        "<p:RequestedInformation>1</p:RequestedInformation>",
        CreationClassName=VSMS,
    )
    uri = V2 + "Msvm_SummaryInformation"
    assert output[0].findtext(f"{{{uri}}}ElementName") == "vm0001"


def test_summaries_of_those_that_are_named_snapshots_too(host: Client) -> None:
    machine = host.model.machine("vm0010")
    snapshot = machine.snapshots[0]
    found = summaries(host, [0, 1, 107], machine.guid, snapshot.guid)
    assert [item["Name"] for item in found] == [machine.guid, snapshot.guid]
    assert len(found[0]["Snapshots"]) == 2


def test_every_code_is_known_and_no_other(host: Client) -> None:
    machine = host.model.machine("vm0001")
    (found,) = summaries(host, [*range(12), *range(100, 123)], machine.guid)
    assert found["Heartbeat"] == "2"
    assert len(found["ThumbnailImage"]) == 2 * 320 * 240
    content = "<p:RequestedInformation>99</p:RequestedInformation>"
    assert host.service("GetSummaryInformation", content)["ReturnValue"] == "32773"
    missing = reference(V2 + VSSD, InstanceID="Microsoft:x")
    content = f"<p:SettingData>{missing}</p:SettingData>"
    assert host.service("GetSummaryInformation", content)["ReturnValue"] == "32773"


# Adapters


def test_legacy_adapter_is_of_its_own_class(host: Client) -> None:
    emulated = (
        "SELECT * FROM Msvm_EmulatedEthernetPortSettingData "
        "WHERE NOT InstanceID LIKE 'Microsoft:Definition%'"
    )
    assert not host.query(emulated)
    host.model.machine("vm0002").configuration.nics[0].is_legacy = True
    (found,) = host.query(emulated)
    assert found["ResourceSubType"] == "Microsoft:Hyper-V:Emulated Ethernet Port"
    synthetic = host.query("SELECT * FROM Msvm_SyntheticEthernetPortSettingData")
    assert found["Address"] not in {row["Address"] for row in synthetic}
    (connection,) = host.query(
        "SELECT * FROM Msvm_EthernetPortAllocationSettingData WHERE "
        f"Parent LIKE '%{found['InstanceID'][-36:]}%'"
    )
    assert "Msvm_EmulatedEthernetPortSettingData" in connection["Parent"]


# Images


def test_virtual_disk_tells_its_settings_and_state(host: Client) -> None:
    def told(method: str, path: str) -> tuple[str, dict[str | None, str | None]]:
        service = "Msvm_ImageManagementService"
        output = values(
            host.invoke(
                V2 + service,
                method,
                f"<p:Path>{path}</p:Path>",
                CreationClassName=service,
            )
        )
        text = output.get("SettingData") or output.get("State")
        items = etree.fromstring(text) if text else []
        found = {item.get("NAME"): item.findtext("VALUE") for item in items}
        return output["ReturnValue"], found

    drives = host.model.machine("vm0010").configuration.drives
    code, found = told("GetVirtualHardDiskSettingData", drives[0].path or "")
    assert (code, found["Type"], found["Format"]) == ("0", "4", "3")
    assert found["ParentPath"]
    code, found = told("GetVirtualHardDiskState", drives[0].path or "")
    assert (code, found["InUse"]) == ("0", "TRUE")
    assert told("GetVirtualHardDiskState", r"C:\none.vhdx")[0] == "32779"
    assert told("GetVirtualHardDiskState", r"C:\ISO\debian-12.iso")[0] == "32773"
