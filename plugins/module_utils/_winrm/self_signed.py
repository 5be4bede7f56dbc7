# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A self-signed certificate, made on the host by the host's own certreq.

``certreq -new`` with RequestType=Cert makes a key and a certificate and installs both
("certreq", learn.microsoft.com/windows-server/administration/windows-commands); it
wants its wishes in a file.
"""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Callable, Mapping
from typing import Protocol

from .._core.errors import HypervisorConnectError
from .blob import read_store
from .certificates import Certificate, fits
from .hostname import check_hostname

FOLDER = r"%SystemRoot%\Temp"
"""Where strangers may make files but not list them, so that a random name is safe."""

DAYS = range(1, 36501)
"""Days that a certificate may be valid: up to a hundred years."""


class CertificateNotMade(HypervisorConnectError):
    """The host has not made the certificate that it was asked for."""


class RanLike(Protocol):
    """What is read of a command that has run."""

    @property
    def rc(self) -> int:
        """Its exit code."""

    @property
    def stdout(self) -> str:
        """What it printed."""

    @property
    def stderr(self) -> str:
        """What it printed as errors."""


Run = Callable[[str], RanLike]
"""Runs a command line of cmd.exe on the host."""


def check_days(days: int) -> None:
    """Refuse what is no time for a certificate to be valid.

    Raises:
        HypervisorConnectError: The days are too many or too few.
    """
    if days not in DAYS:
        raise HypervisorConnectError(
            f"a certificate can't be valid for {days} days",
            where="self_signed_days",
            remedy=f"give a number from {DAYS[0]} to {DAYS[-1]}",
        )


def request_inf(hostname: str, days: int) -> str:
    """What certreq is asked for.

    The provider is the one that Ansible's own ConfigureRemotingForAnsible.ps1 takes for
    WinRM; its key can't be exported.

    Args:
        hostname: The one name of the certificate: a DNS name or an IP address.
        days: How long it is valid.

    Raises:
        HypervisorConnectError: The name is none, or the days are too many or too few.
    """
    check_hostname(hostname)
    check_days(days)
    lines = (
        "[Version]",
        'Signature="$Windows NT$"',
        "[NewRequest]",
        f'Subject="CN={_common_name(hostname)}"',
        "RequestType=Cert",
        "MachineKeySet=TRUE",
        'ProviderName="Microsoft Enhanced RSA and AES Cryptographic Provider"',
        "ProviderType=24",
        "KeySpec=1",
        "KeyLength=2048",
        "KeyUsage=0xA0",
        "HashAlgorithm=SHA256",
        "Exportable=FALSE",
        "ValidityPeriod=Days",
        f"ValidityPeriodUnits={days}",
        "[EnhancedKeyUsageExtension]",
        "OID=1.3.6.1.5.5.7.3.1",
        "[Extensions]",
        f'2.5.29.17="{{text}}{_kind(hostname)}={hostname}"',
    )
    return "".join(f"{line}\r\n" for line in lines)


def _common_name(hostname: str) -> str:
    """At most 64 characters (RFC 5280, ub-common-name); the name is whole elsewhere."""
    return hostname if len(hostname) <= 64 else hostname.partition(".")[0]


def _kind(hostname: str) -> str:
    try:
        ipaddress.ip_address(hostname)
    except ValueError:
        return "dns"
    return "ipaddress"


def steps(hostname: str, days: int, token: str) -> tuple[str, str, str]:
    """The command lines: write the INF, make the certificate, remove the files.

    Args:
        hostname: The name of the certificate.
        days: How long it is valid.
        token: Letters and digits that nobody can guess, new each time.

    Raises:
        HypervisorConnectError: As of request_inf.
    """
    folder = rf"{FOLDER}\hypervisor-connect-{token}"
    inf = rf"{folder}\request.inf"
    lines = request_inf(hostname, days).splitlines()
    write = "&&".join(f">>{inf} echo {line}" for line in lines)
    return (
        f"md {folder}&&{write}",
        rf"certreq -new -machine -q -f {inf} {folder}\certificate.cer",
        f"rd /s /q {folder}",
    )


def _token() -> str:
    return uuid.uuid4().hex


def make_self_signed(
    run: Run,
    hostname: str,
    days: int,
    *,
    certificates: Callable[[], Mapping[str, bytes]],
    new_token: Callable[[], str] = _token,
) -> Certificate:
    """Make a certificate on the host, in the machine's own store.

    The new one is found by comparing the store before and after: what certreq prints is
    in the host's language.

    Args:
        run: Runs a command line of cmd.exe on the host.
        hostname: The name of the certificate.
        days: How long it is valid.
        certificates: Reads the machine's own store, as ``ConfigurationWay`` does.
        new_token: Makes part of a folder's name.

    Raises:
        CertificateNotMade: The host would not.
        HypervisorConnectError: As of request_inf, and what run and certificates raise.
    """
    write, make, remove = steps(hostname, days, new_token())
    before = set(certificates())
    try:
        for command, what in ((write, "write certreq's file"), (make, "run certreq")):
            ran = run(command)
            if ran.rc:
                raise _not_made(what, ran)
    finally:
        _run_quietly(run, remove)
    after = certificates()
    new = {known: blob for known, blob in after.items() if known not in before}
    for made in read_store(new)[0]:
        if fits(made, hostname, made.not_before):  # clocks differ
            return made
    raise CertificateNotMade(
        "certreq has ended without an error, and without a new certificate for "
        f"{hostname} in the machine's store"
    )


def _not_made(what: str, ran: RanLike) -> CertificateNotMade:
    said = " ".join((ran.stderr or ran.stdout).split())
    return CertificateNotMade(
        f"the host could not {what} (exit code {ran.rc}): {said or 'it says nothing'}",
        remedy="sign in as one of the host's Administrators, or give the thumbprint of "
        "a certificate",
        details={"rc": ran.rc, "stdout": ran.stdout, "stderr": ran.stderr},
    )


def _run_quietly(run: Run, command: str) -> None:
    """Tidy up; what went wrong before says more than what goes wrong now."""
    try:
        run(command)
    except HypervisorConnectError:
        return
