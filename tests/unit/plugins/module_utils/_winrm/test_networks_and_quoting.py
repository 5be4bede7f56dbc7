# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks in which messages may go unencrypted, and quoting for the host's shell."""

from __future__ import annotations

import base64
import shlex
from ipaddress import ip_address

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.networks import (
    OutsideNetworks,
    addresses_of,
    check_inside,
    networks_of,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.quoting import (
    for_shell,
)


def test_network_and_single_address_are_networks() -> None:
    found = networks_of(["192.0.2.7/24", "2001:db8::1", " 10.0.0.0/8 "])
    assert [str(one) for one in found] == [
        "192.0.2.0/24",
        "2001:db8::1/128",
        "10.0.0.0/8",
    ]


@pytest.mark.parametrize("text", ["", "hv1", "192.0.2.0/33", None, 5.5])
def test_what_is_no_network_is_refused(text: object) -> None:
    with pytest.raises(
        HypervisorConnectError, match=r"192\.0\.2\.0/24 or 2001:db8::/32"
    ):
        networks_of([text])


@pytest.mark.parametrize(
    ("addresses", "networks"),
    [
        (["192.0.2.1"], ["192.0.2.0/24"]),
        (["192.0.2.1", "2001:db8::1"], ["192.0.2.0/24", "2001:db8::/32"]),
    ],
)
def test_host_that_is_wholly_inside_passes(
    addresses: list[str], networks: list[str]
) -> None:
    check_inside(
        "hv1", [ip_address(one) for one in addresses], networks_of(networks), "w"
    )


@pytest.mark.parametrize(
    ("addresses", "networks", "told"),
    [
        (
            ["192.0.2.1", "2001:db8::1"],
            ["192.0.2.0/24"],
            r"hv1 \(2001:db8::1\) is outside",
        ),
        (["192.0.2.1"], ["10.0.0.0/8"], r"allowed_networks \(10.0.0.0/8\)"),
        (
            ["192.0.2.1"],
            [],
            "allowed_networks is empty, so unencrypted messages are not",
        ),
        ([], ["192.0.2.0/24"], "no known address"),
    ],
)
def test_host_that_is_not_wholly_inside_is_refused(
    addresses: list[str], networks: list[str], told: str
) -> None:
    with pytest.raises(OutsideNetworks, match=told):
        check_inside(
            "hv1", [ip_address(one) for one in addresses], networks_of(networks), "w"
        )


def test_names_are_resolved_and_mapped_addresses_are_ipv4() -> None:
    assert ip_address("127.0.0.1") in addresses_of("localhost")
    assert addresses_of("::ffff:192.0.2.1") == [ip_address("192.0.2.1")]
    assert addresses_of("192.0.2.1") == [ip_address("192.0.2.1")]


@pytest.mark.parametrize(
    "name", ["no-such-host.invalid", "a" * 300, "\u0130.invalid", "a\0b"]
)
def test_name_without_an_address_is_one_sentence(name: str) -> None:
    try:
        found = addresses_of(name)
    except (HypervisorConnectError, ValueError) as error:
        assert isinstance(error, HypervisorConnectError), error
    else:
        pytest.fail(f"{name!r} has the addresses {found}")


COMMAND = 'winrm set winrm/config/service/auth @{Basic="true"} && echo it\'s %TEMP%'


def test_cmd_gets_the_line_as_it_is() -> None:
    assert for_shell(COMMAND, "cmd") == COMMAND


def test_powershell_gets_a_literal_whose_quotes_are_doubled() -> None:
    line = for_shell(COMMAND, "powershell")
    literal = COMMAND.replace("'", "''")
    assert line == f"& cmd.exe /d /s /c '{literal}'; exit $LASTEXITCODE"


def test_powershell_behind_sshd_gets_the_same_in_base64() -> None:
    words = for_shell(COMMAND, "powershell", is_argument=True).split(" ")
    assert words[:-1] == [
        "powershell.exe",
        "-NoProfile",
        "-NonInteractive",
        "-EncodedCommand",
    ]
    script = base64.b64decode(words[-1]).decode("utf-16-le")
    assert script == for_shell(COMMAND, "powershell")


def test_posix_shell_gets_a_line_without_quotes_and_slashes_of_ours() -> None:
    line = for_shell(COMMAND, "sh")
    assert line == for_shell(COMMAND, "powershell", is_argument=True)
    assert shlex.split(line) == line.split(" ")
