# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image files: what Msvm_ImageManagementService makes of them, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from wmi_client import V2, Client, client, embedded, told, values

from hvsim.model.images import GIB, MIB
from hvsim.rules import read_rules
from hvsim.simulator import Simulator

IMAGES = "Msvm_ImageManagementService"
SETTINGS = "Msvm_VirtualHardDiskSettingData"
FOLDER = r"C:\VMs\vm0002"
DISK = FOLDER + r"\new.vhdx"
LEAF = FOLDER + r"\leaf.vhdx"
OLD = r"C:\VMs\vm0002\vm0002.vhdx"
RUNNING = r"C:\VMs\vm0001\vm0001.vhdx"
NO_FILE, NO_FOLDER, IN_USE = 0x80070002, 0x80070003, 0x80070020
NOT_SUPPORTED, EXISTS, PARAMETER, NAME = 0x80070032, 0x80070050, 0x80070057, 0x8007007B
BLOCK_SIZE, IDENTIFIERS, SIZE, SIZES, TRUNCATES = (
    0xC03A000B,
    0xC03A000E,
    0xC03A0012,
    0xC03A0017,
    0xC03A0025,
)


@pytest.fixture
def host() -> Client:
    return client(job_seconds=10)


def wish(path: str, kind: int = 3, size: int = GIB, **more: Any) -> str:
    """The parameter with the settings of a disk."""
    given = {"Path": path, "Type": kind, "MaxInternalSize": size, **more}
    text = embedded(SETTINGS, **{k: v for k, v in given.items() if v is not None})
    return f"<p:VirtualDiskSettingData>{text}</p:VirtualDiskSettingData>"


def element(**given: Any) -> str:
    return "".join(f"<p:{name}>{value}</p:{name}>" for name, value in given.items())


def done(host: Client, method: str, content: str) -> int:
    """Call a method and wait: JobCompletionStatusCode, 0 where all is well."""
    job = host.job(host.call(IMAGES, method, content))
    code = int(job["JobCompletionStatusCode"])
    if not code:
        assert (job["JobState"], job["ErrorCode"]) == ("7", "0"), job
    else:
        assert job["JobState"] == "10"
        assert job["ErrorDescription"].endswith(f"(0x{code:08X}).")
    return code


def create(host: Client, path: str = DISK, kind: int = 3, **more: Any) -> int:
    return done(host, "CreateVirtualHardDisk", wish(path, kind, **more))


def settings(host: Client, path: str) -> dict[str | None, str | None]:
    output = host.call(IMAGES, "GetVirtualHardDiskSettingData", element(Path=path))
    assert output["ReturnValue"] == "0"
    return told(output["SettingData"])


def state(host: Client, path: str) -> dict[str | None, str | None]:
    output = host.call(IMAGES, "GetVirtualHardDiskState", element(Path=path))
    assert output["ReturnValue"] == "0"
    return told(output["State"])


# Creating


def test_dynamic_disk_is_made_by_a_storage_job_and_read_back(host: Client) -> None:
    output = host.call(IMAGES, "CreateVirtualHardDisk", wish(DISK, Format=3))
    assert output["ReturnValue"] == "4096"
    assert "Msvm_StorageJob" in output["Job"]
    missing = host.call(IMAGES, "GetVirtualHardDiskState", element(Path=DISK))
    assert missing["ReturnValue"] == "32779"
    job = host.job(output)
    assert (job["JobType"], job["JobState"], job["ErrorCode"]) == ("1", "7", "0")
    assert job["Child"] is None
    found = settings(host, DISK.upper())
    assert found["Path"] == DISK
    assert (found["Type"], found["Format"]) == ("3", "3")
    assert found["MaxInternalSize"] == str(GIB)
    assert found["BlockSize"] == str(32 * MIB)
    assert (found["LogicalSectorSize"], found["PhysicalSectorSize"]) == ("512", "4096")
    assert found["VirtualDiskId"]
    assert state(host, DISK)["FileSize"] == str(4 * MIB)
    assert state(host, DISK)["InUse"] == "FALSE"


