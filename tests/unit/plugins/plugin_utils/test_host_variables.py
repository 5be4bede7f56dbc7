# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task's options, filled up from the variables of its host."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.plugin_utils._host_variables import (
    with_host_variables,
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
