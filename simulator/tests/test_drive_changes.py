# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controllers, drives and media: added, changed, removed, refused."""

from __future__ import annotations

from typing import Any

import pytest
from change_client import (
    CONNECTION,
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
    switch_path,
)
from wmi_client import V2, client, values

from hvsim.model.identifiers import FLOPPY, IDE
from hvsim.model.images import GIB, Image
from hvsim.wmi.embedded import convert
from hvsim.wmi.schema import VIRTUALIZATION, schema

SECOND_ON, FIRST_OFF, FIRST_ON = "vm0001", "vm0002", "vm0005"
ISO = r"C:\ISO\debian-12.iso"
DISK, OTHER = r"C:\VMs\new\one.vhdx", r"C:\VMs\new\two.vhdx"


@pytest.fixture
def host() -> Changer:
    simulated = client(10, job_seconds=10)
    for file in (DISK, OTHER):
        simulated.model.images.add(Image(file, 4 << 20, 20 * GIB))
    simulated.model.images.add(Image(r"C:\boot.vfd", 1_474_560))
    return Changer(simulated)


def scsi_of(host: Changer, name: str) -> str:
    machine = host.host.model.machine(name)
    return rf"Microsoft:{machine.guid}\{machine.configuration.scsi[0]}\0"


def new(host: Changer, generation: int = 2) -> str:
    code, guid = host.define(
        ElementName="new", VirtualSystemSubType=f"{SUB}SubType:{generation}"
    )
    assert code == 0
    return guid


def media_of(host: Changer, guid: str) -> list[str]:
    return [row["HostResource"] for row in host.settings(SASD, guid)]


def test_disk_is_attached_step_by_step_and_read_back(host: Changer) -> None:
    guid = new(host)
    controller = host.add_controller(guid)
    code, drive = host.add_drive(guid, controller, 5)
    assert (code, drive) == (0, rf"{controller}\5\D")
    code, medium = host.add_medium(guid, drive, DISK)
    assert (code, medium) == (0, rf"{controller}\5\L")
    found = host.read(RASD, drive)
    assert found["AddressOnParent"] == "5"
    assert found["Parent"].endswith(path(RASD, controller).partition(":")[2])
    assert host.read(SASD, medium)["HostResource"] == DISK
    (boot,) = host.settings("Msvm_BootSourceSettingData", guid)
    assert boot["InstanceID"] == rf"{drive}\B"
    parts = host.host.query(
        f"ASSOCIATORS OF {{{VSSD}.InstanceID='Microsoft:{guid}'}} "
        f"WHERE AssocClass=Msvm_VirtualSystemSettingDataComponent ResultClass={SASD}"
    )
    assert [part["InstanceID"] for part in parts] == [medium]


def test_devices_of_a_machine_that_is_on(host: Changer) -> None:
    guid, controller = host.guid(SECOND_ON), scsi_of(host, SECOND_ON)
    _code, drive = host.add_drive(guid, controller, 5)
    _code, medium = host.add_medium(guid, drive, DISK)
    for class_name, instance_id, settings in (
        ("Msvm_DiskDrive", drive, RASD),
        ("Msvm_LogicalDisk", medium, SASD),
    ):
        where = f"SystemName = '{guid}'"
        found = host.host.query(f"SELECT * FROM {class_name} WHERE {where}")
        device = instance_id.replace(f"{guid}\\", "")
        assert device in [row["DeviceID"] for row in found]
        key = instance_id.replace("\\", "\\\\")
        (told,) = host.host.query(
            f"ASSOCIATORS OF {{{settings}.InstanceID='{key}'}} "
            "WHERE AssocClass=Msvm_SettingsDefineState"
        )
        assert told["DeviceID"] == device
    assert host.host.query(f"SELECT * FROM Msvm_DVDDrive WHERE SystemName = '{guid}'")
    off = f"SystemName = '{host.guid(FIRST_OFF)}'"
    assert not host.host.query(f"SELECT * FROM Msvm_DiskDrive WHERE {off}")


def test_answer_names_the_new_device_while_the_job_runs(host: Changer) -> None:
    guid, controller = host.guid(SECOND_ON), scsi_of(host, SECOND_ON)
    drive = embedded(
        RASD,
        ResourceSubType=SUB + "Synthetic Disk Drive",
        Parent=path(RASD, controller),
    )
    config = refer("AffectedConfiguration", VSSD, InstanceID=f"Microsoft:{guid}")
    output = host.call(
        "AddResourceSettings", config + parameter("ResourceSettings", drive)
    )
    assert values(output)["ReturnValue"] == "4096"
    code, _made = host.add_medium(guid, rf"{controller}\3\D", DISK)
    assert code == 32773


