# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources of a configuration: memory, processor, controllers, drives, media.

InstanceIDs follow the grammar seen in print-outs of real hosts: Microsoft:GUID of the
machine or checkpoint, then the part's own GUID, controller number and slot.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from hvsim.model import identifiers
from hvsim.model.common import (
    ConfigurationOf,
    configurations,
    settings_path,
)
from hvsim.model.identifiers import FLOPPY, IDE, MEMORY, PROCESSOR, SERIAL
from hvsim.model.images import Image
from hvsim.model.machine import Drive, Machine, Memory
from hvsim.model.settings import vssd_path
from hvsim.wmi.registry import Values, of_machine
from hvsim.wmi.values import ObjectPath

if TYPE_CHECKING:
    from hvsim.model.model import Model

RASD = "Msvm_ResourceAllocationSettingData"
SASD = "Msvm_StorageAllocationSettingData"
HYPERV = "Microsoft:Hyper-V:"
MOST_PROCESSORS = 240
"""Of a machine, as the pool's definitions tell it."""
MEMORY_DEFAULTS: Values = {
    "HugePagesEnabled": False,
    "MaxMemoryBlocksPerNumaNode": 16384,
    "SgxEnabled": False,
    "SgxSize": 0,
}
PROCESSOR_DEFAULTS: Values = {
    "AllowACountMCount": True,
    "CpuGroupId": "00000000-0000-0000-0000-000000000000",
    "DisableSpeculationControls": False,
    "EnableHostResourceProtection": False,
    "EnableLegacyApicMode": False,
    "EnablePageShattering": 0,
    "EnablePerfmonIpt": False,
    "EnablePerfmonLbr": False,
    "EnablePerfmonPebs": False,
    "EnablePerfmonPmu": False,
    "ExposeVirtualizationExtensions": False,
    "HideHypervisorPresent": False,
    "HwThreadsPerCore": 0,
    "Limit": 100000,
    "LimitCPUID": False,
    "LimitProcessorFeatures": False,
    "MaxNumaNodesPerSocket": 1,
    "MaxProcessorsPerNumaNode": 16,
    "Reservation": 0,
    "Weight": 100,
}
MEDIUM_DEFAULTS: Values = {
    "CachingMode": 0,
    "IgnoreFlushes": False,
    "IOPSLimit": 0,
    "IOPSReservation": 0,
    "PersistentReservationsSupported": False,
    "StorageQoSPolicyID": "00000000-0000-0000-0000-000000000000",
    "WriteHardeningMethod": 0,
}
DISPLAY_DEFAULTS: Values = {
    "HorizontalResolution": 1920,
    "ResolutionType": 3,
    "VerticalResolution": 1080,
}


def allocation(
    instance_id: str, resource_type: int, sub_type: str, name: str, **values: object
) -> Values:
    """The properties that every CIM_ResourceAllocationSettingData has."""
    return {
        "AllocationUnits": "count",
        "AutomaticAllocation": True,
        "AutomaticDeallocation": True,
        "Caption": name,
        "ConsumerVisibility": 3,
        "Description": f"Settings for the Microsoft {name}.",
        "ElementName": name,
        "InstanceID": instance_id,
        "Limit": 1,
        "PoolID": "",
        "Reservation": 1,
        "ResourceSubType": HYPERV + sub_type,
        "ResourceType": resource_type,
        "VirtualQuantity": 1,
        "VirtualQuantityUnits": "count",
        "Weight": 0,
        **values,
    }


# Memory and processor


@of_machine("Msvm_MemorySettingData")
def memory(model: Model, machine: Machine) -> Iterator[Values]:
    """Memory: VirtualQuantity at start, Reservation least, Limit most, in MiB."""
    for config in configurations(machine):
        yield memory_values(
            rf"Microsoft:{config.guid}\{MEMORY}", config.configuration.memory
        )


