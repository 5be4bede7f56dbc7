# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says of its WinRM, as values, and what is written, as XML; pure.

The elements are those of [MS-WSMV] 2.2.4.10 (Config) and 2.2.4.19 (Listener). ``Source``
is no part of them: Windows puts it on what group policy (``GPO``) or a compatibility
setting (``Compatibility``) made, as PowerShell's WSMan: drive shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._cim.markup import Element, Name, escape
from .._core.errors import HypervisorConnectError
from .settings import GROUPS, SETTINGS, Value, nested, setting_at
from .texts import INVALID, flag, text, thumbprint

CONFIG_URI = "http://schemas.microsoft.com/wbem/wsman/1/config"
LISTENER_URI = f"{CONFIG_URI}/listener"

GPO = "GPO"
"""The source of what a group policy sets."""

COMPATIBILITY = "Compatibility"
"""The source of the listeners on the ports 80 and 443."""

HTTP, HTTPS = "HTTP", "HTTPS"

_SOURCE = Name("", "Source")


def group_uri(group: str) -> str:
    """The resource URI of a key of GROUPS, in lower case as hosts answer with it."""
    return f"{CONFIG_URI}/{group.lower()}".rstrip("/")


@dataclass(frozen=True)
class Configuration:
    """The settings of one host.

    Attributes:
        values: By path, in the order of the wire. A setting that the host does not have,
            as old ones lack some, is missing.
        sources: Who set it, by path, where the host says so.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_element(cls, element: Element) -> Configuration:
        """Read the answer to a Get of winrm/config, or the same in the tool's output.

        Names are known in any case and namespace; what is not known is left out.

        Raises:
            HypervisorConnectError: It is no Config.
        """
        if element.name.local.lower() != "config":
            raise HypervisorConnectError(
                f"the host's configuration is a {element.name.local[:80]!r}",
                remedy="check that it is a Windows host",
            )
        found = {path: (told, source) for path, told, source in _leaves(element, "")}
        known = [path for path in SETTINGS if path in found]
        return cls(
            {path: SETTINGS[path].read(found[path][0]) for path in known},
            {path: found[path][1] for path in known if found[path][1]},
        )

    def as_result(self) -> dict[str, Any]:
        """Nested, in the options' words."""
        return nested(self.values)

    def policies(self) -> dict[str, str]:
        """The source of each setting that has one, by option: ``service.auth.basic``."""
        return {SETTINGS[path].option: source for path, source in self.sources.items()}


def _leaves(element: Element, above: str) -> Iterator[tuple[str, str, str]]:
    """Each known setting with its text and its source."""
    for child in element.children:
        path = f"{above}/{child.name.local}".lstrip("/")
        setting = setting_at(path)
        if setting is None:
            yield from _leaves(child, path)
        else:
            yield setting.path, child.token, child.attributes.get(_SOURCE, "")


@dataclass(frozen=True)
class Listener:
    """One row of winrm/config/listener ([MS-WSMV] 2.2.4.19).

    Attributes:
        address: ``*``, ``IP:192.0.2.1`` or ``MAC:...``.
        transport: ``HTTP`` or ``HTTPS``.
        port: TCP port; None to leave it to the host, when one is made.
        hostname: The name in its certificate; empty for none.
        certificate_thumbprint: Upper-case digits; empty over HTTP.
        listening_on: Addresses, told by the host.
        source: GPO, COMPATIBILITY or empty.
    """

    address: str
    transport: str
    port: int | None = None
    hostname: str = ""
    enabled: bool = True
    url_prefix: str = "wsman"
    certificate_thumbprint: str = ""
    listening_on: tuple[str, ...] = ()
    source: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from the others, in one case."""
        return self.address.lower(), self.transport.upper()

    @property
    def selectors(self) -> dict[str, str]:
        """The selectors of its resource."""
        return {"Address": self.address, "Transport": self.transport}

    @classmethod
    def from_element(cls, element: Element) -> Listener:
        """Read one item of an enumeration of listeners.

        Raises:
            HypervisorConnectError: It is none.
        """
        told = {child.name.local.lower(): child.token for child in element.children}
        try:
            return cls(
                address=told["address"],
                transport=told["transport"].upper(),
                port=int(told["port"]),
                hostname=told.get("hostname", ""),
                enabled=flag(told.get("enabled", "true")),
                url_prefix=told.get("urlprefix", ""),
                certificate_thumbprint=thumbprint(
                    told.get("certificatethumbprint", "")
                ),
                listening_on=tuple(
                    child.token
                    for child in element.children
                    if child.name.local.lower() == "listeningon" and child.token
                ),
                source=element.attributes.get(_SOURCE, ""),
            )
        except (KeyError, *INVALID):
            raise HypervisorConnectError(
                f"the host's listener {told.get('address', '')[:80]!r} can't be read",
                remedy="see winrm enumerate winrm/config/listener on it",
            ) from None

    def changed(self, values: Mapping[str, Value]) -> Listener:
        """With other values, by attribute (FIELDS)."""
        return replace(self, **values)  # type: ignore[arg-type]

    def fields(self) -> dict[str, Value]:
        """The values of FIELDS that it has, for making it."""
        found = {name: getattr(self, name) for name in FIELDS}
        return {name: value for name, value in found.items() if value not in (None, "")}

    def as_result(self) -> dict[str, Any]:
        """In the options' words."""
        return {
            "address": self.address,
            "transport": self.transport,
            "port": self.port,
            "hostname": self.hostname,
            "enabled": self.enabled,
            "url_prefix": self.url_prefix,
            "certificate_thumbprint": self.certificate_thumbprint,
            "listening_on": list(self.listening_on),
            "source": self.source,
        }


FIELDS = {
    "port": "Port",
    "hostname": "Hostname",
    "enabled": "Enabled",
    "url_prefix": "URLPrefix",
    "certificate_thumbprint": "CertificateThumbprint",
}
"""What may be written of a listener: attribute and element, in the order of the wire."""


def group_texts(group: str, values: Mapping[str, Value]) -> dict[str, str]:
    """What is written to a group, by the names of its elements.

    Args:
        group: A key of GROUPS.
        values: By path, each in that group.
    """
    inside = [path for path in SETTINGS if path in values]
    if any(SETTINGS[path].group != group for path in inside) or len(inside) != len(
        values
    ):
        raise ValueError(f"not all of {sorted(values)} are in {group!r}")
    return {SETTINGS[path].element: text(values[path]) for path in inside}


def listener_texts(values: Mapping[str, Value]) -> dict[str, str]:
    """What is written to a listener, by the names of its elements.

    Args:
        values: By attribute (FIELDS).
    """
    return {FIELDS[name]: text(values[name]) for name in FIELDS if name in values}


def document(uri: str, element: str, texts: Mapping[str, str]) -> str:
    """The XML of what is written, as ``winrm set -file:`` reads it.

    Args:
        uri: Of group_uri, or LISTENER_URI.
        element: Of GROUPS, or ``Listener``.
        texts: Of group_texts or listener_texts.
    """
    inner = "".join(
        f"<p:{name}>{escape(told)}</p:{name}>" for name, told in texts.items()
    )
    return f'<p:{element} xmlns:p="{uri}">{inner}</p:{element}>'


__all__ = [
    "COMPATIBILITY",
    "CONFIG_URI",
    "FIELDS",
    "GPO",
    "GROUPS",
    "HTTP",
    "HTTPS",
    "LISTENER_URI",
    "Configuration",
    "Listener",
    "document",
    "group_texts",
    "group_uri",
    "listener_texts",
]
