# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing in and message encryption, with clients that share no code with hvsim."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from base64 import b64encode
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from hvsim.authentication import User, ntlm_binding, ntlm_domain
from hvsim.encryption import BadEncryption, seal, unseal
from hvsim.settings import rights_of

pypsrp = pytest.importorskip("pypsrp.wsman", reason="pypsrp is the client here")
winrm = pytest.importorskip("winrm.protocol", reason="pywinrm is the client here")

CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"
IDENTIFY = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body>'
    b'<i:Identify xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/'
    b'wsmanidentity.xsd"/></s:Body></s:Envelope>'
)
SOAP = {"Content-Type": "application/soap+xml;charset=UTF-8"}


def post(url: str, host: Any = None, **more: Any) -> requests.Response:
    verify = str(host.ca_file) if host else True
    return requests.post(
        url, data=IDENTIFY, headers=SOAP, timeout=10, verify=verify, **more
    )


def challenges(answer: requests.Response) -> list[str]:
    return answer.raw.headers.getlist("WWW-Authenticate")


def test_at_windows_defaults_negotiate_alone_is_offered(hvsim: Any) -> None:
    answer = post(hvsim.http_url)
    assert (answer.status_code, answer.content) == (401, b"")
    assert challenges(answer) == ["Negotiate"]


def test_every_scheme_is_offered_in_the_order_of_windows(start_hvsim: Any) -> None:
    host = start_hvsim(
        kerberos_host="hv.example",
        settings={"Service/Auth/Basic": "true", "Service/Auth/CredSSP": "true"},
    )
    lines = ["Negotiate", "Kerberos", 'Basic realm="WSMAN"', "CredSSP"]
    assert challenges(post(host.http_url)) == lines


def test_certificate_satisfies_the_strictest_checks(hvsim: Any) -> None:
    context = ssl.create_default_context(cafile=hvsim.ca_file)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    parts = urlsplit(hvsim.https_url)
    for name in ("127.0.0.1", "localhost", "HVSIM"):
        with (
            socket.create_connection(("127.0.0.1", parts.port or 0)) as plain,
            context.wrap_socket(plain, server_hostname=name) as secure,
        ):
            assert secure.version() == "TLSv1.3"


def test_basic_is_refused_while_basic_is_false(hvsim: Any) -> None:
    right = (hvsim.username, hvsim.password)
    assert post(hvsim.https_url, hvsim, auth=right).status_code == 401
    hvsim.config.settings.set("Service/Auth/Basic", True)
    assert post(hvsim.https_url, hvsim, auth=right).status_code == 200


@pytest.mark.hvsim(settings={"Service/Auth/Basic": "true"})
def test_basic_over_http_is_401_while_allow_unencrypted_is_false(hvsim: Any) -> None:
    right = (hvsim.username, hvsim.password)
    assert post(hvsim.http_url, auth=right).status_code == 401
    hvsim.config.settings.set("Service/AllowUnencrypted", True)
    assert post(hvsim.http_url, auth=right).status_code == 200


@pytest.mark.hvsim(
    settings={"Service/Auth/Basic": "true"},
    users=[User("old", "secret", expired=True), User("jo", "päss:wörd")],
)
def test_basic_takes_no_wrong_and_no_expired_password(hvsim: Any) -> None:
    def status(name: str, password: str) -> int:
        token = b64encode(f"{name}:{password}".encode()).decode()
        headers = {**SOAP, "Authorization": f"Basic {token}"}
        return requests.post(
            hvsim.https_url, IDENTIFY, headers=headers, verify=str(hvsim.ca_file)
        ).status_code

    assert status(hvsim.username, "wrong") == 401
    assert status("nobody", hvsim.password) == 401
    assert status("old", "secret") == 401
    assert status("jo", "päss:wörd") == 200
    assert status("HVSIM\\JO", "päss:wörd") == 200


