# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be changed of memory, processors, serial ports, display and integration.

Memory of a machine that is on can be resized where dynamic memory is off and its
configuration version is one of Windows Server 2016 or later, in both generations
("What's new in Hyper-V on Windows Server 2016"); with dynamic memory the range may
grow and the buffer and weight change. The number of processors never changes then.
"""

from __future__ import annotations

from hvsim.model.editing import Edit
from hvsim.model.jobs import ReturnCode
from hvsim.model.machine import INTEGRATION, Memory
from hvsim.model.resources import (
    DISPLAY_DEFAULTS,
    MEMORY_DEFAULTS,
    MOST_PROCESSORS,
    PROCESSOR_DEFAULTS,
)
from hvsim.model.settings import version_of
from hvsim.wmi.embedded import EmbeddedError
from hvsim.wmi.registry import Values

MEMORY_FIELDS = {
    "DynamicMemoryEnabled": "dynamic",
    "Limit": "maximum",
    "Reservation": "minimum",
    "TargetMemoryBuffer": "buffer",
    "VirtualQuantity": "startup",
    "Weight": "weight",
}
"""Properties of Msvm_MemorySettingData and what they are of Memory."""
MEMORY_WRITABLE = frozenset(MEMORY_FIELDS) | frozenset(MEMORY_DEFAULTS)
PROCESSOR_WRITABLE = frozenset(PROCESSOR_DEFAULTS) | {"VirtualQuantity"}
PROCESSOR_LIVE = frozenset(
    {"EnableHostResourceProtection", "Limit", "Reservation", "Weight"}
)
SERIAL_WRITABLE = frozenset({"Connection", "DebuggerMode"})
DISPLAY_WRITABLE = frozenset(DISPLAY_DEFAULTS)
INTEGRATION_WRITABLE = frozenset({"EnabledState"})
LEAST_MEMORY = 32
MOST_MEMORY = {1: 1 << 20, 2: 12 << 20}
"""MiB, by generation."""
MOST_PROCESSORS_OF_FIRST = 64


def invalid(message: str) -> EmbeddedError:
    """A value that can't be."""
    return EmbeddedError(ReturnCode.INVALID_PARAMETER, message)


# Memory


def change_memory(edit: Edit, values: Values) -> None:
    """Set memory's properties. Raises EmbeddedError."""
    old = edit.configuration.memory
    new = Memory(**vars(old))
    new.settings = {**old.settings}
    for name, value in values.items():
        if name in MEMORY_FIELDS:
            setattr(new, MEMORY_FIELDS[name], value)
        else:
            new.settings[name] = value
    _check_memory(new, edit.configuration.generation, values)
    if new != old:
        _check_live(edit, old, new)
    edit.configuration.memory = new


def _check_memory(new: Memory, generation: int, given: Values) -> None:
    most = MOST_MEMORY[generation]
    sizes = {"VirtualQuantity": new.startup}
    if new.dynamic:
        sizes |= {"Reservation": new.minimum, "Limit": new.maximum}
    for name, size in sizes.items():
        if not LEAST_MEMORY <= size <= most:
            raise invalid(
                f"{name}: the amount of memory must be between {LEAST_MEMORY} MB and "
                f"{most} MB, not {size} MB."
            )
        if size % 2 and name in (*given, "VirtualQuantity"):
            raise invalid(
                f"{name}: the amount of memory must be a multiple of 2 MB, "
                f"not {size} MB."
            )
    if new.dynamic and not new.minimum <= new.startup <= new.maximum:
        raise invalid(
            f"The startup memory of {new.startup} MB must be between the minimum of "
            f"{new.minimum} MB and the maximum of {new.maximum} MB."
        )
    if not 5 <= new.buffer <= 2000:
        raise invalid(f"TargetMemoryBuffer: {new.buffer} is not between 5 and 2000.")
    if not 0 <= new.weight <= 10000:
        raise invalid(f"Weight: {new.weight} is not between 0 and 10000.")


def _check_live(edit: Edit, old: Memory, new: Memory) -> None:
    """Raises EmbeddedError: it can't be changed in the machine's present state."""
    if new.dynamic != old.dynamic or new.settings != old.settings:
        edit.require_off("The kind of memory")
    if new.dynamic:
        grows = new.minimum <= old.minimum and new.maximum >= old.maximum
        edit.require("The memory", hot=grows and new.startup == old.startup)
    else:
        version = version_of(edit.configuration)
        edit.require("The memory", hot=version >= (8, 0))


# Processors


def change_processors(edit: Edit, values: Values) -> None:
    """Set processors' properties. Raises EmbeddedError."""
    quantity = values.get("VirtualQuantity", edit.configuration.processors)
    most = MOST_PROCESSORS
    if edit.configuration.generation == 1:
        most = MOST_PROCESSORS_OF_FIRST
    if not 1 <= quantity <= most:
        raise invalid(
            f"VirtualQuantity: a virtual machine has 1 to {most} processors, "
            f"not {quantity}."
        )
    others = {n: v for n, v in values.items() if n != "VirtualQuantity"}
    before = {**PROCESSOR_DEFAULTS, **edit.configuration.processor_settings}
    after = {**before, **others}
    if not 0 <= after["Reservation"] <= after["Limit"] <= 100000:
        raise invalid("0 <= Reservation <= Limit <= 100000 must hold.")
    if after["Weight"] > 10000:
        raise invalid(f"Weight: {after['Weight']} is not between 0 and 10000.")
    if quantity != edit.configuration.processors:
        edit.require_off("The number of processors")
    for name in others:
        if after[name] != before[name]:
            edit.require(f"{name} of the processors", hot=name in PROCESSOR_LIVE)
    edit.configuration.processors = quantity
    edit.configuration.processor_settings.update(others)


# Serial ports, display, integration components


def change_serial(edit: Edit, number: int, values: Values) -> None:
    """Set a serial port's properties: also while the machine is on."""
    connection = values.get("Connection")
    if connection and connection[0] and not connection[0].startswith("\\\\"):
        raise invalid(rf"Connection: {connection[0]} is not like \\.\pipe\name.")
    edit.require(f"COM {number + 1}", hot=True)
    edit.configuration.serial.setdefault(number, {}).update(values)


def change_display(edit: Edit, values: Values) -> None:
    """Set the display's properties. Raises EmbeddedError."""
    edit.require_off("The display")
    edit.configuration.display.update(values)


def change_integration(edit: Edit, name: str, values: Values) -> None:
    """Turn an integration component on (2) or off (3). Raises EmbeddedError."""
    state = values.get("EnabledState")
    if state is None:
        return
    if state not in (2, 3):
        raise invalid(f"EnabledState: {state} is neither 2 nor 3.")
    edit.require(f"The integration service {name}", hot=True)
    edit.configuration.integration[name] = state == 2


INTEGRATION_CLASSES = {f"Msvm_{name}ComponentSettingData": name for name in INTEGRATION}
