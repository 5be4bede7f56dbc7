# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a host and its machines, on libvirt's test driver."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.credentials import (
    Credentials,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    ConnectionLost,
    MachineNotFound,
    OperationFailed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.storage import (
    Storage,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    Disk,
    Image,
    VirtualMachine,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.hypervisor import (
    LibvirtHypervisor,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.uri import (
    ConnectionUri,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._libvirt.lab import (
    EVERY_STATE,
    PAUSED,
    SAVED,
    STOPPED,
    add_snapshot,
    disk,
    domain,
    libvirt,
    machine,
    open_lab,
    pool,
    uuid,
    write_lab,
)

MIB = 1024**2


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[LibvirtHypervisor]:
    """A host with a machine in every state."""
    with open_lab(tmp_path, *EVERY_STATE) as hypervisor:
        assert isinstance(hypervisor, LibvirtHypervisor)
        yield hypervisor


@pytest.fixture
def default() -> Iterator[LibvirtHypervisor]:
    """The host that the test driver has built in."""
    uri = "test:///default"
    parsed = ConnectionUri.parse(uri)
    hypervisor = LibvirtHypervisor.open(parsed, Credentials(), uri)
    yield hypervisor
    hypervisor.close()


# -- the host ------------------------------------------------------------------------------


def test_host_info_of_the_built_in_host(default: LibvirtHypervisor) -> None:
    host = default.host_info()
    assert (host.uri, host.driver, host.hypervisor_type) == (
        "test:///default",
        "test",
        "TEST",
    )
    assert host.hypervisor_version == {
        "version": "0.0.2",
        "packed": 2,
        "libvirt": "0.0.2",
    }
    assert host.libvirt_version is not None
    assert host.libvirt_version["packed"] == libvirt.getVersion()
    assert re.fullmatch(r"\d+\.\d+\.\d+", host.libvirt_version["version"])
    assert host.memory == 3072 * MIB
    assert (host.cpu.model, host.cpu.cpus, host.cpu.mhz) == ("i686", 16, 1400)
    assert (host.cpu.nodes, host.cpu.sockets, host.cpu.cores, host.cpu.threads) == (
        (2,) * 4
    )
    assert (host.alive, host.secure, host.encrypted) == (True, True, False)
    assert host.hostname
    assert host.capabilities["host"]["arch"] == "i686"
    assert host.capabilities["guests"][0]["os_type"]


def test_uri_without_one_is_what_libvirt_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "test:///default")
    with LibvirtHypervisor.open(None, Credentials(), "the default URI") as found:
        assert found.uri == "test:///default"
        assert found.host_info().uri == "test:///default"


def test_uri_is_shown_as_it_was_given(tmp_path: Path) -> None:
    uri = write_lab(tmp_path, *EVERY_STATE)
    with LibvirtHypervisor(libvirt.open(uri), "my alias") as hypervisor:
        assert hypervisor.uri == "my alias"


# -- all machines -----------------------------------------------------------------------


def test_machines_come_by_name_each_in_our_word_for_its_state(
    lab: LibvirtHypervisor,
) -> None:
    assert [(vm.name, vm.state) for vm in lab.list_vms()] == [
        ("blocked", "running"),
        ("crashed", "crashed"),
        ("paused", "paused"),
        ("running", "running"),
        ("saved", "saved"),
        ("stopped", "stopped"),
        ("stopping", "stopping"),
        ("suspended", "suspended"),
        ("transient", "running"),
    ]


def test_summary_says_what_lists_answer_for_all(lab: LibvirtHypervisor) -> None:
    domain(lab, "running").setAutostart(1)
    add_snapshot(lab, "running", "clean")
    machines = {vm.name: vm for vm in lab.list_vms()}
    assert machines["running"].uuid == uuid(1)
    assert machines["running"].id is not None
    assert machines["stopped"].id is None
    assert {n for n, vm in machines.items() if vm.autostart} == {"running"}
    assert {n for n, vm in machines.items() if vm.managed_save} == {"saved"}
    assert {n for n, vm in machines.items() if vm.has_snapshots} == {"running"}
    assert {n for n, vm in machines.items() if not vm.persistent} == {"transient"}
    for vm in machines.values():
        assert (vm.os, vm.disks, vm.nics, vm.snapshots, vm.xml) == (None,) * 5


def test_full_adds_the_definition_and_the_snapshots(tmp_path: Path) -> None:
    devices = disk("/images/a") + "<interface type='user'/>"
    with open_lab(tmp_path, machine("a", 1, devices=devices), machine("b", 2)) as lab:
        assert isinstance(lab, LibvirtHypervisor)
        add_snapshot(lab, "a", "first")
        add_snapshot(lab, "a", "second")
        a, b = lab.list_vms(detail="full")
    assert [found.source for found in a.disks or ()] == ["/images/a"]
    assert [nic.type for nic in a.nics or ()] == ["user"]
    assert a.os is not None
    assert (a.os.type, a.os.arch, a.os.firmware) == ("hvm", "i686", "bios")
    assert (a.vcpus, a.vcpus_max) == (1, 2)
    assert (a.memory, a.memory_max) == (32 * MIB, 64 * MIB)
    snapshots = {found.name: found for found in a.snapshots or ()}
    assert set(snapshots) == {"first", "second"}
    assert snapshots["second"].parent == "first"
    assert snapshots["second"].current
    assert not snapshots["first"].current
    assert snapshots["first"].state == "running"
    assert snapshots["first"].description == "of a"
    assert re.fullmatch(r"20\d\d-.*\+00:00", snapshots["first"].created or "")
    assert (b.disks, b.snapshots, b.xml, a.xml) == ((), (), None, None)


def test_addresses_of_the_built_in_machine_are_known(
    default: LibvirtHypervisor,
) -> None:
    (vm,) = default.list_vms(["test"], detail="full")
    assert vm.nics is not None
    assert [(nic.mac, nic.source) for nic in vm.nics] == [
        ("aa:bb:cc:dd:ee:ff", "default")
    ]
    if vm.state == "running":
        assert vm.nics[0].addresses[0].startswith("192.168.122.")


@pytest.mark.parametrize("detail", ["summary", "full"])
def test_xml_is_kept_where_it_is_asked_for(lab: LibvirtHypervisor, detail: str) -> None:
    for vm in lab.list_vms(detail=detail, xml=True):
        assert vm.xml is not None
        assert f"<name>{vm.name}</name>" in vm.xml
        assert (vm.os is None) == (detail == "summary")


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["running"], ["running"]),
        (["stopped", "crashed", "stopped"], ["crashed", "stopped"]),
        (["nobody", "paused"], ["paused"]),
        (["nobody"], []),
        ([], []),
        ([uuid(5)], ["stopped"]),
        ([uuid(5).upper()], ["stopped"]),
        ([uuid(5).replace("-", "")], ["stopped"]),
        ([uuid(5), "stopped"], ["stopped"]),
        (["Stopped"], []),
    ],
)
def test_machines_are_chosen_by_name_or_uuid(
    lab: LibvirtHypervisor, names: list[str], found: list[str]
) -> None:
    assert [vm.name for vm in lab.list_vms(names)] == found


