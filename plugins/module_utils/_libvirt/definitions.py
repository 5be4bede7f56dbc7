# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the definitions of machines, and what their guests and images add to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

from .._hypervisor.values import FULL, Snapshot, VirtualMachine
from .binding import libvirt
from .domain_xml import has_connected_agent, with_definition
from .errors import NO_DOMAIN
from .session import ODD_ANSWERS, Session, odd_answer
from .storage_xml import (
    chains_of,
    overlays_of,
    parse_snapshot,
    parse_volume,
    with_overlays,
)

#: A daemon works on five calls of one client at once (max_client_requests).
CALLS_AT_ONCE = 5


class Definitions(Session):
    """What the definitions of machines say."""

    def _read_definitions(
        self, machines: Iterable[VirtualMachine], *, detail: str, xml: bool
    ) -> list[VirtualMachine]:
        """Each machine's definition, as many at once as the daemon takes."""
        read = partial(self._read_definition, detail=detail, xml=xml)
        with ThreadPoolExecutor(max_workers=CALLS_AT_ONCE) as pool:
            return [vm for vm in pool.map(read, machines) if vm is not None]

    def _read_definition(
        self,
        vm: VirtualMachine,
        *,
        detail: str,
        xml: bool,
        for_plan: bool = False,
    ) -> VirtualMachine | None:
        """One machine with its definition; None where it is gone meanwhile.

        Args:
            vm: The machine in summary.
            detail: SUMMARY or FULL.
            xml: Whether to keep the definition itself.
            for_plan: Whether to read its other definition, too, and what its images
                build on.
        """
        domain = self._domains[vm.uuid]
        try:
            definition = domain.XMLDesc(0)
            if detail != FULL:
                return replace(vm, xml=definition)
            addresses = self._addresses(domain, definition) if vm.is_active else {}
            full = with_definition(vm, definition, addresses, keep_xml=xml)
            snapshots, overlays = self._snapshots(domain, vm)
            full = replace(full, snapshots=snapshots)
            if not for_plan:
                return with_overlays(full, overlays)
            # The definition of a machine that is on tells what its images build on.
            under = chains_of(full) if vm.is_active else self._under(full, overlays)
            overlays = {**under, **overlays}
            later = None
            if vm.is_active and vm.persistent is not False:
                later = self._next_start(domain, full, overlays)
            return replace(with_overlays(full, overlays), next_start=later)
        except ODD_ANSWERS as error:
            # It must not hide the others: it is listed with what else is known.
            self._warn(f"machine {vm.name} was not read in full: {odd_answer(error)}")
            return vm
        except libvirt.libvirtError as error:
            if error.get_error_code() == NO_DOMAIN:
                return None  # it was removed while we read
            raise

    def _next_start(
        self, domain: Any, vm: VirtualMachine, overlays: Mapping[str, str]
    ) -> VirtualMachine:
        """What a machine that is on becomes, by its kept definition alone."""
        definition = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        bare = replace(vm, vcpus=None, memory=None)
        return with_overlays(
            with_definition(bare, definition, {}, keep_xml=False), overlays
        )

    def _under(self, vm: VirtualMachine, known: Mapping[str, str]) -> dict[str, str]:
        """What the images of a machine build on, as far as storage pools know.

        The definition of a machine that is off does not tell it.
        """
        found: dict[str, str] = {}
        for disk in vm.disks or ():
            source = disk.source if disk.device == "disk" and not disk.backing else None
            while source is not None and source not in {**known, **found}:
                under = self._backing_of(source)
                if under is None:
                    break
                found[source] = source = under
        return found

    def _backing_of(self, source: str) -> str | None:
        try:
            volume = self._volume(source)
            if volume is None:
                return None
            return parse_volume(volume.XMLDesc(), source).info.backing
        except libvirt.libvirtError:
            if not self.is_alive():
                raise
            return None  # it was deleted, or its pool is off

    def _addresses(self, domain: Any, definition: str) -> dict[str, list[str]]:
        """Addresses by MAC: the guest agent's, else leases, else the host's ARP table."""
        sources = [
            libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE,
            libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP,
        ]
        if has_connected_agent(definition):
            sources.insert(0, libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT)
        for source in sources:
            try:
                found = domain.interfaceAddresses(source)
            except libvirt.libvirtError:
                if not self.is_alive():
                    raise
                continue  # the driver or the guest can't tell this way
            addresses = {
                nic["hwaddr"].lower(): [
                    f"{address['addr']}/{address['prefix']}"
                    for address in nic["addrs"] or ()
                ]
                for nic in found.values()
                if nic["hwaddr"]
            }
            if any(addresses.values()):
                return addresses
        return {}

    def _snapshots(
        self, domain: Any, vm: VirtualMachine
    ) -> tuple[tuple[Snapshot, ...], dict[str, str]]:
        """Its snapshots, and for each image that one made, the image under that."""
        if vm.has_snapshots is False:
            return (), {}
        try:
            snapshots = domain.listAllSnapshots()
            texts = [(one.getXMLDesc(), bool(one.isCurrent())) for one in snapshots]
        except libvirt.libvirtError as error:
            if not self.is_alive() or error.get_error_code() == NO_DOMAIN:
                raise
            return (), {}  # this driver has no snapshots
        found = tuple(parse_snapshot(text, current=now) for text, now in texts)
        return found, overlays_of(text for text, _now in texts)
