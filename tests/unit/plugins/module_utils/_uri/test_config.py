# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt.conf and auth.conf: their syntax, their places, their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._uri.config import (
    Resolution,
    UnreadableFile,
    client_conf_path,
    find_auth_config,
    read_text,
    resolve,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.config_files import (
    AuthConfig,
    ConfigError,
    Value,
    parse_conf,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.uri import (
    ConnectionUri,
    InvalidUri,
)

# libvirt's page, "Configuring URI aliases".
CONF = """
# A comment
uri_aliases = [
  "hail=qemu+ssh://root@hail.cloud.example.com/system",
  "sleet=qemu+ssh://root@sleet.cloud.example.com/system",
]
uri_default = "hail"  # behind a value
"""
HAIL = "qemu+ssh://root@hail.cloud.example.com/system"
AUTH = """
[credentials-test]
username=fred
password = p w=\\t1\\a
# comment
[credentials-prod]
authname=bar

[auth-libvirt-test1.example.com]
credentials=test
[auth-hyperv-default]
credentials=test
[auth-esx-h]
[auth-ssh-h]
credentials=missing
"""


def files(**texts: str) -> Callable[[str], str | None]:
    """A reader of the files that libvirt.conf and auth.conf may be."""
    places = {
        "root": "/etc/libvirt/libvirt.conf",
        "user": "/home/u/.config/libvirt/libvirt.conf",
        "xdg": "/xdg/libvirt/libvirt.conf",
        "auth": "/etc/libvirt/auth.conf",
        "user_auth": "/home/u/.config/libvirt/auth.conf",
        "own": "/own",
    }
    return {places[name]: text for name, text in texts.items()}.get


def root(
    text: str | None, conf: str, environ: Mapping[str, str] | None = None
) -> Resolution:
    return resolve(text, environ=environ or {}, uid=0, read=files(root=conf))


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("", {}),
        ("\n\n", {}),
        ("a = 1\nb=-2;c = +3", {"a": 1, "b": -2, "c": 3}),
        ("a = 'x\"y' # c", {"a": 'x"y'}),
        ('a = "x#y"', {"a": "x#y"}),
        ('a = """x\n"y"\nz"""', {"a": 'x\n"y"\nz'}),
        ("a = ''", {"a": ""}),
        ("a = []\nb = [ 1, 'x',\n# \n", None),
        ("a = []\nb = [ 1,\n 'x', [2], ]\n", {"a": [], "b": [1, "x", [2]]}),
        ("a = 1\na = 2", {"a": 1}),
        ("a = 1 b = 2", None),
        ("a", None),
        ("a =", None),
        ("a = x", None),
        ("a = 'x\n'", None),
        ("a = [1 2]", None),
        ("a = [1,, 2]", None),
        ("1a = 2", None),
        ("a-b = 2", None),
        ("a = " + "[" * 5000, None),
    ],
)
def test_parse_conf_reads_what_libvirt_reads(
    text: str, settings: dict[str, Value] | None
) -> None:
    if settings is not None:
        assert parse_conf(text, "libvirt.conf") == settings
        return
    with pytest.raises(ConfigError):
        parse_conf(text, "libvirt.conf")


def test_an_error_in_a_file_names_file_and_line() -> None:
    with pytest.raises(ConfigError, match=r"^/etc/libvirt/libvirt\.conf:3: .* missing"):
        root("x", "a = 1\n\nb =\n")
    with pytest.raises(ConfigError, match=r"^f:2: ") as caught:
        AuthConfig.parse("[a]\nsecretpassword\n", "f")
    assert "secret" not in str(caught.value)


DEFAULT = {"LIBVIRT_DEFAULT_URI": "hail"}
EMPTY = {"LIBVIRT_DEFAULT_URI": ""}
FROM_FILE = "uri_default in /etc/libvirt/libvirt.conf"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (("qemu:///system", CONF, {}), ("qemu:///system", "task", None)),
        (("hail", CONF, {}), (HAIL, "task", "hail")),
        (("hail/", CONF, {}), ("hail/", "task", None)),
        (("sleet", "", DEFAULT), ("sleet", "task", None)),
        (("xen", CONF, {}), ("xen:///system", "task", None)),
        (("xen://", CONF, {}), ("xen:///system", "task", None)),
        (("", CONF, DEFAULT), (HAIL, "LIBVIRT_DEFAULT_URI", "hail")),
        ((None, CONF, EMPTY), (HAIL, FROM_FILE, "hail")),
        ((None, "", {}), (None, "probing", None)),
    ],
)
def test_resolve_follows_libvirts_order(
    asked: tuple[str | None, str, dict[str, str]],
    found: tuple[str | None, str, str | None],
) -> None:
    result = root(*asked)
    assert (result.text, result.source, result.alias) == found
    assert result.uri == (None if found[0] is None else ConnectionUri.parse(found[0]))


def test_hints_name_legacy_forms_and_the_deprecated_variable() -> None:
    virsh = {"VIRSH_DEFAULT_CONNECT_URI": "qemu:///system"}
    assert "VIRSH_DEFAULT_CONNECT_URI" in root(None, "", virsh).hints[0]
    assert root("qemu:///system", "", virsh).hints == ()
    assert "write xen:///system" in root("xen", "").hints[0]
    assert "xend" in root("http://h:8000/", "").hints[0]


