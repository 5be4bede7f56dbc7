# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few PowerShell scripts that hvsim answers; there is no PowerShell behind it.

Statements, pipelines of a handful of commands, strings, numbers, variables and their
properties, and the two scripts with which packer's winrmcp puts a file together. What is
outside of that is an error record that says so: `HvsimUnknownScript` for a script that
can't be read, and PowerShell's own CommandNotFoundException for an unknown command.
Texts: Windows PowerShell 5.1.
"""

from __future__ import annotations

import base64
import binascii
import ntpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hvsim.files import Files, InUse, NotFound

VERSION = "5.1"


class Version(str):
    """A System.Version."""


class Record(dict[str, object]):
    """An object with properties, shown as a row of a table."""


class Table(dict[str, object]):
    """A hashtable, shown as Name and Value."""


@dataclass(frozen=True)
class ErrorRecord:
    """What stands in the error stream.

    Attributes:
        message: Of the exception.
        identifier: FullyQualifiedErrorId.
        category: A name of ErrorCategory.
        exception: The exception's class.
        target: What it is about.
        command: Of whom it comes.
    """

    message: str
    identifier: str
    category: str = "NotSpecified"
    exception: str = "System.Management.Automation.RuntimeException"
    target: str = ""
    command: str = ""

    def text(self) -> str:
        """As the console shows it."""
        if self.identifier.startswith("NativeCommandError"):
            return self.message + "\r\n"
        by = f"{self.command} : " if self.command else ""
        reason = self.exception.rpartition(".")[2]
        return (
            f"{by}{self.message}\r\n"
            f"    + CategoryInfo          : {self.category}: ({self.target}:String) "
            f"[{self.command}], {reason}\r\n"
            f"    + FullyQualifiedErrorId : {self.identifier}\r\n \r\n"
        )


class Output(Protocol):
    """Where a script's streams go."""

    def output(self, value: object) -> None:
        """One object."""

    def error(self, record: ErrorRecord) -> None:
        """One error."""

    def warning(self, text: str) -> None:
        """One warning."""

    def host(self, text: str, *, newline: bool) -> None:
        """Write-Host."""

    def sleep(self, seconds: float) -> None:
        """Wait; raises when the pipeline is stopped."""


class World(Protocol):
    """What a script reaches outside of itself."""

    directory: str

    @property
    def files(self) -> Files:
        """The files."""

    @property
    def version(self) -> str:
        """Of Windows."""

    def path(self, text: str) -> str:
        """A path as a whole one."""

    def variable(self, name: str) -> str | None:
        """Of the environment."""

    def assign(self, name: str, value: str) -> None:
        """To the environment."""

    def native(self, name: str, arguments: list[str], output: Output) -> int | None:
        """Run a program; its exit code, None where there is none of that name."""


