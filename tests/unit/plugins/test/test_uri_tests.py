# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests on connection URIs: an answer whatever the value."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Undefined

from ansible_collections.hypervisor.connect.plugins.test.uri import (
    TestModule as OfferedTests,
)
from ansible_collections.hypervisor.connect.plugins.test.uri import (
    is_hyperv_uri,
    is_remote_uri,
    is_uri,
)


@pytest.mark.parametrize(
    ("value", "uri", "remote", "hyperv"),
    [
        ("qemu:///system", True, False, False),
        ("qemu+ssh://h/system", True, True, False),
        ("qemu+unix:///system", True, True, False),
        ("hyperv://h", True, True, True),
        ("hyperv://u@h:5985/?transport=http", True, True, True),
        ("hyperv://", True, False, False),
        ("hyperv+ssh://h/", True, True, False),
        ("hyperv://h:99999/", True, True, False),
        ("HYPERV://h/", True, True, False),
        ("hail", False, False, False),
        ("", False, False, False),
        ("/run/libvirt", False, False, False),
        ("hyperv://h:x/", False, False, False),
    ],
)
def test_uris_are_told_apart(value: str, uri: bool, remote: bool, hyperv: bool) -> None:
    assert (is_uri(value), is_remote_uri(value), is_hyperv_uri(value)) == (
        *(uri, remote, hyperv),
    )


@pytest.mark.parametrize(
    "value",
    [
        *(None, 1, 1.5, True, [], {}, b"qemu:///system", object(), Undefined()),
        *("\0", "\ud800", "\u202e", "%", "a" * 5_000_000, "a://h/?" + "=&" * 4_000_000),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_no_value_fails(value: Any) -> None:
    for test in OfferedTests().tests().values():
        assert test(value) is False


@given(st.text() | st.text().map("hyperv://{}".format))
def test_no_text_fails(value: str) -> None:
    for test in OfferedTests().tests().values():
        assert test(value) in (True, False)


def test_the_file_offers_its_three_tests() -> None:
    assert sorted(OfferedTests().tests()) == ["hyperv_uri", "remote_uri", "uri"]
