# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt makes of a URI, and that formatting and parsing are inverse."""

from __future__ import annotations

import importlib.util
import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.hypervisor.connect.plugins.module_utils._uri.grammar import (
    QUERY as QUERY_CHARACTERS,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.grammar import (
    Parts,
    Refused,
    libvirt_query,
    read,
    skip,
    split_params,
    strict_query,
    write,
    write_strictly,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.uri import (
    MAX_LENGTH,
    ConnectionUri,
    InvalidUri,
)

FACTS = (
    Path(__file__).resolve().parents[5]
    / ".."
    / "shared"
    / "facts"
    / "libvirt_uri_cases.jsonl"
)


def as_libvirt(uri: ConnectionUri) -> dict[str, Any]:
    """The parts by libvirt's own names."""
    return {
        "scheme": uri.scheme,
        "user": uri.username,
        "server": uri.hostname,
        "port": uri.port or 0,
        "path": uri.path,
        "query": uri.query,
        "fragment": uri.fragment,
        "params": [list(pair) for pair in uri.params],
        "formatted": uri.libvirt_text(),
    }


def ours(text: str) -> dict[str, Any] | None:
    try:
        return as_libvirt(ConnectionUri.parse(text))
    except InvalidUri:
        return None


def shown(text: str) -> str:
    """What a message says of a text: the redacted URI, or the refusal."""
    try:
        return ConnectionUri.parse(text).redacted
    except InvalidUri as refusal:
        return str(refusal)


def test_every_recorded_case_of_libvirt_agrees() -> None:
    if not FACTS.exists():
        pytest.skip("the recorded cases of libvirt are not beside this checkout")
    cases = [json.loads(line) for line in FACTS.read_text().splitlines()]
    assert len(cases) == 124
    for case in cases:
        uri = case.pop("uri")
        assert ours(uri) == (None if "error" in case else case), uri


# Seen on libvirt 9.0.0 with libxml2 2.9.14 (virURIParse, virURIFormat).
@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("qemu:///system", {"scheme": "qemu", "path": "/system"}),
        ("qemu:", {"scheme": "qemu"}),
        ("qemu:system", {"scheme": "qemu", "path": "system"}),
        ("//h:5/p", {"hostname": "h", "port": 5, "path": "/p"}),
        ("a://u@/p", {"scheme": "a", "username": "u", "path": "/p"}),
        (
            "a://@h/p",
            {"scheme": "a", "username": "@h/p", "hostname": "h", "path": "/p"},
        ),
        ("a://@?x", {"scheme": "a", "username": "@?x", "params": (("x", ""),)}),
        ("a://:80/", {"scheme": "a", "path": "/"}),
        ("a://h:0", {"scheme": "a", "hostname": "h"}),
        ("a://h:00080", {"scheme": "a", "hostname": "h", "port": 80}),
        ("a://h:2147483647", {"scheme": "a", "hostname": "h", "port": 2147483647}),
        ("a://%00:80/", {"scheme": "a", "hostname": "", "path": "/"}),
        ("a://h%2F", {"scheme": "a", "hostname": "h/"}),
        ("a://1.2.3.4.5", {"scheme": "a", "hostname": "1.2.3.4.5"}),
        ("a://[a/b]", {"scheme": "a", "hostname": "[a/b]"}),
        ("a://[%3A]", {"scheme": "a", "hostname": ":"}),
        ("a://[::1%25eth0]:1", {"scheme": "a", "hostname": "::1%eth0", "port": 1}),
        ("a:%00b", {"scheme": "a", "path": ""}),
        ("a:///b%00c", {"scheme": "a", "path": "/b"}),
        ("a+b+c://h", {"scheme": "a+b+c", "hostname": "h"}),
        ("a:#%00", {"scheme": "a", "fragment": ""}),
        ("#f[1]", {"fragment": "f[1]"}),
    ],
)
def test_parse_gives_the_parts_that_libvirt_gives(
    text: str, parts: dict[str, Any]
) -> None:
    assert ConnectionUri.parse(text) == ConnectionUri(**parts)


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("a=1&b=2", [("a", "1"), ("b", "2")]),
        ("a=1;b=2", [("a", "1"), ("b", "2")]),
        ("a=1;b=2&c=3;d=4;e", [("a", "1;b=2"), ("c", "3"), ("d", "4"), ("e", "")]),
        ("a&&b=&=c&;", [("a", ""), ("b", "")]),
        ("a=b=c", [("a", "b=c")]),
        ("a=x+y%20z", [("a", "x+y z")]),
        ("a%26=b%3D&%00=x", [("a&", "b="), ("", "x")]),
        ("=;x=1", [("=;x=1", ""), ("x", "1")]),
        ("x=1&=", [("x", "1"), ("=", "")]),
        ("", []),
    ],
)
def test_split_params_separates_where_libvirt_does(
    query: str, params: list[tuple[str, str]]
) -> None:
    assert split_params(query) == tuple(params)


