# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of a description and the values that Hyper-V has for them; pure.

Source: Microsoft's documentation of Msvm_VirtualSystemSettingData and of the classes of
the integration services (Win32, Hyper-V WMI provider V2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

#: AutomaticStartupAction, AutomaticShutdownAction and UserSnapshotType.
START_ACTIONS = {2: "nothing", 3: "if_running", 4: "always"}
STOP_ACTIONS = {2: "off", 3: "save", 4: "shut_down"}
CHECKPOINT_TYPES = {
    2: "disabled",
    3: "production",
    4: "production_only",
    5: "standard",
}

#: SecureBootTemplateId by the names that PowerShell (Set-VMFirmware) has for them.
TEMPLATES = {
    "1734c6e8-3154-4dda-ba5f-a874cc483422": "MicrosoftWindows",
    "272e7447-90a4-4563-a4b9-8e4ab00526ce": "MicrosoftUEFICertificateAuthority",
    "4292ae2b-ee2c-42b5-a969-dd8f8689f6f3": "OpenSourceShieldedVM",
}

#: The settings class of each integration service.
INTEGRATION = {
    "heartbeat": "Msvm_HeartbeatComponentSettingData",
    "shutdown": "Msvm_ShutdownComponentSettingData",
    "time_synchronization": "Msvm_TimeSyncComponentSettingData",
    "key_value_exchange": "Msvm_KvpExchangeComponentSettingData",
    "backup": "Msvm_VssComponentSettingData",
    "guest_services": "Msvm_GuestServiceInterfaceComponentSettingData",
}
#: The one that ModifyGuestServiceSettings changes; the others are resources.
GUEST_SERVICES = "guest_services"
ON, OFF = 2, 3

#: BootOrder of generation 1.
BOOT_ORDER = {0: "floppy", 1: "cdrom", 2: "disk", 3: "network"}

_PIPE = re.compile(r"\\\\[^\\]+\\pipe\\.+", re.IGNORECASE)


def number_of(words: Mapping[int, str], word: str) -> int:
    """The number that a word stands for, of one of the tables above."""
    return next(number for number, one in words.items() if one == word)


def template_word(guid: Any) -> str | None:
    """The name of a secure boot template, or its GUID where it has none here."""
    if not guid:
        return None
    text = str(guid).strip("{}").lower()
    return TEMPLATES.get(text, text)


def template_guid(word: str) -> str | None:
    """The GUID of a secure boot template, by name or GUID; None where it is neither."""
    for guid, name in TEMPLATES.items():
        if word.lower() == name.lower():
            return guid.upper()
    try:
        return str(UUID(word)).upper()
    except ValueError:
        return None


def is_pipe(path: str | None) -> bool:
    r"""Whether a path is that of a named pipe, such as ``\\.\pipe\com1``."""
    return path is not None and _PIPE.fullmatch(path) is not None


def is_windows_path(path: str) -> bool:
    r"""Whether a path is absolute on Windows: ``C:\`` or ``\\server\share``."""
    return re.match(r"([A-Za-z]:\\|\\\\[^\\?.])[^/]*\Z", path) is not None


def extension(path: str) -> str:
    """The ending of a file's name, in lower case and without its dot."""
    name = re.split(r"[\\/]", path)[-1]
    return name.rpartition(".")[2].lower() if "." in name else ""
