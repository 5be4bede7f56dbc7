# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order a machine is changed and brought into its state."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.changes import (
    CREATE_IMAGE,
    GROW_IMAGE,
    LIVE,
    NEXT_START,
    OFF,
    SET,
    Change,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.description import (
    Description,
    DiskWish,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.machine_plan import (
    Wish,
    plan_creation,
    plan_machine,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.plan import (
    Desired,
    PlanRefused,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    Disk,
    VirtualMachine,
)

IMAGE = Change(
    "images", "/i/a", CREATE_IMAGE, None, {"size": 1}, DiskWish(source="/i/a")
)


def change(when: str, part: str = "vcpus", **fields: Any) -> Change:
    return Change(part, None, SET, 1, 2, when=when, **fields)


def machine(state: str, **fields: Any) -> VirtualMachine:
    facts = {"persistent": True, "autostart": False, **fields}
    if state == "running":
        later = VirtualMachine(name="web1", uuid="u-1", state="stopped")
        facts.setdefault("next_start", later)
    return VirtualMachine(name="web1", uuid="u-1", state=state, **facts)


def wish(state: str = "present", apply: str = "live", **fields: Any) -> Wish:
    return Wish(Description("web1"), Desired(state=state, **fields), apply)


@pytest.mark.parametrize(
    ("current", "wanted", "apply", "when", "then"),
    [
        ("stopped", "present", "fail", LIVE, (["change vcpus"], [])),
        ("stopped", "running", "fail", LIVE, (["change vcpus", "start"], [])),
        ("running", "present", "live", LIVE, (["change vcpus"], [])),
        ("running", "paused", "live", LIVE, (["change vcpus", "pause"], [])),
        ("running", "present", "live", NEXT_START, (["change vcpus"], ["vcpus"])),
        ("running", "present", "next_start", LIVE, (["change vcpus"], ["vcpus"])),
        ("running", "stopped", "fail", OFF, (["shut_down", "change vcpus"], [])),
        (
            "running",
            "restarted",
            "fail",
            OFF,
            (["shut_down", "change vcpus", "start"], []),
        ),
        (
            "running",
            "present",
            "restart",
            OFF,
            (["shut_down", "change vcpus", "start"], []),
        ),
        ("running", "present", "restart", LIVE, (["change vcpus"], [])),
        (
            "paused",
            "present",
            "restart",
            NEXT_START,
            (["resume", "shut_down", "change vcpus", "start_paused"], []),
        ),
    ],
)
def test_a_change_is_made_when_it_can_be(
    current: str, wanted: str, apply: str, when: str, then: tuple[list[str], list[str]]
) -> None:
    plan = plan_machine(machine(current), wish(wanted, apply), [change(when)])
    assert (plan.actions, list(plan.waiting)) == then
    assert plan.as_diff()["after"]["vcpus"] == 2


@pytest.mark.parametrize(
    ("current", "apply", "when", "words"),
    [
        ("running", "live", OFF, "vcpus can be changed only while it is off; "),
        ("running", "next_start", OFF, "only while it is off"),
        ("running", "fail", OFF, "apply: restart"),
        ("running", "fail", NEXT_START, "vcpus would change only with its next start"),
        ("saved", "live", LIVE, "is saved, and what is saved can't be changed"),
        ("saved", "restart", LIVE, "is saved"),
    ],
)
def test_what_can_not_be_made_is_refused_before_anything_is(
    current: str, apply: str, when: str, words: str
) -> None:
    with pytest.raises(PlanRefused) as refused:
        plan_machine(machine(current), wish(apply=apply), [change(when)])
    assert words in str(refused.value)


def test_nothing_waits_for_a_start_where_no_second_definition_keeps_it() -> None:
    vm = machine("running", next_start=None)
    with pytest.raises(PlanRefused, match="keeps no second definition"):
        plan_machine(vm, wish(apply="next_start"), [change(LIVE)])
    assert not plan_machine(vm, wish(apply="next_start"), [])
    plan = plan_machine(vm, wish("stopped", apply="next_start"), [change(LIVE)])
    assert plan.actions == ["shut_down", "change vcpus"]


def test_a_saved_machine_is_changed_where_its_saved_state_goes() -> None:
    wanted = wish("stopped", force=True)
    plan = plan_machine(machine("saved"), wanted, [change(LIVE)])
    assert plan.actions == ["discard_saved_state", "change vcpus"]


def test_a_transient_machine_is_not_restarted_for_a_change() -> None:
    vm = machine("running", persistent=False)
    for apply in ("live", "restart"):
        with pytest.raises(PlanRefused, match=r"is transient|its next start"):
            plan_machine(vm, wish(apply=apply), [change(NEXT_START)])


def test_what_waits_is_told_and_a_restart_ends_it() -> None:
    waiting = [change(NEXT_START, kept=False)]
    plan = plan_machine(machine("running"), wish(), (), waiting)
    assert not plan
    assert plan.waiting == ("vcpus",)
    plan = plan_machine(machine("running"), wish(apply="restart"), (), waiting)
    assert plan.actions == ["shut_down", "start"]
    assert plan.waiting == ()


def test_images_come_before_the_machine_that_uses_them() -> None:
    grown = Change("images", "/i/b", GROW_IMAGE, None, None, DiskWish(source="/i/b"))
    plan = plan_creation(wish("running"), [IMAGE, grown])
    assert plan.actions == ["make_image /i/a", "grow_image /i/b", "create", "start"]
    assert plan.as_diff()["before"] == {"state": "absent"}
    assert plan.as_diff()["after"]["state"] == "running"
    plan = plan_machine(machine("stopped"), wish(), [IMAGE, change(LIVE)])
    assert plan.actions == ["make_image /i/a", "change vcpus"]


def test_an_image_in_use_does_not_wait_with_growing() -> None:
    wanted = DiskWish(source="/i/b", size=2)
    grown = Change("images", "/i/b", GROW_IMAGE, {"size": 1}, {"size": 2}, wanted)
    disk = Disk("disk", "vda", "virtio", "file", "/i/b", "raw", False, False)
    vm = machine("running", disks=(disk,), next_start=machine("stopped"))
    with pytest.raises(PlanRefused, match="can't wait with growing"):
        plan_machine(vm, wish(apply="next_start"), [grown])
    other = machine("running", disks=(), next_start=machine("stopped"))
    plan = plan_machine(other, wish(apply="next_start"), [grown])
    assert plan.actions == ["grow_image /i/b"]


def test_the_running_machine_is_left_alone_where_that_was_asked_for() -> None:
    plan = plan_machine(
        machine("running"), wish(apply="next_start"), [change(LIVE, kept=False)]
    )
    assert (plan.actions, plan.as_diff()["after"]) == ([], {})
    plan = plan_machine(machine("running"), wish(apply="next_start"), [change(LIVE)])
    assert [step.action for step in plan.steps] == ["keep_changes"]


@pytest.mark.parametrize("state", ["saved", "reset"])
def test_no_machine_is_made_into_a_state_that_needs_one(state: str) -> None:
    with pytest.raises(PlanRefused, match=f"can't become {state}"):
        plan_creation(wish(state), [])
