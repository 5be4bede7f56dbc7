# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of WMI queries to the value classes, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._cim.instance import (
    InstancePath,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.classes import (
    GENERATION_2,
    REALIZED,
    SNAPSHOT,
    V2,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.devices import (
    Devices,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.reading import (
    Summary,
    disks_of_checkpoints,
    is_machine,
    is_settled,
    machines,
    snapshots,
    with_devices,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    Disk,
    Nic,
    OperatingSystem,
    Snapshot,
    VirtualMachine,
)

Row = dict[str, Any]

VM = "11111111-AAAA-4BBB-8CCC-DDDDDDDDDDDD"
OTHER = "22222222-AAAA-4BBB-8CCC-DDDDDDDDDDDD"
FIRST, SECOND = (f"{n}3333333-AAAA-4BBB-8CCC-DDDDDDDDDDDD" for n in "78")
SWITCH = "44444444-AAAA-4BBB-8CCC-DDDDDDDDDDDD"
NIC, LEGACY = (f"{n}5555555-AAAA-4BBB-8CCC-DDDDDDDDDDDD" for n in "12")
IDE = "83F8638B-8DCA-4152-9EDA-2CA8B33039B4"
SCSI = "66666666-AAAA-4BBB-8CCC-DDDDDDDDDDDD"
FLOPPY = "8F0D2762-0B00-4E04-AF4F-19010527CB93"
TEMPLATE = rf"Microsoft:Definition\{SCSI}\Default"
KIND = "Microsoft:Hyper-V:"


def system(name: str, guid: str = VM, state: int = 2, uptime: int | None = 0) -> Row:
    return {
        "Name": guid,
        "ElementName": name,
        "EnabledState": state,
        "OnTimeInMilliseconds": uptime,
    }


def settings(guid: str = VM, **changes: Any) -> Row:
    return {
        "InstanceID": f"Microsoft:{guid}",
        "VirtualSystemIdentifier": guid,
        "VirtualSystemType": REALIZED,
        "AutomaticStartupAction": 2,
        "Notes": None,
        "ElementName": "web1",
        "CreationTime": None,
        "Parent": None,
        "VirtualSystemSubType": GENERATION_2,
        "SecureBootEnabled": True,
        **changes,
    }


def checkpoint(guid: str, name: str, parent: str | None, day: int) -> Row:
    """A checkpoint's settings: its own InstanceID, the machine's identifier."""
    return settings(
        InstanceID=f"Microsoft:{guid}",
        VirtualSystemType=SNAPSHOT,
        ElementName=name,
        Parent=path("Msvm_VirtualSystemSettingData", f"Microsoft:{parent}")
        if parent
        else None,
        CreationTime=datetime(2026, 5, day, tzinfo=timezone.utc),
    )


def part(tail: str, guid: str = VM, **values: Any) -> Row:
    return {"InstanceID": rf"Microsoft:{guid}\{tail}", **values}


def quantity(number: int | None, guid: str = VM) -> Row:
    return part("0", guid, VirtualQuantity=number)


def path(cls: str, instance: str) -> str:
    keys = (("InstanceID", instance),)
    return str(InstancePath(V2, cls, keys, "HV1"))


def summary(*systems: Row, **more: Sequence[Row]) -> Summary:
    answers: dict[str, Any] = {"settings": (), "processors": (), "memory": (), **more}
    return Summary(systems=systems, **answers)


def test_machine_has_what_the_five_answers_say() -> None:
    answers = summary(
        system("web1", uptime=61_999),
        settings=[settings(AutomaticStartupAction=4, Notes=["one", "two"])],
        processors=[quantity(4)],
        memory=[quantity(2048)],
        networks=[
            {
                "InstanceID": rf"Microsoft:GuestNetwork\{VM}\{NIC}",
                "IPAddresses": ["192.0.2.1", "2001:db8::1"],
            },
            {
                "InstanceID": rf"Microsoft:GuestNetwork\{VM}\{LEGACY}",
                "IPAddresses": None,
            },
        ],
    )
    assert machines(answers) == [
        VirtualMachine(
            name="web1",
            uuid=VM.lower(),
            state="running",
            vcpus=4,
            vcpus_max=4,
            memory=2048 * 1024**2,
            memory_max=2048 * 1024**2,
            autostart=True,
            persistent=True,
            managed_save=False,
            has_snapshots=False,
            description="one\ntwo",
            uptime=61,
            addresses=("192.0.2.1", "2001:db8::1"),
        )
    ]


def test_host_is_no_machine() -> None:
    host = system("HV1", "HV1")
    assert not is_machine(host)
    assert is_machine(system("HV1"))
    assert [vm.name for vm in machines(summary(host, system("web1")))] == ["web1"]


@pytest.mark.parametrize(
    ("number", "state"),
    [
        (2, "running"),
        (3, "stopped"),
        (4, "stopping"),
        (6, "saved"),
        (9, "paused"),
        (10, "running"),
        (32768, "paused"),
        (32769, "saved"),
        (32774, "stopping"),
        (32776, "running"),
        (1, "running"),
        ("3", "stopped"),
        (None, "running"),
    ],
)
def test_enabled_state_is_told_in_our_words(number: Any, state: str) -> None:
    (vm,) = machines(summary(system("web1", state=number)))
    assert vm.state == state
    assert vm.managed_save is (state == "saved")


def test_parts_of_another_case_belong_to_the_machine() -> None:
    answers = summary(
        system("web1", VM.lower()),
        settings=[settings(VM.upper(), AutomaticStartupAction=3)],
        processors=[quantity(2, VM.upper())],
        memory=[quantity(512, VM.lower())],
    )
    (vm,) = machines(answers)
    assert (vm.uuid, vm.vcpus, vm.memory) == (VM.lower(), 2, 512 * 1024**2)
    assert vm.autostart is False


def test_parts_of_templates_checkpoints_and_others_are_left_out() -> None:
    strange = [
        {"InstanceID": TEMPLATE, "VirtualQuantity": 99},
        quantity(98, FIRST),
        quantity(97, OTHER),
        {"InstanceID": "no GUID", "VirtualQuantity": 96},
    ]
    answers = summary(
        system("web1"),
        settings=[settings(), checkpoint(FIRST, "before", None, 1)],
        processors=[*strange, quantity(1)],
        memory=[*strange, quantity(512)],
    )
    (vm,) = machines(answers)
    assert (vm.vcpus, vm.memory) == (1, 512 * 1024**2)


@pytest.mark.parametrize("known", [True, False])
def test_null_and_absent_columns_are_not_known(known: bool) -> None:
    """A host leaves NULL columns out of a row, or sends them as nil."""
    bare = system("web1", uptime=None)
    own = settings(AutomaticStartupAction=None, Notes=None)
    if not known:
        del bare["OnTimeInMilliseconds"], own["AutomaticStartupAction"], own["Notes"]
    (vm,) = machines(summary(bare, settings=[own], memory=[quantity(None)]))
    assert (vm.uptime, vm.autostart, vm.description) == (None,) * 3
    assert (vm.vcpus, vm.memory, vm.addresses) == (None, None, ())


def test_checkpoints_are_told_only_where_they_were_asked_for() -> None:
    rows = [settings(), checkpoint(FIRST, "before", None, 1)]
    answers = summary(system("web1"), system("db1", OTHER), settings=rows)
    assert [vm.has_snapshots for vm in machines(answers)] == [True, False]
    assert [vm.has_snapshots for vm in machines(answers, checkpoints=False)] == [
        None,
        None,
    ]


def test_snapshots_are_in_their_order_with_parent_and_current() -> None:
    current = path("Msvm_VirtualSystemSettingData", f"Microsoft:{SECOND.lower()}")
    rows = [
        checkpoint(SECOND, "second", FIRST.lower(), 2),
        checkpoint(FIRST, "first", None, 1),
        settings(Parent=current),
        settings(OTHER),
    ]
    rows[1]["Notes"] = ["clean"]
    rows[0]["IsSaved"] = True
    first = Snapshot(
        "first", None, "2026-05-01T00:00:00+00:00", "stopped", False, "clean"
    )
    second = replace(
        first,
        name="second",
        parent="first",
        created="2026-05-02T00:00:00+00:00",
        state="running",
        current=True,
        description=None,
    )
    assert snapshots(rows) == {VM.lower(): (first, second)}


def test_snapshot_whose_parent_is_gone_and_date_is_not_known() -> None:
    row = checkpoint(SECOND, "left", FIRST, 1)
    row["CreationTime"] = None
    (found,) = snapshots([row])[VM.lower()]
    assert (found.parent, found.created, found.current) == (None, None, False)


def drive(tail: str, kind: str, controller: str, slot: int, **more: Any) -> Row:
    parent = rf"Microsoft:{VM}\{controller}"
    return part(
        rf"{controller}\{slot}\D",
        ResourceSubType=KIND + kind,
        Parent=path("Msvm_ResourceAllocationSettingData", parent),
        AddressOnParent=str(slot),
        **more,
    )


def medium(controller: str, slot: int, kind: str, file: str | None) -> Row:
    parent = rf"Microsoft:{VM}\{controller}\{slot}\D"
    return part(
        rf"{controller}\{slot}\L",
        ResourceSubType=KIND + kind,
        Parent=path("Msvm_ResourceAllocationSettingData", parent),
        HostResource=[file] if file is not None else None,
    )


CONTROLLERS = [
    part(rf"{IDE}\0", ResourceSubType=f"{KIND}Emulated IDE Controller", Address="0"),
    part(rf"{IDE}\1", ResourceSubType=f"{KIND}Emulated IDE Controller", Address="1"),
    part(rf"{SCSI}\0", ResourceSubType=f"{KIND}Synthetic SCSI Controller"),
    part(rf"{FLOPPY}\0", ResourceSubType=f"{KIND}Emulated Diskette Controller"),
]


def full(
    *,
    settings_row: Row | None = None,
    resources: Sequence[Row] = (),
    storage: Sequence[Row] = (),
    ports: Sequence[Row] = (),
    connections: Sequence[Row] = (),
    networks: Sequence[Row] = (),
    checkpoints: Sequence[Row] = (),
    processors: Sequence[Row] = (),
    memory: Sequence[Row] = (),
    **more: Any,
) -> VirtualMachine:
    answers = summary(
        system("web1"),
        settings=[settings_row or settings(), *checkpoints],
        networks=networks,
        processors=processors,
        memory=memory,
    )
    (vm,) = with_devices(
        machines(answers),
        answers,
        Devices(
            resources=[*CONTROLLERS, *resources],
            storage=storage,
            ports=ports,
            connections=connections,
            switches=[{"Name": SWITCH, "ElementName": "LAN"}],
            **more,
        ),
    )
    return vm


def a_disk(target: str, bus: str, source: str | None, **changes: Any) -> Disk:
    known = Disk("disk", target, bus, "file", source, "vhdx", False, False)
    return replace(known, **changes)


def test_disks_have_their_bus_slot_file_and_format() -> None:
    vm = full(
        resources=[
            drive("D", "Synthetic Disk Drive", rf"{SCSI}\0", 1),
            drive("D", "Synthetic Disk Drive", rf"{IDE}\1", 0),
            drive("D", "Synthetic DVD Drive", rf"{IDE}\0", 1),
            drive("D", "Synthetic Diskette Drive", rf"{FLOPPY}\0", 0),
        ],
        storage=[
            medium(rf"{SCSI}\0", 1, "Virtual Hard Disk", r"C:\VMs\web1_F.AVHDX"),
            medium(rf"{IDE}\1", 0, "Virtual Hard Disk", r"C:\VMs\web1.vhdx"),
            medium(rf"{IDE}\0", 1, "Virtual CD/DVD Disk", r"C:\ISO\debian.iso"),
            medium(rf"{FLOPPY}\0", 0, "Virtual Floppy Disk", r"C:\ISO\drivers.vfd"),
        ],
    )
    assert vm.disks == (
        a_disk("fdc0:0", "fdc", r"C:\ISO\drivers.vfd", device="floppy", format="vfd"),
        a_disk(
            "ide0:1",
            "ide",
            r"C:\ISO\debian.iso",
            device="cdrom",
            format="iso",
            readonly=True,
        ),
        a_disk("ide1:0", "ide", r"C:\VMs\web1.vhdx"),
        a_disk("scsi0:1", "scsi", r"C:\VMs\web1_F.AVHDX", format="avhdx"),
    )


def test_empty_dvd_drive_is_there_and_empty_disk_drive_is_not() -> None:
    vm = full(
        resources=[
            drive("D", "Synthetic DVD Drive", rf"{SCSI}\0", 3),
            drive("D", "Synthetic Disk Drive", rf"{SCSI}\0", 4),
            drive("D", "Synthetic Diskette Drive", rf"{FLOPPY}\0", 0),
        ]
    )
    assert vm.disks == (
        a_disk("scsi0:3", "scsi", None, device="cdrom", format=None, readonly=True),
    )


def test_medium_without_a_file_has_no_source() -> None:
    resources = [drive("D", "Synthetic DVD Drive", rf"{IDE}\0", 0)]
    storage = [medium(rf"{IDE}\0", 0, "Virtual CD/DVD Disk", "")]
    (disk,) = full(resources=resources, storage=storage).disks or ()
    assert (disk.source, disk.format) == (None, None)


def test_disk_of_the_host_that_is_passed_through_is_a_block_device() -> None:
    keys = (
        ("CreationClassName", "Msvm_DiskDrive"),
        ("DeviceID", rf"Microsoft:{SWITCH}\1"),
        ("SystemName", "HV1"),
    )
    named = [str(InstancePath(V2, "Msvm_DiskDrive", keys, "HV1"))]
    kind = "Physical Disk Drive"
    vm = full(
        resources=[
            drive("D", kind, rf"{SCSI}\0", 0, HostResource=named),
            drive("D", kind, rf"{SCSI}\0", 1, HostResource=None),
        ]
    )
    source = rf"Microsoft:{SWITCH}\1"
    assert vm.disks == (
        a_disk("scsi0:0", "scsi", source, type="block", format=None),
        a_disk("scsi0:1", "scsi", None, type="block", format=None),
    )


def test_drives_are_found_whatever_the_case_of_their_paths() -> None:
    row = medium(rf"{IDE}\1", 0, "Virtual Hard Disk", r"C:\web1.vhdx")
    row["Parent"] = path(
        "Msvm_ResourceAllocationSettingData", rf"Microsoft:{VM.lower()}\{IDE}\1\0\d"
    )
    vm = full(
        resources=[drive("D", "Synthetic Disk Drive", rf"{IDE}\1", 0)], storage=[row]
    )
    assert [disk.target for disk in vm.disks or ()] == ["ide1:0"]


def test_disks_of_templates_and_checkpoints_are_left_out() -> None:
    template = {
        "InstanceID": TEMPLATE,
        "ResourceSubType": f"{KIND}Synthetic DVD Drive",
        "Parent": None,
    }
    medium_template = {**template, "ResourceSubType": f"{KIND}Virtual Hard Disk"}
    of_checkpoint = medium(rf"{SCSI}\0", 0, "Virtual Hard Disk", r"C:\old.vhdx")
    of_checkpoint["InstanceID"] = of_checkpoint["InstanceID"].replace(VM, FIRST)
    other_kind = medium(rf"{SCSI}\0", 0, "Something else", r"C:\else")
    vm = full(
        resources=[template], storage=[medium_template, of_checkpoint, other_kind]
    )
    assert vm.disks == ()


def test_medium_whose_drive_is_not_known_is_still_told() -> None:
    storage = [medium(rf"{SCSI}\9", 0, "Virtual Hard Disk", r"C:\lost.vhdx")]
    storage[0]["Parent"] = None
    (disk,) = full(storage=storage).disks or ()
    assert disk.source == r"C:\lost.vhdx"


def port(nic: str, kind: str = "Synthetic", mac: str | None = "00155D000001") -> Row:
    return part(
        nic,
        ResourceSubType=f"{KIND}{kind} Ethernet Port",
        ElementName="Netzwerkkarte",
        Address=mac,
    )


def connection(nic: str, switch: str | None, enabled: int | None = 2) -> Row:
    keys = (
        ("CreationClassName", "Msvm_VirtualEthernetSwitch"),
        ("Name", switch or ""),
    )
    host = [str(InstancePath(V2, "Msvm_VirtualEthernetSwitch", keys, "HV1"))]
    return part(
        rf"{nic}\C",
        Parent=path(
            "Msvm_SyntheticEthernetPortSettingData", rf"Microsoft:{VM}\{nic}".lower()
        ),
        HostResource=host if switch else None,
        EnabledState=enabled,
    )


def test_nics_have_mac_switch_model_and_addresses() -> None:
    vm = full(
        ports=[port(NIC), port(LEGACY, "Emulated", "00155D0000FF")],
        connections=[connection(NIC, SWITCH.lower())],
        networks=[
            {
                "InstanceID": rf"Microsoft:GuestNetwork\{VM}\{NIC.lower()}",
                "IPAddresses": "192.0.2.1",
            }
        ],
    )
    assert vm.nics == (
        Nic(
            "00:15:5d:00:00:01",
            "switch",
            "LAN",
            "synthetic",
            None,
            ("192.0.2.1",),
            vlan=0,
            connected=True,
        ),
        Nic(
            "00:15:5d:00:00:ff",
            "switch",
            None,
            "emulated",
            None,
            vlan=0,
            connected=False,
        ),
    )


@pytest.mark.parametrize(
    "row",
    [
        connection(NIC, None),
        connection(NIC, OTHER),
        {**connection(NIC, SWITCH), "InstanceID": TEMPLATE},
    ],
    ids=["no-switch", "switch-gone", "template"],
)
def test_nic_that_is_connected_to_nothing_has_no_source(row: Row) -> None:
    (nic,) = full(ports=[port(NIC, mac=None)], connections=[row]).nics or ()
    assert (nic.mac, nic.source) == (None, None)


def test_nic_that_is_cut_off_keeps_its_switch() -> None:
    rows = [connection(NIC, SWITCH, enabled=3)]
    (nic,) = full(ports=[port(NIC)], connections=rows).nics or ()
    assert (nic.source, nic.connected) == ("LAN", False)


@pytest.mark.parametrize(
    ("mode", "expected"), [(1, 7), (0, 0), (None, 0), (2, None), (3, None)]
)
def test_vlan_is_that_of_an_access_port(mode: int | None, expected: int | None) -> None:
    feature = part(rf"{NIC}\C\F", OperationMode=mode, AccessVlanId=7)
    rows = [connection(NIC, SWITCH)]
    (nic,) = full(ports=[port(NIC)], connections=rows, vlans=[feature]).nics or ()
    assert nic.vlan == expected


def test_adapters_that_were_named_in_their_order_are_told_in_it() -> None:
    rows = [port(NIC), port(LEGACY, mac="00155D000002")]
    rows[0]["ElementName"], rows[1]["ElementName"] = "Network Adapter 2", "LAN"
    nics = full(ports=rows).nics or ()
    assert [nic.mac for nic in nics] == ["00:15:5d:00:00:02", "00:15:5d:00:00:01"]


def test_template_of_a_nic_is_left_out() -> None:
    assert full(ports=[{**port(NIC), "InstanceID": TEMPLATE}]).nics == ()


@pytest.mark.parametrize(
    ("subtype", "secure", "expected"),
    [
        (GENERATION_2, True, ("generation 2", "uefi", True)),
        (GENERATION_2, "False", ("generation 2", "uefi", False)),
        (GENERATION_2, None, ("generation 2", "uefi", None)),
        (f"{KIND}SubType:1", False, ("generation 1", "bios", None)),
        (None, None, ("generation 1", "bios", None)),
    ],
)
def test_generation_decides_the_firmware(
    subtype: str | None, secure: Any, expected: tuple[str, str, bool | None]
) -> None:
    row = settings(VirtualSystemSubType=subtype, SecureBootEnabled=secure)
    machine, firmware, secure_boot = expected
    assert full(settings_row=row).os == OperatingSystem(
        "hvm",
        "x86_64",
        machine,
        firmware,
        secure_boot,
        None,
        generation=int(machine[-1]),
    )


def of_slot(owner: str, slot: int, file: str) -> Row:
    row = medium(rf"{SCSI}\0", slot, "Virtual Hard Disk", file)
    return {**row, "InstanceID": row["InstanceID"].replace(VM, owner)}


def test_disk_is_told_with_the_images_under_those_of_checkpoints() -> None:
    vm = full(
        settings_row=settings(Parent=path("X", f"Microsoft:{SECOND}")),
        checkpoints=[
            checkpoint(FIRST, "one", None, 1),
            checkpoint(SECOND, "two", FIRST, 2),
        ],
        resources=[drive("D", "Synthetic Disk Drive", rf"{SCSI}\0", s) for s in (0, 1)],
        storage=[
            of_slot(VM, 0, r"C:\a_2.avhdx"),
            of_slot(VM, 1, r"C:\b_2.avhdx"),
            of_slot(SECOND, 0, r"C:\a_1.avhdx"),
            of_slot(SECOND, 1, r"C:\b.vhdx"),
            of_slot(FIRST, 0, r"C:\a.vhdx"),
            of_slot(FIRST, 1, r"C:\other.vhdx"),
        ],
    )
    assert [disk.backing for disk in vm.disks or ()] == [
        (r"C:\a_1.avhdx", r"C:\a.vhdx"),
        (r"C:\b.vhdx",),
    ]


def test_controllers_of_scsi_are_counted_in_the_order_of_their_names() -> None:
    other = "00000000-AAAA-4BBB-8CCC-DDDDDDDDDDDD"
    controller = part(rf"{other}\0", ResourceSubType=f"{KIND}Synthetic SCSI Controller")
    vm = full(
        resources=[
            controller,
            drive("D", "Synthetic DVD Drive", rf"{SCSI}\0", 0),
            drive("D", "Synthetic DVD Drive", rf"{other}\0", 10),
            drive("D", "Synthetic DVD Drive", rf"{other}\0", 9),
        ]
    )
    targets = [disk.target for disk in vm.disks or ()]
    assert targets == ["scsi0:9", "scsi0:10", "scsi1:0"]


def source(tail: str) -> str:
    return path("Msvm_BootSourceSettingData", rf"Microsoft:{VM}\{tail}")


def test_boot_order_is_that_of_the_kinds_of_its_sources() -> None:
    order = [
        source("FILE"),
        source(rf"{NIC}\B").lower(),
        source(rf"{SCSI}\0\0\D\B"),
        source(rf"{SCSI}\0\1\D\B"),
        source(rf"{SCSI}\0\9\D\B"),
    ]
    vm = full(
        settings_row=settings(BootSourceOrder=order),
        resources=[
            drive("D", "Synthetic Disk Drive", rf"{SCSI}\0", 0),
            drive("D", "Synthetic DVD Drive", rf"{SCSI}\0", 1),
        ],
        ports=[port(NIC)],
    )
    assert vm.os is not None
    assert vm.os.boot == ("network", "disk", "cdrom")
    first = settings(VirtualSystemSubType=None, BootOrder=[3, "2", 1, 0])
    old = full(settings_row=first)
    assert old.os is not None
    assert old.os.boot == ("network", "disk", "cdrom", "floppy")


def test_settings_are_told_in_the_words_of_the_options() -> None:
    row = settings(
        AutomaticStartupAction=3,
        AutomaticShutdownAction=4,
        AutomaticStartupActionDelay=timedelta(seconds=90),
        UserSnapshotType=5,
        SecureBootTemplateId="{272e7447-90a4-4563-a4b9-8e4ab00526ce}".upper(),
        Version="9.0",
    )
    vm = full(
        settings_row=row,
        processors=[
            part("0", VirtualQuantity=2, ExposeVirtualizationExtensions="true")
        ],
        memory=[
            part(
                "M",
                VirtualQuantity=1024,
                DynamicMemoryEnabled=True,
                Reservation=512,
                Limit=4096,
                TargetMemoryBuffer=20,
                Weight=5000,
            )
        ],
        serials=[
            part(r"S\1", Connection=[""]),
            part(r"S\0", Connection=r"\\.\pipe\com1"),
        ],
        security=[part("T", TpmEnabled=True)],
        integration={
            "heartbeat": [part("H", EnabledState=2)],
            "backup": [part("V", EnabledState=3), part("V", OTHER, EnabledState=2)],
        },
    )
    assert vm.cpu == {"nested": True}
    assert vm.dynamic_memory == {
        "enabled": True,
        "minimum": 512 << 20,
        "maximum": 4096 << 20,
        "buffer": 20,
        "weight": 5000,
    }
    assert vm.serials == ({"type": "pipe", "path": r"\\.\pipe\com1"},)
    assert vm.integration_services == {"heartbeat": True, "backup": False}
    assert (vm.start_action, vm.stop_action) == ("if_running", "shut_down")
    assert (vm.start_delay, vm.checkpoint_type) == (90, "standard")
    assert vm.os is not None
    assert vm.os.secure_boot_template == "MicrosoftUEFICertificateAuthority"
    assert (vm.os.version, vm.os.tpm) == ("9.0", True)


def test_static_memory_has_no_range() -> None:
    row = part(
        "M",
        VirtualQuantity=1024,
        DynamicMemoryEnabled=False,
        Reservation=1024,
        Limit=1024,
        TargetMemoryBuffer=20,
        Weight=5000,
    )
    vm = full(memory=[row])
    assert vm.dynamic_memory == {"enabled": False, "buffer": 20, "weight": 5000}


def test_machine_without_devices_has_empty_lists() -> None:
    vm = full()
    assert (vm.disks, vm.nics, vm.snapshots) == ((), (), ())


@pytest.mark.parametrize(
    ("number", "other", "settled"),
    [
        (2, None, True),
        (3, None, True),
        (6, "", True),
        (9, None, True),
        (2, "Saving", False),
        (9, "resuming", False),
        (10, None, False),
        (32773, None, False),
        (32781, None, True),
        (None, "something new", True),
    ],
)
def test_machine_is_settled_unless_it_is_known_to_be_on_its_way(
    number: int | None, other: str | None, settled: bool
) -> None:
    row = {"EnabledState": number, "OtherEnabledState": other}
    assert is_settled(row) is settled


def test_disks_of_checkpoints_are_those_of_their_machine() -> None:
    rows = [settings(), checkpoint(FIRST, "one", None, 1)]
    answers = summary(system("web1"), settings=rows)
    devices = Devices(
        resources=CONTROLLERS,
        storage=[of_slot(VM, 0, r"C:\a_1.avhdx"), of_slot(FIRST, 0, r"C:\a.vhdx")],
        ports=(),
        connections=(),
        switches=(),
    )
    found = disks_of_checkpoints(answers, devices)
    assert list(found) == [VM.lower()]
    assert [disk.source for disk in found[VM.lower()]] == [r"C:\a.vhdx"]
