# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes made in definitions, as tables of XML; and machines that are made."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.changes import (
    ADD,
    CHANGE,
    REMOVE,
    SET,
    Change,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.description import (
    Description,
    DiskWish,
    NicWish,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    ImageInfo,
    VirtualMachine,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.device_xml import (
    number,
    parse_disk,
    parse_graphics,
    parse_nic,
    parse_serial,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.domain_caps import (
    DomainCapabilities,
    from_capabilities,
    parse_domain_capabilities,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.domain_xml import (
    parse_cpu,
    parse_os,
    with_definition,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.edit_xml import (
    Missing,
    add_disk,
    add_nic,
    change_definition,
    edit_disk,
    edit_nic,
    find_disk,
    find_nic,
    fragment_of,
    is_in_definition,
    is_qemu,
    macs,
    missing_scsi,
    scsi_controller,
    target_of,
    targets,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.new_device_xml import (
    choose_bus,
    disk_element,
    free_target,
    graphics_element,
    is_serial,
    nic_element,
    pci_express,
    serial_element,
    set_network,
    set_source,
    tpm_element,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.new_domain_xml import (
    domain_type,
    new_domain,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.storage_xml import (
    Volume,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.values_xml import (
    set_part,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.verbatim_xml import (
    parse_verbatim,
    to_text,
)

MIB = 1024**2
DOMAIN = """<domain type='qemu'>
  <name>web</name>
  <memory unit='KiB'>524288</memory>
  <currentMemory unit='KiB'>262144</currentMemory>
  <vcpu placement='static' current='2'>4</vcpu>
  <vcpus><vcpu id='0' enabled='yes'/></vcpus>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type><boot dev='hd'/></os>
  <cpu mode='custom' match='exact'><model fallback='forbid'>qemu64</model></cpu>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none'/>
      <source file='/images/a.qcow2'/>
      <target dev='vda' bus='virtio'/>
      <address type='pci' bus='0x05'/>
    </disk>
    <disk type='file' device='cdrom'>
      <driver name='qemu' type='raw'/>
      <source file='/images/cd.iso'/>
      <target dev='sda' bus='sata'/>
      <readonly/>
    </disk>
    <controller type='pci' index='0' model='pcie-root'/>
    <controller type='virtio-serial' index='0'><address type='pci' bus='0x04'/></controller>
    <interface type='bridge'>
      <mac address='52:54:00:00:00:AA'/>
      <source bridge='br0'/>
      <model type='virtio'/>
      <boot order='1'/>
    </interface>
    <serial type='pty'><target type='isa-serial' port='0'/></serial>
    <console type='pty'><target type='serial' port='0'/></console>
    <graphics type='vnc' port='-1' autoport='yes'><listen type='address'/></graphics>
  </devices>
</domain>"""
VOLUMES = {
    "/images/b.img": Volume(
        "file", ImageInfo("/images/b.img", 9, "raw"), "/images/b.img"
    ),
    "pool/c": Volume("file", ImageInfo("pool/c", 9, "qcow2"), "/pool/c"),
    "/dev/vg/d": Volume("block", ImageInfo("/dev/vg/d", 9, None), "/dev/vg/d"),
    "pool/x.iso": Volume("file", ImageInfo("pool/x.iso", 9, "iso"), "/pool/x.iso"),
}


def root() -> ET.Element:
    return parse_verbatim(DOMAIN)


def flat(element: ET.Element) -> str:
    """An element on one line, quoted as libvirt does."""
    text = to_text(element).replace(" />", "/>").replace('"', "'")
    return "".join(line.strip() for line in text.splitlines())


def read(element: ET.Element) -> VirtualMachine:
    """What our reading makes of a definition."""
    return with_definition(
        VirtualMachine("web", "u", "stopped"), to_text(element), {}, keep_xml=False
    )


# Part, item, value; what is in the definition then, and what no longer is.
VALUES: list[tuple[str, str | None, Any, list[str], list[str]]] = [
    ("description", None, "a < b", ["<description>a &lt; b</description>"], []),
    ("description", None, "", [], ["description"]),
    ("vcpus", None, 3, ["<vcpu placement='static' current='3'>4</vcpu>"], ["<vcpus>"]),
    ("vcpus", None, 4, ["<vcpu placement='static'>4</vcpu>"], []),
    ("vcpus", None, 6, ["<vcpu placement='static'>6</vcpu>"], []),
    ("vcpus_max", None, 8, ["<vcpu placement='static' current='2'>8</vcpu>"], []),
    ("vcpus_max", None, 1, ["<vcpu placement='static'>1</vcpu>"], []),
    ("memory", None, 300 * MIB, ["<currentMemory unit='KiB'>307200<", ">524288</memory>"], []),
    ("memory", None, 600 * MIB, ["<currentMemory unit='KiB'>614400<", ">614400</memory>"], []),
    ("memory_max", None, 128 * MIB, ["'KiB'>131072</currentMemory>", ">131072</memory>"], []),
    ("memory_max", None, 1024 * MIB, ["'KiB'>262144</currentMemory>", ">1048576</memory>"], []),
    ("machine", None, "pc-q35-8.0", ["machine='pc-q35-8.0'", "model='pcie-root'"], []),
    ("machine", None, "pc", ["machine='pc'", "type='virtio-serial' index='0'/>"],
     ["pcie-root", "type='pci'"]),
    ("boot", None, ["network", "cdrom", "floppy"],
     ["<boot dev='network'/><boot dev='cdrom'/><boot dev='fd'/>"], ["order=", "dev='hd'"]),
    ("graphics", None, [], [], ["graphics"]),
    ("graphics", None, [{"type": "vnc", "listen": "::1", "port": 5901}],
     ["<graphics type='vnc' port='5901' autoport='no' listen='::1'>"
      "<listen type='address' address='::1'/></graphics>"], ["'-1'"]),
    ("serials", None, [], [], ["<serial", "<console"]),
    ("serials", None, [{"type": "pty", "path": None}, {"type": "none", "path": None}],
     ["<serial type='pty'><target type='isa-serial' port='0'/></serial><serial type='null'/>"],
     ["<console"]),
    ("serials", None, [{"type": "file", "path": "/log"}],
     ["<serial type='file'><source path='/log'/></serial>"], ["pty"]),
    ("firmware", "type", "uefi",
     ["<os firmware='efi'>", "<feature enabled='no' name='secure-boot'/>"], ["<loader"]),
    ("firmware", "type", "bios", ["<os><type"], ["firmware"]),
    ("firmware", "secure_boot", True,
     ["<os firmware='efi'>", "<feature enabled='yes' name='enrolled-keys'/>",
      "<feature enabled='yes' name='secure-boot'/>", "<loader secure='yes'/>",
      "<features><smm state='on'/></features>"], []),
    ("firmware", "tpm", True,
     ["<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>"], []),
    ("firmware", "tpm", False, [], ["<tpm"]),
    ("cpu", "topology", {"sockets": 1, "cores": 2, "threads": 2},
     ["<model fallback='forbid'>qemu64</model><topology sockets='1' cores='2' threads='2'/>"],
     []),
    ("cpu", "mode", "host-model", ["<cpu mode='host-model'/>"], ["qemu64"]),
    ("cpu", "model", "Nehalem", ["<model fallback='forbid'>Nehalem</model>"], ["qemu64"]),
    ("cpu", "nested", True, ["<feature policy='require' name='vmx'/>"], []),
    ("cpu", "nested", False, ["<feature policy='disable' name='vmx'/>"], []),
]  # fmt: skip


@pytest.mark.parametrize(("part", "item", "value", "has", "has_not"), VALUES)
def test_value_is_set_in_the_definition_and_nothing_else(
    part: str, item: str | None, value: Any, has: list[str], has_not: list[str]
) -> None:
    domain = root()
    set_part(domain, part, item, value)
    text = flat(domain)
    assert [one for one in has if one not in text] == []
    assert [one for one in has_not if one in text] == []
    assert "cache='none'" in text
    once = to_text(domain)
    set_part(domain, part, item, value)
    assert flat(parse_verbatim(once)) == flat(domain)


def test_machine_with_pci_express_has_room_for_more_devices() -> None:
    domain = root()
    set_part(domain, "machine", None, "pc")
    set_part(domain, "machine", None, "q35")
    assert flat(domain).count("pcie-root-port") == 14
    assert flat(domain).count("model='pcie-root'/>") == 1


def test_variables_with_keys_of_uefi_have_a_file_of_their_own() -> None:
    domain = parse_verbatim(
        "<domain><os><type>hvm</type><loader type='pflash'>/c.fd</loader>"
        "<nvram>/n/web_VARS.fd</nvram></os></domain>"
    )
    set_part(domain, "firmware", "secure_boot", True)
    assert read(domain).os == parse_os(domain)
    assert domain.findtext("os/nvram") == "/n/web_VARS_SECURE_BOOT.fd"
    set_part(domain, "firmware", "secure_boot", False)
    assert domain.findtext("os/nvram") == "/n/web_VARS.fd"
    set_part(domain, "firmware", "type", "bios")
    assert "<os><type>hvm</type></os>" in flat(domain)


@pytest.mark.parametrize(
    ("wish", "has"),
    [
        (DiskWish(source="/images/b.img", serial="s", readonly=True),
         "<disk type='file' device='disk'><driver name='qemu' type='raw'/>"
         "<source file='/images/b.img'/><target dev='vdb' bus='virtio'/><readonly/>"
         "<serial>s</serial></disk>"),
        (DiskWish(source="pool/c"),
         "<disk type='volume' device='disk'><driver name='qemu' type='qcow2'/>"
         "<source pool='pool' volume='c'/><target dev='vdb' bus='virtio'/></disk>"),
        (DiskWish(source="/dev/vg/d"),
         "<disk type='block' device='disk'><driver name='qemu' type='raw'/>"
         "<source dev='/dev/vg/d'/><target dev='vdb' bus='virtio'/></disk>"),
        (DiskWish(device="cdrom", source="pool/x.iso"),
         "<disk type='volume' device='cdrom'><driver name='qemu' type='raw'/>"
         "<source pool='pool' volume='x.iso'/><target dev='vdb' bus='sata'/><readonly/></disk>"),
        (DiskWish(device="floppy"),
         "<disk type='file' device='floppy'><target dev='vdb' bus='fdc'/></disk>"),
    ],
)  # fmt: skip
def test_disk_is_added_as_wished(wish: DiskWish, has: str) -> None:
    domain = root()
    change = Change("disks", "x", ADD, wish=wish)
    change_definition(domain, change, volumes=VOLUMES, target="vdb")
    assert has in flat(domain)
    assert targets(domain) == ["vda", "sda", "vdb"]


def test_names_of_devices_are_told() -> None:
    assert macs(root()) == {"52:54:00:00:00:aa"}
    assert target_of(root(), DiskWish(source="/images/a.qcow2")) == "vda"
    assert target_of(root(), DiskWish(source="/images/none")) is None
    assert target_of(root(), DiskWish(device="cdrom")) is None


def test_disk_on_scsi_gets_a_controller_once() -> None:
    domain = root()
    assert missing_scsi(domain)
    for target in ("sdb", "sdc"):
        add_disk(domain, DiskWish(source="pool/c", bus="scsi"), VOLUMES, target)
    assert flat(domain).count(flat(scsi_controller())) == 1
    other = parse_verbatim("<domain type='test'><devices/></domain>")
    add_disk(other, DiskWish(source="pool/c", bus="scsi"), VOLUMES, "sda")
    assert missing_scsi(other)
    assert is_qemu(domain)
    assert not is_qemu(other)


@pytest.mark.parametrize(
    ("after", "has", "has_not"),
    [
        ({"source": None}, [], ["<source", "<driver"]),
        ({"source": "pool/c"},
         ["type='volume'", "cache='none'", "type='qcow2'", "<source pool='pool' volume='c'/>"],
         ["/images/a.qcow2"]),
        ({"bus": "sata"}, ["<target dev='vda' bus='sata'/>"], ["<address"]),
        ({"readonly": True, "serial": "s"}, ["<readonly/>", "<serial>s</serial>"], []),
        ({"readonly": False}, ["cache='none'"], ["<readonly/>"]),
    ],
)  # fmt: skip
def test_disk_is_changed_where_it_differs(
    after: dict[str, Any], has: list[str], has_not: list[str]
) -> None:
    domain, found = root(), parse_disk(root().findall("devices/disk")[0])
    change = Change("disks", "vda", CHANGE, after=after, wish=DiskWish(), found=found)
    change_definition(domain, change, volumes=VOLUMES)
    text = flat(find_disk(domain, change))
    assert [one for one in has if one not in text] == []
    assert [one for one in has_not if one in text] == []
    assert "/images/cd.iso" in flat(domain)


def test_disk_and_interface_are_removed_and_missed() -> None:
    domain = root()
    disk = Change("disks", "sda", REMOVE, wish=DiskWish(device="cdrom"))
    nic = Change("nics", "52:54:00:00:00:aa", REMOVE, wish=NicWish())
    for change in (disk, nic):
        change_definition(domain, change, volumes={})
        with pytest.raises(Missing, match="any more; run this again"):
            change_definition(domain, change, volumes={})
    assert targets(domain) == ["vda"]
    assert domain.find("devices/interface") is None
    with pytest.raises(Missing, match="no interface"):
        find_nic(domain, nic)


def test_interface_is_added_as_wished() -> None:
    domain = root()
    wish = NicWish(bridge="br1", connected=False, vlan=7, model="e1000e")
    change_definition(
        domain, Change("nics", "1", ADD, wish=wish), volumes={}, mac="52:54:00:00:00:01"
    )
    assert (
        "<interface type='bridge'><source bridge='br1'/><mac address='52:54:00:00:00:01'/>"
        "<model type='e1000e'/><link state='down'/><vlan><tag id='7'/></vlan></interface>"
    ) in flat(domain)
    plain = add_nic(domain, NicWish(), "52:54:00:00:00:02")
    assert "<source network='default'/>" in flat(plain)
    assert "<model type='virtio'/>" in flat(plain)


@pytest.mark.parametrize(
    ("after", "has", "has_not"),
    [
        ({"network": "lan"}, ["type='network'", "<source network='lan'/>"], ["br0"]),
        ({"bridge": "br1"}, ["type='bridge'", "<source bridge='br1'/>"], ["br0"]),
        ({"connected": False}, ["<link state='down'/>", "br0"], []),
        ({"connected": True}, ["br0"], ["<link"]),
        ({"model": "e1000e"}, ["<model type='e1000e'/>"], ["virtio"]),
        ({"vlan": 5}, ["<vlan><tag id='5'/></vlan>"], []),
        ({"vlan": 0}, ["<boot order='1'/>"], ["<vlan"]),
    ],
)
def test_interface_is_changed_where_it_differs(
    after: dict[str, Any], has: list[str], has_not: list[str]
) -> None:
    domain = root()
    found = parse_nic(root().findall("devices/interface")[0], {})
    change = Change("nics", found.mac, CHANGE, after=after, wish=NicWish(), found=found)
    change_definition(domain, change, volumes={})
    text = flat(find_nic(domain, change))
    assert [one for one in has if one not in text] == []
    assert [one for one in has_not if one in text] == []
    nic = find_nic(domain, change)
    once = flat(nic)
    edit_nic(nic, after)
    assert sorted(flat(nic)) == sorted(once)


def test_fragment_is_a_change_of_the_definition() -> None:
    domain = root()
    fragment = {"xpath": "/domain/devices", "xml": "<rng model='virtio'/>"}
    change = Change("libvirt", "/domain/devices/rng", SET, wish=fragment)
    change_definition(domain, change, volumes={})
    assert "<rng model='virtio'/>" in flat(domain)
    assert fragment_of(change) is fragment
    with pytest.raises(TypeError):
        fragment_of(Change("vcpus", None, SET))
    parts = ("libvirt", "vcpus", "disks", "name", "autostart", "images")
    found = [part for part in parts if is_in_definition(Change(part, None, SET))]
    assert found == ["libvirt", "vcpus", "disks"]


@pytest.mark.parametrize(
    ("wish", "machine", "buses", "bus"),
    [
        (DiskWish(bus="usb"), "q35", None, "usb"),
        (DiskWish(), "q35", None, "virtio"),
        (DiskWish(), "q35", ("sata", "scsi"), "scsi"),
        (DiskWish(), "q35", ("sata", "ide"), "sata"),
        (DiskWish(target="hda"), "q35", None, "ide"),
        (DiskWish(target="sdb"), "q35", None, "sata"),
        (DiskWish(device="cdrom"), "pc-q35-7.2", None, "sata"),
        (DiskWish(device="cdrom"), "pc-i440fx-7.2", None, "ide"),
        (DiskWish(device="cdrom"), "virt", None, "scsi"),
        (DiskWish(device="floppy"), "q35", (), "fdc"),
    ],
)
def test_bus_is_the_best_that_there_is(
    wish: DiskWish, machine: str, buses: tuple[str, ...] | None, bus: str
) -> None:
    arch = "aarch64" if machine == "virt" else "x86_64"
    domain = parse_verbatim(
        f"<domain type='kvm'><os><type arch='{arch}' machine='{machine}'/></os></domain>"
    )
    assert choose_bus(wish, domain, buses) == bus


def test_bus_of_a_target_on_scsi_follows_the_controller() -> None:
    domain = parse_verbatim(
        "<domain type='xen'><devices><controller type='scsi'/></devices></domain>"
    )
    assert choose_bus(DiskWish(target="sda"), domain) == "scsi"
    assert choose_bus(DiskWish(), domain) == "xen"


@pytest.mark.parametrize(
    ("bus", "taken", "name"),
    [
        ("virtio", [], "vda"),
        ("sata", ["sda", "sdb"], "sdc"),
        ("ide", ["sda"], "hda"),
        ("virtio", [f"vd{chr(97 + n)}" for n in range(26)], "vdaa"),
        ("virtio", [f"vd{chr(97 + n)}" for n in range(26)] + ["vdaa"], "vdab"),
    ],
)
def test_target_is_the_first_that_is_free(
    bus: str, taken: list[str], name: str
) -> None:
    assert free_target(bus, taken) == name


@pytest.mark.parametrize(
    ("wish", "xml"),
    [
        ({"type": "pty"}, "<serial type='pty'/>"),
        ({"type": "none", "path": "x"}, "<serial type='null'/>"),
        ({"type": "pipe", "path": "/p"}, "<serial type='pipe'><source path='/p'/></serial>"),
        ({"type": "tcp", "path": "127.0.0.1:4555"},
         "<serial type='tcp'><source mode='bind' host='127.0.0.1' service='4555'/>"
         "<protocol type='raw'/></serial>"),
        ({"type": "tcp", "path": ":4555"},
         "<serial type='tcp'><source mode='bind' host='127.0.0.1' service='4555'/>"
         "<protocol type='raw'/></serial>"),
    ],
)  # fmt: skip
def test_serial_port_both_ways(wish: dict[str, Any], xml: str) -> None:
    element = serial_element(wish)
    assert flat(element) == xml
    words = parse_serial(element)
    assert words["type"] == wish["type"]
    assert is_serial(element, words)
    assert not is_serial(element, {"type": "file", "path": "/other"})


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        ("<graphics type='vnc' port='-1' autoport='yes'/>", ("vnc", None, None)),
        ("<graphics type='vnc' port='5900' listen='0.0.0.0'/>", ("vnc", "0.0.0.0", 5900)),
        ("<graphics type='spice'><listen type='address' address='::1'/></graphics>",
         ("spice", "::1", None)),
        ("<graphics type='vnc'><listen type='socket' socket='/s'/></graphics>",
         ("vnc", "/s", None)),
        ("<graphics type='vnc' port='many'/>", ("vnc", None, None)),
    ],
)  # fmt: skip
def test_graphics_are_read(xml: str, words: tuple[Any, ...]) -> None:
    found = parse_graphics(ET.fromstring(xml))
    assert (found["type"], found["listen"], found["port"]) == words


def test_graphics_both_ways() -> None:
    wish = {"type": "spice", "listen": "127.0.0.1", "port": 5930}
    assert parse_graphics(graphics_element(wish)) == wish
    assert parse_graphics(graphics_element({"type": "vnc"}))["port"] is None


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        (None, (None, None, None, None)),
        ("<cpu/>", (None, None, None, None)),
        ("<cpu><model>qemu64</model></cpu>", (None, "custom", "qemu64", None)),
        ("<cpu mode='host-passthrough'><feature policy='require' name='svm'/></cpu>",
         (None, "host-passthrough", None, True)),
        ("<cpu mode='custom'><model>EPYC</model><vendor>AMD</vendor>"
         "<feature policy='disable' name='svm'/></cpu>", (None, "host-model", None, False)),
        ("<cpu><topology sockets='2' dies='1' cores='3' threads='1'/></cpu>",
         ({"sockets": 2, "cores": 3, "threads": 1}, None, None, None)),
    ],
)  # fmt: skip
def test_processor_is_read(xml: str | None, words: tuple[Any, ...]) -> None:
    found = parse_cpu(None if xml is None else ET.fromstring(xml))
    assert (found["topology"], found["mode"], found["model"], found["nested"]) == words


def test_boot_order_is_read_from_devices() -> None:
    found = parse_os(
        ET.fromstring(
            "<domain><os><type>hvm</type></os><devices>"
            "<disk device='cdrom'><boot order='3'/></disk><disk><boot order='1'/></disk>"
            "<interface><boot order='2'/></interface><disk><boot order='4'/></disk>"
            "<tpm/></devices></domain>"
        )
    )
    assert found.boot == ("disk", "network", "cdrom")
    assert found.tpm is True


def test_interface_of_a_network_of_bridges_is_of_the_network() -> None:
    found = parse_nic(
        ET.fromstring(
            "<interface type='bridge'><source network='lan' bridge='br1'/>"
            "<link state='down'/><vlan><tag id='9'/></vlan></interface>"
        ),
        {},
    )
    assert (found.type, found.source, found.vlan, found.connected) == (
        "network",
        "lan",
        9,
        False,
    )


def test_elements_of_devices() -> None:
    assert flat(tpm_element()).startswith("<tpm model='tpm-crb'>")
    assert flat(pci_express()[1]) == "<controller type='pci' model='pcie-root-port'/>"
    nic = nic_element(NicWish(network="a"), mac="52:54:00:00:00:01", model=None)
    set_network(nic, None, "b")
    assert flat(nic) == (
        "<interface type='bridge'><source bridge='b'/>"
        "<mac address='52:54:00:00:00:01'/></interface>"
    )
    disk = disk_element(DiskWish(), None, bus="virtio", target="vda", is_qemu=False)
    set_source(disk, "/x", None, is_qemu=False)
    edit_disk(root(), disk, {"serial": "1"}, {})
    assert flat(disk) == (
        "<disk type='file' device='disk'><driver type='raw'/><source file='/x'/>"
        "<target dev='vda' bus='virtio'/><serial>1</serial></disk>"
    )
    assert [number(text) for text in ("7", "", None, "x")] == [7, None, None, None]


# -- capabilities and new machines -----------------------------------------------------

CAPABILITIES = """<domainCapabilities>
  <path>/usr/bin/qemu-system-x86_64</path><domain>kvm</domain>
  <machine>pc-q35-7.2</machine><arch>x86_64</arch>
  <os supported='yes'><enum name='firmware'><value>efi</value></enum></os>
  <cpu>
    <mode name='host-passthrough' supported='no'/>
    <mode name='host-model' supported='yes'><vendor>AMD</vendor></mode>
  </cpu>
  <devices>
    <disk supported='yes'><enum name='bus'><value>sata</value><value>virtio</value></enum></disk>
    <video supported='yes'><enum name='modelType'><value>vga</value></enum></video>
    <rng supported='yes'><enum name='model'><value>virtio</value></enum></rng>
    <tpm supported='no'><enum name='backendModel'><value>emulator</value></enum></tpm>
  </devices>
</domainCapabilities>"""


def test_domain_capabilities_are_read() -> None:
    found = parse_domain_capabilities(CAPABILITIES)
    assert found == DomainCapabilities(
        domain="kvm",
        arch="x86_64",
        machine="pc-q35-7.2",
        firmwares=("efi",),
        cpu_modes=("host-model",),
        vendor="AMD",
        enums={
            "disk.bus": ("sata", "virtio"),
            "video.modelType": ("vga",),
            "rng.model": ("virtio",),
        },
    )
    assert found.nested == "svm"
    assert found.has("disk.bus", "virtio")
    assert not found.has("tpm.backendModel", "emulator")


def test_capabilities_of_a_driver_without_them() -> None:
    guests = [{"domain_types": ["test"], "arch": "i686"}]
    found = from_capabilities({"guests": guests})
    assert (found.domain, found.arch, found.is_known) == ("test", "i686", False)
    assert found.has("disk.bus", "anything")
    assert found.nested == "vmx"
    assert from_capabilities({}).domain == "qemu"


def test_new_machine_has_what_was_named_and_what_is_usual() -> None:
    wanted = Description(
        name="web",
        uuid="6695eb01-f6a4-8304-79aa-97f2502e193f",
        values={"vcpus": 2, "vcpus_max": 4, "memory": 256 * MIB, "memory_max": 512 * MIB,
                "boot": ["disk", "network"], "cpu": {"nested": True},
                "graphics": [{"type": "vnc"}], "firmware": {"type": "uefi", "secure_boot": True}},
        disks=(DiskWish(source="pool/c"), DiskWish(source="/images/b.img", target="vda"),
               DiskWish(device="cdrom"), DiskWish(source="/no", state="absent")),
        nics=(NicWish(network="lan"), NicWish(state="absent")),
        libvirt=({"xpath": "/domain/devices", "xml": "<watchdog model='itco'/>"},),
    )  # fmt: skip
    domain = new_domain(
        wanted,
        parse_domain_capabilities(CAPABILITIES),
        VOLUMES,
        {0: "52:54:00:00:00:01"},
    )
    vm = read(domain)
    assert domain.findtext("name") == "web"
    assert domain.findtext("uuid") == wanted.uuid
    assert (vm.vcpus, vm.vcpus_max, vm.memory, vm.memory_max) == (
        2,
        4,
        256 * MIB,
        512 * MIB,
    )
    assert vm.os is not None
    assert (vm.os.boot, vm.os.machine) == (("disk", "network"), "pc-q35-7.2")
    assert (vm.os.firmware, vm.os.secure_boot) == ("uefi", True)
    assert vm.cpu is not None
    assert (vm.cpu["mode"], vm.cpu["nested"]) == ("host-model", True)
    assert [(disk.target, disk.source, disk.bus) for disk in vm.disks or ()] == [
        ("vdb", "pool/c", "virtio"),
        ("vda", "/images/b.img", "virtio"),
        ("sda", None, "sata"),
    ]
    assert [(nic.mac, nic.source) for nic in vm.nics or ()] == [
        ("52:54:00:00:00:01", "lan")
    ]
    text = flat(domain)
    for usual in ("org.qemu.guest_agent.0", "<memballoon model='virtio'/>", "/dev/urandom",
                  "<serial type='pty'/>", "type='tablet'", "<model type='vga'/>", "svm",
                  "<watchdog model='itco'/>", "qemu-xhci"):  # fmt: skip
        assert usual in text
    assert text.count("pcie-root-port") == 14


def test_new_machine_of_which_only_the_name_is_known() -> None:
    plain = new_domain(
        Description(name="a"), DomainCapabilities("test", is_known=False), {}, {}
    )
    assert flat(plain) == (
        "<domain type='test'><name>a</name><memory unit='KiB'>1048576</memory>"
        "<vcpu>1</vcpu><os><type>hvm</type></os><devices/></domain>"
    )
    arm = new_domain(
        Description(name="a", values={"serials": []}),
        DomainCapabilities("qemu", arch="aarch64", machine="virt"), {}, {},
    )  # fmt: skip
    assert "<acpi/>" in flat(arm)
    assert "<serial" not in flat(arm)
    assert "pcie-root-port" not in flat(arm)


def test_topology_alone_says_how_many_processors() -> None:
    topology = {"topology": {"sockets": 1, "cores": 2, "threads": 2}}
    wanted = Description(name="a", values={"cpu": topology})
    domain = new_domain(wanted, DomainCapabilities("test", is_known=False), {}, {})
    assert (read(domain).vcpus, read(domain).vcpus_max) == (4, 4)


@pytest.mark.parametrize(
    ("fragments", "kind"),
    [
        ([], None),
        ([("/domain", "<a type='qemu'/>")], None),
        ([("/", ""), ("/", "<domain type='qemu'/>")], "qemu"),
        ([("/", "<domain xmlns:x='y'/>")], None),
    ],
)
def test_fragment_may_choose_the_type_of_the_domain(
    fragments: list[tuple[str, str]], kind: str | None
) -> None:
    found = tuple({"xpath": xpath, "xml": xml} for xpath, xml in fragments)
    assert domain_type(Description(name="a", libvirt=found)) == kind
