# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checkpoints on hvsim, by the modules snapshot and vm, over real messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.snapshots import (
    apply_snapshot,
    check_wish,
    remove_all,
    rows_of,
    system_path,
    wait_idle,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.description import (
    SnapshotWish,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    AmbiguousName,
    ConnectionLost,
    OperationFailed,
    OperationTimeout,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.plan import (
    PlanRefused,
)
from ansible_collections.hypervisor.connect.plugins.modules import snapshot, vm
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv.lab import (
    HeldClock,
    Lab,
    calls,
    lab,
    validated,
)

from hvsim.rules import Rule  # isort: skip

RUNNING, OFF, SAVED, OLD, TWO = "vm0001", "vm0002", "vm0004", "vm0008", "vm0010"


@pytest.fixture
def ten() -> Iterator[Lab]:
    """A host with ten machines, whose jobs end at once."""
    with lab(vms=10) as opened:
        yield opened


def snap(
    opened: Lab, name: str, checkpoint: str, check_mode: bool = False, **options: Any
) -> dict[str, Any]:
    options = validated(snapshot.TASK, name=name, snapshot=checkpoint, **options)
    return snapshot.run(opened.hypervisor, options, check_mode)


def change(opened: Lab, name: str, **options: Any) -> dict[str, Any]:
    return vm.run(opened.hypervisor, validated(vm.TASK, name=name, **options), False)


def names(opened: Lab, name: str) -> list[str]:
    return [one.name for one in opened.host.model.machine(name).snapshots]


def paths(opened: Lab, name: str) -> list[str | None]:
    drives = opened.host.model.machine(name).configuration.drives
    return [drive.path for drive in drives]


@pytest.mark.parametrize("name", [RUNNING, OFF])
def test_checkpoint_is_taken_once_and_named(ten: Lab, name: str) -> None:
    change(ten, name, description="a note")
    assert snap(ten, name, "before", True)["changed"]
    assert names(ten, name) == []
    result = snap(ten, name, "before")
    assert result["changed"]
    (found,) = result["snapshots"]
    notes = ten.hypervisor.find_vm(name).description
    # A note of its own would become the machine's when the checkpoint is applied.
    assert (found["name"], found["description"]) == ("before", notes)
    assert found["current"] is True
    assert names(ten, name) == ["before"]
    assert not snap(ten, name, "before")["changed"]
    assert calls(ten.host, "CreateSnapshot") == 1


def test_described_disk_is_still_known_with_checkpoints(ten: Lab) -> None:
    path = paths(ten, OFF)[0]
    assert path is not None
    for checkpoint in ("one", "two"):
        snap(ten, OFF, checkpoint)
        assert str(paths(ten, OFF)[0]).endswith(".avhdx")
        assert not change(ten, OFF, disks=[{"path": path}])["changed"]
    found = ten.hypervisor.find_vm(OFF, detail="full")
    assert (found.disks or ())[0].backing[-1] == path
    with pytest.raises(PlanRefused, match="builds on it"):
        change(ten, OFF, disks=[{"path": path, "size": "900GiB"}])


def test_disk_whose_checkpoint_is_gone_is_known_by_its_files(ten: Lab) -> None:
    path = paths(ten, OFF)[0]
    snap(ten, OFF, "one")
    machine = ten.host.model.machine(OFF)
    machine.snapshots.clear()
    machine.current_parent = None
    found = ten.hypervisor.find_vm(OFF, detail="full")
    assert (found.disks or ())[0].backing == (path,)
    assert not change(ten, OFF, disks=[{"path": path}])["changed"]


def test_checkpoint_is_applied_to_a_machine_that_runs(ten: Lab) -> None:
    change(ten, RUNNING, checkpoint_type="standard", description="old")
    snap(ten, RUNNING, "with memory", memory=True)
    change(ten, RUNNING, description="new")
    result = snap(ten, RUNNING, "with memory", state="reverted")
    assert result["changed"]
    assert ten.power(RUNNING) == "running"
    assert ten.hypervisor.find_vm(RUNNING).description == "old"


def test_checkpoint_without_memory_leaves_the_machine_off(ten: Lab) -> None:
    snap(ten, OFF, "off")
    change(ten, OFF, state="running")
    assert snap(ten, OFF, "off", True, state="reverted")["changed"]
    assert ten.power(OFF) == "running"
    assert snap(ten, OFF, "off", state="reverted")["vm"]["state"] == "stopped"
    assert ten.power(OFF) == "off"


def test_checkpoint_is_removed_and_its_disks_are_merged(ten: Lab) -> None:
    path = paths(ten, OFF)[0]
    for checkpoint in ("one", "two", "three"):
        snap(ten, OFF, checkpoint)
    assert snap(ten, OFF, "two", True, state="absent")["changed"]
    assert snap(ten, OFF, "two", state="absent")["changed"]
    assert names(ten, OFF) == ["one", "three"]
    assert not snap(ten, OFF, "two", state="absent")["changed"]
    assert snap(ten, OFF, "one", state="absent", children=True)["changed"]
    assert names(ten, OFF) == []
    assert paths(ten, OFF)[0] == path
    assert calls(ten.host, "DestroySnapshot") == 1
    assert calls(ten.host, "DestroySnapshotTree") == 1


def test_merge_is_waited_for() -> None:
    with lab(vms=10, job_seconds=0.3) as opened:
        path = paths(opened, OFF)[0]
        snap(opened, OFF, "one")
        snap(opened, OFF, "one", state="absent")
        assert paths(opened, OFF)[0] == path


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("disabled", {}, "are disabled"),
        ("production", {"memory": True}, "keeps no memory"),
        ("standard", {"memory": True, "quiesce": True}, "keeps no memory"),
        ("standard", {"memory": False}, "keeps its memory"),
        ("standard", {"external": False}, "no internal snapshots on Hyper-V"),
        ("standard", {"description": "a note"}, "it keeps the machine's"),
    ],
)
def test_checkpoint_that_the_machine_does_not_take_is_refused(
    ten: Lab, kind: str, options: dict[str, Any], words: str
) -> None:
    change(ten, RUNNING, checkpoint_type=kind)
    with pytest.raises(PlanRefused, match=words) as caught:
        snap(ten, RUNNING, "one", **options)
    assert caught.value.remedy
    assert calls(ten.host, "CreateSnapshot") == 0