def test_medium_described_as_libvirt_describes_it(host: Changer) -> None:
    guid = new(host)
    _code, drive = host.add_drive(guid, host.add_controller(guid), 0)
    parent = path(RASD, drive).replace(
        "root\\virtualization", r"\\HVSIM\Root\Virtualization"
    )
    text = embedded(
        RASD,
        Parent=parent.replace(r"\v2:", r"\V2:"),
        HostResource=[DISK],
        ResourceType=31,
        ResourceSubType=SUB + "Virtual Hard Disk",
    )
    code, made = host.add(guid, text)
    assert code == 0, host.text
    assert host.read(SASD, made[0])["HostResource"] == DISK


def test_definitions_are_copied_whole(host: Changer) -> None:
    """As os-win does it: the default, with Parent and a few others filled in."""

    def copied(class_name: str, sub_type: str, **told: Any) -> str:
        (found,) = host.host.query(
            f"SELECT * FROM {class_name} WHERE ResourceSubType = '{SUB}{sub_type}' "
            r"AND InstanceID LIKE '%\\Default'"
        )
        kinds = schema(VIRTUALIZATION).find(class_name)
        typed: dict[str, Any] = {}
        for name, value in found.items():
            kind = kinds.property(name)
            if value is not None and kind and not kind.is_array:
                typed[name] = convert(kind.cim_type, value)
        return embedded(class_name, **{**typed, **told})

    guid = new(host)
    identifiers = ["{11111111-2222-3333-4444-555555555555}"]
    controller = copied(
        RASD, "Synthetic SCSI Controller", VirtualSystemIdentifiers=identifiers
    )
    code, made = host.add(guid, controller)
    assert code == 0, host.text
    parent = path(RASD, made[0])
    drive = copied(
        RASD, "Synthetic Disk Drive", Parent=parent, Address="0", AddressOnParent="0"
    )
    code, made = host.add(guid, drive)
    assert code == 0, host.text
    parent = path(RASD, made[0])
    disk = copied(SASD, "Virtual Hard Disk", Parent=parent, HostResource=[DISK])
    assert host.add(guid, disk)[0] == 0, host.text
    nic = copied(
        PORT,
        "Synthetic Ethernet Port",
        VirtualSystemIdentifiers=identifiers,
        ElementName="lan",
        Address="00155D112233",
        StaticMacAddress=True,
    )
    code, made = host.add(guid, nic)
    assert code == 0, host.text
    connection = copied(
        CONNECTION,
        "Ethernet Connection",
        ElementName="lan",
        Parent=path(PORT, made[0]),
        HostResource=[switch_path(host.host.model.switches[0].guid)],
    )
    code, made = host.add(guid, connection)
    assert code == 0, host.text
    assert host.read(CONNECTION, made[0])["ElementName"] == "lan"


def test_everything_in_one_request(host: Changer) -> None:
    guid = new(host)
    controller = host.add_controller(guid)
    drive = embedded(
        RASD,
        ResourceSubType=SUB + "Synthetic Disk Drive",
        Parent=path(RASD, controller),
        AddressOnParent="0",
    )
    medium = embedded(
        SASD,
        ResourceSubType=SUB + "Virtual Hard Disk",
        Parent=path(RASD, rf"{controller}\0\D"),
        HostResource=[DISK],
        IOPSLimit=500,
    )
    code, made = host.add(guid, drive, medium)
    assert code == 0, host.text
    assert host.read(SASD, made[1])["IOPSLimit"] == "500"
    broken = medium.replace("one.vhdx", "none.vhdx").replace("0\\\\D", "1\\\\D")
    code, made = host.add(guid, drive.replace(">0<", ">1<"), broken)
    assert (code, made) == (32779, [])
    assert len(host.settings(SASD, guid)) == 1
    names = [row["InstanceID"] for row in host.settings(RASD, guid)]
    assert rf"{controller}\1\D" not in names


