# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pypsrp against a simulated host: WSMan, its WinRS shell, and PowerShell remoting."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest
from integration.clients.hosts import MACHINES, Endpoint
from pypsrp.complex_objects import PSInvocationState
from pypsrp.exceptions import WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.shell import CommandState, Process, SignalCode, WinRS
from pypsrp.wsman import NAMESPACES, SelectorSet, WSMan

BASE = "http://schemas.microsoft.com/wbem/wsman/1"
WMI = BASE + "/wmi/root"
COMPUTER_SYSTEM = WMI + "/virtualization/v2/Msvm_ComputerSystem"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"


@pytest.fixture(params=["ntlm", "negotiate", "https"])
def wsman(request: pytest.FixtureRequest, windows: Endpoint) -> Iterator[WSMan]:
    """Sessions with message encryption, and one over TLS."""
    tls = request.param == "https"
    with WSMan(
        "127.0.0.1",
        port=windows.https_port if tls else windows.http_port,
        ssl=tls,
        auth="ntlm" if tls else request.param,
        username=windows.username,
        password=windows.password,
        cert_validation=windows.ca if tls else True,  # type: ignore[arg-type]
    ) as session:
        yield session


def enumerate_all(wsman: WSMan, uri: str, body: ET.Element) -> list[ET.Element]:
    """Enumerate, and Pull until EndOfSequence."""
    answer = wsman.enumerate(uri, body)
    items: list[ET.Element] = []
    while answer.find(".//wsen:EndOfSequence", NAMESPACES) is None:
        context = answer.find(".//wsen:EnumerationContext", NAMESPACES)
        assert context is not None
        pull = ET.Element(f"{{{ENUMERATION}}}Pull")
        ET.SubElement(pull, context.tag).text = context.text
        ET.SubElement(pull, f"{{{ENUMERATION}}}MaxElements").text = "3"
        answer = wsman.pull(uri, pull)
        items += answer.findall(".//wsen:Items/*", NAMESPACES)
    return items


def property_of(machine: ET.Element, name: str) -> str:
    """A property of Msvm_ComputerSystem."""
    return machine.findtext(f"{{{COMPUTER_SYSTEM}}}{name}") or ""


def test_enumerate_and_pull(wsman: WSMan) -> None:
    body = ET.Element(f"{{{ENUMERATION}}}Enumerate")
    items = enumerate_all(wsman, COMPUTER_SYSTEM, body)
    names = [property_of(item, "ElementName") for item in items]
    assert sorted(names) == ["HVSIM", *(f"vm{n:04}" for n in range(1, MACHINES + 1))]


def test_get_of_an_instance_by_its_keys(wsman: WSMan) -> None:
    selectors = SelectorSet()
    selectors.add_option("Name", "WinRM")
    uri = WMI + "/cimv2/Win32_Service"
    answer = wsman.get(uri, selector_set=selectors)
    assert answer.findtext(f".//{{{uri}}}State") == "Running"


def test_put_of_a_setting_can_be_read_back(wsman: WSMan) -> None:
    uri = BASE + "/config/winrs"
    namespace = f"{{{uri}}}"
    before = wsman.get(uri).findtext(f".//{namespace}IdleTimeout")
    for value in ("7100000", before):
        body = ET.Element(f"{namespace}Winrs")
        ET.SubElement(body, f"{namespace}IdleTimeout").text = value
        wsman.put(uri, body)
        assert wsman.get(uri).findtext(f".//{namespace}IdleTimeout") == value


def test_invoke_of_a_method(wsman: WSMan) -> None:
    body = ET.Element(f"{{{ENUMERATION}}}Enumerate")
    machine = next(
        item
        for item in enumerate_all(wsman, COMPUTER_SYSTEM, body)
        if property_of(item, "ElementName") == "vm0001"
    )
    selectors = SelectorSet()
    selectors.add_option("CreationClassName", "Msvm_ComputerSystem")
    selectors.add_option("Name", property_of(machine, "Name"))
    call = ET.Element(f"{{{COMPUTER_SYSTEM}}}RequestStateChange_INPUT")
    ET.SubElement(call, f"{{{COMPUTER_SYSTEM}}}RequestedState").text = "4242"
    answer = wsman.invoke(
        COMPUTER_SYSTEM + "/RequestStateChange",
        COMPUTER_SYSTEM,
        call,
        selector_set=selectors,
    )
    assert answer.findtext(f".//{{{COMPUTER_SYSTEM}}}ReturnValue") == "32773"


def test_fault_is_read_with_its_code(wsman: WSMan) -> None:
    with pytest.raises(WSManFaultError) as caught:
        wsman.get(BASE + "/config/nosuch")
    assert caught.value.code == 2150858811


def test_winrs_process(wsman: WSMan) -> None:
    with WinRS(wsman, working_directory="C:\\Windows", codepage=65001) as shell:
        process = Process(shell, "cmd.exe", ["/c", "cd", "&", "nosuch"])
        process.invoke()
        process.signal(SignalCode.CTRL_C)
        assert process.stdout == b"C:\\Windows\r\n"
        assert process.stderr.startswith(b"'nosuch' is not recognized")
        assert process.rc == 1


def test_winrs_input(wsman: WSMan) -> None:
    with WinRS(wsman) as shell:
        process = Process(shell, "more")
        process.begin_invoke()
        process.send(b"one\r\n", end=False)
        process.send(b"two\r\n", end=True)
        while process.state != CommandState.DONE:
            process.poll_invoke()
        assert process.stdout == b"one\r\ntwo\r\n"
        process.signal(SignalCode.TERMINATE)


def test_winrs_without_cmd(wsman: WSMan) -> None:
    with WinRS(wsman) as shell:
        with pytest.raises(WSManFaultError) as caught:
            Process(shell, "hostname.exe", no_shell=True).invoke()
        assert caught.value.code == 2147942402
        process = Process(shell, "C:\\Windows\\System32\\hostname.exe", no_shell=True)
        process.invoke()
        assert process.stdout == b"HVSIM\r\n"


def test_shells_can_be_enumerated(wsman: WSMan) -> None:
    with WinRS(wsman) as shell:
        uri = BASE + "/windows/shell"
        body = ET.Element(f"{{{ENUMERATION}}}Enumerate")
        items = enumerate_all(wsman, uri, body)
        assert shell.id in [item.findtext(f"{{{uri}}}ShellId") for item in items]


def test_powershell_pipeline(wsman: WSMan) -> None:
    with RunspacePool(wsman) as pool:
        shell = PowerShell(pool).add_script("hostname; $PSVersionTable.PSVersion")
        output = shell.invoke()
        assert [str(item) for item in output] == ["HVSIM", "5.1.20348.1"]
        assert shell.state == PSInvocationState.COMPLETED


def test_powershell_error_record(wsman: WSMan) -> None:
    with RunspacePool(wsman) as pool:
        shell = PowerShell(pool).add_cmdlet("Get-Nosuch")
        shell.invoke()
        (error,) = shell.streams.error
        assert error.fq_error == "CommandNotFoundException"


def test_powershell_pipeline_can_be_stopped(wsman: WSMan) -> None:
    with RunspacePool(wsman) as pool:
        shell = PowerShell(pool).add_script("Start-Sleep 100")
        shell.begin_invoke()
        shell.stop()
        assert shell.state == PSInvocationState.STOPPED
