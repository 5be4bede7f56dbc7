# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WMI as a family of resources: what a request asks for, in terms of the repository.

[MS-WSMV] 3.1.4.1.1 (resource URIs), 3.1.4.1.12 (filters), 3.1.4.1.18 (Get); DSP0227
(the DMTF's URIs and the association filter). What WMI refuses becomes the fault that
recorded answers of Windows have for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from hvsim import encoding
from hvsim.enumeration import WQL
from hvsim.faults import Code, ExtendedStatus, Fault
from hvsim.namespaces import DMTF, WMI, qname
from hvsim.pipeline import Resource
from hvsim.soap import Filter, Item, Request, elements
from hvsim.wmi import errors, wql
from hvsim.wmi.errors import WmiError
from hvsim.wmi.invoke import read_parameters, read_reference
from hvsim.wmi.registry import Method, entry
from hvsim.wmi.repository import Repository, Result
from hvsim.wmi.schema import CimClass, MethodType, Schema, normalized
from hvsim.wmi.values import Instance

if TYPE_CHECKING:
    from hvsim.model.model import Model

SELECTOR_FILTER = "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter"
ASSOCIATION_FILTER = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/associationFilter"
CIM_NAMESPACE = "__cimnamespace"
DEFAULT_NAMESPACE = "root/hardware"
"""Of the DMTF's URIs without a __cimnamespace selector ([MS-WSMV] 3.1.4.1.1)."""
PROVIDER = "WMI Provider"


@dataclass(frozen=True)
class Target:
    """What a resource URI and its selectors address."""

    namespace: str
    class_name: str
    """A class, or * for a query."""
    keys: dict[str, str]
    is_dmtf: bool = False


def target(request: Request) -> Target:
    """Read the resource URI and the selectors of a request.

    Raises:
        Fault: The URI has no class, or another namespace than __cimnamespace.
    """
    uri, _, _ = request.resource_uri.partition("?")
    keys = {
        name: value if isinstance(value, str) else str(read_reference(value))
        for name, value in request.selectors.items()
        if name.lower() != CIM_NAMESPACE
    }
    named = request.selectors.text(CIM_NAMESPACE)
    if uri.lower().startswith(DMTF.lower()):
        namespace = normalized(named or DEFAULT_NAMESPACE)
        return Target(namespace, uri[len(DMTF) :], keys, is_dmtf=True)
    namespace, _, class_name = uri[len(WMI) :].rpartition("/")
    if not namespace or not class_name:
        raise Fault(Code.INVALID_RESOURCE_URI)
    if named is not None and normalized(named) != normalized(namespace):
        raise Fault(Code.DIFFERENT_NAMESPACE_SELECTOR)
    return Target(normalized(namespace), class_name, keys)


@contextmanager
def provider_faults(namespace: str, operation: str, query: str = "") -> Iterator[None]:
    """Tell an error of WMI as the fault that Windows gives for it."""
    try:
        yield
    except WmiError as error:
        status = ExtendedStatus(namespace, operation, query or error.parameter)
        raise _fault(error, operation, status) from None


def _fault(error: WmiError, operation: str, status: ExtendedStatus) -> Fault:
    if isinstance(error, errors.InvalidNamespace) or operation == "ExecQuery":
        code: int = Code.CANNOT_PROCESS_FILTER
        return Fault(code, error.message, provider=PROVIDER, extended=status)
    if isinstance(error, errors.InvalidClass | errors.InstanceNotFound):
        code = Code.RESOURCE_NOT_FOUND
        return Fault(code, error.message, provider=PROVIDER, extended=status)
    if isinstance(error, errors.MethodNotFound):
        return Fault(Code.INVALID_ACTIONURI, provider=PROVIDER, extended=status)
    if isinstance(error, errors.ProviderNotCapable):
        return Fault(Code.WMI_PROVIDER_NOT_CAPABLE, provider=PROVIDER, extended=status)
    return Fault(
        error.hresult,
        error.message,
        provider=PROVIDER,
        extended=status,
        subcode="w:InternalError",
        soap_code="s:Receiver",
    )


class WmiResource(Resource):
    """The classes of a model, by Get, Enumerate and Invoke.

    Put, Create and Delete are refused as WMI's providers refuse them: Hyper-V changes
    its objects by methods alone.

    Args:
        model: What is simulated.
    """

    prefixes = (WMI, DMTF)

    def __init__(self, model: Model) -> None:
        self.model = model
        self.repository = Repository(model)

    # Get, Put, Create, Delete

    def get(self, request: Request) -> etree._Element:
        """One instance."""
        wanted = target(request)
        if wanted.class_name == "*":
            raise Fault(Code.INVALID_RESOURCE_URI)
        with provider_faults(wanted.namespace, "GetObject"):
            found = self._instance(wanted)
            return etree.fromstring(encoding.instance(found, dmtf=wanted.is_dmtf))

    def put(self, request: Request) -> etree._Element:
        """Refused, once it is known that there is such an instance."""
        raise self._not_capable(request, "PutInstance")

    def create(self, request: Request) -> list[etree._Element]:
        """Refused."""
        raise self._not_capable(request, "PutInstance", has_keys=False)

    def delete(self, request: Request) -> None:
        """Refused, once it is known that there is such an instance."""
        raise self._not_capable(request, "DeleteInstance")

    def _not_capable(
        self, request: Request, operation: str, *, has_keys: bool = True
    ) -> Fault:
        wanted = target(request)
        with provider_faults(wanted.namespace, operation):
            cim_class = self._classes(wanted).find(wanted.class_name)
            if has_keys:
                self._instance(wanted)
        error = errors.ProviderNotCapable(cim_class.name)
        status = ExtendedStatus(wanted.namespace, operation, cim_class.name)
        return _fault(error, operation, status)

    def _classes(self, wanted: Target) -> Schema:
        return self.repository.schema(wanted.namespace)

    def _instance(self, wanted: Target) -> Instance:
        cim_class = self._classes(wanted).find(wanted.class_name)
        if not wanted.keys:
            return self._singleton(cim_class)
        check_keys(cim_class, wanted.keys)
        return self.repository.get(cim_class, wanted.keys)

    def _singleton(self, cim_class: CimClass) -> Instance:
        if not cim_class.is_singleton:
            raise Fault(Code.WMI_KEYS_MISSING)
        return next(self.repository.instances(cim_class))

    # Enumerate

    def enumerate(self, request: Request, filter: Filter | None) -> Iterator[Item]:  # noqa: A002
        """Instances of a class, or the answer of a query."""
        wanted = target(request)
        if filter is not None and filter.dialect.lower() == WQL.lower():
            return self._query(wanted, filter.text)
        if filter is None:
            return self._all(wanted)
        if filter.dialect.lower() == SELECTOR_FILTER.lower():
            return self._selected(wanted, filter)
        if filter.dialect.lower() == ASSOCIATION_FILTER.lower():
            return self._associated(wanted, filter)
        raise Fault(Code.FILTER_DIALECT_UNAVAILABLE)

    def _query(self, wanted: Target, text: str) -> Iterator[Item]:
        if wanted.class_name != "*" or wanted.keys:
            raise Fault(Code.WMI_WQL_WITHOUT_STAR)
        with provider_faults(wanted.namespace, "ExecQuery", text):
            result = self.repository.query(wanted.namespace, text)
            return _items(result, wanted)

    def _all(self, wanted: Target) -> Iterator[Item]:
        if wanted.keys:
            raise Fault(Code.WMI_KEYS_IN_ENUMERATE)
        if wanted.class_name == "*":
            raise Fault(Code.CANNOT_PROCESS_FILTER)
        with provider_faults(wanted.namespace, "CreateInstanceEnum"):
            cim_class = self._classes(wanted).find(wanted.class_name)
            return _items(Result(self.repository.instances(cim_class), None), wanted)

    def _selected(self, wanted: Target, filter: Filter) -> Iterator[Item]:  # noqa: A002
        if wanted.keys or wanted.class_name == "*":
            raise Fault(Code.CANNOT_PROCESS_FILTER)
        tests = [
            (selector.get("Name") or "", "".join(selector.itertext()))
            for selector in filter.element.iter(qname("w:Selector"))
        ]
        if not tests or any(set(value) & set("'\"") for _, value in tests):
            raise Fault(Code.CANNOT_PROCESS_FILTER)
        condition = wql.And(
            tuple(wql.Comparison(name, "=", value) for name, value in tests)
        )
        with provider_faults(wanted.namespace, "ExecQuery"):
            classes = self._classes(wanted)
            check_selectable(
                classes.find(wanted.class_name), [name for name, _ in tests]
            )
            query = wql.Select(wanted.class_name, condition=condition)
            return _items(self.repository.select(classes, query), wanted)

    def _associated(self, wanted: Target, filter: Filter) -> Iterator[Item]:  # noqa: A002
        if wanted.class_name != "*":
            raise Fault(Code.CANNOT_PROCESS_FILTER)
        query = association_query(filter.element)
        with provider_faults(wanted.namespace, "ExecQuery"):
            classes = self._classes(wanted)
            related = self.repository.related(classes, query)
            return _items(Result(related, None), wanted)

    # Invoke

    def invoke(self, request: Request, method: str) -> etree._Element:
        """Call a method of an instance, or a static one of a class."""
        wanted = target(request)
        with provider_faults(wanted.namespace, "ExecMethod"):
            cim_class = self._classes(wanted).find(wanted.class_name)
            declared = cim_class.methods.get(method.lower())
            if declared is None:
                raise errors.MethodNotFound(method)
            instance = self._subject(wanted, cim_class, declared)
            parameters = read_parameters(request, declared)
            implementation = find_method(instance or cim_class, declared)
            with self.model.locked():
                values = implementation(self.model, instance, parameters)
        data: etree._Element = encoding.output(
            cim_class, declared.name, declared.outputs, values
        )
        return data

    def _subject(
        self, wanted: Target, cim_class: CimClass, declared: MethodType
    ) -> Instance | None:
        """What the method is called on; None for a static one.

        Singleton services take CreationClassName alone, machines their Name alone.
        """
        if not wanted.keys:
            if is_static(cim_class, declared):
                return None
            raise errors.InvalidMethodParameters(declared.name)
        check_names(cim_class, wanted.keys)
        return self.repository.get(cim_class, wanted.keys)


_UNSELECTABLE = ("datetime", "reference", "object")


def check_selectable(cim_class: CimClass, names: list[str]) -> None:
    """The properties are ones that a selector filter may name. Raises Fault."""
    for name in names:
        kind = cim_class.property(name)
        if kind is None or kind.is_array or kind.cim_type in _UNSELECTABLE:
            raise Fault(Code.CANNOT_PROCESS_FILTER)


def check_names(cim_class: CimClass, keys: dict[str, str]) -> None:
    """Every selector names a key. Raises Fault."""
    known = {name.lower() for name in cim_class.keys}
    if any(name.lower() not in known for name in keys):
        raise Fault(Code.INVALID_SELECTORS)


def check_keys(cim_class: CimClass, keys: dict[str, str]) -> None:
    """The selectors are the keys, all of them and no others. Raises Fault."""
    check_names(cim_class, keys)
    given = {name.lower() for name in keys}
    if any(name.lower() not in given for name in cim_class.keys):
        raise Fault(Code.WMI_KEYS_MISSING, detail="InsufficientSelectors")


def find_method(subject: Instance | CimClass, declared: MethodType) -> Method:
    """What does the method, in the class or in the nearest of its ancestors.

    Raises:
        MethodNotImplemented: Windows has it, hvsim does not.
    """
    cim_class = subject.cim_class if isinstance(subject, Instance) else subject
    for name in (cim_class.name, *cim_class.lineage):
        found = entry(cim_class.namespace, name).methods.get(declared.name.lower())
        if found:
            return found
    raise errors.MethodNotImplemented(f"{cim_class.name}.{declared.name}")


def is_static(cim_class: CimClass, declared: MethodType) -> bool:
    """Whether the method belongs to the class, not to an instance."""
    registered = entry(cim_class.namespace, cim_class.name)
    return declared.name.lower() in registered.static


def _items(result: Result, wanted: Target) -> Iterator[Item]:
    if result.columns is not None:
        return (Item(encoding.row(columns)) for columns in result.rows())
    dmtf = wanted.is_dmtf
    return (
        Item(
            encoding.instance(found, dmtf=dmtf),
            encoding.epr(found.path, dmtf=dmtf) if found.cim_class.keys else None,
        )
        for found in result.instances
    )


def association_query(element: etree._Element) -> wql.Related:
    """The association filter of DSP0227 8.2, as the query that it stands for.

    Raises:
        Fault: It is none.
    """
    filters = [
        child
        for child in elements(element)
        if child.tag
        in (qname("b:AssociatedInstances"), qname("b:AssociationInstances"))
    ]
    if len(filters) != 1:
        raise Fault(Code.CANNOT_PROCESS_FILTER)
    is_references = filters[0].tag == qname("b:AssociationInstances")
    source = filters[0].find(qname("b:Object"))
    if source is None:
        raise Fault(Code.CANNOT_PROCESS_FILTER)
    names = {
        "AssociationClassName": "assocclass",
        "ResultClassName": "resultclass",
        "ResultRole": "resultrole",
        "Role": "role",
    }
    clauses = {}
    for child in elements(filters[0]):
        name = re.sub(r"^\{.*\}", "", child.tag)
        if name in names and (child.text or "").strip():
            clauses[names[name]] = child.text.strip()
    return wql.Related(read_reference(source), is_references, clauses)
