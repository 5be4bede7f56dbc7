# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots by hypervisor.connect.snapshot and snapshot_info, on libvirt and Hyper-V.

Each change comes in four: the change, no change on the second run, check mode, failure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    AmbiguousName,
    Hypervisor,
    MachineNotFound,
    OperationFailed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.plan import (
    PlanRefused,
)
from ansible_collections.hypervisor.connect.plugins.modules import (
    snapshot,
    snapshot_info,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv import (
    lab as hyperv_lab,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._libvirt.lab import (
    machine,
    open_lab,
    validated,
)

from hvsim.model.machine import Power  # isort: skip

NAME = "web1"


@pytest.fixture(params=["libvirt", "hyperv"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hypervisor]:
    """A host of each kind with a machine that runs."""
    if request.param == "libvirt":
        hypervisor: Hypervisor = open_lab(tmp_path, machine(NAME, 1))
        yield hypervisor
        hypervisor.close()
        return
    with hyperv_lab.Simulator(vms=0) as simulator:
        simulator.model.add_machine(NAME, power=Power.RUNNING, snapshots=0)
        with hyperv_lab.open_on(simulator) as hypervisor:
            yield hypervisor


def do(host: Hypervisor, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    given = {k: v for k, v in {"name": NAME, **options}.items() if v is not None}
    result = snapshot.run(host, validated(snapshot.TASK, **given), check_mode)
    assert json.loads(json.dumps(result)) == result
    return result


def names(host: Hypervisor) -> list[str]:
    options = validated(snapshot_info.TASK, names=[NAME])
    found = snapshot_info.run(host, options, False)
    assert found["changed"] is False
    assert {one["vm"] for one in found["snapshots"]} <= {NAME}
    return [one["name"] for one in found["snapshots"]]


def test_a_snapshot_is_taken_once_and_only_foretold_in_check_mode(
    host: Hypervisor,
) -> None:
    would = do(host, snapshot="before", check_mode=True)
    assert names(host) == []
    done = do(host, snapshot="before")
    assert done["diff"] == would["diff"]
    assert done["diff"] == {
        "before": {"snapshots": []},
        "after": {"snapshots": ["before"]},
    }
    assert would["changed"] is done["changed"] is True
    assert names(host) == ["before"]
    again = do(host, snapshot="before")
    assert again["changed"] is False
    assert again["snapshots"] == done["snapshots"]


def test_a_machine_goes_back_on_each_run(host: Hypervisor) -> None:
    do(host, snapshot="before")
    vm = host.find_vm(NAME)
    host.power_off(vm)
    would = do(host, snapshot="before", state="reverted", check_mode=True)
    assert host.find_vm(NAME).state == "stopped"
    done = do(host, snapshot="before", state="reverted")
    assert done["changed"] is would["changed"] is True
    assert done["diff"] == would["diff"]
    assert done["vm"]["state"] == host.find_vm(NAME).state
    assert do(host, snapshot="before", state="reverted")["changed"] is True


def test_a_snapshot_is_removed_once_with_its_children_where_that_is_wanted(
    host: Hypervisor,
) -> None:
    for name in ("one", "two", "three"):
        do(host, snapshot=name)
    would = do(host, snapshot="one", state="absent", check_mode=True)
    assert sorted(names(host)) == ["one", "three", "two"]
    done = do(host, snapshot="one", state="absent")
    assert done["diff"] == would["diff"]
    assert sorted(names(host)) == ["three", "two"]
    assert do(host, snapshot="one", state="absent")["changed"] is False
    done = do(host, snapshot="two", state="absent", children=True)
    assert done["diff"]["after"] == {"snapshots": []}
    assert names(host) == []


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"snapshot": "gone", "state": "reverted"}, OperationFailed, "it has none"),
        ({"snapshot": " "}, HypervisorConnectError, "snapshot is empty"),
        (
            {"snapshot": "s", "name": "nobody"},
            MachineNotFound,
            "no machine named nobody",
        ),
        ({"snapshot": "s", "name": ""}, HypervisorConnectError, "name is empty"),
        (
            {"snapshot": "s", "name": None, "uuid": "1"},
            HypervisorConnectError,
            "which is no UUID",
        ),
    ],
)
def test_what_can_not_be_is_refused_in_a_sentence(
    host: Hypervisor, options: dict[str, Any], kind: type, words: str
) -> None:
    for check_mode in (True, False):
        with pytest.raises(kind, match=words):
            do(host, check_mode=check_mode, **options)


def test_two_checkpoints_of_one_name_are_told_apart() -> None:
    with hyperv_lab.Simulator(vms=0) as simulator:
        simulator.model.add_machine(NAME, power=Power.RUNNING, snapshots=0)
        with hyperv_lab.open_on(simulator) as host:
            for name in ("one", "two"):
                do(host, snapshot=name)
            for kept in simulator.model.machine(NAME).snapshots:
                kept.name = "same"
            with pytest.raises(AmbiguousName, match="2 snapshots named same"):
                do(host, snapshot="same", state="reverted")


def test_a_checkpoint_that_the_machine_s_type_forbids_is_refused_in_check_mode_too() -> (
    None
):
    with hyperv_lab.Simulator(vms=0) as simulator:
        simulator.model.add_machine(NAME, power=Power.RUNNING, snapshots=0)
        simulator.model.machine(NAME).configuration.settings["UserSnapshotType"] = 2
        with hyperv_lab.open_on(simulator) as host:
            for check_mode in (True, False):
                with pytest.raises(
                    PlanRefused, match="checkpoints of machine web1 are"
                ):
                    do(host, snapshot="s", check_mode=check_mode)
