# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Msvm_ImageManagementService: what is in an image file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hvsim.model.images import Format, Image
from hvsim.model.jobs import ReturnCode
from hvsim.wmi.embedded import to_text
from hvsim.wmi.registry import Values, method
from hvsim.wmi.schema import VIRTUALIZATION, schema
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
        "BlockSize": image.block_size,
        "Caption": "Virtual Hard Disk Setting Data",
        "Description": "Setting Data for a Virtual Hard Disk",
        "Format": int(image.format),
        "LogicalSectorSize": image.logical_sector,
        "MaxInternalSize": image.capacity,
        "ParentIdentifier": image.parent_guid,
        "ParentPath": image.parent,
        "Path": image.path,
        "PhysicalSectorSize": image.physical_sector,
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
        "InUse": model.user(image.path) is not None,
        "MinInternalSize": image.minimum if image.format == Format.VHDX else 0,
        "PhysicalSectorSize": image.physical_sector,
    }
    text = _text("Msvm_VirtualHardDiskState", values)
    return {"State": text, "ReturnValue": ReturnCode.OK}
