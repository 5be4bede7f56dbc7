# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enumerations page by page, their ends, limits and quotas; fault rules."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from lxml import etree

from hvsim.enumeration import Contexts, Pages
from hvsim.faults import Fault
from hvsim.pipeline import Resource
from hvsim.rules import Rule, Rules, read_rules, rule_from
from hvsim.soap import Filter, Item, Request

NUMBERS = "http://example.com/numbers"
CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"


class Numbers(Resource):
    """A resource of its own: 1, 2, 3 and so on, each of 1,000 bytes."""

    prefixes = (NUMBERS,)
    made = 0

    def enumerate(self, request: Request, filter: Filter | None) -> Iterator[Item]:  # noqa: A002
        count = int(filter.text) if filter else 10
        for number in range(1, count + 1):
            Numbers.made = number
            yield Item(f"<N>{number:0993d}</N>".encode(), f"<E>{number}</E>".encode())

    def invoke(self, request: Request, method: str) -> etree._Element:
        output = etree.Element(f"{{{NUMBERS}}}{method}_OUTPUT", nsmap={"p": NUMBERS})
        size = request.selectors.text("size") or "0"
        output.text = "x" * int(size)
        if method == "Break":
            raise KeyError(method)
        return output


@pytest.fixture
def numbers(client: Any) -> Any:
    """A client of a host that has numbers."""
    client.simulator.pipeline.resources.append(Numbers())
    return client


def enumerate_body(count: int = 10, optimize: int | None = None, mode: str = "") -> str:
    body = ""
    if optimize is not None:
        body = f"<w:OptimizeEnumeration/><w:MaxElements>{optimize}</w:MaxElements>"
    if mode:
        body += f"<w:EnumerationMode>{mode}</w:EnumerationMode>"
    return f'<n:Enumerate>{body}<w:Filter Dialect="q">{count}</w:Filter></n:Enumerate>'


def pull_body(context: str | None, count: int | None = None) -> str:
    body = f"<n:EnumerationContext>{context}</n:EnumerationContext>"
    if count is not None:
        body += f"<n:MaxElements>{count}</n:MaxElements>"
    return f"<n:Pull>{body}</n:Pull>"


def test_plain_enumerate_gives_a_context_and_pull_one_item(numbers: Any) -> None:
    opened = numbers.ask("n:Enumerate", NUMBERS, enumerate_body(2))
    context = opened.text("n:EnumerationContext")
    assert context.startswith("uuid:")
    first = numbers.ask("n:Pull", NUMBERS, pull_body(context))
    assert [int(text) for text in first.texts("n:Items/N")] == [1]
    assert first.text("n:EnumerationContext") == context
    last = numbers.ask("n:Pull", NUMBERS, pull_body(context))
    assert [int(text) for text in last.texts("n:Items/N")] == [2]
    assert last.text("n:EndOfSequence") == ""
    assert last.text("n:EnumerationContext") is None
    again = numbers.ask("n:Pull", NUMBERS, pull_body(context))
    assert (again.code, again.subcode) == (2150858779, "n:InvalidEnumerationContext")


def test_optimised_enumerate_has_all_and_an_empty_context(numbers: Any) -> None:
    answer = numbers.ask("n:Enumerate", NUMBERS, enumerate_body(3, 32000))
    assert len(answer.texts("n:EnumerateResponse/w:Items/N")) == 3
    assert answer.text("n:EnumerationContext") == ""
    assert answer.text("n:EnumerateResponse/w:EndOfSequence") == ""


def test_empty_enumeration_ends_at_once(numbers: Any) -> None:
    answer = numbers.ask("n:Enumerate", NUMBERS, enumerate_body(0, 9))
    assert b"<w:Items></w:Items><w:EndOfSequence/>" in answer.data
    context = numbers.ask("n:Enumerate", NUMBERS, enumerate_body(0))
    pulled = numbers.ask(
        "n:Pull", NUMBERS, pull_body(context.text("n:EnumerationContext"))
    )
    assert b"<n:Items></n:Items><n:EndOfSequence/>" in pulled.data


def test_pages_end_where_the_envelope_would_be_too_large(numbers: Any) -> None:
    size = '<w:MaxEnvelopeSize s:mustUnderstand="true">153600</w:MaxEnvelopeSize>'
    answer = numbers.ask(
        "n:Enumerate", NUMBERS, enumerate_body(400, 32000), MaxEnvelopeSize=size
    )
    seen = [int(text) for text in answer.texts("w:Items/N")]
    pages = 1
    while context := answer.text("n:EnumerationContext"):
        assert len(answer.data) <= 153600
        answer = numbers.ask(
            "n:Pull", NUMBERS, pull_body(context, 32000), MaxEnvelopeSize=size
        )
        seen += [int(text) for text in answer.texts("n:Items/N")]
        pages += 1
    assert seen == list(range(1, 401))
    assert pages == 3


def test_items_are_made_when_they_are_due(numbers: Any) -> None:
    numbers.ask("n:Enumerate", NUMBERS, enumerate_body(10000, 5))
    assert Numbers.made == 6


