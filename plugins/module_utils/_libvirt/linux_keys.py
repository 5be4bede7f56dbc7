# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of a keyboard by their names in Linux (linux/input-event-codes.h); pure."""

from __future__ import annotations

#: Names without KEY_ in the order of their codes, by the code of the first.
_RUNS = {
    1: (
        "ESC 1 2 3 4 5 6 7 8 9 0 MINUS EQUAL BACKSPACE TAB Q W E R T Y U I O P "
        "LEFTBRACE RIGHTBRACE ENTER LEFTCTRL A S D F G H J K L SEMICOLON APOSTROPHE "
        "GRAVE LEFTSHIFT BACKSLASH Z X C V B N M COMMA DOT SLASH RIGHTSHIFT "
        "KPASTERISK LEFTALT SPACE CAPSLOCK F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 NUMLOCK "
        "SCROLLLOCK KP7 KP8 KP9 KPMINUS KP4 KP5 KP6 KPPLUS KP1 KP2 KP3 KP0 KPDOT"
    ),
    85: (
        "ZENKAKUHANKAKU 102ND F11 F12 RO KATAKANA HIRAGANA HENKAN KATAKANAHIRAGANA "
        "MUHENKAN KPJPCOMMA KPENTER RIGHTCTRL KPSLASH SYSRQ RIGHTALT LINEFEED HOME "
        "UP PAGEUP LEFT RIGHT END DOWN PAGEDOWN INSERT DELETE MACRO MUTE VOLUMEDOWN "
        "VOLUMEUP POWER KPEQUAL KPPLUSMINUS PAUSE SCALE KPCOMMA HANGEUL HANJA YEN "
        "LEFTMETA RIGHTMETA COMPOSE STOP"
    ),
    131: "UNDO",
    133: "COPY",
    135: "PASTE FIND CUT HELP MENU",
    142: "SLEEP WAKEUP",
    158: "BACK FORWARD",
    183: "F13 F14 F15 F16 F17 F18 F19 F20 F21 F22 F23 F24",
    210: "PRINT",
}

#: Codes by name, as ``KEY_LEFTCTRL``.
KEYS = {
    f"KEY_{name}": first + place
    for first, names in _RUNS.items()
    for place, name in enumerate(names.split())
}
