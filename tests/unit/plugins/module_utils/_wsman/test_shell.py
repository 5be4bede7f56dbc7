# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command lines in the remote shell of a simulated host, and of hosts that lie."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.uri import (
    ConnectionUri,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman import (
    namespaces as ns,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman import shell
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.client import (
    WsmanClient,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.fault import (
    WsmanFault,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.fault_table import (
    QUOTA,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.protocol_error import (
    ProtocolError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.session import (
    Session,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.shell import (
    CMD,
    LONGEST_LINE,
    SHELL,
    CommandNotEnded,
    Ran,
    run,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.transport_errors import (
    ConnectionBroken,
)

for _library in ("winrm", "spnego", "lxml", "cryptography", "psrpcore", "hvsim"):
    pytest.importorskip(_library, reason=f"{_library} can't be imported")

from hvsim.rules import Rule  # noqa: E402
from hvsim.simulator import Simulator  # noqa: E402


@contextmanager
def client_of(host: Simulator, timeout: int = 60) -> Iterator[WsmanClient]:
    """A client that is signed in as the administrator."""
    where = host.http_url.partition("//")[2].partition("/")[0]
    uri = ConnectionUri.parse(f"hyperv://{where}/?transport=http")
    credentials = Credentials(
        username=host.username, password=host.password, timeout=timeout
    )
    with Session.open(HypervEndpoint.from_uri(uri), credentials) as session:
        host.requests.clear()
        yield WsmanClient(session, operation_timeout=session.operation_timeout)


@pytest.fixture(scope="module")
def shared() -> Iterator[Simulator]:
    with Simulator(vms=0) as host:
        yield host


@pytest.fixture
def host(shared: Simulator) -> Iterator[Simulator]:
    yield shared
    shared.rules.clear()
    assert shared.wait_for(lambda: not shared.shells.shells())


def verbs(host: Simulator) -> list[str]:
    return [exchange.verb for exchange in host.requests]


@pytest.mark.parametrize(
    ("line", "ran"),
    [
        ("hostname", Ran(0, "HVSIM\r\n", "")),
        ("exit 7", Ran(7, "", "")),
        ("exit -3", Ran(-3, "", "")),
        ("echo out& echo err 1>&2", Ran(0, "out\r\n", "err \r\n")),
        ("echo Grüße, 日本 😀", Ran(0, "Grüße, 日本 😀\r\n", "")),
        ('echo "<&amp;>" ^& ]]^>', Ran(0, '"<&amp;>" & ]]>\r\n', "")),
        (
            "nosuch",
            Ran(
                1,
                "",
                "'nosuch' is not recognized as an internal or external command,\r\n"
                "operable program or batch file.\r\n",
            ),
        ),
    ],
)
def test_line_gives_its_code_and_both_outputs(
    host: Simulator, line: str, ran: Ran
) -> None:
    with client_of(host) as client:
        assert run(client, line) == ran
        assert ran == (ran.rc, ran.stdout, ran.stderr)


def test_messages_are_those_of_the_specification(host: Simulator) -> None:
    with client_of(host) as client:
        run(client, "hostname")
    said = verbs(host)
    assert said[:2] == ["Create", "Command"]
    assert said[-2:] == ["Signal", "Delete"]
    assert set(said[2:-2]) == {"Receive"}


def test_options_ask_for_utf8_and_cmd(host: Simulator) -> None:
    sent: list[str] = []
    with client_of(host) as client:
        send = client.session.send

        def spy(envelope: bytes, **more: Any) -> bytes:
            sent.append(envelope.decode())
            return send(envelope, **more)

        client.session.send = spy  # type: ignore[method-assign]
        run(client, "hostname")
    for text in ('"WINRS_NOPROFILE">TRUE<', '"WINRS_CODEPAGE">65001<', "PT180.000S"):
        assert text in sent[0]
    for name, value in (("CONSOLEMODE_STDIN", "TRUE"), ("SKIP_CMD_SHELL", "FALSE")):
        assert f'"WINRS_{name}">{value}<' in sent[1]


def test_long_output_comes_whole_in_many_answers(host: Simulator) -> None:
    text = "".join(f"{number:07}äöü\r\n" for number in range(120_000))
    host.shells.host.files.write(r"C:\Users\Public\long.txt", text.encode())
    with client_of(host) as client:
        ran = run(client, r"type C:\Users\Public\long.txt")
    assert ran == Ran(0, text, "")
    assert verbs(host).count("Receive") > 3


def test_receive_that_finds_nothing_is_asked_again(
    host: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell, "LONGEST_RECEIVE", 0.1)
    with client_of(host) as client:
        ran = run(client, "ping -n 4 192.0.2.1 >nul& echo done")
    assert ran == Ran(0, "done\r\n", "")
    faults = [exchange.fault for exchange in host.requests if exchange.fault]
    assert set(faults) == {2150858793}
    assert verbs(host).count("Command") == 1


def test_command_that_does_not_end_is_ended(host: Simulator) -> None:
    with client_of(host) as client, pytest.raises(CommandNotEnded) as caught:
        run(client, "ping -n 1000 192.0.2.1", timeout=0.5)
    assert "a command has not ended within 0.5 seconds" in str(caught.value)
    assert verbs(host)[-2:] == ["Signal", "Delete"]


def test_quota_of_shells_is_the_hosts_fault(shared: Simulator) -> None:
    with Simulator(vms=0, settings={"Winrs/MaxShellsPerUser": "0"}) as host:
        with client_of(host) as client, pytest.raises(WsmanFault) as caught:
            run(client, "hostname")
        assert caught.value.kind == QUOTA
        assert verbs(host) == ["Create"]


def test_shells_that_are_not_allowed_are_the_hosts_fault() -> None:
    settings = {"Winrs/AllowRemoteShellAccess": "false"}
    with (
        Simulator(vms=0, settings=settings) as host,
        client_of(host) as client,
        pytest.raises(WsmanFault, match="shell"),
    ):
        run(client, "hostname")


@pytest.mark.parametrize("action", ["Command", "Receive"])
@pytest.mark.parametrize("after", [False, True])
def test_lost_connection_deletes_the_shell_and_repeats_nothing(
    host: Simulator, action: str, after: bool
) -> None:
    host.rules.add(Rule("drop", action=action, after=after))
    with client_of(host) as client, pytest.raises(ConnectionBroken):
        run(client, "hostname")
    assert verbs(host).count(action) <= 1
    assert "Delete" in verbs(host)


def test_lost_answer_of_create_is_not_asked_again() -> None:
    rules = [Rule("drop", action="Create", after=True, count=None)]
    with Simulator(vms=0, rules=rules) as host, client_of(host) as client:
        with pytest.raises(ConnectionBroken):
            run(client, "hostname")
        assert len(host.shells.shells()) == 1


@pytest.mark.parametrize("action", ["Signal", "Delete"])
def test_lost_connection_at_the_end_keeps_the_result(action: str) -> None:
    rules = [Rule("drop", action=action, count=None)]
    with Simulator(vms=0, rules=rules) as host, client_of(host) as client:
        assert run(client, "hostname") == Ran(0, "HVSIM\r\n", "")


def test_shell_that_went_away_meanwhile_is_the_hosts_fault(host: Simulator) -> None:
    with client_of(host) as client:
        send = client.session.send

        def spy(envelope: bytes, **more: Any) -> bytes:
            if b"/shell/Receive<" in envelope:
                host.shells.close()
            return send(envelope, **more)

        client.session.send = spy  # type: ignore[method-assign]
        with pytest.raises(WsmanFault, match="was not found on the server"):
            run(client, "ping -n 100 192.0.2.1")


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("", "one line"),
        ("  ", "one line"),
        ("echo a\r\necho b", "one line"),
        ("echo \0", "one line"),
        ("echo " + "x" * LONGEST_LINE, "8191"),
    ],
)
def test_line_that_cmd_could_not_take_opens_no_shell(
    host: Simulator, line: str, word: str
) -> None:
    with client_of(host) as client, pytest.raises(HypervisorConnectError, match=word):
        run(client, line)
    assert verbs(host) == []


def test_line_that_xml_can_not_carry_deletes_the_shell(host: Simulator) -> None:
    with (
        client_of(host) as client,
        pytest.raises(HypervisorConnectError, match="U\\+0007"),
    ):
        run(client, "echo \a")
    assert verbs(host) == ["Create", "Delete"]


# Hosts that lie.

CREATED = (
    f'<x:ResourceCreated xmlns:x="{ns.TRANSFER}"><a:Address>{ns.ANONYMOUS}</a:Address>'
    f"<a:ReferenceParameters><w:ResourceURI>{CMD}</w:ResourceURI><w:SelectorSet>"
    '<w:Selector Name="ShellId">S1</w:Selector></w:SelectorSet>'
    "</a:ReferenceParameters></x:ResourceCreated>"
)
STARTED = (
    f'<r:CommandResponse xmlns:r="{SHELL}"><r:CommandId>C1</r:CommandId>'
    "</r:CommandResponse>"
)


def received(inner: str) -> str:
    return f'<r:ReceiveResponse xmlns:r="{SHELL}">{inner}</r:ReceiveResponse>'


def stream(text: str, name: str = "stdout") -> str:
    return f'<r:Stream Name="{name}" CommandId="C1">{text}</r:Stream>'


def done(code: str) -> str:
    return (
        f'<r:CommandState CommandId="C1" State="{SHELL}/CommandState/Done">'
        f"<r:ExitCode>{code}</r:ExitCode></r:CommandState>"
    )


class Liar:
    """A session whose host answers what the test says, by the action's last word."""

    url = "http://hv1.example.com:5985/wsman"

    def __init__(self, **bodies: str | list[str]) -> None:
        self.bodies = {"Create": CREATED, "Command": STARTED, **bodies}
        self.actions: list[str] = []

    def send(
        self, envelope: bytes, *, repeatable: bool, operation_timeout: float
    ) -> bytes:
        action = envelope.partition(b"</a:Action>")[0].rpartition(b"/")[2].decode()
        message_id = envelope.partition(b"<a:MessageID>")[2].partition(b"<")[0].decode()
        assert repeatable is False
        self.actions.append(action)
        body = self.bodies.get(action, "")
        if isinstance(body, list):
            body = body.pop(0)
        return (
            f'<s:Envelope xmlns:s="{ns.SOAP}" xmlns:a="{ns.ADDRESSING}" '
            f'xmlns:w="{ns.WSMAN}"><s:Header><a:RelatesTo>{message_id}</a:RelatesTo>'
            f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
        ).encode()


@pytest.mark.parametrize(
    ("bodies", "word"),
    [
        ({"Create": ""}, "body is empty"),
        ({"Create": STARTED}, "not a ResourceCreated"),
        ({"Command": ""}, "which command"),
        ({"Command": CREATED}, "which command"),
        ({"Receive": received(stream("%%%"))}, "no base64"),
        ({"Receive": received(stream("ä"))}, "no base64"),
        ({"Receive": received(done(""))}, "with which code"),
        ({"Receive": received(done("1e9"))}, "with which code"),
        ({"Receive": received(done("9" * 11))}, "with which code"),
    ],
)
def test_answer_that_is_none_names_the_host(bodies: Any, word: str) -> None:
    session = Liar(**bodies)
    with pytest.raises(ProtocolError, match=word) as caught:
        run(WsmanClient(session), "hostname")
    assert caught.value.where == Liar.url
    assert session.actions[-1] == ("Create" if "Create" in bodies else "Delete")


def test_output_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "MOST_OUTPUT", 1000)
    session = Liar(Receive=received(stream(base64.b64encode(b"x" * 600).decode())))
    with pytest.raises(ProtocolError, match="more than 1000 bytes"):
        run(WsmanClient(session), "hostname")
    assert session.actions.count("Receive") == 2


def test_character_that_two_answers_share_is_one() -> None:
    halves = [base64.b64encode(half).decode() for half in (b"\xc3", b"\xbc!")]
    session = Liar(
        Receive=[
            received(""),
            received(stream(halves[0]) + stream("", "other")),
            received(stream(f"\n {halves[1]} ") + stream("/w==", "stderr") + done("0")),
        ]
    )
    assert run(WsmanClient(session), "hostname") == Ran(0, "ü!", "\ufffd")


class Ticking:
    """A clock that a second passes on at each look."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        self.seconds += 1
        return self.seconds

    sleep: Callable[[float], None]


def test_time_is_the_clocks() -> None:
    session = Liar(Receive=received(""))
    with pytest.raises(CommandNotEnded):
        run(WsmanClient(session), "hostname", timeout=5, clock=Ticking())
    assert session.actions.count("Receive") == 4
