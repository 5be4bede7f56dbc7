# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which changes would end the very session that makes them; pure.

Each reason is a clause for people. Where it can't be told whether a change ends the
session, it counts as one that does: the user can allow it, and can't undo it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address

from .configuration import HTTP, HTTPS, Configuration, Listener
from .sddl import Entry, entries
from .settings import ROOT_SDDL, Value
from .texts import INVALID, ranges
from .way import SessionInUse

COMPATIBILITY_PORTS = {HTTP: 80, HTTPS: 443}
"""Of the listeners that a compatibility setting makes."""

_SCHEMES = {
    "basic": ("Basic",),
    "ntlm": ("Negotiate",),
    "kerberos": ("Negotiate",),
    "negotiate": ("Negotiate",),
    "credssp": ("CredSSP",),
    "certificate": ("Certificate",),
    "auto": ("Basic", "Kerberos", "Negotiate", "Certificate", "CredSSP"),
}
"""What each kind signs in with. pywinrm's Kerberos sends ``Authorization: Negotiate``
(vendor/requests_kerberos/kerberos_.py), so that is what has to stay on for it."""

_ALLOWING, _DENYING = ("A", "OA", "XA"), ("D", "OD", "XD")
"""The kinds of entries of an access list ([MS-DTYP] 2.5.1.1): plain, for objects, with a
condition."""

_NO_LIST = "NO_ACCESS_CONTROL"

_TOKENS = ("ntlm", "kerberos", "negotiate", "credssp", "auto")
"""The kinds whose token CbtHardeningLevel is about; Basic and certificates have none."""


def reason_of(
    path: str, value: Value, current: Configuration, session: SessionInUse | None
) -> str | None:
    """Why a change would, or may, end the session; None where it won't.

    Args:
        path: The setting that changes.
        value: What it becomes, which is not what it is.
        current: What all are.
        session: The session that makes the change; None where that isn't WinRM.
    """
    if session is None:
        return None
    if value is False:
        return _turned_off(path, session)
    if path.endswith("Filter"):
        return _filtered(4 if "v4" in path else 6, str(value), session)
    if path == ROOT_SDDL:
        return _barred(str(current.values.get(path, "")), str(value))
    strict = path == "Service/Auth/CbtHardeningLevel" and value == "Strict"
    if strict and session.auth in _TOKENS and not session.bound:
        return "this session's sign-in sends no channel binding token"
    return None


def _turned_off(path: str, session: SessionInUse) -> str | None:
    schemes = _schemes(session)
    if path in {f"Service/Auth/{scheme}" for scheme in schemes}:
        return f"this session signs in by {path.rpartition('/')[2]}"
    plain = session.scheme == "http" and not session.encrypted
    if path == "Service/AllowUnencrypted" and plain:
        return "this session goes over HTTP unencrypted"
    if path == "Winrs/AllowRemoteShellAccess" and session.shell:
        return "this session is a remote shell"
    for transport, port in COMPATIBILITY_PORTS.items():
        own = (session.scheme.upper(), session.port) == (transport, port)
        wanted = f"Service/EnableCompatibility{transport.capitalize()}Listener"
        if path == wanted and own:
            return f"this session came in by the port {port}"
    return None


def _schemes(session: SessionInUse) -> tuple[str, ...]:
    """psrp's Kerberos may send either name, as other clients do."""
    schemes = _SCHEMES.get(session.auth, ())
    either = session.shell and session.auth in ("kerberos", "negotiate")
    return (*schemes, "Kerberos") if either else schemes


def _filtered(version: int, value: str, session: SessionInUse) -> str | None:
    """The filter chooses among the host's own addresses those that listeners use."""
    if value == "*":
        return None
    try:
        address = ip_address(session.hostname.partition("%")[0])
    except ValueError:
        return f"{session.hostname} may be an address that the filter leaves out"
    if address.version != version:
        return None
    inside = value and any(
        int(first) <= int(address) <= int(last) for first, last in ranges(value)
    )
    return None if inside else f"this session came in by {address}, which it leaves out"


def _barred(before: str, after: str) -> str | None:
    """An entry that lets somebody in is gone, or one that keeps somebody out is new."""
    try:
        old, new = entries(before), entries(after)
    except INVALID:
        return "the access list in force can't be read, and may be what lets you in"
    if _NO_LIST in before.upper() and _NO_LIST not in after.upper():
        return "the access list in force lets everybody in"
    lost = [one for one in old if one.kind in _ALLOWING and not _covered(one, new)]
    denied = _denied(old, new)
    if lost:
        return f"it drops {lost[0]}, by which you may have been let in"
    return f"it adds {denied[0]}, which may keep you out" if denied else None


def _denied(old: Sequence[Entry], new: Sequence[Entry]) -> list[Entry]:
    """What may keep somebody out whom the old list let in; the first that fits counts.

    So an entry that denies is harmless where the old list had it, and behind no more
    entries that allow.
    """

    def before(entry: Entry, entries_: Sequence[Entry]) -> set[Entry]:
        ahead = entries_[: entries_.index(entry)]
        return {one for one in ahead if one.kind in _ALLOWING}

    return [
        one
        for one in new
        if one.kind in _DENYING
        and (one not in old or not before(one, old) <= before(one, new))
    ]


def _covered(entry: Entry, others: Sequence[Entry]) -> bool:
    wanted = set(entry.rights)
    return any(
        (other.kind, other.flags, other.rest) == (entry.kind, entry.flags, entry.rest)
        and (wanted <= set(other.rights) or "GA" in other.rights)
        for other in others
    )


def in_use(
    listener: Listener, others: Sequence[Listener], session: SessionInUse | None
) -> bool:
    """Whether the session came, or may have come, by a listener.

    Ports may be forwarded on the way, so where no listener of the session's transport
    has the session's port, it may be any of that transport.

    Args:
        listener: One of ``others``.
        others: All listeners of the host.
        session: The session; None where that isn't WinRM.
    """
    if session is None or listener.transport.lower() != session.scheme:
        return False
    known = [one for one in others if one.transport == listener.transport]
    on_port = [one for one in known if one.port == session.port]
    return listener in on_port if on_port else True


def ends_by(
    listener: Listener, values: Mapping[str, Value], session: SessionInUse
) -> str | None:
    """Why a change of the listener in use would end the session; None where it won't.

    Args:
        listener: The listener that is in use.
        values: What changes, by attribute.
        session: The session.
    """
    if values.get("enabled") is False:
        return "this session came in by it, and it would be disabled"
    if "port" in values:
        return f"this session came in by its port {listener.port}"
    if "url_prefix" in values:
        return f"this session came in by its URL prefix {session.url_prefix}"
    return None
