"""Many tasks from one source of workloads, with a limited number under way.

Theory of operation. The *window* limits how many tasks are submitted and not yet taken by the
caller. A place in it becomes free when the caller takes a task, so a slow caller slows down the
submission, and memory is bounded for a source of any length. The window is filled when an eighth of
it is free, so that one write to a server carries many tasks. An ordinary iterable is read at that
moment. An asynchronous iterable has a reader of its own, so that a slow source does not hold up
tasks that have ended.

A waiting caller is woken when all packets of a read are handled: a wake-up costs more than all
other work for a task, and one read may end a hundred tasks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
)
from functools import partial
from typing import Any, Final, Generic, TypeVar

from twisted.internet.defer import Deferred

from gearman_tx.client.submission import Submission
from gearman_tx.client.task import Task

T = TypeVar("T")

DEFAULT_WINDOW: Final = 1000
"""Most tasks that are submitted and not yet taken by the caller."""

_PARTS: Final = 8  # the window is filled when one of so many parts is free


class Batch(Generic[T]):
    """The tasks of one source of workloads, returned by ``Client.submit_many``.

    ``async for task in batch`` gives each task when it has ended, in the order of the source or, if
    so chosen, in the order of their ends. ``await task`` then gives the result at once, or raises
    the task's error. ``await batch`` gives a list of all results, or raises the first failure. A
    batch can be iterated over once.

    Args:
        prepare: makes the submission and the task for one workload.
        soon: calls a function when the packets of the present read are handled.
        workloads: the source.
        timeout: seconds that each task may take in all, or None.
        window: how many tasks may be submitted and not yet taken.
        in_order: whether tasks are given in the order of the source, or of their ends.

    Raises:
        ValueError: the window is below 1.
    """

    def __init__(  # noqa: PLR0913  # the client is the only caller
        self,
        prepare: Callable[[T], tuple[Submission[T], Task[T]]],
        soon: Callable[[Callable[[], None]], None],
        workloads: Iterable[T] | AsyncIterable[T],
        *,
        timeout: float | None,
        window: int,
        in_order: bool,
    ) -> None:
        if window < 1:
            raise ValueError(f"a window of {window} tasks is below 1")
        self._prepare = prepare
        self._soon = soon
        self._timeout = timeout
        self._window = window
        self._fill_at = window - max(1, window // _PARTS)  # open tasks
        self._in_order = in_order
        self._open: dict[Task[T], None] = {}  # submitted and not taken
        self._ready: deque[Task[T]] = deque()  # tasks to be taken, in this order
        self._plain: Iterator[T] | None = None
        self._slow: AsyncIterator[T] | None = None
        if isinstance(workloads, AsyncIterable):
            self._slow = aiter(workloads)
        else:
            self._plain = iter(workloads)
        self._is_reading = False
        self._is_exhausted = False
        self._source_error: Exception | None = None
        self._waiting: Deferred[None] | None = None
        self._is_woken = False

    def __aiter__(self) -> Batch[T]:
        return self

    async def __anext__(self) -> Task[T]:
        """Return the next task that has ended.

        Raises:
            StopAsyncIteration: there are no more tasks.
            Exception: the error of the source, or of a workload that cannot be submitted, after
                all tasks before it.
            RuntimeError: another loop waits for the next task already.
        """
        while True:
            if len(self._open) <= self._fill_at and not self._is_exhausted:
                self._fill()
            if self._ready and self._ready[0].is_done:
                task = self._ready.popleft()
                del self._open[task]
                return task
            if self._is_exhausted and not self._open:
                error, self._source_error = self._source_error, None
                raise error or StopAsyncIteration
            if self._waiting is not None:
                raise RuntimeError("two loops wait for the next task of one batch")
            self._waiting = Deferred()
            try:
                await self._waiting
            finally:
                self._waiting = None

    def __await__(self) -> Generator[Deferred[list[T]], Any, list[T]]:
        return self.results().__await__()

    def results(self) -> Deferred[list[T]]:
        """Collect the results of all tasks; for background tasks, the handles.

        Returns:
            Fires with the results, in the order in which the batch gives its tasks. The first
            failure fails it and cancels the remaining tasks. Cancelling it cancels them too.
        """
        return Deferred.fromCoroutine(self._collect())

    async def _collect(self) -> list[T]:
        try:
            return [await task async for task in self]
        finally:
            self.cancel()

    def cancel(self) -> None:
        """Stop reading the source, and cancel the tasks that have not ended."""
        self._is_exhausted = True
        for task in list(self._open):
            if not task.is_done:
                task.cancel()

    def _fill(self) -> None:
        """Submit tasks until the window is full."""
        if self._plain is None:
            if not self._is_reading and not self._is_full:
                self._is_reading = True
                Deferred.fromCoroutine(self._read())
            return
        while not self._is_full:
            try:
                self._begin(next(self._plain))
            except StopIteration:
                self._is_exhausted = True
            except Exception as error:  # noqa: BLE001  # raised again after the tasks before it
                self._fail(error)

    async def _read(self) -> None:
        """Read the asynchronous source until the window is full."""
        assert self._slow is not None, "one of the two sources is there"
        try:
            while not self._is_full:
                workload = await anext(self._slow)
                if not self._is_exhausted:  # false if the batch was cancelled during the await
                    self._begin(workload)
        except StopAsyncIteration:
            self._is_exhausted = True
        except Exception as error:  # noqa: BLE001  # raised again after the tasks before it
            self._fail(error)
        finally:
            self._is_reading = False
            self._wake()

    @property
    def _is_full(self) -> bool:
        """Whether no more tasks may be submitted now."""
        return self._is_exhausted or len(self._open) >= self._window

    def _begin(self, workload: T) -> None:
        submission, task = self._prepare(workload)
        self._open[task] = None
        if self._in_order:
            self._ready.append(task)
        submission.on_end = partial(self._task_ended, task)
        submission.start(self._timeout)

    def _task_ended(self, task: Task[T]) -> None:
        if not self._in_order:
            self._ready.append(task)
        if self._waiting is not None and not self._is_woken and self._ready[0].is_done:
            self._is_woken = True
            self._soon(self._wake)

    def _fail(self, error: Exception) -> None:
        self._is_exhausted = True
        self._source_error = error

    def _wake(self) -> None:
        self._is_woken = False
        if self._waiting is not None and not self._waiting.called:
            self._waiting.callback(None)
