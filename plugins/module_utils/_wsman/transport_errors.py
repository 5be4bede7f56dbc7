# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps an envelope from its host, in words: what, where, what to do.

Exceptions of requests, urllib3, ssl and socket are told by the names of their classes and
their own data, so that nothing here imports them: ``lineage`` follows an exception to
what caused it. HTTP statuses are those of [MS-WSMV] 3.1.4.1 and of HTTP.sys; what Windows
answers to unencrypted requests is not documented, but reported by users of pywinrm
(issues 129 and 208 of its repository): 401 to Basic, an empty 500 to all others.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)

BASIC_ROLE = "hypervisor.connect.winrm_basic_auth"
UNENCRYPTED_ROLE = "hypervisor.connect.winrm_allow_unencrypted"
HTTPS_ROLE = "hypervisor.connect.winrm_https_listener"


class TransportError(HypervisorConnectError):
    """An envelope, or its answer, did not get through; ``reason`` is a word for programs.

    Args:
        what: As in HypervisorConnectError.
        where: The URL, and the proxy where there is one.
        remedy: As in HypervisorConnectError.
        reason: One of the words of docs/design/winrm_session.md; also in ``details``.
    """

    def __init__(
        self, what: str, *, where: str, remedy: str | None, reason: str
    ) -> None:
        super().__init__(what, where=where, remedy=remedy, details={"reason": reason})
        self.reason = reason


class ConnectFailed(TransportError):
    """There is no way to a WinRM service; nothing was asked of one."""


class SignInFailed(ConnectFailed):
    """A WinRM service was reached, and the user not let in; nothing was done."""


class ConnectionBroken(TransportError):
    """The connection broke in use; what was asked may have happened."""


class RequestRefused(TransportError):
    """The service took the request for unfit before reading it; nothing was done."""


class AnswerTooSlow(OSError):
    """The answer comes, but its end does not in time."""


class AnswerTooLarge(OSError):
    """The answer is larger than any of WinRM's."""


class PywinrmMissing(HypervisorConnectError):
    """The Python that runs this lacks pywinrm, or the part of it that is needed."""


class Target(NamedTuple):
    """What a message tells about where a request went, and how.

    Attributes:
        url: The URL that was asked.
        hostname: Of the URL.
        timeout: Seconds that were waited for.
        proxy: The proxy without its password, or None.
    """

    url: str
    hostname: str
    timeout: float
    proxy: str | None = None

    @property
    def where(self) -> str:
        """``https://hv1:5986/wsman (through the proxy http://proxy:3128)``."""
        return (
            f"{self.url} (through the proxy {self.proxy})" if self.proxy else self.url
        )

    @property
    def is_tls(self) -> bool:
        """Whether the URL is an https one."""
        return self.url.startswith("https:")


class Cause(NamedTuple):
    """A reason, and the sentence about it."""

    reason: str
    what: str
    remedy: str | None


