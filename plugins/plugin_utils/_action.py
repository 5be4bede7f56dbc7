# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin behind every module: the module's work in Ansible's own process.

A module that Ansible sends through a new Python costs about 0.3 s; the same work costs
a hundredth of that here. Ansible imports an action plugin file with the module's own
name once, before it forks its workers, so everything heavy is imported at the top.

One worker runs all items of a loop, so connections are kept by URI and credentials
until the worker ends.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.util import Finalize
from typing import Any, ClassVar

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)

# Imported for their cost: in the parent process, before any worker is forked.
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv import (
    hypervisor as _hyperv_hypervisor,  # noqa: F401
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.credentials import (
    Credentials,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.factory import (
    LibraryMissing,
    open_hypervisor,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    Hypervisor,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._libvirt import (
    hypervisor as _libvirt_hypervisor,  # noqa: F401
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.runner import (
    Task,
    check_options,
    failure,
    is_plain,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.config import (
    resolve,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.uri import (
    ConnectionUri,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.channel import (
    libraries,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.transport_errors import (
    PywinrmMissing,
)
from ansible_collections.hypervisor.connect.plugins.plugin_utils._host_variables import (
    of_delegate,
    with_host_variables,
    with_winrm_variables,
)

# pywinrm takes a third of a second to import: where it is installed, once in the parent.
with suppress(PywinrmMissing):
    libraries()

display = Display()

#: The connections with which a task's work is done on the controller.
_ON_CONTROLLER = ("local", "ansible.builtin.local")
_OWN_CONNECTION = ("hypervisor.connect.host",)

#: How many connections a worker keeps open at once.
CONNECTIONS = 8

#: By URI, credentials and the task's environment, which decides on the default URI; the
#: one that was used last comes last.
_open: dict[tuple[Any, ...], Hypervisor] = {}


class HypervisorAction(ActionBase):
    """Runs ``task`` in process where the host's connection is the controller's own.

    Everywhere else, with become, with async, and where this Python has no libvirt, the
    module of the same name runs as an ordinary one.
    """

    task: ClassVar[Task]
    _supports_async = True

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Run the task; the result is that of the module."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        del tmp
        variables = task_vars or {}
        self._host = variables.get("inventory_hostname", "")
        if not self._is_on_controller():
            options = self._options(variables, only=("uri",))
            return self._run_as_module(result, options, variables)
        options = self._options(variables)
        if not self._is_own_connection() and (
            self._connection.become is not None or self._task.async_val
        ):
            return self._run_as_module(result, options, variables)
        try:
            with self._environment() as environment:
                result.update(self._run_in_process(options, environment))
        except LibraryMissing as error:
            if not self._is_own_connection():
                return self._run_as_module(result, options, variables)
            result.update(failed=True, **failure(error, options.get("password")))
        except HypervisorConnectError as error:
            result.update(failed=True, **failure(error, options.get("password")))
        return result

    def _options(
        self, variables: Mapping[str, Any], **which: tuple[str, ...]
    ) -> dict[str, Any]:
        meant, template = self._meant(variables)
        options = with_host_variables(
            self._task.args, meant, template, user_of=_user_of, **which
        )
        uri = None if which else resolved(options.get("uri"))
        if uri is not None and uri.driver == "hyperv":
            return with_winrm_variables(options, meant, template)
        return options

    def _meant(
        self, variables: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any], Callable[[Any], Any]]:
        """The variables of the host that the task means, and what templates them."""
        meant = self._variables_meant(variables)
        templar = self._templar
        if meant is not variables:
            templar = templar.copy_with_new_env(available_variables=meant)
        return meant, templar.template

    def _variables_meant(self, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        return of_delegate(variables, self._task.delegate_to)

    def _is_on_controller(self) -> bool:
        return self._connection.transport in _ON_CONTROLLER or self._is_own_connection()

    def _is_own_connection(self) -> bool:
        return self._connection.transport in _OWN_CONNECTION

    def _run_as_module(
        self,
        result: dict[str, Any],
        options: dict[str, Any],
        variables: Mapping[str, Any],
    ) -> dict[str, Any]:
        result.update(
            self._execute_module(
                module_name=self._task.action,
                module_args=options,
                task_vars=variables,
                wrap_async=self._task.async_val,
            )
        )
        return result

    def _validated(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The options with their types and defaults; refused before anything is opened."""
        _check_dictionaries(given, self.task.argument_spec)
        validation = ArgumentSpecValidator(
            self.task.argument_spec, **self.task.rules
        ).validate(given)
        if validation.unsupported_parameters:
            raise HypervisorConnectError(
                f"{self._task.action} has "
                + _unknown(validation.unsupported_parameters, self.task.argument_spec)
            )
        if validation.error_messages:
            raise HypervisorConnectError("; ".join(validation.error_messages))
        options: dict[str, Any] = validation.validated_parameters
        check_options(options)
        self.task.check(options)
        return options

    def _run_in_process(
        self, given: Mapping[str, Any], environment: Mapping[str, str]
    ) -> dict[str, Any]:
        options = self._validated(given)
        credentials = Credentials.from_options(options)
        hypervisor = connection_to(options["uri"], credentials, environment)
        try:
            done = self._work(hypervisor, options)
        except HypervisorConnectError as error:
            if not hypervisor.warnings:
                raise
            return {
                "failed": True,
                **failure(error, options["password"]),
                "warnings": list(hypervisor.warnings),
            }
        if not self._task.diff:
            done.pop("diff", None)
        if hypervisor.warnings:
            done["warnings"] = list(hypervisor.warnings)
        return done

    def _work(
        self, hypervisor: Hypervisor, options: Mapping[str, Any]
    ) -> dict[str, Any]:
        check_mode = self._task.check_mode
        if self.task.tells:
            return self.task.run(hypervisor, options, check_mode, tell=self._tell)
        return self.task.run(hypervisor, options, check_mode)

    def _tell(self, sentence: str) -> None:
        """Say how far a long task is, while it works."""
        host = self._host
        display.display(f"{self._task.action} on {host}: {sentence}")

    @contextmanager
    def _environment(self) -> Iterator[dict[str, str]]:
        """Set the task's ``environment``, which a module would find set, meanwhile."""
        added: dict[str, str] = {}
        for entry in self._task.environment or ():
            added.update(_checked_environment(self._templar.template(entry) or {}))
        before = {name: os.environ.get(name) for name in added}
        os.environ.update(added)
        try:
            yield added
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def _check_dictionaries(
    given: Mapping[str, Any], spec: Mapping[str, Any], above: str = ""
) -> None:
    """Refuse a list for a dictionary, on which ansible-core's validation breaks down."""
    for name, rule in spec.items():
        value = given.get(name)
        if rule.get("type") != "dict" or value is None or isinstance(value, str):
            continue
        if not isinstance(value, Mapping):
            raise HypervisorConnectError(
                f"{above}{name} can't be {value!r}", remedy="give a dictionary"
            )
        _check_dictionaries(value, rule.get("options") or {}, f"{above}{name}.")


def _unknown(found: Iterable[Any], spec: Mapping[str, Any]) -> str:
    """Which options are none, and which there are instead.

    Args:
        found: Names; one within another option is a tuple, or dotted.
        spec: The argument spec.
    """
    paths = sorted(
        tuple(one.split(".")) if isinstance(one, str) else tuple(one) for one in found
    )
    *above, _last = paths[0]
    for name in above:
        spec = spec.get(name, {}).get("options", {})
    unknown = ", ".join(".".join(path) for path in paths)
    place = f"{'.'.join(above)} has" if above else "it has"
    return f"no option {unknown}; {place} {', '.join(sorted(spec))}"


def _checked_environment(values: Any) -> dict[str, str]:
    """One entry of a task's ``environment``, refused in words where it is none."""
    if not isinstance(values, Mapping):
        raise HypervisorConnectError(
            "environment is no dictionary", remedy="write NAME: value"
        )
    for name, value in values.items():
        good = isinstance(name, str) and name and "=" not in name
        if not (good and is_plain(name) and is_plain(str(value))):
            raise HypervisorConnectError(
                f"environment can't hold the variable {name!r}, by its name or value",
                remedy="give a name without =, and text without NUL characters",
            )
    return {name: str(value) for name, value in values.items()}


def resolved(uri: Any) -> ConnectionUri | None:
    """The URI that a URI, an alias or the default stands for, if it can be told."""
    try:
        text = None if uri is None else str(uri)
        return resolve(text, environ=os.environ, uid=os.getuid()).uri
    except HypervisorConnectError:
        return None  # opening it will say what is wrong


def _user_of(uri: Any) -> str | None:
    known = resolved(uri)
    return known.username if known is not None else None


def connection_to(
    uri: str | None, credentials: Credentials, environment: Mapping[str, str]
) -> Hypervisor:
    """The open connection of this worker, or a new one, at the cost of the oldest."""
    key = (uri, credentials, tuple(sorted(environment.items())))
    hypervisor = _open.pop(key, None)
    if hypervisor is not None and not hypervisor.is_alive():
        hypervisor.close()
        hypervisor = None
    if hypervisor is None:
        if not _open:
            # Workers end without atexit; multiprocessing's own finalizers do run.
            Finalize(None, _close_all, exitpriority=1)
        while len(_open) >= CONNECTIONS:
            _open.pop(next(iter(_open))).close()
        hypervisor = open_hypervisor(uri, credentials)
    _open[key] = hypervisor  # the last one used is the last one here
    return hypervisor


def _close_all() -> None:
    while _open:
        _open.popitem()[1].close()
