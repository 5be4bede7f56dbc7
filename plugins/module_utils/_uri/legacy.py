# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forms of URI that libvirt once took for Xen, and what to write today.

From libvirt's page on connection URIs of 2008 ("Other & legacy URI formats") and the
present one ("Historically"). virConnectOpenInternal (src/libvirt.c) still turns
``xen`` and ``xen://`` into ``xen:///system``; the others no driver takes any more.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.hypervisor.connect.plugins.module_utils._uri.uri import (
    ConnectionUri,
)

XEN_TODAY = "xen:///system"
_OPENED_AS_XEN = ("xen", "xen://")


@dataclass(frozen=True)
class LegacyForm:
    """A legacy URI.

    Attributes:
        meaning: What it meant, as a clause.
        today: The URI to write today.
        accepted: Whether libvirt still opens it (as ``today``).
    """

    meaning: str
    today: str
    accepted: bool = False

    @property
    def hint(self) -> str:
        """One clause for messages."""
        return f"write {self.today}"


def recognise(text: str | None) -> LegacyForm | None:
    """Return what a legacy URI meant, or None for any other text.

    NULL and the empty string are today the default URI, as is recorded in ``meaning``.

    Raises:
        InvalidUri: The text is no URI at all.
    """
    if not text:
        return LegacyForm(
            "an empty URI once meant the local Xen and now means libvirt's default",
            XEN_TODAY,
            accepted=True,
        )
    if text.lower() in _OPENED_AS_XEN:
        return LegacyForm(f'"{text}" is a legacy name of Xen', XEN_TODAY, accepted=True)
    return recognise_uri(ConnectionUri.parse(text))


def recognise_uri(uri: ConnectionUri) -> LegacyForm | None:
    """Return what a legacy URI that no driver takes any more meant, or None."""
    if uri.scheme is None and uri.hostname is None and (uri.path or "").startswith("/"):
        return LegacyForm("a bare path was the Unix socket of Xen's xend", XEN_TODAY)
    if uri.scheme is None and (uri.path or "").lower() == "xen":
        return LegacyForm("a bare xen is a legacy name of Xen", XEN_TODAY)
    if uri.scheme == "http":
        host = (
            f"[{uri.hostname}]" if ":" in (uri.hostname or "") else uri.hostname or ""
        )
        today = f"xen+ssh://{host}/system" if host else XEN_TODAY
        return LegacyForm("http:// was the HTTP server of Xen's xend", today)
    return None