@pytest.mark.parametrize(
    ("path", "kind", "more", "expected"),
    [
        (
            DISK,
            2,
            {},
            {"Type": "2", "BlockSize": "0", "size": str(GIB + 4 * MIB)},
        ),
        (
            FOLDER + r"\new.vhd",
            2,
            {"Format": 2},
            {"Type": "2", "Format": "2", "size": str(GIB + 512)},
        ),
        (
            FOLDER + r"\new.vhd",
            3,
            {"BlockSize": 512 << 10},
            {"Format": "2", "BlockSize": str(512 << 10), "PhysicalSectorSize": "512"},
        ),
        (
            DISK,
            3,
            {"LogicalSectorSize": 4096, "BlockSize": 256 * MIB},
            {"LogicalSectorSize": "4096", "BlockSize": str(256 * MIB)},
        ),
        (DISK, 3, {"PhysicalSectorSize": 512}, {"PhysicalSectorSize": "512"}),
        (
            DISK,
            3,
            {"size": 64 * 1024 * GIB},
            {"MaxInternalSize": str(64 * 1024 * GIB)},
        ),
        (DISK, 3, {"size": 3 * MIB}, {"MaxInternalSize": str(3 * MIB)}),
        (
            DISK,
            3,
            {"VirtualDiskId": "0F9D1C6E-7B14-4C8B-9B4B-3F2D8C6A1E00"},
            {"VirtualDiskId": "0F9D1C6E-7B14-4C8B-9B4B-3F2D8C6A1E00"},
        ),
        (
            LEAF,
            4,
            {"ParentPath": OLD, "size": None},
            {"Type": "4", "ParentPath": OLD, "size": str(4 * MIB)},
        ),
        (
            FOLDER + r"\leaf.avhdx",
            4,
            {"ParentPath": OLD.upper(), "size": 0, "BlockSize": 2 * MIB},
            {"ParentPath": OLD, "BlockSize": str(2 * MIB)},
        ),
    ],
)
def test_every_kind_of_disk_is_made_as_it_is_wanted(
    host: Client, path: str, kind: int, more: dict[str, Any], expected: dict[str, str]
) -> None:
    assert create(host, path, kind, **more) == 0
    found = {**settings(host, path), "size": state(host, path)["FileSize"]}
    assert {name: found[name] for name in expected} == expected


def test_differencing_disk_has_the_size_of_its_parent(host: Client) -> None:
    assert create(host, LEAF, 4, size=None, ParentPath=OLD) == 0
    leaf, parent = settings(host, LEAF), settings(host, OLD)
    assert leaf["MaxInternalSize"] == parent["MaxInternalSize"]
    assert leaf["ParentIdentifier"] == parent["VirtualDiskId"]
    assert leaf["VirtualDiskId"] != parent["VirtualDiskId"]


@pytest.mark.parametrize(
    ("path", "kind", "more", "code"),
    [
        (OLD, 3, {}, EXISTS),
        (FOLDER, 3, {}, NAME),
        (r"C:\Nowhere\new.vhdx", 3, {}, NO_FOLDER),
        (r"Z:\new.vhdx", 3, {}, NO_FOLDER),
        ("new.vhdx", 3, {}, NAME),
        (FOLDER + r"\new.img", 3, {}, NAME),
        (FOLDER + r"\a*b.vhdx", 3, {}, NAME),
        (DISK, 3, {"Format": 2}, PARAMETER),
        (FOLDER + r"\new.vhds", 3, {}, NOT_SUPPORTED),
        (DISK, 5, {}, PARAMETER),
        (DISK, 3, {"size": None}, SIZE),
        (DISK, 3, {"size": 3 * MIB - 512}, SIZE),
        (DISK, 3, {"size": GIB + 100}, SIZE),
        (DISK, 3, {"size": GIB + 512, "LogicalSectorSize": 4096}, SIZE),
        (DISK, 3, {"size": 64 * 1024 * GIB + 4096}, SIZE),
        (FOLDER + r"\new.vhd", 3, {"size": 2040 * GIB + 512}, SIZE),
        (DISK, 3, {"LogicalSectorSize": 1024}, PARAMETER),
        (FOLDER + r"\new.vhd", 3, {"LogicalSectorSize": 4096}, PARAMETER),
        (DISK, 3, {"BlockSize": 3 * MIB}, BLOCK_SIZE),
        (FOLDER + r"\new.vhd", 3, {"BlockSize": 32 * MIB}, BLOCK_SIZE),
        (DISK, 3, {"ParentPath": OLD}, PARAMETER),
        (LEAF, 4, {"size": None}, PARAMETER),
        (LEAF, 4, {"size": None, "ParentPath": r"C:\none.vhdx"}, NO_FILE),
        (
            LEAF,
            4,
            {"size": None, "ParentPath": r"C:\ISO\debian-12.iso"},
            PARAMETER,
        ),
        (FOLDER + r"\leaf.vhd", 4, {"size": None, "ParentPath": OLD}, PARAMETER),
        (LEAF, 4, {"size": 512 * GIB, "ParentPath": OLD}, SIZE),
        (LEAF, 4, {"size": None, "ParentPath": RUNNING}, IN_USE),
    ],
)
def test_disk_that_can_not_be_made_fails_the_job_and_leaves_nothing(
    host: Client, path: str, kind: int, more: dict[str, Any], code: int
) -> None:
    before = {image.path for image in host.model.images.all()}
    assert create(host, path, kind, **more) == code
    assert {image.path for image in host.model.images.all()} == before


