# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults: every code that hvsim raises, and its bytes as WinRM writes them.

Which SOAP code, subcode and action a WS-Management error has: the mapping of Microsoft's
OMI (Unix/wsman/wsmanerrorhandling.c) and DSP0226 1.2.0 section 14; the texts are those
of wsmerror.h. The shape is that of recorded answers of Windows Server 2008 R2 to 2019.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from lxml import etree

from hvsim.namespaces import NS, WMI, nsmap, qname

ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/fault"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer/fault"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
DETAIL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/"

PROVIDER_PATHS = {
    "WMI Provider": r"%systemroot%\system32\WsmWmiPl.dll",
    "Config provider": r"%systemroot%\system32\WsmSvc.dll",
    "Shell provider": r"%systemroot%\system32\WsmSvc.dll",
    "Shell cmd plugin": r"%systemroot%\system32\winrscmd.dll",
}


class Code(IntEnum):
    """The errors that hvsim raises itself, by their names in wsmerror.h."""

    INVALID_PARAMETER_WIN32 = 87
    ACCESS_DENIED = 5
    RESOURCE_NOT_FOUND = 2150858752
    INVALID_ACTIONURI = 2150858753
    VERSION_MISMATCH = 2150858765
    INVALID_HEADER = 2150858767
    MUST_UNDERSTAND = 2150858768
    HEADER_REQUIRED = 2150858769
    ACTION_NOT_SUPPORTED = 2150858771
    INVALID_REPRESENTATION = 2150858773
    FILTERING_NOT_SUPPORTED = 2150858776
    FILTER_DIALECT_UNAVAILABLE = 2150858777
    CANNOT_PROCESS_FILTER = 2150858778
    INVALID_ENUMERATION_CONTEXT = 2150858779
    PULL_TIMED_OUT = 2150858780
    ENVELOPE_TOO_LARGE = 2150858790
    OPERATION_TIMED_OUT = 2150858793
    ACTION_MISMATCH = 2150858801
    ALREADY_EXISTS = 2150858803
    ENCODING_LIMIT = 2150858805
    INVALID_OPTIONS = 2150858809
    INVALID_PARAMETER = 2150858810
    INVALID_RESOURCE_URI = 2150858811
    INVALID_SELECTORS = 2150858813
    SCHEMA_VALIDATION_ERROR = 2150858817
    UNSUPPORTED_FEATURE = 2150858818
    INVALID_NAMESPACE = 2150858840
    UNEXPECTED_SELECTORS = 2150858843
    DUPLICATE_SELECTORS = 2150858847
    UNSUPPORTED_ADDRESSING_MODE = 2150858870
    INVALID_FRAGMENT_PATH = 2150858899
    LISTENER_ADDRESS_INVALID = 2150858889
    GPO_CONTROLLED_SETTING = 2150858890
    FRAGMENT_DIALECT_UNAVAILABLE = 2150858896
    THUMBPRINT_BLANK = 2150858983
    CERTIFICATE_NAME_MISMATCH = 2150858985
    THUMBPRINT_SHOULD_BE_EMPTY = 2150858987
    CERTIFICATE_INVALID_USAGE = 2150858990
    WMI_KEYS_MISSING = 2150859002
    WMI_WQL_WITHOUT_STAR = 2150859003
    WMI_PROVIDER_NOT_CAPABLE = 2150859010
    WMI_ACCESS_DENIED = 2150859012
    WMI_KEYS_IN_ENUMERATE = 2150859016
    DIFFERENT_NAMESPACE_SELECTOR = 2150859067
    READONLY_PROPERTY = 2150859071
    QUOTA_MAX_SHELLS = 2150859173
    QUOTA_MAX_OPERATIONS = 2150859174
    QUOTA_USER = 2150859175
    REMOTE_SHELLS_NOT_ALLOWED = 2150859180
    PULL_PARAMETERS_DIFFER = 2150859181
    DEPRECATED_SETTING = 2150859182


class Row(NamedTuple):
    """How one error is told: SOAP code, subcode, action, FaultDetail, text."""

    soap_code: str
    subcode: str | None
    action: str
    detail: str | None
    text: str