class Exit(Exception):
    """`exit N`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _Failed(Exception):
    """A statement that ends in an error."""

    def __init__(self, record: ErrorRecord) -> None:
        super().__init__(record.message)
        self.record = record


@dataclass(frozen=True)
class Stage:
    """One part of a pipeline.

    Attributes:
        kind: `command`, `expression` or `script`.
        text: The command's name, or the text.
        arguments: Name (None for one by position) and value.
    """

    kind: str
    text: str
    arguments: tuple[tuple[str | None, object], ...] = ()

    def argument(self, *names: str, default: object = None) -> object:
        """The value under one of these names, or the first by position."""
        for name, value in self.arguments:
            if name is not None and any(n.startswith(name.lower()) for n in names):
                return value
        return next((v for n, v in self.arguments if n is None), default)

    def positional(self) -> list[object]:
        """The values without a name."""
        return [value for name, value in self.arguments if name is None]

    def flag(self, name: str) -> bool:
        """Whether a switch is there."""
        return any(
            n is not None and name.startswith(n.lower()) for n, _ in self.arguments
        )


def split(text: str, separators: str) -> list[str]:
    """Cut at separators outside of quotation marks and brackets; comments go."""
    parts, depth, quote, comment = [""], 0, "", False
    for index, char in enumerate(text):
        if comment and char != "\n":
            continue
        comment = False
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "#" and (index == 0 or text[index - 1].isspace()):
            comment = True
            continue
        elif char in "({[":
            depth += 1
        elif char in ")}]":
            depth -= 1
        elif char in separators and depth == 0:
            parts.append("")
            continue
        parts[-1] += char
    return [part.strip() for part in parts if part.strip()]


_KEYWORDS = re.compile(
    r"(begin|class|data|do|dynamicparam|filter|for|foreach|function|if|param|process"
    r"|return|switch|trap|try|until|using|while)(?![\w-])",
    re.IGNORECASE,
)

_SWITCHES = frozenset({"force", "nonewline", "recurse", "stream"})
"""Parameters of the commands below that take no value."""

_RC_TAIL = re.compile(
    r"If \(-not \$\?\) \{ If \(Get-Variable LASTEXITCODE -ErrorAction SilentlyContinue\)"
    r" \{ exit \$LASTEXITCODE \} Else \{ exit 1 \} \}\s*$"
)
"""What Ansible puts after a script whose exit code it wants."""


@dataclass
class Session:
    """A runspace: its variables live on from script to script."""

    world: World
    variables: dict[str, object] = field(default_factory=dict)
    succeeded: bool = True

    def run_script(self, script: str, output: Output) -> int:
        """Run a script to its end or its `exit`; returns the exit code."""
        try:
            self.run(script, output)
        except Exit as end:
            return end.code
        return 0 if self.succeeded else 1

    def run(self, script: str, output: Output) -> None:
        """Run a script's statements.

        Raises:
            Exit: It says `exit`.
        """
        tail = _RC_TAIL.search(script)
        if tail:
            self.run(script[: tail.start()], output)
            if not self.succeeded:
                raise Exit(_number(self.value("LASTEXITCODE")) or 1)
            return
        for pattern, function in _WHOLE_SCRIPTS:
            match = pattern.search(script)
            if match:
                self.succeeded = True
                function(self, match, output)
                return
        for statement in split(script, ";\r\n"):
            self.run_statement(statement, output)

    def run_statement(self, text: str, output: Output) -> None:
        """Run one statement; an error goes to the error stream and the next one runs."""
        self.succeeded = True
        try:
            match = re.match(r"(?i)exit\b\s*(.*)", text)
            if match:
                raise Exit(_number(self.evaluate(match[1])) if match[1] else 0)
            match = re.match(r"\$((?:\w+:)?\w+)\s*=(?!=)\s*(.*)", text, re.DOTALL)
            if match:
                self.assign(match[1], self._assigned(match[2]))
                return
            self.run_pipeline(self.parse(text), output)
        except _Failed as failed:
            self.succeeded = False
            output.error(failed.record)

    def parse(self, text: str) -> list[Stage]:
        """A pipeline's text as stages."""
        stages = [self._stage(part) for part in split(text, "|")]
        if not stages:
            raise _Failed(_unknown_script(text))
        return stages

    def _stage(self, text: str) -> Stage:
        text = re.sub(r"^[&.]\s+", "", text)
        if re.match(r"\{.*\}$", text, re.DOTALL):
            return Stage("script", text[1:-1])
        if re.match(r"""['"$\d(\[@-]""", text):
            return Stage("expression", text)
        match = re.match(r"[^\s]+", text)
        assert match
        if _KEYWORDS.match(text):
            raise _Failed(_unknown_script(text))
        return Stage(
            "command", match[0], tuple(self._arguments(text[match.end() :].strip()))
        )

    def _arguments(self, text: str) -> Iterator[tuple[str | None, object]]:
        """`-Name value`, `-Name:value`, switches and values by position."""
        name: str | None = None
        for match in re.finditer(
            r"""-(?P<name>[A-Za-z]\w*):?|'(?:[^']|'')*'|"[^"]*"|\([^()]*\)|,|[^\s,]+""",
            text,
        ):
            if match["name"]:
                if name is not None:
                    yield name, True
                name = match["name"]
                if name.lower() in _SWITCHES:
                    yield name, True
                    name = None
            elif match[0] != ",":
                yield name, self._word(match[0])
                name = None
        if name is not None:
            yield name, True

    def _word(self, text: str) -> object:
        """An argument: an expression where it looks like one, otherwise plain text."""
        if text[0] in "'\"$(" or re.fullmatch(r"-?\d+", text):
            return self.evaluate(text)
        return text

    def _assigned(self, text: str) -> object:
        """The value of an assignment's right side."""
        collected = _Collected()
        self.run_pipeline(self.parse(text), collected)
        values = collected.values
        return values[0] if len(values) == 1 else (values or None)

    def assign(self, name: str, value: object) -> None:
        """Set a variable, `env:NAME` included."""
        scope, colon, rest = name.partition(":")
        if colon and scope.lower() == "env":
            self.world.assign(rest, str(value))
        else:
            self.variables[(rest if colon else scope).lower()] = value

    def value(self, name: str) -> object:
        """A variable's value; None where there is none."""
        scope, colon, rest = name.partition(":")
        if colon and scope.lower() == "env":
            return self.world.variable(rest)
        name = (rest if colon else scope).lower()
        known: Mapping[str, object] = {
            "psversiontable": version_table(self.world.version),
            "pwd": Record(Path=self.world.directory),
            "true": True,
            "false": False,
            "null": None,
            "?": self.succeeded,
        }
        value = self.variables.get(name, known.get(name))
        if name == "input" and callable(value):
            return value()
        return value

    def evaluate(self, text: str) -> object:
        """An expression's value.

        Raises:
            _Failed: It is none that hvsim knows.
        """
        text = text.strip()
        if re.fullmatch(r"'(?:[^']|'')*'", text):
            return text[1:-1].replace("''", "'")
        if re.fullmatch(r'"[^"]*"', text):
            return self.expand(text[1:-1])
        if re.fullmatch(r"-?\d{1,18}", text):
            return int(text)
        match = re.fullmatch(r"\$((?:\w+:)?(?:\w+|\?))((?:\.\w+(?:\(\))?)*)", text)
        if match:
            return self._members(self.value(match[1]), match[2])
        match = re.fullmatch(r"(-?\d{1,18})\s*([+*-])\s*(-?\d{1,18})", text)
        if match:
            left, right = int(match[1]), int(match[3])
            return {"+": left + right, "-": left - right, "*": left * right}[match[2]]
        match = re.fullmatch(r"\((.*)\)((?:\.\w+(?:\(\))?)*)", text, re.DOTALL)
        if match:
            return self._members(self._assigned(match[1]), match[2])
        raise _Failed(_unknown_script(text))

    def _members(self, value: object, text: str) -> object:
        for name, call in re.findall(r"\.(\w+)(\(\))?", text):
            value = _member(value, name.lower(), bool(call))
        return value

    def expand(self, text: str) -> str:
        """The variables in a string with double quotation marks."""

        def replaced(match: re.Match[str]) -> str:
            if match["escape"]:
                return {"n": "\n", "r": "\r", "t": "\t"}.get(
                    match["escape"], match["escape"]
                )
            value = (
                self.evaluate(match["inner"])
                if match["inner"] is not None
                else self.value(match["name"])
            )
            return "" if value is None else to_string(value)

        return re.sub(
            r"`(?P<escape>.)|\$\((?P<inner>[^()]*(?:\(\))?)\)|\$(?P<name>(?:\w+:)?\w+)",
            replaced,
            text,
            flags=re.DOTALL,
        )

    def run_pipeline(self, stages: Sequence[Stage], output: Output) -> None:
        """Run stages, each with what the one before it wrote.

        Raises:
            Exit: It says `exit`.
            _Failed: It ends in an error.
        """
        *before, last = stages
        values: list[object] = []
        for stage in before:
            collected = _Collected(output)
            self._run_stage(stage, values, collected)
            values = collected.values
        self._run_stage(last, values, output)

    def run_commands(self, stages: Sequence[Stage], output: Output) -> None:
        """A pipeline that came as objects (PSRP); its error goes to the error stream."""
        self.succeeded = True
        try:
            self.run_pipeline(stages, output)
        except _Failed as failed:
            self.succeeded = False
            output.error(failed.record)

    def _run_stage(self, stage: Stage, values: list[object], output: Output) -> None:
        if stage.kind == "script":
            self.run(stage.text, output)
        elif stage.kind == "expression":
            value = self.evaluate(stage.text)
            for item in value if isinstance(value, list) else [value]:
                if item is not None:
                    output.output(item)
        else:
            self._run_command(stage, values, output)

    def _run_command(self, stage: Stage, values: list[object], output: Output) -> None:
        name = stage.text.strip("'\"")
        function = COMMANDS.get(_ALIASES.get(name.lower(), name.lower()))
        if function is not None:
            function(self, stage, values, output)
            return
        words = []
        for option, value in stage.arguments:
            words += [f"-{option}"] if option is not None else []
            words += [to_string(value)] if option is None or value is not True else []
        code = self.world.native(name, words, output)
        if code is None:
            raise _Failed(_not_found(name))
        self.variables["lastexitcode"] = code
        self.succeeded = code == 0


