# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kerberos, with MIT's KDC on loopback and pypsrp as the client."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from hvsim.authentication import User

pypsrp = pytest.importorskip("pypsrp.wsman", reason="Kerberos: pypsrp is missing")
pytest.importorskip("gssapi", reason="Kerberos: python-gssapi is missing")
pytest.importorskip("krb5", reason="Kerberos: python-krb5 is missing")

REALM = "HVSIM.TEST"
CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"


def krb5_conf(port: int) -> str:
    return f"""[libdefaults]
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


def kdc_conf(port: int, folder: Path) -> str:
    return f"""[kdcdefaults]
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


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=30)


@pytest.fixture
def keytab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A realm with administrator, stranger and HTTP/localhost, whose keytab this is."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    for program in ("krb5kdc", "kdb5_util", "kadmin.local"):
        if not shutil.which(program, path=path):
            pytest.skip(f"Kerberos is not tested: {program} is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "krb5.conf").write_text(krb5_conf(port))
    (tmp_path / "kdc.conf").write_text(kdc_conf(port, tmp_path))
    keytab = tmp_path / "service.keytab"
    for name, value in (
        ("PATH", path),
        ("KRB5_CONFIG", f"{tmp_path}/krb5.conf"),
        ("KRB5_KDC_PROFILE", f"{tmp_path}/kdc.conf"),
        ("KRB5CCNAME", f"FILE:{tmp_path}/ccache"),
        ("KRB5_KTNAME", "set back by monkeypatch"),
    ):
        monkeypatch.setenv(name, value)
    run("kdb5_util", "create", "-s", "-P", "master", "-r", REALM)
    for command in (
        f"addprinc -pw ticket administrator@{REALM}",
        f"addprinc -pw ticket stranger@{REALM}",
        "addprinc -randkey HTTP/localhost",
        f"ktadd -k {keytab} HTTP/localhost",
    ):
        run("kadmin.local", "-r", REALM, "-q", command)
    kdc = subprocess.Popen(["krb5kdc", "-n", "-r", REALM], stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 10
        while (
            socket.socket().connect_ex(("127.0.0.1", port)) and time.monotonic() < end
        ):
            time.sleep(0.02)
        yield keytab
    finally:
        kdc.terminate()
        kdc.wait()


@pytest.mark.parametrize("auth", ["kerberos", "negotiate"])
@pytest.mark.parametrize("secure", [False, True])
def test_principal_of_the_realm_signs_in(
    start_hvsim: Any, keytab: Path, auth: str, secure: bool
) -> None:
    host = start_hvsim(
        keytab=keytab, kerberos_host="localhost", users=[User("stranger", "", ("AU",))]
    )

    def client(name: str) -> Any:
        return pypsrp.WSMan(
            "localhost",
            port=urlsplit(host.https_url if secure else host.http_url).port,
            ssl=secure,
            cert_validation=str(host.ca_file),
            username=f"{name}@{REALM}",
            password="ticket",
            auth=auth,
            negotiate_service="HTTP",
        )

    with client("administrator") as administrator:
        found = administrator.get(CONFIG + "/winrs")
    assert "IdleTimeout" in {element.tag.rpartition("}")[2] for element in found.iter()}
    assert (host.requests[-1].user, host.requests[-1].encrypted) == (
        "Administrator",
        True,
    )
    with (
        client("stranger") as stranger,
        pytest.raises(pypsrp.WSManFaultError, match="Access is denied"),
    ):
        stranger.get(CONFIG + "/winrs")
