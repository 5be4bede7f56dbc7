# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt's own Hyper-V driver tells and no module has a word for, by wmi_query.

docs/libvirt_hyperv_calls.md has the calls; each test is named there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.modules import vm
from ansible_collections.hypervisor.connect.plugins.modules.wmi_query import TASK, run
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv.lab import (
    Lab,
    lab,
    validated,
)


@pytest.fixture
def host() -> Iterator[Lab]:
    """A host with three machines, the second of which is off."""
    with lab(vms=3) as opened:
        yield opened


def rows(host: Lab, class_name: str, *columns: str, **where: Any) -> list[Any]:
    options = {"class_name": class_name, "properties": list(columns), "where": where}
    if class_name.startswith("Win32"):
        options["namespace"] = "root/cimv2"
    result = run(host.hypervisor, validated(TASK, **options), False)
    return list(result["instances"])


def test_most_processors_of_a_machine(host: Lab) -> None:
    found = rows(host, "Msvm_ProcessorSettingData", "InstanceID", "VirtualQuantity")
    most = [one for one in found if one["InstanceID"].endswith("\\Maximum")]
    assert [one["VirtualQuantity"] for one in most] == [240]


def test_machine_of_a_process(host: Lab) -> None:
    machine = host.host.model.machine("vm0003")
    columns = ("ElementName", "ProcessID")
    (row,) = rows(host, "Msvm_ComputerSystem", *columns, ProcessID=machine.process_id)
    assert row["ElementName"] == "vm0003"
    assert rows(host, "Msvm_ComputerSystem", *columns, ProcessID=4711) == []


def test_processors_of_a_machine_that_is_on(host: Lab) -> None:
    machine = host.host.model.machine("vm0003")
    columns = ("SystemName", "DeviceID", "LoadPercentage")
    found = rows(host, "Msvm_Processor", *columns, SystemName=machine.guid)
    assert len(found) == machine.configuration.processors > 1
    assert all(0 <= one["LoadPercentage"] <= 100 for one in found)
    off = host.host.model.machine("vm0002").guid
    assert rows(host, "Msvm_Processor", *columns, SystemName=off) == []


def test_share_of_the_processors_is_read_and_set(host: Lab) -> None:
    columns = ("InstanceID", "Limit", "Reservation", "Weight")
    guid = host.host.model.machine("vm0001").guid

    def share() -> tuple[int, int, int]:
        found = rows(host, "Msvm_ProcessorSettingData", *columns)
        (own,) = [one for one in found if guid in one["InstanceID"]]
        return own["Limit"], own["Reservation"], own["Weight"]

    assert share() == (100000, 0, 100)
    wanted = {"Limit": 50000, "Reservation": 10000, "Weight": 200}
    options = validated(
        vm.TASK, name="vm0001", hyperv={"Msvm_ProcessorSettingData": wanted}
    )
    assert vm.run(host.hypervisor, options, False)["changed"] is True
    assert share() == (50000, 10000, 200)
    assert vm.run(host.hypervisor, options, False)["changed"] is False


def test_free_memory_of_the_host(host: Lab) -> None:
    columns = ("FreePhysicalMemory", "TotalVisibleMemorySize")
    (row,) = rows(host, "Win32_OperatingSystem", *columns)
    assert 0 < row["FreePhysicalMemory"] < row["TotalVisibleMemorySize"]


def test_switches_are_listed(host: Lab) -> None:
    found = rows(host, "Msvm_VirtualEthernetSwitch", "ElementName", "EnabledState")
    names = sorted(one["ElementName"] for one in found)
    assert names == ["External", "Internal", "Private"]


def test_switch_is_found_by_name_and_by_guid(host: Lab) -> None:
    columns = ("ElementName", "Name")
    cls = "Msvm_VirtualEthernetSwitch"
    (by_name,) = rows(host, cls, *columns, ElementName="Private")
    (by_guid,) = rows(host, cls, *columns, Name=by_name["Name"])
    assert by_guid == by_name
    assert rows(host, cls, *columns, ElementName="none") == []
