# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate a listener gets, and why others don't do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.blob import (
    read_blob,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.certificates import (
    MOST_REASONS,
    Certificate,
    age,
    fits,
    pick,
    why_not,
)

from .store import CLIENT, NOW, der, entry

HOST = "hv1.example.com"
GOOD = read_blob(entry(der(names=(HOST,))))
NEWER = read_blob(entry(der(names=("*.example.com",), start=-5, end=5)))
KEYLESS = replace(GOOD, has_private_key=False)
EXPIRED = read_blob(entry(der(names=(HOST,), start=-9, end=-1)))
FUTURE = read_blob(entry(der(names=(HOST,), start=1, end=2)))
FOR_CLIENTS = read_blob(entry(der(names=(HOST,), usages=(CLIENT,))))
OTHER = read_blob(entry(der(HOST, names=("hv2.example.com",))))


def test_newest_that_fits_is_picked_whatever_the_order() -> None:
    store = [FUTURE, GOOD, EXPIRED, NEWER, KEYLESS, FOR_CLIENTS, OTHER]
    assert pick(store, HOST, NOW) is NEWER
    assert pick(reversed(store), HOST, NOW) is NEWER
    assert pick([GOOD, EXPIRED], HOST.upper(), NOW) is GOOD


def test_of_two_that_begin_together_the_longer_one_is_picked() -> None:
    longer = replace(GOOD, not_after=NOW + timedelta(days=99))
    assert pick([longer, GOOD], HOST, NOW) is longer
    assert age(longer) > age(GOOD)


@pytest.mark.parametrize(
    ("certificate", "word"),
    [
        (KEYLESS, "has no private key"),
        (EXPIRED, "has expired on 2026-05-31T12:00:00Z"),
        (FUTURE, "is not valid before 2026-06-02T12:00:00Z"),
        (FOR_CLIENTS, "is not for server authentication"),
        (OTHER, f"is for hv2.example.com, not for {HOST}"),
        (replace(GOOD, names=()), f"is for nobody, not for {HOST}"),
    ],
)
def test_what_does_not_fit_is_not_picked_and_says_why(
    certificate: Certificate, word: str
) -> None:
    assert not fits(certificate, HOST, NOW)
    assert pick([certificate], HOST, NOW) is None
    said = why_not([certificate, GOOD], HOST, NOW)
    assert said.startswith(f"{certificate.thumbprint} (CN={HOST}) ")
    assert said.endswith(word)


def test_any_name_does_where_none_is_asked_for() -> None:
    assert fits(OTHER, None, NOW)
    assert not fits(EXPIRED, None, NOW)


def test_all_reasons_stand_in_one_clause() -> None:
    bad = replace(EXPIRED, has_private_key=False)
    assert "has no private key and has expired" in why_not([bad], HOST, NOW)


def test_empty_store_says_so() -> None:
    assert why_not([], HOST, NOW) == "the machine's store has no certificate"
    assert pick([], HOST, NOW) is None


def test_many_reasons_have_an_end() -> None:
    said = why_not([EXPIRED] * (MOST_REASONS + 5), HOST, NOW)
    assert said.count("has expired") == MOST_REASONS
    assert said.endswith(", 5 more don't fit either")


def test_moments_of_its_begin_and_end_are_valid() -> None:
    assert fits(GOOD, HOST, GOOD.not_before)
    assert fits(GOOD, HOST, GOOD.not_after)


def test_result_has_plain_values() -> None:
    assert GOOD.as_result() == {
        "thumbprint": GOOD.thumbprint,
        "subject": f"CN={HOST}",
        "issuer": f"CN={HOST}",
        "names": [HOST],
        "not_before": "2026-05-22T12:00:00Z",
        "not_after": "2026-06-11T12:00:00Z",
        "self_signed": True,
        "has_private_key": True,
        "server_authentication": True,
        "pem": GOOD.pem,
    }
