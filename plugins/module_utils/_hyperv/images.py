# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image files of a host: which are there, what is in them, made, grown, deleted.

Hyper-V has no storage pools. Files are CIM_DataFile's of root/cimv2, which knows the
host's own drives and no shares; what is in a virtual hard disk is told, one at a time,
by Msvm_ImageManagementService.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from .._cim.embedded import from_text
from .._cim.instance import CimInstance
from .._cim.wql import Select, select
from .._hypervisor.description import DiskWish
from .._hypervisor.hypervisor import OperationFailed
from .._hypervisor.plan import PlanRefused
from .._hypervisor.values import Image, ImageInfo, VirtualMachine
from .._wsman.client import resource_uri
from .classes import CIMV2, HARD_DISK, IMAGE_SERVICE, JOB_STARTED
from .connection import HypervConnection
from .jobs import JobFailed
from .words import extension

DATA_FILE = "CIM_DataFile"
HARD_DISKS = ("vhd", "vhdx", "avhd", "avhdx", "vhds")
_FORMATS = {2: "vhd", 3: "vhdx", 4: "vhds"}
_FIXED, _DYNAMIC, _DIFFERENCING = 2, 3, 4
_NOT_FOUND = 32779
#: What CIM_DataFile.Delete returns (Microsoft's page on the method).
_DELETE_RESULTS = {
    2: "access is denied",
    8: "unspecified failure",
    9: "there is no such file",
    12: "the platform is not one of Windows NT",
    14: "the drive is not the same",
    15: "something has the file open",
    16: "the folder is not empty",
    17: "access is denied",
    21: "a parameter is not valid",
}


def files_named(paths: Iterable[str]) -> Select:
    """Which of those files there are."""
    return select(DATA_FILE, "Name", "FileSize").where(Name=list(paths))


def files_in(drive: str, folder: str) -> Select:
    r"""The virtual hard disks in a folder; ``c:`` and ``\vms\``."""
    return select(DATA_FILE, "Name").where(
        Drive=drive, Path=folder, Extension=list(HARD_DISKS)
    )


def images_named(
    wmi: HypervConnection, sources: Collection[str]
) -> dict[str, ImageInfo]:
    """The images that are there: one query for all files, one call for each disk.

    What lies on a share is not known to the host's file system. A virtual hard disk
    there is asked for itself, any other image is taken to be there.
    """
    local = sorted(path for path in sources if not path.startswith("\\\\"))
    names: set[str] = set()
    if local:
        with wmi.doing("look for images"):
            rows = wmi.rows(files_named(local), CIMV2)
        names = {str(row["Name"]).lower() for row in rows}
    found: dict[str, ImageInfo] = {}
    for source in sources:
        is_share = source.startswith("\\\\")
        if not is_share and source.lower() not in names:
            continue
        if extension(source) not in HARD_DISKS:
            found[source] = ImageInfo(source, format=extension(source) or None)
            continue
        info = describe(wmi, source)
        if info is not None:
            found[source] = info
    return found


def describe(wmi: HypervConnection, path: str) -> ImageInfo | None:
    """What is in a virtual hard disk; None where there is no such file."""
    doing = f"read image {path}"
    try:
        output = wmi.call_service(
            doing, "GetVirtualHardDiskSettingData", service=IMAGE_SERVICE, Path=path
        )
    except JobFailed as error:
        if (error.details or {}).get("code") == _NOT_FOUND:
            return None
        raise
    value = int(output.get("ReturnValue") or 0)
    if value == _NOT_FOUND:
        return None
    wmi.must(doing, 0 if value == JOB_STARTED else value)
    text = output.get("SettingData")
    if not text:
        raise OperationFailed(
            f"can't {doing}: the host tells nothing of it",
            where=wmi.uri,
            remedy="look at it with Get-VHD on the host",
        )
    data = from_text(str(text))
    size = data.get("MaxInternalSize")
    return ImageInfo(
        source=path,
        size=int(size) if size is not None else None,
        format=_FORMATS.get(int(data.get("Format") or 0)),
        backing=str(data["ParentPath"]) if data.get("ParentPath") else None,
    )


def chain(wmi: HypervConnection, path: str) -> tuple[str, ...]:
    """The images under one, nearest first; a call for each."""
    found: list[str] = []
    seen = {path.lower()}
    while True:
        info = describe(wmi, path)
        if info is None or info.backing is None or info.backing.lower() in seen:
            return tuple(found)
        path = info.backing
        seen.add(path.lower())
        found.append(path)


