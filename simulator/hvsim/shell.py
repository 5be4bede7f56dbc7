# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The remote shell resource: Create, Command, Send, Receive, Signal, Delete.

[MS-WSMV] 3.1.4.11 and 3.1.4.12 (text-based shells); shapes and texts are those of
recorded exchanges with Windows Server 2008 R2 to 2019. Commands run in `interpreter`;
what PowerShell's remoting says goes through the same messages, to `psrp`. Disconnect,
Reconnect and Connect are not supported, and say so.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from lxml import etree

from hvsim import administration, interpreter, soap
from hvsim.enumeration import endpoint_reference, reference_parts
from hvsim.faults import Code, Fault
from hvsim.interpreter import Host, Interrupted, State
from hvsim.namespaces import ANONYMOUS, NS, nsmap, qname
from hvsim.outlet import Outlet
from hvsim.pipeline import Resource
from hvsim.soap import Filter, Item, Request

if TYPE_CHECKING:
    from hvsim import psrp

assert administration.PROGRAMS  # cmd knows them now
SHELL = NS["rsp"]
CMD = SHELL + "/cmd"
POWERSHELL = "http://schemas.microsoft.com/powershell/"
CTRL_C = -1073741510
"""STATUS_CONTROL_C_EXIT, with which a program ends on ctrl_c ([MS-ERREF] 2.3.1)."""

_NO_SHELL = (
    "The request for the Windows Remote Shell with ShellId {} failed because the shell "
    "was not found on the server. Possible causes are: the specified ShellId is incorrect "
    "or the shell no longer exists on the server. Provide the correct ShellId or create a "
    "new shell and retry the operation."
)
_NO_COMMAND = (
    "The Windows Remote Shell received a request to perform an operation on a command "
    "identifier that does not exist. Either the command has completed execution or the "
    "client specified an invalid command identifier."
)
_ABORTED = (
    "The I/O operation has been aborted because of either a thread exit or an application "
    "request."
)
"""ERROR_OPERATION_ABORTED, 995: what a Receive gets whose shell is deleted meanwhile."""


class Settings(Protocol):
    """What is read from winrm/config/winrs, each time."""

    def flag(self, path: str) -> bool:
        """A setting that is true or false."""

    def number(self, path: str) -> int:
        """A setting that is a number."""


