# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing machines, on libvirt's test driver, and looked at with libvirt's own calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    ConnectionLost,
    MachineNotFound,
    OperationFailed,
    OperationTimeout,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.plan import (
    Desired,
    PlanRefused,
    plan_vm,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    VirtualMachine,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.hypervisor import (
    LibvirtHypervisor,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._libvirt.lab import (
    CRASHED,
    EVERY_STATE,
    PAUSED,
    RUNNING,
    STOPPED,
    add_snapshot,
    disk,
    domain,
    libvirt,
    machine,
    open_lab,
    pool,
    uuid,
    write_lab,
)

NAMES = (
    "blocked", "crashed", "paused", "running", "saved", "stopped", "stopping",
    "suspended", "transient",
)  # fmt: skip
DEAF = "<on_poweroff>restart</on_poweroff>"
"""With this the test driver's machine is on again as soon as it was shut down."""


@dataclass
class HeldClock:
    """Time passes only by sleeping."""

    time: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds


class Stubborn:
    """libvirt's own objects, but for volumes, which nobody can delete."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def storagePoolLookupByName(self, name: str) -> Stubborn:  # noqa: N802
        return Stubborn(self._real.storagePoolLookupByName(name))

    def storageVolLookupByPath(self, path: str) -> Stubborn:  # noqa: N802
        return Stubborn(self._real.storageVolLookupByPath(path))

    def storageVolLookupByName(self, name: str) -> Stubborn:  # noqa: N802
        return Stubborn(self._real.storageVolLookupByName(name))

    def delete(self) -> None:
        raise libvirt.libvirtError("Operation not permitted")


class PausedAtFirst:
    """libvirt's own domain, but for its start, which leaves it paused."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def create(self) -> None:
        self._real.create()
        self._real.suspend()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[LibvirtHypervisor]:
    """A host with a machine in every state."""
    hypervisor = open_lab(tmp_path, *EVERY_STATE)
    yield hypervisor
    hypervisor.close()


def state(hypervisor: LibvirtHypervisor, name: str) -> int:
    return int(domain(hypervisor, name).state()[0])


# -- each step ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "step", "after"),
    [
        ("stopped", LibvirtHypervisor.start, RUNNING),
        ("saved", LibvirtHypervisor.start, RUNNING),
        ("stopped", LibvirtHypervisor.start_paused, PAUSED),
        ("saved", LibvirtHypervisor.start_paused, PAUSED),
        ("paused", LibvirtHypervisor.resume, RUNNING),
        ("running", LibvirtHypervisor.pause, PAUSED),
        ("running", LibvirtHypervisor.save, STOPPED),
        ("paused", LibvirtHypervisor.save, STOPPED),
        ("saved", LibvirtHypervisor.discard_saved_state, STOPPED),
        ("running", LibvirtHypervisor.power_off, STOPPED),
        ("paused", LibvirtHypervisor.power_off, STOPPED),
        ("crashed", LibvirtHypervisor.power_off, STOPPED),
        ("running", LibvirtHypervisor.reboot, RUNNING),
        ("running", LibvirtHypervisor.reset, RUNNING),
        (
            "crashed",
            LibvirtHypervisor.reset,
            CRASHED,
        ),  # the driver leaves the state alone
    ],
)
def test_step_leads_to_its_state(
    lab: LibvirtHypervisor,
    name: str,
    step: Callable[[LibvirtHypervisor, VirtualMachine], None],
    after: int,
) -> None:
    step(lab, lab.find_vm(name))
    assert state(lab, name) == after


def test_save_keeps_the_memory_and_start_uses_it_up(lab: LibvirtHypervisor) -> None:
    vm = lab.find_vm("running")
    lab.save(vm)
    assert domain(lab, "running").hasManagedSaveImage() == 1
    assert lab.find_vm("running").state == "saved"
    lab.start(vm)
    assert domain(lab, "running").hasManagedSaveImage() == 0
    assert lab.find_vm("running").state == "running"


def test_machine_that_was_saved_while_paused_runs_after_its_start(
    lab: LibvirtHypervisor,
) -> None:
    """QEMU restores it paused; here somebody pauses it as soon as it is on."""
    vm = lab.find_vm("saved")
    lab._domains[vm.uuid] = PausedAtFirst(domain(lab, "saved"))
    lab.start(vm)
    assert state(lab, "saved") == RUNNING


def test_discarded_memory_is_gone(lab: LibvirtHypervisor) -> None:
    lab.discard_saved_state(lab.find_vm("saved"))
    assert lab.find_vm("saved").state == "stopped"


@pytest.mark.parametrize("autostart", [True, False])
def test_autostart_is_set_and_taken_away(
    lab: LibvirtHypervisor, autostart: bool
) -> None:
    domain(lab, "stopped").setAutostart(int(not autostart))
    lab.set_autostart(lab.find_vm("stopped"), autostart)
    assert domain(lab, "stopped").autostart() == int(autostart)


def test_step_that_the_driver_lacks_is_told(lab: LibvirtHypervisor) -> None:
    with pytest.raises(OperationFailed) as failed:
        lab.wake_up(lab.find_vm("suspended"))
    assert str(failed.value) == (
        f"{lab.uri}: can't wake up machine suspended: this function is not supported by "
        "the connection driver: virDomainPMWakeup; this hypervisor's driver has no such "
        "operation."
    )
    assert failed.value.details["code"] == libvirt.VIR_ERR_NO_SUPPORT


def test_step_that_the_state_forbids_is_told(lab: LibvirtHypervisor) -> None:
    for name, step in (
        ("running", "start"),
        ("running", "resume"),
        ("stopped", "pause"),
        ("stopped", "reset"),
        ("transient", "save"),
    ):
        with pytest.raises(OperationFailed, match=f"machine {name}: "):
            getattr(lab, step)(lab.find_vm(name))


# -- off ------------------------------------------------------------------------------


def test_shut_down_waits_until_it_is_off(lab: LibvirtHypervisor) -> None:
    lab.shut_down(lab.find_vm("running"), 60)
    assert state(lab, "running") == STOPPED


@pytest.mark.parametrize("name", ["stopped", "saved"])
def test_shut_down_of_what_is_off_is_fine(lab: LibvirtHypervisor, name: str) -> None:
    lab.shut_down(lab.find_vm(name), 60)
    assert state(lab, name) == STOPPED


def test_deaf_machine_runs_out_of_time(tmp_path: Path) -> None:
    clock = HeldClock()
    connection = libvirt.open(write_lab(tmp_path, machine("deaf", 1, more=DEAF)))
    with LibvirtHypervisor(connection, clock=clock) as lab:
        with pytest.raises(OperationTimeout) as late:
            lab.shut_down(lab.find_vm("deaf"), 30)
        assert str(late.value) == (
            f"{lab.uri}: machine deaf was told to shut down and is still on after 30 "
            "seconds; allow more time with timeout, or switch it off with force: true."
        )
        assert clock.time == pytest.approx(30)
        assert lab.find_vm("deaf").state == "running"


def test_deaf_machine_is_switched_off_by_force(tmp_path: Path) -> None:
    clock = HeldClock()
    connection = libvirt.open(write_lab(tmp_path, machine("deaf", 1, more=DEAF)))
    with LibvirtHypervisor(connection, clock=clock) as lab:
        vm = lab.find_vm("deaf")
        plan = plan_vm(vm, Desired(state="stopped", force=True))
        lab.apply(vm, plan, timeout=2, force=True)
        assert lab.find_vm("deaf").state == "stopped"


def test_power_off_of_what_went_off_meanwhile_is_fine(lab: LibvirtHypervisor) -> None:
    for name in ("running", "transient"):
        vm = lab.find_vm(name)
        domain(lab, name).destroy()
        lab.power_off(vm)
        lab.shut_down(vm, 1)


def test_transient_machine_is_gone_once_it_is_off(lab: LibvirtHypervisor) -> None:
    vm = lab.find_vm("transient")
    lab.shut_down(vm, 60)
    with pytest.raises(MachineNotFound):
        lab.find_vm("transient")
    with pytest.raises(MachineNotFound, match="can't pause machine transient"):
        lab.pause(vm)


# -- away -----------------------------------------------------------------------------


def test_remove_takes_the_definition(lab: LibvirtHypervisor) -> None:
    lab.remove(lab.find_vm("stopped", detail="full"))
    with pytest.raises(MachineNotFound):
        lab.find_vm("stopped")


def test_remove_takes_saved_memory_and_snapshots_too(lab: LibvirtHypervisor) -> None:
    add_snapshot(lab, "running", "first")
    add_snapshot(lab, "running", "second")
    lab.save(lab.find_vm("running"))
    lab.remove(lab.find_vm("running", detail="full"))
    assert "running" not in [vm.name for vm in lab.list_vms()]


def test_name_is_free_after_a_removal(lab: LibvirtHypervisor, tmp_path: Path) -> None:
    lab.remove(lab.find_vm("stopped", detail="full"))
    lab._connection.defineXML(machine("stopped", 55, STOPPED))
    assert lab.find_vm("stopped").uuid == uuid(55)


def test_image_is_deleted_and_one_that_is_gone_is_fine(tmp_path: Path) -> None:
    parts = (
        pool("images", ["a.img", "b.img", "c.img"]),
        machine("a", 1, STOPPED, devices=disk("/images/a.img")),
    )
    with open_lab(tmp_path, *parts) as lab:
        assert isinstance(lab, LibvirtHypervisor)
        vm = lab.find_vm("a", detail="full")
        lab.remove(vm)
        lab.remove_disk(vm, "/images/a.img")
        lab.remove_disk(vm, "images/b.img")
        lab.remove_disk(vm, "/images/a.img")
        volumes = lab._connection.storagePoolLookupByName("images").listVolumes()
        assert volumes == ["c.img"]


@pytest.mark.parametrize(
    ("source", "command"),
    [
        ("/images/a b.img", "vol-delete '/images/a b.img'"),
        ("images/a b.img", "vol-delete 'a b.img' --pool images"),
    ],
)
def test_image_that_can_not_be_deleted_comes_with_the_command(
    tmp_path: Path, source: str, command: str
) -> None:
    parts = (pool("images", ["a b.img"]), machine("a", 1, STOPPED))
    with open_lab(tmp_path, *parts) as lab:
        assert isinstance(lab, LibvirtHypervisor)
        vm = lab.find_vm("a")
        real = lab._connection
        lab._open = Stubborn(real)
        with pytest.raises(OperationFailed) as refused:
            lab.remove_disk(vm, source)
        lab._open = real
    assert str(refused.value).endswith(
        f"can't delete {source}: Operation not permitted; "
        f"delete it with: virsh --connect {lab.uri} {command}."
    )


# -- what is not there any more -------------------------------------------------------

STEPS = (
    "start", "start_paused", "resume", "wake_up", "pause", "save",
    "discard_saved_state", "reboot", "reset", "remove", "power_off",
)  # fmt: skip
NOBODY = VirtualMachine(
    name="nobody", uuid="0abcdef0-0000-4000-8000-0000000000ff", state="running"
)


@pytest.mark.parametrize("step", STEPS)
def test_step_on_a_machine_that_is_gone_is_one_sentence(
    lab: LibvirtHypervisor, step: str
) -> None:
    with pytest.raises(MachineNotFound, match=r"machine nobody.*: there is no such"):
        getattr(lab, step)(NOBODY)


def test_steps_with_a_value_on_a_machine_that_is_gone(lab: LibvirtHypervisor) -> None:
    with pytest.raises(MachineNotFound):
        lab.set_autostart(NOBODY, True)
    with pytest.raises(MachineNotFound):
        lab.shut_down(NOBODY, 1)


def test_steps_over_a_closed_connection_are_a_lost_connection(
    lab: LibvirtHypervisor,
) -> None:
    vm = lab.find_vm("running")
    lab.close()
    for step in STEPS:
        with pytest.raises(ConnectionLost):
            getattr(lab, step)(vm)
    with pytest.raises(ConnectionLost):
        lab.shut_down(vm, 1)
    with pytest.raises(ConnectionLost):
        lab.remove_disk(vm, "/images/a.img")


# -- whole plans ----------------------------------------------------------------------

WISHES = ("running", "stopped", "paused", "saved", "absent")


@pytest.mark.parametrize("wanted", WISHES)
@pytest.mark.parametrize("name", [name for name in NAMES if name != "suspended"])
def test_plan_leads_a_real_machine_to_what_was_asked_for(
    lab: LibvirtHypervisor, name: str, wanted: str
) -> None:
    vm = lab.find_vm(name, detail="full")
    desired = Desired(state=wanted, force=True)
    try:
        plan = plan_vm(vm, desired)
    except PlanRefused:
        assert (name, wanted) in {
            ("stopped", "saved"), ("stopping", "saved"), ("crashed", "saved"),
            ("transient", "saved"),
        }  # fmt: skip
        return
    lab.apply(vm, plan, timeout=10, force=True)
    left = {found.name: found for found in lab.list_vms()}
    if wanted == "absent" or (name, wanted) == ("transient", "stopped"):
        assert name not in left
    else:
        assert left[name].state == wanted
        assert not plan_vm(left[name], desired)
    assert len(left) >= len(NAMES) - 1


@pytest.mark.parametrize("wanted", ["restarted", "reset"])
def test_one_time_actions_leave_a_running_machine_running(
    lab: LibvirtHypervisor, wanted: str
) -> None:
    for name in ("running", "transient"):
        vm = lab.find_vm(name)
        lab.apply(vm, plan_vm(vm, Desired(state=wanted)), timeout=10, force=False)
        assert lab.find_vm(name).state == "running"
