#!/usr/bin/python
# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about a hypervisor host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: Read what a hypervisor host is and can do
version_added: 0.1.0
description:
  - Reads a hypervisor host by its connection URI. Which hypervisor it is, its versions, processors and memory, how safe the
    connection to it is, and its capabilities as data.
author: hypervisor.connect contributors (@hypervisor-connect)
extends_documentation_fragment:
  - hypervisor.connect.hypervisor
  - hypervisor.connect.hypervisor.attributes
attributes:
  check_mode:
    support: full
    details: Changes nothing.
  diff_mode:
    support: N/A
    details: Changes nothing.
seealso:
  - module: hypervisor.connect.vm_info
"""

EXAMPLES = r"""
- name: Read the libvirt test host
  hypervisor.connect.host_info:
    uri: test:///default
  register: hypervisor

- name: Print its name and version
  ansible.builtin.debug:
    msg: "{{ hypervisor.host.hostname }} runs {{ hypervisor.host.hypervisor_type }}"
"""

RETURN = r"""
host:
  description: The host.
  type: dict
  returned: success
  contains:
    uri:
      description: The connection URI as it was opened, without secrets.
      type: str
      returned: success
      sample: qemu+ssh://root@kvm1.example.com/system
    driver:
      description: The driver, which is the URI's scheme without its transport.
      type: str
      returned: success
      sample: qemu
    hostname:
      description: The host's name for itself.
      type: str
      returned: success
      sample: kvm1.example.com
    hypervisor_type:
      description: The hypervisor's name, as libvirt has it.
      type: str
      returned: success
      sample: QEMU
    hypervisor_version:
      description: The hypervisor's version, or null where the driver does not tell it.
      type: dict
      returned: success
      contains: &version
        version:
          description: As its maker writes it.
          type: str
          returned: success
          sample: 7.2.22
        packed:
          description: As the one number that libvirt's functions return.
          type: int
          returned: success
          sample: 7002022
        libvirt:
          description: As C(virsh version) prints that number, which differs for Hyper-V only.
          type: str
          returned: success
          sample: 7.2.22
    libvirt_version:
      description: The version of the libvirt that answered.
      type: dict
      returned: success
      contains: *version
    cpu:
      description: The processors.
      type: dict
      returned: success
      contains:
        model:
          description: Their model or architecture.
          type: str
          returned: success
          sample: x86_64
        cpus:
          description: How many are active, threads included.
          type: int
          returned: success
          sample: 16
        mhz:
          description: Their clock rate in MHz, or null.
          type: int
          returned: success
          sample: 2400
        nodes:
          description: NUMA nodes.
          type: int
          returned: success
          sample: 1
        sockets:
          description: Sockets per node.
          type: int
          returned: success
          sample: 1
        cores:
          description: Cores per socket.
          type: int
          returned: success
          sample: 8
        threads:
          description: Threads per core.
          type: int
          returned: success
          sample: 2
    memory:
      description: Memory in bytes.
      type: int
      returned: success
      sample: 68719476736
    encrypted:
      description: Whether the connection is encrypted.
      type: bool
      returned: success
      sample: true
    secure:
      description: Whether the connection is encrypted, or does not leave the machine.
      type: bool
      returned: success
      sample: true
    alive:
      description: Whether the connection still stands.
      type: bool
      returned: success
      sample: true
    capabilities:
      description: What the host can do. RV(host.capabilities.guests) lists the kinds of guests with their machine types.
      type: dict
      returned: success
      contains:
        host:
          description: UUID, architecture, processor features, migration transports and security models.
          type: dict
          returned: success
        guests:
          description: Each kind of guest, with os_type, arch, wordsize, emulator, domain_types, machines and features.
          type: list
          elements: dict
          returned: success
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    Hypervisor,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.runner import (
    Task,
    run_module,
)


def run(
    hypervisor: Hypervisor, _options: Mapping[str, Any], _check_mode: bool
) -> dict[str, Any]:
    """Read the host."""
    return {"changed": False, "host": hypervisor.host_info().as_result()}


TASK = Task(run=run)


def main() -> None:
    """Run as an ordinary module."""
    run_module(TASK)


if __name__ == "__main__":
    main()
