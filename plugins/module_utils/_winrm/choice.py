# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate an HTTPS listener gets.

The one that the user names; else the one that the listener has, while it is good; else
the newest good one of the machine's store; else, where asked for, a self-signed one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from .._core.errors import HypervisorConnectError
from .blob import CryptographyMissing, read_store
from .certificates import Certificate, fits, pick, why_not
from .configuration import Listener
from .self_signed import make_self_signed
from .way import ConfigurationWay


class CertificateMissing(HypervisorConnectError):
    """The machine's store has no certificate that would do."""


@dataclass(frozen=True)
class Choice:
    """The certificate of a listener.

    Attributes:
        thumbprint: Its thumbprint; empty where it has yet to be made.
        certificate: What it is; None where that can't be read here, or it has yet to be
            made.
        make_for: The name that a self-signed one has to be made for; empty for none.
    """

    thumbprint: str = ""
    certificate: Certificate | None = None
    make_for: str = ""


def choose(
    way: ConfigurationWay,
    current: Listener | None,
    *,
    thumbprint: str,
    hostname: str,
    self_signed: bool,
    now: datetime,
) -> Choice:
    """Look through the machine's store; nothing is made here.

    Args:
        way: To the host.
        current: The listener that there is.
        thumbprint: What the user names, or empty.
        hostname: What the user names, or empty.
        self_signed: Whether one may be made where none will do.
        now: With a time zone.

    Raises:
        CertificateMissing: There is none; the message says what was looked at.
        CryptographyMissing: One has to be chosen, and can't be read here.
    """
    blobs = way.certificates()
    if thumbprint:
        return _named(thumbprint, blobs, way.where)
    known = read_store(blobs)[0]
    wanted = hostname or (current.hostname if current is not None else "")
    if current is not None:
        kept = _of(current.certificate_thumbprint, known)
        if kept is not None and fits(kept, wanted or None, now):
            return Choice(kept.thumbprint, kept)
    names = [wanted] if wanted else list(way.names())
    for name in names:
        picked = pick(known, name, now)
        if picked is not None:
            return Choice(picked.thumbprint, picked)
    if self_signed and names:
        return Choice(make_for=names[0])
    raise _missing(known, names, now, way.where)


def make(way: ConfigurationWay, choice: Choice, days: int) -> Choice:
    """Have the host make what a choice says has to be made; else the choice itself.

    Args:
        way: To the host.
        choice: Of choose.
        days: How long it is valid.

    Raises:
        CertificateNotMade: The host would not.
    """
    if not choice.make_for:
        return choice
    try:
        made = make_self_signed(
            way.run, choice.make_for, days, certificates=way.certificates
        )
    except HypervisorConnectError as error:
        error.where = error.where or way.where
        raise
    return Choice(made.thumbprint, made)


def _named(thumbprint: str, blobs: Mapping[str, bytes], where: str) -> Choice:
    if thumbprint not in blobs:
        told = ", ".join(sorted(blobs)) or "no certificate"
        raise CertificateMissing(
            f"there is no certificate {thumbprint} in the machine's store, which has {told}",
            where=where,
            remedy="install it with its private key in the store Personal of the computer "
            r"(Cert:\LocalMachine\My), or leave certificate_thumbprint out",
        )
    try:
        known = read_store({thumbprint: blobs[thumbprint]})[0]
    except CryptographyMissing:
        known = []
    return Choice(thumbprint, _of(thumbprint, known))


def _of(thumbprint: str, known: Sequence[Certificate]) -> Certificate | None:
    return next((one for one in known if one.thumbprint == thumbprint), None)


def _missing(
    known: Sequence[Certificate], names: Sequence[str], now: datetime, where: str
) -> CertificateMissing:
    looked = "; ".join(f"for {name}: {why_not(known, name, now)}" for name in names)
    return CertificateMissing(
        "no certificate of the machine's store will do for an HTTPS listener "
        f"({looked or 'the host does not tell its name'})",
        where=where,
        remedy="install one for server authentication with its private key, name "
        "hostname as the certificate does, or set self_signed: true",
    )
