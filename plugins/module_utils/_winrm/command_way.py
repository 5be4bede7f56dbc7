# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""WinRM's configuration by the program ``winrm`` on the host, over any connection.

``winrm help``, ``winrm set -?`` and ``winrm help input`` tell the forms; its script
winrm.vbs is the source of the rest: ``set`` with ``@{NAME="VALUE"}`` reads the resource,
changes it and writes all of it, with ``-file:`` it writes that XML alone; a list stands
in wsman:Results; what is refused gives exit code 1. command_output.py reads it.

``winrm`` is a batch file, which cmd.exe starts without ``call`` where it is no batch
itself, and whose arguments it reads twice: what has a meaning for cmd.exe or for
winrm.vbs goes by ``-file:``. That file is written by cmd.exe's own ``echo``, with the
same command: it needs nothing of the connection but that commands run (no sftp, no
PowerShell). It lies in the user's %TEMP%, holds no secret, and is removed.

Standard error goes where standard output goes, since Windows PowerShell makes error
records of it, broken at the width of a window.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Callable, TypeVar

from .._cim.markup import Element
from .._core.errors import HypervisorConnectError
from .._hypervisor.hypervisor import OperationFailed
from .blob import registry_output
from .command_output import (
    element_in,
    in_our_words,
    is_element_in,
    one_line,
    plain_text,
    refusal,
)
from .configuration import (
    GROUPS,
    LISTENER_URI,
    Configuration,
    Listener,
    document,
    group_texts,
    group_uri,
    listener_texts,
)
from .registry import STORE
from .settings import SETTINGS, Value, setting_at
from .way import COMMAND, ConfigurationWay, Ran, SessionInUse

LONGEST_LINE = 8000
"""cmd.exe takes 8191 characters; what the connection adds needs some, too."""

PARAMETERS = r"HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters"
"""Where the host's DNS suffix is."""

_PLAIN = re.compile(r"[A-Za-z0-9*.,:_/-]*\Z")
"""What neither cmd.exe, PowerShell nor winrm.vbs sees more in than text."""

_ADDRESS = re.compile(r"(\*|IP:[0-9A-Fa-f:.]+(%\w+)?|MAC:[0-9A-Fa-f-]+)\Z", re.ASCII)
_SPECIAL = re.compile('[&|<>()^"]')
_DOMAIN = ["Domain", "REG_SZ"]

_Taken = TypeVar("_Taken")
Run = Callable[[str], Ran]
NewToken = Callable[[], str]


def _token() -> str:
    return uuid.uuid4().hex


