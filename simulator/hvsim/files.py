# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's files: a tree in memory, nothing of this machine.

Remote shells, CIM_DataFile and the disk images of machines share it. Paths are whole
ones, found in any case of letters and with slashes that lean either way.
"""

from __future__ import annotations

import ntpath
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Protocol

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


class Exists(Exception):
    """There is such a file or directory already; `str()` is the whole path."""


class InUse(Exception):
    """Something holds the file open; `str()` is the whole path."""


class Sized(Protocol):
    """A file without its content (a disk image): a dataclass with path and size."""

    path: str
    size: int


class NotEmpty(Exception):
    """Something lies in the directory."""


class Files:
    """Directories and files, of drive C: at first.

    Attributes:
        is_held: Whether something holds the file of a path open, so that it can't be
            replaced, renamed or removed.
        is_locked: Whether something writes to it, so that it can't be read either.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._names: dict[str, str] = {"c:\\": "C:\\"}
        self._content: dict[str, bytes | Sized] = {}
        self.is_held: Callable[[str], bool] = lambda path: False
        self.is_locked: Callable[[str], bool] = lambda path: False
        for directory in START:
            self.make_directory(directory)
        for program in PROGRAMS:
            self.write(program, b"MZ")

    @staticmethod
    def absolute(directory: str, path: str) -> str:
        """A path as seen from a directory, without `.` and `..`."""
        return ntpath.normpath(ntpath.join(directory, path.strip().strip('"')))

    # What is there

    def is_directory(self, path: str) -> bool:
        """Whether it is a directory that exists."""
        key = _key(path)
        return key in self._names and key not in self._content

    def is_file(self, path: str) -> bool:
        """Whether it is a file that exists."""
        return _key(path) in self._content

    def shown(self, path: str) -> str:
        """The path in the case in which it was made."""
        with self._lock:
            if _key(path) not in self._names:
                raise NotFound(path)
            head, tail = ntpath.split(self._names[_key(path)])
            return ntpath.join(self.shown(head), tail) if tail else head

    def file(self, path: str) -> bytes | Sized | None:
        """A file: its content, or what stands for it; None where there is none."""
        return self._content.get(_key(path))

    def size(self, path: str) -> int:
        """The bytes of a file.

        Raises:
            NotFound: There is no such file.
        """
        found = self.file(path)
        if found is None:
            raise NotFound(path)
        return _size(found)

    def all_files(self) -> list[tuple[str, bytes | Sized]]:
        """Every file with its path, in the order in which they were made."""
        with self._lock:
            return [(self._names[key], file) for key, file in self._content.items()]

    def all_directories(self) -> list[str]:
        """Every directory."""
        with self._lock:
            return [name for k, name in self._names.items() if k not in self._content]

    def entries(self, directory: str) -> list[tuple[str, int | None]]:
        """What lies in a directory: name, and size in bytes or None for a directory.

        Raises:
            NotFound: There is no such directory.
        """
        with self._lock:
            if not self.is_directory(directory):
                raise NotFound(directory)
            above = _key(directory)
            below = sorted(
                (key, ntpath.basename(name))
                for key, name in self._names.items()
                if key != above and ntpath.dirname(key) == above
            )
            return [
                (name, _size(self._content[key]) if key in self._content else None)
                for key, name in below
            ]

    # Contents

    def read(self, path: str) -> bytes:
        """A file's content; nothing for one whose size alone is kept.

        Raises:
            NotFound: There is no such file.
        """
        found = self.file(path)
        if found is None:
            raise NotFound(path)
        return found if isinstance(found, bytes) else b""

    def write(self, path: str, content: bytes, *, append: bool = False) -> None:
        """Make or replace a file, or add to its end.

        Raises:
            NotFound: Its directory doesn't exist, or a directory has its name.
            InUse: Something holds the file that is there.
        """
        self._check(path)
        with self._lock:
            if not self.is_directory(ntpath.dirname(path)) or self.is_directory(path):
                raise NotFound(path)
            before = self.read(path) if append and self.is_file(path) else b""
            self._names.setdefault(_key(path), path)
            self._content[_key(path)] = before + content

    def place(self, file: Sized) -> None:
        """Put a file at its path, over one that is there, and make its directories."""
        with self._lock:
            root = ntpath.splitdrive(file.path)[0] + "\\"
            self._names.setdefault(_key(root), root)
            self.make_directory(ntpath.dirname(file.path))
            self._names[_key(file.path)] = file.path
            self._content[_key(file.path)] = file

    # Changes

    def make_directory(self, path: str) -> None:
        """Make a directory and those above it.

        Raises:
            NotFound: It lies on another drive, or below a file.
        """
        with self._lock:
            parent = ntpath.dirname(path)
            known = _key(path) in self._names
            if self.is_file(path) or (parent == path and not known):
                raise NotFound(path)
            if not self.is_directory(parent):
                self.make_directory(parent)
            self._names.setdefault(_key(path), path)

    def remove(self, path: str, *, by_holder: bool = False) -> None:
        """Remove a file; who holds it may do so.

        Raises:
            NotFound: There is no such file.
            InUse: Something holds it.
        """
        if not by_holder:
            self._check(path)
        with self._lock:
            if self._content.pop(_key(path), None) is None:
                raise NotFound(path)
            del self._names[_key(path)]

    def remove_directory(self, path: str, *, with_content: bool = True) -> None:
        """Remove a directory, with all that is in it where that is wanted.

        Raises:
            NotFound: There is no such directory.
            NotEmpty: Something lies in it, which is not to be removed with it.
            InUse: Something holds one of its files; what came before it is gone.
        """
        if not self.is_directory(path):
            raise NotFound(path)
        if not with_content and any(self._below(path)):
            raise NotEmpty(path)
        for key in sorted(self._below(path), reverse=True):
            if key in self._content:
                self.remove(key)
            else:
                self._names.pop(key, None)
        self._names.pop(_key(path), None)

    def rename(self, path: str, target: str) -> None:
        """Move a file, or a directory with all that is in it.

        Raises:
            NotFound: There is no such thing, or no directory for the target.
            Exists: Something has the new name.
            InUse: Something holds one of the files.
        """
        self._check_target(path, target)
        moved = [_key(path), *self._below(path)]
        for key in moved:
            self._check(key)
        with self._lock:
            for key in moved:
                self._move(key, target + self._names[key][len(ntpath.normpath(path)) :])

    def _move(self, key: str, target: str) -> None:
        del self._names[key]
        self._names[_key(target)] = target
        if key in self._content:
            file = self._content.pop(key)
            if not isinstance(file, bytes):
                file.path = target
            self._content[_key(target)] = file

    def copy(self, path: str, target: str) -> None:
        """Copy a file, or a directory with all that is in it.

        Raises:
            NotFound: There is no such thing, or no directory for the target.
            Exists: Something has the new name.
            InUse: Something writes to one of the files.
        """
        self._check_target(path, target)
        for key in (_key(path), *sorted(self._below(path))):
            if self.is_file(key) and self.is_locked(key):
                raise InUse(key)
            there = target + self._names[key][len(ntpath.normpath(path)) :]
            self._copy(self._content.get(key), there)

    def _copy(self, file: Any, target: str) -> None:
        if file is None:
            self.make_directory(target)
        elif isinstance(file, bytes):
            self.write(target, file)
        else:
            self.place(replace(file, path=target))

    def _check_target(self, path: str, target: str) -> None:
        if _key(path) not in self._names:
            raise NotFound(path)
        if _key(target) in self._names:
            raise Exists(target)
        if not self.is_directory(ntpath.dirname(target)):
            raise NotFound(ntpath.dirname(target))

    def _check(self, path: str) -> None:
        """Not under the lock: who holds what is known to a model with a lock of its own."""
        if self.is_file(path) and self.is_held(path):
            raise InUse(path)

    def _below(self, path: str) -> Iterator[str]:
        above = _key(path).rstrip("\\") + "\\"
        with self._lock:
            names = list(self._names)
        return (key for key in names if key.startswith(above) and key != above)


def _key(path: str) -> str:
    return ntpath.normpath(path).lower()


def _size(file: bytes | Sized) -> int:
    return len(file) if isinstance(file, bytes) else file.size