def _row(
    subcode: str | None, text: str, detail: str | None = None, code: str = "s:Sender"
) -> Row:
    families = {"a": ADDRESSING, "n": ENUMERATION, "x": TRANSFER, "w": WSMAN}
    action = families[subcode.split(":")[0]] if subcode else ADDRESSING
    return Row(code, subcode, action, DETAIL + detail if detail else None, text)


_CANNOT = "The WS-Management service cannot process the request. "
_CLIENT = "The WinRM client cannot process the request. "
_URI_HELP = (
    "Use the following command to get more information in how to construct a resource "
    'URI: "winrm help uris".'
)
_URI_BAD = (
    _CANNOT + "The resource URI is missing or it has an incorrect format. Check the "
    "documentation or use the following command for information on how to construct a "
    'resource URI: "winrm help uris".'
)
_SELECTORS = (
    "The WS-Management service cannot process the request because the request contained "
    "invalid selectors for the resource."
)
_FILTER = (
    "The data source could not process the filter. The filter might be missing or it "
    "might be invalid. Change the filter and try the request again.  "
)

TABLE: dict[int, Row] = {
    Code.INVALID_PARAMETER_WIN32: _row(
        "w:InvalidParameter", "The parameter is incorrect.", "InvalidValue"
    ),
    Code.ACCESS_DENIED: _row("w:AccessDenied", "Access is denied."),
    Code.RESOURCE_NOT_FOUND: _row(
        "a:DestinationUnreachable",
        _CANNOT + "The service cannot find the resource identified by the resource URI "
        "and selectors.",
        "InvalidResourceURI",
    ),
    Code.INVALID_ACTIONURI: _row(
        "a:ActionNotSupported",
        _CANNOT
        + "The WS-Addressing action URI is invalid. Check the documentation for "
        "information on how to construct an action URI.",
    ),
    Code.VERSION_MISMATCH: _row(
        None,
        "The WS-Management service does not support the SOAP version specified in the "
        "request.",
        code="s:VersionMismatch",
    ),
    Code.INVALID_HEADER: _row(
        "a:InvalidMessageInformationHeader",
        _CANNOT + "The request contains one or more invalid SOAP headers.",
    ),
    Code.MUST_UNDERSTAND: _row(
        None,
        "The WS-Management service cannot process a SOAP header in the request that is "
        "marked as mustUnderstand by the client. This could be caused by the use of a "
        "version of the protocol which is not supported, or may be an incompatibility "
        "between the client and server implementations.",
        code="s:MustUnderstand",
    ),
    Code.HEADER_REQUIRED: _row(
        "a:MessageInformationHeaderRequired",
        _CANNOT + "The request does not have all the expected SOAP headers.",
    ),
    Code.ACTION_NOT_SUPPORTED: _row(
        "a:ActionNotSupported",
        "The WS-Management service does not support the action specified in the request.",
    ),
    Code.INVALID_REPRESENTATION: _row(
        "x:InvalidRepresentation",
        "The WS-Management service cannot identify the format of the object passed to a "
        "Put or Create method. The input XML may not be appropriate for the resource or "
        "uses the wrong schema for the resource. Change the input XML in the request.",
    ),
    Code.FILTERING_NOT_SUPPORTED: _row(
        "n:FilteringNotSupported",
        "The data source does not support filtering. Remove the filter from the request "
        "and try the request again.",
    ),
    Code.FILTER_DIALECT_UNAVAILABLE: _row(
        "n:FilterDialectRequestedUnavailable",
        "The filter dialect (the type associated with the filter) was not supported for "
        "this resource. Change the filter dialect or remove it from the request and try "
        "the request again.",
    ),
    Code.CANNOT_PROCESS_FILTER: _row("n:CannotProcessFilter", _FILTER),
    Code.INVALID_ENUMERATION_CONTEXT: _row(
        "n:InvalidEnumerationContext",
        "The WS-Enumeration context in the enumeration is not valid. Enumeration may "
        "have been completed or canceled. You cannot use this enumeration context "
        "anymore. Start a new enumeration.",
        code="s:Receiver",
    ),
    Code.PULL_TIMED_OUT: _row(
        "n:TimedOut",
        "The pull operation did not get any data in the MaxTime duration. But the "
        "enumeration is still valid. The client can attempt to do another pull request "
        "to retrieve data.",
        code="s:Receiver",
    ),
    Code.ENVELOPE_TOO_LARGE: _row(
        "w:EncodingLimit",
        "The WS-Management service cannot process the response because it is larger than "
        "the maximum size allowed.",
        "MaxEnvelopeSizeExceeded",
    ),
    Code.OPERATION_TIMED_OUT: _row(
        "w:TimedOut",
        "The WS-Management service cannot complete the operation within the time "
        "specified in OperationTimeout.  ",
        code="s:Receiver",
    ),
    Code.ACTION_MISMATCH: _row(
        "a:ActionNotSupported",
        "The WS-Management service cannot process the request because the WS-Addressing "
        "Action URI in the request is not compatible with the resource.",
        "ActionMismatch",
    ),
    Code.ALREADY_EXISTS: _row(
        "w:AlreadyExists",
        "The WS-Management service cannot create the resource because it already exists.",
    ),
    Code.ENCODING_LIMIT: _row(
        "w:EncodingLimit",
        "The WS-Management service cannot process the request because the encoding of "
        "the request exceeds an internal encoding limit. Reconfigure the client to send "
        "messages which fit the encoding limits of the service.",
        "MinimumEnvelopeLimit",
    ),
    Code.INVALID_OPTIONS: _row(
        "w:InvalidOptions",
        "The WS-Management service cannot process the request because one or more "
        "options are not valid. The option names or values may not be valid or they are "
        "used in incorrect combinations. Retrieve the catalog entry for the resource and "
        "determine how to correct the invalid option values.",
    ),
    Code.INVALID_PARAMETER: _row(
        "w:InvalidParameter",
        "The WS-Management service cannot process the request because a parameter for "
        "the operation is not valid.",
    ),
    Code.INVALID_RESOURCE_URI: _row(
        "a:DestinationUnreachable", _URI_BAD, "InvalidResourceURI"
    ),
    Code.INVALID_SELECTORS: _row(
        "w:InvalidSelectors",
        "The WS-Management service cannot process the request because the selectors for "
        "the resource are not valid.",
    ),
    Code.SCHEMA_VALIDATION_ERROR: _row(
        "w:SchemaValidationError",
        "The SOAP XML in the message does not match the corresponding XML schema "
        "definition. Change the XML and retry.",
    ),
    Code.UNSUPPORTED_FEATURE: _row(
        "w:UnsupportedFeature",
        "The WS-Management service does not support the specified feature. Remove the "
        "unsupported feature from the request and retry.",
    ),
    Code.INVALID_NAMESPACE: _row(
        "x:InvalidRepresentation",
        "The WS-Management service cannot process the request because the XML contains "
        "an invalid namespace.",
        "InvalidNamespace",
    ),
    Code.UNEXPECTED_SELECTORS: _row(
        "w:InvalidSelectors", _SELECTORS, "UnexpectedSelectors"
    ),
    Code.DUPLICATE_SELECTORS: _row(
        "w:InvalidSelectors",
        "The WS-Management service cannot process the request because the request "
        "contains duplicate selectors for the resource.",
        "DuplicateSelectors",
    ),
    Code.UNSUPPORTED_ADDRESSING_MODE: _row(
        "w:UnsupportedFeature",
        "The WS-Management service does not support the addressing mode specified in the "
        "request.",
        "AddressingMode",
    ),
    Code.INVALID_FRAGMENT_PATH: _row(
        "w:CannotProcessFilter",
        "The WS-Management service cannot process the request because the fragment path "
        "is not valid.",
    ),
    Code.LISTENER_ADDRESS_INVALID: _row(
        "w:InternalError",
        "The listener address specified is invalid. The address can be specified in one "
        "of the following formats: *, IP:<ip_address>, MAC:<mac_address>. Change the "
        "listener address and try the request again.",
        code="s:Receiver",
    ),
    Code.GPO_CONTROLLED_SETTING: _row(
        "w:InternalError", "Cannot change GPO controlled setting.", code="s:Receiver"
    ),
    Code.FRAGMENT_DIALECT_UNAVAILABLE: _row(
        "w:FragmentDialectNotSupported",
        "The fragment path dialect is not supported for this resource.",
        code="s:Receiver",
    ),
    Code.THUMBPRINT_BLANK: _row(
        "w:InternalError",
        _CLIENT + 'The CertificateThumbprint property must not be "" (blank or empty '
        "string) or NULL.",
        code="s:Receiver",
    ),
    Code.CERTIFICATE_NAME_MISMATCH: _row(
        "w:InternalError",
        _CLIENT
        + "The certificate CN and the hostname that were provided do not match.",
        code="s:Receiver",
    ),
    Code.THUMBPRINT_SHOULD_BE_EMPTY: _row(
        "w:InternalError",
        _CLIENT
        + "When HTTP is the transport, the Certificate thumbprint must be blank. "
        "HTTP does not use the Certificate thumbprint.",
        code="s:Receiver",
    ),
    Code.CERTIFICATE_INVALID_USAGE: _row(
        "w:InternalError",
        _CLIENT + "The Enhanced Key Usage (EKU) field of the certificate is not set to "
        '"Server Authentication". Retry the request with a certificate that has the '
        "correct EKU.",
        code="s:Receiver",
    ),
    Code.WMI_KEYS_MISSING: _row(
        "w:InvalidSelectors",
        _CLIENT + "The resource URI is not valid: it does not contain keys, but the "
        "class selected is not a singleton. To access an instance which is not a "
        "singleton, keys must be provided. " + _URI_HELP,
        "InsufficientSelectors",
    ),
    Code.WMI_WQL_WITHOUT_STAR: _row(
        "w:InvalidSelectors",
        _CLIENT + "The resource URI for an enumeration operation with WQL filter must "
        "not contain keys and the class name must be '*' (star). " + _URI_HELP,
    ),
    Code.WMI_PROVIDER_NOT_CAPABLE: _row(
        "w:InternalError",
        _CANNOT
        + "The WMI service reported that the WMI provider could not perform the "
        "requested operation.",
        code="s:Receiver",
    ),
    Code.WMI_ACCESS_DENIED: _row(
        "w:AccessDenied",
        _CANNOT + "The WMI service returned an 'access denied' error.",
    ),
    Code.WMI_KEYS_IN_ENUMERATE: _row(
        "w:InvalidSelectors",
        _CANNOT + "The resource URI for an Enumerate operation must not contain keys.",
    ),
    Code.DIFFERENT_NAMESPACE_SELECTOR: _row(
        "w:InternalError",
        _CANNOT + "The resource URI and __cimnamespace selector attempted to use "
        "different namespaces. Try removing the __cimnamespace selector or using a DMTF "
        "resource URI. If a non-DMTF resource URI is used with a __cimnamespace "
        "selector, the namespaces must match.",
        code="s:Receiver",
    ),
    Code.READONLY_PROPERTY: _row(
        "w:InternalError",
        "The WinRM client cannot process the request because it is trying to update a "
        "read-only setting. Remove this setting from the command and try again.",
        code="s:Receiver",
    ),
    Code.QUOTA_MAX_SHELLS: _row(
        "w:QuotaLimit",
        _CANNOT + "The maximum number of concurrent shells for this user has been "
        "exceeded. Close existing shells or raise the quota for this user.",
    ),
    Code.QUOTA_MAX_OPERATIONS: _row(
        "w:QuotaLimit",
        _CANNOT + "The maximum number of concurrent operations for this user has been "
        "exceeded. Close existing operations for this user, or raise the quota for this "
        "user.",
    ),
    Code.QUOTA_USER: _row(
        "w:QuotaLimit",
        _CANNOT
        + "The load quota for this user has been exceeded. Send future requests "
        "at a slower rate or raise the quota for this user.",
    ),
    Code.REMOTE_SHELLS_NOT_ALLOWED: _row(
        "w:InternalError",
        _CANNOT + "The service is configured to not accept any remote shell requests.",
        code="s:Receiver",
    ),
    Code.PULL_PARAMETERS_DIFFER: _row(
        "w:InternalError",
        "The WS-Management service cannot complete the Pull operation for the "
        "enumeration because the wsman:MaxEnvelopeSize, wsen:MaxCharacters or "
        "wsen:MaxElements parameters differ from those specified to the enumeration. The "
        "application needs to specify the same parameters for Pull as were specified for "
        "the enumeration.",
        code="s:Receiver",
    ),
    Code.DEPRECATED_SETTING: _row(
        "w:InternalError",
        "The WinRM service cannot process the request because it is trying to update a "
        "deprecated setting. Remove this setting from the command and try again.",
        code="s:Receiver",
    ),
}

