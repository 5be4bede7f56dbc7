# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client: WS-Management's operations, over a session that carries bytes.

Nothing here sends. A session is anything with ``url`` and ``send``, so the same client
works on pywinrm's transport and on a recorded exchange.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from .._cim.instance import CimInstance, InstancePath
from .._cim.markup import Element, Name, escape_attribute
from .._cim.schema import results_of
from .._cim.wql import class_of
from .._core.errors import HypervisorConnectError
from . import namespaces as ns
from .enumeration import (
    BOTH,
    ELEMENT,
    EPR,
    MAX_ELEMENTS,
    MAX_EMPTY_PAGES,
    OBJECT,
    Enumeration,
    Page,
    context_element,
)
from .envelope import (
    LOCALE,
    MAX_ENVELOPE_SIZE,
    OPERATION_TIMEOUT,
    Request,
    identify_request,
)
from .filters import Filter, wql
from .protocol_error import ProtocolError
from .reference import (
    Selectors,
    Target,
    address,
    path_of_reference,
    resource_uri,
    split_uri,
)
from .response import Identity, Response, parse_identity, parse_response
from .values import FRAGMENT, check_name, elements, instance_of

Options = Mapping[str, Any]

_NUMBER = re.compile(r"-?[0-9]{1,20}\Z", re.ASCII)


class Session(Protocol):
    """What carries the envelopes.

    Attributes:
        url: Where they go.
    """

    url: str

    def send(
        self, envelope: bytes, *, repeatable: bool, operation_timeout: float
    ) -> bytes:
        """Send a request and return the answer, a fault's envelope too.

        Args:
            envelope: The request.
            repeatable: Whether it does no harm to send it twice.
            operation_timeout: Seconds that the server was given.
        """


def _new_message_id() -> str:
    return f"uuid:{uuid.uuid4()}".upper().replace("UUID:", "uuid:", 1)


