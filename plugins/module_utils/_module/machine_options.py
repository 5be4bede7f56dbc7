# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that describe a machine: the argument spec of vm, and of each of vms.

Their texts are in the doc fragment hypervisor.connect.machine.
"""

from __future__ import annotations

from typing import Any

from .._hypervisor.description import ABSENT, CDROM, DISK, FLOPPY
from .._hypervisor.machine_plan import (
    APPLY_FAIL,
    APPLY_LIVE,
    APPLY_NEXT_START,
    APPLY_RESTART,
)
from .._hypervisor.plan import PRESENT, RESET, RESTARTED
from .._hypervisor.values import PAUSED, RUNNING, SAVED, STOPPED

Spec = dict[str, Any]

_STATE: Spec = {"type": "str", "choices": [PRESENT, ABSENT], "default": PRESENT}
_TEXT: Spec = {"type": "str"}
_FLAG: Spec = {"type": "bool"}
_NUMBER: Spec = {"type": "int"}


def _group(**options: Spec) -> Spec:
    return {"type": "dict", "options": options}


def _list_of(**options: Spec) -> Spec:
    return {"type": "list", "elements": "dict", "options": options}


#: What a machine is.
DESCRIPTION: Spec = {
    "vcpus": _NUMBER,
    "vcpus_max": _NUMBER,
    "cpu": _group(
        topology=_group(
            sockets={"type": "int", "required": True},
            cores={"type": "int", "required": True},
            threads={"type": "int", "default": 1},
        ),
        mode={"type": "str", "choices": ["host-passthrough", "host-model", "custom"]},
        model=_TEXT,
        nested=_FLAG,
    ),
    "memory": _TEXT,
    "memory_max": _TEXT,
    "dynamic_memory": _group(
        enabled=_FLAG, minimum=_TEXT, maximum=_TEXT, buffer=_NUMBER, weight=_NUMBER
    ),
    "firmware": _group(
        type={"type": "str", "choices": ["bios", "uefi"]},
        secure_boot=_FLAG,
        secure_boot_template=_TEXT,
        tpm=_FLAG,
    ),
    "generation": {"type": "int", "choices": [1, 2]},
    "version": _TEXT,
    "machine": _TEXT,
    "boot": {
        "type": "list",
        "elements": "str",
        "choices": [DISK, CDROM, "network", FLOPPY],
    },
    "disks": _list_of(
        state=_STATE,
        device={"type": "str", "choices": [DISK, CDROM, FLOPPY], "default": DISK},
        path=_TEXT,
        pool=_TEXT,
        volume=_TEXT,
        media=_FLAG,
        target=_TEXT,
        bus={"type": "str", "choices": ["virtio", "scsi", "sata", "ide", "usb", "fdc"]},
        size=_TEXT,
        format=_TEXT,
        sparse=_FLAG,
        backing={"type": "str"},
        readonly=_FLAG,
        serial=_TEXT,
    ),
    "nics": _list_of(
        state=_STATE,
        network={"type": "str", "aliases": ["switch"]},
        bridge=_TEXT,
        connected=_FLAG,
        mac=_TEXT,
        model=_TEXT,
        vlan=_NUMBER,
    ),
    "graphics": _list_of(
        type={"type": "str", "choices": ["vnc", "spice"], "required": True},
        listen=_TEXT,
        port=_NUMBER,
    ),
    "serials": _list_of(
        type={
            "type": "str",
            "choices": ["pty", "pipe", "file", "tcp", "none"],
            "required": True,
        },
        path=_TEXT,
    ),
    "description": {"type": "str", "aliases": ["notes"]},
    "start_action": {"type": "str", "choices": ["nothing", "if_running", "always"]},
    "start_delay": _NUMBER,
    "stop_action": {"type": "str", "choices": ["off", "save", "shut_down"]},
    "integration_services": _group(
        heartbeat=_FLAG,
        shutdown=_FLAG,
        time_synchronization=_FLAG,
        key_value_exchange=_FLAG,
        backup=_FLAG,
        guest_services=_FLAG,
    ),
    "checkpoint_type": {
        "type": "str",
        "choices": ["disabled", "production", "production_only", "standard"],
    },
    "libvirt": _list_of(
        xpath={"type": "str", "required": True}, xml={"type": "str", "required": True}
    ),
    "hyperv": {"type": "dict"},
}

#: Which machine, where nothing else is said of it; with the rules of these options.
ONE_MACHINE: Spec = {"name": _TEXT, "uuid": _TEXT}
ONE_MACHINE_RULES = {
    "mutually_exclusive": [("name", "uuid")],
    "required_one_of": [("name", "uuid")],
}

#: Which machine, and what is done with it.
MACHINE: Spec = {
    **ONE_MACHINE,
    "state": {
        "type": "str",
        "choices": [
            PRESENT,
            ABSENT,
            RUNNING,
            STOPPED,
            PAUSED,
            SAVED,
            RESTARTED,
            RESET,
        ],
        "default": PRESENT,
    },
    "force": {"type": "bool", "default": False},
    "autostart": _FLAG,
    "remove_disks": {"type": "bool", "default": False},
    "apply": {
        "type": "str",
        "choices": [APPLY_LIVE, APPLY_NEXT_START, APPLY_RESTART, APPLY_FAIL],
        "default": APPLY_LIVE,
    },
}
