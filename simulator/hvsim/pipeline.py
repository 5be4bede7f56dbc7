# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of every request: checks, rights, quotas, the resource, the answer.

A resource is a class with `prefixes` (of resource URIs) and those methods of `Resource`
that it has. Whatever it raises as `Fault` becomes a SOAP fault; anything else it raises
is a defect of hvsim, is logged, and ends as Windows' internal error, never in a
traceback at a client.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from lxml import etree

from hvsim import enumeration, identify, soap
from hvsim.faults import Code, Fault
from hvsim.namespaces import NS, qname
from hvsim.soap import Filter, Item, Request

LOG = logging.getLogger("hvsim")
TRANSFER = NS["x"]
ENUMERATION = NS["n"]
READ, WRITE, EXECUTE = "GR", "GW", "GX"


class Interrupted(Exception):
    """What a fault rule raises when there shall be no SOAP answer at all."""


class Resource:
    """A family of resources; a method that is not overridden is not supported.

    Attributes:
        prefixes: Of the resource URIs that are answered here, in any case.
        kind: Which namespaces the Envelope declares: `transfer` or `shell`.
    """

    prefixes: tuple[str, ...] = ()
    kind = "transfer"

    def get(self, request: Request) -> etree._Element:
        """The instance that the selectors name."""
        raise Fault(Code.ACTION_NOT_SUPPORTED)

    def put(self, request: Request) -> etree._Element:
        """Write `request.body`; returns the instance as it is then."""
        raise Fault(Code.ACTION_NOT_SUPPORTED)

    def create(self, request: Request) -> list[etree._Element]:
        """Make one; returns the children of the answer's Body (x:ResourceCreated)."""
        raise Fault(Code.ACTION_NOT_SUPPORTED)

    def delete(self, request: Request) -> None:
        """Remove what the selectors name."""
        raise Fault(Code.ACTION_NOT_SUPPORTED)

    def enumerate(self, request: Request, filter: Filter | None) -> Iterable[Item]:  # noqa: A002
        """The items, made lazily."""
        raise Fault(Code.ACTION_NOT_SUPPORTED)

    def invoke(self, request: Request, method: str) -> etree._Element:
        """Call a method; returns p:METHOD_OUTPUT."""
        raise Fault(Code.ACTION_NOT_SUPPORTED)

    def act(self, request: Request) -> list[etree._Element]:
        """An action of the resource's own, whose URI doesn't begin with its URI."""
        raise Fault(Code.ACTION_MISMATCH)


