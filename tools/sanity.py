# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test sanity without containers, and without a file that it downloads.

Three things stand in its way on a machine that reaches a package index and nothing
else; docs/design/tools.md tells how each was met.

* It wants the collection at a real path that ends in
  ansible_collections/hypervisor/connect: the files are copied into .build/ansible-test.
* It puts pip into virtual environments of its own by a script from the network, and
  names the place where one may be put by hand: a stand-in is written there, which
  installs the pip wheel that lies beside it.
* It looks for python3.9 to python3.13 on PATH: a directory of links to the real
  interpreters comes first, and shims are left out.

Its home is .cache/home, so that nothing is left in the user's own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import ansible_test

from tools.pythons import find_interpreters, path_without_shims
from tools.setup import BUILD, ROOT, VENV, pip_settings
from tools.stage import CACHE, Outcome, environment, project_files, stream

COPY = BUILD / "ansible-test" / "ansible_collections" / "hypervisor" / "connect"
HOME = CACHE / "home"
PIP_CACHE = HOME / ".ansible" / "test" / "cache"
"""Source: ansible_test/_util/target/setup/requirements.py, bootstrap()."""

STAND_IN = '''\
"""Install the pip wheel beside this file; stands in for the get-pip.py of pypa."""
import os
import runpy
import sys

here = os.path.dirname(os.path.abspath(__file__))
wanted = [a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel")]
version = [a for a in wanted if a.startswith("pip==")][0][len("pip=="):]
sys.path.insert(0, os.path.join(here, "pip-%s-py3-none-any.whl" % version))
sys.argv = ["pip", "install", "--no-index", "--find-links", here] + wanted
runpy.run_module("pip", run_name="__main__", alter_sys=True)
'''


def sanity() -> Outcome:
    """Run ansible-test sanity over a fresh copy of the checkout."""
    copy_collection()
    prepare_home()
    ansible_test_command = str(VENV / "bin" / "ansible-test")
    code, output = stream(
        [ansible_test_command, "sanity", "--local", "--color", "no"],
        cwd=COPY,
        environ=_environment(),
    )
    return read_output(output, code)


def read_output(output: str, code: int) -> Outcome:
    """Count the tests that ansible-test says it runs, and those it says failed.

    A test that runs once for each Python counts once. Source: the messages of
    ansible_test/_internal/commands/sanity/__init__.py.
    """
    ran = set(re.findall(r'^Running sanity test "([\w-]+)"', output, re.MULTILINE))
    failed = set()
    summary = re.search(r"sanity test\(s\) listed below .*\n((?:[\w-]+.*\n)+)", output)
    if summary:
        failed = {line.split()[0] for line in summary[1].splitlines()} & ran
    missing = re.findall(r"WARNING: (Required program .* not found\.)", output)
    left_out = re.findall(r"WARNING: (Skipping .*)", output)
    return Outcome(
        "sanity",
        passed=len(ran - failed),
        failed=len(failed) or int(code != 0 or not ran),
        skipped=len(set(missing)),
        notes=tuple(f"sanity: {note}" for note in dict.fromkeys(missing + left_out)),
    )


def copy_collection() -> None:
    """Make the copy equal to the checkout's files, whatever was there before.

    It is a git repository of its own: without one, ansible-test asks the repository
    around it, which ignores .build, and tests nothing. The simulator is no part of the
    collection; ruff, mypy and its own tests look after it.
    """
    files = [name for name in project_files() if not name.startswith("simulator/")]
    expected = {COPY / name for name in files}
    if not (COPY / ".git").is_dir():
        subprocess.run(["git", "init", "--quiet", str(COPY)], check=True)
    for directory, folders, names in os.walk(COPY):
        here = Path(directory)
        if here == COPY:
            folders.remove(".git")
        for old in {here / name for name in [*names, *folders]} - expected:
            if old.is_symlink() or old.is_file():
                old.unlink()
    for name in files:
        target = COPY / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copy2(ROOT / name, target, follow_symlinks=False)


def prepare_home() -> None:
    """Write the stand-in for get-pip.py, its wheels, and pip's settings.

    ansible-test hands on neither PIP_* variables nor the user's home, so pip is told in
    a file what it is told here.
    """
    PIP_CACHE.mkdir(parents=True, exist_ok=True)
    for version in pip_versions():
        script = PIP_CACHE / f"get_pip_{version.replace('.', '_')}.py"
        if not (PIP_CACHE / f"pip-{version}-py3-none-any.whl").exists():
            download = ["download", "--quiet", "--no-deps", "--dest", str(PIP_CACHE)]
            stream([sys.executable, "-m", "pip", *download, f"pip=={version}"])
        script.write_text(STAND_IN, encoding="utf-8")
    settings = "".join(
        # Several values are one per line in a file, and indented there.
        f"{name} = {value.replace(chr(10), chr(10) + '    ')}\n"
        for name, value in pip_settings().items()
    )
    configuration = HOME / ".config" / "pip" / "pip.conf"
    configuration.parent.mkdir(parents=True, exist_ok=True)
    configuration.write_text(f"[global]\n{settings}", encoding="utf-8")


def pip_versions() -> list[str]:
    """The pip versions that the installed ansible-test asks for."""
    package = Path(next(iter(ansible_test.__path__)))
    source = package / "_internal" / "python_requirements.py"
    text = source.read_text(encoding="utf-8")
    return sorted(set(re.findall(r"pip='([0-9.]+)'", text)))


def _environment() -> dict[str, str]:
    """The environment of ansible-test: real interpreters, a home of its own."""
    links = BUILD / "ansible-test" / "bin"
    shutil.rmtree(links, ignore_errors=True)
    links.mkdir(parents=True)
    for version, interpreter in find_interpreters(os.environ).items():
        (links / f"python{version}").symlink_to(interpreter.executable)
    path = [str(links), *path_without_shims(os.environ)]
    environ = {**environment(), "HOME": str(HOME), "PATH": os.pathsep.join(path)}
    for name in ("ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_HOME", "PYTHONPATH"):
        del environ[name]
    return environ
