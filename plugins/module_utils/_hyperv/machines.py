# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines read: all of a host at once, or one by its name or GUID."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from .._cim.instance import CimInstance
from .._core.clock import wait_until
from .._hypervisor.hypervisor import (
    AmbiguousName,
    MachineNotFound,
    OperationFailed,
)
from .._hypervisor.values import (
    FULL,
    SUMMARY,
    VirtualMachine,
    canonical_uuid,
)
from . import (
    images,
    queries,
    reading,
)
from .connection import HypervConnection
from .devices import Devices, ends_open
from .words import INTEGRATION


class MachineReader(HypervConnection):
    """A connection that reads machines."""

    def list_vms(
        self,
        names: Collection[str] | None = None,
        *,
        detail: str = SUMMARY,
        xml: bool = False,
    ) -> tuple[VirtualMachine, ...]:
        """Machines, sorted by name: five queries, or twenty for FULL, however many.

        ``xml`` is not for Hyper-V, whose machines have no definition in XML.
        """
        if xml:
            raise OperationFailed(
                "the machines of Hyper-V have no definition in XML",
                where=self.uri,
                remedy="leave xml out",
            )
        full = detail == FULL
        with self.doing("list the machines"):
            summary = self._summary(full=full)
            machines = reading.machines(summary)
            if full:
                machines = reading.with_devices(machines, summary, self._devices())
        if names is not None:
            # WQL compares without case, so find_vm does.
            wanted = {(canonical_uuid(name) or name).lower() for name in names}
            wanted |= {name.lower() for name in names}
            machines = [
                vm for vm in machines if vm.name.lower() in wanted or vm.uuid in wanted
            ]
        return tuple(sorted(machines, key=lambda vm: (vm.name, vm.uuid)))

    def definitions(self) -> tuple[VirtualMachine, ...]:
        """Each machine, and once more with the disks that its checkpoints have.

        Those count as shared: they are no disks of the machine as it is.
        """
        with self.doing("list the machines"):
            summary, devices = self._summary(full=True), self._devices()
        machines = reading.with_devices(reading.machines(summary), summary, devices)
        kept = reading.disks_of_checkpoints(summary, devices)
        checkpoints = [
            replace(
                vm,
                disks=tuple(replace(disk, shareable=True) for disk in kept[vm.uuid]),
            )
            for vm in machines
            if vm.uuid in kept
        ]
        return (*machines, *checkpoints)

    def _summary(self, *, full: bool) -> reading.Summary:
        return reading.Summary(
            systems=self.rows(queries.systems()),
            settings=self.known_rows(queries.settings(full=full)),
            processors=self.known_rows(queries.processors(full=full)),
            memory=self.rows(queries.memory(full=full)),
            networks=self.rows(queries.guest_networks()),
        )

    def _devices(self) -> Devices:
        synthetic, emulated = queries.ports()
        return Devices(
            resources=self.rows(queries.resources()),
            storage=self.rows(queries.storage()),
            ports=[*self.rows(synthetic), *self.rows(emulated)],
            connections=self.rows(queries.connections()),
            switches=self.rows(queries.switches()),
            vlans=self.rows(queries.vlans()),
            serials=self.rows(queries.serials()),
            security=self.known_rows(queries.security()),
            integration={
                word: self.rows(queries.integration_service(word))
                for word in INTEGRATION
            },
        )

    def find_vm(self, name_or_uuid: str, *, detail: str = SUMMARY) -> VirtualMachine:
        """The machine of that name or else UUID, in four queries; FULL reads them all.

        Raises:
            AmbiguousName: Hyper-V allows several machines of one name.
        """
        with self.doing(f"find machine {name_or_uuid}"):
            rows = self.rows(queries.systems_named(name_or_uuid))
        rows = [row for row in rows if reading.is_machine(row)]
        if len(rows) > 1:
            guids = ", ".join(sorted(str(row["Name"]).lower() for row in rows))
            raise AmbiguousName(
                f"{len(rows)} machines are named {name_or_uuid}: {guids}",
                where=self.uri,
                remedy="name one by its uuid",
            )
        if rows:
            return self._read(rows[0], detail)
        guid = canonical_uuid(name_or_uuid)
        if guid is not None:
            return self.find_uuid(guid, detail=detail)
        raise self._gone(f"named {name_or_uuid}")

    def _gone(self, which: str) -> MachineNotFound:
        return MachineNotFound(
            f"there is no machine {which}",
            where=self.uri,
            remedy="list the machines with hypervisor.connect.vm_info",
        )

    def find_uuid(self, uuid: str, *, detail: str = SUMMARY) -> VirtualMachine:
        """The machine of that GUID, in four queries; FULL reads them all."""
        return self._read(self._system(uuid), detail)

    def _system(self, guid: str) -> CimInstance:
        with self.doing(f"find machine {guid}"):
            rows = self.rows(queries.system_with(guid))
        if not rows:
            raise self._gone(f"with UUID {guid}")
        return rows[0]

    def _settled(self, system: CimInstance) -> CimInstance:
        """The machine once it is in the middle of nothing (saving, resuming ...).

        What it is now would be no ground for a plan. After ``timeout`` it is taken as
        it is.
        """

        def is_settled() -> bool:
            nonlocal system
            if reading.is_settled(system):
                return True
            system = self._system(str(system["Name"]))
            return reading.is_settled(system)

        wait_until(is_settled, timeout=self.timeout, clock=self.clock)
        return system

    def _read(self, system: CimInstance, detail: str) -> VirtualMachine:
        system = self._settled(system)
        guid = str(system["Name"])
        if detail == FULL:
            found = self.read_vms([guid.lower()])
            if not found:
                raise self._gone(f"with UUID {guid.lower()}")
            return found[0]
        with self.doing(f"read machine {system['ElementName']}"):
            return reading.machines(
                reading.Summary(
                    systems=[system],
                    settings=self.rows(queries.settings_of(guid)),
                    processors=self.rows(queries.processors(guid)),
                    memory=self.rows(queries.memory(guid)),
                ),
                checkpoints=False,
            )[0]

    def read_vms(self, names: Collection[str]) -> tuple[VirtualMachine, ...]:
        """Machines in full: as list_vms, and sure of what their disks build on.

        Where the checkpoint of a disk is gone and the merge is not over yet, only the
        files tell it, one at a time.
        """
        return tuple(map(self._with_chains, self.list_vms(names, detail=FULL)))

    def _with_chains(self, vm: VirtualMachine) -> VirtualMachine:
        disks = tuple(
            replace(disk, backing=images.chain(self, str(disk.source)))
            if ends_open(disk)
            else disk
            for disk in vm.disks or ()
        )
        return vm if disks == vm.disks else replace(vm, disks=disks)

    def _state(self, vm: VirtualMachine) -> str:
        with self.doing(f"read machine {vm.name}"):
            return reading.machines(
                reading.Summary(
                    systems=[self._system(vm.uuid)],
                    settings=(),
                    processors=(),
                    memory=(),
                )
            )[0].state
