"""What a wait in the place of Twisted's epoll reactor has to know of that reactor.

Twisted has no public name for two of these things: the reactor's epoll, and whether it was told to
stop. They are asked for here and nowhere else. Under a reactor that does not have them nobody waits
in its place.
"""

from __future__ import annotations

from typing import Any, Final

FOREVER: Final = -1.0
"""What :meth:`ReactorWait.seconds` says when only news can end the wait."""

_NAMES: Final = ("_justStopped", "_poller", "running", "timeout")


class ReactorWait:
    """What a reactor waits for besides the sockets of a set, and until when.

    Args:
        reactor: a reactor for which :func:`can_wait_for` holds.
    """

    __slots__ = ("_reactor",)

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def fileno(self) -> int:
        """Return the descriptor that is readable while the reactor's descriptors have news.

        Its waker is one of these, so signals and calls from threads are news as well.
        """
        fd: int = self._reactor._poller.fileno()  # noqa: SLF001
        return fd

    def seconds(self) -> float:
        """Return how long the reactor can do without a turn: 0 if it needs one, or FOREVER."""
        reactor = self._reactor
        if reactor._justStopped or not reactor.running:  # noqa: SLF001
            return 0.0
        seconds = reactor.timeout()
        return FOREVER if seconds is None else float(seconds)


def can_wait_for(reactor: Any) -> bool:
    """Return whether ``reactor`` is one that can be waited for."""
    return all(hasattr(reactor, name) for name in _NAMES) and hasattr(reactor._poller, "fileno")  # noqa: SLF001
