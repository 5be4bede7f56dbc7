# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""hypervisor.connect.wmi_query on hvsim."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.wmi import (
    with_wmi,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    OperationFailed,
)
from ansible_collections.hypervisor.connect.plugins.modules import wmi_method
from ansible_collections.hypervisor.connect.plugins.modules.wmi_query import TASK, run
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv.lab import (
    Lab,
    lab,
    validated,
)


@pytest.fixture
def host() -> Iterator[Lab]:
    """A host with three machines."""
    with lab(vms=3) as opened:
        yield opened


def ask(host: Lab, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    result = run(host.hypervisor, validated(TASK, **options), check_mode)
    assert json.loads(json.dumps(result)) == result
    assert result["changed"] is False
    return result


def names(result: dict[str, Any]) -> list[str]:
    return sorted(row["ElementName"] for row in result["instances"])


def test_columns_come_with_their_types(host: Lab) -> None:
    result = ask(
        host,
        namespace="root/cimv2",
        class_name="Win32_OperatingSystem",
        properties=["Version", "TotalVisibleMemorySize", "LastBootUpTime"],
    )
    (row,) = result["instances"]
    assert row["Version"] == "10.0.20348"
    assert row["TotalVisibleMemorySize"] == 64 * 1024**2
    assert row["LastBootUpTime"].endswith("Z")
    assert row["__CLASS"] == "Win32_OperatingSystem"


def test_whole_instances_have_class_and_path(host: Lab) -> None:
    result = ask(host, class_name="Msvm_ComputerSystem")
    assert names(result) == ["HVSIM", "vm0001", "vm0002", "vm0003"]
    for row in result["instances"]:
        assert row["__CLASS"] == "Msvm_ComputerSystem"
        assert row["__PATH"].endswith(f'Name="{row["Name"]}"')
        assert isinstance(row["EnabledState"], int)
        assert isinstance(row["OperationalStatus"], list)


def test_second_reading_and_check_mode_are_the_same(host: Lab) -> None:
    options: dict[str, Any] = {"class_name": "Msvm_VirtualEthernetSwitch"}
    first = ask(host, **options)
    assert first["instances"]
    assert ask(host, **options) == first
    assert ask(host, check_mode=True, **options) == first


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"ElementName": "vm0001"}, ["vm0001"]),
        ({"ElementName": ["vm0001", "vm0002"]}, ["vm0001", "vm0002"]),
        ({"ElementName": "vm0001", "EnabledState": 3}, []),
        ({"EnabledState": 3}, ["vm0002"]),
        ({"ProcessID": None, "EnabledState": 3}, ["vm0002"]),
        ({"ElementName": "x' OR 'a' = 'a"}, []),
        ({"ElementName": "vm%"}, []),
    ],
)
def test_where_is_compared_and_quoted(
    host: Lab, where: dict[str, Any], expected: list[str]
) -> None:
    assert names(ask(host, class_name="Msvm_ComputerSystem", where=where)) == expected


def test_query_goes_as_it_is(host: Lab) -> None:
    query = "SELECT ElementName FROM Msvm_ComputerSystem WHERE Name LIKE '%-%'"
    assert names(ask(host, query=query)) == ["vm0001", "vm0002", "vm0003"]


def test_reference_of_a_row_is_taken_back_by_wmi_method(host: Lab) -> None:
    query = "SELECT * FROM Msvm_ComputerSystem WHERE ElementName = 'vm0002'"
    (row,) = ask(host, query=query)["instances"]
    service = "Msvm_VirtualSystemManagementService"
    options = validated(
        wmi_method.TASK,
        class_name=service,
        selectors={"CreationClassName": service},
        method="DestroySystem",
        parameters={"AffectedSystem": {"__PATH": row["__PATH"]}},
    )
    wmi_method.run(host.hypervisor, options, False)
    assert ask(host, query=query)["instances"] == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"class_name": "Msvm_NoSuchClass"}, "can't run the query: "),
        ({"query": "SELECT"}, "can't run the query: "),
        ({"class_name": "X", "namespace": "root/none"}, "can't run the query: "),
        ({"class_name": "Win32_X; DROP"}, "is no name of a class"),
        (
            {"class_name": "Msvm_ComputerSystem", "where": {"a b": 1}},
            "is no name of a class or a property",
        ),
        (
            {"class_name": "Msvm_ComputerSystem", "where": {1: 1}},
            "is no name of a class or a property",
        ),
        ({"class_name": "Msvm_ComputerSystem", "where": {"Name": 1.5}}, "no literal"),
        (
            {"class_name": "Msvm_ComputerSystem", "where": {"Name": []}},
            "empty list",
        ),
    ],
)
def test_query_that_can_not_be_answered_is_our_error(
    host: Lab, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(HypervisorConnectError, match=words):
        ask(host, **options)


def test_host_without_hyperv_is_asked_for_the_rest_of_wmi() -> None:
    with lab(vms=0, hyperv=False) as opened:
        result = ask(opened, namespace="root/cimv2", class_name="Win32_ComputerSystem")
        assert result["instances"][0]["DNSHostName"] == "HVSIM"
        with pytest.raises(OperationFailed, match="can't run the query: ") as caught:
            ask(opened, class_name="Msvm_ComputerSystem")
        assert caught.value.where == opened.hypervisor.uri
        assert caught.value.remedy


def test_libvirt_host_is_not_reached_over_wmi(host: Lab, tmp_path: Path) -> None:
    from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._libvirt import (
        lab as libvirt_lab,
    )

    assert with_wmi(host.hypervisor) is host.hypervisor
    with (
        libvirt_lab.open_lab(tmp_path) as libvirt,
        pytest.raises(
            HypervisorConnectError, match="this host is not reached over WMI"
        ) as caught,
    ):
        run(libvirt, validated(TASK, class_name="Win32_Service"), False)
    assert caught.value.where == libvirt.uri
    assert "hyperv://" in str(caught.value.remedy)