class Tap:
    """A wire between client and host, whose bytes are kept."""

    def __init__(self, url: str) -> None:
        self.bytes = b""
        parts = urlsplit(url)
        self._target = ("127.0.0.1", parts.port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _address = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(self._target)
            for one, other in ((near, far), (far, near)):
                threading.Thread(
                    target=self._copy, args=(one, other), daemon=True
                ).start()

    def _copy(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65536):
                self.bytes += data
                other.sendall(data)
        except OSError:
            pass
        finally:
            other.close()

    def close(self) -> None:
        self._listener.close()


@pytest.mark.hvsim(settings={"Service/Auth/CredSSP": "true"})
@pytest.mark.parametrize("auth", ["ntlm", "negotiate", "credssp"])
def test_pypsrp_over_http_leaves_no_plain_text_on_the_wire(
    hvsim: Any, auth: str
) -> None:
    tap = Tap(hvsim.http_url)
    client = pypsrp.WSMan(
        "127.0.0.1",
        port=tap.port,
        ssl=False,
        username=hvsim.username,
        password=hvsim.password,
        auth=auth,
        encryption="always",
    )
    with client:
        config = client.get(CONFIG)
        with pytest.raises(pypsrp.WSManFaultError) as caught:
            client.get(CONFIG + "/listener")
    tap.close()
    assert "MaxEnvelopeSizekb" in {
        element.tag.partition("}")[2] for element in config.iter()
    }
    assert caught.value.code == 2150858813
    assert b"OriginalContent" in tap.bytes
    for word in (b"MaxEnvelopeSizekb", b"Envelope ", b"InvalidSelectors", b"xmlns"):
        assert word not in tap.bytes
        assert word.decode().encode("utf-16-le") not in tap.bytes


@pytest.mark.hvsim(vms=60, settings={"Service/Auth/CredSSP": "true"})
@pytest.mark.parametrize("transport", ["ntlm", "credssp"])
@pytest.mark.parametrize("secure", [False, True])
def test_pywinrm_signs_in_once_and_reads_long_answers(
    hvsim: Any, transport: str, secure: bool
) -> None:
    protocol = winrm.Protocol(
        hvsim.https_url if secure else hvsim.http_url,
        transport=transport,
        username=f"HVSIM\\{hvsim.username}",
        password=hvsim.password,
        ca_trust_path=str(hvsim.ca_file),
        message_encryption="auto",
    )
    for _ in range(3):
        assert b"OS: 10.0.20348" in protocol.transport.send_message(IDENTIFY.decode())
    done = [x for x in hvsim.requests if x.verb == "Identify"]
    assert len(done) == 3
    assert {(x.connection, x.user, x.encrypted) for x in done} == {
        (done[0].connection, hvsim.username, True)
    }


@pytest.mark.hvsim(settings={"Service/Auth/CredSSP": "true"})
@pytest.mark.parametrize("transport", ["ntlm", "credssp"])
def test_wrong_password_is_401_for_every_scheme(hvsim: Any, transport: str) -> None:
    protocol = winrm.Protocol(
        hvsim.http_url, transport=transport, username=hvsim.username, password="wrong"
    )
    with pytest.raises(Exception, match=r"(?i)credential|password|0x8009030c|401"):
        protocol.transport.send_message(IDENTIFY.decode())
    assert {x.status for x in hvsim.requests} == {401}


def test_plain_message_of_a_signed_in_connection_is_an_empty_500(hvsim: Any) -> None:
    protocol = winrm.Protocol(
        hvsim.http_url,
        transport="ntlm",
        username=hvsim.username,
        password=hvsim.password,
        message_encryption="never",
    )
    with pytest.raises(Exception, match="500"):
        protocol.transport.send_message(IDENTIFY.decode())
    assert hvsim.requests[-1].status == 500
    assert hvsim.requests[-1].bytes_out == 0
    hvsim.config.settings.set("Service/AllowUnencrypted", True)
    assert b"OS: 10" in protocol.transport.send_message(IDENTIFY.decode())


def test_negotiate_is_refused_while_negotiate_is_false(hvsim: Any) -> None:
    hvsim.config.settings.set("Service/Auth/Negotiate", False)
    assert challenges(post(hvsim.http_url)) == []
    token = {"Authorization": "Negotiate TlRMTVNTUAABAAAA"}
    answer = requests.post(hvsim.http_url, IDENTIFY, headers={**SOAP, **token})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("level", "bound", "signed_in"),
    [
        ("Relaxed", True, True),
        ("Relaxed", False, True),
        ("Strict", True, True),
        ("Strict", False, False),
        ("None", False, True),
    ],
)
def test_channel_binding_is_judged_as_its_level_says(
    hvsim: Any, level: str, bound: bool, signed_in: bool
) -> None:
    hvsim.config.settings.set("Service/Auth/CbtHardeningLevel", level)
    client = pypsrp.WSMan(
        "127.0.0.1",
        port=urlsplit(hvsim.https_url).port,
        ssl=True,
        cert_validation=str(hvsim.ca_file),
        username=hvsim.username,
        password=hvsim.password,
        auth="ntlm",
        negotiate_send_cbt=bound,
    )
    with client:
        if signed_in:
            client.get(CONFIG + "/winrs")
        else:
            with pytest.raises(Exception, match=r"(?i)401|authenticate"):
                client.get(CONFIG + "/winrs")


def test_certificate_signs_in_where_it_is_mapped_and_on(hvsim: Any) -> None:
    files = tuple(str(path) for path in hvsim.issue_client_certificate())
    mutual = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
    headers = {**SOAP, "Authorization": mutual}

    def status(**more: Any) -> int:
        return requests.post(
            hvsim.https_url,
            IDENTIFY,
            headers=headers,
            verify=str(hvsim.ca_file),
            timeout=10,
            **more,
        ).status_code

    assert status(cert=files) == 401
    hvsim.config.settings.set("Service/Auth/Certificate", True)
    assert status(cert=files) == 200
    assert hvsim.requests[-1].user == hvsim.username
    assert status() == 401
    hvsim.config.mappings.clear()
    assert status(cert=files) == 401


