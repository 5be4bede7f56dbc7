# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys: the names of Linux (input-event-codes.h) and Windows' virtual-key codes; pure.

Source of the codes: "Virtual-Key Codes" of the Windows SDK's WinUser.h. Letters and
digits have the codes of their ASCII characters.
"""

from __future__ import annotations

from .._hypervisor.plan import PlanRefused

_NAMED = """\
BACKSPACE=08 TAB=09 CLEAR=0C ENTER=0D PAUSE=13 CAPSLOCK=14 ESC=1B SPACE=20 PAGEUP=21
PAGEDOWN=22 END=23 HOME=24 LEFT=25 UP=26 RIGHT=27 DOWN=28 SELECT=29 PRINT=2A SYSRQ=2C
INSERT=2D DELETE=2E HELP=2F LEFTMETA=5B RIGHTMETA=5C COMPOSE=5D MENU=5D SLEEP=5F
KPASTERISK=6A KPPLUS=6B KPCOMMA=6C KPMINUS=6D KPDOT=6E KPSLASH=6F KPENTER=0D
NUMLOCK=90 SCROLLLOCK=91 LEFTSHIFT=A0 RIGHTSHIFT=A1 LEFTCTRL=A2 RIGHTCTRL=A3 LEFTALT=A4
RIGHTALT=A5 BACK=A6 FORWARD=A7 REFRESH=A8 STOP=A9 SEARCH=AA BOOKMARKS=AB HOMEPAGE=AC
MUTE=AD VOLUMEDOWN=AE VOLUMEUP=AF NEXTSONG=B0 PREVIOUSSONG=B1 STOPCD=B2 PLAYPAUSE=B3
MAIL=B4 SEMICOLON=BA EQUAL=BB COMMA=BC MINUS=BD DOT=BE SLASH=BF GRAVE=C0 LEFTBRACE=DB
BACKSLASH=DC RIGHTBRACE=DD APOSTROPHE=DE 102ND=E2"""


def _table() -> dict[str, int]:
    codes = {
        name: int(code, 16)
        for name, _equals, code in (one.partition("=") for one in _NAMED.split())
    }
    codes.update((character, ord(character)) for character in "0123456789")
    codes.update((chr(code), code) for code in range(ord("A"), ord("Z") + 1))
    codes.update((f"KP{digit}", 0x60 + digit) for digit in range(10))
    codes.update((f"F{number}", 0x6F + number) for number in range(1, 25))
    return {f"KEY_{name}": code for name, code in codes.items()}


CODES = _table()


def code_of(name: str) -> int:
    """The virtual-key code of a key, ``KEY_LEFTCTRL`` in any case.

    Raises:
        PlanRefused: No key of a machine's keyboard has that name.
    """
    code = CODES.get(name.upper())
    if code is None:
        raise PlanRefused(
            f"there is no key {name} on the keyboard of a Hyper-V machine",
            remedy="name keys as Linux does, such as KEY_LEFTCTRL or KEY_A",
        )
    return code
