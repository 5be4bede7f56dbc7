# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module vm on hvsim, where one call after the other goes wrong.

Each scenario is run once to count the calls of methods that it takes. Then the first of
them goes wrong, then the second, and so on to the last, each with a machine of its own.
After each a second run has to end in the described state, and no image may be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    ConnectionLost,
    OperationTimeout,
)
from ansible_collections.hypervisor.connect.plugins.modules import vm
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv.lab import (
    HeldClock,
    Lab,
    lab,
    validated,
)

from hvsim.model.images import Image  # isort: skip
from hvsim.rules import Rule  # isort: skip

FOLDER = r"C:\Faults"
ISO = rf"{FOLDER}\medium.iso"
#: Actions of methods, and of nothing else, begin so (WS-Management CIM binding).
METHODS = "http://schemas.microsoft.com/wbem/*"


def disk(name: str, which: str, **more: Any) -> dict[str, Any]:
    return {"path": rf"{FOLDER}\{name}-{which}.vhdx", **more}


def described(name: str) -> dict[str, Any]:
    """A machine from nothing."""
    return {
        "name": name,
        "vcpus": 2,
        "memory": "1GiB",
        "description": "as described",
        "boot": ["disk", "network"],
        "disks": [
            disk(name, "system", size="2GiB"),
            disk(name, "data", size="1GiB"),
            {"device": "cdrom"},
        ],
        "nics": [
            {"network": "External", "mac": "02:15:5d:00:00:01"},
            {"network": "Private", "mac": "02:15:5d:00:00:02"},
        ],
        "integration_services": {"guest_services": True},
    }


def changed(name: str) -> dict[str, Any]:
    """All that can be changed while it runs."""
    return {
        "name": name,
        "memory": "2GiB",
        "description": "changed",
        "disks": [
            disk(name, "system", size="3GiB"),
            disk(name, "data", state="absent"),
            disk(name, "more", size="1GiB"),
            {"device": "cdrom", "path": ISO},
        ],
        "nics": [
            {"network": "Internal", "mac": "02:15:5d:00:00:01"},
            {"mac": "02:15:5d:00:00:02", "state": "absent"},
            {"network": "Private", "mac": "02:15:5d:00:00:03", "vlan": 5},
        ],
        "integration_services": {"guest_services": False},
    }


def changed_off(name: str) -> dict[str, Any]:
    """The same, and what takes a machine that is off."""
    return {
        **changed(name),
        "vcpus": 4,
        "cpu": {"nested": True},
        "boot": ["network", "disk"],
        "firmware": {"secure_boot": False},
    }


@dataclass(frozen=True)
class Scenario:
    """What is run: what is there before (None for nothing), and what is wanted."""

    before: str | None
    wanted: Callable[[str], dict[str, Any]]
    state: str


SCENARIOS = {
    "create": Scenario(None, described, "running"),
    "change-off": Scenario("stopped", changed_off, "present"),
    "change-on": Scenario("running", changed, "present"),
}
FAULTS = {
    "failed-job": Rule("fail-job"),
    "endless-job": Rule("hang-job"),
    "dropped-before": Rule("drop", action=METHODS),
    "dropped-after": Rule("drop", action=METHODS, after=True),
}


def run(host: Lab, **options: Any) -> dict[str, Any]:
    return vm.run(host.hypervisor, validated(vm.TASK, **options), False)


@contextmanager
def prepared() -> Iterator[Lab]:
    """A host with a folder of images and an ISO image, on which jobs end at once."""
    with lab(vms=0, timeout=6) as host:
        host.host.model.files.make_directory(FOLDER)
        host.host.model.images.add(Image(ISO, 1 << 20))
        yield host


def begin(host: Lab, scenario: Scenario, name: str) -> dict[str, Any]:
    """What is there before; the options that are wanted of it."""
    if scenario.before is not None:
        run(host, **described(name), state=scenario.before)
    return {**scenario.wanted(name), "state": scenario.state}


def methods(host: Lab) -> int:
    """How many calls of methods reached the host."""
    prefix = METHODS.rstrip("*")
    return sum(one.action.startswith(prefix) for one in host.host.requests)


def images(host: Lab) -> dict[str, str]:
    """The identifier of each image: an image that was made anew has another."""
    return {one.path: one.guid for one in host.host.model.images.all()}


def configuration(host: Lab, name: str) -> dict[str, Any]:
    """What the simulator itself has of a machine, without what is its own alone."""
    machine = host.host.model.machine(name)
    kept = machine.configuration
    return {
        "power": machine.power,
        "processors": kept.processors,
        "memory": kept.memory,
        "notes": kept.notes,
        "settings": kept.settings,
        # Which place is free depends on what was detached before.
        "drives": sorted(
            (str(drive.path).replace(name, "NAME"), drive.is_dvd)
            for drive in kept.drives
        ),
        "nics": sorted((nic.mac, nic.switch, nic.vlan or 0) for nic in kept.nics),
    }


def faulty(host: Lab, options: dict[str, Any], rule: Rule) -> bool:
    """Run it under a rule; whether that went wrong. It has to be one clear error."""
    host.host.rules.add(rule)
    clock, host.hypervisor.clock = host.hypervisor.clock, HeldClock()
    try:
        run(host, **options)
    except HypervisorConnectError as error:
        assert error.remedy
        assert "\n" not in error.what
        if rule.do == "hang-job":
            assert isinstance(error, OperationTimeout)
        if rule.do == "drop":
            assert isinstance(error, ConnectionLost)
        return True
    finally:
        host.hypervisor.clock = clock
        host.host.rules.clear()
    return False


def end_jobs(host: Lab) -> None:
    """What a restart of the host's service does to jobs that never end."""
    model = host.host.model
    for job in list(model.jobs.values()):
        if not job.is_finished:
            model.end_job(job, None)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("which", SCENARIOS)
def test_second_run_ends_as_described_whatever_went_wrong(
    which: str, fault: str
) -> None:
    scenario, rule = SCENARIOS[which], FAULTS[fault]
    with prepared() as host:
        options = begin(host, scenario, "sound")
        host.host.requests.clear()
        run(host, **options)
        steps, sound = methods(host), configuration(host, "sound")
        wrong = 0
        for step in range(steps):
            name = f"m{step}"
            options = begin(host, scenario, name)
            before = deepcopy(images(host))
            wrong += faulty(host, options, replace(rule, skip=step))
            end_jobs(host)
            run(host, **options)
            assert configuration(host, name) == sound, step
            assert not run(host, **options)["changed"], step
            after = images(host)
            assert {path: after.get(path) for path in before} == before, step
            host.host.model.remove_machine(host.host.model.machine(name))
        assert wrong >= (steps if rule.do == "drop" else 3), (wrong, steps)
