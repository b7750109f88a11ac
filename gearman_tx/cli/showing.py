"""Show a report. What asks and prints, ``rounds``, is imported only then."""

from __future__ import annotations

import click

from gearman_tx.cli.report import Report, ReportOptions


def show(report: Report, options: ReportOptions) -> None:
    """Ask all servers and print their answers.

    Raises:
        click.UsageError: options contradict each other or the report.
        click.exceptions.Exit: a server failed in the last round, or no server knew a function that
            the user named; the status is the highest one.
    """
    if options.count is not None and options.watch is None:
        raise click.UsageError("--count goes with --watch")
    if options.sort is not None and options.sort not in report.columns:
        names = ", ".join(report.columns)
        raise click.UsageError(f"there is no column {options.sort!r} to sort by: name {names}")
    from gearman_tx.cli.rounds import run_rounds  # noqa: PLC0415  # Twisted, which the Tab key does not need

    errors = run_rounds(report, options)
    if errors:
        raise click.exceptions.Exit(max(error.status for error in errors))
