# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where drives are and where new ones go, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.classes import (
    GENERATION_2,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.devices import (
    Devices,
    boot_kinds,
    controller_numbers,
    device_kinds,
    ends_open,
    has_tpm,
    mac_of,
    order_of,
    source_kind,
    target_of,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.layout import (
    Layout,
    Place,
    parse_target,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.resources import (
    path_to,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.description import (
    DiskWish,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.plan import (
    PlanRefused,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    Disk,
)

Row = dict[str, Any]
VM = "11111111-AAAA-4BBB-8CCC-DDDDDDDDDDDD"
KIND = "Microsoft:Hyper-V:"
IDE_0, IDE_1, SCSI_A, SCSI_B = (f"Microsoft:{VM}\\{name}" for name in "DEBC")


def controller(name: str, kind: str, address: str | None = None) -> Row:
    subtype = f"{KIND}{kind} Controller"
    return {"InstanceID": name, "ResourceSubType": subtype, "Address": address}


IDE = [
    controller(IDE_1, "Emulated IDE", "1"),
    controller(IDE_0, "Emulated IDE", "0"),
]
SCSI = [controller(SCSI_A, "Synthetic SCSI")]


def drive(parent: str, slot: int, kind: str = "Synthetic Disk") -> Row:
    return {
        "InstanceID": rf"{parent}\{slot}\D",
        "ResourceSubType": f"{KIND}{kind} Drive",
        "Parent": str(path_to("Msvm_ResourceAllocationSettingData", parent)),
        "AddressOnParent": str(slot),
    }


def layout(generation: int, rows: Sequence[Row], **more: Any) -> Layout:
    if "filled" not in more:
        more["filled"] = [str(row["InstanceID"]).lower() for row in rows]
    return Layout(generation, rows, **more)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("scsi0:0", ("scsi", 0, 0)),
        ("scsi3:63", ("scsi", 3, 63)),
        ("ide1:1", ("ide", 1, 1)),
        ("fdc0:0", ("fdc", 0, 0)),
        ("scsi4:0", None),
        ("scsi0:64", None),
        ("ide0:2", None),
        ("vda", None),
        ("scsi0:0 ", None),
        ("scsi0:\u0661", None),
    ],
)
def test_target_is_a_slot_that_can_be(
    text: str, place: tuple[str, int, int] | None
) -> None:
    assert parse_target(text) == place
    if place is not None:
        assert Place(*place).target == text


def test_controllers_are_counted_by_bus() -> None:
    rows = [*IDE, controller(SCSI_B, "Synthetic SCSI"), *SCSI]
    numbers = controller_numbers(rows)
    assert numbers == {
        IDE_0.lower(): ("ide", 0),
        IDE_1.lower(): ("ide", 1),
        SCSI_A.lower(): ("scsi", 0),
        SCSI_B.lower(): ("scsi", 1),
    }
    assert target_of(drive(SCSI_B, 7), numbers) == ("scsi", "scsi1:7")
    assert target_of(None, numbers) == ("fdc", "fdc0:0")


@pytest.mark.parametrize(
    ("generation", "is_on", "wish", "target"),
    [
        (1, False, DiskWish(source="a"), "ide0:0"),
        (1, False, DiskWish(source="a", bus="scsi"), "scsi0:0"),
        (1, True, DiskWish(source="a"), "scsi0:0"),
        (1, False, DiskWish(device="cdrom"), "ide1:0"),
        (2, False, DiskWish(source="a"), "scsi0:0"),
        (2, True, DiskWish(device="cdrom"), "scsi0:0"),
        (2, False, DiskWish(source="a", target="scsi0:5"), "scsi0:5"),
    ],
)
def test_new_drive_goes_where_the_machine_can_use_it(
    generation: int, is_on: bool, wish: DiskWish, target: str
) -> None:
    rows = [*(IDE if generation == 1 else ()), *SCSI]
    assert layout(generation, rows, is_on=is_on).place(wish).target == target


def test_slots_are_taken_one_after_another() -> None:
    rows = [*IDE, *SCSI, drive(IDE_0, 1)]
    found = layout(1, rows)
    targets = [found.place(DiskWish(source="a")).target for _number in range(4)]
    assert targets == ["ide0:0", "ide1:0", "ide1:1", "scsi0:0"]
    assert found.drives["ide0:1"] == rows[-1]
    assert found.new_controllers() == 0


def test_drive_that_leaves_makes_room() -> None:
    rows = [*SCSI, drive(SCSI_A, 0)]
    leaving = [rf"{SCSI_A}\0\D".lower()]
    wish = DiskWish(source="a", target="scsi0:0")
    place = layout(2, rows, leaving=leaving).place(wish)
    assert place.drive is None
    with pytest.raises(PlanRefused, match="scsi0:0 is taken"):
        layout(2, rows).place(wish)


def test_empty_drive_for_disks_is_taken_up_again() -> None:
    rows = [
        *SCSI,
        drive(SCSI_A, 0),
        drive(SCSI_A, 9),
        drive(SCSI_A, 1, "Synthetic DVD"),
    ]
    found = layout(2, rows, filled=[rf"{SCSI_A}\0\D".lower()])
    place = found.place(DiskWish(source="a"))
    assert (place.target, place.drive) == ("scsi0:9", rf"{SCSI_A}\9\D")
    # An empty drive for DVDs is one of the machine's devices.
    assert found.place(DiskWish(device="cdrom")).target == "scsi0:2"


def test_controllers_are_added_up_to_four_while_the_machine_is_off() -> None:
    found = layout(2, ())
    for number in range(256):
        target = found.place(DiskWish(source="a")).target
        assert target == f"scsi{number // 64}:{number % 64}"
    assert found.new_controllers() == 4
    with pytest.raises(PlanRefused, match="no room for another disk drive"):
        found.place(DiskWish(source="a"))
    with pytest.raises(PlanRefused, match="no room"):
        layout(2, (), is_on=True).place(DiskWish(source="a"))


def test_number_of_a_controller_beside_others_is_the_hosts() -> None:
    with pytest.raises(PlanRefused, match="no controller for scsi1:0"):
        layout(2, SCSI).place(DiskWish(source="a", target="scsi1:0"))
    assert layout(2, ()).place(DiskWish(source="a", target="scsi1:0")).controller == 1


@pytest.mark.parametrize(
    ("address", "mac"),
    [
        ("02155D00000A", "02:15:5d:00:00:0a"),
        ("000000000000", None),
        ("", None),
        (None, None),
    ],
)
def test_address_of_an_adapter_is_none_until_it_has_one(
    address: str | None, mac: str | None
) -> None:
    assert mac_of({"Address": address}) == mac


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("Network Adapter", 0),
        ("Network Adapter 12", 12),
        ("Network Adapter 2b", 0),
        ("LAN 3", 0),
        (None, 0),
    ],
)
def test_name_of_an_adapter_tells_its_place(name: str | None, number: int) -> None:
    assert order_of({"ElementName": name}) == number


