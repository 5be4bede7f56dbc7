# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who a connection belongs to: Basic, Negotiate, Kerberos, CredSSP, certificates.

[MS-WSMV] 3.1.4.1.29. Negotiate, Kerberos and CredSSP sign in a connection, Basic and
certificates a request. What is off in winrm/config/service/auth is neither offered nor
accepted; the answer is 401 either way, with one WWW-Authenticate line for each scheme
that is on, in Windows' order.
"""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import logging
import os
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import spnego
from cryptography import x509
from spnego._ntlm_raw.crypto import ntowfv1
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from hvsim.config import Config

LOG = logging.getLogger("hvsim")
MUTUAL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
BASIC = 'Basic realm="WSMAN"'
UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
"""The user principal name in a certificate's subjectAltName."""
_SIGNATURE = b"NTLMSSP\x00\x03\x00\x00\x00"
_ENVIRONMENT = threading.Lock()
"""pyspnego takes the accounts from a file that the environment names."""


@dataclass(frozen=True)
class User:
    """A local account.

    Attributes:
        groups: As SDDL names them; RootSDDL gives rights to them. `BA` administrators,
            `RM` remote management users, `IU` interactive, `AU` authenticated users.
        expired: Its password has to be changed: it can't sign in over the network.
    """

    name: str
    password: str = field(repr=False)
    groups: tuple[str, ...] = ("BA", "AU", "WD")
    expired: bool = False


@dataclass(frozen=True)
class SignIn:
    """What became of a request's credentials.

    Attributes:
        user: Who it is; None for nobody yet.
        challenges: WWW-Authenticate lines, of a 401 or of the last answer of a
            handshake.
    """

    user: User | None
    challenges: tuple[str, ...] = ()


class Accounts:
    """The accounts of a host, and what it signs in with.

    Args:
        users: The local ones.
        computer: The host's name, which is their domain.
        kerberos_host: The host name of the service principal HTTP/...; empty where
            the host is in no domain. The keytab is that of KRB5_KTNAME.
        folder: For the file that pyspnego reads accounts from.
    """

    def __init__(
        self, users: Sequence[User], computer: str, kerberos_host: str, folder: Path
    ) -> None:
        self.users = list(users)
        self.computer = computer
        self.kerberos_host = kerberos_host
        self._file = folder / "accounts"

    def find(self, name: str) -> User | None:
        r"""An account by `user`, `HOST\user`, `.\user` or `user@realm`."""
        plain = name.rpartition("\\")[2].partition("@")[0].lower()
        return next((user for user in self.users if user.name.lower() == plain), None)

    def check(self, name: str, password: str) -> User | None:
        """The account, if this is its password and it may sign in."""
        user = self.find(name)
        if user is None or user.expired or user.password != password:
            return None
        return user

    @contextmanager
    def for_ntlm(self, domain: str | None) -> Iterator[None]:
        """Let pyspnego know the accounts, under any domain that a client says."""
        domains = {"", ".", self.computer, "localhost", domain or ""}
        lines = [
            ":".join((rf"{where}\{user.name}".lstrip("\\"), "0", "0" * 32, _hash(user)))
            + ":[U]:LCT-00000000"
            for user in self.users
            if not user.expired
            for where in domains
        ]
        with _ENVIRONMENT:
            before = os.environ.get("NTLM_USER_FILE")
            self._file.touch(mode=0o600)
            self._file.write_text("\n".join(lines), encoding="utf-8")
            os.environ["NTLM_USER_FILE"] = str(self._file)
            try:
                yield
            finally:
                os.environ.pop("NTLM_USER_FILE")
                if before is not None:
                    os.environ["NTLM_USER_FILE"] = before


def _hash(user: User) -> str:
    return ntowfv1(user.password).hex().upper()


