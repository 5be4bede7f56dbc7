# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that make no sense are refused in a sentence, before anything is asked."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from testbed.simulated import simulated

# Where ansible_collections/hypervisor/connect is found from.
COLLECTIONS = next(
    (
        path
        for path in sys.path
        if (Path(path) / "ansible_collections/hypervisor").is_dir()
    ),
    None,
)
PLAYBOOK = "hypervisor.connect.hyperv_remote_access"


def run(playbook: str, variables: dict[str, object], home: Path) -> str:
    """Run a playbook against a host that there is not; what Ansible printed."""
    if COLLECTIONS is None:
        pytest.skip("the collection is not laid out as ansible_collections here")
    environ = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(Path(COLLECTIONS).resolve()),
        "ANSIBLE_NOCOLOR": "true",
        "HOME": str(home),
    }
    command = [sys.executable, "-m", "ansible", "playbook", "-i", "nowhere,", playbook]
    done = subprocess.run(
        [*command, "-e", json.dumps({"ansible_connection": "local", **variables})],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout + done.stderr


def role_play(role: str, folder: Path) -> str:
    play = {"hosts": "all", "gather_facts": False}
    playbook = folder / "play.yml"
    playbook.write_text(json.dumps([{**play, "roles": [f"hypervisor.connect.{role}"]}]))
    return str(playbook)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"hyperv_remote_access_way": "ftp"}, "hyperv_remote_access_way must be one"),
        ({"hyperv_remote_access_state": "x"}, "hyperv_remote_access_state must be one"),
    ],
)
def test_the_playbook_knows_its_words(
    variables: dict[str, object], words: str, tmp_path: Path
) -> None:
    assert words in run(PLAYBOOK, variables, tmp_path)


@pytest.mark.parametrize(
    ("role", "variable", "words"),
    [
        ("winrm_basic_auth", "state", "must be one of: present, absent"),
        ("winrm_allow_unencrypted", "method", "must be one of: auto, wsman, command"),
        ("winrm_https_listener", "port", "unable to convert to int"),
    ],
)
def test_a_role_knows_its_words(
    role: str, variable: str, words: str, tmp_path: Path
) -> None:
    name = f"{role}_{variable}"
    output = run(role_play(role, tmp_path), {name: "opened"}, tmp_path)
    assert words in output
    assert name in output


def test_the_plain_way_opens_nothing_where_no_network_is_allowed(
    tmp_path: Path,
) -> None:
    pytest.importorskip("lxml", reason="hvsim lacks lxml: not run")
    pytest.importorskip("winrm", reason="pywinrm can't be imported")
    with simulated("--vms", "0") as ready:
        variables: dict[str, object] = {
            "ansible_libvirt_uri": ready["uris"]["http"],
            "ansible_password": ready["password"],
            "hyperv_remote_access_way": "plain",
        }
        output = run(PLAYBOOK, variables, tmp_path)
    assert "allowed_networks is empty" in output
    assert re.search(r"nowhere +: ok=[0-9]+ +changed=0 ", output)
