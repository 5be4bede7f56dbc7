# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugins of the WinRM modules, as Ansible finds them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.action import (
    winrm_info,
    winrm_listener,
    winrm_service,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    AuthenticationFailed,
)
from ansible_collections.hypervisor.connect.plugins.modules.winrm_info import gather
from ansible_collections.hypervisor.connect.plugins.modules.winrm_listener import manage
from ansible_collections.hypervisor.connect.plugins.modules.winrm_service import (
    configure,
)
from ansible_collections.hypervisor.connect.plugins.plugin_utils import _winrm_action
from ansible_collections.hypervisor.connect.plugins.plugin_utils._action import resolved
from ansible_collections.hypervisor.connect.plugins.plugin_utils._winrm_action import (
    NoWay,
    WinrmAction,
)


@pytest.mark.parametrize(
    ("plugin", "work"),
    [(winrm_info, gather), (winrm_listener, manage), (winrm_service, configure)],
)
def test_action_does_the_work_of_its_module(plugin: Any, work: Any) -> None:
    action = plugin.ActionModule
    assert issubclass(action, WinrmAction)
    assert action.task.work is work


def test_two_ways_that_do_not_work_are_one_sentence() -> None:
    first = AuthenticationFailed("no such user", where="hv1", remedy="sign in")
    second = NoWay("there is no program", remedy="take ssh")
    both = _winrm_action._both(first, second)
    assert str(both) == (
        "hv1: no way to the host's WinRM configuration works: wsman: no such user; "
        "command: there is no program; sign in or take ssh."
    )
    assert _winrm_action._both(None, second) is second


def test_uri_that_can_not_be_read_is_none_yet() -> None:
    assert resolved("hyperv://[") is None
    known = resolved("hyperv://hv1/")
    assert known is not None
    assert known.driver == "hyperv"
