# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Capabilities XML as data; pure (page "Driver capabilities XML format")."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET


def parse_capabilities(text: str) -> dict[str, Any]:
    """What a libvirt host says that it can do.

    Returns:
        ``host``: uuid, arch, cpu (model, vendor, features), power_management,
        migration_transports, security_models; ``guests``: a list with os_type, arch,
        wordsize, emulator, domain_types, machines and features of each.
    """
    root = ET.fromstring(text)
    host = root.find("host")
    return {
        "host": _host(host) if host is not None else {},
        "guests": [_guest(guest) for guest in root.iterfind("guest")],
    }


def _host(host: ET.Element) -> dict[str, Any]:
    return {
        "uuid": host.findtext("uuid"),
        "arch": host.findtext("cpu/arch"),
        "cpu": {
            "model": host.findtext("cpu/model"),
            "vendor": host.findtext("cpu/vendor"),
            "features": [
                feature.get("name") or feature.tag
                for feature in host.iterfind("cpu/feature")
            ],
        },
        "power_management": [
            child.tag for child in host.iterfind("power_management/*")
        ],
        "migration_transports": [
            transport.text
            for transport in host.iterfind(
                "migration_features/uri_transports/uri_transport"
            )
        ],
        "security_models": [
            model.text for model in host.iterfind("secmodel/model") if model.text
        ],
    }


def _guest(guest: ET.Element) -> dict[str, Any]:
    arch = guest.find("arch")
    return {
        "os_type": guest.findtext("os_type"),
        "arch": arch.get("name") if arch is not None else None,
        "wordsize": _number(guest.findtext("arch/wordsize")),
        "emulator": guest.findtext("arch/emulator"),
        "domain_types": [
            domain.get("type") for domain in guest.iterfind("arch/domain")
        ],
        "machines": [machine.text for machine in guest.iterfind("arch/machine")],
        "features": [feature.tag for feature in guest.iterfind("features/*")],
    }


def _number(text: str | None) -> int | None:
    try:
        return int(text or "") or None
    except ValueError:
        return None
