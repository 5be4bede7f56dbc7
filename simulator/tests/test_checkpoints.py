# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checkpoints: taken, applied, deleted, and what becomes of the disks."""

from __future__ import annotations

from typing import Any

import pytest
from wmi_client import SYSTEM, V2, Client, client, embedded, reference

from hvsim.model import branches
from hvsim.model.images import Image, ImageFiles
from hvsim.model.machine import Drive, Machine, Power, Snapshot

SERVICE = "Msvm_VirtualSystemSnapshotService"
VSSD = "Msvm_VirtualSystemSettingData"
OFF, RUNNING, SAVED, PAUSED = "vm0002", "vm0001", "vm0004", "vm0006"


@pytest.fixture
def host() -> Client:
    return client(job_seconds=10)


def system(host: Client, name: str) -> str:
    guid = host.model.machine(name).guid
    return reference(V2 + SYSTEM, CreationClassName=SYSTEM, Name=guid)


def take(host: Client, name: str, settings: str = "", kind: int = 2) -> dict[str, Any]:
    """CreateSnapshot: what it returns."""
    return host.call(
        SERVICE,
        "CreateSnapshot",
        f"<p:AffectedSystem>{system(host, name)}</p:AffectedSystem>"
        f"<p:SnapshotSettings>{settings}</p:SnapshotSettings>"
        f"<p:SnapshotType>{kind}</p:SnapshotType>",
    )


def taken(host: Client, name: str) -> Snapshot:
    """A checkpoint that was taken without trouble."""
    assert host.job(take(host, name))["JobState"] == "7"
    return host.model.machine(name).snapshots[-1]


def on(
    host: Client, method: str, snapshot: str, parameter: str = "AffectedSnapshot"
) -> dict[str, Any]:
    """A method on a checkpoint: what it returns."""
    path = reference(V2 + VSSD, InstanceID=f"Microsoft:{snapshot}")
    return host.call(SERVICE, method, f"<p:{parameter}>{path}</p:{parameter}>")


def apply(host: Client, snapshot: Snapshot) -> dict[str, Any]:
    return on(host, "ApplySnapshot", snapshot.guid, "Snapshot")


def destroy(host: Client, snapshot: Snapshot) -> dict[str, Any]:
    return on(host, "DestroySnapshot", snapshot.guid)


def destroy_tree(host: Client, snapshot: Snapshot) -> dict[str, Any]:
    return on(host, "DestroySnapshotTree", snapshot.guid, "SnapshotSettingData")


def settled(host: Client, output: dict[str, Any]) -> None:
    """The job did well, and what it left to do in the background is done."""
    assert host.job(output)["JobState"] == "7"
    host.clock.advance(11)
    assert host.jobs()  # nothing happens before somebody looks


def disks(host: Client, guid: str) -> list[str]:
    """The disks in the drives of a machine or checkpoint, as WMI tells them."""
    rows = host.query(
        "SELECT * FROM Msvm_StorageAllocationSettingData WHERE "
        f"InstanceID LIKE 'Microsoft:{guid}%' AND ResourceSubType = "
        "'Microsoft:Hyper-V:Virtual Hard Disk'"
    )
    return [row["HostResource"] for row in rows]


def settings_of(host: Client, guid: str) -> dict[str, Any]:
    return host.get(V2 + VSSD, InstanceID=f"Microsoft:{guid}")


def related(host: Client, name: str, association: str) -> list[str]:
    """InstanceIDs of what an association links with a machine."""
    guid = host.model.machine(name).guid
    rows = host.query(
        f"ASSOCIATORS OF {{{SYSTEM}.CreationClassName='{SYSTEM}',Name='{guid}'}} "
        f"WHERE AssocClass = {association}"
    )
    return [row["InstanceID"].removeprefix("Microsoft:") for row in rows]


# Taking


