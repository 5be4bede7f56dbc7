#!/usr/bin/python
# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what WinRM's service on a Windows host allows, and where it listens."""

from __future__ import annotations

DOCUMENTATION = r"""
module: winrm_info
short_description: Read what the WinRM service of a Windows host allows, and where it listens
version_added: 0.1.0
description:
  - Reads C(winrm/config), its listeners, and the certificates that a listener can have, in one question for each of the first two.
  - The results have the words of the options of M(hypervisor.connect.winrm_service) and M(hypervisor.connect.winrm_listener).
author: hypervisor.connect contributors (@hypervisor-connect)
extends_documentation_fragment:
  - hypervisor.connect.hypervisor
  - hypervisor.connect.winrm
  - hypervisor.connect.winrm.attributes
attributes:
  check_mode:
    support: full
    details: Changes nothing.
  diff_mode:
    support: N/A
    details: Changes nothing.
options:
  gather:
    description:
      - What to read.
      - V(certificates) are those of the machine's own store (C(Cert:\LocalMachine\My)). They cost one question each, and need the
        Python library cryptography on the controller.
    type: list
    elements: str
    choices: [config, listeners, certificates]
    default: [config, listeners]
seealso:
  - module: hypervisor.connect.winrm_service
  - module: hypervisor.connect.winrm_listener
"""

EXAMPLES = r"""
- name: Read what WinRM allows
  hypervisor.connect.winrm_info:
  register: winrm

- name: Who keeps Basic as it is
  ansible.builtin.debug:
    msg: "{{ winrm.policies['service.auth.basic'] | default('no group policy') }}"

- name: See the listeners alone
  hypervisor.connect.winrm_info:
    gather: [listeners]
  register: winrm
"""

RETURN = r"""
method:
  description: The way that was taken, V(wsman) or V(command).
  type: str
  returned: success
  sample: wsman
config:
  description: The limits of the protocol, as the option of that name of M(hypervisor.connect.winrm_service).
  type: dict
  returned: with V(config) in O(gather)
  sample: {"max_envelope_size_kb": 500, "max_timeout_ms": 60000, "max_batch_items": 32000, "max_provider_requests": 4294967295}
service:
  description:
    - The service, as the option of that name of M(hypervisor.connect.winrm_service), with C(default_ports), C(allow_remote_access)
      and C(max_concurrent_operations), which can't be set.
  type: dict
  returned: with V(config) in O(gather)
  sample: {"allow_unencrypted": false, "auth": {"basic": false, "negotiate": true}, "default_ports": {"http": 5985, "https": 5986}}
winrs:
  description:
    - The remote shells, as the option of that name of M(hypervisor.connect.winrm_service), with C(max_shell_run_time_ms), which
      can't be set.
  type: dict
  returned: with V(config) in O(gather)
  sample: {"allow_remote_shell_access": true, "idle_timeout_ms": 7200000}
policies:
  description: What sets each setting that a group policy or another source sets, by the names of options joined by dots.
  type: dict
  returned: with V(config) in O(gather)
  sample: {"service.auth.basic": "GPO"}
listeners:
  description: The listeners.
  type: list
  elements: dict
  returned: with V(listeners) in O(gather)
  contains:
    address:
      description: V(*), or C(IP:) or C(MAC:) and an address.
      type: str
      sample: "*"
    transport:
      description: V(HTTP) or V(HTTPS).
      type: str
      sample: HTTPS
    port:
      description: The TCP port.
      type: int
      sample: 5986
    hostname:
      description: The name in its certificate; empty for none.
      type: str
      sample: hv1.example.com
    enabled:
      description: Whether it listens.
      type: bool
      sample: true
    url_prefix:
      description: The path of its URLs.
      type: str
      sample: wsman
    certificate_thumbprint:
      description: Its certificate; empty for none.
      type: str
      sample: 6AF38A9F3D9D9F5A4AF9B2D8B4E0A5E6E5F0C3D1
    listening_on:
      description: The addresses that it listens on.
      type: list
      elements: str
      sample: [192.0.2.1, "::1"]
    source:
      description: V(GPO) for a listener of a group policy, V(Compatibility) for one of a compatibility setting; else empty.
      type: str
      sample: ""
certificates:
  description: The certificates of the machine's own store, the newest first.
  type: list
  elements: dict
  returned: with V(certificates) in O(gather)
  contains:
    thumbprint:
      description: SHA-1 over it, as Windows names certificates.
      type: str
      sample: 6AF38A9F3D9D9F5A4AF9B2D8B4E0A5E6E5F0C3D1
    subject:
      description: Whose it is.
      type: str
      sample: CN=hv1.example.com
    issuer:
      description: Who vouches for it.
      type: str
      sample: CN=Example CA
    names:
      description: DNS names and addresses that it is for.
      type: list
      elements: str
      sample: [hv1.example.com]
    not_before:
      description: When it begins to be valid, in ISO 8601.
      type: str
      sample: "2026-01-01T00:00:00Z"
    not_after:
      description: When it ends.
      type: str
      sample: "2027-01-01T00:00:00Z"
    self_signed:
      description: Whether nobody else vouches for it.
      type: bool
      sample: false
    has_private_key:
      description: Whether the host has its private key.
      type: bool
      sample: true
    server_authentication:
      description: Whether a server may show it.
      type: bool
      sample: true
    pem:
      description: The certificate itself.
      type: str
      sample: "-----BEGIN CERTIFICATE-----..."
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.hypervisor.connect.plugins.module_utils._module.runner import (
    run_module,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.winrm import (
    winrm_task,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.blob import (
    read_store,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.way import (
    ConfigurationWay,
)

CONFIG = "config"
LISTENERS = "listeners"
CERTIFICATES = "certificates"


def gather(
    way: ConfigurationWay, options: Mapping[str, Any], _check_mode: bool
) -> dict[str, Any]:
    """Read what was asked for."""
    wanted = options["gather"]
    result: dict[str, Any] = {"changed": False}
    if CONFIG in wanted:
        configuration = way.read()
        result.update({CONFIG: {}, "service": {}, "winrs": {}})
        result.update(configuration.as_result())
        result["policies"] = configuration.policies()
    if LISTENERS in wanted:
        result[LISTENERS] = [listener.as_result() for listener in way.listeners()]
    if CERTIFICATES in wanted:
        known, unreadable = read_store(way.certificates())
        result[CERTIFICATES] = [certificate.as_result() for certificate in known]
        result["warnings"] = [
            f"{way.where}: the certificate {thumbprint} can't be read: {reason}"
            for thumbprint, reason in unreadable.items()
        ]
    return result


TASK = winrm_task(
    gather,
    options={
        "gather": {
            "type": "list",
            "elements": "str",
            "choices": [CONFIG, LISTENERS, CERTIFICATES],
            "default": [CONFIG, LISTENERS],
        }
    },
    rules={},
    check=lambda _options: None,
)


def main() -> None:
    """Run as an ordinary module."""
    run_module(TASK)


if __name__ == "__main__":
    main()