@pytest.mark.hvsim(
    settings={"Service/Auth/Basic": "true", "Service/AllowUnencrypted": "true"},
    users=[User("reader", "r", groups=("IU",)), User("guest", "g", groups=("AU",))],
)
def test_rights_are_those_of_root_sddl(hvsim: Any, connect: Any) -> None:
    reader = connect(hvsim, "reader", "r")
    assert reader.ask("x:Get", CONFIG).status == 200
    body = f'<c:Winrs xmlns:c="{CONFIG}/winrs"><c:IdleTimeout>90000</c:IdleTimeout></c:Winrs>'
    assert reader.ask("x:Put", CONFIG + "/winrs", body).code == 5
    guest = connect(hvsim, "guest", "g").ask("x:Get", CONFIG)
    assert (guest.status, guest.code, guest.subcode) == (500, 5, "w:AccessDenied")
    assert guest.text("s:Text") == "Access is denied. "
    hvsim.config.settings.set("Service/RootSDDL", "O:NSG:BAD:P(A;;GR;;;AU)")
    assert connect(hvsim, "guest", "g").ask("x:Get", CONFIG).status == 200


@pytest.mark.parametrize(
    ("sddl", "groups", "rights"),
    [
        ("O:NSG:BAD:P(A;;GA;;;BA)", ("BA",), {"GR", "GW", "GX"}),
        ("O:NSG:BAD:P(A;;GRGX;;;RM)", ("RM",), {"GR", "GX"}),
        ("O:NSG:BAD:P(A;;GA;;;WD)(D;;GX;;;IU)", ("WD", "IU"), {"GR", "GW"}),
        ("O:NSG:BAD:PS:P(AU;FA;GA;;;WD)", ("WD",), set()),
    ],
)
def test_rights_of_an_access_list(sddl: str, groups: Any, rights: set[str]) -> None:
    assert rights_of(sddl, groups) == rights


def flip(header: bytes, data: bytes) -> bytes:
    assert header == b"sign"
    return bytes(byte ^ 0x55 for byte in data)


@pytest.mark.parametrize("size", [0, 1, 16384, 16385, 50000])
@pytest.mark.parametrize("scheme", ["SPNEGO", "CredSSP"])
def test_sealed_message_opens_to_what_it_was(size: int, scheme: str) -> None:
    plain = b"--Encrypted Boundary\r\n" * 3000
    plain = plain[:size]
    protocol = f"application/HTTP-{scheme}-session-encrypted"
    kind, body = seal(
        plain, protocol, "UTF-8", lambda chunk: (b"sign", flip(b"sign", chunk), 0)
    )
    several = scheme == "CredSSP" and size > 16384
    assert kind.startswith("multipart/x-multi" if several else "multipart/encrypted")
    if size or scheme == "SPNEGO":
        opened = unseal(body, flip)
        assert (opened.plain, opened.protocol) == (plain, protocol)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body[:-4],
        lambda body: b"x" + body,
        lambda body: body.replace(b"Length=5", b"Length=6"),
        lambda body: body.replace(struct.pack("<I", 4), b"\xff\xff\xff\xff"),
    ],
    ids=["cut off", "prefixed", "another length", "a long signature"],
)
def test_mutilated_sealed_message_is_refused(change: Any) -> None:
    def unwrap(header: bytes, data: bytes) -> bytes:
        return flip(header[:4], data)

    protocol = "application/HTTP-SPNEGO-session-encrypted"
    _kind, body = seal(
        b"hello", protocol, "UTF-8", lambda chunk: (b"sign", flip(b"sign", chunk), 0)
    )
    with pytest.raises(BadEncryption):
        unseal(change(body), unwrap)


def test_fields_of_an_ntlm_message_are_read() -> None:
    domain = "HV".encode("utf-16-le")
    answer = bytes(44) + struct.pack("<HH16sHH", 10, 16, b"\x07" * 16, 0, 0)
    start = 88
    fields = struct.pack("<HHI", len(answer), len(answer), start + len(domain))
    message = b"NTLMSSP\0" + struct.pack("<I", 3) + bytes(8) + fields
    message += struct.pack("<HHI", len(domain), len(domain), start)
    message += bytes(60 - len(message)) + struct.pack("<I", 1)
    message += bytes(start - len(message)) + domain + answer
    assert ntlm_domain(b"spnego" + message) == "HV"
    assert ntlm_binding(message) == b"\x07" * 16
    assert ntlm_binding(message.replace(b"\x07", b"\0")) is None
    assert ntlm_domain(b"nothing") is None
