# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between a machine and its description, and when it can be changed; pure.

A machine that is on may be two things: what it is now, and what it becomes with its next
start. Both are compared. What can be changed while it is on is wanted in both, the rest
only in the second, where it then waits for a restart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .description import (
    ABSENT,
    CDROM,
    DISK,
    FLOPPY,
    GROUPS,
    Description,
    DiskWish,
    NicWish,
    image_key,
    words_of,
)
from .plan import PlanRefused
from .values import Disk, ImageInfo, Nic, VirtualMachine

# What a change does.
SET, ADD, CHANGE, REMOVE = "set", "add", "change", "remove"
CREATE_IMAGE, GROW_IMAGE = "create_image", "grow_image"
#: When it takes effect: at once, with the next start, or only if made while it is off.
LIVE, NEXT_START, OFF = "live", "next_start", "off"

#: The order in which changes are safe: images are there before they are used, and what
#: goes makes room for what comes.
_ORDER = (CREATE_IMAGE, GROW_IMAGE, REMOVE, SET, CHANGE, ADD)


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        part: The option of the description: ``vcpus``, ``firmware``, ``disks``,
            ``images``.
        item: The key of a group, or which disk (its target), interface (its MAC address)
            or image (its source); for one that is added, what the user named it by.
        action: SET, ADD, CHANGE, REMOVE, CREATE_IMAGE or GROW_IMAGE.
        before: What is, in the words of the description; None where nothing is.
        after: What shall be; of a CHANGE, only what differs.
        wish: The DiskWish or NicWish that asks for it; of what only the hypervisor
            finds, the words of the user.
        found: The Disk or Nic that is there.
        when: LIVE, NEXT_START or OFF; LIVE for a machine that is off.
        now: Whether what the machine is now differs.
        kept: Whether what it becomes with its next start differs.
    """

    part: str
    item: str | None
    action: str
    before: Any = None
    after: Any = None
    wish: DiskWish | NicWish | Mapping[str, Any] | None = None
    found: Disk | Nic | None = None
    when: str = LIVE
    now: bool = True
    kept: bool = True

    @property
    def words(self) -> str:
        """What is changed, for results: ``disks vdb``, ``firmware.secure_boot``."""
        if self.item is None:
            return self.part
        return f"{self.part}{'.' if self.part in GROUPS else ' '}{self.item}"


Timing = Callable[[VirtualMachine, Change], str]


def plan_changes(
    current: VirtualMachine,
    wanted: Description,
    *,
    images: Mapping[str, ImageInfo],
    timing: Timing,
    more: Iterable[Change] = (),
) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """What is to be done, and what was done and waits for a restart.

    Args:
        current: The machine, read in full.
        wanted: What the user named.
        images: The images that ``sources_of(wanted)`` names and that are there.
        timing: When a change of a machine that is on takes effect.
        more: Changes that only the hypervisor can find (Hypervisor.own_changes).

    Raises:
        PlanRefused: Something can't be, or would lose data.
    """
    now = list(_differences(current, wanted, images))
    kept = now
    if current.next_start is not None:
        kept = list(_differences(current.next_start, wanted, images))
    merged: dict[tuple[str, str | None, str], Change] = {}
    for change in now:
        merged[_key(change)] = replace(change, kept=False)
    for change in kept:
        known = merged.get(_key(change))
        merged[_key(change)] = replace(
            known or change, kept=True, now=known is not None
        )
    timed = [
        replace(change, when=timing(current, change) if current.is_active else LIVE)
        for change in (*merged.values(), *more)
    ]
    todo = [change for change in timed if change.kept or change.when == LIVE]
    waiting = [change for change in timed if not change.kept and change.when != LIVE]
    return tuple(sorted(todo, key=_rank)), tuple(waiting)


def sources_of(wanted: Description) -> frozenset[str]:
    """The images that have to be looked at before changes can be planned."""
    found = [disk.source for disk in wanted.disks if disk.state != ABSENT]
    found += [disk.backing for disk in wanted.disks if disk.state != ABSENT]
    return frozenset(source for source in found if source)


def image_changes(
    wanted: Description, images: Mapping[str, ImageInfo]
) -> Iterator[Change]:
    """The images to make or to grow, of a machine that is there or is to be made.

    Raises:
        PlanRefused: One is missing and no size or backing image is named, one would
            shrink, or one has another format than was named.
    """
    for wish in wanted.disks:
        if wish.source is None or wish.state == ABSENT:
            continue
        image = images.get(wish.source)
        if image is None:
            yield _creation(wish, images)
            continue
        if wish.format is not None and image.format not in (None, wish.format):
            raise PlanRefused(
                f"image {wish.source} is {image.format} and not {wish.format}",
                remedy="name its own format, or another image",
            )
        if wish.size is None or image.size is None or wish.size == image.size:
            continue
        if wish.size < image.size:
            raise PlanRefused(
                f"image {wish.source} has {image.size} bytes and would shrink to "
                f"{wish.size}, which loses data",
                remedy="name its size or a larger one",
            )
        yield Change(
            "images",
            wish.source,
            GROW_IMAGE,
            {"size": image.size},
            {"size": wish.size},
            wish,
        )


def _creation(wish: DiskWish, images: Mapping[str, ImageInfo]) -> Change:
    if wish.device != DISK or (wish.size is None and wish.backing is None):
        raise PlanRefused(
            f"image {wish.source} is not there",
            remedy="put it there first"
            if wish.device != DISK
            else "correct its path, or name a size, with which it is made",
        )
    if wish.backing is not None and wish.backing not in images:
        raise PlanRefused(
            f"image {wish.backing}, on which {wish.source} is to build, is not there",
            remedy="put it there first",
        )
    named = {
        "size": wish.size,
        "format": wish.format,
        "backing": wish.backing,
        "sparse": wish.sparse,
    }
    after = {key: value for key, value in named.items() if value is not None}
    return Change("images", wish.source, CREATE_IMAGE, None, after, wish)


def created(wanted: Description) -> dict[str, Any]:
    """What a new machine will be, for the diff: all that was named."""
    words: dict[str, Any] = dict(wanted.values)
    if wanted.disks:
        words["disks"] = {
            _disk_name(wish): _named(wish)
            for wish in wanted.disks
            if wish.state != ABSENT
        }
    if wanted.nics:
        words["nics"] = {
            _nic_name(number, wish): _named(wish)
            for number, wish in enumerate(wanted.nics)
            if wish.state != ABSENT
        }
    return words


def _differences(
    vm: VirtualMachine, wanted: Description, images: Mapping[str, ImageInfo]
) -> Iterator[Change]:
    words = words_of(vm)
    if wanted.uuid is not None and wanted.name not in (None, vm.name):
        yield Change("name", None, SET, vm.name, wanted.name)
    for part, value in wanted.values.items():
        if part in GROUPS:
            yield from _group(part, words.get(part, {}), value)
        elif not _same(value, words.get(part)):
            yield Change(part, None, SET, words.get(part), value)
    for change in image_changes(wanted, images):
        _check_growth(vm, change)
        yield change
    yield from _disks(vm, wanted.disks)
    yield from _nics(vm, wanted.nics)


def _check_growth(vm: VirtualMachine, change: Change) -> None:
    """An image that grows under one that builds on it takes that one's sense away."""
    wish = change.wish
    if change.action != GROW_IMAGE or not isinstance(wish, DiskWish):
        return
    plain = replace(wish, target=None)
    for disk in vm.disks or ():
        itself = replace(disk, backing=())
        if _is_disk(plain, disk) and not _is_disk(plain, itself):
            raise PlanRefused(
                f"image {wish.source} can't grow, as machine {vm.name} goes on in "
                f"{disk.source}, which builds on it and which a snapshot made",
                remedy="remove the snapshot first, or leave the size out",
            )


