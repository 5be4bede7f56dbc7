# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing machines: one new definition for the next start, calls for now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

from .._core.clock import wait_until
from .._hypervisor.changes import (
    ADD,
    CHANGE,
    LIVE,
    REMOVE,
    SET,
    Change,
)
from .._hypervisor.description import Description, DiskWish, NicWish
from .._hypervisor.hypervisor import OperationTimeout
from .._hypervisor.values import VirtualMachine
from .binding import libvirt
from .edit_xml import (
    Missing,
    add_disk,
    add_nic,
    change_definition,
    edit_disk,
    edit_nic,
    find_disk,
    find_nic,
    is_in_definition,
    is_qemu,
    macs,
    missing_scsi,
    scsi_controller,
    target_of,
    targets,
)
from .fragments_xml import apply_fragment, place_of, shown_now, without_secrets
from .making import Making, new_mac
from .new_device_xml import choose_bus, free_target
from .possible import timing_of
from .storage_xml import Volume
from .verbatim_xml import parse_verbatim, to_text

#: Seconds that a guest has to let go of a device.
_LET_GO = 60.0
#: Seconds that a guest has to give memory back or to take it.
_BALLOON = 15.0
_KIB = 1024
#: The locally administered range that libvirt itself gives MAC addresses out of.
_MAC_PREFIX = "52:54:00"


