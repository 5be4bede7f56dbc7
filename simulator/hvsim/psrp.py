# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell's remoting protocol: psrpcore's server side, with `powershell` behind it.

[MS-PSRP] over the messages of [MS-WSMV] 3.1.4.12: what comes in the creationXml of a
Create, the arguments of a Command and the streams of a Send goes to psrpcore; what it has
to send is taken by Receive. Nothing here does I/O.
"""

from __future__ import annotations

import logging
import struct
import threading
import uuid
from collections.abc import Callable

import psrpcore
from psrpcore import types as ps

from hvsim import powershell
from hvsim.faults import Code, Fault
from hvsim.interpreter import Interrupted, PowerShellWorld, State
from hvsim.outlet import Outlet

# It writes whole messages to the log.
logging.getLogger("psrpcore").setLevel(logging.WARNING)

FRAGMENT = 32768
"""Bytes of a fragment at most, as PowerShell sends them."""
_NOT_PSRP = (
    psrpcore.PSRPCoreError,
    ArithmeticError,
    AttributeError,
    LookupError,
    SyntaxError,  # ElementTree's ParseError
    TypeError,
    ValueError,
    struct.error,
)
"""What psrpcore raises for bytes that are no PSRP."""


class Pool(Outlet):
    """One runspace pool: the pool's own messages, and its pipelines.

    Args:
        identifier: Of the shell.
        state: Directory and environment, which live on from pipeline to pipeline.
    """

    def __init__(self, identifier: str, state: State) -> None:
        super().__init__()
        self.identifier = identifier
        self.session = powershell.Session(PowerShellWorld(state))
        self.lock = threading.RLock()
        self.running = threading.Lock()
        self._core = psrpcore.ServerRunspacePool()
        self._pipelines: dict[uuid.UUID, Pipeline] = {}

    @property
    def host(self) -> ps.HostInfo | None:
        """The client's, as it told when it opened the pool."""
        return self._core.host

    def stop(self) -> None:
        """The shell goes; who waits for something of it is told."""
        super().stop()
        self.finish(0)

    def receive(self, data: bytes, pipeline: uuid.UUID | None = None) -> None:
        """What the client sent.

        Raises:
            Fault: It is not PSRP.
        """
        with self.lock:
            try:
                payload = psrpcore.PSRPPayload(
                    data, psrpcore.StreamType.default, pipeline
                )
                self._core.receive_data(payload)
                while (event := self._core.next_event()) is not None:
                    self._handle(event)
            except _NOT_PSRP:
                raise Fault(Code.INVALID_PARAMETER_WIN32) from None
            self.flush()

    def _handle(self, event: psrpcore.PSRPEvent) -> None:
        if isinstance(event, psrpcore.CreatePipelineEvent):
            pipeline = self._pipelines[event.pipeline_id]
            if pipeline.no_input:
                pipeline.begin()
        elif isinstance(event, psrpcore.PipelineInputEvent):
            if event.pipeline_id in self._pipelines:
                self._pipelines[event.pipeline_id].inputs.append(event.data)
        elif isinstance(event, psrpcore.EndOfPipelineInputEvent):
            if event.pipeline_id in self._pipelines:
                self._pipelines[event.pipeline_id].begin()
        elif isinstance(event, psrpcore.GetCommandMetadataEvent):
            self._pipelines[event.pipeline_id].answer_nothing()
        elif isinstance(event, psrpcore.GetAvailableRunspacesEvent):
            self._core.runspace_availability_response(
                event.ci, self._core.max_runspaces
            )
        elif isinstance(
            event,
            (
                psrpcore.SetMaxRunspacesEvent,
                psrpcore.SetMinRunspacesEvent,
                psrpcore.ResetRunspaceStateEvent,
            ),
        ):
            self._core.runspace_availability_response(event.ci, True)

    def flush(self) -> None:
        """Hand what psrpcore wants to send to the outlets where it is awaited."""
        with self.lock:
            while (payload := self._core.data_to_send(FRAGMENT)) is not None:
                outlet: Outlet = self
                if payload.pipeline_id is not None:
                    outlet = self._pipelines.get(payload.pipeline_id, self)
                outlet.put("stdout", payload.data, FRAGMENT)

    def pipeline(self, identifier: str, data: bytes) -> Pipeline:
        """A new pipeline, from what its Command message brought.

        Raises:
            Fault: It is not PSRP, or the identifier is no GUID.
        """
        try:
            key = uuid.UUID(identifier)
        except ValueError:
            raise Fault(Code.INVALID_PARAMETER_WIN32) from None
        with self.lock:
            core = psrpcore.ServerPipeline(self._core, key)
            pipeline = Pipeline(self, core)
            self._pipelines[key] = pipeline
            self.receive(data, key)
        return pipeline


