# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The namespaces, actions and dialects of WS-Management, in one place.

DSP0226 annex A, DSP0227, DSP0230, [MS-WSMV] section 2.2.1. The prefixes are those that
Windows writes.
"""

from __future__ import annotations

from .._cim.markup import XSI, Name

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
EVENTING = "http://schemas.xmlsoap.org/ws/2004/08/eventing"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
MICROSOFT = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
CIM = "http://schemas.dmtf.org/wbem/wscim/1/common"
BINDING = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd"
FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"

PREFIXES = {
    "s": SOAP,
    "a": ADDRESSING,
    "x": TRANSFER,
    "e": EVENTING,
    "n": ENUMERATION,
    "w": WSMAN,
    "p": MICROSOFT,
    "b": BINDING,
}

ANONYMOUS = f"{ADDRESSING}/role/anonymous"

GET = f"{TRANSFER}/Get"
PUT = f"{TRANSFER}/Put"
CREATE = f"{TRANSFER}/Create"
DELETE = f"{TRANSFER}/Delete"
ENUMERATE = f"{ENUMERATION}/Enumerate"
PULL = f"{ENUMERATION}/Pull"
RELEASE = f"{ENUMERATION}/Release"

WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
SELECTOR_FILTER = "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter"
ASSOCIATION_FILTER = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/associationFilter"

WMI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
DMTF_CIM = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2"
"""Where other servers keep their classes: ``resource_uri(DMTF_CIM, class_name)``."""

NIL = Name(XSI, "nil")
TYPE = Name(XSI, "type")
