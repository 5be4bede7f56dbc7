# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""reg, certreq and certutil: what they print, their exit codes, what they do."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from hvsim import administration
from hvsim.certreq import InvalidInf, make, read_inf
from hvsim.interpreter import PROGRAMS, Host, Memory, State, run
from hvsim.machine_store import MachineStore
from hvsim.windows_registry import CERTIFICATES, HKLM, WindowsRegistry

REQUEST = r"""
[Version]
Signature="$Windows NT$"
[NewRequest]
Subject = "CN=hv1.example.com, O=Example"
KeyLength = 1024 ; short, so that tests are quick
RequestType = Cert
MachineKeySet = TRUE
ValidityPeriod = Days
ValidityPeriodUnits = 7
[EnhancedKeyUsageExtension]
OID=1.3.6.1.5.5.7.3.1
[Extensions]
2.5.29.17 = "{text}"
_continue_ = "dns=hv1.example.com&"
_continue_ = "ipaddress=192.0.2.1&"
"""


class Machine:
    """A computer with a store."""

    def __init__(self, folder: Path) -> None:
        self.store = MachineStore(folder)
        registry = WindowsRegistry(blobs=self.store.blobs)
        host = Host(registry=registry, certificates=self.store)
        self.state = State(host, "HVSIM\\Administrator")

    def run(self, line: str) -> tuple[int, str]:
        console = Memory()
        code = run(line, self.state, console)
        return code, "".join(console.out) + "".join(console.err)

    def write(self, text: str, name: str = "r.inf") -> None:
        self.state.host.files.write(self.state.path(name), text.encode())


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_programs_are_known_to_cmd() -> None:
    assert {"reg", "certreq", "certutil"} <= PROGRAMS.keys()
    assert administration.PROGRAMS is PROGRAMS


# reg


VERSION = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"


def test_reg_query_prints_a_key_and_its_values(machine: Machine) -> None:
    code, out = machine.run(f'reg query "{VERSION}"')
    assert code == 0
    lines = out.split("\r\n")
    assert lines[:2] == ["", VERSION.replace("HKLM", HKLM)]
    assert "    CurrentMajorVersionNumber    REG_DWORD    0xa" in lines
    assert "    CurrentBuildNumber    REG_SZ    20348" in lines
    assert machine.run(f'REG.EXE QUERY "{VERSION}" /reg:64') == (code, out)


def test_reg_query_prints_one_value(machine: Machine) -> None:
    code, out = machine.run(f'reg query "{VERSION}" /v currentbuild')
    assert code == 0
    assert out == (
        f"\r\n{VERSION.replace('HKLM', HKLM)}\r\n"
        "    CurrentBuild    REG_SZ    20348\r\n\r\n"
    )


def test_reg_query_names_keys_below(machine: Machine) -> None:
    code, out = machine.run(r"reg query HKLM\SOFTWARE\Microsoft")
    start = rf"{HKLM}\SOFTWARE\Microsoft"
    assert (code, out) == (
        0,
        f"\r\n{start}\\SystemCertificates\r\n{start}\\Windows NT\r\n",
    )


def test_reg_query_goes_down_to_the_certificates(machine: Machine) -> None:
    machine.write(REQUEST)
    assert machine.run("certreq -new -q r.inf")[0] == 0
    (entry,) = machine.store.entries()
    code, out = machine.run(rf"reg query HKLM\{CERTIFICATES} /s")
    key = rf"{HKLM}\{CERTIFICATES}"
    assert code == 0
    assert out == (
        f"\r\n{key}\r\n\r\n{key}\\{entry.mark}\r\n"
        f"    Blob    REG_BINARY    {entry.blob.hex().upper()}\r\n\r\n"
    )
    code, out = machine.run(r"reg query HKLM\SOFTWARE /s /v Blob")
    assert (code, out.splitlines()[-1]) == (0, "End of search: 1 match(es) found.")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (r"reg query HKLM\SOFTWARE\Nowhere", "unable to find the specified registry"),
        (r"reg query HKLM\SOFTWARE /v Nothing", "unable to find the specified"),
        (r"reg query HKXX\SOFTWARE", "Invalid key name"),
        (r"reg query HKLM\SOFTWARE /f x", "Invalid syntax"),
        (r"reg query HKLM\SOFTWARE /k", "Invalid syntax: /k"),
        ("reg", "Invalid syntax"),
        (r"reg delete HKLM\SOFTWARE", "Invalid syntax"),
    ],
)
def test_reg_refuses(machine: Machine, line: str, said: str) -> None:
    code, out = machine.run(line)
    assert code == 1
    assert said in out


