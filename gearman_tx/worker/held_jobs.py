"""The jobs that a worker holds: run them, send their outcomes, free their slots.

Theory of operation. A job takes a slot until its function has ended. A job server may assign a job
that still runs here: its time limit has passed, or its connection was lost. The function is never
run twice at once for one job. The new assignment takes no slot of its own and waits for the end of
the run. If the run was not lost with its connection, its outcome answers the assignment; otherwise
the function is run again, in the same slot.

A run that was lost with its connection is of no use, and its function may have noticed that. A
function in the reactor is cancelled when such a job comes again. A thread or process is waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from attrs import define
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from gearman_tx.worker.connection import WorkerConnection
from gearman_tx.worker.execution import Execution
from gearman_tx.worker.functions import PROCESS, REACTOR, WorkerFunction
from gearman_tx.worker.job import WorkerJob, is_same
from gearman_tx.worker.slots import Slots

_MOST_NAMED: Final = 10
_log = Logger("gearman_tx.worker")


class _Assignment(NamedTuple):
    """A job that a job server assigned."""

    connection: WorkerConnection
    job: WorkerJob
    function: WorkerFunction


@define(eq=False)
class _Run:
    """A function that runs.

    Attributes:
        outcome: fires with the last packets about the job.
        started: when it was started, in seconds of the clock.
        again: the newest assignment of the job since then, or None.
    """

    outcome: Deferred[Any]
    started: float
    again: _Assignment | None = None


class HeldJobs:
    """The jobs that a worker was given and has not ended.

    Args:
        execution: runs them.
        slots: the slots that they take.
        seconds: tells the time.
        ended: called each time a job is over.
    """

    def __init__(
        self,
        execution: Execution,
        slots: Slots,
        seconds: Callable[[], float],
        ended: Callable[[], None],
    ) -> None:
        self._execution = execution
        self._slots = slots
        self._seconds = seconds
        self._ended = ended
        self._running: dict[WorkerJob, _Run] = {}
        # The jobs among them that were lost with their connections, by server and handle.
        self._lost: dict[tuple[str, bytes], WorkerJob] = {}

    def take(self, connection: WorkerConnection, job: WorkerJob, function: WorkerFunction) -> None:
        """Run a job that came over ``connection``, and send the outcome over it."""
        assignment = _Assignment(connection, job, function)
        running = self._find_running(job)
        if running is None:
            self._start(assignment)
        else:
            self._wait_for(running, assignment)

    def _find_running(self, job: WorkerJob) -> WorkerJob | None:
        """Return the same job if its function still runs."""
        if job in self._running:
            return job
        lost = self._lost.get((job.server, job.handle)) if self._lost else None
        return lost if lost is not None and is_same(lost, job) else None

    def _wait_for(self, running: WorkerJob, assignment: _Assignment) -> None:
        """Let an assignment wait for the end of the run of its job."""
        run = self._running[running]
        function = assignment.function
        is_ending = function.place == PROCESS and function.timeout > 0  # which is logged, too
        if run.again is None and not is_ending:
            _log.warn(
                "job server {server} assigned {job} again, which still runs; it is not run twice at"
                " once",
                server=running.server,
                job=_describe(running, run, self._seconds()),
            )
        run.again = assignment
        self._slots.job_ended()  # the run has a slot already
        if running.is_lost and function.place == REACTOR:
            run.outcome.cancel()

    def _start(self, assignment: _Assignment) -> None:
        job = assignment.job
        outcome = self._execution.run(assignment.function, job)
        if isinstance(outcome, bytes):
            self._finish(assignment, outcome)
        else:
            self._running[job] = _Run(outcome, self._seconds())
            outcome.addCallback(lambda packets: self._finish(assignment, packets))

    def _finish(self, assignment: _Assignment, packets: bytes) -> None:
        connection, job, function = assignment
        run = self._running.pop(job, None)
        if job.is_lost:
            self._forget_lost(job)
        if run is not None and run.again is not None and not run.again.job.is_lost:
            if job.is_lost or not packets:
                self._start(run.again)
                return
            connection, job, function = run.again
        try:
            connection.end(job, packets)
        except Exception:  # noqa: BLE001  # its slot must become free all the same
            _log.failure("a job could not be ended")
        self._slots.job_ended()
        self._ended()
        connection.sleep_after(function)

    def lose(self, jobs: Iterable[WorkerJob]) -> None:
        """Note jobs that were lost with their connection, so that none is run twice at once."""
        for job in jobs:
            if job in self._running:
                self._lost[job.server, job.handle] = job

    def _forget_lost(self, job: WorkerJob) -> None:
        if self._lost.get((job.server, job.handle)) is job:
            del self._lost[job.server, job.handle]

    def cancel(self) -> None:
        """Cancel all jobs that can be cancelled; see :meth:`Runner.run`."""
        for run in list(self._running.values()):
            run.again = None
            run.outcome.cancel()

    def describe(self) -> str:
        """Return the handles and functions of the running jobs, and how long each has run."""
        now = self._seconds()
        named = [_describe(job, run, now) for job, run in self._running.items()]
        more = len(named) - _MOST_NAMED
        return ", ".join(named[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _describe(job: WorkerJob, run: _Run, now: float) -> str:
    handle = job.handle.decode("ascii", "backslashreplace")
    function = job.function.decode("utf-8", "backslashreplace")
    return f"job {handle} of {function} (running for {now - run.started:.0f} s)"
