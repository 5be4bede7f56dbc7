# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""The machine's own certificates: `Cert:\LocalMachine\My` of the simulated host.

What its registry has of them is a list of properties ([MS-GPEF] 2.2.1.1.1 and, for the
place of the private key, 2.2.1.1.1.1; the identifiers are CERT_*_PROP_ID of wincrypt.h).
"""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
KEY_PROV_INFO, SHA1_HASH, CERT = 2, 3, 32
PROVIDER = "Microsoft Enhanced RSA and AES Cryptographic Provider"
PROV_RSA_AES, CRYPT_MACHINE_KEYSET, AT_KEYEXCHANGE = 24, 0x20, 1
SERVER_USES = (
    ExtendedKeyUsageOID.SERVER_AUTH,
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
)


def thumbprint(certificate: x509.Certificate) -> str:
    """SHA-1 over the certificate, as Windows names it."""
    return certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303


@dataclass(frozen=True)
class Entry:
    """One certificate of the store.

    Attributes:
        certificate: It.
        path: PEM of it and its key; None where the machine has no key of it.
    """

    certificate: x509.Certificate
    path: Path | None

    @property
    def mark(self) -> str:
        """Its thumbprint, in upper case."""
        return thumbprint(self.certificate)

    @property
    def common_name(self) -> str:
        """Of its subject; empty without one."""
        names = self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(names[0].value) if names else ""

    @property
    def names(self) -> tuple[str, ...]:
        """The common name and what else it is for."""
        return (self.common_name, *_alternative_names(self.certificate))

    @property
    def for_servers(self) -> bool:
        """Whether its enhanced key usage lets a server show it."""
        try:
            usage = self.certificate.extensions.get_extension_for_class(
                x509.ExtendedKeyUsage
            )
        except x509.ExtensionNotFound:
            return True
        return any(kind in SERVER_USES for kind in usage.value)

    def is_for(self, hostname: str) -> bool:
        """Whether one of its names, maybe with a wildcard, is that host's."""
        wanted = hostname.lower()
        tail = "*." + wanted.partition(".")[2]
        return any(name.lower() in (wanted, tail) for name in self.names)

    @property
    def blob(self) -> bytes:
        """What the registry has of it."""
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        properties = [(SHA1_HASH, bytes.fromhex(self.mark)), (CERT, der)]
        if self.path is not None:
            properties.insert(0, (KEY_PROV_INFO, _key_place(self.mark)))
        return b"".join(
            struct.pack("<III", kind, 1, len(value)) + value
            for kind, value in properties
        )


class MachineStore:
    """The entries, in the order in which they came.

    Args:
        folder: Where the keys are kept, each in a file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] = {}

    def entries(self) -> list[Entry]:
        """All of them."""
        with self._lock:
            return list(self._entries.values())

    def find(self, mark: str) -> Entry | None:
        """The one of that thumbprint, in any case; None for none."""
        with self._lock:
            return self._entries.get(mark.upper())

    def add(self, certificate: x509.Certificate, key: Key | None) -> Entry:
        """One more; its key stays in the folder."""
        mark = thumbprint(certificate)
        path = None
        if key is not None:
            path = self._folder / f"{mark}.pem"
            write_private(path, pem(certificate) + private(key))
        entry = Entry(certificate, path)
        with self._lock:
            self._entries[mark] = entry
        return entry

    def remove(self, mark: str) -> Entry | None:
        """Take one away; what it was, or None."""
        with self._lock:
            return self._entries.pop(mark.upper(), None)

    def blobs(self) -> dict[str, bytes]:
        """What the registry has, by thumbprint."""
        return {entry.mark: entry.blob for entry in self.entries()}


def _alternative_names(certificate: x509.Certificate) -> Sequence[str]:
    try:
        found = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except x509.ExtensionNotFound:
        return ()
    kinds = (x509.DNSName, x509.IPAddress)
    return [str(name.value) for name in found.value if isinstance(name, kinds)]


def _key_place(mark: str) -> bytes:
    """CRYPT_KEY_PROV_INFO with offsets instead of pointers."""
    container = (f"hvsim-{mark[:8]}" + "\0").encode("utf-16-le")
    provider = (PROVIDER + "\0").encode("utf-16-le")
    start = 7 * 4
    head = struct.pack(
        "<7I",
        start,
        start + len(container),
        PROV_RSA_AES,
        CRYPT_MACHINE_KEYSET,
        0,
        0,
        AT_KEYEXCHANGE,
    )
    return head + container + provider


def pem(certificate: x509.Certificate) -> bytes:
    """A certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def private(key: Key) -> bytes:
    """A key as PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def write_private(path: Path, data: bytes) -> None:
    """Write a file that its owner alone can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
