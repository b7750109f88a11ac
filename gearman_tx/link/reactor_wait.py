"""A set of sockets waits in the place of Twisted's epoll reactor.

Theory of operation. A process that is a job server and little else can turn the wait inside out:
the reactor's epoll becomes one more descriptor in the epoll of the set. The set waits in a timed
call of the reactor. The call ends when a descriptor of the reactor, a timer or the end of the
reactor asks for it. So one system call instead of two tells the news of a socket, and the reactor
takes its turn only when it has something to do.

Twisted has no public name for two things that this needs: the reactor's epoll, and whether the
reactor was told to stop. They are used here and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from gearman_tx.link.served_sockets import ServedSockets

FOREVER: Final = -1.0
"""The seconds to wait when only news can end the wait."""


class ReactorWait:
    """The wait in the reactor's place, from the beginning until the reactor stops.

    Args:
        sockets: the sockets; their epoll is open.
        reactor: a reactor that :func:`~gearman_tx.link.twisted_probe.can_be_waited_for`.

    Attributes:
        is_over: whether the reactor is about to stop and waits for itself again.
    """

    __slots__ = ("_reactor", "_sockets", "is_over")

    def __init__(self, sockets: ServedSockets, reactor: Any) -> None:
        self.is_over = False
        self._sockets = sockets
        self._reactor = reactor
        sockets.watch(self._fileno())
        reactor.callLater(0, self._run)

    def stop(self) -> None:
        """End the wait."""
        self.is_over = True
        self._sockets.unwatch(self._fileno())

    def _fileno(self) -> int:
        """Return the descriptor that is readable while the reactor's descriptors have news.

        The reactor's waker is one of these, so signals and calls from threads are news as well.
        """
        fd: int = self._reactor._poller.fileno()  # noqa: SLF001  # it has no public name
        return fd

    def _seconds(self) -> float:
        """Return how long the reactor can do without a turn: 0 if it needs one, or FOREVER."""
        reactor = self._reactor
        if reactor._justStopped or not reactor.running:  # noqa: SLF001  # it has no public name
            return 0.0
        seconds = reactor.timeout()
        return FOREVER if seconds is None else float(seconds)

    def _run(self) -> None:
        """Wait and serve until the reactor has something to do; come back after its turn."""
        if self.is_over:
            return
        sockets = self._sockets
        behind = self._fileno()
        try:
            while True:
                seconds = self._seconds()
                is_due = seconds == 0.0
                if sockets.has_work():
                    seconds = 0.0
                events = sockets.poll(seconds)
                for fd, _ in events:
                    if fd == behind:
                        is_due = True
                if events or sockets.has_work():
                    sockets.take_turn(events)
                if is_due:
                    break
        finally:
            self._reactor.callLater(0, self._run)
