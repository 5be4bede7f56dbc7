# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done to a machine in each state for each wish, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.plan import (
    Desired,
    Plan,
    PlanRefused,
    Step,
    plan_vm,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    OperatingSystem,
    Snapshot,
    VirtualMachine,
)

STATES = ("running", "paused", "stopped", "saved", "suspended", "stopping", "crashed")
KEPT = ("running", "stopped", "paused", "saved")
ONE_TIME = ("restarted", "reset")


def machine(state: str, **fields: Any) -> VirtualMachine:
    facts = {"persistent": True, "autostart": False, **fields}
    return VirtualMachine(name="web1", uuid="u-1", state=state, **facts)


def wish(state: str, **fields: Any) -> Desired:
    return Desired(state=state, **fields)


# (state, wish) -> the steps that lose nothing.
GENTLE = {
    ("running", "stopped"): "shut_down",
    ("running", "paused"): "pause",
    ("running", "saved"): "save",
    ("running", "restarted"): "shut_down start",
    ("running", "reset"): "reset",
    ("paused", "running"): "resume",
    ("paused", "stopped"): "resume shut_down",
    ("paused", "saved"): "save",
    ("paused", "restarted"): "resume shut_down start",
    ("paused", "reset"): "reset",
    ("stopped", "running"): "start",
    ("stopped", "paused"): "start_paused",
    ("stopped", "restarted"): "start",
    ("saved", "running"): "start",
    ("saved", "paused"): "start_paused",
    ("saved", "restarted"): "start",
    ("suspended", "running"): "wake_up",
    ("suspended", "stopped"): "wake_up shut_down",
    ("suspended", "paused"): "wake_up pause",
    ("suspended", "saved"): "wake_up save",
    ("suspended", "restarted"): "wake_up shut_down start",
    ("stopping", "running"): "shut_down start",
    ("stopping", "stopped"): "shut_down",
    ("stopping", "paused"): "shut_down start_paused",
    ("stopping", "restarted"): "shut_down start",
}

CRASH = (
    "machine web1 has crashed and was kept as it was; force: true powers it off first."
)

# (state, wish) -> why not without force, and the steps with it.
FORCED = {
    ("saved", "stopped"): (
        "machine web1 is saved, and stopping it would throw its saved state away; "
        "start it first, or agree with force: true.",
        "discard_saved_state",
    ),
    ("crashed", "running"): (CRASH, "power_off start"),
    ("crashed", "stopped"): (CRASH, "power_off"),
    ("crashed", "paused"): (CRASH, "power_off start_paused"),
    ("crashed", "restarted"): (CRASH, "power_off start"),
    ("crashed", "reset"): (CRASH, "reset"),
}

# (state, wish) -> why there is no way, whatever force says.
NO_WAY = {
    ("stopped", "saved"): "is off and has no state to save",
    ("stopped", "reset"): "is stopped and can't become reset",
    ("saved", "reset"): "is saved and can't become reset",
    ("suspended", "reset"): "is suspended and can't become reset",
    ("stopping", "saved"): "is shutting down and can't be saved",
    ("stopping", "reset"): "is stopping and can't become reset",
    ("crashed", "saved"): "is crashed and can't become saved",
}


def test_tables_hold_every_state_with_every_wish() -> None:
    rows = [*GENTLE, *FORCED, *NO_WAY]
    expected = {(s, w) for s in STATES for w in (*KEPT, *ONE_TIME) if s != w}
    assert set(rows) == expected
    assert len(rows) == len(expected)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("row", GENTLE, ids="-".join)
def test_gentle_way_is_taken_with_and_without_force(
    row: tuple[str, str], force: bool
) -> None:
    state, wanted = row
    plan = plan_vm(machine(state), wish(wanted, force=force))
    assert plan.actions == GENTLE[row].split()
    assert plan.as_diff() == {"before": {"state": state}, "after": {"state": wanted}}


@pytest.mark.parametrize("row", FORCED, ids="-".join)
def test_what_loses_something_takes_force(row: tuple[str, str]) -> None:
    state, wanted = row
    sentence, steps = FORCED[row]
    with pytest.raises(PlanRefused) as refused:
        plan_vm(machine(state), wish(wanted))
    assert str(refused.value) == sentence
    assert plan_vm(machine(state), wish(wanted, force=True)).actions == steps.split()


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("row", NO_WAY, ids="-".join)
def test_where_there_is_no_way_force_does_not_help(
    row: tuple[str, str], force: bool
) -> None:
    with pytest.raises(PlanRefused) as refused:
        plan_vm(machine(row[0]), wish(row[1], force=force))
    assert str(refused.value) == f"machine web1 {NO_WAY[row]}; start it first."


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("state", STATES)
def test_present_leaves_the_state_alone(state: str, force: bool) -> None:
    plan = plan_vm(machine(state), wish("present", force=force))
    assert not plan
    assert plan == Plan()
    assert plan.as_diff() == {"before": {}, "after": {}}


