# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Doing things to the libvirtd of a running testbed."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

from testbed.host import hold_state, listener_pid, order
from testbed.process import write_atomically

ACTIONS = ("kill-libvirtd", "stop-libvirtd", "cont-libvirtd", "restart-libvirtd")
SIGNALS = {
    "kill-libvirtd": signal.SIGKILL,
    "stop-libvirtd": signal.SIGSTOP,
    "cont-libvirtd": signal.SIGCONT,
}


def control(ready_file: Path, action: str) -> dict[str, Any]:
    """Carry out one of ``ACTIONS`` on the testbed of a ready file.

    ``restart-libvirtd`` also serves after ``kill-libvirtd``; it holds the test driver's
    fresh state again and puts libvirtd's new process id into the ready file.

    Returns:
        The ready file's content afterwards.

    Raises:
        TestbedError: The testbed does not answer or libvirtd is not running.
    """
    known: dict[str, Any] = json.loads(ready_file.read_text())
    directory, libvirt_socket = Path(known["dir"]), Path(known["socket"])
    if action in SIGNALS:
        order(directory, "signal", name="libvirtd", number=int(SIGNALS[action]))
        return known
    for name in ("keeper", "libvirtd"):
        order(directory, "stop", name=name)
    order(directory, "start", name="libvirtd")
    hold_state(directory, libvirt_socket)
    known["libvirtd_pid"] = listener_pid(libvirt_socket)
    write_atomically(ready_file, json.dumps(known, indent=2) + "\n")
    return known
