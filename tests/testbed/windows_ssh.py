# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real sshd on loopback that stands for Windows' own, in front of a simulated host.

``python -m testbed.windows_ssh --ready-file FILE --hvsim READY`` holds one until SIGTERM
or until its parent ends. The ready file has under ``ansible`` the variables with which
Ansible reaches it, and under ``faults`` the path of a file that says what shall go wrong
(see windows_cmd.Shell). Its user is ``Administrator``, by key alone.

As root it has namespaces of its own, for that account and so that every session ends
with it; anybody else gets his own account.
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import json
import os
import shlex
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from testbed.configuration import private_accounts
from testbed.host import Stopped, hold, stop
from testbed.keys import make_ssh_key
from testbed.management import Host
from testbed.process import (
    TestbedError,
    program,
    tail,
    wait_until,
    write,
    write_atomically,
)
from testbed.windows_cmd import LostConnection, Shell

HERE = Path(__file__).resolve().parent
USER = "Administrator"
START_LIMIT = 30.0
CONFIGURATION = """\
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host_ed25519
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
PermitRootLogin prohibit-password
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
PrintMotd no
MaxStartups 100
MaxSessions 100
PidFile none
ForceCommand exec {command}
"""
NAMESPACE = """\
mount --bind {folder}/passwd /etc/passwd && mount --bind {folder}/shadow /etc/shadow &&
mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/sshd && exec {sshd}
"""


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    shell: Shell


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """Run one command."""
        server = self.server
        assert isinstance(server, _Server)
        command = json.loads(self.rfile.readline())["command"]
        answer: dict[str, Any]
        try:
            done = server.shell.run(command)
        except LostConnection:
            answer = {"lost": True}
        else:
            answer = {
                "rc": done.rc,
                "stdout": as_bytes(done.stdout).hex(),
                "stderr": as_bytes(done.stderr).hex(),
            }
        self.wfile.write(json.dumps(answer).encode() + b"\n")


def as_bytes(text: str) -> bytes:
    """Text in UTF-8, but for what windows_cmd.utf16 made: that is bytes already."""
    return text.encode("latin-1" if text.startswith("\xff\xfe") else "utf-8")


def free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def write_files(folder: Path, port: int) -> None:
    """Keys, accounts and sshd's configuration."""
    make_ssh_key(folder / "host_ed25519", "ed25519")
    make_ssh_key(folder / "id_ed25519", "ed25519")
    public = (folder / "id_ed25519.pub").read_text()
    write(folder / "authorized_keys", public, mode=0o644)
    host_key = (folder / "host_ed25519.pub").read_text()
    write(folder / "known_hosts", f"[127.0.0.1]:{port} {host_key}", mode=0o644)
    command = [sys.executable, "-I", "-S", str(HERE / "windows_ssh_command.py")]
    command.append(str(folder / "socket"))
    configuration = CONFIGURATION.format(
        port=port, folder=folder, command=shlex.join(command)
    )
    write(folder / "sshd_config", configuration)


def sshd(folder: Path) -> list[str]:
    """sshd's command line, in namespaces of its own where we may make them."""
    plain = [program("sshd"), "-D", "-e", "-f", str(folder / "sshd_config")]
    if os.geteuid() != 0:
        return plain
    passwd, _group, shadow = private_accounts(
        *(Path("/etc", name).read_text() for name in ("passwd", "group", "shadow"))
    )
    write(
        folder / "passwd",
        f"{USER}:x:0:0::{folder}:/bin/sh\n{passwd}",
        mode=0o644,
    )
    write(folder / "shadow", f"{USER}:*:19000:0:99999:7:::\n{shadow}")
    script = NAMESPACE.format(folder=folder, sshd=shlex.join(plain))
    return [
        *(program("setpriv"), "--pdeathsig", "KILL", program("unshare")),
        *("--mount", "--pid", "--fork", "--kill-child", "--propagation=private"),
        *(program("sh"), "-c", script),
    ]


