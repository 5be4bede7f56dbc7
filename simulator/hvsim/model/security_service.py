# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Msvm_SecurityService: key protectors, trusted platform modules, shielding.

A module needs a key protector first, generation 2, and the machine off (os-win's
vmutils10.add_vtpm works in that order).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hvsim.model.compute_changes import invalid
from hvsim.model.drive_changes import failure
from hvsim.model.editing import (
    Edit,
    change,
    changed_values,
    current_values,
    failed,
    find_configuration,
    split_id,
)
from hvsim.model.jobs import JobType, ReturnCode
from hvsim.model.machine import Configuration
from hvsim.model.settings import SECURITY_DEFAULTS
from hvsim.wmi.embedded import EmbeddedError, parse
from hvsim.wmi.registry import Values, method
from hvsim.wmi.schema import VIRTUALIZATION, schema
from hvsim.wmi.values import Instance

if TYPE_CHECKING:
    from hvsim.model.model import Model

SERVICE = "Msvm_SecurityService"
SETTINGS = "Msvm_SecuritySettingData"
NO_PROTECTOR = bytes((0, 0, 0, 4))
"""What Get-VMKeyProtector shows of a machine that has none."""


def _settings(model: Model, text: str | None) -> tuple[str, Values, Configuration]:
    """The configuration that an instance is about, and what it sets."""
    wanted = parse(text or "", schema(VIRTUALIZATION))
    if wanted.cim_class.name != SETTINGS:
        raise EmbeddedError(ReturnCode.INCORRECT_DATA_TYPE, f"It is no {SETTINGS}.")
    guid, _tail = split_id(str(wanted.get("InstanceID") or ""))
    machine, config = find_configuration(model, guid)
    if config.snapshot:
        raise invalid("The security of a checkpoint cannot be changed.")
    current = current_values(model, machine, wanted)
    values = changed_values(wanted, current, SECURITY_DEFAULTS)
    return guid, values, config.configuration


@method(SERVICE, "ModifySecuritySettings")
def modify_security_settings(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Turn the trusted platform module, encryption, shielding on or off."""
    try:
        guid, values, _config = _settings(model, parameters.get("SecuritySettingData"))
    except EmbeddedError as error:
        return failed(model, JobType.MODIFY_MACHINE, error)
    return change(
        model, JobType.MODIFY_MACHINE, [(guid, lambda edit: _modify(edit, values))]
    )


def _modify(edit: Edit, values: Values) -> None:
    before = {**SECURITY_DEFAULTS, **edit.configuration.security}
    after = {**before, **values}
    if after == before:
        return
    edit.require_off("The security settings")
    second = edit.configuration.generation == 2
    if after["TpmEnabled"]:
        if not second:
            raise failure("TpmEnabled: generation 1 has no trusted platform module.")
        if not edit.configuration.key_protector:
            raise failure("TpmEnabled: the virtual machine has no key protector.")
    if after["KsdEnabled"] and second:
        raise failure("KsdEnabled: generation 2 has no key storage drive.")
    has_store = after["TpmEnabled"] or after["KsdEnabled"]
    if after["EncryptStateAndVmMigrationTraffic"] and not has_store:
        raise failure("EncryptStateAndVmMigrationTraffic: there is no store of keys.")
    if after["ShieldingRequested"] and not after["TpmEnabled"]:
        raise failure("ShieldingRequested: it needs the trusted platform module.")
    edit.configuration.security.update(values)


@method(SERVICE, "SetKeyProtector")
def set_key_protector(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Keep the bytes of a key protector."""
    protector = bytes(parameters.get("KeyProtector") or ())
    if not protector:
        return {"ReturnValue": ReturnCode.INVALID_PARAMETER}
    try:
        guid, _values, _config = _settings(model, parameters.get("SecuritySettingData"))
    except EmbeddedError as error:
        return failed(model, JobType.MODIFY_MACHINE, error)
    return change(
        model, JobType.MODIFY_MACHINE, [(guid, lambda edit: _protect(edit, protector))]
    )


def _protect(edit: Edit, protector: bytes) -> None:
    edit.require_off("The key protector")
    if edit.configuration.security.get("TpmEnabled"):
        raise failure("The key protector is in use by the trusted platform module.")
    edit.configuration.key_protector = protector


@method(SERVICE, "GetKeyProtector")
def get_key_protector(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """The bytes that were kept."""
    try:
        _guid, _values, found = _settings(model, parameters.get("SecuritySettingData"))
    except EmbeddedError as error:
        return {"ReturnValue": error.code}
    protector = list(found.key_protector or NO_PROTECTOR)
    return {"KeyProtector": protector, "ReturnValue": ReturnCode.OK}
