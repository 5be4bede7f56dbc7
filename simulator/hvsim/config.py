# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""winrm/config and what lies below it, as resources.

[MS-WSMV] 3.1.4.2 to 3.1.4.5; what Microsoft's own clients send (PowerShell's WSMan: drive,
winrm.vbs) is accepted: namespaces with and without `.xsd`, names in any case, and bodies
that hold only what changes.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

from lxml import etree

from hvsim import settings, soap
from hvsim.enumeration import WQL, endpoint_reference, reference_parts
from hvsim.faults import Code, Fault
from hvsim.machine_store import Entry, MachineStore
from hvsim.namespaces import ANONYMOUS, CONFIG, NS, qname
from hvsim.pipeline import Resource
from hvsim.settings import PROVIDER, SETTINGS, Settings, boolean, number
from hvsim.soap import Filter, Item, Request

GROUPS = {
    "": "Config",
    "Client": "Client",
    "Client/Auth": "Auth",
    "Client/DefaultPorts": "DefaultPorts",
    "Service": "Service",
    "Service/Auth": "Auth",
    "Service/DefaultPorts": "DefaultPorts",
    "Winrs": "Winrs",
}
"""Path of a resource below winrm/config, and the name of its element."""

NO_SUCH_LOGON_SESSION = 1312
_NO_SESSION = (
    "A specified logon session does not exist. It may already have been terminated. "
)
"""What http.sys says to a certificate without a private key (netsh http add sslcert)."""


@dataclass(frozen=True)
class Listener:
    """One row of winrm/config/listener.

    Attributes:
        address: `*`, `IP:192.0.2.1` or `MAC:...`.
        transport: `HTTP` or `HTTPS`.
        port: The real one.
        source: `GPO` or `Compatibility`, or empty.
        listening_on: Addresses; told by the server.
    """

    address: str
    transport: str
    port: int
    hostname: str = ""
    enabled: bool = True
    url_prefix: str = "wsman"
    thumbprint: str = ""
    source: str = ""
    listening_on: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """The selectors, in one case."""
        return self.address.lower(), self.transport.upper()


@dataclass(frozen=True)
class CertMapping:
    """One row of winrm/config/service/certmapping.

    Attributes:
        issuer: Thumbprint of the CA that signed the client's certificate.
        subject: Its user principal name; `*` may stand for the beginning.
        uri: Of the resources that it opens, `*` for all.
    """

    issuer: str
    subject: str
    uri: str
    username: str = ""
    password: str = field(default="", repr=False)
    enabled: bool = True

    @property
    def key(self) -> tuple[str, ...]:
        """The selectors, in one case."""
        return self.issuer.lower(), self.subject.lower(), self.uri.lower()


class Config:
    """All of winrm/config.

    Args:
        policies: As of `Settings`; `Listener` among them marks the listeners that are
            there at the start as set by group policy.

    Attributes:
        certificates: The machine's own, once the host has a store of them.
        computer_names: Its names, one of which a listener without Hostname has.
    """

    def __init__(self, policies: Mapping[str, str] | None = None) -> None:
        policies = dict(policies or {})
        self.listener_policy = policies.pop("Listener", None) is not None
        self.settings = Settings(policies)
        self.certificates: MachineStore | None = None
        self.computer_names: tuple[str, ...] = ()
        self.lock = threading.RLock()
        self._listeners: dict[tuple[str, str], Listener] = {}
        self.mappings: dict[tuple[str, ...], CertMapping] = {}
        self.apply: Callable[[], None] = lambda: None
        """Called after a change, to open and close listeners."""
        self.listening_on: Callable[[Listener], tuple[str, ...]] = lambda row: ()
        """Where a listener listens in fact."""

    def listeners(self) -> list[Listener]:
        """Every row; those of the compatibility settings too."""
        with self.lock:
            rows = list(self._listeners.values())
        for kind, port in (("HTTP", 80), ("HTTPS", 443)):
            title = kind.capitalize()
            if self.settings.flag(f"Service/EnableCompatibility{title}Listener"):
                rows.append(Listener("*", kind, port, source="Compatibility"))
        return [replace(row, listening_on=self.listening_on(row)) for row in rows]

    def put_listener(self, row: Listener) -> None:
        """Add or replace a row, as the host's own administrator."""
        with self.lock:
            self._listeners[row.key] = row
        self.apply()

    def drop_listener(self, row: Listener) -> None:
        """Remove a row."""
        with self.lock:
            self._listeners.pop(row.key, None)
        self.apply()

    def resources(self) -> list[Resource]:
        """The resources, those with the longer URIs first."""
        return [ListenerResource(self), MappingResource(self), GroupResource(self)]


