# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line: bring a testbed up and hold it, or control one that is up."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from testbed.control import ACTIONS, control
from testbed.host import serve
from testbed.process import TestbedError


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line; ``control`` is a command, everything else options."""
    parser = argparse.ArgumentParser(prog="testbed", description=__doc__)
    if arguments[:1] == ["control"]:
        parser.add_argument("command", choices=["control"])
        parser.add_argument("ready_file", type=Path, metavar="READYFILE")
        parser.add_argument("action", choices=ACTIONS)
    else:
        parser.add_argument(
            "--ready-file", type=Path, required=True, help="JSON, written when ready"
        )
        parser.add_argument("--dir", type=Path, help="directory to make and remove")
        parser.add_argument("--guest", action="store_true", help="prepare QEMU guests")
        parser.add_argument(
            "--parent",
            type=int,
            default=os.getppid(),
            help="end when this process ends (default: the parent process)",
        )
    return parser.parse_args(arguments)


def main() -> int:
    """Run one command; errors are one message on standard error and status 1."""
    options = parse(sys.argv[1:])
    try:
        if "action" in options:
            control(options.ready_file, options.action)
        else:
            serve(
                options.ready_file.resolve(),
                directory=options.dir,
                guest=options.guest,
                parent=options.parent,
            )
    except TestbedError as error:
        print(f"testbed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
