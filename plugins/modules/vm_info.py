#!/usr/bin/python
# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about the machines of a hypervisor."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vm_info
short_description: List the virtual machines of a hypervisor
version_added: 0.1.0
description:
  - Reads all machines of a hypervisor, or those named.
  - All machines together cost the same few questions as one, however many there are, as long as their definitions are not
    asked for.
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
options:
  name:
    description:
      - Names or UUIDs of the machines to read. By default all.
      - Those that do not exist are listed in RV(missing), and are no error.
    type: list
    elements: str
    aliases: [names]
  detail:
    description:
      - How much to read of each machine.
      - V(summary) is what a fixed number of questions answers for all machines. RV(vms[].os), RV(vms[].disks),
        RV(vms[].nics) and RV(vms[].snapshots) are null.
      - V(full) also reads each machine's definition, addresses and snapshots, which takes a few questions for each.
        Where the host answers with something that can't be read, that machine is returned as in V(summary), with a warning.
      - V(auto) is V(full) where machines are named and V(summary) for all.
    type: str
    choices: [auto, summary, full]
    default: auto
  xml:
    description: Return each machine's definition as libvirt writes it, too.
    type: bool
    default: false
seealso:
  - module: hypervisor.connect.vm
  - module: hypervisor.connect.host_info
"""

EXAMPLES = r"""
- name: List all machines of the libvirt test host
  hypervisor.connect.vm_info:
    uri: test:///default
  register: listed

- name: Print the names of those that run
  ansible.builtin.debug:
    msg: "{{ listed.vms | selectattr('state', 'equalto', 'running') | map(attribute='name') }}"

- name: Read one machine with its disks and network interfaces
  hypervisor.connect.vm_info:
    uri: test:///default
    name: test
