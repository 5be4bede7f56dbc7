# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening: credentials, time-outs, files; over the test driver and loopback."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.clock import (
    SystemClock,
    wait_until,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.credentials import (
    Credentials,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    AuthenticationFailed,
    ConnectionFailed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt import (
    connection,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.connection import (
    check_files,
    open_connection,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.uri import (
    ConnectionUri,
    InvalidUri,
)

libvirt = pytest.importorskip("libvirt", reason="libvirt-python is not installed")


def opened(uri: str, **options: Any) -> Any:
    return open_connection(ConnectionUri.parse(uri), Credentials(**options), uri)


def test_local_connection_is_opened() -> None:
    conn = opened("test:///default")
    assert conn.getURI() == "test:///default"
    conn.close()


def test_without_a_uri_libvirt_looks_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "test:///default")
    conn = open_connection(None, Credentials(), "the default URI")
    assert conn.getURI() == "test:///default"
    conn.close()


def test_refusal_of_libvirt_is_one_sentence() -> None:
    with pytest.raises(ConnectionFailed) as failed:
        opened("test:///no/such/file.xml")
    assert str(failed.value).startswith("test:///no/such/file.xml: ")
    assert "\n" not in str(failed.value)
    assert failed.value.remedy
    assert failed.value.details["code"]


# -- credentials ------------------------------------------------------------------------


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A host of the test driver that asks for a user and a password."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.delenv("LIBVIRT_AUTH_FILE", raising=False)
    path = tmp_path / "guarded.xml"
    path.write_text("<node><auth><user password='hunter2'>fred</user></auth></node>")
    return f"test://{path}"


def test_right_password_opens(guarded: str) -> None:
    conn = opened(guarded, username="fred", password="hunter2")
    assert conn.isAlive()
    conn.close()


RIGHT = {"username": "fred", "password": "hunter2"}
WRONG = {"username": "fred", "password": "wrong-secret"}


@pytest.fixture
def auth_conf(
    guarded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Mapping[str, str]], None]:
    """What writes an auth.conf that libvirt reads of itself, for the guarded host.

    GLib keeps the place of the user's own until the process ends.
    """
    path = tmp_path / "auth.conf"
    monkeypatch.setenv("LIBVIRT_AUTH_FILE", str(path))

    def write(says: Mapping[str, str]) -> None:
        words = "".join(f"{key}={value}\n" for key, value in says.items())
        path.write_text(
            f"[credentials-a]\n{words}[auth-test-localhost]\ncredentials=a\n"
        )

    return write


def test_options_win_over_a_wrong_auth_conf(
    guarded: str, auth_conf: Callable[[Mapping[str, str]], None]
) -> None:
    auth_conf(WRONG)
    before = os.environ.get("LIBVIRT_AUTH_FILE")
    opened(guarded, **RIGHT).close()
    assert os.environ.get("LIBVIRT_AUTH_FILE") == before


def test_options_win_over_a_right_auth_conf(
    guarded: str, auth_conf: Callable[[Mapping[str, str]], None]
) -> None:
    auth_conf(RIGHT)
    with pytest.raises(AuthenticationFailed):
        opened(guarded, **WRONG)


@pytest.mark.parametrize("options", [{}, {"username": "fred"}])
def test_auth_conf_has_the_password_that_no_option_gives(
    guarded: str,
    auth_conf: Callable[[Mapping[str, str]], None],
    options: dict[str, str],
) -> None:
    auth_conf(RIGHT)
    opened(guarded, **options).close()


def test_user_of_the_uri_is_the_one_whom_libvirt_asks_for(guarded: str) -> None:
    at_host = guarded.replace("test://", "test://fred@")
    opened(at_host, password="hunter2").close()
    with pytest.raises(AuthenticationFailed):
        opened(at_host, username="barney", password="hunter2")


@pytest.mark.parametrize(
    "options",
    [
        {"username": "fred", "password": "wrong-secret"},
        {"username": "barney", "password": "hunter2"},
        {"username": "fred"},
        {},
    ],
)
def test_wrong_or_missing_credentials_are_told_without_the_password(
    guarded: str, options: dict[str, str]
) -> None:
    with pytest.raises(AuthenticationFailed) as refused:
        opened(guarded, **options)
    assert str(refused.value).startswith(f"{guarded}: ")
    assert "password" in str(refused.value)
    assert options.get("password", "hunter2") not in str(refused.value)


def test_libvirt_prints_nothing_of_its_own(
    guarded: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(AuthenticationFailed):
        opened(guarded)
    assert capfd.readouterr() == ("", "")


AUTHNAME, PASSPHRASE, ECHO, NOECHO = 2, 5, 6, 7


@pytest.mark.parametrize(
    ("kind", "default", "answer", "returned"),
    [
        (AUTHNAME, None, "fred", 0),
        (AUTHNAME, "root", "fred", 0),
        (PASSPHRASE, None, "hunter2", 0),
        (NOECHO, None, "hunter2", 0),
        (ECHO, None, "n", 0),
        (99, "default", "default", 0),
        (99, None, None, -1),
    ],
)
def test_questions_are_answered_by_their_kind(
    kind: int, default: str | None, answer: str | None, returned: int
) -> None:
    prompt = connection._Prompt("fred", Credentials(password="hunter2"))
    question = [kind, "Question?", "challenge", default, None]
    assert prompt([question], None) == returned
    assert question[4] == answer


def test_question_without_an_answer_takes_its_default_or_ends_it() -> None:
    prompt = connection._Prompt(None, Credentials())
    known = [AUTHNAME, "User?", "", "root", None]
    unknown = [PASSPHRASE, "Password?", "", None, None]
    assert prompt([known], None) == 0
    assert known[4] == "root"
    assert prompt([known, unknown], None) == -1


def test_kinds_of_questions_are_those_of_libvirt() -> None:
    assert (AUTHNAME, PASSPHRASE, ECHO, NOECHO) == (
        libvirt.VIR_CRED_AUTHNAME,
        libvirt.VIR_CRED_PASSPHRASE,
        libvirt.VIR_CRED_ECHOPROMPT,
        libvirt.VIR_CRED_NOECHOPROMPT,
    )


# -- time-outs ----------------------------------------------------------------------------


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port on loopback where connections are taken and nothing is said."""
    with socket.create_server(("127.0.0.1", 0), backlog=5) as server:
        yield server.getsockname()[1]


def test_host_that_stays_silent_is_given_up_in_time(silent_port: int) -> None:
    uri = f"test+tcp://127.0.0.1:{silent_port}/default"
    began = time.monotonic()
    with pytest.raises(ConnectionFailed) as failed:
        opened(uri, timeout=1)
    assert 1 <= time.monotonic() - began < 5
    assert str(failed.value) == (
        f"{uri}: no answer within 1 seconds; check that the host is up and its port is "
        "right, or allow more time with timeout."
    )


def test_closed_port_is_refused_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets it
        uri = f"test+tcp://127.0.0.1:{free.getsockname()[1]}/default"
        with pytest.raises(ConnectionFailed, match="nothing listens"):
            opened(uri, timeout=20)


def test_command_that_ends_at_once_is_told() -> None:
    with pytest.raises(ConnectionFailed, match="the other side ended"):
        opened("test+ext:///default?command=/bin/true", timeout=20)


#: remote_protocol.x and virkeepaliveprotocol.x of libvirt 9.0.0.
REMOTE, KEEPALIVE = 0x20008086, 0x6B656570
AUTH_LIST, HAS_FEATURE = 66, 60
ANSWERS = {AUTH_LIST: struct.pack(">II", 1, 0), HAS_FEATURE: struct.pack(">I", 1)}


def act_as_daemon(server: socket.socket, pinged: threading.Event) -> None:
    """Open a connection as libvirtd does, and look for its client's pings."""
    client, _address = server.accept()
    with client, suppress(OSError):
        while len(head := client.recv(28, socket.MSG_WAITALL)) == 28:
            length, program, _version, call, _type, serial, _ok = struct.unpack(
                ">7I", head
            )
            client.recv(length - 28, socket.MSG_WAITALL)
            if program == KEEPALIVE:
                pinged.set()
            else:
                answer = ANSWERS.get(call, b"")
                words = (28 + len(answer), program, 1, call, 1, serial, 0)
                client.sendall(struct.pack(">7I", *words) + answer)


@pytest.mark.parametrize("default", [False, True], ids=["by its URI", "by default"])
def test_daemon_of_this_machine_is_pinged_so_that_hanging_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, default: bool
) -> None:
    pinged = threading.Event()
    path = f"{tmp_path}/sock"
    uri = f"qemu:///system?socket={path}"
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", uri)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        work = threading.Thread(target=act_as_daemon, args=(server, pinged))
        work.start()
        parsed = None if default else ConnectionUri.parse(uri)
        conn = open_connection(parsed, Credentials(timeout=1), uri)
        assert pinged.wait(5)
        conn.close()
        work.join(5)


SECONDS = f"61.{os.getpid()}"
"""How long commands sleep: a number of this run's own, to tell them by."""

SLEEPERS = {
    "that sleeps": f"exec sleep {SECONDS}\n",
    "whose child sleeps": f"sleep {SECONDS}\nexit 0\n",
    "that won't be asked to end": f"trap '' TERM\nsleep {SECONDS} &\nwait\nwait\n",
}


@pytest.mark.skipif(
    not Path("/proc/self/task").is_dir(), reason="this system has no /proc"
)
@pytest.mark.parametrize("program", SLEEPERS.values(), ids=SLEEPERS)
def test_command_is_ended_with_its_time(tmp_path: Path, program: str) -> None:
    command = tmp_path / "connect"
    command.write_text(
        f"#!/bin/sh\n# {tmp_path.name}\necho $$ > {tmp_path}/pid\n{program}"
    )
    command.chmod(0o755)
    began = time.monotonic()
    try:
        with pytest.raises(ConnectionFailed, match="no answer within 1 seconds"):
            opened(f"test+ext:///default?command={command}", timeout=1)
        assert time.monotonic() - began < 8
        started = int((tmp_path / "pid").read_text())
        assert wait_until(
            lambda: not _left_over(started), timeout=2, clock=SystemClock()
        )
    finally:
        for process in _left_over(int((tmp_path / "pid").read_text())):
            with suppress(ProcessLookupError):
                os.kill(process, 9)


def _left_over(started: int) -> list[int]:
    """The process of that number and those that run the sleep of a test."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if SECONDS.encode() in words or (
                entry.name == str(started) and words != [b""]
            ):
                found.append(int(entry.name))
    return found


# -- what the options add to a URI ---------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "options", "expected"),
    [
        ("qemu:///system", {"username": "fred"}, "qemu:///system"),
        (
            "qemu+ssh://host/system",
            {"username": "fred"},
            "qemu+ssh://fred@host/system?no_tty=1",
        ),
        (
            "qemu+ssh://root@host/system?no_tty=0",
            {"username": "fred"},
            "qemu+ssh://fred@host/system?no_tty=0",
        ),
        (
            "qemu+libssh://host/system",
            {"username": "fred", "validate_certs": False},
            "qemu+libssh://fred@host/system",
        ),
        ("qemu+tcp://host/system", {"username": "fred"}, "qemu+tcp://host/system"),
        (
            "qemu+tls://host/system",
            {"validate_certs": False},
            "qemu+tls://host/system?no_verify=1",
        ),
        (
            "qemu://host/system",
            {"validate_certs": False},
            "qemu://host/system?no_verify=1",
        ),
        (
            "qemu+tls://host/system?no_verify=0",
            {"validate_certs": False},
            "qemu+tls://host/system?no_verify=0",
        ),
        ("qemu+tls://host/system", {"validate_certs": True}, "qemu+tls://host/system"),
        ("qemu+tls://host/system", {}, "qemu+tls://host/system"),
        ("test:///default", {"validate_certs": False}, "test:///default"),
    ],
)
def test_uri_takes_what_the_options_add(
    uri: str, options: dict[str, Any], expected: str
) -> None:
    full = connection._with_options(ConnectionUri.parse(uri), Credentials(**options))
    assert str(full) == expected


@pytest.mark.parametrize("transport", ["ssh", "libssh", "libssh2"])
def test_user_of_the_options_never_becomes_an_option_of_ssh(
    tmp_path: Path, transport: str
) -> None:
    seen = tmp_path / "seen"
    ssh = tmp_path / "ssh"
    ssh.write_text(f'#!/bin/sh\necho "$@" > {seen}\n')
    ssh.chmod(0o755)
    command = f"?command={ssh}" if transport == "ssh" else ""
    with pytest.raises(InvalidUri, match="the user begins with a -"):
        opened(
            f"test+{transport}://127.0.0.1:1/default{command}",
            username="-oProxyCommand=id",
            timeout=5,
        )
    assert not seen.exists()


# -- files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["keyfile", "command", "authfile", "pkipath"])
def test_file_of_the_uri_that_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    uri = ConnectionUri.parse(f"qemu+ssh://host/system?{name}={path}")
    with pytest.raises(ConnectionFailed) as failed:
        check_files(uri, "U")
    assert str(failed.value) == (
        f"U: there is no file {path} on this machine; "
        f"correct {name}=, which is read where the URI is opened."
    )
    path.touch()
    check_files(uri, "U")


def test_command_that_is_looked_for_in_the_path_is_no_file() -> None:
    check_files(ConnectionUri.parse("qemu+ssh://host/system?command=ssh"), "U")
    check_files(ConnectionUri.parse("qemu+ssh://host/system?socket=/no/such"), "U")


@pytest.fixture
def pki(tmp_path: Path) -> dict[str, str]:
    """The three files of TLS, under names of their own."""
    files = {"ca_path": "ca.crt", "client_cert": "me.crt", "client_key": "me.key"}
    for option, name in files.items():
        (tmp_path / name).write_text(option)
    return {option: str(tmp_path / name) for option, name in files.items()}


def certificates(uri: str, **options: Any) -> Any:
    return connection._with_certificates(
        ConnectionUri.parse(uri), Credentials(**options), "U"
    )


def test_certificates_lie_in_a_folder_of_libvirts_names_meanwhile(
    pki: dict[str, str],
) -> None:
    with certificates("qemu+tls://host/system", **pki) as uri:
        folder = Path(uri.param("pkipath"))
        found = {path.name: path.read_text() for path in folder.iterdir()}
        assert folder.stat().st_mode & 0o077 == 0
    assert found == {
        "cacert.pem": "ca_path",
        "clientcert.pem": "client_cert",
        "clientkey.pem": "client_key",
    }
    assert not folder.exists()
    assert all(Path(path).exists() for path in pki.values())


def test_folder_of_certificates_goes_after_a_failure_too(
    pki: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    with pytest.raises(ConnectionFailed) as failed:
        opened("test+tls://127.0.0.1:1/default", timeout=20, **pki)
    assert "hypervisor-connect-" not in failed.value.what.split("(libvirt")[0]
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "uri",
    [
        "test:///default",
        "qemu+ssh://host/system",
        "qemu+tcp://host/system",
        "qemu+tls://host/system?pkipath=/etc/pki",
    ],
)
def test_uri_without_tls_or_with_a_pkipath_needs_no_folder(
    pki: dict[str, str], uri: str
) -> None:
    with certificates(uri, **pki) as full:
        assert full == ConnectionUri.parse(uri)


def test_certificates_come_all_three_or_none(pki: dict[str, str]) -> None:
    with certificates("qemu+tls://host/system") as full:
        assert str(full) == "qemu+tls://host/system"
    with (
        pytest.raises(ConnectionFailed, match="client_cert and client_key not given"),
        certificates("qemu+tls://host/system", ca_path=pki["ca_path"]),
    ):
        pass


def test_certificate_that_is_not_there_is_named(pki: dict[str, str]) -> None:
    Path(pki["client_key"]).unlink()
    with (
        pytest.raises(ConnectionFailed, match=r"me\.key: there is no such file"),
        certificates("qemu+tls://host/system", **pki),
    ):
        pass
