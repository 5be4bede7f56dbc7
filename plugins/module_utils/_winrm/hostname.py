# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of hosts: which can be written on a command line, and which a certificate means."""

from __future__ import annotations

import ipaddress
import re

from .._core.errors import HypervisorConnectError

LONGEST = 253
"""Characters of a DNS name (RFC 1035, 2.3.4, without the dot at its end)."""

_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)\Z", re.ASCII)
"""RFC 1123, 2.1, and the underscore, which computers' names of Windows may have."""


def check_hostname(hostname: str) -> str:
    """The name, if it is nothing but a DNS name or an IP address.

    So it has no character that a shell, cmd.exe or an INF file knows.

    Raises:
        HypervisorConnectError: It is none.
    """
    if _address(hostname) is not None and not re.search(r"[][%]", hostname):
        return hostname
    labels = hostname.split(".")
    numeric = labels[-1].isdigit()
    if len(hostname) > LONGEST or numeric or not all(map(_LABEL.match, labels)):
        raise HypervisorConnectError(
            f"{hostname!r} is neither a DNS name nor an IP address",
            where="hostname",
            remedy="give it as a certificate has it, such as hv1.example.com; other "
            "than English letters in their ASCII form (xn--...)",
        )
    return hostname


def matches(name: str, hostname: str) -> bool:
    """Whether a certificate's name means a host.

    Args:
        name: A DNS name, maybe with ``*`` as its whole first label, which stands for one
            label (RFC 6125, 6.4.3; RFC 9525, 6.3), or an IP address.
        hostname: The host's name or address, as its clients write it.
    """
    address = _address(hostname)
    if address is not None:
        return _address(name) == address
    wanted, known = _labels(hostname), _labels(name)
    if len(wanted) != len(known) or not all(wanted):
        return False
    if known[0] == "*":
        return len(known) > 1 and wanted[1:] == known[1:]
    return wanted == known


def _labels(name: str) -> list[str]:
    return name.lower().rstrip(".").split(".")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
