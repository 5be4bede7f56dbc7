#!/usr/bin/env python
# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine in the hypervisor's own words, read by programs that are not ours.

    witness.py virsh machine URI NAME          virsh on a libvirt host
    witness.py wsman machine READY_FILE NAME   pypsrp's WS-Management client, on hvsim
    witness.py virsh images URI FOLDER         the files of a folder that is a pool
    witness.py wsman images READY_FILE FOLDER

``machine`` prints one JSON object with the same keys for both, or ``null`` where there
is none of that name: what the machine is at its next start, and under ``now`` what it is
while it is on. ``images`` prints a list of file names.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from pypsrp.wsman import SelectorSet, WSMan

MIB = 1024**2
WMI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/"
VIRTUAL = WMI + "virtualization/v2/"
WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
NS = {
    "n": "http://schemas.xmlsoap.org/ws/2004/09/enumeration",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
}
STATES = {"2": "running", "3": "stopped", "6": "saved", "9": "paused"}
#: AutomaticStartupAction: start always.
ALWAYS = "4"
#: Msvm_BootSourceSettingData.BootSourceType.
SOURCES = {"1": "drive", "2": "network", "3": "file"}
Row = dict[str, list[str]]


class Virsh:
    """A libvirt host by its URI."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def _ask(self, *arguments: str) -> str | None:
        """What virsh prints; None where it fails."""
        done = subprocess.run(
            ["virsh", "--connect", self._uri, *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
        )
        return done.stdout if done.returncode == 0 else None

    def _must(self, *arguments: str) -> str:
        text = self._ask(*arguments)
        if text is None:
            sys.exit(f"virsh {' '.join(arguments)} failed")
        return text

    def machine(self, name: str) -> dict[str, Any] | None:
        """A machine by ``dumpxml``, once more with ``--inactive``, and what tells more."""
        text = self._ask("dumpxml", "--inactive", name)
        if text is None:
            return None
        root = ET.fromstring(text)
        state = self._must("domstate", name).strip()
        boot = [one.get("dev") for one in root.iterfind("os/boot")]
        return {
            **self._words(name, root),
            "now": self._words(name, ET.fromstring(self._must("dumpxml", name))),
            "state": {"shut off": "stopped"}.get(state, state),
            "description": root.findtext("description"),
            "autostart": re.search(r"(?m)^Autostart: +enable", self._info(name))
            is not None,
            "boots_first": "network" if boot[:1] == ["network"] else "drive",
            "snapshots": sorted(self._must("snapshot-list", "--name", name).split()),
            "own": self._own(root),
        }

    @staticmethod
    def _own(root: ET.Element) -> dict[str, Any]:
        """What only libvirt has."""
        topology = root.find("cpu/topology")
        keys = ("sockets", "cores", "threads")
        return {
            "vcpus_max": int(root.findtext("vcpu") or 0),
            "memory_max": int(root.findtext("memory") or 0) * 1024,
            "topology": None if topology is None else [topology.get(k) for k in keys],
            "title": root.findtext("title"),
        }

    def _info(self, name: str) -> str:
        return self._must("dominfo", name)

    def _words(self, name: str, root: ET.Element) -> dict[str, Any]:
        vcpu = root.find("vcpu")
        disks, cdroms = {}, []
        for disk in root.iterfind("devices/disk"):
            source = disk.find("source")
            path = source.get("file") if source is not None else None
            if disk.get("device") == "disk":
                disks[str(path)] = self._size(name, str(path))
            else:
                cdroms.append(path)
        nics = {
            nic.find("mac").get("address"): {  # type: ignore[union-attr]
                "network": nic.find("source").get("network"),  # type: ignore[union-attr]
                "connected": nic.find("link[@state='down']") is None,
            }
            for nic in root.iterfind("devices/interface")
        }
        return {
            "vcpus": int(vcpu.get("current") or vcpu.text),  # type: ignore
            "memory": int(root.findtext("currentMemory") or 0) * 1024,
            "disks": disks,
            "cdroms": cdroms,
            "nics": nics,
        }

    def _size(self, name: str, path: str) -> int | None:
        """What the guest sees of a disk, else what is in its file."""
        text = self._ask("domblkinfo", name, path) or self._ask(
            "vol-info", "--bytes", path
        )
        found = re.search(r"^Capacity: +(\d+)", text or "", re.MULTILINE)
        return int(found[1]) if found else None

    def images(self, folder: str) -> list[str]:
        """What the pool of that folder's name has."""
        pool = Path(folder).name
        self._must("pool-refresh", pool)
        rows = self._must("vol-list", pool).splitlines()[2:]
        return sorted(row.split()[0] for row in rows if row.strip())


