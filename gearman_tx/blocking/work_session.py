"""One call of ``GearmanWorker.work``: a Worker in the reactor, jobs run in the caller's thread.

Theory of operation. The :class:`~gearman_tx.worker.Worker` has one slot. Its functions run in the
reactor and only put the job into a queue; the thread that called ``work`` takes it from there.
While that thread is busy the worker is paused: even after a job has ended, the worker does not ask
for the next one before the program's hooks have agreed.

When the program leaves a job unfinished, to end it later, the job keeps its slot, and the worker is
lent another one.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Final

from attrs import define, field
from twisted.internet.defer import Deferred, succeed

from gearman_tx.blocking.errors import ServerUnavailable
from gearman_tx.errors import JobException, JobFailed, TimedOut
from gearman_tx.link import Server
from gearman_tx.reactor_thread import THREAD
from gearman_tx.worker import Worker, WorkerJob

LEAVE_SECONDS: Final = 2.0
"""Seconds that job servers have to close their connections at the end of a session."""


@define(eq=False)
class OpenJob:
    """A job that a thread runs. Only its attributes may be used outside the reactor's thread.

    Attributes:
        job: the job.
        outcome: the Deferred that the worker waits for.
        is_over: whether the program has ended the job.
        is_left: whether the program left it unfinished.
    """

    job: WorkerJob
    session: WorkSession = field(repr=False)
    outcome: Deferred[bytes] = field(factory=Deferred, init=False, repr=False)
    is_over: bool = field(default=False, init=False)
    is_left: bool = field(default=False, init=False)

    def complete(self, data: bytes) -> None:
        """End it with a result (WORK_COMPLETE)."""
        if self._end():
            self.outcome.callback(data)

    def fail(self) -> None:
        """End it without a result (WORK_FAIL)."""
        if self._end():
            self.outcome.errback(JobFailed(self.job.function, self.job.handle))

    def exception(self, data: bytes) -> None:
        """End it with an exception (WORK_EXCEPTION)."""
        if self._end():
            self.outcome.errback(JobException(self.job.function, self.job.handle, data))

    def leave(self) -> None:
        """Lend the worker another slot if the job was left unfinished."""
        if not self.is_over:
            self.is_left = True
            self.session.worker.lend_slot()

    def _end(self) -> bool:
        """Note the end; return whether it is the first one and the worker still waits for it."""
        is_first = not self.is_over
        self.is_over = True
        if is_first and self.is_left:
            self.session.worker.return_slot()
        return is_first and not self.outcome.called


class WorkSession:
    """One call of ``work``. All but :meth:`next_job` is for the reactor's thread.

    Args:
        reactor: the reactor.
        servers: the job servers.
        client_id: the worker's name in the job servers' reports.
        names: the names of the functions.
        down: the text of the error when all job servers are down.
    """

    def __init__(
        self,
        reactor: Any,
        servers: Iterable[Server],
        client_id: str | bytes | None,
        names: Iterable[str | bytes],
        down: str,
    ) -> None:
        self.worker = Worker(servers, client_id=client_id, reactor=reactor)
        self._reactor = reactor
        self._down = ServerUnavailable(down)
        self._queue: SimpleQueue[OpenJob | Exception] = SimpleQueue()
        self._waiting: Deferred[None] | None = None  # until something is in the queue
        self._open: set[OpenJob] = set()
        for name in names:
            self.register(name)

    def start(self) -> None:
        """Connect, and ask for jobs."""
        self.worker.start()
        self.worker.when_down().addCallback(lambda _: self.interrupt())

    def register(self, name: str | bytes) -> None:
        """Take jobs of a function."""
        self.worker.register(name, self._take, place="reactor")

    def unregister(self, name: str | bytes) -> None:
        """Take no more jobs of a function."""
        self.worker.unregister(name)

    def _take(self, job: WorkerJob) -> Deferred[bytes]:
        open_job = OpenJob(job, self)
        if self.worker.is_stopping:
            # No thread runs it any more; the job server must give it to another worker.
            self._reactor.callLater(0, self.worker.give_back)
        self.worker.pause()
        self._open.add(open_job)
        open_job.outcome.addBoth(self._forget, open_job)
        self._put(open_job)
        return open_job.outcome

    def _forget(self, outcome: Any, open_job: OpenJob) -> Any:
        self._open.discard(open_job)
        return outcome

    def next_job(self, timeout: float | None) -> OpenJob | None:
        """Have the worker ask for a job and wait for it, in the thread that runs them.

        Returns:
            The job; None when none came in time.

        Raises:
            ServerUnavailable: all job servers are down.
            ReactorUnavailable: the reactor has ended.
        """
        with suppress(TimedOut):  # a job may have come just now
            THREAD.call(self._go_on, timeout=timeout)
        try:
            found = self._queue.get_nowait()
        except Empty:
            return None
        if isinstance(found, Exception):
            raise found
        return found

    def _go_on(self) -> Deferred[None]:
        """Ask for the next job: the thread has finished the last one.

        Returns:
            Fires when something is in the queue.
        """
        if not self._queue.empty():
            return succeed(None)
        self.worker.resume()
        self._waiting = Deferred(self._forget_waiting)
        return self._waiting

    def _forget_waiting(self, _waiting: Deferred[None]) -> None:
        self._waiting = None

    def _put(self, found: OpenJob | Exception) -> None:
        self._queue.put(found)
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(None)

    def interrupt(self) -> None:
        """End the waiting of the thread as if all job servers were down."""
        self._put(self._down)

    def end(self) -> Deferred[Any]:
        """Disconnect; give unfinished jobs back.

        Returns:
            Fires when the worker has ended, after two seconds at most; never fails.
        """
        if self._open:
            return self.worker.give_back("work() has ended")
        stopping = self.worker.stop("work() has ended")
        stopping.addTimeout(LEAVE_SECONDS, self._reactor)
        return stopping.addErrback(lambda _: self.worker.give_back())


def start_session(
    reactor: Any,
    servers: Iterable[Server],
    client_id: str | bytes | None,
    names: Iterable[str | bytes],
    down: str,
) -> WorkSession:
    """Return a session that is started; its arguments are those of :class:`WorkSession`."""
    session = WorkSession(reactor, servers, client_id, names, down)
    session.start()
    return session
