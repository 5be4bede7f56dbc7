#!/usr/bin/python
# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The snapshots of machines."""

from __future__ import annotations

DOCUMENTATION = r"""
module: snapshot_info
short_description: List the snapshots of virtual machines
version_added: 0.1.0
description:
  - Lists the snapshots (checkpoints on Hyper-V) of some or all machines of a hypervisor.
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
  names:
    description: Names or UUIDs of machines. By default all.
    type: list
    elements: str
seealso:
  - module: hypervisor.connect.snapshot
"""

EXAMPLES = r"""
- name: List the snapshots of a machine
  hypervisor.connect.snapshot_info:
    uri: test:///default
    names: [web1]
  register: kept
"""

RETURN = r"""
snapshots:
  description: The snapshots, those of one machine after those of the other, the oldest first.
  type: list
  elements: dict
  returned: success
  contains:
    vm:
      description: The machine's name.
      type: str
      returned: success
      sample: web1
    uuid:
      description: The machine's UUID.
      type: str
      returned: success
      sample: 6695eb01-f6a4-8304-79aa-97f2502e193f
    name:
      description: The snapshot's name.
      type: str
      returned: success
      sample: before
    parent:
      description: The snapshot that it builds on, or null.
      type: str
      returned: success
      sample: null
    created:
      description: When it was taken, in ISO 8601.
      type: str
      returned: success
      sample: "2026-11-21T10:00:00+00:00"
    state:
      description: The state that it has kept; V(disk-only) is one without memory of a machine that was on.
      type: str
      returned: success
      sample: running
    current:
      description: Whether the machine goes on from it.
      type: bool
      returned: success
      sample: true
    description:
      description: The note about it, or null.
      type: str
      returned: success
      sample: null
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    Hypervisor,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    FULL,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.runner import (
    Task,
    run_module,
)


def run(
    hypervisor: Hypervisor, options: Mapping[str, Any], check_mode: bool
) -> dict[str, Any]:
    """Read the machines in full, and tell their snapshots."""
    del check_mode  # nothing is changed
    machines = hypervisor.list_vms(options["names"], detail=FULL)
    return {
        "changed": False,
        "snapshots": [
            {"vm": vm.name, "uuid": vm.uuid, **asdict(snapshot)}
            for vm in machines
            for snapshot in vm.snapshots or ()
        ],
    }


TASK = Task(run=run, options={"names": {"type": "list", "elements": "str"}})


def main() -> None:
    """Run as an ordinary module."""
    run_module(TASK)


if __name__ == "__main__":
    main()
