# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definition files for libvirt's test driver. Pure.

The format is https://libvirt.org/drvtest.html; the run state is the extension
``<test:runstate>`` with the numbers of virDomainState.
"""

from __future__ import annotations

from collections.abc import Iterable

NAMESPACE = "http://libvirt.org/schemas/domain/test/1.0"
RUN_STATES = {"running": 1, "paused": 3, "shutdown": 4, "shutoff": 5, "crashed": 6}

LAB_MACHINES = (
    ("web1", "running", 2, 1024),
    ("web2", "running", 1, 512),
    ("db1", "paused", 4, 2048),
    ("build1", "shutoff", 1, 256),
    ("old1", "crashed", 1, 128),
)


def machine_xml(name: str, state: str, vcpus: int, memory_mib: int) -> str:
    """One machine of the test driver.

    Args:
        name: Its name; must need no escaping in XML.
        state: A key of ``RUN_STATES``.
        vcpus: Number of virtual processors.
        memory_mib: Memory in MiB.
    """
    return f"""\
  <domain type='test' xmlns:test='{NAMESPACE}'>
    <name>{name}</name>
    <memory unit='MiB'>{memory_mib}</memory>
    <vcpu>{vcpus}</vcpu>
    <os><type arch='x86_64'>hvm</type></os>
    <devices>
      <disk type='file' device='disk'>
        <source file='/guest/{name}.qcow2'/><target dev='vda' bus='virtio'/>
      </disk>
      <interface type='network'>
        <source network='default'/><target dev='{name}-0'/>
      </interface>
    </devices>
    <test:runstate>{RUN_STATES[state]}</test:runstate>
  </domain>
"""


def node_xml(machines: Iterable[tuple[str, str, int, int]]) -> str:
    """A whole definition file for ``test:///PATH``."""
    return f"""\
<node>
  <cpu>
    <mhz>2000</mhz><model>testbed</model><active>8</active><nodes>1</nodes>
    <sockets>1</sockets><cores>4</cores><threads>2</threads>
  </cpu>
  <memory>16777216</memory>
  <network>
    <name>default</name><bridge name='virbr0'/>
    <ip address='192.168.122.1' netmask='255.255.255.0'/>
  </network>
  <pool type='dir'>
    <name>default</name><target><path>/guest</path></target>
  </pool>
{"".join(machine_xml(*machine) for machine in machines)}</node>
"""


def lab_xml() -> str:
    """A few machines, one of each state."""
    return node_xml(LAB_MACHINES)


def many_machines_xml(count: int) -> str:
    """``count`` machines named ``vm0001`` and so on, every second one running."""
    return node_xml(
        (f"vm{number:04d}", "running" if number % 2 else "shutoff", 1, 64)
        for number in range(1, count + 1)
    )
