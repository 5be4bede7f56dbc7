# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a machine by hypervisor.connect.vm, on libvirt's test driver.

Each change comes in four: the change, no change on the second run, check mode, failure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    MachineNotFound,
    OperationFailed,
    OperationTimeout,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.plan import (
    Plan,
    PlanRefused,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    VirtualMachine,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.hypervisor import (
    LibvirtHypervisor,
)
from ansible_collections.hypervisor.connect.plugins.modules.vm import TASK, run
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._libvirt.lab import (
    EVERY_STATE,
    STOPPED,
    add_snapshot,
    disk,
    domain,
    libvirt,
    machine,
    open_lab,
    pool,
    uuid,
    validated,
    write_lab,
)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[LibvirtHypervisor]:
    """A host with a machine in every state."""
    hypervisor = open_lab(tmp_path, *EVERY_STATE)
    yield hypervisor
    hypervisor.close()


def do(
    lab: LibvirtHypervisor, *, check_mode: bool = False, **options: Any
) -> dict[str, Any]:
    result = run(lab, validated(TASK, **options), check_mode)
    assert json.loads(json.dumps(result)) == result
    return result


def facts(lab: LibvirtHypervisor) -> list[Any]:
    """All that a list tells of all machines."""
    return [vm.as_result() for vm in lab.list_vms(detail="full")]


CHANGES = [
    ({"name": "stopped", "state": "running"}, ["start"], "stopped"),
    ({"name": "paused", "state": "running"}, ["resume"], "paused"),
    ({"name": "saved", "state": "running"}, ["start"], "saved"),
    ({"name": "running", "state": "stopped"}, ["shut_down"], "running"),
    ({"name": "paused", "state": "stopped"}, ["resume", "shut_down"], "paused"),
    (
        {"name": "saved", "state": "stopped", "force": True},
        ["discard_saved_state"],
        "saved",
    ),
    ({"name": "running", "state": "paused"}, ["pause"], "running"),
    ({"name": "stopped", "state": "paused"}, ["start_paused"], "stopped"),
    ({"name": "running", "state": "saved"}, ["save"], "running"),
    ({"name": "paused", "state": "saved"}, ["save"], "paused"),
    (
        {"name": "crashed", "state": "running", "force": True},
        ["power_off", "start"],
        "crashed",
    ),
    ({"uuid": uuid(5).upper(), "state": "running"}, ["start"], "stopped"),
]


@pytest.mark.parametrize(("options", "actions", "before"), CHANGES)
def test_state_is_changed_once_and_only_foretold_in_check_mode(
    lab: LibvirtHypervisor, options: dict[str, Any], actions: list[str], before: str
) -> None:
    untouched = facts(lab)
    would = do(lab, check_mode=True, **options)
    assert facts(lab) == untouched
    assert would["vm"]["state"] == before

    done = do(lab, **options)
    assert (done["changed"], done["actions"]) == (True, actions)
    assert done["diff"] == {
        "before": {"state": before},
        "after": {"state": options["state"]},
    }
    assert done["vm"]["state"] == options["state"]
    for key in ("changed", "actions", "diff"):
        assert would[key] == done[key]

    again = do(lab, **options)
    assert (again["changed"], again["actions"]) == (False, [])
    assert again["diff"] == {"before": {}, "after": {}}
    assert again["vm"] == done["vm"]
    assert do(lab, check_mode=True, **options)["changed"] is False


@pytest.mark.parametrize(
    ("options", "words"),
    [({"name": ""}, "name is empty"), ({"uuid": ""}, "which is no UUID")],
)
def test_machine_without_a_name_is_not_called_absent(
    lab: LibvirtHypervisor, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(HypervisorConnectError, match=words):
        do(lab, state="absent", **options)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"name": "nobody"}, MachineNotFound, "there is no machine named nobody"),
        ({"name": "nobody", "state": "running"}, MachineNotFound, "named nobody"),
        ({"uuid": uuid(99), "state": "stopped"}, MachineNotFound, uuid(99)),
        ({"name": "saved", "state": "stopped"}, PlanRefused, "force: true"),
        ({"name": "crashed", "state": "running"}, PlanRefused, "has crashed"),
        ({"name": "stopped", "state": "saved"}, PlanRefused, "no state to save"),
        ({"name": "stopped", "state": "reset"}, PlanRefused, "can't become reset"),
        ({"name": "running", "state": "absent"}, PlanRefused, "is not removed"),
        ({"name": "saved", "state": "absent"}, PlanRefused, "force: true"),
        ({"name": "transient", "state": "saved"}, PlanRefused, "is transient"),
        ({"name": "transient", "autostart": True}, PlanRefused, "is transient"),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_refusal_comes_before_anything_was_done(
    lab: LibvirtHypervisor,
    options: dict[str, Any],
    error: type[Exception],
    words: str,
    check_mode: bool,
) -> None:
    untouched = facts(lab)
    with pytest.raises(error, match=words):
        do(lab, check_mode=check_mode, **options)
    assert facts(lab) == untouched