@dataclass
class _Collected:
    """A stage's objects for the next one; its other streams go where they always go."""

    behind: Output | None = None
    values: list[object] = field(default_factory=list)

    def output(self, value: object) -> None:
        """Keep it."""
        self.values.append(value)

    def error(self, record: ErrorRecord) -> None:
        """Through."""
        if self.behind:
            self.behind.error(record)

    def warning(self, text: str) -> None:
        """Through."""
        if self.behind:
            self.behind.warning(text)

    def host(self, text: str, *, newline: bool) -> None:
        """Through."""
        if self.behind:
            self.behind.host(text, newline=newline)

    def sleep(self, seconds: float) -> None:
        """Through."""
        if self.behind:
            self.behind.sleep(seconds)


def _number(value: object) -> int:
    return int(value) if isinstance(value, int) else 0


def _member(value: object, name: str, call: bool) -> object:
    """A property, or one of the methods that strings have."""
    if call:
        text = to_string(value)
        methods: dict[str, Callable[[], object]] = {
            "tostring": lambda: text,
            "trim": text.strip,
            "toupper": text.upper,
            "tolower": text.lower,
        }
        if name in methods:
            return methods[name]()
    elif isinstance(value, dict):
        return next((v for k, v in value.items() if k.lower() == name), None)
    elif name == "length" and isinstance(value, str):
        return len(value)
    elif isinstance(value, Version) and name in ("major", "minor", "build", "revision"):
        parts = [*map(int, value.split(".")), -1, -1, -1]
        return parts[("major", "minor", "build", "revision").index(name)]
    elif value is None:
        return None
    raise _Failed(_unknown_script(f".{name}"))