def test_quiesced_checkpoint_keeps_no_memory(ten: Lab) -> None:
    change(ten, RUNNING, checkpoint_type="standard")
    snap(ten, RUNNING, "one", quiesce=True, memory=False)
    (found,) = ten.host.model.machine(RUNNING).snapshots
    assert not found.has_memory


def test_checkpoint_that_is_not_there_is_told(ten: Lab) -> None:
    found = ten.hypervisor.find_vm(OFF, detail="full")
    for act in (ten.hypervisor.revert_to_snapshot, ten.hypervisor.remove_snapshot):
        with pytest.raises(OperationFailed, match="has no checkpoint nothing"):
            act(found, "nothing")


def test_checkpoints_of_one_name_are_ambiguous(ten: Lab) -> None:
    for one in ten.host.model.machine(TWO).snapshots:
        one.name = "same"
    found = ten.hypervisor.find_vm(TWO, detail="full")
    with pytest.raises(AmbiguousName, match="2 checkpoints named same"):
        ten.hypervisor.remove_snapshot(found, "same")
    assert len(names(ten, TWO)) == 2


def test_machine_goes_with_its_checkpoints(ten: Lab) -> None:
    change(ten, TWO, state="stopped", force=True)
    found = ten.hypervisor.find_vm(TWO)
    base = [image.path for image in ten.host.model.images.all()]
    base = [path for path in base if path.endswith(f"{TWO}.vhdx")]
    change(ten, TWO, state="absent")
    assert system_path(found.uuid).key("Name") == found.uuid.upper()
    left = [image.path for image in ten.host.model.images.all()]
    assert [path for path in left if TWO in path] == base


def test_failed_job_is_told_in_its_own_words() -> None:
    with lab(vms=10, job_seconds=0.05) as opened:
        machine = opened.host.model.machine(OFF)
        path = machine.configuration.drives[0].path
        assert path is not None
        opened.host.model.images.remove(path)
        with pytest.raises(HypervisorConnectError) as caught:
            snap(opened, OFF, "one")
        assert "cannot find the file" in caught.value.what
        assert names(opened, OFF) == []


def test_job_that_never_ends_is_given_up() -> None:
    with lab(vms=10, job_seconds=10**6) as opened:
        opened.hypervisor.clock = HeldClock()
        with pytest.raises(OperationTimeout, match="still busy after 600 seconds"):
            snap(opened, OFF, "one")


@pytest.mark.parametrize("after", [True, False], ids=["done", "not-done"])
def test_connection_that_broke_loses_no_checkpoint(ten: Lab, after: bool) -> None:
    snap(ten, OFF, "one")
    ten.host.rules.add(Rule("drop", action="*/CreateSnapshot", after=after))
    with pytest.raises(ConnectionLost):
        snap(ten, OFF, "two")
    assert len(names(ten, OFF)) == 1 + after
    snap(ten, OFF, "two")
    assert names(ten, OFF)[-1] == "two"
    ten.host.rules.add(Rule("drop", action="*/DestroySnapshot", after=after))
    with pytest.raises(ConnectionLost):
        snap(ten, OFF, "one", state="absent")
    snap(ten, OFF, "one", state="absent")
    assert "one" not in names(ten, OFF)
    assert "two" in names(ten, OFF)


def test_checkpoints_of_one_machine_are_read_and_all_removed(ten: Lab) -> None:
    change(ten, TWO, state="stopped", force=True)
    found = ten.hypervisor.find_vm(TWO, detail="full")
    rows = rows_of(ten.hypervisor, found)
    assert sorted(str(row["ElementName"]) for row in rows) == names(ten, TWO)
    check_wish(SnapshotWish("one"), found)
    apply_snapshot(ten.hypervisor, found, names(ten, TWO)[0])
    ten.host.requests.clear()
    remove_all(ten.hypervisor, found)
    assert names(ten, TWO) == []
    assert calls(ten.host, "DestroySnapshotTree") == 1
    ten.host.requests.clear()
    remove_all(ten.hypervisor, found)
    assert ten.host.requests.counts() == {"Enumerate": 1}


def test_merge_that_never_ends_is_given_up(ten: Lab) -> None:
    snap(ten, OFF, "one")
    found = ten.hypervisor.find_vm(OFF, detail="full")
    ten.hypervisor.clock = HeldClock()
    with pytest.raises(OperationTimeout, match="still being merged after 600 sec"):
        wait_idle(ten.hypervisor, found, merged=True)
    wait_idle(ten.hypervisor, found)