def test_boot_source_is_of_the_kind_of_its_device() -> None:
    kinds = {rf"{SCSI_A}\0\D".lower(): "disk"}
    source = "Msvm_BootSourceSettingData"
    assert source_kind(str(path_to(source, rf"{SCSI_A}\0\D\B")), kinds) == "disk"
    assert source_kind(str(path_to(source, rf"{SCSI_A}\0\D")), kinds) is None
    assert source_kind(str(path_to(source, rf"{SCSI_A}\1\D\B")), kinds) is None


@pytest.mark.parametrize(
    ("source", "backing", "expected"),
    [
        (r"C:\a.vhdx", (), False),
        (r"C:\a.avhdx", (), True),
        (r"C:\a.avhdx", (r"C:\a.vhdx",), False),
        (r"C:\a.avhdx", (r"C:\b.AVHDX",), True),
        (None, (), False),
    ],
)
def test_chain_ends_at_an_image_that_builds_on_nothing(
    source: str | None, backing: tuple[str, ...], expected: bool
) -> None:
    disk = Disk("disk", "scsi0:0", "scsi", "file", source, None, False, False, backing)
    assert ends_open(disk) is expected


def test_devices_that_can_be_booted_from_have_their_kinds() -> None:
    port = {"InstanceID": rf"Microsoft:{VM}\N"}
    devices = Devices(
        resources=[*SCSI, drive(SCSI_A, 0), drive(SCSI_A, 1, "Synthetic DVD")],
        storage=(),
        ports=[port],
        connections=(),
        switches=(),
    )
    kinds = device_kinds(devices)
    assert kinds == {
        rf"{SCSI_A}\0\D".lower(): "disk",
        rf"{SCSI_A}\1\D".lower(): "cdrom",
        rf"Microsoft:{VM}\N".lower(): "network",
    }
    source = str(path_to("Msvm_BootSourceSettingData", rf"Microsoft:{VM}\N\B"))
    row = {"VirtualSystemSubType": GENERATION_2, "BootSourceOrder": source}
    assert boot_kinds(row, kinds) == ("network",)
    assert boot_kinds({"BootOrder": [2, 2, 9]}, kinds) == ("disk",)


def test_tpm_is_told_where_the_host_has_one_to_give() -> None:
    assert has_tpm([{"TpmEnabled": "true"}]) is True
    assert has_tpm([]) is None