def memory_values(instance_id: str, part: Memory) -> Values:
    """The settings of memory."""
    return allocation(
        instance_id,
        4,
        "Memory",
        "Memory",
        AllocationUnits="byte * 2^20",
        DynamicMemoryEnabled=part.dynamic,
        IsVirtualized=True,
        Limit=part.maximum,
        Reservation=part.minimum,
        SwapFilesInUse=False,
        TargetMemoryBuffer=part.buffer,
        VirtualQuantity=part.startup,
        VirtualQuantityUnits="byte * 2^20",
        Weight=part.weight,
        **{**MEMORY_DEFAULTS, **part.settings},
    )


@of_machine("Msvm_ProcessorSettingData")
def processor(model: Model, machine: Machine) -> Iterator[Values]:
    """One instance per configuration, whatever the number of processors."""
    for config in configurations(machine):
        yield processor_values(
            rf"Microsoft:{config.guid}\{PROCESSOR}\0",
            config.configuration.processors,
            config.configuration.processor_settings,
        )


def processor_values(instance_id: str, quantity: int, settings: Values) -> Values:
    """The settings of processors."""
    return allocation(
        instance_id,
        3,
        "Processor",
        "Processor",
        AllocationUnits="percent / 1000",
        Description="Settings for Microsoft Virtual Processor.",
        VirtualQuantity=quantity,
        **{**PROCESSOR_DEFAULTS, **settings},
    )


# Controllers and what every machine has


@of_machine(RASD)
def controllers_and_drives(model: Model, machine: Machine) -> Iterator[Values]:
    """Controllers, drives, keyboard, mouse."""
    for config in configurations(machine):
        yield from _fixed_parts(config)
        yield from _controllers(config)
        for drive in config.configuration.drives:
            yield _drive(model, config, drive)


def _fixed_parts(config: ConfigurationOf) -> Iterator[Values]:
    part = partial(rf"Microsoft:{config.guid}\{{}}".format)
    if config.configuration.generation == 1:
        keyboard = rf"{identifiers.KEYBOARD}\Keyboard"
        yield allocation(part(keyboard), 13, "Emulated Keyboard", "Keyboard")
        yield allocation(part(rf"{FLOPPY}\0"), 1, "Diskette Controller", "Diskette")
        yield allocation(
            part(rf"{FLOPPY}\0\0\D"), 14, "Synthetic Diskette Drive", "Diskette Drive"
        )
    yield allocation(part(identifiers.MOUSE), 13, "Synthetic Mouse", "Mouse")
    yield allocation(part(SERIAL), 17, "Serial Controller", "Serial Controller")


def _controllers(config: ConfigurationOf) -> Iterator[Values]:
    if config.configuration.generation == 1:
        for number in (0, 1):
            yield allocation(
                rf"Microsoft:{config.guid}\{IDE}\{number}",
                5,
                "Emulated IDE Controller",
                f"IDE Controller {number}",
                Address=str(number),
            )
    for controller in config.configuration.scsi:
        yield allocation(
            rf"Microsoft:{config.guid}\{controller}\0",
            6,
            "Synthetic SCSI Controller",
            "SCSI Controller",
            VirtualSystemIdentifiers=config.configuration.identifiers.get(controller),
        )


def _drive_id(config: ConfigurationOf, drive: Drive) -> str:
    return rf"Microsoft:{config.guid}\{drive.controller}\{drive.slot}\D"


def _drive(model: Model, config: ConfigurationOf, drive: Drive) -> Values:
    controller = rf"Microsoft:{config.guid}\{drive.controller}"
    kind = "Synthetic DVD" if drive.is_dvd else "Synthetic Disk"
    return allocation(
        _drive_id(config, drive),
        16 if drive.is_dvd else 17,
        f"{'Physical Disk' if drive.host_resource else kind} Drive",
        f"{'DVD' if drive.is_dvd else 'Hard'} Drive",
        AddressOnParent=str(drive.slot),
        HostResource=[drive.host_resource] if drive.host_resource else None,
        Parent=str(settings_path(model, RASD, controller)),
    )


