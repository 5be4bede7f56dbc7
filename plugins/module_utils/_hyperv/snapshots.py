# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checkpoints taken, applied and removed: Msvm_VirtualSystemSnapshotService.

The type of a checkpoint is the machine's (``checkpoint_type``): a standard one of a
machine that is on keeps its memory, a production one asks the guest to bring its file
systems into order instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .._cim.instance import CimInstance, InstancePath
from .._core.clock import wait_until
from .._hypervisor.description import SnapshotWish
from .._hypervisor.hypervisor import AmbiguousName, OperationFailed, OperationTimeout
from .._hypervisor.plan import PlanRefused
from .._hypervisor.values import VirtualMachine
from . import queries
from .classes import COMPUTER_SYSTEM, SNAPSHOT, SNAPSHOT_SERVICE, V2
from .connection import HypervConnection
from .resources import settings_path
from .rows import Row, array, first, instance_guid, path_guid
from .settings import system_settings

_FULL_SNAPSHOT = 2
_SETTINGS = "Msvm_VirtualSystemSnapshotSettingData"
_APPLICATION_CONSISTENT = 1
#: OperationalStatus of Msvm_ComputerSystem while checkpoints are worked on: creating,
#: applying, deleting, and merging disks, which goes on after the job has ended.
BUSY = (32768, 32769, 32770, 32772)


def system_path(guid: str) -> InstancePath:
    """The path of a machine."""
    keys = (("CreationClassName", COMPUTER_SYSTEM), ("Name", guid.upper()))
    return InstancePath(V2, COMPUTER_SYSTEM, keys)


def rows_of(wmi: HypervConnection, vm: VirtualMachine) -> list[CimInstance]:
    """The settings of the machine's checkpoints."""
    with wmi.doing(f"read the checkpoints of machine {vm.name}"):
        rows = wmi.rows(queries.snapshots_of(vm.uuid))
    return [row for row in rows if row["VirtualSystemType"] == SNAPSHOT]


def check_wish(wish: SnapshotWish, vm: VirtualMachine) -> None:
    """Refuse what the machine's type of checkpoints does not give.

    Raises:
        PlanRefused: It can't be taken so; nothing was done.
    """
    kind = vm.checkpoint_type
    change = "change checkpoint_type with hypervisor.connect.vm first"
    if kind == "disabled":
        raise PlanRefused(
            f"checkpoints of machine {vm.name} are disabled",
            remedy=f"{change}, for example to production",
        )
    if wish.external is False:
        raise PlanRefused(
            "there are no internal snapshots on Hyper-V", remedy="leave external out"
        )
    if wish.description is not None:
        # The notes of a checkpoint become the machine's when it is applied.
        raise PlanRefused(
            "a checkpoint of Hyper-V has no note of its own: it keeps the machine's",
            remedy="leave description out",
        )
    if not vm.is_active or kind is None:
        return
    if wish.memory and (kind != "standard" or wish.quiesce):
        raise PlanRefused(
            f"a {kind} checkpoint of machine {vm.name} keeps no memory",
            remedy=f"leave memory and quiesce out, or {change} to standard",
        )
    if wish.memory is False and kind == "standard" and not wish.quiesce:
        raise PlanRefused(
            f"a standard checkpoint of machine {vm.name} keeps its memory",
            remedy=f"leave memory out, or {change} to production",
        )


def create_snapshot(
    wmi: HypervConnection, vm: VirtualMachine, wish: SnapshotWish
) -> None:
    """CreateSnapshot, and then the name, which the host chooses at first."""
    check_wish(wish, vm)
    doing = f"take a checkpoint of machine {vm.name}"
    known = {instance_guid(row) for row in rows_of(wmi, vm)}
    settings: object = ""
    if wish.quiesce and vm.is_active:
        level = {"ConsistencyLevel": _APPLICATION_CONSISTENT}
        settings = CimInstance(_SETTINGS, level)
    wmi.do(
        doing,
        "CreateSnapshot",
        service=SNAPSHOT_SERVICE,
        AffectedSystem=system_path(vm.uuid),
        SnapshotSettings=settings,
        SnapshotType=_FULL_SNAPSHOT,
    )
    # The answer of a job names no checkpoint: what is new is the one.
    made = {instance_guid(row) for row in rows_of(wmi, vm)} - known
    if len(made) != 1:
        raise OperationFailed(
            f"can't {doing}: {len(made)} checkpoints are new, and which is the one is "
            "not known",
            where=wmi.uri,
            remedy="look at them with hypervisor.connect.snapshot_info",
        )
    wmi.do(
        doing,
        "ModifySystemSettings",
        SystemSettings=system_settings(made.pop(), {"ElementName": wish.name}),
    )


