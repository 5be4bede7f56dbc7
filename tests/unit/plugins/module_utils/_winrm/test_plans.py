# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written for a user's wishes, and what is refused before."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.configuration import (
    COMPATIBILITY,
    Configuration,
    Listener,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.listener_plan import (
    CHANGE,
    CREATE,
    DELETE,
    ListenerPlan,
    Wanted,
    named,
    plan_absent,
    plan_present,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.lockout import (
    ends_by,
    in_use,
    reason_of,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.plan import (
    LockoutRefused,
    Put,
    ServicePlan,
    UnderPolicy,
    plan_service,
    refused_by_policy,
    refused_lockout,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.way import (
    SessionInUse,
)

SDDL = "O:NSG:BAD:P(A;;GA;;;BA)(A;;GR;;;IU)"

CURRENT = Configuration(
    {
        "MaxTimeoutms": 60000,
        "Service/RootSDDL": SDDL,
        "Service/MaxConnections": 300,
        "Service/AllowUnencrypted": True,
        "Service/Auth/Basic": True,
        "Service/Auth/Kerberos": True,
        "Service/Auth/Negotiate": True,
        "Service/Auth/Certificate": True,
        "Service/Auth/CredSSP": True,
        "Service/Auth/CbtHardeningLevel": "Relaxed",
        "Service/IPv4Filter": "*",
        "Service/IPv6Filter": "*",
        "Service/EnableCompatibilityHttpListener": True,
        "Service/EnableCompatibilityHttpsListener": True,
        "Winrs/AllowRemoteShellAccess": True,
        "Winrs/IdleTimeout": 7200000,
    }
)


def session(auth: str = "ntlm", scheme: str = "http", **more: Any) -> SessionInUse:
    values = {"encrypted": scheme == "http", "port": 5985, "hostname": "192.0.2.5"}
    return SessionInUse(auth, scheme, **{**values, **more})


BASIC_IN_THE_CLEAR = session("basic", encrypted=False)
OVER_TLS = session("ntlm", "https", port=5986, bound=True)


def test_nothing_to_do_is_no_plan() -> None:
    plan = plan_service(CURRENT, {"Service/Auth/Basic": True}, session())
    assert not plan
    assert plan.as_diff() == {
        "before": {"service": {"auth": {"basic": True}}},
        "after": {"service": {"auth": {"basic": True}}},
    }


def test_changes_are_put_together_by_group_in_the_order_of_the_wire() -> None:
    desired = {
        "MaxTimeoutms": 1000,
        "Service/MaxConnections": 5,
        "Service/Auth/CredSSP": False,
        "Service/Auth/Basic": False,
        "Winrs/IdleTimeout": 60000,
    }
    plan = plan_service(CURRENT, desired, session())
    assert [put.group for put in plan.puts] == ["", "Service", "Service/Auth", "Winrs"]
    assert plan.puts[2] == Put(
        "Service/Auth", {"Service/Auth/CredSSP": False, "Service/Auth/Basic": False}
    )
    assert plan.puts[2].options == "service.auth.credssp, service.auth.basic"
    assert plan.after["MaxTimeoutms"] == 1000
    assert plan.before["MaxTimeoutms"] == 60000


def test_setting_that_the_host_lacks_is_named() -> None:
    with pytest.raises(HypervisorConnectError, match=r"no config\.max_batch_items"):
        plan_service(CURRENT, {"MaxBatchItems": 5}, None, where="hv1")


LOCKOUTS: list[tuple[SessionInUse, str, Any, str]] = [
    (session("ntlm"), "Service/Auth/Negotiate", False, "signs in by Negotiate"),
    (session("kerberos"), "Service/Auth/Negotiate", False, "signs in by Negotiate"),
    (session("kerberos", shell=True), "Service/Auth/Kerberos", False, "by Kerberos"),
    (session("basic", "https"), "Service/Auth/Basic", False, "signs in by Basic"),
    (session("credssp"), "Service/Auth/CredSSP", False, "signs in by CredSSP"),
    (session("certificate", "https"), "Service/Auth/Certificate", False, "Certificate"),
    (session("auto"), "Service/Auth/CredSSP", False, "signs in by CredSSP"),
    (BASIC_IN_THE_CLEAR, "Service/AllowUnencrypted", False, "over HTTP unencrypted"),
    (session(shell=True), "Winrs/AllowRemoteShellAccess", False, "is a remote shell"),
    (session(port=80), "Service/EnableCompatibilityHttpListener", False, "the port 80"),
    (
        session("ntlm", "https", port=443),
        "Service/EnableCompatibilityHttpsListener", False, "the port 443",
    ),
    (session(), "Service/IPv4Filter", "", "came in by 192.0.2.5"),
    (session(), "Service/IPv4Filter", "192.0.2.6-192.0.2.9", "came in by 192.0.2.5"),
    (session(hostname="hv1"), "Service/IPv4Filter", "192.0.2.5-192.0.2.5", "hv1 may be"),
    (session(hostname="::1"), "Service/IPv6Filter", "::2-::3", "came in by ::1"),
    (session(hostname="fe80::1%eth0"), "Service/IPv6Filter", "::2-::3", "fe80::1"),
    (session(), "Service/RootSDDL", "O:NSG:BAD:P(A;;GA;;;BA)", r"drops \(A;;GR;;;IU\)"),
    (session(), "Service/RootSDDL", "O:NSG:BAD:P(A;;GR;;;BA)(A;;GR;;;IU)", "drops"),
    (session(), "Service/RootSDDL", SDDL.replace("D:P", "D:P(D;;GA;;;NU)"), "adds"),
    (session(), "Service/RootSDDL", SDDL.replace("D:P", "D:P(OD;;GA;;;NU)"), "adds"),
    (session(), "Service/Auth/CbtHardeningLevel", "Strict", "no channel binding token"),
    (
        session("kerberos", "https"),
        "Service/Auth/CbtHardeningLevel", "Strict", "no channel binding token",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("used", "path", "value", "reason"), LOCKOUTS)
def test_change_that_would_end_the_session_is_refused(
    used: SessionInUse, path: str, value: Any, reason: str
) -> None:
    with pytest.raises(LockoutRefused, match=reason) as caught:
        plan_service(CURRENT, {path: value}, used, where="hv1")
    assert "allow_lockout: true" in str(caught.value)
    assert str(caught.value).startswith("hv1: ")


@pytest.mark.parametrize(("used", "path", "value", "reason"), LOCKOUTS)
def test_change_that_may_end_the_session_comes_last_and_alone(
    used: SessionInUse, path: str, value: Any, reason: str
) -> None:
    desired = {path: value, "Service/MaxConnections": 5, "Winrs/IdleTimeout": 60000}
    plan = plan_service(CURRENT, desired, used, allow_lockout=True)
    assert plan.puts[-1].values == {path: value}, reason
    assert [put.ends_session for put in plan.puts] == [False, False, True]


@pytest.mark.parametrize(("_used", "path", "value", "_reason"), LOCKOUTS)
def test_over_ssh_no_change_ends_the_session(
    _used: SessionInUse, path: str, value: Any, _reason: str
) -> None:
    plan = plan_service(CURRENT, {path: value}, None)
    assert [put.ends_session for put in plan.puts] == [False]


@pytest.mark.parametrize(
    ("used", "path", "value"),
    [
        (session("basic", "https"), "Service/Auth/Negotiate", False),
        (session("kerberos"), "Service/Auth/Kerberos", False),
        (session("ntlm"), "Service/AllowUnencrypted", False),
        (session("basic", "https"), "Service/AllowUnencrypted", False),
        (session(), "Winrs/AllowRemoteShellAccess", False),
        (session(), "Service/EnableCompatibilityHttpListener", False),
        (OVER_TLS, "Service/EnableCompatibilityHttpListener", False),
        (session(), "Service/IPv4Filter", "192.0.2.1-192.0.2.9"),
        (session(), "Service/IPv6Filter", ""),
        (session(), "Service/RootSDDL", SDDL + "(A;;GA;;;RM)"),
        (session(), "Service/RootSDDL", "O:NSG:BAD:P(A;;GA;;;BA)(A;;GA;;;IU)"),
        (session("ntlm", shell=True), "Service/Auth/Kerberos", False),
        (OVER_TLS, "Service/Auth/CbtHardeningLevel", "Strict"),
        (session("basic", "https"), "Service/Auth/CbtHardeningLevel", "Strict"),
        (session(), "Service/Auth/CbtHardeningLevel", "None"),
    ],
)
def test_change_that_leaves_the_session_alone_is_made(
    used: SessionInUse, path: str, value: Any
) -> None:
    plan = plan_service(CURRENT, {path: value}, used)
    assert [put.values for put in plan.puts] == [{path: value}]
    assert reason_of(path, value, CURRENT, used) is None


def test_access_list_that_can_not_be_read_is_not_replaced_blindly() -> None:
    current = Configuration({"Service/RootSDDL": "odd"})
    assert "can't be read" in str(
        reason_of("Service/RootSDDL", SDDL, current, session())
    )


ALLOW, DENY, OTHER = "(A;;GA;;;BA)", "(D;;GA;;;NU)", "(D;;GA;;;BG)"


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (ALLOW + DENY, DENY + ALLOW, "adds (D;;GA;;;NU)"),
        (ALLOW + DENY + OTHER, ALLOW + OTHER + DENY, None),
        (OTHER + DENY + ALLOW, DENY + ALLOW, None),
        ("(OA;;GA;;;BA)", DENY, "drops (OA;;GA;;;BA)"),
        ("NO_ACCESS_CONTROL", "P" + ALLOW, "lets everybody in"),
        ("NO_ACCESS_CONTROL", "NO_ACCESS_CONTROL" + ALLOW, None),
    ],
)
def test_access_list_bars_by_what_comes_first(
    before: str, after: str, reason: str | None
) -> None:
    current = Configuration({"Service/RootSDDL": f"O:NSG:BAD:{before}"})
    told = reason_of("Service/RootSDDL", f"O:NSG:BAD:{after}", current, session())
    assert reason in str(told) if reason else told is None


def test_setting_of_a_group_policy_is_an_error_that_names_the_policy() -> None:
    current = Configuration(CURRENT.values, {"Service/Auth/Basic": "GPO"})
    assert not plan_service(current, {"Service/Auth/Basic": True}, session())
    with pytest.raises(UnderPolicy) as caught:
        plan_service(current, {"Service/Auth/Basic": False}, session(), where="hv1")
    text = str(caught.value)
    assert "service.auth.basic can't become 'false': it is 'true'" in text
    assert "source GPO" in text
    assert "WinRM Service > Allow Basic authentication" in text


def test_policy_without_a_name_is_still_one() -> None:
    assert "set the policy to Not Configured" in str(
        refused_by_policy("a", "GPO", "", "hv1")
    )
    assert "lock you out: a" in str(refused_lockout("a", None))


def test_empty_plan_is_false() -> None:
    assert not ServicePlan()
    assert not ListenerPlan()


# -- listeners -------------------------------------------------------------------

PLAIN = Listener("*", "HTTP", 5985)
TLS = Listener("*", "HTTPS", 5986, "hv1", certificate_thumbprint="A" * 40)
BOTH = [PLAIN, TLS]


def wanted(transport: str = "HTTPS", address: str = "*", **values: Any) -> Wanted:
    names = ("port", "hostname", "enabled", "url_prefix", "certificate_thumbprint")
    options = {**dict.fromkeys(names), **values}
    return Wanted.of({"address": address, "transport": transport, **options})


def present(*listeners: Listener, used: Any = None, **values: Any) -> ListenerPlan:
    lockout = values.pop("allow_lockout", False)
    return plan_present(
        wanted(**values), listeners, used, allow_lockout=lockout, where="hv1"
    )


def test_listener_that_is_as_wanted_stays() -> None:
    same = {"port": 5986, "hostname": "HV1", "certificate_thumbprint": "a" * 40}
    plan = present(*BOTH, **same)
    assert not plan
    assert plan.after == TLS


def test_missing_listener_is_made_with_what_was_named() -> None:
    plan = present(PLAIN, hostname="hv2", certificate_thumbprint="B" * 40)
    assert (plan.step, plan.before) == (CREATE, None)
    assert plan.after == Listener(
        "*", "HTTPS", None, "hv2", certificate_thumbprint="B" * 40
    )
    assert plan.as_diff()["before"] == {}
    assert "listening_on" not in plan.as_diff()["after"]


def test_listener_with_another_port_is_changed_where_it_is() -> None:
    plan = present(*BOTH, port=15986, enabled=True)
    assert (plan.step, plan.values) == (CHANGE, {"port": 15986})
    assert (plan.before, plan.ends_session) == (TLS, False)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"port": 1}, "by its port 5986"),
        ({"enabled": False}, "would be disabled"),
        ({"url_prefix": "other"}, "by its URL prefix wsman"),
    ],
)
def test_change_of_the_listener_in_use_is_refused_or_made_last(
    values: dict[str, Any], reason: str
) -> None:
    with pytest.raises(LockoutRefused, match=reason):
        present(*BOTH, used=OVER_TLS, **values)
    assert present(*BOTH, used=OVER_TLS, allow_lockout=True, **values).ends_session
    assert not present(*BOTH, used=session(), **values).ends_session
    assert not present(*BOTH, used=None, **values).ends_session


