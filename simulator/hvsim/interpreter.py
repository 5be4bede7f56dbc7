# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small cmd.exe: `&`, `&&`, `||`, `|`, redirections, `%NAME%`, and a few commands.

It runs nothing of this machine's. What it does not know it answers as cmd does: it is
not recognized, exit code 1. Source of syntax and texts: Microsoft's "Windows Commands"
reference (cmd, echo, set, type, dir, ping, ...). Parentheses, `for` and `if` are not
there.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from hvsim import powershell
from hvsim.files import Files, InUse, NotEmpty, NotFound
from hvsim.machine_store import MachineStore
from hvsim.windows_registry import WindowsRegistry

IN_USE = (
    "The process cannot access the file because it is being used by another "
    "process.\r\n"
)


class Interrupted(Exception):
    """The command was told to end (ctrl_c, terminate, or its shell went away)."""


class Console(Protocol):
    """Where a command reads and writes."""

    def write(self, text: str) -> None:
        """To standard output."""

    def write_error(self, text: str) -> None:
        """To standard error."""

    def read(self, at_most: int | None = None) -> str:
        """From standard input: a line (with its end) or, for None, all to the end."""

    def sleep(self, seconds: float) -> None:
        """Wait; raises Interrupted when told to end."""


@dataclass(frozen=True)
class Host:
    """What commands tell of the simulated computer."""

    computer: str = "HVSIM"
    version: str = "10.0.20348"
    address: str = "192.0.2.10"
    files: Files = field(default_factory=Files)
    registry: WindowsRegistry = field(default_factory=WindowsRegistry)
    certificates: MachineStore | None = None


@dataclass
class State:
    """What belongs to one shell or process: user, directory and environment."""

    host: Host
    user: str
    directory: str = ""
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        home = rf"C:\Users\{self.short_user}"
        self.host.files.make_directory(home + r"\AppData\Local\Temp")
        self.directory = self.directory or home
        given = self.variables
        self.variables = {
            "COMPUTERNAME": self.host.computer,
            "ComSpec": r"C:\Windows\system32\cmd.exe",
            "OS": "Windows_NT",
            "PATH": r"C:\Windows\system32;C:\Windows",
            "PROCESSOR_ARCHITECTURE": "AMD64",
            "SystemDrive": "C:",
            "SystemRoot": r"C:\Windows",
            "TEMP": home + r"\AppData\Local\Temp",
            "TMP": home + r"\AppData\Local\Temp",
            "USERDOMAIN": self.host.computer,
            "USERNAME": self.short_user,
            "USERPROFILE": home,
            "windir": r"C:\Windows",
        }
        for name, value in given.items():
            self.assign(name, value)

    @property
    def short_user(self) -> str:
        """The user without domain."""
        return re.split(r"[\\/]", self.user)[-1].partition("@")[0] or "Administrator"

    @property
    def full_user(self) -> str:
        """As whoami prints it."""
        return f"{self.host.computer}\\{self.short_user}".lower()

    def copy(self) -> State:
        """For a child process, whose changes don't come back."""
        return replace(self, variables=dict(self.variables))

    def value(self, name: str) -> str | None:
        """An environment variable, its name in any case."""
        key = _key_of(name, self.variables)
        return None if key is None else self.variables[key]

    def assign(self, name: str, value: str) -> None:
        """Set an environment variable; an empty value removes it."""
        key = _key_of(name, self.variables) or name
        if value:
            self.variables[key] = value
        else:
            self.variables.pop(key, None)

    def path(self, text: str) -> str:
        """A path that a command names, as a whole one."""
        return self.host.files.absolute(self.directory, text)


def _key_of(name: str, variables: Mapping[str, str]) -> str | None:
    return next((key for key in variables if key.lower() == name.lower()), None)


