# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From exceptions and HTTP statuses to sentences, where no socket is needed: tables."""

from __future__ import annotations

import errno
import ssl

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.transport_errors import (
    AnswerTooLarge,
    AnswerTooSlow,
    Cause,
    ConnectFailed,
    ConnectionBroken,
    RequestRefused,
    SignInFailed,
    Target,
    TransportError,
    explain,
    explain_status,
    first_line,
    is_passing,
    kinds,
    lineage,
    never_sent,
    tls_listener,
)

HTTP = Target("http://hv1:5985/wsman", "hv1", 60)
HTTPS = Target("https://hv1:5986/wsman", "hv1", 60, "http://proxy:3128")


class NewConnectionError(Exception):
    """Named like urllib3's."""


class ConnectTimeoutError(Exception):
    """Named like urllib3's."""


class ProxyError(OSError):
    """Named like requests'."""


class ReadTimeout(OSError):
    """Named like requests'."""


def certificate_error(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code = code
    error.verify_message = f"code {code}"
    return error


def tls_error(reason: str) -> OSError:
    error = ssl.SSLError(1, f"[SSL] {reason}")
    error.reason = reason
    return OSError(RuntimeError("Max retries exceeded", error))


def test_lineage_follows_arguments_causes_and_reasons() -> None:
    inner, cause = ValueError("inner"), KeyError("cause")
    outer = OSError("outer", inner)
    outer.__cause__ = cause
    inner.__context__ = outer  # a circle
    assert list(lineage(outer)) == [outer, cause, inner]
    assert {"ValueError", "LookupError", "OSError"} <= kinds(outer)


@pytest.mark.parametrize(
    ("error", "reason", "word"),
    [
        (certificate_error(18), "certificate", "self-signed"),
        (certificate_error(20), "certificate", "no authority"),
        (certificate_error(10), "certificate", "has expired"),
        (certificate_error(9), "certificate", "not valid yet"),
        (certificate_error(23), "certificate", "code 23"),
        (certificate_error(62), "certificate_name", "not made out to hv1"),
        (certificate_error(64), "certificate_name", "not made out to hv1"),
        (tls_error("WRONG_VERSION_NUMBER"), "plain_listener", "does not speak TLS"),
        (tls_error("TLSV1_ALERT_PROTOCOL_VERSION"), "tls", "alert_protocol_version"),
        (tls_error("KEY_VALUES_MISMATCH"), "client_certificate", "key_values_mismatch"),
        (ProxyError("down"), "proxy", "proxy did not"),
        (ConnectionRefusedError(111, "refused"), "refused", "nothing listens"),
        (OSError(errno.EHOSTUNREACH, "no route"), "no_route", "no way to the host"),
        (OSError(ConnectTimeoutError("x")), "connect_timeout", "within 60 s"),
        (ReadTimeout("x"), "timeout", "did not answer within 60 s"),
        (AnswerTooSlow(), "timeout", "within 60 s"),
        (AnswerTooLarge(), "huge", "larger"),
        (ConnectionResetError(104, "reset"), "hung_up", "closed the connection"),
        (RuntimeError("odd\nlines"), "unknown", "odd"),
    ],
)
def test_exception_becomes_a_sentence(error: Exception, reason: str, word: str) -> None:
    told = explain(error, HTTPS, sent=False)
    assert (type(told), told.reason) == (ConnectFailed, reason)
    assert word in told.what
    assert str(told).startswith(
        "https://hv1:5986/wsman (through the proxy http://proxy:3128): "
    )


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(NewConnectionError("x")), ConnectFailed),
        (ConnectionResetError(104, "reset"), ConnectionBroken),
        (ReadTimeout("x"), ConnectionBroken),
        (certificate_error(18), ConnectFailed),
        (tls_error("WRONG_VERSION_NUMBER"), ConnectFailed),
        (tls_error("SSLV3_ALERT_BAD_RECORD_MAC"), ConnectionBroken),
    ],
)
def test_request_under_way_may_have_been_carried_out(
    error: Exception, kind: type[TransportError]
) -> None:
    assert explain(error, HTTP, sent=True).__class__ is kind


@pytest.mark.parametrize(
    ("error", "unsent", "passing"),
    [
        (OSError(NewConnectionError("x")), True, True),
        (OSError(ConnectTimeoutError("x")), True, False),
        (ConnectionResetError(), False, True),
        (ReadTimeout(), False, False),
        (AnswerTooSlow(), False, False),
        (tls_error("X"), False, False),
    ],
)
def test_what_is_known_of_an_attempt(
    error: Exception, unsent: bool, passing: bool
) -> None:
    assert (never_sent(error), is_passing(error)) == (unsent, passing)


@pytest.mark.parametrize(
    ("status", "body", "target", "sealed", "kind", "reason"),
    [
        (413, b"", HTTP, True, RequestRefused, "too_large"),
        (407, b"", HTTPS, False, ConnectFailed, "proxy"),
        (503, b"", HTTP, True, ConnectFailed, "busy"),
        (502, b"", HTTP, True, ConnectionBroken, "busy"),
        (500, b"", HTTP, True, ConnectionBroken, "empty_500"),
        (500, b"", HTTPS, False, ConnectionBroken, "empty_500"),
        (500, b"", HTTP, False, SignInFailed, "unencrypted"),
        (500, b"<html>", HTTP, False, ConnectionBroken, "not_winrm"),
        (404, b"", HTTP, True, ConnectionBroken, "not_winrm"),
    ],
)
def test_status_becomes_a_sentence(  # noqa: PLR0917
    status: int,
    body: bytes,
    target: Target,
    sealed: bool,
    kind: type[TransportError],
    reason: str,
) -> None:
    told = explain_status(status, {}, body, target, sent=True, sealed=sealed)
    assert (type(told), told.reason) == (kind, reason)
    assert told.remedy


def test_tls_listener_names_the_parameter_of_the_uri() -> None:
    assert "?transport=http" in str(tls_listener(HTTP))
    assert HTTPS.is_tls
    assert not HTTP.is_tls
    assert HTTP.where == HTTP.url


@pytest.mark.parametrize(
    ("text", "line"),
    [("", ""), ("a\nb", "a"), ("\n\x1b[31mred\n", "?[31mred"), ("x" * 300, "x" * 200)],
)
def test_first_line_is_short_and_printable(text: str, line: str) -> None:
    assert first_line(text) == line


def test_cause_is_a_value() -> None:
    assert Cause("a", "b", None) == ("a", "b", None)