@pytest.mark.parametrize(
    "text",
    [
        "qemu://h:/",
        "qemu://h:x/",
        "qemu://h:2147483648/",
        "qemu://h:99999999999/",
        "qemu://[::1",
        "qemu://[::1]x",
        "qemu://a@b@c/",
        "qemu://h/%zz",
        "qemu://h/%4",
        "qemu://h/a b",
        "qemu://h/ü",
        "qemu://h?a#b#c",
        "1qemu://h/",
        ":",
        "[",
        "\\",
        "a://h?{}",
        # libvirt would take these; see docs/design/uris.md
        "qemu://h/%ff",
        "qemu://h/\0",
        "qemu://[\ud800]/",
        "a://h/" + "a" * MAX_LENGTH,
    ],
)
def test_parse_refuses_with_our_own_error(text: str) -> None:
    with pytest.raises(InvalidUri) as caught:
        ConnectionUri.parse(text)
    assert len(str(caught.value)) < 700
    assert "\n" not in str(caught.value)


def test_the_error_names_the_uri_what_is_wrong_and_what_to_do() -> None:
    with pytest.raises(InvalidUri) as caught:
        ConnectionUri.parse("hyperv://host/a b")
    assert str(caught.value) == (
        "URI hyperv://host/a b: a space stands at position 16; write it as %XX."
    )
    assert caught.value.text == "hyperv://host/a b"
    assert caught.value.reason == "a space stands at position 16"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("qemu:/system", "qemu:///system"),
        ("a://h?x=/a&y", "a://h?x=%2Fa&y="),
        ("a://h/a%20b:c#d%23", "a://h/a%20b%3Ac#d%23"),
        ("file:///c:/x", "file:///c:/x"),
        ("a://[fe80::1%25eth0]/", "a://[fe80::1%eth0]/"),
        ("a://@h/", "a://%40h%2F@h/"),
        # libvirt's own text of these would read back as something else.
        ("qemu", "qemu"),
        ("a:b", "a:b"),
        ("a://h?x%20y=1&a%26b=2", "a://h?x%20y=1&a%26b=2"),
        ("a://h%2F/", "a://h%2F/"),
        ("a://[::1%2525ab]/", "a://[::1%2525ab]/"),
        ("a://%00@h", "a://%00@h"),
    ],
)
def test_str_writes_what_libvirt_writes_unless_that_would_not_read_back(
    text: str, written: str
) -> None:
    assert str(ConnectionUri.parse(text)) == written


