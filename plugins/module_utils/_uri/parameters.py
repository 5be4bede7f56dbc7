# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers, transports and the parameters of each, as data.

From libvirt's page on connection URIs ("Transport configuration") and its page on the
Hyper-V driver ("Extra parameters"), of libvirt 9.0.0.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Parameter:
    """A parameter of the query.

    Attributes:
        name: In lower case; libvirt compares without case.
        meaning: One clause for the documentation.
        kind: ``path`` and ``text`` (anything but empty), ``flag`` (an integer, on unless
            0), ``choice`` (one of values), ``list`` (several of values, by commas).
        values: What a choice or list may hold.
        default: As libvirt's page gives it; None where the page names none.
        example: A value.
        any_case: Whether values compare without case.
    """

    name: str
    meaning: str
    kind: str
    values: tuple[str, ...] = ()
    default: str | None = None
    example: str = ""
    any_case: bool = False


@dataclass(frozen=True)
class Transport:
    """A way to the remote libvirt.

    Attributes:
        name: As written behind the ``+``; libvirt compares without case.
        meaning: One clause for the documentation.
        parameters: Names in PARAMETERS, besides those of EVERY_TRANSPORT.
        port: The port where the URI gives none; None where the transport has none of
            its own (ssh asks ssh_config).
    """

    name: str
    meaning: str
    parameters: tuple[str, ...] = ()
    port: int | None = None

    @property
    def is_ssh(self) -> bool:
        """Whether the other end of it is a shell."""
        return self.name in ("ssh", "libssh", "libssh2")


SSH_AUTH_METHODS = ("agent", "privkey", "password", "keyboard-interactive")
HYPERV_AUTH = ("auto", "basic", "ntlm", "kerberos", "credssp", "certificate")

PARAMETERS = {
    parameter.name: parameter
    for parameter in (
        Parameter(
            "name",
            "the URI that the remote libvirt opens, instead of this one less transport, "
            "host and transport parameters",
            "text",
            example="qemu:///system",
        ),
        Parameter(
            "authfile", "the file of credentials", "path", example="/etc/auth.conf"
        ),
        Parameter(
            "auth",
            "the authentication to insist on: sasl, sasl.MECHANISM or polkit",
            "text",
            example="sasl.gssapi",
        ),
        Parameter(
            "mode",
            "whether to connect to the daemon of the driver or to libvirtd",
            "choice",
            ("auto", "direct", "legacy"),
            default="auto",
            example="direct",
        ),
        Parameter(
            "proxy",
            "the program on the remote side that connects to the daemon",
            "choice",
            ("auto", "netcat", "native"),
            default="auto",
            example="native",
        ),
        Parameter(
            "command", "the program to run", "path", example="/opt/openssh/bin/ssh"
        ),
        Parameter(
            "socket",
            "the Unix socket of the daemon",
            "path",
            example="/opt/libvirt/run/libvirt/libvirt-sock",
        ),
        Parameter(
            "netcat",
            "the netcat command on the remote side",
            "path",
            default="nc",
            example="/opt/netcat/bin/nc",
        ),
        Parameter(
            "keyfile", "the private key", "path", example="/root/.ssh/example_key"
        ),
        Parameter(
            "no_verify",
            "accept new host keys (ssh), or do not verify the server's certificate (tls)",
            "flag",
            default="0",
            example="1",
        ),
        Parameter(
            "no_tty", "never ask for a password", "flag", default="0", example="1"
        ),
        Parameter(
            "known_hosts",
            "the known_hosts file, an absolute path",
            "path",
            example="/root/.ssh/known_hosts",
        ),
        Parameter(
            "known_hosts_verify",
            "what to do with new host keys: normal asks, auto accepts, ignore accepts "
            "changed ones too",
            "choice",
            ("normal", "auto", "ignore"),
            default="normal",
            example="ignore",
            any_case=True,
        ),
        Parameter(
            "sshauth",
            "authentication methods in the order to try",
            "list",
            SSH_AUTH_METHODS,
            default=",".join(SSH_AUTH_METHODS),
            example="privkey,agent",
            any_case=True,
        ),
        Parameter(
            "tls_priority",
            "a GnuTLS priority string",
            "text",
            example="NORMAL:-VERS-SSL3.0",
        ),
        Parameter(
            "pkipath",
            "the directory of the CA certificate, client certificate and client key",
            "path",
            example="/etc/pki/client",
        ),
        Parameter("no_sanity", "do not check the certificates' own dates", "flag"),
    )
}

EVERY_TRANSPORT = ("name", "authfile", "auth")

_LIBSSH = (
    *("mode", "proxy", "socket", "netcat", "keyfile"),
    *("known_hosts", "known_hosts_verify", "sshauth"),
)
TRANSPORTS = {
    transport.name: transport
    for transport in (
        Transport(
            "ssh",
            "the ssh program of the system",
            (
                *("mode", "proxy", "command", "socket", "netcat", "keyfile"),
                *("no_verify", "no_tty"),
            ),
        ),
        Transport("libssh", "ssh by the libssh library", _LIBSSH, 22),
        Transport("libssh2", "ssh by the libssh2 library", _LIBSSH, 22),
        Transport(
            "tls",
            "TCP encrypted by TLS",
            ("tls_priority", "no_verify", "pkipath", "no_sanity"),
            16514,
        ),
        Transport("unix", "a Unix socket of this machine", ("mode", "socket")),
        Transport("ext", "a program of yours that carries the data", ("command",)),
        Transport("tcp", "TCP in the clear; insecure", (), 16509),
    )
}

# The Hyper-V driver's own parameter is transport; the others are ours, libvirt ignores
# them, so that one URI serves both.
HYPERV_PARAMETERS = {
    parameter.name: parameter
    for parameter in (
        Parameter(
            "transport", "HTTP or HTTPS", "choice", ("http", "https"), "https", "http"
        ),
        Parameter(
            "auth", "the authentication", "choice", HYPERV_AUTH, "auto", "kerberos"
        ),
        Parameter(
            "no_verify", "do not verify the server's certificate", "flag", (), "0", "1"
        ),
        Parameter("ca_path", "the CA certificates to verify with", "path"),
        PARAMETERS["authfile"],
    )
}

# Drivers of libvirt 9.0.0 (driver.name, uriSchemes in src/*/*_driver.c).
CLIENT_SIDE_DRIVERS = ("hyperv", "esx", "gsx", "vpx")
DRIVERS = (
    *("bhyve", "ch", "lxc", "openvz", "parallels", "qemu", "remote", "test", "vbox"),
    *("vmwarefusion", "vmwareplayer", "vmwarews", "vz", "xen", *CLIENT_SIDE_DRIVERS),
    *("interface", "network", "nodedev", "nwfilter", "secret", "storage"),
)
