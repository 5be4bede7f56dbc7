# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands for cmd.exe behind a private sshd: `winrm` is ours, the rest is hvsim's.

A line is cut at `&`, `&&` and `||`; `winrm` runs here, every other command goes to the
host's own cmd.exe as it is written, so its files and its registry are the host's. What
is lost between two commands of a line is what belongs to one process: `cd` and `set`.

`winrm` is a batch file that passes its arguments on, so they are read by cmd.exe twice:
an operator that was escaped with `^` acts the second time. Quotation marks hold both
times. Source: Microsoft's "cmd" reference, and `winrm.cmd` itself (`@cscript //nologo
"%~dpn0.vbs" %*`).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, NoReturn, Protocol

from lxml import etree

from testbed.management import UNREACHABLE
from testbed.winrm_program import Management, Output, Refused, run

_TOKEN = re.compile(
    r'(?P<quoted>"[^"]*"?)|\^(?P<escaped>.)|(?P<operator>&&|\|\||&)'
    r"|(?P<error>2>&1)|(?P<nothing>[12]?>\s*nul\b)|(?P<plain>.)",
    re.DOTALL | re.IGNORECASE,
)
_WINRM = re.compile(
    r'\s*(?:call\s+)?"?(?:[^"\s]*[\\/])?winrm(?:\.cmd|\.vbs)?"?(?=\s|$)', re.IGNORECASE
)
_ENCODED = re.compile(
    r"\s*powershell(?:\.exe)?\s.*-e(?:ncodedcommand|nc|c)?\s+([A-Za-z0-9+/=]+)\s*\Z",
    re.IGNORECASE,
)
_CODE_PAGE = re.compile(r"\s*chcp\.com 65001 > \$null ;")
"""What Ansible's older ssh connections put before a command for PowerShell."""
_CMD = re.compile(
    r"\s*(?:&\s*)?cmd(?:\.exe)?(?:\s+/[ds])*\s+/c\s+'((?:[^']|'')*)'\s*(;.*)?\Z",
    re.IGNORECASE | re.DOTALL,
)
UNKNOWN = (
    "'{}' is not recognized as an internal or external command,\r\n"
    "operable program or batch file.\r\n"
)
DENIED = (0x80070005, "Access is denied. ")
GARBAGE = "The system is shutting down\r\n"
BANNER = "* Authorized users only *\r\nRead <Corp> policy 7.1 first\r\n"


class Windows(Management, Protocol):
    """A host: its WS-Management, and its own cmd.exe."""

    def cmd(self, line: str) -> Output:
        """Run a line there."""


class Segment(NamedTuple):
    """One command of a line: the operator before it, and its text."""

    operator: str
    text: str
    merged: bool
    silent: bool
    raw: str


class LostConnection(Exception):
    """The connection goes away here, as a fault asked."""


def segments(line: str) -> Iterator[Segment]:
    """A line's commands."""
    operator, text, raw = "", "", ""
    merged = silent = False
    for token in _TOKEN.finditer(line):
        if token["operator"]:
            yield Segment(operator, text, merged, silent, raw)
            operator, text, raw = token["operator"], "", ""
            merged = silent = False
            continue
        raw += token[0]
        if token["error"]:
            merged = True
        elif token["nothing"]:
            silent = True
        else:
            text += token["quoted"] or token["escaped"] or token["plain"]
    yield Segment(operator, text, merged, silent, raw)


class Shell:
    """Runs what comes over ssh.

    Args:
        host: What it acts on.
        faults: A JSON file that names what shall go wrong, under `winrm`: `missing`,
            `stopped`, `denied`, `garbage`, `banner`, `utf-16`, `lost before set` or
            `lost after set`; it need not be there.
    """

    def __init__(self, host: Windows, faults: Path | None = None) -> None:
        self._host = host
        self._faults = faults

    def run(self, line: str) -> Output:
        """Run a line; of PowerShell, what its encoded command hands to cmd.exe.

        Raises:
            LostConnection: A fault says so.
        """
        code, out, err = 0, "", ""
        for segment in segments(_CODE_PAGE.sub("", line)):
            if (segment.operator == "&&" and code) or (
                segment.operator == "||" and not code
            ):
                continue
            one = self._one(segment)
            code = one.rc
            out, err = out + one.stdout, err + one.stderr
        return Output(code, out, err)

    def _one(self, segment: Segment) -> Output:
        inner = _inner(segment.text)
        if inner is not None:
            return self.run(inner)
        match = _WINRM.match(segment.text)
        if match is None:
            return self._forward(segment.raw)
        code, out, err = 0, "", ""
        # The second time: what is behind an operator now is a command of its own.
        first, *others = segments(self._expanded(segment.text[match.end() :]))
        for one in (self._winrm(first.text), *(self._one(other) for other in others)):
            code, out, err = one.rc, out + one.stdout, err + one.stderr
        if segment.merged:
            out, err = out + err, ""
        return Output(code, "" if segment.silent else out, err)

    def _forward(self, line: str) -> Output:
        if not line.strip():
            return Output(0)
        try:
            return self._host.cmd(line.strip())
        except Refused as error:
            return Output(1, stderr=f"{error.text}\r\n")

    def _expanded(self, text: str) -> str:
        """With the host's environment: by cmd.exe, and once more by winrm.vbs."""
        names = {name.lower() for name in re.findall(r"%(\w+)%", text)}
        known = self._forward("set").stdout.splitlines() if names else []
        values = {
            name.lower(): value
            for name, _equals, value in (one.partition("=") for one in known)
        }
        return re.sub(
            r"%(\w+)%", lambda found: values.get(found[1].lower(), found[0]), text
        )

    def _winrm(self, arguments: str) -> Output:
        fault = self._fault()
        words = arguments.split()
        is_set = words[:1] == ["set"]
        if fault == "missing":
            return Output(1, stderr=UNKNOWN.format("winrm"))
        if fault == "garbage":
            return Output(0, GARBAGE)
        if fault == "lost before set" and is_set:
            raise LostConnection
        host: Management = self._host
        if fault in ("stopped", "denied"):
            host = _Refusing(*(UNREACHABLE if fault == "stopped" else DENIED))
        done = run(arguments, host, self._read)
        if fault == "lost after set" and is_set:
            raise LostConnection
        if fault == "banner":
            return Output(done.rc, BANNER + done.stdout, done.stderr)
        if fault == "utf-16":
            return Output(done.rc, utf16(done.stdout), utf16(done.stderr))
        return done

    def _fault(self) -> str:
        try:
            text = self._faults.read_text(encoding="utf-8") if self._faults else "{}"
        except FileNotFoundError:
            return ""
        return str(json.loads(text).get("winrm", ""))

    def _read(self, path: str) -> str:
        done = self._forward(f'type "{path}"')
        if done.rc:
            raise FileNotFoundError(path)
        return done.stdout


class _Refusing:
    """A service that answers everything with one fault."""

    def __init__(self, number: int, text: str) -> None:
        self._refused = Refused(number, text)

    def get(self, uri: str, selectors: Mapping[str, str]) -> NoReturn:
        """Refused."""
        raise self._refused

    def put(
        self, uri: str, selectors: Mapping[str, str], body: etree._Element
    ) -> NoReturn:
        """Refused."""
        raise self._refused

    create = put
    delete = get

    def enumerate(self, uri: str) -> NoReturn:
        """Refused."""
        raise self._refused


def utf16(text: str) -> str:
    """Text whose characters are the bytes of its UTF-16 form, with a byte-order mark."""
    return ("\ufeff" + text).encode("utf-16-le").decode("latin-1") if text else ""


def _inner(line: str) -> str | None:
    """The line for cmd.exe in `powershell -EncodedCommand`; None for any other line."""
    match = _ENCODED.match(line)
    if match is None:
        return None
    try:
        script = base64.b64decode(match[1], validate=True).decode("utf-16-le")
    except (binascii.Error, UnicodeDecodeError):
        return None
    found = _CMD.match(script)
    if found is None:
        return None
    # Windows PowerShell puts quotation marks around what has a blank, and cmd.exe takes
    # the first and the last ones off again.
    return found[1].replace("''", "'")
