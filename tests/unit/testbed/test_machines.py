# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definition files for the test driver, read by the test driver itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from testbed.machines import LAB_MACHINES, RUN_STATES, lab_xml, many_machines_xml

libvirt = pytest.importorskip("libvirt", reason="libvirt-python is not installed")


def states(path: Path) -> dict[str, int]:
    """Open a definition file and tell each machine's state."""
    connection = libvirt.open(f"test://{path}")
    try:
        return {one.name(): one.state()[0] for one in connection.listAllDomains()}
    finally:
        connection.close()


def test_lab_has_each_machine_in_its_state(tmp_path: Path) -> None:
    path = tmp_path / "lab.xml"
    path.write_text(lab_xml())
    assert states(path) == {
        name: RUN_STATES[state] for name, state, _vcpus, _memory in LAB_MACHINES
    }


def test_many_machines_are_as_many_as_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "many.xml"
    path.write_text(many_machines_xml(30))
    found = states(path)
    assert len(found) == 30
    assert found["vm0001"] == RUN_STATES["running"]
    assert found["vm0030"] == RUN_STATES["shutoff"]