class _Listed(Resource):
    """What the two tables, listeners and certificate mappings, have in common."""

    name = ""
    uri = ""
    keys: tuple[str, ...] = ()

    def __init__(self, config: Config) -> None:
        self.config = config
        self.prefixes = (self.uri,)

    def rows(self) -> list[tuple[dict[str, str], etree._Element]]:
        """Each row's selectors and element."""
        raise NotImplementedError

    def get(self, request: Request) -> etree._Element:
        """The row that the selectors name."""
        wanted = self.key_of(request)
        for selectors, element in self.rows():
            if tuple(selectors[name].lower() for name in self.keys) == wanted:
                return element
        raise Fault(Code.RESOURCE_NOT_FOUND, provider=PROVIDER)

    def enumerate(self, request: Request, filter: Filter | None) -> Iterator[Item]:  # noqa: A002
        """Every row."""
        _check_uri(request, self.uri)
        if filter is not None:
            unknown = filter.dialect != WQL
            raise Fault(
                Code.FILTER_DIALECT_UNAVAILABLE
                if unknown
                else Code.FILTERING_NOT_SUPPORTED
            )
        return (
            Item(element, endpoint_reference(self.uri, selectors.items(), ANONYMOUS))
            for selectors, element in self.rows()
        )

    def key_of(self, request: Request) -> tuple[str, ...]:
        """The selectors' values in lower case.

        Raises:
            Fault: One is missing, or too many are there.
        """
        _check_uri(request, self.uri)
        found = tuple(request.selectors.text(name) for name in self.keys)
        if len(request.selectors) != len(self.keys) or None in found:
            raise Fault(Code.INVALID_SELECTORS, provider=PROVIDER)
        return tuple(value.lower() for value in found if value is not None)

    def fields(self, request: Request, known: tuple[str, ...]) -> dict[str, str]:
        """The body's elements under their own names.

        Raises:
            Fault: Another element's body, an unknown name, or one given twice.
        """
        body = _body(request, self.name)
        found: dict[str, str] = {}
        for element in soap.elements(body):
            local = etree.QName(element).localname
            name = next((k for k in known if k.lower() == local.lower()), None)
            text = (element.text or "").strip()
            if name == "ListeningOn" and name in found:  # the one list
                text = f"{found.pop(name)} {text}"
            if name is None or name in found:
                raise Fault(Code.SCHEMA_VALIDATION_ERROR, provider=PROVIDER)
            found[name] = text
        for name in self.keys:
            value = found.pop(name, None)
            if value and value.lower() != (request.selectors.text(name) or "").lower():
                raise Fault(Code.INVALID_SELECTORS, provider=PROVIDER)
        return found

    def created(self, request: Request) -> list[etree._Element]:
        """x:ResourceCreated, the endpoint reference of a new row."""
        element = etree.Element(qname("x:ResourceCreated"), nsmap={"x": NS["x"]})
        selectors = [(name, request.selectors.text(name) or "") for name in self.keys]
        for part in reference_parts(self.uri, selectors, request.to or ANONYMOUS):
            element.append(part)
        return [element]


