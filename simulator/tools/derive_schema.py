# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make hvsim/wmi/classes.json from complete schema dumps (kept outside this project).

    python tools/derive_schema.py schema_v2.json schema_cimv2.json > hvsim/wmi/classes.json

A dump has, per class: superclass, ancestors, keys, properties with the class that
declares them, and methods with their parameters. What is written here has, per class,
only what it declares itself, as "Name:type"; "[]" marks an array, "ref=" a reference
and "object=" an embedded object of that class.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

BUILDS = {"2019", "23H2"}
ROOT = "cim.WmiInstance"
V2 = """
AffectedJobElement ActiveConnection BootSourceSettingData ComputerSystem ConcreteJob
DiskDrive DVDDrive ElementSettingData EmulatedEthernetPort EmulatedEthernetPortSettingData Error
EthernetPortAllocationSettingData
EthernetPortSettingDataComponent EthernetSwitchPortAclSettingData
EthernetSwitchPortBandwidthSettingData EthernetSwitchPortIsolationSettingData
EthernetSwitchPortOffloadSettingData EthernetSwitchPortSecuritySettingData
EthernetSwitchPortVlanSettingData ExternalEthernetPort
GuestNetworkAdapterConfiguration GuestServiceInterfaceComponent
GuestServiceInterfaceComponentSettingData HeartbeatComponent
HeartbeatComponentSettingData HostedDependency HostedService ImageManagementService
InternalEthernetPort Keyboard KvpExchangeComponent KvpExchangeComponentSettingData
KvpExchangeDataItem LastAppliedSnapshot LogicalDisk Memory MemorySettingData
MostCurrentSnapshotInBranch ParentChildSettingData Processor ProcessorSettingData
ResourceAllocationSettingData SecurityElement SecurityService SecuritySettingData
SerialPortSettingData SettingDataComponent SettingsDefineState ShutdownComponent
ShutdownComponentSettingData SnapshotOfVirtualSystem StorageAllocationSettingData
StorageJob SummaryInformation SyntheticDisplayControllerSettingData
SyntheticEthernetPort SyntheticEthernetPortSettingData SystemDevice TimeSyncComponent
TimeSyncComponentSettingData VirtualEthernetSwitch
VirtualEthernetSwitchManagementService VirtualEthernetSwitchSettingData
VirtualHardDiskSettingData VirtualHardDiskState VirtualSystemManagementService
VirtualSystemManagementServiceSettingData VirtualSystemSettingData
VirtualSystemSettingDataComponent VirtualSystemSnapshotService
VirtualSystemSnapshotSettingData VssComponent VssComponentSettingData
"""
CIMV2 = """
CIM_DataFile Win32_BIOS Win32_ComputerSystem Win32_ComputerSystemProduct
Win32_Directory Win32_OperatingSystem Win32_Process Win32_Processor Win32_Service
"""

_KEY = ("in hDefKey:uint32", "in sSubKeyName:string")
_VALUE = (*_KEY, "in sValueName:string")
REGISTRY: dict[str, list[str]] = {
    "CreateKey": [*_KEY],
    "DeleteKey": [*_KEY],
    "EnumKey": [*_KEY, "out sNames:string[]"],
    "EnumValues": [*_KEY, "out sNames:string[]", "out Types:sint32[]"],
    "DeleteValue": [*_VALUE],
    "SetDWORDValue": [*_VALUE, "in uValue:uint32"],
    "SetQWORDValue": [*_VALUE, "in uValue:uint64"],
    "GetDWORDValue": [*_VALUE, "out uValue:uint32"],
    "GetQWORDValue": [*_VALUE, "out uValue:uint64"],
    "SetStringValue": [*_VALUE, "in sValue:string"],
    "GetStringValue": [*_VALUE, "out sValue:string"],
    "SetMultiStringValue": [*_VALUE, "in sValue:string[]"],
    "GetMultiStringValue": [*_VALUE, "out sValue:string[]"],
    "SetExpandedStringValue": [*_VALUE, "in sValue:string"],
    "GetExpandedStringValue": [*_VALUE, "out sValue:string"],
    "SetBinaryValue": [*_VALUE, "in uValue:uint8[]"],
    "GetBinaryValue": [*_VALUE, "out uValue:uint8[]"],
    "CheckAccess": [*_KEY, "in uRequired:uint32", "out bGranted:boolean"],
}
"""StdRegProv, as its page in Microsoft's "WMI Registry Provider" declares it; the dumps
don't have it. It is in root/default and, since Vista, in root/cimv2."""

