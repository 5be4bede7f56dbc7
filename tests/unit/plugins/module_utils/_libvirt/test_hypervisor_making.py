# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines made and changed on libvirt's test driver, and seen with libvirt's own calls.

The test driver changes no devices of machines that are on, grows no images, and tells no
domain capabilities; what it has not is tested against QEMU (tests/integration).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.description import (
    Description,
    DiskWish,
    SnapshotWish,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    OperationFailed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.plan import (
    PlanRefused,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    FULL,
    OperatingSystem,
    VirtualMachine,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.changing import (
    Changing,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.definitions import (
    Definitions,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.hypervisor import (
    LibvirtHypervisor,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.images import (
    Images,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.life import (
    Life,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.making import (
    Making,
    new_mac,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.reading import (
    Reading,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.screen import (
    Screen,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.session import (
    Session,
    odd_answer,
    said,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.snapshots import (
    Snapshots,
)
from ansible_collections.hypervisor.connect.plugins.modules.vm import (
    TASK,
    run,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._libvirt.lab import (
    RUNNING,
    STOPPED,
    add_snapshot,
    disk,
    domain,
    libvirt,
    machine,
    open_lab,
    pool,
    validated,
)

MIB = 1024**2
NETWORK = (
    "<network><name>default</name><bridge name='virbr0'/>"
    "<ip address='192.168.122.1' netmask='255.255.255.0'/></network>"
)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[LibvirtHypervisor]:
    hypervisor = open_lab(
        tmp_path,
        machine("on", 1, RUNNING, devices=disk("/images/on.qcow2")),
        machine("off", 2, STOPPED, devices=disk("/images/off.qcow2")),
        NETWORK,
        pool("images", ["on.qcow2", "off.qcow2", "cd.iso"]),
    )
    with hypervisor:
        yield hypervisor


def do(
    lab: LibvirtHypervisor, check_mode: bool = False, **options: Any
) -> dict[str, Any]:
    """Run the module vm."""
    return run(lab, validated(TASK, **options), check_mode)


def kept_xml(lab: LibvirtHypervisor, name: str) -> str:
    return str(domain(lab, name).XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))


def full(lab: LibvirtHypervisor, name: str) -> VirtualMachine:
    return lab.find_vm(name, detail=FULL)


def test_words_of_the_driver(lab: LibvirtHypervisor) -> None:
    vm = full(lab, "off")
    wanted = Description(name="off", values={"machine": "pc", "description": ""})
    lab.check_description(wanted, vm)
    assert lab.in_own_words(wanted, vm).values == {"machine": "pc"}
    assert lab.own_changes(vm, wanted) == ()
    assert vm.os is not None
    as_qemu = replace(vm, os=replace(vm.os, machine="pc-i440fx-7.2"))
    assert lab.in_own_words(wanted, as_qemu).values == {"machine": "pc-i440fx-7.2"}


def test_parts_of_the_driver_are_one() -> None:
    parts = (
        Session,
        Definitions,
        Reading,
        Images,
        Life,
        Making,
        Changing,
        Snapshots,
        Screen,
    )
    assert all(issubclass(LibvirtHypervisor, part) for part in parts)


NEW: dict[str, Any] = {
    "name": "new",
    "vcpus": 2,
    "vcpus_max": 4,
    "memory": "64MiB",
    "memory_max": "128MiB",
    "description": "a < b",
    "boot": ["disk", "cdrom"],
    "disks": [
        {"pool": "images", "volume": "new.qcow2", "size": "1GiB"},
        {"path": "/images/data.img", "size": "1MiB", "format": "raw", "serial": "s1"},
        {"device": "cdrom", "path": "/images/cd.iso"},
    ],
    "nics": [{"network": "default"}, {"bridge": "br0", "mac": "52-54-00-00-00-01"}],
    "graphics": [{"type": "vnc", "listen": "127.0.0.1"}],
    "serials": [{"type": "pty"}],
    "libvirt": [{"xpath": "/domain", "xml": "<title>one</title>"}],
}


def test_machine_is_made_once_as_described(lab: LibvirtHypervisor) -> None:
    foretold = do(lab, check_mode=True, **NEW)
    assert [vm.name for vm in lab.list_vms()] == ["off", "on"]
    made = do(lab, **NEW)
    again = do(lab, **NEW)
    assert (foretold["changed"], made["changed"], again["changed"]) == (
        True,
        True,
        False,
    )
    assert foretold["diff"] == made["diff"]
    assert made["actions"] == [
        "make_image images/new.qcow2", "make_image /images/data.img", "create",
    ]  # fmt: skip
    xml = kept_xml(lab, "new")
    for part in ("<description>a &lt; b</description>", "<title>one</title>",
                 "<vcpu placement='static' current='2'>4</vcpu>",
                 "<memory unit='KiB'>131072</memory>",
                 "<currentMemory unit='KiB'>65536</currentMemory>",
                 "<source pool='images' volume='new.qcow2'/>", "<serial>s1</serial>",
                 "<source file='/images/cd.iso'/>", "<source network='default'/>",
                 "<mac address='52:54:00:00:00:01'/>", "<source bridge='br0'/>",
                 "<boot dev='hd'/>\n    <boot dev='cdrom'/>"):  # fmt: skip
        assert part in xml
    volume = domain(lab, "new").connect().storageVolLookupByPath("/images/new.qcow2")
    assert volume.info()[1] == 1024 * MIB
    assert "<format type='qcow2'/>" in volume.XMLDesc()


def test_machine_that_can_not_be_made_is_told_before_anything_is_done(
    lab: LibvirtHypervisor,
) -> None:
    for check_mode in (True, False):
        with pytest.raises(PlanRefused, match="generation is an option of Hyper-V"):
            do(lab, check_mode, **NEW, generation=2)
    assert sorted(one.name for one in lab.images()) == [
        "cd.iso",
        "off.qcow2",
        "on.qcow2",
    ]


def test_broken_off_making_is_finished_by_the_next_run(lab: LibvirtHypervisor) -> None:
    lab.make_image(DiskWish(source="images/new.qcow2", size=1024 * MIB))
    assert do(lab, **NEW)["actions"] == ["make_image /images/data.img", "create"]
    domain(lab, "new").undefine()
    assert do(lab, **NEW)["actions"] == ["create"]
    assert do(lab, **NEW)["changed"] is False


# Each part: what is asked for, and what the definition has then.
CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"vcpus": 3}, "<vcpu placement='static'>3</vcpu>"),
    ({"vcpus_max": 5}, "<vcpu placement='static' current='1'>5</vcpu>"),
    ({"memory": "48MiB"}, "<currentMemory unit='KiB'>49152<"),
    ({"memory_max": "256MiB"}, "<memory unit='KiB'>262144<"),
    ({"description": "x"}, "<description>x</description>"),
    ({"boot": ["network"]}, "<boot dev='network'/>"),
    ({"cpu": {"topology": {"sockets": 2, "cores": 1}}}, "<topology sockets='2'"),
    ({"cpu": {"model": "qemu64"}}, "qemu64</model>"),
    ({"graphics": [{"type": "vnc", "port": 5999}]}, "port='5999'"),
    ({"serials": [{"type": "file", "path": "/log"}]}, "<source path='/log'/>"),
    ({"firmware": {"type": "uefi"}}, "<os firmware='efi'>"),
    ({"disks": [{"pool": "images", "volume": "x", "size": "1MiB"}]}, "volume='x'"),
    ({"disks": [{"target": "vda", "serial": "s"}]}, "<serial>s</serial>"),
    ({"disks": [{"device": "cdrom", "path": "/images/cd.iso"}]}, "cd.iso"),
    ({"nics": [{"mac": "52:54:00:00:00:07", "vlan": 5}]}, "<tag id='5'/>"),
    ({"libvirt": [{"xpath": "/domain/devices", "xml": "<rng model='virtio'><backend "
                   "model='random'>/dev/random</backend></rng>"}]}, "/dev/random"),
    ({"libvirt": [{"xpath": "/", "xml": "<domain><title>t</title></domain>"}]}, ">t</title>"),
]  # fmt: skip


@pytest.mark.parametrize(("wish", "has"), CHANGES)
def test_machine_that_is_off_is_changed_once(
    lab: LibvirtHypervisor, wish: dict[str, Any], has: str
) -> None:
    before = kept_xml(lab, "off")
    assert has not in before
    foretold = do(lab, check_mode=True, name="off", **wish)
    assert kept_xml(lab, "off") == before
    done = do(lab, name="off", **wish)
    assert foretold["diff"] == done["diff"]
    assert foretold["actions"] == done["actions"]
    assert has in kept_xml(lab, "off")
    assert done["restart_needed"] == []
    assert do(lab, name="off", **wish)["changed"] is False


@pytest.mark.parametrize(("wish", "has"), CHANGES)
def test_machine_that_is_on_is_changed_now_or_with_its_next_start(
    lab: LibvirtHypervisor, wish: dict[str, Any], has: str
) -> None:
    live = str(domain(lab, "on").XMLDesc())
    done = do(lab, name="on", **wish)
    again = do(lab, name="on", **wish)
    assert (done["changed"], again["changed"]) == (True, False)
    assert has in kept_xml(lab, "on")
    is_live = wish in ({"memory": "48MiB"}, {"description": "x"})
    assert bool(done["restart_needed"]) is not is_live
    assert again["restart_needed"] == done["restart_needed"]
    now = str(domain(lab, "on").XMLDesc())
    assert (has in now) is is_live
    assert is_live or now == live


def test_next_start_alone_leaves_the_running_machine_alone(
    lab: LibvirtHypervisor,
) -> None:
    done = do(lab, name="on", description="x", apply="next_start")
    assert done["restart_needed"] == ["description"]
    assert full(lab, "on").description is None
    later = full(lab, "on").next_start
    assert later is not None
    assert later.description == "x"
    again = do(lab, name="on", description="x", apply="next_start")
    assert (again["changed"], again["restart_needed"]) == (False, ["description"])


def test_what_is_not_live_is_refused_where_that_was_asked(
    lab: LibvirtHypervisor,
) -> None:
    with pytest.raises(PlanRefused, match="boot would change only with its next start"):
        do(lab, name="on", boot=["network"], apply="fail")
    assert do(lab, name="on", description="x", apply="fail")["changed"]


def test_disk_is_detached_and_its_image_stays(lab: LibvirtHypervisor) -> None:
    gone: dict[str, Any] = {"disks": [{"path": "/images/off.qcow2", "state": "absent"}]}
    assert do(lab, name="off", **gone)["changed"]
    assert full(lab, "off").disks == ()
    assert "images/off.qcow2" in lab.images_named(["images/off.qcow2"])
    assert do(lab, name="off", **gone)["changed"] is False


def test_image_has_one_disk_whether_it_is_named_by_path_or_as_a_volume(
    lab: LibvirtHypervisor,
) -> None:
    same: dict[str, Any] = {"disks": [{"pool": "images", "volume": "off.qcow2"}]}
    assert do(lab, name="off", **same)["changed"] is False
    do(lab, name="off", disks=[{"pool": "images", "volume": "x", "size": "1MiB"}])
    by_path = [{"path": "/images/x", "size": "1MiB"}]
    assert do(lab, name="off", disks=by_path)["changed"] is False


def test_empty_note_is_none(lab: LibvirtHypervisor) -> None:
    assert do(lab, name="off", description="")["changed"] is False
    do(lab, name="off", description="x")
    assert do(lab, name="off", description="")["changed"]
    assert "<description>" not in kept_xml(lab, "off")
    assert do(lab, name="off", description="")["changed"] is False


def test_machine_is_renamed_while_it_is_off(lab: LibvirtHypervisor) -> None:
    wanted: dict[str, Any] = {"uuid": full(lab, "off").uuid, "name": "other"}
    assert do(lab, **wanted, vcpus=2)["actions"] == ["change name, vcpus"]
    assert [vm.name for vm in lab.list_vms()] == ["on", "other"]
    assert do(lab, **wanted)["changed"] is False
    with pytest.raises(PlanRefused, match="name can be changed only while it is off"):
        do(lab, uuid=full(lab, "on").uuid, name="x")


def test_secrets_of_the_definition_are_kept_and_not_shown(
    lab: LibvirtHypervisor,
) -> None:
    xml = "<graphics type='vnc' passwd='hush'/>"
    wish: dict[str, Any] = {"libvirt": [{"xpath": "/domain/devices", "xml": xml}]}
    done = do(lab, name="off", **wish)
    assert "hush" not in str(done)
    assert do(lab, name="off", **wish)["changed"] is False
    do(lab, name="off", description="x")
    secure = libvirt.VIR_DOMAIN_XML_SECURE | libvirt.VIR_DOMAIN_XML_INACTIVE
    assert "passwd='hush'" in domain(lab, "off").XMLDesc(secure)


def test_fragment_that_libvirt_drops_is_told(lab: LibvirtHypervisor) -> None:
    wish = [{"xpath": "/domain/devices", "xml": "<nonsense/>"}]
    with pytest.raises(
        OperationFailed, match="did not keep libvirt /domain/devices/nonsense"
    ):
        do(lab, name="off", libvirt=wish)


# -- images ------------------------------------------------------------------------------


def test_images_are_found_by_path_and_as_volumes(lab: LibvirtHypervisor) -> None:
    sources = [
        "/images/cd.iso",
        "images/on.qcow2",
        "images/none",
        "/images/none",
        "/dev/sr0",
    ]
    found = lab.images_named(sources)
    assert set(found) == {"/images/cd.iso", "images/on.qcow2", "/dev/sr0"}
    assert found["images/on.qcow2"].size == 1000
    assert found["/dev/sr0"].size is None


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (
            "/elsewhere/a",
            "/elsewhere/a lies in no active storage pool.*--target /elsewhere",
        ),
        ("/images/deeper/a", "lies in no active storage pool"),
        ("/images/../a b/c", "--target '/a b'"),
        ("none/a", "can't look for the image none/a: Storage pool not found"),
    ],
)
def test_image_in_no_pool_is_one_sentence(
    lab: LibvirtHypervisor, source: str, sentence: str
) -> None:
    with pytest.raises(OperationFailed, match=sentence):
        lab.images_named([source])


def test_images_are_made_once(lab: LibvirtHypervisor) -> None:
    wish = DiskWish(source="/images/a.img", size=MIB, format="raw", sparse=False)
    lab.make_image(wish)
    with pytest.raises(
        OperationFailed, match=r"can't make the image /images/a.img: .*exists"
    ):
        lab.make_image(wish)
    lab.make_image(DiskWish(source="images/b.qcow2", backing="/images/a.img"))
    found = lab.images_named(["images/b.qcow2", "/images/a.img"])
    assert found["images/b.qcow2"].size == MIB
    assert found["images/b.qcow2"].format == "qcow2"
    assert found["/images/a.img"].format == "raw"
    with pytest.raises(
        OperationFailed, match="on which images/c is to build, is in no"
    ):
        lab.make_image(DiskWish(source="images/c", backing="/images/none"))


def test_image_that_can_not_grow_is_told_in_words(lab: LibvirtHypervisor) -> None:
    """The test driver grows none; QEMU's does in tests/integration."""
    with pytest.raises(OperationFailed, match=r"can't grow the image /images/on.qcow2"):
        lab.grow_image(full(lab, "on"), DiskWish(source="/images/on.qcow2", size=2000))
    with pytest.raises(OperationFailed, match=r"can't grow the image images/off.qcow2"):
        lab.grow_image(None, DiskWish(source="images/off.qcow2", size=2000))
    with pytest.raises(OperationFailed, match="is not there any more"):
        lab.grow_image(None, DiskWish(source="images/none", size=2000))


def test_image_under_a_snapshot_does_not_grow(lab: LibvirtHypervisor) -> None:
    vm = full(lab, "off")
    (disk_of_it,) = vm.disks or ()
    assert disk_of_it.source == "/images/off.qcow2"
    lab.make_image(DiskWish(source="/images/off.s1", backing="/images/off.qcow2"))
    xml = kept_xml(lab, "off").replace("/images/off.qcow2", "/images/off.s1")
    domain(lab, "off").connect().defineXML(xml)
    with pytest.raises(
        OperationFailed, match=r"goes on in /images/off.s1, which a snapshot"
    ):
        lab.grow_image(
            full(lab, "off"), DiskWish(source="/images/off.qcow2", size=2000)
        )


def test_machine_type_that_waits_is_known_by_its_family(lab: LibvirtHypervisor) -> None:
    def of(machine: str) -> VirtualMachine:
        system = OperatingSystem("hvm", "x86_64", machine, "bios", False, None)
        return replace(full(lab, "on"), os=system)

    vm = replace(of("pc-q35-7.2"), next_start=of("pc-i440fx-7.2"))
    for wanted, known in (("pc", "pc-i440fx-7.2"), ("q35", "pc-q35-7.2")):
        own = lab.in_own_words(Description("on", values={"machine": wanted}), vm)
        assert own.values["machine"] == known


# -- reading, snapshots, screen ------------------------------------------------------------


def test_machines_are_read_for_plans_in_full(lab: LibvirtHypervisor) -> None:
    do(lab, name="on", vcpus_max=7)
    off, on = lab.read_vms(["on", full(lab, "off").uuid, "none"])
    assert (off.name, on.name) == ("off", "on")
    assert off.next_start is None
    assert on.next_start is not None
    assert (on.vcpus_max, on.next_start.vcpus_max) == (2, 7)
    assert on.next_start.disks == on.disks
    assert [vm.next_start for vm in lab.list_vms(detail=FULL)] == [None, None]
    assert "next_start" not in on.as_result()


def test_snapshots_are_taken_gone_back_to_and_removed(lab: LibvirtHypervisor) -> None:
    lab.create_snapshot(full(lab, "on"), SnapshotWish("s1", "the <first>"))
    lab.create_snapshot(full(lab, "on"), SnapshotWish("s2"))
    found = {one.name: one for one in full(lab, "on").snapshots or ()}
    assert found["s1"].description == "the <first>"
    assert (found["s2"].parent, found["s2"].current) == ("s1", True)
    with pytest.raises(
        OperationFailed, match=r"can't take snapshot s2 of machine on: .*exists"
    ):
        lab.create_snapshot(full(lab, "on"), SnapshotWish("s2"))
    lab.revert_to_snapshot(full(lab, "on"), "s1")
    assert full(lab, "on").state == "running"
    assert [one.name for one in full(lab, "on").snapshots or () if one.current] == [
        "s1"
    ]
    lab.remove_snapshot(full(lab, "on"), "s1")
    assert [one.parent for one in full(lab, "on").snapshots or ()] == [None]
    lab.create_snapshot(full(lab, "on"), SnapshotWish("s3"))
    lab.remove_snapshot(full(lab, "on"), "s2", children=True)
    assert (
        full(lab, "on").snapshots in ((), None)
        or len(full(lab, "on").snapshots or ()) < 2
    )


def test_snapshot_of_a_machine_that_is_off_brings_it_back_off(
    lab: LibvirtHypervisor,
) -> None:
    lab.create_snapshot(full(lab, "off"), SnapshotWish("s1"))
    lab.start(full(lab, "off"))
    lab.revert_to_snapshot(full(lab, "off"), "s1")
    assert full(lab, "off").state == "stopped"


def test_snapshot_that_is_not_there_is_told_in_words(lab: LibvirtHypervisor) -> None:
    add_snapshot(lab, "on", "s1")
    for act in (lab.revert_to_snapshot, lab.remove_snapshot):
        with pytest.raises(
            OperationFailed, match="machine on has no snapshot none; list them"
        ):
            act(full(lab, "on"), "none")


@pytest.mark.parametrize(
    ("name", "wish", "sentence"),
    [
        ("on", SnapshotWish("s", memory=False, external=False),
         "can't be internal: without memory, .*; leave out external: false"),
        ("on", SnapshotWish("s", quiesce=True, external=False), "leave out quiesce"),
        ("off", SnapshotWish("s", quiesce=True), "leave out quiesce"),
    ],
)  # fmt: skip
def test_snapshot_that_can_not_be_is_refused_in_words(
    lab: LibvirtHypervisor, name: str, wish: SnapshotWish, sentence: str
) -> None:
    with pytest.raises(PlanRefused, match=sentence):
        lab.create_snapshot(full(lab, name), wish)
    with pytest.raises(PlanRefused, match=sentence):
        lab.check_snapshot(full(lab, name), wish)
    assert not full(lab, name).snapshots


def test_memory_beside_no_disk_is_refused_in_words(lab: LibvirtHypervisor) -> None:
    bare = replace(full(lab, "on"), disks=())
    with pytest.raises(
        PlanRefused, match="no disk beside which its memory could be kept"
    ):
        lab.create_snapshot(bare, SnapshotWish("s", external=True))
    lab.check_snapshot(bare, SnapshotWish("s", external=True, memory=False))
    lab.check_snapshot(full(lab, "off"), SnapshotWish("s"))


def test_screen_of_a_machine_is_a_picture_or_a_sentence(lab: LibvirtHypervisor) -> None:
    """The driver's picture is a file that not every distribution installs."""
    try:
        found = lab.screenshot(full(lab, "on"))
    except OperationFailed as error:
        assert "machine on" in error.what
    else:
        assert found.mime_type == "image/png"
        assert found.width > 0


def test_keys_are_pressed_by_their_names(lab: LibvirtHypervisor) -> None:
    lab.send_keys(full(lab, "on"), ["KEY_LEFTCTRL", "KEY_LEFTALT", "KEY_DELETE"], 10)
    with pytest.raises(OperationFailed, match="can't press keys of machine off"):
        lab.send_keys(full(lab, "off"), ["KEY_A"], 10)
    with pytest.raises(PlanRefused, match="'A' is no key; write it as Linux does"):
        lab.check_keys(["A"])
    with pytest.raises(PlanRefused, match="17 keys are to be pressed at once"):
        lab.send_keys(full(lab, "on"), ["KEY_A"] * 17, 10)


def test_addresses_of_interfaces_are_in_libvirts_range_and_differ() -> None:
    found = {new_mac() for _number in range(50)}
    assert len(found) == 50
    assert all(mac.startswith("52:54:00:") and len(mac) == 17 for mac in found)


def test_odd_answers_are_told_in_words() -> None:
    assert (
        odd_answer(SyntaxError("x"))
        == "the host answered with XML that can't be read (x)"
    )
    with pytest.raises(libvirt.libvirtError) as caught:
        libvirt.open("test:///nowhere.xml")
    assert not said(caught.value).endswith(".")
