# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that describe a machine (_module/machine_options.py)."""

from __future__ import annotations


class ModuleDocFragment:
    """What a machine is, in the same words for every hypervisor."""

    DOCUMENTATION = r"""
options:
  apply:
    description:
      - What is done with a change that can't be made while the machine is on.
      - V(live) makes what can be made at once, stores what takes effect with the next start (C(restart_needed) lists that), and
        refuses what can be changed only while the machine is off, before anything is done.
      - V(next_start) leaves the running machine alone and stores everything for its next start. Hyper-V keeps nothing for
        later, and refuses.
      - V(restart) shuts the machine down, changes it and starts it again, where a change needs that.
      - V(fail) refuses what can't be made at once.
    type: str
    choices: [live, next_start, restart, fail]
    default: live
  vcpus:
    description: The number of virtual processors.
    type: int
  vcpus_max:
    description: How many it can be given while it runs, on libvirt.
    type: int
  cpu:
    description: The virtual processor.
    type: dict
    suboptions:
      topology:
        description: How the processors show themselves to the guest, on libvirt.
        type: dict
        suboptions:
          sockets:
            description: Sockets.
            type: int
            required: true
          cores:
            description: Cores of each socket.
            type: int
            required: true
          threads:
            description: Threads of each core.
            type: int
            default: 1
      mode:
        description: What the guest's processor is made after, on libvirt.
        type: str
        choices: [host-passthrough, host-model, custom]
      model:
        description: The model of the mode V(custom), such as C(qemu64), on libvirt.
        type: str
      nested:
        description: Whether the guest can be a hypervisor itself.
        type: bool
  memory:
    description:
      - The memory that it has, as V(4GiB), V(512MiB) or bytes.
      - With dynamic memory, what it starts with.
    type: str
  memory_max:
    description: How much it can be given while it runs, on libvirt.
    type: str
  dynamic_memory:
    description: Memory that Hyper-V gives and takes as the guest needs it.
    type: dict
    suboptions:
      enabled:
        description: Whether it does.
        type: bool
      minimum:
        description: The least, as V(512MiB).
        type: str
      maximum:
        description: The most.
        type: str
      buffer:
        description: How many percent more than it needs the guest is given.
        type: int
      weight:
        description: How it stands to other machines where memory is short, from 0 to 10000.
        type: int
  firmware:
    description: What starts the machine.
    type: dict
    suboptions:
      type:
        description: On Hyper-V V(uefi) is generation 2 and V(bios) is generation 1. It can't be changed there later.
        type: str
        choices: [bios, uefi]
      secure_boot:
        description: Whether only signed boot loaders start.
        type: bool
      secure_boot_template:
        description: Whose signatures count on Hyper-V, V(MicrosoftWindows), V(MicrosoftUEFICertificateAuthority),
          V(OpenSourceShieldedVM) or a GUID.
        type: str
      tpm:
        description: Whether it has a TPM 2.0.
        type: bool
  generation:
    description: The generation on Hyper-V, 2 by default.
    type: int
    choices: [1, 2]
  version:
    description: The version of its configuration on Hyper-V, as V(9.0), of a machine that is made.
    type: str
  machine:
    description: The machine type on libvirt, as V(q35) or V(pc).
    type: str
  boot:
    description: What it starts from, kinds of devices in their order.
    type: list
    elements: str
    choices: [disk, cdrom, network, floppy]
  disks:
    description:
      - Its disks and drives. Those that are not named here are left alone.
      - A disk is known by its O(disks[].target), or else by its image or one that its image builds on, so that it is the
        same disk after a snapshot.
    type: list
    elements: dict
    suboptions:
      state:
        description: V(absent) detaches it and leaves its image.
        type: str
        choices: [present, absent]
        default: present
      device:
        description: What the guest sees.
        type: str
        choices: [disk, cdrom, floppy]
        default: disk
      path:
        description: The image, a path on the hypervisor's host.
        type: str
      pool:
        description: The storage pool of the image on libvirt, instead of O(disks[].path).
        type: str
      volume:
        description: The image's name in O(disks[].pool).
        type: str
      media:
        description: V(false) takes what is in a CD-ROM or floppy drive out.
        type: bool
      target:
        description: Where it is attached, as V(vda) on libvirt and V(scsi0:1) on Hyper-V. By default the first free place.
        type: str
      bus:
        description: The bus. By default the best that machine and hypervisor have.
        type: str
        choices: [virtio, scsi, sata, ide, usb, fdc]
      size:
        description:
          - What the guest sees, as V(20GiB). An image that is missing is made, and one that is smaller grows.
          - An image never shrinks; a smaller size is refused.
        type: str
      format:
        description: The format of an image that is made, V(qcow2) or V(raw) on libvirt, V(vhdx) or V(vhd) on Hyper-V.
        type: str
      sparse:
        description: Whether an image that is made takes room only as it is written to. By default it does.
        type: bool
      backing:
        description: The image that one that is made builds on, which stays as it is.
        type: str
      readonly:
        description: Whether the guest can't write to it.
        type: bool
      serial:
        description: The serial number that the guest sees, on libvirt.
        type: str
  nics:
    description:
      - Its network interfaces. Those that are not named here are left alone.
      - An interface is known by its MAC address. Those that are named without one are the machine's others, in their order.
    type: list
    elements: dict
    suboptions:
      state:
        description: V(absent) removes it.
        type: str
        choices: [present, absent]
        default: present
      network:
        description: The network on libvirt, the switch on Hyper-V.
        type: str
        aliases: [switch]
      bridge:
        description: A bridge of the host on libvirt, instead of O(nics[].network).
        type: str
      connected:
        description: V(false) pulls its cable out.
        type: bool
      mac:
        description: Its MAC address. By default the hypervisor chooses one, once.
        type: str
      model:
        description: V(virtio), V(e1000e) and others on libvirt; V(synthetic) and V(emulated) on Hyper-V.
        type: str
      vlan:
        description: Its VLAN. V(0) is none.
        type: int
  graphics:
    description: Its screens, on libvirt. The list replaces what is there.
    type: list
    elements: dict
    suboptions:
      type:
        description: The protocol.
        type: str
        choices: [vnc, spice]
        required: true
      listen:
        description: The address of the host to listen on.
        type: str
      port:
        description: The port. By default one that is free.
        type: int
  serials:
    description: Its serial ports, in their order. The list replaces what is there.
    type: list
    elements: dict
    suboptions:
      type:
        description: What the port leads to. Hyper-V has V(pipe) and V(none).
        type: str
        choices: [pty, pipe, file, tcp, none]
        required: true
      path:
        description: The pipe, the file, or V(host:port).
        type: str
  description:
    description: A note about the machine.
    type: str
    aliases: [notes]
  start_action:
    description: What happens to it when its host starts, on Hyper-V. O(autostart) is V(always) or V(nothing) of it.
    type: str
    choices: [nothing, if_running, always]
  start_delay:
    description: Seconds to wait with that, on Hyper-V.
    type: int
  stop_action:
    description: What happens to it when its host stops, on Hyper-V.
    type: str
    choices: ["off", save, shut_down]
  integration_services:
    description: What Hyper-V offers to its guest.
    type: dict
    suboptions:
      heartbeat:
        description: Whether the guest is asked for signs of life.
        type: bool
      shutdown:
        description: Whether it can be shut down from outside.
        type: bool
      time_synchronization:
        description: Whether it is told the time.
        type: bool
      key_value_exchange:
        description: Whether facts about it can be read.
        type: bool
      backup:
        description: Whether its file systems can be brought into order for a checkpoint.
        type: bool
      guest_services:
        description: Whether files can be copied into it.
        type: bool
  checkpoint_type:
    description: What a checkpoint keeps, on Hyper-V.
    type: str
    choices: [disabled, production, production_only, standard]
  libvirt:
    description:
      - XML that the other options have no word for, on libvirt. Hyper-V ignores it.
      - A fragment is merged into the element of the same name and identity (a disk's target, an interface's MAC address, a
        feature's name); what it doesn't name stays. Where there is none, it is added.
    type: list
    elements: dict
    suboptions:
      xpath:
        description: The element of the domain's XML that the fragment belongs into, as V(/domain/devices). V(/) is above the
          domain itself, as for C(<domain type='qemu'/>).
        type: str
        required: true
      xml:
        description: The element. Empty, what the path leads to is removed.
        type: str
        required: true
  hyperv:
    description:
      - Properties that the other options have no word for, by settings class, on Hyper-V. Libvirt ignores it.
      - 'As in C({Msvm_ProcessorSettingData: {Limit: 50000}}).'
    type: dict
"""
