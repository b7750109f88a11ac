"""The names of what reports show, in one table: each name has one meaning everywhere.

A name is the key in JSON, the heading in TSV and, with a capital letter and blanks, the title in a
table. JSON and TSV have the unit that is given here, and a table shows it in a form for people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from attrs import frozen

from gearman_tx.admin.store_status import IN_MEMORY
from gearman_tx.cli import formats
from gearman_tx.cli.formats import as_text

ALWAYS: Final = 0
"""The rank of a column that is shown on the narrowest terminal."""


@frozen
class Column:
    """One thing that reports show.

    Attributes:
        name: its key in JSON.
        about: what it is, for the documentation, with its unit.
        rank: which columns a narrow terminal leaves out: those with the largest ranks first.
        format: returns the text of a cell for a value.
        is_number: whether the cells are aligned to the right.
        may_be_cut: whether a narrow terminal may show the beginning of a cell alone.
    """

    name: str
    about: str
    rank: int = ALWAYS
    format: Callable[[object], str] = as_text
    is_number: bool = False
    may_be_cut: bool = False

    @property
    def title(self) -> str:
        """The heading in a table."""
        return self.name.replace("_", " ").capitalize()


def number(name: str, about: str, rank: int, shown: Callable[[object], str] = as_text) -> Column:
    """Return a column whose cells are aligned to the right."""
    return Column(name, about, rank, shown, is_number=True)


def _moment(seconds: object) -> str:
    """Return seconds since 1970 as date and time in the local zone."""
    if not isinstance(seconds, float):
        return as_text(seconds)
    try:
        return datetime.fromtimestamp(seconds).astimezone().isoformat(" ", "seconds")
    except (OverflowError, ValueError, OSError):  # beyond the year 9999
        return f"{seconds:g}"


def _kind(kind: object) -> str:
    return "memory: the jobs end with the server" if kind == IN_MEMORY else as_text(kind)


COLUMNS: Final = {
    column.name: column
    for column in (
        Column("server", "job server", 1),
        # Jobs
        Column("handle", "handle of the job"),
        Column("function", "function", may_be_cut=True),
        Column("unique", "unique of the job", 6, may_be_cut=True),
        Column(
            "state",
            "a job is ``delayed``, ``queued``, ``running`` or ``kept``, a connection ``asleep``, "
            "``busy`` or ``idle``, a store ``ok``, ``failing`` or ``loading N of M``",
            1,
        ),
        Column("priority", "``high``, ``normal`` or ``low``", 8),
        Column("background", "whether it is a background job", 10),
        number("age", "seconds since the submission", 2, formats.span),
        number("losses", "how often its worker was lost", 11),
        number("clients", "submissions that wait for its result", 12),
        number("size", "bytes of workload", 7, formats.size),
        number(
            "progress", "numerator and denominator that the worker reported", 9, formats.progress
        ),
        number("due_in", "seconds until a delayed job is due", 13, formats.span),
        Column("worker", "client id of the worker that runs it, or else its address", 5),
        Column("worker_id", "client id of that worker", 15),
        Column("worker_host", "address of that worker", 16),
        number("worker_fd", "descriptor of its connection in the server", 14),
        # Functions
        number("jobs", "jobs that wait or run, delayed ones included", 1),
        number("running", "jobs that a worker has", 2),
        number("high", "queued jobs of high priority", 6),
        number("normal", "queued jobs of normal priority", 6),
        number("low", "queued jobs of low priority", 6),
        number("delayed", "jobs whose time has not come", 7),
        number(
            "oldest",
            "seconds for which the first queued job has been ready for a worker",
            4,
            formats.span,
        ),
        number("workers", "workers that offer the function", 3),
        number(
            "max_queue",
            "limits for submissions of ``high``, ``normal`` and ``low`` priority; 0 is no limit",
            8,
            formats.limits,
        ),
        # Connections
        number("fd", "descriptor of the connection in the server", 5),
        Column("host", "address of the peer", 1),
        Column("client_id", "name that the peer gave itself", 2, may_be_cut=True),
        Column("functions", "functions that it offers", may_be_cut=True),
        number("abilities", "how many functions it offers", 3),
        number("awaited", "jobs whose results it waits for", 4),
        # Stores of background jobs
        Column("kind", "``sqlite``, or ``builtin`` for a queue in memory", 1, _kind),
        Column("path", "queue file", 2),
        number("stored", "jobs in the queue file", 3),
        number("file_size", "bytes of the queue file", 4, formats.size),
        number("log_size", "bytes of its write-ahead log", 5, formats.size),
        number("commits", "batches stored since the start", 6),
        number("added", "jobs that they added", 7),
        number("errors", "batches that could not be stored", 8),
        number("waiting", "submissions that wait to be stored and answered", 9),
        number(
            "lag",
            "seconds for which a change has been waiting to be stored",
            10,
            formats.milliseconds,
        ),
        Column("last_commit", "when the newest batch was stored, seconds since 1970", 11, _moment),
        number("commit_time", "seconds that it took", 12, formats.milliseconds),
        Column("last_error", "why the newest batch could not be stored", 13),
        Column("notices", "events about the file that operators should know", 14),
        # Servers
        Column("version", "version of the job server", 3),
        number("pid", "its process id", 4),
        number("connected_in", "seconds to connect and get an answer", 2, formats.milliseconds),
        number("answered_in", "seconds from a question to its answer", 1, formats.milliseconds),
        # Imports
        Column("first_due", "when the first delayed job is due, seconds since 1970", 2, _moment),
        Column("last_due", "when the last delayed job is due, seconds since 1970", 3, _moment),
    )
}
"""All of them by name."""


def columns(names: Iterable[str]) -> tuple[Column, ...]:
    """Return the columns of these names."""
    return tuple(COLUMNS[name] for name in names)
