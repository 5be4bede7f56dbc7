# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""hypervisor.connect.wmi_method on hvsim."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.jobs import (
    JobFailed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    OperationFailed,
)
from ansible_collections.hypervisor.connect.plugins.modules.wmi_method import TASK, run
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv.lab import (
    Lab,
    calls,
    lab,
    validated,
)

SERVICE = "Msvm_VirtualSystemManagementService"
OF_SERVICE: dict[str, Any] = {
    "class_name": SERVICE,
    "selectors": {"CreationClassName": SERVICE},
}


@pytest.fixture
def host() -> Iterator[Lab]:
    """A host with three machines, whose methods end at once."""
    with lab(vms=3) as opened:
        yield opened


def call(host: Lab, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    result = run(host.hypervisor, validated(TASK, **options), check_mode)
    assert json.loads(json.dumps(result)) == result
    return result


def state_change(host: Lab, state: int, name: str = "vm0001") -> dict[str, Any]:
    keys = {
        "CreationClassName": "Msvm_ComputerSystem",
        "Name": host.host.model.machine(name).guid,
    }
    return {
        "class_name": "Msvm_ComputerSystem",
        "selectors": keys,
        "method": "RequestStateChange",
        "parameters": {"RequestedState": state},
    }


def modify(host: Lab, **properties: Any) -> dict[str, Any]:
    guid = host.host.model.machine("vm0001").guid
    settings = {
        "__CLASS": "Msvm_VirtualSystemSettingData",
        "InstanceID": f"Microsoft:{guid}",
        **properties,
    }
    return {
        **OF_SERVICE,
        "method": "ModifySystemSettings",
        "parameters": {"SystemSettings": settings},
    }


def test_method_is_called(host: Lab) -> None:
    assert call(host, **state_change(host, 9)) == {
        "changed": True,
        "call": "Msvm_ComputerSystem.RequestStateChange",
        "return_value": 0,
        "output": {"ReturnValue": 0, "Job": None},
    }
    assert host.power("vm0001") == "paused"


def test_check_mode_calls_nothing_and_tells_the_call(host: Lab) -> None:
    assert call(host, check_mode=True, **state_change(host, 9)) == {
        "changed": True,
        "call": "Msvm_ComputerSystem.RequestStateChange",
    }
    assert host.power("vm0001") == "running"
    assert list(host.host.requests) == []


def test_second_call_is_a_call_again_and_tells_its_refusal(host: Lab) -> None:
    """A method has no state to compare: whether to call it is the playbook's to say."""
    call(host, **state_change(host, 9))
    with pytest.raises(OperationFailed) as caught:
        call(host, **state_change(host, 9))
    assert caught.value.what == (
        "Msvm_ComputerSystem.RequestStateChange returned 32775 "
        "(invalid state for this operation)"
    )
    assert caught.value.details["code"] == 32775
    assert "success_values" in str(caught.value.remedy)
    again = call(host, success_values=[0, 32775], **state_change(host, 9))
    assert again["return_value"] == 32775


def test_embedded_instance_is_sent(host: Lab) -> None:
    call(host, **modify(host, Notes=["a<b & 'c' \"d\""]))
    assert host.host.model.machine("vm0001").configuration.notes == "a<b & 'c' \"d\""


def test_embedded_instances_come_back_as_mappings(host: Lab) -> None:
    result = call(
        host,
        **OF_SERVICE,
        method="GetSummaryInformation",
        parameters={"RequestedInformation": [0, 1, 4, 100]},
    )
    found = result["output"]["SummaryInformation"]
    assert [one["ElementName"] for one in found] == ["vm0001", "vm0002", "vm0003"]
    assert {one["__CLASS"] for one in found} == {"Msvm_SummaryInformation"}
    assert all(isinstance(one["NumberOfProcessors"], int) for one in found)


def test_list_of_references_is_sent(host: Lab) -> None:
    guid = host.host.model.machine("vm0002").guid
    path = (
        r"root\virtualization\v2:Msvm_VirtualSystemSettingData."
        rf'InstanceID="Microsoft:{guid}"'
    )
    result = call(
        host,
        **OF_SERVICE,
        method="GetSummaryInformation",
        parameters={"SettingData": [{"__PATH": path}], "RequestedInformation": [1]},
    )
    found = result["output"]["SummaryInformation"]
    assert [one["ElementName"] for one in found] == ["vm0002"]


@pytest.mark.parametrize("wait", [True, False])
def test_job_is_waited_for_unless_told(wait: bool) -> None:
    with lab(vms=2, job_seconds=0.3) as opened:
        result = call(opened, wait=wait, **state_change(opened, 2, "vm0002"))
        assert result["return_value"] == 4096
        assert "Msvm_ConcreteJob" in result["output"]["Job"]
        assert (calls(opened.host, "Get") > 0) is wait
        if wait:
            assert opened.power("vm0002") == "running"


def test_job_that_fails_fails_the_task() -> None:
    with lab(vms=2, job_seconds=0.05) as opened:
        opened.host.model.fail_next_job(32768, "Not enough memory.")
        with pytest.raises(JobFailed) as caught:
            call(opened, **state_change(opened, 2, "vm0002"))
        assert caught.value.what == (
            "can't call Msvm_ComputerSystem.RequestStateChange: Not enough memory"
        )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"class_name": "Msvm_NoSuchClass"}, "can't call Msvm_NoSuchClass."),
        ({"method": "NoSuchMethod"}, r"can't call .*\.NoSuchMethod"),
        ({"method": "No such"}, "No such"),
        ({"namespace": "root/none"}, "can't call "),
        ({"selectors": {"Name": "HVSIM", "Nonsense": "1"}}, "can't call "),
        ({"selectors": None}, "can't call "),
        ({"selectors": {"Name": None}}, "the key Name is null"),
        ({"selectors": {1: "c"}}, "can't call "),
        ({"parameters": {1: 1}}, "'1' is no name of a parameter"),
        ({"parameters": {"RequestedState": 2**70}}, "no CIM uint64"),
        ({"parameters": {"Nonsense": 1}}, "can't call "),
        ({"parameters": {"RequestedState": "many"}}, "can't call "),
        ({"parameters": {"RequestedState": {"a": 1}}}, "neither an instance nor"),
    ],
)
def test_call_that_can_not_be_made_is_our_error(
    host: Lab, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(HypervisorConnectError, match=words):
        call(host, **{**state_change(host, 9), **change})
    assert host.power("vm0001") == "running"


@pytest.mark.parametrize("check_mode", [False, True])
def test_libvirt_host_is_not_reached_over_wmi(tmp_path: Path, check_mode: bool) -> None:
    from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._libvirt import (
        lab as libvirt_lab,
    )

    options = validated(TASK, class_name="Win32_Process", method="Create")
    with (
        libvirt_lab.open_lab(tmp_path) as libvirt,
        pytest.raises(
            HypervisorConnectError, match="this host is not reached over WMI"
        ),
    ):
        run(libvirt, options, check_mode)
