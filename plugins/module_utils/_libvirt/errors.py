# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirtError to our errors: which kind it is, and what to do about it.

Kinds are told by libvirt's numbers (virerror.h). Where those say no more than "system
error", the texts do: libvirt's own in English (connection.py sees to that), and ssh's.
"""

from __future__ import annotations

import errno
from typing import Any

from .._core.errors import HypervisorConnectError
from .._core.printable import printable
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
NO_CONNECT, NO_STORAGE_POOL, NO_STORAGE_VOL = 5, 49, 50
NO_DOMAIN_SNAPSHOT, OPERATION_UNSUPPORTED = 72, 84

#: Characters that are kept of what libvirt says.
_MESSAGE = 10_000

_TLS_WORDS = (
    "the TLS connection was not accepted",
    "check that the port speaks TLS, that the files under pkipath= (cacert.pem, "
    "clientcert.pem, clientkey.pem) are trusted on both sides, and that the host's "
    "certificate was made for the name in the URI",
)

#: What libvirt, ssh and its libraries say when they give up (in English: LC_MESSAGES is
#: C here), and our words and remedy; the first that fits counts.
_PHRASES = (
    (
        "host key verification failed",
        "the host key is not known or has changed",
        "check the key and add it to the known_hosts file that this transport reads",
    ),
    (
        "was not accepted",
        "the host key was not accepted",
        "check the key and add it to the file that known_hosts= names",
    ),
    (
        "host key",
        "the host key is not the known one",
        "check the key and correct the file that known_hosts= names",
    ),
    (
        "permission denied (",
        "ssh was refused",
        "give a key that the host accepts (keyfile=), or load one into the ssh agent",
    ),
    (
        "unable to resolve address",
        "the host name has no address",
        "check its spelling",
    ),
    (
        "could not resolve hostname",
        "the host name has no address",
        "check its spelling",
    ),
    (
        "connection refused",
        "nothing listens there",
        "check the address, port or socket, and that libvirtd (or sshd) runs there",
    ),
    (
        "timed out",
        "the host does not answer",
        "check its address, its port and the firewalls between",
    ),
    (
        "not found: ",
        "the host lacks the command that leads to libvirt",
        "install virt-ssh-helper or netcat there, or name it with netcat=",
    ),
    (
        "no such file or directory: ",
        "there is no such socket on the host",
        "correct socket=, and check that libvirtd runs there",
    ),
    (
        "remote command terminated",
        "the command on the host that leads to libvirt failed",
        "check that libvirtd runs there and that virt-ssh-helper or netcat is installed",
    ),
    *(
        (
            phrase,
            "the other side ended the connection",
            "check that the port belongs to the transport (tls 16514, tcp 16509) and "
            "that the command of ext or ssh works",
        )
        for phrase in (
            "cannot recv data",
            "cannot write data",
            "client socket is closed",
            "end of file while",
        )
    ),
)

_ERRNO_WORDS = {
    errno.ECONNREFUSED: (
        "nothing listens there",
        "check the address, port or socket, and that libvirtd (or sshd) runs there",
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
    """The numbers and the text of a libvirtError (virerror.h, struct _virError).

    The text keeps its lines, and is printable besides.
    """
    lines = _message(error)[:_MESSAGE].split("\n")
    return {
        "code": error.get_error_code(),
        "domain": error.get_error_domain(),
        "message": "\n".join(printable(line.rstrip(), _MESSAGE) for line in lines),
    }


def _message(error: Any) -> str:
    return error.get_error_message() or str(error)


def open_error(error: Any, *, where: str) -> HypervisorConnectError:
    """The error of an opening that failed."""
    data = error_data(error)
    words = _words_of_opening(data, error.get_int1())
    kind = AuthenticationFailed if _is_refusal(data) else ConnectionFailed
    return kind(
        f"{words[0]} (libvirt: {_clause(_message(error))})",
        where=where,
        remedy=words[1],
        details=data,
    )


def _is_refusal(data: dict[str, Any]) -> bool:
    """Whether the user was refused, rather than the host's or our certificate."""
    said = data["message"].lower()
    if data["code"] in (SSH, LIBSSH):
        return "authenticate" in said
    if data["code"] in (AUTH_FAILED, AUTH_CANCELLED, AUTH_UNAVAILABLE):
        return not _is_about_tls(said)
    return "permission denied (" in said


def _is_about_tls(said: str) -> bool:
    return "certificate" in said or "tls " in said


def _words_of_opening(data: dict[str, Any], number: int) -> tuple[str, str]:
    code, said = data["code"], data["message"].lower()
    if _is_refusal(data) and code in (SSH, LIBSSH):
        return (
            "ssh was refused",
            "give a key (keyfile=), an agent or a password that the host accepts",
        )
    if _is_about_tls(said):
        return _TLS_WORDS
    for phrase, what, remedy in _PHRASES:
        if phrase in said:
            return what, remedy
    if code in (AUTH_FAILED, AUTH_CANCELLED):
        return (
            "the user or password was refused, or none was given",
            "check username and password, the key file, or the auth.conf file",
        )
    if code == AUTH_UNAVAILABLE:
        return (
            "the host asks for a kind of sign-in that can't be done here",
            "install the SASL mechanism that the host offers, or use another transport",
        )
    if code == SYSTEM_ERROR and number in _ERRNO_WORDS:
        return _ERRNO_WORDS[number]
    if code in (CONFIG_UNSUPPORTED, NO_CONNECT):
        return (
            "libvirt has no driver there for that URI",
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
    code, message = data["code"], _message(error)
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
