# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module has an action plugin that runs the module's own task.

How they run is in ../action/test_playbooks.py.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.credentials import (
    Credentials,
)
from ansible_collections.hypervisor.connect.plugins.plugin_utils import _action
from ansible_collections.hypervisor.connect.plugins.plugin_utils._action import (
    CONNECTIONS,
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


def test_worker_keeps_the_connections_that_it_used_last() -> None:
    pytest.importorskip("libvirt", reason="libvirt-python is not installed")

    def connection(number: int) -> Any:
        credentials = Credentials(timeout=number)
        return _action.connection_to("test:///default", credentials, {})

    try:
        first, second = connection(1), connection(2)
        for number in range(3, CONNECTIONS + 1):
            connection(number)
        assert connection(1) is first
        connection(CONNECTIONS + 1)
        assert len(_action._open) == CONNECTIONS
        assert first.is_alive()
        assert not second.is_alive()
        first.close()
        assert connection(1) is not first
        assert len(_action._open) == CONNECTIONS
    finally:
        _action._close_all()
