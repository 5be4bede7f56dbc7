# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of a host, each a singleton: what methods are called on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hvsim.model.common import SYSTEM, healthy, path, settings_path, system_path
from hvsim.wmi.registry import Values, of_host
from hvsim.wmi.values import ObjectPath

if TYPE_CHECKING:
    from hvsim.model.model import Model

VSMS = "Msvm_VirtualSystemManagementService"
SERVICES = {
    VSMS: ("vmms", "Hyper-V Virtual Machine Management"),
    "Msvm_VirtualSystemSnapshotService": ("vssnapsvc", "Hyper-V Checkpoint Service"),
    "Msvm_ImageManagementService": ("ims", "Hyper-V Image Management Service"),
    "Msvm_VirtualEthernetSwitchManagementService": (
        "nvspwmi",
        "Hyper-V Networking Management Service",
    ),
    "Msvm_SecurityService": ("SecuritySvc", "Hyper-V Security Service"),
}
"""Class, Name (as public dumps of hosts show it), ElementName."""


SETTINGS: Values = {
    "DefaultExternalDataRoot": r"C:\ProgramData\Microsoft\Windows\Hyper-V",
    "DefaultVirtualHardDiskPath": r"C:\VMs\Virtual Hard Disks",
    "EnhancedSessionModeEnabled": False,
    "HbaLunTimeout": 30,
    "MaximumMacAddress": "00155D01FFFF",
    "MinimumMacAddress": "00155D010000",
    "NumaSpanningEnabled": True,
}
"""The host's defaults that ModifyServiceSettings changes."""


def service_path(model: Model, class_name: str) -> ObjectPath:
    """The path of a service."""
    return path(
        model,
        class_name,
        CreationClassName=class_name,
        Name=SERVICES[class_name][0],
        SystemCreationClassName=SYSTEM,
        SystemName=model.hostname,
    )


def _register(class_name: str) -> None:
    name, caption = SERVICES[class_name]

    @of_host(class_name)
    def service(model: Model) -> Iterator[Values]:
        yield {
            **healthy(caption),
            "CreationClassName": class_name,
            "Name": name,
            "Started": True,
            "StartMode": "Automatic",
            "SystemCreationClassName": SYSTEM,
            "SystemName": model.hostname,
        }

    @of_host("Msvm_HostedService")
    def hosted(model: Model) -> Iterator[Values]:
        yield {
            "Antecedent": system_path(model, model.hostname),
            "Dependent": service_path(model, class_name),
        }


for _class_name in SERVICES:
    _register(_class_name)


@of_host("Msvm_VirtualSystemManagementServiceSettingData")
def settings(model: Model) -> Iterator[Values]:
    """The host's defaults."""
    yield {
        "Caption": "Hyper-V Virtual Machine Management Service",
        "Description": "Settings of the virtual machine management service.",
        "ElementName": "Hyper-V Virtual Machine Management Service",
        "HypervisorRootSchedulerEnabled": False,
        "InstanceID": f"Microsoft:{model.hostname}",
        **SETTINGS,
        **model.host_settings,
    }


@of_host("Msvm_ElementSettingData")
def element_settings(model: Model) -> Iterator[Values]:
    """The management service and its settings."""
    yield {
        "ManagedElement": service_path(model, VSMS),
        "SettingData": settings_path(
            model,
            "Msvm_VirtualSystemManagementServiceSettingData",
            f"Microsoft:{model.hostname}",
        ),
    }
