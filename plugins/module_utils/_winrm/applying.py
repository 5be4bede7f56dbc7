# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out a plan over a way, and telling what was and wasn't done where it breaks."""

from __future__ import annotations

from collections.abc import Sequence

from .._core.errors import HypervisorConnectError
from .._hypervisor.hypervisor import (
    AuthenticationFailed,
    ConnectionLost,
    OperationFailed,
)
from .._wsman.fault_table import TIMED_OUT
from .command_output import CommandFailed
from .configuration import Listener
from .listener_plan import CHANGE, CREATE, DELETE, ListenerPlan, named
from .plan import Put, ServicePlan
from .settings import SETTINGS
from .texts import text
from .way import ConfigurationWay


class NotKept(OperationFailed):
    """The host took a Put, and has another value than the one in it."""


def apply_service(way: ConfigurationWay, plan: ServicePlan) -> list[str]:
    """Write what a plan holds, in its order.

    Returns:
        Warnings: where the session ended with a change that was allowed to end it.

    Raises:
        ConnectionLost: The connection broke; the message says what was written.
        OperationFailed: The host refuses a write.
        NotKept: It took one, and has another value.
    """
    for index, put in enumerate(plan.puts):
        done, left = plan.puts[:index], plan.puts[index + 1 :]
        try:
            _write(way, put)
        except ConnectionLost as error:
            if put.ends_session and not left:
                return [ended_by(put.options, error)]
            error.what = f"{error.what}; {_told(done, put, left, known=False)}"
            error.remedy = "run the play again, which writes what is missing"
            raise
        except HypervisorConnectError as error:
            known = _is_refusal(error)
            error.what = f"{error.what}; {_told(done, put, left, known=known)}"
            raise
    return []


def apply_listener(way: ConfigurationWay, plan: ListenerPlan) -> list[str]:
    """Make, change or delete a listener.

    Returns:
        Warnings, as of apply_service.

    Raises:
        ConnectionLost: The connection broke, and it may have been done or not.
        OperationFailed: The host refuses.
    """
    try:
        _act(way, plan)
    except ConnectionLost as error:
        if plan.ends_session:
            return [ended_by(named(plan.before or Listener("*", "HTTP")), error)]
        error.what = f"{error.what}; it may have been done or not, and nothing else was"
        error.remedy = "run the play again, which does what is missing"
        raise
    return []


def _is_refusal(error: HypervisorConnectError) -> bool:
    """Whether the host has said no, so that nothing of the Put was written."""
    if isinstance(error, (CommandFailed, NotKept)):
        return False
    refused = isinstance(error, (OperationFailed, AuthenticationFailed))
    return refused and error.details.get("kind") != TIMED_OUT


def _act(way: ConfigurationWay, plan: ListenerPlan) -> None:
    if plan.step == CREATE and plan.after is not None:
        way.create_listener(plan.after)
    elif plan.step == CHANGE and plan.before is not None:
        way.change_listener(plan.before, plan.values)
    elif plan.step == DELETE and plan.before is not None:
        way.delete_listener(plan.before.address, plan.before.transport)


def ended_by(what: str, error: HypervisorConnectError) -> str:
    """The warning that a session ended with the change that may end it.

    Args:
        what: The change.
        error: How it ended.
    """
    return (
        f"the session ended with the change of {what}, as allow_lockout allows, before the "
        f"host had confirmed it ({error.what})"
    )


def _write(way: ConfigurationWay, put: Put) -> None:
    told = way.write(put.group, put.values)
    for path, value in put.values.items():
        if path in told and not SETTINGS[path].same(told[path], value):
            raise NotKept(
                f"the host took {SETTINGS[path].option}: {text(value)!r} and says that it "
                f"is {text(told[path])!r}",
                where=way.where,
                remedy="see whether a policy or another program sets it on the host",
            )


def _told(done: Sequence[Put], now: Put, left: Sequence[Put], *, known: bool) -> str:
    """What was written, what may have been, what was not."""
    before = ", ".join(put.options for put in done) or "nothing"
    after = ", ".join(put.options for put in ([now] if known else []) + list(left))
    parts = [f"written before it: {before}"]
    if not known:
        parts.append(f"may be written or not: {now.options}")
    if after:
        parts.append(f"not written: {after}")
    return "; ".join(parts)
