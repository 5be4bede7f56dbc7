# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection URI as a value: what libvirt reads out of the text, and the way back.

Two layers read a URI for libvirt: libxml2's xmlParseURI (uri.c, xmlParse3986URIReference:
the grammar of RFC 3986 with a few quirks), then virURIParse and virURIParseParams
(libvirt's src/util/viruri.c). This file does what both do, as of libxml2 2.9.14 and
libvirt 9.0.0, and differs on purpose in three points: a text over 64 KiB, one with NUL
or surrogates, and one whose escapes decode to something other than UTF-8 are refused.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.redaction import (
    redact,
)

Params = tuple[tuple[str, str], ...]

MAX_LENGTH = 65536  # characters; ours, libvirt has no limit
_MAX_DECODED = 1 << 20  # characters of all names and values, see split_params
_MAX_PORT = 2147483647  # INT_MAX, xmlParse3986Port

# RFC 3986 section 2.2 and 2.3, appendix A.
_UNRESERVED = r"A-Za-z0-9\-._~"
_SUB_DELIMS = r"!$&'()*+,;="
_PCHAR = rf"{_UNRESERVED}{_SUB_DELIMS}:@"

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_USERINFO = re.compile(rf"[{_UNRESERVED}{_SUB_DELIMS}:]*")
_REG_NAME = re.compile(rf"[{_UNRESERVED}{_SUB_DELIMS}]*")
_PATH = re.compile(rf"[{_PCHAR}/]*")
_QUERY = re.compile(rf"[{_PCHAR}/?]*")
_FRAGMENT = re.compile(rf"[{_PCHAR}/?\[\]]*")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_PORT = re.compile(r":0*([0-9]*)")

# What xmlSaveUri leaves as it is in each part (RFC 2396 marks and reserved characters).
_MARKS = "!*'()"
_USER_SAFE = _MARKS + ";:&=+$,"
_PATH_SAFE = _MARKS + "/;@&=+$,"
_FRAGMENT_SAFE = _MARKS + ";/?:@&=+$,[]"

# libvirt takes the last of several parameters of one name (EXTRACT_URI_ARG_STR in
# src/remote/remote_driver.c, hypervParseUri), but the first of these
# (virURIGetParam in virConnectOpenInternal; virAuthGetConfigFilePathURI).
_FIRST_WINS = frozenset({"root", "authfile"})


class InvalidUri(HypervisorConnectError):
    """A connection URI that cannot be read, written or connected to.

    Args:
        text: The URI; only its redacted form is kept.
        reason: What is wrong with it, as a clause.
        remedy: What to do about it, as a clause; or None.

    Attributes:
        text: The URI as messages may show it (see ``redact``).
        reason: As given.
    """

    def __init__(self, text: str, reason: str, remedy: str | None = None) -> None:
        shown = redact(text)
        super().__init__(reason, where=f"URI {shown or '(empty)'}", remedy=remedy)
        self.text = shown
        self.reason = reason


@dataclass(frozen=True, repr=False)
class ConnectionUri:
    """A connection URI, its parts decoded.

    Two URIs are equal where their parts are; ``query`` is the raw text that ``params``
    were read from and does not count.

    Attributes:
        scheme: As written, transport included; None for a relative reference.
        username: The user part, which holds a ``:password`` too where one was written.
        hostname: Without the brackets of an IPv6 address.
        port: None where none, or 0, was given. May exceed 65535, as in libvirt.
        path: With its leading slash; None where there is none.
        query: Raw, not decoded; None where there is no ``?``.
        fragment: ``""`` for a lone ``#``.
        params: Decoded (name, value) pairs in the order of the query.
    """

    scheme: str | None = None
    username: str | None = None
    hostname: str | None = None
    port: int | None = None
    path: str | None = None
    query: str | None = field(default=None, compare=False)
    fragment: str | None = None
    params: Params = ()

    @classmethod
    def parse(cls, text: str) -> ConnectionUri:
        """Read a URI as libvirt does.

        Raises:
            InvalidUri: libvirt refuses the text, or it cannot be held as text.
        """
        _check_text(text)
        try:
            return _parse(text)
        except _Refused as refused:
            raise InvalidUri(text, str(refused), refused.remedy) from None

    @classmethod
    def build(
        cls,
        *,
        scheme: str | None = None,
        username: str | None = None,
        hostname: str | None = None,
        port: int | None = None,
        path: str | None = None,
        query: str | None = None,
        fragment: str | None = None,
        params: Iterable[tuple[str, str]] | None = None,
    ) -> ConnectionUri:
        """Make a URI of decoded parts; ``params`` win over the raw ``query``.

        Raises:
            InvalidUri: No text of a URI reads back as these parts.
        """
        if params is not None:
            pairs: Params = tuple((name, value) for name, value in params)
            query = _strict_query(pairs) if pairs else None
        else:
            pairs = ()
        uri = cls(
            scheme, username, hostname, port or None, path, query, fragment, pairs
        )
        return uri._checked(read_query=params is None)

    @property
    def driver(self) -> str | None:
        """The scheme before the first ``+`` (remoteSplitURIScheme); None without one."""
        return None if self.scheme is None else self.scheme.partition("+")[0]

    @property
    def transport(self) -> str | None:
        """The scheme behind the first ``+``, as written; None without a ``+``."""
        _driver, plus, transport = (self.scheme or "").partition("+")
        return transport if plus else None

    @property
    def is_remote(self) -> bool:
        """Whether a transport or a hostname is given ("Remote URIs", libvirt's page)."""
        return self.transport is not None or bool(self.hostname)

    @property
    def redacted(self) -> str:
        """The URI without secrets, for messages."""
        return redact(str(self))

    def param(self, name: str) -> str | None:
        """Return the value that libvirt would use of the parameters called ``name``.

        Names compare without case and the last one wins, as in doRemoteOpen; the first
        one does for ``root`` and ``authfile``, and ``authfile`` compares with case.
        """
        values = [value for key, value in self.params if _same_name(key, name)]
        if not values:
            return None
        return values[0] if name in _FIRST_WINS else values[-1]

    def replace(self, **changes: Any) -> ConnectionUri:
        """Return a copy with other parts; ``params`` win over ``query``.

        Raises:
            InvalidUri: No text of a URI reads back as these parts.
        """
        parts = {
            item.name: getattr(self, item.name) for item in dataclasses.fields(self)
        }
        if "query" in changes and "params" not in changes:
            parts["params"] = None
        return ConnectionUri.build(**{**parts, **changes})

    def with_param(self, name: str, value: str) -> ConnectionUri:
        """Return a copy in which ``name`` has this value and no other."""
        kept = self.without_params(name).params
        return self.replace(params=(*kept, (name, value)))

    def without_params(self, *names: str) -> ConnectionUri:
        """Return a copy without the parameters of these names, whatever their case."""
        dropped = {name.lower() for name in names}
        kept = tuple(pair for pair in self.params if pair[0].lower() not in dropped)
        return self.replace(params=kept)

    def libvirt_text(self) -> str:
        """Return what virURIFormat makes of the URI, its query by virURIFormatParams.

        libvirt escapes neither hostnames nor the names of parameters, so that a few
        URIs do not read back; ``str(uri)`` does.
        """
        return "".join(
            [
                "" if self.scheme is None else f"{self.scheme}:",
                "//",
                ""
                if self.username is None
                else _quote(self.username, _USER_SAFE) + "@",
                f"[{self.hostname}]"
                if ":" in (self.hostname or "")
                else self.hostname or "",
                f":{self.port}" if self.port else "",
                self._libvirt_path(),
                "?" + libvirt_query(self.params) if self.params else "",
                ""
                if self.fragment is None
                else "#" + _quote(self.fragment, _FRAGMENT_SAFE),
            ]
        )

    def _libvirt_path(self) -> str:
        path = self.path or ""
        # xmlSaveUri keeps the colon of file:///c:/.
        drive = 3 if self.scheme == "file" and re.match(r"/[A-Za-z]:", path) else 0
        return path[:drive] + _quote(path[drive:], _PATH_SAFE)

    def _strict_text(self) -> str:
        """A text that reads back as this URI, whatever its parts hold."""
        host = self.hostname
        authority = "".join(
            [
                "" if self.username is None else _quote_strict(self.username) + "@",
                f"[{quote(host, safe=':')}]"
                if host and ":" in host
                else _quote_strict(host),
                f":{self.port}" if self.port else "",
            ]
        )
        rootless = self.path is not None and not self.path.startswith("/")
        return "".join(
            [
                "" if self.scheme is None else f"{self.scheme}:",
                "" if rootless and not authority else "//" + authority,
                "" if self.path is None else quote(self.path, safe="/") or "%00",
                "?" + _strict_query(self.params) if self.params else "",
                "" if self.fragment is None else "#" + quote(self.fragment, safe=""),
            ]
        )

    def __str__(self) -> str:
        """The URI as libvirt formats it, or more escaped where that would not read back.

        ``ConnectionUri.parse(str(uri)) == uri`` holds for every URI that was parsed.
        """
        text = self.libvirt_text()
        return text if _reads_back(text, self) else self._strict_text()

    def __repr__(self) -> str:
        return f"ConnectionUri({self.redacted!r})"

    def _checked(self, *, read_query: bool) -> ConnectionUri:
        """Return the URI as it reads back; the parameters out of the query if asked."""
        for part in (
            self.scheme,
            self.username,
            self.hostname,
            self.path,
            self.fragment,
        ):
            _check_text(part or "")
        _check_text(self.query or "")
        if self.scheme is not None and not _SCHEME.fullmatch(self.scheme + ":"):
            raise InvalidUri(
                self.scheme, "a scheme is a letter, then letters, digits, +, -, ."
            )
        uri = self
        if read_query:
            if _skip(self.query or "", 0, _QUERY) != len(self.query or ""):
                raise InvalidUri(
                    f"?{self.query}",
                    "the query holds characters that a query cannot hold",
                    "give params instead, which are escaped for you",
                )
            uri = dataclasses.replace(self, params=split_params(self.query or ""))
        text = uri._strict_text()
        _check_text(text)
        if not _reads_back(text, uri):
            raise InvalidUri(text, *_unwritable(uri))
        return uri


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
            raise _Refused("its query repeats parameters without a name")
        position = end + 1
    return tuple(pairs)


def libvirt_query(params: Params) -> str:
    """Join parameters as virURIFormatParams does: values escaped, names as they are."""
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in params)


