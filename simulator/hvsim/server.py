# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP: one connection after another's requests, as HTTP.sys and WinRM answer them.

[MS-WSMV] 2.1 and 3.1.4.1.29; what Windows does where the specification is silent is from
public reports: an authenticated connection that sends a plain message while
AllowUnencrypted is false gets 500 without a body, Basic over plain HTTP gets 401.
"""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from hvsim import encryption
from hvsim.authentication import Accounts, Authentication, ClientCertificate, SignIn
from hvsim.certificates import Certificates
from hvsim.config import Config, Listener
from hvsim.faults import Code, Fault
from hvsim.pipeline import Answer, Caller, Interrupted, Pipeline
from hvsim.rules import Rule, Rules
from hvsim.settings import rights_of
from hvsim.soap import NotXml, Request

LOG = logging.getLogger("hvsim")
SOAP_TYPES = ("application/soap+xml", "application/xml", "text/xml")
ANONYMOUS_PATH = "/wsman-anon/identify"
OVERHEAD = 65536
"""Bytes that encryption may add to an envelope of the largest size."""


@dataclass(frozen=True)
class Exchange:
    """One HTTP request and its answer, for tests.

    Attributes:
        action, resource: Of the SOAP message; empty where there was none to read.
        bytes_in, bytes_out: Of the HTTP bodies, as they were on the wire.
        connection: Number of the TCP connection, from 1.
        status: Of HTTP; 0 where the connection was dropped.
        fault: The WSManFault code; 0 for none.
        user: Who was signed in.
        scheme: Word of the Authorization header, if there was one.
        encrypted: Whether the message was sealed, by TLS or by itself.
        seconds: From the whole request to the whole answer.
    """

    action: str
    resource: str
    bytes_in: int
    bytes_out: int
    connection: int
    status: int
    fault: int
    user: str
    scheme: str
    encrypted: bool
    seconds: float

    @property
    def verb(self) -> str:
        """The last word of the action: Get, Pull, RequestStateChange."""
        return self.action.rpartition("/")[2]


class RequestLog(list[Exchange]):
    """Every exchange since the start, or since `clear()`."""

    def counts(self) -> Counter[str]:
        """How often each verb came; what was refused by HTTP counts as its status."""
        return Counter(x.verb or str(x.status) for x in self)


class Dropped(Interrupted):
    """A rule ends the connection."""


class StatusInstead(Interrupted):
    """A status alone is the answer: HTTP forbids the request, or a rule wants it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass
class Host:
    """What all connections share."""

    pipeline: Pipeline
    config: Config
    accounts: Accounts
    certificates: Certificates
    rules: Rules
    requests: RequestLog = field(default_factory=RequestLog)
    sleep: Callable[[float], None] = time.sleep
    connections: int = 0
    open_sockets: set[socket.socket] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class _Message:
    """A request's body once it is plain."""

    plain: bytes
    charset: str
    protocol: str = ""


