# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model: everything that the simulated host is and has, and its time.

One lock guards it. Nothing runs by itself: what is due by the clock happens when
somebody looks, in the order in which it is due.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from hvsim.files import Files
from hvsim.model import branches
from hvsim.model.clock import Clock, SystemClock
from hvsim.model.identifiers import guid
from hvsim.model.images import FOLDERS, GIB, Image, ImageFiles
from hvsim.model.jobs import (
    TIME_BEFORE_REMOVAL,
    Job,
    JobError,
    JobState,
    JobType,
    StorageJobType,
)
from hvsim.model.machine import Machine, Power, Snapshot
from hvsim.model.network import default_ports, default_switches
from hvsim.model.population import Population, machine_name
from hvsim.model.services import SETTINGS
from hvsim.rules import Rule, Rules
from hvsim.windows_registry import WindowsRegistry


class Model:
    """A Hyper-V host.

    Args:
        vms: How many machines it has, vm0001 and so on.
        names: More machines, by name; a name may be there already, as Hyper-V allows.
        seed: Decides sizes and times of the machines.
        job_seconds: How long a job takes; with 0 methods do at once what they are
            asked, and return 0 instead of 4096.
        guest_seconds: How long a guest takes to shut down.
        hyperv: Whether the host has the Hyper-V role (and its namespace).
        hostname: The computer's name.
        domain: The DNS domain that it is a member of; empty in a workgroup.
        clock: Its time; a HeldClock stands still until a test advances it.
    """

    def __init__(
        self,
        vms: int = 3,
        *,
        names: Iterable[str] = (),
        seed: int = 0,
        job_seconds: float = 0.2,
        guest_seconds: float = 1.0,
        hyperv: bool = True,
        hostname: str = "HVSIM",
        domain: str = "",
        clock: Clock | None = None,
    ) -> None:
        self.lock = threading.RLock()
        self.clock: Clock = clock or SystemClock()
        self.hostname = hostname
        self.domain = domain
        self.hyperv = hyperv
        self.job_seconds = job_seconds
        self.guest_seconds = guest_seconds
        self.time_before_removal = TIME_BEFORE_REMOVAL
        self.booted = self.clock.now() - 40 * 86400
        self.logical_processors = 16
        self.memory = 64 * GIB
        self.processes: list[tuple[int, str, str]] = []
        self.processes_made = 0
        self.registry = WindowsRegistry(hostname=hostname, domain=domain)
        self.ports = default_ports()
        self.switches = default_switches(self.ports)
        self.files = Files()
        self.files.is_held = self.is_held
        self.files.is_locked = self.is_locked
        for folder in FOLDERS:
            self.files.make_directory(folder)
        self.images = ImageFiles(self.files)
        self.images.add(Image(r"C:\ISO\debian-12.iso", 660_602_880))
        self.machines: dict[str, Machine] = {}
        self.jobs: dict[str, Job] = {}
        self.rules = Rules()
        """What shall go wrong; here, with jobs."""
        self.host_settings: dict[str, Any] = {}
        """Properties of the management service's settings that were written."""
        self._owners: dict[str, str] = {}
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._settling: float | None = None
        self._counter = 0
        self._addresses = 0
        self._population = Population(
            seed, self.clock.now(), self.switches, self.images
        )
        for name in (*(machine_name(n + 1) for n in range(vms)), *names):
            self.add_machine(name)

    @contextmanager
    def locked(self) -> Iterator[float]:
        """Hold the model; what is due has happened. Gives the present time."""
        with self.lock:
            self._settle()
            yield self.now()

    # Machines

    def add_machine(
        self,
        name: str,
        *,
        generation: int | None = None,
        power: Power | None = None,
        snapshots: int | None = None,
    ) -> Machine:
        """Give the host another machine, and return it to be changed at will."""
        with self.lock:
            machine = self._population.make(
                name, generation=generation, power=power, snapshots=snapshots
            )
            self.enter_machine(machine)
            return machine

    def enter_machine(self, machine: Machine) -> None:
        """Let a machine that was made be one of the host's."""
        self.machines[machine.guid] = machine
        for snapshot in machine.snapshots:
            self._owners[snapshot.guid] = machine.guid

    def machine(self, name: str) -> Machine:
        """The first machine of that name. Raises KeyError."""
        with self.locked():
            for machine in self.machines.values():
                if machine.name == name:
                    return machine
            raise KeyError(name)

    def owner(self, any_guid: str) -> Machine | None:
        """The machine of that GUID, or the one whose snapshot has it."""
        wanted = any_guid.upper()
        return self.machines.get(self._owners.get(wanted, wanted))

    def add_snapshot(self, machine: Machine, snapshot: Snapshot) -> None:
        """Give a machine a checkpoint that was taken."""
        machine.snapshots.append(snapshot)
        self._owners[snapshot.guid] = machine.guid

    def remove_snapshot(self, machine: Machine, snapshot: Snapshot) -> None:
        """Take a checkpoint away; its files stay."""
        machine.snapshots.remove(snapshot)
        self._owners.pop(snapshot.guid, None)

    def remove_machine(self, machine: Machine) -> None:
        """Take a machine away; its disks stay, those of checkpoints merged into them."""
        if machine.snapshots:
            paths = branches.files_of(self.images, machine)
            for snapshot in list(machine.snapshots):
                self.remove_snapshot(machine, snapshot)
            branches.tidy(self.images, self.machines.values(), paths)
        self.machines.pop(machine.guid, None)

    # Files

    def is_held(self, path: str) -> bool:
        """Whether a machine that is on, or a job, holds a file."""
        with self.lock:
            self._look()
            wanted = path.lower()
            return wanted in self.paths_of_jobs() or self.user(path) is not None

    def is_locked(self, path: str) -> bool:
        """Whether a machine that is on, or a job, writes to a file: none may read it."""
        with self.lock:
            self._look()
            return path.lower() in self.paths_of_jobs() or bool(self.writer(path))

    def _look(self) -> None:
        """What is due has happened; but not what is due while something happens."""
        if self._settling is None:
            self._settle()

    def writer(self, path: str) -> Machine | None:
        """The machine that is on and has an image itself in a drive for hard disks."""
        user = self.user(path)
        drives = user.configuration.drives if user else ()
        wanted = path.lower()
        writes = any(
            d.path and d.path.lower() == wanted and not d.is_dvd for d in drives
        )
        return user if writes else None

    def user(self, path: str) -> Machine | None:
        """The machine that is on and has an image, or one upon it, in a drive."""
        wanted = path.lower()
        for machine in self.machines.values():
            if not machine.is_on and machine.changing is None:
                continue
            paths = [drive.path for drive in machine.configuration.drives]
            for held in (*paths, machine.configuration.floppy):
                if held and wanted in self._chain(held):
                    return machine
        return None

    def _chain(self, path: str) -> Iterator[str]:
        yield path.lower()
        for image in self.images.chain(path):
            yield image.path.lower()

    def paths_of_jobs(self) -> set[str]:
        """The image files that jobs work on, in lower case."""
        running = (job for job in self.jobs.values() if not job.is_finished)
        return {path.lower() for job in running for path in job.paths}

    # Time

    def now(self) -> float:
        """The present; what was due earlier finds the time at which it was due."""
        return self.clock.now() if self._settling is None else self._settling

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Let something happen at that time."""
        self._counter += 1
        heapq.heappush(self._due, (when, self._counter, action))

    def _settle(self) -> None:
        now = self.clock.now()
        try:
            while self._due and self._due[0][0] <= now:
                self._settling, _, action = heapq.heappop(self._due)
                action()
        finally:
            self._settling = None

    # Jobs

    def fail_next_job(
        self,
        code: int = 32768,
        description: str = "The operation failed.",
        *,
        job_type: JobType | StorageJobType | None = None,
        job: str = "*",
    ) -> None:
        """Let the next job end with that error, once.

        Args:
            code: Its ErrorCode.
            description: Its ErrorDescription.
            job_type: Of which jobs; None for any.
            job: The same as in a rule: a pattern for the class (`Msvm_StorageJob`) or
                for the type (`create_disk`).
        """
        wanted = _pattern(job_type, job)
        self.rules.add(Rule("fail-job", job=wanted, error=code, message=description))

    def hang_next_job(
        self, job_type: JobType | StorageJobType | None = None, *, job: str = "*"
    ) -> None:
        """Let the next job (as in fail_next_job) run and never end, once."""
        self.rules.add(Rule("hang-job", job=_pattern(job_type, job)))

    def new_guid(self, *parts: object) -> str:
        """A GUID that nothing has yet."""
        self._counter += 1
        return guid("new", self._counter, *parts)

    def new_address(self) -> str:
        """A MAC address of the host's range, the next one."""
        pool = {**SETTINGS, **self.host_settings}
        least, most = (
            int(pool[f"{end}MacAddress"], 16) for end in ("Minimum", "Maximum")
        )
        self._addresses += 1
        return f"{least + self._addresses % max(1, most - least + 1):012X}"

    def start_job(
        self,
        job_type: JobType | StorageJobType,
        machine: Machine | None,
        action: Callable[[], JobError | None],
        *,
        undo: Callable[[], None] | None = None,
        seconds: float | None = None,
        paths: tuple[str, ...] = (),
    ) -> Job:
        """Start a job that does the action at its end.

        With a duration of 0 it has ended when this returns. `paths` are the image
        files that it holds as long as it runs.
        """
        self._counter += 1
        now = self.now()
        job = Job(
            guid=guid("job", self._counter),
            type=job_type,
            machine=machine.guid if machine else None,
            started=now,
            seconds=self.job_seconds if seconds is None else seconds,
            action=action,
            undo=undo,
            paths=paths,
        )
        self._spoil(job)
        self.jobs[job.guid] = job
        if machine:
            machine.jobs.append(job.guid)
        if job.seconds <= 0:
            self._finish(job)
        else:
            self.at(now + job.seconds, lambda: self._finish(job))
        return job

    def _spoil(self, job: Job) -> None:
        rule = self.rules.take_job(job.names)
        if rule and rule.do == "hang-job":
            job.seconds = float("inf")
        elif rule:
            job.error = JobError(rule.error, rule.message or "The operation failed.")

    def end_job(self, job: Job, error: JobError | None) -> None:
        """Terminate a job before its time."""
        job.state = JobState.TERMINATED
        job.error = error
        self._close(job, job.percent(self.now()))
        if job.undo:
            job.undo()

    def _finish(self, job: Job) -> None:
        if job.is_finished:
            return
        if job.error is None and job.action is not None:
            job.error = job.action()
        job.state = JobState.EXCEPTION if job.error else JobState.COMPLETED
        self._close(job, 100 if job.error is None else 50)
        if job.error and job.undo:
            job.undo()

    def _close(self, job: Job, reached: int) -> None:
        job.reached = reached
        job.finished = self.now()
        self.at(job.finished + self.time_before_removal, lambda: self._forget(job))

    def _forget(self, job: Job) -> None:
        self.jobs.pop(job.guid, None)
        machine = self.machines.get(job.machine or "")
        if machine and job.guid in machine.jobs:
            machine.jobs.remove(job.guid)


def _pattern(job_type: JobType | StorageJobType | None, job: str) -> str:
    return job_type.name if job_type else job
