# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory, processors, serial ports, integration: what changes when, and what never."""

from __future__ import annotations

from typing import Any

import pytest
from change_client import MEMORY, PROCESSOR, VSSD, Changer, embedded, parameter
from wmi_client import client

from hvsim.model.identifiers import HEARTBEAT, SERIAL

RUNNING, OFF, SAVED, PAUSED = "vm0001", "vm0002", "vm0004", "vm0006"


@pytest.fixture
def host() -> Changer:
    return Changer(client(10, job_seconds=10))


def memory_of(host: Changer, name: str) -> dict[str, Any]:
    return host.settings(MEMORY, host.guid(name))[0]


def set_memory(host: Changer, name: str, **told: Any) -> int:
    return host.modify(MEMORY, memory_of(host, name)["InstanceID"], **told)


def processor_of(host: Changer, name: str) -> dict[str, Any]:
    return host.settings(PROCESSOR, host.guid(name))[0]


def set_processor(host: Changer, name: str, **told: Any) -> int:
    return host.modify(PROCESSOR, processor_of(host, name)["InstanceID"], **told)


DYNAMIC = {
    "DynamicMemoryEnabled": True,
    "VirtualQuantity": 2048,
    "Reservation": 1024,
    "Limit": 8192,
    "TargetMemoryBuffer": 30,
    "Weight": 8000,
}


def test_dynamic_memory_is_read_back(host: Changer) -> None:
    assert set_memory(host, OFF, **DYNAMIC) == 0, host.text
    found = memory_of(host, OFF)
    told = {name: str(value).lower() for name, value in DYNAMIC.items()}
    assert {name: found[name] for name in DYNAMIC} == told
    assert host.host.machine(OFF)["TimeOfLastConfigurationChange"]


@pytest.mark.parametrize(
    "told",
    [
        {"VirtualQuantity": 2047},
        {"VirtualQuantity": 30},
        {"VirtualQuantity": 0},
        {"VirtualQuantity": 1 << 34},
        {**DYNAMIC, "Reservation": 4096},
        {**DYNAMIC, "Limit": 1024},
        {**DYNAMIC, "Reservation": 1023},
        {**DYNAMIC, "TargetMemoryBuffer": 4},
        {"Weight": 10001},
        {"SwapFilesInUse": True},
    ],
)
def test_memory_that_can_not_be(host: Changer, told: dict[str, Any]) -> None:
    before = memory_of(host, OFF)
    assert set_memory(host, OFF, **told) == 32773
    assert host.text
    assert memory_of(host, OFF) == before


def test_static_memory_of_a_running_machine_is_resized(host: Changer) -> None:
    size = int(memory_of(host, RUNNING)["VirtualQuantity"]) + 512
    assert set_memory(host, RUNNING, VirtualQuantity=size) == 0, host.text
    (device,) = host.host.query(
        f"SELECT * FROM Msvm_Memory WHERE SystemName = '{host.guid(RUNNING)}'"
    )
    assert device["NumberOfBlocks"] == str(size)


def test_old_configuration_version_has_no_hot_memory(host: Changer) -> None:
    machine = host.host.model.machine(RUNNING)
    machine.configuration.settings["Version"] = "5.0"
    assert set_memory(host, RUNNING, VirtualQuantity=2050) == 32775


def test_dynamic_memory_of_a_running_machine_only_widens(host: Changer) -> None:
    memory = host.host.model.machine(RUNNING).configuration.memory
    memory.startup, memory.minimum, memory.maximum, memory.dynamic = (
        2048,
        1024,
        4096,
        True,
    )
    assert set_memory(host, RUNNING, Limit=8192, Reservation=512) == 0, host.text
    assert set_memory(host, RUNNING, TargetMemoryBuffer=50, Weight=1) == 0
    for told in (
        {"Limit": 4096},
        {"Reservation": 1024},
        {"VirtualQuantity": 4096},
        {"DynamicMemoryEnabled": False},
        {"HugePagesEnabled": True},
    ):
        assert set_memory(host, RUNNING, **told) == 32775, told
    assert memory_of(host, RUNNING)["Limit"] == "8192"


def test_nothing_of_a_saved_machine_is_resized(host: Changer) -> None:
    startup = int(memory_of(host, SAVED)["VirtualQuantity"])
    assert set_memory(host, SAVED, VirtualQuantity=startup + 2) == 32775
    assert SAVED in host.text


