# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start a program that writes a ready file, and stop it by the number in that file.

    process.py start READY_FILE MODULE [OPTION ...]
    process.py stop READY_FILE ...

``start`` runs ``python -m MODULE --ready-file READY_FILE OPTION ...`` in a session of its
own, its output in READY_FILE.log, and waits until it is ready. READY_FILE.port then holds
a port that nobody has, for a listener to come. Where it runs already, nothing happens.
Both print ``changed`` where they did something.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

LIMIT = 60.0  # seconds to come up, or to end


def main(action: str, *arguments: str) -> None:
    """Start or stop."""
    if action == "start":
        ready_file, module, *options = arguments
        changed = start(Path(ready_file), module, options)
    else:
        changed = sum(stop(Path(name)) for name in arguments) > 0
    print("changed" if changed else "ok")


def start(ready_file: Path, module: str, options: list[str]) -> bool:
    """Start it unless it runs; whether it was started.

    Raises:
        SystemExit: It ended, or is not ready in time; its output is the message.
    """
    if number_of(ready_file) is not None:
        return False
    ready_file.unlink(missing_ok=True)
    log = ready_file.with_name(f"{ready_file.name}.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, "--ready-file", str(ready_file), *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    end = time.monotonic() + LIMIT
    while not ready_file.exists():
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            sys.exit(f"{module} did not come up: {log.read_text(errors='replace')}")
        time.sleep(0.05)
    ready_file.with_name(f"{ready_file.name}.port").write_text(str(free_port()))
    return True


def stop(ready_file: Path) -> bool:
    """End it if it runs; whether it ran."""
    number = number_of(ready_file)
    if number is None:
        return False
    os.kill(number, signal.SIGTERM)
    end = time.monotonic() + LIMIT
    while number_of(ready_file) is not None:
        if time.monotonic() > end:
            sys.exit(f"{ready_file}: process {number} does not end")
        time.sleep(0.05)
    return True


def number_of(ready_file: Path) -> int | None:
    """The process that wrote the file; None where another one has its number by now."""
    try:
        number = int(json.loads(ready_file.read_text(encoding="utf-8"))["pid"])
        words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:
        return None
    return number if str(ready_file).encode() in words else None


def free_port() -> int:
    """A port of loopback that nobody has, below those that Linux gives to connections."""
    for port in random.sample(range(20000, 32000), 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    sys.exit("no port is free")


if __name__ == "__main__":
    main(*sys.argv[1:])
