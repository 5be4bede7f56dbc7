# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole testbed: it answers on every transport, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from testbed import running
from testbed.control import control
from testbed.process import SEARCH_PATH

NEEDED = ("libvirtd", "sshd", "certtool", "saslpasswd2", "virsh", "unshare", "ip")
MISSING = [name for name in NEEDED if not shutil.which(name, path=SEARCH_PATH)]

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or bool(MISSING),
    reason=f"needs root and {', '.join(MISSING) or 'nothing else'}",
)


def machines(uri: str) -> str:
    """What virsh lists at a URI, errors included."""
    return subprocess.run(
        ["virsh", "-q", "-c", uri, "list", "--all", "--name"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        stdin=subprocess.DEVNULL,
    ).stdout.strip()


def traces(known: dict[str, Any]) -> list[str]:
    """What is left of a testbed."""
    links = subprocess.run(["ip", "link"], capture_output=True, text=True, check=True)
    name = known["hostname"].partition(".")[0]
    paths = [known["dir"], known["ready_file"], f"/proc/{known['init_pid']}/root/etc"]
    return [path for path in paths if Path(path).exists()] + (
        [name] if name in links.stdout else []
    )


def test_testbed_answers_everywhere_keeps_state_and_leaves_nothing() -> None:
    with running() as known:
        answers = {name: machines(uri) for name, uri in known["uris"].items()}
        assert answers == dict.fromkeys(known["uris"], "test")
        subprocess.run(
            ["virsh", "-q", "-c", known["uris"]["tcp"], "destroy", "test"], check=True
        )
        state = subprocess.run(
            ["virsh", "-q", "-c", known["uris"]["unix"], "domstate", "test"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert state.stdout.strip() == "shut off"
        ready_file = Path(known["ready_file"])
        control(ready_file, "kill-libvirtd")
        assert machines(known["uris"]["tcp"]) == ""
        fresh = control(ready_file, "restart-libvirtd")
        assert fresh["libvirtd_pid"] != known["libvirtd_pid"]
        assert machines(known["uris"]["tcp"]) == "test"
        assert traces(known)
    assert traces(known) == []
