# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines of libvirt's test driver, made for one test.

The test driver (https://libvirt.org/drvtest.html) reads a file of machines, networks
and pools; elements of its own namespace set a machine's state. A file's connections
share nothing, so each test has its own host.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.hypervisor import (
    LibvirtHypervisor,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.runner import (
    Task,
)

libvirt = pytest.importorskip("libvirt", reason="libvirt-python is not installed")

# It prints every error on stderr unless told otherwise.
libvirt.registerErrorHandler(lambda _context, _error: None, None)

NAMESPACE = "http://libvirt.org/schemas/domain/test/1.0"
RUNNING, BLOCKED, PAUSED, STOPPING, STOPPED, CRASHED, SUSPENDED = range(1, 8)
"""virDomainState (libvirt-domain.h)."""
TRANSIENT, SAVED = "<test:transient/>", "<test:hasmanagedsave/>"


def uuid(number: int) -> str:
    """The UUID of the machine of that number."""
    return f"0abcdef0-0000-4000-8000-{number:012x}"


def machine(
    name: str,
    number: int,
    state: int = RUNNING,
    *,
    more: str = "",
    os: str = "",
    devices: str = "",
) -> str:
    """The definition of a machine with 64 MiB, 32 of them in use, and 1 of 2 vCPUs.

    Args:
        name: Its name.
        number: What its UUID ends with.
        state: One of virDomainState.
        more: Elements of the test driver's own, or of <domain>.
        os: Elements of <os> besides the type.
        devices: Elements of <devices>.
    """
    return f"""
    <domain type='test' xmlns:test='{NAMESPACE}'>
      <name>{name}</name><uuid>{uuid(number)}</uuid>
      <memory unit='MiB'>64</memory><currentMemory unit='MiB'>32</currentMemory>
      <vcpu current='1'>2</vcpu>
      <os><type arch='i686'>hvm</type>{os}</os>
      <devices>{devices}</devices>
      <test:runstate>{state}</test:runstate>{more}
    </domain>"""


def disk(path: str, *, target: str = "vda", device: str = "disk") -> str:
    """A disk whose image is a file."""
    return (
        f"<disk type='file' device='{device}'><source file='{path}'/>"
        f"<target dev='{target}'/></disk>"
    )


def pool(name: str, volumes: Sequence[str]) -> str:
    """A pool of the folder /NAME with volumes."""
    files = "".join(
        f"<volume><name>{volume}</name><capacity>1000</capacity>"
        f"<target><path>/{name}/{volume}</path></target></volume>"
        for volume in volumes
    )
    target = f"<target><path>/{name}</path></target>"
    return f"<pool type='dir'><name>{name}</name>{target}{files}</pool>"


EVERY_STATE = (
    machine("blocked", 2, BLOCKED),
    machine("crashed", 6, CRASHED),
    machine("paused", 3, PAUSED),
    machine("running", 1, RUNNING),
    machine("saved", 9, STOPPED, more=SAVED),
    machine("stopped", 5, STOPPED),
    machine("stopping", 4, STOPPING),
    machine("suspended", 7, SUSPENDED),
    machine("transient", 8, RUNNING, more=TRANSIENT),
)
"""A machine in each state, by name."""


def write_lab(folder: Path, *parts: str) -> str:
    """Write a host's file; its URI."""
    path = folder / "lab.xml"
    path.write_text(f"<node>{''.join(parts)}</node>", encoding="utf-8")
    return f"test://{path}"


def open_lab(folder: Path, *parts: str) -> LibvirtHypervisor:
    """A host with these machines and pools; it is gone when it is closed."""
    return LibvirtHypervisor(libvirt.open(write_lab(folder, *parts)))


def domain(hypervisor: LibvirtHypervisor, name: str) -> Any:
    """libvirt's own object of a machine, to see and change it behind our back."""
    return hypervisor._connection.lookupByName(name)


def add_snapshot(hypervisor: LibvirtHypervisor, name: str, snapshot: str) -> None:
    """Make a snapshot of a machine."""
    xml = (
        f"<domainsnapshot><name>{snapshot}</name>"
        f"<description>of {name}</description></domainsnapshot>"
    )
    domain(hypervisor, name).snapshotCreateXML(xml)


def validated(task: Task, **options: Any) -> dict[str, Any]:
    """The options of a task as Ansible hands them to it, defaults filled in."""
    result = ArgumentSpecValidator(task.argument_spec, **task.rules).validate(options)
    assert result.error_messages == []
    return dict(result.validated_parameters)
