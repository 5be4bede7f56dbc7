# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command line in the host's text-based remote shell, winrs' own (cmd.exe).

Create, Command, Receive until Done, Signal, Delete: [MS-WSMV] 3.1.4.5.2, 3.1.4.11,
3.1.4.14, 3.1.4.12 and 3.1.4.4; the options of Create and Command are in the tables
there. Nothing of it is sent twice: a Receive whose answer got lost has taken output
along, and a command that ran twice is not what was asked for.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

from .._cim.instance import InstancePath
from .._cim.markup import Element, Name, escape, escape_attribute
from .._core.clock import Clock, SystemClock
from .._core.errors import HypervisorConnectError
from . import namespaces as ns
from .client import WsmanClient
from .fault import WsmanFault
from .fault_table import TIMED_OUT
from .protocol_error import ProtocolError
from .reference import path_of_reference

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
CMD = f"{SHELL}/cmd"

LONGEST_LINE = 8191
"""Characters that cmd.exe takes ("Command prompt (Cmd. exe) command-line string
limitation", learn.microsoft.com/troubleshoot/windows-client/shell-experience)."""

MOST_OUTPUT = 16 * 1024 * 1024
"""Bytes of one command's output; far above what anything here prints."""

LONGEST_RECEIVE = 20.0
"""Seconds that one Receive waits; each is the client's sign of life for IDLE, too."""

IDLE = 180
"""Seconds after which the host itself deletes a shell that nobody asks any more."""

_CREATE_OPTIONS = {"WINRS_NOPROFILE": "TRUE", "WINRS_CODEPAGE": "65001"}
"""Without the user's profile, and with UTF-8 for what cmd.exe and programs print."""

_COMMAND_OPTIONS = {"WINRS_CONSOLEMODE_STDIN": "TRUE", "WINRS_SKIP_CMD_SHELL": "FALSE"}
"""The line is cmd.exe's: with its own commands, pipes and redirections."""

_DONE = "commandstate/done"
_EXIT_CODE = re.compile(r"-?[0-9]{1,10}\Z", re.ASCII)
_STREAM = Name(SHELL, "Stream")
_STATE = Name(SHELL, "CommandState")


class Ran(NamedTuple):
    """How a command line ended: its exit code, and what it printed."""

    rc: int
    stdout: str = ""
    stderr: str = ""


class CommandNotEnded(HypervisorConnectError):
    """A command was still running when its time was over, and has been ended."""


def run(
    client: WsmanClient,
    command_line: str,
    *,
    timeout: float = 60.0,
    clock: Clock | None = None,
) -> Ran:
    """Run a command line in a shell of its own, which is deleted whatever happens.

    Args:
        client: What is signed in to the host.
        command_line: As one would write it after ``cmd /c``; one line.
        timeout: Seconds that the command may take.
        clock: For that time.

    Raises:
        HypervisorConnectError: It is no line that cmd.exe could take.
        CommandNotEnded: It takes longer; it has been ended.
        WsmanFault: The host refuses, such as by a quota of its shells.
        ProtocolError: Its answers are none.
    """
    _check(command_line)
    shell = _create(client)
    try:
        command = _Command(client, shell, _start(client, shell, command_line))
        return command.end(timeout, clock or SystemClock())
    finally:
        _delete(client, shell)


def _check(command_line: str) -> None:
    if not command_line.strip() or re.search("[\0\r\n]", command_line):
        raise HypervisorConnectError("a command line is one line of text")
    if len(command_line) > LONGEST_LINE:
        raise HypervisorConnectError(
            f"a command line has {len(command_line)} characters, and cmd.exe takes "
            f"{LONGEST_LINE}"
        )


def _create(client: WsmanClient) -> InstancePath:
    """The path of a new shell ([MS-WSMV] 2.2.4.37 has the order of the elements)."""
    body = (
        f'<rsp:Shell xmlns:rsp="{SHELL}"><rsp:IdleTimeOut>PT{IDLE}.000S'
        "</rsp:IdleTimeOut><rsp:InputStreams>stdin</rsp:InputStreams>"
        "<rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>"
    )
    response = client.act(ns.CREATE, CMD, body, options=_CREATE_OPTIONS)
    try:
        created = response.only(Name(ns.TRANSFER, "ResourceCreated"))
        return path_of_reference(created)
    except ProtocolError as error:
        raise ProtocolError(error.what, where=client.session.url) from None


