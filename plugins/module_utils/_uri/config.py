# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which URI is opened, and which auth.conf is read: libvirt's order and its two files.

The order of URIs is that of virConnectOpenInternal and virConnectGetDefaultURI
(src/libvirt.c), aliases are virURIResolveAlias (src/util/viruri.c), the place of
libvirt.conf is virConfLoadConfig (src/util/virconf.c), the order of auth.conf is
virAuthGetConfigFilePathURI (src/util/virauth.c).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ansible_collections.hypervisor.connect.plugins.module_utils._uri.config_files import (
    AuthConfig,
    ConfigError,
    Value,
    parse_conf,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.legacy import (
    recognise,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.uri import (
    ConnectionUri,
)

SYSTEM_CONF = "/etc/libvirt/libvirt.conf"
SYSTEM_AUTH = "/etc/libvirt/auth.conf"
_MAX_SIZE = 10 * 1024 * 1024  # bytes, MAX_CONFIG_FILE_SIZE in virconf.c
_ALIAS = re.compile(r"[A-Za-z0-9_-]*")

Read = Callable[[str], "str | None"]


class UnreadableFile(ConfigError):
    """A configuration file that is there but cannot be read."""


@dataclass(frozen=True)
class Resolution:
    """Where a URI came from and what it came to.

    Attributes:
        uri: None where libvirt probes by itself.
        text: The URI to hand to libvirt, aliases resolved; None where it probes.
        source: ``task``, ``LIBVIRT_DEFAULT_URI``, ``uri_default in FILE``, ``probing``.
        alias: The alias that was resolved, or None.
        hints: Sentences that a user may want to read.
    """

    uri: ConnectionUri | None
    text: str | None
    source: str
    alias: str | None = None
    hints: tuple[str, ...] = ()


def resolve(
    text: str | None,
    *,
    environ: Mapping[str, str],
    uid: int,
    read: Read | None = None,
    config: str | None = None,
) -> Resolution:
    """Find the URI to open as libvirt does.

    Args:
        text: The URI or alias that was asked for; None or empty for the default.
        environ: The environment that libvirt would see.
        uid: The effective user: 0 reads /etc/libvirt/libvirt.conf, others their own.
        read: Gives the text of a file, or None where it is missing.
        config: The libvirt.conf to read instead; it must be there.

    Raises:
        InvalidUri: The URI that was found is none.
        ConfigError: libvirt.conf cannot be read.
    """
    read = read or read_text
    path = config or client_conf_path(environ, uid)
    conf = _read_conf(path, read if config is None else _must(read))
    hints = [] if text else _default_hints(environ)
    found, source = _choose(text, environ, conf, path)
    if found is None:
        return Resolution(None, None, source, hints=tuple(hints))
    target = _alias_target(conf, found, path)
    alias = None if target is None else found
    result = found if target is None else target
    uri = ConnectionUri.parse(result)
    legacy = recognise(result)
    if legacy is None and source == "task":
        legacy = recognise(text)
    if legacy is not None:
        hints.append(f"{legacy.meaning}; {legacy.hint}.")
    return Resolution(uri, result, source, alias, tuple(hints))


def client_conf_path(environ: Mapping[str, str], uid: int) -> str | None:
    """Return where libvirt.conf is for a user; None where the user has no home."""
    return SYSTEM_CONF if uid == 0 else _user_file(environ, "libvirt.conf")


def find_auth_config(
    uri: ConnectionUri | None,
    *,
    environ: Mapping[str, str],
    read: Read | None = None,
) -> AuthConfig | None:
    """Read the auth.conf that libvirt would read; None where there is none.

    The order is LIBVIRT_AUTH_FILE, ``authfile=``, the user's own file, the system's. A
    file that is named must be readable; of the others the first readable one counts.

    Raises:
        ConfigError: The file is missing, unreadable or wrong.
    """
    read = read or read_text
    named = environ.get("LIBVIRT_AUTH_FILE") or (uri and uri.param("authfile"))
    if named:
        return AuthConfig.parse(_must(read)(named) or "", named)
    for path in (_user_file(environ, "auth.conf"), SYSTEM_AUTH):
        text = _read_if_allowed(path, read) if path else None
        if path and text is not None:
            return AuthConfig.parse(text, path)
    return None


def read_text(path: str) -> str | None:
    """Read a file of UTF-8; None where it is missing.

    Raises:
        UnreadableFile: It is there but cannot be read, is too large or no text.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(_MAX_SIZE + 1)
        if len(content) > _MAX_SIZE:
            raise UnreadableFile("the file is too large", where=path)
        return content.decode()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise UnreadableFile(
            f"the file cannot be read ({reason})", where=path, remedy="correct the file"
        ) from None


def _must(read: Read) -> Read:
    """Return a reader that does not pass over a missing file."""

    def read_or_fail(path: str) -> str:
        text = read(path)
        if text is None:
            raise UnreadableFile(
                "the file is missing", where=path, remedy="correct its name"
            )
        return text

    return read_or_fail


def _read_if_allowed(path: str, read: Read) -> str | None:
    try:
        return read(path)
    except UnreadableFile:
        return None


def _user_file(environ: Mapping[str, str], name: str) -> str | None:
    """virGetUserConfigDirectory, which is GLib's g_get_user_config_dir."""
    home = environ.get("HOME")
    config = environ.get("XDG_CONFIG_HOME") or (home and f"{home}/.config")
    return f"{config}/libvirt/{name}" if config else None


def _read_conf(path: str | None, read: Read) -> Mapping[str, Value]:
    text = read(path) if path else None
    return {} if text is None or path is None else parse_conf(text, path)


def _choose(
    text: str | None,
    environ: Mapping[str, str],
    conf: Mapping[str, Value],
    path: str | None,
) -> tuple[str | None, str]:
    if text:
        legacy = text.lower() == "xen" or text == "xen://"
        return ("xen:///system" if legacy else text), "task"
    if environ.get("LIBVIRT_DEFAULT_URI"):
        return environ["LIBVIRT_DEFAULT_URI"], "LIBVIRT_DEFAULT_URI"
    default = conf.get("uri_default")
    if default is None:
        return None, "probing"
    if not isinstance(default, str) or not default:
        raise ConfigError(
            "uri_default is no URI", where=path, remedy='write uri_default = "URI"'
        )
    return default, f"uri_default in {path}"


def _alias_target(
    conf: Mapping[str, Value], alias: str, path: str | None
) -> str | None:
    """virURIFindAliasMatch: entries up to the match must be well-formed."""
    aliases = conf.get("uri_aliases", [])
    if not isinstance(aliases, list) or not all(isinstance(a, str) for a in aliases):
        raise ConfigError(
            "uri_aliases is no list of strings",
            where=path,
            remedy='write uri_aliases = [ "NAME=URI", ... ]',
        )
    for entry in aliases:
        name, equals, target = str(entry).partition("=")
        if not equals or not _ALIAS.fullmatch(name):
            raise ConfigError(
                "an entry of uri_aliases is not NAME=URI",
                where=path,
                remedy="make the name of letters, digits, _ and -",
            )
        if name == alias:
            return target
    return None


def _default_hints(environ: Mapping[str, str]) -> list[str]:
    if not environ.get("VIRSH_DEFAULT_CONNECT_URI"):
        return []
    return [
        "VIRSH_DEFAULT_CONNECT_URI is set, but it is deprecated and only virsh reads it; "
        "set LIBVIRT_DEFAULT_URI."
    ]