# certreq


def test_certreq_installs_and_writes_a_certificate(machine: Machine) -> None:
    machine.write(REQUEST)
    code, out = machine.run("certreq -new -machine -q -f r.inf c.cer")
    assert code == 0
    (entry,) = machine.store.entries()
    assert out.startswith("Installed Certificate:\r\n  Serial Number: ")
    assert "  Subject: CN=hv1.example.com, O=Example\r\n" in out
    assert f"  Thumbprint: {entry.mark.lower()}\r\n" in out
    assert out.endswith("CertReq: Certificate Created and Installed\r\n")
    assert entry.names == ("hv1.example.com", "hv1.example.com", "192.0.2.1")
    assert entry.for_servers
    assert entry.path is not None
    made = entry.certificate
    made.verify_directly_issued_by(made)
    length = made.not_valid_after_utc - made.not_valid_before_utc
    assert length == timedelta(days=7, minutes=10)
    assert made.not_valid_before_utc < datetime.now(timezone.utc)
    code, written = machine.run("type c.cer")
    assert x509.load_pem_x509_certificate(written.encode()) == made


def test_certreq_reads_what_echo_wrote(machine: Machine) -> None:
    lines = [line for line in REQUEST.splitlines() if line]
    write = "&&".join(rf">>%SystemRoot%\Temp\d\r.inf echo {line}" for line in lines)
    write = write.replace(" ; short, so that tests are quick", "")
    assert machine.run(rf"md %SystemRoot%\Temp\d&&{write}") == (0, "")
    assert machine.run(r"certreq -new -machine -q C:\Windows\Temp\d\r.inf")[0] == 0
    assert len(machine.store.entries()) == 1
    assert machine.run(r"rd /s /q %SystemRoot%\Temp\d") == (0, "")
    assert not machine.state.host.files.is_directory(r"c:\windows\temp\d")


def test_certreq_for_a_user_leaves_the_machines_store_alone(machine: Machine) -> None:
    machine.write(REQUEST.replace("MachineKeySet = TRUE", ""))
    assert machine.run("certreq -new -q r.inf c.cer")[0] == 0
    assert machine.store.entries() == []
    assert machine.run("certreq -new -machine -q -f r.inf c.cer")[0] == 0
    assert len(machine.store.entries()) == 1


def test_certreq_overwrites_only_with_f(machine: Machine) -> None:
    machine.write(REQUEST)
    machine.write("old", "c.cer")
    code, out = machine.run("certreq -new -machine -q r.inf c.cer")
    assert (code, "ERROR_FILE_EXISTS" in out) == (0x80070050 - (1 << 32), True)
    assert machine.store.entries() == []


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("certreq -new -q no.inf c.cer", 0x80070002, "ERROR_FILE_NOT_FOUND"),
        ("certreq -new -q r.inf nowhere\\c.cer", 0x80070003, "ERROR_PATH_NOT_FOUND"),
        ("certreq -new", 0x80070057, "Usage"),
        ("certreq -submit r.inf", 0x80070057, "Usage"),
        ("certreq -new -user r.inf", 0x80070057, "Usage"),
    ],
)
def test_certreq_refuses(machine: Machine, line: str, code: int, said: str) -> None:
    machine.write(REQUEST)
    found, out = machine.run(line)
    assert found == code - (1 << 32)
    assert said in out


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("[Version]", "Version", 0xE0000100),
        ("$Windows NT$", "$Linux$", 0xE0000101),
        ("RequestType = Cert", "RequestType = PKCS10", 0x8007000D),
        ("RequestType = Cert", "", 0x8007000D),
        ("RequestType = Cert", "RequestTyp = Cert", 0x8007000D),
        ('"CN=hv1.example.com, O=Example"', '"hv1"', 0x80092023),
        ('"CN=hv1.example.com, O=Example"', '"XX=hv1"', 0x80092023),
        ("KeyLength = 1024", "KeyLength = 1", 0x8007000D),
        ("KeyLength = 1024", "KeyLength = x", 0x8007000D),
        ("ValidityPeriod = Days", "ValidityPeriod = Eons", 0x8007000D),
        ("ValidityPeriodUnits = 7", "ValidityPeriodUnits = 0", 0x8007000D),
        ("ValidityPeriodUnits = 7", "ValidityPeriodUnits = 9999999", 0x8007000D),
        ("OID=1.3.6.1.5.5.7.3.1", "OID=server", 0x8007000D),
        ("2.5.29.17 =", "2.5.29.99 =", 0x8007000D),
        ("{text}", "", 0x8007000D),
        ("dns=hv1", "phone=hv1", 0x8007000D),
        ("dns=hv1.example.com", "dns=", 0x8007000D),
    ],
)
def test_certreq_refuses_a_wrong_inf(
    machine: Machine, old: str, new: str, code: int
) -> None:
    assert old in REQUEST
    machine.write(REQUEST.replace(old, new))
    found, out = machine.run("certreq -new -machine -q r.inf c.cer")
    assert found == code - (1 << 32)
    assert out.startswith("Certificate Request Processor: ")
    assert machine.store.entries() == []


