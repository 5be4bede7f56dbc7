# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookup of connection URIs: aliases and the default, from libvirt.conf."""

from __future__ import annotations

DOCUMENTATION = r"""
name: uri
short_description: Resolves an alias of libvirt.conf, or the default connection URI
version_added: 0.1.0
author:
  - hypervisor.connect contributors (@hypervisor-connect)
description:
  - Finds the URI that libvirt would open, in libvirt's own order.
  - A term that is an alias in C(uri_aliases) of C(libvirt.conf) becomes its URI, any other
    term stays what it is. An empty term, or no term, becomes the default URI, which is
    E(LIBVIRT_DEFAULT_URI), else C(uri_default) of C(libvirt.conf).
  - The result is an empty string where neither is set. libvirt then probes by itself, and
    opening the empty string does the same.
  - Runs on the controller, and reads its environment and its C(libvirt.conf).
options:
  _terms:
    description:
      - URIs or aliases. Without any, the default URI is looked up.
    type: list
    elements: str
  config:
    description:
      - The C(libvirt.conf) to read instead of libvirt's own choice, which is
        C(/etc/libvirt/libvirt.conf) for root and C($XDG_CONFIG_HOME/libvirt/libvirt.conf)
        or C(~/.config/libvirt/libvirt.conf) for other users.
    type: path
seealso:
  - plugin: hypervisor.connect.parse_uri
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Name the default connection URI of the controller, empty where libvirt probes
  ansible.builtin.set_fact:
    default_uri: "{{ lookup('hypervisor.connect.uri') }}"

- name: Leave a URI that is no alias as it is
  ansible.builtin.assert:
    that:
      - lookup('hypervisor.connect.uri', 'qemu+ssh://root@kvm1.example.com/system')
        == 'qemu+ssh://root@kvm1.example.com/system'

- name: Open the legacy name of Xen as libvirt does
  ansible.builtin.assert:
    that: lookup('hypervisor.connect.uri', 'xen') == 'xen:///system'

- name: Write a libvirt.conf of one's own
  ansible.builtin.copy:
    dest: "{{ playbook_dir }}/libvirt.conf"
    mode: "0600"
    content: |
      uri_aliases = [
        "hail=qemu+ssh://root@hail.cloud.example.com/system",
        "sleet=qemu+ssh://root@sleet.cloud.example.com/system",
      ]

- name: Resolve two of its aliases
  ansible.builtin.assert:
    that: >-
      query('hypervisor.connect.uri', 'hail', 'sleet', config=playbook_dir ~ '/libvirt.conf')
      == ['qemu+ssh://root@hail.cloud.example.com/system',
          'qemu+ssh://root@sleet.cloud.example.com/system']
"""

RETURN = r"""
_raw:
  description:
    - One URI for each term, in their order.
  type: list
  elements: str
"""

import os
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.config import (
    resolve,
)


class LookupModule(LookupBase):
    """What Ansible looks for in a file of a lookup."""

    def run(self, terms: list[Any], variables: Any = None, **kwargs: Any) -> list[str]:
        """Return one URI for each term."""
        self.set_options(var_options=variables, direct=kwargs)
        try:
            return [self._resolve(term) for term in terms or [None]]
        except HypervisorConnectError as error:
            raise AnsibleLookupError(f"hypervisor.connect.uri: {error}") from None

    def _resolve(self, term: Any) -> str:
        if term is not None and not isinstance(term, str):
            raise HypervisorConnectError(
                "a term must be a string", remedy="give a URI or the name of an alias"
            )
        found = resolve(
            None if term is None else str(term),
            environ=os.environ,
            uid=os.geteuid(),
            config=self.get_option("config"),
        )
        for hint in found.hints:
            Display().warning(hint)
        return found.text or ""
