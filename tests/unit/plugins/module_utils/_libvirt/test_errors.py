# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt's errors become ours: which kind, and words that help.

The messages are libvirt's own in English, as its sources print them and as real
connections were seen to give them.
"""

from __future__ import annotations

import errno
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    AuthenticationFailed,
    ConnectionFailed,
    ConnectionLost,
    MachineNotFound,
    OperationFailed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt import errors

libvirt = pytest.importorskip("libvirt", reason="libvirt-python is not installed")

URI = "qemu+ssh://host/system"
RESET = ": Connection reset by peer"


def libvirt_error(code: int, message: str, int1: int = 0, domain: int = 7) -> Any:
    """A libvirtError as the binding makes it of struct _virError."""
    error = libvirt.libvirtError(message)
    error.err = (code, domain, message, 2, "%s", message, None, int1, 0)
    return error


@pytest.mark.parametrize(
    "name",
    [
        "NO_SUPPORT", "INVALID_ARG", "OPERATION_FAILED", "SYSTEM_ERROR", "RPC",
        "GNUTLS_ERROR", "NO_DOMAIN", "AUTH_FAILED", "OPERATION_INVALID",
        "CONFIG_UNSUPPORTED", "AUTH_CANCELLED", "SSH", "AUTH_UNAVAILABLE", "LIBSSH",
        "ACCESS_DENIED", "NO_CONNECT", "NO_STORAGE_VOL",
    ],
)  # fmt: skip
def test_number_is_that_of_libvirt(name: str) -> None:
    if not hasattr(errors, name):
        pytest.skip(f"{name} is not used any more")
    assert getattr(errors, name) == getattr(libvirt, f"VIR_ERR_{name}")


# (code, int1, libvirt's message) -> (kind, our words)
OPENING = [
    (38, 0, f"Cannot recv data: Host key verification failed.{RESET}",
     ConnectionFailed, "the host key is not known or has changed"),
    (38, 0, "Cannot recv data: fred@host: Permission denied (publickey,password)." + RESET,
     AuthenticationFailed, "ssh was refused"),
    (38, 0, "Cannot recv data: ssh: Could not resolve hostname nowhere: "
     f"Name or service not known{RESET}",
     ConnectionFailed, "the host name has no address"),
    (38, 0, "Cannot recv data: ssh: connect to host host port 22: Connection refused"
     + RESET, ConnectionFailed, "nothing listens there"),
    (38, 0, "Cannot recv data: ssh: connect to host host port 22: Connection timed out"
     + RESET, ConnectionFailed, "the host does not answer"),
    (38, 0, "Cannot recv data: bash: line 1: /opt/nc: not found: Input/output error",
     ConnectionFailed, "the host lacks the command that leads to libvirt"),
    (38, 0, "End of file while reading data: nc: unix connect failed: No such file or "
     "directory: Input/output error",
     ConnectionFailed, "there is no such socket on the host"),
    (38, 0, f"Cannot recv data: {RESET}",
     ConnectionFailed, "the other side ended the connection"),
    (1, 0, "internal error: client socket is closed",
     ConnectionFailed, "the other side ended the connection"),
    (38, 0, "unable to resolve address 'nowhere' service '16514': Name or service not "
     "known", ConnectionFailed, "the host name has no address"),
    (38, errno.ECONNREFUSED, "unable to connect to server at '127.0.0.1:1': Connection "
     "refused", ConnectionFailed, "nothing listens there"),
    (38, errno.ETIMEDOUT, "unable to connect to server at '192.0.2.1:16509': Connection "
     "timed out", ConnectionFailed, "the host does not answer"),
    (38, errno.EHOSTUNREACH, "unable to connect to server at 'host:1': No route to host",
     ConnectionFailed, "there is no route to the host"),
    (38, errno.ENETUNREACH, "unable to connect to server at 'h:1': Network is "
     "unreachable", ConnectionFailed, "there is no route to the host"),
    (38, errno.ENOENT, "Failed to connect socket to '/var/run/libvirt/libvirt-sock': No "
     "such file or directory", ConnectionFailed, "there is no such socket or file"),
    (38, errno.EACCES, "Failed to connect socket to '/run/libvirt/libvirt-sock': "
     "Permission denied", ConnectionFailed,
     "the socket may not be opened by this user"),
    (38, errno.EIO, "something nobody expected: Input/output error",
     ConnectionFailed, "the connection was not opened"),
    (45, 0, "authentication failed: Failed to verify peer's certificate",
     ConnectionFailed, "the TLS connection was not accepted"),
    (45, 0, "authentication failed: TLS handshake failed: A TLS fatal alert has been "
     "received", ConnectionFailed, "the TLS connection was not accepted"),
    (45, 0, "authentication failed: authentication failed",
     AuthenticationFailed, "the user or password was refused, or none was given"),
    (79, 0, "authentication cancelled: Failed to collect auth credentials",
     AuthenticationFailed, "the user or password was refused, or none was given"),
    (94, 0, "authentication unavailable: no polkit agent available to authenticate",
     AuthenticationFailed, "the host asks for a kind of sign-in that can't be done here"),
    (98, 0, "libssh transport error: authentication failed: Failed to authenticate as "
     "'fred': all provided authentication methods with credentials were rejected",
     AuthenticationFailed, "ssh was refused"),
    (85, 0, "SSH transport error: Failed to authenticate: no key",
     AuthenticationFailed, "ssh was refused"),
    (85, 0, "SSH transport error: SSH host key for 'host' (00:11) was not accepted",
     ConnectionFailed, "the host key was not accepted"),
    (98, 0, "libssh transport error: host key for 'host' has changed",
     ConnectionFailed, "the host key is not the known one"),
    (67, 0, "unsupported configuration: no driver", ConnectionFailed,
     "libvirt has no driver there for that URI"),
    (5, 0, "no connection driver available for foo:///system",
     ConnectionFailed, "libvirt has no driver there for that URI"),
    (1, 0, "internal error: unheard of", ConnectionFailed,
     "the connection was not opened"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "int1", "message", "kind", "words"), OPENING)
def test_opening_that_failed_is_told_by_kind_and_in_words(
    code: int,
    int1: int,
    message: str,
    kind: type[HypervisorConnectError],
    words: str,
) -> None:
    error = errors.open_error(libvirt_error(code, message, int1), where=URI)
    assert error.__class__ is kind
    assert str(error).startswith(f"{URI}: {words} (libvirt: ")
    assert error.remedy
    assert str(error).endswith(f"; {error.remedy}.")
    assert "\n" not in str(error)
    assert error.details == {"code": code, "domain": 7, "message": message}


def test_message_of_several_lines_becomes_one_clause() -> None:
    message = "Cannot recv data: @@@@\r\n@ WARNING @\n\tHost key verification failed. :"
    error = errors.open_error(libvirt_error(38, message), where=URI)
    assert (
        "(libvirt: Cannot recv data: @@@@ @ WARNING @ Host key verification failed.)"
        in (str(error).replace("failed. )", "failed.)"))
    )
    assert error.details["message"] == (
        "Cannot recv data: @@@@\n@ WARNING @\n\\tHost key verification failed. :"
    )


def test_controls_and_megabytes_of_a_message_are_not_repeated() -> None:
    error = errors.open_error(
        libvirt_error(38, "a\x1b[2J\x9b\u202eb" + "c" * 100_000), where=URI
    )
    assert r"(libvirt: a\x1b[2J\x9b\u202ebccc" in str(error)
    assert str(error).isprintable()
    message = error.details["message"]
    assert message.startswith(r"a\x1b[2J\x9b\u202ebccc")
    assert len(str(error)) < 3000
    assert len(message) < 11_000


def test_numbers_of_an_error_without_a_record_are_null() -> None:
    libvirt.virResetLastError()  # whose message it would take otherwise
    bare = libvirt.libvirtError("a call returned nothing")
    bare.err = None
    assert errors.error_data(bare) == {
        "code": None,
        "domain": None,
        "message": "a call returned nothing",
    }
    error = errors.open_error(bare, where=URI)
    assert error.__class__ is ConnectionFailed
    assert "a call returned nothing" in str(error)


@pytest.mark.parametrize(
    ("code", "message", "alive", "kind", "sentence"),
    [
        (
            42,
            "Domain not found: no domain with matching name 'web1'",
            True,
            MachineNotFound,
            "U: can't start machine web1: there is no such machine; "
            "list the machines with hypervisor.connect.vm_info.",
        ),
        (
            38,
            "End of file while reading data: Input/output error",
            False,
            ConnectionLost,
            "U: the connection broke during: start machine web1 (libvirt: End of file "
            "while reading data: Input/output error); check that libvirtd runs there and "
            "run the play again.",
        ),
        (
            55,
            "Requested operation is not valid: domain is already running",
            True,
            OperationFailed,
            "U: can't start machine web1: Requested operation is not valid: domain is "
            "already running; look at the machine's state with "
            "hypervisor.connect.vm_info.",
        ),
        (
            3,
            "this function is not supported by the connection driver: virDomainReset",
            True,
            OperationFailed,
            "U: can't start machine web1: this function is not supported by the "
            "connection driver: virDomainReset; this hypervisor's driver has no such "
            "operation.",
        ),
        (
            88,
            "access denied: read-only",
            True,
            OperationFailed,
            "U: can't start machine web1: access denied: read-only; "
            "use a user whom the host's access driver allows this.",
        ),
        (
            9,
            "operation failed:\n  qemu said no.\n",
            True,
            OperationFailed,
            "U: can't start machine web1: operation failed: qemu said no.",
        ),
    ],
)
def test_call_that_failed_is_one_sentence(
    code: int,
    message: str,
    alive: bool,
    kind: type[HypervisorConnectError],
    sentence: str,
) -> None:
    error = errors.call_error(
        libvirt_error(code, message),
        where="U",
        doing="start machine web1",
        alive=alive,
    )
    assert error.__class__ is kind
    assert str(error) == sentence
    assert error.details["code"] == code


def test_error_that_libvirt_really_raised() -> None:
    connection = libvirt.open("test:///default")
    with pytest.raises(libvirt.libvirtError) as raised:
        connection.lookupByName("nobody")
    data = errors.error_data(raised.value)
    assert data["code"] == errors.NO_DOMAIN
    assert data["domain"] == libvirt.VIR_FROM_TEST
    assert "Domain not found" in data["message"]
    connection.close()
