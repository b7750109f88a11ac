"""What people see: rows, tables, the page and the chart."""

from __future__ import annotations

import io
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from docutils.core import publish_doctree
from rich.console import Console

from benchmarks.chart import ratios
from benchmarks.costs import Cost, cost_rows
from benchmarks.page import machine, tables, targets, write_docs
from benchmarks.results import Results
from benchmarks.rows import Row, number, rows_of
from benchmarks.suites import SUITES
from benchmarks.table import absences, print_notes, print_tables
from benchmarks.targets import Target, Verdict, judge
from tests.benchmarks.samples import COLUMNS, kind_result, results

TARGET = Target("one-job", "jobs_per_s", 2, "c-t4")


def shown(some: Results) -> tuple[list[Row], list[Verdict]]:
    """Return the rows and verdicts of some results, with :data:`TARGET`."""
    verdicts = judge([TARGET], some, "ours")
    return rows_of(some, verdicts, "ours", COLUMNS), verdicts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567.8, "1,234,568"),
        (123.4, "123"),
        (12.34, "12.3"),
        (1.234, "1.23"),
        (0.01234, "0.0123"),
        (0.0, "0.00"),
    ],
)
def test_a_number_has_three_digits_that_count(value: float, text: str) -> None:
    """More would claim what nobody measured."""
    assert number(value) == text


def test_a_row_has_medians_ratios_and_the_verdict() -> None:
    """Ours beside the default, the best and the floor."""
    some = results(one_job=kind_result(ours=[90.0, 100.0, 110.0], c_t4=[25.0], c_t1=[50.0]))
    ((row,), _) = shown(some)
    assert row.ours["ours"].figure == "100"
    assert row.spread == "20%"
    assert [(cell.figure, cell.times) for cell in row.others] == [
        ("25.0", "×4.00"),
        ("50.0", "×2.00"),
        ("–", ""),
    ]
    assert row.verdict == "met"
    assert row.metric == "throughput, jobs/s"


def test_a_row_tells_what_was_missed_or_failed() -> None:
    """Neither looks like a figure."""
    missed = results(one_job=kind_result(ours=[10.0], c_t4=[25.0]))
    assert shown(missed)[0][0].verdict == "missed"
    missed.kinds["one-job"].standings["c-t4"].fault = "a job was lost"
    ((row,), _) = shown(missed)
    assert row.others[0].figure == "failed"
    assert row.verdict == "cannot tell"


def test_the_table_and_its_notes_have_it_all() -> None:
    """Figures, headings, what was missed, what failed and who was not there."""
    some = results(one_job=kind_result(ours=[10.0], c_t4=[25.0], floor=[30.0]))
    some.kinds["one-job"].standings["floor"].fault = "it fell"
    some.kinds["one-job"].absent["c-t0"] = "not installed"
    output = io.StringIO()
    console = Console(width=200, file=output)
    rows, verdicts = shown(some)
    print_tables(console, rows, COLUMNS)
    print_notes(console, some, verdicts)
    text = output.getvalue()
    assert "Foreground" in text
    assert "one job at a time" in text
    assert "missed: one-job, ours: throughput at least 2 times as good as c-t4; it is 0.4" in text
    assert "failed: one-job, floor: it fell" in text
    assert "without c-t0: not installed" in text


def test_an_absence_names_the_kinds_unless_it_is_all() -> None:
    """One line tells each reason."""
    some = results(a=kind_result(), b=kind_result())
    some.kinds["a"].absent["floor"] = "it has no store"
    assert absences(some) == ["without floor in a: it has no store"]
    some.kinds["b"].absent["floor"] = "it has no store"
    assert absences(some) == ["without floor: it has no store"]


def test_the_page_is_restructuredtext() -> None:
    """Docutils finds nothing wrong with it, and the figures are in it."""
    some = results(one_job=kind_result(ours=[10.0], ours_other=[11.0], c_t4=[25.0]))
    rows, verdicts = shown(some)
    for lines in (tables(rows, COLUMNS), targets(verdicts, {}), machine(some)):
        text = "\n".join(lines)
        tree = publish_doctree(text, settings_overrides={"halt_level": 2, "report_level": 2})
        assert tree.astext()
    assert "25.0 (×0.4)" in "\n".join(tables(rows, COLUMNS))


def test_the_chart_has_a_bar_for_each_ratio() -> None:
    """A kind without another to compare with is left out."""
    some = results(one_job=kind_result(ours=[10.0], c_t4=[25.0]), alone=kind_result(ours=[1.0]))
    found = ratios(SUITES["server"], some)
    times = pytest.approx(0.4)
    assert found == {"one job at a time\nthroughput": {"C -t 4": times, "C, best": times}}


def test_the_files_of_the_documentation_are_written(tmp_path: Path) -> None:
    """The files that are included and a chart, which is the same for the same figures."""
    pytest.importorskip("matplotlib", reason="needs the extra bench")
    some = results(one_job=kind_result(ours=[10.0], c_t4=[25.0]))
    rows, verdicts = shown(some)
    folder = tmp_path / "performance"
    write_docs(SUITES["server"], some, verdicts, rows, folder)
    names = [
        "server-machine.rst",
        "server-options.rst",
        "server-summary.rst",
        "server-tables.rst",
        "server-targets.rst",
        "server.svg",
    ]
    assert sorted(path.name for path in folder.iterdir()) == names
    drawing = (folder / "server.svg").read_bytes()
    assert ET.fromstring(drawing).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314  # ours
    write_docs(SUITES["server"], some, verdicts, rows, folder)
    assert (folder / "server.svg").read_bytes() == drawing


def test_what_an_option_costs_is_ours_with_and_without_it() -> None:
    """What was not measured has no row."""
    some = results(
        drain=kind_result(ours=[100.0], c_t4=[1.0]), durable=kind_result(ours=[80.0], c_t4=[1.0])
    )
    costs = [
        Cost("--queue-type=sqlite", "durable", "drain", "jobs_per_s"),
        Cost("--queue-type=sqlite", "durable", "drain", "p99_us"),
        Cost("--other", "durable", "nothing", "jobs_per_s"),
    ]
    assert list(cost_rows(costs, some, "ours")) == [
        (
            "``--queue-type=sqlite``",
            "one job at a time",
            "throughput, jobs/s",
            "100",
            "80.0",
            "×0.8",
        )
    ]
