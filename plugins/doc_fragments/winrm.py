# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules for WinRM's own configuration share."""

from __future__ import annotations


class ModuleDocFragment:
    """The way to the configuration, and what every such module can do."""

    DOCUMENTATION = r"""
options:
  method:
    description:
      - The way to the host's configuration.
      - V(wsman) speaks WS-Management, with no PowerShell and no Python on the host. It goes to O(uri), or, where there is
        none, to the same service as the host's connection P(ansible.builtin.winrm#connection), with its user and password.
      - V(command) runs the program C(winrm) on the host over whatever connection the host has, such as
        P(ansible.builtin.ssh#connection) or P(ansible.builtin.psrp#connection). It is for hosts whose WinRM does not let
        the user in yet.
      - V(auto) takes V(wsman) where the host can be reached and signed in to that way, and V(command) elsewhere, but for a task
        whose O(uri) names another host than the connection goes to.
    type: str
    choices: [auto, wsman, command]
    default: auto
notes:
  - The user needs the rights of an administrator on the host.
  - The work is done by an action plugin in Ansible's own process on the controller, whatever the host's connection is, so
    C(gather_facts) may be off and C(ansible_python_interpreter) does not matter.
  - C(delegate_to) a host whose connection is not P(ansible.builtin.local#connection) means that host, with its variables.
"""

    LOCKOUT = r"""
options:
  allow_lockout:
    description:
      - Whether changes may be made that end, or may end, the very WinRM session over which they are made. They are refused
        otherwise, in check mode too, before anything is changed. Where they are allowed they come last.
      - Over a connection that is not WinRM, such as P(ansible.builtin.ssh#connection), no change ends the session.
    type: bool
    default: false
"""

    ATTRIBUTES = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
  action:
    description: Runs within the process of the controller, with no Python on the host.
    support: full
  async:
    description: Can be run with the C(async) keyword.
    support: none
  action_group:
    description: Use C(group/hypervisor.connect.hypervisor) in C(module_defaults) to set URI and credentials once.
    support: full
    membership:
      - hypervisor.connect.hypervisor
  platform:
    description: Target operating systems that can be configured.
    support: full
    platforms: windows
"""
