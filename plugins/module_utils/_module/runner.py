# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module does: options in, a hypervisor opened, a task run, a result out.

A module's work is a Task. The module's own main() runs it where an ordinary module
runs; the action plugin (plugin_utils/_action.py) runs the same Task in its own process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule

from .._core.errors import HypervisorConnectError
from .._core.printable import printable
from .._hypervisor.credentials import Credentials
from .._hypervisor.factory import open_hypervisor
from .._uri.redaction import MASK, redact

LONGEST_TIMEOUT = 24 * 60 * 60  # seconds
SHORTEST_SECRET = 4  # characters

#: The options of the doc fragment hypervisor.connect.hypervisor, in its order.
SHARED_OPTIONS: dict[str, dict[str, Any]] = {
    "uri": {"type": "str"},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "auth": {
        "type": "str",
        "default": "auto",
        "choices": ["auto", "basic", "ntlm", "kerberos", "credssp", "certificate"],
    },
    "validate_certs": {"type": "bool"},
    "ca_path": {"type": "path"},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path"},
    "message_encryption": {
        "type": "str",
        "default": "auto",
        "choices": ["auto", "always", "never"],
    },
    "timeout": {"type": "int", "default": 60},
}


@dataclass(frozen=True)
class Task:
    """The work of a module.

    Attributes:
        run: Takes the open hypervisor, the validated options and whether this is check
            mode; returns the result, in which warnings may be a list of sentences. It
            raises HypervisorConnectError.
        options: The argument spec of the module's own options.
        rules: Further arguments of AnsibleModule, such as mutually_exclusive.
        tells: Whether ``run`` takes, as ``tell``, what gets sentences about how far it is.
        check: Refuses options that an argument spec can't, before anything is opened.
    """

    run: Callable[..., dict[str, Any]]
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rules: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    tells: bool = False
    check: Callable[[Mapping[str, Any]], None] = lambda _options: None

    @property
    def argument_spec(self) -> dict[str, Any]:
        """The shared options and the module's own."""
        return {**SHARED_OPTIONS, **self.options}


class _Module(AnsibleModule):
    """A module that logs and returns its invocation without the secrets of its URI."""

    def _log_invocation(self) -> None:
        """Write the options to the system's log, as the constructor does at once."""
        given = dict(self.params)
        self._hide_password_of_uri()
        for name, value in self.params.items():
            if isinstance(value, str):
                self.params[name] = printable(value)  # syslog takes no NUL
        super()._log_invocation()
        self.params.update(given)

    def exit_json(self, **kwargs: Any) -> None:
        """End with a result."""
        self._hide_password_of_uri()
        super().exit_json(**kwargs)

    def fail_json(self, msg: str, **kwargs: Any) -> None:
        """End with a failure; the constructor calls this for bad options, too."""
        self._hide_password_of_uri()
        super().fail_json(msg, **kwargs)

    def _hide_password_of_uri(self) -> None:
        if isinstance(self.params.get("uri"), str):
            self.params["uri"] = redact(self.params["uri"])


def run_module(task: Task) -> None:
    """Run a task as an ordinary module; the body of each module's main()."""
    module = _Module(
        argument_spec=task.argument_spec, supports_check_mode=True, **task.rules
    )
    try:
        check_options(module.params)
        task.check(module.params)
        credentials = Credentials.from_options(module.params)
        with open_hypervisor(module.params["uri"], credentials) as hypervisor:
            try:
                result = task.run(hypervisor, module.params, module.check_mode)
            finally:
                for warning in hypervisor.warnings:
                    module.warn(warning)
    except HypervisorConnectError as error:
        module.fail_json(**failure(error, module.params["password"]))
    for warning in result.pop("warnings", ()):
        module.warn(warning)
    if not module._diff:
        result.pop("diff", None)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse values that an argument spec can't.

    Raises:
        HypervisorConnectError: ``timeout`` is not positive or longer than a day, or a
            text is none that a C library can be given.
    """
    timeout = options["timeout"]
    if not 1 <= timeout <= LONGEST_TIMEOUT:
        raise HypervisorConnectError(
            f"timeout is {timeout}",
            remedy=f"give it in seconds, from 1 to {LONGEST_TIMEOUT} (a day)",
        )
    for name, value in options.items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and not is_plain(text):
                raise HypervisorConnectError(
                    f"{name} holds a NUL character or half of a surrogate pair",
                    remedy="correct it",
                )


def is_plain(text: str) -> bool:
    """Whether a text can be handed to libvirt or the system as a C string of UTF-8."""
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def failure(error: HypervisorConnectError, password: object) -> dict[str, Any]:
    """The result of a task that failed: one sentence, and the hypervisor's own words.

    Args:
        error: What went wrong.
        password: The password in use, which must not stand in any of it; a host
            variable may hold it as a number. One of a few characters is left alone:
            it stands in many words, and masking it everywhere would tell it.
    """
    result: dict[str, Any] = {"msg": str(error)}
    if error.details:
        result["error"] = error.details
    if error.done:
        result.update(changed=True, actions=list(error.done))
    secret = str(password or "")
    if len(secret) < SHORTEST_SECRET:
        return result
    # Sentences show what does not print as escapes.
    return _without(_without(result, secret), printable(secret, len(secret)))


def _without(value: Any, secret: str) -> Any:
    if isinstance(value, dict):
        return {key: _without(item, secret) for key, item in value.items()}
    if isinstance(value, list):
        return [_without(item, secret) for item in value]
    return value.replace(secret, MASK) if isinstance(value, str) else value