class ListenerResource(_Listed):
    """winrm/config/listener ([MS-WSMV] 2.2.4.19, 3.1.4.1.29.5)."""

    name = "Listener"
    uri = CONFIG + "/listener"
    keys = ("Address", "Transport")
    _fields = (
        "Address",
        "Transport",
        "Port",
        "Hostname",
        "Enabled",
        "URLPrefix",
        "CertificateThumbprint",
        "ListeningOn",
    )

    def rows(self) -> list[tuple[dict[str, str], etree._Element]]:
        """Each listener."""
        return [
            ({"Address": row.address, "Transport": row.transport}, self._element(row))
            for row in self.config.listeners()
        ]

    def _element(self, row: Listener) -> etree._Element:
        root = etree.Element(f"{{{self.uri}}}Listener", nsmap={"cfg": self.uri})
        root.set(qname("xml:lang"), soap.LANGUAGE)
        if row.source:
            root.set("Source", row.source)
        values = (
            row.address,
            row.transport,
            str(row.port),
            row.hostname,
            str(row.enabled).lower(),
            row.url_prefix,
            row.thumbprint,
        )
        for name, value in zip(self._fields, values, strict=False):
            _add(root, self.uri, name, value)
        for address in row.listening_on:
            _add(root, self.uri, "ListeningOn", address)
        return root

    def create(self, request: Request) -> list[etree._Element]:
        """A new listener, which listens at once where its port is free."""
        key = self.key_of(request)
        with self.config.lock:
            if any(
                row.key == (key[0], key[1].upper()) for row in self.config.listeners()
            ):
                raise Fault(Code.ALREADY_EXISTS, provider=PROVIDER)
            self.config.put_listener(self._row(request, None))
        return self.created(request)

    def put(self, request: Request) -> etree._Element:
        """Change a listener."""
        with self.config.lock:
            old = self._existing(request)
            new = self._row(request, old)
            if old.source and new != old:
                raise settings.policy_fault("Listener")
            self.config.put_listener(new)
        return self.get(request)

    def delete(self, request: Request) -> None:
        """Remove a listener; connections that came by it live on."""
        with self.config.lock:
            old = self._existing(request)
            if old.source:
                raise settings.policy_fault("Listener")
            self.config.drop_listener(old)

    def _existing(self, request: Request) -> Listener:
        address, transport = self.key_of(request)
        for row in self.config.listeners():
            if row.key == (address, transport.upper()):
                return row
        raise Fault(Code.RESOURCE_NOT_FOUND, provider=PROVIDER)

    def _row(self, request: Request, old: Listener | None) -> Listener:
        fields = self.fields(request, self._fields)
        transport = (request.selectors.text("Transport") or "").upper()
        address = request.selectors.text("Address") or ""
        if transport not in ("HTTP", "HTTPS"):
            raise Fault(Code.INVALID_SELECTORS, provider=PROVIDER)
        _check_address(address)
        listening_on = fields.pop("ListeningOn", None)
        known = set(old.listening_on) if old else set()
        if listening_on and not known.issuperset(listening_on.split()):
            raise Fault(Code.READONLY_PROPERTY, provider=PROVIDER)
        default = self.config.settings.number(f"Service/DefaultPorts/{transport}")
        row = old or Listener(address, transport, default)
        try:
            row = replace(
                row,
                port=int(number(1, 65535)(fields.get("Port", str(row.port)))),
                hostname=fields.get("Hostname", row.hostname),
                enabled=boolean(fields.get("Enabled", str(row.enabled))) == "true",
                url_prefix=settings.URL_PREFIX(fields.get("URLPrefix", row.url_prefix)),
                thumbprint=settings.THUMBPRINT(
                    fields.get("CertificateThumbprint", row.thumbprint).replace(" ", "")
                ).upper(),
            )
        except ValueError as error:
            raise settings.invalid_value("Listener", str(error)) from None
        return self._with_certificate(row)

    def _with_certificate(self, row: Listener) -> Listener:
        """The certificate that an HTTPS listener names, or that fits its Hostname."""
        if row.transport == "HTTP":
            if row.thumbprint:
                raise Fault(Code.THUMBPRINT_SHOULD_BE_EMPTY, provider=PROVIDER)
            return row
        store = self.config.certificates
        known = store.entries() if store else []
        names = (row.hostname,) if row.hostname else self.config.computer_names
        if not row.thumbprint:
            fitting = [
                entry.mark
                for entry in known
                if row.hostname and entry.is_for(row.hostname) and is_usable(entry)
            ]
            if not fitting:
                raise Fault(Code.THUMBPRINT_BLANK, provider=PROVIDER)
            return replace(row, thumbprint=fitting[0])
        entry = next((one for one in known if one.mark == row.thumbprint), None)
        if entry is None:
            raise Fault(Code.RESOURCE_NOT_FOUND, provider=PROVIDER)
        if not any(map(entry.is_for, names)):
            raise Fault(Code.CERTIFICATE_NAME_MISMATCH, provider=PROVIDER)
        if not entry.for_servers:
            raise Fault(Code.CERTIFICATE_INVALID_USAGE, provider=PROVIDER)
        if entry.path is None:
            raise Fault(NO_SUCH_LOGON_SESSION, _NO_SESSION, provider=PROVIDER)
        return row


