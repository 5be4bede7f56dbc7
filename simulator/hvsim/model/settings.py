# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Msvm_VirtualSystemSettingData: what a machine, or a checkpoint of it, is made of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from hvsim.model import identifiers
from hvsim.model.clock import moment
from hvsim.model.common import (
    ConfigurationOf,
    configurations,
    settings_path,
    system_path,
)
from hvsim.model.identifiers import SECURE_BOOT_WINDOWS, guid
from hvsim.model.machine import Machine, Power
from hvsim.wmi.registry import Values, of_machine
from hvsim.wmi.values import ObjectPath

if TYPE_CHECKING:
    from hvsim.model.model import Model

VSSD = "Msvm_VirtualSystemSettingData"
REALIZED = "Microsoft:Hyper-V:System:Realized"
SNAPSHOT = "Microsoft:Hyper-V:Snapshot:Realized"
ROOT = r"C:\ProgramData\Microsoft\Windows\Hyper-V"


def vssd_path(model: Model, config: str) -> ObjectPath:
    """The path of the settings of a machine or of a checkpoint, by its GUID."""
    return settings_path(model, VSSD, f"Microsoft:{config}")


@of_machine(VSSD)
def settings(model: Model, machine: Machine) -> Iterator[Values]:
    """The present settings of a machine, then those of its checkpoints."""
    for config in configurations(machine):
        yield _settings(model, machine, config)


def _settings(model: Model, machine: Machine, config: ConfigurationOf) -> Values:
    snapshot = config.snapshot
    serial = _serial(machine)
    parent = snapshot.parent if snapshot else machine.current_parent
    values = {
        **_defaults(config.configuration.generation),
        "BaseBoardSerialNumber": serial,
        "BIOSGUID": f"{{{guid('bios', machine.guid)}}}",
        "BIOSSerialNumber": serial,
        "BootSourceOrder": [str(p) for p in boot_sources(model, config)],
        "Caption": "Virtual Machine Settings",
        "ChassisAssetTag": serial,
        "ChassisSerialNumber": serial,
        "ConfigurationDataRoot": ROOT,
        "ConfigurationFile": rf"Virtual Machines\{config.guid}.vmcx",
        "ConfigurationID": config.guid,
        "CreationTime": moment(snapshot.created if snapshot else machine.created),
        "Description": "Checkpoint Settings"
        if snapshot
        else "Active settings for the virtual machine.",
        "ElementName": snapshot.name if snapshot else machine.name,
        "GuestStateDataRoot": ROOT,
        "GuestStateFile": rf"Virtual Machines\{config.guid}.vmgs",
        "InstanceID": f"Microsoft:{config.guid}",
        "IsAutomaticSnapshot": bool(snapshot and snapshot.is_automatic),
        "IsSaved": machine.power == Power.SAVED and snapshot is None,
        "LogDataRoot": ROOT,
        "Notes": [config.configuration.notes],
        "Parent": str(vssd_path(model, parent)) if parent else None,
        "SnapshotDataRoot": ROOT,
        "SuspendDataRoot": ROOT,
        "SwapFileDataRoot": ROOT,
        "VirtualSystemIdentifier": machine.guid,
        "VirtualSystemType": SNAPSHOT if snapshot else REALIZED,
    }
    return {**values, **config.configuration.settings}


