# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines defined and changed: the calls, in an order that a broken run can go on from.

The number of calls depends on what is changed, not on how much of it: all controllers
and adapters are added in one call, then all drives, then all media and connections.
Everything that can be refused here is refused before the first call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._cim.instance import CimInstance, InstancePath
from .._hypervisor.changes import Change
from .._hypervisor.description import Description
from .._hypervisor.hypervisor import OperationFailed
from .._hypervisor.values import VirtualMachine
from . import queries
from .adapters import AdapterChanges
from .classes import MEMORY, PROCESSOR
from .connection import HypervConnection
from .devices import Devices, device_kinds, source_kind
from .drives import DriveChanges
from .own import own_calls
from .resources import settings_path
from .rows import array, is_guid
from .security import set_tpm
from .settings import (
    boot_order,
    integration_settings,
    memory_properties,
    new_resources,
    new_system,
    processor_properties,
    serial_settings,
    system_properties,
    system_settings,
    values_of,
)
from .words import GUEST_SERVICES


def generation_of(wanted: Description) -> int:
    """The generation of a machine that is to be made: what was named, or else 2."""
    named = wanted.values.get("generation")
    if named is not None:
        return int(named)
    firmware = wanted.values.get("firmware", {}).get("type")
    return 1 if firmware == "bios" else 2


def create(wmi: HypervConnection, wanted: Description) -> str:
    """DefineSystem with what it takes; returns the machine's GUID.

    Disks, adapters and what hangs on them show as changes once it is read again.
    """
    name = str(wanted.name)
    doing = f"define machine {name}"
    output = wmi.do(
        doing,
        "DefineSystem",
        SystemSettings=new_system(name, generation_of(wanted), wanted.values),
        ResourceSettings=new_resources(wanted.values),
    )
    made = output.get("ResultingSystem")
    guid = str(made.key("Name")) if isinstance(made, InstancePath) else ""
    if is_guid(guid):
        return guid.lower()
    with wmi.doing(doing):
        rows = [
            row for row in wmi.rows(queries.systems_named(name)) if is_guid(row["Name"])
        ]
    if len(rows) != 1:
        raise OperationFailed(
            f"can't {doing}: the host does not tell which of {len(rows)} machines it is",
            where=wmi.uri,
            remedy="look at the machines with hypervisor.connect.vm_info",
        )
    return str(rows[0]["Name"]).lower()


def change(
    wmi: HypervConnection, vm: VirtualMachine, changes: Sequence[Change]
) -> None:
    """Make changes of a machine.

    Raises:
        PlanRefused: One can't be made; nothing was done.
    """
    MachineChanges(wmi, vm, changes).make()


