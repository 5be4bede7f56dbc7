# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""The programs reg, certreq and certutil, as far as certificates need them.

`reg query KEY [/v NAME] [/s]`, `certreq -new [-machine] [-q] [-f] INF [OUT]` and
`certutil -store|-delstore My [THUMBPRINT]`; syntax: Microsoft's "Windows Commands";
output: as published listings show it. Importing this makes cmd know them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from hvsim import certreq
from hvsim.files import NotFound
from hvsim.interpreter import PROGRAMS, Console, State, command, words
from hvsim.machine_store import Entry, pem
from hvsim.windows_registry import HKLM, RegistryValue

NO_FILE = 0x80070002
EXISTS = 0x80070050
NOT_THERE = 0x80090011
_HIVES = {"hklm": HKLM, HKLM.lower(): HKLM}
_NO_KEY = (
    "ERROR: The system was unable to find the specified registry key or value.\r\n"
)


def _signed(hresult: int) -> int:
    return hresult - (1 << 32) if hresult >= 1 << 31 else hresult


def _options(
    tail: str, with_value: Sequence[str] = ()
) -> tuple[dict[str, str], list[str]]:
    """A program's switches, with the values of those that have one, and the rest."""
    switches: dict[str, str] = {}
    rest: list[str] = []
    waiting = ""
    for word in words(tail):
        name = word[1:].lower()
        if waiting:
            switches[waiting], waiting = word, ""
        elif re.fullmatch(r"[-/][A-Za-z?:0-9]+", word):
            switches[name] = ""
            waiting = name if name in with_value else ""
        else:
            rest.append(word)
    return switches, rest


# reg


@command(PROGRAMS, "reg")
def _reg(tail: str, state: State, console: Console) -> int:
    switches, rest = _options(tail, ("v",))
    if not rest or rest[0].lower() != "query" or len(rest) != 2:
        console.write_error(
            'ERROR: Invalid syntax.\r\nType "REG QUERY /?" for usage.\r\n'
        )
        return 1
    if unknown := set(switches) - {"v", "s", "reg:64"}:
        console.write_error(
            f"ERROR: Invalid syntax: /{min(unknown)}.\r\n"
            'Type "REG QUERY /?" for usage.\r\n'
        )
        return 1
    hive, _slash, path = rest[1].partition("\\")
    if hive.lower() not in _HIVES:
        console.write_error("ERROR: Invalid key name.\r\n")
        return 1
    path = path.strip("\\")
    values = state.host.registry.values(path)
    if values is None:
        console.write_error(_NO_KEY)
        return 1
    lines = list(_queried(state, path, switches))
    if "v" in switches and "s" in switches:
        count = sum(line.startswith("    ") for line in lines)
        lines.append(f"End of search: {count} match(es) found.")
    elif "v" in switches and not lines:
        console.write_error(_NO_KEY)
        return 1
    console.write("".join(f"{line}\r\n" for line in ("", *lines)))
    return 0


def _queried(state: State, path: str, switches: Mapping[str, str]) -> Iterator[str]:
    """The lines about a key and, as asked, about those below it."""
    registry = state.host.registry
    wanted = switches.get("v")
    values = [
        value
        for value in registry.values(path) or ()
        if wanted is None or value.name.lower() == wanted.lower()
    ]
    whole = f"{HKLM}\\{path}" if path else HKLM
    if values or ("s" in switches and wanted is None):
        yield from (whole, *map(_line, values), "")
    below = [f"{path}\\{name}".strip("\\") for name in registry.below(path)]
    if "s" in switches:
        for one in below:
            yield from _queried(state, one, switches)
    elif wanted is None:
        yield from (f"{HKLM}\\{one}" for one in below)


def _line(value: RegistryValue) -> str:
    data = value.data
    if isinstance(data, bytes):
        text = data.hex().upper()
    elif isinstance(data, tuple):
        text = "\\0".join(data)
    elif isinstance(data, int):
        text = f"0x{data:x}"
    else:
        text = data
    return f"    {value.name}    {value.kind}    {text}"


# certreq


