# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client takes with Receive: pieces of named streams, and the end."""

from __future__ import annotations

import threading

PIECE = 16384
"""Bytes of one rsp:Stream at most."""
OVERHEAD = 160
"""Bytes of the rsp:Stream element around it."""


class Outlet:
    """A queue of stream pieces with an end and an exit code.

    Attributes:
        changed: Notified at each change; its lock guards everything here.
        stopped: Told to end.
        finished: Ended; `take` gives the exit code after the last piece.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.stopped = False
        self.finished = False
        self._code = 0
        self._chunks: list[tuple[str, bytes]] = []

    def put(self, stream: str, data: bytes, piece: int = PIECE) -> None:
        """Add to a stream, in pieces."""
        with self.changed:
            for start in range(0, len(data), piece):
                self._chunks.append((stream, data[start : start + piece]))
            self.changed.notify_all()

    def finish(self, code: int) -> None:
        """The end."""
        with self.changed:
            self.finished = True
            self._code = code
            self.changed.notify_all()

    def stop(self) -> None:
        """Tell it to end."""
        with self.changed:
            self.stopped = True
            self.changed.notify_all()

    def take(
        self, timeout: float, budget: int
    ) -> tuple[list[tuple[str, bytes]], int | None] | None:
        """Wait for pieces or the end.

        Args:
            timeout: Seconds.
            budget: Bytes at most, but one piece always.

        Returns:
            The pieces, and the exit code if nothing comes after them; None when there was
            nothing for the whole time.
        """
        with self.changed:
            if not self.changed.wait_for(
                lambda: self._chunks or self.finished, timeout
            ):
                return None
            count, size = 0, 0
            for _stream, data in self._chunks:
                size += len(data) + OVERHEAD
                if count and size > budget:
                    break
                count += 1
            taken, self._chunks = self._chunks[:count], self._chunks[count:]
            over = self.finished and not self._chunks
            return taken, self._code if over else None