def lineage(error: BaseException) -> Iterator[BaseException]:
    """An exception and all that it carries, wraps or was raised from, outermost first."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        item = waiting.pop(0)
        if isinstance(item, BaseException) and id(item) not in seen:
            seen.add(id(item))
            yield item
            inner = (item.__cause__, item.__context__, getattr(item, "reason", None))
            waiting += [*inner, *item.args]


def kinds(error: BaseException) -> frozenset[str]:
    """The names of the classes of all exceptions in a lineage, bases included."""
    return frozenset(
        base.__name__ for item in lineage(error) for base in type(item).__mro__
    )


def never_sent(error: BaseException) -> bool:
    """Whether no byte of the request can have left: there was no connection."""
    return bool(kinds(error) & {"NewConnectionError", "ConnectTimeoutError"})


def is_passing(error: BaseException) -> bool:
    """Whether another attempt may do better; not where the host had all its time."""
    lasting = {"ReadTimeout", "ReadTimeoutError", "AnswerTooSlow", "AnswerTooLarge",
               "SSLError", "ProxyError", "ConnectTimeoutError"}  # fmt: skip
    return not kinds(error) & lasting


def explain(error: BaseException, target: Target, *, sent: bool) -> TransportError:
    """Turn an exception of requests or below it into words.

    Args:
        error: The exception.
        target: Where the request went.
        sent: Whether an envelope was under way, which may have been carried out.
    """
    names = kinds(error)
    for rule in (_certificate, _proxy, _tls, _no_route, _silence, _hung_up):
        cause = rule(error, names, target)
        if cause is not None:
            break
    else:
        text = first_line(str(error)) or type(error).__name__
        cause = Cause("unknown", f"the request failed: {text}", None)
    before = never_sent(error) or cause.reason in _BEFORE_ANY_REQUEST
    kind = ConnectionBroken if sent and not before else ConnectFailed
    return kind(
        cause.what, where=target.where, remedy=cause.remedy, reason=cause.reason
    )


_BEFORE_ANY_REQUEST = frozenset(
    {"certificate", "certificate_name", "client_certificate", "plain_listener", "proxy"}
)


def _certificate(
    error: BaseException, names: frozenset[str], target: Target
) -> Cause | None:
    """X509_V_ERR_*: openssl-verification-options(1) and x509_vfy.h."""
    if not names & {"SSLCertVerificationError", "CertificateError"}:
        return None
    found = [e for e in lineage(error) if hasattr(e, "verify_code")]
    code = found[0].verify_code if found else 0
    trust = "name the authority's certificate with ca_path"
    switch = "or, where that is safe, set validate_certs to false"
    if code in (62, 64) or ("CertificateError" in names and not found):
        return Cause(
            "certificate_name",
            f"the certificate of the host is not made out to {target.hostname}",
            f"use a name that is in the certificate, or make a new one (the role "
            f"{HTTPS_ROLE} does), {switch}",
        )
    if code in (18, 19):
        what = "the certificate of the host is self-signed, and not one that is trusted"
        trust = "give that certificate as ca_path"
    elif code == 10:
        what = "the certificate of the host has expired"
        trust = f"make a new one (the role {HTTPS_ROLE} does)"
    elif code == 9:
        what = "the certificate of the host is not valid yet"
        trust = "compare the clocks of both machines"
    elif code in (2, 20, 21):
        what = "no authority that is trusted vouches for the certificate of the host"
    else:
        words = getattr(found[0], "verify_message", "") if found else ""
        what = f"the certificate of the host was refused ({words or 'no reason given'})"
    return Cause("certificate", what, f"{trust}, {switch}")


def _proxy(
    _error: BaseException, names: frozenset[str], target: Target
) -> Cause | None:
    if "ProxyError" not in names:
        return None
    return Cause(
        "proxy",
        "the proxy did not make the connection",
        f"set the environment variable no_proxy={target.hostname} where the host is to "
        "be reached without it, or mend https_proxy or http_proxy",
    )


def _tls(error: BaseException, names: frozenset[str], _target: Target) -> Cause | None:
    if "SSLError" not in names:
        return None
    words = _openssl_words(error)
    if any(word in words for word in _PLAIN_ANSWERS):
        return Cause(
            "plain_listener",
            "the port does not speak TLS",
            "use the port of the HTTPS listener (5986; the role "
            f"{HTTPS_ROLE} makes one), or plain HTTP with ?transport=http in the URI",
        )
    if "NO_CERTIFICATE_OR_CRL" in words:
        return Cause(
            "ca_path",
            "ca_path names a file without certificates",
            "give a file of certificates in PEM",
        )
    if any(word in words for word in _CLIENT_FILES):
        return Cause(
            "client_certificate",
            f"the client's certificate and key can't be used ({words.lower()})",
            "give client_cert and client_key as PEM files that belong together, the key "
            "without a passphrase",
        )
    return Cause(
        "tls",
        f"the TLS handshake failed ({words.lower()})",
        "see whether the port is that of the HTTPS listener, and which versions of TLS "
        "the host allows",
    )


def _openssl_words(error: BaseException) -> str:
    """OpenSSL's own short words, such as WRONG_VERSION_NUMBER; else a whole message."""
    for item in lineage(error):
        words = getattr(item, "reason", None)
        if isinstance(words, str):
            return words
    innermost = list(lineage(error))[-1]
    return first_line(str(innermost)).upper()


_CLIENT_FILES = (
    "KEY_VALUES_MISMATCH",
    "PEM",
    "ENCRYPTED",
    "BAD_DECRYPT",
    "NO_START_LINE",
)

_PLAIN_ANSWERS = (
    "WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE", "HTTP_REQUEST",
    "PACKET_LENGTH_TOO_LONG",
)  # fmt: skip
"""What OpenSSL 1.1 to 3.5 say where the other side answers in plain text."""

_UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN)


def _no_route(
    error: BaseException, names: frozenset[str], target: Target
) -> Cause | None:
    if names & {"gaierror", "NameResolutionError", "LocationParseError"}:
        return Cause(
            "name",
            f"the name {target.hostname} can't be resolved",
            "see whether it is written right, and in DNS or /etc/hosts",
        )
    if "ConnectionRefusedError" in names:
        return Cause(
            "refused",
            "nothing listens on that port",
            "see whether WinRM runs there (winrm quickconfig on the host) and the port is "
            "that of a listener: 5986 for HTTPS, which the role "
            f"{HTTPS_ROLE} sets up, 5985 for HTTP",
        )
    if names & {"ConnectTimeout", "ConnectTimeoutError"}:
        return Cause(
            "connect_timeout",
            f"no connection came about within {target.timeout:g} s",
            "see whether the host is up, and a firewall lets the port through",
        )
    numbers = [getattr(item, "errno", None) for item in lineage(error)]
    if any(number in _UNREACHABLE for number in numbers):
        return Cause(
            "no_route",
            "there is no way to the host from here",
            "see whether the host is up and the network between is",
        )
    return None