def test_four_scsi_controllers_and_no_more_and_only_while_off(host: Changer) -> None:
    guid = new(host)
    text = embedded(
        RASD,
        ResourceSubType=SUB + "Synthetic SCSI Controller",
        VirtualSystemIdentifiers=["{11111111-2222-3333-4444-555555555555}"],
    )
    made = [host.add(guid, text) for _number in range(4)]
    assert [code for code, _made in made] == [0] * 4
    controllers = [names[0] for _code, names in made]
    assert len(set(controllers)) == 4
    assert "55555555" not in controllers[0]
    assert host.read(RASD, controllers[0])["VirtualSystemIdentifiers"].startswith(
        "{1111"
    )
    assert host.add(guid, text)[0] == 32768
    assert host.add(host.guid(SECOND_ON), text)[0] == 32775
    assert host.remove((RASD, controllers[0])) == 0, host.text
    assert host.add(guid, text)[0] == 0


def test_controller_with_drives_is_not_removed(host: Changer) -> None:
    guid = new(host)
    controller = host.add_controller(guid)
    _code, drive = host.add_drive(guid, controller, 0)
    assert host.remove((RASD, controller)) == 32768
    assert host.remove((RASD, drive)) == 0
    assert host.remove((RASD, controller)) == 0


@pytest.mark.parametrize(
    ("slot", "code"), [(0, 32768), (63, 0), (64, 32773), (-1, 32773)]
)
def test_slots_of_scsi(host: Changer, slot: int, code: int) -> None:
    controller = scsi_of(host, SECOND_ON)
    assert host.add_drive(host.guid(SECOND_ON), controller, slot)[0] == code
    assert code == 0 or host.text


@pytest.mark.parametrize(("slot", "code"), [(0, 32768), (1, 0), (2, 32773), (None, 0)])
def test_slots_of_ide(host: Changer, slot: int | None, code: int) -> None:
    guid = host.guid(FIRST_OFF)
    result, made = host.add_drive(guid, rf"Microsoft:{guid}\{IDE}\0", slot)
    assert result == code
    assert not made or made.endswith(r"0\1\D")


def test_full_controller_has_no_slot(host: Changer) -> None:
    guid = host.guid(FIRST_OFF)
    assert host.add_drive(guid, rf"Microsoft:{guid}\{IDE}\0", None)[0] == 0
    assert host.add_drive(guid, rf"Microsoft:{guid}\{IDE}\0", None)[0] == 32768


@pytest.mark.parametrize("parent", ["", "Microsoft:x", r"{other}", r"{own}\5"])
def test_parent_that_is_not_there(host: Changer, parent: str) -> None:
    guid = host.guid(SECOND_ON)
    parent = parent.format(
        other=scsi_of(host, "vm0003"), own=scsi_of(host, SECOND_ON)[:-2]
    )
    assert host.add_drive(guid, parent, 7)[0] == 32773
    assert host.add_medium(guid, parent, DISK)[0] == 32773


def test_hot_plug_is_for_scsi_alone(host: Changer) -> None:
    guid, controller = host.guid(SECOND_ON), scsi_of(host, SECOND_ON)
    code, drive = host.add_drive(guid, controller, 9)
    assert code == 0
    code, medium = host.add_medium(guid, drive, DISK)
    assert code == 0
    assert host.remove((SASD, medium)) == 0
    assert host.remove((RASD, drive)) == 0
    old = host.guid(FIRST_ON)
    ide = rf"Microsoft:{old}\{IDE}"
    assert host.add_drive(old, rf"{ide}\0", 1)[0] == 32775
    assert host.remove((SASD, rf"{ide}\0\0\L")) == 32775
    assert host.remove((RASD, rf"{ide}\1\0\D")) == 32775


def test_drive_with_its_medium_is_not_removed(host: Changer) -> None:
    controller = scsi_of(host, SECOND_ON)
    assert host.remove((RASD, rf"{controller}\0\D")) == 32768
    assert "medium" in host.text
    parts = ((SASD, rf"{controller}\0\L"), (RASD, rf"{controller}\0\D"))
    assert host.remove(*parts) == 0
    assert host.host.model.images.find(r"C:\VMs\vm0001\vm0001.vhdx")


def test_medium_comes_in_and_out_of_a_dvd_drive_while_running(host: Changer) -> None:
    for name, drive in (
        (SECOND_ON, rf"{scsi_of(host, SECOND_ON)}\1\D"),
        (FIRST_ON, rf"Microsoft:{host.guid(FIRST_ON)}\{IDE}\1\0\D"),
    ):
        code, medium = host.add_medium(
            host.guid(name), drive, ISO, "Virtual CD/DVD Disk"
        )
        assert code == 0, host.text
        assert host.read(SASD, medium)["HostResource"] == ISO
        assert host.add_medium(host.guid(name), drive, ISO, "Virtual CD/DVD Disk")[
            0
        ] == (32768)
        assert host.remove((SASD, medium)) == 0
        assert medium not in [
            r["InstanceID"] for r in host.settings(SASD, host.guid(name))
        ]


