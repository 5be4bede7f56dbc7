# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small client for the tests of the WMI side: requests in, elements out, no sockets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from hvsim.enumeration import WQL
from hvsim.faults import Fault
from hvsim.model.clock import HeldClock
from hvsim.model.model import Model
from hvsim.namespaces import NS, WMI, qname
from hvsim.soap import Filter, Names, Request
from hvsim.wmi.embedded import to_text
from hvsim.wmi.resource import WmiResource
from hvsim.wmi.schema import VIRTUALIZATION, schema
from hvsim.wmi.values import Instance

V2 = WMI + "root/virtualization/v2/"
CIMV2 = WMI + "root/cimv2/"
SYSTEM = "Msvm_ComputerSystem"
VSMS = "Msvm_VirtualSystemManagementService"


def local(element: etree._Element) -> str:
    return str(etree.QName(element).localname)


def values(element: etree._Element) -> dict[str, Any]:
    """Names and texts; None for nil, a list for what is repeated."""
    result: dict[str, Any] = {}
    for child in element:
        text = None if child.get(qname("xsi:nil")) else "".join(child.itertext())
        name = local(child)
        if name not in result:
            result[name] = text
        elif isinstance(result[name], list):
            result[name].append(text)
        else:
            result[name] = [result[name], text]
    return result


def element(name: str, uri: str, content: str = "") -> etree._Element:
    declared = " ".join(f'xmlns:{p}="{NS[p]}"' for p in ("a", "w", "xsi", "b"))
    return etree.fromstring(
        f'<p:{name} xmlns:p="{uri}" {declared}>{content}</p:{name}>'
    )


def embedded(class_name: str, **given: Any) -> str:
    """An instance as a parameter holds it, with what is given and nothing else."""
    cim_class = schema(VIRTUALIZATION).find(class_name)
    root = etree.fromstring(to_text(Instance(cim_class, given)))
    for item in list(root):
        if item.get("PROPAGATED"):
            root.remove(item)
    return f"<![CDATA[{etree.tostring(root, encoding='unicode')}]]>"


def told(text: str) -> dict[str | None, str | None]:
    """The properties of an embedded instance."""
    root = etree.fromstring(text)
    return {item.get("NAME"): item.findtext("VALUE") for item in root}


def reference(uri: str, **selectors: str) -> str:
    """The children of a reference."""
    inner = "".join(
        f'<w:Selector Name="{name}">{value}</w:Selector>'
        for name, value in selectors.items()
    )
    return (
        f"<a:Address>{NS['a']}/role/anonymous</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{uri}</w:ResourceURI><w:SelectorSet>{inner}</w:SelectorSet>"
        "</a:ReferenceParameters>"
    )


@dataclass
class Client:
    """The WMI family of a model, called directly."""

    model: Model
    clock: HeldClock = field(default_factory=HeldClock)

    def __post_init__(self) -> None:
        self.resource = WmiResource(self.model)

    def enumerate(self, uri: str, filter: Filter | None = None) -> list[etree._Element]:  # noqa: A002
        items = self.resource.enumerate(Request("", uri), filter)
        return [etree.fromstring(item.instance) for item in items]

    def query(self, text: str, namespace: str = V2) -> list[dict[str, Any]]:
        wanted = Filter(WQL, text, etree.Element("x"))
        return [values(found) for found in self.enumerate(namespace + "*", wanted)]

    def get(self, uri: str, **selectors: str) -> dict[str, Any]:
        return values(self.resource.get(Request("", uri, Names(selectors))))

    def invoke(
        self, uri: str, method: str, content: str = "", **selectors: str
    ) -> etree._Element:
        body = element(f"{method}_INPUT", uri, content)
        request = Request("", uri, Names(selectors), body=body)
        return etree.fromstring(self.resource.invoke(request, method))

    def machine(self, name: str) -> dict[str, Any]:
        return self.query(f"SELECT * FROM {SYSTEM} WHERE ElementName = '{name}'")[0]

    def change(self, name: str, state: int) -> int:
        """RequestStateChange of a machine: what it returns."""
        output = self.invoke(
            V2 + SYSTEM,
            "RequestStateChange",
            f"<p:RequestedState>{state}</p:RequestedState>",
            CreationClassName=SYSTEM,
            Name=self.model.machine(name).guid,
        )
        return int(values(output)["ReturnValue"])

    def service(self, method: str, content: str = "") -> dict[str, Any]:
        """A method of the management service."""
        output = self.invoke(V2 + VSMS, method, content, CreationClassName=VSMS)
        return values(output)

    def call(self, service: str, method: str, content: str = "") -> dict[str, Any]:
        """A method of one of the services: what it gives."""
        uri = V2 + service
        return values(self.invoke(uri, method, content, CreationClassName=service))

    def job(self, output: dict[str, Any]) -> dict[str, Any]:
        """The job that a method has started, as it is after its time."""
        assert output["ReturnValue"] == "4096"
        self.clock.advance(self.model.job_seconds + 1)
        (row,) = [row for row in self.all_jobs() if row["InstanceID"] in output["Job"]]
        return row

    def all_jobs(self) -> list[dict[str, Any]]:
        """The jobs of every class."""
        return [values(job) for job in self.enumerate(V2 + "CIM_ConcreteJob")]

    def jobs(self) -> list[dict[str, Any]]:
        return [values(job) for job in self.enumerate(V2 + "Msvm_ConcreteJob")]


def client(vms: int = 10, **options: Any) -> Client:
    clock = HeldClock()
    return Client(Model(vms, clock=clock, **options), clock)


def code_of(error: Fault) -> int:
    return error.code
