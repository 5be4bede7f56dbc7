# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugins, in real runs of ansible-playbook against libvirt's test driver.

test:///default lives as long as its process: tasks share nothing, and the items of one
loop share a worker and its connection. What a playbook can see it asserts itself;
whether a task ran as an ordinary module is told by Ansible with -vvv (AS_MODULE).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

pytest.importorskip("libvirt", reason="libvirt-python is not installed")

BUILD = Path(__file__).parents[4] / ".build"
AS_MODULE = "Using module file"


def play(
    folder: Path, playbook: str, *options: str, hosts: dict[str, Any], **environ: str
) -> tuple[int, str]:
    """Run a playbook over hosts with their variables; its exit code and all it printed."""
    (folder / "play.yml").write_text(playbook, encoding="utf-8")
    inventory = {"all": {"hosts": hosts}}
    (folder / "inventory.json").write_text(json.dumps(inventory), encoding="utf-8")
    keep = {k: v for k, v in os.environ.items() if not k.startswith("ANSIBLE_")}
    keep.pop("LIBVIRT_DEFAULT_URI", None)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "ansible", "playbook", *options),
            *("-i", "inventory.json", "play.yml"),
        ],
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
            "LC_ALL": "C.UTF-8",
            "XDG_CONFIG_HOME": str(folder / "config"),
            **environ,
        },
    )
    return done.returncode, done.stdout + done.stderr


def local(**variables: Any) -> dict[str, Any]:
    return {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        **variables,
    }


WHERE_OPTIONS_COME_FROM = """
- hosts: named
  tasks:
    - hypervisor.connect.host_info:
      register: done
    - assert:
        that:
          - done is not changed
          - done.host.uri == 'test:///default'
          - done.host.driver == 'test'

    - name: The task's own URI wins
      hypervisor.connect.vm_info:
        uri: test://{{ playbook_dir }}/two.xml
      register: done
    - assert:
        that: done.vms | map(attribute='name') == ['one', 'two']

    - name: So it does over module_defaults, which win over the host's variable
      module_defaults:
        group/hypervisor.connect.hypervisor:
          uri: test://{{ playbook_dir }}/two.xml
      block:
        - hypervisor.connect.vm_info:
          register: by_default
        - hypervisor.connect.vm_info:
            uri: test:///default
          register: by_task
    - assert:
        that:
          - by_default.vms | length == 2
          - by_task.vms | length == 1

- hosts: bare
  tasks:
    - hypervisor.connect.vm_info:
      environment:
        LIBVIRT_DEFAULT_URI: test://{{ playbook_dir }}/two.xml
      register: done
    - assert:
        that:
          - done.vms | length == 2

    - name: Items with an environment of their own each have their connection
      hypervisor.connect.vm_info:
      environment:
        LIBVIRT_DEFAULT_URI: "{{ item }}"
      loop: ["test:///default", "test://{{ playbook_dir }}/two.xml", "test:///default"]
      register: done
    - assert:
        that: done.results | map(attribute='vms') | map('length') == [1, 2, 1]

- hosts: guarded
  tasks:
    - name: User and password are the host's
      hypervisor.connect.host_info:
      register: done
    - assert:
        that: done.host.alive

    - name: The task's own win
      hypervisor.connect.host_info:
        password: wrong-secret
      register: done
      ignore_errors: true
    - assert:
        that:
          - done is failed
          - done.msg is search('the user or password was refused')
          - done.error.code == 45
          - done.exception is not defined or 'Traceback' not in done.exception

- hosts: numeric
  tasks:
    - name: A password may be a number
      hypervisor.connect.host_info:
      register: done
      ignore_errors: true
    - assert:
        that:
          - done is failed
          - done.msg is search('the user or password was refused')
"""


@pytest.fixture
def guarded(tmp_path: Path) -> str:
    """A host of the test driver that lets fred in with hunter2."""
    (tmp_path / "guarded.xml").write_text(
        "<node><auth><user password='hunter2'>fred</user></auth></node>"
    )
    return f"test://{tmp_path}/guarded.xml"