def version_table(windows: str) -> Table:
    """$PSVersionTable of Windows PowerShell 5.1."""
    build = windows.rpartition(".")[2]
    return Table(
        PSVersion=Version(f"{VERSION}.{build}.1"),
        PSEdition="Desktop",
        BuildVersion=Version(f"{windows}.1"),
        CLRVersion=Version("4.0.30319.42000"),
        WSManStackVersion=Version("3.0"),
        PSRemotingProtocolVersion=Version("2.3"),
        SerializationVersion=Version("1.1.0.1"),
    )


def to_string(value: object) -> str:
    """As PowerShell puts a value into a string."""
    if isinstance(value, Table):
        return "System.Collections.Hashtable"
    if isinstance(value, Record):
        if list(value) == ["Path"]:
            return str(value["Path"])
        return "@{" + "; ".join(f"{k}={to_string(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return " ".join(map(to_string, value))
    return "" if value is None else str(value)


def format_objects(values: Sequence[object]) -> list[str]:
    """The lines that Out-String makes of objects."""
    lines: list[str] = []
    records = [value for value in values if isinstance(value, Record)]
    for value in values:
        if isinstance(value, Table):
            pairs = [(name, to_string(v)) for name, v in value.items()]
            lines += _columns([("Name", "Value"), *pairs])
        elif isinstance(value, Record):
            if value is records[0]:
                rows: list[tuple[str, ...]] = [
                    tuple(map(to_string, r.values())) for r in records
                ]
                lines += _columns([tuple(value), *rows])
        elif value is not None:
            lines += to_string(value).splitlines() or [""]
    return lines


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    ruled = [rows[0], tuple("-" * len(name) for name in rows[0]), *rows[1:]]
    lines = [
        " ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in ruled
    ]
    return ["", *(line.rstrip() for line in lines), "", ""]


def clixml_errors(texts: Sequence[str]) -> str:
    """powershell.exe's standard error with -EncodedCommand ([MS-PSRP] 2.2.5.1.1)."""
    elements = []
    for text in texts:
        for line in text.splitlines(keepends=True):
            escaped = (
                line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            )
            escaped = escaped.replace("\r", "_x000D_").replace("\n", "_x000A_")
            elements.append(f'<S S="Error">{escaped}</S>')
    return (
        '#< CLIXML\r\n<Objs Version="1.1.0.1" '
        'xmlns="http://schemas.microsoft.com/powershell/2004/04">'
        + "".join(elements)
        + "</Objs>"
    )


def native_error(name: str, line: str) -> ErrorRecord:
    """What a program's line on standard error becomes."""
    return ErrorRecord(
        line,
        "NativeCommandError",
        exception="System.Management.Automation.RemoteException",
        target=line,
        command=name,
    )


def call_depth_overflow() -> ErrorRecord:
    """A script that calls itself without end."""
    return ErrorRecord(
        "The script failed due to call depth overflow.",
        "CallDepthOverflow",
        "InvalidOperation",
        "System.Management.Automation.ScriptCallDepthException",
    )


def _unknown_script(text: str) -> ErrorRecord:
    first = text.strip().splitlines()[0][:60] if text.strip() else ""
    return ErrorRecord(
        f"hvsim has no PowerShell and can't run this: {first}",
        "HvsimUnknownScript",
        "NotImplemented",
        "System.NotImplementedException",
        first,
    )


def _not_found(name: str) -> ErrorRecord:
    return ErrorRecord(
        f"The term '{name}' is not recognized as the name of a cmdlet, function, script "
        "file, or operable program. Check the spelling of the name, or if a path was "
        "included, verify that the path is correct and try again.",
        "CommandNotFoundException",
        "ObjectNotFound",
        "System.Management.Automation.CommandNotFoundException",
        name,
        name,
    )


def _no_path(path: str, command: str) -> _Failed:
    return _Failed(
        ErrorRecord(
            f"Cannot find path '{path}' because it does not exist.",
            f"PathNotFound,Microsoft.PowerShell.Commands.{command.replace('-', '')}Command",
            "ObjectNotFound",
            "System.Management.Automation.ItemNotFoundException",
            path,
            command,
        )
    )


def _in_use(path: str, command: str) -> _Failed:
    name = command.replace("-", "")
    return _Failed(
        ErrorRecord(
            f"The process cannot access the file '{path}' because it is being used by "
            "another process.",
            f"{name}IOError,Microsoft.PowerShell.Commands.{name}Command",
            "WriteError",
            "System.IO.IOException",
            path,
            command,
        )
    )


Command = Callable[[Session, Stage, list[object], Output], None]
COMMANDS: dict[str, Command] = {}
_ALIASES = {
    "echo": "write-output",
    "write": "write-output",
    "pwd": "get-location",
    "gl": "get-location",
    "cd": "set-location",
    "chdir": "set-location",
    "sl": "set-location",
    "iex": "invoke-expression",
    "sleep": "start-sleep",
    "cat": "get-content",
    "gc": "get-content",
    "type": "get-content",
    "ls": "get-childitem",
    "dir": "get-childitem",
    "gci": "get-childitem",
    "rm": "remove-item",
    "del": "remove-item",
    "ri": "remove-item",
    "sc": "set-content",
}


def _command(name: str) -> Callable[[Command], Command]:
    def register(function: Command) -> Command:
        COMMANDS[name] = function
        return function

    return register


@_command("write-output")
def _write_output(
    session: Session, stage: Stage, values: list[object], output: Output
) -> None:
    for value in [*values, *(value for _name, value in stage.arguments)]:
        output.output(value)


@_command("write-host")
def _write_host(
    session: Session, stage: Stage, values: list[object], output: Output
) -> None:
    words = [to_string(value) for value in [*values, *stage.positional()]]
    output.host(" ".join(words), newline=not stage.flag("nonewline"))


@_command("write-warning")
def _write_warning(
    session: Session, stage: Stage, values: list[object], output: Output
) -> None:
    output.warning(to_string(stage.argument("message")))


@_command("write-error")
def _write_error(
    session: Session, stage: Stage, values: list[object], output: Output
) -> None:
    raise _Failed(
        ErrorRecord(
            to_string(stage.argument("message")),
            "Microsoft.PowerShell.Commands.WriteErrorException",
            exception="Microsoft.PowerShell.Commands.WriteErrorException",
            command="Write-Error",
        )
    )


@_command("throw")
def _throw(
    session: Session, stage: Stage, values: list[object], output: Output
) -> None:
    text = " ".join(to_string(value) for value in stage.positional())
    output.error(ErrorRecord(text, text, "OperationStopped", target=text))
    raise Exit(1)


@_command("out-null")
def _out_null(
    session: Session, stage: Stage, values: list[object], output: Output
) -> None:
    return


@_command("out-default")
@_command("out-host")
def _out_default(
    session: Session, stage: Stage, values: list[object], output: Output
) -> None:
    for value in values:
        output.output(value)


@_command("out-string")
def _out_string(
    session: Session, stage: Stage, values: list[object], output: Output
) -> None:
    lines = format_objects(values)
    if stage.flag("stream"):
        for line in lines:
            output.output(line)
    else:
        output.output("".join(line + "\r\n" for line in lines))


@_command("invoke-expression")
def _invoke_expression(
    session: Session, stage: Stage, values: list[object], output: Output
) -> None:
    session.run(to_string(stage.argument("command", default=values)), output)


@_command("start-sleep")
def _start_sleep(
    session: Session, stage: Stage, values: list[object], output: Output
) -> None:
    value = stage.argument("seconds", "milliseconds", default=0)
    try:
        seconds = float(to_string(value))
    except ValueError:
        raise _Failed(_unknown_script(f"Start-Sleep {to_string(value)}")) from None
    milliseconds = any(
        name and len(name) > 1 and "milliseconds".startswith(name.lower())
        for name, _value in stage.arguments
    )
    output.sleep(seconds / 1000 if milliseconds else seconds)


@_command("get-location")
def _get_location(
    session: Session, stage: Stage, values: list[object], output: Output
) -> None:
    output.output(Record(Path=session.world.directory))


@_command("set-location")
def _set_location(
    session: Session, stage: Stage, values: list[object], output: Output
) -> None:
    path = session.world.path(
        to_string(stage.argument("path", "literalpath", default="~"))
    )
    if not session.world.files.is_directory(path):
        raise _no_path(path, "Set-Location")
    session.world.directory = session.world.files.shown(path)


@_command("get-content")
def _get_content(
    session: Session, stage: Stage, values: list[object], output: Output
) -> None:
    path = session.world.path(to_string(stage.argument("path", "literalpath")))
    try:
        data = session.world.files.read(path)
    except NotFound:
        raise _no_path(path, "Get-Content") from None
    for line in data.decode("utf-8", "replace").splitlines():
        output.output(line)


@_command("set-content")
def _set_content(
    session: Session, stage: Stage, values: list[object], output: Output
) -> None:
    positional = stage.positional()
    path = session.world.path(to_string(stage.argument("path", "literalpath")))
    content = values or positional[1:]
    text = "".join(to_string(value) + "\r\n" for value in content)
    try:
        session.world.files.write(path, text.encode())
    except NotFound:
        raise _no_path(path, "Set-Content") from None
    except InUse:
        raise _in_use(path, "Set-Content") from None


@_command("remove-item")
def _remove_item(
    session: Session, stage: Stage, values: list[object], output: Output
) -> None:
    path = session.world.path(to_string(stage.argument("path", "literalpath")))
    try:
        session.world.files.remove(path)
    except NotFound:
        raise _no_path(path, "Remove-Item") from None
    except InUse:
        raise _in_use(path, "Remove-Item") from None


@_command("test-path")
def _test_path(
    session: Session, stage: Stage, values: list[object], output: Output
) -> None:
    path = session.world.path(to_string(stage.argument("path", "literalpath")))
    files = session.world.files
    output.output(files.is_directory(path) or files.is_file(path))


@_command("get-childitem")
def _get_child_item(
    session: Session, stage: Stage, values: list[object], output: Output
) -> None:
    path = session.world.path(
        to_string(stage.argument("path", "literalpath", default="."))
    )
    try:
        entries = session.world.files.entries(path)
    except NotFound:
        raise _no_path(path, "Get-ChildItem") from None
    for name, size in entries:
        mode = "d-----" if size is None else "-a----"
        output.output(Record(Mode=mode, Length=size, Name=name))


def _restore(session: Session, match: re.Match[str], output: Output) -> None:
    """winrmcp: the lines of one file, each base64, become another file."""
    source = session.world.path(session.expand(match["source"]))
    target = session.world.path(session.expand(match["target"]).strip("'"))
    files = session.world.files
    if files.is_directory(target):
        raise Exit(1)
    files.make_directory(ntpath.dirname(target))
    try:
        lines = files.read(source).split() if files.is_file(source) else []
        files.write(target, b"".join(base64.b64decode(line) for line in lines))
    except (binascii.Error, InUse, NotFound) as error:
        raise Exit(1) from error


def _clean_up(session: Session, match: re.Match[str], output: Output) -> None:
    """winrmcp: remove the file that it sent, if it is there."""
    source = session.world.path(session.expand(match["source"]))
    if session.world.files.is_file(source):
        session.world.files.remove(source)


_SOURCE = (
    r'\$tmp_file_path = \[System\.IO\.Path\]::GetFullPath\("(?P<source>[^"]*)"\)\s*'
)
_WHOLE_SCRIPTS: tuple[
    tuple[re.Pattern[str], Callable[[Session, re.Match[str], Output], None]], ...
] = (
    (
        re.compile(
            _SOURCE + r'\$dest_file_path = \[System\.IO\.Path\]::GetFullPath\("'
            r'(?P<target>[^"]*)"\.Trim\("\'"\)\)[\s\S]*FromBase64String'
        ),
        _restore,
    ),
    (
        re.compile(
            _SOURCE + r"if \(Test-Path \$tmp_file_path\) \{\s*Remove-Item "
            r"\$tmp_file_path -ErrorAction SilentlyContinue\s*\}\s*$"
        ),
        _clean_up,
    ),
)
