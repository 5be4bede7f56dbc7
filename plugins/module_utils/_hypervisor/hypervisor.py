# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every hypervisor can do, whatever it is; the drivers fill it in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from types import TracebackType

from .._core.errors import HypervisorConnectError
from .changes import Change
from .description import Description, DiskWish, SnapshotWish
from .machine_plan import GROW, KEEP_CHANGES, MAKE_CHANGES, MAKE_IMAGE
from .plan import (
    KEEP_NVRAM,
    POWER_OFF,
    REMOVE,
    REMOVE_DISK,
    RESUME,
    SET_AUTOSTART,
    SHUT_DOWN,
    WAKE_UP,
    Plan,
    Step,
)
from .storage import Storage
from .values import (
    FULL,
    SUMMARY,
    HostInfo,
    Image,
    ImageInfo,
    Screenshot,
    VirtualMachine,
)


class ConnectionFailed(HypervisorConnectError):
    """The hypervisor could not be reached, or did not answer in time."""


class AuthenticationFailed(ConnectionFailed):
    """The hypervisor was reached and did not let the user in."""


class ConnectionLost(HypervisorConnectError):
    """The connection broke while it was in use; what was asked may have happened."""


class MachineNotFound(HypervisorConnectError):
    """No machine has that name or UUID."""


class OperationFailed(HypervisorConnectError):
    """The hypervisor refused, or failed at, what it was asked to do."""


class AmbiguousName(HypervisorConnectError):
    """Several machines have that name."""


class ShutdownUnavailable(OperationFailed):
    """The guest can't be asked to shut down."""


class OperationTimeout(HypervisorConnectError):
    """A machine did not get into the state that it was sent to in time."""


class ImagesLeft(HypervisorConnectError):
    """A machine is gone, and some of the images that were to go with it are not."""


