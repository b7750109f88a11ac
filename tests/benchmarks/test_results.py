"""Medians, spreads, the best of a family, and the form of the figures as JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import results as result_file
from benchmarks.errors import BenchmarkError
from benchmarks.results import Standing, check
from tests.benchmarks.samples import kind_result, results, standing


def test_the_median_is_of_all_rounds() -> None:
    """One round in bad weather does not move it."""
    assert standing("ours", "ours", 10.0, 900.0, 12.0).median("jobs_per_s") == 12.0


def test_the_spread_is_what_lies_between_the_extremes() -> None:
    """It is relative to the median, and one round has none."""
    assert standing("ours", "ours", 8.0, 10.0, 12.0).spread("jobs_per_s") == pytest.approx(0.4)
    assert standing("ours", "ours", 8.0).spread("jobs_per_s") is None


def test_who_failed_has_no_figures() -> None:
    """The rounds before a fault prove nothing."""
    failed = Standing("ours", "ours", [{"jobs_per_s": 10.0}], "a job was lost")
    assert failed.median("jobs_per_s") is None
    assert failed.spread("jobs_per_s") is None


def test_what_was_not_measured_is_none() -> None:
    """An unknown metric or contender is no zero."""
    kind = kind_result(ours=[1.0])
    assert kind.value("ours", "p99_us") is None
    assert kind.value("floor", "jobs_per_s") is None
    assert kind.value("c-best", "jobs_per_s") is None


def test_the_best_is_the_highest_throughput() -> None:
    """More jobs a second are better."""
    kind = kind_result(ours=[9.0], c_t4=[1.0], c_t1=[3.0], c_t0=[2.0])
    assert kind.best_of("c", "jobs_per_s") == "c-t1"
    assert kind.value("c-best", "jobs_per_s") == 3.0


def test_the_best_is_the_lowest_latency() -> None:
    """Fewer microseconds are better."""
    kind = kind_result("p99_us", ours=[9.0], c_t4=[1.0], c_t1=[3.0])
    assert kind.best_of("c", "p99_us") == "c-t4"


def test_figures_come_back_from_their_file(tmp_path: Path) -> None:
    """What is written is read again as it was, faults and absences included."""
    written = results(one_job=kind_result(ours=[1.0, 2.0], c_t4=[3.0]))
    written.kinds["one-job"].absent["floor"] = "not here"
    written.kinds["one-job"].standings["c-t4"].fault = "a job was lost"
    written.write(tmp_path / "figures.json")
    assert result_file.read(tmp_path / "figures.json") == written


def test_the_file_has_medians_for_other_programs() -> None:
    """Nobody needs our code to compare two files."""
    dumped = results(one_job=kind_result(ours=[1.0, 2.0, 6.0])).dump()
    ours = dumped["kinds"]["one-job"]["standings"]["ours"]
    assert ours["medians"] == {"jobs_per_s": 2.0}
    assert ours["spreads"] == {"jobs_per_s": 2.5}


@pytest.mark.parametrize("text", ["", "{}", '{"format": 0}', '{"format": 1, "kinds": {"a": 1}}'])
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    """The message names the file."""
    path = tmp_path / "figures.json"
    path.write_text(text)
    with pytest.raises(BenchmarkError, match=r"figures\.json"):
        result_file.read(path)


def test_kinds_are_sorted_as_they_are_listed() -> None:
    """A kind that is measured again later keeps its place in the table."""
    some = results(b=kind_result(), unknown=kind_result(), a=kind_result())
    some.sort(["a", "b"])
    assert list(some.kinds) == ["a", "b", "unknown"]


def test_figures_that_are_none_are_refused() -> None:
    """A metric that nobody knows and a division by nothing are faults of the instrument."""
    with pytest.raises(BenchmarkError, match="speed is no metric"):
        check({"speed": 1.0})
    with pytest.raises(BenchmarkError, match="p99_us is not a number"):
        check({"p99_us": float("nan")})


def test_faults_are_told_with_their_place() -> None:
    """Kind, contender and what happened."""
    some = results(a=kind_result(ours=[1.0]))
    some.kinds["a"].standings["ours"].fault = "a job was lost"
    assert some.faults() == [("a", "ours", "a job was lost")]