@pytest.mark.parametrize("state", KEPT)
def test_state_that_is_there_needs_no_step(state: str) -> None:
    assert not plan_vm(machine(state), wish(state, force=True))


# -- transient machines, which are gone once they are off ------------------------


@pytest.mark.parametrize(
    ("state", "steps"),
    [
        ("running", "reboot"),
        ("paused", "resume reboot"),
        ("suspended", "wake_up reboot"),
        ("stopping", "reboot"),
    ],
)
def test_transient_machine_is_restarted_by_its_guest(state: str, steps: str) -> None:
    plan = plan_vm(machine(state, persistent=False), wish("restarted"))
    assert plan.actions == steps.split()


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        ("stopping", "paused"),
        ("crashed", "running"),
        ("crashed", "paused"),
        ("crashed", "restarted"),
    ],
)
def test_transient_machine_is_not_powered_off_to_start_it_again(
    state: str, wanted: str
) -> None:
    with pytest.raises(PlanRefused, match="transient"):
        plan_vm(machine(state, persistent=False), wish(wanted, force=True))


@pytest.mark.parametrize("state", ["running", "paused", "suspended", "stopping"])
def test_transient_machine_is_not_saved(state: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        plan_vm(machine(state, persistent=False), wish("saved", force=True))
    assert str(refused.value) == (
        "machine web1 is transient and can't be saved; define it first (virsh define)."
    )


def test_transient_machine_does_not_start_with_its_host() -> None:
    with pytest.raises(PlanRefused, match=r"can't be started with its host"):
        plan_vm(machine("running", persistent=False), wish("running", autostart=True))
    assert not plan_vm(
        machine("running", persistent=False), wish("running", autostart=False)
    )


def test_machine_of_which_it_is_not_known_is_taken_as_persistent() -> None:
    plan = plan_vm(machine("running", persistent=None), wish("restarted"))
    assert plan.actions == ["shut_down", "start"]


# -- autostart ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("has", "wanted", "changes"),
    [
        (False, None, False),
        (False, False, False),
        (False, True, True),
        (True, None, False),
        (True, False, True),
        (True, True, False),
        (None, None, False),
        (None, True, True),
    ],
)
def test_autostart_changes_only_where_it_differs(
    has: bool | None, wanted: bool | None, changes: bool
) -> None:
    plan = plan_vm(machine("running", autostart=has), wish("present", autostart=wanted))
    assert plan.steps == ((Step("set_autostart", wanted),) if changes else ())
    if changes:
        assert plan.as_diff() == {
            "before": {"autostart": has},
            "after": {"autostart": wanted},
        }


def test_autostart_comes_before_the_state() -> None:
    plan = plan_vm(machine("stopped"), wish("running", autostart=True))
    assert plan.actions == ["set_autostart", "start"]
    assert plan.as_diff() == {
        "before": {"autostart": False, "state": "stopped"},
        "after": {"autostart": True, "state": "running"},
    }


# -- absent ----------------------------------------------------------------------------

ACTIVE = ("running", "paused", "suspended", "stopping", "crashed")