class Changing(Making):
    """What is different about machines, changed."""

    def timing(self, vm: VirtualMachine, change: Change) -> str:
        """When a change takes effect; asks nothing of the host."""
        return timing_of(vm, change, can_plug=self._can_plug)

    @property
    def _can_plug(self) -> bool:
        """libvirt's test driver changes no devices of machines that are on."""
        return not self.uri.startswith("test")

    def in_own_words(self, wanted: Description, vm: VirtualMachine) -> Description:
        """A machine type by the full name that libvirt keeps for it, and no empty note.

        ``q35`` is an alias of the newest type of its family, and libvirt keeps that. A
        machine of the family has what was asked for, whichever version it was made as.
        A note that is empty is none to libvirt.
        """
        values = dict(wanted.values)
        for one in (vm, vm.next_start):
            machine = one.os.machine if one is not None and one.os is not None else None
            if "machine" in values and _is_alias(values["machine"], machine or ""):
                values["machine"] = machine
                break
        notes = {one.description for one in (vm, vm.next_start) if one is not None}
        if values.get("description") == "" and notes <= {None, ""}:
            del values["description"]
        disks = tuple(self._disk_in_own_words(wish, vm) for wish in wanted.disks)
        return replace(wanted, values=values, disks=disks)

    def _disk_in_own_words(self, wish: DiskWish, vm: VirtualMachine) -> DiskWish:
        """A disk by the name that the machine has for its image: a path, or a volume."""
        named = {
            name
            for one in (vm, vm.next_start)
            for disk in (one.disks or () if one is not None else ())
            for name in (disk.source, *disk.backing)
            if name is not None
        }
        source = wish.source
        if source is None or source in named:
            return wish
        others = [one for one in named if one.startswith("/") != source.startswith("/")]
        path = self._path_of(source) if others else None
        if path is None:
            return wish
        same = next((one for one in others if self._path_of(one) == path), None)
        return replace(wish, source=same) if same is not None else wish

    def _path_of(self, source: str) -> str | None:
        """The path of an image that is named by path or as a volume; None if unknown."""
        if source.startswith("/"):
            return source
        volume = self._volume(source)
        with self._doing(f"read the volume {source}"):
            return str(volume.path()) if volume is not None else None

    def own_changes(
        self, vm: VirtualMachine, wanted: Description
    ) -> tuple[Change, ...]:
        """The XML fragments that a definition of the machine does not have yet."""
        if not wanted.libvirt:
            return ()
        with self._doing(f"read machine {vm.name}"):
            domain = self._domain(vm)
            kept = _kept_xml(domain)
            now = kept
            if vm.is_active:
                now = str(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE))
        found = []
        later, present = parse_verbatim(kept), parse_verbatim(now)
        for fragment in wanted.libvirt:
            before = shown_now(later, fragment)
            is_late = apply_fragment(later, fragment)
            is_new = apply_fragment(present, fragment)
            if is_late or is_new:
                change = Change(
                    "libvirt",
                    place_of(fragment),
                    SET,
                    before,
                    without_secrets(fragment["xml"]) or None,
                    wish=fragment,
                    now=is_new,
                    kept=is_late,
                )
                found.append(change)
        return tuple(found)

    def change(
        self, vm: VirtualMachine, changes: Sequence[Change], *, only_kept: bool = False
    ) -> None:
        """Each change that is live by a call, then all by one new definition.

        A run that breaks off in between leaves differences that the next one finds.
        """
        with self._doing(f"change machine {vm.name}"):
            domain = self._domain(vm)
            is_on = bool(domain.isActive())
            planned = self._with_names(domain, changes)
            volumes = self._volumes(_sources(changes))
            for change, names in planned:
                if change.part == "name":
                    domain.rename(change.after, 0)
                elif change.part == "autostart":
                    domain.setAutostart(int(change.after))
                elif is_on and not only_kept and change.now and change.when == LIVE:
                    self._change_now(vm, domain, change, names, volumes)
            self._change_kept(vm, domain, planned, volumes)

    def _with_names(
        self, domain: Any, changes: Iterable[Change]
    ) -> list[tuple[Change, dict[str, str]]]:
        """The changes with the target or MAC address of what they add.

        They are the same for both definitions: those that one of them has already, after
        a run that broke off, else such as are free in both.
        """
        kept = parse_verbatim(_kept_xml(domain))
        now = parse_verbatim(domain.XMLDesc(0)) if domain.isActive() else kept
        taken = [*targets(kept), *targets(now)]
        odd_macs = sorted(macs(kept) ^ macs(now))
        planned = []
        for change in changes:
            names: dict[str, str] = {}
            wish = change.wish
            if change.action == ADD and isinstance(wish, DiskWish):
                known = wish.target or target_of(now, wish) or target_of(kept, wish)
                names["target"] = known or free_target(choose_bus(wish, kept), taken)
                taken.append(names["target"])
            elif change.action == ADD and isinstance(wish, NicWish):
                only_one = change.now != change.kept and bool(odd_macs)
                found = odd_macs.pop(0) if only_one and wish.mac is None else None
                names["mac"] = wish.mac or found or new_mac()
            planned.append((change, names))
        return planned

    def _change_kept(
        self,
        vm: VirtualMachine,
        domain: Any,
        planned: Iterable[tuple[Change, Mapping[str, str]]],
        volumes: Mapping[str, Volume],
    ) -> None:
        """virDomainDefineXML with the kept definition, changed."""
        kept = [one for one in planned if one[0].kept and is_in_definition(one[0])]
        if not kept or not domain.isPersistent():
            return
        root = parse_verbatim(_kept_xml(domain))
        nested = "vmx"
        if any(change.item == "nested" for change, _names in kept):
            nested = self._capabilities(Description(), vm).nested
        self._warn_of_variables(vm, root, [change for change, _names in kept])
        for change, names in kept:
            change_definition(root, change, volumes=volumes, nested=nested, **names)
        self._domains[vm.uuid] = self._connection.defineXML(to_text(root))

    def _warn_of_variables(
        self, vm: VirtualMachine, root: ET.Element, changes: Iterable[Change]
    ) -> None:
        """Say that UEFI variables without keys stay where no definition names them."""
        was_uefi = vm.os is not None and vm.os.firmware == "uefi"
        is_secure = any(
            change.part == "firmware" and change.item == "secure_boot" and change.after
            for change in changes
        )
        if was_uefi and is_secure and root.find("os/nvram") is None:
            self._warn(
                f"machine {vm.name} keeps the UEFI variables that it has, which have no "
                f"keys for secure boot if it was started before; make them anew with "
                f"'virsh start --reset-nvram {vm.name}'"
            )

    def _change_now(
        self,
        vm: VirtualMachine,
        domain: Any,
        change: Change,
        names: Mapping[str, str],
        volumes: Mapping[str, Volume],
    ) -> None:
        live = libvirt.VIR_DOMAIN_AFFECT_LIVE
        if change.part == "vcpus":
            domain.setVcpusFlags(change.after, live)
        elif change.part == "memory":
            self._set_memory_now(vm, domain, change.after // _KIB)
        elif change.part == "description":
            kind = libvirt.VIR_DOMAIN_METADATA_DESCRIPTION
            domain.setMetadata(kind, change.after or None, None, None, live)
        elif change.action == REMOVE:
            self._unplug(vm, domain, change)
        elif change.action == ADD:
            for element in _new_devices(domain, change, names, volumes):
                domain.attachDeviceFlags(to_text(element), live)
        elif change.action == CHANGE:
            root = parse_verbatim(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE))
            if isinstance(change.wish, DiskWish):
                element = find_disk(root, change)
                edit_disk(root, element, change.after, volumes)
            else:
                element = find_nic(root, change)
                edit_nic(element, change.after)
            domain.updateDeviceFlags(to_text(element), live)

    def _set_memory_now(self, vm: VirtualMachine, domain: Any, kib: int) -> None:
        """virDomainSetMemoryFlags, and wait until the guest's balloon has moved.

        Whether it does is up to the guest, so that it is no error where it doesn't: the
        kept definition says what the machine is to have.
        """
        domain.setMemoryFlags(kib, libvirt.VIR_DOMAIN_AFFECT_LIVE)
        if not wait_until(
            lambda: domain.info()[2] == kib, timeout=_BALLOON, clock=self._clock
        ):
            self._warn(
                f"the guest of machine {vm.name} was told to go to {kib} KiB of memory "
                f"and has {domain.info()[2]} KiB after {_BALLOON:g} seconds; see that it "
                "has booted and has a driver for the balloon"
            )

    def _unplug(self, vm: VirtualMachine, domain: Any, change: Change) -> None:
        """virDomainDetachDeviceFlags, and wait until the guest lets go.

        Raises:
            OperationTimeout: It holds on to the device.
        """
        find = find_disk if isinstance(change.wish, DiskWish) else find_nic
        element = find(parse_verbatim(domain.XMLDesc(0)), change)
        domain.detachDeviceFlags(to_text(element), libvirt.VIR_DOMAIN_AFFECT_LIVE)
        if not wait_until(
            lambda: not _is_there(domain, change, find),
            timeout=_LET_GO,
            clock=self._clock,
        ):
            raise OperationTimeout(
                f"the guest of machine {vm.name} does not let go of {change.words} "
                f"within {_LET_GO:g} seconds",
                where=self.uri,
                remedy="see that it has booted and does not use it, or let its next "
                "start be without it (apply: next_start)",
            )


