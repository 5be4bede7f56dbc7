# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cmd: command lines, what they write, their exit codes."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvsim.interpreter import (
    Host,
    Memory,
    Simple,
    State,
    parse,
    powershell_options,
    run,
)

UNKNOWN = (
    "'nosuch' is not recognized as an internal or external command,\r\n"
    "operable program or batch file.\r\n"
)


def new_state() -> State:
    return State(Host(), "HVSIM\\Administrator")


def outcome(
    line: str, stdin: str = "", state: State | None = None
) -> tuple[int, str, str]:
    console = Memory(stdin)
    code = run(line, state or new_state(), console)
    return code, "".join(console.out), "".join(console.err)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("echo hi", "hi\r\n"),
        ("ECHO  two  blanks", " two  blanks\r\n"),
        ("echo.", "\r\n"),
        ("echo", "ECHO is on.\r\n"),
        ("echo a^&b", "a&b\r\n"),
        ('echo "a & b"', '"a & b"\r\n'),
        ("echo %COMPUTERNAME% %nosuch%", "HVSIM %nosuch%\r\n"),
        ("hostname", "HVSIM\r\n"),
        ("hostname.exe", "HVSIM\r\n"),
        (r'"C:\Windows\System32\hostname.exe"', "HVSIM\r\n"),
        ("whoami", "hvsim\\administrator\r\n"),
        ("ver", "\r\nMicrosoft Windows [Version 10.0.20348]\r\n"),
        ("cd", "C:\\Users\\Administrator\r\n"),
        (r"cd /d C:\windows & cd", "C:\\Windows\r\n"),
        ("set X=1&&set x", "X=1\r\n"),
        ("cmd /c echo hi", "hi\r\n"),
        ('cmd.exe /c "echo hi & hostname"', "hi \r\nHVSIM\r\n"),
        ("echo one& echo two", "one\r\ntwo\r\n"),
        ("nosuch 2>nul || echo no", "no\r\n"),
        ("echo hi > nul", ""),
        ("nosuch 2>&1", UNKNOWN),
        ("nosuch 2>&1 | more", UNKNOWN),
        ("echo hi>f.txt & type f.txt", "hi \r\n"),
        ("echo 1>f&echo b>>f&type f", "ECHO is on.\r\nb\r\n"),
        ("echo x>f&more<f", "x\r\n"),
        ("mkdir d & echo x>d\\f & dir /b d", "f\r\n"),
        ("rem anything", ""),
    ],
)
def test_command_line_writes(line: str, expected: str) -> None:
    _code, out, _err = outcome(line)
    assert out == expected


@pytest.mark.parametrize(
    ("line", "code", "err"),
    [
        ("nosuch", 1, UNKNOWN),
        ("exit 5", 5, ""),
        ("exit /b 7 & echo never", 7, ""),
        ("cmd /c exit 3", 3, ""),
        ("cmd /c exit 3 & hostname", 0, ""),
        ("nosuch 2>nul && echo never", 1, ""),
        ("cd nowhere", 1, "The system cannot find the path specified.\r\n"),
        ("type nosuch", 1, "The system cannot find the file specified.\r\n"),
        ("set nosuch", 1, "Environment variable nosuch not defined\r\n"),
        ("echo x > Z:\\f", 1, "The system cannot find the path specified.\r\n"),
        ("del nosuch", 0, "Could Not Find C:\\Users\\Administrator\\nosuch\r\n"),
        ("whoami /nosuch", 1, "ERROR: Invalid argument/option - '/nosuch'.\r\n"),
    ],
)
def test_command_line_ends_with(line: str, code: int, err: str) -> None:
    found, _out, found_err = outcome(line)
    assert (found, found_err) == (code, err)


def test_files_are_kept_and_can_be_removed() -> None:
    state = new_state()
    assert outcome("echo x> f.txt", state=state)[0] == 0
    assert outcome("dir /b", state=state)[1] == "AppData\r\nf.txt\r\n"
    assert "1 File(s)" in outcome("dir", state=state)[1]
    assert outcome("del f.txt & dir /b", state=state)[1] == "AppData\r\n"


def test_more_copies_standard_input() -> None:
    assert outcome("more", "a\r\nb\r\n")[1] == "a\r\nb\r\n"