def test_checkpoint_is_taken_and_found_through_its_job(host: Client) -> None:
    machine = host.model.machine(OFF)
    (before,) = disks(host, machine.guid)
    output = take(host, OFF)
    assert (output["ReturnValue"], output["ResultingSnapshot"]) == ("4096", None)
    status = host.machine(OFF)
    assert status["OperationalStatus"] == ["2", "32768"]
    assert status["StatusDescriptions"][1] == "Creating snapshot"
    assert not machine.snapshots
    job = host.job(output)
    assert (job["JobType"], job["JobState"]) == ("70", "7")
    affected = host.query(
        f"ASSOCIATORS OF {{Msvm_ConcreteJob.InstanceID='{job['InstanceID']}'}} "
        f"WHERE ResultClass = {VSSD}"
    )
    (guid,) = [row["InstanceID"].removeprefix("Microsoft:") for row in affected]
    assert guid == machine.snapshots[0].guid
    found = settings_of(host, guid)
    assert found["VirtualSystemType"] == "Microsoft:Hyper-V:Snapshot:Realized"
    assert found["ElementName"].startswith(f"{OFF} - (")
    assert found["VirtualSystemIdentifier"] == machine.guid
    assert (found["IsSaved"], found["IsAutomaticSnapshot"]) == ("false", "false")
    assert disks(host, guid) == [before]
    (leaf,) = disks(host, machine.guid)
    image = host.model.images.find(leaf)
    assert image is not None
    assert (image.parent, image.extension) == (before, "avhdx")
    assert host.machine(OFF)["OperationalStatus"] == "2"


def test_checkpoint_has_all_the_settings_of_the_machine_at_that_time(
    host: Client,
) -> None:
    machine = host.model.machine(OFF)
    memory = machine.configuration.memory.startup
    snapshot = taken(host, OFF)
    machine.configuration.memory.startup = memory * 2
    machine.configuration.nics.clear()
    prefix = f"InstanceID LIKE 'Microsoft:{snapshot.guid}%'"
    for class_name, name, value in (
        ("Msvm_MemorySettingData", "VirtualQuantity", str(memory)),
        ("Msvm_ProcessorSettingData", "ResourceType", "3"),
        ("Msvm_SyntheticEthernetPortSettingData", "ResourceType", "10"),
        ("Msvm_EthernetPortAllocationSettingData", "ResourceType", "33"),
    ):
        (row,) = host.query(f"SELECT * FROM {class_name} WHERE {prefix}")
        assert row[name] == value
    parts = host.query(
        f"ASSOCIATORS OF {{{VSSD}.InstanceID='Microsoft:{snapshot.guid}'}} "
        "WHERE AssocClass = Msvm_VirtualSystemSettingDataComponent"
    )
    assert len(parts) > 10
    assert all(snapshot.guid in part["InstanceID"] for part in parts)


def test_associations_follow_the_checkpoints(host: Client) -> None:
    first, second = taken(host, OFF), taken(host, OFF)
    assert related(host, OFF, "Msvm_SnapshotOfVirtualSystem") == [
        first.guid,
        second.guid,
    ]
    for association in ("Msvm_MostCurrentSnapshotInBranch", "Msvm_LastAppliedSnapshot"):
        assert related(host, OFF, association) == [second.guid]
    assert first.guid in settings_of(host, second.guid)["Parent"]
    machine = host.model.machine(OFF)
    assert second.guid in settings_of(host, machine.guid)["Parent"]
    settled(host, apply(host, first))
    assert related(host, OFF, "Msvm_LastAppliedSnapshot") == [first.guid]


def modify(host: Client, name: str, kind: int) -> None:
    guid = host.model.machine(name).guid
    text = embedded(VSSD, InstanceID=f"Microsoft:{guid}", UserSnapshotType=kind)
    content = f"<p:SystemSettings>{text}</p:SystemSettings>"
    assert host.job(host.service("ModifySystemSettings", content))["JobState"] == "7"


