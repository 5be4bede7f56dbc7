# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sshd's ForceCommand: hands a command to the stand-in for Windows, and its output back.

Run as ``windows_ssh_command.py SOCKET`` with SSH_ORIGINAL_COMMAND set.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys


def main() -> int:
    """Run one command; its exit code."""
    command = os.environ.get("SSH_ORIGINAL_COMMAND")
    if not command:
        sys.stderr.write("There is no terminal here; give a command.\r\n")
        return 1
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(sys.argv[1])
        client.sendall(json.dumps({"command": command}).encode() + b"\n")
        with client.makefile("rb") as stream:
            answer = json.loads(stream.readline())
    if answer.get("lost"):
        os.kill(os.getppid(), signal.SIGKILL)  # sshd's process of this connection
        return 255
    for stream_name, data in (("stdout", sys.stdout), ("stderr", sys.stderr)):
        data.buffer.write(bytes.fromhex(answer[stream_name]))
        data.flush()
    return int(answer["rc"]) & 0xFF


if __name__ == "__main__":
    sys.exit(main())
