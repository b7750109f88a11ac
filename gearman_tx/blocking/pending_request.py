"""One submitted request, on the reactor's side.

Theory of operation. A pending request is made in the thread of a caller. It then belongs to the
reactor's thread, which submits it with a :class:`~gearman_tx.client.Client` and appends what
happens to ``events``. The threads that wait for the request apply the events, one thread at a time.
A request has two milestones, *accepted* and *over*; when it is lost before the first, it passes
both at once. Whatever goes wrong in the reactor's thread ends the request, so that no thread waits
for it without an end. In a forked process, the requests of its parent are lost.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.python.failure import Failure

from gearman_tx.blocking.client_pool import ClientPool, PooledClient
from gearman_tx.blocking.connection_manager import GearmanConnectionManager
from gearman_tx.blocking.job import GearmanJobRequest
from gearman_tx.blocking.request_events import (
    Completed,
    Created,
    DataReceived,
    Failed,
    Lost,
    RequestEvent,
    StatusReceived,
    SubmissionRefused,
    WarningReceived,
)
from gearman_tx.client import JobStatus, Task
from gearman_tx.client.preparation import Priority
from gearman_tx.errors import JobException, JobFailed, Refused


@define(eq=False, repr=False)
class PendingRequest:
    """The state of one request in the reactor's thread.

    Attributes:
        function: the function.
        data: the workload.
        unique: the key that joins submissions into one job.
        priority: as the client spells it.
        is_background: whether it is over when it is accepted.
        events: what happened and is not applied yet, oldest first.
        is_accepted: whether a job server accepted it.
        is_over: whether nothing more will happen.
        is_unsent: whether it could not even be submitted, because no job server was up.
        error: why it was lost, or could not be submitted.
        process: the process that submitted it.
    """

    function: Any
    data: bytes
    unique: Any
    priority: Priority
    is_background: bool
    events: deque[RequestEvent] = field(factory=deque, init=False)
    is_accepted: bool = field(default=False, init=False)
    is_over: bool = field(default=False, init=False)
    is_unsent: bool = field(default=False, init=False)
    error: BaseException | None = field(default=None, init=False)
    process: int = field(factory=os.getpid, init=False)
    _client: PooledClient | None = field(default=None, init=False)
    _task: Task[bytes] | None = field(default=None, init=False)
    _waiting: list[tuple[bool, Deferred[None]]] = field(factory=list, init=False)
    _applying: threading.Lock = field(factory=threading.Lock, init=False)

    # ---------------------------------------------------------------- in the thread of a caller

    def has_passed(self, *, over: bool) -> bool:
        """Return whether it is over or, unless ``over``, accepted; its events then say so."""
        return self.is_over or (self.is_accepted and not over) or self._is_of_parent

    @property
    def _is_of_parent(self) -> bool:
        """Whether another process submitted it, from which this one was forked."""
        return self.process != os.getpid()

    def apply_events(self, request: GearmanJobRequest, manager: GearmanConnectionManager) -> None:
        """Change ``request`` by the events since the last call."""
        if self._is_of_parent:  # the lock and the events may be in any state
            if not request.complete:
                Lost().apply(request, manager)
            return
        with self._applying:
            while self.events:
                self.events.popleft().apply(request, manager)

    # -------------------------------------------------------------- in the thread of the reactor

    def when(self, *, over: bool) -> Deferred[None]:
        """Return a Deferred that fires when it is accepted, or when it is over; never fails."""
        if self.has_passed(over=over):
            return succeed(None)
        waiting: Deferred[None] = Deferred(self._forget)
        self._waiting.append((over, waiting))
        return waiting

    def send(self, client: PooledClient) -> None:
        """Submit it with ``client``."""
        try:
            self._task = task = client.client.submit(
                self.function,
                self.data,
                unique=self.unique,
                priority=self.priority,
                background=self.is_background,
                on_data=self._data_came,
                on_warning=self._warning_came,
                on_status=self._status_came,
            )
        except Exception as error:  # noqa: BLE001  # raised again in the caller's thread
            self.not_sent(error)
            return
        self._client = client
        client.begin()
        task.accepted.addCallbacks(self._accepted, lambda _: None).addErrback(self._lost)
        task.result.addCallbacks(self._completed, self._failed).addErrback(self._lost)

    def not_sent(self, error: BaseException) -> None:
        """Note that no job server is up, or that Gearman has no packet for the request."""
        if not (self.is_over or self._task):
            self.is_unsent = True
            self.error = error
            self.events.append(Lost())
            self._end()

    def _accepted(self, handle: bytes) -> None:
        assert self._client is not None, "it was sent"
        assert self._task is not None, "it was sent"
        self.events.append(Created(handle, self._client.connection(self._task.server)))
        self.is_accepted = True
        self._fire()

    def _data_came(self, data: bytes) -> None:
        self.events.append(DataReceived(data))

    def _warning_came(self, data: bytes) -> None:
        self.events.append(WarningReceived(data))

    def _status_came(self, numerator: int, denominator: int) -> None:
        status = JobStatus(known=True, running=True, numerator=numerator, denominator=denominator)
        self.events.append(StatusReceived(status))

    def _completed(self, result: bytes) -> None:
        if not self.is_background:
            self.events.append(Completed(result))
        self._end()

    def _failed(self, reason: Failure) -> None:
        error = reason.value
        if isinstance(error, JobException):
            self.events.append(Failed(error.data))
        elif isinstance(error, JobFailed):
            self.events.append(Failed())
        elif isinstance(error, Refused):
            self.events.append(SubmissionRefused(error.code, error.text))
        else:
            self._lost(reason)
            return
        self._end()

    def _lost(self, reason: Failure) -> None:
        """Note that the outcome is unknown: the server was lost, or this side failed."""
        if not self.is_over:
            self.error = reason.value
            self.events.append(Lost())
            self._end()

    def _end(self) -> None:
        self.is_over = True
        self._task = None
        client, self._client = self._client, None
        if client is not None:
            client.end()
        self._fire()

    def _fire(self) -> None:
        due = [one for one in self._waiting if self.is_over or not one[0]]
        self._waiting = [one for one in self._waiting if one not in due]
        for _, waiting in due:
            waiting.callback(None)

    def _forget(self, waiting: Deferred[None]) -> None:
        self._waiting = [one for one in self._waiting if one[1] is not waiting]


# ------------------------------------------------------- many requests, in the reactor's thread


async def submit(pool: ClientPool, connections: list[Any], requests: list[PendingRequest]) -> None:
    """Submit ``requests``; their events tell the progress."""
    try:
        client = await pool.reach(connections)
        for request in requests:
            request.send(client)
    except BaseException as error:  # noqa: BLE001  # raised again in the caller's thread
        for request in requests:
            request.not_sent(error)


def when_all(requests: list[PendingRequest], over: bool) -> Deferred[Any]:
    """Return a Deferred that fires when all requests are accepted, or over."""
    return DeferredList([request.when(over=over) for request in requests], consumeErrors=True)
