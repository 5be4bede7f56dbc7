# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of settings classes that a playbook names itself, on hvsim."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.own import (
    Call,
    check_own,
    is_live,
    own_calls,
    own_changes,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.changes import (
    SET,
    Change,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.description import (
    Description,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.plan import (
    PlanRefused,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv.lab import (
    Lab,
    lab,
)

OFF = "vm0002"
SYSTEM = "Msvm_VirtualSystemSettingData"


@pytest.fixture
def host() -> Iterator[Lab]:
    """A host with three machines."""
    with lab(vms=3) as opened:
        yield opened


def changes(host: Lab, **hyperv: dict[str, Any]) -> tuple[Change, ...]:
    vm = host.hypervisor.find_vm(OFF, detail="full")
    return own_changes(host.hypervisor, vm, Description(hyperv=hyperv))


def test_only_what_differs_is_a_change(host: Lab) -> None:
    named = {"Limit": "100000", "Weight": 100, "LimitCPUID": True}
    assert changes(host, Msvm_ProcessorSettingData=named) == (
        Change("hyperv", "Msvm_ProcessorSettingData.LimitCPUID", SET, False, True),
    )
    assert changes(host) == ()


def test_interval_is_a_number_of_seconds_or_a_text_of_wmi(host: Lab) -> None:
    name = "AutomaticCriticalErrorActionTimeout"
    (found,) = changes(host, **{SYSTEM: {name: 60}})
    assert (found.before, found.after) == (30 * 60, 60)
    (call,) = own_calls(host.hypervisor, host.hypervisor.find_vm(OFF), [found])
    assert call.parameters["SystemSettings"][name] == timedelta(seconds=60)
    assert changes(host, **{SYSTEM: {name: "00000000003000.000000:000"}}) == ()


def test_array_is_a_list_or_its_only_value(host: Lab) -> None:
    host.host.model.machine(OFF).configuration.notes = "Notes on vm0002"
    for notes in (["Notes on vm0002"], "Notes on vm0002"):
        assert changes(host, **{SYSTEM: {"Notes": notes}}) == ()
    (found,) = changes(host, **{SYSTEM: {"Notes": "other"}})
    assert (found.before, found.after) == (["Notes on vm0002"], ["other"])


def test_class_with_several_settings_changes_all_of_them(host: Lab) -> None:
    nics = {"Msvm_EmulatedEthernetPortSettingData": {"ClusterMonitored": False}}
    configuration = host.host.model.machine(OFF).configuration
    for nic in configuration.nics:
        nic.is_legacy = True
    configuration.nics.append(
        type(configuration.nics[0])(**vars(configuration.nics[0]))
    )
    configuration.nics[1].guid = "99999999-AAAA-4BBB-8CCC-DDDDDDDDDDDD"
    found = changes(host, **nics)
    assert [one.before for one in found] == [[True, True]]
    (call,) = own_calls(host.hypervisor, host.hypervisor.find_vm(OFF), found)
    assert call.method == "ModifyResourceSettings"
    assert len(call.parameters["ResourceSettings"]) == 2


@pytest.mark.parametrize(
    ("cls", "named", "method", "parameter"),
    [
        (
            SYSTEM,
            ("LockOnDisconnect", True),
            "ModifySystemSettings",
            "SystemSettings",
        ),
        (
            "Msvm_SecuritySettingData",
            ("KsdEnabled", True),
            "ModifySecuritySettings",
            "SecuritySettingData",
        ),
        (
            "Msvm_GuestServiceInterfaceComponentSettingData",
            ("EnabledState", 2),
            "ModifyGuestServiceSettings",
            "GuestServiceSettings",
        ),
    ],
)
def test_each_class_has_its_method(
    host: Lab, cls: str, named: tuple[str, object], method: str, parameter: str
) -> None:
    name, value = named
    change = Change("hyperv", f"{cls}.{name}", SET, None, value)
    (call,) = own_calls(host.hypervisor, host.hypervisor.find_vm(OFF), [change])
    assert isinstance(call, Call)
    assert (call.method, list(call.parameters)) == (method, [parameter])
    host.hypervisor.do("test", call.method, service=call.service, **call.parameters)
    assert changes(host, **{cls: {name: value}}) == ()


@pytest.mark.parametrize(
    "hyperv",
    [
        {"Msvm_ProcessorSettingData": {"InstanceID": "x"}},
        {"Msvm_ProcessorSettingData": {"ResourceType": 3}},
        {"Msvm_ProcessorSettingData": {"Limit": -1}},
        {"Msvm_ProcessorSettingData": {"LimitCPUID": "perhaps"}},
        {"CIM_DataFile": {"Name": "x"}},
        {7: {}},
    ],
)
def test_what_can_not_be_set_is_refused(hyperv: dict[Any, Any]) -> None:
    with pytest.raises(PlanRefused) as caught:
        check_own(hyperv)
    assert caught.value.remedy


def test_what_can_be_set_is_let_pass() -> None:
    check_own({"msvm_processorsettingdata": {"limit": 1, "CpuGroupId": 7}})
    assert is_live(Change("hyperv", "msvm_processorsettingdata.limit", SET))
    assert not is_live(Change("hyperv", "Msvm_MemorySettingData.HugePagesEnabled", SET))
