# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GetSummaryInformation: much about many machines in one answer.

The codes are those of Microsoft's page on the method; what isn't asked for is null.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from hvsim.model.clock import moment
from hvsim.model.common import ConfigurationOf, configurations
from hvsim.model.console import picture
from hvsim.model.devices import load
from hvsim.model.integration import status
from hvsim.model.job_class import CONCRETE_JOB, jobs
from hvsim.model.jobs import ReturnCode
from hvsim.model.machine import Machine, Power
from hvsim.model.services import VSMS
from hvsim.model.settings import SNAPSHOT, VERSION, VSSD, settings
from hvsim.wmi.registry import Values, method
from hvsim.wmi.schema import VIRTUALIZATION, schema
from hvsim.wmi.values import Instance, ObjectPath

if TYPE_CHECKING:
    from hvsim.model.model import Model

CODES: dict[int, tuple[str, ...]] = {
    0: ("Name",),
    1: ("ElementName",),
    2: ("CreationTime",),
    3: ("Notes",),
    4: ("NumberOfProcessors",),
    5: ("ThumbnailImage", "ThumbnailImageHeight", "ThumbnailImageWidth"),
    6: ("ThumbnailImage", "ThumbnailImageHeight", "ThumbnailImageWidth"),
    7: ("ThumbnailImage", "ThumbnailImageHeight", "ThumbnailImageWidth"),
    8: ("AllocatedGPU",),
    9: ("VirtualSwitchNames",),
    10: ("Version",),
    11: ("Shielded",),
    100: ("EnabledState", "OtherEnabledState"),
    101: ("ProcessorLoad",),
    102: ("ProcessorLoadHistory",),
    103: ("MemoryUsage",),
    104: ("Heartbeat",),
    105: ("UpTime",),
    106: ("GuestOperatingSystem",),
    107: ("Snapshots",),
    108: ("AsynchronousTasks",),
    109: ("HealthState",),
    110: ("OperationalStatus",),
    111: ("StatusDescriptions",),
    112: ("MemoryAvailable",),
    113: ("AvailableMemoryBuffer",),
    114: ("ReplicationMode",),
    115: ("ReplicationState",),
    116: ("ReplicationHealth",),
    117: ("ApplicationHealth",),
    118: ("ReplicationStateEx",),
    119: ("ReplicationHealthEx",),
    120: ("SwapFilesInUse",),
    121: ("IntegrationServicesVersionState",),
    122: ("ReplicationProviderId",),
}
"""RequestedInformation: the properties that it fills."""
ALWAYS = (
    "EnhancedSessionModeState",
    "HostComputerSystemName",
    "InstanceID",
    "VirtualSystemSubType",
)
THUMBNAILS = {5: (80, 60), 6: (160, 120), 7: (320, 240)}
"""Widths and heights; the image has two bytes per pixel (RGB565)."""