@pytest.mark.parametrize("vm", ["running", "stopped", "saved"])
def test_present_looks_and_leaves(lab: LibvirtHypervisor, vm: str) -> None:
    untouched = facts(lab)
    result = do(lab, name=vm)
    assert (result["changed"], result["vm"]["name"]) == (False, vm)
    assert "kept" not in result
    assert facts(lab) == untouched


def test_name_is_looked_for_before_the_uuid_and_uuid_is_nothing_else(
    tmp_path: Path,
) -> None:
    """A machine whose name is the UUID of another one."""
    with open_lab(tmp_path, machine("plain", 1), machine(uuid(1), 2)) as lab:
        assert isinstance(lab, LibvirtHypervisor)
        assert do(lab, name=uuid(1))["vm"]["uuid"] == uuid(2)
        assert do(lab, uuid=uuid(1), state="paused")["vm"]["name"] == "plain"
        assert do(lab, name=uuid(2))["vm"]["name"] == uuid(1)


@pytest.mark.parametrize("text", ["running", "", "0abcdef0", "g" * 32])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_uuid_that_is_none_is_refused_in_words(
    lab: LibvirtHypervisor, text: str, state: str
) -> None:
    with pytest.raises(HypervisorConnectError, match=f"uuid is '{text}', which is no"):
        do(lab, uuid=text, state=state, force=True)


# -- autostart -------------------------------------------------------------------------


def test_autostart_alone_is_changed_once(lab: LibvirtHypervisor) -> None:
    assert do(lab, name="stopped", autostart=True, check_mode=True)["changed"]
    assert not domain(lab, "stopped").autostart()
    done = do(lab, name="stopped", autostart=True)
    assert done["actions"] == ["set_autostart"]
    assert done["diff"] == {
        "before": {"autostart": False},
        "after": {"autostart": True},
    }
    assert (done["vm"]["autostart"], done["vm"]["state"]) == (True, "stopped")
    assert not do(lab, name="stopped", autostart=True)["changed"]
    assert not do(lab, name="stopped")["changed"]
    assert do(lab, name="stopped", autostart=False)["changed"]


def test_autostart_and_state_in_one_task(lab: LibvirtHypervisor) -> None:
    done = do(lab, name="stopped", state="running", autostart=True)
    assert done["actions"] == ["set_autostart", "start"]
    assert not do(lab, name="stopped", state="running", autostart=True)["changed"]


# -- one-time actions ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "state", "actions"),
    [
        ("running", "restarted", ["shut_down", "start"]),
        ("stopped", "restarted", ["start"]),
        ("transient", "restarted", ["reboot"]),
        ("running", "reset", ["reset"]),
    ],
)
def test_one_time_action_is_done_on_each_run(
    lab: LibvirtHypervisor, name: str, state: str, actions: list[str]
) -> None:
    would = do(lab, name=name, state=state, check_mode=True)
    assert (would["changed"], would["actions"]) == (True, actions)
    done = do(lab, name=name, state=state)
    assert (done["changed"], done["actions"]) == (True, actions)
    assert done["vm"]["state"] == "running"
    assert do(lab, name=name, state=state)["changed"]


# -- a guest that does not listen ------------------------------------------------------------

DEAF = machine("deaf", 1, more="<on_poweroff>restart</on_poweroff>")


