# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The counting relay: framing, and a real exchange through the real script."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed import relay

REMOTE = 0x20008086


def message(procedure: int, kind: int = relay.CALL, payload: bytes = b"") -> bytes:
    """One message of libvirt's protocol."""
    header = relay.HEADER.pack(REMOTE, 1, procedure, kind, 7, 0)
    length = relay.LENGTH.size + len(header) + len(payload)
    return relay.LENGTH.pack(length) + header + payload


@given(
    st.lists(st.tuples(st.integers(0, 500), st.binary(max_size=40)), max_size=8),
    st.lists(st.integers(1, 60), min_size=1),
)
def test_framing_does_not_depend_on_how_the_bytes_arrive(
    messages: list[tuple[int, bytes]], sizes: list[int]
) -> None:
    stream = b"".join(message(number, payload=payload) for number, payload in messages)
    framing, position = relay.Framing(), 0
    seen: list[relay.Message] = []
    while position < len(stream):
        size = sizes[position % len(sizes)]
        seen += framing.feed(stream[position : position + size])
        position += size
    assert [one.procedure for one in seen] == [number for number, _body in messages]


def test_framing_length_below_a_header_is_an_error() -> None:
    with pytest.raises(ValueError, match="8 bytes"):
        list(relay.Framing().feed(b"\0\0\0\x08"))


def test_relay_passes_bytes_and_counts_calls_alone(tmp_path: Path) -> None:
    path, counts = tmp_path / "sock", tmp_path / "counts"
    counts.mkdir()
    calls = (
        message(1) + message(273) + message(273) + message(9, kind=4, payload=b"data")
    )
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(1)
        listener.settimeout(10)
        command = [sys.executable, "-I", relay.__file__, str(path), str(counts)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdin
            assert process.stdout
            server, _address = listener.accept()
            with server:
                process.stdin.write(calls)
                process.stdin.flush()
                assert server.recv(len(calls), socket.MSG_WAITALL) == calls
                assert relay.read_counts(counts) == Counter(
                    {"remote:273": 2, "remote:1": 1}
                )
                server.sendall(b"answer")
                assert process.stdout.read(6) == b"answer"
        assert process.returncode == 0


def test_relay_without_a_server_says_so_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", relay.__file__, str(tmp_path / "none"), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == f"relay: {tmp_path}/none: No such file or directory\n"