def test_name_and_certificate_of_the_listener_in_use_may_change() -> None:
    plan = present(
        *BOTH, used=OVER_TLS, hostname="hv3", certificate_thumbprint="C" * 40
    )
    assert (plan.step, plan.ends_session) == (CHANGE, False)
    assert ends_by(TLS, plan.values, OVER_TLS) is None


def absent(*listeners: Listener, used: Any = None, **values: Any) -> ListenerPlan:
    lockout = values.pop("allow_lockout", False)
    return plan_absent(
        wanted(**values), listeners, used, allow_lockout=lockout, where="hv1"
    )


def test_listener_is_deleted_unless_it_is_in_use() -> None:
    assert absent(PLAIN) == ListenerPlan()
    assert absent(*BOTH, used=session()).step == DELETE
    with pytest.raises(LockoutRefused, match=r"listener HTTPS \* would be deleted"):
        absent(*BOTH, used=OVER_TLS)
    assert absent(*BOTH, used=OVER_TLS, allow_lockout=True).ends_session


def test_behind_a_forwarded_port_any_listener_of_the_transport_may_be_in_use() -> None:
    forwarded = session(port=15985)
    assert in_use(PLAIN, BOTH, forwarded)
    assert not in_use(TLS, BOTH, forwarded)
    other = Listener("IP:192.0.2.1", "HTTP", 15985)
    assert not in_use(PLAIN, [*BOTH, other], forwarded)
    assert in_use(other, [*BOTH, other], forwarded)
    assert not in_use(PLAIN, BOTH, None)


