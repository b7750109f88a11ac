"""``gearman-tx check``: a check for Nagios, Icinga and whatever else runs such plugins."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import click
from attrs import evolve, frozen
from typing_extensions import override

from gearman_tx.cli.errors import CommandError
from gearman_tx.cli.everywhere import ask_everywhere
from gearman_tx.cli.health import (
    Expectations,
    Health,
    figures_of,
    idle_row,
    judge_function,
    judge_store,
    queued,
    read_health,
)
from gearman_tx.cli.nagios import Figure, Finding, Limits, State, line_of, worst
from gearman_tx.cli.names import FUNCTION, as_bytes
from gearman_tx.cli.patterns import Patterns
from gearman_tx.cli.servers import servers_option, timeout_option
from gearman_tx.cli.table import Row
from gearman_tx.cli.threshold import COUNTS, SPANS, Range
from gearman_tx.values.plural import plural

if TYPE_CHECKING:
    from gearman_tx.link import Server

_WILD: Final = frozenset("*?[")


class _Plugin(click.Command):
    """A command whose every end is a state: also a wrong command line and a fault of its own."""

    @override
    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Click: read the command line."""
        try:
            return super().make_context(*arguments, **options)
        except click.UsageError as error:
            remedy = "see gearman-tx check --help"
            raise _unknown(f"{error.format_message().rstrip('.')}; {remedy}") from error

    @override
    def invoke(self, ctx: click.Context) -> Any:
        """Click: run the command."""
        try:
            return super().invoke(ctx)
        except click.exceptions.Exit:
            raise
        except Exception as error:
            traceback.print_exc()
            raise _unknown(f"{type(error).__name__}: {error}") from error


def _unknown(text: str) -> click.exceptions.Exit:
    click.echo(line_of(State.UNKNOWN, "", [Finding(State.UNKNOWN, text)], []))
    return click.exceptions.Exit(State.UNKNOWN)


@frozen
class _Thresholds:
    """The options that are ranges, by their names."""

    warning: Range | None
    critical: Range | None
    warning_age: Range | None
    critical_age: Range | None
    warning_workers: Range | None
    critical_workers: Range | None

    @property
    def expectations(self) -> Expectations:
        """What they expect of a function."""
        return Expectations(
            queued=Limits(self.warning, self.critical),
            oldest=Limits(self.warning_age, self.critical_age),
            workers=Limits(self.warning_workers, self.critical_workers),
        )


@click.command(cls=_Plugin)
@click.argument("functions", metavar="[FUNCTION]...", nargs=-1, type=FUNCTION)
@servers_option
@click.option(
    "-w",
    "--warning",
    type=COUNTS,
    metavar="RANGE",
    help="Warn if the number of queued jobs of a function is outside of this range.",
)
@click.option("-c", "--critical", type=COUNTS, metavar="RANGE", help="The same, for critical.")
@click.option(
    "--warning-age",
    type=SPANS,
    metavar="RANGE",
    help="Warn if the time for which the first queued job waits is outside of this range.",
)
@click.option("--critical-age", type=SPANS, metavar="RANGE", help="The same, for critical.")
@click.option(
    "--warning-workers",
    type=COUNTS,
    metavar="RANGE",
    help="Warn if the number of workers of a function is outside of this range.",
)
@click.option("--critical-workers", type=COUNTS, metavar="RANGE", help="The same, for critical.")
@timeout_option
def check(
    functions: tuple[str, ...], servers: list[Server], timeout: float, **ranges: Range | None
) -> int:
    """Check job servers, as a plugin of Nagios or Icinga.

    The check prints one line and numbers for graphs. The exit status is 0 (ok), 1 (warning), 2
    (critical) or 3 (unknown). It is critical if a job server does not answer or cannot store
    background jobs, if a FUNCTION has no worker, or if any function has queued jobs and no worker.

    With FUNCTION, only that function is checked. Name as many as you like; * and ? stand for any
    characters.

    A RANGE is MAX, MIN:, MIN:MAX, or @MIN:MAX for the values that raise the alarm. Times are
    seconds, or have a unit: 10m, 2h. With a range for the number of workers, that range alone says
    how many there must be. A C gearmand does not report for how long jobs wait.

    \b
    Examples:
      gearman-tx check
      gearman-tx check resize 'mail-*' -w 100 -c 1000 --critical-age 10m
      gearman-tx check resize --warning-workers 4: --critical-workers 1:
    """
    names = Patterns(functions)
    expected = _Thresholds(**ranges).expectations
    findings: list[Finding] = []
    figures: list[Figure] = []
    checked: list[Row] = []
    for server, answer in zip(servers, ask_everywhere(servers, timeout, read_health), strict=True):
        place = f"{server.name} " if len(servers) > 1 else ""
        if isinstance(answer, CommandError):
            findings.append(Finding(State.CRITICAL, answer.message))
            continue
        rows = _rows_of(answer, names)
        found = [*judge_store(answer.store), *_judge(rows, expected, is_named=bool(functions))]
        findings += [evolve(one, text=f"{place}{one.text}") for one in found]
        numbers = _figures_of(rows, expected) if functions else _sums(rows)
        figures += [evolve(one, label=f"{place}{one.label}") for one in numbers]
        checked += rows
    if unknown := names.take_unknown():
        findings.append(Finding(State.UNKNOWN, unknown.message))
    state = worst(findings)
    click.echo(line_of(state, _summary(len(servers), checked), findings, figures))
    return state


def _rows_of(health: Health, names: Patterns) -> list[Row]:
    """Return the rows of the functions that the user named, also of one without job and worker."""
    rows: dict[bytes, Row] = {row["function"]: row for row in health.functions}
    plain = [as_bytes(word) for word in names.words if not _WILD & set(word)]
    selected = names.select([*rows, *plain])
    rows = {function: idle_row(function) for function in plain} | rows
    return [row for function, row in rows.items() if function in selected]


def _judge(rows: Sequence[Row], expected: Expectations, *, is_named: bool) -> Iterator[Finding]:
    for row in rows:
        yield from judge_function(row, expected, is_named=is_named)


def _figures_of(rows: Sequence[Row], expected: Expectations) -> Iterator[Figure]:
    for row in rows:
        yield from figures_of(row, expected)


def _sums(rows: Sequence[Row]) -> Iterator[Figure]:
    """Yield the sums over all functions, which may be too many for graphs of their own."""
    yield Figure("functions", len(rows))
    yield Figure("queued", sum(map(queued, rows)))
    yield Figure("running", sum(row["running"] for row in rows))


def _summary(servers: int, rows: Sequence[Row]) -> str:
    counts = (
        (servers, "job server"),
        (len({row["function"] for row in rows}), "function"),
        (sum(map(queued, rows)), "queued job"),
        (sum(row["running"] for row in rows), "running job"),
    )
    return ", ".join(f"{count} {plural(word, count)}" for count, word in counts)