"""

RETURN = r"""
vms:
  description: The machines, sorted by name.
  type: list
  elements: dict
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
    has_snapshots:
      description: Whether it has snapshots, or null where that was not asked.
      type: bool
      returned: success
      sample: false
    description:
      description: The free text of its definition, or null.
      type: str
      returned: success
      sample: The web server.
    uptime:
      description: Seconds since it was started, or null where the hypervisor does not tell.
      type: int
      returned: success
      sample: 86400
    addresses:
      description: All known addresses of its network interfaces, or null where they were not read.
      type: list
      elements: str
      returned: success
      sample: [192.168.122.17/24]
    os:
      description: How it starts; null unless its definition was read.
      type: dict
      returned: success
      contains:
        type:
          description: V(hvm) for a full virtual machine, V(exe) for a container and so on.
          type: str
          returned: success
          sample: hvm
        arch:
          description: Architecture.
          type: str
          returned: success
          sample: x86_64
        machine:
          description: Machine type.
          type: str
          returned: success
          sample: pc-q35-7.2
        firmware:
          description: V(bios), V(uefi), V(kernel) where a kernel is started directly, or V(none).
          type: str
          returned: success
          sample: uefi
        secure_boot:
          description: Whether secure boot is on, or null where the definition does not say.
          type: bool
          returned: success
          sample: true
        nvram:
          description: The file with its UEFI variables, or null.
          type: str
          returned: success
          sample: /var/lib/libvirt/qemu/nvram/web1_VARS.fd
        boot:
          description: The kinds of devices that it starts from, in their order.
          type: list
          elements: str
          returned: success
          sample: [disk]
        secure_boot_template:
          description: Whose signatures count, on Hyper-V.
          type: str
          returned: success
          sample: MicrosoftWindows
        tpm:
          description: Whether it has a TPM, or null where that was not read.
          type: bool
          returned: success
          sample: false
        generation:
          description: The generation, V(1) or V(2), on Hyper-V.
          type: int
          returned: success
          sample: 2
        version:
          description: The version of its configuration, on Hyper-V.
          type: str
          returned: success
          sample: "9.0"
    disks:
      description: Its disks and drives; null unless its definition was read.
      type: list
      elements: dict
      returned: success
      contains:
        device:
          description: V(disk), V(cdrom), V(floppy) or V(lun).
          type: str
          returned: success
          sample: disk
        target:
          description: Its name in the machine's definition.
          type: str
          returned: success
          sample: vda
        bus:
          description: What it hangs on.
          type: str
          returned: success
          sample: virtio
        type:
          description: Where its image lies, such as V(file), V(block), V(network) or V(volume).
          type: str
          returned: success
          sample: file
        source:
          description: The image as a path, a network address or C(pool/volume); null for an empty drive.
          type: str
          returned: success
          sample: /var/lib/libvirt/images/web1.qcow2
        format:
          description: The format of the image.
          type: str
          returned: success
          sample: qcow2
        readonly:
          description: Whether the guest can only read it.
          type: bool
          returned: success
          sample: false
        shareable:
          description: Whether it is meant to be shared between machines.
          type: bool
          returned: success
          sample: false
        backing:
          description: The images under it, nearest first, where libvirt knows them.
          type: list
          elements: str
          returned: success
          sample: [/var/lib/libvirt/images/base.qcow2]
        serial:
          description: Its serial number, or null.
          type: str
          returned: success
          sample: WD-WMAP9A966149
    nics:
      description: Its network interfaces; null unless its definition was read.
      type: list
      elements: dict
      returned: success
      contains:
        mac:
          description: MAC address.
          type: str
          returned: success
          sample: 52:54:00:a0:cc:19
        type:
          description: V(network), V(bridge), V(direct) and so on.
          type: str
          returned: success
          sample: network
        source:
          description: The network, bridge or device that it is connected to.
          type: str
          returned: success
          sample: default
        model:
          description: The model of the network card.
          type: str
          returned: success
          sample: virtio
        target:
          description: The host's end of it while the machine runs.
          type: str
          returned: success
          sample: vnet0
        addresses:
          description: Addresses as told by the guest agent, else the network's leases, else the host's ARP table.
          type: list
          elements: str
          returned: success
          sample: [192.168.122.17/24]
        vlan:
          description: The identifier of its VLAN, V(0) for none, or null where that is not known.
          type: int
          returned: success
          sample: 0
        connected:
          description: Whether its cable is plugged in, or null where that is not known.
          type: bool
          returned: success
          sample: true
    snapshots:
      description: Its snapshots; null unless its definition was read.
      type: list
      elements: dict
      returned: success
      contains:
        name:
          description: Its name.
          type: str
          returned: success
          sample: before-upgrade
        parent:
          description: The snapshot that it builds on, or null.
          type: str
          returned: success
          sample: clean
        created:
          description: When it was made, in UTC, as ISO 8601.
          type: str
          returned: success
          sample: "2026-11-21T10:15:00+00:00"
        state:
          description: The machine's state in it, or V(disk-only).
          type: str
          returned: success
          sample: running
        current:
          description: Whether it is the latest on the machine's branch.
          type: bool
          returned: success
          sample: true
        description:
          description: Its free text, or null.
          type: str
          returned: success
          sample: Clean installation.
    cpu:
      description: C(topology), C(mode), C(model) and C(nested) of its processor, in the words of O(hypervisor.connect.vm#module:cpu);
        null unless its definition was read.
      type: dict
      returned: success
      sample: {"topology": null, "mode": "host-model", "model": null, "nested": null}
    dynamic_memory:
      description: Its dynamic memory on Hyper-V, in the words of O(hypervisor.connect.vm#module:dynamic_memory), with sizes in bytes.
      type: dict
      returned: success
      sample: {"enabled": false, "minimum": 536870912, "maximum": 1099511627776, "buffer": 20, "weight": 5000}
    integration_services:
      description: Which integration services of Hyper-V are on, in the words of
        O(hypervisor.connect.vm#module:integration_services).
      type: dict
      returned: success
      sample: {"heartbeat": true, "shutdown": true}
    graphics:
      description: Its screens, in the words of O(hypervisor.connect.vm#module:graphics).
      type: list
      elements: dict
      returned: success
      sample: [{"type": "vnc", "listen": "127.0.0.1", "port": 5900}]
    serials:
      description: Its serial ports, in the words of O(hypervisor.connect.vm#module:serials).
      type: list
      elements: dict
      returned: success
      sample: [{"type": "pty", "path": null}]
    start_action:
      description: What happens to it when its host starts, V(nothing), V(if_running) or V(always); null where that is not known.
      type: str
      returned: success
      sample: always
    start_delay:
      description: Seconds to wait with that.
      type: int
      returned: success
      sample: 0
    stop_action:
      description: What happens to it when its host stops, V(off), V(save) or V(shut_down); null where that is not known.
      type: str
      returned: success
      sample: save
    checkpoint_type:
      description: What a checkpoint keeps, in the words of O(hypervisor.connect.vm#module:checkpoint_type).
      type: str
      returned: success
      sample: production
    xml:
      description: The definition as libvirt writes it, without secrets.
      type: str
      returned: when O(xml) is true
      sample: <domain type='kvm'>...</domain>
missing:
  description: Those of O(name) that are no machine's name or UUID.
  type: list
  elements: str
  returned: success
  sample: []
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    Hypervisor,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    FULL,
    SUMMARY,
    canonical_uuid,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.runner import (
    Task,
    run_module,
)


def run(
    hypervisor: Hypervisor, options: Mapping[str, Any], _check_mode: bool
) -> dict[str, Any]:
    """Read the machines."""
    names = options["name"]
    detail = options["detail"]
    if detail == "auto":
        detail = SUMMARY if names is None else FULL
    machines = hypervisor.list_vms(names, detail=detail, xml=options["xml"])
    # Hyper-V compares names without case.
    found = {text for vm in machines for text in (vm.name.lower(), vm.uuid)}
    return {
        "changed": False,
        "vms": [vm.as_result() for vm in machines],
        "missing": [
            name
            for name in names or ()
            if not {name.lower(), canonical_uuid(name)} & found
        ],
    }


TASK = Task(
    run=run,
    options={
        "name": {"type": "list", "elements": "str", "aliases": ["names"]},
        "detail": {
            "type": "str",
            "choices": ["auto", "summary", "full"],
            "default": "auto",
        },
        "xml": {"type": "bool", "default": False},
    },
)


def main() -> None:
    """Run as an ordinary module."""
    run_module(TASK)


if __name__ == "__main__":
    main()