def test_pull_may_name_another_uri_as_libvirt_does(numbers: Any) -> None:
    opened = numbers.ask("n:Enumerate", NUMBERS + "/*", enumerate_body(1))
    context = opened.text("n:EnumerationContext")
    pulled = numbers.ask("n:Pull", NUMBERS + "/Number", pull_body(context))
    assert len(pulled.texts("n:Items/N")) == 1


def test_max_batch_items_bounds_every_page(numbers: Any) -> None:
    numbers.simulator.config.settings.set("MaxBatchItems", 4)
    answer = numbers.ask("n:Enumerate", NUMBERS, enumerate_body(10, 32000))
    assert len(answer.texts("w:Items/N")) == 4


@pytest.mark.parametrize(
    ("mode", "shape"),
    [
        ("", b"<N>"),
        ("EnumerateEPR", b"<E>1</E>"),
        ("EnumerateObjectAndEPR", b"</N><E>1</E></w:Item>"),
    ],
)
def test_modes_decide_what_an_item_is(numbers: Any, mode: str, shape: bytes) -> None:
    answer = numbers.ask("n:Enumerate", NUMBERS, enumerate_body(1, 1, mode))
    assert shape in answer.data


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", 2150858817),
        ("<n:Pull/>", 2150858817),
        (
            "<n:Enumerate><w:EnumerationMode>All</w:EnumerationMode></n:Enumerate>",
            2150858818,
        ),
        ("<n:Enumerate><w:MaxElements>0</w:MaxElements></n:Enumerate>", 2150858817),
        ("<n:Enumerate><w:MaxElements>x</w:MaxElements></n:Enumerate>", 2150858817),
        ("<n:Enumerate><w:Nothing/></n:Enumerate>", 2150858817),
        (
            "<n:Enumerate><w:OptimizeEnumeration/><n:Expires>PT1M</n:Expires></n:Enumerate>",
            2150858817,
        ),
        (
            "<n:Enumerate><w:OptimizeEnumeration/><w:OptimizeEnumeration/></n:Enumerate>",
            2150858817,
        ),
    ],
)
def test_enumerate_of_another_form_is_refused(
    numbers: Any, body: str, code: int
) -> None:
    assert numbers.ask("n:Enumerate", NUMBERS, body).code == code


def test_release_ends_an_enumeration(numbers: Any) -> None:
    context = numbers.ask("n:Enumerate", NUMBERS, enumerate_body()).text(
        "n:EnumerationContext"
    )
    body = (
        f"<n:Release><n:EnumerationContext>{context}</n:EnumerationContext></n:Release>"
    )
    answer = numbers.ask("n:Release", NUMBERS, body)
    assert answer.data.endswith(b"<s:Body></s:Body></s:Envelope>")
    assert numbers.ask("n:Pull", NUMBERS, pull_body(context)).code == 2150858779
    assert numbers.ask("n:Release", NUMBERS, body).code == 2150858779


def test_idle_enumeration_ends_after_enumeration_timeout() -> None:
    now = [0.0]
    contexts = Contexts(lambda: now[0])
    request = Request("a", "r", user="jo")
    context = contexts.open(request, Pages([], "object"), timeout=240)
    now[0] = 239
    assert contexts.get(context.identifier, "jo", 240) is context
    now[0] = 478
    assert contexts.count("jo") == 1
    now[0] = 480
    with pytest.raises(Fault) as caught:
        contexts.get(context.identifier, "jo", 240)
    assert caught.value.code == 2150858779


def test_enumeration_belongs_to_its_user() -> None:
    contexts = Contexts(time.monotonic)
    request = Request("a", "r", user="jo")
    context = contexts.open(request, Pages([], "object"), timeout=240)
    with pytest.raises(Fault):
        contexts.get(context.identifier, "eve", 240)


def test_quota_of_operations_counts_open_enumerations(numbers: Any) -> None:
    numbers.simulator.config.settings.set("Service/MaxConcurrentOperationsPerUser", 2)
    contexts = [
        numbers.ask("n:Enumerate", NUMBERS, enumerate_body()).text(
            "n:EnumerationContext"
        )
        for _ in range(2)
    ]
    answer = numbers.ask("n:Enumerate", NUMBERS, enumerate_body())
    assert (answer.code, answer.subcode) == (2150859174, "w:QuotaLimit")
    assert "maximum number of 2 concurrent operations" in answer.text("{*}Message")
    assert answer.text("a:RelatesTo") is None
    assert numbers.ask("n:Pull", NUMBERS, pull_body(contexts[0], 99)).status == 200
    assert numbers.ask("n:Enumerate", NUMBERS, enumerate_body()).status == 200


def test_method_result_beyond_the_envelope_is_an_encoding_limit(numbers: Any) -> None:
    action = NUMBERS + "/Fill"
    assert numbers.ask(action, NUMBERS, selectors={"size": "500000"}).status == 200
    answer = numbers.ask(action, NUMBERS, selectors={"size": "512000"})
    assert (answer.code, answer.subcode) == (2150858790, "w:EncodingLimit")


