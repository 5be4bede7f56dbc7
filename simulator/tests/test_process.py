# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m hvsim` as a process, and hosts that come and go."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

FOLDER = Path(__file__).parents[1]
CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"


def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "hvsim", *arguments],
        env={**os.environ, "PYTHONPATH": str(FOLDER), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    """Those that are in here end with the test."""
    running: list[subprocess.Popen[str]] = []
    yield running
    for process in running:
        process.kill()
        process.communicate()


def ready(process: subprocess.Popen[str], path: Path) -> dict[str, Any]:
    end = time.monotonic() + 20
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)
    data: dict[str, Any] = json.loads(path.read_text())
    return data


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ready_file_tells_all_and_goes_with_the_process(
    tmp_path: Path, processes: list[subprocess.Popen[str]], number: int
) -> None:
    path = tmp_path / "ready"
    process = start(
        "--vms",
        "5",
        "--port",
        "0",
        "--tls-port",
        "0",
        "--ready-file",
        str(path),
        "--basic",
    )
    processes.append(process)
    told = ready(process, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert told["pid"] == process.pid
    assert set(told) == {"http", "https", "username", "password", "ca", "pid"}
    assert len(told["password"]) > 16
    right = (told["username"], told["password"])
    body = (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
        '<i:Identify xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/'
        'wsmanidentity.xsd"/></s:Body></s:Envelope>'
    )
    over_tls = requests.post(told["https"], body, auth=right, verify=told["ca"])
    assert (over_tls.status_code, "10.0.20348" in over_tls.text) == (200, True)
    assert requests.post(told["http"], body, auth=right).status_code == 401
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "", "")
    assert not path.exists()
    assert not Path(told["ca"]).exists()


def test_password_comes_from_the_environment(
    tmp_path: Path, processes: list[subprocess.Popen[str]]
) -> None:
    path = tmp_path / "ready"
    process = start("--no-tls", "--ready-file", str(path), HVSIM_PASSWORD="chosen")
    processes.append(process)
    told = ready(process, path)
    assert (told["password"], told["https"]) == ("chosen", None)


def test_it_ends_with_its_parent(
    tmp_path: Path, processes: list[subprocess.Popen[str]]
) -> None:
    parent = subprocess.Popen(["sleep", "60"], text=True)
    processes.append(parent)
    path = tmp_path / "ready"
    process = start(
        "--parent", str(os.getpid()), str(parent.pid), "--ready-file", str(path)
    )
    processes.append(process)
    ready(process, path)
    parent.kill()
    parent.wait()
    process.communicate(timeout=10)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--policy", "Service/Auth/Bearer=1"], "WinRM has no setting"),
        (["--set", "Service/Auth/Basic"], "is no PATH=VALUE"),
        (["--set", "Service/Auth/Basic=yes"], "'yes' is no value"),
        (["--user", "jo"], "NAME:PASSWORD"),
        (["--certificate", "hv1,color=red"], "--certificate has no color"),
        (["--rules", "/nonexistent"], "No such file"),
        (["--bind", "192.0.2.1"], "assign requested address"),
    ],
)
def test_what_can_not_be_is_said_in_a_sentence(
    tmp_path: Path,
    processes: list[subprocess.Popen[str]],
    arguments: list[str],
    words: str,
) -> None:
    process = start(*arguments, TMPDIR=str(tmp_path))
    processes.append(process)
    _out, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert words in err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_help_tells_every_option(processes: list[subprocess.Popen[str]]) -> None:
    process = start("--help")
    processes.append(process)
    out, _err = process.communicate(timeout=20)
    assert process.returncode == 0
    for word in ("--ready-file", "--policy", "--parent", "wsman-fault", "SIGTERM"):
        assert word in out


def test_hosts_live_side_by_side_and_stop(start_hvsim: Any, connect: Any) -> None:
    settings = {"Service/Auth/Basic": "true", "Service/AllowUnencrypted": "true"}
    first = start_hvsim(vms=1, settings=settings, hostname="HV1")
    second = start_hvsim(vms=2, settings=settings, hostname="HV2")
    assert first.password != second.password
    one, two = connect(first), connect(second)
    assert one.ask("x:Get", CONFIG).status == two.ask("x:Get", CONFIG).status == 200
    url = first.http_url
    first.stop()
    assert two.ask("x:Get", CONFIG).status == 200
    with pytest.raises(requests.ConnectionError):
        requests.post(url, timeout=2)


@pytest.mark.hvsim(vms=2, names=["web", "web"])
def test_mark_decides_how_the_fixture_is(hvsim: Any) -> None:
    assert len(hvsim.model.machines) == 4
