# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one testbed is made of, before any of it exists: names, addresses, paths.

Nothing here touches the machine but ``free_network``, which reads its routes.
"""

from __future__ import annotations

import ipaddress
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from testbed.process import TestbedError, run

SSH_PORT = 22
TCP_PORT = 16509
TLS_PORT = 16514
SASL_PORT = 16515
SILENT_PORT = 16600
CLOSED_PORT = 16601
SASL_USER = "operator"
LAB_FILE = "libvirt/lab.xml"  # below /etc of the host

PRIVATE_RANGES = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)


@dataclass(frozen=True)
class Plan:
    """One host to be: where its files lie and what it is called.

    Args:
        name: Short random name; the host name is made of it.
        directory: Everything that belongs to the host, removed at the end.
        network: A free /29; its addresses are given out by the properties below.
    """

    name: str
    directory: Path
    network: ipaddress.IPv4Network

    @property
    def hostname(self) -> str:
        """The name that the host gives itself and that its certificate holds."""
        return f"{self.name}.testbed.example"

    @property
    def gateway(self) -> str:
        """The root namespace's end of the wire."""
        return str(self.network[1])

    @property
    def address(self) -> str:
        """The host's own address."""
        return str(self.network[2])

    @property
    def blackhole(self) -> str:
        """An address whose packets the host drops without a word."""
        return str(self.network[3])

    @property
    def nameless_address(self) -> str:
        """A second address of the host, which its certificate does not name."""
        return str(self.network[4])

    @property
    def outer_interface(self) -> str:
        """Name of the veth in the root namespace (15 characters at most)."""
        return self.name

    @property
    def inner_interface(self) -> str:
        """Name of the veth before it is moved into the host."""
        return f"{self.name}p"

    @property
    def run(self) -> Path:
        """The host's /run."""
        return self.directory / "run"

    @property
    def etc(self) -> Path:
        """The host's /etc."""
        return self.directory / "etc"

    @property
    def var(self) -> Path:
        """The host's /var."""
        return self.directory / "var"

    @property
    def log(self) -> Path:
        """Logs of all that runs in the host."""
        return self.directory / "log"

    @property
    def client(self) -> Path:
        """What a client needs: keys, certificates, scripts."""
        return self.directory / "client"

    @property
    def sasl(self) -> Path:
        """Private directories of the second libvirtd."""
        return self.directory / "sasl"

    @property
    def control_socket(self) -> Path:
        """Where process 1 of the host takes its orders."""
        return self.directory / "control.sock"

    @property
    def libvirt_socket(self) -> Path:
        """libvirtd's socket as the root namespace sees it."""
        return self.run / "libvirt" / "libvirt-sock"


def random_name() -> str:
    """A name for a host and its interface, such as ``hyp3f9a1c``."""
    return f"hyp{random.SystemRandom().randrange(16**6):06x}"


def free_network(
    taken: Iterable[ipaddress.IPv4Network], *, rng: random.Random
) -> ipaddress.IPv4Network:
    """A random private /29 that overlaps none of the networks given.

    Raises:
        TestbedError: A thousand attempts found nothing free.
    """
    busy = list(taken)
    for _attempt in range(1000):
        block = rng.choice(PRIVATE_RANGES)
        offset = rng.randrange(block.num_addresses // 8) * 8
        candidate = ipaddress.ip_network((int(block.network_address) + offset, 29))
        assert isinstance(candidate, ipaddress.IPv4Network)
        if not any(candidate.overlaps(network) for network in busy):
            return candidate
    raise TestbedError("no free private network was found on this machine")


def networks_in_use() -> list[ipaddress.IPv4Network]:
    """The destinations of all IPv4 routes of this network namespace but the default."""
    routes = json.loads(
        run(["ip", "-4", "-j", "route", "show", "table", "all"]) or "[]"
    )
    return [
        ipaddress.IPv4Network(route["dst"], strict=False)
        for route in routes
        if route["dst"] != "default"
    ]
