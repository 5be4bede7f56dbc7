# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hyper-V endpoints, versions and legacy forms."""

from __future__ import annotations

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.hyperv import (
    HypervEndpoint,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.legacy import (
    LegacyForm,
    recognise,
    recognise_uri,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.uri import (
    ConnectionUri,
    InvalidUri,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.version import (
    WINDOWS_RELEASES,
    Version,
)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("hyperv://h", "https://h:5986/wsman"),
        ("hyperv://h/?transport=https", "https://h:5986/wsman"),
        ("hyperv://h/?transport=http", "http://h:5985/wsman"),
        ("hyperv://h/?transport=http&transport=https", "https://h:5986/wsman"),
        ("hyperv://h:443/", "https://h:443/wsman"),
        ("hyperv://u@h:80/?Transport=http", "http://h:80/wsman"),
        ("hyperv://[fe80::1%25eth0]/", "https://[fe80::1%25eth0]:5986/wsman"),
    ],
)
def test_from_uri_finds_the_endpoint(text: str, url: str) -> None:
    assert HypervEndpoint.from_uri(ConnectionUri.parse(text)).url == url


def test_from_uri_reads_our_own_parameters() -> None:
    text = "hyperv://DOM%5Cadmin@h/?auth=kerberos&no_verify=1&ca_path=/ca.pem"
    assert HypervEndpoint.from_uri(ConnectionUri.parse(text)) == HypervEndpoint(
        scheme="https",
        hostname="h",
        port=5986,
        username="DOM\\admin",
        auth="kerberos",
        no_verify=True,
        ca_path="/ca.pem",
    )


@pytest.mark.parametrize(
    "text", ["qemu:///system", "hyperv:///", "hyperv+ssh://h/", "hyperv://h:70000/"]
)
def test_from_uri_refuses_what_leads_nowhere(text: str) -> None:
    with pytest.raises(InvalidUri):
        HypervEndpoint.from_uri(ConnectionUri.parse(text))


# The table of libvirt's page.
@pytest.mark.parametrize(
    ("release", "kernel", "printed"),
    [
        ("Windows Server 2008", "6.0.6001", "600.6.1"),
        ("Windows Server 2008 R2", "6.1.7600", "601.7.600"),
        ("Windows Server 2012", "6.2.9200", "602.9.200"),
        ("Windows Server 2012 R2", "6.3.9600", "603.9.600"),
        ("Windows Server 2016", "10.0.14393", "1000.14.393"),
        ("Windows Server 2019", "10.0.17763", "1000.17.763"),
    ],
)
def test_each_row_of_the_page_converts_both_ways(
    release: str, kernel: str, printed: str
) -> None:
    version = Version.from_text("hyperv", kernel)
    assert (version.text, version.printed) == (kernel, printed)
    assert version.windows_release == release
    for other in (
        Version.from_printed("hyperv", printed),
        Version.from_packed("hyperv", version.packed),
        Version.from_any("hyperv", printed),
        Version.from_any("hyperv", str(version.packed)),
        Version.from_any("hyperv", version.packed),
        Version.from_any("hyperv", kernel + ".1234"),
    ):
        assert other == version
    assert len(WINDOWS_RELEASES) == 6


def test_ordinary_packing_is_by_thousands() -> None:
    assert Version.from_packed("qemu", 1002003) == Version("qemu", 1, 2, 3)
    assert Version.from_any("qemu", "1.2.3").packed == 1002003
    assert Version.from_any("qemu", "100.2").text == "100.2.0"
    assert Version("hyperv", 10, 0, 17763).packed == 1000017763
    assert Version("qemu", 6, 0, 1).windows_release is None


@pytest.mark.parametrize(
    "value", [-1, 1 << 64, "", "a.b", "1.2.3.4.5", "1.2.1000", "9" * 5000, "٣.1"]
)
def test_what_is_no_version_is_refused(value: int | str) -> None:
    with pytest.raises(HypervisorConnectError):
        Version.from_any("qemu", value)


@pytest.mark.parametrize(
    ("text", "today", "accepted"),
    [
        (None, "xen:///system", True),
        ("", "xen:///system", True),
        ("xen", "xen:///system", True),
        ("XEN", "xen:///system", True),
        ("xen://", "xen:///system", True),
        ("///var/lib/xend/xend-socket", "xen:///system", False),
        ("/var/lib/xend/xend-socket", "xen:///system", False),
        ("http://oirase/", "xen+ssh://oirase/system", False),
        ("http://[::1]:8000/", "xen+ssh://[::1]/system", False),
        ("http:///", "xen:///system", False),
    ],
)
def test_legacy_forms_are_known_for_what_they_were(
    text: str | None, today: str, accepted: bool
) -> None:
    legacy = recognise(text)
    assert isinstance(legacy, LegacyForm)
    assert (legacy.today, legacy.accepted) == (today, accepted)
    assert legacy.hint == f"write {today}"


@pytest.mark.parametrize("text", ["xen:///system", "qemu:///", "hail", "//h/path"])
def test_what_is_written_today_is_no_legacy_form(text: str) -> None:
    assert recognise(text) is None
    assert recognise_uri(ConnectionUri.parse(text)) is None
