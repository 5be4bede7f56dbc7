# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A relay for the ext transport that counts libvirt's calls as they pass.

Run as ``relay.py SOCKET COUNTS_DIRECTORY``: bytes go from standard input to the Unix
socket and back unchanged. Every CALL of the client is counted, and the counts are on
disk before the call reaches the server, so that whoever got an answer can read them.

Framing (https://libvirt.org/kbase/internals/rpc.html): four bytes of length, which
count themselves, then the header in XDR: program, version, procedure, type, serial,
status, each four bytes, big-endian.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import struct
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PROGRAMS = {
    0x20008086: "remote",
    0x20008087: "qemu",
    0x20008088: "lxc",
    0x6B656570: "keepalive",
}
CALL = 0
LENGTH = struct.Struct(">I")
HEADER = struct.Struct(">IIIIII")


class Message(NamedTuple):
    """The header of one message; ``type`` 0 is a call, 1 a reply, 2 an event."""

    program: int
    version: int
    procedure: int
    type: int
    serial: int
    status: int


class Framing:
    """Cuts a stream of bytes into messages; only the headers are kept."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Take bytes in, give the headers of the messages that are now complete.

        Raises:
            ValueError: A length too small for a header; this is not libvirt's protocol.
        """
        self._buffer += data
        while len(self._buffer) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._buffer)
            if length < LENGTH.size + HEADER.size:
                raise ValueError(f"a message of {length} bytes")
            if len(self._buffer) < length:
                return
            yield Message(*HEADER.unpack_from(self._buffer, LENGTH.size))
            del self._buffer[:length]


def key(message: Message) -> str:
    """The name under which a call is counted, such as ``remote:273``."""
    program = PROGRAMS.get(message.program, hex(message.program))
    return f"{program}:{message.procedure}"


def relay(client_in: int, client_out: int, server: socket.socket, counts: Path) -> None:
    """Pass bytes both ways until either side ends, counting the client's calls."""
    framing, calls = Framing(), Counter[str]()
    selector = selectors.DefaultSelector()
    selector.register(client_in, selectors.EVENT_READ)
    selector.register(server, selectors.EVENT_READ)
    while True:
        for ready, _events in selector.select():
            data = os.read(ready.fd, 1 << 20)
            if not data:
                return
            if ready.fd != client_in:
                write_all(client_out, data)
                continue
            news = [key(one) for one in framing.feed(data) if one.type == CALL]
            if news:
                calls.update(news)
                save(counts, calls)
            server.sendall(data)


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte; a descriptor may take fewer at once."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def save(path: Path, calls: Counter[str]) -> None:
    """Replace the counts on disk at once."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(calls, sort_keys=True))
    fresh.replace(path)


def read_counts(directory: Path) -> Counter[str]:
    """Sum up the calls of all connections so far: ``program:procedure`` to number.

    To measure something, read before and after and subtract: a connection that is
    still open, or is closed later, goes on counting.
    """
    total: Counter[str] = Counter()
    for path in directory.glob("*.json"):
        total.update(json.loads(path.read_text()))
    return total


def main() -> None:
    """Relay standard input and output to the socket named on the command line."""
    target, directory = sys.argv[1], Path(sys.argv[2])
    with socket.socket(socket.AF_UNIX) as server:
        try:
            server.connect(target)
        except OSError as error:
            sys.exit(f"relay: {target}: {error.strerror}")
        relay(0, 1, server, directory / f"{os.getpid()}.json")


if __name__ == "__main__":
    main()
