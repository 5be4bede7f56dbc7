# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many machines in one task, on libvirt's test driver."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.hypervisor import (
    LibvirtHypervisor,
)
from ansible_collections.hypervisor.connect.plugins.modules.vms import TASK, run
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._libvirt.lab import (
    EVERY_STATE,
    open_lab,
    validated,
)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[LibvirtHypervisor]:
    """A host with a machine in every state."""
    hypervisor = open_lab(tmp_path, *EVERY_STATE)
    yield hypervisor
    hypervisor.close()


def do(
    lab: LibvirtHypervisor, *, check_mode: bool = False, **options: Any
) -> dict[str, Any]:
    result = run(lab, validated(TASK, **options), check_mode)
    assert json.loads(json.dumps(result)) == result
    return result


def states(lab: LibvirtHypervisor) -> dict[str, str]:
    return {vm.name: vm.state for vm in lab.list_vms()}


def test_each_machine_is_changed_once_and_only_foretold_in_check_mode(
    lab: LibvirtHypervisor,
) -> None:
    options: dict[str, Any] = {
        "names": ["paused", "stopped", "running"],
        "state": "running",
    }
    before = states(lab)
    would = do(lab, check_mode=True, **options)
    assert states(lab) == before
    done = do(lab, **options)
    assert [(one["name"], one["actions"]) for one in done["results"]] == [
        ("paused", ["resume"]),
        ("stopped", ["start"]),
        ("running", []),
    ]
    assert [one["changed"] for one in done["results"]] == [True, True, False]
    assert done["diff"]["after"] == {
        "paused": {"state": "running"},
        "stopped": {"state": "running"},
    }
    assert would["diff"] == done["diff"]
    assert {states(lab)[name] for name in options["names"]} == {"running"}
    again = do(lab, **options)
    assert (again["changed"], again["diff"]) == (False, {"before": {}, "after": {}})


def test_one_failure_does_not_stop_the_others(lab: LibvirtHypervisor) -> None:
    result = do(lab, names=["nobody", "saved", "running"], state="stopped")
    assert result["failed"] is True
    assert [one["failed"] for one in result["results"]] == [True, True, False]
    assert "there is no machine nobody" in result["results"][0]["msg"]
    assert "is saved, and stopping it would throw" in result["results"][1]["msg"]
    assert result["results"][2]["vm"]["state"] == "stopped"
    assert result["msg"].startswith("2 of 3 machines failed; the first, nobody: ")


def test_a_machine_has_what_it_names_and_else_what_the_task_names(
    lab: LibvirtHypervisor,
) -> None:
    result = do(
        lab,
        names=["running"],
        machines=[{"name": "stopped", "autostart": False, "state": "present"}],
        state="paused",
        autostart=True,
    )
    assert [one["actions"] for one in result["results"]] == [
        ["set_autostart", "pause"],
        [],
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"names": ["running", "running"]}, "machine running is named twice"),
        ({"machines": [{"name": "a", "colour": "red"}]}, "machines: of a, .*colour"),
        ({"machines": [{"vcpus": 2}]}, "machines: of 0, .*name, uuid"),
        ({"machines": [{"name": "a", "memory": "big"}]}, "memory is 'big'"),
        ({"names": ["running"], "throttle": 0}, "throttle is 0"),
        ({"names": [""]}, "name is empty"),
        ({"machines": [{"name": None}]}, "name is empty"),
        (
            {"names": ["a", "b"], "disks": [{"path": "/pool/x.img"}]},
            "image /pool/x.img is named for the machines a and b",
        ),
        (
            {
                "machines": [
                    {"name": "a", "disks": [{"path": r"C:\VMs\x.vhdx"}]},
                    {"name": "b", "disks": [{"path": r"c:\vms\X.vhdx"}]},
                ]
            },
            "is named for the machines a and b",
        ),
    ],
)
def test_wrong_options_are_refused_before_anything_is_done(
    lab: LibvirtHypervisor, options: dict[str, Any], words: str
) -> None:
    before = states(lab)
    with pytest.raises(HypervisorConnectError, match=words):
        do(lab, **{"state": "stopped", **options})
    assert states(lab) == before


def test_a_machine_that_is_meant_twice_is_refused(lab: LibvirtHypervisor) -> None:
    uuid = lab.find_vm("running").uuid
    before = states(lab)
    with pytest.raises(
        HypervisorConnectError, match=f"running and {uuid} are one machine"
    ):
        do(lab, machines=[{"name": "running"}, {"uuid": uuid}], state="stopped")
    assert states(lab) == before


def test_machines_are_removed_together(lab: LibvirtHypervisor) -> None:
    options: dict[str, Any] = {
        "names": ["paused", "stopped", "gone"],
        "state": "absent",
        "force": True,
    }
    assert do(lab, check_mode=True, **options)["changed"] is True
    done = do(lab, **options)
    assert [one["vm"] for one in done["results"]] == [None, None, None]
    assert not {"paused", "stopped"} & set(states(lab))
    assert do(lab, **options)["changed"] is False


def test_a_uuid_in_place_of_a_name_means_its_machine_however_it_is_written(
    lab: LibvirtHypervisor,
) -> None:
    uuid = lab.find_vm("stopped").uuid.upper()
    result = do(lab, names=[uuid], vcpus=1, state="present", check_mode=True)
    assert result["results"][0]["vm"]["name"] == "stopped"


def test_it_is_told_how_far_it_is(
    lab: LibvirtHypervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "ansible_collections.hypervisor.connect.plugins.module_utils._module.machines._EVERY",
        0.0,
    )
    told: list[str] = []
    options = validated(TASK, names=["paused", "stopped"], state="running")
    run(lab, options, False, tell=told.append)
    assert "2 of 2 machines changed, 0 failed" in told
