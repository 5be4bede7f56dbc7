# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a machine: started, paused, saved, switched off, removed."""

from __future__ import annotations

from typing import Any

from .._core.clock import wait_until
from .._hypervisor.hypervisor import OperationTimeout
from .._hypervisor.values import PAUSED, STOPPING, VirtualMachine
from .binding import libvirt
from .domain_xml import has_tpm_state
from .errors import INVALID_ARG, OPERATION_INVALID
from .reading import STATES, Reading

#: A machine that shuts down too early misses the power button: press it again.
_PRESS_AGAIN = 10.0
#: From this release on libvirt keeps TPM state unless told otherwise.
_TPM_FLAG_SINCE = 8009000


class Life(Reading):
    """The steps that lead a machine from one state to another."""

    def start(self, vm: VirtualMachine) -> None:
        """virDomainCreate: start, or go on from the managed save.

        A machine that was paused when it was saved is paused again then.
        """
        self._call(vm, "start", "create")
        if vm.managed_save:
            with self._doing(f"resume machine {vm.name}"):
                if STATES.get(self._domain(vm).state()[0]) == PAUSED:
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
        return self._is_off(domain) or STATES.get(domain.state()[0]) == STOPPING

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
                flags |= _nvram_flag(keep_nvram)
            if self._has_checkpoints(domain):
                flags |= libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
            if self._keeps_tpm_state(domain):
                flags |= libvirt.VIR_DOMAIN_UNDEFINE_TPM
            self._undefine(vm, domain, flags, keep_nvram=keep_nvram)
            self._domains.pop(vm.uuid, None)

    def _undefine(
        self, vm: VirtualMachine, domain: Any, flags: int, *, keep_nvram: bool
    ) -> None:
        try:
            domain.undefineFlags(flags)
        except libvirt.libvirtError as error:
            # A start that failed leaves a file that no definition names (9.0.0).
            is_uefi = vm.os is not None and vm.os.firmware == "uefi" and not vm.os.nvram
            if error.get_error_code() != OPERATION_INVALID or not is_uefi:
                raise
            domain.undefineFlags(flags | _nvram_flag(keep_nvram))

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


def _nvram_flag(keep: bool) -> int:
    return int(
        libvirt.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM
        if keep
        else libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
    )
