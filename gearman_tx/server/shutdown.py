"""The end of the job server: at once, or when its jobs are done.

A graceful shutdown stops listening and refuses submissions; it goes on serving open connections.
With a durable queue it waits for the jobs that run and for those that a client waits for; the store
keeps the others for the next start. When no job is left to wait for, each connection is closed as
soon as its peer has read its output, and then the server stops. The check runs once a turn, when
the output of the turn is written, so no peer misses the last result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.interfaces import IDelayedCall
    from twisted.logger import Logger

    from gearman_tx.core import JobServer
    from gearman_tx.server import GearmanFactory

NO_DEADLINE: Final = 0.0
"""The time-out of a graceful shutdown that waits for the last job."""

READING_TIME: Final = 10.0
"""Seconds that peers have to read their output when no job is left."""


class Listening(Protocol):
    """The listening ports."""

    def stop(self) -> object:
        """Stop listening."""


@define(eq=False)
class Shutdown:
    """The shutdown of a job server, by a signal or by the text command.

    Args:
        job_server: the core.
        factory: the connections.
        listening: the listening ports.
        timeout: seconds that a graceful shutdown waits for jobs, or :data:`NO_DEADLINE`.
        stop: ends the server; called once.
        log: the log of the steps.
    """

    _job_server: JobServer
    _factory: GearmanFactory
    _listening: Listening
    _timeout: float
    _stop: Callable[[], Any]
    _log: Logger
    _is_commanded: bool = field(init=False, default=False)
    _is_graceful: bool = field(init=False, default=False)
    _is_drained: bool = field(init=False, default=False)
    _is_over: bool = field(init=False, default=False)
    _deadline: IDelayedCall | None = field(init=False, default=None)

    def command(self, graceful: bool) -> None:  # noqa: FBT001  # the text command's signature
        """Stop as the text command asks, but only when its reply is written."""
        if graceful:
            self.gracefully("text command")
        else:
            self._log.info("text command: stopping at once", event="stopping")
            self._is_commanded = True
            self._check_each_turn()

    def at_once(self, why: str) -> None:
        """Stop now; do not wait for jobs that are queued or running."""
        self._log.info("{why}: stopping at once", why=why, event="stopping")
        self._end()

    def gracefully(self, why: str) -> None:
        """Stop when no job is left to wait for, or when the time is over."""
        if self._is_graceful:
            text = "{why}: stopping already, jobs left: {left}"
            self._log.info(text, why=why, left=self.left, event="stopping")
            return
        self._is_graceful = True
        self._job_server.act(self._factory.turn.clock.seconds(), self._drain)
        text = "{why}: stopping gracefully, jobs left: {left}"
        self._log.info(text, why=why, left=self.left, event="stopping")
        self._listening.stop()
        if self._timeout != NO_DEADLINE:
            self._call_in(self._timeout, self._time_is_over)
        self._check_each_turn()

    def _drain(self) -> None:
        self._job_server.control.drain()
        self._job_server.control.keep()

    @property
    def left(self) -> int:
        """How many jobs there are, or how many a graceful shutdown waits for."""
        return self._job_server.control.left

    def _check_each_turn(self) -> None:
        """From now on, check at the end of each turn whether to stop."""
        turn = self._factory.turn
        if self._check not in turn.hooks:
            turn.hooks.append(self._check)
        turn.touch()

    def _check(self) -> None:
        """At the end of a turn: take the next step if it is time."""
        if self._is_over:
            return
        if self._is_commanded:
            self._end()
        elif self._is_drained:
            if not self._factory.connections:
                self._end()
        elif self._is_graceful and self._job_server.control.is_drained:
            kept = len(self._job_server.tables.jobs)
            text = "no job is left to wait for; kept for the next start: {kept}"
            self._log.info(text if kept else "no job is left", kept=kept, event="drained")
            self._is_drained = True
            self._call_in(READING_TIME, self._end)
            for connection in list(self._factory.connections):
                connection.close()
            self._factory.turn.touch()

    def _time_is_over(self) -> None:
        self._deadline = None
        text = "the {timeout:g} seconds of --shutdown-timeout are over, jobs left: {left}"
        self._log.warn(text, timeout=self._timeout, left=self.left, event="shutdown_timeout")
        self._end()

    def _call_in(self, delay: float, function: Callable[[], None]) -> None:
        """Call ``function`` after ``delay`` seconds, instead of the call that was due."""
        self._cancel()
        self._deadline = self._factory.turn.clock.callLater(delay, function)

    def _cancel(self) -> None:
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._deadline = None

    def _end(self) -> None:
        if not self._is_over:
            self.forget()
            self._stop()

    def forget(self) -> None:
        """Take no further step, because the server ends for another reason."""
        self._is_over = True
        self._cancel()
