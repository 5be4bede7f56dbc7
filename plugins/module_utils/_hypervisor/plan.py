# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be done to a machine to make it as it was described; pure.

``plan_vm`` compares and decides, ``Hypervisor.apply`` acts. A plan is refused here,
before anything was done, where acting would lose data that the user did not agree to
lose (``force``) or where there is no way from one state to the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .._core.errors import HypervisorConnectError
from .values import (
    CRASHED,
    PAUSED,
    RUNNING,
    SAVED,
    STOPPED,
    STOPPING,
    SUSPENDED,
    VirtualMachine,
)

PRESENT, ABSENT, RESTARTED, RESET = "present", "absent", "restarted", "reset"

# The steps, which are the names of Hypervisor's methods.
START, START_PAUSED, RESUME, WAKE_UP = "start", "start_paused", "resume", "wake_up"
SHUT_DOWN, POWER_OFF, PAUSE, SAVE = "shut_down", "power_off", "pause", "save"
DISCARD_SAVED, REBOOT, DO_RESET = "discard_saved_state", "reboot", "reset"
SET_AUTOSTART, REMOVE, REMOVE_DISK = "set_autostart", "remove", "remove_disk"
KEEP_NVRAM = "keep_nvram"  # a value of REMOVE

#: From each state to each: the steps that lose nothing. What is not here is refused.
_GENTLE: dict[str, dict[str, tuple[str, ...]]] = {
    RUNNING: {
        STOPPED: (SHUT_DOWN,),
        PAUSED: (PAUSE,),
        SAVED: (SAVE,),
        RESTARTED: (SHUT_DOWN, START),
        RESET: (DO_RESET,),
    },
    PAUSED: {
        RUNNING: (RESUME,),
        STOPPED: (RESUME, SHUT_DOWN),
        SAVED: (SAVE,),
        RESTARTED: (RESUME, SHUT_DOWN, START),
        RESET: (DO_RESET,),
    },
    STOPPED: {RUNNING: (START,), PAUSED: (START_PAUSED,), RESTARTED: (START,)},
    SAVED: {RUNNING: (START,), PAUSED: (START_PAUSED,), RESTARTED: (START,)},
    SUSPENDED: {
        RUNNING: (WAKE_UP,),
        STOPPED: (WAKE_UP, SHUT_DOWN),
        PAUSED: (WAKE_UP, PAUSE),
        SAVED: (WAKE_UP, SAVE),
        RESTARTED: (WAKE_UP, SHUT_DOWN, START),
    },
    STOPPING: {
        RUNNING: (SHUT_DOWN, START),
        STOPPED: (SHUT_DOWN,),
        PAUSED: (SHUT_DOWN, START_PAUSED),
        RESTARTED: (SHUT_DOWN, START),
    },
    CRASHED: {},
}

#: The ways that lose something: taken only where ``force`` was asked for.
_FORCED: dict[str, dict[str, tuple[str, ...]]] = {
    CRASHED: {
        RUNNING: (POWER_OFF, START),
        STOPPED: (POWER_OFF,),
        PAUSED: (POWER_OFF, START_PAUSED),
        RESTARTED: (POWER_OFF, START),
        RESET: (DO_RESET,),
    },
    SAVED: {STOPPED: (DISCARD_SAVED,)},
}

#: Why a way is refused, and what to do.
_REFUSALS: dict[tuple[str, str], tuple[str, str]] = {
    (SAVED, STOPPED): (
        "is saved, and stopping it would throw its saved state away",
        "start it first, or agree with force: true",
    ),
    (STOPPED, SAVED): ("is off and has no state to save", "start it first"),
    (STOPPING, SAVED): ("is shutting down and can't be saved", "start it first"),
}


class PlanRefused(HypervisorConnectError):
    """A change that would lose something, or that has no way; nothing was done."""


@dataclass(frozen=True)
class Step:
    """One thing to do: a method of Hypervisor and its argument, if it takes one."""

    action: str
    value: Any = None

    @property
    def words(self) -> str:
        """The step as results name it: ``start``, ``change vcpus, disks vdb``."""
        if isinstance(self.value, tuple):
            return f"change {', '.join(change.words for change in self.value)}"
        if self.action == REMOVE_DISK:
            return f"{self.action} {self.value}"
        source = getattr(self.value, "source", None)
        return self.action if source is None else f"{self.action} {source}"


@dataclass(frozen=True)
class Plan:
    """The steps in their order, and what they change, before and after.

    ``kept`` are sentences about the files that would go and stay, each with the reason.
    ``waiting`` are the changes that will take effect with the next start only.
    """

    steps: tuple[Step, ...] = ()
    before: tuple[tuple[str, Any], ...] = ()
    after: tuple[tuple[str, Any], ...] = ()
    kept: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.steps)

    @property
    def actions(self) -> list[str]:
        """The names of the steps, as results list them."""
        return [step.words for step in self.steps]

    def as_diff(self) -> dict[str, Any]:
        """What Ansible's diff mode prints: only what the plan changes."""
        return {"before": dict(self.before), "after": dict(self.after)}


