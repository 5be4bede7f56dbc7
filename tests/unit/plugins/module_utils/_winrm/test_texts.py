# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values from what people and hosts write, and security descriptors."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.sddl import (
    Entry,
    canonical_sddl,
    entries,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.texts import (
    INVALID,
    address_filter,
    flag,
    hardening_level,
    listener_address,
    number,
    ranges,
    sddl,
    text,
    thumbprint,
    url_prefix,
)

DEFAULT = "O:NSG:BAD:P(A;;GA;;;BA)(A;;GR;;;IU)S:P(AU;FA;GA;;;WD)(AU;SA;GXGW;;;WD)"


@pytest.mark.parametrize(
    ("check", "given_value", "value"),
    [
        (flag, " True ", True),
        (flag, "0", False),
        (flag, False, False),
        (number(1, 9), " 7 ", 7),
        (number(1, 9), 9, 9),
        (hardening_level, "STRICT", "Strict"),
        (hardening_level, None, "None"),
        (thumbprint, "\u200eab cd:" + "0" * 36, "ABCD" + "0" * 36),
        (thumbprint, "", ""),
        (url_prefix, " wsman/two ", "wsman/two"),
        (listener_address, " * ", "*"),
        (listener_address, "ip:2001:DB8::0:1", "IP:2001:db8::1"),
        (listener_address, "IP:[::1]", "IP:::1"),
        (listener_address, "IP:[fe80::1%12]", "IP:fe80::1%12"),
        (listener_address, "mac:00-00-5e-00-53-01", "MAC:00-00-5E-00-53-01"),
        (address_filter(4), " * ", "*"),
        (address_filter(4), "", ""),
        (address_filter(4), "10.0.0.1 - 10.0.0.9 ,10.1.0.1-10.1.0.1",
         "10.0.0.1-10.0.0.9,10.1.0.1-10.1.0.1"),
        (address_filter(6), "[::1]-[::2]", "::1-::2"),
        (sddl, "O:NSG:BA D:P(A;;GA;;;BA)", "O:NSG:BAD:P(A;;GA;;;BA)"),
    ],
)  # fmt: skip
def test_value_gets_its_own_form(
    check: Any, given_value: object, value: object
) -> None:
    assert check(given_value) == value
    assert check(value) == value


@pytest.mark.parametrize(
    ("check", "given_value"),
    [
        (flag, "yes"),
        (flag, 1),
        (number(1, 9), "0"),
        (number(1, 9), "10"),
        (number(1, 9), "-1"),
        (number(1, 9), "1e0"),
        (number(1, 9), True),
        (number(1, 9), 1.5),
        (number(1, 9), "\u0663"),
        (hardening_level, ""),
        (thumbprint, "A" * 39),
        (thumbprint, "G" * 40),
        (url_prefix, "/wsman"),
        (url_prefix, "wsman/"),
        (url_prefix, ""),
        (url_prefix, "a b"),
        (listener_address, "192.0.2.1"),
        (listener_address, "IP:host"),
        (listener_address, "IP:fe80::1%12&calc"),
        (listener_address, 'IP:fe80::1%" & calc & "'),
        (listener_address, "MAC:00:00"),
        (address_filter(4), "10.0.0.1"),
        (address_filter(4), "10.0.0.1-10.0.0.2,"),
        (address_filter(4), "a-b"),
        (address_filter(4), 5),
        (address_filter(6), "::2-::1"),
        (address_filter(6), "fe80::1%x&-fe80::2%x&"),
        (sddl, "D:(A;;GA;;;BA)"),
        (sddl, None),
        (sddl, "O:NSG:BAD:P(A&calc;;GA;;;BA)"),
        (sddl, 'O:NSG:BAD:P(A;;GA;"%PATH%;;BA)'),
        (sddl, "O:NSG:BAD:P(A;;GA;;;BA;more)"),
    ],
)
def test_what_is_no_value_is_refused(check: Any, given_value: object) -> None:
    with pytest.raises(INVALID):
        check(given_value)


def test_ranges_are_pairs_of_addresses() -> None:
    assert [tuple(map(str, pair)) for pair in ranges("10.0.0.1-10.0.0.9,::1-::2")] == [
        ("10.0.0.1", "10.0.0.9"),
        ("::1", "::2"),
    ]


@given(st.text(max_size=60))
def test_any_text_is_a_value_or_is_refused_and_nothing_else(value: str) -> None:
    for check in (flag, number(0, 9), hardening_level, thumbprint, url_prefix,
                  listener_address, address_filter(4), address_filter(6), sddl):  # fmt: skip
        try:
            found = check(value)
        except INVALID:
            continue
        assert check(text(found)) == found


@given(st.text(alphabet="OGDSBAWP:();|0x9- ", max_size=60))
def test_any_descriptor_has_one_form_or_is_refused(value: str) -> None:
    try:
        found = canonical_sddl(value)
    except INVALID:
        return
    assert canonical_sddl(found) == found


def test_default_descriptor_has_its_entries_in_order() -> None:
    found = entries(DEFAULT)
    assert [str(one) for one in found] == ["(A;;GA;;;BA)", "(A;;GR;;;IU)"]
    assert found[0] == Entry("A", (), ("GA",), ("", "", "BA"))
    assert canonical_sddl(canonical_sddl(DEFAULT)) == canonical_sddl(DEFAULT)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("O:BAG:BAD:(A;;GA;;;BA)", "o:ba g:ba d:(a;;ga;;;s-1-5-32-544)"),
        ("O:BAG:BAD:(A;;GRGW;;;WD)", "O:BAG:BAD:(A;;0xc0000000;;;S-1-1-0)"),
        ("O:BAG:BAD:(A;;0x10000000;;;RM)", "O:BAG:BAD:(A;;268435456;;;S-1-5-32-580)"),
        ("O:BAG:BAD:PAI(A;OICI;GA;;;BA)", "O:BAG:BAD:PAI(A;CIOI;GA;;;BA)"),
    ],
)
def test_descriptors_that_mean_the_same_have_one_form(one: str, other: str) -> None:
    assert canonical_sddl(one) == canonical_sddl(other)


@pytest.mark.parametrize(
    "broken",
    [
        "", "O:BA", "D:(A;;GA;;;BA)", "O:BAG:BAD:(A;;GA;;;BA", "O:BAG:BAD:(A;;G;;;BA)",
        "O:BAG:BAD:(A;;GA;;;Everyone!)", "O:BAG:BAD:()", "O:BAG:BAD:x(A;;GA;;;BA)",
        "G:BAO:BAD:(A;;GA;;;BA)", "O:BAG:BAD:(A;;GA;;;BA)D:(A;;GA;;;BA)", "xO:BAG:BAD:",
    ],
)  # fmt: skip
def test_what_is_no_descriptor_is_refused(broken: str) -> None:
    with pytest.raises(INVALID):
        canonical_sddl(broken)


@pytest.mark.parametrize(
    ("value", "told"), [(True, "true"), (False, "false"), (5, "5"), ("a", "a")]
)
def test_values_as_the_wire_has_them(value: Any, told: str) -> None:
    assert text(value) == told
