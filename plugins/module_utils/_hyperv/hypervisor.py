# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypervisor over WMI, by WS-Management, for every Hyper-V host since Server 2012 R2."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .._cim.embedded import to_text
from .._cim.instance import CimInstance, InstancePath
from .._cim.wql import Select, select
from .._core.clock import Clock, SystemClock, wait_until
from .._hypervisor.credentials import Credentials
from .._hypervisor.hypervisor import (
    AmbiguousName,
    Hypervisor,
    MachineNotFound,
    OperationFailed,
    OperationTimeout,
    ShutdownUnavailable,
)
from .._hypervisor.values import (
    FULL,
    STOPPED,
    SUMMARY,
    Cpu,
    HostInfo,
    Image,
    VirtualMachine,
    canonical_uuid,
)
from .._uri.hyperv import HypervEndpoint
from .._uri.version import Version
from .._wsman.client import WsmanClient
from .._wsman.fault import WsmanFault
from .._wsman.fault_table import NOT_FOUND
from .._wsman.protocol_error import ProtocolError
from .._wsman.reference import resource_uri
from .._wsman.session import Session
from .._wsman.transport_errors import TransportError
from . import queries, reading
from .classes import (
    CIMV2,
    COMPUTER_SYSTEM,
    DISABLED,
    ENABLED,
    IN_PROGRESS,
    INVALID_STATE,
    JOB_STARTED,
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
    V2,
)
from .errors import call_error, transport_error
from .jobs import wait_for_job

#: Saving the memory of a large machine takes minutes: a job may take this many times
#: as long as one answer.
_JOB_PATIENCE = 10
_KIB = 1024


