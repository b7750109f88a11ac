"""Whether the Twisted at hand has the undocumented names that the fast paths of the room use.

Each probe says no if a name is missing. The caller then takes the ordinary path through Twisted's
public interfaces. ``docs/reference/twisted-internals.rst`` lists the names and their uses.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.base import ReactorBase
from twisted.internet.tcp import Connection
from twisted.python import runtime

PLAIN_NAMES = ("TLS",)
"""The names of a transport that tell whether its socket may be written to directly."""

SERVED_NAMES = ("disconnected", "readConnectionLost", "reactor", "startReading", "stopReading")
"""The names of a transport that the sockets of a set need."""

REACTOR_NAMES = ("_justStopped", "_poller", "running", "timeout")
"""The names of a reactor that a wait in its place needs."""

CLOCK_NAMES = ("seconds", "getDelayedCalls")
"""The names of a reactor that another source of time needs."""


def is_plain(transport: Any) -> bool:
    """Return whether ``transport`` is a TCP or Unix socket without TLS.

    Only such a socket may be written to and read from behind its transport's back.
    """
    return isinstance(transport, Connection) and _has(transport, PLAIN_NAMES) and not transport.TLS


def can_be_served(transport: Any, reactor: Any) -> bool:
    """Return whether ``transport`` is a plain socket of ``reactor`` that can change its reactor."""
    return is_plain(transport) and _has(transport, SERVED_NAMES) and transport.reactor is reactor


def can_be_waited_for(reactor: Any) -> bool:
    """Return whether ``reactor`` is Twisted's epoll reactor, with an epoll that can be polled."""
    return _has(reactor, REACTOR_NAMES) and hasattr(reactor._poller, "fileno")  # noqa: SLF001  # the name is private


def reads_system_clock(reactor: Any) -> bool:
    """Return whether ``reactor`` is Twisted's and reads the system clock through ``seconds``."""
    return (
        isinstance(reactor, ReactorBase)
        and _has(reactor, CLOCK_NAMES)
        and reactor.seconds is runtime.seconds
    )


def _has(thing: Any, names: tuple[str, ...]) -> bool:
    return all(hasattr(thing, name) for name in names)
