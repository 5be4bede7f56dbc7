# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands and waits have limits, and errors that say why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from testbed.guest import cpio
from testbed.host import claimed, owned_directory
from testbed.process import TestbedError, run, wait_until, write_atomically


def test_run_gives_what_was_printed() -> None:
    assert run(["cat"], stdin="text") == "text"


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (["no-such-program"], "no-such-program is not installed"),
        (["sh", "-c", "echo why >&2; exit 3"], "failed with 3: why"),
        (["sleep", "5"], "did not end within 0.1 s"),
    ],
)
def test_run_failure_says_why(argv: list[str], reason: str) -> None:
    with pytest.raises(TestbedError, match=reason):
        run(argv, limit=0.1)


def test_wait_in_vain_shows_the_end_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "daemon.log"
    log.write_text("first\n" * 50 + "the reason\n")
    with pytest.raises(TestbedError, match=r"in vain: it answers\n(.*\n)*.*the reason"):
        wait_until(lambda: False, "it answers", limit=0.01, logs=[log])


def test_ready_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    write_atomically(path, "{}")
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_ready_file_of_a_running_testbed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    path.write_text(f'{{"pid": {os.getpid()}}}')
    with pytest.raises(TestbedError, match="belongs to the testbed"), claimed(path):
        pass
    assert path.exists()


def test_ready_file_of_a_killed_testbed_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    path.write_text('{"pid": 4194305}')  # above the largest process id of Linux
    with claimed(path):
        assert not path.exists()


def test_directory_is_made_and_removed(tmp_path: Path) -> None:
    wished = tmp_path / "one" / "two"
    with owned_directory(wished) as directory:
        (directory / "file").write_text("x")
    assert not wished.exists()


def test_existing_directory_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    with pytest.raises(TestbedError, match="exists already"), owned_directory(tmp_path):
        pass
    assert (tmp_path / "precious").exists()


def test_cpio_entries_are_aligned_and_end_with_a_trailer() -> None:
    archive = cpio([("dir", 0o040755, b""), ("dir/file", 0o100644, b"content")])
    entries, position = {}, 0
    while position < len(archive):
        fields = [
            int(archive[position + 6 + 8 * n : position + 14 + 8 * n], 16)
            for n in range(13)
        ]
        assert archive[position : position + 6] == b"070701"
        size, name_size = fields[6], fields[11]
        start = position + 110
        name = archive[start : start + name_size - 1].decode()
        content = start + name_size + -(start + name_size) % 4
        entries[name] = (fields[1], archive[content : content + size])
        position = content + size + -(content + size) % 4
    assert entries == {
        "dir": (0o040755, b""),
        "dir/file": (0o100644, b"content"),
        "TRAILER!!!": (0, b""),
    }
