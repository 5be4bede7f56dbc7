# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Msvm_ImageManagementService: what is in an image file. CIM_DataFile: the files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hvsim.model.clock import moment
from hvsim.model.common import configurations
from hvsim.model.images import MIB, DiskType, Image
from hvsim.model.jobs import ReturnCode
from hvsim.wmi.embedded import to_text
from hvsim.wmi.registry import Values, method, of_host
from hvsim.wmi.schema import CIMV2, VIRTUALIZATION, schema
from hvsim.wmi.values import Instance

if TYPE_CHECKING:
    from hvsim.model.model import Model

IMAGE_SERVICE = "Msvm_ImageManagementService"


def _disk(model: Model, parameters: Values) -> Image | ReturnCode:
    path = parameters.get("Path")
    if not path:
        return ReturnCode.INVALID_PARAMETER
    image = model.images.find(path)
    if image is None:
        return ReturnCode.FILE_NOT_FOUND
    return image if image.is_disk else ReturnCode.INVALID_PARAMETER


def _text(class_name: str, values: Values) -> str:
    return to_text(Instance(schema(VIRTUALIZATION).find(class_name), values))


@method(IMAGE_SERVICE, "GetVirtualHardDiskSettingData")
def get_setting_data(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Format, type, sizes and parent of a virtual hard disk."""
    image = _disk(model, parameters)
    if isinstance(image, ReturnCode):
        return {"ReturnValue": image}
    values = {
        "BlockSize": 0 if image.type == DiskType.FIXED else 32 * MIB,
        "Format": image.format,
        "LogicalSectorSize": 512,
        "MaxInternalSize": image.capacity,
        "ParentPath": image.parent,
        "Path": image.path,
        "PhysicalSectorSize": 4096,
        "Type": int(image.type),
        "VirtualDiskId": image.guid,
    }
    text = _text("Msvm_VirtualHardDiskSettingData", values)
    return {"SettingData": text, "ReturnValue": ReturnCode.OK}


@method(IMAGE_SERVICE, "GetVirtualHardDiskState")
def get_state(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Size of the file, and whether a machine that is on holds it."""
    image = _disk(model, parameters)
    if isinstance(image, ReturnCode):
        return {"ReturnValue": image}
    values = {
        "Alignment": 1,
        "FileSize": image.size,
        "FragmentationPercentage": 0,
        "InUse": _is_used(model, image),
        "MinInternalSize": image.capacity // 2,
        "PhysicalSectorSize": 4096,
    }
    text = _text("Msvm_VirtualHardDiskState", values)
    return {"State": text, "ReturnValue": ReturnCode.OK}


def _is_used(model: Model, image: Image) -> bool:
    wanted = image.path.lower()
    return any(
        drive.path and drive.path.lower() == wanted
        for machine in model.machines.values()
        if machine.is_on
        for config in configurations(machine)
        for drive in config.configuration.drives
    )


@of_host("CIM_DataFile", CIMV2)
def files(model: Model) -> Iterator[Values]:
    """The image files; a real host has every file of its disks here."""
    for image in model.images.all():
        drive, _, rest = image.path.partition(":")
        folder, _, file = rest.rpartition("\\")
        yield {
            "Archive": True,
            "Caption": image.path,
            "Compressed": False,
            "CreationClassName": "CIM_LogicalFile",
            "CreationDate": moment(model.booted),
            "CSCreationClassName": "Win32_ComputerSystem",
            "CSName": model.hostname,
            "Description": image.path,
            "Drive": f"{drive}:".lower(),
            "EightDotThreeFileName": image.path.lower(),
            "Encrypted": False,
            "Extension": image.extension,
            "FileName": file.rpartition(".")[0],
            "FileSize": image.size,
            "FileType": f"{image.extension} File",
            "FSCreationClassName": "Win32_FileSystem",
            "FSName": "NTFS",
            "Hidden": False,
            "LastModified": moment(model.booted),
            "Name": image.path,
            "Path": f"{folder}\\".lower(),
            "Readable": True,
            "Status": "OK",
            "System": False,
            "Writeable": True,
        }
