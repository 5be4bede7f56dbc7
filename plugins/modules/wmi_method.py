#!/usr/bin/python
# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls a method of a WMI class or instance."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wmi_method
short_description: Call any WMI method over WS-Management
version_added: 0.1.0
description:
  - Calls a method of a WMI class, or of one of its instances, on a Windows host that is reached by a C(hyperv://) URI, and waits
    for the job that it may start.
  - The module can't know what a method changes, so it always reports a change. Use C(changed_when) where you know better.
author: hypervisor.connect contributors (@hypervisor-connect)
extends_documentation_fragment:
  - hypervisor.connect.hypervisor
  - hypervisor.connect.hypervisor.attributes
attributes:
  check_mode:
    support: full
    details: Calls nothing and tells what it would call.
  diff_mode:
    support: none
options:
  namespace:
    description: The WMI namespace, with slashes.
    type: str
    default: root/virtualization/v2
  class_name:
    description: The class that has the method.
    type: str
    required: true
    aliases: [class]
  selectors:
    description:
      - The keys of the instance whose method is called. None for a static method.
      - The services of Hyper-V are named well enough by C(CreationClassName).
      - A key that is a reference is a dictionary with the path as C(__PATH) alone.
    type: dict
  method:
    description: The method's name.
    type: str
    required: true
  parameters:
    description:
      - The method's parameters.
      - An embedded instance is a dictionary with its class as C(__CLASS). A reference is a dictionary with the path of the instance
        as C(__PATH) alone.
    type: dict
  success_values:
    description: The return values that count as success, besides that of a job that ended well.
    type: list
    elements: int
    default: [0]
  wait:
    description: Whether to wait for the job that the method starts.
    type: bool
    default: true
seealso:
  - module: hypervisor.connect.wmi_query
"""

EXAMPLES = r"""
- name: Read the load of all machines
  hypervisor.connect.wmi_method:
    class_name: Msvm_VirtualSystemManagementService
    selectors: {CreationClassName: Msvm_VirtualSystemManagementService}
    method: GetSummaryInformation
    parameters: {RequestedInformation: [0, 1, 100, 101]}
  register: summary
  changed_when: false
"""

RETURN = r"""
return_value:
  description: What the method returned. 4096 means that it started a job.
  type: int
  returned: when it was called
  sample: 0
output:
  description: What the method gave back, in the form of RV(hypervisor.connect.wmi_query#module:instances).
  type: dict
  returned: when it was called
  sample: {"ReturnValue": 0}
call:
  description: What was called, or would be in check mode.
  type: str
  returned: success
  sample: Msvm_ComputerSystem.RequestStateChange
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.classes import (
    JOB_STARTED,
    RETURN_VALUES,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.plain import (
    from_plain,
    key_from_plain,
    to_plain,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.wmi import (
    NAMESPACE,
    with_wmi,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    Hypervisor,
    OperationFailed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.runner import (
    Task,
    run_module,
)


def run(
    hypervisor: Hypervisor, options: Mapping[str, Any], check_mode: bool
) -> dict[str, Any]:
    """Call the method and wait for its job."""
    wmi = with_wmi(hypervisor)
    call = f"{options['class_name']}.{options['method']}"
    selectors = {
        str(name): key_from_plain(name, value)
        for name, value in (options["selectors"] or {}).items()
    }
    parameters = {
        str(name): from_plain(value)
        for name, value in (options["parameters"] or {}).items()
    }
    if check_mode:
        return {"changed": True, "call": call}
    output = wmi.call(
        options["namespace"],
        options["class_name"],
        options["method"],
        selectors=selectors,
        parameters=parameters,
        wait=options["wait"],
    )
    value = int(output.get("ReturnValue") or 0)
    if value not in (*options["success_values"], JOB_STARTED):
        raise OperationFailed(
            f"{call} returned {value} ({RETURN_VALUES.get(value, 'not documented here')})",
            where=hypervisor.uri,
            remedy="see the method's documentation, or add the value to success_values",
            details={"code": value, "message": RETURN_VALUES.get(value)},
        )
    return {
        "changed": True,
        "call": call,
        "return_value": value,
        "output": {name: to_plain(item) for name, item in output.items()},
    }


TASK = Task(
    run=run,
    options={
        "namespace": NAMESPACE,
        "class_name": {"type": "str", "required": True, "aliases": ["class"]},
        "selectors": {"type": "dict"},
        "method": {"type": "str", "required": True},
        "parameters": {"type": "dict"},
        "success_values": {"type": "list", "elements": "int", "default": [0]},
        "wait": {"type": "bool", "default": True},
    },
)


def main() -> None:
    """Run as an ordinary module."""
    run_module(TASK)


if __name__ == "__main__":
    main()
