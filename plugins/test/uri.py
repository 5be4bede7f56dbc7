# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests on connection URIs: uri, remote_uri, hyperv_uri (see their YAML)."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.hypervisor.connect.plugins.module_utils._uri.hyperv import (
    HypervEndpoint,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.uri import (
    ConnectionUri,
    InvalidUri,
)


def _read(value: object) -> ConnectionUri | None:
    """The URI that names a driver, or None for anything else whatsoever."""
    if not isinstance(value, str):
        return None
    try:
        uri = ConnectionUri.parse(str(value))
    except InvalidUri:
        return None
    return uri if uri.scheme is not None else None


def is_uri(value: object) -> bool:
    """Whether libvirt reads the value as a URI with a driver."""
    return _read(value) is not None


def is_remote_uri(value: object) -> bool:
    """Whether the value is a URI with a transport or a hostname."""
    uri = _read(value)
    return uri is not None and uri.is_remote


def is_hyperv_uri(value: object) -> bool:
    """Whether the value is a URI that leads to a Hyper-V host."""
    uri = _read(value)
    if uri is None or uri.driver != "hyperv":
        return False
    try:
        HypervEndpoint.from_uri(uri)
    except InvalidUri:
        return False
    return True


class TestModule:
    """What Ansible looks for in a file of tests."""

    def tests(self) -> dict[str, Callable[[object], bool]]:
        """Return the tests by name."""
        return {
            "uri": is_uri,
            "remote_uri": is_remote_uri,
            "hyperv_uri": is_hyperv_uri,
        }
