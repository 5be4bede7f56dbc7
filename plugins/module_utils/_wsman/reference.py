# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resource URIs, selectors and endpoint references, as instance paths.

WMI's classes have the resource URI ``.../wmi/NAMESPACE/CLASS`` ([MS-WSMV] 3.1.4.1.1).
Whatever else a server offers (DMTF's prefix with a ``__cimnamespace`` selector,
``.../config/listener``) is a path too, whose namespace is the URI up to the last slash,
so that every reference that is read can be sent back as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Union

from .._cim.instance import (
    InstancePath,
    InvalidInstancePath,
    KeyValue,
    selector_value,
)
from .._cim.markup import Element, Name, escape, escape_attribute
from .namespaces import ADDRESSING, ANONYMOUS, WMI
from .protocol_error import ProtocolError

Target = Union[str, InstancePath]
"""What a request is about: a resource URI, or a path with its own selectors."""

Selectors = Mapping[str, KeyValue]


def resource_uri(namespace: str, class_name: str) -> str:
    r"""The resource URI of a class.

    Args:
        namespace: ``root/cimv2``, or ``root\cimv2``; or a URI, for other servers.
        class_name: The class; ``*`` for queries.
    """
    if "://" in namespace:
        return f"{namespace.rstrip('/')}/{class_name}"
    return f"{WMI}{namespace.replace(chr(92), '/').strip('/')}/{class_name}"


def split_uri(uri: str) -> tuple[str, str]:
    """The namespace and the class of a resource URI; the inverse of resource_uri."""
    uri = uri.strip()
    if uri[: len(WMI)].lower() == WMI:
        uri = uri[len(WMI) :]
    namespace, _slash, class_name = uri.rpartition("/")
    return namespace, class_name


def uri_of(path: InstancePath) -> str:
    """The resource URI of an instance's class.

    Raises:
        InvalidInstancePath: The path has no namespace.
    """
    if not path.namespace:
        raise InvalidInstancePath(str(path), "its namespace is missing")
    return resource_uri(path.namespace, path.class_name)


def address(
    target: Target, selectors: Selectors | None = None
) -> tuple[str, dict[str, str | InstancePath]]:
    """The resource URI and the selectors of a target.

    Args:
        target: A resource URI or a path, whose keys are selectors.
        selectors: Further selectors; those of the same name win.
    """
    own = target.selectors if isinstance(target, InstancePath) else {}
    given = {name: selector_value(value) for name, value in (selectors or {}).items()}
    uri = uri_of(target) if isinstance(target, InstancePath) else target
    return uri, {**own, **given}


def selector_set(selectors: Mapping[str, str | InstancePath]) -> str:
    """A w:SelectorSet; empty text without selectors (DSP0226 5.4.2 wants one or more).

    A selector that is a path holds a whole a:EndpointReference.
    """
    if not selectors:
        return ""
    items = "".join(
        f'<w:Selector Name="{escape_attribute(name)}">{_selector(value)}</w:Selector>'
        for name, value in selectors.items()
    )
    return f"<w:SelectorSet>{items}</w:SelectorSet>"


def _selector(value: str | InstancePath) -> str:
    if isinstance(value, InstancePath):
        return f"<a:EndpointReference>{reference(value)}</a:EndpointReference>"
    return escape(value)


def reference(path: InstancePath) -> str:
    """The inside of an endpoint reference, with the envelope's prefixes.

    As a parameter it stands directly in the parameter's element: an EndpointReference
    around it is refused with SchemaValidationError (seen by r4sd/go-wsman).

    Raises:
        InvalidInstancePath: The path has no namespace, or its key no name.
    """
    return (
        f"<a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{escape(uri_of(path))}</w:ResourceURI>"
        f"{selector_set(path.selectors)}</a:ReferenceParameters>"
    )


ENDPOINT_REFERENCE = Name(ADDRESSING, "EndpointReference")
_PARTS = frozenset(
    Name(namespace, name)
    for namespace in (ADDRESSING, "")
    for name in ("ReferenceParameters", "EndpointReference")
)
"""In a row of columns nothing has a namespace (recorded for dates)."""

_NAME = Name("", "Name")


def is_reference(element: Element) -> bool:
    """Whether an element is, or directly holds, an endpoint reference."""
    return any(child.name in _PARTS for child in element.children)


def path_of_reference(element: Element) -> InstancePath:
    """The path that an endpoint reference stands for, with or without its wrapper.

    Its parameters are known by their local names: OMI still reads the namespace of
    WS-Management's draft of 2005 there, and no other element can be meant.

    Raises:
        ProtocolError: It has no resource URI, or a selector has no name.
    """
    own = _by_local_name(element)
    inner = _by_local_name(own.get("EndpointReference", element))
    parameters = inner.get("ReferenceParameters")
    parts = {} if parameters is None else _by_local_name(parameters)
    if "ResourceURI" not in parts or not parts["ResourceURI"].token:
        raise ProtocolError("an endpoint reference has no resource URI")
    selectors = parts["SelectorSet"].children if "SelectorSet" in parts else []
    keys = tuple(_key(selector) for selector in selectors)
    return InstancePath(*split_uri(parts["ResourceURI"].token), keys)


def _by_local_name(element: Element) -> dict[str, Element]:
    return {child.name.local: child for child in element.children}


def _key(selector: Element) -> tuple[str, str | InstancePath]:
    name = selector.attributes.get(_NAME)
    if not name:
        raise ProtocolError("a selector of an endpoint reference has no name")
    if is_reference(selector):
        return name, path_of_reference(selector)
    return name, selector.text
