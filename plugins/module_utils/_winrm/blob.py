# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""The machine's own certificates as its registry has them.

They lie at ``HKLM\SOFTWARE\Microsoft\SystemCertificates\MY\Certificates\THUMBPRINT``
in the value ``Blob``: a list of properties, each with identifier, reserved field, length
(little-endian, 4 bytes each) and value ([MS-GPEF] 2.2.1.1.1; the identifiers are
CERT_*_PROP_ID of wincrypt.h).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from .._core.errors import HypervisorConnectError
from .certificates import Certificate, age

KEY_PROV_INFO, SHA1_HASH, ENHKEY_USAGE, CERT = 2, 3, 9, 32
"""The identifiers of the properties that count here."""

LONGEST_BLOB = 1024 * 1024
"""Bytes; a certificate with its properties has 1 to 10 KB."""

_HEAD = struct.Struct("<III")
_SERVER_AUTH, _ANY_USAGE = "1.3.6.1.5.5.7.3.1", "2.5.29.37.0"
_SERVER_AUTH_DER = bytes.fromhex("06082b06010505070301")
"""id-kp-serverAuth and anyExtendedKeyUsage (RFC 5280, 4.2.1.12)."""

_KEY_LINE = re.compile(r"HKEY_\S")
_THUMBPRINT = re.compile(r"\\Certificates\\([0-9A-F]{40})\s*\Z", re.IGNORECASE)


class InvalidCertificate(HypervisorConnectError):
    """A certificate of a store that can't be read."""


class CryptographyMissing(HypervisorConnectError):
    """The Python that runs this lacks cryptography."""


def read_blob(data: bytes) -> Certificate:
    """Read the Blob of one certificate.

    Raises:
        InvalidCertificate: It is none.
        CryptographyMissing: It can't be read here.
    """
    found = dict(_properties(data))
    if CERT not in found:
        raise InvalidCertificate("the store's entry holds no certificate")
    certificate = _read_der(found[CERT], has_private_key=KEY_PROV_INFO in found)
    if found.get(SHA1_HASH, b"").hex().upper() not in ("", certificate.thumbprint):
        raise InvalidCertificate(
            "the store's entry has the hash of another certificate"
        )
    usage = found.get(ENHKEY_USAGE)
    if usage is not None and _SERVER_AUTH_DER not in usage:
        return replace(certificate, server_authentication=False)
    return certificate


def read_store(
    blobs: Mapping[str, bytes],
) -> tuple[list[Certificate], dict[str, str]]:
    """Read a store as the ways give it.

    Args:
        blobs: The Blobs by thumbprint.

    Returns:
        The certificates, the newest first, and why others can't be read, by thumbprint.

    Raises:
        CryptographyMissing: Nothing can be read here.
    """
    certificates: list[Certificate] = []
    unreadable: dict[str, str] = {}
    for thumbprint, blob in blobs.items():
        try:
            certificate = read_blob(blob)
        except InvalidCertificate as error:
            unreadable[thumbprint] = error.what
            continue
        if certificate.thumbprint == thumbprint.upper():
            certificates.append(certificate)
        else:
            unreadable[thumbprint] = "the store's entry holds another certificate"
    certificates.sort(key=age, reverse=True)
    return certificates, unreadable


def registry_output(text: str) -> dict[str, bytes]:
    r"""The Blobs by thumbprint, from what ``reg query ...\Certificates /s`` prints.

    Names of types and of keys are the same in every language of Windows.

    Raises:
        InvalidCertificate: A Blob is no hexadecimal number.
    """
    found: dict[str, bytes] = {}
    thumbprint = None
    for line in text.splitlines():
        if _KEY_LINE.match(line):
            named = _THUMBPRINT.search(line)
            thumbprint = named.group(1).upper() if named else None
            continue
        words = line.split()
        if thumbprint is None or words[:2] != ["Blob", "REG_BINARY"]:
            continue
        try:
            found[thumbprint] = bytes.fromhex("".join(words[2:]))
        except ValueError:
            raise InvalidCertificate(
                f"reg query has cut off the Blob of {thumbprint}"
            ) from None
    return found


def _properties(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The properties; a last one of zeros ends a serialized certificate."""
    if len(data) > LONGEST_BLOB:
        raise InvalidCertificate(
            f"the store's entry has more than {LONGEST_BLOB} bytes"
        )
    seen: set[int] = set()
    position = 0
    while position < len(data):
        if len(data) - position < _HEAD.size:
            raise InvalidCertificate("the store's entry is cut off")
        kind, _reserved, length = _HEAD.unpack_from(data, position)
        position += _HEAD.size
        if kind == length == 0 and position == len(data):
            return
        if length > len(data) - position:
            raise InvalidCertificate("the store's entry is cut off")
        if kind in seen:
            raise InvalidCertificate(f"the store's entry has property {kind} twice")
        seen.add(kind)
        yield kind, bytes(data[position : position + length])
        position += length


def _read_der(der: bytes, *, has_private_key: bool) -> Certificate:
    """The certificate itself, read by cryptography, which raises what it likes."""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
    except ImportError:
        raise CryptographyMissing(
            "reading certificates needs the Python package cryptography",
            remedy="install it where Ansible runs (Debian: python3-cryptography)",
        ) from None
    try:
        certificate = x509.load_der_x509_certificate(der)
        digest = certificate.fingerprint(hashes.SHA1())  # noqa: S303  Windows' name
        pem = certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
        usage = _extension(certificate, x509, x509.ExtendedKeyUsage)
        return Certificate(
            thumbprint=digest.hex().upper(),
            subject=certificate.subject.rfc4514_string(),
            issuer=certificate.issuer.rfc4514_string(),
            names=_names(certificate, x509),
            not_before=_moment(certificate, "not_valid_before"),
            not_after=_moment(certificate, "not_valid_after"),
            self_signed=certificate.issuer == certificate.subject,
            has_private_key=has_private_key,
            server_authentication=usage is None
            or any(kind.dotted_string in (_SERVER_AUTH, _ANY_USAGE) for kind in usage),
            pem=pem,
        )
    except Exception as error:  # noqa: BLE001  it raises what hostile bytes cause
        reason = str(error).partition("\n")[0][:200] or type(error).__name__
        raise InvalidCertificate(
            f"the store's entry holds no readable certificate ({reason})"
        ) from None


def _extension(certificate: Any, x509: Any, kind: Any) -> Any:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _names(certificate: Any, x509: Any) -> tuple[str, ...]:
    """RFC 6125, 6.4.4: the subject's names count only where there are no others."""
    other = _extension(certificate, x509, x509.SubjectAlternativeName) or ()
    names = [
        str(name.value)
        for name in other
        if isinstance(name, (x509.DNSName, x509.IPAddress))
    ]
    if not names:
        common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        names = [str(attribute.value) for attribute in common]
    return tuple(names)


def _moment(certificate: Any, name: str) -> datetime:
    """In UTC; cryptography 42 has a new name for it, older ones only the old name."""
    moment = getattr(certificate, f"{name}_utc", None) or getattr(certificate, name)
    return moment.replace(tzinfo=timezone.utc)
