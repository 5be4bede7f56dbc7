# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""hypervisor.connect.vm_info on libvirt's test driver."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    ConnectionLost,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.hypervisor import (
    LibvirtHypervisor,
)
from ansible_collections.hypervisor.connect.plugins.modules.vm_info import TASK, run
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._libvirt.lab import (
    EVERY_STATE,
    disk,
    machine,
    open_lab,
    uuid,
    validated,
)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[LibvirtHypervisor]:
    """A host with a machine in every state, and one with a disk."""
    hypervisor = open_lab(
        tmp_path, *EVERY_STATE, machine("web1", 10, devices=disk("/images/web1"))
    )
    yield hypervisor
    hypervisor.close()


def do(
    lab: LibvirtHypervisor, *, check_mode: bool = False, **options: Any
) -> dict[str, Any]:
    result = run(lab, validated(TASK, **options), check_mode)
    assert json.loads(json.dumps(result)) == result
    return result


def test_all_machines_come_in_short(lab: LibvirtHypervisor) -> None:
    result = do(lab)
    assert result["changed"] is False
    assert result["missing"] == []
    assert len(result["vms"]) == 10
    by_name = {vm["name"]: vm for vm in result["vms"]}
    assert by_name["suspended"]["state"] == "suspended"
    for vm in result["vms"]:
        assert (vm["disks"], vm["nics"], vm["os"], vm["snapshots"]) == (None,) * 4
        assert "xml" not in vm


def test_second_reading_and_check_mode_are_the_same(lab: LibvirtHypervisor) -> None:
    first = do(lab, detail="full", xml=True)
    assert do(lab, detail="full", xml=True) == first
    assert do(lab, detail="full", xml=True, check_mode=True) == first


@pytest.mark.parametrize(
    ("options", "full"),
    [
        ({}, False),
        ({"detail": "auto"}, False),
        ({"detail": "summary", "name": ["web1"]}, False),
        ({"name": ["web1"]}, True),
        ({"detail": "full"}, True),
    ],
)
def test_detail_is_full_for_named_machines_unless_told(
    lab: LibvirtHypervisor, options: dict[str, Any], full: bool
) -> None:
    web1 = next(vm for vm in do(lab, **options)["vms"] if vm["name"] == "web1")
    if full:
        assert [found["source"] for found in web1["disks"]] == ["/images/web1"]
        assert web1["os"]["type"] == "hvm"
    else:
        assert web1["disks"] is None


def test_named_machines_come_and_the_missing_are_listed(
    lab: LibvirtHypervisor,
) -> None:
    names = ["web1", "nobody", uuid(5).upper(), uuid(99), uuid(6).replace("-", "")]
    result = do(lab, name=names)
    assert [vm["name"] for vm in result["vms"]] == ["crashed", "stopped", "web1"]
    assert result["missing"] == ["nobody", uuid(99)]


def test_no_names_are_no_machines(lab: LibvirtHypervisor) -> None:
    assert do(lab, name=[]) == {"changed": False, "vms": [], "missing": []}


def test_xml_is_returned_where_it_is_asked_for(lab: LibvirtHypervisor) -> None:
    (web1,) = do(lab, name="web1", xml=True)["vms"]
    assert web1["xml"].startswith("<domain type='test'")


def test_lost_connection_is_told(lab: LibvirtHypervisor) -> None:
    lab.close()
    with pytest.raises(ConnectionLost, match="the connection was closed"):
        do(lab)