@pytest.mark.parametrize(
    ("name", "kind", "answers", "memory"),
    [
        (OFF, 3, True, "false"),
        (OFF, 4, False, "false"),
        (OFF, 5, True, "false"),
        (RUNNING, 3, True, "false"),
        (RUNNING, 3, False, "true"),
        (RUNNING, 4, True, "false"),
        (RUNNING, 4, False, None),
        (RUNNING, 5, True, "true"),
        (SAVED, 3, True, "true"),
        (SAVED, 4, True, None),
        (PAUSED, 3, True, "true"),
        (PAUSED, 4, True, None),
        (OFF, 2, True, None),
        (RUNNING, 2, True, None),
    ],
)
def test_kind_of_checkpoint_decides_what_is_kept(
    host: Client, name: str, kind: int, answers: bool, memory: str | None
) -> None:
    """None: it is refused. Production needs a guest that answers, or a machine off."""
    modify(host, name, kind)
    machine = host.model.machine(name)
    machine.guest.has_services = answers
    power = machine.power
    job = host.job(take(host, name))
    assert machine.power == power
    if memory is not None:
        assert job["JobState"] == "7"
        assert settings_of(host, machine.snapshots[0].guid)["IsSaved"] == memory
        return
    assert (job["JobState"], job["ErrorCode"]) == ("10", "32768")
    reason = "Checkpoints have been disabled" if kind == 2 else "Production checkpoints"
    assert reason in job["ErrorDescription"]
    assert not machine.snapshots
    assert all(".avhdx" not in path for path in disks(host, machine.guid))


@pytest.mark.parametrize(("level", "memory"), [(1, "false"), (2, "true")])
def test_settings_of_the_checkpoint_go_before_those_of_the_machine(
    host: Client, level: int, memory: str
) -> None:
    modify(host, RUNNING, 5 if level == 1 else 4)
    text = embedded("Msvm_VirtualSystemSnapshotSettingData", ConsistencyLevel=level)
    assert host.job(take(host, RUNNING, text))["JobState"] == "7"
    (snapshot,) = host.model.machine(RUNNING).snapshots
    assert settings_of(host, snapshot.guid)["IsSaved"] == memory


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x", "32768"),
        (embedded("Msvm_MemorySettingData", VirtualQuantity=1), "32773"),
        (
            embedded("Msvm_VirtualSystemSnapshotSettingData", ConsistencyLevel=9),
            "32773",
        ),
    ],
)
def test_settings_that_are_none(host: Client, text: str, code: str) -> None:
    job = host.job(take(host, OFF, text))
    assert (job["JobState"], job["ErrorCode"]) == ("10", code)
    assert not host.model.machine(OFF).snapshots


def test_what_is_no_checkpoint_is_an_invalid_parameter(host: Client) -> None:
    assert take(host, OFF, kind=9)["ReturnValue"] == "32773"
    output = host.call(SERVICE, "CreateSnapshot", "<p:SnapshotType>2</p:SnapshotType>")
    assert output["ReturnValue"] == "32773"
    for method, parameter in (
        ("ApplySnapshot", "Snapshot"),
        ("DestroySnapshot", "AffectedSnapshot"),
        ("DestroySnapshotTree", "SnapshotSettingData"),
        ("ClearSnapshotState", "SnapshotSettingData"),
    ):
        guid = host.model.machine(OFF).guid
        assert on(host, method, guid, parameter)["ReturnValue"] == "32773"
        assert on(host, method, "x", parameter)["ReturnValue"] == "32773"
        assert host.call(SERVICE, method)["ReturnValue"] == "32773"
        content = f"<p:{parameter}>{system(host, OFF)}</p:{parameter}>"
        assert host.call(SERVICE, method, content)["ReturnValue"] == "32773"


def test_nothing_else_is_done_to_a_machine_meanwhile(host: Client) -> None:
    take(host, RUNNING)
    assert take(host, RUNNING)["ReturnValue"] == "32775"
    assert host.change(RUNNING, 3) == 32775
    host.clock.advance(11)
    assert host.change(RUNNING, 3) == 4096