@pytest.mark.parametrize("state", ACTIVE)
def test_machine_that_is_on_is_removed_only_by_force(state: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        plan_vm(machine(state), wish("absent"))
    assert str(refused.value) == (
        f"machine web1 is {state} and is not removed; "
        "stop it first, or agree to a power-off with force: true."
    )
    plan = plan_vm(machine(state), wish("absent", force=True))
    assert plan.actions == ["power_off", "remove"]


@pytest.mark.parametrize("state", ["stopped", "saved"])
@pytest.mark.parametrize("force", [False, True])
def test_machine_that_is_off_is_only_undefined(state: str, force: bool) -> None:
    assert plan_vm(machine(state), wish("absent", force=force)).actions == ["remove"]


def test_transient_machine_has_no_definition_to_remove() -> None:
    plan = plan_vm(machine("running", persistent=False), wish("absent", force=True))
    assert plan.actions == ["power_off"]


def test_disks_go_after_the_definition() -> None:
    plan = plan_vm(
        machine("running"),
        wish("absent", force=True, remove_disks=True),
        removable=["/a", "/b"],
        kept=["/c stays: it is a cdrom image"],
    )
    assert plan.steps == (
        Step("power_off"),
        Step("remove"),
        Step("remove_disk", "/a"),
        Step("remove_disk", "/b"),
    )
    assert plan.actions[-2:] == ["remove_disk /a", "remove_disk /b"]
    assert plan.kept == ("/c stays: it is a cdrom image",)


def test_variables_that_stay_are_in_the_plan_and_not_in_the_diff() -> None:
    firmware = OperatingSystem("hvm", None, None, "uefi", None, "/nvram")
    plan = plan_vm(
        machine("stopped", os=firmware),
        wish("absent", remove_disks=True),
        kept=["/a stays: b"],
        kept_nvram="/nvram stays: c",
    )
    assert plan.steps == (Step("remove", "keep_nvram"),)
    assert plan.actions == ["remove"]
    assert plan.kept == ("/a stays: b", "/nvram stays: c")
    assert "nvram" not in plan.as_diff()["before"]


def test_saved_machine_is_removed_by_force_alone() -> None:
    saved = machine("saved", managed_save=True)
    with pytest.raises(PlanRefused) as refused:
        plan_vm(saved, wish("absent"))
    assert str(refused.value) == (
        "machine web1 is saved, and removing it would throw its saved state away; "
        "start it and shut it down first, or agree with force: true."
    )
    assert plan_vm(saved, wish("absent", force=True)).actions == ["remove"]


def test_diff_of_a_removal_names_all_that_goes() -> None:
    firmware = OperatingSystem("hvm", "x86_64", "q35", "uefi", True, "/nvram/web1.fd")
    snapshot = Snapshot("clean", None, None, "stopped", True, None)
    current = machine(
        "saved", managed_save=True, os=firmware, snapshots=(snapshot,), autostart=True
    )
    desired = wish("absent", remove_disks=True, force=True)
    plan = plan_vm(current, desired, removable=["/a"])
    assert plan.as_diff() == {
        "before": {
            "state": "saved",
            "uuid": "u-1",
            "autostart": True,
            "managed_save": True,
            "nvram": "/nvram/web1.fd",
            "snapshots": ["clean"],
            "disks": ["/a"],
        },
        "after": {"state": "absent"},
    }


def test_diff_of_a_removal_leaves_out_what_was_not_there() -> None:
    bios = OperatingSystem("hvm", "x86_64", "pc", "bios", None, None)
    current = machine("stopped", autostart=None, os=bios, snapshots=())
    assert plan_vm(current, wish("absent")).as_diff()["before"] == {
        "state": "stopped",
        "uuid": "u-1",
    }


# -- the steps do what the plan promises -----------------------------------------------


@dataclass(frozen=True)
class Model:
    """A machine as libvirt has it: what each step needs, and what it leads to."""

    state: str
    persistent: bool
    autostart: bool

    def after(self, step: Step) -> Model:
        """The model after a step; KeyError where the machine would refuse it."""
        if step.action == "set_autostart":
            assert self.persistent or not step.value
            return replace(self, autostart=step.value)
        if step.action == "remove":
            assert self.state in ("stopped", "saved")
            return replace(self, state="absent")
        off = "stopped" if self.persistent else "absent"
        moves = {
            "start": {"stopped": "running", "saved": "running"},
            "start_paused": {"stopped": "paused", "saved": "paused"},
            "resume": {"paused": "running"},
            "wake_up": {"suspended": "running"},
            "pause": {"running": "paused"},
            "save": {"running": "saved", "paused": "saved"} if self.persistent else {},
            "discard_saved_state": {"saved": "stopped"},
            "shut_down": {"running": off, "stopping": off},
            "power_off": dict.fromkeys(ACTIVE, off),
            "reboot": {"running": "running", "stopping": "running"},
            "reset": {"running": "running", "paused": "paused", "crashed": "running"},
        }
        return replace(self, state=moves[step.action][self.state])


def seen(model: Model) -> VirtualMachine:
    return machine(model.state, persistent=model.persistent, autostart=model.autostart)


def outcome(model: Model, desired: Desired) -> Plan | PlanRefused:
    try:
        return plan_vm(seen(model), desired)
    except PlanRefused as refused:
        return refused


models = st.builds(
    Model,
    state=st.sampled_from(STATES),
    persistent=st.just(True),
    autostart=st.booleans(),
) | st.builds(
    Model,
    state=st.sampled_from(ACTIVE),
    persistent=st.just(False),
    autostart=st.just(False),
)
wishes = st.builds(
    Desired,
    state=st.sampled_from(("present", "absent", *KEPT, *ONE_TIME)),
    autostart=st.sampled_from((None, False, True)),
    force=st.booleans(),
)


@given(model=models, desired=wishes)
def test_steps_lead_to_what_was_asked_for_and_then_there_are_none(
    model: Model, desired: Desired
) -> None:
    plan = outcome(model, desired)
    if isinstance(plan, PlanRefused):
        assert str(plan).startswith("machine web1 ")
        assert plan.remedy
        return
    before = model
    for step in plan.steps:
        model = model.after(step)
    if not model.persistent and model.state == "absent":
        assert desired.state in ("stopped", "absent")
        return
    if desired.state in (*KEPT, "absent"):
        assert model.state == desired.state
    elif desired.state == "present":
        assert model.state == before.state
    else:
        assert model.state in ("running", "paused")
    if desired.state == "absent":
        return
    if desired.autostart is not None:
        assert model.autostart == desired.autostart
    again = plan_vm(seen(model), desired)
    assert bool(again) == (desired.state in ONE_TIME)
