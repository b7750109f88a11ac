"""A target is met, missed, or cannot be told."""

from __future__ import annotations

import pytest

from benchmarks.job_servers.targets import TARGETS
from benchmarks.kinds.options import COSTS
from benchmarks.kinds.table import KINDS
from benchmarks.metrics import METRICS, advantage
from benchmarks.results import Results
from benchmarks.targets import ALL_KINDS, Target, judge
from tests.benchmarks.samples import kind_result, results


def verdict(target: Target, some: Results) -> bool | None:
    """Return the one verdict on ``target``."""
    (found,) = judge([target], some, "ours")
    return found.is_met


@pytest.mark.parametrize(
    ("metric", "ours", "theirs", "times"),
    [
        ("jobs_per_s", 30.0, 10.0, 3.0),
        ("jobs_per_s", 10.0, 30.0, 1 / 3),
        ("p99_us", 10.0, 30.0, 3.0),
        ("cpu_us_per_job", 30.0, 10.0, 1 / 3),
        ("p99_us", 0.0, 30.0, None),
        ("jobs_per_s", 30.0, 0.0, None),
    ],
)
def test_an_advantage_is_above_one(
    metric: str, ours: float, theirs: float, times: float | None
) -> None:
    """Whether more or less is better, a larger ratio is the better one."""
    found = advantage(metric, ours, theirs)
    assert found == (None if times is None else pytest.approx(times))


@pytest.mark.parametrize(("ours", "is_met"), [(20.0, True), (19.9, False), (21.0, True)])
def test_a_target_beside_another(ours: float, is_met: bool) -> None:
    """Exactly enough is enough."""
    some = results(sleeping=kind_result(ours=[ours], c_t4=[1.0]))
    assert verdict(Target("sleeping", "jobs_per_s", 20, "c-t4"), some) is is_met


@pytest.mark.parametrize(("ours", "is_met"), [(199.0, True), (201.0, False)])
def test_cpu_within_two_times_the_floor(ours: float, is_met: bool) -> None:
    """Half as good as the floor is the bound."""
    some = results(drain=kind_result("cpu_us_per_job", ours=[ours], floor=[100.0]))
    assert verdict(Target("drain", "cpu_us_per_job", 0.5, "floor"), some) is is_met


@pytest.mark.parametrize(("ours", "is_met"), [(19_999.0, True), (20_001.0, False)])
def test_a_target_that_is_a_limit(ours: float, is_met: bool) -> None:
    """Nobody else is needed for it."""
    some = results(stall=kind_result("p99_us", ours=[ours]))
    assert verdict(Target("stall", "p99_us", limit=20_000), some) is is_met


def test_a_target_beside_another_kind_of_ours() -> None:
    """The other figure is of the same contender."""
    some = results(a=kind_result(ours=[80.0], c_t4=[1.0]), b=kind_result(ours=[100.0], c_t4=[1.0]))
    assert verdict(Target("a", "jobs_per_s", 0.8, than_kind="b"), some) is True
    assert verdict(Target("a", "jobs_per_s", 0.9, than_kind="b"), some) is False


def test_a_target_for_all_kinds() -> None:
    """It holds for each kind that shows the metric and has the other in it."""
    some = results(
        a=kind_result(ours=[2.0], c_t4=[1.0]),
        b=kind_result("p99_us", ours=[2.0], c_t4=[1.0]),
        c=kind_result(ours=[2.0]),
    )
    found = judge([Target(ALL_KINDS, "jobs_per_s", 1, "c-t4")], some, "ours")
    assert [(one.target.kind, one.is_met) for one in found] == [("a", True)]


def test_without_the_other_nothing_can_be_told() -> None:
    """A target is not met because nobody was there."""
    some = results(a=kind_result(ours=[2.0]))
    assert verdict(Target("a", "jobs_per_s", 1, "c-best"), some) is None
    assert verdict(Target("a", "jobs_per_s", 1, than_kind="b"), some) is None


def test_who_failed_missed_it() -> None:
    """A fault is no excuse."""
    some = results(a=kind_result(ours=[2.0], c_t4=[1.0]))
    some.kinds["a"].standings["ours"].fault = "a job was lost"
    assert verdict(Target("a", "jobs_per_s", 1, "c-t4"), some) is False


def test_every_one_of_ours_is_judged() -> None:
    """Two variants have a verdict each."""
    some = results(a=kind_result(ours=[2.0], ours_compiled=[0.5], c_t4=[1.0]))
    found = judge([Target("a", "jobs_per_s", 1, "c-t4")], some, "ours")
    assert {one.contender: one.is_met for one in found} == {"ours": True, "ours-compiled": False}


def test_no_memory_at_all_is_good() -> None:
    """A figure of zero has no ratio, and is as small as can be."""
    some = results(a=kind_result("bytes_left", ours=[0.0], c_t4=[1.0]))
    assert verdict(Target("a", "bytes_left", 1, "c-t4"), some) is True


def test_the_targets_are_of_kinds_and_metrics_that_are_shown() -> None:
    """A target with a name misspelt would never be missed."""
    shown = {kind.name: kind.shows for kind in KINDS}
    for target in TARGETS:
        assert target.metric in METRICS
        assert target.text
        if target.kind != ALL_KINDS:
            assert target.metric in shown[target.kind]
        if target.than_kind:
            assert target.metric in shown[target.than_kind]


def test_kinds_have_names_of_their_own_and_show_metrics() -> None:
    """Names choose kinds, and what is shown has a title and a unit."""
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert {metric for kind in KINDS for metric in kind.shows} <= set(METRICS)


def test_costs_are_of_kinds_that_show_the_metric() -> None:
    """A cost with a name misspelt would never be told."""
    shown = {kind.name: kind.shows for kind in KINDS}
    for cost in COSTS:
        assert cost.metric in shown[cost.with_it]
        assert cost.metric in shown[cost.without]
