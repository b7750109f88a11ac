"""Deferreds that wait for the same event."""

from __future__ import annotations

from typing import Generic, TypeVar

from twisted.internet.defer import Deferred

T = TypeVar("T")


class Waiters(Generic[T]):
    """The Deferreds that wait for an event; each may be cancelled."""

    def __init__(self) -> None:
        self._waiting: dict[Deferred[T], None] = {}

    def add(self) -> Deferred[T]:
        """Return a Deferred that the next :meth:`fire` fires; cancelling it ends the waiting."""
        waiting: Deferred[T] = Deferred(self._forget)
        self._waiting[waiting] = None
        return waiting

    def fire(self, value: T) -> None:
        """Fire all Deferreds added so far; those added by their callbacks wait for the next."""
        waiting, self._waiting = self._waiting, {}
        for deferred in waiting:
            if not deferred.called:  # a callback of an earlier one may have cancelled it
                deferred.callback(value)

    def _forget(self, deferred: Deferred[T]) -> None:
        self._waiting.pop(deferred, None)
