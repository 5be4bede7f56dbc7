# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The libvirt-python binding, imported once, or the reason why it is not there."""

from __future__ import annotations

import traceback

try:
    import libvirt
except ImportError:  # told by the runner, in the module's words
    HAS_LIBVIRT = False
    LIBVIRT_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    HAS_LIBVIRT = True
    LIBVIRT_IMPORT_ERROR = None

__all__ = ["HAS_LIBVIRT", "LIBVIRT_IMPORT_ERROR", "libvirt"]