UNKNOWN = _row("w:InternalError", "An internal error occurred.", code="s:Receiver")
"""What Windows makes of a number that its table lacks: HRESULTs of providers."""

QUOTAS = (Code.QUOTA_MAX_SHELLS, Code.QUOTA_MAX_OPERATIONS, Code.QUOTA_USER)


@dataclass(frozen=True)
class ExtendedStatus:
    """WMI's own account of an error (`__ExtendedStatus`), inside a provider's fault.

    Attributes:
        namespace: With slashes, `root/cimv2`.
        operation: `ExecQuery`, `GetObject`, `ExecMethod`, ...
        parameter_info: The query or path.
        description: None for nil.
    """

    namespace: str
    operation: str
    parameter_info: str
    description: str | None = None


class Fault(Exception):
    """Anything that ends as a SOAP fault.

    Args:
        code: A `Code`, or any other number (an HRESULT, a Win32 error).
        message: What `f:Message` says, instead of the table's text.
        detail: The last segment of the FaultDetail URI, instead of the table's.
        provider: Whose fault it is (a key of `PROVIDER_PATHS`): its words are then
            nested, as Windows does it.
        extended: WMI's own account; only with a provider.
        subcode: `w:SchemaValidationError` and the like, instead of the table's.
        soap_code: `s:Sender` or `s:Receiver`, instead of the table's.
        wmi_error: Written as `p:MSFT_WmiError`, as quota faults are since 2012.
        nested_code: The number of the inner WSManFault where it is another one; with 0
            there is none, and the text stands in f:ProviderFault itself (recorded of
            the "Shell cmd plugin").
    """

    def __init__(
        self,
        code: int,
        message: str | None = None,
        *,
        detail: str | None = None,
        provider: str | None = None,
        extended: ExtendedStatus | None = None,
        subcode: str | None = None,
        soap_code: str | None = None,
        wmi_error: bool | None = None,
        nested_code: int | None = None,
    ) -> None:
        row = TABLE.get(code, UNKNOWN)
        super().__init__(code, message or row.text)
        self.code = int(code)
        self.row = row._replace(
            soap_code=soap_code or row.soap_code,
            subcode=subcode or row.subcode,
            action=_row(subcode, "").action if subcode else row.action,
            detail=DETAIL + detail if detail else row.detail,
        )
        known = code in TABLE
        self.reason = row.text if known or not message else message
        self.message = message or row.text
        self.provider = provider
        self.extended = extended
        self.nested_code = self.code if nested_code is None else nested_code
        self.wmi_error = code in QUOTAS if wmi_error is None else wmi_error


