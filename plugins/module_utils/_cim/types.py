# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every CIM type, from and to text (DSP0004 section 5; DSP0230 section 7).

Text is that of WS-Management and DTD 2.0: decimal numbers, ``true`` and ``false``. A
datetime has two spellings. WS-CIM's is ISO 8601 (``2013-04-15T16:28:43.488171Z``,
``P0DT0H1M40S``), DSP0004's is fixed (``20130415162843.488171+000``,
``00000000000140.000000:000``); both are read.
"""

from __future__ import annotations

import base64
import math
import re
import struct
from datetime import datetime, timedelta, timezone
from typing import Any

from .._core.errors import HypervisorConnectError
from .markup import InvalidXml, check_text

INTEGERS = {
    f"{sign}int{bits}": (
        (0, 2**bits - 1) if sign == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    )
    for sign in "us"
    for bits in (8, 16, 32, 64)
}
"""The least and the greatest value by type."""

SCALARS = frozenset(
    (*INTEGERS, "real32", "real64", "boolean", "char16", "string", "datetime")
)
REFERENCE = "reference"
OCTETS = "octetstring"
"""Octets as one string, ``0x`` and hexadecimal digits; uint8[] is the other way."""

UTC = timezone.utc


class InvalidCimValue(HypervisorConnectError):
    """A value and a CIM type that don't go together."""


def _wrong(value: object, cim_type: str) -> InvalidCimValue:
    shown = _short(value) if isinstance(value, int) else repr(value)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    return InvalidCimValue(f"{shown} is no CIM {cim_type}")


def is_array(cim_type: str) -> bool:
    """Whether a type is that of an array, such as ``uint16[]``."""
    return cim_type.endswith("[]")


def element_type(cim_type: str) -> str:
    """The type of an array's elements; a scalar's own type."""
    return cim_type[:-2] if is_array(cim_type) else cim_type


def type_of(value: object) -> str | None:
    """The CIM type that a value alone tells; None for numbers, which have many."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, (datetime, timedelta)):
        return "datetime"
    return "uint8[]" if isinstance(value, (bytes, bytearray)) else None


def collect(items: list[Any], cim_type: str) -> list[Any] | bytes:
    """The values of an array of that scalar type; octets of uint8, unless one is NULL."""
    if cim_type == "uint8" and all(isinstance(item, int) for item in items):
        return bytes(items)
    return items


def is_base64(text: str) -> bool:
    """Whether the text of octets is Base64: of a single one it has three digits at most.

    Octet strings are xs:base64Binary on the wire (DSP0230, octetstring), as libvirt's
    driver reads the picture of a machine's screen.
    """
    return len(text.strip()) > 3


def decode_base64(text: str) -> bytes:
    """The octets of Base64.

    Raises:
        InvalidCimValue: It is none.
    """
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        raise _wrong(text, "uint8[]") from None


def decode(text: str, cim_type: str) -> Any:
    """Text of a scalar as a value.

    Args:
        text: The text; white space around anything but strings is ignored.
        cim_type: One of SCALARS or OCTETS. Any other type is left as text.

    Returns:
        bool, int, float, str, aware datetime, timedelta or bytes. None for the empty
        text of a type that has no empty value.

    Raises:
        InvalidCimValue: The text is not of that type, or out of its range.
    """
    if cim_type not in _DECODERS and cim_type not in INTEGERS:
        return text
    token = text.strip()
    if not token and cim_type != "char16":
        return None
    try:
        if cim_type in INTEGERS:
            return _integer(token, cim_type)
        return _DECODERS[cim_type](token or text)
    except (ValueError, OverflowError, LookupError):
        raise _wrong(text, cim_type) from None


def encode(value: Any, cim_type: str) -> str:
    """A scalar as text; datetimes in DSP0004's spelling.

    Args:
        value: What ``decode`` returns for that type. Text is accepted for every type
            that it is valid text of.
        cim_type: One of SCALARS or OCTETS.

    Raises:
        InvalidCimValue: The value is not of that type, or out of its range.
    """
    if cim_type in INTEGERS:
        return str(_integer(value, cim_type))
    encoder = _ENCODERS.get(cim_type)
    if encoder is None:
        raise InvalidCimValue(f"there is no CIM type {cim_type!r}")
    if isinstance(value, str) and cim_type not in ("string", "char16"):
        value = decode(value, cim_type)
    try:
        text = encoder(value)
    except (ValueError, OverflowError, TypeError, AttributeError, struct.error):
        raise _wrong(value, cim_type) from None
    return text


_INTEGER = re.compile(r"[+-]?[0-9]{1,20}\Z")


def _integer(value: Any, cim_type: str) -> int:
    if isinstance(value, str) and _INTEGER.match(value.strip()):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(value, cim_type)
    least, greatest = INTEGERS[cim_type]
    if not least <= value <= greatest:
        raise InvalidCimValue(
            f"{_short(value)} is no CIM {cim_type}, which is from {least} to {greatest}"
        )
    return value


def _short(value: int) -> str:
    return str(value) if abs(value) < 10**40 else "a number of more than 40 digits"


_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


def _boolean(text: str) -> bool:
    """WS-Management writes ``true``, WMI's own GetText ``TRUE``."""
    return _BOOLEANS[text.lower()]


