# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a URI, an alias or the default to an open hypervisor."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.credentials import (
    Credentials,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.factory import (
    LibraryMissing,
    open_hypervisor,
)

BUILD = Path(__file__).parents[5] / ".build"


@pytest.fixture(autouse=True)
def own_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A libvirt.conf of the test's own, for the user and for root."""
    folder = tmp_path / "config" / "libvirt"
    folder.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("LIBVIRT_DEFAULT_URI", raising=False)
    return folder / "libvirt.conf"


def test_uri_is_opened_and_shown_as_it_was_written() -> None:
    pytest.importorskip("libvirt", reason="libvirt-python is not installed")
    with open_hypervisor("test:///default", Credentials()) as hypervisor:
        assert hypervisor.uri == "test:///default"
        assert hypervisor.is_alive()
    assert not hypervisor.is_alive()


def test_default_uri_of_the_environment_is_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("libvirt", reason="libvirt-python is not installed")
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "test:///default")
    with open_hypervisor(None, Credentials()) as hypervisor:
        assert hypervisor.find_vm("test").state


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("hyperv:///", "hyperv:///"),
        ("hyperv+ssh://host/", "hyperv+ssh://host/"),
        ("qemu+carrier-pigeon://host/system", "carrier-pigeon"),
        ("qemu+ssh://-oProxyCommand=x/system", "-oProxyCommand=x"),
        ("qemu+tcp://host:99999/system", "99999"),
        ("no such thing", "no such thing"),
    ],
)
def test_uri_that_nobody_should_open_is_refused_in_one_sentence(
    uri: str, words: str
) -> None:
    with pytest.raises(HypervisorConnectError) as refused:
        open_hypervisor(uri, Credentials())
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.remedy


def test_password_in_a_uri_is_not_told() -> None:
    with pytest.raises(HypervisorConnectError) as refused:
        open_hypervisor("hyperv://fred:hunter2@host/", Credentials())
    assert "hunter2" not in f"{refused.value} {refused.value.args}"


def test_python_without_libvirt_is_told_what_to_install() -> None:
    """Every file imports there, and opening says what is missing."""
    program = f"""
import sys
sys.path.insert(0, {str(BUILD)!r})
sys.modules["libvirt"] = None  # what an import of a missing module finds
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor import factory
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor import credentials
try:
    factory.open_hypervisor("test:///default", credentials.Credentials())
except factory.LibraryMissing as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == (
        f"libvirt-python can't be imported by {sys.executable}; install libvirt-python "
        "there (Debian: python3-libvirt; PyPI: libvirt-python), or name another "
        "ansible_python_interpreter.\n"
    )
    assert issubclass(LibraryMissing, HypervisorConnectError)
