# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which connections make PowerShell of each command, by the plugins that are installed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.plugins.connection import ssh, winrm

from ansible_collections.hypervisor.connect.plugins.plugin_utils._winrm_action import (
    is_wrapped,
)


def plugin(kind: type, transport: str, *, windows: bool = True) -> Any:
    """A connection of a class, without what it needs to connect."""
    connection: Any = object.__new__(kind)
    connection.transport = transport
    connection._shell = SimpleNamespace(_IS_WINDOWS=windows)
    return connection


class OldSsh:
    """How ssh treated Windows before github.com/ansible/ansible/pull/83834."""

    def exec_command(self, cmd: str) -> Any:
        return self._shell._encode_script(cmd)  # type: ignore[attr-defined]


class NewSsh:
    def exec_command(self, cmd: str) -> Any:
        return cmd


@pytest.mark.parametrize("transport", ["winrm", "psrp", "ansible.builtin.winrm"])
def test_connections_to_winrm_wrap_whatever_the_shell_is(transport: str) -> None:
    assert is_wrapped(plugin(winrm.Connection, transport, windows=False))


def test_ssh_wraps_where_it_encodes() -> None:
    encodes = "_encode_script" in ssh.Connection.exec_command.__code__.co_names
    assert is_wrapped(plugin(ssh.Connection, "ssh")) is encodes
    assert is_wrapped(plugin(OldSsh, "ssh"))
    assert not is_wrapped(plugin(NewSsh, "ssh"))


def test_ssh_to_a_posix_shell_never_wraps() -> None:
    assert not is_wrapped(plugin(OldSsh, "ssh", windows=False))
