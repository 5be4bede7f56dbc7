# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of a machine may go with it; the wrong answer here loses data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.plan import (
    PlanRefused,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.storage import (
    Storage,
    removable_disks,
    shared_nvram,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    Disk,
    Image,
    OperatingSystem,
    VirtualMachine,
)

IMAGE = "/images/web1.qcow2"


def disk(source: str | None = IMAGE, **fields: Any) -> Disk:
    facts: dict[str, Any] = {
        "device": "disk",
        "target": "vda",
        "bus": "virtio",
        "type": "file",
        "source": source,
        "format": "qcow2",
        "readonly": False,
        "shareable": False,
        **fields,
    }
    return Disk(**facts)


def known(*paths: str) -> list[Image]:
    """The images of pools that are named after their folders."""
    found = (path.strip("/").partition("/") for path in paths)
    return [Image(pool, name, f"/{pool}/{name}") for pool, _slash, name in found]


def machine(name: str, *disks: Disk) -> VirtualMachine:
    return VirtualMachine(name=name, uuid=name, state="stopped", disks=disks)


def judged(
    own: VirtualMachine,
    others: Iterable[VirtualMachine],
    images: Iterable[Image],
    paths: Mapping[str, str] | None = None,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    storage = Storage((own, *others), tuple(images), paths or {})
    return removable_disks(own, storage)


def test_image_of_its_own_that_a_pool_knows_goes() -> None:
    assert judged(machine("web1", disk()), [], known(IMAGE)) == ((IMAGE,), ())


@pytest.mark.parametrize(
    ("own", "others", "paths", "reason"),
    [
        (disk(device="cdrom"), [], [IMAGE], "it is a cdrom image"),
        (disk(device="floppy"), [], [IMAGE], "it is a floppy image"),
        (disk(device="lun"), [], [IMAGE], "it is a lun image"),
        (disk(readonly=True), [], [IMAGE], "it is read-only or shared"),
        (disk(shareable=True), [], [IMAGE], "it is read-only or shared"),
        (disk(), [machine("web2", disk())], [IMAGE], "machine web2 uses it"),
        (
            disk(),
            [machine("web2", disk("/images/top", backing=("/mid", IMAGE)))],
            [IMAGE],
            "machine web2 uses it",
        ),
        (
            disk(),
            [machine("web2", disk(device="cdrom"))],
            [IMAGE],
            "machine web2 uses it",
        ),
        (disk(), [], [], "no active storage pool of the host knows it"),
        (disk(), [], ["/images/other"], "no active storage pool of the host knows it"),
    ],
)
def test_image_stays_with_the_reason(
    own: Disk, others: list[VirtualMachine], paths: list[str], reason: str
) -> None:
    removable, kept = judged(machine("web1", own), others, known(*paths))
    assert removable == ()
    assert kept == (f"{IMAGE} stays: {reason}",)


def test_image_in_two_drives_goes_once() -> None:
    twice = machine("web1", disk(), disk(target="vdb"))
    assert judged(twice, [], known(IMAGE)) == ((IMAGE,), ())


def test_image_that_is_read_only_in_one_of_two_drives_stays() -> None:
    """Whichever drive comes first: what one protects the other must not lose."""
    for drives in (
        (disk(), disk(target="sda", device="cdrom")),
        (disk(target="sda", device="cdrom"), disk()),
        (disk(), disk(target="vdb", readonly=True)),
        (disk(target="vdb", readonly=True), disk()),
    ):
        removable, kept = judged(machine("web1", *drives), [], known(IMAGE))
        assert removable == ()
        assert len(kept) == 1


def test_image_under_another_is_left_though_it_is_not_a_disk() -> None:
    own = disk(backing=("/images/base.qcow2",))
    images = known(IMAGE, "/images/base.qcow2")
    assert judged(machine("web1", own), [], images) == ((IMAGE,), ())


def test_empty_drive_and_machine_without_disks_have_nothing_to_go() -> None:
    empty = machine("web1", disk(None, device="cdrom"))
    assert judged(empty, [], known(IMAGE)) == ((), ())
    assert judged(machine("web1"), [], known(IMAGE)) == ((), ())


def test_each_disk_is_judged_by_itself() -> None:
    own = machine(
        "web1",
        disk("/images/a"),
        disk("/images/b"),
        disk("/isos/cd.iso", device="cdrom"),
        disk("pool/volume", type="volume"),
    )
    others = [machine("web2", disk("/images/b")), machine("web3", disk(None))]
    images = known("/images/a", "/images/b", "/isos/cd.iso", "/pool/volume")
    assert judged(own, others, images) == (
        ("/images/a", "pool/volume"),
        (
            "/images/b stays: machine web2 uses it",
            "/isos/cd.iso stays: it is a cdrom image",
        ),
    )


def test_image_is_the_same_by_its_path_and_by_its_pool() -> None:
    by_path, by_pool = disk("/images/a"), disk("images/a", type="volume")
    for own, theirs in ((by_path, by_pool), (by_pool, by_path)):
        found = judged(
            machine("web1", own), [machine("web2", theirs)], known("/images/a")
        )
        assert found == ((), (f"{own.source} stays: machine web2 uses it",))
    both = machine("web1", by_path, disk("images/a", device="cdrom"))
    assert judged(both, [], known("/images/a"))[0] == ()


def test_image_under_another_stays_whoever_uses_that_one() -> None:
    top = Image("images", "top", "/images/top", backing=IMAGE)
    found = judged(machine("web1", disk()), [], [*known(IMAGE), top])
    assert found == ((), (f"{IMAGE} stays: /images/top builds on it",))


# -- what is named otherwise ----------------------------------------------------------


@pytest.mark.parametrize(
    "theirs", ["//images/web1.qcow2", "/images//web1.qcow2", "/./images/.//web1.qcow2"]
)
def test_slashes_do_not_hide_that_an_image_is_in_use(theirs: str) -> None:
    for own, other in ((IMAGE, theirs), (theirs, IMAGE)):
        web2 = machine("web2", disk(other))
        found = judged(machine("web1", disk(own)), [web2], known(IMAGE))
        assert found == ((), (f"{own} stays: machine web2 uses it",))


def test_link_that_the_host_resolved_does_not_hide_it_either() -> None:
    web2 = machine("web2", disk("/link/web1.qcow2"))
    paths = {"/link/web1.qcow2": IMAGE}
    found = judged(machine("web1", disk()), [web2], known(IMAGE), paths)
    assert found == ((), (f"{IMAGE} stays: machine web2 uses it",))


def test_image_goes_by_the_path_that_its_pool_knows() -> None:
    for own in ("/images//web1.qcow2", "/link/web1.qcow2"):
        paths = {"/link/web1.qcow2": "/real/web1.qcow2", IMAGE: "/real/web1.qcow2"}
        assert judged(machine("web1", disk(own)), [], known(IMAGE), paths) == (
            (IMAGE,), (),
        )  # fmt: skip


def test_two_pools_of_one_folder_do_not_hide_it_either() -> None:
    web2 = machine("web2", disk("/link/web1.qcow2"))
    both = known(IMAGE, "/link/web1.qcow2")
    paths = {"/link/web1.qcow2": IMAGE, IMAGE: IMAGE}
    found = judged(machine("web1", disk()), [web2], both, paths)
    assert found == ((), (f"{IMAGE} stays: machine web2 uses it",))


def test_volume_of_an_rbd_pool_is_known_by_its_address() -> None:
    image = Image("ceph", "web1", "rbd/web1")
    own = machine("web1", disk("ceph/web1", type="volume"))
    assert judged(own, [], [image]) == (("ceph/web1",), ())
    web2 = machine("web2", disk("rbd://mon/rbd/web1", type="network"))
    assert judged(own, [web2], [image])[1] == ("ceph/web1 stays: machine web2 uses it",)


def test_disk_of_any_definition_counts_for_and_against() -> None:
    """A machine comes once for each definition: live, kept and saved."""
    own = (machine("web1", disk()), machine("web1", disk("/images/next")))
    other = (machine("web2"), machine("web2", disk(IMAGE)))
    storage = Storage((*own, *other), tuple(known(IMAGE, "/images/next")))
    assert removable_disks(own[0], storage) == (
        ("/images/next",),
        (f"{IMAGE} stays: machine web2 uses it",),
    )


# -- what can't be seen -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("theirs", "reason"),
    [
        (disk("/unseen/top"), "uses /unseen/top, and no active storage pool tells"),
        (disk("/images/../unseen/top"), r"uses /images/\.\./unseen/top, and no active"),
        (disk("gone/top", type="volume"), "uses gone/top, and no active storage pool"),
        (disk("/dev/vg/lv", type="block"), "uses /dev/vg/lv, and no active"),
        (disk("/unseen/top", device="lun"), "uses /unseen/top, and"),
    ],
)
def test_image_of_another_that_no_pool_knows_keeps_them_all(
    theirs: Disk, reason: str
) -> None:
    images = known(IMAGE, "/dev/vg/lv")
    own, web2 = machine("web1", disk()), machine("web2", theirs)
    images[1] = Image("vg", "lv", "/dev/vg/lv")
    removable, kept = judged(own, [web2], images)
    assert removable == ()
    assert re.match(f"{IMAGE} stays: machine web2 {reason}", kept[0])