def test_failure_says_what_where_and_why(host: Client) -> None:
    job = host.job(host.call(IMAGES, "CreateVirtualHardDisk", wish(OLD)))
    assert (job["ErrorCode"], job["Child"]) == ("32768", OLD)
    assert job["ErrorDescription"] == (
        "Failed to create the virtual hard disk. The system failed to create "
        f"'{OLD}': The file exists. (0x80070050)."
    )
    output = values(
        host.invoke(V2 + "Msvm_StorageJob", "GetError", InstanceID=job["InstanceID"])
    )
    assert told(output["Error"])["Message"] == job["ErrorDescription"]


def test_text_that_is_no_disk(host: Client) -> None:
    assert host.call(IMAGES, "CreateVirtualHardDisk")["ReturnValue"] == "32773"
    other = embedded("Msvm_MemorySettingData", VirtualQuantity=1)
    content = f"<p:VirtualDiskSettingData>{other}</p:VirtualDiskSettingData>"
    job = host.job(host.call(IMAGES, "CreateVirtualHardDisk", content))
    assert (job["JobState"], job["ErrorCode"]) == ("10", "32773")
    content = "<p:VirtualDiskSettingData>x</p:VirtualDiskSettingData>"
    job = host.job(host.call(IMAGES, "CreateVirtualHardDisk", content))
    assert (job["JobState"], job["ErrorCode"]) == ("10", "32768")


def test_without_job_time_the_method_itself_says_why() -> None:
    at_once = client(job_seconds=0)
    assert (
        at_once.call(IMAGES, "CreateVirtualHardDisk", wish(DISK))["ReturnValue"] == "0"
    )
    output = at_once.call(IMAGES, "CreateVirtualHardDisk", wish(DISK))
    assert (output["ReturnValue"], output["Job"]) == ("32768", None)


# Resizing


def resize(host: Client, path: str, size: int) -> int:
    content = element(Path=path, MaxInternalSize=size)
    return done(host, "ResizeVirtualHardDisk", content)


def capacity(host: Client, path: str) -> int:
    return int(settings(host, path)["MaxInternalSize"] or 0)


def test_disk_grows_and_shrinks_to_its_least_size(host: Client) -> None:
    assert resize(host, OLD, 200 * GIB) == 0
    assert capacity(host, OLD) == 200 * GIB
    least = int(state(host, OLD)["MinInternalSize"] or 0)
    assert resize(host, OLD, least - 512) == TRUNCATES
    assert resize(host, OLD, least) == 0
    assert capacity(host, OLD) == least


def test_fixed_disk_grows_with_its_file(host: Client) -> None:
    assert create(host, kind=2) == 0
    assert resize(host, DISK, 2 * GIB) == 0
    assert state(host, DISK)["FileSize"] == str(2 * GIB + 4 * MIB)


def test_vhd_only_grows(host: Client) -> None:
    path = FOLDER + r"\new.vhd"
    assert create(host, path) == 0
    assert state(host, path)["MinInternalSize"] == "0"
    assert resize(host, path, 2 * GIB) == 0
    assert resize(host, path, GIB) == NOT_SUPPORTED
    assert resize(host, path, 2041 * GIB) == SIZE