class Wsman:
    """A Hyper-V host (hvsim) by its ready file."""

    def __init__(self, ready_file: str) -> None:
        ready = json.loads(Path(ready_file).read_text(encoding="utf-8"))
        self._client = WSMan(
            "127.0.0.1",
            port=int(ready["http"].rpartition(":")[2].partition("/")[0]),
            ssl=False,
            auth="ntlm",
            encryption="always",
            username=ready["username"],
            password=ready["password"],
        )

    def _rows(self, query: str, namespace: str = VIRTUAL) -> list[Row]:
        request = ET.Element(f"{{{NS['n']}}}Enumerate")
        ET.SubElement(request, f"{{{NS['w']}}}OptimizeEnumeration")
        ET.SubElement(request, f"{{{NS['w']}}}MaxElements").text = "500"
        ET.SubElement(request, f"{{{NS['w']}}}Filter", Dialect=WQL).text = query
        answer = self._client.enumerate(namespace + "*", request)
        found = _items(answer)
        while (context := answer.find(".//n:EnumerationContext", NS)) is not None:
            ended = [answer.find(f".//{one}:EndOfSequence", NS) for one in "wn"]
            if not context.text or any(one is not None for one in ended):
                break
            pull = ET.Element(f"{{{NS['n']}}}Pull")
            pull.append(context)
            ET.SubElement(pull, f"{{{NS['n']}}}MaxElements").text = "500"
            answer = self._client.pull(namespace + "*", pull)
            found += _items(answer)
        return found

    def _parts(self, cls: str, guid: str) -> list[Row]:
        like = f"SELECT * FROM {cls} WHERE InstanceID LIKE 'Microsoft:{guid}%'"
        return self._rows(like)

    def machine(self, name: str) -> dict[str, Any] | None:
        """A machine by the rows of queries, and a call for each disk."""
        query = f"SELECT * FROM Msvm_ComputerSystem WHERE ElementName = '{name}'"
        systems = self._rows(query)
        if not systems:
            return None
        guid = systems[0]["Name"][0]
        settings = self._rows(
            "SELECT * FROM Msvm_VirtualSystemSettingData WHERE "
            f"VirtualSystemIdentifier = '{guid}'"
        )
        own, kept = {}, []
        for one in settings:
            if "Snapshot" in one["VirtualSystemType"][0]:
                kept.append(one["ElementName"][0])
            elif "Realized" in one["VirtualSystemType"][0]:
                own = one
        words = self._words(guid)
        state = systems[0]["EnabledState"][0]
        return {
            **words,
            "now": words,
            "state": STATES.get(state, state),
            "description": "\n".join(own.get("Notes", [])) or None,
            "autostart": own["AutomaticStartupAction"][0] == ALWAYS,
            "boots_first": self._boots_first(own, guid),
            "snapshots": sorted(kept),
            "own": self._own(own, guid),
        }

    def _own(self, own: Row, guid: str) -> dict[str, Any]:
        """What only Hyper-V has, in its own numbers and texts."""
        (processor,) = self._parts("Msvm_ProcessorSettingData", guid)
        (guests,) = self._parts("Msvm_GuestServiceInterfaceComponentSettingData", guid)
        return {
            "nested": processor["ExposeVirtualizationExtensions"][0],
            "limit": processor["Limit"][0],
            "checkpoint_type": own["UserSnapshotType"][0],
            "stop_action": own["AutomaticShutdownAction"][0],
            "start_delay": own["AutomaticStartupActionDelay"][0],
            "guest_services": guests["EnabledState"][0],
            "secure_boot": own["SecureBootEnabled"][0],
        }

    def _boots_first(self, own: Row, guid: str) -> str | None:
        first = own.get("BootSourceOrder", [""])[0].replace("\\\\", "\\").lower()
        for one in self._parts("Msvm_BootSourceSettingData", guid):
            if f'"{one["InstanceID"][0].lower()}"' in first:
                return SOURCES[one["BootSourceType"][0]]
        return None

    def _words(self, guid: str) -> dict[str, Any]:
        media = {
            _instance_id(one["Parent"][0]): one["HostResource"][0]
            for one in self._parts("Msvm_StorageAllocationSettingData", guid)
        }
        disks, cdroms = {}, []
        for one in self._parts("Msvm_ResourceAllocationSettingData", guid):
            source = media.get(one["InstanceID"][0].lower())
            if one["ResourceSubType"][0].endswith("Disk Drive"):
                disks[str(source)] = self._size(str(source))
            elif one["ResourceSubType"][0].endswith("DVD Drive"):
                cdroms.append(source)
        (memory,) = self._parts("Msvm_MemorySettingData", guid)
        (processor,) = self._parts("Msvm_ProcessorSettingData", guid)
        return {
            "vcpus": int(processor["VirtualQuantity"][0]),
            "memory": int(memory["VirtualQuantity"][0]) * MIB,
            "disks": disks,
            "cdroms": cdroms,
            "nics": self._nics(guid),
        }

    def _nics(self, guid: str) -> dict[str, dict[str, Any]]:
        switches = {
            one["Name"][0].lower(): one["ElementName"][0]
            for one in self._rows("SELECT * FROM Msvm_VirtualEthernetSwitch")
        }
        connections = {
            _instance_id(one["Parent"][0]): one
            for one in self._parts("Msvm_EthernetPortAllocationSettingData", guid)
        }
        found = {}
        for port in self._parts("Msvm_SyntheticEthernetPortSettingData", guid):
            number = port["Address"][0].lower()
            connection = connections.get(port["InstanceID"][0].lower(), {})
            path = (connection.get("HostResource") or [""])[0].lower()
            found[":".join(re.findall("..", number))] = {
                "network": next(
                    (word for guid, word in switches.items() if guid in path), None
                ),
                "connected": connection.get("EnabledState") == ["2"],
            }
        return found

    def _size(self, path: str) -> int | None:
        """MaxInternalSize of a virtual hard disk, of which the call tells a text."""
        uri = VIRTUAL + "Msvm_ImageManagementService"
        method = "GetVirtualHardDiskSettingData"
        wish = ET.Element(f"{{{uri}}}{method}_INPUT")
        ET.SubElement(wish, f"{{{uri}}}Path").text = path
        selectors = SelectorSet()
        selectors.add_option("CreationClassName", "Msvm_ImageManagementService")
        answer = self._client.invoke(
            f"{uri}/{method}", uri, wish, selector_set=selectors
        )
        text = answer.findtext(f".//{{{uri}}}SettingData")
        if text is None:
            return None
        size = ET.fromstring(text).findtext("PROPERTY[@NAME='MaxInternalSize']/VALUE")
        return int(size) if size else None

    def images(self, folder: str) -> list[str]:
        """The files of a folder, by CIM_DataFile."""
        drive, _colon, path = folder.partition(":")
        where = f"Drive = '{drive}:' AND Path = '{path}\\'".replace("\\", "\\\\")
        query = f"SELECT * FROM CIM_DataFile WHERE {where}"
        rows = self._rows(query, WMI + "cimv2/")
        return sorted(one["Name"][0].rpartition("\\")[2] for one in rows)


def _items(answer: ET.Element) -> list[Row]:
    """The rows of a page; null is left out, and a reference is its text."""
    found = []
    for kind in "wn":
        for item in answer.iterfind(f".//{kind}:Items/*", NS):
            row: Row = {}
            for child in item:
                if child.get(NIL) != "true":
                    text = "".join(child.itertext()).strip()
                    row.setdefault(child.tag.rpartition("}")[2], []).append(text)
            found.append(row)
    return found


def _instance_id(path: str) -> str:
    """The InstanceID in the text of an instance path."""
    found = path.rpartition("InstanceID=")[2].strip('"')
    return found.replace("\\\\", "\\").lower()


if __name__ == "__main__":
    kind, what, host, which = sys.argv[1:]
    witness: Any = {"virsh": Virsh, "wsman": Wsman}[kind](host)
    print(json.dumps(getattr(witness, what)(which)))