def test_listener_of_a_group_policy_is_left_alone() -> None:
    ruled = TLS.changed({"source": "GPO"})
    assert not present(ruled, port=5986)
    with pytest.raises(
        UnderPolicy, match="Allow remote server management through WinRM"
    ):
        present(ruled, port=1)
    with pytest.raises(UnderPolicy, match="can't be deleted"):
        absent(ruled)


def test_listener_of_a_compatibility_setting_is_another_one() -> None:
    extra = Listener("*", "HTTP", 80, source=COMPATIBILITY)
    assert wanted("HTTP").within([extra, PLAIN]) == PLAIN
    assert absent(extra, transport="HTTP") == ListenerPlan()
    assert named(extra) == "the listener HTTP *"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"port": 0}, "port can't be 0; give a number from 1 to 65535"),
        ({"port": 65536}, "port can't be 65536"),
        ({"url_prefix": "/wsman"}, "url_prefix can't be"),
        ({"certificate_thumbprint": "xyz"}, "40 hexadecimal digits"),
        ({"hostname": "a b"}, "neither a DNS name nor an IP address"),
        ({"address": "everywhere"}, "address can't be 'everywhere'"),
    ],
)
def test_wish_that_can_not_be_is_refused(values: dict[str, Any], told: str) -> None:
    with pytest.raises(HypervisorConnectError, match=told):
        wanted(**values)


def test_wish_has_its_own_form() -> None:
    found = wanted(
        address="ip:192.0.2.1", certificate_thumbprint="aa " * 20, hostname=" "
    )
    assert found.key == ("ip:192.0.2.1", "HTTPS")
    assert found.values == {"hostname": "", "certificate_thumbprint": "AA" * 20}