@dataclass(frozen=True)
class Desired:
    """What the user asked for; None is no wish."""

    state: str = PRESENT
    autostart: bool | None = None
    force: bool = False
    remove_disks: bool = False


def plan_vm(
    current: VirtualMachine,
    desired: Desired,
    *,
    removable: Iterable[str] = (),
    kept: Iterable[str] = (),
    kept_nvram: str | None = None,
) -> Plan:
    """The plan that makes ``current`` as ``desired`` says.

    Args:
        current: The machine, read with all its details where it is to be removed.
        desired: What was asked for.
        removable: The disk images that ``removable_disks`` found may go.
        kept: Those that stay, with the reason.
        kept_nvram: The sentence of ``shared_nvram`` about UEFI variables that stay.

    Raises:
        PlanRefused: There is no way, or it would lose what force did not allow.
    """
    if desired.state == ABSENT:
        return _plan_absent(current, desired, tuple(removable), tuple(kept), kept_nvram)
    _check_transient(current, desired)
    before: list[tuple[str, Any]] = []
    after: list[tuple[str, Any]] = []
    steps: list[Step] = []
    if desired.autostart not in (None, current.autostart):
        steps.append(Step(SET_AUTOSTART, desired.autostart))
        before.append(("autostart", current.autostart))
        after.append(("autostart", desired.autostart))
    actions = _state_steps(current, desired)
    if actions:
        steps.extend(Step(action) for action in actions)
        before.append(("state", current.state))
        after.append(("state", desired.state))
    return Plan(tuple(steps), tuple(before), tuple(after))


def _state_steps(current: VirtualMachine, desired: Desired) -> tuple[str, ...]:
    if desired.state in (PRESENT, current.state):
        return ()
    gentle = _GENTLE.get(current.state, {}).get(desired.state)
    forced = _FORCED.get(current.state, {}).get(desired.state)
    steps = forced if gentle is None and desired.force else gentle
    if steps is None:
        raise _refusal(current, desired, can_be_forced=forced is not None)
    return steps if current.persistent is not False else _while_on(current, steps)


def _while_on(current: VirtualMachine, steps: tuple[str, ...]) -> tuple[str, ...]:
    """The steps for a transient machine, which is gone once it is off."""
    if START in steps and SHUT_DOWN in steps:
        return (*steps[: steps.index(SHUT_DOWN)], REBOOT)
    if START in steps or START_PAUSED in steps:
        raise PlanRefused(
            f"machine {current.name} is transient and would be gone once it is off",
            remedy="define it first (virsh define)",
        )
    return steps


def _refusal(
    current: VirtualMachine, desired: Desired, *, can_be_forced: bool
) -> PlanRefused:
    words = _REFUSALS.get((current.state, desired.state))
    if words is None and can_be_forced:
        words = (
            f"has {current.state} and was kept as it was",
            "force: true powers it off first",
        )
    if words is None:
        words = (
            f"is {current.state} and can't become {desired.state}",
            "start it first",
        )
    return PlanRefused(f"machine {current.name} {words[0]}", remedy=words[1])


def _check_transient(current: VirtualMachine, desired: Desired) -> None:
    if current.persistent is not False:
        return
    if desired.autostart:
        wish = "can't be started with its host (autostart)"
    elif desired.state == SAVED and current.state != SAVED:
        wish = "can't be saved"
    else:
        return
    raise PlanRefused(
        f"machine {current.name} is transient and {wish}",
        remedy="define it first (virsh define)",
    )


def _plan_absent(
    current: VirtualMachine,
    desired: Desired,
    removable: tuple[str, ...],
    kept: tuple[str, ...],
    kept_nvram: str | None,
) -> Plan:
    if current.is_active and not desired.force:
        raise PlanRefused(
            f"machine {current.name} is {current.state} and is not removed",
            remedy="stop it first, or agree to a power-off with force: true",
        )
    if current.managed_save and not desired.force:
        raise PlanRefused(
            f"machine {current.name} is saved, and removing it would throw its saved "
            "state away",
            remedy="start it and shut it down first, or agree with force: true",
        )
    steps = [Step(POWER_OFF)] if current.is_active else []
    if current.persistent is not False:
        steps.append(Step(REMOVE, KEEP_NVRAM if kept_nvram else None))
    # The definition goes first: were it refused, the data must still be there.
    steps.extend(Step(REMOVE_DISK, path) for path in removable)
    before: list[tuple[str, Any]] = [("state", current.state), ("uuid", current.uuid)]
    if current.autostart is not None:
        before.append(("autostart", current.autostart))
    if current.managed_save:
        before.append(("managed_save", True))
    if current.os is not None and current.os.nvram and not kept_nvram:
        before.append(("nvram", current.os.nvram))
    if current.snapshots:
        before.append(("snapshots", [snapshot.name for snapshot in current.snapshots]))
    if removable:
        before.append(("disks", list(removable)))
    if kept_nvram:
        kept = (*kept, kept_nvram)
    return Plan(tuple(steps), tuple(before), (("state", ABSENT),), kept)
