# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules for WinRM in real runs of ansible-playbook, over each connection.

hvsim is the Windows host, in a process of its own, with a private sshd that stands for
Windows' before it. What a playbook can see it asserts itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lxml", reason="hvsim lacks lxml: not run")
pytest.importorskip("winrm", reason="pywinrm can't be imported")

from testbed.process import TestbedError
from testbed.simulated import simulated
from testbed.windows_ssh import windows_ssh

BUILD = Path(__file__).parents[4] / ".build"


def play(
    folder: Path, playbook: str, hosts: dict[str, Any], *options: str
) -> tuple[int, str]:
    """Run a playbook over hosts with their variables; its exit code and all it printed."""
    (folder / "play.yml").write_text(playbook, encoding="utf-8")
    inventory = {"all": {"hosts": hosts}}
    (folder / "inventory.json").write_text(json.dumps(inventory), encoding="utf-8")
    keep = {k: v for k, v in os.environ.items() if not k.startswith("ANSIBLE_")}
    keep.pop("LIBVIRT_DEFAULT_URI", None)
    command = (sys.executable, "-m", "ansible", "playbook", "-i", "inventory.json")
    done = subprocess.run(
        [*command, *options, "play.yml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={
            **keep,
            "ANSIBLE_COLLECTIONS_PATH": str(BUILD),
            "ANSIBLE_HOME": str(folder / "home"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_RETRY_FILES_ENABLED": "0",
            "ANSIBLE_GATHERING": "explicit",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "LC_ALL": "C.UTF-8",
            "XDG_CONFIG_HOME": str(folder / "config"),
        },
    )
    return done.returncode, done.stdout + done.stderr


def passes(folder: Path, playbook: str, hosts: dict[str, Any], *options: str) -> str:
    """Run a playbook that has to go well; what it printed."""
    code, output = play(folder, playbook, hosts, *options)
    assert code == 0, output
    return output


@pytest.fixture
def windows() -> Iterator[dict[str, Any]]:
    with simulated("--vms", "0") as ready:
        yield ready


def by_winrm(ready: dict[str, Any], **variables: Any) -> dict[str, Any]:
    """A host without a URI, as people have it for Ansible's own winrm connection."""
    return {
        "ansible_connection": "winrm",
        "ansible_host": "127.0.0.1",
        "ansible_port": int(ready["http"].rpartition(":")[2].partition("/")[0]),
        "ansible_winrm_scheme": "http",
        "ansible_winrm_transport": "ntlm",
        "ansible_user": ready["username"],
        "ansible_password": ready["password"],
        **variables,
    }


def by_uri(ready: dict[str, Any], **variables: Any) -> dict[str, Any]:
    """A host by its URI alone, from the controller."""
    return {
        "ansible_connection": "local",
        "ansible_libvirt_uri": ready["uris"]["http"],
        "ansible_password": ready["password"],
        **variables,
    }


EITHER = """
- hosts: all
  tasks:
    - name: Foretell
      hypervisor.connect.winrm_service: &wanted
        config: {max_timeout_ms: 90000}
        service: {auth: {certificate: true}, max_connections: 77}
      check_mode: true
      diff: true
      register: foretold
    - name: Do
      hypervisor.connect.winrm_service: *wanted
      diff: true
      register: done
    - name: Do again
      hypervisor.connect.winrm_service: *wanted
      register: again
    - hypervisor.connect.winrm_info:
      register: read
    - hypervisor.connect.winrm_listener:
        transport: HTTPS
        state: absent
      register: gone
    - hypervisor.connect.winrm_info:
        gather: [listeners]
      register: left
    - assert:
        that:
          - foretold is changed
          - done is changed
          - foretold.diff == done.diff
          - done.method == method
          - done.settings.service.max_connections == 77
          - again is not changed
          - again.diff is not defined
          - read.service.auth.certificate
          - read.config.max_timeout_ms == 90000
          - read.method == method
          - gone is changed
          - left.listeners | map(attribute='transport') == ['HTTP']
    - name: Leave it as it was
      hypervisor.connect.winrm_service:
        config: {max_timeout_ms: 60000}
        service: {auth: {certificate: false}, max_connections: 300}
"""


def test_host_of_a_winrm_connection_needs_no_uri(
    windows: dict[str, Any], tmp_path: Path
) -> None:
    output = passes(tmp_path, EITHER, {"hv1": by_winrm(windows, method="wsman")})
    assert windows["password"] not in output


def test_host_by_its_uri_is_reached_from_the_controller(
    windows: dict[str, Any], tmp_path: Path
) -> None:
    output = passes(tmp_path, EITHER, {"hv1": by_uri(windows, method="wsman")}, "-vvv")
    assert windows["password"] not in output
    assert "Using module file" not in output


def test_host_of_an_ssh_connection_is_reached_by_the_command(
    windows: dict[str, Any], tmp_path: Path
) -> None:
    try:
        with windows_ssh(Path(windows["ready_file"])) as ssh:
            passes(tmp_path, EITHER, {"hv1": {**ssh["ansible"], "method": "command"}})
    except TestbedError as error:
        pytest.skip(f"the command way over ssh: {error}")


BY_COMMAND = EITHER.replace(
    "  tasks:",
    """\
  module_defaults:
    group/hypervisor.connect.hypervisor: {method: command}
  tasks:
    - name: It goes over a remote shell
      hypervisor.connect.winrm_service:
        winrs: {allow_remote_shell_access: false}
      register: shell
      ignore_errors: true
    - assert:
        that: shell.msg is search('this session is a remote shell')""",
)


def test_command_goes_over_the_winrm_connection_too(tmp_path: Path) -> None:
    with simulated("--vms", "0", program="testbed.windows_host") as ready:
        passes(tmp_path, BY_COMMAND, {"hv1": by_winrm(ready, method="command")})


FALLBACK = """
- hosts: all
  module_defaults:
    group/hypervisor.connect.hypervisor: {password: wrong-secret}
  tasks:
    - hypervisor.connect.winrm_service:
        service: {auth: {basic: true}}
      register: done
    - assert:
        that:
          - done is changed
          - done.method == 'command'
    - name: Now there is a way in
      hypervisor.connect.winrm_info:
        auth: ntlm
        password: "{{ real }}"
      register: read
    - assert:
        that:
          - read.method == 'wsman'
          - read.service.auth.basic
    - name: One way alone
      hypervisor.connect.winrm_info:
        method: wsman
      register: alone
      ignore_errors: true
    - assert:
        that:
          - alone is failed
          - alone.msg is search('did not let Administrator in')
          - alone.msg is not search('wrong-secret')
"""


def test_auto_takes_the_command_where_winrm_does_not_let_the_user_in(
    windows: dict[str, Any], tmp_path: Path
) -> None:
    try:
        with windows_ssh(Path(windows["ready_file"])) as ssh:
            host = {
                **ssh["ansible"],
                "ansible_libvirt_uri": windows["uris"]["http"],
                "real": windows["password"],
            }
            passes(tmp_path, FALLBACK, {"hv1": host})
    except TestbedError as error:
        pytest.skip(f"the command way over ssh: {error}")


REFUSED = """
- hosts: all
  tasks:
    - name: Neither way
      hypervisor.connect.winrm_info:
      register: neither
      ignore_errors: true
    - name: The way that there is not
      hypervisor.connect.winrm_info:
        method: command
      register: command
      ignore_errors: true
    - assert:
        that:
          - neither.msg is search('no way to the host.s WinRM configuration works')
          - neither.msg is search('there is no hyperv:// URI')
          - neither.msg is search('the task runs on the controller')
          - command.msg is search('the program winrm can.t be run')
          - neither.exception | default('') is not search('Traceback')
"""


def test_host_without_a_way_is_told_both_reasons(tmp_path: Path) -> None:
    passes(tmp_path, REFUSED, {"hv1": {"ansible_connection": "local"}})


UNREACHABLE = """
- hosts: all
  tasks:
    - hypervisor.connect.winrm_info:
      register: neither
      ignore_errors: true
    - assert:
        that:
          - neither.msg is search('wsman')
          - neither.msg is search('command. the host.s connection|command. can.t')
          - neither.msg is not search('top-secret')
          - neither.msg.splitlines() | length == 1
"""


def test_host_that_is_down_is_told_both_reasons(tmp_path: Path) -> None:
    host = {
        "ansible_connection": "ssh",
        "ansible_host": "127.0.0.1",
        "ansible_port": 1,
        "ansible_libvirt_uri": "hyperv://admin@127.0.0.1:1/?transport=http",
        "ansible_password": "top-secret",
        "ansible_shell_type": "cmd",
    }
    code, output = play(tmp_path, UNREACHABLE, {"hv1": host})
    assert code == 0, output
    assert "top-secret" not in output


WRONG = """
- hosts: all
  module_defaults:
    group/hypervisor.connect.hypervisor:
      timeout: 20
  tasks:
    - hypervisor.connect.winrm_service:
        service: {alow_unencrypted: true}
      register: unknown
      ignore_errors: true
    - hypervisor.connect.winrm_service:
        config: {max_envelope_size_kb: 5}
      register: limit
      ignore_errors: true
    - hypervisor.connect.winrm_service:
        service: {auth: [1]}
      register: list
      ignore_errors: true
    - hypervisor.connect.winrm_service:
        service: {auth: {negotiate: false}}
      register: lockout
      ignore_errors: true
      check_mode: true
    - hypervisor.connect.winrm_listener:
        certificate_thumbprint: "{{ 'AB' * 20 }}"
      register: missing
      ignore_errors: true
    - hypervisor.connect.winrm_info:
      async: 10
      poll: 1
      register: later
      ignore_errors: true
    - hypervisor.connect.winrm_service:
        service: {allow_unencrypted: true}
        allowed_networks: []
      register: outside
      ignore_errors: true
    - hypervisor.connect.winrm_service:
        service: {allow_unencrypted: true}
      loop: [1, 2]
      register: warned
    - assert:
        that:
          - unknown.msg is search('no option service.alow_unencrypted; service has allow_unenc')
          - limit.msg is search('from 32 to 1039440')
          - list.msg == "service.auth can't be [1]; give a dictionary."
          - lockout.msg is search('this session signs in by Negotiate')
          - missing.msg is search('no certificate ABAB')
          - later.msg is search('winrm_info can.t be run with async')
          - outside.msg is search('allowed_networks is empty')
          - warned.results | map(attribute='changed') == [true, false]
"""


def test_what_is_refused_is_one_sentence_each(
    windows: dict[str, Any], tmp_path: Path
) -> None:
    output = passes(tmp_path, WRONG, {"hv1": by_winrm(windows)})
    assert "[WARNING]" in output
    assert "winrm_https_listener" in output
    assert "Traceback" not in output


DELEGATED = """
- hosts: hv1
  tasks:
    - name: From the controller, for the host of the task
      hypervisor.connect.winrm_info:
      delegate_to: localhost
      register: own
    - name: For another host, over its own connection
      hypervisor.connect.winrm_info:
        gather: [listeners]
      delegate_to: hv2
      register: other
    - assert:
        that:
          - own.method == 'wsman'
          - other.method == 'wsman'
          - other.listeners | length == 2
"""


def test_delegated_task_means_the_host_that_has_a_way(
    windows: dict[str, Any], tmp_path: Path
) -> None:
    hosts = {"hv1": by_uri(windows), "hv2": by_winrm(windows)}
    passes(tmp_path, DELEGATED, hosts)


OTHERS = """
- hosts: hv1,hv3
  tasks:
    - hypervisor.connect.winrm_info:
        gather: [config]
      delegate_to: hv2
      register: other
    - assert:
        that:
          - other.method == 'wsman'
          - other.config.max_batch_items == 4242
- hosts: hv2
  tasks:
    - name: The host of the URI is down, and the connection goes to another
      hypervisor.connect.winrm_service:
        uri: hyperv://127.0.0.2:1/?transport=http
        config: {max_batch_items: 11}
      register: elsewhere
      ignore_errors: true
    - name: As the inventory calls it, whose cmd.exe is asked, and has no winrm
      hypervisor.connect.winrm_info:
        uri: hyperv://hv2:1/?transport=http
        gather: [config]
      register: same
      ignore_errors: true
    - assert:
        that:
          - elsewhere is failed
          - elsewhere.msg is search('goes to 127.0.0.1, and uri names 127.0.0.2')
          - same.msg is search('the host has no program winrm')
"""


def test_no_other_host_is_read_or_changed_than_the_one_that_is_named(
    windows: dict[str, Any], tmp_path: Path
) -> None:
    with simulated("--vms", "0", "--set", "MaxBatchItems=4242") as second:
        hosts = {
            "hv1": by_uri(windows),
            "hv2": by_winrm(second),
            "hv3": by_winrm(windows),
        }
        passes(tmp_path, OTHERS, hosts)


BREAKS = """
- hosts: hv1
  tasks:
    - hypervisor.connect.winrm_service:
        config: {max_timeout_ms: 90000}
        service: {max_connections: 77}
        method: command
      register: broken
      ignore_errors: true
    - assert:
        that:
          - broken is failed
          - broken.msg is search('the host.s connection winrm does not work')
          - broken.msg is search('may be written or not. config.max_timeout_ms;')
          - broken.msg is search('not written. service.max_connections')
          - broken.msg is not search('Task failed')
"""


def test_connection_that_breaks_over_the_command_is_told_by_what_was_written(
    tmp_path: Path,
) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text('[{"do": "drop", "action": "Receive", "skip": 1}]')
    options = ("--vms", "0", "--rules", str(rules))
    with simulated(*options, program="testbed.windows_host") as ready:
        passes(tmp_path, BREAKS, {"hv1": by_winrm(ready)})
