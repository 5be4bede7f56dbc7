# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults and broken connections, in the words that users read."""

from __future__ import annotations

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.errors import (
    HypervMissing,
    call_error,
    transport_error,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    AuthenticationFailed,
    ConnectionFailed,
    ConnectionLost,
    OperationFailed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.fault import (
    WsmanFault,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.transport_errors import (
    ConnectFailed,
    ConnectionBroken,
    RequestRefused,
    SignInFailed,
    TransportError,
)

WHERE = "hyperv://hv1/"


def of_code(code: int, *, own: bool = True) -> HypervisorConnectError:
    fault = WsmanFault(
        code="Sender", subcode=None, wsman_code=code, reason="In the host's words."
    )
    error = call_error(fault, where=WHERE, doing="list the machines", own=own)
    assert error.where == WHERE
    assert error.details == fault.details
    return error


def test_missing_rights_are_told_with_the_groups() -> None:
    error = of_code(5)
    assert error.__class__ is OperationFailed
    assert error.what == "the user has no right to list the machines"
    assert "Hyper-V Administrators" in (error.remedy or "")


@pytest.mark.parametrize("code", [0x8004100E, 0x80041010])
def test_missing_namespace_or_class_of_hyperv_is_a_missing_role(code: int) -> None:
    error = of_code(code)
    assert error.__class__ is HypervMissing
    assert "there is no Hyper-V on this host" in error.what
    assert "enable the Hyper-V role" in (error.remedy or "")


@pytest.mark.parametrize("code", [0x8004100E, 0x80041010])
def test_missing_class_that_a_playbook_named_is_no_missing_role(code: int) -> None:
    error = of_code(code, own=False)
    assert error.__class__ is OperationFailed
    assert error.what.startswith("can't list the machines: ")
    assert error.remedy


@pytest.mark.parametrize("code", [0x803380E6, 12345])
def test_other_faults_keep_the_hosts_words_and_number(code: int) -> None:
    error = of_code(code)
    assert error.__class__ is OperationFailed
    assert "In the host's words" in error.what
    assert error.remedy


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (SignInFailed, AuthenticationFailed),
        (ConnectFailed, ConnectionFailed),
        (ConnectionBroken, ConnectionLost),
        (RequestRefused, OperationFailed),
        (TransportError, OperationFailed),
    ],
)
def test_transport_errors_become_those_of_every_hypervisor(
    kind: type[TransportError], expected: type[HypervisorConnectError]
) -> None:
    error = transport_error(
        kind("it broke", where="elsewhere", remedy="mend it", reason="r"),
        where=WHERE,
        doing="start machine web1",
    )
    assert error.__class__ is expected
    assert "it broke" in error.what
    assert (error.where, error.remedy) == (WHERE, "mend it")
    assert error.details["reason"] == "r"


def test_broken_connection_tells_what_may_have_happened() -> None:
    broken = ConnectionBroken("it broke", where="x", remedy="", reason="r")
    error = transport_error(broken, where=WHERE, doing="start machine web1")
    assert error.what == ("the connection broke during: start machine web1 (it broke)")
    assert error.remedy == "run the play again"
