"""The figures as files of the documentation: tables in reStructuredText, and the chart.

The pages about performance include them, and only ``python -m benchmarks --docs`` writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.chart import draw
from benchmarks.costs import cost_rows
from benchmarks.job_servers.contenders import FLOOR
from benchmarks.rows import MISSED, Row, number
from benchmarks.table import absences
from benchmarks.targets import Verdict

if TYPE_CHECKING:
    from benchmarks.results import Results
    from benchmarks.suites import Suite

FOLDER: Final = Path(__file__).parents[1] / "docs" / "performance"
"""The folder of the files."""

SUMMARY: Final = (
    ("one job at a time", "median latency, µs"),
    ("foreground, 8 clients × 32 outstanding, 8 workers, 64 B", "throughput, jobs/s"),
    ("background, submitted and drained together, 8 clients, 8 workers", "throughput, jobs/s"),
    ("in SQLite: submitted and drained together, 8 clients, 8 workers", "throughput, jobs/s"),
    ("jobs of 64 B queued", "memory of a queued job, bytes"),
)
"""A row of the summary each: the title of a kind of work, without its count, and a metric of it."""

_COUNT: Final = "0123456789, "  # at the beginning of a title

_WRITTEN: Final = ".. Written by python -m benchmarks --docs; a change made here is lost."


def write_docs(
    suite: Suite,
    results: Results,
    verdicts: Sequence[Verdict],
    rows: Sequence[Row],
    folder: Path = FOLDER,
) -> None:
    """Write the files of one suite.

    Args:
        suite: the suite.
        results: its figures.
        verdicts: the verdicts on the targets.
        rows: the rows of its tables.
        folder: where the files go.

    Raises:
        BenchmarkError: the library that draws is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draw(suite, results, folder / f"{suite.name}.svg")
    pages = {
        "summary": summary(suite, rows),
        "tables": tables(rows, suite.columns),
        "targets": targets(verdicts, {name: kind.title for name, kind in results.kinds.items()}),
        "machine": machine(results),
        "options": options(suite, results),
    }
    for name, lines in pages.items():
        text = "\n".join((_WRITTEN, "", *lines)) + "\n"
        (folder / f"{suite.name}-{name}.rst").write_text(text, encoding="utf-8")


def tables(rows: Sequence[Row], columns: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of a table for every group of kinds."""
    for group, of_group in groupby(rows, key=lambda row: row.group):
        some = list(of_group)
        ours = list(dict.fromkeys(title for row in some for title in row.ours))
        head = ("work", "measured", *ours, "±", *columns.values(), "target")
        yield from _list_table(group, head, _cells(some, ours))


def summary(suite: Suite, rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of a small table: the figures that most users ask for."""
    chosen = [
        row
        for title, metric in SUMMARY
        for row in rows
        if row.kind.lstrip(_COUNT) == title and row.metric == metric
    ]
    ours = list(dict.fromkeys(title for row in chosen for title in row.ours))
    columns = {name: title for name, title in suite.columns.items() if name != FLOOR}
    head = ("work", "measured", *ours, *columns.values())
    cells = (
        (
            row.kind,
            row.metric,
            *(row.ours[title].figure if title in row.ours else "" for title in ours),
            *(cell.figure for cell in row.others[: len(columns)]),
        )
        for row in chosen
    )
    yield from _list_table("In short", head, cells) if chosen else ()


def _cells(rows: Sequence[Row], ours: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for kind, of_kind in groupby(rows, key=lambda row: row.kind):
        for place, row in enumerate(of_kind):
            yield (
                kind if place == 0 else "",
                row.metric,
                *(row.ours[title].figure if title in row.ours else "" for title in ours),
                row.spread,
                *(
                    f"{cell.figure} ({cell.times})" if cell.times else cell.figure
                    for cell in row.others
                ),
                f"**{row.verdict}**" if row.verdict == MISSED else row.verdict,
            )


def targets(verdicts: Sequence[Verdict], titles: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of a table of all targets.

    Args:
        verdicts: the verdicts; those on one contender stand together, the first one's first.
        titles: the titles of the kinds of work by their names.
    """
    contenders = list(dict.fromkeys(verdict.contender for verdict in verdicts))
    verdicts = sorted(verdicts, key=lambda verdict: contenders.index(verdict.contender))
    words = {True: "met", False: "**missed**", None: "cannot tell"}
    cells = (
        (
            titles.get(verdict.target.kind, verdict.target.kind)
            + (f", {verdict.contender}" if len(contenders) > 1 else ""),
            verdict.target.text,
            "" if verdict.times is None else f"×{number(verdict.times)}",
            words[verdict.is_met],
        )
        for verdict in verdicts
    )
    yield from _list_table("Targets", ("work", "target", "it is", ""), cells)


def options(suite: Suite, results: Results) -> Iterator[str]:
    """Yield the lines of a table of what options cost."""
    head = ("option", "work", "measured", "without it", "with it", "ratio")
    rows = list(cost_rows(suite.costs, results, suite.ours))
    yield from _list_table("What options cost", head, rows) if rows else ()


def machine(results: Results) -> Iterator[str]:
    """Yield the lines about the machine, the run and the absent contenders."""
    modes = dict.fromkeys(kind.mode for kind in results.kinds.values())
    yield from (f":{name}: {value}" for name, value in results.machine.items())
    yield f":run: {', '.join(modes)}"
    yield ""
    yield from (f"- {line}" for line in absences(results))


def _list_table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield from (f".. list-table:: {title}", "   :header-rows: 1", "   :class: figures", "")
    for row in (head, *rows):
        for place, cell in enumerate(row):
            yield f"   {'* -' if place == 0 else '  -'} {cell}".rstrip()
    yield ""
