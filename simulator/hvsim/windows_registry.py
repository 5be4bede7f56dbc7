# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""The registry of the simulated Windows: a few keys of HKEY_LOCAL_MACHINE, read only.

The machine's certificates lie at SOFTWARE\Microsoft\SystemCertificates\MY\Certificates,
as on Windows, and follow the store. Names are found without case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

HKLM = "HKEY_LOCAL_MACHINE"
CERTIFICATES = r"SOFTWARE\Microsoft\SystemCertificates\MY\Certificates"
TCPIP = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters"
CURRENT_VERSION = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
PRODUCTS = {
    "14393": "Windows Server 2016 Standard",
    "17763": "Windows Server 2019 Standard",
    "20348": "Windows Server 2022 Standard",
    "26100": "Windows Server 2025 Standard",
}


class RegistryValue(NamedTuple):
    """A value of a key: its name, its type (`REG_SZ`), what it holds."""

    name: str
    kind: str
    data: str | int | bytes | tuple[str, ...]


class WindowsRegistry:
    """Keys and their values.

    Args:
        version: Of Windows.
        blobs: The machine's certificates, by thumbprint.
        hostname: The computer's name.
        domain: Its DNS domain; empty in a workgroup.
    """

    def __init__(
        self,
        version: str = "10.0.20348",
        blobs: Callable[[], Mapping[str, bytes]] = dict,
        *,
        hostname: str = "HVSIM",
        domain: str = "",
    ) -> None:
        self._version = version
        self._names = {
            "Domain": domain,
            "Hostname": hostname,
            "NV Domain": domain,
            "NV Hostname": hostname,
        }
        self._blobs = blobs

    def keys(self) -> dict[str, tuple[RegistryValue, ...]]:
        """All keys below HKEY_LOCAL_MACHINE, those above them too, in order."""
        filled = {
            CURRENT_VERSION: self._current_version(),
            TCPIP: tuple(
                RegistryValue(name, "REG_SZ", text)
                for name, text in self._names.items()
            ),
            CERTIFICATES: (),
            **{
                rf"{CERTIFICATES}\{mark}": (RegistryValue("Blob", "REG_BINARY", blob),)
                for mark, blob in self._blobs().items()
            },
        }
        found: dict[str, tuple[RegistryValue, ...]] = {"": ()}
        for path, values in filled.items():
            parts = path.split("\\")
            for end in range(1, len(parts)):
                found.setdefault("\\".join(parts[:end]), ())
            found[path] = values
        return dict(sorted(found.items(), key=lambda item: item[0].lower()))

    def values(self, path: str) -> tuple[RegistryValue, ...] | None:
        """The values of a key; None where there is no such key."""
        wanted = path.strip("\\").lower()
        found = (v for key, v in self.keys().items() if key.lower() == wanted)
        return next(found, None)

    def value(self, path: str, name: str) -> RegistryValue | None:
        """One value; None where there is none."""
        found = self.values(path) or ()
        return next((one for one in found if one.name.lower() == name.lower()), None)

    def below(self, path: str) -> list[str]:
        """The names of the keys right below one."""
        start = path.strip("\\").lower()
        start = start + "\\" if start else ""
        return [
            key[len(start) :]
            for key in self.keys()
            if key.lower().startswith(start) and "\\" not in key[len(start) :] and key
        ]

    def _current_version(self) -> tuple[RegistryValue, ...]:
        build = self._version.split(".")[2] if self._version.count(".") > 1 else "0"
        product = PRODUCTS.get(build, "Windows Server Standard")
        return (
            RegistryValue("CurrentBuild", "REG_SZ", build),
            RegistryValue("CurrentBuildNumber", "REG_SZ", build),
            RegistryValue("CurrentMajorVersionNumber", "REG_DWORD", 10),
            RegistryValue("CurrentMinorVersionNumber", "REG_DWORD", 0),
            RegistryValue("EditionID", "REG_SZ", "ServerStandard"),
            RegistryValue("InstallationType", "REG_SZ", "Server"),
            RegistryValue("PathName", "REG_SZ", r"C:\Windows"),
            RegistryValue("ProductName", "REG_SZ", product),
        )
