# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a change of a machine of Hyper-V takes effect, and how it spells things."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.changing import (
    generation_of,
    ordered,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.checking import (
    check_description,
    in_own_words,
    timing,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.resources import (
    path_to,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.changes import (
    ADD,
    CHANGE,
    CREATE_IMAGE,
    GROW_IMAGE,
    LIVE,
    OFF,
    REMOVE,
    SET,
    Change,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.description import (
    Description,
    DiskWish,
    NicWish,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.plan import (
    PlanRefused,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    RUNNING,
    Disk,
    Nic,
    OperatingSystem,
    VirtualMachine,
)

ON_SCSI = Disk("disk", "scsi0:0", "scsi", "file", r"C:\a.vhdx", "vhdx", False, False)
ON_IDE = replace(ON_SCSI, target="ide0:0", bus="ide", source=r"C:\b.vhdx")
OLD_DISK = replace(ON_SCSI, target="scsi0:1", source=r"C:\c.vhd", format="vhd")
CDROM = Disk("cdrom", "ide1:0", "ide", "file", None, None, True, False)
NIC = Nic("02:00:00:00:00:01", "switch", "LAN", "synthetic", None)
SECOND = VirtualMachine(
    "web1",
    "11111111-aaaa-4bbb-8ccc-dddddddddddd",
    RUNNING,
    os=OperatingSystem(
        "hvm", "x86_64", None, "uefi", True, None, generation=2, version="9.0"
    ),
    dynamic_memory={"enabled": False},
    disks=(ON_SCSI, OLD_DISK),
    nics=(NIC,),
)
FIRST = replace(
    SECOND,
    os=replace(
        SECOND.os or OperatingSystem("", None, None, "", None, None), generation=1
    ),
    disks=(ON_IDE, CDROM, ON_SCSI),
)
OLD = replace(SECOND, os=replace(SECOND.os, version="5.0"))  # type: ignore[type-var]
DYNAMIC = replace(SECOND, dynamic_memory={"enabled": True})


def set_(part: str, item: str | None = None, before: Any = 1, after: Any = 2) -> Change:
    return Change(part, item, SET, before, after)


def a_disk(action: str, found: Disk | None = None, **wish: Any) -> Change:
    after = {"source": r"C:\x.iso"} if action == CHANGE else None
    return Change("disks", None, action, None, after, DiskWish(**wish), found)


def a_nic(action: str, found: Nic | None = None, **wish: Any) -> Change:
    return Change("nics", None, action, None, {}, NicWish(**wish), found)


def image(action: str, source: str) -> Change:
    return Change("images", source, action, None, None, DiskWish(source=source))


@pytest.mark.parametrize(
    ("vm", "change", "expected"),
    [
        *((SECOND, set_(part), LIVE) for part in ("name", "description", "autostart")),
        *((SECOND, set_(part), LIVE) for part in ("start_action", "start_delay")),
        *((SECOND, set_(part), LIVE) for part in ("stop_action", "checkpoint_type")),
        (SECOND, set_("serials"), LIVE),
        (SECOND, set_("integration_services", "backup"), LIVE),
        *((SECOND, set_(part), OFF) for part in ("vcpus", "boot", "version")),
        (SECOND, set_("cpu", "nested"), OFF),
        (SECOND, set_("firmware", "tpm"), OFF),
        (SECOND, set_("memory"), LIVE),
        (FIRST, set_("memory"), LIVE),
        (OLD, set_("memory"), OFF),
        (DYNAMIC, set_("memory"), OFF),
        (DYNAMIC, set_("dynamic_memory", "enabled", True, False), OFF),
        (DYNAMIC, set_("dynamic_memory", "minimum", 2, 1), LIVE),
        (DYNAMIC, set_("dynamic_memory", "minimum", 1, 2), OFF),
        (DYNAMIC, set_("dynamic_memory", "maximum", 1, 2), LIVE),
        (DYNAMIC, set_("dynamic_memory", "maximum", 2, 1), OFF),
        (SECOND, set_("dynamic_memory", "maximum", None, 1), OFF),
        (DYNAMIC, set_("dynamic_memory", "weight"), LIVE),
        (SECOND, set_("hyperv", "Msvm_ProcessorSettingData.Limit"), LIVE),
        (SECOND, set_("hyperv", "Msvm_ProcessorSettingData.LimitCPUID"), OFF),
        (
            SECOND,
            set_("hyperv", "Msvm_EthernetSwitchPortSecuritySettingData.StormLimit"),
            LIVE,
        ),
        (SECOND, set_("hyperv", "Msvm_SecuritySettingData.KsdEnabled"), OFF),
        (SECOND, image(CREATE_IMAGE, r"C:\x.vhdx"), LIVE),
        (SECOND, image(GROW_IMAGE, r"c:\A.vhdx"), LIVE),
        (SECOND, image(GROW_IMAGE, r"C:\c.vhd"), OFF),
        (FIRST, image(GROW_IMAGE, r"C:\b.vhdx"), OFF),
        (SECOND, image(GROW_IMAGE, r"C:\unused.vhdx"), LIVE),
        (SECOND, a_disk(ADD, source="x"), LIVE),
        (SECOND, a_disk(ADD, source="x", target="scsi0:9"), LIVE),
        (SECOND, a_disk(ADD, source="x", target="scsi1:0"), OFF),
        (SECOND, a_disk(ADD, device="cdrom"), LIVE),
        (FIRST, a_disk(ADD, device="cdrom"), OFF),
        (FIRST, a_disk(ADD, source="x"), LIVE),
        (FIRST, a_disk(ADD, source="x", bus="ide"), OFF),
        (FIRST, a_disk(ADD, source="x", target="ide0:1"), OFF),
        (FIRST, a_disk(ADD, device="floppy"), LIVE),
        (replace(SECOND, disks=()), a_disk(ADD, source="x"), OFF),
        (SECOND, a_disk(REMOVE, ON_SCSI), LIVE),
        (FIRST, a_disk(REMOVE, ON_IDE), OFF),
        (FIRST, a_disk(CHANGE, CDROM), LIVE),
        (FIRST, a_disk(CHANGE, ON_IDE), OFF),
        (SECOND, a_nic(ADD), LIVE),
        (SECOND, a_nic(REMOVE, NIC), LIVE),
        (SECOND, a_nic(CHANGE, NIC), LIVE),
        (OLD, a_nic(ADD), OFF),
        (FIRST, a_nic(ADD), OFF),
        (FIRST, a_nic(CHANGE, NIC), LIVE),
    ],
)
def test_change_of_a_machine_that_is_on_takes_effect(
    vm: VirtualMachine, change: Change, expected: str
) -> None:
    assert timing(vm, change) == expected


def test_boot_order_of_a_description_is_whole() -> None:
    system = replace(
        SECOND.os or OperatingSystem("", None, None, "", None, None),
        boot=("disk", "network", "cdrom"),
    )
    vm = replace(SECOND, os=system)
    wanted = Description(values={"boot": ["network"]})
    assert in_own_words(wanted, vm).values["boot"] == ["network", "disk", "cdrom"]


def test_description_is_spelled_as_results_are() -> None:
    wanted = Description(
        values={
            "description": "",
            "serials": [{"type": "pipe", "path": "p"}, {"type": "none"}],
            "firmware": {
                "tpm": True,
                "secure_boot_template": "272e7447-90a4-4563-a4b9-8e4ab00526ce",
            },
        },
        nics=(NicWish(network="lan"), NicWish(network="WAN"), NicWish()),
    )
    found = in_own_words(wanted, SECOND)
    assert found.values == {
        "serials": [{"type": "pipe", "path": "p"}],
        "firmware": {
            "tpm": True,
            "secure_boot_template": "MicrosoftUEFICertificateAuthority",
        },
    }
    assert [nic.network for nic in found.nics] == ["LAN", "WAN", None]
    assert in_own_words(wanted, replace(SECOND, description="x")).values[
        "description"
    ] == ("")


@pytest.mark.parametrize(
    ("values", "generation"),
    [
        ({}, 2),
        ({"generation": 1}, 1),
        ({"firmware": {"type": "bios"}}, 1),
        ({"firmware": {"type": "uefi"}}, 2),
    ],
)
def test_generation_is_named_or_that_of_the_firmware(
    values: dict[str, Any], generation: int
) -> None:
    assert generation_of(Description(name="web1", values=values)) == generation
    check_description(Description(name="web1", values=values), None)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Description(name="a", uuid=SECOND.uuid), "uuid of one's own"),
        (
            Description(values={"generation": 1, "firmware": {"tpm": True}}),
            "firmware.tpm is not for machines of generation 1",
        ),
        (
            Description(
                values={"generation": 1, "firmware": {"secure_boot_template": "x"}}
            ),
            "firmware.secure_boot_template is not for machines of generation 1",
        ),
        (Description(values={"boot": ["network"]}), "boot names network"),
        (Description(disks=(DiskWish(device="floppy"),)), "can't be floppy"),
        (
            Description(
                disks=(DiskWish(source=r"C:\a.vhd", bus="scsi", target="ide0:0"),)
            ),
            "target can't be ide0:0",
        ),
        (
            Description(
                values={"generation": 1},
                disks=(DiskWish(source=r"C:\a.vhd", bus="scsi", target="ide0:0"),),
            ),
            "bus is scsi and its target ide0:0",
        ),
    ],
)
def test_new_machine_that_can_not_be_is_refused(
    wanted: Description, words: str
) -> None:
    with pytest.raises(PlanRefused, match=words) as caught:
        check_description(wanted, None)
    assert caught.value.remedy


def test_boot_sources_keep_their_order_and_none_is_lost() -> None:
    def source(device: str) -> str:
        return str(path_to("Msvm_BootSourceSettingData", device))

    sources = [source(name) for name in ("FILE", r"A\B", r"N\B", r"C\B", r"M\B")]
    kinds = {"a": "disk", "n": "network", "c": "disk", "m": "network"}
    file, one, net, two, more = sources
    assert ordered(sources, ["network"], kinds) == [net, more, file, one, two]
    assert ordered(sources, ["cdrom", "disk"], kinds) == [one, two, file, net, more]
    assert ordered([], ["disk"], kinds) == []
