# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading hosts and machines over libvirt."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from typing import Any, Callable

from .._hypervisor.hypervisor import MachineNotFound
from .._hypervisor.values import (
    CRASHED,
    FULL,
    PAUSED,
    RUNNING,
    SAVED,
    STOPPED,
    STOPPING,
    SUMMARY,
    SUSPENDED,
    Cpu,
    HostInfo,
    VirtualMachine,
    canonical_uuid,
)
from .._uri.uri import ConnectionUri
from .._uri.version import Version
from .binding import libvirt
from .capabilities import parse_capabilities
from .connection import SSH_TRANSPORTS
from .definitions import CALLS_AT_ONCE, Definitions
from .errors import NO_DOMAIN

#: virDomainState (libvirt-domain.h) in our words.
STATES = {
    0: RUNNING,  # no state: Xen's word for a machine that waits for its turn
    1: RUNNING,
    2: RUNNING,  # blocked: it waits for a resource
    3: PAUSED,
    4: STOPPING,
    5: STOPPED,
    6: CRASHED,
    7: SUSPENDED,
}
_KIB, _MIB = 1024, 1024**2


class Reading(Definitions):
    """What a host and its machines are."""

    def host_info(self) -> HostInfo:
        """The host itself, in a fixed number of calls."""
        with self._doing("read the host"):
            connection = self._connection
            opened = ConnectionUri.parse(connection.getURI())
            driver = opened.driver
            over_ssh = opened.transport in SSH_TRANSPORTS
            node = connection.getInfo()
            return HostInfo(
                uri=self.uri,
                driver=driver,
                hostname=connection.getHostname(),
                hypervisor_type=connection.getType(),
                hypervisor_version=self._version(driver, connection.getVersion),
                libvirt_version=self._version(None, connection.getLibVersion),
                cpu=Cpu(
                    model=node[0],
                    cpus=node[2],
                    mhz=node[3] or None,
                    nodes=node[4],
                    sockets=node[5],
                    cores=node[6],
                    threads=node[7],
                ),
                memory=node[1] * _MIB,
                # libvirt does not see the encryption that ssh does for it.
                encrypted=over_ssh or bool(connection.isEncrypted()),
                secure=bool(connection.isSecure()),
                alive=self.is_alive(),
                capabilities=parse_capabilities(connection.getCapabilities()),
            )

    def _version(
        self, driver: str | None, read: Callable[[], int]
    ) -> dict[str, Any] | None:
        try:
            version = Version.from_packed(driver or "", read())
        except libvirt.libvirtError:
            return None  # not every driver knows its version
        return {
            "version": version.text,
            "packed": version.packed,
            "libvirt": version.printed,
        }

    def list_vms(
        self,
        names: Collection[str] | None = None,
        *,
        detail: str = SUMMARY,
        xml: bool = False,
    ) -> tuple[VirtualMachine, ...]:
        """Machines, sorted by name; five calls where only SUMMARY is asked for."""
        with self._doing("list the machines"):
            machines = self._all_machines()
            if names is not None:
                wanted = {*names, *map(canonical_uuid, names)}
                machines = [
                    vm for vm in machines if vm.name in wanted or vm.uuid in wanted
                ]
            if detail == FULL or xml:
                machines = self._read_definitions(machines, detail=detail, xml=xml)
        return _sorted(machines)

    def read_vms(self, names: Collection[str]) -> tuple[VirtualMachine, ...]:
        """Machines in full, with what those that are on become with their next start."""
        with self._doing("read the machines"):
            wanted = {*names, *map(canonical_uuid, names)}
            machines = [
                vm
                for vm in self._all_machines()
                if vm.name in wanted or vm.uuid in wanted
            ]
            read = partial(self._read_definition, detail=FULL, xml=False, for_plan=True)
            with ThreadPoolExecutor(max_workers=CALLS_AT_ONCE) as pool:
                return _sorted(vm for vm in pool.map(read, machines) if vm is not None)

    def _all_machines(self) -> list[VirtualMachine]:
        """All machines by calls that each answer for all of them."""
        flags = libvirt
        statistics = self._statistics()
        autostart = self._uuids_where(flags.VIR_CONNECT_LIST_DOMAINS_AUTOSTART)
        persistent = self._uuids_where(flags.VIR_CONNECT_LIST_DOMAINS_PERSISTENT)
        saved = self._uuids_where(flags.VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE)
        kept = self._uuids_where(flags.VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT)
        machines = []
        for domain, values in statistics:
            state = _state_number(domain, values)
            uuid = domain.UUIDString()
            self._domains[uuid] = domain
            has_save = _member(uuid, saved)
            memory = values.get("balloon.current", values.get("balloon.maximum"))
            machines.append(
                VirtualMachine(
                    name=_name(domain),
                    uuid=uuid,
                    id=_id(domain),
                    state=_state(state, bool(has_save)),
                    reason=_reason(state, values.get("state.reason")),
                    vcpus=values.get("vcpu.current"),
                    vcpus_max=values.get("vcpu.maximum"),
                    memory=memory * _KIB if memory is not None else None,
                    memory_max=_kib(values.get("balloon.maximum")),
                    autostart=_member(uuid, autostart),
                    persistent=_member(uuid, persistent),
                    managed_save=has_save,
                    has_snapshots=_member(uuid, kept),
                )
            )
        return machines

    def _statistics(self) -> list[tuple[Any, dict[str, Any]]]:
        """Each domain with its state, processors and memory as the driver tells them."""
        groups = (
            libvirt.VIR_DOMAIN_STATS_STATE
            | libvirt.VIR_DOMAIN_STATS_BALLOON
            | libvirt.VIR_DOMAIN_STATS_VCPU
        )
        # NOWAIT: a machine that is busy with a job must not hold up the others.
        wait_for_none = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
        for flags in (wait_for_none, 0):
            with suppress(libvirt.libvirtError):
                return list(self._connection.getAllDomainStats(groups, flags))
        return self._statistics_by_state()

    def _statistics_by_state(self) -> list[tuple[Any, dict[str, Any]]]:
        """The same for a driver without statistics: one list for each kind of state."""
        filters = {
            1: libvirt.VIR_CONNECT_LIST_DOMAINS_RUNNING,
            3: libvirt.VIR_CONNECT_LIST_DOMAINS_PAUSED,
            5: libvirt.VIR_CONNECT_LIST_DOMAINS_SHUTOFF,
            6: libvirt.VIR_CONNECT_LIST_DOMAINS_OTHER,
        }
        return [
            (domain, {"state.state": state})
            for state, flag in filters.items()
            for domain in self._connection.listAllDomains(flag)
        ]

    def _uuids_where(self, flag: int) -> frozenset[str] | None:
        """The UUIDs of the machines that a list filter lets through, in one call."""
        try:
            return frozenset(
                domain.UUIDString() for domain in self._connection.listAllDomains(flag)
            )
        except libvirt.libvirtError:
            if not self.is_alive():
                raise
            return None  # this driver does not know that filter

    def find_vm(self, name_or_uuid: str, *, detail: str = SUMMARY) -> VirtualMachine:
        """The machine of that name or UUID, in five calls; FULL costs more."""
        return self._find(name_or_uuid, self._look_up, detail)

    def find_uuid(self, uuid: str, *, detail: str = SUMMARY) -> VirtualMachine:
        """The machine of that UUID, as find_vm reads it."""
        return self._find(uuid, self._look_up_uuid, detail)

    def _find(
        self, wanted: str, look_up: Callable[[str], Any], detail: str
    ) -> VirtualMachine:
        with self._doing(f"find machine {wanted}"):
            domain = look_up(wanted)
            uuid = domain.UUIDString()
            self._domains[uuid] = domain
            state, memory_max, memory, vcpus = domain.info()[:4]
            persistent = bool(domain.isPersistent())
            saved = persistent and self._has_managed_save(domain)
            vm = VirtualMachine(
                name=_name(domain),
                uuid=uuid,
                id=_id(domain),
                state=_state(state, saved),
                vcpus=vcpus,
                memory=memory * _KIB,
                memory_max=memory_max * _KIB,
                autostart=self._autostart(domain),
                persistent=persistent,
                managed_save=saved,
            )
            if detail == FULL:
                full = self._read_definition(vm, detail=FULL, xml=False, for_plan=True)
                if full is None:
                    raise self._not_found(wanted)
                if full.snapshots is None:
                    return full
                return replace(full, has_snapshots=bool(full.snapshots))
            return vm

    def _look_up(self, name_or_uuid: str) -> Any:
        try:
            return self._connection.lookupByName(name_or_uuid)
        except libvirt.libvirtError as error:
            if error.get_error_code() != NO_DOMAIN:
                raise
            return self._look_up_uuid(name_or_uuid)

    def _look_up_uuid(self, text: str) -> Any:
        uuid = canonical_uuid(text)
        if uuid is None:
            raise self._not_found(text)
        try:
            return self._connection.lookupByUUIDString(uuid)
        except libvirt.libvirtError as error:
            if error.get_error_code() == NO_DOMAIN:
                raise self._not_found(text) from error
            raise

    def _not_found(self, name_or_uuid: str) -> MachineNotFound:
        return MachineNotFound(
            f"there is no machine named {name_or_uuid}",
            where=self.uri,
            remedy="list the machines with hypervisor.connect.vm_info",
        )

    def _has_managed_save(self, domain: Any) -> bool:
        try:
            return bool(domain.hasManagedSaveImage())
        except libvirt.libvirtError:
            if not self.is_alive():
                raise
            return False  # this driver can't save

    def _autostart(self, domain: Any) -> bool | None:
        try:
            return bool(domain.autostart())
        except libvirt.libvirtError:
            if not self.is_alive():
                raise
            return None  # this driver can't start machines by itself


