"""Ask about jobs again and again until they have ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from attrs import define, field
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.task import deferLater

from gearman_tx.client import JobStatus

FIRST_PAUSE: Final = 0.1
"""Seconds before the second question."""

LONGEST_PAUSE: Final = 5.0
"""Seconds between two questions about a job that takes long."""

_GROWTH: Final = 1.5


class Listener(Protocol):
    """Hears what becomes of the jobs."""

    def ended(self, handle: str, *, was_known: bool) -> None:
        """No job server knows the job; ``was_known`` if one knew it when asked before."""

    def unfinished(self, jobs: Sequence[JobStatus]) -> None:
        """These are the states of all jobs that have not ended."""


@define(eq=False)
class JobWatch:
    """Waits until no job server knows any of some jobs.

    Attributes:
        ask: asks all job servers about a job.
        listener: hears what becomes of the jobs.
        clock: measures the pauses.
    """

    ask: Callable[[str], Deferred[JobStatus]]
    listener: Listener
    clock: Any
    _seen: set[str] = field(factory=set, init=False)

    async def run(self, handles: Sequence[str], patience: float | None) -> list[str]:
        """Wait for the end of the jobs, or for the end of the time.

        Args:
            handles: the jobs.
            patience: seconds to wait, or None.

        Returns:
            The jobs that have not ended.

        Raises:
            GearmanError: no job server knows a job, and one could not be asked.
        """
        deadline = None if patience is None else self.clock.seconds() + patience
        pause = FIRST_PAUSE
        left = list(dict.fromkeys(handles))
        while left := await self._ask_all(left):
            if deadline is not None:
                pause = min(pause, deadline - self.clock.seconds())
                if pause <= 0:
                    break
            await deferLater(self.clock, pause)
            pause = min(pause * _GROWTH, LONGEST_PAUSE)
        return left

    async def _ask_all(self, handles: Sequence[str]) -> list[str]:
        """Ask about all jobs once; return those that a job server knows."""
        asking = [self.ask(handle) for handle in handles]
        answers: list[tuple[bool, Any]] = await DeferredList(asking, consumeErrors=True)
        known = []
        for handle, (is_answered, status) in zip(handles, answers, strict=True):
            if not is_answered:
                raise status.value
            if status.known:
                known.append((handle, status))
            else:
                self.listener.ended(handle, was_known=handle in self._seen)
        left = [handle for handle, _ in known]
        self._seen.update(left)
        if left:
            self.listener.unfinished([status for _, status in known])
        return left
