# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disk images, which libvirt knows as volumes of storage pools."""

from __future__ import annotations

import os
import shlex
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from .._hypervisor.hypervisor import ConnectionLost, OperationFailed
from .._hypervisor.storage import Storage
from .._hypervisor.values import Image, VirtualMachine
from .._uri.uri import ConnectionUri
from .binding import libvirt
from .domain_xml import with_definition
from .errors import NO_DOMAIN, NO_STORAGE_VOL, NO_SUPPORT
from .reading import CALLS_AT_ONCE, Reading
from .session import ODD_ANSWERS, said
from .storage_xml import parse_image


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
        """Links followed where the host is this one; else as its pools know a path."""
        opened = ConnectionUri.parse(self._connection.getURI())
        sources = [source for source in storage.sources if source.startswith("/")]
        if opened.transport is None and not opened.hostname:
            return {source: os.path.realpath(source) for source in sources}
        found = {}
        for source in sources if storage.images else ():
            volume = None if storage.is_known(source) else self._volume(source)
            if volume is not None:
                with self._doing(f"read the volume {source}"):
                    found[source] = volume.path()
        return found

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