@dataclass(frozen=True)
class ClientCertificate:
    """What counts of a TLS client's certificate.

    Attributes:
        issuer: Thumbprint of the CA that signed it.
        names: Its user principal names, DNS names, common name.
    """

    issuer: str
    names: tuple[str, ...]

    @classmethod
    def read(cls, der: bytes, issuer: str) -> ClientCertificate:
        """From the certificate that TLS has checked."""
        certificate = x509.load_der_x509_certificate(der)
        names = [
            str(attribute.value)
            for attribute in certificate.subject.get_attributes_for_oid(
                x509.NameOID.COMMON_NAME
            )
        ]
        try:
            alternative = certificate.extensions.get_extension_for_class(
                x509.SubjectAlternativeName
            ).value
        except x509.ExtensionNotFound:
            alternative = None
        for name in alternative or ():
            if isinstance(name, x509.OtherName) and name.type_id == UPN:
                names.append(name.value[2:].decode("utf-8", "replace"))
            elif isinstance(name, x509.DNSName):
                names.append(name.value)
        return cls(issuer, tuple(names))


class Authentication:
    """One connection's.

    Args:
        accounts: The host's.
        config: Which schemes are on.
        certificate: DER of the server's, over TLS.
        client: The client's certificate, if it showed one.
    """

    def __init__(
        self,
        accounts: Accounts,
        config: Config,
        certificate: bytes | None = None,
        client: ClientCertificate | None = None,
    ) -> None:
        self._accounts = accounts
        self._config = config
        self._certificate = certificate
        self._client = client
        self._scheme = ""
        self._user: User | None = None
        self.context: spnego.ContextProxy | None = None

    @property
    def encrypts(self) -> bool:
        """Whether this connection can seal messages."""
        return self._user is not None and self.context is not None

    def forget(self) -> None:
        """As if the connection were new."""
        self.context, self._user = None, None

    def sign_in(self, header: str | None, resource: str = "*") -> SignIn:
        """Judge a request by its Authorization header.

        Args:
            header: None where there is none: the connection may be signed in already.
            resource: The resource URI, for certificate mappings.
        """
        if header is None:
            if self._user is None:
                return self.refused()
            return SignIn(self._user)
        scheme, _blank, value = header.strip().partition(" ")
        if header.strip().lower() == MUTUAL:
            return self._by_certificate(resource)
        handler = {
            "basic": self._by_password,
            "negotiate": self._by_tokens,
            "kerberos": self._by_tokens,
            "credssp": self._by_tokens,
        }.get(scheme.lower())
        if handler is None or not self._on(scheme):
            return self.refused()
        return handler(scheme, value.strip())

    def refused(self) -> SignIn:
        """401 with every scheme that is on."""
        offers = (
            ("Negotiate", "Negotiate"),
            ("Kerberos", "Kerberos"),
            ("Basic", BASIC),
            ("CredSSP", "CredSSP"),
        )
        return SignIn(None, tuple(line for name, line in offers if self._on(name)))

    def _on(self, scheme: str) -> bool:
        if scheme.lower() == "kerberos" and not self._accounts.kerberos_host:
            return False
        return self._config.settings.flag(f"Service/Auth/{scheme}")

    def _by_password(self, _scheme: str, value: str) -> SignIn:
        try:
            text = base64.b64decode(value, validate=True).decode("utf-8", "replace")
        except ValueError:
            return self.refused()
        name, _colon, password = text.partition(":")
        user = self._accounts.check(name, password)
        return self.refused() if user is None else SignIn(user)

    def _by_certificate(self, resource: str) -> SignIn:
        if self._client is None or not self._on("Certificate"):
            return self.refused()
        for row in list(self._config.mappings.values()):
            if (
                row.enabled
                and row.issuer.upper() == self._client.issuer.upper()
                and any(_fits(row.subject, name) for name in self._client.names)
                and _fits(row.uri, resource)
            ):
                user = self._accounts.check(row.username, row.password)
                return self.refused() if user is None else SignIn(user)
        return self.refused()

    def _by_tokens(self, scheme: str, value: str) -> SignIn:
        try:
            token = base64.b64decode(value, validate=True)
        except ValueError:
            return self.refused()
        if self.context is None or self._user is not None or scheme != self._scheme:
            self.forget()
            self._scheme = scheme
        try:
            return self._step(scheme, token)
        except (SpnegoError, ValueError, LookupError, struct.error, OSError) as error:
            LOG.debug("sign-in by %s failed: %s", scheme, error)
        except Exception as error:  # noqa: BLE001  pyspnego raises what hostile tokens cause
            LOG.info("sign-in by %s failed: %r", scheme, error)
        self.forget()
        return self.refused()

    def _step(self, scheme: str, token: bytes) -> SignIn:
        bindings = self._bindings(token)
        with self._accounts.for_ntlm(ntlm_domain(token)):
            if self.context is None:
                self.context = self._new_context(scheme)
            out = self.context.step(token, channel_bindings=bindings)
        line = scheme
        if out:
            line = f"{scheme} {base64.b64encode(out).decode()}"
        if not self.context.complete:
            return SignIn(None, (line,))
        self._user = self._accounts.find(self.context.client_principal or "")
        if self._user is None:
            name = self.context.client_principal or "unknown"
            self._user = User(name, "", groups=("AU", "WD"))
        return SignIn(self._user, (line,) if out else ())

    def _new_context(self, scheme: str) -> spnego.ContextProxy:
        return spnego.server(
            hostname=self._accounts.kerberos_host or "localhost",
            service="HTTP",
            protocol=scheme.lower(),
            options=spnego.NegotiateOptions.use_negotiate
            if scheme.lower() == "negotiate"
            else spnego.NegotiateOptions.none,
        )

    def _bindings(self, token: bytes) -> GssChannelBindings | None:
        """What the client's token has to be bound to ([MS-WSMV] 2.2.4.34).

        Relaxed: whoever says to which connection the token belongs has to be right.

        Raises:
            ValueError: Strict, and an NTLM token says nothing.
        """
        level = self._config.settings.text("Service/Auth/CbtHardeningLevel")
        if self._certificate is None or level == "None":
            return None
        if _SIGNATURE in token and not ntlm_binding(token):
            if level == "Strict":
                raise ValueError("the token is bound to no connection")
            return None
        digest = hashlib.sha256(self._certificate).digest()
        return GssChannelBindings(application_data=b"tls-server-end-point:" + digest)

    def unwrap(self, header: bytes, data: bytes) -> bytes:
        """Open a sealed message (encryption.Unwrap)."""
        context = self.context
        assert context is not None
        if self._scheme.lower() == "credssp":
            return context.unwrap(header + data).data
        return context.unwrap_winrm(header, data)

    def wrap(self, plain: bytes) -> tuple[bytes, bytes, int]:
        """Seal a message (encryption.Wrap)."""
        assert self.context is not None
        result = self.context.wrap_winrm(plain)
        return result.header, result.data, result.padding_length


