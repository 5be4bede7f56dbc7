# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on the way ends in our error or a completed repetition.

Each of hvsim's fault rules meets vm_info and vm: never a traceback, never a hang, and a
method call never reaches the host twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._cim.wql import select
from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    AuthenticationFailed,
    ConnectionFailed,
    ConnectionLost,
    OperationFailed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.client import (
    Session,
)
from ansible_collections.hypervisor.connect.plugins.modules import (
    vm,
    vm_info,
    wmi_method,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv.lab import (
    Lab,
    calls,
    lab,
    open_on,
    validated,
)

from hvsim.rules import Rule  # isort: skip

ALWAYS = None
PATIENCE = 15.0
"""Seconds that nothing here may take; the longest pause of a session is 5."""
SMALL = {"MaxEnvelopeSizekb": "32"}


@contextmanager
def spoiled(*rules: Rule, **options: Any) -> Iterator[Lab]:
    """A host on which these things go wrong, in good time."""
    with lab(**options) as opened:
        for rule in rules:
            opened.host.rules.add(rule)
        began = time.monotonic()
        yield opened
        assert time.monotonic() - began < PATIENCE


def read(opened: Lab) -> int:
    """How many machines vm_info tells of."""
    return len(vm_info.run(opened.hypervisor, validated(vm_info.TASK), False)["vms"])


def start(opened: Lab) -> dict[str, Any]:
    options = validated(vm.TASK, name="vm0002", state="running")
    return vm.run(opened.hypervisor, options, False)


def assert_is_told(opened: Lab, error: HypervisorConnectError, words: str) -> None:
    assert words in error.what
    assert error.where == opened.hypervisor.uri
    assert error.remedy


def named(value: object) -> str | None:
    """A rule in short, as the name of a test."""
    if not isinstance(value, Rule):
        return None
    plain = Rule(value.do)
    told = {name: of for name, of in vars(value).items() if of != getattr(plain, name)}
    return "-".join([value.do, *(f"{name}={of}" for name, of in told.items())])


MENDED = [
    Rule("drop"),
    Rule("drop", after=True),
    Rule("drop", skip=3),
    Rule("http-status", status=401),
    Rule("http-status", status=401, skip=2),
    Rule("http-status", status=503),
    Rule("truncate"),
    Rule("truncate", skip=4),
    Rule("delay", seconds=0.05, count=ALWAYS),
]


@pytest.mark.parametrize("transport", ["http", "https"])
@pytest.mark.parametrize("rule", MENDED, ids=named)
def test_question_that_went_wrong_is_asked_again(transport: str, rule: Rule) -> None:
    with spoiled(rule, transport=transport, vms=5) as opened:
        assert read(opened) == 5


TOLD = [
    (Rule("drop", count=ALWAYS), ConnectionLost, "the connection broke"),
    (Rule("truncate", count=ALWAYS), ConnectionLost, "the answer broke off"),
    (
        Rule("http-status", status=401, count=ALWAYS),
        AuthenticationFailed,
        "did not let Administrator in",
    ),
    (Rule("http-status", status=503, count=ALWAYS), ConnectionFailed, "HTTP 503"),
    (Rule("http-status", status=404), ConnectionLost, "HTTP 404"),
    (Rule("http-status", status=500), ConnectionLost, "HTTP 500"),
    (Rule("http-status", status=413), OperationFailed, "HTTP 413"),
    (Rule("delay", seconds=60), OperationFailed, "TIMEDOUT"),
    (Rule("wsman-fault", code=2150859174), OperationFailed, "QUOTA_MAX_OPERATIONS"),
    (Rule("wsman-fault", code=2150858995), OperationFailed, "0x803380f3"),
    (
        Rule("wsman-fault", code=0xDEAD, message="Unheard of."),
        OperationFailed,
        "Unheard of (0xdead",
    ),
]


@pytest.mark.parametrize("transport", ["http", "https"])
@pytest.mark.parametrize(("rule", "kind", "words"), TOLD, ids=named)
def test_question_that_gets_no_answer_is_our_error(
    transport: str, rule: Rule, kind: type[Exception], words: str
) -> None:
    with spoiled(rule, transport=transport, timeout=1, vms=5) as opened:
        with pytest.raises(HypervisorConnectError) as caught:
            read(opened)
        assert caught.value.__class__ is kind
        assert_is_told(opened, caught.value, words)
        opened.host.rules.clear()
        assert read(opened) == 5


# -- pages -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "kind", "words"),
    [
        (Rule("drop", action="Pull"), ConnectionLost, "the connection broke"),
        (Rule("drop", action="Pull", after=True), ConnectionLost, "connection broke"),
        (Rule("truncate", action="Pull"), ConnectionLost, "the answer broke off"),
        (Rule("http-status", action="Pull"), ConnectionFailed, "HTTP 503"),
    ],
    ids=named,
)
def test_page_that_is_lost_is_not_left_out_in_silence(
    rule: Rule, kind: type[Exception], words: str
) -> None:
    """A Pull has moved the enumeration on: asked again, it would skip a page."""
    with spoiled(rule, vms=200, settings=SMALL) as opened:
        with pytest.raises(HypervisorConnectError) as caught:
            read(opened)
        assert caught.value.__class__ is kind
        assert_is_told(opened, caught.value, words)


