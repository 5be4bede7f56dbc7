# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of request that the client builds is one that hvsim accepts when strict.

Strict means: the order of the schema, the headers that must be understood, the action
against the resource, and all else that DSP0226 forbids where Windows may let it pass.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from itertools import islice
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._cim.instance import (
    CimInstance,
    InstancePath,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._cim.schema import (
    path_of,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._cim.wql import (
    associators_of,
    like,
    references_of,
    select,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.client import (
    BOTH,
    EPR,
    WsmanClient,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.fault import (
    WsmanFault,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.fault_table import (
    CONTEXT_GONE,
    NOT_FOUND,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.filters import (
    associated_with,
    associations_of,
    having,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.reference import (
    resource_uri,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv.lab import (
    Lab,
    lab,
)

V2 = "root/virtualization/v2"
SYSTEM = resource_uri(V2, "Msvm_ComputerSystem")
SETTINGS = resource_uri(V2, "Msvm_VirtualSystemSettingData")
SERVICE = resource_uri(V2, "Msvm_VirtualSystemManagementService")
EVERYTHING = resource_uri(V2, "*")
CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"
DMTF = "http://schemas.dmtf.org/wbem/wscim/1/cim-2"
DMTF_SYSTEM = f"{DMTF}/Msvm_ComputerSystem"
IN_V2 = {"__cimnamespace": V2}
THE_SERVICE = {"CreationClassName": "Msvm_VirtualSystemManagementService"}
LISTENER = {"Address": "*", "Transport": "HTTP"}
MORE = {"Address": "IP:127.0.0.1", "Transport": "HTTP"}

Ask = Callable[[WsmanClient], Any]


@pytest.fixture
def host() -> Iterator[Lab]:
    """A strict host with three machines."""
    with lab(vms=3) as opened:
        assert opened.host.options.strict
        yield opened


def machine(client: WsmanClient, name: str = "vm0001") -> CimInstance:
    (found,) = client.query(V2, select("Msvm_ComputerSystem").where(ElementName=name))
    return found


def path(client: WsmanClient, name: str = "vm0001") -> InstancePath:
    found = path_of(machine(client, name))
    assert found is not None
    return found


def settings_path(client: WsmanClient) -> InstancePath:
    wanted = select("Msvm_VirtualSystemSettingData").where(ElementName="vm0001")
    (found,) = client.query(V2, wanted)
    known = path_of(found)
    assert known is not None
    return known


def names(found: Iterator[CimInstance]) -> list[str]:
    return sorted(str(row["ElementName"]) for row in found)


def identify(client: WsmanClient) -> Any:
    return client.identify().vendor


def get_by_selectors(client: WsmanClient) -> Any:
    keys = {
        "CreationClassName": "Msvm_ComputerSystem",
        "Name": machine(client)["Name"],
    }
    return client.get(SYSTEM, keys)["ElementName"]


def get_by_path(client: WsmanClient) -> Any:
    return client.get(path(client))["ElementName"]


def get_with_options(client: WsmanClient) -> Any:
    options = {"IncludeInheritedProperties": True, "Note": "a<b"}
    return client.get(path(client), options=options)["ElementName"]


def get_fragment(client: WsmanClient) -> Any:
    return dict(client.get(path(client), fragment="ElementName"))


def get_text_of_fragment(client: WsmanClient) -> Any:
    return dict(client.get(path(client), fragment="ElementName/text()"))


def get_config(client: WsmanClient) -> Any:
    return client.get(f"{CONFIG}/service/auth")["Basic"]


def get_listener(client: WsmanClient) -> Any:
    return client.get(f"{CONFIG}/listener", LISTENER)["Transport"]


def get_dmtf(client: WsmanClient) -> Any:
    keys = {
        "CreationClassName": "Msvm_ComputerSystem",
        "Name": machine(client)["Name"],
    }
    return client.get(DMTF_SYSTEM, {**IN_V2, **keys})["ElementName"]


def put(client: WsmanClient) -> Any:
    client.put(f"{CONFIG}/service/auth", {"Basic": True})
    return client.get(f"{CONFIG}/service/auth")["Basic"]


def put_fragment(client: WsmanClient) -> Any:
    client.put(f"{CONFIG}/service", {"MaxConnections": 77}, fragment="MaxConnections")
    return client.get(f"{CONFIG}/service")["MaxConnections"]


def create(client: WsmanClient) -> Any:
    made = client.create(f"{CONFIG}/listener", {"Port": 59850, "Enabled": False}, MORE)
    return made.key("Address")


def delete(client: WsmanClient) -> Any:
    made = client.create(f"{CONFIG}/listener", {"Port": 59850, "Enabled": False}, MORE)
    client.delete(made)
    return [row["Address"] for row in client.enumerate(f"{CONFIG}/listener")]


def enumerate_objects(client: WsmanClient) -> Any:
    return names(client.enumerate(SYSTEM))


def enumerate_paths(client: WsmanClient) -> Any:
    return [found.class_name for found in client.enumerate(SYSTEM, mode=EPR)]


def enumerate_both(client: WsmanClient) -> Any:
    found = list(client.enumerate(SYSTEM, mode=BOTH))
    return [client.get(one.path)["ElementName"] == one["ElementName"] for one in found]


def enumerate_in_pages(client: WsmanClient) -> Any:
    return names(client.enumerate(SYSTEM, max_elements=1))


def enumerate_dmtf(client: WsmanClient) -> Any:
    return names(client.enumerate(DMTF_SYSTEM, selectors=IN_V2))


def get_by_dmtf_path(client: WsmanClient) -> Any:
    paths = client.enumerate(DMTF_SYSTEM, selectors=IN_V2, mode=EPR)
    return sorted(str(client.get(found)["ElementName"]) for found in paths)


def release(client: WsmanClient) -> Any:
    found = client.enumerate(SYSTEM, max_elements=1)
    first = list(islice(found, 1))
    assert isinstance(found, Generator)
    found.close()
    return len(first)


def wql_text(client: WsmanClient) -> Any:
    text = "SELECT * FROM Msvm_ComputerSystem WHERE EnabledState <> 3 AND Name <> 'a<b'"
    return names(client.query(V2, text))


def wql_columns(client: WsmanClient) -> Any:
    wanted = select("Msvm_ComputerSystem", "ElementName")
    return names(client.query(V2, wanted.where(ElementName=like("vm000[12]"))))


def wql_associators(client: WsmanClient) -> Any:
    wanted = associators_of(path(client), result_class="Msvm_VirtualSystemSettingData")
    return names(client.query(V2, wanted))


def wql_references(client: WsmanClient) -> Any:
    wanted = references_of(path(client), result_class="Msvm_SettingsDefineState")
    (found,) = client.query(V2, wanted)
    return found["ManagedElement"].class_name


def association_filter(client: WsmanClient) -> Any:
    wanted = associated_with(
        path(client),
        association_class="Msvm_SettingsDefineState",
        role="ManagedElement",
        result_class="Msvm_VirtualSystemSettingData",
        result_role="SettingData",
    )
    return names(client.enumerate(EVERYTHING, filter=wanted))


def association_instances(client: WsmanClient) -> Any:
    wanted = associations_of(
        path(client), result_class="Msvm_SettingsDefineState", role="ManagedElement"
    )
    (found,) = client.enumerate(EVERYTHING, filter=wanted)
    return found["SettingData"].class_name


def get_association(client: WsmanClient) -> Any:
    """Its keys are references: the selectors hold endpoint references."""
    uri = resource_uri(V2, "Msvm_HostedDependency")
    first = next(client.enumerate(uri, mode=EPR))
    return client.get(first)["Dependent"].class_name


def selector_filter(client: WsmanClient) -> Any:
    return names(client.enumerate(SYSTEM, filter=having({"ElementName": "vm0002"})))


def invoke_number(client: WsmanClient) -> Any:
    output = client.invoke(path(client), "RequestStateChange", {"RequestedState": 9})
    return output["ReturnValue"]


def invoke_array_of_references(client: WsmanClient) -> Any:
    output = client.invoke(
        SERVICE,
        "GetSummaryInformation",
        {"SettingData": [settings_path(client)], "RequestedInformation": [0, 1]},
        THE_SERVICE,
    )
    return [one["ElementName"] for one in output.array("SummaryInformation")]


def invoke_nil(client: WsmanClient) -> Any:
    output = client.invoke(
        SERVICE,
        "GetSummaryInformation",
        {"SettingData": None, "RequestedInformation": [1]},
        THE_SERVICE,
    )
    return len(output.array("SummaryInformation"))


def invoke_embedded_instance(client: WsmanClient) -> Any:
    change = CimInstance(
        "Msvm_VirtualSystemSettingData",
        {"InstanceID": settings_path(client).key("InstanceID"), "Notes": ["a<b & 'c'"]},
    )
    output = client.invoke(
        SERVICE, "ModifySystemSettings", {"SystemSettings": change}, THE_SERVICE
    )
    assert output["ReturnValue"] == 0
    return client.get(settings_path(client)).array("Notes")


def invoke_reference(client: WsmanClient) -> Any:
    output = client.invoke(
        SERVICE,
        "DestroySystem",
        {"AffectedSystem": path(client, "vm0002")},
        THE_SERVICE,
    )
    assert output["ReturnValue"] == 0
    return enumerate_objects(client)


def invoke_dmtf(client: WsmanClient) -> Any:
    keys = {
        "CreationClassName": "Msvm_ComputerSystem",
        "Name": machine(client)["Name"],
    }
    output = client.invoke(
        DMTF_SYSTEM, "RequestStateChange", {"RequestedState": 9}, {**IN_V2, **keys}
    )
    return output["ReturnValue"]


ALL = ["HVSIM", "vm0001", "vm0002", "vm0003"]
MACHINE = "Msvm_ComputerSystem"
ACCEPTED: list[tuple[Ask, Any, str]] = [
    (identify, "Microsoft Corporation", "Identify"),
    (get_by_selectors, "vm0001", "Get"),
    (get_by_path, "vm0001", "Get"),
    (get_with_options, "vm0001", "Get"),
    (get_fragment, {"ElementName": "vm0001"}, "Get"),
    (get_text_of_fragment, {"ElementName": "vm0001"}, "Get"),
    (get_config, "false", "Get"),
    (get_listener, "HTTP", "Get"),
    (get_dmtf, "vm0001", "Get"),
    (put, "true", "Put"),
    (put_fragment, "77", "Put"),
    (create, "IP:127.0.0.1", "Create"),
    (delete, ["*", "*"], "Delete"),
    (enumerate_objects, ALL, "Enumerate"),
    (enumerate_paths, [MACHINE] * 4, "Enumerate"),
    (enumerate_both, [True] * 4, "Enumerate"),
    (enumerate_in_pages, ALL, "Pull"),
    (enumerate_dmtf, ALL, "Enumerate"),
    (get_by_dmtf_path, ALL, "Get"),
    (release, 1, "Release"),
    (wql_text, ["HVSIM", "vm0001", "vm0003"], "Enumerate"),
    (wql_columns, ["vm0001", "vm0002"], "Enumerate"),
    (wql_associators, ["vm0001"], "Enumerate"),
    (wql_references, MACHINE, "Enumerate"),
    (association_filter, ["vm0001"], "Enumerate"),
    (association_instances, "Msvm_VirtualSystemSettingData", "Enumerate"),
    (get_association, MACHINE, "Get"),
    (selector_filter, ["vm0002"], "Enumerate"),
    (invoke_number, 0, "RequestStateChange"),
    (invoke_array_of_references, ["vm0001"], "GetSummaryInformation"),
    (invoke_nil, 3, "GetSummaryInformation"),
    (invoke_embedded_instance, ["a<b & 'c'"], "ModifySystemSettings"),
    (invoke_reference, ["HVSIM", "vm0001", "vm0003"], "DestroySystem"),
    (invoke_dmtf, 0, "RequestStateChange"),
]


@pytest.mark.parametrize(
    ("ask", "answer", "verb"),
    ACCEPTED,
    ids=[ask.__name__ for ask, _answer, _verb in ACCEPTED],
)
def test_request_is_accepted_by_a_strict_host(
    host: Lab, ask: Ask, answer: Any, verb: str
) -> None:
    assert ask(host.hypervisor.client) == answer
    assert verb in {exchange.verb for exchange in host.host.requests}
    assert {exchange.fault for exchange in host.host.requests} == {0}
    assert {exchange.status for exchange in host.host.requests} == {200}


def test_every_operation_of_ws_management_is_in_the_table() -> None:
    verbs = {verb for _ask, _answer, verb in ACCEPTED}
    operations = {"Get", "Put", "Create", "Delete", "Enumerate", "Pull", "Release"}
    assert operations <= verbs


def test_released_enumeration_is_gone_on_the_host(host: Lab) -> None:
    release(host.hypervisor.client)
    assert host.host.pipeline.contexts.count(host.host.username) == 0
    with pytest.raises(WsmanFault) as caught:
        host.hypervisor.client.release(SYSTEM, "no such context")
    assert caught.value.kind == CONTEXT_GONE


def test_settings_of_a_machine_are_addressed_by_their_path(host: Lab) -> None:
    known = settings_path(host.hypervisor.client)
    found = host.hypervisor.client.get(SETTINGS, known.selectors)
    assert found["ElementName"] == "vm0001"
    wrong = {"InstanceID": "Microsoft:00000000-0000-4000-8000-000000000000"}
    with pytest.raises(WsmanFault) as caught:
        host.hypervisor.client.get(SETTINGS, wrong)
    assert caught.value.kind == NOT_FOUND


def test_what_wmi_can_not_change_is_refused_as_that(host: Lab) -> None:
    """The requests are well formed: the provider refuses them, not the schema."""
    client = host.hypervisor.client
    for change in (
        lambda: client.put(path(client), {"ElementName": "web1"}),
        lambda: client.delete(path(client)),
        lambda: client.create(SYSTEM, {"ElementName": "web1"}),
    ):
        with pytest.raises(WsmanFault) as caught:
            change()
        assert caught.value.wsman_code == 2150859010
