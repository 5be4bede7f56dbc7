# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ModifyServiceSettings: the host's defaults."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hvsim.model import services
from hvsim.model.compute_changes import invalid
from hvsim.model.editing import act, changed_values, failed
from hvsim.model.jobs import JobType, ReturnCode
from hvsim.model.services import SETTINGS, VSMS
from hvsim.wmi.embedded import EmbeddedError, parse
from hvsim.wmi.registry import Values, method
from hvsim.wmi.schema import VIRTUALIZATION, schema
from hvsim.wmi.values import Instance

if TYPE_CHECKING:
    from hvsim.model.model import Model

CLASS = "Msvm_VirtualSystemManagementServiceSettingData"
_MAC = re.compile(r"[0-9A-Fa-f]{12}")


@method(VSMS, "ModifyServiceSettings")
def modify_service_settings(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Change the folders, the range of MAC addresses and the other defaults."""
    text = parameters.get("SettingData")
    if not text:
        return {"ReturnValue": ReturnCode.INVALID_PARAMETER}
    try:
        values = _changes(model, text)
    except EmbeddedError as error:
        return failed(model, JobType.MODIFY_SERVICE, error)
    return act(
        model, JobType.MODIFY_SERVICE, None, lambda: model.host_settings.update(values)
    )


def _changes(model: Model, text: str) -> Values:
    wanted = parse(text, schema(VIRTUALIZATION))
    if wanted.cim_class.name != CLASS:
        raise EmbeddedError(ReturnCode.INCORRECT_DATA_TYPE, f"It is no {CLASS}.")
    (current,) = services.settings(model)
    values = changed_values(wanted, current, SETTINGS)
    _check(values)
    return values


def _check(values: Values) -> None:
    for name in ("MinimumMacAddress", "MaximumMacAddress"):
        if name in values and not _MAC.fullmatch(values[name]):
            raise invalid(f"{name}: {values[name]!r} is not 12 hexadecimal digits.")
    for name in ("DefaultExternalDataRoot", "DefaultVirtualHardDiskPath"):
        if name in values and not values[name].strip():
            raise invalid(f"{name}: no folder is named.")
