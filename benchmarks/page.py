"""The figures as files of the documentation: tables in reStructuredText, and the chart.

``docs/performance.rst`` includes them, and only ``python -m benchmarks --docs`` writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.chart import draw
from benchmarks.costs import cost_rows
from benchmarks.rows import MISSED, Row, number
from benchmarks.table import absences
from benchmarks.targets import Verdict

if TYPE_CHECKING:
    from benchmarks.results import Results
    from benchmarks.suites import Suite

FOLDER: Final = Path(__file__).parents[1] / "docs" / "performance"
"""The folder of the files."""

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
        "tables": tables(rows, suite.columns),
        "targets": targets(verdicts),
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


def targets(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield the lines of a table of all targets."""
    words = {True: "met", False: "**missed**", None: "cannot tell"}
    several = len({verdict.contender for verdict in verdicts}) > 1
    cells = (
        (
            verdict.target.kind + (f", {verdict.contender}" if several else ""),
            verdict.target.text,
            "" if verdict.times is None else f"×{number(verdict.times)}",
            words[verdict.is_met],
        )
        for verdict in verdicts
    )
    yield from _list_table("Targets", ("work", "target", "it is", ""), cells)


def options(suite: Suite, results: Results) -> Iterator[str]:
    """Yield the lines of a table of what options cost."""
    head = ("option", "work", "measured", "without it", "with it", "which is")
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