def find(wmi: HypervConnection, vm: VirtualMachine, name: str) -> Row:
    """The settings of the checkpoint of that name.

    Raises:
        OperationFailed: There is none.
        AmbiguousName: There are several.
    """
    rows = [row for row in rows_of(wmi, vm) if row["ElementName"] == name]
    if len(rows) > 1:
        raise AmbiguousName(
            f"machine {vm.name} has {len(rows)} checkpoints named {name}",
            where=wmi.uri,
            remedy="rename all but one with Rename-VMSnapshot on the host",
        )
    if not rows:
        raise OperationFailed(
            f"machine {vm.name} has no checkpoint {name}",
            where=wmi.uri,
            remedy="list them with hypervisor.connect.snapshot_info",
        )
    return rows[0]


def apply_snapshot(wmi: HypervConnection, vm: VirtualMachine, name: str) -> None:
    """ApplySnapshot of a machine that is off or saved."""
    found = find(wmi, vm, name)
    wmi.do(
        f"apply checkpoint {name} of machine {vm.name}",
        "ApplySnapshot",
        service=SNAPSHOT_SERVICE,
        Snapshot=settings_path(instance_guid(found)),
    )
    wait_idle(wmi, vm)


def remove_snapshot(
    wmi: HypervConnection, vm: VirtualMachine, name: str, *, children: bool
) -> None:
    """DestroySnapshot or DestroySnapshotTree, until the disks are merged."""
    found = find(wmi, vm, name)
    _destroy(wmi, vm, instance_guid(found), f"remove checkpoint {name}", tree=children)
    wait_idle(wmi, vm)


def remove_all(wmi: HypervConnection, vm: VirtualMachine) -> None:
    """Remove all checkpoints of a machine, tree by tree, until the disks are merged."""
    rows = rows_of(wmi, vm)
    names = {instance_guid(row) for row in rows}
    for row in rows:
        if path_guid(row.get("Parent")) not in names:
            _destroy(wmi, vm, instance_guid(row), "remove the checkpoints", tree=True)
    if rows:
        wait_idle(wmi, vm, merged=True)


def _destroy(
    wmi: HypervConnection, vm: VirtualMachine, guid: str, what: str, *, tree: bool
) -> None:
    parameter = "SnapshotSettingData" if tree else "AffectedSnapshot"
    wmi.do(
        f"{what} of machine {vm.name}",
        "DestroySnapshotTree" if tree else "DestroySnapshot",
        service=SNAPSHOT_SERVICE,
        **{parameter: settings_path(guid)},
    )


def wait_idle(
    wmi: HypervConnection, vm: VirtualMachine, *, merged: bool = False
) -> None:
    """Wait until nothing is done to a machine's checkpoints any more.

    Args:
        wmi: The host.
        vm: The machine, as it was before.
        merged: Whether none of the images that checkpoints had made is to be left.

    Raises:
        OperationTimeout: The host is still at it.
    """
    made = {
        str(disk.source).lower() for disk in vm.disks or () if disk.backing and merged
    }

    def is_idle() -> bool:
        with wmi.doing(f"wait for machine {vm.name}"):
            rows = wmi.rows(queries.activity_of(vm.uuid))
            busy = {int(n) for row in rows for n in array(row.get("OperationalStatus"))}
            if busy & set(BUSY):
                return False
            return not made or not made & _sources(wmi.rows(queries.storage(vm.uuid)))

    if not wait_until(is_idle, timeout=wmi.patience, clock=wmi.clock):
        raise OperationTimeout(
            f"the disks of machine {vm.name} are still being merged after "
            f"{wmi.patience:g} seconds",
            where=wmi.uri,
            remedy="it goes on there; run the play again later",
        )


def _sources(rows: Iterable[Mapping[str, object]]) -> set[str]:
    return {str(first(row.get("HostResource"))).lower() for row in rows}
