# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell remoting: psrpcore's client side against the pool, in memory."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import psrpcore
import pytest
from psrpcore import types as ps

from hvsim.faults import Fault
from hvsim.interpreter import Host, State
from hvsim.outlet import Outlet
from hvsim.psrp import Pipeline, Pool


class Client:
    """One client and one pool, joined by their bytes."""

    def __init__(self, host: ps.HostInfo | None = None) -> None:
        self.core = psrpcore.ClientRunspacePool(host=host)
        self.pool = Pool(
            str(self.core.runspace_pool_id), State(Host(), "Administrator")
        )
        self.core.open()
        self.pool.receive(self._sent())
        self.opened = self._events(self.pool)

    def _sent(self) -> bytes:
        payload = self.core.data_to_send()
        assert payload is not None
        return payload.data

    def _events(
        self, outlet: Outlet, pipeline: uuid.UUID | None = None, *, whole: bool = False
    ) -> list[psrpcore.PSRPEvent]:
        """What an outlet has now or, for a whole one, to its end."""
        code = None
        while code is None:
            taken = outlet.take(5, 100000)
            assert taken is not None
            chunks, code = taken
            for _stream, data in chunks:
                self.core.receive_data(
                    psrpcore.PSRPPayload(data, psrpcore.StreamType.default, pipeline)
                )
            if not whole:
                break
        events = []
        while (event := self.core.next_event()) is not None:
            events.append(event)
        return events

    def ask(self) -> list[psrpcore.PSRPEvent]:
        """Send what the pool's client has, and read what is answered."""
        self.pool.receive(self._sent())
        return self._events(self.pool)

    def run(self, *commands: psrpcore.Command | str) -> list[psrpcore.PSRPEvent]:
        """Run scripts and commands as one pipeline, to its end."""
        client, server = self.start(*commands)
        return self._events(server, client.pipeline_id, whole=True)

    def start(
        self,
        *commands: psrpcore.Command | str,
        host: ps.HostInfo | None = None,
        inputs: Sequence[object] = (),
    ) -> tuple[psrpcore.ClientPowerShell, Pipeline]:
        client = psrpcore.ClientPowerShell(self.core, host=host, no_input=not inputs)
        for command in commands:
            if isinstance(command, str):
                client.add_script(command)
            else:
                client.add_command(command)
        client.start()
        server = self.pool.pipeline(str(client.pipeline_id), self._sent())
        server.start()
        for value in inputs:
            client.send(value)
        if inputs:
            client.send_eof()
            server.send("stdin", self._sent(), end=False)
        return client, server

    def finish(
        self, client: psrpcore.ClientPowerShell, server: Pipeline
    ) -> list[psrpcore.PSRPEvent]:
        return self._events(server, client.pipeline_id, whole=True)


def command(name: str, **parameters: object) -> psrpcore.Command:
    new = psrpcore.Command(name)
    new.add_parameters(**parameters)
    return new


def outputs(events: Iterable[psrpcore.PSRPEvent]) -> list[Any]:
    return [e.data for e in events if isinstance(e, psrpcore.PipelineOutputEvent)]


def errors(events: Iterable[psrpcore.PSRPEvent]) -> list[str]:
    return [
        e.record.FullyQualifiedErrorId
        for e in events
        if isinstance(e, psrpcore.ErrorRecordEvent)
    ]


def final_state(events: Iterable[psrpcore.PSRPEvent]) -> ps.PSInvocationState:
    states = [e for e in events if isinstance(e, psrpcore.PipelineStateEvent)]
    return states[-1].state


def test_pool_opens() -> None:
    client = Client()
    assert client.core.state == ps.RunspacePoolState.Opened


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("hostname", ["HVSIM"]),
        ("whoami; 7", ["hvsim\\administrator", 7]),
        ("echo a b", ["a", "b"]),
        ("$PSVersionTable.PSVersion", [ps.PSVersion("5.1.20348.1")]),
        ("$true", [True]),
    ],
)
def test_script_writes_objects(script: str, expected: list[object]) -> None:
    events = Client().run(script)
    assert outputs(events) == expected
    assert final_state(events) == ps.PSInvocationState.Completed


