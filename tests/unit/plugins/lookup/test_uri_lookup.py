# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup of connection URIs."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible import constants
from ansible.errors import AnsibleError, AnsibleLookupError

from ansible_collections.hypervisor.connect.plugins.lookup.uri import (
    DOCUMENTATION,
    LookupModule,
)


@pytest.fixture
def lookup(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> LookupModule:
    """The lookup, with no configuration but what a test gives it."""
    monkeypatch.delenv("LIBVIRT_DEFAULT_URI", raising=False)
    monkeypatch.delenv("VIRSH_DEFAULT_CONNECT_URI", raising=False)
    (tmp_path / "libvirt.conf").write_text(
        'uri_aliases = [ "hail=qemu+ssh://root@h/system" ]\nuri_default = "hail"\n'
    )
    (tmp_path / "empty.conf").write_text("")
    options = yaml.safe_load(DOCUMENTATION)["options"]
    constants.config.initialize_plugin_configuration_definitions(
        "lookup", "hypervisor.connect.uri", options
    )
    found = LookupModule()
    found._load_name = "hypervisor.connect.uri"
    return found


def test_the_lookup_resolves_aliases_and_the_default(
    lookup: LookupModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = str(tmp_path / "libvirt.conf")
    hail = "qemu+ssh://root@h/system"
    assert lookup.run(["hail", "test:///default"], config=conf) == [
        *(hail, "test:///default")
    ]
    assert lookup.run([], config=conf) == [hail]
    assert lookup.run(["", None], config=conf) == [hail, hail]
    assert lookup.run([], config=str(tmp_path / "empty.conf")) == [""]
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "xen:///system")
    assert lookup.run([], config=conf) == ["xen:///system"]


def test_the_lookup_warns_of_what_is_deprecated(
    lookup: LookupModule,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("VIRSH_DEFAULT_CONNECT_URI", "qemu:///system")
    lookup.run([], config=str(tmp_path / "empty.conf"))
    assert "VIRSH_DEFAULT_CONNECT_URI" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("term", ["a b", 1, ["x"]])
def test_the_lookup_refuses_bad_terms(
    lookup: LookupModule, tmp_path: Path, term: object
) -> None:
    with pytest.raises(AnsibleLookupError, match=r"^hypervisor\.connect\.uri: "):
        lookup.run([term], config=str(tmp_path / "empty.conf"))


def test_the_lookup_refuses_a_missing_file(
    lookup: LookupModule, tmp_path: Path
) -> None:
    with pytest.raises(AnsibleError, match="the file is missing"):
        lookup.run(["x"], config=str(tmp_path / "missing"))