def to_element(fault: Fault, *, addressed: str, computer: str) -> etree._Element:
    """The s:Fault element.

    Args:
        fault: What to tell.
        addressed: The name by which the client addressed this host.
        computer: The host's real name, inside a provider's fault.
    """
    row = fault.row
    body = etree.Element(f"{{{NS['s']}}}Fault", nsmap=nsmap("s", "w", "p"))
    code = _child(body, "s:Code")
    _child(code, "s:Value", row.soap_code)
    if row.subcode:
        _child(_child(code, "s:Subcode"), "s:Value", row.subcode)
    text = _child(_child(body, "s:Reason"), "s:Text", _sentence(fault.reason))
    text.set(qname("xml:lang"), "en-US")
    detail = _child(body, "s:Detail")
    if row.detail:
        _child(detail, "w:FaultDetail", row.detail)
    if fault.wmi_error:
        detail.append(_wmi_error(fault))
    else:
        detail.append(_wsman_fault(fault, addressed, computer))
    return body


def _child(
    parent: etree._Element, name: str, text: str | None = None
) -> etree._Element:
    element = etree.SubElement(parent, qname(name))
    element.text = text
    return element


def _sentence(text: str) -> str:
    """Texts of Windows end with a blank, those of the table that say so with two."""
    return text if text.endswith(" ") else text + " "


