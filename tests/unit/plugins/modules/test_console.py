# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The screen and the keyboard of machines, on libvirt's test driver and on hvsim."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    Hypervisor,
)
from ansible_collections.hypervisor.connect.plugins.modules import (
    screenshot,
    send_key,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv import (
    lab as hyperv_lab,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._libvirt.lab import (
    machine,
    open_lab,
    validated,
)

from hvsim.model.machine import Power  # isort: skip

NAME = "web1"
KEYS = ["KEY_LEFTCTRL", "KEY_LEFTALT", "KEY_DELETE"]


@pytest.fixture(params=["libvirt", "hyperv"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hypervisor]:
    """A host of each kind with a machine that runs."""
    if request.param == "libvirt":
        hypervisor: Hypervisor = open_lab(tmp_path, machine(NAME, 1))
        yield hypervisor
        hypervisor.close()
        return
    with hyperv_lab.Simulator(vms=0) as simulator:
        simulator.model.add_machine(NAME, power=Power.RUNNING, snapshots=0)
        with hyperv_lab.open_on(simulator) as hypervisor:
            yield hypervisor


def look(host: Hypervisor, dest: Path, *, check_mode: bool = False) -> dict[str, Any]:
    options = validated(screenshot.TASK, name=NAME, dest=str(dest))
    return screenshot.run(host, options, check_mode)


def press(
    host: Hypervisor, *, check_mode: bool = False, **given: Any
) -> dict[str, Any]:
    options = validated(send_key.TASK, **{"name": NAME, "keys": KEYS, **given})
    return send_key.run(host, options, check_mode)


def test_a_picture_is_written_once(host: Hypervisor, tmp_path: Path) -> None:
    dest = tmp_path / "screen"
    would = look(host, dest, check_mode=True)
    assert not dest.exists()
    done = look(host, dest)
    assert would["changed"] is done["changed"] is True
    assert done["mime_type"].startswith("image/")
    assert done["width"] > 0
    assert done["height"] > 0
    assert dest.read_bytes()[:4] in (b"\x89PNG", b"P6\n6", b"GIF8")
    assert look(host, dest)["changed"] is False
    assert list(tmp_path.glob(".screen*")) == []


def test_a_picture_that_can_not_be_written_is_told(
    host: Hypervisor, tmp_path: Path
) -> None:
    with pytest.raises(HypervisorConnectError, match="dest can't be written"):
        look(host, tmp_path / "none" / "screen.png")


def test_a_machine_that_is_off_shows_nothing_and_takes_no_keys(
    host: Hypervisor, tmp_path: Path
) -> None:
    host.power_off(host.find_vm(NAME))
    with pytest.raises(HypervisorConnectError, match="is stopped and shows nothing"):
        look(host, tmp_path / "screen.png")
    with pytest.raises(HypervisorConnectError, match="is stopped and takes no keys"):
        press(host)


def test_keys_are_pressed_on_each_run_but_not_in_check_mode(host: Hypervisor) -> None:
    assert press(host, check_mode=True) == {"changed": True, "pressed": KEYS}
    assert press(host) == {"changed": True, "pressed": KEYS}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"keys": ["KEY_NONE_SUCH"]}, "KEY_NONE_SUCH"),
        ({"keys": []}, "keys names 0 keys"),
        ({"keys": ["KEY_A"] * 17}, "keys names 17 keys"),
        ({"hold": -1}, "hold is -1"),
    ],
)
def test_wrong_keys_are_refused_before_any_is_pressed(
    host: Hypervisor, options: dict[str, Any], words: str
) -> None:
    for check_mode in (True, False):
        with pytest.raises(HypervisorConnectError, match=words):
            press(host, check_mode=check_mode, **options)
