# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reader of XML: what it finds, what it refuses, and in what time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hypervisor.connect.plugins.module_utils._cim.markup import (
    MAX_DEPTH,
    MAX_PREFIXES,
    XSI,
    Element,
    InvalidXml,
    Name,
    check_text,
    escape,
    escape_attribute,
    read,
)

DOCUMENT = (
    '<a:r xmlns:a="urn:a" xmlns="urn:d" k="v" a:k="w"> one<b>&lt;\n</b><!-- no -->two'
    '<a:l><i n="1"/><i n="2"><j/></i></a:l></a:r>'
)


def test_elements_have_names_attributes_and_text() -> None:
    root = read(DOCUMENT)
    assert root.name == Name("urn:a", "r")
    assert root.attributes == {Name("", "k"): "v", Name("urn:a", "k"): "w"}
    assert root.text == " onetwo"
    assert root.token == "onetwo"
    assert root.child_token(Name("urn:d", "b")) == "<"
    assert root.child(Name("", "b")) is None
    assert root.child_token(Name("", "b")) is None
    assert [each.name.local for each in root.walk()] == ["r", "b", "l", "i", "i", "j"]
    assert root.qualified("a:x") == Name("urn:a", "x")
    assert root.qualified("x") == Name("urn:d", "x")
    assert root.qualified("q:x") == Name("", "x")


def test_items_of_a_list_are_given_and_not_kept() -> None:
    taken: list[Element] = []
    root = read(DOCUMENT, lists=frozenset((Name("urn:a", "l"),)), take=taken.append)
    assert [item.attributes[Name("", "n")] for item in taken] == ["1", "2"]
    assert [each.name.local for each in taken[1].children] == ["j"]
    items = root.child(Name("urn:a", "l"))
    assert items is not None
    assert items.children == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_encodings_are_known_by_their_first_bytes(encoding: str) -> None:
    declaration = '<?xml version="1.0"?>' if encoding != "utf-16-le" else "\ufeff"
    assert read(f"{declaration}<r>é😀</r>".encode(encoding)).text == "é😀"


BOMB = '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><r>&b;</r>'


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no well-formed XML"),
        (b"\xff\xfe", "no well-formed XML"),
        (b"<r>", "no well-formed XML"),
        (b"<r></s>", "no well-formed XML"),
        (b"<r/><r/>", "no well-formed XML"),
        (b"<r>\xff</r>", "no well-formed XML"),
        (b"<r>&undefined;</r>", "no well-formed XML"),
        (b"<p:r/>", "no well-formed XML"),
        (b'<r a="1" a="2"/>', "no well-formed XML"),
        (b"HTTP/1.1 200 OK", "no well-formed XML"),
        (b'<?xml version="1.0" encoding="rot13"?><r/>', "no well-formed XML"),
        (b'<?xml version="1.0" encoding="nosuch"?><r/>', "no well-formed XML"),
        (b'<?xml version="1.0" encoding="utf-7"?><r/>', "no well-formed XML"),
        (b"<!DOCTYPE r><r/>", "document type declaration"),
        (b'<!DOCTYPE html PUBLIC "-//W3C//DTD" "http://x/"><html/>', "document type"),
        (b'<!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>', "document type"),
        (BOMB.encode(), "document type"),
        (BOMB.encode("utf-16"), "document type"),
        (b"<a>" * (MAX_DEPTH + 1), "nested deeper"),
        (b"\0" * 100, "no well-formed XML"),
    ],
)
def test_what_nobody_should_read_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(InvalidXml) as raised:
        read(data)
    assert says in str(raised.value)


def test_document_that_is_too_long_is_refused() -> None:
    with pytest.raises(InvalidXml, match="longer than 10 bytes"):
        read(b"<r>1234567</r>", max_bytes=10)


def test_prefixes_without_end_are_refused() -> None:
    many = " ".join(f'xmlns:p{n}="u"' for n in range(MAX_PREFIXES + 1))
    with pytest.raises(InvalidXml, match="prefixes"):
        read(f"<r {many}/>")


def test_reading_takes_time_in_proportion_to_length() -> None:
    def seconds(count: int) -> float:
        text = "<r>" + '<i xmlns:p="urn:x" p:a="1">x<p:b/>y</i>' * count + "</r>"
        started = time.perf_counter()
        read(text)
        return time.perf_counter() - started

    seconds(1000)
    assert seconds(20_000) < 20 * max(seconds(5_000), 0.01)


@given(st.text(max_size=60))
def test_text_is_escaped_or_refused(text: str) -> None:
    try:
        check_text(text)
    except InvalidXml:
        with pytest.raises(InvalidXml):
            escape(text)
        return
    root = read(f'<r a="{escape_attribute(text)}">{escape(text)}</r>')
    assert root.text == text
    assert root.attributes[Name("", "a")] == text


def test_references_are_numeric() -> None:
    assert escape("&<>\"'\r\n") == "&#38;&#60;&#62;&#34;'&#13;\n"


@given(st.binary(max_size=200))
def test_any_bytes_are_xml_or_refused(data: bytes) -> None:
    for document in (data, b"<r>" + data + b"</r>"):
        try:
            read(document)
        except InvalidXml:
            continue


def test_schema_instance_namespace_is_that_of_xml_schema() -> None:
    assert XSI == "http://www.w3.org/2001/XMLSchema-instance"
