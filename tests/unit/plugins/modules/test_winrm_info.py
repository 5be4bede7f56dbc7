# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""winrm_info over WS-Management on hvsim."""

from __future__ import annotations

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    ConnectionLost,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.settings import (
    SETTINGS,
)
from ansible_collections.hypervisor.connect.plugins.modules.winrm_info import TASK
from ansible_collections.hypervisor.connect.plugins.modules.winrm_service import (
    TASK as SERVICE,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv.lab import (
    lab,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._winrm.hosts import (
    do,
    listener,
    verbs,
)

from hvsim.rules import Rule  # isort: skip


def test_every_setting_and_listener_is_read_in_two_questions() -> None:
    with lab() as host:
        done = do(TASK, host)
        assert verbs(host) == ["Get", "Enumerate"]
        for setting in SETTINGS.values():
            place = done
            for word in setting.words:
                place = place[word]
            told = host.host.config.settings.text(setting.path)
            assert setting.read(told) == place
        assert [one["transport"] for one in done["listeners"]] == ["HTTP", "HTTPS"]
        assert done["listeners"][1]["port"] == listener(host, "HTTPS").port
        assert (done["changed"], done["method"], done["policies"]) == (
            False,
            "wsman",
            {},
        )


def test_what_was_read_can_be_asked_for_again() -> None:
    with lab() as host:
        read = do(TASK, host, gather=["config"])
        assert "listeners" not in read
        service = {k: v for k, v in read["service"].items()
                   if k not in ("default_ports", "allow_remote_access",
                                "max_concurrent_operations")}  # fmt: skip
        config = {
            k: v for k, v in read["config"].items() if k != "max_provider_requests"
        }
        winrs = {k: v for k, v in read["winrs"].items() if k != "max_shell_run_time_ms"}
        again = do(SERVICE, host, config=config, service=service, winrs=winrs)
        assert not again["changed"]
        assert again["settings"] == {
            "config": config,
            "service": service,
            "winrs": winrs,
        }


def test_policies_and_sources_are_told() -> None:
    policies = {"Service/Auth/Basic": "true", "Listener": "", "MaxTimeoutms": "90000"}
    with lab(policies=policies) as host:
        done = do(TASK, host)
        assert done["policies"] == {
            "service.auth.basic": "GPO",
            "config.max_timeout_ms": "GPO",
        }
        assert {one["source"] for one in done["listeners"]} == {"GPO"}


def test_listener_of_a_compatibility_setting_is_told_apart() -> None:
    with lab(settings={"Service/EnableCompatibilityHttpListener": "true"}) as host:
        found = do(TASK, host, gather=["listeners"])["listeners"]
        assert [(one["port"], one["source"]) for one in found if one["source"]] == [
            (80, "Compatibility")
        ]


def test_certificates_are_those_of_the_machines_store() -> None:
    with lab() as host:
        done = do(TASK, host, gather=["certificates"])
        [one] = done["certificates"]
        assert one["thumbprint"] == listener(host, "HTTPS").thumbprint
        assert one["has_private_key"] is one["server_authentication"] is True
        assert one["not_before"].endswith("Z")
        assert "config" not in done
        assert verbs(host) == ["EnumKey", "GetBinaryValue"]


def test_check_mode_reads_the_same() -> None:
    with lab() as host:
        assert do(TASK, host, check_mode=True) == do(TASK, host)


def test_host_that_hangs_up_is_one_sentence() -> None:
    with lab(rules=[Rule("drop", action="Get", count=None)]) as host:
        with pytest.raises(ConnectionLost, match="broke during: read winrm/config"):
            do(TASK, host)
        assert do(TASK, host, gather=["listeners"])["listeners"]
