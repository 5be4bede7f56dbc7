# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening a connection: credentials, time-outs, keepalive; the only file that waits.

virConnectOpenAuth has no time-out and can't be interrupted, so it runs in a thread of
its own, which is left behind when its time is over; an ssh (or other command) that it
started is ended. libvirt answers keepalive messages only while an event loop runs
(page "virConnectSetKeepAlive"), so one runs in a thread of each process that opens a
connection: qemu:///system, too, is a daemon behind a socket, which may hang.
"""

from __future__ import annotations

import locale
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from glob import glob
from typing import Any

from .._hypervisor.credentials import Credentials
from .._hypervisor.hypervisor import ConnectionFailed
from .._uri.transport import check_connectable
from .._uri.uri import ConnectionUri
from .binding import libvirt
from .errors import open_error

#: Keepalive messages that may go unanswered before the connection counts as broken.
KEEPALIVE_COUNT = 5
#: Seconds that a finished or ended ssh has to let the opening thread go.
_GRACE = 2.0

#: The credentials that we can answer for (virConnectCredentialType, libvirt-host.h).
#: Not VIR_CRED_USERNAME: whoever offers it is asked for SASL's authorization name.
_AUTHNAME, _PASSPHRASE, _ECHOPROMPT, _NOECHOPROMPT = 2, 5, 6, 7
_ANSWERABLE = [_AUTHNAME, _PASSPHRASE, _ECHOPROMPT, _NOECHOPROMPT]

_AUTH_FILE = "LIBVIRT_AUTH_FILE"

SSH_TRANSPORTS = ("ssh", "libssh", "libssh2")
#: The names that libvirt looks for under pkipath (virnettlscontext.c).
_PKI_FILES = (
    ("ca_path", "cacert.pem"),
    ("client_cert", "clientcert.pem"),
    ("client_key", "clientkey.pem"),
)

_event_loops: dict[int, threading.Thread] = {}


def open_connection(
    uri: ConnectionUri | None, credentials: Credentials, where: str
) -> Any:
    """Open a connection and keep it alive.

    Args:
        uri: The URI; None lets libvirt probe for a hypervisor.
        credentials: Who signs in; ``timeout`` bounds the opening, in seconds.
        where: The URI as messages may show it.

    Returns:
        A libvirt.virConnect.

    Raises:
        InvalidUri: With the options in it, nobody should connect by the URI.
        ConnectionFailed: Nobody answered in time, or libvirt gave up;
            AuthenticationFailed where the user was refused.
    """
    # libvirt prints every error on stderr unless told otherwise, and translates them.
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    with suppress(locale.Error):
        locale.setlocale(locale.LC_MESSAGES, "C")
    _run_event_loop()
    if uri is None:
        connection = _open_in_time(None, credentials, where)
    else:
        full_uri = _with_options(uri, credentials)
        check_connectable(full_uri)  # now that the options stand in it, too
        check_files(full_uri, where)
        with _with_certificates(full_uri, credentials, where) as full:
            connection = _open_in_time(full, credentials, where)
    _keep_alive(connection, credentials.timeout)
    return connection


def check_files(uri: ConnectionUri, where: str) -> None:
    """Refuse a URI that names a file which is not there.

    ssh goes on without a key file that it can't read, and then fails for another
    reason, or gets in with another key.

    Raises:
        ConnectionFailed: A file is missing.
    """
    for name in ("keyfile", "command", "authfile", "pkipath"):
        path = uri.param(name)
        if path and os.path.isabs(path) and not os.path.exists(path):
            raise ConnectionFailed(
                f"there is no file {path} on this machine",
                where=where,
                remedy=f"correct {name}=, which is read where the URI is opened",
            )


def _with_options(uri: ConnectionUri, credentials: Credentials) -> ConnectionUri:
    """The URI with what the options say and the URI does not."""
    if uri.transport in SSH_TRANSPORTS and credentials.username:
        uri = uri.replace(username=credentials.username)
    if uri.transport == "ssh" and uri.param("no_tty") is None:
        # Nobody sits at the terminal of a play: ssh must not ask there.
        uri = uri.with_param("no_tty", "1")
    no_verify = credentials.validate_certs is False and uri.param("no_verify") is None
    if no_verify and _uses_tls(uri):
        uri = uri.with_param("no_verify", "1")
    return uri


def _uses_tls(uri: ConnectionUri) -> bool:
    return uri.transport == "tls" or (uri.transport is None and bool(uri.hostname))


@contextmanager
def _with_certificates(
    uri: ConnectionUri, credentials: Credentials, where: str
) -> Iterator[ConnectionUri]:
    """The URI with a pkipath made of ca_path, client_cert and client_key."""
    files = {
        name: path
        for option, name in _PKI_FILES
        if (path := getattr(credentials, option)) is not None
    }
    if not files or not _uses_tls(uri) or uri.param("pkipath") is not None:
        yield uri
        return
    missing = [option for option, name in _PKI_FILES if name not in files]
    if missing:
        raise ConnectionFailed(
            f"{' and '.join(missing)} not given: TLS to libvirt takes all three of "
            "ca_path, client_cert and client_key",
            where=where,
            remedy="give the rest, or name their folder with pkipath= in the URI",
        )
    with tempfile.TemporaryDirectory(prefix="hypervisor-connect-") as folder:
        for name, path in files.items():
            if not os.path.exists(path):
                raise ConnectionFailed(
                    f"{path}: there is no such file on this machine",
                    where=where,
                    remedy="correct the path",
                )
            os.symlink(os.path.abspath(path), os.path.join(folder, name))
        yield uri.with_param("pkipath", folder)


class _Prompt:
    """Answers libvirt's questions from the user, who may be the URI's, and password."""

    def __init__(self, username: str | None, credentials: Credentials) -> None:
        self._answers = {
            _AUTHNAME: username,
            _PASSPHRASE: credentials.password,
            _NOECHOPROMPT: credentials.password,
            # Whether to trust an unknown host key: known_hosts_verify= decides that.
            _ECHOPROMPT: "n",
        }

    def __call__(self, questions: list[list[Any]], _data: Any) -> int:
        """Fill in result (item 4) of each question; -1 where one has no answer."""
        for question in questions:
            answer = self._answers.get(question[0])
            if answer is None:
                answer = question[3]
            if answer is None:
                return -1
            question[4] = answer
        return 0


@contextmanager
def _without_auth_conf() -> Iterator[None]:
    """Keep auth.conf out: libvirt takes what it says before it asks our callback.

    LIBVIRT_AUTH_FILE comes before every other place (virAuthGetConfigFilePathURI). It
    must name a regular file: libvirt 9.0.0 gives up on /dev/null.
    """
    before = os.environ.get(_AUTH_FILE)
    with tempfile.NamedTemporaryFile(prefix="hypervisor-connect-") as empty:
        os.environ[_AUTH_FILE] = empty.name
        try:
            yield
        finally:
            if before is None:
                del os.environ[_AUTH_FILE]
            else:
                os.environ[_AUTH_FILE] = before


def _open_in_time(
    uri: ConnectionUri | None, credentials: Credentials, where: str
) -> Any:
    username = credentials.username or (uri.username if uri is not None else None)
    named = uri is not None and uri.param("authfile") is not None
    known = username is not None and credentials.password is not None
    with _without_auth_conf() if known and not named else nullcontext():
        return _open_in_thread(uri, _Prompt(username, credentials), credentials, where)


def _open_in_thread(
    uri: ConnectionUri | None, prompt: _Prompt, credentials: Credentials, where: str
) -> Any:
    outcome: list[Any] = []

    def work() -> None:
        try:
            text = None if uri is None else str(uri)
            auth = [_ANSWERABLE, prompt, None]
            outcome.append(libvirt.openAuth(text, auth, 0))
        except libvirt.libvirtError as error:
            outcome.append(error)

    thread = threading.Thread(target=work, name="libvirt-open", daemon=True)
    thread.start()
    thread.join(credentials.timeout)
    if thread.is_alive():
        _end_children(thread)
        raise ConnectionFailed(
            f"no answer within {credentials.timeout} seconds",
            where=where,
            remedy="check that the host is up and its port is right, "
            "or allow more time with timeout",
        )
    result = outcome[0]
    if isinstance(result, libvirt.libvirtError):
        raise open_error(result, where=where)
    return result


def _end_children(thread: threading.Thread) -> None:
    """End the commands (ssh, ext) that a thread has started, and what those started."""
    processes = _started_by(f"/proc/self/task/{thread.native_id}")
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not processes or not thread.is_alive():
            return  # the opening ended with them
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, number)
        thread.join(_GRACE)


def _started_by(thread: str) -> list[int]:
    """The processes below a thread, given as its folder in proc(5)."""
    try:
        with open(f"{thread}/children", encoding="ascii") as file:
            children = [int(process) for process in file.read().split()]
    except OSError:
        return []
    threads = (glob(f"/proc/{child}/task/*") for child in children)
    return children + [
        process for own in threads for each in own for process in _started_by(each)
    ]


def _run_event_loop() -> None:
    """Run libvirt's event loop in a thread, once in each process."""
    process = os.getpid()
    if process in _event_loops:
        return
    libvirt.virEventRegisterDefaultImpl()

    def loop() -> None:
        while True:
            libvirt.virEventRunDefaultImpl()

    thread = threading.Thread(target=loop, name="libvirt-events", daemon=True)
    _event_loops[process] = thread
    thread.start()


def _keep_alive(connection: Any, timeout: int) -> None:
    """Notice within ``timeout`` seconds that the other side is gone."""
    interval = max(1, timeout // (KEEPALIVE_COUNT + 1))
    # Drivers within this process need none and say so.
    with suppress(libvirt.libvirtError):
        connection.setKeepAlive(interval, KEEPALIVE_COUNT)
