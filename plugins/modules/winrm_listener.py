#!/usr/bin/python
# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes, changes and deletes listeners of WinRM's service on a Windows host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: winrm_listener
short_description: Make, change and delete listeners of the WinRM service of a Windows host
version_added: 0.1.0
description:
  - Makes sure that the WinRM service listens for one transport on one address, or does not. There is one listener for each pair
    of these, and one that exists with another port or certificate is changed where it is.
  - Over HTTPS it takes a certificate of the machine's own store (C(Cert:\LocalMachine\My)), or has the host make one.
  - It opens no port in the host's firewall.
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
  state:
    description: Whether there is to be such a listener.
    type: str
    choices: [present, absent]
    default: present
  transport:
    description: What it speaks.
    type: str
    choices: [HTTP, HTTPS]
    default: HTTPS
  address:
    description:
      - On which of the host's addresses it listens. V(*) stands for all, C(IP:192.0.2.1) for one, and C(MAC:00-00-5E-00-53-01)
        for those of one network adapter.
    type: str
    default: "*"
  port:
    description: The TCP port. A new listener gets V(5985) or V(5986) without it; one that exists keeps its own.
    type: int
  hostname:
    description:
      - The host's name, as it is in the certificate. A listener that exists keeps its own without this option, and for one that has
        none a certificate is looked for by what the host calls itself.
    type: str
  enabled:
    description: Whether it listens. A new one does; one that exists is left as it is without this option.
    type: bool
  url_prefix:
    description: The path of the URLs that it answers, C(wsman) for new ones.
    type: str
  certificate_thumbprint:
    description:
      - The certificate, by 40 hexadecimal digits, with or without spaces and colons. It has to be in the machine's own store.
      - Without it an HTTPS listener keeps the certificate that it has, as long as that is valid and fits. Else it gets the
        newest one of the store that is valid, has a private key, is for server authentication and matches the name.
    type: str
  self_signed:
    description:
      - Whether the host is to make a certificate of its own where none of its store will do. C(certreq) on the host makes it, in a
        remote shell or over the host's connection.
      - The result has the certificate itself, which clients can be told to trust (O(ca_path)).
    type: bool
    default: false
  self_signed_days:
    description: How many days such a certificate is valid.
    type: int
    default: 365
requirements:
  - cryptography on the controller, where a certificate has to be chosen
seealso:
  - module: hypervisor.connect.winrm_info
  - module: hypervisor.connect.winrm_service
"""

EXAMPLES = r"""
- name: Listen for HTTPS, with the newest certificate that fits or a new one
  hypervisor.connect.winrm_listener:
    self_signed: true
  register: https

- name: Trust that certificate in tasks to come
  ansible.builtin.copy:
    content: "{{ https.certificate.pem }}"
    dest: "{{ playbook_dir }}/{{ inventory_hostname }}.pem"
    mode: "0644"
  delegate_to: localhost

- name: Listen no longer for HTTP
  hypervisor.connect.winrm_listener:
    transport: HTTP
    state: absent
    allow_lockout: true
"""

RETURN = r"""
method:
  description: The way that was taken, V(wsman) or V(command).
  type: str
  returned: success
  sample: wsman
listener:
  description:
    - The listener as it is at the end, or would be in check mode; null where there is none. M(hypervisor.connect.winrm_info) tells
      what is in it.
  type: dict
  returned: success
  sample:
    address: "*"
    transport: HTTPS
    port: 5986
    hostname: hv1.example.com
    enabled: true
    url_prefix: wsman
    certificate_thumbprint: 6AF38A9F3D9D9F5A4AF9B2D8B4E0A5E6E5F0C3D1
    listening_on: [192.0.2.1]
    source: ""
