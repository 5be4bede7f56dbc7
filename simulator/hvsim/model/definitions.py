# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""Microsoft:Definition\GUID\Default: what clients copy to describe a new device.

One for each class and ResourceSubType. The GUID is the one of the resource pool, known
from print-outs of hosts for some, derived for the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from hvsim.model.identifiers import ETHERNET_CONNECTION, MEMORY, PROCESSOR, guid
from hvsim.model.jobs import ReturnCode
from hvsim.model.machine import INTEGRATION, Memory
from hvsim.model.networking import CONNECTION, LEGACY_PORT, PORT
from hvsim.model.resources import (
    DISPLAY_DEFAULTS,
    HYPERV,
    MEDIA,
    MEDIUM_DEFAULTS,
    MOST_PROCESSORS,
    RASD,
    SASD,
    allocation,
    medium_values,
    memory_values,
    processor_values,
)
from hvsim.wmi.embedded import EmbeddedError
from hvsim.wmi.registry import Values, of_host
from hvsim.wmi.values import Instance

if TYPE_CHECKING:
    from hvsim.model.model import Model

POOLS = {
    "Ethernet Connection": ETHERNET_CONNECTION,
    "Memory": MEMORY.upper(),
    "Processor": PROCESSOR.upper(),
    "Synthetic Disk Drive": "118C3BE5-0D31-4804-85F0-5C6074ABEA8F",
    "Synthetic SCSI Controller": "BDE5D4D6-E450-46D2-B925-976CA3E989B4",
    "Virtual Hard Disk": "70BB60D2-A9D3-46AA-B654-3DE53004B4F8",
}
"""Seen in print-outs; Connection's in os-win."""
NEW_MEMORY = Memory(startup=1024, minimum=512, maximum=1 << 20)
"""That of a new machine."""
_DEVICES = (
    (RASD, "Synthetic SCSI Controller", 6, "SCSI Controller"),
    (RASD, "Synthetic Disk Drive", 17, "Hard Drive"),
    (RASD, "Physical Disk Drive", 17, "Hard Drive"),
    (RASD, "Synthetic DVD Drive", 16, "DVD Drive"),
    ("Msvm_SerialPortSettingData", "Serial Port", 21, "Serial Port"),
)


def pool_guid(name: str) -> str:
    """The GUID of the pool of a kind of devices."""
    return POOLS.get(name) or guid("pool", name)


def definition_id(name: str, kind: str = "Default") -> str:
    """The InstanceID of a definition."""
    return rf"Microsoft:Definition\{pool_guid(name)}\{kind}"


@lru_cache(maxsize=1)
def definitions() -> tuple[tuple[str, Values], ...]:
    """The classes and the defaults of their devices."""
    return tuple(_definitions())


def _definitions() -> Iterator[tuple[str, Values]]:
    yield (
        "Msvm_MemorySettingData",
        memory_values(definition_id("Memory"), NEW_MEMORY),
    )
    yield (
        "Msvm_ProcessorSettingData",
        processor_values(definition_id("Processor"), 1, {}),
    )
    for class_name, sub_type, number, name in _DEVICES:
        yield (
            class_name,
            allocation(definition_id(sub_type), number, sub_type, name),
        )
    for sub_type in MEDIA:
        yield SASD, medium_values(definition_id(sub_type), sub_type, **MEDIUM_DEFAULTS)
    yield (
        "Msvm_SyntheticDisplayControllerSettingData",
        allocation(
            definition_id("Synthetic Display Controller"),
            24,
            "Synthetic Display Controller",
            "Display Controller",
            **DISPLAY_DEFAULTS,
        ),
    )
    for class_name, kind in ((PORT, "Synthetic"), (LEGACY_PORT, "Emulated")):
        sub_type = f"{kind} Ethernet Port"
        values = allocation(definition_id(sub_type), 10, sub_type, "Ethernet Port")
        others = {"ClusterMonitored": True, "StaticMacAddress": False}
        yield class_name, {**values, **others, "ElementName": "Network Adapter"}
    yield (
        CONNECTION,
        allocation(
            definition_id("Ethernet Connection"),
            33,
            "Ethernet Connection",
            "Ethernet Connection Default Settings",
            DesiredVLANEndpointMode=2,
            EnabledState=2,
        ),
    )


def definition_of(class_name: str, wanted: Instance) -> Values:
    """The definition of the device that an instance describes.

    ResourceSubType tells which; it may be absent where the class has one alone.

    Raises:
        EmbeddedError: There is no such device.
    """
    sub_type = str(wanted.get("ResourceSubType") or "").lower()
    found = [values for name, values in definitions() if name == class_name]
    for values in found:
        same = values["ResourceSubType"].lower() == sub_type
        if same or (not sub_type and len(found) == 1):
            return values
    raise EmbeddedError(
        ReturnCode.INVALID_PARAMETER,
        f"ResourceSubType: there is no {sub_type.removeprefix(HYPERV.lower()) or 'name'}"
        f" of a {class_name}.",
    )


def _register(class_name: str) -> None:
    @of_host(class_name)
    def defaults(model: Model) -> Iterator[Values]:
        for name, values in definitions():
            if name == class_name:
                yield values


for _class_name in dict.fromkeys(name for name, _values in definitions()):
    _register(_class_name)


def _register_component(name: str) -> None:
    @of_host(f"Msvm_{name}ComponentSettingData")
    def default(model: Model) -> Iterator[Values]:
        values = allocation(definition_id(name), 0, f"{name} Component", name)
        yield {**values, "EnabledState": 3 if name == "GuestServiceInterface" else 2}


for _name in INTEGRATION:
    _register_component(_name)


@of_host("Msvm_ProcessorSettingData")
def processor_limits(model: Model) -> Iterator[Values]:
    """The other definitions of the processor pool: the most of a machine."""
    for kind, quantity in (
        ("Minimum", 1),
        ("Maximum", MOST_PROCESSORS),
        ("Increment", 1),
    ):
        yield processor_values(definition_id("Processor", kind), quantity, {})