def _group(
    part: str, current: Mapping[str, Any], value: Mapping[str, Any]
) -> Iterator[Change]:
    for key, wish in value.items():
        if not _same(wish, current.get(key)):
            yield Change(part, key, SET, current.get(key), wish)


def _same(wish: Any, value: Any) -> bool:
    """Whether a value is as wished; of dictionaries only what is named counts."""
    if isinstance(wish, Mapping) and isinstance(value, Mapping):
        return all(_same(one, value.get(key)) for key, one in wish.items())
    if isinstance(wish, (list, tuple)) and isinstance(value, (list, tuple)):
        return len(wish) == len(value) and all(map(_same, wish, value))
    return bool(wish == value)


# -- disks -----------------------------------------------------------------------------


def _disks(vm: VirtualMachine, wishes: Iterable[DiskWish]) -> Iterator[Change]:
    free = list(vm.disks or ())
    for wish in wishes:
        matching = [disk for disk in free if _is_disk(wish, disk)]
        # One that builds on the image is meant only where none has the image itself.
        exact = [disk for disk in matching if disk.source == wish.source]
        found = next(iter(exact or matching), None)
        if found is None and wish.device != DISK and wish.target is None:
            found = next((disk for disk in free if disk.device == wish.device), None)
        if found is not None:
            free.remove(found)
        if wish.state == ABSENT:
            if found is not None:
                yield _removal("disks", found.target, _disk_words(found), wish, found)
        elif found is None:
            yield Change("disks", _disk_name(wish), ADD, None, _named(wish), wish)
        else:
            yield from _disk_change(wish, found)


