"""Begin the log of a worker that is a whole program, unless the program has begun its own."""

from __future__ import annotations

import sys
from typing import Any, Final

from twisted.logger import (
    FilteringLogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
    globalLogPublisher,
    textFileLogObserver,
)

_OURS: Final = "gearman_tx"
# The private names of Twisted that tell whether logging has begun.
_FIRST: Final = "_temporaryObserver"
_ALL: Final = "_observers"


def begin_logging(*, verbose: bool = True) -> None:
    """Log to standard error: warnings and errors of all packages, and our informational lines.

    Does nothing if the program has begun logging, or has added a log observer, or has no standard
    error.

    Args:
        verbose: whether our informational lines are logged: connections, the end of the worker.
    """
    if sys.stderr is None or is_observed(globalLogBeginner, globalLogPublisher):
        return
    levels = LogLevelFilterPredicate(LogLevel.warn)
    if verbose:
        levels.setLogLevelForNamespace(_OURS, LogLevel.info)
    observer = FilteringLogObserver(textFileLogObserver(sys.stderr), [levels])
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)


def is_observed(beginner: Any, publisher: Any) -> bool:
    """Return whether anything observes the log but Twisted's memory of its first lines.

    Twisted has no public name for this; see ``docs/reference/twisted-internals.rst``.

    Args:
        beginner: Twisted's ``globalLogBeginner``.
        publisher: Twisted's ``globalLogPublisher``.
    """
    if not (hasattr(beginner, _FIRST) and hasattr(publisher, _ALL)):
        return False
    first = getattr(beginner, _FIRST)
    return first is None or any(observer is not first for observer in getattr(publisher, _ALL))
