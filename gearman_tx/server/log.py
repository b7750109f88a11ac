"""The log of the job server for its operator: refusals, drops and losses, never a workload.

No normal packet is logged, and no peer can fill the log: in each window of time a few lines of each
kind are written. The others are counted, and the next line of that kind says their number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import define, field
from twisted.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.python.failure import Failure

    from gearman_tx.server.connection import Connection

LINES_A_WINDOW: Final = 10
"""How many lines of one kind are written in one window."""

WINDOW_SECONDS: Final = 60.0
"""The length of a window."""


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
    """

    _seconds: Callable[[], float]
    _windows: dict[str, _Window] = field(factory=dict)
    _store_fails: bool = False
    _log: Logger = field(factory=lambda: Logger("gearman_tx.server"))

    def refused(self, connection: Connection, code: bytes, text: bytes) -> None:
        """A request was answered with ERROR."""
        self._warn(
            "refused",
            "{host} (fd {fd}) was refused: {code}: {text}",
            host=connection.host,
            fd=connection.fd,
            code=_shown(code),
            text=_shown(text),
        )

    def dropped(self, connection: Connection, reason: str) -> None:
        """A connection was closed because its peer broke a rule or a limit."""
        text = "{host} (fd {fd}) was dropped: {reason}"
        fields = {"host": connection.host, "fd": connection.fd, "reason": reason}
        self._warn("dropped", text, **fields)

    def worker_lost(self, connection: Connection) -> None:
        """A worker's connection ended while it had jobs; they are queued again or given up."""
        self._warn(
            "worker lost",
            "worker {host} (fd {fd}, id {client_id}) left with {count} running jobs",
            host=connection.host,
            fd=connection.fd,
            client_id=_shown(connection.peer.client_id),
            count=len(connection.peer.running),
        )

    def job_timed_out(self, handle: bytes, function: bytes) -> None:
        """Core event: a job ran longer than its worker allowed."""
        text = "job {handle} of {function} ran out of time"
        self._warn("timed out", text, handle=_shown(handle), function=_shown(function))

    def job_given_up(self, handle: bytes, function: bytes, losses: int) -> None:
        """Core event: a job was lost as often as ``--job-retries`` allows."""
        text = "job {handle} of {function} is given up after {losses} losses"
        fields = {"handle": _shown(handle), "function": _shown(function), "losses": losses}
        self._warn("given up", text, **fields)

    def store_failed(self, reason: str) -> None:
        """A batch could not be made durable."""
        self._store_fails = True
        self._warn("store failed", "background jobs cannot be stored: {reason}", reason=reason)

    def store_works(self) -> None:
        """A batch became durable; logged only if the one before failed."""
        if self._store_fails:
            self._store_fails = False
            self._log.info("background jobs can be stored again")

    def store_warns(self, warning: str) -> None:
        """The store has a warning for the operator."""
        self._warn("store warns", "{warning}", warning=warning)

    def bug(self, failure: Failure) -> None:
        """An exception shows a bug of the job server."""
        self._log.failure("a fault of the job server", failure)

    def accepting_paused(self, connections: int) -> None:
        """No more connections are accepted until one ends."""
        text = "no more connections are accepted while {count} are open"
        self._warn("accepting paused", text, count=connections)

    def accepting_failed(self, error: OSError) -> None:
        """The system has no room for another connection; the server tries again later."""
        text = "no connection can be accepted for the moment: {reason}"
        self._warn("accepting failed", text, reason=error.strerror)

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
            self._log.warn(line, **fields)
        else:
            window.withheld += 1


def _shown(text: bytes) -> str:
    """Return ``text`` on one line: unprintable characters become escapes."""
    return repr(text.decode("utf-8", "backslashreplace"))[1:-1]
