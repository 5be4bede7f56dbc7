# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypervisor over libvirt-python, for every driver and transport that libvirt has."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache, partial
from typing import Any, Callable

from .._core.clock import Clock, SystemClock, wait_until
from .._hypervisor.credentials import Credentials
from .._hypervisor.hypervisor import (
    ConnectionLost,
    Hypervisor,
    MachineNotFound,
    OperationFailed,
    OperationTimeout,
)
from .._hypervisor.storage import Storage
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
    Image,
    VirtualMachine,
    canonical_uuid,
)
from .._uri.uri import ConnectionUri, redact
from .._uri.version import Version
from .binding import libvirt
from .capabilities import parse_capabilities
from .connection import SSH_TRANSPORTS, open_connection
from .domain_xml import (
    has_connected_agent,
    has_tpm_state,
    parse_image,
    parse_snapshot,
    with_definition,
)
from .errors import (
    INVALID_ARG,
    NO_DOMAIN,
    NO_STORAGE_POOL,
    NO_STORAGE_VOL,
    NO_SUPPORT,
    OPERATION_INVALID,
    call_error,
)

#: virDomainState (libvirt-domain.h) in our words.
_STATES = {
    0: RUNNING,  # no state: Xen's word for a machine that waits for its turn
    1: RUNNING,
    2: RUNNING,  # blocked: it waits for a resource
    3: PAUSED,
    4: STOPPING,
    5: STOPPED,
    6: CRASHED,
    7: SUSPENDED,
}
#: A machine that shuts down too early misses the power button: press it again.
_PRESS_AGAIN = 10.0
#: A daemon works on five calls of one client at once (max_client_requests).
_CALLS_AT_ONCE = 5
_KIB, _MIB = 1024, 1024**2
#: What reading an answer raises that is not as libvirt's pages describe it: no XML, no
#: number, no date, a value that is missing, text that is not UTF-8 (a ValueError).
_ODD_ANSWERS = (
    SyntaxError,
    ValueError,
    OverflowError,
    KeyError,
)  # XML's is a SyntaxError
#: From this release on libvirt keeps TPM state unless told otherwise.
_TPM_FLAG_SINCE = 8009000