class Limits(Protocol):
    """What the pipeline reads from the configuration, each time."""

    @property
    def max_envelope_size(self) -> int:
        """Bytes."""

    @property
    def max_timeout(self) -> float:
        """Seconds."""

    @property
    def max_batch_items(self) -> int:
        """Items of one page."""

    @property
    def enumeration_timeout(self) -> float:
        """Seconds."""

    @property
    def max_operations_per_user(self) -> int:
        """Requests in work and open enumerations."""

    def security_profiles(self) -> Sequence[str]:
        """The names that Identify tells to those who are signed in."""


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes:
        user: As signed in; empty for anonymous.
        rights: Of READ, WRITE and EXECUTE.
        addressed: The name or address by which the client calls this host.
    """

    user: str = ""
    rights: frozenset[str] = frozenset({READ, WRITE, EXECUTE})
    addressed: str = "localhost"


@dataclass(frozen=True)
class Answer:
    """What goes back: the HTTP status and the envelope in UTF-8.

    Attributes:
        action, resource_uri: Of the request, for the log; empty where it has none.
        fault: The WSManFault code; 0 for none.
    """

    status: int
    body: bytes
    action: str = ""
    resource_uri: str = ""
    fault: int = 0


class Pipeline:
    """See the module.

    Args:
        limits: The configuration.
        resources: The families, the first with a matching prefix answers.
        computer: The host's own name.
        version: Of Windows, for Identify.
        strict: Refuse what the specification forbids but Windows may let pass.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        limits: Limits,
        resources: Sequence[Resource],
        *,
        computer: str = "HVSIM",
        version: str = "10.0.20348",
        strict: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits
        self.resources = list(resources)
        self.computer = computer
        self.version = version
        self.strict = strict
        self.contexts = enumeration.Contexts(clock)
        self._in_work: Counter[str] = Counter()
        self._lock = threading.Lock()

    def handle(
        self,
        data: bytes,
        charset: str,
        caller: Caller,
        before: Callable[[Request], None] = lambda request: None,
    ) -> Answer:
        """Answer one message.

        Args:
            data: The SOAP envelope.
            charset: `utf-8` or `utf-16`.
            caller: Who asks; without a user nothing but Identify is answered.
            before: Called with the request before anything is done (fault rules);
                may raise.

        Raises:
            hvsim.soap.NotXml: It is no XML; the HTTP answer is 400.
            Interrupted: Whatever `before` raised.
        """
        root = soap.decode(data, charset)
        if identify.is_request(root):
            profiles = self.limits.security_profiles() if caller.user else None
            return Answer(200, identify.response(self.version, profiles), "Identify")
        if not caller.user:
            return self._fault(Fault(Code.ACCESS_DENIED), root, caller, None)
        request = None
        try:
            request = soap.parse(
                root,
                strict=self.strict,
                max_envelope_size=self.limits.max_envelope_size,
                max_timeout=self.limits.max_timeout,
                user=caller.user,
            )
            before(request)
            body = self._counted(request, caller)
        except Fault as fault:
            return self._fault(fault, root, caller, request)
        except Interrupted:
            raise
        except Exception:
            LOG.exception("a defect of hvsim, at %s", request)
            return self._fault(Fault(1359), root, caller, request)
        return Answer(200, body, request.action, request.resource_uri)

    def _fault(
        self,
        fault: Fault,
        root: etree._Element,
        caller: Caller,
        request: Request | None,
    ) -> Answer:
        body = soap.fault_envelope(
            fault,
            soap.message_id_of(root),
            addressed=caller.addressed,
            computer=self.computer,
        )
        action = request.action if request else ""
        uri = request.resource_uri if request else ""
        return Answer(500, body, action, uri, fault.code)

    def _counted(self, request: Request, caller: Caller) -> bytes:
        """Within MaxConcurrentOperationsPerUser: requests and open enumerations."""
        opened = self.contexts.count(request.user)
        with self._lock:
            maximum = self.limits.max_operations_per_user
            ends = request.action in (ENUMERATION + "/Pull", ENUMERATION + "/Release")
            if not ends and self._in_work[request.user] + opened >= maximum:
                raise Fault(
                    Code.QUOTA_MAX_OPERATIONS,
                    "The WS-Management service cannot process the request. This user is "
                    f"allowed a maximum number of {maximum} concurrent operations, which "
                    "has been exceeded. Close existing operations for this user, or "
                    "raise the quota for this user.",
                )
            self._in_work[request.user] += 1
        try:
            return self._dispatch(request, caller)
        finally:
            with self._lock:
                self._in_work[request.user] -= 1

    def _dispatch(self, request: Request, caller: Caller) -> bytes:
        namespace, _slash, verb = request.action.rpartition("/")
        if namespace == TRANSFER:
            handler = {
                "Get": self._get,
                "Put": self._put,
                "Create": self._create,
                "Delete": self._delete,
            }.get(verb)
            right = READ if verb == "Get" else WRITE
        elif namespace == ENUMERATION:
            handler = {
                "Enumerate": self._enumerate,
                "Pull": self._pull,
                "Release": self._release,
            }.get(verb)
            right = READ
        else:
            handler, right = self._own_action, EXECUTE
        if handler is None:
            raise Fault(Code.INVALID_ACTIONURI)
        if right not in caller.rights:
            raise Fault(Code.ACCESS_DENIED)
        return handler(request)

    def _resource(self, request: Request) -> Resource:
        uri = request.resource_uri.lower()
        for resource in self.resources:
            if any(uri.startswith(prefix.lower()) for prefix in resource.prefixes):
                return resource
        raise Fault(Code.INVALID_RESOURCE_URI)

    def _get(self, request: Request) -> bytes:
        resource = self._resource(request)
        self._expect_empty(request)
        element = resource.get(replace(request, fragment=None))
        if request.fragment is not None:
            element = fragment_of(element, request.fragment)
        return self._answer(request, resource.kind, [element])

    def _put(self, request: Request) -> bytes:
        resource = self._resource(request)
        if request.body is None:
            raise Fault(Code.INVALID_REPRESENTATION)
        if request.fragment is None:
            return self._answer(request, resource.kind, [resource.put(request)])
        name = fragment_name(request.fragment)
        body = instance_of_fragment(request.body, request.resource_uri, name)
        element = resource.put(replace(request, body=body, fragment=None))
        return self._answer(
            request, resource.kind, [fragment_of(element, request.fragment)]
        )

    def _create(self, request: Request) -> bytes:
        resource = self._resource(request)
        if request.body is None:
            raise Fault(Code.INVALID_REPRESENTATION)
        return self._answer(request, resource.kind, resource.create(request))

    def _delete(self, request: Request) -> bytes:
        resource = self._resource(request)
        self._expect_empty(request)
        resource.delete(request)
        return self._answer(request, "empty", [])

    def _own_action(self, request: Request) -> bytes:
        resource = self._resource(request)
        prefix = request.resource_uri + "/"
        method = request.action[len(prefix) :]
        if not request.action.lower().startswith(prefix.lower()) or "/" in method:
            return self._answer(request, resource.kind, resource.act(request))
        return self._answer(request, resource.kind, [resource.invoke(request, method)])

    def _answer(
        self, request: Request, kind: str, children: Sequence[etree._Element]
    ) -> bytes:
        body = b"".join(soap.serialise(child, kind) for child in children)
        data = soap.envelope(
            kind, request.action + "Response", request.message_id, body
        )
        if len(data) > request.max_envelope_size:
            raise Fault(Code.ENVELOPE_TOO_LARGE)
        return data

    def _expect_empty(self, request: Request) -> None:
        if self.strict and request.body is not None:
            raise Fault(Code.SCHEMA_VALIDATION_ERROR)

    def _enumerate(self, request: Request) -> bytes:
        resource = self._resource(request)
        wanted = enumeration.wanted(request.body, strict=self.strict)
        items = resource.enumerate(request, wanted.filter)
        pages = enumeration.Pages(items, wanted.mode)
        pages.prime()
        page, identifier = None, None
        if wanted.optimize:
            page = self._page(pages, wanted.max_elements, request)
        if page is None or not page.last:
            context = self.contexts.open(
                request, pages, self.limits.enumeration_timeout
            )
            identifier = context.identifier
        body = enumeration.enumerate_response(page, identifier)
        return self._enumeration_answer(request, body)

    def _pull(self, request: Request) -> bytes:
        self._resource(request)
        wanted = enumeration.pull_request(request.body, strict=self.strict)
        context = self.contexts.get(
            wanted.context, request.user, self.limits.enumeration_timeout
        )
        with context.lock:
            page = self._page(context.pages, wanted.max_elements, request)
        if page.last:
            self.contexts.close(context.identifier)
        body = enumeration.pull_response(page, context.identifier)
        return self._enumeration_answer(request, body)

    def _page(
        self, pages: enumeration.Pages, max_elements: int | None, request: Request
    ) -> enumeration.Page:
        count = min(max_elements or 1, self.limits.max_batch_items)
        return pages.page(count, request.max_envelope_size)

    def _release(self, request: Request) -> bytes:
        if request.body is None or request.body.tag != qname("n:Release"):
            raise Fault(Code.SCHEMA_VALIDATION_ERROR)
        context = self.contexts.get(
            enumeration.context_of(request.body),
            request.user,
            self.limits.enumeration_timeout,
        )
        self.contexts.close(context.identifier)
        return self._enumeration_answer(request, b"")

    def _enumeration_answer(self, request: Request, body: bytes) -> bytes:
        action = request.action + "Response"
        return soap.envelope("enumeration", action, request.message_id, body)


