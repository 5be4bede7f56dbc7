# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of WMI is simulated, as a page: python -m hvsim.wmi.coverage > COVERAGE.md."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from hvsim.model import COMPLETE
from hvsim.model.computer_system import RESULTS, TRANSITIONS
from hvsim.model.disk_errors import Cause
from hvsim.model.features import DEFAULTS
from hvsim.model.jobs import JobType, StorageJobType
from hvsim.model.machine import Power
from hvsim.model.resource_methods import WHEN, WRITABLE
from hvsim.model.summary import CODES
from hvsim.model.system_changes import ALWAYS, OFF
from hvsim.wmi.registry import entry
from hvsim.wmi.schema import CimClass, MethodType, schemas

assert COMPLETE
HEAD = """\
# What hvsim simulates of WMI

Made by `python -m hvsim.wmi.coverage`; a test compares it with the code. Classes that
are not named here do not exist in hvsim: a request for one gets the fault that Windows
has for an unknown class. A method that a class has but hvsim can't do gets
WBEM_E_METHOD_NOT_IMPLEMENTED (0x80041055), one that no class has, the fault for an
unknown action. Put, Create and Delete are refused as WMI's providers refuse them
(2150859010): Hyper-V changes its objects by methods alone.
"""


def page() -> str:
    """The whole page, as Markdown."""
    parts = _namespaces(), _transitions(), _settings(), _images(), _jobs()
    return "\n".join([HEAD, *(line for part in parts for line in part)])


def _namespaces() -> Iterator[str]:
    for name, classes in schemas().items():
        yield f"## {name}\n"
        yield "| Class | Instances | Methods | Declared, not simulated |"
        yield "| --- | --- | --- | --- |"
        for cim_class in classes:
            if line := _line(cim_class):
                yield line
        yield ""


def _line(cim_class: CimClass) -> str:
    registered = entry(cim_class.namespace, cim_class.name)
    sources = []
    if registered.host:
        sources.append("host")
    if registered.machine:
        sources.append("each machine")
    if not sources and not registered.methods:
        return ""
    done: list[str] = []
    missing: list[str] = []
    for declared in cim_class.methods.values():
        (done if _is_done(cim_class, declared) else missing).append(declared.name)
    cells = (
        cim_class.name,
        ", ".join(sources) or "none",
        ", ".join(done),
        ", ".join(missing),
    )
    return f"| {' | '.join(cells)} |".replace("  ", " ")


def _is_done(cim_class: CimClass, declared: MethodType) -> bool:
    return any(
        declared.name.lower() in entry(cim_class.namespace, name).methods
        for name in (cim_class.name, *cim_class.lineage)
    )


def _transitions() -> Iterator[str]:
    yield "## Msvm_ComputerSystem.RequestStateChange\n"
    yield "Every other combination returns 32775; every other state 32773.\n"
    yield f"| RequestedState | {' | '.join(p.name.lower() for p in Power)} |"
    yield "| --- " * (1 + len(Power)) + "|"
    for requested, legal in TRANSITIONS.items():
        cells = [_cell(legal.get(power)) for power in Power]
        yield f"| {requested} | {' | '.join(cells)} |"
    yield ""


def _cell(job_type: JobType | None) -> str:
    return RESULTS[job_type].name.lower() if job_type else "-"


def _settings() -> Iterator[str]:
    yield "## ModifySystemSettings\n"
    yield "Changes, and gives back when read, in every state of the machine:"
    yield ", ".join(sorted(ALWAYS)) + ".\n"
    yield "And only while it is off: " + ", ".join(sorted(OFF)) + "."
    yield "Any other property makes the job fail with 32768.\n"
    yield "## Devices\n"
    yield "What AddResourceSettings and ModifyResourceSettings set, and when; a machine"
    yield "that is in another state makes the job fail with 32775, as nothing of the"
    yield "devices of a saved one changes but its connections.\n"
    yield "| Class | Properties | When |"
    yield "| --- | --- | --- |"
    for class_name, names in WRITABLE.items():
        yield f"| {class_name} | {', '.join(sorted(names))} | {WHEN[class_name]} |"
    yield ""
    yield "## Features of connections\n"
    for class_name, values in DEFAULTS.items():
        yield f"* {class_name}: " + ", ".join(sorted(values))
    yield ""
    yield "## GetSummaryInformation\n"
    yield "Knows the codes " + ", ".join(str(code) for code in CODES) + ".\n"


def _images() -> Iterator[str]:
    yield "## Image files\n"
    yield "What makes a storage job fail, by JobCompletionStatusCode:\n"
    yield "| JobCompletionStatusCode | ErrorCode | |"
    yield "| --- | --- | --- |"
    for cause in Cause:
        code, hresult, text = cause.value
        yield f"| 0x{hresult:08X} | {int(code)} | {text} |"
    yield ""


def _jobs() -> Iterator[str]:
    yield "## Jobs\n"
    yield "The rules `fail-job` and `hang-job` know them by class and by type:\n"
    for class_name, types in (
        ("Msvm_ConcreteJob", JobType),
        ("Msvm_StorageJob", StorageJobType),
    ):
        yield f"* {class_name}: " + ", ".join(kind.name.lower() for kind in types)
    yield ""


if __name__ == "__main__":
    sys.stdout.write(page())
