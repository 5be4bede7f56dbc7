# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""winrm_listener over WS-Management on hvsim: fours, certificates, rules, broken links."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    ConnectionLost,
    OperationFailed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.choice import (
    CertificateMissing,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.plan import (
    LockoutRefused,
    UnderPolicy,
)
from ansible_collections.hypervisor.connect.plugins.modules.winrm_listener import TASK
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv.lab import (
    Lab,
    lab,
    open_on,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._winrm.hosts import (
    do,
    listener,
    verbs,
)

from hvsim.rules import Rule  # isort: skip

NOW = datetime.now(timezone.utc)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def host() -> Iterator[Lab]:
    """A host without HTTPS, reached over HTTP."""
    with lab(tls_port=None) as opened:
        yield opened


@pytest.fixture
def both() -> Iterator[Lab]:
    """A host with both listeners, reached over HTTP."""
    with lab() as opened:
        yield opened


def issue(host: Lab, name: str = "HVSIM", days: int = 30, **more: Any) -> str:
    """A certificate in the machine's store, valid since as many days ago as given."""
    start = NOW - timedelta(days=more.pop("age", 1))
    end = start + timedelta(days=days)
    return host.host.certificates.issue_server(
        name, not_before=start, not_after=end, **more
    )


# -- made, changed, taken away ----------------------------------------------------


def test_listener_is_made_with_the_newest_certificate_and_stays(host: Lab) -> None:
    issue(host, age=20, days=100)
    newest = issue(host, age=2)
    options: dict[str, Any] = {"port": free_port()}
    done = do(TASK, host, **options)
    assert done["changed"]
    assert done["method"] == "wsman"
    assert done["certificate"]["thumbprint"] == newest
    assert done["certificate"]["pem"].startswith("-----BEGIN CERTIFICATE-----")
    assert done["listener"] == {
        "address": "*", "transport": "HTTPS", "port": options["port"], "hostname": "",
        "enabled": True, "url_prefix": "wsman", "certificate_thumbprint": newest,
        "listening_on": ["127.0.0.1"], "source": "",
    }  # fmt: skip
    assert listener(host, "HTTPS").thumbprint == newest
    with socket.create_connection(("127.0.0.1", options["port"]), 5):
        pass
    host.host.requests.clear()
    again = do(TASK, host, **options)
    assert not again["changed"]
    assert again["listener"] == done["listener"]
    assert again["diff"]["before"] == again["diff"]["after"]
    assert verbs(host) == ["Enumerate", "EnumKey", "GetBinaryValue", "GetBinaryValue"]


def test_check_mode_foretells_and_makes_nothing(host: Lab) -> None:
    issue(host)
    options: dict[str, Any] = {"port": free_port(), "hostname": "hvsim"}
    foretold = do(TASK, host, check_mode=True, **options)
    assert listener(host, "HTTPS") is None
    done = do(TASK, host, **options)
    assert done["diff"] == foretold["diff"]
    assert foretold["listener"] == {**done["listener"], "listening_on": []}


def test_port_is_left_to_the_host_and_foretold(host: Lab) -> None:
    issue(host)
    assert do(TASK, host, check_mode=True)["listener"]["port"] == 5986


def test_listener_with_another_port_is_changed_where_it_is(both: Lab) -> None:
    port = free_port()
    done = do(TASK, both, port=port)
    assert done["changed"]
    assert done["diff"]["after"] == {**done["diff"]["before"], "port": port}
    assert listener(both, "HTTPS").port == port
    assert "Put" in verbs(both)
    assert not do(TASK, both, port=port)["changed"]
    new_way = open_on(both.host, "https")
    with new_way:
        assert not do(TASK, Lab(both.host, new_way))["changed"]


def test_listener_is_taken_away_once(both: Lab) -> None:
    foretold = do(TASK, both, check_mode=True, state="absent")
    assert listener(both, "HTTPS") is not None
    done = do(TASK, both, state="absent")
    assert done == foretold
    assert (done["changed"], done["listener"]) == (True, None)
    assert done["diff"]["after"] == {}
    assert listener(both, "HTTPS") is None
    assert not do(TASK, both, state="absent")["changed"]


def test_listener_for_http_asks_for_no_certificates(both: Lab) -> None:
    over_tls = open_on(both.host, "https")
    with over_tls:
        other = Lab(both.host, over_tls)
        both.host.requests.clear()
        done = do(TASK, other, transport="HTTP", port=free_port())
        assert done["changed"]
        assert "certificate" not in done
        assert verbs(other) == ["Enumerate", "Put", "Enumerate"]


# -- certificates -----------------------------------------------------------------


def test_only_a_certificate_that_will_do_is_picked(host: Lab) -> None:
    issue(host, age=60, days=30)  # expired
    issue(host, private_key=False)
    issue(host, usages=("client",))
    issue(host, "other.example.com")
    good = issue(host, age=10)
    done = do(TASK, host, port=free_port())
    assert done["certificate"]["thumbprint"] == good


def test_no_certificate_is_an_error_that_says_what_was_looked_at(host: Lab) -> None:
    issue(host, age=60, days=30)
    issue(host, private_key=False)
    with pytest.raises(CertificateMissing) as caught:
        do(TASK, host)
    text = str(caught.value)
    assert "has expired on" in text
    assert "has no private key" in text
    assert "self_signed: true" in text
    assert listener(host, "HTTPS") is None


def test_hostname_chooses_among_certificates_and_is_written(host: Lab) -> None:
    issue(host)
    wanted = issue(host, "hv9.example.com", age=9)
    done = do(TASK, host, hostname="hv9.example.com", port=free_port())
    assert done["listener"]["certificate_thumbprint"] == wanted
    assert done["listener"]["hostname"] == "hv9.example.com"


def test_good_certificate_of_a_listener_is_kept(both: Lab) -> None:
    kept = listener(both, "HTTPS").thumbprint
    issue(both, age=0)
    assert not do(TASK, both)["changed"]
    assert listener(both, "HTTPS").thumbprint == kept


def test_certificate_that_is_gone_from_the_store_is_replaced(both: Lab) -> None:
    both.host.certificates.store.remove(listener(both, "HTTPS").thumbprint)
    better = issue(both)
    done = do(TASK, both)
    assert done["changed"]
    assert listener(both, "HTTPS").thumbprint == better
    assert done["diff"]["after"]["certificate_thumbprint"] == better


def test_named_certificate_is_taken_however_it_is_written(host: Lab) -> None:
    issue(host, age=0)
    named = issue(host, age=9)
    spaced = " ".join(named[i : i + 2].lower() for i in range(0, 40, 2))
    options: dict[str, Any] = {
        "certificate_thumbprint": f"\u200e{spaced}",
        "port": free_port(),
    }
    assert do(TASK, host, **options)["certificate"]["thumbprint"] == named
    assert not do(TASK, host, **options)["changed"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_named_certificate_that_is_not_there_is_an_error_that_names_it(
    host: Lab, check_mode: bool
) -> None:
    there = issue(host)
    with pytest.raises(CertificateMissing, match="A" * 40) as caught:
        do(TASK, host, check_mode=check_mode, certificate_thumbprint="A" * 40)
    assert there in str(caught.value)
    assert listener(host, "HTTPS") is None


def test_self_signed_certificate_is_made_once_where_none_will_do(host: Lab) -> None:
    options: dict[str, Any] = {
        "self_signed": True,
        "self_signed_days": 10,
        "port": free_port(),
    }
    foretold = do(TASK, host, check_mode=True, **options)
    assert (foretold["changed"], foretold["certificate"]) == (True, None)
    assert host.host.certificates.store.entries() == []
    made = do(TASK, host, **options)
    assert made["diff"] == foretold["diff"]
    assert made["certificate"]["self_signed"]
    assert made["certificate"]["names"] == ["HVSIM"]
    assert len(host.host.certificates.store.entries()) == 1
    again = do(TASK, host, **options)
    assert not again["changed"]
    assert again["certificate"] == made["certificate"]


def test_self_signed_certificate_opens_the_way_by_its_own_pem(
    host: Lab, tmp_path: Any
) -> None:
    made = do(TASK, host, self_signed=True, hostname="127.0.0.1", port=free_port())
    trusted = tmp_path / "host.pem"
    trusted.write_text(made["certificate"]["pem"], encoding="ascii")
    over_tls = open_on(host.host, "https", ca_path=str(trusted))
    with over_tls:
        assert not do(TASK, Lab(host.host, over_tls))["changed"]


def test_shells_that_are_switched_off_make_no_certificate(host: Lab) -> None:
    host.host.config.settings.set("Winrs/AllowRemoteShellAccess", "false")
    with pytest.raises(HypervisorConnectError) as caught:
        do(TASK, host, self_signed=True)
    assert str(caught.value).startswith(host.hypervisor.uri)
    assert listener(host, "HTTPS") is None


# -- rules ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"state": "absent"}, "would be deleted"),
        ({"port": 1}, "by its port"),
        ({"enabled": False}, "would be disabled"),
        ({"url_prefix": "elsewhere"}, "by its URL prefix wsman"),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_listener_in_use_is_not_taken_from_under_the_session(
    both: Lab, options: dict[str, Any], told: str, check_mode: bool
) -> None:
    before = listener(both, "HTTP")
    with pytest.raises(LockoutRefused, match=told):
        do(TASK, both, check_mode=check_mode, transport="HTTP", **options)
    assert verbs(both) == ["Enumerate"]
    assert listener(both, "HTTP") == before


def test_allowed_lockout_is_done(both: Lab) -> None:
    done = do(TASK, both, transport="HTTP", state="absent", allow_lockout=True)
    assert done["changed"]
    assert listener(both, "HTTP") is None


@pytest.mark.parametrize("after", [False, True])
def test_session_that_ends_with_an_allowed_lockout_is_a_warning(
    both: Lab, after: bool
) -> None:
    both.host.rules.add(Rule("drop", action="Delete", after=after))
    done = do(TASK, both, transport="HTTP", state="absent", allow_lockout=True)
    assert done["changed"]
    assert "ended with the change of the listener HTTP *" in done["warnings"][0]


def test_listener_of_a_group_policy_is_left_alone() -> None:
    with lab(policies={"Listener": ""}) as host:
        assert not do(TASK, host)["changed"]
        for options in ({"port": 1}, {"state": "absent"}):
            with pytest.raises(UnderPolicy, match="Allow remote server management"):
                do(TASK, host, **options)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"port": 70000}, "port can't be 70000"),
        ({"address": "here"}, "give \\*, IP:192.0.2.1 or MAC:"),
        ({"hostname": "a b"}, "neither a DNS name"),
        ({"self_signed_days": 0}, "can't be valid for 0 days"),
        ({"transport": "HTTP", "self_signed": True}, "HTTP has no certificate"),
        ({"transport": "HTTP", "certificate_thumbprint": "A" * 40}, "HTTP has no"),
    ],
)
def test_option_that_can_not_be_is_refused_before_anything_is_asked(
    host: Lab, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(HypervisorConnectError, match=told):
        do(TASK, host, **options)
    assert host.host.requests == []


# -- what breaks on the way -------------------------------------------------------


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("verb", "options"),
    [("Create", {}), ("Put", {"port": 0}), ("Delete", {"state": "absent"})],
)
def test_connection_lost_is_told_and_the_second_run_finishes(
    verb: str, options: dict[str, Any], after: bool
) -> None:
    with lab(tls_port=None if verb == "Create" else 0) as host:
        issue(host)
        wanted = {"port": free_port()} if verb != "Delete" else options
        host.host.rules.add(
            Rule("drop", action=verb, resource="*/listener", after=after)
        )
        with pytest.raises(ConnectionLost, match="may have been done or not"):
            do(TASK, host, **wanted)
        assert do(TASK, host, **wanted)["changed"] is not after
        assert not do(TASK, host, **wanted)["changed"]


def test_listener_that_can_not_be_read_again_is_made_all_the_same(host: Lab) -> None:
    issue(host)
    host.host.rules.add(
        Rule("wsman-fault", action="Enumerate", resource="*/listener", skip=1)
    )
    done = do(TASK, host, port=free_port())
    assert done["changed"]
    assert "could not be read again" in done["warnings"][0]
    assert done["listener"]["transport"] == "HTTPS"
    assert listener(host, "HTTPS") is not None


def test_what_the_host_itself_refuses_is_told_in_its_words(host: Lab) -> None:
    named = issue(host, "other.example.com")
    with pytest.raises(OperationFailed, match=r"can't make the listener HTTPS \*: "):
        do(TASK, host, certificate_thumbprint=named)
