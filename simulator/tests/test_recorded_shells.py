# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded exchanges of pypsrp with real hosts: hvsim answers the requests alike."""

from __future__ import annotations

import re
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared"
RECORDED = SHARED / "facts" / "captures" / "pypsrp"
RSP = "{http://schemas.microsoft.com/wbem/wsman/1/windows/shell}"


def names(element: etree._Element) -> list[str]:
    return [etree.QName(child).localname for child in element]


def summary(answers: list[etree._Element]) -> dict[str, Any]:
    """What answers to one request, or to one repeated until it was done, say."""
    streams: dict[str, bytes] = {}
    ended: list[str] = []
    for answer in answers:
        for stream in answer.iter(RSP + "Stream"):
            name = stream.get("Name")
            streams[name] = streams.get(name, b"") + b64decode(stream.text or "")
            if stream.get("End") == "true":
                ended.append(name)
    last = answers[-1]
    fault = last.find(".//{*}WSManFault")
    shell = last.find(f".//{RSP}Shell")
    return {
        "body": names(last[-1]),
        "shell": None if shell is None else names(shell),
        "streams": {name: data for name, data in streams.items() if data},
        "ended": ended,
        "state": [state.get("State") for state in last.iter(RSP + "CommandState")],
        "code": last.findtext(f".//{RSP}ExitCode"),
        "fault": None if fault is None else fault.get("Code"),
        "provider": last.findtext(".//{*}ProviderFault"),
        "subcode": last.findtext(".//{*}Subcode/{*}Value"),
        "detail": last.findtext(".//{*}FaultDetail"),
        "reason": last.findtext(".//{*}Reason/{*}Text"),
    }


def identifiers(answer: etree._Element) -> dict[str, str]:
    return {
        name: element.text or ""
        for name in ("ShellId", "CommandId")
        for element in answer.iter(RSP + name)
    }


@pytest.mark.parametrize(
    "exchange",
    [
        "winrs_standard",
        "winrs_send",
        "winrs_stderr_rc",
        "winrs_no_cmd_shell",
        "winrs_bad_cmd_id",
        "winrs_extra_opts",
        "winrs_fail_poll_process",
        "winrs_open_already_opened",
    ],
)
def test_recorded_exchange(client: Any, exchange: str) -> None:
    requests = sorted(RECORDED.glob(f"{exchange}_*_request.xml"))
    if not requests:
        pytest.skip("the recorded answers (../shared/facts) are not here")
    ours: dict[str, str] = {}
    for request in requests:
        text = request.read_text(encoding="utf-8")
        for theirs, mine in ours.items():
            text = text.replace(theirs, mine)
        file = request.with_name(request.name.replace("request", "response"))
        expected = etree.fromstring(file.read_bytes())
        answers = [client.post(text.encode()).root]
        if expected.findtext(f".//{RSP}ExitCode"):
            while answers[-1].find(f".//{RSP}ExitCode") is None:
                answers.append(client.post(text.encode()).root)
        assert summary(answers) == summary([expected]), request.name
        answered = identifiers(answers[-1])
        ours |= {value: answered[name] for name, value in identifiers(expected).items()}
    assert re.fullmatch(r"[0-9A-F-]{36}", next(iter(ours.values())))


def test_recorded_opening_of_a_runspace_pool(client: Any) -> None:
    requests = sorted(RECORDED.glob("psrp_open_runspace_*_request.xml"))
    if not requests:
        pytest.skip("the recorded answers (../shared/facts) are not here")
    first, second, *_others, last = requests
    theirs = first.with_name(first.name.replace("request", "response"))
    created = client.post(first.read_bytes()).root
    assert summary([created]) == summary([etree.fromstring(theirs.read_bytes())])
    received = client.post(second.read_bytes()).root
    assert names(received[-1]) == ["ReceiveResponse"]
    assert summary([received])["streams"]["stdout"]
    assert names(client.post(last.read_bytes()).root[-1]) == []
