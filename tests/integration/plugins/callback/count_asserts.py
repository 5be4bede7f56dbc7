# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts the assert tasks of a run: each is a test."""

from __future__ import annotations

DOCUMENTATION = r"""
name: count_asserts
type: notification
short_description: Counts assert tasks
description:
  - Writes how many assert tasks passed, and how many tasks failed, to the file that E(COUNT_ASSERTS_FILE) names.
"""

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """One count for each host, and for each item of a loop."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "count_asserts"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._passed = self._failed = 0

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task, or all items of a loop, went well."""
        if str(result._task.action).rpartition(".")[2] == "assert":
            self._passed += len(result._result.get("results", [None]))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A task failed; those that a rescue or ignore_errors expects do not count."""
        if str(result._task.action).rpartition(".")[2] == "assert":
            self._failed += 1

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The run is over."""
        Path(os.environ["COUNT_ASSERTS_FILE"]).write_text(
            json.dumps({"passed": self._passed, "failed": self._failed}),
            encoding="utf-8",
        )
