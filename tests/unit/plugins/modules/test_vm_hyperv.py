# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a machine by hypervisor.connect.vm, on hvsim.

Each change comes in four: the change, no change on the second run, check mode, failure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    AmbiguousName,
    MachineNotFound,
    OperationFailed,
    OperationTimeout,
    ShutdownUnavailable,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.runner import (
    failure,
)
from ansible_collections.hypervisor.connect.plugins.modules.vm import TASK, run
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv.lab import (
    Lab,
    lab,
    validated,
)

from hvsim.rules import Rule  # isort: skip

Options = dict[str, Any]


@pytest.fixture
def host() -> Iterator[Lab]:
    """A host with a machine in every state, whose jobs take a moment."""
    with lab(vms=6, names=["twin", "twin"], job_seconds=0.02) as opened:
        yield opened


def do(host: Lab, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    result = run(host.hypervisor, validated(TASK, **options), check_mode)
    assert json.loads(json.dumps(result)) == result
    return result


def truth(host: Lab) -> list[Any]:
    """What the host has, by its own account."""
    return [
        (machine.name, machine.power, machine.configuration.settings)
        for machine in host.host.model.machines.values()
    ]


CHANGES: list[tuple[Options, list[str], str]] = [
    ({"name": "vm0002", "state": "running"}, ["start"], "running"),
    ({"name": "vm0004", "state": "running"}, ["start"], "running"),
    ({"name": "vm0006", "state": "running"}, ["resume"], "running"),
    ({"name": "vm0001", "state": "stopped"}, ["shut_down"], "stopped"),
    ({"name": "vm0006", "state": "stopped"}, ["resume", "shut_down"], "stopped"),
    (
        {"name": "vm0004", "state": "stopped", "force": True},
        ["discard_saved_state"],
        "stopped",
    ),
    ({"name": "vm0001", "state": "paused"}, ["pause"], "paused"),
    ({"name": "vm0002", "state": "paused"}, ["start_paused"], "paused"),
    ({"name": "vm0001", "state": "saved"}, ["save"], "saved"),
    ({"name": "vm0006", "state": "saved"}, ["save"], "saved"),
    ({"name": "vm0001", "autostart": True}, ["set_autostart"], "running"),
]


@pytest.mark.parametrize(("options", "actions", "state"), CHANGES)
def test_change_then_no_change(
    host: Lab, options: Options, actions: list[str], state: str
) -> None:
    first = do(host, **options)
    assert (first["changed"], first["actions"]) == (True, actions)
    assert first["vm"]["state"] == state
    assert first["diff"]["before"] != first["diff"]["after"]
    before = truth(host)
    second = do(host, **options)
    assert (second["changed"], second["actions"]) == (False, [])
    assert second["vm"]["state"] == state
    assert truth(host) == before


@pytest.mark.parametrize(("options", "actions", "_state"), CHANGES)
def test_check_mode_tells_the_change_and_makes_none(
    host: Lab, options: Options, actions: list[str], _state: str
) -> None:
    before = truth(host)
    result = do(host, check_mode=True, **options)
    assert (result["changed"], result["actions"]) == (True, actions)
    assert truth(host) == before
    assert set(host.host.requests.counts()) == {"Enumerate"}


@pytest.mark.parametrize(
    "options",
    [options for options, actions, _state in CHANGES if actions != ["shut_down"]],
)
def test_change_that_the_host_refuses_fails(host: Lab, options: Options) -> None:
    """A guest that refuses to shut down has tests of its own."""
    host.host.model.fail_next_job(32768, "The host is out of luck.")
    with pytest.raises(OperationFailed, match="The host is out of luck") as caught:
        do(host, **options)
    assert options["name"] in caught.value.what
    assert caught.value.where == host.hypervisor.uri


@pytest.mark.parametrize(
    ("state", "actions"), [("restarted", ["shut_down", "start"]), ("reset", ["reset"])]
)
def test_restart_is_a_change_each_time(
    host: Lab, state: str, actions: list[str]
) -> None:
    for _time in range(2):
        result = do(host, name="vm0001", state=state)
        assert (result["changed"], result["actions"]) == (True, actions)
        assert result["vm"]["uptime"] < 60


def test_guest_that_does_not_listen_is_switched_off_by_force_alone(
    host: Lab,
) -> None:
    host.host.model.machine("vm0001").guest.is_deaf = True
    options: Options = {"name": "vm0001", "state": "stopped", "timeout": 1}
    with pytest.raises(OperationTimeout, match="still on after 1 seconds"):
        do(host, **options)
    assert host.power("vm0001") == "running"
    assert do(host, force=True, **options)["vm"]["state"] == "stopped"


def test_locked_guest_is_switched_off_by_force_alone(host: Lab) -> None:
    host.host.model.machine("vm0001").guest.is_locked = True
    options: Options = {"name": "vm0001", "state": "stopped"}
    with pytest.raises(ShutdownUnavailable, match="the guest is locked"):
        do(host, **options)
    assert do(host, force=True, **options)["vm"]["state"] == "stopped"


def test_removal_in_four(host: Lab) -> None:
    options: Options = {"name": "vm0002", "state": "absent"}
    assert do(host, check_mode=True, **options)["actions"] == ["remove"]
    assert host.host.model.machine("vm0002")
    host.host.model.fail_next_job(32768, "The host is out of luck.")
    with pytest.raises(OperationFailed, match="out of luck"):
        do(host, **options)
    first = do(host, **options)
    assert (first["changed"], first["vm"]) == (True, None)
    with pytest.raises(KeyError):
        host.host.model.machine("vm0002")
    assert do(host, **options)["changed"] is False


def test_running_machine_is_removed_by_force(host: Lab) -> None:
    options: Options = {"name": "vm0001", "state": "absent", "force": True}
    result = do(host, **options)
    assert result["actions"][-1] == "remove"
    with pytest.raises(KeyError):
        host.host.model.machine("vm0001")


def test_machine_is_found_by_its_uuid(host: Lab) -> None:
    guid = host.host.model.machine("vm0002").guid
    result = do(host, uuid=guid, state="running")
    assert (result["changed"], result["vm"]["name"]) == (True, "vm0002")


def test_machine_that_is_not_there_fails(host: Lab) -> None:
    with pytest.raises(MachineNotFound, match="no machine named nobody"):
        do(host, name="nobody", state="running")


def test_name_used_twice_fails_and_a_uuid_does_not(host: Lab) -> None:
    with pytest.raises(AmbiguousName, match="name one by its uuid") as caught:
        do(host, name="twin", state="stopped")
    guid = str(caught.value.what).rpartition(" ")[2]
    assert do(host, uuid=guid, state="stopped")["vm"]["uuid"] == guid


def test_failure_tells_what_was_done_before_it(host: Lab) -> None:
    host.host.rules.add(Rule("fail-job", job="Msvm_ConcreteJob", count=1))
    disk = {"path": r"C:\VMs\half.vhdx", "size": "1GiB"}
    with pytest.raises(HypervisorConnectError) as caught:
        run(host.hypervisor, validated(TASK, name="half", disks=[disk]), False)
    assert caught.value.done[0] == r"make_image C:\VMs\half.vhdx"
    told = failure(caught.value, None)
    assert told["changed"] is True
    assert told["actions"] == list(caught.value.done)
