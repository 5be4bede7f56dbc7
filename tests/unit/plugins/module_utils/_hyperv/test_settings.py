# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Embedded instances for what a description sets, as tables."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._cim.embedded import (
    from_text,
    to_text,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.settings import (
    LEAST_MEMORY,
    MOST_MEMORY,
    boot_order,
    integration_settings,
    memory_properties,
    new_resources,
    new_system,
    processor_properties,
    serial_settings,
    system_properties,
    system_settings,
    values_of,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.changes import (
    SET,
    Change,
)

VM = "11111111-aaaa-4bbb-8ccc-dddddddddddd"
MIB = 1024**2


def test_changes_are_put_together_by_part() -> None:
    changes = [
        Change("vcpus", None, SET, 1, 4),
        Change("firmware", "tpm", SET, False, True),
        Change("firmware", "secure_boot", SET, True, False),
    ]
    assert values_of(changes) == {
        "vcpus": 4,
        "firmware": {"tpm": True, "secure_boot": False},
    }


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, {}),
        ({"name": "web1"}, {"ElementName": "web1"}),
        ({"description": "a\nb"}, {"Notes": ["a\nb"]}),
        ({"description": ""}, {"Notes": [""]}),
        ({"autostart": True}, {"AutomaticStartupAction": 4}),
        ({"autostart": False}, {"AutomaticStartupAction": 2}),
        ({"start_action": "if_running"}, {"AutomaticStartupAction": 3}),
        ({"start_delay": 90}, {"AutomaticStartupActionDelay": timedelta(seconds=90)}),
        ({"stop_action": "shut_down"}, {"AutomaticShutdownAction": 4}),
        ({"checkpoint_type": "standard"}, {"UserSnapshotType": 5}),
        ({"firmware": {"secure_boot": False}}, {"SecureBootEnabled": False}),
        (
            {"firmware": {"secure_boot_template": "MicrosoftWindows", "tpm": True}},
            {"SecureBootTemplateId": "1734C6E8-3154-4DDA-BA5F-A874CC483422"},
        ),
        ({"boot": ["disk"], "vcpus": 2}, {}),
    ],
)
def test_system_has_only_what_was_named(
    values: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert system_properties(values) == expected
    instance = system_settings(VM, expected)
    assert instance["InstanceID"] == f"Microsoft:{VM.upper()}"
    # The text that goes over the wire has the types of the schema.
    assert from_text(to_text(instance)) == instance


def test_boot_order_of_the_first_generation_is_whole() -> None:
    assert boot_order(["network"]) == [3, 1, 2, 0]
    assert boot_order(["floppy", "disk"]) == [0, 2, 1, 3]


def test_new_machine_has_its_generation_memory_and_processors() -> None:
    values = {
        "vcpus": 2,
        "memory": 2048 * MIB,
        "cpu": {"nested": True},
        "boot": ["disk"],
        "version": "9.0",
        "dynamic_memory": {"enabled": True, "minimum": 1024 * MIB},
    }
    system = new_system("web1", 1, values)
    assert dict(system) == {
        "ElementName": "web1",
        "VirtualSystemSubType": "Microsoft:Hyper-V:SubType:1",
        "Version": "9.0",
        "BootOrder": [2, 1, 3, 0],
    }
    assert "BootOrder" not in new_system("web1", 2, values)
    processors, memory = new_resources(values)
    assert dict(processors) == {
        "ResourceType": 3,
        "ResourceSubType": "Microsoft:Hyper-V:Processor",
        "VirtualQuantity": 2,
        "ExposeVirtualizationExtensions": True,
    }
    assert dict(memory) == {
        "ResourceType": 4,
        "ResourceSubType": "Microsoft:Hyper-V:Memory",
        "VirtualQuantity": 2048,
        "DynamicMemoryEnabled": True,
        "Reservation": 1024,
        "Limit": MOST_MEMORY,
    }
    assert new_resources({}) == []
    assert processor_properties({}) == {}


STATIC = {"VirtualQuantity": 1024, "DynamicMemoryEnabled": False, "Limit": 1024}
DYNAMIC = {**STATIC, "DynamicMemoryEnabled": True, "Reservation": 512, "Limit": 4096}


@pytest.mark.parametrize(
    ("values", "current", "expected"),
    [
        ({"vcpus": 2}, STATIC, {}),
        (
            {"memory": 2048 * MIB},
            STATIC,
            {"VirtualQuantity": 2048, "Reservation": 2048, "Limit": 2048},
        ),
        ({"memory": 2048 * MIB}, DYNAMIC, {"VirtualQuantity": 2048}),
        (
            {"dynamic_memory": {"enabled": True}},
            STATIC,
            {
                "DynamicMemoryEnabled": True,
                "Reservation": LEAST_MEMORY,
                "Limit": MOST_MEMORY,
            },
        ),
        (
            {"dynamic_memory": {"enabled": True, "maximum": 2048 * MIB}},
            {**STATIC, "VirtualQuantity": 256},
            {"DynamicMemoryEnabled": True, "Reservation": 256, "Limit": 2048},
        ),
        (
            {"dynamic_memory": {"enabled": False}},
            DYNAMIC,
            {"DynamicMemoryEnabled": False, "Reservation": 1024, "Limit": 1024},
        ),
        (
            {"dynamic_memory": {"minimum": 256 * MIB, "buffer": 0, "weight": 0}},
            DYNAMIC,
            {"Reservation": 256, "TargetMemoryBuffer": 0, "Weight": 0},
        ),
        ({"dynamic_memory": {"weight": 7}}, STATIC, {"Weight": 7}),
    ],
)
def test_memory_that_is_static_has_one_size(
    values: dict[str, Any], current: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert memory_properties(values, current) == expected


def test_serial_ports_that_are_not_named_are_cut_off() -> None:
    rows = [{"InstanceID": rf"Microsoft:{VM}\S\{n}"} for n in (1, 0)]
    path = r"\\.\pipe\one"
    first, second = serial_settings([{"type": "pipe", "path": path}], rows)
    assert (first["InstanceID"][-1], first["Connection"]) == ("0", [path])
    assert (second["InstanceID"][-1], second["Connection"]) == ("1", [""])


def test_integration_services_are_turned_on_and_off() -> None:
    rows = {"backup": [{"InstanceID": "B"}], "heartbeat": []}
    found = integration_settings({"backup": False, "heartbeat": True}, rows)
    assert list(found) == ["backup"]
    assert found["backup"].class_name == "Msvm_VssComponentSettingData"
    assert dict(found["backup"]) == {"InstanceID": "B", "EnabledState": 3}
