# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A way to a host's WinRM configuration, and what all ways have in common.

There are two: WS-Management itself (wsman_way.py), and the program ``winrm`` on the host
(command_way.py). Both answer in the values of configuration.py, so that the plans and
the modules don't know which one it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from .configuration import Configuration, Listener
from .settings import Value

WSMAN, COMMAND = "wsman", "command"
"""The words of the option ``method``."""


@dataclass(frozen=True)
class SessionInUse:
    """The WinRM session that a way itself goes over, which its own changes may end.

    Attributes:
        auth: ``basic``, ``ntlm``, ``kerberos``, ``negotiate``, ``credssp`` or
            ``certificate``; ``auto`` where it may be any.
        scheme: ``http`` or ``https``.
        encrypted: Whether messages over http are encrypted by the kind of sign-in.
        port: Of the listener that let us in.
        hostname: Of the host, as it is reached: a name or an address.
        shell: Whether it is a remote shell, as of Ansible's winrm and psrp connections.
        bound: Whether its sign-in tells to which TLS connection it belongs (a channel
            binding token).
        url_prefix: The path of its URL without slashes around it.
    """

    auth: str
    scheme: str
    encrypted: bool
    port: int
    hostname: str
    shell: bool = False
    bound: bool = False
    url_prefix: str = "wsman"


@dataclass(frozen=True)
class Ran:
    """What became of a command.

    Attributes:
        rc: Its exit code.
        stdout: What it wrote, as text.
        stderr: What it wrote there, as text.
    """

    rc: int
    stdout: str = ""
    stderr: str = ""


class ConfigurationWay(ABC):
    """One host's WinRM configuration, to read and to write.

    Every method raises HypervisorConnectError, with ``where`` in it, where the host
    can't be reached, refuses, or answers what can't be read.

    Attributes:
        method: WSMAN or COMMAND.
        where: The host, for messages.
        host: The host's name or address, as it is reached; empty where that is not known.
        session: What the way goes over; None where that isn't WinRM, as over ssh.
    """

    method: str
    where: str
    host: str = ""
    session: SessionInUse | None = None

    @abstractmethod
    def read(self) -> Configuration:
        """All settings, in one question."""

    @abstractmethod
    def listeners(self) -> list[Listener]:
        """All listeners, in one question."""

    @abstractmethod
    def write(self, group: str, values: Mapping[str, Value]) -> Mapping[str, Value]:
        """Write settings of one group, all or none of them, in one question.

        Args:
            group: A key of settings.GROUPS.
            values: By path, each in that group.

        Returns:
            What the host says that they are now, by path; empty where it says nothing.
        """

    @abstractmethod
    def create_listener(self, listener: Listener) -> None:
        """Make a listener. A port of None is left to the host."""

    @abstractmethod
    def change_listener(self, listener: Listener, values: Mapping[str, Value]) -> None:
        """Change a listener where it is.

        Args:
            listener: As it is now.
            values: What changes, by attribute (configuration.FIELDS).
        """

    @abstractmethod
    def delete_listener(self, address: str, transport: str) -> None:
        """Take a listener away."""

    @abstractmethod
    def run(self, command: str) -> Ran:
        """Run a command line of cmd.exe on the host, and wait for its end.

        A command that ends with another code than 0 has run: that is no error here.
        """

    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """What the host calls itself: its name with its domain, where it has one, first."""

    @abstractmethod
    def certificates(self) -> dict[str, bytes]:
        r"""The machine's own certificates (``Cert:\LocalMachine\My``), in one go.

        Returns:
            By thumbprint in upper case: the registry's Blob, which certificates.py
            reads.
        """
