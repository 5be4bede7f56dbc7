# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of WinRM's service: names, types, limits, and the policies over them; pure.

Names, types and limits: [MS-WSMV] 2.2.4.10, 2.2.4.34, 2.2.4.36, 2.2.4.42 and Microsoft's
"Installation and Configuration for Windows Remote Management". Policies: the ADMX tables
of Microsoft's "Policy CSP - RemoteManagement" and "Policy CSP - RemoteShell", and for
Kerberos WindowsRemoteManagement.admx (DisallowKerberos_1). docs/design/
winrm_configuration.md has the addresses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable, Union

from .._core.errors import HypervisorConnectError
from .sddl import canonical_sddl
from .texts import (
    INVALID,
    address_filter,
    flag,
    hardening_level,
    number,
    sddl,
    thumbprint,
)

Value = Union[bool, int, str]

GROUPS = {"": "Config", "Service": "Service", "Service/Auth": "Auth", "Winrs": "Winrs"}
"""The groups that are written, by their path below winrm/config: the element's name."""

_TOP = {"config": "", "service": "Service", "winrs": "Winrs"}

_COMPONENTS = "Computer Configuration > Administrative Templates > Windows Components"
SERVICE_POLICIES = f"{_COMPONENTS} > Windows Remote Management (WinRM) > WinRM Service"
SHELL_POLICIES = f"{_COMPONENTS} > Windows Remote Shell"
AUTO_CONFIG = f"{SERVICE_POLICIES} > Allow remote server management through WinRM"
"""The policy that makes listeners and sets both filters."""

ROOT_SDDL = "Service/RootSDDL"
ALLOW_UNENCRYPTED = "Service/AllowUnencrypted"