def test_processors_are_read_back(host: Changer) -> None:
    told = {
        "VirtualQuantity": 3,
        "Reservation": 10000,
        "Limit": 50000,
        "Weight": 200,
        "ExposeVirtualizationExtensions": True,
        "LimitProcessorFeatures": True,
        "HwThreadsPerCore": 1,
    }
    assert set_processor(host, OFF, **told) == 0, host.text
    found = processor_of(host, OFF)
    assert {n: found[n] for n in told} == {n: str(v).lower() for n, v in told.items()}
    host.host.change(OFF, 2)
    host.host.clock.advance(11)
    where = f"SystemName = '{host.guid(OFF)}'"
    assert len(host.host.query(f"SELECT * FROM Msvm_Processor WHERE {where}")) == 3


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"VirtualQuantity": 0}, 32773),
        ({"VirtualQuantity": 241}, 32773),
        ({"Limit": 100001}, 32773),
        ({"Limit": 10, "Reservation": 20}, 32773),
        ({"Weight": 10001}, 32773),
        ({"ResourceType": 9}, 32773),
    ],
)
def test_processors_that_can_not_be(
    host: Changer, told: dict[str, Any], code: int
) -> None:
    assert set_processor(host, OFF, **told) == code
    assert host.text


def test_first_generation_has_at_most_64_processors(host: Changer) -> None:
    assert host.host.model.machine(OFF).configuration.generation == 1
    assert set_processor(host, OFF, VirtualQuantity=65) == 32773
    assert set_processor(host, OFF, VirtualQuantity=64) == 0


def test_more_processors_than_the_host_has_do_not_start(host: Changer) -> None:
    assert set_processor(host, OFF, VirtualQuantity=64) == 0
    assert host.host.change(OFF, 2) == 4096
    host.host.clock.advance(11)
    job = host.host.jobs()[-1]
    assert (job["JobState"], job["ErrorCode"]) == ("10", "32768")
    assert "16 logical processors" in job["ErrorDescription"]
    assert host.host.machine(OFF)["EnabledState"] == "3"


def test_count_changes_only_while_off_weights_always(host: Changer) -> None:
    for name in (RUNNING, PAUSED):
        count = int(processor_of(host, name)["VirtualQuantity"])
        assert set_processor(host, name, VirtualQuantity=count + 1) == 32775
        assert set_processor(host, name, VirtualQuantity=count, Weight=300) == 0
        assert set_processor(host, name, LimitCPUID=True) == 32775
    assert processor_of(host, RUNNING)["Weight"] == "300"


def test_whole_instance_may_come_back_as_long_as_it_is_as_it_was(host: Changer) -> None:
    found = processor_of(host, OFF)
    whole = {
        "Caption": found["Caption"],
        "ElementName": found["ElementName"],
        "ResourceSubType": found["ResourceSubType"],
        "VirtualQuantity": 2,
    }
    assert set_processor(host, OFF, **whole) == 0, host.text
    assert set_processor(host, OFF, **{**whole, "ElementName": "x"}) == 32773


def test_several_are_changed_together_or_not_at_all(host: Changer) -> None:
    memory, processor = memory_of(host, OFF), processor_of(host, OFF)
    texts = [
        embedded(MEMORY, InstanceID=memory["InstanceID"], VirtualQuantity=3000),
        embedded(PROCESSOR, InstanceID=processor["InstanceID"], VirtualQuantity=0),
    ]
    content = parameter("ResourceSettings", *texts)
    assert host.run("ModifyResourceSettings", content)[0] == 32773
    assert memory_of(host, OFF) == memory
    texts[1] = texts[1].replace("<VALUE>0<", "<VALUE>2<")
    code, _output = host.run(
        "ModifyResourceSettings", parameter("ResourceSettings", *texts)
    )
    assert code == 0, host.text
    assert memory_of(host, OFF)["VirtualQuantity"] == "3000"
    assert processor_of(host, OFF)["VirtualQuantity"] == "2"


def test_state_counts_when_the_job_ends(host: Changer) -> None:
    processor = processor_of(host, OFF)
    text = embedded(PROCESSOR, InstanceID=processor["InstanceID"], VirtualQuantity=7)
    host.host.change(OFF, 2)
    host.host.clock.advance(9)
    code, _output = host.run(
        "ModifyResourceSettings", parameter("ResourceSettings", text)
    )
    assert code == 32775
    assert processor_of(host, OFF) == processor


