# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that remote shells see: a tree in memory, nothing of this machine."""

from __future__ import annotations

import ntpath
import threading

START = (
    r"C:\Windows\System32\WindowsPowerShell\v1.0",
    r"C:\Windows\Temp",
    r"C:\Users\Public",
)
PROGRAMS = (
    r"C:\Windows\System32\certreq.exe",
    r"C:\Windows\System32\certutil.exe",
    r"C:\Windows\System32\cmd.exe",
    r"C:\Windows\System32\hostname.exe",
    r"C:\Windows\System32\ipconfig.exe",
    r"C:\Windows\System32\ping.exe",
    r"C:\Windows\System32\reg.exe",
    r"C:\Windows\System32\whoami.exe",
    r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe",
)


class NotFound(Exception):
    """There is no such file or directory; `str()` is the whole path."""


class NotEmpty(Exception):
    """Something lies in the directory."""


class Files:
    """Directories and files of drive C:, found in any case of letters."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._names: dict[str, str] = {"c:\\": "C:\\"}
        self._content: dict[str, bytes] = {}
        for directory in START:
            self.make_directory(directory)
        for program in PROGRAMS:
            self.write(program, b"MZ")

    @staticmethod
    def absolute(directory: str, path: str) -> str:
        """A path as seen from a directory, without `.` and `..`."""
        return ntpath.normpath(ntpath.join(directory, path.strip().strip('"')))

    def is_directory(self, path: str) -> bool:
        """Whether it is a directory that exists."""
        return path.lower() in self._names and path.lower() not in self._content

    def is_file(self, path: str) -> bool:
        """Whether it is a file that exists."""
        return path.lower() in self._content

    def shown(self, path: str) -> str:
        """The path in the case in which it was made."""
        with self._lock:
            if path.lower() not in self._names:
                raise NotFound(path)
            head, tail = ntpath.split(self._names[path.lower()])
            return ntpath.join(self.shown(head), tail) if tail else head

    def read(self, path: str) -> bytes:
        """A file's content.

        Raises:
            NotFound: There is no such file.
        """
        with self._lock:
            try:
                return self._content[path.lower()]
            except KeyError:
                raise NotFound(path) from None

    def write(self, path: str, content: bytes, *, append: bool = False) -> None:
        """Make or replace a file, or add to its end.

        Raises:
            NotFound: Its directory doesn't exist, or a directory has its name.
        """
        with self._lock:
            if not self.is_directory(ntpath.dirname(path)) or self.is_directory(path):
                raise NotFound(path)
            before = self._content.get(path.lower(), b"") if append else b""
            self._names.setdefault(path.lower(), path)
            self._content[path.lower()] = before + content

    def make_directory(self, path: str) -> None:
        """Make a directory and those above it.

        Raises:
            NotFound: It lies on another drive, or below a file.
        """
        with self._lock:
            parent = ntpath.dirname(path)
            if self.is_file(path) or (parent == path and path.lower() != "c:\\"):
                raise NotFound(path)
            if not self.is_directory(parent):
                self.make_directory(parent)
            self._names.setdefault(path.lower(), path)

    def remove(self, path: str) -> None:
        """Remove a file.

        Raises:
            NotFound: There is no such file.
        """
        with self._lock:
            if self._content.pop(path.lower(), None) is None:
                raise NotFound(path)
            del self._names[path.lower()]

    def remove_directory(self, path: str, *, with_content: bool = False) -> None:
        """Remove a directory.

        Raises:
            NotFound: There is no such directory.
            NotEmpty: Something lies in it, which is not to be removed with it.
        """
        with self._lock:
            if not self.is_directory(path):
                raise NotFound(path)
            inside = path.lower().rstrip("\\") + "\\"
            below = [key for key in self._names if key.startswith(inside)]
            if below and not with_content:
                raise NotEmpty(path)
            for key in (*below, path.lower()):
                self._content.pop(key, None)
                del self._names[key]

    def entries(self, directory: str) -> list[tuple[str, int | None]]:
        """What lies in a directory: name, and size in bytes or None for a directory.

        Raises:
            NotFound: There is no such directory.
        """
        with self._lock:
            if not self.is_directory(directory):
                raise NotFound(directory)
            below = [
                (ntpath.basename(name), key)
                for key, name in sorted(self._names.items())
                if ntpath.dirname(key) == directory.lower() and key != "c:\\"
            ]
            return [
                (name, len(self._content[key]) if key in self._content else None)
                for name, key in below
            ]
