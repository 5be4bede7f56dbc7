# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The URIs that a ready testbed offers: working ones, and ones that must fail. Pure."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from testbed.plan import (
    CLOSED_PORT,
    LAB_FILE,
    SASL_PORT,
    SILENT_PORT,
    TCP_PORT,
    TLS_PORT,
    Plan,
)


def uri(
    transport: str,
    authority: str = "",
    path: str = "/default",
    /,
    **parameters: Path | str,
) -> str:
    """A connection URI of the test driver, its parameters escaped."""
    query = "&".join(f"{key}={quote(str(value))}" for key, value in parameters.items())
    return f"test+{transport}://{authority}{path}" + (f"?{query}" if query else "")


def good_uris(plan: Plan) -> dict[str, str]:
    """One URI per way in, each to the machines of ``test:///default`` on the host.

    ``sasl`` leads to a libvirtd of its own, so to machines of its own.
    """
    client = plan.client
    root = f"root@{plan.address}"
    key = {"keyfile": client / "id_ed25519"}
    known: dict[str, Path | str] = {
        **key,
        "known_hosts": client / "known_hosts",
        "sshauth": "privkey",
    }
    pki = {"pkipath": client / "pki"}
    return {
        "unix": uri("unix", socket=plan.libvirt_socket),
        "ssh": uri("ssh", root, command=client / "ssh", **key),
        "libssh": uri("libssh", root, **known),
        "libssh2": uri("libssh2", root, **known),
        "tls": uri("tls", plan.address, **pki),
        "tcp": uri("tcp", plan.address),
        "ext": uri("ext", command=client / "relay"),
        "ext_counting": uri("ext", command=client / "counting_relay"),
        "sasl": uri(
            "tls", f"{plan.address}:{SASL_PORT}", **pki, authfile=client / "auth.conf"
        ),
    }


def lab_uri(plan: Plan) -> str:
    """Machines of every state (machines.py), private to each connection."""
    return uri("unix", "", f"/etc/{LAB_FILE}", socket=plan.libvirt_socket)


def _bad_ssh(plan: Plan) -> dict[str, str]:
    client, root = plan.client, f"root@{plan.address}"
    key = {"keyfile": client / "id_ed25519"}
    wrong = {"keyfile": client / "wrong_ed25519"}
    missing = {"keyfile": client / "no_such_key"}
    wrapper = {"command": client / "ssh"}
    uris = {
        "ssh_unknown_host": uri(
            "ssh", root, command=client / "ssh_unknown_host", **key
        ),
        "ssh_wrong_key": uri("ssh", root, **wrapper, **wrong),
        "ssh_closed_port": uri("ssh", f"{root}:{CLOSED_PORT}", **wrapper, **key),
        "ssh_missing_command": uri("ssh", root, command=client / "no_such_ssh", **key),
        "ssh_missing_netcat": uri(
            "ssh", root, **wrapper, **key, proxy="netcat", netcat="/no/such/nc"
        ),
        "ssh_missing_socket": uri(
            "ssh", root, **wrapper, **key, proxy="netcat", socket="/no/such/sock"
        ),
        "missing_keyfile": uri("ssh", root, **wrapper, **missing),
    }
    for library in ("libssh", "libssh2"):
        auth = {"sshauth": "privkey"}
        known = {"known_hosts": client / "known_hosts"}
        unknown = {"known_hosts": client / "empty_known_hosts"}
        uris |= {
            f"{library}_unknown_host": uri(library, root, **key, **unknown, **auth),
            f"{library}_wrong_key": uri(library, root, **wrong, **known, **auth),
            f"{library}_missing_keyfile": uri(
                library, root, **missing, **known, **auth
            ),
            f"{library}_closed_port": uri(
                library, f"{root}:{CLOSED_PORT}", **key, **known, **auth
            ),
        }
    return uris


def _bad_tls(plan: Plan) -> dict[str, str]:
    client, address = plan.client, plan.address
    sasl = f"{address}:{SASL_PORT}"
    pki = {"pkipath": client / "pki"}
    return {
        "tls_untrusted": uri("tls", address, pkipath=client / "untrusted_pki"),
        "tls_unknown_authority": uri("tls", address, pkipath=client / "foreign_pki"),
        "tls_mismatched_files": uri("tls", address, pkipath=client / "mismatched_pki"),
        "tls_missing_files": uri("tls", address, pkipath=client / "empty_pki"),
        "tls_wrong_name": uri("tls", plan.nameless_address, **pki),
        "tls_closed_port": uri("tls", f"{address}:{CLOSED_PORT}", **pki),
        "tls_on_tcp_port": uri("tls", f"{address}:{TCP_PORT}", **pki),
        "sasl_wrong_password": uri(
            "tls", sasl, **pki, authfile=client / "bad_auth.conf"
        ),
        "sasl_unknown_user": uri(
            "tls", sasl, **pki, authfile=client / "stranger_auth.conf"
        ),
        "sasl_no_credentials": uri(
            "tls", sasl, **pki, authfile=client / "empty_auth.conf"
        ),
        "sasl_missing_authfile": uri(
            "tls", sasl, **pki, authfile=client / "no_such_auth.conf"
        ),
    }


def bad_uris(plan: Plan) -> dict[str, str]:
    """URIs that cannot be opened, by what is wrong with them.

    ``blackhole`` and ``silent`` never answer: give them a time limit of your own.
    """
    client, address = plan.client, plan.address
    return {
        "unix_missing_socket": uri("unix", socket=plan.run / "no-such-sock"),
        "tcp_closed_port": uri("tcp", f"{address}:{CLOSED_PORT}"),
        "tcp_on_tls_port": uri("tcp", f"{address}:{TLS_PORT}"),
        "unresolvable": uri("tcp", "no-such-host.invalid"),
        "blackhole": uri("tcp", plan.blackhole),
        "silent": uri("tcp", f"{address}:{SILENT_PORT}"),
        "ext_broken": uri("ext", command=client / "broken_relay"),
        "ext_missing_command": uri("ext", command=client / "no_such_relay"),
        "missing_definition": uri("tcp", address, "/no/such/lab.xml"),
        "unknown_driver": f"nosuchdriver+tcp://{address}/system",
        "unknown_transport": f"test+nosuchtransport://{address}/default",
        **_bad_ssh(plan),
        **_bad_tls(plan),
    }
