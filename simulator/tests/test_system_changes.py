# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of machines, security, console, the host's defaults, and what costs time."""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from typing import Any

import pytest
from change_client import (
    MEMORY,
    PORT,
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
    system,
)
from wmi_client import SYSTEM, V2, client, values

from hvsim.faults import Code, Fault
from hvsim.model.identifiers import KEYBOARD
from hvsim.model.machine import Power
from hvsim.model.system_changes import ALWAYS, OFF, TEMPLATES, WRITABLE
from hvsim.wmi.schema import VIRTUALIZATION, schema

SECOND_ON, FIRST_OFF, SECOND_OFF, SAVED = "vm0001", "vm0002", "vm0008x", "vm0004"
BOOT = "Msvm_BootSourceSettingData"
SECURITY = "Msvm_SecuritySettingData"
SERVICE = "Msvm_SecurityService"


@pytest.fixture
def host() -> Changer:
    simulated = client(10, job_seconds=10)
    simulated.model.add_machine(SECOND_OFF, generation=2, power=Power.OFF, snapshots=0)
    return Changer(simulated)


def read(host: Changer, name: str) -> dict[str, Any]:
    return host.read(VSSD, f"Microsoft:{host.guid(name)}")


def modify(host: Changer, name: str, **told: Any) -> int:
    return host.modify(VSSD, f"Microsoft:{host.guid(name)}", **told)


# Settings


SECOND = {
    "ConsoleMode": 1,
    "GuestControlledCacheTypes": True,
    "HighMmioGapSize": 1024,
    "LockOnDisconnect": True,
    "LowMmioGapSize": 256,
    "NetworkBootPreferredProtocol": 4097,
    "PauseAfterBootFailure": True,
    "SecureBootEnabled": False,
    "SecureBootTemplateId": TEMPLATES[1],
    "SnapshotDataRoot": r"D:\Snapshots",
    "SwapFileDataRoot": r"D:\Swap",
    "VirtualNumaEnabled": False,
}
FIRST = {
    "BIOSNumLock": True,
    "BootOrder": [3, 2, 1, 0],
    "ChassisSerialNumber": "c-1",
    "BIOSSerialNumber": "b-1",
    "AllowFullSCSICommandSet": True,
}


@pytest.mark.parametrize(
    ("name", "told"),
    [(SECOND_OFF, SECOND), (FIRST_OFF, FIRST)],
    ids=["second", "first"],
)
def test_settings_of_a_machine_that_is_off(
    host: Changer, name: str, told: dict[str, Any]
) -> None:
    assert modify(host, name, **told) == 0, host.text
    found = read(host, name)
    for key, value in told.items():
        wanted = [str(v) for v in value] if isinstance(value, list) else str(value)
        if isinstance(value, bool):
            wanted = str(value).lower()
        assert found[key] == wanted, key


@pytest.mark.parametrize("key", sorted(set(SECOND) & OFF))
def test_what_changes_only_while_off(host: Changer, key: str) -> None:
    before = read(host, SECOND_ON)
    assert modify(host, SECOND_ON, **{key: SECOND[key]}) == 32775
    assert key in host.text
    assert read(host, SECOND_ON) == before


def test_what_changes_in_every_state(host: Changer) -> None:
    told = {
        "AutomaticStartupAction": 4,
        "AutomaticSnapshotsEnabled": True,
        "AutomaticCriticalErrorAction": 0,
        "ElementName": "renamed",
        "LockOnDisconnect": True,
        "Notes": ["a note"],
        "UserSnapshotType": 5,
    }
    for name in (SECOND_ON, SAVED, "vm0006"):
        guid = host.guid(name)
        assert modify(host, name, **told) == 0, host.text
        found = host.read(VSSD, f"Microsoft:{guid}")
        assert (found["ElementName"], found["UserSnapshotType"]) == ("renamed", "5")
        host.host.model.machines[guid].name = name


def test_setting_that_stays_as_it_is_needs_no_machine_that_is_off(
    host: Changer,
) -> None:
    assert modify(host, SECOND_ON, SecureBootEnabled=True, ElementName="x") == 0
    order = read(host, "x")["BootSourceOrder"]
    assert modify(host, "x", BootSourceOrder=order) == 0


def test_every_writable_property_is_one_of_the_class() -> None:
    names = {p.name for p in schema(VIRTUALIZATION).find(VSSD).properties.values()}
    assert names >= WRITABLE
    assert not ALWAYS & OFF


