"""One direction of a connection in memory: bytes arrive in order, after a while, or not yet.

Theory of operation. What is put in arrives ``latency`` seconds later, never before what was put in
earlier. It is handed over when it has arrived, unless the pipe is *held* (the network lets nothing
through) or *paused* (the receiver does not read); then it waits. The end of the connection comes
behind the last byte; a reset overtakes the bytes and a receiver that does not read, but not a
network that lets nothing through.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field
from twisted.internet.interfaces import IReactorTime

CAPACITY = 64 * 1024
"""Bytes under way at which the sender is asked to pause."""


@define(eq=False)
class Pipe:
    """One direction of a connection.

    Attributes:
        clock: brings what is put in to the other end.
        receive: is given bytes.
        finish: is told that nothing more comes, and why; called once.
        taken: told that bytes were received, so that there is room for others.
        latency: seconds that bytes take.
        piece: how many bytes are handed over in one piece at most; None for as many as there are.
        is_held: whether the network lets nothing through.
        is_paused: whether the receiver reads nothing.
        size: bytes that were put in and not received.
    """

    clock: IReactorTime
    receive: Callable[[bytes], None]
    finish: Callable[[Exception], None]
    taken: Callable[[], None]
    latency: float = 0.0
    piece: int | None = None
    is_held: bool = field(default=False, init=False)
    is_paused: bool = field(default=False, init=False)
    size: int = field(default=0, init=False)
    _arrived: bytearray = field(factory=bytearray, init=False)
    _end: Exception | None = field(default=None, init=False)
    _is_reset: bool = field(default=False, init=False)
    _is_dropping: bool = field(default=False, init=False)  # a reset is on its way
    _is_closed: bool = field(default=False, init=False)
    _last: float = field(default=0.0, init=False)

    def put(self, data: bytes) -> None:
        """Send ``data``."""
        if not self._is_closed:
            self.size += len(data)
            self._later(lambda: self._arrive(data))

    def end(self, reason: Exception) -> None:
        """Send the end of the connection, behind all bytes."""
        self._later(lambda: self._arrive_end(reason))

    def reset(self, reason: Exception) -> None:
        """Send the end of the connection, and drop all bytes that were not received."""

        def arrive() -> None:
            self._is_reset = True
            self._arrived.clear()
            self._arrive_end(reason)

        self._is_dropping = True
        self._later(arrive)

    def close(self) -> None:
        """Receive nothing any more; what arrives is dropped."""
        self._is_closed = True
        self._arrived.clear()
        self.size = 0

    def hold(self) -> None:
        """Let nothing through."""
        self.is_held = True

    def release(self) -> None:
        """Let everything through again, what has arrived meanwhile at once."""
        self.is_held = False
        self._go_on()

    def pause(self) -> None:
        """The receiver reads nothing."""
        self.is_paused = True

    def resume(self) -> None:
        """The receiver reads again."""
        self.is_paused = False
        # Not now: the receiver is in the midst of something.
        self.clock.callLater(0, self._go_on)

    @property
    def waiting(self) -> int:
        """How much has arrived and is not handed over: bytes; the end counts as one."""
        return 0 if self._is_closed else len(self._arrived) + (self._end is not None)

    def let_through(self, size: int) -> None:
        """Hand over up to ``size`` of the bytes that have arrived, as one piece, though held.

        When there are fewer bytes, the end is handed over too, if it has arrived.
        """
        if self._is_closed or (self.is_paused and not self._is_reset):
            return
        if self._arrived:
            self._hand_over(size)
        elif self._end is not None:
            self._finish(self._end)

    def _later(self, happen: Callable[[], None]) -> None:
        """Let something happen at the other end, after everything that was sent before."""
        now = self.clock.seconds()
        self._last = max(self._last, now + self.latency)
        self.clock.callLater(self._last - now, happen)

    def _arrive(self, data: bytes) -> None:
        if not (self._is_closed or self._is_dropping):
            self._arrived += data
            self._go_on()

    def _arrive_end(self, reason: Exception) -> None:
        if self._end is None or self._is_reset:
            self._end = reason
        self._go_on()

    def _go_on(self) -> None:
        """Hand over what has arrived, as far as nothing stands against it."""
        while self._arrived and not (self.is_held or self.is_paused or self._is_closed):
            self._hand_over(self.piece or len(self._arrived))
        may_end = self._is_reset or not (self._arrived or self.is_paused)
        if self._end is not None and may_end and not (self.is_held or self._is_closed):
            self._finish(self._end)

    def _hand_over(self, size: int) -> None:
        data = bytes(self._arrived[:size])
        del self._arrived[:size]
        self.size -= len(data)
        self.receive(data)
        self.taken()

    def _finish(self, reason: Exception) -> None:
        self._end = None  # a reset may still follow the end of what the other side sends
        self._arrived.clear()
        self.finish(reason)