def test_deaf_guest_fails_after_its_time_and_stays_on(tmp_path: Path) -> None:
    with open_lab(tmp_path, DEAF) as lab:
        assert isinstance(lab, LibvirtHypervisor)
        with pytest.raises(OperationTimeout, match="still on after 1 seconds"):
            do(lab, name="deaf", state="stopped", timeout=1)
        assert lab.find_vm("deaf").state == "running"


def test_paused_guest_that_is_deaf_is_paused_again(tmp_path: Path) -> None:
    with open_lab(tmp_path, DEAF) as lab:
        assert isinstance(lab, LibvirtHypervisor)
        do(lab, name="deaf", state="paused")
        with pytest.raises(OperationTimeout, match="and is paused again"):
            do(lab, name="deaf", state="stopped", timeout=1)
        assert lab.find_vm("deaf").state == "paused"


def test_deaf_guest_is_switched_off_with_force(tmp_path: Path) -> None:
    with open_lab(tmp_path, DEAF) as lab:
        assert isinstance(lab, LibvirtHypervisor)
        done = do(lab, name="deaf", state="stopped", timeout=1, force=True)
        assert (done["changed"], done["vm"]["state"]) == (True, "stopped")
        assert done["actions"] == ["shut_down", "power_off"]
        again = do(lab, name="deaf", state="stopped", timeout=1, force=True)
        assert not again["changed"]


# -- others with the same wish ------------------------------------------------------------------


class Late(LibvirtHypervisor):
    """Somebody else acts just before a plan is carried out, once."""

    others: Callable[[VirtualMachine], None] | None = None

    def apply(self, vm: VirtualMachine, plan: Plan, **options: Any) -> None:
        others, self.others = self.others, None
        if others is not None:
            others(vm)
        super().apply(vm, plan, **options)


@pytest.mark.parametrize(
    ("name", "wish", "others"),
    [
        ("stopped", "running", ["create"]),
        ("running", "paused", ["suspend"]),
        ("running", "saved", ["managedSave"]),
        ("paused", "running", ["resume"]),
        ("saved", "running", ["create"]),
        ("stopped", "absent", ["undefine"]),
        ("running", "absent", ["destroy", "undefine"]),
    ],
)
def test_wish_that_somebody_else_fulfils_meanwhile_is_fulfilled(
    tmp_path: Path, name: str, wish: str, others: list[str]
) -> None:
    with Late(libvirt.open(write_lab(tmp_path, *EVERY_STATE))) as lab:
        assert isinstance(lab, Late)

        def change(vm: VirtualMachine) -> None:
            for call in others:
                getattr(domain(lab, vm.name), call)()

        lab.others = change
        done = do(lab, name=name, state=wish, force=True)
    # A power-off of what went off meanwhile can't be told from one of our own.
    assert done["actions"] == (["power_off"] if "destroy" in others else [])
    assert done["changed"] == bool(done["actions"])
    assert done["changed"] or done["diff"] == {"before": {}, "after": {}}
    assert (done["vm"] or {"state": "absent"})["state"] == wish


def test_what_was_done_before_the_others_came_is_a_change(tmp_path: Path) -> None:
    with Late(libvirt.open(write_lab(tmp_path, *EVERY_STATE))) as lab:
        assert isinstance(lab, Late)
        lab.others = lambda vm: domain(lab, vm.name).create()
        done = do(lab, name="stopped", state="running", autostart=True)
    assert (done["changed"], done["actions"]) == (True, ["set_autostart"])
    assert done["vm"]["autostart"]


def test_other_change_meanwhile_is_a_failure(tmp_path: Path) -> None:
    with Late(libvirt.open(write_lab(tmp_path, *EVERY_STATE))) as lab:
        assert isinstance(lab, Late)
        lab.others = lambda vm: domain(lab, vm.name).undefine()
        with pytest.raises(MachineNotFound, match="can't start machine stopped"):
            do(lab, name="stopped", state="running")
        lab.others = lambda vm: domain(lab, vm.name).destroy()
        with pytest.raises(OperationFailed, match="can't pause machine running"):
            do(lab, name="running", state="paused")
        lab.others = lambda vm: domain(lab, vm.name).destroy()
        with pytest.raises(OperationFailed, match="can't resume machine paused"):
            do(lab, name="paused", state="running")


