"""What the core reports to the log; no normal job causes any of it."""

from __future__ import annotations

from typing import Protocol


class Events(Protocol):
    """The log, as the core sees it."""

    def job_timed_out(self, handle: bytes, function: bytes) -> None:
        """A job ran longer than its worker allowed; it is about to be queued again or to end."""

    def job_given_up(self, handle: bytes, function: bytes, losses: int) -> None:
        """A job was lost as often as the policy allows; it is about to end."""
