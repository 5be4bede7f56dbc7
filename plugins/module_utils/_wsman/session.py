# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A signed-in session with a WinRM service: envelopes out, answers in, over one connection.

pywinrm's Transport makes the HTTP session and its authentication, pywinrm's Encryption
seals messages ([MS-WSMV] 2.2.9.1). The sending is done here, because what Transport
throws away is needed: headers of errors, a choice of time-outs, and the moment when a
message may be sent again. docs/design/winrm_session.md tells the decisions.
"""

from __future__ import annotations

import functools
import ipaddress
import logging
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace, TracebackType
from typing import Any

from ansible_collections.hypervisor.connect.plugins.module_utils._core.clock import (
    Clock,
    SystemClock,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.hyperv import (
    HypervEndpoint,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.redaction import (
    redact,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.authentication import (
    SEALING,
    Settings,
    SignIn,
    candidates,
    check_offered,
    handshake_failed,
    offers,
    refused,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.kerberos import (
    NoTicket,
    no_service_ticket,
    ticket,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.transport_errors import (
    AnswerTooLarge,
    AnswerTooSlow,
    ConnectionBroken,
    PywinrmMissing,
    SignInFailed,
    Target,
    TransportError,
    explain,
    explain_status,
    first_line,
    is_passing,
    never_sent,
)

LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes. WinRM itself sends no envelope of more than 500 KB by default."""

LONGEST_WAIT = 5.0
"""Seconds that a 503's Retry-After may ask for; a longer one is the user's to wait for."""

PAUSE = 0.5
"""Seconds before a request that never left is sent once more."""

_SOAP = ("application/soap+xml", "text/xml", "application/xml", "multipart/encrypted",
         "multipart/x-multi-encrypted")  # fmt: skip


