# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""hypervisor.connect.host_info on libvirt's test driver."""

from __future__ import annotations

import json

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    ConnectionLost,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.hypervisor import (
    LibvirtHypervisor,
)
from ansible_collections.hypervisor.connect.plugins.modules.host_info import TASK, run
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._libvirt.lab import (
    libvirt,
    validated,
)


def test_host_is_the_same_each_time_and_in_check_mode() -> None:
    with LibvirtHypervisor(libvirt.open("test:///default")) as host:
        first = run(host, validated(TASK), False)
        assert first["changed"] is False
        assert first["host"]["uri"] == "test:///default"
        assert first["host"]["driver"] == "test"
        assert first["host"]["memory"] == 3072 * 1024**2
        assert json.loads(json.dumps(first)) == first
        assert run(host, validated(TASK), False) == first
        assert run(host, validated(TASK), True) == first


def test_lost_connection_is_told() -> None:
    host = LibvirtHypervisor(libvirt.open("test:///default"))
    host.close()
    with pytest.raises(ConnectionLost, match="the connection was closed"):
        run(host, validated(TASK), False)
