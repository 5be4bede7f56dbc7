# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing one host up, holding it, and taking it down without a trace.

Process 1 of the host (inside.py) and all below it die when the supervisor dies, however
that happens; the supervisor ends on SIGTERM, SIGINT, or the death of its parent.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import secrets
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from testbed import configuration, keys, machines, uris
from testbed.guest import Guest, prepare_guest
from testbed.plan import (
    LAB_FILE,
    SASL_PORT,
    SASL_USER,
    SILENT_PORT,
    SSH_PORT,
    TCP_PORT,
    TLS_PORT,
    Plan,
    free_network,
    networks_in_use,
    random_name,
)
from testbed.process import (
    ENVIRONMENT,
    TestbedError,
    program,
    run,
    tail,
    wait_until,
    write,
    write_atomically,
)

PREFIX = "hc-testbed-"
START_LIMIT = 30.0
SWEEP_AGE = 60.0
HERE = Path(__file__).resolve().parent


class Stopped(Exception):
    """A signal or the parent's death asked the testbed to end."""


def make_plan(directory: Path) -> Plan:
    """Choose a name and a free network for a host in a directory."""
    network = free_network(networks_in_use(), rng=random.SystemRandom())
    return Plan(random_name(), directory, network)


def sweep(parent: Path) -> None:
    """Remove the directories of testbeds that were killed: nobody holds their lock."""
    for directory in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), open(directory / "lock", "a") as lock:
            if time.time() - os.fstat(lock.fileno()).st_mtime < SWEEP_AGE:
                continue  # perhaps just being made
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def owned_directory(wished: Path | None) -> Iterator[Path]:
    """A directory for one testbed, empty at first and gone in the end.

    Args:
        wished: Where to make it; None takes a random name under the temporary
            directory, where left-overs of killed testbeds are removed first.

    Raises:
        TestbedError: The wished directory exists already.
    """
    if wished is None:
        parent = Path(tempfile.gettempdir())
        sweep(parent)
        directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    else:
        directory = wished.resolve()
        try:
            directory.mkdir(mode=0o700, parents=True)
        except FileExistsError as error:
            raise TestbedError(f"{directory} exists already") from error
    try:
        with open(directory / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def write_host_files(plan: Plan) -> None:
    """The host's own /etc, /run and /var, but for keys and certificates."""
    run(["cp", "-a", "/etc", plan.etc])
    for name in ("libvirt", "sasl2", "pki"):
        shutil.rmtree(plan.etc / name, ignore_errors=True)
    for directory in (
        *(plan.run / name for name in ("libvirt", "sshd", "root", "lock")),
        *(plan.var / name for name in ("lib/libvirt", "log/libvirt", "tmp")),
        plan.var / "cache" / "libvirt",
        *(plan.sasl / name for name in ("run", "etc", "lib", "cache")),
        plan.log,
    ):
        directory.mkdir(parents=True)
    (plan.var / "run").symlink_to("/run")
    (plan.var / "lock").symlink_to("/run/lock")
    passwd, group, shadow = configuration.private_accounts(
        *(Path("/etc", name).read_text() for name in ("passwd", "group", "shadow"))
    )
    database = Path("/etc/sasl2/testbed.db")
    for name, text, mode in (
        ("passwd", passwd, 0o644),
        ("group", group, 0o644),
        ("shadow", shadow, 0o600),
        ("hosts", configuration.hosts(plan), 0o644),
        ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n", 0o644),
        ("resolv.conf", "", 0o644),
        ("libvirt/libvirtd.conf", configuration.libvirtd_conf(plan), 0o600),
        ("libvirt/qemu.conf", configuration.QEMU_CONF, 0o600),
        (LAB_FILE, machines.lab_xml(), 0o644),
        (
            "sasl2/libvirt.conf",
            configuration.SASL_CONF.format(database=database),
            0o644,
        ),
        ("testbed-ssh/sshd_config", configuration.sshd_config(plan), 0o600),
    ):
        (plan.etc / name).unlink(missing_ok=True)
        write(plan.etc / name, text, mode=mode)
    write(plan.sasl / "etc/libvirtd.conf", configuration.sasl_libvirtd_conf(plan))
    write(plan.sasl / "etc/qemu.conf", configuration.QEMU_CONF)


def write_passwords(plan: Plan) -> None:
    """The SASL user with a random password, and authentication files right and wrong."""
    password, client = secrets.token_urlsafe(18), plan.client
    run(
        [
            *("saslpasswd2", "-p", "-c", "-a", "libvirt", "-u", plan.hostname),
            *("-f", plan.etc / "sasl2/testbed.db", SASL_USER),
        ],
        stdin=password,
    )
    write(client / "password", password)
    for name, user, secret in (
        ("auth.conf", SASL_USER, password),
        ("bad_auth.conf", SASL_USER, secrets.token_urlsafe(18)),
        ("stranger_auth.conf", "stranger", password),
    ):
        write(client / name, configuration.auth_conf(plan.address, user, secret))
    write(client / "empty_auth.conf", "")


def write_scripts(plan: Plan, init_pid: int) -> None:
    """Scripts for the ``command=`` of the ssh and ext transports."""
    client, ssh = plan.client, program("ssh")
    (client / "counts").mkdir()
    for name, text in (
        ("ssh", configuration.ssh_wrapper(ssh, client / "known_hosts")),
        (
            "ssh_unknown_host",
            configuration.ssh_wrapper(ssh, client / "empty_known_hosts"),
        ),
        ("relay", configuration.helper_relay(init_pid)),
        ("broken_relay", configuration.BROKEN_RELAY),
        (
            "counting_relay",
            configuration.counting_relay(
                sys.executable,
                HERE / "relay.py",
                plan.libvirt_socket,
                client / "counts",
            ),
        ),
    ):
        write(client / name, text, mode=0o700)


@contextlib.contextmanager
def namespaces(plan: Plan) -> Iterator[subprocess.Popen[bytes]]:
    """Process 1 of the host in namespaces of its own, for the time of the block.

    ``setpriv --pdeathsig`` ends unshare with the supervisor, ``--kill-child`` ends
    process 1 with unshare, and the kernel ends the rest. unshare returns when all
    processes of the host are gone.
    """
    with open(plan.log / "init.log", "wb") as log:
        process = subprocess.Popen(
            [
                *(program("setpriv"), "--pdeathsig", "KILL", program("unshare")),
                *("--net", "--mount", "--uts", "--ipc", "--pid", "--fork"),
                *("--kill-child", "--mount-proc", "--propagation=private"),
                *(sys.executable, "-I", str(HERE / "inside.py")),
                *(str(plan.directory), plan.hostname, str(SILENT_PORT)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=ENVIRONMENT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        ignore_signals()
        with contextlib.suppress(ProcessLookupError):
            os.kill(listener_pid(plan.control_socket) or process.pid, signal.SIGKILL)
        process.wait(START_LIMIT)
        with contextlib.suppress(TestbedError):  # gone with its namespace, or soon
            run(["ip", "link", "del", plan.outer_interface])


def listener_pid(path: Path) -> int | None:
    """The process that listens at a Unix socket, as numbered here; None if nobody."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return None
        credentials = client.getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")
        )
    pid: int = struct.unpack("3i", credentials)[0]
    return pid


def order(plan_directory: Path, command: str, **arguments: Any) -> dict[str, Any]:
    """Send one order to process 1 of a host and return its answer.

    Raises:
        TestbedError: It refused, or is not there.
    """
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(START_LIMIT)
            client.connect(str(plan_directory / "control.sock"))
            with client.makefile("rw") as stream:
                stream.write(json.dumps({"command": command, **arguments}) + "\n")
                stream.flush()
                answer: dict[str, Any] = json.loads(stream.readline())
    except (OSError, ValueError) as error:
        raise TestbedError(f"the testbed does not answer: {error}") from error
    if "error" in answer:
        raise TestbedError(f"{command} {arguments}: {answer['error']}")
    return answer


def connect_network(plan: Plan, init_pid: int) -> None:
    """A wire between the host and the root namespace, and an address that drops all."""
    outer, inner = plan.outer_interface, plan.inner_interface
    length = plan.network.prefixlen
    run(
        ["ip", "-batch", "-"],
        stdin=f"""\
link add {outer} type veth peer name {inner} netns {init_pid}
addr add {plan.gateway}/{length} dev {outer}
link set {outer} up
""",
    )
    inside = ["nsenter", f"--net=/proc/{init_pid}/ns/net", "ip"]
    run(
        [*inside, "-batch", "-"],
        stdin=f"""\
link set lo up
link set {inner} name eth0
addr add {plan.address}/{length} dev eth0
addr add {plan.nameless_address}/{length} dev eth0
link set eth0 up
route add blackhole {plan.blackhole}/32
""",
    )
    (link,) = json.loads(run([*inside, "-j", "link", "show", "eth0"]))
    run(
        [
            *("ip", "neigh", "replace", plan.blackhole, "lladdr", link["address"]),
            *("dev", outer, "nud", "permanent"),
        ]
    )


def spawn(plan: Plan, name: str, argv: list[str]) -> None:
    """Start a service in the host, its output in its log."""
    log = str(plan.log / f"{name}.log")
    order(plan.directory, "spawn", name=name, argv=argv, log=log)


def keeper_argv() -> list[str]:
    """A client that holds ``test:///default`` open, so that its machines live on.

    The test driver forgets them when the last connection closes.
    """
    return [program("virsh"), "-c", "test+unix:///default", "event", "--all", "--loop"]


def answers(address: str, port: int) -> bool:
    """Whether a TCP port accepts a connection."""
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


def test_driver_answers(plan: Plan) -> bool:
    """Whether a client can list the machines of ``test:///default``."""
    try:
        listed = run(
            ["virsh", "-q", "-c", uris.good_uris(plan)["unix"], "list"], limit=10
        )
    except TestbedError:
        return False
    return "test" in listed


def wait_for_service(plan: Plan, name: str, ready: Callable[[], bool]) -> None:
    """Return once a service is ready; fail at once if it ended instead."""

    def ready_or_dead() -> bool:
        if ready():
            return True
        if name in order(plan.directory, "list")["running"]:
            return False
        raise TestbedError(f"{name} ended\n{tail(plan.log / f'{name}.log')}")

    log = plan.log / f"{name}.log"
    wait_until(ready_or_dead, f"{name} answers", limit=START_LIMIT, logs=[log])


def wait_for_services(plan: Plan) -> None:
    """Return once every port answers and libvirtd carries out calls."""
    for name, port in (
        ("sshd", SSH_PORT),
        ("libvirtd", TCP_PORT),
        ("libvirtd", TLS_PORT),
        ("libvirtd-sasl", SASL_PORT),
    ):
        wait_for_service(plan, name, partial(answers, plan.address, port))
    wait_for_service(plan, "libvirtd", partial(test_driver_answers, plan))


def start_services(plan: Plan) -> None:
    """sshd, both libvirtds, and the client that keeps the test driver's state."""
    libvirtd, sshd = program("libvirtd"), program("sshd")
    ssh_config = str(plan.etc / "testbed-ssh/sshd_config")
    spawn(plan, "libvirtd", [libvirtd, "--listen"])
    spawn(plan, "libvirtd-sasl", configuration.sasl_libvirtd_argv(plan, libvirtd))
    spawn(plan, "sshd", [sshd, "-D", "-e", "-f", ssh_config])
    hold_state(plan.directory, plan.libvirt_socket)


def hold_state(directory: Path, libvirt_socket: Path) -> None:
    """Start the keeper, once libvirtd has its socket."""
    log = directory / "log" / "libvirtd.log"
    wait_until(
        lambda: listener_pid(libvirt_socket) is not None,
        "libvirtd listens on its Unix socket",
        limit=START_LIMIT,
        logs=[log],
    )
    order(
        directory,
        "spawn",
        name="keeper",
        argv=keeper_argv(),
        log=str(directory / "log" / "keeper.log"),
    )


def facts(plan: Plan, init_pid: int, guest: Guest | None) -> dict[str, Any]:
    """What the ready file says; paths are as the root namespace sees them."""
    client = plan.client

    def path(name: str) -> str:
        return str(client / name)

    return {
        "pid": os.getpid(),
        "init_pid": init_pid,
        "libvirtd_pid": listener_pid(plan.libvirt_socket),
        "address": plan.address,
        "hostname": plan.hostname,
        "dir": str(plan.directory),
        "log_dir": str(plan.log),
        "socket": str(plan.libvirt_socket),
        "lab_uri": uris.lab_uri(plan),
        "blackhole_address": plan.blackhole,
        "nameless_address": plan.nameless_address,
        "silent_port": SILENT_PORT,
        "ssh": {
            "port": SSH_PORT,
            "user": "root",
            "keyfile": path("id_ed25519"),
            "wrong_keyfile": path("wrong_ed25519"),
            "known_hosts": path("known_hosts"),
            "empty_known_hosts": path("empty_known_hosts"),
            "command": path("ssh"),
            "command_unknown_host": path("ssh_unknown_host"),
        },
        "tls": {
            "port": TLS_PORT,
            "pkipath": path("pki"),
            "untrusted_pkipath": path("untrusted_pki"),
            "foreign_pkipath": path("foreign_pki"),
            "mismatched_pkipath": path("mismatched_pki"),
            "empty_pkipath": path("empty_pki"),
        },
        "tcp": {"port": TCP_PORT},
        "sasl": {
            "port": SASL_PORT,
            "transport": "tls",
            "username": SASL_USER,
            "password_file": path("password"),
            "authfile": path("auth.conf"),
            "bad_authfile": path("bad_auth.conf"),
            "empty_authfile": path("empty_auth.conf"),
        },
        "ext": {
            "command": path("relay"),
            "broken_command": path("broken_relay"),
            "counting_command": path("counting_relay"),
            "counts_dir": path("counts"),
        },
        "guest": guest.facts(plan.libvirt_socket) if guest else None,
        "uris": uris.good_uris(plan),
        "bad_uris": uris.bad_uris(plan),
    }


@contextlib.contextmanager
def signals_held() -> Iterator[None]:
    """Deliver SIGTERM and SIGINT after the block, so that its threads end first."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def make_files(plan: Plan) -> None:
    """All files that do not depend on the running host."""
    plan.client.mkdir()
    write_host_files(plan)
    with ThreadPoolExecutor(2) as pool:
        made = [
            pool.submit(keys.make_certificates, plan),
            pool.submit(keys.make_ssh_keys, plan),
        ]
        write_passwords(plan)
    for each in made:
        each.result()


def bring_up(plan: Plan, guest: Guest | None) -> dict[str, Any]:
    """Start everything in the namespaces; returns the facts for the ready file.

    Raises:
        TestbedError: Something is not installed or did not start.
    """
    wait_until(
        lambda: listener_pid(plan.control_socket) is not None,
        "process 1 of the host listens",
        limit=START_LIMIT,
        logs=[plan.log / "init.log"],
    )
    init_pid = listener_pid(plan.control_socket)
    assert init_pid is not None
    connect_network(plan, init_pid)
    write_scripts(plan, init_pid)
    start_services(plan)
    wait_for_services(plan)
    if guest:
        guest.define(plan.libvirt_socket)
    return facts(plan, init_pid, guest)


def hold(parent: int, host: subprocess.Popen[bytes]) -> None:
    """Block until the parent process dies. Signals raise ``Stopped`` meanwhile.

    Raises:
        TestbedError: The host died of itself.
    """
    try:
        watched = [os.pidfd_open(parent), os.pidfd_open(host.pid)]
    except ProcessLookupError:
        return
    select.select(watched, [], [])
    if host.poll() is not None:
        raise TestbedError("process 1 of the host was ended by somebody else")


def stop(number: int, _frame: object) -> None:
    """Signal handler: leave by an exception, so that everything is taken down."""
    ignore_signals()
    raise Stopped(number)


def ignore_signals() -> None:
    """Let nothing interrupt the taking down."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def owner(ready_file: Path) -> int | None:
    """The supervisor that wrote a ready file and still runs, or None."""
    try:
        pid = int(json.loads(ready_file.read_text())["pid"])
        os.kill(pid, 0)
    except (OSError, ValueError, KeyError):
        return None
    return pid


@contextlib.contextmanager
def claimed(ready_file: Path) -> Iterator[None]:
    """No ready file at first, a killed testbed's included, and none in the end.

    Raises:
        TestbedError: A running testbed has that file.
    """
    other = owner(ready_file)
    if other is not None:
        raise TestbedError(
            f"{ready_file} belongs to the testbed with process id {other}"
        )
    ready_file.unlink(missing_ok=True)
    try:
        yield
    finally:
        ready_file.unlink(missing_ok=True)


def serve(
    ready_file: Path, *, directory: Path | None, guest: bool, parent: int
) -> None:
    """Bring a host up, write the ready file, hold it, and take it down again.

    Args:
        ready_file: Written atomically once everything answers; removed at the end.
        directory: Where the host's files go; None for a temporary directory.
        guest: Whether to prepare guests for qemu:///system.
        parent: The testbed ends when this process does.

    Raises:
        TestbedError: The host could not be brought up.
    """
    if os.geteuid() != 0:
        raise TestbedError("the testbed makes namespaces and must be run as root")
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with (
        contextlib.suppress(Stopped),
        claimed(ready_file),
        owned_directory(directory) as own,
    ):
        plan = make_plan(own)
        with signals_held():
            make_files(plan)
        kit = prepare_guest(plan.directory / "guest") if guest else None
        with namespaces(plan) as host:
            known = bring_up(plan, kit)
            write_atomically(ready_file, json.dumps(known, indent=2) + "\n")
            hold(parent, host)