# Pieces that mean something to the grammar, and some that it refuses.
PIECES = st.sampled_from(
    [
        *(
            "qemu",
            "a",
            "hyperv",
            "file",
            "/c:",
            "+ssh",
            "+",
            ":",
            "/",
            "//",
            "://",
            "@",
        ),
        *(
            "u",
            "user:pass",
            "h",
            "[",
            "]",
            "[::1]",
            "?",
            "#",
            "&",
            ";",
            "=",
            "a=b",
            "x",
        ),
        *("%", "%00", "%2F", "%C3%A9", "%ff", "%5B", "%5D", "%3A", "%26", "%3B", "%zz"),
        *(" ", "ü", "\n", "!", "'", "(", "*", "$", ",", "~", "1.2.3.4", ":80", ":0"),
    ]
)
LIKE_URIS = st.lists(PIECES, max_size=14).map("".join)
WELL_FORMED = st.builds(
    "{}://{}{}{}{}{}{}".format,
    st.sampled_from(["qemu", "qemu+ssh", "hyperv", "vz+", "file+SSH"]),
    st.sampled_from(["", "u@", "user:pass@", "%C3%A9@", "DOM%5Cu@", "@", "%00@"]),
    st.sampled_from(["", "h", "a-b.c", "127.0.0.1", "[::1]", "[fe80::1%25e]", "h%2F"]),
    st.sampled_from(["", ":1", ":0", ":65535", ":99999"]),
    st.sampled_from(["", "/", "/system", "//double", "/%2Fescaped", "/a%20b", "/%00"]),
    st.lists(
        st.sampled_from(
            ["a=b", "&", "&", ";", "x", "=", "%26%3D", "a%20b=", "a+b", "/"]
        ),
        max_size=8,
    ).map(lambda pieces: "?" + "".join(pieces) if pieces else ""),
    st.sampled_from(["", "#", "#frag", "#a%23"]),
)


@settings(max_examples=500, deadline=None)
@given(LIKE_URIS | WELL_FORMED)
def test_parsing_what_was_formatted_gives_the_same_uri(text: str) -> None:
    try:
        uri = ConnectionUri.parse(text)
    except InvalidUri:
        return
    again = ConnectionUri.parse(str(uri))
    assert again == uri
    assert str(again) == str(uri)


@settings(max_examples=300, deadline=None)
@given(WELL_FORMED)
def test_well_formed_uris_are_read_and_read_back(text: str) -> None:
    uri = ConnectionUri.parse(text)
    assert ConnectionUri.parse(str(uri)) == uri


WORDS = st.text(min_size=1, max_size=12).filter(
    lambda text: "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)
)


@settings(max_examples=300, deadline=None)
@given(
    username=st.none() | WORDS,
    hostname=WORDS,
    port=st.none() | st.integers(1, 65535),
    path=st.none() | WORDS.map("/{}".format),
    fragment=st.none() | WORDS,
    params=st.lists(st.tuples(WORDS, WORDS | st.just("")), max_size=4),
)
def test_whatever_is_built_reads_back(**parts: Any) -> None:
    uri = ConnectionUri.build(scheme="qemu+ssh", **parts)
    again = ConnectionUri.parse(str(uri))
    assert again == uri
    for name in ("username", "hostname", "port", "path", "fragment"):
        assert getattr(again, name) == parts[name]
    assert list(again.params) == parts["params"]


@settings(max_examples=500, deadline=None)
@given(st.text() | st.text(alphabet="%&;=@:/?#[]\0\u202e\x1b\ud800aA0", max_size=40))
def test_hostile_text_gets_our_error_and_nothing_else(text: str) -> None:
    for hostile in (text, f"qemu://{text}", f"qemu:///?{text}"):
        assert shown(hostile).isprintable()


