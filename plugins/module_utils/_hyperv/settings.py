# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Embedded instances for what a description sets of a machine; pure.

Each holds its InstanceID and what changes, and nothing else: the provider refuses
settings that are sent back whole (seen by r4sd/go-wsman on a real host).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from .._cim.instance import CimInstance
from .._hypervisor.changes import Change
from .classes import (
    GENERATIONS,
    MEMORY,
    PROCESSOR,
    SERIAL,
    START_ALWAYS,
    START_NOTHING,
    SYSTEM_SETTINGS,
)
from .rows import Row, boolean, integer
from .words import (
    BOOT_ORDER,
    CHECKPOINT_TYPES,
    INTEGRATION,
    OFF,
    ON,
    START_ACTIONS,
    STOP_ACTIONS,
    number_of,
    template_guid,
)

Values = Mapping[str, Any]
"""What was named of a machine, in the form of Description.values."""

_MIB = 1024**2
#: What PowerShell's Set-VMMemory starts a range with: 512 MB to 1 TB.
LEAST_MEMORY, MOST_MEMORY = 512, 1024**2


def values_of(changes: Iterable[Change]) -> dict[str, Any]:
    """What changes set, in the form of Description.values."""
    found: dict[str, Any] = {}
    for change in changes:
        if change.item is None:
            found[change.part] = change.after
        else:
            found.setdefault(change.part, {})[change.item] = change.after
    return found


def system_properties(values: Values) -> dict[str, Any]:
    """The properties of Msvm_VirtualSystemSettingData that were named.

    The boot order of generation 2 is not among them: it names devices.
    """
    found: dict[str, Any] = {}
    if "name" in values:
        found["ElementName"] = values["name"]
    if "description" in values:
        found["Notes"] = [values["description"] or ""]
    if "autostart" in values:
        found["AutomaticStartupAction"] = (
            START_ALWAYS if values["autostart"] else START_NOTHING
        )
    if "start_delay" in values:
        found["AutomaticStartupActionDelay"] = timedelta(seconds=values["start_delay"])
    for part, name, words in (
        ("start_action", "AutomaticStartupAction", START_ACTIONS),
        ("stop_action", "AutomaticShutdownAction", STOP_ACTIONS),
        ("checkpoint_type", "UserSnapshotType", CHECKPOINT_TYPES),
    ):
        if part in values:
            found[name] = number_of(words, values[part])
    firmware = values.get("firmware", {})
    if "secure_boot" in firmware:
        found["SecureBootEnabled"] = firmware["secure_boot"]
    if "secure_boot_template" in firmware:
        found["SecureBootTemplateId"] = template_guid(firmware["secure_boot_template"])
    return found


def boot_order(kinds: Iterable[str]) -> list[int]:
    """BootOrder of generation 1: the kinds that were named, then the others."""
    named = [number_of(BOOT_ORDER, kind) for kind in kinds]
    return named + [number for number in (1, 2, 3, 0) if number not in named]


def new_system(name: str, generation: int, values: Values) -> CimInstance:
    """The settings of a machine that is to be defined."""
    properties = system_properties({**values, "name": name})
    properties["VirtualSystemSubType"] = GENERATIONS[generation]
    if "version" in values:
        properties["Version"] = values["version"]
    if generation == 1 and "boot" in values:
        properties["BootOrder"] = boot_order(values["boot"])
    return CimInstance(SYSTEM_SETTINGS, properties)


def system_settings(guid: str, properties: Values) -> CimInstance:
    """The settings in force of a machine, or a checkpoint's, with what changes."""
    instance = {"InstanceID": f"Microsoft:{guid.upper()}", **properties}
    return CimInstance(SYSTEM_SETTINGS, instance)


def new_resources(values: Values) -> list[CimInstance]:
    """The memory and processors of a machine that is to be defined."""
    found = []
    processors = processor_properties(values)
    if processors:
        kind = {"ResourceType": 3, "ResourceSubType": "Microsoft:Hyper-V:Processor"}
        found.append(CimInstance(PROCESSOR, {**kind, **processors}))
    memory = memory_properties(values, {})
    if memory:
        kind = {"ResourceType": 4, "ResourceSubType": "Microsoft:Hyper-V:Memory"}
        found.append(CimInstance(MEMORY, {**kind, **memory}))
    return found


def processor_properties(values: Values) -> dict[str, Any]:
    """The properties of Msvm_ProcessorSettingData that were named."""
    found: dict[str, Any] = {}
    if "vcpus" in values:
        found["VirtualQuantity"] = values["vcpus"]
    if "nested" in values.get("cpu", {}):
        found["ExposeVirtualizationExtensions"] = values["cpu"]["nested"]
    return found


def memory_properties(values: Values, current: Row) -> dict[str, Any]:
    """The properties of Msvm_MemorySettingData for what was named, in MB.

    With static memory its least and most are what it starts with. Where dynamic memory
    is turned on and no range is named, the range is the one of PowerShell.
    """
    dynamic = values.get("dynamic_memory", {})
    if "memory" not in values and not dynamic:
        return {}
    was_on = boolean(current.get("DynamicMemoryEnabled"))
    is_on = dynamic.get("enabled", was_on)
    startup = integer(current.get("VirtualQuantity"))
    found: dict[str, Any] = {}
    if "memory" in values:
        startup = found["VirtualQuantity"] = values["memory"] // _MIB
    if "enabled" in dynamic:
        found["DynamicMemoryEnabled"] = is_on
    if is_on:
        found.update(_memory_range(dynamic, was_on, startup))
    elif startup is not None and ("memory" in values or was_on):
        found["Reservation"] = found["Limit"] = startup
    for word, name in (("buffer", "TargetMemoryBuffer"), ("weight", "Weight")):
        if word in dynamic:
            found[name] = dynamic[word]
    return found


def _memory_range(dynamic: Values, was_on: bool, startup: int | None) -> dict[str, int]:
    found: dict[str, int] = {}
    if not was_on:
        least = LEAST_MEMORY if startup is None else min(LEAST_MEMORY, startup)
        found = {"Reservation": least, "Limit": MOST_MEMORY}
    for word, name in (("minimum", "Reservation"), ("maximum", "Limit")):
        if word in dynamic:
            found[name] = dynamic[word] // _MIB
    return found


def serial_settings(
    wanted: Iterable[Mapping[str, Any]], rows: Iterable[Row]
) -> list[CimInstance]:
    """The serial ports as they shall be; those that are not named are cut off."""
    ports = sorted(rows, key=lambda row: str(row["InstanceID"]))
    paths = [one.get("path") or "" for one in wanted]
    paths += [""] * (len(ports) - len(paths))
    return [
        CimInstance(SERIAL, {"InstanceID": row["InstanceID"], "Connection": [path]})
        for row, path in zip(ports, paths)
    ]


def integration_settings(
    wanted: Mapping[str, bool], rows: Mapping[str, Iterable[Row]]
) -> dict[str, CimInstance]:
    """The settings of integration services, by their words."""
    return {
        word: CimInstance(
            INTEGRATION[word],
            {"InstanceID": row["InstanceID"], "EnabledState": ON if on else OFF},
        )
        for word, on in wanted.items()
        for row in rows[word]
    }
