# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypervisor over WMI, by WS-Management, for every Hyper-V host since Server 2012 R2."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._cim.wql import select
from .._core.clock import Clock
from .._hypervisor.changes import Change
from .._hypervisor.credentials import Credentials
from .._hypervisor.description import Description, DiskWish, SnapshotWish
from .._hypervisor.hypervisor import (
    Hypervisor,
    OperationFailed,
)
from .._hypervisor.plan import PlanRefused
from .._hypervisor.storage import Storage
from .._hypervisor.values import (
    SAVED,
    Cpu,
    HostInfo,
    Image,
    ImageInfo,
    Screenshot,
    VirtualMachine,
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
    snapshots,
)
from .classes import (
    CIMV2,
)
from .errors import transport_error
from .keys import code_of
from .power import PowerSwitch

_KIB = 1024


class HypervHypervisor(PowerSwitch, Hypervisor):
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
        found = Storage(tuple(_without_checkpoints(machines)), known)
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
        if vm.is_active:  # unless it was switched off since it was read
            vm = replace(vm, state=self._state(vm))
        changing.change(self, vm, changes)

    # -- snapshots, screen and keyboard ----------------------------------------------

    def check_snapshot(self, vm: VirtualMachine, wish: SnapshotWish) -> None:
        """Refuse what the machine's type of checkpoints does not give."""
        try:
            snapshots.check_wish(wish, vm)
        except PlanRefused as refused:
            refused.where = self.uri
            raise

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


def _without_checkpoints(
    machines: Iterable[VirtualMachine],
) -> Iterator[VirtualMachine]:
    """The machines with each disk as the image that its checkpoints build on.

    Of the disks that checkpoints have, those stay that the machine itself has not.
    """
    own: dict[str, set[str]] = {}
    for vm in machines:
        disks = [
            replace(disk, source=disk.backing[-1], backing=()) if disk.backing else disk
            for disk in vm.disks or ()
        ]
        known = own.setdefault(vm.uuid, set())
        disks = [
            disk
            for disk in disks
            if not disk.shareable or str(disk.source).lower() not in known
        ]
        known.update(str(disk.source).lower() for disk in disks)
        yield replace(vm, disks=tuple(disks))
