# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""winrm_service over WS-Management on hvsim: fours, rules, and what breaks on the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    AuthenticationFailed,
    ConnectionLost,
    OperationFailed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.networks import (
    OutsideNetworks,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.plan import (
    LockoutRefused,
    UnderPolicy,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.session import (
    Session,
)
from ansible_collections.hypervisor.connect.plugins.modules import winrm_service
from ansible_collections.hypervisor.connect.plugins.modules.winrm_service import TASK
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv.lab import (
    Lab,
    lab,
    open_on,
    uri,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._winrm.hosts import (
    do,
    settings,
    verbs,
)

from hvsim.rules import Rule  # isort: skip
from hvsim.simulator import User  # isort: skip

BASIC: dict[str, Any] = {"service": {"auth": {"basic": True}}}
FOUR_GROUPS: dict[str, Any] = {
    "config": {"max_timeout_ms": 120000, "max_envelope_size_kb": 500},
    "service": {
        "max_connections": 50,
        "ipv4_filter": "127.0.0.1 - 127.0.0.1, 192.0.2.1-192.0.2.9",
        "auth": {"basic": True, "kerberos": False},
    },
    "winrs": {"max_shells_per_user": 7},
}


def sent(host: Lab) -> int:
    """How many requests left for the host, answered or not."""
    session = host.hypervisor.client.session
    assert isinstance(session, Session)
    return session.requests


@pytest.fixture
def host() -> Iterator[Lab]:
    with lab() as opened:
        yield opened


def test_change_is_written_and_kept(host: Lab) -> None:
    done = do(TASK, host, **BASIC)
    assert done == {
        "method": "wsman",
        "changed": True,
        "diff": {
            "before": {"service": {"auth": {"basic": False}}},
            "after": {"service": {"auth": {"basic": True}}},
        },
        "settings": {"service": {"auth": {"basic": True}}},
    }
    assert settings(host, "Service/Auth/Basic") == ["true"]
    assert verbs(host) == ["Get", "Put"]


def test_second_run_reads_once_and_changes_nothing(host: Lab) -> None:
    do(TASK, host, **FOUR_GROUPS)
    assert verbs(host) == ["Get", "Put", "Put", "Put", "Put"]
    done = do(TASK, host, **FOUR_GROUPS)
    assert not done["changed"]
    assert done["diff"]["before"] == done["diff"]["after"] == done["settings"]
    assert verbs(host) == ["Get"]


def test_check_mode_foretells_the_same_and_writes_nothing(host: Lab) -> None:
    before = host.host.config.settings.text("MaxTimeoutms")
    foretold = do(TASK, host, check_mode=True, **FOUR_GROUPS)
    assert verbs(host) == ["Get"]
    assert settings(host, "MaxTimeoutms", "Service/Auth/Basic") == [before, "false"]
    assert do(TASK, host, **FOUR_GROUPS) == foretold


def test_writing_needs_the_rights_of_an_administrator() -> None:
    reader = User("reader", "Pa55-word", groups=("IU", "AU", "WD"))
    with lab(users=[reader]) as host:
        host.host.config.settings.set("Service/RootSDDL", SDDL_FOR_ALL)
        theirs = open_on(host.host, username="reader", password="Pa55-word")
        with (
            theirs,
            pytest.raises(OperationFailed, match="no right to write") as caught,
        ):
            do(TASK, Lab(host.host, theirs), **BASIC)
        assert "Pa55-word" not in str(caught.value)
        assert settings(host, "Service/Auth/Basic") == ["false"]


SDDL_FOR_ALL = "O:NSG:BAD:P(A;;GA;;;BA)(A;;GR;;;IU)(A;;GR;;;WD)"


def test_only_what_differs_is_written(host: Lab) -> None:
    do(TASK, host, service={"max_connections": 300, "enumeration_timeout_ms": 500})
    puts = [exchange for exchange in host.host.requests if exchange.verb == "Put"]
    assert [put.resource.rpartition("/")[2] for put in puts] == ["service"]
    assert settings(host, "Service/EnumerationTimeoutms") == ["500"]


def test_descriptor_in_other_words_is_no_change(host: Lab) -> None:
    same = "O:NSG:BAD:P(A;;0x10000000;;;S-1-5-32-544)(A;;GR;;;IU)"
    same += "S:P(AU;FA;GA;;;WD)(AU;SA;GWGX;;;WD)"
    assert not do(TASK, host, service={"root_sddl": same})["changed"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"config": {"max_timeout_ms": 5}}, r"config\.max_timeout_ms can't be 5"),
        ({"winrs": {"idle_timeout_ms": 10}}, "from 60000 to 2147483647"),
        ({"service": {"root_sddl": "all"}}, r"service\.root_sddl can't be 'all'"),
        ({"allowed_networks": ["10.0.0.0/99"]}, "'10.0.0.0/99', which is no network"),
    ],
)  # fmt: skip
def test_value_out_of_its_limits_is_refused_before_anything_is_asked(
    host: Lab, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(HypervisorConnectError, match=told):
        do(TASK, host, **options)
    assert host.host.requests == []


def test_put_that_took_too_long_may_be_written_or_not(host: Lab) -> None:
    host.host.rules.add(Rule("wsman-fault", action="Put", code=0x80338029))
    with pytest.raises(OperationFailed) as caught:
        do(TASK, host, **BASIC)
    assert "may be written or not: service.auth.basic" in str(caught.value)
    assert "; not written" not in str(caught.value)


def test_what_the_host_itself_refuses_is_told_in_its_words(host: Lab) -> None:
    host.host.rules.add(Rule("wsman-fault", action="Put", code=2150858999))
    with pytest.raises(OperationFailed) as caught:
        do(TASK, host, **BASIC)
    text = str(caught.value)
    assert "can't write service.auth.basic to winrm/config/service/auth" in text
    assert "not written: service.auth.basic" in text
    assert caught.value.details["wsman_code"] == 2150858999


# -- the lock-out rule -----------------------------------------------------------


@pytest.mark.parametrize("check_mode", [False, True])
def test_turning_off_the_sign_in_in_use_is_refused(host: Lab, check_mode: bool) -> None:
    options: dict[str, Any] = {
        "service": {"max_connections": 5, "auth": {"negotiate": False}}
    }
    with pytest.raises(LockoutRefused, match="signs in by Negotiate"):
        do(TASK, host, check_mode=check_mode, **options)
    assert verbs(host) == ["Get"]
    assert settings(host, "Service/Auth/Negotiate", "Service/MaxConnections") == [
        "true",
        "300",
    ]


def test_allowed_lockout_is_written_last_and_alone(host: Lab) -> None:
    options: dict[str, Any] = {
        "service": {"auth": {"negotiate": False, "basic": True}},
        "winrs": {"max_shells_per_user": 5},
        "allow_lockout": True,
    }
    done = do(TASK, host, **options)
    puts = [
        e.resource.rpartition("/")[2] for e in host.host.requests if e.verb == "Put"
    ]
    assert puts == ["auth", "winrs", "auth"]
    assert settings(host, "Service/Auth/Negotiate", "Service/Auth/Basic") == [
        "false",
        "true",
    ]
    assert done["changed"]


@pytest.mark.parametrize("after", [False, True])
def test_session_that_ends_with_an_allowed_lockout_is_a_warning(after: bool) -> None:
    rule = Rule("drop", action="Put", skip=1, after=after)
    with lab(rules=[rule]) as host:
        done = do(
            TASK, host, allow_lockout=True,
            service={"max_connections": 5, "auth": {"negotiate": False}},
        )  # fmt: skip
        assert done["changed"]
        [warning] = done["warnings"]
        assert "the session ended with the change of service.auth.negotiate" in warning
        assert settings(host, "Service/MaxConnections") == ["5"]


def test_basic_in_the_clear_keeps_both_of_its_conditions() -> None:
    open_host = {"Service/Auth/Basic": "true", "Service/AllowUnencrypted": "true"}
    with lab(settings=open_host) as host:
        plain = open_on(host.host, auth="basic")
        with plain:
            for service in ({"allow_unencrypted": False}, {"auth": {"basic": False}}):
                with pytest.raises(LockoutRefused):
                    do(TASK, Lab(host.host, plain), service=service)
            off = do(
                TASK, Lab(host.host, plain), service={"auth": {"negotiate": False}}
            )
            assert off["changed"]


def test_first_of_two_allowed_lockouts_may_end_the_session_and_says_so() -> None:
    open_host = {"Service/Auth/Basic": "true", "Service/AllowUnencrypted": "true"}
    closed: dict[str, Any] = {
        "service": {"auth": {"basic": False}, "allow_unencrypted": False},
        "allow_lockout": True,
    }
    with lab(settings=open_host) as host:
        plain = open_on(host.host, auth="basic")
        with plain, pytest.raises(AuthenticationFailed) as caught:
            do(TASK, Lab(host.host, plain), **closed)
        assert "written before it: service.allow_unencrypted" in str(caught.value)
        assert "not written: service.auth.basic" in str(caught.value)
        assert do(TASK, host, **closed)["changed"]  # signed in by NTLM
        assert not do(TASK, host, **closed)["changed"]


def test_over_https_ntlm_is_bound_and_allows_strict() -> None:
    with lab("https") as host:
        strict: dict[str, Any] = {
            "service": {"auth": {"cbt_hardening_level": "Strict"}}
        }
        assert do(TASK, host, **strict)["changed"]
        host.hypervisor.close()
        assert not do(TASK, host, **strict)["changed"]  # and still lets us in


# -- group policy ----------------------------------------------------------------


def test_setting_of_a_group_policy_is_refused_by_the_policys_name() -> None:
    with lab(policies={"Service/Auth/Basic": "true"}) as host:
        assert not do(TASK, host, **BASIC)["changed"]
        with pytest.raises(UnderPolicy, match="Allow Basic authentication"):
            do(TASK, host, service={"max_connections": 5, "auth": {"basic": False}})
        assert settings(host, "Service/MaxConnections") == ["300"]


# -- unencrypted messages --------------------------------------------------------


def test_allowing_unencrypted_messages_is_warned_about_each_time(host: Lab) -> None:
    for changed in (True, False):
        done = do(TASK, host, service={"allow_unencrypted": True})
        assert done["changed"] is changed
        [warning] = done["warnings"]
        assert "winrm_https_listener" in warning
        assert warning.startswith(host.hypervisor.uri)
    assert "warnings" not in do(TASK, host, service={"allow_unencrypted": False})


@pytest.mark.parametrize("networks", [[], ["10.0.0.0/8"], ["::/0"]])
def test_host_outside_the_allowed_networks_stays_encrypted(
    host: Lab, networks: list[str]
) -> None:
    with pytest.raises(OutsideNetworks, match=r"127\.0\.0\.1.*not allowed there"):
        do(TASK, host, service={"allow_unencrypted": True}, allowed_networks=networks)
    assert settings(host, "Service/AllowUnencrypted") == ["false"]
    assert verbs(host) == []
    off: dict[str, Any] = {
        "service": {"allow_unencrypted": False},
        "allowed_networks": networks,
    }
    assert not do(TASK, host, **off)["changed"]


def test_host_inside_the_allowed_networks_is_written_to(host: Lab) -> None:
    networks = ["10.0.0.0/8", "127.0.0.0/8"]
    options: dict[str, Any] = {
        "service": {"allow_unencrypted": True},
        "allowed_networks": networks,
    }
    assert do(TASK, host, **options)["changed"]


# -- what breaks on the way ------------------------------------------------------


@pytest.mark.parametrize("after", [False, True])
def test_connection_lost_at_a_put_is_told_and_the_second_run_finishes(
    host: Lab, after: bool
) -> None:
    host.host.rules.add(Rule("drop", action="Put", skip=1, after=after))
    with pytest.raises(ConnectionLost) as caught:
        do(TASK, host, **FOUR_GROUPS)
    text = str(caught.value)
    assert "written before it: config.max_timeout_ms;" in text
    assert (
        "may be written or not: service.max_connections, service.ipv4_filter;" in text
    )
    assert "not written: service.auth.basic, service.auth.kerberos, winrs." in text
    assert "run the play again" in text
    assert settings(host, "Service/MaxConnections") == ["50" if after else "300"]
    assert sent(host) == 3  # a Get, a Put, and the Put that is never sent twice
    assert do(TASK, host, **FOUR_GROUPS)["changed"]
    assert not do(TASK, host, **FOUR_GROUPS)["changed"]


def test_connection_lost_at_the_get_is_mended_by_asking_again(host: Lab) -> None:
    host.host.rules.add(Rule("drop", action="Get"))
    assert do(TASK, host, **BASIC)["changed"]


def test_write_that_the_host_takes_and_does_not_keep_is_an_error(
    host: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host.host.config.settings, "write", lambda _changes: None)
    with pytest.raises(
        OperationFailed, match=r"took service\.auth\.basic: 'true' and says"
    ):
        do(TASK, host, **BASIC)


def test_command_way_is_not_for_the_ordinary_module(host: Lab) -> None:
    with pytest.raises(HypervisorConnectError, match="without async"):
        do(TASK, host, method="command", **BASIC)
    assert host.host.requests == []


def test_ordinary_module_warns_and_returns_the_same(host: Lab) -> None:
    arguments = {
        "uri": uri(host.host, user=host.host.username),
        "password": host.host.password,
        "service": {"allow_unencrypted": True},
    }
    done = subprocess.run(
        [sys.executable, "-m", winrm_service.__name__],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    result = json.loads(done.stdout)
    assert (result["changed"], result["method"]) == (True, "wsman")
    assert len(result["warnings"]) == 1
    assert "winrm_https_listener" in json.dumps(result["warnings"])
    assert "deprecations" not in result
    assert "diff" not in result
    assert str(host.host.password) not in done.stdout


def test_nothing_named_changes_nothing(host: Lab) -> None:
    done = do(TASK, host)
    assert (done["changed"], done["settings"]) == (False, {})
