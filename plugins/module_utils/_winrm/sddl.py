# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security descriptors as text, as far as RootSDDL needs it; pure.

[MS-DTYP] 2.5.1 (grammar), 2.4.2.4 (the well-known SIDs behind the two-letter names).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PART = re.compile(r"([OGDS]):")
_TRUSTEE = re.compile(r"(S-1-[0-9A-FX-]+|[A-Z]{2})\Z")
_LIST = re.compile(r"(P|AR|AI|NO_ACCESS_CONTROL)*(\([^()]*\))*\Z")
_ENTRY = re.compile(r"\(([^()]*)\)")
_KIND = re.compile(r"[A-Z]{1,2}\Z")
_OBJECT = re.compile(r"[0-9A-F-]*\Z")
_NUMBER = re.compile(r"(0[xX][0-9A-Fa-f]+|[0-9]+)\Z")

_SIDS = {
    "S-1-1-0": "WD",
    "S-1-5-2": "NU",
    "S-1-5-4": "IU",
    "S-1-5-11": "AU",
    "S-1-5-18": "SY",
    "S-1-5-19": "LS",
    "S-1-5-20": "NS",
    "S-1-5-32-544": "BA",
    "S-1-5-32-545": "BU",  # codespell:ignore bu
    "S-1-5-32-546": "BG",
    "S-1-5-32-547": "PU",
    "S-1-5-32-573": "ER",
    "S-1-5-32-580": "RM",
}

_RIGHTS = {"GA": 1 << 28, "GX": 1 << 29, "GW": 1 << 30, "GR": 1 << 31}


@dataclass(frozen=True)
class Entry:
    """One entry of an access list.

    Attributes:
        kind: ``A`` allows, ``D`` denies, ``AU`` audits; others as they are.
        flags: Of inheritance and audit, sorted.
        rights: Sorted two-letter names, or a number.
        rest: The object's type, the inherited object's type, and the trustee. What
            follows in entries with a condition has parentheses and is not known here.
    """

    kind: str
    flags: tuple[str, ...]
    rights: tuple[str, ...]
    rest: tuple[str, ...]

    def __str__(self) -> str:
        words = (self.kind, "".join(self.flags), "".join(self.rights), *self.rest)
        return f"({';'.join(words)})"


def entries(sddl: str) -> tuple[Entry, ...]:
    """The entries of the discretionary access list (D:), in order.

    Raises:
        ValueError: It is no security descriptor.
    """
    return tuple(_entry(found) for found in _ENTRY.findall(_parts(sddl).get("D", "")))


def canonical_sddl(sddl: str) -> str:
    """The same descriptor, written in one way.

    The order of entries is kept, since it has a meaning; the order of rights has none.

    Raises:
        ValueError: It is none, or it lacks owner, group or access list, all of which
            Windows writes into RootSDDL and hosts demand.
    """
    parts = _parts(sddl)
    if not {"O", "G", "D"} <= parts.keys():
        raise ValueError(sddl)
    return "".join(f"{name}:{_canonical(name, parts[name])}" for name in parts)


def _parts(sddl: str) -> dict[str, str]:
    """O, G, D and S, in this order; colons stand nowhere else in what is used here."""
    plain = re.sub(r"\s", "", sddl).upper()
    words = _PART.split(plain)
    names = words[1::2]
    if words[0] or names != sorted(set(names), key="OGDS".index):
        raise ValueError(sddl)
    return dict(zip(names, words[2::2]))


def _canonical(name: str, part: str) -> str:
    if name in "OG":
        return _trustee(part)
    if not _LIST.match(part):
        raise ValueError(part)
    flags = part.partition("(")[0]
    return flags + "".join(str(_entry(found)) for found in _ENTRY.findall(part))


def _entry(text: str) -> Entry:
    fields = text.split(";")
    if len(fields) != 6 or not _KIND.match(fields[0]):
        raise ValueError(text)
    if not (_OBJECT.match(fields[3]) and _OBJECT.match(fields[4])):
        raise ValueError(text)
    rest = (fields[3], fields[4], _trustee(fields[5]))
    return Entry(fields[0], _pairs(fields[1]), _rights(fields[2]), rest)


def _rights(text: str) -> tuple[str, ...]:
    """Names, or a number that is named where it is generic rights alone."""
    if not _NUMBER.match(text):
        return _pairs(text)
    mask = int(text, 16) if text[:2] in ("0X", "0x") else int(text)
    named = tuple(sorted(name for name, bit in _RIGHTS.items() if mask & bit))
    if mask and mask == sum(_RIGHTS[name] for name in named):
        return named
    return (f"0x{mask:x}",)


def _pairs(text: str) -> tuple[str, ...]:
    if len(text) % 2 or not re.match(r"[A-Z]*\Z", text):
        raise ValueError(text)
    return tuple(sorted({text[i : i + 2] for i in range(0, len(text), 2)}))


def _trustee(text: str) -> str:
    if not _TRUSTEE.match(text):
        raise ValueError(text)
    return _SIDS.get(text, text)
