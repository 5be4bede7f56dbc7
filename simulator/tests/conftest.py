# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of hvsim share: a client that knows nothing but XML and HTTP."""

from __future__ import annotations

import http.client
import uuid
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from lxml import etree

from hvsim.simulator import Simulator

pytest_plugins = ["hvsim.pytest_plugin"]

NS = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "n": "http://schemas.xmlsoap.org/ws/2004/09/enumeration",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "p": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
    "wsmid": "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd",
}
ANONYMOUS = NS["a"] + "/role/anonymous"
SOAP = "application/soap+xml;charset=UTF-8"


def headers_of(
    action: str,
    uri: str,
    selectors: Mapping[str, str] | None = None,
    **changes: str | None,
) -> dict[str, str]:
    """The SOAP headers of a request, in order; a change to None leaves one out."""
    chosen = "".join(
        f'<w:Selector Name="{name}">{value}</w:Selector>'
        for name, value in (selectors or {}).items()
    )
    headers = {
        "To": "<a:To>http://localhost/wsman</a:To>",
        "ResourceURI": f'<w:ResourceURI s:mustUnderstand="true">{uri}</w:ResourceURI>',
        "ReplyTo": f"<a:ReplyTo><a:Address>{ANONYMOUS}</a:Address></a:ReplyTo>",
        "Action": f'<a:Action s:mustUnderstand="true">{action}</a:Action>',
        "MessageID": f"<a:MessageID>uuid:{uuid.uuid4()}</a:MessageID>",
    }
    if chosen:
        headers["SelectorSet"] = f"<w:SelectorSet>{chosen}</w:SelectorSet>"
    for name, text in changes.items():
        if text is None:
            headers.pop(name, None)
        else:
            headers[name] = text
    return headers


def envelope(headers: Mapping[str, str], body: str = "") -> bytes:
    """A request."""
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())
    text = "".join(headers.values())
    return (
        f"<s:Envelope {spaces}><s:Header>{text}</s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


@dataclass
class Reply:
    """An HTTP answer."""

    status: int
    headers: http.client.HTTPMessage
    data: bytes

    @property
    def root(self) -> etree._Element:
        return etree.fromstring(self.data)

    def text(self, path: str) -> str | None:
        """The text of the first element of a path."""
        return self.root.findtext(f".//{path}", namespaces=NS)

    def texts(self, path: str) -> list[str]:
        return [element.text or "" for element in self.root.iterfind(f".//{path}", NS)]

    @property
    def code(self) -> int:
        """The WSManFault's; 0 where there is none."""
        fault = self.root.find(".//f:WSManFault", NS)
        if fault is not None:
            return int(fault.get("Code", "0"))
        return int(self.text("{*}error_Code") or 0)

    @property
    def subcode(self) -> str | None:
        return self.text("s:Subcode/s:Value")


class Client:
    """One connection over plain HTTP with Basic."""

    def __init__(
        self, simulator: Simulator, user: str = "", password: str = ""
    ) -> None:
        self.simulator = simulator
        self.connection = http.client.HTTPConnection(
            urlsplit(simulator.http_url).netloc, timeout=10
        )
        word = f"{user or simulator.username}:{password or simulator.password}"
        self.authorization = "Basic " + b64encode(word.encode()).decode()

    def post(
        self, data: bytes, path: str = "/wsman", *, method: str = "POST", **headers: str
    ) -> Reply:
        """Bytes as they are; header names with underscores for dashes."""
        sent = {"Content-Type": SOAP, "Authorization": self.authorization}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value}
        self.connection.request(method, path, data, sent)
        answer = self.connection.getresponse()
        return Reply(answer.status, answer.headers, answer.read())

    def ask(
        self,
        action: str,
        uri: str,
        body: str = "",
        selectors: Mapping[str, str] | None = None,
        **changes: str | None,
    ) -> Reply:
        """A request with all its headers; actions may be `x:Get`, `n:Pull`."""
        return self.post(self.message(action, uri, body, selectors, **changes))

    @staticmethod
    def message(
        action: str,
        uri: str,
        body: str = "",
        selectors: Mapping[str, str] | None = None,
        **changes: str | None,
    ) -> bytes:
        """The bytes that `ask` sends."""
        prefix, colon, verb = action.partition(":")
        if colon and prefix in NS:
            action = f"{NS[prefix]}/{verb}"
        return envelope(headers_of(action, uri, selectors, **changes), body)


@pytest.fixture
def host(start_hvsim: Callable[..., Simulator]) -> Simulator:
    """A host that takes Basic over plain HTTP, so that tests see every byte."""
    return start_hvsim(
        vms=5,
        job_seconds=0,
        settings={"Service/Auth/Basic": "true", "Service/AllowUnencrypted": "true"},
    )


@pytest.fixture
def client(host: Simulator) -> Iterator[Client]:
    """A connection to it."""
    client = Client(host)
    yield client
    client.connection.close()


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    """Connections to any host: `connect(simulator, user, password)`."""
    clients: list[Client] = []

    def new(simulator: Simulator, user: str = "", password: str = "") -> Client:
        clients.append(Client(simulator, user, password))
        return clients[-1]

    yield new
    for client in clients:
        client.connection.close()
