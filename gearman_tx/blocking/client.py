"""python-gearman's client, over :class:`gearman_tx.Client`."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

from gearman_tx.blocking.client_pool import ClientPool
from gearman_tx.blocking.connection_manager import GearmanConnectionManager
from gearman_tx.blocking.constants import (
    JOB_PENDING,
    JOB_UNKNOWN,
    PRIORITY_HIGH,
    PRIORITY_LOW,
    PRIORITY_NONE,
)
from gearman_tx.blocking.deadline import Deadline
from gearman_tx.blocking.errors import (
    ExceededConnectionAttempts,
    InvalidClientState,
    ProtocolError,
    ServerUnavailable,
)
from gearman_tx.blocking.job import GearmanJobRequest
from gearman_tx.blocking.pending_request import PendingRequest, submit, when_all
from gearman_tx.blocking.request_events import StatusReceived
from gearman_tx.client import JobStatus
from gearman_tx.client.preparation import Priority
from gearman_tx.errors import ConfigurationError, ConnectionLost, LocalProtocolError, TimedOut
from gearman_tx.reactor_thread import THREAD, PerProcess

RANDOM_UNIQUE_BYTES: Final = 16
"""Random bytes of a generated unique, which has two hexadecimal digits for each of them."""

_PRIORITIES: Final[dict[str | None, Priority]] = {
    PRIORITY_NONE: "normal",
    PRIORITY_LOW: "low",
    PRIORITY_HIGH: "high",
}


class GearmanClient(GearmanConnectionManager):
    """Submits jobs and waits for their results.

    Several threads may use it. It connects to its job servers when the first job is submitted;
    :meth:`shutdown` closes the connections, and so does deleting the client.

    Args:
        host_list: the job servers; see :class:`GearmanConnectionManager`.
        random_unique_bytes: random bytes of the unique of a job submitted without one.
    """

    def __init__(
        self,
        host_list: Iterable[Any] | None = None,
        random_unique_bytes: int = RANDOM_UNIQUE_BYTES,
    ) -> None:
        super().__init__(host_list)
        self.random_unique_bytes = random_unique_bytes
        self._pool = pool = PerProcess(ClientPool)
        finalizer = weakref.finalize(self, _close, pool)
        finalizer.atexit = False

    def shutdown(self) -> None:
        """Close all connections. Incomplete requests are lost; later calls connect again."""
        THREAD.call(self._pool().close)

    # ----------------------------------------------------------------------------- submitting

    def submit_job(
        self,
        task: Any,
        data: Any,
        unique: Any = None,
        priority: str | None = PRIORITY_NONE,
        **kwargs: Any,
    ) -> GearmanJobRequest:
        """Submit one job, and by default wait for its end.

        Args:
            task: the function.
            data: the workload, which the encoder turns into bytes.
            unique: the key that joins submissions into one job; by default a random one.
            priority: one of the three ``PRIORITY_`` constants.
            kwargs: as for :meth:`submit_multiple_jobs`.

        Returns:
            The request; check its ``state`` and ``timed_out``.

        Raises:
            GearmanError: as for :meth:`submit_multiple_requests`.
        """
        job = {"task": task, "data": data, "unique": unique, "priority": priority}
        (request,) = self.submit_multiple_jobs([job], **kwargs)
        return request

    def submit_multiple_jobs(
        self,
        jobs_to_submit: Iterable[dict[str, Any]],
        background: bool = False,
        max_retries: int = 0,
        **kwargs: Any,
    ) -> list[GearmanJobRequest]:
        """Submit many jobs, and by default wait for their ends.

        Args:
            jobs_to_submit: dictionaries with the keys ``task`` and ``data``, and optionally
                ``unique`` and ``priority``.
            background: do not wait for results.
            max_retries: how often a job that no job server accepted may be submitted again.
            kwargs: as for :meth:`submit_multiple_requests`.

        Returns:
            A request for each job, in their order.

        Raises:
            GearmanError: as for :meth:`submit_multiple_requests`.
        """
        requests = [
            self._make_request(job, background, max_retries)
            for job in _several(jobs_to_submit, "jobs")
        ]
        self.submit_multiple_requests(requests, **kwargs)
        return requests

    def submit_multiple_requests(
        self,
        job_requests: Sequence[GearmanJobRequest],
        wait_until_complete: bool = True,
        poll_timeout: float | None = None,
    ) -> Sequence[GearmanJobRequest]:
        """Submit the requests that are not submitted yet, or were lost.

        Args:
            job_requests: the requests.
            wait_until_complete: wait until they have ended, not only until they are accepted.
            poll_timeout: seconds to wait in all; None forever.

        Returns:
            The same requests.

        Raises:
            ServerUnavailable: no job server can be reached, or all are lost.
            ExceededConnectionAttempts: a request was submitted as often as it may be.
            ProtocolError: a name has a NUL byte, or a unique is too long.
        """
        deadline = Deadline(poll_timeout)
        self.wait_until_jobs_accepted(job_requests, poll_timeout=deadline.remaining)
        if wait_until_complete and deadline.remaining != 0.0:
            self.wait_until_jobs_completed(job_requests, poll_timeout=deadline.remaining)
        return job_requests

    def wait_until_jobs_accepted(
        self, job_requests: Sequence[GearmanJobRequest], poll_timeout: float | None = None
    ) -> Sequence[GearmanJobRequest]:
        """Submit requests as :meth:`submit_multiple_requests`, and wait until all are accepted."""
        deadline = Deadline(poll_timeout)
        requests = list(_several(job_requests, "job requests"))
        unsent = [request for request in requests if request.state == JOB_UNKNOWN]
        while unsent:
            self._send(unsent)
            self._wait(unsent, deadline.remaining, over=False)
            unsent = [request for request in unsent if _may_be_sent_again(request)]
        self._wait(requests, deadline.remaining, over=False)
        for request in requests:
            request.timed_out = request.state == JOB_PENDING
        return job_requests

    def wait_until_jobs_completed(
        self, job_requests: Sequence[GearmanJobRequest], poll_timeout: float | None = None
    ) -> Sequence[GearmanJobRequest]:
        """Wait until requests have ended; background requests end when they are accepted.

        Args:
            job_requests: the requests, submitted earlier.
            poll_timeout: seconds to wait; None forever.

        Returns:
            The same requests. A request whose job server was lost is in the state ``JOB_UNKNOWN``.

        Raises:
            ServerUnavailable: a request was lost, and no job server can be reached.
        """
        deadline = Deadline(poll_timeout)
        requests = list(_several(job_requests, "job requests"))
        self._wait(requests, deadline.remaining, over=True)
        for request in requests:
            request.timed_out = not request.complete
        if any(request.pending and request.state == JOB_UNKNOWN for request in requests):
            with suppress(TimedOut):  # the state of the requests tells that they are lost
                if not self._call(self._pool().is_up, timeout=deadline.remaining):
                    raise ServerUnavailable(self.not_available())
        return job_requests

    # --------------------------------------------------------------------------------- status

    def get_job_status(
        self, current_request: GearmanJobRequest, poll_timeout: float | None = None
    ) -> GearmanJobRequest:
        """Ask for the status of one job; see :meth:`get_job_statuses`."""
        self.get_job_statuses([current_request], poll_timeout=poll_timeout)
        return current_request

    def get_job_statuses(
        self, job_requests: Sequence[GearmanJobRequest], poll_timeout: float | None = None
    ) -> Sequence[GearmanJobRequest]:
        """Ask the job servers for the status of jobs, and set it in the requests.

        Only ``job.handle`` is needed, so a request may be made for a handle alone; if its job has
        no ``connection``, all job servers are asked.

        Args:
            job_requests: the requests.
            poll_timeout: seconds to wait; None forever.

        Returns:
            The same requests. Each ``status`` is a dict with ``handle``, ``known``, ``running``,
            ``numerator``, ``denominator`` and ``time_received``; it is unchanged after a timeout.

        Raises:
            InvalidClientState: a request has no handle.
            ServerUnavailable: the job server cannot be reached.
        """
        requests = list(_several(job_requests, "job requests"))
        queries = [_query(request) for request in requests]
        for request in requests:
            request.status["last_time_received"] = request.status.get("time_received")
            request.timed_out = True
        try:
            answers = self._call(self._pool().ask, queries, timeout=poll_timeout)
        except TimedOut:
            return job_requests
        for request, answer in zip(requests, answers, strict=True):
            if isinstance(answer, JobStatus):
                if request.pending is not None:
                    request.pending.apply_events(request, self)
                StatusReceived(answer).apply(request, self)
                request.timed_out = False
            elif not isinstance(answer, TimedOut):
                raise self.translated(answer)
        return job_requests

    # ------------------------------------------------------------------------------- internals

    def _make_request(self, job: Any, background: bool, max_retries: int) -> GearmanJobRequest:
        """Return the request for a job that a caller described."""
        if not (isinstance(job, dict) and "task" in job and "data" in job):
            text = "a job is a dict with the keys 'task' and 'data'"
            raise ProtocolError(f"{text}, not a {type(job).__name__} without them")
        unique = job.get("unique") or os.urandom(self.random_unique_bytes).hex()
        return GearmanJobRequest(
            self.job_class(None, None, job["task"], unique, job["data"]),
            initial_priority=job.get("priority", PRIORITY_NONE),
            background=background,
            max_attempts=max_retries + 1,
        )

    def _send(self, requests: Sequence[GearmanJobRequest]) -> None:
        """Submit requests; if one of them cannot be submitted, none is."""
        for request in requests:
            most = request.max_connection_attempts
            if request.connection_attempts >= most:
                text = f"Exceeded {most} connection attempt(s) :: {request!r}"
                raise ExceededConnectionAttempts(text)
        pending = [self._make_pending(request) for request in requests]
        for request, one in zip(requests, pending, strict=True):
            request.pending = one
            request.state = JOB_PENDING
            request.timed_out = False
            request.connection_attempts += 1
        THREAD.begin(submit, self._pool(), list(self.connection_list), pending)

    def _make_pending(self, request: GearmanJobRequest) -> PendingRequest:
        if request.priority not in _PRIORITIES:
            known = ", ".join(map(repr, _PRIORITIES))
            raise ProtocolError(f"the priority {request.priority!r} is none of {known}")
        job = request.gearman_job
        return PendingRequest(
            job.task,
            self.encode_data(job.data),
            job.unique,
            _PRIORITIES[request.priority],
            request.background,
        )

    def _wait(
        self, requests: Sequence[GearmanJobRequest], timeout: float | None, *, over: bool
    ) -> None:
        """Wait until requests are accepted or over, and apply their events."""
        pending = [request.pending for request in requests if request.pending is not None]
        waited_for = [one for one in pending if not one.has_passed(over=over)]
        try:
            if waited_for:
                with suppress(TimedOut):  # the state of the requests tells it
                    THREAD.call(when_all, waited_for, over, timeout=timeout)
        finally:
            for request in requests:
                if request.pending is not None:
                    request.pending.apply_events(request, self)
        errors = [error for request in requests if (error := _unsent_because(request))]
        if errors:
            raise self.translated(errors[0]) from errors[0]

    def _call(self, method: Any, *arguments: Any, timeout: float | None = None) -> Any:
        """Call a coroutine method of the pool in the reactor's thread."""
        connections = list(self.connection_list)

        try:
            return THREAD.call(method, connections, *arguments, timeout=timeout)
        except (ConfigurationError, ConnectionLost, LocalProtocolError) as error:
            raise self.translated(error) from error