@method(VSMS, "GetSummaryInformation")
def get_summary_information(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Summaries of the settings that are named, or of every machine."""
    codes = parameters.get("RequestedInformation") or []
    if any(code not in CODES for code in codes):
        return {"ReturnValue": ReturnCode.INVALID_PARAMETER}
    references = parameters.get("SettingData")
    try:
        targets = list(_targets(model, references))
    except KeyError:
        return {"ReturnValue": ReturnCode.INVALID_PARAMETER}
    names = {name for code in codes for name in CODES[code]}.union(ALWAYS)
    cim_class = schema(VIRTUALIZATION).find("Msvm_SummaryInformation")
    summaries = [
        Instance(cim_class, _summary(model, machine, config, names, codes))
        for machine, config in targets
    ]
    return {"SummaryInformation": summaries, "ReturnValue": ReturnCode.OK}


def _targets(
    model: Model, references: list[Any] | None
) -> Iterator[tuple[Machine, ConfigurationOf]]:
    """Machines with the configuration that is meant. Raises KeyError."""
    if not references:
        for machine in model.machines.values():
            yield machine, next(configurations(machine))
        return
    for reference in references:
        yield _target(model, reference)


def _target(model: Model, reference: Any) -> tuple[Machine, ConfigurationOf]:
    if not isinstance(reference, ObjectPath):
        raise KeyError(reference)
    if reference.class_name.lower() != VSSD.lower():
        raise KeyError(reference)
    guid = {n.lower(): v for n, v in reference.keys}["instanceid"].upper()
    guid = guid.removeprefix("MICROSOFT:")
    machine = model.owner(guid)
    for config in configurations(machine) if machine else ():
        if machine and config.guid == guid:
            return machine, config
    raise KeyError(guid)


def _summary(
    model: Model,
    machine: Machine,
    config: ConfigurationOf,
    names: set[str],
    codes: list[int],
) -> Values:
    values: Values = {
        **_configured(model, machine, config, names),
        **(_running(model, machine, names) if config.snapshot is None else {}),
    }
    for code in codes:
        if code in THUMBNAILS and machine.power == Power.RUNNING:
            width, height = THUMBNAILS[code]
            values["ThumbnailImage"] = picture(machine, width, height)
            values["ThumbnailImageWidth"] = width
            values["ThumbnailImageHeight"] = height
    return {name: value for name, value in values.items() if name in names}


def _configured(
    model: Model, machine: Machine, config: ConfigurationOf, names: set[str]
) -> Values:
    configuration, snapshot = config.configuration, config.snapshot
    switches = {switch.guid: switch.name for switch in model.switches}
    return {
        "CreationTime": moment(snapshot.created if snapshot else machine.created),
        "ElementName": snapshot.name if snapshot else machine.name,
        "HostComputerSystemName": model.hostname,
        "InstanceID": f"Microsoft:{config.guid}",
        "Name": config.guid,
        "Notes": configuration.notes,
        "NumberOfProcessors": configuration.processors,
        "Shielded": configuration.security.get("ShieldingRequested", False),
        "Snapshots": _snapshots(model, machine) if "Snapshots" in names else None,
        "Version": configuration.settings.get("Version", VERSION),
        "VirtualSwitchNames": [
            switches[nic.switch]
            for nic in configuration.nics
            if nic.is_connected and nic.switch in switches
        ],
        "VirtualSystemSubType": f"Microsoft:Hyper-V:SubType:{configuration.generation}",
    }


def _running(model: Model, machine: Machine, names: set[str]) -> Values:
    runs = machine.power == Power.RUNNING
    memory = machine.configuration.memory
    return {
        "ApplicationHealth": 2 if runs else None,
        "AsynchronousTasks": _tasks(model, machine)
        if "AsynchronousTasks" in names
        else None,
        "AvailableMemoryBuffer": memory.buffer if runs and memory.dynamic else None,
        "EnabledState": machine.enabled_state,
        "EnhancedSessionModeState": 2 if machine.is_on else 3,
        "GuestOperatingSystem": machine.guest.os_name
        if status(machine, "KvpExchange") == 2
        else None,
        "HealthState": 5,
        "Heartbeat": status(machine, "Heartbeat") if machine.is_on else None,
        "IntegrationServicesVersionState": 1 if runs else 0,
        "MemoryAvailable": 20 if runs and memory.dynamic else None,
        "MemoryUsage": memory.startup if machine.is_on else 0,
        "OperationalStatus": machine.operational[0],
        "OtherEnabledState": machine.other_state,
        "ProcessorLoad": load(machine) if machine.is_on else 0,
        "ProcessorLoadHistory": [load(machine)] * 3 if machine.is_on else [],
        "ReplicationHealth": 0,
        "ReplicationMode": 0,
        "ReplicationState": 0,
        "StatusDescriptions": machine.operational[1],
        "SwapFilesInUse": False,
        "UpTime": int(machine.uptime(model.now()) * 1000),
    }


def _snapshots(model: Model, machine: Machine) -> list[Instance]:
    cim_class = schema(VIRTUALIZATION).find(VSSD)
    return [
        Instance(cim_class, values, model.hostname)
        for values in settings(model, machine)
        if values["VirtualSystemType"] == SNAPSHOT
    ]


def _tasks(model: Model, machine: Machine) -> list[Instance]:
    cim_class = schema(VIRTUALIZATION).find(CONCRETE_JOB)
    return [
        Instance(cim_class, values, model.hostname)
        for values in jobs(model)
        if values["InstanceID"] in machine.jobs
    ]
