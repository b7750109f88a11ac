"""How the job server ends: at once, or when the jobs it has are done.

A graceful shutdown listens no more and refuses submissions; whoever is connected is served on. With
a queue file it waits for the jobs that run and for those that a client waits for; the others stay
in the file for the next start. When no job is left to wait for, each connection is closed as soon
as its peer has read what was sent to it, and then the server stops. Whether one is left is looked
at once a turn, when the output of the turn is written, so nobody misses the last result.
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
"""Seconds that peers have, when no job is left, to read what was sent to them."""


class Listening(Protocol):
    """What accepts connections."""

    def stop(self) -> object:
        """Accept none any more."""


@define(eq=False)
class Shutdown:
    """The end of a job server, asked for by a signal or by the text command.

    Args:
        job_server: the queues.
        factory: the connections.
        listening: what is listened on.
        timeout: seconds that a graceful shutdown waits for jobs, or :data:`NO_DEADLINE`.
        stop: ends the server; called once.
        log: where it is told.
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
        """Stop as the text command says; the server stops only when its reply is written."""
        if graceful:
            self.gracefully("text command")
        else:
            self._log.info("text command: stopping at once")
            self._is_commanded = True
            self._look_each_turn()

    def at_once(self, why: str) -> None:
        """Stop now; jobs that are queued or running end with the server."""
        self._log.info("{why}: stopping at once", why=why)
        self._end()

    def gracefully(self, why: str) -> None:
        """Stop when no job is left to wait for, or when the time is over."""
        if self._is_graceful:
            self._log.info("{why}: stopping already, jobs left: {left}", why=why, left=self.left)
            return
        self._is_graceful = True
        self._job_server.act(self._factory.turn.clock.seconds(), self._drain)
        self._log.info("{why}: stopping gracefully, jobs left: {left}", why=why, left=self.left)
        self._listening.stop()
        if self._timeout != NO_DEADLINE:
            self._ring_in(self._timeout, self._time_is_over)
        self._look_each_turn()

    def _drain(self) -> None:
        self._job_server.control.drain()
        self._job_server.control.keep()

    @property
    def left(self) -> int:
        """How many jobs there are, or are to wait for in a graceful shutdown."""
        return self._job_server.control.left

    def _look_each_turn(self) -> None:
        """From now on, look at the end of each turn whether it is time."""
        turn = self._factory.turn
        if self._look not in turn.hooks:
            turn.hooks.append(self._look)
        turn.touch()

    def _look(self) -> None:
        """At the end of a turn: go on to the next step if it is time."""
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
            self._log.info(text if kept else "no job is left", kept=kept)
            self._is_drained = True
            self._ring_in(READING_TIME, self._end)
            for connection in list(self._factory.connections):
                connection.close()
            self._factory.turn.touch()

    def _time_is_over(self) -> None:
        self._deadline = None
        text = "the {timeout:g} seconds of --shutdown-timeout are over, jobs left: {left}"
        self._log.warn(text, timeout=self._timeout, left=self.left)
        self._end()

    def _ring_in(self, delay: float, function: Callable[[], None]) -> None:
        """Call ``function`` after ``delay`` seconds, and nothing that was to be called before."""
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
        """The server ends for whatever reason: nothing is to be done any more."""
        self._is_over = True
        self._cancel()