def machine(name: str) -> str:
    return (
        f"<domain type='test'><name>{name}</name><memory>1024</memory>"
        "<os><type>hvm</type></os></domain>"
    )


def test_options_come_from_task_defaults_variables_and_environment(
    tmp_path: Path, guarded: str
) -> None:
    (tmp_path / "two.xml").write_text(f"<node>{machine('one')}{machine('two')}</node>")
    hosts = {
        "named": local(ansible_libvirt_uri="{{ kind }}:///default", kind="test"),
        "bare": local(),
        "guarded": local(
            ansible_libvirt_uri=guarded, ansible_user="fred", ansible_password="hunter2"
        ),
        "numeric": local(
            ansible_libvirt_uri=guarded, ansible_user="fred", ansible_password=8643209
        ),
    }
    code, printed = play(tmp_path, WHERE_OPTIONS_COME_FROM, "-vvv", hosts=hosts)
    assert code == 0, printed
    for secret in ("hunter2", "wrong-secret", "8643209"):
        assert secret not in printed
    assert AS_MODULE not in printed
    assert "Traceback" not in printed


DELEGATED = """
- hosts: a
  tasks:
    - name: Another host's hypervisor, by its own user and password
      hypervisor.connect.vm_info:
      delegate_to: b
      register: theirs
    - name: Its module
      hypervisor.connect.vm_info:
      delegate_to: b
      async: 60
      poll: 1
      register: by_module
    - name: The controller, for this host's hypervisor
      hypervisor.connect.vm_info:
      delegate_to: localhost
      register: ours
    - name: A host without a hypervisor
      hypervisor.connect.vm_info:
      delegate_to: bare
      register: ours_too
    - name: Both, one after the other
      hypervisor.connect.vm_info:
      delegate_to: "{{ item }}"
      loop: [b, bare]
      register: both
    - assert:
        that:
          - theirs.vms | map(attribute='name') == ['of-b']
          - by_module.vms | map(attribute='name') == ['of-b']
          - ours.vms | map(attribute='name') == ['of-a']
          - ours_too.vms | map(attribute='name') == ['of-a']
          - both.results | map(attribute='vms') | map('first')
            | map(attribute='name') == ['of-b', 'of-a']
"""


def test_delegated_task_means_the_hypervisor_of_the_host_it_goes_to(
    tmp_path: Path,
) -> None:
    hosts = {}
    for name in ("a", "b"):
        (tmp_path / f"{name}.xml").write_text(
            f"<node><auth><user password='secret-{name}'>{name}</user></auth>"
            f"{machine('of-' + name)}</node>"
        )
        hosts[name] = local(
            # What is the same text for all hosts is templated for each.
            ansible_libvirt_uri=f"test://{tmp_path}/{{{{ inventory_hostname }}}}.xml",
            ansible_user=name,
            ansible_password=f"secret-{name}",
        )
    hosts["b"]["ansible_password"] = "{{ own }}"
    hosts["b"]["own"] = "secret-b"
    hosts["bare"] = local(ansible_user="nobody")
    code, printed = play(tmp_path, DELEGATED, hosts=hosts)
    assert code == 0, printed


def vaulted(secret: str, text: str) -> str:
    """A text as ansible-vault encrypt_string writes it, on one line of YAML."""
    vault = VaultLib([("default", VaultSecret(secret.encode()))])
    return json.dumps(vault.encrypt(text).decode())


def test_uri_user_and_password_may_be_vaulted(tmp_path: Path, guarded: str) -> None:
    (tmp_path / "secret").write_text("key-of-the-vault")

    def lock(text: str) -> str:
        return "!vault " + vaulted("key-of-the-vault", text)

    playbook = f"""
- hosts: bare
  vars:
    ansible_libvirt_uri: {lock(guarded)}
    ansible_user: {lock("fred")}
    ansible_password: {lock("hunter2")}
    name: {lock("nobody")}
  tasks:
    - hypervisor.connect.vm_info:
        name: ["{{{{ name }}}}"]
      register: by_variables
    - hypervisor.connect.vm_info:
        uri: {lock(guarded)}
        username: {lock("fred")}
        password: {lock("hunter2")}
      register: by_task
    - hypervisor.connect.vm_info:
      async: 60
      poll: 1
      register: by_module
      vars:
        ansible_libvirt_uri: {lock("test:///default")}
    - assert:
        that:
          - by_variables.vms == []
          - by_task.vms == []
          - by_module.vms | length == 1
"""
    options = ("--vault-password-file", "secret", "-vvv")
    code, printed = play(tmp_path, playbook, *options, hosts={"bare": local()})
    assert code == 0, printed
    assert "hunter2" not in printed


