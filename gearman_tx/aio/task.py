"""A task, as an asyncio program sees it."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Generic, TypeVar

from twisted.internet.defer import CancelledError

from gearman_tx import client
from gearman_tx.aio.bridge import in_reactor
from gearman_tx.client import JobStatus, Update
from gearman_tx.errors import ConnectionLost
from gearman_tx.reactor_thread import THREAD

T = TypeVar("T")


class Task(Generic[T]):
    """A submitted task, returned by ``Client.submit``: its handle, updates and result.

    ``await task`` gives the result; for a background task, which has none, it gives the handle.
    ``async for update in task`` gives :class:`Data`, :class:`Warning` and :class:`Status` values
    until the task ends. Cancelling the coroutine that waits for one of these cancels the task;
    ``asyncio.shield`` prevents it.

    Attributes:
        workload: the submitted value, before its encoding.
        has_come: whether the event loop was told of its end; only for batches.
    """

    __slots__ = ("_decode", "_process", "_task", "_updates", "has_come", "workload")

    def __init__(self, task: client.Task[bytes], workload: T, decode: Callable[[bytes], T]) -> None:
        self.workload = workload
        self._task = task
        self._decode = decode
        self._process = os.getpid()
        self._updates: deque[Update] | None = None
        self.has_come = False

    @property
    def function(self) -> bytes:
        """The function's name, without the client's namespace."""
        return self._task.function

    @property
    def unique(self) -> bytes:
        """The key that joins submissions into one job."""
        return self._task.unique

    @property
    def is_background(self) -> bool:
        """Whether it is a background task, without a result."""
        return self._task.is_background

    @property
    def handle(self) -> bytes | None:
        """The server's handle for the job, or None before a server has accepted it.

        A task that is tried again gets a new handle each time it is accepted.
        """
        return self._task.handle

    @property
    def server(self) -> str | None:
        """The name of the job server that accepted the task last, or None before that."""
        return self._task.server

    @property
    def is_done(self) -> bool:
        """Whether the task has ended; a background task ends when a server has accepted it."""
        return self._task.is_done

    def __await__(self) -> Generator[Any, Any, T]:
        return self._result().__await__()

    async def _result(self) -> T:
        if self.has_come:
            try:
                data = await self._task  # has ended, so it gives the outcome at once
            except CancelledError:
                raise asyncio.CancelledError from None
        else:
            data = await self._ask(lambda: self._task.result)
        # The handle of a background task is no value that the encoder made.
        return data if self.is_background else self._decode(data)  # type: ignore[return-value]

    async def accepted(self) -> bytes:
        """Wait until a server has accepted the task, and return the handle.

        For a background task this means that the job is as safe as that server makes it. The
        waiting ends with ``asyncio.CancelledError`` when the task is cancelled.

        Raises:
            Refused: the server refuses the task.
            NoServer: no server was up in time.
            ConnectionLost: the client was closed.
            TimedOut: the timeout has passed.
        """
        handle: bytes = await self._ask(lambda: self._task.accepted)
        return handle

    def __aiter__(self) -> Task[T]:
        return self

    async def __anext__(self) -> Update:
        """Return the next update; the loop ends when the task does, also when it fails."""
        if not self._updates:
            self._updates = deque(await self._ask(self._task.next_updates))
        if not self._updates:
            raise StopAsyncIteration
        return self._updates.popleft()

    async def status(self) -> JobStatus:
        """Wait until the task is accepted, and ask its server for its status.

        Returns:
            The status; a job that has ended is unknown.

        Raises:
            ConnectionLost: the server is down or lost; also as :meth:`accepted`.
            TimedOut: the server does not answer.
        """
        await self.accepted()
        status: JobStatus = await in_reactor(self._task.status)
        return status

    def cancel(self) -> None:
        """Cancel the task: who waits for it gets ``asyncio.CancelledError``.

        A task that was not sent yet is never sent. Gearman clients cannot take back a job, so a
        task that was sent may still run; packets that arrive about it are ignored.
        """
        if self._process == os.getpid():
            THREAD.post(self._task.cancel)

    async def _ask(self, function: Callable[[], Awaitable[Any]]) -> Any:
        """Wait for something of the task; cancel the task when the waiting is cancelled."""
        if self._process != os.getpid():
            text = "the task was submitted by the process from which this one was forked"
            raise ConnectionLost(text)
        try:
            return await in_reactor(function)
        except asyncio.CancelledError:
            self.cancel()
            raise

    def __repr__(self) -> str:
        return repr(self._task)