class Command(Outlet):
    """One command of a text-based shell: a thread, and a console for it."""

    def __init__(self, line: str, state: State, codec: str) -> None:
        super().__init__()
        self.line = line
        self._decoder = codecs.getincrementaldecoder(codec)("replace")
        self._codec = codec
        self._stdin = ""
        self._stdin_ended = False
        self._thread = threading.Thread(target=self._run, args=(state,), daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def _run(self, state: State) -> None:
        code = 1
        try:
            code = interpreter.run(self.line, state, self)
        except Interrupted:
            code = CTRL_C
        except RecursionError:
            # A script that starts itself.
            self.write_error("Not enough memory resources are available.\r\n")
        finally:
            self.finish(code)

    # The console.

    def write(self, text: str) -> None:
        """To standard output."""
        self.put("stdout", text.encode(self._codec, "replace"))

    def write_error(self, text: str) -> None:
        """To standard error."""
        self.put("stderr", text.encode(self._codec, "replace"))

    def read(self, at_most: int | None = None) -> str:
        """A line with its end, or everything; waits for it."""
        with self.changed:
            while not self._stdin_ended and (
                at_most is None or "\n" not in self._stdin
            ):
                if self.stopped:
                    raise Interrupted
                self.changed.wait()
            if at_most is None:
                text, self._stdin = self._stdin, ""
            else:
                line, end, self._stdin = self._stdin.partition("\n")
                text = line + end
            return text

    def sleep(self, seconds: float) -> None:
        """Wait until the time is over or the command is told to end."""
        with self.changed:
            if self.changed.wait_for(lambda: self.stopped, seconds):
                raise Interrupted

    def send(self, stream: str, data: bytes, *, end: bool) -> None:
        """What the client sends to standard input."""
        if stream != "stdin":
            raise Fault(Code.INVALID_PARAMETER_WIN32)
        with self.changed:
            self._stdin += self._decoder.decode(data, end)
            self._stdin_ended = self._stdin_ended or end
            self.changed.notify_all()

    def signal(self, code: str) -> None:
        """`ctrl_c`, `ctrl_break`: the command ends itself, in its own time."""
        self.stop()


@dataclass
class Shell:
    """One shell.

    Attributes:
        idle: Seconds without a request after which it goes.
        codec: Of its text, from WINRS_CODEPAGE.
        commands: By identifier in upper case.
        pool: Of PowerShell; None for a text-based shell.
    """

    identifier: str
    resource_uri: str
    user: str
    state: State
    streams: tuple[str, str]
    idle: float
    born: float
    used: float
    codec: str = "cp437"
    name: str = ""
    working_directory: str = ""
    lifetime: float | None = None
    commands: dict[str, Command | psrp.Pipeline] = field(default_factory=dict)
    pool: psrp.Pool | None = None

    def close(self) -> None:
        """End what runs in it."""
        for command in list(self.commands.values()):
            command.stop()
        if self.pool:
            self.pool.stop()


class ShellResource(Resource):
    """windows/shell, windows/shell/cmd and Microsoft.PowerShell.

    Args:
        settings: Where winrm/config/winrs is read (`Config.settings`).
        host: What commands tell of the computer, and its files.
        clock: Monotonic seconds.
    """

    prefixes = (SHELL, POWERSHELL)
    kind = "shell"

    def __init__(
        self,
        settings: Settings,
        host: Host | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.host = host or Host()
        self._clock = clock
        self._shells: dict[str, Shell] = {}
        self._lock = threading.RLock()

    def close(self) -> None:
        """End every shell."""
        with self._lock:
            shells, self._shells = list(self._shells.values()), {}
        for shell in shells:
            shell.close()

    def shells(self) -> list[Shell]:
        """Those that are there, the idle ones removed first."""
        now = self._clock()
        with self._lock:
            over = [
                shell
                for shell in self._shells.values()
                if now - shell.used > shell.idle
                or (shell.lifetime is not None and now - shell.born > shell.lifetime)
            ]
            for shell in over:
                del self._shells[shell.identifier]
            left = list(self._shells.values())
        for shell in over:
            shell.close()
        return left

    def create(self, request: Request) -> list[etree._Element]:
        """A new shell: x:ResourceCreated and rsp:Shell."""
        if not self.settings.flag("Winrs/AllowRemoteShellAccess"):
            raise Fault(Code.REMOTE_SHELLS_NOT_ALLOWED)
        body = request.body
        if body is None or body.tag != qname("rsp:Shell"):
            raise Fault(Code.SCHEMA_VALIDATION_ERROR)
        shell = self._new_shell(request, body)
        with self._lock:
            mine = [s for s in self.shells() if s.user == shell.user]
            if len(mine) >= self.settings.number("Winrs/MaxShellsPerUser"):
                shell.close()
                raise Fault(Code.QUOTA_MAX_SHELLS)
            if shell.identifier in self._shells:
                shell.close()
                raise Fault(Code.ALREADY_EXISTS)
            self._shells[shell.identifier] = shell
        created = etree.Element(qname("x:ResourceCreated"), nsmap=nsmap("x"))
        selectors = [("ShellId", shell.identifier)]
        for part in reference_parts(
            shell.resource_uri, selectors, request.to or ANONYMOUS
        ):
            created.append(part)
        return [created, self._element(shell)]

    def get(self, request: Request) -> etree._Element:
        """rsp:Shell of one shell."""
        return self._element(self._shell(request))

    def enumerate(self, request: Request, filter: Filter | None) -> Iterable[Item]:  # noqa: A002
        """Every shell of this user."""
        if filter is not None:
            raise Fault(Code.FILTERING_NOT_SUPPORTED)
        return [
            Item(
                self._element(shell),
                endpoint_reference(
                    shell.resource_uri, [("ShellId", shell.identifier)], ANONYMOUS
                ),
            )
            for shell in self.shells()
            if shell.user == request.user
        ]

    def delete(self, request: Request) -> None:
        """End a shell and what runs in it."""
        shell = self._shell(request)
        with self._lock:
            self._shells.pop(shell.identifier, None)
        shell.close()

    def act(self, request: Request) -> list[etree._Element]:
        """Command, Send, Receive and Signal."""
        handler = {
            SHELL + "/command": self._command,
            SHELL + "/send": self._send,
            SHELL + "/receive": self._receive,
            SHELL + "/signal": self._signal,
        }.get(request.action.lower())
        if handler is None:
            raise Fault(Code.ACTION_NOT_SUPPORTED)
        if request.body is None:
            raise Fault(Code.SCHEMA_VALIDATION_ERROR)
        shell = self._shell(request)
        try:
            return [handler(request, shell, request.body)]
        finally:
            shell.used = self._clock()

    def _shell(self, request: Request) -> Shell:
        wanted = request.selectors.text("ShellId") or ""
        if len(request.selectors) != 1 or not wanted:
            raise Fault(Code.INVALID_SELECTORS)
        key = _identifier(wanted)
        shell = next((s for s in self.shells() if s.identifier == key), None)
        if shell is None or shell.user != request.user:
            raise Fault(Code.UNEXPECTED_SELECTORS, _NO_SHELL.format(wanted))
        shell.used = self._clock()
        return shell

    def _new_shell(self, request: Request, body: etree._Element) -> Shell:
        uri = request.resource_uri
        is_text = uri.lower() == CMD
        if not is_text and uri.lower() != POWERSHELL.lower() + "microsoft.powershell":
            raise Fault(Code.INVALID_RESOURCE_URI)
        now = self._clock()
        default = self.settings.number("Winrs/IdleTimeout") / 1000
        lifetime = _text(body, "Lifetime")
        shell = Shell(
            identifier=_identifier(body.get("ShellId") or str(uuid.uuid4())),
            resource_uri=uri,
            user=request.user,
            state=State(
                self.host,
                request.user,
                _text(body, "WorkingDirectory"),
                _environment(body),
            ),
            streams=(
                _text(body, "InputStreams") or "stdin",
                _text(body, "OutputStreams") or "stdout stderr",
            ),
            idle=min(_seconds(_text(body, "IdleTimeOut"), default), default),
            born=now,
            used=now,
            name=body.get("Name") or "",
            working_directory=_text(body, "WorkingDirectory"),
            lifetime=_seconds(lifetime, 0) if lifetime else None,
        )
        if is_text:
            shell.codec = _codec(request.options.text("WINRS_CODEPAGE") or "437")
        else:
            shell.pool = _pool(shell)
            shell.pool.receive(_base64(_text(body, "creationXml")))
        return shell

    def _command(
        self, request: Request, shell: Shell, body: etree._Element
    ) -> etree._Element:
        if body.tag != qname("rsp:CommandLine"):
            raise Fault(Code.SCHEMA_VALIDATION_ERROR)
        identifier = _identifier(body.get("CommandId") or str(uuid.uuid4()))
        name = _text(body, "Command")
        arguments = [
            element.text or "" for element in body.iterfind(qname("rsp:Arguments"))
        ]
        running = sum(not command.finished for command in shell.commands.values())
        if running >= self.settings.number("Winrs/MaxProcessesPerShell"):
            raise Fault(2150859176)
        if shell.pool is not None:
            command: Command | psrp.Pipeline = shell.pool.pipeline(
                identifier, _base64("".join(arguments))
            )
            shell.commands[identifier] = command
        else:
            line = " ".join([name, *arguments]).strip()
            _check_start(name, request, shell)
            command = Command(line, shell.state.copy(), shell.codec)
            shell.commands[identifier] = command
        command.start()
        answer = etree.Element(qname("rsp:CommandResponse"), nsmap=nsmap("rsp"))
        etree.SubElement(answer, qname("rsp:CommandId")).text = identifier
        return answer

    def _send(
        self, request: Request, shell: Shell, body: etree._Element
    ) -> etree._Element:
        streams = list(body.iterfind(qname("rsp:Stream")))
        if body.tag != qname("rsp:Send") or not streams:
            raise Fault(Code.SCHEMA_VALIDATION_ERROR)
        for stream in streams:
            data = _base64(stream.text or "")
            end = (stream.get("End") or "").lower() in ("true", "1")
            identifier = stream.get("CommandId")
            if identifier is None and shell.pool is not None:
                shell.pool.receive(data)
            else:
                command = _find(shell, identifier)
                command.send(stream.get("Name") or "", data, end=end)
        return etree.Element(qname("rsp:SendResponse"), nsmap=nsmap("rsp"))

    def _receive(
        self, request: Request, shell: Shell, body: etree._Element
    ) -> etree._Element:
        desired = body.find(qname("rsp:DesiredStream"))
        if body.tag != qname("rsp:Receive") or desired is None:
            raise Fault(Code.SCHEMA_VALIDATION_ERROR)
        names = (desired.text or "").split()
        identifier = desired.get("CommandId")
        if identifier is None and shell.pool is None:
            raise _plugin_fault(Code.INVALID_PARAMETER_WIN32)
        if not names or not set(names) <= set(shell.streams[1].split()):
            raise _plugin_fault(Code.INVALID_PARAMETER_WIN32)
        outlet: Outlet
        if identifier is None and shell.pool is not None:
            outlet = shell.pool
        else:
            outlet = _find(shell, identifier)
        budget = request.max_envelope_size * 3 // 4 - 4096
        taken = outlet.take(request.operation_timeout, budget)
        if taken is None:
            raise Fault(Code.OPERATION_TIMED_OUT)
        chunks, code = taken
        if identifier is None and code is not None:
            raise Fault(995, _ABORTED)
        return _receive_response(identifier, names, chunks, code)

    def _signal(
        self, request: Request, shell: Shell, body: etree._Element
    ) -> etree._Element:
        code = _text(body, "Code").rpartition("/")[2].lower()
        if body.tag != qname("rsp:Signal") or not code:
            raise Fault(Code.SCHEMA_VALIDATION_ERROR)
        # PowerShell's own clients spell it so.
        if code not in ("terminate", "ctrl_c", "ctrl_break", "crtl_c"):
            raise _plugin_fault(Code.INVALID_PARAMETER_WIN32)
        identifier = body.get("CommandId")
        command = _find(shell, identifier)
        if code == "terminate":
            command.stop()
            shell.commands.pop(_identifier(identifier or ""), None)
        else:
            command.signal(code)
        return etree.Element(qname("rsp:SignalResponse"), nsmap=nsmap("rsp"))

    def _element(self, shell: Shell) -> etree._Element:
        """rsp:Shell, the elements in the order of recorded answers."""
        now = self._clock()
        is_pool = shell.pool is not None
        values = [
            ("ShellId", shell.identifier),
            ("Name", shell.name),
            ("ResourceUri", shell.resource_uri),
            ("Owner", shell.user),
            ("ClientIP", "127.0.0.1"),
            ("WorkingDirectory", shell.working_directory),
            ("ProcessId", "1868" if is_pool else ""),
            ("IdleTimeOut", f"PT{shell.idle:.3f}S"),
            ("InputStreams", shell.streams[0]),
            ("OutputStreams", shell.streams[1]),
            ("MaxIdleTimeOut", "PT2147483.647S" if is_pool else ""),
            ("Locale", "en-US" if is_pool else ""),
            ("DataLocale", "en-US" if is_pool else ""),
            ("CompressionMode", "NoCompression" if is_pool else ""),
            ("ProfileLoaded", "Yes" if is_pool else ""),
            ("Encoding", "UTF8" if is_pool else ""),
            ("BufferMode", "Block" if is_pool else ""),
            ("State", "Connected" if is_pool else ""),
            ("ShellRunTime", _duration(now - shell.born)),
            ("ShellInactivity", _duration(now - shell.used)),
        ]
        root = etree.Element(qname("rsp:Shell"), nsmap=nsmap("rsp"))
        for name, value in values:
            if value:
                etree.SubElement(root, qname(f"rsp:{name}")).text = value
        return root


def _pool(shell: Shell) -> psrp.Pool:
    """A runspace pool; psrpcore is an extra of hvsim."""
    try:
        from hvsim import psrp
    except ImportError:
        raise Fault(
            Code.INVALID_RESOURCE_URI,
            "This hvsim answers no PowerShell remoting: psrpcore is not installed.",
        ) from None
    return psrp.Pool(shell.identifier, shell.state)


def _receive_response(
    identifier: str | None,
    names: Sequence[str],
    chunks: Sequence[tuple[str, bytes]],
    code: int | None,
) -> etree._Element:
    answer = etree.Element(qname("rsp:ReceiveResponse"), nsmap=nsmap("rsp"))

    def stream(name: str) -> etree._Element:
        element = etree.SubElement(answer, qname("rsp:Stream"), Name=name)
        if identifier is not None:
            element.set("CommandId", identifier)
        return element

    for name, data in chunks:
        if name in names:
            stream(name).text = base64.b64encode(data).decode()
    if identifier is None:
        return answer
    state = etree.Element(qname("rsp:CommandState"), CommandId=identifier)
    if code is None:
        state.set("State", SHELL + "/CommandState/Running")
    else:
        if "stderr" in names:
            for name in names:
                ended = stream(name)
                ended.set("End", "true")
                ended.text = ""
        state.set("State", SHELL + "/CommandState/Done")
        etree.SubElement(state, qname("rsp:ExitCode")).text = str(code)
    answer.append(state)
    return answer


def _plugin_fault(code: int, message: str | None = None) -> Fault:
    """What the plugin behind a text-based shell says, in words of its own."""
    return Fault(code, message, provider="Shell cmd plugin", nested_code=0)


def _find(shell: Shell, identifier: str | None) -> Command | psrp.Pipeline:
    command = shell.commands.get(_identifier(identifier or ""))
    if command is None:
        raise Fault(Code.UNEXPECTED_SELECTORS, _NO_COMMAND)
    return command


def _check_start(name: str, request: Request, shell: Shell) -> None:
    """What keeps a process from being started.

    With WINRS_SKIP_CMD_SHELL the command is a program's whole path (recorded: a bare
    `powershell.exe` is not found).
    """
    files = shell.state.host.files
    if not files.is_directory(shell.state.directory):
        raise _plugin_fault(2147942667, "The directory name is invalid.")
    skip = (request.options.text("WINRS_SKIP_CMD_SHELL") or "").lower() in ("true", "1")
    path = name.strip('"')
    if skip and ("\\" not in path or not files.is_file(shell.state.path(path))):
        raise _plugin_fault(2147942402, "The system cannot find the file specified.")


def _identifier(text: str) -> str:
    return text.strip().removeprefix("uuid:").upper()


def _text(parent: etree._Element, name: str) -> str:
    """A child's text, whatever its namespace and the case of its name."""
    for element in soap.elements(parent):
        if etree.QName(element).localname.lower() == name.lower():
            return (element.text or "").strip()
    return ""


def _environment(body: etree._Element) -> dict[str, str]:
    return {
        element.get("Name") or "": element.text or ""
        for element in body.iterfind(
            f"{qname('rsp:Environment')}/{qname('rsp:Variable')}"
        )
    }


def _seconds(duration: str, default: float) -> float:
    try:
        return soap.seconds_of(duration) if duration else default
    except ValueError:
        raise Fault(Code.SCHEMA_VALIDATION_ERROR) from None


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"P{days}DT{hours}H{minutes}M{rest}S"


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        raise Fault(Code.SCHEMA_VALIDATION_ERROR) from None


def _codec(codepage: str) -> str:
    """Python's codec of a Windows code page; 65001 is UTF-8."""
    codec = "utf-8" if codepage == "65001" else f"cp{codepage}"
    try:
        codecs.lookup(codec)
    except LookupError:
        raise Fault(Code.INVALID_OPTIONS) from None
    return codec