def test_cmd_without_command_runs_the_lines_of_standard_input() -> None:
    code, out, _err = outcome("cmd", "echo a\r\nexit 4\r\necho never\r\n")
    assert (code, out) == (4, "a\r\n")


def test_ping_waits_a_second_between_answers() -> None:
    class Clock(Memory):
        def __init__(self) -> None:
            super().__init__()
            self.slept: list[float] = []

        def sleep(self, seconds: float) -> None:
            self.slept.append(seconds)

    console = Clock()
    assert run("ping -n 4 127.0.0.1", new_state(), console) == 0
    assert console.slept == [1, 1, 1]
    assert "".join(console.out).count("Reply from 127.0.0.1") == 4


@pytest.mark.parametrize(
    ("line", "pipelines"),
    [
        ("a", [("", ["a"])]),
        ("a|b&&c", [("", ["a", "b"]), ("&&", ["c"])]),
        ("a||b&c", [("", ["a"]), ("||", ["b"]), ("&", ["c"])]),
        ('"a|b"', [("", ['"a|b"'])]),
        ("a^|b", [("", ["a|b"])]),
    ],
)
def test_parse_cuts_at_operators(
    line: str, pipelines: Sequence[tuple[str, Sequence[str]]]
) -> None:
    found = [(operator, [s.text for s in stages]) for operator, stages in parse(line)]
    assert found == list(pipelines)


def test_parse_keeps_redirections_apart() -> None:
    assert parse("a 2>>e 1>&2 <i")[0][1] == [
        Simple("a   ", (("2", True, "e"), ("1", False, "&2")), "i")
    ]


@pytest.mark.parametrize(
    ("tail", "options"),
    [
        (" -enc AA==", {"encodedcommand": "AA=="}),
        (
            " -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand A",
            {"executionpolicy": "Unrestricted", "encodedcommand": "A"},
        ),
        (' -Command "a -b c"', {"command": '"a -b c"'}),
        (" hostname", {"command": "hostname"}),
        (" -", {"command": "-"}),
        ("", {}),
    ],
)
def test_powershell_options(tail: str, options: dict[str, str]) -> None:
    assert powershell_options(tail) == options


def test_encoded_powershell_writes_its_errors_as_clixml() -> None:
    script = base64.b64encode("hostname; Get-Foo".encode("utf-16-le")).decode()
    code, out, err = outcome(f"powershell -EncodedCommand {script}")
    assert (code, out) == (1, "HVSIM\r\n")
    assert err.startswith("#< CLIXML\r\n<Objs ")
    assert "CommandNotFoundException_x000D__x000A_" in err


def test_encoded_powershell_that_is_not_base64_is_refused() -> None:
    code, _out, err = outcome("powershell -enc ???")
    assert code == 1
    assert "not properly encoded" in err


def test_powershell_reads_its_script_from_standard_input() -> None:
    assert outcome("powershell -", "hostname\r\nexit 6\r\n")[:2] == (6, "HVSIM\r\n")


def test_powershell_runs_a_file_and_tells_when_it_is_missing() -> None:
    state = new_state()
    run("echo whoami> s.ps1", state, Memory())
    assert (
        outcome("powershell -File s.ps1", state=state)[1] == "hvsim\\administrator\r\n"
    )
    code, _out, err = outcome("powershell -File nosuch.ps1", state=state)
    assert code == -196608
    assert "does not exist" in err


@given(
    st.lists(
        st.sampled_from(
            [
                *(
                    "echo",
                    "set",
                    "cd",
                    "type",
                    "dir",
                    "more",
                    "exit",
                    "cmd /c",
                    "nosuch",
                ),
                *("powershell", "-enc", "hostname", "nul", "f", "%X%", "X=1", "C:\\"),
                *(
                    "&",
                    "&&",
                    "|",
                    "||",
                    ">",
                    ">>",
                    "<",
                    "2>&1",
                    "^",
                    '"',
                    "(",
                    ")",
                    "%",
                ),
            ]
        ),
        max_size=12,
    )
)
def test_any_line_ends_with_a_code(line: list[str]) -> None:
    assert isinstance(outcome(" ".join(line), "exit\r\n")[0], int)


@given(st.text(max_size=40))
def test_any_text_ends_with_a_code(line: str) -> None:
    assert isinstance(outcome(line)[0], int)
