# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a ``hyperv://`` URI leads: the WS-Management endpoint of a Hyper-V host.

From libvirt's page on its Hyper-V driver ("URI Format"): HTTPS on port 5986 unless the
parameter transport says http, which is port 5985; a given port wins.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.hypervisor.connect.plugins.module_utils._uri.transport import (
    check_connectable,
    is_on,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.uri import (
    ConnectionUri,
    InvalidUri,
)

DEFAULT_PORTS = {"https": 5986, "http": 5985}


@dataclass(frozen=True)
class HypervEndpoint:
    """A WS-Management endpoint, and what the URI says about using it.

    Attributes:
        scheme: ``http`` or ``https``.
        hostname: Without the brackets of an IPv6 address.
        port: The one that is used.
        username: None where the URI names none.
        auth: ``auto`` where the URI does not say.
        no_verify: Whether the server's certificate goes unverified.
        ca_path: CA certificates to verify with, or None.
    """

    scheme: str
    hostname: str
    port: int
    username: str | None = None
    auth: str = "auto"
    no_verify: bool = False
    ca_path: str | None = None

    @classmethod
    def from_uri(cls, uri: ConnectionUri) -> HypervEndpoint:
        """Read a ``hyperv://`` URI.

        Raises:
            InvalidUri: It is of another driver, or nothing to connect to
                (see ``check_connectable``).
        """
        if uri.driver != "hyperv":
            raise InvalidUri(str(uri), "it is no hyperv:// URI")
        check_connectable(uri)
        scheme = uri.param("transport") or "https"
        return cls(
            scheme=scheme,
            hostname=uri.hostname or "",
            port=uri.port or DEFAULT_PORTS[scheme],
            username=uri.username,
            auth=uri.param("auth") or "auto",
            no_verify=is_on(uri.param("no_verify") or "0"),
            ca_path=uri.param("ca_path"),
        )

    @property
    def url(self) -> str:
        """The URL to send requests to (DSP0226: the path is by convention /wsman)."""
        host = self.hostname
        if ":" in host:
            host = f"[{host.replace('%', '%25')}]"  # RFC 6874 section 2
        return f"{self.scheme}://{host}:{self.port}/wsman"
