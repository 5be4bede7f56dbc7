# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many machines in one task, on hvsim: what it costs, and what goes wrong with some."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    FULL,
)
from ansible_collections.hypervisor.connect.plugins.modules import vm
from ansible_collections.hypervisor.connect.plugins.modules.vms import TASK, run
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv.lab import (
    Lab,
    lab,
    validated,
)

from hvsim.rules import Rule  # isort: skip

FOLDER = r"C:\Many"
PHASES: dict[str, dict[str, Any]] = {
    "made": {"vcpus": 2, "memory": "1GiB", "description": "one of many"},
    "started": {"state": "running"},
    "changed": {"memory": "2GiB", "description": "changed"},
    "removed": {"state": "absent", "force": True, "remove_disks": True},
}


@pytest.fixture
def host() -> Iterator[Lab]:
    """A host without machines, with a folder for images."""
    with lab(vms=0) as opened:
        opened.host.model.files.make_directory(FOLDER)
        yield opened


def machine(name: str) -> dict[str, Any]:
    """What is a machine's own."""
    return {"name": name, "disks": [{"path": rf"{FOLDER}\{name}.vhdx", "size": "1GiB"}]}


def do(host: Lab, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    result = run(host.hypervisor, validated(TASK, **options), check_mode)
    assert json.loads(json.dumps(result)) == result
    return result


def phase(host: Lab, name: str, number: int) -> dict[str, Any]:
    """One phase of the life of many machines."""
    names = [f"m{one:03}" for one in range(number)]
    if name == "made":
        return do(host, machines=[machine(one) for one in names], **PHASES[name])
    return do(host, names=names, **PHASES[name])


def round_trips(host: Lab, number: int) -> dict[str, float]:
    """HTTP exchanges for each machine, by phase; all machines are gone in the end."""
    found = {}
    for name in PHASES:
        host.host.requests.clear()
        result = phase(host, name, number)
        assert not result.get("failed"), result.get("msg")
        assert all(one["changed"] for one in result["results"])
        found[name] = len(list(host.host.requests)) / number
    assert host.host.model.machines == {}
    images = [image.path for image in host.host.model.images.all()]
    assert not [path for path in images if path.startswith(FOLDER)]
    return found


def test_round_trips_of_a_machine_do_not_grow_with_their_number(host: Lab) -> None:
    few, many = round_trips(host, 20), round_trips(host, 40)
    assert all(many[name] <= few[name] for name in PHASES), (few, many)


def test_fewer_round_trips_than_one_at_a_time(host: Lab) -> None:
    together = round_trips(host, 20)
    names = [f"m{one:03}" for one in range(20)]
    for phase_name, options in PHASES.items():
        host.host.requests.clear()
        for name in names:
            own = machine(name) if phase_name == "made" else {"name": name}
            wanted = validated(vm.TASK, **own, **options)
            assert vm.run(host.hypervisor, wanted, False)["changed"]
        alone = len(list(host.host.requests)) / len(names)
        assert together[phase_name] < alone / 2


def test_each_phase_in_check_mode_and_again(host: Lab) -> None:
    for name, shared in PHASES.items():
        names = ["m000", "m001", "m002"]
        options = shared
        if name == "made":
            options = {**options, "machines": [machine(one) for one in names]}
        else:
            options = {**options, "names": names}
        before = {one.name for one in host.host.model.machines.values()}
        would = do(host, check_mode=True, **options)
        assert {one.name for one in host.host.model.machines.values()} == before
        done = do(host, **options)
        assert would["diff"] == done["diff"]
        assert [one["changed"] for one in would["results"]] == [True] * 3
        assert [one["changed"] for one in done["results"]] == [True] * 3
        again = do(host, **options)
        assert (again["changed"], again["diff"]) == (False, {"before": {}, "after": {}})


def test_a_job_that_fails_stops_its_machine_alone() -> None:
    with lab(vms=0, job_seconds=0.01) as host:
        host.host.model.files.make_directory(FOLDER)
        rule = Rule("fail-job", job="create_disk", message="The disk is full.")
        host.host.rules.add(rule)
        first = phase(host, "made", 4)
        (failed,) = (one["name"] for one in first["results"] if one["failed"])
        assert "The disk is full." in first["msg"]
        made = {one.name for one in host.host.model.machines.values()}
        assert made == {"m000", "m001", "m002", "m003"} - {failed}
        second = phase(host, "made", 4)
        changed = [one["name"] for one in second["results"] if one["changed"]]
        assert (changed, second.get("failed")) == ([failed], None)


def test_names_that_differ_in_case_are_one_machine(host: Lab) -> None:
    phase(host, "made", 1)
    result = do(host, names=["M000"], description="found")
    assert result["results"][0]["actions"] == ["change description"]
    assert len(host.host.model.machines) == 1


def test_an_image_that_a_machine_hands_on_to_another_stays(host: Lab) -> None:
    image = rf"{FOLDER}\m.vhdx"
    do(host, machines=[machine("m")])
    options: dict[str, Any] = {
        "machines": [
            {"name": "m", "state": "absent", "remove_disks": True},
            {"name": "n", "disks": [{"path": image.upper()}]},
        ]
    }
    would = do(host, check_mode=True, **options)
    done = do(host, **options)
    assert would["results"][0]["kept"] == [f"{image} stays: machine n is to have it"]
    assert done["results"][0]["kept"] == would["results"][0]["kept"]
    paths = {one.path.lower() for one in host.host.model.images.all()}
    assert image.lower() in paths
    disks = host.hypervisor.find_vm("n", detail=FULL).disks or ()
    assert [str(disk.source).lower() for disk in disks] == [image.lower()]


def test_names_that_differ_in_case_alone_are_one_name(host: Lab) -> None:
    with pytest.raises(HypervisorConnectError, match="machine M is named twice"):
        do(host, names=["m", "M"], memory="1GiB")
    assert host.host.model.machines == {}
