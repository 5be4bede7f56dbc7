# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of WinRM's configuration: from what people and hosts write, in one form; pure.

Each function takes a value as a user gives it or a text as a host sends it, and raises
one of INVALID for what is none. Equal meanings get equal values, so that a
host that writes a value its own way is not written to again; sddl.py does that for
security descriptors, which are kept as they were written.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Callable, Union

from .sddl import canonical_sddl

INVALID = (ValueError, TypeError)

Address = Union[IPv4Address, IPv6Address]

_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_LEVELS = {"none": "None", "relaxed": "Relaxed", "strict": "Strict"}
_HEX = re.compile(r"[0-9A-F]{40}\Z")
_NOT_PRINTED = re.compile("[\\s:\u200e\u200f\u202a-\u202e]")
_URL_PREFIX = re.compile(r"[A-Za-z0-9_]+(/[A-Za-z0-9_]+)*\Z")
_ZONE = re.compile(r"%[0-9]{1,10}\Z")
_MAC = re.compile(r"[0-9A-F]{2}(-[0-9A-F]{2}){5}\Z")


def text(value: bool | int | str) -> str:
    """A value as the wire and the command line have it: ``true``, not ``True``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def flag(value: object) -> bool:
    """True or False; a text in any case, and xs:boolean's 1 and 0."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value.strip().lower() not in _FLAGS:
        raise ValueError(value)
    return _FLAGS[value.strip().lower()]


def number(least: int, most: int) -> Callable[[object], int]:
    """A whole number within limits."""

    def check(value: object) -> int:
        if isinstance(value, str) and re.match(r"[0-9]{1,20}\Z", value.strip()):
            value = int(value.strip())
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(value)
        if not least <= value <= most:
            raise ValueError(value)
        return value

    return check


def hardening_level(value: object) -> str:
    """``None``, ``Relaxed`` or ``Strict`` ([MS-WSMV] 2.2.4.34), from any case."""
    level = _LEVELS.get(str(value).strip().lower())
    if level is None:
        raise ValueError(value)
    return level


def thumbprint(value: object) -> str:
    """40 upper-case hexadecimal digits, or empty text.

    Windows' dialogue shows spaces between the digits and puts an invisible mark of the
    text's direction before them, which people copy too.
    """
    digits = _NOT_PRINTED.sub("", str(value)).upper()
    if digits and not _HEX.match(digits):
        raise ValueError(value)
    return digits


def url_prefix(value: object) -> str:
    """Letters, digits, ``_`` and ``/``, the last neither first nor last."""
    found = str(value).strip()
    if not _URL_PREFIX.match(found):
        raise ValueError(value)
    return found


def listener_address(value: object) -> str:
    """``*``, ``IP:`` and an address, or ``MAC:`` and six bytes with dashes."""
    found = str(value).strip()
    kind, _colon, rest = found.partition(":")
    if found == "*":
        return found
    if kind.upper() == "IP":
        return f"IP:{_address(rest)}"
    if kind.upper() == "MAC" and _MAC.match(rest.upper()):
        return f"MAC:{rest.upper()}"
    raise ValueError(value)


def sddl(value: object) -> str:
    """A security descriptor as it was written, but for white space."""
    if not isinstance(value, str):
        raise TypeError(value)
    canonical_sddl(value)
    return "".join(value.split())


def address_filter(version: int) -> Callable[[object], str]:
    """``*``, empty text, or ranges ``first-last`` of that version of IP, with commas.

    Addresses come in their short form (RFC 5952).
    """

    def check(value: object) -> str:
        if not isinstance(value, str):
            raise TypeError(value)
        if value.strip() in ("", "*"):
            return value.strip()
        pairs = ranges(value)
        if any(end.version != version for pair in pairs for end in pair):
            raise ValueError(value)
        return ",".join(f"{first}-{last}" for first, last in pairs)

    return check


def ranges(value: str) -> list[tuple[Address, Address]]:
    """The ranges of an address filter that is neither ``*`` nor empty.

    Raises:
        ValueError: A part is no range.
    """
    return [_range(part) for part in value.split(",")]


def _range(part: str) -> tuple[Address, Address]:
    first, dash, last = part.partition("-")
    ends = _address(first), _address(last)
    if not dash or ends[0].version != ends[1].version or int(ends[0]) > int(ends[1]):
        raise ValueError(part)
    return ends


def _address(word: str) -> Address:
    """An address; of what ipaddress takes for a zone, only Windows' numbers."""
    found = word.strip().strip("[]")
    if "%" in found and not _ZONE.search(found):
        raise ValueError(word)
    return ip_address(found)
