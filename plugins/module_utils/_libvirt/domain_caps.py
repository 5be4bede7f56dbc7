# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host can give to a machine; pure (page "Domain capabilities XML format")."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as ET


@dataclass(frozen=True)
class DomainCapabilities:
    """What libvirt offers for one kind of machine.

    Attributes:
        domain: The type of domain: ``kvm``, ``qemu``, ``test``.
        arch: The architecture of the guest.
        machine: The machine type by its full name; None where there are none.
        firmwares: What ``<os firmware>`` may be: ``efi``, ``bios``.
        cpu_modes: The modes of <cpu> that are supported.
        vendor: The vendor of the host's processor, ``Intel`` or ``AMD``.
        enums: Values by device and enum: ``disk.bus``, ``graphics.type``,
            ``tpm.backendModel``, ``video.modelType``, ``rng.model``.
        is_known: Whether the host told, so that what is missing is not there.
    """

    domain: str
    arch: str | None = None
    machine: str | None = None
    firmwares: tuple[str, ...] = ()
    cpu_modes: tuple[str, ...] = ()
    vendor: str | None = None
    enums: dict[str, tuple[str, ...]] = field(default_factory=dict)
    is_known: bool = True

    @property
    def nested(self) -> str:
        """The CPU feature with which a guest can be a hypervisor."""
        return "svm" if self.vendor == "AMD" else "vmx"

    def has(self, enum: str, value: str) -> bool:
        """Whether a device has a value; True where the host doesn't tell."""
        return not self.is_known or value in self.enums.get(enum, ())


def parse_domain_capabilities(text: str) -> DomainCapabilities:
    """The element <domainCapabilities>."""
    root = ET.fromstring(text)
    firmware = root.find("os/enum[@name='firmware']")
    return DomainCapabilities(
        domain=root.findtext("domain") or "",
        arch=root.findtext("arch"),
        machine=root.findtext("machine"),
        firmwares=_values(firmware),
        cpu_modes=tuple(
            mode.get("name", "")
            for mode in root.iterfind("cpu/mode")
            if mode.get("supported") == "yes"
        ),
        vendor=root.findtext("cpu/mode/vendor"),
        enums={
            f"{device.tag}.{enum.get('name')}": _values(enum)
            for device in root.iterfind("devices/*")
            if device.get("supported") == "yes"
            for enum in device.iterfind("enum")
        },
    )


def _values(enum: ET.Element | None) -> tuple[str, ...]:
    if enum is None:
        return ()
    return tuple(value.text or "" for value in enum.iterfind("value"))


def from_capabilities(capabilities: dict[str, Any]) -> DomainCapabilities:
    """What a driver without domain capabilities offers; of ``parse_capabilities``."""
    guests = capabilities.get("guests") or [{}]
    types = guests[0].get("domain_types") or ["qemu"]
    return DomainCapabilities(
        domain=types[0], arch=guests[0].get("arch"), is_known=False
    )
