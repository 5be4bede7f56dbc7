# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated host: machines, switches, image files and jobs whose state lives.

The modules that know classes of WMI register themselves when they are imported: here,
all of them.
"""

from __future__ import annotations

from hvsim.model import (
    boot_sources,
    checkpoints,
    computer_system,
    console,
    defining,
    definitions,
    devices,
    feature_methods,
    guest_methods,
    host_disks,
    host_files,
    host_settings,
    image_service,
    integration,
    job_class,
    management,
    networking,
    registry,
    resource_methods,
    resources,
    security_service,
    services,
    settings,
    snapshots,
    storage,
    summary,
    switch_connections,
    switch_service,
    windows,
)

COMPLETE = (
    boot_sources,
    checkpoints,
    computer_system,
    console,
    defining,
    definitions,
    devices,
    feature_methods,
    guest_methods,
    host_disks,
    host_files,
    host_settings,
    image_service,
    integration,
    job_class,
    management,
    networking,
    resource_methods,
    registry,
    resources,
    security_service,
    services,
    settings,
    snapshots,
    storage,
    summary,
    switch_connections,
    switch_service,
    windows,
)
"""The modules of the classes."""
