# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kerberos ticket for the time of a sign-in.

pywinrm takes tickets from the credential cache alone. Where a password is given, MIT's or
Heimdal's kinit gets one into a cache of its own, which KRB5CCNAME names while the
sign-in lasts; Ansible's winrm connection does the same. kinit's words are those of MIT
krb5 1.20 (lib/krb5/error_tables/krb5_err.et).
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)

KINIT_TIMEOUT = 60  # seconds; krb5 itself gives up on KDCs after about 30

_EXPIRED = ("Password has expired", "Password expired", "must change it now")
_REFUSED = (
    "Preauthentication failed", "Password incorrect", "revoked", "has expired",
)  # fmt: skip

_environment = threading.Lock()
"""KRB5CCNAME belongs to the whole process."""


class NoTicket(HypervisorConnectError):
    """There is no ticket to sign in with.

    Attributes:
        final: Whether the KDC refused this user, so that no other way is to be tried.
    """

    final = False


@contextmanager
def ticket(username: str | None, password: str | None) -> Iterator[None]:
    """Let the sign-in within use a ticket of this user.

    Args:
        username: ``user@REALM``; None for the owner of the credential cache.
        password: None where the credential cache has the ticket.

    Raises:
        NoTicket: kinit got none.
    """
    if not username or password is None:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="hypervisor-connect-") as folder:
        cache = f"FILE:{folder}/ccache"
        _kinit(username, password, cache)
        with _environment:
            before = os.environ.get("KRB5CCNAME")
            os.environ["KRB5CCNAME"] = cache
            try:
                yield
            finally:
                if before is None:
                    del os.environ["KRB5CCNAME"]
                else:
                    os.environ["KRB5CCNAME"] = before


def _kinit(username: str, password: str, cache: str) -> None:
    try:
        # run_command is AnsibleModule's, and this runs without one.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            ["kinit", "-c", cache, "--", username],
            input=f"{password}\n".encode(),
            capture_output=True,
            env={**os.environ, "LC_ALL": "C"},
            timeout=KINIT_TIMEOUT,
            check=False,
            start_new_session=True,  # no terminal to ask for a new password at
        )
    except FileNotFoundError:
        raise NoTicket(
            "Kerberos with a password needs the program kinit",
            remedy="install it (Debian: krb5-user; Fedora: krb5-workstation), or get a "
            "ticket in another way and give no password",
        ) from None
    except subprocess.TimeoutExpired:
        raise _no_ticket(username, "no KDC answered in time") from None
    if done.returncode:
        raise _no_ticket(
            username, (done.stdout + done.stderr).decode("utf-8", "replace")
        )


def _no_ticket(username: str, words: str) -> NoTicket:
    """Put what kinit says into words."""
    last = words.strip().splitlines()[-1] if words.strip() else "kinit says nothing"
    what = f"no Kerberos ticket for {username}: {last.replace('kinit: ', '')}"
    remedy = "see whether user, realm and password are right"
    if any(text in words for text in _EXPIRED):
        what = f"no Kerberos ticket for {username}: the password has expired"
        remedy = "set a new password (kpasswd does it)"
    elif "KDC" in words:
        remedy = "see whether /etc/krb5.conf or DNS knows the realm and its KDC is up"
    error = NoTicket(what, remedy=remedy)
    error.final = any(text in words for text in (*_EXPIRED, *_REFUSED))
    return error


def no_service_ticket(error: BaseException, hostname: str) -> NoTicket:
    """Put what GSSAPI said before anything was sent into words.

    Args:
        error: pywinrm's KerberosExchangeError, whose text holds GSSAPI's two messages.
        hostname: Of the URL.
    """
    words = re.findall(r"'([^']+)'", str(error)) or [str(error)]
    return NoTicket(
        f"no Kerberos ticket for HTTP/{hostname}: {words[-1].strip()[:200]}",
        remedy="get one with kinit, or give user@REALM and password; the host's name in "
        "the URI must be the one that the realm knows",
    )
