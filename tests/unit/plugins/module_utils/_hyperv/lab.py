# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Hyper-V host in this process, and an open Hypervisor on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.hypervisor import (
    HypervHypervisor,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.credentials import (
    Credentials,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.factory import (
    open_hypervisor,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.runner import (
    Task,
)

for _library in ("winrm", "spnego", "lxml", "cryptography", "psrpcore", "hvsim"):
    pytest.importorskip(_library, reason=f"{_library} can't be imported")

from hvsim.simulator import Simulator  # noqa: E402

__all__ = ["HeldClock", "Lab", "Simulator", "calls", "open_on", "uri", "validated"]


@dataclass
class HeldClock:
    """Time that passes only while somebody sleeps."""

    seconds: float = 0.0
    naps: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.naps.append(seconds)


@dataclass
class Lab:
    """A host, and the connection to it."""

    host: Simulator
    hypervisor: HypervHypervisor

    def power(self, name: str) -> str:
        """The state that a machine really is in."""
        return self.host.model.machine(name).power.name.lower()


def uri(host: Simulator, transport: str = "http", user: str = "") -> str:
    url = host.http_url if transport == "http" else host.https_url
    at = f"{user}@" if user else ""
    return f"hyperv://{at}{urlsplit(url).netloc}/?transport={transport}"


def open_on(
    host: Simulator, transport: str = "http", **options: Any
) -> HypervHypervisor:
    """Sign in as the administrator, or as options say."""
    if transport == "https":
        options = {"ca_path": str(host.ca_file), **options}
    credentials = Credentials(
        **{"username": host.username, "password": host.password, **options}
    )
    hypervisor = open_hypervisor(uri(host, transport), credentials)
    assert isinstance(hypervisor, HypervHypervisor)
    return hypervisor


@contextmanager
def lab(transport: str = "http", timeout: int = 60, **options: Any) -> Iterator[Lab]:
    """A host with these options, and a connection to it; both end with the block."""
    with Simulator(**{"job_seconds": 0, "guest_seconds": 0, **options}) as host:
        hypervisor = open_on(host, transport, timeout=timeout)
        host.requests.clear()
        with hypervisor:
            yield Lab(host, hypervisor)


def calls(host: Simulator, method: str) -> int:
    """How often a method's call reached the host, answered or not."""
    return sum(exchange.verb == method for exchange in host.requests)


def validated(task: Task, **options: Any) -> dict[str, Any]:
    """The options of a task as Ansible hands them to it, defaults filled in."""
    result = ArgumentSpecValidator(task.argument_spec, **task.rules).validate(options)
    assert result.error_messages == []
    return dict(result.validated_parameters)
