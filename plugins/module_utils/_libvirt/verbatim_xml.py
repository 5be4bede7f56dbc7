# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XML of libvirt, read, changed and written with all that is not ours to change; pure.

Namespaces are not resolved: a machine's definition may hold elements of others
(``qemu:commandline``, metadata of any program), whose prefixes and declarations stay as
they are written.
"""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat


def parse_verbatim(text: str) -> ET.Element:
    """The root element of a document; names keep their prefix, as in ``qemu:arg``.

    Raises:
        SyntaxError: It is no XML (an ElementTree.ParseError).
    """
    builder = ET.TreeBuilder(insert_comments=True)
    parser: Any = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.CommentHandler = builder.comment
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise ET.ParseError(str(error)) from error
    return builder.close()


def to_text(element: ET.Element) -> str:
    """An element as XML, without what follows it."""
    tail, element.tail = element.tail, None
    try:
        return ET.tostring(element, encoding="unicode")
    finally:
        element.tail = tail


def new(tag: str, /, **attributes: str | None) -> ET.Element:
    """An element with those of the attributes that are not None."""
    return ET.Element(tag, {k: v for k, v in attributes.items() if v is not None})


def child(parent: ET.Element, path: str) -> ET.Element:
    """The element of a path of plain names, made where it is missing."""
    found = parent
    for tag in path.split("/"):
        below = found.find(tag)
        found = below if below is not None else append(found, ET.Element(tag))
    return found


def append(parent: ET.Element, element: ET.Element) -> ET.Element:
    """Put an element behind the others, indented as they are; returns it."""
    others = list(parent)
    if others:
        element.tail = others[-1].tail
        others[-1].tail = parent.text if not (parent.text or "").strip() else None
    parent.append(element)
    return element


def remove(parent: ET.Element, path: str) -> None:
    """Take away all that is found by a path of ElementTree, if anything is."""
    for found in parent.findall(path):
        holder = next(one for one in parent.iter() if found in list(one))
        holder.remove(found)


def set_text(parent: ET.Element, tag: str, text: str | None) -> None:
    """Set the text of a child, made where it is missing; None takes it away."""
    if text is None:
        remove(parent, tag)
    else:
        child(parent, tag).text = text