@pytest.mark.parametrize(
    ("path", "size", "code"),
    [
        (r"C:\none.vhdx", GIB, NO_FILE),
        (r"C:\ISO\debian-12.iso", GIB, PARAMETER),
        (OLD, 200 * GIB + 1, SIZE),
        (OLD, 65 * 1024 * GIB, SIZE),
    ],
)
def test_what_is_not_resized(host: Client, path: str, size: int, code: int) -> None:
    assert resize(host, path, size) == code


def test_parent_of_a_differencing_disk_is_not_resized(host: Client) -> None:
    assert create(host, LEAF, 4, size=None, ParentPath=OLD) == 0
    assert resize(host, OLD, 200 * GIB) == SIZES
    assert resize(host, LEAF, 200 * GIB) == 0


def test_disk_of_a_running_machine_is_resized_on_scsi_as_vhdx_only(
    host: Client,
) -> None:
    assert state(host, RUNNING)["InUse"] == "TRUE"
    assert resize(host, RUNNING, 200 * GIB) == 0
    ide = host.model.add_machine("ide", generation=1)
    assert ide.is_on
    assert resize(host, ide.configuration.drives[0].path or "", 200 * GIB) == IN_USE
    path = FOLDER + r"\new.vhd"
    assert create(host, path) == 0
    drive = host.model.machine("vm0001").configuration.drives[0]
    drive.path = path
    assert resize(host, path, 2 * GIB) == IN_USE
    assert state(host, path)["InUse"] == "TRUE"


# Conversion, merging, compaction, parents


def test_disk_is_converted_and_the_source_stays(host: Client) -> None:
    path = FOLDER + r"\new.vhd"
    content = element(SourcePath=OLD) + wish(path, 2, None, Format=2)  # type: ignore[arg-type]
    assert done(host, "ConvertVirtualHardDisk", content) == 0
    old, new = settings(host, OLD), settings(host, path)
    assert new["MaxInternalSize"] == old["MaxInternalSize"]
    assert (new["Type"], new["Format"]) == ("2", "2")
    assert done(host, "ConvertVirtualHardDisk", content) == EXISTS
    content = element(SourcePath=RUNNING) + wish(DISK, 3, GIB)
    assert done(host, "ConvertVirtualHardDisk", content) == IN_USE
    for content in (element(SourcePath=OLD), wish(DISK)):
        output = host.call(IMAGES, "ConvertVirtualHardDisk", content)
        assert output["ReturnValue"] == "32773"


def test_chain_is_merged_into_the_disk_below(host: Client) -> None:
    middle = FOLDER + r"\middle.vhdx"
    assert create(host, middle, 4, size=None, ParentPath=OLD) == 0
    assert create(host, LEAF, 4, size=None, ParentPath=middle) == 0
    content = element(SourcePath=LEAF, DestinationPath=OLD)
    assert done(host, "MergeVirtualHardDisk", content) == 0
    assert host.model.images.find(OLD)
    assert not host.model.images.find(middle)
    assert not host.model.images.find(LEAF)


def test_what_is_not_merged(host: Client) -> None:
    def merged(source: str, destination: str) -> int:
        content = element(SourcePath=source, DestinationPath=destination)
        return done(host, "MergeVirtualHardDisk", content)

    other = FOLDER + r"\other.vhdx"
    assert create(host, LEAF, 4, size=None, ParentPath=OLD) == 0
    assert create(host, other, 4, size=None, ParentPath=OLD) == 0
    assert merged(OLD, LEAF) == PARAMETER
    assert merged(LEAF, RUNNING) == PARAMETER
    assert merged(LEAF, OLD) == IN_USE
    assert merged(r"C:\none.vhdx", OLD) == NO_FILE
    assert host.model.images.find(LEAF)
    output = host.call(IMAGES, "MergeVirtualHardDisk", element(SourcePath=LEAF))
    assert output["ReturnValue"] == "32773"