@pytest.mark.parametrize(
    ("conf", "text"),
    [
        ('uri_aliases = "hail=x"', "a"),
        ("uri_aliases = [ 1 ]", "a"),
        ('uri_aliases = [ "hail" ]', "a"),
        ('uri_aliases = [ "h.ail=qemu:///" ]', "a"),
        ("uri_default = 1", None),
        ('uri_default = ""', None),
    ],
)
def test_resolve_refuses_settings_of_the_wrong_kind(
    conf: str, text: str | None
) -> None:
    with pytest.raises(ConfigError, match=r"/etc/libvirt/libvirt\.conf"):
        root(text, conf)


def test_an_alias_before_a_wrong_entry_still_counts() -> None:
    assert (
        root("a", 'uri_aliases = [ "a=qemu:///system", "b" ]').text == "qemu:///system"
    )


def test_resolve_refuses_what_is_no_uri() -> None:
    with pytest.raises(InvalidUri):
        root("not a uri", "")


def test_client_conf_path_is_the_users_own_but_for_root() -> None:
    home = {"HOME": "/home/u"}
    assert client_conf_path(home, 0) == "/etc/libvirt/libvirt.conf"
    assert client_conf_path(home, 1) == "/home/u/.config/libvirt/libvirt.conf"
    xdg = {**home, "XDG_CONFIG_HOME": "/xdg"}
    assert client_conf_path(xdg, 1) == "/xdg/libvirt/libvirt.conf"
    assert client_conf_path({}, 1) is None
    read = files(root=CONF, user='uri_default = "test:///default"')
    assert resolve(None, environ=home, uid=1, read=read).text == "test:///default"
    assert resolve(None, environ={}, uid=1, read=read).source == "probing"


def test_a_file_of_ones_own_must_be_there() -> None:
    read = files(own=CONF)
    assert resolve("hail", environ={}, uid=0, read=read, config="/own").text == HAIL
    with pytest.raises(UnreadableFile, match="/other: the file is missing"):
        resolve("hail", environ={}, uid=0, read=read, config="/other")


@pytest.mark.parametrize(
    ("service", "hostname", "name", "value"),
    [
        ("libvirt", "test1.example.com", "username", "fred"),
        ("libvirt", "test1.example.com", "password", "p w=\t1\\a"),
        ("libvirt", "test1.example.com", "realm", None),
        ("libvirt", "other", "username", None),
        ("hyperv", "other", "username", "fred"),
        ("hyperv", None, "username", "fred"),
    ],
)
def test_lookup_finds_what_virAuthConfigLookup_finds(  # noqa: N802
    service: str, hostname: str | None, name: str, value: str | None
) -> None:
    assert AuthConfig.parse(AUTH, "f").lookup(service, hostname, name) == value


@pytest.mark.parametrize("service", ["esx", "ssh"])
def test_lookup_refuses_groups_without_credentials(service: str) -> None:
    with pytest.raises(ConfigError, match=r"^f: the group \["):
        AuthConfig.parse(AUTH, "f").lookup(service, "h", "username")


@pytest.mark.parametrize(
    "text", ["a=1", "[a]\nb", "[a]\n=1", "[a]x", "[a\n", "[a]\n;c"]
)
def test_auth_conf_refuses_what_glib_refuses(text: str) -> None:
    with pytest.raises(ConfigError):
        AuthConfig.parse(text, "f")


def test_groups_merge_and_the_last_value_counts() -> None:
    config = AuthConfig.parse("[a]\r\nk=1\r\n[b]\n[a]\n k =2 \n", "f")
    assert config.groups == {"a": {"k": "2 "}, "b": {}}
    assert "2" not in repr(config)


def test_auth_conf_is_searched_in_libvirts_order() -> None:
    def path(uri: str, environ: dict[str, str], **texts: str) -> str | None:
        found = find_auth_config(
            ConnectionUri.parse(uri), environ=environ, read=files(**texts)
        )
        return None if found is None else found.path

    home = {"HOME": "/home/u"}
    every = {"auth": "", "user_auth": "", "own": ""}
    assert path("a:///?authfile=/own", home, **every) == "/own"
    named = {**home, "LIBVIRT_AUTH_FILE": "/etc/libvirt/auth.conf"}
    assert path("a:///?authfile=/own", named, **every) == "/etc/libvirt/auth.conf"
    assert path("a:///", home, **every) == "/home/u/.config/libvirt/auth.conf"
    assert path("a:///", home, auth="") == "/etc/libvirt/auth.conf"
    assert path("a:///", {}, auth="") == "/etc/libvirt/auth.conf"
    assert path("a:///", home) is None
    with pytest.raises(UnreadableFile, match="/nowhere"):
        path("a:///?authfile=/nowhere", home)


def test_an_unreadable_file_that_nobody_named_is_passed_over() -> None:
    def read(path: str) -> str | None:
        if path.startswith("/home"):
            raise UnreadableFile("no", where=path)
        return "[a]\n"

    found = find_auth_config(None, environ={"HOME": "/home/u"}, read=read)
    assert found is not None
    assert found.path == "/etc/libvirt/auth.conf"


def test_read_text_reads_utf_8_and_names_what_it_cannot_read(tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_text("ü\r\n", encoding="utf-8", newline="")
    bad.write_bytes(b"\xff")
    assert read_text(str(good)) == "ü\r\n"
    assert read_text(str(tmp_path / "missing")) is None
    assert read_text(str(good / "below")) is None
    for path in (str(bad), str(tmp_path), "a\0b"):
        with pytest.raises(UnreadableFile, match="cannot be read"):
            read_text(path)
