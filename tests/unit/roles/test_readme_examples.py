# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plays in the READMEs of the roles and in docs/winrm.md run, and hold."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from testbed.simulated import simulated

ROOT = Path(__file__).resolve().parents[3]
PAGES = [*sorted(ROOT.glob("roles/*/README.md")), ROOT / "docs" / "winrm.md"]
BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Where ansible_collections/hypervisor/connect is found from.
COLLECTIONS = next(
    (
        path
        for path in sys.path
        if (Path(path) / "ansible_collections/hypervisor").is_dir()
    ),
    None,
)


def plays(page: Path) -> list[list[dict[str, Any]]]:
    """The playbooks of a page, in their order; its inventories left out."""
    blocks = [yaml.safe_load(text) for text in BLOCK.findall(page.read_text())]
    return [block for block in blocks if isinstance(block, list)]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def inventory(ready: dict[str, Any]) -> dict[str, Any]:
    """One host ``localhost``, and the variables that the examples leave to the reader."""
    uri = ready["uris"]["http"].replace("127.0.0.1", "localhost")
    host = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "ansible_libvirt_uri": uri,
        "ansible_password": ready["password"],
        "winrm_https_listener_port": free_port(),
        "lab_networks": ["127.0.0.0/8", "::1/128"],
    }
    return {"windows": {"hosts": {"localhost": host}}}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_plays_of_a_page_run(page: Path, tmp_path: Path) -> None:
    if COLLECTIONS is None:
        pytest.skip("the collection is not laid out as ansible_collections here")
    pytest.importorskip("lxml", reason="hvsim lacks lxml: not run")
    assert len(plays(page)) >= 2
    with simulated("--no-tls", "--vms", "1") as ready:
        hosts = tmp_path / "inventory.json"
        hosts.touch(mode=0o600)
        hosts.write_text(json.dumps(inventory(ready)))
        for number, play in enumerate(plays(page)):
            playbook = tmp_path / f"play{number}.yml"
            playbook.write_text(yaml.safe_dump(play, sort_keys=False))
            run = run_playbook(playbook, hosts)
            assert re.search(r"changed=[1-9]\d* .*failed=0", run), run


def run_playbook(playbook: Path, hosts: Path) -> str:
    """Run it; all that Ansible printed, where it went well."""
    environ = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(Path(COLLECTIONS or "").resolve()),
        "ANSIBLE_NOCOLOR": "true",
        "HOME": str(playbook.parent),
    }
    environ.pop("LIBVIRT_DEFAULT_URI", None)
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", "-i", str(hosts), str(playbook)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