class _Refused(Exception):
    """Why a text is no URI; becomes InvalidUri, which knows the whole text."""

    def __init__(self, reason: str, remedy: str | None = None) -> None:
        super().__init__(reason)
        self.remedy = remedy


def _parse(text: str) -> ConnectionUri:
    scheme = _SCHEME.match(text)
    position = scheme.end() if scheme else 0
    username = hostname = port = None
    if text.startswith("//", position):
        username, hostname, port, position = _read_authority(text, position + 2)
        end = (
            _skip(text, position, _PATH) if text.startswith("/", position) else position
        )
    else:
        end = _skip(text, position, _PATH)
        if scheme is None and ":" in text[:end].partition("/")[0]:
            raise _Refused(
                "it has a colon, but no driver before it", "write driver://..."
            )
    path = _decode(text[position:end]) if end > position else None
    query = fragment = None
    position = end
    if text.startswith("?", position):
        end = _skip(text, position + 1, _QUERY)
        query, position = text[position + 1 : end], end
    if text.startswith("#", position):
        end = _skip(text, position + 1, _FRAGMENT)
        fragment, position = _decode(text[position + 1 : end]), end
    if position < len(text):
        raise _unexpected(text, position)
    return ConnectionUri(
        scheme=scheme[1] if scheme else None,
        username=username,
        hostname=hostname,
        port=port,
        path=path,
        query=query,
        fragment=fragment,
        params=split_params(query or ""),
    )


