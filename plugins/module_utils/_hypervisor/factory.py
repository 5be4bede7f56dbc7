# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a connection URI and credentials to an open Hypervisor.

A new hypervisor is a package beside _libvirt and one line here.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace

from .._core.errors import HypervisorConnectError
from .._uri.config import Resolution, find_auth_config, resolve
from .._uri.hyperv import HypervEndpoint
from .._uri.parameters import DRIVERS
from .._uri.redaction import redact
from .._uri.transport import check_connectable
from .._uri.uri import ConnectionUri
from .._wsman.transport_errors import PywinrmMissing
from .credentials import Credentials
from .hypervisor import ConnectionFailed, Hypervisor


class LibraryMissing(HypervisorConnectError):
    """The Python that runs this lacks the library that the URI needs."""


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
    shown = redact(resolution.text or "the default URI")
    if resolution.uri is None:
        return _open_libvirt(None, credentials, shown)
    check_connectable(resolution.uri)
    opener = {"hyperv": _open_hyperv}.get(resolution.uri.driver or "", _open_libvirt)
    return opener(resolution.uri, credentials, shown)


def _open_libvirt(
    uri: ConnectionUri | None, credentials: Credentials, shown: str
) -> Hypervisor:
    from .._libvirt.binding import HAS_LIBVIRT
    from .._libvirt.hypervisor import LibvirtHypervisor

    if not HAS_LIBVIRT:
        raise LibraryMissing(
            f"libvirt-python can't be imported by {sys.executable}",
            remedy="install libvirt-python there (Debian: python3-libvirt; "
            "PyPI: libvirt-python), or name another ansible_python_interpreter",
        )
    return LibvirtHypervisor.open(uri, credentials, shown)


def _open_hyperv(
    uri: ConnectionUri, credentials: Credentials, shown: str
) -> Hypervisor:
    from .._hyperv.hypervisor import HypervHypervisor

    full = _with_auth_conf(uri, credentials)
    try:
        return HypervHypervisor.open(HypervEndpoint.from_uri(uri), full, shown)
    except PywinrmMissing as error:
        raise LibraryMissing(error.what, remedy=error.remedy) from error


def _with_auth_conf(uri: ConnectionUri, credentials: Credentials) -> Credentials:
    """The credentials with what the URI and libvirt's auth.conf know of the user."""
    username = credentials.username or uri.username
    password = credentials.password
    if username is None or password is None:
        known = find_auth_config(uri, environ=os.environ)
        if known is not None:
            host = uri.hostname or ""
            username = username or known.lookup("hyperv", host, "username")
            password = password or known.lookup("hyperv", host, "password")
    return replace(credentials, username=username, password=password)