def test_whole_instance_echoed_is_refused(host: Changer) -> None:
    found = read(host, FIRST_OFF)
    echo = {
        n: v
        for n, v in found.items()
        if isinstance(v, str) and n in ("ElementName", "ConfigurationID", "Version")
    }
    assert modify(host, FIRST_OFF, **echo) == 32768


@pytest.mark.parametrize(
    ("name", "told", "code"),
    [
        (FIRST_OFF, {"SecureBootEnabled": True}, 32773),
        (FIRST_OFF, {"ConsoleMode": 1}, 32773),
        (SECOND_OFF, {"BootOrder": [0, 1, 2, 3]}, 32773),
        (FIRST_OFF, {"BootOrder": [0, 1, 2]}, 32773),
        (FIRST_OFF, {"BootOrder": [0, 1, 2, 2]}, 32773),
        (SECOND_OFF, {"ConsoleMode": 4}, 32773),
        (SECOND_OFF, {"NetworkBootPreferredProtocol": 4}, 32773),
        (SECOND_OFF, {"SecureBootTemplateId": "x"}, 32773),
        (SECOND_OFF, {"LowMmioGapSize": 4000}, 32773),
        (SECOND_OFF, {"ConfigurationDataRoot": "D:\\"}, 32768),
        (SECOND_OFF, {"BootSourceOrder": [path(BOOT, "Microsoft:x")]}, 32773),
        (SECOND_OFF, {"BootSourceOrder": ["nothing"]}, 32773),
    ],
)
def test_settings_that_can_not_be(
    host: Changer, name: str, told: dict[str, Any], code: int
) -> None:
    before = read(host, name)
    assert modify(host, name, Notes=["not kept"], **told) == code
    assert host.text
    assert read(host, name) == before


def test_folder_of_checkpoints_stays_while_there_are_some(host: Changer) -> None:
    assert modify(host, "vm0008", SnapshotDataRoot="D:\\") == 32775
    snapshot = host.host.model.machine("vm0008").snapshots[0].guid
    assert host.modify(VSSD, f"Microsoft:{snapshot}", UserSnapshotType=5) == 32768
    assert host.modify(VSSD, f"Microsoft:{snapshot}", Notes=["kept"]) == 0
    assert host.read(VSSD, f"Microsoft:{snapshot}")["Notes"] == "kept"


# Boot sources


def test_boot_order_of_the_second_generation(host: Changer) -> None:
    order = read(host, SECOND_OFF)["BootSourceOrder"]
    assert len(order) == 3
    network = order[-1].replace("HVSIM", "hvsim")
    assert modify(host, SECOND_OFF, BootSourceOrder=[network]) == 0, host.text
    assert read(host, SECOND_OFF)["BootSourceOrder"] == [order[2], order[0], order[1]]
    assert modify(host, SECOND_OFF, BootSourceOrder=[order[0], order[0]]) == 32773
    nic = host.settings(PORT, host.guid(SECOND_OFF))[0]["InstanceID"]
    assert host.remove((PORT, nic)) == 0
    assert read(host, SECOND_OFF)["BootSourceOrder"] == order[:2]


def test_files_are_boot_sources_too(host: Changer) -> None:
    def add(name: str, **told: Any) -> tuple[int, list[dict[str, str]]]:
        content = refer(
            "AffectedConfiguration", VSSD, InstanceID=f"Microsoft:{host.guid(name)}"
        ) + parameter("BootSourceSettings", embedded(BOOT, **told))
        code, output = host.run("AddBootSourceSettings", content)
        return code, results(output, "ResultingBootSourceSettings")

    file = r"\EFI\Microsoft\Boot\bootmgfw.efi"
    told = {"FirmwareDevicePath": file, "BootSourceDescription": "Windows Boot Manager"}
    code, made = add(SECOND_OFF, **told)
    assert code == 0, host.text
    found = host.read(BOOT, made[0]["InstanceID"])
    assert (found["BootSourceType"], found["FirmwareDevicePath"]) == ("3", file)
    assert found["BootSourceDescription"] == "Windows Boot Manager"
    first = [path(BOOT, made[0]["InstanceID"])]
    assert modify(host, SECOND_OFF, BootSourceOrder=first) == 0
    order = read(host, SECOND_OFF)["BootSourceOrder"]
    assert order[0].endswith(first[0].partition(":")[2])
    assert add(FIRST_OFF, **told)[0] == 32768
    assert add(SECOND_ON, **told)[0] == 32775
    assert add(SECOND_OFF)[0] == 32773

    def remove(instance_id: str) -> int:
        content = refer("BootSourceSettings", BOOT, InstanceID=instance_id)
        return host.run("RemoveBootSourceSettings", content)[0]

    assert remove(made[0]["InstanceID"]) == 0
    (drive, *_others) = host.settings(BOOT, host.guid(SECOND_OFF))
    assert remove(drive["InstanceID"]) == 32768
    assert host.run("RemoveBootSourceSettings", "")[0] == 32773


