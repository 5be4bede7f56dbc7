# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module has an action plugin that runs the module's own task.

How they run is in ../action/test_playbooks.py.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
import yaml

from ansible_collections.hypervisor.connect.plugins.plugin_utils._action import (
    HypervisorAction,
)

ROOT = Path(__file__).parents[4]
PLUGINS = "ansible_collections.hypervisor.connect.plugins"
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("[a-z]*.py"))


@pytest.mark.parametrize("name", MODULES)
def test_action_runs_the_task_of_the_module_of_its_name(name: str) -> None:
    action = import_module(f"{PLUGINS}.action.{name}").ActionModule
    assert issubclass(action, HypervisorAction)
    assert action.task is import_module(f"{PLUGINS}.modules.{name}").TASK


def test_action_group_holds_every_module() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text("utf-8"))
    assert sorted(runtime["action_groups"]["hypervisor"]) == MODULES
