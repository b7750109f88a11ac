"""A task, as the caller of a client sees it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred

from gearman_tx.client.submission import Submission
from gearman_tx.client.updates import JobStatus, Update

T = TypeVar("T")


class Task(Generic[T]):
    """A submitted task, returned by ``Client.submit``: its handle, updates and result.

    ``await task`` gives the result; for a background task, which has none, it gives the handle.
    ``async for update in task`` gives :class:`Data`, :class:`Warning` and :class:`Status` values
    until the task ends. Each Deferred is made on demand, so a program that only wants the result
    has no second failure to handle.

    Attributes:
        function: the function's name, without the client's namespace.
        unique: the key that joins submissions into one job.
        workload: the submitted value, before its encoding.
        is_background: whether it is a background task, without a result.
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
        """The server's handle for the job, or None before a server has accepted it.

        A task that is tried again gets a new handle each time it is accepted.
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

        It fails with Refused when the server refuses the task, with NoServer when no server was up
        in time, with ConnectionLost when the client is closed, with TimedOut when the timeout has
        passed, with CancelledError when the task is cancelled. Cancelling it cancels the task.
        """
        return self._submission.when_accepted()

    @property
    def result(self) -> Deferred[T]:
        """A new Deferred that fires with the decoded result; for a background task, the handle.

        It fails as :attr:`accepted` does and also with JobFailed when the job failed, with
        JobException when the worker sent an exception, with ConnectionLost when the server that had
        accepted the task was lost, and with the encoder's error when it cannot decode the result.
        Cancelling it cancels the task.
        """
        return self._submission.when_done()

    def __await__(self) -> Generator[Deferred[T], Any, T]:
        if self._submission.is_done:  # saves a Deferred
            value: T = self._submission.outcome()
            return value
        return (yield from self.result.__await__())

    def __aiter__(self) -> Task[T]:
        self._submission.updates.begin()
        return self

    async def __anext__(self) -> Update:
        """Return the next update; the loop ends when the task does, also when it fails."""
        return await self._submission.updates.next()

    def next_updates(self) -> Deferred[list[Update]]:
        """Return all updates since the last call: fewer wake-ups than one for each update.

        Returns:
            Fires with at least one update, or with none when the task has ended; never fails.
            Cancelling it only stops the waiting.
        """
        updates = self._submission.updates
        updates.begin()
        return Deferred.fromCoroutine(updates.take())

    def status(self) -> Deferred[JobStatus]:
        """Ask the server that accepted the task for its status.

        Returns:
            Fires with the status; a job that has ended is unknown. Waits for the acceptance and
            fails as :attr:`accepted` does. Also fails with ConnectionLost when the server is down
            or lost, with TimedOut when it does not answer. Before the acceptance, cancelling it
            cancels the task; afterwards, it only stops the waiting.
        """
        return self._submission.when_accepted().addCallback(self._ask)

    def _ask(self, handle: bytes) -> Deferred[JobStatus]:
        server = self._submission.server
        assert server is not None, "set when it was accepted"
        return server.job_status(handle)

    def cancel(self) -> None:
        """Cancel the task: all its Deferreds fail with CancelledError.

        A task that was not sent yet is never sent. Gearman clients cannot take back a job, so a
        task that was sent may still run; packets that arrive about it are ignored.
        """
        self._submission.cancel()

    def __repr__(self) -> str:
        state = "done" if self.is_done else "waiting" if self.handle is None else "accepted"
        names = b" ".join(filter(None, (self.function, self.handle)))
        return f"<Task {names.decode('utf-8', 'replace')} {state}>"