def _wsman_fault(fault: Fault, addressed: str, computer: str) -> etree._Element:
    outer, message = _fault_and_message(fault.code, addressed)
    if not fault.provider:
        message.text = _sentence(fault.message)
        return outer
    provider = _child(message, "f:ProviderFault")
    provider.set("provider", fault.provider)
    provider.set("path", PROVIDER_PATHS.get(fault.provider, ""))
    if not fault.nested_code:
        provider.text = _sentence(fault.message)
        return outer
    inner, inner_message = _fault_and_message(fault.nested_code, computer)
    inner_message.text = _sentence(fault.message)
    provider.append(inner)
    if fault.extended:
        _child(provider, "f:ExtendedError").append(_extended(fault.extended))
    return outer


def _fault_and_message(
    code: int, machine: str
) -> tuple[etree._Element, etree._Element]:
    element = etree.Element(qname("f:WSManFault"), nsmap={"f": NS["f"]})
    element.set("Code", str(code))
    element.set("Machine", machine)
    return element, _child(element, "f:Message")


def _extended(status: ExtendedStatus) -> etree._Element:
    uri = f"{WMI}{status.namespace}/__ExtendedStatus"
    element = etree.Element(
        f"{{{uri}}}__ExtendedStatus",
        nsmap={"xsi": NS["xsi"], "p": uri, "cim": NS["cim"]},
    )
    element.set(qname("xsi:type"), "p:__ExtendedStatus_Type")
    for name, value in (
        ("Description", status.description),
        ("Operation", status.operation),
        ("ParameterInfo", status.parameter_info),
        ("ProviderName", "WinMgmt"),
        ("StatusCode", None),
    ):
        child = etree.SubElement(element, f"{{{uri}}}{name}")
        child.text = value
        if value is None:
            child.set(qname("xsi:nil"), "true")
    return element