class Pipeline(Outlet):
    """One pipeline; it is its script's `powershell.Output` too.

    Attributes:
        inputs: The objects that the client sent, `$input`.
    """

    def __init__(self, pool: Pool, core: psrpcore.ServerPipeline) -> None:
        super().__init__()
        self.inputs: list[object] = []
        self._pool = pool
        self._core = core
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def no_input(self) -> bool:
        """Whether the client will send no objects."""
        return self._what.no_input

    @property
    def _what(self) -> psrpcore.PowerShell:
        """What the client wants run."""
        metadata = self._core.metadata
        assert isinstance(metadata, psrpcore.PowerShell)
        return metadata

    def start(self) -> None:
        """It starts by itself, when the whole of its message is there."""

    def begin(self) -> None:
        """Run its commands."""
        self._core.start()
        self._thread.start()

    def answer_nothing(self) -> None:
        """To Get-Command's question for metadata: no such command."""
        self._core.start()
        self._core.write_output(ps.PSCustomObject(Count=0))
        self._core.complete()
        self.finish(0)

    def send(self, stream: str, data: bytes, *, end: bool) -> None:
        """Objects for its input."""
        self._pool.receive(data, self._core.pipeline_id)

    def signal(self, code: str) -> None:
        """Stop it; what it has to say about that can still be received."""
        self.stop()

    def _run(self) -> None:
        """One at a time, as in a pool of one runspace."""
        try:
            with self._pool.running:
                self._run_statements()
            with self._pool.lock:
                self._core.complete()
        except Interrupted:
            with self._pool.lock:
                self._core.stop()
        finally:
            self._pool.flush()
            self.finish(0)

    def _run_statements(self) -> None:
        session = self._pool.session
        session.variables["input"] = self.inputs
        stages: list[powershell.Stage] = []
        try:
            for command in self._what.commands:
                stages.append(_stage(command))
                if command.end_of_statement:
                    session.run_commands(stages, self)
                    stages = []
            if stages:
                session.run_commands(stages, self)
        except RecursionError:
            self.error(powershell.call_depth_overflow())
        except powershell.Exit as end:
            self._host(ps.HostMethodIdentifier.SetShouldExit, [ps.PSInt(end.code)])

    def _write(self, write: Callable[[], object]) -> None:
        if self.stopped:
            raise Interrupted
        with self._pool.lock:
            write()
            self._pool.flush()

    def _host(self, method: ps.HostMethodIdentifier, parameters: list[object]) -> None:
        """Call the client's host, if it has one."""
        host: ps.HostInfo | None = self._what.host
        assert host is not None
        if host.UseRunspaceHost:
            host = self._pool.host
        if host is not None and not host.IsHostNull:
            self._write(lambda: self._core.host_call(method, parameters))

    def output(self, value: object) -> None:
        """One object."""
        self._write(lambda: self._core.write_output(_serialisable(value)))

    def error(self, record: powershell.ErrorRecord) -> None:
        """One error."""
        exception = ps.NETException(Message=record.message, HResult=-2146233087)
        exception.PSObject.type_names.insert(0, record.exception)
        category = ps.ErrorCategoryInfo(
            Category=ps.ErrorCategory[record.category],
            Activity=record.command,
            Reason=record.exception.rpartition(".")[2],
            TargetName=record.target,
            TargetType="String",
        )
        self._write(
            lambda: self._core.write_error(
                exception,
                category_info=category,
                target_object=record.target,
                fully_qualified_error_id=record.identifier,
            )
        )

    def warning(self, text: str) -> None:
        """One warning."""
        self._write(lambda: self._core.write_warning(text))

    def host(self, text: str, *, newline: bool) -> None:
        """Write-Host: an information record, and a call of the client's host."""
        self._write(
            lambda: self._core.write_information(text, "Write-Host", tags=["PSHOST"])
        )
        method = ps.HostMethodIdentifier
        self._host(method.WriteLine2 if newline else method.Write1, [text])

    def sleep(self, seconds: float) -> None:
        """Wait until the time is over or the pipeline is stopped."""
        with self.changed:
            if self.changed.wait_for(lambda: self.stopped, seconds):
                raise Interrupted


def _stage(command: psrpcore.Command) -> powershell.Stage:
    return powershell.Stage(
        "script" if command.is_script else "command",
        command.command_text,
        tuple(
            (name.lstrip("-") if name else None, value)
            for name, value in command.parameters
        ),
    )


def _serialisable(value: object) -> object:
    """A value of `powershell` as psrpcore serialises it."""
    if isinstance(value, powershell.Version):
        return ps.PSVersion(str(value))
    if isinstance(value, powershell.Table):
        return {name: _serialisable(item) for name, item in value.items()}
    if isinstance(value, powershell.Record):
        shown = ps.PSCustomObject(
            **{name: _serialisable(item) for name, item in value.items()}
        )
        shown.PSObject.to_string = powershell.to_string(value)
        return shown
    return value
