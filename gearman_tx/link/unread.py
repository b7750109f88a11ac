"""What one peer leaves unread, compared with the limits.

Theory of operation. The output asks for a look whenever bytes wait after a write. A peer above the
first limit is *high*: the owner stops reading from it, so it can ask for nothing more. If it then
takes no byte for the time of the limits, it is dropped. A peer above the second limit, halfway to
the last one, is *crowded*: the owner slows down those who send to it. A peer above the last limit
is dropped.

The answers to a peer's own submissions count for the last limit only. Clients exist that submit for
days and read no answer; see :mod:`gearman_tx.link.receipts`. They are kept compressed, and for the
last limit all bytes count as the memory that they take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gearman_tx.link.stall_watch import StallWatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.interfaces import IReactorTime

    from gearman_tx.link.backlog import Backlog
    from gearman_tx.link.limits import OutputLimits
    from gearman_tx.link.owners import OutputOwner


class Unread:
    """What one peer leaves unread.

    Args:
        clock: the reactor.
        limits: how much may be left unread.
        backlog: the bytes that wait for the peer.
        owner: the connection, which decides about a peer that does not read.
        abort: ends a connection whose peer does not confirm the end.

    Attributes:
        held: how many bytes wait behind a hole.
        is_high: whether the owner was told that too much is unread.
    """

    __slots__ = (
        "_abort",
        "_backlog",
        "_before",
        "_clock",
        "_is_crowded",
        "_limits",
        "_owner",
        "_watch",
        "held",
        "is_high",
    )

    def __init__(
        self,
        clock: IReactorTime,
        limits: OutputLimits,
        backlog: Backlog,
        owner: OutputOwner,
        abort: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._backlog = backlog
        self._owner: OutputOwner | None = owner
        self._abort: Callable[[], None] | None = abort
        self._watch: StallWatch | None = None
        self._is_crowded = False
        self._before = 0  # what was unread at the last look
        self.held = 0
        self.is_high = False

    @property
    def memory(self) -> int:
        """How many bytes of memory is taken by what waits for the peer or behind a hole."""
        return self._backlog.memory + self.held

    def look(self) -> None:
        """Tell the owner when too much is unread, or little enough again."""
        owner = self._owner
        if owner is None or self.has_failed():
            return
        limits = self._limits
        size = self._backlog.size - self._backlog.receipts + self.held
        if size > limits.pause:
            self.start_watch()
            if not self.is_high:
                self.is_high = True
                owner.output_is_high()
            if size > limits.crowded and size > self._before:
                self._is_crowded = True
                owner.output_is_crowded()
        elif self.is_high and size <= limits.pause // 2:
            self.stop_watch()
            self.is_high = False
            owner.output_is_low()
        if self._is_crowded and size <= limits.has_room:
            self._is_crowded = False
            owner.output_has_room()
        self._before = size

    def has_failed(self) -> bool:
        """Drop the peer if it is above the last limit; return whether it is."""
        if self.memory <= self._limits.most or self._owner is None:
            return False
        self._owner.output_failed(f"{self._amount()}, the limit is {self._limits.most}")
        return True

    def start_watch(self) -> None:
        """From now on, drop the peer when it takes no byte for the time of the limits."""
        if self._watch is None:
            self._watch = StallWatch(
                self._clock, self._limits.timeout, self._backlog, self._has_stalled
            )

    def stop_watch(self) -> None:
        """From now on, let the peer take its time."""
        if self._watch is not None:
            self._watch.stop()
            self._watch = None

    def _has_stalled(self) -> None:
        """The peer took no byte for too long."""
        self._watch = None
        if self.memory and self._owner is not None:
            text = f"{self._amount()} and none was taken in {self._limits.timeout:g} seconds"
            self._owner.output_failed(text)
        elif self._abort is not None:
            self._abort()  # it is closing, and the peer does not confirm the end

    def _amount(self) -> str:
        """Return how much is unread, for the log."""
        if self._backlog.receipts:
            return f"unread answers to submissions and other output take {self.memory} bytes"
        return f"{self.memory} bytes of output are unread"

    def end(self) -> None:
        """The connection is lost; forget the owner, so that its memory is freed at once."""
        self.stop_watch()
        self.held = 0
        self._owner = self._abort = None