def _defaults(generation: int) -> Values:
    is_second = generation == 2
    return {
        "AllowFullSCSICommandSet": False,
        "AllowReducedFcRedundancy": False,
        "Architecture": "x64",
        "AutomaticCriticalErrorAction": 1,
        "AutomaticCriticalErrorActionTimeout": timedelta(minutes=30),
        "AutomaticRecoveryAction": 3,
        "AutomaticShutdownAction": 3,
        "AutomaticSnapshotsEnabled": False,
        "AutomaticStartupAction": 3,
        "AutomaticStartupActionDelay": timedelta(0),
        "BIOSNumLock": False,
        "BootOrder": [] if is_second else [1, 2, 3, 0],
        "ConsoleMode": 0,
        "EnableHibernation": False,
        "EnhancedSessionTransportType": 0,
        "GuestControlledCacheTypes": False,
        "GuestStateIsolationEnabled": False,
        "GuestStateIsolationType": 0,
        "HighMmioGapSize": 512,
        "IncrementalBackupEnabled": False,
        "LockOnDisconnect": False,
        "LowMmioGapSize": 128,
        "NetworkBootPreferredProtocol": 4096,
        "PauseAfterBootFailure": False,
        "SecureBootEnabled": is_second,
        "SecureBootTemplateId": SECURE_BOOT_WINDOWS if is_second else None,
        "TurnOffOnGuestRestart": False,
        "UserSnapshotType": 3,
        "Version": "10.0",
        "VirtualNumaEnabled": True,
        "VirtualSystemSubType": f"Microsoft:Hyper-V:SubType:{generation}",
    }


def _serial(machine: Machine) -> str:
    digits = f"{int(machine.guid.replace('-', ''), 16):038d}"[-26:]
    groups = [digits[at : at + 4] for at in range(0, 26, 4)]
    return "-".join(groups)


def boot_sources(model: Model, config: ConfigurationOf) -> Iterator[ObjectPath]:
    """What a machine of generation 2 boots from, in order."""
    for instance_id, _type in boot_source_ids(config):
        yield settings_path(model, "Msvm_BootSourceSettingData", instance_id)


def boot_source_ids(config: ConfigurationOf) -> Iterator[tuple[str, int]]:
    """The InstanceIDs of the boot sources and their types: 1 drive, 2 network."""
    if config.configuration.generation != 2:
        return
    for drive in config.configuration.drives:
        identifier = rf"Microsoft:{config.guid}\{drive.controller}\{drive.slot}\D\B"
        yield identifier, 1
    for nic in config.configuration.nics:
        yield rf"Microsoft:{config.guid}\{nic.guid}\B", 2


@of_machine("Msvm_BootSourceSettingData")
def boot_source_settings(model: Model, machine: Machine) -> Iterator[Values]:
    """The boot sources of machines of generation 2."""
    for config in configurations(machine):
        for instance_id, source_type in boot_source_ids(config):
            yield {
                "BootSourceDescription": "EFI Network"
                if source_type == 2
                else "EFI SCSI Device",
                "BootSourceType": source_type,
                "Caption": "Boot Source",
                "Description": "Boot Source Settings",
                "ElementName": "Boot Source",
                "InstanceID": instance_id,
            }


@of_machine("Msvm_SettingsDefineState")
def settings_define_state(model: Model, machine: Machine) -> Iterator[Values]:
    """The machine and its present settings."""
    yield {
        "ManagedElement": system_path(model, machine.guid),
        "SettingData": vssd_path(model, machine.guid),
    }


@of_machine("Msvm_ElementSettingData")
def element_setting_data(model: Model, machine: Machine) -> Iterator[Values]:
    """The machine and its settings, as CIM has it beside SettingsDefineState."""
    yield {
        "IsCurrent": 1,
        "IsDefault": 1,
        "IsNext": 1,
        "ManagedElement": system_path(model, machine.guid),
        "SettingData": vssd_path(model, machine.guid),
    }


@of_machine("Msvm_SecuritySettingData")
def security(model: Model, machine: Machine) -> Iterator[Values]:
    """Trusted platform module and shielding."""
    for config in configurations(machine):
        yield {
            "BindToHostTpm": False,
            "Caption": "Security Settings",
            "DataProtectionRequested": False,
            "Description": "Settings for virtual machine security.",
            "ElementName": "Security Settings",
            "EncryptStateAndVmMigrationTraffic": False,
            "InstanceID": rf"Microsoft:{config.guid}\{identifiers.guid('security')}",
            "KsdEnabled": False,
            "ShieldingRequested": False,
            "TpmEnabled": False,
            "VirtualizationBasedSecurityOptOut": False,
        }
