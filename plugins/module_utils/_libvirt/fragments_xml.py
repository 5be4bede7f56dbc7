# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XML fragments of the user (Description.libvirt) in a definition; pure.

A fragment is one element, and the path of the element that it belongs below. Below
that, it is *merged* into the element of the same name and identity: attributes and text
that it names are set, its children are merged in turn, and what it doesn't name stays.
Where there is none, it is added. Two elements are the same by what libvirt's page
"Domain XML format" tells them apart by: a disk by its target, an interface by its MAC
address, a feature by its name. ``/`` is above ``domain`` itself. An empty fragment takes
away what the path leads to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from xml.etree import ElementTree as ET

from .._core.errors import HypervisorConnectError
from .verbatim_xml import append, parse_verbatim, to_text

#: What tells two elements of one name apart, each as a path below the element; those
#: that are not listed are told apart by nothing: there is one of them.
_IDENTITY = {
    "boot": ("@dev", "@order"),
    "cell": ("@id",),
    "channel": ("target/@name",),
    "controller": ("@type", "@index"),
    "disk": ("target/@dev",),
    "entry": ("@name",),
    "feature": ("@name",),
    "filesystem": ("target/@dir",),
    "graphics": ("@type",),
    "hostdev": ("@mode", "@type", "source/address/@*"),
    "hub": ("@type",),
    "input": ("@type", "@bus"),
    "interface": ("mac/@address",),
    "iothread": ("@id",),
    "memory": ("@model", "target/node"),
    "page": ("@size", "@nodeset"),
    "panic": ("@model",),
    "parallel": ("target/@port",),
    "qemu:arg": ("@value",),
    "qemu:env": ("@name",),
    "redirdev": ("@bus", "@type"),
    "serial": ("target/@port",),
    "shmem": ("@name",),
    "smartcard": ("@mode",),
    "sound": ("@model",),
    "sysinfo": ("@type",),
    "timer": ("@name",),
    "vcpupin": ("@vcpu",),
    "watchdog": ("@model",),
}
#: Elements that are replaced as a whole, since the order in them counts.
_WHOLE = ("qemu:commandline", "lxc:namespace")
#: ``name``, ``*`` or ``pre:name`` with predicates in brackets.
_STEP = re.compile(r"/([\w:.-]+|\*)((?:\[[^\]]*\])*)", re.ASCII)
_PREDICATE = re.compile(
    r"\s*(?:(\d+)|([@\w:./-]+)\s*(?:=\s*(?:'([^']*)'|\"([^\"]*)\"))?)\s*", re.ASCII
)


def check_fragment(fragment: Mapping[str, str], where: str) -> None:
    """Refuse a fragment that can't be read.

    Args:
        fragment: ``xpath`` and ``xml``.
        where: The option, for the message.

    Raises:
        HypervisorConnectError: A path that is not understood, or no XML.
    """
    xpath, xml = fragment["xpath"], fragment["xml"]
    if xpath != "/" and not _is_path(xpath):
        raise HypervisorConnectError(
            f"{where}.xpath is '{xpath}', which is not understood",
            remedy="write it as /domain/devices or /domain/devices/disk[target/@dev='vda']",
        )
    if xml.strip():
        try:
            parse_verbatim(xml)
        except SyntaxError as error:
            raise HypervisorConnectError(
                f"{where}.xml is not one element of XML ({error})",
                remedy="write one element, as in <rng model='virtio'>...</rng>",
            ) from error


def apply_fragment(root: ET.Element, fragment: Mapping[str, str]) -> bool:
    """Merge one fragment into the definition; whether that changed anything.

    Raises:
        HypervisorConnectError: Nothing is there where the path leads to.
    """
    before = to_text(root)
    document = ET.Element("document")
    document.append(root)
    found = [document] if fragment["xpath"] == "/" else select(root, fragment["xpath"])
    if not fragment["xml"].strip():
        for one in found:
            next(parent for parent in root.iter() if one in list(parent)).remove(one)
        return bool(found)
    if not found:
        raise HypervisorConnectError(
            f"the definition has nothing at {fragment['xpath']}",
            remedy="correct the xpath, or add that element with a fragment before",
        )
    for parent in found:
        _merge_below(parent, parse_verbatim(fragment["xml"]))
    return before != to_text(root)


