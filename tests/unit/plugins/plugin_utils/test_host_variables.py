# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task's options, filled up from the variables of its host."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.plugin_utils._host_variables import (
    decrypted,
    of_delegate,
    variables_of_delegate,
    with_host_variables,
    with_winrm_variables,
)

VARIABLES = {
    "ansible_libvirt_uri": "{{ driver }}:///system",
    "ansible_user": "fred",
    "ansible_password": "hunter2",
    "ansible_host": "10.0.0.1",
}


def template(value: Any) -> Any:
    return value.replace("{{ driver }}", "qemu") if isinstance(value, str) else value


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {},
            {"uri": "qemu:///system", "username": "fred", "password": "hunter2"},
        ),
        (
            {"uri": "xen:///", "name": "web1"},
            {
                "uri": "xen:///",
                "name": "web1",
                "username": "fred",
                "password": "hunter2",
            },
        ),
        (
            {"uri": None, "username": "barney", "password": "x"},
            {"uri": "qemu:///system", "username": "barney", "password": "x"},
        ),
        (
            {"uri": "", "username": "", "password": ""},
            {"uri": "", "username": "", "password": ""},
        ),
    ],
)
def test_options_of_the_task_win(
    options: dict[str, Any], expected: dict[str, Any]
) -> None:
    given = dict(options)
    assert with_host_variables(options, VARIABLES, template) == expected
    assert options == given


def test_only_the_named_options_are_filled_up() -> None:
    filled = with_host_variables({}, VARIABLES, template, only=("uri",))
    assert filled == {"uri": "qemu:///system"}


def test_host_without_variables_adds_nothing() -> None:
    assert with_host_variables({"name": "a"}, {}, template) == {"name": "a"}
    nothing = dict.fromkeys(VARIABLES)
    assert with_host_variables({"name": "a"}, nothing, template) == {"name": "a"}


def test_user_of_the_uri_comes_before_the_hosts_and_after_the_tasks() -> None:
    named = {"uri": "qemu+ssh://root@host/system"}
    users = {named["uri"]: "root"}
    filled = with_host_variables(named, VARIABLES, template, user_of=users.get)
    assert "username" not in filled
    given = {**named, "username": "barney"}
    filled = with_host_variables(given, VARIABLES, template, user_of=users.get)
    assert filled["username"] == "barney"
    other = {"uri": "qemu+ssh://host/system"}
    filled = with_host_variables(other, VARIABLES, template, user_of=users.get)
    assert filled["username"] == "fred"


class Vaulted:
    """As AnsibleVaultEncryptedUnicode of ansible-core 2.16: no str, but has its text."""

    __ENCRYPTED__ = True

    def __str__(self) -> str:
        return "hunter2"


def test_vaulted_values_become_text() -> None:
    assert decrypted(Vaulted()) == "hunter2"
    assert decrypted(["a", Vaulted(), 5]) == ["a", "hunter2", 5]
    assert decrypted(5) == 5
    options = {"uri": "test:///default", "username": Vaulted()}
    variables = {"ansible_password": Vaulted()}
    assert with_host_variables(options, variables, template) == {
        "uri": "test:///default",
        "username": "hunter2",
        "password": "hunter2",
    }


A = {"ansible_libvirt_uri": "test:///a", "ansible_user": "fred"}


@pytest.mark.parametrize(
    ("delegate", "theirs", "meant"),
    [
        (None, {}, A),
        (
            "b",
            {"ansible_libvirt_uri": "test:///b", "inventory_hostname": "a"},
            {"ansible_libvirt_uri": "test:///b", "inventory_hostname": "b"},
        ),
        (
            "b",
            {"ansible_libvirt_uri": "test:///a"},
            {"ansible_libvirt_uri": "test:///a", "inventory_hostname": "b"},
        ),
        ("b", {"ansible_user": "barney"}, A),
        ("localhost", {"ansible_user": "barney"}, A),
        ("localhost", {**A, "ansible_user": "barney"}, A),
        (
            "localhost",
            {"ansible_libvirt_uri": "test:///l"},
            {"ansible_libvirt_uri": "test:///l", "inventory_hostname": "localhost"},
        ),
    ],
)
def test_hypervisor_of_a_delegated_task_is_that_of_the_host_that_has_a_uri(
    delegate: str | None, theirs: dict[str, str], meant: dict[str, str]
) -> None:
    delegated = {"ansible_delegated_vars": {delegate: theirs}} if delegate else {}
    found = dict(of_delegate({**A, **delegated}, delegate))
    found.pop("ansible_delegated_vars", None)
    assert found == meant


def test_delegate_without_a_uri_has_variables_of_its_own() -> None:
    theirs = {"ansible_user": "barney", "inventory_hostname": "a"}
    variables = {**A, "ansible_delegated_vars": {"b": theirs}}
    assert variables_of_delegate(variables, "b") == {
        "ansible_user": "barney",
        "inventory_hostname": "b",
    }
    assert variables_of_delegate(A, "b") == {"inventory_hostname": "b"}


@pytest.mark.parametrize(
    ("options", "variables", "added"),
    [
        ({}, {"ansible_winrm_transport": "ntlm"}, {"auth": "ntlm"}),
        ({}, {"ansible_winrm_transport": ["ssl", "ntlm"]}, {"auth": "basic"}),
        ({}, {"ansible_winrm_transport": ["new", "credssp"]}, {"auth": "credssp"}),
        ({"auth": "kerberos"}, {"ansible_winrm_transport": "ntlm"}, {}),
        (
            {},
            {"ansible_winrm_server_cert_validation": "ignore"},
            {"validate_certs": False},
        ),
        ({}, {"ansible_winrm_ca_trust_path": "/ca.pem"}, {"ca_path": "/ca.pem"}),
        (
            {},
            {
                "ansible_winrm_cert_pem": "/c.pem",
                "ansible_winrm_cert_key_pem": "/k.pem",
                "ansible_winrm_message_encryption": "always",
            },
            {
                "client_cert": "/c.pem",
                "client_key": "/k.pem",
                "message_encryption": "always",
            },
        ),
        ({}, {"ansible_winrm_transport": "new"}, {}),
    ],
)
def test_variables_of_winrm_say_the_same(
    options: dict[str, Any], variables: dict[str, Any], added: dict[str, Any]
) -> None:
    filled = with_winrm_variables(options, variables, template)
    assert filled == {**options, **added}
