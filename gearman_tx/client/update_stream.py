"""The updates of one task, kept until the caller iterates over them."""

from __future__ import annotations

from collections import deque
from typing import Final

from twisted.internet.defer import Deferred

from gearman_tx.client.updates import Status, Update

MOST_KEPT: Final = 1000
"""Most updates kept for a task before the caller iterates; the oldest are dropped first."""

MOST_KEPT_BYTES: Final = 1024 * 1024
"""Most bytes of data and warnings kept for such a task."""


class UpdateStream:
    """The updates of one task, in order of arrival.

    Nothing is dropped once the caller iterates. Before that the number is limited, because most
    programs never ask for updates.
    """

    __slots__ = ("_is_read", "_kept", "_kept_bytes", "_reader", "is_over")

    def __init__(self) -> None:
        self.is_over = False
        self._is_read = False
        self._kept: deque[Update] = deque()
        self._kept_bytes = 0
        self._reader: Deferred[None] | None = None

    @property
    def is_read(self) -> bool:
        """Whether the caller has begun to iterate."""
        return self._is_read

    def begin(self) -> None:
        """Note that the caller iterates: from now on nothing is dropped."""
        self._is_read = True

    def put(self, update: Update) -> None:
        """Add an update and wake the reader."""
        self._kept.append(update)
        self._kept_bytes += _size(update)
        if not self._is_read:
            while len(self._kept) > MOST_KEPT or self._kept_bytes > MOST_KEPT_BYTES:
                self._kept_bytes -= _size(self._kept.popleft())
        self._wake()

    def end(self) -> None:
        """Note that no more updates come."""
        self.is_over = True
        self._wake()

    async def next(self) -> Update:
        """Return the oldest unread update; wait until there is one.

        Raises:
            StopAsyncIteration: the task has ended and all its updates are read.
            RuntimeError: another loop waits for the next update already.
        """
        await self._wait()
        if not self._kept:
            raise StopAsyncIteration
        update = self._kept.popleft()
        self._kept_bytes -= _size(update)
        return update

    async def take(self) -> list[Update]:
        """Return all unread updates; wait until there is one.

        Returns:
            The updates; none when the task has ended and all its updates are read.

        Raises:
            RuntimeError: another loop waits for the next update already.
        """
        await self._wait()
        updates = list(self._kept)
        self._kept.clear()
        self._kept_bytes = 0
        return updates

    async def _wait(self) -> None:
        while not (self._kept or self.is_over):
            if self._reader is not None:
                raise RuntimeError("two loops wait for the next update of one task")
            self._reader = Deferred()
            try:
                await self._reader
            finally:
                self._reader = None

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.called:
            self._reader.callback(None)


def _size(update: Update) -> int:
    return 0 if isinstance(update, Status) else len(update.data)
