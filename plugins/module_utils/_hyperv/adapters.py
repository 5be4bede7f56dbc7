# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the changes of a machine's network adapters need: paths and instances.

An adapter, its connection to a switch and the VLAN of that are three instances, each
hanging on the one before. It reads those of the one machine, in five queries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import uuid4

from .._cim.instance import CimInstance, InstancePath
from .._hypervisor.changes import ADD, REMOVE, Change
from .._hypervisor.description import NicWish
from .._hypervisor.hypervisor import OperationFailed
from .._hypervisor.plan import PlanRefused
from .._hypervisor.values import Nic, VirtualMachine
from . import queries
from .classes import CONNECTION, EMULATED_PORT, SYNTHETIC_PORT, VLAN
from .connection import HypervConnection
from .devices import ADAPTER, mac_of, order_of
from .resources import adapter, connection, other_connection, path_to, vlan
from .rows import Row, is_in_force, parent


class AdapterChanges:
    """The changes of the network adapters of one machine.

    Args:
        wmi: The host.
        vm: The machine.
        changes: Those of the part ``nics``.

    Attributes:
        leaving: Paths of adapters to remove; their connections go with them.

    Raises:
        PlanRefused: One can't be made.
    """

    def __init__(
        self, wmi: HypervConnection, vm: VirtualMachine, changes: Iterable[Change]
    ) -> None:
        self._wmi = wmi
        self._vm = vm
        self._changes = list(changes)
        self._switches = {
            str(row["ElementName"]).lower(): str(row["Name"])
            for row in wmi.rows(queries.switches())
        }
        self._read()
        for change in self._changes:
            self._check(change)
        # Places count before adapters come and go.
        self._known = {
            id(change): self._path_of(change)
            for change in self._changes
            if change.action != ADD
        }
        self.leaving = [
            self._known[id(change)]
            for change in self._changes
            if change.action == REMOVE
        ]
        self._names = list(self._new_names())

    def _read(self) -> None:
        guid = self._vm.uuid
        synthetic, emulated = queries.ports(guid)
        self._ports: dict[str, tuple[str, Row]] = {}
        for cls, query in ((SYNTHETIC_PORT, synthetic), (EMULATED_PORT, emulated)):
            for row in self._wmi.rows(query):
                self._ports[str(row["InstanceID"]).lower()] = (cls, row)
        self._connections: dict[str, Row] = {
            parent(row).lower(): row
            for row in self._wmi.rows(queries.connections(guid))
            if is_in_force(row)
        }

    def _check(self, change: Change) -> None:
        wish = change.wish
        if not isinstance(wish, NicWish) or change.action == REMOVE:
            return
        if wish.network is not None and wish.network.lower() not in self._switches:
            raise PlanRefused(
                f"there is no switch {wish.network}",
                where=self._wmi.uri,
                remedy="correct nics[].network, or make the switch first",
            )
        after = change.after or {}
        if change.action != ADD and "model" in after:
            raise PlanRefused(
                f"network adapter {change.item} of machine {self._vm.name} is "
                f"{(change.before or {}).get('model')} and can't become {after['model']}",
                remedy="remove it with state: absent, then add another",
            )
        if wish.connected and wish.network is None and self._switch_of(change) is None:
            raise PlanRefused(
                f"network adapter {change.item} of machine {self._vm.name} is to be "
                "connected and has no switch",
                remedy="name one in nics[].network",
            )

    def _switch_of(self, change: Change) -> str | None:
        return change.found.source if isinstance(change.found, Nic) else None

    def _path_of(self, change: Change) -> InstancePath:
        """The path of the adapter that is there: by its address, else by its place."""
        nics = list(self._vm.nics or ())
        ports = [port for port in self._ports.values() if is_in_force(port[1])]
        mac = change.found.mac if isinstance(change.found, Nic) else None
        found = [port for port in ports if mac is not None and mac_of(port[1]) == mac]
        if len(found) != 1 and len(ports) >= len(nics):
            ports.sort(key=lambda port: order_of(port[1]))
            found = [
                port for nic, port in zip(nics, ports) if nic is change.found
            ] or found[:1]
        if not found:
            raise PlanRefused(
                f"network adapter {change.item} of machine {self._vm.name} is not there "
                "any more",
                remedy="run it again",
            )
        cls, row = found[0]
        return path_to(cls, str(row["InstanceID"]))

    # -- adding ------------------------------------------------------------------------

    def _added(self) -> list[NicWish]:
        wishes = [one.wish for one in self._changes if one.action == ADD]
        return [wish for wish in wishes if isinstance(wish, NicWish)]

    def _new_names(self) -> Iterator[str]:
        """Names that tell the order in which the adapters were described."""
        rows = [row for _cls, row in self._ports.values() if is_in_force(row)]
        last = max([len(rows), *(order_of(row) for row in rows)])
        for number in range(last + 1, last + 1 + len(self._added())):
            yield ADAPTER if number == 1 else f"{ADAPTER} {number}"

    def new_adapters(self) -> list[CimInstance]:
        """The adapters, without connections yet."""
        return [
            adapter(name, wish.mac, str(uuid4()).upper(), wish.model or "synthetic")
            for name, wish in zip(self._names, self._added())
        ]

    def read_again(self) -> None:
        """See the adapters that were added, if any were."""
        if self._names:
            self._read()

    def _pairs(self) -> Iterator[tuple[InstancePath, NicWish, Change]]:
        """Each adapter that is new or changed, and what is wanted of it."""
        by_name = {str(r["ElementName"]): (c, r) for c, r in self._ports.values()}
        names = iter(self._names)
        for change in self._changes:
            if not isinstance(change.wish, NicWish) or change.action == REMOVE:
                continue
            if change.action == ADD:
                port = by_name.get(next(names, ""))
                if port is None:
                    raise self._lost(change)
                cls, row = port
                yield path_to(cls, str(row["InstanceID"])), change.wish, change
            else:
                yield self._known[id(change)], change.wish, change

    def _lost(self, change: Change) -> OperationFailed:
        return OperationFailed(
            f"machine {self._vm.name} was given network adapter {change.item}, but the "
            "host did not keep it",
            where=self._wmi.uri,
            remedy="look at it with hypervisor.connect.vm_info, and run this again",
        )

    # -- connecting --------------------------------------------------------------------

    def _connection(self, port: InstancePath) -> Row | None:
        return self._connections.get(str(port.key("InstanceID")).lower())

    def _is_on(self, wish: NicWish, change: Change) -> bool:
        """Whether a connection is to be in force: one that was cut stays so."""
        if wish.connected is not None:
            return wish.connected
        found = change.found if isinstance(change.found, Nic) else None
        if found is not None and found.source is not None:
            return found.connected is not False
        return wish.network is not None

    def _wanted(self) -> Iterator[tuple[InstancePath, str | None, bool]]:
        """The adapters whose connection is not as wanted: switch, and whether it is on."""
        for port, wish, change in self._pairs():
            after = change.after or {}
            if change.action == ADD or "network" in after or "connected" in after:
                switch = self._switches[wish.network.lower()] if wish.network else None
                yield port, switch, self._is_on(wish, change)

    def other_connections(self) -> list[CimInstance]:
        """What changes of connections that are there."""
        return [
            other_connection(str(row["InstanceID"]), switch, enabled=enabled)
            for port, switch, enabled in self._wanted()
            for row in [self._connection(port)]
            if row is not None
        ]

    def new_connections(self) -> list[CimInstance]:
        """Connections of adapters that have none."""
        return [
            connection(port, switch, enabled=enabled)
            for port, switch, enabled in self._wanted()
            if self._connection(port) is None
        ]

    # -- VLANs ---------------------------------------------------------------------------

    def _vlan_wishes(self) -> list[tuple[InstancePath, int]]:
        return [
            (port, wish.vlan)
            for port, wish, change in self._pairs()
            if wish.vlan is not None and "vlan" in (change.after or {})
        ]

    @property
    def has_vlans(self) -> bool:
        """Whether the VLAN of a connection changes."""
        return any("vlan" in (one.after or {}) for one in self._changes)

    def vlan_changes(
        self,
    ) -> tuple[list[InstancePath], list[tuple[InstancePath, CimInstance]]]:
        """The VLANs to remove, and those to add, each with its connection.

        They are replaced rather than changed, as os-win does (networkutils.py).
        """
        self._read()
        rows = self._wmi.rows(queries.vlans(self._vm.uuid))
        there = {
            str(row["InstanceID"]).lower().rpartition("\\")[0]: row for row in rows
        }
        leaving, coming = [], []
        for port, identifier in self._vlan_wishes():
            row = self._connection(port)
            if row is None:
                continue
            name = str(row["InstanceID"])
            old = there.get(name.lower())
            if old is not None:
                leaving.append(path_to(VLAN, str(old["InstanceID"])))
            if identifier:
                coming.append((path_to(CONNECTION, name), vlan(identifier)))
        return leaving, coming
