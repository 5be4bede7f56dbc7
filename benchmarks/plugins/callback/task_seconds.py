# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long each task took, in wall-clock seconds."""

from __future__ import annotations

DOCUMENTATION = r"""
name: task_seconds
type: notification
short_description: How long each task took
description:
  - Writes a list of [task name, seconds] to the file that E(TASK_SECONDS_FILE) names. For runs of one host.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """From the start of a task to its result; items of a loop are one result."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "task_seconds"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._started = 0.0
        self._seconds: list[tuple[str, float]] = []

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """A task begins."""
        self._started = time.perf_counter()

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task has ended well."""
        seconds = time.perf_counter() - self._started
        self._seconds.append((result._task.name, seconds))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The run is over."""
        Path(os.environ["TASK_SECONDS_FILE"]).write_text(
            json.dumps(self._seconds), encoding="utf-8"
        )
