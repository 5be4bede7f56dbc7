# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of others in our messages: on one line, no control character, no megabytes."""

from __future__ import annotations


def printable(text: str, at_most: int = 400) -> str:
    """Return ``text`` on one line: cut, and control characters as escapes.

    Args:
        text: Any text, such as a machine's name or a URI.
        at_most: How many characters of it are kept.
    """
    shown = (
        text
        if len(text) <= at_most
        else f"{text[:at_most]}... ({len(text)} characters)"
    )
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in shown
    )
