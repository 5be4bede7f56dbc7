#!/usr/bin/python
# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine shows on its screen."""

from __future__ import annotations

DOCUMENTATION = r"""
module: screenshot
short_description: Write what a virtual machine shows into a file
version_added: 0.1.0
description:
  - Takes a picture of the screen of a running machine and writes it to a file where the module runs, which is the controller for
    a host with a local connection.
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
  dest:
    description: The file to write. One that is there is replaced as a whole.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Look at a machine
  hypervisor.connect.screenshot:
    name: web1
    dest: /tmp/screen.png
"""

RETURN = r"""
dest:
  description: The file.
  type: str
  returned: success
  sample: /tmp/screen.png
mime_type:
  description: What it holds.
  type: str
  returned: success
  sample: image/png
width:
  description: In pixels.
  type: int
  returned: success
  sample: 640
height:
  description: In pixels.
  type: int
  returned: success
  sample: 480
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    Hypervisor,
    OperationFailed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    PAUSED,
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


def run(
    hypervisor: Hypervisor, options: Mapping[str, Any], check_mode: bool
) -> dict[str, Any]:
    """Take the picture and write it where it differs from the file."""
    vm = machine_of(hypervisor, options)
    if vm.state not in (RUNNING, PAUSED):
        raise OperationFailed(
            f"machine {vm.name} is {vm.state} and shows nothing",
            where=hypervisor.uri,
            remedy="start it first",
        )
    picture = hypervisor.screenshot(vm)
    dest = Path(options["dest"])
    try:
        changed = not dest.is_file() or dest.read_bytes() != picture.data
        if changed and not check_mode:
            beside = dest.with_name(f".{dest.name}.new")
            beside.write_bytes(picture.data)
            beside.replace(dest)
    except OSError as error:
        raise HypervisorConnectError(
            f"dest can't be written: {error.strerror or error}",
            where=str(dest),
            remedy="name a file in a folder that is there and may be written to",
        ) from error
    return {
        "changed": changed,
        "dest": str(dest),
        "mime_type": picture.mime_type,
        "width": picture.width,
        "height": picture.height,
    }


TASK = Task(
    run=run,
    options={
        **ONE_MACHINE,
        "dest": {"type": "path", "required": True},
    },
    rules=ONE_MACHINE_RULES,
)


def main() -> None:
    """Run as an ordinary module."""
    run_module(TASK)


if __name__ == "__main__":
    main()
