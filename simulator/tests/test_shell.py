# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The remote shell on the wire: what is answered, what is refused, and when it ends."""

from __future__ import annotations

import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psrpcore
import pytest
from lxml import etree

from hvsim.outlet import PIECE, Outlet
from hvsim.simulator import Simulator

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
CMD = SHELL + "/cmd"
POWERSHELL = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"
RSP = f"{{{SHELL}}}"
XML_SHELL = f'xmlns:rsp="{SHELL}"'
STREAMS = (
    "<rsp:InputStreams>stdin</rsp:InputStreams>"
    "<rsp:OutputStreams>stdout stderr</rsp:OutputStreams>"
)


@dataclass
class Output:
    """What was received of a command."""

    stdout: bytes = b""
    stderr: bytes = b""
    code: int | None = None
    ended: list[str] = field(default_factory=list)


class Shell:
    """A shell, driven message by message."""

    def __init__(
        self, client: Any, extra: str = "", name: str = "", **options: str
    ) -> None:
        self.client = client
        attribute = f'Name="{name}"' if name else ""
        body = f"<rsp:Shell {XML_SHELL} {attribute}>{extra}{STREAMS}</rsp:Shell>"
        self.created = client.ask("x:Create", CMD, body, **option_set(options))
        self.identifier = self.created.text(f"{RSP}ShellId")

    def ask(self, verb: str, body: str, **changes: str) -> Any:
        selectors = {"ShellId": self.identifier}
        body = body.replace(">", f" {XML_SHELL}>", 1)
        return self.client.ask(f"{SHELL}/{verb}", CMD, body, selectors, **changes)

    def command(self, line: str, *arguments: str, **options: str) -> Any:
        words = "".join(f"<rsp:Arguments>{word}</rsp:Arguments>" for word in arguments)
        body = (
            f"<rsp:CommandLine><rsp:Command>{line}</rsp:Command>{words}"
            "</rsp:CommandLine>"
        )
        return self.ask("Command", body, **option_set(options))

    def start(self, line: str, *arguments: str) -> str:
        return str(self.command(line, *arguments).text(f"{RSP}CommandId"))

    def receive(self, command: str, seconds: float = 20, **changes: str) -> Any:
        body = (
            f'<rsp:Receive><rsp:DesiredStream CommandId="{command}">stdout stderr'
            "</rsp:DesiredStream></rsp:Receive>"
        )
        timeout = f"<w:OperationTimeout>PT{seconds:.3f}S</w:OperationTimeout>"
        return self.ask("Receive", body, OperationTimeout=timeout, **changes)

    def send(self, command: str, data: bytes, *, end: bool = False) -> Any:
        text = b64encode(data).decode()
        return self.ask(
            "Send",
            f'<rsp:Send><rsp:Stream Name="stdin" CommandId="{command}" '
            f'End="{str(end).lower()}">{text}</rsp:Stream></rsp:Send>',
        )

    def signal(self, command: str, code: str) -> Any:
        return self.ask(
            "Signal",
            f'<rsp:Signal CommandId="{command}"><rsp:Code>{SHELL}/signal/{code}'
            "</rsp:Code></rsp:Signal>",
        )

    def delete(self) -> Any:
        return self.client.ask("x:Delete", CMD, "", {"ShellId": self.identifier})

    def outcome(self, command: str, **changes: Any) -> Output:
        output = Output()
        while output.code is None:
            answer = self.receive(command, **changes)
            assert answer.status == 200, answer.data
            for stream in answer.root.iter(RSP + "Stream"):
                data = b64decode(stream.text or "")
                if stream.get("Name") == "stdout":
                    output.stdout += data
                else:
                    output.stderr += data
                if stream.get("End") == "true":
                    output.ended.append(stream.get("Name"))
            code = answer.text(f"{RSP}ExitCode")
            output.code = int(code) if code else None
        return output

    def run(self, line: str, *arguments: str) -> Output:
        return self.outcome(self.start(line, *arguments))


def option_set(options: dict[str, str]) -> dict[str, str]:
    if not options:
        return {}
    text = "".join(
        f'<w:Option Name="{name}">{value}</w:Option>' for name, value in options.items()
    )
    return {"OptionSet": f"<w:OptionSet>{text}</w:OptionSet>"}


@pytest.fixture
def shell(client: Any) -> Iterator[Shell]:
    shell = Shell(client)
    yield shell
    shell.delete()


def names(element: etree._Element) -> list[str]:
    return [child.tag.rpartition("}")[2] for child in element]


def test_create_answers_as_windows_does(client: Any) -> None:
    created = Shell(client).created
    body = created.root[1]
    assert created.status == 200
    assert names(body) == ["ResourceCreated", "Shell"]
    assert names(body[1]) == [
        "ShellId",
        "ResourceUri",
        "Owner",
        "ClientIP",
        "IdleTimeOut",
        "InputStreams",
        "OutputStreams",
        "ShellRunTime",
        "ShellInactivity",
    ]
    assert created.text(f"{RSP}IdleTimeOut") == "PT7200.000S"
    assert created.text("w:Selector") == created.text(f"{RSP}ShellId")


