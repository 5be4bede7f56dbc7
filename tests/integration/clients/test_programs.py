# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""evil-winrm-py and winrmcp against simulated hosts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import winrm
from integration.clients.hosts import Endpoint, program, run

ROOT = Path(__file__).resolve().parents[3]


def evil_winrm(
    host: Endpoint, home: Path, *lines: str, tls: bool = False, password: str = ""
) -> str:
    """What evil-winrm-py prints for lines typed into it."""
    command = [
        program("evil-winrm-py", ROOT / ".build" / "clients" / "bin"),
        *("--ip", "127.0.0.1"),
        *("--port", str(host.https_port if tls else host.http_port)),
        *("--user", host.username, "--password", password or host.password),
        *(["--ssl"] if tls else []),
    ]
    environ = {**os.environ, "HOME": str(home), "TERM": "dumb"}
    return run(command, environ=environ, stdin="\n".join([*lines, ""])).stdout


@pytest.mark.parametrize("tls", [False, True])
def test_evil_winrm_runs_lines(tmp_path: Path, windows: Endpoint, tls: bool) -> None:
    said = evil_winrm(
        windows, tmp_path, "hostname", "cd C:\\Windows", "Get-Nosuch", "exit", tls=tls
    )
    assert "\nHVSIM" in said
    assert "PS C:\\Windows>" in said
    assert "The term 'Get-Nosuch' is not recognized" in said


def test_evil_winrm_tells_a_wrong_password(tmp_path: Path, windows: Endpoint) -> None:
    said = evil_winrm(windows, tmp_path, "hostname", password="wrong")
    assert "Failed to authenticate" in said


@pytest.mark.parametrize("tls", [False, True])
def test_winrmcp_copies_a_file(tmp_path: Path, open_host: Endpoint, tls: bool) -> None:
    content = "".join(f"line {number}\n" for number in range(2000))
    (tmp_path / "file.txt").write_text(content, encoding="ascii")
    target = f"C:/Users/Public/new{tls}/file.txt"
    port = open_host.https_port if tls else open_host.http_port
    command = [
        program("winrmcp"),
        *("-user", open_host.username, "-pass", open_host.password),
        *("-addr", f"127.0.0.1:{port}"),
        *(["-https", "-cacert", open_host.ca] if tls else []),
        *("file.txt", target),
    ]
    copied = run(command, folder=tmp_path)
    assert copied.returncode == 0, copied.stdout
    session = winrm.Session(
        open_host.http,
        auth=(open_host.username, open_host.password),
        transport="basic",
    )
    shown = session.run_cmd("type " + target.replace("/", "\\"))
    assert shown.std_out.decode() == content
    left = session.run_cmd("dir /b %TEMP%")
    assert left.std_out == b""


def test_winrmcp_without_basic_is_refused(tmp_path: Path, windows: Endpoint) -> None:
    (tmp_path / "file.txt").write_text("x", encoding="ascii")
    command = [
        program("winrmcp"),
        *("-user", windows.username, "-pass", windows.password),
        *("-addr", f"127.0.0.1:{windows.http_port}"),
        *("file.txt", "C:/file.txt"),
    ]
    refused = run(command, folder=tmp_path)
    assert refused.returncode != 0
    assert "401" in refused.stdout
