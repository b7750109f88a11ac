"""The reactor that Twisted has installed, and a new one for a forked process.

A forked process shares the descriptors of its parent's reactor, such as its epoll, so it must not
run that reactor. Unless the parent's program runs it for itself, a new one takes its place.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any, Final

from twisted.python import threadable

from gearman_tx.errors import ReactorUnavailable
from gearman_tx.process import standard_streams

_MODULE: Final = "twisted.internet.reactor"
_FORKED: Final = (
    "this process was forked from a program that runs Twisted's reactor itself, and does not have "
    "the thread of the reactor: start processes with multiprocessing's method 'spawn' or "
    "'forkserver', or before the reactor runs"
)

_first_process: Final = os.getpid()
_hidden: Final[dict[Any, int]] = {}  # what threads of this package run, and in which process


def installed_reactor() -> Any:
    """Return the reactor that Twisted has installed; if there is none, install the default one."""
    standard_streams.open_closed()  # a reactor that is made now opens files
    from twisted.internet import reactor

    return reactor


def is_run_here(reactor: Any) -> bool:
    """Return whether a thread of this process runs ``reactor``; a forked process has no others."""
    threads = {thread.ident for thread in threading.enumerate()}
    return bool(reactor.running) and threadable.ioThread in threads


def reactor_to_run() -> Any:
    """Return the installed reactor; or a new one, if that one may be of the parent process.

    Raises:
        ReactorUnavailable: the parent's program runs its reactor itself.
    """
    if os.getpid() == _first_process or _MODULE not in sys.modules:
        return installed_reactor()
    reactor = installed_reactor()
    hidden_in = _hidden.get(reactor)
    if hidden_in == os.getpid() or (hidden_in is None and is_run_here(reactor)):
        return reactor
    if hidden_in is None and reactor.running:
        raise ReactorUnavailable(_FORKED)
    package, _, name = _MODULE.rpartition(".")
    del sys.modules[_MODULE]
    delattr(sys.modules[package], name)
    return installed_reactor()


def will_be_hidden(reactor: Any) -> None:
    """Note that a thread of this package is about to run ``reactor``."""
    _hidden[reactor] = os.getpid()