def test_machine_whose_name_looks_like_a_uuid_is_found(tmp_path: Path) -> None:
    name = "0ABCDEF0-0000-4000-8000-00000000FFFF"
    with open_lab(tmp_path, machine(name, 1)) as lab:
        assert [vm.uuid for vm in lab.list_vms([name])] == [uuid(1)]
        assert lab.find_vm(name).uuid == uuid(1)


def test_host_without_machines(tmp_path: Path) -> None:
    with open_lab(tmp_path) as lab:
        assert lab.list_vms() == ()
        assert lab.list_vms(detail="full", xml=True) == ()


def test_a_hundred_machines_with_all_details(tmp_path: Path) -> None:
    machines = (machine(f"m{n:03}", n) for n in range(100))
    with open_lab(tmp_path, *machines) as lab:
        found = lab.list_vms(detail="full")
    assert [vm.name for vm in found] == [f"m{n:03}" for n in range(100)]
    assert [vm.uuid for vm in found] == [uuid(n) for n in range(100)]


# -- one machine -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wanted", ["stopped", uuid(5), uuid(5).upper(), uuid(5).replace("-", "")]
)
def test_machine_is_found_by_name_and_by_uuid_however_written(
    lab: LibvirtHypervisor, wanted: str
) -> None:
    assert lab.find_vm(wanted).name == "stopped"


