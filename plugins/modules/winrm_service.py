#!/usr/bin/python
# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets what WinRM's service on a Windows host allows, and its limits."""

from __future__ import annotations

DOCUMENTATION = r"""
module: winrm_service
short_description: Set what the WinRM service of a Windows host allows, and its limits
version_added: 0.1.0
description:
  - Sets values of C(winrm/config), C(winrm/config/service), C(winrm/config/service/auth) and C(winrm/config/winrs), such as
    whether Basic is a way to sign in. Only what is named is looked at and changed.
  - All values are read at once, and what differs is written with one request for each of these four groups.
  - A setting that a group policy keeps at another value is an error that names the policy.
author: hypervisor.connect contributors (@hypervisor-connect)
extends_documentation_fragment:
  - hypervisor.connect.hypervisor
  - hypervisor.connect.winrm
  - hypervisor.connect.winrm.lockout
  - hypervisor.connect.winrm.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  config:
    description: What the protocol itself is limited to (C(winrm/config)).
    type: dict
    suboptions:
      max_envelope_size_kb:
        description: The largest message, in KB, from V(32) to V(1039440).
        type: int
      max_timeout_ms:
        description: The longest time that a request may ask for, in milliseconds, from V(500).
        type: int
      max_batch_items:
        description: The most items in one answer to a Pull, from V(1).
        type: int
  service:
    description: The service (C(winrm/config/service)).
    type: dict
    suboptions:
      root_sddl:
        description:
          - Who may use the service, as a security descriptor in SDDL with owner, group and access list.
          - Dropping an entry that lets somebody in, or adding one that keeps somebody out, needs O(allow_lockout).
        type: str
      max_concurrent_operations_per_user:
        description: How many requests one user may have in work, from V(1).
        type: int
      enumeration_timeout_ms:
        description: How long an enumeration waits for the next Pull, in milliseconds, from V(500).
        type: int
      max_connections:
        description: How many requests the service works on at the same time, from V(1).
        type: int
      max_packet_retrieval_time_seconds:
        description: How long the service takes at most to read a message, in seconds, from V(1).
        type: int
      allow_unencrypted:
        description:
          - Whether messages over HTTP may go unencrypted. Everybody on the way can read and change them then, and with Basic
            they hold the password. The task warns about it each time.
          - The better way is an HTTPS listener, which the role P(hypervisor.connect.winrm_https_listener#role) sets up.
        type: bool
      ipv4_filter:
        description:
          - At which of the host's IPv4 addresses listeners listen. V(*) stands for all and empty text for none; else
            ranges such as V(192.0.2.1-192.0.2.9), with commas between them.
        type: str
      ipv6_filter:
        description: At which of the host's IPv6 addresses listeners listen, written as O(service.ipv4_filter) is.
        type: str
      enable_compatibility_http_listener:
        description: Whether there is a listener at port 80 too.
        type: bool
      enable_compatibility_https_listener:
        description: Whether there is a listener at port 443 too.
        type: bool
      certificate_thumbprint:
        description: The certificate of the service, by 40 hexadecimal digits; empty text for none.
        type: str
      auth:
        description: The ways to sign in (C(winrm/config/service/auth)).
        type: dict
        suboptions:
          basic:
            description: User and password in each request, for local users. They need HTTPS to be kept secret.
            type: bool
          kerberos:
            description: Kerberos.
            type: bool
          negotiate:
            description: Kerberos or NTLM, whichever both sides can use.
            type: bool
          certificate:
            description: The client's certificate, over HTTPS, for local users.
            type: bool
          credssp:
            description: CredSSP, which hands the password to the host.
            type: bool
          cbt_hardening_level:
            description: Whether a sign-in over HTTPS has to tell to which connection it belongs.
            type: str
            choices: ["None", Relaxed, Strict]
  winrs:
    description: Remote shells (C(winrm/config/winrs)).
    type: dict
    suboptions:
      allow_remote_shell_access:
        description: Whether there are any.
        type: bool
      idle_timeout_ms:
        description: After which time without a request a shell is ended, in milliseconds, from V(60000) to V(2147483647).
        type: int
      max_concurrent_users:
        description: How many users may have shells at the same time, from V(1) to V(2147483647).
        type: int
      max_processes_per_shell:
        description: How many processes a shell may start, up to V(2147483647); V(0) for any number.
        type: int
      max_memory_per_shell_mb:
        description: How much memory a shell may have, in MB, up to V(2147483647); V(0) for any amount.
        type: int
      max_shells_per_user:
        description: How many shells a user may have, up to V(2147483647); V(0) for any number.
        type: int
  allowed_networks:
    description:
      - With it, V(true) for O(service.allow_unencrypted) is refused for a host that has an address outside of these networks,
        such as V(192.0.2.0/24). The controller resolves the host's name.
      - An empty list refuses it for every host. Without this option nothing is refused.
    type: list
    elements: str
seealso:
  - module: hypervisor.connect.winrm_info
  - module: hypervisor.connect.winrm_listener
  - name: Installation and configuration for Windows Remote Management
    description: What each setting means.
    link: https://learn.microsoft.com/en-us/windows/win32/winrm/installation-and-configuration-for-windows-remote-management
"""

