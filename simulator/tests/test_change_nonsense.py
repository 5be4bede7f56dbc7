# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nonsense sent to every method that changes machines: a code, and reading goes on."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from change_client import VSSD, Changer, embedded, parameter, path, refer, switch_path
from wmi_client import SYSTEM, V2, client, values

from hvsim.model.features import DEFAULTS
from hvsim.model.resource_methods import WRITABLE
from hvsim.model.system_changes import WRITABLE as SETTINGS
from hvsim.wmi.schema import VIRTUALIZATION, PropertyType, schema

CLASSES = [
    *WRITABLE,
    *DEFAULTS,
    VSSD,
    "Msvm_KvpExchangeDataItem",
    "Msvm_SecuritySettingData",
]
CODES = {"0", "32768", "32773", "32774", "32775", "32776", "32779"}


def nonsense(chance: random.Random, kind: PropertyType, texts: list[str]) -> Any:
    def one() -> Any:
        if kind.cim_type == "boolean":
            return chance.random() < 0.5
        if kind.cim_type.startswith("uint"):
            bits = int(kind.cim_type[4:])
            return min(
                2**bits - 1, chance.choice((0, 1, 2, 3, 7, 100, 4096, 2**bits - 1))
            )
        if kind.cim_type == "datetime":
            return timedelta(seconds=chance.randrange(100))
        return chance.choice(texts)

    return [one() for _ in range(chance.randrange(3))] if kind.is_array else one()


@pytest.mark.parametrize("seed", range(3))
def test_nonsense_gets_a_code_and_leaves_a_host_that_can_be_read(seed: int) -> None:
    host = Changer(client(10, job_seconds=0, seed=seed))
    chance = random.Random(seed)
    model = host.host.model
    known = {
        name: [row["InstanceID"] for row in host.host.query(f"SELECT * FROM {name}")]
        for name in CLASSES
        if name != "Msvm_KvpExchangeDataItem"
    }
    paths = [
        path(name, chance.choice(ids)) for name, ids in known.items() for _ in "123"
    ]
    switches = [switch_path(switch.guid) for switch in model.switches]
    files = [image.path for image in model.images.all()]
    texts = [
        *paths,
        *switches,
        *files[:20],
        "",
        "0",
        "1",
        "x",
        "00155D0000AA",
        "Microsoft:",
    ]
    codes: set[str] = set()

    def instance(class_name: str) -> str:
        cim_class = schema(VIRTUALIZATION).find(class_name)
        names = [n for n in cim_class.properties.values() if n.cim_type != "object"]
        likely = WRITABLE.get(class_name) or DEFAULTS.get(class_name) or SETTINGS
        chosen = [k for k in names if k.name in likely and chance.random() < 0.3]
        chosen += chance.sample(names, chance.randrange(2))
        told = {kind.name: nonsense(chance, kind, texts) for kind in chosen}
        if known.get(class_name) and chance.random() < 0.8:
            told["InstanceID"] = chance.choice(known[class_name])
        definitions = [i for i in known.get(class_name, ()) if "Definition" in i]
        if definitions and chance.random() < 0.5:
            row = host.read(class_name, chance.choice(definitions))
            told["ResourceSubType"] = row.get("ResourceSubType") or ""
        if "ResourceSubType" in told and not cim_class.property("ResourceSubType"):
            del told["ResourceSubType"]
        return embedded(class_name, **told)

    for _round in range(300):
        class_name = chance.choice(CLASSES)
        guid = chance.choice(list(model.machines))
        text = instance(class_name)
        config = refer("AffectedConfiguration", VSSD, InstanceID=f"Microsoft:{guid}")
        method, content = chance.choice(
            (
                ("DefineSystem", parameter("SystemSettings", text)),
                ("DefineSystem", parameter("ResourceSettings", text)),
                ("ModifySystemSettings", parameter("SystemSettings", text)),
                ("AddResourceSettings", config + parameter("ResourceSettings", text)),
                ("ModifyResourceSettings", parameter("ResourceSettings", text)),
                ("AddFeatureSettings", config + parameter("FeatureSettings", text)),
                ("ModifyFeatureSettings", parameter("FeatureSettings", text)),
                ("ModifyGuestServiceSettings", parameter("GuestServiceSettings", text)),
                (
                    "AddBootSourceSettings",
                    config + parameter("BootSourceSettings", text),
                ),
                ("ModifyServiceSettings", parameter("SettingData", text)),
                (
                    "RemoveResourceSettings",
                    refer(
                        "ResourceSettings",
                        class_name,
                        InstanceID=chance.choice(known.get(class_name) or ["x"]),
                    ),
                ),
            )
        )
        codes.add(str(values(host.call(method, content))["ReturnValue"]))
    assert {"0", "32773"} <= codes <= CODES
    for name in (*known, SYSTEM, "Msvm_SystemDevice", "Msvm_SettingsDefineState"):
        assert host.host.enumerate(V2 + name)
