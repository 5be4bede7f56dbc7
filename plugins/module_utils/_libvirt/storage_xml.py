# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes and snapshots as XML from and to the value classes; pure.

The elements are those of libvirt's pages "Storage pool and volume XML format" and
"Snapshot XML format".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from xml.etree import ElementTree as ET

from .._hypervisor.description import DiskWish, SnapshotWish
from .._hypervisor.values import (
    PAUSED,
    RUNNING,
    STOPPED,
    Image,
    ImageInfo,
    Snapshot,
    VirtualMachine,
)
from .device_xml import image_source, number
from .verbatim_xml import append, new, to_text

#: <domainsnapshot><state> in our words; "disk-snapshot" keeps no memory.
_SNAPSHOT_STATES = {
    "running": RUNNING,
    "paused": PAUSED,
    "shutoff": STOPPED,
    "disk-snapshot": "disk-only",
}


def parse_image(definition: str, *, pool: str) -> Image:
    """The element <volume> of a storage pool."""
    root = ET.fromstring(definition)
    return Image(
        pool=pool,
        name=root.findtext("name") or "",
        path=root.findtext("target/path") or "",
        backing=root.findtext("backingStore/path") or None,
        changed=root.findtext("target/timestamps/ctime") or None,
    )


def parse_snapshot(definition: str, *, current: bool) -> Snapshot:
    """The element <domainsnapshot>."""
    root = ET.fromstring(definition)
    created = number(root.findtext("creationTime"))
    state = root.findtext("state") or ""
    return Snapshot(
        name=root.findtext("name") or "",
        parent=root.findtext("parent/name"),
        created=_time(created) if created is not None else None,
        state=_SNAPSHOT_STATES.get(state, state),
        current=current,
        description=root.findtext("description"),
    )


def _time(seconds: int) -> str | None:
    """Seconds since 1970 as ISO 8601; None outside the years that Python knows."""
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).isoformat()
    except (OverflowError, ValueError, OSError):
        return None


@dataclass(frozen=True)
class Volume:
    """An image on a host as a disk's XML names it.

    Attributes:
        type: ``file``, ``block``, ``network`` or ``dir``, as <volume> has it.
        info: Its size and format as the host told them, and the path under it.
        path: Where it lies.
    """

    type: str
    info: ImageInfo
    path: str


def parse_volume(definition: str, source: str) -> Volume:
    """The element <volume>, for an image that was named by ``source``."""
    root = ET.fromstring(definition)
    kind = root.find("target/format")
    return Volume(
        type=root.get("type", "file"),
        info=ImageInfo(
            source=source,
            size=number(root.findtext("capacity")),
            format=kind.get("type") if kind is not None else None,
            backing=root.findtext("backingStore/path") or None,
        ),
        path=root.findtext("target/path") or source,
    )


def volume_xml(name: str, wish: DiskWish, size: int, backing: Volume | None) -> str:
    """The element <volume> of an image to make; ``size`` is in bytes."""
    root = ET.Element("volume")
    append(root, new("name")).text = name
    append(root, new("capacity", unit="bytes")).text = str(size)
    room = 0 if wish.sparse is not False else size
    append(root, new("allocation", unit="bytes")).text = str(room)
    if wish.format is not None:
        target = append(root, new("target"))
        append(target, new("format", type=wish.format))
    if backing is not None:
        store = append(root, new("backingStore"))
        append(store, new("path")).text = backing.path
        append(store, new("format", type=backing.info.format or "raw"))
    return to_text(root)


def snapshot_xml(
    wish: SnapshotWish,
    *,
    memory: str | None,
    overlays: Mapping[str, str] | None,
    left_out: Iterable[str] = (),
) -> str:
    """The element <domainsnapshot> of a snapshot to take.

    Args:
        wish: Its name and note.
        memory: ``internal``, the path of a file, or None where it is not kept.
        overlays: The new image by target of each disk that is kept, for an external
            one; None for an internal one.
        left_out: Targets of disks that are not kept.
    """
    root = ET.Element("domainsnapshot")
    append(root, new("name")).text = wish.name
    if wish.description is not None:
        append(root, new("description")).text = wish.description
    if memory is not None:
        kind = "internal" if memory == "internal" else "external"
        file = None if kind == "internal" else memory
        append(root, new("memory", snapshot=kind, file=file))
    disks = ET.Element("disks")
    for target, path in (overlays or {}).items():
        disk = append(disks, new("disk", name=target, snapshot="external", type="file"))
        append(disk, new("driver", type="qcow2"))
        append(disk, new("source", file=path))
    for target in left_out:
        append(disks, new("disk", name=target, snapshot="no"))
    if len(disks):
        append(root, disks)
    return to_text(root)


def is_external(definition: str) -> bool:
    """Whether a snapshot keeps memory or disks outside the images."""
    root = ET.fromstring(definition)
    kept = [root.find("memory"), *root.iterfind("disks/disk")]
    return any(one is not None and one.get("snapshot") == "external" for one in kept)


def overlays_of(snapshots: Iterable[str]) -> dict[str, str]:
    """For each image that an external snapshot made, the one under it.

    Args:
        snapshots: Elements <domainsnapshot>, which hold the machine as it was then.
    """
    found = {}
    for definition in snapshots:
        root = ET.fromstring(definition)
        before = {
            target.get("dev"): image_source(disk)
            for disk in root.iterfind("domain/devices/disk")
            if (target := disk.find("target")) is not None
        }
        for disk in root.iterfind("disks/disk[@snapshot='external']"):
            made, under = image_source(disk), before.get(disk.get("name"))
            if made is not None and under is not None:
                found[made] = under
    return found


def chains_of(vm: VirtualMachine) -> dict[str, str]:
    """For each image of a machine that builds on another one, that one."""
    found: dict[str, str] = {}
    for disk in vm.disks or ():
        chain = [one for one in (disk.source, *disk.backing) if one is not None]
        found.update(zip(chain, chain[1:]))
    return found


def with_overlays(vm: VirtualMachine, overlays: Mapping[str, str]) -> VirtualMachine:
    """The machine with the images under those of its disks that don't name any.

    Args:
        vm: The machine, with its disks.
        overlays: By image, the one under it.
    """
    if vm.disks is None or not overlays:
        return vm
    disks = []
    for disk in vm.disks:
        chain: list[str] = []
        under = overlays.get(disk.source or "")
        while under is not None and under not in chain:
            chain.append(under)
            under = overlays.get(under)
        disks.append(disk if disk.backing else replace(disk, backing=tuple(chain)))
    return replace(vm, disks=tuple(disks))
