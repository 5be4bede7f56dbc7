# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WMI resources: what requests get, and what faults."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree
from wmi_client import (
    CIMV2,
    SYSTEM,
    V2,
    VSMS,
    Client,
    client,
    element,
    local,
    reference,
    values,
)

from hvsim.enumeration import WQL
from hvsim.faults import Code, Fault
from hvsim.namespaces import DMTF, NS
from hvsim.soap import Filter, Names, Request
from hvsim.wmi.resource import ASSOCIATION_FILTER, SELECTOR_FILTER

VSSD = "Msvm_VirtualSystemSettingData"


@pytest.fixture
def host() -> Client:
    return client()


# Get


def test_get_by_keys_in_any_case(host: Client) -> None:
    guid = host.model.machine("vm0001").guid
    found = host.get(
        V2.upper().replace("HTTP", "http") + SYSTEM.lower(),
        NAME=guid.lower(),
        creationclassname="MSVM_COMPUTERSYSTEM",
    )
    assert found["ElementName"] == "vm0001"
    assert found["Name"] == guid


def test_get_of_a_singleton_needs_no_keys(host: Client) -> None:
    assert host.get(CIMV2 + "Win32_OperatingSystem")["BuildNumber"] == "20348"


@pytest.mark.parametrize(
    ("uri", "selectors", "code"),
    [
        (V2 + SYSTEM, {}, Code.WMI_KEYS_MISSING),
        (V2 + SYSTEM, {"Name": "x"}, Code.WMI_KEYS_MISSING),
        (V2 + SYSTEM, {"Nme": "x", "CreationClassName": "y"}, Code.INVALID_SELECTORS),
        (
            V2 + SYSTEM,
            {"Name": "x", "CreationClassName": SYSTEM},
            Code.RESOURCE_NOT_FOUND,
        ),
        (V2 + "Msvm_Nothing", {"Name": "x"}, Code.RESOURCE_NOT_FOUND),
        (V2 + "*", {"Name": "x"}, Code.INVALID_RESOURCE_URI),
        (
            V2.replace("v2", "v9") + SYSTEM,
            {"Name": "x"},
            Code.CANNOT_PROCESS_FILTER,
        ),
        (
            V2 + SYSTEM,
            {"Name": "x", "__cimnamespace": "root/cimv2"},
            Code.DIFFERENT_NAMESPACE_SELECTOR,
        ),
    ],
)
def test_get_that_fails(
    host: Client, uri: str, selectors: dict[str, str], code: Code
) -> None:
    with pytest.raises(Fault) as caught:
        host.get(uri, **selectors)
    assert caught.value.code == code


def test_a_namespace_without_the_role_does_not_exist() -> None:
    without = client(0, hyperv=False)
    assert without.get(CIMV2 + "Win32_OperatingSystem")
    with pytest.raises(Fault) as caught:
        without.query(f"SELECT * FROM {SYSTEM}")
    assert caught.value.code == 2150858778
    with pytest.raises(Fault) as caught:
        without.enumerate(V2 + SYSTEM)
    assert caught.value.code == 2150858778
    assert {s["Name"] for s in without.query("SELECT Name FROM Win32_Service", CIMV2)}
    assert not without.query("SELECT * FROM Win32_Service WHERE Name='vmms'", CIMV2)


def test_an_association_is_got_by_its_references(host: Client) -> None:
    guid = host.model.machine("vm0001").guid
    link = host.enumerate(V2 + "Msvm_SettingsDefineState")[5]
    request = Request("", V2 + "Msvm_SettingsDefineState")
    for child in link:
        request.selectors[local(child)] = child
    again = host.resource.get(request)
    assert etree.tostring(again, method="c14n") == etree.tostring(link, method="c14n")
    assert guid


def test_put_create_and_delete_are_refused(host: Client) -> None:
    guid = host.model.machine("vm0001").guid
    selectors = Names({"CreationClassName": SYSTEM, "Name": guid})
    request = Request("", V2 + SYSTEM, selectors, body=element(SYSTEM, V2 + SYSTEM))
    for call in (host.resource.put, host.resource.create, host.resource.delete):
        with pytest.raises(Fault) as caught:
            call(request)
        assert caught.value.code == Code.WMI_PROVIDER_NOT_CAPABLE


# Enumerate


def test_host_and_machines_are_computer_systems(host: Client) -> None:
    systems = [values(found) for found in host.enumerate(V2 + SYSTEM)]
    assert len(systems) == 11
    assert systems[0]["Name"] == systems[0]["ElementName"] == "HVSIM"
    assert systems[0]["InstallDate"] is None
    states = [int(found["EnabledState"]) for found in systems[1:]]
    assert states == [2, 3, 2, 6, 2, 9, 2, 3, 2, 2]


