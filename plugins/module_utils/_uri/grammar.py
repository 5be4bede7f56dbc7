# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The grammar of connection URIs: text to parts and parts to text, as libvirt has it.

Two layers read a URI for libvirt: libxml2's xmlParseURI (uri.c, that is
xmlParse3986URIReference: the grammar of RFC 3986 with a few quirks), then virURIParse
and virURIParseParams (src/util/viruri.c). This file does what both do, as of libxml2
2.9.14 and libvirt 9.0.0, and writes with the rules of xmlSaveUri and virURIFormat.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

Params = tuple[tuple[str, str], ...]

_MAX_DECODED = 1 << 20  # characters of all names and values, see split_params
MAX_PORT = 2147483647  # INT_MAX, xmlParse3986Port

# RFC 3986 section 2.2 and 2.3, appendix A.
_UNRESERVED = r"A-Za-z0-9\-._~"
_SUB_DELIMS = r"!$&'()*+,;="
_PCHAR = rf"{_UNRESERVED}{_SUB_DELIMS}:@"

SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_USERINFO = re.compile(rf"[{_UNRESERVED}{_SUB_DELIMS}:]*")
_REG_NAME = re.compile(rf"[{_UNRESERVED}{_SUB_DELIMS}]*")
_PATH = re.compile(rf"[{_PCHAR}/]*")
QUERY = re.compile(rf"[{_PCHAR}/?]*")
_FRAGMENT = re.compile(rf"[{_PCHAR}/?\[\]]*")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_PORT = re.compile(r":0*([0-9]*)")

# What xmlSaveUri leaves as it is in each part (RFC 2396 marks and reserved characters).
_MARKS = "!*'()"
_USER_SAFE = _MARKS + ";:&=+$,"
_PATH_SAFE = _MARKS + "/;@&=+$,"
_FRAGMENT_SAFE = _MARKS + ";/?:@&=+$,[]"


class Parts(NamedTuple):
    """The parts of a URI, decoded but for the query; None for what is not there."""

    scheme: str | None
    username: str | None
    hostname: str | None
    port: int | None
    path: str | None
    query: str | None
    fragment: str | None
    params: Params


class Refused(Exception):
    """Why a text is no URI; becomes InvalidUri, which knows the whole text."""

    def __init__(self, reason: str, remedy: str | None = None) -> None:
        super().__init__(reason)
        self.remedy = remedy


def read(text: str) -> Parts:
    """Read a URI.

    Raises:
        Refused: xmlParseURI refuses it, or its escapes are not UTF-8.
    """
    scheme = SCHEME.match(text)
    position = scheme.end() if scheme else 0
    username = hostname = port = None
    if text.startswith("//", position):
        username, hostname, port, position = _read_authority(text, position + 2)
        end = (
            skip(text, position, _PATH) if text.startswith("/", position) else position
        )
    else:
        end = skip(text, position, _PATH)
        if scheme is None and ":" in text[:end].partition("/")[0]:
            raise Refused(
                "it has a colon, but no driver before it", "write driver://..."
            )
    path = _decode(text[position:end]) if end > position else None
    query = fragment = None
    position = end
    if text.startswith("?", position):
        end = skip(text, position + 1, QUERY)
        query, position = text[position + 1 : end], end
    if text.startswith("#", position):
        end = skip(text, position + 1, _FRAGMENT)
        fragment, position = _decode(text[position + 1 : end]), end
    if position < len(text):
        raise _unexpected(text, position)
    return Parts(
        scheme=scheme[1] if scheme else None,
        username=username,
        hostname=hostname,
        port=port,
        path=path,
        query=query,
        fragment=fragment,
        params=split_params(query or ""),
    )


def split_params(query: str) -> Params:
    """Split a raw query as virURIParseParams does; each name and value decoded.

    A section ends at the next ``&`` anywhere behind it, and at ``;`` only where no
    ``&`` follows. A section without ``=`` is a name with the empty value, one without
    a name is dropped. A lone ``=`` is libxml2's xmlURIUnescapeString with length 0,
    which takes everything up to the end of the query for the name.
    """
    pairs: list[tuple[str, str]] = []
    position, decoded, last_and = 0, 0, query.rfind("&")
    while position < len(query):
        end = query.find("&" if position <= last_and else ";", position)
        end = len(query) if end < 0 else end
        name, equals, value = query[position:end].partition("=")
        if equals and not value:
            name = name or query[position:]
        if name:
            pairs.append((_decode(name), _decode(value)))
            decoded += len(name) + len(value)
        if decoded > _MAX_DECODED:
            raise Refused("its query repeats parameters without a name")
        position = end + 1
    return tuple(pairs)


