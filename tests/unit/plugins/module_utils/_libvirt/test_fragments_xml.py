# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XML kept as it was written, and fragments merged into it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.fragments_xml import (
    apply_fragment,
    check_fragment,
    place_of,
    select,
    shown_now,
    without_secrets,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.verbatim_xml import (
    append,
    child,
    new,
    parse_verbatim,
    remove,
    set_text,
    to_text,
)

DOMAIN = """<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>a &amp; b</name>
  <metadata>
    <x:thing xmlns:x="urn:x" x:kind="1">text<!-- a note --></x:thing>
  </metadata>
  <features>
    <acpi/>
    <hyperv mode='custom'>
      <relaxed state='on'/>
      <vapic state='off'/>
    </hyperv>
  </features>
  <devices>
    <disk type='file'><target dev='vda' bus='virtio'/></disk>
    <disk type='file'><target dev='vdb' bus='virtio'/><serial>s</serial></disk>
    <interface type='network'><mac address='52:54:00:00:00:01'/></interface>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend><alias name='r'/></rng>
    <graphics type='vnc' passwd='hush'/>
  </devices>
  <qemu:commandline>
    <qemu:arg value='-device'/>
    <qemu:arg value='x'/>
  </qemu:commandline>
</domain>"""


def root() -> ET.Element:
    return parse_verbatim(DOMAIN)


def test_definition_comes_back_as_it_was_read() -> None:
    plain = DOMAIN.replace("'", '"').replace("/>", " />")
    assert to_text(root()) == plain
    assert to_text(parse_verbatim(to_text(root()))) == plain


@pytest.mark.parametrize(
    "text", ["", "<a>", "<a/><b/>", "no xml", "<a b=1/>", "<a>&x;</a>"]
)
def test_text_that_is_no_xml_is_a_syntax_error(text: str) -> None:
    with pytest.raises(SyntaxError):
        parse_verbatim(text)


def test_elements_are_made_found_and_removed() -> None:
    domain = new("domain", type="kvm", arch=None)
    assert domain.attrib == {"type": "kvm"}
    assert child(domain, "os/type") is child(domain, "os/type")
    append(child(domain, "os"), new("boot", dev="hd"))
    set_text(domain, "title", "one")
    set_text(domain, "title", "two")
    assert to_text(domain) == (
        '<domain type="kvm"><os><type /><boot dev="hd" /></os><title>two</title></domain>'
    )
    remove(domain, "os/boot")
    set_text(domain, "title", None)
    set_text(domain, "nothing", None)
    assert to_text(domain) == '<domain type="kvm"><os><type /></os></domain>'


def test_what_is_appended_is_indented_as_its_neighbours() -> None:
    domain = parse_verbatim("<domain>\n  <os>\n    <type/>\n  </os>\n</domain>")
    append(child(domain, "os"), new("boot", dev="hd"))
    append(domain, new("cpu"))
    assert to_text(domain) == (
        '<domain>\n  <os>\n    <type />\n    <boot dev="hd" />\n  </os>\n  <cpu />\n</domain>'
    )


@pytest.mark.parametrize(
    ("xpath", "tags"),
    [
        ("/domain", ["domain"]),
        ("/domain/devices/disk", ["disk", "disk"]),
        ("/domain/devices/disk[2]/serial", ["serial"]),
        ("/domain/devices/disk[target/@dev='vdb']", ["disk"]),
        ('/domain/devices/disk[target/@dev="vdc"]', []),
        ("/domain/devices/disk[serial]", ["disk"]),
        ("/domain/devices/disk[serial='s'][1]", ["disk"]),
        ("/domain/devices/*[@model='virtio']", ["rng"]),
        ("/domain/qemu:commandline/qemu:arg[@value='x']", ["qemu:arg"]),
        ("/other", []),
    ],
)  # fmt: skip
def test_path_leads_to_elements(xpath: str, tags: list[str]) -> None:
    check_fragment({"xpath": xpath, "xml": "<x/>"}, "libvirt[0]")
    assert [one.tag for one in select(root(), xpath)] == tags


@pytest.mark.parametrize(
    "xpath",
    ["", "domain", "//disk", "/domain/devices/", "/domain[", "/domain/disk[last()]",
     "/domain/disk[a=b]", "/domain|/x", "/domain/@type", "/domain/devices/disk]"],
)  # fmt: skip
def test_path_that_is_not_understood_is_refused_in_words(xpath: str) -> None:
    with pytest.raises(
        HypervisorConnectError, match=r"libvirt\[1\]\.xpath is .*; write it as"
    ):
        check_fragment({"xpath": xpath, "xml": "<x/>"}, "libvirt[1]")


