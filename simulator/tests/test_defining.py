# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DefineSystem: shells of both generations, what is described, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from change_client import (
    CONNECTION,
    MEMORY,
    PORT,
    PROCESSOR,
    RASD,
    SASD,
    SUB,
    VSSD,
    Changer,
    embedded,
    parameter,
    path,
    refer,
    results,
)
from wmi_client import SYSTEM, V2, client, values

from hvsim.faults import Fault

SECOND = "Microsoft:Hyper-V:SubType:2"


@pytest.fixture
def host() -> Changer:
    return Changer(client(3, job_seconds=10))


def sub_types(host: Changer, guid: str) -> list[str]:
    return sorted(
        row["ResourceSubType"].removeprefix(SUB) for row in host.settings(RASD, guid)
    )


def test_second_generation_is_a_shell(host: Changer) -> None:
    code, guid = host.define(ElementName="new", VirtualSystemSubType=SECOND)
    assert code == 0, host.text
    assert sub_types(host, guid) == ["Serial Controller", "Synthetic Mouse"]
    assert not host.settings(SASD, guid)
    assert not host.settings(PORT, guid)
    assert not host.settings(CONNECTION, guid)
    (settings,) = host.settings(VSSD, guid)
    assert settings["VirtualSystemType"] == "Microsoft:Hyper-V:System:Realized"
    assert settings["Version"] == "10.0"
    assert settings["SecureBootEnabled"] == "true"
    found = host.host.get(V2 + SYSTEM, CreationClassName=SYSTEM, Name=guid)
    assert (found["ElementName"], found["EnabledState"]) == ("new", "3")


def test_first_generation_has_ide_and_a_floppy_drive(host: Changer) -> None:
    code, guid = host.define(ElementName="old")
    assert code == 0, host.text
    assert sub_types(host, guid) == [
        "Diskette Controller",
        "Emulated IDE Controller",
        "Emulated IDE Controller",
        "Emulated Keyboard",
        "Serial Controller",
        "Synthetic Diskette Drive",
        "Synthetic Mouse",
    ]
    (settings,) = host.settings(VSSD, guid)
    assert settings["VirtualSystemSubType"].endswith(":1")
    assert settings["BootOrder"] == ["1", "2", "3", "0"]


def test_settings_and_devices_are_described_together(host: Changer) -> None:
    code, guid = host.define(
        embedded(MEMORY, VirtualQuantity=2048, Reservation=2048, Limit=2048),
        embedded(PROCESSOR, VirtualQuantity=4, ExposeVirtualizationExtensions=True),
        embedded(RASD, ResourceSubType=SUB + "Synthetic SCSI Controller"),
        embedded(
            PORT, ElementName="lan", Address="00155D112233", StaticMacAddress=True
        ),
        ElementName="new",
        VirtualSystemSubType=SECOND,
        Notes=["made by a test"],
        ConfigurationDataRoot=r"D:\VMs",
        VirtualNumaEnabled=False,
        Version="9.0",
    )
    assert code == 0, host.text
    (memory,), (processor,) = (
        host.settings(MEMORY, guid),
        host.settings(PROCESSOR, guid),
    )
    assert (memory["VirtualQuantity"], memory["Limit"]) == ("2048", "2048")
    assert (memory["Reservation"], memory["DynamicMemoryEnabled"]) == ("2048", "false")
    assert processor["VirtualQuantity"] == "4"
    assert processor["ExposeVirtualizationExtensions"] == "true"
    assert "Synthetic SCSI Controller" in sub_types(host, guid)
    (nic,) = host.settings(PORT, guid)
    assert (nic["ElementName"], nic["Address"]) == ("lan", "00155D112233")
    (settings,) = host.settings(VSSD, guid)
    assert settings["Notes"] == "made by a test"
    assert settings["ConfigurationDataRoot"] == r"D:\VMs"
    assert (settings["VirtualNumaEnabled"], settings["Version"]) == ("false", "9.0")
    codes = "".join(
        f"<p:RequestedInformation>{n}</p:RequestedInformation>" for n in (1, 3, 4, 10)
    )
    setting = refer("SettingData", VSSD, InstanceID=f"Microsoft:{guid}")
    output = host.call("GetSummaryInformation", setting + codes)
    told = values(output[0])
    assert (told["ElementName"], told["Version"]) == ("new", "9.0")
    assert (told["NumberOfProcessors"], told["Notes"]) == ("4", "made by a test")


def test_answer_names_the_machine_before_it_is_there(host: Changer) -> None:
    content = parameter("SystemSettings", embedded(VSSD, ElementName="new"))
    output = host.call("DefineSystem", content)
    assert values(output)["ReturnValue"] == "4096"
    (machine,), (job,) = results(output, "ResultingSystem"), results(output, "Job")
    assert host.host.get(V2 + "Msvm_ConcreteJob", **job)["JobType"] == "1"
    with pytest.raises(Fault):
        host.host.get(V2 + SYSTEM, **machine)
    host.host.clock.advance(11)
    assert host.host.get(V2 + SYSTEM, **machine)["ElementName"] == "new"
    query = f"ASSOCIATORS OF {{Msvm_ConcreteJob.InstanceID='{job['InstanceID']}'}} "
    (affected,) = host.host.query(query + "WHERE AssocClass=Msvm_AffectedJobElement")
    assert affected["Name"] == machine["Name"]


