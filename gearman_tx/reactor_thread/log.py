"""The log of this package in a program that does not use Twisted's log."""

from __future__ import annotations

import functools
import logging
from typing import Any, Final, cast

from twisted.logger import (
    FilteringLogObserver,
    LogEvent,
    PredicateResult,
    STDLibLogObserver,
    globalLogPublisher,
)

_PACKAGE: Final = "gearman_tx"


@functools.cache  # once, also if a forked process starts a reactor of its own
def log_to_logging() -> None:
    """Pass the log of this package to Python's ``logging``, as the logger ``gearman_tx``."""
    logging.getLogger(_PACKAGE).addHandler(logging.NullHandler())
    observer = FilteringLogObserver(STDLibLogObserver(_PACKAGE), [cast("Any", _is_ours)])
    globalLogPublisher.addObserver(observer)


def _is_ours(event: LogEvent) -> Any:
    """Return whether a log event comes from this package."""
    namespace = str(event.get("log_namespace", ""))
    is_ours = namespace == _PACKAGE or namespace.startswith(f"{_PACKAGE}.")
    return PredicateResult.maybe if is_ours else PredicateResult.no
