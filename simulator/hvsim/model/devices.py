# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The devices of machines that are on: memory, processors, ports, keyboard.

A machine that is off has none of them; os-win relies on it for the shutdown
component ("no component: it is off already").
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hvsim.model.common import SYSTEM, healthy, path, settings_path, system_path
from hvsim.model.identifiers import KEYBOARD, MEMORY, PROCESSOR
from hvsim.model.machine import INTEGRATION, Drive, Machine, Nic, Power
from hvsim.model.networking import port_class
from hvsim.model.resources import RASD, SASD
from hvsim.wmi.registry import Values, of_machine
from hvsim.wmi.values import ObjectPath

if TYPE_CHECKING:
    from hvsim.model.model import Model


DISK_DRIVE, DVD_DRIVE = "Msvm_DiskDrive", "Msvm_DVDDrive"
LOGICAL_DISK = "Msvm_LogicalDisk"


def device(machine: Machine, class_name: str, device_id: str, name: str) -> Values:
    """The properties that every CIM_LogicalDevice of a machine has."""
    return {
        **healthy(name, f"Microsoft {name}"),
        "CreationClassName": class_name,
        "DeviceID": f"Microsoft:{device_id}",
        "Name": name,
        "SystemCreationClassName": SYSTEM,
        "SystemName": machine.guid,
    }


def device_path(
    model: Model, machine: Machine, class_name: str, device_id: str
) -> ObjectPath:
    """The path of a device."""
    return path(
        model,
        class_name,
        CreationClassName=class_name,
        DeviceID=f"Microsoft:{device_id}",
        SystemCreationClassName=SYSTEM,
        SystemName=machine.guid,
    )


@of_machine("Msvm_Memory")
def memory(model: Model, machine: Machine) -> Iterator[Values]:
    """The memory that a machine has now, in blocks of 1 MiB."""
    if machine.is_on:
        yield {
            **device(machine, "Msvm_Memory", rf"{MEMORY.upper()}\0", "Virtual Memory"),
            "BlockSize": 1 << 20,
            "ConsumableBlocks": machine.configuration.memory.startup,
            "NumberOfBlocks": machine.configuration.memory.startup,
        }


@of_machine("Msvm_Processor")
def processors(model: Model, machine: Machine) -> Iterator[Values]:
    """One per virtual processor."""
    if machine.is_on:
        for number in range(machine.configuration.processors):
            values = device(
                machine, "Msvm_Processor", rf"{PROCESSOR}\{number}", "Virtual Processor"
            )
            load = _load(machine, number)
            yield {**values, "LoadPercentage": load, "LoadPercentageHistory": [load]}


def _load(machine: Machine, number: int) -> int:
    if machine.power != Power.RUNNING:
        return 0
    return int(machine.guid[number % 8 : number % 8 + 1], 16)


def load(machine: Machine) -> int:
    """The mean of the loads of a machine's processors, in percent."""
    count = machine.configuration.processors
    return sum(_load(machine, number) for number in range(count)) // count


@of_machine("Msvm_SyntheticEthernetPort")
def ports(model: Model, machine: Machine) -> Iterator[Values]:
    """The synthetic network adapters."""
    return _ports(machine, is_legacy=False)


@of_machine("Msvm_EmulatedEthernetPort")
def legacy_ports(model: Model, machine: Machine) -> Iterator[Values]:
    """The emulated network adapters."""
    return _ports(machine, is_legacy=True)


def _port_class(nic: Nic) -> str:
    return f"Msvm_{'Emulated' if nic.is_legacy else 'Synthetic'}EthernetPort"


def _ports(machine: Machine, *, is_legacy: bool) -> Iterator[Values]:
    for nic in machine.configuration.nics if machine.is_on else ():
        if nic.is_legacy == is_legacy:
            yield {
                **device(machine, _port_class(nic), nic.guid, "Ethernet Port"),
                "ElementName": nic.name,
                "NetworkAddresses": [nic.mac],
                "PermanentAddress": nic.mac,
                "Speed": 10_000_000_000,
            }


@of_machine(DISK_DRIVE)
def disk_drives(model: Model, machine: Machine) -> Iterator[Values]:
    """The drives of hard disks."""
    return _drives(machine, is_dvd=False)


