"""What was logged while a test ran, and the promise that nothing failed unnoticed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from attrs import define, field
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from zope.interface import implementer


@implementer(ILogObserver)
@define(eq=False)
class LogBook:
    """The events of one test.

    Attributes:
        events: everything that was logged, oldest first.
    """

    events: list[LogEvent] = field(factory=list)
    _forgiven: set[int] = field(factory=set)

    def __call__(self, event: LogEvent) -> None:
        """Be an observer of the global log."""
        self.events.append(event)

    @property
    def warnings(self) -> list[str]:
        """The warnings as an operator reads them."""
        return [formatEvent(event) for event in self.events if event["log_level"] is LogLevel.warn]

    def failures(self) -> list[str]:
        """Return what failures were logged, with the exception's name, and forgive them."""
        found = [event for event in self._failed() if id(event) not in self._forgiven]
        self._forgiven |= {id(event) for event in found}
        return [f"{formatEvent(event)}: {event['log_failure'].type.__name__}" for event in found]

    def _failed(self) -> list[LogEvent]:
        return [event for event in self.events if "log_failure" in event]


@contextlib.contextmanager
def watched_log() -> Iterator[LogBook]:
    """Collect what is logged; a logged failure that was not asked for fails the test."""
    book = LogBook()
    globalLogPublisher.addObserver(book)
    try:
        yield book
    finally:
        globalLogPublisher.removeObserver(book)
    assert book.failures() == []