def _start(client: WsmanClient, shell: InstancePath, command_line: str) -> str:
    """The identifier of a command that now runs."""
    body = (
        f'<rsp:CommandLine xmlns:rsp="{SHELL}">'
        f"<rsp:Command>{escape(command_line)}</rsp:Command></rsp:CommandLine>"
    )
    response = client.act(f"{SHELL}/Command", shell, body, options=_COMMAND_OPTIONS)
    named = [answer.child_token(Name(SHELL, "CommandId")) for answer in response.body]
    identifier = named[0] if named else None
    if not identifier:
        raise _error(client, "the host does not say which command it has started")
    return identifier


def _delete(client: WsmanClient, shell: InstancePath) -> None:
    """Without an error: what is wrong has been said, and the host deletes idle ones."""
    try:
        client.delete(shell)
    except HypervisorConnectError:
        return


def _error(client: WsmanClient, what: str) -> ProtocolError:
    return ProtocolError(what, where=client.session.url)


class _Command:
    """A command that runs, and what has come of it so far."""

    def __init__(
        self, client: WsmanClient, shell: InstancePath, identifier: str
    ) -> None:
        self._client = client
        self._shell = shell
        self._identifier = identifier
        self._output = {"stdout": bytearray(), "stderr": bytearray()}

    def end(self, timeout: float, clock: Clock) -> Ran:
        """Receive until it is done, then let the host forget it.

        Raises:
            CommandNotEnded: It takes longer.
        """
        deadline = clock.now() + timeout
        code = None
        while code is None:
            left = deadline - clock.now()
            if left <= 0:
                self._terminate()
                raise CommandNotEnded(
                    f"a command has not ended within {timeout:g} seconds",
                    where=self._client.session.url,
                    remedy="see on the host what it waits for",
                )
            code = self._receive(min(left, LONGEST_RECEIVE))
        self._terminate()
        texts = (data.decode("utf-8", "replace") for data in self._output.values())
        return Ran(code, *texts)

    def _receive(self, seconds: float) -> int | None:
        """Take what there is; the exit code at the end of it.

        A Receive that finds nothing in its time is a fault, and no mishap.
        """
        identifier = escape_attribute(self._identifier)
        body = (
            f'<rsp:Receive xmlns:rsp="{SHELL}"><rsp:DesiredStream '
            f'CommandId="{identifier}">stdout stderr</rsp:DesiredStream></rsp:Receive>'
        )
        try:
            response = self._client.act(
                f"{SHELL}/Receive",
                self._shell,
                body,
                operation_timeout=min(
                    max(seconds, 1.0), self._client.operation_timeout
                ),
            )
        except WsmanFault as fault:
            if fault.kind == TIMED_OUT:
                return None
            raise
        return self._take(response.body[0]) if response.body else None

    def _take(self, answer: Element) -> int | None:
        for element in answer.children:
            if element.name == _STREAM:
                self._add(element)
        state = answer.child(_STATE)
        if state is None:
            return None
        if not state.attributes.get(Name("", "State"), "").lower().endswith(_DONE):
            return None
        code = state.child_token(Name(SHELL, "ExitCode")) or ""
        if not _EXIT_CODE.match(code):
            raise self._error("the host does not say with which code a command ended")
        return int(code)

    def _add(self, stream: Element) -> None:
        output = self._output.get(stream.attributes.get(Name("", "Name"), "").lower())
        if output is None:
            return
        try:
            output += base64.b64decode("".join(stream.text.split()), validate=True)
        except (binascii.Error, ValueError):
            raise self._error("a command's output is no base64") from None
        if sum(map(len, self._output.values())) > MOST_OUTPUT:
            raise self._error(f"a command prints more than {MOST_OUTPUT} bytes")

    def _terminate(self) -> None:
        """[MS-WSMV] 3.1.4.12; without an error, since the shell is deleted next."""
        body = (
            f'<rsp:Signal xmlns:rsp="{SHELL}" '
            f'CommandId="{escape_attribute(self._identifier)}">'
            f"<rsp:Code>{SHELL}/signal/terminate</rsp:Code></rsp:Signal>"
        )
        try:
            self._client.act(f"{SHELL}/Signal", self._shell, body)
        except HypervisorConnectError:
            return

    def _error(self, what: str) -> ProtocolError:
        return _error(self._client, what)