def _boolean_text(value: bool) -> str:
    if not isinstance(value, bool):
        raise TypeError
    return "true" if value else "false"


_REAL = re.compile(
    r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,5})?\Z|-?INF\Z|NaN\Z",
    re.ASCII,
)


def _real(text: str) -> float:
    if len(text) > 400 or not _REAL.match(text):
        raise ValueError
    return float(text)


def _real_text(value: float) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError
    number = float(value)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "INF" if number > 0 else "-INF"
    return repr(number)


def _single(text: str) -> float:
    return _to_single(_real(text))


def _to_single(value: float) -> float:
    """The nearest number that 32 bits hold."""
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return rounded


def _single_text(value: float) -> str:
    _real_text(value)
    single = _to_single(float(value))
    return f"{single:.9g}" if math.isfinite(single) else _real_text(single)


def _character(text: str) -> str:
    if len(text) != 1 or ord(text) > 0xFFFF:
        raise ValueError
    return text


def _string_text(value: str) -> str:
    if not isinstance(value, str):
        raise TypeError
    try:
        return check_text(value)
    except InvalidXml as error:
        raise InvalidCimValue(error.what, remedy=error.remedy) from None


def _octets(text: str) -> bytes:
    """DSP0004's octet string: ``0x``, four octets that count all octets, the octets."""
    if text[:2].lower() != "0x" or not text[2:].isalnum():
        raise ValueError
    data = bytes.fromhex(text[2:])
    if int.from_bytes(data[:4], "big") != len(data):
        raise ValueError
    return data[4:]


def _octets_text(value: bytes) -> str:
    return "0x" + (len(value) + 4).to_bytes(4, "big").hex() + bytes(value).hex()


_DMTF_DATE = re.compile(r"(\d{14})\.(\d{6})([+-])(\d{3})\Z", re.ASCII)
_DMTF_INTERVAL = re.compile(r"(\d{8})(\d\d)(\d\d)(\d\d)\.(\d{6}):000\Z", re.ASCII)
_ISO_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?)?"
    r"(Z|[+-]\d\d:\d\d)?\Z",
    re.ASCII,
)
_ISO_INTERVAL = re.compile(
    r"(-?)P(?:(\d{1,9})D)?"
    r"(?:T(?:(\d{1,12})H)?(?:(\d{1,12})M)?(?:(\d{1,12})(?:\.(\d{1,9}))?S)?)?\Z",
    re.ASCII,
)


def _microseconds(digits: str | None) -> int:
    return int((digits or "")[:6].ljust(6, "0"))


def _datetime(text: str) -> datetime | timedelta:
    for pattern, read in (
        (_ISO_DATE, _iso_date),
        (_ISO_INTERVAL, _iso_interval),
        (_DMTF_DATE, _dmtf_date),
        (_DMTF_INTERVAL, _dmtf_interval),
    ):
        found = pattern.match(text)
        if found and text != "P":
            return read(found)
    raise ValueError(text)


