# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each way in that leads nowhere has its own sentence: real sockets, real certificates."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("winrm", reason="pywinrm is not installed")

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.credentials import (
    Credentials,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.hyperv import (
    HypervEndpoint,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman import channel
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.session import (
    Session,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.transport_errors import (
    ConnectFailed,
    ConnectionBroken,
    PywinrmMissing,
    SignInFailed,
    TransportError,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._wsman.listener import (
    PASSWORD,
    USER,
    Listener,
    Policy,
    Reply,
    ntlm_users,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._wsman.realm import (
    certificate,
    server_context,
    ssl,
)

BASIC = ('Basic realm="WSMAN"',)


@pytest.fixture(autouse=True)
def _users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{tmp_path}/none")
    ntlm_users(tmp_path, monkeypatch)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def refusal(
    port: int, *, scheme: str = "http", host: str = "127.0.0.1", **options: Any
) -> TransportError:
    """What opening a session and sending one envelope ends in."""
    given = {"username": USER, "password": PASSWORD, "timeout": 5, **options}
    with (
        pytest.raises(TransportError) as caught,
        Session.open(
            HypervEndpoint(scheme, host, port), Credentials(**given)
        ) as session,
    ):
        session.send(b"<e/>", repeatable=False, operation_timeout=2)
    error = caught.value
    assert error.where == f"{scheme}://{host}:{port}/wsman"
    assert error.remedy
    assert error.details == {"reason": error.reason}
    return error


# -- there is nothing, or something else ----------------------------------------------


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    error = refusal(port)
    assert (type(error), error.reason) == (ConnectFailed, "refused")
    assert "nothing listens" in error.what
    assert "winrm_https_listener" in str(error)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70 + ".invalid"])
def test_name_is_not_known(host: str) -> None:
    error = refusal(5985, host=host)
    assert (type(error), error.reason) == (ConnectFailed, "name")


def test_packets_vanish(stack: ExitStack) -> None:
    """A listener with a full queue answers no more SYNs, as a firewall that drops them."""
    full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
    for _round in range(4):
        waiting = stack.enter_context(socket.socket())
        waiting.setblocking(False)
        waiting.connect_ex(full.getsockname())
    error = refusal(full.getsockname()[1], timeout=1)
    assert (type(error), error.reason) == (ConnectFailed, "connect_timeout")
    assert "firewall" in str(error)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_port_that_accepts_and_stays_silent(scheme: str, stack: ExitStack) -> None:
    silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    error = refusal(silent.getsockname()[1], scheme=scheme, timeout=1)
    assert (type(error), error.reason) == (ConnectFailed, "timeout")


@pytest.mark.parametrize(
    ("reply", "reason", "word"),
    [
        (Reply(b"", 404), "not_winrm", "no WinRM"),
        (Reply(b"<html>", 200, content_type="text/html"), "not_winrm", "text/html"),
        (Reply(b"", 301, {"Location": "https://web/"}), "not_winrm", "https://web/"),
        (Reply(b"", 405), "not_winrm", "no WinRM"),
        (Reply(b"", 500), "not_winrm", "HTTP 500"),
        (Reply(b"", 503), "busy", "not available"),
        (Reply(raw=b"SSH-2.0-OpenSSH_9.2\r\n"), "not_http", "not answer in HTTP"),
        (Reply(raw=b""), "hung_up", "closed the connection"),
        (Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<"), "cut_off", "broke off"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("auth", ["auto", "ntlm", "basic"])
def test_something_else_answers(
    reply: Reply, reason: str, word: str, auth: str
) -> None:
    with Listener(Policy(anonymous=reply)) as other:
        error = refusal(other.port, auth=auth)
    assert (type(error), error.reason) == (ConnectFailed, reason)
    assert word in error.what
    assert not any("Authorization" in seen.headers for seen in other.seen)


@pytest.mark.parametrize("auth", ["auto", "ntlm", "basic"])
def test_tls_to_a_plain_listener(auth: str) -> None:
    with Listener() as host:
        error = refusal(host.port, scheme="https", auth=auth)
    assert (type(error), error.reason) == (ConnectFailed, "plain_listener")
    assert "?transport=http" in str(error)


@pytest.mark.parametrize("auth", ["auto", "ntlm", "basic"])
def test_plain_http_to_a_tls_listener(auth: str, tmp_path: Path) -> None:
    tls = server_context(*certificate(tmp_path, "host", "IP:127.0.0.1"))
    with Listener(tls=tls) as host:
        error = refusal(host.port, auth=auth)
    assert (type(error), error.reason) == (ConnectFailed, "tls_listener")
    assert "speaks TLS" in error.what


# -- certificates ---------------------------------------------------------------------


def test_self_signed_certificate(tmp_path: Path) -> None:
    files = certificate(tmp_path, "host", "IP:127.0.0.1")
    with Listener(tls=server_context(*files)) as host:
        error = refusal(host.port, scheme="https")
        assert (type(error), error.reason) == (ConnectFailed, "certificate")
        assert "self-signed" in error.what
        assert "ca_path" in str(error)
        assert host.seen == []
        for no_verify, validate in ((True, None), (False, False)):
            endpoint = HypervEndpoint(
                "https", "127.0.0.1", host.port, no_verify=no_verify
            )
            given = Credentials(
                username=USER, password=PASSWORD, validate_certs=validate
            )
            with Session.open(endpoint, given) as session:
                assert session.sign_ins == 1


def test_certificate_of_another_host(tmp_path: Path) -> None:
    files = certificate(tmp_path, "host", "DNS:other.example")
    with Listener(tls=server_context(*files)) as host:
        error = refusal(host.port, scheme="https", ca_path=files[0])
    assert (type(error), error.reason) == (ConnectFailed, "certificate_name")
    assert "not made out to 127.0.0.1" in error.what


def test_ca_path_without_certificates(tmp_path: Path) -> None:
    files = certificate(tmp_path, "host", "IP:127.0.0.1")
    with Listener(tls=server_context(*files)) as host:
        error = refusal(host.port, scheme="https", ca_path=files[1])
    assert (type(error), error.reason) == (ConnectFailed, "ca_path")


def test_client_certificate_that_the_host_does_not_map(tmp_path: Path) -> None:
    files = certificate(tmp_path, "host", "IP:127.0.0.1")
    client = certificate(tmp_path, "client", "DNS:client")
    other = certificate(tmp_path, "other", "DNS:other")
    tls = server_context(*files)
    tls.load_verify_locations(client[0])
    tls.verify_mode = ssl.CERT_OPTIONAL
    options = {
        "scheme": "https", "ca_path": files[0], "auth": "certificate",
        "client_cert": client[0],
    }  # fmt: skip
    with Listener(tls=tls) as host:
        error = refusal(host.port, client_key=client[1], **options)
        assert (type(error), error.reason) == (SignInFailed, "refused")
        assert "certmapping" in str(error)
        error = refusal(host.port, client_key=other[1], **options)
        assert (type(error), error.reason) == (ConnectFailed, "client_certificate")


def test_client_key_with_a_passphrase_asks_nobody(tmp_path: Path) -> None:
    files = certificate(tmp_path, "host", "IP:127.0.0.1")
    locked = str(tmp_path / "locked.key")
    subprocess.run(
        ["openssl", "ec", "-in", files[1], "-aes256", "-passout", "pass:x", "-out", locked],
        check=True, capture_output=True,
    )  # fmt: skip
    with Listener(tls=server_context(*files)) as host:
        error = refusal(
            host.port, scheme="https", ca_path=files[0], auth="certificate",
            client_cert=files[0], client_key=locked,
        )  # fmt: skip
    assert (type(error), error.reason) == (ConnectFailed, "client_certificate")
    assert "passphrase" in str(error)


# -- the user is not let in -----------------------------------------------------------


@pytest.mark.parametrize("auth", ["auto", "ntlm"])
@pytest.mark.parametrize("user", [USER, "HV1\\nobody", "nobody"])
def test_wrong_password_or_user_over_ntlm(auth: str, user: str) -> None:
    with Listener() as host:
        error = refusal(host.port, auth=auth, username=user, password="wrong")
    assert (type(error), error.reason) == (SignInFailed, "refused")
    assert user in error.what
    assert "expired" in error.what


def test_wrong_password_over_basic_tells_of_domain_accounts(tmp_path: Path) -> None:
    files = certificate(tmp_path, "host", "IP:127.0.0.1")
    with Listener(Policy(schemes=BASIC), tls=server_context(*files)) as host:
        error = refusal(
            host.port, scheme="https", ca_path=files[0], auth="basic", password="wrong"
        )
    assert (type(error), error.reason) == (SignInFailed, "refused")
    assert "local accounts" in str(error)


def test_basic_is_disabled() -> None:
    with Listener() as host:
        error = refusal(host.port, auth="basic")
    assert (type(error), error.reason) == (SignInFailed, "not_offered")
    assert "hypervisor.connect.winrm_basic_auth" in str(error)


@pytest.mark.parametrize("auth", ["ntlm", "kerberos", "credssp"])
def test_other_kinds_are_disabled(auth: str) -> None:
    if auth == "kerberos":
        pytest.importorskip("kerberos", reason="pykerberos is not installed")
    with Listener(Policy(schemes=BASIC)) as host:
        error = refusal(host.port, auth=auth)
    wanted = "no_ticket" if auth == "kerberos" else "not_offered"
    assert (type(error), error.reason) == (SignInFailed, wanted)


def test_basic_over_http_while_unencrypted_messages_are_not_allowed() -> None:
    with Listener(Policy(schemes=BASIC)) as host:
        error = refusal(host.port, auth="basic")
    assert (type(error), error.reason) == (SignInFailed, "refused")
    assert "AllowUnencrypted" in error.what
    assert "hypervisor.connect.winrm_allow_unencrypted" in str(error)


def test_ntlm_without_encryption_while_that_is_not_allowed() -> None:
    with Listener() as host:
        error = refusal(host.port, message_encryption="never")
    assert (type(error), error.reason) == (SignInFailed, "unencrypted")
    assert "hypervisor.connect.winrm_allow_unencrypted" in str(error)


def test_empty_500_to_an_encrypted_request() -> None:
    with Listener(Policy(answer=lambda _: Reply(b"", 500))) as host:
        error = refusal(host.port)
    assert (type(error), error.reason) == (ConnectionBroken, "empty_500")


def test_html_in_the_middle_may_have_been_carried_out() -> None:
    page = Reply(b"<html>", content_type="text/html", sealed=False)
    with Listener(Policy(answer=lambda _: page)) as host:
        error = refusal(host.port)
    assert (type(error), error.reason) == (ConnectionBroken, "not_winrm")


def test_answer_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "LARGEST_ANSWER", 1000)
    policy = Policy(
        schemes=BASIC, allow_unencrypted=True, answer=lambda _: Reply(b"x" * 2000)
    )
    with Listener(policy) as host:
        error = refusal(host.port, auth="basic")
    assert (type(error), error.reason) == (ConnectionBroken, "huge")


def test_answer_in_drops_ends() -> None:
    class Hasty:
        """A clock on which every look takes 10 s."""

        time = 0.0

        def now(self) -> float:
            self.time += 10
            return self.time

        def sleep(self, seconds: float) -> None:
            raise AssertionError("a slow answer is not asked for again")

    big = Reply(b"x" * 1_000_000)
    policy = Policy(schemes=BASIC, allow_unencrypted=True, answer=lambda _: big)
    with Listener(policy) as host:
        endpoint = HypervEndpoint("http", "127.0.0.1", host.port)
        given = Credentials(username=USER, password=PASSWORD, auth="basic", timeout=5)
        session = Session.open(endpoint, given, clock=Hasty())
        with session, pytest.raises(ConnectionBroken) as caught:
            session.send(b"<e/>", repeatable=True, operation_timeout=2)
    assert caught.value.reason == "timeout"


# -- pywinrm --------------------------------------------------------------------------


def test_pywinrm_missing_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    channel.libraries.cache_clear()
    monkeypatch.setitem(sys.modules, "winrm.transport", None)
    with pytest.raises(PywinrmMissing, match="PyPI: pywinrm"):
        Session.open(HypervEndpoint("http", "127.0.0.1", 1), Credentials())
    channel.libraries.cache_clear()


@pytest.mark.parametrize(
    ("auth", "part"), [("kerberos", "KERBEROS"), ("credssp", "CREDSSP")]
)
def test_part_of_pywinrm_missing_is_one_sentence(
    auth: str, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel.libraries().transport, f"HAVE_{part}", False)
    given = Credentials(username=USER, password=PASSWORD, auth=auth)
    with (
        Listener(Policy(schemes=("CredSSP",))) as host,
        pytest.raises(PywinrmMissing, match=rf"pywinrm\[{auth}\]"),
    ):
        Session.open(HypervEndpoint("http", "127.0.0.1", host.port), given)


def test_auto_does_without_kerberos_where_it_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(channel.libraries().transport, "HAVE_KERBEROS", False)
    with Listener() as host:
        error = refusal(host.port, username="admin@NOWHERE.EXAMPLE")
    assert error.reason == "refused"  # by NTLM, which does not know that user


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"auth": "basic", "message_encryption": "always"}, "can't encrypt"),
        ({"auth": "certificate", "client_cert": "x"}, "HTTPS alone"),
        ({"auth": "ntlm", "password": None}, "needs a password"),
        ({"auth": "basic", "username": None}, "needs a user"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_anything_is_sent(
    options: dict[str, Any], word: str
) -> None:
    given = {"username": USER, "password": PASSWORD, **options}
    with Listener() as host:
        endpoint = HypervEndpoint("http", "127.0.0.1", host.port)
        with pytest.raises(HypervisorConnectError, match=word):
            Session.open(endpoint, Credentials(**given))
    assert host.connections == 0


@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "],
)
def test_host_that_drips_its_answer_is_left_in_time(
    start: bytes, stack: ExitStack
) -> None:
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    over = threading.Event()
    stack.callback(over.set)

    def drip() -> None:
        with suppress(OSError):
            connection, _address = listener.accept()
            connection.sendall(start)
            while not over.wait(0.2):
                connection.sendall(b"x")

    threading.Thread(target=drip, daemon=True).start()
    before = time.monotonic()
    refusal(listener.getsockname()[1], auth="ntlm", timeout=1)
    assert time.monotonic() - before < 15
