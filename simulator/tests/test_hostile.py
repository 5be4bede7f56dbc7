# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that mean harm or are none: an HTTP status or a fault, never a traceback."""

from __future__ import annotations

import contextlib
import logging
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"
BOMB = b"""<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aaaaaaaaaaaaaaaaaaaaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><s:Envelope
xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>&b;</s:Body></s:Envelope>"""


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_not_allowed(client: Any, method: str) -> None:
    answer = client.post(b"", method=method)
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")


def test_other_paths_are_not_found(client: Any) -> None:
    assert client.post(b"", "/").status == 404
    assert client.post(b"", "/wsman/../etc/passwd").status == 404
    body = client.message("x:Get", CONFIG)
    assert client.post(body, "/WSMAN?PSVersion=5.1").status == 200


@pytest.mark.parametrize(
    "data",
    [b"", b"no xml", b"<a", BOMB, b"\x00\xff\xfe", b"<a>&undefined;</a>"],
    ids=["empty", "text", "cut off", "entities", "binary", "unknown entity"],
)
def test_what_is_no_xml_is_a_bad_request(client: Any, data: bytes) -> None:
    assert client.post(data).status == (400 if data else 200)


def test_external_entity_is_not_read(client: Any, tmp_path: Any) -> None:
    secret = tmp_path / "secret"
    secret.write_text("uuid:secret")
    text = client.message("x:Get", CONFIG).decode()
    head = f'<!DOCTYPE s [<!ENTITY x SYSTEM "file://{secret}">]>'
    answer = client.post((head + text.replace("uuid:", "&x;")).encode())
    assert answer.status == 400
    assert b"secret" not in answer.data


def test_deep_nesting_is_refused(client: Any) -> None:
    data = b"<a>" * 20000 + b"</a>" * 20000
    assert client.post(data).status in (400, 500)


def test_message_beyond_the_largest_envelope_is_413(client: Any) -> None:
    body = f"<!--{'x' * 512000}-->"
    assert client.post(client.message("x:Get", CONFIG, body)).status == 413


def test_announced_giant_is_413_before_it_comes(client: Any) -> None:
    answer = client.post(b"", Content_Length="99999999999")
    assert (answer.status, answer.headers["Connection"]) == (413, "close")


def raw(url: str, data: bytes) -> bytes:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), 5) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := sock.recv(65536):
            answer += chunk
        return answer


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
        (b"POST\r\n\r\n", b"400"),
        (b"POST /wsman HTTP/9.9\r\n\r\n", b"505"),
        (b"BREW /wsman HTTP/1.1\r\n\r\n", b"501"),
        (b"POST /wsman HTTP/1.1\r\n\r\n", b"411"),
        (b"POST /wsman HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST /wsman HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"POST /wsman HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", b"413"),
        (b"POST /wsman HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", b"431"),
        (b"POST /" + b"a" * 70000, b"414"),
    ],
)
def test_broken_http_is_refused_by_its_status(
    host: Any, data: bytes, status: bytes
) -> None:
    assert raw(host.http_url, data).split(b" ")[1] == status


@pytest.mark.parametrize("host_header", [b"\x01\x02", b"\xff", b"", b"[::1"])
@pytest.mark.parametrize("path", [b"/wsman", b"//[x", b"/wsman?a=//["])
def test_odd_names_of_the_host_and_paths_are_answered(
    host: Any, client: Any, host_header: bytes, path: bytes
) -> None:
    body = client.message("x:Get", "urn:unknown")
    head = b"POST %s HTTP/1.1\r\nHost: %s\r\n" % (path, host_header)
    head += f"Authorization: {client.authorization}\r\n".encode()
    head += b"Content-Length: %d\r\n\r\n" % len(body)
    expected = b"404" if path.startswith(b"//") else b"500"
    answer = raw(host.http_url, head + body)
    assert answer.split(b" ")[1] == expected
    assert b"WSManFault" in answer or expected == b"404"


def test_body_that_ends_early_gets_no_answer(host: Any) -> None:
    data = b"POST /wsman HTTP/1.1\r\nContent-Length: 100\r\n\r\nshort"
    assert raw(host.http_url, data) == b""


def test_plain_http_to_the_tls_port_ends_at_once(host: Any) -> None:
    with contextlib.suppress(OSError):
        assert raw(host.https_url, b"POST /wsman HTTP/1.1\r\n\r\n")[:4] != b"HTTP"


def test_chunked_request_is_read(client: Any) -> None:
    data = client.message("x:Get", CONFIG)
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)
    answer = client.post(chunks, Transfer_Encoding="chunked", Content_Length="")
    assert answer.status == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic",
        "Basic !!!",
        "Basic \xe4",
        "Negotiate \xe4",
        "Basic " + "A" * 9999,
        "Negotiate AAAA",
        "Negotiate TlRMTVNTUAADAAAA",
        "Negotiate YIIB",
        "Kerberos AAAA",
        "CredSSP R0VUIC8gSFRUUC8xLjENCg0K",
        "Bearer x",
        "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual",
    ],
)
def test_broken_credentials_are_401(client: Any, authorization: str) -> None:
    client.simulator.config.settings.set("Service/Auth/CredSSP", True)
    client.simulator.config.settings.set("Service/Auth/Certificate", True)
    answer = client.post(client.message("x:Get", CONFIG), Authorization=authorization)
    assert answer.status == 401
    assert "Negotiate" in answer.headers.get_all("WWW-Authenticate")


@pytest.mark.parametrize(
    "body", [b"", b"--Encrypted Boundary\r\n", b"--Encrypted Boundary--\r\n"]
)
def test_sealed_message_without_a_context_is_refused(client: Any, body: bytes) -> None:
    kind = 'multipart/encrypted;protocol="x";boundary="Encrypted Boundary"'
    assert client.post(body or b"x", Content_Type=kind).status in (400, 415)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_mutilated_request_never_meets_a_defect(
    client: Any, caplog: pytest.LogCaptureFixture, data: Any
) -> None:
    message = client.message("n:Enumerate", CONFIG + "/listener", "<n:Enumerate/>")
    start = data.draw(st.integers(0, len(message)))
    end = data.draw(st.integers(start, min(len(message), start + 40)))
    changed = message[:start] + data.draw(st.binary(max_size=12)) + message[end:]
    with caplog.at_level(logging.ERROR, "hvsim"):
        answer = client.post(changed)
    assert answer.status in (200, 400, 500)
    assert not caplog.records
