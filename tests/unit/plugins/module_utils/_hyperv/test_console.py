# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The screen and the keyboard of machines on hvsim."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.console import (
    SIZES,
    to_png,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.keys import (
    CODES,
    code_of,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    OperationFailed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.plan import (
    PlanRefused,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv.lab import (
    HeldClock,
    Lab,
    calls,
    lab,
)

RUNNING, OFF = "vm0001", "vm0002"


@pytest.fixture
def ten() -> Iterator[Lab]:
    """A host with ten machines."""
    with lab(vms=10) as opened:
        yield opened


def pixels_of(png: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height and the lines of a PNG, read by its specification."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, parts = 8, {}
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        data = png[at + 8 : at + 8 + size]
        (check,) = struct.unpack(">I", png[at + 8 + size : at + 12 + size])
        assert check == zlib.crc32(kind + data)
        parts[kind] = data
        at += 12 + size
    assert list(parts) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, *rest = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    assert rest == [8, 2, 0, 0, 0]
    data = zlib.decompress(parts[b"IDAT"])
    lines = [data[n : n + 1 + 3 * width] for n in range(0, len(data), 1 + 3 * width)]
    assert len(lines) == height
    assert all(line[0] == 0 for line in lines)
    return width, height, [line[1:] for line in lines]


@pytest.mark.parametrize(
    ("pixel", "colour"),
    [
        (0x0000, (0, 0, 0)),
        (0xFFFF, (255, 255, 255)),
        (0xF800, (255, 0, 0)),
        (0x07E0, (0, 255, 0)),
        (0x001F, (0, 0, 255)),
        (0x8410, (132, 130, 132)),
    ],
)
def test_pixel_has_the_colour_of_its_bits(
    pixel: int, colour: tuple[int, int, int]
) -> None:
    data = struct.pack("<H", pixel) * 6
    width, height, lines = pixels_of(to_png(data + b"more", 3, 2))
    assert (width, height) == (3, 2)
    assert lines == [bytes(colour) * 3] * 2


def test_picture_is_that_of_the_screen(ten: Lab) -> None:
    shot = ten.hypervisor.screenshot(ten.hypervisor.find_vm(RUNNING))
    assert shot.mime_type == "image/png"
    assert (shot.width, shot.height) in SIZES
    width, height, lines = pixels_of(shot.data)
    assert (width, height) == (shot.width, shot.height)
    # hvsim paints red to the right, green downwards.
    assert (lines[0][0], lines[0][-3]) == (0, 255)
    assert (lines[0][1], lines[-1][1]) == (0, 255)


def test_picture_of_a_machine_that_is_off_is_refused(ten: Lab) -> None:
    with pytest.raises(OperationFailed, match="invalid state"):
        ten.hypervisor.screenshot(ten.hypervisor.find_vm(OFF))


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("KEY_A", 0x41),
        ("key_z", 0x5A),
        ("KEY_0", 0x30),
        ("KEY_F1", 0x70),
        ("KEY_F24", 0x87),
        ("KEY_KP7", 0x67),
        ("KEY_LEFTCTRL", 0xA2),
        ("KEY_LEFTALT", 0xA4),
        ("KEY_DELETE", 0x2E),
        ("KEY_ENTER", 0x0D),
        ("KEY_LEFTMETA", 0x5B),
    ],
)
def test_key_of_linux_has_its_code_of_windows(key: str, code: int) -> None:
    assert code_of(key) == code
    assert 0 < min(CODES.values()) < max(CODES.values()) < 256


def test_key_that_is_none_is_refused_before_any_is_pressed(ten: Lab) -> None:
    with pytest.raises(PlanRefused, match="no key KEY_NONE"):
        ten.hypervisor.check_keys(["KEY_A", "KEY_NONE"])
    ten.hypervisor.check_keys(["KEY_A"])
    with pytest.raises(PlanRefused):
        ten.hypervisor.send_keys(
            ten.hypervisor.find_vm(RUNNING), ["KEY_A", "KEY_NONE"], 0
        )
    assert calls(ten.host, "PressKey") == 0


def test_keys_are_held_and_released_in_reverse(ten: Lab) -> None:
    clock = ten.hypervisor.clock = HeldClock()
    keys = ["KEY_LEFTCTRL", "KEY_LEFTALT", "KEY_DELETE"]
    ten.hypervisor.send_keys(ten.hypervisor.find_vm(RUNNING), keys, 250)
    typed = ten.host.model.machine(RUNNING).keyboard.typed
    assert typed == [
        ("PressKey", 0xA2),
        ("PressKey", 0xA4),
        ("PressKey", 0x2E),
        ("ReleaseKey", 0x2E),
        ("ReleaseKey", 0xA4),
        ("ReleaseKey", 0xA2),
    ]
    assert clock.naps == [0.25]
    assert not ten.host.model.machine(RUNNING).keyboard.pressed


def test_machine_that_is_off_has_no_keyboard(ten: Lab) -> None:
    with pytest.raises(OperationFailed, match="it has no keyboard"):
        ten.hypervisor.send_keys(ten.hypervisor.find_vm(OFF), ["KEY_A"], 0)
