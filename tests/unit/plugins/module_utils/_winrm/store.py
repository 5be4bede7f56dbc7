# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and registry Blobs, made for tests."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from functools import cache

import pytest

pytest.importorskip("cryptography", reason="cryptography can't be imported")

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
SERVER, CLIENT, ANY = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "2.5.29.37.0"
KEY = ec.generate_private_key(ec.SECP256R1())


@cache
def der(
    common_name: str = "hv1.example.com",
    *,
    names: tuple[str, ...] | None = None,
    usages: tuple[str, ...] | None = (SERVER,),
    start: int = -10,
    end: int = 10,
    issuer: str | None = None,
) -> bytes:
    """A certificate; names None is no subjectAltName, days are from NOW."""
    subject = _subject(common_name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else _subject(issuer))
        .public_key(KEY.public_key())
        .serial_number(7)
        .not_valid_before(NOW + timedelta(days=start))
        .not_valid_after(NOW + timedelta(days=end))
    )
    if names is not None:
        alternative = x509.SubjectAlternativeName([_name(name) for name in names])
        builder = builder.add_extension(alternative, critical=False)
    if usages is not None:
        usage = x509.ExtendedKeyUsage([x509.ObjectIdentifier(one) for one in usages])
        builder = builder.add_extension(usage, critical=False)
    certificate = builder.sign(KEY, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.DER)


def _subject(common_name: str) -> x509.Name:
    kind = x509.NameOID.COMMON_NAME
    return x509.Name([x509.NameAttribute(kind, common_name)] if common_name else [])


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    return x509.RFC822Name(name) if "@" in name else x509.DNSName(name)


def thumbprint(certificate: bytes) -> str:
    """SHA-1 over it, upper case."""
    digest = hashes.Hash(hashes.SHA1())
    digest.update(certificate)
    return digest.finalize().hex().upper()


def blob(properties: Sequence[tuple[int, bytes]]) -> bytes:
    """A registry Blob of these properties."""
    return b"".join(
        struct.pack("<III", kind, 1, len(value)) + value for kind, value in properties
    )


def entry(certificate: bytes, *, key: bool = True) -> bytes:
    """A Blob as Windows writes it, with the private key's place or without."""
    place = [(2, b"a key's container")] if key else []
    return blob(
        [*place, (3, bytes.fromhex(thumbprint(certificate))), (32, certificate)]
    )