class Memory:
    """A console in memory: for pipes, redirections and PowerShell's native commands."""

    def __init__(self, stdin: str = "", behind: Console | None = None) -> None:
        self._stdin = stdin
        self._behind = behind
        self.out: list[str] = []
        self.err: list[str] = []

    def write(self, text: str) -> None:
        """Keep it."""
        self.out.append(text)

    def write_error(self, text: str) -> None:
        """Keep it."""
        self.err.append(text)

    def read(self, at_most: int | None = None) -> str:
        """What was given at the start."""
        line, end, rest = self._stdin.partition("\n")
        if at_most is None:
            line, end, rest = self._stdin, "", ""
        self._stdin = rest
        return line + end

    def sleep(self, seconds: float) -> None:
        """Wait on the console behind this one."""
        if self._behind is not None:
            self._behind.sleep(seconds)


@dataclass(frozen=True)
class Simple:
    """One command with its redirections: handle, append and target of each."""

    text: str
    redirections: tuple[tuple[str, bool, str], ...] = ()
    stdin: str | None = None


_TOKEN = re.compile(
    r"""(?P<quoted>"[^"]*"?)
    |\^(?P<escaped>.)
    |(?P<operator>&&|\|\||&|\|)
    |(?:(?<!\S)(?P<handle>[12]))?(?P<mode>>>?|<)\s*(?P<target>&[12]|"[^"]*"|[^\s&|<>]+)
    |(?P<plain>.)""",
    re.VERBOSE | re.DOTALL,
)


def parse(line: str) -> list[tuple[str, list[Simple]]]:
    """A command line as pipelines, each with the operator before it (`""` first)."""
    pipelines: list[tuple[str, list[Simple]]] = []
    operator = ""
    stages: list[Simple] = []
    text, stdin = "", None
    redirections: list[tuple[str, bool, str]] = []
    for token in [*_TOKEN.finditer(line), None]:
        if token is None or token["operator"]:
            stages.append(Simple(text.lstrip(), tuple(redirections), stdin))
            text, redirections, stdin = "", [], None
            if token is None or token["operator"] != "|":
                pipelines.append((operator, stages))
                operator, stages = token["operator"] if token else "", []
        elif token["mode"] == "<":
            stdin = token["target"].strip('"')
        elif token["mode"]:
            append = token["mode"] == ">>"
            redirections.append((token["handle"] or "1", append, token["target"]))
        else:
            text += token["quoted"] or token["escaped"] or token["plain"]
    return pipelines


def run(line: str, state: State, console: Console) -> int:
    """Run a command line as `cmd /c` does; returns the exit code."""
    code = 0
    expanded = re.sub(
        r"%([^%\s:=]+)%", lambda m: state.value(m[1]) or m[0], line.strip("\r\n")
    )
    try:
        for operator, stages in parse(expanded):
            if (operator == "&&" and code) or (operator == "||" and not code):
                continue
            code = _run_pipeline(stages, state, console)
    except _Exit as end:
        return end.code
    return code