def write(parts: Parts) -> str:
    """Write what virURIFormat makes of the parts, the query by virURIFormatParams.

    libvirt escapes neither hostnames nor the names of parameters, so that a few URIs do
    not read back; see ``write_strictly``.
    """
    host = parts.hostname or ""
    path = parts.path or ""
    # xmlSaveUri keeps the colon of file:///c:/.
    drive = 3 if parts.scheme == "file" and re.match(r"/[A-Za-z]:", path) else 0
    pieces = [
        "" if parts.scheme is None else f"{parts.scheme}:",
        "//",
        "" if parts.username is None else quote(parts.username, safe=_USER_SAFE) + "@",
        f"[{host}]" if ":" in host else host,
        f":{parts.port}" if parts.port else "",
        path[:drive] + quote(path[drive:], safe=_PATH_SAFE),
        "?" + libvirt_query(parts.params) if parts.params else "",
    ]
    if parts.fragment is not None:
        pieces.append("#" + quote(parts.fragment, safe=_FRAGMENT_SAFE))
    return "".join(pieces)


def write_strictly(parts: Parts) -> str:
    """Write a text that reads back as these parts, whatever they hold."""
    host = parts.hostname
    bracketed = host is not None and ":" in host
    authority = "".join(
        [
            "" if parts.username is None else _quote_strict(parts.username) + "@",
            f"[{quote(host or '', safe=':')}]" if bracketed else _quote_strict(host),
            f":{parts.port}" if parts.port else "",
        ]
    )
    rootless = parts.path is not None and not parts.path.startswith("/")
    return "".join(
        [
            "" if parts.scheme is None else f"{parts.scheme}:",
            "" if rootless and not authority else "//" + authority,
            "" if parts.path is None else quote(parts.path, safe="/") or "%00",
            "?" + strict_query(parts.params) if parts.params else "",
            "" if parts.fragment is None else "#" + quote(parts.fragment, safe=""),
        ]
    )


def libvirt_query(params: Params) -> str:
    """Join parameters as virURIFormatParams does: values escaped, names as they are."""
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in params)


def strict_query(params: Params) -> str:
    """Join parameters so that they read back, whatever they hold."""
    return "&".join(
        f"{_quote_strict(name)}={quote(value, safe='')}" for name, value in params
    )


def _quote_strict(text: str | None) -> str:
    """Escape a part; the empty part is written as the NUL that it is read from."""
    return "" if text is None else quote(text, safe="") or "%00"


def _read_authority(
    text: str, position: int
) -> tuple[str | None, str | None, int | None, int]:
    """Read ``[userinfo@]host[:port]`` (xmlParse3986Authority); the end comes last."""
    username = None
    end = skip(text, position, _USERINFO)
    if text.startswith("@", end):
        # xmlURIUnescapeString takes length 0 for "up to the end": an empty user
        # becomes the rest of the text.
        username = _decode(text[position:end] or text[end:])
        position = end + 1
    end = _skip_host(text, position)
    hostname = _decode(text[position:end]) if end > position else None
    port, end = _read_port(text, end)
    if hostname and ":" in hostname and hostname[0] == "[" and hostname[-1] == "]":
        hostname = hostname[1:-1]  # virStringStripIPv6Brackets
    return username, hostname, port if hostname else None, end


def _skip_host(text: str, position: int) -> int:
    """xmlParse3986Host: anything at all between brackets, or a registered name."""
    if not text.startswith("[", position):
        return skip(text, position, _REG_NAME)
    end = text.find("]", position)
    if end < 0:
        raise Refused("an IPv6 address has no closing bracket", "write [address]")
    return end + 1


def _read_port(text: str, position: int) -> tuple[int | None, int]:
    port = _PORT.match(text, position)
    if port is None:
        return None, position
    if port.end() == position + 1:
        raise Refused("no number follows the colon behind the hostname", "give a port")
    if len(port[1]) > 10 or int(port[1] or 0) > MAX_PORT:
        raise Refused("the port is out of range", "give a port from 1 to 65535")
    return int(port[1] or 0) or None, port.end()


def skip(text: str, position: int, allowed: re.Pattern[str]) -> int:
    """The end of the run of ``allowed`` characters and %XX escapes from ``position``."""
    while True:
        run = allowed.match(text, position)
        position = run.end() if run else position
        if not _ESCAPE.match(text, position):
            return position
        position += 3


def _unexpected(text: str, position: int) -> Refused:
    char = text[position]
    if char == "%":
        return Refused(
            f"the % at position {position + 1} begins no escape", "write % as %25"
        )
    kind = "a space" if char == " " else "a character that a URI cannot hold"
    if char in "#[]@:/?":
        kind = "a character that has another meaning there"
    return Refused(f"{kind} stands at position {position + 1}", "write it as %XX")


def _decode(text: str) -> str:
    """xmlURIUnescapeString, and the end of a C string at the first NUL."""
    try:
        return unquote_to_bytes(text).partition(b"\0")[0].decode()
    except UnicodeDecodeError:
        raise Refused(
            "its escapes are not UTF-8", "escape the bytes of UTF-8"
        ) from None
