# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials are taken from options, and never show their password."""

from __future__ import annotations

from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.credentials import (
    Credentials,
)


def test_options_that_are_given_are_taken_and_others_left() -> None:
    options = {
        "uri": "test:///default",
        "username": "fred",
        "password": "hunter2",
        "validate_certs": False,
        "timeout": 5,
        "state": "running",
    }
    assert Credentials.from_options(options) == Credentials(
        username="fred", password="hunter2", validate_certs=False, timeout=5
    )


def test_none_is_the_default() -> None:
    options = dict.fromkeys(("username", "password", "auth", "timeout"))
    taken = Credentials.from_options(options)
    assert taken == Credentials()
    assert (taken.auth, taken.message_encryption, taken.timeout) == ("auto", "auto", 60)


def test_password_is_not_shown() -> None:
    shown = repr(Credentials(username="fred", password="hunter2"))
    assert "fred" in shown
    assert "hunter2" not in shown


def test_credentials_that_differ_in_the_password_alone_are_two_keys() -> None:
    """Connections are kept by credentials: one must not stand in for another."""
    assert len({Credentials(password="a"), Credentials(password="b")}) == 2
    assert len({Credentials(password="a"), Credentials(password="a")}) == 1
