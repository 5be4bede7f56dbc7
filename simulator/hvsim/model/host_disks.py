# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Msvm_DiskDrive of the host: its disks that are offline, for machines to pass through.

DeviceID is the GUID of the pool that the definition of a physical disk drive tells,
and the number of the disk, which is its DriveNumber: libvirt composes it so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hvsim.model.common import SYSTEM, healthy
from hvsim.model.definitions import pool_guid
from hvsim.wmi.registry import Values, of_host

if TYPE_CHECKING:
    from hvsim.model.model import Model

DISK_DRIVE = "Msvm_DiskDrive"
OFFLINE = (1, 2)
"""The numbers of the disks."""


@of_host(DISK_DRIVE)
def host_disks(model: Model) -> Iterator[Values]:
    """The disks."""
    for number in OFFLINE:
        yield {
            **healthy("Hard Drive", "Microsoft Hard Drive"),
            "CreationClassName": DISK_DRIVE,
            "DeviceID": rf"Microsoft:{pool_guid('Physical Disk Drive')}\{number}",
            "DriveNumber": number,
            "ElementName": f"Disk {number} 100.00 GB Bus 0 Lun {number} Target 0",
            "Name": "Hard Drive",
            "SystemCreationClassName": SYSTEM,
            "SystemName": model.hostname,
        }
