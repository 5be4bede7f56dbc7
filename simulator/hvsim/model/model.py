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

from hvsim.model.clock import Clock, SystemClock
from hvsim.model.identifiers import guid
from hvsim.model.images import GIB, Image, ImageFiles
from hvsim.model.jobs import (
    TIME_BEFORE_REMOVAL,
    Job,
    JobError,
    JobState,
    JobType,
)
from hvsim.model.machine import Machine, Power
from hvsim.model.network import default_ports, default_switches
from hvsim.model.population import Population, machine_name
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
        self.registry = WindowsRegistry(hostname=hostname, domain=domain)
        self.ports = default_ports()
        self.switches = default_switches(self.ports)
        self.images = ImageFiles()
        self.images.add(Image(r"C:\ISO\debian-12.iso", 660_602_880))
        self.machines: dict[str, Machine] = {}
        self.jobs: dict[str, Job] = {}
        self.job_failures: list[JobError] = []
        self._owners: dict[str, str] = {}
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._settling: float | None = None
        self._counter = 0
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
            self.machines[machine.guid] = machine
            for snapshot in machine.snapshots:
                self._owners[snapshot.guid] = machine.guid
            return machine

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

    def remove_machine(self, machine: Machine) -> None:
        """Take a machine away; its image files stay."""
        self.machines.pop(machine.guid, None)
        for snapshot in machine.snapshots:
            self._owners.pop(snapshot.guid, None)

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
        self, code: int = 32768, description: str = "The operation failed."
    ) -> None:
        """Let the next job that starts end with that error, once."""
        with self.lock:
            self.job_failures.append(JobError(code, description))

    def start_job(
        self,
        job_type: JobType,
        machine: Machine | None,
        action: Callable[[], JobError | None],
        *,
        undo: Callable[[], None] | None = None,
        seconds: float | None = None,
    ) -> Job:
        """Start a job that does the action at its end.

        With a duration of 0 it has ended when this returns.
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
        )
        if self.job_failures:
            job.error = self.job_failures.pop(0)
        self.jobs[job.guid] = job
        if machine:
            machine.jobs.append(job.guid)
        if job.seconds <= 0:
            self._finish(job)
        else:
            self.at(now + job.seconds, lambda: self._finish(job))
        return job

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
