# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Domain and snapshot XML of each kind that libvirt's documentation describes.

The snippets are written after the pages "Domain XML format", "Snapshot XML format",
"LXC container driver" and "Xen".
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    Disk,
    Image,
    Nic,
    OperatingSystem,
    Snapshot,
    VirtualMachine,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.device_xml import (
    image_source,
    parse_disk,
    parse_nic,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.domain_xml import (
    has_connected_agent,
    has_tpm_state,
    parse_os,
    with_definition,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.storage_xml import (
    parse_image,
    parse_snapshot,
)

MIB = 1024**2


# -- disks ------------------------------------------------------------------------------


def test_disk_of_a_qcow2_file() -> None:
    element = ET.fromstring("""
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' discard='unmap'/>
      <source file='/images/web1.qcow2' index='2'/>
      <backingStore type='file' index='3'>
        <format type='qcow2'/>
        <source file='/images/mid.qcow2'/>
        <backingStore type='network' index='4'>
          <format type='raw'/>
          <source protocol='rbd' name='pool/base'><host name='mon1' port='6789'/></source>
          <backingStore/>
        </backingStore>
      </backingStore>
      <target dev='vda' bus='virtio'/>
      <serial>WD-1</serial>
      <alias name='virtio-disk0'/>
    </disk>""")
    assert parse_disk(element) == Disk(
        device="disk",
        target="vda",
        bus="virtio",
        type="file",
        source="/images/web1.qcow2",
        format="qcow2",
        readonly=False,
        shareable=False,
        backing=("/images/mid.qcow2", "rbd://mon1/pool/base"),
        serial="WD-1",
    )


def test_disk_says_nothing_but_its_target() -> None:
    assert parse_disk(ET.fromstring("<disk><target dev='hda'/></disk>")) == Disk(
        device="disk",
        target="hda",
        bus=None,
        type="file",
        source=None,
        format=None,
        readonly=False,
        shareable=False,
    )


@pytest.mark.parametrize(
    ("type_", "source", "expected"),
    [
        ("file", "<source file='/a b/ü.img'/>", "/a b/ü.img"),
        ("file", "<source file='/a' startupPolicy='optional'/>", "/a"),
        ("block", "<source dev='/dev/sda'/>", "/dev/sda"),
        ("dir", "<source dir='/var/lib/floppy'/>", "/var/lib/floppy"),
        (
            "volume",
            "<source pool='blk-pool0' volume='blk0.img'/>",
            "blk-pool0/blk0.img",
        ),
        (
            "volume",
            "<source pool='iscsi' volume='unit:0:0:1' mode='direct'/>",
            "iscsi/unit:0:0:1",
        ),
        (
            "network",
            "<source protocol='rbd' name='images/web1'><host name='mon1' port='6321'/>"
            "<host name='mon2'/></source>",
            "rbd://mon1/images/web1",
        ),
        (
            "network",
            "<source protocol='nbd' name='export'><host transport='unix' socket='/s'/>"
            "</source>",
            "nbd:///export",
        ),
        ("network", "<source protocol='sheepdog' name='img'/>", "sheepdog:///img"),
        (
            "network",
            "<source protocol='https' name='a.iso' query='x=1'><host name='w'/></source>",
            "https://w/a.iso",
        ),
        ("vhostvdpa", "<source dev='/dev/vhost-vdpa-0'/>", "/dev/vhost-vdpa-0"),
        ("vhostuser", "<source type='unix' path='/tmp/blk.sock'/>", None),
        (
            "nvme",
            "<source type='pci' managed='yes' namespace='1'><address domain='0'/></source>",
            None,
        ),
        ("file", "", None),
        ("file", "<source file=''/>", None),
        ("file", "<source startupPolicy='optional'/>", None),
    ],
)
def test_source_of_each_type_of_disk(
    type_: str, source: str, expected: str | None
) -> None:
    element = ET.fromstring(f"<disk type='{type_}'>{source}<target dev='vda'/></disk>")
    assert image_source(element) == expected
    assert parse_disk(element).source == expected
    assert parse_disk(element).type == type_


def test_empty_cdrom_with_its_flags() -> None:
    element = ET.fromstring("""
    <disk type='file' device='cdrom'>
      <driver name='qemu' type='raw'/>
      <target dev='sda' bus='sata' tray='open'/>
      <readonly/>
    </disk>""")
    disk = parse_disk(element)
    assert (disk.device, disk.source, disk.readonly) == ("cdrom", None, True)


def test_shareable_disk() -> None:
    element = ET.fromstring(
        "<disk><source file='/a'/><target dev='vda'/><shareable/></disk>"
    )
    assert parse_disk(element).shareable
    assert not parse_disk(element).readonly


def test_end_of_the_chain_is_no_backing_image() -> None:
    element = ET.fromstring(
        "<disk><source file='/a'/><backingStore/><target dev='vda'/></disk>"
    )
    assert parse_disk(element).backing == ()


def test_image_of_a_pool_with_and_without_one_under_it() -> None:
    volume = """
    <volume type='file'>
      <name>top.qcow2</name><key>/images/top.qcow2</key>
      <capacity unit='bytes'>1000</capacity>
      <target><path>/images/top.qcow2</path><format type='qcow2'/></target>
      {}
    </volume>"""
    under = "<backingStore><path>/images/base</path><format type='raw'/></backingStore>"
    alone = Image("default", "top.qcow2", "/images/top.qcow2")
    assert parse_image(volume.format(""), pool="default") == alone
    assert parse_image(volume.format(under), pool="default").backing == "/images/base"


# -- firmware ----------------------------------------------------------------------------

FLASH = "<loader readonly='yes' type='pflash'{}>/usr/share/OVMF/OVMF_CODE.fd</loader>"


@pytest.mark.parametrize(
    ("os_xml", "firmware", "secure_boot", "nvram"),
    [
        ("<os><type>hvm</type></os>", "bios", False, None),
        ("<os firmware='bios'><type>hvm</type></os>", "bios", False, None),
        (
            "<os><loader type='rom'>/usr/lib/xen/boot/hvmloader</loader>"
            "<type>hvm</type></os>",
            "bios",
            False,
            None,
        ),
        ("<os firmware='efi'><type>hvm</type></os>", "uefi", None, None),
        (
            "<os firmware='efi'><type>hvm</type><loader secure='no'/></os>",
            "uefi",
            False,
            None,
        ),
        (
            "<os firmware='efi'><type>hvm</type><firmware>"
            "<feature enabled='yes' name='enrolled-keys'/>"
            "<feature enabled='yes' name='secure-boot'/></firmware></os>",
            "uefi",
            True,
            None,
        ),
        (
            "<os firmware='efi'><type>hvm</type><firmware>"
            "<feature enabled='no' name='secure-boot'/></firmware>"
            "<loader secure='yes'/></os>",
            "uefi",
            False,
            None,
        ),
        (
            f"<os><type>hvm</type>{FLASH.format(' secure=' + repr('yes'))}"
            "<nvram template='/t.fd'>/var/lib/libvirt/qemu/nvram/g_VARS.fd</nvram></os>",
            "uefi",
            True,
            "/var/lib/libvirt/qemu/nvram/g_VARS.fd",
        ),
        (
            f"<os><type>hvm</type>{FLASH.format('')}"
            "<nvram type='file'>\n  <source file='/nvram/g.fd'/>\n</nvram></os>",
            "uefi",
            False,
            "/nvram/g.fd",
        ),
        (
            "<os firmware='efi'><type>hvm</type><nvram type='network'>"
            "<source protocol='iscsi' name='iqn/0'><host name='h'/></source></nvram></os>",
            "uefi",
            None,
            "iscsi://h/iqn/0",
        ),
        (
            "<os firmware='efi'><type>hvm</type><nvram template='/t.fd'/></os>",
            "uefi",
            None,
            None,
        ),
        (
            "<os><type>hvm</type><kernel>/vmlinuz</kernel><initrd>/i</initrd></os>",
            "kernel",
            False,
            None,
        ),
        (
            "<os firmware='efi'><type>hvm</type><kernel>/vmlinuz</kernel></os>",
            "uefi",
            None,
            None,
        ),
        ("<os><type>linux</type><kernel>/vmlinuz</kernel></os>", "kernel", None, None),
        ("<os><type machine='xenpvh'>xenpvh</type></os>", "none", None, None),
        ("<os><type>exe</type><init>/sbin/init</init></os>", "none", None, None),
        ("", "none", None, None),
    ],
)
def test_firmware_of_each_kind_of_machine(
    os_xml: str, firmware: str, secure_boot: bool | None, nvram: str | None
) -> None:
    parsed = parse_os(ET.fromstring(f"<domain>{os_xml}</domain>"))
    assert (parsed.firmware, parsed.secure_boot, parsed.nvram) == (
        firmware,
        secure_boot,
        nvram,
    )


def test_os_of_a_full_virtualisation() -> None:
    root = ET.fromstring("""
    <domain type='kvm'><os>
      <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
      <boot dev='hd'/><boot dev='cdrom'/><boot dev='network'/>
    </os></domain>""")
    assert parse_os(root) == OperatingSystem(
        type="hvm",
        arch="x86_64",
        machine="pc-q35-7.2",
        firmware="bios",
        secure_boot=False,
        nvram=None,
        boot=("disk", "cdrom", "network"),
        tpm=False,
    )


def test_os_of_a_container() -> None:
    parsed = parse_os(
        ET.fromstring(
            "<domain type='lxc'><os><type arch='x86_64'>exe</type>"
            "<init>/bin/sh</init></os></domain>"
        )
    )
    assert (parsed.type, parsed.machine, parsed.boot) == ("exe", None, ())


def test_machine_without_an_os_element() -> None:
    assert parse_os(ET.fromstring("<domain/>")).type == ""


# -- interfaces --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("element", "source"),
    [
        (
            "<interface type='network'><source network='default' portid='1' "
            "bridge='virbr0'/></interface>",
            "default",
        ),
        ("<interface type='bridge'><source bridge='br0'/></interface>", "br0"),
        (
            "<interface type='direct'><source dev='eth0' mode='vepa'/></interface>",
            "eth0",
        ),
        ("<interface type='user'/>", None),
        (
            "<interface type='user'><backend type='passt'/><source dev='eth0'/>"
            "</interface>",
            "eth0",
        ),
        ("<interface type='ethernet'><target dev='mytap1'/></interface>", None),
        (
            "<interface type='hostdev'><source><address type='pci'/></source></interface>",
            None,
        ),
        (
            "<interface type='vhostuser'><source type='unix' path='/tmp/vhost1.sock' "
            "mode='server'/></interface>",
            "/tmp/vhost1.sock",
        ),
        (
            "<interface type='vdpa'><source dev='/dev/vhost-vdpa-0'/></interface>",
            "/dev/vhost-vdpa-0",
        ),
        (
            "<interface type='internal'><source name='localnet'/></interface>",
            "localnet",
        ),
        (
            "<interface type='mcast'><source address='230.0.0.1' port='5558'/></interface>",
            None,
        ),
        ("<interface type='null'/>", None),
    ],
)
def test_source_of_each_type_of_interface(element: str, source: str | None) -> None:
    parsed = ET.fromstring(element)
    nic = parse_nic(parsed, {})
    assert (nic.type, nic.source) == (parsed.get("type"), source)
    assert nic.mac is None


def test_interface_takes_the_addresses_of_its_mac_whatever_the_case() -> None:
    element = ET.fromstring("""
    <interface type='network'>
      <mac address='52:54:00:AB:CD:EF'/>
      <source network='default'/>
      <target dev='vnet0'/>
      <model type='virtio'/>
    </interface>""")
    addresses = {
        "52:54:00:ab:cd:ef": ["192.0.2.7/24", "2001:db8::7/64"],
        "52:54:00:00:00:00": ["192.0.2.8/24"],
    }
    assert parse_nic(element, addresses) == Nic(
        mac="52:54:00:AB:CD:EF",
        type="network",
        source="default",
        model="virtio",
        target="vnet0",
        addresses=("192.0.2.7/24", "2001:db8::7/64"),
        vlan=0,
        connected=True,
    )
    assert parse_nic(element, {}).addresses == ()


# -- the whole machine -------------------------------------------------------------------


def read(definition: str, **known: int) -> VirtualMachine:
    vm = VirtualMachine(name="a", uuid="u", state="running", **known)  # type: ignore[arg-type]
    return with_definition(vm, definition, {}, keep_xml=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<memory>1024</memory>", MIB),
        ("<memory unit='KiB'>1024</memory>", MIB),
        ("<memory unit='k'>1024</memory>", MIB),
        ("<memory unit='K'>1024</memory>", MIB),
        ("<memory unit='KB'>1000</memory>", 1000**2),
        ("<memory unit='b'>7</memory>", 7),
        ("<memory unit='bytes'>7</memory>", 7),
        ("<memory unit='MB'>3</memory>", 3 * 1000**2),
        ("<memory unit='M'>3</memory>", 3 * MIB),
        ("<memory unit='MiB'>3</memory>", 3 * MIB),
        ("<memory unit='GB'>3</memory>", 3 * 1000**3),
        ("<memory unit='G'>3</memory>", 3 * 1024**3),
        ("<memory unit='GiB'>3</memory>", 3 * 1024**3),
        ("<memory unit='TB'>3</memory>", 3 * 1000**4),
        ("<memory unit='T'>3</memory>", 3 * 1024**4),
        ("<memory unit='TiB' dumpCore='off'>3</memory>", 3 * 1024**4),
        ("<memory/>", None),
        ("<memory>many</memory>", None),
        ("", None),
    ],
)
def test_memory_in_each_unit_of_libvirt(text: str, expected: int | None) -> None:
    vm = read(f"<domain>{text}</domain>")
    assert vm.memory_max == expected
    assert vm.memory == expected


