#!/usr/bin/python
# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads instances of WMI classes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wmi_query
short_description: Read instances of any WMI class over WS-Management
version_added: 0.1.0
description:
  - Reads the instances of a WMI class, or the rows of a WQL query, from a Windows host that is reached by a C(hyperv://) URI.
  - No PowerShell is started and nothing is installed on the host. It need not have Hyper-V.
author: hypervisor.connect contributors (@hypervisor-connect)
extends_documentation_fragment:
  - hypervisor.connect.hypervisor
  - hypervisor.connect.hypervisor.attributes
attributes:
  check_mode:
    support: full
    details: Changes nothing.
  diff_mode:
    support: N/A
    details: Changes nothing.
options:
  namespace:
    description: The WMI namespace, with slashes.
    type: str
    default: root/virtualization/v2
  query:
    description: A query in WQL, such as C(SELECT Name FROM Win32_Service WHERE State = 'Running').
    type: str
  class_name:
    description: The class whose instances are read, those of its subclasses included.
    type: str
    aliases: [class]
  properties:
    description: Only these properties of O(class_name), which makes large answers small. By default all.
    type: list
    elements: str
  where:
    description:
      - What the properties of an instance of O(class_name) must be equal to.
      - Values are quoted by the module, so that they can be anything.
    type: dict
seealso:
  - module: hypervisor.connect.wmi_method
  - module: hypervisor.connect.vm_info
"""

EXAMPLES = r"""
- name: Which Windows is it
  hypervisor.connect.wmi_query:
    namespace: root/cimv2
    class_name: Win32_OperatingSystem
    properties: [Caption, Version]
  register: windows

- name: Which switches are there
  hypervisor.connect.wmi_query:
    query: SELECT Name, ElementName FROM Msvm_VirtualEthernetSwitch
  register: switches
"""

RETURN = r"""
instances:
  description:
    - The instances, or rows, each a dictionary of properties with their types.
    - Dates and intervals are in ISO 8601, references are paths, octets are in base64. The keys C(__CLASS) and C(__PATH) tell
      the class and path of an instance where they are known.
  type: list
  elements: dict
  returned: success
  sample: [{"Caption": "Microsoft Windows Server 2019 Standard", "Version": "10.0.17763"}]
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.hypervisor.connect.plugins.module_utils._cim.wql import select
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.plain import (
    instance_to_plain,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.wmi import (
    NAMESPACE,
    with_wmi,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    Hypervisor,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.runner import (
    Task,
    run_module,
)


def run(
    hypervisor: Hypervisor, options: Mapping[str, Any], _check_mode: bool
) -> dict[str, Any]:
    """Run the query."""
    wmi = with_wmi(hypervisor)
    query = options["query"]
    if query is None:
        columns = options["properties"] or ()
        where = {str(name): value for name, value in (options["where"] or {}).items()}
        query = select(options["class_name"], *columns).where(**where)
    with wmi.doing("run the query", own=False):
        rows = list(wmi.client.query(options["namespace"], query))
    return {"changed": False, "instances": [instance_to_plain(row) for row in rows]}


TASK = Task(
    run=run,
    options={
        "namespace": NAMESPACE,
        "query": {"type": "str"},
        "class_name": {"type": "str", "aliases": ["class"]},
        "properties": {"type": "list", "elements": "str"},
        "where": {"type": "dict"},
    },
    rules={
        "mutually_exclusive": [
            ("query", "class_name"),
            ("query", "properties"),
            ("query", "where"),
        ],
        "required_one_of": [("query", "class_name")],
    },
)


def main() -> None:
    """Run as an ordinary module."""
    run_module(TASK)


if __name__ == "__main__":
    main()
