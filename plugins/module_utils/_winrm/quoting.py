# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command line of cmd.exe, written for the shell that Ansible's connection ends in; pure.

``cmd /s /c "..."`` takes away the first and the last quote and nothing else ("cmd",
learn.microsoft.com/windows-server/administration/windows-commands). PowerShell puts an
argument with a space in it into such quotes and leaves those within it alone: Windows
PowerShell does so for all programs, PowerShell 7.3 and later for cmd.exe
("about_Preference_Variables", $PSNativeCommandArgumentPassing).

A POSIX shell on Windows makes paths of ``/c`` (MSYS2: "Filesystem Paths", automatic path
conversion) and backslashes before quotes, so it gets a PowerShell command in base64,
which has neither.
"""

from __future__ import annotations

import base64

CMD, POWERSHELL, SH = "cmd", "powershell", "sh"
"""Ansible's families of shells (SHELL_FAMILY of its shell plugins)."""


def for_shell(command: str, family: str, *, is_argument: bool = False) -> str:
    """What to hand to the connection so that cmd.exe gets the command line.

    Args:
        command: The command line, as one would type it into cmd.exe.
        family: The shell's family; one that is not known counts as SH.
        is_argument: Whether the connection hands the text to PowerShell as one argument,
            as sshd does, which would change the quotes in it.
    """
    if family == CMD:
        return command
    literal = command.replace("'", "''")
    script = f"& cmd.exe /d /s /c '{literal}'; exit $LASTEXITCODE"
    if family == POWERSHELL and not is_argument:
        return script
    encoded = base64.b64encode(script.encode("utf-16-le")).decode()
    return f"powershell.exe -NoProfile -NonInteractive -EncodedCommand {encoded}"