@pytest.mark.parametrize("xml", ["<x>", "x", "<x/><y/>", "<x y=z/>"])
def test_fragment_that_is_no_element_is_refused_in_words(xml: str) -> None:
    with pytest.raises(
        HypervisorConnectError, match=r"libvirt\[0\]\.xml is not one element"
    ):
        check_fragment({"xpath": "/domain", "xml": xml}, "libvirt[0]")


# Where a fragment goes, and what is there then.
MERGED = [
    # There already, whatever libvirt adds to it and in whatever order.
    ("/domain/devices", "<rng model='virtio'/>", None, None),
    ("/domain/features", "<hyperv><vapic state='off'/></hyperv>", None, None),
    ("/", "<domain type='kvm'/>", None, None),
    # Changed: what is not named stays.
    ("/", "<domain type='qemu'/>", "/domain", "type='qemu'"),
    ("/domain/features", "<hyperv><vapic state='on'/></hyperv>",
     "/domain/features/hyperv", "<relaxed state='on'/><vapic state='on'/>"),
    ("/domain/devices", "<rng><backend>/dev/random</backend></rng>",
     "/domain/devices/rng", "<backend model='random'>/dev/random</backend><alias name='r'/>"),
    ("/domain/devices", "<disk><target dev='vdb'/><serial>t</serial></disk>",
     "/domain/devices/disk[2]", "<target dev='vdb' bus='virtio'/><serial>t</serial>"),
    # Added: another thing of the same kind.
    ("/domain/devices", "<interface><mac address='52:54:00:00:00:02'/></interface>",
     "/domain/devices/interface[2]", "<mac address='52:54:00:00:00:02'/>"),
    ("/domain/devices", "<watchdog model='itco'/>", "/domain/devices/watchdog", "itco"),
    ("/domain/features", "<pae/>", "/domain/features/pae", ""),
    ("/domain/devices/disk[target/@dev='vda']", "<serial>u</serial>",
     "/domain/devices/disk[1]", "<serial>u</serial>"),
    # The order of arguments counts.
    ("/domain", "<qemu:commandline><qemu:arg value='x'/><qemu:arg value='-device'/>"
     "</qemu:commandline>", "/domain/qemu:commandline",
     "<qemu:arg value='x'/><qemu:arg value='-device'/>"),
]  # fmt: skip


@pytest.mark.parametrize(("xpath", "xml", "where", "has"), MERGED)
def test_fragment_is_merged_once(
    xpath: str, xml: str, where: str | None, has: str | None
) -> None:
    domain, fragment = root(), {"xpath": xpath, "xml": xml}
    assert apply_fragment(domain, fragment) is (where is not None)
    if where is not None and has is not None:
        (found,) = select(domain, where)
        text = to_text(found).replace(" />", "/>").replace('"', "'")
        assert has in "".join(line.strip() for line in text.splitlines())
    again = to_text(domain)
    assert apply_fragment(domain, fragment) is False
    assert to_text(domain) == again


def test_empty_fragment_removes_what_the_path_leads_to() -> None:
    domain, fragment = root(), {"xpath": "/domain/devices/rng", "xml": " "}
    assert apply_fragment(domain, fragment) is True
    assert select(domain, "/domain/devices/rng") == []
    assert apply_fragment(domain, fragment) is False


def test_fragment_without_a_place_is_refused_in_words() -> None:
    with pytest.raises(HypervisorConnectError, match="nothing at /domain/nowhere"):
        apply_fragment(root(), {"xpath": "/domain/nowhere", "xml": "<x/>"})


@pytest.mark.parametrize(
    ("fragment", "place", "shown"),
    [
        ({"xpath": "/domain/features", "xml": "<hyperv><vapic state='on'/></hyperv>"},
         "/domain/features/hyperv", '<hyperv><vapic state="off" /></hyperv>'),
        ({"xpath": "/domain/devices", "xml": "<watchdog/>"}, "/domain/devices/watchdog", None),
        ({"xpath": "/", "xml": "<domain type='qemu'/>"}, "/domain", '<domain type="kvm" />'),
        ({"xpath": "/domain/devices/graphics", "xml": ""}, "/domain/devices/graphics",
         '<graphics type="vnc" passwd="********" />'),
        ({"xpath": "/domain/devices", "xml": "<graphics type='vnc' passwd='other'/>"},
         "/domain/devices/graphics", '<graphics type="vnc" passwd="********" />'),
    ],
)  # fmt: skip
def test_what_is_there_is_shown_without_secrets(
    fragment: dict[str, str], place: str, shown: str | None
) -> None:
    assert place_of(fragment) == place
    assert shown_now(root(), fragment) == shown


def test_secrets_of_a_fragment_are_hidden() -> None:
    assert without_secrets("<a><graphics passwd='p'/></a>") == (
        '<a><graphics passwd="********" /></a>'
    )
    assert without_secrets("no xml, with a secret") == ""
