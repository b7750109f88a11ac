"""The tasks of one source of workloads, for programs on Twisted.

A waiting caller is woken when all packets of a read are handled: a wake-up costs more than all
other work for a task, and one read may end a hundred tasks.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Coroutine, Generator, Iterable
from functools import partial
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from typing_extensions import override

from gearman_tx.client.submission import Submission
from gearman_tx.client.task import Task
from gearman_tx.client.window import TaskWindow

T = TypeVar("T")


class Batch(TaskWindow[T, Task[T]]):
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
        super().__init__(workloads, window=window, in_order=in_order)
        self._make = prepare
        self._soon = soon
        self._timeout = timeout
        self._waiting: Deferred[None] | None = None
        self._is_woken = False

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

    @override
    def _prepare(self, workload: T) -> tuple[Submission[T], Task[T]]:
        return self._make(workload)

    @override
    def _start(self, submission: Submission[Any], task: Task[T]) -> None:
        submission.on_end = partial(self._task_ended, task)
        submission.start(self._timeout)

    def _task_ended(self, task: Task[T]) -> None:
        if self._add_ended(task) and not self._is_woken:
            self._is_woken = True
            self._soon(self._wake)

    @override
    async def _wait(self) -> None:
        self._waiting = Deferred()
        try:
            await self._waiting
        finally:
            self._waiting = None

    @override
    def _wake(self) -> None:
        self._is_woken = False
        if self._waiting is not None and not self._waiting.called:
            self._waiting.callback(None)

    @override
    def _spawn(self, reader: Coroutine[Any, Any, None]) -> None:
        Deferred.fromCoroutine(reader)