def test_version_table_is_a_hashtable() -> None:
    (table,) = outputs(Client().run("$PSVersionTable"))
    assert table["PSVersion"] == ps.PSVersion("5.1.20348.1")
    assert table["PSEdition"] == "Desktop"


def test_records_have_properties_and_a_text() -> None:
    (location,) = outputs(Client().run("Get-Location"))
    assert location.Path == "C:\\Users\\Administrator"
    assert str(location) == "C:\\Users\\Administrator"


def test_commands_with_parameters_as_evil_winrm_sends_them() -> None:
    events = Client().run(
        command("Invoke-Expression", Command="$pwd.Path"),
        command("Out-String", Stream=True),
    )
    assert outputs(events) == ["C:\\Users\\Administrator"]


def test_unknown_command_is_an_error_record_and_the_pipeline_ends() -> None:
    events = Client().run("Get-Foo; hostname")
    assert errors(events) == ["CommandNotFoundException"]
    assert outputs(events) == ["HVSIM"]
    assert final_state(events) == ps.PSInvocationState.Completed


def test_script_that_hvsim_can_not_read_says_so() -> None:
    events = Client().run("foreach ($x in 1..3) { $x }")
    assert errors(events) == ["HvsimUnknownScript"]


def test_directory_lives_on_in_the_pool() -> None:
    client = Client()
    client.run("cd C:\\Windows")
    assert outputs(client.run("$pwd.Path")) == ["C:\\Windows"]


def test_warning_and_host_have_streams_of_their_own() -> None:
    events = Client().run("Write-Warning careful; Write-Host hi")
    assert [
        str(e.record.Message)
        for e in events
        if isinstance(e, psrpcore.WarningRecordEvent)
    ] == ["careful"]
    assert [
        e.record.MessageData
        for e in events
        if isinstance(e, psrpcore.InformationRecordEvent)
    ] == ["hi"]


def test_script_that_calls_itself_is_an_error() -> None:
    events = Client().run("$x = 'Invoke-Expression $x'; Invoke-Expression $x")
    assert errors(events) == ["CallDepthOverflow"]


def test_exit_tells_the_clients_host() -> None:
    host = ps.HostInfo(
        IsHostNull=False, IsHostUINull=True, IsHostRawUINull=True, UseRunspaceHost=False
    )
    client = Client(host)
    started, server = client.start("exit 3", host=host)
    calls = [
        (e.method_identifier, e.method_parameters)
        for e in client.finish(started, server)
        if isinstance(e, psrpcore.PipelineHostCallEvent)
    ]
    assert calls == [(ps.HostMethodIdentifier.SetShouldExit, [3])]


def test_input_of_a_pipeline() -> None:
    client = Client()
    assert outputs(client.finish(*client.start("$input", inputs=["a", 2]))) == ["a", 2]
    assert outputs(client.run("$input")) == []


def test_keys_and_limits_of_a_pool() -> None:
    client = Client()
    client.core.exchange_key()
    client.core.set_max_runspaces(3)
    client.core.get_available_runspaces()
    answers = client.ask()
    assert [type(answer) for answer in answers] == [
        psrpcore.EncryptedSessionKeyEvent,
        psrpcore.SetRunspaceAvailabilityEvent,
        psrpcore.GetRunspaceAvailabilityEvent,
    ]


def test_stop_ends_a_pipeline() -> None:
    client = Client()
    started, server = client.start("Start-Sleep 1000")
    server.stop()
    events = client.finish(started, server)
    assert final_state(events) == ps.PSInvocationState.Stopped


@pytest.mark.parametrize("data", [b"nonsense", b"\0" * 40])
def test_bytes_that_are_no_psrp_are_refused(data: bytes) -> None:
    with pytest.raises(Fault):
        Pool("x", State(Host(), "u")).pipeline(str(uuid.uuid4()), data)


def test_identifier_that_is_no_guid_is_refused() -> None:
    with pytest.raises(Fault):
        Client().pool.pipeline("nosuch", b"")