@pytest.mark.parametrize(
    "theirs",
    [
        disk("/unseen/setup.iso", device="cdrom"),
        disk("nbd://store/export", type="network"),
        disk("/dev/vg/lv", type="block", format="raw"),
    ],
)
def test_what_builds_on_nothing_keeps_nothing(theirs: Disk) -> None:
    images = [*known(IMAGE), Image("vg", "lv", "/dev/vg/lv")]
    own, web2 = machine("web1", disk()), machine("web2", theirs)
    assert judged(own, [web2], images) == ((IMAGE,), ())


def test_image_of_another_on_one_that_no_pool_knows_keeps_them_all() -> None:
    top = Image("images", "top", "/images/top", backing="/unseen/middle")
    own, web2 = machine("web1", disk()), machine("web2", disk("/images/top"))
    found = judged(own, [web2], [*known(IMAGE), top])
    assert found[0] == ()
    assert found[1][0].startswith(
        f"{IMAGE} stays: /images/top builds on /unseen/middle, and no active"
    )
    far = Image("images", "top", "/images/top", backing="http://store/middle")
    assert judged(own, [web2], [*known(IMAGE), far]) == ((IMAGE,), ())


def test_own_image_on_one_that_no_pool_knows_goes() -> None:
    own = Image("images", "web1.qcow2", IMAGE, backing="/unseen/base")
    assert judged(machine("web1", disk()), [], [own]) == ((IMAGE,), ())


