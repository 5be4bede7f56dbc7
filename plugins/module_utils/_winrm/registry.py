# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's registry over WMI, as far as the store of certificates needs it.

StdRegProv of root/default: "EnumKey method" and "GetBinaryValue method of the StdRegProv
class" on learn.microsoft.com. Both are questions, so they may be sent twice.
"""

from __future__ import annotations

from typing import Any

from .._cim.types import InvalidCimValue, decode_base64, is_base64
from .._core.errors import HypervisorConnectError
from .._wsman.client import WsmanClient
from .._wsman.reference import resource_uri

PROVIDER = resource_uri("root/default", "StdRegProv")
LOCAL_MACHINE = 0x80000002

STORE = r"SOFTWARE\Microsoft\SystemCertificates\MY\Certificates"
r"""Where the certificates of Cert:\LocalMachine\My are, one key each, by thumbprint."""

BLOB = "Blob"
"""The value of such a key: a list of properties, the certificate among them."""

_NOT_FOUND = (1, 2)
"""1 for a value that is missing, 2 (ERROR_FILE_NOT_FOUND) for a key that is."""


class RegistryRefused(HypervisorConnectError):
    """The registry does not tell what it was asked."""


def subkeys(client: WsmanClient, key: str) -> list[str]:
    """The names of the keys in a key of HKEY_LOCAL_MACHINE; none where it is missing.

    Raises:
        RegistryRefused: The user may not read it.
    """
    names = _asked(client, "EnumKey", "sNames", key)
    return [str(name) for name in _listed(names)]


def binary_value(client: WsmanClient, key: str, name: str) -> bytes | None:
    """A value of octets of a key of HKEY_LOCAL_MACHINE; None where there is none.

    Raises:
        RegistryRefused: The user may not read it, or it is no value of octets.
    """
    value = _asked(client, "GetBinaryValue", "uValue", key, sValueName=name)
    if value is None:
        return None
    try:
        # Octets come as Base64 or one by one: see is_base64.
        if isinstance(value, str) and is_base64(value):
            return decode_base64(value)
        return bytes(int(octet) for octet in _listed(value))
    except (TypeError, ValueError, InvalidCimValue):
        raise RegistryRefused(f"{name} of {key} is no value of octets") from None


def _asked(client: WsmanClient, method: str, answer: str, key: str, **more: str) -> Any:
    parameters = {"hDefKey": LOCAL_MACHINE, "sSubKeyName": key, **more}
    output = client.invoke(PROVIDER, method, parameters)
    code = output.get("ReturnValue")
    if code not in (0, *_NOT_FOUND):
        raise RegistryRefused(
            f"the host's registry does not tell {key} (ReturnValue {code})",
            remedy="sign in as an administrator of the host",
        )
    return output.get(answer) if code == 0 else None


def _listed(value: Any) -> list[Any]:
    """An array; one of a single item comes as that item, an empty one not at all."""
    if value is None:
        return []
    if isinstance(value, (list, tuple, bytes, bytearray)):
        return list(value)
    return [value]
