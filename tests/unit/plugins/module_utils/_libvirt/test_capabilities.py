# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Capabilities, written after libvirt's page "Driver capabilities XML format"."""

from __future__ import annotations

from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt.capabilities import (
    parse_capabilities,
)

QEMU = """
<capabilities>
  <host>
    <uuid>7b55704c-29f4-11b2-a85c-9dc6ff50623f</uuid>
    <cpu>
      <arch>x86_64</arch>
      <model>Skylake-Client-noTSX-IBRS</model>
      <vendor>Intel</vendor>
      <topology sockets='1' dies='1' cores='4' threads='2'/>
      <feature name='ds'/>
      <feature name='acpi'/>
      <pages unit='KiB' size='4'/>
    </cpu>
    <power_management><suspend_mem/><suspend_disk/></power_management>
    <migration_features>
      <live/>
      <uri_transports>
        <uri_transport>tcp</uri_transport>
        <uri_transport>rdma</uri_transport>
      </uri_transports>
    </migration_features>
    <secmodel><model>apparmor</model><doi>0</doi></secmodel>
    <secmodel><model>dac</model><doi>0</doi></secmodel>
  </host>
  <guest>
    <os_type>hvm</os_type>
    <arch name='x86_64'>
      <wordsize>64</wordsize>
      <emulator>/usr/bin/qemu-system-x86_64</emulator>
      <machine maxCpus='255'>pc-i440fx-7.2</machine>
      <machine canonical='pc-q35-7.2' maxCpus='288'>q35</machine>
      <domain type='qemu'/>
      <domain type='kvm'><machine maxCpus='255'>only-kvm</machine></domain>
    </arch>
    <features><acpi default='on' toggle='yes'/><pae/></features>
  </guest>
  <guest>
    <os_type>exe</os_type>
    <arch name='i686'/>
  </guest>
</capabilities>
"""


def test_capabilities_of_a_qemu_host() -> None:
    assert parse_capabilities(QEMU) == {
        "host": {
            "uuid": "7b55704c-29f4-11b2-a85c-9dc6ff50623f",
            "arch": "x86_64",
            "cpu": {
                "model": "Skylake-Client-noTSX-IBRS",
                "vendor": "Intel",
                "features": ["ds", "acpi"],
            },
            "power_management": ["suspend_mem", "suspend_disk"],
            "migration_transports": ["tcp", "rdma"],
            "security_models": ["apparmor", "dac"],
        },
        "guests": [
            {
                "os_type": "hvm",
                "arch": "x86_64",
                "wordsize": 64,
                "emulator": "/usr/bin/qemu-system-x86_64",
                "domain_types": ["qemu", "kvm"],
                "machines": ["pc-i440fx-7.2", "q35"],
                "features": ["acpi", "pae"],
            },
            {
                "os_type": "exe",
                "arch": "i686",
                "wordsize": None,
                "emulator": None,
                "domain_types": [],
                "machines": [],
                "features": [],
            },
        ],
    }


def test_host_that_says_little() -> None:
    found = parse_capabilities("<capabilities><host><cpu/></host></capabilities>")
    assert found["guests"] == []
    assert found["host"]["arch"] is None
    assert found["host"]["cpu"]["features"] == []


def test_capabilities_without_a_host() -> None:
    assert parse_capabilities("<capabilities/>") == {"host": {}, "guests": []}


def test_word_size_that_is_no_number_is_none() -> None:
    odd = QEMU.replace("<wordsize>64</wordsize>", "<wordsize>xx</wordsize>")
    assert parse_capabilities(odd)["guests"][0]["wordsize"] is None