def test_memory_now_is_what_the_balloon_leaves() -> None:
    xml = "<domain><memory>4096</memory><currentMemory unit='MiB'>1</currentMemory></domain>"
    assert (read(xml).memory, read(xml).memory_max) == (MIB, 4 * MIB)
    assert read(xml, memory=5).memory == 5


@pytest.mark.parametrize(
    ("text", "now", "most"),
    [
        ("<vcpu>2</vcpu>", 2, 2),
        ("<vcpu placement='static' current='1'>4</vcpu>", 1, 4),
        ("", None, None),
    ],
)
def test_processors_now_and_at_most(
    text: str, now: int | None, most: int | None
) -> None:
    vm = read(f"<domain>{text}</domain>")
    assert (vm.vcpus, vm.vcpus_max) == (now, most)
    assert read(f"<domain>{text}</domain>", vcpus=3).vcpus == 3


def test_definition_adds_to_the_machine_and_keeps_the_rest() -> None:
    definition = """
    <domain type='kvm'>
      <description>Two
lines</description>
      <os><type>hvm</type></os>
      <devices>
        <disk><source file='/a'/><target dev='vda'/></disk>
        <disk device='cdrom'><target dev='sda'/></disk>
        <interface type='user'><mac address='52:54:00:00:00:01'/></interface>
        <hostdev mode='subsystem' type='pci'/>
        <filesystem type='mount'><source dir='/srv'/></filesystem>
      </devices>
    </domain>"""
    before = VirtualMachine(name="a", uuid="u", state="paused", autostart=True, id=3)
    after = with_definition(
        before, definition, {"52:54:00:00:00:01": ["192.0.2.1/24"]}, keep_xml=True
    )
    assert (after.name, after.state, after.autostart, after.id) == (
        "a",
        "paused",
        True,
        3,
    )
    assert after.description == "Two\nlines"
    assert [disk.target for disk in after.disks or ()] == ["vda", "sda"]
    assert [nic.addresses for nic in after.nics or ()] == [("192.0.2.1/24",)]
    assert after.os is not None
    assert after.os.firmware == "bios"
    assert after.xml == definition
    assert read(definition).xml is None


