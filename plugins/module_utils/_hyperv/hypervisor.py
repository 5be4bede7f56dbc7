# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypervisor over WMI, by WS-Management, for every Hyper-V host since Server 2012 R2."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._cim.embedded import to_text
from .._cim.instance import CimInstance
from .._cim.wql import select
from .._core.clock import Clock, wait_until
from .._hypervisor.changes import Change
from .._hypervisor.credentials import Credentials
from .._hypervisor.description import Description, DiskWish, SnapshotWish
from .._hypervisor.hypervisor import (
    AmbiguousName,
    Hypervisor,
    MachineNotFound,
    OperationFailed,
    OperationTimeout,
    ShutdownUnavailable,
)
from .._hypervisor.storage import Storage
from .._hypervisor.values import (
    FULL,
    SAVED,
    STOPPED,
    SUMMARY,
    Cpu,
    HostInfo,
    Image,
    ImageInfo,
    Screenshot,
    VirtualMachine,
    canonical_uuid,
)
from .._uri.hyperv import HypervEndpoint
from .._uri.version import Version
from .._wsman.client import WsmanClient
from .._wsman.session import Session
from .._wsman.transport_errors import TransportError
from . import (
    changing,
    checking,
    console,
    images,
    own,
    queries,
    reading,
    snapshots,
)
from .classes import (
    CIMV2,
    COMPUTER_SYSTEM,
    DISABLED,
    ENABLED,
    IN_PROGRESS,
    INVALID_STATE,
    LOCKED,
    MANAGEMENT_SERVICE,
    NOT_READY,
    OFFLINE,
    QUIESCE,
    RESET,
    RETURN_VALUES,
    SHUTDOWN_COMPONENT,
    START_ALWAYS,
    START_NOTHING,
    SYSTEM_SETTINGS,
)
from .connection import HypervConnection
from .devices import Devices, ends_open
from .errors import transport_error
from .keys import code_of
from .words import INTEGRATION

_KIB = 1024


