# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions and calls to a Hyper-V host: rows of WQL, methods, and their jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .._cim.instance import CimInstance, InstancePath
from .._cim.wql import Select
from .._core.clock import Clock, SystemClock
from .._hypervisor.hypervisor import OperationFailed
from .._wsman.client import WsmanClient
from .._wsman.fault import WsmanFault
from .._wsman.fault_table import INVALID, NO_CLASS, NOT_FOUND
from .._wsman.protocol_error import ProtocolError
from .._wsman.reference import resource_uri
from .._wsman.transport_errors import TransportError
from . import queries
from .classes import JOB_STARTED, MANAGEMENT_SERVICE, RETURN_VALUES, V2
from .errors import call_error, transport_error
from .jobs import SharedJobs, wait_for_job

#: Saving the memory of a large machine takes minutes: a job may take this many times
#: as long as one answer.
_JOB_PATIENCE = 10


class HypervConnection:
    """A connection that asks and calls, and knows nothing of machines.

    Args:
        client: The WS-Management client.
        shown: The URI as messages may show it.
        timeout: Seconds for one answer of the host.
        clock: What waiting goes by.

    Attributes:
        client: For modules that speak WMI themselves.
        uri: The URI as messages may show it.
        timeout: Seconds for one answer of the host.
        clock: What waiting goes by.
    """

    def __init__(
        self,
        client: WsmanClient,
        shown: str,
        *,
        timeout: float = 60,
        clock: Clock | None = None,
    ) -> None:
        self.client = client
        self.uri = shown
        self.timeout = timeout
        self.clock = clock or SystemClock()
        self._is_old = False
        self._jobs = SharedJobs(self._job, self._pending_jobs, self.clock)

    @property
    def patience(self) -> float:
        """Seconds that a job may take."""
        return self.timeout * _JOB_PATIENCE

    @contextmanager
    def doing(self, what: str, *, own: bool = True) -> Iterator[None]:
        """Turn a fault of the block into our error.

        Args:
            what: What is being done, as "list the machines".
            own: Whether it is about classes that every Hyper-V host has.
        """
        try:
            yield
        except WsmanFault as fault:
            raise call_error(fault, where=self.uri, doing=what, own=own) from fault
        except TransportError as error:
            raise transport_error(error, where=self.uri, doing=what) from error
        except ProtocolError as error:
            error.where = self.uri
            raise

    def rows(self, query: Select, namespace: str = V2) -> list[CimInstance]:
        """What a query finds."""
        return list(self.client.query(namespace, query))

    def known_rows(self, query: Select) -> list[CimInstance]:
        """As rows, and on a host before Windows Server 2016 without what it lacks."""
        if not self._is_old:
            try:
                return self.rows(query)
            except WsmanFault as fault:
                if fault.kind not in (INVALID, NO_CLASS):
                    raise
                self._is_old = True
        old = queries.for_old_hosts(query)
        return self.rows(old) if old is not None else []

    def call(
        self,
        namespace: str,
        cls: str,
        method: str,
        *,
        selectors: Mapping[str, Any],
        parameters: Mapping[str, Any],
        wait: bool = True,
        doing: str | None = None,
    ) -> CimInstance:
        """Call a method and wait for the job that it may start.

        Args:
            namespace: With slashes.
            cls: The class that has the method.
            method: Its name.
            selectors: The keys of the instance, as many as the class wants.
            parameters: CIM values; a CimInstance goes as embedded text.
            wait: Whether to wait for a job.
            doing: What is being done, for messages.

        Returns:
            What the method gave back; ReturnValue is 4096 where it started a job.

        Raises:
            JobFailed: The job ended badly; OperationTimeout: it has not ended in time.
        """
        own = doing is not None
        doing = doing or f"call {cls}.{method}"
        with self.doing(doing, own=own):
            output = self.client.invoke(
                resource_uri(namespace, cls), method, dict(parameters), dict(selectors)
            )
            if wait and int(output.get("ReturnValue") or 0) == JOB_STARTED:
                self._wait_for(output["Job"], doing)
            return output

    def invoke(
        self,
        doing: str,
        cls: str,
        method: str,
        selectors: Mapping[str, Any],
        parameters: Mapping[str, Any],
    ) -> int:
        """Call a method of Hyper-V; its value, where a job that ended well is 0."""
        output = self.call(
            V2, cls, method, selectors=selectors, parameters=parameters, doing=doing
        )
        value = int(output.get("ReturnValue") or 0)
        return 0 if value == JOB_STARTED else value

    def call_service(
        self,
        doing: str,
        method: str,
        *,
        service: str = MANAGEMENT_SERVICE,
        **parameters: Any,
    ) -> CimInstance:
        """Call a method of one of the host's services; what it gave back.

        Args:
            doing: What is being done, for messages.
            method: The method.
            service: The class, of which the host has one instance.
            parameters: Its parameters; an instance goes as embedded text.
        """
        return self.call(
            V2,
            service,
            method,
            selectors={"CreationClassName": service},
            parameters=parameters,
            doing=doing,
        )

    def do(
        self,
        doing: str,
        method: str,
        *,
        service: str = MANAGEMENT_SERVICE,
        **parameters: Any,
    ) -> CimInstance:
        """As call_service, for a method that has to end well.

        Raises:
            OperationFailed: It did not.
        """
        output = self.call_service(doing, method, service=service, **parameters)
        value = int(output.get("ReturnValue") or 0)
        self.must(doing, 0 if value == JOB_STARTED else value)
        return output

    def _wait_for(self, job: InstancePath, doing: str) -> None:
        with self._jobs.waiting():
            wait_for_job(
                lambda: self._jobs.read(job),
                where=self.uri,
                doing=doing,
                timeout=self.patience,
                clock=self.clock,
            )

    def _job(self, job: InstancePath) -> CimInstance | None:
        try:
            return self.client.get(job)
        except WsmanFault as fault:
            if fault.kind == NOT_FOUND:
                return None  # it ended and was cleared away
            raise

    def _pending_jobs(self) -> list[CimInstance]:
        return self.rows(queries.pending_jobs())

    def must(self, doing: str, value: int) -> None:
        """Raise OperationFailed unless a method returned 0."""
        if value:
            raise OperationFailed(
                f"can't {doing}: {RETURN_VALUES.get(value, f'return value {value}')}",
                where=self.uri,
                remedy="look at the machine's state with hypervisor.connect.vm_info",
                details={"code": value, "message": RETURN_VALUES.get(value)},
            )
