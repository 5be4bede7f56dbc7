# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""StdRegProv: the registry over WMI, by static methods, to read alone.

Parameters and return values: Microsoft's "WMI Registry Provider", class StdRegProv.
ReturnValue 2 for a missing key is ERROR_FILE_NOT_FOUND; what a missing value (1) and one
of another type (WBEM_E_TYPE_MISMATCH) get is not documented: as seen in scripts that
tell them apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hvsim.windows_registry import RegistryValue
from hvsim.wmi.registry import Values, entry, method
from hvsim.wmi.schema import CIMV2, DEFAULT, schema
from hvsim.wmi.values import Instance, Value

if TYPE_CHECKING:
    from hvsim.model.model import Model

HKEY_LOCAL_MACHINE = 2147483650
HIVES = range(2147483648, 2147483654)
"""Winreg.h: HKEY_CLASSES_ROOT to HKEY_CURRENT_CONFIG and HKEY_DYN_DATA; all but
HKEY_LOCAL_MACHINE are empty here."""
NO_VALUE, NO_KEY, NO_HIVE, OTHER_TYPE = 1, 2, 6, 0x80041005
TYPES = {
    "REG_SZ": 1,
    "REG_EXPAND_SZ": 2,
    "REG_BINARY": 3,
    "REG_DWORD": 4,
    "REG_MULTI_SZ": 7,
}


def _values(model: Model, parameters: Values) -> tuple[int, tuple[RegistryValue, ...]]:
    """ReturnValue, and the values of the key that is meant."""
    hive = parameters.get("hDefKey")
    if hive is None:
        hive = HKEY_LOCAL_MACHINE
    if hive not in HIVES:
        return NO_HIVE, ()
    found = model.registry.values(parameters.get("sSubKeyName") or "")
    if hive != HKEY_LOCAL_MACHINE or found is None:
        return NO_KEY, ()
    return 0, found


def enum_key(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """The names of the keys right below one; NULL for none."""
    code, _found = _values(model, parameters)
    names = model.registry.below(parameters.get("sSubKeyName") or "")
    return {"sNames": (names or None) if code == 0 else None, "ReturnValue": code}


def enum_values(model: Model, instance: Instance | None, parameters: Values) -> Values:
    """Names and types of a key's values; NULL for none."""
    code, found = _values(model, parameters)
    return {
        "sNames": [value.name for value in found] or None,
        "Types": [TYPES[value.kind] for value in found] or None,
        "ReturnValue": code,
    }


def _getter(
    kind: str, name: str, read: Callable[[RegistryValue], Value]
) -> Callable[[Model, Instance | None, Values], Values]:
    def get(model: Model, instance: Instance | None, parameters: Values) -> Values:
        code, found = _values(model, parameters)
        wanted = (parameters.get("sValueName") or "").lower()
        value = next((one for one in found if one.name.lower() == wanted), None)
        if code == 0 and value is None:
            code = NO_VALUE
        elif value is not None and value.kind != kind:
            code = OTHER_TYPE
        if code or value is None:
            return {name: None, "ReturnValue": code}
        return {name: read(value), "ReturnValue": 0}

    return get


def _plain(value: RegistryValue) -> Value:
    return value.data


def _items(value: RegistryValue) -> Value:
    return list(value.data) if isinstance(value.data, bytes | tuple) else None


METHODS = {
    "EnumKey": enum_key,
    "EnumValues": enum_values,
    "GetBinaryValue": _getter("REG_BINARY", "uValue", _items),
    "GetDWORDValue": _getter("REG_DWORD", "uValue", _plain),
    "GetExpandedStringValue": _getter("REG_EXPAND_SZ", "sValue", _plain),
    "GetMultiStringValue": _getter("REG_MULTI_SZ", "sValue", _items),
    "GetStringValue": _getter("REG_SZ", "sValue", _plain),
}
for _namespace in (DEFAULT, CIMV2):
    _methods = schema(_namespace).find("StdRegProv").methods
    entry(_namespace, "StdRegProv").static.update(_methods)
    for _name, _function in METHODS.items():
        method("StdRegProv", _name, _namespace, is_static=True)(_function)
