# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GUIDs: those that Hyper-V fixes, and those that hvsim derives from names.

The fixed ones are seen in the InstanceIDs of every public print-out of a host.
"""

from __future__ import annotations

import uuid
from functools import lru_cache

_NAMESPACE = uuid.UUID("5b1f3c1e-7c39-4b5e-9d0a-68767369676d")

MEMORY = "4764334d-e001-4176-82ee-5594ec9b530e"
PROCESSOR = "b637f346-6a0e-4dec-af52-bd70cb80a21d"
IDE = "83F8638B-8DCA-4152-9EDA-2CA8B33039B4"
FLOPPY = "8F0D2762-0B00-4E04-AF4F-19010527CB93"
SERIAL = "8E3A359F-559A-4B6A-98A9-1690A6100ED7"
KEYBOARD = "DE6CDC86-E1FB-4940-801B-C3C1A26C4DA4"
MOUSE = "58F75A6D-D949-4320-99E1-A2A2576D581C"
DISPLAY = "F3CF6965-E8D3-44A9-9B7D-A04245EA7525"
ETHERNET_CONNECTION = "72027ECE-E44A-446E-AF2B-8D8C4B8A2279"

HEARTBEAT = "84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47"
SHUTDOWN = "9F8233AC-BE49-4C79-8EE3-E7E1985B2077"
TIME_SYNC = "2497F4DE-E9FA-4204-80E4-4B75C46419C0"
KVP = "2A34B1C2-FD73-4043-8A5B-DD2159BC743F"
VSS = "5CED1297-4598-4915-A5FC-AD21BB4D02A4"
GUEST_SERVICE = "6C09BB55-D683-4DA0-8931-C9BF705F6480"

SECURE_BOOT_WINDOWS = "1734C6E8-3154-4DDA-BA5F-A874CC483422"


@lru_cache(maxsize=1 << 17)
def guid(*parts: object) -> str:
    """The GUID of something with that name, always the same, in upper case."""
    name = "/".join(str(part) for part in parts)
    return str(uuid.uuid5(_NAMESPACE, name)).upper()