ENVIRONMENTS = """
- hosts: named
  tasks:
    - hypervisor.connect.vm_info:
      environment: "{{ item }}"
      loop:
        - {5: 6}
        - {"A=B": x}
        - {"": x}
        - {A: "web\\0"}
      register: done
      ignore_errors: true
    - assert:
        that:
          - done.results | select('failed') | length == 4
          - done.results | map(attribute='msg')
            | select('search', "^environment can't hold the variable") | length == 4
          - done.results | map(attribute='exception', default='')
            | select('search', 'Traceback') | list == []
    - name: What an argument spec refuses is not repeated where it is the password
      hypervisor.connect.vm_info:
        password: hunter2
        auth: hunter2
        hunter2: x
      register: bad
      ignore_errors: true
    - hypervisor.connect.vm_info:
        password: hunter2
        auth: hunter2
      register: worse
      ignore_errors: true
    - assert:
        that:
          - bad is failed
          - worse is failed
          - worse.msg is search('value of auth must be one of')
"""


def test_environment_that_is_none_and_refusals_are_told_in_words_without_secrets(
    tmp_path: Path,
) -> None:
    hosts = {"named": local(ansible_libvirt_uri="test:///default")}
    code, printed = play(tmp_path, ENVIRONMENTS, hosts=hosts)
    assert code == 0, printed
    assert "Traceback (most" not in printed
    assert not [
        line for line in printed.splitlines() if '"msg"' in line and "hunter2" in line
    ]


CHANGES = """
- hosts: named
  tasks:
    - name: The items of a loop share one connection and so its machines
      hypervisor.connect.vm:
        name: test
        state: "{{ item }}"
      loop: [stopped, stopped, running, running, paused]
      register: done
    - assert:
        that:
          - done.results | map(attribute='changed') == [true, false, true, false, true]
          - done.results | map(attribute='vm.state')
            == ['stopped', 'stopped', 'running', 'running', 'paused']
          - done.results | selectattr('diff', 'defined') == []

    - name: Check mode foretells and does nothing
      hypervisor.connect.vm:
        name: test
        state: stopped
      loop: [1, 2]
      check_mode: true
      register: done
    - assert:
        that:
          - done.results | map(attribute='changed') == [true, true]
          - done.results | map(attribute='vm.state') == ['running', 'running']
          - done.results | map(attribute='actions') == [['shut_down'], ['shut_down']]

    - name: Diff mode shows what changes
      hypervisor.connect.vm:
        name: test
        state: paused
        autostart: true
      diff: true
      register: done
    - assert:
        that:
          - "done.diff.before == {'autostart': false, 'state': 'running'}"
          - "done.diff.after == {'autostart': true, 'state': 'paused'}"

    - name: The names of the options are checked
      hypervisor.connect.vm:
        name: test
        colour: red
      register: unknown
      ignore_errors: true
    - name: Their values are, too
      hypervisor.connect.vm:
        name: test
        state: "{{ item.state | default(omit) }}"
        uuid: "{{ item.uuid | default(omit) }}"
        timeout: "{{ item.timeout | default(omit) }}"
        uri: "{{ item.uri | default(omit) }}"
      loop:
        - {state: flying}
        - {uuid: 6695eb01}
        - {timeout: 0}
        - {timeout: soon}
        - {uri: "test:///no/such/file.xml"}
      register: bad
      ignore_errors: true
    - hypervisor.connect.vm:
        name: nobody
      register: missing
      ignore_errors: true
    - assert:
        that:
          - unknown is failed
          - unknown.msg is search('colour')
          - bad.results | select('failed') | length == 5
          - bad.results[0].msg is search('value of state must be one of')
          - bad.results[1].msg is search("uuid is '6695eb01', which is no UUID")
          - bad.results[2].msg is search('^timeout is 0; give it in seconds')
          - bad.results[3].msg is search('timeout')
          - bad.results[4].msg is search('test:///no/such/file.xml')
          - >-
            missing.msg == 'test:///default: there is no machine named nobody; '
            ~ 'list the machines with hypervisor.connect.vm_info.'
          - ([unknown, missing] + bad.results) | map(attribute='msg')
            | select('search', '\\n') == []

- hosts: secret
  tasks:
    - name: The password of a URI is not told
      hypervisor.connect.host_info:
      register: done
      ignore_errors: true
    - assert:
        that:
          - done is failed
          - done.msg is search('hyperv://fred:[*]+@host/')
"""


