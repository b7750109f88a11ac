"""The tasks submitted, the jobs run and their outcomes, with the checks of the invariants."""

from __future__ import annotations

from typing import Any, Final

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred

from gearman_tx import (
    Client,
    ConnectionLost,
    JobException,
    JobFailed,
    NoServer,
    Task,
    TimedOut,
    Worker,
    WorkerJob,
)

COMPLETE: Final = "complete"
FAIL: Final = "fail"
RAISE: Final = "raise"


class OnPurpose(Exception):  # no error of the package
    """The exception that a function raises in order to fail."""


@define(eq=False)
class Submitted:
    """One task that a client submitted.

    Attributes:
        task: the task.
        function: its function.
        workload: its workload, which no other task has.
        unique: its unique; empty for none.
        has_timeout: whether its time is limited.
        is_repeatable: whether it may run more than once without anything being lost.
        ends: each value or error that ``task.result`` fired with.
        accepts: each value or error that ``task.accepted`` fired with.
        is_cancelled: whether the test cancelled it.
    """

    task: Task[bytes]
    function: bytes
    workload: bytes
    unique: bytes
    has_timeout: bool
    is_repeatable: bool
    ends: list[Any] = field(factory=list)
    accepts: list[Any] = field(factory=list)
    is_cancelled: bool = False


@define(eq=False)
class Run:
    """One job that a function was given.

    Attributes:
        number: its place among all runs.
        worker: the worker that runs it.
        job: the argument of the function.
        unique: the unique with which it was submitted.
        done: the Deferred that the function returned.
        outcome: how the function ended; empty while it runs, or when it was cancelled.
    """

    number: int
    worker: Worker
    job: WorkerJob
    unique: bytes
    done: Deferred[bytes] = field(factory=Deferred)
    outcome: str = ""

    @property
    def is_over(self) -> bool:
        """Whether the function has ended."""
        return self.done.called

    @property
    def result(self) -> bytes:
        """The result of this run, which no other run has."""
        return b"%b by run %d" % (self.job.workload, self.number)

    def end(self, outcome: str) -> None:
        """Let the function end."""
        self.outcome = outcome
        if outcome == COMPLETE:
            self.done.callback(self.result)
        elif outcome == FAIL:
            self.done.errback(JobFailed(self.job.function, self.job.handle))
        else:
            self.done.errback(OnPurpose("on purpose"))


@define(eq=False)
class Record:
    """Everything that happened.

    Attributes:
        submitted: the tasks, by their workload.
        runs: the jobs that functions were given, in order.
        is_fair: whether no connection, server or job was lost or given back yet.
        has_closed: whether a client was closed.
    """

    submitted: dict[bytes, Submitted] = field(factory=dict)
    runs: list[Run] = field(factory=list)
    is_fair: bool = True
    has_closed: bool = False

    def submit(
        self, client: Client[Any], function: bytes, *, cancels_rivals: bool = False, **options: Any
    ) -> None:
        """Submit a task, and record its outcome.

        Args:
            client: submits it.
            function: the function.
            cancels_rivals: whether its end cancels all other tasks with its unique.
            options: the other options of the task.
        """
        workload = b"task %d" % len(self.submitted)
        task = client.submit(function, workload, **options)
        has_timeout = bool(options.get("timeout") or options.get("try_timeout"))
        one = Submitted(
            task,
            function,
            workload,
            options.get("unique", b""),
            has_timeout=has_timeout,
            is_repeatable=options.get("retries", 0) > 0 or has_timeout,
        )
        self.submitted[workload] = one
        if cancels_rivals and one.unique:
            task.result.addBoth(lambda _: self.cancel_rivals(one))
        note(task.result, one.ends)
        note(task.accepted, one.accepts)

    def cancel_rivals(self, one: Submitted) -> None:
        """Cancel all other tasks with the unique of ``one``, in the callback of its end."""
        for rival in self.submitted.values():
            if rival is not one and rival.unique == one.unique:
                rival.is_cancelled = True
                rival.task.cancel()

    def begin(self, worker: Worker, job: WorkerJob) -> Run:
        """Record a job that a function is given; it must be as it was submitted."""
        known = self.submitted.get(job.workload)
        assert known is not None, f"{job} runs, and was not submitted"
        assert known.function == job.function, job
        # A worker whose first grab request was not answered may send GRAB_JOB: no unique then.
        assert job.unique in {known.unique, b""}, job
        run = Run(len(self.runs), worker, job, known.unique)
        self.runs.append(run)
        return run

    def runs_of(self, one: Submitted) -> list[Run]:
        """Return the runs whose outcome a task may have: its own, and those with its unique."""
        return [
            run
            for run in self.runs
            if run.job.function == one.function
            and (
                run.job.workload == one.workload or (bool(one.unique) and run.unique == one.unique)
            )
        ]

    def check(self) -> None:
        """Check all tasks and all workers."""
        for one in self.submitted.values():
            self.check_task(one)
        for worker in {run.worker for run in self.runs}:
            held = [run for run in self.runs if run.worker is worker and not run.is_over]
            assert len(held) <= worker.concurrency, "a worker runs more than it may"

    def check_task(self, one: Submitted) -> None:
        """Check that a task has ended at most once, with an allowed outcome."""
        assert len(one.ends) == int(one.task.is_done), one
        assert len(one.accepts) <= 1, one
        own = [run for run in self.runs if run.job.workload == one.workload]
        if self.is_fair and not one.is_repeatable:
            assert len(own) <= 1, f"nothing was lost, and {one.workload!r} ran {len(own)} times"
        for end in one.ends:
            assert self.is_allowed(one, end), f"{one} ended with {end!r}"

    def is_allowed(self, one: Submitted, end: Any) -> bool:
        """Return whether a task may have ended with ``end``."""
        outcomes = {run.outcome for run in self.runs_of(one)}
        if isinstance(end, bytes):
            if one.task.is_background:
                return end.startswith(b"H:")
            return any(run.outcome == COMPLETE and run.result == end for run in self.runs_of(one))
        if isinstance(end, JobException):
            return RAISE in outcomes
        if isinstance(end, JobFailed):
            return FAIL in outcomes
        if isinstance(end, ConnectionLost | NoServer):
            return self.has_closed or not self.is_fair
        if isinstance(end, TimedOut):
            return one.has_timeout
        return isinstance(end, CancelledError) and one.is_cancelled


def note(waiting: Deferred[Any], ends: list[Any]) -> None:
    """Record each value or error that ``waiting`` fires with."""
    waiting.addCallbacks(ends.append, lambda failure: ends.append(failure.value))