def test_one_machine_is_the_same_as_in_the_list(lab: LibvirtHypervisor) -> None:
    domain(lab, "running").setAutostart(1)
    for listed in lab.list_vms():
        found = lab.find_vm(listed.name)
        for field in (
            "name", "uuid", "id", "state", "autostart", "persistent", "managed_save",
        ):  # fmt: skip
            assert getattr(found, field) == getattr(listed, field), (listed.name, field)


def test_one_machine_says_its_processors_and_memory(lab: LibvirtHypervisor) -> None:
    found = lab.find_vm("running")
    assert (found.memory, found.memory_max, found.vcpus) == (32 * MIB, 64 * MIB, 1)
    assert found.disks is None


def test_one_machine_in_full_is_the_same_as_in_the_full_list(
    lab: LibvirtHypervisor,
) -> None:
    add_snapshot(lab, "stopped", "clean")
    found = lab.find_vm("stopped", detail="full")
    (listed,) = lab.list_vms(["stopped"], detail="full")
    assert (found.disks, found.nics, found.os) == (listed.disks, listed.nics, listed.os)
    assert found.snapshots == listed.snapshots
    assert found.snapshots
    assert found.has_snapshots
    assert not lab.find_vm("running", detail="full").has_snapshots


@pytest.mark.parametrize("wanted", ["nobody", uuid(99), "", "%s %d"])
@pytest.mark.parametrize("detail", ["summary", "full"])
def test_machine_that_is_not_there_is_named(
    lab: LibvirtHypervisor, wanted: str, detail: str
) -> None:
    with pytest.raises(MachineNotFound) as missing:
        lab.find_vm(wanted, detail=detail)
    assert str(missing.value) == (
        f"{lab.uri}: there is no machine named {wanted}; "
        "list the machines with hypervisor.connect.vm_info."
    )


# -- images --------------------------------------------------------------------------------


def test_images_are_those_that_a_pool_knows(tmp_path: Path) -> None:
    parts = (pool("images", ["a.img", "b.img"]), machine("a", 1, STOPPED))
    with open_lab(tmp_path, *parts) as lab:
        found = {image.path: image for image in lab.images()}
    assert found["/images/a.img"] == Image("images", "a.img", "/images/a.img")
    assert set(found) == {"/images/a.img", "/images/b.img"}


def test_host_without_pools_knows_no_images(tmp_path: Path) -> None:
    with open_lab(tmp_path) as lab:
        assert lab.images() == ()


# -- the connection -------------------------------------------------------------------------


def test_closing_twice_is_fine_and_afterwards_it_is_not_alive(tmp_path: Path) -> None:
    lab = open_lab(tmp_path, *EVERY_STATE)
    assert lab.is_alive()
    lab.list_vms()
    lab.close()
    assert not lab.is_alive()
    lab.close()
    assert not lab.is_alive()


def test_reading_over_a_closed_connection_is_a_lost_connection(tmp_path: Path) -> None:
    lab = open_lab(tmp_path, *EVERY_STATE)
    lab.close()
    for read in (
        lab.host_info,
        lab.list_vms,
        lambda: lab.find_vm("running"),
        lab.images,
    ):
        with pytest.raises(ConnectionLost) as lost:
            read()
        assert str(lost.value).startswith(f"{lab.uri}: the connection was closed")


# -- odd answers ----------------------------------------------------------------------------


class Odd:
    """libvirt's own object, but for some of its answers; an exception is raised."""

    def __init__(self, real: Any, **answers: Any) -> None:
        self._real, self._answers = real, answers

    def __getattr__(self, name: str) -> Any:
        if name not in self._answers:
            return getattr(self._real, name)
        answer = self._answers[name]
        if isinstance(answer, Exception):

            def fail(*_arguments: Any) -> Any:
                raise answer

            return fail
        return lambda *_arguments: answer