def test_command_output_ends_both_streams_and_tells_the_exit_code(shell: Shell) -> None:
    output = shell.run("echo", "hi")
    assert output == Output(b"hi\r\n", b"", 0, ["stdout", "stderr"])
    assert shell.run("nosuch").code == 1


def test_directory_and_environment_of_the_shell(client: Any) -> None:
    shell = Shell(
        client,
        r"<rsp:Environment><rsp:Variable Name='X'>1 2</rsp:Variable></rsp:Environment>"
        r"<rsp:WorkingDirectory>C:\Windows</rsp:WorkingDirectory>",
    )
    assert (
        shell.run("cd&echo %X%".replace("&", "&amp;")).stdout
        == b"C:\\Windows\r\n1 2\r\n"
    )
    assert shell.run("cd C:\\").code == 0
    assert shell.run("cd").stdout == b"C:\\Windows\r\n"


def test_directory_that_does_not_exist_lets_no_command_start(client: Any) -> None:
    shell = Shell(client, "<rsp:WorkingDirectory>C:\\no</rsp:WorkingDirectory>")
    assert shell.command("hostname").code == 2147942667


def test_codepage_of_output(client: Any) -> None:
    assert Shell(client).run("echo \u00e9").stdout == b"\x82\r\n"
    shell = Shell(client, WINRS_CODEPAGE="65001", WINRS_NOPROFILE="TRUE")
    assert shell.run("echo \u00e9").stdout == "\u00e9\r\n".encode()
    assert Shell(client, WINRS_CODEPAGE="4711").created.code == 2150858809


def test_without_cmd_a_program_is_named_by_its_whole_path(shell: Shell) -> None:
    assert shell.command("hostname", WINRS_SKIP_CMD_SHELL="TRUE").code == 2147942402
    started = shell.command(
        "C:\\Windows\\System32\\hostname.exe", WINRS_SKIP_CMD_SHELL="True"
    )
    output = shell.outcome(started.text(f"{RSP}CommandId"))
    assert output.stdout == b"HVSIM\r\n"


def test_standard_input_comes_by_send(shell: Shell) -> None:
    command = shell.start("more")
    assert shell.send(command, b"one\r\nt").status == 200
    answer = shell.receive(command)
    assert b64decode(answer.text(f"{RSP}Stream")) == b"one\r\n"
    assert shell.send(command, b"wo", end=True).status == 200
    assert shell.outcome(command).stdout == b"two\r\n"


def test_input_in_base64_that_is_none_is_refused(shell: Shell) -> None:
    command = shell.start("more")
    answer = shell.ask(
        "Send",
        f'<rsp:Send><rsp:Stream Name="stdin" CommandId="{command}">?</rsp:Stream>'
        "</rsp:Send>",
    )
    assert answer.code == 2150858817
    shell.signal(command, "terminate")


def test_receive_without_output_times_out(shell: Shell) -> None:
    command = shell.start("more")
    began = time.monotonic()
    answer = shell.receive(command, seconds=0.3)
    assert (answer.code, answer.subcode) == (2150858793, "w:TimedOut")
    assert 0.25 < time.monotonic() - began < 5


def test_ctrl_c_ends_a_command_and_terminate_forgets_it(shell: Shell) -> None:
    command = shell.start("ping -n 1000 localhost")
    assert shell.signal(command, "ctrl_c").status == 200
    assert shell.outcome(command).code == -1073741510
    assert shell.signal(command, "terminate").status == 200
    assert shell.receive(command).code == 2150858843


def test_script_that_starts_itself_ends(shell: Shell) -> None:
    shell.run("echo powershell -File s.ps1>s.ps1")
    output = shell.run("powershell -File s.ps1")
    assert output.code == 1
    assert b"Not enough memory" in output.stderr


def test_signal_that_is_none_is_refused(shell: Shell) -> None:
    command = shell.start("more")
    assert shell.signal(command, "nosuch").code == 87
    shell.signal(command, "terminate")


def test_delete_ends_what_runs(client: Any, host: Simulator) -> None:
    shell = Shell(client)
    shell.start("ping -n 1000 localhost")
    (command,) = host.shells.shells()[0].commands.values()
    assert shell.delete().status == 200
    assert host.wait_for(lambda: command.finished)
    assert shell.command("hostname").code == 2150858843
    assert shell.delete().code == 2150858843


@pytest.mark.parametrize("verb", ["Receive", "Send", "Signal"])
def test_unknown_command_identifier(shell: Shell, verb: str) -> None:
    calls = {
        "Receive": lambda: shell.receive("nosuch"),
        "Send": lambda: shell.send("nosuch", b""),
        "Signal": lambda: shell.signal("nosuch", "ctrl_c"),
    }
    answer = calls[verb]()
    assert (answer.code, answer.subcode) == (2150858843, "w:InvalidSelectors")
    assert "command identifier that does not exist" in answer.text("s:Text") + str(
        answer.text("f:Message")
    )


