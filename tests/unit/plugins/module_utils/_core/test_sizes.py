# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._core.sizes import (
    LARGEST,
    format_size,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4GiB", 4 * 1024**3),
        ("512 MiB", 512 * 1024**2),
        ("512M", 512 * 1024**2),
        ("20GB", 20 * 1000**3),
        ("1.5GiB", 3 * 512 * 1024**2),
        ("1kib", 1024),
        ("1KB", 1000),
        ("1073741824", 1024**3),
        (1073741824, 1024**3),
        ("7 bytes", 7),
        ("0", 0),
        ("2PiB", 2 * 1024**5),
    ],
)
def test_a_size_is_read_by_the_units_of_libvirt(text: object, size: int) -> None:
    assert parse_size(text, "memory") == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "GiB",
        "4 Gigs",
        "-1GiB",
        "1.3 bytes",
        "1.0001kb",
        "ib",
        "1e3",
        "٤",
        "99999PiB",
    ],
)
def test_what_is_no_size_is_refused_with_its_option(text: str) -> None:
    with pytest.raises(
        HypervisorConnectError, match=r"memory is '.*', which is no size"
    ):
        parse_size(text, "memory")


@given(st.integers(0, LARGEST))
def test_a_formatted_size_is_read_as_the_same(size: int) -> None:
    assert parse_size(format_size(size), "memory") == size
