"""A remark about what a command waits for, on a terminal where nothing else happens."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from gearman_tx.cli.terminal import is_quiet, note

SECONDS: Final = 2.0
"""How long a command waits without a remark."""


@contextmanager
def explaining(reactor: Any, explain: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """Call ``explain`` once if the body takes longer than :data:`SECONDS`.

    It is called only if someone may read it: stderr is a terminal, and there is no ``--quiet``.

    Args:
        reactor: has the clock.
        explain: tells what the command waits for.

    Yields:
        A function to call when the waiting is over before the body is.
    """
    if is_quiet() or not sys.stderr.isatty():
        yield lambda: None
        return
    call = reactor.callLater(SECONDS, explain)

    def stop() -> None:
        if call.active():
            call.cancel()

    try:
        yield stop
    finally:
        stop()


def waiting_text(reason: str) -> str:
    """Return what a command waits for, and how to end it."""
    return f"waiting: {reason}; Ctrl-C leaves"


def say_waiting(reason: str) -> None:
    """Print what a command waits for, and how to end it."""
    note(waiting_text(reason))
