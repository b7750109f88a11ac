"""The time that is left for a call."""

from __future__ import annotations

import time

from gearman_tx.values.kinds import check_seconds


class Deadline:
    """Counts down from the moment it is made.

    Args:
        seconds: how long; None forever.
    """

    def __init__(self, seconds: float | None) -> None:
        check_seconds("poll_timeout", seconds)
        self._end = None if seconds is None else time.monotonic() + seconds

    @property
    def remaining(self) -> float | None:
        """Seconds that are left, 0 when the time is over; None forever."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())
