# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A listener on loopback that signs in and seals as WinRM does, and answers from a script.

It knows nothing of WS-Management: an envelope comes, ``answer`` makes the reply. The
accepting side of NTLM, Kerberos and CredSSP is pyspnego's; it shares no code with
plugins/. ``Relay`` stands before it and records the bytes of both directions.
"""

from __future__ import annotations

import base64
import os
import re
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

spnego = pytest.importorskip("spnego", reason="pyspnego is not installed")

USER = "HV1\\admin"
PASSWORD = "correct horse battery"
SOAP = "application/soap+xml;charset=UTF-8"
MUTUAL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
BOUNDARY = b"--Encrypted Boundary"


@dataclass
class Reply:
    """What goes back; ``raw`` is written as it is, and the connection closed after it."""

    body: bytes = b"<answer/>"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = SOAP
    raw: bytes | None = None
    sealed: bool = True


@dataclass
class Seen:
    """One request as the listener saw it."""

    headers: dict[str, str]
    body: bytes
    sealed: bool
    user: str | None


@dataclass
class Policy:
    """What winrm/config/service says on a host, and what the tests change."""

    schemes: tuple[str, ...] = ("Negotiate",)
    users: Mapping[str, str] = field(default_factory=lambda: {USER: PASSWORD})
    allow_unencrypted: bool = False
    certificates: bool = False
    hostname: str | None = None
    credssp: Any = None
    answer: Callable[[bytes], Reply] = lambda envelope: Reply(
        b"<echo>" + envelope + b"</echo>"
    )
    anonymous: Reply | None = None
    """The reply to whoever does not sign in, where it is not a 401."""


class Listener:
    """The listener; used in a with statement, which ends it.

    Attributes:
        policy: May be changed while it runs.
        seen: Every request, sign-in included, in order.
        connections: TCP connections that were accepted.
    """

    def __init__(
        self, policy: Policy | None = None, *, tls: ssl.SSLContext | None = None
    ) -> None:
        self.policy = policy or Policy()
        self.seen: list[Seen] = []
        self.connections = 0
        self._live: list[socket.socket] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.listener = self
        self._server.tls = tls
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def envelopes(self) -> list[Seen]:
        """The requests that had a body."""
        return [seen for seen in self.seen if seen.body]

    def hang_up(self) -> None:
        """Close all connections as a service does that ends idle ones."""
        for connection in self._live:
            shut(connection)
        self._live.clear()

    def __enter__(self) -> Listener:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self.hang_up()
        self._server.server_close()
        self._thread.join(5)


def shut(connection: socket.socket) -> None:
    """Shut a socket down that may be closed already."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    listener: Listener
    tls: ssl.SSLContext | None

    def finish_request(self, request: Any, client_address: Any) -> None:
        self.listener.connections += 1
        self.listener._live.append(request)
        try:
            if self.tls:
                request.settimeout(5)
                request = self.tls.wrap_socket(request, server_side=True)
                self.listener._live.append(request)
            super().finish_request(request, client_address)
        except OSError:
            shut(request)
        finally:
            if self.tls:
                request.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.context: Any = None
        self.scheme = ""
        self.user: str | None = None

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        listener = self.server.listener
        policy = listener.policy
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        sealed = "encrypted" in self.headers.get("Content-Type", "")
        granted = self._sign_in(policy)
        if sealed and self.context is not None and self.context.complete:
            body = self._unseal(body)
        listener.seen.append(Seen(dict(self.headers), body, sealed, self.user))
        if self.user is None:
            if policy.anonymous:
                return self._send(policy.anonymous, [], sealed=False)
            offered = granted or [("WWW-Authenticate", s) for s in policy.schemes]
            return self._send(Reply(b"", 401), offered, sealed=False)
        if not body:
            return self._send(Reply(b""), granted, sealed=False)
        if not (sealed or self.server.tls or policy.allow_unencrypted):
            status = 401 if self.context is None else 500
            return self._send(Reply(b"", status), [], sealed=False)
        reply = policy.answer(body)
        return self._send(reply, granted, sealed=sealed and reply.sealed)

    def do_GET(self) -> None:
        self._send(Reply(b"", 405), [("Allow", "POST")], sealed=False)

    # The credentials of one request; ``user`` stays for the connection where they seal.
    def _sign_in(self, policy: Policy) -> list[tuple[str, str]]:
        scheme, _space, token = self.headers.get("Authorization", "").partition(" ")
        if not scheme:
            if self.context is None:
                self.user = None
            return []
        self.user = None
        if scheme == MUTUAL:
            has_one = (
                isinstance(self.request, ssl.SSLSocket) and self.request.getpeercert()
            )
            self.user = "certificate" if policy.certificates and has_one else None
            return []
        if not any(offer.split()[0] == scheme for offer in policy.schemes):
            return []
        if scheme == "Basic":
            user, _colon, password = base64.b64decode(token).decode().partition(":")
            if policy.users.get(user) == password:
                self.user = user
            return []
        return self._step(policy, scheme, base64.b64decode(token))

    def _step(self, policy: Policy, scheme: str, token: bytes) -> list[tuple[str, str]]:
        if self.context is None or self.context.complete:
            self.scheme = scheme
            self.context = self._accepting(policy, scheme, token)
        try:
            out = self.context.step(token)
        except spnego.exceptions.SpnegoError:
            self.context = None
            return []
        if self.context.complete:
            self.user = str(self.context.client_principal)
        return [
            ("WWW-Authenticate", f"{scheme} {base64.b64encode(out or b'').decode()}")
        ]

    @staticmethod
    def _accepting(policy: Policy, scheme: str, token: bytes) -> Any:
        if scheme == "CredSSP":
            return spnego.server(protocol="credssp", credssp_tls_context=policy.credssp)
        protocol = "ntlm" if token.startswith(b"NTLMSSP\0") else "negotiate"
        return spnego.server(
            hostname=policy.hostname, service="HTTP", protocol=protocol
        )

    def _unseal(self, body: bytes) -> bytes:
        plain = b""
        parts = [part for part in body.split(BOUNDARY + b"\r\n") if part]
        for head, payload in zip(parts[::2], parts[1::2], strict=True):
            sealed = payload.removesuffix(BOUNDARY + b"--\r\n").partition(b"\r\n")[2]
            length = struct.unpack("<I", sealed[:4])[0]
            if self.scheme == "CredSSP":
                piece = self.context.unwrap(sealed[4:]).data
            else:
                piece = self.context.unwrap_winrm(
                    sealed[4 : 4 + length], sealed[4 + length :]
                )
            said = re.search(rb"Length=(\d+)", head)
            assert said is not None
            assert int(said[1]) == len(piece)
            plain += piece
        return plain

    def _seal(self, body: bytes, content_type: str) -> bytes:
        protocol = re.findall(r'protocol="([^"]+)"', content_type)[0].encode()
        size = 16384 if self.scheme == "CredSSP" else len(body)
        out = b""
        for start in range(0, len(body), size):
            piece = body[start : start + size]
            wrapped = self.context.wrap_winrm(piece)
            out += (
                BOUNDARY + b"\r\n\tContent-Type: " + protocol
                + b"\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length="
                + str(len(piece) + wrapped.padding_length).encode() + b"\r\n"
                + BOUNDARY + b"\r\n\tContent-Type: application/octet-stream\r\n"
                + struct.pack("<I", len(wrapped.header)) + wrapped.header + wrapped.data
            )  # fmt: skip
        return out + BOUNDARY + b"--\r\n"

    def _send(
        self, reply: Reply, headers: list[tuple[str, str]], *, sealed: bool
    ) -> None:
        if reply.raw is not None:
            self.wfile.write(reply.raw)
            self.close_connection = True
            return
        body, content_type = reply.body, reply.content_type
        if sealed and body:
            asked = self.headers["Content-Type"]
            kind = (
                "x-multi-encrypted"
                if len(body) > 16384 and self.scheme == "CredSSP"
                else "encrypted"
            )
            content_type = re.sub(r"^multipart/[\w-]+", f"multipart/{kind}", asked)
            body = self._seal(body, asked)
        self.send_response(reply.status)
        for name, value in [*headers, *reply.headers.items()]:
            self.send_header(name, value)
        if body:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Relay:
    """Passes TCP on and keeps what it passes; used in a with statement.

    Attributes:
        port: Its own.
        bytes_up: What the client sent.
        bytes_down: What the listener sent.
    """

    def __init__(self, port: int) -> None:
        self.bytes_up = b""
        self.bytes_down = b""
        relay = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with socket.create_connection(("127.0.0.1", port)) as far:
                    back = threading.Thread(
                        target=relay._pass, args=(far, self.request, "down")
                    )
                    back.start()
                    relay._pass(self.request, far, "up")
                    back.join(5)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def _pass(self, source: socket.socket, sink: socket.socket, name: str) -> None:
        try:
            while chunk := source.recv(65536):
                setattr(self, f"bytes_{name}", getattr(self, f"bytes_{name}") + chunk)
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            shut(sink)

    def __enter__(self) -> Relay:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def ntlm_users(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pyspnego's accepting side know the user of these tests."""
    file = folder / "users"
    domain, _slash, user = USER.partition("\\")
    file.write_text(f"{domain}:{user}:{PASSWORD}\n")
    monkeypatch.setitem(os.environ, "NTLM_USER_FILE", str(file))