def _close(of_process: PerProcess[ClientPool]) -> None:
    """Close the clients of this process, if it has any."""
    pool = of_process.peek()
    if pool is not None:
        THREAD.post(pool.close)


def _unsent_because(request: GearmanJobRequest) -> BaseException | None:
    """Return why a request could not be sent, and reset it to one that was never tried."""
    pending = request.pending
    if pending is None or not pending.is_unsent:
        return None
    request.pending = None
    request.connection_attempts -= 1
    return pending.error


def _may_be_sent_again(request: GearmanJobRequest) -> bool:
    """Return whether a request was lost before a job server accepted it."""
    pending = request.pending
    return request.state == JOB_UNKNOWN and pending is not None and not pending.is_accepted


def _query(request: GearmanJobRequest) -> tuple[bytes, str | None]:
    """Return the handle of a request's job, and the name of its job server if known."""
    job = request.gearman_job
    if not job.handle:
        raise InvalidClientState(f"no job server has accepted the request: {request!r}")
    handle = job.handle.encode() if isinstance(job.handle, str) else job.handle
    return handle, None if job.connection is None else job.connection.name


def _several(given: Any, what: str) -> Any:
    """Return ``given`` if it is a collection; passing a single request is a common mistake."""
    assert isinstance(given, list | tuple | set), f"Expected multiple {what}, received 1?"
    return given