def fragment_name(expression: str) -> str:
    """The property of a fragment expression.

    Of XPath level 1 (DSP0226 annex D) there is what WinRM is seen to use: `Name` and
    `Name/text()`.

    Raises:
        Fault: Anything else.
    """
    name = expression.removesuffix("/text()").strip()
    if not name.replace("_", "a").isalnum():
        raise Fault(Code.INVALID_FRAGMENT_PATH)
    return name


def fragment_of(instance: etree._Element, expression: str) -> etree._Element:
    """w:XmlFragment with the property's elements, without namespace, or its text."""
    name = fragment_name(expression)
    fragment = etree.Element(
        qname("w:XmlFragment"), nsmap={"xsi": NS["xsi"], "w": NS["w"]}
    )
    found = [
        child
        for child in soap.elements(instance)
        if etree.QName(child).localname.lower() == name.lower()
    ]
    if expression.endswith("/text()"):
        fragment.text = "".join(child.text or "" for child in found)
        return fragment
    for child in found:
        copy = etree.SubElement(fragment, etree.QName(child).localname)
        copy.text = child.text
        for attribute, value in child.attrib.items():
            copy.set(attribute, value)
        copy.extend(list(child))
    return fragment


def instance_of_fragment(
    body: etree._Element, resource_uri: str, name: str
) -> etree._Element:
    """The body of a fragment Put as an instance that has this property alone.

    Raises:
        Fault: It is no w:XmlFragment.
    """
    if body.tag != qname("w:XmlFragment"):
        raise Fault(Code.INVALID_REPRESENTATION)
    local = resource_uri.rstrip("/").rpartition("/")[2]
    instance = etree.Element(f"{{{resource_uri}}}{local}", nsmap={"p": resource_uri})
    children = list(soap.elements(body)) or [body]
    for child in children:
        copy = etree.SubElement(instance, f"{{{resource_uri}}}{name}")
        copy.text = child.text
        if child is not body:
            copy.extend(list(child))
    return instance
