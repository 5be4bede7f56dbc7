# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making machines: what the host has for them, and their first definition."""

from __future__ import annotations

import secrets

from .._hypervisor.description import ABSENT, Description
from .._hypervisor.plan import PlanRefused
from .._hypervisor.values import VirtualMachine
from .binding import libvirt
from .capabilities import parse_capabilities
from .domain_caps import (
    DomainCapabilities,
    from_capabilities,
    parse_domain_capabilities,
)
from .errors import NO_SUPPORT
from .images import Images
from .new_domain_xml import domain_type, new_domain
from .possible import check
from .verbatim_xml import to_text

#: The locally administered range that libvirt itself gives MAC addresses out of.
_MAC_PREFIX = "52:54:00"


class Making(Images):
    """Machines made as they are described."""

    def check_description(self, wanted: Description, vm: VirtualMachine | None) -> None:
        """Refuse what libvirt, or this host, does not have."""
        check(wanted, vm)
        kinds = {"type", "secure_boot", "tpm"} & set(wanted.values.get("firmware", {}))
        if vm is None or kinds:
            self._check_host(wanted, vm)

    def _check_host(self, wanted: Description, vm: VirtualMachine | None) -> None:
        with self._doing("read what the host can give to machines"):
            found = self._capabilities(wanted, vm)
        if not found.is_known:
            return
        firmware = wanted.values.get("firmware", {})
        refused = None
        if firmware.get("type") == "uefi" and "efi" not in found.firmwares:
            refused = "firmware.type is uefi, and the host has no UEFI for it", "ovmf"
        elif firmware.get("tpm") and not found.has("tpm.backendModel", "emulator"):
            refused = (
                "firmware.tpm is true, and the host has no emulator of one",
                "swtpm",
            )
        if refused is not None:
            raise PlanRefused(
                refused[0], remedy=f"install {refused[1]} on the host, or leave it out"
            )
        buses = found.enums.get("disk.bus", ())
        for number, disk in enumerate(wanted.disks):
            if vm is None and disk.bus is not None and disk.bus not in buses:
                raise PlanRefused(
                    f"disks[{number}].bus is {disk.bus}, and machines of type "
                    f"{found.machine} have {', '.join(buses)}",
                    remedy="name one of these, or another machine",
                )

    def create(self, wanted: Description) -> str:
        """virDomainDefineXML; all but the autostart is in the definition."""
        with self._doing(f"make machine {wanted.name}"):
            found = self._capabilities(wanted, None)
            sources = [d.source for d in wanted.disks if d.state != ABSENT and d.source]
            macs = {place: new_mac() for place in range(len(wanted.nics))}
            root = new_domain(wanted, found, self._volumes(sources), macs)
            domain = self._connection.defineXML(to_text(root))
            uuid = str(domain.UUIDString())
            self._domains[uuid] = domain
            return uuid

    def _capabilities(
        self, wanted: Description, vm: VirtualMachine | None
    ) -> DomainCapabilities:
        """What the host offers for the machine; of x86 one with PCI Express at best."""
        kind = domain_type(wanted)
        machine = wanted.values.get("machine")
        arch = None
        if vm is not None and vm.os is not None:
            machine, arch = machine or vm.os.machine, vm.os.arch
        found = self._ask_capabilities(arch, machine, kind)
        if found.arch == "x86_64" and machine is None and vm is None:
            try:
                return self._ask_capabilities(found.arch, "q35", kind)
            except libvirt.libvirtError:
                if not self.is_alive():
                    raise
        return found

    def _ask_capabilities(
        self, arch: str | None, machine: str | None, kind: str | None
    ) -> DomainCapabilities:
        try:
            return parse_domain_capabilities(
                self._connection.getDomainCapabilities(None, arch, machine, kind, 0)
            )
        except libvirt.libvirtError as error:
            if error.get_error_code() != NO_SUPPORT:
                raise
        return from_capabilities(parse_capabilities(self._connection.getCapabilities()))


def new_mac() -> str:
    """A MAC address that no other machine is likely to have."""
    return ":".join([_MAC_PREFIX, *(f"{byte:02x}" for byte in secrets.token_bytes(3))])