def _name(domain: Any) -> str:
    """A machine's name; what is not UTF-8 in it is escaped."""
    try:
        return str(domain.name())
    except UnicodeDecodeError as error:
        return error.object.decode("utf-8", "backslashreplace")


def _state_number(domain: Any, values: dict[str, Any]) -> int:
    """The state out of a domain's statistics, where the host left it in them."""
    number = values.get("state.state")
    return int(domain.state()[0] if number is None else number)


def _id(domain: Any) -> int | None:
    """The number of a live domain; libvirt's -1 is none."""
    number = domain.ID()
    return number if number >= 0 else None


def _state(number: int, has_save: bool) -> str:
    state = STATES.get(number, RUNNING)
    return SAVED if state == STOPPED and has_save else state


@cache
def _reason(state: int, reason: int | None) -> str | None:
    """The word for a state's reason: the end of its constant's name in libvirt.

    The constants of the state "shutdown" can't be told from those of its method.
    """
    prefix = {
        1: "VIR_DOMAIN_RUNNING_",
        3: "VIR_DOMAIN_PAUSED_",
        5: "VIR_DOMAIN_SHUTOFF_",
        6: "VIR_DOMAIN_CRASHED_",
        7: "VIR_DOMAIN_PMSUSPENDED_",
    }.get(state)
    if prefix is None or reason is None:
        return None
    for name, value in vars(libvirt).items():
        if name.startswith(prefix) and value == reason:
            return name[len(prefix) :].lower()
    return None


def _member(uuid: str, uuids: frozenset[str] | None) -> bool | None:
    return None if uuids is None else uuid in uuids


def _kib(number: int | None) -> int | None:
    return number * _KIB if number is not None else None


def _sorted(machines: Iterable[VirtualMachine]) -> tuple[VirtualMachine, ...]:
    return tuple(sorted(machines, key=lambda vm: (vm.name, vm.uuid)))