def _iso_date(found: re.Match[str]) -> datetime:
    """A date without an offset is taken as UTC; none was seen, none is documented."""
    *numbers, fraction, zone = found.groups()
    fields = [int(number or 0) for number in numbers]
    return datetime(*fields, _microseconds(fraction), tzinfo=_zone(zone))  # type: ignore[misc, arg-type]


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return timezone(-offset if text[0] == "-" else offset)


def _iso_interval(found: re.Match[str]) -> timedelta:
    """Years and months, which have no fixed length, are no CIM interval."""
    sign, days, hours, minutes, seconds, fraction = found.groups()
    interval = timedelta(
        days=int(days or 0),
        hours=int(hours or 0),
        minutes=int(minutes or 0),
        seconds=int(seconds or 0),
        microseconds=_microseconds(fraction),
    )
    return -interval if sign else interval


def _dmtf_date(found: re.Match[str]) -> datetime:
    stamp, fraction, sign, minutes = found.groups()
    offset = timedelta(minutes=int(sign + minutes))
    moment = datetime.strptime(stamp, "%Y%m%d%H%M%S")
    return moment.replace(microsecond=int(fraction), tzinfo=timezone(offset))


def _dmtf_interval(found: re.Match[str]) -> timedelta:
    days, hours, minutes, seconds, fraction = (int(part) for part in found.groups())
    return timedelta(days, seconds, fraction, minutes=minutes, hours=hours)


def _aware(value: datetime) -> datetime:
    offset = value.utcoffset()
    if offset is None:
        raise InvalidCimValue(
            f"{value.isoformat()} has no time zone", remedy="give the offset from UTC"
        )
    if offset % timedelta(minutes=1):
        raise ValueError
    return value


def _dmtf_text(value: datetime | timedelta) -> str:
    if isinstance(value, timedelta):
        days, hours, minutes, seconds = _split(value)
        if value < timedelta(0) or days > 99_999_999:
            raise ValueError
        return (
            f"{days:08}{hours:02}{minutes:02}{seconds:02}.{value.microseconds:06}:000"
        )
    if not isinstance(value, datetime):
        raise TypeError
    offset = int((_aware(value).utcoffset() or timedelta(0)).total_seconds()) // 60
    stamp = f"{value:%m%d%H%M%S}.{value.microsecond:06}"
    return f"{value.year:04}{stamp}{'-' if offset < 0 else '+'}{abs(offset):03}"


def _split(value: timedelta) -> tuple[int, int, int, int]:
    """Days, hours, minutes and seconds."""
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return value.days, hours, minutes, seconds


def _fraction(microseconds: int) -> str:
    return f".{microseconds:06}".rstrip("0") if microseconds else ""


def iso_text(value: datetime | timedelta) -> str:
    """A datetime or an interval as WS-CIM writes it, without trailing zeros.

    Raises:
        InvalidCimValue: It has no time zone, or is a negative interval.
    """
    if isinstance(value, timedelta):
        if value < timedelta(0):
            raise _wrong(value, "interval")
        days, hours, minutes, seconds = _split(value)
        fraction = _fraction(value.microseconds)
        return f"P{days}DT{hours}H{minutes}M{seconds}{fraction}S"
    try:
        zone = _aware(value).strftime("%z")
    except ValueError:
        raise _wrong(value, "datetime") from None
    date = f"{value.year:04}-{value:%m-%dT%H:%M:%S}{_fraction(value.microsecond)}"
    return date + ("Z" if zone == "+0000" else f"{zone[:3]}:{zone[3:]}")


_DECODERS = {
    "boolean": _boolean,
    "real32": _single,
    "real64": _real,
    "char16": _character,
    "datetime": _datetime,
    OCTETS: _octets,
}
_ENCODERS = {
    "boolean": _boolean_text,
    "real32": _single_text,
    "real64": _real_text,
    "char16": lambda value: _string_text(_character(value)),
    "string": _string_text,
    "datetime": _dmtf_text,
    OCTETS: _octets_text,
}
