# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Transports, their parameters, and what is refused before anything is opened.

libvirt's page on connection URIs ("Transport configuration") gives transports and
parameters; which values and combinations are errors is read from libvirt 9.0.0:
remoteSplitURIScheme and remoteGetUNIXSocket (src/remote/remote_sockets.c), doRemoteOpen
(src/remote/remote_driver.c), virNetClientSSHHelperCommand (src/rpc/virnetclient.c),
virConnectOpenInternal (src/libvirt.c), hypervParseUri (src/hyperv/hyperv_util.c).
Parameters that are unknown here pass: libvirt hands them on to the back end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Optional

from ansible_collections.hypervisor.connect.plugins.module_utils._uri.legacy import (
    recognise_uri,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.redaction import (
    is_control,
    printable,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.uri import (
    ConnectionUri,
    InvalidUri,
)

# A reason and a remedy, or None where nothing is wrong.
Problem = Optional[tuple[str, Optional[str]]]


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
            example="/tmp/pki/client",
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
_NOT_DRIVERS = {
    "https": "hyperv://HOST/ for a Hyper-V host",
    "winrm": "hyperv://HOST/ for a Hyper-V host",
    "hyper-v": "hyperv://HOST/",
    "ssh": "qemu+ssh://HOST/system",
    "kvm": "qemu:///system",
    "file": "test:///path/to/definitions for the test driver",
}
_NEED_PATH = ("qemu", "vbox", "vz")  # virConnectCheckURIMissingSlash

_FLAG = re.compile(r"[ \t\n\v\f\r]*[+-]?[0-9]{1,10}")  # virStrToLong_i, base 10
_HOSTNAME = re.compile(r"[A-Za-z0-9._:%-]+")
_SASL = re.compile(r"sasl(\..+)?|polkit", re.IGNORECASE)
_SHELL_SPECIAL = re.compile(r"[\s'\"\\`$;|&<>(){}*?!]")
_SHELL_SPECIAL_IN_URI = re.compile(r"[\s'\"\\`$;|&<>(){}*!]")


def transport_of(uri: ConnectionUri) -> Transport | None:
    """Return the transport that libvirt uses; None for a client-side driver.

    Without a ``+``: tls where a hostname is given, else unix, unless a driver inside
    the library takes the URI first (remoteSplitURIScheme).

    Raises:
        InvalidUri: libvirt has no such transport.
    """
    if uri.transport is None:
        if uri.driver in CLIENT_SIDE_DRIVERS:
            return None
        return TRANSPORTS["tls" if uri.hostname else "unix"]
    transport = TRANSPORTS.get(uri.transport.lower())
    if transport is None:
        raise InvalidUri(
            str(uri),
            f'libvirt has no transport "{uri.transport}"',
            f"use one of {', '.join(TRANSPORTS)}",
        )
    return transport


def remote_name(uri: ConnectionUri) -> str:
    """Return the URI that the remote side is asked to open.

    ``name=`` where given; empty (the remote side probes) for the driver ``remote``; else
    the URI less transport, user, host, port and the parameters that the transport takes
    (doRemoteOpen, remoteConnectFormatURI).
    """
    name = uri.param("name")
    if name is not None:
        return name
    if uri.driver == "remote":
        return ""
    kept = tuple(pair for pair in uri.params if pair[0].lower() not in PARAMETERS)
    return ConnectionUri(
        scheme=uri.driver, path=uri.path, fragment=uri.fragment, params=kept
    ).libvirt_text()


def check_connectable(uri: ConnectionUri) -> None:
    """Refuse, before anything is opened, what cannot work or is not safe.

    Raises:
        InvalidUri: In one sentence, what is wrong and what to do.
    """
    for rule in _RULES:
        problem = rule(uri)
        if problem is not None:
            raise InvalidUri(str(uri), *problem)


def is_on(value: str) -> bool:
    """Whether the value of a flag switches it on: any integer but 0."""
    return int(value) != 0


def _control_characters(uri: ConnectionUri) -> Problem:
    parts = (uri.username, uri.hostname, uri.path, uri.fragment)
    for text in (
        *(part or "" for part in parts),
        *(t for pair in uri.params for t in pair),
    ):
        if any(is_control(char) for char in text):
            return "it holds control or invisible characters", "remove them"
    return None


def _no_driver(uri: ConnectionUri) -> Problem:
    legacy = recognise_uri(uri)
    if legacy is not None:
        return f"{legacy.meaning}, which libvirt no longer has", legacy.hint
    if uri.scheme is None:
        return (
            "it names no driver",
            "write driver://host/path, or define the alias in libvirt.conf",
        )
    return None


def _wrong_driver(uri: ConnectionUri) -> Problem:
    driver = uri.driver or ""
    if driver in DRIVERS:
        return None
    lower = driver.lower()
    if lower in DRIVERS:
        return f'drivers are written in lower case, not "{driver}"', f"write {lower}"
    if lower in _NOT_DRIVERS:
        return f'libvirt has no driver "{driver}"', f"write {_NOT_DRIVERS[lower]}"
    close = get_close_matches(lower[:32], DRIVERS, n=1, cutoff=0.75)
    if close:
        return f'libvirt has no driver "{driver}"', f"write {close[0]} if you mean that"
    return None


def _client_side(uri: ConnectionUri) -> Problem:
    driver = uri.driver
    if driver not in CLIENT_SIDE_DRIVERS:
        return None
    if uri.transport is not None and (driver == "hyperv" or uri.param("name") is None):
        remedy = f"write {driver}://HOST/"
        if driver == "hyperv":
            remedy += ", with ?transport=http for HTTP"
        return (
            f"{driver} is a client-side driver that no libvirtd serves, so a transport "
            f'like "+{uri.transport}" cannot work',
            remedy,
        )
    if not uri.hostname:
        return f"{driver} needs a hostname", f"write {driver}://HOST/"
    return None


def _unknown_transport(uri: ConnectionUri) -> Problem:
    try:
        transport = transport_of(uri)
    except InvalidUri as error:
        return error.reason, error.remedy
    if transport is not None and transport.name == "unix" and uri.hostname:
        return (
            "the unix transport does not leave this machine, yet a hostname is given",
            "drop the hostname, or use ssh, tls or another transport",
        )
    return None


def _username(uri: ConnectionUri) -> Problem:
    username = uri.username
    if username is None:
        return None
    if username.startswith("-"):
        return "the user begins with a -, like an option of ssh", "correct the user"
    if ":" in username:
        return (
            "a URI carries no password, libvirt takes it for part of the user",
            "give the password as an option or in libvirt's auth.conf",
        )
    if not username or username.startswith("@"):
        return "the user before the @ is empty", "drop the @ or name the user"
    return None


def _hostname(uri: ConnectionUri) -> Problem:
    hostname = uri.hostname
    if not hostname:
        return None
    if hostname.startswith("-"):
        return "the hostname begins with a -, like an option of ssh", "correct it"
    if not hostname.isascii():
        return "the hostname is not ASCII", "write its xn-- form"
    if not _HOSTNAME.fullmatch(hostname):
        return "the hostname holds characters that no hostname has", "correct it"
    return None


def _port(uri: ConnectionUri) -> Problem:
    if uri.port is not None and not 1 <= uri.port <= 65535:
        return f"there is no port {uri.port}", "give a port from 1 to 65535"
    return None


def _missing_slash(uri: ConnectionUri) -> Problem:
    if uri.scheme in _NEED_PATH and uri.hostname in ("system", "session"):
        return (
            f'"{uri.hostname}" is taken for a hostname',
            f"write {uri.scheme}:///{uri.hostname}",
        )
    return None


def _embedded(uri: ConnectionUri) -> Problem:
    if uri.path != "/embed":
        return None
    root = uri.param("root") or ""
    if not re.fullmatch("[a-z]+", uri.scheme or ""):
        return "a driver embedded in the process takes no transport", "drop it"
    if not root.startswith("/"):
        return "an embedded driver needs an absolute root directory", "add ?root=/path"
    return None


def _misplaced_parameter(uri: ConnectionUri) -> Problem:
    transport = transport_of(uri)
    if transport is None and uri.driver != "hyperv":
        return None  # esx, gsx and vpx have parameters of their own
    own = (
        HYPERV_PARAMETERS
        if transport is None
        else (*EVERY_TRANSPORT, *transport.parameters)
    )
    place = "hyperv driver" if transport is None else f"{transport.name} transport"
    for name, _value in uri.params:
        if name.lower() in PARAMETERS and name.lower() not in own:
            return (
                f"the {place} ignores the parameter {name.lower()}",
                _where_it_belongs(name.lower(), place),
            )
    return None


def _where_it_belongs(name: str, place: str) -> str:
    if (name, place) == ("known_hosts", "ssh transport"):
        return (
            "use the transport libssh or libssh2, or command= with a script that calls "
            "ssh -o UserKnownHostsFile"
        )
    if name in EVERY_TRANSPORT:
        return "drop it"
    homes = [t.name for t in TRANSPORTS.values() if name in t.parameters]
    return f"drop it, or use the transport {' or '.join(homes)}"


def _bad_value(uri: ConnectionUri) -> Problem:
    transport = transport_of(uri)
    if transport is None and uri.driver != "hyperv":
        return None
    table = HYPERV_PARAMETERS if transport is None else PARAMETERS
    for name, value in uri.params:
        parameter = table.get(name.lower())
        problem = parameter and _value_problem(parameter, value)
        if problem:
            return problem
    return None


def _value_problem(parameter: Parameter, value: str) -> Problem:
    name = parameter.name
    given = value.lower() if parameter.any_case else value
    choices = ", ".join(parameter.values)
    wrong = f'"{printable(value)}" is no value of {name}'
    if parameter.kind == "flag":
        ok = _FLAG.fullmatch(value) is not None and abs(int(value)) < 1 << 31
        return None if ok else (wrong, "give 1 or 0")
    if parameter.kind == "choice":
        return None if given in parameter.values else (wrong, f"give one of {choices}")
    if parameter.kind == "list":
        ok = all(item in parameter.values for item in given.split(","))
        return None if ok else (wrong, f"give some of {choices}, separated by commas")
    if not value and name != "name":
        return f"{name} has no value", f"write {name}=... or drop it"
    if name == "auth" and not _SASL.fullmatch(value):
        return wrong, "give sasl, sasl.MECHANISM or polkit"
    if name == "known_hosts" and not value.startswith("/"):
        return wrong, "give an absolute path"
    return None


def _combination(uri: ConnectionUri) -> Problem:
    transport = transport_of(uri)
    if transport is None:
        return None
    if transport.name == "ext" and not uri.param("command"):
        return "the ext transport needs a command", "add ?command=/path/to/program"
    if not transport.is_ssh:
        return None
    if uri.param("proxy") == "native" and uri.param("netcat") is not None:
        return "netcat has no meaning with proxy=native", "drop one of the two"
    if uri.param("mode") == "direct" and uri.param("socket") is None:
        return (
            f"libvirt has no mode=direct over {transport.name}",
            "drop it (the remote side finds its daemon itself), or give socket=",
        )
    return None


def _remote_shell(uri: ConnectionUri) -> Problem:
    """Words of the command line that a shell on the other side reads.

    virNetClientSSHHelperCommand (9.0.0) quotes netcat and the name for two shells, but
    the socket for none; older ones quote less.
    """
    transport = transport_of(uri)
    if transport is None or not transport.is_ssh:
        return None
    words = [(key, uri.param(key), _SHELL_SPECIAL) for key in ("netcat", "socket")]
    words.append(("name", uri.param("name"), _SHELL_SPECIAL_IN_URI))
    words.append(("the path", uri.path, _SHELL_SPECIAL_IN_URI))
    words += [
        ("the name of a parameter", key, _SHELL_SPECIAL)
        for key, _value in uri.params
        if key.lower() not in PARAMETERS
    ]
    for place, value, special in words:
        if value and special.search(value):
            return (
                f"{place} holds a character that the remote shell would act on",
                "use only letters, digits and punctuation that no shell knows",
            )
        if value and value.startswith("-"):
            return f"{place} begins with a -, like an option", "give it without"
    return None


_RULES: tuple[Callable[[ConnectionUri], Problem], ...] = (
    _control_characters,
    _no_driver,
    _wrong_driver,
    _client_side,
    _unknown_transport,
    _username,
    _hostname,
    _port,
    _missing_slash,
    _embedded,
    _misplaced_parameter,
    _bad_value,
    _combination,
    _remote_shell,
)
