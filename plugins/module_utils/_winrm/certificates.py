# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates of a machine's own store: what they are, and which one to take.

blob.py reads them, self_signed.py has the host make one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .hostname import matches

MOST_REASONS = 8
"""Certificates of which ``why_not`` speaks; a sentence has an end."""


@dataclass(frozen=True)
class Certificate:
    """One certificate.

    Attributes:
        thumbprint: SHA-1 over it, upper case, as Windows names it.
        subject: As RFC 4514 writes names: ``CN=hv1.example.com,O=Example``.
        issuer: In the same way.
        names: DNS names and IP addresses of its subjectAltName; where it has neither,
            the common names of its subject.
        not_before: When it begins to be valid, in UTC.
        not_after: When it ends.
        self_signed: Whether its issuer is its subject.
        has_private_key: Whether the machine has the key that belongs to it.
        server_authentication: Whether a server may show it.
        pem: The certificate itself.
    """

    thumbprint: str
    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    self_signed: bool
    has_private_key: bool
    server_authentication: bool
    pem: str

    def as_result(self) -> dict[str, Any]:
        """As modules return it, times in ISO 8601."""
        return {
            "thumbprint": self.thumbprint,
            "subject": self.subject,
            "issuer": self.issuer,
            "names": list(self.names),
            "not_before": _iso(self.not_before),
            "not_after": _iso(self.not_after),
            "self_signed": self.self_signed,
            "has_private_key": self.has_private_key,
            "server_authentication": self.server_authentication,
            "pem": self.pem,
        }


def pick(
    certificates: Iterable[Certificate], hostname: str, now: datetime
) -> Certificate | None:
    """The newest certificate that a listener of that name can have, or None.

    Args:
        certificates: Of the machine's own store.
        hostname: What clients call the host.
        now: With a time zone.
    """
    fitting = [known for known in certificates if fits(known, hostname, now)]
    return max(fitting, key=age, default=None)


def fits(certificate: Certificate, hostname: str | None, now: datetime) -> bool:
    """Whether a listener can have it.

    Args:
        certificate: It.
        hostname: What clients call the host; None for any name.
        now: With a time zone.
    """
    return next(_reasons(certificate, hostname, now), None) is None


def why_not(
    certificates: Iterable[Certificate], hostname: str | None, now: datetime
) -> str:
    """Why those that can't be taken can't, in one clause each.

    Args:
        certificates: Of the machine's own store.
        hostname: What clients call the host; None for any name.
        now: With a time zone.
    """
    known = list(certificates)
    if not known:
        return "the machine's store has no certificate"
    clauses = [
        f"{one.thumbprint} ({one.subject or 'no subject'}) {reasons}"
        for one in known
        if (reasons := " and ".join(_reasons(one, hostname, now)))
    ]
    more = len(clauses) - MOST_REASONS
    if more > 0:
        clauses[MOST_REASONS:] = [f"{more} more don't fit either"]
    return ", ".join(clauses)


def age(certificate: Certificate) -> tuple[datetime, datetime, str]:
    """What orders certificates, the newest last, the same in every run."""
    return certificate.not_before, certificate.not_after, certificate.thumbprint


def _reasons(
    certificate: Certificate, hostname: str | None, now: datetime
) -> Iterator[str]:
    """Why a listener can't have it, as clauses without their subject."""
    if hostname is not None and not any(
        matches(name, hostname) for name in certificate.names
    ):
        names = ", ".join(certificate.names[:4]) or "nobody"
        yield f"is for {names}, not for {hostname}"
    if not certificate.has_private_key:
        yield "has no private key"
    if not certificate.server_authentication:
        yield "is not for server authentication"
    if now < certificate.not_before:
        yield f"is not valid before {_iso(certificate.not_before)}"
    if now > certificate.not_after:
        yield f"has expired on {_iso(certificate.not_after)}"


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