class MappingResource(_Listed):
    """winrm/config/service/certmapping: whose account a client's certificate opens."""

    name = "CertMapping"
    uri = CONFIG + "/service/certmapping"
    keys = ("Issuer", "Subject", "URI")
    _fields = ("URI", "Subject", "Issuer", "UserName", "Enabled", "Password")

    def rows(self) -> list[tuple[dict[str, str], etree._Element]]:
        """Each mapping; its password is never told."""
        with self.config.lock:
            mappings = list(self.config.mappings.values())
        return [
            (
                {"Issuer": row.issuer, "Subject": row.subject, "URI": row.uri},
                self._element(row),
            )
            for row in mappings
        ]

    def _element(self, row: CertMapping) -> etree._Element:
        root = etree.Element(f"{{{self.uri}}}{self.name}", nsmap={"cfg": self.uri})
        root.set(qname("xml:lang"), soap.LANGUAGE)
        enabled = str(row.enabled).lower()
        values = (row.uri, row.subject, row.issuer, row.username, enabled, "")
        for name, value in zip(self._fields, values, strict=True):
            _add(root, self.uri, name, value)
        return root

    def create(self, request: Request) -> list[etree._Element]:
        """A new mapping; it needs UserName and Password."""
        key = self.key_of(request)
        with self.config.lock:
            if key in self.config.mappings:
                raise Fault(Code.ALREADY_EXISTS, provider=PROVIDER)
            issuer, subject, uri = (
                request.selectors.text(name) or "" for name in self.keys
            )
            row = self._row(request, CertMapping(issuer, subject, uri))
            if not row.username or not row.password:
                raise Fault(Code.SCHEMA_VALIDATION_ERROR, provider=PROVIDER)
            self.config.mappings[key] = row
        return self.created(request)

    def put(self, request: Request) -> etree._Element:
        """Change a mapping."""
        with self.config.lock:
            old = self._existing(request)
            self.config.mappings[old.key] = self._row(request, old)
        return self.get(request)

    def delete(self, request: Request) -> None:
        """Remove a mapping."""
        with self.config.lock:
            del self.config.mappings[self._existing(request).key]

    def _existing(self, request: Request) -> CertMapping:
        row = self.config.mappings.get(self.key_of(request))
        if row is None:
            raise Fault(Code.RESOURCE_NOT_FOUND, provider=PROVIDER)
        return row

    def _row(self, request: Request, old: CertMapping) -> CertMapping:
        fields = self.fields(request, self._fields)
        if not re.fullmatch(r"[0-9A-Fa-f]{40}", old.issuer):
            raise Fault(Code.INVALID_SELECTORS, provider=PROVIDER)
        try:
            enabled = boolean(fields.get("Enabled", str(old.enabled))) == "true"
        except ValueError as error:
            raise settings.invalid_value("Enabled", str(error)) from None
        return replace(
            old,
            enabled=enabled,
            username=fields.get("UserName", old.username),
            password=fields.get("Password", "") or old.password,
        )


