# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults that are commonly met: name, kind and what to do.

The numbers and names are those of the Windows SDK's wsmerror.h and wbemcli.h. Other
numbers are told in decimal and hexadecimal; ``net helpmsg`` and ``winrm helpmsg`` of
any Windows explain them.
"""

from __future__ import annotations

from typing import NamedTuple

NOT_FOUND = "not_found"
NO_CLASS = "no_class"
NO_NAMESPACE = "no_namespace"
ACCESS_DENIED = "access_denied"
TIMED_OUT = "timed_out"
CONTEXT_GONE = "context_gone"
TOO_LARGE = "too_large"
QUOTA = "quota"
EXISTS = "exists"
POLICY = "policy"
INVALID = "invalid"
UNSUPPORTED = "unsupported"
OTHER = "other"


class KnownFault(NamedTuple):
    """What is known of a number: its name, its kind, what to do."""

    name: str
    kind: str
    remedy: str


_NAMES = "check the names in the request against the class's documentation"
_RIGHTS = (
    "sign in as a member of the host's Administrators, or of Remote Management Users "
    "and Hyper-V Administrators"
)
_GONE = "check its class and its keys, and that it still exists"
_LATER = "try again later, with less at a time, or raise the quota in winrm/config"
_QUERY = (
    "check the query and its class; all classes of root/virtualization/v2 are missing "
    "where the Hyper-V role is not installed"
)
_TIMEOUT = "raise the timeout option, and MaxTimeoutms in winrm/config if it is lower"
_SMALLER = "ask for fewer properties or instances, or raise MaxEnvelopeSizekb"
_READ_ONLY = "leave that setting out"
_CERTIFICATE = "give the thumbprint of a certificate for server authentication"

FAULTS: dict[int, KnownFault] = {
    code: KnownFault(name, kind, remedy)
    for code, name, kind, remedy in (
        (0x5, "ERROR_ACCESS_DENIED", ACCESS_DENIED, _RIGHTS),
        (0x57, "ERROR_INVALID_PARAMETER", INVALID, _NAMES),
        (0x80070005, "E_ACCESSDENIED", ACCESS_DENIED, _RIGHTS),
        (
            0x80070002,
            "ERROR_FILE_NOT_FOUND",
            NOT_FOUND,
            "check the path, which is one of the host",
        ),
        (0x80041001, "WBEM_E_FAILED", OTHER, "look into the host's event log"),
        (0x80041002, "WBEM_E_NOT_FOUND", NOT_FOUND, _GONE),
        (0x80041003, "WBEM_E_ACCESS_DENIED", ACCESS_DENIED, _RIGHTS),
        (0x80041008, "WBEM_E_INVALID_PARAMETER", INVALID, _NAMES),
        (
            0x8004100E,
            "WBEM_E_INVALID_NAMESPACE",
            NO_NAMESPACE,
            "check the namespace; root/virtualization/v2 comes with the Hyper-V role",
        ),
        (0x80041010, "WBEM_E_INVALID_CLASS", NO_CLASS, _QUERY),
        (0x80041017, "WBEM_E_INVALID_QUERY", INVALID, _QUERY),
        (0x8004102F, "WBEM_E_INVALID_METHOD_PARAMETERS", INVALID, _NAMES),
        (0x80338000, "ERROR_WSMAN_RESOURCE_NOT_FOUND", NOT_FOUND, _GONE),
        (0x80338001, "ERROR_WSMAN_INVALID_ACTIONURI", UNSUPPORTED, _NAMES),
        (0x80338013, "ERROR_WSMAN_ACTION_NOT_SUPPORTED", UNSUPPORTED, _NAMES),
        (0x8033800F, "ERROR_WSMAN_INVALID_MESSAGE_INFORMATION_HEADER", INVALID, _NAMES),
        (
            0x80338010,
            "ERROR_WSMAN_SOAP_FAULT_MUST_UNDERSTAND",
            UNSUPPORTED,
            "the server lacks something that WS-Management has; tell its maker",
        ),
        (
            0x80338011,
            "ERROR_WSMAN_MESSAGE_INFORMATION_HEADER_REQUIRED",
            INVALID,
            _NAMES,
        ),
        (0x80338015, "ERROR_WSMAN_INVALID_REPRESENTATION", INVALID, _NAMES),
        (
            0x80338018,
            "ERROR_WSMAN_ENUMERATE_FILTERING_NOT_SUPPORTED",
            UNSUPPORTED,
            "ask without a filter",
        ),
        (
            0x80338019,
            "ERROR_WSMAN_ENUMERATE_FILTER_DIALECT_REQUESTED_UNAVAILABLE",
            UNSUPPORTED,
            "ask with a filter of another dialect, or none",
        ),
        (0x8033801A, "ERROR_WSMAN_ENUMERATE_CANNOT_PROCESS_FILTER", NO_CLASS, _QUERY),
        (
            0x8033801B,
            "ERROR_WSMAN_ENUMERATE_INVALID_ENUMERATION_CONTEXT",
            CONTEXT_GONE,
            "ask again from the start; a host forgets what is not pulled in time",
        ),
        (0x8033801C, "ERROR_WSMAN_ENUMERATE_TIMED_OUT", TIMED_OUT, _TIMEOUT),
        (0x80338026, "ERROR_WSMAN_ENVELOPE_TOO_LARGE", TOO_LARGE, _SMALLER),
        (0x80338029, "ERROR_WSMAN_OPERATION_TIMEDOUT", TIMED_OUT, _TIMEOUT),
        (
            0x80338033,
            "ERROR_WSMAN_ALREADY_EXISTS",
            EXISTS,
            "change what is there, or remove it first",
        ),
        (0x80338035, "ERROR_WSMAN_ENCODING_LIMIT", TOO_LARGE, _SMALLER),
        (0x80338039, "ERROR_WSMAN_INVALID_OPTIONS", INVALID, _NAMES),
        (0x8033803A, "ERROR_WSMAN_INVALID_PARAMETER", INVALID, _NAMES),
        (
            0x8033803B,
            "ERROR_WSMAN_INVALID_RESOURCE_URI",
            NO_CLASS,
            "check the namespace and the class",
        ),
        (
            0x8033803D,
            "ERROR_WSMAN_INVALID_SELECTORS",
            INVALID,
            "give all keys and no others",
        ),
        (
            0x8033805B,
            "ERROR_WSMAN_UNEXPECTED_SELECTORS",
            INVALID,
            "give all keys and no others",
        ),
        (0x80338041, "ERROR_WSMAN_SCHEMA_VALIDATION_ERROR", INVALID, _NAMES),
        (
            0x80338042,
            "ERROR_WSMAN_UNSUPPORTED_FEATURE",
            UNSUPPORTED,
            "the server lacks that feature; ask another way",
        ),
        (
            0x80338089,
            "ERROR_WSMAN_LISTENER_ADDRESS_INVALID",
            INVALID,
            "write *, IP:ADDRESS or MAC:ADDRESS",
        ),
        (
            0x8033808A,
            "ERROR_WSMAN_CONFIG_CANNOT_CHANGE_GPO_CONTROLLED_SETTING",
            POLICY,
            "a group policy of the host sets this; change the policy",
        ),
        (
            0x80338090,
            "ERROR_WSMAN_FRAGMENT_DIALECT_REQUESTED_UNAVAILABLE",
            UNSUPPORTED,
            "ask for the whole resource",
        ),
        (0x803380E7, "ERROR_WSMAN_CERT_THUMBPRINT_BLANK", INVALID, _CERTIFICATE),
        (
            0x803380E9,
            "ERROR_WSMAN_CONFIG_CERT_CN_DOES_NOT_MATCH_HOSTNAME",
            INVALID,
            "give the name that the certificate is for, or another certificate",
        ),
        (
            0x803380EB,
            "ERROR_WSMAN_CONFIG_THUMBPRINT_SHOULD_BE_EMPTY",
            INVALID,
            "give no thumbprint to an HTTP listener",
        ),
        (
            0x803380FA,
            "ERROR_WSMAN_INVALID_URI_WMI_SINGLETON",
            INVALID,
            "name the instance by all of its keys",
        ),
        (
            0x803380FB,
            "ERROR_WSMAN_INVALID_URI_WMI_ENUM_WQL",
            INVALID,
            "ask /* of the namespace, and name the class in the query alone",
        ),
        (
            0x80338102,
            "ERROR_WSMAN_WMI_PROVIDER_NOT_CAPABLE",
            UNSUPPORTED,
            "the class can't be used so; Hyper-V's are changed by its services' methods",
        ),
        (0x80338104, "ERROR_WSMAN_WMI_SVC_ACCESS_DENIED", ACCESS_DENIED, _RIGHTS),
        (0x80338105, "ERROR_WSMAN_WMI_PROVIDER_ACCESS_DENIED", ACCESS_DENIED, _RIGHTS),
        (
            0x80338106,
            "ERROR_WSMAN_WMI_CANNOT_CONNECT_ACCESS_DENIED",
            ACCESS_DENIED,
            _RIGHTS,
        ),
        (
            0x80338108,
            "ERROR_WSMAN_ENUMERATE_WMI_INVALID_KEY",
            INVALID,
            "enumerate without selectors",
        ),
        (
            0x8033813B,
            "ERROR_WSMAN_DIFFERENT_CIM_SELECTOR",
            INVALID,
            "leave the __cimnamespace selector out",
        ),
        (0x8033813F, "ERROR_WSMAN_CONFIG_READONLY_PROPERTY", INVALID, _READ_ONLY),
        (
            0x803381A5,
            "ERROR_WSMAN_QUOTA_MAX_SHELLS",
            QUOTA,
            "close shells of this user, or raise MaxShellsPerUser in winrm/config/winrs",
        ),
        (
            0x803381A6,
            "ERROR_WSMAN_QUOTA_MAX_OPERATIONS",
            QUOTA,
            "run less at a time, or raise MaxConcurrentOperationsPerUser in "
            "winrm/config/service",
        ),
        (0x803381A7, "ERROR_WSMAN_QUOTA_USER", QUOTA, _LATER),
        (0x803381A8, "ERROR_WSMAN_QUOTA_SYSTEM", QUOTA, _LATER),
        (0x803381AB, "ERROR_WSMAN_QUOTA_MAX_SHELLUSERS", QUOTA, _LATER),
        (
            0x803381AC,
            "ERROR_WSMAN_REMOTESHELLS_NOT_ALLOWED",
            POLICY,
            "set AllowRemoteShellAccess in winrm/config/winrs",
        ),
        (
            0x803381AD,
            "ERROR_WSMAN_PULL_PARAMS_NOT_SAME_AS_ENUM",
            INVALID,
            "pull with the limits of the enumeration",
        ),
        (0x803381AE, "ERROR_WSMAN_DEPRECATED_CONFIG_SETTING", INVALID, _READ_ONLY),
    )
}
"""By number, unsigned."""

SUBCODES: dict[str, tuple[str, str]] = {
    "w:AccessDenied": (ACCESS_DENIED, _RIGHTS),
    "w:AlreadyExists": (EXISTS, "change what is there, or remove it first"),
    "w:EncodingLimit": (TOO_LARGE, _SMALLER),
    "w:InvalidSelectors": (INVALID, "give all keys and no others"),
    "w:QuotaLimit": (QUOTA, _LATER),
    "w:SchemaValidationError": (INVALID, _NAMES),
    "w:TimedOut": (TIMED_OUT, _TIMEOUT),
    "w:UnsupportedFeature": (UNSUPPORTED, "ask another way"),
    "a:ActionNotSupported": (UNSUPPORTED, _NAMES),
    "a:DestinationUnreachable": (NOT_FOUND, _GONE),
    "a:EndpointUnavailable": (QUOTA, _LATER),
    "n:CannotProcessFilter": (NO_CLASS, _QUERY),
    "n:InvalidEnumerationContext": (CONTEXT_GONE, "ask again from the start"),
    "n:TimedOut": (TIMED_OUT, _TIMEOUT),
    "x:InvalidRepresentation": (INVALID, _NAMES),
}
"""Kind and remedy by subcode, for servers that send no number (DSP0226 clause 14)."""
