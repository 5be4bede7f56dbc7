# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A signed-in session with a WinRM service: envelopes out, answers in, over one connection.

What was sent once is sent again only where it can't have reached the host, or does no
harm twice. docs/design/winrm_session.md tells the decisions.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any

from ansible_collections.hypervisor.connect.plugins.module_utils._core.clock import (
    Clock,
    SystemClock,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.hyperv import (
    HypervEndpoint,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.authentication import (
    SEALING,
    Settings,
    SignIn,
    refused,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.channel import (
    Answer,
    Channel,
    Entrance,
    Untrusted,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._wsman.transport_errors import (
    ConnectionBroken,
    Target,
    TransportError,
    explain,
    explain_status,
    is_passing,
    never_sent,
)

LONGEST_WAIT = 5.0
"""Seconds that a 503's Retry-After may ask for; a longer one is the user's to wait for."""

PAUSE = 0.5
"""Seconds before a request is sent once more where nothing names another time."""


class Failure(Exception):
    """One attempt that failed, and what is known of it.

    Args:
        error: What the user is told where there is no other attempt.
        left: Whether the request may have been carried out.
        again: Whether another attempt may do better.
        retry_after: The header of a 503, or None.
        pause: Seconds before another attempt.
    """

    def __init__(
        self,
        error: TransportError,
        *,
        left: bool,
        again: bool,
        retry_after: str | None = None,
        pause: float = PAUSE,
    ) -> None:
        super().__init__(error)
        self.error = error
        self.left = left
        self.again = again
        self.retry_after = retry_after
        self.pause = pause

    def pause_before(self, attempt: int, *, repeatable: bool) -> float | None:
        """Seconds to wait before another attempt; None where there must be none.

        Args:
            attempt: Its number, 2 for the first repetition.
            repeatable: Whether carrying the request out twice does no harm.
        """
        if not self.again or attempt > 3:
            return None
        if self.retry_after is not None:
            seconds = self.retry_after.strip()
            wait = float(seconds) if seconds.isdecimal() else LONGEST_WAIT + 1
            return wait if wait <= LONGEST_WAIT else None
        if attempt > 2 or (self.left and not repeatable):
            return None
        return self.pause


class Session:
    """A WinRM service that lets us in; ``open`` makes one.

    It may be used by several threads, one request after the other: a context of NTLM or
    Kerberos belongs to one connection, over which one request goes at a time.

    Attributes:
        url: Where envelopes go.
        auth: The kind of sign-in in use, such as ``ntlm``.
        operation_timeout: Seconds to ask the host for as OperationTimeout, so that its
            own time-out comes before ours.
        requests: HTTP requests that carried an envelope, repeated ones included.
        sign_ins: How often a channel was opened.
        bytes_sent: Bytes of the bodies of those requests, as they were on the wire.
        bytes_received: Bytes of the bodies of the answers to them.
    """

    def __init__(self, settings: Settings, *, clock: Clock) -> None:
        """Make a session that connects when it is first needed.

        Raises:
            HypervisorConnectError: A file that an option names is missing.
            PywinrmMissing: pywinrm can't be imported.
        """
        self._settings = settings
        self._clock = clock
        self._lock = threading.RLock()
        self._entrance = Entrance(settings, clock)
        self._channel: Channel | None = None
        self.url = settings.url
        self.auth = settings.auth
        self.operation_timeout = settings.timeout * 0.8
        self.requests = self.sign_ins = self.bytes_sent = self.bytes_received = 0

    @classmethod
    def open(
        cls,
        endpoint: HypervEndpoint,
        credentials: SignIn,
        *,
        clock: Clock | None = None,
    ) -> Session:
        """Connect and sign in.

        Args:
            endpoint: What the URI says.
            credentials: What the options say; they win over the URI.
            clock: For the pauses between attempts.

        Raises:
            HypervisorConnectError: The options can't be used together.
            ConnectFailed: There is no WinRM service to be reached that way.
            SignInFailed: It does not let the user in, or no safe way in is offered.
            PywinrmMissing: pywinrm, or the part of it that is needed, is missing.
        """
        session = cls(Settings.of(endpoint, credentials), clock=clock or SystemClock())
        session._connected()
        return session

    @property
    def encrypted(self) -> bool:
        """Whether messages are encrypted by the kind of sign-in itself."""
        return self._settings.seals(self.auth)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know of this session, one sentence each."""
        return self._settings.warnings(self.auth)

    def send(
        self, envelope: bytes, *, repeatable: bool, operation_timeout: float
    ) -> bytes:
        """Send an envelope and return the answer's: a response, or a fault.

        What can't have been carried out is sent once more: where no connection came
        about, where a 401 says that the connection is a new one and a new sign-in mends
        that, and where a 503 names a short Retry-After. All else only if ``repeatable``.

        Args:
            envelope: The request.
            repeatable: Whether carrying it out twice does no harm.
            operation_timeout: Seconds that the envelope gives the host.

        Raises:
            ConnectionBroken: It may have been carried out, yet there is no answer.
            RequestRefused: The host did not take it.
            ConnectFailed: The host can't be reached any more; SignInFailed where it
                does not let the user in any more.
        """
        timeout = max(self._settings.timeout, operation_timeout * 1.25)
        attempt = 1
        with self._lock:
            while True:
                try:
                    return self._send(envelope, timeout)
                except Failure as failure:
                    self.close()
                    attempt += 1
                    pause = failure.pause_before(attempt, repeatable=repeatable)
                    if pause is None:
                        raise failure.error from None
                    self._clock.sleep(pause)

    def close(self) -> None:
        """Close the connection; the next envelope opens another."""
        with self._lock:
            channel, self._channel = self._channel, None
            if channel is not None:
                channel.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Session {self.url} auth={self.auth} requests={self.requests}>"

    def _connected(self) -> Channel:
        if self._channel is None:
            self._channel = self._entrance.open(self.auth)
            self.auth = self._channel.auth
            self.sign_ins += 1
        return self._channel

    def _send(self, envelope: bytes, timeout: float) -> bytes:
        is_new = self._channel is None
        channel = self._connected()
        target = self._entrance.target._replace(timeout=timeout)
        answer = self._exchange(channel, envelope, target)
        if answer.status == 401:
            told: TransportError = refused(self.auth, self._settings, target)
            again = not is_new and self.auth in SEALING
            raise Failure(told, left=False, again=again, pause=0.0)
        if answer.status == 503 or not answer.is_soap:
            told = explain_status(
                answer.status, answer.headers, answer.content, target,
                sent=True, sealed=channel.sealed,
            )  # fmt: skip
            again = answer.status == 503
            after = answer.headers.get("Retry-After") if again else None
            raise Failure(told, left=True, again=again, retry_after=after)
        try:
            return channel.unsealed(answer)
        except Untrusted as problem:
            told = ConnectionBroken(
                f"the answer can't be trusted: {problem}",
                where=target.where,
                remedy="see who else answers on that address, or use HTTPS",
                reason="untrusted",
            )
            raise Failure(told, left=True, again=False) from None

    def _exchange(self, channel: Channel, envelope: bytes, target: Target) -> Answer:
        prepared: Any = channel.prepared(envelope)
        self.requests += 1
        self.bytes_sent += len(prepared.body or b"")
        try:
            answer = channel.exchange(prepared, target.timeout)
        except OSError as error:  # all exceptions of requests are
            raise Failure(
                explain(error, target, sent=True),
                left=not never_sent(error),
                again=is_passing(error),
            ) from None
        self.bytes_received += len(answer.content)
        return answer
