# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices of a domain's XML to the value classes; pure.

The elements are those of libvirt's page "Domain XML format", section Devices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree as ET

from .._hypervisor.values import Disk, Nic


def parse_disk(element: ET.Element) -> Disk:
    """The element <disk> of a domain."""
    target = element.find("target")
    driver = element.find("driver")
    return Disk(
        device=element.get("device", "disk"),
        target=target.get("dev", "") if target is not None else "",
        bus=target.get("bus") if target is not None else None,
        type=element.get("type", "file"),
        source=image_source(element),
        format=driver.get("type") if driver is not None else None,
        readonly=element.find("readonly") is not None,
        shareable=element.find("shareable") is not None,
        backing=tuple(
            image
            for store in element.iter("backingStore")
            if (image := image_source(store)) is not None
        ),
        serial=element.findtext("serial"),
    )


def image_source(element: ET.Element) -> str | None:
    """Where the image of a <disk> or <backingStore> lies; None for an empty drive."""
    source = element.find("source")
    if source is None:
        return None
    if source.get("pool"):
        return f"{source.get('pool')}/{source.get('volume')}"
    for attribute in ("file", "dev", "dir"):
        if source.get(attribute):
            return source.get(attribute)
    if source.get("protocol"):
        host = source.find("host")
        server = host.get("name", "") if host is not None else ""
        return f"{source.get('protocol')}://{server}/{source.get('name', '')}"
    return None


def parse_nic(element: ET.Element, addresses: Mapping[str, Iterable[str]]) -> Nic:
    """The element <interface> of a domain, with its known addresses."""
    source = element.find("source")
    mac = element.find("mac")
    model = element.find("model")
    target = element.find("target")
    address = mac.get("address") if mac is not None else None
    is_of_network = source is not None and source.get("network") is not None
    names = ("network", "bridge", "dev", "path", "name")
    return Nic(
        mac=address,
        # A machine that is on has the bridge of its network there.
        type="network" if is_of_network else element.get("type", ""),
        source=next((source.get(name) for name in names if source.get(name)), None)
        if source is not None
        else None,
        model=model.get("type") if model is not None else None,
        target=target.get("dev") if target is not None else None,
        addresses=tuple(addresses.get((address or "").lower(), ())),
        vlan=_vlan(element),
        connected=element.find("link[@state='down']") is None,
    )


def _vlan(nic: ET.Element) -> int:
    tag = nic.find("vlan/tag")
    return number(tag.get("id")) or 0 if tag is not None else 0


def parse_graphics(element: ET.Element) -> dict[str, Any]:
    """The element <graphics>: type, listen and port; None where it has none yet."""
    listen = element.find("listen")
    address = element.get("listen")
    if listen is not None:
        address = listen.get("address") or listen.get("socket") or address
    port = number(element.get("port"))
    return {
        "type": element.get("type", ""),
        "listen": address,
        "port": port if port is not None and port >= 0 else None,
    }


def parse_serial(element: ET.Element) -> dict[str, Any]:
    """The element <serial>: type and path; of TCP the path is ``host:port``."""
    kind = element.get("type", "")
    source = element.find("source")
    path = None
    if source is not None:
        path = source.get("path")
        if kind in ("tcp", "udp"):
            path = f"{source.get('host', '')}:{source.get('service', '')}"
    return {"type": "none" if kind == "null" else kind, "path": path}


def number(text: str | None) -> int | None:
    """The number, or None where there is none; a host may write anything."""
    try:
        return int(text) if text else None
    except ValueError:
        return None
