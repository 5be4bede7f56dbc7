# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's variables say about its hypervisor; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

#: The variables that stand in for an option that the task does not give.
_VARIABLES = {
    "uri": "ansible_libvirt_uri",
    "username": "ansible_user",
    "password": "ansible_password",
}


#: Those of Ansible's winrm connection, which say the same of a Hyper-V host.
_WINRM_VARIABLES: dict[str, tuple[str, dict[str, Any] | None]] = {
    "auth": (
        "ansible_winrm_transport",
        {
            "plaintext": "basic",
            "ssl": "basic",
            **{one: one for one in ("basic", "ntlm", "kerberos", "credssp")},
            "certificate": "certificate",
        },
    ),
    "validate_certs": (
        "ansible_winrm_server_cert_validation",
        {"ignore": False, "validate": True},
    ),
    "ca_path": ("ansible_winrm_ca_trust_path", None),
    "client_cert": ("ansible_winrm_cert_pem", None),
    "client_key": ("ansible_winrm_cert_key_pem", None),
    "message_encryption": (
        "ansible_winrm_message_encryption",
        {one: one for one in ("auto", "always", "never")},
    ),
}

#: Names of the controller itself (C.LOCALHOST of ansible-core).
_LOCALHOST = ("localhost", "127.0.0.1", "::1")


def of_delegate(
    variables: Mapping[str, Any], delegate: str | None
) -> Mapping[str, Any]:
    """The variables of the host whose hypervisor a task means, not templated yet.

    That is the host that ``delegate_to`` names where it has a URI, and else the task's
    own, as with ``delegate_to: localhost``. A URI that localhost has in common with the
    task's host comes from ``all`` or the play, and is meant for the task's host.

    Args:
        variables: Those of the task, ``ansible_delegated_vars`` included.
        delegate: The value of ``delegate_to``.
    """
    theirs = variables.get("ansible_delegated_vars", {}).get(delegate, {})
    uri = theirs.get(_VARIABLES["uri"])
    shared = uri == variables.get(_VARIABLES["uri"])
    if uri is None or (delegate in _LOCALHOST and shared):
        return variables
    return variables_of_delegate(variables, delegate)


def variables_of_delegate(
    variables: Mapping[str, Any], delegate: str | None
) -> Mapping[str, Any]:
    """The variables of the host that ``delegate_to`` names, not templated yet.

    Args:
        variables: Those of the task, ``ansible_delegated_vars`` included.
        delegate: The value of ``delegate_to``.
    """
    theirs = variables.get("ansible_delegated_vars", {}).get(delegate, {})
    # ansible-core leaves that at the task's own host.
    return {**theirs, "inventory_hostname": delegate}


def with_host_variables(
    options: Mapping[str, Any],
    variables: Mapping[str, Any],
    template: Callable[[Any], Any],
    *,
    only: tuple[str, ...] = tuple(_VARIABLES),
    user_of: Callable[[Any], str | None] = lambda _uri: None,
) -> dict[str, Any]:
    """The options of a task, filled up from the variables of its host.

    Args:
        options: The task's own options, which win.
        variables: The host's variables, not templated yet.
        template: What templates one of them.
        only: The options to fill up.
        user_of: What tells the user that a URI names, who comes before the host's.
    """
    filled = dict(options)
    for name in only:
        value = variables.get(_VARIABLES[name])
        if filled.get(name) is not None or value is None:
            continue
        if name != "username" or user_of(filled.get("uri")) is None:
            filled[name] = template(value)
    return {name: decrypted(value) for name, value in filled.items()}


def with_winrm_variables(
    options: Mapping[str, Any],
    variables: Mapping[str, Any],
    template: Callable[[Any], Any],
) -> dict[str, Any]:
    """The options of a task for a hyperv:// URI, filled up in the words of winrm.

    ``ansible_winrm_transport`` may be a list; the first kind that is known counts.

    Args:
        options: The task's own options, which win.
        variables: The host's variables, not templated yet.
        template: What templates one of them.
    """
    filled = dict(options)
    for option, (variable, words) in _WINRM_VARIABLES.items():
        if filled.get(option) is not None or variables.get(variable) is None:
            continue
        value = template(variables[variable])
        found = value if isinstance(value, list) else [value]
        known = [words.get(str(one)) if words else one for one in found]
        chosen = next((one for one in known if one is not None), None)
        if chosen is not None:
            filled[option] = chosen
    return filled


def decrypted(value: Any) -> Any:
    """A value whose vaulted text is plain: ansible-core 2.16's is no str."""
    if isinstance(value, list):
        return [decrypted(item) for item in value]
    return str(value) if getattr(value, "__ENCRYPTED__", False) else value
