# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry: over WMI's StdRegProv, and by reg."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest
from lxml import etree
from wmi_client import CIMV2, Client, client, local, values

from hvsim.faults import Fault
from hvsim.model.registry import HKEY_LOCAL_MACHINE, METHODS, OTHER_TYPE, TYPES
from hvsim.namespaces import WMI
from hvsim.windows_registry import (
    CERTIFICATES,
    CURRENT_VERSION,
    HKLM,
    TCPIP,
    RegistryValue,
    WindowsRegistry,
)

MARKS = {"AB" * 20: bytes(range(256)), "01" * 20: b"\x07"}
NAMESPACES = ("root/default", "root/cimv2")


def host(**options: Any) -> Client:
    made = client(0, **options)
    made.model.registry = WindowsRegistry("10.0.17763", lambda: MARKS)
    return made


def call(
    host: Client,
    method: str,
    key: str = CURRENT_VERSION,
    value: str | None = None,
    *,
    namespace: str = NAMESPACES[0],
    hive: str | None = str(HKEY_LOCAL_MACHINE),
) -> etree._Element:
    content = "" if hive is None else f"<p:hDefKey>{hive}</p:hDefKey>"
    content += f"<p:sSubKeyName>{key}</p:sSubKeyName>"
    if value is not None:
        content += f"<p:sValueName>{value}</p:sValueName>"
    return host.invoke(f"{WMI}{namespace}/StdRegProv", method, content)


@pytest.mark.parametrize("namespace", NAMESPACES)
@pytest.mark.parametrize("hyperv", [True, False])
def test_keys_are_told_with_and_without_hyperv(namespace: str, hyperv: bool) -> None:
    output = call(
        host(hyperv=hyperv), "EnumKey", CERTIFICATES.lower() + "\\", namespace=namespace
    )
    assert local(output) == "EnumKey_OUTPUT"
    assert output.tag == f"{{{WMI}{namespace}/StdRegProv}}EnumKey_OUTPUT"
    assert values(output) == {"sNames": sorted(MARKS), "ReturnValue": "0"}


def test_keys_at_the_top_and_none_at_the_bottom() -> None:
    top = values(call(host(), "EnumKey", ""))
    assert top == {"sNames": ["SOFTWARE", "SYSTEM"], "ReturnValue": "0"}
    bottom = values(call(host(), "EnumKey", CURRENT_VERSION))
    assert bottom.get("sNames") is None
    assert bottom["ReturnValue"] == "0"


def test_bytes_are_one_element_of_base64() -> None:
    for mark, blob in MARKS.items():
        output = call(host(), "GetBinaryValue", rf"{CERTIFICATES}\{mark}", "blob")
        found = [child.text or "" for child in output if local(child) == "uValue"]
        assert [b64decode(text) for text in found] == [blob]


@pytest.mark.parametrize(
    ("method", "value", "field", "expected"),
    [
        ("GetStringValue", "productname", "sValue", "Windows Server 2019 Standard"),
        ("GetStringValue", "CurrentBuildNumber", "sValue", "17763"),
        ("GetDWORDValue", "CurrentMajorVersionNumber", "uValue", "10"),
    ],
)
def test_values_of_each_type(
    method: str, value: str, field: str, expected: str
) -> None:
    output = call(host(), method, CURRENT_VERSION, value)
    assert values(output) == {field: expected, "ReturnValue": "0"}


def test_values_are_told_with_their_types() -> None:
    found = values(call(host(), "EnumValues"))
    pairs = dict(zip(found["sNames"], found["Types"], strict=True))
    assert pairs["ProductName"] == str(TYPES["REG_SZ"])
    assert pairs["CurrentMajorVersionNumber"] == str(TYPES["REG_DWORD"])
    one = values(call(host(), "EnumValues", rf"{CERTIFICATES}\{'01' * 20}"))
    assert (one["sNames"], one["Types"]) == ("Blob", "3")


