# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The channel by itself: what it sends, what it reads, and what it does not believe."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("winrm", reason="pywinrm is not installed")

from ansible_collections.hypervisor.connect.plugins.module_utils._core.clock import (
    SystemClock,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.credentials import (
    Credentials,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.hyperv import (
    HypervEndpoint,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.authentication import (
    Settings,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.channel import (
    Answer,
    Channel,
    Entrance,
    Untrusted,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._wsman.listener import (
    PASSWORD,
    USER,
    Listener,
    ntlm_users,
)

SEALED = (
    'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";'
    'boundary="Encrypted Boundary"'
)


@pytest.fixture(autouse=True)
def _users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ntlm_users(tmp_path, monkeypatch)


def entered(port: int) -> Channel:
    given = Credentials(username=USER, password=PASSWORD, timeout=5)
    settings = Settings.of(HypervEndpoint("http", "127.0.0.1", port), given)
    return Entrance(settings, SystemClock()).open("auto")


def test_request_is_sealed_and_has_no_hook_that_would_send_it_again() -> None:
    with Listener() as host:
        channel = entered(host.port)
        request = channel.prepared(b"<e/>")
        assert request.headers["Content-Type"] == SEALED
        assert b"<e/>" not in request.body
        assert request.hooks["response"] == []
        answer = channel.exchange(request, 5)
        assert (answer.status, answer.is_soap) == (200, True)
        assert channel.unsealed(answer) == b"<echo><e/></echo>"
        channel.close()


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("application/soap+xml", b"<e/>"),
        ('multipart/encrypted;protocol="other"', b"<e/>"),
        (SEALED, b"<e/>"),
        (
            SEALED,
            b"--Encrypted Boundary\r\nLength=4\r\n--Encrypted Boundary\r\n\0\0\0\0",
        ),
        (SEALED, b"--Encrypted Boundary\r\nLength=x\r\n--Encrypted Boundary\r\n"),
        (SEALED, b""),
    ],
)
def test_answer_without_a_seal_that_fits_is_not_believed(
    content_type: str, content: bytes
) -> None:
    with Listener() as host:
        channel = entered(host.port)
        request = channel.prepared(b"<e/>")
        answer = Answer(200, {"Content-Type": content_type}, content, request)
        with pytest.raises(Untrusted):
            channel.unsealed(answer)
        channel.close()


def test_answer_that_was_heard_before_is_not_believed_again() -> None:
    with Listener() as host:
        channel = entered(host.port)
        answer = channel.exchange(channel.prepared(b"<e/>"), 5)
        assert channel.unsealed(answer) == b"<echo><e/></echo>"
        with pytest.raises(Untrusted):
            channel.unsealed(answer)
        channel.close()


@pytest.mark.parametrize(
    ("content_type", "content", "is_soap"),
    [
        ("application/soap+xml;charset=UTF-8", b"<e/>", True),
        ("TEXT/XML", b"<e/>", True),
        (SEALED, b"x", True),
        ("application/soap+xml", b"", False),
        ("text/html", b"<html>", False),
        ("", b"x", False),
    ],
)
def test_soap_is_told_by_its_type(
    content_type: str, content: bytes, is_soap: bool
) -> None:
    answer = Answer(200, {"Content-Type": content_type}, content, None)
    assert answer.is_soap is is_soap
