# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of WinRM: names, types, limits, nested words."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.settings import (
    AUTO_CONFIG,
    GROUPS,
    READ_ONLY,
    SERVICE_POLICIES,
    SETTINGS,
    SHELL_POLICIES,
    Setting,
    desired_of,
    nested,
    setting_at,
    setting_named,
)
from ansible_collections.hypervisor.connect.plugins.modules.winrm_service import TASK


def test_every_setting_that_can_be_written_is_an_option_of_the_module() -> None:
    spec: Any = TASK.options
    for setting in SETTINGS.values():
        place = spec
        for word in setting.words[:-1]:
            place = place.get(word, {}).get("options", {})
        assert (setting.words[-1] in place) == setting.writable, setting.option


def test_every_option_of_the_module_is_a_setting_of_its_type() -> None:
    kinds = {"bool": True, "int": 70000, "str": "*"}

    def walk(prefix: str, options: Any) -> None:
        for name, spec in options.items():
            option = f"{prefix}.{name}"
            if "options" in spec:
                walk(option, spec["options"])
            elif "choices" in spec:
                for choice in spec["choices"]:
                    assert setting_named(option).checked(choice) == choice
            elif option.endswith(("sddl", "thumbprint")):
                assert spec["type"] == "str"
            else:
                value = kinds[spec["type"]]
                assert setting_named(option).checked(value) == value

    for group in ("config", "service", "winrs"):
        walk(group, TASK.options[group]["options"])


@pytest.mark.parametrize("path", list(SETTINGS))
def test_path_in_any_case_finds_its_setting(path: str) -> None:
    assert setting_at(path.upper()) is SETTINGS[path]
    assert setting_named(SETTINGS[path].option) is SETTINGS[path]
    assert SETTINGS[path].writable == (path not in READ_ONLY)
    assert SETTINGS[path].group in GROUPS or not SETTINGS[path].writable
    assert path.endswith(SETTINGS[path].element)


def test_unknown_path_and_option() -> None:
    assert setting_at("Service/Auth/Digest") is None
    with pytest.raises(
        HypervisorConnectError, match=r"no setting service\.auth\.digest"
    ):
        setting_named("service.auth.digest")


@pytest.mark.parametrize(
    ("option", "policy"),
    [
        ("service.auth.basic", f"{SERVICE_POLICIES} > Allow Basic authentication"),
        ("service.ipv4_filter", AUTO_CONFIG),
        ("winrs.idle_timeout_ms", f"{SHELL_POLICIES} > Specify idle Timeout"),
        ("config.max_timeout_ms", ""),
    ],
)
def test_policy_of_a_setting_has_its_place(option: str, policy: str) -> None:
    assert setting_named(option).policy == policy
    assert not policy or policy.startswith(
        "Computer Configuration > Administrative Templates > Windows Components > Windows"
    )


def test_desired_settings_come_checked_by_path_in_the_order_of_the_wire() -> None:
    found = desired_of(
        {
            "winrs": {"idle_timeout_ms": 60000, "max_shells_per_user": None},
            "service": {"auth": {"basic": True}, "allow_unencrypted": False},
            "config": None,
        }
    )
    assert list(found.items()) == [
        ("Service/AllowUnencrypted", False),
        ("Service/Auth/Basic", True),
        ("Winrs/IdleTimeout", 60000),
    ]
    assert nested(found) == {
        "service": {"allow_unencrypted": False, "auth": {"basic": True}},
        "winrs": {"idle_timeout_ms": 60000},
    }


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"config": {"max_timeout_ms": 499}}, "max_timeout_ms can't be 499.*from 500 to"),
        ({"config": {"max_envelope_size_kb": 31}}, "from 32 to 1039440"),
        ({"config": {"max_envelope_size_kb": 1039441}}, "whole number of KB"),
        ({"config": {"max_batch_items": 2**32}}, "from 1 to 4294967295"),
        ({"winrs": {"idle_timeout_ms": 59999}}, "milliseconds from 60000 to 2147483647"),
        ({"winrs": {"max_concurrent_users": True}}, "max_concurrent_users can't be True"),
        ({"service": {"auth": {"basic": "perhaps"}}}, "give true or false"),
        ({"service": {"auth": {"cbt_hardening_level": "High"}}}, "None, Relaxed or Strict"),
        ({"service": {"root_sddl": "everybody"}}, "security descriptor in SDDL"),
        ({"service": {"ipv4_filter": "10.0.0.9-10.0.0.1"}}, "ranges such as 192.0.2.1"),
        ({"service": {"ipv4_filter": "::1-::2"}}, "ipv4_filter can't be"),
        ({"service": {"ipv6_filter": "10.0.0.1-10.0.0.2"}}, "ipv6_filter can't be"),
        ({"service": {"certificate_thumbprint": "abc"}}, "40 hexadecimal digits"),
        ({"service": {"auth": {"digest": True}}}, "no setting service.auth.digest"),
        ({"service": {"allow_remote_access": False}}, "service.allow_remote_access can't be"),
        ({"service": {"default_ports": {"http": 80}}}, "default_ports.http can't be set"),
        ({"winrs": {"max_shell_run_time_ms": 1}}, "WinRM only shows it"),
    ],
)  # fmt: skip
def test_value_that_can_not_be_is_refused_in_a_sentence(
    options: dict[str, Any], told: str
) -> None:
    with pytest.raises(HypervisorConnectError, match=told):
        desired_of(options)


@pytest.mark.parametrize(
    ("path", "told", "value"),
    [
        ("Service/Auth/Basic", "TRUE", True),
        ("Service/Auth/Basic", "odd", "odd"),
        ("Winrs/IdleTimeout", "1000", 1000),  # below what may be written
        ("MaxTimeoutms", "", ""),
        ("Service/IPv6Filter", "2001:DB8:0:0::1 - 2001:DB8:0:0::2", "2001:db8::1-2001:db8::2"),
        ("Service/CertificateThumbprint", "aa " * 20, "AA" * 20),
        ("Service/RootSDDL", "strange", "strange"),
    ],
)  # fmt: skip
def test_what_a_host_says_is_read_whatever_it_is(
    path: str, told: str, value: object
) -> None:
    assert SETTINGS[path].read(told) == value


def test_security_descriptors_that_mean_the_same_are_the_same() -> None:
    setting: Setting = SETTINGS["Service/RootSDDL"]
    one = "O:NSG:BAD:P(A;;GA;;;BA)(A;;GXGW;;;IU)"
    assert setting.same(one, "O:NSG:BAD:P(A;;0x10000000;;;S-1-5-32-544)(A;;GWGX;;;IU)")
    assert not setting.same(one, "O:NSG:BAD:P(A;;GA;;;BA)")
    assert not setting.same("odd", one)
    assert setting.same("odd", "odd")
    assert not SETTINGS["MaxTimeoutms"].same(500, "500")
