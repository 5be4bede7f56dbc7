# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""hypervisor.connect.vm_info on hvsim."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    ConnectionLost,
    OperationFailed,
)
from ansible_collections.hypervisor.connect.plugins.modules.vm_info import TASK, run
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv.lab import (
    Lab,
    lab,
    validated,
)

from hvsim.rules import Rule  # isort: skip


@pytest.fixture
def host() -> Iterator[Lab]:
    """A host with ten machines and two of one name, on a clock that stands still."""
    from hvsim.model.clock import HeldClock

    with lab(vms=10, names=["twin", "twin"], clock=HeldClock()) as opened:
        yield opened


def ask(host: Lab, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    result = run(host.hypervisor, validated(TASK, **options), check_mode)
    assert json.loads(json.dumps(result)) == result
    assert result["changed"] is False
    return result


def test_all_machines_come_in_short(host: Lab) -> None:
    result = ask(host)
    assert len(result["vms"]) == 12
    assert result["missing"] == []
    for vm in result["vms"]:
        assert (vm["disks"], vm["nics"], vm["os"], vm["snapshots"]) == (None,) * 4
        assert "xml" not in vm


def test_second_reading_and_check_mode_are_the_same(host: Lab) -> None:
    first = ask(host, detail="full")
    assert ask(host, detail="full") == first
    assert ask(host, detail="full", check_mode=True) == first


def test_named_machines_come_in_full_and_the_missing_are_listed(host: Lab) -> None:
    guid = host.host.model.machine("vm0002").guid
    strange = "00000000-0000-4000-8000-000000000000"
    result = ask(host, name=["vm0001", guid, "nobody", strange])
    assert [vm["name"] for vm in result["vms"]] == ["vm0001", "vm0002"]
    assert result["missing"] == ["nobody", strange]
    assert result["vms"][0]["disks"][0]["source"] == r"C:\VMs\vm0001\vm0001.vhdx"
    assert result["vms"][1]["os"]["firmware"] == "bios"


def test_name_used_twice_is_two_machines(host: Lab) -> None:
    result = ask(host, name=["twin"])
    assert [vm["name"] for vm in result["vms"]] == ["twin", "twin"]
    assert len({vm["uuid"] for vm in result["vms"]}) == 2


def test_xml_is_refused_with_a_remedy(host: Lab) -> None:
    with pytest.raises(OperationFailed, match="no definition in XML; leave xml out"):
        ask(host, xml=True)


def test_lost_connection_is_told(host: Lab) -> None:
    host.host.rules.add(Rule("drop", count=None))
    with pytest.raises(ConnectionLost, match="list the machines"):
        ask(host)