# Security


def security_of(host: Changer, name: str) -> dict[str, Any]:
    return host.settings(SECURITY, host.guid(name))[0]


def secure(host: Changer, method: str, name: str, more: str = "", **told: Any) -> Any:
    identifier = security_of(host, name)["InstanceID"]
    text = embedded(SECURITY, InstanceID=identifier, **told)
    content = parameter("SecuritySettingData", text) + more
    return host.run(method, content, SERVICE)


PROTECTOR = bytes(range(1, 200))


def protect(host: Changer, name: str) -> int:
    more = f"<p:KeyProtector>{b64encode(PROTECTOR).decode()}</p:KeyProtector>"
    return int(secure(host, "SetKeyProtector", name, more)[0])


def test_module_needs_a_key_protector(host: Changer) -> None:
    def kept() -> bytes:
        output = secure(host, "GetKeyProtector", SECOND_OFF)[1]
        return b64decode(values(output)["KeyProtector"])

    turn_on = "ModifySecuritySettings"
    assert kept() == bytes((0, 0, 0, 4))
    assert secure(host, turn_on, SECOND_OFF, TpmEnabled=True)[0] == 32768
    assert "key protector" in host.text
    assert protect(host, SECOND_OFF) == 0, host.text
    assert kept() == PROTECTOR
    told: dict[str, Any] = {
        "TpmEnabled": True,
        "EncryptStateAndVmMigrationTraffic": True,
    }
    assert secure(host, turn_on, SECOND_OFF, **told)[0] == 0, host.text
    found = security_of(host, SECOND_OFF)
    assert (found["TpmEnabled"], found["ShieldingRequested"]) == ("true", "false")
    assert protect(host, SECOND_OFF) == 32768
    assert secure(host, turn_on, SECOND_OFF, ShieldingRequested=True)[0] == 0
    host.host.change(SECOND_OFF, 2)
    host.host.clock.advance(11)
    assert secure(host, turn_on, SECOND_OFF, TpmEnabled=False)[0] == 32775
    where = f"SystemName = '{host.guid(SECOND_OFF)}'"
    (element,) = host.host.query(f"SELECT * FROM Msvm_SecurityElement WHERE {where}")
    assert element["Shielded"] == "true"
    assert element["EncryptStateAndVmMigrationTrafficEnabled"] == "true"


def test_security_that_can_not_be(host: Changer) -> None:
    turn_on = "ModifySecuritySettings"
    assert protect(host, SECOND_ON) == 32775
    assert protect(host, FIRST_OFF) == 0
    assert secure(host, turn_on, FIRST_OFF, TpmEnabled=True)[0] == 32768
    assert secure(host, turn_on, FIRST_OFF, ShieldingRequested=True)[0] == 32768
    assert secure(host, turn_on, SECOND_OFF, KsdEnabled=True)[0] == 32768
    assert secure(host, turn_on, FIRST_OFF, KsdEnabled=True)[0] == 0
    assert secure(host, turn_on, SECOND_OFF, ElementName="x")[0] == 32773
    wrong = parameter("SecuritySettingData", embedded(MEMORY, VirtualQuantity=2))
    assert host.run(turn_on, wrong, SERVICE)[0] == 32776
    assert host.run("SetKeyProtector", wrong, SERVICE)[0] == 32773


def test_bytes_are_taken_one_by_one_too(host: Changer) -> None:
    more = "".join(f"<p:KeyProtector>{n}</p:KeyProtector>" for n in (1, 20, 255))
    assert secure(host, "SetKeyProtector", SECOND_OFF, more)[0] == 0
    machine = host.host.model.machine(SECOND_OFF)
    assert machine.configuration.key_protector == bytes((1, 20, 255))
    with pytest.raises(Fault):
        secure(
            host, "SetKeyProtector", SECOND_OFF, "<p:KeyProtector>!!!!</p:KeyProtector>"
        )