def test_defect_of_a_resource_is_windows_internal_error(
    numbers: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answer = numbers.ask(NUMBERS + "/Break", NUMBERS)
    assert (answer.status, answer.subcode) == (500, "w:InternalError")
    assert b"Traceback" not in answer.data
    assert "defect" in caplog.text


def rule(client: Any, **values: Any) -> None:
    client.simulator.rules.add(Rule(**values))


def test_rule_drops_the_connection_once(client: Any) -> None:
    rule(client, do="drop", action="Get", resource="*/config")
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        client.ask("x:Get", CONFIG)
    client.connection.close()
    assert client.ask("x:Get", CONFIG).status == 200
    assert [x.status for x in client.simulator.requests] == [0, 200]


def test_rule_drops_after_the_work_is_done(client: Any) -> None:
    rule(client, do="drop", action="Put", after=True)
    body = f'<c:Winrs xmlns:c="{CONFIG}"><c:IdleTimeout>90000</c:IdleTimeout></c:Winrs>'
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        client.ask("x:Put", CONFIG + "/winrs", body)
    assert client.simulator.config.settings.number("Winrs/IdleTimeout") == 90000


def test_rule_answers_with_a_status(client: Any) -> None:
    rule(client, do="http-status", status=503, skip=1)
    statuses = [client.ask("x:Get", CONFIG).status for _ in range(3)]
    assert statuses == [200, 503, 200]


def test_rule_401_signs_the_connection_out(client: Any) -> None:
    rule(client, do="http-status", status=401)
    answer = client.ask("x:Get", CONFIG)
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Negotiate")


def test_rule_answers_with_a_fault(client: Any) -> None:
    rule(client, do="wsman-fault", code=2150858793, count=2)
    assert client.ask("x:Get", CONFIG).subcode == "w:TimedOut"
    assert client.ask("x:Get", CONFIG).code == 2150858793
    assert client.ask("x:Get", CONFIG).status == 200


def test_rule_truncates_the_answer(client: Any) -> None:
    rule(client, do="truncate")
    with pytest.raises(http.client.IncompleteRead) as caught:
        client.ask("x:Get", CONFIG)
    assert b"<cfg:Config" in caught.value.partial


def test_rule_delays(client: Any) -> None:
    rule(client, do="delay", seconds=0.3)
    started = time.perf_counter()
    assert client.ask("x:Get", CONFIG).status == 200
    assert time.perf_counter() - started >= 0.3


def test_delay_beyond_operation_timeout_is_timed_out(client: Any) -> None:
    rule(client, do="delay", seconds=60)
    wait = "<w:OperationTimeout>PT0.2S</w:OperationTimeout>"
    assert client.ask("x:Get", CONFIG, OperationTimeout=wait).code == 2150858793


def test_rules_are_counted_one_by_one() -> None:
    rules = Rules([Rule("drop", action="Pull", count=1), Rule("truncate", count=None)])
    pull = Request("http://x/Pull", "r")
    get = Request("http://x/Get", "r")
    kinds = [(found := rules.take(r)) and found.do for r in (get, pull, pull, get)]
    assert kinds == ["truncate", "drop", "truncate", "truncate"]
    rules.clear()
    assert rules.take(pull) is None


def test_rules_of_jobs_are_about_jobs_alone() -> None:
    full = Rule("fail-job", job="msvm_storagejob", count=1, skip=1)
    rules = Rules([full, Rule("hang-job", job="*_snapshot", count=None)])
    assert rules.take(Request("http://x/Pull", "r")) is None
    disk = ("Msvm_StorageJob", "create_disk")
    kinds = [
        (found := rules.take_job(names)) and found.do
        for names in (disk, disk, disk, ("Msvm_ConcreteJob", "apply_snapshot"))
    ]
    assert kinds == [None, "fail-job", None, "hang-job"]
    assert not Rule("drop").fits_job(disk)


def test_rules_are_read_from_json(tmp_path: Any) -> None:
    path = tmp_path / "rules.json"
    path.write_text(json.dumps([{"do": "delay", "seconds": 2, "count": None}]))
    assert read_rules(path) == [Rule("delay", seconds=2, count=None)]
    path.write_text("{}")
    with pytest.raises(ValueError, match="a list"):
        read_rules(path)
    with pytest.raises(ValueError, match="no colour"):
        rule_from({"do": "drop", "colour": 1})
    with pytest.raises(ValueError, match="what to do"):
        rule_from({})
    with pytest.raises(ValueError, match="not 'explode'"):
        rule_from({"do": "explode"})


def test_request_log_tells_bytes_connections_and_verbs(numbers: Any) -> None:
    numbers.ask("n:Enumerate", NUMBERS, enumerate_body(1, 9))
    numbers.ask("x:Get", CONFIG)
    log = numbers.simulator.requests
    assert log.counts() == {"Enumerate": 1, "Get": 1}
    assert [x.connection for x in log] == [1, 1]
    assert log[0].resource == NUMBERS
    assert log[0].bytes_in > 500
    assert log[0].bytes_out > 1000