def test_disks_go_though_somebody_else_removed_the_machine(tmp_path: Path) -> None:
    parts = (
        pool("images", ["a.img", "b.img"]),
        machine("web1", 1, STOPPED, devices=disk("/images/a.img")),
    )
    with Late(libvirt.open(write_lab(tmp_path, *parts))) as lab:
        assert isinstance(lab, Late)
        lab.others = lambda vm: domain(lab, vm.name).undefine()
        done = do(lab, name="web1", state="absent", remove_disks=True)
        assert done["actions"] == ["remove_disk /images/a.img"]
        assert volumes(lab) == ["b.img"]


# -- absent ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "actions"),
    [
        ({"name": "stopped"}, ["remove"]),
        ({"name": "saved", "force": True}, ["remove"]),
        ({"name": "running", "force": True}, ["power_off", "remove"]),
        ({"name": "paused", "force": True}, ["power_off", "remove"]),
        ({"name": "crashed", "force": True}, ["power_off", "remove"]),
        ({"name": "transient", "force": True}, ["power_off"]),
        ({"uuid": uuid(5)}, ["remove"]),
    ],
)
def test_machine_goes_once_and_only_in_earnest(
    lab: LibvirtHypervisor, options: dict[str, Any], actions: list[str]
) -> None:
    untouched = facts(lab)
    would = do(lab, state="absent", check_mode=True, **options)
    assert facts(lab) == untouched
    assert would["vm"] is not None

    done = do(lab, state="absent", **options)
    assert (done["changed"], done["actions"], done["vm"]) == (True, actions, None)
    assert done["diff"]["after"] == {"state": "absent"}
    assert would["diff"] == done["diff"]
    assert len(facts(lab)) == len(untouched) - 1

    again = do(lab, state="absent", **options)
    assert (again["changed"], again["actions"], again["vm"]) == (False, [], None)
    assert again["diff"] == {"before": {}, "after": {}}


def test_removal_takes_saved_memory_and_snapshots_and_says_so(
    lab: LibvirtHypervisor,
) -> None:
    add_snapshot(lab, "running", "clean")
    do(lab, name="running", state="saved")
    done = do(lab, name="running", state="absent", force=True)
    assert done["diff"]["before"] == {
        "state": "saved",
        "uuid": uuid(1),
        "autostart": False,
        "managed_save": True,
        "snapshots": ["clean"],
    }
    assert done["vm"] is None


# -- absent, with disks -------------------------------------------------------------------------


@pytest.fixture
def images(tmp_path: Path) -> Iterator[LibvirtHypervisor]:
    """A host with a pool, and machines that share some of its images."""
    web1 = (
        disk("/images/own.img")
        + disk("/images/shared.img", target="vdb")
        + disk("/images/setup.iso", target="sda", device="cdrom")
        + disk("/elsewhere/unknown.img", target="vdc")
        + "<disk type='file' device='cdrom'><target dev='sdb'/></disk>"
    )
    hypervisor = open_lab(
        tmp_path,
        pool("images", ["own.img", "shared.img", "setup.iso", "other.img"]),
        machine("web1", 1, STOPPED, devices=web1),
        machine("web2", 2, STOPPED, devices=disk("/images//shared.img")),
    )
    yield hypervisor
    hypervisor.close()


def volumes(lab: LibvirtHypervisor) -> list[str]:
    found = lab._connection.storagePoolLookupByName("images").listVolumes()
    return sorted(found)


def test_own_disks_go_with_the_machine_and_others_stay_with_reasons(
    images: LibvirtHypervisor,
) -> None:
    options: dict[str, Any] = {
        "name": "web1",
        "state": "absent",
        "remove_disks": True,
    }
    kept = [
        "/images/setup.iso stays: it is a cdrom image",
        "/images/shared.img stays: machine web2 uses it",
        "/elsewhere/unknown.img stays: no active storage pool of the host knows it",
    ]
    would = do(images, check_mode=True, **options)
    assert would["kept"] == kept
    assert volumes(images) == ["other.img", "own.img", "setup.iso", "shared.img"]

    done = do(images, **options)
    assert done["actions"] == ["remove", "remove_disk /images/own.img"]
    assert would["actions"] == done["actions"]
    assert done["kept"] == kept
    assert done["diff"]["before"]["disks"] == ["/images/own.img"]
    assert volumes(images) == ["other.img", "setup.iso", "shared.img"]

    again = do(images, **options)
    assert (again["changed"], again["kept"]) == (False, [])


