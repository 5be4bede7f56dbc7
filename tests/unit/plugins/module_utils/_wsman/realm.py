# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kerberos realm on loopback: MIT's krb5kdc with plain files, and certificates for tests."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

REALM = "HYPER.EXAMPLE"
PRINCIPAL = f"admin@{REALM}"
PASSWORD = "ticket to ride"
PROGRAMS = ("krb5kdc", "kdb5_util", "kadmin.local", "kinit")


@contextmanager
def realm(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run a KDC whose realm knows PRINCIPAL, EXPIRED and the service HTTP/localhost."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    missing = [name for name in PROGRAMS if not shutil.which(name, path=path)]
    if missing:
        pytest.skip(f"Kerberos is not tested: {', '.join(missing)} not installed")
    pytest.importorskip("kerberos", reason="Kerberos is not tested: pykerberos missing")
    pytest.importorskip(
        "gssapi", reason="Kerberos is not tested: python-gssapi missing"
    )
    monkeypatch.setenv("PATH", path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    _configure(folder, port)
    monkeypatch.setenv("KRB5_CONFIG", str(folder / "krb5.conf"))
    monkeypatch.setenv("KRB5_KDC_PROFILE", str(folder / "kdc.conf"))
    monkeypatch.setenv("KRB5_KTNAME", str(folder / "service.keytab"))
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{folder}/ccache")
    _run("kdb5_util", "create", "-s", "-P", "master", "-r", REALM)
    for command in (
        f'addprinc -pw "{PASSWORD}" {PRINCIPAL}',
        f'addprinc -pw "{PASSWORD}" -pwexpire yesterday expired@{REALM}',
        "addprinc -randkey HTTP/localhost",
        f"ktadd -k {folder}/service.keytab HTTP/localhost",
    ):
        _run("kadmin.local", "-r", REALM, "-q", command)
    with subprocess.Popen(
        ["krb5kdc", "-n", "-r", REALM], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as kdc:
        try:
            _wait_for(port)
            yield
        finally:
            kdc.terminate()


def _configure(folder: Path, port: int) -> None:
    (folder / "krb5.conf").write_text(
        f"""[libdefaults]
    default_realm = {REALM}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    udp_preference_limit = 1
[realms]
    {REALM} = {{
        kdc = 127.0.0.1:{port}
    }}
[domain_realm]
    localhost = {REALM}
"""
    )
    (folder / "kdc.conf").write_text(
        f"""[kdcdefaults]
    kdc_listen = 127.0.0.1:{port}
    kdc_tcp_listen = 127.0.0.1:{port}
[realms]
    {REALM} = {{
        database_name = {folder}/principal
        key_stash_file = {folder}/stash
        acl_file = {folder}/acl
    }}
[logging]
    kdc = FILE:{folder}/kdc.log
"""
    )


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=30)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError("krb5kdc does not listen")


def certificate(folder: Path, name: str, names: str) -> tuple[str, str]:
    """Make a self-signed certificate with openssl: its file, its key's file.

    Args:
        folder: Where the files go.
        name: What they are called.
        names: The subjectAltName, such as ``IP:127.0.0.1``.
    """
    openssl = shutil.which("openssl") or pytest.skip("openssl is not installed")
    certificate, key = str(folder / f"{name}.pem"), str(folder / f"{name}.key")
    _run(
        openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate,
        "-subj", f"/CN={name}", "-days", "2", "-addext", f"subjectAltName={names}",
    )  # fmt: skip
    return certificate, key


def server_context(certificate: str, key: str) -> ssl.SSLContext:
    """TLS for a listener with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
