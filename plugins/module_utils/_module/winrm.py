# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules for WinRM's own configuration share: one piece of work for each way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable

from .._core.errors import HypervisorConnectError
from .._hyperv.wmi import with_wmi
from .._hypervisor.hypervisor import Hypervisor
from .._winrm.way import COMMAND, WSMAN, ConfigurationWay
from .._winrm.wsman_way import WsmanWay
from .runner import Task

AUTO = "auto"

#: The option of the doc fragment hypervisor.connect.winrm.
METHOD: dict[str, dict[str, Any]] = {
    "method": {"type": "str", "default": AUTO, "choices": [AUTO, WSMAN, COMMAND]}
}

Work = Callable[[ConfigurationWay, Mapping[str, Any], bool], "dict[str, Any]"]
"""Takes a way, the validated options and whether this is check mode; returns the result
without ``method``. It reads before it writes, so that a way that does not work fails
before anything was done."""


def _no_work(
    _way: ConfigurationWay, _options: Mapping[str, Any], _check_mode: bool
) -> dict[str, Any]:
    raise NotImplementedError


@dataclass(frozen=True)
class WinrmTask(Task):
    """The work of a module for WinRM's configuration.

    Attributes:
        work: What is done over any way; ``run`` does it over WS-Management.
    """

    work: Work = _no_work


def winrm_task(
    work: Work,
    options: Mapping[str, Mapping[str, Any]],
    rules: Mapping[str, Sequence[Any]],
    check: Callable[[Mapping[str, Any]], Any],
) -> WinrmTask:
    """A task for the ordinary module and for the action plugin.

    Args:
        work: See Work.
        options: The argument spec of the module's own options, without ``method``.
        rules: Further arguments of AnsibleModule.
        check: Refuses values before anything is opened; what it returns is not used.
    """

    def run(
        hypervisor: Hypervisor, given: Mapping[str, Any], check_mode: bool
    ) -> dict[str, Any]:
        if given["method"] == COMMAND:
            raise HypervisorConnectError(
                "method=command goes over the connection that Ansible has to the host, "
                "which an ordinary module does not see",
                remedy="run the task on the Windows host itself and without async, where "
                "its action plugin does the work, or use method=wsman",
            )
        return done_by(work, WsmanWay.over(with_wmi(hypervisor)), given, check_mode)

    return WinrmTask(
        run=run, options={**METHOD, **options}, rules=rules, check=check, work=work
    )


def done_by(
    work: Work, way: ConfigurationWay, options: Mapping[str, Any], check_mode: bool
) -> dict[str, Any]:
    """The result of some work over a way, with the way's name in it."""
    return {"method": way.method, **work(way, options, check_mode)}
