# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a connection URI may be shown: no password, no control character, no megabytes.

It works on the text, not on the parts, so that it serves for texts that do not parse
too; where a text is ambiguous it hides too much rather than too little.
"""

from __future__ import annotations

import re
from unicodedata import category
from urllib.parse import unquote

from ansible_collections.hypervisor.connect.plugins.module_utils._core.printable import (
    printable,
)

MASK = "***"
_LONG = 4096  # characters; of a longer text only the scheme is shown

_AUTHORITY = re.compile(r"([A-Z][A-Z0-9+.\-]*:)?//", re.IGNORECASE)
_COLON = re.compile(r":|%3A", re.IGNORECASE)
_LAST_AT = re.compile(r".*(@|%40)", re.IGNORECASE | re.DOTALL)
_NAME = re.compile(r"(?:^|[;?])([^=;?]*)=")
_SECRET_NAME = re.compile(
    r"pass|pwd|secret|token|credential|api_?key|private_?key", re.IGNORECASE
)


def redact(text: str) -> str:
    """Return ``text`` as messages may show it.

    The password of ``user:password@`` and the values of parameters whose names look
    like secrets become ``***``; characters that do not print or that change the
    direction of writing become escapes; a long text is cut.
    """
    if len(text) > _LONG:
        scheme = text[: text.find(":", 0, 40) + 1]
        return f"{printable(scheme)}... ({len(text)} characters)"
    head, question_mark, query = _mask_password(text).partition("?")
    if question_mark:
        head += "?" + "&".join(_mask_param(chunk) for chunk in query.split("&"))
    return printable(head)


def is_control(char: str) -> bool:
    """Whether a character is a control, a format (bidirectional) or a line separator."""
    return category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _mask_password(text: str) -> str:
    """Hide what lies between the first colon behind ``scheme://`` and the last ``@``."""
    authority = _AUTHORITY.match(text)
    colon = _COLON.search(text, authority.end() if authority else 0)
    at = _LAST_AT.match(text, colon.end()) if colon else None
    if colon is None or at is None:
        return text
    return text[: colon.end()] + MASK + text[at.start(1) :]


def _mask_param(chunk: str) -> str:
    for name in _NAME.finditer(chunk):
        if _SECRET_NAME.search(unquote(name[1], errors="replace")):
            return chunk[: name.end()] + MASK
    return chunk
