# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m hvsim`: a simulated Hyper-V host as a process."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import FrameType
from typing import Any

from hvsim.authentication import User
from hvsim.rules import read_rules
from hvsim.simulator import Options, Simulator

EPILOG = """\
Without options it is as Windows is when Hyper-V has just been installed: Negotiate alone,
messages over HTTP encrypted. Nothing but loopback is listened on.

The ready file is JSON with http, https, username, password, ca (the CA's certificate, a
file) and pid; it appears, readable for its owner alone, once both listeners listen, and is
removed at the end. SIGTERM and SIGINT end hvsim.

A file of rules says what shall go wrong:
  [{"do": "drop", "action": "Pull", "skip": 1},
   {"do": "delay", "resource": "*Msvm_ComputerSystem", "seconds": 3, "count": null},
   {"do": "http-status", "status": 503},
   {"do": "wsman-fault", "action": "Enumerate", "code": 2150859174},
   {"do": "truncate"},
   {"do": "fail-job", "job": "Msvm_StorageJob", "message": "The disk is full."},
   {"do": "hang-job", "job": "snapshot"}]
A job is named by its class or its type: create_disk, resize_disk, merge_disks,
define_machine, modify_resources, start, snapshot, apply_snapshot, define_switch and so on.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until a signal comes or a parent ends.

    Returns:
        The process's status: 0 after a signal, 2 for what can't be.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.WARNING,
        format="hvsim: %(message)s",
    )
    try:
        simulator = Simulator(_options(options))
    except (ValueError, OSError) as error:
        parser.error(str(error))
    try:
        simulator.start()
    except OSError as error:
        simulator.stop()
        parser.error(str(error))
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        _say_ready(simulator, options.ready_file)
        _wait(ended, options.parent)
    finally:
        if options.ready_file:
            options.ready_file.unlink(missing_ok=True)
        simulator.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hvsim",
        description="A simulated Hyper-V host, reached over WS-Management.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--vms", type=int, default=3, metavar="N", help="machines vm0001 to ... (3)")
    add("--vm", action="append", default=[], metavar="NAME", help="one more machine")
    add("--port", type=int, default=0, help="of HTTP; 0, the default, takes a free one")
    add("--tls-port", type=int, default=0, help="of HTTPS, in the same way")
    add("--no-tls", action="store_true", help="no HTTPS listener, as Windows comes")
    add("--bind", default="127.0.0.1", metavar="ADDRESS", help="instead of 127.0.0.1")
    add(
        "--ready-file",
        type=Path,
        metavar="F",
        help="write where it listens to this file",
    )
    add("--username", default="Administrator", help="of the administrator")
    add("--password", help="(a random one; better HVSIM_PASSWORD in the environment)")
    add(
        "--user",
        action="append",
        default=[],
        metavar="NAME:PASSWORD[:GROUPS]",
        help="one more account, with groups as SDDL names them (BA,RM,IU; without any it "
        "may do nothing) or the word expired",
    )
    add("--basic", action="store_true", help="Service/Auth/Basic is true")
    add(
        "--allow-unencrypted",
        action="store_true",
        help="Service/AllowUnencrypted is true",
    )
    add(
        "--set",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        help="a setting of winrm/config: Service/Auth/CredSSP=true, MaxEnvelopeSizekb=150",
    )
    add(
        "--policy",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        help="a setting under group policy: it can't be written; Listener=1 for listeners",
    )
    add("--rules", type=Path, metavar="FILE", help="what shall go wrong, see below")
    add("--job-seconds", type=float, default=0.2, metavar="S", help="of a job (0.2)")
    add(
        "--guest-seconds", type=float, default=1.0, metavar="S", help="to shut down (1)"
    )
    add("--no-hyperv", action="store_true", help="a Windows without the Hyper-V role")
    add("--hostname", default="HVSIM", help="the computer's name (HVSIM)")
    add("--domain", default="", help="the DNS domain that it is a member of")
    add("--windows", default="10.0.20348", metavar="VERSION", help="(10.0.20348)")
    add(
        "--certificate",
        action="append",
        default=[],
        metavar="NAME[,WORD...]",
        help="one more certificate in the machine's store: days=30 (negative: expired), "
        "from=-1 (days from now), names=a+b, usage=server|client|any|none, no-key, "
        "self-signed",
    )
    add("--keytab", type=Path, metavar="FILE", help="of HTTP/HOST, for Kerberos")
    add("--kerberos-host", default="", metavar="HOST", help="of that service principal")
    add("--strict", action="store_true", help="refuse more than Windows does")
    add(
        "--parent",
        type=int,
        nargs="+",
        default=[],
        metavar="PID",
        help="end when any of these processes has ended",
    )
    add("--verbose", action="store_true", help="tell what happens on standard error")
    return parser


def _options(given: argparse.Namespace) -> Options:
    settings = dict(_pair(text) for text in given.set)
    if given.basic:
        settings["Service/Auth/Basic"] = "true"
    if given.allow_unencrypted:
        settings["Service/AllowUnencrypted"] = "true"
    return Options(
        vms=given.vms,
        names=given.vm,
        job_seconds=given.job_seconds,
        guest_seconds=given.guest_seconds,
        hyperv=not given.no_hyperv,
        hostname=given.hostname,
        domain=given.domain,
        version=given.windows,
        bind=given.bind,
        port=given.port,
        tls_port=None if given.no_tls else given.tls_port,
        username=given.username,
        password=given.password or os.environ.get("HVSIM_PASSWORD"),
        users=[_user(text) for text in given.user],
        settings=settings,
        policies=dict(_pair(text) for text in given.policy),
        rules=read_rules(given.rules) if given.rules else (),
        strict=given.strict,
        certificates=[certificate(text) for text in given.certificate],
        keytab=given.keytab,
        kerberos_host=given.kerberos_host,
    )


def _pair(text: str) -> tuple[str, str]:
    path, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} is no PATH=VALUE")
    return path, value


def certificate(text: str) -> dict[str, Any]:
    """The arguments of `Certificates.issue_server` that --certificate means.

    Raises:
        ValueError: A word is unknown, or is no number.
    """
    name, *rest = text.split(",")
    words = dict(word.partition("=")[::2] for word in rest)
    start = int(words.pop("from", "0"))
    days = int(words.pop("days", "30"))
    now = datetime.now(timezone.utc)
    first = now + timedelta(days=start, hours=-1)
    last = now + timedelta(days=start + days)
    usage = words.pop("usage", "server")
    wanted = {
        "name": name,
        "addresses": [one for one in words.pop("names", "").split("+") if one],
        "not_before": min(first, last - timedelta(days=1)),
        "not_after": last,
        "usages": [] if usage == "none" else [usage],
        "private_key": words.pop("no-key", None) is None,
        "self_signed": words.pop("self-signed", None) is not None,
    }
    if words or not name:
        raise ValueError(f"--certificate has no {', '.join(words) or 'NAME'}")
    return wanted


def _user(text: str) -> User:
    name, colon, rest = text.partition(":")
    password, _colon, words = rest.partition(":")
    if not colon or not name:
        raise ValueError("--user wants NAME:PASSWORD")
    groups = tuple(word.upper() for word in words.split(",") if word)
    expired = "EXPIRED" in groups
    return User(name, password, (*groups, "AU", "WD"), expired)


def _say_ready(simulator: Simulator, path: Path | None) -> None:
    data = {
        "http": simulator.http_url,
        "https": simulator.https_url or None,
        "username": simulator.username,
        "password": simulator.password,
        "ca": str(simulator.ca_file),
        "pid": os.getpid(),
    }
    if path is None:
        shown = {name: data[name] for name in ("http", "https", "username", "pid")}
        sys.stdout.write(json.dumps(shown) + "\n")
        sys.stdout.flush()
        return
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".hvsim-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(data, file)
    os.replace(name, path)


def _wait(ended: threading.Event, parents: Sequence[int]) -> None:
    while not ended.wait(0.5 if parents else None):
        if not all(_lives(pid) for pid in parents):
            return


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