@dataclass(frozen=True)
class _Answer:
    """An HTTP answer with its body read; pywinrm's Encryption takes it for requests' own."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    request: Any

    @property
    def is_soap(self) -> bool:
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return bool(self.content) and kind in _SOAP


@dataclass(frozen=True)
class _Channel:
    """What one sign-in leads to: it lives and dies with its TCP connection."""

    http: Any
    encryption: Any


class _Failure(Exception):
    """One attempt that failed, and what is known of it.

    Args:
        error: What the user is told where there is no other attempt.
        left: Whether the request may have reached the host.
        again: Whether another attempt may do better.
        retry_after: The header of a 503, or None.
    """

    def __init__(
        self,
        error: TransportError,
        *,
        left: bool = True,
        again: bool = False,
        retry_after: str | None = None,
    ) -> None:
        super().__init__(error)
        self.error = error
        self.left = left
        self.again = again
        self.retry_after = retry_after


class Session:
    """A WinRM service that lets us in; ``open`` makes one.

    It may be used by several threads, one request after the other: a context of NTLM or
    Kerberos belongs to one connection, and one request at a time goes over that.

    Attributes:
        url: Where envelopes go.
        auth: The kind of sign-in in use, such as ``ntlm``.
        encrypted: Whether messages are encrypted by that kind itself.
        warnings: What the user should know, one sentence each.
        operation_timeout: Seconds to ask the host for as OperationTimeout, so that its
            own time-out comes before ours.
        requests: HTTP requests that carried an envelope, repeated ones included.
        sign_ins: How often the host let us in.
        bytes_sent: Bytes of the bodies of those requests, as they were on the wire.
        bytes_received: Bytes of the bodies of the answers to them.
    """

    def __init__(self, settings: Settings, *, clock: Clock) -> None:
        """Make a session that connects when it is first needed."""
        proxy = _proxy(settings)
        self._settings = settings
        self._clock = clock
        self._lock = threading.RLock()
        self._proxies = {"http": proxy, "https": proxy} if proxy else {}
        self._trusted = _trusted(settings)
        self._channel: _Channel | None = None
        self._target = Target(
            settings.url,
            settings.hostname,
            settings.timeout,
            redact(proxy) if proxy else None,
        )
        self.url = settings.url
        self.auth = settings.auth
        self.operation_timeout = settings.timeout * 0.8
        self.requests = self.sign_ins = self.bytes_sent = self.bytes_received = 0

    @classmethod
    def open(
        cls,
        endpoint: HypervEndpoint,
        credentials: SignIn,
        *,
        clock: Clock | None = None,
    ) -> Session:
        """Connect and sign in.

        Args:
            endpoint: What the URI says.
            credentials: What the options say; they win over the URI.
            clock: For the pauses between attempts.

        Raises:
            HypervisorConnectError: The options can't be used together.
            ConnectFailed: There is no WinRM service to be reached that way.
            SignInFailed: It does not let the user in, or no safe way in is offered.
            PywinrmMissing: pywinrm, or the part of it that is needed, is missing.
        """
        session = cls(Settings.of(endpoint, credentials), clock=clock or SystemClock())
        try:
            session._sign_in()
        except BaseException:
            session.close()
            raise
        return session

    @property
    def encrypted(self) -> bool:
        """Whether messages are encrypted by the kind of sign-in itself."""
        return self._settings.seals(self.auth)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know of this session, one sentence each."""
        return self._settings.warnings(self.auth)

    def send(
        self, envelope: bytes, *, repeatable: bool, operation_timeout: float
    ) -> bytes:
        """Send an envelope and return the answer's: a response, or a fault.

        What can't have reached the host is sent once more: where no connection came
        about, where a 401 says that the connection is a new one and a new sign-in mends
        it, and where a 503 names a short Retry-After. All else only where ``repeatable``.

        Args:
            envelope: The request.
            repeatable: Whether carrying it out twice does no harm.
            operation_timeout: Seconds that the envelope gives the host.

        Raises:
            ConnectionBroken: It may have been carried out, yet there is no answer.
            RequestRefused: The host did not take it.
            ConnectFailed: The host can't be reached any more; SignInFailed where it
                does not let the user in any more.
        """
        with self._lock:
            for attempt in (1, 2, 3):
                try:
                    return self._send(envelope, operation_timeout)
                except _Failure as failure:
                    self._drop()
                    pause = pause_before_repeat(failure, attempt, repeatable=repeatable)
                    if pause is None:
                        raise failure.error from None
                    self._clock.sleep(pause)
            raise AssertionError("there is no pause after the last attempt")

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        with self._lock:
            self._drop()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Session {self.url} auth={self.auth} requests={self.requests}>"

    # -- one request ------------------------------------------------------------------

    def _send(self, envelope: bytes, operation_timeout: float) -> bytes:
        fresh = self._channel is None
        channel = self._channel or self._sign_in()
        prepared = _prepared(channel, self.url, envelope)
        timeout = max(self._settings.timeout, operation_timeout * 1.25)
        target = self._target._replace(timeout=timeout)
        self.requests += 1
        self.bytes_sent += len(prepared.body or b"")
        try:
            answer = self._exchange(channel.http, prepared, timeout)
        except OSError as error:  # all exceptions of requests are
            told = explain(error, target, sent=True)
            raise _Failure(
                told, left=not never_sent(error), again=is_passing(error)
            ) from None
        self.bytes_received += len(answer.content)
        if answer.status == 401:
            told = refused(self.auth, self._settings, target)
            again = not fresh and self.auth in SEALING
            raise _Failure(told, left=False, again=again)
        if answer.status == 503 or not answer.is_soap:
            told = explain_status(
                answer.status, answer.headers, answer.content, target,
                sealed=channel.encryption is not None,
            )  # fmt: skip
            raise _Failure(
                told,
                again=answer.status == 503,
                retry_after=answer.headers.get("Retry-After"),
            )
        return self._unsealed(channel, answer)

    def _exchange(self, http: Any, prepared: Any, timeout: float) -> _Answer:
        """Send a request that is ready, and read the whole answer within bounds.

        Raises:
            OSError: One of requests' own, or an answer that is too slow or too large.
        """
        response = http.send(
            prepared,
            timeout=(self._settings.timeout, timeout),
            allow_redirects=False,
            stream=True,
        )
        deadline = self._clock.now() + 2 * timeout
        content = bytearray()
        for chunk in response.iter_content(65536):
            content += chunk
            if len(content) > LARGEST_ANSWER:
                response.close()
                raise AnswerTooLarge(LARGEST_ANSWER)
            if self._clock.now() > deadline:
                response.close()
                raise AnswerTooSlow
        return _Answer(
            response.status_code, response.headers, bytes(content), response.request
        )

    def _unsealed(self, channel: _Channel, answer: _Answer) -> bytes:
        """Decrypt an answer; over HTTP, one that isn't encrypted is nobody's to trust."""
        if channel.encryption is None:
            return answer.content
        problem = "it is not encrypted, though the request was"
        if _protocol(channel) in answer.headers.get("Content-Type", ""):
            try:
                return bytes(channel.encryption.parse_encrypted_response(answer))
            except Exception as error:  # noqa: BLE001, whatever the libraries raise
                problem = first_line(str(error)) or type(error).__name__
        self._drop()
        raise ConnectionBroken(
            f"the answer can't be trusted: {problem}",
            where=self._target.where,
            remedy="see who else answers on that address, or use HTTPS",
            reason="not_sealed",
        )

    def _drop(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.http.close()

    # -- signing in -------------------------------------------------------------------

    def _sign_in(self) -> _Channel:
        """Sign in as was asked for, or in the best way that the server offers."""
        adapter = _pywinrm().HTTPAdapter(pool_connections=1, pool_maxsize=1)
        kinds: tuple[str, ...] = (self.auth,)
        if self.auth in ("auto", "basic", "certificate"):
            kinds = self._offered(adapter)
        for kind in kinds:
            try:
                channel = self._sign_in_by(kind, adapter)
            except NoTicket as missing:
                if missing.final or kind == kinds[-1]:
                    raise SignInFailed(
                        missing.what, where=self._target.where, remedy=missing.remedy,
                        reason="no_ticket",
                    ) from None  # fmt: skip
            else:
                self.auth, self._channel = kind, channel
                self.sign_ins += 1
                return channel
        raise AssertionError("there is always one kind at least")

    def _offered(self, adapter: Any) -> tuple[str, ...]:
        """Ask, without any credentials, what the server offers: the kinds to try."""
        http = self._configured(_pywinrm().requests.Session(), adapter)
        http.headers["Content-Type"] = "application/soap+xml;charset=UTF-8"
        answer = self._ask(http, "")
        if answer.status != 401:
            raise self._unexpected(answer)
        offered = offers(answer.headers.get("WWW-Authenticate"))
        if self.auth == "auto":
            return candidates(self._settings, offered, self._target)
        check_offered(self.auth, offered, self._target)
        return (self.auth,)

    def _sign_in_by(self, kind: str, adapter: Any) -> _Channel:
        """Sign in by one kind; Basic and certificates do so with each message."""
        http = self._configured(self._built(kind), adapter)
        if kind not in SEALING:
            return _Channel(http, None)
        settings = self._settings
        if kind == "kerberos":
            with ticket(settings.username, settings.password):
                answer = self._ask(http, kind)
        else:
            answer = self._ask(http, kind)
        if answer.status == 401:
            offered = offers(answer.headers.get("WWW-Authenticate"))
            if offered:
                check_offered(kind, offered, self._target)
            raise refused(kind, settings, self._target)
        if answer.status != 200:
            raise self._unexpected(answer)
        sealed = settings.seals(kind)
        return _Channel(http, _pywinrm().Encryption(http, kind) if sealed else None)

    def _ask(self, http: Any, kind: str) -> _Answer:
        """Post nothing, which signs in where ``http`` has credentials of that kind."""
        try:
            request = _pywinrm().requests.Request("POST", self.url)
            return self._exchange(
                http, http.prepare_request(request), self._settings.timeout
            )
        except Exception as error:  # noqa: BLE001, KeyError and what not
            if type(error).__name__ == "KerberosExchangeError":
                raise no_service_ticket(error, self._settings.hostname) from None
            raise handshake_failed(error, kind, self._settings, self._target) from None

    def _unexpected(self, answer: _Answer) -> TransportError:
        return explain_status(
            answer.status, answer.headers, answer.content, self._target, sealed=True
        )

    def _built(self, kind: str) -> Any:
        """The HTTP session with pywinrm's authentication of that kind."""
        settings = self._settings
        libraries = _pywinrm()
        if kind in _PARTS and not getattr(libraries.transport, _PARTS[kind][0]):
            raise PywinrmMissing(
                f"{sys.executable} can't import what auth={kind} needs",
                where=self._target.where,
                remedy=f"install {_PARTS[kind][1]} there",
            )
        transport = libraries.transport.Transport(
            endpoint=self.url,
            username=_encoded(settings.username, kind),
            password=_encoded(settings.password, kind),
            service="HTTP",
            ca_trust_path=None,
            cert_pem=settings.client_cert,
            cert_key_pem=settings.client_key,
            server_cert_validation="validate" if settings.verify else "ignore",
            auth_method=kind,
            message_encryption="never",  # Encryption is made here, after the sign-in
            proxy=None,
        )
        return transport.build_session()

    def _configured(self, http: Any, adapter: Any) -> Any:
        """Give an HTTP session our connection, our trust and nothing of the environment.

        requests would take Basic credentials from ~/.netrc otherwise.
        """
        http.trust_env = False
        http.verify = self._trusted
        http.proxies = self._proxies
        http.mount("http://", adapter)
        http.mount("https://", adapter)
        return http


_PARTS = {
    "kerberos": ("HAVE_KERBEROS", "pywinrm[kerberos]"),
    "credssp": ("HAVE_CREDSSP", "pywinrm[credssp]"),
    "ntlm": ("HAVE_NTLM", "requests_ntlm"),
}
"""By kind: pywinrm's own flag, and what brings it."""


def pause_before_repeat(
    failure: _Failure, attempt: int, *, repeatable: bool
) -> float | None:
    """Seconds to wait before the next attempt; None where there must be none.

    Args:
        failure: How the attempt ended.
        attempt: 1 for the first.
        repeatable: Whether carrying the request out twice does no harm.
    """
    if not failure.again or attempt >= (2 if failure.retry_after is None else 3):
        return None
    if failure.retry_after is not None:
        seconds = failure.retry_after.strip()
        wait = float(seconds) if seconds.isdigit() else LONGEST_WAIT + 1
        return wait if wait <= LONGEST_WAIT else None
    if failure.left and not repeatable:
        return None
    return 0.0 if failure.error.reason == "refused" else PAUSE


def _prepared(channel: _Channel, url: str, envelope: bytes) -> Any:
    """The request; a 401 to it is dealt with here, since it needs sealing anew then."""
    http, encryption = channel.http, channel.encryption
    if encryption is None:
        request = _pywinrm().requests.Request("POST", url, data=envelope)
        prepared = http.prepare_request(request)
    else:
        prepared = encryption.prepare_encrypted_request(http, url, envelope)
    prepared.hooks["response"] = []
    return prepared


def _protocol(channel: _Channel) -> str:
    """What the Content-Type of a message that is sealed by this channel holds."""
    return f'protocol="{channel.encryption.protocol_string.decode()}"'


def _encoded(text: str | None, kind: str) -> str | bytes | None:
    """User or password; requests itself can't encode Basic's beyond Latin-1.

    What WinRM takes there is not documented; UTF-8 is what RFC 7617 names.
    """
    return (text or "").encode() if kind == "basic" else text


@functools.lru_cache(maxsize=1)
def _pywinrm() -> SimpleNamespace:
    """pywinrm and requests, imported when the first session is made.

    Raises:
        PywinrmMissing: They can't be imported.
    """
    try:
        import requests
        import requests.adapters
        import requests.utils
        import winrm.encryption
        import winrm.transport
    except ImportError as error:
        raise PywinrmMissing(
            f"pywinrm can't be imported by {sys.executable} ({first_line(str(error))})",
            remedy="install pywinrm 0.5 or later there (PyPI: pywinrm; with Kerberos: "
            "pywinrm[kerberos])",
        ) from None
    # Its vendored requests_kerberos logs what is raised here too, traces and all.
    logging.getLogger("winrm").addHandler(logging.NullHandler())
    return SimpleNamespace(
        requests=requests,
        HTTPAdapter=requests.adapters.HTTPAdapter,
        transport=winrm.transport,
        Encryption=winrm.encryption.Encryption,
    )


def _proxy(settings: Settings) -> str | None:
    """The proxy that the environment names, as requests reads it; none to loopback."""
    try:
        if ipaddress.ip_address(settings.hostname.partition("%")[0]).is_loopback:
            return None
    except ValueError:
        if settings.hostname.lower().rstrip(".") == "localhost":
            return None
    utils = _pywinrm().requests.utils
    found = utils.get_environ_proxies(settings.url, no_proxy=None)
    proxy: str | None = utils.select_proxy(settings.url, found)
    return proxy


def _trusted(settings: Settings) -> bool | str:
    """What vouches for the server: a file or folder, requests' own list, or nothing.

    Raises:
        HypervisorConnectError: A file that an option names is missing.
    """
    for option in ("ca_path", "client_cert", "client_key"):
        path = getattr(settings, option)
        if path and not os.path.exists(path):
            raise HypervisorConnectError(
                f"{option} names {path}, which does not exist",
                where=settings.url,
                remedy="give the path of a file that this machine has",
            )
    if not settings.verify:
        urllib3 = _pywinrm().requests.packages.urllib3
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        return False
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    given = [settings.ca_path, *map(os.environ.get, names)]
    return next(filter(None, given), True)