def test_fifty_checkpoints_and_no_more(host: Client) -> None:
    for _ in range(50):
        taken(host, OFF)
    job = host.job(take(host, OFF))
    assert job["JobState"] == "10"
    assert "50 checkpoints" in job["ErrorDescription"]
    assert len(host.model.machine(OFF).snapshots) == 50


def test_disk_that_is_missing_or_physical_stands_against_it(host: Client) -> None:
    machine = host.model.machine(OFF)
    drive = machine.configuration.drives[0]
    there, drive.path = drive.path, r"C:\none.vhdx"
    job = host.job(take(host, OFF))
    assert r"'C:\none.vhdx'" in job["ErrorDescription"]
    drive.path, drive.host_resource = None, r"\\HVSIM\root\virtualization\v2:x"
    assert "physical" in host.job(take(host, OFF))["ErrorDescription"]
    text = embedded(
        "Msvm_VirtualSystemSnapshotSettingData", IgnoreNonSnapshottableDisks=True
    )
    assert host.job(take(host, OFF, text))["JobState"] == "7"
    assert there
    assert host.model.images.find(there)


def test_without_job_time_the_checkpoint_is_told_at_once() -> None:
    at_once = client(job_seconds=0)
    output = take(at_once, OFF)
    (snapshot,) = at_once.model.machine(OFF).snapshots
    assert output["ReturnValue"] == "0"
    assert snapshot.guid in output["ResultingSnapshot"]
    assert destroy(at_once, snapshot)["ReturnValue"] == "0"
    assert disks(at_once, at_once.model.machine(OFF).guid) == [
        r"C:\VMs\vm0002\vm0002.vhdx"
    ]


def test_checkpoint_that_fails_or_hangs(host: Client) -> None:
    host.model.fail_next_job(32768, "The disk is full.", job="*snapshot*")
    assert host.job(take(host, OFF))["ErrorDescription"] == "The disk is full."
    assert not host.model.machine(OFF).snapshots
    assert host.machine(OFF)["OperationalStatus"] == "2"
    host.model.hang_next_job(job="snapshot")
    take(host, OFF)
    host.clock.advance(100_000)
    assert host.machine(OFF)["OperationalStatus"] == ["2", "32768"]
    assert host.change(OFF, 2) == 32775


# Applying


def test_applied_checkpoint_brings_back_settings_and_disks(host: Client) -> None:
    machine = host.model.machine(OFF)
    snapshot = taken(host, OFF)
    (leaf,) = disks(host, machine.guid)
    count = machine.configuration.processors
    machine.configuration.processors = count + 3
    machine.name = "renamed"
    output = apply(host, snapshot)
    assert host.machine("renamed")["OperationalStatus"] == ["2", "32769"]
    job = host.job(output)
    assert (job["JobType"], job["JobState"]) == ("71", "7")
    assert machine.configuration.processors == count
    (new,) = disks(host, machine.guid)
    assert new != leaf
    assert host.model.images.find(leaf) is None
    image = host.model.images.find(new)
    assert image is not None
    assert [image.parent] == disks(host, snapshot.guid)
    assert host.machine("renamed")["EnabledState"] == "3"


def test_machine_that_is_on_takes_no_checkpoint_back(host: Client) -> None:
    for name in (RUNNING, PAUSED):
        snapshot = taken(host, name)
        assert apply(host, snapshot)["ReturnValue"] == "32775"
        host.change(name, 3)
        assert apply(host, snapshot)["ReturnValue"] == "32775"
        host.clock.advance(11)
        settled(host, apply(host, snapshot))


def test_memory_comes_back_as_a_saved_state_unless_it_was_cleared(
    host: Client,
) -> None:
    modify(host, RUNNING, 5)
    snapshot = taken(host, RUNNING)
    host.change(RUNNING, 3)
    host.clock.advance(11)
    settled(host, apply(host, snapshot))
    assert host.machine(RUNNING)["EnabledState"] == "6"
    output = on(host, "ClearSnapshotState", snapshot.guid, "SnapshotSettingData")
    assert host.job(output)["JobType"] == "73"
    assert settings_of(host, snapshot.guid)["IsSaved"] == "false"
    settled(host, apply(host, snapshot))
    assert host.machine(RUNNING)["EnabledState"] == "3"


