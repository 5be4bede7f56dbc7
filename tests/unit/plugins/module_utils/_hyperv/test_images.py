# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image files of hvsim: found, made, grown, and deleted with their machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv import images
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.description import (
    DiskWish,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    ImagesLeft,
    OperationFailed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    Image as KnownImage,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    ImageInfo,
)
from ansible_collections.hypervisor.connect.plugins.modules import snapshot, vm
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv.lab import (
    Lab,
    calls,
    lab,
    validated,
)

from hvsim.model.images import Image  # isort: skip

GIB = 1024**3
ISO = r"C:\ISO\debian 12.iso"


@pytest.fixture
def ten() -> Iterator[Lab]:
    """A host with ten machines, whose jobs end at once."""
    with lab(vms=10) as opened:
        opened.host.model.images.add(Image(ISO, 1024))
        yield opened


def disk_of(name: str) -> str:
    return rf"C:\VMs\{name}\{name}.vhdx"


def change(
    opened: Lab, name: str, check_mode: bool = False, **options: Any
) -> dict[str, Any]:
    options = validated(vm.TASK, name=name, **options)
    return vm.run(opened.hypervisor, options, check_mode)


def checkpoint(opened: Lab, name: str, snap: str, state: str = "present") -> None:
    options = validated(snapshot.TASK, name=name, snapshot=snap, state=state)
    snapshot.run(opened.hypervisor, options, False)


def paths(opened: Lab) -> set[str]:
    return {image.path for image in opened.host.model.images.all()}


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (DiskWish(source=r"C:\a.vhdx", size=5), (3, 3, None, 5)),
        (DiskWish(source=r"C:\a.vhd", size=5, sparse=False), (2, 2, None, 5)),
        (DiskWish(source=r"C:\a.VHD", size=5, sparse=True), (3, 2, None, 5)),
        (
            DiskWish(source=r"C:\a.vhdx", size=5, backing=r"C:\b.vhdx"),
            (4, 3, r"C:\b.vhdx", None),
        ),
    ],
)
def test_new_disk_has_its_type_format_parent_and_size(
    wish: DiskWish, expected: tuple[Any, ...]
) -> None:
    disk = images.new_disk(wish)
    assert disk["Path"] == wish.source
    names = ("Type", "Format", "ParentPath", "MaxInternalSize")
    assert tuple(disk.get(name) for name in names) == expected


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        (r"C:\VMs\a.vhdx", ("c:", "\\vms\\")),
        (r"D:\a.vhdx", ("d:", "\\")),
        (r"\\nas\share\a.vhdx", None),
    ],
)
def test_folder_is_told_as_the_host_has_it(
    path: str, folder: tuple[str, str] | None
) -> None:
    assert images.folder_of(path) == folder


def test_folders_above_are_looked_into_as_well() -> None:
    found = images.folders_of([r"C:\VMs\web1\a.vhdx", r"D:\b.vhdx", r"\\nas\x\c.vhdx"])
    assert found == {("c:", "\\vms\\web1\\"), ("c:", "\\vms\\"), ("d:", "\\")}


def test_paths_of_one_file_are_one() -> None:
    same = images.same_paths([r"C:\VMs\A.vhdx", "c:/vms/a.vhdx"])
    assert set(same.values()) == {r"c:\vms\a.vhdx"}


def test_queries_name_files_and_folders() -> None:
    assert str(images.files_named([r"C:\a.iso"])) == (
        r"SELECT Name,FileSize FROM CIM_DataFile WHERE (Name = 'C:\\a.iso')"
    )
    text = str(images.files_in("c:", "\\vms\\"))
    assert text.startswith(
        r"SELECT Name FROM CIM_DataFile WHERE Drive = 'c:' AND Path = '\\vms\\' AND "
    )


def test_images_are_found_with_size_format_and_backing(ten: Lab) -> None:
    child, upper = r"C:\VMs\child.vhdx", disk_of("vm0002").upper()
    wish = DiskWish(source=child, backing=disk_of("vm0002"))
    ten.hypervisor.make_image(wish)
    ten.host.requests.clear()
    found = ten.hypervisor.images_named([upper, child, ISO, r"C:\nothing.vhdx"])
    size = found[upper].size
    assert size is not None
    assert size % GIB == 0
    assert found == {
        upper: ImageInfo(upper, size, "vhdx"),
        child: ImageInfo(child, size, "vhdx", disk_of("vm0002")),
        ISO: ImageInfo(ISO, None, "iso"),
    }
    assert ten.host.requests.counts() == {
        "Enumerate": 1,
        "GetVirtualHardDiskSettingData": 2,
    }
    assert images.chain(ten.hypervisor, child) == (disk_of("vm0002"),)


def test_image_on_a_share_is_asked_for_itself(ten: Lab) -> None:
    share = [r"\\nas\iso\debian.iso", r"\\nas\vms\nothing.vhdx"]
    assert set(ten.hypervisor.images_named(share)) == {share[0]}
    assert images.describe(ten.hypervisor, share[1]) is None


def test_image_that_is_there_is_not_made_again(ten: Lab) -> None:
    wish = DiskWish(source=disk_of("vm0001"), size=GIB)
    before = ten.host.model.images.find(disk_of("vm0001"))
    with pytest.raises(OperationFailed):
        ten.hypervisor.make_image(wish)
    assert ten.host.model.images.find(disk_of("vm0001")) is before


def test_image_in_a_folder_that_is_not_there_says_so(ten: Lab) -> None:
    wish = DiskWish(source=r"C:\nowhere\a.vhdx", size=GIB)
    with pytest.raises(OperationFailed) as caught:
        ten.hypervisor.make_image(wish)
    assert caught.value.remedy == "make its folder on the host first"


