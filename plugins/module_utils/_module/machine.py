# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One machine made as it was described: read, plan, apply, read again.

The work of the modules vm and vms; both hand over the machine as they read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from .._core.errors import HypervisorConnectError
from .._hypervisor.changes import Change, image_changes, plan_changes, sources_of
from .._hypervisor.description import Description
from .._hypervisor.hypervisor import (
    Hypervisor,
    MachineNotFound,
    OperationFailed,
)
from .._hypervisor.machine_plan import (
    CREATE,
    GROW,
    MAKE_IMAGE,
    Wish,
    plan_creation,
    plan_machine,
)
from .._hypervisor.plan import (
    ABSENT,
    REMOVE_DISK,
    Desired,
    Plan,
    PlanRefused,
    Step,
    plan_vm,
)
from .._hypervisor.storage import removable_disks, shared_nvram
from .._hypervisor.values import FULL, SUMMARY, VirtualMachine


def wish_of(options: Mapping[str, Any]) -> Wish:
    """What the options of machine_options.py ask for.

    Raises:
        HypervisorConnectError: A value is none of its kind.
    """
    if options["name"] == "":
        raise HypervisorConnectError("name is empty", remedy="name a machine")
    return Wish(
        Description.from_options({**options, "autostart": None}),
        Desired(
            state=options["state"],
            autostart=options["autostart"],
            force=options["force"],
            remove_disks=options["remove_disks"],
        ),
        options["apply"],
    )


def detail_of(wish: Wish) -> str:
    """How much of a machine has to be read for a plan."""
    if wish.desired.state == ABSENT or not wish.description.is_empty:
        return FULL
    return FULL if wish.description.uuid and wish.description.name else SUMMARY


def find(hypervisor: Hypervisor, wish: Wish) -> VirtualMachine | None:
    """The machine that is meant, or None.

    Raises:
        MachineNotFound: There is none of that UUID, which nothing can be made of.
    """
    wanted, detail = wish.description, detail_of(wish)
    try:
        if wanted.uuid is not None:
            return hypervisor.find_uuid(wanted.uuid, detail=detail)
        return hypervisor.find_vm(str(wanted.name), detail=detail)
    except MachineNotFound:
        may_be_made = not wanted.is_empty and wanted.name is not None
        if wish.desired.state == ABSENT or may_be_made:
            return None
        raise


def settle(
    hypervisor: Hypervisor,
    current: VirtualMachine | None,
    wish: Wish,
    *,
    timeout: float,
    check_mode: bool,
) -> dict[str, Any]:
    """Make a machine as it was described; the result of the module vm.

    Args:
        hypervisor: Where.
        current: The machine as ``find`` found it.
        wish: What was asked for.
        timeout: Seconds that a guest has for shutting down.
        check_mode: Whether to tell only.
    """
    try:
        if wish.desired.state == ABSENT:
            return _remove(hypervisor, current, wish, timeout, check_mode)
        if current is None:
            return _make(hypervisor, wish, timeout, check_mode)
        changes, waiting = _changes(hypervisor, current, wish)
        plan = plan_machine(current, wish, changes, waiting)
    except PlanRefused as refused:
        refused.where = hypervisor.uri
        raise
    if not plan or check_mode:
        return result(plan, current, wish)
    taken: list[Step] = []
    apply = partial(
        hypervisor.apply,
        current,
        timeout=timeout,
        force=wish.desired.force,
        taken=taken,
    )
    try:
        apply(plan)
    except (MachineNotFound, OperationFailed):
        # Somebody else may have had the same wish at the same time.
        if not _is_settled(hypervisor, current, wish):
            raise
    now = _verified(hypervisor, current.uuid, wish)
    # Nothing was changed where others did it all.
    plan = replace(plan, steps=tuple(taken)) if taken else Plan(waiting=plan.waiting)
    return result(plan, now, wish)


def result(plan: Plan, vm: VirtualMachine | None, wish: Wish) -> dict[str, Any]:
    """What the module vm returns."""
    found: dict[str, Any] = {
        "changed": bool(plan),
        "actions": plan.actions,
        "diff": plan.as_diff(),
        "vm": vm.as_result() if vm is not None else None,
    }
    if wish.desired.state == ABSENT:
        found["kept"] = list(plan.kept)
    else:
        found["restart_needed"] = list(plan.waiting)
    return found


