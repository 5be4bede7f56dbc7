# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters on connection URIs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.hypervisor.connect.plugins.filter.uri import (
    FilterModule,
    build_uri,
    hyperv_version,
    parse_uri,
)

FACTS = Path(__file__).resolve().parents[4] / ".." / "shared" / "facts"
KEYS = [
    *("uri", "scheme", "driver", "transport", "username", "hostname", "port", "path"),
    *("query", "fragment", "params"),
]


def test_parse_uri_gives_exactly_its_keys() -> None:
    assert parse_uri("qemu+ssh://root@[::1]:22/system?a=%2F&b#f") == {
        "uri": "qemu+ssh://root@[::1]:22/system?a=%2F&b#f",
        "scheme": "qemu+ssh",
        "driver": "qemu",
        "transport": "ssh",
        "username": "root",
        "hostname": "::1",
        "port": 22,
        "path": "/system",
        "query": "a=%2F&b",
        "fragment": "f",
        "params": [["a", "/"], ["b", ""]],
    }
    assert parse_uri("qemu:///system") == {
        **dict.fromkeys(KEYS),
        "uri": "qemu:///system",
        "scheme": "qemu",
        "driver": "qemu",
        "path": "/system",
        "params": [],
    }


def test_every_recorded_case_of_libvirt_goes_there_and_back() -> None:
    path = FACTS / "libvirt_uri_cases.jsonl"
    if not path.exists():
        pytest.skip("the recorded cases of libvirt are not beside this checkout")
    for line in path.read_text().splitlines():
        case = json.loads(line)
        if "error" in case:
            with pytest.raises(AnsibleFilterError, match="parse_uri: URI "):
                parse_uri(case["uri"])
            continue
        parts = parse_uri(case["uri"])
        assert list(parts) == KEYS
        names = {"username": "user", "hostname": "server"}
        for key in ("scheme", "username", "hostname", "path", "fragment", "params"):
            assert parts[key] == case[names.get(key, key)], case["uri"]
        assert parts["port"] == (case["port"] or None)
        again = parse_uri(build_uri(parts))
        ignored = {"uri": "", "query": ""}
        assert {**again, **ignored} == {**parts, **ignored}


@pytest.mark.parametrize(
    ("parts", "uri"),
    [
        ({}, "//"),
        ({"driver": "qemu", "path": "/system"}, "qemu:///system"),
        ({"driver": "qemu", "transport": "ssh", "hostname": "h"}, "qemu+ssh://h"),
        ({"scheme": "qemu+ssh", "driver": "qemu", "hostname": "h"}, "qemu+ssh://h"),
        ({"scheme": None, "driver": "vz", "transport": ""}, "vz+://"),
        ({"scheme": "a", "hostname": "::1", "port": "22"}, "a://[::1]:22"),
        ({"scheme": "a", "hostname": "[::1]", "port": 0}, "a://[::1]"),
        ({"scheme": "a", "hostname": "h", "port": ""}, "a://h"),
        ({"scheme": "a", "query": "x=/;y"}, "a://?x=%2F&y="),
        ({"scheme": "a", "query": "x", "params": [["y", 1]]}, "a://?y=1"),
        ({"scheme": "a", "query": "x", "params": []}, "a://"),
        ({"scheme": "a", "params": {"b": "&", "c": ""}}, "a://?b=%26&c="),
        ({"uri": "ignored://", "scheme": "a", "username": "a@b"}, "a://a%40b@"),
    ],
)
def test_build_uri_makes_a_uri_of_some_parts(parts: dict[str, Any], uri: str) -> None:
    assert build_uri(parts) == uri


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (None, "must be a mapping, not null"),
        ("qemu:///system", "must be a mapping, not a string"),
        ({"host": "h"}, '"host" is no part of a URI; use uri, scheme'),
        ({"scheme": 1}, "scheme must be a string, not a number"),
        ({"scheme": "1a"}, "a scheme is a letter"),
        ({"transport": "ssh"}, "a transport needs a driver"),
        ({"scheme": "qemu+ssh", "transport": "tls"}, "scheme says something else"),
        ({"scheme": "qemu", "driver": "xen"}, "scheme says something else"),
        ({"scheme": "a", "hostname": "h", "port": True}, "port must be a number"),
        ({"scheme": "a", "hostname": "h", "port": "x"}, "port must be a number"),
        ({"scheme": "a", "hostname": "h", "port": -1}, "port is out of range"),
        ({"scheme": "a", "port": 1}, "a port needs a hostname"),
        ({"scheme": "a", "hostname": "h", "path": "x"}, "does not begin with a slash"),
        ({"scheme": "a", "params": "x=1"}, "must be a list of .*not a string"),
        ({"scheme": "a", "params": ["ab"]}, "each of params must be a list"),
        (
            {"scheme": "a", "params": [["a", None]]},
            "value of a parameter must be a str",
        ),
        ({"scheme": "a", "params": {"a": True}}, "a string, not a boolean"),
        ({"scheme": "a", "query": "a b"}, "give params instead"),
        ({"scheme": "a", "path": "/\0"}, "NUL"),
    ],
)
def test_build_uri_refuses_bad_parts_in_one_sentence(parts: Any, message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        build_uri(parts)


@pytest.mark.parametrize(
    "value", [None, 1, True, [], {}, b"qemu:///", 1.5, "a b", "\0"]
)
def test_parse_uri_refuses_anything_else_in_one_sentence(value: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=r"^hypervisor\.connect\.parse_uri: "):
        parse_uri(value)


def test_what_was_untrusted_stays_so() -> None:
    class Untrusted(str):
        __UNSAFE__ = True

    path = parse_uri(Untrusted("a:///%7B%7Bx%7D%7D"))["path"]
    assert path == "/{{x}}"
    plain = parse_uri("a:///x")["path"]
    assert plain.__class__ is str


@pytest.mark.parametrize(
    ("value", "form", "result"),
    [
        (1000017763, "kernel", "10.0.17763"),
        ("1000.17.763", "kernel", "10.0.17763"),
        ("10.0.17763.0", "kernel", "10.0.17763"),
        ("10.0.17763", "packed", 1000017763),
        ("1000017763", "libvirt", "1000.17.763"),
        ("6.1.7600", "release", "Windows Server 2008 R2"),
        ("10.0.1", "release", None),
    ],
)
def test_hyperv_version_converts(value: Any, form: str, result: Any) -> None:
    assert hyperv_version(value, form) == result


def test_hyperv_version_refuses_in_one_sentence() -> None:
    for value in (None, True, "ten", -1, 1.5):
        with pytest.raises(AnsibleFilterError, match=r"hyperv_version: .*version"):
            hyperv_version(value)
    with pytest.raises(AnsibleFilterError, match="use one of kernel, packed"):
        hyperv_version("10.0.1", form="bogus")


def test_the_file_offers_its_three_filters() -> None:
    assert sorted(FilterModule().filters()) == [
        "build_uri",
        "hyperv_version",
        "parse_uri",
    ]
