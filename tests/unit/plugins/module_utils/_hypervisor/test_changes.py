# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between a machine and its description: each part, same, other, absent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.changes import (
    ADD,
    CHANGE,
    CREATE_IMAGE,
    GROW_IMAGE,
    LIVE,
    NEXT_START,
    OFF,
    REMOVE,
    SET,
    Change,
    as_diff,
    created,
    image_changes,
    plan_changes,
    sources_of,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.description import (
    SCALARS,
    Description,
    DiskWish,
    NicWish,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.plan import (
    PlanRefused,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    Disk,
    ImageInfo,
    Nic,
    OperatingSystem,
    VirtualMachine,
)

GIB = 1024**3
OS = OperatingSystem(
    "hvm",
    "x86_64",
    "q35",
    "uefi",
    True,
    None,
    ("disk",),
    "MicrosoftWindows",
    False,
    2,
    "9.0",
)
ROOT = Disk("disk", "vda", "virtio", "file", "/i/root.qcow2", "qcow2", False, False)
DRIVE = Disk("cdrom", "sda", "sata", "file", "/i/a.iso", "raw", True, False)
NIC = Nic(
    "52:54:00:00:00:01", "network", "default", "virtio", None, vlan=0, connected=True
)
FULL_MACHINE = VirtualMachine(
    name="web1",
    uuid="u-1",
    state="running",
    vcpus=2,
    vcpus_max=4,
    memory=GIB,
    memory_max=2 * GIB,
    autostart=False,
    persistent=True,
    description="mine",
    os=OS,
    disks=(ROOT, DRIVE),
    nics=(NIC,),
    cpu={"nested": False, "mode": "custom", "model": "qemu64", "topology": None},
    dynamic_memory={"enabled": False, "minimum": GIB, "maximum": GIB, "buffer": 20},
    integration_services={"heartbeat": True, "backup": True},
    graphics=({"type": "vnc", "listen": "127.0.0.1", "port": 5901},),
    serials=({"type": "pty", "path": None},),
    start_action="nothing",
    start_delay=0,
    stop_action="save",
    checkpoint_type="production",
)

# part -> (the value that the machine has, another one)
VALUES: dict[str, tuple[Any, Any]] = {
    "vcpus": (2, 3),
    "vcpus_max": (4, 8),
    "memory": (GIB, 2 * GIB),
    "memory_max": (2 * GIB, 4 * GIB),
    "generation": (2, 1),
    "version": ("9.0", "10.0"),
    "machine": ("q35", "pc"),
    "description": ("mine", "yours"),
    "autostart": (False, True),
    "start_action": ("nothing", "always"),
    "start_delay": (0, 30),
    "stop_action": ("save", "off"),
    "checkpoint_type": ("production", "disabled"),
    "cpu": ({"nested": False}, {"nested": True}),
    "dynamic_memory": ({"enabled": False}, {"enabled": True}),
    "firmware": ({"secure_boot": True}, {"secure_boot": False}),
    "integration_services": ({"heartbeat": True}, {"heartbeat": False}),
    "boot": (["disk"], ["cdrom", "disk"]),
    "graphics": ([{"type": "vnc"}], [{"type": "spice"}]),
    "serials": ([{"type": "pty"}], []),
}
DISKS: dict[str, tuple[DiskWish, DiskWish]] = {
    "by source": (DiskWish(source="/i/root.qcow2"), DiskWish(source="/i/data.qcow2")),
    "by target": (
        DiskWish(target="vda"),
        DiskWish(target="vdb", source="/i/data.qcow2"),
    ),
    "cdrom": (
        DiskWish(device="cdrom", source="/i/a.iso"),
        DiskWish(device="cdrom", source="/i/data.qcow2"),
    ),
    "serial": (
        DiskWish(source="/i/root.qcow2"),
        DiskWish(source="/i/root.qcow2", serial="S1"),
    ),
}
NICS: dict[str, tuple[NicWish, NicWish]] = {
    "network": (NicWish(network="default"), NicWish(network="other")),
    "mac": (NicWish(mac="52:54:00:00:00:01"), NicWish(mac="52:54:00:00:00:02")),
    "vlan": (NicWish(vlan=0), NicWish(vlan=7)),
    "connected": (NicWish(connected=True), NicWish(connected=False)),
    "model": (NicWish(model="virtio"), NicWish(model="e1000e")),
}
IMAGES = {
    source: ImageInfo(source, GIB, "qcow2")
    for source in ("/i/root.qcow2", "/i/data.qcow2")
}
IMAGES["/i/a.iso"] = ImageInfo("/i/a.iso")
STATES = ("running", "stopped")


def live(_vm: VirtualMachine, _change: Change) -> str:
    return LIVE


def off(_vm: VirtualMachine, _change: Change) -> str:
    return OFF


def plan(
    wanted: Description,
    state: str = "stopped",
    *,
    vm: VirtualMachine = FULL_MACHINE,
    images: dict[str, ImageInfo] | None = None,
    timing: Any = live,
) -> tuple[Change, ...]:
    return plan_changes(
        replace(vm, state=state),
        wanted,
        images=IMAGES if images is None else images,
        timing=timing,
    )[0]


def test_every_part_has_a_row() -> None:
    assert set(SCALARS) <= set(VALUES)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("part", VALUES)
class TestEachPart:
    def test_the_same_value_is_no_change(self, part: str, state: str) -> None:
        assert plan(Description("web1", values={part: VALUES[part][0]}), state) == ()

    def test_another_value_is_one_change(self, part: str, state: str) -> None:
        same, other = VALUES[part]
        found = plan(Description("web1", values={part: other}), state, timing=off)
        assert [(one.part, one.action) for one in found] == [(part, SET)]
        assert found[0].when == (LIVE if state == "stopped" else OFF)
        before, after = as_diff(found)
        assert after == {part: other}
        if isinstance(same, dict):
            assert before == {part: same}

    def test_a_value_that_is_absent_is_one_change(self, part: str, state: str) -> None:
        bare = VirtualMachine(name="web1", uuid="u-1", state=state)
        same = VALUES[part][0]
        found = plan(Description("web1", values={part: same}), state, vm=bare)
        wanted_values = same.values() if isinstance(same, dict) else [same]
        assert [one.after for one in found] == list(wanted_values)
        assert {one.before for one in found} == {None}

    def test_what_is_not_named_is_left_alone(self, part: str, state: str) -> None:
        assert plan(Description("web1"), state) == ()


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", DISKS)
class TestEachDisk:
    def test_the_same_disk_is_no_change(self, kind: str, state: str) -> None:
        assert plan(Description("web1", disks=(DISKS[kind][0],)), state) == ()

    def test_another_disk_is_one_change(self, kind: str, state: str) -> None:
        found = plan(Description("web1", disks=(DISKS[kind][1],)), state)
        expected = CHANGE if kind in ("cdrom", "serial") else ADD
        assert [(one.part, one.action) for one in found] == [("disks", expected)]

    def test_a_machine_without_disks_gets_one(self, kind: str, state: str) -> None:
        wish = replace(DISKS[kind][0], source="/i/data.qcow2")
        bare = replace(FULL_MACHINE, disks=())
        found = plan(Description("web1", disks=(wish,)), state, vm=bare)
        assert [one.action for one in found] == [ADD]

    def test_an_absent_disk_is_removed_once(self, kind: str, state: str) -> None:
        wanted = Description("web1", disks=(replace(DISKS[kind][0], state="absent"),))
        found = plan(wanted, state)
        assert [one.action for one in found] == [REMOVE]
        assert found[0].found in (ROOT, DRIVE)
        gone = replace(FULL_MACHINE, disks=())
        assert plan(wanted, state, vm=gone) == ()


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", NICS)
class TestEachInterface:
    def test_the_same_interface_is_no_change(self, kind: str, state: str) -> None:
        assert plan(Description("web1", nics=(NICS[kind][0],)), state) == ()

    def test_another_interface_is_one_change(self, kind: str, state: str) -> None:
        found = plan(Description("web1", nics=(NICS[kind][1],)), state)
        expected = ADD if kind == "mac" else CHANGE
        assert [(one.part, one.action) for one in found] == [("nics", expected)]

    def test_a_machine_without_interfaces_gets_one(self, kind: str, state: str) -> None:
        bare = replace(FULL_MACHINE, nics=())
        found = plan(Description("web1", nics=(NICS[kind][0],)), state, vm=bare)
        assert [one.action for one in found] == [ADD]

    def test_an_absent_interface_is_removed_once(self, kind: str, state: str) -> None:
        wanted = Description("web1", nics=(replace(NICS[kind][0], state="absent"),))
        assert [one.action for one in plan(wanted, state)] == [REMOVE]
        bare = replace(FULL_MACHINE, nics=())
        assert plan(wanted, state, vm=bare) == ()


def test_a_disk_is_known_by_the_image_under_a_snapshot() -> None:
    overlay = replace(ROOT, source="/i/root.s1", backing=("/i/root.qcow2",))
    vm = replace(FULL_MACHINE, disks=(overlay,))
    assert (
        plan(Description("web1", disks=(DiskWish(source="/i/root.qcow2"),)), vm=vm)
        == ()
    )


def test_an_image_under_a_snapshot_does_not_grow() -> None:
    overlay = replace(ROOT, source="/i/root.s1", backing=("/i/root.qcow2",))
    vm = replace(FULL_MACHINE, disks=(overlay,))
    wish = DiskWish(source="/i/root.qcow2", size=2 * GIB)
    with pytest.raises(PlanRefused, match="goes on in /i/root"):
        plan(Description("web1", disks=(wish,)), vm=vm)
    (change,) = plan(Description("web1", disks=(wish,)))
    assert change.action == GROW_IMAGE


def test_an_image_in_a_drive_is_no_disk() -> None:
    wish = DiskWish(source="/i/a.iso")
    (change,) = plan(Description("web1", disks=(wish,)))
    assert change.action == ADD


def test_paths_of_windows_have_no_case() -> None:
    path = r"C:\VMs\Root.vhdx"
    vm = replace(FULL_MACHINE, disks=(replace(ROOT, source=path),))
    wish = DiskWish(source=path.upper())
    images = {str(wish.source): ImageInfo(path, GIB, "vhdx")}
    assert plan(Description("web1", disks=(wish,)), vm=vm, images=images) == ()


def test_the_image_of_a_target_is_not_exchanged() -> None:
    wish = DiskWish(target="vda", source="/i/data.qcow2")
    with pytest.raises(PlanRefused, match=r"disk vda is /i/root\.qcow2 and not"):
        plan(Description("web1", disks=(wish,)))


def test_a_drive_is_emptied_once() -> None:
    wanted = Description("web1", disks=(DiskWish(device="cdrom", media=False),))
    found = plan(wanted)
    assert found[0].after == {"source": None}
    empty = replace(FULL_MACHINE, disks=(replace(DRIVE, source=None),))
    assert plan(wanted, vm=empty) == ()


def test_images_are_made_grown_and_never_shrunk() -> None:
    def changes(**wish: Any) -> list[Change]:
        return list(image_changes(Description("w", disks=(DiskWish(**wish),)), IMAGES))

    made = changes(source="/i/new.qcow2", size=GIB, sparse=False)
    assert [(one.action, one.after) for one in made] == [
        (CREATE_IMAGE, {"size": GIB, "sparse": False})
    ]
    grown = changes(source="/i/root.qcow2", size=2 * GIB)
    assert [(one.action, one.before) for one in grown] == [(GROW_IMAGE, {"size": GIB})]
    assert changes(source="/i/root.qcow2", size=GIB) == []
    for wish, words in (
        ({"source": "/i/root.qcow2", "size": 1}, "would shrink"),
        ({"source": "/i/root.qcow2", "format": "raw"}, "is qcow2 and not raw"),
        ({"source": "/i/none"}, "is not there"),
        ({"source": "/i/none", "device": "cdrom"}, "is not there"),
        ({"source": "/i/none", "backing": "/i/base"}, "/i/base, on which"),
    ):
        with pytest.raises(PlanRefused, match=words):
            changes(**wish)


def test_changes_are_in_a_safe_order() -> None:
    wanted = Description(
        "web1",
        values={"vcpus": 3},
        disks=(
            DiskWish(source="/i/new.qcow2", size=GIB),
            DiskWish(source="/i/root.qcow2", state="absent"),
        ),
    )
    assert [one.action for one in plan(wanted)] == [CREATE_IMAGE, REMOVE, SET, ADD]


def test_what_waits_for_a_restart_is_no_change() -> None:
    vm = replace(FULL_MACHINE, next_start=replace(FULL_MACHINE, vcpus_max=8))
    wanted = Description("web1", values={"vcpus_max": 8})
    todo, waiting = plan_changes(
        vm, wanted, images={}, timing=lambda _vm, _change: NEXT_START
    )
    assert todo == ()
    assert [one.words for one in waiting] == ["vcpus_max"]


def test_a_live_change_is_wanted_in_both_definitions() -> None:
    vm = replace(FULL_MACHINE, next_start=replace(FULL_MACHINE, vcpus=3))
    wanted = Description("web1", values={"vcpus": 3})
    (change,), _waiting = plan_changes(vm, wanted, images={}, timing=live)
    assert (change.now, change.kept) == (True, False)
    vm = replace(FULL_MACHINE, vcpus=3, next_start=FULL_MACHINE)
    (change,), _waiting = plan_changes(vm, wanted, images={}, timing=live)
    assert (change.now, change.kept) == (False, True)


def test_a_machine_is_renamed_by_uuid_only() -> None:
    found = plan(Description("web2", uuid="u-1"))
    assert [(one.part, one.before, one.after) for one in found] == [
        ("name", "web1", "web2")
    ]
    assert plan(Description("web2")) == ()


def test_sources_are_those_of_disks_that_shall_be() -> None:
    wanted = Description(
        "web1",
        disks=(
            DiskWish(source="/a", backing="/b"),
            DiskWish(source="/c", state="absent"),
            DiskWish(device="cdrom"),
        ),
    )
    assert sources_of(wanted) == {"/a", "/b"}


def test_a_new_machine_is_told_with_all_that_was_named() -> None:
    wanted = Description(
        "web1",
        values={"vcpus": 2},
        disks=(DiskWish(source="/i/a", size=GIB),),
        nics=(NicWish(network="default"),),
    )
    assert created(wanted) == {
        "vcpus": 2,
        "disks": {"/i/a": {"device": "disk", "source": "/i/a"}},
        "nics": {"0": {"network": "default"}},
    }


@given(
    st.lists(
        st.sampled_from([*DISKS["by source"], *DISKS["by target"], *DISKS["cdrom"]]),
        max_size=4,
    )
)
def test_no_disk_of_a_machine_is_changed_twice(wishes: list[DiskWish]) -> None:
    try:
        found = plan(Description("web1", disks=tuple(wishes)))
    except PlanRefused:
        return
    touched = [one.found.target for one in found if isinstance(one.found, Disk)]
    assert len(touched) == len(set(touched))
