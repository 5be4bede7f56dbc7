# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be written so that a host's WinRM is as it was asked for; pure.

Two rules are kept here, before anything was done: what a group policy sets is not
written over, and what would end the session in use is refused unless the user allows it,
and then comes last. docs/design/winrm_configuration.md says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._core.errors import HypervisorConnectError
from .configuration import Configuration
from .lockout import reason_of
from .settings import GROUPS, SETTINGS, Value, nested
from .texts import text
from .way import SessionInUse


class UnderPolicy(HypervisorConnectError):
    """A group policy sets what the user wants otherwise."""


class LockoutRefused(HypervisorConnectError):
    """The change would end the session that makes it."""


@dataclass(frozen=True)
class Put:
    """What is written to one group at once.

    Attributes:
        group: A key of GROUPS.
        values: By path.
        ends_session: Whether it may end the session in use.
    """

    group: str
    values: Mapping[str, Value]
    ends_session: bool = False

    @property
    def options(self) -> str:
        """What it writes, in the options' words."""
        return ", ".join(SETTINGS[path].option for path in self.values)


@dataclass(frozen=True)
class ServicePlan:
    """All that has to be written, in this order.

    Attributes:
        puts: What to write.
        before: What the settings asked for are, by path.
        after: What they will be.
    """

    puts: tuple[Put, ...] = ()
    before: Mapping[str, Value] = field(default_factory=dict)
    after: Mapping[str, Value] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.puts)

    def as_diff(self) -> dict[str, Any]:
        """Before and after of the settings asked for, nested as the options are."""
        return {"before": nested(self.before), "after": nested(self.after)}


def plan_service(
    current: Configuration,
    desired: Mapping[str, Value],
    session: SessionInUse | None,
    *,
    allow_lockout: bool = False,
    where: str | None = None,
) -> ServicePlan:
    """What makes the current settings the desired ones.

    Args:
        current: What the host says.
        desired: Checked values by path, in the order of the wire.
        session: What the changes go over; None where that isn't WinRM.
        allow_lockout: Whether the session may end by it.
        where: The host, for messages.

    Raises:
        HypervisorConnectError: The host lacks a setting.
        UnderPolicy: A group policy sets one to something else.
        LockoutRefused: A change would end the session.
    """
    _check_there(current, desired, where)
    changes = {
        path: value
        for path, value in desired.items()
        if not SETTINGS[path].same(current.values[path], value)
    }
    _check_policies(current, changes, where)
    reasons = {
        path: reason
        for path, value in changes.items()
        if (reason := reason_of(path, value, current, session))
    }
    if reasons and not allow_lockout:
        raise refused_lockout(
            "; ".join(
                f"{_becomes(path, changes[path])}: {reasons[path]}" for path in reasons
            ),
            where,
        )
    safe = {path: value for path, value in changes.items() if path not in reasons}
    last = {path: value for path, value in changes.items() if path in reasons}
    before = {path: current.values[path] for path in desired}
    return ServicePlan(
        (*_puts(safe, ends_session=False), *_puts(last, ends_session=True)),
        before,
        {**before, **changes},
    )


def refused_lockout(what: str, where: str | None) -> LockoutRefused:
    """The error of a change that would end the session.

    Args:
        what: The change and why, as a clause.
        where: The host.
    """
    return LockoutRefused(
        f"this would, or may, lock you out: {what}",
        where=where,
        remedy="sign in another way for it, or set allow_lockout: true to have it done "
        "last; nothing was changed",
    )


def refused_by_policy(
    option: str, source: str, policy: str, where: str | None
) -> UnderPolicy:
    """The error of a value that a group policy keeps.

    Args:
        option: What can't be had, as a clause: ``service.auth.basic is true``.
        source: What the host names as its source, such as ``GPO``.
        policy: The policy's name and place; empty where that is not known.
        where: The host.
    """
    named = f"the policy {policy!r}" if policy else "the policy"
    return UnderPolicy(
        f"{option}; a group policy sets it (source {source})",
        where=where,
        remedy=f"set {named} to Not Configured, or to what you want, or leave the option "
        "out; nothing was changed",
    )


def _check_there(
    current: Configuration, desired: Mapping[str, Value], where: str | None
) -> None:
    missing = [SETTINGS[path].option for path in desired if path not in current.values]
    if missing:
        raise HypervisorConnectError(
            f"the host's WinRM has no {', '.join(missing)}",
            where=where,
            remedy="leave that out, or use a newer Windows; nothing was changed",
        )


def _check_policies(
    current: Configuration, changes: Mapping[str, Value], where: str | None
) -> None:
    for path, value in changes.items():
        source = current.sources.get(path)
        if source:
            setting = SETTINGS[path]
            now = text(current.values[path])
            raise refused_by_policy(
                f"{setting.option} can't become {text(value)!r}: it is {now!r}",
                source,
                setting.policy,
                where,
            )


def _becomes(path: str, value: Value) -> str:
    return f"{SETTINGS[path].option} becomes {text(value)!r}"


def _puts(values: Mapping[str, Value], *, ends_session: bool) -> Sequence[Put]:
    """One for each group that changes, in the order of the wire."""
    inside = {
        group: {p: value for p, value in values.items() if SETTINGS[p].group == group}
        for group in GROUPS
    }
    return [Put(group, found, ends_session) for group, found in inside.items() if found]
