"""Contenders take turns, and one that fails is out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.contest import play_kind
from benchmarks.effort import FULL, QUICK, Effort
from benchmarks.errors import BenchmarkError
from benchmarks.kind import Kind
from benchmarks.metrics import Measures
from benchmarks.results import KindResult
from tests.benchmarks.samples import Runner

EFFORT = Effort("test", seconds=0.1, rounds=2, share=0.5, patience=1)


def play(folder: Path, *runners: Runner, **options: Any) -> KindResult:
    """Play one kind that returns the figure 5."""

    def play_once(runner: Runner, effort: Effort) -> Measures:
        assert effort is EFFORT
        return runner.play(5.0)

    kind = Kind[Runner]("run", "{count} steps", "Running", play_once, ("jobs_per_s",), **options)
    return play_kind(kind, runners, EFFORT, folder, lambda _: None)


def test_contenders_take_turns(tmp_path: Path) -> None:
    """All meet the same weather; each is opened once and closed at the end."""
    log: list[str] = []
    result = play(tmp_path, Runner("a", log), Runner("b", log))
    assert log == ["open a", "play a", "open b", "play b", "play a", "play b", "close b", "close a"]
    assert result.standings["a"].figures("jobs_per_s") == [5.0, 10.0]
    assert result.standings["a"].title == "A"
    assert list(tmp_path.iterdir()) == []


def test_a_fresh_kind_opens_everybody_for_each_round(tmp_path: Path) -> None:
    """Memory is measured of processes that did nothing before."""
    log: list[str] = []
    play(tmp_path, Runner("a", log), is_fresh=True)
    assert log == ["open a", "play a", "close a"] * 2


def test_a_long_kind_has_fewer_rounds(tmp_path: Path) -> None:
    """The kind says how many there are at most."""
    log: list[str] = []
    play(tmp_path, Runner("a", log), most_rounds=1)
    assert log.count("play a") == 1


def test_who_fails_is_out(tmp_path: Path) -> None:
    """Its fault is kept, and the others go on."""
    log: list[str] = []
    result = play(tmp_path, Runner("a", log, fails_in=1), Runner("b", log))
    assert log.count("play a") == 1
    assert log.count("play b") == 2
    assert result.standings["a"].fault == "a job was lost"
    assert result.standings["b"].fault is None
    assert log[-2:] == ["close b", "close a"]


def test_who_is_absent_is_told_with_the_reason(tmp_path: Path) -> None:
    """It is neither opened nor has it a row without figures."""
    log: list[str] = []
    result = play(tmp_path, Runner("a", log, why_absent="not installed"), Runner("b", log))
    assert result.absent == {"a": "not installed"}
    assert list(result.standings) == ["b"]
    assert "open a" not in log


def test_the_title_tells_the_count_of_the_run(tmp_path: Path) -> None:
    """A quick run does not claim the full count."""
    assert play(tmp_path, count=3000).title == "1,500 steps"


def test_too_few_open_files_are_told_before_anything_starts(tmp_path: Path) -> None:
    """The message says the need, the limit and the remedy."""
    log: list[str] = []
    with pytest.raises(BenchmarkError, match=r"run needs 100000000 open files.*ulimit -n"):
        play(tmp_path, Runner("a", log), open_files=100_000_000)
    assert log == []


def test_an_effort_counts_at_least_one() -> None:
    """A small share of little is not nothing."""
    assert QUICK.count(1) == 1
    assert FULL.count(1_000_000) == 1_000_000


def test_an_effort_may_be_changed() -> None:
    """What is not given stays."""
    assert QUICK.changed() == QUICK
    assert QUICK.changed(rounds=7, seconds=0.5).rounds == 7
    assert QUICK.changed(seconds=0.5).rounds == QUICK.rounds