def test_container_without_devices_has_empty_lists() -> None:
    vm = read("<domain type='lxc'><os><type>exe</type></os></domain>")
    assert (vm.disks, vm.nics, vm.description) == ((), (), None)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_any_path_comes_through(path: str) -> None:
    disk = ET.Element("disk")
    ET.SubElement(disk, "source", file=path)
    again = ET.fromstring(ET.tostring(disk))
    assert image_source(again) == (path or None)


# -- agent and TPM ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (
            "<target type='virtio' name='org.qemu.guest_agent.0' state='connected'/>",
            True,
        ),
        (
            "<target type='virtio' name='org.qemu.guest_agent.0' state='disconnected'/>",
            False,
        ),
        ("<target type='virtio' name='org.qemu.guest_agent.0'/>", False),
        ("<target type='virtio' name='com.redhat.spice.0' state='connected'/>", False),
    ],
)
def test_agent_counts_where_it_is_connected(target: str, expected: bool) -> None:
    xml = f"<domain><devices><channel type='unix'>{target}</channel></devices></domain>"
    assert has_connected_agent(xml) is expected
    assert not has_connected_agent("<domain/>")


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        ("<backend type='emulator' version='2.0'/>", True),
        ("<backend type='passthrough'><device path='/dev/tpm0'/></backend>", False),
        ("<backend type='external'/>", False),
    ],
)
def test_tpm_keeps_state_where_it_is_emulated(backend: str, expected: bool) -> None:
    xml = f"<domain><devices><tpm model='tpm-tis'>{backend}</tpm></devices></domain>"
    assert has_tpm_state(xml) is expected
    assert not has_tpm_state("<domain><devices/></domain>")