def _wmi_error(fault: Fault) -> etree._Element:
    """`p:MSFT_WmiError`, as a Server 2012 R2 writes it for quotas."""
    uri = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError"
    binding = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd"
    element = etree.Element(
        f"{{{uri}}}MSFT_WmiError",
        nsmap={"p": uri, "b": binding, "cim": NS["cim"], "xsi": NS["xsi"]},
    )
    element.set(f"{{{binding}}}IsCIM_Error", "true")
    element.set(qname("xsi:type"), "p:MSFT_WmiError_Type")
    text = _sentence(fault.message)
    for name, kind, value in (
        ("CIMStatusCode", "UnsignedInt", "27"),
        ("CIMStatusCodeDescription", "String", None),
        ("ErrorSource", "String", None),
        ("ErrorSourceFormat", "UnsignedShort", "0"),
        ("ErrorType", "UnsignedShort", "0"),
        ("Message", "String", text),
        ("MessageID", "String", f"HRESULT 0x{fault.code:08x}"),
        ("OtherErrorSourceFormat", "String", None),
        ("OtherErrorType", "String", None),
        ("OwningEntity", "String", None),
        ("PerceivedSeverity", "UnsignedShort", "0"),
        ("ProbableCause", "UnsignedShort", "0"),
        ("ProbableCauseDescription", "String", None),
        ("error_Category", "UnsignedInt", "30"),
        ("error_Code", "UnsignedInt", str(fault.code)),
        ("error_Type", "String", "HRESULT"),
        ("error_WindowsErrorMessage", "String", text),
    ):
        child = etree.SubElement(element, f"{{{uri}}}{name}")
        child.text = value
        if value is None:
            child.set(qname("xsi:nil"), "true")
        child.set(qname("xsi:type"), f"cim:cim{kind}")
    return element
