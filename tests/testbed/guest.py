# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests for qemu:///system (being written)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Guest:
    """Prepared guests."""

    def facts(self) -> dict[str, Any]:
        """Part of the ready file."""
        return {}

    def define(self, libvirt_socket: Path) -> None:
        """Define them."""


def prepare_guest(directory: Path) -> Guest:
    """Prepare guests."""
    return Guest()
