# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be and when, as tables; volumes, snapshots, pictures and keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.changes import (
    ADD,
    CHANGE,
    GROW_IMAGE,
    LIVE,
    NEXT_START,
    OFF,
    REMOVE,
    SET,
    Change,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.description import (
    Description,
    DiskWish,
    NicWish,
    SnapshotWish,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.plan import (
    PlanRefused,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    Disk,
    ImageInfo,
    VirtualMachine,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.linux_keys import (
    KEYS,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.pictures import (
    size_of,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.possible import (
    check,
    timing_of,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.storage_xml import (
    Volume,
    chains_of,
    is_external,
    overlays_of,
    parse_volume,
    snapshot_xml,
    volume_xml,
    with_overlays,
)

ON = VirtualMachine(
    "web", "u", "running", vcpus=1, vcpus_max=4, memory=2048, memory_max=4096
)


def disk(bus: str, device: str = "disk", source: str | None = "/a") -> Disk:
    return Disk(
        device, "vda", bus, "file", source, "qcow2", readonly=False, shareable=False
    )


def change(part: str, action: str = SET, **more: Any) -> Change:
    return Change(part, None, action, **more)


TIMINGS = [
    (change("vcpus", before=1, after=2), LIVE, LIVE),
    (change("vcpus", before=1, after=5), NEXT_START, NEXT_START),
    (change("vcpus", before=2, after=1), NEXT_START, NEXT_START),
    (change("vcpus", before=None, after=1), NEXT_START, NEXT_START),
    (change("vcpus_max", after=8), NEXT_START, NEXT_START),
    (change("memory", after=4096), LIVE, LIVE),
    (change("memory", after=1024), LIVE, LIVE),
    (change("memory", after=8192), NEXT_START, NEXT_START),
    (change("memory_max", after=8192), NEXT_START, NEXT_START),
    (change("description", after="x"), LIVE, LIVE),
    (change("autostart", after=True), LIVE, LIVE),
    (change("images", GROW_IMAGE, after={"size": 2}), LIVE, LIVE),
    (change("name", after="x"), OFF, OFF),
    (change("cpu", after="x"), NEXT_START, NEXT_START),
    (change("firmware", after="uefi"), NEXT_START, NEXT_START),
    (change("boot", after=["disk"]), NEXT_START, NEXT_START),
    (change("graphics", after=[]), NEXT_START, NEXT_START),
    (change("libvirt", after="<x/>", wish={"xpath": "/", "xml": ""}), NEXT_START, NEXT_START),
    (change("disks", ADD, wish=DiskWish(source="/b")), LIVE, NEXT_START),
    (change("disks", ADD, wish=DiskWish(source="/b", bus="scsi")), LIVE, NEXT_START),
    (change("disks", ADD, wish=DiskWish(source="/b", bus="sata")), NEXT_START, NEXT_START),
    (change("disks", ADD, wish=DiskWish(source="/b", target="sdb")), NEXT_START, NEXT_START),
    (change("disks", ADD, wish=DiskWish(device="cdrom")), NEXT_START, NEXT_START),
    (change("disks", REMOVE, wish=DiskWish(), found=disk("virtio")), LIVE, NEXT_START),
    (change("disks", REMOVE, wish=DiskWish(), found=disk("sata")), NEXT_START, NEXT_START),
    (change("disks", REMOVE, wish=DiskWish(), found=disk("usb", "cdrom")), NEXT_START, NEXT_START),
    (change("disks", CHANGE, wish=DiskWish(), after={"source": None}), LIVE, NEXT_START),
    (change("disks", CHANGE, wish=DiskWish(), after={"source": "/x", "bus": "ide"}),
     NEXT_START, NEXT_START),
    (change("nics", ADD, wish=NicWish()), LIVE, NEXT_START),
    (change("nics", REMOVE, wish=NicWish()), LIVE, NEXT_START),
    (change("nics", CHANGE, wish=NicWish(), after={"connected": True, "vlan": 1}),
     LIVE, NEXT_START),
    (change("nics", CHANGE, wish=NicWish(), after={"model": "e1000e"}), NEXT_START, NEXT_START),
]  # fmt: skip


@pytest.mark.parametrize(("change", "plugging", "not_plugging"), TIMINGS)
def test_change_takes_effect(change: Change, plugging: str, not_plugging: str) -> None:
    assert timing_of(ON, change, can_plug=True) == plugging
    assert timing_of(ON, change, can_plug=False) == not_plugging


def test_memory_that_was_told_already_is_the_guests_affair() -> None:
    told = replace(ON, next_start=replace(ON, memory=1024))
    assert timing_of(told, change("memory", after=1024), can_plug=True) == NEXT_START
    assert timing_of(told, change("memory", after=3072), can_plug=True) == LIVE


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"values": {"boot": []}}, "boot names no device"),
    ({"values": {"generation": 2}}, "generation is an option of Hyper-V.*name firmware.type"),
    ({"values": {"dynamic_memory": {"enabled": True}}}, "dynamic_memory is .*memory_max"),
    ({"values": {"start_action": "always"}}, "start_action is .*name autostart"),
    ({"values": {"checkpoint_type": "standard"}}, "checkpoint_type is an option of Hyper-V"),
    ({"values": {"firmware": {"secure_boot_template": "MicrosoftWindows"}}},
     "secure_boot_template is an option of Hyper-V.*name firmware.secure_boot"),
    ({"values": {"firmware": {"secure_boot": True}}}, "a machine with BIOS; name type: uefi"),
    ({"values": {"vcpus": 0}}, "vcpus is 0; name at least 1"),
    ({"values": {"vcpus_max": -1}}, "vcpus_max is -1"),
    ({"values": {"vcpus": 4, "vcpus_max": 2}}, "vcpus is 4 and vcpus_max is 2"),
    ({"values": {"memory": 1000}}, "memory is 1000 bytes, and libvirt counts memory in KiB"),
    ({"values": {"memory": 0}}, "memory is 0 bytes"),
    ({"values": {"memory": 4096, "memory_max": 2048}}, "memory is 4096 and memory_max is 2048"),
    ({"values": {"vcpus": 2, "cpu": {"topology": {"sockets": 1, "cores": 3, "threads": 1}}}},
     "places for 3 processors and vcpus_max is 2; name vcpus_max: 3"),
    ({"disks": (DiskWish(source="a.qcow2"),)}, r"disks\[0\] names the image 'a.qcow2'"),
    ({"disks": (DiskWish(source="/a", size=512, format="vhdx"),)}, "format is vhdx, which"),
    ({"disks": (DiskWish(source="/a", size=513),)}, r"size is 513 bytes, which are no whole"),
    ({"disks": (DiskWish(source="/a", backing="/b", format="raw"),)}, "which raw images can't"),
    ({"disks": (DiskWish(device="cdrom", bus="virtio"),)}, "a cdrom drive on virtio"),
    ({"disks": (DiskWish(source="/a", bus="fdc"),)}, "a disk drive on fdc"),
    ({"disks": (DiskWish(device="floppy", bus="sata"),)}, "a floppy drive on sata"),
    ({"nics": (NicWish(network="a", bridge="b"),)}, r"nics\[0\] names a network and a bridge"),
    ({"nics": (NicWish(vlan=4095),)}, "vlan is 4095"),
    ({"nics": (NicWish(model="synthetic"),)}, "model is synthetic, which is Hyper-V's"),
    ({"values": {"serials": [{"type": "file", "path": None}]}}, r"serials\[0\] is of type file"),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "sentence"), REFUSED)
def test_what_libvirt_has_not_is_refused_in_words(
    wanted: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(PlanRefused, match=sentence):
        check(Description(name="web", **wanted), None)


def test_fragment_that_can_not_be_read_is_refused_in_words() -> None:
    fragment = {"xpath": "devices", "xml": "<x/>"}
    with pytest.raises(
        HypervisorConnectError, match=r"libvirt\[0\]\.xpath is 'devices'"
    ):
        check(Description(name="web", libvirt=(fragment,)), None)


@pytest.mark.parametrize(
    ("wanted", "vm"),
    [
        ({}, None),
        ({"hyperv": {"Msvm_ProcessorSettingData": {"Limit": 5}}}, None),
        ({"values": {"firmware": {"type": "uefi", "secure_boot": True}}}, None),
        (
            {"values": {"cpu": {"topology": {"sockets": 1, "cores": 2, "threads": 2}}}},
            ON,
        ),
        ({"values": {"vcpus": 2}}, ON),
        (
            {"disks": (DiskWish(source="a/b"), DiskWish(target="vdb", state="absent"))},
            ON,
        ),
    ],
)
def test_what_can_be_is_let_through(
    wanted: dict[str, Any], vm: VirtualMachine | None
) -> None:
    check(Description(name="web", **wanted), vm)


def test_processors_must_fit_the_topology_that_is_there() -> None:
    topology = {"sockets": 1, "cores": 2, "threads": 2}
    vm = replace(ON, cpu={"topology": topology})
    check(Description(name="web", values={"vcpus": 3}), vm)
    with pytest.raises(PlanRefused, match="places for 4 processors and vcpus_max is 5"):
        check(Description(name="web", values={"vcpus": 5}), vm)


# -- volumes and snapshots -------------------------------------------------------------


def test_volume_both_ways() -> None:
    under = Volume("file", ImageInfo("pool/base", 5, "qcow2"), "/pool/base")
    wish = DiskWish(source="pool/a<b", format="qcow2", sparse=False)
    xml = volume_xml("a<b", wish, 4096, under)
    assert xml == (
        '<volume><name>a&lt;b</name><capacity unit="bytes">4096</capacity>'
        '<allocation unit="bytes">4096</allocation><target><format type="qcow2" /></target>'
        '<backingStore><path>/pool/base</path><format type="qcow2" /></backingStore></volume>'
    )
    assert parse_volume(xml, "pool/a<b") == Volume(
        "file", ImageInfo("pool/a<b", 4096, "qcow2", "/pool/base"), "pool/a<b"
    )
    sparse = volume_xml("a", DiskWish(source="p/a"), 4096, None)
    assert '<allocation unit="bytes">0<' in sparse
    assert "format" not in sparse


def test_volume_as_libvirt_writes_it() -> None:
    found = parse_volume(
        """<volume type='block'><name>d</name><key>k</key>
        <capacity unit='bytes'>1073741824</capacity>
        <target><path>/dev/vg/d</path></target></volume>""",
        "vg/d",
    )
    assert found == Volume(
        "block", ImageInfo("vg/d", 1073741824, None, None), "/dev/vg/d"
    )


@pytest.mark.parametrize(
    ("wish", "memory", "overlays", "left_out", "xml"),
    [
        (SnapshotWish("a", "n<"), None, None, [],
         "<domainsnapshot><name>a</name><description>n&lt;</description></domainsnapshot>"),
        (SnapshotWish("a"), "internal", None, ["sda"],
         '<domainsnapshot><name>a</name><memory snapshot="internal" />'
         '<disks><disk name="sda" snapshot="no" /></disks></domainsnapshot>'),
        (SnapshotWish("a"), "/m", {"vda": "/d.a"}, ["sda"],
         '<domainsnapshot><name>a</name><memory snapshot="external" file="/m" /><disks>'
         '<disk name="vda" snapshot="external" type="file"><driver type="qcow2" />'
         '<source file="/d.a" /></disk><disk name="sda" snapshot="no" /></disks>'
         "</domainsnapshot>"),
    ],
)  # fmt: skip
def test_snapshot_is_written(
    wish: SnapshotWish,
    memory: str | None,
    overlays: dict[str, str] | None,
    left_out: list[str],
    xml: str,
) -> None:
    text = snapshot_xml(wish, memory=memory, overlays=overlays, left_out=left_out)
    assert text == xml
    assert is_external(text) is (overlays is not None)
    assert ET.fromstring(text).tag == "domainsnapshot"


SNAPSHOT = """<domainsnapshot><name>{0}</name>
  <disks><disk name='vda' snapshot='external'><source file='{1}'/></disk>
  <disk name='vdb' snapshot='no'/></disks>
  <domain><devices><disk><source {2}/><target dev='vda'/></disk></devices></domain>
</domainsnapshot>"""


def test_image_under_a_snapshots_image_is_known_from_its_record() -> None:
    records = [
        SNAPSHOT.format("s1", "/a.s1", "pool='p' volume='a'"),
        SNAPSHOT.format("s2", "/a.s2", "file='/a.s1'"),
        "<domainsnapshot><name>internal</name></domainsnapshot>",
    ]
    overlays = overlays_of(records)
    assert overlays == {"/a.s1": "p/a", "/a.s2": "/a.s1"}
    vm = replace(
        ON, disks=(disk("virtio", source="/a.s2"), disk("virtio", source="/b"))
    )
    found = with_overlays(vm, overlays)
    assert [one.backing for one in found.disks or ()] == [("/a.s1", "p/a"), ()]


def test_chain_of_images_is_told_by_a_machine_that_is_on() -> None:
    layered = replace(disk("virtio", source="/a.s1"), backing=("/a", "/base"))
    vm = replace(ON, disks=(layered, disk("virtio", source=None)))
    assert chains_of(vm) == {"/a.s1": "/a", "/a": "/base"}
    assert chains_of(ON) == {}


def test_images_that_build_on_each_other_in_a_ring_end() -> None:
    vm = replace(ON, disks=(disk("virtio", source="/a"),))
    (found,) = with_overlays(vm, {"/a": "/b", "/b": "/a"}).disks or ()
    assert found.backing == ("/b", "/a")
    assert with_overlays(ON, {"/a": "/b"}) is ON


# -- pictures and keys -----------------------------------------------------------------

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
    + (720).to_bytes(4, "big")
    + (400).to_bytes(4, "big")
)


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (PNG + b"...", (720, 400)),
        (PNG[:20], None),
        (b"P6\n720 400\n255\n" + b"\0" * 9, (720, 400)),
        (b"P6 # made by x\n720\n# more\n 400\n255\n", (720, 400)),
        (b"P5\n1 1\n255\n", None),
        (b"P6\n99999999999 1\n255\n", None),
        (b"", None),
    ],
)
def test_size_of_a_picture(data: bytes, size: tuple[int, int] | None) -> None:
    assert size_of(data) == size


@given(st.binary(max_size=60))
def test_size_of_anything_is_no_error(data: bytes) -> None:
    found = size_of(b"P6\n" + data)
    assert found is None or len(found) == 2


@pytest.mark.parametrize(
    ("name", "code"),
    [("KEY_ESC", 1), ("KEY_1", 2), ("KEY_Q", 16), ("KEY_ENTER", 28), ("KEY_LEFTCTRL", 29),
     ("KEY_A", 30), ("KEY_Z", 44), ("KEY_LEFTALT", 56), ("KEY_SPACE", 57), ("KEY_F1", 59),
     ("KEY_F10", 68), ("KEY_F11", 87), ("KEY_F12", 88), ("KEY_SYSRQ", 99), ("KEY_HOME", 102),
     ("KEY_DELETE", 111), ("KEY_LEFTMETA", 125), ("KEY_F24", 194)],
)  # fmt: skip
def test_key_has_the_code_that_linux_gives_it(name: str, code: int) -> None:
    """linux/input-event-codes.h."""
    assert KEYS[name] == code
    assert len(set(KEYS.values())) == len(KEYS)
