# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated host: machines, switches, image files and jobs whose state lives.

The modules that know classes of WMI register themselves when they are imported: here,
all of them.
"""

from __future__ import annotations

from hvsim.model import (
    computer_system,
    devices,
    integration,
    job_class,
    management,
    networking,
    registry,
    resources,
    services,
    settings,
    snapshots,
    storage,
    summary,
    windows,
)

COMPLETE = (
    computer_system,
    devices,
    integration,
    job_class,
    management,
    networking,
    registry,
    resources,
    services,
    settings,
    snapshots,
    storage,
    summary,
    windows,
)
"""The modules of the classes."""
