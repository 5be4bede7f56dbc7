# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a message repeats of others' texts."""

from __future__ import annotations

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.printable import (
    printable,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Grün web-1", "Grün web-1"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\r\nb\u2028c", r"a\r\nb\u2028c"),
        ("a\x9bb\u202ec\udc80", r"a\x9bb\u202ec\udc80"),
        ("a" * 500, "a" * 400 + "... (500 characters)"),
    ],
)
def test_printable_is_one_line_without_controls(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_printable_keeps_as_much_as_it_is_told() -> None:
    assert printable("abc", at_most=2) == "ab... (3 characters)"
    assert printable("abc", at_most=3) == "abc"
