# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be done so that a listener is as it was asked for, or is gone; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._core.errors import HypervisorConnectError
from .configuration import COMPATIBILITY, HTTP, HTTPS, Listener
from .hostname import check_hostname
from .lockout import COMPATIBILITY_PORTS, ends_by, in_use
from .plan import UnderPolicy, refused_by_policy, refused_lockout
from .settings import AUTO_CONFIG, Value
from .texts import INVALID, listener_address, number, text, thumbprint, url_prefix
from .way import SessionInUse

CREATE, CHANGE, DELETE = "create", "change", "delete"

DEFAULT_PORTS = {HTTP: 5985, HTTPS: 5986}
"""Which port a host gives a listener that is made without one (WinRM 2.0)."""


@dataclass(frozen=True)
class Wanted:
    """A listener as it was asked for.

    Attributes:
        address: Its address, in one form.
        transport: HTTP or HTTPS.
        values: What was asked for, by attribute (configuration.FIELDS).
    """

    address: str
    transport: str
    values: Mapping[str, Value] = field(default_factory=dict)

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Wanted:
        """Read a module's options.

        Raises:
            HypervisorConnectError: One of them can't be.
        """
        checks: dict[str, tuple[Any, str]] = {
            "port": (number(1, 65535), "a number from 1 to 65535"),
            "hostname": (_hostname, "a DNS name or an address"),
            "enabled": (bool, "true or false"),
            "url_prefix": (url_prefix, "letters, digits, _ and /, such as wsman"),
            "certificate_thumbprint": (thumbprint, "40 hexadecimal digits"),
        }
        given = {name: options[name] for name in checks if options[name] is not None}
        values = {name: _checked(name, given[name], *checks[name]) for name in given}
        address = _checked(
            "address",
            options["address"],
            listener_address,
            "*, IP:192.0.2.1 or MAC:00-00-5E-00-53-01",
        )
        return cls(address, options["transport"], values)

    @property
    def key(self) -> tuple[str, str]:
        """As of Listener."""
        return Listener(self.address, self.transport).key

    def within(self, listeners: Sequence[Listener]) -> Listener | None:
        """The listener of that address and transport.

        A compatibility setting makes one more of ``*``, which is none of ours.
        """
        return next(
            (
                one
                for one in listeners
                if one.key == self.key and one.source != COMPATIBILITY
            ),
            None,
        )


def _hostname(value: object) -> str:
    return check_hostname(str(value).strip()) if str(value).strip() else ""


def _checked(name: str, value: object, check: Any, wanted: str) -> Any:
    try:
        return check(value)
    except INVALID:
        raise HypervisorConnectError(
            f"{name} can't be {value!r}", remedy=f"give {wanted}"
        ) from None


@dataclass(frozen=True)
class ListenerPlan:
    """What has to be done.

    Attributes:
        step: CREATE, CHANGE, DELETE, or empty for nothing.
        before: The listener as it is; None for none.
        after: As it will be, as far as that is known; None for none.
        values: What changes, for CHANGE.
        ends_session: Whether it may end the session in use.
    """

    step: str = ""
    before: Listener | None = None
    after: Listener | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    ends_session: bool = False

    def __bool__(self) -> bool:
        return bool(self.step)

    def as_diff(self) -> dict[str, Any]:
        """Before and after, without what only the host knows."""
        return {"before": _shown(self.before), "after": _shown(self.after)}


def _shown(listener: Listener | None) -> dict[str, Any]:
    if listener is None:
        return {}
    result = listener.as_result()
    del result["listening_on"], result["source"]
    return result


def plan_absent(
    wanted: Wanted,
    listeners: Sequence[Listener],
    session: SessionInUse | None,
    *,
    allow_lockout: bool,
    where: str,
) -> ListenerPlan:
    """What takes a listener away.

    Args:
        wanted: Which.
        listeners: All that the host has.
        session: What the change goes over; None where that isn't WinRM.
        allow_lockout: Whether the session may end by it.
        where: The host, for messages.

    Raises:
        UnderPolicy: A group policy makes it.
        LockoutRefused: The session came, or may have come, by it.
    """
    current = wanted.within(listeners)
    if current is None:
        return ListenerPlan()
    _check_policy(current, "can't be deleted", where)
    ends = in_use(current, listeners, session)
    if ends and not allow_lockout:
        raise refused_lockout(
            f"{named(current)} would be deleted: this session came in by it", where
        )
    return ListenerPlan(DELETE, current, None, ends_session=ends)


def plan_present(
    wanted: Wanted,
    listeners: Sequence[Listener],
    session: SessionInUse | None,
    *,
    allow_lockout: bool,
    where: str,
) -> ListenerPlan:
    """What makes a listener, or changes it where it is.

    Args:
        wanted: The listener, with the certificate that was chosen for it.
        listeners: All that the host has.
        session: What the change goes over; None where that isn't WinRM.
        allow_lockout: Whether the session may end by it.
        where: The host, for messages.

    Raises:
        UnderPolicy: A group policy makes it, another way.
        LockoutRefused: The session came, or may have come, by it, and the change would
            end it.
    """
    current = wanted.within(listeners)
    if current is None:
        blank = Listener(wanted.address, wanted.transport)
        made = blank.changed(wanted.values)
        return ListenerPlan(CREATE, None, made)
    values = {
        name: value
        for name, value in wanted.values.items()
        if not _same(name, getattr(current, name), value)
    }
    if not values:
        return ListenerPlan("", current, current)
    changes = ", ".join(
        f"{name} becomes {text(value)!r}" for name, value in values.items()
    )
    _check_policy(current, f"can't be changed ({changes})", where)
    reason = None
    if session is not None and in_use(current, listeners, session):
        reason = ends_by(current, values, session)
    if reason and not allow_lockout:
        raise refused_lockout(f"{named(current)}: {changes}: {reason}", where)
    return ListenerPlan(
        CHANGE, current, current.changed(values), values, ends_session=bool(reason)
    )


def named(listener: Listener) -> str:
    """A listener, for messages."""
    return f"the listener {listener.transport} {listener.address}"


def _same(name: str, one: Value, other: Value) -> bool:
    """Names of hosts and prefixes of URLs mean the same in any case."""
    if name in ("hostname", "url_prefix"):
        return str(one).lower() == str(other).lower()
    return one == other


def _check_policy(current: Listener, what: str, where: str) -> None:
    if current.source == COMPATIBILITY:
        port = COMPATIBILITY_PORTS[current.transport]
        raise UnderPolicy(
            f"{named(current)} at the port {port} {what}: a setting makes it",
            where=where,
            remedy="switch service.enable_compatibility_"
            f"{current.transport.lower()}_listener with winrm_service",
        )
    if current.source:
        raise refused_by_policy(
            f"{named(current)} {what}", current.source, AUTO_CONFIG, where
        )
