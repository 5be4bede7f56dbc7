# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An open libvirt connection, and what every part of the driver does with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from .._core.clock import Clock, SystemClock
from .._hypervisor.hypervisor import ConnectionLost, Hypervisor, OperationFailed
from .._hypervisor.values import VirtualMachine
from .._uri.uri import redact
from .binding import libvirt
from .errors import NO_DOMAIN, NO_STORAGE_POOL, NO_STORAGE_VOL, call_error

#: What reading an answer raises that is not as libvirt's pages describe it: no XML, no
#: number, no date, a value that is missing, text that is not UTF-8 (a ValueError).
ODD_ANSWERS = (
    SyntaxError,
    ValueError,
    OverflowError,
    KeyError,
)  # XML's is a SyntaxError


class Session(Hypervisor):
    """An open libvirt connection.

    Args:
        connection: A libvirt.virConnect.
        shown: The URI that was opened, as messages may show it; None where libvirt
            probed.
        clock: What waiting goes by.
    """

    def __init__(
        self,
        connection: Any,
        shown: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._open: Any = connection
        self._clock = clock or SystemClock()
        self._domains: dict[str, Any] = {}
        self.uri = shown or redact(connection.getURI())

    @property
    def _connection(self) -> Any:
        """The libvirt.virConnect; the binding would crash on one that was closed."""
        if self._open is None:
            raise ConnectionLost(
                "the connection was closed", where=self.uri, remedy="open it again"
            )
        return self._open

    @contextmanager
    def _doing(self, what: str) -> Iterator[None]:
        """Turn a libvirtError of the block, or an odd answer, into our error."""
        try:
            yield
        except ODD_ANSWERS as error:
            raise OperationFailed(
                f"can't {what}: {odd_answer(error)}", where=self.uri
            ) from error
        except libvirt.libvirtError as error:
            raise call_error(
                error, where=self.uri, doing=what, alive=self.is_alive()
            ) from error

    def _call(self, vm: VirtualMachine, doing: str, method: str, *args: Any) -> None:
        with self._doing(f"{doing} machine {vm.name}"):
            getattr(self._domain(vm), method)(*args)

    def _domain(self, vm: VirtualMachine) -> Any:
        if vm.uuid not in self._domains:
            self._domains[vm.uuid] = self._connection.lookupByUUIDString(vm.uuid)
        return self._domains[vm.uuid]

    def _volume(self, path: str) -> Any:
        with self._doing(f"look for the volume {path}"):
            try:
                if path.startswith("/"):
                    return self._connection.storageVolLookupByPath(path)
                pool, _slash, volume = path.partition("/")
                return self._connection.storagePoolLookupByName(
                    pool
                ).storageVolLookupByName(volume)
            except libvirt.libvirtError as error:
                if error.get_error_code() not in (NO_STORAGE_POOL, NO_STORAGE_VOL):
                    raise
                return None

    def _is_off(self, domain: Any) -> bool:
        """Whether a machine is off; a transient one is gone then."""
        try:
            return not domain.isActive()
        except libvirt.libvirtError as error:
            if error.get_error_code() == NO_DOMAIN:
                return True
            raise

    def _warn(self, sentence: str) -> None:
        hint = f"{self.uri}: {sentence}."
        if hint not in self.hints:
            self.hints = (*self.hints, hint)

    def is_alive(self) -> bool:
        """virConnectIsAlive, which looks at the client's own socket only."""
        try:
            return self._open is not None and bool(self._open.isAlive())
        except libvirt.libvirtError:
            return False

    def close(self) -> None:
        """virConnectClose; domains let go first, as each holds the connection open."""
        self._domains.clear()
        connection, self._open = self._open, None
        if connection is not None:
            with suppress(libvirt.libvirtError):
                connection.close()


def said(error: Any) -> str:
    return str(error.get_error_message() or error).rstrip(".")


def odd_answer(error: Exception) -> str:
    """What was odd, in words; an exception's own text may be no more than a key."""
    kinds = {SyntaxError: "XML", UnicodeDecodeError: "text", KeyError: "a list"}
    kind = next(
        (word for one, word in kinds.items() if isinstance(error, one)), "a value"
    )
    return f"the host answered with {kind} that can't be read ({error})"