def test_compaction_gives_space_back(host: Client) -> None:
    def size() -> int:
        return int(state(host, OLD)["FileSize"] or 0)

    before = size()
    content = element(Path=OLD, Mode=0)
    assert done(host, "CompactVirtualHardDisk", content) == 0
    after = size()
    assert after < before
    assert done(host, "CompactVirtualHardDisk", content) == 0
    assert size() == after
    fixed = FOLDER + r"\new.vhd"
    assert create(host, fixed, 2) == 0
    assert done(host, "CompactVirtualHardDisk", element(Path=fixed)) == NOT_SUPPORTED
    assert done(host, "CompactVirtualHardDisk", element(Path=RUNNING)) == IN_USE
    output = host.call(IMAGES, "CompactVirtualHardDisk", element(Path=OLD, Mode=5))
    assert output["ReturnValue"] == "32773"


def test_parent_is_set_where_the_identifiers_fit(host: Client) -> None:
    def set_parent(parent: str, **more: Any) -> int:
        content = element(ChildPath=LEAF, ParentPath=parent, **more)
        return done(host, "SetParentVirtualHardDisk", content)

    assert create(host, LEAF, 4, size=None, ParentPath=OLD) == 0
    other = FOLDER + r"\other.vhdx"
    size = capacity(host, OLD)
    assert create(host, other, size=size) == 0
    assert set_parent(other) == IDENTIFIERS
    assert settings(host, LEAF)["ParentPath"] == OLD
    assert set_parent(other, IgnoreIDMismatch="true") == 0
    assert settings(host, LEAF)["ParentPath"] == other
    assert create(host, DISK) == 0
    assert set_parent(DISK, IgnoreIDMismatch="true") == SIZES
    assert set_parent(LEAF) == PARAMETER
    assert set_parent(r"C:\none.vhdx") == NO_FILE
    drive = host.model.machine("vm0001").configuration.drives[0]
    drive.path = LEAF
    assert set_parent(OLD, IgnoreIDMismatch="true") == IN_USE
    assert set_parent(OLD, IgnoreIDMismatch="true", LeafPath=LEAF) == 0
    output = host.call(IMAGES, "SetParentVirtualHardDisk", element(ChildPath=LEAF))
    assert output["ReturnValue"] == "32773"


def test_validation_finds_a_broken_chain(host: Client) -> None:
    def validated() -> int:
        return done(host, "ValidateVirtualHardDisk", element(Path=LEAF))

    assert create(host, LEAF, 4, size=None, ParentPath=OLD) == 0
    assert validated() == 0
    parent = host.model.images.find(OLD)
    assert parent is not None
    parent.capacity += 4096
    assert validated() == SIZES
    parent.guid = "x"
    assert validated() == IDENTIFIERS
    host.model.images.remove(OLD)
    assert validated() == NO_FILE
    assert host.call(IMAGES, "ValidateVirtualHardDisk")["ReturnValue"] == "32773"


GUID = "0F9D1C6E-7B14-4C8B-9B4B-3F2D8C6A1E00"


def change(host: Client, path: str, **given: Any) -> int:
    text = embedded(SETTINGS, Path=path, **given)
    content = f"<p:VirtualDiskSettingData>{text}</p:VirtualDiskSettingData>"
    return done(host, "SetVirtualHardDiskSettingData", content)


def test_settings_are_changed_one_at_a_time(host: Client) -> None:
    assert change(host, OLD, VirtualDiskId=GUID) == 0
    assert settings(host, OLD)["VirtualDiskId"] == GUID
    assert change(host, OLD, PhysicalSectorSize=512, VirtualDiskId=GUID) == 0
    assert settings(host, OLD)["PhysicalSectorSize"] == "512"
    other = GUID.replace("0F", "1F")
    assert change(host, OLD, PhysicalSectorSize=4096, VirtualDiskId=other) == PARAMETER
    assert create(host, LEAF, 4, size=None, ParentPath=OLD) == 0
    assert change(host, LEAF, ParentPath=RUNNING) in (SIZES, IDENTIFIERS)
    assert settings(host, LEAF)["ParentPath"] == OLD
    output = host.call(IMAGES, "SetVirtualHardDiskSettingData")
    assert output["ReturnValue"] == "32773"