@pytest.mark.parametrize(
    ("method", "key", "value", "hive", "code"),
    [
        ("EnumKey", "SOFTWARE\\Nowhere", None, None, 2),
        ("EnumValues", "SOFT", None, None, 2),
        ("EnumKey", "SOFTWARE", None, "2147483649", 2),
        ("EnumKey", "SOFTWARE", None, "7", 6),
        ("GetBinaryValue", f"{CERTIFICATES}\\{'FF' * 20}", "Blob", None, 2),
        ("GetStringValue", CURRENT_VERSION, "Nothing", None, 1),
        ("GetBinaryValue", CURRENT_VERSION, "ProductName", None, OTHER_TYPE),
        ("GetExpandedStringValue", CURRENT_VERSION, "ProductName", None, OTHER_TYPE),
        ("GetMultiStringValue", CURRENT_VERSION, "ProductName", None, OTHER_TYPE),
    ],
)
def test_what_is_not_there_is_a_return_value(
    method: str, key: str, value: str | None, hive: str | None, code: int
) -> None:
    found = values(call(host(), method, key, value, hive=hive))
    assert found.pop("ReturnValue") == str(code)
    assert not any(found.values())


def test_methods_that_write_are_not_simulated() -> None:
    with pytest.raises(Fault) as caught:
        call(host(), "DeleteKey")
    assert caught.value.code == 0x80041055
    assert "DeleteKey" not in METHODS


def test_classes_without_instances_have_none() -> None:
    assert host().enumerate(f"{WMI}root/default/StdRegProv") == []


def test_bytes_that_are_no_number_are_refused() -> None:
    with pytest.raises(Fault):
        call(host(), "EnumKey", hive="x")


def test_over_the_wire_for_those_with_the_right(client: Any) -> None:
    uri = f"{WMI}root/default/StdRegProv"
    body = (
        f'<p:EnumKey_INPUT xmlns:p="{uri}"><p:sSubKeyName>{CERTIFICATES}'
        "</p:sSubKeyName></p:EnumKey_INPUT>"
    )
    answer = client.ask(f"{uri}/EnumKey", uri, body)
    store = client.simulator.certificates.store
    assert answer.texts("{*}sNames") == [one.mark for one in store.entries()]
    mark = client.simulator.certificates.issue_server("hv1")
    assert mark in client.ask(f"{uri}/EnumKey", uri, body).texts("{*}sNames")


@pytest.mark.parametrize("domain", ["", "example.com"])
def test_domain_is_told_alike_by_registry_and_class(domain: str) -> None:
    made = client(0, hostname="HV1", domain=domain)
    for name, expected in (("Domain", domain), ("Hostname", "HV1")):
        output = values(call(made, "GetStringValue", TCPIP, name))
        assert output == {"sValue": expected, "ReturnValue": "0"}
    (row,) = made.query("SELECT * FROM Win32_ComputerSystem", CIMV2)
    assert row["Domain"] == (domain or "WORKGROUP")
    assert row["PartOfDomain"] == ("true" if domain else "false")
    assert row["Workgroup"] == (None if domain else "WORKGROUP")


# The tree itself


def test_tree_is_found_without_case_and_names_keep_theirs() -> None:
    registry = WindowsRegistry(blobs=lambda: MARKS)
    assert registry.below("software\\MICROSOFT") == [
        "SystemCertificates",
        "Windows NT",
    ]
    assert registry.values(f"\\{CURRENT_VERSION.upper()}\\") is not None
    assert registry.value(CERTIFICATES + "\\" + "ab" * 20, "BLOB") == RegistryValue(
        "Blob", "REG_BINARY", bytes(range(256))
    )
    assert registry.value(CERTIFICATES, "Blob") is None
    assert registry.values("SOFTWARE\\Micro") is None
    assert HKLM == "HKEY_LOCAL_MACHINE"


def test_unknown_version_has_a_product_too() -> None:
    product = WindowsRegistry("6").value(CURRENT_VERSION, "ProductName")
    assert product is not None
    assert product.data == "Windows Server Standard"