def test_job_that_fails_or_hangs_by_its_type_changes_nothing(host: Changer) -> None:
    before = memory_of(host, OFF)
    host.host.model.fail_next_job(32778, "No.", job="modify_resources")
    host.host.change("vm0008", 2)
    assert set_memory(host, OFF, VirtualQuantity=3000) == 32778
    assert memory_of(host, OFF) == before
    host.host.model.hang_next_job(job="modify_resources")
    text = embedded(MEMORY, InstanceID=before["InstanceID"], VirtualQuantity=3000)
    host.call("ModifyResourceSettings", parameter("ResourceSettings", text))
    host.host.clock.advance(100_000)
    assert [j["JobState"] for j in host.host.jobs()] == ["4"]
    assert memory_of(host, OFF) == before


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (embedded(VSSD, InstanceID="Microsoft:x"), 32776),
        (embedded(MEMORY, InstanceID=r"Microsoft:x\y"), 32773),
        (embedded(MEMORY, InstanceID="memory"), 32773),
        (embedded(MEMORY, VirtualQuantity=2048), 32773),
        ("", 32773),
        (
            '<INSTANCE CLASSNAME="Msvm_MemorySettingData"><PROPERTY.ARRAY '
            'NAME="VirtualQuantity" TYPE="uint64"><VALUE.ARRAY><VALUE>1</VALUE>'
            "</VALUE.ARRAY></PROPERTY.ARRAY></INSTANCE>",
            32776,
        ),
        (
            '<INSTANCE CLASSNAME="Msvm_MemorySettingData"><PROPERTY '
            'NAME="VirtualQuantity" TYPE="uint32"><VALUE>2048</VALUE></PROPERTY>'
            "</INSTANCE>",
            32768,
        ),
    ],
)
def test_instance_that_is_not_usable(host: Changer, text: str, code: int) -> None:
    content = parameter("ResourceSettings", text)
    assert host.run("ModifyResourceSettings", content)[0] == code


def test_devices_of_checkpoints_do_not_change(host: Changer) -> None:
    snapshot = host.host.model.machine("vm0008").snapshots[0].guid
    (memory,) = host.settings(MEMORY, snapshot)
    assert host.modify(MEMORY, memory["InstanceID"], VirtualQuantity=2048) == 32768


# Serial ports, integration components


def test_serial_port_gets_a_pipe_also_while_running(host: Changer) -> None:
    ports = "Msvm_SerialPortSettingData"
    for name in (RUNNING, OFF):
        port = rf"Microsoft:{host.guid(name)}\{SERIAL}\1"
        assert host.modify(ports, port, Connection=[r"\\.\pipe\com"]) == 0, host.text
        assert host.read(ports, port)["Connection"] == r"\\.\pipe\com"
        assert not host.read(ports, port[:-1] + "0")["Connection"]
    assert host.modify(ports, port, Connection=["COM1"]) == 32773
    assert host.modify(ports, port, Connection=[""], DebuggerMode=True) == 0
    assert host.read(ports, port)["DebuggerMode"] == "true"


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("ModifyResourceSettings", "ResourceSettings"),
        ("ModifyGuestServiceSettings", "GuestServiceSettings"),
    ],
)
def test_integration_component_is_turned_off(
    host: Changer, method: str, name: str
) -> None:
    settings = "Msvm_HeartbeatComponentSettingData"
    identifier = rf"Microsoft:{host.guid(RUNNING)}\{HEARTBEAT}"
    for state in (3, 2):
        text = embedded(settings, InstanceID=identifier, EnabledState=state)
        assert host.run(method, parameter(name, text))[0] == 0, host.text
        assert host.read(settings, identifier)["EnabledState"] == str(state)
        where = f"SystemName = '{host.guid(RUNNING)}'"
        (found,) = host.host.query(
            f"SELECT * FROM Msvm_HeartbeatComponent WHERE {where}"
        )
        assert found["EnabledState"] == str(state)
    text = embedded(settings, InstanceID=identifier, EnabledState=9)
    assert host.run(method, parameter(name, text))[0] == 32773


def test_guest_services_are_neither_added_nor_removed(host: Changer) -> None:
    for verb in ("Add", "Remove"):
        assert host.run(f"{verb}GuestServiceSettings", "")[0] == 32768
        assert "from the beginning" in host.text