def test_nothing_said_makes_a_machine_of_the_first_generation(host: Changer) -> None:
    code, output = host.run("DefineSystem", "")
    assert code == 0
    (machine,) = results(output, "ResultingSystem")
    name = host.host.get(V2 + SYSTEM, **machine)["ElementName"]
    assert name == "New Virtual Machine"


def test_name_may_repeat(host: Changer) -> None:
    code, guid = host.define(ElementName="vm0001")
    assert code == 0
    rows = host.host.query(f"SELECT Name FROM {SYSTEM} WHERE ElementName = 'vm0001'")
    assert {row["Name"] for row in rows} == {guid, host.guid("vm0001")}


def test_reference_configuration_fills_what_is_not_said(host: Changer) -> None:
    other = host.host.model.machine("vm0001")
    other.configuration.processors = 6
    content = parameter("SystemSettings", embedded(VSSD, ElementName="copy"))
    content += refer(
        "ReferenceConfiguration", VSSD, InstanceID=f"Microsoft:{other.guid}"
    )
    code, output = host.run("DefineSystem", content)
    assert code == 0
    (machine,) = results(output, "ResultingSystem")
    (processor,) = host.settings(PROCESSOR, machine["Name"])
    assert processor["VirtualQuantity"] == "6"
    assert not host.settings(SASD, machine["Name"])


def test_machine_that_was_made_starts_and_is_destroyed(host: Changer) -> None:
    _code, guid = host.define(ElementName="new", VirtualSystemSubType=SECOND)
    assert host.host.change("new", 2) == 4096
    host.host.clock.advance(11)
    assert host.host.machine("new")["EnabledState"] == "2"
    assert host.host.change("new", 3) == 4096
    host.host.clock.advance(11)
    content = refer("AffectedSystem", SYSTEM, CreationClassName=SYSTEM, Name=guid)
    assert host.run("DestroySystem", content)[0] == 0
    assert not host.settings(VSSD, guid)


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"VirtualSystemSubType": "Microsoft:Hyper-V:SubType:3"}, 32773),
        ({"Version": "254.0"}, 32773),
        ({"VirtualSystemIdentifier": "x"}, 32768),
        ({"SecureBootEnabled": True}, 32773),
        ({"SecureBootTemplateId": "x", "VirtualSystemSubType": SECOND}, 32773),
        ({"BootOrder": [3], "VirtualSystemSubType": SECOND}, 32773),
        ({"AutomaticStartupAction": 9}, 32773),
    ],
)
def test_settings_that_can_not_be_fail_the_job(
    host: Changer, settings: dict[str, Any], code: int
) -> None:
    before = len(host.host.model.machines)
    assert host.define(ElementName="new", **settings) == (code, "")
    assert host.text
    assert len(host.host.model.machines) == before


@pytest.mark.parametrize(
    ("device", "code"),
    [
        (embedded(MEMORY, VirtualQuantity=1023), 32773),
        (embedded(PROCESSOR, VirtualQuantity=0), 32773),
        (embedded(RASD, ResourceSubType=SUB + "Nothing"), 32773),
        (embedded(VSSD, ElementName="x"), 32776),
        ("<INSTANCE", 32768),
        (
            embedded(
                RASD,
                ResourceSubType=SUB + "Synthetic Disk Drive",
                Parent=path(RASD, r"Microsoft:x\y\0"),
            ),
            32773,
        ),
    ],
)
def test_device_that_can_not_be_fails_the_job(
    host: Changer, device: str, code: int
) -> None:
    assert host.define(device, ElementName="new")[0] == code
    assert not host.host.query(f"SELECT * FROM {SYSTEM} WHERE ElementName = 'new'")


def test_job_that_fails_leaves_no_machine(host: Changer) -> None:
    host.host.model.fail_next_job(32768, "No room.", job="define_machine")
    assert host.define(ElementName="new")[0] == 32768
    assert host.text == "No room."
    assert not host.host.query(f"SELECT * FROM {SYSTEM} WHERE ElementName = 'new'")


def test_definitions_are_there_for_every_kind_of_device(host: Changer) -> None:
    for class_name, sub_type in (
        (MEMORY, "Memory"),
        (PROCESSOR, "Processor"),
        (RASD, "Synthetic SCSI Controller"),
        (RASD, "Synthetic Disk Drive"),
        (RASD, "Physical Disk Drive"),
        (RASD, "Synthetic DVD Drive"),
        (SASD, "Virtual Hard Disk"),
        (SASD, "Virtual CD/DVD Disk"),
        (SASD, "Virtual Floppy Disk"),
        (PORT, "Synthetic Ethernet Port"),
        ("Msvm_EmulatedEthernetPortSettingData", "Emulated Ethernet Port"),
        (CONNECTION, "Ethernet Connection"),
        ("Msvm_SerialPortSettingData", "Serial Port"),
    ):
        (found,) = host.host.query(
            f"SELECT * FROM {class_name} WHERE ResourceSubType = '{SUB}{sub_type}' "
            r"AND InstanceID LIKE '%\\Default'"
        )
        assert found["InstanceID"].startswith("Microsoft:Definition\\")