@pytest.mark.parametrize(
    "piece", ["a", "%", "%41", "&", ";", "=&", "=;", "[", "@", ":"]
)
def test_megabytes_are_refused_at_once_and_long_texts_take_linear_time(
    piece: str,
) -> None:
    started = time.perf_counter()
    with pytest.raises(InvalidUri):
        ConnectionUri.parse(f"qemu://h/?{piece * 4_000_000}")
    for place in ("qemu://{}/", "qemu://h/{}", "qemu://h/?{}", "{}"):
        text = place.format(piece * (60_000 // len(piece)))
        assert len(shown(text)) < 700
    assert time.perf_counter() - started < 5


def test_random_texts_agree_with_the_libvirt_that_is_installed() -> None:
    spec = importlib.util.spec_from_file_location(
        "libvirt_oracle", Path(__file__).with_name("libvirt_oracle.py")
    )
    assert spec is not None
    assert spec.loader is not None
    oracle = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(oracle)
    libvirt = oracle.load()
    if libvirt is None:
        pytest.skip("libvirt.so.0 9.0.0 is not installed here")
    pieces = [
        *(
            "qemu",
            "a",
            "+ssh",
            ":",
            "/",
            "//",
            "://",
            "@",
            "u",
            "h",
            "[",
            "::1",
            "]",
            "?",
        ),
        *("#", "&", ";", "=", "a=b", "%", "%00", "%2F", "%C3%A9", "%5B", "%5D", "%3A"),
        *(" ", "ü", "!", "'", "*", "~", "1.2.3.4", ":80", ":2147483648", "file", "/c:"),
    ]
    choose = random.Random(20261121)
    agreed = 0
    for _round in range(5000):
        start = choose.choice(["", "qemu://", "a://h/?", "a://h/", "a://"])
        text = start + "".join(choose.choices(pieces, k=choose.randint(0, 8)))
        expected = libvirt.parse(text)
        if "\\udc" in json.dumps(expected):  # bytes that are not UTF-8
            expected = None
        assert ours(text) == expected, text
        agreed += expected is not None
    assert agreed > 1000


def test_driver_and_transport_split_at_the_first_plus() -> None:
    def split(text: str) -> tuple[str | None, str | None]:
        uri = ConnectionUri.parse(text)
        return uri.driver, uri.transport

    assert split("qemu+ssh://h/") == ("qemu", "ssh")
    assert split("qemu+SSH+x://h/") == ("qemu", "SSH+x")
    assert split("vz+://h/") == ("vz", "")
    assert split("qemu:///system") == ("qemu", None)
    assert split("hail") == (None, None)


@pytest.mark.parametrize(
    ("text", "remote"),
    [
        ("xen://towada/system", True),
        ("qemu+unix:///system", True),
        ("hyperv://h/", True),
        ("qemu:///system", False),
        ("hail", False),
    ],
)
def test_a_uri_is_remote_with_a_transport_or_a_hostname(
    text: str, remote: bool
) -> None:
    assert ConnectionUri.parse(text).is_remote is remote


def test_param_takes_the_last_of_several_but_the_first_root_and_authfile() -> None:
    uri = ConnectionUri.parse("a:///?Mode=x&mode=y&root=1&ROOT=2&authfile=3&authfile=4")
    assert uri.param("mode") == "y"
    assert uri.param("root") == "1"
    assert uri.param("authfile") == "3"
    assert uri.param("netcat") is None


def test_replace_changes_parts_and_refuses_what_no_uri_holds() -> None:
    uri = ConnectionUri.parse("qemu+ssh://root@h/system?a=1")
    assert (
        str(uri.replace(hostname="::1", port=22))
        == "qemu+ssh://root@[::1]:22/system?a=1"
    )
    assert uri.replace(query="b=2;c=3").params == (("b", "2"), ("c", "3"))
    assert uri.replace(query="b=2", params=(("c", "3"),)).query == "c=3"
    for changes in (
        {"path": "system"},
        {"hostname": None, "port": 5},
        {"port": -1},
        {"scheme": "1a"},
        {"query": "a b"},
        {"query": "%ff"},
        {"username": "a\0b"},
        {"hostname": "\ud800"},
    ):
        with pytest.raises(InvalidUri):
            uri.replace(**changes)


def test_with_param_and_without_params_ignore_case() -> None:
    uri = ConnectionUri.parse("qemu+ssh://h/system?Mode=auto&x=1&mode=direct")
    assert uri.with_param("mode", "legacy").params == (("x", "1"), ("mode", "legacy"))
    assert uri.without_params("MODE", "x").params == ()


def test_repr_and_redacted_hold_no_password() -> None:
    uri = ConnectionUri.parse("qemu+ssh://root:hunter2@h/system?password=hunter2")
    assert "hunter2" not in repr(uri) + uri.redacted
    assert "hunter2" in str(uri)


def test_the_grammar_reads_parts_writes_them_and_knows_its_characters() -> None:
    parts = read("a://h/p?x%20y=/")
    assert parts == Parts("a", None, "h", None, "/p", "x%20y=/", None, (("x y", "/"),))
    assert write(parts) == "a://h/p?x y=%2F"
    assert write_strictly(parts) == "a://h/p?x%20y=%2F"
    assert libvirt_query(parts.params) == "x y=%2F"
    assert strict_query(parts.params) == "x%20y=%2F"
    assert skip("ab%41%4x", 0, QUERY_CHARACTERS) == 5
    with pytest.raises(Refused):
        read("a b")
