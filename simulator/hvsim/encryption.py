# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Message encryption over HTTP: multipart/encrypted, both ways, without a socket.

[MS-WSMV] 2.2.9.1. The lines inside the parts begin with a tab, as Windows writes them. The
sealed bytes may hold anything, so parts are found by their two headers, not by the
boundary alone.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

BOUNDARY = b"--Encrypted Boundary"
CREDSSP_CHUNK = 16384
"""A TLS record holds no more (RFC 8446 5.1); CredSSP cuts messages there."""

_PART = re.compile(
    rb"--Encrypted Boundary\r\n"
    rb"\s*Content-Type: *(application/HTTP-[A-Za-z]+-session-encrypted)\r\n"
    rb"\s*OriginalContent: *type=([^\r\n]*?);? *Length=(\d{1,10})\r\n"
    rb"--Encrypted Boundary\r\n"
    rb"\s*Content-Type: *application/octet-stream\r\n"
)
_END = re.compile(rb"--Encrypted Boundary--(\r\n)?$")

Unwrap = Callable[[bytes, bytes], bytes]
"""Signature or token, sealed data: the plain text; raises what it likes."""
Wrap = Callable[[bytes], "tuple[bytes, bytes, int]"]
"""Plain text: signature or token, sealed data, padding within it."""


class BadEncryption(ValueError):
    """The body is no multipart/encrypted message, or its parts don't fit."""


@dataclass(frozen=True)
class Opened:
    """A message that was sealed.

    Attributes:
        plain: The SOAP envelope.
        content_type: Its own, of OriginalContent.
        protocol: Of the parts, for the answer.
    """

    plain: bytes
    content_type: str
    protocol: str


def is_sealed(content_type: str) -> bool:
    """Whether a Content-Type is one of an encrypted message."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind in ("multipart/encrypted", "multipart/x-multi-encrypted")


def unseal(body: bytes, unwrap: Unwrap) -> Opened:
    """The envelope inside a sealed body.

    Raises:
        BadEncryption: It isn't one.
    """
    parts = list(_PART.finditer(body))
    end = _END.search(body)
    if not parts or parts[0].start() or end is None:
        raise BadEncryption("no parts")
    ends = [part.start() for part in parts[1:]] + [end.start()]
    plain = b""
    for part, stop in zip(parts, ends, strict=True):
        payload = body[part.end() : stop]
        if len(payload) < 4:
            raise BadEncryption("a part without a signature")
        (length,) = struct.unpack("<I", payload[:4])
        opened = unwrap(payload[4 : 4 + length], payload[4 + length :])
        if len(opened) != int(part[3]):
            raise BadEncryption("Length is not the length of the message")
        plain += opened
    return Opened(plain, parts[0][2].decode("latin-1"), parts[0][1].decode())


def seal(plain: bytes, protocol: str, charset: str, wrap: Wrap) -> tuple[str, bytes]:
    """A message as the bytes of a response.

    Args:
        plain: The envelope.
        protocol: `application/HTTP-SPNEGO-session-encrypted` and the like.
        charset: `UTF-8` or `UTF-16`.
        wrap: Seals one chunk.

    Returns:
        Content-Type and body.
    """
    chunks = [plain]
    if "CredSSP" in protocol:
        steps = range(0, len(plain), CREDSSP_CHUNK)
        chunks = [plain[i : i + CREDSSP_CHUNK] for i in steps]
    body = b"".join(_part(chunk, protocol, charset, wrap) for chunk in chunks)
    kind = "multipart/x-multi-encrypted" if len(chunks) > 1 else "multipart/encrypted"
    content_type = f'{kind};protocol="{protocol}";boundary="Encrypted Boundary"'
    return content_type, body + BOUNDARY + b"--\r\n"


def _part(chunk: bytes, protocol: str, charset: str, wrap: Wrap) -> bytes:
    header, data, padding = wrap(chunk)
    head = (
        f"\tContent-Type: {protocol}\r\n"
        "\tOriginalContent: type=application/soap+xml;"
        f"charset={charset};Length={len(chunk) + padding}\r\n"
    )
    return b"".join(
        [
            BOUNDARY + b"\r\n",
            head.encode(),
            BOUNDARY + b"\r\n\tContent-Type: application/octet-stream\r\n",
            struct.pack("<I", len(header)),
            header,
            data,
        ]
    )
