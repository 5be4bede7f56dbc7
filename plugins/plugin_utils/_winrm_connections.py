# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible's own connections to WinRM say of the service that they go to.

The options are those of ansible.builtin.winrm and ansible.builtin.psrp, and so are the
defaults that depend on others: the scheme and the sign-in follow the port and the user
(_build_winrm_kwargs of winrm.py, the option auth of psrp.py).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ansible_collections.hypervisor.connect.plugins.module_utils._uri.hyperv import (
    HypervEndpoint,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.uri import (
    ConnectionUri,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.way import (
    SessionInUse,
)

PLAIN_PORT = 5985
_SEALING = ("ntlm", "kerberos", "negotiate", "credssp")
_KINDS = {"plaintext": "basic", "ssl": "basic"}


class WinrmConnection(NamedTuple):
    """Where a winrm connection goes, as a hyperv:// URI.

    Attributes:
        uri: None where no such URI leads there: its path is not /wsman.
        username: None where it has none.
        password: None where it has none.
    """

    uri: str | None
    username: Any = None
    password: Any = None


def uri_of_winrm(connection: Any) -> WinrmConnection:
    """The service of a winrm connection, for a client of our own.

    Args:
        connection: A loaded connection plugin of that kind, connected or not.
    """
    option = connection.get_option
    host = str(option("remote_addr") or "")
    if not host or str(option("path") or "").strip("/") not in ("", "wsman"):
        return WinrmConnection(None)
    port, scheme = _place(connection)
    named = f"[{host}]" if ":" in host else host
    uri = f"hyperv://{named}:{port}/?transport={scheme}"
    return WinrmConnection(uri, option("remote_user"), option("remote_password"))


def session_of(connection: Any) -> SessionInUse | None:
    """The WinRM session that commands over a connection go over; None for other kinds.

    Args:
        connection: A loaded connection plugin, with its options set.
    """
    kind = connection.transport.rpartition(".")[2]
    if kind == "winrm":
        return _winrm_session(connection)
    if kind == "psrp":
        return _psrp_session(connection)
    return None


def session_at(uri: ConnectionUri, auth: str) -> SessionInUse | None:
    """The session of a remote shell that a hyperv:// URI leads to; None for others.

    Args:
        uri: The URI of the host's connection.
        auth: The option of that name; ``auto`` stands for any kind.
    """
    if uri.driver != "hyperv":
        return None
    endpoint = HypervEndpoint.from_uri(uri)
    kind = auth if auth != "auto" else endpoint.auth
    return SessionInUse(  # noqa: S604  nothing is started
        auth=kind,
        scheme=endpoint.scheme,
        encrypted=kind in _SEALING,
        port=endpoint.port,
        hostname=endpoint.hostname,
        shell=True,
    )


def _place(connection: Any) -> tuple[int, str]:
    port = int(connection.get_option("port") or 5986)
    default = "http" if port == PLAIN_PORT else "https"
    return port, str(connection.get_option("scheme") or default)


def _winrm_session(connection: Any) -> SessionInUse:
    option = connection.get_option
    port, scheme = _place(connection)
    kinds = option("transport") or []
    named = [kinds] if isinstance(kinds, str) else [one for one in kinds if one]
    realm = "@" in str(option("remote_user") or "")
    kind = str(named[0]) if named else ("kerberos" if realm else "plaintext")
    kind = "auto" if len(named) > 1 else kind
    extras = option("_extras") or {}
    sealing = str(extras.get("ansible_winrm_message_encryption", "auto"))
    return _session(connection, _KINDS.get(kind, kind), scheme, port, sealing)


def _psrp_session(connection: Any) -> SessionInUse:
    option = connection.get_option
    scheme = str(option("protocol") or "")
    port = int(option("port") or (PLAIN_PORT if scheme == "http" else 5986))
    scheme = scheme or ("http" if port == PLAIN_PORT else "https")
    kind, sealing = str(option("auth")), str(option("message_encryption"))
    return _session(connection, kind, scheme, port, sealing)


def _session(
    connection: Any, kind: str, scheme: str, port: int, sealing: str
) -> SessionInUse:
    option = connection.get_option
    return SessionInUse(  # noqa: S604  nothing is started
        auth=kind,
        scheme=scheme,
        encrypted=kind in _SEALING and sealing != "never",
        port=port,
        hostname=str(option("remote_addr") or ""),
        shell=True,
        url_prefix=str(option("path") or "wsman").strip("/"),
    )
