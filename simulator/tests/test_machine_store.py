# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine's certificates: what the store holds, and what a listener takes of it."""

from __future__ import annotations

import socket
import ssl
import struct
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509

from hvsim.certificates import Certificates, common_name, extensions, sign
from hvsim.cli import certificate
from hvsim.machine_store import (
    CERT,
    KEY_PROV_INFO,
    SHA1_HASH,
    Entry,
    MachineStore,
    thumbprint,
)
from hvsim.namespaces import CONFIG
from hvsim.simulator import Simulator

LISTENER = CONFIG + "/listener"
HTTPS = {"Address": "IP:127.0.0.1", "Transport": "HTTPS"}


def properties(blob: bytes) -> dict[int, bytes]:
    found = {}
    while blob:
        kind, one, length = struct.unpack_from("<III", blob)
        assert one == 1
        found[kind] = blob[12 : 12 + length]
        blob = blob[12 + length :]
    return found


def entry(certificates: Certificates, name: str = "hv1", **options: Any) -> Entry:
    found = certificates.store.find(certificates.issue_server(name, **options))
    assert found is not None
    return found


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


def test_blob_is_a_list_of_properties(certificates: Certificates) -> None:
    made = entry(certificates)
    found = properties(made.blob)
    assert list(found) == [KEY_PROV_INFO, SHA1_HASH, CERT]
    assert found[SHA1_HASH].hex().upper() == made.mark
    assert x509.load_der_x509_certificate(found[CERT]) == made.certificate
    container, provider = struct.unpack_from("<II", found[KEY_PROV_INFO])
    names = found[KEY_PROV_INFO][container:].decode("utf-16-le").split("\0")
    assert names[:2] == [
        f"hvsim-{made.mark[:8]}",
        "Microsoft Enhanced RSA and AES Cryptographic Provider",
    ]
    assert provider == container + 2 * (len(names[0]) + 1)


def test_certificate_without_a_key_has_no_place_of_it(
    certificates: Certificates,
) -> None:
    made = entry(certificates, private_key=False)
    assert list(properties(made.blob)) == [SHA1_HASH, CERT]
    with pytest.raises(FileNotFoundError):
        certificates.server_context(made.mark, ask_client=False)


def test_key_can_be_read_by_its_owner_alone(certificates: Certificates) -> None:
    path = entry(certificates).path
    assert path is not None
    assert path.stat().st_mode & 0o777 == 0o600


def test_names_are_those_asked_for(certificates: Certificates) -> None:
    made = entry(certificates, addresses=("*.example.com", "192.0.2.1"))
    assert made.names == ("hv1", "hv1", "*.example.com", "192.0.2.1")
    assert made.common_name == "hv1"
    for name, expected in (
        ("HV1", True),
        ("a.example.com", True),
        ("a.b.example.com", False),
        ("example.com", False),
        ("192.0.2.1", True),
    ):
        assert made.is_for(name) is expected


def test_validity_is_the_one_asked_for(certificates: Certificates) -> None:
    start = datetime(2020, 1, 1, tzinfo=timezone.utc)
    made = entry(certificates, not_before=start, not_after=start + timedelta(days=1))
    assert made.certificate.not_valid_before_utc == start
    assert made.certificate.not_valid_after_utc == start + timedelta(days=1)


@pytest.mark.parametrize(
    ("usages", "expected"),
    [(["server"], True), (["client"], False), (["any"], True), ([], True)],
)
def test_usages_are_those_asked_for(
    certificates: Certificates, usages: list[str], expected: bool
) -> None:
    assert entry(certificates, usages=usages).for_servers is expected


def test_unknown_usage_is_refused(certificates: Certificates) -> None:
    with pytest.raises(ValueError, match="not 'email'"):
        certificates.issue_server("hv1", usages=["email"])


def test_self_signed_certificate_is_its_own_issuer(
    certificates: Certificates,
) -> None:
    made = entry(certificates, self_signed=True).certificate
    made.verify_directly_issued_by(made)
    assert entry(certificates).certificate.issuer == common_name("hvsim test CA")


def test_store_finds_removes_and_lists_in_order(certificates: Certificates) -> None:
    store = certificates.store
    marks = [certificates.issue_server(name) for name in "cab"]
    assert [one.mark for one in store.entries()] == marks == list(store.blobs())
    assert store.find(marks[0].lower()) == store.remove(marks[0].lower())
    assert store.find(marks[0]) is None
    assert store.remove(marks[0]) is None
    with pytest.raises(FileNotFoundError):
        certificates.der(marks[0])
    assert (
        thumbprint(x509.load_der_x509_certificate(certificates.der(marks[1])))
        == (marks[1])
    )


def test_certificate_without_extensions_is_for_servers(
    certificates: Certificates, tmp_path: Path
) -> None:
    key = x509_key()
    now = datetime.now(timezone.utc)
    name = x509.Name([])
    plain = sign(name, key, [], (now, now + timedelta(days=1)), (name, key))
    made = MachineStore(tmp_path).add(plain, None)
    assert (made.names, made.common_name, made.for_servers) == (("",), "", True)
    assert [kind for kind, _critical in extensions(["hv1"], [])] == [
        x509.SubjectAlternativeName([x509.DNSName("hv1")])
    ]


