"""Waiting for jobs, on a clock that the test advances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from gearman_tx.cli.job_watch import FIRST_PAUSE, LONGEST_PAUSE, JobWatch
from gearman_tx.client import JobStatus
from gearman_tx.errors import NoServer


def status(*, known: bool = True, done: int = 0) -> JobStatus:
    """Return the status of a job."""
    return JobStatus(known=known, running=known, numerator=done, denominator=10)


@define(eq=False)
class Stage:
    """Jobs that the test ends, a clock, and everything that was asked and heard."""

    alive: set[str]
    clock: Clock = field(factory=Clock)
    asked: list[float] = field(factory=list)
    heard: list[tuple[str, bool] | int] = field(factory=list)

    def ask(self, handle: str) -> Deferred[JobStatus]:
        """Answer for all servers."""
        self.asked.append(self.clock.seconds())
        if handle == "lost":
            return fail(NoServer("no server is up"))
        return succeed(status(known=handle in self.alive))

    def ended(self, handle: str, *, was_known: bool) -> None:
        """Note the end of a job."""
        self.heard.append((handle, was_known))

    def unfinished(self, jobs: Sequence[JobStatus]) -> None:
        """Note how many jobs are left."""
        self.heard.append(len(jobs))

    def watch(self, *handles: str, timeout: float | None = None) -> list[Any]:
        """Begin to wait; return a list that gets the outcome."""
        outcome: list[Any] = []
        watch = JobWatch(self.ask, self, self.clock)
        Deferred.fromCoroutine(watch.run(handles, timeout)).addBoth(outcome.append)
        return outcome


def test_jobs_that_are_gone() -> None:
    """A handle that no server knows is not waited for."""
    stage = Stage(set())
    assert stage.watch("a", "b", "a") == [[]]
    assert stage.heard == [("a", False), ("b", False)]


def test_jobs_end_one_after_the_other() -> None:
    """Each end is heard once, and a job that has ended is not asked for again."""
    stage = Stage({"a", "b"})
    outcome = stage.watch("a", "b")
    stage.alive.remove("a")
    stage.clock.advance(FIRST_PAUSE)
    assert stage.heard == [2, ("a", True), 1]
    assert not outcome
    stage.alive.clear()
    stage.clock.advance(1)
    assert stage.heard[3:] == [("b", True)]
    assert outcome == [[]]
    assert len(stage.asked) == 5


def test_the_pauses_grow() -> None:
    """A job of a second is asked for a few times, one of an hour every few seconds."""
    stage = Stage({"a"})
    stage.watch("a")
    for _ in range(3600 * 20):
        stage.clock.advance(0.05)
    pauses = [later - before for before, later in zip(stage.asked, stage.asked[1:], strict=False)]
    assert pauses[0] == pytest.approx(FIRST_PAUSE, abs=0.051)
    assert sorted(pauses)[: len(pauses) - 1] == pytest.approx(pauses[:-1], abs=0.051)
    assert max(pauses) == pytest.approx(LONGEST_PAUSE, abs=0.051)
    assert sum(moment <= 1 for moment in stage.asked) >= 4
    assert len(stage.asked) < 3600 / LONGEST_PAUSE + 20


def test_the_time_is_over() -> None:
    """The jobs that are left are returned when the time has passed, and not later."""
    stage = Stage({"a"})
    outcome = stage.watch("a", "b", timeout=2.0)
    for _ in range(39):
        stage.clock.advance(0.05)
    assert not outcome
    stage.clock.advance(0.1)
    assert outcome == [["a"]]
    assert stage.asked[-1] == pytest.approx(2.0, abs=0.06)


def test_a_server_cannot_be_asked() -> None:
    """Then nothing is known, and the reason is raised."""
    stage = Stage({"a"})
    (failure,) = stage.watch("a", "lost", "b")
    assert failure.check(NoServer)
