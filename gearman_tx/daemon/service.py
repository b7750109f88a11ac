"""The job server as a Twisted service: its start and its end."""

from __future__ import annotations

import os
import platform
import signal
from typing import TYPE_CHECKING, Any, Final

from attrs import define
from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from typing_extensions import override

import twisted
from gearman_tx._version import BUILD, __version__
from gearman_tx.daemon import systemd
from gearman_tx.daemon.free_memory import Allocator, FreeMemory
from gearman_tx.daemon.process_tuning import ProcessTuning
from gearman_tx.daemon.signals import SignalHandlers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twisted.logger import Logger
    from twisted.python.failure import Failure

    from gearman_tx.daemon.listening import Listening
    from gearman_tx.daemon.queue_file import QueueFile
    from gearman_tx.daemon.twisted_log import ReopenableLog
    from gearman_tx.server import Wiring

OPEN_TO_ALL: Final = (
    "the server listens on all addresses and has no access control: anyone who can connect can "
    "submit, run and cancel jobs (--listen limits the addresses)"
)

CLOSING_TIME: Final = 0.5
"""Seconds that connections have to close in good order when the server stops."""


@define(eq=False)
class Parts:
    """The parts of a job server's process.

    Attributes:
        reactor: runs the server.
        wiring: the job server.
        listening: the ports that accept its connections.
        log: logs its start and its end.
        log_file: the log file that SIGHUP reopens, or None.
        notes: additional log lines of the start.
        queue_file: the file of its background jobs, or None.
    """

    reactor: Any
    wiring: Wiring
    listening: Listening
    log: Logger
    log_file: ReopenableLog | None
    notes: Sequence[str]
    queue_file: QueueFile | None = None


