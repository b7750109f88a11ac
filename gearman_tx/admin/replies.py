"""The answers of a job server to text commands, as typed values: the reader of ``reports``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from attrs import frozen

from gearman_tx.admin.names import unescape
from gearman_tx.errors import Refused, RemoteProtocolError

T = TypeVar("T")


@frozen
class FunctionStatus:
    """A row of ``status``.

    Attributes:
        name: the function.
        total: its jobs in all states.
        running: its jobs that a worker has.
        workers: the connections that registered it.
    """

    name: bytes
    total: int
    running: int
    workers: int


@frozen
class PriorityStatus:
    """A row of ``prioritystatus``.

    Attributes:
        name: the function.
        high: its queued jobs of high priority.
        normal: its queued jobs of normal priority, and the delayed ones.
        low: its queued jobs of low priority.
        workers: the connections that registered it.
    """

    name: bytes
    high: int
    normal: int
    low: int
    workers: int


@frozen
class ConnectionStatus:
    """A row of ``workers``: a connection of a worker, a client or an operator.

    Attributes:
        fd: its file descriptor in the server.
        host: the address of the peer.
        client_id: the id that it sent with SET_CLIENT_ID; ``b"-"`` if it sent none.
        functions: the functions that it registered, the newest first.
    """

    fd: int
    host: str
    client_id: bytes
    functions: tuple[bytes, ...]


@frozen
class QueuedJob:
    """A row of ``show jobs``.

    Attributes:
        handle: the job's handle.
        losses: how often its worker was lost.
        ignored: whether it is a foreground job without a client that waits for its result.
        background: whether it is a background job.
    """

    handle: bytes
    losses: int
    ignored: bool
    background: bool


@frozen
class JobDetails:
    """A row of ``jobs``, which only this project's server answers.

    Attributes:
        handle: the job's handle.
        function: its function.
        unique: its unique; may be empty.
        state: ``delayed``, ``queued``, ``running`` or ``kept``.
        priority: ``high``, ``normal`` or ``low``.
        background: whether it is a background job.
        age: seconds since it was submitted.
        losses: how often its worker was lost.
        clients: how many submissions wait for its result.
        worker_fd: the descriptor of the worker that runs it, or None.
        worker_host: the address of the worker that runs it, or None.
        size: bytes of workload.
        progress: numerator and denominator of the last WORK_STATUS, or None if there was none.
        due_in: seconds until it may run, or None if it may now.
        worker_id: the client id of the worker that runs it, or None; older servers do not say it.
    """

    handle: bytes
    function: bytes
    unique: bytes
    state: str
    priority: str
    background: bool
    age: int
    losses: int
    clients: int
    worker_fd: int | None
    worker_host: str | None
    size: int
    progress: tuple[int, int] | None
    due_in: int | None
    worker_id: bytes | None


@frozen
class FunctionDetails:
    """A row of ``functions``, which only this project's server answers.

    Attributes:
        name: the function.
        total: its jobs in all states.
        high: its queued jobs of high priority.
        normal: its queued jobs of normal priority.
        low: its queued jobs of low priority.
        delayed: its jobs that are not due yet.
        running: its jobs that a worker has.
        workers: the connections that registered it.
        max_queue: the limits for submissions of high, normal and low priority; 0 is no limit.
        oldest: seconds for which the first queued job has been ready for a worker; None if none
            is queued, or from an earlier version of the server.
    """

    name: bytes
    total: int
    high: int
    normal: int
    low: int
    delayed: int
    running: int
    workers: int
    max_queue: tuple[int, int, int]
    oldest: int | None


@frozen
class ClientDetails:
    """A row of ``clients``, which only this project's server answers.

    Attributes:
        fd: the connection's file descriptor in the server.
        host: the address of the peer.
        client_id: the id that it sent with SET_CLIENT_ID; ``b"-"`` if it sent none.
        functions: how many functions it registered.
        running: how many jobs it runs.
        waiting: how many jobs it waits for.
        state: ``asleep`` if it is a worker that waits to be woken for a job, else ``busy`` if it
            runs or waits for a job, else ``idle``.
    """

    fd: int
    host: str
    client_id: bytes
    functions: int
    running: int
    waiting: int
    state: str


def read_rows(lines: Iterable[bytes], read: Callable[[bytes], T]) -> list[T]:
    """Return each line of a report as a value.

    Raises:
        RemoteProtocolError: a line has other columns than expected.
    """
    rows = []
    for line in lines:
        try:
            rows.append(read(line))
        except (ValueError, IndexError) as error:
            raise RemoteProtocolError(f"{line[:200]!r} is not a row of this report") from error
    return rows


def read_jobs(reply: bytes) -> list[JobDetails]:
    """Return the rows of a whole reply to ``jobs``, which ends in a line with a dot.

    Raises:
        RemoteProtocolError: a line has other columns than expected.
    """
    lines = reply.removesuffix(b".\n").split(b"\n")
    return read_rows(lines[:-1], job_details)


def check(line: bytes) -> bytes:
    """Return the text behind ``OK`` in a reply of one line.

    Raises:
        Refused: the server answered with an error.
        RemoteProtocolError: the answer is neither ``OK`` nor ``ERR``.
    """
    verdict, _, rest = line.partition(b" ")
    if verdict == b"OK":
        return rest
    if verdict == b"ERR":
        code, _, text = rest.partition(b" ")
        if not code.isupper():  # "ERR function not found" has no code
            code, text = b"ERR", rest
        raise Refused(code, text.replace(b"+", b" "))
    raise RemoteProtocolError(f"{line[:200]!r} is neither OK nor ERR")


def function_status(line: bytes) -> FunctionStatus:
    """Return a row of ``status``."""
    name, *counts = line.split(b"\t")
    total, running, workers = map(int, counts)
    return FunctionStatus(unescape(name), total, running, workers)


def priority_status(line: bytes) -> PriorityStatus:
    """Return a row of ``prioritystatus``."""
    name, *counts = line.split(b"\t")
    high, normal, low, workers = map(int, counts)
    return PriorityStatus(unescape(name), high, normal, low, workers)


def connection_status(line: bytes) -> ConnectionStatus:
    """Return a row of ``workers``; an id with blanks is read whole, names are cut at blanks."""
    fd, host, rest = line.split(b" ", 2)
    client_id, colon, names = rest.partition(b" :")
    if not colon:
        raise ValueError(line)
    functions = tuple(unescape(name) for name in names.split())
    return ConnectionStatus(
        int(fd), host.decode("ascii", "replace"), unescape(client_id), functions
    )


def queued_job(line: bytes) -> QueuedJob:
    """Return a row of ``show jobs``."""
    handle, losses, ignored, background = line.split(b"\t")
    return QueuedJob(unescape(handle), int(losses), ignored == b"1", background == b"1")


def job_details(line: bytes) -> JobDetails:
    """Return a row of ``jobs``."""
    cells = line.split(b"\t")
    fd, host, due = cells[9], cells[10], cells[13]
    worker_id = cells[14] if len(cells) > 14 else b"-"  # noqa: PLR2004  # its place in the row
    done, _, total = cells[12].partition(b"/")
    return JobDetails(
        handle=unescape(cells[0]),
        function=unescape(cells[1]),
        unique=unescape(cells[2]),
        state=cells[3].decode(),
        priority=cells[4].decode(),
        background=cells[5] == b"bg",
        age=int(cells[6]),
        losses=int(cells[7]),
        clients=int(cells[8]),
        worker_fd=None if fd == b"-" else int(fd),
        worker_host=None if host == b"-" else host.decode("ascii", "replace"),
        size=int(cells[11]),
        progress=None if cells[12] == b"0/0" else (int(done), int(total)),
        due_in=None if due == b"-" else int(due),
        worker_id=None if worker_id == b"-" else unescape(worker_id),
    )


def function_details(line: bytes) -> FunctionDetails:
    """Return a row of ``functions``."""
    name, *cells = line.split(b"\t")
    total, high, normal, low, delayed, running, workers, *limits = map(int, cells[:10])
    first, second, third = limits
    (oldest,) = cells[10:11] or [b"-"]
    return FunctionDetails(
        unescape(name),
        total,
        high,
        normal,
        low,
        delayed,
        running,
        workers,
        (first, second, third),
        None if oldest == b"-" else int(oldest),
    )


def client_details(line: bytes) -> ClientDetails:
    """Return a row of ``clients``."""
    fd, host, client_id, functions, running, waiting, state = line.split(b"\t")[:7]
    return ClientDetails(
        int(fd),
        host.decode("ascii", "replace"),
        unescape(client_id),
        int(functions),
        int(running),
        int(waiting),
        state.decode(),
    )
