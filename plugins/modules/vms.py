#!/usr/bin/python
# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any number of virtual machines in one task."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vms
short_description: Make, change, start, stop and remove any number of virtual machines
version_added: 0.1.0
description:
  - Does what M(hypervisor.connect.vm) does, for many machines of one hypervisor in one task.
  - All machines are read with the same few questions, several are changed at a time, and what was done is read again at
    once. One that fails does not stop the others.
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
  names:
    description: The names of machines that are all to be as the other options say.
    type: list
    elements: str
  machines:
    description:
      - Machines with what is their own, each a dictionary of the options of M(hypervisor.connect.vm).
      - What a machine does not name itself it has from the options of the task.
    type: list
    elements: dict
  throttle:
    description: How many machines are worked on at a time.
    type: int
    default: 10
  state:
    description: See O(hypervisor.connect.vm#module:state).
    type: str
    choices: [present, absent, running, stopped, paused, saved, restarted, reset]
    default: present
  force:
    description: See O(hypervisor.connect.vm#module:force).
    type: bool
    default: false
  autostart:
    description: See O(hypervisor.connect.vm#module:autostart).
    type: bool
  remove_disks:
    description: See O(hypervisor.connect.vm#module:remove_disks).
    type: bool
    default: false
seealso:
  - module: hypervisor.connect.vm
"""

EXAMPLES = r"""
- name: Have three machines of a kind, and one that differs
  hypervisor.connect.vms:
    uri: test:///default
    names: [web1, web2, web3]
    machines:
      - {name: db1, memory: 1GiB}
    state: running
    vcpus: 2
    memory: 512MiB

- name: Remove them
  hypervisor.connect.vms:
    uri: test:///default
    names: [web1, web2, web3, db1]
    state: absent
    force: true
"""

RETURN = r"""
results:
  description: One entry for each machine, in the order in which they were named.
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: Its name, or its UUID where only that was given.
      type: str
      returned: always
      sample: web1
    changed:
      description: Whether it was changed.
      type: bool
      returned: always
      sample: true
    failed:
      description: Whether something went wrong with it.
      type: bool
      returned: always
      sample: false
    msg:
      description: What went wrong.
      type: str
      returned: on failure
      sample: "hyperv://host/: image D:\\a.vhdx is not there; correct its path, or name a size, with which it is made."
    error:
      description: What the hypervisor itself said.
      type: dict
      returned: on failure, where it said something
    actions:
      description: What was done, or would be in check mode, in its order.
      type: list
      elements: str
      returned: always
      sample: [change vcpus, start]
    restart_needed:
      description: What was changed and takes effect with the next start only.
      type: list
      elements: str
      returned: unless it was to be removed
      sample: []
    kept:
      description: The images and files that were to go and stay, each with the reason.
      type: list
      elements: str
      returned: where it was to be removed
      sample: []
    vm:
      description: The machine afterwards, in the form of RV(hypervisor.connect.vm_info#module:vms); null where it is gone.
      type: dict
      returned: always
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    Hypervisor,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.machine_options import (
    DESCRIPTION,
    MACHINE,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.machines import (
    Tell,
    settle_all,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.runner import (
    Task,
    run_module,
)


def run(
    hypervisor: Hypervisor,
    options: Mapping[str, Any],
    check_mode: bool,
    tell: Tell = lambda _sentence: None,
) -> dict[str, Any]:
    """Read all machines, plan, apply, and read them again."""
    return settle_all(hypervisor, options, check_mode=check_mode, tell=tell)


TASK = Task(
    run=run,
    options={
        "names": {"type": "list", "elements": "str"},
        "machines": {"type": "list", "elements": "dict"},
        "throttle": {"type": "int", "default": 10},
        **{
            name: spec for name, spec in MACHINE.items() if name not in ("name", "uuid")
        },
        **DESCRIPTION,
    },
    rules={"required_one_of": [("names", "machines")]},
    tells=True,
)


def main() -> None:
    """Run as an ordinary module."""
    run_module(TASK)


if __name__ == "__main__":
    main()
