# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two hosts of described.yml: what is theirs alone, as the variables of a host."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import winrm

from testbed.process import TestbedError, run

MIB = 1024**2
WITNESS = str(Path(__file__).with_name("witness.py"))


def own_words(
    made: dict[str, Any], **steps: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """What the witness says under ``own`` after each step: what came before, and more."""
    found = {"made": made}
    for name, more in steps.items():
        made = {**made, **more}
        found[name] = made
    return found


@contextmanager
def qemu_host(ready: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The libvirt host of a testbed, for machines that are described: its variables.

    Its folder of images is a pool, with an ISO image, and has two networks.
    """
    guest = ready["guest"]
    folder = Path(ready["dir"], "described")
    folder.mkdir()
    (folder / "medium.iso").write_bytes(bytes(1 << 20))
    virsh = ["virsh", "--quiet", "--connect", guest["uri"]]
    for pool, path in (
        ("described", folder),
        ("guest", Path(guest["boot_image"]).parent),
    ):
        run([*virsh, "pool-create-as", pool, "dir", "--target", path])
    networks = ["first", "second"]
    for number, name in enumerate(networks):
        definition = folder.with_suffix(".xml")
        definition.write_text(
            f"<network><name>{name}</name><bridge name='described{number}'/></network>"
        )
        run([*virsh, "net-create", definition])
    serial = folder / "serial.log"
    data = ["-f", "qcow2", str(folder / "data.qcow2")]
    yield {
        "ansible_libvirt_uri": guest["uri"],
        "image_dir": str(folder),
        "slash": "/",
        "image_format": "qcow2",
        "boot_image": guest["boot_image"],
        "iso": str(folder / "medium.iso"),
        "images_left": ["medium.iso", "more.qcow2", serial.name],
        "networks": networks,
        "serials": [{"type": "file", "path": str(serial)}],
        "up": {"file": str(serial), "message": guest["up_message"]},
        "only_here": {
            "vcpus_max": 4,
            "memory_max": "320MiB",
            "cpu": {"topology": {"sockets": 1, "cores": 4, "threads": 1}},
        },
        "write_data": ["qemu-io", "-c", "write -P 66 0 64k", *data],
        # A machine that runs has locked them (-U). It has zeros unless it is spoilt.
        "read_data": ["qemu-io", "-r", "-U", "-c", "read -P 0 0 64k", *data],
        "own": own_words(
            {
                "vcpus_max": 1,
                "memory_max": 192 * MIB,
                "topology": None,
                "title": None,
            },
            with_processor={"vcpus_max": 2},
            with_memory={"memory_max": 256 * MIB},
            with_only_here={
                "vcpus_max": 4,
                "memory_max": 320 * MIB,
                "topology": ["1", "4", "1"],
            },
            with_no_word={"title": "Described"},
        ),
        "witness": [sys.executable, WITNESS, "virsh"],
        "witness_of": guest["uri"],
    }
    for name in networks:
        run([*virsh, "net-destroy", name])
    for pool in ("described", "guest"):
        run([*virsh, "pool-destroy", pool])


def hvsim_host(ready: dict[str, Any]) -> dict[str, Any]:
    """A simulated host for machines that are described: its variables.

    Its folder of images is made through a remote shell, with an ISO image.
    """
    folder = r"C:\Described"
    client = winrm.Session(
        ready["http"],
        auth=(ready["username"], ready["password"]),
        transport="ntlm",
    )
    made = client.run_cmd(rf"mkdir {folder} && echo medium> {folder}\medium.iso")
    if made.status_code:
        raise TestbedError(made.std_err.decode())
    return {
        "ansible_libvirt_uri": ready["uris"]["http"],
        "ansible_password": ready["password"],
        "image_dir": folder,
        "slash": "\\",
        "image_format": "vhdx",
        "iso": rf"{folder}\medium.iso",
        "images_left": ["medium.iso", "more.vhdx"],
        "networks": ["External", "Private"],
        "serials": [{"type": "pipe", "path": r"\\.\pipe\described"}],
        "only_here": {
            "cpu": {"nested": True},
            "checkpoint_type": "standard",
            "start_delay": 30,
            "stop_action": "shut_down",
            "firmware": {
                "secure_boot": False,
            },
            "integration_services": {"guest_services": True},
        },
        "own": own_words(
            {
                "nested": "false",
                "limit": "100000",
                "checkpoint_type": "3",
                "stop_action": "3",
                "start_delay": "P0DT0H0M0S",
                "guest_services": "3",
                "secure_boot": "true",
            },
            with_processor={},
            with_memory={},
            with_only_here={
                "nested": "true",
                "checkpoint_type": "5",
                "stop_action": "4",
                "start_delay": "P0DT0H0M30S",
                "guest_services": "2",
                "secure_boot": "false",
            },
            with_no_word={"limit": "50000"},
        ),
        "witness": [sys.executable, WITNESS, "wsman"],
        "witness_of": ready["ready_file"],
    }
