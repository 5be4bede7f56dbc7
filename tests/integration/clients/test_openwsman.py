# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests as openwsman's client library sends them for libvirt's Hyper-V driver.

The bytes follow openwsman's wsman-client.c (headers, their order, libxml2's layout) and
libvirt's hyperv_wmi.c (WQL on NAMESPACE/*, Pull on the class, no MaxElements, one item
a page, Basic over HTTP after a first 401). They are written from knowledge of that code,
not recorded; the driver itself is tried elsewhere.
"""

from __future__ import annotations

import http.client
from base64 import b64encode
from collections.abc import Iterator, Mapping
from uuid import uuid4
from xml.sax.saxutils import escape

import pytest
from integration.clients.hosts import MACHINES, Endpoint
from lxml import etree

V2 = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2"
CIMV2 = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2"
WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
COMPUTER_SYSTEM = V2 + "/Msvm_ComputerSystem"
MACHINE_DESCRIPTION = "Microsoft Virtual Machine"

ENVELOPE = """\
<?xml version="1.0" encoding="UTF-8"?>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" \
xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" \
xmlns:wsman="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" \
xmlns:wsen="http://schemas.xmlsoap.org/ws/2004/09/enumeration">
  <s:Header>
    <wsa:Action s:mustUnderstand="true">{action}</wsa:Action>
    <wsa:To s:mustUnderstand="true">{to}</wsa:To>
    <wsman:ResourceURI s:mustUnderstand="true">{uri}</wsman:ResourceURI>
    <wsa:MessageID s:mustUnderstand="true">uuid:{message}</wsa:MessageID>
    <wsa:ReplyTo>
      <wsa:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous\
</wsa:Address>
    </wsa:ReplyTo>{selectors}
  </s:Header>
  <s:Body>
{body}
  </s:Body>
</s:Envelope>
"""


class Openwsman:
    """One curl handle of openwsman's."""

    def __init__(self, host: Endpoint) -> None:
        self.host = host
        self.connection = http.client.HTTPConnection(
            "127.0.0.1", host.http_port, timeout=30
        )
        self.headers = {
            "User-Agent": "Openwsman",
            "Content-Type": "application/soap+xml;charset=UTF-8",
        }
        self.statuses: list[int] = []

    def send(
        self,
        action: str,
        uri: str,
        body: str,
        selectors: Mapping[str, str] | None = None,
    ) -> etree._Element:
        """Send, with the password once the server has asked for it."""
        data = ENVELOPE.format(
            action=action,
            to=self.host.http,
            uri=uri,
            message=uuid4(),
            selectors=selector_set(selectors or {}),
            body=body,
        ).encode()
        while True:
            self.connection.request("POST", "/wsman", data, self.headers)
            answer = self.connection.getresponse()
            content = answer.read()
            self.statuses.append(answer.status)
            if answer.status != 401 or "Authorization" in self.headers:
                return etree.fromstring(content)
            offered = answer.headers.get_all("WWW-Authenticate", [])
            assert any(scheme.startswith("Basic") for scheme in offered)
            word = f"{self.host.username}:{self.host.password}".encode()
            self.headers["Authorization"] = "Basic " + b64encode(word).decode()

    def query(
        self, wql: str, namespace: str, class_name: str
    ) -> Iterator[etree._Element]:
        """hypervEnumAndPull: the instances, each of a page of its own."""
        body = (
            "    <wsen:Enumerate>\n"
            f'      <wsman:Filter Dialect="{WQL}">{escape(wql)}</wsman:Filter>\n'
            "    </wsen:Enumerate>"
        )
        answer = self.send(f"{ENUMERATION}/Enumerate", f"{namespace}/*", body)
        while context := answer.findtext(f".//{{{ENUMERATION}}}EnumerationContext"):
            body = (
                "    <wsen:Pull>\n"
                f"      <wsen:EnumerationContext>{context}</wsen:EnumerationContext>\n"
                "    </wsen:Pull>"
            )
            uri = f"{namespace}/{class_name}"
            answer = self.send(f"{ENUMERATION}/Pull", uri, body)
            items = answer.find(f".//{{{ENUMERATION}}}Items")
            assert items is not None, etree.tostring(answer)
            assert len(items) <= 1
            for item in items:
                assert item.tag == f"{{{uri}}}{class_name}"
                yield item


def selector_set(selectors: Mapping[str, str]) -> str:
    """The header, indented as libxml2 does it."""
    if not selectors:
        return ""
    lines = "".join(
        f'\n      <wsman:Selector Name="{name}">{escape(value)}</wsman:Selector>'
        for name, value in selectors.items()
    )
    return f"\n    <wsman:SelectorSet>{lines}\n    </wsman:SelectorSet>"


