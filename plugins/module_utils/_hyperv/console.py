# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The screen and the keyboard of a machine.

A thumbnail of the screen is raw RGB565, two bytes for each pixel, the low one first
(GetVirtualSystemThumbnailImage). An answer of WinRM has at most 500 KB, which Base64
fills with 375 KB: the picture is as large as goes through.
"""

from __future__ import annotations

import struct
import zlib
from array import array as numbers
from collections.abc import Sequence

from .._hypervisor.hypervisor import OperationFailed
from .._hypervisor.values import Screenshot, VirtualMachine
from .._wsman.fault import WsmanFault
from .._wsman.fault_table import TOO_LARGE
from . import queries
from .classes import COMPUTER_SYSTEM, KEYBOARD, V2
from .connection import HypervConnection
from .keys import code_of
from .resources import settings_path

#: Sizes to ask for, as long as the answer is too large.
SIZES = ((480, 360), (320, 240), (160, 120), (112, 84), (80, 60))


def screenshot(wmi: HypervConnection, vm: VirtualMachine) -> Screenshot:
    """The screen as PNG, as large as an answer may be.

    Raises:
        OperationFailed: The machine is off, or the host gives no picture.
    """
    doing = f"take a picture of machine {vm.name}"
    for width, height in SIZES:
        data = _thumbnail(wmi, vm, doing, width, height)
        if data is not None:
            png = to_png(data, width, height)
            return Screenshot(png, "image/png", width, height)
    raise OperationFailed(
        f"can't {doing}: even a small one is too large an answer",
        where=wmi.uri,
        remedy="raise MaxEnvelopeSizekb in the host's winrm/config",
    )


def _thumbnail(
    wmi: HypervConnection, vm: VirtualMachine, doing: str, width: int, height: int
) -> bytes | None:
    """The pixels; None where the answer would be too large."""
    try:
        output = wmi.call_service(
            doing,
            "GetVirtualSystemThumbnailImage",
            TargetSystem=settings_path(vm.uuid),
            WidthPixels=width,
            HeightPixels=height,
        )
    except OperationFailed as error:
        cause = error.__cause__
        if isinstance(cause, WsmanFault) and cause.kind == TOO_LARGE:
            return None
        raise
    value = int(output.get("ReturnValue") or 0)
    wmi.must(doing, value)
    data = bytes(output.get("ImageData") or b"")
    if len(data) < width * height * 2:
        raise OperationFailed(
            f"can't {doing}: the host gave {len(data)} bytes for {width}x{height} pixels",
            where=wmi.uri,
            remedy="see that the machine runs",
        )
    return data


def to_png(data: bytes, width: int, height: int) -> bytes:
    """RGB565 as PNG (RFC 2083), 8 bits for each of three colours."""
    pixels = numbers("H")
    pixels.frombytes(data[: width * height * 2])
    if struct.pack("=H", 1) != b"\1\0":
        pixels.byteswap()
    colours = {pixel: _colour(pixel) for pixel in set(pixels)}
    lines = (
        b"\0" + b"".join(colours[pixel] for pixel in pixels[at : at + width])
        for at in range(0, width * height, width)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(b"".join(lines), 6)),
            _chunk(b"IEND", b""),
        )
    )


def _colour(pixel: int) -> bytes:
    """Five, six and five bits spread over eight each."""
    red, green, blue = pixel >> 11, pixel >> 5 & 63, pixel & 31
    return bytes((red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2))


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def send_keys(
    wmi: HypervConnection, vm: VirtualMachine, keys: Sequence[str], hold: int
) -> None:
    """Msvm_Keyboard.PressKey for each key, and ReleaseKey in the reverse order.

    As libvirt's driver does it (hypervDomainSendKey).
    """
    codes = [code_of(key) for key in keys]
    doing = f"press keys of machine {vm.name}"
    with wmi.doing(doing):
        rows = wmi.rows(queries.keyboard(vm.uuid))
    if not rows:
        raise OperationFailed(
            f"can't {doing}: it has no keyboard",
            where=wmi.uri,
            remedy="see that the machine runs",
        )
    selectors = {
        "CreationClassName": KEYBOARD,
        "DeviceID": str(rows[0]["DeviceID"]),
        "SystemCreationClassName": COMPUTER_SYSTEM,
        "SystemName": vm.uuid.upper(),
    }
    held: list[int] = []
    try:
        for code in codes:
            _key(wmi, doing, "PressKey", selectors, code)
            held.append(code)
        wmi.clock.sleep(hold / 1000)
    finally:
        for code in reversed(held):
            _key(wmi, doing, "ReleaseKey", selectors, code)


def _key(
    wmi: HypervConnection, doing: str, method: str, keyboard: dict[str, str], code: int
) -> None:
    output = wmi.call(
        V2,
        KEYBOARD,
        method,
        selectors=keyboard,
        parameters={"KeyCode": code},
        doing=doing,
    )
    wmi.must(doing, int(output.get("ReturnValue") or 0))
