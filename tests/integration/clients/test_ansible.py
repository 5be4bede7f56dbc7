# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's own winrm and psrp connections, with raw, against simulated hosts."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from integration.clients.hosts import Endpoint, program, run

WINRM = {"ansible_connection": "winrm"}
PSRP = {"ansible_connection": "psrp"}
HTTP: dict[str, dict[str, str]] = {
    "winrm, ntlm, encrypted": WINRM
    | {
        "ansible_winrm_scheme": "http",
        "ansible_winrm_transport": "ntlm",
        "ansible_winrm_message_encryption": "always",
    },
    "psrp, ntlm, encrypted": PSRP
    | {"ansible_psrp_protocol": "http", "ansible_psrp_auth": "ntlm"},
}
HTTPS = {
    "winrm over https": WINRM
    | {"ansible_winrm_scheme": "https", "ansible_winrm_transport": "ntlm"},
    "psrp over https": PSRP
    | {"ansible_psrp_protocol": "https", "ansible_psrp_auth": "ntlm"},
}
BASIC = {
    "winrm, basic": WINRM
    | {"ansible_winrm_scheme": "http", "ansible_winrm_transport": "basic"},
}
WAYS = (*HTTP, *HTTPS, *BASIC)
COMMANDS = {
    "good": "hostname; whoami",
    "code": "Write-Output before; exit 3",
    "unknown": "Get-Nosuch",
}
Results = dict[str, dict[str, Any]]


def inventory(windows: Endpoint, open_host: Endpoint) -> dict[str, Any]:
    """One host of Ansible's for each way, and one with a wrong password."""
    hosts: dict[str, dict[str, Any]] = {}
    for ways, host, port in (
        (HTTP, windows, windows.http_port),
        (HTTPS, windows, windows.https_port),
        (BASIC, open_host, open_host.http_port),
    ):
        for way, variables in ways.items():
            hosts[way] = {
                "ansible_host": "127.0.0.1",
                "ansible_port": port,
                "ansible_user": host.username,
                "ansible_password": host.password,
                "ansible_shell_type": "powershell",
                "ansible_winrm_ca_trust_path": host.ca,
                "ansible_psrp_ca_cert": host.ca,
                **variables,
            }
    wrong = {**hosts["winrm, ntlm, encrypted"], "ansible_password": "wrong"}
    return {"all": {"hosts": {**hosts, "wrong password": wrong}}}


def playbook(answers: Path) -> list[dict[str, Any]]:
    """Each command on each host; what they register goes to a file, by host."""
    tasks: list[dict[str, Any]] = [
        {
            "raw": command,
            "register": name,
            "ignore_errors": True,
            "ignore_unreachable": True,
        }
        for name, command in COMMANDS.items()
    ]
    registered = ", ".join(f"'{name}': {name}" for name in COMMANDS)
    keep = {
        "copy": {
            "dest": f"{answers}/{{{{ inventory_hostname }}}}",
            "content": f"{{{{ {{{registered}}} | to_json }}}}",
        },
        "delegate_to": "localhost",
        "connection": "local",
        "vars": {"ansible_python_interpreter": sys.executable},
    }
    return [{"hosts": "all", "gather_facts": False, "tasks": [*tasks, keep]}]


@pytest.fixture(scope="module")
def results(
    windows: Endpoint, open_host: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> Results:
    """What each command registered on each host."""
    folder = tmp_path_factory.mktemp("ansible")
    (folder / "answers").mkdir()
    (folder / "ansible.cfg").touch()
    hosts = json.dumps(inventory(windows, open_host))
    (folder / "inventory.json").write_text(hosts, encoding="utf-8")
    play = json.dumps(playbook(folder / "answers"))
    (folder / "play.json").write_text(play, encoding="utf-8")
    ansible = program("ansible-playbook", Path(sys.executable).parent)
    ran = run(
        [ansible, "-i", str(folder / "inventory.json"), str(folder / "play.json")],
        environ={
            **os.environ,
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        },
    )
    assert ran.returncode == 0, ran.stdout
    return {
        file.name: json.loads(file.read_text(encoding="utf-8"))
        for file in (folder / "answers").iterdir()
    }


@pytest.mark.parametrize("way", WAYS)
def test_raw(way: str, results: Results) -> None:
    result = results[way]["good"]
    assert result["rc"] == 0
    assert result["stdout_lines"] == ["HVSIM", "hvsim\\administrator"]


@pytest.mark.parametrize("way", WAYS)
def test_raw_that_ends_with_a_code(way: str, results: Results) -> None:
    result = results[way]["code"]
    assert (result["failed"], result["rc"]) == (True, 3)
    assert result["stdout_lines"] == ["before"]


@pytest.mark.parametrize("way", WAYS)
def test_raw_of_what_is_unknown_tells_its_words(way: str, results: Results) -> None:
    result = results[way]["unknown"]
    assert "The term 'Get-Nosuch' is not recognized" in result["stderr"]


@pytest.mark.parametrize("way", [way for way in WAYS if way.startswith("winrm")])
def test_raw_of_what_is_unknown_fails(way: str, results: Results) -> None:
    assert results[way]["unknown"]["rc"] == 1


def test_wrong_password_is_unreachable(results: Results) -> None:
    assert results["wrong password"]["good"]["unreachable"]
