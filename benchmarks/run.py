"""One run: choose kinds and contenders, measure them, print and write the figures."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click
from attrs import frozen
from rich.console import Console

from benchmarks import results as result_file
from benchmarks.contender import Contender
from benchmarks.contest import play_kind
from benchmarks.effort import Effort
from benchmarks.errors import BenchmarkError
from benchmarks.kind import Kind
from benchmarks.machine import describe
from benchmarks.open_files import raise_open_files
from benchmarks.page import write_docs
from benchmarks.results import Results
from benchmarks.rows import rows_of
from benchmarks.suites import Suite
from benchmarks.table import WIDTH, print_notes, print_tables
from benchmarks.targets import judge

FAILED: Final = 1
MISSED: Final = 3


@frozen
class Request:
    """A request for a run.

    Attributes:
        suite: which suite.
        effort: how much is done.
        is_quick: whether only the kinds of a quick run are played, if none is named.
        kinds: the names of the kinds that are played, if not all.
        names: the contenders that are measured, if not all.
        variants: names and commands of further contenders of ours.
        json_path: where the figures are written.
        from_path: the file with figures to begin with.
        docs: whether the files of the documentation are written.
        check: whether a missed target changes the exit status.
        folder: the folder in which contenders get theirs.
    """

    suite: Suite
    effort: Effort
    is_quick: bool = False
    kinds: Sequence[str] = ()
    names: Sequence[str] = ()
    variants: Sequence[tuple[str, str]] = ()
    json_path: Path | None = None
    from_path: Path | None = None
    docs: bool = False
    check: bool = False
    folder: Path | None = None


def tell(line: str) -> None:
    """Print a line of progress."""
    click.echo(line, err=True)


def chosen_kinds(request: Request) -> list[Kind[Any]]:
    """Return the kinds that are to be played.

    Raises:
        BenchmarkError: a name is not that of a kind.
    """
    every = {kind.name: kind for kind in request.suite.kinds}
    if request.kinds:
        return [every[_known(name, every, "kind of work")] for name in request.kinds]
    if request.from_path is not None and not request.is_quick:
        return []
    return [kind for kind in every.values() if kind.is_quick or not request.is_quick]


def chosen_contenders(request: Request) -> list[Contender[Any]]:
    """Return the contenders that are measured.

    Raises:
        BenchmarkError: a name is not that of a contender.
    """
    every = {one.name: one for one in request.suite.contenders(request.variants)}
    if not request.names:
        return list(every.values())
    return [every[_known(name, every, "contender")] for name in request.names]


def _known(name: str, every: dict[str, Any], what: str) -> str:
    if name not in every:
        raise BenchmarkError(f"there is no {what} {name}; there are {', '.join(every)}")
    return name


def list_suite(request: Request) -> int:
    """Print all kinds of work and all contenders, and return the exit status."""
    for kind in request.suite.kinds:
        quick = "quick" if kind.is_quick else ""
        click.echo(f"{kind.name:18}{quick:6} {kind.title_for(request.effort)}")
    click.echo()
    for one in request.suite.contenders(request.variants):
        click.echo(f"{one.name:18}{one.title}")
    return 0


def run(request: Request) -> int:
    """Carry out a request.

    Returns:
        The exit status.

    Raises:
        BenchmarkError: a name is unknown, or the machine cannot do it.
    """
    kinds, contenders = chosen_kinds(request), chosen_contenders(request)
    results = result_file.read(request.from_path) if request.from_path else Results()
    raise_open_files()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="benchmarks-", dir=request.folder) as name:
        folder = Path(name)
        if kinds:
            results.machine = describe(folder)
        for number, kind in enumerate(kinds, 1):
            tell(f"[{number}/{len(kinds)}, {time.monotonic() - began:.0f} s] {kind.name}")
            results.add(kind.name, play_kind(kind, contenders, request.effort, folder, tell))
            results.sort([kind.name for kind in request.suite.kinds])
            if request.json_path is not None:  # so that a long run loses nothing
                results.write(request.json_path)
    return _show(request, results)


def _show(request: Request, results: Results) -> int:
    suite = request.suite
    verdicts = judge(suite.targets, results, suite.ours)
    rows = rows_of(results, verdicts, suite.ours, suite.columns)
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    print_tables(console, rows, suite.columns)
    print_notes(console, results, verdicts)
    for name, value in results.machine.items():
        console.print(f"{name}: {value}", highlight=False, soft_wrap=True)
    if request.json_path is not None:
        results.write(request.json_path)
    if request.docs:
        write_docs(suite, results, verdicts, rows)
    kind_faults = [
        fault
        for kind, name, fault in results.faults()
        if results.kinds[kind].standings[name].family not in suite.may_fail
    ]
    if kind_faults:
        return FAILED
    if request.check and any(verdict.is_met is not True for verdict in verdicts):
        return MISSED
    return 0
