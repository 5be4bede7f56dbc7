# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every CIM type from text to a value and back, and what is refused."""

from __future__ import annotations

import base64
import contextlib
import math
import struct
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hypervisor.connect.plugins.module_utils._cim.types import (
    INTEGERS,
    OCTETS,
    SCALARS,
    UTC,
    InvalidCimValue,
    collect,
    decode,
    decode_base64,
    element_type,
    encode,
    is_array,
    is_base64,
    iso_text,
    type_of,
)

ZONES = st.integers(-14 * 60, 14 * 60).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)
MOMENTS = st.datetimes(timezones=ZONES)
INTERVALS = st.timedeltas(timedelta(0), timedelta(days=99_999_999))


@pytest.mark.parametrize(
    ("text", "cim_type", "value"),
    [
        ("0", "uint8", 0),
        ("255", "uint8", 255),
        ("-128", "sint8", -128),
        (" 7\n", "uint16", 7),
        ("+7", "uint16", 7),
        ("18446744073709551615", "uint64", 2**64 - 1),
        ("-9223372036854775808", "sint64", -(2**63)),
        ("", "uint32", None),
        ("true", "boolean", True),
        ("FALSE", "boolean", False),
        ("1", "boolean", True),
        ("", "boolean", None),
        ("1.5", "real64", 1.5),
        ("1E3", "real64", 1000.0),
        ("INF", "real64", math.inf),
        ("0.1", "real32", struct.unpack("<f", struct.pack("<f", 0.1))[0]),
        ("x", "char16", "x"),
        (" ", "char16", " "),
        (" as is \n", "string", " as is \n"),
        ("", "string", ""),
        ("2013-04-15T16:28:43.488171Z", "datetime",
         datetime(2013, 4, 15, 16, 28, 43, 488171, UTC)),
        ("2014-04-03T14:45:50.46875+08:00", "datetime",
         datetime(2014, 4, 3, 14, 45, 50, 468750, timezone(timedelta(hours=8)))),
        ("1601-01-01T00:00:00Z", "datetime", datetime(1601, 1, 1, tzinfo=UTC)),
        ("2020-02-29", "datetime", datetime(2020, 2, 29, tzinfo=UTC)),
        ("2020-02-29T01:02:03", "datetime", datetime(2020, 2, 29, 1, 2, 3, 0, UTC)),
        ("2020-02-29T01:02:03.1234567-03:30", "datetime",
         datetime(2020, 2, 29, 1, 2, 3, 123456, timezone(-timedelta(hours=3.5)))),
        ("20130415162843.488171+000", "datetime",
         datetime(2013, 4, 15, 16, 28, 43, 488171, UTC)),
        ("20130415162843.000000-090", "datetime",
         datetime(2013, 4, 15, 16, 28, 43, 0, timezone(-timedelta(minutes=90)))),
        ("P0DT0H1M40S", "datetime", timedelta(seconds=100)),
        ("P0DT0H30M0S", "datetime", timedelta(minutes=30)),
        ("PT7200.000S", "datetime", timedelta(hours=2)),
        ("P3D", "datetime", timedelta(days=3)),
        ("00000000003000.000000:000", "datetime", timedelta(minutes=30)),
        ("12345678235959.000001:000", "datetime",
         timedelta(12345678, 59, 1, minutes=59, hours=23)),
        ("0x00000006AABB", OCTETS, b"\xaa\xbb"),
        ("0x00000004", OCTETS, b""),
        ("anything", "object", "anything"),
    ],
)  # fmt: skip
def test_decode_reads_text_of_its_type(text: str, cim_type: str, value: Any) -> None:
    assert decode(text, cim_type) == value
    assert type(decode(text, cim_type)) is type(value)


@pytest.mark.parametrize(
    ("text", "cim_type"),
    [
        ("256", "uint8"),
        ("-1", "uint64"),
        ("18446744073709551616", "uint64"),
        ("1.0", "uint8"),
        ("0x10", "uint8"),
        ("1_0", "uint8"),
        ("٣", "uint8"),
        ("9" * 5000, "uint64"),
        ("yes", "boolean"),
        ("nan", "real64"),
        ("1e400000", "real64"),
        ("1" * 500, "real64"),
        ("1e39", "real32"),
        ("xy", "char16"),
        ("😀", "char16"),
        ("2013-04-15 16:28:43", "datetime"),
        ("2013-13-15T16:28:43Z", "datetime"),
        ("2013-02-29T16:28:43Z", "datetime"),
        ("0000-00-00T00:00:00Z", "datetime"),
        ("2013-04-15T16:28:43+99:00", "datetime"),
        ("20130415162843.******+000", "datetime"),
        ("P", "datetime"),
        ("P1Y", "datetime"),
        ("P999999999999D", "datetime"),
        ("P999999999DT999999999999H", "datetime"),
        ("00000000003000.000000:001", "datetime"),
        ("0x00000007AABB", OCTETS),
        ("AABB", OCTETS),
        ("0x0000000", OCTETS),
        ("0xzz", OCTETS),
    ],
)
def test_decode_refuses_text_that_is_not_of_its_type(text: str, cim_type: str) -> None:
    with pytest.raises(InvalidCimValue) as raised:
        decode(text, cim_type)
    assert cim_type in raised.value.what
    assert len(str(raised.value)) < 250


