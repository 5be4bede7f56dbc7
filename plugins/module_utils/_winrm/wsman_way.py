# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WinRM's configuration over WS-Management itself ([MS-WSMV] 3.1.4.2 to 3.1.4.5).

No shell, PowerShell or Python runs on the host for it. A Put holds only what changes, as
Microsoft's own code sends it (CredSSP.cs of PowerShell), and is answered with the whole
group as it is then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from .._cim.instance import CimInstance
from .._cim.wql import select
from .._core.errors import HypervisorConnectError
from .._hyperv.errors import transport_error
from .._hyperv.hypervisor import HypervHypervisor
from .._hypervisor.hypervisor import OperationFailed
from .._wsman import shell
from .._wsman.client import WsmanClient
from .._wsman.fault import WsmanFault
from .._wsman.fault_table import ACCESS_DENIED
from .._wsman.session import Session
from .._wsman.transport_errors import TransportError
from .configuration import (
    CONFIG_URI,
    GROUPS,
    LISTENER_URI,
    Configuration,
    Listener,
    group_texts,
    group_uri,
    listener_texts,
)
from .registry import BLOB, STORE, binary_value, subkeys
from .settings import SETTINGS, Value, setting_at
from .way import WSMAN, ConfigurationWay, Ran, SessionInUse

_PLACES = {"": "winrm/config", "Service": "winrm/config/service",
           "Service/Auth": "winrm/config/service/auth", "Winrs": "winrm/config/winrs"}  # fmt: skip


class WsmanWay(ConfigurationWay):
    """A host's configuration by Get, Put, Create, Delete and Enumerate.

    Args:
        client: An open client.
        where: The host, for messages.

    Attributes:
        client: The client.
        refused: The error of the very first question; None where that was answered. Who
            has another way may take it then, since nothing was done.
    """

    method = WSMAN

    def __init__(self, client: WsmanClient, where: str) -> None:
        self.client = client
        self.where = where
        self.refused: HypervisorConnectError | None = None
        self._answered = False
        self.host = urlsplit(client.session.url).hostname or ""
        if isinstance(client.session, Session):
            self.session = session_in_use(client.session)

    @classmethod
    def over(cls, hypervisor: HypervHypervisor) -> WsmanWay:
        """The way over an open connection to a Windows host."""
        return cls(hypervisor.client, hypervisor.uri)

    @contextmanager
    def _doing(self, what: str) -> Iterator[None]:
        try:
            with self._in_our_words(what):
                yield
        except HypervisorConnectError as error:
            if not self._answered:
                self.refused = error
            raise
        self._answered = True

    @contextmanager
    def _in_our_words(self, what: str) -> Iterator[None]:
        try:
            yield
        except WsmanFault as fault:
            if fault.kind == ACCESS_DENIED:
                raise OperationFailed(
                    f"the user has no right to {what}",
                    where=self.where,
                    remedy="sign in as an administrator of the host",
                    details=fault.details,
                ) from fault
            raise OperationFailed(
                f"can't {what}: {fault.what}",
                where=self.where,
                remedy=fault.remedy or "see the event log of WinRM on the host",
                details=fault.details,
            ) from fault
        except TransportError as error:
            raise transport_error(error, where=self.where, doing=what) from error
        except HypervisorConnectError as error:
            error.where = error.where or self.where
            raise

    def read(self) -> Configuration:
        """One Get of winrm/config."""
        with self._doing("read winrm/config"):
            return Configuration.from_element(self.client.get_element(CONFIG_URI))

    def listeners(self) -> list[Listener]:
        """One Enumerate of winrm/config/listener."""
        with self._doing("list the listeners"):
            found = self.client.enumerate_elements(LISTENER_URI)
            return [Listener.from_element(element) for element in found]

    def write(self, group: str, values: Mapping[str, Value]) -> Mapping[str, Value]:
        """One Put of what changes.

        It is not sent again where its answer is lost: it may be what ended the session.
        """
        options = ", ".join(SETTINGS[path].option for path in values)
        body = CimInstance(GROUPS[group], group_texts(group, values))
        with self._doing(f"write {options} to {_PLACES[group]}"):
            answer = self.client.put(group_uri(group), body, repeatable=False)
        return _told(group, answer)

    def create_listener(self, listener: Listener) -> None:
        """One Create."""
        body = CimInstance("Listener", listener_texts(listener.fields()))
        with self._doing(f"make the {_name(listener)}"):
            self.client.create(LISTENER_URI, body, listener.selectors)

    def change_listener(self, listener: Listener, values: Mapping[str, Value]) -> None:
        """One Put of all that may be written.

        Microsoft's clients put whole listeners (Set-WSManInstance and winrm.vbs read one,
        change it and write it), so what a part would do to the rest is not known.
        """
        texts = listener_texts({**listener.fields(), **values})
        body = CimInstance("Listener", texts)
        with self._doing(f"change the {_name(listener)}"):
            self.client.put(LISTENER_URI, body, listener.selectors, repeatable=False)

    def delete_listener(self, address: str, transport: str) -> None:
        """One Delete."""
        listener = Listener(address, transport)
        with self._doing(f"delete the {_name(listener)}"):
            self.client.delete(LISTENER_URI, listener.selectors)

    def run(self, command: str) -> Ran:
        """A remote shell of its own, which is closed at the end."""
        with self._doing("run a command in a remote shell"):
            return Ran(*shell.run(self.client, command))

    def names(self) -> tuple[str, ...]:
        """One query of Win32_ComputerSystem."""
        query = select(
            "Win32_ComputerSystem", "DNSHostName", "Name", "Domain", "PartOfDomain"
        )
        with self._doing("read the host's name"):
            row = next(iter(self.client.query("root/cimv2", query)), None)
        if row is None:
            return ()
        short = str(row.get("DNSHostName") or row.get("Name") or "")
        domain = str(row.get("Domain") or "") if row.get("PartOfDomain") is True else ""
        return tuple(filter(None, (f"{short}.{domain}" if domain else "", short)))

    def certificates(self) -> dict[str, bytes]:
        """One question for the list, and one for each certificate."""
        with self._doing("read the machine's certificates from its registry"):
            found = {
                name.upper(): binary_value(self.client, rf"{STORE}\{name}", BLOB)
                for name in subkeys(self.client, STORE)
            }
        return {name: blob for name, blob in found.items() if blob is not None}


def session_in_use(session: Session) -> SessionInUse:
    """What our own session is like.

    requests_ntlm sends a channel binding token over TLS; whether Kerberos does depends
    on the libraries under it, and CredSSP's inner sign-in sends none, so these don't
    count as bound.
    """
    url = urlsplit(session.url)
    return SessionInUse(
        auth=session.auth,
        scheme=url.scheme,
        encrypted=session.encrypted,
        port=url.port or 0,
        hostname=url.hostname or "",
        bound=url.scheme == "https" and session.auth == "ntlm",
        url_prefix=url.path.strip("/"),
    )


def _name(listener: Listener) -> str:
    return f"listener {listener.transport} {listener.address}"


def _told(group: str, answer: CimInstance) -> dict[str, Value]:
    """The settings directly in a group, out of the answer to a Put."""
    told: dict[str, Value] = {}
    for name, value in answer.items():
        setting = setting_at(f"{group}/{name}".lstrip("/"))
        if setting is not None and isinstance(value, (str, int)):
            told[setting.path] = setting.read(str(value).strip())
    return told
