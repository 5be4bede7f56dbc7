# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is raised where the other side does not speak WS-Management."""

from __future__ import annotations

from .._core.errors import HypervisorConnectError


class ProtocolError(HypervisorConnectError):
    """An answer that is no WS-Management, or not the answer to what was asked."""
