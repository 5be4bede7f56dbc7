# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirtError to our errors: which kind it is, and what to do about it.

Kinds are told by libvirt's numbers (virerror.h), never by its texts, which are
translated; the texts of ssh, which are not, tell what the numbers can't.
"""

from __future__ import annotations

import errno
from typing import Any

from .._core.errors import HypervisorConnectError
from .._hypervisor.hypervisor import (
    AuthenticationFailed,
    ConnectionFailed,
    ConnectionLost,
    MachineNotFound,
    OperationFailed,
)

# virErrorNumber, by libvirt's own names.
NO_SUPPORT, INVALID_ARG, OPERATION_FAILED = 3, 8, 9
SYSTEM_ERROR, RPC, GNUTLS_ERROR, NO_DOMAIN, AUTH_FAILED = 38, 39, 40, 42, 45
OPERATION_INVALID, CONFIG_UNSUPPORTED, AUTH_CANCELLED, SSH = 55, 67, 79, 85
AUTH_UNAVAILABLE, LIBSSH, ACCESS_DENIED = 94, 98, 88
NO_CONNECT, NO_STORAGE_VOL = 5, 50

#: What ssh and the ssh libraries say when they give up, and the remedy for each.
_SSH_WORDS = (
    (
        "host key verification failed",
        "the host key is not known or has changed",
        "check the key and add it to the known_hosts file that this transport reads",
    ),
    (
        "permission denied",
        "ssh was refused",
        "give a key that the host accepts (keyfile=), or load one into the ssh agent",
    ),
    (
        "host key",
        "the host key was not accepted",
        "check the key and add it to the file that known_hosts= names",
    ),
    (
        "connection timed out",
        "the host does not answer",
        "check its address, its port and the firewalls between",
    ),
    (
        "could not resolve hostname",
        "the host name has no address",
        "check its spelling",
    ),
    (
        "connection refused",
        "nothing listens at that address and port",
        "check the port, and that the service runs there",
    ),
)

_ERRNO_WORDS = {
    errno.ECONNREFUSED: (
        "nothing listens at that address and port",
        "check the port, and that libvirtd listens there",
    ),
    errno.ENOENT: (
        "there is no such socket or file",
        "check the path, and that libvirtd (or the driver's own daemon) runs",
    ),
    errno.EACCES: (
        "the socket may not be opened by this user",
        "join the libvirt group, use become, or connect as root",
    ),
    errno.ETIMEDOUT: (
        "the host does not answer",
        "check its address, its port and the firewalls between",
    ),
    errno.EHOSTUNREACH: ("there is no route to the host", "check its address"),
    errno.ENETUNREACH: ("there is no route to the host", "check its address"),
}


def error_data(error: Any) -> dict[str, Any]:
    """The numbers and the text of a libvirtError (virerror.h, struct _virError)."""
    return {
        "code": error.get_error_code(),
        "domain": error.get_error_domain(),
        "message": error.get_error_message() or str(error),
    }


def open_error(error: Any, *, where: str) -> HypervisorConnectError:
    """The error of an opening that failed."""
    data = error_data(error)
    code, message = data["code"], data["message"]
    words = _words_of_opening(code, error.get_int1(), message)
    kind = (
        AuthenticationFailed
        if code in (AUTH_FAILED, AUTH_CANCELLED, AUTH_UNAVAILABLE)
        or "permission denied" in message.lower()
        else ConnectionFailed
    )
    return kind(
        f"{words[0]} (libvirt: {_clause(message)})",
        where=where,
        remedy=words[1],
        details=data,
    )


def _words_of_opening(code: int, number: int, message: str) -> tuple[str, str]:
    said = message.lower()
    for phrase, what, remedy in _SSH_WORDS:
        if phrase in said:
            return what, remedy
    if code in (AUTH_FAILED, AUTH_CANCELLED):
        return (
            "the user or password was refused",
            "check username and password, or the auth.conf file",
        )
    if code == AUTH_UNAVAILABLE:
        return (
            "the host asks for a kind of sign-in that can't be done here",
            "install the SASL mechanism that the host offers, or use another transport",
        )
    if code == GNUTLS_ERROR or "certificate" in said:
        return (
            "the TLS certificates were not accepted",
            "check the files under pkipath= (cacert.pem, clientcert.pem, clientkey.pem) "
            "and the name that the host's certificate was made for",
        )
    if code == SYSTEM_ERROR and number in _ERRNO_WORDS:
        return _ERRNO_WORDS[number]
    if code == CONFIG_UNSUPPORTED or code == NO_CONNECT:
        return (
            "this libvirt has no driver for that URI",
            "check the driver's name and path, and that its package is installed",
        )
    return (
        "the connection was not opened",
        "check the URI with 'virsh -c URI version' from the same machine",
    )


def call_error(
    error: Any, *, where: str, doing: str, alive: bool
) -> HypervisorConnectError:
    """The error of a call that failed on an open connection.

    Args:
        error: The libvirtError.
        where: The URI without secrets.
        doing: What was being done, as "start machine web1".
        alive: Whether the connection still stands.
    """
    data = error_data(error)
    code, message = data["code"], data["message"]
    if code == NO_DOMAIN:
        return MachineNotFound(
            f"can't {doing}: there is no such machine",
            where=where,
            remedy="list the machines with hypervisor.connect.vm_info",
            details=data,
        )
    if not alive:
        return ConnectionLost(
            f"the connection broke during: {doing} (libvirt: {_clause(message)})",
            where=where,
            remedy="check that libvirtd runs there and run the play again",
            details=data,
        )
    return OperationFailed(
        f"can't {doing}: {_clause(message)}",
        where=where,
        remedy=_remedy_of_call(code),
        details=data,
    )


def _remedy_of_call(code: int) -> str | None:
    return {
        NO_SUPPORT: "this hypervisor's driver has no such operation",
        ACCESS_DENIED: "use a user whom the host's access driver allows this",
        OPERATION_INVALID: "look at the machine's state with hypervisor.connect.vm_info",
    }.get(code)


def _clause(message: str) -> str:
    """A message of libvirt as a part of our sentence: one line, no full stop."""
    return " ".join(message.split()).rstrip(".;:")