@pytest.mark.parametrize(
    ("value", "cim_type", "text"),
    [
        (7, "uint8", "7"),
        ("7", "uint8", "7"),
        (True, "boolean", "true"),
        ("TRUE", "boolean", "true"),
        (2, "real64", "2.0"),
        (math.nan, "real32", "NaN"),
        (-math.inf, "real64", "-INF"),
        (timedelta(minutes=30), "datetime", "00000000003000.000000:000"),
        ("P0DT0H30M0S", "datetime", "00000000003000.000000:000"),
        (datetime(2013, 4, 5, tzinfo=UTC), "datetime", "20130405000000.000000+000"),
        (datetime(1, 1, 1, tzinfo=UTC), "datetime", "00010101000000.000000+000"),
        (b"\xaa", OCTETS, "0x00000005aa"),
        ("a\tb\r\n😀", "string", "a\tb\r\n😀"),
        (" ", "char16", " "),
    ],
)
def test_encode_writes_a_value_of_its_type(
    value: Any, cim_type: str, text: str
) -> None:
    assert encode(value, cim_type) == text


@pytest.mark.parametrize(
    ("value", "cim_type"),
    [
        (True, "uint8"),
        (1.0, "uint8"),
        (300, "uint8"),
        (None, "uint8"),
        (1, "boolean"),
        ("yes", "boolean"),
        (True, "real64"),
        ("x", "real64"),
        (1e300, "real32"),
        (1, "string"),
        (None, "string"),
        ("a\0b", "string"),
        ("\ud800", "string"),
        ("\uffff", "string"),
        ("\x01", "char16"),
        ("ab", "char16"),
        (datetime(2020, 1, 1), "datetime"),
        (datetime(2020, 1, 1, tzinfo=timezone(timedelta(seconds=5))), "datetime"),
        (timedelta(-1), "datetime"),
        (timedelta(days=100_000_000), "datetime"),
        (5, "datetime"),
        (b"", "datetime"),
        (5, OCTETS),
        ("x", "uint128"),
    ],
)
def test_encode_refuses_a_value_that_is_not_of_its_type(
    value: Any, cim_type: str
) -> None:
    with pytest.raises(InvalidCimValue):
        encode(value, cim_type)


@pytest.mark.parametrize("cim_type", ["uint8", "boolean", "string"])
def test_encode_refuses_a_number_too_long_to_be_printed(cim_type: str) -> None:
    with pytest.raises(InvalidCimValue, match="more than 40 digits"):
        encode(10**5000, cim_type)


@pytest.mark.parametrize("cim_type", INTEGERS)
def test_integer_types_end_where_dsp0004_says(cim_type: str) -> None:
    least, greatest = INTEGERS[cim_type]
    assert greatest - least + 1 == 2 ** int(cim_type[4:])
    assert decode(encode(least, cim_type), cim_type) == least
    assert decode(encode(greatest, cim_type), cim_type) == greatest
    for outside in (least - 1, greatest + 1):
        with pytest.raises(InvalidCimValue):
            encode(outside, cim_type)


@given(st.sampled_from(sorted(INTEGERS)), st.data())
def test_integers_survive_both_ways(cim_type: str, data: st.DataObject) -> None:
    value = data.draw(st.integers(*INTEGERS[cim_type]))
    assert decode(encode(value, cim_type), cim_type) == value


@given(st.floats(allow_nan=False))
def test_real64_survives_both_ways(value: float) -> None:
    assert decode(encode(value, "real64"), "real64") == value


@given(st.floats(width=32, allow_nan=False))
def test_real32_survives_both_ways(value: float) -> None:
    assert decode(encode(value, "real32"), "real32") == value


@given(MOMENTS)
def test_datetimes_survive_both_spellings(value: datetime) -> None:
    for text in (encode(value, "datetime"), iso_text(value)):
        read = decode(text, "datetime")
        assert read == value
        assert read.utcoffset() == value.utcoffset()


@given(INTERVALS)
def test_intervals_survive_both_spellings(value: timedelta) -> None:
    assert decode(encode(value, "datetime"), "datetime") == value
    assert decode(iso_text(value), "datetime") == value


@given(st.binary(max_size=60))
def test_octet_strings_survive_both_ways(value: bytes) -> None:
    assert decode(encode(value, OCTETS), OCTETS) == value


@given(st.text(max_size=60), st.sampled_from(sorted({*SCALARS, OCTETS})))
def test_any_text_is_a_value_or_refused(text: str, cim_type: str) -> None:
    with contextlib.suppress(InvalidCimValue):
        decode(text, cim_type)


@pytest.mark.parametrize("value", [timedelta(-1), datetime(2020, 1, 1)])
def test_iso_text_refuses_what_wscim_has_no_text_for(value: Any) -> None:
    with pytest.raises(InvalidCimValue):
        iso_text(value)


def test_types_of_arrays() -> None:
    assert is_array("uint16[]")
    assert not is_array("uint16")
    assert element_type("uint16[]") == element_type("uint16") == "uint16"
    assert collect([1, 2], "uint8") == b"\x01\x02"
    assert collect([1, None], "uint8") == [1, None]
    assert collect([1, 2], "uint16") == [1, 2]


def test_type_of_a_value_is_told_where_there_is_only_one() -> None:
    values: list[Any] = [
        True,
        "x",
        UTC and datetime.now(UTC),
        timedelta(1),
        b"",
        1,
        1.0,
    ]
    told = ["boolean", "string", "datetime", "datetime", "uint8[]", None, None]
    assert [type_of(value) for value in values] == told


@given(st.binary(min_size=1))
def test_octets_come_back_from_base64(data: bytes) -> None:
    text = base64.b64encode(data).decode()
    assert is_base64(text)
    assert decode_base64(f" {text[:4]}\n{text[4:]} ") == data


@pytest.mark.parametrize(
    "text", ["AA=A", "not base64!", "AAAAA", "\u00e4\u00e4\u00e4\u00e4"]
)
def test_text_that_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(InvalidCimValue):
        decode_base64(text)


def test_number_of_one_octet_is_no_base64() -> None:
    assert not is_base64(" 255 ")
