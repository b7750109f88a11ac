"""Reports: from snapshots to lines, one piece a row, then a line with a single dot.

All reports are generators and pure: the same snapshots give the same bytes. A caller may stop after
any piece and go on later, so a report of a million jobs does not block the server.

The columns of ``status``, ``prioritystatus``, ``workers``, ``show jobs`` and ``show unique jobs``
are the C server's. Those of ``functions``, ``jobs``, ``clients`` and ``store`` are ours, tab
separated; new columns are only ever added at their ends.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

from gearman_tx.admin.names import escape
from gearman_tx.core import PRIORITY_NAMES, STATE_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gearman_tx.core import FunctionSnapshot, JobSnapshot, PeerAddress, PeerSnapshot

END: Final = b".\n"
"""The last line of every report."""

ANY: Final = b"*"
"""The argument that selects everything."""

_NONE: Final = b"-"
_LONE_DOT: Final = b"\\x2e"
_PRIORITIES: Final = tuple(name.encode() for name in PRIORITY_NAMES)
STATES: Final = tuple(name.encode() for name in STATE_NAMES)
"""The names of the states of a job, by state."""

SHOWN_STATES: Final = STATES[1:-1]
"""The states that a report may show: a committing job is not listed yet, an ended one is gone."""


def status(functions: Iterable[FunctionSnapshot]) -> Iterator[bytes]:
    """Yield a row for each function: name, jobs, running jobs, workers."""
    for function in functions:
        if not function.is_listed:
            yield b""
            continue
        counts = (function.total, function.running, function.workers)
        yield b"%b\t%d\t%d\t%d\n" % (escape(function.name), *counts)
    yield END


def priority_status(functions: Iterable[FunctionSnapshot]) -> Iterator[bytes]:
    """Yield a row for each function: name, queued jobs of high, normal, low priority, workers.

    Delayed jobs are among those of normal priority, as in the C server.
    """
    for function in functions:
        if not function.is_listed:
            yield b""
            continue
        normal = function.normal + function.delayed
        counts = (function.high, normal, function.low, function.workers)
        yield b"%b\t%d\t%d\t%d\t%d\n" % (escape(function.name), *counts)
    yield END


def workers(peers: Iterable[PeerSnapshot]) -> Iterator[bytes]:
    """Yield a row for each connection of any kind: descriptor, address, id, functions."""
    for peer in peers:
        address = peer.address
        names = b"".join(b" " + escape(name) for name in peer.functions)
        yield b"%d %b %b :%b\n" % (address.fd, _host(address), escape(peer.client_id), names)
    yield END


def show_jobs(jobs: Iterable[JobSnapshot]) -> Iterator[bytes]:
    """Yield a row for each job: handle, retries, 1 if abandoned, 1 if in the background."""
    for job in jobs:
        figures = (job.losses, job.abandoned, job.background)
        yield b"%b\t%d\t%d\t%d\n" % (escape(job.handle), *figures)
    yield END


def show_unique_jobs(jobs: Iterable[JobSnapshot]) -> Iterator[bytes]:
    """Yield the unique of every job, an empty line for an empty one.

    A unique that is a single dot is escaped, because such a line ends a report.
    """
    for job in jobs:
        yield b"%b\n" % (_LONE_DOT if job.unique == b"." else escape(job.unique))
    yield END


def functions(
    functions: Iterable[FunctionSnapshot], now: float, name: bytes | None = None
) -> Iterator[bytes]:
    """Yield a row for each function, with every count and the limits that ``maxqueue`` sets.

    Columns: name; all jobs; queued jobs of high, normal, low priority; delayed jobs; running
    jobs; workers; the limits for high, normal, low priority, 0 for none; whole seconds for which
    the first queued job has been ready for a worker, ``-`` if none is queued.

    Args:
        functions: the functions to report.
        now: the time that the seconds are counted to, in Unix seconds.
        name: the only one to show, or None for all; the others are empty pieces.
    """
    for function in functions:
        if name is not None and function.name != name:
            yield b""
            continue
        since = function.ready_since
        cells = (
            escape(function.name),
            b"%d\t%d\t%d\t%d" % (function.total, function.high, function.normal, function.low),
            b"%d\t%d\t%d" % (function.delayed, function.running, function.workers),
            b"%d\t%d\t%d" % function.settings.max_queue,
            _NONE if since is None else b"%d" % max(now - since, 0),
        )
        yield b"\t".join(cells) + b"\n"
    yield END


def jobs(
    jobs: Iterable[JobSnapshot], now: float, name: bytes | None = None, state: int | None = None
) -> Iterator[bytes]:
    """Yield a row for each job, with every detail.

    Columns: handle; function; unique; state; priority; ``bg`` or ``fg``; age in whole seconds;
    retries; waiting clients; descriptor and address of the worker that runs it, each ``-`` if
    none does; workload in bytes; progress as ``numerator/denominator``; whole seconds until it
    is due, ``-`` if it is not delayed; client id of the worker, ``-`` if it has none.

    Args:
        jobs: the jobs to report.
        now: the time that ages are counted from, in Unix seconds.
        name: the only function whose jobs are shown, or None; the others are empty pieces.
        state: the only state that is shown, or None; the others are empty pieces.
    """
    for job in jobs:
        if name not in {None, job.function} or state not in {None, job.state}:
            yield b""
            continue
        worker = job.worker
        due = job.due
        cells = (
            escape(job.handle),
            escape(job.function),
            escape(job.unique),
            STATES[job.state],
            _PRIORITIES[job.priority],
            b"bg" if job.background else b"fg",
            b"%d\t%d\t%d" % (max(now - job.submitted, 0), job.losses, job.clients),
            b"-\t-" if worker is None else b"%d\t%b" % (worker.fd, _host(worker)),
            b"%d\t%d/%d" % (job.size, *job.progress),
            _NONE if due is None else b"%d" % max(ceil(due - now), 0),
            _NONE if job.worker_id is None else escape(job.worker_id),
        )
        yield b"\t".join(cells) + b"\n"
    yield END


def clients(peers: Iterable[PeerSnapshot]) -> Iterator[bytes]:
    """Yield a row for each connection of a client, a worker or both.

    Columns: descriptor; address; id; functions that it registered; jobs that it runs; jobs that
    it waits for; ``asleep`` if it waits for a NOOP, else ``busy`` if it runs or awaits a job, else
    ``idle``.
    """
    for peer in peers:
        running, tasks = len(peer.running), peer.tasks
        cells = (
            b"%d\t%b" % (peer.address.fd, _host(peer.address)),
            escape(peer.client_id),
            b"%d\t%d\t%d" % (len(peer.functions), running, tasks),
            b"asleep" if peer.asleep else b"busy" if running or tasks else b"idle",
        )
        yield b"\t".join(cells) + b"\n"
    yield END


def store(figures: Iterable[tuple[str, str | int | float]]) -> Iterator[bytes]:
    """Yield a row for each figure of the store that keeps background jobs: name, value.

    Args:
        figures: names and values; seconds are shown in milliseconds' precision, an empty text as
            ``-``.
    """
    for name, value in figures:
        if isinstance(value, float):
            shown = b"%.3f" % value
        elif isinstance(value, int):
            shown = b"%d" % value
        else:
            shown = escape(value.encode(errors="surrogateescape")) or _NONE
        yield b"%b\t%b\n" % (name.encode(), shown)
    yield END


def _host(address: PeerAddress) -> bytes:
    """Return the address of a connection as one word, ``-`` if it has none."""
    host = address.host.encode(errors="surrogateescape")
    return escape(host).replace(b" ", b"\\x20") or _NONE
