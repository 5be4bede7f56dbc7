# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of the simulated host: its own CA, made anew at every start."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")


class Certificates:
    """A CA and what it signed, as PEM files in a folder.

    Args:
        folder: Of its own; it is not removed here.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("hvsim test CA")
        self._authority = self._sign(
            self._name, self._key, [(x509.BasicConstraints(True, 0), True)]
        )
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_bytes(_pem(self._authority))
        self.ca_thumbprint = thumbprint(self._authority)
        self.by_thumbprint: dict[str, Path] = {}
        self.names: dict[str, str] = {}

    def issue_server(self, name: str, addresses: Sequence[str] = ()) -> str:
        """A server's certificate.

        Args:
            name: Its common name, and a DNS name of it.
            addresses: More DNS names and IP addresses.

        Returns:
            Its thumbprint, in upper case.
        """
        names: list[x509.GeneralName] = []
        for address in (name, *addresses):
            try:
                names.append(x509.IPAddress(ipaddress.ip_address(address)))
            except ValueError:
                names.append(x509.DNSName(address))
        key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        certificate = self._sign(
            _name(name),
            key,
            [(x509.SubjectAlternativeName(names), False), (usage, False)],
        )
        mark = thumbprint(certificate)
        path = self._folder / f"{mark}.pem"
        _write_private(path, _pem(certificate) + _private(key))
        self.by_thumbprint[mark] = path
        self.names[mark] = name
        return mark

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
            _name(principal.partition("@")[0]),
            key,
            [(x509.SubjectAlternativeName([other]), False), (usage, False)],
        )
        mark = thumbprint(certificate)
        paths = self._folder / f"client-{mark}.pem", self._folder / f"client-{mark}.key"
        paths[0].write_bytes(_pem(certificate))
        _write_private(paths[1], _private(key))
        return paths

    def server_context(self, mark: str, *, ask_client: bool) -> ssl.SSLContext:
        """TLS with one of the servers' certificates.

        Args:
            mark: Its thumbprint.
            ask_client: Ask clients for one of this CA; they needn't have any.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.by_thumbprint[mark])
        if ask_client:
            context.load_verify_locations(self.ca_file)
            context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def der(self, mark: str) -> bytes:
        """A server's certificate as DER."""
        pem = self.by_thumbprint[mark].read_bytes()
        certificate = x509.load_pem_x509_certificate(pem)
        return certificate.public_bytes(serialization.Encoding.DER)

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        extensions: Sequence[tuple[x509.ExtensionType, bool]],
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(
                    self._key.public_key()
                ),
                False,
            )
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        if subject == self._name:
            usage = x509.KeyUsage(
                True, False, False, False, False, True, True, False, False
            )
            builder = builder.add_extension(usage, True)
        return builder.sign(self._key, hashes.SHA256())


def thumbprint(certificate: x509.Certificate) -> str:
    """SHA-1 over the certificate, as Windows names it."""
    return certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write_private(path: Path, data: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(data)
