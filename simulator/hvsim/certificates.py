# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of the simulated host: its own CA, made anew at every start."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hvsim.machine_store import (
    Key,
    MachineStore,
    pem,
    private,
    thumbprint,
    write_private,
)

USAGES = {
    "server": ExtendedKeyUsageOID.SERVER_AUTH,
    "client": ExtendedKeyUsageOID.CLIENT_AUTH,
    "any": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
}
"""The words for what a certificate is for."""
UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")


class Certificates:
    """A CA and what it signed, as PEM files in a folder.

    Args:
        folder: Of its own; it is not removed here.

    Attributes:
        store: The machine's own certificates.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = common_name("hvsim test CA")
        self._authority = self._sign(
            self._name, self._key, [(x509.BasicConstraints(True, 0), True)]
        )
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_bytes(pem(self._authority))
        self.ca_thumbprint = thumbprint(self._authority)
        self.store = MachineStore(folder)

    def issue_server(
        self,
        name: str,
        addresses: Sequence[str] = (),
        *,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        usages: Iterable[str] = ("server",),
        private_key: bool = True,
        self_signed: bool = False,
    ) -> str:
        """A certificate in the machine's store.

        Args:
            name: Its common name and its first DNS name or IP address.
            addresses: More DNS names, maybe with a wildcard, and IP addresses.
            not_before: When it begins to be valid; an hour ago where it is left out.
            not_after: When it ends; 30 days from now where it is left out.
            usages: Words of USAGES; none for a certificate without that extension.
            private_key: Whether the machine has its key.
            self_signed: Signed by itself instead of the CA.

        Returns:
            Its thumbprint, in upper case.

        Raises:
            ValueError: There is no such usage, or it ends before it begins.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        kinds = [USAGES[usage] for usage in usages if _is_usage(usage)]
        certificate = self._sign(
            common_name(name),
            key,
            extensions((name, *addresses), kinds),
            validity=_validity(not_before, not_after),
            by_itself=self_signed,
        )
        return self.store.add(certificate, key if private_key else None).mark

    def issue_client(self, principal: str) -> tuple[Path, Path]:
        """A client's certificate and key, for certificate authentication.

        Args:
            principal: Its user principal name, `user@host`.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        text = principal.encode()
        other = x509.OtherName(UPN, bytes([0x0C, len(text)]) + text)
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        certificate = self._sign(
            common_name(principal.partition("@")[0]),
            key,
            [(x509.SubjectAlternativeName([other]), False), (usage, False)],
        )
        mark = thumbprint(certificate)
        paths = self._folder / f"client-{mark}.pem", self._folder / f"client-{mark}.key"
        paths[0].write_bytes(pem(certificate))
        write_private(paths[1], private(key))
        return paths

    def server_context(self, mark: str, *, ask_client: bool) -> ssl.SSLContext:
        """TLS with one of the machine's certificates.

        Args:
            mark: Its thumbprint.
            ask_client: Ask clients for one of this CA; they needn't have any.

        Raises:
            FileNotFoundError: It is not in the store any more, or has no key there.
        """
        entry = self.store.find(mark)
        if entry is None or entry.path is None:
            raise FileNotFoundError(mark)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(entry.path)
        if ask_client:
            context.load_verify_locations(self.ca_file)
            context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def der(self, mark: str) -> bytes:
        """A certificate of the store as DER.

        Raises:
            FileNotFoundError: It is not there any more.
        """
        entry = self.store.find(mark)
        if entry is None:
            raise FileNotFoundError(mark)
        return entry.certificate.public_bytes(serialization.Encoding.DER)

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        more: Sequence[tuple[x509.ExtensionType, bool]],
        *,
        validity: tuple[datetime, datetime] | None = None,
        by_itself: bool = False,
    ) -> x509.Certificate:
        more = list(more)
        if subject == self._name:
            usage = x509.KeyUsage(
                True, False, False, False, False, True, True, False, False
            )
            more.append((usage, True))
        issuer = (subject, key) if by_itself else (self._name, self._key)
        return sign(subject, key, more, validity or _validity(), issuer)


def sign(
    subject: x509.Name,
    key: Key,
    more: Iterable[tuple[x509.ExtensionType, bool]],
    validity: tuple[datetime, datetime],
    issuer: tuple[x509.Name, Key],
) -> x509.Certificate:
    """A certificate with these extensions, signed by that name and key."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity[0])
        .not_valid_after(validity[1])
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key()),
            False,
        )
    )
    for extension, critical in more:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer[1], hashes.SHA256())


def extensions(
    names: Iterable[str], usages: Sequence[x509.ObjectIdentifier]
) -> list[tuple[x509.ExtensionType, bool]]:
    """What a server's certificate says besides its subject; no usages for any."""
    alternative = x509.SubjectAlternativeName([_general_name(name) for name in names])
    found: list[tuple[x509.ExtensionType, bool]] = [(alternative, False)]
    if usages:
        found.append((x509.ExtendedKeyUsage(usages), False))
    return found


def common_name(text: str) -> x509.Name:
    """A subject of nothing else."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _validity(
    not_before: datetime | None = None, not_after: datetime | None = None
) -> tuple[datetime, datetime]:
    now = datetime.now(timezone.utc)
    return (
        not_before or now - timedelta(hours=1),
        not_after or now + timedelta(days=30),
    )


def _is_usage(word: str) -> bool:
    if word not in USAGES:
        raise ValueError(f"a certificate is for {', '.join(USAGES)}, not {word!r}")
    return True