class Connection(BaseHTTPRequestHandler):
    """One TCP connection."""

    protocol_version = "HTTP/1.1"
    server: HttpListener
    connection: socket.socket

    def setup(self) -> None:
        """Take the connection; over TLS shake hands, in this connection's thread."""
        host = self.server.host
        with host.lock:
            host.connections += 1
            self.number = host.connections
            host.open_sockets.add(self.request)
        seconds = host.config.settings.number("Service/MaxPacketRetrievalTimeSeconds")
        self.request.settimeout(seconds)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        certificate = client = None
        if self.server.row.transport == "HTTPS":
            self._shake_hands()
            certificate = host.certificates.der(self.server.row.thumbprint)
            der = self.request.getpeercert(binary_form=True)
            if der:
                issuer = host.certificates.ca_thumbprint
                client = ClientCertificate.read(der, issuer)
        self.authentication = Authentication(
            host.accounts, host.config, certificate, client
        )
        super().setup()

    def _shake_hands(self) -> None:
        host = self.server.host
        ask = host.config.settings.flag("Service/Auth/Certificate")
        context = host.certificates.server_context(
            self.server.row.thumbprint, ask_client=ask
        )
        plain = self.request
        self.request = context.wrap_socket(plain, server_side=True)
        with host.lock:
            host.open_sockets.discard(plain)
            host.open_sockets.add(self.request)

    def do_POST(self) -> None:
        """The one method of WS-Management."""
        self.started = time.perf_counter()
        self.bytes_in = 0
        try:
            self._post()
        except StatusInstead as refused:
            self.close_connection = True
            self._finish(refused.status)
        except Dropped:
            self._log(None, 0, 0)
            self._hang_up()
        except (OSError, EOFError):
            self._hang_up()
        except Exception:
            LOG.exception("a defect of hvsim")
            self.close_connection = True
            self._finish(500)

    def _refuse_method(self) -> None:
        self.close_connection = True
        self._reply(405, headers=[("Allow", "POST")])

    do_GET = do_HEAD = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = _refuse_method  # noqa: N815
    do_TRACE = do_CONNECT = do_PROPFIND = _refuse_method  # noqa: N815

    def _post(self) -> None:
        body = self._body()
        self.bytes_in = len(body)
        anonymous = self.headers.get("WSMANIDENTIFY", "").lower() == "unauthenticated"
        path = self.path.partition("?")[0].rstrip("/").lower()
        if path == ANONYMOUS_PATH:
            anonymous = True
        elif path != "/" + self.server.row.url_prefix.lower():
            self._finish(404)
            return
        if anonymous and "Authorization" not in self.headers:
            self._answer(_Message(body, self._charset(self._content_type())), None)
            return
        signed = self.authentication.sign_in(
            self.headers.get("Authorization"), _resource_in(body)
        )
        if signed.user is None:
            self._challenge(signed)
        else:
            self._signed_in(body, signed)

    def _signed_in(self, body: bytes, signed: SignIn) -> None:
        """AllowUnencrypted decides over plain messages; a handshake has none."""
        basic = self.headers.get("Authorization", "").lower().startswith("basic")
        sealed = encryption.is_sealed(self._content_type())
        plain_allowed = self.secure or self.server.host.config.settings.flag(
            "Service/AllowUnencrypted"
        )
        if basic and not plain_allowed:
            self._challenge(self.authentication.refused())
        elif not body:
            self._finish(200, signed)
        elif sealed and not basic:
            self._sealed(body, signed)
        elif not plain_allowed:
            self._finish(500, signed)
        elif sealed or not self._content_type().lower().startswith(SOAP_TYPES):
            self._finish(415, signed)
        else:
            charset = self._charset(self._content_type())
            self._answer(_Message(body, charset), signed)

    def _sealed(self, body: bytes, signed: SignIn) -> None:
        if not self.authentication.encrypts:
            self._finish(400, signed)
            return
        try:
            opened = encryption.unseal(body, self.authentication.unwrap)
        except Exception as error:  # noqa: BLE001  pyspnego raises what hostile bytes cause
            LOG.info("a sealed message could not be opened: %r", error)
            self.authentication.forget()
            self._finish(400, signed)
            return
        charset = self._charset(opened.content_type)
        self._answer(_Message(opened.plain, charset, opened.protocol), signed)

    def _answer(self, message: _Message, signed: SignIn | None) -> None:
        """Let the pipeline answer, and the rules spoil it."""
        host = self.server.host
        if len(message.plain) > host.config.settings.max_envelope_size:
            self._finish(413, signed)
            return
        taken: list[Rule] = []

        def before(request: Request) -> None:
            self._before(request, taken)

        try:
            answer = host.pipeline.handle(
                message.plain, message.charset, self._caller(signed), before
            )
            self._after(taken)
        except NotXml:
            self._finish(400, signed)
            return
        except StatusInstead as instead:
            if instead.status == 401:
                self.authentication.forget()
                self._challenge(self.authentication.refused())
            else:
                self._finish(instead.status, signed)
            return
        truncate = any(rule.do == "truncate" for rule in taken)
        self._send(answer, message, signed, truncate=truncate)

    def _before(self, request: Request, taken: list[Rule]) -> None:
        rule = self.server.host.rules.take(request)
        if rule is None:
            return
        taken.append(rule)
        if rule.do == "delay":
            self.server.host.sleep(min(rule.seconds, request.operation_timeout))
            if rule.seconds > request.operation_timeout:
                raise Fault(Code.OPERATION_TIMED_OUT)
        elif rule.do == "wsman-fault":
            raise Fault(rule.code, rule.message)
        elif not rule.after:
            self._after(taken)

    def _after(self, taken: list[Rule]) -> None:
        for rule in taken:
            if rule.do == "drop":
                raise Dropped
            if rule.do == "http-status":
                raise StatusInstead(rule.status)

    def _caller(self, signed: SignIn | None) -> Caller:
        address = self._addressed()
        if signed is None or signed.user is None:
            return Caller(rights=frozenset(), addressed=address)
        sddl = self.server.host.config.settings.text("Service/RootSDDL")
        rights = rights_of(sddl, signed.user.groups)
        return Caller(signed.user.name, rights, address)

    def _addressed(self) -> str:
        """The host's name as the client says it, without the port."""
        name = "".join(filter(str.isprintable, self.headers.get("Host", "localhost")))
        return name if name.endswith("]") else name.rpartition(":")[0] or name

    @property
    def secure(self) -> bool:
        """Whether TLS is around everything."""
        return self.server.row.transport == "HTTPS"

    def _content_type(self) -> str:
        return str(self.headers.get("Content-Type", SOAP_TYPES[0]))

    @staticmethod
    def _charset(content_type: str) -> str:
        """`utf-16` or `utf-8`, for everything else too."""
        utf16 = "utf-16" in content_type.lower().replace('"', "")
        return "utf-16" if utf16 else "utf-8"

    def _body(self) -> bytes:
        """The body.

        Raises:
            StatusInstead: It has no length, or too much of it.
            EOFError: It ends early.
        """
        limit = self.server.host.config.settings.max_envelope_size * 2 + OVERHEAD
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks(limit)
        length = self.headers.get("Content-Length")
        if length is None:
            raise StatusInstead(411)
        if not length.isdecimal() or len(length) > 12:
            raise StatusInstead(400)
        if int(length) > limit:
            raise StatusInstead(413)
        data = self.rfile.read(int(length))
        if len(data) < int(length):
            raise EOFError
        return data

    def _chunks(self, limit: int) -> bytes:
        data = b""
        while True:
            line = self.rfile.readline(1024).partition(b";")[0].strip()
            try:
                size = int(line, 16)
            except ValueError:
                raise StatusInstead(400) from None
            if size < 0 or size + len(data) > limit:
                raise StatusInstead(413)
            data += self.rfile.read(size)
            if self.rfile.readline(1024).strip() or not size:
                return data

    def _challenge(self, signed: SignIn) -> None:
        self._finish(401, signed)

    def _finish(self, status: int, signed: SignIn | None = None) -> None:
        """An answer without a body."""
        lines = signed.challenges if signed else ()
        user = signed.user.name if signed and signed.user else ""
        self._log(None, status, 0, user)
        self._reply(status, headers=[("WWW-Authenticate", line) for line in lines])

    def _send(
        self,
        answer: Answer,
        message: _Message,
        signed: SignIn | None,
        *,
        truncate: bool,
    ) -> None:
        wide = message.charset == "utf-16"
        body = answer.body.decode().encode("utf-16") if wide else answer.body
        charset = "UTF-16" if wide else "UTF-8"
        content_type = f"application/soap+xml;charset={charset}"
        if message.protocol:
            content_type, body = encryption.seal(
                body, message.protocol, charset, self.authentication.wrap
            )
        lines = signed.challenges if signed else ()
        headers = [("Content-Type", content_type)]
        headers += [("WWW-Authenticate", line) for line in lines]
        user = signed.user.name if signed and signed.user else ""
        sealed = bool(message.protocol)
        self._log(answer, answer.status, len(body), user, sealed=sealed)
        self._reply(answer.status, body, headers, truncate=truncate)

    def _reply(
        self,
        status: int,
        body: bytes = b"",
        headers: Iterable[tuple[str, str]] = (),
        *,
        truncate: bool = False,
    ) -> None:
        """One write for all of it, so that Nagle's algorithm waits for nothing."""
        try:
            phrase = HTTPStatus(status).phrase
        except ValueError:
            phrase = "Unknown"
        lines = [f"HTTP/1.1 {status} {phrase}"]
        lines += [f"{name}: {value}" for name, value in headers]
        lines += ["Server: Microsoft-HTTPAPI/2.0", f"Date: {formatdate(usegmt=True)}"]
        if self.close_connection:
            lines.append("Connection: close")
        lines += [f"Content-Length: {len(body)}", "", ""]
        data = "\r\n".join(lines).encode("latin-1") + body
        if truncate:
            self.close_connection = True
            data = data[: len(data) - (len(body) + 1) // 2]
        self.wfile.write(data)
        if truncate:
            self._hang_up()

    def _log(
        self,
        answer: Answer | None,
        status: int,
        size: int,
        user: str = "",
        *,
        sealed: bool = False,
    ) -> None:
        now = time.perf_counter()
        self.server.host.requests.append(
            Exchange(
                action=answer.action if answer else "",
                resource=answer.resource_uri if answer else "",
                bytes_in=self.bytes_in,
                bytes_out=size,
                connection=self.number,
                status=status,
                fault=answer.fault if answer else 0,
                user=user,
                scheme=self.headers.get("Authorization", "").partition(" ")[0],
                encrypted=sealed or self.secure,
                seconds=now - self.started,
            )
        )

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def finish(self) -> None:
        """Let the connection go."""
        with self.server.host.lock:
            self.server.host.open_sockets.discard(self.request)
        with contextlib.suppress(OSError):
            super().finish()
        self.request.close()

    def send_error(
        self, code: int, message: str | None = None, explain: str | None = None
    ) -> None:
        """What the base class refuses: a request line or headers that are none."""
        self.close_connection = True
        if not hasattr(self, "request_version") or self.request_version == "HTTP/0.9":
            self.request_version = self.protocol_version
        self._reply(code)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """To the logger, not to standard error."""
        LOG.debug(format, *args)


def _resource_in(body: bytes) -> str:
    """The resource URI of a plain message, for certificate mappings; `*` for none."""
    found = re.search(rb"ResourceURI[^<>]*>\s*([^<>\s]+)\s*<", body)
    return found[1].decode("utf-8", "replace") if found else "*"


class HttpListener(ThreadingHTTPServer):
    """One open port.

    Args:
        address: Where to listen; port 0 takes a free one.
        host: What it serves.
        row: Its row in the configuration.

    Raises:
        OSError: It can't listen there.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], host: Host, row: Listener) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.host = host
        self.row = row
        super().__init__(address, Connection)
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.05,), name=f"hvsim-{row.transport}"
        )
        self._thread.daemon = True

    @property
    def port(self) -> int:
        """The real one."""
        return int(self.server_address[1])

    def server_bind(self) -> None:
        """Without the base class's look-up of the host's name, which may take long."""
        if self.allow_reuse_address:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port; connections live on."""
        if self._thread.is_alive():
            self.shutdown()
        self.server_close()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """MaxConnections: whoever comes beyond is hung up on."""
        maximum = self.host.config.settings.number("Service/MaxConnections")
        with self.host.lock:
            return len(self.host.open_sockets) < maximum

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is no news; anything else is a defect of hvsim."""
        with self.host.lock:
            self.host.open_sockets.discard(request)
        LOG.debug("a connection from %s ended", client_address, exc_info=True)
