"""What a job server says about itself, and what of it is not well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from attrs import frozen

from gearman_tx.admin import StoreStatus
from gearman_tx.cli.formats import as_text, span
from gearman_tx.cli.nagios import NO_LIMITS, Figure, Finding, Limits, State
from gearman_tx.cli.status import functions_of
from gearman_tx.cli.table import Row
from gearman_tx.core import PRIORITY_NAMES
from gearman_tx.errors import Refused
from gearman_tx.values.plural import plural

if TYPE_CHECKING:
    from gearman_tx.admin import AdminClient

_LOADING: Final = "loading"


@frozen
class Health:
    """The answers of one job server.

    Attributes:
        functions: a row for each function.
        store: the state of the queue file; None from a C server.
    """

    functions: Sequence[Row]
    store: StoreStatus | None


@frozen
class Expectations:
    """What is expected of each function.

    Attributes:
        queued: limits for the number of queued jobs.
        oldest: limits for the seconds for which the first queued job waits.
        workers: limits for the number of workers.
    """

    queued: Limits = NO_LIMITS
    oldest: Limits = NO_LIMITS
    workers: Limits = NO_LIMITS


async def read_health(admin: AdminClient) -> Health:
    """Ask a job server for its functions and its store."""
    functions = await functions_of(admin)
    return Health(functions, await store_of(admin))


async def store_of(admin: AdminClient) -> StoreStatus | None:
    """Return the state of the store; None from a server that does not report it."""
    try:
        return await admin.store()
    except Refused:
        return None


def queued(row: Row) -> int:
    """Return the number of queued jobs in a row of ``status``."""
    counts = [row[priority] for priority in PRIORITY_NAMES]
    return row["jobs"] - row["running"] if None in counts else sum(counts)


def idle_row(function: bytes) -> Row:
    """Return the row of a function that a job server does not know."""
    counts = dict.fromkeys(("jobs", "running", *PRIORITY_NAMES, "workers"), 0)
    return {**counts, "function": function, "oldest": None}


def judge_function(row: Row, expected: Expectations, *, is_named: bool) -> Iterator[Finding]:
    """Yield what is not well with a function.

    Args:
        row: its row of ``status``.
        expected: what is expected of it.
        is_named: whether the user named the function, so that it must have workers.
    """
    name, waiting = as_text(row["function"]), queued(row)
    jobs = f"{waiting} queued {plural('job', waiting)}"
    state, limit = expected.queued.exceeded(waiting)
    if state:
        yield Finding(state, f"{name}: {jobs} ({limit})")
    if expected.oldest != NO_LIMITS:
        yield from _judge_age(name, waiting, row["oldest"], expected.oldest)
    workers = row["workers"]
    if expected.workers != NO_LIMITS:
        state, limit = expected.workers.exceeded(workers)
        if state:
            yield Finding(state, f"{name}: {workers} workers ({limit})")
    elif not workers and (is_named or waiting):
        yield Finding(State.CRITICAL, f"{name}: no worker, {jobs}")


def _judge_age(name: str, waiting: int, oldest: int | None, limits: Limits) -> Iterator[Finding]:
    if waiting and oldest is None:
        text = f"{name}: the job server does not report for how long jobs wait"
        yield Finding(State.UNKNOWN, text)
        return
    state, limit = limits.exceeded(oldest or 0)
    if state:
        text = f"{name}: the first queued job waits for {span(oldest)}"
        yield Finding(state, f"{text} ({limit})")


def judge_store(store: StoreStatus | None) -> Iterator[Finding]:
    """Yield what is not well with the queue file of a job server."""
    state = "" if store is None else store.state or ""
    if store is not None and store.is_failing:
        text = f"background jobs are refused, they cannot be stored: {store.last_error}"
        yield Finding(State.CRITICAL, text)
    elif state.startswith(_LOADING):
        yield Finding(State.WARNING, f"the job server starts: {state} stored jobs")


def figures_of(row: Row, expected: Expectations) -> Iterator[Figure]:
    """Yield the numbers of a function for graphs."""
    name = as_text(row["function"])
    yield Figure(f"{name} queued", queued(row), expected.queued)
    yield Figure(f"{name} running", row["running"])
    yield Figure(f"{name} workers", row["workers"], expected.workers)
    if row["oldest"] is not None or not queued(row):
        yield Figure(f"{name} oldest", row["oldest"] or 0, expected.oldest, "s")
