# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``winrm`` prints: hostile text, and text around what is looked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.command_output import (
    DESTINATION_UNREACHABLE,
    CommandFailed,
    element_in,
    in_our_words,
    is_element_in,
    one_line,
    plain_text,
    refusal,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.way import Ran

FAULT = (
    '<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" '
    'Code="5" Machine="a"><f:Message>Access is denied. </f:Message></f:WSManFault>'
)


@given(
    st.text() | st.binary().map(lambda data: data.decode("utf-8", "surrogateescape"))
)
def test_any_text_becomes_one_sentence(text: str) -> None:
    plain = plain_text(text)
    assert plain.encode("utf-8") or not plain
    sentence = str(in_our_words("read", Ran(1, plain, plain)))
    assert len(sentence.splitlines()) == 1


@given(st.text())
def test_element_is_found_in_any_text_or_refused(text: str) -> None:
    whole = f"{plain_text(text)}<a:Config xmlns:a='b'>x</a:Config>"
    try:
        assert element_in(whole, "Config").name.local == "Config"
    except CommandFailed:
        assert "<" in text  # something that looks like it stood before it


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("<Config/>", "Config"),
        ("<a.b-c:Results xmlns:a.b-c='x'>y</a.b-c:Results>", "Results"),
        ("<Config\n>\n</Config>x", "Config"),
    ],
)
def test_element_may_have_any_prefix(text: str, name: str) -> None:
    assert is_element_in(text, name)
    assert element_in(text, name).name.local == name
    assert not is_element_in(text, "Other")


def test_last_end_tag_counts() -> None:
    inner = "<a><Config>1</Config></a>"
    found = element_in(f"-- <Config>{inner}</Config> --", "Config")
    assert found.children[0].children[0].token == "1"


def test_refusal_takes_the_faults_own_words() -> None:
    found = refusal(f"{FAULT}\r\nError number:  5 0x5\r\nAccess is denied. \r\n")
    assert found is not None
    assert found.wsman_code == 5
    assert found.what == "Access is denied (ERROR_ACCESS_DENIED, 0x5)"


@pytest.mark.parametrize("fault", ["", "<f:WSManFault", FAULT.replace("Code", "X")])
def test_refusal_without_a_fault_that_can_be_read_has_number_and_text(
    fault: str,
) -> None:
    found = refusal(f"{fault}\nN:  -2144108526 0x80338012\na\r\n b\r\n")
    assert found is not None
    assert found.wsman_code == DESTINATION_UNREACHABLE
    assert found.what == "a b (0x80338012)"


@pytest.mark.parametrize(
    "text",
    ["", "Port = 5985 0x1761 is it", "version 1.5 0x1", "0x80338012", "-1 x80338012"],
)
def test_number_alone_is_no_refusal(text: str) -> None:
    assert refusal(text) is None


def test_plain_text_has_no_marks_and_no_halves_of_characters() -> None:
    assert plain_text("\ufeffa\udcffb") == "a\ufffdb"
    assert plain_text("a\0b\0") == "ab"
    assert one_line(" a\r\n  b\t") == "a b"
