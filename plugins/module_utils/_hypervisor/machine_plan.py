# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps that make a machine as it was described and bring it into its state; pure.

plan.py knows the ways between states, changes.py what differs. Here the two are put in
an order in which each change is made when it can be.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .changes import (
    CREATE_IMAGE,
    GROW_IMAGE,
    LIVE,
    NEXT_START,
    OFF,
    Change,
    as_diff,
    created,
)
from .description import Description
from .plan import (
    ABSENT,
    POWER_OFF,
    PRESENT,
    REBOOT,
    RESET,
    RESTARTED,
    SHUT_DOWN,
    START,
    START_PAUSED,
    Desired,
    Plan,
    PlanRefused,
    Step,
    plan_vm,
)
from .values import PAUSED, RUNNING, SAVED, STOPPED, VirtualMachine

# What the option apply says of a machine that is on.
APPLY_LIVE, APPLY_NEXT_START = "live", "next_start"
APPLY_RESTART, APPLY_FAIL = "restart", "fail"

# The steps, besides those of plan.py; names of Hypervisor's methods.
CREATE, MAKE_IMAGE, MAKE_CHANGES = "create", "make_image", "change"
GROW = "grow_image"
#: Changes for the next start alone.
KEEP_CHANGES = "keep_changes"


@dataclass(frozen=True)
class Wish:
    """All that a user asked for: what a machine is, its state, and how to get there."""

    description: Description
    desired: Desired
    apply: str = APPLY_LIVE


def plan_creation(wish: Wish, images: Iterable[Change]) -> Plan:
    """The plan for a machine that is not there: its images first, then itself.

    What its definition leaves to do shows as changes when it is read again.

    Raises:
        PlanRefused: The state that was asked for is none of a new machine.
    """
    state = wish.desired.state
    starts = {PRESENT: (), STOPPED: (), RUNNING: (START,), PAUSED: (START_PAUSED,)}
    starts[RESTARTED] = (START,)
    if state not in starts:
        raise PlanRefused(
            f"machine {wish.description.name} is not there and can't become {state}",
            remedy="ask for present, running, stopped or paused",
        )
    steps = [_image_step(change) for change in images]
    steps.append(Step(CREATE, wish.description))
    steps.extend(Step(action) for action in starts[state])
    after = created(wish.description)
    after["state"] = RUNNING if state == RESTARTED else state
    if state == PRESENT:
        after["state"] = STOPPED
    if wish.desired.autostart is not None:
        after["autostart"] = wish.desired.autostart
    _before, made = as_diff(images)
    return Plan(
        tuple(steps), (("state", ABSENT),), tuple({**after, **made}.items()), ()
    )


def plan_machine(
    current: VirtualMachine,
    wish: Wish,
    changes: Iterable[Change],
    waiting: Iterable[Change] = (),
) -> Plan:
    """The plan for a machine that is there and is not to be removed.

    Args:
        current: The machine, read in full where anything is described.
        wish: What was asked for.
        changes: What differs, as ``plan_changes`` found it.
        waiting: What is changed already and waits for a restart.

    Raises:
        PlanRefused: There is no way, or none that ``apply`` and ``force`` allow.
    """
    base = plan_vm(current, wish.desired)
    changes, waiting = tuple(changes), tuple(waiting)
    if wish.apply == APPLY_NEXT_START and current.is_active:
        waiting += tuple(change for change in changes if not change.kept)
        changes = tuple(change for change in changes if change.kept)
    restart = wish.apply == APPLY_RESTART and bool(waiting) and current.is_active
    if not changes and not restart:
        told = () if _goes_off(base) else waiting
        return replace(base, waiting=tuple(change.words for change in told))
    steps, waits = _steps(current, wish, base, changes, waiting)
    before, after = as_diff(changes)
    return Plan(
        tuple(steps),
        (*before.items(), *base.before),
        (*after.items(), *base.after),
        waiting=tuple(dict.fromkeys(change.words for change in waits)),
    )