def test_medium_is_replaced(host: Changer) -> None:
    host.host.model.images.add(Image(r"C:\ISO\other.iso", 1 << 20))
    guid, drive = host.guid(SECOND_ON), rf"{scsi_of(host, SECOND_ON)}\1\D"
    _code, medium = host.add_medium(guid, drive, ISO, "Virtual CD/DVD Disk")
    assert host.modify(SASD, medium, HostResource=[r"C:\ISO\other.iso"]) == 0
    assert r"C:\ISO\other.iso" in media_of(host, guid)
    assert host.modify(SASD, medium, HostResource=[r"C:\ISO\none.iso"]) == 32779
    assert r"C:\ISO\none.iso" in host.text
    host.host.model.files.write(r"C:\ISO\copied.iso", b"by a shell")
    assert host.modify(SASD, medium, HostResource=[r"c:\iso\copied.iso"]) == 0
    assert r"C:\ISO\copied.iso" in media_of(host, guid)
    assert host.modify(SASD, medium, HostResource=[DISK]) == 32768


@pytest.mark.parametrize(
    ("file", "kind", "code"),
    [
        (r"C:\none.vhdx", "Virtual Hard Disk", 32779),
        (ISO, "Virtual Hard Disk", 32768),
        (ISO, "Virtual CD/DVD Disk", 32773),
        ("", "Virtual Hard Disk", 32773),
        (r"C:\VMs\vm0003\vm0003.vhdx", "Virtual Hard Disk", 32774),
        (r"C:\VMs\vm0001\vm0001.vhdx", "Virtual Hard Disk", 32774),
        (r"c:/vms/VM0001/vm0001.vhdx", "Virtual Hard Disk", 32774),
        (r"C:\VMs\vm0008\vm0008.vhdx", "Virtual Hard Disk", 0),
    ],
)
def test_image_that_can_not_be_in_the_drive(
    host: Changer, file: str, kind: str, code: int
) -> None:
    guid = host.guid(SECOND_ON)
    _code, drive = host.add_drive(guid, scsi_of(host, SECOND_ON), 9)
    result, made = host.add_medium(guid, drive, file, kind)
    assert result == code
    assert bool(made) == (code == 0)
    assert bool(host.text) == (code != 0)


def test_parent_of_a_disk_in_use_is_in_use(host: Changer) -> None:
    machine = host.host.model.machine("vm0010")
    assert machine.is_on
    assert machine.snapshots
    guid, base = new(host), r"C:\VMs\vm0010\vm0010.vhdx"
    assert machine.configuration.drives[0].path != base
    _code, drive = host.add_drive(guid, host.add_controller(guid), 0)
    assert host.add_medium(guid, drive, base)[0] == 32774


def test_quality_of_service_changes_live_and_caching_does_not(host: Changer) -> None:
    medium = rf"{scsi_of(host, SECOND_ON)}\0\L"
    told = {"IOPSLimit": 1000, "IOPSReservation": 100}
    assert host.modify(SASD, medium, **told) == 0
    found = host.read(SASD, medium)
    assert (found["IOPSLimit"], found["IOPSReservation"]) == ("1000", "100")
    assert host.modify(SASD, medium, IOPSReservation=2000) == 32773
    assert host.modify(SASD, medium, CachingMode=3) == 32775
    assert host.modify(SASD, medium, Access=1) == 32773
    off = rf"Microsoft:{host.guid(FIRST_OFF)}\{IDE}\0\0\L"
    assert host.modify(SASD, off, CachingMode=3, WriteHardeningMethod=1) == 0
    assert host.read(SASD, off)["CachingMode"] == "3"


def test_drive_stays_where_it_is(host: Changer) -> None:
    drive = rf"{scsi_of(host, SECOND_ON)}\1\D"
    assert host.modify(RASD, drive, AddressOnParent="1") == 0
    assert host.modify(RASD, drive, AddressOnParent="7") == 32768