@of_machine(SASD)
def media(model: Model, machine: Machine) -> Iterator[Values]:
    """The images in the drives."""
    for config in configurations(machine):
        for drive in config.configuration.drives:
            if drive.path:
                yield _medium(model, config, drive, drive.path)
        if config.configuration.floppy:
            yield _floppy(model, config, config.configuration.floppy)


def _medium(model: Model, config: ConfigurationOf, drive: Drive, path: str) -> Values:
    image = model.images.find(path) or Image(path, 0)
    return medium_values(
        _drive_id(config, drive).removesuffix("D") + "L",
        "Virtual CD/DVD Disk" if drive.is_dvd else "Virtual Hard Disk",
        Access=1 if drive.is_dvd else 3,
        HostResource=[path],
        Limit=image.capacity // 512 or 1,
        Parent=str(settings_path(model, RASD, _drive_id(config, drive))),
        **{**MEDIUM_DEFAULTS, **drive.settings},
    )


def _floppy(model: Model, config: ConfigurationOf, path: str) -> Values:
    drive = rf"Microsoft:{config.guid}\{FLOPPY}\0\0\D"
    return medium_values(
        drive.removesuffix("D") + "L",
        "Virtual Floppy Disk",
        HostResource=[path],
        Parent=str(settings_path(model, RASD, drive)),
        **MEDIUM_DEFAULTS,
    )


MEDIA = {
    "Virtual Hard Disk": "Hard Disk Image",
    "Virtual CD/DVD Disk": "ISO Disk Image",
    "Virtual Floppy Disk": "Floppy Disk Image",
}
"""Sub-types of media, and what they are called."""


def medium_values(instance_id: str, sub_type: str, **values: Any) -> Values:
    """The settings of a medium."""
    return allocation(
        instance_id,
        31,
        sub_type,
        MEDIA[sub_type],
        HostExtentNameFormat=0,
        HostExtentNameNamespace=0,
        HostResourceBlockSize=512,
        IOPSAllocationUnits="8 KB",
        Reservation=0,
        VirtualResourceBlockSize=512,
        **values,
    )


# Serial ports and display


@of_machine("Msvm_SerialPortSettingData")
def serial_ports(model: Model, machine: Machine) -> Iterator[Values]:
    """COM 1 and COM 2."""
    for config in configurations(machine):
        for number in (0, 1):
            written = config.configuration.serial.get(number, {})
            yield allocation(
                rf"Microsoft:{config.guid}\{SERIAL}\{number}",
                21,
                "Serial Port",
                f"COM {number + 1}",
                **{"Connection": [""], "DebuggerMode": False, **written},
            )


@of_machine("Msvm_SyntheticDisplayControllerSettingData")
def display(model: Model, machine: Machine) -> Iterator[Values]:
    """The synthetic display."""
    for config in configurations(machine):
        yield allocation(
            rf"Microsoft:{config.guid}\{identifiers.DISPLAY}",
            24,
            "Synthetic Display Controller",
            "Display Controller",
            **{**DISPLAY_DEFAULTS, **config.configuration.display},
        )


# What belongs to which settings


PARTS = (
    ("Msvm_MemorySettingData", memory),
    ("Msvm_ProcessorSettingData", processor),
    (RASD, controllers_and_drives),
    (SASD, media),
    ("Msvm_SerialPortSettingData", serial_ports),
    ("Msvm_SyntheticDisplayControllerSettingData", display),
)


@of_machine("Msvm_VirtualSystemSettingDataComponent")
def components(model: Model, machine: Machine) -> Iterator[Values]:
    """Every part with the settings of the machine or checkpoint that it belongs to."""
    for class_name, source in PARTS:
        for values in source(model, machine):
            yield component(model, class_name, values["InstanceID"])


def component(model: Model, class_name: str, instance_id: str) -> Values:
    """The association of a part with its settings, whose GUID its InstanceID holds."""
    config = instance_id.removeprefix("Microsoft:").partition("\\")[0]
    part: ObjectPath = settings_path(model, class_name, instance_id)
    return {"GroupComponent": vssd_path(model, config), "PartComponent": part}
