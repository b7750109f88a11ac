"""What the core reports to the log; nothing here is on the path of a normal job."""

from __future__ import annotations

from typing import Protocol


class Events(Protocol):
    """A listener to what operators want to know."""

    def job_timed_out(self, handle: bytes, function: bytes) -> None:
        """A job ran longer than its worker allowed; it is about to be queued again or to end."""

    def job_given_up(self, handle: bytes, function: bytes, losses: int) -> None:
        """A job was lost as often as the policy allows; it is about to end."""