class LibvirtHypervisor(Hypervisor):
    """An open libvirt connection.

    Args:
        connection: A libvirt.virConnect.
        shown: The URI that was opened, as messages may show it; None where libvirt
            probed.
        clock: What waiting goes by.
    """

    def __init__(
        self,
        connection: Any,
        shown: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._open: Any = connection
        self._clock = clock or SystemClock()
        self._domains: dict[str, Any] = {}
        self.uri = shown or redact(connection.getURI())

    @classmethod
    def open(
        cls, uri: ConnectionUri | None, credentials: Credentials, shown: str
    ) -> LibvirtHypervisor:
        """Open a connection; see open_connection."""
        connection = open_connection(uri, credentials, shown)
        return cls(connection, shown if uri is not None else None)

    @property
    def _connection(self) -> Any:
        """The libvirt.virConnect; the binding would crash on one that was closed."""
        if self._open is None:
            raise ConnectionLost(
                "the connection was closed", where=self.uri, remedy="open it again"
            )
        return self._open

    @contextmanager
    def _doing(self, what: str) -> Iterator[None]:
        """Turn a libvirtError of the block, or an odd answer, into our error."""
        try:
            yield
        except _ODD_ANSWERS as error:
            raise OperationFailed(
                f"can't {what}: {_odd_answer(error)}", where=self.uri
            ) from error
        except libvirt.libvirtError as error:
            raise call_error(
                error, where=self.uri, doing=what, alive=self.is_alive()
            ) from error

    # -- reading -----------------------------------------------------------------

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
        return tuple(sorted(machines, key=lambda vm: (vm.name, vm.uuid)))

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

    def _read_definitions(
        self, machines: Iterable[VirtualMachine], *, detail: str, xml: bool
    ) -> list[VirtualMachine]:
        """Each machine's definition, as many at once as the daemon takes."""
        read = partial(self._read_definition, detail=detail, xml=xml)
        with ThreadPoolExecutor(max_workers=_CALLS_AT_ONCE) as pool:
            return [vm for vm in pool.map(read, machines) if vm is not None]

    def _read_definition(
        self, vm: VirtualMachine, *, detail: str, xml: bool
    ) -> VirtualMachine | None:
        domain = self._domains[vm.uuid]
        try:
            definition = domain.XMLDesc(0)
            if detail != FULL:
                return replace(vm, xml=definition)
            addresses = self._addresses(domain, definition) if vm.is_active else {}
            full = with_definition(vm, definition, addresses, keep_xml=xml)
            return replace(full, snapshots=self._snapshots(domain, vm))
        except _ODD_ANSWERS as error:
            # It must not hide the others: it is listed with what else is known.
            self._warn(f"machine {vm.name} was not read in full: {_odd_answer(error)}")
            return vm
        except libvirt.libvirtError as error:
            if error.get_error_code() == NO_DOMAIN:
                return None  # it was removed while we read
            raise

    def _warn(self, sentence: str) -> None:
        hint = f"{self.uri}: {sentence}."
        if hint not in self.hints:
            self.hints = (*self.hints, hint)

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

    def _snapshots(self, domain: Any, vm: VirtualMachine) -> tuple[Any, ...]:
        if vm.has_snapshots is False:
            return ()
        try:
            snapshots = domain.listAllSnapshots()
            return tuple(
                parse_snapshot(
                    snapshot.getXMLDesc(), current=bool(snapshot.isCurrent())
                )
                for snapshot in snapshots
            )
        except libvirt.libvirtError as error:
            if not self.is_alive() or error.get_error_code() == NO_DOMAIN:
                raise
            return ()  # this driver has no snapshots

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
                full = self._read_definition(vm, detail=FULL, xml=False)
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

    def images(self) -> tuple[Image, ...]:
        """The volumes of all active pools, a call for each pool and each volume.

        Pools know nothing of what was changed beside them until they are refreshed. One
        that can't be is left out, with a warning; libvirt makes it inactive.
        """
        with self._doing("list the disk images"):
            active = libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE
            try:
                pools = self._connection.listAllStoragePools(active)
            except libvirt.libvirtError:
                if not self.is_alive():
                    raise
                return ()  # this driver has no storage pools
            return tuple(
                parse_image(definition, pool=pool.name())
                for pool in pools
                for definition in self._read_anew(pool)
            )

    def _read_anew(self, pool: Any) -> list[str]:
        try:
            pool.refresh()
            volumes = pool.listAllVolumes()
            return [xml for xml in map(self._volume_xml, volumes) if xml]
        except libvirt.libvirtError as error:
            if not self.is_alive():
                raise
            self._warn(f"storage pool {pool.name()} was not read: {_said(error)}")
            return []

    def _volume_xml(self, volume: Any) -> str | None:
        try:
            return str(volume.XMLDesc())
        except libvirt.libvirtError as error:
            if error.get_error_code() != NO_STORAGE_VOL:
                raise
            return None  # it was deleted while we read

    def definitions(self) -> tuple[VirtualMachine, ...]:
        """Each machine by its live, its persistent and its saved definition."""
        with self._doing("read the definitions of the machines"):
            machines = sorted(self._all_machines(), key=lambda vm: vm.name)
            with ThreadPoolExecutor(max_workers=_CALLS_AT_ONCE) as pool:
                return tuple(
                    vm
                    for found in pool.map(self._definitions, machines)
                    for vm in found
                )

    def _definitions(self, vm: VirtualMachine) -> list[VirtualMachine]:
        domain = self._domains[vm.uuid]
        reads = [
            partial(domain.XMLDesc, 0),
            partial(domain.XMLDesc, libvirt.VIR_DOMAIN_XML_INACTIVE),
        ]
        if vm.managed_save:
            reads.append(domain.managedSaveGetXMLDesc)
        found = []
        for read in reads:
            try:
                found.append(with_definition(vm, read(), {}, keep_xml=False))
            except _ODD_ANSWERS:
                found.append(vm)
            except libvirt.libvirtError as error:
                code = error.get_error_code()
                if code == NO_DOMAIN:
                    return []  # it was removed while we read
                if not self.is_alive():
                    raise
                if code != NO_SUPPORT or read != domain.managedSaveGetXMLDesc:
                    found.append(vm)
        return found

    def true_paths(self, storage: Storage) -> dict[str, str]:
        """Links followed where the host is this one; else as its pools know a path."""
        opened = ConnectionUri.parse(self._connection.getURI())
        sources = [source for source in storage.sources if source.startswith("/")]
        if opened.transport is None and not opened.hostname:
            return {source: os.path.realpath(source) for source in sources}
        found = {}
        for source in sources if storage.images else ():
            volume = None if storage.is_known(source) else self._volume(source)
            if volume is not None:
                with self._doing(f"read the volume {source}"):
                    found[source] = volume.path()
        return found

    def _volume(self, path: str) -> Any:
        with self._doing(f"look for the volume {path}"):
            try:
                if path.startswith("/"):
                    return self._connection.storageVolLookupByPath(path)
                pool, _slash, volume = path.partition("/")
                return self._connection.storagePoolLookupByName(
                    pool
                ).storageVolLookupByName(volume)
            except libvirt.libvirtError as error:
                if error.get_error_code() not in (NO_STORAGE_POOL, NO_STORAGE_VOL):
                    raise
                return None

    # -- changing ----------------------------------------------------------------

    def _call(self, vm: VirtualMachine, doing: str, method: str, *args: Any) -> None:
        with self._doing(f"{doing} machine {vm.name}"):
            getattr(self._domain(vm), method)(*args)

    def _domain(self, vm: VirtualMachine) -> Any:
        if vm.uuid not in self._domains:
            self._domains[vm.uuid] = self._connection.lookupByUUIDString(vm.uuid)
        return self._domains[vm.uuid]

    def start(self, vm: VirtualMachine) -> None:
        """virDomainCreate: start, or go on from the managed save.

        A machine that was paused when it was saved is paused again then.
        """
        self._call(vm, "start", "create")
        if vm.managed_save:
            with self._doing(f"resume machine {vm.name}"):
                if _STATES.get(self._domain(vm).state()[0]) == PAUSED:
                    self._domain(vm).resume()

    def start_paused(self, vm: VirtualMachine) -> None:
        """virDomainCreateWithFlags with VIR_DOMAIN_START_PAUSED.

        A driver without that flag (libvirt's test driver) starts the machine and
        pauses it at once.
        """
        with self._doing(f"start machine {vm.name} paused"):
            domain = self._domain(vm)
            try:
                domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
            except libvirt.libvirtError as error:
                if error.get_error_code() != INVALID_ARG:
                    raise
                domain.create()
                domain.suspend()

    def resume(self, vm: VirtualMachine) -> None:
        """virDomainResume."""
        self._call(vm, "resume", "resume")

    def wake_up(self, vm: VirtualMachine) -> None:
        """virDomainPMWakeup."""
        self._call(vm, "wake up", "pMWakeup")

    def pause(self, vm: VirtualMachine) -> None:
        """virDomainSuspend."""
        self._call(vm, "pause", "suspend")

    def save(self, vm: VirtualMachine) -> None:
        """virDomainManagedSave, which the next start goes on from."""
        self._call(vm, "save", "managedSave")

    def discard_saved_state(self, vm: VirtualMachine) -> None:
        """virDomainManagedSaveRemove."""
        self._call(vm, "discard the saved state of", "managedSaveRemove")

    def power_off(self, vm: VirtualMachine) -> None:
        """virDomainDestroy; a machine that went off by itself meanwhile is fine."""
        with self._doing(f"power off machine {vm.name}"):
            domain = self._domain(vm)
            try:
                domain.destroy()
            except libvirt.libvirtError:
                if not self.is_alive() or not self._is_off(domain):
                    raise

    def reboot(self, vm: VirtualMachine) -> None:
        """virDomainReboot."""
        self._call(vm, "restart", "reboot")

    def reset(self, vm: VirtualMachine) -> None:
        """virDomainReset."""
        self._call(vm, "reset", "reset")

    def set_autostart(self, vm: VirtualMachine, autostart: bool) -> None:
        """virDomainSetAutostart."""
        self._call(vm, "set the autostart of", "setAutostart", int(autostart))

    def shut_down(self, vm: VirtualMachine, timeout: float) -> None:
        """virDomainShutdown, pressed again every ten seconds until the machine is off."""
        pressed_at: float | None = None

        def is_off() -> bool:
            nonlocal pressed_at
            if self._is_off(domain):
                return True
            now = self._clock.now()
            if pressed_at is None or now - pressed_at >= _PRESS_AGAIN:
                pressed_at = now
                self._press_power_button(domain)
            return False

        with self._doing(f"shut down machine {vm.name}"):
            domain = self._domain(vm)
            # Asked twice first: some drivers are off as soon as they were told.
            if wait_until(is_off, timeout=timeout, clock=self._clock):
                return
        raise OperationTimeout(
            f"machine {vm.name} was told to shut down and is still on after "
            f"{timeout:g} seconds",
            where=self.uri,
            remedy="allow more time with timeout, or switch it off with force: true",
        )

    def _press_power_button(self, domain: Any) -> None:
        try:
            domain.shutdown()
        except libvirt.libvirtError as error:
            # It went off, or is on its way, between our question and this.
            if error.get_error_code() != OPERATION_INVALID or not self._is_on_its_way(
                domain
            ):
                raise

    def _is_on_its_way(self, domain: Any) -> bool:
        return self._is_off(domain) or _STATES.get(domain.state()[0]) == STOPPING

    def _is_off(self, domain: Any) -> bool:
        """Whether a machine is off; a transient one is gone then."""
        try:
            return not domain.isActive()
        except libvirt.libvirtError as error:
            if error.get_error_code() == NO_DOMAIN:
                return True
            raise

    def remove(self, vm: VirtualMachine, *, keep_nvram: bool = False) -> None:
        """virDomainUndefineFlags with just the flags that this machine needs.

        Each flag is refused by drivers that do not know it, so none is sent on
        suspicion (virDomainUndefineFlagsValues, libvirt-domain.h).
        """
        with self._doing(f"remove machine {vm.name}"):
            domain = self._domain(vm)
            flags = 0
            if self._has_managed_save(domain):
                flags |= libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
            if vm.snapshots:
                flags |= libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
            if vm.os is not None and vm.os.nvram:
                flags |= (
                    libvirt.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM
                    if keep_nvram
                    else libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
                )
            if self._has_checkpoints(domain):
                flags |= libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
            if self._keeps_tpm_state(domain):
                flags |= libvirt.VIR_DOMAIN_UNDEFINE_TPM
            domain.undefineFlags(flags)
            self._domains.pop(vm.uuid, None)

    def _has_checkpoints(self, domain: Any) -> bool:
        try:
            return bool(domain.listAllCheckpoints())
        except libvirt.libvirtError:
            if not self.is_alive():
                raise
            return False  # this driver has no checkpoints

    def _keeps_tpm_state(self, domain: Any) -> bool:
        return (
            hasattr(libvirt, "VIR_DOMAIN_UNDEFINE_TPM")
            and has_tpm_state(domain.XMLDesc(0))
            and self._connection.getLibVersion() >= _TPM_FLAG_SINCE
        )

    def remove_disk(self, vm: VirtualMachine, source: str) -> None:
        """virStorageVolDelete; an image that is gone already is fine."""
        try:
            volume = self._volume(source)
            if volume is not None:
                with self._doing(f"delete {source}"):
                    volume.delete()
        except (OperationFailed, ConnectionLost) as error:
            error.remedy = f"delete it with: {self._command_to_delete(source)}"
            raise

    def _command_to_delete(self, source: str) -> str:
        pool, _slash, volume = source.partition("/")
        where = [source] if source.startswith("/") else [volume, "--pool", pool]
        return shlex.join(["virsh", "--connect", self.uri, "vol-delete", *where])

    # -- the connection itself -----------------------------------------------------

    def is_alive(self) -> bool:
        """virConnectIsAlive, which looks at the client's own socket only."""
        try:
            return self._open is not None and bool(self._open.isAlive())
        except libvirt.libvirtError:
            return False

    def close(self) -> None:
        """virConnectClose; domains let go first, as each holds the connection open."""
        self._domains.clear()
        connection, self._open = self._open, None
        if connection is not None:
            with suppress(libvirt.libvirtError):
                connection.close()


def _said(error: Any) -> str:
    return str(error.get_error_message() or error).rstrip(".")


def _odd_answer(error: Exception) -> str:
    """What was odd, in words; an exception's own text may be no more than a key."""
    kinds = {SyntaxError: "XML", UnicodeDecodeError: "text", KeyError: "a list"}
    kind = next(
        (word for one, word in kinds.items() if isinstance(error, one)), "a value"
    )
    return f"the host answered with {kind} that can't be read ({error})"


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
    state = _STATES.get(number, RUNNING)
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