def test_floppy_of_the_first_generation(host: Changer) -> None:
    def insert(name: str) -> tuple[int, str]:
        drive = rf"Microsoft:{host.guid(name)}\{FLOPPY}\0\0\D"
        return host.add_medium(
            host.guid(name), drive, r"C:\boot.vfd", "Virtual Floppy Disk"
        )

    code, medium = insert(FIRST_OFF)
    assert code == 0
    assert host.read(SASD, medium)["HostResource"] == r"C:\boot.vfd"
    assert insert(FIRST_OFF)[0] == 32768
    assert insert(SECOND_ON)[0] == 32773
    assert host.remove((SASD, medium)) == 0
    assert r"C:\boot.vfd" not in media_of(host, host.guid(FIRST_OFF))


def test_disk_of_the_host_is_passed_through(host: Changer) -> None:
    disks = host.host.enumerate(V2 + "Msvm_DiskDrive")
    keys = next(k for k in map(values, disks) if k["SystemName"] == "HVSIM")
    disk = (
        'root\\virtualization\\v2:Msvm_DiskDrive.CreationClassName="Msvm_DiskDrive",'
        + 'DeviceID="{}",SystemCreationClassName="Msvm_ComputerSystem",'.format(
            keys["DeviceID"].replace("\\", "\\\\")
        )
        + 'SystemName="HVSIM"'
    )

    def attach(name: str, resource: str = disk) -> tuple[int, list[str]]:
        text = embedded(
            RASD,
            ResourceSubType=SUB + "Physical Disk Drive",
            Parent=path(RASD, scsi_of(host, name)),
            HostResource=[resource],
        )
        return host.add(host.guid(name), text)

    code, made = attach(SECOND_ON)
    assert code == 0, host.text
    assert host.read(RASD, made[0])["HostResource"] == disk
    assert host.read(RASD, made[0])["ResourceSubType"].endswith("Physical Disk Drive")
    assert host.modify(RASD, made[0], HostResource=[disk]) == 0
    assert host.modify(RASD, made[0], HostResource=["another"]) == 32768
    assert host.add_medium(host.guid(SECOND_ON), made[0], DISK)[0] == 32773
    assert attach("vm0003")[0] == 32774
    assert attach("vm0003", disk.replace(r"\\1", r"\\9"))[0] == 32773
    assert host.remove((RASD, made[0])) == 0
    assert attach("vm0003")[0] == 0


def test_what_a_machine_always_has_is_not_removed(host: Changer) -> None:
    guid = host.guid(FIRST_OFF)
    for tail in (
        rf"{IDE}\0",
        rf"{FLOPPY}\0\0\D",
        r"58F75A6D-D949-4320-99E1-A2A2576D581C",
    ):
        assert host.remove((RASD, rf"Microsoft:{guid}\{tail}")) == 32768
    memory = host.settings("Msvm_MemorySettingData", guid)[0]["InstanceID"]
    assert host.remove(("Msvm_MemorySettingData", memory)) == 32768
    assert host.remove((VSSD, f"Microsoft:{guid}")) == 32773
    assert host.remove((SASD, rf"Microsoft:{guid}\x\L")) == 32773
    assert host.remove() == 32773


def test_removal_of_several_is_all_or_nothing(host: Changer) -> None:
    guid = host.guid(FIRST_OFF)
    ide = rf"Microsoft:{guid}\{IDE}"
    parts = [(SASD, rf"{ide}\0\0\L"), (RASD, rf"{ide}\0\0\D"), (RASD, rf"{ide}\0")]
    before: list[dict[str, Any]] = host.settings(RASD, guid)
    assert host.remove(*parts) == 32768
    assert host.settings(RASD, guid) == before
    assert host.remove(*parts[:2]) == 0


def test_start_needs_every_image_and_has_it_alone(host: Changer) -> None:
    def start(name: str) -> tuple[str, str]:
        assert host.host.change(name, 2) == 4096
        host.host.clock.advance(11)
        job = host.host.jobs()[-1]
        return job["ErrorCode"], job["ErrorDescription"]

    model = host.host.model
    model.machine("vm0002").configuration.drives[0].path = r"C:\VMs\vm0001\vm0001.vhdx"
    code, text = start("vm0002")
    assert code == "32768"
    assert "being used by another process" in text
    model.machine("vm0002").configuration.drives[0].path = r"C:\gone.vhdx"
    code, text = start("vm0002")
    assert (code, r"C:\gone.vhdx" in text) == ("32768", True)
    assert host.host.machine("vm0002")["EnabledState"] == "3"
    model.machine("vm0002").configuration.drives[0].path = DISK
    assert start("vm0002")[0] == "0"