class CommandWay(ConfigurationWay):
    """A host's configuration by ``winrm``, ``reg`` and what else cmd.exe runs.

    Args:
        run: Runs a command line of cmd.exe on the host. It raises ConnectionLost.
        where: The host, for messages.
        session: What the connection goes over, where that is WinRM.
        new_token: Makes part of a file's name: letters and digits nobody can guess.

    Attributes:
        refused: The error of the very first question; None where that was answered.
    """

    method = COMMAND

    def __init__(
        self,
        run: Run,
        where: str,
        session: SessionInUse | None = None,
        *,
        new_token: NewToken = _token,
    ) -> None:
        self._run = run
        self.where = where
        self.session = session
        self._new_token = new_token
        self.refused: HypervisorConnectError | None = None
        self._answered = False

    def read(self) -> Configuration:
        """``winrm get winrm/config``."""
        return self._read_config("read winrm/config")

    def _read_config(self, what: str) -> Configuration:
        ran = self._winrm("get winrm/config", what)
        return self._taken(what, lambda: _configuration(ran.stdout))

    def listeners(self) -> list[Listener]:
        """``winrm enumerate winrm/config/listener``."""
        what = "list the listeners"
        ran = self._winrm("enumerate winrm/config/listener", what)
        return self._taken(what, lambda: _listeners(ran.stdout))

    def write(self, group: str, values: Mapping[str, Value]) -> Mapping[str, Value]:
        """``winrm set``, and what it prints.

        Where that can't be read, the change may be there: the host is asked again.
        """
        options = ", ".join(SETTINGS[path].option for path in values)
        place = f"winrm/config/{group.lower()}".rstrip("/")
        what = f"write {options} to {place}"
        texts = group_texts(group, values)
        body = document(group_uri(group), GROUPS[group], texts)
        ran = self._with_input(f"set {place}", texts, body, what)
        if not is_element_in(ran.stdout, GROUPS[group]):
            return self._read_config(f"read what winrm did to {options}").values
        answer = self._taken(what, lambda: element_in(ran.stdout, GROUPS[group]))
        return _told(group, answer)

    def create_listener(self, listener: Listener) -> None:
        """``winrm create``, whose resource ends in ``Listener`` as the element is named."""
        what = f"make the {_name(listener)}"
        self._with_listener("create", listener, listener.fields(), what)

    def change_listener(self, listener: Listener, values: Mapping[str, Value]) -> None:
        """``winrm set``, which puts the whole listener; a file has to hold all of it."""
        self._with_listener("set", listener, values, f"change the {_name(listener)}")

    def delete_listener(self, address: str, transport: str) -> None:
        """``winrm delete``, which prints nothing."""
        listener = Listener(address, transport)
        what = f"delete the {_name(listener)}"
        self._winrm(f"delete {self._place(listener)}", what)

    def run(self, command: str) -> Ran:
        """A command line, as it is."""
        return self._ran(command, "run a command")

    def names(self) -> tuple[str, ...]:
        """``hostname``, and the DNS suffix from the registry."""
        ran = self._ran("hostname", "read the host's name")
        short = one_line(ran.stdout)
        if ran.rc or not short:
            raise self._failed(in_our_words("read the host's name", ran))
        suffix = self._ran(f"reg query {PARAMETERS} /v Domain", "read the host's name")
        domain = "" if suffix.rc else _domain(suffix.stdout)
        return tuple(filter(None, (f"{short}.{domain}" if domain else "", short)))

    def certificates(self) -> dict[str, bytes]:
        """``reg query``, whose numbers and names are in no language."""
        what = "read the machine's certificates from its registry"
        ran = self._ran(rf"reg query HKLM\{STORE} /s", what)
        if ran.rc:
            # It says in the host's language whether the key or the right is missing.
            above = rf"HKLM\{STORE}".rpartition("\\")[0]
            if self._ran(f"reg query {above}", what).rc:
                raise self._failed(in_our_words(what, ran))
            return {}
        return self._taken(what, lambda: registry_output(ran.stdout))

    def _place(self, listener: Listener) -> str:
        """A listener's resource, with its selectors."""
        if not _ADDRESS.match(listener.address) or not listener.transport.isalpha():
            raise self._failed(
                HypervisorConnectError(
                    f"winrm can't be told the address {listener.address!r}",
                    remedy="see winrm enumerate winrm/config/listener on the host",
                )
            )
        keys = f"Address={listener.address}+Transport={listener.transport}"
        return f"winrm/config/Listener?{keys}"

    def _with_listener(
        self, operation: str, listener: Listener, values: Mapping[str, Value], what: str
    ) -> None:
        whole = listener_texts({**listener.fields(), **values})
        body = document(LISTENER_URI, "Listener", whole)
        arguments = f"{operation} {self._place(listener)}"
        self._with_input(arguments, listener_texts(values), body, what)

    def _with_input(
        self, arguments: str, texts: Mapping[str, str], body: str, what: str
    ) -> Ran:
        """``winrm`` with values: by ``@{}`` if they are plain, else by a file."""
        if all(_PLAIN.match(text) for text in texts.values()):
            pairs = ";".join(f'{name}="{text}"' for name, text in texts.items())
            return self._winrm(
                f"{arguments} @{{{pairs}}}" if pairs else arguments, what
            )
        path = rf'"%TEMP%\hypervisor-connect-{self._new_token()}.xml"'
        write = f">{path} echo {echoed(body)}&&"
        try:
            return self._winrm(f"{arguments} -file:{path}", what, before=write)
        finally:
            self._remove(path)

    def _remove(self, path: str) -> None:
        """Tidy up; what went wrong before says more than what goes wrong now."""
        try:
            self._run(f"del {path}")
        except HypervisorConnectError:
            return

    def _winrm(self, arguments: str, what: str, *, before: str = "") -> Ran:
        """Run ``winrm``; what it refuses is an error, whatever its exit code."""
        ran = self._ran(f"{before}winrm {arguments} -format:xml 2>&1", what)
        if ran.rc or refusal(ran.stdout) is not None:
            raise self._failed(in_our_words(what, ran))
        return ran

    def _ran(self, command: str, what: str) -> Ran:
        if len(command) > LONGEST_LINE:
            raise self._failed(
                OperationFailed(
                    f"can't {what}: the command would be longer than the "
                    f"{LONGEST_LINE} characters that cmd.exe takes",
                    remedy="use method=wsman",
                )
            )
        try:
            ran = self._run(command)
        except HypervisorConnectError as error:
            error.what = f"can't {what}: {error.what}"
            raise self._failed(error) from error.__cause__
        return Ran(ran.rc, plain_text(ran.stdout), plain_text(ran.stderr))

    def _taken(self, what: str, take: Callable[[], _Taken]) -> _Taken:
        """What is read out of an answer."""
        try:
            taken = take()
        except HypervisorConnectError as error:
            error.what = f"can't {what}: {error.what}"
            raise self._failed(error) from error
        self._answered = True
        return taken

    def _failed(self, error: HypervisorConnectError) -> HypervisorConnectError:
        error.where = error.where or self.where
        if not self._answered:
            self.refused = error
        return error


def echoed(text: str) -> str:
    """Text as cmd.exe's ``echo`` prints it, for XML: ASCII alone, and one line.

    ``%`` and ``!`` name variables there whatever stands before them, and what is not
    ASCII depends on code pages, so these become references.
    """
    ascii_text = text.encode("ascii", "xmlcharrefreplace").decode("ascii")
    for character in "%!\r\n\t":
        ascii_text = ascii_text.replace(character, f"&#{ord(character)};")
    return _SPECIAL.sub(lambda found: f"^{found[0]}", ascii_text)


def _domain(text: str) -> str:
    """The data of the value Domain in what ``reg query`` prints; empty for none."""
    rows = (line.split() for line in text.splitlines())
    return next((row[2] for row in rows if row[:2] == _DOMAIN and len(row) > 2), "")


def _configuration(text: str) -> Configuration:
    return Configuration.from_element(element_in(text, "Config"))


def _listeners(text: str) -> list[Listener]:
    results = element_in(text, "Results")
    return [Listener.from_element(element) for element in results.children]


def _told(group: str, answer: Element) -> dict[str, Value]:
    """The settings directly in a group, out of what ``winrm set`` prints."""
    told: dict[str, Value] = {}
    for child in answer.children:
        setting = setting_at(f"{group}/{child.name.local}".lstrip("/"))
        if setting is not None and not child.children:
            told[setting.path] = setting.read(child.token)
    return told


def _name(listener: Listener) -> str:
    return f"listener {listener.transport} {listener.address}"
