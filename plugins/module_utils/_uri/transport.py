# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which transport a URI means, what the remote side opens, and what is refused.

Values and combinations that are errors are read from libvirt 9.0.0:
remoteSplitURIScheme and remoteGetUNIXSocket (src/remote/remote_sockets.c), doRemoteOpen
and remoteConnectFormatURI (src/remote/remote_driver.c), virNetClientSSHHelperCommand
(src/rpc/virnetclient.c), hypervParseUri (src/hyperv/hyperv_util.c). Parameters that are
unknown here pass: libvirt hands them on to the back end.
"""

from __future__ import annotations

import re

from ansible_collections.hypervisor.connect.plugins.module_utils._core.printable import (
    printable,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.address import (
    ADDRESS_RULES,
    Problem,
    Rule,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.parameters import (
    CLIENT_SIDE_DRIVERS,
    EVERY_TRANSPORT,
    HYPERV_PARAMETERS,
    PARAMETERS,
    TRANSPORTS,
    Parameter,
    Transport,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.uri import (
    ConnectionUri,
    InvalidUri,
)

_FLAG = re.compile(r"[ \t\n\v\f\r]*[+-]?[0-9]{1,10}")  # virStrToLong_i, base 10
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
            f'libvirt has no transport "{printable(uri.transport)}"',
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
    for rule in (*ADDRESS_RULES, *_TRANSPORT_RULES):
        problem = rule(uri)
        if problem is not None:
            raise InvalidUri(str(uri), *problem)


def is_on(value: str) -> bool:
    """Whether the value of a flag switches it on: any integer but 0."""
    return int(value) != 0


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
    if name in ("keyfile", "known_hosts") and not value.startswith("/"):
        # Nobody expands ~ here, and ssh goes on without a key file that is not there.
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


_TRANSPORT_RULES: tuple[Rule, ...] = (
    _unknown_transport,
    _misplaced_parameter,
    _bad_value,
    _combination,
    _remote_shell,
)
