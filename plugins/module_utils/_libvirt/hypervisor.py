# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypervisor over libvirt-python, for every driver and transport that libvirt has."""

from __future__ import annotations

from .._hypervisor.credentials import Credentials
from .._uri.uri import ConnectionUri
from .changing import Changing
from .connection import open_connection
from .life import Life
from .screen import Screen
from .snapshots import Snapshots


class LibvirtHypervisor(Changing, Life, Snapshots, Screen):
    """An open libvirt connection, with all that can be done over it.

    Args:
        connection: A libvirt.virConnect.
        shown: The URI that was opened, as messages may show it; None where libvirt
            probed.
        clock: What waiting goes by.
    """

    @classmethod
    def open(
        cls, uri: ConnectionUri | None, credentials: Credentials, shown: str
    ) -> LibvirtHypervisor:
        """Open a connection; see open_connection."""
        connection = open_connection(uri, credentials, shown)
        return cls(connection, shown if uri is not None else None)
