"""What is not well with a function and a store, without a server."""

from __future__ import annotations

from typing import Any

import pytest

from gearman_tx.admin import StoreStatus
from gearman_tx.cli.health import (
    Expectations,
    figures_of,
    idle_row,
    judge_function,
    judge_store,
    queued,
)
from gearman_tx.cli.nagios import Limits, State
from gearman_tx.cli.threshold import COUNTS, SPANS


def row(**values: Any) -> dict[str, Any]:
    """Return the row of a function with two queued jobs and a running one."""
    usual = {"jobs": 3, "running": 1, "high": 0, "normal": 2, "low": 0, "workers": 1, "oldest": 7}
    return {"function": b"f", **usual, **values}


def counts(warning: str | None, critical: str | None = None) -> Limits:
    """Return limits for counts."""
    return Limits(
        None if warning is None else COUNTS.convert(warning, None, None),
        None if critical is None else COUNTS.convert(critical, None, None),
    )


AGE = Limits(SPANS.convert("1m", None, None), SPANS.convert("5m", None, None))


@pytest.mark.parametrize(
    ("found", "expected", "is_named", "state", "text"),
    [
        (row(), Expectations(), False, None, ""),
        (row(), Expectations(), True, None, ""),
        (row(normal=1, workers=0), Expectations(), False, 2, "f: no worker, 1 queued job"),
        (row(normal=0, workers=0), Expectations(), False, None, ""),
        (row(normal=0, workers=0), Expectations(), True, 2, "f: no worker, 0 queued jobs"),
        (idle_row(b"f"), Expectations(oldest=AGE), False, None, ""),
        (idle_row(b"f"), Expectations(), True, 2, "f: no worker, 0 queued jobs"),
        (row(), Expectations(counts("2")), True, None, ""),
        (row(), Expectations(counts("1", "2")), True, 1, "f: 2 queued jobs (warning: 1)"),
        (row(), Expectations(counts("1", "1")), True, 2, "f: 2 queued jobs (critical: 1)"),
        (row(), Expectations(workers=counts("2:")), True, 1, "f: 1 workers (warning: 2:)"),
        (row(workers=0), Expectations(workers=counts("0:")), True, None, ""),
        (row(oldest=60), Expectations(oldest=AGE), True, None, ""),
        (
            row(oldest=61),
            Expectations(oldest=AGE),
            True,
            1,
            "f: the first queued job waits for 1m 1s (warning: 1m)",
        ),
        (
            row(oldest=None),
            Expectations(oldest=AGE),
            True,
            3,
            "f: the job server does not report for how long jobs wait",
        ),
        (row(oldest=None, normal=0), Expectations(oldest=AGE), True, None, ""),
    ],
)
def test_functions(
    found: dict[str, Any], expected: Expectations, is_named: bool, state: int | None, text: str
) -> None:
    """Each limit is applied; without one for workers, a function that is used must have one."""
    findings = list(judge_function(found, expected, is_named=is_named))
    assert [(finding.state, finding.text) for finding in findings] == (
        [] if state is None else [(State(state), text)]
    )


def test_queued_jobs_of_a_c_server() -> None:
    """What its reports do not have is worked out."""
    assert queued(row(high=1, low=5)) == 8
    assert queued(row(high=None, normal=None, low=None)) == 2


@pytest.mark.parametrize(
    ("store", "state", "text"),
    [
        (None, None, ""),
        (StoreStatus("builtin"), None, ""),
        (StoreStatus("sqlite", state="ok"), None, ""),
        (
            StoreStatus("sqlite", state="failing", last_error="the disk is full"),
            State.CRITICAL,
            "background jobs are refused, they cannot be stored: the disk is full",
        ),
        (
            StoreStatus("sqlite", state="loading 3 of 9"),
            State.WARNING,
            "the job server starts: loading 3 of 9 stored jobs",
        ),
    ],
)
def test_stores(store: StoreStatus | None, state: State | None, text: str) -> None:
    """A store that fails is critical, a server that loads its jobs is a warning."""
    findings = [(finding.state, finding.text) for finding in judge_store(store)]
    assert findings == ([] if state is None else [(state, text)])


def test_figures() -> None:
    """The age is left out where the server does not report it."""
    shown = [str(figure) for figure in figures_of(row(), Expectations(counts("5", "9"), AGE))]
    assert shown == [
        "'f queued'=2;5;9;0",
        "'f running'=1;;;0",
        "'f workers'=1;;;0",
        "'f oldest'=7s;60;300;0",
    ]
    assert len(list(figures_of(row(oldest=None), Expectations()))) == 3
    assert len(list(figures_of(idle_row(b"f"), Expectations()))) == 4
