"""Many tasks from one source: as many under way as the window allows, never more.

Theory of operation. A *window* of tasks is submitted and not yet handed to the caller. A place in
it becomes free when the caller takes a task, so a caller who is slow slows the submitting down, and
memory is bounded however long the source is. The window is filled when an eighth of it is free, so
that a write to a server takes many tasks. An ordinary iterable is read then; an asynchronous one
by a reader of its own, so that a source which is slow to give the next workload does not hold up
tasks that have ended.

A caller who waits is woken when all packets of a read are dealt with: waking costs more than all
the rest that is done for a task, and one read may end a hundred of them.
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
"""Tasks that are submitted and not yet taken by the caller."""

_PARTS: Final = 8  # of the window; it is filled when one of them is free


class Batch(Generic[T]):
    """What ``Client.submit_many`` returns: the tasks of one source, each as soon as it has ended.

    ``async for task in batch`` gives the tasks, in the order of the source unless it was asked
    for otherwise; ``await task`` then gives the result at once, or raises why there is none.
    ``await batch`` gives all the results in a list, or raises the first failure. It can be gone
    through once.

    Args:
        prepare: makes the submission of one workload, and the task that stands for it.
        soon: calls a function when the packets of the present read are dealt with.
        workloads: where they come from.
        timeout: seconds that each task may take in all, or None.
        window: how many tasks may be submitted and not yet taken.
        in_order: whether tasks are given in the order of the source, or of their ends.

    Raises:
        ValueError: the window is not at least 1.
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
        self._ready: deque[Task[T]] = deque()  # those in the order in which they are to be taken
        self._plain: Iterator[T] | None = None
        self._slow: AsyncIterator[T] | None = None
        if isinstance(workloads, AsyncIterable):
            self._slow = aiter(workloads)
        else:
            self._plain = iter(workloads)
        self._is_reading = False
        self._is_exhausted = False
        self._trouble: Exception | None = None  # what the source raised
        self._waiting: Deferred[None] | None = None
        self._is_woken = False

    def __aiter__(self) -> Batch[T]:
        return self

    async def __anext__(self) -> Task[T]:
        """Return the next task that has ended.

        Raises:
            StopAsyncIteration: there are no more.
            Exception: what the source raised, or what a workload that cannot be submitted
                raised, after all tasks before it.
            RuntimeError: another loop is waiting for the next task.
        """
        while True:
            if len(self._open) <= self._fill_at and not self._is_exhausted:
                self._fill()
            if self._ready and self._ready[0].is_done:
                task = self._ready.popleft()
                del self._open[task]
                return task
            if self._is_exhausted and not self._open:
                trouble, self._trouble = self._trouble, None
                raise trouble or StopAsyncIteration
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
        """Go through all tasks and collect their results: of background tasks, the handles.

        Returns:
            Fires with the results, in the order of the source unless it was asked for otherwise.
            The first failure fails it and cancels what is under way. Cancelling it does so too.
        """
        return Deferred.fromCoroutine(self._collect())

    async def _collect(self) -> list[T]:
        try:
            return [await task async for task in self]
        finally:
            self.cancel()

    def cancel(self) -> None:
        """Read no more of the source, and cancel the tasks that have not ended."""
        self._is_exhausted = True
        for task in list(self._open):
            if not task.is_done:
                task.cancel()

    def _fill(self) -> None:
        """Submit as long as there is a place in the window."""
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
            except Exception as error:  # noqa: BLE001  # raised again when its turn comes
                self._fail(error)

    async def _read(self) -> None:
        """Read the asynchronous source as long as there is a place in the window."""
        assert self._slow is not None, "one of the two sources is there"
        try:
            while not self._is_full:
                workload = await anext(self._slow)
                if not self._is_exhausted:  # else it was cancelled meanwhile
                    self._begin(workload)
        except StopAsyncIteration:
            self._is_exhausted = True
        except Exception as error:  # noqa: BLE001  # raised again when its turn comes
            self._fail(error)
        finally:
            self._is_reading = False
            self._wake()

    @property
    def _is_full(self) -> bool:
        """Whether no more may be submitted now."""
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

    def _fail(self, trouble: Exception) -> None:
        self._is_exhausted = True
        self._trouble = trouble

    def _wake(self) -> None:
        self._is_woken = False
        if self._waiting is not None and not self._waiting.called:
            self._waiting.callback(None)