def not_utf8(text: bytes) -> UnicodeDecodeError:
    """What libvirt-python raises for such a string of C."""
    try:
        text.decode()
    except UnicodeDecodeError as error:
        return error
    raise AssertionError(text)


def odd_host(folder: Path, **answers: Any) -> LibvirtHypervisor:
    """A host with machines a, b and c, where b's answers are these."""
    machines = (machine(name, number) for number, name in enumerate("abc"))
    real = libvirt.open(write_lab(folder, *machines))
    statistics = [
        (Odd(found, **answers), {}) if found.name() == "b" else (found, values)
        for found, values in real.getAllDomainStats()
    ]
    return LibvirtHypervisor(Odd(real, getAllDomainStats=statistics))


def test_state_that_the_statistics_lack_is_asked_for(tmp_path: Path) -> None:
    with odd_host(tmp_path, state=[PAUSED, 0]) as lab:
        assert [vm.state for vm in lab.list_vms()] == ["running", "paused", "running"]


def test_name_that_is_not_utf8_is_escaped(tmp_path: Path) -> None:
    with odd_host(tmp_path, name=not_utf8(b"x\xe9")) as lab:
        assert [vm.name for vm in lab.list_vms()] == ["a", "c", "x\\xe9"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("<domain", "XML that can't be read"),
        ("", "XML that can't be read"),
        (not_utf8(b"\xff"), "text that can't be read"),
    ],
)
def test_odd_definition_hides_no_other_machine(
    tmp_path: Path, answer: Any, words: str
) -> None:
    with odd_host(tmp_path, XMLDesc=answer) as lab:
        for _time in range(2):
            found = lab.list_vms(detail="full")
        assert [(vm.name, vm.disks) for vm in found] == [
            ("a", ()), ("b", None), ("c", ()),
        ]  # fmt: skip
        assert len(lab.hints) == 1
        assert lab.hints[0].startswith(
            f"{lab.uri}: machine b was not read in full: the host answered with {words}"
        )


@pytest.mark.parametrize(
    "answer", ["<capabilities", "", KeyError("x"), OverflowError("too large")]
)
def test_odd_answer_of_the_host_is_one_sentence(tmp_path: Path, answer: Any) -> None:
    real = libvirt.open(write_lab(tmp_path))
    words = "can't read the host: the host answered with "
    lab = LibvirtHypervisor(Odd(real, getCapabilities=answer))
    with lab, pytest.raises(OperationFailed, match=words):
        lab.host_info()


# -- what is on disk --------------------------------------------------------------------------


def test_machine_comes_once_for_each_definition_that_can_be_read(
    tmp_path: Path,
) -> None:
    parts = (
        machine("a", 1, STOPPED, devices=disk("/images/a")),
        machine("b", 2, STOPPED, more=SAVED),
    )
    with open_lab(tmp_path, *parts) as lab:
        found = lab.definitions()
        assert [vm.name for vm in found] == ["a", "a", "b", "b"]  # none is saved here
        assert all(vm.disks is not None for vm in found)
        assert [drive.source for drive in found[1].disks or ()] == ["/images/a"]


@pytest.mark.parametrize(
    "answer", ["<domain", libvirt.libvirtError("an error of its own")]
)
def test_definition_that_can_not_be_read_is_there_without_disks(
    tmp_path: Path, answer: Any
) -> None:
    with odd_host(tmp_path, XMLDesc=answer) as lab:
        found = {vm.name: vm.disks for vm in lab.definitions()}
    assert found == {"a": (), "b": None, "c": ()}


def test_pool_that_can_not_be_refreshed_is_left_out(tmp_path: Path) -> None:
    real = libvirt.open(write_lab(tmp_path, pool("a", ["1"]), pool("b", ["2"])))
    good, bad = (real.storagePoolLookupByName(name) for name in "ab")
    bad = Odd(bad, refresh=libvirt.libvirtError("no such folder"))
    with LibvirtHypervisor(Odd(real, listAllStoragePools=[good, bad])) as lab:
        assert [image.path for image in lab.images()] == ["/a/1"]
        assert lab.hints == (
            f"{lab.uri}: storage pool b was not read: no such folder.",
        )


