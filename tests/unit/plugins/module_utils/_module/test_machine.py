# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The phases through which machines go, one and several, on libvirt's test driver."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    MachineNotFound,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.plan import (
    PlanRefused,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    FULL,
    SUMMARY,
    Screenshot,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.hypervisor import (
    LibvirtHypervisor,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.machine import (
    Work,
    detail_of,
    find,
    look_at_images,
    machine_of,
    settle,
    wish_of,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.machines import (
    settle_all,
)
from ansible_collections.hypervisor.connect.plugins.modules import vm, vms
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._libvirt.lab import (
    EVERY_STATE,
    open_lab,
    pool,
    uuid,
    validated,
)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[LibvirtHypervisor]:
    """A host with a machine in every state, and a pool with an image."""
    hypervisor = open_lab(tmp_path, *EVERY_STATE, pool("images", ["a.img"]))
    yield hypervisor
    hypervisor.close()


def work(lab: LibvirtHypervisor, **options: Any) -> Work:
    """One machine on its way, as it was read."""
    wish = wish_of(validated(vm.TASK, **options))
    return Work(wish, find(lab, wish))


def go(
    lab: LibvirtHypervisor, *works: Work, check_mode: bool = False, timeout: float = 5
) -> None:
    def read(some: Iterable[Work]) -> None:
        for one in some:
            one.current = lab.find_uuid(str(one.uuid), detail=one.detail)

    def each(some: Iterable[Work], phase: Callable[[Work], None], word: str) -> None:
        assert word
        for one in some:
            phase(one)

    look_at_images(lab, works)
    settle(
        lab,
        list(works),
        read=read,
        each=each,
        timeout=timeout,
        check_mode=check_mode,
    )


@pytest.mark.parametrize(
    ("options", "detail"),
    [
        ({"name": "a"}, SUMMARY),
        ({"name": "a", "state": "running", "autostart": True}, SUMMARY),
        ({"uuid": uuid(1)}, SUMMARY),
        ({"name": "a", "vcpus": 2}, FULL),
        ({"name": "a", "disks": [{"device": "cdrom"}]}, FULL),
        ({"name": "a", "uuid": uuid(1)}, FULL),
        ({"name": "a", "state": "absent"}, FULL),
    ],
)
def test_machine_is_read_in_full_where_a_plan_needs_that(
    options: dict[str, Any], detail: str
) -> None:
    assert detail_of(wish_of(validated(vm.TASK, **options))) == detail


def test_wish_holds_state_and_autostart_apart_from_the_description() -> None:
    wish = wish_of(
        validated(
            vm.TASK,
            name="a",
            state="running",
            autostart=True,
            force=True,
            apply="restart",
        )
    )
    assert wish.description.is_empty
    assert (wish.desired.state, wish.desired.autostart) == ("running", True)
    assert (wish.desired.force, wish.apply) == (True, "restart")


def test_empty_name_is_refused() -> None:
    with pytest.raises(HypervisorConnectError, match="name is empty"):
        wish_of(validated(vm.TASK, name=""))


def test_machine_that_is_not_there_can_be_made_only_if_it_is_described(
    lab: LibvirtHypervisor,
) -> None:
    assert work(lab, name="new", vcpus=1).current is None
    assert work(lab, name="new", state="absent").is_removal
    for options in ({"name": "new"}, {"uuid": uuid(99), "vcpus": 1}):
        with pytest.raises(MachineNotFound):
            work(lab, **options)


def test_machine_of_options_is_found_by_name_or_uuid(lab: LibvirtHypervisor) -> None:
    by_name = machine_of(lab, {"name": "running", "uuid": None})
    assert machine_of(lab, {"name": None, "uuid": by_name.uuid.upper()}) == by_name
    assert machine_of(lab, {"name": "running", "uuid": None}, detail=FULL).os
    for name in ("", None):
        with pytest.raises(HypervisorConnectError, match="name is empty"):
            machine_of(lab, {"name": name, "uuid": None})


def test_new_machine_is_planned_made_and_read(lab: LibvirtHypervisor) -> None:
    options = {"name": "new", "vcpus": 1, "memory": "64MiB", "state": "running"}
    foretold = work(lab, **options)
    go(lab, foretold, check_mode=True)
    assert (foretold.is_new, foretold.taken, foretold.current) == (True, [], None)
    done = work(lab, **options)
    go(lab, done)
    assert done.plan.as_diff() == foretold.plan.as_diff()
    result = done.as_result()
    assert (result["changed"], result["restart_needed"]) == (True, [])
    assert result["vm"]["state"] == "running"
    assert [step.action for step in done.taken] == ["create", "start"]
    again = work(lab, **options)
    go(lab, again)
    assert again.as_result()["changed"] is False


def test_removal_tells_what_was_kept(lab: LibvirtHypervisor) -> None:
    gone = work(lab, name="stopped", state="absent", remove_disks=True)
    assert gone.is_removal
    go(lab, gone)
    result = gone.as_result()
    assert (result["vm"], result["kept"]) == (None, [])
    assert "restart_needed" not in result


def test_images_are_looked_at_for_those_that_are_to_have_them(
    lab: LibvirtHypervisor,
) -> None:
    image = "/images/a.img"
    having = work(lab, name="new", disks=[{"path": image}])
    other = work(lab, name="stopped", vcpus=1)
    gone = work(lab, name="paused", state="absent", force=True)
    look_at_images(lab, [having, other, gone])
    assert list(having.images) == [image]
    assert having.images[image].size == 1000
    assert (other.images, gone.images) == ({}, {})


def test_refusal_says_where(lab: LibvirtHypervisor) -> None:
    refused = work(lab, name="saved", state="stopped")
    with pytest.raises(PlanRefused) as caught:
        go(lab, refused)
    assert caught.value.where == lab.uri
    assert refused.taken == []


def test_several_are_settled_and_each_keeps_its_own_error(
    lab: LibvirtHypervisor,
) -> None:
    options = validated(vms.TASK, names=["paused", "saved"], state="stopped")
    told: list[str] = []
    result = settle_all(lab, options, check_mode=True, tell=told.append)
    assert [one["failed"] for one in result["results"]] == [False, True]
    assert lab.find_vm("paused").state == "paused"
    assert told == []


def test_screenshot_is_a_picture_with_its_type() -> None:
    found = Screenshot(b"\x89PNG", "image/png", 640, 480)
    assert (found.data[1:4], found.mime_type) == (b"PNG", "image/png")
    assert (found.width, found.height) == (640, 480)
