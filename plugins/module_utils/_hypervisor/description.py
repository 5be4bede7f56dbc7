# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user wants a machine to be, whatever the hypervisor; pure.

A Description holds only what the user named. A field that is None is no wish: it is
left as it is and is never part of a diff. ``words_of`` says what a machine is in the
same words, so that changes.py can compare the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._core.errors import HypervisorConnectError
from .._core.sizes import parse_size
from .values import VirtualMachine, canonical_uuid

PRESENT, ABSENT = "present", "absent"
DISK, CDROM, FLOPPY = "disk", "cdrom", "floppy"

#: Parts that are one value.
SCALARS = (
    "vcpus",
    "vcpus_max",
    "memory",
    "memory_max",
    "generation",
    "version",
    "machine",
    "description",
    "autostart",
    "start_action",
    "start_delay",
    "stop_action",
    "checkpoint_type",
)
#: Parts that are dictionaries of single values, compared key by key.
GROUPS = ("cpu", "dynamic_memory", "firmware", "integration_services")
#: Parts that are lists as a whole.
LISTS = ("boot", "graphics", "serials")


@dataclass(frozen=True)
class DiskWish:
    """A disk or drive that the machine should have, or not.

    Attributes:
        state: PRESENT, or ABSENT to detach it.
        device: DISK, CDROM or FLOPPY.
        source: A path on the host or ``pool/volume``; None for an empty drive, or where
            ``target`` names the disk.
        media: Of a CD-ROM or floppy drive: False empties it. None is no wish.
        target: Where it is attached, in the words of the result: ``vda``, ``scsi0:1``.
        bus: ``virtio``, ``scsi``, ``sata``, ``ide``; None for the driver's choice.
        size: Bytes that the guest sees; an image that is missing is made so large, and
            one that is smaller grows.
        format: ``qcow2``, ``raw``, ``vhdx``, ``vhd``; None for the driver's choice.
        sparse: Whether a new image takes room only as it is written to.
        backing: The image that a new one builds on.
        readonly: Whether the guest may not write.
        serial: The serial number that the guest sees.
    """

    state: str = PRESENT
    device: str = DISK
    source: str | None = None
    media: bool | None = None
    target: str | None = None
    bus: str | None = None
    size: int | None = None
    format: str | None = None
    sparse: bool | None = None
    backing: str | None = None
    readonly: bool | None = None
    serial: str | None = None


@dataclass(frozen=True)
class NicWish:
    """A network interface that the machine should have, or not.

    Attributes:
        state: PRESENT, or ABSENT to remove it.
        network: The network (libvirt) or switch (Hyper-V); None is no wish.
        bridge: A bridge of the host (libvirt).
        connected: False pulls the cable out.
        mac: In lower case with colons; None for the hypervisor's choice.
        model: ``virtio``, ``e1000e``, ``synthetic``, ``emulated``.
        vlan: The VLAN identifier; 0 for untagged.
    """

    state: str = PRESENT
    network: str | None = None
    bridge: str | None = None
    connected: bool | None = None
    mac: str | None = None
    model: str | None = None
    vlan: int | None = None


@dataclass(frozen=True)
class SnapshotWish:
    """A snapshot to take.

    Attributes:
        name: Its name, which no other snapshot of the machine has.
        description: A note.
        memory: Whether the memory of a machine that is on is kept too.
        quiesce: Whether the guest is asked to bring its file systems into order first.
        external: Whether the disks go on in new image files (libvirt); None for the
            driver's choice.
    """

    name: str
    description: str | None = None
    memory: bool | None = None
    quiesce: bool = False
    external: bool | None = None


