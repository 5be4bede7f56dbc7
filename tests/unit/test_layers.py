# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of docs/design: an import that points up, or I/O where there is none, fails.

The imports are read, not run. ``breaches`` takes a file's path and text, so the rules
themselves are tested with planted breaches.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest

PLUGINS = Path(__file__).parents[2] / "plugins"
COLLECTION = "ansible_collections.hypervisor.connect.plugins"

LAYERS = (
    ("_core",),
    ("_uri", "_cim"),
    ("_wsman",),
    ("_hypervisor",),
    ("_hyperv", "_libvirt"),
    ("_winrm",),
    ("_module",),
)
"""Packages of module_utils from the bottom up; those of one row don't see each other."""

RANKS = {package: rank for rank, row in enumerate(LAYERS) for package in row}

PURE = (
    "module_utils/_core/errors.py",
    "module_utils/_core/sizes.py",
    "module_utils/_uri/*.py",
    "module_utils/_cim/*.py",
    "module_utils/_wsman/*.py",
    "module_utils/_hypervisor/*.py",
    "module_utils/_winrm/*.py",
    "module_utils/_libvirt/*_xml.py",
    "module_utils/_libvirt/capabilities.py",
    "module_utils/_libvirt/domain_caps.py",
    "module_utils/_libvirt/possible.py",
    "module_utils/_libvirt/errors.py",
)
"""Where nothing is read, sent or waited for."""

IMPURE = (
    "module_utils/_uri/config.py",  # reads libvirt.conf and auth.conf
    "module_utils/_wsman/channel.py",  # sends
    "module_utils/_wsman/kerberos.py",  # runs kinit
    "module_utils/_wsman/session.py",  # locks
    "module_utils/_hypervisor/factory.py",  # opens
    "module_utils/_winrm/networks.py",  # resolves names
)
"""The exceptions, each with its reason."""

INPUT_OUTPUT = {
    "asyncio", "glob", "http.client", "http.server", "io", "logging", "multiprocessing",
    "os", "pathlib", "random", "requests", "secrets", "select", "selectors", "shutil",
    "signal", "socket", "ssl", "subprocess", "sys", "tempfile", "threading", "time",
    "urllib.request", "winrm",
}  # fmt: skip
LIBVIRT = {"libvirt", "libvirt_lxc", "libvirt_qemu"}
FACTORY = "module_utils/_hypervisor/factory.py"


class Import(NamedTuple):
    """One imported module: its full name, its line, and whether a function imports it."""

    name: str
    line: int
    lazy: bool


def imports(path: str, source: str) -> Iterator[Import]:
    """Every module that a file imports, relative names made absolute.

    Args:
        path: The file, from plugins/.
        source: Its text.
    """
    tree = ast.parse(source)
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, functions)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(path, node)
            # "from package import x" may name a module x.
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            yield Import(name, node.lineno, id(node) in inside)


def _absolute(path: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = [*COLLECTION.split("."), *path.split("/")[:-1]]
    parent = package[: len(package) - (node.level - 1)]
    return ".".join([*parent, *([node.module] if node.module else [])])


def breaches(path: str, source: str) -> list[str]:
    """What a file does that its layer forbids, one sentence each.

    Args:
        path: The file, from plugins/, such as ``module_utils/_uri/uri.py``.
        source: Its text.
    """
    rules = (_upwards, _ansible, _libvirt)
    found = [
        f"{path}:{imported.line}: {imported.name}: {reason}"
        for imported in imports(path, source)
        for reason in (rule(path, imported) for rule in rules)
        if reason
    ]
    if path not in IMPURE and any(fnmatch(path, pattern) for pattern in PURE):
        found += [f"{path}: {name}: this file does no I/O" for name in io(path, source)]
    return found


def io(path: str, source: str) -> list[str]:
    """The modules and builtin functions of a file that read, write, send or wait."""
    modules = [
        imported.name
        for imported in imports(path, source)
        if _is(imported.name, INPUT_OUTPUT | LIBVIRT)
    ]
    builtins = [
        f"{node.id}()"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Name) and node.id in ("input", "open", "print")
    ]
    return modules + builtins


def _upwards(path: str, imported: Import) -> str | None:
    own = path.split("/")
    if not imported.name.startswith(f"{COLLECTION}."):
        return None
    theirs = imported.name[len(COLLECTION) + 1 :].split(".")
    if own[0] == "modules" and theirs[0] not in ("modules", "module_utils"):
        return "a module is sent to the host with module_utils alone"
    if own[0] == "plugin_utils" and theirs[0] not in ("plugin_utils", "module_utils"):
        return "plugin_utils knows no plugin"
    if own[0] != "module_utils":
        return None
    if theirs[0] != "module_utils":
        return "module_utils knows nothing above it"
    mine, other = own[1], theirs[1] if len(theirs) > 1 else ""
    if mine == other or (mine in RANKS and RANKS.get(other, 99) < RANKS[mine]):
        return None
    if path == FACTORY and imported.lazy and other in LAYERS[4]:
        return None  # "one line in the factory"
    if mine not in RANKS or other not in RANKS:
        return "the layers don't know this package; DESIGN names them"
    return f"{mine} does not stand above {other}"


