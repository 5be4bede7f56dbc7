# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to sign in to WinRM: what was asked for, what the server offers, what is refused.

The kinds are those of [MS-WSMV] 2.2.9 (Kerberos, Negotiate, CredSSP, Basic, certificate);
``ntlm`` is NTLM within Negotiate. A kind that is switched off on the server is missing
from the WWW-Authenticate lines of its 401 ([MS-WSMV] 3.1.4.1.29.2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Protocol

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.hyperv import (
    HypervEndpoint,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.transport_errors import (
    BASIC_ROLE,
    HTTPS_ROLE,
    UNENCRYPTED_ROLE,
    SignInFailed,
    Target,
    TransportError,
    explain,
    first_line,
    kinds,
)

SEALING = ("kerberos", "ntlm", "credssp")
"""The kinds that can encrypt messages by themselves."""

BASIC_IN_THE_CLEAR = (
    "Basic over plain HTTP sends the password and all messages in the clear; "
    f"use HTTPS (the role {HTTPS_ROLE} sets it up) or auth=ntlm"
)
UNSEALED = "messages over plain HTTP go unencrypted, since message_encryption is never"


class SignIn(Protocol):
    """What is read of ``Credentials`` of _hypervisor, which stands above this layer."""

    @property
    def username(self) -> str | None:
        """None where not given."""

    @property
    def password(self) -> str | None:
        """None where not given."""

    @property
    def auth(self) -> str:
        """``auto`` or a kind."""

    @property
    def validate_certs(self) -> bool | None:
        """None where not given."""

    @property
    def ca_path(self) -> str | None:
        """A file or folder of certificates."""

    @property
    def client_cert(self) -> str | None:
        """A PEM file."""

    @property
    def client_key(self) -> str | None:
        """A PEM file."""

    @property
    def message_encryption(self) -> str:
        """``auto``, ``always`` or ``never``."""

    @property
    def timeout(self) -> int:
        """Seconds."""


@dataclass(frozen=True)
class Settings:
    """One way in: the URI and the options put together.

    Attributes:
        url: Where requests go.
        hostname: Of the URL.
        port: Of the URL.
        is_tls: Whether the URL is an https one.
        auth: ``auto``, or the kind that was asked for by name.
        message_encryption: ``auto``, ``always`` or ``never``.
        verify: Whether the server's certificate is checked.
        timeout: Seconds of silence after which the host counts as gone.
    """

    url: str
    hostname: str
    port: int
    is_tls: bool
    username: str | None
    password: str | None = field(repr=False)
    auth: str
    message_encryption: str
    verify: bool
    ca_path: str | None
    client_cert: str | None
    client_key: str | None
    timeout: float

    @classmethod
    def of(cls, endpoint: HypervEndpoint, credentials: SignIn) -> Settings:
        """Put both together; the options win over the URI.

        Raises:
            HypervisorConnectError: They can't be used together.
        """
        verify = credentials.validate_certs
        settings = cls(
            url=endpoint.url,
            hostname=endpoint.hostname,
            port=endpoint.port,
            is_tls=endpoint.scheme == "https",
            username=credentials.username or endpoint.username,
            password=credentials.password,
            auth=credentials.auth if credentials.auth != "auto" else endpoint.auth,
            message_encryption=credentials.message_encryption,
            verify=not endpoint.no_verify if verify is None else verify,
            ca_path=credentials.ca_path or endpoint.ca_path,
            client_cert=credentials.client_cert,
            client_key=credentials.client_key or credentials.client_cert,
            timeout=credentials.timeout,
        )
        settings._check()
        if settings.password is not None and not settings.username:
            raise HypervisorConnectError(
                "there is a password and no user",
                where=settings.url,
                remedy="name the user in the URI (hyperv://USER@HOST/), as username, or "
                "as the host's ansible_user",
            )
        return settings

    @property
    def has_password(self) -> bool:
        """Whether there is all that NTLM, Basic and CredSSP need."""
        return bool(self.username) and self.password is not None

    def seals(self, auth: str) -> bool:
        """Whether messages are encrypted by the kind of sign-in.

        TLS does it better, so ``auto`` leaves it to TLS where there is TLS.
        """
        if self.message_encryption == "auto":
            return auth in SEALING and not self.is_tls
        return self.message_encryption == "always"

    def warnings(self, auth: str) -> tuple[str, ...]:
        """What the user should know of what was asked for by name."""
        if self.is_tls or self.seals(auth):
            return ()
        return (BASIC_IN_THE_CLEAR if auth == "basic" else UNSEALED,)

    def _check(self) -> None:
        """Refuse what can't work, or isn't safe, before anything is sent."""
        problem = None
        if self.timeout <= 0:
            problem = "timeout must be more than 0 s", "give seconds"
        elif self.auth == "certificate" and not self.is_tls:
            problem = (
                "a certificate signs in over HTTPS alone",
                f"drop ?transport=http (the role {HTTPS_ROLE} sets HTTPS up)",
            )
        elif self.auth == "certificate" and not self.client_cert:
            problem = "auth=certificate needs a certificate", "give client_cert"
        elif self.auth in ("basic", "ntlm", "credssp") and not self.has_password:
            missing = "password" if self.username else "user"
            problem = f"auth={self.auth} needs a {missing}", _GIVE[missing]
        elif self.message_encryption == "always" and self.auth in (
            "basic",
            "certificate",
        ):
            problem = (
                f"auth={self.auth} can't encrypt messages, and message_encryption is "
                "always",
                "use auth=ntlm or kerberos, or set message_encryption to auto and use "
                "HTTPS",
            )
        if problem:
            raise HypervisorConnectError(problem[0], where=self.url, remedy=problem[1])


_GIVE = {
    "user": "give username, or name the user in the URI: hyperv://USER@HOST/",
    "password": "give password",
}


def offers(header: str | None) -> frozenset[str]:
    """The schemes of all WWW-Authenticate lines, in lower case.

    Args:
        header: The lines joined by commas, as RFC 9110 section 5.3 allows.
    """
    unquoted = re.sub(r'"[^"]*"', "", header or "")
    return frozenset(
        scheme.lower()
        for scheme in re.findall(r"(?:^|,)\s*([A-Za-z][\w-]*)(?=\s*(?:,|$)|\s+\S)", unquoted)
    )  # fmt: skip


def candidates(
    settings: Settings, offered: frozenset[str], target: Target
) -> tuple[str, ...]:
    """The kinds that ``auth=auto`` may use, the best first.

    A certificate that was given is meant to be used. Kerberos proves both sides and is
    for those who have no password here, or a user of a realm; it is worth a try only
    where a ticket may be had. CredSSP hands the password to the host, so it is used
    where it is asked for by name alone. Basic needs TLS.

    Raises:
        SignInFailed: None of what the server offers can be used; nothing was sent.
    """
    sealing = settings.message_encryption == "always"
    found = []
    if settings.client_cert and settings.is_tls and not sealing:
        found.append("certificate")
    elif "negotiate" in offered:
        if not settings.has_password or "@" in (settings.username or ""):
            found.append("kerberos")
        if settings.has_password:
            found.append("ntlm")
    if not found and "basic" in offered and settings.is_tls and not sealing:
        found += ["basic"] if settings.has_password else []
    if found:
        return tuple(found)
    raise SignInFailed(
        _nothing_fits(settings, offered), where=target.where,
        remedy=_nothing_fits_remedy(settings, offered), reason="nothing_fits",
    )  # fmt: skip


def _nothing_fits(settings: Settings, offered: frozenset[str]) -> str:
    if not settings.has_password:
        missing = "password" if settings.username else "user"
        return f"no {missing} was given, and the server offers {_listed(offered)}"
    if "basic" in offered and not settings.is_tls:
        return (
            f"the server offers {_listed(offered)}, and Basic over plain HTTP would send "
            "the password in the clear, so it was not sent"
        )
    return (
        f"the server offers {_listed(offered)}, and auth=auto uses none of these here"
    )


def _nothing_fits_remedy(settings: Settings, offered: frozenset[str]) -> str:
    if not settings.has_password:
        return _GIVE["password" if settings.username else "user"]
    if "basic" in offered and not settings.is_tls:
        return (
            f"use HTTPS (the role {HTTPS_ROLE} sets it up) or allow Negotiate on the "
            "host; auth=basic sends it nevertheless"
        )
    if "credssp" in offered:
        return "allow Negotiate on the host; auth=credssp hands the password to it"
    return "allow Negotiate in winrm/config/service/auth, or ask for a kind by name"


def _listed(offered: frozenset[str]) -> str:
    words = sorted(_WORDS.get(scheme, scheme) for scheme in offered)
    return ", ".join(words) or "no way to sign in"


def check_offered(auth: str, offered: frozenset[str], target: Target) -> None:
    """Refuse a kind that the server has switched off, before credentials are sent.

    Raises:
        SignInFailed: The server does not offer it.
    """
    schemes = {"basic": {"basic"}, "credssp": {"credssp"}, "certificate": None}
    wanted = schemes.get(auth, {"negotiate", "kerberos", "ntlm"})
    if wanted is None or wanted & offered:
        return
    raise SignInFailed(
        f"the server does not offer {_NAMES[auth]}, but {_listed(offered)}",
        where=target.where,
        remedy=f"the role {BASIC_ROLE} switches Basic on, or use auth=ntlm"
        if auth == "basic"
        else f"allow {_NAMES[auth]} in winrm/config/service/auth, or use auth=auto",
        reason="not_offered",
    )


_WORDS = {
    "basic": "Basic", "negotiate": "Negotiate", "kerberos": "Kerberos",
    "credssp": "CredSSP", "ntlm": "NTLM",
}  # fmt: skip
_NAMES = {
    "basic": "Basic", "ntlm": "Negotiate", "kerberos": "Negotiate",
    "credssp": "CredSSP", "certificate": "certificates",
}  # fmt: skip


def refused(auth: str, settings: Settings, target: Target) -> SignInFailed:
    """Put a 401 to credentials into words, as far as a 401 says why."""
    user = settings.username or "the owner of the Kerberos ticket"
    what = (
        f"the server did not let {user} in: the user or the password is wrong, or the "
        "password has expired"
    )
    remedy = (
        "see whether user and password are right, and the account is neither expired, "
        "locked nor disabled"
    )
    if auth == "certificate":
        what = "the server did not accept the client's certificate"
        remedy = (
            "map it to a user in winrm/config/service/certmapping, and allow Certificate "
            "in winrm/config/service/auth"
        )
    elif auth == "kerberos":
        what = f"the server did not accept the Kerberos ticket of {user}"
        remedy = "see whether the user may sign in there, and both clocks agree"
    elif auth == "basic" and not settings.is_tls:
        what = (
            f"the server did not let {user} in: the password is wrong, or it takes no "
            "unencrypted messages (AllowUnencrypted is false)"
        )
        remedy = (
            "see whether the password is right; use auth=ntlm or HTTPS, or the role "
            f"{UNENCRYPTED_ROLE} where Basic over plain HTTP is wanted"
        )
    elif auth == "basic":
        remedy += "; Basic takes local accounts alone, not those of a domain"
    return SignInFailed(what, where=target.where, remedy=remedy, reason="refused")


NT_STATUS = {
    0x8009030C: ("refused", "the user or the password is wrong"),
    0xC000006D: ("refused", "the user or the password is wrong"),
    0xC000006A: ("refused", "the password is wrong"),
    0xC0000064: ("refused", "there is no such user"),
    0xC000006E: ("restricted", "the account may not sign in this way"),
    0xC000006F: ("restricted", "the account may not sign in at this hour"),
    0xC0000070: ("restricted", "the account may not sign in from here"),
    0xC0000071: ("expired", "the password has expired"),
    0xC0000224: ("expired", "the password must be changed before the first sign-in"),
    0xC0000072: ("disabled", "the account is disabled"),
    0xC0000193: ("disabled", "the account has expired"),
    0xC0000234: ("locked", "the account is locked"),
}
"""[MS-ERREF] 2.3.1 (and 2.1.1 for SEC_E_LOGON_DENIED): reason, what is wrong."""

_MEND = {
    "refused": "see whether user and password are right",
    "restricted": "see the account's rights and hours, and the host's policies",
    "expired": "set a new password",
    "disabled": "let an administrator enable it",
    "locked": "wait, or let an administrator unlock it",
}


def handshake_failed(
    error: BaseException, kind: str, settings: Settings, target: Target
) -> TransportError:
    """Put what a sign-in raised into words; nothing was asked of the host yet.

    Args:
        error: An exception of requests or of the libraries for NTLM and the others.
        kind: The kind of sign-in, or an empty text where there was none.
        settings: Who signs in.
        target: Where.
    """
    ours = isinstance(
        error, PermissionError
    )  # requests_ntlm's, for a missing challenge
    if not kind or (not ours and kinds(error) & {"OSError", "HTTPError"}):
        return explain(error, target, sent=False)
    status = getattr(error, "status", None)
    words = NT_STATUS.get(status) if isinstance(status, int) else None
    if words is not None:
        return SignInFailed(
            f"the server did not let {settings.username} in: {words[1]}",
            where=target.where, remedy=_MEND[words[0]], reason=words[0],
        )  # fmt: skip
    text = first_line(str(error)) or "no reason given"
    return SignInFailed(
        f"the sign-in by {kind} broke off: {type(error).__name__}, {text}",
        where=target.where,
        remedy="see the event log of WinRM on the host, or use another auth",
        reason="handshake",
    )
