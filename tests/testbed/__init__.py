# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real libvirt host in namespaces of its own, for demo, tests and benchmarks.

``python -m testbed --ready-file FILE`` holds one; ``running()`` does so for a block of
Python. See docs/design/testbed.md.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from testbed.process import TestbedError, wait_until

__all__ = ["TestbedError", "running"]


@contextlib.contextmanager
def running(*, guest: bool = False, limit: float = 120.0) -> Iterator[dict[str, Any]]:
    """Hold a testbed for the time of the block.

    Args:
        guest: Whether to prepare guests for qemu:///system.
        limit: Seconds within which it must be up.

    Yields:
        The content of the ready file, and its path under ``ready_file``.

    Raises:
        TestbedError: It did not come up.
    """
    with tempfile.TemporaryDirectory() as directory:
        ready_file, log = Path(directory, "ready.json"), Path(directory, "log")
        command = [sys.executable, "-m", "testbed", "--ready-file", str(ready_file)]
        with open(log, "wb") as output:
            process = subprocess.Popen(
                command + ["--guest"] * guest,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
                stdin=subprocess.DEVNULL,
                stderr=output,
            )
        try:
            wait_until(
                lambda: ready_file.exists() or process.poll() is not None,
                "the testbed is ready",
                limit=limit,
                logs=[log],
            )
            if process.poll() is not None:
                raise TestbedError(log.read_text().strip())
            yield {**json.loads(ready_file.read_text()), "ready_file": str(ready_file)}
        finally:
            process.terminate()
            process.wait(60)