def _steps(
    current: VirtualMachine,
    wish: Wish,
    base: Plan,
    changes: tuple[Change, ...],
    waiting: tuple[Change, ...],
) -> tuple[list[Step], tuple[Change, ...]]:
    if current.state == SAVED and not _goes_off(base):
        raise PlanRefused(
            f"machine {current.name} is saved, and what is saved can't be changed",
            remedy="start it first, or throw its saved state away with state: stopped "
            "and force: true",
        )
    if not current.is_active and current.state != SAVED:
        return [*_change_steps(changes), *base.steps], ()
    if _goes_off(base):
        # As it is off in between, everything can be changed then.
        actions = [step.action for step in base.steps]
        cut = 1 + max(
            actions.index(action)
            for action in (SHUT_DOWN, POWER_OFF, "discard_saved_state")
            if action in actions
        )
        middle = [*_change_steps(tuple(_all_kept(changes)))]
        return [*base.steps[:cut], *middle, *base.steps[cut:]], ()
    late = tuple(change for change in changes if change.when != LIVE)
    if wish.apply == APPLY_RESTART and (late or waiting):
        return _with_restart(current, base, changes), ()
    _check_apply(current, wish, late)
    if wish.apply == APPLY_NEXT_START:
        _check_images(current, changes)
        steps = _change_steps(changes, only_kept=True)
        return [*steps, *base.steps], (*waiting, *changes)
    return [*_change_steps(changes), *base.steps], (*waiting, *late)


def _with_restart(
    current: VirtualMachine, base: Plan, changes: tuple[Change, ...]
) -> list[Step]:
    if current.persistent is False:
        raise PlanRefused(
            f"machine {current.name} is transient and would be gone once it is off",
            remedy="define it first (virsh define)",
        )
    back = START_PAUSED if current.state == PAUSED else START
    down = plan_vm(current, Desired(state=STOPPED)).steps
    middle = _change_steps(tuple(_all_kept(changes)))
    return [*down, *middle, Step(back), *base.steps]


def _check_apply(current: VirtualMachine, wish: Wish, late: tuple[Change, ...]) -> None:
    if wish.apply == APPLY_NEXT_START and current.next_start is None:
        raise PlanRefused(
            f"machine {current.name} is {current.state}, and its host keeps no second "
            "definition for the next start",
            remedy="stop it first, or allow that with apply: live or apply: restart",
        )
    off = [change.words for change in late if change.when == OFF]
    if off:
        raise PlanRefused(
            f"machine {current.name} is {current.state}, and {', '.join(off)} can be "
            "changed only while it is off",
            remedy="stop it first, or allow a restart with apply: restart",
        )
    later = [change.words for change in late if change.when == NEXT_START]
    if later and (wish.apply == APPLY_FAIL or current.persistent is False):
        raise PlanRefused(
            f"machine {current.name} is {current.state}, and {', '.join(later)} would "
            "change only with its next start",
            remedy="stop it first, or allow that with apply: live or apply: restart"
            if current.persistent is not False
            else "define it first (virsh define)",
        )


def _check_images(current: VirtualMachine, changes: tuple[Change, ...]) -> None:
    """An image grows at once, in the hands of the machine that uses it, too."""
    used = {disk.source for disk in current.disks or ()}
    grown = [change for change in changes if change.action == GROW_IMAGE]
    for change in grown:
        if change.item in used:
            raise PlanRefused(
                f"machine {current.name} is {current.state} and uses {change.item}, "
                "which can't wait with growing for its next start",
                remedy="stop it first, or allow that with apply: live",
            )


def _goes_off(base: Plan) -> bool:
    """Whether the way to the state leads through off."""
    actions = {step.action for step in base.steps}
    return bool(actions & {SHUT_DOWN, POWER_OFF, "discard_saved_state"}) and not (
        actions & {REBOOT, RESET}
    )


def _all_kept(changes: Iterable[Change]) -> Iterable[Change]:
    """The changes of a machine that is off by then, which has one definition only."""
    return (replace(one, when=LIVE, now=False) for one in changes if one.kept)


def _change_steps(
    changes: tuple[Change, ...], *, only_kept: bool = False
) -> list[Step]:
    steps = [_image_step(change) for change in changes if change.part == "images"]
    rest = tuple(change for change in changes if change.part != "images")
    if rest:
        steps.append(Step(KEEP_CHANGES if only_kept else MAKE_CHANGES, rest))
    return steps


def _image_step(change: Change) -> Step:
    return Step(
        {CREATE_IMAGE: MAKE_IMAGE, GROW_IMAGE: GROW}[change.action], change.wish
    )
