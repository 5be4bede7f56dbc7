# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WS-Management way, the certificate's choice and the plans' work, on hvsim."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    ConnectionLost,
    OperationFailed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.winrm import (
    done_by,
    winrm_task,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.applying import (
    apply_listener,
    apply_service,
    ended_by,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.choice import (
    Choice,
    choose,
    make,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.configuration import (
    CONFIG_URI,
    GPO,
    LISTENER_URI,
    Listener,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.listener_plan import (
    CREATE,
    ListenerPlan,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.plan import (
    Put,
    ServicePlan,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.registry import (
    BLOB,
    STORE,
    RegistryRefused,
    binary_value,
    subkeys,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.self_signed import (
    check_days,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.way import (
    WSMAN,
    ConfigurationWay,
    Ran,
    SessionInUse,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.wsman_way import (
    WsmanWay,
    session_in_use,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.session import (
    Session,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv.lab import (
    Lab,
    lab,
    open_on,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._winrm.hosts import (
    listener,
    settings,
    verbs,
)

from hvsim.rules import Rule  # isort: skip

NOW = datetime.now(timezone.utc)


@pytest.fixture
def host() -> Iterator[Lab]:
    with lab(settings={"Service/Auth/Basic": "true"}) as opened:
        yield opened


@pytest.fixture
def way(host: Lab) -> WsmanWay:
    return WsmanWay.over(host.hypervisor)


def test_way_knows_its_host_and_its_own_session(host: Lab, way: WsmanWay) -> None:
    assert isinstance(way, ConfigurationWay)
    assert (way.method, way.host, way.where) == (
        WSMAN,
        "127.0.0.1",
        host.hypervisor.uri,
    )
    port = listener(host, "HTTP").port
    assert way.session == SessionInUse("ntlm", "http", True, port, "127.0.0.1")
    over_tls = open_on(host.host, "https", auth="basic")
    with over_tls:
        session = over_tls.client.session
        assert isinstance(session, Session)
        assert session_in_use(session).auth == "basic"
        assert not session_in_use(session).bound
    bound = open_on(host.host, "https")
    with bound:
        found = WsmanWay.over(bound).session
        assert found is not None
        assert (found.scheme, found.bound) == ("https", True)


def test_elements_keep_the_attributes_that_instances_lose() -> None:
    with lab(policies={"Service/Auth/Basic": "true", "Listener": ""}) as host:
        client = host.hypervisor.client
        element = client.get_element(CONFIG_URI)
        assert [
            one.name.local for one in element.walk() if GPO in one.attributes.values()
        ] == ["Basic"]
        found = list(client.enumerate_elements(LISTENER_URI))
        assert all(GPO in one.attributes.values() for one in found)
        assert len(found) == 2


def test_what_a_put_answers_is_what_the_host_has_now(host: Lab, way: WsmanWay) -> None:
    told = way.write("Winrs", {"Winrs/MaxShellsPerUser": 9})
    assert told["Winrs/MaxShellsPerUser"] == 9
    assert told["Winrs/IdleTimeout"] == 7200000
    assert way.write("", {"MaxTimeoutms": 70000})["MaxTimeoutms"] == 70000
    assert settings(host, "MaxTimeoutms") == ["70000"]


def test_listeners_of_one_address_come_and_go(host: Lab, way: WsmanWay) -> None:
    made = Listener("IP:127.0.0.1", "HTTP", 1, enabled=False)
    way.create_listener(made)
    assert len(way.listeners()) == 3
    way.change_listener(made, {"url_prefix": "two"})
    assert way.listeners()[2].url_prefix == "two"
    way.delete_listener("ip:127.0.0.1", "HTTP")
    assert len(way.listeners()) == 2


def test_command_runs_and_its_end_is_told(way: WsmanWay) -> None:
    assert way.run("echo hello") == Ran(0, "hello\r\n", "")
    assert way.run("no-such-program").rc != 0


def test_names_of_a_host_with_and_without_a_domain(way: WsmanWay) -> None:
    assert way.names() == ("HVSIM",)
    with lab(domain="example.com") as host:
        assert WsmanWay.over(host.hypervisor).names() == ("HVSIM.example.com", "HVSIM")


def test_registry_tells_keys_and_octets_and_what_is_missing(host: Lab) -> None:
    client = host.hypervisor.client
    [mark] = subkeys(client, STORE)
    assert mark == listener(host, "HTTPS").thumbprint
    blob = binary_value(client, rf"{STORE}\{mark}", BLOB)
    assert blob == host.host.certificates.store.blobs()[mark]
    assert subkeys(client, r"SOFTWARE\Nothing\There") == []
    assert binary_value(client, rf"{STORE}\{mark}", "Nothing") is None
    assert WsmanWay.over(host.hypervisor).certificates() == {mark: blob}


def test_value_that_is_none_of_octets_is_an_error(host: Lab) -> None:
    key = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters"
    with pytest.raises(RegistryRefused, match="sign in as an administrator"):
        binary_value(host.hypervisor.client, key, "Hostname")


def test_only_the_first_question_counts_as_refused(host: Lab) -> None:
    first = WsmanWay.over(host.hypervisor)
    host.host.rules.add(Rule("wsman-fault", action="Get", count=2))
    with pytest.raises(OperationFailed) as caught:
        first.read()
    assert first.refused is caught.value
    second = WsmanWay.over(host.hypervisor)
    second.listeners()
    with pytest.raises(OperationFailed):
        second.read()
    assert second.refused is None


def test_plan_is_written_in_its_order(host: Lab, way: WsmanWay) -> None:
    plan = ServicePlan(
        (
            Put("Winrs", {"Winrs/MaxShellsPerUser": 3}),
            Put("Service/Auth", {"Service/Auth/CredSSP": True}),
        )
    )
    assert apply_service(way, plan) == []
    assert verbs(host) == ["Put", "Put"]
    assert settings(host, "Winrs/MaxShellsPerUser", "Service/Auth/CredSSP") == [
        "3",
        "true",
    ]


def test_plan_for_a_listener_that_the_host_refuses(way: WsmanWay) -> None:
    there = Listener("*", "HTTP", 5985)
    with pytest.raises(OperationFailed, match=r"can't make the listener HTTP \*"):
        apply_listener(way, ListenerPlan(CREATE, None, there))
    assert apply_listener(way, ListenerPlan()) == []


def test_warning_of_a_session_that_ended_names_the_change() -> None:
    text = ended_by("service.auth.basic", ConnectionLost("it broke"))
    assert "the change of service.auth.basic" in text
    assert "(it broke)" in text


def test_certificate_is_chosen_and_nothing_is_made(host: Lab, way: WsmanWay) -> None:
    mark = listener(host, "HTTPS").thumbprint
    chosen = choose(
        way, None, thumbprint="", hostname="localhost", self_signed=False, now=NOW
    )
    assert chosen.thumbprint == mark
    assert make(way, chosen, 5) is chosen
    needed = choose(way, None, thumbprint="", hostname="hv2", self_signed=True, now=NOW)
    assert needed == Choice(make_for="hv2")
    made = make(way, needed, 5)
    assert made.certificate is not None
    assert made.certificate.names == ("hv2",)
    assert made.thumbprint in way.certificates()


@pytest.mark.parametrize("days", [0, -1, 36501])
def test_days_that_can_not_be(days: int) -> None:
    with pytest.raises(HypervisorConnectError, match="self_signed_days"):
        check_days(days)
    check_days(365)


def test_task_does_its_work_over_any_way(host: Lab, way: WsmanWay) -> None:
    task = winrm_task(
        lambda to, options, check_mode: {
            "changed": False,
            "told": (to.where, options["method"], check_mode),
        },
        options={},
        rules={},
        check=lambda _options: None,
    )
    assert done_by(task.work, way, {"method": "auto"}, True) == {
        "method": "wsman",
        "changed": False,
        "told": (way.where, "auto", True),
    }
    over = task.run(host.hypervisor, {"method": "wsman"}, False)
    assert over["told"][1:] == ("wsman", False)
    with pytest.raises(HypervisorConnectError, match="method=command"):
        task.run(host.hypervisor, {"method": "command"}, False)
