# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Hyper-V host (simulator/) in a process of its own, for a with statement."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from testbed.process import TestbedError, wait_until

SIMULATOR = Path(__file__).resolve().parents[2] / "simulator"
SEARCH = os.pathsep.join((str(SIMULATOR), str(Path(__file__).resolve().parents[1])))


@contextmanager
def simulated(
    *options: str, limit: float = 60.0, program: str = "hvsim"
) -> Iterator[dict[str, Any]]:
    """Hold a simulated Hyper-V host for the time of the block.

    Args:
        options: Further options of ``python -m hvsim``.
        limit: Seconds within which it must be up.
        program: What to run; ``testbed.windows_host`` is hvsim with a program `winrm`.

    Yields:
        The content of its ready file, its path under ``ready_file``, and under ``uris``
        its connection URIs over ``http`` and ``https``.

    Raises:
        TestbedError: It did not come up.
    """
    with tempfile.TemporaryDirectory(prefix="hc-hvsim-") as folder:
        ready_file, log = Path(folder, "ready.json"), Path(folder, "log")
        command = [sys.executable, "-m", program, "--ready-file", str(ready_file)]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*command, "--parent", str(os.getpid()), *options],
                env={**os.environ, "PYTHONPATH": SEARCH},
                stdin=subprocess.DEVNULL,
                stderr=output,
            )
        try:
            wait_until(
                lambda: ready_file.exists() or process.poll() is not None,
                "the simulated host is ready",
                limit=limit,
                logs=[log],
            )
            if process.poll() is not None:
                raise TestbedError(log.read_text().strip())
            ready = json.loads(ready_file.read_text(encoding="utf-8"))
            yield {**ready, "ready_file": str(ready_file), "uris": uris(ready)}
        finally:
            process.terminate()
            process.wait(limit)


def uris(ready: dict[str, Any]) -> dict[str, str]:
    """The connection URIs of a simulated host, by scheme; no https without a listener."""
    user = f"hyperv://{ready['username']}@127.0.0.1"
    ends = {"http": "/?transport=http", "https": f"/?ca_path={ready['ca']}"}
    return {
        scheme: f"{user}:{ready[scheme].rpartition(':')[2].partition('/')[0]}{end}"
        for scheme, end in ends.items()
        if ready[scheme]
    }
