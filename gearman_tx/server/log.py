"""The log of the job server for its operator: refusals, drops and losses, never a workload.

No normal packet is logged, and no peer can fill the log: in each window of time a few lines of each
kind are written. The others are counted, and the next line of that kind says their number. Each
line carries the name of its kind as ``event``, and the address of the peer as ``peer``.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field
from twisted.logger import Logger

from gearman_tx.values.plural import plural

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.python.failure import Failure

    from gearman_tx.server.connection import Connection

LINES_A_WINDOW: Final = 10
"""How many lines of one kind are written in one window."""

WINDOW_SECONDS: Final = 60.0
"""The length of a window."""

MOST_JOBS: Final = 3
"""How many of a lost worker's jobs are named in its line."""


@define
class _Window:
    """The lines of one kind since ``start``."""

    start: float
    written: int = 0
    withheld: int = 0


@define(eq=False)
class ServerLog:
    """The log of the job server.

    Args:
        seconds: the time, in seconds.
        traces: whether each connection is logged, when it begins and when it ends.
    """

    _seconds: Callable[[], float]
    traces: bool = False
    _windows: dict[str, _Window] = field(factory=dict)
    _store_fails: bool = False
    _log: Logger = field(factory=lambda: Logger("gearman_tx.server"))

    def connected(self, connection: Connection) -> None:
        """A connection was accepted."""
        if self.traces:
            text = "{peer} (fd {fd}) connected"
            self._log.debug(text, event="connected", **_whose(connection))

    def disconnected(self, connection: Connection) -> None:
        """A connection ended; its peer still has its functions."""
        if self.traces:
            peer = connection.peer
            self._log.debug(
                "{peer} (fd {fd}, id {client_id}) disconnected; functions: {functions}",
                event="disconnected",
                client_id=_shown(peer.client_id),
                functions=", ".join(sorted(_shown(one.name) for one in peer.abilities)) or "-",
                **_whose(connection),
            )

    def refused(self, connection: Connection, code: bytes, text: bytes) -> None:
        """A request was answered with ERROR."""
        self._warn(
            "refused",
            "{peer} (fd {fd}) was refused: {code}: {text}",
            code=_shown(code),
            text=_shown(text),
            **_whose(connection),
        )

    def dropped(self, connection: Connection, reason: str) -> None:
        """A connection was closed because its peer broke a rule or a limit."""
        text = "{peer} (fd {fd}) was dropped: {reason}"
        self._warn("dropped", text, reason=reason, **_whose(connection))

    def http_asked(self, connection: Connection) -> None:
        """A peer sent an HTTP request, to which each line is an unknown text command."""
        text = "{peer} (fd {fd}) sent an HTTP request; this port speaks the Gearman protocol"
        self._warn("http_asked", text, **_whose(connection))

    def worker_lost(self, connection: Connection) -> None:
        """A worker's connection ended while it had jobs; they are queued again or given up."""
        peer = connection.peer
        count = len(peer.running)
        jobs = ", ".join(
            f"{_shown(job.handle)} of {_shown(job.function.name)}"
            for job in islice(peer.running, MOST_JOBS)
        )
        if count > MOST_JOBS:
            jobs += f" and {count - MOST_JOBS} more"
        text = "worker {peer} (fd {fd}, id {client_id}) left with {count} running "
        self._warn(
            "worker_lost",
            text + plural("job", count) + ": {jobs}",
            client_id=_shown(peer.client_id),
            count=count,
            jobs=jobs,
            **_whose(connection),
        )

    def job_timed_out(self, handle: bytes, function: bytes) -> None:
        """Core event: a job ran longer than its worker allowed."""
        text = "job {handle} of {function} ran out of time"
        self._warn("job_timed_out", text, handle=_shown(handle), function=_shown(function))

    def job_given_up(self, handle: bytes, function: bytes, losses: int) -> None:
        """Core event: a job was lost as often as ``--job-retries`` allows."""
        text = "job {handle} of {function} is given up; its worker was lost {losses} times"
        fields = {"handle": _shown(handle), "function": _shown(function), "losses": losses}
        self._warn("job_given_up", text, **fields)

    def store_failed(self, reason: str) -> None:
        """A batch could not be made durable."""
        self._store_fails = True
        self._warn("store_failed", "background jobs cannot be stored: {reason}", reason=reason)

    def store_works(self) -> None:
        """A batch became durable; logged only if the one before failed."""
        if self._store_fails:
            self._store_fails = False
            self._log.info("background jobs can be stored again", event="store_works")

    def store_warns(self, warning: str) -> None:
        """The store has a warning for the operator."""
        self._warn("store_warning", "{warning}", warning=warning)

    def bug(self, failure: Failure) -> None:
        """An exception shows a bug of the job server."""
        self._log.failure("a fault of the job server", failure, event="bug")

    def accepting_paused(self, connections: int) -> None:
        """No more connections are accepted until one ends."""
        text = "no more connections are accepted while {count} are open"
        self._warn("accepting_paused", text, count=connections)

    def accepting_failed(self, error: OSError) -> None:
        """The system has no room for another connection; the server tries again later."""
        text = "no connection can be accepted for the moment: {reason}"
        self._warn("accepting_failed", text, reason=error.strerror)

    def _warn(self, kind: str, line: str, **fields: Any) -> None:
        """Write a line, or only count it when its window is full."""
        now = self._seconds()
        window = self._windows.get(kind)
        if window is None or now - window.start >= WINDOW_SECONDS:
            withheld = window.withheld if window is not None else 0
            window = self._windows[kind] = _Window(now)
            if withheld:
                line += " ({withheld} more lines of this kind were withheld)"
                fields["withheld"] = withheld
        if window.written < LINES_A_WINDOW:
            window.written += 1
            self._log.warn(line, event=kind, **fields)
        else:
            window.withheld += 1


def _whose(connection: Connection) -> dict[str, Any]:
    """Return the fields that name a connection."""
    return {"peer": connection.address, "fd": connection.fd}


def _shown(text: bytes) -> str:
    """Return ``text`` on one line: unprintable characters become escapes."""
    return repr(text.decode("utf-8", "backslashreplace"))[1:-1]
