# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests that change machines send: embedded instances, references, methods."""

from __future__ import annotations

from typing import Any

from lxml import etree
from wmi_client import SYSTEM, V2, VSMS, Client, local, reference, values

from hvsim.namespaces import qname
from hvsim.wmi.embedded import to_text
from hvsim.wmi.schema import VIRTUALIZATION, schema
from hvsim.wmi.values import Instance

VSSD = "Msvm_VirtualSystemSettingData"
RASD = "Msvm_ResourceAllocationSettingData"
SASD = "Msvm_StorageAllocationSettingData"
MEMORY = "Msvm_MemorySettingData"
PROCESSOR = "Msvm_ProcessorSettingData"
PORT = "Msvm_SyntheticEthernetPortSettingData"
CONNECTION = "Msvm_EthernetPortAllocationSettingData"
SUB = "Microsoft:Hyper-V:"


def embedded(class_name: str, **told: Any) -> str:
    """INSTANCE text with the properties that are told, and no others."""
    cim_class = schema(VIRTUALIZATION).find(class_name)
    root = etree.fromstring(to_text(Instance(cim_class, told)))
    for item in list(root):
        if item.get("PROPAGATED"):
            root.remove(item)
    return etree.tostring(root, encoding="unicode")


def parameter(name: str, *texts: str) -> str:
    """A parameter that holds texts."""
    return "".join(f"<p:{name}><![CDATA[{text}]]></p:{name}>" for text in texts)


def refer(name: str, class_name: str, **keys: str) -> str:
    """A parameter that is a reference."""
    return f"<p:{name}>{reference(V2 + class_name, **keys)}</p:{name}>"


def path(class_name: str, instance_id: str) -> str:
    """A path as text, as clients write it in Parent and HostResource."""
    key = instance_id.replace("\\", "\\\\")
    return f'root\\virtualization\\v2:{class_name}.InstanceID="{key}"'


def switch_path(guid: str) -> str:
    name = "Msvm_VirtualEthernetSwitch"
    return f'root/virtualization/v2:{name}.CreationClassName="{name}",Name="{guid}"'


def results(output: etree._Element, name: str) -> list[dict[str, str]]:
    """The keys of the references that a method gives."""
    return [
        {s.get("Name", ""): s.text or "" for s in item.iter(qname("w:Selector"))}
        for item in output
        if local(item) == name and not item.get(qname("xsi:nil"))
    ]


class Changer:
    """A client that waits for jobs and remembers what the last one said."""

    def __init__(self, host: Client) -> None:
        self.host = host
        self.text = ""
        """ErrorDescription of the last job."""

    def call(self, method: str, content: str, service: str = VSMS) -> etree._Element:
        return self.host.invoke(
            V2 + service, method, content, CreationClassName=service
        )

    def run(
        self, method: str, content: str, service: str = VSMS
    ) -> tuple[int, etree._Element]:
        """Call a method, wait for its job; the code that it ends with."""
        output = self.call(method, content, service)
        code = int(values(output)["ReturnValue"])
        self.text = ""
        if code != 4096:
            return code, output
        (job,) = results(output, "Job")
        self.host.clock.advance(self.host.model.job_seconds + 1)
        found = self.host.get(V2 + "Msvm_ConcreteJob", **job)
        assert found["JobState"] in ("7", "10")
        self.text = found["ErrorDescription"] or ""
        return int(found["ErrorCode"]), output

    def define(self, *devices: str, **told: Any) -> tuple[int, str]:
        """DefineSystem: the code and the GUID."""
        content = parameter("SystemSettings", embedded(VSSD, **told))
        content += parameter("ResourceSettings", *devices)
        code, output = self.run("DefineSystem", content)
        made = results(output, "ResultingSystem")
        return code, made[0]["Name"] if made else ""

    def add(self, guid: str, *devices: str) -> tuple[int, list[str]]:
        """AddResourceSettings: the code and the InstanceIDs."""
        content = refer(
            "AffectedConfiguration", VSSD, InstanceID=f"Microsoft:{guid}"
        ) + parameter("ResourceSettings", *devices)
        code, output = self.run("AddResourceSettings", content)
        made = results(output, "ResultingResourceSettings")
        return code, [keys["InstanceID"] for keys in made]

    def modify(self, class_name: str, instance_id: str, **told: Any) -> int:
        text = embedded(class_name, InstanceID=instance_id, **told)
        method, name = "ModifyResourceSettings", "ResourceSettings"
        if class_name == VSSD:
            method, name = "ModifySystemSettings", "SystemSettings"
        return self.run(method, parameter(name, text))[0]

    def remove(self, *parts: tuple[str, str]) -> int:
        """RemoveResourceSettings of parts by class and InstanceID."""
        content = "".join(
            refer("ResourceSettings", class_name, InstanceID=instance_id)
            for class_name, instance_id in parts
        )
        return self.run("RemoveResourceSettings", content)[0]

    def settings(self, class_name: str, guid: str) -> list[dict[str, Any]]:
        """The settings of a class that a machine has."""
        where = f"InstanceID LIKE 'Microsoft:{guid}%'"
        return self.host.query(f"SELECT * FROM {class_name} WHERE {where}")

    def read(self, class_name: str, instance_id: str) -> dict[str, Any]:
        return self.host.get(V2 + class_name, InstanceID=instance_id)

    def guid(self, name: str) -> str:
        return self.host.model.machine(name).guid

    # Devices, by steps

    def add_controller(self, guid: str) -> str:
        text = embedded(RASD, ResourceSubType=SUB + "Synthetic SCSI Controller")
        code, made = self.add(guid, text)
        assert code == 0, self.text
        return made[0]

    def add_drive(
        self, guid: str, controller: str, slot: int | None, kind: str = "Disk"
    ) -> tuple[int, str]:
        told = {} if slot is None else {"AddressOnParent": str(slot)}
        text = embedded(
            RASD,
            ResourceSubType=f"{SUB}Synthetic {kind} Drive",
            Parent=path(RASD, controller),
            **told,
        )
        code, made = self.add(guid, text)
        return code, made[0] if made else ""

    def add_medium(
        self, guid: str, drive: str, file: str, kind: str = "Virtual Hard Disk"
    ) -> tuple[int, str]:
        text = embedded(
            SASD,
            ResourceSubType=SUB + kind,
            Parent=path(RASD, drive),
            HostResource=[file],
        )
        code, made = self.add(guid, text)
        return code, made[0] if made else ""

    def add_nic(self, guid: str, **told: Any) -> tuple[int, str]:
        text = embedded(PORT, ResourceSubType=SUB + "Synthetic Ethernet Port", **told)
        code, made = self.add(guid, text)
        return code, made[0] if made else ""

    def connect(self, guid: str, nic: str, switch: str | None) -> tuple[int, str]:
        text = embedded(
            CONNECTION,
            ResourceSubType=SUB + "Ethernet Connection",
            Parent=path(PORT, nic),
            HostResource=[switch_path(switch)] if switch else [],
            EnabledState=2,
        )
        code, made = self.add(guid, text)
        return code, made[0] if made else ""


def system(guid: str, name: str = "ComputerSystem") -> str:
    """A parameter that refers to a machine."""
    return refer(name, SYSTEM, CreationClassName=SYSTEM, Name=guid)
