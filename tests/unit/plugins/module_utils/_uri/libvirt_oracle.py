# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt's own parser, called in libvirt.so.0, to compare ours with.

virURIParse and its kin are private symbols (LIBVIRT_PRIVATE_9.0.0), so that the layout
of struct _virURI is known for 9.0.0 alone; ``load`` returns None for any other version.
"""

from __future__ import annotations

import ctypes
from typing import Any


class _Param(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("value", ctypes.c_char_p),
        ("ignore", ctypes.c_bool),
    ]


class _Uri(ctypes.Structure):
    _fields_ = [
        ("scheme", ctypes.c_char_p),
        ("server", ctypes.c_char_p),
        ("user", ctypes.c_char_p),
        ("port", ctypes.c_int),
        ("path", ctypes.c_char_p),
        ("query", ctypes.c_char_p),
        ("fragment", ctypes.c_char_p),
        ("params_count", ctypes.c_size_t),
        ("params_alloc", ctypes.c_size_t),
        ("params", ctypes.POINTER(_Param)),
    ]


class Libvirt:
    """The functions of viruri.c."""

    def __init__(self, library: Any) -> None:
        self._library = library
        library.virURIParse.restype = ctypes.POINTER(_Uri)
        library.virURIParse.argtypes = [ctypes.c_char_p]
        for name in ("virURIFormat", "virURIFormatParams"):
            getattr(library, name).restype = ctypes.c_void_p
            getattr(library, name).argtypes = [ctypes.POINTER(_Uri)]
        library.virURIFree.argtypes = [ctypes.POINTER(_Uri)]
        library.virInitialize()
        # A function that does nothing and outlives this object: libvirt keeps the
        # pointer for the rest of the process, and ctypes frees a function of Python's.
        library.virSetErrorFunc(None, ctypes.CDLL(None).getpid)
        self._free = ctypes.CDLL(None).free
        self._free.argtypes = [ctypes.c_void_p]

    def parse(self, text: str) -> dict[str, Any] | None:
        """Return the parts as libvirt has them, bytes as surrogates; None if refused."""
        pointer = self._library.virURIParse(text.encode())
        if not pointer:
            return None
        uri = pointer.contents
        parts = {
            "scheme": _text(uri.scheme),
            "user": _text(uri.user),
            "server": _text(uri.server),
            "port": uri.port,
            "path": _text(uri.path),
            "query": _text(uri.query),
            "fragment": _text(uri.fragment),
            "params": [
                [_text(uri.params[i].name), _text(uri.params[i].value)]
                for i in range(uri.params_count)
            ],
        }
        parts["formatted"] = self._format(pointer)
        self._library.virURIFree(pointer)
        return parts

    def _format(self, pointer: Any) -> str | None:
        """virURIFormat with the query that virURIFormatParams makes."""
        params = self._library.virURIFormatParams(pointer)
        field = ctypes.c_void_p.from_buffer(pointer.contents, _Uri.query.offset)
        own, field.value = field.value, params
        formatted = self._take(self._library.virURIFormat(pointer))
        field.value = own
        self._free(params)
        return formatted

    def _take(self, address: int) -> str | None:
        text = _text(ctypes.string_at(address))
        self._free(address)
        return text


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "surrogateescape")


def load() -> Libvirt | None:
    """Return libvirt 9.0.0 where it is installed, else None."""
    try:
        library = ctypes.CDLL("libvirt.so.0")
        version = ctypes.c_ulong()
        library.virGetVersion(ctypes.byref(version), None, None)
        return Libvirt(library) if version.value == 9000000 else None
    except (OSError, AttributeError):
        return None
