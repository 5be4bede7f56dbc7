# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible's own connection plugins, loaded with a host's variables, say of WinRM."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader, init_plugin_loader

from ansible_collections.hypervisor.connect.plugins.module_utils._uri.uri import (
    ConnectionUri,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.way import (
    SessionInUse,
)
from ansible_collections.hypervisor.connect.plugins.plugin_utils._winrm_connections import (
    WinrmConnection,
    session_at,
    session_of,
    uri_of_winrm,
)


@pytest.fixture(scope="module", autouse=True)
def _loader() -> None:
    init_plugin_loader([])


def loaded(kind: str, **variables: Any) -> Any:
    """The plugin as the task executor hands it to an action plugin."""
    connection = connection_loader.get(kind, PlayContext(), "/dev/null")
    hosts = {"ansible_host": "192.0.2.5", "inventory_hostname": "hv1", **variables}
    extras = {
        name: value
        for name, value in hosts.items()
        if name.startswith(f"ansible_{kind}_")
    }
    connection.set_options(var_options={**hosts, "_extras": extras})
    return connection


@pytest.mark.parametrize(
    ("variables", "uri"),
    [
        ({}, "hyperv://192.0.2.5:5986/?transport=https"),
        ({"ansible_port": 5985}, "hyperv://192.0.2.5:5985/?transport=http"),
        (
            {"ansible_port": 15985, "ansible_winrm_scheme": "http"},
            "hyperv://192.0.2.5:15985/?transport=http",
        ),
        (
            {"ansible_host": "2001:db8::1"},
            "hyperv://[2001:db8::1]:5986/?transport=https",
        ),
        ({"ansible_winrm_path": "/wsman/"}, "hyperv://192.0.2.5:5986/?transport=https"),
        ({"ansible_winrm_path": "/other"}, None),
    ],
)
def test_winrm_connection_is_a_uri_with_its_user(
    variables: dict[str, Any], uri: str | None
) -> None:
    found = uri_of_winrm(
        loaded("winrm", ansible_user="admin", ansible_password="Pa55", **variables)
    )
    if uri is None:
        assert found == WinrmConnection(None)
    else:
        assert found == WinrmConnection(uri, "admin", "Pa55")
        assert (
            ConnectionUri.parse(uri).username is None
        )  # the password is nowhere in it


@pytest.mark.parametrize(
    ("variables", "auth", "scheme", "encrypted"),
    [
        ({}, "basic", "https", False),
        ({"ansible_port": 5985}, "basic", "http", False),
        ({"ansible_user": "admin@EXAMPLE.COM"}, "kerberos", "https", True),
        ({"ansible_winrm_transport": "ntlm"}, "ntlm", "https", True),
        ({"ansible_winrm_transport": ["ntlm", "basic"]}, "auto", "https", False),
        (
            {"ansible_winrm_transport": "ntlm", "ansible_winrm_message_encryption": "never"},
            "ntlm", "https", False,
        ),
    ],
)  # fmt: skip
def test_session_of_a_winrm_connection(
    variables: dict[str, Any], auth: str, scheme: str, encrypted: bool
) -> None:
    port = variables.get("ansible_port", 5986)
    assert session_of(loaded("winrm", **variables)) == SessionInUse(
        auth, scheme, encrypted, port, "192.0.2.5", shell=True
    )


@pytest.mark.parametrize(
    ("variables", "auth", "scheme", "port", "encrypted"),
    [
        ({}, "negotiate", "https", 5986, True),
        ({"ansible_port": 5985}, "negotiate", "http", 5985, True),
        ({"ansible_psrp_protocol": "http"}, "negotiate", "http", 5985, True),
        ({"ansible_psrp_auth": "basic"}, "basic", "https", 5986, False),
        (
            {"ansible_psrp_message_encryption": "never"},
            "negotiate",
            "https",
            5986,
            False,
        ),
    ],
)
def test_session_of_a_psrp_connection(
    variables: dict[str, Any], auth: str, scheme: str, port: int, encrypted: bool
) -> None:
    assert session_of(loaded("psrp", **variables)) == SessionInUse(
        auth, scheme, encrypted, port, "192.0.2.5", shell=True
    )


def test_connections_of_other_kinds_go_over_no_winrm() -> None:
    assert session_of(loaded("ssh")) is None
    assert session_of(loaded("local")) is None


def test_session_of_a_remote_shell_by_uri() -> None:
    uri = ConnectionUri.parse("hyperv://admin@hv1/?transport=http&auth=ntlm")
    assert session_at(uri, "auto") == SessionInUse(
        "ntlm", "http", True, 5985, "hv1", shell=True
    )
    either = session_at(ConnectionUri.parse("hyperv://hv1/"), "auto")
    assert either == SessionInUse("auto", "https", False, 5986, "hv1", shell=True)
    assert session_at(ConnectionUri.parse("qemu:///system"), "auto") is None
