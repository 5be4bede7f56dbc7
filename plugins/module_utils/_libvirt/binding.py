# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The libvirt-python binding, imported once; None where this Python lacks it.

Every file of the package can be imported without it: the factory looks at HAS_LIBVIRT
before anything is opened, and tells what to install.
"""

from __future__ import annotations

try:
    import libvirt
except ImportError:
    libvirt = None

HAS_LIBVIRT = libvirt is not None

__all__ = ["HAS_LIBVIRT", "libvirt"]
