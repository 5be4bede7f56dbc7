#!/usr/bin/python
# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of a machine: taken, gone back to, removed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: snapshot
short_description: Keep the state of a virtual machine, go back to it, and forget it
version_added: 0.1.0
description:
  - Takes, restores and removes the snapshots of a machine (checkpoints on Hyper-V).
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
  snapshot:
    description: The snapshot's name.
    type: str
    required: true
  state:
    description:
      - V(present) takes the snapshot unless the machine has one of that name.
      - V(absent) removes it. What was written since stays.
      - V(reverted) brings the machine back to it, on each run, since nobody can tell whether anything was written since. What was
        written since is lost. The machine is then in the state that the snapshot has kept, on or off.
    type: str
    choices: [present, absent, reverted]
    default: present
  description:
    description: A note about a snapshot that is taken, on libvirt. A checkpoint of Hyper-V keeps the machine's.
    type: str
  memory:
    description:
      - Whether a snapshot of a machine that is on keeps its memory, so that it goes on there. By default it does on libvirt, and
        as the machine's C(checkpoint_type) says on Hyper-V.
    type: bool
  quiesce:
    description: Whether the guest is asked to bring its file systems into order first. It needs the guest's agent on libvirt.
    type: bool
    default: false
  external:
    description: Whether the disks go on in new image files, on libvirt. By default the driver chooses.
    type: bool
  children:
    description: Whether O(state=absent) removes the snapshots that build on it, too.
    type: bool
    default: false
seealso:
  - module: hypervisor.connect.snapshot_info
"""

EXAMPLES = r"""
- name: Keep the state of a machine before something is tried
  hypervisor.connect.snapshot:
    name: web1
    snapshot: before

- name: Go back to it
  hypervisor.connect.snapshot:
    name: web1
    snapshot: before
    state: reverted

- name: Forget it
  hypervisor.connect.snapshot:
    name: web1
    snapshot: before
    state: absent
"""

RETURN = r"""
snapshots:
  description: The machine's snapshots afterwards, or as they are in check mode, as RV(hypervisor.connect.snapshot_info#module:snapshots).
  type: list
  elements: dict
  returned: success
vm:
  description: The machine's name, UUID and state afterwards.
  type: dict
  returned: success
  sample: {name: test, uuid: 6695eb01-f6a4-8304-79aa-97f2502e193f, state: running}
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.description import (
    SnapshotWish,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    AmbiguousName,
    Hypervisor,
    OperationFailed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    FULL,
    VirtualMachine,
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


def run(
    hypervisor: Hypervisor, options: Mapping[str, Any], check_mode: bool
) -> dict[str, Any]:
    """Read the machine's snapshots, and take, restore or remove one."""
    if not options["snapshot"].strip():
        raise HypervisorConnectError("snapshot is empty", remedy="name a snapshot")
    vm = machine_of(hypervisor, options, detail=FULL)
    names = [one.name for one in vm.snapshots or ()]
    name, state = options["snapshot"], options["state"]
    if names.count(name) > 1:
        raise AmbiguousName(
            f"machine {vm.name} has {names.count(name)} snapshots named {name}",
            where=hypervisor.uri,
            remedy="rename all but one with the hypervisor's own tools",
        )
    if state == "reverted" and name not in names:
        raise OperationFailed(
            f"machine {vm.name} has no snapshot {name}",
            where=hypervisor.uri,
            remedy=f"it has {', '.join(names)}" if names else "it has none",
        )
    gone = _gone(vm, name, children=options["children"]) if state == "absent" else ()
    changed = {"present": name not in names, "absent": bool(gone)}.get(state, True)
    after = [one for one in names if one not in gone]
    if state == "present" and changed:
        after.append(name)
    wish = SnapshotWish(
        name,
        options["description"],
        options["memory"],
        options["quiesce"],
        options["external"],
    )
    if changed and state == "present":
        hypervisor.check_snapshot(vm, wish)
    if changed and not check_mode:
        _act(hypervisor, vm, options, wish)
        vm = hypervisor.find_uuid(vm.uuid, detail=FULL)
        if state != "reverted":
            _check_kept(hypervisor, vm, after)
    sides: tuple[dict[str, Any], dict[str, Any]] = (
        {"snapshots": names},
        {"snapshots": after},
    )
    if state == "reverted":
        sides = ({"reverted_to": None}, {"reverted_to": name})
    return {
        "changed": changed,
        "diff": {"before": sides[0], "after": sides[1]},
        "snapshots": [asdict(one) for one in vm.snapshots or ()],
        "vm": {"name": vm.name, "uuid": vm.uuid, "state": vm.state},
    }


def _gone(vm: VirtualMachine, name: str, *, children: bool) -> set[str]:
    """The snapshots that a removal takes away."""
    snapshots = vm.snapshots or ()
    gone = {one.name for one in snapshots if one.name == name}
    while children:
        more = {one.name for one in snapshots if one.parent in gone} - gone
        if not more:
            break
        gone |= more
    return gone


def _act(
    hypervisor: Hypervisor,
    vm: VirtualMachine,
    options: Mapping[str, Any],
    wish: SnapshotWish,
) -> None:
    if options["state"] == "reverted":
        hypervisor.revert_to_snapshot(vm, wish.name)
    elif options["state"] == "absent":
        hypervisor.remove_snapshot(vm, wish.name, children=options["children"])
    else:
        hypervisor.create_snapshot(vm, wish)


def _check_kept(hypervisor: Hypervisor, vm: VirtualMachine, after: list[str]) -> None:
    found = [one.name for one in vm.snapshots or ()]
    if sorted(found) != sorted(after):
        raise OperationFailed(
            f"machine {vm.name} has the snapshots {found} and not {after}",
            where=hypervisor.uri,
            remedy="look at it with hypervisor.connect.snapshot_info, and run this again",
        )


TASK = Task(
    run=run,
    options={
        **ONE_MACHINE,
        "snapshot": {"type": "str", "required": True},
        "state": {
            "type": "str",
            "choices": ["present", "absent", "reverted"],
            "default": "present",
        },
        "description": {"type": "str"},
        "memory": {"type": "bool"},
        "quiesce": {"type": "bool", "default": False},
        "external": {"type": "bool"},
        "children": {"type": "bool", "default": False},
    },
    rules=ONE_MACHINE_RULES,
)


def main() -> None:
    """Run as an ordinary module."""
    run_module(TASK)


if __name__ == "__main__":
    main()