def _silence(
    _error: BaseException, names: frozenset[str], target: Target
) -> Cause | None:
    if not names & {"ReadTimeout", "ReadTimeoutError", "AnswerTooSlow"}:
        return None
    return Cause(
        "timeout",
        f"the host did not answer within {target.timeout:g} s",
        "see whether the host is overloaded, or give a longer timeout",
    )


def _hung_up(
    _error: BaseException, names: frozenset[str], target: Target
) -> Cause | None:
    if names & {"BadStatusLine", "LineTooLong"} and "RemoteDisconnected" not in names:
        return Cause(
            "not_http", "the port does not answer in HTTP", _other_port(target)
        )
    if "AnswerTooLarge" in names:
        what = "the answer is larger than any of WinRM's"
        return Cause("huge", what, _other_port(target))
    if names & {"IncompleteRead", "ChunkedEncodingError"}:
        what = "the answer broke off in the middle"
        return Cause("cut_off", what, "see the event log of WinRM on the host")
    if names & {"ConnectionError", "ProtocolError", "OSError"}:
        return Cause(
            "hung_up", "the host closed the connection unasked", _other_port(target)
        )
    return None


def _other_port(target: Target) -> str:
    if target.is_tls:
        return "see whether something between closes connections, and WinRM still runs"
    return (
        "see whether WinRM still runs and the port is that of the HTTP listener; where it "
        "speaks TLS, drop ?transport=http from the URI"
    )


def tls_listener(target: Target) -> ConnectFailed:
    """What is wrong where plain HTTP goes to a port that speaks TLS."""
    return ConnectFailed(
        "the port speaks TLS, and the URI asks for plain HTTP",
        where=target.where,
        remedy="drop ?transport=http from the URI, or use the port of the HTTP listener "
        "(5985)",
        reason="tls_listener",
    )


def explain_status(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    target: Target,
    *,
    sent: bool,
    sealed: bool = False,
) -> TransportError:
    """Turn an HTTP answer that holds no SOAP into words; 401 is ``explain_401``.

    Args:
        status: The HTTP status.
        headers: The headers of the answer, looked up without case.
        body: The body.
        target: Where the request went.
        sent: Whether the request held an envelope, which may have been carried out.
        sealed: Whether it was encrypted.
    """
    lost = ConnectionBroken if sent else ConnectFailed

    def told(
        kind: type[TransportError], reason: str, what: str, remedy: str
    ) -> TransportError:
        return kind(what, where=target.where, remedy=remedy, reason=reason)

    if status == 413:
        return told(
            RequestRefused,
            "too_large",
            "the host takes no request of that size (HTTP 413)",
            "raise MaxEnvelopeSizekb in the host's winrm/config",
        )
    if status == 407:
        return told(
            ConnectFailed,
            "proxy",
            "the proxy wants to be signed in to (HTTP 407)",
            f"put user and password into the proxy's URL, or set no_proxy="
            f"{target.hostname}",
        )
    if status in (502, 503, 504):
        return told(
            ConnectFailed if status == 503 else lost,
            "busy",
            f"the service is not available (HTTP {status})",
            "try again later; see whether the service WinRM runs on the host",
        )
    if status == 500 and not body and sent:
        return _empty_500(target, sealed=sealed)
    if 300 <= status < 400:
        place = first_line(headers.get("Location", "")) or "another place"
        what = f"a web server sends to {place} (HTTP {status}); WinRM never does"
    else:
        kind = headers.get("Content-Type", "").partition(";")[0].strip()
        answer = f"HTTP {status} and {kind or 'no content'}"
        what = f"a web server answers ({answer}), but it is no WinRM"
    return told(
        lost,
        "not_winrm",
        what,
        "use the port of a WinRM listener: 5986 for HTTPS, 5985 for HTTP",
    )


def _empty_500(target: Target, *, sealed: bool) -> TransportError:
    """[MS-WSMV] 3.1.4.1.29.1: unencrypted messages are not accepted by default."""
    if sealed or target.is_tls:
        return ConnectionBroken(
            "the host failed at the request without saying why (an empty HTTP 500)",
            where=target.where,
            remedy="see the event log of WinRM on the host",
            reason="empty_500",
        )
    return SignInFailed(
        "the host takes no unencrypted messages (AllowUnencrypted is false)",
        where=target.where,
        remedy="use HTTPS, or set message_encryption to auto; the role "
        f"{UNENCRYPTED_ROLE} allows unencrypted messages where that is wanted",
        reason="unencrypted",
    )


def first_line(text: str) -> str:
    """The first line of a message of somebody else, cut to 200 characters."""
    line = text.strip().splitlines()[0] if text.strip() else ""
    return "".join(c if c.isprintable() else "?" for c in line)[:200]