class GearmanService(Service):
    """A job server that handles the signals of its process.

    Args:
        parts: the parts of the server.
        owns_process: whether the process runs nothing else. Then the service also sets the garbage
            collector and the memory allocator of the process.

    Attributes:
        ready: fires with None when connections are accepted and signals are handled; fails with
            :class:`ConfigurationError` if the server cannot listen.
        has_failed: whether the server ends because it cannot serve.
    """

    name = "gearmand"

    def __init__(self, parts: Parts, *, owns_process: bool = False) -> None:
        self.parts = parts
        jobs = parts.wiring.job_server.tables.jobs
        memory = FreeMemory(parts.reactor, Allocator())
        self._tuning = ProcessTuning(jobs, memory) if owns_process else None
        self.ready: Deferred[None] = Deferred()
        self.has_failed = False
        self._listens: Deferred[None] | None = None
        self._signals = SignalHandlers(
            parts.reactor,
            {
                signal.SIGTERM: lambda: parts.wiring.shutdown.at_once("SIGTERM"),
                signal.SIGINT: lambda: parts.wiring.shutdown.at_once("SIGINT"),
                signal.SIGUSR1: lambda: parts.wiring.shutdown.gracefully("SIGUSR1"),
                signal.SIGHUP: self._reopen_log,
            },
        )

    @override
    def privilegedStartService(self) -> None:
        """Twisted: listen, while the process may still be root.

        Raises:
            ConfigurationError: the server cannot listen on a port or endpoint.
        """
        super().privilegedStartService()  # type: ignore[no-untyped-call]  # Twisted's
        self._listen()

    @override
    def startService(self) -> None:
        """Twisted: serve.

        Raises:
            ConfigurationError: the server cannot listen, or cannot use its queue file.
        """
        super().startService()  # type: ignore[no-untyped-call]  # Twisted's
        self._log_version()
        self._listen()
        if self.parts.queue_file is not None:
            self.parts.queue_file.check()
        self._signals.install()
        if self._tuning is not None:
            self._tuning.start()
            self.parts.wiring.factory.turn.hooks.append(self._tuning.adjust)
        self.parts.reactor.callWhenRunning(self._run)

    def _listen(self) -> None:
        """Listen, once; raise an immediate error, and end the server at a later one."""
        if self._listens is not None:
            return
        failures: list[Failure] = []
        self._listens = self.parts.listening.start(self.parts.wiring.factory)
        self._listens.addErrback(failures.append)
        if failures:
            failures[0].raiseException()
        self._listens.addCallback(lambda _: self._fail(failures[0]) if failures else None)

    def _fail(self, failure: Failure) -> Failure:
        self.has_failed = True
        self.parts.log.critical("{reason}", reason=failure.getErrorMessage(), event="failed")
        self.parts.wiring.shutdown.at_once("it cannot be served")
        return failure

    def _run(self) -> None:
        """The reactor runs: take back the signals that it has taken, and serve."""
        assert self._listens is not None, "startService listens"
        self._signals.install()
        self.parts.wiring.factory.wait_in_place()
        self._listens.addCallback(self._open_queue)
        self._listens.addCallback(self._log_start).chainDeferred(self.ready)

    def _open_queue(self, _: None) -> Deferred[None]:
        """Open the queue; it is loaded while text commands are already answered."""
        queue = self.parts.wiring.queue
        if queue is None:
            return succeed(None)
        queue.loaded.addErrback(self._not_loaded)
        return queue.open().addErrback(self._fail)

    def _not_loaded(self, failure: Failure) -> None:
        self._fail(failure)

    def _log_version(self) -> None:
        """Log the line that a report of a fault begins with; it is the first one."""
        self.parts.log.info(
            "gearman_tx {version}, {kind} (Twisted {twisted}, Python {python}), process id {pid}",
            version=__version__,
            kind=BUILD,
            twisted=twisted.__version__,
            python=platform.python_version(),
            pid=os.getpid(),
            event="starting",
        )

    def _log_start(self, _: None) -> None:
        parts, log = self.parts, self.parts.log
        for note in parts.notes:
            log.info("{note}", note=note, event="note")
        where = str(parts.listening)
        log.info("listening on {where}", where=where, event="listening")
        if parts.listening.is_on_all_addresses:
            log.warn(OPEN_TO_ALL, event="open_to_all")  # noqa: G010  # Twisted's logger
        systemd.notify(os.environ, READY="1", STATUS=f"listening on {where}")

    def _reopen_log(self) -> None:
        """SIGHUP: reopen the log file, which may have been moved away."""
        log, log_file = self.parts.log, self.parts.log_file
        if log_file is None:
            text = "SIGHUP, but the log is in no file that could be reopened"
            log.info(text, event="log_reopened")
            return
        log.info("SIGHUP, reopening log file", event="log_reopened")
        try:
            log_file.reopen()
        except OSError as error:
            text = "cannot reopen the log file {path}: {reason}; the old one stays in use"
            fields = {"path": str(log_file.path), "reason": error.strerror}
            log.error(text, **fields, event="log_kept")  # noqa: TRY400  # one line, no traceback

    @override
    def stopService(self) -> Deferred[None]:
        """Twisted: close all connections and end.

        Returns:
            Fires with None when all connections and the queue file are closed. Connections have
            half a second to close in good order; then they are aborted. Never fails; cancelling it
            is not supported.
        """
        super().stopService()  # type: ignore[no-untyped-call]  # Twisted's
        parts, queue, shutdown = self.parts, self.parts.wiring.queue, self.parts.wiring.shutdown
        if shutdown.left and queue is None:
            text = "jobs lost, because the queue was in memory: {left}"
            parts.log.warn(text, left=shutdown.left, event="jobs_lost")  # noqa: G010  # Twisted's logger
        systemd.notify(os.environ, STOPPING="1", STATUS="stopping")
        shutdown.forget()
        stopped = parts.listening.stop()
        if queue is not None:
            # Submissions are stored and answered while their clients are still there.
            stopped.addCallback(lambda _: queue.finish())
            stopped.addCallback(self._close)
            stopped.addCallback(lambda _: queue.close())
        else:
            stopped.addCallback(self._close)
        return stopped.addCallback(self._log_end)

    def _close(self, _: None) -> Deferred[None]:
        """Close every connection; abort those that are still open after :data:`CLOSING_TIME`."""
        factory = self.parts.wiring.factory
        factory.stop()
        if not factory.connections:
            return succeed(None)
        closed: Deferred[None] = Deferred()
        turn = factory.turn

        def end() -> None:
            # A new list: the turn may be calling the hooks of the old one.
            turn.hooks = [hook for hook in turn.hooks if hook is not check]
            closed.callback(None)

        def abort_all() -> None:
            for connection in list(factory.connections):
                connection.abort()
            end()

        def check() -> None:
            if not factory.connections:
                timer.cancel()
                end()

        timer = turn.clock.callLater(CLOSING_TIME, abort_all)
        turn.hooks.append(check)
        return closed

    def _log_end(self, _: None) -> None:
        self._signals.restore()
        if self._tuning is not None:
            self._tuning.stop()
        self.parts.log.info("stopped", event="stopped")
