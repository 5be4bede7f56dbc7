# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The value classes, and what becomes of them in a module's result."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    Cpu,
    Disk,
    HostInfo,
    Nic,
    OperatingSystem,
    Snapshot,
    VirtualMachine,
    canonical_uuid,
    plain,
)

DISK = Disk("disk", "vda", "virtio", "file", "/a", "qcow2", False, False, ("/b", "/c"))
NIC = Nic(
    "52:54:00:00:00:01", "network", "default", "virtio", "vnet0", ("10.0.0.2/24",)
)
FIRMWARE = OperatingSystem(
    "hvm", "x86_64", "q35", "uefi", True, "/nvram", ("hd", "cdrom")
)
SNAPSHOT = Snapshot("s", None, "2026-01-01T00:00:00+00:00", "running", True, None)


@pytest.mark.parametrize(
    ("state", "is_active"),
    [
        ("running", True),
        ("paused", True),
        ("crashed", True),
        ("suspended", True),
        ("stopping", True),
        ("stopped", False),
        ("saved", False),
    ],
)
def test_machine_is_active_unless_it_is_off(state: str, is_active: bool) -> None:
    assert VirtualMachine(name="a", uuid="u", state=state).is_active is is_active


def test_machine_as_a_result_is_what_json_knows() -> None:
    machine = VirtualMachine(
        name="a",
        uuid="u",
        state="running",
        os=FIRMWARE,
        disks=(DISK,),
        nics=(NIC,),
        snapshots=(SNAPSHOT,),
    )
    result = machine.as_result()
    assert json.loads(json.dumps(result)) == result
    assert result["disks"][0]["backing"] == ["/b", "/c"]
    assert result["nics"][0]["addresses"] == ["10.0.0.2/24"]
    assert result["os"]["boot"] == ["hd", "cdrom"]
    assert result["snapshots"][0]["name"] == "s"


def test_result_holds_the_xml_only_where_it_was_read() -> None:
    assert "xml" not in VirtualMachine(name="a", uuid="u", state="saved").as_result()
    read = VirtualMachine(name="a", uuid="u", state="saved", xml="<domain/>")
    assert read.as_result()["xml"] == "<domain/>"


def test_what_was_not_read_is_null() -> None:
    result = VirtualMachine(name="a", uuid="u", state="saved").as_result()
    unread = {key for key, value in result.items() if value is None}
    assert unread == set(result) - {"name", "uuid", "state"}


def test_host_as_a_result_is_what_json_knows() -> None:
    host = HostInfo(
        uri="test:///default",
        driver="test",
        hostname="h",
        hypervisor_type="TEST",
        hypervisor_version={"version": "0.0.2"},
        libvirt_version=None,
        cpu=Cpu("x86_64", 4, None, 1, 1, 2, 2),
        memory=1024,
        encrypted=False,
        secure=True,
        alive=True,
        capabilities={"guests": ({"machines": ("a", "b")},)},
    )
    result = host.as_result()
    assert json.loads(json.dumps(result)) == result
    assert result["cpu"]["cores"] == 2
    assert result["capabilities"] == {"guests": [{"machines": ["a", "b"]}]}


def test_plain_makes_lists_of_tuples_at_any_depth() -> None:
    assert plain({"a": (1, [2, (3,)], {"b": ()})}) == {"a": [1, [2, [3]], {"b": []}]}
    assert plain("text") == "text"


def test_values_can_not_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        DISK.source = "/other"  # type: ignore[misc]


@pytest.mark.parametrize(
    "text",
    [
        "0abcdef0-0000-4000-8000-000000000001",
        "0ABCDEF0-0000-4000-8000-000000000001",
        "0abcdef0000040008000000000000001",
    ],
)
def test_uuid_is_canonical_however_it_is_written(text: str) -> None:
    assert canonical_uuid(text) == "0abcdef0-0000-4000-8000-000000000001"


@pytest.mark.parametrize("text", ["", "web1", "0abcdef0", "zabcdef0-0000-4000-8000-1"])
def test_name_is_no_uuid(text: str) -> None:
    assert canonical_uuid(text) is None
