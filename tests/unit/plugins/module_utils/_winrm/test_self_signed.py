# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps to a self-signed certificate, on a host that answers as the test says."""

from __future__ import annotations

from configparser import ConfigParser

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.self_signed import (
    DAYS,
    FOLDER,
    CertificateNotMade,
    RanLike,
    Run,
    make_self_signed,
    request_inf,
    steps,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.shell import (
    LONGEST_LINE,
    Ran,
)

from .store import der, entry, thumbprint

HOST = "hv1.example.com"
OLD, NEW, STRANGE = der(names=(HOST,), start=-20), der(names=(HOST,)), der("hv2")


def blobs(*certificates: bytes) -> dict[str, bytes]:
    return {thumbprint(one): entry(one) for one in certificates}


class Machine:
    """A host: its store, and how each kind of command ends there."""

    def __init__(self, *made: bytes, **ends: Ran | HypervisorConnectError) -> None:
        self.store = blobs(OLD)
        self.made = made
        self.ends = ends
        self.commands: list[str] = []

    def run(self, command: str) -> RanLike:
        self.commands.append(command)
        word = command.split(maxsplit=1)[0]
        if word == "certreq":
            self.store.update(blobs(*self.made))
        end = self.ends.get(word, Ran(0, "", ""))
        if isinstance(end, HypervisorConnectError):
            raise end
        return end

    def certificates(self) -> dict[str, bytes]:
        return dict(self.store)

    def make(self) -> str:
        run: Run = self.run
        made = make_self_signed(
            run,
            HOST,
            30,
            certificates=self.certificates,
            new_token=lambda: "t0k3n",
        )
        return made.thumbprint


def test_inf_has_the_documented_keys() -> None:
    inf = ConfigParser(interpolation=None)
    inf.optionxform = str  # type: ignore[assignment,method-assign]
    inf.read_string(request_inf(HOST, 30))
    assert inf["Version"]["Signature"] == '"$Windows NT$"'
    request = inf["NewRequest"]
    assert request["Subject"] == f'"CN={HOST}"'
    assert request["RequestType"] == "Cert"
    assert request["MachineKeySet"] == "TRUE"
    assert request["Exportable"] == "FALSE"
    assert (request["ValidityPeriod"], request["ValidityPeriodUnits"]) == ("Days", "30")
    assert inf["EnhancedKeyUsageExtension"]["OID"] == "1.3.6.1.5.5.7.3.1"
    assert inf["Extensions"]["2.5.29.17"] == f'"{{text}}dns={HOST}"'


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7"])
def test_address_is_a_name_of_its_own_kind(address: str) -> None:
    assert f"{{text}}ipaddress={address}" in request_inf(address, 1)


def test_name_too_long_for_a_common_name_stands_whole_beside_it() -> None:
    label = "a" * 60
    name = f"{label}.example.com"
    inf = request_inf(name, 1)
    assert f'"CN={label}"' in inf
    assert f"{{text}}dns={name}" in inf


@pytest.mark.parametrize("days", [0, -1, DAYS[-1] + 1])
def test_days_that_make_no_sense_are_refused(days: int) -> None:
    with pytest.raises(HypervisorConnectError, match="self_signed_days"):
        request_inf(HOST, days)


def test_commands_are_lines_of_cmd_without_surprises() -> None:
    write, make, remove = steps("a" * 63 + "." + "b" * 63 + ".com", 36500, "f" * 32)
    folder = rf"{FOLDER}\hypervisor-connect-{'f' * 32}"
    assert write.startswith(f"md {folder}&&>>{folder}\\request.inf echo [Version]&&")
    assert make == (
        rf"certreq -new -machine -q -f {folder}\request.inf {folder}\certificate.cer"
    )
    assert remove == f"rd /s /q {folder}"
    assert len(write) < LONGEST_LINE
    for line in (write, make, remove):
        assert line.isprintable()
        assert line.isascii()


@pytest.mark.parametrize("name", ["hv1&calc", "hv1\nx", '"', "%a%", "fe80::1%&x", ""])
def test_name_that_a_shell_would_see_never_reaches_the_host(name: str) -> None:
    machine = Machine(NEW)
    with pytest.raises(HypervisorConnectError, match="hostname"):
        make_self_signed(machine.run, name, 30, certificates=machine.certificates)
    assert machine.commands == []


def test_new_certificate_is_found_among_those_that_came() -> None:
    machine = Machine(STRANGE, NEW)
    assert machine.make() == thumbprint(NEW)
    assert machine.commands == [*steps(HOST, 30, "t0k3n")]


def test_tokens_differ() -> None:
    folders = set()
    for _time in range(2):
        machine = Machine(NEW)
        make_self_signed(machine.run, HOST, 30, certificates=machine.certificates)
        folders.add(machine.commands[-1])
    assert len(folders) == 2


@pytest.mark.parametrize(
    ("word", "said"), [("md", "write certreq's file"), ("certreq", "run certreq")]
)
def test_step_that_fails_says_why_and_files_are_removed(word: str, said: str) -> None:
    machine = Machine(**{word: Ran(5, "", "Access is\r\n denied.\r\n")})
    with pytest.raises(CertificateNotMade) as caught:
        machine.make()
    text = str(caught.value)
    assert f"could not {said} (exit code 5): Access is denied." in text
    assert machine.commands[-1].startswith("rd ")


def test_certreq_that_makes_nothing_is_an_error() -> None:
    with pytest.raises(CertificateNotMade, match="without a new certificate"):
        Machine(STRANGE).make()


def test_lost_connection_is_told_though_tidying_up_fails() -> None:
    lost, again = HypervisorConnectError("lost"), HypervisorConnectError("again")
    with pytest.raises(HypervisorConnectError, match="lost"):
        Machine(certreq=lost, rd=again).make()


def test_files_that_stay_are_no_error() -> None:
    assert Machine(NEW, rd=Ran(1, "", "in use")).make() == thumbprint(NEW)