class _Exit(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def _run_pipeline(stages: list[Simple], state: State, console: Console) -> int:
    """Each stage reads what the one before it wrote; each but a lone one is a process."""
    if len(stages) == 1:
        return _run_simple(stages[0], state, console)
    stdin = None
    code = 0
    for number, stage in enumerate(stages, 1):
        memory = Memory(stdin if stdin is not None else "", console)
        try:
            code = _run_simple(stage, state.copy(), memory)
        except _Exit as end:
            code = end.code
        console.write_error("".join(memory.err))
        stdin = "".join(memory.out)
        if number == len(stages):
            console.write(stdin)
    return code


def _run_simple(command: Simple, state: State, console: Console) -> int:
    if not command.text.strip():
        return 0
    if not command.redirections and command.stdin is None:
        return _call(command.text, state, console)
    stdin = ""
    try:
        if command.stdin and command.stdin.lower() != "nul":
            data = state.host.files.read(state.path(command.stdin))
            stdin = data.decode("utf-8", "replace")
        memory = Memory(stdin, console)
        code = _call(command.text, state, memory)
        _redirect(command, memory, state, console)
    except NotFound:
        console.write_error("The system cannot find the path specified.\r\n")
        return 1
    except InUse:
        console.write_error(IN_USE)
        return 1
    return code


def _redirect(command: Simple, memory: Memory, state: State, console: Console) -> None:
    """Write what came from handles 1 and 2 to where they lead in the end."""
    leads = {"1": (False, "&1"), "2": (False, "&2")}
    for handle, append, target in command.redirections:
        leads[handle] = leads[target[1]] if target.startswith("&") else (append, target)
    written: set[str] = set()
    for handle, texts in (("1", memory.out), ("2", memory.err)):
        append, target = leads[handle]
        text = "".join(texts)
        if target == "&1":
            console.write(text)
        elif target == "&2":
            console.write_error(text)
        elif target.strip('"').lower() != "nul":
            path = state.path(target)
            data = text.encode("utf-8")
            state.host.files.write(path, data, append=append or path in written)
            written.add(path)


Builtin = Callable[[str, State, Console], int]
BUILTINS: dict[str, Builtin] = {}
PROGRAMS: dict[str, Builtin] = {}


def command(table: dict[str, Builtin], *names: str) -> Callable[[Builtin], Builtin]:
    """Register a function as a command of cmd's own, or as a program."""

    def register(function: Builtin) -> Builtin:
        table.update(dict.fromkeys(names, function))
        return function

    return register


def _call(text: str, state: State, console: Console) -> int:
    """One command; the names of cmd's own may end at a dot, slash or colon too."""
    match = re.match(r'@?\s*("[^"]+"|[^\s",;=]+)(.*)', text, re.DOTALL)
    if match is None:
        return _unknown(text, console)
    name, tail = match[1].strip('"'), match[2]
    inner = re.match(r"(?i)(echo|cd|chdir|md|mkdir|dir)(?=[.\\/:])", name)
    if inner and name.lower() not in PROGRAMS:
        return BUILTINS[inner[0].lower()](name[inner.end() :] + tail, state, console)
    function = BUILTINS.get(name.lower()) or program(name)
    return function(tail, state, console) if function else _unknown(name, console)


def program(name: str) -> Builtin | None:
    """The program that a name or a path means; None for none."""
    last = re.split(r"[\\/]", name)[-1].lower()
    return PROGRAMS.get(last.removesuffix(".exe").removesuffix(".com"))


def _unknown(name: str, console: Console) -> int:
    console.write_error(
        f"'{name}' is not recognized as an internal or external command,\r\n"
        "operable program or batch file.\r\n"
    )
    return 1


def words(tail: str) -> list[str]:
    """A command's arguments, without their quotation marks."""
    return [word.replace('"', "") for word in re.findall(r'(?:"[^"]*"?|[^\s"])+', tail)]


@command(BUILTINS, "echo")
def _echo(tail: str, state: State, console: Console) -> int:
    if not tail.strip():
        console.write("ECHO is on.\r\n")
    else:
        console.write(tail[1:] + "\r\n")
    return 0


@command(BUILTINS, "rem")
def _rem(tail: str, state: State, console: Console) -> int:
    return 0


@command(BUILTINS, "set")
def _set(tail: str, state: State, console: Console) -> int:
    text = tail.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    name, equals, value = text.partition("=")
    if equals:
        state.assign(name, value)
        return 0
    found = [
        f"{key}={value}\r\n"
        for key, value in sorted(
            state.variables.items(), key=lambda item: item[0].lower()
        )
        if key.lower().startswith(name.lower())
    ]
    if not found:
        console.write_error(f"Environment variable {name} not defined\r\n")
        return 1
    console.write("".join(found))
    return 0


@command(BUILTINS, "cd", "chdir")
def _cd(tail: str, state: State, console: Console) -> int:
    text = re.sub(r"(?i)^\s*/d\b", "", tail).strip()
    if not text:
        console.write(state.directory + "\r\n")
        return 0
    path = state.path(text)
    if not state.host.files.is_directory(path):
        console.write_error("The system cannot find the path specified.\r\n")
        return 1
    state.directory = state.host.files.shown(path)
    return 0


@command(BUILTINS, "md", "mkdir")
def _mkdir(tail: str, state: State, console: Console) -> int:
    for name in words(tail):
        path = state.path(name)
        if state.host.files.is_directory(path) or state.host.files.is_file(path):
            console.write_error(f"A subdirectory or file {name} already exists.\r\n")
            return 1
        try:
            state.host.files.make_directory(path)
        except NotFound:
            console.write_error("The system cannot find the path specified.\r\n")
            return 1
    return 0


@command(BUILTINS, "rd", "rmdir")
def _rmdir(tail: str, state: State, console: Console) -> int:
    switches = {name.lower() for name in words(tail) if name.startswith("/")}
    names = [name for name in words(tail) if not name.startswith("/")]
    if not names:
        console.write_error("The syntax of the command is incorrect.\r\n")
        return 1
    for name in names:
        try:
            state.host.files.remove_directory(
                state.path(name), with_content="/s" in switches
            )
        except NotFound:
            console.write_error("The system cannot find the file specified.\r\n")
            return 2
        except NotEmpty:
            console.write_error("The directory is not empty.\r\n")
            return 145
        except InUse:
            console.write_error(IN_USE)
            return 1
    return 0


@command(BUILTINS, "del", "erase")
def _del(tail: str, state: State, console: Console) -> int:
    for name in words(tail):
        if re.fullmatch(r"/[a-zA-Z]", name):
            continue
        path = state.path(name)
        try:
            state.host.files.remove(path)
        except NotFound:
            console.write_error(f"Could Not Find {path}\r\n")
        except InUse as error:
            console.write_error(f"{error}\r\n{IN_USE}")
    return 0


@command(BUILTINS, "type")
def _type(tail: str, state: State, console: Console) -> int:
    names = words(tail)
    if not names:
        console.write_error("The syntax of the command is incorrect.\r\n")
        return 1
    for name in names:
        if name.lower() == "nul":
            continue
        try:
            data = state.host.files.read(state.path(name))
        except NotFound:
            console.write_error("The system cannot find the file specified.\r\n")
            return 1
        console.write(data.decode("utf-8", "replace"))
    return 0


@command(BUILTINS, "dir")
def _dir(tail: str, state: State, console: Console) -> int:
    names = words(tail)
    bare = any(name.lower() == "/b" for name in names)
    path = state.path(next((n for n in names if not n.startswith("/")), "."))
    try:
        entries = state.host.files.entries(path)
    except NotFound:
        console.write_error("File Not Found\r\n")
        return 1
    if bare:
        console.write("".join(f"{name}\r\n" for name, _size in entries))
        return 0
    today = time.strftime("%m/%d/%Y  %I:%M %p")
    lines = [
        " Volume in drive C has no label.",
        " Volume Serial Number is 4856-5349",
        "",
        f" Directory of {state.host.files.shown(path)}",
        "",
    ]
    for name, size in entries:
        column = "   <DIR>         " if size is None else f"{size:17,}"
        lines.append(f"{today} {column} {name}")
    sizes = [size for _name, size in entries if size is not None]
    lines += [
        f"{len(sizes):16} File(s) {sum(sizes):14,} bytes",
        f"{len(entries) - len(sizes):16} Dir(s)  21,474,836,480 bytes free",
    ]
    console.write("\r\n".join(lines) + "\r\n")
    return 0


@command(BUILTINS, "exit")
def _exit(tail: str, state: State, console: Console) -> int:
    numbers = [word for word in words(tail) if re.fullmatch(r"-?\d{1,10}", word)]
    raise _Exit(int(numbers[0]) if numbers else 0)


@command(BUILTINS, "ver")
def _ver(tail: str, state: State, console: Console) -> int:
    console.write(f"\r\nMicrosoft Windows [Version {state.host.version}]\r\n")
    return 0


@command(PROGRAMS, "more")
def _more(tail: str, state: State, console: Console) -> int:
    if words(tail):
        return _type(tail, state, console)
    while line := console.read(1):
        console.write(line.rstrip("\r\n") + "\r\n")
    return 0


@command(PROGRAMS, "chcp")
def _chcp(tail: str, state: State, console: Console) -> int:
    console.write(f"Active code page: {(words(tail) or ['437'])[0]}\r\n")
    return 0


@command(PROGRAMS, "hostname")
def _hostname(tail: str, state: State, console: Console) -> int:
    console.write(state.host.computer + "\r\n")
    return 0


@command(PROGRAMS, "whoami")
def _whoami(tail: str, state: State, console: Console) -> int:
    if words(tail):
        console.write_error(f"ERROR: Invalid argument/option - '{words(tail)[0]}'.\r\n")
        return 1
    console.write(state.full_user + "\r\n")
    return 0


@command(PROGRAMS, "ipconfig")
def _ipconfig(tail: str, state: State, console: Console) -> int:
    console.write(
        "\r\nWindows IP Configuration\r\n\r\n\r\nEthernet adapter Ethernet:\r\n\r\n"
        "   Connection-specific DNS Suffix  . : \r\n"
        f"   IPv4 Address. . . . . . . . . . . : {state.host.address}\r\n"
        "   Subnet Mask . . . . . . . . . . . : 255.255.255.0\r\n"
        "   Default Gateway . . . . . . . . . : \r\n"
    )
    return 0


@command(PROGRAMS, "ping")
def _ping(tail: str, state: State, console: Console) -> int:
    """Every address answers, once a second: people pause with it."""
    match = re.search(r"(?i)[-/]n\s+(\d{1,6})", tail)
    count = int(match[1]) if match else 4
    rest = words(re.sub(r"(?i)[-/][nwl]\s+\d+", "", tail))
    if not rest:
        console.write("IP address must be specified.\r\n")
        return 1
    console.write(f"\r\nPinging {rest[-1]} with 32 bytes of data:\r\n")
    for number in range(count):
        if number:
            console.sleep(1)
        console.write(f"Reply from {rest[-1]}: bytes=32 time<1ms TTL=128\r\n")
    console.write(
        f"\r\nPing statistics for {rest[-1]}:\r\n"
        f"    Packets: Sent = {count}, Received = {count}, Lost = 0 (0% loss),\r\n"
    )
    return 0


@command(PROGRAMS, "cmd")
def _cmd(tail: str, state: State, console: Console) -> int:
    """`cmd /c LINE`; without /c or /k the lines of standard input."""
    match = re.search(r"(?i)/[ck]\s*(.*)", tail, re.DOTALL)
    child = state.copy()
    if match:
        line = match[1]
        if re.fullmatch(r'".*"\s*', line, re.DOTALL):
            line = line.strip()[1:-1]
        return run(line, child, console)
    code = 0
    while line := console.read(1):
        if re.match(r"(?i)\s*exit\b", line):
            return run(line, child, console)
        code = run(line, child, console)
    return code


@command(PROGRAMS, "powershell", "pwsh")
def _powershell(tail: str, state: State, console: Console) -> int:
    """PowerShell's own options; see `hvsim.powershell` for what it runs."""
    options = powershell_options(tail)
    script = options.get("command", "")
    if len(script) > 1 and script[0] == script[-1] == '"' and '"' not in script[1:-1]:
        script = script[1:-1]
    encoded = options.get("encodedcommand")
    if encoded is not None:
        try:
            script = base64.b64decode(encoded, validate=True).decode("utf-16-le")
        except (binascii.Error, UnicodeDecodeError):
            console.write_error(
                "Cannot process the command because the value specified with "
                "-EncodedCommand is not properly encoded. The value must be Base64 "
                "encoded.\r\n"
            )
            return 1
    if "file" in options:
        try:
            script = state.host.files.read(state.path(options["file"])).decode()
        except NotFound:
            console.write_error(
                f"The argument '{options['file']}' to the -File parameter does not "
                "exist. Provide the path to an existing '.ps1' file as an argument to "
                "the -File parameter.\r\n"
            )
            return -196608
    elif encoded is None and script.strip() in ("", "-"):
        script = console.read()
    return run_powershell(script, state.copy(), console, clixml=encoded is not None)


_OPTIONS = {
    "encodedcommand": True,
    "command": True,
    "file": True,
    "executionpolicy": True,
    "inputformat": True,
    "outputformat": True,
    "windowstyle": True,
    "version": True,
    "noprofile": False,
    "nologo": False,
    "noninteractive": False,
    "noexit": False,
    "sta": False,
    "mta": False,
}
_ALIASES = {"e": "encodedcommand", "ec": "encodedcommand", "ep": "executionpolicy"}


def powershell_options(tail: str) -> dict[str, str]:
    """powershell.exe's options by their whole names; `-` reads the script from stdin."""
    found: dict[str, str] = {}
    rest = tail.strip()
    while match := re.match(r'[-/](\w+)\s*("[^"]*"|\S*)\s*(.*)', rest, re.DOTALL):
        word, value, after = match[1].lower(), match[2], match[3]
        name = _ALIASES.get(word) or next(
            (known for known in _OPTIONS if known.startswith(word)), None
        )
        if name is None:
            break
        if name == "command":
            found["command"] = rest[match.end(1) :].strip()
            return found
        if _OPTIONS[name]:
            found[name] = value.strip('"')
            rest = after
        else:
            rest = rest[match.end(1) :].strip()
    if rest:
        found["command"] = rest
    return found


def run_powershell(
    script: str, state: State, console: Console, *, clixml: bool = False
) -> int:
    """Run a script as powershell.exe does; returns the exit code.

    Args:
        script: Its text.
        state: Of the process.
        console: Of the process.
        clixml: Errors as CLIXML, which is how they come with -EncodedCommand.
    """
    output = _TextOutput(console)
    session = powershell.Session(
        PowerShellWorld(state), variables={"input": console.read} if clixml else {}
    )
    code = session.run_script(script, output)
    output.flush()
    if output.errors and clixml:
        console.write_error(powershell.clixml_errors(output.errors))
    elif output.errors:
        console.write_error("".join(output.errors))
    return code


class _TextOutput:
    """PowerShell's streams as text on a console."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.errors: list[str] = []
        self._pending: list[object] = []

    def output(self, value: object) -> None:
        """Format it with others of its kind."""
        if isinstance(value, str):
            self.flush()
            self.console.write(value + "\r\n")
        else:
            self._pending.append(value)

    def flush(self) -> None:
        """Write what waits to be formatted together."""
        if self._pending:
            lines = powershell.format_objects(self._pending)
            self._pending = []
            self.console.write("".join(line + "\r\n" for line in lines))

    def error(self, record: powershell.ErrorRecord) -> None:
        """Keep it; standard error is written in one piece."""
        self.errors.append(record.text())

    def warning(self, text: str) -> None:
        """To the host."""
        self.host(f"WARNING: {text}", newline=True)

    def host(self, text: str, *, newline: bool) -> None:
        """To the host, which is standard output here; its lines end with LF (recorded)."""
        self.flush()
        self.console.write(text + ("\n" if newline else ""))

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.flush()
        self.console.sleep(seconds)


class PowerShellWorld:
    """What PowerShell reaches of the host and of cmd's programs."""

    def __init__(self, state: State) -> None:
        self.state = state

    @property
    def files(self) -> Files:
        """The files."""
        return self.state.host.files

    @property
    def directory(self) -> str:
        """The current directory."""
        return self.state.directory

    @directory.setter
    def directory(self, path: str) -> None:
        self.state.directory = path

    def path(self, text: str) -> str:
        """A path as a whole one."""
        return self.state.path(text)

    def variable(self, name: str) -> str | None:
        """Of the environment."""
        return self.state.value(name)

    def assign(self, name: str, value: str) -> None:
        """To the environment."""
        self.state.assign(name, value)

    @property
    def version(self) -> str:
        """Of Windows."""
        return self.state.host.version

    def native(
        self, name: str, arguments: list[str], output: powershell.Output
    ) -> int | None:
        """Run one of cmd's programs; its exit code, or None where there is none."""
        function = program(name)
        if function is None:
            return None
        memory = Memory(behind=_Sleeper(output))
        tail = "".join(f' "{a}"' if re.search(r"\s", a) else f" {a}" for a in arguments)
        code = function(tail, self.state, memory)
        for line in _lines(memory.out):
            output.output(line)
        for line in _lines(memory.err):
            output.error(powershell.native_error(name, line))
        return code


class _Sleeper(Memory):
    def __init__(self, output: powershell.Output) -> None:
        super().__init__()
        self._output = output

    def sleep(self, seconds: float) -> None:
        """Wait as the script itself would."""
        self._output.sleep(seconds)


def _lines(texts: list[str]) -> Iterator[str]:
    yield from "".join(texts).replace("\r\n", "\n").splitlines()
