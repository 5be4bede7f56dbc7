# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's variables say about its hypervisor; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

#: The variables that stand in for an option that the task does not give.
_VARIABLES = {
    "uri": "ansible_libvirt_uri",
    "username": "ansible_user",
    "password": "ansible_password",
}


def with_host_variables(
    options: Mapping[str, Any],
    variables: Mapping[str, Any],
    template: Callable[[Any], Any],
    *,
    only: tuple[str, ...] = tuple(_VARIABLES),
    user_of: Callable[[Any], str | None] = lambda _uri: None,
) -> dict[str, Any]:
    """The options of a task, filled up from the variables of its host.

    Args:
        options: The task's own options, which win.
        variables: The host's variables, not templated yet.
        template: What templates one of them.
        only: The options to fill up.
        user_of: What tells the user that a URI names, who comes before the host's.
    """
    filled = dict(options)
    for name in only:
        value = variables.get(_VARIABLES[name])
        if filled.get(name) is not None or value is None:
            continue
        if name != "username" or user_of(filled.get("uri")) is None:
            filled[name] = template(value)
    return filled
