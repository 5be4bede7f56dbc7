# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong while machines are changed: over HTTP, as clients meet it."""

from __future__ import annotations

import http.client
from typing import Any

import pytest
from change_client import MEMORY, VSSD, embedded, parameter
from wmi_client import SYSTEM, V2, VSMS

from hvsim.model.machine import Power
from hvsim.rules import Rule


def define(client: Any, name: str) -> Any:
    text = parameter("SystemSettings", embedded(VSSD, ElementName=name))
    return invoke(client, "DefineSystem", text)


def invoke(client: Any, method: str, content: str) -> Any:
    uri = V2 + VSMS
    body = f'<p:{method}_INPUT xmlns:p="{uri}">{content}</p:{method}_INPUT>'
    selectors = {"CreationClassName": VSMS}
    return client.ask(f"{uri}/{method}", uri, body, selectors)


def names(client: Any) -> list[str]:
    return [machine.name for machine in client.simulator.model.machines.values()]


@pytest.mark.parametrize(("after", "made"), [(True, 1), (False, 0)])
def test_connection_is_lost_before_or_after_the_machine_is_made(
    client: Any, after: bool, made: int
) -> None:
    client.simulator.rules.add(Rule("drop", action="DefineSystem", after=after))
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        define(client, "new")
    client.connection.close()
    assert names(client).count("new") == made
    assert define(client, "other").text("{*}ReturnValue") == "0"


def test_answer_is_lost_after_memory_was_changed(client: Any) -> None:
    model = client.simulator.model
    machine = model.add_machine("off", generation=2, power=Power.OFF)
    tail = "4764334d-e001-4176-82ee-5594ec9b530e"
    text = embedded(
        MEMORY, InstanceID=rf"Microsoft:{machine.guid}\{tail}", VirtualQuantity=3000
    )
    rule = Rule("http-status", action="ModifyResourceSettings", status=503, after=True)
    client.simulator.rules.add(rule)
    answer = invoke(
        client, "ModifyResourceSettings", parameter("ResourceSettings", text)
    )
    assert answer.status == 503
    assert machine.configuration.memory.startup == 3000


def test_job_that_fails_by_rule_makes_no_machine(client: Any) -> None:
    rule = Rule("fail-job", job="define_machine", error=32768, message="No room.")
    client.simulator.model.rules.add(rule)
    assert define(client, "new").text("{*}ReturnValue") == "32768"
    assert "new" not in names(client)
    assert define(client, "new").text("{*}ReturnValue") == "0"


def test_job_that_hangs_by_rule_never_ends(client: Any) -> None:
    client.simulator.model.rules.add(Rule("hang-job", job="define_machine"))
    answer = define(client, "new")
    assert answer.text("{*}ReturnValue") == "4096"
    key = answer.text("{*}Job//w:Selector")
    job = client.ask(
        "x:Get", V2 + "Msvm_ConcreteJob", selectors={"InstanceID": key or ""}
    )
    assert job.text("{*}JobState") == "4"
    assert "new" not in names(client)


def test_machine_that_was_made_is_read_over_http(client: Any) -> None:
    answer = define(client, "neu ü")
    (guid,) = (
        s.text or ""
        for s in answer.root.iterfind(".//{*}ResultingSystem//{*}Selector")
        if s.get("Name") == "Name"
    )
    keys = {"CreationClassName": SYSTEM, "Name": guid}
    found = client.ask("x:Get", V2 + SYSTEM, selectors=keys)
    assert found.text("{*}ElementName") == "neu ü"
