# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin behind the modules for WinRM's configuration: the way, then the work.

A Windows host has no Python for a module, so the work is always done in Ansible's own
process: over WS-Management to the host's URI, or to the same service as the host's winrm
connection; or with the program ``winrm`` through the host's connection, whatever it is.
docs/design/winrm_configuration.md tells which way is taken when.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.wmi import (
    with_wmi,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.credentials import (
    Credentials,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    ConnectionLost,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.runner import (
    failure,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.winrm import (
    WinrmTask,
    done_by,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.command_way import (
    CommandWay,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.quoting import (
    POWERSHELL,
    SH,
    for_shell,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.way import (
    COMMAND,
    WSMAN,
    ConfigurationWay,
    Ran,
    SessionInUse,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.wsman_way import (
    WsmanWay,
)
from ansible_collections.hypervisor.connect.plugins.plugin_utils._action import (
    HypervisorAction,
    connection_to,
    resolved,
)
from ansible_collections.hypervisor.connect.plugins.plugin_utils._host_variables import (
    decrypted,
    variables_of_delegate,
    with_winrm_variables,
)
from ansible_collections.hypervisor.connect.plugins.plugin_utils._winrm_connections import (
    session_at,
    session_of,
    uri_of_winrm,
)

_display = Display()

#: Ansible's connections to WinRM whose service the modules may speak to themselves.
_WINRM = ("winrm", "ansible.builtin.winrm")
#: What is run over these is PowerShell's, whatever the host's shell type says.
_IN_POWERSHELL = (*_WINRM, "psrp", "ansible.builtin.psrp")
_SSH = ("ssh", "ansible.builtin.ssh", "paramiko", "ansible.builtin.paramiko_ssh")


class NoWay(HypervisorConnectError):
    """There is no way to a host's WinRM configuration."""


class WinrmAction(HypervisorAction):
    """Does ``task.work`` over the first way that works, or over the one asked for."""

    task: ClassVar[WinrmTask]
    _supports_async = True  # to say in our own words that it is not

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Run the task."""
        result: dict[str, Any] = ActionBase.run(self, tmp, task_vars)
        variables = task_vars or {}
        options = self._winrm_options(variables)
        self._name = str(
            self._task.delegate_to or variables.get("inventory_hostname", "")
        )
        self._warnings: list[str] = []
        try:
            self._check_not_async()
            with self._environment() as environment:
                checked = self._validated(options)
                done = self._over_a_way(checked, environment)
        except HypervisorConnectError as error:
            result.update(failed=True, **failure(error, options.get("password")))
            if self._warnings:
                result["warnings"] = self._warnings
            return result
        if not self._task.diff:
            done.pop("diff", None)
        if not done.get("warnings"):
            done.pop("warnings", None)
        result.update(done)
        return result

    def _check_not_async(self) -> None:
        if self._task.async_val:
            raise HypervisorConnectError(
                f"{self._task.action} can't be run with async: its work is done in "
                "Ansible's own process",
                remedy="leave async out",
            )

    def _winrm_options(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The task's options, and what the host's variables and connection add."""
        options = self._options(variables)
        if options.get("uri") is not None or self._connection.transport not in _WINRM:
            return options
        connection = uri_of_winrm(self._connection)
        if connection.uri is None:
            return options
        options.update(uri=connection.uri)
        for name, value in (
            ("username", connection.username),
            ("password", connection.password),
        ):
            if options.get(name) is None and value is not None:
                options[name] = decrypted(value)
        return with_winrm_variables(options, *self._meant(variables))

    def _variables_meant(self, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """A delegate with a connection of its own is the Windows host that is meant."""
        delegate = self._task.delegate_to
        if not delegate or self._is_on_controller():
            return super()._variables_meant(variables)
        return variables_of_delegate(variables, delegate)

    def _over_a_way(
        self, options: Mapping[str, Any], environment: Mapping[str, str]
    ) -> dict[str, Any]:
        if options["method"] == COMMAND:
            return self._by_command(options)
        try:
            return self._by_wsman(options, environment)
        except _NotThatWay as first:
            if options["method"] == WSMAN:
                raise first.error from None
            self._check_same_host(first.error)
            _display.vv(f"not over WS-Management: {first.error}")
            return self._by_command(options, instead_of=first.error)

    def _check_same_host(self, first: HypervisorConnectError) -> None:
        """The command goes to the host of the connection, which has to be that of uri."""
        given = self._task.args.get("uri")
        if given is None:
            return
        uri = resolved(given)
        wanted = (uri.hostname if uri is not None else None) or str(given)
        ours = (self._address(), self._name)
        if wanted.lower() not in [one.lower() for one in ours]:
            raise _both(
                first,
                NoWay(
                    f"the host's connection goes to {self._address()}, and uri names "
                    f"{wanted}",
                    remedy="leave uri out to go over the host's connection",
                ),
            )

    def _by_wsman(
        self, options: Mapping[str, Any], environment: Mapping[str, str]
    ) -> dict[str, Any]:
        """The work over WS-Management.

        Raises:
            _NotThatWay: That way does not work, and nothing was done over it.
        """
        if self._has_no_uri(options):
            raise _NotThatWay(
                NoWay(
                    "there is no hyperv:// URI to speak WS-Management to",
                    remedy="give uri, or the host's variable ansible_libvirt_uri",
                )
            )
        try:
            hypervisor = connection_to(
                options["uri"], Credentials.from_options(options), environment
            )
            way = WsmanWay.over(with_wmi(hypervisor))
        except HypervisorConnectError as error:
            raise _NotThatWay(error) from error
        self._warnings = list(hypervisor.warnings)
        try:
            done = self._done(way, options)
        except HypervisorConnectError as error:
            if error is way.refused:
                raise _NotThatWay(error) from error
            raise
        done["warnings"] = [*self._warnings, *done.get("warnings", ())]
        return done

    def _has_no_uri(self, options: Mapping[str, Any]) -> bool:
        """The default URI of the controller means no Windows host with another connection."""
        if options["uri"] is None and not self._is_on_controller():
            return True
        uri = resolved(options["uri"])
        return uri is None and options["uri"] is None

    def _by_command(
        self,
        options: Mapping[str, Any],
        instead_of: HypervisorConnectError | None = None,
    ) -> dict[str, Any]:
        """The work by the program winrm, through the host's connection."""
        try:
            way = self._command_way(options)
        except NoWay as error:
            raise _both(instead_of, error) from None
        try:
            return self._done(way, options)
        except HypervisorConnectError as error:
            if error is way.refused:
                raise _both(instead_of, error) from error
            raise

    def _command_way(self, options: Mapping[str, Any]) -> CommandWay:
        if self._is_on_controller() and not self._is_own_connection():
            raise NoWay(
                "the program winrm can't be run, since the task runs on the controller",
                remedy="give the Windows host a connection such as ssh, psrp or winrm",
            )
        if self._connection.become is not None:
            raise NoWay(
                "the program winrm is run as the user of the connection, not with become",
                remedy="leave become out, and sign in as an administrator of the host",
            )
        way = CommandWay(self._ran, self._address(), self._session(options))
        way.host = way.where
        return way

    def _address(self) -> str:
        """The host's name or address, which each connection has in an option of its own."""
        for option in ("remote_addr", "host"):
            with suppress(KeyError, AnsibleError):
                if found := self._connection.get_option(option):
                    return str(found)
        return str(self._play_context.remote_addr or "")

    def _session(self, options: Mapping[str, Any]) -> SessionInUse | None:
        """The WinRM session that commands go over, if they do."""
        if not self._is_own_connection():
            return session_of(self._connection)
        uri = resolved(options["uri"])
        return session_at(uri, options["auth"]) if uri is not None else None

    def _ran(self, command: str) -> Ran:
        """Run a command line of cmd.exe through the host's connection."""
        family = getattr(self._connection._shell, "SHELL_FAMILY", SH)
        wrapped = is_wrapped(self._connection)
        line = for_shell(
            command,
            POWERSHELL if wrapped else family,
            is_argument=self._connection.transport in _SSH and not wrapped,
        )
        try:
            done = self._low_level_execute_command(line, sudoable=False)
        except Exception as error:  # winrm and psrp raise what their libraries do
            told = " ".join(str(error).split()) or type(error).__name__
            raise ConnectionLost(
                f"the host's connection {self._connection.transport} does not work: "
                f"{told}",
                remedy="see whether ansible.builtin.raw works with that host",
            ) from error
        return Ran(int(done["rc"]), done["stdout"], done["stderr"])

    def _done(
        self, way: ConfigurationWay, options: Mapping[str, Any]
    ) -> dict[str, Any]:
        return done_by(self.task.work, way, options, self._task.check_mode)


def is_wrapped(connection: Any) -> bool:
    """Whether a connection makes a PowerShell script of each command.

    winrm and psrp do, whatever the host's shell type says; ssh did for Windows before
    github.com/ansible/ansible/pull/83834.

    Args:
        connection: A loaded connection plugin.
    """
    if connection.transport in _IN_POWERSHELL:
        return True
    code = getattr(type(connection).exec_command, "__code__", None)
    is_windows = getattr(connection._shell, "_IS_WINDOWS", False)
    return is_windows and code is not None and "_encode_script" in code.co_names


class _NotThatWay(Exception):
    """A way that does not work, with why; nothing was done over it."""

    def __init__(self, error: HypervisorConnectError) -> None:
        super().__init__(error)
        self.error = error


def _both(
    first: HypervisorConnectError | None, second: HypervisorConnectError
) -> HypervisorConnectError:
    """One error where neither way works."""
    if first is None:
        return second
    return NoWay(
        f"no way to the host's WinRM configuration works: {WSMAN}: {first.what}; "
        f"{COMMAND}: {second.what}",
        where=first.where or second.where,
        remedy=" or ".join(filter(None, (first.remedy, second.remedy))),
        details=first.details,
    )