def test_page_that_was_refused_is_asked_for_again() -> None:
    rule = Rule("http-status", action="Pull", status=401)
    with spoiled(rule, vms=200, settings=SMALL) as opened:
        assert read(opened) == 200


class Watched:
    """A session that does something before each request of a kind."""

    def __init__(self, session: Session, mark: bytes, do: Callable[[], Any]) -> None:
        self.session = session
        self.url = session.url
        self.mark = mark
        self.do = do

    def send(
        self, envelope: bytes, *, repeatable: bool, operation_timeout: float
    ) -> bytes:
        if self.mark in envelope:
            self.do()
        return self.session.send(
            envelope, repeatable=repeatable, operation_timeout=operation_timeout
        )


def test_context_that_expired_between_pages_is_our_error() -> None:
    with spoiled(vms=200, settings=SMALL) as opened:
        client = opened.hypervisor.client
        expire = opened.host.pipeline.contexts.expire_all
        client.session = Watched(client.session, b"enumeration/Pull", expire)
        with pytest.raises(OperationFailed) as caught:
            read(opened)
        assert caught.value.details["kind"] == "context_gone"
        assert_is_told(opened, caught.value, "can't list the machines: ")


# -- methods -----------------------------------------------------------------------


def sent(opened: Lab) -> int:
    """How often the method's call was sent, those times counted that it got lost."""
    lost = sum(
        not exchange.verb and exchange.status not in (200, 401)
        for exchange in opened.host.requests
    )
    return calls(opened.host, "RequestStateChange") + lost


METHODS = [
    (Rule("drop"), ConnectionLost, "start machine vm0002", "off"),
    (Rule("drop", after=True), ConnectionLost, "start machine vm0002", "running"),
    (Rule("truncate"), ConnectionLost, "the answer broke off", "running"),
    (Rule("http-status", status=503), ConnectionFailed, "HTTP 503", "off"),
    (
        Rule("http-status", status=503, after=True),
        ConnectionFailed,
        "HTTP 503",
        "running",
    ),
    (Rule("http-status", status=500), ConnectionLost, "HTTP 500", "off"),
    (Rule("http-status", status=413), OperationFailed, "HTTP 413", "off"),
    (Rule("delay", seconds=60), OperationFailed, "TIMEDOUT", "off"),
    (Rule("wsman-fault", code=2150859174), OperationFailed, "QUOTA", "off"),
]


