#!/usr/bin/env python
# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine in the hypervisor's own words, read by programs that are not ours.

    witness.py virsh URI NAME          virsh dumpxml, its inactive definition
    witness.py wsman READY_FILE NAME   pypsrp's WS-Management client, on hvsim

Both print one JSON object with the same keys, or ``null`` where there is no such machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

MIB = 1024**2
WMI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/"
WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
NS = {
    "n": "http://schemas.xmlsoap.org/ws/2004/09/enumeration",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
}
STATES = {"2": "running", "3": "stopped", "6": "saved", "9": "paused"}


def virsh(uri: str, name: str) -> dict[str, Any] | None:
    """A machine as ``virsh`` tells it."""

    def ask(*arguments: str) -> str | None:
        done = subprocess.run(
            ["virsh", "--connect", uri, *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C"},
        )
        return done.stdout if done.returncode == 0 else None

    text = ask("dumpxml", "--inactive", name)
    if text is None:
        return None
    root = ET.fromstring(text)
    disks = [
        {
            "device": disk.get("device"),
            "source": (
                disk.find("source").attrib if disk.find("source") is not None else {}
            ).get("file"),
        }
        for disk in root.iterfind("devices/disk")
    ]
    nics = [
        {
            "network": nic.find("source").get("network"),
            "mac": nic.find("mac").get("address"),
            "connected": nic.find("link[@state='down']") is None,
        }
        for nic in root.iterfind("devices/interface")
    ]
    vcpu = root.find("vcpu")
    state = (ask("domstate", name) or "").strip()
    return {
        "state": {"shut off": "stopped"}.get(state, state),
        "vcpus": int(vcpu.get("current") or vcpu.text),
        "memory": int(root.findtext("currentMemory") or 0) * 1024,
        "description": root.findtext("description"),
        "disks": sorted(disks, key=str),
        "nics": sorted(nics, key=str),
        "snapshots": sorted((ask("snapshot-list", "--name", name) or "").split()),
    }


def wsman(ready_file: str, name: str) -> dict[str, Any] | None:
    """A machine as the rows of WMI queries tell it."""
    from pypsrp.wsman import WSMan

    ready = json.loads(Path(ready_file).read_text(encoding="utf-8"))
    port = int(ready["http"].rpartition(":")[2].partition("/")[0])
    client = WSMan(
        "127.0.0.1",
        port=port,
        ssl=False,
        auth="ntlm",
        encryption="always",
        username=ready["username"],
        password=ready["password"],
    )

    def rows(query: str) -> list[dict[str, list[str]]]:
        request = ET.Element(f"{{{NS['n']}}}Enumerate")
        ET.SubElement(request, f"{{{NS['w']}}}OptimizeEnumeration")
        ET.SubElement(request, f"{{{NS['w']}}}MaxElements").text = "500"
        ET.SubElement(request, f"{{{NS['w']}}}Filter", Dialect=WQL).text = query
        answer = client.enumerate(WMI + "*", request)
        found = []
        while True:
            for item in answer.iterfind(".//w:Items/*", NS):
                found.append(_row(item))
            for item in answer.iterfind(".//n:Items/*", NS):
                found.append(_row(item))
            context = answer.find(".//n:EnumerationContext", NS)
            if context is None or not context.text:
                return found
            if answer.find(".//w:EndOfSequence", NS) is not None:
                return found
            if answer.find(".//n:EndOfSequence", NS) is not None:
                return found
            pull = ET.Element(f"{{{NS['n']}}}Pull")
            pull.append(context)
            ET.SubElement(pull, f"{{{NS['n']}}}MaxElements").text = "500"
            answer = client.pull(WMI + "*", pull)

    systems = rows(f"SELECT * FROM Msvm_ComputerSystem WHERE ElementName = '{name}'")
    if not systems:
        return None
    guid = systems[0]["Name"][0]

    def parts(cls: str) -> list[dict[str, list[str]]]:
        like = f"SELECT * FROM {cls} WHERE InstanceID LIKE 'Microsoft:{guid}%'"
        return rows(like)

    settings = rows(
        "SELECT * FROM Msvm_VirtualSystemSettingData WHERE "
        f"VirtualSystemIdentifier = '{guid}'"
    )
    own = next(
        one
        for one in settings
        if "Realized" in one["VirtualSystemType"][0]
        and "Snapshot" not in one["VirtualSystemType"][0]
    )
    drives = [
        one
        for one in parts("Msvm_ResourceAllocationSettingData")
        if one["ResourceSubType"][0].endswith(("Disk Drive", "DVD Drive"))
    ]
    media = {
        one["Parent"][0]
        .rpartition("InstanceID=")[2]
        .strip('"')
        .replace("\\\\", "\\")
        .lower(): one
        for one in parts("Msvm_StorageAllocationSettingData")
    }
    disks = []
    for drive in drives:
        medium = media.get(drive["InstanceID"][0].lower())
        kind = "cdrom" if drive["ResourceSubType"][0].endswith("DVD Drive") else "disk"
        source = medium["HostResource"][0] if medium else None
        disks.append({"device": kind, "source": source})
    switches = {
        one["Name"][0].lower(): one["ElementName"][0]
        for one in rows("SELECT * FROM Msvm_VirtualEthernetSwitch")
    }
    connections = parts("Msvm_EthernetPortAllocationSettingData")
    nics = []
    for port in parts("Msvm_SyntheticEthernetPortSettingData"):
        number = port["Address"][0].lower()
        tail = port["InstanceID"][0].rpartition("\\")[2].lower()
        connection = next(
            (one for one in connections if tail in one["Parent"][0].lower()), None
        )
        network = None
        if connection and connection.get("HostResource"):
            path = connection["HostResource"][0].lower()
            network = next(
                (word for guid, word in switches.items() if guid in path), None
            )
        connected = connection is not None and connection["EnabledState"][0] == "2"
        mac = ":".join(number[i : i + 2] for i in range(0, 12, 2))
        nics.append({"network": network, "mac": mac, "connected": connected})
    memory = parts("Msvm_MemorySettingData")[0]
    processor = parts("Msvm_ProcessorSettingData")[0]
    kept = [one for one in settings if "Snapshot" in one["VirtualSystemType"][0]]
    return {
        "state": STATES.get(
            systems[0]["EnabledState"][0], systems[0]["EnabledState"][0]
        ),
        "vcpus": int(processor["VirtualQuantity"][0]),
        "memory": int(memory["VirtualQuantity"][0]) * MIB,
        "description": "\n".join(own.get("Notes", [])) or None,
        "disks": sorted(disks, key=str),
        "nics": sorted(nics, key=str),
        "snapshots": sorted(one["ElementName"][0] for one in kept),
    }


def _row(item: ET.Element) -> dict[str, list[str]]:
    """Values by name; what is null is left out, and a reference is its text."""
    found: dict[str, list[str]] = {}
    for child in item:
        local = child.tag.rpartition("}")[2]
        if child.get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true":
            continue
        found.setdefault(local, []).append("".join(child.itertext()).strip())
    return found


if __name__ == "__main__":
    print(json.dumps({"virsh": virsh, "wsman": wsman}[sys.argv[1]](*sys.argv[2:])))