certificate:
  description:
    - The certificate of an HTTPS listener; null where it can't be read, or is yet to be made in check mode.
      M(hypervisor.connect.winrm_info) tells what is in it.
  type: dict
  returned: with O(transport=HTTPS) and O(state=present)
  sample:
    thumbprint: 6AF38A9F3D9D9F5A4AF9B2D8B4E0A5E6E5F0C3D1
    subject: CN=hv1.example.com
    issuer: CN=hv1.example.com
    names: [hv1.example.com]
    not_before: "2026-01-01T00:00:00Z"
    not_after: "2027-01-01T00:00:00Z"
    self_signed: true
    has_private_key: true
    server_authentication: true
    pem: "-----BEGIN CERTIFICATE-----..."
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.runner import (
    run_module,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.winrm import (
    winrm_task,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.applying import (
    apply_listener,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.choice import (
    Choice,
    choose,
    make,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.configuration import (
    HTTP,
    HTTPS,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.listener_plan import (
    DEFAULT_PORTS,
    ListenerPlan,
    Wanted,
    plan_absent,
    plan_present,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.self_signed import (
    check_days,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.way import (
    ConfigurationWay,
)

READ_NO_MORE = (
    "{where}: the listener is as it was asked for, and could not be read again ({why})"
)

PRESENT = "present"
ABSENT = "absent"


def check(options: Mapping[str, Any]) -> None:
    """Refuse values that can't be, before anything is opened."""
    Wanted.of(options)
    check_days(options["self_signed_days"])
    secured = options["certificate_thumbprint"] or options["self_signed"]
    if options["transport"] == HTTP and secured:
        raise HypervisorConnectError(
            "a listener for HTTP has no certificate",
            remedy="leave certificate_thumbprint and self_signed out, or set "
            "transport: HTTPS",
        )


def manage(
    way: ConfigurationWay, options: Mapping[str, Any], check_mode: bool
) -> dict[str, Any]:
    """Read, plan, and unless this is check mode act."""
    wanted = Wanted.of(options)
    listeners = way.listeners()
    rules = {"allow_lockout": options["allow_lockout"], "where": way.where}
    if options["state"] == ABSENT:
        plan = plan_absent(wanted, listeners, way.session, **rules)
        return _done(way, wanted, plan, check_mode)
    choice = Choice()
    if wanted.transport == HTTPS:
        choice = choose(
            way,
            wanted.within(listeners),
            thumbprint=str(wanted.values.get("certificate_thumbprint", "")),
            hostname=str(wanted.values.get("hostname", "")),
            self_signed=options["self_signed"],
            now=datetime.now(timezone.utc),
        )
        wanted = _with_certificate(wanted, choice)
    plan = plan_present(wanted, listeners, way.session, **rules)
    new = choice.make_for
    if new and not check_mode:
        choice = make(way, choice, options["self_signed_days"])
        wanted = _with_certificate(wanted, choice)
        plan = plan_present(wanted, listeners, way.session, **rules)
    result = _done(way, wanted, plan, check_mode)
    if wanted.transport == HTTPS:
        known = choice.certificate
        result["certificate"] = known.as_result() if known is not None else None
    if new:
        # Check mode can't know its thumbprint, and is to foretell the same difference.
        words = f"of a new self-signed certificate for {new}"
        result["diff"]["after"]["certificate_thumbprint"] = words
    return result


def _with_certificate(wanted: Wanted, choice: Choice) -> Wanted:
    values = {**wanted.values, "certificate_thumbprint": choice.thumbprint}
    return replace(wanted, values=values)


def _done(
    way: ConfigurationWay, wanted: Wanted, plan: ListenerPlan, check_mode: bool
) -> dict[str, Any]:
    """Act, and tell what the listener is then."""
    after, warnings = plan.after, []
    if after is not None and after.port is None:
        after = after.changed({"port": DEFAULT_PORTS[wanted.transport]})
    plan = replace(plan, after=after) if check_mode else plan
    if plan and not check_mode:
        warnings = apply_listener(way, plan)
        if after is not None and not plan.ends_session:
            try:
                after = wanted.within(way.listeners()) or after
            except HypervisorConnectError as error:
                warnings.append(READ_NO_MORE.format(where=way.where, why=error.what))
    return {
        "changed": bool(plan),
        "diff": replace(plan, after=after).as_diff(),
        "listener": after.as_result() if after is not None else None,
        "warnings": warnings,
    }


TASK = winrm_task(
    manage,
    options={
        "state": {"type": "str", "default": PRESENT, "choices": [PRESENT, ABSENT]},
        "transport": {"type": "str", "default": HTTPS, "choices": [HTTP, HTTPS]},
        "address": {"type": "str", "default": "*"},
        "port": {"type": "int"},
        "hostname": {"type": "str"},
        "enabled": {"type": "bool"},
        "url_prefix": {"type": "str"},
        "certificate_thumbprint": {"type": "str"},
        "self_signed": {"type": "bool", "default": False},
        "self_signed_days": {"type": "int", "default": 365},
        "allow_lockout": {"type": "bool", "default": False},
    },
    rules={},
    check=check,
)


def main() -> None:
    """Run as an ordinary module."""
    run_module(TASK)


if __name__ == "__main__":
    main()
