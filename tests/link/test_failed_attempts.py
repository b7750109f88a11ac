"""Failed attempts to connect in the log."""

from __future__ import annotations

from twisted.internet.task import Clock

from gearman_tx.link.failed_attempts import FailedAttempts
from tests.link.logs import watched_log


def test_the_first_attempt_and_then_a_count() -> None:
    """A server that is down for minutes costs a line every thirty seconds."""
    clock = Clock()
    clock.advance(1_000_000)
    attempts = FailedAttempts("one.example:4730", clock)
    with watched_log() as log:
        for _ in range(8):
            attempts.add("connection refused")
            clock.advance(10)
    server = "cannot connect to job server one.example:4730: connection refused"
    assert log.warnings == [
        f"{server}; trying again",
        f"still {server}; 4 attempts in 30 seconds",
        f"still {server}; 7 attempts in 60 seconds",
    ]


def test_a_connection_ends_the_count() -> None:
    """The next failure is logged at once."""
    attempts = FailedAttempts("one.example:4730", Clock())
    with watched_log() as log:
        attempts.add("connection refused")
        attempts.end()
        attempts.add("it did not answer in time")
    assert log.warnings == [
        f"cannot connect to job server one.example:4730: {reason}; trying again"
        for reason in ("connection refused", "it did not answer in time")
    ]
