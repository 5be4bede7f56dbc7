# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WinRM's settings, their limits, and who may do what.

Order, defaults and texts are those of a recorded `winrm/config` of a Server 2016 to 2019;
limits: [MS-WSMV] 2.2.4 and Microsoft's "Installation and configuration for Windows Remote
Management". Nothing here does I/O.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from ipaddress import IPv4Address

from hvsim.faults import Code, Fault

Check = Callable[[str], str]
PROVIDER = "Config provider"
UINT32 = 4294967295
INT32 = 2147483647


def boolean(text: str) -> str:
    """`true` or `false`, in any case; xs:boolean's 1 and 0 too."""
    value = {"true": "true", "1": "true", "false": "false", "0": "false"}.get(
        text.strip().lower()
    )
    if value is None:
        raise ValueError(text)
    return value


def number(least: int, most: int = UINT32) -> Check:
    """A whole number within limits."""

    def check(text: str) -> str:
        text = text.strip()
        if not text.isdecimal() or len(text) > 20 or not least <= int(text) <= most:
            raise ValueError(text)
        return str(int(text))

    return check


def pattern(expression: str) -> Check:
    """Text that matches as a whole."""
    compiled = re.compile(expression)

    def check(text: str) -> str:
        if not compiled.fullmatch(text.strip()):
            raise ValueError(text)
        return text.strip()

    return check


def address_filter(text: str) -> str:
    """Blank, `*`, or ranges of IPv4 addresses, `192.0.2.1-192.0.2.9,...`."""
    if text.strip() not in ("", "*"):
        for part in text.split(","):
            first, _dash, last = part.partition("-")
            if IPv4Address(first.strip()) > IPv4Address(last.strip()):
                raise ValueError(text)
    return text.strip()


URL_PREFIX = pattern(r"[A-Za-z0-9_]+(/[A-Za-z0-9_]+)*")
THUMBPRINT = pattern(r"([0-9A-Fa-f]{40})?")
_NAME = r"[A-Za-z0-9._:\[\]-]+"
_HOST = rf"(\*|<local>|\*{_NAME}|{_NAME}\*?)"
_PORT = number(1, 65535)
_AUTH = ("Basic", "Kerberos", "Negotiate", "Certificate", "CredSSP")

SETTINGS: dict[str, tuple[str, Check]] = {
    "MaxEnvelopeSizekb": ("500", number(32, 1039440)),
    "MaxTimeoutms": ("60000", number(500)),
    "MaxBatchItems": ("32000", number(1)),
    "MaxProviderRequests": (str(UINT32), number(1)),
    "Client/NetworkDelayms": ("5000", number(500)),
    "Client/URLPrefix": ("wsman", URL_PREFIX),
    "Client/AllowUnencrypted": ("false", boolean),
    "Client/Auth/Basic": ("true", boolean),
    "Client/Auth/Digest": ("true", boolean),
    "Client/Auth/Kerberos": ("true", boolean),
    "Client/Auth/Negotiate": ("true", boolean),
    "Client/Auth/Certificate": ("true", boolean),
    "Client/Auth/CredSSP": ("false", boolean),
    "Client/DefaultPorts/HTTP": ("5985", _PORT),
    "Client/DefaultPorts/HTTPS": ("5986", _PORT),
    "Client/TrustedHosts": ("", pattern(rf"({_HOST}(\s*,\s*{_HOST})*)?")),
    "Service/RootSDDL": (
        "O:NSG:BAD:P(A;;GA;;;BA)(A;;GR;;;IU)S:P(AU;FA;GA;;;WD)(AU;SA;GXGW;;;WD)",
        pattern(r"O:\w+G:\w+D:[A-Z]*(\([^()]*\))*(S:[A-Z]*(\([^()]*\))*)?"),
    ),
    "Service/MaxConcurrentOperations": (str(UINT32), number(1)),
    "Service/MaxConcurrentOperationsPerUser": ("1500", number(1)),
    "Service/EnumerationTimeoutms": ("240000", number(500)),
    "Service/MaxConnections": ("300", number(1)),
    "Service/MaxPacketRetrievalTimeSeconds": ("120", number(1)),
    "Service/AllowUnencrypted": ("false", boolean),
    "Service/Auth/Basic": ("false", boolean),
    "Service/Auth/Kerberos": ("true", boolean),
    "Service/Auth/Negotiate": ("true", boolean),
    "Service/Auth/Certificate": ("false", boolean),
    "Service/Auth/CredSSP": ("false", boolean),
    "Service/Auth/CbtHardeningLevel": ("Relaxed", pattern("None|Relaxed|Strict")),
    "Service/DefaultPorts/HTTP": ("5985", _PORT),
    "Service/DefaultPorts/HTTPS": ("5986", _PORT),
    "Service/IPv4Filter": ("*", address_filter),
    "Service/IPv6Filter": ("*", pattern(r"\*?|[0-9A-Fa-f:]+-[0-9A-Fa-f:,-]+")),
    "Service/EnableCompatibilityHttpListener": ("false", boolean),
    "Service/EnableCompatibilityHttpsListener": ("false", boolean),
    "Service/CertificateThumbprint": ("", THUMBPRINT),
    "Service/AllowRemoteAccess": ("true", boolean),
    "Winrs/AllowRemoteShellAccess": ("true", boolean),
    "Winrs/IdleTimeout": ("7200000", number(60000, INT32)),
    "Winrs/MaxConcurrentUsers": (str(INT32), number(1, INT32)),
    "Winrs/MaxShellRunTime": (str(INT32), number(0, INT32)),
    "Winrs/MaxProcessesPerShell": (str(INT32), number(0, INT32)),
    "Winrs/MaxMemoryPerShellMB": (str(INT32), number(0, INT32)),
    "Winrs/MaxShellsPerUser": (str(INT32), number(0, INT32)),
}
"""Path below winrm/config: default and check, in the order of the wire."""

