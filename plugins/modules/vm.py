#!/usr/bin/python
# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a virtual machine."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vm
short_description: Start, stop and remove a virtual machine
version_added: 0.1.0
description:
  - Brings a machine that exists into a state, and keeps it there.
  - What would lose data is refused unless O(force=true), before anything was done.
author: hypervisor.connect contributors (@hypervisor-connect)
extends_documentation_fragment:
  - hypervisor.connect.hypervisor
  - hypervisor.connect.hypervisor.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  name:
    description: The machine's name, or its UUID where no machine has that name.
    type: str
  uuid:
    description: The machine's UUID, which is unique where names are not.
    type: str
  state:
    description:
      - V(present) looks that the machine exists and leaves its state alone.
      - V(running) starts it, resumes it, wakes it up, or goes on from its saved state.
      - V(stopped) asks the guest to shut down and waits O(timeout) seconds for it. A paused machine is resumed first, since
        it could not hear the question, and paused again where it does not shut down in time. A saved machine would lose its
        saved state, which takes O(force=true).
      - V(paused) stops its processors. A machine that is off is started without letting them run.
      - V(saved) keeps its memory on the host's disk and switches it off. Its next start goes on from there.
      - V(absent) removes its definition with its UEFI variables, TPM state, saved memory and the records of its snapshots. A
        file of UEFI variables that another machine uses stays, and RV(kept) lists it. A machine that is not off, or that is
        saved, is refused unless O(force=true), which switches it off and throws its saved memory away.
      - V(restarted) shuts the guest down, waits O(timeout) seconds for it and starts it again, on each run. A machine that is
        off is started. A transient machine is told to restart itself, as it would be gone once it is off.
      - V(reset) restarts it at once, without asking the guest, on each run.
    type: str
    choices: [present, absent, running, stopped, paused, saved, restarted, reset]
    default: present
  force:
    description:
      - Allow what may lose data. A guest that does not shut down in O(timeout) seconds is switched off, a machine that runs
        is removed, a saved state is thrown away, a crashed machine that was kept for a look at it is switched off.
    type: bool
    default: false
  autostart:
    description: Whether the machine starts with its host. By default this is left as it is.
    type: bool
  remove_disks:
    description:
      - With O(state=absent), also delete the machine's disk images, after its definition.
      - Images stay that another machine uses or builds on, those of CD-ROM and floppy drives, read-only and shared ones, those
        under another image, and those that no active storage pool of the host knows. RV(kept) lists them with the reason.
      - All of them stay where another machine has a disk, or another image builds on one, that no active storage pool knows,
        since what that one builds on can't be seen. Define and start a pool for its folder first.
      - The storage pools are refreshed before this is decided, in check mode, too.
    type: bool
    default: false
seealso:
  - module: hypervisor.connect.vm_info
"""

EXAMPLES = r"""
- name: See that a machine runs, and that it will after the next start of its host
  hypervisor.connect.vm:
    uri: test:///default
    name: test
    state: running
    autostart: true

- name: Shut it down, with two minutes for its guest, and switch it off if that is not enough
  hypervisor.connect.vm:
    uri: test:///default
    name: test
    state: stopped
    timeout: 120
    force: true

- name: Remove it, and leave its disks
  hypervisor.connect.vm:
    uri: test:///default
    name: test
    state: absent
    force: true
"""

RETURN = r"""
actions:
  description:
    - What was done, or would be in check mode, in its order.
    - Where a guest did not shut down in time and was switched off, V(power_off) follows V(shut_down).
  type: list
  elements: str
  returned: success
  sample: [shut_down]
kept:
  description: The disk images and the file of UEFI variables that were to go and stay, each with the reason.
  type: list
  elements: str
  returned: when O(state=absent)
  sample: ["/var/lib/libvirt/images/debian.iso stays: it is a cdrom image"]
