# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hypervisor and its machines look like, whatever the hypervisor.

Value classes only: no input or output. Sizes are bytes, times are ISO 8601 in UTC. A
field that is None was not read, or is not known to this hypervisor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

#: The states that a user can ask for, and that can be kept.
RUNNING, STOPPED, PAUSED, SAVED = "running", "stopped", "paused", "saved"
#: The states that a machine can be found in, besides.
CRASHED, SUSPENDED, STOPPING = "crashed", "suspended", "stopping"

#: How much list_vms reads: what a fixed number of questions answers for all machines,
#: or each machine's definition, addresses and snapshots too.
SUMMARY, FULL = "summary", "full"


@dataclass(frozen=True)
class Disk:
    """A disk, CD-ROM or floppy drive of a machine.

    ``source`` is the path, the network address or ``pool/volume`` of the image; None
    for an empty drive. ``backing`` are the images under it, nearest first: always those
    under an image that a snapshot made, so that a disk is still known by the image that
    was described.
    """

    device: str
    target: str
    bus: str | None
    type: str
    source: str | None
    format: str | None
    readonly: bool
    shareable: bool
    backing: tuple[str, ...] = ()
    serial: str | None = None


@dataclass(frozen=True)
class Image:
    """A disk image that a storage pool of the host knows (a volume to libvirt).

    ``backing`` is the path of the image right under it; None where it has none.
    ``changed`` is the moment of its file's last change in the host's own words; None
    where that was not told.
    """

    pool: str
    name: str
    path: str
    backing: str | None = None
    changed: str | None = None


@dataclass(frozen=True)
class ImageInfo:
    """An image as a machine that is to use it cares for it; ``size`` is in bytes.

    ``size`` is what a guest sees; None where that is not known (an ISO image).
    """

    source: str
    size: int | None = None
    format: str | None = None
    backing: str | None = None


@dataclass(frozen=True)
class Nic:
    """A network interface of a machine.

    ``addresses`` are those known to the hypervisor, as ``address/prefix``. ``vlan`` is
    the identifier of its VLAN, 0 for none.
    """

    mac: str | None
    type: str
    source: str | None
    model: str | None
    target: str | None
    addresses: tuple[str, ...] = ()
    vlan: int | None = None
    connected: bool | None = None


@dataclass(frozen=True)
class OperatingSystem:
    """How a machine starts: its kind, architecture, machine type and firmware.

    ``boot`` are kinds of devices in their order: ``disk``, ``cdrom``, ``network``,
    ``floppy``. ``generation`` and ``version`` (of the configuration) are Hyper-V's.
    """

    type: str
    arch: str | None
    machine: str | None
    firmware: str
    secure_boot: bool | None
    nvram: str | None
    boot: tuple[str, ...] = ()
    secure_boot_template: str | None = None
    tpm: bool | None = None
    generation: int | None = None
    version: str | None = None


@dataclass(frozen=True)
class Snapshot:
    """A kept state of a machine; ``parent`` is the snapshot that it builds on."""

    name: str
    parent: str | None
    created: str | None
    state: str
    current: bool
    description: str | None


@dataclass(frozen=True)
class Screenshot:
    """What a machine shows: the bytes of an image file and its type, ``image/png``."""

    data: bytes
    mime_type: str
    width: int
    height: int


@dataclass(frozen=True)
class VirtualMachine:
    """A virtual machine (a domain to libvirt); ``uptime`` is in seconds.

    The mappings have the keys of the options of the module vm. ``next_start`` is what a
    machine that is on becomes with its next start, where that was read and is kept apart
    from what it is now (the inactive definition of libvirt).
    """

    name: str
    uuid: str
    state: str
    id: int | None = None
    reason: str | None = None
    vcpus: int | None = None
    vcpus_max: int | None = None
    memory: int | None = None
    memory_max: int | None = None
    autostart: bool | None = None
    persistent: bool | None = None
    managed_save: bool | None = None
    has_snapshots: bool | None = None
    description: str | None = None
    uptime: int | None = None
    addresses: tuple[str, ...] | None = None
    os: OperatingSystem | None = None
    disks: tuple[Disk, ...] | None = None
    nics: tuple[Nic, ...] | None = None
    snapshots: tuple[Snapshot, ...] | None = None
    cpu: Mapping[str, Any] | None = None
    dynamic_memory: Mapping[str, Any] | None = None
    integration_services: Mapping[str, bool] | None = None
    graphics: tuple[Mapping[str, Any], ...] | None = None
    serials: tuple[Mapping[str, Any], ...] | None = None
    start_action: str | None = None
    start_delay: int | None = None
    stop_action: str | None = None
    checkpoint_type: str | None = None
    xml: str | None = None
    next_start: VirtualMachine | None = None

    @property
    def is_active(self) -> bool:
        """Whether a running, paused or otherwise live instance of it exists."""
        return self.state not in (STOPPED, SAVED)

    def as_result(self) -> dict[str, Any]:
        """The machine as a module returns it; ``xml`` only where it was read."""
        result = plain(asdict(replace(self, next_start=None)))
        del result["next_start"]
        if self.xml is None:
            del result["xml"]
        return result


@dataclass(frozen=True)
class Cpu:
    """The processors of a host; ``cpus`` counts the active ones, threads included."""

    model: str
    cpus: int
    mhz: int | None
    nodes: int
    sockets: int
    cores: int
    threads: int


@dataclass(frozen=True)
class HostInfo:
    """A hypervisor host. ``memory`` is in bytes.

    ``hypervisor_version`` and ``libvirt_version`` are mappings of the forms that
    _uri/version.py knows. ``capabilities`` is what the hypervisor says of itself.
    """

    uri: str
    driver: str | None
    hostname: str
    hypervisor_type: str
    hypervisor_version: dict[str, Any] | None
    libvirt_version: dict[str, Any] | None
    cpu: Cpu
    memory: int
    encrypted: bool
    secure: bool
    alive: bool
    capabilities: dict[str, Any]

    def as_result(self) -> dict[str, Any]:
        """The host as host_info returns it."""
        return plain(asdict(self))


def plain(value: Any) -> Any:
    """The value with tuples as lists, as JSON and Ansible know them."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def canonical_uuid(text: str) -> str | None:
    """A UUID in lower case with its hyphens, as machines hold it; None for a name."""
    try:
        return str(UUID(text))
    except ValueError:
        return None