def _fits(pattern: str, text: str) -> bool:
    return fnmatch.fnmatchcase(text.lower(), pattern.lower().replace("[", "[[]"))


def _field(message: bytes, offset: int) -> bytes:
    """A field of an NTLM AUTHENTICATE_MESSAGE ([MS-NLMP] 2.2.1.3)."""
    length, _maximum, start = struct.unpack_from("<HHI", message, offset)
    return message[start : start + length]


def _authenticate(token: bytes) -> bytes | None:
    start = token.find(_SIGNATURE)
    return token[start:] if start >= 0 and len(token) - start >= 64 else None


def ntlm_domain(token: bytes) -> str | None:
    """The domain in an AUTHENTICATE_MESSAGE, plain or inside SPNEGO."""
    message = _authenticate(token)
    if message is None:
        return None
    (flags,) = struct.unpack_from("<I", message, 60)
    encoding = "utf-16-le" if flags & 1 else "latin-1"
    domain = _field(message, 28).decode(encoding, "replace")
    return "".join(c for c in domain if c not in ":\r\n\\") or None


def ntlm_binding(token: bytes) -> bytes | None:
    """The channel binding hash in an AUTHENTICATE_MESSAGE; None for none or zeros."""
    message = _authenticate(token)
    pairs = _field(message, 20)[44:] if message else b""
    while len(pairs) >= 4:
        kind, length = struct.unpack_from("<HH", pairs)
        value, pairs = pairs[4 : 4 + length], pairs[4 + length :]
        if kind == 10:
            return value if any(value) else None
        if kind == 0:
            break
    return None