def test_image_grows_with_and_without_a_machine(ten: Lab) -> None:
    path = disk_of("vm0001")
    found = ten.hypervisor.find_vm("vm0001", detail="full")
    image = ten.host.model.images.find(path)
    assert image is not None
    for machine in (None, found):
        size = image.capacity + GIB
        ten.hypervisor.grow_image(machine, DiskWish(source=path, size=size))
        assert image.capacity == size


def test_images_are_those_of_the_folders_of_machines(ten: Lab) -> None:
    known = {image.path: image for image in ten.hypervisor.images()}
    assert set(known) == {path for path in paths(ten) if not path.endswith(".iso")}
    branches = [path for path in known if "vm0008" in path and "avhdx" in path]
    for branch in branches:
        image = ten.host.model.images.find(branch)
        assert image is not None
        name = branch.rpartition("\\")[2]
        folder = "c:\\vms\\vm0008\\"
        assert known[branch] == KnownImage(folder, name, branch, image.parent)
    assert len(branches) == 2


@pytest.mark.parametrize("name", ["vm0002", "vm0008"])
def test_disks_go_with_their_machine(ten: Lab, name: str) -> None:
    before = paths(ten)
    mine = {path for path in before if name in path}
    check = change(ten, name, True, state="absent", remove_disks=True)
    assert paths(ten) == before
    result = change(ten, name, state="absent", remove_disks=True)
    assert check["diff"] == result["diff"]
    disks = {path for path in mine if not path.endswith(".avhdx")}
    assert set(result["diff"]["before"]["disks"]) == disks
    assert paths(ten) == before - mine
    again = change(ten, name, state="absent", remove_disks=True)
    assert not again["changed"]


def test_disks_that_something_else_needs_stay(ten: Lab) -> None:
    child = r"C:\VMs\child.vhdx"
    wish = DiskWish(source=child, backing=disk_of("vm0002"))
    ten.hypervisor.make_image(wish)
    result = change(ten, "vm0002", state="absent", remove_disks=True)
    assert disk_of("vm0002") in paths(ten)
    assert result["kept"] == [f"{disk_of('vm0002')} stays: {child} builds on it"]


def test_disk_of_two_machines_stays(ten: Lab) -> None:
    other = ten.host.model.machine("vm0003").configuration.drives[0]
    other.path = disk_of("vm0002").lower()
    result = change(ten, "vm0002", state="absent", remove_disks=True)
    assert disk_of("vm0002") in paths(ten)
    assert "machine vm0003 uses it" in str(result["kept"])


MORE = r"C:\VMs\vm0002\more.vhdx"


def test_disk_that_only_a_checkpoint_has_stays(ten: Lab) -> None:
    change(ten, "vm0002", disks=[{"path": MORE, "size": "1GiB"}])
    checkpoint(ten, "vm0002", "one")
    change(ten, "vm0002", disks=[{"path": MORE, "state": "absent"}])
    assert len(ten.hypervisor.definitions()) > len(ten.hypervisor.list_vms())
    kept = ten.hypervisor.storage(images=False).definitions
    assert [len(vm.disks or ()) for vm in kept if vm.name == "vm0002"] == [2, 1]
    # Another machine that has it meanwhile does not take it away,
    change(ten, "vm0005", state="stopped", force=True)
    ten.host.model.machine("vm0005").configuration.drives[0].path = MORE
    result = change(ten, "vm0005", state="absent", remove_disks=True)
    assert f"{MORE} stays: machine vm0002 uses it" in result["kept"]
    # nor does its own, of which it is no disk any more.
    result = change(ten, "vm0002", state="absent", remove_disks=True)
    assert f"{MORE} stays: it is read-only or shared" in result["kept"]
    assert MORE in paths(ten)
    assert disk_of("vm0002") not in paths(ten)


def test_disks_with_branches_of_checkpoints_go_with_their_machine(ten: Lab) -> None:
    before = paths(ten)
    checkpoint(ten, "vm0002", "one")
    checkpoint(ten, "vm0002", "two")
    checkpoint(ten, "vm0002", "one", state="reverted")
    checkpoint(ten, "vm0002", "three")
    change(ten, "vm0002", state="absent", remove_disks=True)
    assert before - paths(ten) == {disk_of("vm0002")}
    assert not [path for path in paths(ten) if "vm0002" in path]


def test_file_that_can_not_be_deleted_is_told(ten: Lab) -> None:
    with pytest.raises(OperationFailed) as caught:
        ten.hypervisor.remove_disk(ten.hypervisor.find_vm("vm0001"), disk_of("vm0001"))
    assert "has the file open" in caught.value.what
    assert "Remove-Item" in str(caught.value.remedy)
    assert disk_of("vm0001") in paths(ten)
    assert calls(ten.host, "Delete") == 1


def test_machine_that_is_gone_while_its_disk_stays_is_told(ten: Lab) -> None:
    ten.host.model.files.is_held = lambda path: "vm0002" in path.lower()
    with pytest.raises(ImagesLeft, match="machine vm0002 is gone"):
        change(ten, "vm0002", state="absent", remove_disks=True)


def test_folders_hold_virtual_hard_disks_alone(ten: Lab) -> None:
    folder = ("c:", "\\vms\\vm0002\\")
    assert images.images_in(ten.hypervisor, []) == ()
    (found,) = images.images_in(ten.hypervisor, [folder, ("c:", "\\iso\\")])
    assert (found.path, found.backing) == (disk_of("vm0002"), None)
    images.delete_file(ten.hypervisor, ISO)
    assert ISO not in paths(ten)
