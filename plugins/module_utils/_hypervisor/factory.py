# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a connection URI and credentials to an open Hypervisor.

A new hypervisor is a package beside _libvirt and one line here.
"""

from __future__ import annotations

import os
import sys

from .._core.errors import HypervisorConnectError
from .._uri.config import Resolution, resolve
from .._uri.parameters import DRIVERS
from .._uri.redaction import redact
from .._uri.transport import check_connectable
from .credentials import Credentials
from .hypervisor import ConnectionFailed, Hypervisor


class LibvirtMissing(HypervisorConnectError):
    """The Python that runs this has no libvirt-python."""


def open_hypervisor(text: str | None, credentials: Credentials) -> Hypervisor:
    """Open the hypervisor that a connection URI, or an alias of one, names.

    Args:
        text: The URI or alias; None for the default (LIBVIRT_DEFAULT_URI, then
            uri_default of libvirt.conf, then libvirt's own probing).
        credentials: Who signs in and how.

    Raises:
        InvalidUri: The URI can't be read, or nobody should connect by it.
        ConnectionFailed: There is no way in; AuthenticationFailed where there is a
            hypervisor and it refuses the user.
    """
    resolution = resolve(text, environ=os.environ, uid=os.getuid())
    try:
        hypervisor = _open(resolution, credentials)
    except ConnectionFailed as error:
        advice = [error.remedy or "", *resolution.hints, *_unknown_driver(resolution)]
        error.remedy = "; ".join(filter(None, advice)).rstrip(".")
        raise
    hypervisor.hints = resolution.hints
    return hypervisor


def _unknown_driver(resolution: Resolution) -> list[str]:
    driver = resolution.uri.driver if resolution.uri is not None else None
    return [] if driver in (None, *DRIVERS) else [f"libvirt has no driver {driver}"]


def _open(resolution: Resolution, credentials: Credentials) -> Hypervisor:
    if resolution.uri is not None:
        check_connectable(resolution.uri)
        if resolution.uri.driver == "hyperv":
            raise HypervisorConnectError(
                "this version does not speak to Hyper-V yet",
                where=resolution.uri.redacted,
                remedy="use a URI of a libvirt host",
            )
    return _open_libvirt(resolution, credentials)


def _open_libvirt(resolution: Resolution, credentials: Credentials) -> Hypervisor:
    from .._libvirt.binding import HAS_LIBVIRT
    from .._libvirt.hypervisor import LibvirtHypervisor

    if not HAS_LIBVIRT:
        raise LibvirtMissing(
            f"libvirt-python can't be imported by {sys.executable}",
            remedy="install libvirt-python there (Debian: python3-libvirt; "
            "PyPI: libvirt-python), or name another ansible_python_interpreter",
        )
    return LibvirtHypervisor.open(
        resolution.uri, credentials, redact(resolution.text or "the default URI")
    )
