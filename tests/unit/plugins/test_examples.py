# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples in the documentation of every plugin run, and hold."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from testbed.simulated import simulated

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
ANSIBLE_PLAYBOOK = [
    *(sys.executable, "-m", "ansible", "playbook"),
    *("-i", "localhost,", "-c", "local"),
    *("-e", f"ansible_python_interpreter={sys.executable}"),
]
# Where ansible_collections/hypervisor/connect is found from.
COLLECTIONS = next(
    (
        path
        for path in sys.path
        if (Path(path) / "ansible_collections/hypervisor").is_dir()
    ),
    None,
)


#: Those that name no URI, but have it from their host.
ON_HVSIM = (
    *("modules wmi_", "modules winrm_"),
    *("modules screenshot", "modules send_key", "modules snapshot"),
)
START = {"hypervisor.connect.vm": {"name": "web1", "state": "running"}}


def examples() -> dict[str, str]:
    """The EXAMPLES of each plugin, by kind and name."""
    found = {}
    for path in sorted([*PLUGINS.glob("filter/*.yml"), *PLUGINS.glob("test/*.yml")]):
        found[f"{path.parent.name} {path.stem}"] = yaml.safe_load(path.read_text())[
            "EXAMPLES"
        ]
    for path in sorted([*PLUGINS.glob("lookup/*.py"), *PLUGINS.glob("modules/*.py")]):
        for node in ast.parse(path.read_text()).body:
            if (
                isinstance(node, ast.Assign)
                and ast.unparse(node.targets[0]) == "EXAMPLES"
            ):
                found[f"{path.parent.name} {path.stem}"] = ast.literal_eval(node.value)
    return found


def test_every_plugin_has_examples() -> None:
    names = {
        *("filter parse_uri", "filter build_uri", "filter hyperv_version"),
        *("test uri", "test remote_uri", "test hyperv_uri", "lookup uri"),
        *("modules host_info", "modules vm_info", "modules vm", "modules vms"),
        *("modules snapshot", "modules snapshot_info"),
        *("modules screenshot", "modules send_key"),
        *("modules wmi_query", "modules wmi_method"),
        *("modules winrm_info", "modules winrm_listener", "modules winrm_service"),
    }
    assert names <= set(examples())


@pytest.mark.parametrize("name", sorted(examples()))
def test_the_examples_run(name: str, tmp_path: Path) -> None:
    if COLLECTIONS is None:
        pytest.skip("the collection is not laid out as ansible_collections here")
    tasks = yaml.safe_load(examples()[name])
    play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
    if name.startswith(ON_HVSIM):
        pytest.importorskip("lxml", reason="hvsim lacks lxml: not run")
        with simulated("--vms", "2", "--vm", "web1") as ready:
            play["pre_tasks"] = [START]
            play["vars"] = {
                "ansible_libvirt_uri": ready["uris"]["http"],
                "ansible_password": ready["password"],
            }
            run_play(play, tmp_path)
    else:
        run_play(play, tmp_path)


def run_play(play: dict[str, Any], tmp_path: Path) -> None:
    """Run a play; every task of it must go well."""
    playbook = tmp_path / "examples.yml"
    playbook.write_text(yaml.safe_dump([play], sort_keys=False))
    environ = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(Path(COLLECTIONS or "").resolve()),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "true",
        "HOME": str(tmp_path),
    }
    environ.pop("LIBVIRT_DEFAULT_URI", None)
    run = subprocess.run(
        [*ANSIBLE_PLAYBOOK, str(playbook)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    tasks = [*play.get("pre_tasks", ()), *play["tasks"]]
    assert f"ok={len(tasks)}" in run.stdout
