# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection URI as a value: what libvirt reads out of a text, and the way back.

It differs from libvirt on purpose in three points: a text over 64 KiB, one with NUL or
surrogates, and one whose escapes decode to something other than UTF-8 are refused.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.grammar import (
    MAX_PORT,
    QUERY,
    SCHEME,
    Params,
    Parts,
    Refused,
    read,
    skip,
    split_params,
    strict_query,
    write,
    write_strictly,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.redaction import (
    redact,
)

MAX_LENGTH = 65536  # characters; ours, libvirt has no limit


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
            return cls(*read(text))
        except Refused as refused:
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
            query = strict_query(pairs) if pairs else None
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
        """Return what libvirt formats, which a few URIs do not read back from."""
        return write(self._parts())

    def _parts(self) -> Parts:
        return Parts(*(getattr(self, item.name) for item in dataclasses.fields(self)))

    def __str__(self) -> str:
        """The URI as libvirt formats it, or more escaped where that would not read back.

        ``ConnectionUri.parse(str(uri)) == uri`` holds for every URI that was parsed,
        unless the escapes make it longer than MAX_LENGTH.
        """
        text = self.libvirt_text()
        return text if _reads_back(text, self) else write_strictly(self._parts())

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
        if self.scheme is not None and not SCHEME.fullmatch(self.scheme + ":"):
            raise InvalidUri(
                self.scheme, "a scheme is a letter, then letters, digits, +, -, ."
            )
        uri = self
        if read_query:
            if skip(self.query or "", 0, QUERY) != len(self.query or ""):
                raise InvalidUri(
                    f"?{self.query}",
                    "the query holds characters that a query cannot hold",
                    "give params instead, which are escaped for you",
                )
            try:
                params = split_params(self.query or "")
            except Refused as refused:
                raise InvalidUri(
                    f"?{self.query}", str(refused), refused.remedy
                ) from None
            uri = dataclasses.replace(self, params=params)
        text = write_strictly(uri._parts())
        _check_text(text)
        if not _reads_back(text, uri):
            raise InvalidUri(text, *_unwritable(uri))
        return uri


def _reads_back(text: str, uri: ConnectionUri) -> bool:
    try:
        return ConnectionUri(*read(text)) == uri
    except Refused:
        return False


def _unwritable(uri: ConnectionUri) -> tuple[str, str | None]:
    if uri.hostname is None and uri.port:
        return "a port needs a hostname", "add the hostname or drop the port"
    if uri.port is not None and not 0 < uri.port <= MAX_PORT:
        return "the port is out of range", "give a port from 1 to 65535"
    if uri.path is not None and not uri.path.startswith("/"):
        return "the path does not begin with a slash", "begin it with one"
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
