# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against the start of a machine: its processors, its images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hvsim.model.branches import disk_drives, missing_disk
from hvsim.model.jobs import JobError, ReturnCode
from hvsim.model.machine import Configuration, Machine

if TYPE_CHECKING:
    from hvsim.model.model import Model


def obstacle(model: Model, machine: Machine) -> JobError | None:
    """Why a machine can't start."""
    configuration = machine.configuration
    if configuration.processors > model.logical_processors:
        return _failure(
            machine,
            f"the host has {model.logical_processors} logical processors, "
            f"the virtual machine {configuration.processors}.",
        )
    isos = [d.path for d in configuration.drives if d.path and d.is_dvd]
    missing = [path for path in isos if model.images.find(path) is None]
    if path := missing_disk(model.images, configuration) or next(iter(missing), None):
        return _failure(
            machine,
            f"'{path}': The system cannot find the file specified. (0x80070002)",
        )
    worked_on = model.paths_of_jobs()
    for _drive, path in disk_drives(configuration):
        if path.lower() in worked_on or holder_of(model, path, machine):
            return _failure(
                machine,
                f"'{path}': The process cannot access the file because it is being "
                "used by another process. (0x80070020)",
            )
    return None


def _failure(machine: Machine, why: str) -> JobError:
    return JobError(ReturnCode.FAILED, f"'{machine.name}' failed to start: {why}")


NO_ADDRESS = "0" * 12
"""The dynamic MAC address of an adapter whose machine was never started."""


def give_addresses(model: Model, configuration: Configuration) -> None:
    """Give the adapters their dynamic MAC addresses: Windows does it at the start."""
    for nic in configuration.nics:
        if nic.mac == NO_ADDRESS and not nic.static_mac:
            nic.mac = model.new_address()


def holder_of(model: Model, path: str, but: Machine) -> Machine | None:
    """Another machine that is on and has a disk, or one upon it."""
    wanted = set(_with_descendants(model, path))
    for machine in model.machines.values():
        if not machine.is_on or machine is but:
            continue
        for drive in machine.configuration.drives:
            if drive.path and not drive.is_dvd and drive.path.lower() in wanted:
                return machine
    return None


def _with_descendants(model: Model, path: str) -> Iterator[str]:
    """A disk and those that stand upon it, in lower case: few, so looked up downwards."""
    yield path.lower()
    for child in model.images.children(path):
        yield from _with_descendants(model, child.path)
