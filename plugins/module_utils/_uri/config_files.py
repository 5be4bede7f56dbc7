# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt's two client configuration files: their syntax, without reading them.

libvirt.conf: src/util/virconf.c (virConfParse). auth.conf: virAuthConfigLookup in
src/util/virauthconfig.c over GLib's GKeyFile (g_key_file_parse_line). Messages name the
file and the line and repeat nothing of what stands there: it may be a password.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn, Union

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)

Value = Union[str, int, list["Value"]]

_BLANKS = re.compile(r"[ \t]*")
_BLANKS_AND_ENDS = re.compile(r"[ \t\r\n]*")
_COMMENT = re.compile(r"#[^\r\n]*")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}")
_STRING = re.compile(r"'([^'\r\n]*)'|\"\"\"(.*?)\"\"\"|\"([^\"\r\n]*)\"", re.DOTALL)
_MAX_DEPTH = 20  # of lists in lists

_SPACE = " \t\n\v\f\r"  # g_ascii_isspace
_GROUP = re.compile(r"\[([^\[\]\x00-\x1f\x7f]+)\][ \t]*")
_KEY = re.compile(r"[^\[\]]+(\[[A-Za-z0-9_.@-]+\])?")
_GLIB_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_GLIB_ESCAPES = {"": "", "s": " ", "t": "\t", "n": "\n", "r": "\r", "\\": "\\"}


class ConfigError(HypervisorConnectError):
    """A configuration file that libvirt could not read either."""


def parse_conf(text: str, path: str) -> dict[str, Value]:
    """Read the text of libvirt.conf: the first of several settings of a name counts.

    Raises:
        ConfigError: With file and line.
    """
    return _ConfParser(text, path).parse()


@dataclass
class _ConfParser:
    text: str
    path: str
    position: int = 0
    settings: dict[str, Value] = field(default_factory=dict)

    def parse(self) -> dict[str, Value]:
        self._skip(_BLANKS_AND_ENDS)
        while self.position < len(self.text):
            if not self._take(_COMMENT):
                self._setting()
            self._separator()
        return self.settings

    def _setting(self) -> None:
        name = self._take(_NAME)
        if not name:
            self._fail("a name is missing")
        self._skip(_BLANKS)
        if not self._char("="):
            self._fail(f"= is missing behind {name}")
        value = self._value(0)
        self.settings.setdefault(name, value)
        self._skip(_BLANKS)
        self._take(_COMMENT)

    def _separator(self) -> None:
        self._skip(_BLANKS)
        here = self.text[self.position : self.position + 1]
        if here and here not in "\r\n;":
            self._fail("something follows the value on its line")
        self._char(";")
        self._skip(_BLANKS_AND_ENDS)

    def _value(self, depth: int) -> Value:
        self._skip(_BLANKS)
        string = _STRING.match(self.text, self.position)
        if string:
            self.position = string.end()
            return next(group for group in string.groups() if group is not None)
        number = self._take(_NUMBER)
        if number:
            return int(number)
        if self._char("["):
            return self._list(depth + 1)
        quoted = self.text[self.position : self.position + 1] in ("'", '"')
        return self._fail("a string is not closed" if quoted else "a value is missing")

    def _list(self, depth: int) -> Value:
        if depth > _MAX_DEPTH:
            self._fail("lists are nested too deeply")
        values: list[Value] = []
        self._skip(_BLANKS_AND_ENDS)
        while not self._char("]"):
            if values and not self._char(","):
                self._fail("a list is not closed, or a comma is missing in it")
            self._skip(_BLANKS_AND_ENDS)
            if values and self._char("]"):
                break
            values.append(self._value(depth))
            self._skip(_BLANKS_AND_ENDS)
        return values

    def _skip(self, pattern: re.Pattern[str]) -> None:
        self._take(pattern)

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.position)
        self.position = found.end() if found else self.position
        return found[0] if found else ""

    def _char(self, char: str) -> bool:
        found = self.text.startswith(char, self.position)
        self.position += found
        return found

    def _fail(self, what: str) -> NoReturn:
        line = self.text.count("\n", 0, self.position) + 1
        raise ConfigError(what, where=f"{self.path}:{line}", remedy="correct the line")


@dataclass(frozen=True)
class AuthConfig:
    """auth.conf: groups ``credentials-NAME`` and ``auth-SERVICE-HOST``.

    Attributes:
        path: The file, for messages.
        groups: Keys and values of each group. Values are secrets.
    """

    path: str
    groups: Mapping[str, Mapping[str, str]] = field(repr=False)

    @classmethod
    def parse(cls, text: str, path: str) -> AuthConfig:
        """Read the text of auth.conf.

        Values run to the end of their line. Groups of one name are one group, and the
        last of several values of a key counts.

        Raises:
            ConfigError: With file and line.
        """
        groups: dict[str, dict[str, str]] = {}
        group: dict[str, str] | None = None
        for number, raw in enumerate(text.split("\n"), start=1):
            line = raw.removesuffix("\r").lstrip(_SPACE)
            heading = _GROUP.fullmatch(line)
            key, equals, value = line.partition("=")
            key = key.rstrip(_SPACE)
            if heading:
                group = groups.setdefault(heading[1], {})
            elif line and not line.startswith("#"):
                problem = _entry_problem(key if equals else "", group is not None)
                if problem or group is None:
                    raise ConfigError(
                        problem or "",
                        where=f"{path}:{number}",
                        remedy="correct the line",
                    )
                group[key] = value.lstrip(_SPACE)
        return cls(path, groups)

    def lookup(self, service: str, hostname: str | None, credname: str) -> str | None:
        """Return a credential (virAuthConfigLookup), or None where there is none.

        Args:
            service: ``libvirt``, ``ssh``, ``esx``, ``hyperv``, ...
            hostname: As in the URI; None is localhost. Without a group of its own the
                host has that of ``default``.
            credname: ``username``, ``authname``, ``password``, ``realm``, ...

        Raises:
            ConfigError: A group names no credentials, or some that are not there.
        """
        names = (f"auth-{service}-{hostname or 'localhost'}", f"auth-{service}-default")
        name = next((name for name in names if name in self.groups), None)
        if name is None:
            return None
        credentials = self._value(name, "credentials")
        if credentials is None:
            raise ConfigError(
                f"the group [{name}] has no credentials=",
                where=self.path,
                remedy="name a [credentials-NAME] group there",
            )
        group = f"credentials-{credentials}"
        if group not in self.groups:
            raise ConfigError(
                f"the group [{group}] that [{name}] names is missing",
                where=self.path,
                remedy="add it",
            )
        return self._value(group, credname)

    def _value(self, group: str, key: str) -> str | None:
        """g_key_file_get_string, which leaves an unknown escape as it is."""
        value = self.groups[group].get(key)
        if value is None:
            return None
        return _GLIB_ESCAPE.sub(lambda it: _GLIB_ESCAPES.get(it[1], it[0]), value)


def _entry_problem(key: str, in_group: bool) -> str | None:
    if not key:
        return "the line is neither [group], name=value nor a # comment"
    if not _KEY.fullmatch(key):
        return "the name before the = holds a bracket"
    return None if in_group else "a value stands before any [group]"
