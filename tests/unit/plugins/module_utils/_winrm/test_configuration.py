# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration and the listeners of a host: out of XML, and into it."""

from __future__ import annotations

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._cim.markup import (
    Element,
    read,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.configuration import (
    CONFIG_URI,
    LISTENER_URI,
    Configuration,
    Listener,
    document,
    group_texts,
    group_uri,
    listener_texts,
)

CONFIG = f"""
<cfg:Config xmlns:cfg="{CONFIG_URI}">
  <cfg:MaxEnvelopeSizekb>500</cfg:MaxEnvelopeSizekb>
  <cfg:Client><cfg:Auth><cfg:Basic>true</cfg:Basic></cfg:Auth></cfg:Client>
  <cfg:Service>
    <cfg:AllowUnencrypted>false</cfg:AllowUnencrypted>
    <cfg:Auth><cfg:Basic Source="GPO">true</cfg:Basic><cfg:New>1</cfg:New></cfg:Auth>
    <cfg:DefaultPorts><cfg:HTTP>5985</cfg:HTTP></cfg:DefaultPorts>
    <cfg:IPv4Filter Source="GPO">*</cfg:IPv4Filter>
    <cfg:CertificateThumbprint/>
  </cfg:Service>
  <cfg:Winrs><cfg:MaxShellsPerUser>-1</cfg:MaxShellsPerUser></cfg:Winrs>
</cfg:Config>"""

LISTENER = f"""
<cfg:Listener xmlns:cfg="{LISTENER_URI}" Source="GPO">
  <cfg:Address>*</cfg:Address><cfg:Transport>HTTPS</cfg:Transport>
  <cfg:Port>5986</cfg:Port><cfg:Hostname>hv1</cfg:Hostname>
  <cfg:Enabled>true</cfg:Enabled><cfg:URLPrefix>wsman</cfg:URLPrefix>
  <cfg:CertificateThumbprint>{"ab " * 20}</cfg:CertificateThumbprint>
  <cfg:ListeningOn>192.0.2.1</cfg:ListeningOn><cfg:ListeningOn>::1</cfg:ListeningOn>
</cfg:Listener>"""


def element(text: str) -> Element:
    return read(text.strip())


def test_config_becomes_values_and_sources_by_path() -> None:
    found = Configuration.from_element(element(CONFIG))
    assert found.values == {
        "MaxEnvelopeSizekb": 500,
        "Service/AllowUnencrypted": False,
        "Service/Auth/Basic": True,
        "Service/DefaultPorts/HTTP": 5985,
        "Service/IPv4Filter": "*",
        "Service/CertificateThumbprint": "",
        "Winrs/MaxShellsPerUser": "-1",
    }
    assert found.policies() == {
        "service.auth.basic": "GPO",
        "service.ipv4_filter": "GPO",
    }
    assert found.as_result()["service"] == {
        "allow_unencrypted": False,
        "auth": {"basic": True},
        "default_ports": {"http": 5985},
        "ipv4_filter": "*",
        "certificate_thumbprint": "",
    }


def test_names_in_another_case_and_namespace_are_known() -> None:
    text = CONFIG.lower().replace("false", "False").replace("/config", "/config.xsd")
    text = text.replace("source=", "Source=").replace('"gpo"', '"GPO"')
    assert Configuration.from_element(element(text)) == Configuration.from_element(
        element(CONFIG)
    )


def test_element_that_is_no_config_is_refused() -> None:
    with pytest.raises(HypervisorConnectError, match="configuration is a 'Listener'"):
        Configuration.from_element(element(LISTENER))


def test_listener_becomes_a_value() -> None:
    found = Listener.from_element(element(LISTENER))
    assert found == Listener(
        "*", "HTTPS", 5986, "hv1", True, "wsman", "AB" * 20, ("192.0.2.1", "::1"), "GPO"
    )
    assert found.key == ("*", "HTTPS")
    assert found.selectors == {"Address": "*", "Transport": "HTTPS"}
    assert found.as_result()["listening_on"] == ["192.0.2.1", "::1"]
    assert found.changed({"port": 1}).port == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [("5986", "many"), ("<cfg:Transport>HTTPS</cfg:Transport>", ""), (">true<", ">odd<"),
     ("ab ", "xy ")],
)  # fmt: skip
def test_listener_that_can_not_be_read_is_named(old: str, new: str) -> None:
    with pytest.raises(HypervisorConnectError, match=r"listener '\*' can't be read"):
        Listener.from_element(element(LISTENER.replace(old, new)))


def test_what_is_written_stands_in_the_order_of_the_wire() -> None:
    assert group_texts(
        "Service/Auth", {"Service/Auth/CredSSP": False, "Service/Auth/Basic": True}
    ) == {"Basic": "true", "CredSSP": "false"}
    assert listener_texts({"enabled": False, "port": 80}) == {
        "Port": "80",
        "Enabled": "false",
    }
    assert Listener("*", "HTTP").fields() == {"enabled": True, "url_prefix": "wsman"}


def test_value_of_another_group_is_not_written() -> None:
    with pytest.raises(ValueError, match="are in 'Service'"):
        group_texts("Service", {"Service/Auth/Basic": True})
    with pytest.raises(ValueError, match="not all of"):
        group_texts("Service", {"Service/Nothing": True})


def test_document_can_be_read_again() -> None:
    text = document(group_uri("Service"), "Service", {"RootSDDL": "O:<&>\r"})
    assert element(text).children[0].text == "O:<&>\r"
    assert element(text).name == (f"{CONFIG_URI}/service", "Service")
    assert group_uri("") == CONFIG_URI
