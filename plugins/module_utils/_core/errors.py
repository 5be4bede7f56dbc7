# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The root of every error that this collection raises on purpose.

An error carries its parts as data and prints itself as one sentence: where, what was
wrong, what to do. Plugins turn it into fail_json, AnsibleError or AnsibleFilterError
once, at their edge; nothing below that edge knows of Ansible.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .printable import printable

#: Characters of each part of a sentence; a name or a host's words may have megabytes.
_PART = 2000


class HypervisorConnectError(Exception):
    """Something that a user can understand and mend.

    Args:
        what: What was wrong, as a clause without a final full stop.
        where: The place: a connection URI without secrets, a file, an option; or None.
        remedy: What to do about it, as a clause without a final full stop; or None.
        details: The hypervisor's own words and numbers, as data; or None.

    Attributes:
        done: What was done before it went wrong, in the words of results.
    """

    done: tuple[str, ...] = ()

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        remedy: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(what, where, remedy)
        self.what = what
        self.where = where
        self.remedy = remedy
        self.details = dict(details or {})

    def __str__(self) -> str:
        """One sentence on one line, as in ``where: what; remedy.``.

        Names and words of a host may stand in it, so control characters are escapes.
        """
        what, where, remedy = (
            printable(part or "", at_most=_PART)
            for part in (self.what, self.where, self.remedy)
        )
        sentence = f"{where}: {what}" if where else what
        return f"{sentence}; {remedy}." if remedy else f"{sentence}."
