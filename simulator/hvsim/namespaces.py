# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XML namespaces of WS-Management, by the prefixes that WinRM writes."""

from __future__ import annotations

NS = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "e": "http://schemas.xmlsoap.org/ws/2004/08/eventing",
    "n": "http://schemas.xmlsoap.org/ws/2004/09/enumeration",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "p": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
    "rsp": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
    "cim": "http://schemas.dmtf.org/wbem/wscim/1/common",
    "b": "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd",
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
    "wsmid": "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xml": "http://www.w3.org/XML/1998/namespace",
}
ANONYMOUS = NS["a"] + "/role/anonymous"
WMI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
DMTF = "http://schemas.dmtf.org/wbem/wscim/1/cim-2/"
CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"


def qname(name: str) -> str:
    """`w:Selector` as lxml wants it: `{namespace}Selector`."""
    prefix, _colon, local = name.partition(":")
    return f"{{{NS[prefix]}}}{local}"


def nsmap(*prefixes: str) -> dict[str | None, str]:
    """The map of these prefixes for a new lxml element."""
    return {prefix: NS[prefix] for prefix in prefixes}
