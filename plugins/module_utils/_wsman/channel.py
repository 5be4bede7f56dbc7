# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One signed-in HTTP connection to a WinRM service, and the ways to get one.

pywinrm's Transport makes the HTTP session and its authentication, pywinrm's Encryption
seals messages ([MS-WSMV] 2.2.9.1). Sending is done here, because what Transport throws
away is needed: the headers of errors, a choice of time-outs, and the moment at which a
message may be sent again. docs/design/winrm_session.md tells the decisions.
"""

from __future__ import annotations

import functools
import ipaddress
import logging
import os
import socket
import ssl
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from ansible_collections.hypervisor.connect.plugins.module_utils._core.clock import (
    Clock,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.redaction import (
    redact,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.authentication import (
    SEALING,
    Settings,
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
    PywinrmMissing,
    SignInFailed,
    Target,
    TransportError,
    explain_status,
    first_line,
    tls_listener,
)

LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes. WinRM itself sends no envelope of more than 500 KB by default."""

_SOAP = ("application/soap+xml", "text/xml", "application/xml", "multipart/encrypted",
         "multipart/x-multi-encrypted")  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, read to its end; pywinrm's Encryption takes it for requests' own."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    request: Any

    @property
    def is_soap(self) -> bool:
        """Whether it holds an envelope, by its type."""
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return bool(self.content) and kind in _SOAP


class Untrusted(Exception):
    """An answer that can't be decrypted, or should have been encrypted."""


class Channel:
    """What a sign-in leads to; it lives and dies with its TCP connection.

    Attributes:
        auth: The kind of sign-in.
        sealed: Whether messages are encrypted by that kind itself.
    """

    def __init__(
        self, http: Any, auth: str, *, settings: Settings, clock: Clock, sealed: bool
    ) -> None:
        """Take an HTTP session over that is signed in, or signs each request in."""
        self.auth = auth
        self.sealed = sealed
        self._http = http
        self._settings = settings
        self._clock = clock
        self._encryption = libraries().Encryption(http, auth) if sealed else None

    def prepared(self, envelope: bytes) -> Any:
        """The request that carries an envelope, sealed where it has to be.

        A 401 to it is not dealt with here: it needs sealing anew after a new sign-in,
        which the hooks of requests_ntlm and the others don't do.
        """
        url = self._settings.url
        if self._encryption is None:
            request = libraries().requests.Request("POST", url, data=envelope)
            ready = self._http.prepare_request(request)
        else:
            ready = self._encryption.prepare_encrypted_request(
                self._http, url, envelope
            )
        ready.hooks["response"] = []
        return ready

    def exchange(self, prepared: Any, timeout: float) -> Answer:
        """Send a request and read the answer to its end.

        Args:
            prepared: What ``prepared`` made.
            timeout: Seconds of silence after which the host counts as gone.

        Raises:
            OSError: One of requests' own, AnswerTooSlow or AnswerTooLarge.
        """
        return _exchange(
            self._http, prepared, self._settings.timeout, timeout, self._clock
        )

    def unsealed(self, answer: Answer) -> bytes:
        """Decrypt an answer.

        Raises:
            Untrusted: It can't be decrypted, or is in the clear where it must not be:
                over plain HTTP anybody could have sent that.
        """
        if self._encryption is None:
            return answer.content
        protocol = self._encryption.protocol_string.decode()
        if f'protocol="{protocol}"' not in answer.headers.get("Content-Type", ""):
            raise Untrusted("it is not encrypted, though the request was")
        try:
            plain = bytes(self._encryption.parse_encrypted_response(answer))
        except Exception as error:  # noqa: BLE001, whatever the libraries raise
            raise Untrusted(first_line(str(error)) or type(error).__name__) from None
        if not plain:
            raise Untrusted("nothing in it is encrypted")
        return plain

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def _exchange(
    http: Any, prepared: Any, connect_timeout: float, timeout: float, clock: Clock
) -> Answer:
    """Send a request by a session of requests; see ``Channel.exchange``.

    requests bounds each wait for bytes, not their sum: a host that drips its answer
    would hold a task for ever. So the exchange runs in a thread of its own, which is
    left behind, with its connection, when its time is over.
    """
    outcome: list[Any] = []

    def work() -> None:
        try:
            outcome.append(_transfer(http, prepared, connect_timeout, timeout, clock))
        except BaseException as error:  # noqa: BLE001  raised again in the caller
            outcome.append(error)

    thread = threading.Thread(target=work, name="winrm-exchange", daemon=True)
    thread.start()
    thread.join(connect_timeout + 2 * timeout)
    if not outcome:
        raise AnswerTooSlow
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    answer: Answer = outcome[0]
    return answer


