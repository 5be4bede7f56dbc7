# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of options, the values of Hyper-V, and what rows have in common, as tables."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv import rows
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.words import (
    BOOT_ORDER,
    START_ACTIONS,
    extension,
    is_pipe,
    is_windows_path,
    number_of,
    template_guid,
    template_word,
)

VM = "11111111-AAAA-4BBB-8CCC-DDDDDDDDDDDD"
UEFI = "272E7447-90A4-4563-A4B9-8E4AB00526CE"


def test_number_stands_for_its_word() -> None:
    assert number_of(START_ACTIONS, "always") == 4
    assert number_of(BOOT_ORDER, "network") == 3


@pytest.mark.parametrize(
    ("given", "guid", "word"),
    [
        (
            "MicrosoftUEFICertificateAuthority",
            UEFI,
            "MicrosoftUEFICertificateAuthority",
        ),
        (
            "microsoftueficertificateauthority",
            UEFI,
            "MicrosoftUEFICertificateAuthority",
        ),
        (UEFI.lower(), UEFI, "MicrosoftUEFICertificateAuthority"),
        (VM, VM, VM.lower()),
        ("Mine", None, None),
    ],
)
def test_template_has_a_name_and_a_guid(
    given: str, guid: str | None, word: str | None
) -> None:
    assert template_guid(given) == guid
    assert template_word(guid) == word
    assert template_word(f"{{{guid}}}" if guid else "") == word


@pytest.mark.parametrize(
    ("path", "pipe", "absolute", "ending"),
    [
        (r"\\.\pipe\com1", True, False, ""),
        (r"\\HV1\PIPE\com1", True, True, ""),
        (r"C:\VMs\web.1\web1.VHDX", False, True, "vhdx"),
        (r"\\nas\vms\web1.vhd", False, True, "vhd"),
        (r"\\?\C:\web1.vhd", False, False, "vhd"),
        ("C:/VMs/web1.vhdx", False, False, "vhdx"),
        (r"C:\VMs/web1.vhdx", False, False, "vhdx"),
        ("web1.vhdx", False, False, "vhdx"),
        (r"C:web1", False, False, ""),
        (r"C:\VMs.old\web1", False, True, ""),
        ("/var/lib/x.qcow2", False, False, "qcow2"),
    ],
)
def test_path_is_a_pipe_a_file_of_windows_or_neither(
    path: str, pipe: bool, absolute: bool, ending: str
) -> None:
    assert is_pipe(path) is pipe
    assert is_windows_path(path) is absolute
    assert extension(path) == ending
    assert not is_pipe(None)


@pytest.mark.parametrize(
    ("value", "array", "first"),
    [
        (None, [], None),
        ([], [], None),
        ("a", ["a"], "a"),
        (["", "b"], ["", "b"], None),
        ([1, 2], ["1", "2"], "1"),
    ],
)
def test_array_is_read_whatever_it_looks_like(
    value: Any, array: list[str], first: str | None
) -> None:
    assert rows.array(value) == array
    assert rows.first(value) == first


def test_row_tells_its_machine_and_its_parent() -> None:
    path = rf'\\HV1\root\virtualization\v2:Msvm_X.InstanceID="Microsoft:{VM}\\C\\0"'
    row = {"InstanceID": rf"Microsoft:{VM}\C\0\0\D", "Parent": path}
    assert rows.instance_guid(row) == rows.path_guid(path) == VM.lower()
    assert rows.parent(row) == rows.key_of(path) == rf"Microsoft:{VM}\C\0"
    assert rows.by_machine([row]) == {VM.lower(): [row]}
    assert rows.is_in_force(row)
    assert not rows.is_in_force({"InstanceID": rf"Microsoft:Definition\{VM}\Default"})
    assert (rows.parent({"Parent": None}), rows.path_guid("none")) == ("", "")


def test_scalars_are_read_with_and_without_a_schema() -> None:
    assert rows.is_guid(VM)
    assert not rows.is_guid(f"Microsoft:{VM}")
    assert rows.guid(VM) == VM.lower()
    assert (rows.integer("7"), rows.integer(None)) == (7, None)
    assert [rows.boolean(value) for value in (True, "True", "false", None)] == [
        True,
        True,
        False,
        False,
    ]
