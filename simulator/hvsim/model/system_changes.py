# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be changed of Msvm_VirtualSystemSettingData, and when.

What the firmware, the memory map and the files of a machine are made of is changed
while it is off; names, notes and what the host does with the machine always. That
boot order and secure boot need the machine off is what Hyper-V Manager shows (their
page is grey while it runs).
"""

from __future__ import annotations

from datetime import timedelta

from hvsim.model.compute_changes import invalid
from hvsim.model.editing import Edit, key_of, split_id
from hvsim.model.identifiers import SECURE_BOOT_WINDOWS
from hvsim.model.jobs import ReturnCode
from hvsim.model.machine import Power
from hvsim.model.settings import boot_order, boot_tails, defaults
from hvsim.wmi.embedded import EmbeddedError
from hvsim.wmi.registry import Values

ALWAYS = frozenset(
    {
        "AllowReducedFcRedundancy",
        "AutomaticCriticalErrorAction",
        "AutomaticCriticalErrorActionTimeout",
        "AutomaticRecoveryAction",
        "AutomaticShutdownAction",
        "AutomaticSnapshotsEnabled",
        "AutomaticStartupAction",
        "AutomaticStartupActionDelay",
        "AutomaticStartupActionSequenceNumber",
        "ElementName",
        "IncrementalBackupEnabled",
        "LockOnDisconnect",
        "Notes",
        "UserSnapshotType",
    }
)
"""Properties that change in every state."""
OFF = frozenset(
    {
        "AllowFullSCSICommandSet",
        "BaseBoardSerialNumber",
        "BIOSGUID",
        "BIOSNumLock",
        "BIOSSerialNumber",
        "BootOrder",
        "BootSourceOrder",
        "ChassisAssetTag",
        "ChassisSerialNumber",
        "ConsoleMode",
        "EnableHibernation",
        "EnhancedSessionTransportType",
        "GuestControlledCacheTypes",
        "HighMmioGapSize",
        "LowMmioGapSize",
        "NetworkBootPreferredProtocol",
        "PauseAfterBootFailure",
        "SecureBootEnabled",
        "SecureBootTemplateId",
        "SnapshotDataRoot",
        "SwapFileDataRoot",
        "TurnOffOnGuestRestart",
        "VirtualNumaEnabled",
    }
)
"""Properties that change only while the machine is off."""
WRITABLE = ALWAYS | OFF
"""What ModifySystemSettings changes, and reads give back."""
TEMPLATES = (
    SECURE_BOOT_WINDOWS,
    "272E7447-90A4-4563-A4B9-8E4AB00526CE",
    "4292AE2B-EE2C-42B5-A969-DD8F8689F6F3",
)
"""Of secure boot: Windows, the UEFI certificate authority, shielded open source."""
CHOICES = {
    "AutomaticCriticalErrorAction": (0, 1),
    "AutomaticRecoveryAction": (2, 3, 4),
    "AutomaticShutdownAction": (2, 3, 4),
    "AutomaticStartupAction": (2, 3, 4),
    "ConsoleMode": (0, 1, 2, 3),
    "EnhancedSessionTransportType": (0, 1),
    "NetworkBootPreferredProtocol": (4096, 4097),
    "SecureBootTemplateId": TEMPLATES,
    "UserSnapshotType": (2, 3, 4, 5),
}
OF_GENERATION = {
    "BIOSNumLock": 1,
    "BootOrder": 1,
    "BootSourceOrder": 2,
    "ConsoleMode": 2,
    "NetworkBootPreferredProtocol": 2,
    "PauseAfterBootFailure": 2,
    "SecureBootEnabled": 2,
    "SecureBootTemplateId": 2,
}
"""Properties that mean something in one generation alone."""
MOST_GAP = {"LowMmioGapSize": (128, 3584), "HighMmioGapSize": (0, 16 << 20)}
"""MiB: least and most of the gaps for devices in the memory map."""


def change_system(edit: Edit, values: Values) -> None:
    """Set the settings of a machine or of a checkpoint. Raises EmbeddedError.

    A checkpoint's name and notes are all that changes of it.
    """
    for name, value in values.items():
        if edit.snapshot and name not in ("ElementName", "Notes"):
            raise EmbeddedError(
                ReturnCode.FAILED, f"{name} of a checkpoint cannot be changed."
            )
        check_value(edit.configuration.generation, name, value)
        if value is None:
            continue
        _check_state(edit, name, value)
        _set(edit, name, value)


def check_value(generation: int, name: str, value: object) -> None:
    """Raises EmbeddedError: a property can't be that."""
    if name not in WRITABLE:
        raise EmbeddedError(ReturnCode.FAILED, f"{name} cannot be changed.")
    if name in OF_GENERATION and generation != OF_GENERATION[name]:
        neutral = value in (defaults(generation).get(name), None, [])
        if not neutral:
            raise invalid(f"{name}: generation {generation} does not have it.")
    known = CHOICES.get(name)
    told = value.upper() if isinstance(value, str) else value
    if known and value is not None and told not in known:
        raise invalid(f"{name}: {value!r}")
    if name == "ElementName" and not value:
        raise invalid("A machine needs a name.")
    if name in MOST_GAP and isinstance(value, int):
        least, most = MOST_GAP[name]
        if not least <= value <= most:
            raise invalid(f"{name}: {value} MB is not between {least} and {most} MB.")
    if isinstance(value, timedelta) and value.days < 0:
        raise invalid(f"{name}: {value}")


def _check_state(edit: Edit, name: str, value: object) -> None:
    if name in OFF and not _is_same(edit, name, value):
        edit.require_off(name)
    if name == "AutomaticShutdownAction" and edit.machine.power == Power.SAVED:
        raise EmbeddedError(
            ReturnCode.INVALID_STATE, "The operation cannot be performed while saved."
        )
    if name == "SnapshotDataRoot" and edit.machine.snapshots:
        raise EmbeddedError(
            ReturnCode.INVALID_STATE,
            f"{name} cannot be changed: there are checkpoints.",
        )


def _is_same(edit: Edit, name: str, value: object) -> bool:
    configuration = edit.configuration
    if name == "BootSourceOrder":
        wanted = _boot_tails(edit, value)
        return wanted == boot_order(configuration)[: len(wanted)]
    before = defaults(configuration.generation).get(name)
    return bool(configuration.settings.get(name, before) == value)


def _set(edit: Edit, name: str, value: object) -> None:
    configuration = edit.configuration
    if name == "ElementName":
        edit.name = str(value)
    elif name == "Notes":
        # Only the first element is kept.
        configuration.notes = value[0] if isinstance(value, list) and value else ""
    elif name == "BootSourceOrder":
        configuration.boot_order = _boot_tails(edit, value)
    elif name == "BootOrder":
        if not isinstance(value, list) or sorted(value) != [0, 1, 2, 3]:
            raise invalid("BootOrder: each of 0, 1, 2, 3 must be there, once.")
        configuration.settings[name] = value
    else:
        configuration.settings[name] = value


def _boot_tails(edit: Edit, paths: object) -> list[str]:
    known = {tail.lower(): tail for tail in boot_tails(edit.configuration)}
    found: list[str] = []
    for path in paths if isinstance(paths, list) else ():
        guid, tail = split_id(key_of(path))
        if guid != edit.guid or tail.lower() not in known:
            raise invalid(f"BootSourceOrder: there is no boot source {path}.")
        if known[tail.lower()] in found:
            raise invalid(f"BootSourceOrder: {path} is there twice.")
        found.append(known[tail.lower()])
    return found
