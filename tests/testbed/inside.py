# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Process 1 of the host: private directories, then a table of services.

It is started by ``unshare`` as ``python inside.py DIRECTORY HOSTNAME SILENT_PORT``.
It knows nothing of libvirt: whoever opens DIRECTORY/control.sock sends one JSON object
per connection and gets one back. Commands: ``spawn`` (name, argv, log), ``start``
(name, once more as it was), ``signal`` (name, number), ``stop`` (name), ``list``. When this
process dies the kernel ends all others of the host.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPLACED = ("etc", "run", "var")
STOP_LIMIT = 10.0


def mount(*arguments: str | Path) -> None:
    """Run mount(8)."""
    subprocess.run(["mount", *map(str, arguments)], check=True)


def replace_directories(directory: Path) -> None:
    """Mount DIRECTORY/etc, run and var over the machine's own, and a sysfs of ours.

    DIRECTORY stays visible under its own path even where that lies below one of them.
    sysfs shows this network namespace's interfaces and, lacking cgroups, keeps libvirt
    from leaving control groups behind in the machine.
    """
    for name in REPLACED:
        hidden = Path("/", name)
        if hidden in directory.parents:
            again = directory / name / directory.relative_to(hidden)
            again.mkdir(parents=True, exist_ok=True)
            mount("--bind", directory, again)
    for name in REPLACED:
        mount("--rbind", directory / name, f"/{name}")
    mount("-t", "sysfs", "sysfs", "/sys")


def silent_listener(port: int) -> socket.socket:
    """A port whose connections the kernel accepts and nobody ever answers."""
    return socket.create_server(("", port), backlog=256)


@dataclass
class Services:
    """The processes of the host by name, and the words that started them."""

    commands: dict[str, tuple[list[str], str]] = field(default_factory=dict)
    running: dict[str, int] = field(default_factory=dict)

    def spawn(self, name: str, argv: list[str], log: str) -> dict[str, Any]:
        """Start a service in a session of its own, its output appended to a log."""
        self.commands[name] = (argv, log)
        with open(log, "ab") as output:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.running[name] = process.pid
        process.returncode = 0  # reaped below, not by Popen
        return {"pid": process.pid}

    def start(self, name: str) -> dict[str, Any]:
        """Start a stopped service again as it was started first."""
        if name in self.running:
            return {"pid": self.running[name]}
        return self.spawn(name, *self.commands[name])

    def signal(self, name: str, number: int) -> dict[str, Any]:
        """Send a signal to a running service."""
        os.kill(self.running[name], number)
        return {}

    def stop(self, name: str) -> dict[str, Any]:
        """End a service, by force if it must be, and wait until it is gone."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if name in self.running:
                os.kill(self.running[name], number)
                os.kill(self.running[name], signal.SIGCONT)
                self._wait_for_end(name)
        return {}

    def list(self) -> dict[str, Any]:
        """Nothing but what every answer holds: who is running."""
        return {}

    def reap(self) -> None:
        """Collect every dead child, adopted ones too (a zombie looks alive to qemu)."""
        while True:
            try:
                pid, _status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for name in [name for name, known in self.running.items() if known == pid]:
                del self.running[name]

    def _wait_for_end(self, name: str) -> None:
        deadline = time.monotonic() + STOP_LIMIT
        while name in self.running and time.monotonic() < deadline:
            time.sleep(0.01)
            self.reap()


def answer(services: Services, request: dict[str, Any]) -> dict[str, Any]:
    """Carry out one request; errors are answers too."""
    commands: dict[str, Callable[..., dict[str, Any]]] = {
        "spawn": services.spawn,
        "start": services.start,
        "signal": services.signal,
        "stop": services.stop,
        "list": services.list,
    }
    command = request.pop("command", None)
    try:
        result = commands[command](**request)
    except KeyError as error:
        return {"error": f"not known or not running: {error}"}
    except (OSError, TypeError) as error:
        return {"error": str(error)}
    return {**result, "running": sorted(services.running)}


def serve(listener: socket.socket, services: Services) -> None:
    """Answer requests, one connection each, and bury the dead, for ever."""
    woken, waker = socket.socketpair()
    waker.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_signal: None)
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    while True:
        ready, _writable, _failed = select.select([listener, woken], [], [])
        services.reap()
        if woken in ready:
            woken.recv(4096)
        if listener in ready:
            connection, _peer = listener.accept()
            with connection, connection.makefile("rw") as stream:
                line = stream.readline()
                if line:
                    reply = answer(services, json.loads(line))
                    stream.write(json.dumps(reply) + "\n")


def main() -> None:
    """Set up the host and serve its control socket."""
    directory, hostname, silent_port = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.umask(0o022)
    os.chdir("/")
    replace_directories(directory)
    socket.sethostname(hostname)
    silent = silent_listener(silent_port)
    services = Services()
    with silent, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(directory / "control.sock"))
        listener.listen(8)
        serve(listener, services)


if __name__ == "__main__":
    main()