@pytest.mark.parametrize(
    ("path", "given", "code"),
    [
        (OLD, {"VirtualDiskId": "x"}, PARAMETER),
        (OLD, {"VirtualDiskId": "00000000-0000-0000-0000-000000000000"}, PARAMETER),
        (RUNNING, {"VirtualDiskId": GUID}, IN_USE),
        (RUNNING, {"PhysicalSectorSize": 512}, IN_USE),
        (OLD, {"PhysicalSectorSize": 1024}, PARAMETER),
        (r"C:\none.vhdx", {"PhysicalSectorSize": 512}, NO_FILE),
    ],
)
def test_settings_that_are_refused(
    host: Client, path: str, given: dict[str, Any], code: int
) -> None:
    assert change(host, path, **given) == code


# Jobs that go wrong


def test_file_that_a_job_works_on_is_in_use(host: Client) -> None:
    first = host.call(IMAGES, "CreateVirtualHardDisk", wish(DISK))
    second = host.call(IMAGES, "CreateVirtualHardDisk", wish(DISK))
    assert host.job(first)["JobState"] == "7"
    assert host.job(second)["ErrorCode"] == "32774"


def test_storage_job_fails_where_a_rule_says_so_and_others_do_not(
    host: Client,
) -> None:
    host.model.fail_next_job(32768, "The disk is full.", job="Msvm_StorageJob")
    assert host.change("vm0002", 2) == 4096
    output = host.call(IMAGES, "CreateVirtualHardDisk", wish(DISK))
    job = host.job(output)
    assert (job["JobState"], job["ErrorDescription"]) == ("10", "The disk is full.")
    assert host.machine("vm0002")["EnabledState"] == "2"
    assert not host.model.images.find(DISK)
    assert create(host) == 0


def test_storage_job_that_never_ends_can_be_cancelled(host: Client) -> None:
    host.model.hang_next_job(job="resize_*")
    output = host.call(
        IMAGES, "ResizeVirtualHardDisk", element(Path=OLD, MaxInternalSize=200 * GIB)
    )
    host.clock.advance(100_000)
    job = host.job(output)
    assert (job["JobState"], job["PercentComplete"]) == ("4", "0")
    assert host.model.is_held(OLD)
    key = {"InstanceID": job["InstanceID"]}
    content = element(RequestedState=5)
    uri = V2 + "Msvm_StorageJob"
    output = values(host.invoke(uri, "RequestStateChange", content, **key))
    assert output["ReturnValue"] == "0"
    assert host.get(uri, **key)["JobState"] == "8"
    assert not host.model.is_held(OLD)
    assert capacity(host, OLD) < 200 * GIB


def test_machine_does_not_start_while_a_job_works_on_its_disk(host: Client) -> None:
    host.model.hang_next_job(job="compact_disk")
    host.call(IMAGES, "CompactVirtualHardDisk", element(Path=OLD))
    assert host.change("vm0002", 2) == 4096
    host.clock.advance(11)
    (job,) = host.jobs()
    assert "(0x80070020)" in job["ErrorDescription"]
    assert host.machine("vm0002")["EnabledState"] == "3"


def test_rule_from_a_file_fails_the_second_storage_job_over_http(
    start_hvsim: Callable[..., Simulator], connect: Any, tmp_path: Path
) -> None:
    path = tmp_path / "rules.json"
    rule = {"do": "fail-job", "job": "create_disk", "skip": 1, "error": 32778}
    path.write_text(json.dumps([rule]))
    settings = {"Service/Auth/Basic": "true", "Service/AllowUnencrypted": "true"}
    simulator = start_hvsim(
        vms=2, job_seconds=0, settings=settings, rules=read_rules(path)
    )
    uri = V2 + IMAGES

    def created(name: str) -> str:
        content = wish(rf"{FOLDER}\{name}")
        body = (
            f'<p:CreateVirtualHardDisk_INPUT xmlns:p="{uri}">{content}'
            "</p:CreateVirtualHardDisk_INPUT>"
        )
        answer = connect(simulator).ask(
            f"{uri}/CreateVirtualHardDisk", uri, body, {"CreationClassName": IMAGES}
        )
        return str(answer.text("{*}ReturnValue"))

    found = [created(name) for name in ("a.vhdx", "b.vhdx", "b.vhdx")]
    assert found == ["0", "32778", "0"]
    assert simulator.model.images.find(rf"{FOLDER}\a.vhdx")
