# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which images of a machine may go with it; the wrong answer here loses data."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.plan import (
    removable_disks,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    Disk,
    Image,
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


def test_image_of_its_own_that_a_pool_knows_goes() -> None:
    assert removable_disks(machine("web1", disk()), [], known(IMAGE)) == ((IMAGE,), ())


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
        (disk(), [], [], "no storage pool of the host knows it"),
        (disk(), [], ["/images/other"], "no storage pool of the host knows it"),
    ],
)
def test_image_stays_with_the_reason(
    own: Disk, others: list[VirtualMachine], paths: list[str], reason: str
) -> None:
    removable, kept = removable_disks(machine("web1", own), others, known(*paths))
    assert removable == ()
    assert kept == (f"{IMAGE} stays: {reason}",)


def test_image_in_two_drives_goes_once() -> None:
    twice = machine("web1", disk(), disk(target="vdb"))
    assert removable_disks(twice, [], known(IMAGE)) == ((IMAGE,), ())


def test_image_that_is_read_only_in_one_of_two_drives_stays() -> None:
    """Whichever drive comes first: what one protects the other must not lose."""
    for drives in (
        (disk(), disk(target="sda", device="cdrom")),
        (disk(target="sda", device="cdrom"), disk()),
        (disk(), disk(target="vdb", readonly=True)),
        (disk(target="vdb", readonly=True), disk()),
    ):
        removable, kept = removable_disks(machine("web1", *drives), [], known(IMAGE))
        assert removable == ()
        assert len(kept) == 1


def test_image_under_another_is_left_though_it_is_not_a_disk() -> None:
    own = disk(backing=("/images/base.qcow2",))
    images = known(IMAGE, "/images/base.qcow2")
    assert removable_disks(machine("web1", own), [], images) == ((IMAGE,), ())


def test_empty_drive_and_machine_without_disks_have_nothing_to_go() -> None:
    empty = machine("web1", disk(None, device="cdrom"))
    assert removable_disks(empty, [], known(IMAGE)) == ((), ())
    assert removable_disks(machine("web1"), [], known(IMAGE)) == ((), ())
    unread = VirtualMachine(name="web1", uuid="u", state="stopped")
    assert removable_disks(unread, [unread], known(IMAGE)) == ((), ())


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
    assert removable_disks(own, others, images) == (
        ("/images/a", "pool/volume"),
        (
            "/images/b stays: machine web2 uses it",
            "/isos/cd.iso stays: it is a cdrom image",
        ),
    )


def test_image_is_the_same_by_its_path_and_by_its_pool() -> None:
    by_path, by_pool = disk("/images/a"), disk("images/a", type="volume")
    for own, theirs in ((by_path, by_pool), (by_pool, by_path)):
        found = removable_disks(
            machine("web1", own), [machine("web2", theirs)], known("/images/a")
        )
        assert found == ((), (f"{own.source} stays: machine web2 uses it",))
    both = machine("web1", by_path, disk("images/a", device="cdrom"))
    assert removable_disks(both, [], known("/images/a"))[0] == ()


def test_image_under_another_stays_whoever_uses_that_one() -> None:
    top = Image("images", "top", "/images/top", backing=IMAGE)
    found = removable_disks(machine("web1", disk()), [], [*known(IMAGE), top])
    assert found == ((), (f"{IMAGE} stays: /images/top builds on it",))
