# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How large a picture is, told from its first bytes; pure.

PNG: "Portable Network Graphics (PNG) Specification", chunk IHDR. PPM: page ppm(5).
"""

from __future__ import annotations

import re

_PNG = b"\x89PNG\r\n\x1a\n"
#: The words of the header are parted by white space and by comments up to a line's end.
_GAP = rb"(?:\s|#[^\n]*\n)+"
_PPM = re.compile(
    rb"P6" + _GAP + rb"(\d{1,6})" + _GAP + rb"(\d{1,6})" + _GAP + rb"\d+\s"
)


def size_of(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG or PPM picture; None where it is neither."""
    if data.startswith(_PNG) and data[12:16] == b"IHDR" and len(data) >= 24:
        width, height = data[16:20], data[20:24]
        return int.from_bytes(width, "big"), int.from_bytes(height, "big")
    found = _PPM.match(data)
    return (int(found[1]), int(found[2])) if found else None