vm:
  description: The machine afterwards, or as it is in check mode; null where it is gone.
  type: dict
  returned: success
  contains:
    name:
      description: Its name.
      type: str
      returned: success
      sample: web1
    uuid:
      description: Its UUID.
      type: str
      returned: success
      sample: 6695eb01-f6a4-8304-79aa-97f2502e193f
    id:
      description: The number that the hypervisor gave to the live machine, or null.
      type: int
      returned: success
      sample: 1
    state:
      description:
        - What it is doing. V(crashed), V(suspended) (by its guest) and V(stopping) are found, never asked for.
      type: str
      returned: success
      sample: running
    reason:
      description: Why it is in that state, in the hypervisor's words, or null where that was not asked.
      type: str
      returned: success
      sample: booted
    vcpus:
      description: Virtual processors, or null where the driver does not tell them for all machines at once.
      type: int
      returned: success
      sample: 2
    vcpus_max:
      description: How many it can be given while it runs, or null where that was not read.
      type: int
      returned: success
      sample: 4
    memory:
      description: Memory in bytes that it has now, or null where the driver does not tell it for all machines at once.
      type: int
      returned: success
      sample: 4294967296
    memory_max:
      description: Memory in bytes that it can be given while it runs, or null where that was not read.
      type: int
      returned: success
      sample: 4294967296
    autostart:
      description: Whether it starts with its host, or null where the hypervisor can't do that.
      type: bool
      returned: success
      sample: false
    persistent:
      description: Whether it is still there when it is off.
      type: bool
      returned: success
      sample: true
    managed_save:
      description: Whether its memory is saved, so that its next start goes on from there.
      type: bool
      returned: success
      sample: false
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    Hypervisor,
    MachineNotFound,
    OperationFailed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.plan import (
    ABSENT,
    PRESENT,
    REMOVE_DISK,
    RESET,
    RESTARTED,
    Desired,
    Plan,
    PlanRefused,
    Step,
    plan_vm,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.storage import (
    removable_disks,
    shared_nvram,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    FULL,
    PAUSED,
    RUNNING,
    SAVED,
    STOPPED,
    SUMMARY,
    VirtualMachine,
    canonical_uuid,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.runner import (
    Task,
    run_module,
)


def run(
    hypervisor: Hypervisor, options: Mapping[str, Any], check_mode: bool
) -> dict[str, Any]:
    """Read the machine, plan, apply, and read it again."""
    desired = Desired(
        state=options["state"],
        autostart=options["autostart"],
        force=options["force"],
        remove_disks=options["remove_disks"],
    )
    detail = FULL if desired.state == ABSENT else SUMMARY
    try:
        current = _find(hypervisor, options, detail)
    except MachineNotFound:
        if desired.state != ABSENT:
            raise
        return _result(Plan(), None, desired)
    try:
        plan = _plan(hypervisor, current, desired)
    except PlanRefused as refused:
        refused.where = hypervisor.uri
        raise
    if not plan or check_mode:
        return _result(plan, current, desired)
    taken: list[Step] = []
    apply = partial(
        hypervisor.apply,
        current,
        timeout=options["timeout"],
        force=desired.force,
        taken=taken,
    )
    try:
        apply(plan)
    except (MachineNotFound, OperationFailed):
        # Somebody else may have had the same wish at the same time.
        rest = _rest(plan, _read_again(hypervisor, current), desired)
        if rest is None:
            raise
        apply(rest)
    # Nothing was changed where others did it all.
    plan = replace(plan, steps=tuple(taken)) if taken else Plan(kept=plan.kept)
    return _result(plan, _read_again(hypervisor, current), desired)


def _find(
    hypervisor: Hypervisor, options: Mapping[str, Any], detail: str
) -> VirtualMachine:
    if options["name"] == "":
        raise HypervisorConnectError("name is empty", remedy="name a machine")
    if options["uuid"] is None:
        return hypervisor.find_vm(options["name"], detail=detail)
    uuid = canonical_uuid(options["uuid"])
    if uuid is None:
        raise HypervisorConnectError(
            f"uuid is '{options['uuid']}', which is no UUID",
            remedy="write it as in 6695eb01-f6a4-8304-79aa-97f2502e193f, or use name",
        )
    return hypervisor.find_uuid(uuid, detail=detail)


def _plan(hypervisor: Hypervisor, current: VirtualMachine, desired: Desired) -> Plan:
    plan = plan_vm(current, desired)
    has_nvram = current.os is not None and current.os.nvram is not None
    if desired.state != ABSENT or not (desired.remove_disks or has_nvram):
        return plan
    storage = hypervisor.storage(images=desired.remove_disks)
    nvram = shared_nvram(current, storage)
    if not desired.remove_disks:
        return plan_vm(current, desired, kept_nvram=nvram)
    removable, kept = removable_disks(current, storage)
    return plan_vm(current, desired, removable=removable, kept=kept, kept_nvram=nvram)


def _read_again(
    hypervisor: Hypervisor, current: VirtualMachine
) -> VirtualMachine | None:
    try:
        return hypervisor.find_uuid(current.uuid)
    except MachineNotFound:
        return None


def _rest(plan: Plan, now: VirtualMachine | None, desired: Desired) -> Plan | None:
    """What is left to do where a step failed; None where the wish is not fulfilled."""
    if now is None:
        disks = tuple(step for step in plan.steps if step.action == REMOVE_DISK)
        return replace(plan, steps=disks) if desired.state == ABSENT else None
    try:
        return None if plan_vm(now, desired) else Plan()
    except PlanRefused:
        return None


def _result(plan: Plan, vm: VirtualMachine | None, desired: Desired) -> dict[str, Any]:
    result: dict[str, Any] = {
        "changed": bool(plan),
        "actions": plan.actions,
        "diff": plan.as_diff(),
        "vm": vm.as_result() if vm is not None else None,
    }
    if desired.state == ABSENT:
        result["kept"] = list(plan.kept)
    return result


TASK = Task(
    run=run,
    options={
        "name": {"type": "str"},
        "uuid": {"type": "str"},
        "state": {
            "type": "str",
            "choices": [
                PRESENT,
                ABSENT,
                RUNNING,
                STOPPED,
                PAUSED,
                SAVED,
                RESTARTED,
                RESET,
            ],
            "default": PRESENT,
        },
        "force": {"type": "bool", "default": False},
        "autostart": {"type": "bool"},
        "remove_disks": {"type": "bool", "default": False},
    },
    rules={
        "mutually_exclusive": [("name", "uuid")],
        "required_one_of": [("name", "uuid")],
    },
)


def main() -> None:
    """Run as an ordinary module."""
    run_module(TASK)


if __name__ == "__main__":
    main()
