# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell: the scripts that hvsim answers, and what it says to others."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvsim.interpreter import Host, Memory, PowerShellWorld, State, run_powershell
from hvsim.powershell import Session, split

RESTORE = r"""
    $tmp_file_path = [System.IO.Path]::GetFullPath("$env:TEMP\part.tmp")
    $dest_file_path = [System.IO.Path]::GetFullPath("C:\new\x.bin".Trim("'"))
    if (Test-Path $dest_file_path) { rm $dest_file_path }
    $bytes = [System.Convert]::FromBase64String($base64_line)
"""


def new_state() -> State:
    return State(Host(), "Administrator")


def outcome(script: str, state: State | None = None) -> tuple[int, str, str]:
    console = Memory()
    code = run_powershell(script, state or new_state(), console)
    return code, "".join(console.out), "".join(console.err)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("hostname", "HVSIM\r\n"),
        ("'it''s'", "it's\r\n"),
        ('"on $env:COMPUTERNAME"', "on HVSIM\r\n"),
        ('"$($PSVersionTable.PSVersion.Major) `$x"', "5 $x\r\n"),
        ("$PSVersionTable.PSVersion.ToString()", "5.1.20348.1\r\n"),
        ("Write-Output a 'b c'", "a\r\nb c\r\n"),
        ("echo a | Out-Null; 7", "7\r\n"),
        ("2 * 21", "42\r\n"),
        ("$x = whoami; $x.ToUpper()", "HVSIM\\ADMINISTRATOR\r\n"),
        ("Write-Host -NoNewline a; Write-Host b", "ab\n"),
        ("Write-Warning w", "WARNING: w\n"),
        ("Get-Location", "\r\nPath\r\n----\r\nC:\\Users\\Administrator\r\n\r\n\r\n"),
        ("cd C:\\windows; $pwd.Path", "C:\\Windows\r\n"),
        ("Set-Content f 'text'; Get-Content f; Test-Path f", "text\r\nTrue\r\n"),
        ("(pwd).Path", "C:\\Users\\Administrator\r\n"),
        ("echo (hostname) b", "HVSIM\r\nb\r\n"),
        ("Invoke-Expression 'hostname'", "HVSIM\r\n"),
        ("& { hostname }  # why", "HVSIM\r\n"),
        ("$ProgressPreference = 'SilentlyContinue'\nhostname", "HVSIM\r\n"),
        ("cmd /c exit 3; $LASTEXITCODE", "3\r\n"),
        ("powershell -NoProfile -Command hostname", "HVSIM\r\n"),
        ("$nothing", ""),
    ],
)
def test_script_writes(script: str, expected: str) -> None:
    assert outcome(script) == (0, expected, "")


@pytest.mark.parametrize(
    ("script", "code", "identifier"),
    [
        ("Get-Foo", 1, "CommandNotFoundException"),
        ("if ($true) { 1 }", 1, "HvsimUnknownScript"),
        ("[Math]::Sqrt(2)", 1, "HvsimUnknownScript"),
        ("$x.Frob()", 1, "HvsimUnknownScript"),
        ("Start-Sleep soon", 1, "HvsimUnknownScript"),
        ("Get-Content nosuch", 1, "PathNotFound,Microsoft.PowerShell.Commands"),
        ("Set-Location nosuch", 1, "PathNotFound"),
        ("Write-Error bad", 1, "WriteErrorException"),
        ("throw 'bad'; hostname", 1, "FullyQualifiedErrorId : bad"),
        ("Get-Foo; exit 4", 4, "CommandNotFoundException"),
    ],
)
def test_script_fails(script: str, code: int, identifier: str) -> None:
    found, out, err = outcome(script)
    assert (found, out) == (code, "")
    assert identifier in err


def test_exit_ends_the_script() -> None:
    assert outcome("exit 9; hostname") == (9, "", "")


def test_exit_code_of_a_program_behind_the_lines_of_ansible() -> None:
    tail = (
        "\nIf (-not $?) { If (Get-Variable LASTEXITCODE -ErrorAction SilentlyContinue) "
        "{ exit $LASTEXITCODE } Else { exit 1 } }"
    )
    assert outcome("cmd /c exit 3" + tail)[0] == 3
    assert outcome("hostname" + tail)[0] == 0


def test_winrmcps_scripts_put_a_file_together() -> None:
    state = new_state()
    part = state.path(r"AppData\Local\Temp\part.tmp")
    lines = [base64.b64encode(b"one"), base64.b64encode(b"\0two")]
    state.host.files.write(part, b" \r\n".join(lines))
    assert outcome(RESTORE, state) == (0, "", "")
    assert state.host.files.read(r"C:\new\x.bin") == b"one\0two"
    clean = RESTORE.splitlines()[1] + (
        "\nif (Test-Path $tmp_file_path) {\n"
        "Remove-Item $tmp_file_path -ErrorAction SilentlyContinue\n}"
    )
    assert outcome(clean, state) == (0, "", "")
    assert not state.host.files.is_file(part)


def test_winrmcps_script_with_broken_base64_fails() -> None:
    state = new_state()
    part = state.path(r"AppData\Local\Temp\part.tmp")
    state.host.files.write(part, b"A")
    assert outcome(RESTORE, state)[0] == 1


def test_a_session_keeps_variables_from_script_to_script() -> None:
    session = Session(PowerShellWorld(new_state()))
    session.assign("x", "kept")
    assert session.evaluate('"$x"') == "kept"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a;b", ["a", "b"]),
        ("'a;b';c", ["'a;b'", "c"]),
        ("& {a;b};c", ["& {a;b}", "c"]),
        ('"(";b', ['"("', "b"]),
        (";;", []),
    ],
)
def test_split_leaves_quotes_and_brackets_whole(text: str, parts: list[str]) -> None:
    assert split(text, ";") == parts


@given(
    st.lists(
        st.sampled_from(
            [
                *("hostname", "echo", "$x", "$x =", "exit", "throw", "cd", "iex", "1"),
                *(
                    "'a",
                    "'",
                    '"',
                    "$(",
                    ")",
                    "(",
                    "{",
                    "}",
                    "|",
                    ";",
                    "#",
                    "-Name",
                    ".",
                ),
                *(
                    "&",
                    "$pwd.Path",
                    ".Length",
                    "sc f",
                    "gc f",
                    "rm f",
                    "ls",
                    "Out-String",
                ),
            ]
        ),
        max_size=12,
    )
)
def test_any_script_ends_with_a_code(words: list[str]) -> None:
    assert isinstance(outcome(" ".join(words))[0], int)