def shown_now(root: ET.Element, fragment: Mapping[str, str]) -> str | None:
    """What is there of what a fragment is about, as it may be shown; None for nothing."""
    if fragment["xpath"] == "/":
        found = [ET.Element("document")]
        found[0].append(root)
    else:
        found = select(root, fragment["xpath"])
    if not fragment["xml"].strip():
        return "".join(without_secrets(to_text(one)) for one in found) or None
    wish = parse_verbatim(fragment["xml"])
    for parent in found:
        for one in parent:
            if _is_same_thing(one, wish):
                return without_secrets(to_text(_pruned(one, wish)))
    return None


def place_of(fragment: Mapping[str, str]) -> str:
    """The path of the element that a fragment is about."""
    if not fragment["xml"].strip():
        return fragment["xpath"]
    tag = parse_verbatim(fragment["xml"]).tag
    return f"{fragment['xpath'].rstrip('/')}/{tag}"


def _pruned(found: ET.Element, wish: ET.Element) -> ET.Element:
    """An element with nothing in it but what a fragment names, too."""
    kept = {key: value for key, value in found.items() if key in wish.attrib}
    shown = ET.Element(found.tag, kept)
    if (wish.text or "").strip():
        shown.text = found.text
    for part in wish:
        for one in found:
            if _is_same_thing(one, part):
                shown.append(_pruned(one, part))
                break
    return shown


def select(root: ET.Element, xpath: str) -> list[ET.Element]:
    """The elements that a path leads to, from the root on.

    It is the part of XPath that paths of definitions need: names, ``*``, and the
    predicates ``[2]``, ``[@name='x']``, ``[target/@dev='vda']`` and ``[source]``.
    """
    found = [root]
    for number, step in enumerate(_STEP.finditer(xpath)):
        name, predicates = step[1], re.findall(r"\[([^\]]*)\]", step[2])
        if number:
            groups = [
                [one for one in parent if _is_named(one, name)] for parent in found
            ]
        else:
            groups = [[root] if _is_named(root, name) else []]
        for predicate in predicates:
            groups = [_filtered(group, predicate) for group in groups]
        found = [one for group in groups for one in group]
    return found


def _is_path(xpath: str) -> bool:
    steps = list(_STEP.finditer(xpath))
    if not steps or "".join(step[0] for step in steps) != xpath:
        return False
    predicates = [p for step in steps for p in re.findall(r"\[([^\]]*)\]", step[2])]
    return all(_PREDICATE.fullmatch(predicate) for predicate in predicates)


def _is_named(element: ET.Element, name: str) -> bool:
    return isinstance(element.tag, str) and name in ("*", element.tag)


def _filtered(group: list[ET.Element], predicate: str) -> list[ET.Element]:
    parts = _PREDICATE.fullmatch(predicate)
    if parts is None:
        return []
    if parts[1] is not None:
        return group[int(parts[1]) - 1 : int(parts[1])]
    value = parts[3] if parts[3] is not None else parts[4]
    return [
        one
        for one in group
        if any(value in (None, found) for found in _values(one, str(parts[2])))
    ]


def _values(element: ET.Element, path: str) -> Iterator[str]:
    """The texts and attributes that a path leads to; ``@*`` is all attributes."""
    *steps, last = path.split("/")
    found = [element]
    for step in steps:
        found = [one for parent in found for one in parent if one.tag == step]
    for one in found:
        if last == "@*":
            yield repr(sorted(one.items()))
        elif last.startswith("@"):
            if last[1:] in one.attrib:
                yield one.attrib[last[1:]]
        else:
            yield from ((b.text or "").strip() for b in one if b.tag == last)


def _merge_below(parent: ET.Element, wish: ET.Element) -> None:
    found = next((one for one in parent if _is_same_thing(one, wish)), None)
    if found is None:
        append(parent, deepcopy(wish))
        return
    if wish.tag in _WHOLE:
        if [part.items() for part in found] != [part.items() for part in wish]:
            parent[list(parent).index(found)] = deepcopy(wish)
        return
    found.attrib.update(wish.attrib)
    text = (wish.text or "").strip()
    if text and text != (found.text or "").strip():
        found.text = wish.text
    for part in wish:
        _merge_below(found, part)


def _is_same_thing(found: ET.Element, wish: ET.Element) -> bool:
    """Whether a fragment is about an element: all that it names of its identity fits."""
    if found.tag != wish.tag:
        return False
    for path in _IDENTITY.get(str(wish.tag), ()):
        named = list(_values(wish, path))
        if named and named != list(_values(found, path)):
            return False
    return True


def without_secrets(xml: str) -> str:
    """A fragment as it may be shown: passwords are hidden."""
    try:
        root = parse_verbatim(xml)
    except SyntaxError:
        return ""
    for one in root.iter():
        if "passwd" in one.attrib:
            one.set("passwd", "********")
    return to_text(root)
