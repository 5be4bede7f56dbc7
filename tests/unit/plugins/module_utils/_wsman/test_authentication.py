# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kind of sign-in is chosen, and what 401s and broken handshakes mean: tables."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.credentials import (
    Credentials,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.hyperv import (
    HypervEndpoint,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.authentication import (
    Settings,
    SignIn,
    candidates,
    check_offered,
    handshake_failed,
    offers,
    refused,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.kerberos import (
    no_service_ticket,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.transport_errors import (
    SignInFailed,
    Target,
)

TARGET = Target("https://hv1:5986/wsman", "hv1", 60)


def settings(scheme: str = "https", **options: Any) -> Settings:
    given: SignIn = Credentials(
        **{"username": "admin", "password": "secret", **options}
    )
    return Settings.of(HypervEndpoint(scheme, "hv1", 5986), given)


@pytest.mark.parametrize(
    ("header", "schemes"),
    [
        (None, ""),
        ("", ""),
        ("Negotiate", "negotiate"),
        ('Negotiate, Basic realm="WSMAN", CredSSP', "basic credssp negotiate"),
        ('Basic realm="a, Negotiate"', "basic"),
        ("Negotiate TlRMTVNTUAAC==", "negotiate"),
        ("Negotiate oYG2==, Kerberos", "kerberos negotiate"),
        ('Digest qop="auth",realm="x",nonce=abc', "digest"),
    ],
)
def test_offers_reads_the_schemes_of_all_lines(
    header: str | None, schemes: str
) -> None:
    assert offers(header) == frozenset(schemes.split())


@pytest.mark.parametrize(
    ("offered", "options", "kinds"),
    [
        ("negotiate", {}, ("ntlm",)),
        ("negotiate basic credssp", {}, ("ntlm",)),
        ("negotiate kerberos", {"username": "a@R"}, ("kerberos", "ntlm")),
        ("negotiate", {"username": "DOM\\a"}, ("ntlm",)),
        ("negotiate", {"username": None, "password": None}, ("kerberos",)),
        ("negotiate", {"username": "a@R", "password": None}, ("kerberos",)),
        ("negotiate", {"client_cert": "c"}, ("certificate",)),
        ("negotiate", {"scheme": "http", "client_cert": "c"}, ("ntlm",)),
        ("", {"client_cert": "c", "password": None}, ("certificate",)),
        ("basic", {}, ("basic",)),
        ("negotiate", {"message_encryption": "always", "client_cert": "c"}, ("ntlm",)),
        ("basic", {"scheme": "http"}, None),
        ("basic", {"message_encryption": "always"}, None),
        ("basic", {"password": None}, None),
        ("credssp", {}, None),
        ("digest", {}, None),
        ("", {}, None),
    ],
)
def test_candidates_are_the_best_that_is_offered(
    offered: str, options: dict[str, Any], kinds: tuple[str, ...] | None
) -> None:
    schemes = frozenset(offered.split())
    if kinds is None:
        with pytest.raises(SignInFailed) as caught:
            candidates(settings(**options), schemes, TARGET)
        assert caught.value.reason == "nothing_fits"
        assert caught.value.remedy
    else:
        assert candidates(settings(**options), schemes, TARGET) == kinds


@pytest.mark.parametrize(
    ("auth", "offered"),
    [("basic", "negotiate"), ("credssp", "negotiate basic"), ("ntlm", "basic"), ("kerberos", "")],
)  # fmt: skip
def test_kind_that_is_not_offered_is_refused(auth: str, offered: str) -> None:
    with pytest.raises(SignInFailed, match="does not offer"):
        check_offered(auth, frozenset(offered.split()), TARGET)
    check_offered(auth, frozenset({"basic", "negotiate", "credssp"}), TARGET)
    check_offered("certificate", frozenset(), TARGET)


@pytest.mark.parametrize(
    ("scheme", "encryption", "auth", "seals", "warnings"),
    [
        ("http", "auto", "ntlm", True, 0),
        ("http", "auto", "basic", False, 1),
        ("http", "never", "kerberos", False, 1),
        ("http", "always", "credssp", True, 0),
        ("https", "auto", "ntlm", False, 0),
        ("https", "auto", "basic", False, 0),
        ("https", "always", "ntlm", True, 0),
    ],
)
def test_encryption_is_for_what_tls_does_not_protect(
    scheme: str, encryption: str, auth: str, seals: bool, warnings: int
) -> None:
    given = settings(scheme, message_encryption=encryption)
    assert given.seals(auth) is seals
    assert len(given.warnings(auth)) == warnings


def test_options_win_over_the_uri() -> None:
    endpoint = HypervEndpoint(
        "https",
        "hv1",
        5986,
        username="uri",
        auth="ntlm",
        no_verify=True,
        ca_path="/uri",
    )
    of_uri = Settings.of(endpoint, Credentials(password="secret"))
    assert (of_uri.username, of_uri.auth, of_uri.verify, of_uri.ca_path) == (
        "uri", "ntlm", False, "/uri",
    )  # fmt: skip
    given = Credentials(
        username="option", password="secret", auth="basic", validate_certs=True,
        ca_path="/option",
    )  # fmt: skip
    of_options = Settings.of(endpoint, given)
    assert (
        of_options.username, of_options.auth, of_options.verify, of_options.ca_path,
    ) == ("option", "basic", True, "/option")  # fmt: skip


def test_password_is_in_no_representation() -> None:
    assert "secret" not in repr(settings())
    assert settings().has_password
    assert not settings(password=None).has_password
    assert settings(password="").has_password


def test_key_is_looked_for_in_the_certificate_file_by_default() -> None:
    assert settings(client_cert="both.pem").client_key == "both.pem"


@pytest.mark.parametrize(
    ("scheme", "options", "word"),
    [
        ("http", {"timeout": 0}, "timeout"),
        ("https", {"auth": "certificate"}, "needs a certificate"),
        ("https", {"auth": "certificate", "client_cert": "c", "message_encryption": "always"},
         "can't encrypt"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(
    scheme: str, options: dict[str, Any], word: str
) -> None:
    with pytest.raises(HypervisorConnectError, match=word):
        settings(scheme, **options)


@pytest.mark.parametrize(
    ("auth", "scheme", "word"),
    [
        ("ntlm", "http", "expired"),
        ("kerberos", "http", "clocks"),
        ("certificate", "https", "certmapping"),
        ("basic", "https", "local accounts"),
        ("basic", "http", "winrm_allow_unencrypted"),
    ],
)
def test_401_is_put_into_words(auth: str, scheme: str, word: str) -> None:
    error = refused(auth, settings(scheme), TARGET)
    assert word in str(error)
    assert "secret" not in str(error)


class NTStatusException(Exception):
    """Has the attribute that requests_credssp's own exception of this name has."""

    def __init__(self, status: int) -> None:
        super().__init__("Received NTStatus from the server")
        self.status = status


@pytest.mark.parametrize(
    ("status", "reason", "word"),
    [
        (0x8009030C, "refused", "password is wrong"),
        (0xC000006D, "refused", "password is wrong"),
        (0xC0000071, "expired", "has expired"),
        (0xC0000224, "expired", "must be changed"),
        (0xC0000234, "locked", "locked"),
        (0xC0000072, "disabled", "disabled"),
        (0xC0000001, "handshake", "NTStatusException"),
    ],
)
def test_nt_status_of_a_refusal_is_put_into_words(
    status: int, reason: str, word: str
) -> None:
    error = handshake_failed(NTStatusException(status), "credssp", settings(), TARGET)
    assert (type(error), error.reason) == (SignInFailed, reason)
    assert word in error.what


@pytest.mark.parametrize(
    ("raised", "kind", "reason"),
    [
        (KeyError("www-authenticate"), "ntlm", "handshake"),
        (PermissionError("no challenge"), "ntlm", "handshake"),
        (ConnectionResetError("reset"), "ntlm", "hung_up"),
        (ValueError("odd"), "", "unknown"),
    ],
)
def test_broken_handshake_is_put_into_words(
    raised: Exception, kind: str, reason: str
) -> None:
    assert handshake_failed(raised, kind, settings(), TARGET).reason == reason


def test_gssapi_says_why_there_is_no_ticket() -> None:
    raised = RuntimeError(
        "authGSSClientStep() failed: (('Unspecified GSS failure.', 851968), "
        "('Server not found in Kerberos database', -1765328377))"
    )
    error = no_service_ticket(raised, "hv1")
    assert error.what == (
        "no Kerberos ticket for HTTP/hv1: Server not found in Kerberos database"
    )
    assert not error.final