def _changes(
    hypervisor: Hypervisor, current: VirtualMachine, wish: Wish
) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    wanted = wish.description
    if detail_of(wish) != FULL:
        return (), ()
    hypervisor.check_description(wanted, current)
    sources = sources_of(wanted)
    return plan_changes(
        current,
        wanted,
        images=hypervisor.images_named(sources) if sources else {},
        timing=hypervisor.timing,
        more=hypervisor.own_changes(current, wanted),
    )


# -- a machine that is not there -------------------------------------------------------


def _make(
    hypervisor: Hypervisor, wish: Wish, timeout: float, check_mode: bool
) -> dict[str, Any]:
    wanted = wish.description
    hypervisor.check_description(wanted, None)
    sources = sources_of(wanted)
    images = hypervisor.images_named(sources) if sources else {}
    plan = plan_creation(wish, tuple(image_changes(wanted, images)))
    if check_mode:
        return result(plan, None, wish)
    taken: list[Step] = []
    uuid = _define(hypervisor, plan, taken)
    made = hypervisor.find_uuid(uuid, detail=FULL)
    changes, waiting = _changes(hypervisor, made, wish)
    rest = plan_machine(made, wish, changes, waiting)
    hypervisor.apply(made, rest, timeout=timeout, force=wish.desired.force)
    return result(plan, _verified(hypervisor, uuid, wish), wish)


def _define(hypervisor: Hypervisor, plan: Plan, taken: list[Step]) -> str:
    uuid = ""
    for step in plan.steps:
        if step.action == MAKE_IMAGE:
            hypervisor.make_image(step.value)
        elif step.action == GROW:
            hypervisor.grow_image(None, step.value)
        elif step.action == CREATE:
            uuid = hypervisor.create(step.value)
        else:
            break  # states come when all of it is there
        taken.append(step)
    return uuid


# -- after the work --------------------------------------------------------------------


def _verified(hypervisor: Hypervisor, uuid: str, wish: Wish) -> VirtualMachine | None:
    """The machine as it is now; it must be as it was described.

    Raises:
        OperationFailed: The hypervisor took a value and did not keep it.
    """
    try:
        now = hypervisor.find_uuid(uuid, detail=detail_of(wish))
    except MachineNotFound:
        return None  # a transient one that was switched off
    left, _waiting = _changes(hypervisor, now, wish)
    if left:
        raise OperationFailed(
            f"machine {now.name} was changed, but the host did not keep "
            + ", ".join(change.words for change in left),
            where=hypervisor.uri,
            remedy="look at it with hypervisor.connect.vm_info, and run this again",
        )
    return now


def _is_settled(hypervisor: Hypervisor, current: VirtualMachine, wish: Wish) -> bool:
    try:
        now = hypervisor.find_uuid(current.uuid, detail=detail_of(wish))
        return not plan_machine(now, wish, *_changes(hypervisor, now, wish))
    except (MachineNotFound, PlanRefused):
        return False


# -- removal ---------------------------------------------------------------------------


def _remove(
    hypervisor: Hypervisor,
    current: VirtualMachine | None,
    wish: Wish,
    timeout: float,
    check_mode: bool,
) -> dict[str, Any]:
    if current is None:
        return result(Plan(), None, wish)
    plan = _removal(hypervisor, current, wish.desired)
    if check_mode:
        return result(plan, current, wish)
    taken: list[Step] = []
    apply = partial(
        hypervisor.apply,
        current,
        timeout=timeout,
        force=wish.desired.force,
        taken=taken,
    )
    try:
        apply(plan)
    except (MachineNotFound, OperationFailed):
        if _is_there(hypervisor, current):
            raise
        disks = [step for step in plan.steps if step.action == REMOVE_DISK]
        apply(replace(plan, steps=tuple(disks)))
    plan = replace(plan, steps=tuple(taken)) if taken else Plan(kept=plan.kept)
    return result(plan, None, wish)


def _removal(hypervisor: Hypervisor, current: VirtualMachine, desired: Desired) -> Plan:
    plan = plan_vm(current, desired)
    has_nvram = current.os is not None and current.os.nvram is not None
    if not (desired.remove_disks or has_nvram):
        return plan
    storage = hypervisor.storage(images=desired.remove_disks)
    nvram = shared_nvram(current, storage)
    if not desired.remove_disks:
        return plan_vm(current, desired, kept_nvram=nvram)
    removable, kept = removable_disks(current, storage)
    return plan_vm(current, desired, removable=removable, kept=kept, kept_nvram=nvram)


def _is_there(hypervisor: Hypervisor, vm: VirtualMachine) -> bool:
    try:
        hypervisor.find_uuid(vm.uuid)
    except MachineNotFound:
        return False
    return True