def test_image_that_is_deleted_meanwhile_hides_no_other(tmp_path: Path) -> None:
    real = libvirt.open(write_lab(tmp_path, pool("a", ["1", "2"])))
    folder = real.storagePoolLookupByName("a")
    first, second = sorted(folder.listAllVolumes(), key=lambda volume: volume.name())
    first.delete()
    with pytest.raises(libvirt.libvirtError) as gone:
        first.XMLDesc()
    first = Odd(first, XMLDesc=gone.value)
    folder = Odd(folder, listAllVolumes=[first, second])
    with LibvirtHypervisor(Odd(real, listAllStoragePools=[folder])) as lab:
        assert [image.path for image in lab.images()] == ["/a/2"]
        assert lab.hints == ()


def test_images_are_read_before_the_machines(tmp_path: Path) -> None:
    """Whoever removes a machine and its image meanwhile leaves no unknown image."""
    parts = (pool("a", ["1"]), machine("web1", 1, STOPPED, devices=disk("/a/1")))
    real = libvirt.open(write_lab(tmp_path, *parts))

    class Removed(LibvirtHypervisor):
        def images(self) -> tuple[Image, ...]:
            found = super().images()
            domain(self, "web1").undefine()
            real.storageVolLookupByPath("/a/1").delete()
            return found

    with Removed(real) as lab:
        storage = lab.storage(images=True)
    assert storage.definitions == ()
    assert storage.is_known("/a/1")


def test_true_paths_follow_links_on_this_host_alone(tmp_path: Path) -> None:
    folder, link = tmp_path / "images", tmp_path / "link"
    folder.mkdir()
    link.symlink_to(folder)
    storage = Storage(images=(Image("images", "a", f"{link}/a"),))
    uri = write_lab(tmp_path, pool("images", ["a"]))
    real = libvirt.open(uri)
    with LibvirtHypervisor(libvirt.open(uri)) as lab:
        assert lab.true_paths(storage) == {f"{link}/a": f"{folder}/a"}
    near = Odd(real, getURI="test+unix:///default?socket=/run/libvirt")
    with LibvirtHypervisor(near) as lab:
        assert lab.true_paths(storage) == {f"{link}/a": f"{folder}/a"}
        unknown = Disk("disk", "vda", None, "file", f"{link}/b", None, False, False)
        vm = VirtualMachine("web1", uuid(1), "stopped", disks=(unknown,))
        assert lab.true_paths(Storage((vm,), storage.images)) == {
            f"{link}/a": f"{folder}/a"
        }
    far = Odd(real, getURI="test+ssh://host/default")
    with LibvirtHypervisor(far) as lab:
        assert lab.true_paths(storage) == {}


def test_one_file_in_two_pools_of_another_host_is_one_image(tmp_path: Path) -> None:
    real = libvirt.open(write_lab(tmp_path, pool("images", ["a"])))
    far = Odd(real, getURI="test+ssh://host/default")
    same = "1795285090.826702103"
    storage = Storage(
        images=(
            Image("images", "a", "/images/a", changed=same),
            Image("link", "a", "/link/a", changed=same),
            Image("images", "b", "/images/b", changed=same),
            Image("other", "a", "/other/a", changed="1795285090.826702104"),
            Image("old", "a", "/old/a"),
        )
    )
    with LibvirtHypervisor(far) as lab:
        assert lab.true_paths(storage) == {"/link/a": "/images/a"}


def test_true_paths_of_another_host_are_those_of_its_volumes(tmp_path: Path) -> None:
    real = libvirt.open(write_lab(tmp_path, pool("images", ["a"])))
    images = (Image("images", "a", "/images/a", backing="/dev/disk/by-id/a"),)
    far = Odd(
        real,
        getURI="test+ssh://host/default",
        storageVolLookupByPath=real.storageVolLookupByPath("/images/a"),
    )
    with LibvirtHypervisor(far) as lab:
        assert lab.true_paths(Storage(images=images)) == {
            "/dev/disk/by-id/a": "/images/a"
        }
        assert lab.true_paths(Storage()) == {}
