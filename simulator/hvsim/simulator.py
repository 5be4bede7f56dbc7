# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated host as one object: what a test starts, looks at and stops."""

from __future__ import annotations

import ipaddress
import logging
import os
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from hvsim.authentication import Accounts, User
from hvsim.certificates import Certificates
from hvsim.config import CertMapping, Config, Listener
from hvsim.interpreter import Host as Computer
from hvsim.model.clock import Clock
from hvsim.model.model import Model
from hvsim.pipeline import Pipeline
from hvsim.rules import Rule, Rules
from hvsim.server import Host, HttpListener, RequestLog
from hvsim.shell import ShellResource
from hvsim.windows_registry import WindowsRegistry
from hvsim.wmi.resource import WmiResource

LOG = logging.getLogger("hvsim")


@dataclass(frozen=True)
class Options:
    """How a host is.

    Attributes:
        vms: How many machines it has: vm0001, vm0002 and so on.
        names: More machines, by name; a name may be there twice.
        job_seconds: How long a job takes; with 0 methods return when all is done.
        guest_seconds: How long a guest takes to shut down.
        hyperv: Whether it has the Hyper-V role.
        hostname: The computer's name.
        domain: The DNS domain that it is a member of; empty in a workgroup.
        version: Of Windows, as Identify tells it.
        bind: The address of its listeners.
        port, tls_port: 0 for a free one; `tls_port=None` for no HTTPS listener.
        username, password: Of an administrator; a random password where none is given.
        users: More accounts.
        settings: Of winrm/config at the start, by path: `{"Service/Auth/Basic": "true"}`.
        policies: Settings under group policy, in the same way.
        rules: What shall go wrong.
        strict: Refuse what the specification forbids and Windows may let pass.
        keytab, kerberos_host: Kerberos: the keytab of HTTP/kerberos_host.
        clock: The machines' time; `held = HeldClock()` stands still.
        certificates: More certificates in the machine's store, each as the arguments of
            `Certificates.issue_server`: `{"name": "hv1.example.com"}`.
    """

    vms: int = 3
    names: Sequence[str] = ()
    job_seconds: float = 0.2
    guest_seconds: float = 1.0
    hyperv: bool = True
    hostname: str = "HVSIM"
    domain: str = ""
    version: str = "10.0.20348"
    bind: str = "127.0.0.1"
    port: int = 0
    tls_port: int | None = 0
    username: str = "Administrator"
    password: str | None = field(default=None, repr=False)
    users: Sequence[User] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    policies: Mapping[str, str] = field(default_factory=dict)
    rules: Sequence[Rule] = ()
    strict: bool = True
    keytab: Path | None = None
    kerberos_host: str = ""
    clock: Clock | None = None
    certificates: Sequence[Mapping[str, Any]] = ()


