# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines made and changed on hvsim by the module vm, over real messages.

Each change is made, found in the simulator's own model, and not made a second time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.adapters import (
    AdapterChanges,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.changing import (
    MachineChanges,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.drives import (
    DriveChanges,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.jobs import (
    JobFailed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.resources import (
    settings_path,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.security import (
    set_tpm,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.changes import (
    ADD,
    REMOVE,
    Change,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.description import (
    DiskWish,
    NicWish,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    ConnectionLost,
    OperationFailed,
    OperationTimeout,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.plan import (
    PlanRefused,
)
from ansible_collections.hypervisor.connect.plugins.modules import vm
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv.lab import (
    HeldClock,
    Lab,
    calls,
    lab,
    validated,
)

from hvsim.model.images import Image  # isort: skip
from hvsim.rules import Rule  # isort: skip

DISK = r"C:\VMs\web1\web1.vhdx"
MORE = r"C:\VMs\web1\more.vhdx"
ISO, OTHER_ISO = r"C:\ISO\debian.iso", r"C:\ISO\drivers.iso"
PIPE = r"\\.\pipe\web1"
MIB, GIB = 1024**2, 1024**3

WEB1: dict[str, Any] = {
    "name": "web1",
    "vcpus": 2,
    "memory": "2GiB",
    "disks": [{"path": DISK, "size": "20GiB"}, {"device": "cdrom"}],
    "nics": [{"network": "External"}],
}
ALL: dict[str, Any] = {
    "name": "web1",
    "vcpus": 2,
    "cpu": {"nested": True},
    "memory": "2GiB",
    "dynamic_memory": {
        "enabled": True,
        "minimum": "1GiB",
        "maximum": "4GiB",
        "buffer": 30,
        "weight": 6000,
    },
    "firmware": {
        "type": "uefi",
        "secure_boot": True,
        "secure_boot_template": "microsoftueficertificateauthority",
    },
    "boot": ["network", "disk"],
    "disks": [
        {"path": DISK, "size": "20GiB"},
        {"path": MORE, "size": "1GiB", "sparse": False},
        {"device": "cdrom", "path": ISO},
    ],
    "nics": [
        {"network": "External"},
        {"network": "External", "vlan": 7, "mac": "02:15:5d:11:22:33"},
        {"connected": False},
    ],
    "description": "a machine",
    "start_action": "always",
    "start_delay": 30,
    "stop_action": "shut_down",
    "checkpoint_type": "standard",
    "serials": [{"type": "none"}, {"type": "pipe", "path": PIPE}],
    "integration_services": {"guest_services": True, "backup": False},
    "hyperv": {
        "Msvm_ProcessorSettingData": {"Limit": 50000},
        "Msvm_VirtualSystemSettingData": {"LockOnDisconnect": True},
    },
}


@pytest.fixture
def host() -> Iterator[Lab]:
    """A host with two ISO images, on which jobs end at once."""
    with lab(vms=1) as opened:
        with_files(opened)
        yield opened


def with_files(opened: Lab) -> None:
    opened.host.model.files.make_directory(r"C:\VMs\web1")
    for path in (ISO, OTHER_ISO):
        opened.host.model.images.add(Image(path, MIB))


def run(opened: Lab, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    return vm.run(opened.hypervisor, validated(vm.TASK, **options), check_mode)


def make(opened: Lab, state: str = "present", **options: Any) -> dict[str, Any]:
    """Run it, and again, which has nothing to do; the first result."""
    check = run(opened, True, state=state, **options)
    result = run(opened, state=state, **options)
    assert result["changed"]
    assert check["diff"] == result["diff"]
    again = run(opened, state=state, **options)
    assert not again["changed"], again["diff"]
    return result


def is_there(opened: Lab, name: str) -> bool:
    return any(one.name == name for one in opened.host.model.machines.values())


def test_machine_is_made_with_all_that_was_described(host: Lab) -> None:
    result = make(host, **ALL)["vm"]
    assert result["os"]["boot"] == ["network", "disk", "cdrom"]
    assert [disk["target"] for disk in result["disks"]] == [
        "scsi0:0",
        "scsi0:1",
        "scsi0:2",
    ]
    machine = host.host.model.machine("web1")
    configuration = machine.configuration
    assert (configuration.generation, configuration.processors) == (2, 2)
    memory = configuration.memory
    assert (memory.startup, memory.minimum, memory.maximum) == (2048, 1024, 4096)
    assert (memory.dynamic, memory.buffer, memory.weight) == (True, 30, 6000)
    assert [drive.path for drive in configuration.drives] == [DISK, MORE, ISO]
    assert [nic.vlan for nic in configuration.nics] == [None, 7, None]
    assert [nic.is_connected for nic in configuration.nics] == [True, True, False]
    assert configuration.nics[1].mac == "02155D112233"
    assert configuration.serial[1]["Connection"] == [PIPE]
    assert configuration.processor_settings["Limit"] == 50000
    assert configuration.settings["LockOnDisconnect"] is True
    disk = host.host.model.images.find(DISK)
    assert disk is not None
    assert disk.capacity == 20 * GIB


def test_check_mode_makes_nothing(host: Lab) -> None:
    assert run(host, True, **ALL)["changed"]
    assert not is_there(host, "web1")
    assert host.host.model.images.find(DISK) is None
    assert {exchange.verb for exchange in host.host.requests} == {"Enumerate"}


def test_machine_of_the_first_generation_boots_from_ide(host: Lab) -> None:
    result = make(
        host,
        name="old",
        generation=1,
        boot=["cdrom", "disk"],
        disks=[
            {"path": r"C:\VMs\old.vhd", "size": "1GiB"},
            {"device": "cdrom", "path": ISO},
            {"path": r"C:\VMs\more.vhdx", "size": "1GiB", "bus": "scsi"},
            {"device": "floppy", "media": False},
        ],
        nics=[{"network": "External", "model": "emulated"}, {"network": "External"}],
    )["vm"]
    assert [(disk["target"], disk["source"]) for disk in result["disks"]] == [
        ("ide0:0", r"C:\VMs\old.vhd"),
        ("ide1:0", ISO),
        ("scsi0:0", r"C:\VMs\more.vhdx"),
    ]
    assert result["os"]["boot"] == ["cdrom", "disk", "network", "floppy"]
    assert [nic["model"] for nic in result["nics"]] == ["emulated", "synthetic"]


def test_image_builds_on_another_and_grows(host: Lab) -> None:
    base = {"path": DISK, "size": "1GiB"}
    make(host, name="base", disks=[base])
    child = {"path": MORE, "backing": DISK, "size": "2GiB"}
    make(host, name="child", disks=[child])
    image = host.host.model.images.find(MORE)
    assert image is not None
    assert (image.parent, image.capacity) == (DISK, 2 * GIB)
    make(host, name="child", disks=[{**child, "size": "3GiB"}])
    assert image.capacity == 3 * GIB


#: What is changed of a machine that is off, and where the model has it.
CHANGES = [
    ({"vcpus": 4}, "configuration.processors", 4),
    ({"cpu": {"nested": True}}, None, None),
    ({"memory": "4GiB"}, "configuration.memory.startup", 4096),
    ({"dynamic_memory": {"enabled": True}}, "configuration.memory.dynamic", True),
    ({"dynamic_memory": {"weight": 100}}, "configuration.memory.weight", 100),
    ({"firmware": {"secure_boot": False}}, None, None),
    ({"firmware": {"secure_boot_template": "OpenSourceShieldedVM"}}, None, None),
    ({"boot": ["network"]}, None, None),
    ({"boot": ["cdrom", "network", "disk"]}, None, None),
    ({"description": "other\nlines"}, None, None),
    ({"autostart": True}, None, None),
    ({"start_action": "nothing"}, None, None),
    ({"start_delay": 90}, None, None),
    ({"stop_action": "off"}, None, None),
    ({"checkpoint_type": "disabled"}, None, None),
    ({"serials": [{"type": "pipe", "path": PIPE}]}, None, None),
    (
        {"integration_services": {"heartbeat": False, "guest_services": True}},
        None,
        None,
    ),
    ({"hyperv": {"Msvm_ProcessorSettingData": {"Weight": 200}}}, None, None),
    ({"hyperv": {"Msvm_MemorySettingData": {"Weight": 77}}}, None, None),
    (
        {
            "hyperv": {
                "Msvm_SecuritySettingData": {"VirtualizationBasedSecurityOptOut": True}
            }
        },
        None,
        None,
    ),
    ({"nics": [{"network": "External", "vlan": 9}]}, None, None),
    ({"nics": [{"connected": False}]}, None, None),
    ({"nics": [{"network": "External"}, {"network": "Internal"}]}, None, None),
    ({"disks": [{"device": "cdrom", "path": ISO}]}, None, None),
    ({"disks": [{"path": MORE, "size": "1GiB", "target": "scsi0:9"}]}, None, None),
    ({"disks": [{"path": DISK, "size": "30GiB"}]}, None, None),
    ({"disks": [{"path": DISK, "state": "absent"}]}, None, None),
    ({"disks": [{"target": "scsi0:1", "state": "absent"}]}, None, None),
]


def named(value: object) -> str | None:
    return str(value)[:60] if isinstance(value, dict) else None


@pytest.mark.parametrize(("change", "where", "value"), CHANGES, ids=named)
def test_machine_that_is_off_is_changed(
    host: Lab, change: dict[str, Any], where: str | None, value: Any
) -> None:
    run(host, **WEB1)
    result = make(host, name="web1", **change)
    assert result["restart_needed"] == []
    if where is not None:
        found: Any = host.host.model.machine("web1")
        for name in where.split("."):
            found = getattr(found, name)
        assert found == value


LIVE = [
    {"memory": "4GiB"},
    {"dynamic_memory": {"weight": 100}},
    {"description": "other"},
    {"start_action": "nothing"},
    {"start_delay": 90},
    {"stop_action": "off"},
    {"checkpoint_type": "disabled"},
    {"serials": [{"type": "pipe", "path": PIPE}]},
    {"integration_services": {"heartbeat": False, "guest_services": True}},
    {"hyperv": {"Msvm_ProcessorSettingData": {"Weight": 200}}},
    {"nics": [{"network": "External", "vlan": 9}]},
    {"nics": [{"connected": False}]},
    {"nics": [{"network": "External"}, {"network": "Internal"}]},
    {"disks": [{"device": "cdrom", "path": ISO}]},
    {"disks": [{"path": MORE, "size": "1GiB"}]},
    {"disks": [{"path": DISK, "size": "30GiB"}]},
]


@pytest.mark.parametrize("change", LIVE, ids=named)
def test_machine_that_runs_is_changed(host: Lab, change: dict[str, Any]) -> None:
    run(host, **WEB1, state="running")
    result = make(host, name="web1", **change)
    assert result["restart_needed"] == []
    assert host.power("web1") == "running"


NOT_LIVE = [
    {"vcpus": 4},
    {"cpu": {"nested": True}},
    {"dynamic_memory": {"enabled": True}},
    {"firmware": {"secure_boot": False}},
    {"boot": ["network"]},
    {"hyperv": {"Msvm_VirtualSystemSettingData": {"LowMmioGapSize": 256}}},
]


@pytest.mark.parametrize("change", NOT_LIVE, ids=named)
def test_what_needs_the_machine_off_is_refused_or_restarts_it(
    host: Lab, change: dict[str, Any]
) -> None:
    run(host, **WEB1, state="running")
    host.host.requests.clear()
    with pytest.raises(PlanRefused) as caught:
        run(host, name="web1", **change)
    assert caught.value.remedy
    assert set(host.host.requests.counts()) <= {
        "Enumerate",
        "GetVirtualHardDiskSettingData",
    }
    result = make(host, name="web1", apply="restart", **change)
    assert "start" in result["actions"]
    assert host.power("web1") == "running"


REFUSED = [
    ({"vcpus_max": 4}, "there is no vcpus_max on Hyper-V"),
    ({"memory_max": "4GiB"}, "there is no memory_max on Hyper-V"),
    ({"machine": "q35"}, "there is no machine on Hyper-V"),
    ({"graphics": [{"type": "vnc"}]}, "there is no graphics on Hyper-V"),
    ({"cpu": {"mode": "host-model"}}, "there is no cpu.mode on Hyper-V"),
    ({"generation": 1}, "is of generation 2 and can't become one of generation 1"),
    ({"firmware": {"type": "bios"}}, "can't become one of generation 1"),
    ({"generation": 1, "firmware": {"type": "uefi"}}, "generation is 1 and firmware"),
    ({"version": "5.0"}, "has configuration version 10.0 and can't get version 5.0"),
    ({"firmware": {"secure_boot_template": "Mine"}}, "'Mine', which is no template"),
    ({"memory": 2**30 + 1024**2}, "in steps of 2 MiB"),
    ({"vcpus": 0}, "vcpus is 0"),
    ({"start_delay": -3}, "start_delay is -3"),
    (
        {"dynamic_memory": {"enabled": True, "buffer": -1}},
        "dynamic_memory.buffer is -1",
    ),
    ({"dynamic_memory": {"minimum": "1GiB"}}, "dynamic memory is off"),
    ({"serials": [{"type": "pty"}]}, "serials[0].type can't be pty"),
    ({"serials": [{"type": "pipe", "path": "com1"}]}, "'com1', which is no named pipe"),
    ({"serials": [{"type": "none"}] * 3}, "a machine has two serial ports"),
    ({"autostart": True, "start_action": "nothing"}, "autostart is true and start_"),
    ({"disks": [{"pool": "p", "volume": "v"}]}, "'p/v', which is no whole path"),
    ({"disks": [{"path": r"C:\a.qcow2", "size": 512}]}, "images end in .vhdx or .vhd"),
    ({"disks": [{"path": MORE, "size": 513}]}, "513 bytes, which are no whole sectors"),
    ({"disks": [{"path": MORE, "format": "vhd"}]}, "format is vhd and its path ends"),
    ({"disks": [{"path": MORE, "format": "raw"}]}, "format can't be raw"),
    ({"disks": [{"path": MORE, "bus": "virtio"}]}, "bus can't be virtio for a disk"),
    ({"disks": [{"path": MORE, "target": "ide0:0"}]}, "target can't be ide0:0"),
    ({"disks": [{"path": MORE, "target": "scsi9:0"}]}, "'scsi9:0', which is no place"),
    ({"disks": [{"path": MORE, "serial": "1"}]}, "there is no disks[0].serial"),
    ({"disks": [{"path": MORE, "readonly": True}]}, "readonly can't be true"),
    ({"disks": [{"device": "floppy"}]}, "can't be floppy on a machine of generation 2"),
    ({"disks": [{"path": MORE}]}, "is not there"),
    ({"disks": [{"path": DISK, "size": "1GiB"}]}, "would shrink"),
    ({"nics": [{"bridge": "br0"}]}, "there is no nics[0].bridge"),
    ({"nics": [{"model": "emulated"}]}, "model can't be emulated on a machine of gen"),
    ({"nics": [{"vlan": 5000}]}, "nics[0].vlan is 5000"),
    ({"boot": ["floppy"]}, "boot names floppy, and the machine has no such device"),
    ({"hyperv": {"Msvm_Nothing": {"A": 1}}}, "Msvm_Nothing, which is no class of"),
    ({"hyperv": {"Win32_Service": {"Name": 1}}}, "Win32_Service, which is no class"),
    (
        {"hyperv": {"Msvm_ProcessorSettingData": {"Limits": 1}}},
        "hyperv.Msvm_ProcessorSettingData has no property Limits",
    ),
    (
        {"hyperv": {"Msvm_ProcessorSettingData": {"Limit": "much"}}},
        "hyperv.Msvm_ProcessorSettingData.Limit: 'much' is no CIM uint64",
    ),
    ({"hyperv": {"Msvm_ProcessorSettingData": 1}}, "is no mapping of properties"),
    (
        {"hyperv": {"Msvm_EmulatedEthernetPortSettingData": {"Weight": 1}}},
        "has no Msvm_EmulatedEthernetPortSettingData",
    ),
    (
        {"hyperv": {"Msvm_PciExpressSettingData": {"TargetVtl": 1}}},
        "can't read Msvm_PciExpressSettingData of machine web1",
    ),
]


@pytest.mark.parametrize(("change", "words"), REFUSED, ids=named)
def test_what_hyperv_does_not_have_is_refused_in_one_sentence(
    host: Lab, change: dict[str, Any], words: str
) -> None:
    run(host, **WEB1)
    host.host.requests.clear()
    for check_mode in (True, False):
        with pytest.raises(HypervisorConnectError) as caught:
            run(host, check_mode, name="web1", **change)
        assert words in caught.value.what
        assert caught.value.remedy
        assert "\n" not in caught.value.what
    assert set(host.host.requests.counts()) <= {
        "Enumerate",
        "GetVirtualHardDiskSettingData",
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"nics": [{"network": "Nowhere"}]}, "there is no switch Nowhere"),
        (
            {"nics": [{"network": "External"}, {"connected": True}]},
            "is to be connected and has no switch",
        ),
        (
            {"disks": [{"path": MORE, "size": "1GiB", "target": "scsi1:0"}]},
            "there is no controller for scsi1:0",
        ),
    ],
    ids=named,
)
def test_what_only_the_host_can_tell_is_refused_before_a_machine_changes(
    host: Lab, change: dict[str, Any], words: str
) -> None:
    run(host, **WEB1)
    before = repr(host.host.model.machine("web1").configuration)
    with pytest.raises(PlanRefused, match=words):
        run(host, name="web1", vcpus=8, **change)
    assert repr(host.host.model.machine("web1").configuration) == before


def test_libvirts_own_option_is_left_alone(host: Lab) -> None:
    run(host, **WEB1)
    own = [{"xpath": "/domain", "xml": "<a/>"}]
    assert not run(host, name="web1", libvirt=own)["changed"]


def test_media_are_exchanged_and_taken_out_while_the_machine_runs(host: Lab) -> None:
    run(host, **WEB1, state="running")
    drive = host.host.model.machine("web1").configuration.drives[1]
    for cdrom, path in (
        ({"path": ISO}, ISO),
        ({"path": OTHER_ISO}, OTHER_ISO),
        ({"media": False}, None),
        ({"path": ISO, "target": "scsi0:1"}, ISO),
    ):
        make(host, name="web1", disks=[{"device": "cdrom", **cdrom}])
        assert drive.path == path


def test_machine_is_renamed_by_its_uuid(host: Lab) -> None:
    uuid = run(host, **WEB1)["vm"]["uuid"]
    make(host, uuid=uuid, name="web2")
    assert host.host.model.machine("web2").guid == uuid.upper()
    assert not is_there(host, "web1")


def test_devices_go_with_their_media_and_connections(host: Lab) -> None:
    run(host, **ALL)
    mac = "02:15:5d:11:22:33"
    make(
        host,
        name="web1",
        disks=[
            {"path": MORE, "state": "absent"},
            {"target": "scsi0:2", "state": "absent", "device": "cdrom"},
        ],
        nics=[{"mac": mac, "state": "absent"}],
        boot=["disk"],
    )
    configuration = host.host.model.machine("web1").configuration
    assert [drive.path for drive in configuration.drives] == [DISK]
    assert [nic.mac for nic in configuration.nics].count("02155D112233") == 0
    assert len(configuration.nics) == 2
    assert host.host.model.images.find(MORE) is not None


def test_vlans_come_change_and_go(host: Lab) -> None:
    run(host, **WEB1, state="running")
    for vlan in (5, 6, 0):
        make(host, name="web1", nics=[{"vlan": vlan}])
        nic = host.host.model.machine("web1").configuration.nics[0]
        assert (nic.vlan or 0) == vlan


def test_cut_adapter_stays_cut_and_keeps_its_switch(host: Lab) -> None:
    run(host, **WEB1, state="running")
    make(host, name="web1", nics=[{"connected": False}])
    result = make(host, name="web1", nics=[{"network": "Internal"}])
    assert result["vm"]["nics"][0]["connected"] is False
    assert result["vm"]["nics"][0]["source"] == "Internal"
    result = make(host, name="web1", nics=[{"connected": True}])
    assert result["vm"]["nics"][0]["source"] == "Internal"


def test_adapters_without_an_address_yet_are_told_apart(host: Lab) -> None:
    run(host, name="web1", nics=[{}, {}, {}])
    nics = host.host.model.machine("web1").configuration.nics
    for nic in nics:
        nic.mac = "000000000000"
    wanted: list[dict[str, Any]] = [{"network": "External"}, {"network": "Internal"}]
    wanted.append({"network": "External", "vlan": 3})
    result = make(host, name="web1", nics=wanted)
    assert [nic["mac"] for nic in result["vm"]["nics"]] == [None] * 3
    names = {switch.guid: switch.name for switch in host.host.model.switches}
    assert [names.get(str(nic.switch)) for nic in nics] == [
        "External",
        "Internal",
        "External",
    ]
    assert [nic.vlan for nic in nics] == [None, None, 3]
    gone = {"state": "absent"}
    run(
        host, name="web1", nics=[{"network": "External"}, {"network": "Internal"}, gone]
    )
    assert len(host.host.model.machine("web1").configuration.nics) == 2


def test_disk_without_an_image_that_is_not_there_is_refused(host: Lab) -> None:
    run(host, **WEB1)
    with pytest.raises(PlanRefused, match="machine web1 has no disk scsi0:9"):
        run(host, name="web1", disks=[{"target": "scsi0:9"}])
    assert not run(host, name="web1", disks=[{"target": "scsi0:0"}])["changed"]


@pytest.mark.parametrize("part", ["drives", "nics", "scsi"])
def test_what_the_host_does_not_keep_is_told(host: Lab, part: str) -> None:
    run(host, name="web1", vcpus=1)
    configuration = host.host.model.machine("web1").configuration

    class Forgetful(list[object]):
        def append(self, item: object) -> None:
            del item

        def __deepcopy__(self, memo: object) -> Any:
            return Forgetful(self)

    setattr(configuration, part, Forgetful())
    with pytest.raises(OperationFailed, match="the host did not keep"):
        run(
            host,
            name="web1",
            disks=[{"path": MORE, "size": "1GiB"}],
            nics=[{"network": "External"}],
        )


def test_more_disks_than_a_controller_holds_get_another_one(host: Lab) -> None:
    disks = [
        {"path": rf"C:\VMs\web1\{number:02}.vhdx", "size": "1GiB"}
        for number in range(66)
    ]
    make(host, name="web1", disks=disks)
    configuration = host.host.model.machine("web1").configuration
    assert len(configuration.scsi) == 2
    host.host.requests.clear()
    make(host, name="web2", disks=[{"path": MORE, "size": "1GiB"}])
    assert calls(host.host, "AddResourceSettings") == 3


def test_calls_do_not_depend_on_the_number_of_devices(host: Lab) -> None:
    counts = []
    for number in (1, 8):
        nics = [{"network": "External"}] * number
        disks = [
            {"path": rf"C:\VMs\web1\{number}-{n}.vhdx", "size": "1GiB"}
            for n in range(number)
        ]
        host.host.requests.clear()
        make(host, name=f"web{number}", disks=disks, nics=nics)
        counts.append(host.host.requests.counts())
    for name in ("CreateVirtualHardDisk", "GetVirtualHardDiskSettingData"):
        for one in counts:
            one.pop(name, None)
    assert counts[0] == counts[1]


def test_first_disks_of_a_machine_that_runs_come_with_a_restart(host: Lab) -> None:
    run(host, name="web1", vcpus=1, state="running")
    disks = [{"path": path, "size": "1GiB"} for path in (DISK, MORE)]
    with pytest.raises(PlanRefused):
        run(host, name="web1", disks=disks)
    make(host, name="web1", disks=disks, apply="restart")
    assert host.power("web1") == "running"
    old: dict[str, Any] = {"name": "old", "generation": 1}
    run(host, **old, state="running")
    more = {"path": r"C:\VMs\old.vhdx", "size": "1GiB"}
    result = make(host, **old, disks=[more], apply="restart")
    assert result["vm"]["disks"][0]["target"] == "ide0:0"


def test_machine_that_is_paused_is_changed_as_one_that_runs(host: Lab) -> None:
    run(host, **WEB1, state="paused")
    make(host, name="web1", memory="4GiB", nics=[{}, {"network": "External"}])
    assert host.power("web1") == "paused"
    with pytest.raises(PlanRefused):
        run(host, name="web1", vcpus=4)


def test_saved_machine_is_left_alone(host: Lab) -> None:
    run(host, **WEB1, state="running")
    run(host, name="web1", state="saved")
    with pytest.raises(PlanRefused, match="is saved"):
        run(host, name="web1", memory="4GiB")


def test_tpm_needs_a_key_protector_and_then_comes_and_goes(host: Lab) -> None:
    run(host, **WEB1)
    with pytest.raises(OperationFailed, match="a TPM needs a key protector") as caught:
        run(host, name="web1", firmware={"tpm": True})
    assert "Set-VMKeyProtector -NewLocalKeyProtector" in str(caught.value.remedy)
    machine = host.host.model.machine("web1")
    machine.configuration.key_protector = b"a key protector"
    make(host, name="web1", firmware={"tpm": True})
    assert machine.configuration.security["TpmEnabled"] is True
    make(host, name="web1", firmware={"tpm": False})
    found = host.hypervisor.find_vm("web1", detail="full")
    set_tpm(host.hypervisor, found, enabled=True, doing="test")
    assert machine.configuration.security["TpmEnabled"] is True


def test_floppies_of_the_first_generation_are_put_in_and_taken_out(host: Lab) -> None:
    host.host.model.images.add(Image(r"C:\a.vfd", MIB))
    host.host.model.images.add(Image(r"C:\b.vfd", MIB))
    run(host, name="old", generation=1)
    configuration = host.host.model.machine("old").configuration
    for path in (r"C:\a.vfd", r"C:\b.vfd"):
        make(host, name="old", disks=[{"device": "floppy", "path": path}])
        assert configuration.floppy == path
    make(host, name="old", disks=[{"device": "floppy", "media": False}])
    assert configuration.floppy is None


def test_parts_of_a_change_are_made_one_after_another(host: Lab) -> None:
    run(host, **WEB1)
    found = host.hypervisor.find_vm("web1", detail="full")
    disk = Change("disks", None, ADD, None, {}, DiskWish(source=MORE))
    drives = DriveChanges(host.hypervisor, found, [disk])
    assert drives.has_new_drives
    assert not drives.needs_controllers
    assert (drives.new_controllers(), drives.other_media()) == ([], [])
    drives.read_again()
    (new,) = drives.new_drives()
    assert new["AddressOnParent"] == "2"
    settings = settings_path(found.uuid)
    added: dict[str, Any] = {
        "AffectedConfiguration": settings,
        "ResourceSettings": [new],
    }
    host.hypervisor.do("test", "AddResourceSettings", **added)
    (medium,) = drives.new_media()
    assert medium["HostResource"] == [MORE]
    nic = Change("nics", None, ADD, None, {"vlan": 5}, NicWish(vlan=5))
    adapters = AdapterChanges(host.hypervisor, found, [nic])
    assert adapters.has_vlans
    (port,) = adapters.new_adapters()
    assert port["ElementName"] == "Network Adapter 2"
    added["ResourceSettings"] = [port]
    host.hypervisor.do("test", "AddResourceSettings", **added)
    adapters.read_again()
    assert adapters.other_connections() == []
    (connection,) = adapters.new_connections()
    assert connection["EnabledState"] == 3
    assert adapters.vlan_changes() == ([], [])
    with pytest.raises(PlanRefused, match="not there any more"):
        gone = replace((found.disks or ())[0], target="scsi0:60")
        change = Change("disks", "scsi0:60", REMOVE, None, None, None, gone)
        MachineChanges(host.hypervisor, found, [change])


# -- what goes wrong on the way ------------------------------------------------------------


METHODS = (
    "CreateVirtualHardDisk",
    "DefineSystem",
    "ModifySystemSettings",
    "ModifyResourceSettings",
    "ModifyGuestServiceSettings",
    "AddResourceSettings",
    "AddFeatureSettings",
)
STEPS = [(name, skip) for name in METHODS for skip in range(3)]


@pytest.mark.parametrize("after", [True, False], ids=["done", "not-done"])
@pytest.mark.parametrize(("method", "skip"), STEPS)
def test_run_that_broke_off_is_finished_by_the_next_one(
    host: Lab, method: str, skip: int, after: bool
) -> None:
    rule = Rule("drop", action=f"*/{method}", after=after, skip=skip)
    host.host.rules.add(rule)
    try:
        run(host, **ALL)
    except ConnectionLost as error:
        assert error.remedy
    else:
        assert calls(host.host, method) <= skip
    run(host, **ALL)
    again = run(host, **ALL)
    assert not again["changed"], again["diff"]
    configuration = host.host.model.machine("web1").configuration
    assert [drive.path for drive in configuration.drives] == [DISK, MORE, ISO]
    assert len(configuration.nics) == 3
    assert len(configuration.scsi) == 1
    names = [one.name for one in host.host.model.machines.values()]
    assert names.count("web1") == 1


def test_machine_is_made_and_changed_while_jobs_take_time() -> None:
    with lab(vms=1, job_seconds=0.05) as opened:
        with_files(opened)
        make(opened, **ALL)
        make(opened, name="web1", vcpus=4, nics=[{"vlan": 3}])


JOBS = (
    "create_disk",
    "define_machine",
    "modify_machine",
    "modify_resources",
    "add_resources",
)


@pytest.mark.parametrize("skip", range(2))
@pytest.mark.parametrize("job", JOBS)
def test_job_that_fails_is_told_and_made_good_by_the_next_run(
    job: str, skip: int
) -> None:
    with lab(vms=1, job_seconds=0.01) as opened:
        with_files(opened)
        words = "'web1' failed to do it."
        rule = Rule("fail-job", job=job, skip=skip, error=32778, message=words)
        opened.host.rules.add(rule)
        try:
            run(opened, **ALL)
        except JobFailed as error:
            assert "'web1' failed to do it" in error.what
            assert (error.details or {})["code"] == 32778
        else:
            assert (job, skip) == ("define_machine", 1)
        run(opened, **ALL)
        again = run(opened, **ALL)
        assert not again["changed"], again["diff"]


@pytest.mark.parametrize("job", JOBS)
def test_job_that_never_ends_is_given_up_and_told(host: Lab, job: str) -> None:
    host.host.rules.add(Rule("hang-job", job=job))
    clock, host.hypervisor.clock = host.hypervisor.clock, HeldClock()
    with pytest.raises(
        OperationTimeout, match="still busy after 600 seconds"
    ) as caught:
        run(host, **ALL)
    assert caught.value.remedy
    host.hypervisor.clock = clock
    if job == "create_disk":
        with pytest.raises(HypervisorConnectError):
            run(host, **ALL)
    else:
        run(host, **ALL)
        assert not run(host, **ALL)["changed"]


def test_value_that_the_host_refuses_is_told_in_its_words() -> None:
    with lab(vms=1, job_seconds=0.01) as opened:
        with_files(opened)
        run(opened, **WEB1)
        with pytest.raises(JobFailed) as caught:
            run(opened, name="web1", memory="900TiB")
        assert "must be between" in caught.value.what
        assert not run(opened, **WEB1)["changed"]