def _is_there(domain: Any, change: Change, find: Callable[..., ET.Element]) -> bool:
    try:
        find(parse_verbatim(domain.XMLDesc(0)), change)
    except Missing:
        return False
    return True


def _new_devices(
    domain: Any,
    change: Change,
    names: Mapping[str, str],
    volumes: Mapping[str, Volume],
) -> list[ET.Element]:
    """The elements to attach for an addition: a controller first where one lacks."""
    root = parse_verbatim(domain.XMLDesc(0))
    wish = change.wish
    if isinstance(wish, NicWish):
        return [add_nic(root, wish, names["mac"])]
    if not isinstance(wish, DiskWish):
        raise TypeError(f"{change.words} adds no device")
    lacks_scsi = missing_scsi(root) and choose_bus(wish, root) == "scsi"
    disk = add_disk(root, wish, volumes, names["target"])
    return [scsi_controller(), disk] if lacks_scsi and is_qemu(root) else [disk]


def _kept_xml(domain: Any) -> str:
    flags = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
    return str(domain.XMLDesc(flags))


def _sources(changes: Iterable[Change]) -> list[str]:
    """The images that the changes put into disks and drives."""
    found = []
    for change in changes:
        wish = change.wish
        if isinstance(wish, DiskWish) and wish.source and change.action != REMOVE:
            found.append(wish.source)
    return found


def _is_alias(name: str, machine: str) -> bool:
    """Whether ``q35`` or ``pc`` is the family of ``pc-q35-7.2`` or ``pc-i440fx-7.2``."""
    families = {"q35": "pc-q35-", "pc": "pc-i440fx-"}
    return machine.startswith(families.get(name, f"{name}-"))