def new_disk(wish: DiskWish) -> CimInstance:
    """The settings of a virtual hard disk that is to be made."""
    source = str(wish.source)
    kind = _FIXED if wish.sparse is False else _DYNAMIC
    settings: dict[str, object] = {
        "Path": source,
        "Type": _DIFFERENCING if wish.backing is not None else kind,
        "Format": 2 if extension(source) == "vhd" else 3,
    }
    if wish.backing is not None:
        settings["ParentPath"] = wish.backing
    elif wish.size is not None:
        settings["MaxInternalSize"] = wish.size
    return CimInstance(HARD_DISK, settings)


def make_image(wmi: HypervConnection, wish: DiskWish) -> None:
    """CreateVirtualHardDisk; one on another has that one's size, and grows then."""
    try:
        wmi.do(
            f"make image {wish.source}",
            "CreateVirtualHardDisk",
            service=IMAGE_SERVICE,
            VirtualDiskSettingData=new_disk(wish),
        )
    except OperationFailed as error:
        if (error.details or {}).get("code") == _NOT_FOUND:
            error.remedy = "make its folder on the host first"
        raise
    if wish.backing is not None and wish.size is not None:
        info = describe(wmi, str(wish.source))
        if info is not None and info.size is not None and info.size < wish.size:
            _resize(wmi, str(wish.source), wish.size)


def grow_image(
    wmi: HypervConnection, vm: VirtualMachine | None, wish: DiskWish
) -> None:
    """ResizeVirtualHardDisk.

    Raises:
        PlanRefused: Another image of the machine builds on it, which would be lost.
    """
    source = str(wish.source)
    for disk in (vm.disks if vm is not None else None) or ():
        if source.lower() in [one.lower() for one in disk.backing]:
            raise PlanRefused(
                f"image {source} can't grow: {disk.source} builds on it",
                where=wmi.uri,
                remedy="remove the machine's checkpoints first",
            )
    _resize(wmi, source, int(wish.size or 0))


def _resize(wmi: HypervConnection, path: str, size: int) -> None:
    wmi.do(
        f"grow image {path}",
        "ResizeVirtualHardDisk",
        service=IMAGE_SERVICE,
        Path=path,
        MaxInternalSize=size,
    )


def delete_file(wmi: HypervConnection, path: str) -> None:
    """CIM_DataFile.Delete.

    Raises:
        OperationFailed: The file is still there.
    """
    doing = f"delete {path}"
    with wmi.doing(doing):
        output = wmi.client.invoke(
            resource_uri(CIMV2, DATA_FILE), "Delete", {}, {"Name": path}
        )
    value = int(output.get("ReturnValue") or 0)
    if value:
        reason = _DELETE_RESULTS.get(value, f"return value {value}")
        raise OperationFailed(
            f"can't {doing}: {reason}",
            where=wmi.uri,
            remedy=f"delete it on the host with Remove-Item '{path}'",
            details={"code": value, "message": reason},
        )


def folder_of(path: str) -> tuple[str, str] | None:
    r"""The drive and folder of a path as CIM_DataFile has them: ``c:``, ``\vms\``.

    None for a path on a share.
    """
    drive, colon, rest = path.lower().partition(":")
    if not colon or len(drive) != 1:
        return None
    return f"{drive}:", rest.rpartition("\\")[0] + "\\"


def folders_of(paths: Iterable[str]) -> set[tuple[str, str]]:
    """The folders of some files, and those above them but for a drive's root."""
    found: set[tuple[str, str]] = set()
    for path in paths:
        place = folder_of(path)
        while place is not None and place not in found:
            found.add(place)
            above = place[1][:-1].rpartition("\\")[0] + "\\"
            place = (place[0], above) if above != "\\" else None
    return found


def images_in(
    wmi: HypervConnection, folders: Collection[tuple[str, str]]
) -> tuple[Image, ...]:
    """The virtual hard disks of some folders; a query for each, a call for each disk."""
    found = []
    for drive, folder in sorted(folders):
        with wmi.doing("list images"):
            rows = wmi.rows(files_in(drive, folder), CIMV2)
        for row in rows:
            path = str(row["Name"])
            info = describe(wmi, path)
            name = path.rpartition("\\")[2]
            backing = info.backing if info is not None else None
            found.append(Image(f"{drive}{folder}", name, path, backing))
    return tuple(found)


def same_paths(sources: Iterable[str]) -> Mapping[str, str]:
    """One spelling for each path: Windows does not care for case."""
    return {source: source.replace("/", "\\").lower() for source in sources}
