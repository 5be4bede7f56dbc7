# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines started, stopped and kept: RequestStateChange and the guest's own way."""

from __future__ import annotations

from .._cim.embedded import to_text
from .._cim.instance import CimInstance
from .._core.clock import wait_until
from .._hypervisor.hypervisor import (
    OperationFailed,
    OperationTimeout,
    ShutdownUnavailable,
)
from .._hypervisor.values import (
    STOPPED,
    VirtualMachine,
)
from . import (
    queries,
)
from .classes import (
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
from .machines import MachineReader


class PowerSwitch(MachineReader):
    """A connection that brings machines from one state to another."""

    def _request_state(self, vm: VirtualMachine, doing: str, state: int) -> None:
        doing = f"{doing} machine {vm.name}"
        value = self.invoke(
            doing,
            COMPUTER_SYSTEM,
            "RequestStateChange",
            system_keys(vm),
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


def system_keys(vm: VirtualMachine) -> dict[str, str]:
    """The keys of a machine's Msvm_ComputerSystem."""
    return {"CreationClassName": COMPUTER_SYSTEM, "Name": vm.uuid.upper()}