def x509_key() -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


# --certificate


def test_certificate_of_the_command_line() -> None:
    with Simulator(
        vms=0,
        tls_port=None,
        certificates=[
            certificate("hv1"),
            certificate("hv2,days=-2,names=*.a+192.0.2.1,no-key"),
            certificate("hv3,from=3,days=2,usage=client,self-signed"),
            certificate("hv4,usage=none"),
        ],
    ) as host:
        one, two, three, four = host.certificates.store.entries()
    now = datetime.now(timezone.utc)
    day = timedelta(days=1)
    assert one.path is not None
    assert (one.names, one.for_servers) == (("hv1", "hv1"), True)
    assert abs(one.certificate.not_valid_after_utc - now - 30 * day) < day / 24
    assert two.names == ("hv2", "hv2", "*.a", "192.0.2.1")
    assert two.path is None
    assert two.certificate.not_valid_before_utc < two.certificate.not_valid_after_utc
    assert two.certificate.not_valid_after_utc < now - day
    assert three.certificate.not_valid_before_utc > now + 2 * day
    assert abs(three.certificate.not_valid_after_utc - now - 5 * day) < day / 24
    assert three.certificate.issuer == three.certificate.subject
    assert (three.for_servers, four.for_servers) == (False, True)


@pytest.mark.parametrize("text", ["", "hv1,days=x", "hv1,color=red", ",days=1"])
def test_certificate_of_the_command_line_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"--certificate|invalid literal"):
        certificate(text)


# Listeners


def listener(port: int, mark: str, hostname: str | None = None) -> str:
    name = "" if hostname is None else f"<c:Hostname>{hostname}</c:Hostname>"
    return (
        f'<c:Listener xmlns:c="{LISTENER}.xsd"><c:Port>{port}</c:Port>{name}'
        f"<c:CertificateThumbprint>{mark}</c:CertificateThumbprint></c:Listener>"
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize(
    ("options", "hostname", "code"),
    [
        ({}, "hv2", 2150858985),
        ({}, None, 2150858985),
        ({}, "a.hv1", 2150858985),
        ({"usages": ["client"]}, "hv1", 2150858990),
        ({"private_key": False}, "hv1", 1312),
    ],
)
def test_listener_with_a_certificate_that_does_not_do_is_refused(
    client: Any, options: dict[str, Any], hostname: str | None, code: int
) -> None:
    mark = client.simulator.certificates.issue_server("hv1", **options)
    body = listener(free_port(), mark, hostname)
    assert client.ask("x:Create", LISTENER, body, HTTPS).code == code


def test_listener_without_a_name_has_the_computers(client: Any) -> None:
    mark = client.simulator.certificates.issue_server("hvsim")
    body = listener(free_port(), mark)
    assert client.ask("x:Create", LISTENER, body, HTTPS).status == 200


def test_listener_without_a_name_may_have_the_one_with_the_domain(
    start_hvsim: Any, connect: Any
) -> None:
    settings = {"Service/Auth/Basic": "true", "Service/AllowUnencrypted": "true"}
    host = start_hvsim(vms=0, settings=settings, hostname="HV1", domain="example.com")
    for name, status in (("hv1.example.com", 200), ("hv1.example.org", 500)):
        mark = host.certificates.issue_server(name)
        port = free_port()
        where = {"Address": "MAC:00-15-5D-01-02-03", "Transport": "HTTPS"}
        answer = connect(host).ask("x:Create", LISTENER, listener(port, mark), where)
        assert answer.status == status


def test_listener_without_a_thumbprint_takes_one_that_does(client: Any) -> None:
    issue = client.simulator.certificates.issue_server
    issue("hv1", usages=["client"])
    issue("hv1", private_key=False)
    mark = issue("other", ("*.example.com",))
    body = listener(free_port(), "", "hv1.example.com")
    assert client.ask("x:Create", LISTENER, body, HTTPS).status == 200
    found = client.ask("x:Get", LISTENER, selectors=HTTPS)
    assert found.text("{*}CertificateThumbprint") == mark


def test_listener_serves_its_certificate_until_the_store_loses_it(
    client: Any, tmp_path: Path
) -> None:
    host = client.simulator
    mark = host.certificates.issue_server("hv1", ("127.0.0.1",), self_signed=True)
    port = free_port()
    body = listener(port, mark, "hv1")
    assert client.ask("x:Create", LISTENER, body, HTTPS).status == 200
    served = ssl.get_server_certificate(("127.0.0.1", port))
    assert thumbprint(x509.load_pem_x509_certificate(served.encode())) == mark
    trusted = tmp_path / "trusted.pem"
    trusted.write_text(served)
    url = f"https://127.0.0.1:{port}/wsman"
    assert requests.post(url, verify=str(trusted), timeout=5).status_code == 401
    host.certificates.store.remove(mark)
    with pytest.raises(requests.ConnectionError):
        requests.post(url, verify=str(trusted), timeout=5)
