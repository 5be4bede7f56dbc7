# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pywinrm's own Session and Protocol against a simulated host."""

from __future__ import annotations

from typing import Any

import pytest
import winrm
from integration.clients.hosts import Endpoint
from winrm.exceptions import InvalidCredentialsError, WinRMOperationTimeoutError

WAYS = ("ntlm", "ntlm over https", "basic", "basic over https")


def session(way: str, windows: Endpoint, open_host: Endpoint) -> winrm.Session:
    transport, _over, scheme = way.partition(" over ")
    host = open_host if transport == "basic" else windows
    options: dict[str, Any] = {"transport": transport}
    if scheme:
        options["ca_trust_path"] = host.ca
    url = host.https if scheme else host.http
    return winrm.Session(url, auth=(host.username, host.password), **options)


@pytest.mark.parametrize("way", WAYS)
def test_run_cmd(way: str, windows: Endpoint, open_host: Endpoint) -> None:
    result = session(way, windows, open_host).run_cmd("hostname")
    assert (result.status_code, result.std_out, result.std_err) == (
        0,
        b"HVSIM\r\n",
        b"",
    )


@pytest.mark.parametrize("way", WAYS)
def test_run_ps(way: str, windows: Endpoint, open_host: Endpoint) -> None:
    result = session(way, windows, open_host).run_ps("$PSVersionTable.PSVersion.Major")
    assert (result.status_code, result.std_out) == (0, b"5\r\n")


def test_run_cmd_that_fails(windows: Endpoint, open_host: Endpoint) -> None:
    result = session("ntlm", windows, open_host).run_cmd("nosuch", ["argument"])
    assert result.status_code == 1
    assert result.std_out == b""
    assert result.std_err.startswith(b"'nosuch' is not recognized as an internal")


def test_errors_of_powershell_are_read_from_clixml(
    windows: Endpoint, open_host: Endpoint
) -> None:
    result = session("ntlm", windows, open_host).run_ps("Get-Nosuch")
    assert result.status_code == 1
    assert result.std_err.startswith(b"Get-Nosuch : The term 'Get-Nosuch' is not")


def test_wrong_password_is_told(windows: Endpoint) -> None:
    wrong = winrm.Session(
        windows.http, auth=(windows.username, "wrong"), transport="ntlm"
    )
    with pytest.raises(InvalidCredentialsError):
        wrong.run_cmd("hostname")


def test_basic_is_refused_at_windows_defaults(windows: Endpoint) -> None:
    basic = winrm.Session(
        windows.http, auth=(windows.username, windows.password), transport="basic"
    )
    with pytest.raises(InvalidCredentialsError):
        basic.run_cmd("hostname")


@pytest.fixture
def protocol(windows: Endpoint) -> winrm.Protocol:
    return winrm.Protocol(
        windows.http,
        transport="ntlm",
        username=windows.username,
        password=windows.password,
        operation_timeout_sec=1,
        read_timeout_sec=10,
    )


def test_protocol_with_directory_environment_and_input(
    protocol: winrm.Protocol,
) -> None:
    shell = protocol.open_shell(
        working_directory="C:\\Windows", env_vars={"X": "1"}, codepage=65001
    )
    command = protocol.run_command(shell, "cd & echo %X% & more")
    protocol.send_command_input(shell, command, "caf\u00e9\r\n".encode(), end=True)
    assert protocol.get_command_output(shell, command) == (
        "C:\\Windows\r\n1 \r\ncaf\u00e9\r\n".encode(),
        b"",
        0,
    )
    protocol.cleanup_command(shell, command)
    protocol.close_shell(shell)


def test_protocol_waits_over_operation_timeouts(protocol: winrm.Protocol) -> None:
    shell = protocol.open_shell()
    command = protocol.run_command(shell, "powershell", ["Start-Sleep 2; hostname"])
    with pytest.raises(WinRMOperationTimeoutError):
        protocol.get_command_output_raw(shell, command)
    assert protocol.get_command_output(shell, command) == (b"HVSIM\r\n", b"", 0)
    protocol.close_shell(shell)
