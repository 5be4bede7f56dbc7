# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What messages show of a URI."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hypervisor.connect.plugins.module_utils._uri.redaction import (
    is_control,
    redact,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "qemu+ssh://root@h:22/system?no_tty=1",
            "qemu+ssh://root@h:22/system?no_tty=1",
        ),
        ("qemu+ssh://root:pw@h/system", "qemu+ssh://root:***@h/system"),
        ("qemu+ssh://root%3Apw@h/system", "qemu+ssh://root%3A***@h/system"),
        ("qemu://u:p/w@h/ not a uri", "qemu://u:***@h/ not a uri"),
        ("qemu://u:1?p@h/", "qemu://u:***@h/"),
        ("root:pw@h", "root:***@h"),
        (
            "qemu+ssh://h/?name=qemu%3A%2F%2Fu%3Apw%40x",
            "qemu+ssh://h/?name=qemu%3A***%40x",
        ),
        ("a://h?x=1&Password=pw&y=2", "a://h?x=1&Password=***&y=2"),
        ("a://h?x=1;pass%77ord=pw;q", "a://h?x=1;pass%77ord=***"),
        ("a://h?api_key=k#pw", "a://h?api_key=***"),
        ("a://h?keyfile=/k", "a://h?keyfile=/k"),
        ("a\tb\u202ec\x1b", r"a\tb\u202ec\x1b"),
        ("hyperv://" + "a" * 5000, "hyperv:... (5009 characters)"),
        ("a" * 5000, "... (5000 characters)"),
    ],
)
def test_redact_hides_secrets_and_what_does_not_print(text: str, shown: str) -> None:
    assert redact(text) == shown


@given(
    st.text(alphabet="abc/?#&;= %ü", max_size=20),
    st.sampled_from(["qemu://u:{}@h/", "u:{}@h", "qemu:///?password={}", "//u:{}@"]),
)
def test_redact_never_shows_a_password(tail: str, place: str) -> None:
    assert "HUNTER2" not in redact(place.format("HUNTER2" + tail.replace("&", "")))


def test_is_control_knows_directions_of_writing() -> None:
    assert [is_control(char) for char in "a \n\u202e\u2028"] == [
        *(False, False, True, True, True)
    ]
