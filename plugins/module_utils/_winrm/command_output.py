# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""What the program ``winrm`` prints, as elements and as errors; pure.

With ``-format:xml`` it prints what the service sent. What it refuses is the service's
f:WSManFault, a line that ends in the number twice, ``-2144108406 0x8033808A``, and a
text; the words around are in the host's language ("Error number:", "Fehlernummer:").
Its own usage errors have no number. Source: ASSERTERR of winrm.vbs.

A shell may print a banner before it, end lines its own way, or write UTF-16, where what
is read as UTF-8 has a NUL in each character.
"""

from __future__ import annotations

import re

from .._cim.markup import Element, InvalidXml, read
from .._core.errors import HypervisorConnectError
from .._hypervisor.hypervisor import OperationFailed
from .._wsman.fault import WsmanFault, fault_of
from .._wsman.fault_table import ACCESS_DENIED
from .._wsman.namespaces import SOAP
from .way import Ran

DESTINATION_UNREACHABLE = 0x80338012
"""ERROR_WSMAN_DESTINATION_UNREACHABLE of wsmerror.h: on the host itself, WinRM's service
does not run."""

NOT_FOUND_BY_SH = (126, 127)
"""Exit codes of a POSIX shell for a program that is not there."""

_NUMBER = re.compile(
    r"(?<![\w.])-?[0-9]{1,10}[ \t]+0x([0-9A-F]{1,8})[ \t]*(?:\r?\n|\r|\Z)",
    re.IGNORECASE | re.ASCII,
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_UNKNOWN = re.compile(
    "(['\"\u00ab\u201e\u2018\u201c])winrm(\\.cmd|\\.exe)?(['\"\u00bb\u201c\u201d\u2019])",
    re.IGNORECASE,
)
_SHOWN = 200


class CommandFailed(OperationFailed):
    """The program ``winrm`` did not answer, or not in a way that can be read."""


def plain_text(text: str) -> str:
    """What a connection gives as text, without marks, NULs and broken characters.

    Args:
        text: Read as UTF-8, with lone surrogates for the octets that are none.
    """
    if "\0" in text:
        octets = text.encode("utf-8", "surrogateescape")
        big = octets[:2] == b"\xfe\xff" or octets[:1] == b"\0"
        text = octets.decode("utf-16-be" if big else "utf-16-le", "replace")
    return _SURROGATES.sub("\ufffd", text.replace("\0", "")).lstrip("\ufeff")


def one_line(text: str) -> str:
    """Text without line ends and double blanks."""
    return " ".join(text.split())


def is_element_in(text: str, name: str) -> bool:
    """Whether an element of that local name stands in the text."""
    return _element_text(text, name) is not None


def element_in(text: str, name: str) -> Element:
    """The element of that local name, whatever stands around it.

    Raises:
        CommandFailed: There is none, or it can't be read.
    """
    found = _element_text(text, name)
    if found is None:
        raise CommandFailed(
            f"winrm prints no {name}, but {_shown(text)}",
            remedy="see what winrm get winrm/config -format:xml prints on the host",
        )
    try:
        return read(found)
    except InvalidXml as error:
        raise CommandFailed(
            f"what winrm prints can't be read: {error.what}",
            remedy="see what winrm get winrm/config -format:xml prints on the host",
        ) from None


def _element_text(text: str, name: str) -> str | None:
    """The text from an element's start to its last end tag."""
    start = re.search(rf"<((?:[A-Za-z_][\w.-]*:)?{name})(?=[\s/>])", text)
    if start is None:
        return None
    end = f"</{start[1]}>"
    last = text.rfind(end, start.start())
    return text[start.start() :] if last < 0 else text[start.start() : last + len(end)]


def refusal(text: str) -> WsmanFault | None:
    """The fault in what ``winrm`` printed; None where it names none."""
    number = _NUMBER.search(text)
    if number is None:
        return None
    told = _element_text(text, "WSManFault")
    after = one_line(text[number.end() :])[:2000]
    code = int(number[1], 16)
    if told is not None:
        fault = f'<s:Fault xmlns:s="{SOAP}"><s:Detail>{told}</s:Detail></s:Fault>'
        try:
            known = fault_of(read(fault))
        except InvalidXml:
            known = None
        if known is not None and known.wsman_code is not None:
            return known
    return WsmanFault(code="Receiver", subcode=None, reason=after, wsman_code=code)


def in_our_words(what: str, ran: Ran) -> HypervisorConnectError:
    """Why a command did not do what it was asked for, in one sentence.

    Args:
        what: What was asked for, as in "can't ...".
        ran: What became of it; its texts are plain.
    """
    said = "\n".join(filter(None, (ran.stdout, ran.stderr)))
    fault = refusal(said)
    if fault is not None:
        return _refused(what, fault)
    details = {"rc": ran.rc, "stdout": ran.stdout[:2000], "stderr": ran.stderr[:2000]}
    if ran.rc in NOT_FOUND_BY_SH:
        return CommandFailed(
            f"can't {what}: the host's shell finds no PowerShell and no cmd.exe "
            f"({_shown(said)})",
            remedy="check that it is a Windows host, and set ansible_shell_type to the "
            "shell that its sshd starts, cmd or powershell",
            details=details,
        )
    if _UNKNOWN.search(said) and "<" not in said:
        return CommandFailed(
            f"can't {what}: the host has no program winrm ({_shown(said)})",
            remedy="check that it is a Windows host, and that "
            r"%SystemRoot%\System32 is in its PATH",
            details=details,
        )
    return CommandFailed(
        f"can't {what}: the command ended with code {ran.rc}: {_shown(said)}",
        remedy="see what winrm get winrm/config prints on the host",
        details=details,
    )


def _refused(what: str, fault: WsmanFault) -> HypervisorConnectError:
    if fault.wsman_code == DESTINATION_UNREACHABLE:
        return CommandFailed(
            f"can't {what}: WinRM's service does not run on the host",
            remedy="start it: net start WinRM, or winrm quickconfig, on the host",
            details=fault.details,
        )
    if fault.kind == ACCESS_DENIED:
        return OperationFailed(
            f"the user has no right to {what}",
            remedy="sign in as an administrator of the host",
            details=fault.details,
        )
    return OperationFailed(
        f"can't {what}: {fault.what}",
        remedy=fault.remedy or "see the event log of WinRM on the host",
        details=fault.details,
    )


def _shown(text: str) -> str:
    """The beginning of what was printed, for a sentence."""
    line = one_line(text)
    if not line:
        return "nothing at all"
    return repr(line if len(line) <= _SHOWN else f"{line[:_SHOWN]}...")