class Hypervisor(ABC):
    """An open connection to a hypervisor.

    It reads in bulk, and changes one machine at a time by the steps of a plan. Every
    method raises ConnectionLost where the connection breaks, and OperationFailed where
    the hypervisor refuses.

    Attributes:
        uri: The connection URI as it was opened, without secrets, for messages.
        hints: Sentences about the URI that the user should read.
    """

    uri: str
    hints: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """The sentences that a module prints as warnings."""
        return self.hints

    @abstractmethod
    def host_info(self) -> HostInfo:
        """The host itself."""

    @abstractmethod
    def list_vms(
        self,
        names: Collection[str] | None = None,
        *,
        detail: str = SUMMARY,
        xml: bool = False,
    ) -> tuple[VirtualMachine, ...]:
        """Machines, sorted by name.

        Args:
            names: Names or UUIDs; None for all. Those that do not exist are left out.
            detail: SUMMARY costs a fixed number of round trips whatever the number of
                machines; FULL adds each machine's own definition.
            xml: Keep the definition as the hypervisor writes it.
        """

    def read_vms(self, names: Collection[str]) -> tuple[VirtualMachine, ...]:
        """Machines in full, with ``next_start``, as plans need them; as list_vms."""
        return self.list_vms(names, detail=FULL)

    def name_key(self, name: str) -> str:
        """What two names have in common that the hypervisor takes for the same."""
        return name

    @abstractmethod
    def find_vm(self, name_or_uuid: str, *, detail: str = SUMMARY) -> VirtualMachine:
        """The machine of that name, or else of that UUID.

        Raises:
            MachineNotFound: There is none.
        """

    def find_uuid(self, uuid: str, *, detail: str = SUMMARY) -> VirtualMachine:
        """The machine of that UUID (canonical_uuid), whatever others are named.

        Raises:
            MachineNotFound: There is none.
        """
        for vm in self.list_vms([uuid], detail=detail):
            if vm.uuid == uuid:
                return vm
        raise MachineNotFound(
            f"there is no machine with UUID {uuid}",
            where=self.uri,
            remedy="list the machines with hypervisor.connect.vm_info",
        )

    @abstractmethod
    def images(self) -> tuple[Image, ...]:
        """The images that the storage pools of the host know, read anew."""

    def definitions(self) -> tuple[VirtualMachine, ...]:
        """Each machine with its disks, once for each definition that it has.

        A machine may have one that it runs by, one for its next start, and one for going
        on from its saved state. ``disks`` is None where a definition can't be read.
        """
        return self.list_vms(detail=FULL)

    def true_paths(self, storage: Storage) -> Mapping[str, str]:
        """For other names of an image (Storage.sources), the path they all lead to."""
        del storage
        return {}

    def storage(self, *, images: bool) -> Storage:
        """What the machines and, with ``images``, the storage pools keep on disk."""
        # Images first: what is removed meanwhile must not look like an unknown one.
        known = self.images() if images else ()
        found = Storage(self.definitions(), known)
        return replace(found, paths=self.true_paths(found))

    @abstractmethod
    def start(self, vm: VirtualMachine) -> None:
        """Start a machine that is off, or go on from its saved state."""

    @abstractmethod
    def start_paused(self, vm: VirtualMachine) -> None:
        """Start a machine without letting its processors run."""

    @abstractmethod
    def resume(self, vm: VirtualMachine) -> None:
        """Let a paused machine go on."""

    @abstractmethod
    def wake_up(self, vm: VirtualMachine) -> None:
        """Wake a machine that its guest has suspended."""

    @abstractmethod
    def pause(self, vm: VirtualMachine) -> None:
        """Stop the processors of a running machine."""

    @abstractmethod
    def save(self, vm: VirtualMachine) -> None:
        """Keep the memory of a machine on disk and switch it off."""

    @abstractmethod
    def discard_saved_state(self, vm: VirtualMachine) -> None:
        """Throw the saved memory of a machine away."""

    @abstractmethod
    def shut_down(self, vm: VirtualMachine, timeout: float) -> None:
        """Ask the guest to shut down and wait until the machine is off.

        Raises:
            OperationTimeout: It is still on after ``timeout`` seconds.
        """

    @abstractmethod
    def power_off(self, vm: VirtualMachine) -> None:
        """Switch a machine off at once, as pulling the plug does."""

    @abstractmethod
    def reboot(self, vm: VirtualMachine) -> None:
        """Ask the guest to restart itself."""

    @abstractmethod
    def reset(self, vm: VirtualMachine) -> None:
        """Restart a machine at once, as its reset button does."""

    @abstractmethod
    def set_autostart(self, vm: VirtualMachine, autostart: bool) -> None:
        """Set whether the machine starts with its host."""

    @abstractmethod
    def remove(self, vm: VirtualMachine, *, keep_nvram: bool = False) -> None:
        """Remove the definition with all that belongs to it but its disk images.

        Args:
            vm: The machine, read in full.
            keep_nvram: Leave the file with its UEFI variables.
        """

    @abstractmethod
    def remove_disk(self, vm: VirtualMachine, source: str) -> None:
        """Delete a disk image of a machine that is gone.

        The remedy of an error says how to delete it later: no plan will name it again.
        """

    # -- making and changing a machine ---------------------------------------------

    @abstractmethod
    def check_description(self, wanted: Description, vm: VirtualMachine | None) -> None:
        """Refuse what this hypervisor does not have, before anything is done.

        Args:
            wanted: What the user named.
            vm: The machine that is there; None where one is to be made.

        Raises:
            PlanRefused: An option, or a value of one, is not for this hypervisor.
        """

    def in_own_words(self, wanted: Description, vm: VirtualMachine) -> Description:
        """The description with values as the hypervisor keeps them, for comparing.

        It keeps some under another name, as libvirt the alias of a machine type.
        """
        del vm
        return wanted

    @abstractmethod
    def images_named(self, sources: Collection[str]) -> Mapping[str, ImageInfo]:
        """The images of those sources that are there, by the source as it was given."""

    @abstractmethod
    def timing(self, vm: VirtualMachine, change: Change) -> str:
        """When a change of a machine that is on takes effect; asks nothing of the host.

        Returns:
            LIVE, NEXT_START, or OFF where it can be made only while the machine is off.
        """

    @abstractmethod
    def own_changes(
        self, vm: VirtualMachine, wanted: Description
    ) -> tuple[Change, ...]:
        """The changes for Description.libvirt or .hyperv, whichever is this one's."""

    @abstractmethod
    def make_image(self, wish: DiskWish) -> None:
        """Make the image of a disk; one that another run made meanwhile is an error."""

    @abstractmethod
    def grow_image(self, vm: VirtualMachine | None, wish: DiskWish) -> None:
        """Grow an image, in the hands of a machine that uses it and is on, too."""

    @abstractmethod
    def create(self, wanted: Description) -> str:
        """Define a machine that is off; returns its UUID.

        It has what one call can give it. What is left shows as changes once it is read
        again, so that a run that broke off is finished by the next one.
        """

    @abstractmethod
    def change(
        self, vm: VirtualMachine, changes: Sequence[Change], *, only_kept: bool = False
    ) -> None:
        """Make changes in their order, but those of images.

        Args:
            vm: The machine as it was read for the plan, or switched off since.
            changes: With ``now`` what the running machine needs, with ``kept`` what its
                next start needs.
            only_kept: Leave the running machine alone.
        """

    # -- snapshots, screen and keyboard ----------------------------------------------

    def check_snapshot(self, vm: VirtualMachine, wish: SnapshotWish) -> None:
        """Refuse a snapshot, before it is taken, that create_snapshot would refuse.

        Raises:
            PlanRefused: It is not for this hypervisor, or not for this machine.
        """
        del vm, wish

    @abstractmethod
    def create_snapshot(self, vm: VirtualMachine, wish: SnapshotWish) -> None:
        """Keep the state of a machine."""

    @abstractmethod
    def revert_to_snapshot(self, vm: VirtualMachine, name: str) -> None:
        """Bring a machine back to a snapshot; one that is on is switched off first."""

    @abstractmethod
    def remove_snapshot(
        self, vm: VirtualMachine, name: str, *, children: bool = False
    ) -> None:
        """Forget a snapshot, with those that build on it where that is wanted."""

    @abstractmethod
    def screenshot(self, vm: VirtualMachine) -> Screenshot:
        """What a running machine shows on its screen."""

    @abstractmethod
    def check_keys(self, keys: Sequence[str]) -> None:
        """Refuse names that are none of a key.

        Raises:
            PlanRefused: A key is not known, or this hypervisor has none of that name.
        """

    @abstractmethod
    def send_keys(self, vm: VirtualMachine, keys: Sequence[str], hold: int) -> None:
        """Press keys at once; their names are those of Linux, as ``KEY_LEFTCTRL``.

        Args:
            vm: A running machine.
            keys: Names of keys.
            hold: Milliseconds.
        """

    @abstractmethod
    def is_alive(self) -> bool:
        """Whether the connection is still there; asks nothing of the host."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection; a second call does nothing."""

    def apply(
        self,
        vm: VirtualMachine,
        plan: Plan,
        *,
        timeout: float,
        force: bool,
        taken: list[Step] | None = None,
    ) -> None:
        """Carry the steps of a plan out, in their order.

        Args:
            vm: The machine that the plan was made for.
            plan: The steps.
            timeout: Seconds that a guest has for shutting down.
            force: Whether a guest that does not shut down in time is switched off.
            taken: Gets each step that was taken: those of the plan up to an error, and a
                power-off by force.

        Raises:
            ImagesLeft: All else was done, but not all images could be deleted.
        """
        done = taken if taken is not None else []
        left: list[HypervisorConnectError] = []
        for step in plan.steps:
            try:
                self._take(vm, step, timeout)
                done.append(step)
            except (OperationTimeout, ShutdownUnavailable) as error:
                if not force:
                    self._put_back(vm, done, error)
                    raise
                self.power_off(vm)
                done.extend((step, Step(POWER_OFF)))
            except (OperationFailed, ConnectionLost) as error:
                if step.action != REMOVE_DISK:
                    raise
                left.append(error)
        if left:
            # Once the machine is gone, no later run can know of its images.
            raise ImagesLeft(
                f"machine {vm.name} is gone, but not all of its images: "
                + ", ".join(error.what for error in left),
                where=self.uri,
                remedy="; ".join(error.remedy for error in left if error.remedy),
                details=left[0].details,
            )

    def _take(self, vm: VirtualMachine, step: Step, timeout: float) -> None:
        if step.action == SHUT_DOWN:
            self.shut_down(vm, timeout)
        elif step.action == MAKE_CHANGES:
            self.change(vm, step.value)
        elif step.action == KEEP_CHANGES:
            self.change(vm, step.value, only_kept=True)
        elif step.action == MAKE_IMAGE:
            self.make_image(step.value)
        elif step.action == GROW:
            self.grow_image(vm, step.value)
        elif step == Step(REMOVE, KEEP_NVRAM):
            self.remove(vm, keep_nvram=True)
        elif step.action in (SET_AUTOSTART, REMOVE_DISK):
            getattr(self, step.action)(vm, step.value)
        else:
            getattr(self, step.action)(vm)

    def _put_back(
        self, vm: VirtualMachine, done: list[Step], error: HypervisorConnectError
    ) -> None:
        """Pause a machine again that was resumed for a shutdown in vain, and say so."""
        if Step(RESUME) in done:
            error.what += "; it was resumed for that and is "
            try:
                self.pause(vm)
                done.remove(Step(RESUME))
                error.what += "paused again"
            except (MachineNotFound, OperationFailed) as failed:
                error.what += f"running now ({failed.what})"
        elif Step(WAKE_UP) in done:
            error.what += "; it was suspended by its guest and is awake now"

    def __enter__(self) -> Hypervisor:
        """Use the connection in a with statement, which closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()


__all__ = [
    "FULL",
    "SUMMARY",
    "AuthenticationFailed",
    "ConnectionFailed",
    "ConnectionLost",
    "Hypervisor",
    "ImagesLeft",
    "MachineNotFound",
    "OperationFailed",
    "OperationTimeout",
]