def _read_authority(
    text: str, position: int
) -> tuple[str | None, str | None, int | None, int]:
    """Read ``[userinfo@]host[:port]`` (xmlParse3986Authority); the end comes last."""
    username = None
    end = _skip(text, position, _USERINFO)
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
        return _skip(text, position, _REG_NAME)
    end = text.find("]", position)
    if end < 0:
        raise _Refused("an IPv6 address has no closing bracket", "write [address]")
    return end + 1


def _read_port(text: str, position: int) -> tuple[int | None, int]:
    port = _PORT.match(text, position)
    if port is None:
        return None, position
    if port.end() == position + 1:
        raise _Refused("no number follows the colon behind the hostname", "give a port")
    if len(port[1]) > 10 or int(port[1] or 0) > _MAX_PORT:
        raise _Refused("the port is out of range", "give a port from 1 to 65535")
    return int(port[1] or 0) or None, port.end()


def _skip(text: str, position: int, allowed: re.Pattern[str]) -> int:
    """The end of the run of ``allowed`` characters and %XX escapes from ``position``."""
    while True:
        run = allowed.match(text, position)
        position = run.end() if run else position
        if not _ESCAPE.match(text, position):
            return position
        position += 3


def _unexpected(text: str, position: int) -> _Refused:
    char = text[position]
    if char == "%":
        return _Refused(
            f"the % at position {position + 1} begins no escape", "write % as %25"
        )
    kind = "a space" if char == " " else "a character that a URI cannot hold"
    if char in "#[]@:/?":
        kind = "a character that has another meaning there"
    return _Refused(f"{kind} stands at position {position + 1}", "write it as %XX")


def _decode(text: str) -> str:
    """xmlURIUnescapeString, and the end of a C string at the first NUL."""
    try:
        return unquote_to_bytes(text).partition(b"\0")[0].decode()
    except UnicodeDecodeError:
        raise _Refused(
            "its escapes are not UTF-8", "escape the bytes of UTF-8"
        ) from None


def _quote(text: str, safe: str) -> str:
    return quote(text, safe=safe)


def _quote_strict(text: str | None) -> str:
    """Escape a part; the empty part is written as the NUL that it is read from."""
    return "" if text is None else quote(text, safe="") or "%00"


def _strict_query(params: Params) -> str:
    return "&".join(
        f"{_quote_strict(name)}={quote(value, safe='')}" for name, value in params
    )


def _reads_back(text: str, uri: ConnectionUri) -> bool:
    try:
        return _parse(text) == uri
    except _Refused:
        return False


def _unwritable(uri: ConnectionUri) -> tuple[str, str | None]:
    if uri.hostname is None and uri.port:
        return "a port needs a hostname", None
    if uri.path is not None and not uri.path.startswith("/"):
        return "the path must begin with a slash", f"write /{uri.path}"
    return "no URI holds these parts", None


def _same_name(key: str, name: str) -> bool:
    return key == name if name == "authfile" else key.lower() == name.lower()


def _check_text(text: str) -> None:
    """Refuse what cannot be handed to libvirt as a C string of UTF-8."""
    if len(text) > MAX_LENGTH:
        raise InvalidUri(text, f"it is longer than {MAX_LENGTH} characters")
    if "\0" in text:
        raise InvalidUri(text, "it holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidUri(text, "it holds half of a surrogate pair") from None