def facts(folder: Path, port: int) -> dict[str, Any]:
    """What the ready file says."""
    user = USER if os.geteuid() == 0 else getpass.getuser()
    options = (
        f"-F none -o UserKnownHostsFile={folder / 'known_hosts'} "
        "-o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes "
        "-o IdentitiesOnly=yes -o IdentityAgent=none"
    )
    return {
        "pid": os.getpid(),
        "host": "127.0.0.1",
        "port": port,
        "user": user,
        "key": str(folder / "id_ed25519"),
        "known_hosts": str(folder / "known_hosts"),
        "faults": str(folder / "faults.json"),
        "log": str(folder / "sshd.log"),
        "ansible": {
            "ansible_connection": "ssh",
            "ansible_host": "127.0.0.1",
            "ansible_port": port,
            "ansible_user": user,
            "ansible_ssh_private_key_file": str(folder / "id_ed25519"),
            "ansible_ssh_common_args": options,
            "ansible_control_path_dir": str(folder / "cp"),
            "ansible_shell_type": "cmd",
        },
    }


def answers(port: int) -> bool:
    """Whether sshd says its version."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as client:
            return client.recv(4) == b"SSH-"
    except OSError:
        return False


@contextlib.contextmanager
def serving(folder: Path, hvsim: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """sshd and what it asks, for the time of the block: its port and its process.

    Raises:
        TestbedError: sshd did not come up.
    """
    port = free_port()
    write_files(folder, port)
    with (
        _Server(str(folder / "socket"), _Handler) as server,
        open(folder / "sshd.log", "wb") as log,
    ):
        server.shell = Shell(Host(hvsim), folder / "faults.json")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        process = subprocess.Popen(
            sshd(folder), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            wait_until(
                lambda: process.poll() is not None or answers(port),
                "sshd answers",
                limit=START_LIMIT,
                logs=[folder / "sshd.log"],
            )
            if process.poll() is not None:
                raise TestbedError(f"sshd ended:\n{tail(folder / 'sshd.log')}")
            yield port, process
        finally:
            process.kill()  # unshare heeds no SIGTERM while it waits
            process.wait(START_LIMIT)
            server.shutdown()


def serve(ready_file: Path, *, hvsim: Path, parent: int) -> None:
    """Hold one until a signal comes or the parent ends.

    Args:
        ready_file: Written atomically once it answers; removed at the end.
        hvsim: The ready file of the simulated host behind it.
        parent: It ends when this process does.

    Raises:
        TestbedError: It could not be brought up, or sshd ended.
    """
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with (
        contextlib.suppress(Stopped),
        tempfile.TemporaryDirectory(prefix="hc-ssh-") as name,
    ):
        try:
            with serving(Path(name), hvsim) as (port, process):
                known = json.dumps(facts(Path(name), port), indent=2)
                write_atomically(ready_file, known + "\n")
                hold(parent, process)
        finally:
            ready_file.unlink(missing_ok=True)


@contextlib.contextmanager
def windows_ssh(hvsim: Path, *, limit: float = 60.0) -> Iterator[dict[str, Any]]:
    """Hold one in a process of its own for the time of the block.

    Args:
        hvsim: The ready file of the simulated host behind it.
        limit: Seconds within which it must be up.

    Yields:
        The content of its ready file.

    Raises:
        TestbedError: It did not come up.
    """
    with tempfile.TemporaryDirectory(prefix="hc-ssh-") as name:
        ready_file, log = Path(name, "ready.json"), Path(name, "log")
        command = [sys.executable, "-m", "testbed.windows_ssh"]
        command += ["--ready-file", str(ready_file), "--hvsim", str(hvsim)]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*command, "--parent", str(os.getpid())],
                env={**os.environ, "PYTHONPATH": str(HERE.parent)},
                stdin=subprocess.DEVNULL,
                stderr=output,
            )
        try:
            wait_until(
                lambda: ready_file.exists() or process.poll() is not None,
                "the private sshd is ready",
                limit=limit,
                logs=[log],
            )
            if process.poll() is not None:
                raise TestbedError(log.read_text().strip())
            yield json.loads(ready_file.read_text(encoding="utf-8"))
        finally:
            process.terminate()
            process.wait(limit)


def main(arguments: list[str] | None = None) -> int:
    """Run; errors are one message on standard error and status 1."""
    parser = argparse.ArgumentParser(prog="testbed.windows_ssh", description=__doc__)
    parser.add_argument("--ready-file", type=Path, required=True)
    parser.add_argument("--hvsim", type=Path, required=True, help="hvsim's ready file")
    parser.add_argument("--parent", type=int, default=os.getppid())
    options = parser.parse_args(arguments)
    try:
        serve(
            options.ready_file.resolve(),
            hvsim=options.hvsim.resolve(),
            parent=options.parent,
        )
    except TestbedError as error:
        print(f"testbed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