@dataclass(frozen=True)
class Description:
    """What the user named of a machine.

    Attributes:
        name: The machine's name; with ``uuid`` given as well, the name it should have.
        uuid: Its UUID, in canonical form.
        values: The SCALARS, GROUPS and LISTS that were named, in the words of
            ``words_of``: sizes in bytes, groups as dictionaries of what was named.
        disks: The disks that were named, in their order.
        nics: The network interfaces that were named, in their order.
        libvirt: XML fragments: mappings with ``xpath`` and ``xml``.
        hyperv: Values by property, by settings class.
    """

    name: str | None = None
    uuid: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    disks: tuple[DiskWish, ...] = ()
    nics: tuple[NicWish, ...] = ()
    libvirt: tuple[Mapping[str, str], ...] = ()
    hyperv: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing but the machine itself was named."""
        named = (self.values, self.disks, self.nics, self.libvirt, self.hyperv)
        return not any(named)

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Description:
        """Read the options of the modules vm and vms (_module/machine_options.py).

        Raises:
                HypervisorConnectError: A size, a MAC address or a UUID is none, or a disk
                names no image, or one that another one names.
        """
        values: dict[str, Any] = {}
        for part in (*SCALARS, *LISTS):
            if options.get(part) is not None:
                values[part] = _one_line_end(options[part])
        for part in GROUPS:
            group = {
                k: v for k, v in (options.get(part) or {}).items() if v is not None
            }
            if group:
                values[part] = group
        for part in ("memory", "memory_max"):
            if part in values:
                values[part] = parse_size(values[part], part)
        dynamic = values.get("dynamic_memory", {})
        for key in ("minimum", "maximum"):
            if key in dynamic:
                dynamic[key] = parse_size(dynamic[key], f"dynamic_memory.{key}")
        if "topology" in values.get("cpu", {}):
            values["cpu"]["topology"] = dict(values["cpu"]["topology"])
        disks = [
            _disk(number, one) for number, one in enumerate(options.get("disks") or ())
        ]
        _check_once("disks", "source", [disk.source for disk in disks])
        _check_once("disks", "target", [disk.target for disk in disks])
        return cls(
            name=options.get("name"),
            uuid=_uuid(options.get("uuid")),
            values=values,
            disks=tuple(disks),
            nics=tuple(
                _nic(number, one)
                for number, one in enumerate(options.get("nics") or ())
            ),
            libvirt=tuple(options.get("libvirt") or ()),
            hyperv=options.get("hyperv") or {},
        )


def _one_line_end(value: Any) -> Any:
    """The value as XML keeps it, which has one kind of line end."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def _check_once(option: str, key: str, values: list[str | None]) -> None:
    for number, value in enumerate(values):
        earlier = {image_key(one) for one in values[:number] if one is not None}
        if value is not None and image_key(value) in earlier:
            raise HypervisorConnectError(
                f"{option}[{number}] names the {key} {value} a second time",
                remedy="name it once",
            )


def _uuid(text: str | None) -> str | None:
    if text is None:
        return None
    uuid = canonical_uuid(text)
    if uuid is None:
        raise HypervisorConnectError(
            f"uuid is '{text}', which is no UUID",
            remedy="write it as in 6695eb01-f6a4-8304-79aa-97f2502e193f, or use name",
        )
    return uuid


def _disk(number: int, given: Mapping[str, Any]) -> DiskWish:
    where = f"disks[{number}]"
    source = given.get("path")
    if given.get("pool") is not None:
        if not given.get("volume") or source:
            raise HypervisorConnectError(
                f"{where} names a pool and "
                + ("a path too" if source else "no volume in it"),
                remedy="name an image by path, or by pool and volume",
            )
        source = f"{given['pool']}/{given['volume']}"
    elif given.get("volume") is not None:
        raise HypervisorConnectError(
            f"{where} names a volume and no pool", remedy="add pool"
        )
    device = given.get("device") or DISK
    if device == DISK and not source and given.get("target") is None:
        raise HypervisorConnectError(
            f"{where} names no image", remedy="give path, or pool and volume, or target"
        )
    size = given.get("size")
    size = None if size is None else parse_size(size, f"{where}.size")
    if size == 0:
        raise HypervisorConnectError(f"{where}.size is 0", remedy="leave it out")
    return DiskWish(
        state=given.get("state") or PRESENT,
        device=device,
        source=plain_path(source, f"{where}.path") if source else None,
        media=given.get("media"),
        target=given.get("target"),
        bus=given.get("bus"),
        size=size,
        format=given.get("format"),
        sparse=given.get("sparse"),
        backing=plain_path(given["backing"], f"{where}.backing")
        if given.get("backing")
        else None,
        readonly=given.get("readonly"),
        serial=given.get("serial"),
    )