def test_base_class_gives_derived_instances_under_their_own_names(host: Client) -> None:
    names = {
        local(found) for found in host.enumerate(V2 + "CIM_VirtualSystemSettingData")
    }
    assert names == {VSSD, "Msvm_VirtualEthernetSwitchSettingData"}
    services = {local(found) for found in host.enumerate(V2 + "CIM_Service")}
    assert VSMS in services


def test_properties_are_in_alphabetical_order_without_regard_to_case(
    host: Client,
) -> None:
    for name in (SYSTEM, VSSD, "Msvm_MemorySettingData", VSMS):
        found = host.enumerate(V2 + name)[-1]
        names = [local(child).lower() for child in found]
        assert names == sorted(names)
        assert len(set(names)) > 20


def test_references_hold_address_and_parameters_directly(host: Client) -> None:
    link = host.enumerate(V2 + "Msvm_SystemDevice")[0]
    assert [local(child) for child in link[0]] == ["Address", "ReferenceParameters"]


def test_columns_come_as_fragments_without_namespace(host: Client) -> None:
    wanted = Filter(
        WQL, f"SELECT Name, elementname, Caption FROM {SYSTEM}", etree.Element("x")
    )
    items = list(host.resource.enumerate(Request("", V2 + "*"), wanted))
    assert isinstance(items[0].instance, bytes)
    row = etree.fromstring(items[0].instance)
    assert row.tag == f"{{{NS['w']}}}XmlFragment"
    assert [child.tag for child in row] == ["Caption", "ElementName", "Name"]
    assert items[0].epr is None


def test_system_properties_can_be_asked_for(host: Client) -> None:
    row = host.query(
        f"SELECT __PATH, __CLASS, __SERVER, __RELPATH, Name FROM {SYSTEM} "
        "WHERE ElementName = 'vm0002'"
    )[0]
    guid = host.model.machine("vm0002").guid
    relative = f'{SYSTEM}.CreationClassName="{SYSTEM}",Name="{guid}"'
    assert row["__PATH"] == rf"\\HVSIM\root\virtualization\v2:{relative}"
    assert row["__RELPATH"] == relative
    assert (row["__CLASS"], row["__SERVER"]) == (SYSTEM, "HVSIM")


def test_dmtf_uri_answers_in_its_own_namespace(host: Client) -> None:
    request = Request(
        "", DMTF + SYSTEM, Names({"__cimnamespace": r"root\virtualization\v2"})
    )
    item = next(iter(host.resource.enumerate(request, None)))
    assert isinstance(item.instance, bytes)
    assert etree.fromstring(item.instance).tag == f"{{{DMTF}{SYSTEM}}}{SYSTEM}"
    assert isinstance(item.epr, bytes)
    assert b"__cimnamespace" in item.epr


@pytest.mark.parametrize(
    ("uri", "text", "code"),
    [
        ("*", "SELECT * FROM Msvm_Nothing", 2150858778),
        ("*", "SELECT nothing FROM Msvm_ComputerSystem", 2150858778),
        ("*", "SELECT * FORM Msvm_ComputerSystem", 2150858778),
        ("*", "ASSOCIATORS OF {Msvm_ComputerSystem.Name='x'}", 2150858778),
        (SYSTEM, "SELECT * FROM Msvm_ComputerSystem", 2150859003),
    ],
)
def test_query_that_fails(host: Client, uri: str, text: str, code: int) -> None:
    with pytest.raises(Fault) as caught:
        host.resource.enumerate(
            Request("", V2 + uri), Filter(WQL, text, etree.Element("x"))
        )
        host.query(text)
    assert caught.value.code == code


def test_fault_of_a_query_tells_the_query_as_wmi_does(host: Client) -> None:
    with pytest.raises(Fault) as caught:
        host.query("SELECT * FROM Win32_Processa", CIMV2)
    fault = caught.value
    assert fault.provider == "WMI Provider"
    assert fault.extended is not None
    assert fault.extended.operation == "ExecQuery"
    assert fault.extended.parameter_info == "SELECT * FROM Win32_Processa"


def test_enumerate_with_keys_is_refused(host: Client) -> None:
    request = Request("", V2 + SYSTEM, Names({"Name": "x"}))
    with pytest.raises(Fault) as caught:
        host.resource.enumerate(request, None)
    assert caught.value.code == Code.WMI_KEYS_IN_ENUMERATE