@pytest.mark.parametrize("transport", ["http", "https"])
@pytest.mark.parametrize(("rule", "kind", "words", "power"), METHODS, ids=named)
def test_method_call_is_never_sent_twice(
    transport: str, rule: Rule, kind: type[Exception], words: str, power: str
) -> None:
    rule = replace(rule, action="RequestStateChange")
    with spoiled(rule, transport=transport, timeout=1, vms=2) as opened:
        with pytest.raises(HypervisorConnectError) as caught:
            start(opened)
        assert caught.value.__class__ is kind
        assert_is_told(opened, caught.value, words)
        assert sent(opened) == 1
        assert opened.power("vm0002") == power


def test_method_call_that_was_not_taken_is_carried_out_once() -> None:
    """A 401 in the middle: nothing happened, and a new sign-in mends it."""
    rule = Rule("http-status", status=401, action="RequestStateChange")
    with spoiled(rule, vms=2, job_seconds=0.05) as opened:
        assert start(opened)["changed"] is True
        assert calls(opened.host, "RequestStateChange") == 1
        assert len(opened.host.model.jobs) == 1


@pytest.mark.parametrize(
    "rule",
    [
        Rule("drop", action="Get"),
        Rule("http-status", status=401, action="Get"),
        Rule("http-status", status=503, action="Get"),
        Rule("truncate", action="Get"),
    ],
    ids=named,
)
def test_job_is_waited_for_over_a_broken_connection(rule: Rule) -> None:
    with spoiled(rule, vms=2, job_seconds=0.2) as opened:
        assert start(opened)["vm"]["state"] == "running"
        assert calls(opened.host, "RequestStateChange") == 1


def test_job_that_fails_on_the_host_fails_the_task() -> None:
    with spoiled(vms=2, job_seconds=0.05) as opened:
        opened.host.model.fail_next_job(32768, "Not enough memory.")
        with pytest.raises(OperationFailed) as caught:
            start(opened)
        assert caught.value.what == "can't start machine vm0002: Not enough memory"


# -- limits of the host --------------------------------------------------------------


def test_quota_of_operations_is_told_and_ends() -> None:
    quota = {"Service/MaxConcurrentOperationsPerUser": "1"}
    with spoiled(vms=200, settings={**SMALL, **quota}) as opened:
        other = open_on(opened.host)
        rows = other.client.query(
            "root/virtualization/v2", select("Msvm_ComputerSystem")
        )
        next(rows)
        with pytest.raises(OperationFailed) as caught:
            read(opened)
        assert_is_told(opened, caught.value, "QUOTA_MAX_OPERATIONS")
        assert "MaxConcurrentOperationsPerUser" in str(caught.value.remedy)
        assert isinstance(rows, Generator)
        rows.close()
        other.close()
        assert read(opened) == 200


def summaries(opened: Lab, **more: Any) -> dict[str, Any]:
    service = "Msvm_VirtualSystemManagementService"
    options = validated(
        wmi_method.TASK,
        class_name=service,
        selectors={"CreationClassName": service},
        method="GetSummaryInformation",
        **more,
    )
    return wmi_method.run(opened.hypervisor, options, False)


def test_result_of_a_method_that_is_too_large_is_our_error() -> None:
    """It can't come in pages: the fault is EncodingLimit."""
    some = {"parameters": {"RequestedInformation": [0]}}
    with spoiled(vms=60, settings=SMALL) as opened:
        with pytest.raises(OperationFailed) as caught:
            summaries(opened, **some)
        assert caught.value.details["kind"] == "too_large"
        assert caught.value.details["subcode"] == "w:EncodingLimit"
        assert_is_told(opened, caught.value, "GetSummaryInformation")
    with spoiled(vms=60) as opened:
        output = summaries(opened, **some)["output"]
        assert len(output["SummaryInformation"]) == 60


def test_request_that_is_too_large_is_refused_and_does_nothing() -> None:
    with spoiled(vms=2, settings=SMALL) as opened:
        with pytest.raises(OperationFailed) as caught:
            summaries(opened, parameters={"RequestedInformation": list(range(5000))})
        assert_is_told(opened, caught.value, "HTTP 413")
        assert read(opened) == 2
