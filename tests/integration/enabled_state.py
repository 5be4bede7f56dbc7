# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a Hyper-V host for a machine's EnabledState, with pypsrp instead of our client.

enabled_state.py READY_FILE GUID
"""

from __future__ import annotations

import json
import sys
from urllib.parse import urlsplit

from pypsrp.wsman import SelectorSet, WSMan

_NAMESPACE = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/"


def main(ready_file: str, guid: str) -> None:
    """Print the number."""
    with open(ready_file, encoding="utf-8") as stream:
        ready = json.load(stream)
    url = urlsplit(ready["http"])
    selectors = SelectorSet()
    selectors.add_option("CreationClassName", "Msvm_ComputerSystem")
    selectors.add_option("Name", guid.upper())
    with WSMan(
        url.hostname,
        port=url.port,
        ssl=False,
        username=ready["username"],
        password=ready["password"],
        auth="ntlm",
        encryption="always",
    ) as client:
        answer = client.get(f"{_NAMESPACE}Msvm_ComputerSystem", selector_set=selectors)
    print(next(one.text for one in answer.iter() if one.tag.endswith("}EnabledState")))


if __name__ == "__main__":
    main(*sys.argv[1:])
