# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that may stand on a command line, and names that certificates mean."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.hostname import (
    LONGEST,
    check_hostname,
    matches,
)


@pytest.mark.parametrize(
    "name",
    [
        "hv1",
        "HV1.example.com",
        "WIN_SERVER-1",
        "xn--bcher-kva.example",
        "1and1.example",
        "192.0.2.7",
        "::1",
        "2001:db8::7",
        "a" * 63 + ".example",
    ],
)
def test_name_is_taken_as_it_is(name: str) -> None:
    assert check_hostname(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "hv1.",
        ".hv1",
        "hv1..example",
        "-hv1",
        "hv1-",
        "hv 1",
        "hv1\n",
        "hv1\r\necho",
        "hv1&calc",
        "hv1|x",
        "hv1>x",
        "%TEMP%",
        "^hv1",
        '"hv1"',
        "hv1;x",
        "CN=hv1",
        "bücher.example",
        "*.example.com",
        "[::1]",
        "fe80::1%eth0",
        "fe80::1%&calc",
        "1.2.3",
        "256.0.0.1",
        "a" * 64,
        ".".join(["a" * 60] * 5),
    ],
)
def test_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(HypervisorConnectError, match="neither a DNS name nor an IP"):
        check_hostname(name)


@given(st.text())
def test_whatever_is_taken_is_harmless(name: str) -> None:
    try:
        assert re.fullmatch(r"[A-Za-z0-9._:-]+", check_hostname(name))
        assert len(name) <= LONGEST
    except HypervisorConnectError as error:
        assert error.where == "hostname"


@pytest.mark.parametrize(
    ("name", "hostname", "expected"),
    [
        ("hv1.example.com", "HV1.Example.COM", True),
        ("hv1.example.com.", "hv1.example.com", True),
        ("hv1", "hv1", True),
        ("hv1", "hv1.example.com", False),
        ("*.example.com", "hv1.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "a.hv1.example.com", False),
        ("*.*.com", "hv1.example.com", False),
        ("hv*.example.com", "hv1.example.com", False),
        ("hv1.*.com", "hv1.example.com", False),
        ("*", "hv1", False),
        ("*.example.com", ".example.com", False),
        ("192.0.2.7", "192.0.2.7", True),
        ("2001:db8:0::7", "2001:db8::7", True),
        ("2001:db8::7", "[2001:db8::7]", True),
        ("*.0.2.7", "192.0.2.7", False),
        ("hv1", "192.0.2.7", False),
        ("", "", False),
    ],
)
def test_name_means_a_host(name: str, hostname: str, expected: bool) -> None:
    assert matches(name, hostname) is expected