class Simulator:
    """A Hyper-V host on loopback.

    Args:
        options: `Options`; keywords are options as well.

    Attributes:
        model: Its machines and what else WMI knows.
        config: Its winrm/config.
        shells: Its remote shells.
        rules: What shall go wrong from now on.
        requests: Every HTTP exchange so far.
        accounts, certificates, pipeline: What their names say.

    Raises:
        ValueError: A setting or policy is none.
    """

    def __init__(self, options: Options | None = None, **more: Any) -> None:
        self.options = options = options or Options(**more)
        self.username = options.username
        self.password = options.password or secrets.token_urlsafe(18)
        self.config = Config(options.policies)
        for path, value in options.settings.items():
            self.config.settings.set(path, value)
        self._folder = Path(tempfile.mkdtemp(prefix="hvsim-"))
        self.certificates = Certificates(self._folder)
        for wanted in options.certificates:
            self.certificates.issue_server(**wanted)
        self.config.certificates = self.certificates.store
        full = f"{options.hostname}.{options.domain}" if options.domain else ""
        self.config.computer_names = tuple(filter(None, (full, options.hostname)))
        self.accounts = Accounts(
            [User(self.username, self.password), *options.users],
            options.hostname,
            options.kerberos_host,
            self._folder,
        )
        self.model = Model(
            options.vms,
            names=options.names,
            job_seconds=options.job_seconds,
            guest_seconds=options.guest_seconds,
            hyperv=options.hyperv,
            hostname=options.hostname,
            domain=options.domain,
            clock=options.clock,
        )
        store = self.certificates.store
        self.model.registry = WindowsRegistry(
            options.version,
            store.blobs,
            hostname=options.hostname,
            domain=options.domain,
        )
        self.shells = ShellResource(
            self.config.settings,
            Computer(
                computer=options.hostname,
                version=options.version,
                files=self.model.files,
                registry=self.model.registry,
                certificates=store,
            ),
        )
        self.rules = self.model.rules = Rules(options.rules)
        self.pipeline = Pipeline(
            self.config.settings,
            [*self.config.resources(), WmiResource(self.model), self.shells],
            computer=options.hostname,
            version=options.version,
            strict=options.strict,
        )
        self._host = Host(
            self.pipeline, self.config, self.accounts, self.certificates, self.rules
        )
        self._open: dict[tuple[str, str, bool], HttpListener] = {}
        self._lock = threading.RLock()

    @property
    def requests(self) -> RequestLog:
        """Every exchange so far."""
        return self._host.requests

    @property
    def http_url(self) -> str:
        """Of the HTTP listener that was there first."""
        return self._url("HTTP")

    @property
    def https_url(self) -> str:
        """Of the HTTPS listener; empty where there is none."""
        return self._url("HTTPS")

    @property
    def ca_file(self) -> Path:
        """The CA that signed the HTTPS listener's certificate, as PEM."""
        return self.certificates.ca_file

    def start(self) -> Simulator:
        """Listen.

        Raises:
            OSError: A port is taken.
        """
        if self.options.keytab is not None:
            os.environ["KRB5_KTNAME"] = str(self.options.keytab)
        bind = self.options.bind
        source = "GPO" if self.config.listener_policy else ""
        rows = [Listener("*", "HTTP", self.options.port, source=source)]
        if self.options.tls_port is not None:
            mark = self.certificates.issue_server(
                self.options.hostname, ("localhost", bind, "127.0.0.1", "::1")
            )
            rows.append(
                Listener(
                    "*",
                    "HTTPS",
                    self.options.tls_port,
                    hostname=self.options.hostname,
                    thumbprint=mark,
                    source=source,
                )
            )
        for row in rows:
            self.config.put_listener(self._listen(row, bind).row)
        self.config.listening_on = self._listening_on
        self.config.apply = self._apply
        return self

    def stop(self) -> None:
        """Close every port and connection."""
        self.config.apply = lambda: None
        self.shells.close()
        with self._lock:
            listeners, self._open = list(self._open.values()), {}
        for listener in listeners:
            listener.stop()
        with self._host.lock:
            sockets = list(self._host.open_sockets)
        for connection in sockets:
            connection.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def issue_client_certificate(
        self, username: str | None = None, password: str | None = None
    ) -> tuple[Path, Path]:
        """A certificate that signs an account in, mapped to it already.

        Args:
            username: The administrator where it is left out.
            password: Of that account; the mapping keeps it.

        Returns:
            The files of certificate and key, PEM. `Service/Auth/Certificate` has to be
            on for them to work.
        """
        username = username or self.username
        principal = f"{username}@localhost"
        row = CertMapping(
            self.certificates.ca_thumbprint,
            principal,
            "*",
            username,
            password or self.password,
        )
        with self.config.lock:
            self.config.mappings[row.key] = row
        return self.certificates.issue_client(principal)

    def wait_for(self, condition: Callable[[], bool], seconds: float = 10.0) -> bool:
        """Whether a condition becomes true in time; for tests."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def _url(self, transport: str) -> str:
        listener = self._open.get(("*", transport, False))
        if listener is None:
            return ""
        bind = self.options.bind
        host = f"[{bind}]" if ":" in bind else bind
        prefix = listener.row.url_prefix
        return f"{transport.lower()}://{host}:{listener.port}/{prefix}"

    def _listen(self, row: Listener, address: str) -> HttpListener:
        listener = HttpListener((address, row.port), self._host, row)
        listener.row = replace(row, port=listener.port)
        listener.start()
        with self._lock:
            self._open[_door(row)] = listener
        return listener

    def _listening_on(self, row: Listener) -> tuple[str, ...]:
        with self._lock:
            listener = self._open.get(_door(row))
        return (str(listener.server_address[0]),) if listener else ()

    def _apply(self) -> None:
        """Open and close ports as the configuration has them now."""
        wanted = {
            _door(row): row for row in self.config.listeners() if self._wanted(row)
        }
        with self._lock:
            for key, listener in list(self._open.items()):
                row = wanted.get(key)
                if row is None or row.port != listener.row.port:
                    del self._open[key]
                    listener.stop()
                else:
                    listener.row = row
            for key, row in wanted.items():
                if key not in self._open:
                    self._try_to_listen(row)

    def _try_to_listen(self, row: Listener) -> None:
        try:
            self._listen(row, self._address(row))
        except OSError as error:
            LOG.info("%s does not listen on port %d: %s", row.key, row.port, error)

    def _wanted(self, row: Listener) -> bool:
        return (
            row.enabled
            and bool(self._address(row))
            and (row.transport == "HTTP" or self._has_key(row.thumbprint))
            and _passes(
                self.config.settings.text("Service/IPv4Filter"), self._address(row)
            )
        )

    def _has_key(self, mark: str) -> bool:
        entry = self.certificates.store.find(mark)
        return entry is not None and entry.path is not None

    def _address(self, row: Listener) -> str:
        """Where a row listens; empty where that isn't an address of this host."""
        kind, _colon, value = row.address.partition(":")
        if kind == "*":
            return self.options.bind
        if kind.upper() == "IP" and (
            ipaddress.ip_address(value).is_loopback or value == self.options.bind
        ):
            return value
        return ""


def _door(row: Listener) -> tuple[str, str, bool]:
    """What tells listeners apart: a compatibility setting makes one more of `*`."""
    return (*row.key, row.source == "Compatibility")


def _passes(ranges: str, address: str) -> bool:
    """Whether an IPv4 filter lets an address listen."""
    ip = ipaddress.ip_address(address)
    if ranges == "*" or ip.version != 4:
        return True
    for part in filter(None, ranges.split(",")):
        first, _dash, last = part.partition("-")
        if (
            ipaddress.IPv4Address(first.strip())
            <= ip
            <= ipaddress.IPv4Address(last.strip())
        ):
            return True
    return False
