# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and certificates of one testbed, made anew each time.

RSA for TLS: GnuTLS drops key encipherment from elliptic certificates and libvirtd 9.0.0
then refuses them. Ed25519 first for ssh: libssh2 still signs RSA with SHA-1, which
OpenSSH refuses.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from testbed.plan import Plan
from testbed.process import run, write

AUTHORITY = "cn = {name}\nca\ncert_signing_key\nexpiration_days = 2\n"
SERVER = (
    "cn = {name}\ndns_name = {name}\nip_address = {address}\ntls_www_server\n"
    "encryption_key\nsigning_key\nexpiration_days = 2\n"
)
CLIENT = (
    "cn = {name}\ntls_www_client\nencryption_key\nsigning_key\nexpiration_days = 2\n"
)


def make_ssh_key(path: Path, kind: str) -> None:
    """An ssh key pair without a passphrase."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bits = ["-b", "2048"] if kind == "rsa" else []
    run(["ssh-keygen", "-q", "-t", kind, *bits, "-N", "", "-C", "testbed", "-f", path])


def make_ssh_keys(plan: Plan) -> None:
    """Host keys, a key that is let in, one that is not, and known_hosts files."""
    server, client = plan.etc / "testbed-ssh", plan.client
    for path, kind in (
        (server / "host_ed25519", "ed25519"),
        (server / "host_rsa", "rsa"),
        (client / "id_ed25519", "ed25519"),
        (client / "wrong_ed25519", "ed25519"),
    ):
        make_ssh_key(path, kind)
    shutil.copy(client / "id_ed25519.pub", server / "authorized_keys")
    lines = [
        f"{plan.address} {(server / name).read_text()}"
        for name in ("host_ed25519.pub", "host_rsa.pub")
    ]
    write(client / "known_hosts", "".join(lines))
    write(client / "empty_known_hosts", "")


def make_key(path: Path) -> None:
    """A private RSA key for TLS."""
    path.parent.mkdir(parents=True, exist_ok=True)
    run(["certtool", "--generate-privkey", "--rsa", "--bits=2048", "--outfile", path])


def self_sign(key: Path, certificate: Path, template: str) -> None:
    """A certificate authority's own certificate."""
    write(certificate.with_suffix(".template"), template)
    run(
        [
            *("certtool", "--generate-self-signed", "--load-privkey", key),
            *("--template", certificate.with_suffix(".template")),
            *("--outfile", certificate),
        ]
    )


def sign(authority: Path, key: Path, certificate: Path, template: str) -> None:
    """A certificate signed by the authority whose files lie in a directory."""
    write(certificate.with_suffix(".template"), template)
    run(
        [
            *("certtool", "--generate-certificate", "--load-privkey", key),
            *("--load-ca-certificate", authority / "cacert.pem"),
            *("--load-ca-privkey", authority / "cakey.pem"),
            *("--template", certificate.with_suffix(".template")),
            *("--outfile", certificate),
        ]
    )


def make_certificates(plan: Plan) -> None:
    """Server and client certificates, and the same again by a stranger.

    Client directories, each fit for ``pkipath=``, by what becomes of them:

    - ``pki``: works.
    - ``untrusted_pki``: the server refuses the client's certificate, a stranger's.
    - ``foreign_pki``: the client refuses the server's, as it knows the stranger alone.
    - ``mismatched_pki``: libvirt's own check refuses, as the client's certificate is
      not by the authority beside it.
    - ``empty_pki``: has no files.
    """
    server, stranger = plan.etc / "pki", plan.directory / "stranger"
    good = plan.client / "pki"
    for directory in (server, stranger, good, plan.client / "empty_pki"):
        directory.mkdir(parents=True)
    keys = (
        server / "cakey.pem",
        server / "serverkey.pem",
        stranger / "cakey.pem",
        good / "clientkey.pem",
    )
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(make_key, keys))
    for authority in (server, stranger):
        self_sign(
            authority / "cakey.pem",
            authority / "cacert.pem",
            AUTHORITY.format(name=f"{authority.name} {plan.name}"),
        )
    sign(
        server,
        server / "serverkey.pem",
        server / "servercert.pem",
        SERVER.format(name=plan.hostname, address=plan.address),
    )
    client = CLIENT.format(name=f"client of {plan.hostname}")
    for authority in (server, stranger):
        sign(authority, good / "clientkey.pem", authority / "clientcert.pem", client)
    for name, trusted, issuer in (
        ("pki", [server], server),
        ("untrusted_pki", [server, stranger], stranger),
        ("foreign_pki", [stranger], stranger),
        ("mismatched_pki", [server], stranger),
    ):
        fill_client_directory(
            plan.client / name, good / "clientkey.pem", trusted, issuer
        )


def fill_client_directory(
    directory: Path, key: Path, trusted: Sequence[Path], issuer: Path
) -> None:
    """The three files that libvirt reads from a ``pkipath=``."""
    authorities = [(authority / "cacert.pem").read_text() for authority in trusted]
    write(directory / "cacert.pem", "".join(authorities))
    write(directory / "clientcert.pem", (issuer / "clientcert.pem").read_text())
    write(directory / "clientkey.pem", key.read_text())