UINT32, INT32 = 4294967295, 2147483647


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        path: Where it is below winrm/config, as ``Service/Auth/Basic``.
        option: The same in the options' and the results' words: ``service.auth.basic``.
        check: Takes a value of the user or a text of the host, and returns it with its
            type in one form; ValueError where it is none.
        wanted: What a value has to be, for people.
        writable: Whether the host lets it be written.
        policy: The group policy that sets it, with its place; empty where none is known.
    """

    path: str
    option: str
    check: Callable[[object], Value]
    wanted: str
    writable: bool = True
    policy: str = ""

    def read(self, told: str) -> Value:
        """What a host says; its own text where that is no value we know.

        Limits are for what is written: a host may have been given others.
        """
        try:
            return self.check(told)
        except INVALID:
            return int(told) if told.isdecimal() and len(told) <= 20 else told

    def same(self, one: Value, other: Value) -> bool:
        """Whether two values mean the same."""
        if self.path != ROOT_SDDL or one == other:
            return one == other
        try:
            return canonical_sddl(str(one)) == canonical_sddl(str(other))
        except INVALID:
            return False

    @property
    def group(self) -> str:
        """A key of GROUPS."""
        return self.path.rpartition("/")[0]

    @property
    def element(self) -> str:
        """The name of its element, such as ``Basic``."""
        return self.path.rpartition("/")[2]

    @property
    def words(self) -> tuple[str, ...]:
        """The parts of the option."""
        return tuple(self.option.split("."))

    def checked(self, value: object) -> Value:
        """A value that the user gave, with its type and in its own form.

        Raises:
            HypervisorConnectError: It is none.
        """
        try:
            return self.check(value)
        except INVALID:
            raise HypervisorConnectError(
                f"{self.option} can't be {value!r}", remedy=f"give {self.wanted}"
            ) from None


def _flag(path: str, option: str, policy: str = "") -> Setting:
    return Setting(path, option, flag, "true or false", policy=policy)


def _number(
    path: str,
    option: str,
    least: int,
    most: int = UINT32,
    *,
    unit: str = "",
    policy: str = "",
) -> Setting:
    wanted = f"a whole number{unit} from {least} to {most}"
    return Setting(path, option, number(least, most), wanted, policy=policy)


def _service(name: str) -> str:
    return f"{SERVICE_POLICIES} > {name}"


def _shell(name: str) -> str:
    return f"{SHELL_POLICIES} > {name}"


_MS = " of milliseconds"
_FILTER = "* for all addresses, empty text for none, or ranges such as {}"
_V4 = _FILTER.format("192.0.2.1-192.0.2.9, 198.51.100.1-198.51.100.1")
_V6 = _FILTER.format("2001:db8::1-2001:db8::9")

_ROWS = (
    _number("MaxEnvelopeSizekb", "config.max_envelope_size_kb", 32, 1039440, unit=" of KB"),
    _number("MaxTimeoutms", "config.max_timeout_ms", 500, unit=_MS),
    _number("MaxBatchItems", "config.max_batch_items", 1),
    _number("MaxProviderRequests", "config.max_provider_requests", 1),
    Setting(ROOT_SDDL, "service.root_sddl", sddl,
            "a security descriptor in SDDL with an owner, a group and a D: part"),
    _number("Service/MaxConcurrentOperations", "service.max_concurrent_operations", 1),
    _number("Service/MaxConcurrentOperationsPerUser",
            "service.max_concurrent_operations_per_user", 1),
    _number("Service/EnumerationTimeoutms", "service.enumeration_timeout_ms", 500, unit=_MS),
    _number("Service/MaxConnections", "service.max_connections", 1),
    _number("Service/MaxPacketRetrievalTimeSeconds",
            "service.max_packet_retrieval_time_seconds", 1, unit=" of seconds"),
    _flag(ALLOW_UNENCRYPTED, "service.allow_unencrypted",
          _service("Allow unencrypted traffic")),
    _flag("Service/Auth/Basic", "service.auth.basic", _service("Allow Basic authentication")),
    _flag("Service/Auth/Kerberos", "service.auth.kerberos",
          _service("Disallow Kerberos authentication")),
    _flag("Service/Auth/Negotiate", "service.auth.negotiate",
          _service("Disallow Negotiate authentication")),
    _flag("Service/Auth/Certificate", "service.auth.certificate"),
    _flag("Service/Auth/CredSSP", "service.auth.credssp",
          _service("Allow CredSSP authentication")),
    Setting("Service/Auth/CbtHardeningLevel", "service.auth.cbt_hardening_level",
            hardening_level, "None, Relaxed or Strict (none, relaxed, strict)",
            policy=_service("Specify channel binding token hardening level")),
    _number("Service/DefaultPorts/HTTP", "service.default_ports.http", 1, 65535),
    _number("Service/DefaultPorts/HTTPS", "service.default_ports.https", 1, 65535),
    Setting("Service/IPv4Filter", "service.ipv4_filter", address_filter(4), _V4,
            policy=AUTO_CONFIG),
    Setting("Service/IPv6Filter", "service.ipv6_filter", address_filter(6), _V6,
            policy=AUTO_CONFIG),
    _flag("Service/EnableCompatibilityHttpListener",
          "service.enable_compatibility_http_listener",
          _service("Turn On Compatibility HTTP Listener")),
    _flag("Service/EnableCompatibilityHttpsListener",
          "service.enable_compatibility_https_listener",
          _service("Turn On Compatibility HTTPS Listener")),
    Setting("Service/CertificateThumbprint", "service.certificate_thumbprint", thumbprint,
            "40 hexadecimal digits, or empty text for none"),
    _flag("Service/AllowRemoteAccess", "service.allow_remote_access", AUTO_CONFIG),
    _flag("Winrs/AllowRemoteShellAccess", "winrs.allow_remote_shell_access",
          _shell("Allow Remote Shell Access")),
    _number("Winrs/IdleTimeout", "winrs.idle_timeout_ms", 60000, INT32, unit=_MS,
            policy=_shell("Specify idle Timeout")),
    _number("Winrs/MaxConcurrentUsers", "winrs.max_concurrent_users", 1, INT32,
            policy=_shell("MaxConcurrentUsers")),
    _number("Winrs/MaxShellRunTime", "winrs.max_shell_run_time_ms", 0, INT32, unit=_MS,
            policy=_shell("Specify Shell Timeout")),
    _number("Winrs/MaxProcessesPerShell", "winrs.max_processes_per_shell", 0, INT32,
            policy=_shell("Specify maximum number of processes per Shell")),
    _number("Winrs/MaxMemoryPerShellMB", "winrs.max_memory_per_shell_mb", 0, INT32,
            unit=" of MB",
            policy=_shell("Specify maximum amount of memory in MB per Shell")),
    _number("Winrs/MaxShellsPerUser", "winrs.max_shells_per_user", 0, INT32,
            policy=_shell("Specify maximum number of remote shells per user")),
)  # fmt: skip

READ_ONLY = frozenset(
    (
        "MaxProviderRequests",
        "Service/MaxConcurrentOperations",
        "Service/DefaultPorts/HTTP",
        "Service/DefaultPorts/HTTPS",
        "Service/AllowRemoteAccess",
        "Winrs/MaxShellRunTime",
    )
)
"""Deprecated since WinRM 2.0, or set by other means alone."""

SETTINGS: dict[str, Setting] = {
    row.path: Setting(
        row.path,
        row.option,
        row.check,
        row.wanted,
        row.path not in READ_ONLY,
        row.policy,
    )
    for row in _ROWS
}
"""By path, in the order of the wire."""

_BY_OPTION = {row.option: row for row in SETTINGS.values()}
_BY_LOWER_PATH = {path.lower(): row for path, row in SETTINGS.items()}


def setting_at(path: str) -> Setting | None:
    """The setting of a path in any case; None for one that is not known here."""
    return _BY_LOWER_PATH.get(path.lower())


def setting_named(option: str) -> Setting:
    """The setting of an option's words, as ``service.auth.basic``.

    Raises:
        HypervisorConnectError: There is none.
    """
    if option not in _BY_OPTION:
        raise HypervisorConnectError(
            f"WinRM has no setting {option}",
            remedy="see the options of hypervisor.connect.winrm_service",
        )
    return _BY_OPTION[option]


def desired_of(options: Mapping[str, Any]) -> dict[str, Value]:
    """What a user asked for: checked values by path, in the order of the wire.

    Args:
        options: ``config``, ``service`` and ``winrs``, nested; None is not asked for.

    Raises:
        HypervisorConnectError: No such setting, a value that is none, or a setting that
            the host lets nobody write.
    """
    found: dict[str, Value] = {}
    for top in _TOP:
        for option, value in _flat(top, options.get(top) or {}):
            setting = setting_named(option)
            if not setting.writable:
                raise HypervisorConnectError(
                    f"{option} can't be set", remedy="leave it out; WinRM only shows it"
                )
            found[setting.path] = setting.checked(value)
    return {path: found[path] for path in SETTINGS if path in found}


def _flat(prefix: str, options: Mapping[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in options.items():
        option = f"{prefix}.{name}"
        if isinstance(value, Mapping):
            found += _flat(option, value)
        elif value is not None:
            found.append((option, value))
    return found


def nested(values: Mapping[str, Value]) -> dict[str, Any]:
    """Values by path as nested dictionaries in the options' words."""
    result: dict[str, Any] = {}
    for path, value in values.items():
        *above, last = SETTINGS[path].words
        place = result
        for word in above:
            place = place.setdefault(word, {})
        place[last] = value
    return result
