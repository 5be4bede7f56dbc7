# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes as people write them, in bytes; pure.

The units are libvirt's ("Domain XML format", Memory Allocation): ``KiB`` and ``K`` are
1024 bytes, ``KB`` is 1000, and so on. A number without a unit counts bytes.
"""

from __future__ import annotations

import re

from .errors import HypervisorConnectError

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)", re.ASCII)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
LARGEST = 2**63 - 1


def parse_size(text: object, option: str) -> int:
    """Bytes of a size such as ``4GiB``, ``512 MiB``, ``20GB`` or ``1073741824``.

    Args:
        text: What the user wrote; YAML may have made a number of it.
        option: Where, for the message.

    Raises:
        HypervisorConnectError: It is no size, or not a whole number of bytes.
    """
    found = _SIZE.fullmatch(str(text).strip())
    factor = _factor(found[2]) if found else None
    if found is None or factor is None:
        raise _bad(text, option)
    whole, _dot, fraction = found[1].partition(".")
    scale = 10 ** len(fraction)
    total, rest = divmod(int(whole + fraction) * factor, scale)
    if rest or total > LARGEST:
        raise _bad(text, option)
    return total


def format_size(size: int) -> str:
    """A size in the largest unit in which it is whole, such as ``4GiB``."""
    for letter in "PTGMK":
        factor = int(1024 ** _POWERS[letter.lower()])
        if size and size % factor == 0:
            return f"{size // factor}{letter}iB"
    return f"{size} bytes"


def _factor(unit: str) -> int | None:
    lower = unit.lower()
    if lower in ("b", "byte", "bytes"):
        return 1
    if lower.endswith("ib") and lower[:-2] in _POWERS and lower != "ib":
        return int(1024 ** _POWERS[lower[:-2]])
    if lower.endswith("b") and lower[:-1] in _POWERS:
        return int(1000 ** _POWERS[lower[:-1]])
    return int(1024 ** _POWERS[lower]) if lower in _POWERS else None


def _bad(text: object, option: str) -> HypervisorConnectError:
    return HypervisorConnectError(
        f"{option} is '{text}', which is no size",
        remedy="write it as 4GiB or 512MiB, or as a whole number of bytes",
    )
