# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users may write, and what it means."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.description import (
    Description,
    DiskWish,
    NicWish,
    SnapshotWish,
    canonical_mac,
    image_key,
    plain_path,
    words_of,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    OperatingSystem,
    VirtualMachine,
)

GIB = 1024**3


def test_only_what_is_named_is_a_wish() -> None:
    empty = Description.from_options({"name": "web1", "vcpus": None, "cpu": {}})
    assert empty.is_empty
    assert empty == Description(name="web1")


def test_sizes_become_bytes_and_groups_keep_what_was_named() -> None:
    found = Description.from_options(
        {
            "name": "web1",
            "memory": "2GiB",
            "dynamic_memory": {"enabled": True, "maximum": "4GiB", "weight": None},
            "cpu": {"topology": {"sockets": 1, "cores": 2, "threads": 1}},
        }
    )
    assert found.values == {
        "memory": 2 * GIB,
        "dynamic_memory": {"enabled": True, "maximum": 4 * GIB},
        "cpu": {"topology": {"sockets": 1, "cores": 2, "threads": 1}},
    }


def test_disks_and_nics_are_read() -> None:
    found = Description.from_options(
        {
            "name": "web1",
            "disks": [
                {"path": "/images/a.qcow2", "size": "1GiB"},
                {"pool": "default", "volume": "b"},
                {"device": "cdrom", "media": False},
            ],
            "nics": [{"network": "default", "mac": "52-54-00-AB-CD-EF"}],
        }
    )
    assert found.disks == (
        DiskWish(source="/images/a.qcow2", size=GIB),
        DiskWish(source="default/b"),
        DiskWish(device="cdrom", media=False),
    )
    assert found.nics == (NicWish(network="default", mac="52:54:00:ab:cd:ef"),)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"memory": "much"}, "memory is 'much'"),
        ({"uuid": "12"}, "uuid is '12'"),
        ({"disks": [{}]}, r"disks\[0\] names no image"),
        ({"disks": [{"path": ""}]}, r"disks\[0\] names no image"),
        ({"disks": [{"path": "/x", "size": 0}]}, r"disks\[0\].size is 0"),
        ({"nics": [{"network": ""}]}, r"nics\[0\].network is empty"),
        ({"nics": [{}, {"bridge": ""}]}, r"nics\[1\].bridge is empty"),
        ({"disks": [{"pool": "p"}]}, r"disks\[0\] names a pool and no volume"),
        ({"disks": [{"volume": "v"}]}, r"disks\[0\] names a volume and no pool"),
        (
            {"disks": [{"pool": "p", "volume": "v", "path": "/x"}]},
            r"disks\[0\] names a pool and a path too",
        ),
        ({"disks": [{"path": "/x", "size": "big"}]}, r"disks\[0\].size is 'big'"),
        (
            {"disks": [{"path": "/x"}, {"path": "/y"}, {"path": "/x"}]},
            r"disks\[2\] names the source /x a second time",
        ),
        (
            {"disks": [{"path": r"C:\x.vhdx"}, {"path": r"c:\\X.VHDX"}]},
            r"disks\[1\] names the source c:.X.VHDX a second time",
        ),
        (
            {"disks": [{"path": "/a/../x", "size": 1}]},
            r"disks\[0\].path is '/a/../x', which leads through '..'",
        ),
        ({"disks": [{"path": "/x", "backing": "/a/../x"}]}, r"disks\[0\].backing is"),
        ({"nics": [{"mac": "52:54"}]}, r"nics\[0\].mac is '52:54'"),
        ({"nics": [{"mac": "53:54:00:00:00:01"}]}, "no MAC address"),
    ],
)
def test_what_can_not_be_meant_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(HypervisorConnectError, match=words):
        Description.from_options({"name": "web1", **options})


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("/images//./web1.img", "/images/web1.img"),
        ("//images/web1.img", "/images/web1.img"),
        ("pool//web1.img", "pool//web1.img"),
        (r"C:\\VMs\.\web1.vhdx", r"C:\VMs\web1.vhdx"),
        (r"\\server\share\\web1.vhdx", r"\\server\share\web1.vhdx"),
        ("C:/VMs//web1.vhdx", "C:/VMs//web1.vhdx"),
    ],
)
def test_a_path_has_one_spelling(path: str, plain: str) -> None:
    assert plain_path(path, "disks[0].path") == plain
    assert plain_path(plain, "disks[0].path") == plain


def test_paths_of_windows_have_no_case() -> None:
    assert image_key(r"C:\VMs\A.vhdx") == image_key(r"c:\vms\a.VHDX")
    assert image_key("/images/A") != image_key("/images/a")


def test_lines_end_as_xml_keeps_them() -> None:
    found = Description.from_options({"name": "web1", "description": "a\r\nb\n"})
    assert found.values["description"] == "a\nb\n"


def test_a_mac_address_has_one_form() -> None:
    assert canonical_mac("5254.00ab.cdef", "mac") == "52:54:00:ab:cd:ef"


def test_a_machine_is_told_in_the_words_of_its_description() -> None:
    vm = VirtualMachine(
        name="web1",
        uuid="u",
        state="stopped",
        vcpus=2,
        cpu={"nested": False},
        os=OperatingSystem("hvm", "x86_64", "q35", "uefi", True, None, ("disk",)),
        serials=({"type": "pty"},),
    )
    assert words_of(vm) == {
        "vcpus": 2,
        "cpu": {"nested": False},
        "machine": "q35",
        "boot": ["disk"],
        "firmware": {
            "type": "uefi",
            "secure_boot": True,
            "secure_boot_template": None,
            "tpm": None,
        },
        "serials": [{"type": "pty"}],
    }


def test_a_snapshot_keeps_memory_as_its_driver_chooses() -> None:
    assert SnapshotWish("before").memory is None
