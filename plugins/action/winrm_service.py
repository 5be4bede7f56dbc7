# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module winrm_service, run within the process of the controller."""

from __future__ import annotations

from ansible_collections.hypervisor.connect.plugins.modules.winrm_service import TASK
from ansible_collections.hypervisor.connect.plugins.plugin_utils._winrm_action import (
    WinrmAction,
)


class ActionModule(WinrmAction):
    """See _winrm_action.py."""

    task = TASK
