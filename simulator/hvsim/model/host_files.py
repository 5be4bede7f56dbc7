# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CIM_DataFile and Win32_Directory: the host's files and folders, and changing them.

Return codes are those of Microsoft's pages on the methods of CIM_DataFile and
Win32_Directory. Neither class makes a folder: Win32_Process.Create with `cmd /c mkdir`
does. A question by Name, or by the folder (Path), looks at no other files.
"""

from __future__ import annotations

import ntpath
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from hvsim.files import Exists, InUse, NotFound
from hvsim.model.clock import moment
from hvsim.wmi.registry import Values, by_property, method, of_host
from hvsim.wmi.schema import CIMV2
from hvsim.wmi.values import Instance

if TYPE_CHECKING:
    from hvsim.model.model import Model

FILE = "CIM_DataFile"
DIRECTORY = "Win32_Directory"


class FileResult(IntEnum):
    """What the methods return."""

    OK = 0
    ACCESS_DENIED = 2
    INVALID_OBJECT = 9
    EXISTS = 10
    OTHER_DRIVE = 13
    SHARING_VIOLATION = 15
    INVALID_PARAMETER = 21


# Instances


@of_host(FILE, CIMV2)
def files(model: Model) -> Iterator[Values]:
    """Every file."""
    for path, _ in model.files.all_files():
        yield _file(model, path)


@by_property(FILE, "Name", CIMV2)
def file_of_name(model: Model, name: str) -> Iterator[Values]:
    """The file of a whole path."""
    if model.files.is_file(name):
        yield _file(model, model.files.shown(name))


@by_property(FILE, "Path", CIMV2)
def files_of_folder(model: Model, folder: str) -> Iterator[Values]:
    """The files of a folder, which Path names without its drive."""
    for drive in _drives(model):
        for path, size in _entries(model, drive + folder):
            if size is not None:
                yield _file(model, path)


@of_host(DIRECTORY, CIMV2)
def directories(model: Model) -> Iterator[Values]:
    """Every folder."""
    for path in model.files.all_directories():
        yield _directory(model, path)


@by_property(DIRECTORY, "Name", CIMV2)
def directory_of_name(model: Model, name: str) -> Iterator[Values]:
    """The folder of a whole path."""
    if model.files.is_directory(name):
        yield _directory(model, model.files.shown(name))


@by_property(DIRECTORY, "Path", CIMV2)
def directories_of_folder(model: Model, folder: str) -> Iterator[Values]:
    """The folders in a folder."""
    for drive in _drives(model):
        for path, size in _entries(model, drive + folder):
            if size is None:
                yield _directory(model, path)


def _drives(model: Model) -> list[str]:
    drives = {ntpath.splitdrive(path)[0] for path in model.files.all_directories()}
    return sorted(drives)


def _entries(model: Model, folder: str) -> list[tuple[str, int | None]]:
    try:
        shown = model.files.shown(folder)
        entries = model.files.entries(folder)
    except NotFound:
        return []
    return [(ntpath.join(shown, name), size) for name, size in entries]


def _file(model: Model, path: str) -> Values:
    extension = ntpath.splitext(path)[1][1:]
    return {
        **_logical(model, path),
        "EightDotThreeFileName": path.lower(),
        "Extension": extension,
        "FileName": ntpath.splitext(ntpath.basename(path))[0],
        "FileSize": model.files.size(path),
        "FileType": f"{extension} File",
    }


def _directory(model: Model, path: str) -> Values:
    return {
        **_logical(model, path),
        "EightDotThreeFileName": path.lower(),
        "Extension": "",
        "FileName": ntpath.basename(path),
        "FileType": "File Folder",
    }


def _logical(model: Model, path: str) -> Values:
    drive, rest = ntpath.splitdrive(path)
    folder = ntpath.dirname(rest).rstrip("\\") + "\\"
    return {
        "Archive": True,
        "Caption": path,
        "Compressed": False,
        "CreationClassName": "CIM_LogicalFile",
        "CreationDate": moment(model.booted),
        "CSCreationClassName": "Win32_ComputerSystem",
        "CSName": model.hostname,
        "Description": path,
        "Drive": drive.lower(),
        "Encrypted": False,
        "FSCreationClassName": "Win32_FileSystem",
        "FSName": "NTFS",
        "Hidden": False,
        "LastModified": moment(model.booted),
        "Name": path,
        "Path": folder.lower(),
        "Readable": True,
        "Status": "OK",
        "System": False,
        "Writeable": True,
    }


# Changes


def _change(instance: Instance | None, change: Callable[[str], None]) -> Values:
    assert instance is not None
    path = str(instance.get("Name"))
    if _is_protected(path):
        return {"ReturnValue": FileResult.ACCESS_DENIED}
    return {"ReturnValue": _result(change, path)}


def _result(change: Callable[[str], None], path: str) -> FileResult:
    try:
        change(path)
    except NotFound:
        return FileResult.INVALID_OBJECT
    except Exists:
        return FileResult.EXISTS
    except InUse:
        return FileResult.SHARING_VIOLATION
    return FileResult.OK


def _is_protected(path: str) -> bool:
    """Windows' own files belong to TrustedInstaller; a drive's root stays."""
    rest = ntpath.splitdrive(path.lower())[1].rstrip("\\")
    return not rest or rest == "\\windows" or rest.startswith("\\windows\\")


def _target(parameters: Values) -> Any:
    """The new name; None unless it is a whole path."""
    name = parameters.get("FileName") or ""
    drive, rest = ntpath.splitdrive(name)
    return ntpath.normpath(name) if drive and rest.startswith("\\") else None


@method(FILE, "Delete", CIMV2)
def delete_file(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Delete a file that nothing holds."""
    return _change(instance, model.files.remove)


@method(DIRECTORY, "Delete", CIMV2)
def delete_directory(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Delete a folder with all that is in it, as the provider does."""
    return _change(instance, model.files.remove_directory)


@method(FILE, "Rename", CIMV2)
@method(DIRECTORY, "Rename", CIMV2)
def rename(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Give another whole path on the same drive; a name alone is refused."""
    target = _target(parameters)
    if target is None:
        return {"ReturnValue": FileResult.INVALID_PARAMETER}
    assert instance is not None
    source = str(instance.get("Name"))
    if ntpath.splitdrive(source)[0].lower() != ntpath.splitdrive(target)[0].lower():
        return {"ReturnValue": FileResult.OTHER_DRIVE}
    return _change(instance, lambda path: model.files.rename(path, target))


@method(FILE, "Copy", CIMV2)
@method(DIRECTORY, "Copy", CIMV2)
def copy(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Copy to another whole path; what is there is not overwritten."""
    target = _target(parameters)
    if target is None:
        return {"ReturnValue": FileResult.INVALID_PARAMETER}
    assert instance is not None
    return {
        "ReturnValue": _result(
            lambda path: model.files.copy(path, target), str(instance.get("Name"))
        )
    }
