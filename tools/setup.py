# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a machine able to run every make target; done twice, the second does nothing.

Needs root (or everything already there), a Debian or Ubuntu, and any Python 3.9 or
later: only the standard library is used. Debian packages are installed without
starting their services. The Python packages are those of requirements/*.txt, with
hashes, in .venv.

    python3 -m tools.setup            what the tools and the tests need
    python3 -m tools.setup bench      and community.libvirt, into .build/bench
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tools.pythons import Interpreter, find_interpreters, newest, probe

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build"
VENV = ROOT / ".venv"

NEEDED = (
    "busybox-static",
    "cpio",
    "curl",
    "dnsmasq-base",
    "gcc",
    "gnutls-bin",
    "iproute2",
    "iptables",
    "kmod",
    "krb5-admin-server",
    "krb5-kdc",
    "krb5-user",
    "libkrb5-dev",
    "libsasl2-modules",
    "libvirt-clients",
    "libvirt-daemon",
    "libvirt-dev",
    "libxml2-utils",
    "netcat-openbsd",
    "openssh-client",
    "openssh-server",
    "ovmf",
    "pkg-config",
    "python3-dev",
    "python3-venv",
    "qemu-system-x86",
    "qemu-utils",
    "sasl2-bin",
    "shellcheck",
    "swtpm",
    "swtpm-tools",
    "uuid-runtime",
)
"""Debian packages without which a target fails; the same names in Ubuntu."""

WELCOME = (
    "libvirt-daemon-common",
    "libvirt-daemon-driver-interface",
    "libvirt-daemon-driver-lxc",
    "libvirt-daemon-driver-network",
    "libvirt-daemon-driver-nodedev",
    "libvirt-daemon-driver-nwfilter",
    "libvirt-daemon-driver-qemu",
    "libvirt-daemon-driver-secret",
    "libvirt-daemon-driver-storage",
    "libvirt-daemon-log",
)
"""Parts of libvirt that newer releases split off; taken where the release has them."""

CLIENTS = ("winrmcp", "wsl")
"""WinRM clients that meet hvsim in the tests; taken where the release has them."""

PROGRAMS = ("gcc", "libvirtd", "nc", "pkg-config", "qemu-img", "shellcheck", "virsh")
"""What shows, where there is no dpkg, that the packages are there under other names."""

POLICY = Path("/usr/sbin/policy-rc.d")


class SetupError(Exception):
    """One sentence that says what to install or mend."""


def main(arguments: Sequence[str]) -> int:
    """Set up; print one sentence and return 1 where that is impossible."""
    try:
        link_collection()
        install_debian_packages()
        make_venv()
        make_clients_venv()
        if "bench" in arguments:
            install_bench()
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        command = " ".join(map(str, error.cmd))
        print(f"setup: {command} failed ({error.returncode})", file=sys.stderr)
        return 1
    return 0


def link_collection() -> None:
    """Make .build/ansible_collections/hypervisor/connect lead to the checkout.

    Python and Ansible find the collection there, wherever the checkout lies.
    """
    link = BUILD / "ansible_collections" / "hypervisor" / "connect"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to("../../..", target_is_directory=True)


def install_debian_packages() -> None:
    """Install what is missing of NEEDED, and of the rest what the release has.

    Raises:
        SetupError: Packages are missing, and this user or system can't install them.
    """
    if shutil.which("dpkg-query") is None or shutil.which("apt-get") is None:
        missing = [name for name in PROGRAMS if shutil.which(name) is None]
        if missing:
            raise SetupError(
                f"not Debian or Ubuntu; install what gives {', '.join(missing)}, and the"
                " header files of libvirt and Python"
            )
        return
    installed = _installed((*NEEDED, *CLIENTS))
    missing = [name for name in NEEDED if name not in installed]
    clients = [name for name in CLIENTS if name not in installed]
    if os.geteuid() != 0:
        if missing:
            raise SetupError(f"as root: apt-get install {' '.join(missing)}")
        return
    if not missing and not any(_has_candidate(name) for name in clients):
        return
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # A source that is out of reach must not stop the others: install tells.
    _run([*apt, "update"], environ=environ, check=False)
    welcome = [name for name in (*clients, *WELCOME) if _has_candidate(name)]
    wanted = [*missing, *welcome]
    print(f"setup: apt-get install {' '.join(wanted)}", flush=True)
    with _services_stay_down():
        _run(
            [*apt, "install", "-y", "--no-install-recommends", *wanted], environ=environ
        )


def make_venv() -> None:
    """Make .venv with exactly the locked packages, unless it is as it should be.

    The interpreter is the newest supported one, or the one that PYTHON names.

    Raises:
        SetupError: No interpreter serves.
    """
    locks = [ROOT / "requirements" / name for name in ("uv.txt", "dev.txt")]
    wanted = os.environ.get("PYTHON", "")
    stamp = {"locks": digest(locks), "python": wanted, "root": str(ROOT)}
    if _stamp_of(VENV) == stamp:
        return
    interpreter = choose_interpreter(wanted, os.environ)
    print(
        f"setup: .venv with Python {interpreter.version}, {interpreter.executable}",
        flush=True,
    )
    shutil.rmtree(VENV, ignore_errors=True)
    _run([interpreter.executable, "-m", "venv", str(VENV)])
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--quiet", "--no-input"]
    _run([*pip, "install", "--require-hashes", "-r", str(locks[0])])
    uv_install(VENV, locks[1])
    (VENV / ".stamp").write_text(json.dumps(stamp), encoding="utf-8")


def choose_interpreter(wanted: str, environ: Mapping[str, str]) -> Interpreter:
    """The interpreter that ``wanted`` names, or the newest supported one.

    Args:
        wanted: A name on PATH, a path, a version such as ``3.12``, or the empty string.
        environ: Where interpreters are looked for.

    Raises:
        SetupError: There is none that can make a virtual environment.
    """
    found = find_interpreters(environ)
    interpreter = (
        found.get(wanted.replace("python", "")) or probe(wanted)
        if wanted
        else newest(found)
    )
    if interpreter is None:
        raise SetupError(
            f"no usable Python {wanted or '3.10 to 3.13'} here; install one with its"
            " venv module and header files (Debian: python3-venv, python3-dev)"
        )
    return interpreter


def make_matrix_venv(core: str, interpreter: Interpreter) -> Path:
    """A virtual environment with a given ansible-core for the unit tests.

    Args:
        core: The ansible-core release, such as ``2.16``.
        interpreter: What it is made with.

    Returns:
        The environment's directory, .build/matrix/CORE-PYTHON.
    """
    lock = ROOT / "requirements" / f"matrix-{core}.txt"
    venv = BUILD / "matrix" / f"{core}-{interpreter.version}"
    stamp = {
        "locks": digest([lock]),
        "python": interpreter.executable,
        "root": str(ROOT),
    }
    if _stamp_of(venv) != stamp:
        shutil.rmtree(venv, ignore_errors=True)
        uv = str(VENV / "bin" / "uv")
        _run([uv, "venv", "--quiet", "--python", interpreter.executable, str(venv)])
        uv_install(venv, lock)
        (venv / ".stamp").write_text(json.dumps(stamp), encoding="utf-8")
    return venv


def make_clients_venv() -> None:
    """Put WinRM clients that need an environment of their own into .build/clients.

    evil-winrm-py holds pypsrp below the release that the tests have.
    """
    lock = ROOT / "requirements" / "clients.txt"
    venv = BUILD / "clients"
    stamp = {"locks": digest([lock]), "root": str(ROOT)}
    if _stamp_of(venv) != stamp:
        shutil.rmtree(venv, ignore_errors=True)
        uv = str(VENV / "bin" / "uv")
        python = str(VENV / "bin" / "python")
        _run([uv, "venv", "--quiet", "--python", python, str(venv)])
        uv_install(venv, lock)
        (venv / ".stamp").write_text(json.dumps(stamp), encoding="utf-8")


def install_bench() -> None:
    """Put the collections of the PyPI package ansible into .build/bench."""
    lock = ROOT / "requirements" / "bench.txt"
    bench = BUILD / "bench"
    stamp = {"locks": digest([lock]), "root": str(ROOT)}
    if _stamp_of(bench) == stamp:
        return
    shutil.rmtree(bench, ignore_errors=True)
    uv_install(VENV, lock, "--no-deps", "--target", str(bench))
    (bench / ".stamp").write_text(json.dumps(stamp), encoding="utf-8")


def uv_install(venv: Path, lock: Path, *options: str) -> None:
    """Install a locked file, hashes checked, into a virtual environment."""
    uv = [str(VENV / "bin" / "uv"), "pip", "install", "--quiet", "--require-hashes"]
    python = ["--python", str(venv / "bin" / "python")]
    _run([*uv, *python, *options, "-r", str(lock)], environ=uv_environment())


def uv_environment() -> dict[str, str]:
    """This environment, with pip's index and certificates told to uv as well.

    uv does not read pip's settings; a machine that reaches its index through a mirror
    often names it for pip alone.
    """
    environ = dict(os.environ)
    if not any(name.startswith("UV_") and "INDEX" in name for name in environ):
        settings = pip_settings()
        if "index-url" in settings:
            environ["UV_DEFAULT_INDEX"] = settings["index-url"]
        if "cert" in settings:
            environ.setdefault("SSL_CERT_FILE", settings["cert"])
    return environ


def pip_settings() -> dict[str, str]:
    """What pip is told here by files and variables, less the sections' names.

    Source: ``pip config list`` prints ``global.cert='...'`` and ``:env:.cert='...'``.
    """
    listing = subprocess.run(
        [str(VENV / "bin" / "python"), "-m", "pip", "config", "list"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    settings = {}
    for line in sorted(listing.splitlines(), reverse=True):  # :env: last, so it wins
        name, value = line.split("=", 1)
        settings[name.rpartition(".")[2]] = value.strip("'\"")
    return settings


def digest(paths: Sequence[Path]) -> str:
    """One SHA-256 over the content of files."""
    return hashlib.sha256(b"\0".join(p.read_bytes() for p in paths)).hexdigest()


def _stamp_of(directory: Path) -> object:
    try:
        return json.loads((directory / ".stamp").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _installed(names: Sequence[str]) -> set[str]:
    """Which of these Debian packages are installed, whatever their architecture."""
    listing = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n", *names],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    rows = [line.split() for line in listing.splitlines()]
    return {row[1] for row in rows if row[:1] == ["installed"]}


def _has_candidate(name: str) -> bool:
    policy = ["apt-cache", "policy", name]
    answer = subprocess.run(policy, capture_output=True, text=True, check=False).stdout
    return "Candidate:" in answer and "Candidate: (none)" not in answer


@contextlib.contextmanager
def _services_stay_down() -> Iterator[None]:
    """Keep installed packages from starting their services.

    Source: Debian Policy 9.3.3.1 and invoke-rc.d(8): policy-rc.d exiting with 101
    forbids every action. What stood there before is put back.
    """
    before = POLICY.read_bytes() if POLICY.exists() else None
    mode = POLICY.stat().st_mode if before is not None else 0o755
    POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        if before is None:
            POLICY.unlink()
        else:
            POLICY.write_bytes(before)
            POLICY.chmod(mode)


def _run(
    command: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    check: bool = True,
) -> None:
    subprocess.run(command, stdin=subprocess.DEVNULL, env=environ, check=check)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
