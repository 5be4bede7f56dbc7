#!/usr/bin/python
# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys pressed on the keyboard of a machine."""

from __future__ import annotations

DOCUMENTATION = r"""
module: send_key
short_description: Press keys on the keyboard of a virtual machine
version_added: 0.1.0
description:
  - Presses keys of a running machine, all at once, holds them and lets them go.
  - It does so on each run, so it always reports a change.
author: hypervisor.connect contributors (@hypervisor-connect)
extends_documentation_fragment:
  - hypervisor.connect.hypervisor
  - hypervisor.connect.hypervisor.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  name:
    description: The machine's name, or its UUID where no machine has that name.
    type: str
  uuid:
    description: The machine's UUID, which is unique where names are not.
    type: str
  keys:
    description: The keys, by the names of Linux, as C(virsh send-key) takes them.
    type: list
    elements: str
    required: true
  hold:
    description: Milliseconds to hold them.
    type: int
    default: 50
"""

EXAMPLES = r"""
- name: Press Ctrl, Alt and Del
  hypervisor.connect.send_key:
    name: web1
    keys: [KEY_LEFTCTRL, KEY_LEFTALT, KEY_DELETE]
"""

RETURN = r"""
pressed:
  description: The keys that were pressed, or would be in check mode.
  type: list
  elements: str
  returned: success
  sample: [KEY_LEFTCTRL, KEY_LEFTALT, KEY_DELETE]
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    Hypervisor,
    OperationFailed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    RUNNING,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.machine import (
    machine_of,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.machine_options import (
    ONE_MACHINE,
    ONE_MACHINE_RULES,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.runner import (
    Task,
    run_module,
)

#: virDomainSendKey takes no more (VIR_DOMAIN_SEND_KEY_MAX_KEYS).
MOST_KEYS = 16
LONGEST_HOLD = 60_000  # milliseconds


def run(
    hypervisor: Hypervisor, options: Mapping[str, Any], check_mode: bool
) -> dict[str, Any]:
    """Press the keys of a running machine."""
    keys = options["keys"]
    if not 1 <= len(keys) <= MOST_KEYS:
        raise HypervisorConnectError(
            f"keys names {len(keys)} keys", remedy=f"name 1 to {MOST_KEYS}"
        )
    if not 0 <= options["hold"] <= LONGEST_HOLD:
        raise HypervisorConnectError(
            f"hold is {options['hold']}",
            remedy=f"give it in milliseconds, up to {LONGEST_HOLD}",
        )
    vm = machine_of(hypervisor, options)
    if vm.state != RUNNING:
        raise OperationFailed(
            f"machine {vm.name} is {vm.state} and takes no keys",
            where=hypervisor.uri,
            remedy="start it first",
        )
    hypervisor.check_keys(keys)
    if not check_mode:
        hypervisor.send_keys(vm, keys, options["hold"])
    return {"changed": True, "pressed": keys}


TASK = Task(
    run=run,
    options={
        **ONE_MACHINE,
        "keys": {"type": "list", "elements": "str", "required": True, "no_log": False},
        "hold": {"type": "int", "default": 50},
    },
    rules=ONE_MACHINE_RULES,
)


def main() -> None:
    """Run as an ordinary module."""
    run_module(TASK)


if __name__ == "__main__":
    main()
