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
from hvsim.model.machine import Configuration, Machine, Power
from hvsim.wmi.registry import Values, of_machine
from hvsim.wmi.values import ObjectPath

if TYPE_CHECKING:
    from hvsim.model.model import Model

VSSD = "Msvm_VirtualSystemSettingData"
REALIZED = "Microsoft:Hyper-V:System:Realized"
SNAPSHOT = "Microsoft:Hyper-V:Snapshot:Realized"
ROOT = r"C:\ProgramData\Microsoft\Windows\Hyper-V"
ROOTS = (
    "ConfigurationDataRoot",
    "GuestStateDataRoot",
    "LogDataRoot",
    "SnapshotDataRoot",
    "SuspendDataRoot",
    "SwapFileDataRoot",
)
"""The folders of a machine's files."""
VERSION = "10.0"
"""The newest configuration version of the host (Windows Server 2022)."""


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
        **defaults(config.configuration.generation),
        **dict.fromkeys(ROOTS, ROOT),
        "BaseBoardSerialNumber": serial,
        "BIOSGUID": f"{{{guid('bios', machine.guid)}}}",
        "BIOSSerialNumber": serial,
        "BootSourceOrder": [str(p) for p in boot_sources(model, config)],
        "Caption": "Virtual Machine Settings",
        "ChassisAssetTag": serial,
        "ChassisSerialNumber": serial,
        "ConfigurationFile": rf"Virtual Machines\{config.guid}.vmcx",
        "ConfigurationID": config.guid,
        "CreationTime": moment(snapshot.created if snapshot else machine.created),
        "Description": "Checkpoint Settings"
        if snapshot
        else "Active settings for the virtual machine.",
        "ElementName": snapshot.name if snapshot else machine.name,
        "GuestStateFile": rf"Virtual Machines\{config.guid}.vmgs",
        "InstanceID": f"Microsoft:{config.guid}",
        "IsAutomaticSnapshot": bool(snapshot and snapshot.is_automatic),
        "IsSaved": snapshot.has_memory if snapshot else machine.power == Power.SAVED,
        "Notes": [config.configuration.notes],
        "Parent": str(vssd_path(model, parent)) if parent else None,
        "VirtualSystemIdentifier": machine.guid,
        "VirtualSystemType": SNAPSHOT if snapshot else REALIZED,
    }
    return {**values, **config.configuration.settings}


def version_of(configuration: Configuration) -> tuple[int, ...]:
    """The configuration version, to be compared."""
    text = configuration.settings.get("Version", VERSION)
    return tuple(int(part) for part in text.split("."))


def defaults(generation: int) -> Values:
    """The settings of a new machine."""
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
        "Version": VERSION,
        "VirtualNumaEnabled": True,
        "VirtualSystemSubType": f"Microsoft:Hyper-V:SubType:{generation}",
    }


def _serial(machine: Machine) -> str:
    digits = f"{int(machine.guid.replace('-', ''), 16):038d}"[-26:]
    groups = [digits[at : at + 4] for at in range(0, 26, 4)]
    return "-".join(groups)


BOOT_SOURCES = {1: "EFI SCSI Device", 2: "EFI Network", 3: "EFI File"}
"""BootSourceType: what it is called."""


def boot_sources(model: Model, config: ConfigurationOf) -> Iterator[ObjectPath]:
    """What a machine of generation 2 boots from, in order."""
    for instance_id, _type in boot_source_ids(config):
        yield settings_path(model, "Msvm_BootSourceSettingData", instance_id)


def boot_source_ids(config: ConfigurationOf) -> Iterator[tuple[str, int]]:
    """The InstanceIDs of the boot sources and their types, in their order."""
    kinds = boot_tails(config.configuration)
    for tail in boot_order(config.configuration):
        yield rf"Microsoft:{config.guid}\{tail}", kinds[tail]


def boot_order(configuration: Configuration) -> list[str]:
    """The tails of the boot sources: those put in order, then the others."""
    tails = boot_tails(configuration)
    first = [tail for tail in configuration.boot_order if tail in tails]
    return first + [tail for tail in tails if tail not in first]


def boot_tails(configuration: Configuration) -> dict[str, int]:
    """The tails of the boot sources' InstanceIDs: 1 drive, 2 network, 3 file."""
    if configuration.generation != 2:
        return {}
    tails = {rf"{d.controller}\{d.slot}\D\B": 1 for d in configuration.drives}
    tails |= {rf"{nic.guid}\B": 2 for nic in configuration.nics}
    return tails | {rf"{file}\B": 3 for file in configuration.boot_files}


@of_machine("Msvm_BootSourceSettingData")
def boot_source_settings(model: Model, machine: Machine) -> Iterator[Values]:
    """The boot sources of machines of generation 2."""
    for config in configurations(machine):
        files = config.configuration.boot_files
        for instance_id, source_type in boot_source_ids(config):
            yield {
                "BootSourceDescription": BOOT_SOURCES[source_type],
                "BootSourceType": source_type,
                "Caption": "Boot Source",
                "Description": "Boot Source Settings",
                "ElementName": "Boot Source",
                "InstanceID": instance_id,
                **files.get(instance_id.split("\\")[1], {}),
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
            "Caption": "Security Settings",
            "Description": "Settings for virtual machine security.",
            "ElementName": "Security Settings",
            "InstanceID": rf"Microsoft:{config.guid}\{identifiers.guid('security')}",
            **SECURITY_DEFAULTS,
            **config.configuration.security,
        }


SECURITY_DEFAULTS: Values = dict.fromkeys(
    (
        "BindToHostTpm",
        "DataProtectionRequested",
        "EncryptStateAndVmMigrationTraffic",
        "KsdEnabled",
        "ShieldingRequested",
        "TpmEnabled",
        "VirtualizationBasedSecurityOptOut",
    ),
    False,
)
"""The properties of Msvm_SecuritySettingData that can be set."""