@of_machine(DVD_DRIVE)
def dvd_drives(model: Model, machine: Machine) -> Iterator[Values]:
    """The DVD drives."""
    return _drives(machine, is_dvd=True)


def _drive_class(drive: Drive) -> str:
    return DVD_DRIVE if drive.is_dvd else DISK_DRIVE


def _drives(machine: Machine, *, is_dvd: bool) -> Iterator[Values]:
    for drive in machine.configuration.drives if machine.is_on else ():
        if drive.is_dvd == is_dvd:
            name = "DVD Drive" if is_dvd else "Hard Drive"
            tail = rf"{drive.controller}\{drive.slot}\D"
            yield device(machine, _drive_class(drive), tail, name)


@of_machine(LOGICAL_DISK)
def logical_disks(model: Model, machine: Machine) -> Iterator[Values]:
    """The media in the drives."""
    for drive in machine.configuration.drives if machine.is_on else ():
        if drive.path:
            name = "ISO Disk Image" if drive.is_dvd else "Hard Disk Image"
            tail = rf"{drive.controller}\{drive.slot}\L"
            yield device(machine, LOGICAL_DISK, tail, name)


@of_machine("Msvm_Keyboard")
def keyboard(model: Model, machine: Machine) -> Iterator[Values]:
    """The keyboard."""
    if machine.is_on:
        yield {
            **device(machine, "Msvm_Keyboard", rf"{KEYBOARD}\Keyboard", "Keyboard"),
            "UnicodeSupported": False,
        }


@of_machine("Msvm_SecurityElement")
def security_element(model: Model, machine: Machine) -> Iterator[Values]:
    """Whether a running machine is shielded or encrypted."""
    if machine.is_on:
        security = machine.configuration.security
        yield {
            **healthy("Security Element"),
            "CreationClassName": "Msvm_SecurityElement",
            "EncryptStateAndVmMigrationTrafficEnabled": security.get(
                "EncryptStateAndVmMigrationTraffic", False
            ),
            "Shielded": security.get("ShieldingRequested", False),
            "SystemCreationClassName": SYSTEM,
            "SystemName": machine.guid,
        }


def _devices(machine: Machine) -> Iterator[tuple[str, str, str, str]]:
    """Class, DeviceID, settings class and the tail of the settings' InstanceID."""
    if not machine.is_on:
        return
    yield (
        "Msvm_Memory",
        rf"{MEMORY.upper()}\0",
        "Msvm_MemorySettingData",
        MEMORY,
    )
    for number in range(machine.configuration.processors):
        yield (
            "Msvm_Processor",
            rf"{PROCESSOR}\{number}",
            "Msvm_ProcessorSettingData",
            rf"{PROCESSOR}\0",
        )
    for nic in machine.configuration.nics:
        yield _port_class(nic), nic.guid, port_class(nic), nic.guid
    for drive in machine.configuration.drives:
        tail = rf"{drive.controller}\{drive.slot}\D"
        yield _drive_class(drive), tail, RASD, tail
        if drive.path:
            medium = tail[:-1] + "L"
            yield LOGICAL_DISK, medium, SASD, medium
    for name, component in INTEGRATION.items():
        class_name = f"Msvm_{name}Component"
        yield class_name, component, f"{class_name}SettingData", component


@of_machine("Msvm_SystemDevice")
def system_devices(model: Model, machine: Machine) -> Iterator[Values]:
    """A machine and its devices."""
    if not machine.is_on:
        return
    listed = [
        (class_name, device_id) for class_name, device_id, _, _ in _devices(machine)
    ]
    for class_name, device_id in (*listed, ("Msvm_Keyboard", rf"{KEYBOARD}\Keyboard")):
        yield {
            "GroupComponent": system_path(model, machine.guid),
            "PartComponent": device_path(model, machine, class_name, device_id),
        }


@of_machine("Msvm_SettingsDefineState")
def device_settings(model: Model, machine: Machine) -> Iterator[Values]:
    """The devices and their settings."""
    for class_name, device_id, settings_class, tail in _devices(machine):
        yield {
            "ManagedElement": device_path(model, machine, class_name, device_id),
            "SettingData": settings_path(
                model, settings_class, rf"Microsoft:{machine.guid}\{tail}"
            ),
        }
