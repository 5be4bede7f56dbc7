# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/libvirt_hyperv_calls.md: every call has its row, and each row a test that exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TABLE = ROOT / "docs" / "libvirt_hyperv_calls.md"
TESTS = ROOT / "tests" / "unit" / "plugins"
FACTS = ROOT.parent / "shared" / "facts" / "libvirt_hyperv_driver_calls.md"

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TABLE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| vir")
]


def functions(path: Path) -> set[str]:
    """The names of the functions of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_there_is_a_row_for_each_of_71_calls() -> None:
    assert len(ROWS) == len({row[0] for row in ROWS}) == 71
    assert all(len(row) == 3 and all(row) for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_test_of_a_row_exists(row: list[str]) -> None:
    path, _colons, name = row[2].partition("::")
    assert (TESTS / path).is_file()
    assert name in functions(TESTS / path)
    assert name.startswith("test_")


def test_the_rows_are_the_calls_of_the_driver() -> None:
    if not FACTS.exists():
        pytest.skip(f"{FACTS} is not there")
    text = FACTS.read_text(encoding="utf-8")
    assert [row[0] for row in ROWS] == re.findall(r"(?m)^\| (vir\w+) \|", text)
