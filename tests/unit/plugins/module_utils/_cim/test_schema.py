# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of classes, and what is asked of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._cim.classes import (
    TABLE,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._cim.instance import (
    CimInstance,
    InstancePath,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._cim.schema import (
    is_a,
    keys_of,
    path_of,
    results_of,
    types_of,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._cim.types import (
    SCALARS,
    element_type,
)

SHARED = Path(__file__).resolve().parents[5] / ".." / "shared" / "facts"
CLASSES = [line.split()[0] for line in TABLE.splitlines() if not line.startswith(" ")]


@pytest.mark.parametrize(
    ("class_name", "name", "cim_type"),
    [
        ("Msvm_ComputerSystem", "EnabledState", "uint16"),
        ("msvm_computersystem", "OperationalStatus", "uint16[]"),
        ("Msvm_ComputerSystem", "OnTimeInMilliseconds", "uint64"),
        ("Msvm_SummaryInformation", "ThumbnailImage", "uint8[]"),
        ("Msvm_SummaryInformation", "UpTime", "uint64"),
        ("Msvm_MemorySettingData", "DynamicMemoryEnabled", "boolean"),
        ("Msvm_MemorySettingData", "VirtualQuantity", "uint64"),
        ("Msvm_StorageJob", "PercentComplete", "uint16"),
        ("Msvm_ConcreteJob", "ElapsedTime", "datetime"),
        ("Msvm_KvpExchangeComponent", "GuestIntrinsicExchangeItems", "string[]"),
        ("Win32_OperatingSystem", "TotalVisibleMemorySize", "uint64"),
        ("Win32_ComputerSystem", "NumberOfLogicalProcessors", "uint32"),
    ],
)
def test_types_are_known(class_name: str, name: str, cim_type: str) -> None:
    assert types_of(class_name)[name.lower()] == cim_type


def test_every_class_has_types_that_exist() -> None:
    known = SCALARS | {"reference", "object"}
    assert len(CLASSES) > 60
    for class_name in CLASSES:
        assert {element_type(kind) for kind in types_of(class_name).values()} <= known


def test_unknown_class_has_no_types() -> None:
    assert not types_of("Win32_NoSuchThing")
    assert keys_of("Win32_NoSuchThing") == ()
    assert not results_of("Win32_NoSuchThing", "Do")
    assert path_of(CimInstance("Win32_NoSuchThing", {"A": 1})) is None


def test_results_of_a_method_are_known_by_inheritance_too() -> None:
    service = "Msvm_VirtualSystemManagementService"
    assert results_of(service, "AddResourceSettings") == {
        "returnvalue": "uint32",
        "resultingresourcesettings": "reference[]",
    }
    assert (
        results_of(service, "getsummaryinformation")["summaryinformation"] == "object[]"
    )
    assert results_of("Msvm_StorageJob", "GetErrorEx")["errors"] == "string[]"
    assert results_of(service, "DestroySystem") == {"returnvalue": "uint32"}


@pytest.mark.parametrize(
    ("class_name", "superclass", "expected"),
    [
        ("Msvm_ProcessorSettingData", "cim_resourceallocationsettingdata", True),
        ("msvm_processorsettingdata", "Msvm_ProcessorSettingData", True),
        ("Msvm_SecuritySettingData", "CIM_ResourceAllocationSettingData", False),
        ("Win32_NoSuchThing", "CIM_SettingData", False),
        ("Win32_NoSuchThing", "Win32_NoSuchThing", False),
    ],
)
def test_class_is_one_of_its_superclasses(
    class_name: str, superclass: str, expected: bool
) -> None:
    assert is_a(class_name, superclass) is expected


def test_path_is_made_of_the_keys() -> None:
    v2 = "root/virtualization/v2"
    job = CimInstance("Msvm_ConcreteJob", {"InstanceID": "G"}, namespace=v2)
    assert path_of(job) == InstancePath(v2, "Msvm_ConcreteJob", (("InstanceID", "G"),))
    assert path_of(job.replace(properties={"InstanceID": None})) is None
    own = InstancePath(v2, "Msvm_StorageJob", (("InstanceID", "H"),))
    assert path_of(job.replace(path=own)) == own
    assert keys_of("Msvm_ComputerSystem") == ("CreationClassName", "Name")


def test_table_agrees_with_the_schema_it_was_made_of() -> None:
    file = SHARED / "schema_v2.json"
    if not file.is_file():
        pytest.skip(f"no schema at {file}: the table is not compared with it")
    classes = json.loads(file.read_text(encoding="utf-8"))["classes"]
    compared = 0
    for class_name in CLASSES:
        if not class_name.startswith("Msvm_"):
            continue
        types = types_of(class_name)
        for each in classes[class_name]["properties"]:
            kind = each["type"] + ("[]" if each.get("array") else "")
            if types.get(each["name"].lower()):
                assert types[each["name"].lower()] == kind, (class_name, each["name"])
                compared += 1
    assert compared > 1000
