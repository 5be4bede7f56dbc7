# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, addresses, files and URIs of a testbed, before any of it exists."""

from __future__ import annotations

import ipaddress
import random
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from testbed.configuration import auth_conf, private_accounts
from testbed.plan import PRIVATE_RANGES, Plan, free_network, random_name
from testbed.process import TestbedError
from testbed.uris import bad_uris, good_uris

NETWORK = ipaddress.IPv4Network("10.1.2.8/29")
PLAN = Plan("hyp012345", Path("/a b&c"), NETWORK)


def test_addresses_are_distinct_hosts_of_the_network() -> None:
    addresses = [PLAN.gateway, PLAN.address, PLAN.blackhole, PLAN.nameless_address]
    assert len(set(addresses)) == 4
    assert set(addresses) <= set(map(str, NETWORK.hosts()))


def test_interface_names_fit_the_kernel() -> None:
    plan = Plan(random_name(), Path("/x"), NETWORK)
    assert max(len(plan.outer_interface), len(plan.inner_interface)) <= 15


def test_free_network_avoids_what_is_taken() -> None:
    taken = [
        ipaddress.IPv4Network("10.0.0.0/8"),
        ipaddress.IPv4Network("172.16.0.0/12"),
    ]
    for seed in range(20):
        found = free_network(taken, rng=random.Random(seed))
        assert found.prefixlen == 29
        assert found.subnet_of(ipaddress.IPv4Network("192.168.0.0/16"))


def test_free_network_without_room_is_an_error() -> None:
    taken = [block for block in PRIVATE_RANGES if block.version == 4]
    with pytest.raises(TestbedError, match="no free private network"):
        free_network(taken, rng=random.Random(1))


@pytest.mark.parametrize("uris", [good_uris(PLAN), bad_uris(PLAN)])
def test_paths_in_uris_survive_escaping(uris: dict[str, str]) -> None:
    values = [
        value
        for uri in uris.values()
        for values in parse_qs(urlsplit(uri).query, strict_parsing=False).values()
        for value in values
        if "a b" in value
    ]
    assert values
    assert all(value.startswith("/a b&c/") for value in values)


def test_every_transport_has_a_good_uri_and_a_bad_one() -> None:
    transports = {"unix", "ssh", "libssh", "libssh2", "tls", "tcp", "ext"}
    for uris in (good_uris(PLAN), bad_uris(PLAN)):
        schemes = {urlsplit(uri).scheme.partition("+")[2] for uri in uris.values()}
        assert schemes >= transports


def test_root_is_unlocked_and_accounts_are_added_once() -> None:
    passwd, group, shadow = private_accounts(
        "root:x:0:0:root:/root:/bin/bash\nsshd:x:1:2::/run:/no\n",
        "root:x:0:\nkvm:x:7:\n",
        "root:!:1::::::\nsshd:!:1::::::\n",
    )
    assert passwd.splitlines()[0] == "root:x:0:0:root:/run/root:/bin/sh"
    assert "sshd:x:1:2::/run:/no" in passwd
    assert "libvirt-qemu:x:64055:" in passwd
    assert group.count("kvm:x:") == 1
    assert "kvm:x:7:" in group
    assert shadow.splitlines()[0].startswith("root:*:")
    assert "sshd:!:1::::::" in shadow


def test_auth_conf_names_the_host() -> None:
    text = auth_conf("10.1.2.10", "operator", "secret")
    assert "[auth-libvirt-10.1.2.10]\ncredentials=testbed\n" in text
    assert "authname=operator\n" in text
