# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches and the host's network ports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hvsim.model.identifiers import guid


@dataclass
class ExternalPort:
    """A network adapter of the host."""

    guid: str
    name: str
    mac: str
    is_bound: bool


@dataclass
class Switch:
    """A virtual switch: external, internal or private."""

    guid: str
    name: str
    adapters: list[ExternalPort] = field(default_factory=list)
    """What it is bound to: one adapter, or several where it teams them."""
    is_internal: bool = False
    """Whether the host itself has a port on it."""
    notes: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    """Properties of its settings that were given when it was made."""


def default_ports() -> list[ExternalPort]:
    """The network adapters of the simulated host."""
    return [
        ExternalPort(guid("port", number), name, f"001B21{number:06X}", bound)
        for number, name, bound in (
            (1, "Intel(R) Ethernet Controller X710", True),
            (2, "Intel(R) Ethernet Controller X710 #2", False),
        )
    ]


def default_switches(ports: list[ExternalPort]) -> list[Switch]:
    """The switches of the simulated host."""
    return [
        Switch(guid("switch", "External"), "External", ports[:1], is_internal=True),
        Switch(guid("switch", "Internal"), "Internal", is_internal=True),
        Switch(guid("switch", "Private"), "Private"),
    ]
