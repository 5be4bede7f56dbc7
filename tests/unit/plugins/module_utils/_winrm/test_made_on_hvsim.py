# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A self-signed certificate from the first command to a client that trusts it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.credentials import (
    Credentials,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.hyperv import (
    HypervEndpoint,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.uri import (
    ConnectionUri,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.blob import (
    read_store,
    registry_output,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.certificates import (
    pick,
    why_not,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.registry import (
    STORE,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.self_signed import (
    CertificateNotMade,
    make_self_signed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.client import (
    WsmanClient,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.session import (
    Session,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.shell import (
    Ran,
    run,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.transport_errors import (
    TransportError,
)

for _library in ("winrm", "spnego", "lxml", "cryptography", "psrpcore", "hvsim"):
    pytest.importorskip(_library, reason=f"{_library} can't be imported")

from hvsim.cli import certificate  # noqa: E402
from hvsim.rules import Rule  # noqa: E402
from hvsim.simulator import Simulator  # noqa: E402

LISTENER = "http://schemas.microsoft.com/wbem/wsman/1/config/listener"


def opened(host: Simulator, url: str, ca: str | None = None) -> Session:
    scheme, _slashes, rest = url.partition("://")
    place = rest.partition("/")[0]
    uri = ConnectionUri.parse(f"hyperv://{place}/?transport={scheme}")
    credentials = Credentials(
        username=host.username, password=host.password, ca_path=ca
    )
    return Session.open(HypervEndpoint.from_uri(uri), credentials)


@pytest.fixture
def host() -> Iterator[Simulator]:
    issued = ["hv1,days=-1", "hv1,no-key", "hv1,usage=client", "hv1,from=1", "hv2"]
    with Simulator(
        vms=0, hyperv=False, certificates=[certificate(text) for text in issued]
    ) as started:
        yield started


@pytest.fixture
def client(host: Simulator) -> Iterator[WsmanClient]:
    with opened(host, host.http_url) as session:
        yield WsmanClient(session)


def runner(client: WsmanClient) -> Callable[[str], Ran]:
    return lambda command: run(client, command)


def blobs(client: WsmanClient) -> dict[str, bytes]:
    return registry_output(run(client, rf"reg query HKLM\{STORE} /s").stdout)


def test_certificate_is_made_listened_with_and_trusted(
    host: Simulator, client: WsmanClient, tmp_path: Path
) -> None:
    made = make_self_signed(
        runner(client), "127.0.0.1", 30, certificates=lambda: blobs(client)
    )
    assert made.names == ("127.0.0.1",)
    assert made.self_signed
    assert made.not_after - made.not_before == timedelta(days=30, minutes=10)
    assert run(client, r"dir /b %SystemRoot%\Temp").stdout == ""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    values = {
        "Port": port,
        "Hostname": "127.0.0.1",
        "CertificateThumbprint": made.thumbprint,
    }
    where = {"Address": "IP:127.0.0.1", "Transport": "HTTPS"}
    client.create(LISTENER, values, where)
    trusted = tmp_path / "made.pem"
    trusted.write_text(made.pem)
    url = f"https://127.0.0.1:{port}/wsman"
    with opened(host, url, str(trusted)) as session:
        assert WsmanClient(session).identify().version.startswith("OS: 10.0")
    with pytest.raises(TransportError):
        opened(host, url, str(host.ca_file))


def test_store_of_the_host_is_looked_through(
    host: Simulator, client: WsmanClient
) -> None:
    certificates, unreadable = read_store(blobs(client))
    now = datetime.now(timezone.utc)
    assert unreadable == {}
    assert len(certificates) == 6
    assert pick(certificates, "hv1", now) is None
    said = why_not(certificates, "hv1", now)
    for words in (
        "has expired on",
        "has no private key",
        "is not for server authentication",
        "is not valid before",
        "is for hv2, not for hv1",
        "is for HVSIM",
    ):
        assert words in said
    best = pick(certificates, "hv2", now)
    assert best is not None
    assert best.names == ("hv2",)


def test_certreq_that_fails_leaves_no_files(
    host: Simulator, client: WsmanClient
) -> None:
    def misled(command: str) -> Ran:
        return run(client, command.replace("-f ", "-f no"))

    with pytest.raises(CertificateNotMade, match="ERROR_FILE_NOT_FOUND"):
        make_self_signed(misled, "hv1", 30, certificates=lambda: blobs(client))
    assert run(client, r"dir /b %SystemRoot%\Temp").stdout == ""
    assert len(blobs(client)) == 6


def test_connection_lost_while_certreq_runs_is_told_and_files_go(
    host: Simulator, client: WsmanClient
) -> None:
    host.rules.add(Rule("drop", action="Receive", after=True, skip=2))
    with pytest.raises(TransportError):
        make_self_signed(runner(client), "hv1", 30, certificates=lambda: blobs(client))
    assert run(client, r"dir /b %SystemRoot%\Temp").stdout == ""