def _ansible(path: str, imported: Import) -> str | None:
    if not _is(imported.name, {"ansible"}) or not path.startswith("module_utils/"):
        return None
    if not path.startswith("module_utils/_module/"):
        return "below _module nothing knows of Ansible"
    if not _is(imported.name, {"ansible.module_utils"}):
        return "a host has ansible.module_utils and nothing else of Ansible"
    return None


def _libvirt(path: str, imported: Import) -> str | None:
    if _is(imported.name, LIBVIRT) and not path.startswith("module_utils/_libvirt/"):
        return "libvirt-python belongs to _libvirt"
    return None


def _is(name: str, modules: set[str]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


FILES = sorted(str(path.relative_to(PLUGINS)) for path in PLUGINS.rglob("*.py"))


@pytest.mark.parametrize("path", FILES)
def test_file_keeps_to_its_layer(path: str) -> None:
    assert breaches(path, (PLUGINS / path).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", [path for path in IMPURE if path in FILES])
def test_exception_is_needed(path: str) -> None:
    """A file that has become pure must leave the list of exceptions."""
    assert io(path, (PLUGINS / path).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("path", "source", "reason"),
    [
        ("module_utils/_core/clock.py", f"import {COLLECTION}.module_utils._uri.uri",
         "_core does not stand above _uri"),
        ("module_utils/_uri/uri.py", "from .._cim import wql",
         "_uri does not stand above _cim"),
        ("module_utils/_uri/uri.py", "from .. import _libvirt",
         "_uri does not stand above _libvirt"),
        ("module_utils/_hyperv/vm.py", "from .._libvirt.domain_xml import parse_domain",
         "_hyperv does not stand above _libvirt"),
        ("module_utils/_libvirt/hypervisor.py", "from .._hyperv import queries",
         "_libvirt does not stand above _hyperv"),
        ("module_utils/_libvirt/hypervisor.py", "def f():\n    from .._module import runner",
         "_libvirt does not stand above _module"),
        (FACTORY, "from .._libvirt.hypervisor import LibvirtHypervisor",
         "_hypervisor does not stand above _libvirt"),
        (FACTORY, "def f():\n    from .._module import runner",
         "_hypervisor does not stand above _module"),
        ("module_utils/_module/runner.py", "from .._helpers import x",
         "the layers don't know this package"),
        ("module_utils/_module/runner.py", "from ...plugin_utils import _action",
         "knows nothing above it"),
        ("module_utils/_module/runner.py", "from ansible.utils.display import Display",
         "nothing else of Ansible"),
        ("module_utils/_module/runner.py", "import ansible.plugins.loader",
         "nothing else of Ansible"),
        ("module_utils/_libvirt/hypervisor.py", "from ansible.module_utils import basic",
         "below _module"),
        ("modules/vm.py", f"from {COLLECTION}.plugin_utils import _action",
         "sent to the host"),
        ("plugin_utils/_action.py", f"from {COLLECTION}.action import vm",
         "knows no plugin"),
        ("plugin_utils/_action.py", "import libvirt", "belongs to _libvirt"),
        ("modules/vm.py", "def f():\n    import libvirt_qemu", "belongs to _libvirt"),
        ("module_utils/_uri/uri.py", "import socket", "no I/O"),
        ("module_utils/_uri/uri.py", "from os import environ", "no I/O"),
        ("module_utils/_cim/wql.py", "def f():\n    import time", "no I/O"),
        ("module_utils/_wsman/envelope.py", "from urllib import request", "no I/O"),
        ("module_utils/_hypervisor/plan.py", "from time import sleep", "no I/O"),
        ("module_utils/_libvirt/domain_xml.py", "import libvirt", "no I/O"),
        ("module_utils/_uri/uri.py", "open('/etc/passwd')", "open(): this file does no I/O"),
    ],
)  # fmt: skip
def test_planted_breach_is_found(path: str, source: str, reason: str) -> None:
    assert any(reason in breach for breach in breaches(path, source))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (
            "module_utils/_uri/uri.py",
            "from .._core.errors import HypervisorConnectError",
        ),
        ("module_utils/_uri/uri.py", "from urllib.parse import quote"),
        ("module_utils/_uri/config.py", "import os"),
        ("module_utils/_wsman/session.py", "import winrm"),
        ("module_utils/_wsman/fault.py", "from .._cim import values"),
        ("module_utils/_libvirt/binding.py", "import libvirt"),
        (FACTORY, "def f():\n    from .._hyperv.hypervisor import HyperV"),
        ("module_utils/_module/runner.py", "from ansible.module_utils import basic"),
        ("plugin_utils/_action.py", "from ansible.plugins.action import ActionBase"),
        ("action/vm.py", f"from {COLLECTION}.modules.vm import TASK"),
    ],
)
def test_import_that_points_down_is_no_breach(path: str, source: str) -> None:
    assert breaches(path, source) == []
