"""python-gearman's client, over ours."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

from gearman_tx.blocking.connection_manager import GearmanConnectionManager
from gearman_tx.blocking.constants import (
    JOB_PENDING,
    JOB_UNKNOWN,
    PRIORITY_HIGH,
    PRIORITY_LOW,
    PRIORITY_NONE,
)
from gearman_tx.blocking.errand import Errand
from gearman_tx.blocking.errors import (
    ExceededConnectionAttempts,
    InvalidClientState,
    ProtocolError,
    ServerUnavailable,
)
from gearman_tx.blocking.job import GearmanJobRequest
from gearman_tx.blocking.news import StatusCame
from gearman_tx.blocking.reactor_thread import THREAD
from gearman_tx.blocking.server_group import Servers
from gearman_tx.blocking.stopwatch import Stopwatch
from gearman_tx.blocking.submitting import start, submit, when_all
from gearman_tx.client import JobStatus
from gearman_tx.client.preparation import Priority
from gearman_tx.errors import ConfigurationError, ConnectionLost, LocalProtocolError, TimedOut

RANDOM_UNIQUE_BYTES: Final = 16
"""Random bytes of the unique of a job that is given none; it is twice as many letters."""

_PRIORITIES: Final[dict[str | None, Priority]] = {
    PRIORITY_NONE: "normal",
    PRIORITY_LOW: "low",
    PRIORITY_HIGH: "high",
}


class GearmanClient(GearmanConnectionManager):
    """Submits jobs and waits for their results.

    It may be used from several threads. Its job servers are connected to when the first job is
    submitted; the connections are closed by :meth:`shutdown`, or with the last reference to it.

    Args:
        host_list: the job servers; see :class:`GearmanConnectionManager`.
        random_unique_bytes: random bytes of the unique of a job that is given none.
    """

    def __init__(
        self,
        host_list: Iterable[Any] | None = None,
        random_unique_bytes: int = RANDOM_UNIQUE_BYTES,
    ) -> None:
        super().__init__(host_list)
        self.random_unique_bytes = random_unique_bytes
        self._servers = servers = Servers()
        finalizer = weakref.finalize(self, THREAD.tell, servers.close)
        finalizer.atexit = False

    def shutdown(self) -> None:
        """Close all connections. Requests that are not complete are lost; later calls reconnect."""
        THREAD.call(self._servers.close)

    # ----------------------------------------------------------------------------- submitting

    def submit_job(
        self,
        task: Any,
        data: Any,
        unique: Any = None,
        priority: str | None = PRIORITY_NONE,
        **kwargs: Any,
    ) -> GearmanJobRequest:
        """Submit one job, and wait for its end unless told otherwise.

        Args:
            task: the function.
            data: the workload, which the encoder turns into bytes.
            unique: the key by which job servers join submissions into one job; a random one when
                it is left out.
            priority: one of the three ``PRIORITY_`` constants.
            kwargs: as for :meth:`submit_multiple_jobs`.

        Returns:
            The request; look at its ``state`` and at ``timed_out``.

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
        """Submit many jobs, and wait for their ends unless told otherwise.

        Args:
            jobs_to_submit: dictionaries with the keys ``task``, ``data`` and, if wanted, ``unique``
                and ``priority``.
            background: do not wait for results.
            max_retries: how often a job may be submitted again that no job server accepted.
            kwargs: as for :meth:`submit_multiple_requests`.

        Returns:
            A request for each job, in their order. It raises what the other one does.
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
        """Submit requests that are not submitted yet, or were lost.

        Args:
            job_requests: the requests.
            wait_until_complete: wait until they have ended, not only until they are accepted.
            poll_timeout: seconds to wait for all of it; None for ever.

        Returns:
            The same requests.

        Raises:
            ServerUnavailable: no job server can be reached, or all are lost.
            ExceededConnectionAttempts: a request was submitted as often as it may be.
            ProtocolError: Gearman cannot say this: a name with a NUL byte, a unique that is too
                long.
        """
        watch = Stopwatch(poll_timeout)
        self.wait_until_jobs_accepted(job_requests, poll_timeout=watch.remaining)
        if wait_until_complete and watch.remaining != 0.0:
            self.wait_until_jobs_completed(job_requests, poll_timeout=watch.remaining)
        return job_requests

    def wait_until_jobs_accepted(
        self, job_requests: Sequence[GearmanJobRequest], poll_timeout: float | None = None
    ) -> Sequence[GearmanJobRequest]:
        """Submit requests as :meth:`submit_multiple_requests`, and wait until all are accepted."""
        watch = Stopwatch(poll_timeout)
        requests = list(_several(job_requests, "job requests"))
        unsent = [request for request in requests if request.state == JOB_UNKNOWN]
        while unsent:
            self._send(unsent)
            self._wait(unsent, watch.remaining, over=False)
            unsent = [request for request in unsent if _may_be_sent_again(request)]
        self._wait(requests, watch.remaining, over=False)
        for request in requests:
            request.timed_out = request.state == JOB_PENDING
        return job_requests

    def wait_until_jobs_completed(
        self, job_requests: Sequence[GearmanJobRequest], poll_timeout: float | None = None
    ) -> Sequence[GearmanJobRequest]:
        """Wait until requests have ended; those in the background have when they are accepted.

        Args:
            job_requests: the requests, submitted earlier.
            poll_timeout: seconds to wait; None for ever.

        Returns:
            The same requests. One of which the job server was lost is in the state
            ``JOB_UNKNOWN``.

        Raises:
            ServerUnavailable: a request was lost, and no job server can be reached.
        """
        watch = Stopwatch(poll_timeout)
        requests = list(_several(job_requests, "job requests"))
        self._wait(requests, watch.remaining, over=True)
        for request in requests:
            request.timed_out = not request.complete
        lost = any(request.errand and request.state == JOB_UNKNOWN for request in requests)
        if lost:
            with suppress(TimedOut):  # nobody knows, and the requests say that they are lost
                if not self._call(self._servers.is_up, timeout=watch.remaining):
                    raise ServerUnavailable(self.not_available())
        return job_requests

    # --------------------------------------------------------------------------------- status

    def get_job_status(
        self, current_request: GearmanJobRequest, poll_timeout: float | None = None
    ) -> GearmanJobRequest:
        """Ask how far one job is; see :meth:`get_job_statuses`."""
        self.get_job_statuses([current_request], poll_timeout=poll_timeout)
        return current_request

    def get_job_statuses(
        self, job_requests: Sequence[GearmanJobRequest], poll_timeout: float | None = None
    ) -> Sequence[GearmanJobRequest]:
        """Ask the job servers how far jobs are, and write it into the requests.

        Nothing but ``job.handle`` need be known, so a request may be made for a handle alone; when
        its job has no ``connection``, all job servers are asked.

        Args:
            job_requests: the requests.
            poll_timeout: seconds to wait; None for ever.

        Returns:
            The same requests. The ``status`` of each is a dictionary with ``handle``, ``known``,
            ``running``, ``numerator``, ``denominator`` and ``time_received``; it stays as it was
            when ``timed_out`` says so.

        Raises:
            InvalidClientState: a request has no handle.
            ServerUnavailable: the job server cannot be reached.
        """
        requests = list(_several(job_requests, "job requests"))
        questions = [_question(request) for request in requests]
        for request in requests:
            request.status["last_time_received"] = request.status.get("time_received")
            request.timed_out = True
        try:
            answers = self._call(self._servers.ask, questions, timeout=poll_timeout)
        except TimedOut:
            return job_requests
        for request, answer in zip(requests, answers, strict=True):
            if isinstance(answer, JobStatus):
                if request.errand is not None:
                    request.errand.tell(request, self)
                StatusCame(answer).tell(request, self)
                request.timed_out = False
            elif not isinstance(answer, TimedOut):
                raise self.translated(answer)
        return job_requests

    # -------------------------------------------------------------------------------- the way

    def _make_request(
        self, job: dict[str, Any], background: bool, max_retries: int
    ) -> GearmanJobRequest:
        """Return the request for a job that a caller described."""
        unique = job.get("unique") or os.urandom(self.random_unique_bytes).hex()
        return GearmanJobRequest(
            self.job_class(None, None, job["task"], unique, job["data"]),
            initial_priority=job.get("priority", PRIORITY_NONE),
            background=background,
            max_attempts=max_retries + 1,
        )

    def _send(self, requests: Sequence[GearmanJobRequest]) -> None:
        """Give requests to the job servers; nothing is sent when one of them cannot be."""
        for request in requests:
            if request.connection_attempts >= request.max_connection_attempts:
                raise ExceededConnectionAttempts(
                    f"Exceeded {request.max_connection_attempts} connection attempt(s) :: "
                    f"{request!r}"
                )
        errands = [self._make_errand(request) for request in requests]
        for request, errand in zip(requests, errands, strict=True):
            request.errand = errand
            request.state = JOB_PENDING
            request.timed_out = False
            request.connection_attempts += 1
        THREAD.start()
        THREAD.tell(submit, self._servers, list(self.connection_list), errands)

    def _make_errand(self, request: GearmanJobRequest) -> Errand:
        if request.priority not in _PRIORITIES:
            known = ", ".join(map(repr, _PRIORITIES))
            raise ProtocolError(f"the priority {request.priority!r} is none of {known}")
        job = request.gearman_job
        return Errand(
            job.task,
            self.encode_data(job.data),
            job.unique,
            _PRIORITIES[request.priority],
            request.background,
        )

    def _wait(
        self, requests: Sequence[GearmanJobRequest], timeout: float | None, *, over: bool
    ) -> None:
        """Wait until requests are accepted or over, and tell them what became of them."""
        errands = [request.errand for request in requests if request.errand is not None]
        waited_for = [errand for errand in errands if not errand.has_passed(over=over)]
        try:
            if waited_for:
                with suppress(TimedOut):  # the requests say so
                    THREAD.call(when_all, waited_for, over, timeout=timeout)
        finally:
            for request in requests:
                if request.errand is not None:
                    request.errand.tell(request, self)
        troubles = [trouble for request in requests if (trouble := _unsent_because(request))]
        if troubles:
            raise self.translated(troubles[0]) from troubles[0]

    def _call(self, method: Any, *arguments: Any, timeout: float | None = None) -> Any:
        """Call a coroutine method of the servers in the reactor's thread."""
        connections = list(self.connection_list)
        try:
            return THREAD.call(start, method, connections, *arguments, timeout=timeout)
        except (ConfigurationError, ConnectionLost, LocalProtocolError) as error:
            raise self.translated(error) from error


def _unsent_because(request: GearmanJobRequest) -> Exception | None:
    """Return why a request could not be sent, and take it for one that was never tried."""
    errand = request.errand
    if errand is None or not errand.is_unsent:
        return None
    request.errand = None
    request.connection_attempts -= 1
    return errand.trouble


def _may_be_sent_again(request: GearmanJobRequest) -> bool:
    """Return whether a request was lost before a job server accepted it."""
    errand = request.errand
    return request.state == JOB_UNKNOWN and errand is not None and not errand.is_accepted


def _question(request: GearmanJobRequest) -> tuple[bytes, str | None]:
    """Return the handle of a request's job, and the name of its job server if that is known."""
    job = request.gearman_job
    if not job.handle:
        raise InvalidClientState(f"no job server has accepted the request: {request!r}")
    handle = job.handle.encode() if isinstance(job.handle, str) else job.handle
    return handle, None if job.connection is None else job.connection.name


def _several(given: Any, what: str) -> Any:
    """Return ``given`` if it is a collection; one request for many is a common mistake."""
    assert isinstance(given, list | tuple | set), f"Expected multiple {what}, received 1?"
    return given