# Console


def press(host: Changer, name: str, method: str, content: str = "") -> dict[str, Any]:
    output = host.host.invoke(
        V2 + "Msvm_Keyboard",
        method,
        content,
        CreationClassName="Msvm_Keyboard",
        DeviceID=rf"Microsoft:{KEYBOARD}\Keyboard",
        SystemCreationClassName=SYSTEM,
        SystemName=host.guid(name),
    )
    return values(output)


def test_what_is_typed_is_remembered(host: Changer) -> None:
    typed = host.host.model.machine(SECOND_ON).keyboard.typed
    for method, content in (
        ("TypeText", "<p:AsciiText>ls &amp; id</p:AsciiText>"),
        ("TypeKey", "<p:KeyCode>13</p:KeyCode>"),
        ("PressKey", "<p:KeyCode>17</p:KeyCode>"),
        (
            "TypeScancodes",
            "<p:Scancodes>28</p:Scancodes><p:Scancodes>156</p:Scancodes>",
        ),
        ("TypeCtrlAltDel", ""),
    ):
        assert press(host, SECOND_ON, method, content)["ReturnValue"] == "0"
    assert typed == [
        ("TypeText", "ls & id"),
        ("TypeKey", 13),
        ("PressKey", 17),
        ("TypeScancodes", [28, 156]),
        ("TypeCtrlAltDel", None),
    ]
    code = "<p:KeyCode>17</p:KeyCode>"
    assert press(host, SECOND_ON, "IsKeyPressed", code)["KeyState"] == "true"
    press(host, SECOND_ON, "ReleaseKey", code)
    assert press(host, SECOND_ON, "IsKeyPressed", code)["KeyState"] == "false"
    assert press(host, SECOND_ON, "TypeText")["ReturnValue"] == "32773"
    assert press(host, "vm0006", "TypeKey", code)["ReturnValue"] == "32775"
    with pytest.raises(Fault) as caught:
        press(host, FIRST_OFF, "TypeCtrlAltDel")
    assert caught.value.code == Code.RESOURCE_NOT_FOUND


def test_interrupt_goes_to_a_machine_that_runs(host: Changer) -> None:
    def inject(name: str) -> str:
        output = host.host.invoke(V2 + SYSTEM, "InjectNonMaskableInterrupt", Name=name)
        return str(values(output)["ReturnValue"])

    assert inject(host.guid(SECOND_ON)) == "0"
    assert host.host.model.machine(SECOND_ON).interrupts == 1
    assert inject(host.guid(FIRST_OFF)) == "32775"
    assert inject("HVSIM") == "32770"


def test_screen_is_rgb565_in_base64(host: Changer) -> None:
    def shoot(name: str, width: int = 64, height: int = 48) -> dict[str, Any]:
        target = refer("TargetSystem", VSSD, InstanceID=f"Microsoft:{host.guid(name)}")
        size = f"<p:WidthPixels>{width}</p:WidthPixels>"
        size += f"<p:HeightPixels>{height}</p:HeightPixels>"
        return values(host.call("GetVirtualSystemThumbnailImage", target + size))

    found = shoot(SECOND_ON)
    assert found["ReturnValue"] == "0"
    data = b64decode(found["ImageData"])
    assert len(data) == 2 * 64 * 48
    first, last = data[0] | data[1] << 8, data[-2] | data[-1] << 8
    assert (first >> 5, last >> 5) == (0, 0x7FF)
    assert first & 31 == last & 31
    assert shoot(FIRST_OFF)["ReturnValue"] == "32775"
    assert shoot(SECOND_ON, 0)["ReturnValue"] == "32773"
    missing = refer("TargetSystem", VSSD, InstanceID="Microsoft:x")
    output = host.call("GetVirtualSystemThumbnailImage", missing)
    assert values(output)["ReturnValue"] == "32773"


# The machine as a whole, and the host


def test_configuration_version_is_upgraded_while_off(host: Changer) -> None:
    _code, guid = host.define(ElementName="old", Version="8.0")
    assert host.run("UpgradeSystemVersion", system(guid))[0] == 0
    assert host.read(VSSD, f"Microsoft:{guid}")["Version"] == "10.0"
    running = system(host.guid(SECOND_ON))
    assert host.run("UpgradeSystemVersion", running)[0] == 32775
    assert host.run("UpgradeSystemVersion", system("x"))[0] == 32773


