# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The session on real sockets: every kind of sign-in, the bytes on the wire, repetitions."""

from __future__ import annotations

import base64
import logging
import os
import threading
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
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.kerberos import (
    NoTicket,
    ticket,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.session import (
    Failure,
    Session,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.transport_errors import (
    ConnectFailed,
    ConnectionBroken,
    RequestRefused,
    SignInFailed,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._wsman import (
    realm as kerberos,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._wsman.listener import (
    PASSWORD,
    USER,
    Listener,
    Policy,
    Relay,
    Reply,
    ntlm_users,
)

ENVELOPE = b"<s:Envelope>Msvm_ComputerSystem \xc3\xa4</s:Envelope>"
BASIC = ('Basic realm="WSMAN"',)
EVERY = ("Negotiate", "Kerberos", *BASIC, "CredSSP")


class TestClock:
    """A clock that stands still and counts what is slept."""

    __test__ = False

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("KRB5"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{tmp_path}/none")
    ntlm_users(tmp_path, monkeypatch)


@pytest.fixture
def credssp(tmp_path: Path) -> Any:
    tls = pytest.importorskip("spnego.tls")
    pytest.importorskip("requests_credssp", reason="requests-credssp is not installed")
    pem, key, public = tls.generate_tls_certificate()
    file = tmp_path / "credssp.pem"
    file.write_bytes(pem + key)
    context = kerberos.server_context(str(file), str(file))
    return tls.CredSSPTLSContext(context=context, public_key=public)


def opened(
    port: int, *, scheme: str = "http", host: str = "127.0.0.1", **options: Any
) -> Session:
    clock = options.pop("clock", None)
    given = {"username": USER, "password": PASSWORD, "timeout": 5, **options}
    endpoint = HypervEndpoint(scheme, host, port)
    return Session.open(endpoint, Credentials(**given), clock=clock)


def sent(
    session: Session, envelope: bytes = ENVELOPE, *, repeatable: bool = False
) -> bytes:
    return session.send(envelope, repeatable=repeatable, operation_timeout=2)


def echo(envelope: bytes) -> bytes:
    return b"<echo>" + envelope + b"</echo>"


# -- kinds of sign-in -----------------------------------------------------------------


@pytest.mark.parametrize("auth", ["auto", "ntlm"])
def test_ntlm_over_http_encrypts_every_message(auth: str) -> None:
    with (
        Listener(Policy(schemes=EVERY)) as host,
        opened(host.port, auth=auth) as session,
    ):
        assert [sent(session) for _round in range(3)] == [echo(ENVELOPE)] * 3
        assert (session.auth, session.encrypted, session.warnings) == ("ntlm", True, ())
        assert [seen.sealed for seen in host.envelopes] == [True] * 3


def test_one_tcp_connection_carries_probe_sign_in_and_all_envelopes() -> None:
    with Listener(Policy(schemes=EVERY)) as host, opened(host.port) as session:
        for _round in range(5):
            sent(session)
        assert host.connections == 1
        assert (session.requests, session.sign_ins) == (5, 1)


def test_counters_hold_the_bytes_on_the_wire() -> None:
    policy = Policy(schemes=BASIC, allow_unencrypted=True)
    with Listener(policy) as host, opened(host.port, auth="basic") as session:
        sent(session)
        assert session.bytes_sent == len(ENVELOPE)
        assert session.bytes_received == len(echo(ENVELOPE))


def test_basic_over_http_works_where_asked_for_and_warns() -> None:
    policy = Policy(schemes=BASIC, allow_unencrypted=True)
    with Listener(policy) as host, opened(host.port, auth="basic") as session:
        assert sent(session) == echo(ENVELOPE)
        assert "in the clear" in session.warnings[0]
        assert "winrm_https_listener" in session.warnings[0]
        assert not session.encrypted


def test_basic_takes_a_password_beyond_latin_1() -> None:
    policy = Policy(schemes=BASIC, allow_unencrypted=True, users={"admin": "пароль"})
    with (
        Listener(policy) as host,
        opened(host.port, auth="basic", username="admin", password="пароль") as session,
    ):
        assert sent(session) == echo(ENVELOPE)


def test_messages_go_unencrypted_where_never_is_asked_for_with_a_warning() -> None:
    policy = Policy(allow_unencrypted=True)
    with (
        Listener(policy) as host,
        opened(host.port, message_encryption="never") as session,
    ):
        assert sent(session) == echo(ENVELOPE)
        assert not host.envelopes[0].sealed
        assert "message_encryption is never" in session.warnings[0]


def test_credssp_encrypts_answers_of_many_chunks(credssp: Any) -> None:
    big = b"<x>" + b"y" * 40000 + b"</x>"
    policy = Policy(schemes=("CredSSP",), credssp=credssp)
    with Listener(policy) as host, opened(host.port, auth="credssp") as session:
        assert sent(session, big) == echo(big)
        assert host.envelopes[0].sealed


def test_credssp_tells_a_wrong_password_from_its_nt_status(credssp: Any) -> None:
    policy = Policy(schemes=("CredSSP",), credssp=credssp)
    with Listener(policy) as host, pytest.raises(SignInFailed) as caught:
        opened(host.port, auth="credssp", password="wrong")
    assert caught.value.reason == "refused"
    assert "the user or the password is wrong" in caught.value.what


@pytest.mark.parametrize("auth", ["auto", "ntlm", "basic"])
def test_tls_with_ca_path_checks_the_certificate_and_needs_no_encryption(
    auth: str, tmp_path: Path
) -> None:
    files = kerberos.certificate(tmp_path, "host", "IP:127.0.0.1")
    policy = Policy(schemes=EVERY)
    with (
        Listener(policy, tls=kerberos.server_context(*files)) as host,
        opened(host.port, scheme="https", ca_path=files[0], auth=auth) as session,
    ):
        assert sent(session) == echo(ENVELOPE)
        assert (session.encrypted, session.warnings) == (False, ())
        assert host.connections == 1


def test_auto_over_tls_takes_basic_where_nothing_else_is_offered(
    tmp_path: Path,
) -> None:
    files = kerberos.certificate(tmp_path, "host", "IP:127.0.0.1")
    with (
        Listener(Policy(schemes=BASIC), tls=kerberos.server_context(*files)) as host,
        opened(host.port, scheme="https", ca_path=files[0]) as session,
    ):
        assert sent(session) == echo(ENVELOPE)
        assert session.auth == "basic"


def test_always_encrypts_over_tls_too(tmp_path: Path) -> None:
    files = kerberos.certificate(tmp_path, "host", "IP:127.0.0.1")
    with (
        Listener(tls=kerberos.server_context(*files)) as host,
        opened(
            host.port, scheme="https", ca_path=files[0], message_encryption="always"
        ) as session,
    ):
        sent(session)
        assert host.envelopes[0].sealed


@pytest.mark.parametrize("auth", ["auto", "certificate"])
def test_certificate_signs_in_without_a_password(auth: str, tmp_path: Path) -> None:
    files = kerberos.certificate(tmp_path, "host", "IP:127.0.0.1")
    client = kerberos.certificate(tmp_path, "client", "DNS:client")
    tls = kerberos.server_context(*files)
    tls.load_verify_locations(client[0])
    tls.verify_mode = kerberos.ssl.CERT_OPTIONAL
    with (
        Listener(Policy(certificates=True), tls=tls) as host,
        opened(
            host.port, scheme="https", ca_path=files[0], auth=auth, username=None,
            password=None, client_cert=client[0], client_key=client[1],
        ) as session,
    ):  # fmt: skip
        assert sent(session) == echo(ENVELOPE)
        assert session.auth == "certificate"
        assert host.envelopes[0].user == "certificate"


class TestKerberos:
    def test_sign_in(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """By password, by ticket, by auto, and refused: one KDC serves them all."""
        policy = Policy(hostname="localhost")
        user = {"host": "localhost", "username": kerberos.PRINCIPAL}
        with kerberos.realm(tmp_path, monkeypatch), Listener(policy) as host:
            for auth in ("kerberos", "auto"):
                with opened(
                    host.port, auth=auth, password=kerberos.PASSWORD, **user
                ) as session:
                    assert [sent(session), sent(session)] == [echo(ENVELOPE)] * 2
                    assert (session.auth, session.encrypted) == ("kerberos", True)
                    host.hang_up()
                    assert sent(session) == echo(ENVELOPE)
            assert all(seen.sealed for seen in host.envelopes)
            assert host.envelopes[0].user == kerberos.PRINCIPAL

            with pytest.raises(SignInFailed, match=r"[Pp]assword incorrect"):
                opened(host.port, password="wrong", **user)
            with pytest.raises(SignInFailed, match="the password has expired"):
                opened(
                    host.port, host="localhost", password=kerberos.PASSWORD,
                    username=f"expired@{kerberos.REALM}",
                )  # fmt: skip
            with pytest.raises(
                SignInFailed, match="no Kerberos ticket for HTTP/localhost"
            ):
                opened(host.port, auth="kerberos", password=None, **user)
            with pytest.raises(SignInFailed, match="no Kerberos ticket for HTTP/127"):
                opened(host.port, auth="kerberos", password=kerberos.PASSWORD,
                       username=kerberos.PRINCIPAL)  # fmt: skip

            kerberos.subprocess.run(
                ["kinit", kerberos.PRINCIPAL],
                input=kerberos.PASSWORD.encode(), check=True, capture_output=True,
            )  # fmt: skip
            with opened(
                host.port, host="localhost", username=None, password=None
            ) as session:
                assert sent(session) == echo(ENVELOPE)
                assert session.auth == "kerberos"


def test_auto_falls_back_to_ntlm_where_no_kdc_knows_the_realm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = tmp_path / "others"
    users.write_text(f":admin@NOWHERE.EXAMPLE:{PASSWORD}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))
    (tmp_path / "krb5.conf").write_text("[libdefaults]\ndns_lookup_kdc = false\n")
    monkeypatch.setenv("KRB5_CONFIG", str(tmp_path / "krb5.conf"))
    with Listener() as host:
        session = opened(host.port, username="admin@NOWHERE.EXAMPLE")
        with session:
            assert session.auth == "ntlm"


def test_ticket_needs_kinit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoTicket, match="krb5-user"), ticket("admin@X", "secret"):
        pass


# -- what may be read on the wire -----------------------------------------------------


def forms(secret: str) -> list[bytes]:
    """What a text looks like on the wire, as it is and in the usual encodings."""
    plain = [secret.encode(), secret.encode("utf-16-le")]
    coded = [base64.b64encode(b"x" * pad + p)[4:-4] for p in plain for pad in range(3)]
    return plain + coded


@pytest.mark.parametrize("auth", ["auto", "ntlm"])
def test_ntlm_over_http_lets_nothing_be_read_on_the_wire(auth: str) -> None:
    with (
        Listener(Policy(schemes=EVERY)) as host,
        Relay(host.port) as relay,
        opened(relay.port, auth=auth) as session,
    ):
        assert sent(session) == echo(ENVELOPE)
        wire = relay.bytes_up + relay.bytes_down
    assert b"multipart/encrypted" in wire
    for secret in (PASSWORD, "Msvm_ComputerSystem", "<echo><s:Envelope>"):
        assert not [form for form in forms(secret) if form in wire]
    assert b"Authorization: Basic" not in wire


def test_basic_over_http_shows_that_the_wire_is_looked_at_rightly() -> None:
    policy = Policy(schemes=BASIC, allow_unencrypted=True)
    with (
        Listener(policy) as host,
        Relay(host.port) as relay,
        opened(relay.port, auth="basic") as session,
    ):
        sent(session)
        wire = relay.bytes_up + relay.bytes_down
    token = base64.b64encode(f"{USER}:{PASSWORD}".encode())
    assert b"Authorization: Basic " + token in wire
    assert b"Msvm_ComputerSystem" in wire


@pytest.mark.parametrize("schemes", [BASIC, (*BASIC, "CredSSP"), ()])
@pytest.mark.parametrize("with_netrc", [False, True])
def test_auto_never_sends_basic_over_http(
    schemes: tuple[str, ...],
    with_netrc: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if with_netrc:
        netrc = tmp_path / "netrc"
        netrc.write_text(f"machine 127.0.0.1 login admin password {PASSWORD}\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
    policy = Policy(schemes=schemes, allow_unencrypted=True)
    with Listener(policy) as host, Relay(host.port) as relay:
        with pytest.raises(SignInFailed) as caught:
            opened(relay.port)
        wire = relay.bytes_up
    assert caught.value.reason == "nothing_fits"
    assert wire.startswith(b"POST /wsman")
    assert b"Authorization" not in wire


def test_basic_is_not_sent_to_a_host_that_does_not_offer_it() -> None:
    with Listener() as host, Relay(host.port) as relay:
        with pytest.raises(SignInFailed, match="winrm_basic_auth"):
            opened(relay.port, auth="basic")
        assert b"Authorization" not in relay.bytes_up


@pytest.mark.parametrize("auth", ["basic", "ntlm", "credssp"])
def test_no_secret_is_in_logs_representations_or_errors(
    auth: str, caplog: pytest.LogCaptureFixture, credssp: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    policy = Policy(schemes=EVERY, allow_unencrypted=True, credssp=credssp)
    with Listener(policy) as host:
        with opened(host.port, auth=auth) as session:
            sent(session)
            texts = [repr(session), repr(session._settings), caplog.text]
        with (
            pytest.raises(SignInFailed) as caught,
            opened(host.port, auth=auth, password=PASSWORD + "!") as session,
        ):
            sent(session)
        texts += [str(caught.value), repr(caught.value), repr(caught.value.details)]
    written = "".join(texts).encode()
    assert b"/wsman" in written
    assert not [form for form in forms(PASSWORD) if form in written]


# -- what is sent twice, and what is not ----------------------------------------------


@pytest.mark.parametrize("auth", ["ntlm", "basic"])
def test_connection_that_was_closed_meanwhile_is_opened_anew(auth: str) -> None:
    policy = Policy(schemes=("Negotiate", *BASIC), allow_unencrypted=True)
    with Listener(policy) as host, opened(host.port, auth=auth) as session:
        sent(session)
        host.hang_up()
        assert sent(session) == echo(ENVELOPE)
        assert session.sign_ins == (2 if auth == "ntlm" else 1)


class Script:
    """Answers, one after the other; echoes at their end."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.calls = 0

    def __call__(self, envelope: bytes) -> Reply:
        self.calls += 1
        return self.replies.pop(0) if self.replies else Reply(echo(envelope))


HANG_UP = Reply(raw=b"")
CUT_OFF = Reply(
    raw=b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\n"
    b"Content-Length: 500\r\n\r\n<s:Envelope>"
)


@pytest.mark.parametrize("reply", [HANG_UP, CUT_OFF])
def test_method_is_never_sent_twice_after_its_answer_was_lost(reply: Reply) -> None:
    script, clock = Script(reply), TestClock()
    with (
        Listener(Policy(answer=script)) as host,
        opened(host.port, clock=clock) as session,
    ):
        with pytest.raises(ConnectionBroken):
            sent(session)
        assert (script.calls, session.requests) == (1, 1)
        assert sent(session) == echo(ENVELOPE)


@pytest.mark.parametrize("reply", [HANG_UP, CUT_OFF])
def test_query_is_sent_twice_after_its_answer_was_lost(reply: Reply) -> None:
    script, clock = Script(reply), TestClock()
    with (
        Listener(Policy(answer=script)) as host,
        opened(host.port, clock=clock) as session,
    ):
        assert sent(session, repeatable=True) == echo(ENVELOPE)
        assert (script.calls, clock.slept) == (2, [0.5])


def test_query_is_not_sent_a_third_time() -> None:
    script = Script(HANG_UP, HANG_UP, HANG_UP)
    with (
        Listener(Policy(answer=script)) as host,
        opened(host.port, clock=TestClock()) as session,
    ):
        with pytest.raises(ConnectionBroken, match="closed the connection"):
            sent(session, repeatable=True)
        assert script.calls == 2


def test_401_in_the_middle_is_mended_by_one_new_sign_in() -> None:
    script = Script(Reply(echo(b"")), Reply(b"", 401))
    with Listener(Policy(answer=script)) as host, opened(host.port) as session:
        sent(session)
        assert sent(session) == echo(ENVELOPE)
        assert (script.calls, session.sign_ins) == (3, 2)


def test_401_after_a_new_sign_in_is_the_end() -> None:
    script = Script(Reply(echo(b"")), *[Reply(b"", 401)] * 9)
    with Listener(Policy(answer=script)) as host, opened(host.port) as session:
        sent(session)
        with pytest.raises(SignInFailed):
            sent(session)
        assert script.calls == 3


@pytest.mark.parametrize(
    ("header", "repeatable", "slept", "calls"),
    [
        ("1", False, [1.0], 2),
        ("5", False, [5.0], 2),
        ("6", True, [], 1),
        ("Wed, 21 Oct 2026 07:28:00 GMT", True, [], 1),
        (None, True, [0.5], 2),
        (None, False, [], 1),
    ],
)
def test_503_is_waited_for_where_it_says_a_short_time(
    header: str | None, repeatable: bool, slept: list[float], calls: int
) -> None:
    headers = {"Retry-After": header} if header else {}
    script, clock = Script(Reply(b"", 503, headers)), TestClock()
    with (
        Listener(Policy(answer=script)) as host,
        opened(host.port, clock=clock) as session,
    ):
        if calls == 2:
            assert sent(session, repeatable=repeatable) == echo(ENVELOPE)
        else:
            with pytest.raises(ConnectFailed, match="not available"):
                sent(session, repeatable=repeatable)
    assert (script.calls, clock.slept) == (calls, slept)


def test_503_that_lasts_ends() -> None:
    script = Script(*[Reply(b"", 503, {"Retry-After": "0"})] * 9)
    with (
        Listener(Policy(answer=script)) as host,
        opened(host.port, clock=TestClock()) as session,
    ):
        with pytest.raises(ConnectFailed):
            sent(session)
        assert script.calls == 3


def test_silent_host_ends_after_the_timeout_and_is_not_asked_again() -> None:
    release = threading.Event()

    def wait(_envelope: bytes) -> Reply:
        release.wait(5)
        return Reply(b"<late/>")

    with Listener(Policy(answer=wait)) as host:
        session = opened(host.port, timeout=1)
        with session, pytest.raises(ConnectionBroken, match="within 1 s"):
            session.send(ENVELOPE, repeatable=True, operation_timeout=0.5)
        release.set()
        assert len(host.envelopes) == 1


def test_read_timeout_is_longer_than_the_operation_timeout() -> None:
    with Listener() as host, opened(host.port, timeout=10) as session:
        assert session.operation_timeout == 8.0
        assert session.send(ENVELOPE, repeatable=False, operation_timeout=60)


def test_fault_is_handed_on_encrypted_or_not() -> None:
    policy = Policy(answer=lambda _: Reply(b"<s:Fault/>", 500))
    with Listener(policy) as host, opened(host.port) as session:
        assert sent(session) == b"<s:Fault/>"


def test_answer_in_the_clear_to_an_encrypted_request_is_not_trusted() -> None:
    policy = Policy(answer=lambda _: Reply(b"<s:Envelope/>", sealed=False))
    with (
        Listener(policy) as host,
        opened(host.port) as session,
        pytest.raises(ConnectionBroken, match="can't be trusted") as caught,
    ):
        sent(session)
    assert caught.value.reason == "untrusted"


@pytest.mark.parametrize(
    "content_type",
    [
        'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";'
        'boundary="Encrypted Boundary"',
        'multipart/encrypted;protocol="x"',
    ],
)
def test_forged_encryption_is_not_trusted(content_type: str) -> None:
    forged = Reply(b"<s:Envelope/>", content_type=content_type, sealed=False)
    with (
        Listener(Policy(answer=lambda _: forged)) as host,
        opened(host.port) as session,
        pytest.raises(ConnectionBroken, match="can't be trusted"),
    ):
        sent(session)


def test_100_continue_before_the_answer_is_passed_over() -> None:
    body = echo(ENVELOPE)
    raw = (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: %d\r\n"
        b"Content-Type: application/soap+xml\r\n\r\n%s" % (len(body), body)
    )
    policy = Policy(
        schemes=BASIC, allow_unencrypted=True, answer=lambda _: Reply(raw=raw)
    )
    with Listener(policy) as host, opened(host.port, auth="basic") as session:
        assert sent(session) == body


def test_request_that_is_too_large_is_refused() -> None:
    policy = Policy(answer=lambda _: Reply(b"", 413))
    with (
        Listener(policy) as host,
        opened(host.port) as session,
        pytest.raises(RequestRefused, match="MaxEnvelopeSizekb"),
    ):
        sent(session)


def test_threads_take_turns() -> None:
    with Listener() as host, opened(host.port) as session:
        answers: list[bytes] = []
        threads = [
            threading.Thread(
                target=lambda n=n: answers.append(sent(session, b"<%d/>" % n))
            )
            for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert sorted(answers) == [echo(b"<%d/>" % n) for n in range(8)]
        assert (host.connections, session.sign_ins) == (1, 1)


def test_close_twice_does_nothing_and_the_next_envelope_signs_in_anew() -> None:
    with Listener() as host, opened(host.port) as session:
        session.close()
        session.close()
        assert sent(session) == echo(ENVELOPE)
        assert session.sign_ins == 2


def test_host_that_is_gone_is_told_as_such() -> None:
    with Listener() as host:
        session = opened(host.port, clock=TestClock())
    with session, pytest.raises(ConnectFailed, match="nothing listens"):
        sent(session)


@pytest.mark.parametrize(
    ("left", "repeatable", "pause"),
    [(True, False, None), (True, True, 0.5), (False, False, 0.5)],
)
def test_failure_is_repeated_only_where_that_does_no_harm(
    left: bool, repeatable: bool, pause: float | None
) -> None:
    error = ConnectionBroken("x", where="y", remedy=None, reason="hung_up")
    failure = Failure(error, left=left, again=True)
    assert failure.pause_before(2, repeatable=repeatable) == pause
    assert failure.pause_before(3, repeatable=repeatable) is None


# -- proxies --------------------------------------------------------------------------


def test_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = Policy(schemes=BASIC, allow_unencrypted=True)
    with Listener(policy) as proxy:
        monkeypatch.setenv("http_proxy", f"http://u:hidden@127.0.0.1:{proxy.port}")
        with opened(5985, host="hv1.test", auth="basic") as session:
            assert sent(session) == echo(ENVELOPE)
        assert proxy.seen[0].headers["Host"] == "hv1.test:5985"
        policy.anonymous = Reply(b"", 407)
        with pytest.raises(ConnectFailed, match=r"no_proxy=hv1\.test") as caught:
            opened(5985, host="hv1.test")
    assert "through the proxy" in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_proxy_that_is_down_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    with pytest.raises(ConnectFailed, match="proxy did not make the connection"):
        opened(5986, scheme="https", host="hv1.test")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_is_reached_without_a_proxy(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with Listener() as listener, opened(listener.port, host=host) as session:
        assert sent(session) == echo(ENVELOPE)


def test_no_proxy_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "hv1.invalid")
    with pytest.raises(ConnectFailed, match="can't be resolved"):
        opened(5985, host="hv1.invalid")


def test_file_that_is_missing_is_told_before_anything_is_sent() -> None:
    with (
        Listener() as host,
        pytest.raises(HypervisorConnectError, match="ca_path names"),
    ):
        opened(host.port, ca_path="/nonexistent/ca.pem")
    assert host.connections == 0