def test_receive_without_command_is_refused(shell: Shell) -> None:
    body = "<rsp:Receive><rsp:DesiredStream>stdout</rsp:DesiredStream></rsp:Receive>"
    answer = shell.ask("Receive", body)
    assert (answer.code, answer.subcode) == (87, "w:InvalidParameter")


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("Command", "<rsp:Receive></rsp:Receive>"),
        ("Send", "<rsp:Send></rsp:Send>"),
        ("Receive", "<rsp:Receive></rsp:Receive>"),
        ("Signal", "<rsp:Signal></rsp:Signal>"),
    ],
)
def test_body_of_another_form_is_refused(shell: Shell, verb: str, body: str) -> None:
    assert shell.ask(verb, body).code == 2150858817


def test_action_that_shells_do_not_have(shell: Shell) -> None:
    assert shell.ask("Dance", "<rsp:Dance></rsp:Dance>").code == 2150858771


def test_shell_of_another_kind_is_refused(client: Any) -> None:
    body = f"<rsp:Shell {XML_SHELL}/>"
    assert client.ask("x:Create", SHELL + "/bash", body).code == 2150858811
    assert client.ask("x:Create", CMD, "<nonsense/>").code == 2150858817


def test_get_and_enumerate_tell_the_shells_of_the_user(client: Any) -> None:
    shell = Shell(client, name="one")
    answer = client.ask("x:Get", SHELL, "", {"ShellId": shell.identifier})
    assert answer.text(f"{RSP}Name") == "one"
    listed = client.ask(
        "n:Enumerate", SHELL, "<n:Enumerate><w:OptimizeEnumeration/></n:Enumerate>"
    )
    assert shell.identifier in listed.data.decode()
    assert client.ask("x:Get", SHELL, "", {"ShellId": "no"}).code == 2150858843


def test_quota_of_shells(client: Any, host: Simulator) -> None:
    host.config.settings.set("Winrs/MaxShellsPerUser", 2)
    shells = [Shell(client), Shell(client)]
    answer = Shell(client).created
    assert (answer.code, answer.subcode) == (2150859173, "w:QuotaLimit")
    shells[0].delete()
    assert Shell(client).created.status == 200


def test_no_shells_where_remote_shells_are_off(client: Any, host: Simulator) -> None:
    host.config.settings.set("Winrs/AllowRemoteShellAccess", False)
    assert Shell(client).created.code == 2150859180


def test_idle_shell_goes(client: Any) -> None:
    shell = Shell(client, "<rsp:IdleTimeOut>PT0.2S</rsp:IdleTimeOut>")
    assert shell.created.text(f"{RSP}IdleTimeOut") == "PT0.200S"
    time.sleep(0.4)
    assert shell.command("hostname").code == 2150858843


def test_receive_of_a_runspace_pool_ends_with_its_shell(
    client: Any, connect: Any, host: Simulator
) -> None:
    pool = psrpcore.ClientRunspacePool()
    pool.open()
    opening = pool.data_to_send()
    assert opening is not None
    body = (
        f"<rsp:Shell {XML_SHELL}><rsp:InputStreams>stdin pr</rsp:InputStreams>"
        "<rsp:OutputStreams>stdout</rsp:OutputStreams>"
        '<creationXml xmlns="http://schemas.microsoft.com/powershell">'
        f"{b64encode(opening.data).decode()}</creationXml></rsp:Shell>"
    )
    created = client.ask("x:Create", POWERSHELL, body)
    selectors = {"ShellId": created.text(f"{RSP}ShellId")}
    body = (
        f"<rsp:Receive {XML_SHELL}><rsp:DesiredStream>stdout</rsp:DesiredStream>"
        "</rsp:Receive>"
    )
    first = client.ask(f"{SHELL}/Receive", POWERSHELL, body, selectors)
    assert first.status == 200
    threading.Timer(
        0.2, lambda: connect(host).ask("x:Delete", POWERSHELL, "", selectors)
    ).start()
    second = client.ask(f"{SHELL}/Receive", POWERSHELL, body, selectors)
    assert second.code == 995


def test_long_output_comes_in_pieces_within_the_envelope(client: Any) -> None:
    shell = Shell(client)
    shell.run("echo " + "x" * 8000 + ">f")
    for _ in range(2):
        shell.run("type f f f f f f f f > g &amp; type g g > f")
    output = shell.outcome(
        shell.start("type f"),
        MaxEnvelopeSize="<w:MaxEnvelopeSize>153600</w:MaxEnvelopeSize>",
    )
    assert len(output.stdout) > 1_000_000


def test_outlet_gives_at_most_the_budget_but_always_something() -> None:
    outlet = Outlet()
    outlet.put("stdout", b"x" * (PIECE + 1))
    assert outlet.take(0, 1) == ([("stdout", b"x" * PIECE)], None)
    outlet.finish(3)
    assert outlet.take(0, 1) == ([("stdout", b"x")], 3)
    assert outlet.take(0, 1) == ([], 3)


def test_outlet_with_nothing_in_time() -> None:
    assert Outlet().take(0, 1000) is None
