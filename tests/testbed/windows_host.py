# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""hvsim with a program `winrm` in its cmd.exe, for connections that end in its shells.

``python -m testbed.windows_host --ready-file FILE ...`` takes all options of hvsim. The
program is that of the private sshd (winrm_program.py): it reaches its own host by
WS-Management, as an administrator.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hvsim import cli
from hvsim.files import NotFound
from hvsim.interpreter import PROGRAMS, Console, State
from testbed.management import Host
from testbed.winrm_program import run


def install(ready_file: Path) -> None:
    """Make cmd.exe know `winrm`.

    Args:
        ready_file: Of the very host.
    """
    host = Host(ready_file)

    def winrm(tail: str, state: State, console: Console) -> int:
        def read(path: str) -> str:
            try:
                return state.host.files.read(state.path(path)).decode("cp1252")
            except NotFound:
                raise FileNotFoundError(path) from None

        done = run(tail, host, read)
        console.write(done.stdout)
        console.write_error(done.stderr)
        return done.rc

    PROGRAMS["winrm"] = PROGRAMS["winrm.cmd"] = winrm


def main(arguments: list[str]) -> int:
    """Run hvsim."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--ready-file", type=Path, required=True)
    known, _others = parser.parse_known_args(arguments)
    install(known.ready_file.resolve())
    return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
