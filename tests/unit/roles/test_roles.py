# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role is complete, and every role that an error names exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.hypervisor.connect.plugins.module_utils._wsman import (
    transport_errors,
)

ROOT = Path(__file__).resolve().parents[3]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
NAMED = re.compile(r"hypervisor\.connect\.(winrm_\w+)")


def read(role: str, name: str) -> Any:
    return yaml.safe_load((ROOT / "roles" / role / name).read_text()) or {}


def options(role: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = read(role, "meta/argument_specs.yml")[
        "argument_specs"
    ]["main"]["options"]
    return found


def test_the_roles_that_transport_errors_name_exist() -> None:
    constants = [v for k, v in vars(transport_errors).items() if k.endswith("_ROLE")]
    assert len(constants) == 3
    for name in constants:
        assert name.rpartition(".")[2] in ROLES


def test_whatever_text_of_a_plugin_names_is_a_role_or_a_module() -> None:
    modules = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}
    named = {
        (name, path.name)
        for path in (ROOT / "plugins").rglob("*.py")
        for name in NAMED.findall(path.read_text())
    }
    assert named
    assert not [pair for pair in named if pair[0] not in {*ROLES, *modules}]


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_those_that_the_specification_tells(role: str) -> None:
    told = {k: v["default"] for k, v in options(role).items() if "default" in v}
    assert read(role, "defaults/main.yml") == told


@pytest.mark.parametrize("role", ROLES)
def test_variables_begin_with_the_name_of_the_role(role: str) -> None:
    assert all(name.startswith(f"{role}_") for name in options(role))
    state = options(role)[f"{role}_state"]
    assert (state["choices"], state["default"]) == (["present", "absent"], "present")


@pytest.mark.parametrize("role", ROLES)
def test_the_readme_tells_every_variable_and_no_other(role: str) -> None:
    text = (ROOT / "roles" / role / "README.md").read_text()
    rows = re.findall(rf"^\| `({role}_\w+)` \|", text, re.MULTILINE)
    assert sorted(rows) == sorted(options(role))
    assert f"`{role}_result`" in text


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_is_used(role: str) -> None:
    tasks = (ROOT / "roles" / role / "tasks" / "main.yml").read_text()
    assert [name for name in options(role) if name not in tasks] == []


@pytest.mark.parametrize("role", [*ROLES, "hyperv_remote_access"])
def test_every_role_and_the_playbook_have_a_scenario(role: str) -> None:
    scenario = ROOT / "extensions" / "molecule" / role
    for name in ("molecule.yml", "converge.yml", "verify.yml", "cleanup.yml"):
        assert (scenario / name).is_file()
