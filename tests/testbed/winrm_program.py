# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""Windows' `winrm` command line, as far as it reads and changes winrm/config.

It shares no code with plugins/ and reaches a host by `Management` alone. What it
accepts and prints is that of winrm.vbs, the script behind Windows' winrm.cmd: its help
(`winrm help input`, `help switches`, `set -?`, `create -?`), and
https://learn.microsoft.com/windows/win32/winrm/installation-and-configuration-for-windows-remote-management
for the text form. From that script's own messages and patterns (a copy of it: GitHub,
Eggy115/VBScript, Other/winrm.vbs):

- braces and quotation marks hold a word together, `\"` is a quotation mark within one;
- `@{NAME="VALUE";...}`: a value has no quotation mark, `$null` stands alone;
- `set` with `@{}` gets the resource, changes direct children (names in their own case)
  and puts all of it; with `-file:` it puts the file as it is, read as ANSI;
- errors go to standard error with exit code 1: the fault in the format asked for, then
  `Error number:  -N 0xN`, then its text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from lxml import etree

BASE = "http://schemas.microsoft.com/wbem/wsman/1"
FAULT = f"{BASE}/wsmanfault"
RESULTS = "http://schemas.dmtf.org/wbem/wsman/1/wsman/results"
OPERATIONS = {
    "g": "get",
    "s": "set",
    "put": "set",
    "p": "set",
    "c": "create",
    "d": "delete",
    "e": "enumerate",
    "enum": "enumerate",
}
SWITCHES = {"f": "format", "r": "remote", "machine": "remote", "u": "username"}
KNOWN = ("format", "file", "remote", "username", "password", "timeout", "encoding")
_PAIR = re.compile(r'\s*([\w:]+)\s*=\s*(\$null|"([^"]*)")\s*', re.IGNORECASE)


class Output(NamedTuple):
    """What a program printed, and its exit code."""

    rc: int
    stdout: str = ""
    stderr: str = ""


class Refused(Exception):
    """A fault of the service.

    Attributes:
        number: Its number, unsigned.
        text: Its text.
        fault: Its f:WSManFault, or None where nobody answered.
    """

    def __init__(
        self, number: int, text: str, fault: etree._Element | None = None
    ) -> None:
        super().__init__(text)
        self.number = number
        self.text = text
        self.fault = fault


class Management(Protocol):
    """WS-Management; each raises Refused."""

    def get(self, uri: str, selectors: Mapping[str, str]) -> etree._Element:
        """The resource."""

    def put(
        self, uri: str, selectors: Mapping[str, str], body: etree._Element
    ) -> etree._Element:
        """The resource after a change."""

    def create(
        self, uri: str, selectors: Mapping[str, str], body: etree._Element
    ) -> etree._Element:
        """x:ResourceCreated."""

    def delete(self, uri: str, selectors: Mapping[str, str]) -> None:
        """Remove one."""

    def enumerate(self, uri: str) -> Sequence[etree._Element]:
        """All of them."""


class Misused(Exception):
    """A command line that winrm does not take; the text is winrm's own."""


@dataclass
class CommandLine:
    """The words of a command line.

    Attributes:
        words: Those without a switch's dash.
        switches: The others, by lower-case name.
    """

    words: list[str] = field(default_factory=list)
    switches: dict[str, str] = field(default_factory=dict)
    first_switch: int | None = None

    @property
    def values(self) -> dict[str, str | None] | None:
        """What `@{...}` gives; None without one, and an empty one counts as none."""
        hashes = [word[1:] for word in self.words if word.startswith("@")]
        return (parse_values(hashes[0]) or None) if hashes else None


def split(line: str) -> list[str]:
    """The words of a raw command line, quotation marks and all."""
    words: list[str] = []
    word, quoted, curly = "", False, False
    for index, character in enumerate(line):
        if character == " " and not (quoted or curly):
            words.append(word)
            word = ""
            continue
        if character == '"' and not (quoted and line[index - 1] == "\\"):
            quoted = not quoted
        elif character in "{}" and not quoted:
            curly = character == "{"
        word += character
    return [word for word in [*words, word] if word]