EXAMPLES = r"""
- name: Let local users sign in by Basic, which belongs into HTTPS
  hypervisor.connect.winrm_service:
    service:
      auth:
        basic: true
      allow_unencrypted: false

- name: More room for large answers and long tasks
  hypervisor.connect.winrm_service:
    config:
      max_envelope_size_kb: 8192
      max_timeout_ms: 1800000
    winrs:
      max_shells_per_user: 50
  register: winrm

- name: What would change
  ansible.builtin.debug:
    msg: "{{ winrm.settings }}"
"""

RETURN = r"""
method:
  description: The way that was taken, V(wsman) or V(command).
  type: str
  returned: success
  sample: wsman
settings:
  description: The settings that the task names, as they are at the end, or would be in check mode. The words are the options'.
  type: dict
  returned: success
  sample: {"service": {"allow_unencrypted": false, "auth": {"basic": true}}}
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.hypervisor.connect.plugins.module_utils._module.runner import (
    run_module,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.winrm import (
    winrm_task,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.applying import (
    apply_service,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.networks import (
    addresses_of,
    check_inside,
    networks_of,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.plan import (
    plan_service,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.settings import (
    ALLOW_UNENCRYPTED,
    desired_of,
    nested,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.way import (
    ConfigurationWay,
)

UNENCRYPTED = (
    "{where}: with service.allow_unencrypted, everybody between can read and change what "
    "goes over HTTP without encryption, and with Basic the password too; the better way "
    "is HTTPS, which the role hypervisor.connect.winrm_https_listener sets up"
)


def check(options: Mapping[str, Any]) -> None:
    """Refuse values that can't be, before anything is opened."""
    desired_of(options)
    networks_of(options["allowed_networks"] or ())


def configure(
    way: ConfigurationWay, options: Mapping[str, Any], check_mode: bool
) -> dict[str, Any]:
    """Read, plan, and unless this is check mode write."""
    desired = desired_of(options)
    warnings = []
    if desired.get(ALLOW_UNENCRYPTED) is True:
        if options["allowed_networks"] is not None:
            networks = networks_of(options["allowed_networks"])
            found = addresses_of(way.host) if networks and way.host else []
            check_inside(way.host, found, networks, way.where)
        warnings.append(UNENCRYPTED.format(where=way.where))
    plan = plan_service(
        way.read(),
        desired,
        way.session,
        allow_lockout=options["allow_lockout"],
        where=way.where,
    )
    if plan and not check_mode:
        warnings += apply_service(way, plan)
    return {
        "changed": bool(plan),
        "diff": plan.as_diff(),
        "settings": nested(plan.after),
        "warnings": warnings,
    }


def _options(kind: str, *names: str) -> dict[str, Any]:
    return {name: {"type": kind} for name in names}


TASK = winrm_task(
    configure,
    options={
        "config": {
            "type": "dict",
            "options": _options(
                "int", "max_envelope_size_kb", "max_timeout_ms", "max_batch_items"
            ),
        },
        "service": {
            "type": "dict",
            "options": {
                **_options(
                    "str",
                    "root_sddl",
                    "ipv4_filter",
                    "ipv6_filter",
                    "certificate_thumbprint",
                ),
                **_options(
                    "int",
                    "max_concurrent_operations_per_user",
                    "enumeration_timeout_ms",
                    "max_connections",
                    "max_packet_retrieval_time_seconds",
                ),
                **_options(
                    "bool",
                    "allow_unencrypted",
                    "enable_compatibility_http_listener",
                    "enable_compatibility_https_listener",
                ),
                "auth": {
                    "type": "dict",
                    "options": {
                        **_options(
                            "bool",
                            "basic",
                            "kerberos",
                            "negotiate",
                            "certificate",
                            "credssp",
                        ),
                        "cbt_hardening_level": {
                            "type": "str",
                            "choices": ["None", "Relaxed", "Strict"],
                        },
                    },
                },
            },
        },
        "winrs": {
            "type": "dict",
            "options": {
                **_options("bool", "allow_remote_shell_access"),
                **_options(
                    "int",
                    "idle_timeout_ms",
                    "max_concurrent_users",
                    "max_processes_per_shell",
                    "max_memory_per_shell_mb",
                    "max_shells_per_user",
                ),
            },
        },
        "allow_lockout": {"type": "bool", "default": False},
        "allowed_networks": {"type": "list", "elements": "str"},
    },
    rules={},
    check=check,
)


def main() -> None:
    """Run as an ordinary module."""
    run_module(TASK)


if __name__ == "__main__":
    main()
