# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the WinRM modules ask a simulated host."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.hypervisor.connect.plugins.module_utils._module.winrm import (
    WinrmTask,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv.lab import (
    Lab,
    validated,
)


def do(task: WinrmTask, host: Lab, *, check_mode: bool = False, **options: Any) -> Any:
    """Run a task as the ordinary module would; its result without what is empty."""
    values = validated(task, **options)
    task.check(values)
    result = task.run(host.hypervisor, values, check_mode)
    assert json.loads(json.dumps(result)) == result
    if not result.get("warnings"):
        result.pop("warnings", None)
    return result


def verbs(host: Lab) -> list[str]:
    """What reached the host since it was asked last, handshakes left out."""
    found = [exchange.verb for exchange in host.host.requests if exchange.verb]
    host.host.requests.clear()
    return found


def settings(host: Lab, *paths: str) -> list[str]:
    """What the host has, by its own account."""
    return [host.host.config.settings.text(path) for path in paths]


def listener(host: Lab, transport: str) -> Any:
    """The host's own row of a listener; None for none."""
    rows = host.host.config.listeners()
    return next((row for row in rows if row.transport == transport), None)
