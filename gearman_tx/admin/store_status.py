"""The answer of a job server to the text command ``store``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from gearman_tx.admin.names import unescape
from gearman_tx.errors import RemoteProtocolError

IN_MEMORY: Final = "builtin"
"""The kind of a queue in memory."""

FAILING: Final = "failing"
"""The state of a store that cannot store background jobs."""


@frozen
class StoreStatus:
    """The store of background jobs; only this project's server reports it.

    All values but the kind are None if the queue is in memory, and so is a value that the server
    does not report.

    Attributes:
        kind: ``sqlite``, or ``builtin`` for a queue in memory.
        path: the queue file.
        state: ``ok``; ``failing`` while background submissions are refused; ``loading N of M``
            while stored jobs are loaded at the start.
        jobs: stored jobs.
        size: bytes on disk.
        log: how many of them are the write-ahead log.
        commits: batches stored since the start.
        added: jobs that they added.
        errors: batches that could not be stored.
        waiting: submissions that wait to be stored and answered.
        lag: seconds for which a change has been waiting to be stored.
        last_commit: when the newest batch was stored, in Unix seconds; None before the first.
        last_seconds: how long that took.
        last_error: why the newest batch could not be stored; None if it could.
        notices: events about the file that operators should know, the oldest first.
    """

    kind: str
    path: str | None = None
    state: str | None = None
    jobs: int | None = None
    size: int | None = None
    log: int | None = None
    commits: int | None = None
    added: int | None = None
    errors: int | None = None
    waiting: int | None = None
    lag: float | None = None
    last_commit: float | None = None
    last_seconds: float | None = None
    last_error: str | None = None
    notices: tuple[str, ...] = ()

    @property
    def is_durable(self) -> bool:
        """Whether background jobs survive the end of the server."""
        return self.kind != IN_MEMORY

    @property
    def is_failing(self) -> bool:
        """Whether background submissions are refused because they cannot be stored."""
        return self.state == FAILING


def read_store(lines: Sequence[bytes]) -> StoreStatus:
    """Return the rows of ``store`` as one value; figures of later versions are left out.

    Raises:
        RemoteProtocolError: the rows are not those of this report.
    """
    rows = [line.partition(b"\t") for line in lines]
    figures = {name.decode("ascii", "replace"): value for name, _, value in rows}

    def count(name: str) -> int | None:
        return int(figures[name]) if name in figures else None

    def seconds(name: str) -> float | None:
        return float(figures[name]) if name in figures else None

    def text(name: str) -> str | None:
        value = figures.get(name, b"-")
        return None if value == b"-" else _text(value)

    try:
        return StoreStatus(
            kind=_text(figures["kind"]),
            path=text("path"),
            state=text("state"),
            jobs=count("jobs"),
            size=count("size"),
            log=count("log"),
            commits=count("commits"),
            added=count("added"),
            errors=count("errors"),
            waiting=count("waiting"),
            lag=seconds("lag"),
            last_commit=seconds("last-commit") or None,
            last_seconds=seconds("last-seconds"),
            last_error=text("last-error"),
            notices=tuple(_text(value) for name, _, value in rows if name == b"notice"),
        )
    except (KeyError, ValueError) as error:
        shown = b"\n".join(lines)[:200]
        raise RemoteProtocolError(f"{shown!r} is not a report of a store") from error


def _text(written: bytes) -> str:
    return unescape(written).decode("utf-8", "backslashreplace")