def selector_filter(**wanted: str) -> Filter:
    inner = "".join(
        f'<w:Selector Name="{name}">{value}</w:Selector>'
        for name, value in wanted.items()
    )
    content = f"<w:SelectorSet>{inner}</w:SelectorSet>"
    return Filter(SELECTOR_FILTER, "", element("Filter", V2, content))


def test_selector_filter(host: Client) -> None:
    found = host.enumerate(
        V2 + SYSTEM,
        selector_filter(EnabledState="6", Description="Microsoft Virtual Machine"),
    )
    assert [values(system)["ElementName"] for system in found] == ["vm0004"]
    for bad in ({"OperationalStatus": "2"}, {"InstallDate": "x"}, {"Nme": "x"}, {}):
        with pytest.raises(Fault) as caught:
            host.enumerate(V2 + SYSTEM, selector_filter(**bad))
        assert caught.value.code == Code.CANNOT_PROCESS_FILTER


def test_unknown_dialect_is_told(host: Client) -> None:
    with pytest.raises(Fault) as caught:
        host.enumerate(V2 + SYSTEM, Filter("urn:x", "", etree.Element("x")))
    assert caught.value.code == Code.FILTER_DIALECT_UNAVAILABLE


# Associations


def path_of(host: Client, name: str) -> str:
    guid = host.model.machine(name).guid
    return f"{SYSTEM}.CreationClassName='{SYSTEM}',Name='{guid}'"


def test_associators_by_association_and_result_class(host: Client) -> None:
    found = host.query(
        f"ASSOCIATORS OF {{{path_of(host, 'vm0001')}}} WHERE "
        f"AssocClass = Msvm_SettingsDefineState ResultClass = {VSSD}"
    )
    assert [row["ElementName"] for row in found] == ["vm0001"]


def test_parts_of_settings_are_those_of_the_machine_not_of_its_snapshot(
    host: Client,
) -> None:
    guid = host.model.machine("vm0008").guid
    found = host.query(
        f"ASSOCIATORS OF {{{VSSD}.InstanceID='Microsoft:{guid}'}} WHERE "
        "AssocClass = Msvm_VirtualSystemSettingDataComponent "
        "ResultClass = Msvm_ProcessorSettingData"
    )
    assert [row["InstanceID"][:46] for row in found] == [f"Microsoft:{guid}"]


def test_associators_by_role(host: Client) -> None:
    path = path_of(host, "vm0010")
    snapshots = host.query(
        f"ASSOCIATORS OF {{{path}}} WHERE AssocClass = Msvm_SnapshotOfVirtualSystem "
        "Role = Antecedent ResultRole = Dependent"
    )
    assert len(snapshots) == 2
    assert not host.query(
        f"ASSOCIATORS OF {{{path}}} WHERE AssocClass = Msvm_SnapshotOfVirtualSystem "
        "Role = Dependent"
    )
    current = host.query(
        f"ASSOCIATORS OF {{{path}}} WHERE AssocClass = CIM_MostCurrentSnapshotInBranch"
    )
    assert current[0]["InstanceID"] == snapshots[1]["InstanceID"]
    assert current[0]["Parent"].endswith(
        snapshots[0]["InstanceID"].replace("\\", "\\\\") + '"'
    )


def test_references_of(host: Client) -> None:
    found = host.query(
        f"REFERENCES OF {{{path_of(host, 'vm0001')}}} WHERE "
        "ResultClass = Msvm_SettingsDefineState"
    )
    assert len(found) == 1


def test_keys_only_and_qualifiers(host: Client) -> None:
    query = f"REFERENCES OF {{{path_of(host, 'vm0002')}}} WHERE "
    (link,) = host.query(query + "ResultClass=Msvm_ElementSettingData KeysOnly")
    assert link["IsCurrent"] is None
    assert link["SettingData"]
    assert host.query(query + "RequiredQualifier = Association")
    assert not host.query(query + "RequiredQualifier = Static")
    with pytest.raises(Fault) as caught:
        host.query(query + "ClassDefsOnly")
    assert caught.value.code == Code.CANNOT_PROCESS_FILTER


def test_services_of_the_host(host: Client) -> None:
    found = host.query(
        f"ASSOCIATORS OF {{{SYSTEM}.CreationClassName='{SYSTEM}',Name='HVSIM'}} WHERE "
        f"AssocClass = Msvm_HostedService ResultClass = {VSMS}"
    )
    assert [row["Name"] for row in found] == ["vmms"]