def image_key(source: str) -> str:
    """What two spellings of one image have in common.

    Paths of Windows, and those of nobody else, have a drive or a share, and no case.
    """
    is_windows = source[1:2] == ":" or source.startswith("\\\\")
    return source.replace("/", "\\").lower() if is_windows else source


def plain_path(path: str, option: str) -> str:
    r"""A path of the host with one separator between its parts, and no ``.`` among them.

    An image that had two spellings would be attached a second time. What does not
    start at the root, with a drive or a share, is left as it is.

    Raises:
        HypervisorConnectError: A part is ``..``; where links are, only the host knows
            what that means.
    """
    is_windows = path[1:3] == ":\\" or path.startswith("\\\\")
    if not is_windows and not path.startswith("/"):
        return path
    separator = "\\" if is_windows else "/"
    start = "\\\\" if path.startswith("\\\\") else path[: path.index(separator) + 1]
    parts = [one for one in path[len(start) :].split(separator) if one not in ("", ".")]
    if ".." in parts:
        raise HypervisorConnectError(
            f"{option} is '{path}', which leads through '..'",
            remedy="write it without",
        )
    return start + separator.join(parts)


def _nic(number: int, given: Mapping[str, Any]) -> NicWish:
    mac = given.get("mac")
    for option in ("network", "bridge"):
        if given.get(option) == "":
            raise HypervisorConnectError(
                f"nics[{number}].{option} is empty",
                remedy="leave it out; connected: false pulls the cable out",
            )
    return NicWish(
        state=given.get("state") or PRESENT,
        network=given.get("network"),
        bridge=given.get("bridge"),
        connected=given.get("connected"),
        mac=None if mac is None else canonical_mac(mac, f"nics[{number}].mac"),
        model=given.get("model"),
        vlan=given.get("vlan"),
    )


def canonical_mac(text: str, option: str) -> str:
    """A MAC address in lower case with colons.

    Raises:
        HypervisorConnectError: It is none, or that of a group (IEEE 802, bit 0).
    """
    digits = "".join(c for c in text if c not in ":-. ").lower()
    good = len(digits) == 12 and all(c in "0123456789abcdef" for c in digits)
    if not good or int(digits[1], 16) % 2:
        raise HypervisorConnectError(
            f"{option} is '{text}', which is no MAC address of a network interface",
            remedy="write it as in 52:54:00:12:34:56",
        )
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def words_of(vm: VirtualMachine) -> dict[str, Any]:
    """What a machine is, read in full, in the words of Description.values.

    What was not read, or is not known to its hypervisor, is left out.
    """
    words = {part: getattr(vm, part, None) for part in SCALARS}
    system = vm.os
    if system is not None:
        words["machine"] = system.machine
        words["generation"] = system.generation
        words["version"] = system.version
        words["boot"] = list(system.boot)
        words["firmware"] = {
            "type": system.firmware,
            "secure_boot": system.secure_boot,
            "secure_boot_template": system.secure_boot_template,
            "tpm": system.tpm,
        }
    for part in ("cpu", "dynamic_memory", "integration_services"):
        value = getattr(vm, part)
        words[part] = None if value is None else dict(value)
    for part in ("graphics", "serials"):
        found = getattr(vm, part)
        words[part] = None if found is None else [dict(one) for one in found]
    return {part: value for part, value in words.items() if value is not None}