def parse(line: str) -> CommandLine:
    """A command line behind `winrm`.

    Raises:
        Misused: In winrm's words.
    """
    parsed = CommandLine()
    for word in split(line):
        if word[0] not in "-/":
            whole = len(word) > 1 and word[0] == word[-1] == '"'
            parsed.words.append((word[1:-1] if whole else word).replace('\\"', '"'))
            continue
        name, _colon, value = word[1:].partition(":")
        if value and (value[0] == '"') != (value[-1] == '"'):
            raise Misused(
                f"A quoted parameter value must begin and end with quotes: {name}"
            )
        if value[:1] == '"':
            value = value[1:-1]
        name = SWITCHES.get(name.lower(), name.lower())
        if name in parsed.switches:
            raise Misused(f"Option is not unique: {name}")
        if parsed.first_switch is None:
            parsed.first_switch = len(parsed.words)
        parsed.switches[name] = value.replace('\\"', '"')
    return parsed


def parse_values(text: str) -> dict[str, str | None]:
    """`{NAME="VALUE";...}` as values by name; None for `$null`.

    Raises:
        Misused: It is none, or a name comes twice.
    """
    syntax = 'Syntax Error: input must be of the form {KEY="VALUE"[;KEY="VALUE"]}'
    if text == "{}":
        return {}
    values: dict[str, str | None] = {}
    position = 1
    while True:
        match = _PAIR.match(text, position)
        if text[:1] != "{" or match is None:
            raise Misused(syntax)
        if match[1] in values:
            raise Misused(
                f"Multiple matching parameter names not allowedin @{{...}}: {match[1]}"
            )
        values[match[1]] = match[3]
        position = match.end()
        if text[position:] == "}":
            return values
        if text[position : position + 1] != ";":
            raise Misused(syntax)
        position += 1


def locator(text: str) -> tuple[str, dict[str, str]]:
    """A resource's URI, its alias spelt out, and its selectors."""
    path, _mark, keys = text.partition("?")
    alias, slash, rest = path.partition("/")
    if alias.lower() in ("winrm", "wsman"):
        path = f"{BASE}{slash}{rest}"
    pairs = (pair.partition("=") for pair in keys.split("+") if pair)
    return path, {name: value for name, _equals, value in pairs}


def run(line: str, management: Management, read: Callable[[str], str]) -> Output:
    """Run `winrm LINE`.

    Args:
        line: The raw command line behind the program's name.
        management: The host.
        read: Gives the text of one of the host's files; raises FileNotFoundError.
    """
    shape = "text"
    try:
        given = parse(line)
        shape = _shape(given)
        if not given.words or given.words[0].lower() in ("help", "?"):
            return Output(0, "Windows Remote Management Command Line Tool\r\n")
        _check(given)
        return Output(0, _operate(given, management, read, shape))
    except Misused as error:
        return Output(1, stderr=f"Error: {error}\r\n")
    except Refused as error:
        return Output(1, stderr=_complaint(error, shape))


def _shape(given: CommandLine) -> str:
    shape = given.switches.get("format", "text").lower()
    if shape not in ("text", "xml", "pretty"):
        raise Misused(f'Invalid option for -format: "{shape}"')
    return shape


def _check(given: CommandLine) -> None:
    operation = OPERATIONS.get(given.words[0].lower(), given.words[0].lower())
    if operation not in OPERATIONS.values():
        raise Misused(f"Unknown operation name: '{operation}'")
    plain = [word for word in given.words if not word.startswith("@")]
    has_input = len(plain) != len(given.words) or "file" in given.switches
    if has_input and operation not in ("set", "create"):
        raise Misused("Input was supplied to an operation that does not accept input.")
    for name in given.switches:
        if name not in KNOWN:
            raise Misused(f"Unknown switch: {name}")
    misplaced = given.first_switch is not None and given.first_switch < 2
    if len(plain) != 2 or misplaced:
        raise Misused('Invalid use of command line. Type "winrm -?" for help.')
    given.words = [operation, *given.words[1:]]


