# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a URI's driver, user, hostname, port or path, whatever the transport.

Drivers that need a path and the embedded drivers are virConnectOpenInternal's
(src/libvirt.c of libvirt 9.0.0); the rest libvirt lets pass, to fail later or to harm.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import Optional

from ansible_collections.hypervisor.connect.plugins.module_utils._core.printable import (
    printable,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.legacy import (
    recognise_uri,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.parameters import (
    CLIENT_SIDE_DRIVERS,
    DRIVERS,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.redaction import (
    is_control,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.uri import (
    ConnectionUri,
)

# A reason and a remedy, or None where nothing is wrong.
Problem = Optional[tuple[str, Optional[str]]]
Rule = Callable[[ConnectionUri], Problem]

_NOT_DRIVERS = {
    "https": "hyperv://HOST/ for a Hyper-V host",
    "winrm": "hyperv://HOST/ for a Hyper-V host",
    "hyper-v": "hyperv://HOST/",
    "ssh": "qemu+ssh://HOST/system",
    "kvm": "qemu:///system",
    "file": "test:///path/to/definitions for the test driver",
}
_NEED_PATH = ("qemu", "vbox", "vz")  # virConnectCheckURIMissingSlash

_HOSTNAME = re.compile(r"[A-Za-z0-9._:%-]+")


def _control_characters(uri: ConnectionUri) -> Problem:
    parts = (uri.username, uri.hostname, uri.path, uri.fragment)
    for text in (
        *(part or "" for part in parts),
        *(t for pair in uri.params for t in pair),
    ):
        if any(is_control(char) for char in text):
            return "it holds control or invisible characters", "remove them"
    return None


def _no_driver(uri: ConnectionUri) -> Problem:
    legacy = recognise_uri(uri)
    if legacy is not None:
        return f"{legacy.meaning}, which libvirt no longer has", legacy.hint
    if uri.scheme is None:
        return (
            "it names no driver",
            "write driver://host/path, or define the alias in libvirt.conf",
        )
    return None


def _wrong_driver(uri: ConnectionUri) -> Problem:
    driver = printable(uri.driver or "")
    if driver in DRIVERS:
        return None
    lower = driver.lower()
    if lower in DRIVERS:
        return f'drivers are written in lower case, not "{driver}"', f"write {lower}"
    if lower in _NOT_DRIVERS:
        return f'libvirt has no driver "{driver}"', f"write {_NOT_DRIVERS[lower]}"
    close = get_close_matches(lower[:32], DRIVERS, n=1, cutoff=0.75)
    if close:
        return f'libvirt has no driver "{driver}"', f"write {close[0]} if you mean that"
    return None


def _client_side(uri: ConnectionUri) -> Problem:
    driver = uri.driver
    if driver not in CLIENT_SIDE_DRIVERS:
        return None
    if uri.transport is not None and (driver == "hyperv" or uri.param("name") is None):
        remedy = f"write {driver}://HOST/"
        if driver == "hyperv":
            remedy += ", with ?transport=http for HTTP"
        return (
            f"{driver} is a client-side driver that no libvirtd serves, so a transport "
            f'like "+{printable(uri.transport)}" cannot work',
            remedy,
        )
    if not uri.hostname:
        return f"{driver} needs a hostname", f"write {driver}://HOST/"
    return None


def _username(uri: ConnectionUri) -> Problem:
    username = uri.username
    if username is None:
        return None
    if username.startswith("-"):
        return "the user begins with a -, like an option of ssh", "correct the user"
    if ":" in username:
        return (
            "a URI carries no password, libvirt takes it for part of the user",
            "give the password as an option or in libvirt's auth.conf",
        )
    if not username or username.startswith("@"):
        return "the user before the @ is empty", "drop the @ or name the user"
    return None


def _hostname(uri: ConnectionUri) -> Problem:
    hostname = uri.hostname
    if not hostname:
        return None
    if hostname.startswith("-"):
        return "the hostname begins with a -, like an option of ssh", "correct it"
    if not hostname.isascii():
        return "the hostname is not ASCII", "write its xn-- form"
    if not _HOSTNAME.fullmatch(hostname):
        return "the hostname holds characters that no hostname has", "correct it"
    return None


def _port(uri: ConnectionUri) -> Problem:
    if uri.port is not None and not 1 <= uri.port <= 65535:
        return f"there is no port {uri.port}", "give a port from 1 to 65535"
    return None


def _missing_slash(uri: ConnectionUri) -> Problem:
    if uri.scheme in _NEED_PATH and uri.hostname in ("system", "session"):
        return (
            f'"{uri.hostname}" is taken for a hostname',
            f"write {uri.scheme}:///{uri.hostname}",
        )
    return None


def _embedded(uri: ConnectionUri) -> Problem:
    if uri.path != "/embed":
        return None
    root = uri.param("root") or ""
    if not re.fullmatch("[a-z]+", uri.scheme or ""):
        return "a driver embedded in the process takes no transport", "drop it"
    if not root.startswith("/"):
        return "an embedded driver needs an absolute root directory", "add ?root=/path"
    return None


ADDRESS_RULES: tuple[Rule, ...] = (
    _control_characters,
    _no_driver,
    _wrong_driver,
    _client_side,
    _username,
    _hostname,
    _port,
    _missing_slash,
    _embedded,
)
