# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules for WMI itself share: they speak to hyperv:// URIs only."""

from __future__ import annotations

from .._core.errors import HypervisorConnectError
from .._hypervisor.hypervisor import Hypervisor
from .hypervisor import HypervHypervisor

#: The options that name a namespace and a class.
NAMESPACE = {"type": "str", "default": "root/virtualization/v2"}


def with_wmi(hypervisor: Hypervisor) -> HypervHypervisor:
    """The hypervisor, if it is one that is reached over WMI.

    Raises:
        HypervisorConnectError: It is a libvirt host.
    """
    if isinstance(hypervisor, HypervHypervisor):
        return hypervisor
    raise HypervisorConnectError(
        "this host is not reached over WMI",
        where=hypervisor.uri,
        remedy="name a Windows host by a URI like hyperv://user@host/",
    )