@command(PROGRAMS, "certreq")
def _certreq(tail: str, state: State, console: Console) -> int:
    switches, rest = _options(tail)
    unknown = set(switches) - {"new", "machine", "q", "f"}
    if "new" not in switches or unknown or not 1 <= len(rest) <= 2:
        console.write(
            "Unexpected argument or missing one\r\n\r\nUsage:\r\n"
            "  CertReq -New [Options] [PolicyFileIn [RequestFileOut]]\r\n"
        )
        return _signed(0x80070057)
    try:
        data = state.host.files.read(state.path(rest[0]))
    except NotFound:
        return _refused(
            console,
            NO_FILE,
            "The system cannot find the file specified. 0x80070002 (WIN32: 2 "
            f"ERROR_FILE_NOT_FOUND)\r\n{rest[0]}",
        )
    out = state.path(rest[1]) if len(rest) > 1 else ""
    if out and state.host.files.is_file(out) and "f" not in switches:
        return _refused(
            console,
            EXISTS,
            f"The file exists. 0x80070050 (WIN32: 80 ERROR_FILE_EXISTS)\r\n{rest[1]}",
        )
    try:
        sections = certreq.read_inf(data.decode("utf-8", "replace"))
        made = certreq.make(sections, machine="machine" in switches)
    except certreq.InvalidInf as error:
        return _refused(console, error.code, error.text)
    entry = Entry(made.certificate, None)
    if made.is_of_machine and state.host.certificates is not None:
        entry = state.host.certificates.add(made.certificate, made.key)
    try:
        if out:
            state.host.files.write(out, pem(made.certificate).replace(b"\n", b"\r\n"))
    except NotFound:
        return _refused(
            console,
            0x80070003,
            "The system cannot find the path specified. 0x80070003 (WIN32: 3 "
            "ERROR_PATH_NOT_FOUND)",
        )
    console.write(_installed(entry, made.provider))
    return 0


def _refused(console: Console, code: int, text: str) -> int:
    console.write(f"Certificate Request Processor: {text}\r\n")
    return _signed(code)


def _installed(entry: Entry, provider: str) -> str:
    found = entry.certificate
    lines = (
        "Installed Certificate:",
        f"  Serial Number: {found.serial_number:x}",
        f"  Subject: {_subject(entry)}",
        f"  NotBefore: {_moment(found.not_valid_before_utc)}",
        f"  NotAfter: {_moment(found.not_valid_after_utc)}",
        f"  Thumbprint: {entry.mark.lower()}",
        f"  {provider}",
        f"  hvsim-{entry.mark[:8].lower()}",
        "",
        "CertReq: Certificate Created and Installed",
    )
    return "".join(f"{line}\r\n" for line in lines)


def _moment(moment: datetime) -> str:
    return moment.strftime("%m/%d/%Y %I:%M %p")


def _subject(entry: Entry) -> str:
    names = entry.certificate.subject.rdns
    return ", ".join(rdn.rfc4514_string() for rdn in names)


# certutil


@command(PROGRAMS, "certutil")
def _certutil(tail: str, state: State, console: Console) -> int:
    switches, rest = _options(tail)
    verb = next((name for name in ("store", "delstore") if name in switches), None)
    store = state.host.certificates
    if verb is None or not rest or rest[0].lower() != "my" or store is None:
        console.write("CertUtil: Unknown arg or store\r\n")
        return _signed(0x80070057)
    entries = store.entries()
    if len(rest) > 1:
        mark = rest[1].replace(" ", "").upper()
        entries = [entry for entry in entries if entry.mark == mark]
    if len(rest) > 1 and not entries:
        console.write(
            f"CertUtil: -{verb} command FAILED: 0x80090011 (-2146893807 "
            "NTE_NOT_FOUND)\r\nCertUtil: Object was not found.\r\n"
        )
        return _signed(NOT_THERE)
    if verb == "delstore" and len(rest) < 2:
        console.write("CertUtil: Missing argument\r\n")
        return _signed(0x80070057)
    console.write('My "Personal"\r\n')
    for number, entry in enumerate(entries):
        if verb == "delstore":
            store.remove(entry.mark)
            console.write(f"Deleting Certificate {number}\r\n")
        else:
            console.write(_listed(number, entry))
    console.write(f"CertUtil: -{verb} command completed successfully.\r\n")
    return 0


def _listed(number: int, entry: Entry) -> str:
    found = entry.certificate
    issuer = ", ".join(rdn.rfc4514_string() for rdn in found.issuer.rdns)
    lines = [
        f"================ Certificate {number} ================",
        f"Serial Number: {found.serial_number:x}",
        f"Issuer: {issuer}",
        f" NotBefore: {_moment(found.not_valid_before_utc)}",
        f" NotAfter: {_moment(found.not_valid_after_utc)}",
        f"Subject: {_subject(entry)}",
        f"Cert Hash(sha1): {entry.mark.lower()}",
    ]
    if entry.path is None:
        lines.append("Cannot find the certificate and private key for decryption.")
    return "".join(f"{line}\r\n" for line in lines)