Class = dict[str, Any]


def derive(dump: dict[str, Class], wanted: list[str]) -> dict[str, Class]:
    """The wanted classes and all their ancestors, each with what it declares."""
    result: dict[str, Class] = {}
    kinds = _kinds(dump)
    for name in wanted:
        _add(dump, name, result, kinds)
    return dict(sorted(result.items()))


def _kinds(dump: dict[str, Class]) -> dict[tuple[str, str], str]:
    """The type that most classes give a property which they inherit from one."""
    told: dict[tuple[str, str], Counter[str]] = {}
    for source in dump.values():
        for prop in source["properties"]:
            key = prop["origin"], prop["name"]
            told.setdefault(key, Counter())[_type(prop)] += 1
    return {key: counter.most_common(1)[0][0] for key, counter in told.items()}


def _add(
    dump: dict[str, Class],
    name: str,
    result: dict[str, Class],
    kinds: dict[tuple[str, str], str],
) -> None:
    source = dump[name]
    line = [name, *source.get("ancestors", [])]
    if line[-1] == ROOT:
        line.pop()
    for position, ancestor in enumerate(line):
        entry = result.setdefault(ancestor, _empty(dump, line, position))
        for prop in source["properties"]:
            if prop["origin"] == ancestor and _is_real(prop):
                entry["properties"].setdefault(
                    prop["name"], kinds[ancestor, prop["name"]]
                )
        for method_name, method in source.get("methods", {}).items():
            if method.get("origin", name) == ancestor:
                entry["methods"].setdefault(method_name, _parameters(method))
    # A dump may call the declaring class otherwise than any of the ancestors.
    declared = {name for item in line for name in result[item]["properties"]}
    for prop in source["properties"]:
        if prop["name"] not in declared and _is_real(prop):
            result[name]["properties"][prop["name"]] = _type(prop)


def _empty(dump: dict[str, Class], line: list[str], position: int) -> Class:
    name = line[position]
    entry: Class = {"super": line[position + 1] if line[position + 1 :] else None}
    source = dump.get(name, {})
    entry["keys"] = source.get("keys") or []
    entry["association"] = bool(source.get("association"))
    return {**entry, "properties": {}, "methods": {}}


def _is_real(prop: dict[str, Any]) -> bool:
    return not prop.get("builds") or bool(BUILDS & set(prop["builds"]))


def _type(item: dict[str, Any]) -> str:
    kind = item["type"]
    if kind in ("reference", "object"):
        kind = f"{'ref' if kind == 'reference' else kind}={item.get('class') or ''}"
    return kind + ("[]" if item.get("array") else "")


def _parameters(method: dict[str, Any]) -> list[str]:
    return [
        " ".join(
            (
                "inout"
                if item["in"] and item["out"]
                else "in"
                if item["in"]
                else "out",
                f"{item['name']}:{_type(item)}",
            )
        )
        for item in method["params"]
    ]


def main(v2: str, cimv2: str) -> None:
    """Read both dumps and print the derived schema."""
    derived = {
        "root/virtualization/v2": derive(
            json.loads(Path(v2).read_text(encoding="utf-8"))["classes"],
            [f"Msvm_{name}" for name in V2.split()],
        ),
        "root/cimv2": derive(
            json.loads(Path(cimv2).read_text(encoding="utf-8"))["classes"],
            CIMV2.split(),
        ),
    }
    provider: dict[str, Any] = {
        "super": None,
        "keys": [],
        "association": False,
        "properties": {},
        "methods": REGISTRY,
    }
    derived["root/cimv2"]["StdRegProv"] = provider
    derived["root/default"] = {"StdRegProv": provider}
    json.dump(derived, sys.stdout, indent=1, sort_keys=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
