# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines made as they were described: read, plan, apply, read again.

The work of the modules vm and vms. Both go through the same phases; vm reads its one
machine, vms reads all of its machines at once and works on several at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import Any

from .._core.errors import HypervisorConnectError
from .._hypervisor.changes import Change, image_changes, plan_changes, sources_of
from .._hypervisor.description import Description, DiskWish
from .._hypervisor.hypervisor import (
    Hypervisor,
    MachineNotFound,
    OperationFailed,
)
from .._hypervisor.machine_plan import (
    APPLY_NEXT_START,
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
from .._hypervisor.storage import Storage, removable_disks, shared_nvram
from .._hypervisor.values import FULL, SUMMARY, ImageInfo, VirtualMachine


@dataclass
class Work:
    """One machine on its way through the phases.

    Attributes:
        wish: What was asked for.
        current: The machine as it was read last; None where there is none.
        images: The images that the wish names and that are there.
        plan: What is to be done, or was.
        taken: The steps that were taken.
        uuid: Of the machine, from the moment it is known.
        is_new: Whether it is to be made.
        error: What went wrong, where others go on.
    """

    wish: Wish
    current: VirtualMachine | None
    images: dict[str, ImageInfo] = field(default_factory=dict)
    plan: Plan = field(default_factory=Plan)
    taken: list[Step] = field(default_factory=list)
    uuid: str | None = None
    is_new: bool = False
    error: HypervisorConnectError | None = None

    @property
    def is_removal(self) -> bool:
        """Whether the machine is to be gone."""
        return self.wish.desired.state == ABSENT

    @property
    def detail(self) -> str:
        """How much of the machine has to be read."""
        return detail_of(self.wish)

    def as_result(self) -> dict[str, Any]:
        """What the module vm returns."""
        found: dict[str, Any] = {
            "changed": bool(self.plan),
            "actions": self.plan.actions,
            "diff": self.plan.as_diff(),
            "vm": self.current.as_result() if self.current is not None else None,
        }
        if self.is_removal:
            found["kept"] = list(self.plan.kept)
        else:
            found["restart_needed"] = list(self.plan.waiting)
        return found


#: Runs a function for each work; vms catches what it raises, and says by the word how far
#: it is: 7 of 20 machines changed.
Each = Callable[[Iterable[Work], Callable[[Work], None], str], None]


def wish_of(options: Mapping[str, Any]) -> Wish:
    """What the options of machine_options.py ask for.

    Raises:
        HypervisorConnectError: A value is none of its kind.
    """
    if options["name"] == "" or options["name"] is options["uuid"] is None:
        raise HypervisorConnectError("name is empty", remedy="name a machine")
    autostart, action = options["autostart"], options.get("start_action")
    if None not in (autostart, action) and autostart != (action == "always"):
        raise HypervisorConnectError(
            f"autostart is {str(autostart).lower()} and start_action {action}",
            remedy="leave one of them out: autostart means start_action: always",
        )
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


def machine_of(
    hypervisor: Hypervisor, options: Mapping[str, Any], *, detail: str = SUMMARY
) -> VirtualMachine:
    """The machine that the options ``name`` or ``uuid`` mean.

    Raises:
        MachineNotFound: There is none.
    """
    if options["uuid"] is None:
        if not options["name"]:
            raise HypervisorConnectError("name is empty", remedy="name a machine")
        return hypervisor.find_vm(options["name"], detail=detail)
    wanted = Description.from_options({"uuid": options["uuid"]})
    return hypervisor.find_uuid(str(wanted.uuid), detail=detail)


def settle(
    hypervisor: Hypervisor,
    works: list[Work],
    *,
    read: Callable[[list[Work]], None],
    each: Each,
    timeout: float,
    check_mode: bool,
) -> None:
    """Bring all machines through the phases; each Work holds what came of it.

    Args:
        hypervisor: Where.
        works: With the machines as they were read.
        read: Reads machines anew, into ``current``.
        each: Runs a phase for each of some works that have not failed.
        timeout: Seconds that a guest has for shutting down.
        check_mode: Whether to plan only.
    """
    each(works, partial(_plan, hypervisor, _Storage(hypervisor, works)), "planned")
    if check_mode:
        return
    new = [work for work in works if work.is_new and work.error is None]
    each(new, partial(_make, hypervisor), "made")
    if new:
        read(new)
    todo = [work for work in works if work.plan and work.error is None]
    each(todo, partial(_apply, hypervisor, timeout), "changed")
    there = [work for work in todo if work.error is None and not work.is_removal]
    if there:
        read(there)
    each(there, partial(_verify, hypervisor), "verified")


def look_at_images(hypervisor: Hypervisor, works: Iterable[Work]) -> None:
    """Read the images that the machines are to have, those of all at once."""
    works = [work for work in works if not work.is_removal]
    sources = frozenset[str]().union(
        *(sources_of(work.wish.description) for work in works)
    )
    images = hypervisor.images_named(sources) if sources else {}
    for work in works:
        wanted = sources_of(work.wish.description)
        work.images = {one: images[one] for one in wanted if one in images}


class _Storage:
    """What is on the host's disks, read once for all machines that are to go.

    Attributes:
        promised: For the images that machines of this task are to have, the machine.
    """

    def __init__(self, hypervisor: Hypervisor, works: Iterable[Work]) -> None:
        self._hypervisor = hypervisor
        self.promised = {
            source: str(work.wish.description.name or work.wish.description.uuid)
            for work in works
            if not work.is_removal
            for source in sources_of(work.wish.description)
        }
        self._lock = Lock()
        self._read: dict[bool, Storage] = {}

    def __call__(self, *, images: bool) -> Storage:
        with self._lock:
            if images not in self._read:
                self._read[images] = self._hypervisor.storage(images=images)
            return self._read[images]


def _plan(hypervisor: Hypervisor, storage: _Storage, work: Work) -> None:
    try:
        work.plan = _planned(hypervisor, storage, work)
    except PlanRefused as refused:
        refused.where = hypervisor.uri
        raise


def _planned(hypervisor: Hypervisor, storage: _Storage, work: Work) -> Plan:
    current, wish = work.current, work.wish
    if current is not None:
        work.uuid = current.uuid
    if work.is_removal:
        if current is None:
            return Plan()
        return _removal(storage, current, wish.desired)
    if current is None:
        work.is_new = True
        hypervisor.check_description(wish.description, None)
        changes = tuple(image_changes(wish.description, work.images))
        return plan_creation(wish, changes)
    return plan_machine(current, wish, *_changes(hypervisor, work, current))


def _changes(
    hypervisor: Hypervisor, work: Work, current: VirtualMachine
) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    if work.detail != FULL:
        return (), ()
    wanted = work.wish.description
    hypervisor.check_description(wanted, current)
    own = hypervisor.in_own_words(wanted, current)
    images = dict(work.images)
    for disk, same in zip(wanted.disks, own.disks):
        if disk.source in images and same.source is not None:
            images.setdefault(same.source, images[disk.source])
    return plan_changes(
        current,
        own,
        images=images,
        timing=hypervisor.timing,
        more=hypervisor.own_changes(current, wanted),
    )


def _make(hypervisor: Hypervisor, work: Work) -> None:
    """The images and the definition of a new machine; its state comes later."""
    for step in work.plan.steps:
        if step.action == MAKE_IMAGE:
            hypervisor.make_image(step.value)
        elif step.action == GROW:
            hypervisor.grow_image(None, step.value)
        elif step.action == CREATE:
            work.uuid = hypervisor.create(step.value)
        else:
            break
        _note(work, step)


def _note(work: Work, step: Step) -> None:
    """Remember a step, and the image that it made as it is now."""
    work.taken.append(step)
    if isinstance(step.value, DiskWish) and step.value.source is not None:
        wish = step.value
        known = work.images.get(step.value.source, ImageInfo(step.value.source))
        work.images[known.source] = replace(
            known,
            size=wish.size if wish.size is not None else known.size,
            format=known.format or wish.format,
            backing=known.backing or wish.backing,
        )


def _apply(hypervisor: Hypervisor, timeout: float, work: Work) -> None:
    plan = work.plan
    if work.current is None:
        raise MachineNotFound(
            f"machine {work.wish.description.name} was made and is not there any more",
            where=hypervisor.uri,
            remedy="run this again",
        )
    if work.is_new:
        changes, waiting = _changes(hypervisor, work, work.current)
        plan = plan_machine(work.current, work.wish, changes, waiting)
    taken: list[Step] = []
    apply = partial(
        hypervisor.apply,
        work.current,
        timeout=timeout,
        force=work.wish.desired.force,
        taken=taken,
    )
    try:
        apply(plan)
    except (MachineNotFound, OperationFailed):
        # Somebody else may have had the same wish at the same time.
        if not _done_by_others(hypervisor, work, apply):
            raise
    finally:
        for step in taken:
            _note(work, step)
    if work.is_removal:
        work.current = None
    if not work.is_new:
        # Nothing was changed where others did it all.
        work.plan = (
            replace(plan, steps=tuple(work.taken))
            if work.taken
            else Plan(kept=plan.kept, waiting=plan.waiting)
        )


def _done_by_others(
    hypervisor: Hypervisor, work: Work, apply: Callable[[Plan], None]
) -> bool:
    try:
        now = hypervisor.find_uuid(str(work.uuid), detail=work.detail)
    except MachineNotFound:
        if not work.is_removal:
            return False
        disks = tuple(step for step in work.plan.steps if step.action == REMOVE_DISK)
        apply(replace(work.plan, steps=disks))
        return True
    if work.is_removal:
        return False
    try:
        return not plan_machine(now, work.wish, *_changes(hypervisor, work, now))
    except PlanRefused:
        return False


def _verify(hypervisor: Hypervisor, work: Work) -> None:
    """See that the machine is as it was described, now that it was read again.

    Raises:
        OperationFailed: The hypervisor took a value and did not keep it.
    """
    if work.current is None:
        return  # a transient one that was switched off
    left, _waiting = _changes(hypervisor, work, work.current)
    if work.wish.apply == APPLY_NEXT_START and work.current.is_active:
        left = tuple(change for change in left if change.kept)
    if left:
        raise OperationFailed(
            f"machine {work.current.name} was changed, but the host did not keep "
            + ", ".join(change.words for change in left),
            where=hypervisor.uri,
            remedy="look at it with hypervisor.connect.vm_info, and run this again",
        )


def _removal(storage: _Storage, current: VirtualMachine, desired: Desired) -> Plan:
    plan = plan_vm(current, desired)
    has_nvram = current.os is not None and current.os.nvram is not None
    if not (desired.remove_disks or has_nvram):
        return plan
    found = storage(images=desired.remove_disks)
    nvram = shared_nvram(current, found)
    if not desired.remove_disks:
        return plan_vm(current, desired, kept_nvram=nvram)
    removable, kept = removable_disks(current, found, storage.promised)
    return plan_vm(current, desired, removable=removable, kept=kept, kept_nvram=nvram)