def value(item: etree._Element, name: str) -> str | None:
    """A property's text, read in the class's namespace."""
    return item.findtext(f"{{{etree.QName(item).namespace}}}{name}")


@pytest.fixture
def client(open_host: Endpoint) -> Iterator[Openwsman]:
    client = Openwsman(open_host)
    yield client
    client.connection.close()


def machines(client: Openwsman, where: str = "") -> list[etree._Element]:
    """As the driver looks for machines."""
    wql = f'select * from Msvm_ComputerSystem where Description = "{MACHINE_DESCRIPTION}" '
    return list(client.query(wql + where, V2, "Msvm_ComputerSystem"))


def test_password_is_sent_after_the_first_answer(client: Openwsman) -> None:
    list(
        client.query(
            "select * from Win32_ComputerSystem ", CIMV2, "Win32_ComputerSystem"
        )
    )
    assert client.statuses == [401, *[200] * (len(client.statuses) - 1)]


def test_host_as_the_driver_asks_for_it(client: Openwsman) -> None:
    (system,) = client.query(
        "select * from Win32_ComputerSystem ", CIMV2, "Win32_ComputerSystem"
    )
    assert value(system, "Name") == "HVSIM"
    assert int(value(system, "TotalPhysicalMemory") or 0) > 2**30
    (processor, *_others) = client.query(
        "select * from Win32_Processor ", CIMV2, "Win32_Processor"
    )
    assert int(value(processor, "NumberOfCores") or 0) > 0
    (windows,) = client.query(
        "select * from Win32_OperatingSystem ", CIMV2, "Win32_OperatingSystem"
    )
    assert value(windows, "Version") == "10.0.20348"


def test_machines_are_told_apart_from_the_host(client: Openwsman) -> None:
    names = sorted(value(item, "ElementName") or "" for item in machines(client))
    assert names == [f"vm{number:04}" for number in range(1, MACHINES + 1)]


def test_machine_by_name(client: Openwsman) -> None:
    (machine,) = machines(client, 'and ElementName = "vm0002"')
    assert value(machine, "ElementName") == "vm0002"
    assert value(machine, "EnabledState") in {"2", "3"}


def test_settings_of_a_machine_by_associators(client: Openwsman) -> None:
    (machine,) = machines(client, 'and ElementName = "vm0001"')
    guid = value(machine, "Name")
    wql = (
        'associators of {Msvm_ComputerSystem.CreationClassName="Msvm_ComputerSystem",'
        f'Name="{guid}"}} where AssocClass = Msvm_SettingsDefineState '
        "ResultClass = Msvm_VirtualSystemSettingData"
    )
    (settings,) = client.query(wql, V2, "Msvm_VirtualSystemSettingData")
    assert value(settings, "VirtualSystemIdentifier") == guid
    for class_name, name in (
        ("Msvm_ProcessorSettingData", "VirtualQuantity"),
        ("Msvm_MemorySettingData", "Limit"),
    ):
        wql = (
            "associators of {Msvm_VirtualSystemSettingData.InstanceID="
            f'"{value(settings, "InstanceID")}"}} where AssocClass = '
            f"Msvm_VirtualSystemSettingDataComponent ResultClass = {class_name}"
        )
        (found,) = client.query(wql, V2, class_name)
        assert int(value(found, name) or 0) > 0


def test_state_is_changed_by_invoke(client: Openwsman) -> None:
    (machine,) = machines(client, 'and ElementName = "vm0003"')
    state = value(machine, "EnabledState")
    wanted = "3" if state == "2" else "2"
    body = (
        f'    <n1:RequestStateChange_INPUT xmlns:n1="{COMPUTER_SYSTEM}">\n'
        f"      <n1:RequestedState>{wanted}</n1:RequestedState>\n"
        "    </n1:RequestStateChange_INPUT>"
    )
    selectors = {
        "CreationClassName": "Msvm_ComputerSystem",
        "Name": value(machine, "Name") or "",
    }
    answer = client.send(
        f"{COMPUTER_SYSTEM}/RequestStateChange", COMPUTER_SYSTEM, body, selectors
    )
    assert answer.findtext(f".//{{{COMPUTER_SYSTEM}}}ReturnValue") in {"0", "4096"}
    (machine,) = machines(client, 'and ElementName = "vm0003"')
    assert value(machine, "EnabledState") == wanted


def test_query_for_nothing_is_no_fault(client: Openwsman) -> None:
    assert machines(client, 'and ElementName = "nosuch"') == []