# -- snapshots ----------------------------------------------------------------------------


def test_snapshot_with_all_it_can_say() -> None:
    definition = """
    <domainsnapshot>
      <name>before upgrade</name>
      <description>Snapshot of OS install and updates</description>
      <state>running</state>
      <creationTime>1270477159</creationTime>
      <parent><name>bare-os-install</name></parent>
      <memory snapshot='internal'/>
      <disks><disk name='vda' snapshot='internal'/></disks>
      <domain><name>fedora</name><description>not this one</description></domain>
    </domainsnapshot>"""
    assert parse_snapshot(definition, current=True) == Snapshot(
        name="before upgrade",
        parent="bare-os-install",
        created="2010-04-05T14:19:19+00:00",
        state="running",
        current=True,
        description="Snapshot of OS install and updates",
    )


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("<state>shutoff</state>", "stopped"),
        ("<state>paused</state>", "paused"),
        ("<state>running</state><memory snapshot='external' file='/m'/>", "running"),
        ("<state>disk-snapshot</state><memory snapshot='no'/>", "disk-only"),
        ("<state>blocked</state>", "blocked"),
        ("", ""),
    ],
)
def test_state_of_each_kind_of_snapshot(state: str, expected: str) -> None:
    xml = f"<domainsnapshot><name>s</name>{state}</domainsnapshot>"
    assert parse_snapshot(xml, current=False) == Snapshot(
        name="s",
        parent=None,
        created=None,
        state=expected,
        current=False,
        description=None,
    )


def test_snapshot_of_the_first_second_has_a_time() -> None:
    xml = "<domainsnapshot><creationTime>0</creationTime></domainsnapshot>"
    assert parse_snapshot(xml, current=False).created == "1970-01-01T00:00:00+00:00"


@pytest.mark.parametrize("seconds", ["999999999999999", "-99999999999999", "9" * 5000])
def test_snapshot_of_a_time_that_can_not_be_has_none(seconds: str) -> None:
    xml = f"<domainsnapshot><creationTime>{seconds}</creationTime></domainsnapshot>"
    assert parse_snapshot(xml, current=False).created is None
