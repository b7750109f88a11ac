"""A timer that finds a peer which takes no byte of its backlog."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.interfaces import IDelayedCall, IReactorTime

    from gearman_tx.link.backlog import Backlog


class StallWatch:
    """The watch over one backlog; it runs from the beginning.

    Args:
        clock: the reactor.
        seconds: how long the peer may take no byte.
        backlog: the bytes that wait for the peer.
        on_stall: called once, when the peer took no byte for so long. The watch is over then.
    """

    __slots__ = ("_backlog", "_call", "_clock", "_on_stall", "_seconds", "_taken_before")

    def __init__(
        self,
        clock: IReactorTime,
        seconds: float,
        backlog: Backlog,
        on_stall: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._seconds = seconds
        self._backlog = backlog
        self._on_stall = on_stall
        self._taken_before = 0
        self._call: IDelayedCall | None = None
        self._start()

    def _start(self) -> None:
        self._taken_before = self._backlog.taken
        self._call = self._clock.callLater(self._seconds, self._look)

    def _look(self) -> None:
        self._call = None
        if self._backlog.taken != self._taken_before:
            self._start()
        else:
            self._on_stall()

    def stop(self) -> None:
        """End the watch."""
        if self._call is not None:
            self._call.cancel()
            self._call = None
