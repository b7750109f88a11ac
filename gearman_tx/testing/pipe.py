"""One direction of a connection in memory: bytes arrive in order, after a delay.

Theory of operation. Bytes that are put in arrive ``latency`` seconds later, never before bytes
that were put in earlier. They are handed over when they arrive, unless the pipe is *held* (the
network lets nothing through) or *paused* (the receiver does not read); then they wait. The end of
the connection comes behind the last byte. A reset overtakes the bytes, and it reaches a receiver
that does not read, but it does not pass a network that lets nothing through.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field
from twisted.internet.interfaces import IReactorTime

CAPACITY = 64 * 1024
"""The sender is asked to pause when more bytes than this are under way."""


@define(eq=False)
class Pipe:
    """One direction of a connection.

    Attributes:
        clock: the reactor, which delivers bytes.
        receive: called with bytes that arrived.
        finish: called once with the reason when nothing more comes.
        taken: called when bytes were received, so that there is room for others.
        latency: seconds that bytes take.
        piece: the most bytes handed over in one piece; None for no limit.
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
        """Receive nothing any more; bytes that arrive are dropped."""
        self._is_closed = True
        self._arrived.clear()
        self.size = 0

    def hold(self) -> None:
        """Let nothing through."""
        self.is_held = True

    def release(self) -> None:
        """Let everything through again; bytes that arrived meanwhile are handed over at once."""
        self.is_held = False
        self._go_on()

    def pause(self) -> None:
        """The receiver reads nothing."""
        self.is_paused = True

    def resume(self) -> None:
        """The receiver reads again."""
        self.is_paused = False
        # Not now: the receiver may be in the middle of something.
        self.clock.callLater(0, self._go_on)

    @property
    def waiting(self) -> int:
        """How many bytes have arrived and are not handed over; the end counts as one."""
        return 0 if self._is_closed else len(self._arrived) + (self._end is not None)

    def let_through(self, size: int) -> None:
        """Hand over up to ``size`` of the bytes that have arrived, as one piece, even if held.

        When no bytes are left, the end is handed over instead, if it has arrived.
        """
        if self._is_closed or (self.is_paused and not self._is_reset):
            return
        if self._arrived:
            self._hand_over(size)
        elif self._end is not None:
            self._finish(self._end)

    def _later(self, happen: Callable[[], None]) -> None:
        """Call ``happen`` at the other end, after everything that was sent before."""
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
        """Hand over the bytes and the end that have arrived, unless the pipe holds them."""
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
        self._end = None  # a reset may still follow the end of the other side
        self._arrived.clear()
        self.finish(reason)
