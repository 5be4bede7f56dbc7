# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's wsl (WS-Management by shell scripts and curl) against a simulated host."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from integration.clients.hosts import MACHINES, Endpoint, program, run
from lxml import etree

from testbed.simulated import simulated

BASE = "http://schemas.microsoft.com/wbem/wsman/1"
V2 = BASE + "/wmi/root/virtualization/v2"
WQL = BASE + "/WQL"
CONFIGURATION = """\
# wsl puts the selectors of an answer into its next request as they came, with the prefix
# w that Windows writes, which its own envelope does not declare.
readonly WSENVELOPEHEADER='<?xml version="1.0"?><s:Envelope
 xmlns:s="http://www.w3.org/2003/05/soap-envelope"
 xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
 xmlns:wsman="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
 xmlns:wsen="http://schemas.xmlsoap.org/ws/2004/09/enumeration">'
"""

Wsl = Callable[..., etree._Element]


@pytest.fixture(scope="module")
def host() -> Iterator[Endpoint]:
    """A host of its own, since its listener gets other names."""
    options = ("--vms", str(MACHINES), "--basic", "--allow-unencrypted")
    with simulated(*options) as ready:
        yield Endpoint.of(ready)


@pytest.fixture
def wsl(host: Endpoint, tmp_path: Path) -> Wsl:
    """Run one of its programs; gives the last answer that it got."""
    (tmp_path / ".wsl-config").write_text(CONFIGURATION, encoding="ascii")

    def call(name: str, *arguments: str) -> etree._Element:
        environ = {
            **os.environ,
            "HOME": str(tmp_path),
            "WSENDPOINT": f"127.0.0.1:{host.http_port}",
            "WSUSER": host.username,
            "WSPASS": host.password,
            "WSNOSSL": "true",
            "WSAUTOMATED": "1",
        }
        for needed in ("curl", "xmllint", "uuidgen"):
            program(needed)
        ran = run([program(name), *arguments], environ=environ, folder=tmp_path)
        answer = tmp_path / "response.xml"
        assert answer.exists(), ran.stdout
        return etree.fromstring(answer.read_bytes())

    return call


def texts(answer: etree._Element, name: str) -> list[str]:
    """The texts of elements of this name, whatever their namespace."""
    return [element.text or "" for element in answer.iter("{*}" + name)]


def answers(folder: Path) -> list[etree._Element]:
    """Every answer, in order."""
    files = folder.glob("response-*.xml")
    ordered = sorted(files, key=lambda file: int(re.sub(r"\D", "", file.stem)))
    return [etree.fromstring(file.read_bytes()) for file in ordered]


def test_identify(wsl: Wsl) -> None:
    assert texts(wsl("wslid", "check"), "ProductVendor") == ["Microsoft Corporation"]


def test_enumerate_pulls_one_by_one(wsl: Wsl, tmp_path: Path) -> None:
    wsl("wslenum", V2 + "/Msvm_ComputerSystem")
    pages = answers(tmp_path)
    names = [name for page in pages for name in texts(page, "ElementName")]
    assert sorted(names) == ["HVSIM", *(f"vm{n:04}" for n in range(1, MACHINES + 1))]
    assert len(pages) > MACHINES


def test_enumerate_in_one_page(wsl: Wsl) -> None:
    answer = wsl("wslenum", V2 + "/Msvm_ComputerSystem", "-opti", "100")
    assert len(texts(answer, "ElementName")) == MACHINES + 1


def test_enumerate_endpoint_references(wsl: Wsl) -> None:
    answer = wsl("wslenum", V2 + "/Msvm_ComputerSystem", "-mode", "epr", "-opti", "100")
    assert len(texts(answer, "EndpointReference")) == MACHINES + 1


def test_enumerate_with_wql(wsl: Wsl) -> None:
    query = "select ElementName from Msvm_ComputerSystem where ElementName='vm0002'"
    answer = wsl("wslenum", V2 + "/*", "-dialect", WQL, "-filter", query, "-opti", "10")
    assert texts(answer, "ElementName") == ["vm0002"]


def test_get(wsl: Wsl) -> None:
    answer = wsl("wslget", BASE + "/wmi/root/cimv2/Win32_Service", "Name=WinRM")
    assert texts(answer, "State") == ["Running"]


def test_get_of_nothing_is_a_fault(wsl: Wsl) -> None:
    answer = wsl("wslget", BASE + "/wmi/root/cimv2/Win32_Service", "Name=nosuch")
    fault = next(answer.iter("{*}WSManFault"))
    assert fault.get("Code") == "2150858752"


def test_put_of_a_fragment(wsl: Wsl) -> None:
    """wsl can't put whole instances: it finds none whose element declares a namespace."""
    listener = BASE + "/config/listener"
    wsl("wslput", listener, "Hostname=other", "-fragment")
    answer = wsl("wslget", listener, "Address=*", "Transport=HTTP")
    assert texts(answer, "Hostname") == ["other"]


def test_invoke(wsl: Wsl) -> None:
    answer = wsl(
        "wslinvoke",
        V2 + "/Msvm_VirtualSystemManagementService",
        "GetSummaryInformation",
        "RequestedInformation=1",
    )
    assert texts(answer, "ReturnValue") == ["0"]
    names = [name for name in texts(answer, "ElementName") if name]
    assert sorted(names) == [f"vm{n:04}" for n in range(1, MACHINES + 1)]