class GroupResource(Resource):
    """winrm/config itself, client, service, winrs, and what lies in them."""

    prefixes = (CONFIG,)

    def __init__(self, config: Config) -> None:
        self.config = config

    def get(self, request: Request) -> etree._Element:
        """The whole group."""
        group = self._group(request)
        return self._element(group, self._uri(group))

    def put(self, request: Request) -> etree._Element:
        """Change what the body names; the whole group comes back."""
        group = self._group(request)
        if group == "Service/DefaultPorts":
            raise Fault(Code.ACTION_NOT_SUPPORTED, provider=PROVIDER)
        body = _body(request, GROUPS[group])
        self.config.settings.write(dict(self._changes(body, group)))
        self.config.apply()
        return self.get(request)

    def _group(self, request: Request) -> str:
        path = request.resource_uri[len(CONFIG) :].strip("/").lower()
        group = next((known for known in GROUPS if known.lower() == path), None)
        if group is None:
            raise Fault(Code.INVALID_RESOURCE_URI)
        if request.selectors:
            raise Fault(Code.UNEXPECTED_SELECTORS, provider=PROVIDER)
        return group

    @staticmethod
    def _uri(group: str) -> str:
        return f"{CONFIG}/{group.lower()}".rstrip("/")

    def _element(self, group: str, uri: str) -> etree._Element:
        root = etree.Element(f"{{{uri}}}{GROUPS[group]}", nsmap={"cfg": uri})
        if uri != CONFIG:
            root.set(qname("xml:lang"), soap.LANGUAGE)
        parents = {group: root}
        for path in SETTINGS:
            if group and not path.startswith(group + "/"):
                continue
            parent, _slash, name = path.rpartition("/")
            element = _add(
                self._parent(parents, parent, uri),
                uri,
                name,
                self.config.settings.text(path),
            )
            if self.config.settings.under_policy(path):
                element.set("Source", "GPO")
        return root

    def _parent(
        self, parents: dict[str, etree._Element], path: str, uri: str
    ) -> etree._Element:
        if path not in parents:
            above, _slash, name = path.rpartition("/")
            parents[path] = etree.SubElement(
                self._parent(parents, above, uri), f"{{{uri}}}{name}"
            )
        return parents[path]

    def _changes(self, body: etree._Element, group: str) -> Iterator[tuple[str, str]]:
        seen = set()
        for element in soap.elements(body):
            name = etree.QName(element).localname
            path = f"{group}/{name}".lstrip("/")
            if path.lower() in seen:
                raise Fault(Code.SCHEMA_VALIDATION_ERROR, provider=PROVIDER)
            seen.add(path.lower())
            below = next((g for g in GROUPS if g.lower() == path.lower()), None)
            known = settings.known_path(path)
            if below is not None:
                yield from self._changes(element, below)
            elif known is None or len(element):
                raise Fault(Code.SCHEMA_VALIDATION_ERROR, provider=PROVIDER)
            else:
                yield known, element.text or ""


def _add(parent: etree._Element, uri: str, name: str, text: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{uri}}}{name}")
    element.text = text
    return element


def _check_uri(request: Request, uri: str) -> None:
    if request.resource_uri.rstrip("/").lower() != uri:
        raise Fault(Code.INVALID_RESOURCE_URI)


def is_usable(entry: Entry) -> bool:
    """Whether a listener can have the certificate, names aside."""
    return entry.for_servers and entry.path is not None


def _check_address(address: str) -> None:
    kind, _colon, value = address.partition(":")
    valid = address == "*" or (
        kind.upper() == "MAC"
        and re.fullmatch(r"([0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}", value)
    )
    if not valid and kind.upper() == "IP":
        try:
            valid = bool(ip_address(value))
        except ValueError:
            valid = False
    if not valid:
        raise Fault(Code.LISTENER_ADDRESS_INVALID, provider=PROVIDER)


def _body(request: Request, name: str) -> etree._Element:
    """The body, if it is the element of this resource in one of its namespaces."""
    body = request.body
    if body is None:
        raise Fault(Code.INVALID_REPRESENTATION, provider=PROVIDER)
    tag = etree.QName(body)
    if tag.localname.lower() != name.lower():
        raise Fault(Code.INVALID_REPRESENTATION, provider=PROVIDER)
    if not (tag.namespace or "").lower().startswith(CONFIG):
        raise Fault(Code.INVALID_NAMESPACE, provider=PROVIDER)
    return body
