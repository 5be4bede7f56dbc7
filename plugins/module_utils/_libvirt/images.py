# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disk images, which libvirt knows as volumes of storage pools."""

from __future__ import annotations

import os
import posixpath
import shlex
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any
from xml.etree import ElementTree as ET

from .._hypervisor.description import DiskWish
from .._hypervisor.hypervisor import ConnectionLost, OperationFailed
from .._hypervisor.storage import Storage
from .._hypervisor.values import Disk, Image, ImageInfo, VirtualMachine
from .._uri.uri import ConnectionUri
from .binding import libvirt
from .definitions import CALLS_AT_ONCE
from .domain_xml import with_definition
from .errors import NO_DOMAIN, NO_STORAGE_VOL, NO_SUPPORT
from .reading import Reading
from .session import ODD_ANSWERS, said
from .storage_xml import Volume, parse_image, parse_volume, volume_xml

#: Types of storage pools whose volumes are files, of whatever format.
_FILE_POOLS = ("dir", "fs", "netfs")


class Images(Reading):
    """The images of a host's storage pools, and who uses them."""

    def images(self) -> tuple[Image, ...]:
        """The volumes of all active pools, a call for each pool and each volume.

        Pools know nothing of what was changed beside them until they are refreshed. One
        that can't be is left out, with a warning; libvirt makes it inactive.
        """
        with self._doing("list the disk images"):
            active = libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE
            try:
                pools = self._connection.listAllStoragePools(active)
            except libvirt.libvirtError:
                if not self.is_alive():
                    raise
                return ()  # this driver has no storage pools
            return tuple(
                parse_image(definition, pool=pool.name())
                for pool in pools
                for definition in self._read_anew(pool)
            )

    def _read_anew(self, pool: Any) -> list[str]:
        try:
            pool.refresh()
            volumes = pool.listAllVolumes()
            return [xml for xml in map(self._volume_xml, volumes) if xml]
        except libvirt.libvirtError as error:
            if not self.is_alive():
                raise
            self._warn(f"storage pool {pool.name()} was not read: {said(error)}")
            return []

    def _volume_xml(self, volume: Any) -> str | None:
        try:
            return str(volume.XMLDesc())
        except libvirt.libvirtError as error:
            if error.get_error_code() != NO_STORAGE_VOL:
                raise
            return None  # it was deleted while we read

    def definitions(self) -> tuple[VirtualMachine, ...]:
        """Each machine by its live, its persistent and its saved definition."""
        with self._doing("read the definitions of the machines"):
            machines = sorted(self._all_machines(), key=lambda vm: vm.name)
            with ThreadPoolExecutor(max_workers=CALLS_AT_ONCE) as pool:
                return tuple(
                    vm
                    for found in pool.map(self._definitions, machines)
                    for vm in found
                )

    def _definitions(self, vm: VirtualMachine) -> list[VirtualMachine]:
        domain = self._domains[vm.uuid]
        reads = [
            partial(domain.XMLDesc, 0),
            partial(domain.XMLDesc, libvirt.VIR_DOMAIN_XML_INACTIVE),
        ]
        if vm.managed_save:
            reads.append(domain.managedSaveGetXMLDesc)
        found = []
        for read in reads:
            try:
                found.append(with_definition(vm, read(), {}, keep_xml=False))
            except ODD_ANSWERS:
                found.append(vm)
            except libvirt.libvirtError as error:
                code = error.get_error_code()
                if code == NO_DOMAIN:
                    return []  # it was removed while we read
                if not self.is_alive():
                    raise
                if code != NO_SUPPORT or read != domain.managedSaveGetXMLDesc:
                    found.append(vm)
        return found

    def true_paths(self, storage: Storage) -> dict[str, str]:
        """Links followed where the host is this one; else as its pools know a path.

        A socket may lead to another host, whose paths then mean nothing here. So only
        what a pool knows is followed there: in vain it makes two images one, and one
        that is needed stays, while one that no pool knows stays unknown.
        """
        opened = ConnectionUri.parse(self._connection.getURI())
        sources = [source for source in storage.sources if source.startswith("/")]
        if opened.transport is None and not opened.hostname:
            return {source: os.path.realpath(source) for source in sources}
        found = {}
        if opened.transport == "unix":
            known = [source for source in sources if storage.is_known(source)]
            found = {source: os.path.realpath(source) for source in known}
        for source in sources if storage.images else ():
            volume = None if storage.is_known(source) else self._volume(source)
            if volume is not None:
                with self._doing(f"read the volume {source}"):
                    found[source] = volume.path()
        return {**_one_file(storage.images), **found}

    def remove_disk(self, vm: VirtualMachine, source: str) -> None:
        """virStorageVolDelete; an image that is gone already is fine."""
        try:
            volume = self._volume(source)
            if volume is not None:
                with self._doing(f"delete {source}"):
                    volume.delete()
        except (OperationFailed, ConnectionLost) as error:
            error.remedy = f"delete it with: {self._command_to_delete(source)}"
            raise

    def _command_to_delete(self, source: str) -> str:
        pool, _slash, volume = source.partition("/")
        where = [source] if source.startswith("/") else [volume, "--pool", pool]
        return shlex.join(["virsh", "--connect", self.uri, "vol-delete", *where])

    # -- images that machines are to have ---------------------------------------------

    def images_named(self, sources: Collection[str]) -> dict[str, ImageInfo]:
        """The images of those sources that are there; pools are refreshed for the rest.

        A device of the host (/dev/...) that no pool knows is taken to be there.

        Raises:
            OperationFailed: A path lies in no active storage pool, so that nobody but
                the host could tell what is there.
        """
        found = {name: volume.info for name, volume in self._volumes(sources).items()}
        missing = [source for source in sources if source not in found]
        refreshed: set[str] = set()
        for source in missing:
            if source.startswith("/dev/"):
                found[source] = ImageInfo(source)
                continue
            with self._doing(f"look for the image {source}"):
                pool = self._pool_of(source)[0]
                if pool.name() not in refreshed:
                    refreshed.add(pool.name())
                    pool.refresh()
        again = [source for source in missing if source not in found]
        for name, volume in self._volumes(again).items():
            found[name] = volume.info
        return found

    def _volumes(self, sources: Iterable[str]) -> dict[str, Volume]:
        """Those of the sources that a pool knows, by the source as it was given."""
        found = {}
        for source in sources:
            volume = self._volume(source)
            if volume is not None:
                with self._doing(f"read the image {source}"):
                    xml = self._volume_xml(volume)
                    if xml is not None:
                        found[source] = parse_volume(xml, source)
        return found

    def _pool_of(self, source: str) -> tuple[Any, str]:
        """The active storage pool of an image that may not be there yet, and its name.

        Raises:
            OperationFailed: There is none.
        """
        if not source.startswith("/"):
            pool, _slash, name = source.partition("/")
            return self._connection.storagePoolLookupByName(pool), name
        folder, name = posixpath.split(posixpath.normpath(source))
        active = libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE
        for one in self._connection.listAllStoragePools(active):
            path = ET.fromstring(one.XMLDesc()).findtext("target/path")
            if path is not None and posixpath.normpath(path) == folder:
                return one, name
        raise OperationFailed(
            f"{source} lies in no active storage pool of the host, and only there can "
            "libvirt look at images and make them",
            where=self.uri,
            remedy=f"make a pool of its folder (virsh pool-define-as NAME dir --target "
            f"{shlex.quote(folder)}; virsh pool-start NAME), or name an image in a pool",
        )

    def make_image(self, wish: DiskWish) -> None:
        """virStorageVolCreateXML: qcow2 in pools of files, else what the pool has."""
        source = str(wish.source)
        with self._doing(f"make the image {source}"):
            pool, name = self._pool_of(source)
            under = None
            if wish.backing is not None:
                under = self._volumes([wish.backing]).get(wish.backing)
                if under is None:
                    raise OperationFailed(
                        f"{wish.backing}, on which {source} is to build, is in no "
                        "active storage pool of the host",
                        where=self.uri,
                        remedy="make a pool of its folder",
                    )
            if wish.format is None:
                kind = ET.fromstring(pool.XMLDesc()).get("type")
                wish = replace(wish, format="qcow2" if kind in _FILE_POOLS else None)
            size = wish.size
            if size is None:
                size = (under.info.size if under is not None else None) or 0
            pool.createXML(volume_xml(name, wish, size, under))

    def grow_image(self, vm: VirtualMachine | None, wish: DiskWish) -> None:
        """virDomainBlockResize where the machine is on, else virStorageVolResize."""
        source, size = str(wish.source), int(wish.size or 0)
        disk = self._disk_of(vm, source)
        if vm is not None and disk is not None and disk.source != source:
            raise OperationFailed(
                f"{source} can't grow, as machine {vm.name} goes on in {disk.source}, "
                "which a snapshot made",
                where=self.uri,
                remedy="remove the snapshot first",
            )
        with self._doing(f"grow the image {source}"):
            if vm is not None and disk is not None and self._domain(vm).isActive():
                in_bytes = libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES
                self._domain(vm).blockResize(disk.target, size, in_bytes)
                return
            volume = self._volume(source)
            if volume is None:
                self._pool_of(source)
                raise OperationFailed(
                    f"the image {source} is not there any more", where=self.uri
                )
            volume.resize(size)

    def _disk_of(self, vm: VirtualMachine | None, source: str) -> Disk | None:
        disks = (vm.disks or ()) if vm is not None else ()
        return next(
            (disk for disk in disks if source in (disk.source, *disk.backing)), None
        )


def _one_file(images: Iterable[Image]) -> dict[str, str]:
    """For images that are one file by two names (a link in a pool), the first name.

    Two active pools may lie on one folder. What is seen of another host's files is when
    each was changed: of two files of one name, that says so unless it was written to
    between the two looks.
    """
    first: dict[tuple[str, str], str] = {}
    found = {}
    for image in images:
        if image.changed is not None and "." in image.changed:
            path = first.setdefault((image.name, image.changed), image.path)
            if path != image.path:
                found[image.path] = path
    return found
