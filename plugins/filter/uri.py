# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters on connection URIs: parse_uri, build_uri, hyperv_version (see their YAML)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.uri import (
    ConnectionUri,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.version import (
    Version,
)

_TEXTS = ("username", "hostname", "path", "query", "fragment")
_KEYS = ("uri", "scheme", "driver", "transport", *_TEXTS, "port", "params")
_FORMS: dict[str, Callable[[Version], Any]] = {
    "kernel": lambda version: version.text,
    "packed": lambda version: version.packed,
    "libvirt": lambda version: version.printed,
    "release": lambda version: version.windows_release,
}


def _at_the_edge(function: Callable[..., Any]) -> Callable[..., Any]:
    """Turn our errors into Ansible's, the name of the filter in front."""

    @wraps(function)
    def run(value: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            result = function(value, *args, **kwargs)
        except HypervisorConnectError as error:
            name = f"hypervisor.connect.{function.__name__}"
            raise AnsibleFilterError(f"{name}: {error}") from None
        # What was untrusted stays so (ansible-core before 2.19 marks it like this):
        # an escape in a URI may decode to the braces of a template.
        return wrap_var(result) if getattr(value, "__UNSAFE__", False) else result

    return run


@_at_the_edge
def parse_uri(value: Any) -> dict[str, Any]:
    """Return the parts of a URI as libvirt reads them."""
    uri = ConnectionUri.parse(_text(value, "the URI"))
    return {
        "uri": str(value),
        "scheme": uri.scheme,
        "driver": uri.driver,
        "transport": uri.transport,
        "username": uri.username,
        "hostname": uri.hostname,
        "port": uri.port,
        "path": uri.path,
        "query": uri.query,
        "fragment": uri.fragment,
        "params": [list(pair) for pair in uri.params],
    }


@_at_the_edge
def build_uri(value: Any) -> str:
    """Return the URI of some of the parts that parse_uri gives."""
    if not isinstance(value, Mapping):
        raise HypervisorConnectError(f"the parts must be a mapping, not {_kind(value)}")
    unknown = sorted(str(key) for key in value if key not in _KEYS)
    if unknown:
        raise HypervisorConnectError(
            f'"{unknown[0]}" is no part of a URI', remedy=f"use {', '.join(_KEYS)}"
        )
    texts = {name: _optional_text(value.get(name), name) for name in _TEXTS}
    hostname = texts["hostname"] or ""
    if ":" in hostname and hostname[0] == "[" and hostname[-1] == "]":
        texts["hostname"] = hostname[1:-1]
    uri = ConnectionUri.build(
        scheme=_scheme(value),
        port=_port(value.get("port")),
        params=_params(value.get("params")),
        **texts,
    )
    return str(uri)


@_at_the_edge
def hyperv_version(value: Any, form: str = "kernel") -> Any:
    """Return the version of a Hyper-V host in another form."""
    if form not in _FORMS:
        raise HypervisorConnectError(
            f"there is no form {form!r}", remedy=f"use one of {', '.join(_FORMS)}"
        )
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise HypervisorConnectError(
            f"the version must be a string or a number, not {_kind(value)}"
        )
    return _FORMS[form](Version.from_any("hyperv", value))


def _scheme(parts: Mapping[str, Any]) -> str | None:
    """The scheme, or driver and transport; both only where they agree."""
    scheme, driver, transport = (
        _optional_text(parts.get(name), name)
        for name in ("scheme", "driver", "transport")
    )
    if scheme is None:
        if driver is None and transport is not None:
            raise HypervisorConnectError("a transport needs a driver")
        return driver if transport is None else f"{driver}+{transport}"
    has_driver, plus, has_transport = scheme.partition("+")
    agree = (
        "driver" not in parts or driver == has_driver,
        "transport" not in parts or transport == (has_transport if plus else None),
    )
    if not all(agree):
        raise HypervisorConnectError(
            "scheme says something else than driver and transport",
            remedy="set scheme to null to change the driver or the transport",
        )
    return scheme


def _port(value: Any) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:20])
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    raise HypervisorConnectError(f"port must be a number, not {_kind(value)}")


def _params(value: Any) -> list[tuple[str, str]] | None:
    """Pairs out of a list of pairs or a mapping; numbers become text."""
    if value is None:
        return None
    pairs = list(value.items()) if isinstance(value, Mapping) else value
    if isinstance(pairs, str) or not isinstance(pairs, Sequence):
        raise HypervisorConnectError(
            f"params must be a list of [name, value], not {_kind(value)}"
        )
    for pair in pairs:
        if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise HypervisorConnectError("each of params must be a list [name, value]")
    return [
        (_text(name, "the name of a parameter"), _param_value(item))
        for name, item in pairs
    ]


def _param_value(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text(value, "the value of a parameter")


def _optional_text(value: Any, name: str) -> str | None:
    return None if value is None else _text(value, name)


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise HypervisorConnectError(f"{what} must be a string, not {_kind(value)}")
    return str(value)


def _kind(value: Any) -> str:
    """The type of a value in words; a value is not repeated, it may be a secret."""
    if value is None:
        return "null"
    words = {bool: "a boolean", int: "a number", float: "a number", str: "a string"}
    words |= {list: "a list", tuple: "a list", dict: "a mapping"}
    for kind, word in words.items():
        if isinstance(value, kind):
            return word
    return f"a {type(value).__name__}"


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {
            "parse_uri": parse_uri,
            "build_uri": build_uri,
            "hyperv_version": hyperv_version,
        }
