# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The console of a machine: its keyboard, its screen, its interrupt button."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from hvsim.model.common import SYSTEM
from hvsim.model.editing import find_configuration, key_of, split_id
from hvsim.model.jobs import ReturnCode
from hvsim.model.machine import Machine, Power
from hvsim.model.services import VSMS
from hvsim.wmi.embedded import EmbeddedError
from hvsim.wmi.registry import Values, method
from hvsim.wmi.values import Instance

if TYPE_CHECKING:
    from hvsim.model.model import Model

KEYBOARD = "Msvm_Keyboard"
MOST_PIXELS = 1920 * 1080


# Keyboard


def _machine(model: Model, instance: Instance | None, key: str) -> Machine:
    assert instance is not None
    machine = model.owner(instance.get(key))
    assert machine is not None
    return machine


def _register(name: str, parameter: str | None) -> None:
    @method(KEYBOARD, name)
    def typing(model: Model, instance: Instance | None, parameters: Values) -> Values:
        machine = _machine(model, instance, "SystemName")
        value = parameters.get(parameter) if parameter else None
        if parameter and (value is None or value == []):
            return {"ReturnValue": ReturnCode.INVALID_PARAMETER}
        if machine.power != Power.RUNNING:
            return {"ReturnValue": ReturnCode.INVALID_STATE}
        machine.keyboard.typed.append((name, value))
        if name == "PressKey":
            machine.keyboard.pressed.add(int(value or 0))
        elif name == "ReleaseKey":
            machine.keyboard.pressed.discard(int(value or 0))
        return {"ReturnValue": ReturnCode.OK}


for _name, _parameter in (
    ("PressKey", "KeyCode"),
    ("ReleaseKey", "KeyCode"),
    ("TypeCtrlAltDel", None),
    ("TypeKey", "KeyCode"),
    ("TypeScancodes", "Scancodes"),
    ("TypeText", "AsciiText"),
):
    _register(_name, _parameter)


@method(KEYBOARD, "IsKeyPressed")
def is_key_pressed(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Whether a key is held down."""
    pressed = _machine(model, instance, "SystemName").keyboard.pressed
    return {
        "KeyState": parameters.get("KeyCode") in pressed,
        "ReturnValue": ReturnCode.OK,
    }


# Interrupts


@method(SYSTEM, "InjectNonMaskableInterrupt")
def inject_interrupt(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Send the machine that runs a non-maskable interrupt."""
    assert instance is not None
    machine = model.owner(instance.get("Name"))
    if machine is None:
        return {"ReturnValue": ReturnCode.NOT_SUPPORTED}
    if machine.power != Power.RUNNING:
        return {"ReturnValue": ReturnCode.INVALID_STATE}
    machine.interrupts += 1
    return {"ReturnValue": ReturnCode.OK}


# Screen


def picture(machine: Machine, width: int, height: int) -> list[int]:
    """The screen of a machine, RGB565, two bytes per pixel, the low one first.

    Red grows to the right, green downwards; blue is the machine's own.
    """
    return list(_painted(int(machine.guid[:2], 16) >> 3, width, height))


@lru_cache(maxsize=128)
def _painted(blue: int, width: int, height: int) -> bytes:
    reds = [(31 * x // max(1, width - 1)) << 11 for x in range(width)]
    greens = [(63 * y // max(1, height - 1)) << 5 for y in range(height)]
    pixels = (red | green | blue for green in greens for red in reds)
    return b"".join(pixel.to_bytes(2, "little") for pixel in pixels)


@method(VSMS, "GetVirtualSystemThumbnailImage")
def get_thumbnail(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """The screen of a machine that is on; that of a saved one is what it was."""
    try:
        guid, _tail = split_id(key_of(parameters.get("TargetSystem")))
        machine, config = find_configuration(model, guid)
    except EmbeddedError as error:
        return {"ReturnValue": error.code}
    width = parameters.get("WidthPixels") or 0
    height = parameters.get("HeightPixels") or 0
    if not 0 < width * height <= MOST_PIXELS:
        return {"ReturnValue": ReturnCode.INVALID_PARAMETER}
    if machine.power == Power.OFF or config.snapshot:
        return {"ReturnValue": ReturnCode.INVALID_STATE}
    return {
        "ImageData": picture(machine, width, height),
        "ReturnValue": ReturnCode.OK,
    }
