"""Many tasks from one source of workloads, with a limited number under way.

Theory of operation. The *window* limits how many tasks are submitted and not yet taken by the
caller. A place in it becomes free when the caller takes a task, so a slow caller slows down the
submission, and memory is bounded for a source of any length. The window is filled when an eighth of
it is free, so that one write to a server carries many tasks. An ordinary iterable is read at that
moment. An asynchronous iterable has a reader of its own, so that a slow source does not hold up
tasks that have ended.

A :class:`TaskWindow` knows neither Twisted nor asyncio: how to begin a task, to wait and to start
the reader is for its subclasses.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Coroutine, Iterable, Iterator
from typing import Any, Final, Generic, Protocol, Self, TypeVar

from gearman_tx.client.submission import Submission
from gearman_tx.values.kinds import check_count

DEFAULT_WINDOW: Final = 1000
"""Most tasks that are submitted and not yet taken by the caller."""

_SOURCES: Final = (Iterable, AsyncIterable)

_PARTS: Final = 8  # the window is filled when one of so many parts is free


class OpenTask(Protocol):
    """What a window asks of its tasks."""

    @property
    def is_done(self) -> bool:
        """Whether the task has ended."""

    def cancel(self) -> None:
        """Cancel the task."""


T = TypeVar("T")
K = TypeVar("K", bound=OpenTask)


class TaskWindow(ABC, Generic[T, K]):
    """The tasks of one source; the iteration gives each task when it has ended.

    Args:
        workloads: the source.
        window: how many tasks may be submitted and not yet taken.
        in_order: whether tasks are given in the order of the source, or of their ends.

    Raises:
        TypeError: the workloads are one workload, or no iterable.
        ValueError: the window is below 1.
    """

    def __init__(
        self, workloads: Iterable[T] | AsyncIterable[T], *, window: int, in_order: bool
    ) -> None:
        check_count("window", window)
        if isinstance(workloads, str | bytes) or not isinstance(workloads, _SOURCES):
            # The workload itself may be large or secret.
            kind = type(workloads).__name__
            raise TypeError(f"workloads is a list or another iterable of workloads, not {kind}")
        if window < 1:
            raise ValueError(f"a window of {window} tasks is below 1")
        self._window = window
        self._fill_at = window - max(1, window // _PARTS)  # open tasks
        self._in_order = in_order
        self._open: dict[K, None] = {}  # submitted and not taken
        self._ready: deque[K] = deque()  # tasks to be taken, in this order
        self._plain: Iterator[T] | None = None
        self._slow: AsyncIterator[T] | None = None
        if isinstance(workloads, AsyncIterable):
            self._slow = aiter(workloads)
        else:
            self._plain = iter(workloads)
        self._is_reading = False
        self._is_exhausted = False
        self._is_waiting = False
        self._source_error: Exception | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> K:
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
            if self._has_next():
                task = self._ready.popleft()
                del self._open[task]
                return task
            if self._is_exhausted and not self._open:
                error, self._source_error = self._source_error, None
                raise error or StopAsyncIteration
            if self._is_waiting:
                raise RuntimeError("two loops wait for the next task of one batch")
            self._is_waiting = True
            try:
                await self._wait()
            finally:
                self._is_waiting = False

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
                self._spawn(self._read())
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

    def _has_next(self) -> bool:
        """Return whether there is a task to be given."""
        return bool(self._ready) and self._ready[0].is_done

    def _begin(self, workload: T) -> None:
        submission, task = self._prepare(workload)
        self._open[task] = None
        if self._in_order:
            self._ready.append(task)
        self._start(submission, task)

    def _add_ended(self, task: K) -> bool:
        """Note that ``task`` has ended; return whether that ends the waiting."""
        if not self._in_order:
            self._ready.append(task)
        return self._is_waiting and self._has_next()

    def _fail(self, error: Exception) -> None:
        self._is_exhausted = True
        self._source_error = error

    @abstractmethod
    def _prepare(self, workload: T) -> tuple[Submission[Any], K]:
        """Return the submission and the task for ``workload``."""

    @abstractmethod
    def _start(self, submission: Submission[Any], task: K) -> None:
        """Start a task; call :meth:`_add_ended` when it has ended."""

    @abstractmethod
    async def _wait(self) -> None:
        """Wait until :meth:`_wake` is called."""

    @abstractmethod
    def _wake(self) -> None:
        """End the waiting, if there is one."""

    @abstractmethod
    def _spawn(self, reader: Coroutine[Any, Any, None]) -> None:
        """Run the reader of the source beside the iteration."""