def test_checkpoints_go_with_their_machine(host: Changer) -> None:
    machine = host.host.model.machine("vm0008")
    snapshot = machine.snapshots[0].guid
    assert host.run("DestroySystem", system(machine.guid, "AffectedSystem"))[0] == 0
    with pytest.raises(Fault):
        host.read(VSSD, f"Microsoft:{snapshot}")
    assert host.host.model.images.find(r"C:\VMs\vm0008\vm0008.vhdx")


def test_defaults_of_the_host_are_changed(host: Changer) -> None:
    name = "Msvm_VirtualSystemManagementServiceSettingData"

    def change(**told: Any) -> int:
        text = embedded(name, InstanceID="Microsoft:HVSIM", **told)
        return host.run("ModifyServiceSettings", parameter("SettingData", text))[0]

    told = {
        "DefaultVirtualHardDiskPath": r"D:\Disks",
        "NumaSpanningEnabled": False,
        "MinimumMacAddress": "00155D020000",
    }
    assert change(**told) == 0, host.text
    found = host.read(name, "Microsoft:HVSIM")
    assert found["DefaultVirtualHardDiskPath"] == r"D:\Disks"
    assert (found["NumaSpanningEnabled"], found["HbaLunTimeout"]) == ("false", "30")
    assert found["MinimumMacAddress"] == "00155D020000"
    assert change(DefaultExternalDataRoot=r"D:\VMs") == 0
    _code, guid = host.define(ElementName="new", LogDataRoot=r"E:\Logs")
    made = host.read(VSSD, f"Microsoft:{guid}")
    assert made["ConfigurationDataRoot"] == r"D:\VMs"
    assert made["LogDataRoot"] == r"E:\Logs"
    assert change(MinimumMacAddress="x") == 32773
    assert change(DefaultVirtualHardDiskPath=" ") == 32773
    assert change(HypervisorRootSchedulerEnabled=True) == 32773
    assert host.run("ModifyServiceSettings", "")[0] == 32773


# Cost


def test_changes_cost_the_same_among_a_thousand_machines() -> None:
    """A change on a host of 1,000 machines takes a few milliseconds at most."""
    host = Changer(client(1000, job_seconds=10))
    guid = host.guid("vm0003")
    controller = host.settings(RASD, guid)
    scsi = next(
        r
        for r in controller
        if r["ResourceSubType"] == SUB + "Synthetic SCSI Controller"
    )
    memory = host.settings(MEMORY, guid)[0]["InstanceID"]
    drive = embedded(
        RASD,
        ResourceSubType=SUB + "Synthetic Disk Drive",
        Parent=path(RASD, scsi["InstanceID"]),
    )
    added = refer("AffectedConfiguration", VSSD, InstanceID=f"Microsoft:{guid}")
    told = {
        "AddResourceSettings": added + parameter("ResourceSettings", drive),
        "ModifyResourceSettings": parameter(
            "ResourceSettings", embedded(MEMORY, InstanceID=memory, Weight=1)
        ),
        "ModifySystemSettings": parameter(
            "SystemSettings",
            embedded(VSSD, InstanceID=f"Microsoft:{guid}", Notes=["x"]),
        ),
        "DefineSystem": parameter("SystemSettings", embedded(VSSD, ElementName="n")),
    }
    assert host.host.model.machine("vm0002").power == Power.OFF
    dvd = next(r for r in controller if r["ResourceSubType"].endswith("DVD Drive"))
    disk = next(
        r
        for r in host.settings(RASD, guid)
        if r["ResourceSubType"].endswith("Disk Drive") and r["AddressOnParent"] == "0"
    )
    assert dvd["Parent"] == disk["Parent"]
    medium = f"Microsoft:{guid}" + disk["InstanceID"][46:-1] + "L"
    told["ModifyResourceSettings of a disk"] = parameter(
        "ResourceSettings",
        embedded(SASD, InstanceID=medium, HostResource=[r"C:\VMs\vm0002\vm0002.vhdx"]),
    )
    for name, content in told.items():
        method = name.partition(" ")[0]
        started = time.perf_counter()
        for _repeated in range(10):
            assert values(host.call(method, content))["ReturnValue"] == "4096"
        took = (time.perf_counter() - started) / 10
        print(f"{name}: {took * 1000:.2f} ms")
        assert took < 0.05, name
    host.host.clock.advance(11)
    assert {job["ErrorCode"] for job in host.host.jobs()} == {"0"}
