# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What WMI answers instead of a result, as errors with data.

The codes are WBEM_E_* of wbemcli.h; the resource family turns them into faults.
"""

from __future__ import annotations


class WmiError(Exception):
    """A request that WMI can't serve.

    Args:
        message: WMI's own sentence.
        parameter: What of the request it is about (a class, a query, a method).
    """

    hresult = 0x80041001

    def __init__(self, message: str, parameter: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.parameter = parameter


class InvalidNamespace(WmiError):
    """WBEM_E_INVALID_NAMESPACE."""

    hresult = 0x8004100E

    def __init__(self, namespace: str) -> None:
        super().__init__("The specified namespace does not exist. ", namespace)


class InvalidClass(WmiError):
    """WBEM_E_INVALID_CLASS."""

    hresult = 0x80041010

    def __init__(self, name: str) -> None:
        super().__init__(
            "The specified class does not exist in the given namespace. ", name
        )


class InvalidQuery(WmiError):
    """WBEM_E_INVALID_QUERY."""

    hresult = 0x80041017

    def __init__(self, reason: str) -> None:
        super().__init__(f"The query is not valid. {reason}".strip() + " ", reason)


class InvalidObjectPath(WmiError):
    """WBEM_E_INVALID_OBJECT_PATH."""

    hresult = 0x8004103A

    def __init__(self, text: str) -> None:
        super().__init__("The specified object path was not valid. ", text)


class InstanceNotFound(WmiError):
    """WBEM_E_NOT_FOUND."""

    hresult = 0x80041002

    def __init__(self, path: str) -> None:
        super().__init__("The object could not be found. ", path)


class MethodNotFound(WmiError):
    """WBEM_E_INVALID_METHOD: the class declares no such method."""

    hresult = 0x8004102E

    def __init__(self, name: str) -> None:
        super().__init__("The specified method is not valid. ", name)


class MethodNotImplemented(WmiError):
    """WBEM_E_METHOD_NOT_IMPLEMENTED: the class declares it, hvsim can't do it."""

    hresult = 0x80041055

    def __init__(self, name: str) -> None:
        super().__init__("This method is not implemented in any class. ", name)


class InvalidMethodParameters(WmiError):
    """WBEM_E_INVALID_METHOD_PARAMETERS."""

    hresult = 0x8004102F

    def __init__(self, name: str) -> None:
        super().__init__("The method parameter(s) are not valid. ", name)


class ProviderNotCapable(WmiError):
    """WBEM_E_PROVIDER_NOT_CAPABLE."""

    hresult = 0x80041024

    def __init__(self, name: str) -> None:
        super().__init__("Provider is not capable of the attempted operation. ", name)
