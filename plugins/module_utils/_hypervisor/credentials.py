# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who opens a connection, and how: what the shared options of all modules say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Credentials:
    """The values of the shared options besides ``uri``; None where not given.

    ``timeout`` is in seconds. The password is kept out of the representation.
    """

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    auth: str = "auto"
    validate_certs: bool | None = None
    ca_path: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    message_encryption: str = "auto"
    timeout: int = 60

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Credentials:
        """Take what belongs here out of a module's parameters; None is the default."""
        names = [option.name for option in fields(cls)]
        given = {name: options[name] for name in names if options.get(name) is not None}
        return cls(**given)