def _is_disk(wish: DiskWish, disk: Disk) -> bool:
    """Whether a disk is the one that is meant: by target, else by any image of it."""
    if wish.target is not None:
        return disk.target == wish.target
    drives = (CDROM, FLOPPY)
    is_kind = disk.device == wish.device or (
        wish.device == DISK and disk.device not in drives  # lun, as libvirt has it
    )
    if wish.source is None or not is_kind:
        return False
    images = {image_key(one) for one in (disk.source, *disk.backing) if one}
    return image_key(wish.source) in images


def _disk_change(wish: DiskWish, disk: Disk) -> Iterator[Change]:
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    if wish.device != DISK:
        media = None if wish.media is False else wish.source
        if (wish.media is not None or wish.source is not None) and media != disk.source:
            before["source"], after["source"] = disk.source, media
    elif wish.source is not None and not _is_disk(replace(wish, target=None), disk):
        raise PlanRefused(
            f"disk {disk.target} is {disk.source} and not {wish.source}",
            remedy="detach it first, with its target and state: absent",
        )
    for key in ("bus", "readonly", "serial"):
        value = getattr(wish, key)
        if value is not None and value != getattr(disk, key):
            before[key], after[key] = getattr(disk, key), value
    if after:
        yield Change("disks", disk.target, CHANGE, before, after, wish, disk)


def _disk_words(disk: Disk) -> dict[str, Any]:
    words = {"device": disk.device, "source": disk.source, "bus": disk.bus}
    return {key: value for key, value in words.items() if value is not None}


def _disk_name(wish: DiskWish) -> str:
    return wish.target or wish.source or wish.device


def _named(wish: DiskWish | NicWish) -> dict[str, Any]:
    """What was named of a wish, without what only says how to make an image."""
    left_out = ("state", "size", "format", "sparse", "backing")
    return {
        key: value
        for key, value in vars(wish).items()
        if value is not None and key not in left_out
    }


# -- network interfaces ----------------------------------------------------------------


def _nics(vm: VirtualMachine, wishes: Iterable[NicWish]) -> Iterator[Change]:
    """Those with a MAC address are found by it, the others in their order."""
    wishes = list(wishes)
    named = {wish.mac for wish in wishes if wish.mac is not None}
    by_mac = {nic.mac.lower(): nic for nic in vm.nics or () if nic.mac}
    free = iter(nic for nic in vm.nics or () if (nic.mac or "").lower() not in named)
    for number, wish in enumerate(wishes):
        found = by_mac.get(wish.mac) if wish.mac is not None else next(free, None)
        if wish.state == ABSENT:
            if found is not None:
                words = {"mac": found.mac, "network": found.source}
                name = found.mac or str(number)
                yield _removal("nics", name, words, wish, found)
        elif found is None:
            name = _nic_name(number, wish)
            yield Change("nics", name, ADD, None, _named(wish), wish)
        else:
            yield from _nic_change(wish, found, found.mac or str(number))


def _nic_change(wish: NicWish, nic: Nic, name: str) -> Iterator[Change]:
    is_bridge = nic.type == "bridge"
    current = {
        "network": None if is_bridge else nic.source,
        "bridge": nic.source if is_bridge else None,
        "connected": nic.connected,
        "model": nic.model,
        "vlan": nic.vlan,
    }
    differing = {
        key: getattr(wish, key)
        for key, value in current.items()
        if getattr(wish, key) is not None and getattr(wish, key) != value
    }
    if differing:
        before = {key: current[key] for key in differing}
        yield Change("nics", name, CHANGE, before, differing, wish, nic)


def _nic_name(number: int, wish: NicWish) -> str:
    return wish.mac or str(number)


def _removal(
    part: str,
    item: str | None,
    words: Mapping[str, Any],
    wish: DiskWish | NicWish,
    found: Disk | Nic,
) -> Change:
    return Change(part, item, REMOVE, dict(words), None, wish, found)


# -- order and diff --------------------------------------------------------------------


def _key(change: Change) -> tuple[str, str | None, str]:
    return change.part, change.item, change.action


def _rank(change: Change) -> int:
    return _ORDER.index(change.action)


def as_diff(changes: Iterable[Change]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Before and after, by part, and by item in it where there is one."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for change in changes:
        if change.item is None:
            before[change.part], after[change.part] = change.before, change.after
        else:
            before.setdefault(change.part, {})[change.item] = change.before
            after.setdefault(change.part, {})[change.item] = change.after
    return before, after