def test_checkpoint_whose_disk_is_gone_is_not_applied(host: Client) -> None:
    snapshot = taken(host, OFF)
    machine = host.model.machine(OFF)
    before = disks(host, machine.guid)
    host.model.images.remove(disks(host, snapshot.guid)[0])
    job = host.job(apply(host, snapshot))
    assert (job["JobState"], job["ErrorCode"]) == ("10", "32768")
    assert disks(host, machine.guid) == before


def test_two_branches(host: Client) -> None:
    root, left = taken(host, OFF), taken(host, OFF)
    settled(host, apply(host, root))
    right = taken(host, OFF)
    assert (left.parent, right.parent) == (root.guid, root.guid)
    machine = host.model.machine(OFF)
    assert machine.current_parent == right.guid
    base = disks(host, root.guid)[0]
    assert len(host.model.images.children(base)) == 2
    settled(host, apply(host, left))
    assert machine.current_parent == left.guid
    assert host.model.images.find(disks(host, right.guid)[0])


# Deleting


def test_deleted_checkpoint_is_merged_in_the_background(host: Client) -> None:
    machine = host.model.machine(RUNNING)
    (base,) = disks(host, machine.guid)
    snapshot = taken(host, RUNNING)
    (leaf,) = disks(host, machine.guid)
    output = destroy(host, snapshot)
    assert host.machine(RUNNING)["OperationalStatus"] == ["2", "32770"]
    host.clock.advance(10.5)
    assert host.machine(RUNNING)["OperationalStatus"] == ["2", "32772"]
    assert not machine.snapshots
    assert host.machine(RUNNING)["StatusDescriptions"][1] == "Merging disks"
    assert disks(host, machine.guid) == [leaf]
    assert take(host, RUNNING)["ReturnValue"] == "32775"
    assert [job["JobType"] for job in host.jobs()][-1] == "50"
    host.clock.advance(10)
    assert host.job(output)["JobState"] == "7"
    assert disks(host, machine.guid) == [base]
    assert host.model.images.find(leaf) is None
    assert host.machine(RUNNING)["OperationalStatus"] == "2"
    assert settings_of(host, machine.guid)["Parent"] is None


def test_children_of_a_deleted_checkpoint_stand_upon_its_parent(host: Client) -> None:
    one, two, three = (taken(host, OFF) for _ in range(3))
    files = [disks(host, snapshot.guid)[0] for snapshot in (one, two, three)]
    settled(host, destroy(host, two))
    assert three.parent == one.guid
    assert one.guid in settings_of(host, three.guid)["Parent"]
    assert related(host, OFF, "Msvm_SnapshotOfVirtualSystem") == [one.guid, three.guid]
    assert disks(host, three.guid) == [files[1]]
    assert host.model.images.find(files[2]) is None
    settled(host, destroy(host, three))
    assert host.model.machine(OFF).current_parent == one.guid
    settled(host, destroy(host, one))
    assert disks(host, host.model.machine(OFF).guid) == [files[0]]
    image = host.model.images.find(files[0])
    assert image is not None
    assert host.model.images.children(files[0]) == []


def test_deleted_branch_takes_its_own_files_with_it(host: Client) -> None:
    machine = host.model.machine(OFF)
    base = disks(host, machine.guid)
    root, left = taken(host, OFF), taken(host, OFF)
    settled(host, apply(host, root))
    (side,) = disks(host, left.guid)
    settled(host, destroy(host, root))
    assert left.parent is None
    assert len(host.model.images.children(base[0])) == 2
    settled(host, destroy(host, left))
    assert host.model.images.find(side) is None
    assert disks(host, machine.guid) == base