def test_machines_change_in_process_with_check_and_diff_mode(tmp_path: Path) -> None:
    hosts = {
        "named": local(ansible_libvirt_uri="test:///default"),
        "secret": local(ansible_libvirt_uri="hyperv://fred:hunter2@host/"),
    }
    code, printed = play(tmp_path, CHANGES, "-vvv", hosts=hosts)
    assert code == 0, printed
    assert "Traceback" not in printed
    assert "hunter2" not in printed
    assert '+    "state": "paused"' in printed
    assert AS_MODULE not in printed


FALLS_BACK = """
- hosts: named
  tasks:
    - name: As another user, and in the background, it is an ordinary module
      hypervisor.connect.vm:
        name: test
        state: stopped
      become: "{{ as_root }}"
      async: "{{ seconds }}"
      poll: 1
      register: done
    - assert:
        that:
          - done is changed
          - done.vm.state == 'stopped'
          - "'hunter2' not in (done | string)"
"""


def test_async_falls_back_to_the_ordinary_module(tmp_path: Path) -> None:
    hosts = {
        "named": local(
            ansible_libvirt_uri="test:///default",
            ansible_password="hunter2",
            as_root=False,
            seconds=60,
        )
    }
    code, printed = play(tmp_path, FALLS_BACK, "-vvv", hosts=hosts)
    assert code == 0, printed
    assert AS_MODULE in printed
    assert "hunter2" not in printed


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("su") is None,
    reason="become without a password takes root and su",
)
def test_become_falls_back_to_the_ordinary_module(tmp_path: Path) -> None:
    hosts = {
        "named": local(
            ansible_libvirt_uri="test:///default",
            ansible_password="hunter2",
            ansible_become_method="su",
            as_root=True,
            seconds=0,
        )
    }
    code, printed = play(tmp_path, FALLS_BACK, "-vvv", hosts=hosts)
    assert code == 0, printed
    assert AS_MODULE in printed
    assert "hunter2" not in printed


NO_LIBVIRT_HERE = """
- hosts: named
  tasks:
    - name: The host's own Python has libvirt
      hypervisor.connect.vm_info:
      environment: {PYTHONPATH: ""}
      register: done
    - assert:
        that:
          - done.vms | map(attribute='name') == ['test']

    - name: It has none either
      hypervisor.connect.vm_info:
      register: done
      ignore_errors: true
    - assert:
        that:
          - done is failed
          - done.msg is search("libvirt-python can't be imported by .*; install")
"""


def test_controller_without_libvirt_leaves_it_to_the_host_s_python(
    tmp_path: Path,
) -> None:
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "libvirt.py").write_text("raise ImportError('there is none')\n")
    hosts = {"named": local(ansible_libvirt_uri="test:///default")}
    code, printed = play(
        tmp_path, NO_LIBVIRT_HERE, "-vvv", hosts=hosts, PYTHONPATH=str(blocked)
    )
    assert code == 0, printed
    assert printed.count(AS_MODULE) == 2
    assert "Traceback" not in printed
