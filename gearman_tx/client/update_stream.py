"""The updates of one task, kept until somebody iterates over them."""

from __future__ import annotations

from collections import deque
from typing import Final

from twisted.internet.defer import Deferred

from gearman_tx.client.updates import Status, Update

MOST_KEPT: Final = 1000
"""Updates that are kept of a task over which nobody has begun to iterate; the oldest go first."""

MOST_KEPT_BYTES: Final = 1024 * 1024
"""Bytes of data and warnings that are kept of such a task."""


class UpdateStream:
    """The updates of one task in the order in which they came.

    From the moment somebody iterates, nothing is dropped. Before that there is a limit, since most
    programs never ask for updates, and what they do not ask for must not grow.
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
        """Whether somebody has begun to iterate."""
        return self._is_read

    def begin(self) -> None:
        """Note that somebody iterates: from now on nothing is dropped."""
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
        """Note that nothing more comes."""
        self.is_over = True
        self._wake()

    async def next(self) -> Update:
        """Return the oldest update that nobody has read, once there is one.

        Raises:
            StopAsyncIteration: the task has ended and all its updates are read.
            RuntimeError: somebody else is waiting for the next one already.
        """
        while not self._kept:
            if self.is_over:
                raise StopAsyncIteration
            if self._reader is not None:
                raise RuntimeError("two loops wait for the next update of one task")
            self._reader = Deferred()
            try:
                await self._reader
            finally:
                self._reader = None
        update = self._kept.popleft()
        self._kept_bytes -= _size(update)
        return update

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.called:
            self._reader.callback(None)


def _size(update: Update) -> int:
    return 0 if isinstance(update, Status) else len(update.data)
