# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which networks a host may be let talk unencrypted; pure but for the resolver."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Union

from .._core.errors import HypervisorConnectError
from .texts import INVALID, Address

Network = Union[IPv4Network, IPv6Network]


class OutsideNetworks(HypervisorConnectError):
    """The host is not, or not wholly, in a network that the user allows."""


def networks_of(texts: Iterable[object]) -> list[Network]:
    """Networks as the user writes them; an address alone is a network of one.

    Raises:
        HypervisorConnectError: One is none.
    """
    found = []
    for text in texts:
        try:
            found.append(ip_network(str(text).strip(), strict=False))
        except INVALID:
            raise HypervisorConnectError(
                f"allowed_networks has {str(text)!r}, which is no network",
                remedy="write networks such as 192.0.2.0/24 or 2001:db8::/32",
            ) from None
    return found


def addresses_of(host: str) -> list[Address]:
    """All addresses of a host, as the controller resolves its name.

    Raises:
        HypervisorConnectError: It has none, as far as the controller knows.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise HypervisorConnectError(
            f"the address of {host!r} can't be found on the controller ({error})",
            remedy="allowed_networks needs it: give the host by its address",
        ) from None
    plain = {str(place[4][0]).partition("%")[0] for place in found}
    return [_unmapped(ip_address(one)) for one in sorted(plain)]


def check_inside(
    host: str, addresses: Sequence[Address], networks: Sequence[Network], where: str
) -> None:
    """Refuse a host that has an address outside the networks.

    Args:
        host: Its name, for the message.
        addresses: All that it has.
        networks: Those that are allowed; none allows no host.
        where: The host, for messages.

    Raises:
        OutsideNetworks: One of its addresses is outside, or it has none.
    """
    outside = [str(one) for one in addresses if not _inside(one, networks)]
    if addresses and not outside:
        return
    told = ", ".join(str(network) for network in networks)
    named = f"{host or 'the host'} ({', '.join(outside) or 'no known address'})"
    what = f"{named} is outside allowed_networks ({told})"
    raise OutsideNetworks(
        f"{what if networks else 'allowed_networks is empty'}, so unencrypted messages "
        "are not allowed there",
        where=where,
        remedy="set up HTTPS instead (hypervisor.connect.winrm_https_listener), or add "
        "the host's network; nothing was changed",
    )


def _inside(address: Address, networks: Sequence[Network]) -> bool:
    return any(
        network.version == address.version and address in network
        for network in networks
    )


def _unmapped(address: Address) -> Address:
    """The IPv4 address behind ::ffff:192.0.2.1."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