def _operate(
    given: CommandLine, management: Management, read: Callable[[str], str], shape: str
) -> str:
    """What the operation prints."""
    operation, resource = (word for word in given.words if not word.startswith("@"))
    uri, selectors = locator(resource)
    if operation == "enumerate":
        items = [_shown(item, shape) for item in management.enumerate(uri)]
        if shape == "text":
            return "".join(items)
        head = f'<wsman:Results xmlns:wsman="{RESULTS}">\r\n'
        return head + "".join(items) + "</wsman:Results>\r\n"
    if operation == "delete":
        management.delete(uri, selectors)
        return ""
    if operation == "get":
        return _shown(management.get(uri, selectors), shape)
    if given.values is None and "file" in given.switches:
        body = _from_file(read, given.switches["file"])
    elif operation == "create":
        body = _new(uri, given.values or {})
    else:
        body = _changed(management.get(uri, selectors), given.values)
    if operation == "create":
        return _shown(management.create(uri, selectors, body), shape)
    return _shown(management.put(uri, selectors, body), shape)


def _from_file(read: Callable[[str], str], path: str) -> etree._Element:
    try:
        return etree.fromstring(read(path).encode("cp1252", "replace"))
    except FileNotFoundError:
        raise Misused(f"File does not exist: '{path}'") from None
    except etree.XMLSyntaxError as error:
        raise Refused(0x80338041, f"The XML is invalid: {error}") from None


def _new(uri: str, values: Mapping[str, str | None]) -> etree._Element:
    """The body of a create: the last part of the URI, as it was written."""
    root = etree.Element(f"{{{uri}}}{uri.rpartition('/')[2]}", nsmap={"p": uri})
    for name, value in values.items():
        etree.SubElement(root, f"{{{uri}}}{name}").text = value
    return root


def _changed(
    root: etree._Element, values: Mapping[str, str | None] | None
) -> etree._Element:
    if not values:
        raise Misused(
            'No input provided through "@{...}" or "-file:" commandline parameters.'
        )
    for name, value in values.items():
        found = [child for child in root if etree.QName(child).localname == name]
        if len(found) != 1:
            many = "Parameter matches more than one property on resource: "
            none = "Parameter name does not match any properties on resource: "
            raise Misused((many if found else none) + name)
        if len(found[0]):
            raise Misused(f"Parameter matches a non-text property on resource: {name}")
        found[0].text = value or ""
    return root


def _shown(element: etree._Element, shape: str) -> str:
    if shape == "text":
        return "".join(f"{line}\r\n" for line in as_text(element)) + "\r\n"
    alone = deepcopy(element)  # without the prefixes of the envelope around it
    etree.cleanup_namespaces(alone)
    text: str = etree.tostring(alone, encoding="unicode", with_tail=False)
    return text.strip() + "\r\n"


def as_text(element: etree._Element, depth: int = 0) -> list[str]:
    """The lines of the text form; a list's items stand in one line, with commas."""
    indent = "    " * depth
    source = f' [Source="{element.get("Source")}"]' if element.get("Source") else ""
    name = etree.QName(element).localname
    if not len(element):
        text = (element.text or "").strip()
        return [
            f"{indent}{name} = {text}{source}" if text else f"{indent}{name}{source}"
        ]
    lines = [f"{indent}{name}{source}"]
    done: set[str] = set()
    for child in element:
        if child.tag in done:
            continue
        done.add(child.tag)
        same = element.findall(child.tag)
        if len(same) > 1:
            items = ", ".join((item.text or "").strip() for item in same)
            lines.append(f"{indent}    {etree.QName(child).localname} = {items}")
        else:
            lines += as_text(child, depth + 1)
    return lines


def _complaint(error: Refused, shape: str) -> str:
    if error.fault is None:
        fault = etree.Element(f"{{{FAULT}}}WSManFault", nsmap={"f": FAULT})
        fault.set("Code", str(error.number))
        fault.set("Machine", "localhost")
        etree.SubElement(fault, f"{{{FAULT}}}Message").text = error.text
    else:
        fault = error.fault
    signed = error.number - (1 << 32) if error.number >> 31 else error.number
    number = f"Error number:  {signed} 0x{error.number:X}\r\n"
    return _shown(fault, shape) + number + f"{error.text}\r\n"
