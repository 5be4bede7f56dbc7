# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs: what a method that returns 4096 leaves behind.

Msvm_ConcreteJob, or Msvm_StorageJob where the image service works. A job runs for its
seconds, then acts and completes, or fails without acting; it vanishes
TimeBeforeRemoval after that (five minutes, CIM_ConcreteJob's default).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, IntEnum

TIME_BEFORE_REMOVAL = 300.0


class JobState(IntEnum):
    """CIM_ConcreteJob.JobState."""

    RUNNING = 4
    COMPLETED = 7
    TERMINATED = 8
    EXCEPTION = 10


class ReturnCode(IntEnum):
    """What methods return, and what a failed job has as its ErrorCode."""

    OK = 0
    JOB_STARTED = 4096
    FAILED = 32768
    ACCESS_DENIED = 32769
    NOT_SUPPORTED = 32770
    INVALID_PARAMETER = 32773
    IN_USE = 32774
    INVALID_STATE = 32775
    INCORRECT_DATA_TYPE = 32776
    NOT_AVAILABLE = 32777
    FILE_NOT_FOUND = 32779
    NOT_READY = 32780
    LOCKED = 32781
    SHUTDOWN_IN_PROGRESS = 32782


class JobType(IntEnum):
    """Msvm_ConcreteJob.JobType."""

    DEFINE_MACHINE = 1
    MODIFY_MACHINE = 2
    DESTROY_MACHINE = 3
    MODIFY_SERVICE = 4
    START = 12
    POWER_OFF = 13
    SAVE = 14
    RESTORE = 15
    SHUT_DOWN = 16
    PAUSE = 26
    RESUME = 27
    RESET = 28
    REBOOT = 29
    ADD_RESOURCES = 30
    MODIFY_RESOURCES = 31
    REMOVE_RESOURCES = 32
    MERGE_DISKS = 50
    SNAPSHOT = 70
    APPLY_SNAPSHOT = 71
    DELETE_SNAPSHOT = 72
    CLEAR_SNAPSHOT_STATE = 73
    DEFINE_SWITCH = 130
    MODIFY_SWITCH = 131
    DESTROY_SWITCH = 132
    ADD_SWITCH_RESOURCES = 133
    MODIFY_SWITCH_RESOURCES = 134
    REMOVE_SWITCH_RESOURCES = 135


class StorageJobType(Enum):
    """Msvm_StorageJob.JobType; no IntEnum, as its numbers mean others in JobType."""

    SET_DISK = 0
    CREATE_DISK = 1
    COMPACT_DISK = 3
    RESIZE_DISK = 4
    MERGE_DISK = 5
    CONVERT_DISK = 6
    VALIDATE_DISK = 9


CAPTIONS = {
    JobType.DEFINE_MACHINE: "Creating Virtual Machine",
    JobType.MODIFY_MACHINE: "Modifying Virtual Machine",
    JobType.DESTROY_MACHINE: "Destroying Virtual Machine",
    JobType.MODIFY_SERVICE: "Modifying Service Settings",
    JobType.START: "Starting Virtual Machine",
    JobType.POWER_OFF: "Turning Off Virtual Machine",
    JobType.SAVE: "Saving Virtual Machine",
    JobType.RESTORE: "Restoring Virtual Machine",
    JobType.SHUT_DOWN: "Shutting Down Virtual Machine",
    JobType.PAUSE: "Pausing Virtual Machine",
    JobType.RESUME: "Resuming Virtual Machine",
    JobType.RESET: "Resetting Virtual Machine",
    JobType.REBOOT: "Rebooting Virtual Machine",
    JobType.ADD_RESOURCES: "Adding Virtual Machine Resources",
    JobType.MODIFY_RESOURCES: "Modifying Virtual Machine Resources",
    JobType.REMOVE_RESOURCES: "Removing Virtual Machine Resources",
    JobType.MERGE_DISKS: "Merging VHD Disks",
    JobType.SNAPSHOT: "Creating Virtual Machine Snapshot",
    JobType.APPLY_SNAPSHOT: "Applying Virtual Machine Snapshot",
    JobType.DELETE_SNAPSHOT: "Deleting Virtual Machine Snapshot",
    JobType.CLEAR_SNAPSHOT_STATE: "Clearing Virtual Machine Snapshot State",
    JobType.DEFINE_SWITCH: "Defining Ethernet Switch",
    JobType.MODIFY_SWITCH: "Modifying Ethernet Switch Settings",
    JobType.DESTROY_SWITCH: "Destroying Ethernet Switch",
    JobType.ADD_SWITCH_RESOURCES: "Adding Ethernet Switch Resources",
    JobType.MODIFY_SWITCH_RESOURCES: "Modifying Ethernet Switch Resources",
    JobType.REMOVE_SWITCH_RESOURCES: "Removing Ethernet Switch Resources",
}
STORAGE_CAPTION = "Storage Job"


@dataclass(frozen=True)
class JobError:
    """Why a job fails: ErrorCode, ErrorDescription, and Windows' own code for it."""

    code: int
    description: str
    hresult: int = 0
    """JobCompletionStatusCode of a storage job; ErrorCode has 16 bits only."""


@dataclass
class Job:
    """A job of the host."""

    guid: str
    type: JobType | StorageJobType
    machine: str | None
    """The GUID of the machine that it changes."""
    started: float
    seconds: float
    action: Callable[[], JobError | None] | None
    """What happens at its end; an error makes the job fail."""
    undo: Callable[[], None] | None = None
    """What happens if it fails or is terminated."""
    error: JobError | None = None
    state: JobState = JobState.RUNNING
    finished: float | None = None
    reached: int = field(default=0)
    """Percent at the time it stopped."""
    paths: tuple[str, ...] = ()
    """The image files that it works on."""
    snapshot: str | None = None
    """The GUID of the checkpoint that it makes."""
    switch: str | None = None
    """The GUID of the switch that it makes."""

    @property
    def class_name(self) -> str:
        """The class of its instance."""
        is_storage = isinstance(self.type, StorageJobType)
        return "Msvm_StorageJob" if is_storage else "Msvm_ConcreteJob"

    @property
    def caption(self) -> str:
        """What it does, in words."""
        if isinstance(self.type, StorageJobType):
            return STORAGE_CAPTION
        return CAPTIONS[self.type]

    @property
    def names(self) -> tuple[str, str]:
        """What fault rules call it: its class and the name of its type."""
        return self.class_name, self.type.name.lower()

    @property
    def is_finished(self) -> bool:
        """Whether it has come to an end, good or bad."""
        return self.state != JobState.RUNNING

    @property
    def is_cancellable(self) -> bool:
        """Whether RequestStateChange may end it: saving, restoring and storage alone."""
        is_kind = self.type in (JobType.SAVE, JobType.RESTORE)
        return not self.is_finished and (
            is_kind or isinstance(self.type, StorageJobType)
        )

    def percent(self, now: float) -> int:
        """PercentComplete."""
        if self.is_finished:
            return self.reached
        if self.seconds <= 0:
            return 99
        return min(99, int(100 * (now - self.started) / self.seconds))
