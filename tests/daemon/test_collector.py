"""The garbage collector does not look at jobs, and is left as it was."""

from __future__ import annotations

import gc

from gearman_tx.daemon.collector import FREEZE_EVERY, Collector


def test_the_program_is_frozen_and_thawed() -> None:
    """Starting puts what is there out of the collector's sight; stopping brings it back."""
    before = gc.get_threshold()
    collector = Collector([])
    collector.start()
    assert gc.get_freeze_count() > 1000
    assert gc.get_threshold() != before
    collector.stop()
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == before


def test_many_jobs_are_frozen_and_thawed_when_they_are_gone() -> None:
    """No more than a step of jobs is ever looked at; when most are gone all is as at the start."""
    jobs: list[list[int]] = []
    collector = Collector(jobs)
    try:
        jobs.extend([] for _ in range(FREEZE_EVERY - 1))
        collector.adjust()
        assert gc.get_freeze_count() == 0
        jobs.append([])
        collector.adjust()
        first = gc.get_freeze_count()
        assert first >= FREEZE_EVERY
        jobs.extend([] for _ in range(FREEZE_EVERY))
        collector.adjust()
        assert gc.get_freeze_count() >= first + FREEZE_EVERY
        del jobs[FREEZE_EVERY // 2 :]
        collector.adjust()
        assert gc.get_freeze_count() > 0
        jobs.pop()
        collector.adjust()
        assert gc.get_freeze_count() == 0
    finally:
        collector.stop()
