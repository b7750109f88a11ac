"""A task: what a client submitted, in the hands of the caller."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred

from gearman_tx.client.submission import Submission
from gearman_tx.client.updates import JobStatus, Update

T = TypeVar("T")


class Task(Generic[T]):
    """What ``Client.submit`` returns: the way to the handle, the updates and the result.

    ``await task`` gives the result; of a background task, which has none, it gives the handle.
    ``async for update in task`` gives :class:`Data`, :class:`Warning` and :class:`Status` values
    until the task ends. Each Deferred is made when it is asked for, so a program that wants the
    result alone has no second failure to handle.

    Attributes:
        function: what to do, without the client's namespace.
        unique: the key by which the server joins submissions into one job.
        workload: the value that was submitted, before its encoding.
        is_background: whether nobody waits for the result.
    """

    __slots__ = ("_submission", "function", "is_background", "unique", "workload")

    def __init__(self, submission: Submission[T], unique: bytes, workload: T) -> None:
        self.function = submission.function
        self.unique = unique
        self.workload = workload
        self.is_background = submission.is_background
        self._submission = submission

    @property
    def handle(self) -> bytes | None:
        """The server's name for the job, or None before a server has accepted it.

        A task that is tried again gets another handle each time it is accepted.
        """
        return self._submission.handle or None

    @property
    def server(self) -> str | None:
        """The name of the job server that accepted the task last, or None before that."""
        server = self._submission.server
        return None if server is None else server.name

    @property
    def is_done(self) -> bool:
        """Whether the task has ended; a background task ends when a server has accepted it."""
        return self._submission.is_done

    @property
    def accepted(self) -> Deferred[bytes]:
        """A new Deferred that fires with the handle, once a server has accepted the task.

        For a background task this means that the job is as safe as that server makes it.

        It fails with Refused when the server does not take the task, with NoServer when none was
        up for too long, with ConnectionLost when the client is closed, with TimedOut when the
        time is over, with CancelledError when the task is cancelled. Cancelling it cancels the
        task.
        """
        return self._submission.when_accepted()

    @property
    def result(self) -> Deferred[T]:
        """A new Deferred that fires with the result, decoded; of a background task, the handle.

        It fails as :attr:`accepted` does and, in addition, with JobFailed when the job failed,
        with JobException when its worker said why, with ConnectionLost when the server was lost
        that had accepted the task, and with what the encoder raises when the result is not what
        it can read. Cancelling it cancels the task.
        """
        return self._submission.when_done()

    def __await__(self) -> Generator[Deferred[T], Any, T]:
        if self._submission.is_done:  # no Deferred is needed to wait for nothing
            value: T = self._submission.outcome()
            return value
        return (yield from self.result.__await__())

    def __aiter__(self) -> Task[T]:
        self._submission.updates.begin()
        return self

    async def __anext__(self) -> Update:
        """Return the next update; the loop ends when the task does, well or not."""
        return await self._submission.updates.next()

    def status(self) -> Deferred[JobStatus]:
        """Ask the server that accepted the task how far it is.

        Returns:
            Fires with what the server knows, which is nothing once the job has ended; waits for
            the acceptance and fails as :attr:`accepted` does; fails with ConnectionLost when the
            server is down or lost, with TimedOut when it does not answer. Cancelling it before
            the acceptance cancels the task, and only stops the waiting afterwards.
        """
        return self._submission.when_accepted().addCallback(self._ask)

    def _ask(self, handle: bytes) -> Deferred[JobStatus]:
        server = self._submission.server
        assert server is not None, "set when it was accepted"
        return server.job_status(handle)

    def cancel(self) -> None:
        """Give the task up: every Deferred of it fails with CancelledError.

        A task that no server was sent yet is never sent. Gearman has no packet that takes a job
        back, so one that was sent may be run; whatever still arrives about it is dropped.
        """
        self._submission.cancel()

    def __repr__(self) -> str:
        state = "done" if self.is_done else "waiting" if self.handle is None else "accepted"
        names = b" ".join(filter(None, (self.function, self.handle)))
        return f"<Task {names.decode('utf-8', 'replace')} {state}>"