def test_definition_of_another_that_can_not_be_read_keeps_them_all() -> None:
    unread = VirtualMachine(name="web2", uuid="web2", state="stopped")
    found = judged(machine("web1", disk()), [unread], known(IMAGE))
    reason = "the definition of machine web2 can't be read"
    assert found == ((), (f"{IMAGE} stays: {reason}",))


def test_own_definition_that_can_not_be_read_is_refused() -> None:
    unread = VirtualMachine(name="web1", uuid="web1", state="stopped")
    with pytest.raises(PlanRefused, match=r"web1 can't be read.*remove_disks: false"):
        judged(unread, [], known(IMAGE))


def test_identity_is_one_path_for_all_names() -> None:
    images = (Image("images", "a", "/images/a"), Image("ceph", "b", "rbd/b"))
    storage = Storage(images=images, paths={"/link/a": "/images/a"})
    for name in ("/images/a", "//images/./a", "images/a", "/link//a"):
        assert storage.identity(name) == "/images/a"
        assert storage.is_known(name)
        assert storage.volume(name) == (name if name == "images/a" else "/images/a")
    assert storage.identity("rbd://mon:6789/rbd/b") == "rbd/b"
    for name in ("/images/../a", "nbd://store/a", "other/a", "/images/A"):
        assert storage.identity(name) == name
        assert not storage.is_known(name)


def test_definitions_are_those_of_one_machine_or_of_the_others() -> None:
    web1, web2 = machine("web1"), machine("web2")
    storage = Storage((web1, web2, web1))
    assert storage.definitions_of(web1) == [web1, web1]
    assert storage.definitions_beside(web1) == [web2]


def test_sources_are_all_names_of_images_and_variables() -> None:
    own = with_nvram("web1", "/nvram//web1", disk("//a", backing=("/b",)), disk(None))
    storage = Storage((own,), (Image("p", "c", "/c", backing="/d"),))
    assert storage.sources == {"/nvram/web1", "/a", "/b", "/c", "/d"}


# -- UEFI variables -----------------------------------------------------------------------


def with_nvram(name: str, nvram: str | None, *disks: Disk) -> VirtualMachine:
    firmware = OperatingSystem("hvm", None, None, "uefi", None, nvram)
    return VirtualMachine(
        name=name, uuid=name, state="stopped", os=firmware, disks=disks
    )


def test_variables_that_another_machine_uses_stay() -> None:
    web1 = with_nvram("web1", "/nvram/a")
    for theirs, paths in (("/nvram//a", {}), ("/link/a", {"/link/a": "/nvram/a"})):
        storage = Storage((web1, with_nvram("web2", theirs)), (), paths)
        assert shared_nvram(web1, storage) == "/nvram/a stays: machine web2 uses it"


def test_variables_of_its_own_go() -> None:
    web1 = with_nvram("web1", "/nvram/a")
    others = (with_nvram("web2", "/nvram/b"), with_nvram("web3", None), machine("web4"))
    assert shared_nvram(web1, Storage((web1, web1, *others))) is None
    bios = machine("web1")
    assert shared_nvram(bios, Storage((bios, *others))) is None


def test_variables_stay_where_another_definition_can_not_be_read() -> None:
    web1 = with_nvram("web1", "/nvram/a")
    unread = VirtualMachine(name="web2", uuid="web2", state="stopped")
    assert shared_nvram(web1, Storage((web1, unread))) == (
        "/nvram/a stays: the definition of machine web2 can't be read"
    )


def test_image_that_another_machine_of_the_task_is_to_have_stays() -> None:
    storage = Storage((machine("web1", disk()),), tuple(known(IMAGE)))
    assert removable_disks(machine("web1"), storage, {IMAGE.upper(): "web2"}) == (
        (),
        (f"{IMAGE} stays: machine web2 is to have it",),
    )


def test_a_volume_is_deleted_by_the_name_that_its_machine_has_for_it() -> None:
    storage = Storage(
        images=(Image("images", "a", "/images/a"), Image("link", "a", "/link/a")),
        paths={"/link/a": "/images/a"},
    )
    assert storage.volume("/images/a") == "/images/a"
    assert storage.volume("/link/a") == "/link/a"
    assert storage.volume("/link//a") in ("/images/a", "/link/a")