class WsmanClient:
    """The operations of WS-Management.

    Every one of them raises WsmanFault where the server refuses, ProtocolError where
    its answer is none, and what the session raises where nothing comes.

    Args:
        session: What carries the envelopes.
        operation_timeout: Seconds that the server may take for one request.
        max_envelope_size: Bytes that an answer may have.
        locale: The language of the server's texts.
        new_message_id: Makes the identifier of a request.

    Attributes:
        round_trips: How many requests have been answered.
    """

    def __init__(
        self,
        session: Session,
        *,
        operation_timeout: float = OPERATION_TIMEOUT,
        max_envelope_size: int = MAX_ENVELOPE_SIZE,
        locale: str = LOCALE,
        new_message_id: Callable[[], str] = _new_message_id,
    ) -> None:
        self.session = session
        self.operation_timeout = operation_timeout
        self.max_envelope_size = max_envelope_size
        self.locale = locale
        self.round_trips = 0
        self._new_message_id = new_message_id

    def identify(self) -> Identity:
        """Ask the server who it is."""
        data = self._send(
            identify_request(), repeatable=True, timeout=self.operation_timeout
        )
        return parse_identity(data, where=self.session.url)

    def get(
        self,
        target: Target,
        selectors: Selectors | None = None,
        fragment: str | None = None,
        *,
        options: Options | None = None,
    ) -> CimInstance:
        """Read one instance.

        Args:
            target: A resource URI, or the instance's path.
            selectors: Its keys, where the target is a URI.
            fragment: The one property to read, as ``Name`` or ``Name/text()``.
            options: Further options for the server.
        """
        response = self._call(
            ns.GET, target, selectors, fragment=fragment, options=options
        )
        return self._resource(response.only(), target, fragment)

    def get_element(
        self, target: Target, selectors: Selectors | None = None
    ) -> Element:
        """Read one resource as it came, with the attributes that an instance lacks.

        Args:
            target: A resource URI, or the resource's path.
            selectors: Its keys, where the target is a URI.
        """
        return self._call(ns.GET, target, selectors).only()

    def put(
        self,
        target: Target,
        properties: Mapping[str, Any],
        selectors: Selectors | None = None,
        fragment: str | None = None,
        *,
        options: Options | None = None,
        repeatable: bool = True,
    ) -> CimInstance:
        """Write an instance, or one property of it; returns what it is now.

        Args:
            target: A resource URI, or the instance's path.
            properties: The new values; an instance will do. Servers leave what is not
                named as it is, where their resource allows that.
            selectors: Its keys, where the target is a URI.
            fragment: The one property to write, which then is all of ``properties``.
            options: Further options for the server.
            repeatable: Whether it may be sent again where no answer came.
        """
        response = self._call(
            ns.PUT,
            target,
            selectors,
            body=_representation(target, properties, fragment),
            fragment=fragment,
            options=options,
            repeatable=repeatable,
        )
        if not response.body:  # allowed where all was taken as it was (WS-Transfer 3.2)
            return CimInstance(_class_name(target), properties)
        return self._resource(response.only(), target, fragment)

    def create(
        self,
        target: Target,
        properties: Mapping[str, Any],
        selectors: Selectors | None = None,
        *,
        options: Options | None = None,
    ) -> InstancePath:
        """Create an instance and return its path."""
        response = self._call(
            ns.CREATE,
            target,
            selectors,
            body=_representation(target, properties, None),
            options=options,
            repeatable=False,
        )
        created = response.only(Name(ns.TRANSFER, "ResourceCreated"))
        return self._checked(lambda: path_of_reference(created))

    def delete(
        self,
        target: Target,
        selectors: Selectors | None = None,
        *,
        options: Options | None = None,
    ) -> None:
        """Delete an instance."""
        self._call(ns.DELETE, target, selectors, options=options, repeatable=False)

    def invoke(
        self,
        target: Target,
        method: str,
        parameters: Mapping[str, Any] | None = None,
        selectors: Selectors | None = None,
        *,
        options: Options | None = None,
    ) -> CimInstance:
        """Call a method; never sent twice.

        Args:
            target: A class's resource URI, or the path of an instance.
            method: The method's name.
            parameters: By name. A path is sent as a reference, an instance as INSTANCE
                text, a list as repeated elements, None as NULL.
            selectors: The instance's keys, where the target is a URI; none for static
                methods.
            options: Further options for the server.

        Returns:
            What the method gives back, ReturnValue among it.
        """
        uri = address(target)[0]
        class_name = split_uri(uri)[1]
        tag = f"c:{check_name(method)}_INPUT"
        inner = elements("c:", parameters or {})
        response = self._call(
            f"{uri}/{method}",
            target,
            selectors,
            body=f'<{tag} xmlns:c="{escape_attribute(uri)}">{inner}</{tag}>',
            options=options,
            repeatable=False,
        )
        output = response.only()
        if output.name.local.lower() != f"{method}_output".lower():
            raise self._error(f"the answer is a {output.name.local[:80]!r}")
        result = self._checked(
            lambda: instance_of(output, types=results_of(class_name, method))
        )
        return _with_number(result)

    def act(
        self,
        action: str,
        target: Target,
        body: str = "",
        selectors: Selectors | None = None,
        *,
        options: Options | None = None,
        repeatable: bool = False,
        operation_timeout: float | None = None,
    ) -> Response:
        """Carry out any action, with a body as it is, and return the answer as it is.

        Args:
            action: The a:Action, such as namespaces.GET or one of a resource's own.
            target: A resource URI, or the instance's path.
            body: What stands in s:Body, in the envelope's prefixes.
            selectors: Its keys, where the target is a URI.
            options: Further options for the server.
            repeatable: Whether it does no harm to carry it out twice.
            operation_timeout: Seconds that the server may take; None for the client's.
        """
        return self._call(
            action,
            target,
            selectors,
            body=body,
            options=options,
            repeatable=repeatable,
            operation_timeout=operation_timeout,
        )

    def query(
        self,
        namespace: str,
        query: object,
        *,
        selectors: Selectors | None = None,
        max_elements: int = MAX_ELEMENTS,
    ) -> Iterator[CimInstance]:
        """Instances, or rows of columns, that WQL finds.

        Args:
            namespace: Such as ``root/virtualization/v2``.
            query: WQL's text, or what _cim/wql.py makes.
            selectors: For servers with DMTF's resource URIs.
            max_elements: The most items of a page.
        """
        return self._pages(
            Enumeration(
                target=resource_uri(namespace, "*"),
                selectors=selectors,
                filter=wql(query),
                max_elements=max_elements,
                class_name=class_of(query),
            )
        )

    def enumerate(
        self,
        target: Target,
        *,
        filter: Filter | None = None,  # noqa: A002  the protocol's own word
        mode: str = OBJECT,
        selectors: Selectors | None = None,
        max_elements: int = MAX_ELEMENTS,
        options: Options | None = None,
    ) -> Iterator[Any]:
        """All instances of a class and its subclasses, page after page.

        The first request goes out with the first item that is asked for. Who stops
        early and closes the iterator releases what the server holds for it.

        Args:
            target: The class's resource URI.
            filter: Which instances; see filters.py.
            mode: OBJECT for instances, EPR for paths, BOTH for instances with paths.
            selectors: ``__cimnamespace`` for servers with DMTF's resource URIs.
            max_elements: The most items of a page.
            options: Further options for the server.
        """
        return self._pages(
            Enumeration(
                target=target,
                selectors=selectors,
                filter=filter,
                mode=mode,
                max_elements=max_elements,
                options=options,
            )
        )

    def enumerate_elements(self, target: Target) -> Iterator[Element]:
        """The items of an enumeration as they came, with their attributes.

        Args:
            target: The resource URI.
        """
        return self._pages(Enumeration(target=target, mode=ELEMENT))

    def release(
        self, target: Target, context: str, selectors: Selectors | None = None
    ) -> None:
        """Tell the server to forget an enumeration."""
        body = f"<n:Release>{context_element(context)}</n:Release>"
        self._call(ns.RELEASE, target, selectors, body=body)

    def _pages(self, wanted: Enumeration) -> Iterator[Any]:
        """Enumerate, then Pull until the end; always with the newest context.

        A Pull whose answer got lost has moved the enumeration on: asked again, it would
        leave a page out. So Enumerate may be repeated, and Pull may not.
        """
        page = self._page(ns.ENUMERATE, "EnumerateResponse", wanted.enumerate(), wanted)
        context, empty = page.context, 0
        while True:
            try:
                yield from page.items
            except GeneratorExit:
                if context is not None and not page.is_last:
                    self._let_go(wanted, context)
                raise
            if page.is_last:
                return
            if context is None or empty > MAX_EMPTY_PAGES:
                raise self._error("an enumeration goes on without an end or a context")
            page = self._page(ns.PULL, "PullResponse", wanted.pull(context), wanted)
            context = page.context or context
            empty = 0 if page.items else empty + 1

    def _let_go(self, wanted: Enumeration, context: str) -> None:
        """Release without an error: the server forgets by itself, only later."""
        try:
            self.release(wanted.target, context, wanted.selectors)
        except HypervisorConnectError:
            return

    def _page(self, action: str, name: str, body: str, wanted: Enumeration) -> Page:
        page = Page()
        response = self._call(
            action,
            wanted.target,
            wanted.selectors,
            body=body,
            options=wanted.options,
            repeatable=action == ns.ENUMERATE,
            take=lambda element: page.items.append(wanted.item(element)),
        )
        element = self._checked(lambda: response.only(Name(ns.ENUMERATION, name)))
        page.end(element)
        return page

    def _resource(
        self, element: Element, target: Target, fragment: str | None
    ) -> CimInstance:
        class_name = _class_name(target) if element.name == FRAGMENT else None
        if fragment and element.name == FRAGMENT and not element.children:
            name = fragment.partition("/")[0]
            return CimInstance(_class_name(target), {name: element.text})
        return self._checked(lambda: instance_of(element, class_name=class_name))

    def _call(
        self,
        action: str,
        target: Target,
        selectors: Selectors | None,
        *,
        body: str = "",
        fragment: str | None = None,
        options: Options | None = None,
        repeatable: bool = True,
        take: Callable[[Element], None] | None = None,
        operation_timeout: float | None = None,
    ) -> Response:
        """One request and its answer."""
        uri, keys = address(target, selectors)
        seconds = operation_timeout or self.operation_timeout
        request = Request(
            action=action,
            resource_uri=uri,
            to=self.session.url,
            message_id=self._new_message_id(),
            selectors=keys,
            options=options or {},
            body=body,
            fragment=fragment,
            operation_timeout=seconds,
            max_envelope_size=self.max_envelope_size,
            locale=self.locale,
        )
        return parse_response(
            self._send(request.to_bytes(), repeatable=repeatable, timeout=seconds),
            relates_to=request.message_id,
            take=take,
            where=self.session.url,
        )

    def _send(self, envelope: bytes, *, repeatable: bool, timeout: float) -> bytes:
        data = self.session.send(
            envelope, repeatable=repeatable, operation_timeout=timeout
        )
        self.round_trips += 1
        return data

    def _checked(self, read: Callable[[], Any]) -> Any:
        """Read part of an answer, with the server named where that fails."""
        try:
            return read()
        except ProtocolError as error:
            raise self._error(error.what) from None

    def _error(self, what: str) -> ProtocolError:
        return ProtocolError(what, where=self.session.url)


def _class_name(target: Target) -> str:
    return split_uri(address(target)[0])[1]


def _representation(
    target: Target, properties: Mapping[str, Any], fragment: str | None
) -> str:
    """The body of a Put or a Create."""
    uri = address(target)[0]
    if fragment is not None:
        inner = elements("", properties)
        return f"<w:XmlFragment>{inner}</w:XmlFragment>"
    is_wmi = uri.lower().startswith(ns.WMI)
    name = getattr(properties, "class_name", "") or split_uri(uri)[1]
    tag = f"c:{check_name(name)}"
    inner = elements("c:", properties, embedded_as_text=is_wmi)
    return f'<{tag} xmlns:c="{escape_attribute(uri)}">{inner}</{tag}>'


def _with_number(output: CimInstance) -> CimInstance:
    """ReturnValue as a number, of a method too that no table knows."""
    value = output.get("ReturnValue")
    if not isinstance(value, str) or not _NUMBER.match(value.strip()):
        return output
    return output.replace(properties={**output, "ReturnValue": int(value)})


__all__ = [
    "BOTH",
    "EPR",
    "MAX_ELEMENTS",
    "MAX_EMPTY_PAGES",
    "OBJECT",
    "Session",
    "WsmanClient",
    "resource_uri",
]