def test_association_filter(host: Client) -> None:
    guid = host.model.machine("vm0001").guid
    source = reference(V2 + SYSTEM, CreationClassName=SYSTEM, Name=guid)
    content = (
        f"<b:AssociatedInstances><b:Object>{source}</b:Object>"
        "<b:AssociationClassName>Msvm_SettingsDefineState</b:AssociationClassName>"
        f"<b:ResultClassName>{VSSD}</b:ResultClassName></b:AssociatedInstances>"
    )
    wanted = Filter(ASSOCIATION_FILTER, "", element("Filter", V2, content))
    found = host.enumerate(V2 + "*", wanted)
    assert [values(row)["ElementName"] for row in found] == ["vm0001"]


# Invoke


@pytest.mark.parametrize(
    ("uri", "method", "selectors", "content", "code"),
    [
        (V2 + SYSTEM, "Nothing", {"Name": "HVSIM"}, "", Code.INVALID_ACTIONURI),
        (V2 + VSMS, "DestroySystem", {}, "", 0x8004102F),
        (V2 + VSMS, "DestroySystem", {"Foo": "x"}, "", Code.INVALID_SELECTORS),
        (V2 + SYSTEM, "RequestStateChange", {"Name": "x"}, "", Code.RESOURCE_NOT_FOUND),
        (
            V2 + SYSTEM,
            "SetPowerState",
            {"Name": "HVSIM"},
            "",
            0x80041055,
        ),
        (
            V2 + SYSTEM,
            "RequestStateChange",
            {"Name": "HVSIM"},
            "<p:Nothing>1</p:Nothing>",
            Code.SCHEMA_VALIDATION_ERROR,
        ),
        (
            V2 + SYSTEM,
            "RequestStateChange",
            {"Name": "HVSIM"},
            "<p:RequestedState>two</p:RequestedState>",
            0x8004102F,
        ),
        (
            V2 + VSMS,
            "ModifySystemSettings",
            {"CreationClassName": VSMS},
            "<p:SystemSettings><p:X/></p:SystemSettings>",
            Code.SCHEMA_VALIDATION_ERROR,
        ),
        (
            V2 + VSMS,
            "DestroySystem",
            {"CreationClassName": VSMS},
            "<p:AffectedSystem><a:EndpointReference>"
            + reference(V2 + SYSTEM, Name="x")
            + "</a:EndpointReference></p:AffectedSystem>",
            Code.SCHEMA_VALIDATION_ERROR,
        ),
    ],
)
def test_invoke_that_fails(  # noqa: PLR0917 - pytest names them
    host: Client,
    uri: str,
    method: str,
    selectors: dict[str, str],
    content: str,
    code: int,
) -> None:
    with pytest.raises(Fault) as caught:
        host.invoke(uri, method, content, **selectors)
    assert caught.value.code == code


def test_static_method_needs_no_selectors(host: Client) -> None:
    output = host.invoke(
        CIMV2 + "Win32_Process",
        "Create",
        "<p:CommandLine>notepad.exe a</p:CommandLine>",
    )
    assert [local(child) for child in output] == ["ProcessId", "ReturnValue"]
    handle = values(output)["ProcessId"]
    row = host.get(CIMV2 + "Win32_Process", Handle=handle)
    assert row["CommandLine"] == "notepad.exe a"


def test_machine_is_enough_named_alone(host: Client) -> None:
    output = host.invoke(
        V2 + SYSTEM,
        "RequestStateChange",
        "<p:RequestedState>2</p:RequestedState>",
        Name=host.model.machine("vm0002").guid,
    )
    assert [local(child) for child in output] == ["Job", "ReturnValue"]
    assert output[0][1][0].text == V2 + "Msvm_ConcreteJob"


def test_5000_machines_cost_one_when_one_is_asked_for() -> None:
    many = client(5000)
    made: list[Any] = []
    machines = many.resource.repository._machines

    def counted(hint: Any) -> list[Any]:
        found = list(machines(hint))
        made.append(len(found))
        return found

    many.resource.repository._machines = counted  # type: ignore[method-assign]
    guid = many.model.machine("vm4321").guid
    assert many.query(f"SELECT * FROM {SYSTEM} WHERE Name = '{guid}'")
    assert many.query(f"SELECT * FROM {SYSTEM} WHERE ElementName = 'vm4321'")
    for name in ("Msvm_MemorySettingData", "Msvm_StorageAllocationSettingData"):
        assert many.query(
            f"SELECT * FROM {name} WHERE InstanceID LIKE 'Microsoft:{guid}%'"
        )
    many.get(V2 + SYSTEM, CreationClassName=SYSTEM, Name=guid)
    many.query(f"ASSOCIATORS OF {{{path_of(many, 'vm4321')}}}")
    assert max(made) == 1
