#!/usr/bin/python
# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual machine, from nothing to gone."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vm
short_description: Make, change, start, stop and remove a virtual machine
version_added: 0.1.0
description:
  - Makes a machine as it is described, on Hyper-V and on libvirt with the same words, and brings it into a state.
  - What isn't named is left as it is. A machine that does not exist is made where anything of it is described.
  - What would lose data is refused unless O(force=true), before anything was done.
author: hypervisor.connect contributors (@hypervisor-connect)
extends_documentation_fragment:
  - hypervisor.connect.hypervisor
  - hypervisor.connect.machine
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
    description:
      - The machine's UUID, which is unique where names are not.
      - With O(name) as well, it says which machine is meant, and O(name) what it is to be called.
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
- name: Have a machine with two processors
  hypervisor.connect.vm:
    uri: test:///default
    name: web1
    state: running
    vcpus: 2
    memory: 512MiB

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
restart_needed:
  description: What was changed and takes effect with the next start only.
  type: list
  elements: str
  returned: unless O(state=absent)
  sample: [cpu.topology]
actions:
  description:
    - What was done, or would be in check mode, in its order. With a failure, what was done before it.
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

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    Hypervisor,
    MachineNotFound,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.machine import (
    Work,
    find,
    look_at_images,
    settle,
    wish_of,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.machine_options import (
    DESCRIPTION,
    MACHINE,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.runner import (
    Task,
    run_module,
)


def run(
    hypervisor: Hypervisor, options: Mapping[str, Any], check_mode: bool
) -> dict[str, Any]:
    """Read the machine, plan, apply, and read it again."""
    wish = wish_of(options)
    work = Work(wish, find(hypervisor, wish))
    look_at_images(hypervisor, [work])

    def read(_works: object) -> None:
        try:
            work.current = hypervisor.find_uuid(str(work.uuid), detail=work.detail)
        except MachineNotFound:
            work.current = None

    def each(works: Iterable[Work], phase: Callable[[Work], None], _word: str) -> None:
        for one in works:
            try:
                phase(one)
            except HypervisorConnectError as error:
                error.done = tuple(step.words for step in one.taken)
                raise

    settle(
        hypervisor,
        [work],
        read=read,
        each=each,
        timeout=options["timeout"],
        check_mode=check_mode,
    )
    return work.as_result()


TASK = Task(
    run=run,
    options={**MACHINE, **DESCRIPTION},
    rules={"required_one_of": [("name", "uuid")]},
)


def main() -> None:
    """Run as an ordinary module."""
    run_module(TASK)


if __name__ == "__main__":
    main()
