# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every public function, class and method of plugins/ is named by some test.

A name counts where a test uses it: as a name, an attribute, an import, or a keyword.
What Ansible itself prescribes and calls (``main``, ``ActionModule.run``) counts where a
test or a test's playbook names the plugin. Abstract methods and Protocols have nothing to test.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeGuard

ROOT = Path(__file__).parents[2]
TESTS = (ROOT / "tests" / "unit", ROOT / "tests" / "integration")
THIS = Path(__file__).name

PRESCRIBED = {
    "action": {"ActionModule", "run"},
    "connection": {"Connection", "close", "exec_command", "fetch_file", "put_file"},
    "doc_fragments": {"ModuleDocFragment"},
    "filter": {"FilterModule", "filters"},
    "inventory": {"InventoryModule", "parse", "verify_file"},
    "lookup": {"LookupModule", "run"},
    "modules": {"main"},
    "test": {"TestModule", "tests"},
}
"""By kind of plugin, the names that Ansible calls."""


class Public(NamedTuple):
    """Something public: its file from plugins/, its class if any, its name."""

    path: str
    owner: str
    name: str

    def __str__(self) -> str:
        """``module_utils/_uri/uri.py: ConnectionUri.parse``."""
        dotted = f"{self.owner}.{self.name}" if self.owner else self.name
        return f"{self.path}: {dotted}"


def public(path: str, source: str) -> Iterator[Public]:
    """The public functions, classes and methods of a file, those within classes too."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and not _is_private(node.name):
            yield Public(path, "", node.name)
            if not _is_protocol(node):
                for member in node.body:
                    if _is_testable(member):
                        yield Public(path, node.name, member.name)
        elif _is_testable(node):
            yield Public(path, "", node.name)


def _is_testable(node: ast.AST) -> TypeGuard[ast.FunctionDef]:
    return (
        isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and not _is_private(node.name)
        and not any("abstract" in ast.unparse(d) for d in node.decorator_list)
    )


def _is_protocol(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base).endswith("Protocol") for base in node.bases)


def _is_private(name: str) -> bool:
    return name.startswith("_")


def used_names(source: str) -> set[str]:
    """Every identifier that a Python file uses, other than those it defines."""
    used: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            used.add(node.id)
        elif isinstance(node, ast.Attribute):
            used.add(node.attr)
        elif isinstance(node, ast.keyword) and node.arg:
            used.add(node.arg)
        elif isinstance(node, ast.alias):
            used.update(node.name.split("."))
    return used


def untested(
    found: Iterator[Public] | list[Public], python: list[str], texts: list[str]
) -> list[str]:
    """What no test names.

    Args:
        found: What is public.
        python: The texts of the tests that are Python.
        texts: The texts of all tests, playbooks included.
    """
    used = set().union(*map(used_names, python)) if python else set()
    return [
        str(item)
        for item in found
        if item.name not in used and not _is_named_plugin(item, texts)
    ]


def _is_named_plugin(item: Public, texts: list[str]) -> bool:
    kind = item.path.split("/")[0]
    stem = Path(item.path).stem
    if item.name not in PRESCRIBED.get(kind, ()):
        return False
    if kind == "doc_fragments":
        return True  # ansible-test and antsibull-docs read every page that extends it
    named = re.compile(
        rf"\bhypervisor\.connect\.{stem}\b|\bplugins\.{kind}(\.| import ){stem}\b"
    )
    return any(named.search(text) for text in texts)


def _texts(*endings: str) -> list[str]:
    return [
        path.read_text(encoding="utf-8")
        for folder in TESTS
        for path in sorted(folder.rglob("*"))
        if path.name != THIS and path.suffix in endings and path.is_file()
    ]


def test_everything_public_is_named_by_a_test() -> None:
    plugins = ROOT / "plugins"
    found = [
        item
        for path in sorted(plugins.rglob("*.py"))
        for item in public(
            str(path.relative_to(plugins)), path.read_text(encoding="utf-8")
        )
    ]
    assert found
    missing = untested(found, _texts(".py"), _texts(".py", ".yml", ".yaml"))
    assert missing == [], "\n".join(["no test names:", *missing])


PLANTED = """
class Shown:
    def used(self): ...
    def forgotten(self): ...
    def _own(self): ...
    @property
    def colour(self): ...
    @abstractmethod
    def abstract(self): ...

class Contract(Protocol):
    def anything(self): ...

class _Hidden:
    def method(self): ...

def alone(): ...
def _private(): ...
"""


def test_planted_function_without_a_test_is_found() -> None:
    found = list(public("module_utils/_core/planted.py", PLANTED))
    test = "from planted import Shown\nassert Shown().used() and Contract"
    assert untested(found, [test], [test]) == [
        "module_utils/_core/planted.py: Shown.forgotten",
        "module_utils/_core/planted.py: Shown.colour",
        "module_utils/_core/planted.py: alone",
    ]


def test_name_in_a_string_or_a_comment_is_no_test() -> None:
    found = list(public("module_utils/_core/planted.py", "def alone(): ..."))
    test = '"alone"  # alone'
    assert untested(found, [test], [test]) == ["module_utils/_core/planted.py: alone"]


def test_entry_point_counts_where_a_playbook_names_the_plugin() -> None:
    source = "def main(): ...\ndef run(): ..."
    found = list(public("modules/vm.py", source))
    playbook = "- hypervisor.connect.vm:\n    name: web1"
    assert untested(found, [], [playbook]) == ["modules/vm.py: run"]
    other = "- hypervisor.connect.vm_info:"
    assert "modules/vm.py: main" in untested(found, [], [other])