def test_tree_is_deleted_from_a_checkpoint_on(host: Client) -> None:
    machine = host.model.machine(OFF)
    base = disks(host, machine.guid)
    one, two, _three = (taken(host, OFF) for _ in range(3))
    settled(host, destroy_tree(host, two))
    assert related(host, OFF, "Msvm_SnapshotOfVirtualSystem") == [one.guid]
    assert machine.current_parent == one.guid
    settled(host, destroy_tree(host, one))
    assert not related(host, OFF, "Msvm_SnapshotOfVirtualSystem")
    assert settings_of(host, machine.guid)["Parent"] is None
    assert disks(host, machine.guid) == base


def test_merge_that_fails_leaves_the_disks_as_they_were(host: Client) -> None:
    machine = host.model.machine(OFF)
    snapshot = taken(host, OFF)
    (leaf,) = disks(host, machine.guid)
    host.model.fail_next_job(job="merge_disks")
    settled(host, destroy(host, snapshot))
    assert disks(host, machine.guid) == [leaf]
    assert host.machine(OFF)["OperationalStatus"] == "2"
    again = taken(host, OFF)
    settled(host, destroy(host, again))
    assert host.model.images.find(disks(host, machine.guid)[0])


def test_disk_that_another_machine_stands_upon_is_not_merged(host: Client) -> None:
    machine = host.model.machine(OFF)
    (base,) = disks(host, machine.guid)
    snapshot = taken(host, OFF)
    (leaf,) = disks(host, machine.guid)
    other = host.model.machine("vm0008").configuration.drives[0]
    host.model.images.add(Image(r"C:\VMs\clone.vhdx", 4096, parent=base))
    other.path = r"C:\VMs\clone.vhdx"
    settled(host, destroy(host, snapshot))
    assert disks(host, machine.guid) == [leaf]
    assert host.model.images.find(base)


def test_machine_that_goes_takes_its_checkpoints_with_it(host: Client) -> None:
    name = "vm0008"
    host.change(name, 3)
    host.clock.advance(11)
    machine = host.model.machine(name)
    leaf = disks(host, machine.guid)[0]
    assert leaf.endswith(".avhdx")
    content = f"<p:AffectedSystem>{system(host, name)}</p:AffectedSystem>"
    assert host.job(host.service("DestroySystem", content))["JobState"] == "7"
    assert host.model.images.find(leaf) is None
    assert host.model.images.find(r"C:\VMs\vm0008\vm0008.vhdx")


def test_checkpoint_is_renamed(host: Client) -> None:
    snapshot = taken(host, OFF)
    text = embedded(VSSD, InstanceID=f"Microsoft:{snapshot.guid}", ElementName="before")
    content = f"<p:SystemSettings>{text}</p:SystemSettings>"
    assert host.job(host.service("ModifySystemSettings", content))["JobState"] == "7"
    assert settings_of(host, snapshot.guid)["ElementName"] == "before"
    assert host.machine(OFF)


# The files alone


def test_names_of_new_files_replace_the_old_guid() -> None:
    host = client(job_seconds=0)
    machine: Machine = host.model.machine(OFF)
    folder = r"C:\VMs\my_vm"
    old = rf"{folder}\a_b_0F9D1C6E-7B14-4C8B-9B4B-3F2D8C6A1E00.avhd"
    images: ImageFiles = host.model.images
    images.add(Image(old, 1, 4096))
    machine.configuration.drives = [Drive(r"x\0", 0, old)]
    branches.branch(images, machine.configuration, "1F9D1C6E")
    new = machine.configuration.drives[0].path
    assert new == rf"{folder}\a_b_1F9D1C6E.avhd"
    assert branches.missing_disk(images, machine.configuration) is None
    assert branches.files_of(images, machine) == [new, old]
    assert [path for _, path in branches.disk_drives(machine.configuration)] == [new]
    branches.drop_present(images, machine)
    assert branches.missing_disk(images, machine.configuration) == new
    assert branches.is_automatic(Image(old, 1))
    assert machine.power == Power.OFF
    branches.tidy(images, host.model.machines.values(), [old])
    assert images.find(old) is None