class HypervHypervisor(Hypervisor):
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
        self.client = client
        self.uri = shown
        self._timeout = timeout
        self._encrypted = encrypted
        self._clock = clock or SystemClock()
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

    @contextmanager
    def doing(self, what: str, *, own: bool = True) -> Iterator[None]:
        """Turn a fault of the block into our error.

        Args:
            what: What is being done, as "list the machines".
            own: Whether it is about classes that every Hyper-V host has.
        """
        try:
            yield
        except WsmanFault as fault:
            raise call_error(fault, where=self.uri, doing=what, own=own) from fault
        except TransportError as error:
            raise transport_error(error, where=self.uri, doing=what) from error
        except ProtocolError as error:
            error.where = self.uri
            raise

    def _rows(self, query: Select, namespace: str = V2) -> list[CimInstance]:
        return list(self.client.query(namespace, query))

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
            processors = self._rows(
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
        rows = self._rows(select(cls, *columns), CIMV2)
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
        """Machines, sorted by name: five queries, or eleven for FULL, however many.

        ``xml`` is not for Hyper-V, whose machines have no definition in XML.
        """
        if xml:
            raise OperationFailed(
                "the machines of Hyper-V have no definition in XML",
                where=self.uri,
                remedy="leave xml out",
            )
        with self.doing("list the machines"):
            settings = self._rows(queries.settings(full=detail == FULL))
            networks = self._rows(queries.guest_networks())
            machines = reading.machines(
                reading.Summary(
                    systems=self._rows(queries.systems()),
                    settings=settings,
                    processors=self._rows(queries.processors()),
                    memory=self._rows(queries.memory()),
                    networks=networks,
                )
            )
            if detail == FULL:
                machines = reading.with_devices(
                    machines, settings, networks, self._devices()
                )
        if names is not None:
            # WQL compares without case, so find_vm does.
            wanted = {(canonical_uuid(name) or name).lower() for name in names}
            wanted |= {name.lower() for name in names}
            machines = [
                vm for vm in machines if vm.name.lower() in wanted or vm.uuid in wanted
            ]
        return tuple(sorted(machines, key=lambda vm: (vm.name, vm.uuid)))

    def _devices(self) -> reading.Devices:
        synthetic, emulated = queries.ports()
        return reading.Devices(
            resources=self._rows(queries.resources()),
            storage=self._rows(queries.storage()),
            ports=[*self._rows(synthetic), *self._rows(emulated)],
            connections=self._rows(queries.connections()),
            switches=self._rows(queries.switches()),
        )

    def find_vm(self, name_or_uuid: str, *, detail: str = SUMMARY) -> VirtualMachine:
        """The machine of that name or else UUID, in four queries; FULL reads them all.

        Raises:
            AmbiguousName: Hyper-V allows several machines of one name.
        """
        with self.doing(f"find machine {name_or_uuid}"):
            rows = self._rows(queries.systems_named(name_or_uuid))
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
            rows = self._rows(queries.system_with(guid))
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

        wait_until(is_settled, timeout=self._timeout, clock=self._clock)
        return system

    def _read(self, system: CimInstance, detail: str) -> VirtualMachine:
        system = self._settled(system)
        guid = str(system["Name"])
        if detail == FULL:
            found = self.list_vms([guid.lower()], detail=FULL)
            if not found:
                raise self._gone(f"with UUID {guid.lower()}")
            return found[0]
        with self.doing(f"read machine {system['ElementName']}"):
            return reading.machines(
                reading.Summary(
                    systems=[system],
                    settings=self._rows(queries.settings_of(guid)),
                    processors=self._rows(queries.processors(guid)),
                    memory=self._rows(queries.memory(guid)),
                ),
                checkpoints=False,
            )[0]

    def images(self) -> tuple[Image, ...]:
        """None: a Hyper-V host keeps its images as files, in no storage pool."""
        return ()

    # -- changing ----------------------------------------------------------------

    def call(
        self,
        namespace: str,
        cls: str,
        method: str,
        *,
        selectors: Mapping[str, Any],
        parameters: Mapping[str, Any],
        wait: bool = True,
        doing: str | None = None,
    ) -> CimInstance:
        """Call a method and wait for the job that it may start.

        Args:
            namespace: With slashes.
            cls: The class that has the method.
            method: Its name.
            selectors: The keys of the instance, as many as the class wants.
            parameters: CIM values; a CimInstance goes as embedded text.
            wait: Whether to wait for a job.
            doing: What is being done, for messages.

        Returns:
            What the method gave back; ReturnValue is 4096 where it started a job.

        Raises:
            JobFailed: The job ended badly; OperationTimeout: it has not ended in time.
        """
        own = doing is not None
        doing = doing or f"call {cls}.{method}"
        with self.doing(doing, own=own):
            output = self.client.invoke(
                resource_uri(namespace, cls), method, dict(parameters), dict(selectors)
            )
            if wait and int(output.get("ReturnValue") or 0) == JOB_STARTED:
                self._wait_for(output["Job"], doing)
            return output

    def _invoke(
        self,
        doing: str,
        cls: str,
        method: str,
        selectors: Mapping[str, Any],
        parameters: Mapping[str, Any],
    ) -> int:
        """Call a method of Hyper-V; its value, where a job that ended well is 0."""
        output = self.call(
            V2, cls, method, selectors=selectors, parameters=parameters, doing=doing
        )
        value = int(output.get("ReturnValue") or 0)
        return 0 if value == JOB_STARTED else value

    def _wait_for(self, job: InstancePath, doing: str) -> None:
        def read() -> CimInstance | None:
            try:
                return self.client.get(job)
            except WsmanFault as fault:
                if fault.kind == NOT_FOUND:
                    return None  # it ended and was cleared away
                raise

        wait_for_job(
            read,
            where=self.uri,
            doing=doing,
            timeout=self._timeout * _JOB_PATIENCE,
            clock=self._clock,
        )

    def _must(self, doing: str, value: int) -> None:
        if value:
            raise OperationFailed(
                f"can't {doing}: {RETURN_VALUES.get(value, f'return value {value}')}",
                where=self.uri,
                remedy="look at the machine's state with hypervisor.connect.vm_info",
                details={"code": value, "message": RETURN_VALUES.get(value)},
            )

    def _request_state(self, vm: VirtualMachine, doing: str, state: int) -> None:
        doing = f"{doing} machine {vm.name}"
        value = self._invoke(
            doing,
            COMPUTER_SYSTEM,
            "RequestStateChange",
            _system_keys(vm),
            {"RequestedState": state},
        )
        self._must(doing, value)

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
                lambda: self._state(vm) == STOPPED, timeout=timeout, clock=self._clock
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
            rows = self._rows(queries.shutdown_component(vm.uuid))
        value = NOT_READY
        if rows:
            keys = {
                "CreationClassName": SHUTDOWN_COMPONENT,
                "DeviceID": str(rows[0]["DeviceID"]),
                "SystemCreationClassName": COMPUTER_SYSTEM,
                "SystemName": vm.uuid.upper(),
            }
            reason = "hypervisor.connect"
            value = self._invoke(
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
            self._must(doing, value)

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
            settings = self._rows(queries.settings_of(vm.uuid))
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
        value = self._invoke(
            doing,
            MANAGEMENT_SERVICE,
            "ModifySystemSettings",
            {"CreationClassName": MANAGEMENT_SERVICE},
            {"SystemSettings": to_text(change)},
        )
        self._must(doing, value)

    def remove(self, vm: VirtualMachine, *, keep_nvram: bool = False) -> None:
        """DestroySystem, which leaves the images of its disks where they are.

        ``keep_nvram`` has no meaning: Hyper-V keeps UEFI variables with the machine.
        """
        del keep_nvram
        doing = f"remove machine {vm.name}"
        path = InstancePath(V2, COMPUTER_SYSTEM, tuple(_system_keys(vm).items()), None)
        value = self._invoke(
            doing,
            MANAGEMENT_SERVICE,
            "DestroySystem",
            {"CreationClassName": MANAGEMENT_SERVICE},
            {"AffectedSystem": path},
        )
        self._must(doing, value)

    def remove_disk(self, vm: VirtualMachine, source: str) -> None:
        """Not reached: images tells of none."""
        raise OperationFailed(
            f"can't delete {source}: this version deletes no files on Hyper-V hosts",
            where=self.uri,
        )

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
