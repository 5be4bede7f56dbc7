# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registry Blobs as certificates, and Blobs that are none."""

from __future__ import annotations

import struct
import sys
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.blob import (
    CERT,
    ENHKEY_USAGE,
    KEY_PROV_INFO,
    LONGEST_BLOB,
    SHA1_HASH,
    CryptographyMissing,
    InvalidCertificate,
    read_blob,
    read_store,
    registry_output,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.registry import (
    STORE,
)

from .store import ANY, CLIENT, NOW, SERVER, blob, der, entry, thumbprint


def test_properties_are_those_of_wincrypt() -> None:
    assert (KEY_PROV_INFO, SHA1_HASH, ENHKEY_USAGE, CERT) == (2, 3, 9, 32)


def test_blob_of_windows_is_read_whole() -> None:
    data = der(names=("hv1.example.com", "192.0.2.7", "fe80::1", "me@example.com"))
    read = read_blob(entry(data))
    assert read.thumbprint == thumbprint(data)
    assert read.subject == read.issuer == "CN=hv1.example.com"
    assert read.names == ("hv1.example.com", "192.0.2.7", "fe80::1")
    assert read.not_before == NOW - timedelta(days=10)
    assert read.not_after == NOW + timedelta(days=10)
    assert (read.self_signed, read.has_private_key) == (True, True)
    assert read.server_authentication
    assert read.pem.startswith("-----BEGIN CERTIFICATE-----\n")
    assert read_blob(entry(data, key=False)).has_private_key is False


def test_certificate_of_a_ca_is_not_self_signed() -> None:
    read = read_blob(entry(der(issuer="Example CA")))
    assert (read.issuer, read.self_signed) == ("CN=Example CA", False)


@pytest.mark.parametrize(
    ("common_name", "names", "expected"),
    [
        ("hv1", None, ("hv1",)),
        ("hv1", ("me@example.com",), ("hv1",)),
        ("hv1", ("hv2",), ("hv2",)),
        ("", None, ()),
    ],
)
def test_common_name_counts_where_there_is_no_other(
    common_name: str, names: tuple[str, ...] | None, expected: tuple[str, ...]
) -> None:
    assert read_blob(entry(der(common_name, names=names))).names == expected


@pytest.mark.parametrize(
    ("usages", "expected"),
    [
        (None, True),
        ((SERVER,), True),
        ((CLIENT, SERVER), True),
        ((ANY,), True),
        ((CLIENT,), False),
    ],
)
def test_usages_say_whether_a_server_may_show_it(
    usages: tuple[str, ...] | None, expected: bool
) -> None:
    assert read_blob(entry(der(usages=usages))).server_authentication is expected


def test_usage_that_the_store_adds_counts_too() -> None:
    client = bytes.fromhex("300a06082b06010505070302")
    server = bytes.fromhex("300a06082b06010505070301")
    for usage, expected in ((client, False), (server, True)):
        data = blob([(ENHKEY_USAGE, usage), (CERT, der())])
        assert read_blob(data).server_authentication is expected


def test_order_of_properties_and_unknown_ones_do_not_matter() -> None:
    data = der()
    read = read_blob(blob([(CERT, data), (11, b"h\0v\0\0\0"), (KEY_PROV_INFO, b"")]))
    assert read.has_private_key
    assert read_blob(entry(data) + bytes(12)) == read_blob(entry(data))


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "no certificate"),
        (b"\0", "cut off"),
        (bytes(12), "no certificate"),
        (entry(der())[:-1], "cut off"),
        (entry(der()) + b"x", "cut off"),
        (struct.pack("<III", 32, 1, 0xFFFFFFFF), "cut off"),
        (blob([(32, der()), (32, der())]), "twice"),
        (blob([(32, b"")]), "no readable certificate"),
        (blob([(32, b"hello")]), "no readable certificate"),
        (blob([(32, der()[:-5])]), "no readable certificate"),
        (blob([(3, b"x" * 20), (32, der())]), "hash of another"),
        (bytes(LONGEST_BLOB + 1), "more than"),
    ],
)
def test_blob_that_is_none_is_refused_in_words(data: bytes, word: str) -> None:
    with pytest.raises(InvalidCertificate, match=word):
        read_blob(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(InvalidCertificate):
        read_blob(data)


@given(st.integers(0, len(entry(der())) - 1), st.integers(0, 255))
def test_any_changed_byte_is_read_or_refused(position: int, byte: int) -> None:
    data = bytearray(entry(der()))
    data[position] = byte
    try:
        read = read_blob(bytes(data))
    except InvalidCertificate as error:
        assert "\n" not in str(error)
    else:
        assert len(read.thumbprint) == 40


@given(
    st.lists(st.tuples(st.integers(33, 99), st.binary(max_size=40)), max_size=6).filter(
        lambda found: len({kind for kind, _value in found}) == len(found)
    )
)
def test_properties_beside_change_nothing(properties: list[tuple[int, bytes]]) -> None:
    assert read_blob(blob([*properties, (32, der())])) == read_blob(blob([(32, der())]))


def test_missing_cryptography_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(CryptographyMissing) as caught:
        read_blob(entry(der()))
    assert "python3-cryptography" in str(caught.value)
    with pytest.raises(CryptographyMissing):
        read_store({"x": entry(der())})


def test_store_is_read_newest_first_and_tells_of_the_others() -> None:
    ages = [der(start=-3), der(start=-1), der(start=-2)]
    blobs = {thumbprint(one): entry(one) for one in ages}
    odd = {"AA": b"x", "BB": entry(der())}
    certificates, unreadable = read_store({**blobs, **odd})
    wanted = [ages[1], ages[2], ages[0]]
    assert [one.thumbprint for one in certificates] == [*map(thumbprint, wanted)]
    assert unreadable == {
        "AA": "the store's entry is cut off",
        "BB": "the store's entry holds another certificate",
    }


KEY = rf"HKEY_LOCAL_MACHINE\{STORE}"


def test_output_of_reg_query_is_read() -> None:
    one, two = "AB" * 20, "01" * 20
    text = (
        f"\r\n{KEY}\\{one.lower()}\r\n    Blob    REG_BINARY    0aFF\r\n"
        f"    Other    REG_BINARY    11\r\n\r\n{KEY}\\{two}\r\n    Other    REG_SZ    x\r\n"
        f"    Blob    REG_BINARY    \r\n\r\n{KEY}\\{two}\\Sub\r\n"
        "    Blob    REG_BINARY    22\r\n\r\n"
    )
    assert registry_output(text) == {one: b"\x0a\xff", two: b""}


@pytest.mark.parametrize("text", ["", "\r\n", "ERROR: no key\r\n", f"{KEY}\r\n"])
def test_output_without_certificates_is_an_empty_store(text: str) -> None:
    assert registry_output(text) == {}


def test_output_that_is_cut_off_is_refused() -> None:
    with pytest.raises(InvalidCertificate, match="ABABAB") as caught:
        registry_output(f"{KEY}\\{'AB' * 20}\r\n    Blob    REG_BINARY    0\r\n")
    assert "cut off" in str(caught.value)


@given(st.dictionaries(st.binary(min_size=20, max_size=20), st.binary(max_size=99)))
def test_output_gives_back_every_entry(entries: dict[bytes, bytes]) -> None:
    blobs = {name.hex().upper(): value for name, value in entries.items()}
    text = "".join(
        f"\r\n{KEY}\\{name}\r\n    Blob    REG_BINARY    {value.hex().upper()}\r\n"
        for name, value in blobs.items()
    )
    assert registry_output(text) == blobs


@given(st.text())
def test_any_output_is_read_or_refused(text: str) -> None:
    assert isinstance(registry_output(text), dict)
