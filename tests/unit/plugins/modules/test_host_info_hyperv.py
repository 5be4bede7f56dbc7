# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""hypervisor.connect.host_info on hvsim."""

from __future__ import annotations

import json

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    ConnectionLost,
)
from ansible_collections.hypervisor.connect.plugins.modules.host_info import TASK, run
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv.lab import (
    lab,
    uri,
    validated,
)

from hvsim.rules import Rule  # isort: skip


def test_host_is_the_same_each_time_and_in_check_mode() -> None:
    with lab(vms=2) as opened:
        first = run(opened.hypervisor, validated(TASK), False)
        assert first["changed"] is False
        assert first["host"]["uri"] == uri(opened.host)
        assert first["host"]["driver"] == "hyperv"
        assert first["host"]["hostname"] == "HVSIM"
        assert first["host"]["hypervisor_version"]["version"] == "10.0.20348"
        assert first["host"]["memory"] == 64 * 1024**3
        assert first["host"]["libvirt_version"] is None
        assert json.loads(json.dumps(first)) == first
        assert run(opened.hypervisor, validated(TASK), False) == first
        assert run(opened.hypervisor, validated(TASK), True) == first


def test_host_without_the_role_is_told_of_all_the_same() -> None:
    """Its hardware is what one looks at before one installs the role."""
    with lab(vms=0, hyperv=False) as opened:
        result = run(opened.hypervisor, validated(TASK), False)
        assert result["host"]["cpu"]["cpus"] == 16


def test_lost_connection_is_told() -> None:
    with lab(vms=0) as opened:
        opened.host.rules.add(Rule("drop", count=None))
        with pytest.raises(ConnectionLost, match="read the host"):
            run(opened.hypervisor, validated(TASK), False)