class MachineChanges:
    """The changes of one machine, ready to be made.

    Args:
        wmi: The host.
        vm: The machine.
        changes: What is to be changed.

    Raises:
        PlanRefused: One can't be made.
    """

    def __init__(
        self, wmi: HypervConnection, vm: VirtualMachine, changes: Iterable[Change]
    ) -> None:
        self._wmi = wmi
        self._vm = vm
        changes = [one for one in changes if one.part != "images"]
        self._own = [one for one in changes if one.part == "hyperv"]
        disks = [one for one in changes if one.part == "disks"]
        nics = [one for one in changes if one.part == "nics"]
        lists = ("hyperv", "disks", "nics")
        self._values = values_of(one for one in changes if one.part not in lists)
        self._doing = f"change machine {vm.name}"
        with wmi.doing(self._doing):
            self._drives = DriveChanges(wmi, vm, disks) if disks else None
            self._adapters = AdapterChanges(wmi, vm, nics) if nics else None

    def make(self) -> None:
        """Call the host. What goes makes room first; the boot order names what came."""
        with self._wmi.doing(self._doing):
            self._remove()
            self._set_system()
            self._modify(self._resources())
            self._set_guest_services()
            self._set_own()
            self._add()
            self._connect()
            self._set_boot()
        if "tpm" in self._values.get("firmware", {}):
            self._set_tpm(self._values["firmware"]["tpm"])

    # -- what there is -------------------------------------------------------------

    def _remove(self) -> None:
        """Media before their drives: a drive with a medium is not removed."""
        drives, adapters = self._drives, self._adapters
        self._take_away(drives.leaving_media if drives else ())
        gone = [*(drives.leaving_drives if drives else ())]
        self._take_away([*gone, *(adapters.leaving if adapters else ())])

    def _take_away(self, paths: Sequence[InstancePath]) -> None:
        if paths:
            self._do("RemoveResourceSettings", ResourceSettings=list(paths))

    def _set_system(self) -> None:
        properties = system_properties(self._values)
        if "boot" in self._values and self._is_first:
            properties["BootOrder"] = boot_order(self._values["boot"])
        if properties:
            instance = system_settings(self._vm.uuid, properties)
            self._do("ModifySystemSettings", SystemSettings=instance)

    @property
    def _is_first(self) -> bool:
        return self._vm.os is not None and self._vm.os.generation == 1

    def _resources(self) -> list[CimInstance]:
        """Memory, processors, serial ports and most integration services."""
        guid, values = self._vm.uuid, self._values
        found: list[CimInstance] = []
        processor = processor_properties(values)
        if processor:
            rows = self._wmi.rows(queries.processors(guid))
            found += [_changed(PROCESSOR, row, processor) for row in rows]
        if "memory" in values or "dynamic_memory" in values:
            rows = self._wmi.rows(queries.memory(guid, full=True))
            found += [
                _changed(MEMORY, row, memory_properties(values, row)) for row in rows
            ]
        if "serials" in values:
            rows = self._wmi.rows(queries.serials(guid))
            found += serial_settings(values["serials"], rows)
        services = self._services(lambda word: word != GUEST_SERVICES)
        return [*found, *services]

    def _services(self, is_meant: Any) -> list[CimInstance]:
        wanted = {
            word: on
            for word, on in self._values.get("integration_services", {}).items()
            if is_meant(word)
        }
        rows = {
            word: self._wmi.rows(queries.integration_service(word, self._vm.uuid))
            for word in wanted
        }
        return list(integration_settings(wanted, rows).values())

    def _modify(self, instances: Sequence[CimInstance]) -> None:
        if instances:
            self._do("ModifyResourceSettings", ResourceSettings=list(instances))

    def _set_guest_services(self) -> None:
        services = self._services(lambda word: word == GUEST_SERVICES)
        if services:
            self._do("ModifyGuestServiceSettings", GuestServiceSettings=services)

    def _set_own(self) -> None:
        """Each class has its method; those of Msvm_SecuritySettingData another service."""
        if self._own:
            for call in own_calls(self._wmi, self._vm, self._own):
                self._wmi.do(
                    self._doing, call.method, service=call.service, **call.parameters
                )

    # -- what comes ------------------------------------------------------------------

    def _add(self) -> None:
        """Controllers and adapters in one call, then the drives."""
        drives, adapters = self._drives, self._adapters
        first = [*(drives.new_controllers() if drives else ())]
        first += adapters.new_adapters() if adapters else ()
        self._put(first)
        if drives is not None and drives.has_new_drives:
            if drives.needs_controllers:
                drives.read_again()
            self._put(drives.new_drives())
        if adapters is not None:
            adapters.read_again()

    def _put(self, instances: Sequence[CimInstance]) -> None:
        if instances:
            self._do(
                "AddResourceSettings",
                AffectedConfiguration=settings_path(self._vm.uuid),
                ResourceSettings=list(instances),
            )

    def _connect(self) -> None:
        """Media and connections, then VLANs, which belong to a connection each."""
        drives, adapters = self._drives, self._adapters
        changed = [*(drives.other_media() if drives else ())]
        changed += adapters.other_connections() if adapters else ()
        self._modify(changed)
        added = [*(drives.new_media() if drives else ())]
        added += adapters.new_connections() if adapters else ()
        self._put(added)
        if adapters is not None and adapters.has_vlans:
            leaving, coming = adapters.vlan_changes()
            if leaving:
                self._do("RemoveFeatureSettings", FeatureSettings=leaving)
            for owner, feature in coming:
                self._do(
                    "AddFeatureSettings",
                    AffectedConfiguration=owner,
                    FeatureSettings=[feature],
                )

    def _set_boot(self) -> None:
        """The boot order of generation 2, once all devices are there."""
        if "boot" not in self._values or self._is_first:
            return
        guid = self._vm.uuid
        rows = self._wmi.rows(queries.boot_sources(guid))
        synthetic, emulated = queries.ports(guid)
        kinds = device_kinds(
            Devices(
                resources=self._wmi.rows(queries.resources(guid)),
                storage=(),
                ports=[*self._wmi.rows(synthetic), *self._wmi.rows(emulated)],
                connections=(),
                switches=(),
            )
        )
        for row in rows:
            order = ordered(
                array(row.get("BootSourceOrder")), self._values["boot"], kinds
            )
            instance = system_settings(guid, {"BootSourceOrder": order})
            self._do("ModifySystemSettings", SystemSettings=instance)

    def _set_tpm(self, enabled: bool) -> None:
        set_tpm(self._wmi, self._vm, enabled=enabled, doing=self._doing)

    def _do(self, method: str, **parameters: Any) -> CimInstance:
        return self._wmi.do(self._doing, method, **parameters)


def ordered(
    sources: Sequence[str], wanted: Sequence[str], kinds: Mapping[str, str]
) -> list[str]:
    """Boot sources with the kinds that are wanted first, and no source lost."""
    ranks = {kind: rank for rank, kind in enumerate(wanted)}
    last = len(ranks)
    return sorted(
        sources, key=lambda path: ranks.get(source_kind(path, kinds) or "", last)
    )


def _changed(
    cls: str, row: Mapping[str, Any], properties: Mapping[str, Any]
) -> CimInstance:
    return CimInstance(cls, {"InstanceID": row["InstanceID"], **properties})
