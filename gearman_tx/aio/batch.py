"""Many tasks from one source of workloads, for asyncio programs.

Theory of operation. The source is read in the program's event loop, and there the tasks are
prepared. One call of the reactor starts all tasks that are prepared by then, and one call of the
loop brings the ends of all tasks that have ended by then.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, Callable, Coroutine, Generator, Iterable
from concurrent.futures import InvalidStateError
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from typing_extensions import override

from gearman_tx.aio.bridge import in_loop
from gearman_tx.aio.task import Task
from gearman_tx.client.submission import Submission
from gearman_tx.client.window import TaskWindow
from gearman_tx.reactor_thread import THREAD
from gearman_tx.reactor_thread.outcome import Outcome

T = TypeVar("T")


class Batch(TaskWindow[T, Task[T]]):
    """The tasks of one source of workloads, returned by ``Client.submit_many``.

    ``async for task in batch`` gives each task when it has ended, in the order of the source or, if
    so chosen, in the order of their ends. ``await task`` then gives the result at once, or raises
    the task's error. ``await batch`` gives a list of all results, or raises the first failure. A
    batch can be iterated over once, in one event loop. Cancelling the coroutine that waits cancels
    the tasks that have not ended.

    Args:
        prepare: makes the submission and the task for one workload.
        workloads: the source.
        timeout: seconds that each task may take in all, or None.
        window: how many tasks may be submitted and not yet taken.
        in_order: whether tasks are given in the order of the source, or of their ends.

    Raises:
        ValueError: the window is below 1.
    """

    def __init__(  # the client is the only caller
        self,
        prepare: Callable[[T], tuple[Submission[Any], Task[T]]],
        workloads: Iterable[T] | AsyncIterable[T],
        *,
        timeout: float | None,
        window: int,
        in_order: bool,
    ) -> None:
        super().__init__(workloads, window=window, in_order=in_order)
        self._make = prepare
        self._timeout = timeout
        self._prepared: deque[Submission[Any]] = deque()
        self._is_starting = False  # a call of the reactor is pending
        self._ended: deque[Task[T]] = deque()
        self._is_calling = False  # a call of the loop is pending
        self._call_loop: Callable[..., None] | None = None
        self._waiting: Outcome | None = None
        self._reader: asyncio.Task[None] | None = None

    def __await__(self) -> Generator[Any, Any, list[T]]:
        return self.results().__await__()

    async def results(self) -> list[T]:
        """Collect the results of all tasks; for background tasks, the handles.

        Returns:
            The results, in the order in which the batch gives its tasks.

        Raises:
            Exception: the first failure; it cancels the remaining tasks.
        """
        try:
            return [await task async for task in self]
        finally:
            self.cancel()

    @override
    async def __anext__(self) -> Task[T]:
        """Return the next task that has ended; see ``TaskWindow``."""
        if self._call_loop is None:
            loop = asyncio.get_running_loop()
            self._call_loop = in_loop(loop, copy_context(), self._take_ended)
        try:
            return await super().__anext__()
        except asyncio.CancelledError:
            self.cancel()
            raise

    @override
    def cancel(self) -> None:
        """Stop reading the source, and cancel the tasks that have not ended."""
        super().cancel()
        if self._reader is not None:
            self._reader.cancel()

    @override
    def _has_next(self) -> bool:
        return bool(self._ready) and self._ready[0].has_come

    @override
    def _prepare(self, workload: T) -> tuple[Submission[Any], Task[T]]:
        return self._make(workload)

    @override
    def _start(self, submission: Submission[Any], task: Task[T]) -> None:
        submission.on_end = partial(self._has_ended, task)
        self._prepared.append(submission)
        if not self._is_starting:
            self._is_starting = True
            THREAD.begin(self._start_prepared)

    def _start_prepared(self) -> None:
        """In the reactor's thread: start the tasks that are prepared."""
        self._is_starting = False  # first, so that what is prepared from now on calls again
        while self._prepared:
            self._prepared.popleft().start(self._timeout)

    def _has_ended(self, task: Task[T]) -> None:
        """In the reactor's thread: tell the loop of an end."""
        self._ended.append(task)
        if not self._is_calling:
            self._is_calling = True
            assert self._call_loop is not None, "set before the first task"
            self._call_loop()

    def _take_ended(self) -> None:
        """In the loop: note the ends."""
        self._is_calling = False  # first, as above
        is_awaited = False
        while self._ended:
            task = self._ended.popleft()
            task.has_come = True
            is_awaited |= self._add_ended(task)
        if is_awaited:
            self._wake()

    @override
    async def _wait(self) -> None:
        # The reactor's thread fails this if the reactor ends.
        self._waiting = THREAD.begin(Deferred)
        try:
            await asyncio.wrap_future(self._waiting)
        finally:
            self._waiting = None

    @override
    def _wake(self) -> None:
        if self._waiting is not None:
            with suppress(InvalidStateError):
                self._waiting.set_result(None)

    @override
    def _spawn(self, reader: Coroutine[Any, Any, None]) -> None:
        self._reader = asyncio.get_running_loop().create_task(reader)
