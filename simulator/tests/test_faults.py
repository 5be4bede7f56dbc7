# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults, byte for byte against recorded answers of Windows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree

from hvsim import soap
from hvsim.faults import TABLE, Code, ExtendedStatus, Fault

CAPTURES = Path(__file__).parents[3] / "shared" / "facts" / "captures"
TIMED_OUT = "pypsrp/winrs_operation_timeout_*_response.xml"


def written(fault: Fault, addressed: str, computer: str) -> str:
    return soap.fault_envelope(
        fault, "uuid:1", addressed=addressed, computer=computer
    ).decode()


def recorded(pattern: str, code: int) -> str:
    """The first recorded answer with this fault."""
    for path in sorted(CAPTURES.glob(pattern)):
        text = path.read_text(encoding="utf-8").strip()
        if f'Code="{code}"' in text or f">{code}<" in text:
            return text
    pytest.skip(f"no recorded answer with fault {code} beside the checkout")


def anonymous(text: str) -> str:
    """Without what differs between two answers of the same kind."""
    return re.sub(r"uuid:[0-9A-Fa-f-]+", "uuid:1", text)


def canonical(text: str) -> bytes:
    """Without what XML does not tell apart: blanks between elements, quotes, order."""
    parser = etree.XMLParser(remove_blank_text=True)
    return etree.tostring(etree.fromstring(text.encode(), parser), method="c14n")


@pytest.mark.parametrize(
    ("pattern", "fault", "machines"),
    [
        (
            "pypsrp/psrp_is_alive_invalid_selectors_*_response.xml",
            Fault(Code.UNEXPECTED_SELECTORS, provider="Shell provider"),
            ("127.0.0.1", "127.0.0.1"),
        ),
        (
            "pypsrp/psrp_is_alive_other_wsman_error_*_response.xml",
            Fault(
                Code.INVALID_HEADER,
                "The WS-Management service cannot process the request. The XML contains "
                "an invalid timeout field in the SOAP header: PT-1S.",
            ),
            ("127.0.0.1", "127.0.0.1"),
        ),
    ],
    ids=["invalid selectors", "invalid header"],
)
def test_fault_has_the_bytes_of_windows(
    pattern: str, fault: Fault, machines: tuple[str, str]
) -> None:
    expected = recorded(pattern, fault.code)
    assert anonymous(written(fault, *machines)) == anonymous(expected)


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        (
            "winrb/soap_fault_v2.xml",
            Fault(
                Code.CANNOT_PROCESS_FILTER,
                "The specified class does not exist in the given namespace.",
                provider="WMI Provider",
                extended=ExtendedStatus(
                    "root/cimv2",
                    "ExecQuery",
                    'Select * from Win32_Processa where name="sshd.exe"',
                ),
            ),
        ),
        (
            "winrb/wmi_error_v2.xml",
            Fault(
                Code.QUOTA_MAX_SHELLS,
                "The WS-Management service cannot process the request. This user is "
                "allowed a maximum number of 30 concurrent shells, which has been "
                "exceeded. Close existing shells or raise the quota for this user.",
            ),
        ),
    ],
    ids=["unknown class", "quota"],
)
def test_fault_is_the_same_xml_as_that_of_windows(pattern: str, fault: Fault) -> None:
    expected = recorded(pattern, fault.code)
    ours = written(fault, "localhost", "vagrant-2008R2")
    assert canonical(anonymous(ours)) == canonical(anonymous(expected))


def test_timed_out_tells_what_a_recorded_one_tells() -> None:
    expected = recorded(TIMED_OUT, Code.OPERATION_TIMED_OUT)
    ours = written(Fault(Code.OPERATION_TIMED_OUT), "x", "x")
    for pattern in (r"<s:Code>.*</s:Code>", r"<s:Reason>.*</s:Reason>"):
        ours_found, expected_found = (
            re.search(pattern, ours),
            re.search(pattern, expected),
        )
        assert ours_found
        assert expected_found
        assert ours_found[0] == expected_found[0]


@pytest.mark.parametrize("code", sorted(Code))
def test_every_code_has_its_row_and_is_written(code: Code) -> None:
    assert code in TABLE
    text = written(Fault(code), "a<b", "HV")
    root = etree.fromstring(text.encode())
    assert root.findtext(".//{*}Code/{*}Value") == TABLE[code].soap_code
    assert str(int(code)) in text


def test_unknown_number_is_an_internal_error_with_its_own_words() -> None:
    text = written(Fault(2147942402, "File & all.", provider="WMI Provider"), "a", "b")
    assert "<s:Value>w:InternalError</s:Value>" in text
    assert 'Code="2147942402"' in text
    assert "File &amp; all. " in text


def test_text_may_stand_in_the_provider_fault_itself() -> None:
    fault = Fault(87, "Bad.", provider="Shell cmd plugin", nested_code=0)
    assert 'winrscmd.dll">Bad. </f:ProviderFault>' in written(fault, "a", "b")