class HypervHypervisor(HypervConnection, Hypervisor):
    """An open connection to a Hyper-V host.

    Args:
        client: The WS-Management client.
        shown: The URI as messages may show it.
        timeout: Seconds for one answer of the host.
        encrypted: Whether what goes over the wire is encrypted.
        clock: What waiting goes by.

    Attributes:
        client: For modules that speak WMI themselves.
    """

    def __init__(
        self,
        client: WsmanClient,
        shown: str,
        *,
        timeout: float = 60,
        encrypted: bool = True,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(client, shown, timeout=timeout, clock=clock)
        self._encrypted = encrypted
        self._session: Session | None = None

    @classmethod
    def open(
        cls, endpoint: HypervEndpoint, credentials: Credentials, shown: str
    ) -> HypervHypervisor:
        """Make a session, which signs in when it is first used."""
        try:
            session = Session.open(endpoint, credentials)
        except TransportError as error:
            raise transport_error(error, where=shown, doing="sign in") from error
        hypervisor = cls(
            WsmanClient(session, operation_timeout=session.operation_timeout),
            shown,
            timeout=credentials.timeout,
            encrypted=endpoint.scheme == "https" or session.encrypted,
        )
        hypervisor._session = session
        return hypervisor

    # -- reading -----------------------------------------------------------------

    def host_info(self) -> HostInfo:
        """The host itself, in four queries."""
        with self.doing("read the host"):
            system = self._one("Win32_ComputerSystem", "Name", "DNSHostName")
            windows = self._one(
                "Win32_OperatingSystem",
                "Version",
                "TotalVisibleMemorySize",
                "OSArchitecture",
            )
            product = self._one("Win32_ComputerSystemProduct", "UUID")
            processors = self.rows(
                select(
                    "Win32_Processor",
                    "Name",
                    "MaxClockSpeed",
                    "NumberOfCores",
                    "NumberOfLogicalProcessors",
                ),
                CIMV2,
            )
        version = Version.from_text("hyperv", str(windows["Version"]))
        first = processors[0]
        cores = int(first["NumberOfCores"] or 1)
        logical = [int(one["NumberOfLogicalProcessors"] or 1) for one in processors]
        return HostInfo(
            uri=self.uri,
            driver="hyperv",
            hostname=str(system["DNSHostName"] or system["Name"]),
            hypervisor_type="Hyper-V",
            hypervisor_version={
                "version": version.text,
                "packed": version.packed,
                "libvirt": version.printed,
            },
            libvirt_version=None,
            cpu=Cpu(
                model=str(first["Name"]).strip(),
                cpus=sum(logical),
                mhz=int(first["MaxClockSpeed"] or 0) or None,
                nodes=1,
                sockets=len(processors),
                cores=cores,
                threads=max(1, logical[0] // cores),
            ),
            memory=int(windows["TotalVisibleMemorySize"]) * _KIB,
            encrypted=self._encrypted,
            secure=self._encrypted,
            alive=True,
            capabilities={
                "host": {"uuid": str(product["UUID"]).lower(), "arch": "x86_64"},
                "guests": [
                    {
                        "os_type": "hvm",
                        "arch": arch,
                        "wordsize": bits,
                        "emulator": None,
                        "domain_types": ["hyperv"],
                        "machines": ["generation 1", "generation 2"],
                        "features": [],
                    }
                    for arch, bits in (("x86_64", 64), ("i686", 32))
                ],
            },
        )

    def _one(self, cls: str, *columns: str) -> Mapping[str, Any]:
        rows = self.rows(select(cls, *columns), CIMV2)
        if not rows:
            raise OperationFailed(f"the host has no {cls}", where=self.uri)
        return rows[0]

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
            summary = reading.Summary(
                systems=self.rows(queries.systems()),
                settings=self.known_rows(queries.settings(full=full)),
                processors=self.known_rows(queries.processors(full=full)),
                memory=self.rows(queries.memory(full=full)),
                networks=self.rows(queries.guest_networks()),
            )
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

    # -- images ------------------------------------------------------------------

    def images(self) -> tuple[Image, ...]:
        """The virtual hard disks in the host's own folder and in those of its machines.

        A Hyper-V host has no storage pools: a folder stands for one.
        """
        return self._images(self.definitions())

    def _images(self, machines: Collection[VirtualMachine]) -> tuple[Image, ...]:
        with self.doing("list images"):
            rows = self.rows(queries.image_folder())
        paths = [f"{row['DefaultVirtualHardDiskPath']}\\x" for row in rows]
        for vm in machines:
            for disk in vm.disks or ():
                paths += [one for one in (disk.source, *disk.backing) if one]
        return images.images_in(self, images.folders_of(paths))

    def storage(self, *, images: bool) -> Storage:
        """What the machines and the folders of the host keep on disk.

        A disk of a machine with checkpoints counts as the image that they build on: it
        is what is left of it when the checkpoints go with the machine.
        """
        machines = self.definitions()
        known = self._images(machines) if images else ()
        made = {
            one.lower()
            for vm in machines
            for disk in vm.disks or ()
            if disk.backing
            for one in (str(disk.source), *disk.backing[:-1])
        }
        known = tuple(image for image in known if image.path.lower() not in made)
        found = Storage(tuple(map(_without_checkpoints, machines)), known)
        return replace(found, paths=self.true_paths(found))

    def true_paths(self, storage: Storage) -> Mapping[str, str]:
        """One spelling for each path."""
        return images.same_paths(storage.sources)

    def images_named(self, sources: Collection[str]) -> Mapping[str, ImageInfo]:
        """One query for all files, and a call for each virtual hard disk."""
        return images.images_named(self, sources)

    def make_image(self, wish: DiskWish) -> None:
        """CreateVirtualHardDisk."""
        images.make_image(self, wish)

    def grow_image(self, vm: VirtualMachine | None, wish: DiskWish) -> None:
        """ResizeVirtualHardDisk."""
        images.grow_image(self, vm, wish)

    # -- making and changing machines ----------------------------------------------

    def check_description(self, wanted: Description, vm: VirtualMachine | None) -> None:
        """Refuse what Hyper-V does not have; asks nothing of the host."""
        checking.check_description(wanted, vm)

    def in_own_words(self, wanted: Description, vm: VirtualMachine) -> Description:
        """Names in the spelling of the host, and the whole boot order."""
        return checking.in_own_words(wanted, vm)

    def name_key(self, name: str) -> str:
        """WQL compares names without case, and so does find_vm."""
        return name.lower()

    def timing(self, vm: VirtualMachine, change: Change) -> str:
        """LIVE, or OFF: a machine of Hyper-V has one definition."""
        return checking.timing(vm, change)

    def own_changes(
        self, vm: VirtualMachine, wanted: Description
    ) -> tuple[Change, ...]:
        """What ``hyperv`` names and differs; a query for each settings class."""
        return own.own_changes(self, vm, wanted)

    def create(self, wanted: Description) -> str:
        """DefineSystem with settings, memory and processors."""
        return changing.create(self, wanted)

    def change(
        self, vm: VirtualMachine, changes: Sequence[Change], *, only_kept: bool = False
    ) -> None:
        """The calls of changing.py; there is no other definition to leave alone."""
        del only_kept
        changing.change(self, vm, changes)

    # -- snapshots, screen and keyboard ----------------------------------------------

    def create_snapshot(self, vm: VirtualMachine, wish: SnapshotWish) -> None:
        """A checkpoint of the machine's own type."""
        snapshots.create_snapshot(self, vm, wish)

    def revert_to_snapshot(self, vm: VirtualMachine, name: str) -> None:
        """ApplySnapshot of a machine that was switched off; it runs on from memory.

        A checkpoint with memory leaves the machine saved, and it is started then.
        """
        snapshots.find(self, vm, name)
        if vm.is_active:
            self.power_off(vm)
        snapshots.apply_snapshot(self, vm, name)
        if self._state(vm) == SAVED:
            self.start(vm)

    def remove_snapshot(
        self, vm: VirtualMachine, name: str, *, children: bool = False
    ) -> None:
        """DestroySnapshot, and wait until the disks are merged."""
        snapshots.remove_snapshot(self, vm, name, children=children)

    def screenshot(self, vm: VirtualMachine) -> Screenshot:
        """A thumbnail as PNG."""
        return console.screenshot(self, vm)

    def check_keys(self, keys: Sequence[str]) -> None:
        """Refuse names that no key has."""
        for key in keys:
            code_of(key)

    def send_keys(self, vm: VirtualMachine, keys: Sequence[str], hold: int) -> None:
        """Msvm_Keyboard.PressKey and ReleaseKey."""
        console.send_keys(self, vm, keys, hold)

    # -- changing ----------------------------------------------------------------

    def _request_state(self, vm: VirtualMachine, doing: str, state: int) -> None:
        doing = f"{doing} machine {vm.name}"
        value = self.invoke(
            doing,
            COMPUTER_SYSTEM,
            "RequestStateChange",
            _system_keys(vm),
            {"RequestedState": state},
        )
        self.must(doing, value)

    def start(self, vm: VirtualMachine) -> None:
        """RequestStateChange to Enabled: start, or go on from the saved state."""
        self._request_state(vm, "start", ENABLED)

    def start_paused(self, vm: VirtualMachine) -> None:
        """Start and pause: Hyper-V knows no start without running."""
        self.start(vm)
        self.pause(vm)

    def resume(self, vm: VirtualMachine) -> None:
        """RequestStateChange to Enabled."""
        self._request_state(vm, "resume", ENABLED)

    def wake_up(self, vm: VirtualMachine) -> None:
        """RequestStateChange to Enabled; no state of Hyper-V leads here."""
        self._request_state(vm, "wake up", ENABLED)

    def pause(self, vm: VirtualMachine) -> None:
        """RequestStateChange to Quiesce."""
        self._request_state(vm, "pause", QUIESCE)

    def save(self, vm: VirtualMachine) -> None:
        """RequestStateChange to Offline."""
        self._request_state(vm, "save", OFFLINE)

    def discard_saved_state(self, vm: VirtualMachine) -> None:
        """RequestStateChange to Disabled, which deletes the saved state."""
        self._request_state(vm, "discard the saved state of", DISABLED)

    def power_off(self, vm: VirtualMachine) -> None:
        """RequestStateChange to Disabled; one that went off meanwhile is fine."""
        try:
            self._request_state(vm, "power off", DISABLED)
        except OperationFailed:
            if self._state(vm) != STOPPED:
                raise

    def reset(self, vm: VirtualMachine) -> None:
        """RequestStateChange to Reset."""
        self._request_state(vm, "reset", RESET)

    def reboot(self, vm: VirtualMachine) -> None:
        """Msvm_ShutdownComponent.InitiateReboot."""
        self._ask_guest(vm, "restart", "InitiateReboot")

    def shut_down(self, vm: VirtualMachine, timeout: float) -> None:
        """Msvm_ShutdownComponent.InitiateShutdown, and wait until the machine is off.

        Raises:
            ShutdownUnavailable: The guest's integration service does not answer.
            OperationTimeout: It is still on after ``timeout`` seconds.
        """
        if self._state(vm) != STOPPED:
            self._ask_guest(vm, "shut down", "InitiateShutdown")
        with self.doing(f"shut down machine {vm.name}"):
            if wait_until(
                lambda: self._state(vm) == STOPPED, timeout=timeout, clock=self.clock
            ):
                return
        raise OperationTimeout(
            f"machine {vm.name} was told to shut down and is still on after "
            f"{timeout:g} seconds",
            where=self.uri,
            remedy="allow more time with timeout, or switch it off with force: true",
        )

    def _ask_guest(self, vm: VirtualMachine, doing: str, method: str) -> None:
        doing = f"{doing} machine {vm.name}"
        with self.doing(doing):
            rows = self.rows(queries.shutdown_component(vm.uuid))
        value = NOT_READY
        if rows:
            keys = {
                "CreationClassName": SHUTDOWN_COMPONENT,
                "DeviceID": str(rows[0]["DeviceID"]),
                "SystemCreationClassName": COMPUTER_SYSTEM,
                "SystemName": vm.uuid.upper(),
            }
            reason = "hypervisor.connect"
            value = self.invoke(
                doing,
                SHUTDOWN_COMPONENT,
                method,
                keys,
                {"Force": False, "Reason": reason},
            )
        if value in (NOT_READY, LOCKED, INVALID_STATE, 32768, 32777):
            raise ShutdownUnavailable(
                f"can't {doing}: {RETURN_VALUES[value]}",
                where=self.uri,
                remedy="see that its guest has booted and has the shutdown integration "
                "service, or switch it off with force: true",
                details={"code": value, "message": RETURN_VALUES[value]},
            )
        if value != IN_PROGRESS:
            self.must(doing, value)

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

    def set_autostart(self, vm: VirtualMachine, autostart: bool) -> None:
        """ModifySystemSettings with AutomaticStartupAction alone.

        The provider refuses settings that are sent back whole.
        """
        doing = f"set the autostart of machine {vm.name}"
        with self.doing(doing):
            settings = self.rows(queries.settings_of(vm.uuid))
        if not settings:
            raise self._gone(f"named {vm.name}")
        change = CimInstance(
            SYSTEM_SETTINGS,
            {
                "InstanceID": settings[0]["InstanceID"],
                "AutomaticStartupAction": START_ALWAYS if autostart else START_NOTHING,
            },
            types={"InstanceID": "string", "AutomaticStartupAction": "uint16"},
        )
        value = self.invoke(
            doing,
            MANAGEMENT_SERVICE,
            "ModifySystemSettings",
            {"CreationClassName": MANAGEMENT_SERVICE},
            {"SystemSettings": to_text(change)},
        )
        self.must(doing, value)

    def remove(self, vm: VirtualMachine, *, keep_nvram: bool = False) -> None:
        """Remove the checkpoints, which merges their disks, then DestroySystem.

        The images of its disks stay where they are. ``keep_nvram`` has no meaning:
        Hyper-V keeps UEFI variables with the machine.
        """
        del keep_nvram
        if vm.has_snapshots is not False:
            snapshots.remove_all(self, vm)
        self.do(
            f"remove machine {vm.name}",
            "DestroySystem",
            AffectedSystem=snapshots.system_path(vm.uuid),
        )

    def remove_disk(self, vm: VirtualMachine, source: str) -> None:
        """CIM_DataFile.Delete."""
        images.delete_file(self, source)

    # -- the connection itself -----------------------------------------------------

    def is_alive(self) -> bool:
        """Always: every question opens a connection where there is none."""
        return True

    def close(self) -> None:
        """Close the HTTP connection."""
        if self._session is not None:
            self._session.close()

    @property
    def warnings(self) -> tuple[str, ...]:
        """The hints, and what the user should know about how the session is protected."""
        known = self._session.warnings if self._session is not None else ()
        return (*self.hints, *known)


def _system_keys(vm: VirtualMachine) -> dict[str, str]:
    return {"CreationClassName": COMPUTER_SYSTEM, "Name": vm.uuid.upper()}


def _without_checkpoints(vm: VirtualMachine) -> VirtualMachine:
    """The machine with each disk as the image that its checkpoints build on."""
    disks = [
        replace(disk, source=disk.backing[-1], backing=()) if disk.backing else disk
        for disk in vm.disks or ()
    ]
    return replace(vm, disks=tuple(disks))