def test_inf_is_read_as_windows_reads_it() -> None:
    text = (
        '\ufeff; c\n[A]\nX = "a;b" ; c\n y="say ""hi"""\n_continue_ = "!"\n[a]\nz=1=2\n'
    )
    assert read_inf(text) == {"a": {"x": "a;b", "y": 'say "hi"!', "z": "1=2"}}


def test_usages_may_stand_among_the_extensions() -> None:
    text = REQUEST.replace("OID=1.3.6.1.5.5.7.3.1", "").replace(
        "[Extensions]", '[Extensions]\n2.5.29.37 = "{text}1.3.6.1.5.5.7.3.2"'
    )
    made = make(read_inf(text), machine=True).certificate
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [one.dotted_string for one in usage] == ["1.3.6.1.5.5.7.3.2"]


@given(st.text(alphabet=st.sampled_from('[]="; \nacert{}&.,%')))
def test_any_inf_is_read_or_refused(text: str) -> None:
    try:
        make(read_inf(text), machine=True)
    except InvalidInf as error:
        assert error.code >= 0x80000000
        assert error.text


# certutil


def test_certutil_lists_and_deletes(machine: Machine) -> None:
    machine.write(REQUEST)
    machine.run("certreq -new -q r.inf")
    (entry,) = machine.store.entries()
    code, out = machine.run("certutil -store My")
    assert code == 0
    assert f"Cert Hash(sha1): {entry.mark.lower()}\r\n" in out
    assert "Cannot find" not in out
    assert machine.run(f"certutil -store my {entry.mark}") == (code, out)
    assert machine.run(f"certutil -delstore My {entry.mark.lower()}")[0] == 0
    assert machine.store.entries() == []
    code, out = machine.run(f"certutil -delstore My {entry.mark}")
    assert code == 0x80090011 - (1 << 32)
    assert "NTE_NOT_FOUND" in out
    machine.store.add(entry.certificate, None)
    assert (
        "Cannot find the certificate and private key"
        in (machine.run("certutil -store My")[1])
    )


@pytest.mark.parametrize(
    "line",
    [
        "certutil",
        "certutil -store Root",
        "certutil -urlcache My",
        "certutil -delstore My",
    ],
)
def test_certutil_refuses(machine: Machine, line: str) -> None:
    assert machine.run(line)[0] == 0x80070057 - (1 << 32)


def test_computer_without_a_store_has_no_certificates() -> None:
    console = Memory()
    code = run("certutil -store My", State(Host(), "a"), console)
    assert code == 0x80070057 - (1 << 32)


# rd


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("rd d", 145, "The directory is not empty."),
        ("rd nowhere", 2, "cannot find the file"),
        ("rd /s /q d\\f", 2, "cannot find the file"),
        ("rd", 1, "syntax"),
        ("rd /s /q d", 0, ""),
        ("del d\\f & rmdir d", 0, ""),
    ],
)
def test_rd(machine: Machine, line: str, code: int, said: str) -> None:
    machine.run("md d & echo x>d\\f")
    found, out = machine.run(line)
    assert found == code
    assert said in out
    assert machine.state.host.files.is_directory(machine.state.path("d")) is bool(code)


def test_directory_with_a_like_name_stays(machine: Machine) -> None:
    machine.run("md d & md dd & rd /s /q d")
    assert re.search(r"^dd\r$", machine.run("dir /b")[1], re.MULTILINE)