READ_ONLY = (
    "Service/DefaultPorts/HTTP",
    "Service/DefaultPorts/HTTPS",
    "Service/AllowRemoteAccess",
    "Winrs/MaxShellRunTime",
)
"""AllowRemoteAccess: only group policy sets it; not documented as writable anywhere."""
DEPRECATED = ("MaxProviderRequests", "Service/MaxConcurrentOperations")

POLICY_TEXT = (
    "The config setting {name} cannot be changed because is controlled by policies. The "
    'policy would need to be set to "Not Configured" in order to change the config '
    "setting."
)
"""As Windows writes it, grammar and all."""


def known_path(path: str) -> str | None:
    """A path of SETTINGS in its own case; None for none."""
    wanted = path.strip("/").lower()
    return next((known for known in SETTINGS if known.lower() == wanted), None)


def policy_fault(path: str) -> Fault:
    """What a write of a setting under group policy gets."""
    text = POLICY_TEXT.format(name=path.rpartition("/")[2])
    return Fault(Code.GPO_CONTROLLED_SETTING, text, provider=PROVIDER)


class Settings:
    """The values, as text; one lock, since every connection reads them.

    Args:
        policies: Settings under group policy, by path in any case.

    Raises:
        ValueError: A policy names no setting, or not one of its values.
    """

    def __init__(self, policies: Mapping[str, str] | None = None) -> None:
        self._lock = threading.Lock()
        self._values = {path: default for path, (default, _) in SETTINGS.items()}
        self._policies: set[str] = set()
        for path, value in (policies or {}).items():
            self._values[self._known(path)] = self._checked(self._known(path), value)
            self._policies.add(self._known(path))

    def text(self, path: str) -> str:
        """The value of `Service/Auth/Basic` and the like."""
        with self._lock:
            return self._values[self._known(path)]

    def flag(self, path: str) -> bool:
        """A value that is true or false."""
        return self.text(path) == "true"

    def number(self, path: str) -> int:
        """A value that is a number."""
        return int(self.text(path))

    def under_policy(self, path: str) -> bool:
        """Whether group policy sets it."""
        return self._known(path) in self._policies

    def set(self, path: str, value: str | bool | int) -> None:
        """Write one value as an administrator on the host itself would.

        Raises:
            ValueError: There is no such setting, or no such value.
        """
        known = self._known(path)
        checked = self._checked(known, str(value))
        with self._lock:
            self._values[known] = checked

    def write(self, changes: Mapping[str, str]) -> None:
        """Write what a Put brings: all of it or nothing.

        What is unchanged is accepted even where it is read-only or under policy, since
        PowerShell's WSMan: drive reads a whole element and writes it back.

        Raises:
            Fault: A value is wrong, or may not be changed.
        """
        with self._lock:
            changed = {
                path: value
                for path, value in self._all_checked(changes)
                if value != self._values[path]
            }
            for path in changed:
                if path in self._policies:
                    raise policy_fault(path)
                if path in READ_ONLY:
                    raise Fault(Code.READONLY_PROPERTY, provider=PROVIDER)
                if path in DEPRECATED:
                    raise Fault(Code.DEPRECATED_SETTING, provider=PROVIDER)
            self._values.update(changed)

    def _all_checked(self, changes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        for path, value in changes.items():
            try:
                yield path, self._checked(path, value)
            except ValueError:
                raise invalid_value(path, value) from None

    @staticmethod
    def _known(path: str) -> str:
        known = known_path(path)
        if known is None:
            raise ValueError(f"WinRM has no setting {path!r}")
        return known

    @staticmethod
    def _checked(path: str, value: str) -> str:
        try:
            return SETTINGS[path][1](value)
        except ValueError:
            raise ValueError(f"{value!r} is no value of {path}") from None

    # What the pipeline reads (pipeline.Limits).

    @property
    def max_envelope_size(self) -> int:
        """Bytes."""
        return self.number("MaxEnvelopeSizekb") * 1024

    @property
    def max_timeout(self) -> float:
        """Seconds."""
        return self.number("MaxTimeoutms") / 1000

    @property
    def max_batch_items(self) -> int:
        """Items of one page."""
        return self.number("MaxBatchItems")

    @property
    def enumeration_timeout(self) -> float:
        """Seconds."""
        return self.number("Service/EnumerationTimeoutms") / 1000

    @property
    def max_operations_per_user(self) -> int:
        """Requests in work and open enumerations."""
        return self.number("Service/MaxConcurrentOperationsPerUser")

    def security_profiles(self) -> list[str]:
        """The names for Identify ([MS-WSMV] 3.1.4.1.23)."""
        auth = {name: self.flag(f"Service/Auth/{name}") for name in _AUTH}
        names = []
        if auth["Basic"]:
            names += ["http/basic", "https/basic"]
        if auth["Negotiate"] or auth["Kerberos"]:
            names += ["http/spnego-kerberos", "https/spnego-kerberos"]
        if auth["Certificate"]:
            names.append("https/mutual")
        prefix = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/"
        return [prefix + name for name in names]


def invalid_value(path: str, value: str) -> Fault:
    """What a value out of its limits gets."""
    name = path.rpartition("/")[2]
    return Fault(
        Code.SCHEMA_VALIDATION_ERROR,
        f"The '{name}' element is invalid - The value '{value}' is invalid according to "
        "its datatype.",
        provider=PROVIDER,
    )


_ACE = re.compile(r"\((A|D);[^;]*;([A-Z]*);[^;]*;[^;]*;([^;)]*)\)")


def rights_of(sddl: str, groups: Iterable[str]) -> frozenset[str]:
    """Which of GR, GW and GX an access list gives.

    Args:
        sddl: Of RootSDDL; rights are written by their generic names there.
        groups: The user's, as SDDL names them: `BA`, `RM`, `IU`, `AU`, `WD`.
    """
    dacl = sddl.partition("D:")[2].partition("S:")[0]
    allowed: set[str] = set()
    denied: set[str] = set()
    mine = set(groups)
    for kind, mask, trustee in _ACE.findall(dacl):
        if trustee in mine:
            words = {mask[i : i + 2] for i in range(0, len(mask), 2)}
            if "GA" in words:
                words |= {"GR", "GW", "GX"}
            (allowed if kind == "A" else denied).update(words)
    return frozenset((allowed - denied) & {"GR", "GW", "GX"})