def test_disks_stay_unless_they_were_to_go(images: LibvirtHypervisor) -> None:
    done = do(images, name="web1", state="absent")
    assert (done["actions"], done["kept"]) == (["remove"], [])
    assert volumes(images) == ["other.img", "own.img", "setup.iso", "shared.img"]


def test_last_user_of_a_shared_image_takes_it(images: LibvirtHypervisor) -> None:
    for name in ("web1", "web2"):
        do(images, name=name, state="absent", remove_disks=True)
    assert volumes(images) == ["other.img", "setup.iso"]


def test_disks_of_others_that_no_pool_knows_keep_them_all(
    images: LibvirtHypervisor,
) -> None:
    unseen = machine("web3", 3, STOPPED, devices=disk("/elsewhere/top.qcow2"))
    images._connection.defineXML(unseen)
    done = do(images, name="web1", state="absent", remove_disks=True)
    assert done["actions"] == ["remove"]
    assert done["kept"][0] == (
        "/images/own.img stays: machine web3 uses /elsewhere/top.qcow2, and no active "
        "storage pool tells which images that builds on"
    )


def test_link_to_an_image_is_followed_on_this_host(tmp_path: Path) -> None:
    folder, link = tmp_path / "images", tmp_path / "link"
    folder.mkdir()
    link.symlink_to(folder)
    own = pool("images", ["a.img"]).replace("/images", str(folder))
    parts = (
        own,
        machine("web1", 1, STOPPED, devices=disk(f"{folder}/a.img")),
        machine("web2", 2, STOPPED, devices=disk(f"{link}/a.img")),
    )
    with open_lab(tmp_path, *parts) as lab:
        assert isinstance(lab, LibvirtHypervisor)
        done = do(lab, name="web1", state="absent", remove_disks=True)
    assert done["kept"] == [f"{folder}/a.img stays: machine web2 uses it"]


def test_image_that_another_names_by_its_pool_stays(tmp_path: Path) -> None:
    by_volume = (
        "<disk type='volume' device='disk'><source pool='images' volume='a.img'/>"
        "<target dev='vda'/></disk>"
    )
    parts = (
        pool("images", ["a.img"]),
        machine("path", 1, STOPPED, devices=disk("/images/a.img")),
        machine("volume", 2, STOPPED, devices=by_volume),
    )
    with open_lab(tmp_path, *parts) as lab:
        assert isinstance(lab, LibvirtHypervisor)
        do(lab, name="path", state="absent", remove_disks=True)
        assert volumes(lab) == ["a.img"]


def test_image_under_one_of_a_stopped_machine_stays(tmp_path: Path) -> None:
    overlay = (
        "<pool type='dir'><name>images</name><target><path>/images</path></target>"
        "<volume><name>base.img</name><capacity>1000</capacity>"
        "<target><path>/images/base.img</path></target></volume>"
        "<volume><name>top.img</name><capacity>1000</capacity>"
        "<target><path>/images/top.img</path></target>"
        "<backingStore><path>/images/base.img</path></backingStore></volume></pool>"
    )
    parts = (
        overlay,
        machine("base", 1, STOPPED, devices=disk("/images/base.img")),
        machine("clone", 2, STOPPED, devices=disk("/images/top.img")),
    )
    with open_lab(tmp_path, *parts) as lab:
        assert isinstance(lab, LibvirtHypervisor)
        volume = lab._connection.storageVolLookupByPath("/images/top.img")
        if "/images/base.img" not in volume.XMLDesc():
            pytest.skip("this test driver does not keep the backing of a volume")
        do(lab, name="base", state="absent", remove_disks=True)
        assert volumes(lab) == ["base.img", "top.img"]
