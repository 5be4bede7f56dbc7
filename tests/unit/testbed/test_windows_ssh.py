# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands for Windows behind a private sshd: its lines, and a real one with ssh."""

from __future__ import annotations

import base64
import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.management import Host
from testbed.simulated import simulated
from testbed.windows_cmd import Shell, segments, utf16
from testbed.windows_ssh import as_bytes, windows_ssh
from testbed.winrm_program import Output


class Cmd(Host):
    """A host whose cmd.exe keeps its lines, and which answers no question."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def cmd(self, line: str) -> Output:
        self.lines.append(line)
        if line == "set":
            return Output(0, "TEMP=C:\\Temp\r\n")
        return Output(int(line == "bad"), f"<{line}>")


def encoded(script: str) -> str:
    text = base64.b64encode(script.encode("utf-16-le")).decode()
    return f"powershell -NoProfile -EncodedCommand {text}"


def test_line_is_cut_at_operators_outside_quotation_marks() -> None:
    line = 'echo a^&b "c & d" 2>&1&&winrm x >nul & ver'
    assert [(one.operator, one.text.strip()) for one in segments(line)] == [
        ("", 'echo a&b "c & d"'),
        ("&&", "winrm x"),
        ("&", "ver"),
    ]
    assert [(one.merged, one.silent) for one in segments(line)] == [
        (True, False),
        (False, True),
        (False, False),
    ]


def test_what_is_not_winrm_goes_to_the_host_as_it_is_written() -> None:
    host = Cmd()
    done = Shell(host).run('echo ^<a^> >"%TEMP%\\x" && bad && ver || hostname')
    assert host.lines == ['echo ^<a^> >"%TEMP%\\x"', "bad", "hostname"]
    assert (done.rc, done.stdout.count("<")) == (0, 4)


def test_winrm_reads_the_hosts_files_and_environment() -> None:
    host = Cmd()
    done = Shell(host).run('winrm set winrm/config/service -file:"%TEMP%\\x.xml" 2>&1')
    assert host.lines == ["set", 'type "C:\\Temp\\x.xml"']
    assert (done.rc, done.stderr) == (1, "")
    assert "Error number:" in done.stdout  # what cmd printed is no XML


def test_operator_that_was_escaped_once_acts_within_winrm() -> None:
    host = Cmd()
    Shell(host).run("winrm get winrm/nothing -x ^& ver")
    assert host.lines == ["ver"]


@pytest.mark.parametrize(
    "before", ["chcp.com 65001 >nul 2>&1 && ", "chcp.com 65001 > $null ; "]
)
def test_older_ansibles_begin_with_the_code_page(before: str) -> None:
    script = "& cmd.exe /d /s /c 'ver'; exit $LASTEXITCODE"
    host = Cmd()
    assert Shell(host).run(before + encoded(script)).stdout.endswith("<ver>")
    assert host.lines[-1] == "ver"


def test_utf16_comes_as_its_bytes() -> None:
    assert as_bytes(utf16("ä<")) == "\ufeffä<".encode("utf-16-le")
    assert as_bytes("ä") == "ä".encode()


@pytest.fixture(scope="module")
def ssh() -> Iterator[dict[str, Any]]:
    with (
        simulated("--vms", "0") as host,
        windows_ssh(Path(host["ready_file"])) as ready,
    ):
        yield {**ready, "hvsim": host}


NAMES = """\
Config: MaxEnvelopeSizekb MaxTimeoutms MaxBatchItems MaxProviderRequests Client Service Winrs
Client: NetworkDelayms URLPrefix AllowUnencrypted Auth DefaultPorts TrustedHosts
Auth: Basic Digest Kerberos Negotiate Certificate CredSSP
DefaultPorts: HTTP HTTPS
Service: RootSDDL MaxConcurrentOperations MaxConcurrentOperationsPerUser \
EnumerationTimeoutms MaxConnections MaxPacketRetrievalTimeSeconds AllowUnencrypted Auth \
DefaultPorts IPv4Filter IPv6Filter EnableCompatibilityHttpListener \
EnableCompatibilityHttpsListener CertificateThumbprint AllowRemoteAccess
Auth: Basic Kerberos Negotiate Certificate CredSSP CbtHardeningLevel
DefaultPorts: HTTP HTTPS
Winrs: AllowRemoteShellAccess IdleTimeout MaxConcurrentUsers MaxShellRunTime \
MaxProcessesPerShell MaxMemoryPerShellMB MaxShellsPerUser
"""
"""What a Windows of 2016 or later names in `winrm get winrm/config`, each under its parent,
in order: found in public by "MaxPacketRetrievalTimeSeconds = 120"; Microsoft's page on
the installation and configuration of WinRM describes the same names."""


def tree(text: str) -> str:
    """The names of an indented listing in the form of NAMES, parents in their order."""
    rows: list[tuple[str, list[str]]] = []
    above: list[list[str]] = []
    for line in filter(str.strip, text.splitlines()):
        depth = (len(line) - len(line.lstrip())) // 4
        name = line.split()[0]
        del above[depth:]
        if depth:
            above[-1].append(name)
        above.append([])
        rows.append((name, above[-1]))
    return "".join(f"{name}: {' '.join(below)}\n" for name, below in rows if below)


def over_ssh(ready: dict[str, Any], command: str) -> subprocess.CompletedProcess[str]:
    options = shlex.split(ready["ansible"]["ansible_ssh_common_args"])
    target = ["-i", ready["key"], "-p", str(ready["port"])]
    return subprocess.run(
        ["ssh", *options, *target, f"{ready['user']}@{ready['host']}", command],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_real_sshd_hands_winrm_what_the_host_says(ssh: dict[str, Any]) -> None:
    done = over_ssh(ssh, "winrm get winrm/config/service/auth")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Auth\n    Basic = false\n    Kerberos = true\n")


def test_names_and_their_order_are_those_of_a_real_host(ssh: dict[str, Any]) -> None:
    assert tree(over_ssh(ssh, "winrm get winrm/config").stdout) == NAMES


def test_change_over_ssh_is_read_back_over_ssh(ssh: dict[str, Any]) -> None:
    line = 'winrm set winrm/config/winrs @{MaxShellsPerUser="31"} -format:xml'
    assert "<cfg:MaxShellsPerUser>31<" in over_ssh(ssh, line).stdout
    shown = over_ssh(ssh, "winrm get winrm/config/winrs").stdout
    assert "    MaxShellsPerUser = 31\n" in shown


def test_refusal_over_ssh_has_the_exit_code(ssh: dict[str, Any]) -> None:
    done = over_ssh(ssh, 'winrm set winrm/config/winrs @{IdleTimeout="1"}')
    assert done.returncode == 1
    assert "Error number:  -2144108479 0x80338041\n" in done.stderr


def test_encoded_powershell_hands_a_line_to_cmd(ssh: dict[str, Any]) -> None:
    script = "cmd.exe /c 'winrm get winrm/config/winrs -format:xml 2>&1'; exit 1"
    done = over_ssh(ssh, encoded(script))
    assert done.stdout.startswith("<cfg:Winrs ")


def test_other_commands_are_the_hosts_own(ssh: dict[str, Any]) -> None:
    assert over_ssh(ssh, "hostname").stdout == "HVSIM\n"
    done = over_ssh(ssh, "nonsense")
    assert (done.returncode, "is not recognized" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        ("missing", 1, "'winrm' is not recognized"),
        ("stopped", 1, "Error number:  -2144108526 0x80338012"),
        ("denied", 1, "Error number:  -2147024891 0x80070005"),
        ("garbage", 0, "The system is shutting down"),
        ("banner", 0, "* Authorized users only *"),
        ("lost before set", 255, ""),
    ],
)
def test_fault_is_as_asked_for(
    ssh: dict[str, Any], fault: str, code: int, said: str
) -> None:
    file = Path(ssh["faults"])
    file.write_text(json.dumps({"winrm": fault}), encoding="utf-8")
    try:
        done = over_ssh(ssh, 'winrm set winrm/config/winrs @{MaxShellsPerUser="32"}')
    finally:
        file.unlink()
    assert done.returncode == code
    assert said in done.stdout + done.stderr