def _transfer(
    http: Any, prepared: Any, connect_timeout: float, timeout: float, clock: Clock
) -> Answer:
    response = http.send(
        prepared,
        timeout=(connect_timeout, timeout),
        allow_redirects=False,
        stream=True,
    )
    deadline = clock.now() + 2 * timeout
    content = bytearray()
    for chunk in response.iter_content(65536):
        content += chunk
        if len(content) > LARGEST_ANSWER or clock.now() > deadline:
            response.close()
            raise (AnswerTooLarge if clock.now() <= deadline else AnswerTooSlow)
    return Answer(
        response.status_code, response.headers, bytes(content), response.request
    )


class Entrance:
    """Where channels are opened: one host, one user, one set of options.

    Attributes:
        target: The host, for messages.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Look the proxy and the files up; nothing is sent yet.

        Raises:
            HypervisorConnectError: A file that an option names is missing.
            PywinrmMissing: pywinrm can't be imported.
        """
        proxy = _proxy(settings)
        self._settings = settings
        self._clock = clock
        self._proxies = {"http": proxy, "https": proxy} if proxy else {}
        self._trusted = _trusted(settings)
        self.target = Target(
            settings.url,
            settings.hostname,
            settings.timeout,
            redact(proxy) if proxy else None,
        )

    def open(self, auth: str) -> Channel:
        """Sign in by a kind, or with ``auto`` in the best way that the server offers.

        Raises:
            ConnectFailed: There is no WinRM service to be reached that way.
            SignInFailed: It does not let the user in, or no safe way in is offered.
            PywinrmMissing: The part of pywinrm that the kind needs is missing.
        """
        adapter = libraries().HTTPAdapter(pool_connections=1, pool_maxsize=1)
        try:
            return self._open(auth, adapter)
        except BaseException:
            adapter.close()
            raise

    def _open(self, auth: str, adapter: Any) -> Channel:
        kinds: tuple[str, ...] = (auth,)
        if auth not in ("ntlm", "kerberos"):  # whose handshake is a question too
            kinds = self._offered(auth, adapter)
        for kind in kinds:
            try:
                return self._sign_in(kind, adapter)
            except NoTicket as missing:
                if missing.final or kind == kinds[-1]:
                    raise SignInFailed(
                        missing.what, where=self.target.where, remedy=missing.remedy,
                        reason="no_ticket",
                    ) from None  # fmt: skip
            except PywinrmMissing:
                if kind == kinds[-1]:
                    raise
        raise AssertionError("there is always one kind at least")

    def _offered(self, auth: str, adapter: Any) -> tuple[str, ...]:
        """Ask, without any credentials, what the server offers: the kinds to try."""
        http = self._configured(libraries().requests.Session(), adapter)
        http.headers["Content-Type"] = "application/soap+xml;charset=UTF-8"
        answer = self._ask(http, "")
        if answer.status != 401:
            raise self._unexpected(answer)
        offered = offers(answer.headers.get("WWW-Authenticate"))
        if auth == "auto":
            return candidates(self._settings, offered, self.target)
        check_offered(auth, offered, self.target)
        return (auth,)

    def _sign_in(self, kind: str, adapter: Any) -> Channel:
        """Sign in by one kind; Basic and certificates do so with each message."""
        settings = self._settings
        http = self._configured(self._session(kind), adapter)
        if kind in SEALING:
            if kind == "kerberos":
                with ticket(settings.username, settings.password):
                    answer = self._ask(http, kind)
            else:
                answer = self._ask(http, kind)
            self._check_let_in(kind, answer)
            if not _proves_itself(http.auth):
                raise self._unexpected(answer)
        return Channel(
            http,
            kind,
            settings=settings,
            clock=self._clock,
            sealed=settings.seals(kind),
        )

    def _check_let_in(self, kind: str, answer: Answer) -> None:
        if answer.status == 401:
            offered = offers(answer.headers.get("WWW-Authenticate"))
            if offered:
                check_offered(kind, offered, self.target)
            raise refused(kind, self._settings, self.target)
        if answer.status != 200:
            raise self._unexpected(answer)

    def _ask(self, http: Any, kind: str) -> Answer:
        """Post nothing, which signs in where ``http`` has credentials of that kind."""
        settings = self._settings
        try:
            request = libraries().requests.Request("POST", settings.url)
            ready = http.prepare_request(request)
            return _exchange(
                http, ready, settings.timeout, settings.timeout, self._clock
            )
        except Exception as error:  # noqa: BLE001, KeyError and what not
            if type(error).__name__ == "KerberosExchangeError":
                raise no_service_ticket(error, settings.hostname) from None
            told = handshake_failed(error, kind, settings, self.target)
            if told.reason in ("hung_up", "not_http") and self._speaks_tls():
                told = tls_listener(self.target)
            raise told from None

    def _speaks_tls(self) -> bool:
        """Whether a port that does not speak HTTP speaks TLS; nothing is sent in it."""
        if self._settings.is_tls or self._proxies:
            return False
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        place = (self._settings.hostname, self._settings.port)
        try:
            with socket.create_connection(place, self._settings.timeout) as plain:
                context.wrap_socket(plain).close()
        except OSError:
            return False
        return True

    def _unexpected(self, answer: Answer) -> TransportError:
        return explain_status(
            answer.status, answer.headers, answer.content, self.target, sent=False
        )

    def _session(self, kind: str) -> Any:
        """A session of requests with pywinrm's authentication of that kind."""
        settings = self._settings
        winrm = libraries().transport
        if kind in _PARTS and not getattr(winrm, _PARTS[kind][0]):
            raise PywinrmMissing(
                f"{sys.executable} can't import what auth={kind} needs",
                where=self.target.where,
                remedy=f"install {_PARTS[kind][1]} there",
            )
        transport = winrm.Transport(
            endpoint=settings.url,
            username=_encoded(settings.username, kind),
            password=_encoded(settings.password, kind),
            service="HTTP",
            ca_trust_path=None,
            cert_pem=settings.client_cert,
            cert_key_pem=settings.client_key,
            server_cert_validation="validate" if settings.verify else "ignore",
            auth_method=kind,
            message_encryption="never",  # the Channel encrypts, after the sign-in
            proxy=None,
        )
        return transport.build_session()

    def _configured(self, http: Any, adapter: Any) -> Any:
        """Give a session our connection, our trust, and nothing of the environment.

        requests would take Basic credentials from ~/.netrc otherwise.
        """
        http.trust_env = False
        http.verify = self._trusted
        http.proxies = self._proxies
        http.mount("http://", adapter)
        http.mount("https://", adapter)
        return http


def _proves_itself(auth: Any) -> bool:
    """Whether a handshake took place: who says 200 without one is no WinRM.

    The attributes are those of requests_ntlm, of pywinrm's own requests_kerberos and
    of requests_credssp.
    """
    names = ("session_security", "auth_done", "contexts")
    return any(getattr(auth, name, None) for name in names)


_PARTS = {
    "kerberos": ("HAVE_KERBEROS", "pywinrm[kerberos]"),
    "credssp": ("HAVE_CREDSSP", "pywinrm[credssp]"),
    "ntlm": ("HAVE_NTLM", "requests_ntlm"),
}
"""By kind: pywinrm's own flag, and what brings it."""


def _encoded(text: str | None, kind: str) -> str | bytes | None:
    """User or password; requests itself can't encode Basic's beyond Latin-1.

    What WinRM takes there is not documented; UTF-8 is what RFC 7617 names.
    """
    return (text or "").encode() if kind == "basic" else text


@functools.lru_cache(maxsize=1)
def libraries() -> SimpleNamespace:
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
    utils = libraries().requests.utils
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
        urllib3 = libraries().requests.packages.urllib3
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        return False
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    given = [settings.ca_path, *map(os.environ.get, names)]
    return next(filter(None, given), True)
