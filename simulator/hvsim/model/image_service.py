# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Msvm_ImageManagementService: making, changing and checking virtual hard disks.

Each method starts an Msvm_StorageJob; what is wrong with the files fails the job.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from hvsim.model import disk_changes, disks
from hvsim.model.computer_system import job_result
from hvsim.model.disk_errors import Cause, DiskError
from hvsim.model.disks import Wish
from hvsim.model.jobs import JobError, ReturnCode, StorageJobType
from hvsim.model.storage import IMAGE_SERVICE
from hvsim.wmi.embedded import EmbeddedError, parse
from hvsim.wmi.registry import Values, method
from hvsim.wmi.schema import VIRTUALIZATION, schema
from hvsim.wmi.values import Instance

if TYPE_CHECKING:
    from hvsim.model.model import Model

SETTING_DATA = "Msvm_VirtualHardDiskSettingData"
INVALID: Values = {"ReturnValue": ReturnCode.INVALID_PARAMETER}
_GUID = re.compile(r"\{?([0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12})\}?")


def _start(
    model: Model,
    job_type: StorageJobType,
    verb: str,
    paths: tuple[str, ...],
    work: Callable[[], object],
) -> Values:
    """Start a job; a file that another job works on makes it fail."""
    taken = model.paths_of_jobs()
    blocked = next((path for path in paths if path.lower() in taken), None)

    def action() -> JobError | None:
        if blocked is not None:
            return DiskError(Cause.IN_USE, blocked).job_error(verb)
        try:
            work()
        except DiskError as error:
            return error.job_error(verb)
        except EmbeddedError as error:
            return JobError(error.code, error.message, 0x80070057)
        return None

    held = () if blocked else paths
    return job_result(model, model.start_job(job_type, None, action, paths=held))


def _read(text: str) -> Instance:
    """The settings of a disk. Raises EmbeddedError."""
    found = parse(text, schema(VIRTUALIZATION))
    if found.cim_class.name != SETTING_DATA:
        raise EmbeddedError(ReturnCode.INVALID_PARAMETER, f"It is no {SETTING_DATA}.")
    return found


def _path_in(text: str) -> tuple[str, ...]:
    """The path that settings name, if they can be read at all."""
    try:
        path = _read(text).get("Path")
    except EmbeddedError:
        return ()
    return (path,) if path else ()


@method(IMAGE_SERVICE, "CreateVirtualHardDisk")
def create(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Make a fixed, dynamic or differencing disk, VHD or VHDX."""
    text = parameters.get("VirtualDiskSettingData")
    if not text:
        return INVALID

    def work() -> None:
        disks.create(model, Wish.read(dict(_read(text).values)))

    kind = StorageJobType.CREATE_DISK
    return _start(model, kind, "create", _path_in(text), work)


@method(IMAGE_SERVICE, "ResizeVirtualHardDisk")
def resize(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Grow or shrink a disk."""
    path, size = parameters.get("Path"), parameters.get("MaxInternalSize")
    if not path or size is None:
        return INVALID

    def work() -> None:
        disk_changes.resize(model, path, size)

    return _start(model, StorageJobType.RESIZE_DISK, "resize", (path,), work)


@method(IMAGE_SERVICE, "ConvertVirtualHardDisk")
def convert(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Make a disk of another type or format out of one, which stays."""
    path, text = parameters.get("SourcePath"), parameters.get("VirtualDiskSettingData")
    if not path or not text:
        return INVALID

    def work() -> None:
        disk_changes.convert(model, path, Wish.read(dict(_read(text).values)))

    paths = (*_path_in(text), path)
    return _start(model, StorageJobType.CONVERT_DISK, "convert", paths, work)


@method(IMAGE_SERVICE, "MergeVirtualHardDisk")
def merge(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Put a differencing disk into one below it."""
    path, target = parameters.get("SourcePath"), parameters.get("DestinationPath")
    if not path or not target:
        return INVALID

    def work() -> None:
        disk_changes.merge(model, path, target)

    return _start(model, StorageJobType.MERGE_DISK, "merge", (path, target), work)


@method(IMAGE_SERVICE, "CompactVirtualHardDisk")
def compact(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Free unused parts of a file; Mode 0 full to 4 prezeroed."""
    path, mode = parameters.get("Path"), parameters.get("Mode")
    if not path or mode not in (None, 0, 1, 2, 3, 4):
        return INVALID

    def work() -> None:
        disk_changes.compact(model, path)

    return _start(model, StorageJobType.COMPACT_DISK, "compact", (path,), work)


@method(IMAGE_SERVICE, "SetParentVirtualHardDisk")
def set_parent(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Let a differencing disk stand upon another file."""
    path, parent = parameters.get("ChildPath"), parameters.get("ParentPath")
    if not path or not parent:
        return INVALID
    leaf = parameters.get("LeafPath") or ""
    ignore = bool(parameters.get("IgnoreIDMismatch"))

    def work() -> None:
        disk_changes.set_parent(model, path, parent, leaf=leaf, ignore=ignore)

    return _start(model, StorageJobType.SET_DISK, "set the parent of", (path,), work)


@method(IMAGE_SERVICE, "ValidateVirtualHardDisk")
def validate(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Whether a disk and those below it fit each other."""
    path = parameters.get("Path")
    if not path:
        return INVALID

    def work() -> None:
        disk_changes.validate(model, path)

    return _start(model, StorageJobType.VALIDATE_DISK, "validate", (path,), work)


@method(IMAGE_SERVICE, "SetVirtualHardDiskSettingData")
def set_setting_data(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Change one of ParentPath, PhysicalSectorSize and VirtualDiskId.

    "You can only use this method to update" those, and one of them in a call
    (Microsoft's page); what is told and equal to what is there doesn't count.
    """
    text = parameters.get("VirtualDiskSettingData")
    if not text:
        return INVALID

    def work() -> None:
        _set(model, Wish.read(dict(_read(text).values)))

    return _start(model, StorageJobType.SET_DISK, "change", _path_in(text), work)


def _set(model: Model, wish: Wish) -> None:
    image = disks.disk(model, wish.path)
    told = {
        "parent": wish.parent and wish.parent.lower() != image.parent.lower(),
        "sector": wish.physical_sector not in (0, image.physical_sector),
        "guid": wish.guid and wish.guid != image.guid,
    }
    changes = [name for name, is_other in told.items() if is_other]
    if len(changes) > 1:
        raise DiskError(Cause.PARAMETER, wish.path)
    if changes == ["parent"]:
        disk_changes.set_parent(model, wish.path, wish.parent)
    elif changes == ["sector"]:
        disk_changes.set_physical_sector(model, wish.path, wish.physical_sector)
    elif changes:
        if not _GUID.fullmatch(wish.guid) or not wish.guid.strip("0-"):
            raise DiskError(Cause.PARAMETER, wish.path)
        disk_changes.set_identifier(model, wish.path, wish.guid)
